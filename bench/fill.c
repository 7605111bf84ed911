/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fill.c - a database to measure on. */

#include "bench/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pk11pub.h>

#include "bench/bench.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/fresh.h"

enum { DIGITS = 8, SERIAL = 0x5a5a5a5a };

static void
must_psm(struct fill *fill, enum psm_err err, const char *what)
{
	if (err == PSM_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, psm_err_name(err),
	        psm_errmsg(fill->ctx));
	exit(1);
}

static void
must_ca(struct fill *fill, enum psm_err err, const char *what)
{
	if (err == PSM_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, psm_err_name(err),
	        ca_errmsg(fill->ca));
	exit(1);
}

/* --- open and close ----------------------------------------------------- */

static void
open_database(struct fill *fill, unsigned flags)
{
	fill->ctx = psm_new(NULL, NULL);
	bench_must(fill->ctx != NULL, "psm_new");
	must_psm(fill, psm_open(fill->ctx, fill->dir, flags), "psm_open");
	must_psm(fill, psm_login(fill->ctx, NULL), "psm_login");
	fill->ca = ca_new();
	bench_must(fill->ca != NULL, "ca_new");
}

void
fill_open(struct fill *fill)
{
	const struct ca_params params = { .subject = "CN=Bench CA,O=Bench" };

	memset(fill, 0, sizeof *fill);
	fill->dir = bench_dir_new();
	open_database(fill, PSM_OPEN_CREATE);
	must_ca(fill, ca_init(fill->ca, &params), "ca_init");
}

void
fill_close(struct fill *fill)
{
	ca_free(fill->ca);
	psm_free(fill->ctx);
	fill->ca = NULL;
	fill->ctx = NULL;
}

void
fill_reopen(struct fill *fill)
{
	fill_close(fill);
	open_database(fill, 0);
	must_ca(fill, ca_open(fill->ca, NULL), "ca_open");
}

void
fill_remove(struct fill *fill)
{
	fill_close(fill);
	bench_dir_remove(fill->dir);
}

/* --- many certificates -------------------------------------------------- */

/* Put a number where the mould has its digits. */
static void
set_digits(SECItem *der, const char *before, size_t number)
{
	char digits[DIGITS + 1];
	unsigned char *at = memmem(der->data, der->len, before, strlen(before));

	bench_must(at != NULL, before);
	snprintf(digits, sizeof digits, "%0*zu", DIGITS,
	         number % 100000000);
	memcpy(at + strlen(before), digits, DIGITS);
}

static void
set_serial(SECItem *der, size_t number)
{
	static const unsigned char before[] = { 2, 4, 0x5a, 0x5a, 0x5a, 0x5a };
	unsigned char *at = memmem(der->data, der->len, before, sizeof before);

	bench_must(at != NULL, "the serial number");
	for (int i = 0; i < 4; i++)
		at[2 + i] = (unsigned char)(
		        ((number + 0x40000000) >> (24 - 8 * i)) & 0xff);
}

/* A certificate to cast others from. */
static SECItem *
make_mould(void)
{
	struct fresh_key key = fresh_key(ecKey, 256);
	struct fresh_key issuer = fresh_key(rsaKey, 2048);
	SECItem *der = fresh_cert(
	        &key, "CN=Person 00000000,E=person@example.com,OU=Bench,O=Acme",
	        &issuer, "CN=Issuer 00000000,O=Acme,C=DE", SERIAL);

	fresh_key_free(&key);
	fresh_key_free(&issuer);
	return der;
}

/* A key that stays; its CKA_ID. */
static SECItem
make_key(PK11SlotInfo *slot)
{
	nu_auto(SECKEYPublicKey) pub = NULL;
	nu_auto(SECKEYPrivateKey) key = nu_key_generate(
	        slot, ecKey, 256,
	        PK11_ATTR_TOKEN | PK11_ATTR_PRIVATE | PK11_ATTR_SENSITIVE, NULL,
	        &pub);
	SECItem id = { siBuffer, NULL, 0 };

	bench_must(key != NULL &&
	                   nu_key_attribute(key, CKA_ID, &id) == SECSuccess,
	           "a key");
	return id;
}

#define BYTES(type, item) { type, (item).data, (item).len }

static void
store_object(PK11SlotInfo *slot, const SECItem *der, const SECItem *id,
             size_t number)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	char label[32];
	struct nu_cert parts;
	PK11GenericObject *object;

	snprintf(label, sizeof label, "Person %0*zu", DIGITS, number);
	bench_must(nu_cert_read(der, &parts) == SECSuccess, "nu_cert_read");
	object = PK11_CreateGenericObject(
	        slot,
	        (CK_ATTRIBUTE[]){
	                { CKA_CLASS, &class, sizeof class },
	                { CKA_TOKEN, &yes, sizeof yes },
	                { CKA_CERTIFICATE_TYPE, &x509, sizeof x509 },
	                { CKA_LABEL, label, strlen(label) },
	                BYTES(CKA_ID, *id),
	                BYTES(CKA_SUBJECT, parts.subject),
	                BYTES(CKA_ISSUER, parts.issuer),
	                /* the whole INTEGER: its header is two octets */
	                { CKA_SERIAL_NUMBER, parts.serial.data - 2,
	                  parts.serial.len + 2 },
	                BYTES(CKA_VALUE, *der) },
	        9, PR_TRUE);
	bench_must(object != NULL, "PK11_CreateGenericObject");
	PK11_DestroyGenericObject(object);
}

static void
store_cast(PK11SlotInfo *slot, SECItem *mould, size_t number, bool has_key,
           size_t issuer)
{
	SECItem number_id = { siBuffer, (unsigned char *)&number,
		              sizeof number };
	nu_auto_item key_id = { siBuffer, NULL, 0 };

	set_digits(mould, "Person ", number);
	set_digits(mould, "Issuer ", issuer);
	if (has_key)
		key_id = make_key(slot);
	store_object(slot, mould, has_key ? &key_id : &number_id, number);
}

void
fill_certs(struct fill *fill, size_t n, size_t key_every, size_t n_issuers)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECItem) mould = make_mould();

	bench_must(slot != NULL, "PK11_GetInternalKeySlot");
	bench_sync(false);
	for (; fill->n_certs < n; fill->n_certs++) {
		nu_auto(SECItem) der = SECITEM_DupItem(mould);
		size_t i = fill->n_certs;

		bench_must(der != NULL, "SECITEM_DupItem");
		set_serial(der, i);
		store_cast(slot, der, i, key_every && i % key_every == 0,
		           i % n_issuers);
	}
	bench_sync(true);
}

/* --- requests ----------------------------------------------------------- */

struct psm_request *
fill_request(struct fill *fill, const char *subject, enum psm_key_type type)
{
	const struct psm_request_params params = { .subject = subject,
		                                   .key_type = type };
	struct psm_request *request = NULL;

	must_psm(fill, psm_request_create(fill->ctx, &params, &request),
	         subject);
	return request;
}

struct ca_answer *
fill_answer(struct fill *fill, const struct psm_request *request,
            enum ca_dialect dialect)
{
	const struct ca_options options = { .dialect = dialect };
	struct ca_answer *answer = NULL;

	must_ca(fill,
	        ca_issue(fill->ca, request->text, strlen(request->text),
	                 &options, &answer),
	        "ca_issue");
	return answer;
}

struct ca_answer *
fill_pending(struct fill *fill, const char *who, enum psm_key_type type,
             enum ca_dialect dialect)
{
	static unsigned count;
	char subject[128];
	struct psm_request *request;
	struct ca_answer *answer;

	snprintf(subject, sizeof subject, "CN=%s %u,O=Bench", who, count++);
	request = fill_request(fill, subject, type);
	answer = fill_answer(fill, request, dialect);
	psm_request_free(request);
	return answer;
}

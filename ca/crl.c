/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl.c - what is no longer valid: a CRL (RFC 5280, 5) */

#include <ctype.h>
#include <stdio.h>

#include <cryptohi.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"

enum { ENUMERATED = 0x0a, MAX_DIGITS = 40 };

struct entry {
	unsigned char octets[1 + MAX_DIGITS / 2]; /* INTEGER, shortest form */
	unsigned char len;
	const struct ca_revoked *revoked;
};

/* --- serial numbers ------------------------------------------------------ */

static unsigned
digit_value(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static bool
is_hex(const char *text)
{
	for (; *text != '\0'; text++)
		if (!isxdigit((unsigned char)*text))
			return false;
	return true;
}

/* Digits from the last on, behind one zero for the sign. */
static bool
read_serial(const char *text, struct entry *entry)
{
	unsigned char octets[sizeof entry->octets] = { 0 };
	const unsigned char *p = octets;
	size_t n = strlen(text), len = sizeof octets;

	if (n == 0 || n > MAX_DIGITS || !is_hex(text))
		return false;
	for (size_t i = 0; i < n; i++)
		octets[len - 1 - i / 2] |= (unsigned char)(
			digit_value(text[n - 1 - i]) << (i % 2 * 4));
	while (len > 1 && p[0] == 0 && p[1] < 0x80) {
		p++;
		len--;
	}
	memcpy(entry->octets, p, len);
	entry->len = (unsigned char)len;
	return true;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->octets, y->octets, x->len);
}

bool
ca_reason_is_fine(enum ca_reason reason)
{
	return (unsigned)reason <= CA_REASON_CERTIFICATE_HOLD ||
	       reason == CA_REASON_PRIVILEGE_WITHDRAWN ||
	       reason == CA_REASON_AA_COMPROMISE;
}

static bool
read_entry(const struct ca_revoked *revoked, struct entry *entry)
{
	entry->revoked = revoked;
	return revoked->serial != NULL && revoked->time >= 0 &&
	       revoked->time <= CA_TIME_MAX &&
	       ca_reason_is_fine(revoked->reason) &&
	       read_serial(revoked->serial, entry);
}

/* Sorted by their serial numbers, each of which is there once. */
static enum psm_err
read_entries(struct ca *ca, const struct ca_crl *crl, struct entry *entries)
{
	for (size_t i = 0; i < crl->n_revoked; i++)
		if (!read_entry(&crl->revoked[i], &entries[i]))
			return ca_error(ca, PSM_E_ARGUMENT,
			                "entry %zu of a CRL is malformed", i);
	qsort(entries, crl->n_revoked, sizeof *entries, compare_entries);
	for (size_t i = 1; i < crl->n_revoked; i++)
		if (compare_entries(&entries[i - 1], &entries[i]) == 0)
			return ca_error(ca, PSM_E_ARGUMENT,
			                "serial number %s is revoked twice",
			                entries[i].revoked->serial);
	return PSM_OK;
}

/* --- writing ------------------------------------------------------------- */

/* The reason "unspecified" is the one that is not written. */
static SECItem *
make_entry(PLArenaPool *arena, const struct entry *entry)
{
	const unsigned char reason = (unsigned char)entry->revoked->reason;
	const SECItem *serial = nu_der_make_octets(arena, NU_INTEGER,
	                                           entry->octets, entry->len);
	const SECItem *time = ca_der_time(arena, entry->revoked->time);
	const SECItem *value;

	if (reason == CA_REASON_UNSPECIFIED)
		return ca_der_make(arena, NU_SEQUENCE, serial, time);
	value = nu_der_make_octets(arena, ENUMERATED, &reason, 1);
	if (value == NULL)
		return NULL;
	value = nu_ext_make(arena, SEC_OID_X509_REASON_CODE, PR_FALSE, value);
	return ca_der_make(arena, NU_SEQUENCE, serial, time,
	                   ca_der_make(arena, NU_SEQUENCE, value));
}

static SECItem *
make_number(PLArenaPool *arena, uint64_t number)
{
	char decimal[24];
	SECItem octets = { siBuffer, NULL, 0 }, *value;

	snprintf(decimal, sizeof decimal, "%llu", (unsigned long long)number);
	if (nu_der_from_decimal(arena, decimal, &octets) != SECSuccess)
		return NULL;
	value = nu_der_make_integer(arena, &octets);
	if (value == NULL)
		return NULL;
	return nu_ext_make(arena, SEC_OID_X509_CRL_NUMBER, PR_FALSE, value);
}

/* An empty list is left out. */
static SECItem *
make_body(PLArenaPool *arena, const struct ca *ca, const struct ca_crl *crl,
          const struct entry entries[], const SECItem *list[])
{
	const SECItem *extensions = ca_der_make(arena, NU_SEQUENCE,
		ca_make_authority_key_id(arena, ca),
		make_number(arena, crl->number));
	const SECItem *parts[] = {
		nu_der_make_long(arena, 1),
		ca_der_algorithm(arena, ca->algorithm),
		&ca->cert->derSubject,
		ca_der_time(arena, crl->this_update != 0 ? crl->this_update :
		                                           ca_now()),
		ca_der_time(arena, crl->next_update),
		ca_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), extensions),
		NULL
	};
	const size_t n = crl->n_revoked;

	if (n == 0)
		return nu_der_wrap_all(arena, NU_SEQUENCE, parts, 6);
	for (size_t i = 0; i < n; i++)
		list[i] = make_entry(arena, &entries[i]);
	parts[6] = parts[5];
	parts[5] = nu_der_wrap_all(arena, NU_SEQUENCE, list, n);
	return nu_der_wrap_all(arena, NU_SEQUENCE, parts, 7);
}

/* --- signing ------------------------------------------------------------- */

static enum psm_err
check(struct ca *ca, const struct ca_crl *crl)
{
	const int64_t start = crl->this_update != 0 ? crl->this_update :
	                                              ca_now();

	ca->errmsg[0] = '\0';
	if (ca->cert == NULL)
		return ca_error(ca, PSM_E_ARGUMENT, "no authority is open");
	if ((ca->cert->rawKeyUsage & KU_CRL_SIGN) == 0)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "the authority may not sign CRLs");
	if (start < 0 || start >= crl->next_update ||
	    crl->next_update > CA_TIME_MAX)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "a CRL's times do not follow one another");
	if (crl->n_revoked > CA_MAX_CRL_ENTRIES)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "a CRL has no more than %d entries",
		                CA_MAX_CRL_ENTRIES);
	return ca_key_is_ready(ca);
}

static enum psm_err
sign(struct ca *ca, PLArenaPool *arena, const SECItem *body,
     unsigned char **ret_der, size_t *ret_len)
{
	SECItem signed_crl = { siBuffer, NULL, 0 };
	unsigned char *der;

	if (body == NULL ||
	    SEC_DerSignData(arena, &signed_crl, body->data, (int)body->len,
	                    ca->key, ca->algorithm) != SECSuccess)
		return ca_error_nss(ca, PSM_E_STORE, "signing");
	der = malloc(signed_crl.len);
	if (der == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	memcpy(der, signed_crl.data, signed_crl.len);
	*ret_der = der;
	*ret_len = signed_crl.len;
	return PSM_OK;
}

enum psm_err
ca_crl_make(struct ca *ca, const struct ca_crl *crl, unsigned char **ret_der,
            size_t *ret_len)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto_mem struct entry *entries = NULL;
	nu_auto_mem const SECItem **list = NULL;
	enum psm_err err = check(ca, crl);

	if (err != PSM_OK)
		return err;
	entries = calloc(crl->n_revoked + 1, sizeof *entries);
	list = calloc(crl->n_revoked + 1, sizeof *list);
	if (arena == NULL || entries == NULL || list == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	if ((err = read_entries(ca, crl, entries)) != PSM_OK)
		return err;
	return sign(ca, arena, make_body(arena, ca, crl, entries, list),
	            ret_der, ret_len);
}

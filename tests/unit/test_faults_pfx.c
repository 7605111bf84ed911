/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_pfx.c - any call fails of sealing, opening, signing and verifying
 * a request, and of making its PKCS#12. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca/pfx.h"
#include "nssutil/nu_auto.h"
#include "tests/unit/fault.h"
#include "tests/unit/sweep.h"

#define TEXT "a text"

/* What operations hand out, and begin with. */
static size_t got_len;
static unsigned char cert[4096];
static size_t cert_len;
static const unsigned char secret[PFX_KEY_SIZE] = "secret";

/* Each holds what it works on in sw->response. */
static void
keep(struct sweep *sw, unsigned char *data, size_t len)
{
	sw->response = (char *)data;
	sw->response_len = len;
}

static void
check_text(struct sweep *sw)
{
	assert_int_equal(got_len, strlen(TEXT));
	assert_string_equal(sw->got, TEXT);
}

static void
check_is_something(struct sweep *sw)
{
	assert_non_null(sw->got);
	assert_true(got_len > strlen(TEXT));
}

/* --- sealing --------------------------------------------------------- */

static enum psm_err
seal(enum pfx_cipher cipher, struct sweep *sw)
{
	return pfx_seal(cipher, secret, TEXT, strlen(TEXT),
	                (unsigned char **)&sw->got, &got_len);
}

static enum psm_err
run_seal(struct sweep *sw)
{
	return seal(PFX_CBC, sw);
}

static void
prepare_sealed(struct sweep *sw, enum pfx_cipher cipher)
{
	assert_int_equal(seal(cipher, sw), PSM_OK);
	keep(sw, sw->got, got_len);
}

static void
prepare_cbc(struct sweep *sw)
{
	prepare_sealed(sw, PFX_CBC);
}

static void
prepare_gcm(struct sweep *sw)
{
	prepare_sealed(sw, PFX_GCM);
}

static enum psm_err
open_by(enum pfx_cipher cipher, struct sweep *sw)
{
	return pfx_open(cipher, secret, sw->response, sw->response_len,
	                (unsigned char **)&sw->got, &got_len);
}

static enum psm_err
run_open_cbc(struct sweep *sw)
{
	return open_by(PFX_CBC, sw);
}

static enum psm_err
run_open_gcm(struct sweep *sw)
{
	return open_by(PFX_GCM, sw);
}

/* --- a key's file ---------------------------------------------------- */

/* By the store's authority, without faults; it goes to cert. */
static void
certify(struct sweep *sw, const struct pfx_key *key)
{
	const struct ca_options options = { .dialect = CA_DIALECT_CERT };
	struct ca_answer *answer = NULL;
	unsigned char *der = NULL;
	size_t len = 0;

	fault_pause();
	assert_int_equal(pfx_key_request(key, &der, &len), PSM_OK);
	assert_int_equal(ca_open(sw->st->ca, NULL), PSM_OK);
	assert_int_equal(ca_issue(sw->st->ca, der, len, &options, &answer),
	                 PSM_OK);
	assert_true(answer->der_len <= sizeof cert);
	memcpy(cert, answer->der, answer->der_len);
	cert_len = answer->der_len;
	ca_answer_free(answer);
	free(der);
	fault_go_on();
}

/* From a pool that keeps none: its thread has nothing to do, and no faults. */
static enum psm_err
take(enum pfx_kind kind, struct pfx_key **ret_key)
{
	static const unsigned none[PFX_N_KINDS];
	struct pfx_pool *pool = pfx_pool_new(none);
	enum psm_err err;

	if (pool == NULL)
		return PSM_E_NO_MEMORY;
	err = pfx_pool_take(pool, kind, ret_key);
	pfx_pool_free(pool);
	return err;
}

static void
prepare_p12(struct sweep *sw)
{
	struct pfx_cert certs[] = { { cert, 0 } };
	struct pfx_key *key = NULL;
	unsigned char *file = NULL;

	assert_int_equal(take(PFX_EC_P256, &key), PSM_OK);
	certify(sw, key);
	certs[0].len = cert_len;
	assert_int_equal(pfx_make(key, certs, 1, SWEEP_PASSWORD, "User",
	                          &file, &got_len), PSM_OK);
	keep(sw, file, got_len);
	pfx_key_free(key);
}

static enum psm_err
run_sign(struct sweep *sw)
{
	return pfx_sign(sw->response, sw->response_len, SWEEP_PASSWORD, TEXT,
	                strlen(TEXT), (unsigned char **)&sw->got, &got_len);
}

static void
prepare_signed(struct sweep *sw)
{
	prepare_p12(sw);
	assert_int_equal(run_sign(sw), PSM_OK);
	free(sw->response);
	keep(sw, sw->got, got_len);
}

static enum psm_err
run_verify(struct sweep *sw)
{
	return pfx_verify(sw->response, sw->response_len, cert, cert_len,
	                  (unsigned char **)&sw->got, &got_len);
}

/* A key, and what it asks with. */
static enum psm_err
run_request(struct sweep *sw)
{
	struct pfx_key *key = NULL;
	enum psm_err err = take(PFX_RSA_1024, &key);

	if (err == PSM_OK)
		err = pfx_key_request(key, (unsigned char **)&sw->got,
		                      &got_len);
	pfx_key_free(key);
	return err;
}

static enum psm_err
run_make(struct sweep *sw)
{
	struct pfx_cert certs[] = { { cert, 0 }, { NULL, 0 } };
	struct pfx_key *key = NULL;
	enum psm_err err;

	err = take(PFX_EC_P256, &key);
	if (err == PSM_OK) {
		certify(sw, key);
		certs[0].len = cert_len;
		certs[1].der = ca_cert_der(sw->st->ca, &certs[1].len);
		err = pfx_make(key, certs, 2, SWEEP_PASSWORD, "User",
		               (unsigned char **)&sw->got, &got_len);
	}
	pfx_key_free(key);
	return err;
}

static const struct operation operations[] = {
	{ .name = "seal", .prepare = sweep_prepare_nothing, .run = run_seal,
	  .check = check_is_something, .free_got = free },
	{ .name = "open", .prepare = prepare_cbc, .run = run_open_cbc,
	  .check = check_text, .free_got = free },
	{ .name = "open_gcm", .prepare = prepare_gcm, .run = run_open_gcm,
	  .check = check_text, .free_got = free },
	{ .name = "sign", .prepare = prepare_p12, .run = run_sign,
	  .check = check_is_something, .free_got = free },
	{ .name = "verify", .prepare = prepare_signed, .run = run_verify,
	  .check = check_text, .free_got = free },
	{ .name = "request", .prepare = sweep_prepare_nothing,
	  .run = run_request, .check = check_is_something,
	  .free_got = free },
	{ .name = "make", .prepare = sweep_prepare_nothing, .run = run_make,
	  .check = check_is_something, .free_got = free },
};

int
main(void)
{
	return sweep_main("faults of PKCS#12 for others", operations,
	                  sizeof operations / sizeof operations[0]);
}

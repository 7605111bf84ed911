/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_request.c - any call of making a request fails. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_envelope.h"
#include "psm/internal.h"
#include "tests/unit/sweep.h"

#define RSA_ESCROW "Escrow's Acme ID" /* a nickname */

/* An id that may be taken is not drawn. */
static const char *const drawing[] = { "PK11_ListPrivKeysInSlot", NULL };

/* --- one key --------------------------------------------------------- */

static enum psm_err
run_request(struct sweep *sw)
{
	const struct psm_request_params params = { .subject = "CN=User 1",
		                                   .key_type = PSM_KEY_EC };

	return psm_request_create(sw->st->ctx, &params,
	                          (struct psm_request **)&sw->got);
}

static enum psm_err
run_request_p10(struct sweep *sw)
{
	const struct psm_request_params params = {
		.subject = "CN=User 1",
		.key_type = PSM_KEY_EC,
		.format = PSM_REQUEST_PKCS10,
	};

	return psm_request_create(sw->st->ctx, &params,
	                          (struct psm_request **)&sw->got);
}

static void
check_request(struct sweep *sw)
{
	const struct psm_request *request = sw->got;
	char *answer = store_answer(sw->st, request, CA_DIALECT_CMMF);
	struct psm_pending_list *list = NULL;
	const struct psm_pending *one = NULL;

	free(answer); /* its proof of possession holds, or there were none */
	assert_int_equal(strlen(request->key_id), 40);
	assert_psm(sw->st, psm_request_list(sw->st->ctx, &list), PSM_OK);
	for (size_t i = 0; i < psm_pending_list_count(list); i++) {
		one = psm_pending_list_get(list, i);
		if (one->id == request->id)
			break;
	}
	assert_non_null(one);
	assert_int_equal(one->id, request->id);
	assert_int_equal(one->state, PSM_PENDING);
	assert_non_null(one->subject);
	assert_string_equal(one->subject, "CN=User 1");
	assert_int_equal(strlen(one->created), 10);
	assert_string_equal(one->key_id, request->key_id);
	psm_pending_list_free(list);
}

static enum psm_err
run_request_recovery(struct sweep *sw)
{
	const struct psm_recovery_params params = { .subject = "CN=User 1",
		                                    .key_bits = 2048 };

	return psm_request_recovery(sw->st->ctx, &params,
	                            (struct psm_request **)&sw->got);
}

static void
check_request_recovery(struct sweep *sw)
{
	const struct psm_request *request = sw->got;
	char key[32];

	assert_int_equal(store_pending_state(sw->st, request->id),
	                 PSM_RECOVERY);
	snprintf(key, sizeof key, "key [recovery:%d]", (int)request->id);
	assert_int_equal(store_count(sw->st, key), 1);
}

/* --- several keys ---------------------------------------------------- */

static void
free_requests(void *got)
{
	psm_requests_free(got);
}

static void
check_pending(struct sweep *sw, size_t n)
{
	const struct psm_requests *requests = sw->got;

	assert_int_equal(requests->n_ids, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store_pending_state(sw->st, requests->ids[i]),
		                 PSM_PENDING);
}

/* Ask for keys, with what else params has. */
static enum psm_err
create(struct sweep *sw, const struct psm_key_request *keys, size_t n_keys,
       const struct psm_requests_params *differs)
{
	struct psm_requests_params params = *differs;

	params.subject = "CN=User 1";
	params.keys = keys;
	params.n_keys = n_keys;
	return psm_request_create_many(sw->st->ctx, &params,
	                               (struct psm_requests **)&sw->got);
}

static enum psm_err
run_many(struct sweep *sw)
{
	static const struct psm_key_request keys[] = {
		{ .alg = "ec-sign" }, { .alg = "ec-dual-use" }
	};
	const struct psm_requests_params params = { .subject = NULL };

	return create(sw, keys, 2, &params);
}

/* The authority accepts the proofs, and its answer can be imported. */
static void
check_proved(struct sweep *sw, size_t n)
{
	const struct psm_requests *requests = sw->got;
	const struct psm_request all = { .text = requests->text };
	nu_auto_mem char *answer = NULL;
	struct psm_import *import = NULL;

	check_pending(sw, n);
	answer = store_answer(sw->st, &all, CA_DIALECT_CMMF);
	import = store_import(sw->st, answer, NULL, 0);
	assert_int_equal(psm_import_count(import), n);
	psm_import_free(import);
}

static void
check_many(struct sweep *sw)
{
	check_proved(sw, 2);
}

/* The only message of the request. */
static struct nu_crmf *
decode_one(const struct sweep *sw)
{
	const struct psm_requests *requests = sw->got;
	SECItem der = { siBuffer, (unsigned char *)requests->der,
		        (unsigned)requests->der_len };
	struct nu_crmf *crmf = NULL;

	assert_int_equal(nu_crmf_decode(&der, 1, &crmf), SECSuccess);
	return crmf;
}

static enum psm_err
run_dsa(struct sweep *sw)
{
	static const struct psm_key_request key = { .alg = "dsa-sign" };
	const struct psm_requests_params params = {
		.flags = PSM_REQUEST_ALLOW_WEAK
	};

	return create(sw, &key, 1, &params);
}

static void
check_dsa(struct sweep *sw)
{
	struct nu_crmf *crmf = decode_one(sw);

	check_pending(sw, 1);
	assert_int_equal(nu_crmf_verify_signature(&crmf->msgs[0]), SECSuccess);
	nu_crmf_free(crmf);
}

/* --- agreeMAC -------------------------------------------------------- */

/* For the authority, whose key is on P-256. */
static void
prepare_agree_mac(struct sweep *sw)
{
	SECItem cert = sweep_ca_cert(sw);
	nu_auto_mem char *base64 = nu_b64_encode(&cert);

	assert_true(asprintf(&sw->response, "popcert=%s;curve=nistp256",
	                     base64) > 0);
}

static enum psm_err
run_agree_mac(struct sweep *sw)
{
	const struct psm_key_request key = { 0, sw->response, "ec-ex" };
	const struct psm_requests_params params = { .subject = NULL };

	return create(sw, &key, 1, &params);
}

static void
check_agree_mac(struct sweep *sw)
{
	check_proved(sw, 1);
}

/* --- escrow ---------------------------------------------------------- */

static enum psm_answer
allow_escrow(void *arg, const struct psm_cert *holder, size_t n_keys)
{
	(void)arg;
	assert_non_null(strstr(holder->subject, "CN="));
	assert_int_equal(n_keys, 1);
	return PSM_ANSWER_YES;
}

static void
prepare_escrow_to(struct sweep *sw, const SECItem *cert)
{
	sw->response = nu_b64_encode(cert);
	assert_non_null(sw->response);
	sw->st->ctx->ui.escrow = allow_escrow;
}

/* The authority itself keeps the key; its own is an EC key. */
static void
prepare_escrow_ec(struct sweep *sw)
{
	SECItem cert = sweep_ca_cert(sw);

	prepare_escrow_to(sw, &cert);
}

static void
prepare_escrow_rsa(struct sweep *sw)
{
	nu_auto(CERTCertificate) cert = NULL;

	store_own(sw->st, "CN=Escrow", PSM_KEY_RSA, NULL);
	cert = PK11_FindCertFromNickname(RSA_ESCROW, NULL);
	assert_non_null(cert);
	prepare_escrow_to(sw, &cert->derCert);
}

/* A short key, since each failure makes one. */
static enum psm_err
run_escrow(struct sweep *sw)
{
	static const struct psm_key_request key = { .alg = "rsa-ex",
		                                    .size = 1024 };
	const struct psm_requests_params params = {
		.escrow_cert = sw->response,
		.flags = PSM_REQUEST_ALLOW_WEAK | PSM_REQUEST_UNEXTRACTABLE,
	};

	return create(sw, &key, 1, &params);
}

/* The archive opens with that key, and has the request's. */
static void
check_archive(struct sweep *sw, const char *label)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKey) opener = sweep_find_key(label);
	nu_auto(SECKEYPrivateKey) archived = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	struct nu_crmf *crmf = decode_one(sw);

	check_pending(sw, 1);
	pub = sweep_public_of(&crmf->msgs[0].spki);
	archived = nu_envelope_unwrap_key(&crmf->msgs[0].archive, opener, pub,
	                                  slot, PR_FALSE, NULL, NULL);
	assert_non_null(archived);
	nu_crmf_free(crmf);
}

static void
check_escrow_ec(struct sweep *sw)
{
	check_archive(sw, "ca");
}

static void
check_escrow_rsa(struct sweep *sw)
{
	check_archive(sw, RSA_ESCROW);
}

static const struct operation operations[] = {
	{ .name = "request",
	  .prepare = sweep_prepare_nothing, .run = run_request,
	  .check = check_request, .free_got = sweep_free_request,
	  .best_effort = drawing },
	{ .name = "request_as_pkcs10",
	  .prepare = sweep_prepare_nothing, .run = run_request_p10,
	  .check = check_request, .free_got = sweep_free_request,
	  .best_effort = drawing },
	{ .name = "request_recovery",
	  .prepare = sweep_prepare_nothing, .run = run_request_recovery,
	  .check = check_request_recovery, .free_got = sweep_free_request,
	  .best_effort = drawing },
	{ .name = "request_many",
	  .prepare = sweep_prepare_nothing, .run = run_many,
	  .check = check_many, .free_got = free_requests,
	  .best_effort = drawing },
	{ .name = "request_dsa",
	  .prepare = sweep_prepare_nothing, .run = run_dsa,
	  .check = check_dsa, .free_got = free_requests,
	  .best_effort = drawing },
	{ .name = "request_agree_mac",
	  .prepare = prepare_agree_mac, .run = run_agree_mac,
	  .check = check_agree_mac, .free_got = free_requests,
	  .best_effort = drawing },
	{ .name = "request_escrowed_to_ec",
	  .prepare = prepare_escrow_ec, .run = run_escrow,
	  .check = check_escrow_ec, .free_got = free_requests,
	  .best_effort = drawing },
	{ .name = "request_escrowed_to_rsa",
	  .prepare = prepare_escrow_rsa, .run = run_escrow,
	  .check = check_escrow_rsa, .free_got = free_requests,
	  .best_effort = drawing },
};

int
main(void)
{
	return sweep_main("faults of requests", operations,
	                  sizeof operations / sizeof operations[0]);
}

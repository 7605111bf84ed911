/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_generate_escrow.c - keys that are escrowed, and those a MAC proves. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_envelope.h"
#include "tests/unit/generated.h"

/* --- what a user says about an escrow ------------------------------------ */

/* The archive opens with the escrow's key and is the message's key. */
static void
assert_archive_opens(const struct nu_crmf_msg *msg)
{
	nu_auto(SECKEYPrivateKey) opener = escrow_key();
	nu_auto(SECKEYPublicKey) public = public_of(msg);

	assert_non_null(msg->archive.data);
	assert_int_equal(nu_envelope_proves_key(&msg->archive, opener, public,
	                                        &msg->subject, NULL),
	                 SECSuccess);
}

/* --- escrow -------------------------------------------------------------- */

static void
escrow_to(struct store *st, enum psm_key_type type, unsigned char form)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "rsa-sign" },
		                                       { .alg = "ec-ex" } };
	nu_auto_mem char *cert = make_escrow(st, type);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .escrow_cert = cert };
	struct psm_requests *requests;
	struct nu_crmf *crmf;

	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	crmf = decode(requests);
	assert_int_equal(escrow_user.asked, 1);
	assert_int_equal(escrow_user.n_keys, 2);
	assert_string_equal(escrow_user.subject, ESCROW_SUBJECT);
	for (size_t i = 0; i < COUNT(keys); i += 2) {
		assert_int_equal(crmf->msgs[i].how, NU_POP_THIS_MESSAGE);
		assert_int_equal(crmf->msgs[i].archive.data[0], form);
		assert_archive_opens(&crmf->msgs[i]);
	}
	assert_int_equal(crmf->msgs[0].pop, NU_POP_KEY_ENCIPHERMENT);
	assert_int_equal(crmf->msgs[2].pop, NU_POP_KEY_AGREEMENT);
	assert_null(crmf->msgs[1].archive.data);
	assert_int_equal(nu_crmf_verify_signature(&crmf->msgs[1]), SECSuccess);
	nu_crmf_free(crmf);
	psm_requests_free(requests);
}

static void
test_generate_exchange_keys_go_to_an_rsa_escrow(void **state)
{
	escrow_to(*state, PSM_KEY_RSA, NU_SEQUENCE);
}

static void
test_generate_exchange_keys_go_to_an_ec_escrow(void **state)
{
	escrow_to(*state, PSM_KEY_EC, NU_CONTEXT_CONSTRUCTED(0));
}

/* As an HSM that wraps with a key or decrypts with it, but never both. */
static bool token_keeps_keys;

SECStatus __real_PK11_Decrypt(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                              SECItem *param, unsigned char *out,
                              unsigned *out_len, unsigned room,
                              const unsigned char *in, unsigned in_len);
SECStatus __wrap_PK11_Decrypt(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                              SECItem *param, unsigned char *out,
                              unsigned *out_len, unsigned room,
                              const unsigned char *in, unsigned in_len);
SECStatus
__wrap_PK11_Decrypt(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                    SECItem *param, unsigned char *out, unsigned *out_len,
                    unsigned room, const unsigned char *in, unsigned in_len)
{
	if (!token_keeps_keys)
		return __real_PK11_Decrypt(key, mechanism, param, out, out_len,
		                           room, in, in_len);
	PORT_SetError(SEC_ERROR_INVALID_KEY);
	return SECFailure;
}

static void
test_generate_token_that_keeps_its_keys_names_the_way_out(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_EC);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };
	struct psm_requests *requests = NULL;
	enum psm_err err;

	ask_about_escrow(st, PSM_ANSWER_YES);
	token_keeps_keys = true;
	err = psm_request_create_many(st->ctx, &params, &requests);
	token_keeps_keys = false;
	assert_psm(st, err, PSM_E_TOKEN);
	assert_null(requests);
	assert_non_null(strstr(psm_errmsg(st->ctx),
	                       "does not let the key out"));
	assert_non_null(strstr(psm_errmsg(st->ctx), "one with an RSA key"));
	assert_int_equal(store_count(st, "pending:"), 0);
}

static void
test_generate_escrow_of_no_key_asks_nobody(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-dual-use" };
	struct store *st = *state;
	nu_auto_mem char *cert = base64_of(st, "ca");
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };

	ask_about_escrow(st, PSM_ANSWER_NO);
	psm_requests_free(create(st, &params));
	assert_int_equal(escrow_user.asked, 0);
}

static void
test_generate_refused_escrow_is_cancelled(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-sign" },
		                                       { .alg = "ec-ex" } };
	struct store *st = *state;
	nu_auto_mem char *cert = base64_of(st, "ca");
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .escrow_cert = cert };

	ask_about_escrow(st, PSM_ANSWER_NO);
	assert_not_created(st, &params, PSM_E_CANCELLED, NULL);
	ask_about_escrow(st, PSM_ANSWER_NONE);
	assert_not_created(st, &params, PSM_E_CANCELLED, NULL);
	assert_int_equal(escrow_user.asked, 1);
	st->ctx->ui.escrow = NULL;
	assert_not_created(st, &params, PSM_E_CANCELLED, NULL);
}

static void
assert_extractable(SECKEYPrivateKey *key, CK_BBOOL expected)
{
	nu_auto_item value = { siBuffer, NULL, 0 };

	assert_int_equal(nu_key_attribute(key, CKA_EXTRACTABLE, &value),
	                 SECSuccess);
	assert_int_equal(value.len, 1);
	assert_int_equal(value.data[0], expected);
}

static void
test_generate_unextractable_keys_are_so_even_when_escrowed(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-ex" },
		                                       { .alg = "ec-sign" } };
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_RSA);
	struct psm_requests_params params = {
		.subject = SUBJECT, .keys = keys, .n_keys = COUNT(keys),
		.escrow_cert = cert
	};

	ask_about_escrow(st, PSM_ANSWER_YES);
	for (int locked = 0; locked < 2; locked++) {
		struct psm_requests *requests;
		struct nu_crmf *crmf;

		params.flags = locked ? PSM_REQUEST_UNEXTRACTABLE : 0;
		requests = create(st, &params);
		crmf = decode(requests);
		assert_archive_opens(&crmf->msgs[0]);
		for (size_t i = 0; i < COUNT(keys); i++) {
			nu_auto(SECKEYPrivateKey) key =
			        pending_key(st, requests->ids[i],
			                    &crmf->msgs[i]);

			assert_extractable(key, locked ? CK_FALSE : CK_TRUE);
		}
		nu_crmf_free(crmf);
		psm_requests_free(requests);
	}
}

/* --- agreeMAC ------------------------------------------------------------ */

static void
read_ca(struct store *st, struct nu_cert *ret_cert)
{
	SECItem der = { siBuffer, NULL, 0 };
	size_t len;

	der.data = (unsigned char *)ca_cert_der(st->ca, &len);
	der.len = (unsigned)len;
	assert_int_equal(nu_cert_read(&der, ret_cert), SECSuccess);
}

static SECKEYPrivateKey *
ca_key(void)
{
	nu_auto(CERTCertificate) cert = PK11_FindCertFromNickname("ca", NULL);
	SECKEYPrivateKey *key = PK11_FindKeyByAnyCert(cert, NULL);

	assert_non_null(key);
	return key;
}

static void
test_generate_agree_mac_holds_for_its_verifier_alone(void **state)
{
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct nu_crmf *crmf = decode(requests);
	struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECKEYPrivateKey) key = ca_key();
	struct fresh_key other = fresh_key(ecKey, 256);
	struct fresh_key larger = fresh_key(ecKey, 384);
	struct nu_cert cert, renamed;

	read_ca(st, &cert);
	assert_msg(st, msg, requests->ids[0], ecKey, 256, AGREE);
	assert_int_equal(msg->pop, NU_POP_KEY_AGREEMENT);
	assert_int_equal(msg->how, NU_POP_AGREE_MAC);
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECSuccess);
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, other.private,
	                                          NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, larger.private,
	                                          NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	renamed = cert;
	renamed.issuer = msg->subject;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &renamed, key, NULL),
	                 SECFailure);
	assert_int_equal(nu_crmf_verify_signature(msg), SECFailure);
	fresh_key_free(&other);
	fresh_key_free(&larger);
	nu_crmf_free(crmf);
}

static void
test_generate_agree_mac_covers_the_whole_request(void **state)
{
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct nu_crmf *crmf = decode(requests);
	struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECKEYPrivateKey) key = ca_key();
	unsigned char *last = &msg->cert_req.data[msg->cert_req.len - 1];
	unsigned char *mac = &msg->pop_value.data[msg->pop_value.len - 1];
	struct nu_cert cert;

	read_ca(st, &cert);
	*last ^= 1;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECFailure);
	*last ^= 1;
	*mac ^= 1;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	*mac ^= 1;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECSuccess);
	nu_crmf_free(crmf);
}

/* RFC 6955, clause 6, again, with the secret in the open: K = SHA-256(subject |
 * ZZ | issuer), and HMAC-SHA-256 under K as RFC 2104 has it. */
static void
mac_by_hand(SECKEYPrivateKey *key, SECKEYPublicKey *pub,
            const struct nu_cert *cert, const SECItem *data,
            unsigned char ret_mac[32])
{
	nu_auto(PK11SymKey) zz = PK11_PubDeriveWithKDF(
	        key, pub, PR_FALSE, NULL, NULL, CKM_ECDH1_DERIVE,
	        CKM_SHA256_HMAC, CKA_SIGN, 0, CKD_NULL, NULL, NULL);
	unsigned char k[64] = { 0 }, pad[64], inner[32];
	nu_auto(PK11Context) ctx = NULL;
	const SECItem *secret;
	unsigned len;

	assert_non_null(zz);
	assert_int_equal(PK11_ExtractKeyValue(zz), SECSuccess);
	secret = PK11_GetKeyData(zz);
	assert_int_equal(secret->len, 32);
	ctx = PK11_CreateDigestContext(SEC_OID_SHA256);
	PK11_DigestBegin(ctx);
	PK11_DigestOp(ctx, cert->subject.data, cert->subject.len);
	PK11_DigestOp(ctx, secret->data, secret->len);
	PK11_DigestOp(ctx, cert->issuer.data, cert->issuer.len);
	PK11_DigestFinal(ctx, k, &len, 32);
	for (int outer = 0; outer < 2; outer++) {
		for (size_t i = 0; i < sizeof pad; i++)
			pad[i] = k[i] ^ (outer ? 0x5c : 0x36);
		PK11_DigestBegin(ctx);
		PK11_DigestOp(ctx, pad, sizeof pad);
		PK11_DigestOp(ctx, outer ? inner : data->data,
		              outer ? sizeof inner : data->len);
		PK11_DigestFinal(ctx, outer ? ret_mac : inner, &len, 32);
	}
}

static void
test_generate_agree_mac_is_the_one_of_rfc_6955(void **state)
{
	/* { id-pkix 6 26 } without parameters, and a BIT STRING of 32 octets */
	static const unsigned char head[] = {
		0xa3, 0x2f, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05,
		0x05, 0x07, 0x06, 0x1a, 0x03, 0x21, 0x00
	};
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct nu_crmf *crmf = decode(requests);
	const struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECKEYPrivateKey) key = ca_key();
	nu_auto(SECKEYPublicKey) public = public_of(msg);
	unsigned char mac[32];
	struct nu_cert cert;

	read_ca(st, &cert);
	mac_by_hand(key, public, &cert, &msg->cert_req, mac);
	assert_int_equal(msg->pop_value.len, sizeof head + sizeof mac);
	assert_memory_equal(msg->pop_value.data, head, sizeof head);
	assert_memory_equal(msg->pop_value.data + sizeof head, mac,
	                    sizeof mac);
	nu_crmf_free(crmf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_generate_exchange_keys_go_to_an_rsa_escrow),
		store_test(test_generate_exchange_keys_go_to_an_ec_escrow),
		store_test(
		  test_generate_token_that_keeps_its_keys_names_the_way_out),
		store_test(test_generate_escrow_of_no_key_asks_nobody),
		store_test(test_generate_refused_escrow_is_cancelled),
		store_test(
		  test_generate_unextractable_keys_are_so_even_when_escrowed),
		store_test(
		        test_generate_agree_mac_holds_for_its_verifier_alone),
		store_test(test_generate_agree_mac_covers_the_whole_request),
		store_test(test_generate_agree_mac_is_the_one_of_rfc_6955),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_generate.c - several keys in one request, in a page's words: all of the
 * algorithms, controls, what is refused, and all or none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_b64.h"
#include "tests/unit/generated.h"

/* --- calls that fail when they are told to ------------------------------- */

static int fail_generate_in, fail_store_in;

SECKEYPrivateKey *__real_PK11_GenerateKeyPairWithOpFlags(
        PK11SlotInfo *, CK_MECHANISM_TYPE, void *, SECKEYPublicKey **,
        PK11AttrFlags, CK_FLAGS, CK_FLAGS, void *);
SECKEYPrivateKey *__wrap_PK11_GenerateKeyPairWithOpFlags(
        PK11SlotInfo *, CK_MECHANISM_TYPE, void *, SECKEYPublicKey **,
        PK11AttrFlags, CK_FLAGS, CK_FLAGS, void *);
SECKEYPrivateKey *__real_PK11_ConvertSessionPrivKeyToTokenPrivKey(
        SECKEYPrivateKey *, void *);
SECKEYPrivateKey *__wrap_PK11_ConvertSessionPrivKeyToTokenPrivKey(
        SECKEYPrivateKey *, void *);

static bool
is_due(int *countdown)
{
	if (*countdown == 0 || --*countdown > 0)
		return false;
	PORT_SetError(SEC_ERROR_PKCS11_DEVICE_ERROR);
	return true;
}

SECKEYPrivateKey *
__wrap_PK11_GenerateKeyPairWithOpFlags(PK11SlotInfo *slot,
                                       CK_MECHANISM_TYPE type, void *param,
                                       SECKEYPublicKey **pub,
                                       PK11AttrFlags flags, CK_FLAGS op,
                                       CK_FLAGS mask, void *wincx)
{
	if (is_due(&fail_generate_in))
		return NULL;
	return __real_PK11_GenerateKeyPairWithOpFlags(slot, type, param, pub,
	                                              flags, op, mask, wincx);
}

SECKEYPrivateKey *
__wrap_PK11_ConvertSessionPrivKeyToTokenPrivKey(SECKEYPrivateKey *key,
                                                void *wincx)
{
	if (is_due(&fail_store_in))
		return NULL;
	return __real_PK11_ConvertSessionPrivKeyToTokenPrivKey(key, wincx);
}

/* --- algorithms ---------------------------------------------------------- */

static void
test_generate_each_signing_algorithm_proves_and_says_its_use(void **state)
{
	static const struct psm_key_request keys[] = {
		{ .alg = "rsa-dual-use" },
		{ .alg = "rsa-sign", .size = 3072 },
		{ .alg = " rsa-nonrepudiation\t", .size = -1 },
		{ .alg = "rsa-sign-nonrepudiation", .size = 2048 },
		{ .alg = "ec-dual-use" },
		{ .alg = "ec-sign", .size = 384 },
		{ .alg = "ec-nonrepudiation", .size = 521 },
		{ .alg = "\nec-sign-nonrepudiation ", .size = 512 },
		{ .alg = "dsa-sign-nonrepudiation" },
	};
	static const struct {
		KeyType type;
		unsigned bits, usage;
	} expected[] = {
		{ rsaKey, 2048, SIGN | COMMIT | ENCIPHER },
		{ rsaKey, 3072, SIGN },
		{ rsaKey, 2048, COMMIT },
		{ rsaKey, 2048, SIGN | COMMIT },
		{ ecKey, 256, SIGN | COMMIT | AGREE },
		{ ecKey, 384, SIGN },
		{ ecKey, 521, COMMIT },
		{ ecKey, 256, SIGN | COMMIT },
		{ dsaKey, 2048, SIGN | COMMIT },
	};
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .flags = PSM_REQUEST_ALLOW_WEAK };
	auto_of(psm_requests) *requests = create(*state, &params);
	struct nu_crmf *crmf = decode(requests);

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct nu_crmf_msg *msg = &crmf->msgs[i];

		assert_msg(*state, msg, requests->ids[i], expected[i].type,
		           expected[i].bits, expected[i].usage);
		assert_int_equal(nu_crmf_verify_signature(msg), SECSuccess);
		assert_null(msg->archive.data);
	}
	nu_crmf_free(crmf);
}

static void
test_generate_exchange_keys_ask_for_a_challenge(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "ec-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	auto_of(psm_requests) *requests = create(*state, &params);
	struct nu_crmf *crmf = decode(requests);

	assert_msg(*state, &crmf->msgs[0], requests->ids[0], rsaKey, 2048,
	           ENCIPHER);
	assert_int_equal(crmf->msgs[0].pop, NU_POP_KEY_ENCIPHERMENT);
	assert_int_equal(crmf->msgs[0].how, NU_POP_CHALLENGE_RESP);
	assert_msg(*state, &crmf->msgs[1], requests->ids[1], ecKey, 256, AGREE);
	assert_int_equal(crmf->msgs[1].pop, NU_POP_KEY_AGREEMENT);
	assert_int_equal(crmf->msgs[1].how, NU_POP_CHALLENGE_RESP);
	nu_crmf_free(crmf);
}

/* Parsed alone, since DSA's parameters take seconds. */
static void
test_generate_each_algorithm_is_known(void **state)
{
	static const struct {
		const char *alg;
		KeyType type;
		unsigned usage;
		bool exchange;
	} table[] = {
		{ "rsa-ex", rsaKey, ENCIPHER, true },
		{ "rsa-dual-use", rsaKey, SIGN | COMMIT | ENCIPHER, false },
		{ "rsa-sign", rsaKey, SIGN, false },
		{ "rsa-nonrepudiation", rsaKey, COMMIT, false },
		{ "rsa-sign-nonrepudiation", rsaKey, SIGN | COMMIT, false },
		{ "ec-ex", ecKey, AGREE, true },
		{ "ec-dual-use", ecKey, SIGN | COMMIT | AGREE, false },
		{ "ec-sign", ecKey, SIGN, false },
		{ "ec-nonrepudiation", ecKey, COMMIT, false },
		{ "ec-sign-nonrepudiation", ecKey, SIGN | COMMIT, false },
		{ "dsa-sign", dsaKey, SIGN, false },
		{ "dsa-nonrepudiation", dsaKey, COMMIT, false },
		{ "dsa-sign-nonrepudiation", dsaKey, SIGN | COMMIT, false },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct psm_key_request key = { .alg = table[i].alg };
		struct keyspec spec = { .type = nullKey };

		assert_psm(st, keyspec_parse(st->ctx, &key,
		                             PSM_REQUEST_ALLOW_WEAK, &spec),
		           PSM_OK);
		assert_int_equal(spec.type, table[i].type);
		assert_int_equal(spec.key_usage, table[i].usage);
		assert_int_equal(spec.exchange, table[i].exchange);
		keyspec_clear(&spec);
	}
}

static void
test_generate_each_curve_has_its_names(void **state)
{
	static const struct {
		const char *params;
		int size;
		unsigned bits;
	} table[] = {
		{ "curve=nistp256", 0, 256 },   { "curve=P-256", 521, 256 },
		{ "curve=secp256r1", 0, 256 },  { "curve=prime256v1", 0, 256 },
		{ "curve=nistp384", 0, 384 },   { "curve=P-384", 256, 384 },
		{ "curve=secp384r1", 0, 384 },  { "curve=nistp521", 0, 521 },
		{ "curve=P-521", 384, 521 },    { "curve=secp521r1", 0, 521 },
		{ " curve= P-384 ;", 0, 384 },  { "", 384, 384 },
		{ NULL, 0, 256 },               { NULL, 256, 256 },
		{ NULL, 384, 384 },             { NULL, 521, 521 },
		{ NULL, 2048, 256 },            { ";;", -7, 256 },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct psm_key_request key = { table[i].size, table[i].params,
			                       "ec-sign" };
		struct keyspec spec = { .type = nullKey };

		assert_psm(st, keyspec_parse(st->ctx, &key, 0, &spec), PSM_OK);
		assert_int_equal(spec.bits, table[i].bits);
		keyspec_clear(&spec);
	}
}

static void
test_generate_weak_keys_need_leave(void **state)
{
	static const struct psm_key_request weak[] = {
		{ .size = 1024, .alg = "rsa-sign" },
		{ .size = 1536, .alg = "rsa-ex" },
	};
	struct psm_requests_params params = { .subject = SUBJECT, .keys = weak,
		                              .n_keys = COUNT(weak) };
	struct psm_requests *requests;
	struct nu_crmf *crmf;

	assert_not_created(*state, &params, PSM_E_PARAMETER, "keySize");
	params.flags = PSM_REQUEST_ALLOW_WEAK;
	requests = create(*state, &params);
	crmf = decode(requests);
	assert_msg(*state, &crmf->msgs[0], requests->ids[0], rsaKey, 1024,
	           SIGN);
	assert_msg(*state, &crmf->msgs[1], requests->ids[1], rsaKey, 1536,
	           ENCIPHER);
	nu_crmf_free(crmf);
	psm_requests_free(requests);
}

/* --- controls, ids ------------------------------------------------------- */

static void
test_generate_controls_are_in_every_message(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-sign" },
		                                       { .alg = "ec-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .reg_token = "t\xc3\xb6ken",
		                              .authenticator = "" };
	auto_of(psm_requests) *requests = create(*state, &params);
	struct nu_crmf *crmf = decode(requests);

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct nu_crmf_msg *msg = &crmf->msgs[i];

		assert_int_equal(msg->reg_token.len, 6);
		assert_memory_equal(msg->reg_token.data, "t\xc3\xb6ken", 6);
		assert_non_null(msg->authenticator.data);
		assert_int_equal(msg->authenticator.len, 0);
	}
	nu_crmf_free(crmf);
}

static void
test_generate_ids_differ_and_all_are_pending(void **state)
{
	struct psm_key_request keys[8];
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	auto_of(psm_pending_list) *list = NULL;
	struct psm_requests *requests;
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(keys); i++)
		keys[i] = (struct psm_key_request){ .alg = "ec-sign" };
	requests = create(st, &params);
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_true(requests->ids[i] >= 1);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(requests->ids[i],
			                     requests->ids[j]);
		assert_int_equal(store_pending_state(st, requests->ids[i]),
		                 PSM_PENDING);
	}
	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	assert_int_equal(psm_pending_list_count(list), COUNT(keys));
	assert_string_equal(psm_pending_list_get(list, 0)->subject, SUBJECT);
	psm_requests_free(requests);
}

/* --- bad parameters ------------------------------------------------------ */

static void
test_generate_bad_keys_are_blamed(void **state)
{
	static const struct {
		struct psm_key_request key;
		const char *param;
	} bad[] = {
		{ { 0, NULL, NULL }, "keyGenAlg" },
		{ { 0, NULL, "" }, "keyGenAlg" },
		{ { 0, NULL, "rsa" }, "keyGenAlg" },
		{ { 0, NULL, "RSA-sign" }, "keyGenAlg" },
		{ { 0, NULL, "rsa-signx" }, "keyGenAlg" },
		{ { 0, NULL, "rsa -sign" }, "keyGenAlg" },
		{ { 0, NULL, "dh-ex" }, "keyGenAlg" },
		{ { 0, NULL, "dsa-ex" }, "keyGenAlg" },
		{ { 0, NULL, "dsa-sign" }, "keyGenAlg" },
		{ { 0, "", "rsa-sign" }, "keyParams" },
		{ { 0, "curve=nistp256", "rsa-ex" }, "keyParams" },
		{ { 1024, NULL, "rsa-sign" }, "keySize" },
		{ { 2047, NULL, "rsa-sign" }, "keySize" },
		{ { 2049, NULL, "rsa-sign" }, "keySize" },
		{ { 8192, NULL, "rsa-sign" }, "keySize" },
		{ { 0, "nistp256", "ec-sign" }, "keyParams" },
		{ { 0, "curve=", "ec-sign" }, "keyParams" },
		{ { 0, "curve=nistp192", "ec-sign" }, "keyParams" },
		{ { 0, "curve=NISTP256", "ec-sign" }, "keyParams" },
		{ { 0, "Curve=nistp256", "ec-sign" }, "keyParams" },
		{ { 0, "curve=nistp256;curve=nistp256", "ec-sign" },
		  "keyParams" },
		{ { 0, "curve=nistp256;hash=sha1", "ec-sign" }, "keyParams" },
		{ { 0, "popcert=", "ec-ex" }, "keyParams" },
		{ { 0, "popcert=????", "ec-ex" }, "keyParams" },
		{ { 0, "popcert=MAA=", "ec-ex" }, "keyParams" },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct psm_key_request keys[] = { { .alg = "ec-sign" },
			                                bad[i].key };
		struct psm_requests_params params = { .subject = SUBJECT,
			                              .keys = keys,
			                              .n_keys = COUNT(keys) };

		assert_not_created(*state, &params, PSM_E_PARAMETER,
		                   bad[i].param);
	}
}

static void
test_generate_dsa_of_other_sizes_is_blamed(void **state)
{
	static const struct psm_key_request key = { .size = 1024,
		                                    .alg = "dsa-sign" };
	static const struct psm_key_request with = { .params = "",
		                                     .alg = "dsa-sign" };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .flags = PSM_REQUEST_ALLOW_WEAK };

	assert_not_created(*state, &params, PSM_E_PARAMETER, "keySize");
	params.keys = &with;
	assert_not_created(*state, &params, PSM_E_PARAMETER, "keyParams");
}

static void
assert_popcert_refused(struct store *st, const char *cert, const char *curve)
{
	char text[8192];
	struct psm_key_request key = { 0, text, "ec-ex" };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1 };

	snprintf(text, sizeof text, "popcert=%s;curve=%s", cert, curve);
	assert_not_created(st, &params, PSM_E_PARAMETER, "keyParams");
}

static void
test_generate_popcert_of_another_curve_or_kind_is_blamed(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *ec = base64_of(st, "ca");
	nu_auto_mem char *rsa = make_escrow(st, PSM_KEY_RSA);

	assert_popcert_refused(st, ec, "nistp384");
	assert_popcert_refused(st, rsa, "nistp256");
}

static void
test_generate_bad_arguments_are_blamed(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-sign" };
	static const struct {
		struct psm_requests_params params;
		enum psm_err err;
		const char *param;
	} bad[] = {
		{ { .subject = NULL }, PSM_E_PARAMETER, "requestedDN" },
		{ { .subject = "" }, PSM_E_PARAMETER, "requestedDN" },
		{ { .subject = "Bob" }, PSM_E_PARAMETER, "requestedDN" },
		{ { .subject = "CN=x", .reg_token = "\xff" }, PSM_E_PARAMETER,
		  "regToken" },
		{ { .subject = "CN=x", .authenticator = "\xc3" },
		  PSM_E_PARAMETER, "authenticator" },
		{ { .subject = "CN=x", .escrow_cert = "" }, PSM_E_PARAMETER,
		  "escrowAuthorityCert" },
		{ { .subject = "CN=x", .escrow_cert = "MAA=" },
		  PSM_E_PARAMETER, "escrowAuthorityCert" },
		{ { .subject = "CN=x", .flags = PSM_REQUEST_CA },
		  PSM_E_ARGUMENT, NULL },
		{ { .subject = "CN=x", .token = "no such token" }, PSM_E_TOKEN,
		  NULL },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct psm_requests_params params = bad[i].params;

		params.keys = &key;
		params.n_keys = 1;
		assert_not_created(*state, &params, bad[i].err, bad[i].param);
		params.n_keys = 0;
		assert_not_created(*state, &params, PSM_E_ARGUMENT, NULL);
	}
}

static void
test_generate_weak_escrow_is_refused_unless_allowed(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-ex" };
	struct fresh_key weak = fresh_key(rsaKey, 1024);
	nu_auto(SECItem) der = fresh_cert(&weak, ESCROW_SUBJECT, &weak,
	                                  ESCROW_SUBJECT, 1);
	nu_auto_mem char *cert = nu_b64_encode(der);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };

	ask_about_escrow(*state, PSM_ANSWER_YES);
	assert_not_created(*state, &params, PSM_E_PARAMETER,
	                   "escrowAuthorityCert");
	assert_int_equal(escrow_user.asked, 0);
	params.flags = PSM_REQUEST_ALLOW_WEAK;
	psm_requests_free(create(*state, &params));
	fresh_key_free(&weak);
}

static void
test_generate_more_keys_than_an_answer_may_have_are_refused(void **state)
{
	static const struct psm_key_request keys[3] = { { .alg = "ec-sign" },
		                                        { .alg = "ec-sign" },
		                                        { .alg = "ec-sign" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	struct store *st = *state;

	psm_set_limits(st->ctx, 0, 2);
	assert_not_created(st, &params, PSM_E_ARGUMENT, NULL);
	params.n_keys = 2;
	psm_requests_free(create(st, &params));
}

static void
test_generate_in_a_read_only_database_is_refused(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-sign" };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1 };

	store_reopen(*state, PSM_OPEN_READ_ONLY);
	assert_not_created(*state, &params, PSM_E_READ_ONLY, NULL);
}

/* --- all or none --------------------------------------------------------- */

static void
test_generate_when_a_later_key_fails_none_is_left(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-sign" },
		                                       { .alg = "ec-ex" },
		                                       { .alg = "rsa-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };

	for (int n = 1; n <= (int)COUNT(keys); n++) {
		fail_generate_in = n;
		assert_not_created(*state, &params, PSM_E_TOKEN, NULL);
		assert_int_equal(fail_generate_in, 0);
		fail_store_in = n;
		assert_not_created(*state, &params, PSM_E_STORE, NULL);
		assert_int_equal(fail_store_in, 0);
	}
	psm_requests_free(create(*state, &params));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(
		  test_generate_each_signing_algorithm_proves_and_says_its_use),
		store_test(test_generate_exchange_keys_ask_for_a_challenge),
		store_test(test_generate_each_algorithm_is_known),
		store_test(test_generate_each_curve_has_its_names),
		store_test(test_generate_weak_keys_need_leave),
		store_test(test_generate_controls_are_in_every_message),
		store_test(test_generate_ids_differ_and_all_are_pending),
		store_test(test_generate_bad_keys_are_blamed),
		store_test(test_generate_dsa_of_other_sizes_is_blamed),
		store_test(
		  test_generate_popcert_of_another_curve_or_kind_is_blamed),
		store_test(test_generate_bad_arguments_are_blamed),
		store_test(test_generate_weak_escrow_is_refused_unless_allowed),
		store_test(
		  test_generate_more_keys_than_an_answer_may_have_are_refused),
		store_test(test_generate_in_a_read_only_database_is_refused),
		store_test(test_generate_when_a_later_key_fails_none_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

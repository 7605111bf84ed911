/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca.c - the small authority, through ca.h: made, opened, and for how long
 * it issues. Linked with --wrap=CERT_ChangeCertTrust and
 * PK11_SetPrivateKeyNickname. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <secerr.h>

#include "nssutil/nu_name.h"
#include "tests/unit/authority.h"

/* --- faults -------------------------------------------------------------- */

static int fail_trust, fail_label;

SECStatus __real_CERT_ChangeCertTrust(CERTCertDBHandle *handle,
                                      CERTCertificate *cert,
                                      CERTCertTrust *trust);
SECStatus __wrap_CERT_ChangeCertTrust(CERTCertDBHandle *handle,
                                      CERTCertificate *cert,
                                      CERTCertTrust *trust);
SECStatus __real_PK11_SetPrivateKeyNickname(SECKEYPrivateKey *key,
                                            const char *nickname);
SECStatus __wrap_PK11_SetPrivateKeyNickname(SECKEYPrivateKey *key,
                                            const char *nickname);

SECStatus
__wrap_CERT_ChangeCertTrust(CERTCertDBHandle *handle, CERTCertificate *cert,
                            CERTCertTrust *trust)
{
	if (!fail_trust)
		return __real_CERT_ChangeCertTrust(handle, cert, trust);
	PORT_SetError(SEC_ERROR_IO);
	return SECFailure;
}

SECStatus
__wrap_PK11_SetPrivateKeyNickname(SECKEYPrivateKey *key, const char *nickname)
{
	if (!fail_label)
		return __real_PK11_SetPrivateKeyNickname(key, nickname);
	PORT_SetError(SEC_ERROR_IO);
	return SECFailure;
}

/* --- helpers ------------------------------------------------------------- */

static size_t
count_keys(const struct fixture *fx)
{
	nu_auto(SECKEYPrivateKeyList) keys =
		PK11_ListPrivKeysInSlot(fx->slot, NULL, NULL);
	size_t n = 0;

	if (keys == NULL)
		return 0;
	for (SECKEYPrivateKeyListNode *node = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(node, keys); node = PRIVKEY_LIST_NEXT(node))
		n++;
	return n;
}

/* --- making and opening an authority ------------------------------------- */

static void
test_init_rsa_makes_a_trusted_root(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=RSA Root,O=Test",
		.nickname = "rsa", .key_type = PSM_KEY_RSA, .key_bits = 2048,
		.days = 100 };
	struct ca *ca = ca_new();
	const unsigned char *der;
	nu_auto(CERTCertificate) cert = NULL;
	CERTCertTrust trust;
	SECItem item;
	size_t len;

	assert_int_equal(ca_init(ca, &params), PSM_OK);
	der = ca_cert_der(ca, &len);
	assert_cert_says(fx, der, len, "Version: 3");
	assert_cert_says(fx, der, len, "sha256WithRSAEncryption");
	assert_cert_says(fx, der, len, "Basic Constraints: critical\n"
	                 "                CA:TRUE\n");
	assert_cert_says(fx, der, len, "Key Usage: critical\n"
	                 "                Certificate Sign, CRL Sign");
	assert_cert_says(fx, der, len, "Subject Key Identifier");
	assert_cert_says(fx, der, len, "Authority Key Identifier");
	item = (SECItem){ siBuffer, (unsigned char *)der, (unsigned)len };
	assert_verifies(fx, ca, &item, "");
	cert = PK11_FindCertFromNickname("rsa", NULL);
	assert_non_null(cert);
	assert_int_equal(CERT_GetCertTrust(cert, &trust), SECSuccess);
	assert_int_equal(trust.sslFlags, CERTDB_VALID_CA | CERTDB_TRUSTED_CA |
	                 CERTDB_TRUSTED_CLIENT_CA);
	assert_int_equal(trust.emailFlags, CERTDB_VALID_CA | CERTDB_TRUSTED_CA);
	ca_free(ca);
}

static void
test_init_taken_nickname_is_exists(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Other",
		                          .key_type = PSM_KEY_EC };
	const size_t keys = count_keys(fx);
	struct ca *ca = ca_new();
	size_t len;

	assert_int_equal(ca_init(ca, &params), PSM_E_EXISTS);
	assert_null(ca_cert_der(ca, &len));
	assert_int_equal(count_keys(fx), keys);
	ca_free(ca);
}

static void
test_init_bad_params_are_argument(void **state)
{
	static const struct ca_params bad[] = {
		{ .nickname = "bad", .key_type = PSM_KEY_EC },
		{ .subject = "", .nickname = "bad", .key_type = PSM_KEY_EC },
		{ .subject = "=", .nickname = "bad", .key_type = PSM_KEY_EC },
		{ .subject = "CN=x", .nickname = "bad",
		  .key_type = PSM_KEY_DSA },
		{ .subject = "CN=x", .nickname = "bad",
		  .key_type = PSM_KEY_RSA, .key_bits = 1024 },
		{ .subject = "CN=x", .nickname = "bad",
		  .key_type = PSM_KEY_EC, .key_bits = 255 },
		{ .subject = "CN=x", .nickname = "\n",
		  .key_type = PSM_KEY_EC }
	};
	struct fixture *fx = *state;
	const size_t keys = count_keys(fx);
	struct ca *ca = ca_new();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(ca_init(ca, &bad[i]), PSM_E_ARGUMENT);
		assert_string_not_equal(ca_errmsg(ca), "");
	}
	assert_int_equal(count_keys(fx), keys);
	ca_free(ca);
}

static void
test_init_failed_write_leaves_nothing(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Undone",
		.nickname = "undone", .key_type = PSM_KEY_EC };
	const size_t keys = count_keys(fx);
	struct ca *ca = ca_new();
	int *const faults[] = { &fail_trust, &fail_label };

	for (size_t i = 0; i < 2; i++) {
		*faults[i] = 1;
		assert_int_equal(ca_init(ca, &params), PSM_E_STORE);
		*faults[i] = 0;
		assert_int_equal(count_keys(fx), keys);
		assert_null(PK11_FindCertFromNickname("undone", NULL));
	}
	ca_free(ca);
}

static void
test_open_finds_what_init_made(void **state)
{
	struct fixture *fx = *state;
	struct ca *ca = ca_new();
	size_t len = 0, expected_len;
	const unsigned char *expected = ca_cert_der(fx->ca, &expected_len);

	assert_int_equal(ca_open(ca, NULL), PSM_OK);
	assert_memory_equal(ca_cert_der(ca, &len), expected, expected_len);
	assert_int_equal(len, expected_len);
	ca_free(ca);
}

static void
test_open_wrong_nickname_is_not_found(void **state)
{
	struct fixture *fx = *state;
	size_t len;

	assert_int_equal(ca_open(fx->ca, "nobody"), PSM_E_NOT_FOUND);
	assert_non_null(strstr(ca_errmsg(fx->ca), "nobody"));
	assert_non_null(ca_cert_der(fx->ca, &len)); /* as it was */
	assert_int_equal(ca_open(fx->ca, "\x01"), PSM_E_NOT_FOUND);
}

static void
test_open_user_certificate_is_not_found(void **state)
{
	struct fixture *fx = *state;
	auto_reply reply = ask_for(fx, &alice, NULL);
	struct ca *ca = ca_new();

	import(fx, &reply.rep->responses[0].cert, "alice");
	assert_int_equal(ca_open(ca, "alice"), PSM_E_NOT_FOUND);
	ca_free(ca);
}

static void
test_open_authority_without_key_is_not_found(void **state)
{
	struct fixture *fx = *state;
	const struct wish sub = { .id = "1", .subject = "CN=Keyless",
		.type = ecKey, .bits = 256, .is_ca = PR_TRUE };
	const struct ca_options options = { .allow_ca = true };
	auto_reply reply = ask_for(fx, &sub, &options);
	struct ca *ca = ca_new();

	import(fx, &reply.rep->responses[0].cert, "keyless");
	assert_int_equal(ca_open(ca, "keyless"), PSM_E_NOT_FOUND);
	assert_non_null(strstr(ca_errmsg(ca), "no key"));
	ca_free(ca);
}

/* --- validity ------------------------------------------------------------ */

static void
read_times(const SECItem *der, PRTime *ret_start, PRTime *ret_end)
{
	nu_auto(CERTCertificate) cert = CERT_NewTempCertificate(
		CERT_GetDefaultCertDB(), (SECItem *)der, NULL, PR_FALSE,
		PR_TRUE);

	assert_non_null(cert);
	assert_int_equal(CERT_GetCertTimes(cert, ret_start, ret_end),
	                 SECSuccess);
	*ret_start /= PR_USEC_PER_SEC;
	*ret_end /= PR_USEC_PER_SEC;
}

static void
test_issue_short_validity_is_not_over_at_once(void **state)
{
	struct ca_options options = { .seconds = 240 };
	const PRTime now = PR_Now() / PR_USEC_PER_SEC;
	auto_reply reply = ask_for(*state, &alice, &options);
	PRTime start, end;

	read_times(&reply.rep->responses[0].cert, &start, &end);
	assert_int_equal(end - start, 240);
	assert_true(start >= now - 24);
}

static void
test_issue_validity_ends_with_the_authority(void **state)
{
	struct fixture *fx = *state;
	struct ca_options options = { .days = 30 };
	const PRTime now = PR_Now() / PR_USEC_PER_SEC;
	PRTime start, end, ca_start, ca_end;
	SECItem root = { siBuffer, NULL, 0 };
	size_t len;

	root.data = (unsigned char *)ca_cert_der(fx->ca, &len);
	root.len = (unsigned)len;
	read_times(&root, &ca_start, &ca_end);
	{
		auto_reply reply = ask_for(fx, &alice, &options);

		read_times(&reply.rep->responses[0].cert, &start, &end);
		assert_in_range(start, now - 300, now - 300 + 60);
		assert_int_equal(end - start, 30 * 86400);
	}
	options.not_before = now + 3 * (int64_t)YEAR;
	options.days = 4000000000u;
	{
		auto_reply reply = ask_for(fx, &alice, &options);

		read_times(&reply.rep->responses[0].cert, &start, &end);
		assert_int_equal(start, options.not_before);
		assert_int_equal(end, ca_end);
	}
}

static void
test_issue_impossible_validity_is_argument(void **state)
{
	struct fixture *fx = *state;
	static const int64_t impossible[] = { -1, INT64_C(3000000000),
		INT64_C(253402300800), INT64_MAX, INT64_MIN };
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);

	for (size_t i = 0; i < 5; i++) {
		const struct ca_options options = {
			.not_before = impossible[i]
		};

		assert_fails(fx, request->data, request->len, &options,
		             PSM_E_ARGUMENT);
	}
}

static void
test_issue_from_2050_on_is_generalized_time(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Long",
		.nickname = "long", .key_type = PSM_KEY_EC,
		.days = 4000000000u };
	struct ca *ca = ca_new();
	const unsigned char *der;
	char output[OUTPUT_SIZE];
	size_t len;

	assert_int_equal(ca_init(ca, &params), PSM_OK);
	der = ca_cert_der(ca, &len);
	write_file(fx, "long.der", der, len);
	assert_int_equal(shell(fx, output, "openssl asn1parse -inform DER "
	                       "-in long.der"), 0);
	assert_non_null(strstr(output, "UTCTIME"));
	assert_non_null(strstr(output, "GENERALIZEDTIME   :99991231235959Z"));
	ca_free(ca);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init_rsa_makes_a_trusted_root),
		cmocka_unit_test(test_init_taken_nickname_is_exists),
		cmocka_unit_test(test_init_bad_params_are_argument),
		cmocka_unit_test(test_init_failed_write_leaves_nothing),
		cmocka_unit_test(test_open_finds_what_init_made),
		cmocka_unit_test(test_open_wrong_nickname_is_not_found),
		cmocka_unit_test(test_open_user_certificate_is_not_found),
		cmocka_unit_test(test_open_authority_without_key_is_not_found),
		cmocka_unit_test(test_issue_short_validity_is_not_over_at_once),
		cmocka_unit_test(test_issue_validity_ends_with_the_authority),
		cmocka_unit_test(test_issue_impossible_validity_is_argument),
		cmocka_unit_test(test_issue_from_2050_on_is_generalized_time),
	};

	return cmocka_run_group_tests(tests, authority_setup,
	                              authority_teardown);
}

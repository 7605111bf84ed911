/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_json.c - the structs of psm.h as JSON and back */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"

static void
test_text_invalid_utf8_is_repaired(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "Zo\xC3\xAB", "Zo\xC3\xAB" },
		{ "a\xFFz", "a\xEF\xBF\xBDz" },
		{ "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xED\xA0\x80",
		  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "cut \xE2\x82", "cut \xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xF0\x9F\x92\xA9", "\xF0\x9F\x92\xA9" },
		{ "\xF4\x90\x80\x80",
		  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *json = pj_text(cases[i].in);

		assert_string_equal(json_string_value(json), cases[i].out);
		json_decref(json);
	}
	assert_true(json_is_null(pj_text(NULL)));
}

static void
test_base64_every_remainder_is_padded(void **state)
{
	static const char *const expected[] = { "", "Zg==", "Zm8=", "Zm9v",
	                                        "Zm9vYg==" };

	(void)state;
	for (size_t n = 0; n < sizeof expected / sizeof *expected; n++) {
		json_t *json = pj_base64((const unsigned char *)"foob", n);

		assert_string_equal(json_string_value(json), expected[n]);
		json_decref(json);
	}
}

static void
test_time_is_rfc3339(void **state)
{
	json_t *json = pj_time(INT64_C(4102444799));

	(void)state;
	assert_string_equal(json_string_value(json), "2099-12-31T23:59:59Z");
	json_decref(json);
	json = pj_time(INT64_C(-62135596800)); /* GeneralizedTime's first */
	assert_string_equal(json_string_value(json), "0001-01-01T00:00:00Z");
	json_decref(json);
}

static void
test_cert_every_member_is_written(void **state)
{
	static const unsigned char der[] = { 0x30, 0x00 };
	struct psm_cert cert = {
		.nickname = NULL, .token = "token", .subject = "CN=\xFF",
		.issuer = "CN=i", .serial = "01", .sha1 = "aa", .sha256 = "bb",
		.key_type = PSM_KEY_EC, .key_bits = 256, .has_key = true,
		.der = der, .der_len = sizeof der,
	};
	json_t *json = pj_cert(&cert);

	(void)state;
	assert_int_equal(json_object_size(json), 14);
	assert_true(json_is_null(json_object_get(json, "nickname")));
	assert_string_equal(json_string_value(json_object_get(json, "subject")),
	                    "CN=\xEF\xBF\xBD");
	assert_string_equal(json_string_value(json_object_get(json, "keyType")),
	                    "ec");
	assert_true(json_is_true(json_object_get(json, "hasKey")));
	assert_true(json_is_false(json_object_get(json, "isCa")));
	assert_string_equal(json_string_value(json_object_get(json, "der")),
	                    "MAA=");
	json_decref(json);
}

static void
test_error_carries_name_and_js_string(void **state)
{
	json_t *json = pj_error(PSM_E_CANCELLED, "no");
	json_t *error = json_object_get(json, "error");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(error, "name")),
	                    "PSM_E_CANCELLED");
	assert_string_equal(json_string_value(json_object_get(error, "js")),
	                    "error:userCancel");
	json_decref(json);
}

static void
test_request_complete_is_read(void **state)
{
	json_t *json = json_loads(
	    "{\"subject\": \"CN=a\", \"keyType\": \"ec\", \"keyBits\": 384,"
	    " \"format\": \"pkcs10\", \"extractable\": false, \"ca\": true,"
	    " \"keyUsage\": [\"digitalSignature\", \"keyAgreement\"]}", 0,
	    NULL);
	struct psm_request_params params;
	const char *why;

	(void)state;
	assert_true(pj_read_request(json, &params, &why));
	assert_string_equal(params.subject, "CN=a");
	assert_int_equal(params.key_type, PSM_KEY_EC);
	assert_int_equal(params.key_bits, 384);
	assert_int_equal(params.format, PSM_REQUEST_PKCS10);
	assert_int_equal(params.key_usage, PSM_USAGE_DIGITAL_SIGNATURE |
	                                   PSM_USAGE_KEY_AGREEMENT);
	assert_int_equal(params.flags, PSM_REQUEST_UNEXTRACTABLE |
	                               PSM_REQUEST_CA);
	json_decref(json);
}

static void
test_request_subject_alone_gets_defaults(void **state)
{
	json_t *json = json_loads("{\"subject\": \"CN=a\"}", 0, NULL);
	struct psm_request_params params;
	const char *why;

	(void)state;
	assert_true(pj_read_request(json, &params, &why));
	assert_int_equal(params.key_type, PSM_KEY_RSA);
	assert_int_equal(params.key_bits, 0);
	assert_int_equal(params.format, PSM_REQUEST_CRMF);
	assert_int_equal(params.key_usage, 0);
	assert_int_equal(params.flags, 0);
	assert_null(params.token);
	json_decref(json);
}

static void
test_request_malformed_is_refused(void **state)
{
	static const char *const bad[] = {
		"[]", "{}", "{\"subject\": 7}",
		"{\"subject\": \"CN=a\", \"frob\": 1}",
		"{\"subject\": \"CN=a\", \"keyType\": \"dsa\"}",
		"{\"subject\": \"CN=a\", \"keyBits\": \"256\"}",
		"{\"subject\": \"CN=a\", \"keyBits\": -1}",
		"{\"subject\": \"CN=a\", \"format\": \"x509\"}",
		"{\"subject\": \"CN=a\", \"keyUsage\": \"digitalSignature\"}",
		"{\"subject\": \"CN=a\", \"keyUsage\": [\"frob\"]}",
		"{\"subject\": \"CN=a\", \"keyUsage\": [1]}",
		"{\"subject\": \"CN=a\", \"ca\": 1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *json = json_loads(bad[i], 0, NULL);
		struct psm_request_params params;
		const char *why = NULL;

		assert_non_null(json);
		assert_false(pj_read_request(json, &params, &why));
		assert_non_null(why);
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_invalid_utf8_is_repaired),
		cmocka_unit_test(test_base64_every_remainder_is_padded),
		cmocka_unit_test(test_time_is_rfc3339),
		cmocka_unit_test(test_cert_every_member_is_written),
		cmocka_unit_test(test_error_carries_name_and_js_string),
		cmocka_unit_test(test_request_complete_is_read),
		cmocka_unit_test(test_request_subject_alone_gets_defaults),
		cmocka_unit_test(test_request_malformed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_collect.c - the forms of CollectCCC's answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "psmd/collect.h"

#define PEM                                  \
	"-----BEGIN CERTIFICATE-----\nAQID\n" \
	"-----END CERTIFICATE-----\n"

static const char *
type_of(const struct reply *reply)
{
	assert_int_equal(reply->n_headers, 1);
	assert_string_equal(reply->headers[0].name, "Content-Type");
	return reply->headers[0].value;
}

static void
expect(const struct collect_form *form, const struct collect_answer *answer,
       const char *type, const char *body)
{
	struct reply reply = { 0 };

	collect_reply(form, answer, &reply);
	assert_int_equal(reply.status, answer->status);
	assert_string_equal(type_of(&reply), type);
	assert_string_equal(reply.body, body);
	assert_int_equal(reply.body_len, strlen(body));
	reply_clear(&reply);
}

static const struct collect_form script = { COLLECT_SCRIPT, NULL, NULL };

static void
test_callback_identifier_is_fine(void **state)
{
	static const char *const good[] = {
		"done", "_", "$", "installIEVistaCertificate", "a1_$", "Var",
		"classes", "g_cccx",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(collect_callback_is_fine(good[i]));
}

static void
test_callback_anything_else_is_not(void **state)
{
	static const char *const bad[] = {
		"", "1a", "a b", " a", "a ", "a.b", "a()", "a;b", "a\n", "a-b",
		"a[0]", "a\\u0062", "\xc3\xa4", "a\xe2\x80\xa8", "var", "eval",
		"null", "this", "await", "yield", "g_ccc", "g_errorCode",
		"</script>", "a//", "a<!--",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(collect_callback_is_fine(bad[i]));
}

static void
test_mime_goes_with_its_encoding_alone(void **state)
{
	(void)state;
	assert_true(collect_mime_is_fine("text/javascript", COLLECT_SCRIPT));
	assert_false(collect_mime_is_fine("text/javascript", COLLECT_TEXT));
	assert_true(collect_mime_is_fine("application/x-x509-user-cert",
	                                 COLLECT_TEXT));
	assert_false(collect_mime_is_fine("application/x-x509-user-cert",
	                                  COLLECT_SCRIPT));
	assert_false(collect_mime_is_fine("text/html", COLLECT_TEXT));
	assert_false(collect_mime_is_fine("text/html", COLLECT_SCRIPT));
	assert_false(collect_mime_is_fine("", COLLECT_TEXT));
	assert_false(collect_mime_is_fine("text/plain\r\nX: y", COLLECT_TEXT));
}

static void
test_text_has_code_and_what_is_attached(void **state)
{
	const struct collect_form plain = { COLLECT_TEXT, NULL, NULL };
	const struct collect_form typed = { COLLECT_TEXT, NULL,
		                            "application/x-x509-user-cert" };
	const struct collect_answer attached = { .code = COLLECT_ATTACHED,
		                                 .status = 200,
		                                 .text = PEM };
	const struct collect_answer available = { .code = COLLECT_AVAILABLE,
		                                  .status = 200 };

	(void)state;
	expect(&plain, &attached, "text/plain; charset=utf-8", "2\n" PEM);
	expect(&typed, &attached, "application/x-x509-user-cert", "2\n" PEM);
	expect(&typed, &available, "text/plain; charset=utf-8", "1\n");
}

static void
test_text_error_is_one_line(void **state)
{
	const struct collect_form form = { COLLECT_TEXT, "done", "text/plain" };
	const struct collect_answer answer = { .code = -4,
		                               .message = "a\r\nb\x7f""c",
		                               .status = 503 };

	(void)state;
	expect(&form, &answer, "text/plain; charset=utf-8", "-4\na  b c\n");
}

static void
test_binary_is_bare(void **state)
{
	static const char der[] = "0\0\x80";
	const struct collect_form form = { COLLECT_BINARY, NULL, NULL };
	const struct collect_answer answer = { .code = COLLECT_ATTACHED,
		                               .status = 200,
		                               .text = "MACA",
		                               .der = der,
		                               .der_len = 3,
		                               .type = "a/b" };
	struct reply reply = { 0 };

	(void)state;
	collect_reply(&form, &answer, &reply);
	assert_string_equal(type_of(&reply), "a/b");
	assert_int_equal(reply.body_len, 3);
	assert_memory_equal(reply.body, der, 3);
	reply_clear(&reply);
}

static void
test_binary_without_certificates_is_text(void **state)
{
	const struct collect_form form = { COLLECT_BINARY, NULL,
		                           "application/octet-stream" };
	const struct collect_answer answer = { .code = COLLECT_PROCESSING,
		                               .status = 200 };

	(void)state;
	expect(&form, &answer, "text/plain; charset=utf-8", "0\n");
}

static void
test_script_base64_has_no_armour(void **state)
{
	const struct collect_form form = { COLLECT_SCRIPT, "done",
		                           "text/javascript" };
	const struct collect_answer answer = {
		.code = COLLECT_ATTACHED,
		.status = 200,
		.text = "-----BEGIN PKCS7-----\nAQID\r\nBA/+\n"
			"-----END PKCS7-----\n",
		.armoured = true
	};

	(void)state;
	expect(&form, &answer, "text/javascript",
	       "var g_ccc = \"AQIDBA/+\";\nvar g_errorCode = 2;\n"
	       "var g_errorMessage = \"\";\ndone();\n");
}

static void
test_script_certificates_keep_theirs(void **state)
{
	const struct collect_answer answer = { .code = COLLECT_ATTACHED,
		                               .status = 200,
		                               .text = PEM };

	(void)state;
	expect(&script, &answer, "application/javascript",
	       "var g_ccc = \"-----BEGIN CERTIFICATE-----\\nAQID\\n"
	       "-----END CERTIFICATE-----\\n\";\nvar g_errorCode = 2;\n"
	       "var g_errorMessage = \"\";\n");
}

static void
test_script_error_is_a_string_whatever_it_says(void **state)
{
	const struct collect_answer answer = {
		.code = -20,
		.message = "\"';\\</script><!--\n&\xe2\x80\xa8\xf0\x9f\x92\xa9"
			   "\xff",
		.status = 200
	};

	(void)state;
	expect(&script, &answer, "application/javascript",
	       "var g_ccc = \"\";\nvar g_errorCode = -20;\n"
	       "var g_errorMessage = \"\\\"\\u0027;\\\\\\u003c/script"
	       "\\u003e\\u003c!--\\n\\u0026\\u2028\\uD83D\\uDCA9\\uFFFD\";\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callback_identifier_is_fine),
		cmocka_unit_test(test_callback_anything_else_is_not),
		cmocka_unit_test(test_mime_goes_with_its_encoding_alone),
		cmocka_unit_test(test_text_has_code_and_what_is_attached),
		cmocka_unit_test(test_text_error_is_one_line),
		cmocka_unit_test(test_binary_is_bare),
		cmocka_unit_test(test_binary_without_certificates_is_text),
		cmocka_unit_test(test_script_base64_has_no_armour),
		cmocka_unit_test(test_script_certificates_keep_theirs),
		cmocka_unit_test(
			test_script_error_is_a_string_whatever_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

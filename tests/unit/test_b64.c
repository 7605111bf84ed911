/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_b64.c - strict base64 and PEM armour. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define TEXT(s) { (s), sizeof(s) - 1 }

enum { NO_LIMIT = 1 << 30 };

static void
assert_decodes(const char *text, size_t len, const char *wanted)
{
	nu_auto_item der = { siBuffer, NULL, 0 };

	assert_int_equal(nu_b64_decode(text, len, NO_LIMIT, &der), SECSuccess);
	assert_int_equal(der.len, strlen(wanted));
	assert_memory_equal(der.data, wanted, der.len);
}

static void
assert_refused(const char *text, size_t len)
{
	SECItem der = { siBuffer, NULL, 0 };

	PORT_SetError(0);
	if (nu_b64_decode(text, len, NO_LIMIT, &der) == SECSuccess)
		print_message("accepted: %s\n", text);
	assert_null(der.data);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
}

static void
test_decode_rfc4648_vectors_accepted(void **state)
{
	static const struct {
		const char *text, *wanted;
	} all[] = {
		{ "Zg==", "f" },         { "Zm8=", "fo" },
		{ "Zm9v", "foo" },       { "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_decodes(all[i].text, strlen(all[i].text), all[i].wanted);
}

static void
test_decode_white_space_accepted(void **state)
{
	static const char *const all[] = {
		"Zm9vYmE=\n",  " Zm9vYmE=",   "Zm9v\r\nYmE=\r\n",
		"Z m 9 v Y m E =", "Zm9vYmE\n=", "\tZm9v\v\fYmE= \n",
		"Z\nm9vYmE=",  "Zm\n9vYmE=",  "Zm9\nvYmE=",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_decodes(all[i], strlen(all[i]), "fooba");
	assert_decodes("Zg=\n=", 5, "f");
}

static void
test_decode_anything_else_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} all[] = {
		TEXT(""),         TEXT(" \r\n"),     TEXT("Z"),
		TEXT("Zg"),       TEXT("Zg="),       TEXT("Zm8"),
		TEXT("Zm9vY"),    TEXT("="),         TEXT("===="),
		TEXT("Z==="),     TEXT("Zg==="),     TEXT("Zm9v="),
		TEXT("Zm9v===="), TEXT("Zg==Zg=="),  TEXT("Zg==\nZm9v"),
		TEXT("Z=g="),     TEXT("Zh=="),      TEXT("Zm9="),
		TEXT("Zm9v-"),    TEXT("Zm-v"),      TEXT("Zm_v"),
		TEXT("Zm9v\0"),   TEXT("\0Zm9v"),    TEXT("Zm\0v"),
		TEXT("Zm9v."),    TEXT("Z\xc3\xbcv"), TEXT("Zm9v\x80"),
		TEXT("Zm9v\xa0"), TEXT("%5A"),       TEXT("Zm9v\\n"),
		TEXT("Zm9v,"),    TEXT("\"Zm9v\""),  TEXT("Zm9v\x1b"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_refused(all[i].text, all[i].len);
}

/* Every octet but those of the alphabet and white space, at every place. */
static void
test_decode_any_foreign_octet_refused(void **state)
{
	static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
	                           "nopqrstuvwxyz0123456789+/ \t\n\v\f\r";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = "Zm9vYmFyZm9vYmFy";

		if (c != 0 && strchr(fine, c) != NULL)
			continue;
		for (size_t at = 0; at < sizeof text - 1; at++) {
			char was = text[at];

			text[at] = (char)c;
			if (c != '=' || at != sizeof text - 2)
				assert_refused(text, sizeof text - 1);
			text[at] = was;
		}
	}
}

static void
test_decode_stops_at_its_length(void **state)
{
	(void)state;
	assert_decodes("Zm9vYmFy", 4, "foo");
	assert_refused("Zm9vYmFy", 5);
}

static void
test_decode_over_limit_refused(void **state)
{
	SECItem der = { siBuffer, NULL, 0 };

	(void)state;
	assert_int_equal(nu_b64_decode("Zm9v", 4, 3, &der), SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_INPUT_LEN);
	assert_int_equal(nu_b64_decode("Zm9v", 4, 4, &der), SECSuccess);
	SECITEM_ZfreeItem(&der, PR_FALSE);
}

static void
test_decode_armour_accepted(void **state)
{
	static const char *const all[] = {
		"-----BEGIN X-----\nZm9v\n-----END X-----\n",
		"\r\n-----BEGIN A B-----\r\nZm\r\n9v\r\n-----END A B-----",
		"-----BEGIN X----- Zm9v -----END X----- ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_decodes(all[i], strlen(all[i]), "foo");
}

static void
test_decode_bad_armour_refused(void **state)
{
	static const char *const all[] = {
		"-----BEGIN X-----\nZm9v\n-----END Y-----\n",
		"-----BEGIN X-----\nZm9v\n-----END X----",
		"-----BEGIN X-----\nZm9v\n",
		"-----BEGIN X-----\n-----END X-----\n",
		"-----BEGIN X----\nZm9v\n-----END X-----\n",
		"-----BEGIN X\nZm9v\n-----END X-----\n",
		"-----BEGIN X-----Zm9v\n-----END X-----\n",
		"-----BEGIN X-----\nA: b\n\nZm9v\n-----END X-----\n",
		"-----BEGIN X-----\nZm9v\n-----END X-----\nZm9v",
		"-----BEGIN X-----\nZg\n-----END X-----\n",
		"Zm9v\n-----BEGIN X-----\nZm9v\n-----END X-----\n",
		"-----BEGIN X-----", "-----BEGIN ", "-----END X-----",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_refused(all[i], strlen(all[i]));
}

/* Lengths around a line's and around four's, and back. */
static void
test_encode_any_length_read_back(void **state)
{
	unsigned char data[200];

	(void)state;
	for (unsigned i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 7 + 3);
	for (unsigned len = 1; len <= sizeof data; len++) {
		SECItem der = { siBuffer, data, len };
		nu_auto_mem char *text = nu_b64_encode(&der);
		nu_auto_mem char *pem = nu_pem_encode("SOME THING", &der);
		nu_auto_item back = { siBuffer, NULL, 0 };
		nu_auto_item again = { siBuffer, NULL, 0 };

		assert_int_equal(strcspn(text, "\n"),
		                 len < 48 ? (len + 2) / 3 * 4 : 64);
		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_null(strstr(text, "\n\n"));
		assert_int_equal(nu_b64_decode(text, strlen(text), NO_LIMIT,
		                               &back), SECSuccess);
		assert_true(SECITEM_ItemsAreEqual(&back, &der));
		assert_int_equal(nu_b64_decode(pem, strlen(pem), NO_LIMIT,
		                               &again), SECSuccess);
		assert_true(SECITEM_ItemsAreEqual(&again, &der));
	}
}

static void
test_encode_nothing_is_empty(void **state)
{
	SECItem none = { siBuffer, NULL, 0 };
	nu_auto_mem char *text = nu_b64_encode(&none);

	(void)state;
	assert_string_equal(text, "");
}

/* Slow and fast path, whatever the line length. */
static void
test_decode_any_line_length_accepted(void **state)
{
	static const char b64[] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk";
	char text[3 * sizeof b64];

	(void)state;
	for (size_t line = 1; line < sizeof b64; line++) {
		size_t n = 0;

		for (size_t i = 0; i < sizeof b64 - 1; i++) {
			text[n++] = b64[i];
			if ((i + 1) % line == 0)
				text[n++] = '\r', text[n++] = '\n';
		}
		assert_decodes(text, n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcd");
	}
}

static void
test_pem_finds_the_labelled_block(void **state)
{
	static const char text[] = "Some words.\n"
	                           "-----BEGIN A-----\nZm9v\n-----END A-----\n"
	                           "more -----BEGIN B-----\n"
	                           "-----BEGIN B-----\nYmFy\n-----END B-----\n"
	                           "-----BEGIN A-----\nZm8=\n-----END A-----\n";
	nu_auto_item a = { siBuffer, NULL, 0 }, b = { siBuffer, NULL, 0 };
	SECItem none = { siBuffer, NULL, 0 };
	const char *rest = NULL;

	(void)state;
	assert_int_equal(nu_pem_decode(text, strlen(text), "B", &b, &rest),
	                 SECSuccess);
	assert_memory_equal(b.data, "bar", b.len);
	assert_int_equal(nu_pem_decode(rest, strlen(rest), NULL, &a, &rest),
	                 SECSuccess);
	assert_memory_equal(a.data, "fo", a.len);
	assert_string_equal(rest, "\n");
	PORT_SetError(0);
	assert_int_equal(nu_pem_decode(text, strlen(text), "C", &none, &rest),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
	assert_string_equal(rest, "\n");
	assert_null(none.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_rfc4648_vectors_accepted),
		cmocka_unit_test(test_decode_white_space_accepted),
		cmocka_unit_test(test_decode_anything_else_refused),
		cmocka_unit_test(test_decode_any_foreign_octet_refused),
		cmocka_unit_test(test_decode_stops_at_its_length),
		cmocka_unit_test(test_decode_over_limit_refused),
		cmocka_unit_test(test_decode_armour_accepted),
		cmocka_unit_test(test_decode_bad_armour_refused),
		cmocka_unit_test(test_encode_any_length_read_back),
		cmocka_unit_test(test_encode_nothing_is_empty),
		cmocka_unit_test(test_decode_any_line_length_accepted),
		cmocka_unit_test(test_pem_finds_the_labelled_block),
	};

	return cmocka_run_group_tests_name("b64", tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_text.c - lines and numbers that others write. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "psmd/text.h"

static void
test_line_by_table(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{ "a", true },
		{ "12345678", true },
		{ "123456789", false },
		{ " a b ", true },
		{ "\xc2\xa0\xc3\xa4\xe2\x80\xae", true },
		{ "", false },
		{ "a\n", false },
		{ "\ta", false },
		{ "\x01", false },
		{ "a\x1f", false },
		{ "a\x7f", false },
		{ "\xc2\x80", false },
		{ "a\xc2\x85z", false },
		{ "\xc2\x9f", false },
		{ "\xc2", false },
		{ "\xff", false },
		{ "\xed\xa0\x80", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (text_is_line(rows[i].text, 8) != rows[i].is)
			fail_msg("row %zu", i);
	assert_true(text_is_line("123456789", SIZE_MAX));
}

static void
test_number_by_table(void **state)
{
	static const struct {
		const char *text;
		int64_t number; /* 0: it is none */
	} rows[] = {
		{ "1", 1 },
		{ "000100000", 100000 },
		{ "999999999999999999", 999999999999999999 },
		{ "000000000000000007", 7 },
		{ "0000000000000000007", 0 },
		{ "1000000000000000000", 0 },
		{ "18446744073709551617", 0 },
		{ "0", 0 },
		{ "000000", 0 },
		{ "", 0 },
		{ "+1", 0 },
		{ "-1", 0 },
		{ " 1", 0 },
		{ "1 ", 0 },
		{ "1x", 0 },
		{ "0x1", 0 },
		{ "1e5", 0 },
		{ "\xd9\xa1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t number = -1;
		bool is = text_number(rows[i].text, &number);

		if (is != (rows[i].number != 0) ||
		    number != (is ? rows[i].number : -1))
			fail_msg("\"%s\"", rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_by_table),
		cmocka_unit_test(test_number_by_table),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_password.c - passwords made, hashed, compared; HA1; the digests. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "psmd/hash.h"
#include "psmd/password.h"

static int
setup(void **state)
{
	(void)state;
	return hash_open() && password_init() ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return hash_close() ? 0 : -1;
}

static void
test_hash_known_text_gives_its_digest(void **state)
{
	char hex[HASH_HEX_MAX];

	(void)state;
	assert_true(hash_hex(HASH_MD5, "abc", 3, hex));
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
	assert_true(hash_hex(HASH_SHA256, "abc", 3, hex));
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
	                         "b00361a396177a9cb410ff61f20015ad");
	assert_true(hash_hex(HASH_MD5, "", 0, hex));
	assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
}

static void
test_make_fills_and_differs(void **state)
{
	char a[32], b[32], small[8];

	(void)state;
	password_make(a, sizeof a);
	password_make(b, sizeof b);
	password_make(small, sizeof small);
	assert_int_equal(strlen(a), 20);
	assert_int_equal(strlen(small), 7);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "abcdefghijkmnpqrstuvwxyz23456789"), 20);
}

static void
test_set_fits_that_password_alone(void **state)
{
	struct account account = { .name = "admin" };

	(void)state;
	assert_true(password_set(&account, "hunter2", "psm", false));
	assert_false(account.has_digest);
	assert_string_equal(account.ha1_sha256, "");
	assert_true(password_fits(&account, "hunter2"));
	assert_int_equal(errno, 0);
	assert_false(password_fits(&account, "hunter"));
	assert_int_equal(errno, 0);
	assert_false(password_fits(&account, ""));
	assert_false(password_fits(NULL, "hunter2"));
	assert_int_equal(errno, 0);
}

/* RFC 7616, 3.9.1: the HA1 that gives its responses. */
static void
test_set_digest_keeps_ha1(void **state)
{
	struct account account = { .name = "Mufasa" };
	char hex[HASH_HEX_MAX];
	static const char text[] =
	        "Mufasa:http-auth@example.org:Circle of Life";

	(void)state;
	assert_true(password_set(&account, "Circle of Life",
	                         "http-auth@example.org", true));
	assert_true(account.has_digest);
	assert_true(hash_hex(HASH_SHA256, text, strlen(text), hex));
	assert_string_equal(account.ha1_sha256, hex);
	assert_string_equal(account.ha1_md5,
	                    "3d78807defe7de2157e2b0b6573a855f");
	assert_true(password_set(&account, "other", "psm", false));
	assert_false(account.has_digest);
	assert_string_equal(account.ha1_md5, "");
}

static void
test_set_too_long_is_refused(void **state)
{
	struct account account = { .name = "admin" };
	char longest[PASSWORD_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof longest);
	longest[PASSWORD_MAX + 1] = '\0';
	assert_false(password_set(&account, longest, "psm", true));
	longest[PASSWORD_MAX] = '\0';
	assert_true(password_set(&account, longest, "psm", true));
}

static void
test_outdated_hash_is_renewed(void **state)
{
	struct account account = { .name = "admin" };

	(void)state;
	assert_int_equal(crypto_pwhash_str(account.hash, "secret", 6,
	                                   crypto_pwhash_OPSLIMIT_MIN,
	                                   crypto_pwhash_MEMLIMIT_MIN), 0);
	assert_true(password_is_outdated(&account));
	assert_true(password_rehash(&account, "secret"));
	assert_false(password_is_outdated(&account));
	assert_true(password_fits(&account, "secret"));
}

static void
test_damaged_hash_fits_nothing(void **state)
{
	struct account account = { .name = "admin" };

	(void)state;
	assert_false(password_fits(&account, ""));
	strcpy(account.hash, "$argon2id$v=19$m=65536,t=2,p=1$broken");
	assert_false(password_fits(&account, ""));
}

/* Of several, the quickest: the machine may do other things. */
static double
quickest(const struct account *account)
{
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		struct timespec a, b;
		double took;

		assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a), 0);
		assert_false(password_fits(account, "wrong"));
		assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b), 0);
		took = (double)(b.tv_sec - a.tv_sec) +
		       (double)(b.tv_nsec - a.tv_nsec) / 1e9;
		if (took < best)
			best = took;
	}
	return best;
}

static void
test_nobody_takes_as_long_as_somebody(void **state)
{
	struct account account = { .name = "admin" };
	double somebody, nobody;

	(void)state;
	assert_true(password_set(&account, "right", "psm", false));
	somebody = quickest(&account);
	nobody = quickest(NULL);
	print_message("somebody %.1f ms, nobody %.1f ms\n", somebody * 1e3,
	              nobody * 1e3);
	assert_true(nobody > somebody / 2 && nobody < somebody * 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_known_text_gives_its_digest),
		cmocka_unit_test(test_make_fills_and_differs),
		cmocka_unit_test(test_set_fits_that_password_alone),
		cmocka_unit_test(test_set_digest_keeps_ha1),
		cmocka_unit_test(test_set_too_long_is_refused),
		cmocka_unit_test(test_outdated_hash_is_renewed),
		cmocka_unit_test(test_damaged_hash_fits_nothing),
		cmocka_unit_test(test_nobody_takes_as_long_as_somebody),
	};

	return cmocka_run_group_tests_name("password", tests, setup, teardown);
}

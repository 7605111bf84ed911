/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_key.c - whether two halves are one key, where others chose them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pk11pub.h>
#include <secerr.h>
#include <secport.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "tests/unit/fresh.h"

/* A size that nu_key_generate() does not make. */
static struct fresh_key
rsa_key(int bits)
{
	PK11RSAGenParams params = { bits, 65537 };
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	struct fresh_key key = { NULL, NULL };

	key.private = PK11_GenerateKeyPairWithOpFlags(
	        slot, CKM_RSA_PKCS_KEY_PAIR_GEN, &params, &key.public,
	        PK11_ATTR_SESSION | PK11_ATTR_INSENSITIVE | PK11_ATTR_PUBLIC, 0,
	        0, NULL);
	assert_non_null(key.private);
	return key;
}

static void
test_key_of_one_pair_proves_itself(void **state)
{
	struct fresh_key key = rsa_key(1024);

	(void)state;
	assert_true(nu_key_proves(key.private, key.public));
	fresh_key_free(&key);
}

static void
test_key_of_another_pair_proves_nothing(void **state)
{
	struct fresh_key key = rsa_key(1024), other = rsa_key(1024);

	(void)state;
	assert_false(nu_key_proves(key.private, other.public));
	fresh_key_free(&key);
	fresh_key_free(&other);
}

/* Where NSS says that it failed, and a length that no signature has. */
static void
test_key_too_short_to_sign_a_hash_proves_nothing(void **state)
{
	struct fresh_key key = rsa_key(256);

	(void)state;
	PORT_SetError(0);
	assert_false(nu_key_proves(key.private, key.public));
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_KEY);
	fresh_key_free(&key);
}

static int
setup(void **state)
{
	(void)state;
	fresh_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fresh_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_of_one_pair_proves_itself),
		cmocka_unit_test(test_key_of_another_pair_proves_nothing),
		cmocka_unit_test(
		        test_key_too_short_to_sign_a_hash_proves_nothing),
	};

	return cmocka_run_group_tests_name("keys", tests, setup, teardown);
}

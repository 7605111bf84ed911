/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_p12_others.c - PKCS#12 files that others write, and what is wrong with
 * them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/p12_files.h"

/* --- helpers ------------------------------------------------------------- */

static void
assert_opens(const struct fixture *fx, const char *name, const char *password,
             size_t n_certs, size_t n_keys)
{
	nu_auto_item file = { siBuffer, NULL, 0 };
	struct nu_p12 *p12;

	read_file(fx, name, &file);
	p12 = must_open(&file, password, NULL);
	assert_int_equal(assert_keys(p12, n_certs, NULL), n_keys);
	nu_p12_free(p12);
}

/* --- what others write --------------------------------------------------- */

static const struct made {
	const char *tool, *command, *password;
	size_t n_certs, n_keys;
} made[] = {
	{ "openssl", EXPORT "-in rsa.pem -inkey rsa.key -certfile ca.pem",
	  PASSWORD, 2, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -certfile ca.pem -legacy",
	  PASSWORD, 2, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -certpbe NONE", PASSWORD,
	  1, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -keypbe NONE", PASSWORD,
	  1, 1 },
	{ "openssl",
	  EXPORT "-in rsa.pem -inkey rsa.key -certpbe NONE -keypbe NONE",
	  PASSWORD, 1, 1 },
	{ "openssl",
	  EXPORT "-in ec.pem -inkey ec.key -macalg sha512 -certpbe AES-128-CBC "
	         "-keypbe AES-192-CBC",
	  PASSWORD, 1, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -macalg sha384", PASSWORD,
	  1, 1 },
	{ "openssl", EXPORT "-nokeys -in ca.pem", PASSWORD, 1, 0 },
	{ "openssl",
	  "openssl pkcs12 -export -in ec.pem -inkey ec.key -passout pass:", "",
	  1, 1 },
	{ "pk12util", "pk12util -n nick -d sql:theirs -W \"$PW\" -o", PASSWORD,
	  2, 1 },
	{ "pk12util",
	  "pk12util -n nick -d sql:theirs -W \"$PW\" -C none -M SHA-1 "
	  "-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -o",
	  PASSWORD, 2, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey rsa.key --load-certificate rsa.pem "
	  "--load-ca-certificate ca.pem --p12-name n --password \"$PW\" "
	  "--outder --outfile",
	  PASSWORD, 2, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey ec.key --load-certificate ec.pem "
	  "--p12-name n --password \"$PW\" --pkcs-cipher rc2-40 --outder "
	  "--outfile",
	  PASSWORD, 1, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey ec.key --load-certificate ec.pem "
	  "--p12-name n --null-password --outder --outfile",
	  "", 1, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey ec.key --load-certificate ec.pem "
	  "--p12-name n --empty-password --outder --outfile",
	  "", 1, 1 },
	{ "keytool",
	  "keytool -genkeypair -alias n -keyalg EC -dname CN=n -storetype "
	  "PKCS12 -storepass 'plain ASCII' -keystore",
	  "plain ASCII", 1, 1 },
};

static void
test_p12_files_of_others_open(void **state)
{
	const struct fixture *fx = *state;
	char command[1024];

	must_shell(fx, EXPORT "-in rsa.pem -inkey rsa.key -certfile ca.pem "
	                      "-name nick -out nick.p12 && mkdir theirs && "
	                      "certutil -N -d sql:theirs --empty-password && "
	                      "pk12util -i nick.p12 -d sql:theirs -W \"$PW\"");
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		const struct made *m = &made[i];

		if (!have(fx, m->tool))
			continue;
		snprintf(command, sizeof command,
		         "rm -f made.p12; %s%s made.p12", m->command,
		         strcmp(m->tool, "openssl") == 0 ? " -out" : "");
		must_shell(fx, command);
		print_message("%s\n", command);
		assert_opens(fx, "made.p12", m->password, m->n_certs,
		             m->n_keys);
	}
}

/* --- what is wrong with a file ------------------------------------------- */

static void
test_p12_wrong_password_is_told_from_damage(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	assert_int_equal(try(&file, PASSWORD), NU_P12_GOOD);
	assert_int_equal(try(&file, "wrong"), NU_P12_PASSWORD);
	assert_int_equal(try(&file, ""), NU_P12_PASSWORD);
	assert_int_equal(try(&file, "\xff"), NU_P12_PASSWORD);
	file.data[file.len - 20] ^= 1; /* MAC or its salt */
	assert_refused(&file, PASSWORD, NU_P12_DAMAGED, "parts of it");
	assert_int_equal(try(&file, "wrong"), NU_P12_PASSWORD);
}

static void
test_p12_any_changed_byte_is_damage_not_password(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x20, 0x80 };
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	for (size_t k = 0; k < sizeof masks * file.len; k++) {
		unsigned char *byte = &file.data[k / sizeof masks];
		unsigned char mask = masks[k % sizeof masks];
		enum nu_p12_verdict verdict;

		*byte ^= mask;
		verdict = try(&file, PASSWORD);
		*byte ^= mask;
		if (verdict != NU_P12_DAMAGED && verdict != NU_P12_UNSUPPORTED)
			fail_msg("byte %zu ^ %02x: verdict %d",
			         k / sizeof masks, mask, verdict);
	}
}

static void
test_p12_any_cut_is_damage(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	while (file.len-- > 0)
		assert_int_equal(try(&file, PASSWORD), NU_P12_DAMAGED);
	file.len = 0;
}

static void
open_hostile(const struct hostile *variant, void *arg)
{
	const struct fixture *fx = arg;
	struct nu_p12 *p12 = NULL;
	const char *why;

	if (nu_p12_open(&variant->der, PASSWORD, NULL, &p12, &why) !=
	    NU_P12_GOOD)
		return;
	assert_int_equal(nu_p12_count(p12), 1); /* BER of the same */
	assert_true(SECITEM_ItemsAreEqual(&nu_p12_cert_at(p12, 0)->der,
	                                  &fx->ec.cert->derCert));
	nu_p12_free(p12);
}

static void
test_p12_hostile_variants_are_refused_or_mean_the_same(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	assert_true(hostile_each(&file, open_hostile, *state) > 100);
}

static void
test_p12_other_files_are_no_pkcs12(void **state)
{
	static const char *const names[] = { "ca.pem", "ec.key",
		                             "db/cert9.db" };
	SECItem empty = { siBuffer, NULL, 0 };

	assert_int_equal(try(&empty, PASSWORD), NU_P12_DAMAGED);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		nu_auto_item file = { siBuffer, NULL, 0 };

		read_file(*state, names[i], &file);
		assert_refused(&file, PASSWORD, NU_P12_DAMAGED, "not a PKCS");
	}
}

static void
test_p12_without_mac_is_unsupported(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	must_shell(*state, EXPORT "-nomac -in ec.pem -inkey ec.key -out n.p12");
	read_file(*state, "n.p12", &file);
	assert_refused(&file, PASSWORD, NU_P12_UNSUPPORTED, "carries no MAC");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_p12_files_of_others_open),
		cmocka_unit_test(test_p12_wrong_password_is_told_from_damage),
		cmocka_unit_test(
			test_p12_any_changed_byte_is_damage_not_password),
		cmocka_unit_test(test_p12_any_cut_is_damage),
		cmocka_unit_test(
			test_p12_hostile_variants_are_refused_or_mean_the_same),
		cmocka_unit_test(test_p12_other_files_are_no_pkcs12),
		cmocka_unit_test(test_p12_without_mac_is_unsupported),
	};

	return cmocka_run_group_tests(tests, p12_setup, p12_teardown);
}

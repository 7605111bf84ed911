/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_p12_made.c - PKCS#12 files made by hand: what is odd, or absurd, and
 * PBMAC1. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <cert.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "tests/unit/p12_files.h"
#include "tests/unit/p12_made.h"

/* --- files of our own making --------------------------------------------- */

/* EncryptedData that nothing opens, under PKCS#12's 3DES. */
static SECItem *
make_unopenable(PLArenaPool *a, long iterations)
{
	SECItem *params =
		nu_der_make(a, NU_SEQUENCE,
	                    nu_der_make_octets(a, NU_OCTET_STRING, "salt", 4),
	                    nu_der_make_long(a, iterations));
	SECOidTag pbe = SEC_OID_PKCS12_V2_PBE_WITH_SHA1_AND_3KEY_TRIPLE_DES_CBC;
	SECItem *algorithm =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, pbe), params);
	SECItem *content = nu_der_make(
		a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS7_DATA), algorithm,
		nu_der_make_octets(a, NU_CONTEXT(0), "16 octets of none", 16));

	return make_typed(
		a, SEC_OID_PKCS7_ENCRYPTED_DATA,
		nu_der_make(a, NU_SEQUENCE, nu_der_make_long(a, 0), content));
}

static void
test_p12_second_password_inside_is_unsupported(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *safes =
		nu_der_make(arena, NU_SEQUENCE, make_unopenable(arena, 1));

	(void)state;
	assert_refused(make_file(arena, safes, PASSWORD), PASSWORD,
	               NU_P12_UNSUPPORTED, "second password");
}

/* A certificate in SafeContents in SafeContents, this deep. */
static SECItem *
make_nested_file(PLArenaPool *arena, const CERTCertificate *cert,
                 unsigned depth)
{
	SECItem *contents =
		nu_der_make(arena, NU_SEQUENCE, make_cert_bag(arena, cert));

	while (depth-- > 0)
		contents = nu_der_make(
			arena, NU_SEQUENCE,
			make_typed(arena,
		                   SEC_OID_PKCS12_V1_SAFE_CONTENTS_BAG_ID,
		                   contents));
	return make_plain_file(arena, contents, PASSWORD);
}

static void
test_p12_nested_safes_open_to_a_depth(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *deep = make_nested_file(arena, fx->ca.cert, 1000);
	SECItem *file = make_nested_file(arena, fx->ca.cert, 3);
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
	assert_refused(deep, PASSWORD, NU_P12_UNSUPPORTED, "nested");
}

static void
test_p12_unknown_bags_are_skipped(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *file = make_plain_file(
		arena,
		nu_der_make(arena, NU_SEQUENCE,
	                    make_typed(arena, SEC_OID_PKCS12_V1_CRL_BAG_ID,
	                               nu_der_make_long(arena, 1)),
	                    make_typed(arena, SEC_OID_AVA_COMMON_NAME,
	                               nu_der_make_long(arena, 1)),
	                    make_cert_bag(arena, fx->ca.cert),
	                    make_cert_bag(arena, fx->ca.cert)),
		PASSWORD);
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
}

/* rsa's certificate with the keys of these files; the last is NULL. */
static SECItem *
make_file_of_keys(const struct fixture *fx, PLArenaPool *arena,
                  const char *const names[])
{
	const SECItem *bags[4] = { make_cert_bag(arena, fx->rsa.cert) };
	size_t n = 1;

	for (; names[n - 1] != NULL; n++) {
		nu_auto_item info = { siBuffer, NULL, 0 };

		assert_int_equal(shell(fx, "openssl pkcs8 -topk8 -nocrypt "
		                       "-in %s -outform DER -out info",
		                       names[n - 1]), 0);
		read_file(fx, "info", &info);
		bags[n] = make_typed(arena, SEC_OID_PKCS12_V1_KEY_BAG_ID,
		                     SECITEM_ArenaDupItem(arena, &info));
	}
	return make_plain_file(
		arena, nu_der_wrap(arena, NU_SEQUENCE, bags, n), PASSWORD);
}

static void
assert_stray_keys(const struct fixture *fx, const char *const names[],
                  size_t n_stray)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *file = make_file_of_keys(fx, arena, names);
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(nu_p12_count(p12), 1);
	assert_int_equal(nu_p12_stray_keys(p12), n_stray);
	nu_p12_free(p12);
}

static void
test_p12_keys_without_their_certificate_are_counted(void **state)
{
	assert_stray_keys(*state, (const char *[]){ "ec.key", NULL }, 1);
	assert_stray_keys(*state,
	                  (const char *[]){ "rsa.key", "ec.key", NULL }, 1);
}

static void
test_p12_key_given_twice_is_one(void **state)
{
	assert_stray_keys(*state,
	                  (const char *[]){ "rsa.key", "rsa.key", NULL }, 0);
}

static void
test_p12_absurd_iterations_are_not_computed(void **state)
{
	static const struct {
		long iterations;
		enum nu_p12_verdict verdict;
		const char *says;
	} cases[] = {
		{ 2000000000, NU_P12_UNSUPPORTED, "iterations" },
		{ 9000000000000, NU_P12_UNSUPPORTED, "iterations" },
		{ 0, NU_P12_DAMAGED, "damaged" },
		{ -5, NU_P12_DAMAGED, "damaged" },
	};
	nu_auto(PLArenaPool) a = PORT_NewArena(2048);
	SECItem *none = nu_der_make_octets(a, NU_SEQUENCE, NULL, 0);
	SECItem *algorithm =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_SHA256));
	SECItem salt = { siBuffer, (void *)"salt", 4 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long n = cases[i].iterations;
		SECItem *safes =
			nu_der_make(a, NU_SEQUENCE, make_unopenable(a, n));

		assert_refused(make_pfx(a, none, algorithm, &salt, &salt, n),
		               PASSWORD, cases[i].verdict, cases[i].says);
		assert_refused(make_file(a, safes, PASSWORD), PASSWORD,
		               cases[i].verdict, cases[i].says);
	}
}

/* Each part may pass, but not all of them. */
static void
test_p12_many_iterations_in_all_are_not_computed(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(2048);
	SECItem *one = make_unopenable(a, 10000000);
	const SECItem *const parts[] = { one, one, one, one, one, one,
		                         one, one, one, one, one };
	SECItem *safes = nu_der_wrap(a, NU_SEQUENCE, parts,
	                             sizeof parts / sizeof *parts);
	SECItem salt = { siBuffer, (void *)"salt", 4 };
	SECItem *algorithm =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_SHA256));

	(void)state;
	assert_refused(make_pfx(a, safes, algorithm, &salt, &salt, 1), PASSWORD,
	               NU_P12_UNSUPPORTED, "in all");
}

/* Of so many keys and certificates, nothing of which belongs together. */
static SECItem *
make_strange_file(PLArenaPool *a, size_t n_keys, size_t n_certs)
{
	const SECItem **bags =
		PORT_ArenaZNewArray(a, const SECItem *, n_keys + n_certs);

	assert_non_null(bags);
	for (size_t i = 0; i < n_keys; i++)
		bags[i] = make_typed(a, SEC_OID_PKCS12_V1_KEY_BAG_ID,
		                     nu_der_make_long(a, 1));
	for (size_t i = 0; i < n_certs; i++) {
		CERTCertificate cert = {
			.derCert = *nu_der_make_long(a, (long)i)
		};

		bags[n_keys + i] = make_cert_bag(a, &cert);
	}
	return make_plain_file(
		a, nu_der_wrap(a, NU_SEQUENCE, bags, n_keys + n_certs),
		PASSWORD);
}

/* Each would be tried with each, for hours. */
static void
test_p12_many_keys_of_nobody_are_not_tried(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(2048);
	struct nu_p12 *p12 =
		must_open(make_strange_file(a, 100, 100), PASSWORD, NULL);

	(void)state;
	assert_int_equal(nu_p12_stray_keys(p12), 100);
	nu_p12_free(p12);
	assert_refused(make_strange_file(a, 101, 100), PASSWORD,
	               NU_P12_UNSUPPORTED, "too many keys");
}

/* NSS would read 16 octets of an AES IV that has fewer. */
static void
test_p12_short_iv_is_unsupported(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };
	static const unsigned char aes[] = { 0x01, 0x2a, 0x04, 0x10 };
	unsigned char *p;

	read_file(*state, "small.p12", &file);
	for (p = file.data; memcmp(p, aes, sizeof aes) != 0; p++)
		assert_true(p + sizeof aes < file.data + file.len);
	p[2] = 0x30; /* a SEQUENCE of a NULL and an OCTET STRING of 12 */
	p[4] = NU_NULL;
	p[5] = 0;
	p[6] = NU_OCTET_STRING;
	p[7] = 12;
	assert_int_equal(try(&file, PASSWORD), NU_P12_UNSUPPORTED);
	p[2] = NU_OCTET_STRING;
	p[3] = 0;
	assert_int_not_equal(try(&file, PASSWORD), NU_P12_GOOD);
}

/* --- PBMAC1 (RFC 9579) --------------------------------------------------- */

#define SALT "0123456789abcdef"

/* PBMAC1 of PBKDF2 with HMAC-SHA-256 for both; key_length 0: not given. */
static SECItem *
make_pbmac1(PLArenaPool *a, long iterations, long key_length)
{
	SECItem *hmac =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_HMAC_SHA256));
	SECItem *length =
		key_length != 0 ? nu_der_make_long(a, key_length) : NULL;
	SECItem *params =
		nu_der_make(a, NU_SEQUENCE,
	                    nu_der_make_octets(a, NU_OCTET_STRING, SALT, 16),
	                    nu_der_make_long(a, iterations), length, hmac);
	SECItem *kdf = nu_der_make(a, NU_SEQUENCE,
	                           make_oid(a, SEC_OID_PKCS5_PBKDF2), params);

	return nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS5_PBMAC1),
	                   nu_der_make(a, NU_SEQUENCE, kdf, hmac));
}

/* openssl computes the MAC, so this is not our word against ours. */
static void
openssl_mac(const struct fixture *fx, const SECItem *data, int key_length,
            SECItem *ret_mac)
{
	write_file(fx, "safes", data);
	assert_int_equal(
		shell(fx,
	              "openssl kdf -keylen %d -kdfopt digest:SHA256 -kdfopt "
	              "pass:\"$PW\" -kdfopt salt:%s -kdfopt iter:10 -binary "
	              "-out key PBKDF2 && openssl mac -digest SHA256 -macopt "
	              "hexkey:$(od -An -v -tx1 key | tr -d ' \\n') -in safes "
	              "-binary -out mac HMAC",
	              key_length, SALT),
		0);
	read_file(fx, "mac", ret_mac);
	assert_int_equal(ret_mac->len, 32);
}

static SECItem *
make_pbmac1_file(const struct fixture *fx, PLArenaPool *arena, long iterations,
                 long key_length, int true_length)
{
	SECItem *contents = nu_der_make(arena, NU_SEQUENCE,
	                                make_cert_bag(arena, fx->ca.cert));
	SECItem *safes =
		nu_der_make(arena, NU_SEQUENCE, make_data(arena, contents));
	SECItem ignored = { siBuffer, (void *)"NOT USED", 8 };
	nu_auto_item mac = { siBuffer, NULL, 0 };

	openssl_mac(fx, safes, true_length, &mac);
	return make_pfx(arena, safes,
	                make_pbmac1(arena, iterations, key_length), &mac,
	                &ignored, 1);
}

static void
test_p12_pbmac1_opens(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *file = make_pbmac1_file(fx, arena, 10, 32, 32);
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
	assert_int_equal(try(file, "wrong"), NU_P12_PASSWORD);
}

/* RFC 9579, A.6, and a key so short that any password might do. */
static void
test_p12_pbmac1_with_bad_key_length_is_unsupported(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);

	assert_refused(make_pbmac1_file(fx, arena, 10, 0, 32), PASSWORD,
	               NU_P12_UNSUPPORTED, "PBMAC1");
	assert_refused(make_pbmac1_file(fx, arena, 10, 1, 1), PASSWORD,
	               NU_P12_UNSUPPORTED, "PBMAC1");
	assert_refused(make_pbmac1_file(fx, arena, 10, 100000, 32), PASSWORD,
	               NU_P12_UNSUPPORTED, "PBMAC1");
	assert_refused(make_pbmac1_file(fx, arena, 20000000, 32, 32), PASSWORD,
	               NU_P12_UNSUPPORTED, "iterations");
}

/* A good file whose digestAlgorithm alone is renamed. */
static void
test_p12_pbmac1_without_parameters_is_unsupported(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *safes = nu_der_make(
		arena, NU_SEQUENCE,
		make_data(arena,
	                  nu_der_make(arena, NU_SEQUENCE,
	                              make_cert_bag(arena, fx->ca.cert))));
	SECItem salt = { siBuffer, (void *)"salt", 4 };
	SECItem *algorithm = nu_der_make(arena, NU_SEQUENCE,
	                                 make_oid(arena, SEC_OID_PKCS5_PBMAC1));

	assert_refused(make_pfx(arena, safes, algorithm, &salt, &salt, 1),
	               PASSWORD, NU_P12_UNSUPPORTED, "PBMAC1 (RFC 9579)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_p12_second_password_inside_is_unsupported),
		cmocka_unit_test(test_p12_nested_safes_open_to_a_depth),
		cmocka_unit_test(test_p12_unknown_bags_are_skipped),
		cmocka_unit_test(
			test_p12_keys_without_their_certificate_are_counted),
		cmocka_unit_test(test_p12_key_given_twice_is_one),
		cmocka_unit_test(test_p12_absurd_iterations_are_not_computed),
		cmocka_unit_test(
			test_p12_many_iterations_in_all_are_not_computed),
		cmocka_unit_test(test_p12_many_keys_of_nobody_are_not_tried),
		cmocka_unit_test(test_p12_short_iv_is_unsupported),
		cmocka_unit_test(test_p12_pbmac1_opens),
		cmocka_unit_test(
			test_p12_pbmac1_with_bad_key_length_is_unsupported),
		cmocka_unit_test(
			test_p12_pbmac1_without_parameters_is_unsupported),
	};

	return cmocka_run_group_tests(tests, p12_setup, p12_teardown);
}

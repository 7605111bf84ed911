/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkimessage_made.c - CMP messages made by hand: each field, and each way
 * to protect one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <prerror.h>
#include <secerr.h>

#include "tests/unit/cmp_files.h"

static void
assert_refused(const SECItem *der, PRErrorCode why)
{
	struct nu_pkimessage *message = NULL;

	PORT_SetError(0);
	assert_int_equal(nu_pkimessage_decode(der, MAX, &message), SECFailure);
	assert_int_equal(PORT_GetError(), why);
	assert_null(message);
}

/* --- by hand ------------------------------------------------------------- */

/* What a message is made of; what is NULL is left out. */
struct parts {
	long version;
	const SECItem *fields[16]; /* of the header, behind the recipient */
	unsigned char choice;      /* the body's tag */
	const SECItem *body, *protection, *extra;
};

static SECItem *
make_header(PLArenaPool *arena, const struct parts *p)
{
	SECItem *name = explicit(arena, 4, nu_der_make(arena, NU_SEQUENCE,
	                                               NULL));
	const SECItem *all[3 + COUNT(p->fields)] = {
		nu_der_make_long(arena, p->version != 0 ? p->version : 2),
		name, name
	};

	memcpy(all + 3, p->fields, sizeof p->fields);
	return nu_der_wrap(arena, NU_SEQUENCE, all, COUNT(all));
}

static SECItem *
make_part(PLArenaPool *arena, const struct parts *p)
{
	SECItem *body = nu_der_make(
	        arena, p->choice != 0 ? p->choice : NU_CONTEXT_CONSTRUCTED(19),
	        p->body != NULL ? p->body : &nothing);

	return nu_der_make(arena, NU_SEQUENCE, make_header(arena, p), body);
}

static SECItem *
make_message(PLArenaPool *arena, const struct parts *p)
{
	SECItem *part = make_part(arena, p);
	struct nu_der r;
	struct nu_tlv header, body;

	assert_non_null(part);
	assert_int_equal(nu_der_only(part, NU_SEQUENCE, &r), SECSuccess);
	assert_int_equal(nu_der_any(&r, &header), SECSuccess);
	assert_int_equal(nu_der_any(&r, &body), SECSuccess);
	return nu_der_make(
	        arena, NU_SEQUENCE, &header.whole, &body.whole,
	        p->protection != NULL ? explicit(arena, 0, p->protection)
	                              : NULL,
	        p->extra != NULL ? explicit(arena, 1, p->extra) : NULL);
}

/* [1] protectionAlg by a hash, a count and a MAC. */
static SECItem *
make_pbm(PLArenaPool *arena, SECOidTag hash, long iterations, SECOidTag mac)
{
	static const char oid[] = "\x2a\x86\x48\x86\xf6\x7d\x07\x42\x0d";
	SECItem *params = nu_der_make(
	        arena, NU_SEQUENCE, octets(arena, "salt"),
	        algorithm(arena, hash, NULL),
	        nu_der_make_long(arena, iterations),
	        algorithm(arena, mac, NULL));

	return explicit(arena, 1,
	                nu_der_make(arena, NU_SEQUENCE,
	                            nu_der_make_text(arena, NU_OID, oid),
	                            params));
}

static SECItem *
make_bits(PLArenaPool *arena, const char *text, unsigned len)
{
	SECItem bits = { siBuffer, (unsigned char *)(uintptr_t)text, len };

	return nu_der_make_bits(arena, &bits);
}

static void
test_decode_every_header_field_is_read_in_order(void **state)
{
	PLArenaPool *a = *state;
	SECItem *text = nu_der_make_text(a, NU_UTF8_STRING, "grüß Gott");
	SECItem *info = algorithm(a, SEC_OID_PKCS7_DATA, &nothing);
	struct parts p = { .fields = {
		explicit(a, 0, nu_der_make_text(a, 0x18, "20260101000000Z")),
		explicit(a, 1, algorithm(a, SEC_OID_SHA1, NULL)),
		explicit(a, 2, octets(a, "sender")),
		explicit(a, 3, octets(a, "recipient")),
		explicit(a, 4, octets(a, "transaction")),
		explicit(a, 5, octets(a, "nonce")),
		explicit(a, 6, octets(a, "nonce")),
		explicit(a, 7, make_list(a, text, 3)),
		explicit(a, 8, make_list(a, info, 100)),
	}, .protection = make_bits(a, "bits", 4) };
	SECItem *der = make_message(a, &p);
	const SECItem *swap = p.fields[2];
	auto_message message = must_decode(der);
	size_t end = der->len;

	assert_int_equal(message->body_type, 19);
	assert_int_equal(message->protection.len, 4);
	assert_true(hostile_each(der, refuse_variant, &end) > 500);
	p.fields[2] = p.fields[3];
	p.fields[3] = swap;
	assert_refused(make_message(a, &p), SEC_ERROR_BAD_DER);
}

static void
test_decode_a_bad_header_field_is_refused(void **state)
{
	PLArenaPool *a = *state;
	SECItem *text = nu_der_make_text(a, NU_UTF8_STRING, "x");
	SECItem *bad_text = nu_der_make_text(a, NU_UTF8_STRING, "\xff");
	SECItem *info = algorithm(a, SEC_OID_PKCS7_DATA, NULL);
	SECItem *longer = nu_der_make_octets(
	        a, NU_OCTET_STRING, PORT_ArenaZAlloc(a, 1025), 1025);
	const struct {
		const SECItem *field;
		PRErrorCode why;
	} cases[] = {
		{ &nothing, SEC_ERROR_BAD_DER },
		{ explicit(a, 0, octets(a, "time")), SEC_ERROR_BAD_DER },
		{ explicit(a, 2, longer), SEC_ERROR_BAD_DER },
		{ explicit(a, 4, text), SEC_ERROR_BAD_DER },
		{ explicit(a, 7, make_list(a, text, 0)), SEC_ERROR_BAD_DER },
		{ explicit(a, 7, make_list(a, bad_text, 1)),
		  SEC_ERROR_BAD_DER },
		{ explicit(a, 7, make_list(a, text, 65)),
		  SEC_ERROR_INPUT_LEN },
		{ explicit(a, 8, make_list(a, info, 101)),
		  SEC_ERROR_INPUT_LEN },
		{ explicit(a, 8, make_list(a, text, 1)), SEC_ERROR_BAD_DER },
		{ explicit(a, 9, text), SEC_ERROR_BAD_DER },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parts p = { .fields = { cases[i].field } };

		assert_refused(make_message(a, &p), cases[i].why);
	}
}

static void
test_decode_versions_1_to_3_alone_are_read(void **state)
{
	for (long version = -1; version < 6; version++) {
		struct parts p = { .version = version };
		SECItem *der = make_message(*state, &p);

		if (version == 0)
			continue; /* stands for the default here */
		if (version < 1 || version > 3)
			assert_refused(der, SEC_ERROR_BAD_DER);
		else
			nu_pkimessage_free(must_decode(der));
	}
}

static void
test_decode_protection_and_its_algorithm_come_together(void **state)
{
	PLArenaPool *a = *state;
	struct parts p = { .protection = make_bits(a, "bits", 4) };

	assert_refused(make_message(a, &p), SEC_ERROR_BAD_DER);
	p.protection = NULL;
	p.fields[0] = make_pbm(a, SEC_OID_SHA1, 500, SEC_OID_HMAC_SHA1);
	assert_refused(make_message(a, &p), SEC_ERROR_BAD_DER);
}

static void
test_decode_body_is_one_element_of_a_choice(void **state)
{
	static const unsigned char bad[] = { NU_SEQUENCE, NU_CONTEXT(1), 0x61,
		                             0xe1, NU_OCTET_STRING };
	PLArenaPool *a = *state;
	SECItem *two = nu_der_make_octets(a, NU_CONTEXT_CONSTRUCTED(1),
	                                  "\x05\0\x05", 4);
	struct parts p = { .choice = 0 };

	for (size_t i = 0; i < COUNT(bad); i++) {
		p.choice = bad[i];
		assert_refused(make_message(a, &p), SEC_ERROR_BAD_DER);
	}
	p.choice = NU_CONTEXT_CONSTRUCTED(1);
	p.body = &(SECItem){ siBuffer, two->data + 2, 4 };
	assert_refused(make_message(a, &p), SEC_ERROR_BAD_DER);
}

static void
test_decode_extra_certs_are_certificates_and_few(void **state)
{
	PLArenaPool *a = *state;
	SECItem *cert = must_read(a, "ca.cert");
	struct parts p = { .extra = make_list(a, cert, 100) };
	auto_message message = must_decode(make_message(a, &p));

	assert_int_equal(message->n_extra_certs, 100);
	assert_true(SECITEM_ItemsAreEqual(&message->extra_certs[99], cert));
	p.extra = make_list(a, cert, 101);
	assert_refused(make_message(a, &p), SEC_ERROR_INPUT_LEN);
	p.extra = make_list(a, octets(a, "cert"), 1);
	assert_refused(make_message(a, &p), SEC_ERROR_BAD_DER);
}

static void
assert_verdict(PLArenaPool *arena, const SECItem *alg, PRErrorCode why)
{
	struct parts p = { .fields = { alg },
		           .protection = make_bits(arena, "bits", 4) };
	auto_message message = must_decode(make_message(arena, &p));

	PORT_SetError(0);
	assert_int_equal(nu_pkimessage_verify_secret(message, "word"),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), why);
}

static void
test_verify_secret_iterations_have_bounds(void **state)
{
	static const struct {
		long iterations;
		PRErrorCode why;
	} cases[] = {
		{ -1, SEC_ERROR_INVALID_ALGORITHM },
		{ 0, SEC_ERROR_INVALID_ALGORITHM },
		{ 99, SEC_ERROR_INVALID_ALGORITHM },
		{ 100, SEC_ERROR_BAD_SIGNATURE },
		{ 100000, SEC_ERROR_BAD_SIGNATURE },
		{ 100001, SEC_ERROR_INVALID_ALGORITHM },
		{ 1L << 62, SEC_ERROR_INVALID_ALGORITHM },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_verdict(*state,
		               make_pbm(*state, SEC_OID_SHA256,
		                        cases[i].iterations,
		                        SEC_OID_HMAC_SHA256),
		               cases[i].why);
}

static void
test_verify_secret_unknown_algorithms_are_told(void **state)
{
	PLArenaPool *a = *state;

	assert_verdict(a, make_pbm(a, SEC_OID_MD5, 500, SEC_OID_HMAC_SHA1),
	               SEC_ERROR_INVALID_ALGORITHM);
	assert_verdict(a, make_pbm(a, SEC_OID_SHA1, 500, SEC_OID_HMAC_MD5),
	               SEC_ERROR_INVALID_ALGORITHM);
	assert_verdict(a, explicit(a, 1, algorithm(a, SEC_OID_SHA1, NULL)),
	               SEC_ERROR_INVALID_ALGORITHM);
	assert_verdict(a, explicit(a, 1, algorithm(a, SEC_OID_PKCS5_PBMAC1,
	                                           &nothing)),
	               SEC_ERROR_INVALID_ALGORITHM);
}

/* --- PBMAC1, with OpenSSL's PBKDF2 and HMAC as the oracle ---------------- */

static SECItem *
make_pbmac1(PLArenaPool *a, long iterations)
{
	SECItem *kdf = nu_der_make(
	        a, NU_SEQUENCE, octets(a, "salt"),
	        nu_der_make_long(a, iterations), nu_der_make_long(a, 32),
	        algorithm(a, SEC_OID_HMAC_SHA512, &nothing));
	SECItem *params = nu_der_make(
	        a, NU_SEQUENCE, algorithm(a, SEC_OID_PKCS5_PBKDF2, kdf),
	        algorithm(a, SEC_OID_HMAC_SHA256, &nothing));

	return explicit(a, 1, algorithm(a, SEC_OID_PKCS5_PBMAC1, params));
}

static SECItem *
mac_by_openssl(PLArenaPool *arena, const SECItem *part)
{
	static const char text[] =
	        "key=$(openssl kdf -keylen 32 -kdfopt digest:SHA512 -kdfopt "
	        "pass:word -kdfopt salt:salt -kdfopt iter:1000 PBKDF2 | "
	        "tr -d :)\n"
	        "openssl mac -digest SHA256 -macopt hexkey:$key -in part "
	        "-binary HMAC >mac\n";
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s/part", dir);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(part->data, 1, part->len, file), part->len);
	fclose(file);
	assert_int_equal(run_script(text), 0);
	return must_read(arena, "mac");
}

static void
test_verify_secret_pbmac1_agrees_with_openssl(void **state)
{
	PLArenaPool *a = *state;
	struct parts p = { .fields = { make_pbmac1(a, 1000) } };
	SECItem *mac = mac_by_openssl(a, make_part(a, &p));
	auto_message message = NULL;

	assert_int_equal(mac->len, 32);
	p.protection = nu_der_make_bits(a, mac);
	message = must_decode(make_message(a, &p));
	assert_true(nu_pkimessage_is_mac(message));
	assert_int_equal(nu_pkimessage_verify_secret(message, "word"),
	                 SECSuccess);
	assert_int_equal(nu_pkimessage_verify_secret(message, "Word"),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	assert_verdict(a, make_pbmac1(a, 1000001),
	               SEC_ERROR_INVALID_ALGORITHM);
	assert_verdict(a, make_pbmac1(a, 0), SEC_ERROR_INVALID_ALGORITHM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_decode_every_header_field_is_read_in_order),
		TEST(test_decode_a_bad_header_field_is_refused),
		TEST(test_decode_versions_1_to_3_alone_are_read),
		TEST(test_decode_protection_and_its_algorithm_come_together),
		TEST(test_decode_body_is_one_element_of_a_choice),
		TEST(test_decode_extra_certs_are_certificates_and_few),
		TEST(test_verify_secret_iterations_have_bounds),
		TEST(test_verify_secret_unknown_algorithms_are_told),
		TEST(test_verify_secret_pbmac1_agrees_with_openssl),
	};

	if (system("openssl cmp -help 2>&1 | grep -q use_mock_srv") != 0)
		return 77; /* for automake: skipped */
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}

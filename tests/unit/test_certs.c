/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_certs.c - heaps of certificates: PKCS#7, PEM, and whatever else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <prerror.h>
#include <secerr.h>

#include "nssutil/nu_certs.h"
#include "tests/unit/cmp_files.h"

static void
free_certs(struct nu_certs **certs)
{
	nu_certs_free(*certs);
}

#define auto_certs __attribute__((cleanup(free_certs))) struct nu_certs *

static struct nu_certs *
must_decode_certs(const SECItem *der)
{
	struct nu_certs *certs = NULL;

	assert_int_equal(nu_certs_decode(der, MAX, &certs), SECSuccess);
	return certs;
}

static void
assert_certs_refused(const SECItem *der, PRErrorCode why)
{
	struct nu_certs *certs = NULL;

	PORT_SetError(0);
	assert_int_equal(nu_certs_decode(der, MAX, &certs), SECFailure);
	assert_int_equal(PORT_GetError(), why);
	assert_null(certs);
}

/* The user's certificate and the CA's, and nothing else. */
static void
assert_user_and_ca(PLArenaPool *arena, const struct nu_certs *certs,
                   enum nu_certs_form form)
{
	SECItem *user = must_read(arena, "user.cert");
	SECItem *ca = must_read(arena, "ca.cert");

	assert_int_equal(certs->form, form);
	assert_int_equal(certs->n, 2);
	assert_true(SECITEM_ItemsAreEqual(&certs->certs[0], user));
	assert_true(SECITEM_ItemsAreEqual(&certs->certs[1], ca));
}

static void
test_certs_of_openssl_in_pkcs7_are_read(void **state)
{
	SECItem *der = must_read(*state, "certs.p7");
	auto_certs certs = must_decode_certs(der);

	assert_int_equal(nu_answer_kind(der), NU_ANSWER_CERTS);
	assert_user_and_ca(*state, certs, NU_CERTS_PKCS7);
}

static void
test_certs_signed_message_is_none(void **state)
{
	assert_certs_refused(must_read(*state, "signed.p7"),
	                     SEC_ERROR_UNSUPPORTED_MESSAGE_TYPE);
}

/* As a stream writes it: no length of what is constructed, down to the
 * certificates, is known before. */
static SECItem *
indefinite(PLArenaPool *arena, unsigned char tag, const SECItem *const parts[],
           size_t n)
{
	SECItem *item = nu_der_wrap(arena, NU_SEQUENCE, parts, n), *whole;
	struct nu_der r = nu_der_reader(item);
	struct nu_tlv tlv;

	assert_int_equal(nu_der_any(&r, &tlv), SECSuccess);
	whole = SECITEM_AllocItem(arena, NULL, tlv.value.len + 4);
	assert_non_null(whole);
	whole->data[0] = tag;
	whole->data[1] = 0x80;
	memcpy(whole->data + 2, tlv.value.data, tlv.value.len);
	memset(whole->data + whole->len - 2, 0, 2);
	return whole;
}
#define BER(arena, tag, ...)                                              \
	indefinite((arena), (tag), (const SECItem *const[]){ __VA_ARGS__ }, \
	           sizeof((const SECItem *const[]){ __VA_ARGS__ }) /        \
	                   sizeof(const SECItem *))

static SECItem *
make_ber(PLArenaPool *a, unsigned char certs_tag)
{
	SECItem *empty = BER(a, 0x24, octets(a, "not signed"));
	SECItem *data = BER(a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS7_DATA),
	                    BER(a, 0xa0, empty));
	SECItem *certs = BER(a, certs_tag, must_read(a, "user.cert"),
	                     must_read(a, "ca.cert"));
	SECItem *none = BER(a, NU_SET, NULL);
	SECItem *signed_data = BER(a, NU_SEQUENCE, nu_der_make_long(a, 1), none,
	                           data, certs, none);

	return BER(a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS7_SIGNED_DATA),
	           BER(a, 0xa0, signed_data));
}

static void
test_certs_in_pkcs7_of_unknown_lengths_are_read(void **state)
{
	SECItem *ber = make_ber(*state, 0xa0);
	auto_certs certs = must_decode_certs(ber);

	assert_int_equal(nu_answer_kind(ber), NU_ANSWER_CERTS);
	assert_user_and_ca(*state, certs, NU_CERTS_PKCS7);
	for (unsigned len = 0; len < ber->len; len++) {
		SECItem cut = { siBuffer, ber->data, len };

		assert_certs_refused(&cut, SEC_ERROR_BAD_DER);
	}
	assert_certs_refused(make_ber(*state, 0xa2), SEC_ERROR_BAD_DER);
}

static SECItem *
make_netscape(PLArenaPool *a)
{
	SECItem *list = nu_der_make(a, NU_SEQUENCE, must_read(a, "user.cert"),
	                            must_read(a, "ca.cert"));

	return nu_der_make(a, NU_SEQUENCE,
	                   make_oid(a, SEC_OID_NS_TYPE_CERT_SEQUENCE),
	                   explicit(a, 0, list));
}

static void
test_certs_in_netscape_sequence_are_read(void **state)
{
	SECItem *der = make_netscape(*state);
	auto_certs certs = must_decode_certs(der);

	assert_int_equal(nu_answer_kind(der), NU_ANSWER_CERTS);
	assert_user_and_ca(*state, certs, NU_CERTS_NETSCAPE);
}

static void
test_certs_in_pem_are_read_whatever_stands_around(void **state)
{
	static const char *const names[] = { "chain.pem", "verbose.pem" };

	for (size_t i = 0; i < COUNT(names); i++) {
		SECItem *pem = must_read(*state, names[i]);
		nu_auto_item der = { siBuffer, NULL, 0 };
		auto_certs certs = NULL;

		assert_false(nu_answer_is_der(pem->data, pem->len));
		assert_int_equal(nu_pem_decode_all((char *)pem->data, pem->len,
		                                   &der),
		                 SECSuccess);
		certs = must_decode_certs(&der);
		assert_user_and_ca(*state, certs, NU_CERTS_PLAIN);
	}
}

static void
assert_pem_refused(const char *text, PRErrorCode why)
{
	SECItem der = { siBuffer, NULL, 0 };

	assert_int_equal(nu_pem_decode_all(text, strlen(text), &der),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), why);
	assert_null(der.data);
}

static void
test_certs_in_damaged_pem_are_refused(void **state)
{
	SECItem *pem = must_read(*state, "chain.pem");
	char *text = PORT_ArenaZAlloc(*state, pem->len + 1), *second;
	const char saved = '-';

	memcpy(text, pem->data, pem->len);
	second = strstr(text + 1, "-----BEGIN");
	assert_non_null(second);
	second[sizeof "-----BEGIN CERTIFICATE" - 1] = '_';
	assert_pem_refused(text, SEC_ERROR_BAD_DATA);
	second[sizeof "-----BEGIN CERTIFICATE" - 1] = saved;
	second[100] = '*';
	assert_pem_refused(text, SEC_ERROR_BAD_DATA);
	second[40] = '\0';
	assert_pem_refused(text, SEC_ERROR_BAD_DATA);
	assert_pem_refused("-----BEGIN A-----\nMAA=\n-----END A-----\n"
	                   "-----BEGIN A-----\nMAA=\n-----END A-----\n",
	                   SEC_ERROR_BAD_DER);
	assert_pem_refused("MAA=", SEC_ERROR_BAD_DATA);
}

static void
test_certs_limits_and_nonsense_are_refused(void **state)
{
	PLArenaPool *a = *state;
	SECItem *cert = must_read(a, "ca.cert");
	SECItem many = { siBuffer, make_list(a, cert, 101)->data, 0 };
	SECItem *other = algorithm(a, SEC_OID_PKCS7_ENVELOPED_DATA, NULL);

	many.len = 101 * cert->len;
	many.data += 4; /* the contents of the list */
	assert_certs_refused(&many, SEC_ERROR_INPUT_LEN);
	many.len = 100 * cert->len;
	nu_certs_free(must_decode_certs(&many));
	assert_certs_refused(other, SEC_ERROR_BAD_DER);
	assert_certs_refused(
	        nu_der_make(a, NU_SEQUENCE,
	                    make_oid(a, SEC_OID_PKCS7_ENVELOPED_DATA),
	                    explicit(a, 0, &nothing)),
	        SEC_ERROR_UNSUPPORTED_MESSAGE_TYPE);
	assert_certs_refused(
	        nu_der_make(a, NU_SEQUENCE,
	                    make_oid(a, SEC_OID_NS_TYPE_CERT_SEQUENCE),
	                    explicit(a, 0, make_list(a, cert, 0))),
	        SEC_ERROR_BAD_DER);
}

static void
use_variant(const struct hostile *variant, void *arg)
{
	struct nu_certs *certs = NULL;

	(void)arg;
	(void)nu_answer_kind(&variant->der);
	if (nu_certs_decode(&variant->der, MAX, &certs) != SECSuccess)
		return;
	for (size_t i = 0; i < certs->n; i++)
		assert_int_equal(nu_der_check(&certs->certs[i], 32),
		                 SECSuccess);
	nu_certs_free(certs);
}

/* PKCS#7 is BER, of which many a variant is another way to say the same; what
 * comes out is DER. */
static void
test_certs_spoilt_heaps_yield_der_or_nothing(void **state)
{
	assert_true(hostile_each(must_read(*state, "certs.p7"), use_variant,
	                         NULL) > 1000);
	assert_true(hostile_each(make_netscape(*state), use_variant, NULL) >
	            1000);
}

static void
test_issued_the_signature_decides(void **state)
{
	SECItem *ca = must_read(*state, "ca.cert");
	SECItem *user = must_read(*state, "user.cert");

	assert_true(nu_cert_issued(ca, user));
	assert_true(nu_cert_issued(ca, ca));
	assert_false(nu_cert_issued(user, user));
	assert_false(nu_cert_issued(user, ca));
	user->data[user->len - 1] ^= 1;
	assert_false(nu_cert_issued(ca, user));
}

/* keyUsage is there, and does not say keyCertSign. */
static void
test_issued_an_issuer_may_sign_certificates(void **state)
{
	SECItem *cert;

	assert_int_equal(run_script(
		"openssl req -x509 -new -key ca.key -subj /CN=Odd -days 2 "
		"-addext keyUsage=critical,decipherOnly -outform DER "
		"-out odd.cert\n"), 0);
	cert = must_read(*state, "odd.cert");
	assert_false(nu_cert_issued(cert, cert));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_certs_of_openssl_in_pkcs7_are_read),
		TEST(test_certs_signed_message_is_none),
		TEST(test_certs_in_pkcs7_of_unknown_lengths_are_read),
		TEST(test_certs_in_netscape_sequence_are_read),
		TEST(test_certs_in_pem_are_read_whatever_stands_around),
		TEST(test_certs_in_damaged_pem_are_refused),
		TEST(test_certs_limits_and_nonsense_are_refused),
		TEST(test_certs_spoilt_heaps_yield_der_or_nothing),
		TEST(test_issued_the_signature_decides),
		TEST(test_issued_an_issuer_may_sign_certificates),
	};

	if (system("openssl cmp -help 2>&1 | grep -q use_mock_srv") != 0)
		return 77; /* for automake: skipped */
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}

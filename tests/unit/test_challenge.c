/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_challenge.c - challenges to keys and what answers them: their bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <prerror.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_challenge.h"
#include "nssutil/nu_der.h"
#include "tests/unit/hostile.h"
#include "tests/unit/store.h"

enum { MAX = 10 };

#define OCTETS(s) { siBuffer, (unsigned char *)(s), sizeof(s) - 1 }

static const SECItem number = OCTETS("\x51\x23\x45\x67\x89");
static const SECItem dns_name = OCTETS("\x82\x04host"); /* GeneralName */

static inline void
drop_challenges(struct nu_challenges **c)
{
	nu_challenges_free(*c);
}
#define auto_challenges \
	__attribute__((cleanup(drop_challenges))) struct nu_challenges *

static struct nu_challenge_spec
spec_for(struct fresh_key *key, enum nu_challenge_form form)
{
	return (struct nu_challenge_spec){ .form = form,
		                           .owf = SEC_OID_SHA256,
		                           .number = number,
		                           .sender = dns_name,
		                           .key = key->public };
}

/* POPODecKeyChallContent of one. Free with SECITEM_ZfreeItem(x, PR_TRUE). */
static SECItem *
make_one(const struct nu_challenge_spec *spec)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const SECItem *made = nu_challenge_make(arena, spec);

	assert_non_null(made);
	return SECITEM_DupItem(nu_challenges_encode(arena, &made, 1));
}

static struct nu_challenges *
must_decode(const SECItem *der)
{
	struct nu_challenges *challenges = NULL;

	assert_int_equal(nu_challenges_decode(der, MAX, &challenges),
	                 SECSuccess);
	return challenges;
}

static void
assert_no_decode(const SECItem *der, PRErrorCode why)
{
	struct nu_challenges *challenges = NULL;

	assert_int_equal(nu_challenges_decode(der, MAX, &challenges),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), why);
	assert_null(challenges);
}

static void
assert_opens(const struct nu_challenge *challenge, struct fresh_key *key)
{
	nu_auto_item got = { siBuffer, NULL, 0 };

	assert_int_equal(nu_challenge_open(challenge, key->private, NULL, &got),
	                 SECSuccess);
	assert_true(SECITEM_ItemsAreEqual(&got, &number));
}

/* There is one failure, whatever the cause. */
static void
assert_does_not_open(const struct nu_challenge *challenge,
                     struct fresh_key *key)
{
	SECItem got = { siBuffer, NULL, 0 };

	assert_int_equal(nu_challenge_open(challenge, key->private, NULL, &got),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
	assert_null(got.data);
}

static void
round_trip(struct fresh_key *key, enum nu_challenge_form form)
{
	struct nu_challenge_spec spec = spec_for(key, form);
	nu_auto(SECItem) der = make_one(&spec);
	auto_challenges challenges = must_decode(der);

	assert_int_equal(challenges->n, 1);
	assert_int_equal(challenges->items[0].form, form);
	assert_int_equal(challenges->items[0].owf, SEC_OID_SHA256);
	assert_opens(&challenges->items[0], key);
}

static void
test_challenge_of_each_form_is_opened_by_its_key(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct fresh_key ec = fresh_key(ecKey, 256);

	(void)state;
	round_trip(&rsa, NU_CHALLENGE_CMP);
	round_trip(&rsa, NU_CHALLENGE_NETSCAPE);
	round_trip(&rsa, NU_CHALLENGE_ENVELOPED);
	round_trip(&ec, NU_CHALLENGE_ENVELOPED);
	fresh_key_free(&rsa);
	fresh_key_free(&ec);
}

static void
test_challenge_of_netscape_names_sender_and_modulus(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct nu_challenge_spec spec = spec_for(&rsa, NU_CHALLENGE_NETSCAPE);
	nu_auto(SECItem) der = make_one(&spec);
	auto_challenges challenges = must_decode(der);
	const struct nu_challenge *c = &challenges->items[0];

	(void)state;
	assert_true(SECITEM_ItemsAreEqual(&c->sender, &dns_name));
	assert_int_equal(c->key.len, 256);
	assert_int_equal(c->challenge.len, 256);
	fresh_key_free(&rsa);
}

static void
test_challenge_of_another_key_does_not_open(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct fresh_key other = fresh_key(rsaKey, 2048);
	struct fresh_key ec = fresh_key(ecKey, 256);

	(void)state;
	for (int form = 0; form <= NU_CHALLENGE_ENVELOPED; form++) {
		struct nu_challenge_spec spec =
		        spec_for(&rsa, (enum nu_challenge_form)form);
		nu_auto(SECItem) der = make_one(&spec);
		auto_challenges challenges = must_decode(der);

		assert_does_not_open(&challenges->items[0], &other);
		assert_does_not_open(&challenges->items[0], &ec);
	}
	fresh_key_free(&rsa);
	fresh_key_free(&other);
	fresh_key_free(&ec);
}

static void
test_challenge_changed_does_not_open(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);

	(void)state;
	for (int form = 0; form <= NU_CHALLENGE_NETSCAPE; form++) {
		struct nu_challenge_spec spec =
		        spec_for(&rsa, (enum nu_challenge_form)form);
		nu_auto(SECItem) der = make_one(&spec);
		auto_challenges challenges = must_decode(der);
		struct nu_challenge *c = &challenges->items[0];

		c->witness.data[3] ^= 1;
		assert_does_not_open(c, &rsa);
		c->witness.data[3] ^= 1;
		c->challenge.data[c->challenge.len - 1] ^= 1;
		assert_does_not_open(c, &rsa);
		c->challenge.data[c->challenge.len - 1] ^= 1;
		c->owf = SEC_OID_SHA1;
		assert_does_not_open(c, &rsa);
		c->owf = SEC_OID_SHA256;
		assert_opens(c, &rsa);
	}
	fresh_key_free(&rsa);
}

static void
test_challenge_by_another_sender_does_not_open(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct nu_challenge_spec spec = spec_for(&rsa, NU_CHALLENGE_NETSCAPE);
	nu_auto(SECItem) der = make_one(&spec);
	auto_challenges challenges = must_decode(der);

	(void)state;
	challenges->items[0].sender.data[3] ^= 1;
	assert_does_not_open(&challenges->items[0], &rsa);
	fresh_key_free(&rsa);
}

/* A challenge in the CMP form around this plaintext. */
static void
assert_plaintext_refused(struct fresh_key *key, const SECItem *plain)
{
	unsigned char encrypted[256], hash[SHA256_LENGTH];
	struct nu_challenge challenge = {
		.form = NU_CHALLENGE_CMP,
		.owf = SEC_OID_SHA256,
		.witness = { siBuffer, hash, sizeof hash },
		.challenge = { siBuffer, encrypted, sizeof encrypted }
	};

	assert_int_equal(PK11_HashBuf(SEC_OID_SHA256, hash, number.data,
	                              (PRInt32)number.len), SECSuccess);
	assert_int_equal(PK11_PubEncryptPKCS1(key->public, encrypted,
	                                      plain->data, plain->len, NULL),
	                 SECSuccess);
	assert_does_not_open(&challenge, key);
}

static void
test_challenge_with_a_malformed_rand_does_not_open(void **state)
{
	static const SECItem bad[] = {
		OCTETS("no DER"),
		OCTETS("\x02\x05\x51\x23\x45\x67\x89"),
		OCTETS("\x30\x07\x02\x05\x51\x23\x45\x67\x89"),
		OCTETS("\x30\x0d\x02\x05\x51\x23\x45\x67\x89\x04\x04host"),
		OCTETS("\x30\x0d\x02\x05\x51\x23\x45\x67\x89\x8b\x04host"),
		OCTETS("\x30\x0d\x02\x05\x51\x23\x45\x67\x89\x82\x04host\0"),
		OCTETS("\x30\x0f\x02\x05\x51\x23\x45\x67\x89\x82\x04host\5\0"),
		OCTETS("\x30\x0e\x02\x06\0\x51\x23\x45\x67\x89\x82\x04host"),
	};
	struct fresh_key rsa = fresh_key(rsaKey, 2048);

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_plaintext_refused(&rsa, &bad[i]);
	fresh_key_free(&rsa);
}

static void
test_challenge_too_long_for_its_key_is_not_made(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct fresh_key ec = fresh_key(ecKey, 256);
	struct nu_challenge_spec spec = spec_for(&rsa, NU_CHALLENGE_CMP);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	char name[241];

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	spec.sender = *nu_der_make_text(arena, NU_CONTEXT(2), name);
	assert_null(nu_challenge_make(arena, &spec));
	assert_int_equal(PORT_GetError(), SEC_ERROR_OUTPUT_LEN);
	spec = spec_for(&ec, NU_CHALLENGE_CMP);
	assert_null(nu_challenge_make(arena, &spec));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_KEY);
	spec = spec_for(&rsa, NU_CHALLENGE_CMP);
	spec.owf = SEC_OID_MD5;
	assert_null(nu_challenge_make(arena, &spec));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ALGORITHM);
	fresh_key_free(&rsa);
	fresh_key_free(&ec);
}

/* A Challenge of these parts, each an element or NULL. */
#define content(arena, ...) \
	nu_der_make(arena, NU_SEQUENCE, \
	            nu_der_make(arena, NU_SEQUENCE, __VA_ARGS__))

static const SECItem sha1 = OCTETS("\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a");
static const SECItem sha1_null =
        OCTETS("\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00");
static const SECItem sha1_odd =
        OCTETS("\x30\x0a\x06\x05\x2b\x0e\x03\x02\x1a\x02\x01\x00");
static const SECItem md5 = OCTETS(
        "\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05");
static const SECItem octets = OCTETS("\x04\x02hi");
static const SECItem empty_octets = OCTETS("\x04\x00");
static const SECItem tagged = OCTETS("\xa0\x05\x30\x03\x02\x01\x00");
static const SECItem tagged_implicit = OCTETS("\xa0\x03\x02\x01\x00");
static const SECItem tagged_two = OCTETS("\xa0\x04\x30\x00\x30\x00");
static const SECItem bad_name = OCTETS("\x8b\x04host");

static void
test_challenge_decodes_only_what_each_form_has(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const SECItem *const good[] = {
		content(a, &sha1, &octets, &octets),
		content(a, &sha1_null, &octets, &octets),
		content(a, &sha1, &octets, &dns_name, &octets, &octets),
		content(a, &sha1, &octets, &empty_octets, &tagged),
		content(a, &sha1, &octets, &empty_octets, &tagged_implicit),
	};
	const SECItem *const bad[] = {
		nu_der_make(a, NU_SEQUENCE, NULL),
		content(a, &octets, &octets),
		content(a, &sha1_odd, &octets, &octets),
		content(a, &sha1, &octets),
		content(a, &sha1, &octets, &octets, &octets),
		content(a, &sha1, &octets, &dns_name, &octets),
		content(a, &sha1, &octets, &dns_name, &empty_octets, &octets),
		content(a, &sha1, &octets, &bad_name, &octets, &octets),
		content(a, &sha1, &octets, &dns_name, &octets, &empty_octets,
		        &tagged),
		content(a, &sha1, &octets, &octets, &tagged),
		content(a, &sha1, &octets, &empty_octets, &tagged_two),
		content(a, &sha1, &octets, &empty_octets, &tagged, &octets),
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		nu_challenges_free(must_decode(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_no_decode(bad[i], SEC_ERROR_BAD_DER);
	assert_no_decode(content(a, &md5, &octets, &octets),
	                 SEC_ERROR_INVALID_ALGORITHM);
}

static void
test_challenge_without_a_hash_takes_the_one_before(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct nu_challenge_spec spec = spec_for(&rsa, NU_CHALLENGE_CMP);
	const SECItem *made[4], *der;
	auto_challenges challenges = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		spec.omit_owf = i == 1 || i == 3;
		spec.owf = i < 2 ? SEC_OID_SHA1 : SEC_OID_SHA512;
		made[i] = nu_challenge_make(a, &spec);
	}
	der = nu_challenges_encode(a, made, 4);
	challenges = must_decode(der);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(challenges->items[i].owf,
		                 i < 2 ? SEC_OID_SHA1 : SEC_OID_SHA512);
		assert_opens(&challenges->items[i], &rsa);
	}
	der = nu_challenges_encode(a, made + 1, 3);
	assert_no_decode(der, SEC_ERROR_BAD_DER);
	fresh_key_free(&rsa);
}

static void
test_challenges_beyond_the_limit_are_refused(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const SECItem *one = nu_der_make(a, NU_SEQUENCE, &sha1, &octets,
	                                 &octets);
	const SECItem *many[MAX + 1];

	(void)state;
	for (size_t i = 0; i <= MAX; i++)
		many[i] = one;
	nu_challenges_free(must_decode(nu_challenges_encode(a, many, MAX)));
	assert_no_decode(nu_challenges_encode(a, many, MAX + 1),
	                 SEC_ERROR_INPUT_LEN);
}

static void
test_response_of_n_numbers_is_read_as_n_numbers(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const SECItem numbers[] = { number, OCTETS("\x01"), OCTETS("\xff") };
	SECItem got[4];
	SECItem *der = nu_challenges_encode_response(a, numbers, 3);

	(void)state;
	assert_int_equal(nu_challenges_decode_response(der, got, 3),
	                 SECSuccess);
	for (size_t i = 0; i < 3; i++)
		assert_true(SECITEM_ItemsAreEqual(&got[i], &numbers[i]));
	assert_int_equal(nu_challenges_decode_response(der, got, 2),
	                 SECFailure);
	assert_int_equal(nu_challenges_decode_response(der, got, 4),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DER);
}

struct spoilt {
	struct fresh_key *key;
	size_t n;
};

static void
check_spoilt(const struct hostile *variant, void *arg)
{
	struct spoilt *spoilt = arg;
	struct nu_challenges *challenges = NULL;
	SECItem got = { siBuffer, NULL, 0 };

	spoilt->n++;
	if (nu_challenges_decode(&variant->der, MAX, &challenges) != SECSuccess)
		return;
	if (variant->never_der)
		fail_msg("%s at %zu was accepted", variant->what, variant->at);
	for (size_t i = 0; i < challenges->n; i++) {
		if (nu_challenge_open(&challenges->items[i],
		                      spoilt->key->private, NULL, &got) ==
		    SECSuccess)
			assert_true(SECITEM_ItemsAreEqual(&got, &number));
		SECITEM_FreeItem(&got, PR_FALSE);
		got.data = NULL;
	}
	nu_challenges_free(challenges);
}

static void
test_challenge_hostile_is_refused_or_means_the_same(void **state)
{
	struct fresh_key rsa = fresh_key(rsaKey, 2048);
	struct spoilt spoilt = { &rsa, 0 };

	(void)state;
	for (int form = 0; form <= NU_CHALLENGE_ENVELOPED; form++) {
		struct nu_challenge_spec spec =
		        spec_for(&rsa, (enum nu_challenge_form)form);
		nu_auto(SECItem) der = make_one(&spec);

		hostile_each(der, check_spoilt, &spoilt);
	}
	assert_true(spoilt.n > 300);
	fresh_key_free(&rsa);
}

static void
check_spoilt_response(const struct hostile *variant, void *arg)
{
	SECItem got[2];

	if (variant->never_der &&
	    nu_challenges_decode_response(&variant->der, got, 2) == SECSuccess)
		fail_msg("%s at %zu was accepted", variant->what, variant->at);
	++*(size_t *)arg;
}

static void
test_response_hostile_is_refused(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const SECItem numbers[] = { number, OCTETS("\x01") };
	size_t n = 0;

	(void)state;
	hostile_each(nu_challenges_encode_response(a, numbers, 2),
	             check_spoilt_response, &n);
	assert_true(n > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_challenge_of_each_form_is_opened_by_its_key),
		store_test(test_challenge_of_netscape_names_sender_and_modulus),
		store_test(test_challenge_of_another_key_does_not_open),
		store_test(test_challenge_changed_does_not_open),
		store_test(test_challenge_by_another_sender_does_not_open),
		store_test(test_challenge_with_a_malformed_rand_does_not_open),
		store_test(test_challenge_too_long_for_its_key_is_not_made),
		store_test(test_challenge_decodes_only_what_each_form_has),
		store_test(test_challenge_without_a_hash_takes_the_one_before),
		store_test(test_challenges_beyond_the_limit_are_refused),
		store_test(test_response_of_n_numbers_is_read_as_n_numbers),
		store_test(test_challenge_hostile_is_refused_or_means_the_same),
		store_test(test_response_hostile_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

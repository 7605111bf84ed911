/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_proof.c - proofs of keys that cannot sign, and keys in requests. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "tests/unit/fresh.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
/* A string literal's octets. */
#define OCTETS(s) { siBuffer, (unsigned char *)(s), sizeof(s) - 1 }

enum { MAX = 10 };

struct keys {
	struct fresh_key ec, verifier;
	SECItem *spki, *name, *cert_der;
	struct nu_cert cert; /* the verifier's */
};

static int
setup_keys(void **state)
{
	static struct keys keys;
	nu_auto(SECItem) spki = NULL;

	fresh_open();
	keys.ec = fresh_key(ecKey, 384);
	keys.verifier = fresh_key(ecKey, 384);
	keys.spki = fresh_spki(&keys.ec);
	keys.name = fresh_name("CN=Bob");
	spki = fresh_spki(&keys.verifier);
	keys.cert_der = fresh_cert_from(&(struct fresh_spec){
	        .spki = *spki, .subject = *keys.name, .issuer = *keys.name,
	        .by = &keys.verifier, .serial = 1 });
	*state = &keys;
	return nu_cert_read(keys.cert_der, &keys.cert) == SECSuccess ? 0 : -1;
}

static int
teardown_keys(void **state)
{
	struct keys *keys = *state;

	fresh_key_free(&keys->ec);
	fresh_key_free(&keys->verifier);
	SECITEM_ZfreeItem(keys->spki, PR_TRUE);
	SECITEM_ZfreeItem(keys->name, PR_TRUE);
	SECITEM_ZfreeItem(keys->cert_der, PR_TRUE);
	fresh_close();
	return 0;
}

static struct nu_cert_template
template_of(const struct keys *keys)
{
	static const SECItem id = OCTETS("\x12\x34");

	return (struct nu_cert_template){ .id = id,
		                          .subject = *keys->name,
		                          .spki = *keys->spki };
}

static SECItem *
encode(const struct keys *keys, const struct nu_cert_template *template,
       enum nu_proof proof)
{
	nu_auto(SECItem) msg = nu_crmf_encode_msg_as(
	        template, proof, keys->ec.private,
	        proof == NU_PROOF_AGREE_MAC ? &keys->cert : NULL, NULL);
	const SECItem *msgs[] = { msg };

	assert_non_null(msg);
	return nu_crmf_encode(msgs, 1);
}

static struct nu_crmf *
must_decode(const SECItem *der)
{
	struct nu_crmf *crmf = NULL;

	assert_non_null(der);
	assert_int_equal(nu_crmf_decode(der, MAX, &crmf), SECSuccess);
	return crmf;
}

/* A message with these controls, and with this proof; either may be NULL. */
static SECItem *
wrap(PLArenaPool *arena, const SECItem *controls, const SECItem *proof)
{
	SECItem *id = nu_der_make_long(arena, 1);
	SECItem *template = nu_der_make(arena, NU_SEQUENCE, NULL);
	SECItem *request = nu_der_make(arena, NU_SEQUENCE, id, template,
	                               controls);

	return nu_der_make(arena, NU_SEQUENCE,
	                   nu_der_make(arena, NU_SEQUENCE, request, proof));
}

static void
test_proof_each_private_kind_is_told_apart(void **state)
{
	static const struct {
		SECItem der;
		enum nu_pop pop;
		enum nu_pop_private how;
	} all[] = {
		{ OCTETS("\x80\x00"), NU_POP_RA_VERIFIED,
		  NU_POP_PRIVATE_NONE },
		{ OCTETS("\xa2\x03\x80\x01\x00"), NU_POP_KEY_ENCIPHERMENT,
		  NU_POP_THIS_MESSAGE },
		{ OCTETS("\xa2\x03\x81\x01\x00"), NU_POP_KEY_ENCIPHERMENT,
		  NU_POP_ENCR_CERT },
		{ OCTETS("\xa3\x03\x81\x01\x01"), NU_POP_KEY_AGREEMENT,
		  NU_POP_CHALLENGE_RESP },
		{ OCTETS("\xa3\x03\x81\x01\x02"), NU_POP_KEY_AGREEMENT,
		  NU_POP_PRIVATE_NONE },
		{ OCTETS("\xa3\x04\x81\x02\x00\x01"), NU_POP_KEY_AGREEMENT,
		  NU_POP_PRIVATE_NONE },
		{ OCTETS("\xa3\x03\x82\x01\x00"), NU_POP_KEY_AGREEMENT,
		  NU_POP_DH_MAC },
		{ OCTETS("\xa3\x02\xa3\x00"), NU_POP_KEY_AGREEMENT,
		  NU_POP_AGREE_MAC },
		{ OCTETS("\xa2\x02\xa4\x00"), NU_POP_KEY_ENCIPHERMENT,
		  NU_POP_ENCRYPTED_KEY },
	};
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(all); i++) {
		struct nu_crmf *crmf =
		        must_decode(wrap(arena, NULL, &all[i].der));

		assert_int_equal(crmf->msgs[0].pop, all[i].pop);
		assert_int_equal(crmf->msgs[0].how, all[i].how);
		assert_int_equal(nu_crmf_verify_agree_mac(
		                         &crmf->msgs[0], &keys->cert,
		                         keys->verifier.private, NULL),
		                 SECFailure);
		nu_crmf_free(crmf);
	}
}

#define ARCHIVE "\x06\x09\x2b\x06\x01\x05\x05\x07\x05\x01\x04"
#define PROTOCOL_KEY "\x06\x09\x2b\x06\x01\x05\x05\x07\x05\x01\x06"

static void
test_proof_archive_options_are_found(void **state)
{
	static const struct {
		SECItem controls;
		const char *found; /* two octets, or NULL */
	} all[] = {
		{ OCTETS("\x30\x11\x30\x0f" ARCHIVE "\xa0\x02\x30\x00"),
		  "\x30\x00" },
		{ OCTETS("\x30\x11\x30\x0f" ARCHIVE "\xa0\x02\xa0\x00"),
		  "\xa0\x00" },
		{ OCTETS("\x30\x0f\x30\x0d" ARCHIVE "\x81\x00"), NULL },
		{ OCTETS("\x30\x10\x30\x0e" ARCHIVE "\x82\x01\xff"), NULL },
	};
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct nu_crmf *crmf =
		        must_decode(wrap(arena, &all[i].controls, NULL));
		const SECItem *archive = &crmf->msgs[0].archive;

		if (all[i].found == NULL) {
			assert_null(archive->data);
		} else {
			assert_int_equal(archive->len, 2);
			assert_memory_equal(archive->data, all[i].found, 2);
		}
		nu_crmf_free(crmf);
	}
}

static void
test_proof_bad_archive_options_are_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x30\x0d\x30\x0b" ARCHIVE),
		OCTETS("\x30\x0f\x30\x0d" ARCHIVE "\xa0\x00"),
		OCTETS("\x30\x11\x30\x0f" ARCHIVE "\xa0\x02\x04\x00"),
		OCTETS("\x30\x13\x30\x11" ARCHIVE "\xa0\x04\x30\x00\x30\x00"),
		OCTETS("\x30\x22\x30\x0f" ARCHIVE "\xa0\x02\x30\x00"
		       "\x30\x0f" ARCHIVE "\xa0\x02\x30\x00"),
		OCTETS("\x30\x0f\x30\x0d" PROTOCOL_KEY "\x05\x00"),
		OCTETS("\x30\x1e\x30\x0d" PROTOCOL_KEY "\x30\x00"
		       "\x30\x0d" PROTOCOL_KEY "\x30\x00"),
	};
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_crmf *crmf = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(nu_crmf_decode(wrap(arena, &bad[i], NULL),
		                                MAX, &crmf),
		                 SECFailure);
		assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DER);
	}
	assert_null(crmf);
}

static void
test_proof_archive_and_protocol_key_round_trip(void **state)
{
	static const SECItem archive = OCTETS("\xa0\x04\x02\x02\x12\x34");
	struct keys *keys = *state;
	struct nu_cert_template template = template_of(keys);
	nu_auto(SECItem) der = NULL;
	struct nu_crmf *crmf;

	template.archive = &archive;
	template.protocol_key = keys->spki;
	der = encode(keys, &template, NU_PROOF_THIS_MESSAGE);
	crmf = must_decode(der);
	assert_true(SECITEM_ItemsAreEqual(&crmf->msgs[0].archive, &archive));
	assert_true(SECITEM_ItemsAreEqual(&crmf->msgs[0].protocol_key,
	                                  keys->spki));
	assert_int_equal(crmf->msgs[0].pop, NU_POP_KEY_AGREEMENT);
	assert_int_equal(crmf->msgs[0].how, NU_POP_THIS_MESSAGE);
	nu_crmf_free(crmf);
}

static void
test_proof_that_cannot_be_is_not_encoded(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_of(keys);
	SECKEYPrivateKey *key = keys->ec.private;

	assert_null(nu_crmf_encode_msg_as(&template, NU_PROOF_THIS_MESSAGE, key,
	                                  NULL, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
	assert_null(nu_crmf_encode_msg_as(&template, NU_PROOF_AGREE_MAC, key,
	                                  NULL, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
	assert_null(nu_crmf_encode_msg_as(&template, NU_PROOF_CHALLENGE, key,
	                                  &keys->cert, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
}

struct spoilt {
	const struct keys *keys;
	SECItem request; /* what the MAC covers */
	size_t n;
};

static void
check_variant(const struct hostile *variant, void *arg)
{
	struct spoilt *spoilt = arg;
	struct nu_crmf *crmf = NULL;

	spoilt->n++;
	if (nu_crmf_decode(&variant->der, MAX, &crmf) != SECSuccess) {
		assert_null(crmf);
		return;
	}
	if (variant->never_der)
		fail_msg("accepted: %s at %zu", variant->what, variant->at);
	for (size_t i = 0; i < crmf->n_msgs; i++) {
		if (nu_crmf_verify_agree_mac(&crmf->msgs[i],
		                             &spoilt->keys->cert,
		                             spoilt->keys->verifier.private,
		                             NULL) == SECSuccess)
			assert_true(SECITEM_ItemsAreEqual(
			        &crmf->msgs[i].cert_req, &spoilt->request));
	}
	nu_crmf_free(crmf);
}

static void
test_proof_hostile_agree_mac_is_refused_or_unproved(void **state)
{
	static const SECItem archive = OCTETS("\x30\x03\x03\x01\x00");
	struct keys *keys = *state;
	struct nu_cert_template template = template_of(keys);
	nu_auto(SECItem) der = NULL;
	struct spoilt spoilt = { .keys = keys };
	struct nu_crmf *crmf;

	template.archive = &archive;
	der = encode(keys, &template, NU_PROOF_AGREE_MAC);
	crmf = must_decode(der);
	spoilt.request = crmf->msgs[0].cert_req;
	assert_int_equal(nu_crmf_verify_agree_mac(&crmf->msgs[0], &keys->cert,
	                                          keys->verifier.private,
	                                          NULL),
	                 SECSuccess);
	hostile_each(der, check_variant, &spoilt);
	assert_true(spoilt.n > 500);
	nu_crmf_free(crmf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proof_each_private_kind_is_told_apart),
		cmocka_unit_test(test_proof_archive_options_are_found),
		cmocka_unit_test(test_proof_bad_archive_options_are_refused),
		cmocka_unit_test(test_proof_archive_and_protocol_key_round_trip),
		cmocka_unit_test(test_proof_that_cannot_be_is_not_encoded),
		cmocka_unit_test(test_proof_hostile_agree_mac_is_refused_or_unproved),
	};

	return cmocka_run_group_tests_name("proof", tests, setup_keys,
	                                   teardown_keys);
}

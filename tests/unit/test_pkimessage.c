/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkimessage.c - CMP messages of OpenSSL's: read, verified, and spoilt. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_cert.h"
#include "nssutil/nu_certs.h"
#include "tests/unit/cmp_files.h"

/* --- what OpenSSL writes ------------------------------------------------- */

static SECStatus
verify_with_cert(const struct nu_pkimessage *message, const SECItem *cert)
{
	struct nu_cert parts;

	assert_int_equal(nu_cert_read(cert, &parts), SECSuccess);
	return nu_pkimessage_verify_key(message, &parts.spki);
}

/* What client and server of OpenSSL's send. */
static const char messages[] =
        "ask() { openssl cmp -config '' -batch -recipient /CN=server "
        "-use_mock_srv -cmd p10cr -csr user.csr -rsp_cert user.pem "
        "-certout out.pem \"$@\"; }\n"
        "mac() { ask -ref client -srv_ref server -secret pass:word "
        "-srv_secret pass:word \"$@\"; }\n"
        "sig() { ask -ref client -unprotected_requests -accept_unprotected "
        "-srvcert server.pem -srv_cert server.pem -srv_key server.key "
        "\"$@\"; }\n"
        "mac -rspout mac.der,conf.der -rsp_capubs ca.pem "
        "-statusstring welcome\n"
        "mac -digest sha1 -reqout sha1.der,conf.der\n"
        "mac -digest sha384 -mac hmacWithSHA256 -reqout sha256.der,conf.der\n"
        "mac -digest sha512 -mac hmacWithSHA512 -reqout sha512.der,conf.der\n"
        "sig -rspout sig.der,conf.der -rsp_extracerts ca.pem\n"
        "mac -cmd ir -newkey user.key -subject /CN=user "
        "-rsp_capubs ca.pem -rspout ip.der,conf.der\n"
        "mac -send_error -rspout error.der || :\n"
        "mac -send_unprotected -rspout plain.der || :\n"
        "for n in mac sha1 sha256 sha512 sig ip error plain; do\n"
        "test -s $n.der; done\n";

static int
setup_messages(void **state)
{
	return setup_all(state) == 0 ? run_script(messages) : -1;
}

static void
test_decode_answers_of_openssl_has_their_parts(void **state)
{
	SECItem *ca = must_read(*state, "ca.cert");
	auto_message ip = must_decode(must_read(*state, "ip.der"));
	auto_message cp = must_decode(must_read(*state, "sig.der"));
	struct nu_cert_rep *rep = NULL;

	assert_int_equal(ip->body_type, NU_BODY_IP);
	assert_int_equal(cp->body_type, NU_BODY_CP);
	assert_int_equal(ip->sender.data[0], 0xa4);
	assert_int_equal(nu_cmmf_decode(&ip->body, MAX, &rep), SECSuccess);
	assert_int_equal(rep->n_responses, 1);
	assert_int_equal(rep->n_ca_pubs, 1);
	assert_true(SECITEM_ItemsAreEqual(&rep->ca_pubs[0], ca));
	nu_cert_rep_free(rep);
	assert_true(nu_pkimessage_is_mac(ip));
	assert_false(nu_pkimessage_is_mac(cp));
	assert_true(cp->n_extra_certs >= 1);
	assert_int_equal(nu_der_check(&cp->protected_part, 32), SECSuccess);
}

static void
test_decode_error_of_openssl_has_its_words(void **state)
{
	auto_message message = must_decode(must_read(*state, "error.der"));
	const struct nu_cert_response *error = &message->error;

	assert_int_equal(message->body_type, NU_BODY_ERROR);
	assert_int_equal(error->status, NU_STATUS_REJECTION);
	assert_int_equal(error->n_texts, 3);
	assert_memory_equal(error->texts[0].data, "error processing message",
	                    error->texts[0].len);
	assert_memory_equal(error->texts[1].data, "CMP routines",
	                    error->texts[1].len);
	assert_int_equal(error->fail_info, 1ul << 2); /* badRequest */
}

static void
test_decode_unprotected_has_none(void **state)
{
	auto_message message = must_decode(must_read(*state, "plain.der"));
	SECItem *cert = must_read(*state, "server.cert");

	assert_null(message->protection.data);
	assert_null(message->protection_alg.data);
	assert_int_equal(nu_pkimessage_verify_secret(message, "word"),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	assert_int_equal(verify_with_cert(message, cert), SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
}

static void
test_verify_secret_of_each_hash_holds_for_it_alone(void **state)
{
	static const char *const names[] = { "mac.der", "sha1.der",
		                             "sha256.der", "sha512.der",
		                             "ip.der", "error.der" };

	for (size_t i = 0; i < COUNT(names); i++) {
		auto_message message =
		        must_decode(must_read(*state, names[i]));

		assert_int_equal(nu_pkimessage_verify_secret(message, "word"),
		                 SECSuccess);
		assert_int_equal(nu_pkimessage_verify_secret(message, "Word"),
		                 SECFailure);
		assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
		assert_int_equal(nu_pkimessage_verify_secret(message, ""),
		                 SECFailure);
	}
}

static void
test_verify_key_holds_for_the_signer_alone(void **state)
{
	auto_message message = must_decode(must_read(*state, "sig.der"));

	assert_int_equal(verify_with_cert(message,
	                                  must_read(*state, "server.cert")),
	                 SECSuccess);
	assert_int_equal(verify_with_cert(message,
	                                  must_read(*state, "ca.cert")),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
}

static void
test_verify_the_other_kind_is_told_apart(void **state)
{
	auto_message mac = must_decode(must_read(*state, "mac.der"));
	auto_message sig = must_decode(must_read(*state, "sig.der"));

	assert_int_equal(nu_pkimessage_verify_secret(sig, "word"), SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ALGORITHM);
	assert_int_equal(verify_with_cert(mac,
	                                  must_read(*state, "server.cert")),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ALGORITHM);
}

/* Where the extraCerts begin, which nothing protects. */
static unsigned
length_of_protected(const SECItem *der, const struct nu_pkimessage *message)
{
	const SECItem *extra = message->extra_certs;

	return extra == NULL ? der->len
	                     : (unsigned)(extra[0].data - der->data) - 8;
}

static void
flip_every_octet(const SECItem *der, const SECItem *signer)
{
	auto_message whole = must_decode(der);
	unsigned len = length_of_protected(der, whole);

	for (unsigned i = 0; i < len; i++) {
		auto_message message = NULL;

		der->data[i] ^= 0x01;
		if (nu_pkimessage_decode(der, MAX, &message) == SECSuccess) {
			if (nu_pkimessage_verify_secret(message, "word") ==
			            SECSuccess ||
			    verify_with_cert(message, signer) == SECSuccess)
				fail_msg("octet %u flipped, and it holds", i);
		}
		der->data[i] ^= 0x01;
	}
}

static void
test_verify_any_octet_changed_never_holds(void **state)
{
	SECItem *signer = must_read(*state, "server.cert");

	flip_every_octet(must_read(*state, "mac.der"), signer);
	flip_every_octet(must_read(*state, "sig.der"), signer);
}

/* Of the body no more is promised than that it is an element. */
static void
test_decode_spoilt_messages_of_openssl_are_refused(void **state)
{
	static const char *const names[] = { "error.der", "plain.der",
		                             "sig.der" };

	for (size_t i = 0; i < COUNT(names); i++) {
		SECItem *der = must_read(*state, names[i]);
		auto_message message = must_decode(der);
		size_t end = message->body_type == NU_BODY_ERROR
		                     ? der->len
		                     : (size_t)(message->body.data -
		                                der->data);

		assert_true(hostile_each(der, refuse_variant, &end) > 500);
	}
}

/* --- kinds of answers ---------------------------------------------------- */

static void
test_kind_of_answers_goes_by_structure(void **state)
{
	static const struct {
		const char *der;
		enum nu_answer kind;
	} cases[] = {
		{ "", NU_ANSWER_NONE },
		{ "\x30", NU_ANSWER_NONE },
		{ "\x30\x02\x30", NU_ANSWER_NONE },
		{ "\x31\x02\x30\x01", NU_ANSWER_NONE },
		{ "\x30\x03\x02\x01\x01", NU_ANSWER_NONE },
		{ "\x30\x05\x30\x01\x01\x02\x01", NU_ANSWER_NONE },
		{ "\x30\x03\x30\x01\x01", NU_ANSWER_CERT_REP },
		{ "\x30\x06\xa1\x01\x01\x30\x01\x01", NU_ANSWER_CERT_REP },
		{ "\x30\x06\x30\x01\x01\xa1\x01\x01", NU_ANSWER_PKIMESSAGE },
		{ "\x30\x06\x30\x01\x01\xb7\x01\x01", NU_ANSWER_PKIMESSAGE },
		{ "\x30\x06\x30\x01\x01\xbf\x01\x01", NU_ANSWER_NONE },
		{ "\x30\x06\x30\x01\x01\x30\x01\x01", NU_ANSWER_CERTS },
		{ "\x30\x03\x06\x01\x01", NU_ANSWER_CERTS },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		SECItem der = { siBuffer, (unsigned char *)cases[i].der,
			        (unsigned)strlen(cases[i].der) };

		assert_int_equal(nu_answer_kind(&der), cases[i].kind);
	}
	assert_int_equal(nu_answer_kind(must_read(*state, "mac.der")),
	                 NU_ANSWER_PKIMESSAGE);
	assert_int_equal(nu_answer_kind(must_read(*state, "user.cert")),
	                 NU_ANSWER_CERTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_decode_answers_of_openssl_has_their_parts),
		TEST(test_decode_error_of_openssl_has_its_words),
		TEST(test_decode_unprotected_has_none),
		TEST(test_verify_secret_of_each_hash_holds_for_it_alone),
		TEST(test_verify_key_holds_for_the_signer_alone),
		TEST(test_verify_the_other_kind_is_told_apart),
		TEST(test_verify_any_octet_changed_never_holds),
		TEST(test_decode_spoilt_messages_of_openssl_are_refused),
		TEST(test_kind_of_answers_goes_by_structure),
	};

	if (system("openssl cmp -help 2>&1 | grep -q use_mock_srv") != 0)
		return 77; /* for automake: skipped */
	return cmocka_run_group_tests(tests, setup_messages, teardown_all);
}

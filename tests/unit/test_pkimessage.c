/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkimessage.c - CMP messages of OpenSSL's and by hand, and heaps of
 * certificates: read, verified, and spoilt. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nss.h>
#include <prerror.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_pkimessage.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { MAX = 100 };

/* --- what OpenSSL writes ------------------------------------------------- */

static char dir[] = "/tmp/pkimessage-XXXXXX";

/* A CA, its server, a user, and what client and server of OpenSSL's send. */
static const char script[] =
        "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1; }\n"
        "key ca.key; key server.key; key user.key\n"
        "openssl req -x509 -new -key ca.key -subj /O=Acme/CN=CA -days 2 "
        "-out ca.pem\n"
        "openssl req -new -key server.key -subj /O=Acme/CN=server "
        "-out server.csr\n"
        "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 "
        "-set_serial 2 -out server.pem\n"
        "openssl req -new -key user.key -subj /O=Acme/CN=user -out user.csr\n"
        "openssl x509 -req -in user.csr -CA ca.pem -CAkey ca.key -days 2 "
        "-set_serial 3 -out user.pem\n"
        "for n in ca server user; do\n"
        "openssl x509 -in $n.pem -outform DER -out $n.cert; done\n"
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
        "test -s $n.der; done\n"
        "openssl crl2pkcs7 -nocrl -certfile user.pem -certfile ca.pem "
        "-outform DER -out certs.p7\n"
        "openssl cms -sign -nodetach -in user.csr -signer user.pem -inkey "
        "user.key -outform DER -out signed.p7\n"
        "cat user.pem ca.pem >chain.pem\n"
        "openssl x509 -in user.pem -text >verbose.pem\n"
        "openssl x509 -in ca.pem -text >>verbose.pem\n";

static int
run_script(const char *text)
{
	char name[64];
	FILE *file;
	char command[128];

	snprintf(name, sizeof name, "%s/script", dir);
	file = fopen(name, "w");
	if (file == NULL)
		return -1;
	fprintf(file, "set -e; cd %s\n%s", dir, text);
	fclose(file);
	snprintf(command, sizeof command, "sh %s >%s/log 2>&1", name, dir);
	return system(command);
}

static int
setup_all(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || NSS_NoDB_Init(NULL) != SECSuccess)
		return -1;
	return run_script(script);
}

static int
teardown_all(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return NSS_Shutdown() == SECSuccess ? system(command) : -1;
}

static int
setup_arena(void **state)
{
	*state = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	return *state != NULL ? 0 : -1;
}

static int
teardown_arena(void **state)
{
	PORT_FreeArena(*state, PR_FALSE);
	return 0;
}

/* A file of dir's, in arena. */
static SECItem *
must_read(PLArenaPool *arena, const char *name)
{
	SECItem *item = SECITEM_AllocItem(arena, NULL, 1 << 16);
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(item);
	item->len = (unsigned)fread(item->data, 1, item->len, file);
	fclose(file);
	assert_true(item->len > 0);
	return item;
}

static struct nu_pkimessage *
must_decode(const SECItem *der)
{
	struct nu_pkimessage *message = NULL;

	assert_int_equal(nu_pkimessage_decode(der, MAX, &message), SECSuccess);
	assert_non_null(message);
	return message;
}

static void
free_message(struct nu_pkimessage **message)
{
	nu_pkimessage_free(*message);
}
static void
free_certs(struct nu_certs **certs)
{
	nu_certs_free(*certs);
}
#define auto_message \
	__attribute__((cleanup(free_message))) struct nu_pkimessage *
#define auto_certs __attribute__((cleanup(free_certs))) struct nu_certs *

static void
assert_refused(const SECItem *der, PRErrorCode why)
{
	struct nu_pkimessage *message = NULL;

	PORT_SetError(0);
	assert_int_equal(nu_pkimessage_decode(der, MAX, &message), SECFailure);
	assert_int_equal(PORT_GetError(), why);
	assert_null(message);
}

static SECStatus
verify_with_cert(const struct nu_pkimessage *message, const SECItem *cert)
{
	struct nu_cert parts;

	assert_int_equal(nu_cert_read(cert, &parts), SECSuccess);
	return nu_pkimessage_verify_key(message, &parts.spki);
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

static void
refuse_variant(const struct hostile *variant, void *arg)
{
	struct nu_pkimessage *message = NULL;

	(void)arg;
	if (nu_pkimessage_decode(&variant->der, MAX, &message) != SECSuccess)
		return;
	if (variant->never_der && variant->at < *(size_t *)arg)
		fail_msg("%s at %zu was read", variant->what, variant->at);
	(void)nu_pkimessage_verify_secret(message, "word");
	nu_pkimessage_free(message);
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

/* --- by hand ------------------------------------------------------------- */

/* What a message is made of; what is NULL is left out. */
struct parts {
	long version;
	const SECItem *fields[16]; /* of the header, behind the recipient */
	unsigned char choice;      /* the body's tag */
	const SECItem *body, *protection, *extra;
};

static const SECItem nothing = { siBuffer, (unsigned char *)"\x05", 2 };

static SECItem *
explicit(PLArenaPool *arena, unsigned n, const SECItem *element)
{
	return nu_der_make(arena, (unsigned char)NU_CONTEXT_CONSTRUCTED(n),
	                   element);
}

static SECItem *
octets(PLArenaPool *arena, const char *text)
{
	return nu_der_make_text(arena, NU_OCTET_STRING, text);
}

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

static SECItem *
make_oid(PLArenaPool *arena, SECOidTag tag)
{
	SECOidData *data = SECOID_FindOIDByTag(tag);

	assert_non_null(data);
	return nu_der_make_octets(arena, NU_OID, data->oid.data, data->oid.len);
}

static SECItem *
algorithm(PLArenaPool *arena, SECOidTag tag, const SECItem *params)
{
	return nu_der_make(arena, NU_SEQUENCE, make_oid(arena, tag), params);
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

static SECItem *
make_list(PLArenaPool *arena, const SECItem *element, size_t n)
{
	const SECItem *all[256];

	assert_true(n <= COUNT(all));
	for (size_t i = 0; i < n; i++)
		all[i] = element;
	return nu_der_wrap(arena, NU_SEQUENCE, all, n);
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

/* --- heaps of certificates ----------------------------------------------- */

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_arena, teardown_arena)

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
		TEST(test_decode_every_header_field_is_read_in_order),
		TEST(test_decode_a_bad_header_field_is_refused),
		TEST(test_decode_versions_1_to_3_alone_are_read),
		TEST(test_decode_protection_and_its_algorithm_come_together),
		TEST(test_decode_body_is_one_element_of_a_choice),
		TEST(test_decode_extra_certs_are_certificates_and_few),
		TEST(test_verify_secret_iterations_have_bounds),
		TEST(test_verify_secret_unknown_algorithms_are_told),
		TEST(test_verify_secret_pbmac1_agrees_with_openssl),
		TEST(test_certs_of_openssl_in_pkcs7_are_read),
		TEST(test_certs_signed_message_is_none),
		TEST(test_certs_in_pkcs7_of_unknown_lengths_are_read),
		TEST(test_certs_in_netscape_sequence_are_read),
		TEST(test_certs_in_pem_are_read_whatever_stands_around),
		TEST(test_certs_in_damaged_pem_are_refused),
		TEST(test_certs_limits_and_nonsense_are_refused),
		TEST(test_certs_spoilt_heaps_yield_der_or_nothing),
		TEST(test_kind_of_answers_goes_by_structure),
		TEST(test_issued_the_signature_decides),
		TEST(test_issued_an_issuer_may_sign_certificates),
	};

	if (system("openssl cmp -help 2>&1 | grep -q use_mock_srv") != 0)
		return 77; /* for automake: skipped */
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_envelope_openssl.c - what is encrypted to a key by openssl and others,
 * and what they make of ours. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_der.h"
#include "tests/unit/envelopes.h"

/* --- content types of other writers -------------------------------------- */

/* EnvelopedData with another content type. */
static SECItem *
retype(PLArenaPool *arena, const SECItem *sealed, const unsigned char *oid,
       size_t oid_len)
{
	SECItem *type = nu_der_make_octets(arena, NU_OID, oid, oid_len);
	struct nu_tlv version, recipients, info, old, algorithm, octets;
	struct nu_der r, inner;

	assert_int_equal(nu_der_only(sealed, NU_CONTEXT_CONSTRUCTED(0), &r),
	                 SECSuccess);
	assert_int_equal(nu_der_any(&r, &version), SECSuccess);
	assert_int_equal(nu_der_any(&r, &recipients), SECSuccess);
	assert_int_equal(nu_der_any(&r, &info), SECSuccess);
	inner = nu_der_reader(&info.value);
	assert_int_equal(nu_der_any(&inner, &old), SECSuccess);
	assert_int_equal(nu_der_any(&inner, &algorithm), SECSuccess);
	assert_int_equal(nu_der_any(&inner, &octets), SECSuccess);
	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), &version.whole,
	                   &recipients.whole,
	                   nu_der_make(arena, NU_SEQUENCE, type,
	                               &algorithm.whole, &octets.whole));
}

static const unsigned char key_package[] = { 0x60, 0x86, 0x48, 0x01, 0x65,
	                                     0x02, 0x01, 0x02, 0x4e, 0x05 };

static void
test_envelope_keys_in_other_content_types_are_opened(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(SECItem) bare = wrap_key(&other_p256, &ways[1]);
	nu_auto(SECItem) info =
	        nu_envelope_open(bare, rsa.private, NULL);
	SECItem *name = nu_der_make_text(arena, NU_UTF8_STRING, "Bob");
	SECItem *with_id = nu_der_make(arena, NU_SEQUENCE, info, name);
	SECItem *package = nu_der_make(arena, NU_SEQUENCE, info);
	nu_auto(SECItem) a = seal(&ways[2], with_id);
	nu_auto(SECItem) b = seal(&ways[1], package);
	nu_auto(SECItem) c = seal(&ways[1], with_id);
	nu_auto(SECKEYPrivateKey) from_id = unwrap(
	        retype(arena, a, key_with_id, sizeof key_with_id), &p256,
	        other_p256.public, PR_FALSE, NULL);
	nu_auto(SECKEYPrivateKey) from_package = unwrap(
	        retype(arena, b, key_package, sizeof key_package), &rsa,
	        other_p256.public, PR_FALSE, NULL);

	(void)state;
	assert_non_null(from_id);
	assert_non_null(from_package);
	assert_stored_well(from_id, other_p256.public);
	/* A package of one key holds nothing else. */
	assert_null(unwrap(retype(arena, c, key_package, sizeof key_package),
	                   &rsa, other_p256.public, PR_FALSE, NULL));
	assert_null(unwrap(retype(arena, c, key_with_id, 3), &rsa,
	                   other_p256.public, PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ALGORITHM);
}

/* EncKeyWithID says one thing after the key, or nothing. */
static void
test_envelope_key_with_too_much_id_is_not_opened(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(SECItem) bare = wrap_key(&other_p256, &ways[1]);
	nu_auto(SECItem) info = nu_envelope_open(bare, rsa.private, NULL);
	SECItem *name = nu_der_make_text(arena, NU_UTF8_STRING, "Bob");
	nu_auto(SECItem) two = seal(&ways[2], nu_der_make(arena, NU_SEQUENCE,
	                                                  info, name, name));
	nu_auto(SECItem) none = seal(&ways[2],
	                             nu_der_make(arena, NU_SEQUENCE, info));
	nu_auto(SECKEYPrivateKey) key = NULL;

	(void)state;
	assert_null(unwrap(retype(arena, two, key_with_id, sizeof key_with_id),
	                   &p256, other_p256.public, PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
	key = unwrap(retype(arena, none, key_with_id, sizeof key_with_id),
	             &p256, other_p256.public, PR_FALSE, NULL);
	assert_non_null(key);
}

/* --- openssl ------------------------------------------------------------- */

static void
write_file(const char *name, const SECItem *data)
{
	FILE *file = open_file(name, "wb");

	assert_int_equal(fwrite(data->data, 1, data->len, file), data->len);
	assert_int_equal(fclose(file), 0);
}

static PRBool
have_openssl(void)
{
	if (shell("openssl version") == 0)
		return PR_TRUE;
	print_message("no openssl here\n");
	return PR_FALSE;
}

/* The private half as PKCS#8, by a way round. */
static void
write_private(const char *name, const struct fresh_key *key)
{
	nu_auto(SECItem) wrapped = wrap_key(key, &ways[0]);
	nu_auto(SECItem) info = nu_envelope_open(wrapped, rsa.private, NULL);

	assert_non_null(info);
	write_file(name, info);
}

/* [0] EnvelopedData <-> ContentInfo. */
static SECItem *
to_content_info(PLArenaPool *arena, const SECItem *sealed)
{
	SECOidData *oid = SECOID_FindOIDByTag(SEC_OID_PKCS7_ENVELOPED_DATA);
	SECItem *type = nu_der_make_octets(arena, NU_OID, oid->oid.data,
	                                   oid->oid.len);
	SECItem *body = nu_der_retag(arena, NU_SEQUENCE, sealed);

	return nu_der_make(arena, NU_SEQUENCE, type,
	                   nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), body));
}

static SECItem *
from_content_info(PLArenaPool *arena, const SECItem *info)
{
	struct nu_tlv type, tagged;
	struct nu_der r;

	assert_int_equal(nu_der_only(info, NU_SEQUENCE, &r), SECSuccess);
	assert_int_equal(nu_der_any(&r, &type), SECSuccess);
	assert_int_equal(nu_der_any(&r, &tagged), SECSuccess);
	return nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(0), &tagged.value);
}

static void
test_envelope_openssl_opens_our_enveloped_data(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);

	(void)state;
	if (!have_openssl())
		return;
	for (size_t i = 1; i < COUNT(ways); i++) {
		nu_auto(SECItem) sealed = seal_text(&ways[i], "for openssl");
		nu_auto_item got = { siBuffer, NULL, 0 };

		write_private("key.der", ways[i].to);
		write_file("sealed.der", to_content_info(arena, sealed));
		must_shell("openssl pkey -inform DER -in key.der -out key.pem "
		           "&& openssl cms -decrypt -inform DER -in sealed.der "
		           "-inkey key.pem -out open.bin");
		read_file("open.bin", &got);
		assert_int_equal(got.len, strlen("for openssl"));
		assert_memory_equal(got.data, "for openssl", got.len);
	}
	remove_files();
}

/* The parts of an EncryptedValue, for hands that know no such thing. */
static void
write_value_parts(const SECItem *value)
{
	struct nu_tlv cipher, key, key_alg, oid, iv;
	struct nu_der r, inner;
	SECItem octets;

	assert_int_equal(nu_der_only(value, NU_SEQUENCE, &r), SECSuccess);
	assert_int_equal(nu_der_get(&r, NU_CONTEXT_CONSTRUCTED(1), &cipher),
	                 SECSuccess);
	assert_int_equal(nu_der_get(&r, NU_CONTEXT(2), &key), SECSuccess);
	assert_int_equal(nu_der_get(&r, NU_CONTEXT_CONSTRUCTED(3), &key_alg),
	                 SECSuccess);
	assert_int_equal(nu_der_bits(&r, &octets), SECSuccess);
	assert_int_equal(nu_der_end(&r), SECSuccess);
	write_file("encrypted.bin", &octets);
	inner = nu_der_reader(&cipher.value);
	assert_int_equal(nu_der_get(&inner, NU_OID, &oid), SECSuccess);
	assert_int_equal(SECOID_FindOIDTag(&oid.value), SEC_OID_AES_256_CBC);
	assert_int_equal(nu_der_get(&inner, NU_OCTET_STRING, &iv), SECSuccess);
	write_file("iv.bin", &iv.value);
	key.value.data++; /* the unused bits */
	key.value.len--;
	write_file("key.bin", &key.value);
}

static void
test_envelope_openssl_opens_our_encrypted_value(void **state)
{
	struct fresh_key *const keys[] = { &other_rsa, &p384 };

	(void)state;
	if (!have_openssl())
		return;
	write_private("opener.der", &rsa);
	for (size_t i = 0; i < COUNT(keys); i++) {
		nu_auto(SECItem) wrapped = wrap_key(keys[i], &ways[0]);
		nu_auto(SECItem) spki = fresh_spki(keys[i]);
		nu_auto_item got = { siBuffer, NULL, 0 };

		write_file("value.der", wrapped);
		write_value_parts(wrapped);
		must_shell(
		        "openssl asn1parse -inform DER -in value.der && "
		        "openssl pkeyutl -decrypt -keyform DER -inkey "
		        "opener.der -in key.bin -out plain.bin && "
		        "openssl enc -d -aes-256-cbc -in encrypted.bin "
		        "-K $(od -An -tx1 -v plain.bin | tr -d ' \\n') "
		        "-iv $(od -An -tx1 -v iv.bin | tr -d ' \\n') "
		        "-out info.der && openssl pkey -inform DER "
		        "-in info.der -pubout -outform DER -out spki.der");
		read_file("spki.der", &got);
		assert_true(SECITEM_ItemsAreEqual(&got, spki));
	}
	remove_files();
}

static void
test_envelope_openssl_enveloped_data_is_opened(void **state)
{
	static const struct {
		struct fresh_key *to;
		const char *options;
		PRBool known;
	} theirs[] = {
		{ &rsa, "-aes256", PR_TRUE },
		{ &rsa, "-aes192", PR_TRUE },
		{ &rsa, "-aes128", PR_TRUE },
		{ &rsa, "-des3", PR_TRUE },
		{ &rsa, "-camellia256", PR_FALSE },
		{ &rsa, "-aes256 -keyopt rsa_padding_mode:oaep", PR_TRUE },
		{ &rsa,
		  "-aes256 -keyopt rsa_padding_mode:oaep "
		  "-keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha512 "
		  "-keyopt rsa_oaep_label:0102",
		  PR_TRUE },
		{ &p256, "-aes256", PR_TRUE },
		{ &p384, "-aes128 -aes128-wrap -keyopt ecdh_kdf_md:sha384",
		  PR_TRUE },
		{ &p521, "-aes192 -aes192-wrap -keyopt ecdh_kdf_md:sha512",
		  PR_TRUE },
		{ &p256, "-aes256 -keyopt ecdh_kdf_md:sha224", PR_TRUE },
		{ &p256, "-aes256 -keyopt ecdh_cofactor_mode:1", PR_FALSE },
	};
	const SECItem text = { siBuffer, (unsigned char *)"from openssl", 12 };

	(void)state;
	if (!have_openssl())
		return;
	write_file("text.bin", &text);
	for (size_t i = 0; i < COUNT(theirs); i++) {
		nu_auto(PLArenaPool) arena =
		        PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
		nu_auto(SECItem) cert =
		        fresh_cert(theirs[i].to, "CN=Bob", &rsa, "CN=CA",
		                   i + 1);
		nu_auto_item info = { siBuffer, NULL, 0 };

		write_file("cert.der", cert);
		must_shell("openssl x509 -inform DER -in cert.der -out "
		           "cert.pem && openssl cms -encrypt -binary "
		           "-in text.bin -outform DER -out sealed.der "
		           "-recip cert.pem %s", theirs[i].options);
		read_file("sealed.der", &info);
		if (theirs[i].known)
			assert_opens(from_content_info(arena, &info),
			             theirs[i].to, &text);
		else
			assert_closed(from_content_info(arena, &info),
			              theirs[i].to,
			              SEC_ERROR_INVALID_ALGORITHM);
	}
	remove_files();
}

/* One message to three, of whom we are each. */
static void
test_envelope_openssl_several_recipients_each_open_it(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct fresh_key *const to[] = { &rsa, &other_rsa, &p256 };
	const SECItem text = { siBuffer, (unsigned char *)"for three", 9 };
	nu_auto_item info = { siBuffer, NULL, 0 };
	SECItem *sealed;

	(void)state;
	if (!have_openssl())
		return;
	write_file("text.bin", &text);
	for (size_t i = 0; i < COUNT(to); i++) {
		nu_auto(SECItem) cert =
		        fresh_cert(to[i], "CN=Bob", &rsa, "CN=CA", i + 1);

		write_file("cert.der", cert);
		must_shell("openssl x509 -inform DER -in cert.der -out "
		           "cert%zu.pem", i);
	}
	must_shell("openssl cms -encrypt -binary -in text.bin -outform DER "
	           "-out sealed.der -aes256 cert0.pem cert1.pem cert2.pem");
	read_file("sealed.der", &info);
	sealed = from_content_info(arena, &info);
	for (size_t i = 0; i < COUNT(to); i++)
		assert_opens(sealed, to[i], &text);
	assert_closed(sealed, &p384, SEC_ERROR_BAD_DATA);
	remove_files();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		        test_envelope_keys_in_other_content_types_are_opened),
		cmocka_unit_test(
		        test_envelope_key_with_too_much_id_is_not_opened),
		cmocka_unit_test(
		        test_envelope_openssl_opens_our_enveloped_data),
		cmocka_unit_test(
		        test_envelope_openssl_opens_our_encrypted_value),
		cmocka_unit_test(
		        test_envelope_openssl_enveloped_data_is_opened),
		cmocka_unit_test(
		        test_envelope_openssl_several_recipients_each_open_it),
	};

	return cmocka_run_group_tests(tests, envelopes_setup,
	                              envelopes_teardown);
}

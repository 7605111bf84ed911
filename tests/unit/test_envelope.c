/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_envelope.c - what is encrypted to a key, by us. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pk11pub.h>
#include <secerr.h>

#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_pin.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/envelopes.h"

#define DB_PASSWORD "Aa1!aaaaaa" /* good enough for FIPS mode */

static const char *self; /* this program */

/* --- helpers ------------------------------------------------------------- */

/* How many token keys carry the label. */
static int
count_stored(void *wincx)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKeyList) list = NULL;
	int n = 0;

	assert_int_equal(nu_slot_keys(slot, LABEL, wincx, &list), SECSuccess);
	if (list == NULL)
		return 0;
	for (SECKEYPrivateKeyListNode *node = PRIVKEY_LIST_HEAD(list);
	     !PRIVKEY_LIST_END(node, list); node = PRIVKEY_LIST_NEXT(node))
		n++;
	return n;
}

static void
delete_key(SECKEYPrivateKey *key)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetSlotFromPrivateKey(key);

	assert_int_equal(
	        PK11_DestroyTokenObject(
	                slot, PK11_GetObjectHandle(PK11_TypePrivKey, key,
	                                           NULL)),
	        SECSuccess);
}

/* --- bytes --------------------------------------------------------------- */

static void
test_envelope_bytes_round_trip_in_every_way(void **state)
{
	unsigned char bytes[LONG_DATA];
	static const unsigned lengths[] = { 1, 15, 16, 17, 32, LONG_DATA };

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < COUNT(ways) * COUNT(lengths); i++) {
		const struct way *way = &ways[i / COUNT(lengths)];
		SECItem data = { siBuffer, bytes, lengths[i % COUNT(lengths)] };
		nu_auto(SECItem) sealed = seal(way, &data);

		assert_int_equal(nu_envelope_check(sealed), SECSuccess);
		assert_int_equal(nu_der_check(sealed, 32), SECSuccess);
		assert_opens(sealed, way->to, &data);
	}
}

static void
test_envelope_each_has_a_key_and_an_iv_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		nu_auto(SECItem) a = seal_text(&ways[i], "the same");
		nu_auto(SECItem) b = seal_text(&ways[i], "the same");

		assert_false(SECITEM_ItemsAreEqual(a, b));
	}
}

/* Of another key's bytes one in some hundreds is padded as it should be. */
static void
assert_not_read(const SECItem *sealed, const struct fresh_key *opener,
                const char *text)
{
	nu_auto(SECItem) got = nu_envelope_open(sealed, opener->private, NULL);

	if (got == NULL)
		assert_string_equal(nu_err_name(PORT_GetError()),
		                    nu_err_name(SEC_ERROR_BAD_DATA));
	else
		assert_false(got->len == strlen(text) &&
		             memcmp(got->data, text, got->len) == 0);
}

static void
test_envelope_another_key_does_not_open_it(void **state)
{
	struct fresh_key *const others[] = { &other_rsa, &other_p256, &p384 };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		nu_auto(SECItem) sealed = seal_text(&ways[i], "secret");

		for (size_t j = 0; j < COUNT(others); j++) {
			if (others[j] != ways[i].to)
				assert_not_read(sealed, others[j], "secret");
		}
	}
}

static void
test_envelope_no_encrypted_value_for_an_ec_key(void **state)
{
	const SECItem data = { siBuffer, (unsigned char *)"x", 1 };

	(void)state;
	assert_null(nu_envelope_seal(&data, p256.public, NU_ENVELOPE_VALUE,
	                             NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_UNSUPPORTED_KEYALG);
	assert_null(nu_envelope_wrap_key(rsa.private, p256.public,
	                                 NU_ENVELOPE_VALUE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_UNSUPPORTED_KEYALG);
}

static void
test_envelope_nothing_and_junk_are_refused(void **state)
{
	static const SECItem junk[] = {
		{ siBuffer, (unsigned char *)"", 0 },
		{ siBuffer, (unsigned char *)"\x30\x00", 2 },
		{ siBuffer, (unsigned char *)"\xa0\x00", 2 },
		{ siBuffer, (unsigned char *)"\x04\x01x", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(junk); i++) {
		assert_int_equal(nu_envelope_check(&junk[i]), SECFailure);
		assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DER);
		assert_closed(&junk[i], &rsa, SEC_ERROR_BAD_DER);
	}
}

/* SEQUENCE { BIT STRING }: all but encValue is optional. */
static void
test_envelope_value_without_its_key_is_refused(void **state)
{
	static const SECItem value = {
		siBuffer, (unsigned char *)"\x30\x04\x03\x02\x00\x01", 6
	};

	(void)state;
	assert_closed(&value, &rsa, SEC_ERROR_INVALID_ALGORITHM);
}

struct attack {
	const struct way *way;
	const char *text;
};

static void
try_variant(const struct hostile *variant, void *arg)
{
	const struct attack *attack = arg;
	nu_auto(SECItem) got = nu_envelope_open(
	        &variant->der, attack->way->to->private, NULL);

	if (variant->never_der && got != NULL)
		fail_msg("%s at %zu opens", variant->what, variant->at);
	if (got == NULL && PORT_GetError() == 0)
		fail_msg("%s at %zu: no error", variant->what, variant->at);
}

static void
test_envelope_hostile_variants_are_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) { /* each form, each kind of key */
		struct attack attack = { &ways[i], "a secret text" };
		nu_auto(SECItem) sealed = seal_text(&ways[i], attack.text);

		assert_true(hostile_each(sealed, try_variant, &attack) > 100);
	}
}

/* --- keys ---------------------------------------------------------------- */

static void
test_envelope_keys_round_trip_in_every_way(void **state)
{
	struct fresh_key *const keys[] = { &other_rsa, &other_p256, &p521 };

	(void)state;
	for (size_t i = 0; i < COUNT(ways) * COUNT(keys); i++) {
		const struct way *way = &ways[i / COUNT(keys)];
		const struct fresh_key *key = keys[i % COUNT(keys)];
		nu_auto(SECItem) wrapped = wrap_key(key, way);
		nu_auto(SECKEYPrivateKey) session = unwrap(
		        wrapped, way->to, key->public, PR_FALSE, NULL);
		nu_auto(SECKEYPrivateKey) stored = NULL;

		assert_non_null(session);
		assert_stored_well(session, key->public);
		assert_int_equal(count_stored(NULL), 0);
		stored = unwrap(wrapped, way->to, key->public, PR_TRUE, NULL);
		assert_non_null(stored);
		assert_stored_well(stored, key->public);
		assert_int_equal(count_stored(NULL), 1);
		delete_key(stored);
	}
}

static void
test_envelope_key_of_another_is_not_unwrapped(void **state)
{
	struct fresh_key *const wrong[] = { &rsa, &p256, &p384 };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		nu_auto(SECItem) wrapped = wrap_key(&other_rsa, &ways[i]);

		for (size_t j = 0; j < COUNT(wrong); j++)
			assert_null(unwrap(wrapped, ways[i].to,
			                   wrong[j]->public, PR_TRUE, NULL));
		assert_null(unwrap(wrapped, &other_p256, other_rsa.public,
		                   PR_TRUE, NULL));
		assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
	}
	assert_int_equal(count_stored(NULL), 0);
}

/* Wherever it is changed: no key, or the right one. */
static void
test_envelope_key_tampered_with_is_never_a_wrong_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		nu_auto(SECItem) wrapped = wrap_key(&other_rsa, &ways[i]);

		for (unsigned at = 0; at < wrapped->len; at += 5) {
			nu_auto(SECKEYPrivateKey) key = NULL;

			wrapped->data[at] ^= 0x04;
			key = unwrap(wrapped, ways[i].to, other_rsa.public,
			             PR_FALSE, NULL);
			assert_true(key == NULL ||
			            nu_key_proves(key, other_rsa.public));
			wrapped->data[at] ^= 0x04;
		}
	}
}

static void
test_envelope_unextractable_key_is_not_wrapped(void **state)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPublicKey) public = NULL;
	nu_auto(SECKEYPrivateKey) key = nu_key_generate(
	        slot, ecKey, 256,
	        PK11_ATTR_SESSION | PK11_ATTR_SENSITIVE |
	                PK11_ATTR_UNEXTRACTABLE,
	        NULL, &public);

	(void)state;
	assert_non_null(key);
	assert_null(nu_envelope_wrap_key(key, rsa.public, NU_ENVELOPE_CMS,
	                                 NULL));
	assert_int_equal(PORT_GetError(),
	                 SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY);
}

/* --- archives ------------------------------------------------------------ */

static SECItem *
name_of(const char *text)
{
	SECItem *name = nu_name_from_text(text);

	assert_non_null(name);
	return name;
}

static SECItem *
archive(const struct fresh_key *key, const struct fresh_key *to,
        const SECItem *subject)
{
	SECItem *archived = nu_envelope_archive_key(key->private, to->public,
	                                            subject, NULL);

	if (archived == NULL)
		fail_msg("archive: %s", nu_err_name(PORT_GetError()));
	return archived;
}

static void
test_envelope_archived_keys_come_back(void **state)
{
	struct fresh_key *const keys[] = { &other_rsa, &other_p256, &p521 };
	struct fresh_key *const to[] = { &rsa, &p256, &p384, &p521 };
	nu_auto(SECItem) subject = name_of("CN=Bob,O=Acme");

	(void)state;
	for (size_t i = 0; i < COUNT(to) * COUNT(keys); i++) {
		const struct fresh_key *opener = to[i / COUNT(keys)];
		const struct fresh_key *key = keys[i % COUNT(keys)];
		nu_auto(SECItem) archived = archive(key, opener, subject);
		nu_auto(SECKEYPrivateKey) back = unwrap(
		        archived, opener, key->public, PR_FALSE, NULL);

		assert_non_null(back);
		assert_stored_well(back, key->public);
		assert_int_equal(nu_envelope_proves_key(
		                         archived, opener->private,
		                         key->public, subject, NULL),
		                 SECSuccess);
	}
}

/* RFC 4211, 6.4: id-ct-encKeyWithID { PrivateKeyInfo, directoryName [4] }. */
static void
test_envelope_archive_for_ec_says_whose_key_it_is(void **state)
{
	nu_auto(SECItem) subject = name_of("CN=Bob,O=Acme");
	nu_auto(SECItem) archived = archive(&other_rsa, &p384, subject);
	nu_auto(SECItem) data = nu_envelope_open(archived, p384.private, NULL);
	struct nu_tlv info, name;
	struct nu_der r;

	(void)state;
	assert_int_equal(archived->data[0], NU_CONTEXT_CONSTRUCTED(0));
	assert_non_null(memmem(archived->data, archived->len, key_with_id,
	                       sizeof key_with_id));
	assert_non_null(data);
	assert_int_equal(nu_der_only(data, NU_SEQUENCE, &r), SECSuccess);
	assert_int_equal(nu_der_get(&r, NU_SEQUENCE, &info), SECSuccess);
	assert_int_equal(nu_der_get(&r, NU_CONTEXT_CONSTRUCTED(4), &name),
	                 SECSuccess);
	assert_int_equal(nu_der_end(&r), SECSuccess);
	assert_true(SECITEM_ItemsAreEqual(&name.value, subject));
}

static void
test_envelope_archive_proves_nothing_for_another(void **state)
{
	nu_auto(SECItem) bob = name_of("CN=Bob,O=Acme");
	nu_auto(SECItem) eve = name_of("CN=Eve,O=Acme");
	nu_auto(SECItem) archived = archive(&other_p256, &p256, bob);

	(void)state;
	assert_int_equal(nu_envelope_proves_key(archived, p256.private,
	                                        other_p256.public, eve, NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
	assert_int_equal(nu_envelope_proves_key(archived, p256.private,
	                                        p256.public, bob, NULL),
	                 SECFailure);
	assert_int_equal(nu_envelope_proves_key(archived, other_p256.private,
	                                        other_p256.public, bob, NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
}

/* The same modulus is not yet the same key. */
static void
test_envelope_key_with_another_exponent_is_not_unwrapped(void **state)
{
	nu_auto(SECItem) wrapped = wrap_key(&other_rsa, &ways[0]);
	nu_auto(SECItem) spki = fresh_spki(&other_rsa);
	nu_auto(SECKEYPublicKey) other = NULL;

	(void)state;
	assert_int_equal(spki->data[spki->len - 1], 1); /* of 65537 */
	spki->data[spki->len - 1] = 3;
	other = nu_key_from_spki(spki);
	assert_non_null(other);
	assert_null(unwrap(wrapped, &rsa, other, PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DATA);
}

/* --- FIPS mode ----------------------------------------------------------- */

static enum nu_pin_answer
say_password(void *arg, const char *token, unsigned attempt, char *buf,
             size_t size)
{
	(void)arg;
	(void)token;
	(void)attempt;
	snprintf(buf, size, "%s", DB_PASSWORD);
	return NU_PIN_GIVEN;
}

/* A key of the token's, to another one and back. */
static PRBool
round_trip(PK11SlotInfo *slot, KeyType opener_type, unsigned opener_bits,
           enum nu_envelope_form form, struct nu_pin *pin)
{
	const PK11AttrFlags flags = PK11_ATTR_SESSION | PK11_ATTR_PRIVATE |
	                            PK11_ATTR_SENSITIVE |
	                            PK11_ATTR_EXTRACTABLE;
	nu_auto(SECKEYPublicKey) pub = NULL;
	nu_auto(SECKEYPublicKey) opener_pub = NULL;
	nu_auto(SECKEYPrivateKey) key =
	        nu_key_generate(slot, ecKey, 256, flags, pin, &pub);
	nu_auto(SECKEYPrivateKey) opener =
	        nu_key_generate(slot, opener_type, opener_bits, flags, pin,
	                        &opener_pub);
	nu_auto(SECKEYPrivateKey) back = NULL;
	nu_auto(SECItem) wrapped = NULL;
	nu_auto(SECItem) archived = NULL;
	nu_auto(SECItem) sealed = NULL;
	nu_auto(SECItem) open = NULL;
	const SECItem text = { siBuffer, (unsigned char *)"text", 4 };
	nu_auto(SECItem) subject = name_of("CN=Bob");

	if (key == NULL || opener == NULL)
		return PR_FALSE;
	sealed = nu_envelope_seal(&text, opener_pub, form, pin);
	if (sealed == NULL)
		return PR_FALSE;
	open = nu_envelope_open(sealed, opener, pin);
	if (open == NULL || !SECITEM_ItemsAreEqual(open, &text))
		return PR_FALSE;
	archived = nu_envelope_archive_key(key, opener_pub, subject, pin);
	if (archived == NULL ||
	    nu_envelope_proves_key(archived, opener, pub, subject, pin) !=
	            SECSuccess)
		return PR_FALSE;
	wrapped = nu_envelope_wrap_key(key, opener_pub, form, pin);
	if (wrapped == NULL)
		return PR_FALSE;
	back = nu_envelope_unwrap_key(wrapped, opener, pub, slot, PR_TRUE,
	                              LABEL, pin);
	return back != NULL && nu_key_proves(back, pub);
}

/* A process of its own, since NSS has one mode at a time. */
static int
run_in(const char *dir)
{
	struct nu_pin pin = { .ask = say_password };
	nu_auto(PK11SlotInfo) slot = NULL;
	PRBool good;

	if (nu_open(dir, PR_FALSE, 1000) != SECSuccess || !PK11_IsFIPS())
		return 2;
	PK11_SetPasswordFunc(nu_pin_callback);
	slot = PK11_GetInternalKeySlot();
	good = nu_slot_login(slot, &pin) == SECSuccess &&
	       round_trip(slot, rsaKey, 2048, NU_ENVELOPE_VALUE, &pin) &&
	       round_trip(slot, rsaKey, 2048, NU_ENVELOPE_CMS, &pin) &&
	       round_trip(slot, ecKey, 384, NU_ENVELOPE_CMS, &pin);
	if (!good)
		fprintf(stderr, "%s\n", nu_err_name(PORT_GetError()));
	return good ? 0 : 1;
}

static void
test_envelope_keys_go_and_come_in_fips_mode(void **state)
{
	(void)state;
	must_shell("mkdir fips && printf '%%s\\n' '%s' >pw && "
	           "certutil -N -d sql:fips -f pw && "
	           "modutil -fips true -dbdir sql:fips -force",
	           DB_PASSWORD);
	must_shell("%s in %s/fips", self, fresh_dir());
	remove_files();
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope_bytes_round_trip_in_every_way),
		cmocka_unit_test(
		        test_envelope_each_has_a_key_and_an_iv_of_its_own),
		cmocka_unit_test(test_envelope_another_key_does_not_open_it),
		cmocka_unit_test(
		        test_envelope_no_encrypted_value_for_an_ec_key),
		cmocka_unit_test(test_envelope_nothing_and_junk_are_refused),
		cmocka_unit_test(
		        test_envelope_value_without_its_key_is_refused),
		cmocka_unit_test(test_envelope_hostile_variants_are_survived),
		cmocka_unit_test(test_envelope_keys_round_trip_in_every_way),
		cmocka_unit_test(test_envelope_key_of_another_is_not_unwrapped),
		cmocka_unit_test(
		        test_envelope_key_tampered_with_is_never_a_wrong_key),
		cmocka_unit_test(
		        test_envelope_unextractable_key_is_not_wrapped),
		cmocka_unit_test(test_envelope_archived_keys_come_back),
		cmocka_unit_test(
		        test_envelope_archive_for_ec_says_whose_key_it_is),
		cmocka_unit_test(
		        test_envelope_archive_proves_nothing_for_another),
		cmocka_unit_test(
		  test_envelope_key_with_another_exponent_is_not_unwrapped),
		cmocka_unit_test(
		        test_envelope_keys_go_and_come_in_fips_mode),
	};

	self = realpath(argv[0], NULL);
	if (argc == 3 && strcmp(argv[1], "in") == 0)
		return run_in(argv[2]);
	return cmocka_run_group_tests(tests, envelopes_setup,
	                              envelopes_teardown);
}

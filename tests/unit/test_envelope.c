/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_envelope.c - what is encrypted to a key, by us and by openssl. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <nss.h>
#include <pk11pub.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_pin.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/fresh.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define DB_PASSWORD "Aa1!aaaaaa" /* good enough for FIPS mode */
#define LABEL "recovered"

enum { FILE_SIZE = 16384, LONG_DATA = 5000 };

static const char *self; /* this program */

static struct fresh_key rsa, other_rsa, p256, p384, p521, other_p256;

/* Whom and how; an EC key has CMS only. */
static const struct way {
	struct fresh_key *to;
	enum nu_envelope_form form;
} ways[] = {
	{ &rsa, NU_ENVELOPE_VALUE }, { &rsa, NU_ENVELOPE_CMS },
	{ &p256, NU_ENVELOPE_CMS },  { &p384, NU_ENVELOPE_CMS },
	{ &p521, NU_ENVELOPE_CMS },
};

/* --- helpers ---------------------------------------------------------- */

static SECItem *
seal(const struct way *way, const SECItem *data)
{
	SECItem *sealed =
	        nu_envelope_seal(data, way->to->public, way->form, NULL);

	if (sealed == NULL)
		fail_msg("seal: %s", nu_err_name(PORT_GetError()));
	return sealed;
}

static SECItem *
seal_text(const struct way *way, const char *text)
{
	const SECItem data = { siBuffer, (unsigned char *)text,
		               (unsigned)strlen(text) };

	return seal(way, &data);
}

static void
assert_opens(const SECItem *sealed, const struct fresh_key *opener,
             const SECItem *expected)
{
	nu_auto(SECItem) got = nu_envelope_open(sealed, opener->private, NULL);

	if (got == NULL)
		fail_msg("open: %s", nu_err_name(PORT_GetError()));
	assert_int_equal(got->len, expected->len);
	assert_memory_equal(got->data, expected->data, got->len);
}

static void
assert_closed(const SECItem *sealed, const struct fresh_key *opener,
              PRErrorCode why)
{
	assert_null(nu_envelope_open(sealed, opener->private, NULL));
	assert_string_equal(nu_err_name(PORT_GetError()), nu_err_name(why));
}

static SECItem *
wrap_key(const struct fresh_key *key, const struct way *way)
{
	SECItem *wrapped = nu_envelope_wrap_key(key->private, way->to->public,
	                                        way->form, NULL);

	if (wrapped == NULL)
		fail_msg("wrap: %s", nu_err_name(PORT_GetError()));
	return wrapped;
}

static SECKEYPrivateKey *
unwrap(const SECItem *wrapped, const struct fresh_key *opener,
       SECKEYPublicKey *pub, PRBool permanent, void *wincx)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();

	assert_non_null(slot);
	return nu_envelope_unwrap_key(wrapped, opener->private, pub, slot,
	                              permanent, permanent ? LABEL : NULL,
	                              wincx);
}

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

/* It works, may leave its token again, and is found by its certificate. */
static void
assert_stored_well(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	nu_auto_item id = { siBuffer, NULL, 0 };
	nu_auto(SECItem) expected = PK11_MakeIDFromPubKey(
	        SECKEY_GetPublicKeyType(pub) == rsaKey
	                ? &pub->u.rsa.modulus
	                : &pub->u.ec.publicValue);

	assert_true(nu_key_proves(key, pub));
	assert_true(nu_key_may_leave(key));
	assert_int_equal(nu_key_attribute(key, CKA_ID, &id), SECSuccess);
	assert_true(SECITEM_ItemsAreEqual(&id, expected));
}

/* --- bytes ------------------------------------------------------------ */

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

/* --- keys ------------------------------------------------------------- */

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

/* --- content types of other writers ----------------------------------- */

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

static const unsigned char key_with_id[] = { 0x2a, 0x86, 0x48, 0x86,
	                                     0xf7, 0x0d, 0x01, 0x09,
	                                     0x10, 0x01, 0x15 };
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

/* --- archives --------------------------------------------------------- */

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

/* --- openssl ---------------------------------------------------------- */

static int
shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int
shell(const char *format, ...)
{
	char command[2048];
	va_list args;
	int len = snprintf(command, sizeof command,
	                   "exec >%s/log 2>&1; cd %s && ", fresh_dir(),
	                   fresh_dir());
	int status;

	va_start(args, format);
	vsnprintf(command + len, sizeof command - (size_t)len, format, args);
	va_end(args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static FILE *
open_file(const char *name, const char *mode)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", fresh_dir(), name);
	file = fopen(path, mode);
	assert_non_null(file);
	return file;
}

static void
write_file(const char *name, const SECItem *data)
{
	FILE *file = open_file(name, "wb");

	assert_int_equal(fwrite(data->data, 1, data->len, file), data->len);
	assert_int_equal(fclose(file), 0);
}

static void
read_file(const char *name, SECItem *ret_item)
{
	FILE *file = open_file(name, "rb");

	assert_non_null(SECITEM_AllocItem(NULL, ret_item, FILE_SIZE));
	ret_item->len = (unsigned)fread(ret_item->data, 1, FILE_SIZE, file);
	fclose(file);
}

#define must_shell(...)                                                    \
	do {                                                               \
		if (shell(__VA_ARGS__) != 0) {                             \
			nu_auto_item log_ = { siBuffer, NULL, 0 };         \
			read_file("log", &log_);                           \
			fail_msg("%.*s", (int)log_.len, (char *)log_.data); \
		}                                                          \
	} while (0)

static void
remove_files(void)
{
	(void)shell("rm -rf *.der *.pem *.bin fips pw");
	(void)shell("rm -f log");
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

/* --- FIPS mode -------------------------------------------------------- */

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

/* ------------------------------------------------------------------------- */

static int
setup(void **state)
{
	(void)state;
	fresh_open();
	rsa = fresh_key(rsaKey, 2048);
	other_rsa = fresh_key(rsaKey, 2048);
	p256 = fresh_key(ecKey, 256);
	p384 = fresh_key(ecKey, 384);
	p521 = fresh_key(ecKey, 521);
	other_p256 = fresh_key(ecKey, 256);
	return 0;
}

static int
teardown(void **state)
{
	struct fresh_key *const keys[] = { &rsa,  &other_rsa, &p256,
		                           &p384, &p521,      &other_p256 };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		fresh_key_free(keys[i]);
	remove_files();
	fresh_close();
	return 0;
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
		cmocka_unit_test(
		        test_envelope_keys_in_other_content_types_are_opened),
		cmocka_unit_test(
		        test_envelope_key_with_too_much_id_is_not_opened),
		cmocka_unit_test(test_envelope_archived_keys_come_back),
		cmocka_unit_test(
		        test_envelope_archive_for_ec_says_whose_key_it_is),
		cmocka_unit_test(
		        test_envelope_archive_proves_nothing_for_another),
		cmocka_unit_test(
		        test_envelope_key_with_another_exponent_is_not_unwrapped),
		cmocka_unit_test(
		        test_envelope_openssl_opens_our_enveloped_data),
		cmocka_unit_test(
		        test_envelope_openssl_opens_our_encrypted_value),
		cmocka_unit_test(
		        test_envelope_openssl_enveloped_data_is_opened),
		cmocka_unit_test(
		        test_envelope_openssl_several_recipients_each_open_it),
		cmocka_unit_test(
		        test_envelope_keys_go_and_come_in_fips_mode),
	};

	self = realpath(argv[0], NULL);
	if (argc == 3 && strcmp(argv[1], "in") == 0)
		return run_in(argv[2]);
	return cmocka_run_group_tests(tests, setup, teardown);
}

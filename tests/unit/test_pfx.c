/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pfx.c - sealed requests, keys made ahead, and PKCS#12 files of them. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca/pfx.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_p10.h"
#include "tests/unit/store.h"

#define DB_PASSWORD "Long enough, 140 too" /* fit for FIPS mode */
#define PASSWORD "\xc3\xa9t\xc3\xa9, 2 words"
#define NAME "Alice \xe2\x82\xac"

enum { BLOCK = 16, SEALED_MAX = 256 * 1024, PATIENCE = 60 };

static unsigned char key[PFX_KEY_SIZE] = "0123456789abcdef0123456789abcdef";

static int
setup(void **state)
{
	struct store *st = store_new(DB_PASSWORD);

	st->user.password = DB_PASSWORD;
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	*state = st;
	return 0;
}

/* The same in FIPS mode; *state is NULL where there is none. */
static int
setup_fips(void **state)
{
	struct store *st = store_new(DB_PASSWORD);

	store_close(st);
	(void)store_shell(st, "modutil -force -dbdir db -fips true >out 2>&1");
	store_reopen(st, 0);
	st->user.password = DB_PASSWORD;
	if (PK11_IsFIPS()) {
		assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
		assert_int_equal(ca_open(st->ca, NULL), PSM_OK);
		*state = st;
	} else {
		store_free(st);
		*state = NULL;
	}
	return 0;
}

static int
teardown(void **state)
{
	if (*state != NULL)
		store_free(*state);
	return 0;
}

/* --- sealing ----------------------------------------------------------- */

static const enum pfx_cipher ciphers[] = { PFX_CBC, PFX_GCM, PFX_ECB };
enum { N_CIPHERS = 3 };

static void
assert_opens(enum pfx_cipher cipher, const void *sealed, size_t len,
             const void *expected, size_t expected_len)
{
	unsigned char *text = NULL;
	size_t n = 0;

	assert_int_equal(pfx_open(cipher, key, sealed, len, &text, &n), PSM_OK);
	assert_int_equal(n, expected_len);
	assert_memory_equal(text, expected, n);
	assert_int_equal(text[n], '\0');
	pfx_wipe(text, n);
}

static void
assert_malformed(enum pfx_cipher cipher, const void *sealed, size_t len)
{
	unsigned char *text = NULL;
	size_t n;

	assert_int_equal(pfx_open(cipher, key, sealed, len, &text, &n),
	                 PSM_E_REQUEST);
	assert_null(text);
}

static unsigned char *
seal(enum pfx_cipher cipher, const void *text, size_t len, size_t *ret_len)
{
	unsigned char *sealed = NULL;

	assert_int_equal(pfx_seal(cipher, key, text, len, &sealed, ret_len),
	                 PSM_OK);
	return sealed;
}

static void
test_seal_any_length_opens_again(void **state)
{
	unsigned char text[70];

	(void)state;
	for (size_t n = 0; n < sizeof text; n++) {
		memset(text, (int)n, sizeof text);
		for (int i = 0; i < N_CIPHERS; i++) {
			size_t len;
			unsigned char *sealed = seal(ciphers[i], text, n,
			                             &len);

			assert_opens(ciphers[i], sealed, len, text, n);
			free(sealed);
		}
	}
}

static void
test_seal_twice_looks_different_but_for_ecb(void **state)
{
	(void)state;
	for (int i = 0; i < N_CIPHERS; i++) {
		size_t len, again_len;
		unsigned char *sealed = seal(ciphers[i], "text", 4, &len);
		unsigned char *again = seal(ciphers[i], "text", 4, &again_len);

		assert_int_equal(len, again_len);
		assert_true((memcmp(sealed, again, len) == 0) ==
		            (ciphers[i] == PFX_ECB));
		free(sealed);
		free(again);
	}
}

static void
test_seal_is_bounded(void **state)
{
	unsigned char *big = calloc(1, SEALED_MAX + 1);

	(void)state;
	assert_non_null(big);
	for (int i = 0; i < N_CIPHERS; i++) {
		size_t len, n = SEALED_MAX - 64;
		unsigned char *sealed = seal(ciphers[i], big, n, &len);

		assert_opens(ciphers[i], sealed, len, big, n);
		free(sealed);
		sealed = NULL;
		assert_int_equal(pfx_seal(ciphers[i], key, big, SEALED_MAX,
		                          &sealed, &len), PSM_E_ARGUMENT);
		assert_null(sealed);
		assert_malformed(ciphers[i], big, SEALED_MAX + 1);
		assert_malformed(ciphers[i], big, SEALED_MAX + BLOCK);
	}
	free(big);
}

/* The IV and the text of openssl enc, which pads alike. */
static void
test_open_of_openssl_gives_the_text(void **state)
{
	const struct store *st = *state;
	size_t len;
	char *sealed;

	assert_int_equal(store_shell(
	        st, "k=$(printf 0123456789abcdef0123456789abcdef | "
	        "od -v -An -tx1 | tr -d ' \\n'); "
	        "i=00112233445566778899aabbccddeeff; "
	        "printf 'a text, longer than a block' >text; "
	        "openssl enc -aes-256-ecb -K $k -in text -out ecb && "
	        "openssl enc -aes-256-cbc -K $k -iv $i -in text -out body && "
	        "printf '\\000\\021\\042\\063\\104\\125\\146\\167"
	        "\\210\\231\\252\\273\\314\\335\\356\\377' | "
	        "cat - body >cbc"), 0);
	sealed = store_read_file(store_path(st, "ecb"), &len);
	assert_opens(PFX_ECB, sealed, len, "a text, longer than a block", 27);
	free(sealed);
	sealed = store_read_file(store_path(st, "cbc"), &len);
	assert_opens(PFX_CBC, sealed, len, "a text, longer than a block", 27);
	free(sealed);
}

/* The GCM specification's test case 14. */
static void
test_open_gcm_knows_its_test_vector(void **state)
{
	static const unsigned char sealed[] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
		0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18,
		0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
		0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19
	};
	static const unsigned char zero_key[PFX_KEY_SIZE], zeros[BLOCK];
	unsigned char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(pfx_open(PFX_GCM, zero_key, sealed, sizeof sealed,
	                          &text, &len), PSM_OK);
	assert_int_equal(len, BLOCK);
	assert_memory_equal(text, zeros, BLOCK);
	pfx_wipe(text, len);
}

static void
test_open_gcm_any_bit_changed_is_refused(void **state)
{
	size_t len;
	unsigned char *sealed = seal(PFX_GCM, "some text", 9, &len);

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_malformed(PFX_GCM, sealed, len);
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	assert_opens(PFX_GCM, sealed, len, "some text", 9);
	free(sealed);
}

static void
test_open_of_impossible_length_is_refused(void **state)
{
	static const unsigned char zeros[100];

	(void)state;
	for (size_t n = 0; n < sizeof zeros; n++) {
		unsigned char *text = NULL;
		size_t len;

		if (n < 2 * BLOCK || n % BLOCK != 0)
			assert_malformed(PFX_CBC, zeros, n);
		if (n < BLOCK || n % BLOCK != 0)
			assert_malformed(PFX_ECB, zeros, n);
		else if (pfx_open(PFX_ECB, key, zeros, n, &text, &len) ==
		         PSM_OK)
			pfx_wipe(text, len);
		assert_malformed(PFX_GCM, zeros, n); /* or the tag is wrong */
	}
}

/* Sealed without padding: that of one more block is cut off. */
static unsigned char *
seal_bare(enum pfx_cipher cipher, const unsigned char text[2 * BLOCK],
          size_t *ret_len)
{
	unsigned char *sealed = seal(cipher, text, 2 * BLOCK, ret_len);

	*ret_len -= BLOCK;
	return sealed;
}

static void
assert_padding(const unsigned char text[2 * BLOCK], size_t expected_len)
{
	for (int i = 0; i < 2; i++) {
		enum pfx_cipher cipher = i == 0 ? PFX_CBC : PFX_ECB;
		size_t len;
		unsigned char *sealed = seal_bare(cipher, text, &len);

		assert_opens(cipher, sealed, len, text, expected_len);
		free(sealed);
	}
}

/* Of every last octet, padding whole and with each of its octets wrong. */
static void
test_open_wrong_padding_is_text_of_no_meaning(void **state)
{
	unsigned char text[2 * BLOCK];

	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		bool is_padding = n >= 1 && n <= BLOCK;

		memset(text, 'x', sizeof text);
		for (unsigned i = 1; i <= n && i <= BLOCK; i++)
			text[sizeof text - i] = (unsigned char)n;
		text[sizeof text - 1] = (unsigned char)n;
		assert_padding(text, is_padding ? sizeof text - n
		                                : sizeof text);
		for (unsigned i = 2; is_padding && i <= n; i++) {
			text[sizeof text - i] ^= 0x80;
			assert_padding(text, sizeof text);
			text[sizeof text - i] ^= 0x80;
		}
	}
}

/* --- keys -------------------------------------------------------------- */

static void
wait_until_ready(struct pfx_pool *pool, enum pfx_kind kind, size_t n)
{
	for (int i = 0; i < PATIENCE * 100; i++) {
		if (pfx_pool_ready(pool, kind) == n)
			return;
		usleep(10000);
	}
	fail_msg("%zu of %zu %s", pfx_pool_ready(pool, kind), n,
	         pfx_kind_name(kind));
}

static struct pfx_key *
take(struct pfx_pool *pool, enum pfx_kind kind)
{
	struct pfx_key *taken = NULL;

	assert_int_equal(pfx_pool_take(pool, kind, &taken), PSM_OK);
	assert_non_null(taken);
	return taken;
}

static struct pfx_pool *
pool_of(enum pfx_kind kind, unsigned n)
{
	unsigned ready[PFX_N_KINDS] = { 0 };
	struct pfx_pool *pool;

	ready[kind] = n;
	pool = pfx_pool_new(ready);
	assert_non_null(pool);
	return pool;
}

static void
test_kind_has_a_name_in_any_case(void **state)
{
	enum pfx_kind kind;

	(void)state;
	for (int i = 0; i < PFX_N_KINDS; i++) {
		assert_true(pfx_kind_by_name(pfx_kind_name((enum pfx_kind)i),
		                             &kind));
		assert_int_equal(kind, i);
	}
	assert_true(pfx_kind_by_name("rsa-2048", &kind));
	assert_int_equal(kind, PFX_RSA_2048);
	assert_false(pfx_kind_by_name("RSA-2047", &kind));
	assert_false(pfx_kind_by_name("RSA", &kind));
	assert_false(pfx_kind_by_name("", &kind));
}

static void
test_pool_keeps_as_many_as_wanted(void **state)
{
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 3);
	struct pfx_key *one;

	(void)state;
	wait_until_ready(pool, PFX_EC_P256, 3);
	one = take(pool, PFX_EC_P256);
	wait_until_ready(pool, PFX_EC_P256, 3); /* another in its place */
	usleep(100000);
	assert_int_equal(pfx_pool_ready(pool, PFX_EC_P256), 3);
	assert_int_equal(pfx_pool_ready(pool, PFX_EC_P384), 0);
	pfx_key_free(one);
	pfx_pool_free(pool);
}

/* As when the service is switched on later. */
static void
test_pool_makes_what_is_wanted_later(void **state)
{
	static const unsigned ready[PFX_N_KINDS] = { [PFX_EC_P384] = 2 };
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 0);

	(void)state;
	assert_int_equal(pfx_pool_ready(pool, PFX_EC_P384), 0);
	pfx_pool_want(pool, ready);
	wait_until_ready(pool, PFX_EC_P384, 2);
	pfx_pool_free(pool);
}

/* As SubjectPublicKeyInfo, of the request. */
static SECItem *
public_half(const struct pfx_key *of)
{
	unsigned char *der = NULL;
	size_t len = 0;
	struct nu_p10 p10;
	SECItem item, *spki;

	assert_int_equal(pfx_key_request(of, &der, &len), PSM_OK);
	item = (SECItem){ siBuffer, der, (unsigned)len };
	assert_int_equal(nu_p10_decode(&item, &p10), SECSuccess);
	assert_int_equal(nu_p10_verify(&p10), SECSuccess);
	spki = SECITEM_DupItem(&p10.spki);
	assert_non_null(spki);
	free(der);
	return spki;
}

static void
test_pool_gives_each_key_once(void **state)
{
	enum { N = 6 };
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 2);
	struct pfx_key *taken[N];
	SECItem *spki[N];

	(void)state;
	for (int i = 0; i < N; i++) {
		taken[i] = take(pool, PFX_EC_P256);
		spki[i] = public_half(taken[i]);
		for (int k = 0; k < i; k++)
			assert_false(SECITEM_ItemsAreEqual(spki[i], spki[k]));
	}
	for (int i = 0; i < N; i++) {
		pfx_key_free(taken[i]);
		SECITEM_ZfreeItem(spki[i], PR_TRUE);
	}
	pfx_pool_free(pool);
}

static void
test_pool_without_a_ready_key_makes_one(void **state)
{
	struct pfx_pool *pool = pool_of(PFX_RSA_4096, 1);

	(void)state;
	for (int i = 0; i < PFX_N_KINDS; i++) {
		if (i != PFX_RSA_4096) /* that takes its time */
			pfx_key_free(take(pool, (enum pfx_kind)i));
	}
	pfx_pool_free(pool);
}

/* What is taken lives on; NSS ends only if nothing is left. */
static void
test_pool_keys_leave_nothing_behind(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);
	struct pfx_pool *pool = pool_of(PFX_RSA_1024, 2);
	struct pfx_key *one, *other;

	wait_until_ready(pool, PFX_RSA_1024, 2);
	one = take(pool, PFX_RSA_1024);
	other = take(pool, PFX_EC_P384);
	store_assert_unchanged(st, before); /* none is in the database */
	pfx_pool_free(pool);
	SECITEM_ZfreeItem(public_half(one), PR_TRUE);
	pfx_key_free(one);
	pfx_key_free(other);
	pfx_pool_free(NULL);
	pfx_key_free(NULL);
	store_assert_unchanged(st, before);
	store_close(st);
	store_reopen(st, 0);
}

static void
test_pool_freed_at_once_is_no_harm(void **state)
{
	struct store *st = *state;

	for (int i = 0; i < 5; i++)
		pfx_pool_free(pool_of(PFX_RSA_2048, 1000000));
	store_close(st);
	store_reopen(st, 0);
}

/* --- files ------------------------------------------------------------- */

/* A certificate for the key by the store's authority; free() its der. */
static struct pfx_cert
certify(struct store *st, const struct pfx_key *of, const char *subject)
{
	static const struct ca_profile profile = {
		.keys = CA_KEY_RSA | CA_KEY_P256 | CA_KEY_P384,
		.rsa_bits = 1024,
	};
	const struct ca_options options = { .dialect = CA_DIALECT_CERT,
		                            .profile = &profile,
		                            .subject = subject };
	struct ca_answer *answer = NULL;
	unsigned char *der = NULL, *copy;
	size_t len = 0;
	struct pfx_cert cert;

	assert_int_equal(pfx_key_request(of, &der, &len), PSM_OK);
	if (ca_issue(st->ca, der, len, &options, &answer) != PSM_OK)
		fail_msg("%s", ca_errmsg(st->ca));
	copy = malloc(answer->der_len);
	assert_non_null(copy);
	memcpy(copy, answer->der, answer->der_len);
	cert = (struct pfx_cert){ copy, answer->der_len };
	ca_answer_free(answer);
	free(der);
	return cert;
}

static struct pfx_cert
authority(const struct store *st)
{
	struct pfx_cert cert = { NULL, 0 };

	cert.der = ca_cert_der(st->ca, &cert.len);
	return cert;
}

/* The file as name.p12, with the chain. */
static void
make_file(struct store *st, struct pfx_pool *pool, enum pfx_kind kind)
{
	struct pfx_key *one = take(pool, kind);
	struct pfx_cert certs[] = { certify(st, one, "CN=Alice"),
		                    authority(st) };
	unsigned char *file = NULL;
	size_t len = 0;

	assert_int_equal(pfx_make(one, certs, 2, PASSWORD, NAME, &file, &len),
	                 PSM_OK);
	store_write_file(store_path(st, "file.p12"), file, len);
	free(file);
	free((void *)certs[0].der);
	pfx_key_free(one);
}

/* Key and certificate belong together, the chain is there, and the name. */
static const char *const openssl_opens =
        "P='" PASSWORD "'; export P; set -e; "
        "openssl pkcs12 -in file.p12 -passin env:P -nodes -out all 2>err; "
        "grep -q 'friendlyName: Alice' all; grep -c BEGIN.CERT all >n; "
        "grep -qx 2 n; openssl pkey -in all -pubout -out pub1; "
        "openssl pkcs12 -in file.p12 -passin env:P -nokeys -clcerts "
        "-out cert 2>err; openssl x509 -in cert -noout -pubkey >pub2; "
        "cmp pub1 pub2; openssl pkcs12 -in file.p12 -passin env:P -nokeys "
        "-cacerts -out ca 2>err; openssl verify -CAfile ca cert >out; "
        "! openssl pkcs12 -in file.p12 -passin pass:other -noout 2>err";

static void
test_make_opens_in_openssl_and_nss(void **state)
{
	struct store *st = *state;
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 1);
	auto_of(psm_import) *import = NULL;

	for (int i = 0; i < PFX_N_KINDS; i++) {
		if (i == PFX_RSA_3072 || i == PFX_RSA_4096)
			continue; /* slow, and no different */
		make_file(st, pool, (enum pfx_kind)i);
		assert_int_equal(store_shell(st, openssl_opens), 0);
	}
	st->user.restore_password = PASSWORD;
	assert_psm(st, psm_restore(st->ctx, store_path(st, "file.p12"), NULL,
	                           0, &import), PSM_OK);
	assert_int_equal(psm_import_count(import), 1);
	assert_true(psm_import_get(import, 0)->cert.has_key);
	pfx_pool_free(pool);
}

static void
test_make_without_the_keys_own_certificate_is_refused(void **state)
{
	struct store *st = *state;
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 2);
	struct pfx_key *one = take(pool, PFX_EC_P256);
	struct pfx_key *other = take(pool, PFX_EC_P256);
	struct pfx_cert own = certify(st, one, "CN=Alice");
	struct pfx_cert wrong[] = { authority(st), own, { "garbage", 7 },
		                    certify(st, other, "CN=Bob") };
	struct pfx_cert damaged_chain[] = { own, { "garbage", 7 } };
	unsigned char *file = NULL;
	size_t len;

	assert_int_equal(pfx_make(one, wrong, 0, PASSWORD, NAME, &file, &len),
	                 PSM_E_CERTIFICATE);
	assert_int_equal(pfx_make(one, wrong, 2, PASSWORD, NAME, &file, &len),
	                 PSM_E_CERTIFICATE);
	assert_int_equal(pfx_make(one, wrong + 2, 1, PASSWORD, NAME, &file,
	                          &len), PSM_E_CERTIFICATE);
	assert_int_equal(pfx_make(one, wrong + 3, 1, PASSWORD, NAME, &file,
	                          &len), PSM_E_CERTIFICATE);
	assert_int_equal(pfx_make(one, damaged_chain, 2, PASSWORD, NAME, &file,
	                          &len), PSM_E_CERTIFICATE);
	assert_int_equal(pfx_make(one, &own, 1, "\xff", NAME, &file, &len),
	                 PSM_E_ARGUMENT);
	assert_null(file);
	free((void *)own.der);
	free((void *)wrong[3].der);
	pfx_key_free(one);
	pfx_key_free(other);
	pfx_pool_free(pool);
}

/* How often octets are found in the heap. They are given each increased by one,
 * so that this is not what is found. */
static size_t
count_in_heap(const char *increased, size_t len)
{
	char line[256] = "", wanted[64];
	unsigned long start = 0, end = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	size_t n = 0;

	assert_non_null(maps);
	while (strstr(line, "[heap]") == NULL) {
		if (fgets(line, sizeof line, maps) == NULL)
			line[0] = '\0';
		if (line[0] == '\0')
			break;
	}
	fclose(maps);
	if (sscanf(line, "%lx-%lx", &start, &end) != 2)
		skip(); /* a sanitizer has one of its own */
	for (size_t i = 0; i < len; i++)
		wanted[i] = (char)(increased[i] - 1);
	for (const char *p = (const char *)start;
	     (p = memmem(p, (size_t)((const char *)end - p), wanted, len)) !=
	     NULL; p++)
		n++;
	return n;
}

static void
test_make_password_is_not_kept(void **state)
{
	static const char increased[] = "tpnf!qbttxpse";
	char password[sizeof increased];
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 0);
	struct pfx_key *one = take(pool, PFX_EC_P256);
	struct pfx_cert cert = certify(*state, one, "CN=Alice");
	unsigned char *file = NULL;
	size_t len, n = sizeof increased - 1;

	for (size_t i = 0; i < n; i++)
		password[i] = (char)(increased[i] - 1);
	password[n] = '\0';
	assert_int_equal(pfx_make(one, &cert, 1, password, NAME, &file, &len),
	                 PSM_OK);
	explicit_bzero(password, sizeof password);
	free(file);
	free((void *)cert.der);
	pfx_key_free(one);
	pfx_pool_free(pool);
	assert_int_equal(count_in_heap(increased, n), 0);
}

/* --- all at once ------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 8 };

struct worker {
	pthread_t thread;
	struct pfx_pool *pool;
	const void *p12;
	size_t p12_len;
	struct pfx_cert cert; /* p12's */
	char problem[64];
};

static bool
seals_and_opens(enum pfx_cipher cipher)
{
	unsigned char *sealed = NULL, *text = NULL;
	size_t len, n = 0;
	bool good = pfx_seal(cipher, key, "a text", 6, &sealed, &len) ==
	                    PSM_OK &&
	            pfx_open(cipher, key, sealed, len, &text, &n) == PSM_OK &&
	            n == 6 && memcmp(text, "a text", 6) == 0;

	free(sealed);
	pfx_wipe(text, n);
	return good;
}

static bool
signs_and_verifies(const struct worker *worker)
{
	unsigned char *message = NULL, *text = NULL;
	size_t len, n = 0;
	bool good = pfx_sign(worker->p12, worker->p12_len, PASSWORD, "a text",
	                     6, &message, &len) == PSM_OK &&
	            pfx_verify(message, len, worker->cert.der,
	                       worker->cert.len, &text, &n) == PSM_OK &&
	            n == 6 && memcmp(text, "a text", 6) == 0;

	free(message);
	pfx_wipe(text, n);
	return good;
}

static bool
takes_and_asks(const struct worker *worker)
{
	struct pfx_key *one = NULL;
	unsigned char *der = NULL;
	size_t len;
	bool good = pfx_pool_take(worker->pool, PFX_EC_P256, &one) == PSM_OK &&
	            pfx_key_request(one, &der, &len) == PSM_OK;

	free(der);
	pfx_key_free(one);
	return good;
}

static bool
makes_none_of_another(const struct worker *worker)
{
	struct pfx_key *one = NULL;
	unsigned char *file = NULL;
	size_t len;
	bool good = pfx_pool_take(worker->pool, PFX_EC_P384, &one) == PSM_OK &&
	            pfx_make(one, &worker->cert, 1, PASSWORD, NAME, &file,
	                     &len) == PSM_E_CERTIFICATE;

	pfx_key_free(one);
	return good;
}

static void *
work(void *arg)
{
	struct worker *worker = arg;

	for (int i = 0; i < ROUNDS && worker->problem[0] == '\0'; i++) {
		if (!seals_and_opens(ciphers[i % N_CIPHERS]))
			strcpy(worker->problem, "seal");
		else if (!signs_and_verifies(worker))
			strcpy(worker->problem, "sign");
		else if (!takes_and_asks(worker))
			strcpy(worker->problem, "take");
		else if (!makes_none_of_another(worker))
			strcpy(worker->problem, "make");
	}
	return NULL;
}

/* Beside them the store's own thread issues, and writes to the database. */
static void
test_threads_all_at_once_succeed(void **state)
{
	struct store *st = *state;
	struct pfx_pool *pool = pool_of(PFX_EC_P256, 4);
	struct pfx_key *signer = take(pool, PFX_EC_P256);
	struct pfx_cert cert = certify(st, signer, "CN=Signer");
	struct worker workers[THREADS];
	unsigned char *p12 = NULL;
	size_t len = 0;

	assert_int_equal(pfx_make(signer, &cert, 1, PASSWORD, NAME, &p12,
	                          &len), PSM_OK);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .pool = pool, .p12 = p12,
			                      .p12_len = len, .cert = cert };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
		                                &workers[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++)
		store_own(st, "CN=User", PSM_KEY_EC, NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_string_equal(workers[i].problem, "");
	free(p12);
	free((void *)cert.der);
	pfx_key_free(signer);
	pfx_pool_free(pool);
	store_close(st);
	store_reopen(st, 0);
}

/* --- in FIPS mode ------------------------------------------------------ */

static void
test_fips_all_of_it_works(void **state)
{
	struct store *st = *state;
	struct pfx_pool *pool;
	struct pfx_key *one;
	struct worker worker = { .p12 = NULL };
	char *p12;

	if (st == NULL)
		skip();
	for (int i = 0; i < N_CIPHERS; i++)
		assert_true(seals_and_opens(ciphers[i]));
	pool = pool_of(PFX_RSA_2048, 1);
	wait_until_ready(pool, PFX_RSA_2048, 1);
	make_file(st, pool, PFX_RSA_2048);
	assert_int_equal(store_shell(st, openssl_opens), 0);
	make_file(st, pool, PFX_EC_P256);
	assert_int_equal(store_shell(st, openssl_opens), 0);
	worker.p12 = p12 = store_read_file(store_path(st, "file.p12"),
	                                   &worker.p12_len);
	one = take(pool, PFX_EC_P256);
	worker.cert = certify(st, one, "CN=Eve");
	assert_false(signs_and_verifies(&worker)); /* it is another's */
	free((void *)worker.cert.der);
	free(p12);
	pfx_key_free(one);
	pfx_pool_free(pool);
	store_close(st);
	store_reopen(st, 0);
}

#define pfx_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		pfx_test(test_seal_any_length_opens_again),
		pfx_test(test_seal_twice_looks_different_but_for_ecb),
		pfx_test(test_seal_is_bounded),
		pfx_test(test_open_of_openssl_gives_the_text),
		pfx_test(test_open_gcm_knows_its_test_vector),
		pfx_test(test_open_gcm_any_bit_changed_is_refused),
		pfx_test(test_open_of_impossible_length_is_refused),
		pfx_test(test_open_wrong_padding_is_text_of_no_meaning),
		pfx_test(test_kind_has_a_name_in_any_case),
		pfx_test(test_pool_keeps_as_many_as_wanted),
		pfx_test(test_pool_makes_what_is_wanted_later),
		pfx_test(test_pool_gives_each_key_once),
		pfx_test(test_pool_without_a_ready_key_makes_one),
		pfx_test(test_pool_keys_leave_nothing_behind),
		pfx_test(test_pool_freed_at_once_is_no_harm),
		pfx_test(test_make_opens_in_openssl_and_nss),
		pfx_test(test_make_without_the_keys_own_certificate_is_refused),
		pfx_test(test_make_password_is_not_kept),
		pfx_test(test_threads_all_at_once_succeed),
		cmocka_unit_test_setup_teardown(test_fips_all_of_it_works,
		                                setup_fips, teardown),
	};

	return cmocka_run_group_tests_name("PKCS#12 for others", tests, NULL,
	                                   NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* password.c - Argon2id by libsodium. */

#include "psmd/password.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "psmd/hash.h"

/* 64 MiB twice over: 85 ms of a processor. MODERATE takes 256 MiB, which four
 * logins at once would make a gigabyte. */
#define OPS    crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMORY crypto_pwhash_MEMLIMIT_INTERACTIVE

enum { MADE_LENGTH = 20, AT_ONCE = 4 };

_Static_assert(sizeof ((struct account *)0)->hash == crypto_pwhash_STRBYTES,
               "a hash of libsodium's fits");

/* What an account that is none is compared with. Written once. */
static char nobodys_hash[crypto_pwhash_STRBYTES];

/* Bounds the memory that hashing takes. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;
	unsigned inside;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void
gate_enter(void)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.inside == AT_ONCE)
		pthread_cond_wait(&gate.left, &gate.lock);
	gate.inside++;
	pthread_mutex_unlock(&gate.lock);
}

static void
gate_leave(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.inside--;
	pthread_cond_signal(&gate.left);
	pthread_mutex_unlock(&gate.lock);
}

static bool
make_hash(char hash[crypto_pwhash_STRBYTES], const char *password)
{
	int failed;

	gate_enter();
	failed = crypto_pwhash_str(hash, password, strlen(password), OPS,
	                           MEMORY);
	gate_leave();
	return failed == 0;
}

bool
password_init(void)
{
	char password[MADE_LENGTH + 1];
	bool ok;

	if (sodium_init() < 0)
		return false;
	password_make(password, sizeof password);
	ok = make_hash(nobodys_hash, password);
	sodium_memzero(password, sizeof password);
	return ok;
}

void
password_make(char *buf, size_t size)
{
	/* 32, without those that look like another */
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	size_t i;

	for (i = 0; i < MADE_LENGTH && i + 1 < size; i++)
		buf[i] = letters[randombytes_uniform(sizeof letters - 1)];
	buf[i] = '\0';
}

static void
forget_ha1(struct account *account)
{
	account->has_digest = false;
	sodium_memzero(account->ha1_md5, sizeof account->ha1_md5);
	sodium_memzero(account->ha1_sha256, sizeof account->ha1_sha256);
}

/* HA1 of RFC 7616. MD5 may be missing: then there is none. */
static bool
set_ha1(struct account *account, const char *password)
{
	char text[sizeof account->name + sizeof account->realm + PASSWORD_MAX];
	char hex[HASH_HEX_MAX];
	int len = snprintf(text, sizeof text, "%s:%s:%s", account->name,
	                   account->realm, password);

	account->has_digest =
	        len > 0 && (size_t)len < sizeof text &&
	        hash_hex(HASH_SHA256, text, (size_t)len, account->ha1_sha256);
	if (account->has_digest && hash_hex(HASH_MD5, text, (size_t)len, hex))
		memcpy(account->ha1_md5, hex, sizeof account->ha1_md5);
	sodium_memzero(text, sizeof text);
	sodium_memzero(hex, sizeof hex);
	return account->has_digest;
}

bool
password_set(struct account *account, const char *password, const char *realm,
             bool digest)
{
	if (strlen(password) > PASSWORD_MAX ||
	    strlen(realm) >= sizeof account->realm)
		return false;
	forget_ha1(account);
	memset(account->realm, 0, sizeof account->realm);
	if (digest) {
		strcpy(account->realm, realm);
		if (!set_ha1(account, password))
			return false;
	}
	return make_hash(account->hash, password);
}

bool
password_fits(const struct account *account, const char *password)
{
	const char *hash = account != NULL ? account->hash : nobodys_hash;
	bool fits;

	gate_enter();
	errno = 0;
	fits = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
	/* EINVAL is libsodium's for a wrong one */
	errno = !fits && errno != EINVAL ? ENOMEM : 0;
	gate_leave();
	return fits && account != NULL;
}

bool
password_is_outdated(const struct account *account)
{
	return crypto_pwhash_str_needs_rehash(account->hash, OPS, MEMORY) != 0;
}

bool
password_rehash(struct account *account, const char *password)
{
	char hash[crypto_pwhash_STRBYTES];

	if (!make_hash(hash, password))
		return false;
	memcpy(account->hash, hash, sizeof hash);
	return true;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_nonce.c - Digest's nonces.
 *
 * A nonce says itself when it was made, and that this process made it; so those
 * that are never used, which anybody can ask for, take no memory. From its
 * first use on the counts that came with it are kept. */

#include <string.h>

#include <sodium.h>

#include "psmd/auth_internal.h"

enum { WINDOW = 64, MAC_SIZE = 16, NONCE_SIZE = 16 + MAC_SIZE };

_Static_assert(sizeof(struct nonce) + MAC_SIZE == NONCE_SIZE, "no padding");
_Static_assert(2 * NONCE_SIZE + 1 == NONCE_HEX, "hexadecimal");

static void
make_mac(const struct nonces *nonces, const unsigned char *nonce,
         unsigned char mac[MAC_SIZE])
{
	/* fails for wrong sizes alone */
	(void)crypto_generichash(mac, MAC_SIZE, nonce, sizeof(struct nonce),
	                         nonces->key, KEY_SIZE);
}

void
nonce_make(struct nonces *nonces, char ret_text[NONCE_HEX])
{
	struct nonce nonce = { .made = auth_now_us() };
	unsigned char bytes[NONCE_SIZE];

	randombytes_buf(&nonce.random, sizeof nonce.random);
	memcpy(bytes, &nonce, sizeof nonce);
	make_mac(nonces, bytes, bytes + sizeof nonce);
	sodium_bin2hex(ret_text, NONCE_HEX, bytes, sizeof bytes);
}

/* One of ours, and not too old. */
static bool
read_nonce(const struct nonces *nonces, const char *text, struct nonce *nonce)
{
	unsigned char bytes[NONCE_SIZE], mac[MAC_SIZE];
	size_t len;

	if (sodium_hex2bin(bytes, sizeof bytes, text, strlen(text), NULL, &len,
	                   NULL) != 0 || len != sizeof bytes)
		return false;
	make_mac(nonces, bytes, mac);
	if (sodium_memcmp(mac, bytes + sizeof *nonce, MAC_SIZE) != 0)
		return false;
	memcpy(nonce, bytes, sizeof *nonce);
	return nonce->made > auth_now_us() - (int64_t)NONCE_MS * 1000;
}

/* Count nc of a nonce that is known: false when it was there before, or is so
 * far behind that nobody can say. */
static bool
use_count(uint32_t *top, uint64_t *seen, uint32_t nc)
{
	uint32_t behind = nc > *top ? 0 : *top - nc;
	uint64_t bit;

	if (nc > *top) {
		*seen = nc - *top < WINDOW ? *seen << (nc - *top) : 0;
		*top = nc;
	}
	if (behind >= WINDOW)
		return false;
	bit = (uint64_t)1 << behind;
	if ((*seen & bit) != 0)
		return false;
	*seen |= bit;
	return true;
}

/* The nonce's way in its set, made room for if need be; -1: it may have been
 * there and have been forgotten. */
static int
find_way(struct nonces *nonces, size_t set, const struct nonce *nonce)
{
	int oldest = 0;

	for (int i = 0; i < N_NONCE_WAYS; i++) {
		const struct nonce *have = &nonces->sets[set].ways[i].nonce;

		if (have->made == nonce->made && have->random == nonce->random)
			return i;
		if (have->made < nonces->sets[set].ways[oldest].nonce.made)
			oldest = i;
	}
	if (nonce->made <= nonces->sets[set].forgotten)
		return -1;
	nonces->sets[set].forgotten =
	        nonces->sets[set].ways[oldest].nonce.made;
	memset(&nonces->sets[set].ways[oldest], 0,
	       sizeof nonces->sets[set].ways[oldest]);
	nonces->sets[set].ways[oldest].nonce = *nonce;
	return oldest;
}

bool
nonce_use(struct nonces *nonces, const char *text, uint32_t nc)
{
	struct nonce nonce;
	bool fresh = false;
	size_t set;
	int way;

	if (!read_nonce(nonces, text, &nonce))
		return false;
	set = nonce.random % N_NONCE_SETS;
	pthread_mutex_lock(&nonces->lock);
	if ((way = find_way(nonces, set, &nonce)) >= 0)
		fresh = use_count(&nonces->sets[set].ways[way].top,
		                  &nonces->sets[set].ways[way].seen, nc);
	pthread_mutex_unlock(&nonces->lock);
	return fresh;
}

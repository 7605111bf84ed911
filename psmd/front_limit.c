/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_limit.c - how many connections an address has. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "psmd/front_int.h"

enum { BUCKETS = 1024 };

struct counted {
	struct counted *next;
	struct address_key key;
	unsigned n;
};

struct addresses {
	pthread_mutex_t lock;
	struct counted *bucket[BUCKETS];
};

struct addresses *
addresses_new(void)
{
	struct addresses *addresses = calloc(1, sizeof *addresses);

	if (addresses != NULL)
		pthread_mutex_init(&addresses->lock, NULL);
	return addresses;
}

void
addresses_free(struct addresses *addresses)
{
	if (addresses == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct counted *next;

		for (struct counted *c = addresses->bucket[i]; c != NULL;
		     c = next) {
			next = c->next;
			free(c);
		}
	}
	pthread_mutex_destroy(&addresses->lock);
	free(addresses);
}

static bool
is_mapped(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *in6 = (const void *)address;

	return address->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
}

struct address_key
address_key(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;
	struct address_key key = { { 0 } };

	if (address->ss_family == AF_INET) {
		key.octet[10] = key.octet[11] = 0xff;
		memcpy(key.octet + 12, &in->sin_addr, 4);
	} else if (address->ss_family == AF_INET6) {
		memcpy(key.octet, &in6->sin6_addr, is_mapped(address) ? 16 : 8);
	}
	return key;
}

void
address_text(const struct sockaddr_storage *address, char *buf, size_t size)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;
	const void *from = &in6->sin6_addr;
	int family = AF_INET6;

	if (address->ss_family == AF_INET || is_mapped(address)) {
		from = address->ss_family == AF_INET
		               ? (const void *)&in->sin_addr
		               : in6->sin6_addr.s6_addr + 12;
		family = AF_INET;
	}
	if (inet_ntop(family, from, buf, (socklen_t)size) == NULL)
		buf[0] = '\0';
}

/* FNV-1a. Who chooses addresses to fall together gains little: there are no
 * more of them than connections. */
static struct counted **
find(struct addresses *addresses, const struct address_key *key)
{
	uint32_t hash = 2166136261u;
	struct counted **at;

	for (size_t i = 0; i < sizeof key->octet; i++)
		hash = (hash ^ key->octet[i]) * 16777619u;
	at = &addresses->bucket[hash % BUCKETS];
	while (*at != NULL && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static bool
add(struct addresses *addresses, const struct address_key *key, unsigned limit)
{
	struct counted **at = find(addresses, key);

	if (*at == NULL) {
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			return false;
		(*at)->key = *key;
	} else if ((*at)->n >= limit) {
		return false;
	}
	(*at)->n++;
	return true;
}

bool
addresses_add(struct addresses *addresses, const struct address_key *key,
              unsigned limit)
{
	bool good;

	pthread_mutex_lock(&addresses->lock);
	good = add(addresses, key, limit);
	pthread_mutex_unlock(&addresses->lock);
	return good;
}

void
addresses_remove(struct addresses *addresses, const struct address_key *key)
{
	struct counted **at, *gone;

	pthread_mutex_lock(&addresses->lock);
	at = find(addresses, key);
	gone = *at;
	if (gone != NULL && --gone->n == 0) {
		*at = gone->next;
		free(gone);
	}
	pthread_mutex_unlock(&addresses->lock);
}

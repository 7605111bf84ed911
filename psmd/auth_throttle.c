/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_throttle.c - wrong passwords that come from one address. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "psmd/auth_internal.h"

/* IPv4 mapped into IPv6, IPv6 without its host's half: one host has as many
 * addresses there as it likes. What is neither counts together. */
static void
read_prefix(const char *address, unsigned char prefix[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	memset(prefix, 0, 16);
	/* without the zone: fe80::1%eth0 */
	snprintf(text, sizeof text, "%.*s", (int)strcspn(address, "%"),
	         address);
	if (inet_pton(AF_INET, text, prefix + 12) == 1)
		memcpy(prefix, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, text, prefix) != 1 ||
	         memcmp(prefix, mapped, sizeof mapped) != 0)
		memset(prefix + 8, 0, 8);
}

/* The place of prefix, or else the one that is paid first. */
static size_t
find_place(const struct throttle *throttle, const unsigned char prefix[16])
{
	size_t first = 0;

	for (size_t i = 0; i < N_THROTTLED; i++) {
		if (throttle->list[i].paid != 0 &&
		    memcmp(throttle->list[i].prefix, prefix, 16) == 0)
			return i;
		if (throttle->list[i].paid < throttle->list[first].paid)
			first = i;
	}
	return first;
}

bool
throttle_blocks(struct throttle *throttle, const char *address)
{
	unsigned char prefix[16];
	int64_t now = auth_now();
	bool blocks;
	size_t i;

	read_prefix(address, prefix);
	pthread_mutex_lock(&throttle->lock);
	i = find_place(throttle, prefix);
	blocks = memcmp(throttle->list[i].prefix, prefix, 16) == 0 &&
	         throttle->list[i].paid > now + (BURST - 1) * COST_MS;
	pthread_mutex_unlock(&throttle->lock);
	return blocks;
}

void
throttle_count(struct throttle *throttle, const char *address)
{
	unsigned char prefix[16];
	int64_t now = auth_now();
	size_t i;

	read_prefix(address, prefix);
	pthread_mutex_lock(&throttle->lock);
	i = find_place(throttle, prefix);
	if (memcmp(throttle->list[i].prefix, prefix, 16) != 0 ||
	    throttle->list[i].paid < now)
		throttle->list[i].paid = now;
	memcpy(throttle->list[i].prefix, prefix, 16);
	throttle->list[i].paid += COST_MS;
	pthread_mutex_unlock(&throttle->lock);
}

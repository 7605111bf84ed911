/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* client.c - who may call createPKCS12ById: clients of the configuration. */

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "psmd/config_reading.h"

const struct client *
config_client(const struct config *config, const char *account)
{
	for (size_t i = 0; i < config->n_clients; i++)
		if (strcmp(config->clients[i].account, account) == 0)
			return &config->clients[i];
	return NULL;
}

/* --- addresses ----------------------------------------------------------- */

enum { ADDRESS_BITS = 128, MAPPED_BITS = 96 };

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

/* Numeric; *ret_bits: how many are its family's. */
static bool
read_address(const char *text, unsigned char ret_address[16],
             unsigned *ret_bits)
{
	*ret_bits = ADDRESS_BITS;
	if (inet_pton(AF_INET6, text, ret_address) == 1)
		return true;
	*ret_bits = ADDRESS_BITS - MAPPED_BITS;
	memcpy(ret_address, mapped, sizeof mapped);
	return inet_pton(AF_INET, text, ret_address + sizeof mapped) == 1;
}

/* A number from 0 to most, without leading zeros. */
static bool
read_prefix(const char *text, unsigned most, unsigned *ret_bits)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 3 || text[len] != '\0' ||
	    (text[0] == '0' && len > 1))
		return false;
	*ret_bits = (unsigned)strtoul(text, NULL, 10);
	return *ret_bits <= most;
}

static bool
bit_is_set(const unsigned char address[16], unsigned i)
{
	return (address[i / 8] & (0x80 >> i % 8)) != 0;
}

/* "192.0.2.0/24": cut in place. */
static bool
read_network(char *text, struct network *ret_network)
{
	char *slash = strchr(text, '/');
	unsigned bits, own;

	if (slash != NULL)
		*slash = '\0';
	if (!read_address(text, ret_network->address, &bits))
		return false;
	own = bits;
	if (slash != NULL && !read_prefix(slash + 1, bits, &own))
		return false;
	ret_network->bits = ADDRESS_BITS - bits + own;
	return true;
}

static bool
has_host_bits(const struct network *network)
{
	unsigned i = network->bits;

	while (i < ADDRESS_BITS && !bit_is_set(network->address, i))
		i++;
	return i < ADDRESS_BITS;
}

static bool
add_network(struct reading *r, const struct setting *s, char *word,
            struct client *client)
{
	char shown[INI_MAX_LINE];
	struct network network = { .bits = 0 }, *more;

	snprintf(shown, sizeof shown, "%s", word);
	if (!read_network(word, &network)) {
		complain(r, "%s is a list of addresses and networks, as "
		         "192.0.2.1, 192.0.2.0/24 or 2001:db8::/32, not "
		         "\"%s\"", s->name, shown);
		return false;
	}
	if (has_host_bits(&network)) {
		complain(r, "%s: %s is an address within a network: which of "
		         "them?", s->name, shown);
		return false;
	}
	more = add_room(r, client->networks, client->n_networks, sizeof *more);
	if (more == NULL)
		return false;
	client->networks = more;
	more[client->n_networks++] = network;
	return true;
}

void
client_read_networks(struct reading *r, const struct setting *setting,
                     const char *value, struct client *client)
{
	char text[INI_MAX_LINE], *rest = text, *word;

	snprintf(text, sizeof text, "%s", value);
	while ((word = next_word(&rest)) != NULL)
		if (!add_network(r, setting, word, client))
			return;
	if (client->n_networks == 0)
		complain(r, "%s is needed", setting->name);
}

/* An IPv6 network that holds ::ffff:0:0/96 does not mean IPv4 by it. */
static bool
is_within(const unsigned char address[16], const struct network *network)
{
	unsigned i = 0;

	if (network->bits < MAPPED_BITS &&
	    memcmp(address, mapped, sizeof mapped) == 0)
		return false;
	while (i < network->bits &&
	       bit_is_set(address, i) == bit_is_set(network->address, i))
		i++;
	return i == network->bits;
}

bool
client_may_come_from(const struct client *client, const char *address)
{
	unsigned char octets[16];
	unsigned bits;

	if (!read_address(address, octets, &bits))
		return false;
	for (size_t i = 0; i < client->n_networks; i++)
		if (is_within(octets, &client->networks[i]))
			return true;
	return false;
}

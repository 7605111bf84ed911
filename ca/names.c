/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* names.c - what a server is called (RFC 5280, 4.2.1.6) */

#include <arpa/inet.h>
#include <string.h>

#include "ca/internal.h"
#include "nssutil/nu_der.h"

enum { DNS_NAME = 2, IP_ADDRESS = 7 };
enum { MAX_HOST = 253, MAX_LABEL = 63, MAX_ADDRESS = 16 };

/* Octets of a numeric address, 0 when it is none. */
static size_t
read_address(const char *name, unsigned char octets[MAX_ADDRESS])
{
	if (inet_pton(AF_INET, name, octets) == 1)
		return 4;
	return inet_pton(AF_INET6, name, octets) == 1 ? 16 : 0;
}

/* Letters, digits, and "-" but at the ends. */
static bool
label_is_fine(const char *label, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789-";

	return len > 0 && len <= MAX_LABEL && label[0] != '-' &&
	       label[len - 1] != '-' && strspn(label, letters) >= len;
}

/* The last label is no number: such a name looks like an address. */
static bool
host_is_fine(const char *name)
{
	size_t len;

	if (strlen(name) > MAX_HOST)
		return false;
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	for (;; name += len + 1) {
		len = strcspn(name, ".");
		if (!label_is_fine(name, len))
			return false;
		if (name[len] == '\0')
			return strspn(name, "0123456789") < len;
	}
}

bool
ca_server_name_is_fine(const char *name)
{
	unsigned char octets[MAX_ADDRESS];

	return read_address(name, octets) > 0 || host_is_fine(name);
}

static SECItem *
make_name(PLArenaPool *arena, const char *name)
{
	unsigned char octets[MAX_ADDRESS];
	size_t len = read_address(name, octets);

	if (len > 0)
		return nu_der_make_octets(arena, NU_CONTEXT(IP_ADDRESS), octets,
		                          len);
	return nu_der_make_octets(arena, NU_CONTEXT(DNS_NAME), name,
	                          strlen(name));
}

SECItem *
ca_server_names(PLArenaPool *arena, const struct ca_options *options)
{
	const SECItem **names = PORT_ArenaZNewArray(arena, const SECItem *,
	                                            options->n_server_names);

	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < options->n_server_names; i++)
		names[i] = make_name(arena, options->server_names[i]);
	return ca_der_wrap(arena, NU_SEQUENCE, names, options->n_server_names);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* names.c - what a server is called. */

#include "psmd/names.h"

#include <string.h>

#include "ca/ca.h"
#include "psmd/command.h"

static bool
is_there(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i], name) == 0)
			return true;
	return false;
}

bool
names_add(struct names *names, const char *name)
{
	size_t size = strlen(name) + 1;

	if (is_there(names, name))
		return true;
	if (names->n == NAMES_MAX || size > sizeof names->text - names->len)
		return command_fail("a server has no more than %d names",
		                    NAMES_MAX);
	if (!ca_server_name_is_fine(name))
		return command_fail("\"%s\" is no host name or address", name);
	names->list[names->n++] = memcpy(names->text + names->len, name, size);
	names->len += size;
	return true;
}

bool
names_add_list(struct names *names, const char *list)
{
	char copy[sizeof names->text], *rest = copy, *word;

	if (strlen(list) >= sizeof copy)
		return command_fail("--names is too long");
	strcpy(copy, list);
	while ((word = strtok_r(rest, ",", &rest)) != NULL)
		if (!names_add(names, word))
			return false;
	return names->n > 0 || command_fail("--names has none");
}

bool
names_add_listen(struct names *names, const struct config *config)
{
	for (size_t i = 0; i < config->n_listen; i++) {
		const char *host = config->listen[i].host;

		if (host != NULL && strcmp(host, "0.0.0.0") != 0 &&
		    strcmp(host, "::") != 0 && !names_add(names, host))
			return false;
	}
	return true;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config.c - a configuration that was read. */

#include "psmd/config_int.h"

#include <stdlib.h>
#include <string.h>

#define ID_MAX 40 /* characters after "#" */

bool
internal_id_valid(const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789_-";
	size_t len = strlen(id);

	return id[0] == '#' && len >= 2 && len <= 1 + ID_MAX &&
	       strspn(id + 1, letters) == len - 1;
}

const struct internal_id *
config_id(const struct config *config, const char *id)
{
	static const struct internal_id internal = { .is_protected = true };
	static const struct internal_id others = { .is_protected = false };

	for (size_t i = 0; i < config->n_ids; i++)
		if (strcmp(config->ids[i].id, id) == 0)
			return &config->ids[i];
	return id[0] == '#' ? &internal : &others;
}

static void
free_texts(struct config *config)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (settings[i].kind == SETTING_PATH ||
		    settings[i].kind == SETTING_TEXT)
			free(*(char **)setting_at(config, &settings[i]));
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	free_texts(config);
	for (size_t i = 0; i < config->n_listen; i++) {
		free(config->listen[i].host);
		free(config->listen[i].port);
	}
	free(config->listen);
	for (size_t i = 0; i < config->n_ids; i++)
		free(config->ids[i].id);
	free(config->ids);
	free(config->lines);
	free(config->path);
	free(config);
}

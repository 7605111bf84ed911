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

bool
config_keep_start(struct config *config, const struct config *old)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (settings[i].at_start &&
		    !setting_copy(&settings[i], config, old))
			return false;
	return true;
}

void *
list_grow(void *list, size_t n, size_t size)
{
	char *more = reallocarray(list, n + 1, size);

	if (more != NULL)
		memset(more + n * size, 0, size);
	return more;
}

/* --- freeing ------------------------------------------------------------- */

static void
free_words(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static void
free_setting(const struct setting *s, const void *base)
{
	switch (s->kind) {
	case SETTING_PATH:
	case SETTING_TEXT:
	case SETTING_URL:
		free(*(char **)setting_at(base, s));
		break;
	case SETTING_WORDS:
	case SETTING_SUBJECT:
	case SETTING_PURPOSES:
		free_words(*(char ***)setting_at(base, s),
		           *setting_count(base, s));
		break;
	case SETTING_NETWORKS:
		free(*(struct network **)setting_at(base, s));
		break;
	default: /* it has nothing of its own */
		break;
	}
}

static void
free_named(const struct config *config, const struct named_kind *kind)
{
	for (size_t i = 0; i < named_count(config, kind); i++) {
		void *one = named_at(config, kind, i);

		for (size_t k = 0; k < kind->n_settings; k++)
			free_setting(&kind->table[k], one);
		free(*(char **)one);
	}
}

static void
free_lines(struct config_lines *lines)
{
	for (size_t i = 0; lines != NULL && i < N_NAMED; i++)
		free(lines->named[i]);
	free(lines);
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < N_SETTINGS; i++)
		free_setting(&settings[i], config);
	for (size_t i = 0; i < N_NAMED; i++)
		free_named(config, &named_kinds[i]);
	for (size_t i = 0; i < config->n_listen; i++) {
		free(config->listen[i].host);
		free(config->listen[i].port);
	}
	free(config->listen);
	free(config->profiles);
	free(config->clients);
	free(config->ids);
	free_lines(config->lines);
	free(config->path);
	free(config);
}

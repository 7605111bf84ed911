/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_int.h - what the config*.c files share: the table of settings.
 *
 * A setting is a row, which reads it, says its range, writes it into a new file
 * and finds out whether a reload changed it. */

#ifndef PSMD_CONFIG_INT_H
#define PSMD_CONFIG_INT_H

#include "psmd/config.h"

enum setting_kind {
	SETTING_PATH,    /* char *, absolute; "": NULL, if it may be */
	SETTING_TEXT,    /* char *; min and max are of its length */
	SETTING_NUMBER,  /* unsigned */
	SETTING_SWITCH,  /* bool: yes, no */
	SETTING_CHOICE,  /* an enum: one of words, from 0 on */
	SETTING_LISTEN_HTTPS, SETTING_LISTEN_HTTP /* both: config->listen */
};

struct setting {
	const char *section, *name;
	const char *fallback; /* what it is when the file does not say */
	enum setting_kind kind;
	size_t offset;        /* in struct config */
	unsigned min, max;    /* of a text: 0 says that it may be empty */
	const char *const *words; /* NULL after the last */
	bool at_start;        /* a reload does not change it */
	const char *help;     /* comment in a new file, without "# " */
};

/* An [id #name] has two. */
enum { N_SETTINGS = 28, N_ID_SETTINGS = 2 };

extern const struct setting settings[N_SETTINGS];
extern const struct setting id_settings[N_ID_SETTINGS];

/* Lines of the file, 0: not said there. */
struct config_lines {
	unsigned of[N_SETTINGS];
};

/* Where a setting is in config, or for id_settings in a struct internal_id. */
void *setting_at(const void *base, const struct setting *setting);
/* The setting of that name, which there is. */
const struct setting *setting_find(const char *name);
/* Is it the same in both? */
bool setting_equal(const struct setting *setting, const struct config *a,
                   const struct config *b);

/* "#" and one or more letters, digits, "_" and "-": an internal id. */
bool internal_id_valid(const char *id);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_int.h - what the config*.c files share: the tables of settings.
 *
 * A setting is a row, which reads it, says its range, writes it into a new file
 * and finds out whether a reload changed it. Sections that there may be many
 * of, such as [client name], have a table of their own each. */

#ifndef PSMD_CONFIG_INT_H
#define PSMD_CONFIG_INT_H

#include "psmd/config.h"

enum setting_kind {
	SETTING_PATH,    /* char *, absolute; "": NULL, if it may be */
	SETTING_TEXT,    /* char *; min and max are of its length */
	SETTING_URL,     /* char *; "": NULL */
	SETTING_NUMBER,  /* unsigned */
	SETTING_SWITCH,  /* bool: yes, no */
	SETTING_CHOICE,  /* an enum: one of words, the first of which is min */
	SETTING_SET,     /* unsigned: the bits of one or more of words; that of
	                  * "" is not to be had */
	SETTING_LISTEN_HTTPS, SETTING_LISTEN_HTTP, /* both: config->listen */
	/* Lists: a pointer, and a size_t behind it. */
	SETTING_WORDS,
	SETTING_SUBJECT, SETTING_PURPOSES, /* of a struct profile */
	SETTING_NETWORKS
};

struct setting {
	const char *section, *name;
	const char *fallback; /* what it is when the file does not say */
	enum setting_kind kind;
	size_t offset;        /* in struct config, or as below */
	unsigned min, max;    /* of a text: 0 says that it may be empty */
	const char *const *words; /* NULL after the last */
	bool at_start;        /* a reload does not change it */
	const char *help;     /* comment in a new file, without "# " */
};

enum { N_SETTINGS = 39, N_PROFILE_SETTINGS = 13, N_CLIENT_SETTINGS = 6,
       N_ID_SETTINGS = 2, NAMED_SETTINGS_MAX = N_PROFILE_SETTINGS };

extern const struct setting settings[N_SETTINGS];

/* Sections with names of their own. */
struct named_kind {
	const char *section;   /* "client": [client name] */
	const struct setting *table; /* offsets are in one of the list */
	size_t n_settings;
	size_t size;           /* of one, which begins with char *name */
	size_t list, count;    /* offsets in struct config */
	bool (*name_is_fine)(const char *name);
	const char *rule;      /* "... is no " */
};

enum { NAMED_PROFILE, NAMED_CLIENT, NAMED_ID, N_NAMED };

extern const struct named_kind named_kinds[N_NAMED];

/* Lines of the file, 0: not said there. */
struct named_lines {
	unsigned section;
	unsigned of[NAMED_SETTINGS_MAX];
};
struct config_lines {
	unsigned of[N_SETTINGS];
	struct named_lines *named[N_NAMED]; /* one each of the lists */
};

/* Room in a list for one after n of size bytes, and that zeroed. NULL: out of
 * memory, and the list is as it was. */
void *list_grow(void *list, size_t n, size_t size);

/* Where a setting is in config, or in one of a named_kind. */
void *setting_at(const void *base, const struct setting *setting);
/* The count of one that is a list. */
size_t *setting_count(const void *base, const struct setting *setting);
/* The setting of that "section.name", which there is. */
const struct setting *setting_find(const char *name);
/* Is it the same in both? Not for lists. */
bool setting_equal(const struct setting *setting, const struct config *a,
                   const struct config *b);
/* Give config what from has. Not for lists. false: out of memory. */
bool setting_copy(const struct setting *setting, struct config *config,
                  const struct config *from);

size_t named_count(const struct config *config, const struct named_kind *kind);
/* The i-th of the list. */
void *named_at(const struct config *config, const struct named_kind *kind,
               size_t i);
/* Its name. */
const char *named_name(const void *one);
/* One more, zero but for its name. NULL: out of memory. */
void *named_add(struct config *config, const struct named_kind *kind,
                const char *name, unsigned line);
/* The lines of the last one's settings. */
unsigned *named_lines_last(const struct config *config,
                           const struct named_kind *kind);
/* The index of the setting of that name, which there is. */
size_t named_setting(const struct named_kind *kind, const char *name);

/* "#" and one or more letters, digits, "_" and "-": an internal id. */
bool internal_id_valid(const char *id);
bool profile_name_valid(const char *name);
enum { PROFILE_NAME_MAX = 64 };
#define PROFILE_BUILT_IN "client" /* there is always one of that name */

#endif

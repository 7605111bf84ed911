/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_reading.h - what the files share that read the configuration. */

#ifndef PSMD_CONFIG_READING_H
#define PSMD_CONFIG_READING_H

#include "psmd/config_int.h"

/* Where the settings go that follow. */
struct section {
	const struct setting *table; /* NULL: an unknown one */
	size_t n;
	const char *name;            /* as in table */
	void *base;                  /* struct config or one of a named_kind */
	unsigned *lines;             /* of each row; 0: not yet */
};

struct reading {
	struct config *config;
	FILE *in, *complaints;
	const char *shown;    /* the file's name */
	char *folder;         /* absolute */
	unsigned line;
	bool waiting;         /* the line must turn out to be a setting */
	bool in_section;
	bool failed;
	bool out_of_memory;
	struct section section;
};

void __attribute__((format(printf, 2, 3)))
complain(struct reading *r, const char *format, ...);
void no_memory(struct reading *r);
/* A copy of text at *at, in place of what was there. */
bool keep_text(struct reading *r, char **at, const char *text);
/* list_grow(), and a complaint. */
void *add_room(struct reading *r, void *list, size_t n, size_t size);
/* One more in a list of texts. */
bool add_text(struct reading *r, char ***list, size_t *n, const char *text);
/* The next word of a list with commas or blanks between, cut in place. */
char *next_word(char **rest);
/* Read a value into the place that setting has in base. */
void read_value(struct reading *r, const struct setting *setting,
                   const char *value, void *base);

/* Each a kind of setting. */
void profile_read_subject(struct reading *r, const struct setting *setting,
                          const char *value, struct profile *profile);
void profile_read_purposes(struct reading *r, const struct setting *setting,
                           const char *value, struct profile *profile);
void client_read_networks(struct reading *r, const struct setting *setting,
                          const char *value, struct client *client);
/* Do its settings fit together? */
void profile_judge(struct reading *r, const struct profile *profile);

#endif

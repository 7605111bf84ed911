/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_text.h - texts read as the configuration, and what is said of them. */

#ifndef TESTS_PSMD_CONFIG_TEXT_H
#define TESTS_PSMD_CONFIG_TEXT_H

#include "psmd/config.h"

struct row {
	const char *text;
	const char *complaint; /* a part of it; NULL: the text is fine */
};

#define CHECK(rows)                                                  \
	for (size_t i = 0; i < sizeof (rows) / sizeof *(rows); i++)  \
		check_row(&(rows)[i])

#define A64 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
#define CLIENT "[client c]\naes_key_file = /nowhere/a\n" \
	       "em_key_file = /nowhere/e\ncertificate = /nowhere/s\n"
#define GOOD_CLIENT CLIENT "addresses = 192.0.2.1\n"

extern char *said; /* complaints of the last read_text() */

/* The text as a file; NULL, and said has why. */
struct config *read_text(const char *text);
/* One that is fine. */
struct config *read_good(const char *text);
void check_row(const struct row *row);
/* As the manual has them. */
void assert_defaults(const struct profile *profile);

#endif

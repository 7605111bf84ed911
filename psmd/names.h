/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* names.h - what a server is called: host names and addresses, for its
 * certificate. */

#ifndef PSMD_NAMES_H
#define PSMD_NAMES_H

#include "psmd/config.h"

enum { NAMES_MAX = 32 };

/* Zero it before use. */
struct names {
	char text[4096]; /* what list points to */
	size_t len;      /* bytes of text that are taken */
	const char *list[NAMES_MAX];
	size_t n;
};

/* Each says on standard error why it fails. A name that is there already is not
 * added again. */
bool names_add(struct names *names, const char *name);
/* One or more, with commas between. */
bool names_add_list(struct names *names, const char *list);
/* Where it listens it can be reached, so that belongs to its names. */
bool names_add_listen(struct names *names, const struct config *config);

#endif

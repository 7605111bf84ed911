/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* params.h - parameters from the query, and from a body of
 * application/x-www-form-urlencoded or multipart/form-data.
 *
 * They keep their order. Of one name the last occurrence wins, a later part of
 * the request counting after an earlier one. A name that begins with "blob-" is
 * taken from multipart/form-data alone. Values are wiped when freed. */

#ifndef PSMD_PARAMS_H
#define PSMD_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

enum param_from { PARAM_QUERY, PARAM_URLENCODED, PARAM_MULTIPART };

struct param {
	char *name;
	unsigned char *value; /* NUL after it; may hold NULs */
	size_t len;           /* bytes; stops growing at the limit */
	bool too_big;
	enum param_from from;
};

struct params {
	struct param *list; /* every occurrence, in order */
	size_t n;
	size_t max_value;   /* bytes */
	size_t max_count;
	bool malformed;     /* of the body: what came is not to be trusted */
	bool out_of_memory;
};

/* The last one of that name, or NULL. */
const struct param *params_get(const struct params *params, const char *name);
/* As text: NULL when there is none; one with a NUL inside or that is not UTF-8
 * is *ret_bad. */
const char *params_text(const struct params *params, const char *name,
                        bool *ret_bad);
/* Append len bytes to a parameter: off 0 begins a new one. */
bool params_append(struct params *params, enum param_from from,
                   const char *name, size_t off, const void *data, size_t len);
void params_clear(struct params *params);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* abuse.h - hostile requests, and what is to become of them. */

#ifndef TESTS_PSMD_ABUSE_H
#define TESTS_PSMD_ABUSE_H

#include <stddef.h>

/* Each gets one answer at most, and the server goes on. */
enum want {
	REFUSED, /* 4xx or 5xx, or the connection is closed */
	FAILED,  /* the same, or JSON that says "success": false */
	GRANTED, /* 200: strange, and good */
	ONCE     /* anything, once */
};

/* before, then unit times times, then after. With type it is the body of a PUT
 * of that Content-Type to /api/cert/user. */
struct row {
	const char *name;
	enum want want;
	const char *before;
	size_t before_len; /* bytes; there may be NULs */
	const char *unit;
	unsigned times;
	const char *after;
	const char *type;
};

extern const struct row rows[];
extern const size_t n_rows;

/* All of it, for the caller to free(). NULL: out of memory. */
char *row_bytes(const struct row *row, size_t *ret_len);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* gate.h - lets pass only what cannot be read in two ways.
 *
 * libmicrohttpd 0.9.75 ends lines at a bare line feed, joins folded fields,
 * takes a blank before the colon for a part of the name, cuts at NULs and
 * takes a Content-Length of 2^64 - 1 for none. Each is where a proxy before it
 * may see another request than it does. So a gate of its own stands before it,
 * as strict as RFC 9112 allows, and follows a connection's requests byte by
 * byte; it keeps none of them. */

#ifndef PSMD_GATE_H
#define PSMD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate {
	int state;
	bool in_trailer;   /* the fields after the last chunk */
	bool is_old;       /* HTTP/1.0 */
	bool has_length, has_encoding;
	int field;         /* one that says where the body ends, or another */
	char word[24];     /* its name, then its value */
	unsigned n;        /* bytes in word, or seen of what has a limit */
	uint64_t left;     /* of the body or chunk, bytes */
	size_t head;       /* bytes of this request's head */
};

/* All zeros is a gate before the first request. */

/* How many of the len bytes, which come next, may pass. Fewer: the next one is
 * wrong, and the connection cannot go on. */
size_t gate_pass(struct gate *gate, const unsigned char *bytes, size_t len);
/* After that: was it in a head that no reader can have answered yet? */
bool gate_is_in_head(const struct gate *gate);

#endif

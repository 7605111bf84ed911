/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* request.h - a request as an API sees it, and what it answers with. */

#ifndef PSMD_REQUEST_H
#define PSMD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "psmd/front.h"
#include "psmd/params.h"
#include "psmd/records.h"

struct server;

struct request {
	struct server *server;     /* see server.h */
	const char *method, *path; /* path: decoded, begins with "/" */
	const char *target;        /* as it came: path and query, encoded */
	const struct peer *peer;
	const struct params *params; /* query, then body; see params.h */
	const unsigned char *body; /* when it is not form data; else NULL */
	size_t body_len;           /* bytes */
	bool body_too_big;         /* was more than allowed: not kept */
	void *connection;          /* libmicrohttpd's */

	/* set by auth_check(): */
	char account[ACCOUNT_NAME_MAX + 1]; /* "": nobody */
	unsigned privileges;
};

/* A header field's value, or NULL. Borrowed. name in any case. */
const char *request_header(const struct request *request, const char *name);

#define REPLY_HEADERS_MAX 16
#define REPLY_PIECES_MAX 3

struct reply_piece {
	const void *data;
	size_t len;         /* bytes */
};

struct reply {
	unsigned status;    /* HTTP's */
	char *body;         /* owned; may be NULL */
	size_t body_len;    /* bytes */
	const void *fixed;  /* instead of body: bytes that live for ever */
	/* Or instead of body: pieces that live until owner is released, which
	 * is when they are sent. body_len is that of all. */
	struct reply_piece pieces[REPLY_PIECES_MAX];
	size_t n_pieces;
	void (*release)(void *owner);
	void *owner;
	bool close;         /* the connection, after this */
	char account[ACCOUNT_NAME_MAX + 1]; /* of a login that the handler saw
	                     * to, for the log; "": none */
	size_t n_headers;
	struct { char *name, *value; } headers[REPLY_HEADERS_MAX];
};

/* false: out of memory, or more than there is room for. */
bool reply_header(struct reply *reply, const char *name, const char *value);
/* Text (copied) of a type, such as "text/plain; charset=utf-8". */
void reply_text(struct reply *reply, unsigned status, const char *type,
                const char *text);
/* Takes over value's reference; NULL: 500. */
void reply_json(struct reply *reply, unsigned status, json_t *value);
void reply_clear(struct reply *reply);

#endif

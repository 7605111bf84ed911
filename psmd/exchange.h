/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* exchange.h - one request and its answer, from the first byte of the one to
 * the last of the other. Between http.c and exchange.c. */

#ifndef PSMD_EXCHANGE_H
#define PSMD_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <time.h>

#include "psmd/server.h"
#include "psmd/work.h"

struct http {
	struct server *server;
	struct MHD_Daemon *daemon;
	struct work *workers;
	atomic_uint in_flight; /* requests begun and not yet answered */
	atomic_bool closing;   /* an answer is its connection's last */
	atomic_bool ending;    /* new requests are told that it ends */
	uint64_t begun_before; /* see http_moves() */
};

/* A connection of libmicrohttpd's: its socket context. */
struct visitor {
	const struct peer *peer;   /* held; NULL: there is none */
	struct exchange *exchange; /* the request that is here */
};

struct exchange {
	struct http *http;
	struct MHD_Connection *connection;
	const struct route *route;
	struct request request;
	struct params params;
	struct MHD_PostProcessor *form;
	unsigned char *body; /* what is no form */
	size_t body_room;    /* bytes */
	size_t max_body;     /* bytes; a reload does not change it */
	uint64_t received;   /* of the body, kept or not */
	char *target, *method, *path;
	bool begun;          /* the header is read */
	bool answered;       /* reply is filled in */
	struct reply reply;
	struct timespec since;
};

struct exchange *exchange_new(struct http *http, const char *target);
/* The header is here: its route, query, and what comes of its body. */
void exchange_begin(struct exchange *exchange, const char *version,
                    const char *method, const char *path);
/* More of the body. */
void exchange_feed(struct exchange *exchange, const char *data, size_t len);
/* All is here: have it answered, at once or by a worker. true: it is answered
 * already; false: the connection is suspended until it is. */
bool exchange_finish(struct exchange *exchange);
/* Hand the answer to libmicrohttpd. */
enum MHD_Result exchange_answer(struct exchange *exchange);
/* Its line in the log, and the end of it. */
void exchange_free(struct exchange *exchange);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* http.h - libmicrohttpd, and a request's way: its body and parameters, then a
 * worker, where auth_check() and the route's handler run one after the other,
 * then its answer and its line in the log. */

#ifndef PSMD_HTTP_H
#define PSMD_HTTP_H

#include <stdbool.h>
#include <sys/socket.h>

#include "psmd/server.h"

/* Start; server's other parts are there already. NULL and a sentence in why. */
struct http *http_new(struct server *server, char *why, size_t size);
/* A connection from the front: a front_accept_fn. */
bool http_accept(int fd, const struct sockaddr *address, socklen_t len,
                 void *http);
size_t http_waiting(struct http *http);
/* Are requests answered, however many wait? Asked now and then, by one thread:
 * looks for what was done since it was asked before. */
bool http_moves(struct http *http);
/* Answer what has come, at most for so many seconds, and end. A connection ends
 * with its next answer. */
void http_free(struct http *http, unsigned seconds);

#endif

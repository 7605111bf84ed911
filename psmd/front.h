/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front.h - listens, accepts, speaks TLS, and hands each connection to an HTTP
 * server as one end of a socket pair.
 *
 * A few threads carry all connections. Limits are held here, before a byte of
 * HTTP is read: connections in all and an address, the time for a handshake, for
 * a request to arrive whole, and between requests. The front knows nothing of
 * HTTP: a request begins with the first byte from the client after the last
 * answer, and must be answered, or at least be begun to be, in its time. */

#ifndef PSMD_FRONT_H
#define PSMD_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "psmd/config.h"

/* Who is at the other end. Borrowed until front_peer_release(). */
struct peer {
	char address[64];      /* numeric */
	bool tls;
	char tls_version[8];   /* "TLS1.3"; "" without */
	const unsigned char *cert; /* client certificate, DER, verified by NSS;
	                        * NULL: none was sent */
	size_t cert_len;
};

struct front;

struct front_stats {
	uint64_t accepted, refused_limit, tls_failed, timed_out;
	uint64_t open; /* now */
};

/* Hand over a connection: fd is the HTTP server's from now on, true or false;
 * false: it takes no more. Called on a thread of the front. */
typedef bool (*front_accept_fn)(int fd, const struct sockaddr *address,
                                socklen_t len, void *arg);

/* Listen on what config says, or on the sockets of fds (of systemd's; those
 * whose name begins with "http-" or whose port is one of config's HTTP ports
 * speak no TLS) when n_fds > 0. The NSS database is open already. On failure
 * NULL, and a sentence in why. Nothing is accepted before front_start(). */
struct front *front_new(const struct config *config, const int *fds,
                        size_t n_fds, char *why, size_t size);
bool front_start(struct front *front, front_accept_fn fn, void *arg);
/* The peer of the connection whose HTTP end is fd, held for the caller; NULL:
 * no such connection. */
const struct peer *front_peer_hold(struct front *front, int fd);
void front_peer_release(struct front *front, const struct peer *peer);
/* The certificate and limits of a configuration read again; connections there
 * are go on as they are. */
bool front_reload(struct front *front, const struct config *config, char *why,
                  size_t size);
/* The ports listened on, for tests and the log: host:port, numeric. NULL when i
 * is past the end. */
const char *front_address(const struct front *front, size_t i);
/* Is HTTPS spoken there? */
bool front_address_is_tls(const struct front *front, size_t i);
void front_stats(struct front *front, struct front_stats *ret_stats);
/* Accept no more, and hand over no more: when this returns, front_accept_fn is
 * not called again, and the HTTP server may end. Connections it has go on; the
 * others end. */
void front_quiesce(struct front *front);
/* End what is left of them, within two seconds: what the HTTP server wrote
 * before it closed them still goes out. After the HTTP server, before NSS is
 * closed. NULL is fine. */
void front_free(struct front *front);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls.h - the server's side of TLS 1.2 and 1.3, by NSS, on sockets that never
 * block.
 *
 * A connection is used by one thread at a time. */

#ifndef PSMD_TLS_H
#define PSMD_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "psmd/config.h"

/* The server's certificate with its key, and what it demands of clients. */
struct tls;

/* The NSS database is open and unlocked. NULL, and a sentence in why. */
struct tls *tls_new(const struct config *config, char *why, size_t size);
/* Would tls_new() do, and are the certificates fit: in date, a server's, a CA's?
 * false, and a sentence in why. */
bool tls_check(const struct config *config, char *why, size_t size);
/* Has the server's certificate run out, or will it within 30 days? Says so in
 * what. */
bool tls_check_end(const struct config *config, char *what, size_t size);
/* Hand fn each host name and address that a certificate is for. An NSS database
 * is open. false: fn said so, or the certificate cannot be read. */
bool tls_cert_names(const unsigned char *der, size_t len,
                    bool (*fn)(void *arg, const char *name), void *arg);
struct tls *tls_hold(struct tls *tls);
/* Connections hold it too. NULL is fine. */
void tls_free(struct tls *tls);

struct tls_conn;

enum {
	TLS_AGAIN = -1,  /* the socket is not ready */
	TLS_FAILED = -2, /* and tls_why() says why */
	TLS_GONE = -3,   /* the client went away during the handshake */
	TLS_LATER = -4   /* enough for now: call again after others had their
	                  * turn, without waiting for the socket */
};

/* fd, which is connected and does not block, is the connection's from now on.
 * NULL: nothing was done to it. */
struct tls_conn *tls_accept(struct tls *tls, int fd);
/* 0: done. */
int tls_handshake(struct tls_conn *conn);
/* Bytes, 0 at the end, or TLS_... */
ssize_t tls_read(struct tls_conn *conn, void *buf, size_t size);
/* How many were taken, at least 1, or TLS_... What was not taken must come
 * again, unchanged and first. */
ssize_t tls_write(struct tls_conn *conn, const void *buf, size_t len);
/* Does it wait until the socket takes more? */
bool tls_wants_write(struct tls_conn *conn);
/* Say that nothing more comes, and shut the socket down for writing. */
void tls_end(struct tls_conn *conn);
/* Close the socket, and forget all. NULL is fine. */
void tls_close(struct tls_conn *conn);

/* NSS's name for the last failure in this thread. */
const char *tls_why(void);
/* "TLS1.3"; after the handshake. */
const char *tls_version(const struct tls_conn *conn);
/* The client's certificate in DER, for the caller to free(): verified, after
 * the handshake. false: out of memory. NULL: none was sent. */
bool tls_client_cert(const struct tls_conn *conn, unsigned char **ret_der,
                     size_t *ret_len);

#endif

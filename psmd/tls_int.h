/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_int.h - what the tls*.c files share. */

#ifndef PSMD_TLS_INT_H
#define PSMD_TLS_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include <cert.h>
#include <prio.h>

#include "psmd/tls.h"

struct tls {
	atomic_uint refs;
	pthread_mutex_t lock;  /* of model, while it is copied */
	PRFileDesc *model;     /* configured, never connected */
	CERTCertificate *client_ca;
	CERTCertList *told;    /* authorities a client is told of; NULL: it is
	                        * not asked */
};

/* What one call may read from the socket, so that no client has a thread for
 * itself: NSS goes on reading as long as there are records without data. */
struct turn {
	unsigned left; /* reads */
	bool is_over;  /* there may be more to read than there were reads */
};

/* Have each read of fd, the socket, be one of turn's: with none left it would
 * block. Before TLS is put on it. */
bool turn_push(PRFileDesc *fd, struct turn *turn);
void turn_begin(struct turn *turn);

/* An SSLAuthCertificate; arg is the struct tls. */
SECStatus tls_auth_client(void *arg, PRFileDesc *fd, PRBool check_sig,
                          PRBool is_server);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* responder.h - an HTTP server of a few lines, a thread a connection, for what
 * stands before one.
 *
 *   /          answers "hello\n"
 *   /peer      what the front knows of the client:
 *              "127.0.0.1 TLS1.3 <bytes of its certificate>\n"
 *   /big       BIG bytes of 'x'
 *   /wait      answers after a second
 *   /refuse    413 at once, and closes without reading further
 *   /body      reads Content-Length bytes and says how many they were */

#ifndef RESPONDER_H
#define RESPONDER_H

#include "psmd/front.h"

enum { BIG = 8 << 20 };

struct responder {
	struct front *front;
	unsigned n; /* connections it was given; read it when they are done */
};

/* A front_accept_fn; arg is a struct responder. */
bool responder_accept(int fd, const struct sockaddr *address, socklen_t len,
                      void *arg);
/* How many are answered "/wait" just now. */
unsigned responder_waits(void);
/* Wait until no connection is left. */
void responder_wait(void);

#endif

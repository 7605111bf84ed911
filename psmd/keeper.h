/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* keeper.h - what has to be done now and then while the daemon runs. */

#ifndef PSMD_KEEPER_H
#define PSMD_KEEPER_H

#include "psmd/server.h"

struct keeper;

/* Renew the CRL when it is time, and have the records forget what they need no
 * longer: by a thread of its own, which looks now and every few minutes. What
 * fails is in the log. NULL: out of memory, or no thread. */
struct keeper *keeper_new(struct server *server);
/* Look now: the configuration is another one. */
void keeper_look(struct keeper *keeper);
/* Before the engine ends. NULL is fine. */
void keeper_free(struct keeper *keeper);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* notify.h - what systemd and a daemon tell each other. Without libsystemd, or
 * without systemd, nothing is told. */

#ifndef PSMD_NOTIFY_H
#define PSMD_NOTIFY_H

#include <stddef.h>

/* How many sockets systemd handed over, the first is *ret_first; 0: none. Their
 * names stay in the environment, where the front reads them. -1: it failed. */
int notify_sockets(int *ret_first);
/* Lines of "NAME=value", as sd_notify(3) has them. */
void notify_send(const char *state);
/* The same with READY=1 and STATUS=status. */
void notify_ready(const char *status);
/* A reload begins; notify_ready() ends it. */
void notify_reloading(void);
/* After how many milliseconds without a sign of life systemd takes psmd for
 * dead; 0: it does not watch. */
unsigned notify_watchdog_ms(void);

#endif

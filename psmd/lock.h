/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* lock.h - one psmd a database.
 *
 * Other programs may use the database beside psmd, as NSS lets them. Another
 * psmd may not: at its start it would take a certificate that this one is about
 * to replace for what an interruption left, and delete it. */

#ifndef PSMD_LOCK_H
#define PSMD_LOCK_H

#include <stdbool.h>

/* A descriptor that holds the lock of a folder or file until it is closed, by
 * the kernel at the latest. -1 and errno; EWOULDBLOCK: another process holds
 * it. */
int lock_take(const char *path);
/* Has another process the lock? */
bool lock_is_taken(const char *path);
/* The lock of a file that is there for that alone: made when it is not, and
 * given to the owner of the file beside. Others are waited for so long. */
int lock_wait(const char *path, const char *beside, unsigned seconds);

#endif

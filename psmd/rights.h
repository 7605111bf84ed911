/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* rights.h - what the process may do, and less of it. */

#ifndef PSMD_RIGHTS_H
#define PSMD_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

/* Nothing of its memory to a core file or to another process, no file of its
 * own for others. */
bool rights_close(char *why, size_t size);
/* Become user (NULL: nobody else), with its groups and no way back. */
bool rights_drop(const char *user, char *why, size_t size);
/* What access(path, mode) would say to user, as errno has it; 0: nothing. For
 * root, in a process of one thread. */
int rights_try(const char *user, const char *path, int mode);
/* Room for so many descriptors, as far as it may be had; how many there are. */
size_t rights_descriptors(size_t wanted);

#endif

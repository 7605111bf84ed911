/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* plain.h - what others wrote, on a terminal. */

#ifndef PSMD_PLAIN_H
#define PSMD_PLAIN_H

#include <stdint.h>

/* Print text on standard output so that it does nothing to a terminal: what
 * controls one (C0, DEL, C1), what is unseen or turns the order of what is
 * around it, what is no UTF-8, and characters of also come out as \xNN, byte
 * by byte. */
void print_plain(const char *text, const char *also);
/* One that is followed by others: a blank in it, and the backslash, are printed
 * as \xNN too; one that is empty as "-". */
void print_word(const char *text);
/* "2026-01-31T23:59:59Z". */
void print_time(int64_t seconds);

#endif

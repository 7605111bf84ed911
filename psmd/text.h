/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* text.h - what others write, as it is taken: a line of text, a number. */

#ifndef PSMD_TEXT_H
#define PSMD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_DIGITS_MAX = 18 }; /* which an int64_t holds */

/* 1 to max bytes of UTF-8, and no control character: C0, DEL, C1. */
bool text_is_line(const char *text, size_t max);
/* 1 to TEXT_DIGITS_MAX decimal digits, to a number above 0. */
bool text_number(const char *text, int64_t *ret_number);

#endif

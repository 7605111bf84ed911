/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* public_file.h - a file for others to read, old or new at any moment. */

#ifndef PSMD_PUBLIC_FILE_H
#define PSMD_PUBLIC_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* All of a regular file, 1 GiB at the most; the caller's to free(). false, and
 * errno. */
bool public_file_read(const char *path, unsigned char **ret_data,
                      size_t *ret_len);
/* Could one be put there, as far as can be seen before it is written? false,
 * and errno. */
bool public_file_try(const char *path);
/* Put it in the place of what is there, mode 0644, on the disk before this
 * returns; path.new is where it is written. One at a time, which is the
 * caller's to see to. false, and errno. */
bool public_file_put(const char *path, const void *data, size_t len);

#endif

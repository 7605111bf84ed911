/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* files.h - files that a recipe of the shell makes, for the tests that use
 * them. */

#ifndef TESTS_PSMD_FILES_H
#define TESTS_PSMD_FILES_H

#include <stddef.h>

extern char files[32]; /* the directory they are in */

/* For cmocka's setup and teardown of a group: make the directory, run a recipe
 * in it, remove it. */
int files_make(const char *recipe);
int files_add(const char *recipe);
int files_remove(void **state);

/* One of them, up to 100,000 bytes; free() it. */
char *files_read(const char *name, size_t *ret_len);

#endif

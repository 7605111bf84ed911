/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* files.c - a directory and what a recipe puts there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/files.h"

enum { FILE_MAX = 100000 };

char files[32];

int
files_make(const char *recipe)
{
	strcpy(files, "/tmp/psmd-XXXXXX");
	return mkdtemp(files) != NULL ? files_add(recipe) : -1;
}

int
files_add(const char *recipe)
{
	char *command = NULL;
	int status;

	if (asprintf(&command, "cd %s && { %s}", files, recipe) < 0)
		return -1;
	status = system(command);
	free(command);
	return status;
}

int
files_remove(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", files);
	return system(command);
}

char *
files_read(const char *name, size_t *ret_len)
{
	char path[64], *data = calloc(1, FILE_MAX);
	FILE *in;

	assert_non_null(data);
	snprintf(path, sizeof path, "%s/%s", files, name);
	in = fopen(path, "rb");
	assert_non_null(in);
	*ret_len = fread(data, 1, FILE_MAX - 1, in);
	fclose(in);
	return data;
}

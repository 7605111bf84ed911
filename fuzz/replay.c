/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* replay.c - run each file of a corpus through a fuzz target, without a
 * fuzzer: replay [DIRECTORY]. The default is the corpus of that target. */

#include "fuzz/fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The input in memory of just its size, so that a sanitizer sees a read past
 * its end. */
static unsigned char *
read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	unsigned char *data = NULL;
	long size;

	if (file == NULL)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
		rewind(file);
		data = malloc(size > 0 ? (size_t)size : 1);
		if (data != NULL)
			*ret_size = fread(data, 1, (size_t)size, file);
	}
	fclose(file);
	return data;
}

static int
replay_file(const char *path)
{
	size_t size = 0;
	unsigned char *data = read_file(path, &size);

	if (data == NULL) {
		perror(path);
		return -1;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

static int
replay_entry(const char *directory, const char *name)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/%s", directory, name);

	if (len < 0 || (size_t)len >= sizeof path) {
		fprintf(stderr, "%s: too long a name\n", name);
		return -1;
	}
	return replay_file(path);
}

/* How many files there were, or -1. */
static int
replay_directory(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;
	int n = 0;

	if (dir == NULL) {
		perror(name);
		return -1;
	}
	while (n >= 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n = replay_entry(name, entry->d_name) == 0 ? n + 1 : -1;
	}
	closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char corpus[PATH_MAX];
	int n;

	snprintf(corpus, sizeof corpus, "%s/fuzz/corpus/" CORPUS,
	         srcdir != NULL ? srcdir : ".");
	n = replay_directory(argc > 1 ? argv[1] : corpus);
	if (n <= 0) {
		printf("not ok - the " CORPUS " corpus is replayed\n");
		return EXIT_FAILURE;
	}
	printf("ok - the " CORPUS " corpus is replayed: %d files\n", n);
	return EXIT_SUCCESS;
}

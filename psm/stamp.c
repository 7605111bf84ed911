/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* stamp.c - has anybody changed the database? SQLite's own counters tell. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "psm/internal.h"

enum { HEADER_SIZE = 100 };

/* The file's header has a counter that each commit moves. With a write-ahead
 * log commits go there: the log's header is new each time it is begun again,
 * and that of its index moves with each commit (sqlite.org/walformat.html). */
static const struct part {
	const char *name;
	size_t header;
	bool needed;
} parts[] = {
	{ "cert9.db", HEADER_SIZE, true },
	{ "cert9.db-wal", 32, false },
	{ "cert9.db-shm", 96, false },
	{ "key4.db", HEADER_SIZE, true },
	{ "key4.db-wal", 32, false },
	{ "key4.db-shm", 96, false },
};

static void
mix(uint64_t *stamp, uint64_t value)
{
	*stamp = (*stamp ^ value) * 0x9e3779b97f4a7c15u;
	*stamp ^= *stamp >> 32;
}

static void
mix_octets(uint64_t *stamp, const unsigned char *octets, size_t len)
{
	uint64_t word;

	for (size_t i = 0; i < len; i += sizeof word) {
		word = 0;
		memcpy(&word, octets + i,
		       len - i < sizeof word ? len - i : sizeof word);
		mix(stamp, word);
	}
}

static void
mix_stat(uint64_t *stamp, const struct stat *st)
{
	mix(stamp, (uint64_t)st->st_ino);
	mix(stamp, (uint64_t)st->st_size);
	mix(stamp, (uint64_t)st->st_mtim.tv_sec);
	mix(stamp, (uint64_t)st->st_mtim.tv_nsec);
}

/* Closing a descriptor of a file drops all locks that the process has on the
 * file, SQLite's in another thread too (fcntl(2)): in the midst of its commit
 * another process could write. So they stay open as long as NSS is. */
static struct file {
	dev_t dev;
	ino_t ino;
	int fd;
} *files;
static size_t n_files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
stamp_close(void)
{
	pthread_mutex_lock(&lock);
	while (n_files > 0)
		(void)close(files[--n_files].fd);
	free(files);
	files = NULL;
	pthread_mutex_unlock(&lock);
}

/* -1: errno says why. */
static int
open_file(const char *path)
{
	struct file *grown = reallocarray(files, n_files + 1, sizeof *grown);
	struct stat st = { .st_ino = 0 };
	int fd, rv;

	if (grown == NULL)
		return -1;
	files = grown;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rv = fstat(fd, &st); /* if it fails, fd is kept and never found */
	files[n_files++] = (struct file){ st.st_dev, st.st_ino, fd };
	return rv == 0 ? fd : -1;
}

static int
fd_of(const char *path, const struct stat *st)
{
	for (size_t i = 0; i < n_files; i++) {
		if (files[i].dev == st->st_dev && files[i].ino == st->st_ino)
			return files[i].fd;
	}
	return open_file(path);
}

static bool
mix_file(uint64_t *stamp, const char *path, const struct stat *st,
         size_t header)
{
	unsigned char octets[HEADER_SIZE];
	int fd = fd_of(path, st);
	ssize_t n = fd >= 0 ? pread(fd, octets, header, 0) : -1;

	if (n < 0)
		return false;
	mix_stat(stamp, st);
	mix_octets(stamp, octets, (size_t)n);
	return true;
}

static enum psm_err
mix_part(struct psm_ctx *ctx, const struct part *part, uint64_t *stamp)
{
	char path[PATH_MAX + 32];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", ctx_dir(), part->name);
	if (stat(path, &st) == 0 && mix_file(stamp, path, &st, part->header))
		return PSM_OK;
	if (errno != ENOENT || part->needed)
		return psm_fail_errno(ctx, "read", path);
	mix(stamp, 0);
	return PSM_OK;
}

enum psm_err
psm_store_stamp(struct psm_ctx *ctx, uint64_t *ret_stamp)
{
	enum psm_err err = ctx_enter(ctx);
	uint64_t stamp = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0] && err == PSM_OK;
	     i++)
		err = mix_part(ctx, &parts[i], &stamp);
	pthread_mutex_unlock(&lock);
	if (err == PSM_OK)
		*ret_stamp = stamp;
	return err;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* lock.c - one psmd a database: flock() of its folder, which leaves no file
 * behind and gets in nobody else's way. What others wait for has a file. */

#include "psmd/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int
lock_take(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

bool
lock_is_taken(const char *path)
{
	int fd = lock_take(path);

	if (fd < 0)
		return errno == EWOULDBLOCK;
	close(fd);
	return false;
}

/* --- waiting ------------------------------------------------------------- */

/* What root makes, whom it is for must be able to open. */
static bool
give_to_owner(int fd, const char *beside)
{
	struct stat st;

	return geteuid() != 0 ||
	       (stat(beside, &st) == 0 &&
	        fchown(fd, st.st_uid, st.st_gid) == 0);
}

/* It gets its name when it is ready. */
static bool
make(const char *path, const char *beside)
{
	char *temp = NULL;
	int fd, err;
	bool good;

	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return false;
	fd = mkostemp(temp, O_CLOEXEC);
	good = fd >= 0 && give_to_owner(fd, beside) &&
	       (link(temp, path) == 0 || errno == EEXIST);
	err = errno;
	if (fd >= 0) {
		close(fd);
		(void)unlink(temp); /* an empty file at the worst */
	}
	free(temp);
	errno = err;
	return good;
}

static int
open_or_make(const char *path, const char *beside)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = open(path, flags);

	if (fd < 0 && errno == ENOENT && make(path, beside))
		fd = open(path, flags);
	return fd;
}

int
lock_wait(const char *path, const char *beside, unsigned seconds)
{
	enum { A_SECOND = 20 };
	const struct timespec pause = { 0, 1000000000L / A_SECOND };
	int fd = open_or_make(path, beside), err;

	if (fd < 0)
		return -1;
	for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno == EWOULDBLOCK && i < seconds * A_SECOND) {
			nanosleep(&pause, NULL);
			continue;
		}
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

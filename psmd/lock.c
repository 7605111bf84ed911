/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* lock.c - one psmd a database: flock() of its folder, which leaves no file
 * behind and gets in nobody else's way. */

#include "psmd/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
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

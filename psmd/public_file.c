/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* public_file.c - a file for others to read, old or new at any moment. */

#include "psmd/public_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST (1024L * 1024 * 1024) /* bytes */

/* --- reading ------------------------------------------------------------- */

/* As many as it had when it was opened. */
static bool
read_all(int fd, unsigned char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, data, len);

		if (n == 0)
			errno = EIO;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool
read_open(int fd, unsigned char **ret_data, size_t *ret_len)
{
	struct stat st;
	unsigned char *data;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size > MOST) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return false;
	}
	data = malloc((size_t)st.st_size + 1);
	if (data == NULL || !read_all(fd, data, (size_t)st.st_size)) {
		free(data);
		return false;
	}
	*ret_data = data;
	*ret_len = (size_t)st.st_size;
	return true;
}

bool
public_file_read(const char *path, unsigned char **ret_data, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	bool good = fd >= 0 && read_open(fd, ret_data, ret_len);

	err = errno;
	if (fd >= 0)
		close(fd);
	errno = err;
	return good;
}

/* --- writing ------------------------------------------------------------- */

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

/* What an interruption left there goes. */
static bool
write_new(const char *path, const void *data, size_t len)
{
	int fd;
	bool good;

	if (unlink(path) != 0 && errno != ENOENT)
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	          0600);
	if (fd < 0)
		return false;
	good = write_all(fd, data, len);
	return close(fd) == 0 && good;
}

/* The folder's entry is on the disk too. */
static bool
sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY |
	                                  O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	free(copy);
	if (fd >= 0)
		close(fd);
	return good;
}

bool
public_file_try(const char *path)
{
	char *temp = NULL;
	struct stat st;
	bool good;
	int err;

	if (asprintf(&temp, "%s.new", path) < 0) {
		errno = ENOMEM;
		return false;
	}
	good = write_new(temp, "", 0);
	err = errno;
	(void)unlink(temp); /* the next one would, too */
	free(temp);
	if (good && lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		good = false;
		err = EISDIR;
	}
	errno = err;
	return good;
}

bool
public_file_put(const char *path, const void *data, size_t len)
{
	char *temp = NULL;
	bool good;
	int err;

	if (asprintf(&temp, "%s.new", path) < 0) {
		errno = ENOMEM;
		return false;
	}
	good = write_new(temp, data, len) && rename(temp, path) == 0;
	err = errno;
	if (!good)
		(void)unlink(temp); /* the next one would, too */
	free(temp);
	errno = err;
	return good && sync_folder(path);
}

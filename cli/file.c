/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* file.c - what psm reads and writes, whole or not at all */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum { MAX_INPUT = 17 << 20 }; /* a little above libpsm's own limit */

void
bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof *bytes);
}

void
bytes_wipe(struct bytes *bytes)
{
	if (bytes->data != NULL)
		explicit_bzero(bytes->data, bytes->len);
	bytes_free(bytes);
}

void
text_free(char **text)
{
	free(*text);
	*text = NULL;
}

void
json_free(json_t **json)
{
	json_decref(*json);
}

/* All there is, but no more than MAX_INPUT + 1 bytes; false: errno. */
static bool
read_fd(int fd, struct bytes *ret_bytes)
{
	struct bytes all AUTO(bytes_free) = { NULL, 0 };
	size_t size = 0;
	ssize_t n = 1;

	while (n != 0 && all.len <= MAX_INPUT) {
		if (all.len == size) {
			char *more = realloc(all.data, (size += 65536) + 1);

			if (more == NULL)
				return false;
			all.data = more;
		}
		n = read(fd, all.data + all.len, size - all.len);
		if (n < 0 && errno != EINTR)
			return false;
		all.len += n > 0 ? (size_t)n : 0;
	}
	all.data[all.len] = '\0';
	*ret_bytes = all;
	all.data = NULL;
	return true;
}

/* NULL: standard input. */
static enum psm_err
read_path(struct cli *cli, const char *path, struct bytes *ret_bytes)
{
	bool good;
	int fd = STDIN_FILENO;

	if (path != NULL && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return cli_fail(cli, PSM_E_FILE, "cannot read %s: %s", path,
		                strerror(errno));
	good = read_fd(fd, ret_bytes);
	if (!good)
		cli_fail(cli, PSM_E_FILE, "cannot read %s: %s",
		         path != NULL ? path : "standard input",
		         strerror(errno));
	if (path != NULL)
		close(fd);
	return good ? PSM_OK : PSM_E_FILE;
}

enum psm_err
file_read(struct cli *cli, const char *path, struct bytes *ret_bytes)
{
	return path != NULL ? read_path(cli, path, ret_bytes) : PSM_OK;
}

enum psm_err
input_read(struct cli *cli, const char *what, enum psm_err malformed,
           struct bytes *ret_bytes)
{
	const char *path = opt_value(cli, OPT_INPUT);
	struct bytes all AUTO(bytes_free) = { NULL, 0 };
	enum psm_err err;

	if (path != NULL && strcmp(path, "-") == 0)
		path = NULL;
	if ((err = read_path(cli, path, &all)) != PSM_OK)
		return err;
	if (all.len == 0)
		return cli_fail(cli, malformed, "the %s is empty", what);
	if (all.len > MAX_INPUT)
		return cli_fail(cli, malformed, "the %s is above 17 MiB", what);
	*ret_bytes = all;
	all.data = NULL;
	return PSM_OK;
}

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
	return true;
}

/* Not in the place of what is there: EEXIST. */
static int
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(from, to) != 0) /* a file system that knows no such thing */
		return -1;
	return unlink(from);
}

/* How a file is written. */
struct manner {
	mode_t mode; /* less the umask */
	bool is_new; /* else what is there is replaced */
};

/* Through a temporary file beside it, so that a reader sees the old content or
 * the new. */
static bool
put_file(const char *path, const struct manner *manner, const void *data,
         size_t len)
{
	mode_t mask = umask(0);
	char temp[4096];
	bool good;
	int fd, why;

	umask(mask);
	if (snprintf(temp, sizeof temp, "%s.XXXXXX", path) >=
	    (int)sizeof temp) {
		errno = ENAMETOOLONG;
		return false;
	}
	if ((fd = mkstemp(temp)) < 0)
		return false;
	good = fchmod(fd, manner->mode & ~mask) == 0 &&
	       write_all(fd, data, len) && fsync(fd) == 0;
	why = errno;
	if (close(fd) != 0 && good) {
		good = false;
		why = errno;
	}
	if (good && (manner->is_new ? rename_new : rename)(temp, path) != 0) {
		good = false;
		why = errno;
	}
	if (!good)
		unlink(temp);
	errno = why;
	return good;
}

/* A terminal, a pipe or /dev/null is written to, never replaced. */
static bool
write_special(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool good = fd >= 0 && write_all(fd, data, len);
	int why = errno;

	if (fd >= 0)
		close(fd);
	errno = why;
	return good;
}

static enum psm_err
output_in(struct cli *cli, const struct manner *manner, const void *data,
          size_t len)
{
	const char *path = opt_value(cli, OPT_OUTPUT);
	struct stat st;
	bool special, good;

	if (path == NULL || strcmp(path, "-") == 0) {
		fwrite(data, 1, len, stdout); /* output_flush() checks */
		return output_flush(cli);
	}
	special = !manner->is_new && stat(path, &st) == 0 &&
	          !S_ISREG(st.st_mode);
	good = special ? write_special(path, data, len) :
	                 put_file(path, manner, data, len);
	if (good)
		return PSM_OK;
	return cli_fail(cli, errno == EEXIST ? PSM_E_EXISTS : PSM_E_FILE,
	                "cannot write %s: %s", path, strerror(errno));
}

enum psm_err
output_write(struct cli *cli, const void *data, size_t len)
{
	static const struct manner manner = { 0644, false };

	return output_in(cli, &manner, data, len);
}

enum psm_err
output_private(struct cli *cli, const void *data, size_t len, bool is_new)
{
	const struct manner manner = { 0600, is_new };

	return output_in(cli, &manner, data, len);
}

enum psm_err
output_json(struct cli *cli, json_t *json)
{
	bool good;

	if (json == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	/* Pure ASCII, so nothing in a name can upset a terminal. */
	good = json_dumpf(json, stdout,
	                  JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;
	json_decref(json);
	putchar('\n');
	if (!good && !ferror(stdout))
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	return output_flush(cli);
}

enum psm_err
output_flush(struct cli *cli)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return PSM_OK;
	return cli_fail(cli, PSM_E_FILE, "cannot write standard output: %s",
	                strerror(errno));
}

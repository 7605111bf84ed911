/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* lock.c - hold SQLite's exclusive lock on files, as a program that writes
 *
 *   lock SECONDS FILE...
 *
 * Says "locked" once it has all of them. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SQLite's pending byte, its reserved byte and its 510 shared ones: whoever
 * has them all for writing has the file alone (sqlite.org/lockingv3.html). */
enum { FIRST_BYTE = 0x40000000, N_BYTES = 512 };

static int
lock(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
		               .l_start = FIRST_BYTE, .l_len = N_BYTES };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && fcntl(fd, F_SETLKW, &whole) == 0)
		return 0; /* until this process ends */
	fprintf(stderr, "lock: %s: %s\n", path, strerror(errno));
	return -1;
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: lock SECONDS FILE...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		if (lock(argv[i]) != 0)
			return EXIT_FAILURE;
	if (puts("locked") < 0 || fflush(stdout) != 0)
		return EXIT_FAILURE;
	sleep((unsigned)strtoul(argv[1], NULL, 10));
	return EXIT_SUCCESS;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* check.c - psmd check; and how a subcommand says what went wrong. */

#include <stdarg.h>
#include <sys/statvfs.h>

#include "psmd/command.h"

bool
command_fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("psmd: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
	return false;
}

void
command_tell_room(const char *path)
{
	enum { ENOUGH = 256 }; /* KiB */
	struct statvfs fs;

	if (statvfs(path, &fs) == 0 && fs.f_blocks > 0 &&
	    fs.f_bavail * fs.f_frsize / 1024 < ENOUGH)
		command_fail("%s: its disk is full, or nearly so", path);
}

int
cmd_check(const struct args *args)
{
	struct config *config = config_read(args->value[OPT_CONFIG], stderr);
	bool good;

	if (config == NULL)
		return STATUS_FAILED;
	good = config_check(config, stderr);
	config_free(config);
	return good ? STATUS_DONE : STATUS_FAILED;
}

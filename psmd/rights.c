/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* rights.c - what the process may do, and less of it. */

#include "psmd/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The leak finder of a sanitizer looks at the process as a debugger does. */
#if defined __SANITIZE_ADDRESS__
#define DUMPABLE 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define DUMPABLE 1
#endif
#endif
#ifndef DUMPABLE
#define DUMPABLE 0
#endif

static bool
fail(char *why, size_t size, const char *doing)
{
	snprintf(why, size, "%s: %s", doing, strerror(errno));
	return false;
}

bool
rights_close(char *why, size_t size)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return fail(why, size, "no core files");
	if (prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) != 0)
		return fail(why, size, "no dumps");
	return true;
}

/* setresuid() and its like work on every thread of the process. */
static bool
become(const struct passwd *entry, char *why, size_t size)
{
	if (initgroups(entry->pw_name, entry->pw_gid) != 0 ||
	    setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
		return fail(why, size, entry->pw_name);
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 ||
	    setresgid((gid_t)-1, 0, (gid_t)-1) == 0) {
		snprintf(why, size, "there is a way back to root");
		return false;
	}
	/* a change of identity may have set this anew */
	return rights_close(why, size);
}

bool
rights_drop(const char *user, char *why, size_t size)
{
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (user == NULL)
		return true;
	if (getpwnam_r(user, &entry, buf, sizeof buf, &found) != 0 ||
	    found == NULL) {
		snprintf(why, size, "there is no user \"%s\"", user);
		return false;
	}
	if (entry.pw_uid == geteuid())
		return true;
	if (entry.pw_uid == 0) {
		snprintf(why, size, "cannot become root");
		return false;
	}
	return become(&entry, why, size);
}

static void __attribute__((noreturn))
try(const char *user, const char *path, int mode)
{
	char why[256];

	if (!rights_drop(user, why, sizeof why))
		_exit(EPERM);
	_exit(access(path, mode) == 0 ? 0 : errno);
}

/* There is no way back from a user, so a child becomes it. */
int
rights_try(const char *user, const char *path, int mode)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		try(user, path, mode);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	if (child < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

size_t
rights_descriptors(size_t wanted)
{
	struct rlimit limit, more;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	more = limit;
	more.rlim_cur = wanted;
	if (more.rlim_max < wanted)
		more.rlim_max = wanted; /* root may */
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return wanted;
	more.rlim_cur = more.rlim_max = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return limit.rlim_max;
	return limit.rlim_cur;
}

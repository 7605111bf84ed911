/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_init.c - open and close NSS on one directory. */

#include "nssutil/nu_init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nss.h>
#include <pk11pub.h>
#include <prinrval.h>
#include <prthread.h>
#include <secerr.h>
#include <secmod.h>
#include <secport.h>

#include "nssutil/nu_pin.h"

enum { PATH_SIZE = 4096, HEAD_SIZE = 65536, PAUSE_MS = 50 };

/* SQLite's lock bytes (its file format, "The Lock-Byte Page"). */
enum { LOCK_BYTES_AT = 0x40000000, LOCK_BYTES = 512 };

static int
open_in(const char *dir, const char *name)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >=
	    (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* SQLite keeps the text of CREATE TABLE in the first pages of the file. */
static enum nu_db_state
look_at_file(const char *dir, const char *name, const char *table)
{
	static const char magic[] = "SQLite format 3";
	char head[HEAD_SIZE];
	int fd = open_in(dir, name);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? NU_DB_NONE : NU_DB_UNREADABLE;
	n = pread(fd, head, sizeof head, 0);
	close(fd);
	if (n < 0)
		return NU_DB_UNREADABLE;
	if (n == 0)
		return NU_DB_INCOMPLETE;
	if ((size_t)n < sizeof magic || memcmp(head, magic, sizeof magic) != 0)
		return NU_DB_FOREIGN;
	if (memmem(head, (size_t)n, table, strlen(table)) == NULL)
		return NU_DB_FOREIGN;
	return NU_DB_GOOD;
}

static bool
exists_in(const char *dir, const char *name)
{
	int fd = open_in(dir, name);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

enum nu_db_state
nu_db_look(const char *dir)
{
	enum nu_db_state cert = look_at_file(dir, "cert9.db", "nssPublic");
	enum nu_db_state key = look_at_file(dir, "key4.db", "nssPrivate");

	if (cert == NU_DB_UNREADABLE || key == NU_DB_UNREADABLE)
		return NU_DB_UNREADABLE;
	if (cert == NU_DB_FOREIGN || key == NU_DB_FOREIGN)
		return NU_DB_FOREIGN;
	if (cert == NU_DB_GOOD && key == NU_DB_GOOD)
		return NU_DB_GOOD;
	if (cert != NU_DB_NONE || key != NU_DB_NONE)
		return NU_DB_INCOMPLETE;
	return exists_in(dir, "cert8.db") || exists_in(dir, "key3.db")
	               ? NU_DB_LEGACY
	               : NU_DB_NONE;
}

/* Does another process hold a lock on this file? Only asked while NSS is
 * closed here: closing a descriptor drops a process's own POSIX locks. */
static bool
file_is_locked(const char *dir, const char *name)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
		              .l_start = LOCK_BYTES_AT, .l_len = LOCK_BYTES };
	int fd = open_in(dir, name);
	bool locked;

	if (fd < 0)
		return false;
	locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

/* A lock may be gone by the time we look, so the first failure is retried. */
static SECStatus
initialize_patiently(const char *config, const char *dir, PRUint32 flags,
                     unsigned wait_ms)
{
	PRIntervalTime start = PR_IntervalNow();
	bool locked = true;

	for (;;) {
		if (NSS_Initialize(config, "", "", SECMOD_DB, flags) ==
		    SECSuccess)
			return SECSuccess;
		if (!locked)
			return SECFailure;
		if (PR_IntervalToMilliseconds(PR_IntervalNow() - start) >
		    wait_ms)
			break;
		locked = file_is_locked(dir, "cert9.db") ||
		         file_is_locked(dir, "key4.db");
		PR_Sleep(PR_MillisecondsToInterval(PAUSE_MS));
	}
	PORT_SetError(SEC_ERROR_BUSY);
	return SECFailure;
}

SECStatus
nu_open(const char *dir, PRBool read_only, unsigned wait_ms)
{
	char config[PATH_SIZE];
	PRUint32 flags = NSS_INIT_NOROOTINIT;

	if (snprintf(config, sizeof config, "sql:%s", dir) >=
	    (int)sizeof config) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return SECFailure;
	}
	if (read_only)
		flags |= NSS_INIT_READONLY;
	if (initialize_patiently(config, dir, flags, wait_ms) != SECSuccess)
		return SECFailure;
	PK11_SetPasswordFunc(nu_pin_callback);
	return SECSuccess;
}

SECStatus
nu_close(void)
{
	PK11_SetPasswordFunc(NULL);
	return NSS_Shutdown();
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_busy.c - databases that another process has locked. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

/* SQLite's lock bytes (its file format, "The Lock-Byte Page"). */
enum { LOCK_BYTES_AT = 0x40000000, LOCK_BYTES = 512 };
/* How long psm_open() waits, and what a slow machine may add. */
enum { PATIENCE = 10, FOREVER_MS = 120 * 1000 };

static int
setup_empty(void **state)
{
	*state = store_new_empty();
	return 0;
}

static void
make_database(struct store *st)
{
	assert_psm(st, psm_open(st->ctx, st->db, PSM_OPEN_CREATE), PSM_OK);
	psm_close(st->ctx);
}

static void
hold(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
		              .l_start = LOCK_BYTES_AT, .l_len = LOCK_BYTES };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0)
		_exit(1);
}

/* A process that holds both files' locks for that long, and does. */
static pid_t
hold_locks(const struct store *st, unsigned ms)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		hold(store_path(st, "db/cert9.db"));
		hold(store_path(st, "db/key4.db"));
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		usleep(ms * 1000);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
assert_held(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_busy_open_waits_for_a_lock_to_go(void **state)
{
	struct store *st = *state;
	pid_t pid;

	make_database(st);
	pid = hold_locks(st, 1500);
	assert_psm(st, psm_open(st->ctx, st->db, 0), PSM_OK);
	assert_held(pid);
	psm_request_free(store_request(st, "CN=Bob", PSM_KEY_EC));
}

static void
test_busy_import_waits_for_a_lock_to_go(void **state)
{
	struct store *st = store_new(NULL);
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *answer = store_answer(st, request, CA_DIALECT_CMP);
	pid_t pid = hold_locks(st, 700);

	(void)state;
	psm_import_free(store_import(st, answer, NULL, 0));
	assert_held(pid);
	assert_int_equal(store_count(st, "Bob's Acme ID"), 2);
	store_free(st);
}

/* --- locks that stay ------------------------------------------------------ */

static time_t
seconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return now.tv_sec;
}

/* Opens in a process of its own, since it takes its time. The exit status is
 * the error; the details are in st's file name. */
static pid_t
open_elsewhere(const struct store *st, unsigned flags, const char *name)
{
	const char *path = store_path(st, name);
	struct psm_ctx *ctx;
	enum psm_err err;
	pid_t pid = fork();
	FILE *file;

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	ctx = psm_new(NULL, NULL);
	file = fopen(path, "w");
	if (ctx == NULL || file == NULL)
		_exit(PSM_E_COUNT_);
	err = psm_open(ctx, st->db, flags);
	if (fputs(psm_errmsg(ctx), file) < 0 || fclose(file) != 0)
		_exit(PSM_E_COUNT_);
	psm_free(ctx);
	_exit((int)err);
}

static void
assert_busy(const struct store *st, pid_t pid, const char *name,
            const char *says)
{
	nu_auto_mem char *details = NULL;
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PSM_E_BUSY);
	details = store_read_file(store_path(st, name), NULL);
	assert_non_null(strstr(details, says));
}

/* One that writes, and one that makes a database and does not finish; both are
 * waited for at once. */
static void
test_busy_locks_that_stay_are_told_after_ten_seconds(void **state)
{
	struct store *written = *state;
	auto_of(store) *made = store_new_empty();
	nu_auto_mem char *files = NULL, *files_now = NULL;
	pid_t holder, opener, creator;
	time_t start;
	int fd;

	make_database(written);
	files = store_ls(written->db);
	assert_int_equal(mkdir(made->db, 0700), 0);
	fd = open(made->db, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	holder = hold_locks(written, FOREVER_MS);
	start = seconds();
	opener = open_elsewhere(written, 0, "opener");
	creator = open_elsewhere(made, PSM_OPEN_CREATE, "creator");
	assert_busy(written, opener, "opener", "is locked by another process");
	assert_busy(made, creator, "creator", "another process makes a");
	assert_true(seconds() - start >= PATIENCE - 1);
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	close(fd);
	files_now = store_ls(written->db);
	assert_string_equal(files_now, files);
	free(files_now);
	files_now = store_ls(made->db);
	assert_string_equal(files_now, "");
	assert_psm(written, psm_open(written->ctx, written->db, 0), PSM_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        test_busy_open_waits_for_a_lock_to_go, setup_empty,
		        store_teardown),
		cmocka_unit_test(test_busy_import_waits_for_a_lock_to_go),
		cmocka_unit_test_setup_teardown(
		        test_busy_locks_that_stay_are_told_after_ten_seconds,
		        setup_empty, store_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

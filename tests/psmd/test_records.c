/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records.c - the records: accounts, locks, layouts, a full disk, a locked
 * file. Linked with --wrap=sqlite3_busy_timeout, clock_gettime and
 * pthread_mutex_timedlock. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "psmd/records.h"

enum { THREADS = 4, ROUNDS = 25, PROCESSES = 6 };

int __real_sqlite3_busy_timeout(sqlite3 *db, int ms);
int __wrap_sqlite3_busy_timeout(sqlite3 *db, int ms);

/* Ten seconds are asked for; the tests of a locked file do not wait so long. */
static int busy_ms = 10000, asked_ms;

int
__wrap_sqlite3_busy_timeout(sqlite3 *db, int ms)
{
	asked_ms = ms;
	return __real_sqlite3_busy_timeout(db, busy_ms);
}

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __real_pthread_mutex_timedlock(pthread_mutex_t *mutex,
                                   const struct timespec *until);
int __wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex,
                                   const struct timespec *until);

/* With lock_seconds, which each lock takes, nothing else takes time. */
static int64_t clock_now, lock_seconds;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	if (lock_seconds == 0)
		return __real_clock_gettime(clock, ret_time);
	*ret_time = (struct timespec){ .tv_sec = clock_now };
	return 0;
}

int
__wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex,
                               const struct timespec *until)
{
	if (lock_seconds == 0)
		return __real_pthread_mutex_timedlock(mutex, until);
	clock_now += lock_seconds;
	if (clock_now >= until->tv_sec)
		return ETIMEDOUT;
	return pthread_mutex_lock(mutex);
}

struct place {
	char dir[64], path[96];
	struct records *records;
};

static struct account
make_account(const char *name)
{
	struct account a = { .privileges = PRIV_SYSTEM, .enabled = true };

	snprintf(a.name, sizeof a.name, "%s", name);
	strcpy(a.hash, "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA");
	return a;
}

static void
open_records(struct place *place)
{
	assert_int_equal(records_open(place->path, true, &place->records),
	                 REC_OK);
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	if (place == NULL)
		return -1;
	strcpy(place->dir, "/tmp/test_records.XXXXXX");
	if (mkdtemp(place->dir) == NULL)
		return -1;
	snprintf(place->path, sizeof place->path, "%s/records.db", place->dir);
	busy_ms = 10000;
	lock_seconds = 0;
	*state = place;
	return 0;
}

static int
setup_open(void **state)
{
	if (setup(state) != 0)
		return -1;
	open_records(*state);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	struct place *place = *state;
	char path[128];

	records_close(place->records);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(path, sizeof path, "%s%s", place->path, ends[i]);
		if (unlink(path) != 0 && errno != ENOENT)
			return -1;
	}
	if (rmdir(place->dir) != 0)
		return -1;
	free(place);
	return 0;
}

/* Another program at the file. */
static sqlite3 *
open_beside(const struct place *place)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	return db;
}

static void
run_beside(const struct place *place, const char *sql)
{
	sqlite3 *db = open_beside(place);

	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
test_open_new_is_nobody_elses(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct place *place = *state;
	struct account a = make_account("admin");
	mode_t before = umask(0);
	struct stat st;
	char path[128];

	open_records(place);
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	umask(before);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(path, sizeof path, "%s%s", place->path, ends[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	assert_int_equal(asked_ms, 10000);
}

static void
test_open_missing_is_not_found(void **state)
{
	struct place *place = *state;

	assert_int_equal(records_open(place->path, false, &place->records),
	                 REC_NOT_FOUND);
	assert_null(place->records);
}

static void
test_open_later_version_leaves_it(void **state)
{
	struct place *place = *state;

	open_records(place);
	records_close(place->records);
	place->records = NULL;
	run_beside(place, "PRAGMA user_version = 1000");
	assert_int_equal(records_open(place->path, true, &place->records),
	                 REC_VERSION);
	run_beside(place, "SELECT name FROM account");
}

static void
test_open_foreign_database_fails(void **state)
{
	struct place *place = *state;

	run_beside(place, "CREATE TABLE other (x)");
	assert_int_equal(records_open(place->path, true, &place->records),
	                 REC_FAILED);
	run_beside(place, "INSERT INTO other VALUES (1)");
}

static void
test_open_garbage_fails(void **state)
{
	struct place *place = *state;
	FILE *file = fopen(place->path, "w");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		assert_true(fputs("this is no database ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(records_open(place->path, true, &place->records),
	                 REC_FAILED);
}

static void
test_open_by_many_processes_makes_one(void **state)
{
	struct place *place = *state;
	int status, good = 0;

	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(records_open(place->path, true,
			                   &place->records) == REC_OK ? 0 : 1);
	}
	while (wait(&status) > 0)
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	assert_int_equal(good, PROCESSES);
}

static void
test_account_add_is_read_back(void **state)
{
	struct place *place = *state;
	struct account a = make_account("J\xc3\xbcrgen"), got;

	a.has_digest = true;
	memset(a.ha1_md5, 'a', sizeof a.ha1_md5 - 1);
	memset(a.ha1_sha256, 'b', sizeof a.ha1_sha256 - 1);
	strcpy(a.realm, "psm");
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	records_close(place->records);
	open_records(place);
	assert_int_equal(records_account_get(place->records, a.name, &got),
	                 REC_OK);
	assert_string_equal(got.name, a.name);
	assert_string_equal(got.hash, a.hash);
	assert_string_equal(got.ha1_md5, a.ha1_md5);
	assert_string_equal(got.ha1_sha256, a.ha1_sha256);
	assert_string_equal(got.realm, a.realm);
	assert_true(got.has_digest && got.enabled);
	assert_int_equal(got.privileges, PRIV_SYSTEM);
	assert_true(got.created > 0 && got.changed == got.created);
}

static void
test_account_add_twice_exists(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin");

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	assert_int_equal(records_account_add(place->records, &a), REC_EXISTS);
}

static void
test_account_unknown_is_not_found(void **state)
{
	struct place *place = *state;
	struct account a = make_account("nobody"), got;
	bool locked = false;

	assert_int_equal(records_account_get(place->records, "nobody", &got),
	                 REC_NOT_FOUND);
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_PASSWORD),
	                 REC_NOT_FOUND);
	assert_int_equal(records_account_remove(place->records, "nobody"),
	                 REC_NOT_FOUND);
	assert_int_equal(records_account_failed(place->records, "nobody", 1, 0,
	                                        1, &locked), REC_NOT_FOUND);
	assert_false(locked);
	assert_int_equal(records_account_succeeded(place->records, "nobody"),
	                 REC_NOT_FOUND);
}

static int64_t
generation_of(struct place *place, const char *name)
{
	struct account got;

	assert_int_equal(records_account_get(place->records, name, &got),
	                 REC_OK);
	return got.generation;
}

static void
test_account_made_again_has_another_generation(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin");
	int64_t first, second;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	first = generation_of(place, "admin");
	a.privileges = 0;
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_PRIVILEGES), REC_OK);
	second = generation_of(place, "admin");
	assert_true(second > first);
	assert_int_equal(records_account_remove(place->records, "admin"),
	                 REC_OK);
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	assert_true(generation_of(place, "admin") > second);
}

/* Count one at now; returns whether that locked it. */
static bool
fail_at(struct place *place, int64_t now)
{
	bool locked = false;

	assert_int_equal(records_account_failed(place->records, "admin", 3, now,
	                                        60, &locked), REC_OK);
	return locked;
}

/* What one command read before another changed it does not come back. */
static void
test_account_change_leaves_what_it_is_not_asked_for(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), old, got;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	old = a;
	strcpy(a.hash, "new");
	strcpy(a.realm, "psm");
	memset(a.ha1_sha256, 'b', sizeof a.ha1_sha256 - 1);
	a.has_digest = true;
	a.privileges = 0;
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_PASSWORD), REC_OK);
	old.enabled = false;
	assert_int_equal(records_account_change(place->records, &old,
	                                        CHANGE_ENABLED), REC_OK);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_string_equal(got.hash, "new");
	assert_string_equal(got.realm, "psm");
	assert_string_equal(got.ha1_sha256, a.ha1_sha256);
	assert_true(got.has_digest);
	assert_false(got.enabled);
	assert_int_equal(got.privileges, PRIV_SYSTEM);
	old.has_digest = false;
	assert_int_equal(records_account_change(place->records, &old,
	                                        CHANGE_PASSWORD |
	                                                CHANGE_PRIVILEGES),
	                 REC_OK);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_string_equal(got.hash, old.hash);
	assert_string_equal(got.ha1_sha256, "");
	assert_false(got.enabled || got.has_digest);
}

/* failures are counted on, unless it is asked to end a lock. */
static void
test_account_change_ends_a_lock_when_asked(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), got;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	for (int i = 0; i < 3; i++)
		fail_at(place, 1000);
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_ENABLED), REC_OK);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_int_equal(got.failures, 3);
	assert_int_equal(got.locked_until, 1060);
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_LOCK), REC_OK);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_int_equal(got.failures, 0);
	assert_int_equal(got.locked_until, 0);
}

static void
test_account_rehash_wants_the_old_hash(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), got;
	int64_t before;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	before = generation_of(place, "admin");
	assert_int_equal(records_account_rehash(place->records, "admin",
	                                        "another", "new"),
	                 REC_NOT_FOUND);
	assert_int_equal(records_account_rehash(place->records, "admin",
	                                        a.hash, "new"), REC_OK);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_string_equal(got.hash, "new");
	assert_int_equal(got.generation, before);
}

static void
test_account_list_is_sorted(void **state)
{
	struct place *place = *state;
	struct account *list = NULL;
	char name[16];
	size_t n = 1;

	assert_int_equal(records_account_list(place->records, &list, &n),
	                 REC_OK);
	assert_int_equal(n, 0);
	free(list);
	for (int i = 39; i >= 0; i--) {
		struct account a;

		snprintf(name, sizeof name, "user%02d", i);
		a = make_account(name);
		assert_int_equal(records_account_add(place->records, &a),
		                 REC_OK);
	}
	assert_int_equal(records_account_list(place->records, &list, &n),
	                 REC_OK);
	assert_int_equal(n, 40);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(list[i - 1].name, list[i].name) < 0);
	free(list);
}

static void
test_account_failed_locks_at_the_limit(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), got;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	assert_false(fail_at(place, 1000));
	assert_false(fail_at(place, 1000));
	assert_true(fail_at(place, 1000));
	assert_false(fail_at(place, 1030)); /* a lock does not grow */
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_int_equal(got.locked_until, 1060);
	assert_false(fail_at(place, 1060)); /* it is over: from the start */
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_int_equal(got.failures, 1);
	assert_int_equal(got.locked_until, 0);
}

static void
test_account_succeeded_starts_from_none(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), got;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	for (int i = 0; i < 3; i++)
		fail_at(place, 1000);
	assert_int_equal(records_account_succeeded(place->records, "admin"),
	                 REC_OK);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_int_equal(got.failures, 0);
	assert_int_equal(got.locked_until, 0);
}

static void
test_account_injection_is_a_name(void **state)
{
	static const char name[] = "x'); DROP TABLE account; --";
	struct place *place = *state;
	struct account a = make_account(name), got;

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	assert_int_equal(records_account_get(place->records, name, &got),
	                 REC_OK);
	assert_string_equal(got.name, name);
}

static void
test_locked_file_is_busy_but_readable(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), got;
	bool locked;
	sqlite3 *db;

	busy_ms = 100;
	open_records(place);
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	db = open_beside(place);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_ENABLED), REC_BUSY);
	assert_int_equal(records_account_failed(place->records, "admin", 3, 0,
	                                        60, &locked), REC_BUSY);
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	sqlite3_close(db);
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_ENABLED), REC_OK);
}

static void
test_who_waited_for_a_thread_waits_less_for_a_process(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin");

	clock_now = 1000;
	lock_seconds = 4;
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	assert_int_equal(asked_ms, 6000);
	lock_seconds = 9;
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_ENABLED), REC_OK);
	assert_int_equal(asked_ms, 1000);
	lock_seconds = 10;
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_ENABLED), REC_BUSY);
}

/* Files may not grow any more: add until that is noticed. */
static enum rec_err
add_until_full(struct place *place, int *ret_added)
{
	enum rec_err err = REC_OK;
	char name[32];

	for (*ret_added = 0; err == REC_OK && *ret_added < 10000;
	     ++*ret_added) {
		struct account a;

		snprintf(name, sizeof name, "user%05d", *ret_added);
		a = make_account(name);
		err = records_account_add(place->records, &a);
	}
	--*ret_added;
	return err;
}

static void
test_full_disk_changes_nothing(void **state)
{
	struct place *place = *state;
	struct rlimit old, small;
	struct account *list = NULL, a = make_account("last");
	enum rec_err err;
	size_t n = 0;
	int added;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 200000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = add_until_full(place, &added);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, REC_FULL);
	assert_int_equal(records_account_list(place->records, &list, &n),
	                 REC_OK);
	assert_int_equal(n, added);
	free(list);
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
}

struct job {
	pthread_t thread;
	struct records *records;
	int bad;
};

static void *
fail_and_look(void *arg)
{
	struct job *job = arg;
	struct account got;
	bool locked;

	for (int i = 0; i < ROUNDS; i++) {
		job->bad += records_account_failed(job->records, "admin", 1000,
		                                   5, 60, &locked) != REC_OK;
		job->bad += records_account_get(job->records, "admin", &got) !=
		            REC_OK;
	}
	return NULL;
}

static void
test_threads_count_each_failure(void **state)
{
	struct place *place = *state;
	struct account a = make_account("admin"), got;
	struct job jobs[THREADS] = { 0 };

	assert_int_equal(records_account_add(place->records, &a), REC_OK);
	for (int i = 0; i < THREADS; i++) {
		jobs[i].records = place->records;
		assert_int_equal(pthread_create(&jobs[i].thread, NULL,
		                                fail_and_look, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
		assert_int_equal(jobs[i].bad, 0);
	}
	assert_int_equal(records_account_get(place->records, "admin", &got),
	                 REC_OK);
	assert_int_equal(got.failures, THREADS * ROUNDS);
}

static void
test_name_valid_by_table(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} names[] = {
		{ "admin", true },
		{ "a b", true },
		{ "\xc5\xbelu\xc5\xa5", true },
		{ "", false },
		{ "a:b", false },
		{ "a\nb", false },
		{ "a\x7f", false },
		{ "a\xc2\x85", false },
		{ "\xff", false },
		{ "\xc3", false },
		{ "0123456789012345678901234567890123456789"
		  "012345678901234567890123", true },
		{ "0123456789012345678901234567890123456789"
		  "0123456789012345678901234", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(account_name_valid(names[i].name),
		                 names[i].valid);
}

static void
test_privilege_names_match(void **state)
{
	(void)state;
	assert_int_equal(privilege_by_name("system-control"), PRIV_SYSTEM);
	assert_string_equal(privilege_name(PRIV_SYSTEM), "system-control");
	assert_int_equal(privilege_by_name("none"), 0);
	assert_null(privilege_name(0x80000000u));
}

#define FRESH(test)  cmocka_unit_test_setup_teardown(test, setup, teardown)
#define OPENED(test) cmocka_unit_test_setup_teardown(test, setup_open, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_open_new_is_nobody_elses),
		FRESH(test_open_missing_is_not_found),
		FRESH(test_open_later_version_leaves_it),
		FRESH(test_open_foreign_database_fails),
		FRESH(test_open_garbage_fails),
		FRESH(test_open_by_many_processes_makes_one),
		OPENED(test_account_add_is_read_back),
		OPENED(test_account_add_twice_exists),
		OPENED(test_account_unknown_is_not_found),
		OPENED(test_account_made_again_has_another_generation),
		OPENED(test_account_change_leaves_what_it_is_not_asked_for),
		OPENED(test_account_change_ends_a_lock_when_asked),
		OPENED(test_account_rehash_wants_the_old_hash),
		OPENED(test_account_list_is_sorted),
		OPENED(test_account_failed_locks_at_the_limit),
		OPENED(test_account_succeeded_starts_from_none),
		OPENED(test_account_injection_is_a_name),
		FRESH(test_locked_file_is_busy_but_readable),
		OPENED(test_who_waited_for_a_thread_waits_less_for_a_process),
		OPENED(test_full_disk_changes_nothing),
		OPENED(test_threads_count_each_failure),
		cmocka_unit_test(test_name_valid_by_table),
		cmocka_unit_test(test_privilege_names_match),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}

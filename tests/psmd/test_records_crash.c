/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records_crash.c - the records when a process dies, the disk is full,
 * another holds the file, or many work at once. Linked with
 * --wrap=sqlite3_busy_timeout, sqlite3_step and pthread_mutex_timedlock. */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/psmd/records_place.h"

enum {
	ROUNDS = 200, /* of a kill, at least */
	THREADS = 8,
	PROCESSES = 2,
	SHARED = 6 /* orders that all of them place */
};

int __real_sqlite3_busy_timeout(sqlite3 *db, int ms);
int __wrap_sqlite3_busy_timeout(sqlite3 *db, int ms);
int __real_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);

static int busy_ms = 60000;

int
__wrap_sqlite3_busy_timeout(sqlite3 *db, int ms)
{
	(void)ms;
	return __real_sqlite3_busy_timeout(db, busy_ms);
}

int __real_pthread_mutex_timedlock(pthread_mutex_t *mutex,
                                   const struct timespec *until);
int __wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex,
                                   const struct timespec *until);

/* As patient with other threads. */
int
__wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex,
                               const struct timespec *until)
{
	struct timespec later = *until;

	later.tv_sec += busy_ms / 1000;
	return __real_pthread_mutex_timedlock(mutex, &later);
}

/* --- to die at a moment -------------------------------------------------- */

/* Each statement's step and each write to a file is a moment. In a child only,
 * which has one thread. */
static int moments_left; /* 0: live on */
static bool torn;        /* a write gets half way */

static bool
moment_has_come(void)
{
	return moments_left > 0 && --moments_left == 0;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
}

int
__wrap_sqlite3_step(sqlite3_stmt *stmt)
{
	if (moment_has_come())
		die();
	return __real_sqlite3_step(stmt);
}

static ssize_t
write_or_die(int fd, const void *data, size_t len, off_t at)
{
	if (moment_has_come()) {
		if (torn && pwrite(fd, data, len / 2, at) < 0)
			_exit(2);
		die();
	}
	return pwrite(fd, data, len, at);
}

static int
truncate_or_die(int fd, off_t len)
{
	if (moment_has_come())
		die();
	return ftruncate(fd, len);
}

static void
watch_writes(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	assert_non_null(vfs);
	assert_int_equal(vfs->xSetSystemCall(
	                         vfs, "ftruncate",
	                         (sqlite3_syscall_ptr)truncate_or_die),
	                 SQLITE_OK);
	/* one of the two is the one it uses */
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write_or_die);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_or_die);
}

/* Run fn in a child that dies at its n-th moment; true: it came to its end. */
static bool
run_until(int n, bool half, void (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		watch_writes();
		torn = half;
		moments_left = n;
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return true;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return false;
}

/* --- an order's life ----------------------------------------------------- */

enum step {
	S_ADD, S_APPROVE, S_ISSUE, S_BEGIN, S_FINISH, S_REVOKE, S_CRL,
	N_STEPS
};

/* What was answered; a child's is in a pipe. */
struct answer {
	enum step step;
	int64_t value;
};

struct life {
	struct place *place;
	int round;
	int pipe; /* -1: none */
	int64_t answers[N_STEPS];
};

static void
answer(struct life *life, enum step step, int64_t value)
{
	struct answer a = { step, value };

	life->answers[step] = value;
	if (life->pipe >= 0 && write(life->pipe, &a, sizeof a) != sizeof a)
		_exit(3);
}

/* In a child an assertion that fails would be nobody's. */
static void
must(bool good)
{
	if (!good)
		_exit(4);
}

static void
order_and_issue(struct life *life, struct records *r)
{
	char name[32] = "", serial[32] = "";
	struct order_new order = make_order(name, "a request");
	struct cert_new cert = make_cert(serial);
	struct cert_record *certs = NULL;
	int64_t number;
	enum rec_err err;
	size_t n = 0;
	bool is_new;

	snprintf(name, sizeof name, "F-%d", life->round);
	snprintf(serial, sizeof serial, "a%x", life->round);
	order.approved = false;
	must(records_order_add(r, &somebody, &order, &number, &is_new) ==
	     REC_OK);
	answer(life, S_ADD, number);
	err = records_order_decide(r, &somebody, number, true, "");
	must(err == REC_OK || err == REC_STATE);
	answer(life, S_APPROVE, 1);
	err = records_order_issue(r, &somebody, number, &cert, 1, NULL);
	must(err == REC_OK || err == REC_STATE);
	must(records_cert_list(r, number, &certs, &n) == REC_OK && n == 1);
	answer(life, S_ISSUE, certs[0].id);
	cert_records_free(certs, n);
}

static void
make_pkcs12(struct life *life, struct records *r)
{
	char name[32] = "", serial[32] = "";
	struct cert_new cert = make_cert(serial);
	const struct pkcs12_ask ask = { "alice", name, "S", "CN=Alice" };
	struct pkcs12_result result;
	int64_t id;

	snprintf(name, sizeof name, "A-%d", life->round);
	snprintf(serial, sizeof serial, "b%x", life->round);
	must(records_pkcs12_begin(r, &ask, 0, &result) == REC_OK);
	answer(life, S_BEGIN, result.request);
	must(result.claim != 0 || result.state == PKCS12_DONE);
	id = result.cert;
	if (result.claim != 0)
		must(records_pkcs12_finish(r, &somebody, result.claim, &cert,
		                           "file", 4, &id) == REC_OK);
	answer(life, S_FINISH, id);
	pkcs12_result_clear(&result);
}

static void
live(void *arg)
{
	struct life *life = arg;
	struct records *r = NULL;
	int64_t number;
	enum rec_err err;

	must(records_open(life->place->path, true, &r) == REC_OK);
	order_and_issue(life, r);
	make_pkcs12(life, r);
	err = records_cert_revoke(r, &somebody, life->answers[S_ISSUE], 1,
	                          5000);
	must(err == REC_OK || err == REC_STATE);
	answer(life, S_REVOKE, 1);
	must(records_crl_next(r, &somebody, "ca", 0, &number) == REC_OK);
	answer(life, S_CRL, number);
	records_close(r);
}

/* A child's answers; those it did not come to are 0. */
static void
read_answers(int fd, int64_t answers[N_STEPS])
{
	struct answer a;

	memset(answers, 0, N_STEPS * sizeof *answers);
	while (read(fd, &a, sizeof a) == sizeof a)
		answers[a.step] = a.value;
}

/* What was answered once is answered again; a CRL has a number of its own. */
static void
assert_same(const int64_t *before, const int64_t *after)
{
	for (int i = 0; i < N_STEPS; i++) {
		if (i == S_CRL)
			assert_true(after[i] > before[i]);
		else if (before[i] != 0)
			assert_int_equal(after[i], before[i]);
	}
}

static void
assert_one_of_each(const struct place *place, int rounds)
{
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"),
	                 rounds);
	assert_int_equal(place_number(place, "SELECT count(*) FROM pkcs12"),
	                 rounds);
	assert_int_equal(place_number(place, "SELECT count(*)"
	                                     " FROM certificate"),
	                 2 * rounds);
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"
	                                     " WHERE state <> 4"), 0);
}

/* One life, cut short, and lived again to its end. true: it was not cut. */
static bool
die_and_live(struct life *life, int moment, bool half)
{
	int64_t before[N_STEPS];
	int ends[2];
	bool whole;

	assert_int_equal(pipe(ends), 0);
	life->pipe = ends[1];
	whole = run_until(moment, half, live, life);
	close(ends[1]);
	read_answers(ends[0], before);
	close(ends[0]);
	place_check(life->place);
	life->pipe = -1;
	live(life);
	assert_same(before, life->answers);
	return whole;
}

static void
test_kill_between_every_two_steps_loses_nothing(void **state)
{
	struct place *place = *state;
	struct life life = { .place = place };
	int moment = 0, laps = 0;
	bool half = false;

	for (life.round = 1; life.round <= ROUNDS || laps < 2; life.round++) {
		if (die_and_live(&life, ++moment, half)) {
			print_message("# %d moments\n", moment - 1);
			assert_true(moment > 20);
			moment = 0;
			half = !half;
			laps++;
		}
	}
	place_check(place);
	assert_one_of_each(place, life.round - 1);
}

/* --- older layouts ------------------------------------------------------- */

/* Layout 1, as it was released. */
static const char layout_1[] =
        "PRAGMA journal_mode = WAL;"
        "CREATE TABLE counter (name TEXT PRIMARY KEY,"
        " value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO counter VALUES ('generation', 41), ('unknown-name', 3);"
        "CREATE TABLE account (id INTEGER PRIMARY KEY,"
        " name TEXT NOT NULL UNIQUE"
        "  CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 64),"
        " privileges INTEGER NOT NULL,"
        " enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
        " hash TEXT NOT NULL, ha1_md5 TEXT, ha1_sha256 TEXT,"
        " realm TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,"
        " locked_until INTEGER NOT NULL DEFAULT 0,"
        " created INTEGER NOT NULL, changed INTEGER NOT NULL,"
        " generation INTEGER NOT NULL UNIQUE) STRICT;"
        "INSERT INTO account VALUES (1, 'admin', 1, 1, 'h', NULL, NULL, 'psm',"
        " 2, 0, 1700000000, 1700000001, 41);"
        "PRAGMA application_id = 1886612836; PRAGMA user_version = 1";

static void
assert_account_there(struct place *place)
{
	struct account a;

	place_open(place);
	assert_int_equal(records_account_get(place->records, "admin", &a),
	                 REC_OK);
	assert_int_equal(a.failures, 2);
	assert_int_equal(a.generation, 41);
	assert_int_equal(a.created, 1700000000);
}

static void
test_layout_1_is_brought_up(void **state)
{
	struct place *place = *state;

	place_run(place, layout_1);
	assert_account_there(place);
	assert_int_equal(place_number(place, "PRAGMA user_version"), 2);
	add_cert(place, "1");
	place_check(place);
}

static void
open_and_close(void *arg)
{
	struct place *place = arg;

	must(records_open(place->path, false, &place->records) == REC_OK);
	records_close(place->records);
}

static void
test_kill_while_brought_up_leaves_one_of_both(void **state)
{
	struct place *place = *state;
	bool whole = false;
	int n = 0;

	while (!whole) {
		place_run(place, layout_1);
		n++;
		whole = run_until(n, n % 2 == 0, open_and_close, place);
		assert_account_there(place);
		add_cert(place, "1");
		place_check(place);
		place_empty(place);
	}
	print_message("# %d moments\n", n - 1);
	assert_true(n > 20);
}

/* --- a full disk, a locked file ------------------------------------------ */

/* Until something is refused. */
static enum rec_err
work_until_full(struct place *place, int *ret_n)
{
	enum rec_err err = REC_OK;
	struct cert_new cert;
	char serial[16];

	for (int n = 0; err == REC_OK && n < 10000; n++) {
		struct order_new order = make_order(NULL, "a request");
		int64_t number;
		bool is_new;

		err = records_order_add(place->records, &somebody, &order,
		                        &number, &is_new);
		snprintf(serial, sizeof serial, "%x", n + 1);
		cert = make_cert(serial);
		if (err == REC_OK)
			err = records_order_issue(place->records, &somebody,
			                          number, &cert, 1, NULL);
		if (err == REC_OK)
			*ret_n = n + 1;
	}
	return err;
}

static void
test_full_disk_changes_nothing(void **state)
{
	struct place *place = *state;
	struct rlimit old, small;
	enum rec_err err;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	/* at another write each time */
	for (rlim_t size = 300000; size < 340000; size += 2900) {
		int n = 0;

		place_open(place);
		small = old;
		small.rlim_cur = size;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		err = work_until_full(place, &n);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(err, REC_FULL);
		assert_true(n > 0);
		place_check(place);
		add_cert(place, "f00d"); /* there is room again */
		place_check(place);
		place_empty(place);
	}
}

static void
test_locked_file_is_busy_but_readable(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order("F-1", "a request");
	struct cert_new cert = make_cert("1");
	const struct pkcs12_ask ask = { "alice", "A", "S", "CN=Alice" };
	struct pkcs12_result result;
	struct order order;
	int64_t number, other;
	bool is_new;
	sqlite3 *db;

	busy_ms = 100;
	place_open(place);
	number = add_order(place, &new);
	db = place_beside(place);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(records_order_add(place->records, &somebody, &new,
	                                   &other, &is_new), REC_BUSY);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_BUSY);
	assert_int_equal(records_pkcs12_begin(place->records, &ask, 0,
	                                      &result), REC_BUSY);
	assert_int_equal(records_audit_add(place->records, &somebody, "x", "",
	                                   ""), REC_BUSY);
	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  0, &other), REC_BUSY);
	assert_int_equal(records_order_get(place->records, NULL, number,
	                                   &order), REC_OK);
	order_clear(&order);
	sqlite3_close(db);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_OK);
	busy_ms = 60000;
	place_check(place);
}

/* --- many at once -------------------------------------------------------- */

struct job {
	pthread_t thread;
	struct records *records;
	int who, bad;
};

/* Place order i, as all do, and one of one's own. */
static void
place_orders(struct job *job, int i)
{
	char name[32] = "", own[32] = "", serial[32];
	struct order_new orders[2] = { make_order(name, "a request"),
		                       make_order(own, "a request") };
	struct cert_new cert = make_cert("beef"); /* which one may have */
	bool is_new;

	snprintf(name, sizeof name, "F-%d", i);
	snprintf(own, sizeof own, "F-%d-%d", i, job->who);
	for (int k = 0; k < 2; k++) {
		int64_t number = 0;
		enum rec_err err;

		job->bad += records_order_add(job->records, &somebody,
		                              &orders[k], &number, &is_new) !=
		            REC_OK;
		err = records_order_issue(job->records, &somebody, number,
		                          &cert, 1, NULL);
		snprintf(serial, sizeof serial, "%x", 1 + job->who * 1000 +
		                                      i * 10 + k);
		cert.serial = serial;
		if (err == REC_SERIAL)
			err = records_order_issue(job->records, &somebody,
			                          number, &cert, 1, NULL);
		cert.serial = "beef";
		job->bad += err != REC_OK && (k == 1 || err != REC_STATE);
	}
}

static void
make_shared_pkcs12(struct job *job, int i)
{
	char name[32] = "", serial[32] = "";
	struct cert_new cert = make_cert(serial);
	const struct pkcs12_ask ask = { "alice", name, "S", "CN=Alice" };
	struct pkcs12_result result = { 0 };
	int64_t id;

	snprintf(name, sizeof name, "A-%d", i);
	snprintf(serial, sizeof serial, "c%x%04x", i, job->who);
	job->bad += records_pkcs12_begin(job->records, &ask, 60000, &result) !=
	            REC_OK;
	if (result.claim != 0)
		job->bad += records_pkcs12_finish(job->records, &somebody,
		                                  result.claim, &cert, "f", 1,
		                                  &id) != REC_OK;
	else
		job->bad += result.state != PKCS12_DONE;
	pkcs12_result_clear(&result);
}

static void *
work(void *arg)
{
	struct job *job = arg;

	for (int i = 0; i < SHARED; i++) {
		place_orders(job, i);
		make_shared_pkcs12(job, i);
	}
	return NULL;
}

static int
work_in_threads(struct place *place, int process)
{
	struct job jobs[THREADS] = { 0 };
	struct records *r = NULL;
	int bad = 0;

	if (records_open(place->path, true, &r) != REC_OK)
		return 1;
	for (int i = 0; i < THREADS; i++) {
		jobs[i].records = r;
		jobs[i].who = process * THREADS + i;
		if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) != 0)
			return 1;
	}
	for (int i = 0; i < THREADS; i++) {
		bad += pthread_join(jobs[i].thread, NULL) != 0;
		bad += jobs[i].bad;
	}
	records_close(r);
	return bad;
}

static void
test_threads_and_processes_make_one_of_each(void **state)
{
	enum { ALL = SHARED + PROCESSES * THREADS * SHARED };
	struct place *place = *state;
	int status, n = 0;

	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(work_in_threads(place, i) != 0);
	}
	while (wait(&status) > 0) {
		n++;
		assert_int_equal(status, 0);
	}
	assert_int_equal(n, PROCESSES);
	place_check(place);
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"),
	                 ALL);
	assert_int_equal(place_number(place, "SELECT count(DISTINCT"
	                                     " order_number) FROM certificate"),
	                 ALL);
	assert_int_equal(place_number(place, "SELECT count(*) FROM certificate"
	                                     " WHERE order_number IS NULL"),
	                 SHARED);
	assert_int_equal(place_number(place, "SELECT count(*)"
	                                     " FROM certificate"),
	                 ALL + SHARED);
	assert_int_equal(place_number(place, "SELECT count(*) FROM certificate"
	                                     " WHERE serial = 'beef'"), 1);
}

#define FRESH(test) \
	cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_kill_between_every_two_steps_loses_nothing),
		FRESH(test_layout_1_is_brought_up),
		FRESH(test_kill_while_brought_up_leaves_one_of_both),
		FRESH(test_full_disk_changes_nothing),
		FRESH(test_locked_file_is_busy_but_readable),
		FRESH(test_threads_and_processes_make_one_of_each),
	};

	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_kill.c - kill -9 at any moment of an import, of a request and of a put:
 * what is there afterwards is whole, and the work can be completed.
 *
 * NSS does not survive a fork, so the parent never opens it: each step runs in
 * a child of its own. PSM_KILL_SEED=<n> draws the same moments again;
 * PSM_KILL_ROUNDS=<n> has other than 100 rounds a test. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/puts.h"
#include "tests/unit/store.h"

#define PASSWORD "a password"

enum { N_USERS = 2, CALIBRATIONS = 5, BACKUP_EVERY = 5, PATH_SIZE = 512 };

/* A template is a directory with a database and, for imports, an answer. */
static struct {
	char dir[32];    /* the test's own */
	uint64_t seed;
	unsigned rounds;
	unsigned killed; /* that many children did not come to their end */
} test;

/* Where a round works. */
static char db[PATH_SIZE], backup[PATH_SIZE], answer[PATH_SIZE];

/* --- children --------------------------------------------------------- */

/* In a child: its only way to complain. */
static void __attribute__((format(printf, 2, 3)))
must(bool good, const char *format, ...)
{
	va_list ap;

	if (good)
		return;
	va_start(ap, format);
	fputs("# ", stderr);
	vfprintf(stderr, format, ap);
	fputs("\n", stderr);
	va_end(ap);
	_exit(1);
}

/* Run fn in a child; its exit status, or -1: it was killed. */
static int
in_child(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int begun; /* the pipe's end on which a child says that it begins */

/* Run fn in a child and kill it delay_us after it began, unless it has ended
 * by itself. Returns how long it had, in microseconds. */
static uint64_t
kill_child(void (*fn)(void), uint64_t delay_us)
{
	const struct timespec delay = { (time_t)(delay_us / 1000000),
		                        (long)(delay_us % 1000000 * 1000) };
	int ends[2], status;
	uint64_t start;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		begun = ends[1];
		fn();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	close(ends[0]);
	start = now_us();
	if (delay_us > 0) {
		nanosleep(&delay, NULL);
		kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
	} else {
		assert_int_equal(WTERMSIG(status), SIGKILL);
		test.killed++;
	}
	return now_us() - start;
}

static void
say_begun(void)
{
	must(write(begun, "x", 1) == 1, "write: %s", strerror(errno));
}

/* --- the user --------------------------------------------------------- */

static enum psm_answer
give_password(void *arg, enum psm_password_for what, const char *name,
              unsigned attempt, char *buf, size_t size)
{
	(void)arg;
	(void)name;
	if (attempt > 0)
		return PSM_ANSWER_NONE;
	snprintf(buf, size, "%s", what == PSM_PASSWORD_RESTORE ? PASSWORD : "");
	return PSM_ANSWER_YES;
}

static enum psm_answer
give_target(void *arg, const struct psm_import *plan,
            struct psm_backup_target *target)
{
	(void)arg;
	(void)plan;
	snprintf(target->path, sizeof target->path, "%s", backup);
	snprintf(target->password, sizeof target->password, "%s", PASSWORD);
	return PSM_ANSWER_YES;
}

static struct psm_ctx *
open_db(void)
{
	static const struct psm_ui ui = { .password = give_password,
		                          .backup_target = give_target };
	struct psm_ctx *ctx = psm_new(&ui, NULL);

	must(ctx != NULL, "psm_new");
	must(psm_open(ctx, db, 0) == PSM_OK, "open: %s", psm_errmsg(ctx));
	return ctx;
}

/* --- what is killed --------------------------------------------------- */

static void
import_with(unsigned flags)
{
	struct psm_ctx *ctx = open_db();
	char *text = store_read_file(answer, NULL);
	enum psm_err err;

	say_begun();
	err = psm_import_user_certificates(ctx, text, NULL, flags, NULL);
	must(err == PSM_OK, "import: %s", psm_errmsg(ctx));
}

static void
do_import(void)
{
	import_with(0);
}

static void
do_import_with_backup(void)
{
	import_with(PSM_IMPORT_FORCE_BACKUP);
}

static const struct psm_request_params params = { .subject = "CN=User 1",
	                                          .key_type = PSM_KEY_EC };

static void
do_request(void)
{
	struct psm_ctx *ctx = open_db();
	struct psm_request *request = NULL;
	enum psm_err err;

	say_begun();
	err = psm_request_create(ctx, &params, &request);
	must(err == PSM_OK, "request: %s", psm_errmsg(ctx));
}

/* What is put as "@a", where a.pem is already, or nothing. */
static const struct replacement {
	const char *template, *cert, *key;
} replacements[] = {
	{ "taken", "b.pem", "b.key" },  /* of the same subject */
	{ "taken", "c.pem", "c.key" },  /* of another */
	{ "taken", "ar.pem", "a.key" }, /* of the same key */
	{ "taken", "ax.pem", NULL },    /* of the same key, and another subject */
	{ "empty", "a.chain", "a.key" },
};
enum { N_REPLACEMENTS = sizeof replacements / sizeof replacements[0] };
static const struct replacement *replacement;

static void
put_replacement(struct psm_ctx *ctx)
{
	struct psm_put_params put = puts_params(replacement->cert,
	                                        replacement->key, NULL, "@a");

	put.flags = PSM_PUT_REPLACE;
	must(psm_store_put(ctx, &put, NULL, NULL) == PSM_OK, "put: %s",
	     psm_errmsg(ctx));
}

static void
do_put(void)
{
	struct psm_ctx *ctx = open_db();

	say_begun();
	put_replacement(ctx);
}

/* --- what must hold afterwards ---------------------------------------- */

/* How many of the user's certificates there are: each has its key. */
static size_t
count_user_certs(struct psm_ctx *ctx)
{
	struct psm_cert_list *list = NULL;
	size_t n = 0;

	must(psm_store_list(ctx, &list) == PSM_OK, "list: %s",
	     psm_errmsg(ctx));
	for (size_t i = 0; i < psm_cert_list_count(list); i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);

		if (strncmp(cert->subject, "CN=User ", 8) != 0)
			continue;
		must(cert->has_key, "%s has no key", cert->nickname);
		must(cert->nickname != NULL, "%s has no name", cert->subject);
		n++;
	}
	psm_cert_list_free(list);
	return n;
}

/* Keys that wait: each is whole. Of them, ret_stored have their certificate. */
static size_t
count_pending(struct psm_ctx *ctx, size_t *ret_stored)
{
	struct psm_pending_list *list = NULL;
	size_t n;

	*ret_stored = 0;
	must(psm_request_list(ctx, &list) == PSM_OK, "pending: %s",
	     psm_errmsg(ctx));
	n = psm_pending_list_count(list);
	for (size_t i = 0; i < n; i++) {
		const struct psm_pending *key = psm_pending_list_get(list, i);

		must(key->state != PSM_ORPHAN, "orphan %s",
		     key->label != NULL ? key->label : "without a label");
		must(key->id > 0, "a key has no request");
		must(strlen(key->key_id) == 40, "%s has no CKA_ID", key->label);
		must(key->subject != NULL, "%s has no subject", key->label);
		must(key->created[0] != '\0', "%s has no date", key->label);
		*ret_stored += key->state == PSM_PENDING_STORED;
	}
	psm_pending_list_free(list);
	return n;
}

/* A file of the backup's name is a whole backup. */
static void
check_backup(struct psm_ctx *ctx)
{
	struct psm_import *import = NULL;

	if (access(backup, F_OK) != 0)
		return;
	must(psm_restore(ctx, backup, NULL, 0, &import) == PSM_OK,
	     "the backup does not open: %s", psm_errmsg(ctx));
	must(psm_import_count(import) == N_USERS, "the backup lacks keys");
	psm_import_free(import);
}

static void
check_import(void)
{
	struct psm_ctx *ctx = open_db();
	char *text = store_read_file(answer, NULL);
	size_t n_stored, n_certs, n_pending;
	enum psm_err err, expected;

	must(psm_login(ctx, NULL) == PSM_OK, "login: %s", psm_errmsg(ctx));
	n_certs = count_user_certs(ctx);
	n_pending = count_pending(ctx, &n_stored);
	must(n_certs + n_pending - n_stored == N_USERS,
	     "%zu certificates, %zu requests, %zu of them stored", n_certs,
	     n_pending, n_stored);
	expected = n_pending > 0 ? PSM_OK : PSM_E_REQUEST_ID;
	err = psm_import_user_certificates(ctx, text, NULL, 0, NULL);
	must(err == expected, "import again: %s, %s", psm_err_name(err),
	     psm_errmsg(ctx));
	must(count_user_certs(ctx) == N_USERS, "a certificate is missing");
	must(count_pending(ctx, &n_stored) == 0, "a request is left");
	check_backup(ctx);
	must(count_user_certs(ctx) == N_USERS, "restored what was there");
	psm_free(ctx);
}

static void
check_request(void)
{
	struct psm_ctx *ctx = open_db();
	struct psm_request *request = NULL;
	size_t n_stored, n;

	must(psm_login(ctx, NULL) == PSM_OK, "login: %s", psm_errmsg(ctx));
	must(count_user_certs(ctx) == 0, "a certificate from nowhere");
	n = count_pending(ctx, &n_stored);
	must(n <= 1 && n_stored == 0, "%zu requests", n);
	must(psm_request_create(ctx, &params, &request) == PSM_OK,
	     "request again: %s", psm_errmsg(ctx));
	must(count_pending(ctx, &n_stored) == n + 1, "it was not made");
	psm_request_free(request);
	psm_free(ctx);
}

/* How many keys have no certificate. */
static size_t
count_orphans(struct psm_ctx *ctx)
{
	struct psm_pending_list *list = NULL;
	size_t n;

	must(psm_request_list(ctx, &list) == PSM_OK, "keys: %s",
	     psm_errmsg(ctx));
	n = psm_pending_list_count(list);
	psm_pending_list_free(list);
	return n;
}

/* How many are called "@a", or are on their way to be. */
static size_t
count_named(struct psm_ctx *ctx, bool only_finished)
{
	struct psm_cert_list *list = NULL;
	size_t n = 0;

	must(psm_store_list(ctx, &list) == PSM_OK, "list: %s",
	     psm_errmsg(ctx));
	for (size_t i = 0; i < psm_cert_list_count(list); i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);
		const char *at = strchr(cert->nickname, '@');

		if (at == NULL || (only_finished && at != cert->nickname))
			continue;
		must(cert->has_key, "%s has no key", cert->nickname);
		n++;
	}
	psm_cert_list_free(list);
	return n;
}

static void
check_put(void)
{
	struct psm_ctx *ctx = open_db();
	size_t least = strcmp(replacement->template, "taken") == 0, n;

	must(psm_login(ctx, NULL) == PSM_OK, "login: %s", psm_errmsg(ctx));
	n = count_named(ctx, false);
	must(n >= least, "neither the old nor the new one is there");
	must(psm_store_tidy(ctx, "@", NULL) == PSM_OK, "tidy: %s",
	     psm_errmsg(ctx));
	n = count_named(ctx, false);
	must(n >= least && n <= 1, "%zu certificates", n);
	must(count_named(ctx, true) == n, "it has not its name");
	must(count_orphans(ctx) == 0, "a key is left alone");
	put_replacement(ctx);
	must(count_named(ctx, true) == 1, "it was not put");
	must(count_orphans(ctx) == 0, "a key is left alone at the end");
	psm_free(ctx);
}

/* --- rounds ----------------------------------------------------------- */

/* Splitmix64: round's own number. */
static uint64_t
draw(unsigned round)
{
	uint64_t z = test.seed + (round + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void
copy_template(const char *name)
{
	char command[2 * PATH_SIZE];

	snprintf(command, sizeof command, "cd %s && rm -rf work && cp -r %s "
	         "work", test.dir, name);
	assert_int_equal(system(command), 0);
}

/* How long it takes undisturbed: the longest of a few. */
static uint64_t
calibrate(const char *template, void (*fn)(void))
{
	uint64_t longest = 0, one;

	for (int i = 0; i < CALIBRATIONS; i++) {
		copy_template(template);
		one = kill_child(fn, 0);
		if (one > longest)
			longest = one;
	}
	return longest;
}

struct kind {
	const char *template;
	void (*fn)(void), (*check)(void);
	uint64_t duration;
};

static void
kill_once(const struct kind *kind, unsigned round)
{
	uint64_t delay = 1 + draw(round) % kind->duration;

	copy_template(kind->template);
	(void)kill_child(kind->fn, delay);
	if (in_child(kind->check) != 0)
		fail_msg("seed %llu, round %u: killed after %llu of %llu us",
		         (unsigned long long)test.seed, round,
		         (unsigned long long)delay,
		         (unsigned long long)kind->duration);
}

static void
test_import_killed_anywhere_can_be_completed(void **state)
{
	struct kind plain = { "answered", do_import, check_import, 0 };
	struct kind with_backup = { "answered", do_import_with_backup,
		                    check_import, 0 };

	(void)state;
	plain.duration = calibrate(plain.template, plain.fn);
	with_backup.duration = calibrate(with_backup.template, with_backup.fn);
	for (unsigned i = 0; i < test.rounds; i++)
		kill_once(i % BACKUP_EVERY ? &plain : &with_backup, i);
}

static void
test_request_killed_anywhere_is_whole_or_nothing(void **state)
{
	struct kind kind = { "empty", do_request, check_request, 0 };

	(void)state;
	kind.duration = calibrate(kind.template, kind.fn);
	for (unsigned i = 0; i < test.rounds; i++)
		kill_once(&kind, test.rounds + i);
}

static void
test_put_killed_anywhere_leaves_the_old_or_the_new(void **state)
{
	uint64_t durations[N_REPLACEMENTS];

	(void)state;
	for (size_t i = 0; i < N_REPLACEMENTS; i++) {
		replacement = &replacements[i];
		durations[i] = calibrate(replacement->template, do_put);
	}
	for (unsigned i = 0; i < test.rounds; i++) {
		struct kind kind = { NULL, do_put, check_put,
			             durations[i % N_REPLACEMENTS] };

		replacement = &replacements[i % N_REPLACEMENTS];
		kind.template = replacement->template;
		kill_once(&kind, 2 * test.rounds + i);
	}
}

/* --- templates -------------------------------------------------------- */

static void
keep(struct store *st, const char *name)
{
	psm_close(st->ctx);
	must(store_shell(st, "mkdir %s/%s && cp -r db %s/%s", test.dir, name,
	                 test.dir, name) == 0, "cp");
}

static void
answer_all(struct store *st, const char *path)
{
	struct fresh_authority by = fresh_authority("CN=Far CA,O=Far", NULL);
	const SECItem *pubs[] = { by.cert };
	struct store_response responses[N_USERS] = { { .id = NULL } };
	char subject[32], *text;

	for (int i = 0; i < N_USERS; i++) {
		struct psm_request *request;

		snprintf(subject, sizeof subject, "CN=User %d", i + 1);
		request = store_request(st, subject, PSM_KEY_EC);
		responses[i].id = store_decimal(request->id);
		responses[i].cert = store_foreign_cert(request, &by, NULL);
		psm_request_free(request);
	}
	text = store_rep(NU_DIALECT_CMMF, responses, N_USERS, pubs, 1);
	store_write_file(path, text, strlen(text));
	fresh_authority_free(&by);
}

/* The empty one with a certificate in it. */
static void
make_taken(struct store *st)
{
	struct psm_put_params put = puts_params("a.pem", "a.key", NULL, "@a");

	must(store_shell(st, "rm -rf db && cp -r %s/empty/db db", test.dir) == 0,
	     "cp");
	must(psm_open(st->ctx, st->db, 0) == PSM_OK, "open");
	must(psm_store_put(st->ctx, &put, NULL, NULL) == PSM_OK, "put: %s",
	     psm_errmsg(st->ctx));
	keep(st, "taken");
}

static void
make_templates(void)
{
	struct store *st = store_new(NULL);

	ca_free(st->ca);
	st->ca = NULL;
	keep(st, "empty");
	must(psm_open(st->ctx, st->db, 0) == PSM_OK, "open");
	must(psm_login(st->ctx, NULL) == PSM_OK, "login");
	answer_all(st, answer);
	keep(st, "answered");
	make_taken(st);
	store_free(st);
}

static uint64_t
number_from(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

static int
setup(void **state)
{
	(void)state;
	print_message("PSM_KILL_SEED=%llu\n", (unsigned long long)test.seed);
	return 0;
}

static int
teardown(void **state)
{
	char command[PATH_SIZE];

	(void)state;
	print_message("%u of %u were killed in time\n", test.killed,
	              3 * test.rounds);
	puts_teardown(state);
	snprintf(command, sizeof command, "rm -rf %s", test.dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_import_killed_anywhere_can_be_completed),
		cmocka_unit_test(
		        test_request_killed_anywhere_is_whole_or_nothing),
		cmocka_unit_test(
		        test_put_killed_anywhere_leaves_the_old_or_the_new),
	};

	cmocka_set_test_filter(getenv("PSM_TEST"));
	test.seed = number_from("PSM_KILL_SEED", (uint64_t)time(NULL));
	test.rounds = (unsigned)number_from("PSM_KILL_ROUNDS", 100);
	strcpy(test.dir, "/tmp/kill-XXXXXX"); /* on a disk, where it matters */
	if (mkdtemp(test.dir) == NULL || puts_setup(NULL) != 0)
		return 99;
	snprintf(db, sizeof db, "%s/work/db", test.dir);
	snprintf(backup, sizeof backup, "%s/work/backup.p12", test.dir);
	snprintf(answer, sizeof answer, "%s/answer", test.dir);
	if (in_child(make_templates) != 0) /* before cmocka catches asserts */
		return 99;
	return cmocka_run_group_tests(tests, setup, teardown);
}

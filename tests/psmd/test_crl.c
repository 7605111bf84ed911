/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_crl.c - the authority in use: opened when it is needed, its CRL made,
 * published and made again; the files for everybody. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "psmd/crl.h"
#include "psmd/public_file.h"
#include "tests/psmd/records_place.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { DAY = 86400 };

/* A service's authority and records, in a directory of their own. */
struct house {
	char dir[32], crl[64], records[64];
	struct config config;
	struct issuing issuing;
	char why[512];
};

/* --- time and steps, as a test wants them -------------------------------- */

static int64_t later; /* seconds */
static int steps;     /* of a file's way; at 0 the process ends */
static int renames;   /* that are left; others fail */

time_t __real_time(time_t *t);
time_t __wrap_time(time_t *t);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

time_t
__wrap_time(time_t *t)
{
	time_t now = __real_time(NULL) + (time_t)later;

	if (t != NULL)
		*t = now;
	return now;
}

static void
step(void)
{
	if (steps > 0 && --steps == 0)
		_exit(1);
}

int
__wrap_rename(const char *from, const char *to)
{
	int result;

	step();
	if (renames-- == 0) {
		errno = EIO;
		return -1;
	}
	result = __real_rename(from, to);
	step();
	return result;
}

int
__wrap_fsync(int fd)
{
	int result;

	step();
	result = __real_fsync(fd);
	step();
	return result;
}

/* --- the house ----------------------------------------------------------- */

static void
make_database(const char *dir)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	assert_non_null(ctx);
	assert_int_equal(psm_open(ctx, dir, PSM_OPEN_CREATE), PSM_OK);
	psm_free(ctx);
}

static int
set_up(void **state)
{
	struct house *h = calloc(1, sizeof *h);

	assert_non_null(h);
	strcpy(h->dir, "/tmp/psmd-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	make_database(h->dir);
	snprintf(h->crl, sizeof h->crl, "%s/ca.crl", h->dir);
	snprintf(h->records, sizeof h->records, "%s/records.db", h->dir);
	h->config.ca = (char *)"ca";
	h->config.crl_file = h->crl;
	h->config.records = h->records;
	h->config.crl_days = 7;
	h->issuing.config = &h->config;
	h->issuing.issuer = issuer_new();
	h->issuing.engine = engine_new(h->dir, NULL, 8, h->why, sizeof h->why);
	if (h->issuing.engine == NULL)
		fail_msg("%s", h->why);
	assert_int_equal(records_open(h->records, true, &h->issuing.records),
	                 REC_OK);
	later = 0;
	renames = -1;
	*state = h;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *h = *state;
	char command[64];

	issuer_free(h->issuing.issuer);
	engine_free(h->issuing.engine);
	records_close(h->issuing.records);
	snprintf(command, sizeof command, "rm -rf %s", h->dir);
	free(h);
	return system(command);
}

struct making {
	const char *nickname, *subject, *issuer;
	enum psm_err err;
};

static void
make_authority(struct psm_ctx *ctx, void *arg)
{
	struct making *making = arg;
	const struct ca_params params = { .subject = making->subject,
		                          .nickname = making->nickname,
		                          .issuer = making->issuer,
		                          .key_type = PSM_KEY_EC };
	struct ca *ca = ca_new();

	(void)ctx;
	making->err = ca != NULL ? ca_init(ca, &params) : PSM_E_NO_MEMORY;
	ca_free(ca);
}

static void
make_ca_below(struct house *h, const char *nickname, const char *subject,
              const char *issuer)
{
	struct making making = { nickname, subject, issuer, PSM_E_INTERNAL };

	assert_true(engine_call(h->issuing.engine, make_authority, &making));
	assert_int_equal(making.err, PSM_OK);
}

static void
make_ca(struct house *h, const char *nickname, const char *subject)
{
	make_ca_below(h, nickname, subject, NULL);
}

static int
set_up_ca(void **state)
{
	set_up(state);
	make_ca(*state, "ca", "CN=CA");
	return 0;
}

static void
publish(struct house *h)
{
	if (!crl_publish(&h->issuing, &somebody, h->why, sizeof h->why))
		fail_msg("%s", h->why);
}

static void
renew(struct house *h)
{
	if (!crl_renew(&h->issuing, &somebody, h->why, sizeof h->why))
		fail_msg("%s", h->why);
}

static struct ca_crl_info
look(struct house *h)
{
	struct ca_crl_info info = { 0 };

	if (!crl_look(&h->issuing, &info, h->why, sizeof h->why))
		fail_msg("%s", h->why);
	return info;
}

static bool
is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static void
write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int64_t
add_cert_until(struct house *h, const char *serial, int64_t not_after)
{
	const struct order_new order = make_order(NULL, "a request");
	struct cert_new cert = make_cert(serial);
	int64_t number = 0, id = 0;
	bool is_new;

	cert.not_after = not_after;
	assert_int_equal(records_order_add(h->issuing.records, &somebody,
	                                   &order, &number, &is_new), REC_OK);
	assert_int_equal(records_order_issue(h->issuing.records, &somebody,
	                                     number, &cert, 1, &id), REC_OK);
	return id;
}

static int64_t
add_one(struct house *h, const char *serial)
{
	return add_cert_until(h, serial, __real_time(NULL) + 100 * DAY);
}

static enum rec_err
do_revoke(struct house *h, int64_t id, int reason)
{
	return crl_revoke(&h->issuing, &somebody, id, reason, h->why,
	                  sizeof h->why);
}

static void
run_sql(const struct house *h, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(h->records, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* --- publishing ---------------------------------------------------------- */

static void
test_publish_without_authority_says_so_until_it_is_made(void **state)
{
	struct house *h = *state;

	assert_false(crl_publish(&h->issuing, &somebody, h->why,
	                         sizeof h->why));
	assert_non_null(strstr(h->why, "psmd ca init"));
	assert_false(is_there(h->crl));
	make_ca(h, "ca", "CN=CA");
	publish(h);
	assert_true(look(h).number > 0);
}

static void
test_publish_puts_a_file_for_everybody(void **state)
{
	struct house *h = *state;
	struct ca_crl_info first, second;
	struct stat st;

	publish(h);
	first = look(h);
	assert_int_equal(first.n_revoked, 0);
	assert_int_equal(first.next_update - first.this_update, 7 * DAY);
	assert_int_equal(stat(h->crl, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	publish(h);
	second = look(h);
	assert_true(second.number > first.number);
}

static void
test_revoke_lists_holds_and_releases(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "ab01"), other = add_one(h, "ff");

	assert_int_equal(do_revoke(h, id, CERT_HOLD), REC_OK);
	assert_string_equal(h->why, "");
	assert_int_equal(look(h).n_revoked, 1);
	assert_int_equal(do_revoke(h, id, CERT_HOLD), REC_STATE);
	assert_string_not_equal(h->why, "");
	assert_int_equal(do_revoke(h, other, CA_REASON_SUPERSEDED), REC_OK);
	assert_int_equal(look(h).n_revoked, 2);
	assert_int_equal(do_revoke(h, id, CERT_RELEASE), REC_OK);
	assert_int_equal(look(h).n_revoked, 1);
	assert_int_equal(do_revoke(h, other, CERT_RELEASE), REC_STATE);
	assert_int_equal(do_revoke(h, 7, CERT_HOLD), REC_NOT_FOUND);
}

static void
test_expired_one_is_listed_once_more(void **state)
{
	struct house *h = *state;
	int64_t now = __real_time(NULL);
	int64_t id = add_cert_until(h, "01", now + DAY);

	assert_int_equal(do_revoke(h, id, CA_REASON_KEY_COMPROMISE), REC_OK);
	later = 2 * DAY;
	publish(h);
	assert_int_equal(look(h).n_revoked, 1);
	later = 9 * DAY;
	publish(h);
	assert_int_equal(look(h).n_revoked, 0);
}

static void
test_a_hundred_thousand_are_listed(void **state)
{
	struct house *h = *state;

	run_sql(h, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
	           " FROM n WHERE i < 100000)"
	           " INSERT INTO certificate (id, serial, issuer, account,"
	           "  encrypted, not_before, not_after, revoked, reason,"
	           "  subject, der)"
	           " SELECT 1000000000000000 + i, printf('%x', i), 'ca', 'a',"
	           "  0, 0, 9000000000, 5000, 1, '', x'30' FROM n");
	publish(h);
	assert_int_equal(look(h).n_revoked, 100000);
}

/* --- a file that stays whole --------------------------------------------- */

static void
test_publish_that_fails_leaves_the_old_one(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "01");
	uint64_t number;
	char temp[80];

	publish(h);
	number = look(h).number;
	renames = 0;
	assert_int_equal(do_revoke(h, id, CA_REASON_UNSPECIFIED), REC_OK);
	assert_non_null(strstr(h->why, "ca.crl.pem: "));
	assert_int_equal(look(h).number, number);
	snprintf(temp, sizeof temp, "%s.new", h->crl);
	assert_false(is_there(temp));
	/* and is made up for */
	renames = -1;
	renew(h);
	assert_int_equal(look(h).n_revoked, 1);
}

/* The file is old or new, and what is left in its way goes with the next. */
static void
test_file_is_old_or_new_after_an_end_at_any_step(void **state)
{
	struct house *h = *state;
	unsigned char *text = NULL;
	size_t len = 0;
	int status, n = 0;

	write_file(h->crl, "old");
	do {
		pid_t child = fork();

		n++;
		if (child == 0) {
			steps = n;
			_exit(public_file_put(h->crl, "new!", 4) ? 0 : 2);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
		assert_true(public_file_read(h->crl, &text, &len));
		assert_true((len == 3 && memcmp(text, "old", 3) == 0) ||
		            (len == 4 && memcmp(text, "new!", 4) == 0));
		free(text);
	} while (WEXITSTATUS(status) != 0);
	assert_int_equal(len, 4);
	assert_int_equal(n, 7); /* two fsync(), a rename(): before and after */
}

static void
test_file_that_is_a_folder_or_a_link_is_not_followed(void **state)
{
	struct house *h = *state;
	char temp[80], victim[80];
	unsigned char *text = NULL;
	size_t len = 0;

	snprintf(temp, sizeof temp, "%s.new", h->crl);
	snprintf(victim, sizeof victim, "%s/victim", h->dir);
	write_file(victim, "mine");
	assert_int_equal(symlink(victim, temp), 0);
	assert_true(public_file_put(h->crl, "x", 1));
	assert_true(public_file_read(victim, &text, &len));
	assert_int_equal(len, 4);
	free(text);
	assert_int_equal(mkdir(temp, 0700), 0);
	assert_false(public_file_put(h->crl, "y", 1));
	assert_false(public_file_read(h->dir, &text, &len));
}

/* --- those of the whole chain -------------------------------------------- */

static size_t
count_chain(const struct house *h)
{
	const char *at;
	unsigned char *text = NULL;
	size_t len = 0, n = 0;
	char path[80];

	snprintf(path, sizeof path, "%s.pem", h->crl);
	assert_true(public_file_read(path, &text, &len));
	text[len] = '\0'; /* there is room for it */
	for (at = (char *)text; (at = strstr(at, "BEGIN X509 CRL")); at++)
		n++;
	free(text);
	return n;
}

/* Of the file's n-th CRL, openssl. */
static bool
says(const struct house *h, int n, const char *what)
{
	char command[256];

	snprintf(command, sizeof command, "awk '/BEGIN/ { n++ } n == %d' "
	         "%s.pem | openssl crl -noout -text | grep -q '%s'", n, h->crl,
	         what);
	return system(command) == 0;
}

static void
test_chain_has_a_crl_of_each_authority(void **state)
{
	struct house *h = *state;
	int64_t id;

	publish(h);
	assert_int_equal(count_chain(h), 1);
	/* what was revoked while the upper one was in use stays so */
	id = add_one(h, "abcd");
	assert_int_equal(do_revoke(h, id, CA_REASON_KEY_COMPROMISE), REC_OK);
	make_ca_below(h, "low", "CN=Low", "ca");
	issuer_free(h->issuing.issuer);
	h->issuing.issuer = issuer_new();
	h->config.ca = (char *)"low";
	renew(h);
	assert_int_equal(look(h).n_revoked, 0);
	assert_int_equal(count_chain(h), 2);
	assert_true(says(h, 1, "Issuer: CN = Low"));
	assert_true(says(h, 1, "No Revoked Certificates"));
	assert_true(says(h, 2, "Issuer: CN = CA"));
	assert_true(says(h, 2, "Serial Number: ABCD"));
}

static void
test_chain_that_is_lost_is_made_again(void **state)
{
	struct house *h = *state;
	char path[80];
	uint64_t number;

	snprintf(path, sizeof path, "%s.pem", h->crl);
	publish(h);
	number = look(h).number;
	assert_int_equal(unlink(path), 0);
	renew(h);
	assert_true(look(h).number > number);
	assert_int_equal(count_chain(h), 1);
}

/* One of the two was put: both are due. */
static void
test_chain_without_its_crl_is_made_up_for(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "abcd");

	publish(h);
	renames = 1;
	assert_int_equal(do_revoke(h, id, CA_REASON_UNSPECIFIED), REC_OK);
	assert_non_null(strstr(h->why, "ca.crl: "));
	assert_int_equal(look(h).n_revoked, 0);
	assert_true(says(h, 1, "Serial Number: ABCD"));
	renames = -1;
	renew(h);
	assert_int_equal(look(h).n_revoked, 1);
	assert_true(says(h, 1, "Serial Number: ABCD"));
}

/* --- numbers ------------------------------------------------------------- */

static void
test_number_grows_after_older_records(void **state)
{
	struct house *h = *state;
	uint64_t number;

	for (int i = 0; i < 3; i++)
		publish(h);
	number = look(h).number;
	run_sql(h, "UPDATE counter SET value = 1 WHERE name = 'crl'");
	renew(h);
	assert_int_equal(look(h).number, number + 1);
	renew(h);
	assert_int_equal(look(h).number, number + 1);
}

static void
test_file_that_cannot_be_takes_no_number(void **state)
{
	struct house *h = *state;
	int64_t before = 0, after = 0;
	char path[80];

	publish(h);
	assert_int_equal(records_crl_last(h->issuing.records, &before), REC_OK);
	snprintf(path, sizeof path, "%s/none/ca.crl", h->dir);
	h->config.crl_file = path;
	assert_false(crl_renew(&h->issuing, &somebody, h->why, sizeof h->why));
	assert_non_null(strstr(h->why, "none/ca.crl: No such file"));
	h->config.crl_file = h->dir;
	assert_false(crl_renew(&h->issuing, &somebody, h->why, sizeof h->why));
	assert_non_null(strstr(h->why, "Is a directory"));
	assert_int_equal(records_crl_last(h->issuing.records, &after), REC_OK);
	assert_int_equal(after, before);
}

/* --- renewing ------------------------------------------------------------ */

static void
test_renew_makes_one_that_is_missing_or_none_of_ours(void **state)
{
	struct house *h = *state;
	uint64_t number;

	renew(h);
	number = look(h).number;
	assert_int_equal(unlink(h->crl), 0);
	renew(h);
	assert_true(look(h).number > number);
	write_file(h->crl, "no CRL");
	assert_false(crl_look(&h->issuing, &(struct ca_crl_info){ 0 }, h->why,
	                      sizeof h->why));
	renew(h);
	number = look(h).number;
	/* another authority's, of the same number */
	make_ca(h, "other", "CN=Other");
	issuer_free(h->issuing.issuer);
	h->issuing.issuer = issuer_new();
	h->config.ca = (char *)"other";
	renew(h);
	assert_true(look(h).number > number);
}

static void
test_renew_leaves_a_fresh_one(void **state)
{
	struct house *h = *state;
	uint64_t number;

	publish(h);
	number = look(h).number;
	renew(h);
	later = 7 * DAY / 2 - 60;
	renew(h);
	assert_int_equal(look(h).number, number);
}

static void
test_renew_comes_at_half_of_the_time(void **state)
{
	struct house *h = *state;
	struct ca_crl_info old, new;

	publish(h);
	old = look(h);
	later = 7 * DAY / 2 + 60;
	renew(h);
	new = look(h);
	assert_true(new.number > old.number);
	assert_true(new.next_update > old.next_update);
}

static void
test_renew_comes_when_clock_or_setting_was_wrong(void **state)
{
	struct house *h = *state;
	uint64_t number;

	later = DAY;
	publish(h);
	number = look(h).number;
	later = 0;
	renew(h);
	assert_int_not_equal(look(h).number, number);
	number = look(h).number;
	h->config.crl_days = 1;
	renew(h);
	assert_int_not_equal(look(h).number, number);
	assert_int_equal(look(h).next_update - look(h).this_update, DAY);
}

static void
test_renew_makes_up_for_what_was_interrupted(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "01"), number;

	publish(h);
	/* killed after the revocation */
	assert_int_equal(records_cert_revoke(h->issuing.records, &somebody, id,
	                                     CERT_HOLD, 5000), REC_OK);
	renew(h);
	assert_int_equal(look(h).n_revoked, 1);
	/* killed after the release, and within the next publication */
	assert_int_equal(records_cert_revoke(h->issuing.records, &somebody, id,
	                                     CERT_RELEASE, 6000), REC_OK);
	assert_int_equal(records_crl_next(h->issuing.records, &somebody, "ca",
	                                  0, &number), REC_OK);
	renew(h);
	assert_int_equal(look(h).n_revoked, 0);
	assert_true(look(h).number > (uint64_t)number);
}

/* --- several at a time --------------------------------------------------- */

enum { THREADS = 4, EACH = 4 };

static void *
publish_often(void *arg)
{
	const struct issuing *issuing = arg;
	char why[256];

	for (int i = 0; i < EACH; i++)
		if (!crl_publish(issuing, &somebody, why, sizeof why))
			return (void *)1;
	return NULL;
}

static void
test_several_at_a_time_leave_the_last(void **state)
{
	struct house *h = *state;
	pthread_t threads[THREADS];
	int64_t last = 0;
	void *failed;

	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                                publish_often, &h->issuing), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(records_crl_last(h->issuing.records, &last), REC_OK);
	assert_int_equal(last, THREADS * EACH);
	assert_int_equal(look(h).number, last);
}

static void *
let_go(void *arg)
{
	usleep(300000);
	close(*(int *)arg);
	return NULL;
}

static void
test_publish_waits_for_another_process(void **state)
{
	struct house *h = *state;
	char path[96];
	pthread_t thread;
	int fd;

	publish(h);
	snprintf(path, sizeof path, "%s-crl", h->records);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(pthread_create(&thread, NULL, let_go, &fd), 0);
	publish(h);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(look(h).number, 2);
}

/* --- reasons ------------------------------------------------------------- */

static void
test_reasons_have_their_names(void **state)
{
	(void)state;
	for (int reason = -1; reason <= 11; reason++) {
		const char *name = crl_reason_name(reason);

		if (reason < 0 || reason == 7 || reason > 10)
			assert_null(name);
		else
			assert_int_equal(crl_reason(name), reason);
	}
	assert_int_equal(crl_reason("KEYCOMPROMISE"), 1);
	assert_int_equal(crl_reason("removeFromCRL"), CERT_RELEASE);
	assert_int_equal(crl_reason("certificateHold"), CERT_HOLD);
	assert_int_equal(crl_reason(""), -1);
	assert_int_equal(crl_reason("1"), -1);
}

int
main(void)
{
#define WITH_CA(test) \
	cmocka_unit_test_setup_teardown(test, set_up_ca, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        test_publish_without_authority_says_so_until_it_is_made,
		        set_up, tear_down),
		WITH_CA(test_publish_puts_a_file_for_everybody),
		WITH_CA(test_revoke_lists_holds_and_releases),
		WITH_CA(test_expired_one_is_listed_once_more),
		WITH_CA(test_a_hundred_thousand_are_listed),
		WITH_CA(test_publish_that_fails_leaves_the_old_one),
		WITH_CA(test_file_is_old_or_new_after_an_end_at_any_step),
		WITH_CA(test_file_that_is_a_folder_or_a_link_is_not_followed),
		WITH_CA(test_chain_has_a_crl_of_each_authority),
		WITH_CA(test_chain_that_is_lost_is_made_again),
		WITH_CA(test_chain_without_its_crl_is_made_up_for),
		WITH_CA(test_number_grows_after_older_records),
		WITH_CA(test_file_that_cannot_be_takes_no_number),
		WITH_CA(test_renew_makes_one_that_is_missing_or_none_of_ours),
		WITH_CA(test_renew_leaves_a_fresh_one),
		WITH_CA(test_renew_comes_at_half_of_the_time),
		WITH_CA(test_renew_comes_when_clock_or_setting_was_wrong),
		WITH_CA(test_renew_makes_up_for_what_was_interrupted),
		WITH_CA(test_several_at_a_time_leave_the_last),
		WITH_CA(test_publish_waits_for_another_process),
		cmocka_unit_test(test_reasons_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_crl.c - the authority's CRL as it is published: the authority opened
 * when needed, the files for everybody, their numbers, several at a time.
 * Linked with --wrap=nanosleep too. */

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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "psmd/public_file.h"
#include "tests/psmd/crl_house.h"
#include "tests/psmd/records_place.h"

static bool
is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
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

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		                                publish_often, &h->issuing), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(records_crl_last(h->issuing.records, &last), REC_OK);
	assert_int_equal(last, THREADS * EACH);
	assert_int_equal(look(h).number, last);
}

static int held = -1; /* the lock of another; -1: there is none */

int __real_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);

/* Who pauses finds the other one gone. */
int
__wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	if (held < 0)
		return __real_nanosleep(pause, left);
	close(held);
	held = -1;
	return 0;
}

static void
test_publish_waits_for_another_process(void **state)
{
	struct house *h = *state;
	char path[96];

	publish(h);
	snprintf(path, sizeof path, "%s-crl", h->records);
	held = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(held >= 0);
	assert_int_equal(flock(held, LOCK_EX), 0);
	publish(h);
	assert_int_equal(held, -1);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        test_publish_without_authority_says_so_until_it_is_made,
		        house_set_up, house_tear_down),
		WITH_CA(test_publish_puts_a_file_for_everybody),
		WITH_CA(test_revoke_lists_holds_and_releases),
		WITH_CA(test_expired_one_is_listed_once_more),
		WITH_CA(test_a_hundred_thousand_are_listed),
		WITH_CA(test_publish_that_fails_leaves_the_old_one),
		WITH_CA(test_file_is_old_or_new_after_an_end_at_any_step),
		WITH_CA(test_file_that_is_a_folder_or_a_link_is_not_followed),
		WITH_CA(test_number_grows_after_older_records),
		WITH_CA(test_file_that_cannot_be_takes_no_number),
		WITH_CA(test_several_at_a_time_leave_the_last),
		WITH_CA(test_publish_waits_for_another_process),
		cmocka_unit_test(test_reasons_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

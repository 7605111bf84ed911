/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_order_trouble.c - orders that are interrupted, overtaken or placed at
 * once. Linked with --wrap=records_order_issue, sqlite3_step and
 * ca_request_issue. */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "psmd/log.h"
#include "tests/psmd/order_house.h"

/* --- what the wrapped functions do --------------------------------------- */

static unsigned serials_taken; /* so many times more */
static bool is_overtaken;      /* by another, with the same certificates */
static int kill_at = -1;       /* at that moment; -1: never */
static int moment;

enum rec_err __real_records_order_issue(struct records *r,
                                        const struct rec_actor *actor,
                                        int64_t number,
                                        const struct cert_new *certs, size_t n,
                                        int64_t *ret_ids);
enum rec_err __wrap_records_order_issue(struct records *r,
                                        const struct rec_actor *actor,
                                        int64_t number,
                                        const struct cert_new *certs, size_t n,
                                        int64_t *ret_ids);
enum psm_err __real_ca_request_issue(struct ca *ca, struct ca_request *request,
                                     const struct ca_options *options,
                                     struct ca_answer **ret_answer);
enum psm_err __wrap_ca_request_issue(struct ca *ca, struct ca_request *request,
                                     const struct ca_options *options,
                                     struct ca_answer **ret_answer);
int __real_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);

enum rec_err
__wrap_records_order_issue(struct records *r, const struct rec_actor *actor,
                           int64_t number, const struct cert_new *certs,
                           size_t n, int64_t *ret_ids)
{
	struct cert_new winner = certs[0];

	if (serials_taken > 0) {
		serials_taken--;
		return REC_SERIAL;
	}
	if (is_overtaken) {
		winner.serial = "abcd";
		assert_int_equal(__real_records_order_issue(r, actor, number,
		                                            &winner, 1, NULL),
		                 REC_OK);
	}
	return __real_records_order_issue(r, actor, number, certs, n, ret_ids);
}

static void
pass_moment(void)
{
	if (kill_at >= 0 && moment++ == kill_at)
		raise(SIGKILL);
}

enum psm_err
__wrap_ca_request_issue(struct ca *ca, struct ca_request *request,
                        const struct ca_options *options,
                        struct ca_answer **ret_answer)
{
	pass_moment();
	return __real_ca_request_issue(ca, request, options, ret_answer);
}

int
__wrap_sqlite3_step(sqlite3_stmt *stmt)
{
	pass_moment();
	return __real_sqlite3_step(stmt);
}

/* --- interruptions and others -------------------------------------------- */

static int
set_up_calm(void **state)
{
	serials_taken = 0;
	is_overtaken = false;
	return house_set_up(state);
}

/* As it is when the process ended between the two steps. */
static int64_t
place_half(struct house *house, const char *foreign_number)
{
	struct order_new order = { .account = "alice",
		                   .foreign_number = foreign_number,
		                   .profile = "client",
		                   .days = 365,
		                   .approved = true };
	char *der = files_read("a.der", &order.request_len);
	int64_t number = 0;
	bool is_new;

	order.request = der;
	assert_int_equal(records_order_add(house->issuing.records, &somebody,
	                                   &order, &number, &is_new), REC_OK);
	free(der);
	return number;
}

static void
test_interrupted_order_is_issued_by_each_way(void **state)
{
	struct house *house = *state;
	int64_t number = place_half(house, "F");

	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	assert_int_equal(house->order.number, number);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	number = place_half(house, NULL);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_ISSUED);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_OK);
	cert_records_free(certs_of(house, number, 1), 1);
	number = place_half(house, NULL);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 true, "", house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_ISSUED);
	assert_order(house, order_issue(&house->issuing, &somebody, 7,
	                                house->why), ORDER_NOT_FOUND);
}

/* Approved, and not issued yet: what repeats it may say anything else. */
static void
test_interrupted_order_is_issued_as_it_was_placed(void **state)
{
	struct house *house = *state;
	struct profile other = house->profile;
	int64_t number = place_half(house, "F");
	struct order_ask ask = make_ask(house, "F");
	struct cert_record *cert;

	other.name = (char *)"other";
	other.subject = PROFILE_SUBJECT_ALL;
	ask.profile = &other;
	ask.days = 1095;
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.number, number);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	assert_int_equal(house->order.days, 365);
	assert_string_equal(house->order.profile, "client");
	cert = certs_of(house, number, 1);
	assert_int_equal(cert->not_after - cert->not_before, YEAR);
	assert_string_equal(cert->subject, "CN=alice");
	cert_records_free(cert, 1);
}

static void
test_interrupted_order_without_its_profile_is_refused(void **state)
{
	struct house *house = *state;
	int64_t number = place_half(house, NULL);

	house->profile.ca.max_days = 30;
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_DAYS);
	house->profile.ca.max_days = 1095;
	house->profile.name = (char *)"another";
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_REFUSED);
	assert_int_equal(state_of(house, number), ORDER_APPROVED);
	house->profile.name = (char *)"client";
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_OK);
}

static void
test_serial_that_is_taken_is_drawn_anew(void **state)
{
	struct house *house = *state;

	serials_taken = 7;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	cert_records_free(certs_of(house, house->order.number, 1), 1);
}

/* What was placed stays placed, and is issued another time. */
static void
test_order_that_cannot_be_issued_now_stays_approved(void **state)
{
	struct house *house = *state;

	log_set_level((enum log_level)0);
	serials_taken = 8;
	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	log_set_level(LOG_FAILED);
	assert_int_equal(house->order.state, ORDER_APPROVED);
	cert_records_free(certs_of(house, house->order.number, 0), 0);
	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
}

static void
test_loser_of_a_race_has_the_winners_certificate(void **state)
{
	struct house *house = *state;
	struct cert_record *cert;

	is_overtaken = true;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	cert = certs_of(house, house->order.number, 1);
	assert_string_equal(cert->serial, "abcd");
	cert_records_free(cert, 1);
}

enum { THREADS = 8 };

struct racer {
	struct house *house;
	enum order_err err;
	int64_t number;
};

static void *
race(void *arg)
{
	struct racer *racer = arg;
	struct order_ask ask = make_ask(racer->house, "F");
	char why[ORDER_WHY_SIZE];
	struct order order;
	size_t len;
	char *request = files_read("a.pem", &len);

	ask.request = request;
	ask.request_len = len;
	racer->err = order_place(&racer->house->issuing, &somebody, &ask,
	                         &order, why);
	free(request);
	if (racer->err != ORDER_OK)
		return NULL;
	racer->number = order.number;
	order_clear(&order);
	return NULL;
}

static void
test_threads_at_once_make_one_certificate(void **state)
{
	struct house *house = *state;
	struct racer racers[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ house, ORDER_FAILED, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, race,
		                                &racers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(racers[i].err, ORDER_OK);
		assert_int_equal(racers[i].number, racers[0].number);
	}
	cert_records_free(certs_of(house, racers[0].number, 1), 1);
	assert_int_equal(count_orders(house), 1);
}

/* A process of its own: place an order, dying at that moment. 0: it is issued,
 * with one certificate. */
static int
place_in_child(struct house *house, const char *foreign_number, int at)
{
	struct cert_record *certs = NULL;
	enum order_err err;
	size_t n = 0;

	house_open(house);
	kill_at = at;
	err = place(house, foreign_number, "a.pem");
	kill_at = -1;
	if (err != ORDER_OK || house->order.state != ORDER_ISSUED ||
	    records_cert_list(house->issuing.records, house->order.number,
	                      &certs, &n) != REC_OK)
		return 1;
	cert_records_free(certs, n);
	return n == 1 ? 0 : 2;
}

/* Its wait status. */
static int
in_child(struct house *house, const char *foreign_number, int at)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(place_in_child(house, foreign_number, at));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_killed_at_any_moment_is_issued_once(void **state)
{
	struct house *house = *state;
	char foreign_number[16];
	int status, n = 0;

	do {
		snprintf(foreign_number, sizeof foreign_number, "F-%d", n);
		status = in_child(house, foreign_number, n);
		if (WIFSIGNALED(status))
			assert_int_equal(WTERMSIG(status), SIGKILL);
		else
			assert_int_equal(status, 0);
		assert_int_equal(in_child(house, foreign_number, -1), 0);
		n++;
	} while (WIFSIGNALED(status));
	print_message("# %d moments\n", n - 1);
	assert_true(n > 20);
	house_open(house);
	assert_int_equal(count_orders(house), n);
}

#define CLOSED(test) \
	cmocka_unit_test_setup_teardown(test, house_set_up_closed, \
	                                house_tear_down)

#define CALM(test) \
	cmocka_unit_test_setup_teardown(test, set_up_calm, house_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLOSED(test_killed_at_any_moment_is_issued_once),
		CALM(test_interrupted_order_is_issued_by_each_way),
		CALM(test_interrupted_order_is_issued_as_it_was_placed),
		CALM(test_interrupted_order_without_its_profile_is_refused),
		CALM(test_serial_that_is_taken_is_drawn_anew),
		CALM(test_order_that_cannot_be_issued_now_stays_approved),
		CALM(test_loser_of_a_race_has_the_winners_certificate),
		CALM(test_threads_at_once_make_one_certificate),
	};

	return cmocka_run_group_tests_name("an order in trouble", tests,
	                                   house_files, files_remove);
}

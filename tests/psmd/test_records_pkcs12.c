/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records_pkcs12.c - PKCS#12 files in the records: claims, approval. */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "psmd/records_sql.h"
#include "tests/psmd/records_place.h"

enum { THREADS = 8 };

static struct pkcs12_ask
make_ask(const char *user, const char *application)
{
	struct pkcs12_ask ask = { user, application, "S-1", "CN=Alice" };

	return ask;
}

static struct pkcs12_result
begin(struct records *r, const char *application, unsigned wait_ms)
{
	struct pkcs12_ask ask = make_ask("alice", application);
	struct pkcs12_result result = { 0 };

	assert_int_equal(records_pkcs12_begin(r, &ask, wait_ms, &result),
	                 REC_OK);
	return result;
}

static int64_t
finish(struct records *r, int64_t claim, const char *serial)
{
	struct cert_new cert = make_cert(serial);
	int64_t id = 0;

	assert_int_equal(records_pkcs12_finish(r, &somebody, claim, &cert,
	                                       "the file", 8, &id), REC_OK);
	return id;
}

static void
assert_done(struct records *r, const char *application, int64_t cert)
{
	struct pkcs12_result result = begin(r, application, 0);

	assert_int_equal(result.claim, 0);
	assert_int_equal(result.state, PKCS12_DONE);
	assert_int_equal(result.cert, cert);
	assert_int_equal(result.len, 8);
	assert_memory_equal(result.file, "the file", 8);
	assert_string_equal(result.subscriber, "S-1");
	pkcs12_result_clear(&result);
}

static void
test_pkcs12_finished_is_read_back(void **state)
{
	struct place *place = *state;
	struct pkcs12_result result = begin(place->records, "A-1", 0);
	struct cert_record cert;
	int64_t id;

	assert_true(result.claim != 0);
	assert_false(result.approved);
	assert_int_equal(result.state, PKCS12_MADE_NOW);
	assert_true(result.request >= 100000);
	id = finish(place->records, result.claim, "1");
	pkcs12_result_clear(&result);
	place_close(place);
	place_open(place);
	assert_done(place->records, "A-1", id);
	assert_int_equal(records_cert_get(place->records, "alice", id, &cert),
	                 REC_OK);
	assert_int_equal(cert.order, 0);
	cert_record_clear(&cert);
	assert_int_equal(records_cert_revoke(place->records, &somebody, id, 1,
	                                     5000), REC_OK);
	place_check(place);
}

static void
test_pkcs12_of_another_user_is_another(void **state)
{
	struct place *place = *state;
	struct pkcs12_ask ask = make_ask("bob", "A-1");
	struct pkcs12_result first = begin(place->records, "A-1", 0), other;

	finish(place->records, first.claim, "1");
	assert_int_equal(records_pkcs12_begin(place->records, &ask, 0, &other),
	                 REC_OK);
	assert_true(other.claim != 0);
	assert_true(other.request != first.request);
	assert_null(other.file);
}

static void
test_pkcs12_made_by_another_is_busy(void **state)
{
	struct place *place = *state;
	struct records *other = NULL;
	struct pkcs12_result mine = begin(place->records, "A-1", 0), theirs;

	theirs = begin(place->records, "A-1", 50);
	assert_int_equal(theirs.claim, 0);
	assert_int_equal(theirs.state, PKCS12_MADE_NOW);
	/* nor does another holder take it */
	assert_int_equal(records_open(place->path, false, &other), REC_OK);
	theirs = begin(other, "A-1", 50);
	assert_int_equal(theirs.claim, 0);
	assert_int_equal(theirs.state, PKCS12_MADE_NOW);
	assert_int_equal(records_pkcs12_give_up(other, mine.claim), REC_STATE);
	/* until it is closed */
	place_close(place);
	theirs = begin(other, "A-1", 0);
	assert_true(theirs.claim != 0);
	assert_int_equal(theirs.request, mine.request);
	finish(other, theirs.claim, "1");
	records_close(other);
	place_check(place);
}

static void
test_pkcs12_given_up_is_free(void **state)
{
	struct place *place = *state;
	struct pkcs12_result first = begin(place->records, "A-1", 0), again;
	struct cert_new cert = make_cert("1");
	int64_t id = -1;

	assert_int_equal(records_pkcs12_give_up(place->records, first.claim),
	                 REC_OK);
	again = begin(place->records, "A-1", 0);
	assert_true(again.claim != 0 && again.claim != first.claim);
	assert_int_equal(again.request, first.request);
	assert_int_equal(records_pkcs12_finish(place->records, &somebody,
	                                       first.claim, &cert, "x", 1, &id),
	                 REC_STATE);
	assert_int_equal(records_pkcs12_give_up(place->records, 0), REC_STATE);
	assert_int_equal(id, -1);
	finish(place->records, again.claim, "1");
	assert_int_equal(records_pkcs12_give_up(place->records, again.claim),
	                 REC_STATE);
	place_check(place);
}

/* Of a disk that is full, or records that another program has for itself. */
static void
test_pkcs12_given_up_without_the_records_is_free(void **state)
{
	struct place *place = *state;
	sqlite3 *db = place->records->writer.db;
	struct pkcs12_result first = begin(place->records, "A-1", 0), again;

	assert_int_equal(sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL,
	                              NULL), SQLITE_OK);
	assert_int_equal(records_pkcs12_give_up(place->records, first.claim),
	                 REC_READ_ONLY);
	assert_int_equal(sqlite3_exec(db, "PRAGMA query_only = OFF", NULL, NULL,
	                              NULL), SQLITE_OK);
	again = begin(place->records, "A-1", 0);
	assert_true(again.claim != 0);
	assert_int_equal(again.request, first.request);
	finish(place->records, again.claim, "1");
	place_check(place);
}

static void
test_pkcs12_serial_there_keeps_the_claim(void **state)
{
	struct place *place = *state;
	struct pkcs12_result result = begin(place->records, "A-1", 0);
	struct cert_new cert = make_cert("0F");
	int64_t id = -1;

	add_cert(place, "f");
	assert_int_equal(records_pkcs12_finish(place->records, &somebody,
	                                       result.claim, &cert, "x", 1,
	                                       &id), REC_SERIAL);
	assert_int_equal(id, -1);
	place_check(place);
	id = finish(place->records, result.claim, "e");
	assert_done(place->records, "A-1", id);
}

static void
test_pkcs12_waits_until_approved(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	struct pkcs12_result first = begin(r, "A-1", 0), seen;
	struct pkcs12_waiting list[2];
	size_t n = 0;
	int64_t id;

	assert_int_equal(records_pkcs12_decide(r, &somebody, first.request,
	                                       true, ""), REC_STATE);
	assert_int_equal(records_pkcs12_wait(r, &somebody, first.claim),
	                 REC_OK);
	assert_int_equal(records_pkcs12_wait(r, &somebody, first.claim),
	                 REC_STATE);
	seen = begin(r, "A-1", 1000); /* which does not wait for that */
	assert_int_equal(seen.claim, 0);
	assert_int_equal(seen.state, PKCS12_WAITS);
	assert_int_equal(seen.request, first.request);
	assert_int_equal(records_pkcs12_waiting(r, NULL, 0, list, 2, &n),
	                 REC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].request, first.request);
	assert_string_equal(list[0].user, "alice");
	assert_string_equal(list[0].application, "A-1");
	assert_string_equal(list[0].subscriber, "S-1");
	assert_int_equal(records_pkcs12_decide(r, &somebody, first.request,
	                                       true, "fine"), REC_OK);
	assert_int_equal(records_pkcs12_decide(r, &somebody, first.request,
	                                       true, ""), REC_STATE);
	assert_int_equal(records_pkcs12_waiting(r, NULL, 0, list, 2, &n),
	                 REC_OK);
	assert_int_equal(n, 0);
	seen = begin(r, "A-1", 0);
	assert_true(seen.claim != 0 && seen.approved);
	/* what went wrong then takes nothing of it */
	assert_int_equal(records_pkcs12_give_up(r, seen.claim), REC_OK);
	seen = begin(r, "A-1", 0);
	assert_true(seen.claim != 0 && seen.approved);
	id = finish(r, seen.claim, "1");
	assert_done(r, "A-1", id);
	place_check(place);
}

/* Approved is what the list showed, and not what is asked for later. */
static void
test_pkcs12_other_than_approved_exists(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	struct pkcs12_result first = begin(r, "A-1", 0), got = { 0 };
	struct pkcs12_ask root = make_ask("alice", "A-1"), other = root;
	struct pkcs12_waiting list;
	size_t n = 0;

	root.asked = "CN=root";
	other.subscriber = "S-2";
	/* as long as nobody has read it, it may change */
	assert_int_equal(records_pkcs12_give_up(r, first.claim), REC_OK);
	assert_int_equal(records_pkcs12_begin(r, &root, 0, &got), REC_OK);
	assert_int_equal(records_pkcs12_give_up(r, got.claim), REC_OK);
	first = begin(r, "A-1", 0);
	assert_int_equal(records_pkcs12_wait(r, &somebody, first.claim),
	                 REC_OK);
	assert_int_equal(records_pkcs12_begin(r, &root, 0, &got), REC_OK);
	assert_int_equal(got.state, PKCS12_WAITS);
	assert_int_equal(records_pkcs12_waiting(r, NULL, 0, &list, 1, &n),
	                 REC_OK);
	assert_string_equal(list.asked, "CN=Alice");
	assert_int_equal(records_pkcs12_decide(r, &somebody, first.request,
	                                       true, ""), REC_OK);
	assert_int_equal(records_pkcs12_begin(r, &root, 0, &got), REC_EXISTS);
	assert_int_equal(records_pkcs12_begin(r, &other, 0, &got), REC_EXISTS);
	got = begin(r, "A-1", 0);
	assert_true(got.claim != 0 && got.approved);
	finish(r, got.claim, "1");
	place_check(place);
}

/* As long as it is not made, and not by whom it was approved. */
static void
test_pkcs12_approved_may_be_rejected(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	struct pkcs12_result result = begin(r, "A-1", 0);
	const int64_t request = result.request;

	assert_int_equal(records_pkcs12_wait(r, &somebody, result.claim),
	                 REC_OK);
	assert_int_equal(records_pkcs12_decide(r, &somebody, request, true,
	                                       ""), REC_OK);
	assert_int_equal(records_pkcs12_decide(r, &somebody, request, true,
	                                       ""), REC_STATE);
	result = begin(r, "A-1", 0); /* it is being made */
	assert_int_equal(records_pkcs12_decide(r, &somebody, request, false,
	                                       "no"), REC_STATE);
	assert_int_equal(records_pkcs12_give_up(r, result.claim), REC_OK);
	assert_int_equal(records_pkcs12_decide(r, &somebody, request, false,
	                                       "a mistake"), REC_OK);
	result = begin(r, "A-1", 0);
	assert_int_equal(result.claim, 0);
	assert_int_equal(result.state, PKCS12_REJECTED);
	assert_string_equal(result.reason, "a mistake");
	/* what nobody has approved is not there to be rejected */
	result = begin(r, "A-2", 0);
	assert_int_equal(records_pkcs12_give_up(r, result.claim), REC_OK);
	assert_int_equal(records_pkcs12_decide(r, &somebody, result.request,
	                                       false, "no"), REC_STATE);
	place_check(place);
}

static void
test_pkcs12_rejected_stays_so(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	struct pkcs12_result result = begin(r, "A-1", 0);

	assert_int_equal(records_pkcs12_wait(r, &somebody, result.claim),
	                 REC_OK);
	assert_int_equal(records_pkcs12_decide(r, &somebody, result.request,
	                                       false, "not you"), REC_OK);
	result = begin(r, "A-1", 0);
	assert_int_equal(result.claim, 0);
	assert_int_equal(result.state, PKCS12_REJECTED);
	assert_string_equal(result.reason, "not you");
	assert_int_equal(records_pkcs12_decide(r, &somebody, 7, true, ""),
	                 REC_NOT_FOUND);
}

/* Another process dies with its claim, in the way that asks nobody. */
static void
test_pkcs12_claim_ends_with_its_process(void **state)
{
	struct place *place = *state;
	struct pkcs12_result result;
	int ready[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_true((pid = fork()) >= 0);
	if (pid == 0) {
		struct records *own = NULL;

		alarm(60); /* if the test ends before it */
		if (records_open(place->path, true, &own) != REC_OK ||
		    begin(own, "A-1", 0).claim == 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]); /* so that a child that fails is heard of */
	assert_int_equal(read(ready[0], &byte, 1), 1);
	place_open(place);
	result = begin(place->records, "A-1", 50);
	assert_int_equal(result.claim, 0);
	assert_int_equal(result.state, PKCS12_MADE_NOW);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	result = begin(place->records, "A-1", 0);
	assert_true(result.claim != 0);
	finish(place->records, result.claim, "1");
	place_check(place);
	close(ready[0]);
}

struct job {
	pthread_t thread;
	struct records *records;
	int made, got;
};

/* Make it, if it is to be made, in a while. */
static void *
make_or_get(void *arg)
{
	struct job *job = arg;
	struct pkcs12_ask ask = make_ask("alice", "A-1");
	struct pkcs12_result result;
	struct cert_new cert = make_cert("1");
	int64_t id;

	if (records_pkcs12_begin(job->records, &ask, 60000, &result) != REC_OK)
		return NULL;
	if (result.claim != 0) {
		usleep(100000);
		job->made = records_pkcs12_finish(job->records, &somebody,
		                                  result.claim, &cert,
		                                  "the file", 8, &id) == REC_OK;
	}
	job->got = result.state == PKCS12_DONE;
	pkcs12_result_clear(&result);
	return NULL;
}

static void
test_pkcs12_at_the_same_moment_is_made_once(void **state)
{
	struct place *place = *state;
	struct job jobs[THREADS] = { 0 };
	int made = 0, got = 0;

	for (int i = 0; i < THREADS; i++) {
		jobs[i].records = place->records;
		assert_int_equal(pthread_create(&jobs[i].thread, NULL,
		                                make_or_get, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
		made += jobs[i].made;
		got += jobs[i].got;
	}
	assert_int_equal(made, 1);
	assert_int_equal(got, THREADS - 1);
	place_check(place);
}

static void
test_pkcs12_injection_is_text(void **state)
{
	static const char bad[] = "'); DELETE FROM pkcs12; --\"\\%s\x01";
	const struct pkcs12_ask ask = { bad, bad, bad, bad };
	struct place *place = *state;
	struct pkcs12_result result;
	struct pkcs12_waiting waiting;
	size_t n = 0;

	assert_int_equal(records_pkcs12_begin(place->records, &ask, 0,
	                                      &result), REC_OK);
	assert_int_equal(records_pkcs12_wait(place->records, &somebody,
	                                     result.claim), REC_OK);
	assert_int_equal(records_pkcs12_waiting(place->records, NULL, 0,
	                                        &waiting, 1, &n), REC_OK);
	assert_string_equal(waiting.user, bad);
	assert_string_equal(waiting.application, bad);
	assert_string_equal(waiting.asked, bad);
	assert_int_equal(records_pkcs12_decide(place->records, &somebody,
	                                       result.request, false, bad),
	                 REC_OK);
	assert_int_equal(records_pkcs12_begin(place->records, &ask, 0,
	                                      &result), REC_OK);
	assert_string_equal(result.subscriber, bad);
	assert_string_equal(result.reason, bad);
	place_check(place);
}

static void
test_pkcs12_too_long_is_refused(void **state)
{
	struct place *place = *state;
	char text[PKCS12_APPLICATION_MAX + 2] = "";
	char asked[PKCS12_ASKED_MAX + 2] = "";
	const struct pkcs12_ask asks[] = {
		{ "alice", text, "S", "" },
		{ "alice", "A", text, "" },
		{ "alice", "A", "S", asked },
	}, longest = { "alice", text, text, asked };
	struct pkcs12_result result;

	memset(text, 'a', sizeof text - 1);
	memset(asked, 'a', sizeof asked - 1);
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
		assert_int_equal(records_pkcs12_begin(place->records, &asks[i],
		                                      0, &result), REC_FAILED);
	text[PKCS12_APPLICATION_MAX] = '\0';
	asked[PKCS12_ASKED_MAX] = '\0';
	assert_int_equal(records_pkcs12_begin(place->records, &longest, 0,
	                                      &result), REC_OK);
	place_check(place);
}

#define FRESH(test) \
	cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)
#define OPENED(test) \
	cmocka_unit_test_setup_teardown(test, place_setup_open, place_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_pkcs12_finished_is_read_back),
		OPENED(test_pkcs12_of_another_user_is_another),
		OPENED(test_pkcs12_made_by_another_is_busy),
		OPENED(test_pkcs12_given_up_is_free),
		OPENED(test_pkcs12_given_up_without_the_records_is_free),
		OPENED(test_pkcs12_serial_there_keeps_the_claim),
		OPENED(test_pkcs12_waits_until_approved),
		OPENED(test_pkcs12_other_than_approved_exists),
		OPENED(test_pkcs12_approved_may_be_rejected),
		OPENED(test_pkcs12_rejected_stays_so),
		FRESH(test_pkcs12_claim_ends_with_its_process),
		OPENED(test_pkcs12_at_the_same_moment_is_made_once),
		OPENED(test_pkcs12_injection_is_text),
		OPENED(test_pkcs12_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("pkcs12", tests, NULL, NULL);
}

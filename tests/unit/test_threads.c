/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_threads.c - several contexts, each in a thread of its own, on one
 * directory. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

enum { THREADS = 4, ROUNDS = 6 };

/* What a thread has to do, and how it went: assertions belong to the thread
 * that runs the test. */
struct job {
	pthread_t thread;
	const struct store *st;
	int number;
	char *answers[ROUNDS];
	enum psm_err err;
	char errmsg[256];
	int32_t ids[ROUNDS];
};

static void
run_all(struct job jobs[THREADS], void *(*run)(void *))
{
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&jobs[i].thread, NULL, run,
		                                &jobs[i]), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		if (jobs[i].err != PSM_OK)
			fail_msg("thread %d: %s (%s)", i,
			         psm_err_name(jobs[i].err), jobs[i].errmsg);
	}
}

static struct psm_ctx *
open_in_thread(struct job *job)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	job->err = ctx == NULL ? PSM_E_NO_MEMORY
	                       : psm_open(ctx, job->st->db, 0);
	return ctx;
}

static void
close_in_thread(struct job *job, struct psm_ctx *ctx)
{
	if (job->err != PSM_OK && ctx != NULL)
		snprintf(job->errmsg, sizeof job->errmsg, "%s",
		         psm_errmsg(ctx));
	psm_free(ctx);
}

static void *
import_all(void *arg)
{
	struct job *job = arg;
	struct psm_ctx *ctx = open_in_thread(job);

	for (int i = 0; i < ROUNDS && job->err == PSM_OK; i++)
		job->err = psm_import_user_certificates(ctx, job->answers[i],
		                                        NULL, 0, NULL);
	close_in_thread(job, ctx);
	return NULL;
}

static void
test_threads_that_import_at_once_all_succeed(void **state)
{
	struct store *st = *state;
	struct job jobs[THREADS];
	char subject[32];

	memset(jobs, 0, sizeof jobs);
	for (int i = 0; i < THREADS * ROUNDS; i++) {
		auto_of(psm_request) *request = NULL;

		snprintf(subject, sizeof subject, "CN=User %d", i);
		request = store_request(st, subject, PSM_KEY_EC);
		jobs[i % THREADS].st = st;
		jobs[i % THREADS].answers[i / THREADS] =
		        store_answer(st, request, CA_DIALECT_CMMF);
	}
	run_all(jobs, import_all);
	assert_int_equal(store_count(st, "cert [User"), THREADS * ROUNDS);
	assert_int_equal(store_count(st, "key [User"), THREADS * ROUNDS);
	assert_int_equal(store_count(st, "pending:"), 0);
	for (int i = 0; i < THREADS * ROUNDS; i++)
		free(jobs[i % THREADS].answers[i / THREADS]);
}

static enum psm_err
request_one(struct psm_ctx *ctx, int32_t *ret_id)
{
	const struct psm_request_params params = { .subject = "CN=Bob",
		                                   .key_type = PSM_KEY_EC };
	struct psm_request *request;
	enum psm_err err = psm_request_create(ctx, &params, &request);

	if (err != PSM_OK)
		return err;
	*ret_id = request->id;
	psm_request_free(request);
	return PSM_OK;
}

static enum psm_err
list_once(struct psm_ctx *ctx)
{
	struct psm_pending_list *pending;
	struct psm_cert_list *certs;
	enum psm_err err = psm_request_list(ctx, &pending);

	if (err != PSM_OK)
		return err;
	psm_pending_list_free(pending);
	if ((err = psm_store_list(ctx, &certs)) == PSM_OK)
		psm_cert_list_free(certs);
	return err;
}

/* One thread asks, the next one looks. */
static void *
request_or_list(void *arg)
{
	struct job *job = arg;
	struct psm_ctx *ctx = open_in_thread(job);

	for (int i = 0; i < ROUNDS && job->err == PSM_OK; i++)
		job->err = job->number % 2 ? list_once(ctx)
		                           : request_one(ctx, &job->ids[i]);
	close_in_thread(job, ctx);
	return NULL;
}

static void
test_threads_that_request_while_others_list_all_succeed(void **state)
{
	struct store *st = *state;
	struct job jobs[THREADS];

	memset(jobs, 0, sizeof jobs);
	for (int i = 0; i < THREADS; i++) {
		jobs[i].st = st;
		jobs[i].number = i;
	}
	run_all(jobs, request_or_list);
	assert_int_equal(store_count(st, "key [pending:"),
	                 THREADS / 2 * ROUNDS);
	for (int i = 0; i < THREADS; i += 2) {
		for (int j = 0; j < ROUNDS; j++)
			assert_int_equal(store_pending_state(st,
			                                     jobs[i].ids[j]),
			                 PSM_PENDING);
	}
}

/* The last one to close ends NSS, the first one to open starts it again. */
static void *
open_and_close(void *arg)
{
	struct job *job = arg;

	for (int i = 0; i < ROUNDS && job->err == PSM_OK; i++) {
		struct psm_ctx *ctx = open_in_thread(job);

		if (job->err == PSM_OK)
			job->err = list_once(ctx);
		close_in_thread(job, ctx);
	}
	return NULL;
}

static void
test_threads_that_open_and_close_at_once_all_succeed(void **state)
{
	struct store *st = *state;
	struct job jobs[THREADS];

	memset(jobs, 0, sizeof jobs);
	for (int i = 0; i < THREADS; i++)
		jobs[i].st = st;
	store_close(st);
	run_all(jobs, open_and_close);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_threads_that_import_at_once_all_succeed),
		store_test(
		    test_threads_that_request_while_others_list_all_succeed),
		store_test(
		    test_threads_that_open_and_close_at_once_all_succeed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

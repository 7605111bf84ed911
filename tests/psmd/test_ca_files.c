/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_files.c - what the authority tells everybody, also when there is too
 * much to do. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "psmd/ca_files.h"
#include "psmd/server.h"
#include "tests/psmd/crl_house.h"

/* Of a house, whose engine lets one wait. */
static struct server server;

static int
set_up(void **state)
{
	struct house *h;

	house_set_up_ca(state);
	h = *state;
	engine_free(h->issuing.engine);
	h->issuing.engine = engine_new(h->dir, NULL, 1, h->why, sizeof h->why);
	assert_non_null(h->issuing.engine);
	server = (struct server){ .config = &h->config,
		                  .records = h->issuing.records,
		                  .engine = h->issuing.engine,
		                  .issuer = h->issuing.issuer,
		                  .ca_files = ca_files_new() };
	assert_non_null(server.ca_files);
	return 0;
}

static int
tear_down(void **state)
{
	ca_files_free(server.ca_files);
	return house_tear_down(state);
}

/* Its status, and whether its body begins so. */
static unsigned
ask(void (*handler)(const struct request *request, struct reply *reply),
    const char *method, const char *begins)
{
	const struct request request = { .server = &server, .method = method };
	struct reply reply = { 0 };
	unsigned status;
	bool good;

	handler(&request, &reply);
	status = reply.status;
	good = begins == NULL ||
	       (reply.n_pieces == 1 && reply.pieces[0].len > strlen(begins) &&
	        memcmp(reply.pieces[0].data, begins, strlen(begins)) == 0);
	reply_clear(&reply);
	return good ? status : 0;
}

static void
test_files_are_for_everybody(void **state)
{
	struct house *h = *state;

	assert_int_equal(ask(ca_crl_handler, "GET", NULL), 404);
	publish(h);
	assert_int_equal(ask(ca_crl_handler, "GET", "0"), 200);
	assert_int_equal(ask(ca_cert_handler, "GET", "0"), 200);
	assert_int_equal(ask(ca_chain_handler, "GET", "-----BEGIN CERT"), 200);
	assert_int_equal(ask(ca_chain_handler, "HEAD", NULL), 200);
	assert_int_equal(ask(ca_chain_handler, "POST", NULL), 405);
}

static void
test_file_of_no_authority_is_not_there(void **state)
{
	struct house *h = *state;

	h->config.ca = (char *)"none";
	assert_int_equal(ask(ca_cert_handler, "GET", NULL), 404);
	assert_int_equal(ask(ca_chain_handler, "GET", NULL), 404);
}

/* --- too much to do ------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
wait_for_lock(struct psm_ctx *ctx, void *arg)
{
	(void)ctx;
	__atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

static void *
call(void *arg)
{
	return engine_call(server.engine, wait_for_lock, arg) ? NULL : arg;
}

/* It is at work, and so many wait. */
static bool
comes_to(const bool *works, size_t n)
{
	enum { PATIENCE = 60000 }; /* ms */

	for (int i = 0; i < PATIENCE; i++) {
		if (__atomic_load_n(works, __ATOMIC_ACQUIRE) &&
		    engine_waiting(server.engine) == n)
			return true;
		usleep(1000);
	}
	return false;
}

/* No assertion before the lock is given back. */
static void
test_file_is_there_when_there_was_too_much_to_do(void **state)
{
	bool first = false, second = false, busy;
	pthread_t threads[2];
	unsigned cert, chain;

	(void)state;
	pthread_mutex_lock(&lock);
	busy = pthread_create(&threads[0], NULL, call, &first) == 0 &&
	       comes_to(&first, 0) &&
	       pthread_create(&threads[1], NULL, call, &second) == 0 &&
	       comes_to(&first, 1);
	cert = busy ? ask(ca_cert_handler, "GET", NULL) : 0;
	chain = busy ? ask(ca_chain_handler, "GET", NULL) : 0;
	pthread_mutex_unlock(&lock);
	assert_true(busy);
	assert_int_equal(pthread_join(threads[0], NULL), 0);
	assert_int_equal(pthread_join(threads[1], NULL), 0);
	assert_int_equal(cert, 503);
	assert_int_equal(chain, 503);
	assert_int_equal(ask(ca_cert_handler, "GET", "0"), 200);
	assert_int_equal(ask(ca_chain_handler, "GET", "-----BEGIN CERT"), 200);
}

int
main(void)
{
#define WITH_SERVER(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_files_are_for_everybody),
		WITH_SERVER(test_file_of_no_authority_is_not_there),
		WITH_SERVER(test_file_is_there_when_there_was_too_much_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

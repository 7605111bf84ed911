/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_auth_session.c - sessions, and logins of several at once. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/psmd/auth_world.h"

static const struct route page_route = {
	.path = "/page",
	.auth = ROUTE_SESSION,
};

/* --- sessions ------------------------------------------------------------ */

static void
handle(struct world *w, const char *method)
{
	const char *before = w->request.method;

	reply_clear(&w->reply);
	w->request.method = method;
	session_handler(&w->request, &w->reply);
	w->request.method = before;
}

static void
set_form(struct world *w, enum param_from from, const char *name,
         const char *password)
{
	params_clear(&w->params);
	w->params.max_value = 4096;
	w->params.max_count = 16;
	assert_true(params_append(&w->params, from, "name", 0, name,
	                          strlen(name)));
	assert_true(params_append(&w->params, from, "password", 0, password,
	                          strlen(password)));
}

/* A member of the answer, as text; "" when it is none. */
static void
get_member(const struct world *w, const char *name, char *buf, size_t size)
{
	json_t *value = json_loads(w->reply.body, 0, NULL);
	const char *text = json_string_value(json_object_get(value, name));

	snprintf(buf, size, "%s", text != NULL ? text : "");
	json_decref(value);
}

/* Log in as admin, and carry the cookie from now on. */
static void
begin_session(struct world *w, char cookie[128], char token[128])
{
	const char *set;

	set_form(w, PARAM_URLENCODED, "admin", "s3cret");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 200);
	set = answered(w, "Set-Cookie", 0);
	assert_non_null(set);
	snprintf(cookie, 128, "%.*s", (int)strcspn(set, ";"), set);
	get_member(w, "token", token, 128);
	set_header(w, "Cookie", cookie);
}

static bool
has_session(struct world *w)
{
	char account[64];

	handle(w, "GET");
	assert_int_equal(w->reply.status, 200);
	get_member(w, "account", account, sizeof account);
	return strcmp(account, "admin") == 0;
}

static void
test_session_cookie_is_strict(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	assert_int_equal(strlen(cookie), strlen("__Host-psm=") + 64);
	assert_non_null(strstr(answered(w, "Set-Cookie", 0),
	                       "; Path=/; HttpOnly; SameSite=Strict; Secure"));
	assert_string_equal(answered(w, "Cache-Control", 0), "no-store");
	assert_string_equal(audited, "admin 192.0.2.7 session.begin");
	assert_null(strstr(w->reply.body, cookie + strlen("__Host-psm=")));
	assert_true(has_session(w));
}

static void
test_session_opens_every_service(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	assert_int_equal(judge_for(w, &page_route), REFUSED_AUTHORIZATION);
	begin_session(w, cookie, token);
	assert_int_equal(judge(w), 0);
	assert_string_equal(w->request.account, "admin");
	assert_int_equal(judge_for(w, &page_route), 0);
	w->config.system.auth = AUTH_DIGEST;
	assert_int_equal(judge(w), 0);
}

static void
test_session_write_needs_the_token(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	w->request.method = "DELETE";
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_int_equal(judge_for(w, &page_route), REFUSED_AUTHORIZATION);
	set_header(w, "X-PSM-Token", "0");
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	set_header(w, "X-PSM-Token", token);
	assert_int_equal(judge(w), 0);
	handle(w, "DELETE");
	assert_int_equal(w->reply.status, 200);
	assert_non_null(strstr(answered(w, "Set-Cookie", 0), "Max-Age=0"));
	assert_string_equal(audited, "admin 192.0.2.7 session.end");
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
}

static void
test_session_delete_without_token_is_forbidden(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	handle(w, "DELETE");
	assert_int_equal(w->reply.status, 403);
	assert_true(has_session(w));
}

static void
test_session_of_tls_is_none_without(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128], plain[128];

	begin_session(w, cookie, token);
	snprintf(plain, sizeof plain, "psm=%s", strchr(cookie, '=') + 1);
	w->peer.tls = false;
	set_header(w, "Cookie", plain);
	assert_false(has_session(w));
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403); /* the service's transport */
	w->config.system.transport = TRANSPORT_BOTH;
	begin_session(w, cookie, token);
	assert_memory_equal(cookie, "psm=", 4);
	assert_null(strstr(answered(w, "Set-Cookie", 0), "Secure"));
	assert_true(has_session(w));
}

static void
test_session_cookie_variants(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128], value[400];

	begin_session(w, cookie, token);
	snprintf(value, sizeof value, "a=b; %s; x__Host-psm=1; c", cookie);
	set_header(w, "Cookie", value);
	assert_true(has_session(w));
	snprintf(value, sizeof value, "%s; %s", cookie, cookie);
	set_header(w, "Cookie", value);
	assert_false(has_session(w));
	cookie[strlen(cookie) - 1] ^= 1;
	set_header(w, "Cookie", cookie);
	assert_false(has_session(w));
	set_header(w, "Cookie", "__Host-psm=");
	assert_false(has_session(w));
	set_header(w, "Cookie", ";;; =;__Host-psm");
	assert_false(has_session(w));
}

static void
test_session_ends_in_time(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	for (later = 0; later < 12 * 3600; later += IDLE_SECONDS - 100)
		assert_true(has_session(w));
	later = 12 * 3600 + 1;
	assert_false(has_session(w));
	begin_session(w, cookie, token);
	later += IDLE_SECONDS + 1;
	assert_false(has_session(w));
}

static void
test_session_ends_with_a_change_but_not_a_lock(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];
	struct account a;

	begin_session(w, cookie, token);
	for (int i = 0; i < LOCK_AFTER; i++)
		auth_login(w->server.auth, "admin", "no", "192.0.2.8", &a);
	assert_true(has_session(w));
	a = get_account(w, "admin");
	assert_true(a.locked_until > time(NULL));
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_ENABLED), REC_OK);
	assert_false(has_session(w));
}

static void
test_session_login_ends_the_one_before(void **state)
{
	struct world *w = *state;
	char before[128], cookie[128], token[128];

	begin_session(w, before, token);
	begin_session(w, cookie, token);
	assert_string_not_equal(before, cookie);
	assert_true(has_session(w));
	set_header(w, "Cookie", before);
	assert_false(has_session(w));
}

static void
test_session_seventeenth_ends_the_first(void **state)
{
	struct world *w = *state;
	char first[128], cookie[128], token[128];

	begin_session(w, first, token);
	for (int i = 0; i < 15; i++) {
		no_headers(w);
		begin_session(w, cookie, token);
	}
	later = 1;
	set_header(w, "Cookie", cookie);
	assert_true(has_session(w));
	no_headers(w);
	begin_session(w, cookie, token);
	set_header(w, "Cookie", first);
	assert_false(has_session(w));
}

static void
test_session_wrong_login_does_not_tell_why(void **state)
{
	struct world *w = *state;
	char first[256];

	set_form(w, PARAM_URLENCODED, "admin", "no");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 401);
	assert_string_equal(w->reply.body, "{\"error\":\"loginFailed\"}");
	snprintf(first, sizeof first, "%s", w->reply.body);
	set_form(w, PARAM_URLENCODED, "nobody", "no");
	handle(w, "POST");
	assert_string_equal(w->reply.body, first);
	assert_null(answered(w, "Set-Cookie", 0));
	assert_null(answered(w, "WWW-Authenticate", 0));
}

static void
test_session_post_wants_form_and_own_site(void **state)
{
	struct world *w = *state;

	handle(w, "POST");
	assert_int_equal(w->reply.status, 400);
	set_form(w, PARAM_QUERY, "admin", "s3cret");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 400);
	set_form(w, PARAM_URLENCODED, "admin", "s3cret");
	set_header(w, "Host", "psm.example:8443");
	set_header(w, "Origin", "https://evil.example");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403);
	set_header(w, "Origin", "null");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403);
	set_header(w, "Origin", "https://PSM.example:8443");
	set_header(w, "Sec-Fetch-Site", "same-site");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403);
	set_header(w, "Sec-Fetch-Site", "same-origin");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 200);
	handle(w, "PUT");
	assert_int_equal(w->reply.status, 405);
	assert_string_equal(answered(w, "Allow", 0), "GET, HEAD, POST, DELETE");
}

/* --- all at once --------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 20 };

struct job {
	pthread_t thread;
	struct world world; /* its own request, the first one's server */
	int number, bad;
};

/* Without assertions, which belong to the first thread. */
static void *
ask_in_turn(void *arg)
{
	struct job *job = arg;
	struct world *w = &job->world;

	for (int i = 0; i < ROUNDS; i++) {
		set_basic(w, "admin:s3cret");
		job->bad += judge(w) != 0;
		no_headers(w);
		job->bad += judge(w) != REFUSED_AUTHORIZATION;
		set_form(w, PARAM_URLENCODED, "admin", "s3cret");
		handle(w, "POST");
		job->bad += w->reply.status != 200;
		handle(w, "GET");
		job->bad += w->reply.status != 200;
		snprintf(w->peer.address, sizeof w->peer.address,
		         "10.%d.0.%d", job->number, i);
		set_basic(w, "nobody:x");
		job->bad += judge(w) != REFUSED_AUTHORIZATION;
	}
	reply_clear(&w->reply);
	params_clear(&w->params);
	return NULL;
}

static void
test_threads_do_not_disturb_each_other(void **state)
{
	struct world *w = *state;
	struct job *jobs = calloc(THREADS, sizeof *jobs);

	assert_non_null(jobs);
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	verify_fails = true; /* of now on only what is remembered gets in */
	for (int i = 0; i < THREADS; i++) {
		jobs[i].number = i;
		jobs[i].world.config = w->config;
		jobs[i].world.server = w->server;
		world_request(&jobs[i].world);
		assert_int_equal(pthread_create(&jobs[i].thread, NULL,
		                                ask_in_turn, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
		assert_int_equal(jobs[i].bad, 0);
	}
	free(jobs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_session_cookie_is_strict),
		TEST(test_session_opens_every_service),
		TEST(test_session_write_needs_the_token),
		TEST(test_session_delete_without_token_is_forbidden),
		TEST(test_session_of_tls_is_none_without),
		TEST(test_session_cookie_variants),
		TEST(test_session_ends_in_time),
		TEST(test_session_ends_with_a_change_but_not_a_lock),
		TEST(test_session_login_ends_the_one_before),
		TEST(test_session_seventeenth_ends_the_first),
		TEST(test_session_wrong_login_does_not_tell_why),
		TEST(test_session_post_wants_form_and_own_site),
		TEST(test_threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests_name("auth by session", tests,
	                                   world_begin, world_end);
}

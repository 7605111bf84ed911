/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_http.c - a request's way through http.c, exchange.c, params.c, work.c
 * and route.c. The front, who asks and the handlers are this test's own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "psmd/api.h"
#include "psmd/auth.h"
#include "psmd/ca_files.h"
#include "psmd/http.h"
#include "psmd/log.h"
#include "psmd/metrics.h"
#include "psmd/page.h"
#include "psmd/pkcs12.h"
#include "psmd/products.h"
#include "tests/psmd/patience.h"

#define ANSWER_MAX (256 * 1024)

/* --- stand-ins ----------------------------------------------------------- */

static const struct peer somebody = { .address = "192.0.2.1" };
static sem_t entered, let_go; /* GET /session says it is there, and waits */

const struct peer *
front_peer_hold(struct front *front, int fd)
{
	(void)front;
	(void)fd;
	return &somebody;
}

void
front_peer_release(struct front *front, const struct peer *peer)
{
	(void)front;
	assert_ptr_equal(peer, &somebody);
}

void
front_stats(struct front *front, struct front_stats *ret_stats)
{
	(void)front;
	ret_stats->open = 3;
}

size_t
engine_waiting(struct engine *engine)
{
	(void)engine;
	return 0;
}

int
auth_check(struct auth *auth, const struct route *route,
           struct request *request, struct reply *reply)
{
	(void)auth;
	(void)reply;
	if (route->auth == ROUTE_SERVICE &&
	    request_header(request, "X-Nobody") != NULL)
		return REFUSED_AUTHORIZATION;
	return 0;
}

/* Says which parameters came, in order, and how. */
void
cert_user_handler(const struct request *request, struct reply *reply)
{
	json_t *list = json_array();

	for (size_t i = 0; i < request->params->n; i++) {
		const struct param *p = &request->params->list[i];

		json_array_append_new(
		        list, json_sprintf("%s=%zu%s%c", p->name, p->len,
		                           p->too_big ? "!" : "",
		                           "qum"[p->from]));
	}
	json_array_append_new(list, json_sprintf("body=%zu",
	                                         request->body_len));
	api_success(reply, list);
}

void
session_handler(const struct request *request, struct reply *reply)
{
	(void)request;
	sem_post(&entered);
	sem_wait(&let_go);
	reply_text(reply, 200, "text/plain", "let go\n");
}

void
page_handler(const struct request *request, struct reply *reply)
{
	(void)request;
	reply->status = 200;
	reply->fixed = "page";
	reply->body_len = 4;
}

/* Nobody asks these; were they not here, the linker would bring the real ones
 * with all that they need. */
#define NEVER_ASKED(name) \
	void name(const struct request *request, struct reply *reply) \
	{ \
		(void)request; \
		reply->status = 500; \
	}
#define NEVER_REFUSED(name) \
	void name(const struct request *request, int refusal, \
	          struct reply *reply) \
	{ \
		(void)request; \
		(void)refusal; \
		reply->status = 500; \
	}
#define SERVICE(name, which) \
	const struct service *name(const struct config *config) \
	{ \
		return &config->which; \
	}

NEVER_ASKED(orders_handler)
NEVER_ASKED(apply_handler)
NEVER_ASKED(collect_handler)
NEVER_ASKED(pkcs12_handler)
NEVER_ASKED(ca_crl_handler)
NEVER_ASKED(ca_cert_handler)
NEVER_ASKED(ca_chain_handler)
NEVER_REFUSED(apply_refuse)
NEVER_REFUSED(collect_refuse)
NEVER_REFUSED(pkcs12_refuse)
SERVICE(products_service, orders)
SERVICE(pkcs12_service, pkcs12)

/* --- the server under test ------------------------------------------------ */

struct house {
	struct config config;
	struct server server;
};

static int
set_up(void **state)
{
	struct house *house = calloc(1, sizeof *house);
	char why[200];

	assert_non_null(house);
	house->config = (struct config){ .workers = 1, .queue = 1,
		                         .connections = 100,
		                         .header_bytes = 8192,
		                         .body_bytes = 200 * 1024 };
	house->server.config = &house->config;
	house->server.metrics = metrics_new();
	house->server.http = http_new(&house->server, why, sizeof why);
	assert_non_null(house->server.http);
	assert_int_equal(sem_init(&entered, 0, 0), 0);
	assert_int_equal(sem_init(&let_go, 0, 0), 0);
	log_set_level(LOG_FAILED);
	*state = house;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *house = *state;

	for (int i = 0; i < 3; i++) /* whom a test that failed left waiting */
		sem_post(&let_go);
	http_free(house->server.http, 5);
	metrics_free(house->server.metrics);
	sem_destroy(&entered);
	sem_destroy(&let_go);
	free(house);
	return 0;
}

static int
connect_to(struct house *house)
{
	const struct sockaddr_in address = { .sin_family = AF_INET };
	int pair[2];

	assert_int_equal(
	        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_true(http_accept(pair[0], (const struct sockaddr *)&address,
	                        sizeof address, house->server.http));
	return pair[1];
}

static void
send_bytes(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* it has closed: what it said counts */
		bytes += n;
		len -= (size_t)n;
	}
}

/* All that comes until the end, or until enough has come: static text. */
static const char *
receive(int fd, const char *enough)
{
	static char answer[ANSWER_MAX];
	size_t len = 0;
	ssize_t n;

	answer[0] = '\0';
	while (enough == NULL || strstr(answer, enough) == NULL) {
		struct pollfd poll_fd = { fd, POLLIN, 0 };

		assert_true(poll(&poll_fd, 1, PATIENCE * 1000) > 0);
		n = recv(fd, answer + len, sizeof answer - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		answer[len] = '\0';
	}
	return answer;
}

static const char *
ask(struct house *house, const char *request)
{
	int fd = connect_to(house);
	const char *answer;

	send_bytes(fd, request, strlen(request));
	shutdown(fd, SHUT_WR);
	answer = receive(fd, NULL);
	close(fd);
	return answer;
}

/* head with the body's length and an end, then the body. */
static const char *
ask_with(struct house *house, const char *head, const char *body)
{
	size_t len = strlen(head) + strlen(body) + 64;
	char *request = malloc(len);
	const char *answer;

	assert_non_null(request);
	snprintf(request, len, "%sContent-Length: %zu\r\n\r\n%s", head,
	         strlen(body), body);
	answer = ask(house, request);
	free(request);
	return answer;
}

/* n times c. */
static const char *
repeat(char c, size_t n)
{
	static char text[ANSWER_MAX];

	assert_true(n < sizeof text);
	memset(text, c, n);
	text[n] = '\0';
	return text;
}

static void
assert_has(const char *answer, const char *what)
{
	if (strstr(answer, what) == NULL)
		fail_msg("no \"%s\" in:\n%s", what, answer);
}

static size_t
count(const char *answer, const char *what)
{
	size_t n = 0;

	for (; (answer = strstr(answer, what)) != NULL; answer++)
		n++;
	return n;
}

#define HOST "Host: a\r\n"
#define USER "PUT /api/cert/user HTTP/1.1\r\n" HOST
#define FORM USER "Content-Type: application/x-www-form-urlencoded\r\n"
#define MULTI USER "Content-Type: multipart/form-data; boundary=XX\r\n"
#define PART                                                              \
	"--XX\r\nContent-Disposition: form-data; name=\"blob-c\"\r\n\r\n"

/* --- parameters ------------------------------------------------------------ */

static void
test_query_values_come_decoded_and_in_order(void **state)
{
	const char *answer =
	        ask(*state, "GET /api/cert/user?b=%41+x&a&b= HTTP/1.1\r\n" HOST
	                    "Connection: close\r\n\r\n");

	assert_has(answer, "HTTP/1.1 200");
	assert_has(answer, "[\"b=3q\",\"a=0q\",\"b=0q\",\"body=0\"]");
	assert_has(answer, "Cache-Control: no-store");
}

static void
test_body_of_each_form_kind_is_read(void **state)
{
	assert_has(ask_with(*state, FORM, "x=1&blob-y=2"),
	           "[\"x=1u\",\"body=0\"]");
	assert_has(ask_with(*state, MULTI, PART "12345\r\n--XX--\r\n"),
	           "[\"blob-c=5m\",\"body=0\"]");
	assert_has(ask_with(*state, USER "Content-Type: application/json\r\n",
	                    "{\"a\":1}"),
	           "[\"body=7\"]");
}

static void
test_blob_by_query_is_no_parameter(void **state)
{
	assert_has(ask(*state, "GET /api/cert/user?blob-cert=x&y=1 HTTP/1.1\r\n"
	                       HOST "\r\n"),
	           "[\"y=1q\",\"body=0\"]");
}

static void
test_value_past_its_limit_is_marked_not_kept(void **state)
{
	static char body[ANSWER_MAX + 100];

	snprintf(body, sizeof body, PART "%s\r\n--XX--\r\n",
	         repeat('a', 65537));
	assert_has(ask_with(*state, MULTI, body), "!m\"");
	snprintf(body, sizeof body, PART "%s\r\n--XX--\r\n",
	         repeat('a', 65536));
	assert_has(ask_with(*state, MULTI, body), "\"blob-c=65536m\"");
}

static void
test_malformed_forms_are_refused(void **state)
{
	assert_has(ask_with(*state,
	                    USER "Content-Type: multipart/form-data\r\n",
	                    "abc"),
	           "HTTP/1.1 400");
	assert_has(ask_with(*state, MULTI, PART "1234"), "HTTP/1.1 400");
	assert_has(ask(*state, "GET /api/cert/user?a%00b=1 HTTP/1.1\r\n" HOST
	                       "\r\n"),
	           "HTTP/1.1 400");
}

static void
test_hundred_parameters_are_enough(void **state)
{
	char request[2000] = "GET /api/cert/user?";

	for (int i = 0; i < 101; i++)
		strcat(request, "a=1&");
	strcat(request, " HTTP/1.1\r\n" HOST "\r\n");
	assert_has(ask(*state, request), "HTTP/1.1 400");
}

/* --- framing ---------------------------------------------------------------- */

static void
test_doubtful_framing_ends_the_connection(void **state)
{
	static const char *const all[] = {
		USER "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "0\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
		USER "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
		     "GET / HTTP/1.1\r\n" HOST "\r\n",
		USER "Transfer-Encoding: gzip\r\n\r\nhello"
		     "GET / HTTP/1.1\r\n" HOST "\r\n",
		"GET /api/cert/user HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
		"GET / HTTP/1.1\r\n" HOST "\r\n",
		"GET /api/cert/user HTTP/1.1\r\n\r\n"
		"GET / HTTP/1.1\r\n" HOST "\r\n",
		"GET /api/cert/user HTTP/1.0\r\nConnection: keep-alive\r\n"
		"Host: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		const char *answer = ask(*state, all[i]);

		assert_has(answer, "HTTP/1.1 400");
		if (count(answer, "HTTP/1.1 ") != 1)
			fail_msg("two answers to:\n%s\n%s", all[i], answer);
	}
}

static void
test_requests_of_one_connection_are_answered_in_order(void **state)
{
	const char *answer =
	        ask(*state, "GET /api/cert/user?n=1 HTTP/1.1\r\n" HOST "\r\n"
	                    "GET / HTTP/1.1\r\n" HOST "\r\n"
	                    "GET /nowhere HTTP/1.1\r\n" HOST "\r\n");

	assert_int_equal(count(answer, "HTTP/1.1 "), 3);
	assert_true(strstr(answer, "n=1q") < strstr(answer, "page"));
	assert_true(strstr(answer, "page") < strstr(answer, "HTTP/1.1 404"));
}

static void
test_absolute_target_has_its_path(void **state)
{
	static const struct {
		const char *request, *answer;
	} all[] = {
		{ "GET http://a/api/none HTTP/1.1\r\n" HOST "\r\n",
		  "\"code\":2" },
		{ "GET HTTPS://a/api/none HTTP/1.1\r\n" HOST "\r\n",
		  "\"code\":2" },
		{ "GET http:///api/none HTTP/1.1\r\n" HOST "\r\n",
		  "\"code\":2" },
		{ "GET http://a HTTP/1.1\r\n" HOST "\r\n", "page" },
		{ "GET http:// HTTP/1.1\r\n" HOST "\r\n", "page" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_has(ask(*state, all[i].request), all[i].answer);
}

static void
test_paths_that_are_none_answer_in_their_manner(void **state)
{
	assert_has(ask(*state, "GET /api/nothing HTTP/1.1\r\n" HOST "\r\n"),
	           "\"code\":2");
	assert_has(ask(*state, "GET /api/cert/user/ HTTP/1.1\r\n" HOST "\r\n"),
	           "\"code\":2");
	assert_has(ask(*state, "GET /etc/../page HTTP/1.1\r\n" HOST "\r\n"),
	           "HTTP/1.1 404");
	assert_has(ask(*state, "GET /api/cert/user%00 HTTP/1.1\r\n" HOST
	                       "\r\n"),
	           "HTTP/1.1 400");
}

/* --- limits ------------------------------------------------------------------ */

static void
test_body_past_the_limit_is_too_big(void **state)
{
	assert_has(ask_with(*state, USER, repeat('a', 200 * 1024 + 1)),
	           "\"code\":13");
	assert_has(ask_with(*state, USER, repeat('a', 200 * 1024)),
	           "\"body=204800\"");
}

static void
test_body_within_a_large_limit_is_taken(void **state)
{
	struct house *house = *state;
	char head[200];
	int fd = connect_to(house);

	house->config.body_bytes = 20 << 20;
	snprintf(head, sizeof head, USER "Content-Length: %d\r\n\r\n",
	         17 << 20);
	send_bytes(fd, head, strlen(head));
	for (int i = 0; i < 17 * 8; i++)
		send_bytes(fd, repeat('a', 128 * 1024), 128 * 1024);
	assert_has(receive(fd, "}"), "\"body=17825792\"");
	close(fd);
}

static void
test_absurd_length_is_refused_before_its_body(void **state)
{
	assert_has(ask(*state, USER "Content-Length: 99999999999\r\n\r\n"),
	           "\"code\":13");
}

static void
test_who_may_not_ask_does_not_learn_what_is_wrong(void **state)
{
	assert_has(ask(*state, USER "X-Nobody: 1\r\nContent-Type: "
	                            "multipart/form-data\r\n"
	                            "Content-Length: 3\r\n\r\nabc"),
	           "\"code\":9");
}

#define SLOW "GET /session HTTP/1.1\r\n" HOST "\r\n"
#define PAGE "GET / HTTP/1.1\r\n" HOST "\r\n"

/* The connection of a request that keeps its worker until let_go. */
static int
ask_slowly(struct house *house)
{
	int fd = connect_to(house);

	send_bytes(fd, SLOW, strlen(SLOW));
	return fd;
}

/* Until a worker has begun another of the slow requests. */
static void
wait_for_worker(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	assert_int_equal(sem_timedwait(&entered, &until), 0);
}

static void
wait_for_queue(struct house *house, size_t n)
{
	assert_soon(http_waiting(house->server.http) == n);
}

/* The one worker works for fds[0]; fds[1] waits. */
static void
fill(struct house *house, int *fds)
{
	fds[0] = ask_slowly(house);
	wait_for_worker();
	fds[1] = ask_slowly(house);
	wait_for_queue(house, 1);
}

static void
test_full_queue_is_answered_busy_and_healthz_still(void **state)
{
	int fds[2];

	fill(*state, fds);
	assert_has(ask(*state, SLOW), "HTTP/1.1 503");
	assert_has(ask(*state, "GET /api/cert/user HTTP/1.1\r\n" HOST "\r\n"),
	           "Retry-After: 1");
	assert_has(ask(*state, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"),
	           "HTTP/1.1 503");
	assert_has(ask(*state, PAGE), "page");
	for (int i = 0; i < 2; i++) {
		sem_post(&let_go);
		assert_has(receive(fds[i], "let go"), "HTTP/1.1 200");
		close(fds[i]);
	}
	assert_has(ask(*state, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"),
	           "ok\n");
}

static void *
let_go_soon(void *arg)
{
	usleep(300 * 1000);
	sem_post(&let_go);
	return arg;
}

static void
test_end_waits_for_what_it_answers(void **state)
{
	struct house *house = *state;
	char why[200];
	pthread_t thread;
	int fd = ask_slowly(house);

	wait_for_worker();
	assert_int_equal(pthread_create(&thread, NULL, let_go_soon, NULL), 0);
	http_free(house->server.http, 10);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_has(receive(fd, "let go"), "Connection: close");
	close(fd);
	house->server.http = http_new(&house->server, why, sizeof why);
	assert_non_null(house->server.http);
}

struct late {
	struct house *house;
	int fd;
	bool is_told;    /* that the end has begun */
	bool is_refused; /* in the middle of its request */
};

/* The rest of a request, once the end has begun; the worker is busy until that
 * is answered. */
static void *
send_rest_and_let_go(void *arg)
{
	struct late *late = arg;

	for (int i = 0; i < PATIENCE * 100 && !late->is_told; i++) {
		late->is_told = strstr(ask(late->house, PAGE),
		                       "HTTP/1.1 503") != NULL;
		usleep(10 * 1000);
	}
	send_bytes(late->fd, "345", 3);
	late->is_refused = strstr(receive(late->fd, NULL), "HTTP/1.1 503") !=
	                   NULL;
	sem_post(&let_go);
	return NULL;
}

/* A worker is busy, so that the end takes its time; the rest of the other
 * request comes meanwhile. */
static void
test_end_refuses_what_arrives_too_late(void **state)
{
	static const char half[] = USER "Content-Length: 5\r\n\r\n12";
	struct house *house = *state;
	char why[200];
	pthread_t thread;
	struct late late = { house, connect_to(house), false, false };
	int slow = ask_slowly(house);

	send_bytes(late.fd, half, sizeof half - 1);
	wait_for_worker();
	assert_int_equal(pthread_create(&thread, NULL, send_rest_and_let_go,
	                                &late), 0);
	http_free(house->server.http, 0);
	house->server.http = http_new(&house->server, why, sizeof why);
	assert_non_null(house->server.http);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(late.is_told);
	assert_true(late.is_refused);
	assert_has(receive(slow, "let go"), "HTTP/1.1 200");
	close(slow);
	close(late.fd);
}

static void
test_stuck_workers_are_told_from_busy_ones(void **state)
{
	struct http *http = ((struct house *)*state)->server.http;
	int fds[2];

	fill(*state, fds);
	assert_true(http_moves(http)); /* one was begun */
	assert_false(http_moves(http));
	sem_post(&let_go);
	assert_has(receive(fds[0], "let go"), "HTTP/1.1 200");
	wait_for_worker();
	assert_true(http_moves(http));
	assert_true(http_moves(http)); /* nothing waits */
	sem_post(&let_go);
	assert_has(receive(fds[1], "let go"), "HTTP/1.1 200");
	close(fds[0]);
	close(fds[1]);
}

/* --- the log ------------------------------------------------------------------ */

/* What is logged of a request with this target: static text. */
static const char *
logged(struct house *house, const char *target)
{
	static char text[8192];
	char request[8192];
	int pair[2], before = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(pair), 0);
	assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
	log_set_level(LOG_DONE);
	snprintf(request, sizeof request,
	         "GET %s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
	         target);
	ask(house, request);
	n = read(pair[0], text, sizeof text - 1);
	log_set_level(LOG_FAILED);
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	close(before);
	close(pair[0]);
	close(pair[1]);
	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static void
test_log_has_the_path_as_it_came_without_its_query(void **state)
{
	const char *line = logged(*state, "/no%20status=200%0a?password=x");

	assert_has(line, " path=/no%20status=200%0a account=- ");
	assert_has(line, " status=404 ");
	assert_null(strstr(line, "password"));
}

static void
test_log_line_of_a_long_path_is_whole(void **state)
{
	char target[4001] = "/";

	memset(target + 1, 'a', sizeof target - 2);
	target[sizeof target - 1] = '\0';
	assert_has(logged(*state, target), "a account=- address=192.0.2.1 "
	                                   "status=404 ms=");
}

/* --- metrics ------------------------------------------------------------------ */

static void
test_metrics_are_for_this_machine_unless_public(void **state)
{
	static const char get[] = "GET /metrics HTTP/1.1\r\n" HOST "\r\n";
	struct house *house = *state;
	const char *answer;

	assert_has(ask(house, get), "HTTP/1.1 403");
	house->config.metrics_public = true;
	ask(house, "GET /api/cert/user HTTP/1.1\r\n" HOST "\r\n");
	answer = ask(house, get);
	assert_has(answer, "psmd_connections_open 3\n");
	assert_has(answer, "psmd_requests_total{route=\"/api/cert/user\","
	                   "class=\"2xx\"} 1\n");
	assert_has(answer, "le=\"+Inf\"} 1\n");
	assert_has(answer, "psmd_log_lines_lost_total 0\n");
}

static void
test_other_methods_of_a_plain_path_are_told_so(void **state)
{
	assert_has(ask(*state, "POST /healthz HTTP/1.1\r\n" HOST
	                       "Content-Length: 0\r\n\r\n"),
	           "HTTP/1.1 405");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_query_values_come_decoded_and_in_order),
		TEST(test_body_of_each_form_kind_is_read),
		TEST(test_blob_by_query_is_no_parameter),
		TEST(test_value_past_its_limit_is_marked_not_kept),
		TEST(test_malformed_forms_are_refused),
		TEST(test_hundred_parameters_are_enough),
		TEST(test_doubtful_framing_ends_the_connection),
		TEST(test_requests_of_one_connection_are_answered_in_order),
		TEST(test_absolute_target_has_its_path),
		TEST(test_paths_that_are_none_answer_in_their_manner),
		TEST(test_body_past_the_limit_is_too_big),
		TEST(test_body_within_a_large_limit_is_taken),
		TEST(test_absurd_length_is_refused_before_its_body),
		TEST(test_who_may_not_ask_does_not_learn_what_is_wrong),
		TEST(test_full_queue_is_answered_busy_and_healthz_still),
		TEST(test_end_waits_for_what_it_answers),
		TEST(test_end_refuses_what_arrives_too_late),
		TEST(test_stuck_workers_are_told_from_busy_ones),
		TEST(test_log_has_the_path_as_it_came_without_its_query),
		TEST(test_log_line_of_a_long_path_is_whole),
		TEST(test_metrics_are_for_this_machine_unless_public),
		TEST(test_other_methods_of_a_plain_path_are_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

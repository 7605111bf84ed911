/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_front.c - what comes before an HTTP server and goes through: requests,
 * the begin and the end of it all. */

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/psmd/front_site.h"
#include "tests/psmd/patience.h"

/* --- plain --------------------------------------------------------------- */

static void
test_front_plain_request_is_answered(void **state)
{
	struct site site;
	int fd;

	(void)state;
	site_begin_default(&site);
	fd = visit(site.plain);
	for (int i = 0; i < 3; i++) {
		say(fd, GET("/peer"));
		assert_has(hear_once(fd), "127.0.0.1 plain 0");
	}
	close(fd);
	wait_until_open(&site, 0);
	assert_int_equal(site_stats(&site).accepted, 1);
	site_end(&site);
}

static void
test_front_half_closed_client_still_gets_its_answer(void **state)
{
	struct site site;
	int fd;

	(void)state;
	site_begin_default(&site);
	fd = visit(site.plain);
	say(fd, GET("/wait"));
	shutdown(fd, SHUT_WR);
	assert_has(hear(fd), "hello");
	close(fd);
	wait_until_open(&site, 0);
	site_end(&site);
}

static void
test_front_server_that_refuses_early_is_heard(void **state)
{
	struct site site;

	(void)state;
	site_begin_default(&site);
	shell("head -c 20000000 /dev/zero >zero");
	for (int i = 0; i < 10; i++) {
		assert_has(shell("curl -sS -m 60 -H Expect: -T zero "
		                 "http://127.0.0.1:%d/refuse", site.plain),
		           "too big");
		assert_has(curl(&site, "-H Expect: -T zero", "/refuse"),
		           "too big");
	}
	wait_until_open(&site, 0);
	site_end(&site);
}

static void
test_front_same_descriptor_again_is_the_new_peer(void **state)
{
	struct site site;

	(void)state;
	site_begin_default(&site);
	for (int i = 0; i < 200; i++) {
		char from[16], expected[32];
		int fd;

		snprintf(from, sizeof from, "127.0.0.%d", i % 250 + 1);
		snprintf(expected, sizeof expected, "\n%s plain", from);
		fd = visit_from(from, site.plain);
		say(fd, GET("/peer"));
		assert_has(hear_once(fd), expected);
		close(fd);
	}
	assert_null(front_peer_hold(site.front, -1));
	assert_null(front_peer_hold(site.front, 1 << 20));
	site_end(&site);
}

/* --- the whole ----------------------------------------------------------- */

static void
test_front_end_lets_the_last_answer_out(void **state)
{
	struct site site;
	double from;
	int fd, idle;

	(void)state;
	site_begin_default(&site);
	idle = visit(site.tls);
	fd = visit(site.plain);
	say(fd, GET("/wait"));
	shutdown(fd, SHUT_WR); /* so the responder ends after it */
	wait_until_open(&site, 2);
	assert_soon(responder_waits() == 1);
	front_quiesce(site.front);
	from = now();
	site_end(&site); /* idle does not hold it up */
	assert_true(now() - from < PATIENCE);
	assert_has(hear(fd), "hello");
	close(fd);
	close(idle);
}

static void
test_front_quiet_front_accepts_no_more(void **state)
{
	struct site site;
	int fd, other;

	(void)state;
	site_begin_default(&site);
	fd = visit(site.plain);
	say(fd, GET("/"));
	assert_has(hear_once(fd), "hello");
	other = visit(site.plain);
	wait_until_open(&site, 2);
	front_quiesce(site.front);
	(void)send(other, GET("/"), sizeof GET("/") - 1, MSG_NOSIGNAL);
	assert_string_equal(hear(other), "");
	close(other);
	assert_int_equal(site.responder.n, 1);
	assert_has(shell("curl -sS http://127.0.0.1:%d/", site.plain),
	           "Failed to connect");
	say(fd, GET("/"));
	assert_has(hear_once(fd), "hello");
	close(fd);
	site_end(&site);
}

static void
test_front_reload_changes_what_comes_next(void **state)
{
	struct site site;
	char why[200] = "";

	(void)state;
	site_begin_default(&site);
	assert_has(s_client(&site, "-tls1_2"), "CN = server");
	site.config.server_cert[1] = 'x';
	assert_false(front_reload(site.front, &site.config, why, sizeof why));
	assert_has(why, "no server certificate \"#xerver\"");
	assert_has(s_client(&site, "-tls1_2"), "CN = server");
	free(site.config.server_cert);
	site.config.server_cert = strdup("#rsaserver");
	assert_true(front_reload(site.front, &site.config, why, sizeof why));
	assert_has(s_client(&site, "-tls1_2"), "CN = rsaserver");
	assert_has(curl(&site, "", "/peer"), "TLS1.3");
	site_end(&site);
}

static void
test_front_wrong_configuration_is_told(void **state)
{
	struct site site;
	char why[200] = "";

	(void)state;
	site_defaults(&site);
	free(site.config.server_cert);
	site.config.server_cert = strdup("ca");
	assert_null(front_new(&site.config, NULL, 0, why, sizeof why));
	assert_has(why, "no key for certificate \"ca\"");
	free(site.config.server_cert);
	site.config.server_cert = strdup("#server");
	free(site.listen[0].host);
	site.listen[0].host = strdup("192.0.2.1");
	assert_null(front_new(&site.config, NULL, 0, why, sizeof why));
	assert_has(why, "cannot listen on 192.0.2.1 port 0");
	free(site.listen[0].host);
	site.listen[0].host = strdup("127.0.0.1");
	site_begin(&site);
	site_end(&site);
}

static void
test_front_every_address_is_ipv4_and_ipv6(void **state)
{
	struct site site;
	char why[200] = "";

	(void)state;
	site_defaults(&site);
	free(site.listen[0].host);
	site.listen[0].host = NULL;
	site.config.n_listen = 1;
	site.front = front_new(&site.config, NULL, 0, why, sizeof why);
	assert_non_null(site.front);
	site.responder.front = site.front;
	assert_true(front_start(site.front, responder_accept,
	                        &site.responder));
	for (size_t i = 0; front_address(site.front, i) != NULL; i++) {
		bool six = front_address(site.front, i)[0] == '[';

		assert_has(shell("curl -sS 'http://%s:%d/peer'",
		                 six ? "[::1]" : "127.0.0.1",
		                 site_port(&site, i)),
		           six ? "::1 plain" : "127.0.0.1 plain");
	}
	site_end(&site);
}

static void
test_front_sockets_given_are_listened_on(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct site site;
	char why[200] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0), pipes[2];

	(void)state;
	site_defaults(&site);
	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	assert_int_equal(bind(fd, (void *)&at, sizeof at), 0);
	assert_null(front_new(&site.config, &fd, 1, why, sizeof why));
	assert_has(why, "is no TCP socket that listens");
	assert_int_equal(pipe(pipes), 0);
	assert_null(front_new(&site.config, pipes, 2, why, sizeof why));
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(listen(fd, 5), 0);
	site.front = front_new(&site.config, &fd, 1, why, sizeof why);
	assert_non_null(site.front);
	site.responder.front = site.front;
	assert_true(front_start(site.front, responder_accept,
	                        &site.responder));
	site.tls = site_port(&site, 0);
	assert_has(curl(&site, "", "/peer"), "127.0.0.1 TLS1.3");
	site_end(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front_plain_request_is_answered),
		cmocka_unit_test(
		        test_front_half_closed_client_still_gets_its_answer),
		cmocka_unit_test(test_front_server_that_refuses_early_is_heard),
		cmocka_unit_test(
		        test_front_same_descriptor_again_is_the_new_peer),
		cmocka_unit_test(test_front_end_lets_the_last_answer_out),
		cmocka_unit_test(test_front_quiet_front_accepts_no_more),
		cmocka_unit_test(test_front_reload_changes_what_comes_next),
		cmocka_unit_test(test_front_wrong_configuration_is_told),
		cmocka_unit_test(test_front_every_address_is_ipv4_and_ipv6),
		cmocka_unit_test(test_front_sockets_given_are_listened_on),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, site_make_files,
	                              site_remove_files);
}

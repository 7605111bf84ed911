/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_front_tls.c - TLS before an HTTP server, and client certificates. */

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

/* --- TLS ----------------------------------------------------------------- */

static void
test_front_tls_versions_are_spoken(void **state)
{
	struct site site;

	(void)state;
	site_begin_default(&site);
	assert_has(curl(&site, "--tls-max 1.2", "/peer"),
	           "127.0.0.1 TLS1.2 0\n");
	assert_has(curl(&site, "--tlsv1.3", "/peer"), "127.0.0.1 TLS1.3 0\n");
	assert_has(s_client(&site, "-tls1_1 -cipher ALL:@SECLEVEL=0"),
	           "alert");
	assert_has(s_client(&site, "-tls1_2 -cipher AES128-GCM-SHA256"),
	           "handshake failure");
	assert_has(s_client(&site,
	                    "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256"),
	           "handshake failure");
	site_end(&site);
}

static void
test_front_tls12_switched_off_is_refused(void **state)
{
	struct site site;

	(void)state;
	site_defaults(&site);
	site.config.tls12 = false;
	site_begin(&site);
	assert_has(curl(&site, "--tls-max 1.2", "/peer"), "curl: (35)");
	assert_has(curl(&site, "", "/peer"), "TLS1.3");
	assert_soon(site_stats(&site).tls_failed == 1);
	site_end(&site);
}

static void
test_front_only_http1_is_negotiated(void **state)
{
	struct site site;

	(void)state;
	site_begin_default(&site);
	assert_has(s_client(&site, "-alpn h2,http/1.1"),
	           "ALPN protocol: http/1.1");
	assert_has(s_client(&site, "-alpn h2"), "no application protocol");
	assert_has(s_client(&site, ""), "No ALPN negotiated");
	site_end(&site);
}

static void
test_front_plain_http_on_the_tls_port_is_told_so(void **state)
{
	struct site site;
	int fd;

	(void)state;
	site_begin_default(&site);
	fd = visit(site.tls);
	say(fd, GET("/"));
	assert_has(hear(fd), "HTTP/1.1 400 Bad Request");
	close(fd);
	assert_has(shell("curl -sS -m 9 http://127.0.0.1:%d/", site.tls),
	           "This port speaks TLS: use https.\n");
	assert_soon(site_stats(&site).tls_failed == 2);
	wait_until_open(&site, 0);
	site_end(&site);
}

static void
test_front_session_is_resumed(void **state)
{
	static const char *const versions[] = { "-tls1_2", "-tls1_3",
		                                "-tls1_2 -no_ticket" };
	struct site site;

	(void)state;
	site_begin_default(&site);
	for (size_t i = 0; i < 3; i++) {
		char options[80];

		snprintf(options, sizeof options, "%s -sess_out sess",
		         versions[i]);
		assert_has(s_client_says(&site, GET("/"), "hello", options),
		           "New, TLS");
		snprintf(options, sizeof options, "%s -sess_in sess",
		         versions[i]);
		assert_has(s_client_says(&site, GET("/"), "hello", options),
		           "Reused, TLS");
	}
	site_end(&site);
}

static void
test_front_renegotiation_is_refused(void **state)
{
	struct site site;

	(void)state;
	site_begin_default(&site);
	assert_has(s_client_says(&site, "R\n", "renegotiation", "-tls1_2"),
	           "no renegotiation");
	site_end(&site);
}

static void
test_front_big_answer_and_body_come_whole(void **state)
{
	struct site site;

	(void)state;
	site_begin_default(&site);
	shell("head -c 3000000 /dev/urandom >body");
	for (int i = 0; i < 3; i++) {
		assert_string_equal(curl(&site, "", "/big | tr -d x | wc -c"),
		                    "0\n");
		assert_string_equal(curl(&site, "", "/big | wc -c"),
		                    "8388608\n");
		assert_string_equal(curl(&site, "-H Expect: -T body", "/body"),
		                    "3000000\n");
	}
	assert_string_equal(curl(&site, "--limit-rate 4M", "/big | wc -c"),
	                    "8388608\n");
	site_end(&site);
}

static void
test_front_garbage_ends_the_connection(void **state)
{
	static const char *const garbage[] = {
		"\x16", "\x16\x03\x01\x7f\xff", "\x16\x03\x01\x01\x05garbage!",
		"\x16\x03\x01\x02\x01\x01\x01\xfe\xfc\x03\x03",
		"\x80\x2e\x01\x03\x01", "\x15\x03\x03\x02\x02\x28",
	};
	struct site site;

	(void)state;
	site_begin_default(&site);
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
		int fd = visit(site.tls);

		say(fd, garbage[i]);
		shutdown(fd, SHUT_WR);
		hear(fd);
		close(fd);
	}
	wait_until_open(&site, 0);
	assert_int_equal(site.responder.n, 0);
	assert_has(curl(&site, "", "/"), "hello");
	site_end(&site);
}

/* A reset, not an end. */
static void
hang_up(int fd)
{
	const struct linger none = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(fd);
}

static void
test_front_reset_in_each_state_is_forgotten(void **state)
{
	static const char *const sent[] = {
		"", "G", GET("/"), GET("/wait"), GET("/big"),
		GET("/refuse") GET("/"), GET("/") GET("/big") GET("/"),
		"\x16", "\x16\x03\x01\x02",
	};
	struct site site;

	(void)state;
	site_begin_default(&site);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
			int fd = visit(i % 2 ? site.tls : site.plain);
			int other = visit(site.plain);

			(void)send(fd, sent[i], strlen(sent[i]), MSG_NOSIGNAL);
			(void)send(other, sent[i], strlen(sent[i]),
			           MSG_NOSIGNAL);
			wait_ms(round % 4);
			hang_up(fd);
			hang_up(other);
		}
	}
	for (int i = 0; i < 5; i++)
		curl(&site, "-m 0.2 --limit-rate 1k", i % 2 ? "/big" : "/wait");
	wait_until_open(&site, 0);
	assert_has(curl(&site, "", "/"), "hello");
	site_end(&site);
}

/* --- client certificates ------------------------------------------------- */

static char *
with_cert(const char *name)
{
	static char text[200];

	snprintf(text, sizeof text, "--cert %s.pem --key %s.key", name, name);
	return text;
}

/* The size of the certificate is that of its DER. */
static void
assert_known(const struct site *site, const char *name, const char *version)
{
	char options[300], expected[80];

	snprintf(options, sizeof options, "%s %s", version, with_cert(name));
	snprintf(expected, sizeof expected, " %d\n",
	         atoi(shell("openssl x509 -in %s.pem -outform der | wc -c",
	                    name)));
	assert_has(curl(site, options, "/peer"), expected);
}

static void
assert_refused(const struct site *site, const char *name, const char *alert)
{
	char options[300];

	for (int v = 2; v <= 3; v++) {
		uint64_t before = site_stats(site).tls_failed;

		snprintf(options, sizeof options,
		         "-tls1_%d -cert %s.pem -key %s.key", v, name, name);
		assert_has(s_client_says(site, GET("/peer"), alert, options),
		           alert);
		assert_soon(site_stats(site).tls_failed == before + 1);
	}
}

static void
test_front_requested_certificate_is_verified(void **state)
{
	struct site site;

	(void)state;
	site_defaults(&site);
	site.config.client_cert = CLIENT_CERT_REQUEST;
	site_begin(&site);
	assert_has(curl(&site, "", "/peer"), "TLS1.3 0\n");
	assert_known(&site, "good", "--tls-max 1.2");
	assert_known(&site, "good", "--tlsv1.3");
	assert_refused(&site, "wrong", "unknown ca");
	assert_refused(&site, "expired", "certificate expired");
	assert_refused(&site, "notclient", "certificate unknown");
	/* or NSS would have read the whole database for them */
	assert_has(s_client(&site, "-tls1_2"),
	           "No client certificate CA names sent");
	site_end(&site);
}

static void
test_front_required_certificate_must_come(void **state)
{
	struct site site;

	(void)state;
	site_defaults(&site);
	site.config.client_cert = CLIENT_CERT_REQUIRE;
	site_begin(&site);
	assert_has(s_client_says(&site, GET("/peer"), "alert", "-tls1_3"),
	           "certificate required");
	assert_has(s_client_says(&site, GET("/peer"), "alert", "-tls1_2"),
	           "alert");
	assert_known(&site, "good", "--tls-max 1.2");
	assert_known(&site, "good", "--tlsv1.3");
	assert_int_equal(site.responder.n, 2);
	site_end(&site);
}

/* The authority "other" has no trust in the database, and "ca" has. */
static void
test_front_client_authority_is_the_only_one(void **state)
{
	static char other[] = "other";
	struct site site;

	(void)state;
	site_defaults(&site);
	site.config.client_cert = CLIENT_CERT_REQUIRE;
	site.config.client_ca = other;
	site_begin(&site);
	assert_known(&site, "wrong", "--tls-max 1.2");
	assert_known(&site, "wrong", "--tlsv1.3");
	assert_refused(&site, "good", "unknown ca");
	assert_has(s_client(&site, "-tls1_2"), "CA names\nCN = other");
	site_end(&site);
}

/* A session without a certificate is no way around a certificate. */
static void
test_front_old_session_does_not_replace_a_certificate(void **state)
{
	struct site site;
	char why[200];

	(void)state;
	site_begin_default(&site);
	for (int v = 2; v <= 3; v++) {
		char options[80];

		snprintf(options, sizeof options, "-tls1_%d -sess_out s%d", v,
		         v);
		assert_has(s_client_says(&site, GET("/"), "hello", options),
		           "hello");
	}
	site.config.client_cert = CLIENT_CERT_REQUIRE;
	assert_true(front_reload(site.front, &site.config, why, sizeof why));
	for (int v = 2; v <= 3; v++) {
		char options[80];

		snprintf(options, sizeof options, "-tls1_%d -sess_in s%d", v,
		         v);
		assert_has(s_client_says(&site, GET("/"), "alert", options),
		           "alert");
	}
	assert_int_equal(site.responder.n, 2);
	site_end(&site);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front_tls_versions_are_spoken),
		cmocka_unit_test(test_front_tls12_switched_off_is_refused),
		cmocka_unit_test(test_front_only_http1_is_negotiated),
		cmocka_unit_test(
		        test_front_plain_http_on_the_tls_port_is_told_so),
		cmocka_unit_test(test_front_session_is_resumed),
		cmocka_unit_test(test_front_renegotiation_is_refused),
		cmocka_unit_test(test_front_big_answer_and_body_come_whole),
		cmocka_unit_test(test_front_garbage_ends_the_connection),
		cmocka_unit_test(test_front_reset_in_each_state_is_forgotten),
		cmocka_unit_test(test_front_requested_certificate_is_verified),
		cmocka_unit_test(test_front_required_certificate_must_come),
		cmocka_unit_test(test_front_client_authority_is_the_only_one),
		cmocka_unit_test(
		        test_front_old_session_does_not_replace_a_certificate),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, site_make_files,
	                              site_remove_files);
}

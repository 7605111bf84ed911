/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_front.c - TLS and limits before an HTTP server, by openssl, curl and
 * bare sockets. */

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <nss.h>

#include "psmd/front_int.h"
#include "tests/psmd/responder.h"

static char dir[] = "/tmp/front-XXXXXX";

/* --- a front before a responder ------------------------------------------ */

struct site {
	struct config config;
	struct listen_address listen[2];
	struct responder responder;
	struct front *front;
	int plain, tls; /* ports */
};

static int
port_of(const struct site *site, size_t i)
{
	const char *name = front_address(site->front, i);

	assert_non_null(name);
	return atoi(strrchr(name, ':') + 1);
}

static void
defaults(struct site *site)
{
	char host[] = "127.0.0.1", port[] = "0";

	memset(site, 0, sizeof *site);
	site->listen[0] = (struct listen_address){ strdup(host), strdup(port),
		                                   false };
	site->listen[1] = (struct listen_address){ strdup(host), strdup(port),
		                                   true };
	site->config = (struct config){
		.listen = site->listen,
		.n_listen = 2,
		.server_cert = strdup("#server"),
		.tls12 = true,
		.connections = 2000,
		.connections_per_address = 2000,
		.request_seconds = 10,
		.idle_seconds = 10,
		.handshake_seconds = 10,
	};
}

static void
begin(struct site *site)
{
	char why[200] = "";

	site->front = front_new(&site->config, NULL, 0, why, sizeof why);
	if (site->front == NULL)
		fail_msg("front_new: %s", why);
	site->responder.front = site->front;
	site->plain = port_of(site, 0);
	site->tls = port_of(site, 1);
	assert_null(front_address(site->front, 2));
	assert_true(front_start(site->front, responder_accept,
	                        &site->responder));
}

static void
end(struct site *site)
{
	front_free(site->front);
	responder_wait();
	for (int i = 0; i < 2; i++) {
		free(site->listen[i].host);
		free(site->listen[i].port);
	}
	free(site->config.server_cert);
}

/* With the defaults. */
static void
begin_default(struct site *site)
{
	defaults(site);
	begin(site);
}

static struct front_stats
stats(const struct site *site)
{
	struct front_stats got;

	front_stats(site->front, &got);
	return got;
}

static void
wait_ms(long ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
wait_until_open(const struct site *site, uint64_t n)
{
	for (int i = 0; i < 500 && stats(site).open != n; i++)
		wait_ms(10);
	assert_int_equal(stats(site).open, n);
}

/* --- clients ------------------------------------------------------------- */

/* Run it in dir; what it wrote, up to 64 KiB. */
static const char *
shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *
shell(const char *format, ...)
{
	static char out[65536];
	char command[2048];
	int n = snprintf(command, sizeof command, "cd %s && exec 2>&1; ", dir);
	FILE *pipe;
	va_list ap;

	va_start(ap, format);
	vsnprintf(command + n, sizeof command - (size_t)n, format, ap);
	va_end(ap);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	out[fread(out, 1, sizeof out - 1, pipe)] = '\0';
	pclose(pipe);
	return out;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

static int
visit_from(const char *from, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port) };
	struct sockaddr_in source = { .sin_family = AF_INET };
	const struct timeval patience = { 10, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	inet_pton(AF_INET, from, &source.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof source),
	                 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static int
visit(int port)
{
	return visit_from("127.0.0.1", port);
}

static void
say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* All that comes until the end, up to 4 KiB. */
static const char *
hear(int fd)
{
	static char text[4096];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof text - 1 &&
	       (n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

/* One answer, that comes in one piece. */
static const char *
hear_once(int fd)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static const char *
curl(const struct site *site, const char *options, const char *path)
{
	return shell("curl -sS -m 20 --cacert ca.pem %s "
	             "https://127.0.0.1:%d%s", options, site->tls, path);
}

static const char *
s_client(const struct site *site, const char *input, const char *options)
{
	return shell("(printf '%s'; sleep 0.3) | timeout 20 openssl s_client "
	             "-connect 127.0.0.1:%d -CAfile ca.pem %s", input,
	             site->tls, options);
}

/* --- plain --------------------------------------------------------------- */

static void
test_front_plain_request_is_answered(void **state)
{
	struct site site;
	int fd;

	(void)state;
	begin_default(&site);
	fd = visit(site.plain);
	for (int i = 0; i < 3; i++) {
		say(fd, GET("/peer"));
		assert_has(hear_once(fd), "127.0.0.1 plain 0");
	}
	close(fd);
	wait_until_open(&site, 0);
	assert_int_equal(stats(&site).accepted, 1);
	end(&site);
}

static void
test_front_half_closed_client_still_gets_its_answer(void **state)
{
	struct site site;
	int fd;

	(void)state;
	begin_default(&site);
	fd = visit(site.plain);
	say(fd, GET("/wait"));
	shutdown(fd, SHUT_WR);
	assert_has(hear(fd), "hello");
	close(fd);
	wait_until_open(&site, 0);
	end(&site);
}

static void
test_front_server_that_refuses_early_is_heard(void **state)
{
	struct site site;

	(void)state;
	begin_default(&site);
	shell("head -c 20000000 /dev/zero >zero");
	for (int i = 0; i < 10; i++) {
		assert_has(shell("curl -sS -m 20 -H Expect: -T zero "
		                 "http://127.0.0.1:%d/refuse", site.plain),
		           "too big");
		assert_has(curl(&site, "-H Expect: -T zero", "/refuse"),
		           "too big");
	}
	wait_until_open(&site, 0);
	end(&site);
}

static void
test_front_same_descriptor_again_is_the_new_peer(void **state)
{
	struct site site;

	(void)state;
	begin_default(&site);
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
	end(&site);
}

/* --- TLS ----------------------------------------------------------------- */

static void
test_front_tls_versions_are_spoken(void **state)
{
	struct site site;

	(void)state;
	begin_default(&site);
	assert_has(curl(&site, "--tls-max 1.2", "/peer"),
	           "127.0.0.1 TLS1.2 0\n");
	assert_has(curl(&site, "--tlsv1.3", "/peer"), "127.0.0.1 TLS1.3 0\n");
	assert_has(s_client(&site, "", "-tls1_1 -cipher ALL:@SECLEVEL=0"),
	           "alert");
	assert_has(s_client(&site, "", "-tls1_2 -cipher AES128-GCM-SHA256"),
	           "handshake failure");
	assert_has(s_client(&site, "",
	                    "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256"),
	           "handshake failure");
	end(&site);
}

static void
test_front_tls12_switched_off_is_refused(void **state)
{
	struct site site;

	(void)state;
	defaults(&site);
	site.config.tls12 = false;
	begin(&site);
	assert_has(curl(&site, "--tls-max 1.2", "/peer"), "curl: (35)");
	assert_has(curl(&site, "", "/peer"), "TLS1.3");
	assert_int_equal(stats(&site).tls_failed, 1);
	end(&site);
}

static void
test_front_only_http1_is_negotiated(void **state)
{
	struct site site;

	(void)state;
	begin_default(&site);
	assert_has(s_client(&site, "", "-alpn h2,http/1.1"),
	           "ALPN protocol: http/1.1");
	assert_has(s_client(&site, "", "-alpn h2"), "no application protocol");
	assert_has(s_client(&site, "", ""), "No ALPN negotiated");
	end(&site);
}

static void
test_front_plain_http_on_the_tls_port_is_told_so(void **state)
{
	struct site site;
	int fd;

	(void)state;
	begin_default(&site);
	fd = visit(site.tls);
	say(fd, GET("/"));
	assert_has(hear(fd), "HTTP/1.1 400 Bad Request");
	close(fd);
	assert_has(shell("curl -sS -m 9 http://127.0.0.1:%d/", site.tls),
	           "This port speaks TLS: use https.\n");
	assert_int_equal(stats(&site).tls_failed, 2);
	wait_until_open(&site, 0);
	end(&site);
}

static void
test_front_session_is_resumed(void **state)
{
	static const char *const versions[] = { "-tls1_2", "-tls1_3",
		                                "-tls1_2 -no_ticket" };
	struct site site;

	(void)state;
	begin_default(&site);
	for (size_t i = 0; i < 3; i++) {
		char options[80];

		snprintf(options, sizeof options, "%s -sess_out sess",
		         versions[i]);
		assert_has(s_client(&site, GET("/"), options), "New, TLS");
		snprintf(options, sizeof options, "%s -sess_in sess",
		         versions[i]);
		assert_has(s_client(&site, GET("/"), options), "Reused, TLS");
	}
	end(&site);
}

static void
test_front_renegotiation_is_refused(void **state)
{
	struct site site;

	(void)state;
	begin_default(&site);
	assert_has(s_client(&site, "R\\n", "-tls1_2"), "no renegotiation");
	end(&site);
}

static void
test_front_big_answer_and_body_come_whole(void **state)
{
	struct site site;

	(void)state;
	begin_default(&site);
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
	end(&site);
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
	begin_default(&site);
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
	end(&site);
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
		GET("/refuse") GET("/"), GET("/") GET("/big") GET("/"), "\x16", "\x16\x03\x01\x02",
	};
	struct site site;

	(void)state;
	begin_default(&site);
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
	end(&site);
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
		uint64_t before = stats(site).tls_failed;

		snprintf(options, sizeof options,
		         "-tls1_%d -cert %s.pem -key %s.key", v, name, name);
		assert_has(s_client(site, GET("/peer"), options), alert);
		assert_int_equal(stats(site).tls_failed, before + 1);
	}
}

static void
test_front_requested_certificate_is_verified(void **state)
{
	struct site site;

	(void)state;
	defaults(&site);
	site.config.client_cert = CLIENT_CERT_REQUEST;
	begin(&site);
	assert_has(curl(&site, "", "/peer"), "TLS1.3 0\n");
	assert_known(&site, "good", "--tls-max 1.2");
	assert_known(&site, "good", "--tlsv1.3");
	assert_refused(&site, "wrong", "unknown ca");
	assert_refused(&site, "expired", "certificate expired");
	assert_refused(&site, "notclient", "certificate unknown");
	/* or NSS would have read the whole database for them */
	assert_has(s_client(&site, "", "-tls1_2"),
	           "No client certificate CA names sent");
	end(&site);
}

static void
test_front_required_certificate_must_come(void **state)
{
	struct site site;

	(void)state;
	defaults(&site);
	site.config.client_cert = CLIENT_CERT_REQUIRE;
	begin(&site);
	assert_has(s_client(&site, GET("/peer"), "-tls1_3"),
	           "certificate required");
	assert_has(s_client(&site, GET("/peer"), "-tls1_2"), "alert");
	assert_known(&site, "good", "--tls-max 1.2");
	assert_known(&site, "good", "--tlsv1.3");
	assert_int_equal(site.responder.n, 2);
	end(&site);
}

/* The authority "other" has no trust in the database, and "ca" has. */
static void
test_front_client_authority_is_the_only_one(void **state)
{
	static char other[] = "other";
	struct site site;

	(void)state;
	defaults(&site);
	site.config.client_cert = CLIENT_CERT_REQUIRE;
	site.config.client_ca = other;
	begin(&site);
	assert_known(&site, "wrong", "--tls-max 1.2");
	assert_known(&site, "wrong", "--tlsv1.3");
	assert_refused(&site, "good", "unknown ca");
	assert_has(s_client(&site, "", "-tls1_2 | grep -A1 ^Acceptable"),
	           "CA names\nCN = other");
	end(&site);
}

/* A session without a certificate is no way around a certificate. */
static void
test_front_old_session_does_not_replace_a_certificate(void **state)
{
	struct site site;
	char why[200];

	(void)state;
	begin_default(&site);
	for (int v = 2; v <= 3; v++) {
		char options[80];

		snprintf(options, sizeof options, "-tls1_%d -sess_out s%d", v,
		         v);
		assert_has(s_client(&site, GET("/"), options), "hello");
	}
	site.config.client_cert = CLIENT_CERT_REQUIRE;
	assert_true(front_reload(site.front, &site.config, why, sizeof why));
	for (int v = 2; v <= 3; v++) {
		char options[80];

		snprintf(options, sizeof options, "-tls1_%d -sess_in s%d", v,
		         v);
		assert_has(s_client(&site, GET("/"), options), "alert");
	}
	assert_int_equal(site.responder.n, 2);
	end(&site);
}

/* --- time ---------------------------------------------------------------- */

/* The connection is ended by the other side between 0.8 and 3 seconds on. */
static void
assert_timed_out(const struct site *site, int fd, double from)
{
	uint64_t before = stats(site).timed_out;

	hear(fd);
	assert_true(now() - from > 0.8 && now() - from < 3);
	close(fd);
	wait_until_open(site, 0);
	assert_true(stats(site).timed_out > 0 && before <= 1);
}

static void
test_front_stalled_handshake_times_out(void **state)
{
	static const char *const starts[] = { "", "\x16", "\x16\x03\x01\x02" };
	struct site site;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		double from;
		int fd;

		defaults(&site);
		site.config.handshake_seconds = 1;
		begin(&site);
		from = now();
		fd = visit(site.tls);
		say(fd, starts[i]);
		assert_timed_out(&site, fd, from);
		end(&site);
	}
}

static void
test_front_idle_connection_times_out(void **state)
{
	struct site site;
	double from;
	int fd;

	(void)state;
	defaults(&site);
	site.config.idle_seconds = 1;
	begin(&site);
	fd = visit(site.plain);
	say(fd, GET("/"));
	assert_has(hear_once(fd), "hello");
	wait_ms(700);
	say(fd, GET("/"));
	assert_has(hear_once(fd), "hello");
	from = now();
	assert_timed_out(&site, fd, from);
	from = now();
	assert_timed_out(&site, visit(site.plain), from);
	end(&site);
}

static void
test_front_slow_request_times_out(void **state)
{
	struct site site;
	double from;
	int fd;

	(void)state;
	defaults(&site);
	site.config.request_seconds = 1;
	begin(&site);
	fd = visit(site.plain);
	from = now();
	while (recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT) != 0) {
		(void)send(fd, "G", 1, MSG_NOSIGNAL);
		wait_ms(100);
		assert_true(now() - from < 2);
	}
	assert_true(now() - from > 0.8);
	close(fd);
	wait_until_open(&site, 0);
	assert_int_equal(stats(&site).timed_out, 1);
	end(&site);
}

static void
test_front_slow_reader_times_out(void **state)
{
	struct site site;
	int fd, small = 4096;

	(void)state;
	defaults(&site);
	site.config.request_seconds = 1;
	begin(&site);
	fd = visit(site.plain);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say(fd, GET("/big"));
	wait_until_open(&site, 1);
	wait_until_open(&site, 0);
	assert_int_equal(stats(&site).timed_out, 1);
	close(fd);
	end(&site);
}

static void
test_front_steady_reader_is_let_read(void **state)
{
	struct site site;

	(void)state;
	defaults(&site);
	site.config.request_seconds = 1;
	begin(&site);
	assert_string_equal(curl(&site, "--limit-rate 2M", "/big | wc -c"),
	                    "8388608\n");
	assert_int_equal(stats(&site).timed_out, 0);
	end(&site);
}

/* --- numbers ------------------------------------------------------------- */

static void
test_front_address_has_only_its_number(void **state)
{
	struct site site;
	int fd[4];

	(void)state;
	defaults(&site);
	site.config.connections_per_address = 3;
	begin(&site);
	for (int i = 0; i < 3; i++)
		fd[i] = visit(site.plain);
	wait_until_open(&site, 3);
	fd[3] = visit(site.plain);
	assert_has(hear(fd[3]), "HTTP/1.1 503");
	close(fd[3]);
	assert_int_equal(stats(&site).refused_limit, 1);
	fd[3] = visit_from("127.0.0.2", site.plain);
	say(fd[3], GET("/"));
	assert_has(hear_once(fd[3]), "hello");
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	wait_until_open(&site, 0);
	end(&site);
}

static void
test_front_full_waits_until_there_is_room(void **state)
{
	struct site site;
	char why[200];
	int fd[3];

	(void)state;
	defaults(&site);
	site.config.connections = 2;
	begin(&site);
	site.config.connections = 3; /* that is for the next start */
	assert_true(front_reload(site.front, &site.config, why, sizeof why));
	for (int i = 0; i < 3; i++)
		fd[i] = visit(site.plain);
	wait_until_open(&site, 2);
	say(fd[2], GET("/"));
	wait_ms(300);
	assert_int_equal(recv(fd[2], &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	close(fd[0]);
	assert_has(hear_once(fd[2]), "hello");
	close(fd[1]);
	close(fd[2]);
	wait_until_open(&site, 0);
	end(&site);
}

static struct address_key
key_of(int family, const char *text)
{
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *in = (void *)&address;
	struct sockaddr_in6 *in6 = (void *)&address;

	assert_int_equal(inet_pton(family, text,
	                           family == AF_INET
	                                   ? (void *)&in->sin_addr
	                                   : (void *)&in6->sin6_addr),
	                 1);
	return address_key(&address);
}

static void
test_front_ipv6_network_counts_as_one_address(void **state)
{
	struct address_key one = key_of(AF_INET6, "2001:db8:0:7::1");
	struct address_key near = key_of(AF_INET6, "2001:db8:0:7:ffff::2");
	struct address_key far = key_of(AF_INET6, "2001:db8:0:8::1");
	struct address_key four = key_of(AF_INET, "192.0.2.1");
	struct address_key mapped = key_of(AF_INET6, "::ffff:192.0.2.1");
	struct address_key beside = key_of(AF_INET6, "::ffff:192.0.2.2");
	struct addresses *addresses = addresses_new();

	(void)state;
	assert_non_null(addresses);
	assert_true(addresses_add(addresses, &one, 1));
	assert_false(addresses_add(addresses, &near, 1));
	assert_true(addresses_add(addresses, &far, 1));
	assert_true(addresses_add(addresses, &four, 1));
	assert_false(addresses_add(addresses, &mapped, 1));
	assert_true(addresses_add(addresses, &beside, 1));
	addresses_remove(addresses, &one);
	assert_true(addresses_add(addresses, &near, 1));
	addresses_free(addresses);
}

/* Descriptors run out: no spinning, and it goes on later. */
static void
test_front_without_descriptors_waits(void **state)
{
	struct rlimit before, none;
	struct site site;
	clock_t cpu;
	int fd;

	(void)state;
	begin_default(&site);
	fd = visit(site.plain);
	wait_until_open(&site, 1);
	close(fd);
	wait_until_open(&site, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = (rlim_t)fd;
	setrlimit(RLIMIT_NOFILE, &none);
	{
		struct sockaddr_in to = { .sin_family = AF_INET,
			                  .sin_port = htons(
			                          (uint16_t)site.plain) };

		inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
		assert_int_equal(connect(fd, (void *)&to, sizeof to), 0);
	}
	say(fd, GET("/"));
	cpu = clock();
	wait_ms(500);
	assert_true(clock() - cpu < CLOCKS_PER_SEC / 10);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_has(hear_once(fd), "hello");
	close(fd);
	end(&site);
}

static long
status_number(const char *field)
{
	char line[200];
	long value = -1;
	FILE *f = fopen("/proc/self/status", "r");

	assert_non_null(f);
	while (value < 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, field, strlen(field)) == 0)
			value = atol(line + strlen(field));
	fclose(f);
	return value;
}

static int
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* One thread for all: connections, not responders, are counted here. */
struct echo {
	int fds[2000];
	unsigned n;
	pthread_mutex_t lock;
	bool end;
};

static bool
count_quietly(int fd, const struct sockaddr *address, socklen_t len, void *arg)
{
	struct echo *echo = arg;

	(void)address;
	(void)len;
	pthread_mutex_lock(&echo->lock);
	echo->fds[echo->n++] = fd;
	pthread_mutex_unlock(&echo->lock);
	return true;
}

/* Answer whatever comes; 1 ms of sleep a round is good enough. */
static void *
answer_all(void *arg)
{
	static const char answer[] =
	        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct echo *echo = arg;
	char buf[1000];

	while (!__atomic_load_n(&echo->end, __ATOMIC_SEQ_CST)) {
		pthread_mutex_lock(&echo->lock);
		for (unsigned i = 0; i < echo->n; i++) {
			ssize_t n = echo->fds[i] < 0
			                    ? -1
			                    : recv(echo->fds[i], buf,
			                           sizeof buf, MSG_DONTWAIT);

			if (n > 0) {
				(void)send(echo->fds[i], answer,
				           sizeof answer - 1, MSG_NOSIGNAL);
			} else if (n == 0) {
				close(echo->fds[i]);
				echo->fds[i] = -1;
			}
		}
		pthread_mutex_unlock(&echo->lock);
		wait_ms(1);
	}
	return NULL;
}

/* tls_clients, with both ends of it. */
struct clients {
	pid_t pid;
	int in, out;
};

static void
clients_start(struct clients *clients, int port, const char *n)
{
	const char *program = getenv("TLS_CLIENTS");
	int in[2], out[2];
	char text[8];

	if (program == NULL)
		program = "tests/psmd/tls_clients";
	snprintf(text, sizeof text, "%d", port);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	clients->pid = fork();
	assert_true(clients->pid >= 0);
	if (clients->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(program, program, "idle", text, n, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	clients->in = in[1];
	clients->out = out[0];
	assert_int_equal(read(clients->out, text, sizeof text), 6); /* ready */
}

static void
clients_end(struct clients *clients)
{
	int status;

	close(clients->in);
	assert_int_equal(waitpid(clients->pid, &status, 0), clients->pid);
	assert_int_equal(status, 0);
	close(clients->out);
}

static void
test_front_thousand_idle_connections_cost_little(void **state)
{
	static struct echo echo = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct clients clients;
	struct site site;
	char why[200];
	long kb, threads;
	pthread_t thread;
	int fds;

	(void)state;
	defaults(&site);
	site.config.request_seconds = site.config.idle_seconds = 120;
	site.front = front_new(&site.config, NULL, 0, why, sizeof why);
	assert_non_null(site.front);
	assert_true(front_start(site.front, count_quietly, &echo));
	assert_int_equal(pthread_create(&thread, NULL, answer_all, &echo), 0);
	kb = status_number("VmRSS:");
	fds = count_fds();
	threads = status_number("Threads:");
	clients_start(&clients, port_of(&site, 1), "1000");
	assert_int_equal(stats(&site).open, 1000);
	assert_int_equal(status_number("Threads:"), threads);
	print_message("an idle TLS connection: %ld KiB, %d descriptors\n",
	              (status_number("VmRSS:") - kb) / 1000,
	              (count_fds() - fds) / 1000);
	clients_end(&clients);
	wait_until_open(&site, 0);
	wait_ms(100);
	assert_true(count_fds() <= fds);
	end(&site);
	__atomic_store_n(&echo.end, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

/* --- the whole ----------------------------------------------------------- */

static void
test_front_end_lets_the_last_answer_out(void **state)
{
	struct site site;
	double from;
	int fd, idle;

	(void)state;
	begin_default(&site);
	idle = visit(site.tls);
	fd = visit(site.plain);
	say(fd, GET("/wait"));
	shutdown(fd, SHUT_WR); /* so the responder ends after it */
	wait_until_open(&site, 2);
	wait_ms(100);
	front_quiesce(site.front);
	from = now();
	end(&site);
	assert_true(now() - from < 2.5);
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
	begin_default(&site);
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
	end(&site);
}

static void
test_front_reload_changes_what_comes_next(void **state)
{
	struct site site;
	char why[200] = "";

	(void)state;
	begin_default(&site);
	assert_has(s_client(&site, "", "-tls1_2"), "CN = server");
	site.config.server_cert[1] = 'x';
	assert_false(front_reload(site.front, &site.config, why, sizeof why));
	assert_has(why, "no server certificate \"#xerver\"");
	assert_has(s_client(&site, "", "-tls1_2"), "CN = server");
	free(site.config.server_cert);
	site.config.server_cert = strdup("#rsaserver");
	assert_true(front_reload(site.front, &site.config, why, sizeof why));
	assert_has(s_client(&site, "", "-tls1_2"), "CN = rsaserver");
	assert_has(curl(&site, "", "/peer"), "TLS1.3");
	end(&site);
}

static void
test_front_wrong_configuration_is_told(void **state)
{
	struct site site;
	char why[200] = "";

	(void)state;
	defaults(&site);
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
	begin(&site);
	end(&site);
}

static void
test_front_every_address_is_ipv4_and_ipv6(void **state)
{
	struct site site;
	char why[200] = "";

	(void)state;
	defaults(&site);
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
		                 port_of(&site, i)),
		           six ? "::1 plain" : "127.0.0.1 plain");
	}
	end(&site);
}

static void
test_front_sockets_given_are_listened_on(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct site site;
	char why[200] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0), pipes[2];

	(void)state;
	defaults(&site);
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
	site.tls = port_of(&site, 0);
	assert_has(curl(&site, "", "/peer"), "127.0.0.1 TLS1.3");
	end(&site);
}

/* --- --------------------------------------------------------------------- */

static int
make_fixture(void **state)
{
	const char *srcdir = getenv("top_srcdir");
	char command[300];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(command, sizeof command, "%s/tests/psmd/front-fixture.sh %s",
	         srcdir != NULL ? srcdir : ".", dir);
	if (system(command) != 0)
		return -1;
	snprintf(command, sizeof command, "sql:%s/db", dir);
	return NSS_Init(command) == SECSuccess ? 0 : -1;
}

/* NSS ends only when nothing of it is held any more. */
static int
remove_fixture(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return NSS_Shutdown() == SECSuccess && system(command) == 0 ? 0 : -1;
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
		cmocka_unit_test(test_front_stalled_handshake_times_out),
		cmocka_unit_test(test_front_idle_connection_times_out),
		cmocka_unit_test(test_front_slow_request_times_out),
		cmocka_unit_test(test_front_slow_reader_times_out),
		cmocka_unit_test(test_front_steady_reader_is_let_read),
		cmocka_unit_test(test_front_address_has_only_its_number),
		cmocka_unit_test(test_front_full_waits_until_there_is_room),
		cmocka_unit_test(test_front_ipv6_network_counts_as_one_address),
		cmocka_unit_test(test_front_without_descriptors_waits),
		cmocka_unit_test(
		        test_front_thousand_idle_connections_cost_little),
		cmocka_unit_test(test_front_end_lets_the_last_answer_out),
		cmocka_unit_test(test_front_quiet_front_accepts_no_more),
		cmocka_unit_test(test_front_reload_changes_what_comes_next),
		cmocka_unit_test(test_front_wrong_configuration_is_told),
		cmocka_unit_test(test_front_every_address_is_ipv4_and_ipv6),
		cmocka_unit_test(test_front_sockets_given_are_listened_on),
	};

	const struct rlimit many = { 8192, 8192 };

	signal(SIGPIPE, SIG_IGN);
	if (setrlimit(RLIMIT_NOFILE, &many) != 0)
		return 77; /* not allowed as many as it takes */
	return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}

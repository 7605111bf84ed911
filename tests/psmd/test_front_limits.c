/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_front_limits.c - how long a client may take, and how many may come. */

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/psmd/front_site.h"
#include "tests/psmd/patience.h"

/* --- time ---------------------------------------------------------------- */

/* The connection, on which something was said at from or later, is ended by the
 * other side, after a second; it is the nth. */
static void
assert_timed_out(const struct site *site, int fd, double from, uint64_t n)
{
	hear(fd);
	assert_true(now() - from > 0.8);
	assert_soon(site_stats(site).timed_out == n);
	close(fd);
	wait_until_open(site, 0);
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

		site_defaults(&site);
		site.config.handshake_seconds = 1;
		site_begin(&site);
		from = now();
		fd = visit(site.tls);
		say(fd, starts[i]);
		assert_timed_out(&site, fd, from, 1);
		site_end(&site);
	}
}

/* A connection that was answered some 0.7 seconds ago. */
static int
visit_and_pause(const struct site *site)
{
	for (int tries = 0; tries < PATIENCE; tries++) {
		int fd = visit(site->plain);
		double from;

		say(fd, GET("/"));
		assert_has(hear_once(fd), "hello");
		from = now();
		wait_ms(700);
		if (now() - from < 0.9)
			return fd;
		close(fd); /* it may be ended by now */
	}
	fail_msg("each pause took too long");
	return -1;
}

static void
test_front_idle_connection_times_out(void **state)
{
	struct site site;
	double from;
	uint64_t n;
	int fd;

	(void)state;
	site_defaults(&site);
	site.config.idle_seconds = 1;
	site_begin(&site);
	fd = visit_and_pause(&site);
	n = site_stats(&site).timed_out;
	from = now();
	say(fd, GET("/"));
	assert_has(hear_once(fd), "hello");
	assert_timed_out(&site, fd, from, n + 1);
	from = now();
	assert_timed_out(&site, visit(site.plain), from, n + 2);
	site_end(&site);
}

static void
test_front_slow_request_times_out(void **state)
{
	struct site site;
	double from;
	int fd;

	(void)state;
	site_defaults(&site);
	site.config.request_seconds = 1;
	site_begin(&site);
	fd = visit(site.plain);
	from = now();
	while (recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN) {
		(void)send(fd, "G", 1, MSG_NOSIGNAL);
		wait_ms(100);
		assert_true(now() - from < PATIENCE);
	}
	assert_true(now() - from > 0.8);
	close(fd);
	wait_until_open(&site, 0);
	assert_soon(site_stats(&site).timed_out == 1);
	site_end(&site);
}

static void
test_front_slow_reader_times_out(void **state)
{
	struct site site;
	int fd, small = 4096;

	(void)state;
	site_defaults(&site);
	site.config.request_seconds = 1;
	site_begin(&site);
	fd = visit(site.plain);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	say(fd, GET("/big"));
	assert_soon(site_stats(&site).timed_out == 1);
	wait_until_open(&site, 0);
	close(fd);
	site_end(&site);
}

static void
test_front_steady_reader_is_let_read(void **state)
{
	struct site site;

	(void)state;
	site_defaults(&site);
	site.config.request_seconds = 2; /* it takes four */
	site_begin(&site);
	assert_string_equal(curl(&site, "--limit-rate 2M", "/big | wc -c"),
	                    "8388608\n");
	assert_int_equal(site_stats(&site).timed_out, 0);
	site_end(&site);
}

/* --- numbers ------------------------------------------------------------- */

static void
test_front_address_has_only_its_number(void **state)
{
	struct site site;
	int fd[4];

	(void)state;
	site_defaults(&site);
	site.config.connections_per_address = 3;
	site_begin(&site);
	for (int i = 0; i < 3; i++)
		fd[i] = visit(site.plain);
	wait_until_open(&site, 3);
	fd[3] = visit(site.plain);
	assert_has(hear(fd[3]), "HTTP/1.1 503");
	close(fd[3]);
	assert_int_equal(site_stats(&site).refused_limit, 1);
	fd[3] = visit_from("127.0.0.2", site.plain);
	say(fd[3], GET("/"));
	assert_has(hear_once(fd[3]), "hello");
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	wait_until_open(&site, 0);
	site_end(&site);
}

static void
test_front_full_waits_until_there_is_room(void **state)
{
	struct site site;
	char why[200];
	int fd[3];

	(void)state;
	site_defaults(&site);
	site.config.connections = 2;
	site_begin(&site);
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
	site_end(&site);
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
	site_begin_default(&site);
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
	site_end(&site);
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

/* As many requests as fit into size bytes, and a byte that begins none. */
static void
send_requests_and_nonsense(int fd, size_t size)
{
	static const char one[] = GET("/");
	const int room = 1 << 20;
	char *text = malloc(size + sizeof one);
	size_t len = 0;

	assert_non_null(text);
	for (; len < size; len += sizeof one - 1)
		memcpy(text + len, one, sizeof one);
	text[len++] = '\x01';
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	(void)send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(text);
}

/* For one of these sizes the HTTP server, which takes nothing, has all but the
 * end of it. */
static void
test_front_nonsense_behind_what_nobody_takes_times_out(void **state)
{
	enum { N = 64, STEP = 4096 };
	static struct echo echo = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct site site;
	char why[200];
	int fd[N];

	(void)state;
	site_defaults(&site);
	site.config.request_seconds = 1;
	site.front = front_new(&site.config, NULL, 0, why, sizeof why);
	assert_non_null(site.front);
	assert_true(front_start(site.front, count_quietly, &echo));
	for (size_t i = 0; i < N; i++) {
		fd[i] = visit(site_port(&site, 0));
		send_requests_and_nonsense(fd[i], (i + 1) * STEP);
	}
	assert_soon(site_stats(&site).timed_out == N);
	wait_until_open(&site, 0);
	for (size_t i = 0; i < N; i++)
		close(fd[i]);
	site_end(&site);
	while (echo.n > 0)
		close(echo.fds[--echo.n]);
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
	site_defaults(&site);
	site.config.request_seconds = site.config.idle_seconds = 120;
	site.front = front_new(&site.config, NULL, 0, why, sizeof why);
	assert_non_null(site.front);
	assert_true(front_start(site.front, count_quietly, &echo));
	assert_int_equal(pthread_create(&thread, NULL, answer_all, &echo), 0);
	kb = status_number("VmRSS:");
	fds = count_fds();
	threads = status_number("Threads:");
	clients_start(&clients, site_port(&site, 1), "1000");
	assert_int_equal(site_stats(&site).open, 1000);
	assert_int_equal(status_number("Threads:"), threads);
	print_message("an idle TLS connection: %ld KiB, %d descriptors\n",
	              (status_number("VmRSS:") - kb) / 1000,
	              (count_fds() - fds) / 1000);
	clients_end(&clients);
	wait_until_open(&site, 0);
	assert_soon(count_fds() <= fds);
	site_end(&site);
	__atomic_store_n(&echo.end, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		        test_front_nonsense_behind_what_nobody_takes_times_out),
		cmocka_unit_test(
		        test_front_thousand_idle_connections_cost_little),
	};
	const struct rlimit many = { 8192, 8192 };

	signal(SIGPIPE, SIG_IGN);
	if (setrlimit(RLIMIT_NOFILE, &many) != 0)
		return 77; /* not allowed as many as it takes */
	return cmocka_run_group_tests(tests, site_make_files,
	                              site_remove_files);
}

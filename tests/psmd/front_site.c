/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_site.c - a front, and its clients, for the tests of front.h. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <nss.h>

#include "tests/psmd/front_site.h"
#include "tests/psmd/patience.h"

static char dir[] = "/tmp/front-XXXXXX";

int
site_port(const struct site *site, size_t i)
{
	const char *name = front_address(site->front, i);

	assert_non_null(name);
	return atoi(strrchr(name, ':') + 1);
}

void
site_defaults(struct site *site)
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
		.request_seconds = 2 * PATIENCE,
		.idle_seconds = 2 * PATIENCE,
		.handshake_seconds = 2 * PATIENCE,
	};
}

void
site_begin(struct site *site)
{
	char why[200] = "";

	site->front = front_new(&site->config, NULL, 0, why, sizeof why);
	if (site->front == NULL)
		fail_msg("front_new: %s", why);
	site->responder.front = site->front;
	site->plain = site_port(site, 0);
	site->tls = site_port(site, 1);
	assert_null(front_address(site->front, 2));
	assert_true(front_start(site->front, responder_accept,
	                        &site->responder));
}

void
site_end(struct site *site)
{
	front_free(site->front);
	responder_wait();
	for (int i = 0; i < 2; i++) {
		free(site->listen[i].host);
		free(site->listen[i].port);
	}
	free(site->config.server_cert);
}

void
site_begin_default(struct site *site)
{
	site_defaults(site);
	site_begin(site);
}

struct front_stats
site_stats(const struct site *site)
{
	struct front_stats got;

	front_stats(site->front, &got);
	return got;
}

void
wait_ms(long ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
wait_until_open(const struct site *site, uint64_t n)
{
	assert_soon(site_stats(site).open == n);
}

/* What the command says; its input ends when until is in that, or it ends. */
static const char *
run(const char *command, int input, const char *until)
{
	static char out[65536];
	FILE *pipe = popen(command, "r");
	size_t len = 0;
	ssize_t n;

	assert_non_null(pipe);
	while ((n = read(fileno(pipe), out + len, sizeof out - 1 - len)) > 0) {
		len += (size_t)n;
		out[len] = '\0';
		if (input >= 0 && strstr(out, until) != NULL) {
			close(input);
			input = -1;
		}
	}
	out[len] = '\0';
	if (input >= 0)
		close(input);
	pclose(pipe);
	return out;
}

const char *
shell(const char *format, ...)
{
	char command[2048];
	int n = snprintf(command, sizeof command, "cd %s && exec 2>&1; ", dir);
	va_list ap;

	va_start(ap, format);
	vsnprintf(command + n, sizeof command - (size_t)n, format, ap);
	va_end(ap);
	return run(command, -1, "");
}

void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, text);
}

int
visit_from(const char *from, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port) };
	struct sockaddr_in source = { .sin_family = AF_INET };
	const struct timeval patience = { PATIENCE, 0 };
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

int
visit(int port)
{
	return visit_from("127.0.0.1", port);
}

void
say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

const char *
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

const char *
hear_once(int fd)
{
	static char text[4096];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

const char *
curl(const struct site *site, const char *options, const char *path)
{
	return shell("curl -sS -m 60 --cacert ca.pem %s "
	             "https://127.0.0.1:%d%s", options, site->tls, path);
}

const char *
s_client(const struct site *site, const char *options)
{
	return shell("timeout 60 openssl s_client -connect 127.0.0.1:%d "
	             "-CAfile ca.pem </dev/null %s", site->tls, options);
}

const char *
s_client_says(const struct site *site, const char *input, const char *until,
              const char *options)
{
	char command[512], path[64];
	int fd;

	snprintf(path, sizeof path, "%s/input", dir);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, input, strlen(input)), strlen(input));
	snprintf(command, sizeof command,
	         "cd %s && exec 2>&1; timeout 60 openssl s_client "
	         "-connect 127.0.0.1:%d -CAfile ca.pem <input %s", dir,
	         site->tls, options);
	return run(command, fd, until);
}

int
site_make_files(void **state)
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

int
site_remove_files(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return NSS_Shutdown() == SECSuccess && system(command) == 0 ? 0 : -1;
}

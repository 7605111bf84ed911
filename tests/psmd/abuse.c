/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* abuse.c - clients that mean no good, of an HTTP server on 127.0.0.1.
 *
 *   abuse table PORT        each hostile request of abuse_rows.c, on a
 *                           connection of its own: a line for each
 *   abuse hold PORT KIND N  N clients of a kind, see below; says "ready", ends
 *                           with its input, and tells how many were closed
 *   abuse outlast PORT KIND N M
 *                           the same, until M of them were closed
 *   abuse reset PORT N      half a request and a reset, N times
 *   abuse talk PORT         standard input to the server, its answers to
 *                           standard output
 */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/psmd/abuse.h"

enum {
	ANSWER_MAX = 1 << 20,
	PATIENCE_MS = 60000, /* then a server hangs */
	PAUSE_MS = 700       /* then it waits for more */
};

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "abuse: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* --- a connection --------------------------------------------------------- */

static int
visit(in_port_t port, int receive_buffer)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons(port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0, "socket");
	must(receive_buffer == 0 ||
	             setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
	                        sizeof receive_buffer) == 0,
	     "SO_RCVBUF");
	must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
	return fd;
}

/* The server may close at any time: then the rest goes nowhere. */
static void
say(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static bool
is_ready(int fd, short events, int ms)
{
	struct pollfd one = { .fd = fd, .events = events };

	return poll(&one, 1, ms) > 0;
}

/* --- answers -------------------------------------------------------------- */

struct heard {
	char *text; /* NUL after it */
	size_t len;
	bool ended; /* by the server */
};

/* Read until the server ends, or says nothing for so long. */
static void
listen_to(int fd, struct heard *heard, int ms)
{
	while (heard->len < ANSWER_MAX && is_ready(fd, POLLIN, ms)) {
		ssize_t n = recv(fd, heard->text + heard->len,
		                 ANSWER_MAX - heard->len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			heard->ended = true;
			break;
		}
		heard->len += (size_t)n;
	}
	heard->text[heard->len] = '\0';
}

/* All is said first: so a server that stops reading has to close. */
static void
converse(in_port_t port, const char *bytes, size_t len, int pause_ms,
         struct heard *heard)
{
	int fd = visit(port, 0);

	say(fd, bytes, len);
	listen_to(fd, heard, pause_ms);
	(void)shutdown(fd, SHUT_WR); /* may be gone */
	if (!heard->ended)
		listen_to(fd, heard, PATIENCE_MS);
	close(fd);
}

/* What a header field says, within one answer's head. */
static const char *
field(const char *head, const char *end, const char *name)
{
	for (const char *at = head; at < end; at++) {
		at = strchr(at, '\n');
		if (at == NULL || at >= end)
			return NULL;
		if (strncasecmp(at + 1, name, strlen(name)) == 0)
			return at + 1 + strlen(name);
	}
	return NULL;
}

struct answers {
	int n, first; /* how many, and the first one's status */
	const char *body; /* of the first */
	bool mangled;
};

/* Interim answers (100) are none. */
static struct answers
count_answers(const char *text, bool to_head)
{
	struct answers answers = { 0 };

	while (*text != '\0') {
		const char *end = strstr(text, "\r\n\r\n"), *length;
		int status;

		if (end == NULL ||
		    sscanf(text, "HTTP/1.%*1[01] %3d", &status) != 1) {
			answers.mangled = true;
			return answers;
		}
		length = field(text, end, "Content-Length:");
		text = end + 4;
		if (status / 100 == 1)
			continue;
		if (answers.n++ == 0) {
			answers.first = status;
			answers.body = text;
		}
		if (length == NULL || to_head)
			continue;
		if (strlen(text) < strtoul(length, NULL, 10)) {
			answers.mangled = true;
			return answers;
		}
		text += strtoul(length, NULL, 10);
	}
	return answers;
}

static bool
is_failure(const struct answers *answers)
{
	const char *success;

	if (answers->n == 0 || answers->first >= 400)
		return true;
	success = strstr(answers->body, "\"success\":");
	return success != NULL && strspn(success + 10, " ") < 2 &&
	       strncmp(success + 10 + strspn(success + 10, " "), "false", 5) ==
	               0;
}

static bool
is_as_wanted(const struct answers *answers, enum want want)
{
	switch (want) {
	case REFUSED:
		return answers->n == 0 || answers->first >= 400;
	case FAILED:
		return is_failure(answers);
	case GRANTED:
		return answers->first == 200;
	default:
		return true;
	}
}

/* --- the table ------------------------------------------------------------ */

static bool
is_alive(in_port_t port)
{
	static const char ask[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n"
	                          "Connection: close\r\n\r\n";
	struct heard heard = { .text = malloc(ANSWER_MAX + 1) };
	bool alive;

	must(heard.text != NULL, "malloc");
	converse(port, ask, sizeof ask - 1, PATIENCE_MS, &heard);
	alive = count_answers(heard.text, false).first == 200;
	free(heard.text);
	return alive;
}

static bool
try_row(in_port_t port, const struct row *row)
{
	struct heard heard = { .text = malloc(ANSWER_MAX + 1) };
	struct answers answers;
	size_t len;
	char *bytes = row_bytes(row, &len);
	bool good;

	must(heard.text != NULL && bytes != NULL, "malloc");
	converse(port, bytes, len,
	         row->want == GRANTED ? PATIENCE_MS : PAUSE_MS, &heard);
	answers = count_answers(heard.text, strncmp(bytes, "HEAD", 4) == 0);
	good = heard.ended && !answers.mangled && answers.n <= 1 &&
	       strlen(heard.text) == heard.len &&
	       strstr(heard.text, "root:") == NULL &&
	       is_as_wanted(&answers, row->want);
	printf("%s - %s\n", good ? "ok" : "not ok", row->name);
	if (!good)
		printf("#   %d answers, the first %d%s%s\n%.400s\n", answers.n,
		       answers.first, heard.ended ? "" : ", never ended",
		       answers.mangled ? ", mangled" : "", heard.text);
	free(bytes);
	free(heard.text);
	return good;
}

static int
try_table(in_port_t port)
{
	int bad = 0;

	for (size_t i = 0; i < n_rows; i++) {
		bad += !try_row(port, &rows[i]);
		if (is_alive(port))
			continue;
		printf("not ok - no /healthz after: %s\n", rows[i].name);
		return 1;
	}
	return bad > 0;
}

/* --- many at once --------------------------------------------------------- */

struct kind {
	const char *name;
	const char *first; /* said at once */
	const char *drip;  /* a byte of it each second, again and again */
	unsigned times;    /* that first is said */
	int receive_buffer;
};

#define HOST "Host: x\r\n"

static const struct kind kinds[] = {
	{ "idle", "", NULL, 1, 0 },
	{ "asked", "GET /healthz HTTP/1.1\r\n" HOST "\r\n", NULL, 1, 0 },
	{ "line", "", "GET /healthz?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1, 0 },
	{ "header", "GET /healthz HTTP/1.1\r\n" HOST, "X-Slow: a\r\n", 1, 0 },
	{ "body", "PUT /api/cert/user HTTP/1.1\r\n" HOST
	          "Content-Type: multipart/form-data; boundary=b\r\n"
	          "Content-Length: 60000\r\n\r\n", "--b\r\n", 1, 0 },
	{ "chunk", "PUT /api/cert/user HTTP/1.1\r\n" HOST
	           "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", 1, 0 },
	{ "reader", "GET /page/app.js HTTP/1.1\r\n" HOST "\r\n", NULL, 200,
	  2048 },
	{ "record", "\x16\x03\x01", NULL, 1, 0 },
	{ "hello", "\x16\x03\x01\x40", "\x01", 1, 0 },
};

static const struct kind *
find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	fprintf(stderr, "abuse: no kind \"%s\"\n", name);
	exit(2);
}

/* Never waits: a server that takes no more has had enough. */
static void
begin(int fd, const struct kind *kind)
{
	for (unsigned i = 0; i < kind->times; i++)
		if (send(fd, kind->first, strlen(kind->first),
		         MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return;
}

static void
drip(const int *fds, unsigned n, const struct kind *kind, unsigned second)
{
	if (kind->drip == NULL)
		return;
	for (unsigned i = 0; i < n; i++)
		(void)!send(fds[i], kind->drip + second % strlen(kind->drip),
		            1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Who reads everything sees the end behind it; a slow reader only an error. */
static bool
is_closed(int fd)
{
	char buf[4096];
	ssize_t n;

	do
		n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static int *
visit_often(in_port_t port, const struct kind *kind, unsigned n)
{
	int *fds = calloc(n, sizeof *fds);

	must(fds != NULL, "calloc");
	for (unsigned i = 0; i < n; i++) {
		fds[i] = visit(port, kind->receive_buffer);
		begin(fds[i], kind);
	}
	return fds;
}

static unsigned
count_closed(const int *fds, unsigned n)
{
	unsigned closed = 0;

	for (unsigned i = 0; i < n; i++)
		closed += is_closed(fds[i]);
	return closed;
}

static void
leave(int *fds, unsigned n)
{
	printf("%u closed\n", count_closed(fds, n));
	for (unsigned i = 0; i < n; i++)
		close(fds[i]);
	free(fds);
}

static void
hold(in_port_t port, const struct kind *kind, unsigned n)
{
	int *fds = visit_often(port, kind, n);
	unsigned second = 0;
	char c;

	puts("ready");
	fflush(stdout);
	while (!is_ready(STDIN_FILENO, POLLIN, 1000) ||
	       read(STDIN_FILENO, &c, 1) > 0)
		drip(fds, n, kind, second++);
	leave(fds, n);
}

/* In time: whoever is not closed then will not be. */
static void
outlast(in_port_t port, const struct kind *kind, unsigned n, unsigned wanted)
{
	int *fds = visit_often(port, kind, n);

	for (unsigned second = 0; second < PATIENCE_MS / 1000 &&
	                          count_closed(fds, n) < wanted; second++) {
		drip(fds, n, kind, second);
		(void)poll(NULL, 0, 1000);
	}
	leave(fds, n);
}

static void
reset(in_port_t port, unsigned n)
{
	static const char half[] = "PUT /api/cert/user HTTP/1.1\r\n" HOST
	                           "Content-Length: 10\r\n\r\nhalf";
	struct linger now = { .l_onoff = 1 };

	for (unsigned i = 0; i < n; i++) {
		int fd = visit(port, 0);

		say(fd, half, (size_t)i % sizeof half);
		must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) ==
		             0, "SO_LINGER");
		close(fd);
	}
}

static void
talk(in_port_t port)
{
	struct heard heard = { .text = malloc(ANSWER_MAX + 1) };
	char *bytes = malloc(ANSWER_MAX);
	size_t len;

	must(heard.text != NULL && bytes != NULL, "malloc");
	len = fread(bytes, 1, ANSWER_MAX, stdin);
	converse(port, bytes, len, PAUSE_MS, &heard);
	must(fwrite(heard.text, 1, heard.len, stdout) == heard.len, "fwrite");
	free(bytes);
	free(heard.text);
}

/* As many descriptors as there may be. */
static void
raise_limit(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

int
main(int argc, char **argv)
{
	in_port_t port = argc > 2 ? (in_port_t)atoi(argv[2]) : 0;
	unsigned n = argc > 3 ? (unsigned)atoi(argv[argc - 1]) : 0;

	raise_limit();
	if (argc == 3 && strcmp(argv[1], "table") == 0)
		return try_table(port);
	if (argc == 3 && strcmp(argv[1], "talk") == 0)
		talk(port);
	else if (argc == 5 && strcmp(argv[1], "hold") == 0)
		hold(port, find_kind(argv[3]), n);
	else if (argc == 6 && strcmp(argv[1], "outlast") == 0)
		outlast(port, find_kind(argv[3]), (unsigned)atoi(argv[4]), n);
	else if (argc == 4 && strcmp(argv[1], "reset") == 0)
		reset(port, n);
	else {
		fprintf(stderr, "usage: abuse table|talk PORT\n"
		                "       abuse hold PORT KIND N\n"
		                "       abuse outlast PORT KIND N M\n"
		                "       abuse reset PORT N\n");
		return 2;
	}
	return 0;
}

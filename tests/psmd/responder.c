/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* responder.c - an HTTP server of a few lines. */

#include "tests/psmd/responder.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_MAX = 16384 };

struct visit {
	struct front *front;
	int fd;
	char head[HEAD_MAX];
	size_t len;        /* bytes in head, and perhaps beyond its end */
	char *end;         /* of the request's head */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned open, waiting;
} visits = { .lock = PTHREAD_MUTEX_INITIALIZER,
	     .done = PTHREAD_COND_INITIALIZER };

static ssize_t
read_some(int fd, char *buf, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (poll(&wait, 1, -1) < 0)
		return -1;
	return recv(fd, buf, size, 0);
}

static bool
write_all(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		struct pollfd wait = { .fd = fd, .events = POLLOUT };
		ssize_t n;

		if (poll(&wait, 1, -1) < 0)
			return false;
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
read_head(struct visit *visit)
{
	for (;;) {
		ssize_t n;

		visit->head[visit->len] = '\0';
		visit->end = strstr(visit->head, "\r\n\r\n");
		if (visit->end != NULL)
			break;
		if (visit->len == HEAD_MAX - 1)
			return false;
		n = read_some(visit->fd, visit->head + visit->len,
		              HEAD_MAX - 1 - visit->len);
		if (n <= 0)
			return false;
		visit->len += (size_t)n;
	}
	visit->end += 4;
	return true;
}

static bool
answer(struct visit *visit, const char *status, const char *body)
{
	char text[1024];
	int n = snprintf(text, sizeof text,
	                 "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
	                 status, strlen(body), body);

	return write_all(visit->fd, text, (size_t)n);
}

static bool
answer_peer(struct visit *visit)
{
	const struct peer *peer = front_peer_hold(visit->front, visit->fd);
	char text[200] = "nobody\n";

	if (peer != NULL)
		snprintf(text, sizeof text, "%s %s %zu\n", peer->address,
		         peer->tls ? peer->tls_version : "plain",
		         peer->cert != NULL ? peer->cert_len : 0);
	if (peer != NULL)
		front_peer_release(visit->front, peer);
	return answer(visit, "200 OK", text);
}

static bool
answer_big(struct visit *visit)
{
	char head[100], *body = malloc(BIG);
	int n = snprintf(head, sizeof head,
	                 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
	                 (int)BIG);
	bool good;

	if (body == NULL)
		return false;
	memset(body, 'x', BIG);
	good = write_all(visit->fd, head, (size_t)n) &&
	       write_all(visit->fd, body, BIG);
	free(body);
	return good;
}

static bool
answer_body(struct visit *visit)
{
	const char *field = strstr(visit->head, "Content-Length: ");
	size_t expected = field != NULL ? strtoul(field + 16, NULL, 10) : 0;
	size_t got = (size_t)(visit->head + visit->len - visit->end);
	char text[40], buf[4096];

	while (got < expected) {
		ssize_t n = read_some(visit->fd, buf, sizeof buf);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	visit->len = (size_t)(visit->end - visit->head);
	snprintf(text, sizeof text, "%zu\n", got);
	return answer(visit, "200 OK", text);
}

static void
count_waiting(int by)
{
	pthread_mutex_lock(&visits.lock);
	visits.waiting += (unsigned)by;
	pthread_mutex_unlock(&visits.lock);
}

static void
wait_a_second(void)
{
	count_waiting(1);
	sleep(1);
	count_waiting(-1);
}

unsigned
responder_waits(void)
{
	unsigned n;

	pthread_mutex_lock(&visits.lock);
	n = visits.waiting;
	pthread_mutex_unlock(&visits.lock);
	return n;
}

static bool
answer_one(struct visit *visit)
{
	const char *path = strchr(visit->head, ' ');

	if (path == NULL)
		return false;
	if (strncmp(path, " /peer ", 7) == 0)
		return answer_peer(visit);
	if (strncmp(path, " /big ", 6) == 0)
		return answer_big(visit);
	if (strncmp(path, " /body ", 7) == 0)
		return answer_body(visit);
	if (strncmp(path, " /refuse ", 9) == 0) {
		(void)answer(visit, "413 Content Too Large", "too big\n");
		return false;
	}
	if (strncmp(path, " /wait ", 7) == 0)
		wait_a_second();
	return answer(visit, "200 OK", "hello\n");
}

static void *
serve(void *arg)
{
	struct visit *visit = arg;

	while (read_head(visit) && answer_one(visit)) {
		visit->len -= (size_t)(visit->end - visit->head);
		memmove(visit->head, visit->end, visit->len);
	}
	close(visit->fd);
	free(visit);
	pthread_mutex_lock(&visits.lock);
	visits.open--;
	pthread_cond_signal(&visits.done);
	pthread_mutex_unlock(&visits.lock);
	return NULL;
}

bool
responder_accept(int fd, const struct sockaddr *address, socklen_t len,
                 void *arg)
{
	struct responder *responder = arg;
	struct visit *visit = calloc(1, sizeof *visit);
	pthread_t thread;

	(void)address;
	(void)len;
	if (visit == NULL) {
		close(fd);
		return false;
	}
	visit->front = responder->front;
	visit->fd = fd;
	pthread_mutex_lock(&visits.lock);
	visits.open++;
	responder->n++;
	pthread_mutex_unlock(&visits.lock);
	if (pthread_create(&thread, NULL, serve, visit) != 0)
		abort();
	pthread_detach(thread);
	return true;
}

void
responder_wait(void)
{
	pthread_mutex_lock(&visits.lock);
	while (visits.open > 0)
		pthread_cond_wait(&visits.done, &visits.lock);
	pthread_mutex_unlock(&visits.lock);
}

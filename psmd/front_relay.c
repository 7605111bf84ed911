/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_relay.c - bytes between a client and the HTTP server.
 *
 * They go through the loop's scratch buffer; what the other side does not take
 * is held, and then nothing more is read until it has gone. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "psmd/front_int.h"

enum {
	ROUNDS = 8,        /* then others have their turn */
	PAIR_BYTES = 65536 /* in the kernel, each way */
};

/* What passing on came to. */
enum moved { MOVED_NONE, MOVED_SOME, MOVED_FAILED };

static bool
hold(struct held *held, const unsigned char *data, size_t len)
{
	if (len == 0)
		return true;
	held->buf = malloc(len);
	if (held->buf == NULL)
		return false;
	memcpy(held->buf, data, len);
	held->off = 0;
	held->len = len;
	return true;
}

/* What was in it may have been a password. */
static void
let_go(struct held *held)
{
	if (held->buf != NULL)
		explicit_bzero(held->buf, held->off + held->len);
	free(held->buf);
	*held = (struct held){ NULL, 0, 0 };
}

static void
took(struct held *held, size_t n)
{
	held->off += n;
	held->len -= n;
	if (held->len == 0)
		let_go(held);
}

void
relay_clear(struct conn *conn)
{
	let_go(&conn->to_http);
	let_go(&conn->to_client);
}

/* --- reading and writing, whatever is spoken ------------------------------ */

static ssize_t
result(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? TLS_AGAIN : TLS_FAILED;
}

static ssize_t
read_client(struct conn *conn)
{
	unsigned char *buf = conn->loop->scratch;
	ssize_t n = conn->tls != NULL
	                    ? tls_read(conn->tls, buf, SCRATCH)
	                    : result(recv(conn->client.fd, buf, SCRATCH,
	                                  MSG_DONTWAIT));

	if (n == TLS_AGAIN)
		conn->client.readable = false;
	return n;
}

static ssize_t
write_client(struct conn *conn, const void *buf, size_t len)
{
	if (conn->tls != NULL)
		return tls_write(conn->tls, buf, len);
	return result(send(conn->client.fd, buf, len,
	                   MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* An HTTP server that closes without having read all looks like a reset; its
 * answer has come before. */
static ssize_t
read_http(struct conn *conn)
{
	ssize_t n = recv(conn->http.fd, conn->loop->scratch, SCRATCH,
	                 MSG_DONTWAIT);

	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (result(n) == TLS_AGAIN)
		conn->http.readable = false;
	return result(n);
}

static ssize_t
write_http(struct conn *conn, const void *buf, size_t len)
{
	return result(send(conn->http.fd, buf, len,
	                   MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* --- to the HTTP server --------------------------------------------------- */

static bool
make_pair(int pair[2])
{
	const int size = PAIR_BYTES;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	               pair) != 0)
		return false;
	/* not fatal: more memory */
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return true;
}

/* The HTTP server hears of a connection when there is a request: one that is
 * idle from its start costs it nothing. */
static bool
open_http(struct conn *conn)
{
	struct front *front = conn->loop->front;
	int pair[2];

	if (conn->loop->quiet || !make_pair(pair))
		return false;
	conn->http.fd = pair[0];
	conn->http_end = pair[1];
	if (!peers_put(front->peers, pair[1], conn->peer)) {
		close(pair[1]);
		return false;
	}
	return front->accept_fn(pair[1], (struct sockaddr *)&conn->address,
	                        conn->address_len, front->arg);
}

/* A client that is slow to take its answer gains no time by asking more. */
static void
request_begins(struct conn *conn)
{
	if (conn->deadline == DEADLINE_IDLE)
		deadline_set(conn, DEADLINE_REQUEST);
}

/* It may have answered and closed before it read all. */
static void
turn_deaf(struct conn *conn)
{
	let_go(&conn->to_http);
	conn->http_deaf = true;
}

static enum moved
give_http(struct conn *conn, size_t len)
{
	unsigned char *buf = conn->loop->scratch;
	ssize_t n = write_http(conn, buf, len);

	if (n == TLS_FAILED)
		turn_deaf(conn);
	else if (!hold(&conn->to_http, buf + (n > 0 ? n : 0),
	               len - (size_t)(n > 0 ? n : 0)))
		return MOVED_FAILED;
	return MOVED_SOME;
}

static enum moved
client_ended(struct conn *conn)
{
	conn->client_ended = true;
	if (conn->http.fd < 0)
		return MOVED_FAILED;
	(void)shutdown(conn->http.fd, SHUT_WR); /* may be gone */
	return MOVED_SOME;
}

/* The HTTP server has all that came before what is malformed. Until it has, the
 * time that began before goes on: it may never take it. */
static void
refuse_soon(struct conn *conn)
{
	if (conn->malformed && conn->to_http.len == 0)
		deadline_set(conn, DEADLINE_REFUSE);
}

/* What the gate does not let pass never comes to the HTTP server. */
static enum moved
give_gated(struct conn *conn, size_t len)
{
	size_t good = gate_pass(&conn->gate, conn->loop->scratch, len);
	enum moved moved = MOVED_SOME;

	conn->malformed = good < len;
	if (good > 0)
		moved = give_http(conn, good);
	refuse_soon(conn);
	return moved;
}

static enum moved
take_from_client(struct conn *conn)
{
	ssize_t n = read_client(conn);
	enum moved moved = MOVED_FAILED;

	if (n == TLS_AGAIN)
		return MOVED_NONE;
	if (n == TLS_LATER)
		return MOVED_SOME;
	if (n == TLS_FAILED)
		return MOVED_FAILED;
	if (n == 0)
		return client_ended(conn);
	request_begins(conn);
	if (conn->http.fd >= 0 || open_http(conn))
		moved = give_gated(conn, (size_t)n);
	explicit_bzero(conn->loop->scratch, (size_t)n);
	return moved;
}

void
relay_refuse(struct conn *conn)
{
	conn->http_deaf = true;
	(void)shutdown(conn->http.fd, SHUT_WR); /* may be gone */
	deadline_set(conn, DEADLINE_REQUEST);
}

static enum moved
move_to_http(struct conn *conn)
{
	if (conn->to_http.len > 0) {
		ssize_t n = write_http(conn,
		                       conn->to_http.buf + conn->to_http.off,
		                       conn->to_http.len);

		if (n > 0)
			took(&conn->to_http, (size_t)n);
		else if (n == TLS_FAILED)
			turn_deaf(conn);
		if (conn->to_http.len > 0)
			return n > 0 ? MOVED_SOME : MOVED_NONE;
		refuse_soon(conn);
	}
	if (conn->client_ended || conn->http_deaf || conn->malformed ||
	    !conn->client.readable)
		return MOVED_NONE;
	return take_from_client(conn);
}

/* --- to the client -------------------------------------------------------- */

/* The answer has begun, or goes on. */
static void
answered(struct conn *conn)
{
	if (conn->deadline != DEADLINE_SEND &&
	    conn->deadline != DEADLINE_REFUSE)
		deadline_set(conn, DEADLINE_IDLE);
}

static void
sent_to_client(struct conn *conn, ssize_t n)
{
	if (n > 0)
		conn->sent += (size_t)n;
	if (conn->to_client.len == 0 || conn->deadline != DEADLINE_IDLE)
		return;
	conn->sent = 0;
	deadline_set(conn, DEADLINE_SEND);
}

static enum moved
give_client(struct conn *conn, size_t len)
{
	unsigned char *buf = conn->loop->scratch;
	ssize_t n = write_client(conn, buf, len);

	answered(conn);
	if (n == TLS_FAILED ||
	    !hold(&conn->to_client, buf + (n > 0 ? n : 0),
	          len - (size_t)(n > 0 ? n : 0)))
		return MOVED_FAILED;
	sent_to_client(conn, n);
	return MOVED_SOME;
}

/* Every answer before it was given. */
static enum moved
http_ended(struct conn *conn)
{
	static const char answer[] =
	        "HTTP/1.1 400 Bad Request\r\n"
	        "Content-Type: text/plain; charset=utf-8\r\n"
	        "Content-Length: 18\r\nConnection: close\r\n\r\n"
	        "malformed request\n";

	conn->http_ended = true;
	if (conn->malformed && gate_is_in_head(&conn->gate) &&
	    !hold(&conn->to_client, (const unsigned char *)answer,
	          sizeof answer - 1))
		return MOVED_FAILED;
	return MOVED_SOME;
}

static enum moved
take_from_http(struct conn *conn)
{
	ssize_t n = read_http(conn);

	if (n == TLS_AGAIN)
		return MOVED_NONE;
	if (n == TLS_FAILED)
		return MOVED_FAILED;
	if (n > 0)
		return give_client(conn, (size_t)n);
	return http_ended(conn);
}

static enum moved
move_to_client(struct conn *conn)
{
	if (conn->to_client.len > 0) {
		ssize_t n = write_client(
		        conn, conn->to_client.buf + conn->to_client.off,
		        conn->to_client.len);

		if (n == TLS_FAILED)
			return MOVED_FAILED;
		if (n > 0) {
			took(&conn->to_client, (size_t)n);
			conn->sent += (size_t)n;
		}
		if (conn->to_client.len > 0)
			return n > 0 ? MOVED_SOME : MOVED_NONE;
	}
	if (conn->http.fd < 0 || conn->http_ended || !conn->http.readable)
		return MOVED_NONE;
	return take_from_http(conn);
}

bool
relay(struct conn *conn)
{
	for (int i = 0; i < ROUNDS; i++) {
		enum moved up = move_to_http(conn);
		enum moved down = up != MOVED_FAILED ? move_to_client(conn)
		                                     : MOVED_FAILED;

		if (down == MOVED_FAILED) {
			conn_close(conn);
			return false;
		}
		if (conn->http_ended && conn->to_client.len == 0) {
			conn_linger(conn);
			return false;
		}
		if (up == MOVED_NONE && down == MOVED_NONE)
			return false;
	}
	return true;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_conn.c - a connection's life: hello, handshake, open, goodbye. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "psmd/front_int.h"
#include "psmd/log.h"

enum {
	TLS_HANDSHAKE_RECORD = 22,
	SLOWEST = 4096,  /* bytes a second of an answer, or it is given up */
	LINGER_READS = 8 /* then others have their turn */
};

/* --- begin and end ------------------------------------------------------- */

static struct conn *
make(struct loop *loop, int fd, bool tls)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		return NULL;
	conn->loop = loop;
	conn->client = (struct source){ .kind = SOURCE_CLIENT, .fd = fd };
	conn->http = (struct source){ .kind = SOURCE_HTTP, .fd = -1 };
	conn->state = tls ? CONN_HELLO : CONN_OPEN;
	conn->deadline = DEADLINES;
	return conn;
}

void
conn_new(struct loop *loop, int fd, bool tls,
         const struct sockaddr_storage *address, socklen_t len)
{
	struct conn *conn = make(loop, fd, tls);

	if (conn == NULL) {
		struct address_key key = address_key(address);

		addresses_remove(loop->front->addresses, &key);
		atomic_fetch_sub(&loop->front->open, 1);
		close(fd);
		return;
	}
	conn->address = *address;
	conn->address_len = len;
	loop_counts(loop, 1);
	deadline_set(conn, tls ? DEADLINE_HANDSHAKE : DEADLINE_IDLE);
	if (!loop_watch(loop, &conn->client, EPOLLIN | EPOLLRDHUP))
		conn_close(conn);
}

static void
close_http(struct conn *conn)
{
	if (conn->http.fd < 0)
		return;
	if (conn->http_ended)
		peers_remove(conn->loop->front->peers, conn->http_end,
		             conn->peer);
	loop_forget(conn->loop, &conn->http);
	close(conn->http.fd);
	conn->http.fd = -1;
}

void
conn_close(struct conn *conn)
{
	struct loop *loop = conn->loop;
	struct address_key key = address_key(&conn->address);

	if (conn->state == CONN_DEAD)
		return;
	conn->state = CONN_DEAD;
	deadline_clear(conn);
	close_http(conn);
	relay_clear(conn);
	loop_forget(loop, &conn->client);
	if (conn->tls != NULL)
		tls_close(conn->tls);
	else
		close(conn->client.fd);
	peer_release(conn->peer);
	addresses_remove(loop->front->addresses, &key);
	atomic_fetch_sub(&loop->front->open, 1);
	loop_counts(loop, -1);
	conn->next_dead = loop->dead;
	loop->dead = conn;
}

/* Were the socket closed with something unread in it, the client would get a
 * reset and might lose what it had not read yet. */
void
conn_linger(struct conn *conn)
{
	close_http(conn);
	relay_clear(conn);
	if (conn->tls != NULL)
		tls_end(conn->tls);
	else
		(void)shutdown(conn->client.fd, SHUT_WR); /* may be gone */
	if (conn->client_ended) {
		conn_close(conn);
		return;
	}
	conn->state = CONN_LINGER;
	deadline_set(conn, DEADLINE_LINGER);
	conn->client.readable = true;
	loop_ready(conn->loop, conn);
}

/* What comes now is nobody's, and needs no decryption. */
static void
drain(struct conn *conn)
{
	for (int i = 0; i < LINGER_READS; i++) {
		ssize_t n = recv(conn->client.fd, conn->loop->scratch, SCRATCH,
		                 MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			conn_close(conn);
			return;
		}
	}
	loop_ready(conn->loop, conn);
}

/* --- hello and handshake ------------------------------------------------- */

static void
refuse_plain(struct conn *conn)
{
	static const char answer[] =
	        "HTTP/1.1 400 Bad Request\r\n"
	        "Content-Type: text/plain; charset=utf-8\r\n"
	        "Content-Length: 33\r\nConnection: close\r\n\r\n"
	        "This port speaks TLS: use https.\n";

	atomic_fetch_add(&conn->loop->front->tls_failed, 1);
	/* a socket that was never written to has room for it */
	(void)send(conn->client.fd, answer, sizeof answer - 1,
	           MSG_DONTWAIT | MSG_NOSIGNAL);
	conn_linger(conn);
}

static bool
begin_tls(struct conn *conn)
{
	struct tls *tls = front_tls(conn->loop->front);

	if (tls != NULL)
		conn->tls = tls_accept(tls, conn->client.fd);
	tls_free(tls);
	return conn->tls != NULL;
}

/* Nothing is made for TLS before a record of TLS is there. */
static void
say_hello(struct conn *conn)
{
	unsigned char first;
	ssize_t n = recv(conn->client.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(conn);
	} else if (first != TLS_HANDSHAKE_RECORD) {
		refuse_plain(conn);
	} else if (!begin_tls(conn)) {
		atomic_fetch_add(&conn->loop->front->tls_failed, 1);
		log_line(LOG_FAILED, "TLS cannot begin: %s", tls_why());
		conn_close(conn);
	} else {
		conn->state = CONN_HANDSHAKE;
	}
}

static bool
know_peer(struct conn *conn)
{
	char text[sizeof ((struct peer *)0)->address];

	address_text(&conn->address, text, sizeof text);
	conn->peer = peer_new(text, conn->tls);
	return conn->peer != NULL;
}

static void
handshake_failed(struct conn *conn)
{
	char text[sizeof ((struct peer *)0)->address];

	atomic_fetch_add(&conn->loop->front->tls_failed, 1);
	address_text(&conn->address, text, sizeof text);
	log_line(LOG_DONE, "no TLS with %s: %s", text, tls_why());
	conn_linger(conn);
}

static void
shake_hands(struct conn *conn)
{
	switch (tls_handshake(conn->tls)) {
	case 0:
		conn->state = CONN_OPEN;
		conn->client.readable = true; /* NSS may hold some already */
		deadline_set(conn, DEADLINE_IDLE);
		break;
	case TLS_AGAIN:
		break;
	case TLS_LATER:
		loop_ready(conn->loop, conn);
		break;
	case TLS_GONE: /* neither our failure nor worth a line */
		conn_close(conn);
		break;
	default:
		handshake_failed(conn);
		break;
	}
}

/* --- all its time -------------------------------------------------------- */

static bool
wants_write(const struct conn *conn)
{
	return conn->to_client.len > 0 ||
	       (conn->tls != NULL && tls_wants_write(conn->tls));
}

static void
watch(struct conn *conn)
{
	unsigned client = EPOLLIN | EPOLLRDHUP, http = EPOLLIN;

	if (wants_write(conn))
		client |= EPOLLOUT;
	if (conn->to_http.len > 0)
		http |= EPOLLOUT;
	if (!loop_watch(conn->loop, &conn->client, client) ||
	    (conn->http.fd >= 0 &&
	     !loop_watch(conn->loop, &conn->http, http)))
		conn_close(conn);
}

void
conn_run(struct conn *conn)
{
	if (conn->state == CONN_HELLO)
		say_hello(conn);
	if (conn->state == CONN_HANDSHAKE)
		shake_hands(conn);
	if (conn->state == CONN_OPEN && conn->peer == NULL &&
	    !know_peer(conn))
		conn_close(conn);
	if (conn->state == CONN_OPEN && relay(conn))
		loop_ready(conn->loop, conn);
	if (conn->state == CONN_LINGER)
		drain(conn);
	if (conn->state == CONN_HANDSHAKE || conn->state == CONN_OPEN)
		watch(conn);
}

/* The client took too little of its answer, or has taken it meanwhile. */
static bool
is_too_slow(const struct conn *conn)
{
	uint64_t ms = deadline_ms(conn->loop, DEADLINE_SEND);

	return conn->to_client.len > 0 && conn->sent < SLOWEST * ms / 1000;
}

void
conn_expired(struct conn *conn)
{
	if (conn->deadline == DEADLINE_SEND && !is_too_slow(conn)) {
		conn->sent = 0;
		deadline_set(conn, conn->to_client.len > 0 ? DEADLINE_SEND
		                                           : DEADLINE_IDLE);
		return;
	}
	if (conn->deadline == DEADLINE_REFUSE) {
		relay_refuse(conn);
		return;
	}
	if (conn->deadline != DEADLINE_LINGER)
		atomic_fetch_add(&conn->loop->front->timed_out, 1);
	if (conn->deadline == DEADLINE_IDLE ||
	    conn->deadline == DEADLINE_REQUEST)
		conn_linger(conn);
	else
		conn_close(conn);
}

void
conn_leave(struct conn *conn)
{
	if (conn->state == CONN_OPEN && conn->http.fd < 0)
		conn_linger(conn);
	else if (conn->state < CONN_OPEN)
		conn_close(conn);
}

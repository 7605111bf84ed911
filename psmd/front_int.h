/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_int.h - what the front*.c files share.
 *
 * Two loops, a thread each, wait with epoll for their connections, edge by
 * edge: an event sets "readable", and only an operation that would block clears
 * it. Listeners are in both, by level. A connection stays with the loop that
 * accepted it and is touched by no other thread. */

#ifndef PSMD_FRONT_INT_H
#define PSMD_FRONT_INT_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "psmd/front.h"
#include "psmd/gate.h"
#include "psmd/tls.h"

enum { LOOPS = 2, SCRATCH = 16384 };

/* --- addresses: how many connections each has (front_limit.c) ------------- */

/* IPv4 as ::ffff:a.b.c.d; IPv6 without its last 64 bits, which are the
 * client's own to choose. */
struct address_key {
	unsigned char octet[16];
};
struct addresses;

struct addresses *addresses_new(void);
void addresses_free(struct addresses *addresses);
struct address_key address_key(const struct sockaddr_storage *address);
/* Count one more; false: there are limit already, or no memory. */
bool addresses_add(struct addresses *addresses, const struct address_key *key,
                   unsigned limit);
void addresses_remove(struct addresses *addresses,
                      const struct address_key *key);
/* Numeric, without the port. IPv4 in IPv6 comes out as IPv4. */
void address_text(const struct sockaddr_storage *address, char *buf,
                  size_t size);

/* --- peers by the HTTP server's descriptor (front_peer.c) ----------------- */

struct held_peer;
struct peers;

struct peers *peers_new(void);
void peers_free(struct peers *peers);
/* What is known of the client; its certificate is taken over. The caller holds
 * it. NULL: out of memory. */
struct held_peer *peer_new(const char *address, const struct tls_conn *tls);
void peer_release(struct held_peer *peer);
/* fd was just made: whatever had its number before is gone. */
bool peers_put(struct peers *peers, int fd, struct held_peer *peer);
/* The HTTP server closed fd; the number may be another's already. */
void peers_remove(struct peers *peers, int fd, const struct held_peer *peer);

/* --- sockets listened on (front_listen.c) --------------------------------- */

enum source_kind { SOURCE_WAKE, SOURCE_LISTENER, SOURCE_CLIENT, SOURCE_HTTP };

/* What an event of epoll belongs to. */
struct source {
	enum source_kind kind;
	int fd;
	unsigned events;  /* asked for */
	bool readable;    /* as far as we know */
};

struct listener {
	struct source source;
	bool tls;
	char name[80];
};

struct listeners {
	struct listener *list;
	size_t n;
};

bool listeners_open(struct listeners *listeners, const struct config *config,
                    char *why, size_t size);
bool listeners_adopt(struct listeners *listeners, const struct config *config,
                     const int *fds, size_t n_fds, char *why, size_t size);
void listeners_close(struct listeners *listeners);

/* --- connections (front_conn.c, front_relay.c) ---------------------------- */

/* What a connection waits for; each kind has one duration, so that those of a
 * kind expire in the order they began. */
enum deadline {
	DEADLINE_HANDSHAKE,
	DEADLINE_IDLE,
	DEADLINE_REQUEST, /* the first byte came, no answer yet */
	DEADLINE_SEND,    /* the client is slow to take its answer */
	DEADLINE_REFUSE,  /* a malformed request; see relay_refuse() */
	DEADLINE_LINGER,
	DEADLINES
};

/* Bytes that could not be passed on yet; no memory while there are none. */
struct held {
	unsigned char *buf;
	size_t off, len;
};

enum conn_state {
	CONN_HELLO,     /* the first byte tells if it is TLS */
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_LINGER,    /* all is said; wait until the client has it */
	CONN_DEAD
};

struct conn {
	struct source client, http; /* http.fd -1: not begun, or closed */
	int http_end;               /* its number at the HTTP server */
	struct loop *loop;
	enum conn_state state;
	struct tls_conn *tls;       /* NULL: plain, or not begun */
	struct held_peer *peer;
	struct sockaddr_storage address;
	socklen_t address_len;
	struct held to_http, to_client;
	struct gate gate;           /* of what goes to the HTTP server */
	bool client_ended, http_ended;
	bool malformed;             /* the gate is shut */
	bool http_deaf;             /* takes no more; its answer may come */
	enum deadline deadline;
	uint64_t since;             /* when deadline began */
	uint64_t sent;              /* bytes since then, with DEADLINE_SEND */
	struct conn *prev, *next;   /* of those with the same deadline */
	struct conn *next_ready, *next_dead;
	bool is_ready;
};

/* On failure the descriptor is closed. */
void conn_new(struct loop *loop, int fd, bool tls,
              const struct sockaddr_storage *address, socklen_t len);
/* Do what can be done now. */
void conn_run(struct conn *conn);
void conn_expired(struct conn *conn);
/* Say goodbye, and wait a little for the client to read it. */
void conn_linger(struct conn *conn);
/* Close it; freed when the loop has no event of it in hand any more. */
void conn_close(struct conn *conn);
/* End it, unless it is the HTTP server's already. */
void conn_leave(struct conn *conn);

/* Pass on what there is, both ways; false: the connection is no more OPEN, or
 * nothing can move until an event comes. */
bool relay(struct conn *conn);
void relay_clear(struct conn *conn);
/* Some time after the HTTP server was given all that the gate let pass: let it
 * find an end amid the malformed request. It answers what came before, and ends.
 * With the end right behind the bytes libmicrohttpd 0.9.75 would see the bytes
 * alone. */
void relay_refuse(struct conn *conn);

/* --- loops (front_loop.c) ------------------------------------------------- */

struct conn_list {
	struct conn *head, *tail;
};

struct loop {
	struct front *front;
	pthread_t thread;
	bool started;
	int epoll;
	struct source wake;     /* an eventfd */
	uint64_t now;           /* milliseconds, at the last events */
	struct conn_list waiting[DEADLINES];
	struct conn *ready, *dead;
	size_t n_conns;
	bool listening, quiet, leaving;
	bool complained;        /* that no descriptor was left */
	uint64_t listen_again;  /* when not listening; 0: never */
	uint64_t leave_by;      /* when leaving */
	size_t most_conns;      /* since memory was last given back */
	uint64_t trim_at;       /* when it is to be; 0: not */
	unsigned char scratch[SCRATCH];
};

/* On failure too, loop_clear() is called. */
bool loop_init(struct loop *loop, struct front *front);
bool loop_start(struct loop *loop);
void loop_wake(struct loop *loop);
/* Its thread has ended, or never began. */
void loop_clear(struct loop *loop);
void loop_pause(struct loop *loop, unsigned ms);
/* It has one connection more, or one less. */
void loop_counts(struct loop *loop, int more);
/* Ask for other events than before. */
bool loop_watch(struct loop *loop, struct source *source, unsigned events);
/* Before its descriptor is closed: a child that was forked this moment may hold
 * the descriptor too, and epoll would go on telling of it. */
void loop_forget(struct loop *loop, struct source *source);
void loop_ready(struct loop *loop, struct conn *conn);
/* Begin to wait, as of now. */
void deadline_set(struct conn *conn, enum deadline deadline);
void deadline_clear(struct conn *conn);
uint64_t deadline_ms(const struct loop *loop, enum deadline deadline);
/* Accept what waits at listener, as far as limits allow (front_listen.c). */
void listener_accept(struct loop *loop, const struct listener *listener);

/* --- the whole (front.c) -------------------------------------------------- */

enum phase { PHASE_RUN, PHASE_QUIET, PHASE_LEAVE };

struct limits {
	atomic_uint connections, per_address;
	atomic_uint request_ms, idle_ms, handshake_ms;
};

struct front {
	struct limits limits;
	struct listeners listeners;
	struct addresses *addresses;
	struct peers *peers;
	pthread_mutex_t lock;   /* of what follows */
	pthread_cond_t quiet;
	struct tls *tls;        /* of new connections */
	unsigned n_quiet;       /* loops that do not listen any more */
	atomic_int phase;
	front_accept_fn accept_fn;
	void *arg;
	atomic_uint_fast64_t accepted, refused_limit, tls_failed, timed_out,
	        open;
	struct loop loop[LOOPS];
};

/* The certificate of now, held; NULL: nothing here speaks TLS. */
struct tls *front_tls(struct front *front);

#endif

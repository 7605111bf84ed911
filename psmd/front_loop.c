/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_loop.c - a thread that waits for its connections. */

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "psmd/front_int.h"
#include "psmd/log.h"

enum {
	EVENTS = 64,
	LINGER_MS = 2000,
	REFUSE_MS = 50,
	LEAVE_MS = 2000,       /* all connections together, at the end */
	LEAVE_LINGER_MS = 300, /* each of them then */
	MANY = 100,            /* connections whose memory is worth a look */
	TRIM_MS = 1000         /* for the HTTP server to free its share */
};

static uint64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- deadlines ----------------------------------------------------------- */

uint64_t
deadline_ms(const struct loop *loop, enum deadline deadline)
{
	struct limits *limits = &loop->front->limits;

	switch (deadline) {
	case DEADLINE_HANDSHAKE:
		return atomic_load(&limits->handshake_ms);
	case DEADLINE_IDLE:
		return atomic_load(&limits->idle_ms);
	case DEADLINE_REQUEST:
	case DEADLINE_SEND:
		return atomic_load(&limits->request_ms);
	case DEADLINE_REFUSE:
		return REFUSE_MS;
	default:
		return loop->leaving ? LEAVE_LINGER_MS : LINGER_MS;
	}
}

void
deadline_clear(struct conn *conn)
{
	struct conn_list *list = &conn->loop->waiting[conn->deadline];

	if (conn->deadline == DEADLINES)
		return;
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		list->head = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	else
		list->tail = conn->prev;
	conn->prev = conn->next = NULL;
	conn->deadline = DEADLINES;
}

void
deadline_set(struct conn *conn, enum deadline deadline)
{
	struct conn_list *list = &conn->loop->waiting[deadline];

	deadline_clear(conn);
	conn->deadline = deadline;
	conn->since = conn->loop->now;
	conn->prev = list->tail;
	if (list->tail != NULL)
		list->tail->next = conn;
	else
		list->head = conn;
	list->tail = conn;
}

static void
expire(struct loop *loop)
{
	for (int i = 0; i < DEADLINES; i++) {
		uint64_t ms = deadline_ms(loop, (enum deadline)i);
		struct conn *conn;

		while ((conn = loop->waiting[i].head) != NULL &&
		       conn->since + ms <= loop->now)
			conn_expired(conn);
	}
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something is to be done, for epoll. */
static int
time_to_wait(const struct loop *loop)
{
	uint64_t at = loop->now + 60000;

	if (loop->ready != NULL)
		return 0;
	for (int i = 0; i < DEADLINES; i++)
		if (loop->waiting[i].head != NULL)
			at = earlier(at, loop->waiting[i].head->since +
			                         deadline_ms(loop,
			                                     (enum deadline)i));
	if (loop->listen_again != 0)
		at = earlier(at, loop->listen_again);
	if (loop->trim_at != 0)
		at = earlier(at, loop->trim_at);
	if (loop->leaving)
		at = earlier(at, loop->leave_by);
	return at > loop->now ? (int)(at - loop->now) : 0;
}

/* --- memory -------------------------------------------------------------- */

void
loop_counts(struct loop *loop, int more)
{
	loop->n_conns += (size_t)more;
	if (loop->n_conns > loop->most_conns)
		loop->most_conns = loop->n_conns;
	if (loop->most_conns >= MANY && loop->trim_at == 0 &&
	    loop->n_conns <= loop->most_conns / 4)
		loop->trim_at = loop->now + TRIM_MS;
}

/* What many connections left free lies scattered over the arenas of several
 * threads, and malloc() gives back only what lies on top. */
static void
give_memory_back(struct loop *loop)
{
	if (loop->trim_at == 0 || loop->trim_at > loop->now)
		return;
	(void)malloc_trim(0); /* there may be nothing to give */
	loop->trim_at = 0;
	loop->most_conns = loop->n_conns;
}

/* --- listening ----------------------------------------------------------- */

static void
stop_listening(struct loop *loop)
{
	struct listeners *listeners = &loop->front->listeners;

	if (!loop->listening)
		return;
	for (size_t i = 0; i < listeners->n; i++)
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL,
		                listeners->list[i].source.fd, NULL);
	loop->listening = false;
}

void
loop_pause(struct loop *loop, unsigned ms)
{
	stop_listening(loop);
	loop->listen_again = loop->now + ms;
}

/* Of two threads that wait, one is woken. */
static void
start_listening(struct loop *loop)
{
	struct listeners *listeners = &loop->front->listeners;

	if (loop->quiet || loop->listening)
		return;
	loop->listening = true;
	loop->listen_again = 0;
	for (size_t i = 0; i < listeners->n; i++) {
		struct epoll_event event = {
			.events = EPOLLIN | EPOLLEXCLUSIVE,
			.data.ptr = &listeners->list[i].source
		};

		if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD,
		              listeners->list[i].source.fd, &event) == 0)
			continue;
		log_line(LOG_DOUBTFUL, "cannot listen on %s for now: %s",
		         listeners->list[i].name, strerror(errno));
		loop_pause(loop, 1000);
		return;
	}
}

/* --- waking -------------------------------------------------------------- */

void
loop_wake(struct loop *loop)
{
	const uint64_t one = 1;

	/* full is as good as written: it wakes */
	if (write(loop->wake.fd, &one, sizeof one) < 0 && errno != EAGAIN)
		log_line(LOG_FAILED, "cannot wake a thread: %s",
		         strerror(errno));
}

static void
end_those_without_request(struct loop *loop)
{
	for (int i = 0; i < DEADLINES; i++) {
		struct conn *next;

		for (struct conn *c = loop->waiting[i].head; c != NULL;
		     c = next) {
			next = c->next;
			conn_leave(c);
		}
	}
}

/* From here on nothing is handed over: the HTTP server may end. */
static void
become_quiet(struct loop *loop)
{
	struct front *front = loop->front;

	stop_listening(loop);
	loop->quiet = true;
	loop->listen_again = 0;
	end_those_without_request(loop);
	pthread_mutex_lock(&front->lock);
	front->n_quiet++;
	pthread_cond_broadcast(&front->quiet);
	pthread_mutex_unlock(&front->lock);
}

static void
on_wake(struct loop *loop)
{
	uint64_t count;
	enum phase phase;

	/* nothing to read is nothing lost */
	if (read(loop->wake.fd, &count, sizeof count) < 0 && errno != EAGAIN)
		log_line(LOG_FAILED, "eventfd: %s", strerror(errno));
	phase = (enum phase)atomic_load(&loop->front->phase);
	if (phase >= PHASE_QUIET && !loop->quiet)
		become_quiet(loop);
	if (phase == PHASE_LEAVE && !loop->leaving) {
		loop->leaving = true;
		loop->leave_by = loop->now + LEAVE_MS;
	}
}

/* --- events -------------------------------------------------------------- */

bool
loop_watch(struct loop *loop, struct source *source, unsigned events)
{
	struct epoll_event event = { .events = events | EPOLLET,
		                     .data.ptr = source };

	if (source->events == events)
		return true;
	if (epoll_ctl(loop->epoll,
	              source->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
	              source->fd, &event) != 0)
		return false;
	source->events = events;
	return true;
}

void
loop_forget(struct loop *loop, struct source *source)
{
	if (source->events != 0)
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->events = 0;
}

void
loop_ready(struct loop *loop, struct conn *conn)
{
	if (conn->is_ready)
		return;
	conn->is_ready = true;
	conn->next_ready = loop->ready;
	loop->ready = conn;
}

/* What NSS could not send yet goes with the next attempt to read. */
static void
on_conn(struct conn *conn, struct source *source, unsigned events)
{
	if ((events & ~(unsigned)EPOLLOUT) != 0 || conn->tls != NULL)
		source->readable = true;
	loop_ready(conn->loop, conn);
}

static void
on_event(struct loop *loop, struct source *source, unsigned events)
{
	switch (source->kind) {
	case SOURCE_WAKE:
		on_wake(loop);
		break;
	case SOURCE_LISTENER:
		listener_accept(loop, (struct listener *)source);
		break;
	case SOURCE_CLIENT:
		on_conn((struct conn *)((char *)source -
		                        offsetof(struct conn, client)),
		        source, events);
		break;
	case SOURCE_HTTP:
		on_conn((struct conn *)((char *)source -
		                        offsetof(struct conn, http)),
		        source, events);
		break;
	}
}

/* Those that become ready again have their turn after the next events. */
static void
run_ready(struct loop *loop)
{
	struct conn *conn = loop->ready, *next;

	loop->ready = NULL;
	for (; conn != NULL; conn = next) {
		next = conn->next_ready;
		conn->is_ready = false;
		conn->next_ready = NULL;
		if (conn->state != CONN_DEAD)
			conn_run(conn);
	}
}

/* A dead one that is ready is left for the next time. With each that goes
 * there is room for another. */
static void
reap(struct loop *loop)
{
	struct conn *conn = loop->dead, *next;

	loop->dead = NULL;
	for (; conn != NULL; conn = next) {
		next = conn->next_dead;
		if (conn->is_ready) {
			conn->next_dead = loop->dead;
			loop->dead = conn;
			continue;
		}
		free(conn);
		if (loop->listen_again != 0)
			start_listening(loop);
	}
}

static void
turn(struct loop *loop)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(loop->epoll, events, EVENTS, time_to_wait(loop));

	if (n < 0 && errno != EINTR) {
		log_line(LOG_FAILED, "epoll: %s", strerror(errno));
		poll(NULL, 0, 100); /* not again at once */
	}
	loop->now = clock_ms();
	for (int i = 0; i < n; i++)
		on_event(loop, events[i].data.ptr, events[i].events);
	run_ready(loop);
	expire(loop);
	if (loop->listen_again != 0 && loop->listen_again <= loop->now)
		start_listening(loop);
	reap(loop);
	give_memory_back(loop);
}

static void
close_all(struct loop *loop)
{
	for (int i = 0; i < DEADLINES; i++)
		while (loop->waiting[i].head != NULL)
			conn_close(loop->waiting[i].head);
	for (struct conn *c = loop->dead; c != NULL; c = c->next_dead)
		c->is_ready = false;
	loop->ready = NULL;
	reap(loop);
}

static void *
run(void *arg)
{
	struct loop *loop = arg;

	loop->now = clock_ms();
	start_listening(loop);
	while (!loop->leaving ||
	       (loop->n_conns > 0 && loop->now < loop->leave_by))
		turn(loop);
	close_all(loop);
	return NULL;
}

/* --- the whole ----------------------------------------------------------- */

bool
loop_init(struct loop *loop, struct front *front)
{
	loop->front = front;
	loop->wake.kind = SOURCE_WAKE;
	loop->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->wake.fd >= 0 && loop->epoll >= 0 &&
	       loop_watch(loop, &loop->wake, EPOLLIN);
}

/* Signals are the main thread's. */
bool
loop_start(struct loop *loop)
{
	sigset_t all, before;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return false;
	loop->started = pthread_create(&loop->thread, NULL, run, loop) == 0;
	if (loop->started)
		(void)pthread_setname_np(loop->thread, "psmd-front");
	return pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 &&
	       loop->started;
}

void
loop_clear(struct loop *loop)
{
	explicit_bzero(loop->scratch, sizeof loop->scratch);
	if (loop->wake.fd >= 0)
		close(loop->wake.fd);
	if (loop->epoll >= 0)
		close(loop->epoll);
}

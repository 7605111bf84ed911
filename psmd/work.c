/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* work.c - threads with a bounded queue of work before them. */

#include "psmd/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct piece {
	void (*fn)(void *arg);
	void *arg;
};

struct work {
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool closed;
	struct piece *ring; /* of size pieces, n of them from first on wait */
	size_t size, first, n;
	uint64_t begun;
	pthread_t *threads;
	unsigned n_threads;
	char name[16];
};

/* The next piece; false: closed, and nothing is left. */
static bool
take(struct work *work, struct piece *ret_piece)
{
	bool some;

	pthread_mutex_lock(&work->lock);
	while (work->n == 0 && !work->closed)
		pthread_cond_wait(&work->more, &work->lock);
	some = work->n > 0;
	if (some) {
		*ret_piece = work->ring[work->first];
		work->first = (work->first + 1) % work->size;
		work->n--;
		work->begun++;
	}
	pthread_mutex_unlock(&work->lock);
	return some;
}

static void *
run(void *arg)
{
	struct work *work = arg;
	struct piece piece;

	pthread_setname_np(pthread_self(), work->name);
	while (take(work, &piece))
		piece.fn(piece.arg);
	return NULL;
}

/* Signals are the main thread's. */
static bool
start_threads(struct work *work, unsigned n_threads)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (work->n_threads < n_threads &&
	       pthread_create(&work->threads[work->n_threads], NULL, run,
	                      work) == 0)
		work->n_threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return work->n_threads == n_threads;
}

struct work *
work_new(const char *name, unsigned n_threads, unsigned n_waiting)
{
	struct work *work = calloc(1, sizeof *work);

	if (work == NULL)
		return NULL;
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->more, NULL);
	for (size_t i = 0; i + 1 < sizeof work->name && name[i] != '\0'; i++)
		work->name[i] = name[i];
	work->size = n_waiting;
	work->ring = calloc(n_waiting, sizeof *work->ring);
	work->threads = calloc(n_threads, sizeof *work->threads);
	if (work->ring == NULL || work->threads == NULL ||
	    !start_threads(work, n_threads)) {
		work_free(work);
		return NULL;
	}
	return work;
}

bool
work_submit(struct work *work, void (*fn)(void *arg), void *arg)
{
	bool room;

	pthread_mutex_lock(&work->lock);
	room = !work->closed && work->n < work->size;
	if (room) {
		size_t last = (work->first + work->n++) % work->size;

		work->ring[last] = (struct piece){ fn, arg };
		pthread_cond_signal(&work->more);
	}
	pthread_mutex_unlock(&work->lock);
	return room;
}

struct call {
	void (*fn)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void
do_call(void *arg)
{
	struct call *call = arg;

	call->fn(call->arg);
	pthread_mutex_lock(&call->lock);
	call->is_done = true;
	pthread_cond_signal(&call->done);
	pthread_mutex_unlock(&call->lock);
}

bool
work_call(struct work *work, void (*fn)(void *arg), void *arg)
{
	struct call call = { .fn = fn, .arg = arg };
	bool taken;

	pthread_mutex_init(&call.lock, NULL);
	pthread_cond_init(&call.done, NULL);
	taken = work_submit(work, do_call, &call);
	if (taken) {
		pthread_mutex_lock(&call.lock);
		while (!call.is_done)
			pthread_cond_wait(&call.done, &call.lock);
		pthread_mutex_unlock(&call.lock);
	}
	pthread_cond_destroy(&call.done);
	pthread_mutex_destroy(&call.lock);
	return taken;
}

size_t
work_waiting(struct work *work)
{
	size_t n;

	pthread_mutex_lock(&work->lock);
	n = work->n;
	pthread_mutex_unlock(&work->lock);
	return n;
}

uint64_t
work_begun(struct work *work)
{
	uint64_t begun;

	pthread_mutex_lock(&work->lock);
	begun = work->begun;
	pthread_mutex_unlock(&work->lock);
	return begun;
}

void
work_close(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	work->closed = true;
	pthread_cond_broadcast(&work->more);
	pthread_mutex_unlock(&work->lock);
	while (work->n_threads > 0)
		pthread_join(work->threads[--work->n_threads], NULL);
}

void
work_free(struct work *work)
{
	if (work == NULL)
		return;
	work_close(work);
	pthread_cond_destroy(&work->more);
	pthread_mutex_destroy(&work->lock);
	free(work->threads);
	free(work->ring);
	free(work);
}

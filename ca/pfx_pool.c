/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_pool.c - keys made ahead, by a thread of low priority */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ca/pfx_int.h"

enum { NICE = 10, READY_MAX = 1000, PAUSE_SECONDS = 5 };

struct pfx_pool {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool stopping;
	unsigned wanted[PFX_N_KINDS];
	size_t n_ready[PFX_N_KINDS];
	struct pfx_key *ready[PFX_N_KINDS];
};

/* --- the thread --------------------------------------------------------- */

/* What there is least of, as a part of what should be. */
static bool
find_lack(const struct pfx_pool *pool, enum pfx_kind *ret_kind)
{
	bool lacks = false;

	for (int i = 0; i < PFX_N_KINDS; i++) {
		if (pool->n_ready[i] >= pool->wanted[i])
			continue;
		if (!lacks || pool->n_ready[i] * pool->wanted[*ret_kind] <
		                      pool->n_ready[*ret_kind] *
		                              pool->wanted[i])
			*ret_kind = (enum pfx_kind)i;
		lacks = true;
	}
	return lacks;
}

/* Without the lock: it takes seconds. */
static struct pfx_key *
make_unlocked(struct pfx_pool *pool, enum pfx_kind kind)
{
	struct pfx_key *key = NULL;
	enum psm_err err;

	pthread_mutex_unlock(&pool->lock);
	err = pfx_key_make(kind, &key);
	pthread_mutex_lock(&pool->lock);
	return err == PSM_OK ? key : NULL;
}

/* What failed now may do so again at once. */
static void
pause_a_little(struct pfx_pool *pool)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PAUSE_SECONDS;
	if (!pool->stopping)
		pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
}

static void
put(struct pfx_pool *pool, struct pfx_key *key)
{
	key->next = pool->ready[key->kind];
	pool->ready[key->kind] = key;
	pool->n_ready[key->kind]++;
}

static void *
fill(void *arg)
{
	struct pfx_pool *pool = arg;

	/* of a thread, on Linux; without it, others wait a little longer */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		enum pfx_kind kind = 0;
		struct pfx_key *key;

		if (!find_lack(pool, &kind)) {
			pthread_cond_wait(&pool->changed, &pool->lock);
			continue;
		}
		key = make_unlocked(pool, kind);
		if (key != NULL)
			put(pool, key);
		else
			pause_a_little(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Signals are for others. */
static int
start_thread(struct pfx_pool *pool)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	rc = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (rc != 0)
		return rc;
	rc = pthread_create(&pool->thread, NULL, fill, pool);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* --- the pool ----------------------------------------------------------- */

static void
set_wanted(struct pfx_pool *pool, const unsigned ready[PFX_N_KINDS])
{
	for (int i = 0; i < PFX_N_KINDS; i++)
		pool->wanted[i] = ready[i] < READY_MAX ? ready[i] : READY_MAX;
}

struct pfx_pool *
pfx_pool_new(const unsigned ready[PFX_N_KINDS])
{
	struct pfx_pool *pool = calloc(1, sizeof *pool);

	if (pool == NULL)
		return NULL;
	set_wanted(pool, ready);
	if (pthread_mutex_init(&pool->lock, NULL) != 0) {
		free(pool);
		return NULL;
	}
	if (pthread_cond_init(&pool->changed, NULL) != 0) {
		pthread_mutex_destroy(&pool->lock);
		free(pool);
		return NULL;
	}
	if (start_thread(pool) != 0) {
		pthread_cond_destroy(&pool->changed);
		pthread_mutex_destroy(&pool->lock);
		free(pool);
		return NULL;
	}
	return pool;
}

void
pfx_pool_want(struct pfx_pool *pool, const unsigned ready[PFX_N_KINDS])
{
	pthread_mutex_lock(&pool->lock);
	set_wanted(pool, ready);
	pthread_cond_signal(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

enum psm_err
pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
              struct pfx_key **ret_key)
{
	struct pfx_key *key;

	pthread_mutex_lock(&pool->lock);
	key = pool->ready[kind];
	if (key != NULL) {
		pool->ready[kind] = key->next;
		pool->n_ready[kind]--;
		key->next = NULL;
		pthread_cond_signal(&pool->changed);
	}
	pthread_mutex_unlock(&pool->lock);
	if (key == NULL)
		return pfx_key_make(kind, ret_key);
	*ret_key = key;
	return PSM_OK;
}

size_t
pfx_pool_ready(struct pfx_pool *pool, enum pfx_kind kind)
{
	size_t n;

	pthread_mutex_lock(&pool->lock);
	n = pool->n_ready[kind];
	pthread_mutex_unlock(&pool->lock);
	return n;
}

static void
free_all(struct pfx_key *key)
{
	while (key != NULL) {
		struct pfx_key *next = key->next;

		pfx_key_free(key);
		key = next;
	}
}

void
pfx_pool_free(struct pfx_pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_signal(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	pthread_join(pool->thread, NULL);
	for (int i = 0; i < PFX_N_KINDS; i++)
		free_all(pool->ready[i]);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

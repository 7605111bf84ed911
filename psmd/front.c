/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front.c - the whole: made, started, configured anew, ended. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psmd/front_int.h"

static void
set_limits(struct limits *limits, const struct config *config)
{
	atomic_store(&limits->per_address, config->connections_per_address);
	atomic_store(&limits->request_ms, config->request_seconds * 1000);
	atomic_store(&limits->idle_ms, config->idle_seconds * 1000);
	atomic_store(&limits->handshake_ms, config->handshake_seconds * 1000);
}

static struct front *
make(const struct config *config)
{
	struct front *front = calloc(1, sizeof *front);

	if (front == NULL)
		return NULL;
	/* for as long as it runs: descriptors and libmicrohttpd are made for
	 * so many */
	atomic_store(&front->limits.connections, config->connections);
	set_limits(&front->limits, config);
	pthread_mutex_init(&front->lock, NULL);
	pthread_cond_init(&front->quiet, NULL);
	for (int i = 0; i < LOOPS; i++)
		front->loop[i].wake.fd = front->loop[i].epoll = -1;
	front->addresses = addresses_new();
	front->peers = peers_new();
	if (front->addresses != NULL && front->peers != NULL)
		return front;
	front_free(front);
	errno = ENOMEM;
	return NULL;
}

static bool
make_loops(struct front *front, char *why, size_t size)
{
	for (int i = 0; i < LOOPS; i++) {
		if (loop_init(&front->loop[i], front))
			continue;
		snprintf(why, size, "cannot wait for connections: %s",
		         strerror(errno));
		return false;
	}
	return true;
}

static bool
speaks_tls(const struct front *front)
{
	for (size_t i = 0; i < front->listeners.n; i++)
		if (front->listeners.list[i].tls)
			return true;
	return false;
}

static bool
fill(struct front *front, const struct config *config, const int *fds,
     size_t n_fds, char *why, size_t size)
{
	if (!make_loops(front, why, size))
		return false;
	if (n_fds > 0 ? !listeners_adopt(&front->listeners, config, fds, n_fds,
	                                 why, size)
	              : !listeners_open(&front->listeners, config, why, size))
		return false;
	if (!speaks_tls(front))
		return true;
	front->tls = tls_new(config, why, size);
	return front->tls != NULL;
}

struct front *
front_new(const struct config *config, const int *fds, size_t n_fds, char *why,
          size_t size)
{
	struct front *front = make(config);

	if (front == NULL) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	if (fill(front, config, fds, n_fds, why, size))
		return front;
	front_free(front);
	return NULL;
}

bool
front_start(struct front *front, front_accept_fn fn, void *arg)
{
	front->accept_fn = fn;
	front->arg = arg;
	for (int i = 0; i < LOOPS; i++)
		if (!loop_start(&front->loop[i]))
			return false;
	return true;
}

bool
front_reload(struct front *front, const struct config *config, char *why,
             size_t size)
{
	struct tls *tls = NULL, *before;

	if (speaks_tls(front)) {
		tls = tls_new(config, why, size);
		if (tls == NULL)
			return false;
	}
	set_limits(&front->limits, config);
	pthread_mutex_lock(&front->lock);
	before = front->tls;
	front->tls = tls;
	pthread_mutex_unlock(&front->lock);
	tls_free(before);
	return true;
}

struct tls *
front_tls(struct front *front)
{
	struct tls *tls;

	pthread_mutex_lock(&front->lock);
	tls = front->tls != NULL ? tls_hold(front->tls) : NULL;
	pthread_mutex_unlock(&front->lock);
	return tls;
}

const char *
front_address(const struct front *front, size_t i)
{
	return i < front->listeners.n ? front->listeners.list[i].name : NULL;
}

bool
front_address_is_tls(const struct front *front, size_t i)
{
	return i < front->listeners.n && front->listeners.list[i].tls;
}

void
front_stats(struct front *front, struct front_stats *ret_stats)
{
	*ret_stats = (struct front_stats){
		.accepted = atomic_load(&front->accepted),
		.refused_limit = atomic_load(&front->refused_limit),
		.tls_failed = atomic_load(&front->tls_failed),
		.timed_out = atomic_load(&front->timed_out),
		.open = atomic_load(&front->open),
	};
}

static void
enter(struct front *front, enum phase phase)
{
	atomic_store(&front->phase, (int)phase);
	for (int i = 0; i < LOOPS; i++)
		if (front->loop[i].started)
			loop_wake(&front->loop[i]);
}

/* A descriptor must not be closed while another thread may accept() on its
 * number. */
void
front_quiesce(struct front *front)
{
	unsigned running = 0;

	if (atomic_load(&front->phase) != PHASE_RUN)
		return;
	for (int i = 0; i < LOOPS; i++)
		running += front->loop[i].started;
	enter(front, PHASE_QUIET);
	pthread_mutex_lock(&front->lock);
	while (front->n_quiet < running)
		pthread_cond_wait(&front->quiet, &front->lock);
	pthread_mutex_unlock(&front->lock);
	listeners_close(&front->listeners);
}

void
front_free(struct front *front)
{
	if (front == NULL)
		return;
	front_quiesce(front);
	enter(front, PHASE_LEAVE);
	for (int i = 0; i < LOOPS; i++) {
		if (front->loop[i].started)
			(void)pthread_join(front->loop[i].thread, NULL);
		loop_clear(&front->loop[i]);
	}
	tls_free(front->tls);
	addresses_free(front->addresses);
	peers_free(front->peers);
	free(front->listeners.list);
	pthread_cond_destroy(&front->quiet);
	pthread_mutex_destroy(&front->lock);
	free(front);
}

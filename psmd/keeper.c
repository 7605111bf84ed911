/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* keeper.c - a CRL does not run out, and no request outlives its order. */

#include "psmd/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psmd/crl.h"
#include "psmd/log.h"

enum { EVERY_SECONDS = 300 };

struct keeper {
	struct server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool look, end;
	char said[512]; /* the last failure, which is not said again */
};

/* Without an authority there is nothing to do, unless somebody counts on it. */
static bool
is_wanted(const struct config *config)
{
	return config->orders.enabled || config->pkcs12.enabled ||
	       access(config->crl_file, F_OK) == 0;
}

static void
renew(struct keeper *keeper)
{
	static const struct rec_actor program = { "", "local" };
	const struct issuing issuing = server_issuing(keeper->server);
	char why[sizeof keeper->said] = "";

	if (!is_wanted(issuing.config) ||
	    crl_renew(&issuing, &program, why, sizeof why)) {
		keeper->said[0] = '\0';
		return;
	}
	if (strcmp(why, keeper->said) != 0)
		log_line(LOG_FAILED, "%s", why);
	memcpy(keeper->said, why, sizeof why);
}

static void
forget(struct keeper *keeper)
{
	enum rec_err err = records_forget(keeper->server->records);

	if (err != REC_OK && err != REC_BUSY)
		log_line(LOG_FAILED, "emptying the records' log: %s",
		         rec_strerror(err));
}

/* Until it is time, or there is something to do. */
static void
wait_for_more(struct keeper *keeper)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVERY_SECONDS;
	while (!keeper->look && !keeper->end &&
	       pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until) ==
	               0)
		continue;
}

static void *
keep(void *arg)
{
	struct keeper *keeper = arg;

	pthread_setname_np(pthread_self(), "psmd-keeper");
	pthread_mutex_lock(&keeper->lock);
	while (!keeper->end) {
		keeper->look = false;
		pthread_mutex_unlock(&keeper->lock);
		renew(keeper);
		forget(keeper);
		pthread_mutex_lock(&keeper->lock);
		wait_for_more(keeper);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

struct keeper *
keeper_new(struct server *server)
{
	struct keeper *keeper = calloc(1, sizeof *keeper);
	pthread_condattr_t attributes;

	if (keeper == NULL)
		return NULL;
	keeper->server = server;
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&keeper->thread, NULL, keep, keeper) != 0) {
		free(keeper);
		return NULL;
	}
	return keeper;
}

static void
tell(struct keeper *keeper, bool *what)
{
	pthread_mutex_lock(&keeper->lock);
	*what = true;
	pthread_cond_signal(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
}

void
keeper_look(struct keeper *keeper)
{
	tell(keeper, &keeper->look);
}

void
keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	tell(keeper, &keeper->end);
	pthread_join(keeper->thread, NULL);
	pthread_cond_destroy(&keeper->wake);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

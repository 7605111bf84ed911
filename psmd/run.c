/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* run.c - psmd run: from the configuration to the last answer. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ca/pfx.h"
#include "psmd/auth.h"
#include "psmd/ca_files.h"
#include "psmd/command.h"
#include "psmd/keeper.h"
#include "psmd/http.h"
#include "psmd/lock.h"
#include "psmd/log.h"
#include "psmd/metrics.h"
#include "psmd/notify.h"
#include "psmd/password.h"
#include "psmd/pkcs12.h"
#include "psmd/rights.h"
#include "psmd/server.h"
#include "psmd/store.h"
#include "psmd/tls.h"

enum {
	STOP_SECONDS = 10,  /* to answer what has come */
	PER_CONNECTION = 3, /* descriptors: the client, a socket pair */
	BESIDES = 256       /* databases, threads, listeners */
};

/* A configuration that a reload made old, but requests may still hold. */
struct kept {
	struct config *config;
	struct kept *next;
};

struct daemon {
	struct server server;
	struct keeper *keeper;
	const char *path; /* of the configuration, as it was given */
	struct kept *kept;
	int lock;
	char status[512]; /* where it listens */
	char why[512];
};

static bool
fail(const char *what, const char *why)
{
	log_line(LOG_FAILED, "%s: %s", what, why);
	return false;
}

/* --- the parts, in their order ------------------------------------------- */

static void
log_complaints(enum log_level level, char *text)
{
	char *rest = text, *line;

	while ((line = strtok_r(rest, "\n", &rest)) != NULL)
		log_line(level, "%s", line);
}

static struct config *
read_config(const char *path)
{
	char *text = NULL;
	size_t len = 0;
	FILE *complaints = open_memstream(&text, &len);
	struct config *config;

	if (complaints == NULL)
		return NULL;
	config = config_read(path, complaints);
	if (fclose(complaints) == 0)
		log_complaints(LOG_FAILED, text);
	free(text);
	return config;
}

static bool
take_lock(struct daemon *d)
{
	const char *folder = d->server.config->database;

	d->lock = lock_take(folder);
	if (d->lock >= 0)
		return true;
	return fail(folder, errno == EWOULDBLOCK
	                            ? "another psmd uses this database"
	                            : strerror(errno));
}

static bool
open_records(struct daemon *d)
{
	const char *path = d->server.config->records;
	enum rec_err err = records_open(path, false, &d->server.records);

	return err == REC_OK || fail(path, rec_strerror(err));
}

struct tidying {
	bool good;
	size_t n;
	char why[512];
};

static void
tidy(struct psm_ctx *ctx, void *arg)
{
	struct tidying *t = arg;

	t->good = psm_store_tidy(ctx, "@", &t->n) == PSM_OK;
	snprintf(t->why, sizeof t->why, "%s", psm_errmsg(ctx));
}

/* Open the database, and finish what an interruption left undone. */
static bool
open_engine(struct daemon *d)
{
	const struct config *config = d->server.config;
	struct tidying t = { .good = false };

	d->server.engine = engine_new(config->database, config->password_file,
	                              config->queue, d->why, sizeof d->why);
	if (d->server.engine == NULL)
		return fail(config->database, d->why);
	if (!engine_call(d->server.engine, tidy, &t) || !t.good)
		return fail(config->database, t.why);
	if (t.n > 0)
		log_line(LOG_CHANGED, "%zu certificates deleted that an "
		         "interruption had left beside newer ones", t.n);
	return true;
}

static bool
open_front(struct daemon *d)
{
	const struct config *config = d->server.config;
	int first = -1, n = notify_sockets(&first), *fds = NULL;

	if (n < 0)
		return fail("systemd's sockets", strerror(-n));
	if (n == 0 && config->n_listen == 0)
		return fail(d->path, "listen_https and listen_http are empty");
	fds = calloc((size_t)n + 1, sizeof *fds);
	if (fds == NULL)
		return fail("sockets", "out of memory");
	for (int i = 0; i < n; i++)
		fds[i] = first + i;
	d->server.front = front_new(config, fds, (size_t)n, d->why,
	                            sizeof d->why);
	free(fds);
	return d->server.front != NULL || fail("sockets", d->why);
}

/* Files are opened again: folders on the way to them may be closed to user. */
static bool
can_reach(const struct config *config)
{
	const struct {
		const char *path;
		int mode;
	} wanted[] = { { config->database, R_OK | W_OK | X_OK },
		       { config->records, R_OK | W_OK },
		       { config->path, R_OK } };

	const char *user = config->user != NULL ? config->user : "psmd";

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		if (access(wanted[i].path, wanted[i].mode) == 0)
			continue;
		log_line(LOG_FAILED, "%s cannot use %s: %s", user,
		         wanted[i].path, strerror(errno));
		return false;
	}
	return true;
}

static bool
drop_rights(struct daemon *d)
{
	const size_t wanted = (size_t)d->server.config->connections *
	                              PER_CONNECTION + BESIDES;
	const size_t got = rights_descriptors(wanted);

	if (got < wanted)
		log_line(LOG_DOUBTFUL, "%u connections need %zu descriptors, "
		         "and there are %zu", d->server.config->connections,
		         wanted, got);
	if (!rights_drop(d->server.config->user, d->why, sizeof d->why))
		return fail("user", d->why);
	if (!can_reach(d->server.config))
		return false;
	if (geteuid() == 0)
		log_line(LOG_DOUBTFUL, "psmd runs as root; \"user\" in the "
		         "configuration names another");
	return true;
}

static bool
open_http(struct daemon *d)
{
	struct server *server = &d->server;

	if (!password_init())
		return fail("libsodium", "it does not start");
	server->auth = auth_new(server);
	server->metrics = metrics_new();
	server->store = store_new(server);
	server->ca_files = ca_files_new();
	if (server->auth == NULL || server->metrics == NULL ||
	    server->store == NULL || server->ca_files == NULL)
		return fail("start", "out of memory");
	server->http = http_new(server, d->why, sizeof d->why);
	if (server->http == NULL)
		return fail("http", d->why);
	return front_start(server->front, http_accept, server->http) ||
	       fail("sockets", strerror(errno));
}

/* Keys for PKCS#12 files, ahead of who asks for them; none for a service that
 * is off. */
static void
count_keys(const struct config *config, unsigned ret_ready[PFX_N_KINDS])
{
	memset(ret_ready, 0, PFX_N_KINDS * sizeof *ret_ready);
	if (!config->pkcs12.enabled)
		return;
	ret_ready[PFX_RSA_2048] = config->pool_rsa_2048;
	ret_ready[PFX_RSA_3072] = config->pool_rsa_3072;
	ret_ready[PFX_RSA_4096] = config->pool_rsa_4096;
}

/* What issues, and keeps up to date what was issued. */
static bool
open_issuer(struct daemon *d)
{
	struct server *server = &d->server;
	unsigned ready[PFX_N_KINDS];

	count_keys(server->config, ready);
	server->issuer = issuer_new();
	server->pool = pfx_pool_new(ready);
	if (server->issuer != NULL && server->pool != NULL)
		d->keeper = keeper_new(server);
	return d->keeper != NULL || fail("start", "out of memory");
}

/* An old certificate is better than no answer, but not for long. */
static void
warn_of_end(const struct daemon *d)
{
	const struct front *front = d->server.front;
	char what[512];

	for (size_t i = 0; front_address(front, i) != NULL; i++) {
		if (!front_address_is_tls(front, i))
			continue;
		if (tls_check_end(d->server.config, what, sizeof what))
			log_line(LOG_DOUBTFUL, "%s", what);
		return;
	}
}

/* Where it listens, in the log and for systemd. */
static void
tell_addresses(struct daemon *d)
{
	const struct front *front = d->server.front;
	const char *address;
	size_t len = 0;

	for (size_t i = 0; (address = front_address(front, i)) != NULL; i++) {
		const char *scheme = front_address_is_tls(front, i) ? "https"
		                                                    : "http";

		log_line(LOG_DONE, "listening on %s://%s", scheme, address);
		if (len < sizeof d->status)
			len += (size_t)snprintf(d->status + len,
			                        sizeof d->status - len,
			                        "%s%s://%s", i > 0 ? ", " : "",
			                        scheme, address);
	}
	notify_ready(d->status);
}

static void
daemon_end(struct daemon *d)
{
	struct server *server = &d->server;

	if (server->front != NULL)
		front_quiesce(server->front);
	http_free(server->http, STOP_SECONDS);
	front_free(server->front);
	store_free(server->store);
	metrics_free(server->metrics);
	auth_free(server->auth);
	ca_files_free(server->ca_files);
	keeper_free(d->keeper);
	pfx_pool_free(server->pool);
	issuer_free(server->issuer);
	engine_free(server->engine);
	records_close(server->records);
	while (d->kept != NULL) {
		struct kept *next = d->kept->next;

		config_free(d->kept->config);
		free(d->kept);
		d->kept = next;
	}
	config_free(server->config);
	if (d->lock >= 0)
		close(d->lock);
}

/* --- reload -------------------------------------------------------------- */

/* Judged by itself and beside the old; complaints go to the log. */
static bool
judge(const struct config *next, const struct config *old)
{
	char *text = NULL;
	size_t len = 0;
	FILE *complaints = open_memstream(&text, &len);
	bool good;

	if (complaints == NULL)
		return fail("reload", "out of memory");
	good = config_check_reload(next, old, complaints);
	if (fclose(complaints) == 0)
		log_complaints(good ? LOG_DOUBTFUL : LOG_FAILED, text);
	free(text);
	return good;
}

static bool
take_config(struct daemon *d, struct config *next)
{
	struct kept *kept = calloc(1, sizeof *kept);

	if (kept == NULL)
		return fail("reload", "out of memory");
	if (!judge(next, d->server.config) ||
	    (!config_keep_start(next, d->server.config) &&
	     !fail("reload", "out of memory")) ||
	    (!front_reload(d->server.front, next, d->why, sizeof d->why) &&
	     !fail("reload", d->why))) {
		free(kept);
		return false;
	}
	*kept = (struct kept){ d->server.config, d->kept };
	d->kept = kept;
	__atomic_store_n(&d->server.config, next, __ATOMIC_RELEASE);
	return true;
}

static void
reload(struct daemon *d)
{
	unsigned ready[PFX_N_KINDS];
	struct config *next;

	notify_reloading();
	next = read_config(d->path);
	if (next != NULL && take_config(d, next)) {
		log_line(LOG_CHANGED, "%s was read again", d->path);
		count_keys(next, ready);
		pfx_pool_want(d->server.pool, ready);
		keeper_look(d->keeper);
	} else {
		config_free(next);
		log_line(LOG_FAILED, "the configuration stays as it was");
	}
	notify_ready(d->status);
}

/* --- until the end ------------------------------------------------------- */

static void
serve(struct daemon *d, const sigset_t *signals)
{
	const unsigned ms = notify_watchdog_ms() / 2;
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };
	int number;

	for (;;) {
		number = ms > 0 ? sigtimedwait(signals, NULL, &pause)
		                : sigwaitinfo(signals, NULL);
		if (number == SIGHUP)
			reload(d);
		else if (number > 0)
			break;
		else if (errno == EAGAIN && http_moves(d->server.http))
			notify_send("WATCHDOG=1"); /* being busy is no harm */
	}
	log_line(LOG_DONE, "%s: no new connections, finishing what has come",
	         strsignal(number));
	notify_send("STOPPING=1");
}

/* Threads have the mask of the one that makes them: only this one gets any. */
static bool
block_signals(sigset_t *signals)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	return (pthread_sigmask(SIG_BLOCK, signals, NULL) == 0 &&
	        sigaction(SIGPIPE, &ignore, NULL) == 0) ||
	       fail("signals", strerror(errno));
}

/* Everything up to where requests are answered. Ports below 1024 and files of
 * root's come before the rights go. */
static bool
start(struct daemon *d)
{
	return take_lock(d) && open_records(d) && open_engine(d) &&
	       open_front(d) && drop_rights(d) && open_issuer(d) &&
	       open_http(d);
}

int
cmd_run(const struct args *args)
{
	struct daemon d = { .path = args->value[OPT_CONFIG], .lock = -1 };
	sigset_t signals;
	bool good;

	pkcs12_init();
	if (!block_signals(&signals))
		return STATUS_FAILED;
	if (!rights_close(d.why, sizeof d.why)) {
		fail("start", d.why);
		return STATUS_FAILED;
	}
	d.server.config = read_config(d.path);
	if (d.server.config == NULL)
		return STATUS_CONFIG;
	good = start(&d);
	if (good) {
		warn_of_end(&d);
		tell_addresses(&d);
		serve(&d, &signals);
	}
	daemon_end(&d);
	if (good)
		log_line(LOG_DONE, "ended");
	return good ? STATUS_DONE : STATUS_FAILED;
}

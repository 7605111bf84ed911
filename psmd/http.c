/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* http.c - libmicrohttpd: connections in, requests to exchange.c. */

#include "psmd/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "psmd/exchange.h"
#include "psmd/log.h"

#define HTTP_THREADS 2

enum {
	STEP_MS = 20,
	LAST_MS = 1000 /* for the workers' last answers to go out */
};

static struct visitor *
visitor_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	        ->socket_context;
}

/* Of a request that fails while its header is read libmicrohttpd says no more:
 * so the connection knows it too. */
static void *
on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct visitor *visitor = visitor_of(connection);

	if (visitor == NULL)
		return NULL;
	exchange_free(visitor->exchange);
	visitor->exchange = exchange_new(arg, target);
	return visitor->exchange;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *path,
           const char *method, const char *version, const char *data,
           size_t *len, void **slot)
{
	struct exchange *exchange = *slot;

	(void)arg;
	if (exchange == NULL) /* no memory for it */
		return MHD_NO;
	if (!exchange->begun) {
		exchange->connection = connection;
		exchange_begin(exchange, version, method, path);
		return exchange->answered ? exchange_answer(exchange) : MHD_YES;
	}
	if (*len > 0) {
		exchange_feed(exchange, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (exchange->answered || exchange_finish(exchange))
		return exchange_answer(exchange);
	return MHD_YES; /* suspended; comes back here, answered */
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **slot,
             enum MHD_RequestTerminationCode code)
{
	struct visitor *visitor = visitor_of(connection);

	(void)arg;
	(void)code;
	exchange_free(*slot);
	*slot = NULL;
	if (visitor != NULL)
		visitor->exchange = NULL;
}

/* A connection's peer is held as long as the connection lives. */
static struct visitor *
visitor_new(struct http *http, int fd)
{
	struct visitor *visitor = calloc(1, sizeof *visitor);

	if (visitor != NULL)
		visitor->peer = front_peer_hold(http->server->front, fd);
	return visitor;
}

static void
visitor_free(struct http *http, struct visitor *visitor)
{
	if (visitor == NULL)
		return;
	exchange_free(visitor->exchange);
	if (visitor->peer != NULL)
		front_peer_release(http->server->front, visitor->peer);
	free(visitor);
}

static void
on_connection(void *arg, struct MHD_Connection *connection, void **slot,
              enum MHD_ConnectionNotificationCode code)
{
	struct http *http = arg;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(connection,
		                               MHD_CONNECTION_INFO_CONNECTION_FD);
		*slot = visitor_new(http, info->connect_fd);
	} else {
		visitor_free(http, *slot);
		*slot = NULL;
	}
}

static void __attribute__((format(printf, 2, 0)))
on_complaint(void *arg, const char *format, va_list args)
{
	char text[512];
	int n;

	(void)arg;
	/* it takes a socket pair for TCP: with each answer that is its last */
	if (strncmp(format, "Setting %s option", 17) == 0 ||
	    strncmp(format, "Failed to push the data", 23) == 0)
		return;
	n = vsnprintf(text, sizeof text, format, args);
	if (n > 0)
		text[strcspn(text, "\n")] = '\0';
	log_line(LOG_DOUBTFUL, "http: %s", text);
}

static struct MHD_Daemon *
start(struct http *http, const struct config *config)
{
	return MHD_start_daemon(
	        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
	                MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
	        0, NULL, NULL, on_request, http,
	        MHD_OPTION_EXTERNAL_LOGGER, on_complaint, http,
	        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)HTTP_THREADS,
	        /* The front holds the limit of all connections; each thread of
	         * the pool may have all of them. */
	        MHD_OPTION_CONNECTION_LIMIT,
	        (unsigned)(config->connections * HTTP_THREADS),
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	        (size_t)config->header_bytes + 2048,
	        MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
	        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
	        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
	        MHD_OPTION_END);
}

struct http *
http_new(struct server *server, char *why, size_t size)
{
	const struct config *config = server_config(server);
	struct http *http = calloc(1, sizeof *http);

	snprintf(why, size, "out of memory");
	if (http == NULL)
		return NULL;
	http->server = server;
	http->workers = work_new("psmd-worker", config->workers, config->queue);
	if (http->workers == NULL) {
		free(http);
		return NULL;
	}
	http->daemon = start(http, config);
	if (http->daemon == NULL) {
		snprintf(why, size, "libmicrohttpd does not start");
		work_free(http->workers);
		free(http);
		return NULL;
	}
	return http;
}

bool
http_accept(int fd, const struct sockaddr *address, socklen_t len, void *arg)
{
	struct http *http = arg;

	return MHD_add_connection(http->daemon, fd, address, len) == MHD_YES;
}

size_t
http_waiting(struct http *http)
{
	return work_waiting(http->workers);
}

bool
http_moves(struct http *http)
{
	uint64_t begun = work_begun(http->workers);
	bool moves = begun != http->begun_before || http_waiting(http) == 0;

	http->begun_before = begun;
	return moves;
}

static void
wait_for_answers(struct http *http, unsigned ms)
{
	for (; ms >= STEP_MS && atomic_load(&http->in_flight) > 0;
	     ms -= STEP_MS)
		usleep(STEP_MS * 1000);
}

/* A connection that waits for its worker must not be there when libmicrohttpd
 * ends: so first the requests that are here, then the workers, then that. Until
 * its threads have ended, they may still come with a request that was slow to
 * arrive: so the workers' queue is there as long, closed. */
void
http_free(struct http *http, unsigned seconds)
{
	if (http == NULL)
		return;
	atomic_store(&http->closing, true);
	wait_for_answers(http, seconds * 1000);
	atomic_store(&http->ending, true);
	work_close(http->workers);
	wait_for_answers(http, LAST_MS);
	MHD_stop_daemon(http->daemon);
	work_free(http->workers);
	free(http);
}

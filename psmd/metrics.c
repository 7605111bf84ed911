/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* metrics.c - GET /metrics and GET /healthz. */

#include "psmd/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psmd/http.h"
#include "psmd/log.h"
#include "psmd/server.h"

#define ROUTES_MAX 32

static const double bounds[] = { 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10 };

#define N_BOUNDS (sizeof bounds / sizeof bounds[0])

struct row {
	const char *route; /* static */
	uint64_t by_class[6]; /* [2]: 2xx, and so on */
	uint64_t by_bound[N_BOUNDS + 1];
	double seconds;
};

struct metrics {
	pthread_mutex_t lock;
	struct row rows[ROUTES_MAX];
	size_t n;
};

struct metrics *
metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);

	if (metrics != NULL)
		pthread_mutex_init(&metrics->lock, NULL);
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

/* Routes are few and their names static; the last row takes what is left. */
static struct row *
row_of(struct metrics *metrics, const char *route)
{
	size_t i = 0;

	while (i < metrics->n && metrics->rows[i].route != route)
		i++;
	if (i == ROUTES_MAX)
		return &metrics->rows[ROUTES_MAX - 1];
	if (i == metrics->n)
		metrics->rows[metrics->n++].route = route;
	return &metrics->rows[i];
}

void
metrics_count(struct metrics *metrics, const char *route, unsigned status,
              double seconds)
{
	struct row *row;
	size_t bound = 0;

	while (bound < N_BOUNDS && seconds > bounds[bound])
		bound++;
	pthread_mutex_lock(&metrics->lock);
	row = row_of(metrics, route);
	row->by_class[status / 100 < 6 ? status / 100 : 0]++;
	row->by_bound[bound]++;
	row->seconds += seconds;
	pthread_mutex_unlock(&metrics->lock);
}

static void
write_requests(FILE *out, const struct row *row)
{
	for (unsigned class = 0; class < 6; class++) {
		if (row->by_class[class] > 0)
			fprintf(out,
			        "psmd_requests_total{route=\"%s\","
			        "class=\"%uxx\"} %llu\n",
			        row->route, class,
			        (unsigned long long)row->by_class[class]);
	}
}

static void
write_seconds(FILE *out, const struct row *row)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < N_BOUNDS; i++) {
		n += row->by_bound[i];
		fprintf(out,
		        "psmd_request_seconds_bucket{route=\"%s\",le=\"%g\"} "
		        "%llu\n",
		        row->route, bounds[i], n);
	}
	n += row->by_bound[N_BOUNDS];
	fprintf(out,
	        "psmd_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n"
	        "psmd_request_seconds_sum{route=\"%s\"} %.6f\n"
	        "psmd_request_seconds_count{route=\"%s\"} %llu\n",
	        row->route, n, row->route, row->seconds, row->route, n);
}

static void
write_rows(FILE *out, struct metrics *metrics)
{
	fputs("# HELP psmd_requests_total Requests by the class of their "
	      "answer; 0xx: the client left before.\n"
	      "# TYPE psmd_requests_total counter\n",
	      out);
	pthread_mutex_lock(&metrics->lock);
	for (size_t i = 0; i < metrics->n; i++)
		write_requests(out, &metrics->rows[i]);
	fputs("# HELP psmd_request_seconds From a request's line to the end of "
	      "its answer.\n"
	      "# TYPE psmd_request_seconds histogram\n",
	      out);
	for (size_t i = 0; i < metrics->n; i++)
		write_seconds(out, &metrics->rows[i]);
	pthread_mutex_unlock(&metrics->lock);
}

static void
write_number(FILE *out, const char *name, const char *type, const char *help,
             uint64_t value)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name,
	        type, name, (unsigned long long)value);
}

static void
write_state(FILE *out, const struct server *server)
{
	struct front_stats stats = { 0 };

	front_stats(server->front, &stats);
	write_number(out, "psmd_connections_total", "counter",
	             "Connections that came, refused ones among them.",
	             stats.accepted);
	write_number(out, "psmd_connections_open", "gauge",
	             "Connections open now.", stats.open);
	write_number(out, "psmd_connections_refused_total", "counter",
	             "Connections over the limit of their address.",
	             stats.refused_limit);
	write_number(out, "psmd_tls_failures_total", "counter",
	             "TLS handshakes that failed.", stats.tls_failed);
	write_number(out, "psmd_timeouts_total", "counter",
	             "Connections ended by a time limit.", stats.timed_out);
	write_number(out, "psmd_requests_waiting", "gauge",
	             "Requests that wait for a worker.",
	             http_waiting(server->http));
	write_number(out, "psmd_engine_waiting", "gauge",
	             "Pieces of work that wait for the engine.",
	             engine_waiting(server->engine));
	write_number(out, "psmd_log_lines_lost_total", "counter",
	             "Lines of the log that nobody took in time.", log_lost());
}

/* GET and HEAD; anything else is told so. */
static bool
is_read(const struct request *request, struct reply *reply)
{
	if (strcmp(request->method, "GET") == 0 ||
	    strcmp(request->method, "HEAD") == 0)
		return true;
	reply_text(reply, 405, "text/plain; charset=utf-8",
	           "GET and HEAD only\n");
	if (!reply_header(reply, "Allow", "GET, HEAD"))
		reply->status = 500;
	return false;
}

/* As the front writes addresses: IPv6 may have an IPv4 one inside. */
static bool
is_this_machine(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
	       strncmp(address, "::ffff:127.", 11) == 0;
}

void
metrics_handler(const struct request *request, struct reply *reply)
{
	const struct server *server = request->server;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (!is_read(request, reply))
		return;
	if (!server_config(server)->metrics_public &&
	    !is_this_machine(request->peer->address)) {
		reply_text(reply, 403, "text/plain; charset=utf-8",
		           "from this machine only\n");
		return;
	}
	out = open_memstream(&text, &len);
	if (out == NULL) {
		reply_text(reply, 500, "text/plain; charset=utf-8",
		           "out of memory\n");
		return;
	}
	write_rows(out, server->metrics);
	write_state(out, server);
	if (fclose(out) == 0)
		reply_text(reply, 200, "text/plain; version=0.0.4; charset=utf-8",
		           text);
	else
		reply->status = 500;
	free(text);
}

void
healthz_handler(const struct request *request, struct reply *reply)
{
	const struct server *server = request->server;

	if (!is_read(request, reply))
		return;
	if (http_waiting(server->http) >= server_config(server)->queue)
		reply_text(reply, 503, "text/plain; charset=utf-8",
		           "too many requests wait\n");
	else
		reply_text(reply, 200, "text/plain; charset=utf-8", "ok\n");
}

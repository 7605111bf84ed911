/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* exchange.c - one request and its answer. */

#include "psmd/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "psmd/auth.h"
#include "psmd/log.h"
#include "psmd/metrics.h"

#define FORM_BUFFER 4096  /* bytes; the longest parameter name fits */
#define PARAMS_MAX 100
#define DISCARD_MAX (16u << 20) /* bytes that are read only to be polite */
#define LOGGED_METHOD 20 /* bytes */
#define LOGGED_PATH 1000

struct exchange *
exchange_new(struct http *http, const char *target)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);

	if (exchange == NULL)
		return NULL;
	exchange->target = strdup(target);
	if (exchange->target == NULL) {
		free(exchange);
		return NULL;
	}
	exchange->http = http;
	exchange->request.server = http->server;
	exchange->request.target = exchange->target;
	exchange->request.params = &exchange->params;
	clock_gettime(CLOCK_MONOTONIC, &exchange->since);
	atomic_fetch_add(&http->in_flight, 1);
	return exchange;
}

const char *
request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection,
	                                   MHD_HEADER_KIND, name);
}

/* The reply may have headers already. */
static void
refuse(struct exchange *exchange, int refusal)
{
	exchange->route->refuse(&exchange->request, refusal, &exchange->reply);
	if (refusal == REFUSED_BUSY)
		(void)reply_header(&exchange->reply, "Retry-After", "1");
	exchange->answered = true;
}

/* In place of what reply has already. */
static void
refuse_anew(struct exchange *exchange, int refusal)
{
	reply_clear(&exchange->reply);
	refuse(exchange, refusal);
}

/* Nothing after this request can be trusted to be one. */
static void
refuse_for_good(struct exchange *exchange, int refusal)
{
	refuse_anew(exchange, refusal);
	exchange->reply.close = true;
}

/* --- the header ---------------------------------------------------------- */

struct framing {
	unsigned lengths, encodings, hosts;
	bool chunked;
};

static enum MHD_Result
look_at_field(void *arg, enum MHD_ValueKind kind, const char *name,
              const char *value)
{
	struct framing *framing = arg;

	(void)kind;
	framing->lengths += strcasecmp(name, "Content-Length") == 0;
	framing->hosts += strcasecmp(name, "Host") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->encodings++;
		framing->chunked = value != NULL &&
		                   strcasecmp(value, "chunked") == 0;
	}
	return MHD_YES;
}

/* Where two readers could disagree about where a request ends, or whom it is
 * for, there is no good answer (RFC 9112, 6.3 and 3.2). */
static bool
is_well_framed(struct MHD_Connection *connection, const char *version)
{
	struct framing framing = { 0 };

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_field,
	                          &framing);
	return framing.lengths + framing.encodings <= 1 &&
	       framing.hosts <= 1 &&
	       (framing.hosts == 1 || strcmp(version, "HTTP/1.0") == 0) &&
	       (framing.encodings == 0 || framing.chunked);
}

static enum MHD_Result
take_query(void *arg, enum MHD_ValueKind kind, const char *name,
           size_t name_len, const char *value, size_t len)
{
	struct params *params = arg;

	(void)kind;
	if (strlen(name) != name_len)
		params->malformed = true;
	params_append(params, PARAM_QUERY, name, 0, value != NULL ? value : "",
	              value != NULL ? len : 0);
	return MHD_YES;
}

static const struct config *
config_of(const struct exchange *exchange)
{
	return server_config(exchange->http->server);
}

static bool
is_form(const char *type)
{
	return type != NULL &&
	       (strncasecmp(type, "multipart/form-data", 19) == 0 ||
	        strncasecmp(type, "application/x-www-form-urlencoded", 33) ==
	                0);
}

static enum MHD_Result
take_form(void *arg, enum MHD_ValueKind kind, const char *name,
          const char *filename, const char *type, const char *encoding,
          const char *data, uint64_t off, size_t len)
{
	struct exchange *exchange = arg;
	const char *whole = request_header(&exchange->request, "Content-Type");

	(void)kind;
	(void)filename;
	(void)type;
	(void)encoding;
	if (name == NULL) {
		exchange->params.malformed = true;
		return MHD_NO;
	}
	return params_append(&exchange->params,
	                     strncasecmp(whole, "multipart", 9) == 0 ?
	                             PARAM_MULTIPART :
	                             PARAM_URLENCODED,
	                     name, off, data, len) ?
	               MHD_YES :
	               MHD_NO;
}

static uint64_t
max_discard(const struct exchange *exchange)
{
	return exchange->max_body > DISCARD_MAX ? exchange->max_body
	                                        : DISCARD_MAX;
}

/* A body that says it is absurdly long is not even read. */
static void
expect_body(struct exchange *exchange)
{
	const char *type = request_header(&exchange->request, "Content-Type");
	const char *length =
	        request_header(&exchange->request, "Content-Length");

	if (length != NULL &&
	    strtoull(length, NULL, 10) > max_discard(exchange)) {
		refuse_for_good(exchange, REFUSED_TOO_BIG);
		return;
	}
	if (!is_form(type))
		return;
	exchange->form = MHD_create_post_processor(
	        exchange->connection, FORM_BUFFER, take_form, exchange);
	exchange->params.malformed |= exchange->form == NULL;
}

/* Of a target in absolute form, http://host/path: RFC 9112, 3.2.2. */
static const char *
path_of(const char *target)
{
	const char *host, *path;

	if (strncasecmp(target, "http://", 7) == 0)
		host = target + 7;
	else if (strncasecmp(target, "https://", 8) == 0)
		host = target + 8;
	else
		return target;
	path = strchr(host, '/');
	return path != NULL ? path : "/";
}

void
exchange_begin(struct exchange *exchange, const char *version,
               const char *method, const char *path)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	        exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	exchange->begun = true;
	path = path_of(path);
	exchange->route = route_find(path);
	exchange->request.connection = exchange->connection;
	exchange->request.peer =
	        ((const struct visitor *)info->socket_context)->peer;
	exchange->request.method = exchange->method = strdup(method);
	exchange->request.path = exchange->path = strdup(path);
	exchange->params.max_count = PARAMS_MAX;
	exchange->params.max_value = exchange->route->max_value;
	exchange->max_body = exchange->route->max_body != 0
	                             ? exchange->route->max_body
	                             : config_of(exchange)->body_bytes;
	if (exchange->method == NULL || exchange->path == NULL ||
	    exchange->request.peer == NULL) {
		refuse_for_good(exchange, REFUSED_MEMORY);
		return;
	}
	if (!is_well_framed(exchange->connection, version) ||
	    strstr(exchange->target, "%00") != NULL) {
		refuse_for_good(exchange, REFUSED_MALFORMED);
		return;
	}
	if (atomic_load(&exchange->http->ending)) {
		refuse_for_good(exchange, REFUSED_BUSY);
		return;
	}
	MHD_get_connection_values_n(exchange->connection,
	                            MHD_GET_ARGUMENT_KIND, take_query,
	                            &exchange->params);
	expect_body(exchange);
}

/* --- the body ------------------------------------------------------------ */

/* realloc() would leave a copy of a secret behind. */
static bool
make_room(struct exchange *exchange, size_t len)
{
	size_t used = exchange->request.body_len;
	size_t room = 2 * (used + len);
	unsigned char *bigger;

	if (used + len <= exchange->body_room)
		return true;
	if (room > exchange->max_body)
		room = exchange->max_body; /* no more is kept */
	bigger = malloc(room);
	if (bigger == NULL)
		return false;
	if (used > 0) {
		memcpy(bigger, exchange->body, used);
		explicit_bzero(exchange->body, used);
	}
	free(exchange->body);
	exchange->body = bigger;
	exchange->body_room = room;
	return true;
}

static void
keep(struct exchange *exchange, const char *data, size_t len)
{
	if (!make_room(exchange, len)) {
		exchange->params.out_of_memory = true;
		return;
	}
	memcpy(exchange->body + exchange->request.body_len, data, len);
	exchange->request.body = exchange->body;
	exchange->request.body_len += len;
}

void
exchange_feed(struct exchange *exchange, const char *data, size_t len)
{
	exchange->received += len;
	if (exchange->received > max_discard(exchange)) {
		/* Only a chunked body comes here; there is no answer in its
		 * midst. */
		if (!exchange->answered)
			refuse_for_good(exchange, REFUSED_TOO_BIG);
		return;
	}
	if (exchange->received > exchange->max_body) {
		exchange->request.body_too_big = true;
		return;
	}
	if (exchange->form == NULL)
		keep(exchange, data, len);
	else if (MHD_post_process(exchange->form, data, len) != MHD_YES)
		exchange->params.malformed = true;
}

/* What is missing at the form's end is said only here. */
static void
end_form(struct exchange *exchange)
{
	if (exchange->form == NULL)
		return;
	if (MHD_destroy_post_processor(exchange->form) != MHD_YES &&
	    !exchange->request.body_too_big)
		exchange->params.malformed = true;
	exchange->form = NULL;
}

/* --- the answer ---------------------------------------------------------- */

static int
judge_body(const struct exchange *exchange)
{
	if (exchange->params.out_of_memory)
		return REFUSED_MEMORY;
	if (exchange->request.body_too_big)
		return REFUSED_TOO_BIG;
	return exchange->params.malformed ? REFUSED_MALFORMED : 0;
}

/* Who may not ask does not learn what is wrong with the question. */
static void
answer(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	int refusal = auth_check(exchange->http->server->auth, exchange->route,
	                         request, &exchange->reply);

	if (refusal != 0) {
		refuse(exchange, refusal);
		return;
	}
	refusal = judge_body(exchange);
	if (refusal != 0) {
		refuse_anew(exchange, refusal);
		return;
	}
	exchange->route->handler(request, &exchange->reply);
	exchange->answered = true;
}

static void
answer_later(void *arg)
{
	struct exchange *exchange = arg;

	answer(exchange);
	MHD_resume_connection(exchange->connection);
}

bool
exchange_finish(struct exchange *exchange)
{
	end_form(exchange);
	if (exchange->route->quick) {
		answer(exchange);
		return true;
	}
	/* Before it is handed over: a worker may be done at once. */
	MHD_suspend_connection(exchange->connection);
	if (!work_submit(exchange->http->workers, answer_later, exchange)) {
		refuse_anew(exchange, REFUSED_BUSY);
		MHD_resume_connection(exchange->connection);
	}
	return false;
}

/* The owner is released with the response. */
static struct MHD_Response *
make_of_pieces(struct reply *reply)
{
	struct MHD_IoVec pieces[REPLY_PIECES_MAX];
	struct MHD_Response *response;

	for (size_t i = 0; i < reply->n_pieces; i++)
		pieces[i] = (struct MHD_IoVec){ reply->pieces[i].data,
			                        reply->pieces[i].len };
	response = MHD_create_response_from_iovec(
	        pieces, (unsigned)reply->n_pieces, reply->release,
	        reply->owner);
	if (response != NULL)
		reply->release = NULL;
	return response;
}

static struct MHD_Response *
make_response(struct reply *reply)
{
	struct MHD_Response *response;

	if (reply->n_pieces > 0)
		return make_of_pieces(reply);
	if (reply->fixed != NULL)
		return MHD_create_response_from_buffer(
		        reply->body_len, (void *)reply->fixed,
		        MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer(
	        reply->body_len, reply->body != NULL ? reply->body : (char *)"",
	        reply->body != NULL ? MHD_RESPMEM_MUST_FREE :
	                              MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		reply->body = NULL;
	return response;
}

static bool
add_headers(struct MHD_Response *response, const struct reply *reply)
{
	bool cached = false;

	for (size_t i = 0; i < reply->n_headers; i++) {
		cached |= strcasecmp(reply->headers[i].name, "Cache-Control") ==
		          0;
		if (MHD_add_response_header(response, reply->headers[i].name,
		                            reply->headers[i].value) != MHD_YES)
			return false;
	}
	return (cached || MHD_add_response_header(response, "Cache-Control",
	                                          "no-store") == MHD_YES) &&
	       MHD_add_response_header(response, "X-Content-Type-Options",
	                               "nosniff") == MHD_YES &&
	       (!reply->close || MHD_add_response_header(response, "Connection",
	                                                 "close") == MHD_YES);
}

enum MHD_Result
exchange_answer(struct exchange *exchange)
{
	struct MHD_Response *response = make_response(&exchange->reply);
	enum MHD_Result result = MHD_NO; /* ends the connection */

	if (response == NULL)
		return MHD_NO;
	exchange->reply.close |= atomic_load(&exchange->http->closing);
	if (add_headers(response, &exchange->reply))
		result = MHD_queue_response(exchange->connection,
		                            exchange->reply.status, response);
	MHD_destroy_response(response);
	return result;
}

static double
seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) +
	       (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* The path as it came: it has no blank in which a decoded one could say
 * something of its own. What is long takes the rest of the line from nobody. */
static void
write_line(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	const char *account = request->account[0] != '\0'
	                              ? request->account
	                              : exchange->reply.account;
	double seconds = seconds_since(&exchange->since);
	size_t len = strcspn(exchange->target, "?");

	log_line(LOG_DONE,
	         "request method=%.*s path=%.*s account=%s address=%s "
	         "status=%u ms=%.1f bytes=%zu",
	         LOGGED_METHOD, request->method,
	         len < LOGGED_PATH ? (int)len : LOGGED_PATH, exchange->target,
	         account[0] != '\0' ? account : "-",
	         request->peer != NULL ? request->peer->address : "-",
	         exchange->reply.status, seconds * 1000,
	         exchange->reply.body_len);
	metrics_count(exchange->http->server->metrics, exchange->route->path,
	              exchange->reply.status, seconds);
}

void
exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	if (exchange->method != NULL && exchange->path != NULL)
		write_line(exchange);
	end_form(exchange);
	params_clear(&exchange->params);
	if (exchange->body != NULL)
		explicit_bzero(exchange->body, exchange->request.body_len);
	free(exchange->body);
	reply_clear(&exchange->reply);
	/* a query may have a password */
	explicit_bzero(exchange->target, strlen(exchange->target));
	free(exchange->target);
	free(exchange->method);
	free(exchange->path);
	atomic_fetch_sub(&exchange->http->in_flight, 1);
	free(exchange);
}

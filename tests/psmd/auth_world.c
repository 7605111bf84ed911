/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_world.c - accounts and requests, for the tests of auth.h. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "psmd/hash.h"
#include "psmd/log.h"
#include "psmd/password.h"
#include "tests/psmd/auth_world.h"

/* Seconds; time stands, but for what a test adds. */
enum { UPTIME = 100000, NOW = 1800000000 };

int64_t later;
unsigned verified;
bool verify_fails;
void (*while_verifying)(void);
static pthread_mutex_t audit_lock = PTHREAD_MUTEX_INITIALIZER;
char audited[256];

const char *__wrap_request_header(const struct request *request,
                                  const char *name);
void __wrap_log_audit(const char *account, const char *address,
                      const char *action, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
time_t __wrap_time(time_t *ret_time);
int __real_crypto_pwhash_str_verify(const char *str, const char *password,
                                    unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *str, const char *password,
                                    unsigned long long len);

const char *
__wrap_request_header(const struct request *request, const char *name)
{
	const struct headers *headers = request->connection;

	for (size_t i = 0; i < headers->n; i++) {
		if (strcasecmp(headers->list[i].name, name) == 0)
			return headers->list[i].value;
	}
	return NULL;
}

void
__wrap_log_audit(const char *account, const char *address, const char *action,
                 const char *format, ...)
{
	(void)format;
	pthread_mutex_lock(&audit_lock);
	snprintf(audited, sizeof audited, "%s %s %s", account, address, action);
	pthread_mutex_unlock(&audit_lock);
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	static int64_t us; /* one each time: nonces are told apart by them */
	int64_t now;

	if (clock != CLOCK_BOOTTIME)
		return __real_clock_gettime(clock, ret_time);
	now = UPTIME * 1000000LL + __atomic_add_fetch(&us, 1, __ATOMIC_RELAXED);
	ret_time->tv_sec = (time_t)(now / 1000000 + later);
	ret_time->tv_nsec = now % 1000000 * 1000;
	return 0;
}

time_t
__wrap_time(time_t *ret_time)
{
	const time_t now = (time_t)(NOW + later);

	if (ret_time != NULL)
		*ret_time = now;
	return now;
}

int
__wrap_crypto_pwhash_str_verify(const char *str, const char *password,
                                unsigned long long len)
{
	__atomic_add_fetch(&verified, 1, __ATOMIC_RELAXED);
	if (while_verifying != NULL)
		while_verifying();
	if (verify_fails) {
		errno = EINVAL;
		return -1;
	}
	return __real_crypto_pwhash_str_verify(str, password, len);
}

static const struct service *
system_service(const struct config *config)
{
	return &config->system;
}

static const struct route route = {
	.path = "/api/cert/user",
	.service = system_service,
	.privileges = PRIV_SYSTEM,
	.auth = ROUTE_SERVICE,
};

void
add_account(struct world *w, const char *name, const char *password,
            unsigned privileges)
{
	struct account a = { .privileges = privileges, .enabled = true };

	snprintf(a.name, sizeof a.name, "%s", name);
	assert_true(password_set(&a, password, w->config.realm, true));
	assert_int_equal(crypto_pwhash_str(a.hash, password, strlen(password),
	                                   crypto_pwhash_OPSLIMIT_MIN,
	                                   crypto_pwhash_MEMLIMIT_MIN), 0);
	assert_int_equal(records_account_add(w->server.records, &a), REC_OK);
}

struct account
get_account(struct world *w, const char *name)
{
	struct account a;

	assert_int_equal(records_account_get(w->server.records, name, &a),
	                 REC_OK);
	return a;
}

void
world_request(struct world *w)
{
	strcpy(w->peer.address, "192.0.2.7");
	w->peer.tls = true;
	w->request.server = &w->server;
	w->request.method = "GET";
	w->request.path = "/api/cert/user";
	w->request.target = TARGET;
	w->request.peer = &w->peer;
	w->request.params = &w->params;
	w->request.connection = &w->headers;
	w->params.max_value = 4096;
	w->params.max_count = 16;
}

int
world_open(void **state)
{
	static char realm[] = REALM;
	struct world *w = calloc(1, sizeof *w);

	if (w == NULL)
		return -1;
	strcpy(w->dir, "/tmp/test_auth.XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/records.db", w->dir);
	w->config.lock_after = LOCK_AFTER;
	w->config.lock_seconds = LOCK_SECONDS;
	w->config.session_seconds = IDLE_SECONDS;
	w->config.realm = realm;
	w->config.system.enabled = true;
	w->config.system.transport = TRANSPORT_HTTPS;
	w->config.system.auth = AUTH_BASIC;
	w->server.config = &w->config;
	if (records_open(w->path, true, &w->server.records) != REC_OK ||
	    (w->server.auth = auth_new(&w->server)) == NULL)
		return -1;
	world_request(w);
	add_account(w, "admin", "s3cret", PRIV_SYSTEM);
	later = 0;
	verify_fails = false;
	while_verifying = NULL;
	audited[0] = '\0';
	*state = w;
	return 0;
}

int
world_close(void **state)
{
	struct world *w = *state;

	reply_clear(&w->reply);
	params_clear(&w->params);
	auth_free(w->server.auth);
	records_close(w->server.records);
	if (unlink(w->path) != 0 || rmdir(w->dir) != 0)
		return -1;
	free(w);
	return 0;
}

void
no_headers(struct world *w)
{
	memset(&w->headers, 0, sizeof w->headers);
}

void
set_header(struct world *w, const char *name, const char *value)
{
	size_t i = 0;

	while (i < w->headers.n &&
	       strcasecmp(w->headers.list[i].name, name) != 0)
		i++;
	if (i == w->headers.n)
		w->headers.n++;
	assert_true(w->headers.n <= MAX_HEADERS);
	snprintf(w->headers.list[i].name, sizeof w->headers.list[i].name, "%s",
	         name);
	snprintf(w->headers.list[i].value, HEADER_SIZE, "%s", value);
}

int
judge_for(struct world *w, const struct route *r)
{
	reply_clear(&w->reply);
	w->request.account[0] = '\0';
	w->request.privileges = 0;
	return auth_check(w->server.auth, r, &w->request, &w->reply);
}

int
judge(struct world *w)
{
	return judge_for(w, &route);
}

const char *
answered(const struct world *w, const char *name, size_t nth)
{
	for (size_t i = 0; i < w->reply.n_headers; i++) {
		if (strcmp(w->reply.headers[i].name, name) == 0 && nth-- == 0)
			return w->reply.headers[i].value;
	}
	return NULL;
}

void
set_basic(struct world *w, const char *pair)
{
	char value[HEADER_SIZE] = "Basic ";

	sodium_bin2base64(value + 6, sizeof value - 6,
	                  (const unsigned char *)pair, strlen(pair),
	                  sodium_base64_VARIANT_ORIGINAL);
	set_header(w, "Authorization", value);
}

int
basic(struct world *w, const char *pair)
{
	set_basic(w, pair);
	return judge(w);
}

int
world_begin(void **state)
{
	(void)state;
	log_set_level(LOG_FAILED);
	return hash_open() && password_init() ? 0 : -1;
}

int
world_end(void **state)
{
	(void)state;
	return hash_close() ? 0 : -1;
}

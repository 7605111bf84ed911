/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_auth.c - Basic, Digest, sessions, locks and throttles. Linked with
 * --wrap=request_header, log_audit, clock_gettime, time and
 * crypto_pwhash_str_verify. */

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

#include "psmd/auth.h"
#include "psmd/hash.h"
#include "psmd/log.h"
#include "psmd/password.h"

enum { MAX_HEADERS = 8, HEADER_SIZE = 1024, THREADS = 4, ROUNDS = 20 };
enum { LOCK_AFTER = 3, LOCK_SECONDS = 60, IDLE_SECONDS = 900 };

#define REALM  "psm \"test\""
#define TARGET "/api/cert/user?id=%40vpn"

struct headers {
	size_t n;
	struct { char name[32], value[HEADER_SIZE]; } list[MAX_HEADERS];
};

struct world {
	char dir[64], path[96];
	struct config config;
	struct server server;
	struct peer peer;
	struct headers headers;
	struct params params;
	struct request request;
	struct reply reply;
};

/* What the wrapped functions add, count and keep. */
static int64_t later; /* seconds */
static unsigned verified;
static bool verify_fails;
static pthread_mutex_t audit_lock = PTHREAD_MUTEX_INITIALIZER;
static char audited[256];

const char *__wrap_request_header(const struct request *request,
                                  const char *name);
void __wrap_log_audit(const char *account, const char *address,
                      const char *action, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
time_t __real_time(time_t *ret_time);
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
	int failed = __real_clock_gettime(clock, ret_time);

	if (clock == CLOCK_BOOTTIME)
		ret_time->tv_sec += later;
	return failed;
}

time_t
__wrap_time(time_t *ret_time)
{
	time_t now = __real_time(NULL) + later;

	if (ret_time != NULL)
		*ret_time = now;
	return now;
}

int
__wrap_crypto_pwhash_str_verify(const char *str, const char *password,
                                unsigned long long len)
{
	__atomic_add_fetch(&verified, 1, __ATOMIC_RELAXED);
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

static const struct route page_route = {
	.path = "/page",
	.auth = ROUTE_SESSION,
};

/* A hash that costs next to nothing: it is renewed at the first login. */
static void
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

static struct account
get_account(struct world *w, const char *name)
{
	struct account a;

	assert_int_equal(records_account_get(w->server.records, name, &a),
	                 REC_OK);
	return a;
}

static void
set_up_request(struct world *w)
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

static int
setup(void **state)
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
	set_up_request(w);
	add_account(w, "admin", "s3cret", PRIV_SYSTEM);
	later = 0;
	verify_fails = false;
	audited[0] = '\0';
	*state = w;
	return 0;
}

static int
teardown(void **state)
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

static void
no_headers(struct world *w)
{
	memset(&w->headers, 0, sizeof w->headers);
}

static void
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

static int
judge_for(struct world *w, const struct route *r)
{
	reply_clear(&w->reply);
	w->request.account[0] = '\0';
	w->request.privileges = 0;
	return auth_check(w->server.auth, r, &w->request, &w->reply);
}

static int
judge(struct world *w)
{
	return judge_for(w, &route);
}

/* The answer's nth header of that name, or NULL. */
static const char *
answered(const struct world *w, const char *name, size_t nth)
{
	for (size_t i = 0; i < w->reply.n_headers; i++) {
		if (strcmp(w->reply.headers[i].name, name) == 0 && nth-- == 0)
			return w->reply.headers[i].value;
	}
	return NULL;
}

static void
set_basic(struct world *w, const char *pair)
{
	char value[HEADER_SIZE] = "Basic ";

	sodium_bin2base64(value + 6, sizeof value - 6,
	                  (const unsigned char *)pair, strlen(pair),
	                  sodium_base64_VARIANT_ORIGINAL);
	set_header(w, "Authorization", value);
}

static int
basic(struct world *w, const char *pair)
{
	set_basic(w, pair);
	return judge(w);
}

/* ---- the order ---- */

static void
test_check_order_is_as_documented(void **state)
{
	struct world *w = *state;

	add_account(w, "guest", "guest", 0);
	w->peer.tls = false;
	w->config.system.enabled = false;
	assert_int_equal(judge(w), REFUSED_DISABLED);
	w->config.system.enabled = true;
	set_header(w, "Authorization", "Bearer x");
	assert_int_equal(judge(w), REFUSED_HTTPS_REQUIRED);
	w->config.system.transport = TRANSPORT_BOTH;
	assert_int_equal(judge(w), REFUSED_AUTH_METHOD);
	assert_int_equal(basic(w, "guest:wrong"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "guest:guest"), REFUSED_PRIVILEGE);
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	assert_string_equal(w->request.account, "admin");
	assert_int_equal(w->request.privileges, PRIV_SYSTEM);
}

static void
test_check_none_needs_nothing(void **state)
{
	struct world *w = *state;

	w->config.system.auth = AUTH_NONE;
	assert_int_equal(judge(w), 0);
	assert_string_equal(w->request.account, "");
	assert_int_equal(w->request.privileges, PRIV_SYSTEM);
}

static void
test_check_none_write_from_another_site_is_refused(void **state)
{
	struct world *w = *state;

	w->config.system.auth = AUTH_NONE;
	set_header(w, "Sec-Fetch-Site", "cross-site");
	assert_int_equal(judge(w), 0);
	w->request.method = "PUT";
	assert_int_equal(judge(w), REFUSED_PRIVILEGE);
	set_header(w, "Sec-Fetch-Site", "same-origin");
	assert_int_equal(judge(w), 0);
}

/* ---- Basic ---- */

static void
test_basic_without_header_is_challenged(void **state)
{
	struct world *w = *state;

	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_string_equal(answered(w, "WWW-Authenticate", 0),
	                    "Basic realm=\"psm \\\"test\\\"\", "
	                    "charset=\"UTF-8\"");
	assert_null(answered(w, "WWW-Authenticate", 1));
	set_header(w, "X-PSM-Token", "");
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_null(answered(w, "WWW-Authenticate", 0));
}

static void
test_basic_malformed_is_not_counted(void **state)
{
	static const char *const headers[] = {
		"Basic", "Basic ", "Basic =", "Basic YWRtaW4", "Basic ????",
		"Basic YWRtaW4=",          /* admin */
		"Basic YWRtaW46czNjcmV0=", /* too much padding */
		"Basic YWRtaW46\nczNjcmV0",
		"Basic YWRtaW4AOnMzY3JldA==", /* admin NUL :s3cret */
		"Basic YWRtaW46czNjcmV0AA==", /* s3cret NUL */
		"Basic YWRtaW4NOnMzY3JldA==", /* admin CR */
		"Basic Og==",                 /* : */
		"Basic /zp4",                 /* not UTF-8 */
	};
	struct world *w = *state;

	verified = 0;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		set_header(w, "Authorization", headers[i]);
		assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	}
	assert_int_equal(verified, 0);
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_basic_odd_passwords_are_taken(void **state)
{
	struct world *w = *state;

	add_account(w, "J\xc3\xbcrgen", "p\xc3\xa4ss:w\xc3\xb6rd:", PRIV_ALL);
	assert_int_equal(basic(w, "J\xc3\xbcrgen:p\xc3\xa4ss:w\xc3\xb6rd:"), 0);
	assert_string_equal(w->request.account, "J\xc3\xbcrgen");
}

static void
test_basic_wrong_unknown_locked_disabled_cost_the_same(void **state)
{
	struct world *w = *state;
	struct account a;

	add_account(w, "locked", "s3cret", PRIV_ALL);
	add_account(w, "disabled", "s3cret", PRIV_ALL);
	a = get_account(w, "disabled");
	a.enabled = false;
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_ENABLED), REC_OK);
	for (int i = 0; i < LOCK_AFTER; i++)
		assert_int_equal(basic(w, "locked:no"), REFUSED_AUTHORIZATION);
	assert_string_equal(audited, "locked 192.0.2.7 account.lock");
	verified = 0;
	assert_int_equal(basic(w, "admin:wrong"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "nobody:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "locked:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "disabled:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(verified, 4);
}

static void
test_basic_lock_ends(void **state)
{
	struct world *w = *state;

	assert_int_equal(basic(w, "admin:s3cret"), 0); /* now remembered */
	for (int i = 0; i < LOCK_AFTER; i++)
		assert_int_equal(basic(w, "admin:no"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTHORIZATION);
	later = LOCK_SECONDS + 1;
	assert_int_equal(basic(w, "admin:no"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "admin:s3cret"), 0);
}

static void
test_basic_right_is_remembered_for_a_while(void **state)
{
	struct world *w = *state;

	assert_int_equal(basic(w, "admin:s3cret"), 0);
	verified = 0;
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	assert_int_equal(verified, 0);
	assert_int_equal(basic(w, "admin:s3cret2"), REFUSED_AUTHORIZATION);
	assert_int_equal(verified, 1);
	later = 301;
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	assert_int_equal(verified, 2);
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_basic_change_voids_what_is_remembered(void **state)
{
	struct world *w = *state;
	struct account a;

	assert_int_equal(basic(w, "admin:s3cret"), 0);
	a = get_account(w, "admin");
	assert_true(password_set(&a, "other", REALM, true));
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_PASSWORD), REC_OK);
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "admin:other"), 0);
	assert_int_equal(records_account_remove(w->server.records, "admin"),
	                 REC_OK);
	assert_int_equal(basic(w, "admin:other"), REFUSED_AUTHORIZATION);
}

static void
test_basic_outdated_hash_is_renewed(void **state)
{
	struct world *w = *state;
	struct account before = get_account(w, "admin"), after;

	assert_true(password_is_outdated(&before));
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	after = get_account(w, "admin");
	assert_false(password_is_outdated(&after));
	assert_int_equal(after.generation, before.generation);
	assert_true(password_fits(&after, "s3cret"));
}

static void
test_basic_many_names_are_throttled(void **state)
{
	struct world *w = *state;
	char pair[32];

	assert_int_equal(basic(w, "admin:s3cret"), 0);
	verify_fails = true;
	strcpy(w->peer.address, "2001:db8::1");
	for (int i = 0; i < 20; i++) {
		snprintf(pair, sizeof pair, "name%d:x", i);
		assert_int_equal(basic(w, pair), REFUSED_AUTHORIZATION);
	}
	verified = 0;
	strcpy(w->peer.address, "2001:db8::ffff:2"); /* the same /64 */
	assert_int_equal(basic(w, "name:x"), REFUSED_BUSY);
	assert_int_equal(verified, 0);
	assert_int_equal(basic(w, "admin:s3cret"), 0); /* remembered */
	strcpy(w->peer.address, "2001:db8:0:1::1");
	assert_int_equal(basic(w, "name:x"), REFUSED_AUTHORIZATION);
	strcpy(w->peer.address, "2001:db8::1");
	later = 4;
	assert_int_equal(basic(w, "name:x"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "name:x"), REFUSED_BUSY);
}

static void
test_basic_write_from_another_site_is_refused(void **state)
{
	struct world *w = *state;

	w->request.method = "DELETE";
	set_header(w, "Sec-Fetch-Site", "cross-site");
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTHORIZATION);
	set_header(w, "Sec-Fetch-Site", "same-origin");
	assert_int_equal(basic(w, "admin:s3cret"), 0);
}

/* ---- Digest ---- */

/* What a client says; NULL: what is right. */
struct said {
	const char *user, *password, *realm, *uri, *algorithm, *nc, *qop;
	const char *more, *nonce, *user_param;
};

static const char *
or_else(const char *said, const char *right)
{
	return said != NULL ? said : right;
}

/* The nonce of a fresh challenge. */
static void
get_nonce(struct world *w, char nonce[128])
{
	const char *challenge, *at;

	no_headers(w);
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	challenge = answered(w, "WWW-Authenticate", 0);
	assert_non_null(challenge);
	at = strstr(challenge, "nonce=\"");
	assert_non_null(at);
	snprintf(nonce, 128, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
}

static void digest_hex(const struct said *said, char hex[HASH_HEX_MAX],
                       const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void
digest_hex(const struct said *said, char hex[HASH_HEX_MAX], const char *format,
           ...)
{
	bool md5 = said->algorithm != NULL && said->algorithm[0] == 'M';
	char text[HEADER_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert_true(hash_hex(md5 ? HASH_MD5 : HASH_SHA256, text, strlen(text),
	                     hex));
}

static void
set_digest(struct world *w, const struct said *said, const char *nonce)
{
	char ha1[HASH_HEX_MAX], ha2[HASH_HEX_MAX], response[HASH_HEX_MAX];
	const char *user = or_else(said->user, "admin");
	const char *uri = or_else(said->uri, TARGET);
	const char *nc = or_else(said->nc, "00000001");
	const char *qop = or_else(said->qop, "auth");
	char value[HEADER_SIZE], name[256];

	digest_hex(said, ha1, "%s:%s:%s", user, REALM,
	           or_else(said->password, "s3cret"));
	digest_hex(said, ha2, "%s:%s", w->request.method, uri);
	digest_hex(said, response, "%s:%s:%s:%s:%s:%s", ha1, nonce, nc,
	           "c\"nonce", qop, ha2);
	snprintf(name, sizeof name, "username=\"%s\"", user);
	snprintf(value, sizeof value,
	         "Digest %s, realm=%s, nonce=\"%s\", uri=\"%s\",algorithm=%s, "
	         "response=\"%s\" ,cnonce=\"c\\\"nonce\", qop=%s, nc=%s%s",
	         or_else(said->user_param, name),
	         or_else(said->realm, "\"psm \\\"test\\\"\""), nonce, uri,
	         or_else(said->algorithm, "SHA-256"), response, qop, nc,
	         or_else(said->more, ""));
	set_header(w, "Authorization", value);
}

/* One request with a nonce of its own, or said's. */
static int
digest(struct world *w, const struct said *said)
{
	char nonce[128];

	w->config.system.auth = AUTH_DIGEST;
	if (said->nonce == NULL)
		get_nonce(w, nonce);
	set_digest(w, said, said->nonce != NULL ? said->nonce : nonce);
	return judge(w);
}

static bool
is_stale(const struct world *w)
{
	return strstr(answered(w, "WWW-Authenticate", 0), "stale=true") != NULL;
}

static void
test_digest_without_header_is_challenged_twice(void **state)
{
	struct world *w = *state;

	w->config.system.auth = AUTH_DIGEST;
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_non_null(strstr(answered(w, "WWW-Authenticate", 0),
	                       "Digest realm=\"psm \\\"test\\\"\", "
	                       "qop=\"auth\", algorithm=SHA-256, nonce=\""));
	assert_non_null(strstr(answered(w, "WWW-Authenticate", 1),
	                       "algorithm=MD5"));
	assert_null(answered(w, "WWW-Authenticate", 2));
	assert_false(is_stale(w));
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTH_METHOD);
}

static void
test_digest_right_gets_in(void **state)
{
	static const struct said right[] = {
		{ .user = NULL },
		{ .algorithm = "MD5" },
		{ .algorithm = "\"SHA-256\"" },
		{ .user_param = "username*=utf-8''%61dmin" },
		{ .user_param = "username=\"ad\\min\"" },
		{ .more = ", userhash=false, opaque=\"x\", extra=1,," },
		{ .nc = "00000fff" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		assert_int_equal(digest(w, &right[i]), 0);
		assert_string_equal(w->request.account, "admin");
	}
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_digest_malformed_is_not_counted(void **state)
{
	static const struct said bad[] = {
		{ .uri = "/api/cert/user" },
		{ .realm = "\"other\"" },
		{ .algorithm = "SHA-256-sess" },
		{ .algorithm = "SHA-512-256" },
		{ .qop = "auth-int" },
		{ .nc = "00000000" },
		{ .nc = "1" },
		{ .nc = "0000000g" },
		{ .more = ", userhash=true" },
		{ .more = ", qop=auth" },
		{ .more = ", username*=UTF-8''admin" },
		{ .more = ", x=\"open" },
		{ .more = ", x" },
		{ .more = " x=1" },
		{ .more = ", x=\"a\\" },
		{ .more = ", =1" },
		{ .user_param = "username*=UTF-8''%ff" },
		{ .user_param = "username*=UTF-8''a%00b" },
		{ .user_param = "username*=ISO-8859-1''admin" },
		{ .user_param = "username*=UTF-8''%1\x10min" },
		{ .user_param = "username*=admin" },
		{ .user_param = "username=\"\"" },
		{ .user_param = "x=y" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(digest(w, &bad[i]), REFUSED_AUTHORIZATION);
		assert_false(is_stale(w));
	}
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_digest_wrong_is_counted_and_locks(void **state)
{
	struct world *w = *state;

	assert_int_equal(digest(w, &(struct said){ .password = "no" }),
	                 REFUSED_AUTHORIZATION);
	assert_int_equal(digest(w, &(struct said){ .user = "nobody" }),
	                 REFUSED_AUTHORIZATION);
	assert_int_equal(get_account(w, "admin").failures, 1);
	assert_int_equal(digest(w, &(struct said){ .password = NULL }), 0);
	assert_int_equal(get_account(w, "admin").failures, 0);
	for (int i = 0; i < LOCK_AFTER; i++)
		assert_int_equal(digest(w, &(struct said){ .password = "no" }),
		                 REFUSED_AUTHORIZATION);
	assert_int_equal(digest(w, &(struct said){ .password = NULL }),
	                 REFUSED_AUTHORIZATION);
	assert_false(is_stale(w));
	later = LOCK_SECONDS + 1;
	assert_int_equal(digest(w, &(struct said){ .password = NULL }), 0);
}

/* RFC 7616, 3.9.1: right but for the nonce, which is not ours. */
static void
test_digest_of_the_rfc_is_stale_not_wrong(void **state)
{
	static const char *const answers[][2] = {
		{ "MD5", "8ca523f5e9506fed4657c9700eebdbec" },
		{ "SHA-256", "753927fa0e85d155564e2e272a28d180"
		             "2ca10daf4496794697cf8db5856cb6c1" },
	};
	static char realm[] = "http-auth@example.org";
	struct world *w = *state;
	char value[HEADER_SIZE];

	w->config.realm = realm;
	w->config.system.auth = AUTH_DIGEST;
	w->request.target = "/dir/index.html";
	add_account(w, "Mufasa", "Circle of Life", PRIV_ALL);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		snprintf(value, sizeof value,
		         "Digest username=\"Mufasa\", "
		         "realm=\"http-auth@example.org\", "
		         "uri=\"/dir/index.html\", algorithm=%s, "
		         "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
		         "\", nc=00000001, "
		         "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
		         "\", qop=auth, response=\"%s\", "
		         "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
		         "\"", answers[i][0], answers[i][1]);
		set_header(w, "Authorization", value);
		assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
		assert_true(is_stale(w));
	}
	assert_int_equal(get_account(w, "Mufasa").failures, 0);
}

static void
test_digest_replay_is_stale(void **state)
{
	static const struct {
		const char *nc;
		bool fresh;
	} counts[] = {
		{ "00000001", true },  { "00000001", false },
		{ "00000005", true },  { "00000003", true },
		{ "00000003", false }, { "00000005", false },
		{ "00000045", true },  { "00000004", false },
		{ "00000006", true },  { "ffffffff", true },
		{ "00000046", false },
	};
	struct world *w = *state;
	char nonce[128];
	int refusal;

	w->config.system.auth = AUTH_DIGEST;
	get_nonce(w, nonce);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		refusal = digest(w, &(struct said){ .nonce = nonce,
		                                    .nc = counts[i].nc });
		assert_int_equal(refusal, counts[i].fresh
		                                  ? 0
		                                  : REFUSED_AUTHORIZATION);
		if (!counts[i].fresh)
			assert_true(is_stale(w));
	}
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_digest_old_nonce_is_stale(void **state)
{
	struct world *w = *state;
	char nonce[128];

	w->config.system.auth = AUTH_DIGEST;
	get_nonce(w, nonce);
	later = 299;
	assert_int_equal(digest(w, &(struct said){ .nonce = nonce }), 0);
	later = 301;
	assert_int_equal(digest(w, &(struct said){ .nonce = nonce,
	                                           .nc = "00000002" }),
	                 REFUSED_AUTHORIZATION);
	assert_true(is_stale(w));
	nonce[3] ^= 1;
	assert_int_equal(digest(w, &(struct said){ .nonce = nonce }),
	                 REFUSED_AUTHORIZATION);
	assert_true(is_stale(w));
	assert_int_equal(digest(w, &(struct said){ .nonce = "00" }),
	                 REFUSED_AUTHORIZATION);
	assert_true(is_stale(w));
}

/* More nonces than are kept: none of them is good a second time. */
static void
test_digest_many_nonces_none_is_good_twice(void **state)
{
	enum { MANY = 6000 };
	struct world *w = *state;
	char (*nonces)[128] = calloc(MANY, sizeof *nonces);
	int fresh = 0, again = 0;

	assert_non_null(nonces);
	w->config.system.auth = AUTH_DIGEST;
	for (int i = 0; i < MANY; i++) {
		get_nonce(w, nonces[i]);
		fresh += digest(w, &(struct said){ .nonce = nonces[i] }) == 0;
	}
	for (int i = 0; i < MANY; i++)
		again += digest(w, &(struct said){ .nonce = nonces[i] }) == 0;
	assert_int_equal(fresh, MANY);
	assert_int_equal(again, 0);
	free(nonces);
}

static void
test_digest_account_without_ha1_is_refused(void **state)
{
	struct world *w = *state;
	struct account a = get_account(w, "admin");

	a.has_digest = false;
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_PASSWORD), REC_OK);
	assert_int_equal(digest(w, &(struct said){ .password = NULL }),
	                 REFUSED_AUTHORIZATION);
	assert_false(is_stale(w));
}

static void
test_digest_of_another_method_is_refused(void **state)
{
	struct world *w = *state;
	char nonce[128];

	w->config.system.auth = AUTH_DIGEST;
	get_nonce(w, nonce);
	set_digest(w, &(struct said){ .password = NULL }, nonce);
	w->request.method = "DELETE";
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
}

/* ---- sessions ---- */

static void
handle(struct world *w, const char *method)
{
	const char *before = w->request.method;

	reply_clear(&w->reply);
	w->request.method = method;
	session_handler(&w->request, &w->reply);
	w->request.method = before;
}

static void
set_form(struct world *w, enum param_from from, const char *name,
         const char *password)
{
	params_clear(&w->params);
	w->params.max_value = 4096;
	w->params.max_count = 16;
	assert_true(params_append(&w->params, from, "name", 0, name,
	                          strlen(name)));
	assert_true(params_append(&w->params, from, "password", 0, password,
	                          strlen(password)));
}

/* A member of the answer, as text; "" when it is none. */
static void
get_member(const struct world *w, const char *name, char *buf, size_t size)
{
	json_t *value = json_loads(w->reply.body, 0, NULL);
	const char *text = json_string_value(json_object_get(value, name));

	snprintf(buf, size, "%s", text != NULL ? text : "");
	json_decref(value);
}

/* Log in as admin, and carry the cookie from now on. */
static void
begin_session(struct world *w, char cookie[128], char token[128])
{
	const char *set;

	set_form(w, PARAM_URLENCODED, "admin", "s3cret");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 200);
	set = answered(w, "Set-Cookie", 0);
	assert_non_null(set);
	snprintf(cookie, 128, "%.*s", (int)strcspn(set, ";"), set);
	get_member(w, "token", token, 128);
	set_header(w, "Cookie", cookie);
}

static bool
has_session(struct world *w)
{
	char account[64];

	handle(w, "GET");
	assert_int_equal(w->reply.status, 200);
	get_member(w, "account", account, sizeof account);
	return strcmp(account, "admin") == 0;
}

static void
test_session_cookie_is_strict(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	assert_int_equal(strlen(cookie), strlen("__Host-psm=") + 64);
	assert_non_null(strstr(answered(w, "Set-Cookie", 0),
	                       "; Path=/; HttpOnly; SameSite=Strict; Secure"));
	assert_string_equal(answered(w, "Cache-Control", 0), "no-store");
	assert_string_equal(audited, "admin 192.0.2.7 session.begin");
	assert_null(strstr(w->reply.body, cookie + strlen("__Host-psm=")));
	assert_true(has_session(w));
}

static void
test_session_opens_every_service(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	assert_int_equal(judge_for(w, &page_route), REFUSED_AUTHORIZATION);
	begin_session(w, cookie, token);
	assert_int_equal(judge(w), 0);
	assert_string_equal(w->request.account, "admin");
	assert_int_equal(judge_for(w, &page_route), 0);
	w->config.system.auth = AUTH_DIGEST;
	assert_int_equal(judge(w), 0);
}

static void
test_session_write_needs_the_token(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	w->request.method = "DELETE";
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_int_equal(judge_for(w, &page_route), REFUSED_AUTHORIZATION);
	set_header(w, "X-PSM-Token", "0");
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	set_header(w, "X-PSM-Token", token);
	assert_int_equal(judge(w), 0);
	handle(w, "DELETE");
	assert_int_equal(w->reply.status, 200);
	assert_non_null(strstr(answered(w, "Set-Cookie", 0), "Max-Age=0"));
	assert_string_equal(audited, "admin 192.0.2.7 session.end");
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
}

static void
test_session_delete_without_token_is_forbidden(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	handle(w, "DELETE");
	assert_int_equal(w->reply.status, 403);
	assert_true(has_session(w));
}

static void
test_session_of_tls_is_none_without(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128], plain[128];

	begin_session(w, cookie, token);
	snprintf(plain, sizeof plain, "psm=%s", strchr(cookie, '=') + 1);
	w->peer.tls = false;
	set_header(w, "Cookie", plain);
	assert_false(has_session(w));
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403); /* the service's transport */
	w->config.system.transport = TRANSPORT_BOTH;
	begin_session(w, cookie, token);
	assert_memory_equal(cookie, "psm=", 4);
	assert_null(strstr(answered(w, "Set-Cookie", 0), "Secure"));
	assert_true(has_session(w));
}

static void
test_session_cookie_variants(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128], value[400];

	begin_session(w, cookie, token);
	snprintf(value, sizeof value, "a=b; %s; x__Host-psm=1; c", cookie);
	set_header(w, "Cookie", value);
	assert_true(has_session(w));
	snprintf(value, sizeof value, "%s; %s", cookie, cookie);
	set_header(w, "Cookie", value);
	assert_false(has_session(w));
	cookie[strlen(cookie) - 1] ^= 1;
	set_header(w, "Cookie", cookie);
	assert_false(has_session(w));
	set_header(w, "Cookie", "__Host-psm=");
	assert_false(has_session(w));
	set_header(w, "Cookie", ";;; =;__Host-psm");
	assert_false(has_session(w));
}

static void
test_session_ends_in_time(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];

	begin_session(w, cookie, token);
	for (later = 0; later < 12 * 3600 - 800; later += 800)
		assert_true(has_session(w));
	later = 12 * 3600 + 1;
	assert_false(has_session(w));
	begin_session(w, cookie, token);
	later += IDLE_SECONDS + 1;
	assert_false(has_session(w));
}

static void
test_session_ends_with_a_change_but_not_a_lock(void **state)
{
	struct world *w = *state;
	char cookie[128], token[128];
	struct account a;

	begin_session(w, cookie, token);
	for (int i = 0; i < LOCK_AFTER; i++)
		auth_login(w->server.auth, "admin", "no", "192.0.2.8", &a);
	assert_true(has_session(w));
	a = get_account(w, "admin");
	assert_true(a.locked_until > time(NULL));
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_ENABLED), REC_OK);
	assert_false(has_session(w));
}

static void
test_session_seventeenth_ends_the_first(void **state)
{
	struct world *w = *state;
	char first[128], cookie[128], token[128];

	begin_session(w, first, token);
	for (int i = 0; i < 15; i++) {
		no_headers(w);
		begin_session(w, cookie, token);
	}
	later = 1;
	set_header(w, "Cookie", cookie);
	assert_true(has_session(w));
	no_headers(w);
	begin_session(w, cookie, token);
	set_header(w, "Cookie", first);
	assert_false(has_session(w));
}

static void
test_session_wrong_login_does_not_tell_why(void **state)
{
	struct world *w = *state;
	char first[256];

	set_form(w, PARAM_URLENCODED, "admin", "no");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 401);
	assert_string_equal(w->reply.body, "{\"error\":\"loginFailed\"}");
	snprintf(first, sizeof first, "%s", w->reply.body);
	set_form(w, PARAM_URLENCODED, "nobody", "no");
	handle(w, "POST");
	assert_string_equal(w->reply.body, first);
	assert_null(answered(w, "Set-Cookie", 0));
	assert_null(answered(w, "WWW-Authenticate", 0));
}

static void
test_session_post_wants_form_and_own_site(void **state)
{
	struct world *w = *state;

	handle(w, "POST");
	assert_int_equal(w->reply.status, 400);
	set_form(w, PARAM_QUERY, "admin", "s3cret");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 400);
	set_form(w, PARAM_URLENCODED, "admin", "s3cret");
	set_header(w, "Host", "psm.example:8443");
	set_header(w, "Origin", "https://evil.example");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403);
	set_header(w, "Origin", "null");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403);
	set_header(w, "Origin", "https://PSM.example:8443");
	set_header(w, "Sec-Fetch-Site", "same-site");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 403);
	set_header(w, "Sec-Fetch-Site", "same-origin");
	handle(w, "POST");
	assert_int_equal(w->reply.status, 200);
	handle(w, "PUT");
	assert_int_equal(w->reply.status, 405);
	assert_string_equal(answered(w, "Allow", 0), "GET, HEAD, POST, DELETE");
}

/* ---- anything at all, and all at once ---- */

static void
test_header_of_any_bytes_is_survived(void **state)
{
	enum { TIMES = 4000 };
	struct world *w = *state;
	char good[HEADER_SIZE], bad[HEADER_SIZE], nonce[128];
	int in = 0;

	verify_fails = true;
	srandom(7);
	w->config.system.auth = AUTH_DIGEST;
	w->config.lock_after = TIMES;
	get_nonce(w, nonce);
	set_digest(w, &(struct said){ .nc = "00000001" }, nonce);
	strcpy(good, w->headers.list[0].value);
	for (int i = 0; i < TIMES; i++) {
		size_t len = strlen(good);

		strcpy(bad, good);
		for (long n = random() % 4 + 1; n > 0; n--)
			bad[(size_t)random() % len] = (char)(random() % 256);
		if (i % 3 == 0)
			bad[(size_t)random() % len] = '\0';
		snprintf(w->peer.address, sizeof w->peer.address, "10.0.%d.%d",
		         i / 256, i % 256);
		set_header(w, "Authorization", bad);
		in += judge(w) == 0;
		memcpy(bad, "Basic ", 6);
		w->config.system.auth = AUTH_BASIC;
		set_header(w, "Authorization", bad);
		in += judge(w) == 0;
		w->config.system.auth = AUTH_DIGEST;
	}
	/* a change of what is not signed, such as a blank, may get in once */
	assert_true(in <= 1);
}

struct job {
	pthread_t thread;
	struct world world; /* its own request, the first one's server */
	int number, bad;
};

/* Without assertions, which belong to the first thread. */
static void *
ask_in_turn(void *arg)
{
	struct job *job = arg;
	struct world *w = &job->world;

	for (int i = 0; i < ROUNDS; i++) {
		set_basic(w, "admin:s3cret");
		job->bad += judge(w) != 0;
		no_headers(w);
		job->bad += judge(w) != REFUSED_AUTHORIZATION;
		set_form(w, PARAM_URLENCODED, "admin", "s3cret");
		handle(w, "POST");
		job->bad += w->reply.status != 200;
		handle(w, "GET");
		job->bad += w->reply.status != 200;
		snprintf(w->peer.address, sizeof w->peer.address,
		         "10.%d.0.%d", job->number, i);
		set_basic(w, "nobody:x");
		job->bad += judge(w) != REFUSED_AUTHORIZATION;
	}
	reply_clear(&w->reply);
	params_clear(&w->params);
	return NULL;
}

static void
test_threads_do_not_disturb_each_other(void **state)
{
	struct world *w = *state;
	struct job *jobs = calloc(THREADS, sizeof *jobs);

	assert_non_null(jobs);
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	verify_fails = true; /* of now on only what is remembered gets in */
	for (int i = 0; i < THREADS; i++) {
		jobs[i].number = i;
		jobs[i].world.config = w->config;
		jobs[i].world.server = w->server;
		set_up_request(&jobs[i].world);
		assert_int_equal(pthread_create(&jobs[i].thread, NULL,
		                                ask_in_turn, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
		assert_int_equal(jobs[i].bad, 0);
	}
	free(jobs);
}

static int
group_setup(void **state)
{
	(void)state;
	log_set_level(LOG_FAILED);
	return hash_open() && password_init() ? 0 : -1;
}

static int
group_teardown(void **state)
{
	(void)state;
	return hash_close() ? 0 : -1;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check_order_is_as_documented),
		TEST(test_check_none_needs_nothing),
		TEST(test_check_none_write_from_another_site_is_refused),
		TEST(test_basic_without_header_is_challenged),
		TEST(test_basic_malformed_is_not_counted),
		TEST(test_basic_odd_passwords_are_taken),
		TEST(test_basic_wrong_unknown_locked_disabled_cost_the_same),
		TEST(test_basic_lock_ends),
		TEST(test_basic_right_is_remembered_for_a_while),
		TEST(test_basic_change_voids_what_is_remembered),
		TEST(test_basic_outdated_hash_is_renewed),
		TEST(test_basic_many_names_are_throttled),
		TEST(test_basic_write_from_another_site_is_refused),
		TEST(test_digest_without_header_is_challenged_twice),
		TEST(test_digest_right_gets_in),
		TEST(test_digest_malformed_is_not_counted),
		TEST(test_digest_wrong_is_counted_and_locks),
		TEST(test_digest_of_the_rfc_is_stale_not_wrong),
		TEST(test_digest_replay_is_stale),
		TEST(test_digest_old_nonce_is_stale),
		TEST(test_digest_many_nonces_none_is_good_twice),
		TEST(test_digest_account_without_ha1_is_refused),
		TEST(test_digest_of_another_method_is_refused),
		TEST(test_session_cookie_is_strict),
		TEST(test_session_opens_every_service),
		TEST(test_session_write_needs_the_token),
		TEST(test_session_delete_without_token_is_forbidden),
		TEST(test_session_of_tls_is_none_without),
		TEST(test_session_cookie_variants),
		TEST(test_session_ends_in_time),
		TEST(test_session_ends_with_a_change_but_not_a_lock),
		TEST(test_session_seventeenth_ends_the_first),
		TEST(test_session_wrong_login_does_not_tell_why),
		TEST(test_session_post_wants_form_and_own_site),
		TEST(test_header_of_any_bytes_is_survived),
		TEST(test_threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests_name("auth", tests, group_setup,
	                                   group_teardown);
}

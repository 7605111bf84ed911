/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_auth_digest.c - Digest, and headers that are none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/hash.h"
#include "tests/psmd/auth_world.h"

/* --- Digest -------------------------------------------------------------- */

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
	assert_int_equal(digest(w, &(struct said){ .nonce = "00" }),
	                 REFUSED_AUTHORIZATION);
	assert_true(is_stale(w));
}

/* Whatever digit of it is another. */
static void
test_digest_altered_nonce_is_stale(void **state)
{
	struct world *w = *state;
	char nonce[128];

	w->config.system.auth = AUTH_DIGEST;
	get_nonce(w, nonce);
	for (size_t i = 0; nonce[i] != '\0'; i++) {
		char digit = nonce[i];

		nonce[i] = digit != '0' ? '0' : '1';
		assert_int_equal(digest(w, &(struct said){ .nonce = nonce }),
		                 REFUSED_AUTHORIZATION);
		assert_true(is_stale(w));
		nonce[i] = digit;
	}
	assert_int_equal(digest(w, &(struct said){ .nonce = nonce }), 0);
}

static void
test_digest_many_names_are_throttled(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++)
		assert_int_equal(digest(w, &(struct said){ .user = "nobody" }),
		                 REFUSED_AUTHORIZATION);
	assert_int_equal(digest(w, &(struct said){ .user = NULL }),
	                 REFUSED_BUSY);
	strcpy(w->peer.address, "192.0.2.99");
	assert_int_equal(digest(w, &(struct said){ .user = NULL }), 0);
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

/* --- anything at all ----------------------------------------------------- */

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_digest_without_header_is_challenged_twice),
		TEST(test_digest_right_gets_in),
		TEST(test_digest_malformed_is_not_counted),
		TEST(test_digest_wrong_is_counted_and_locks),
		TEST(test_digest_of_the_rfc_is_stale_not_wrong),
		TEST(test_digest_replay_is_stale),
		TEST(test_digest_old_nonce_is_stale),
		TEST(test_digest_altered_nonce_is_stale),
		TEST(test_digest_many_names_are_throttled),
		TEST(test_digest_many_nonces_none_is_good_twice),
		TEST(test_digest_account_without_ha1_is_refused),
		TEST(test_digest_of_another_method_is_refused),
		TEST(test_header_of_any_bytes_is_survived),
	};

	return cmocka_run_group_tests_name("auth by Digest", tests, world_begin,
	                                   world_end);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_world.h - accounts, and requests that log in to them or try; without
 * HTTP. Link it with --wrap=request_header, log_audit, clock_gettime, time and
 * crypto_pwhash_str_verify. */

#ifndef TESTS_PSMD_AUTH_WORLD_H
#define TESTS_PSMD_AUTH_WORLD_H

#include "psmd/auth.h"

enum { MAX_HEADERS = 8, HEADER_SIZE = 1024 };
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

#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, world_open, world_close)

/* What the wrapped functions add, count and keep. */
extern int64_t later;     /* seconds; time stands but for that */
extern unsigned verified; /* passwords */
extern bool verify_fails;
extern void (*while_verifying)(void); /* what happens meanwhile; or NULL */
extern char audited[256]; /* the last entry: account, address, action */

/* cmocka's, of a group and of a test. */
int world_begin(void **state);
int world_end(void **state);
int world_open(void **state);
int world_close(void **state);

/* A hash that costs next to nothing: it is renewed at the first login. */
void add_account(struct world *w, const char *name, const char *password,
                 unsigned privileges);
struct account get_account(struct world *w, const char *name);

/* A request for TARGET, without headers. */
void world_request(struct world *w);
void no_headers(struct world *w);
void set_header(struct world *w, const char *name, const char *value);
void set_basic(struct world *w, const char *pair);

/* What auth_check() says of the request, for a service or another route. */
int judge(struct world *w);
int judge_for(struct world *w, const struct route *r);
/* With that login. */
int basic(struct world *w, const char *pair);
/* The answer's nth header of that name, or NULL. */
const char *answered(const struct world *w, const char *name, size_t nth);

#endif

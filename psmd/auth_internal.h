/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_internal.h - what the files of auth share. */

#ifndef PSMD_AUTH_INTERNAL_H
#define PSMD_AUTH_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "psmd/auth.h"
#include "psmd/hash.h"

enum {
	KEY_SIZE = 32,  /* of each key; made at start, in memory only */
	MARK_SIZE = 32, /* of a keyed hash */
	SECONDS = 1000  /* in milliseconds, as auth_now() counts */
};

/* Basic passwords that were right. */
enum { N_REMEMBERED = 256, REMEMBER_MS = 300 * SECONDS };

struct remembered {
	pthread_mutex_t lock;
	unsigned char key[KEY_SIZE];
	struct {
		unsigned char mark[MARK_SIZE]; /* of name and password */
		int64_t generation;
		int64_t until;
	} list[N_REMEMBERED];
};

/* Digest's nonces that were used. One is looked for in its set alone; when the
 * set is full the oldest makes room, and nothing as old is good any more. */
enum { N_NONCE_SETS = 512, N_NONCE_WAYS = 8, NONCE_MS = 300 * SECONDS };

struct nonce {
	int64_t made; /* microseconds */
	uint64_t random;
};

struct nonces {
	pthread_mutex_t lock;
	unsigned char key[KEY_SIZE];
	char nobodys_ha1[HASH_HEX_MAX]; /* for a name that is none */
	struct {
		int64_t forgotten; /* made up to then: not known any more */
		struct {
			struct nonce nonce; /* made 0: free */
			uint32_t top;       /* the highest count */
			uint64_t seen;      /* bit n: top - n was used */
		} ways[N_NONCE_WAYS];
	} sets[N_NONCE_SETS];
};

enum {
	N_SESSIONS = 256,
	N_SESSIONS_ACCOUNT = 16,
	SESSION_ID_SIZE = 32,
	SESSION_ID_HEX = 2 * SESSION_ID_SIZE + 1,
	SESSION_MS = 12 * 3600 * SECONDS
};

struct session {
	bool live;
	bool tls; /* made over TLS: good only there */
	unsigned char mark[MARK_SIZE]; /* of the id */
	char account[ACCOUNT_NAME_MAX + 1];
	int64_t generation;
	int64_t begun, used;
};

struct sessions {
	pthread_mutex_t lock;
	unsigned char id_key[KEY_SIZE], token_key[KEY_SIZE];
	struct session list[N_SESSIONS];
};

/* Wrong passwords by address. Each costs COST_MS of time to come; who owes for
 * more than BURST of them has to wait. */
enum { N_THROTTLED = 1024, COST_MS = 3 * SECONDS, BURST = 20 };

struct throttle {
	pthread_mutex_t lock;
	struct {
		unsigned char prefix[16]; /* IPv6's, or IPv4 mapped */
		int64_t paid; /* when it owes nothing */
	} list[N_THROTTLED];
};

struct auth {
	struct server *server;
	struct remembered remembered;
	struct nonces nonces;
	struct sessions sessions;
	struct throttle throttle;
};

/* A login by the Authorization header. */
struct login {
	struct auth *auth;
	const struct config *config;
	const struct request *request;
	const char *credentials; /* after the scheme's name */
	struct account account;
	bool stale; /* right, but for Digest's nonce */
};

/* Milliseconds, and microseconds, since some moment: no clock that is set. */
int64_t auth_now(void);
int64_t auth_now_us(void);

/* The account of that name. REFUSED_AUTHORIZATION: none; or REFUSED_BUSY. */
int auth_find(struct auth *auth, const char *name, struct account *ret_account);
/* Enabled, and not locked now. */
bool auth_usable(const struct account *account);
/* Count a wrong password or response. REFUSED_AUTHORIZATION, or what else went
 * wrong. */
int auth_failed(struct auth *auth, const char *name, const char *address);
/* account was seen to be right: is it still, and usable? Then failures start
 * from none. */
int auth_succeeded(struct auth *auth, const struct account *account);

/* Judge a login, as auth_check() does; challenges for the service's method. */
int basic_judge(struct login *login);
int digest_judge(struct login *login);
bool basic_challenge(const struct login *login, struct reply *reply);
bool digest_challenge(const struct login *login, struct reply *reply);

void remember(struct auth *auth, const struct account *account,
              const char *password);
bool is_remembered(struct auth *auth, const struct account *account,
                   const char *password);

/* A new nonce, NONCE_HEX bytes with its NUL. */
#define NONCE_HEX 65
void nonce_make(struct nonces *nonces, char ret_text[NONCE_HEX]);
/* Use text's nonce for the count nc: false when it is not ours, too old, or was
 * used with nc before. */
bool nonce_use(struct nonces *nonces, const char *text, uint32_t nc);

/* The request's session, still good. With REFUSED_AUTHORIZATION: none.
 *   ret_token  its token, TOKEN_HEX bytes; may be NULL */
#define TOKEN_HEX (2 * MARK_SIZE + 1)
int session_find(struct auth *auth, const struct request *request,
                 struct account *ret_account, char *ret_token);
/* Begin one, in place of the least lately used when there are many. */
void session_begin(struct auth *auth, const struct account *account, bool tls,
                   char ret_id[SESSION_ID_HEX], char ret_token[TOKEN_HEX]);
/* End the one whose cookie the request has, if any. */
void session_drop(struct auth *auth, const struct request *request);
/* The cookie's name. */
const char *session_cookie(const struct request *request);
/* Neither GET nor HEAD. */
bool is_write(const struct request *request);
/* The header X-PSM-Token is token. */
bool has_token(const struct request *request, const char *token);
/* A browser says that another site's page sends this. */
bool is_cross_site(const struct request *request);

bool throttle_blocks(struct throttle *throttle, const char *address);
void throttle_count(struct throttle *throttle, const char *address);

/* A parameter of credentials; value NULL: not there. */
struct auth_param {
	const char *name;
	char *value;
};

/* Read name=value, ... (RFC 9110, 11.2) in place. Others than the n of list are
 * read over; one of them twice, or anything that is not of this form: false. */
bool auth_params_read(char *text, struct auth_param *list, size_t n);
/* Decode UTF-8'language'percent-encoded (RFC 8187) in place. */
bool ext_value_decode(char *text);
/* text in quotes, with escapes; owned, NULL: out of memory. */
char *quote(const char *text);
/* As printf(); owned, NULL: out of memory. */
char *auth_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif

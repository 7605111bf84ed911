/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_session.c - pages' sessions, their cookies and their tokens. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "psmd/auth_internal.h"

/* The prefix has a browser take it only from this host over TLS. */
const char *
session_cookie(const struct request *request)
{
	return request->peer->tls ? "__Host-psm" : "psm";
}

bool
is_write(const struct request *request)
{
	return strcmp(request->method, "GET") != 0 &&
	       strcmp(request->method, "HEAD") != 0;
}

/* What follows an origin's scheme; a proxy before us may have ended TLS. */
static const char *
origin_host(const char *origin)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(origin, schemes[i], len) == 0)
			return origin + len;
	}
	return NULL;
}

bool
is_cross_site(const struct request *request)
{
	const char *origin = request_header(request, "Origin");
	const char *site = request_header(request, "Sec-Fetch-Site");
	const char *host = request_header(request, "Host");
	const char *from;

	if (site != NULL && strcasecmp(site, "same-origin") != 0 &&
	    strcasecmp(site, "none") != 0)
		return true;
	if (origin == NULL)
		return false;
	from = origin_host(origin);
	return from == NULL || host == NULL || strcasecmp(from, host) != 0;
}

static void
make_mark(const unsigned char key[KEY_SIZE],
          const unsigned char id[SESSION_ID_SIZE],
          unsigned char mark[MARK_SIZE])
{
	/* fails for wrong sizes alone */
	(void)crypto_generichash(mark, MARK_SIZE, id, SESSION_ID_SIZE, key,
	                         KEY_SIZE);
}

/* The token follows from the id, so that it need not be kept. */
static void
make_token(const struct sessions *s, const unsigned char id[SESSION_ID_SIZE],
           char token[TOKEN_HEX])
{
	unsigned char mark[MARK_SIZE];

	make_mark(s->token_key, id, mark);
	sodium_bin2hex(token, TOKEN_HEX, mark, sizeof mark);
	sodium_memzero(mark, sizeof mark);
}

/* The value of the one cookie of that name; two of them are none: another host
 * of the domain may have added one. */
static const char *
find_cookie(const char *cookies, const char *name, size_t *ret_len)
{
	size_t name_len = strlen(name);
	const char *value = NULL;

	while (cookies != NULL && *cookies != '\0') {
		size_t len;

		cookies += strspn(cookies, "; ");
		len = strcspn(cookies, ";");
		if (len > name_len && cookies[name_len] == '=' &&
		    strncmp(cookies, name, name_len) == 0) {
			if (value != NULL)
				return NULL;
			value = cookies + name_len + 1;
			*ret_len = len - name_len - 1;
		}
		cookies += len;
	}
	return value;
}

static bool
read_id(const struct request *request, unsigned char id[SESSION_ID_SIZE])
{
	size_t len = 0, got;
	const char *value = find_cookie(request_header(request, "Cookie"),
	                                session_cookie(request), &len);

	return value != NULL && len == SESSION_ID_HEX - 1 &&
	       sodium_hex2bin(id, SESSION_ID_SIZE, value, len, NULL, &got,
	                      NULL) == 0 &&
	       got == SESSION_ID_SIZE;
}

static bool
is_over(const struct session *session, int64_t now, int64_t idle)
{
	return now - session->used > idle || now - session->begun > SESSION_MS;
}

static void
end(struct session *session)
{
	sodium_memzero(session, sizeof *session);
}

/* The session of that mark, or NULL; lock is held. */
static struct session *
find_mark(struct sessions *s, const unsigned char mark[MARK_SIZE])
{
	for (size_t i = 0; i < N_SESSIONS; i++) {
		if (s->list[i].live &&
		    sodium_memcmp(s->list[i].mark, mark, MARK_SIZE) == 0)
			return &s->list[i];
	}
	return NULL;
}

static int64_t
idle_ms(const struct auth *auth)
{
	return (int64_t)server_config(auth->server)->session_seconds * SECONDS;
}

/* A copy of the session id names, which is used now. */
static bool
touch(struct auth *auth, const unsigned char mark[MARK_SIZE], bool tls,
      struct session *ret_session)
{
	struct sessions *s = &auth->sessions;
	int64_t now = auth_now();
	struct session *session;
	bool found;

	pthread_mutex_lock(&s->lock);
	session = find_mark(s, mark);
	if (session != NULL && is_over(session, now, idle_ms(auth))) {
		end(session);
		session = NULL;
	}
	found = session != NULL && session->tls == tls;
	if (found) {
		session->used = now;
		*ret_session = *session;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void
drop(struct sessions *s, const unsigned char mark[MARK_SIZE])
{
	struct session *session;

	pthread_mutex_lock(&s->lock);
	if ((session = find_mark(s, mark)) != NULL)
		end(session);
	pthread_mutex_unlock(&s->lock);
}

/* The account of a session, as long as it is the one that logged in. Its being
 * locked is about passwords: nobody is to be thrown out by others' guesses. */
static int
find_account(struct auth *auth, const struct session *session,
             struct account *ret_account)
{
	int refusal = auth_find(auth, session->account, ret_account);

	if (refusal == REFUSED_BUSY)
		return refusal;
	if (refusal == 0 && ret_account->enabled &&
	    ret_account->generation == session->generation)
		return 0;
	drop(&auth->sessions, session->mark);
	return REFUSED_AUTHORIZATION;
}

int
session_find(struct auth *auth, const struct request *request,
             struct account *ret_account, char *ret_token)
{
	unsigned char id[SESSION_ID_SIZE], mark[MARK_SIZE];
	struct session session;
	int refusal = REFUSED_AUTHORIZATION;

	if (!read_id(request, id))
		return refusal;
	make_mark(auth->sessions.id_key, id, mark);
	if (touch(auth, mark, request->peer->tls, &session))
		refusal = find_account(auth, &session, ret_account);
	if (refusal == 0 && ret_token != NULL)
		make_token(&auth->sessions, id, ret_token);
	sodium_memzero(id, sizeof id);
	return refusal;
}

bool
has_token(const struct request *request, const char *token)
{
	const char *sent = request_header(request, "X-PSM-Token");

	return sent != NULL && strlen(sent) == TOKEN_HEX - 1 &&
	       sodium_memcmp(sent, token, TOKEN_HEX - 1) == 0;
}

/* A place for one more of account: a free one, else the least lately used of
 * the account's if it has many, else that of all. Lock is held. */
static struct session *
find_room(struct sessions *s, const char *account, int64_t idle)
{
	struct session *oldest = &s->list[0], *own = NULL, *unused = NULL;
	int64_t now = auth_now();
	size_t n_own = 0;

	for (struct session *p = s->list; p < s->list + N_SESSIONS; p++) {
		if (p->live && is_over(p, now, idle))
			end(p);
		if (!p->live) {
			if (unused == NULL)
				unused = p;
			continue;
		}
		if (p->used < oldest->used)
			oldest = p;
		if (strcmp(p->account, account) != 0)
			continue;
		n_own++;
		if (own == NULL || p->used < own->used)
			own = p;
	}
	if (n_own >= N_SESSIONS_ACCOUNT)
		return own;
	return unused != NULL ? unused : oldest;
}

void
session_begin(struct auth *auth, const struct account *account, bool tls,
              char ret_id[SESSION_ID_HEX], char ret_token[TOKEN_HEX])
{
	struct sessions *s = &auth->sessions;
	unsigned char id[SESSION_ID_SIZE];
	struct session *session;

	randombytes_buf(id, sizeof id);
	pthread_mutex_lock(&s->lock);
	session = find_room(s, account->name, idle_ms(auth));
	end(session);
	session->live = true;
	session->tls = tls;
	make_mark(s->id_key, id, session->mark);
	memcpy(session->account, account->name, sizeof session->account);
	session->generation = account->generation;
	session->begun = session->used = auth_now();
	pthread_mutex_unlock(&s->lock);
	sodium_bin2hex(ret_id, SESSION_ID_HEX, id, sizeof id);
	make_token(s, id, ret_token);
	sodium_memzero(id, sizeof id);
}

void
session_drop(struct auth *auth, const struct request *request)
{
	unsigned char id[SESSION_ID_SIZE], mark[MARK_SIZE];

	if (!read_id(request, id))
		return;
	make_mark(auth->sessions.id_key, id, mark);
	drop(&auth->sessions, mark);
	sodium_memzero(id, sizeof id);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth.c - a request's way through disabled, transport, method, authorization
 * and privilege; and what each login by password has in common. */

#include "psmd/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <sodium.h>

#include "psmd/auth_internal.h"
#include "psmd/client_cert.h"
#include "psmd/log.h"
#include "psmd/password.h"

/* The methods with a header, by enum auth_method. */
static const struct {
	const char *scheme;
	int (*judge)(struct login *login);
	bool (*challenge)(const struct login *login, struct reply *reply);
} methods[] = {
	[AUTH_DIGEST] = { "Digest", digest_judge, digest_challenge },
	[AUTH_BASIC] = { "Basic", basic_judge, basic_challenge },
};

int64_t
auth_now_us(void)
{
	struct timespec now;

	/* goes on while the machine sleeps */
	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		abort(); /* EINVAL: not Linux; nothing could expire */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
auth_now(void)
{
	return auth_now_us() / 1000;
}

static void
init_parts(struct auth *auth)
{
	pthread_mutex_init(&auth->remembered.lock, NULL);
	pthread_mutex_init(&auth->nonces.lock, NULL);
	pthread_mutex_init(&auth->sessions.lock, NULL);
	pthread_mutex_init(&auth->throttle.lock, NULL);
	randombytes_buf(auth->remembered.key, KEY_SIZE);
	randombytes_buf(auth->nonces.key, KEY_SIZE);
	randombytes_buf(auth->sessions.id_key, KEY_SIZE);
	randombytes_buf(auth->sessions.token_key, KEY_SIZE);
}

struct auth *
auth_new(struct server *server)
{
	struct auth *auth = calloc(1, sizeof *auth);
	unsigned char nobody[KEY_SIZE];

	if (auth == NULL)
		return NULL;
	auth->server = server;
	init_parts(auth);
	randombytes_buf(nobody, sizeof nobody);
	sodium_bin2hex(auth->nonces.nobodys_ha1,
	               sizeof auth->nonces.nobodys_ha1, nobody, sizeof nobody);
	return auth;
}

void
auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	pthread_mutex_destroy(&auth->remembered.lock);
	pthread_mutex_destroy(&auth->nonces.lock);
	pthread_mutex_destroy(&auth->sessions.lock);
	pthread_mutex_destroy(&auth->throttle.lock);
	sodium_memzero(auth, sizeof *auth);
	free(auth);
}

bool
auth_usable(const struct account *account)
{
	return account->enabled && account->locked_until <= time(NULL);
}

/* Trouble with the records is not the client's: it may come again. */
static int
refuse_err(enum rec_err err, const char *doing)
{
	log_line(LOG_FAILED, "%s: %s", doing, rec_strerror(err));
	return REFUSED_BUSY;
}

int
auth_find(struct auth *auth, const char *name, struct account *ret_account)
{
	enum rec_err err = records_account_get(auth->server->records, name,
	                                       ret_account);

	switch (err) {
	case REC_OK:
		return 0;
	case REC_NOT_FOUND:
		return REFUSED_AUTHORIZATION;
	default:
		return refuse_err(err, "looking for an account");
	}
}

int
auth_failed(struct auth *auth, const char *name, const char *address)
{
	const struct config *config = server_config(auth->server);
	bool locked = false;
	enum rec_err err;

	throttle_count(&auth->throttle, address);
	err = records_account_failed(auth->server->records, name,
	                             config->lock_after, time(NULL),
	                             config->lock_seconds, &locked);
	if (err != REC_OK && err != REC_NOT_FOUND)
		return refuse_err(err, "counting a wrong password");
	/* a name that is none may be a password in the wrong place */
	log_line(LOG_DOUBTFUL, "login failed: account=%s address=%s",
	         err == REC_OK ? name : "-", address);
	if (locked)
		log_audit(name, address, "account.lock", "seconds=%u",
		          config->lock_seconds);
	return REFUSED_AUTHORIZATION;
}

int
auth_succeeded(struct auth *auth, const struct account *account)
{
	struct account now;
	enum rec_err err;
	bool same;
	int refusal = auth_find(auth, account->name, &now);

	if (refusal != 0)
		return refusal;
	/* others may have locked or changed it while a hash was made */
	same = now.generation == account->generation && auth_usable(&now);
	if (same && now.failures != 0) {
		err = records_account_succeeded(auth->server->records,
		                                account->name);
		if (err != REC_OK) /* no reason to keep somebody out */
			refuse_err(err, "forgetting wrong passwords");
	}
	sodium_memzero(&now, sizeof now);
	return same ? 0 : REFUSED_AUTHORIZATION;
}

/* The limits may have grown since the hash was made. */
static void
renew_hash(struct auth *auth, const struct account *account,
           const char *password)
{
	struct account renewed = *account;
	enum rec_err err;

	if (password_is_outdated(account) &&
	    password_rehash(&renewed, password)) {
		err = records_account_rehash(auth->server->records,
		                             account->name, account->hash,
		                             renewed.hash);
		if (err != REC_OK && err != REC_NOT_FOUND)
			refuse_err(err, "storing a renewed hash");
	}
	sodium_memzero(&renewed, sizeof renewed);
}

static int
judge_password(struct auth *auth, const char *name, const char *password,
               const char *address, struct account *account)
{
	int found = auth_find(auth, name, account);
	int refusal;

	if (found == REFUSED_BUSY)
		return found;
	if (found == 0 && auth_usable(account) &&
	    is_remembered(auth, account, password))
		return 0;
	if (throttle_blocks(&auth->throttle, address))
		return REFUSED_BUSY;
	/* as long for one that is locked, or none */
	if (!password_fits(found == 0 ? account : NULL, password))
		return errno == ENOMEM ? REFUSED_MEMORY
		                       : auth_failed(auth, name, address);
	if (!auth_usable(account))
		return auth_failed(auth, name, address);
	if ((refusal = auth_succeeded(auth, account)) != 0)
		return refusal;
	renew_hash(auth, account, password);
	remember(auth, account, password);
	return 0;
}

int
auth_login(struct auth *auth, const char *name, const char *password,
           const char *address, struct account *ret_account)
{
	struct account account;
	int refusal = judge_password(auth, name, password, address, &account);

	if (refusal == 0)
		*ret_account = account;
	sodium_memzero(&account, sizeof account);
	return refusal;
}

/* Is the service there, and this the way to it? */
static int
check_service(const struct service *service, const struct peer *peer)
{
	if (service == NULL)
		return 0;
	if (!service->enabled)
		return REFUSED_DISABLED;
	if (service->transport == TRANSPORT_HTTPS && !peer->tls)
		return REFUSED_HTTPS_REQUIRED;
	return 0;
}

/* What comes after the scheme's name, if header is of that scheme. */
static const char *
after_scheme(const char *header, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(header, scheme, len) != 0 ||
	    (header[len] != ' ' && header[len] != '\0'))
		return NULL;
	header += len;
	return header + strspn(header, " ");
}

static int
judge_header(struct login *login, enum auth_method method)
{
	const char *header = request_header(login->request, "Authorization");

	if (header == NULL || header[0] == '\0')
		return REFUSED_AUTHORIZATION;
	login->credentials = after_scheme(header, methods[method].scheme);
	if (login->credentials == NULL)
		return REFUSED_AUTH_METHOD;
	/* a browser adds what it knows to another site's requests too */
	if (is_write(login->request) && is_cross_site(login->request))
		return REFUSED_AUTHORIZATION;
	return methods[method].judge(login);
}

/* A session that is good for this request. */
static int
judge_session(struct login *login)
{
	char token[TOKEN_HEX];
	int refusal = session_find(login->auth, login->request,
	                           &login->account, token);

	if (refusal == 0 && is_write(login->request) &&
	    !has_token(login->request, token))
		refusal = REFUSED_AUTHORIZATION;
	sodium_memzero(token, sizeof token);
	return refusal;
}

/* The page's own requests get none: see auth.h. */
static bool
add_challenge(const struct login *login, enum auth_method method,
              struct reply *reply)
{
	return request_header(login->request, "X-PSM-Token") != NULL ||
	       methods[method].challenge(login, reply);
}

/* Who it is. */
static int
identify(struct login *login, const struct route *route,
         const struct service *service, struct reply *reply)
{
	int refusal = judge_session(login);

	if (refusal != REFUSED_AUTHORIZATION || route->auth == ROUTE_SESSION ||
	    service == NULL || service->auth == AUTH_NONE)
		return refusal;
	refusal = judge_header(login, service->auth);
	if (refusal == REFUSED_AUTHORIZATION &&
	    !add_challenge(login, service->auth, reply))
		return REFUSED_MEMORY;
	return refusal;
}

static int
admit(const struct account *account, const struct route *route,
      struct request *request)
{
	memcpy(request->account, account->name, sizeof request->account);
	request->privileges = account->privileges;
	if ((route->privileges & ~account->privileges) != 0)
		return REFUSED_PRIVILEGE;
	return 0;
}

/* Where somebody has to log in, a certificate of ours that is revoked is nobody's
 * way in, whatever comes with it. */
static int
check_client_cert(const struct request *request)
{
	int64_t id;

	switch (client_cert_look(request, &id)) {
	case CLIENT_CERT_IS_REVOKED:
		return REFUSED_AUTHORIZATION;
	case CLIENT_CERT_IS_UNKNOWN:
		return REFUSED_BUSY;
	default:
		return 0;
	}
}

int
auth_check(struct auth *auth, const struct route *route,
           struct request *request, struct reply *reply)
{
	struct login login = { .auth = auth,
		               .config = server_config(auth->server),
		               .request = request };
	const struct service *service =
	        route->service != NULL ? route->service(login.config) : NULL;
	int refusal = check_service(service, request->peer);

	if (refusal != 0 || route->auth == ROUTE_OPEN ||
	    (refusal = check_client_cert(request)) != 0)
		return refusal;
	if (route->auth == ROUTE_SERVICE && service != NULL &&
	    service->auth == AUTH_NONE) {
		if (is_write(request) && is_cross_site(request))
			return REFUSED_PRIVILEGE;
		request->privileges = route->privileges;
		return 0;
	}
	refusal = identify(&login, route, service, reply);
	if (refusal == 0)
		refusal = admit(&login.account, route, request);
	sodium_memzero(&login, sizeof login);
	return refusal;
}

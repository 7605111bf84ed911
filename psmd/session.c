/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* session.c - /session: a page logs in and out. */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "psmd/auth_internal.h"
#include "psmd/log.h"

static void
answer(struct reply *reply, unsigned status, json_t *value)
{
	reply_json(reply, status, value);
	if (!reply_header(reply, "Cache-Control", "no-store"))
		reply->status = 500;
}

static void
answer_error(struct reply *reply, unsigned status, const char *why)
{
	answer(reply, status, json_pack("{s:s}", "error", why));
}

/* A login that was refused by auth_login() or session_find(). */
static void
answer_refusal(struct reply *reply, int refusal)
{
	if (refusal == REFUSED_AUTHORIZATION) {
		answer_error(reply, 401, "loginFailed");
		return;
	}
	answer_error(reply, 503, "busy");
	if (!reply_header(reply, "Retry-After", "10"))
		reply->status = 500;
}

static json_t *
privilege_list(unsigned privileges)
{
	json_t *list = json_array();

	for (unsigned bit = 1; bit != 0 && bit <= PRIV_ALL; bit <<= 1) {
		if ((privileges & bit) != 0 &&
		    json_array_append_new(
		            list, json_string(privilege_name(bit))) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static void
answer_account(struct reply *reply, const struct auth *auth,
               const struct account *account, const char *token)
{
	json_int_t idle = server_config(auth->server)->session_seconds;

	answer(reply, 200,
	       json_pack("{s:s,s:o,s:s,s:I}", "account", account->name,
	                 "privileges", privilege_list(account->privileges),
	                 "token", token, "idleSeconds", idle));
}

static void
answer_nobody(struct reply *reply)
{
	answer(reply, 200, json_pack("{s:n}", "account"));
}

/* value "": the browser is to forget it. */
static bool
set_cookie(const struct request *request, const char *value,
           struct reply *reply)
{
	char *text = auth_format("%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
	                         session_cookie(request), value,
	                         request->peer->tls ? "; Secure" : "",
	                         value[0] == '\0' ? "; Max-Age=0" : "");
	bool ok = text != NULL && reply_header(reply, "Set-Cookie", text);

	if (text != NULL)
		sodium_memzero(text, strlen(text));
	free(text);
	return ok;
}

static void
get_session(struct auth *auth, const struct request *request,
            struct reply *reply)
{
	struct account account;
	char token[TOKEN_HEX];
	int refusal = session_find(auth, request, &account, token);

	if (refusal == 0)
		answer_account(reply, auth, &account, token);
	else if (refusal == REFUSED_AUTHORIZATION)
		answer_nobody(reply);
	else
		answer_refusal(reply, refusal);
	sodium_memzero(&account, sizeof account);
	sodium_memzero(token, sizeof token);
}

static void
begin_session(struct auth *auth, const struct request *request,
              const struct account *account, struct reply *reply)
{
	char id[SESSION_ID_HEX], token[TOKEN_HEX];

	session_drop(auth, request);
	session_begin(auth, account, request->peer->tls, id, token);
	if (set_cookie(request, id, reply)) {
		answer_account(reply, auth, account, token);
		log_audit(account->name, request->peer->address,
		          "session.begin", "tls=%s",
		          request->peer->tls ? request->peer->tls_version
		                             : "none");
	} else {
		answer_error(reply, 500, "memory");
	}
	sodium_memzero(id, sizeof id);
	sodium_memzero(token, sizeof token);
}

/* A field of the form; never of the query, which ends up in logs. */
static const char *
form_text(const struct request *request, const char *name)
{
	bool bad = false;
	const struct param *param = params_get(request->params, name);
	const char *text = params_text(request->params, name, &bad);

	return bad || param == NULL || param->from != PARAM_URLENCODED ||
	                       param->too_big
	               ? NULL
	               : text;
}

static void
post_session(struct auth *auth, const struct request *request,
             struct reply *reply)
{
	const struct config *config = server_config(auth->server);
	const char *name = form_text(request, "name");
	const char *password = form_text(request, "password");
	struct account account;
	int refusal;

	if (!request->peer->tls &&
	    config->system.transport == TRANSPORT_HTTPS) {
		answer_error(reply, 403, "httpsRequired");
		return;
	}
	if (is_cross_site(request)) {
		answer_error(reply, 403, "crossSite");
		return;
	}
	if (name == NULL || password == NULL) {
		answer_error(reply, 400, "malformed");
		return;
	}
	refusal = auth_login(auth, name, password, request->peer->address,
	                     &account);
	if (refusal != 0) {
		answer_refusal(reply, refusal);
		return;
	}
	begin_session(auth, request, &account, reply);
	sodium_memzero(&account, sizeof account);
}

static void
delete_session(struct auth *auth, const struct request *request,
               struct reply *reply)
{
	struct account account;
	char token[TOKEN_HEX];
	int refusal = session_find(auth, request, &account, token);

	if (refusal == 0 && !has_token(request, token)) {
		answer_error(reply, 403, "token");
	} else if (refusal == REFUSED_BUSY) {
		answer_refusal(reply, refusal);
	} else {
		session_drop(auth, request);
		answer_nobody(reply);
		if (!set_cookie(request, "", reply))
			reply->status = 500;
		if (refusal == 0)
			log_audit(account.name, request->peer->address,
			          "session.end", "by=user");
	}
	sodium_memzero(&account, sizeof account);
	sodium_memzero(token, sizeof token);
}

void
session_handler(const struct request *request, struct reply *reply)
{
	static const struct {
		const char *method;
		void (*handle)(struct auth *auth, const struct request *request,
		               struct reply *reply);
	} methods[] = {
		{ "GET", get_session },
		{ "HEAD", get_session },
		{ "POST", post_session },
		{ "DELETE", delete_session },
	};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(methods[i].method, request->method) == 0) {
			methods[i].handle(request->server->auth, request,
			                  reply);
			return;
		}
	}
	answer_error(reply, 405, "method");
	if (!reply_header(reply, "Allow", "GET, HEAD, POST, DELETE"))
		reply->status = 500;
}

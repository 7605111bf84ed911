/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_digest.c - Digest (RFC 7616): qop=auth, SHA-256 and MD5. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "psmd/auth_internal.h"
#include "psmd/log.h"

/* In the order they are offered. */
static const struct {
	const char *name;
	enum hash_kind kind;
} algorithms[] = {
	{ "SHA-256", HASH_SHA256 },
	{ "MD5", HASH_MD5 },
};

enum { N_ALGORITHMS = sizeof algorithms / sizeof *algorithms };

enum {
	P_USERNAME,
	P_USERNAME_EXT,
	P_REALM,
	P_NONCE,
	P_URI,
	P_RESPONSE,
	P_ALGORITHM,
	P_CNONCE,
	P_QOP,
	P_NC,
	P_USERHASH,
	P_N
};

/* What the client sent, found good in form. */
struct digest {
	struct auth_param params[P_N];
	const char *name;
	enum hash_kind kind;
	uint32_t nc;
	bool has_account;
};

static const char *
param(const struct digest *digest, int which)
{
	return digest->params[which].value;
}

static bool
read_name(struct digest *digest)
{
	char *plain = digest->params[P_USERNAME].value;
	char *ext = digest->params[P_USERNAME_EXT].value;

	if ((plain == NULL) == (ext == NULL))
		return false;
	if (ext != NULL && !ext_value_decode(ext))
		return false;
	digest->name = ext != NULL ? ext : plain;
	return account_name_valid(digest->name);
}

/* MD5 when the client says none. */
static bool
read_algorithm(struct digest *digest)
{
	const char *name = param(digest, P_ALGORITHM);

	if (name == NULL)
		name = "MD5";
	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		if (strcasecmp(algorithms[i].name, name) == 0) {
			digest->kind = algorithms[i].kind;
			return true;
		}
	}
	return false;
}

/* Eight hexadecimal digits, from 1 on. */
static bool
read_count(struct digest *digest)
{
	const char *nc = param(digest, P_NC);

	if (strlen(nc) != 8 || strspn(nc, "0123456789abcdefABCDEF") != 8)
		return false;
	digest->nc = (uint32_t)strtoul(nc, NULL, 16);
	return digest->nc != 0;
}

/* It is meant for this realm and this request. */
static bool
is_meant_here(const struct digest *digest, const struct login *login)
{
	return strcmp(param(digest, P_REALM), login->config->realm) == 0 &&
	       strcmp(param(digest, P_URI), login->request->target) == 0;
}

static bool
read_digest(struct digest *digest, char *text, const struct login *login)
{
	static const int needed[] = { P_REALM, P_NONCE, P_URI, P_RESPONSE,
		                      P_CNONCE, P_QOP, P_NC };
	const char *userhash;

	if (!auth_params_read(text, digest->params, P_N))
		return false;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		if (param(digest, needed[i]) == NULL)
			return false;
	}
	userhash = param(digest, P_USERHASH);
	return strcasecmp(param(digest, P_QOP), "auth") == 0 &&
	       (userhash == NULL || strcasecmp(userhash, "false") == 0) &&
	       read_name(digest) && read_algorithm(digest) &&
	       read_count(digest) && is_meant_here(digest, login);
}

/* H(text), which is freed; it may hold a secret. */
static bool
hash_text(enum hash_kind kind, char *text, char ret_hex[HASH_HEX_MAX])
{
	bool ok = text != NULL && hash_hex(kind, text, strlen(text), ret_hex);

	if (text != NULL)
		sodium_memzero(text, strlen(text));
	free(text);
	return ok;
}

/* What the client should have sent. */
static bool
make_response(const struct digest *digest, const char *method, const char *ha1,
              char ret_hex[HASH_HEX_MAX])
{
	char ha2[HASH_HEX_MAX];

	return hash_text(digest->kind,
	                 auth_format("%s:%s", method, param(digest, P_URI)),
	                 ha2) &&
	       hash_text(digest->kind,
	                 auth_format("%s:%s:%s:%s:%s:%s", ha1,
	                             param(digest, P_NONCE),
	                             param(digest, P_NC),
	                             param(digest, P_CNONCE),
	                             param(digest, P_QOP), ha2),
	                 ret_hex);
}

/* The account's HA1, if it has one for this realm; "" else. */
static const char *
find_ha1(const struct digest *digest, const struct login *login)
{
	const struct account *a = &login->account;
	const char *ha1 = digest->kind == HASH_MD5 ? a->ha1_md5 : a->ha1_sha256;

	if (!digest->has_account)
		return "";
	if (a->has_digest && ha1[0] != '\0' &&
	    strcmp(a->realm, login->config->realm) == 0)
		return ha1;
	log_line(LOG_DOUBTFUL,
	         "account %s cannot log in by Digest: its password was not set "
	         "for that, or for another realm or hash", a->name);
	return "";
}

static bool
is_same(const char *a, const char *b)
{
	size_t len = strlen(a);

	return strlen(b) == len && sodium_memcmp(a, b, len) == 0;
}

/* The response is right: one of nobody's takes as long. */
static int
compare(const struct digest *digest, const struct login *login)
{
	const char *ha1 = find_ha1(digest, login);
	bool known = ha1[0] != '\0', same;
	char response[HASH_HEX_MAX];

	if (!known)
		ha1 = login->auth->nonces.nobodys_ha1;
	if (!make_response(digest, login->request->method, ha1, response))
		return REFUSED_MEMORY;
	same = is_same(response, param(digest, P_RESPONSE));
	sodium_memzero(response, sizeof response);
	return known && same && auth_usable(&login->account)
	               ? 0
	               : REFUSED_AUTHORIZATION;
}

static int
judge_digest(struct digest *digest, struct login *login)
{
	const char *address = login->request->peer->address;
	int refusal = auth_find(login->auth, digest->name, &login->account);

	if (refusal == REFUSED_BUSY)
		return refusal;
	digest->has_account = refusal == 0;
	refusal = compare(digest, login);
	if (refusal == REFUSED_AUTHORIZATION)
		return auth_failed(login->auth, digest->name, address);
	if (refusal != 0)
		return refusal;
	/* last, so that only right responses use up room and counts */
	if (!nonce_use(&login->auth->nonces, param(digest, P_NONCE),
	               digest->nc)) {
		login->stale = true;
		return REFUSED_AUTHORIZATION;
	}
	return auth_succeeded(login->auth, &login->account);
}

int
digest_judge(struct login *login)
{
	struct digest digest = { .params = {
		[P_USERNAME] = { "username", NULL },
		[P_USERNAME_EXT] = { "username*", NULL },
		[P_REALM] = { "realm", NULL },
		[P_NONCE] = { "nonce", NULL },
		[P_URI] = { "uri", NULL },
		[P_RESPONSE] = { "response", NULL },
		[P_ALGORITHM] = { "algorithm", NULL },
		[P_CNONCE] = { "cnonce", NULL },
		[P_QOP] = { "qop", NULL },
		[P_NC] = { "nc", NULL },
		[P_USERHASH] = { "userhash", NULL },
	} };
	char *text = strdup(login->credentials);
	int refusal = REFUSED_AUTHORIZATION;

	if (text == NULL)
		return REFUSED_MEMORY;
	if (throttle_blocks(&login->auth->throttle,
	                    login->request->peer->address))
		refusal = REFUSED_BUSY;
	else if (read_digest(&digest, text, login))
		refusal = judge_digest(&digest, login);
	free(text);
	return refusal;
}

static bool
add_challenge(const struct login *login, const char *algorithm,
              const char *nonce, struct reply *reply)
{
	char *realm = quote(login->config->realm), *value = NULL;
	bool ok;

	if (realm != NULL)
		value = auth_format("Digest realm=%s, qop=\"auth\", "
		                    "algorithm=%s, nonce=\"%s\", "
		                    "charset=UTF-8, userhash=false%s",
		                    realm, algorithm, nonce,
		                    login->stale ? ", stale=true" : "");
	ok = value != NULL && reply_header(reply, "WWW-Authenticate", value);
	free(realm);
	free(value);
	return ok;
}

bool
digest_challenge(const struct login *login, struct reply *reply)
{
	char nonce[NONCE_HEX], probe[HASH_HEX_MAX];

	nonce_make(&login->auth->nonces, nonce);
	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		if (hash_hex(algorithms[i].kind, "", 0, probe) &&
		    !add_challenge(login, algorithms[i].name, nonce, reply))
			return false;
	}
	return true;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_client.c - is it the client who asks for createPKCS12ById, and did it
 * sign what it asks for? */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "psmd/auth.h"
#include "psmd/client_files.h"
#include "psmd/log.h"
#include "psmd/password.h"
#include "psmd/pkcs12.h"

enum {
	MARK_BYTES = crypto_generichash_BYTES,
	MADE_SIZE = 32, /* of a password that nobody has */
	WHY_SIZE = 512
};

/* Compared by their hashes: it takes as long for any two. */
static bool
is_same(const char *a, const char *b)
{
	unsigned char mark_a[MARK_BYTES], mark_b[MARK_BYTES];
	const bool made =
	        crypto_generichash(mark_a, sizeof mark_a,
	                           (const unsigned char *)a, strlen(a), NULL,
	                           0) == 0 &&
	        crypto_generichash(mark_b, sizeof mark_b,
	                           (const unsigned char *)b, strlen(b), NULL,
	                           0) == 0;

	return made && sodium_memcmp(mark_a, mark_b, MARK_BYTES) == 0;
}

/* false: there is nothing to compare it with. */
static bool
check_em_key(const struct p12_call *call, bool *ret_same)
{
	const char *given = request_header(call->request, "emKey");
	char em_key[CLIENT_EM_KEY_MAX + 1] = "", why[WHY_SIZE];
	const bool good = client_read_em_key(call->client->em_key_file, em_key,
	                                     why, sizeof why);

	if (!good)
		log_line(LOG_FAILED, "createPKCS12ById: %s", why);
	*ret_same = is_same(given != NULL ? given : "", em_key) && good;
	sodium_memzero(em_key, sizeof em_key);
	return good;
}

/* The only way in is all of it: where something else is wrong already, the
 * password is a wrong one too, or else the time (of one that is remembered)
 * would tell. */
static int
login(const struct p12_call *call, bool others_fit)
{
	const struct request *request = call->request;
	char wrong[MADE_SIZE];
	struct account account;
	int refusal;

	password_make(wrong, sizeof wrong);
	refusal = auth_login(request->server->auth, call->ask.user,
	                     others_fit ? call->ask.password : wrong,
	                     request->peer->address, &account);
	if (refusal == 0)
		sodium_memzero(&account, sizeof account);
	return refusal;
}

enum p12_err
p12_check_client(const struct p12_call *call)
{
	const char *address = call->request->peer->address;
	const bool comes = client_may_come_from(call->client, address);
	bool has_key;

	if (!check_em_key(call, &has_key))
		return P12_FAILED;
	if (!comes || !has_key)
		log_line(LOG_DOUBTFUL,
		         "createPKCS12ById refused: account=%s address=%s "
		         "why=%s", call->ask.user, address,
		         comes ? "emKey" : "address");
	switch (login(call, comes && has_key)) {
	case 0:
		return P12_OK;
	case REFUSED_AUTHORIZATION:
		return P12_DETAILS;
	case REFUSED_BUSY:
		return P12_BUSY;
	default:
		return P12_FAILED;
	}
}

enum p12_err
p12_check_signature(struct p12_call *call)
{
	struct p12_content *content = &call->content;
	unsigned char *cert;
	char why[WHY_SIZE];
	enum psm_err err;
	size_t len;

	if (!client_read_certificate(call->client->certificate, &cert, &len,
	                             why, sizeof why)) {
		log_line(LOG_FAILED, "createPKCS12ById: %s", why);
		return P12_FAILED;
	}
	err = pfx_verify(call->ask.signed_data, call->ask.signed_len, cert, len,
	                 &content->text, &content->len);
	free(cert);
	if (err == PSM_E_REQUEST)
		return P12_SIGNATURE;
	if (err != PSM_OK) {
		log_line(LOG_FAILED, "createPKCS12ById: signature: %s",
		         psm_strerror(err));
		return P12_FAILED;
	}
	return p12_content_read(content) ? P12_OK : P12_SIGNATURE;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_basic.c - Basic (RFC 7617), and the passwords it found right. */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "json/json.h"
#include "psmd/auth_internal.h"
#include "psmd/password.h"

enum { PAIR_SIZE = ACCOUNT_NAME_MAX + 1 + PASSWORD_MAX + 1 };

static void
make_mark(const struct remembered *remembered, const char *name,
          const char *password, unsigned char mark[MARK_SIZE])
{
	crypto_generichash_state state;

	/* fails for wrong sizes alone */
	(void)crypto_generichash_init(&state, remembered->key, KEY_SIZE,
	                              MARK_SIZE);
	(void)crypto_generichash_update(&state, (const unsigned char *)name,
	                                strlen(name) + 1);
	(void)crypto_generichash_update(&state, (const unsigned char *)password,
	                                strlen(password));
	(void)crypto_generichash_final(&state, mark, MARK_SIZE);
	sodium_memzero(&state, sizeof state);
}

void
remember(struct auth *auth, const struct account *account,
         const char *password)
{
	struct remembered *r = &auth->remembered;
	unsigned char mark[MARK_SIZE];
	size_t oldest = 0;

	make_mark(r, account->name, password, mark);
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < N_REMEMBERED; i++) {
		if (sodium_memcmp(r->list[i].mark, mark, MARK_SIZE) == 0) {
			oldest = i;
			break;
		}
		if (r->list[i].until < r->list[oldest].until)
			oldest = i;
	}
	memcpy(r->list[oldest].mark, mark, MARK_SIZE);
	r->list[oldest].generation = account->generation;
	r->list[oldest].until = auth_now() + REMEMBER_MS;
	pthread_mutex_unlock(&r->lock);
}

bool
is_remembered(struct auth *auth, const struct account *account,
              const char *password)
{
	struct remembered *r = &auth->remembered;
	unsigned char mark[MARK_SIZE];
	int64_t now = auth_now();
	bool found = false;

	make_mark(r, account->name, password, mark);
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < N_REMEMBERED && !found; i++)
		found = r->list[i].until > now &&
		        r->list[i].generation == account->generation &&
		        sodium_memcmp(r->list[i].mark, mark, MARK_SIZE) == 0;
	pthread_mutex_unlock(&r->lock);
	return found;
}

static bool
has_controls(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* Decode into pair: the name, and the password after its NUL. */
static bool
read_pair(const char *credentials, char pair[PAIR_SIZE],
          const char **ret_password)
{
	size_t len = strlen(credentials);
	char *colon;

	while (len > 0 && credentials[len - 1] == ' ')
		len--;
	if (sodium_base642bin((unsigned char *)pair, PAIR_SIZE - 1, credentials,
	                      len, NULL, &len, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	pair[len] = '\0';
	if (strlen(pair) != len || has_controls(pair) || !pj_is_utf8(pair) ||
	    (colon = strchr(pair, ':')) == NULL)
		return false;
	*colon = '\0';
	*ret_password = colon + 1;
	return account_name_valid(pair);
}

int
basic_judge(struct login *login)
{
	char pair[PAIR_SIZE];
	const char *password;
	int refusal = REFUSED_AUTHORIZATION;

	if (read_pair(login->credentials, pair, &password))
		refusal = auth_login(login->auth, pair, password,
		                     login->request->peer->address,
		                     &login->account);
	sodium_memzero(pair, sizeof pair);
	return refusal;
}

bool
basic_challenge(const struct login *login, struct reply *reply)
{
	char *realm = quote(login->config->realm), *value = NULL;
	bool ok;

	if (realm != NULL)
		value = auth_format("Basic realm=%s, charset=\"UTF-8\"", realm);
	ok = value != NULL && reply_header(reply, "WWW-Authenticate", value);
	free(realm);
	free(value);
	return ok;
}

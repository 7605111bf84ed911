/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_open.c - createPKCS12ById's request: from the body to its fields. */

#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "psmd/client_files.h"
#include "psmd/log.h"
#include "psmd/pkcs12.h"
#include "psmd/text.h"

_Static_assert((int)CLIENT_AES_KEY_SIZE == (int)PFX_KEY_SIZE,
               "a client's key is the cipher's");

enum { PROFILE_MAX = 64, PASSWORD_BYTES = 128 };

/* --- the body ------------------------------------------------------------ */

static bool
is_json(const struct request *request)
{
	static const char json[] = "application/json";
	const char *type = request_header(request, "Content-Type");

	if (type == NULL || strncasecmp(type, json, sizeof json - 1) != 0)
		return false;
	type += sizeof json - 1;
	type += strspn(type, " \t");
	return *type == '\0' || *type == ';';
}

/* An object; NULL: anything else. A NUL in it, by whatever name, is no text to
 * jansson, and neither is what is not UTF-8. */
static json_t *
read_object(const void *text, size_t len)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (json == NULL || json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

/* --- what it seals ------------------------------------------------------- */

struct opener {
	unsigned char key[PFX_KEY_SIZE];
	enum pfx_cipher cipher;
};

/* For a user who is no client there is a key that opens nothing, and as much to
 * do as for one who is. */
static bool
make_opener(const struct p12_call *call, struct opener *opener)
{
	static const enum pfx_cipher ciphers[] = {
		[CLIENT_CBC] = PFX_CBC, [CLIENT_GCM] = PFX_GCM,
		[CLIENT_ECB] = PFX_ECB
	};
	const struct config *config = call->config;
	const struct client *client = call->client;
	char why[512] = "";
	bool good = true;

	if (client == NULL && config->n_clients > 0)
		client = &config->clients[0];
	opener->cipher = client != NULL ? ciphers[client->cipher] : PFX_CBC;
	if (client != NULL)
		good = client_read_aes_key(client->aes_key_file, opener->key,
		                           why, sizeof why);
	if (!good)
		log_line(LOG_FAILED, "createPKCS12ById: %s", why);
	if (call->client == NULL)
		randombytes_buf(opener->key, sizeof opener->key);
	return good;
}

/* Whatever keeps it from being JSON is the same. */
static json_t *
unseal(const struct opener *opener, const char *data)
{
	unsigned char *sealed, *text;
	size_t sealed_len, len;
	json_t *json = NULL;

	if (pfx_base64(data, strlen(data), &sealed, &sealed_len) != PSM_OK)
		return NULL;
	if (pfx_open(opener->cipher, opener->key, sealed, sealed_len, &text,
	             &len) == PSM_OK) {
		json = read_object(text, len);
		pfx_wipe(text, len);
	}
	pfx_wipe(sealed, sealed_len);
	return json;
}

static enum p12_err
open_sealed(struct p12_call *call, const char *user, const char *data)
{
	struct opener opener;
	enum p12_err err = P12_FAILED;

	call->client = config_client(call->config, user);
	if (make_opener(call, &opener)) {
		call->ask.json = unseal(&opener, data);
		err = call->client != NULL && call->ask.json != NULL
		              ? P12_OK
		              : P12_INPUT;
	}
	sodium_memzero(&opener, sizeof opener);
	return err;
}

/* --- its fields ---------------------------------------------------------- */

static const struct field {
	const char *name;
	size_t offset; /* in struct p12_ask */
	size_t max;    /* bytes */
	bool optional;
} fields[] = {
#define FIELD(name, member, max, optional) \
	{ name, offsetof(struct p12_ask, member), max, optional }
	FIELD("signature", signature, SIZE_MAX, false),
	FIELD("userName", user, ACCOUNT_NAME_MAX, false),
	FIELD("password", password, PASSWORD_BYTES, false),
	FIELD("profileID", profile, PROFILE_MAX, false),
	FIELD("subscriberId", subscriber, PKCS12_SUBSCRIBER_MAX, false),
	FIELD("applicationId", application, PKCS12_APPLICATION_MAX, false),
	FIELD("validity", validity, SIZE_MAX, true),
	FIELD("validFrom", valid_from, SIZE_MAX, true),
#undef FIELD
};

/* What a client fills in with nothing, it does not say. Base64 has ends of
 * lines. */
static bool
read_field(const struct field *field, struct p12_ask *ask)
{
	const json_t *value = json_object_get(ask->json, field->name);
	const char *text = json_string_value(value);

	if (field->optional && (value == NULL || json_is_null(value) ||
	                        (text != NULL && *text == '\0')))
		return true;
	if (text == NULL || (field->max != SIZE_MAX &&
	                     !text_is_line(text, field->max)))
		return false;
	memcpy((char *)ask + field->offset, &text, sizeof text);
	return true;
}

static bool
read_fields(struct p12_ask *ask, const char *user)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!read_field(&fields[i], ask))
			return false;
	return strcmp(ask->user, user) == 0 &&
	       pfx_base64(ask->signature, strlen(ask->signature),
	                  &ask->signed_data, &ask->signed_len) == PSM_OK;
}

static enum p12_err
read_ask(struct p12_ask *ask, const char *user)
{
	if (!read_fields(ask, user))
		return P12_PARAMETER;
	if (ask->validity != NULL && !p12_validity(ask->validity,
	                                           &ask->seconds))
		return P12_VALIDITY;
	if (ask->valid_from != NULL && !p12_valid_from(ask->valid_from,
	                                               &ask->not_before))
		return P12_FROM;
	return P12_OK;
}

enum p12_err
p12_open(struct p12_call *call)
{
	const struct request *request = call->request;
	enum p12_err err = P12_INPUT;
	const char *user, *data;
	json_t *body = NULL;

	if (request->body != NULL && is_json(request))
		body = read_object(request->body, request->body_len);
	user = json_string_value(json_object_get(body, "userName"));
	data = json_string_value(json_object_get(body, "requestData"));
	if (user != NULL && data != NULL)
		err = open_sealed(call, user, data);
	if (err == P12_OK)
		err = read_ask(&call->ask, user);
	json_decref(body);
	return err;
}

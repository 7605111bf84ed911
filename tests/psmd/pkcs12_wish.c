/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_wish.c - what a client sends, and what it is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "json/json.h"
#include "tests/psmd/pkcs12_wish.h"

struct headers {
	const char *em_key, *content_type;
};

const char *__wrap_request_header(const struct request *request,
                                  const char *name);

const char *
__wrap_request_header(const struct request *request, const char *name)
{
	const struct headers *headers = request->connection;

	if (strcasecmp(name, "emKey") == 0)
		return headers->em_key;
	return strcasecmp(name, "Content-Type") == 0 ? headers->content_type
	                                             : NULL;
}

static size_t
read_bytes(const char *name, char *bytes, size_t size)
{
	char path[64];
	FILE *in;
	size_t len;

	snprintf(path, sizeof path, "%s/%s", house.dir, name);
	in = fopen(path, "rb");
	assert_non_null(in);
	len = fread(bytes, 1, size, in);
	fclose(in);
	return len;
}

static json_t *
make_signature(const struct wish *wish)
{
	const char *content = wish->content != NULL
	                              ? wish->content
	                              : "CN=Test~O=Acme~dNSName=a.example~"
	                                "KeyAlgorithmAndSize=EC-P256~"
	                                "Password=secret~1,2=3";
	unsigned char *bytes;
	char p12[8192];
	size_t len = read_bytes(wish->signer != NULL ? "other.p12"
	                                             : "signer.p12",
	                        p12, sizeof p12);
	json_t *signature;

	assert_int_equal(pfx_sign(p12, len, "p12", content, strlen(content),
	                          &bytes, &len), PSM_OK);
	signature = pj_base64(bytes, len);
	free(bytes);
	return signature;
}

/* The usual ones, with those of wish in their place. */
static json_t *
make_fields(const struct wish *wish, const char *user)
{
	json_t *fields = json_pack(
	        "{s:o, s:s, s:s, s:s, s:s, s:s}", "signature",
	        make_signature(wish), "userName", user, "password", PASSWORD,
	        "profileID", "client", "subscriberId", "subscriber 7",
	        "applicationId", "app");
	const char *name;
	json_t *value;

	assert_non_null(fields);
	json_object_foreach(wish->fields, name, value) {
		if (json_is_null(value))
			json_object_del(fields, name);
		else
			json_object_set(fields, name, value);
	}
	json_decref(wish->fields);
	return fields;
}

static enum pfx_cipher
cipher_of(const struct wish *wish, const char *user)
{
	if (wish->cipher != 0)
		return (enum pfx_cipher)(wish->cipher - 1);
	if (strcmp(user, "bob") == 0)
		return PFX_GCM;
	return strcmp(user, "carol") == 0 ? PFX_ECB : PFX_CBC;
}

static json_t *
seal(const struct wish *wish, const char *user, const char *text,
     size_t text_len)
{
	unsigned char *sealed;
	json_t *data;
	size_t len;

	assert_int_equal(pfx_seal(cipher_of(wish, user), house.aes_key, text,
	                          text_len, &sealed, &len), PSM_OK);
	if (wish->spoil != NULL)
		wish->spoil(sealed, &len);
	data = pj_base64(sealed, len);
	free(sealed);
	return data;
}

static char *
make_body(const struct wish *wish)
{
	const char *user = wish->user != NULL ? wish->user : "alice";
	const char *outer = wish->outer_user != NULL ? wish->outer_user : user;
	json_t *fields = make_fields(wish, user), *body;
	char *text = json_dumps(fields, JSON_COMPACT), *whole;

	json_decref(fields);
	body = json_pack("{s:s, s:o}", "userName", outer, "requestData",
	                 wish->text != NULL
	                         ? seal(wish, user, wish->text, wish->text_len)
	                         : seal(wish, user, text, strlen(text)));
	whole = json_dumps(body, 0);
	json_decref(body);
	free(text);
	assert_non_null(whole);
	return whole;
}

struct told
ask(const struct wish *wish)
{
	char *body = wish->body != NULL ? strdup(wish->body) : make_body(wish);
	struct headers headers = { wish->em_key == NULL ? EM_KEY
		                   : wish->em_key[0] == '\0' ? NULL
		                                             : wish->em_key,
		                   wish->content_type != NULL
		                           ? wish->content_type
		                           : "application/json" };
	struct peer peer = { .tls = true };
	struct request request = {
		.server = &house.server,
		.method = wish->method != NULL ? wish->method : "POST",
		.path = "/emCAServices/rest/createPKCS12ById",
		.peer = &peer,
		.body = (unsigned char *)body,
		.body_len = strlen(body),
		.connection = &headers
	};
	struct reply reply = { 0 };
	struct told told;

	strcpy(peer.address, wish->address != NULL ? wish->address
	                                           : "192.0.2.1");
	pkcs12_handler(&request, &reply);
	told.status = reply.status;
	strcpy(told.account, reply.account);
	told.body = strndup(reply.body, reply.body_len);
	told.json = json_loads(told.body, 0, NULL);
	reply_clear(&reply);
	free(body);
	return told;
}

void
told_clear(struct told *told)
{
	free(told->body);
	json_decref(told->json);
	*told = (struct told){ 0 };
}

const char *
said(const struct told *told, const char *member)
{
	const char *text =
	        json_string_value(json_object_get(told->json, member));

	return text != NULL ? text : "";
}

void
is_failure(struct told told, const char *message)
{
	char body[512];

	snprintf(body, sizeof body,
	         "{\"status\":\"failure\",\"result\":\"%s\","
	         "\"subscriberId\":null,\"requestId\":null}", message);
	assert_string_equal(told.body, body);
	told_clear(&told);
}

char *
is_file(struct told told)
{
	char *file;

	assert_int_equal(told.status, 200);
	if (strcmp(said(&told, "status"), "success") != 0)
		fail_msg("%s", told.body);
	assert_true(json_is_null(json_object_get(told.json, "requestId")));
	assert_int_equal(strncmp(said(&told, "result"), "MI", 2), 0);
	file = strdup(said(&told, "result"));
	told_clear(&told);
	return file;
}

int64_t
is_waiting(struct told told)
{
	int64_t number = strtoll(said(&told, "requestId"), NULL, 10);

	assert_int_equal(told.status, 200);
	assert_string_equal(said(&told, "status"), "success");
	assert_string_equal(said(&told, "subscriberId"), "subscriber 7");
	assert_in_range(number, 100000, INT64_MAX);
	told_clear(&told);
	return number;
}

/* --- fields -------------------------------------------------------------- */

json_t *
app(const char *application)
{
	return json_pack("{s:s}", "applicationId", application);
}

json_t *
field(const char *name, const char *value)
{
	return json_pack("{s:s}", name, value);
}

json_t *
manual(const char *application, const char *from)
{
	return json_pack("{s:s, s:s, s:s}", "applicationId", application,
	                 "profileID", "manual", "validFrom", from);
}

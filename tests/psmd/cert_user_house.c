/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert_user_house.c - a store and who asks for what is in it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/api.h"
#include "psmd/log.h"
#include "psmd/store.h"
#include "tests/psmd/cert_user_house.h"

#define BLOB_MAX (64 * 1024)

static const char recipe[] =
        "set -e; exec 2>log\n"
        "ec() { openssl genpkey -algorithm EC -pkeyopt "
        "ec_paramgen_curve:P-256 -out $1.key; }\n"
        "cert() { openssl req -x509 -new -key $2.key -subj \"$3\" "
        "-days $4 -utf8 -multivalue-rdn -out $1.pem; "
        "openssl x509 -in $1.pem -outform DER -out $1.der; }\n"
        "ec a; ec b; ec s\n"
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
        "-out c.key\n"
        "cert a a '/C=CZ/ST=Czech Republic/L=Brno/O=Acme/OU=One/OU=Two/CN=A' "
        "20\n"
        "cert b b '/C=CZ/ST=Czech Republic/L=Brno/O=Acme/OU=One/OU=Two/CN=A' "
        "10\n"
        "cert c c '/O=Acme+OU=Sales/CN=Zo\303\253/emailAddress=z@example.com' "
        "30\n"
        "cert s s '/CN=server' 5\n"
        "openssl pkcs8 -topk8 -in a.key -passout pass:secret -out a.p8\n"
        "openssl pkcs12 -export -inkey c.key -in c.pem -certfile b.pem "
        "-passout pass:secret -out c.p12\n"
        "openssl crl2pkcs7 -nocrl -certfile a.pem -certfile c.pem -out a.p7\n"
        "openssl pkcs12 -export -inkey s.key -in s.pem -name '#server' "
        "-passout pass: -out s.p12\n"
        "head -c 70000 /dev/zero >big; : >empty; echo rubbish >rubbish\n";

static const struct peer somebody = { .address = "192.0.2.1" };

int
house_files(void **state)
{
	(void)state;
	log_set_level(LOG_FAILED);
	return files_make(recipe);
}

static void
make_database(const char *dir)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	assert_non_null(ctx);
	assert_int_equal(psm_open(ctx, dir, PSM_OPEN_CREATE), PSM_OK);
	psm_free(ctx);
}

void
house_open(struct house *house)
{
	char why[200], path[64];

	snprintf(path, sizeof path, "%s/records.db", house->dir);
	assert_int_equal(records_open(path, true, &house->server.records),
	                 REC_OK);
	house->server.engine =
	        engine_new(house->config.database, NULL, WAITING, why,
	                   sizeof why);
	if (house->server.engine == NULL)
		fail_msg("%s", why);
	house->server.store = store_new(&house->server);
	assert_non_null(house->server.store);
}

void
house_close(struct house *house)
{
	store_free(house->server.store);
	engine_free(house->server.engine);
	records_close(house->server.records);
}

int
house_set_up(void **state)
{
	struct house *house = calloc(1, sizeof *house);

	assert_non_null(house);
	strcpy(house->dir, "/tmp/psmd-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	make_database(house->dir);
	house->ids[0] = (struct internal_id){ (char *)"#server", true, true };
	house->config.database = house->dir;
	house->config.ids = house->ids;
	house->config.n_ids = 1;
	house->server.config = &house->config;
	house->params.max_count = 20;
	house->params.max_value = BLOB_MAX;
	house_open(house);
	*state = house;
	return 0;
}

int
house_tear_down(void **state)
{
	struct house *house = *state;
	char command[64];

	house_close(house);
	params_clear(&house->params);
	reply_clear(&house->reply);
	json_decref(house->answer);
	snprintf(command, sizeof command, "rm -rf %s", house->dir);
	free(house);
	return system(command);
}

void
give(struct house *house, enum param_from from, const char *name,
     const void *data, size_t len)
{
	params_append(&house->params, from, name, 0, data, len);
}

void
give_text(struct house *house, const char *name, const char *text)
{
	give(house, PARAM_QUERY, name, text, strlen(text));
}

void
give_file_from(struct house *house, enum param_from from, const char *name,
               const char *file)
{
	size_t len;
	char *data = files_read(file, &len);

	give(house, from, name, data, len);
	free(data);
}

void
give_file(struct house *house, const char *name, const char *file)
{
	give_file_from(house, PARAM_MULTIPART, name, file);
}

/* As the client gets them. */
static void
join_pieces(struct reply *reply)
{
	char *to;

	if (reply->n_pieces == 0)
		return;
	to = reply->body = malloc(reply->body_len + 1);
	assert_non_null(to);
	for (size_t i = 0; i < reply->n_pieces; i++)
		to = mempcpy(to, reply->pieces[i].data, reply->pieces[i].len);
	*to = '\0';
	assert_int_equal(to - reply->body, reply->body_len);
}

void
ask(struct house *house, const char *method)
{
	struct request request = { .server = &house->server,
		                   .method = method,
		                   .path = "/api/cert/user",
		                   .peer = &somebody,
		                   .params = &house->params,
		                   .account = "admin" };

	json_decref(house->answer);
	house->answer = NULL;
	reply_clear(&house->reply);
	cert_user_handler(&request, &house->reply);
	join_pieces(&house->reply);
	params_clear(&house->params);
	house->params.malformed = false;
	if (house->reply.body != NULL)
		house->answer = json_loadb(house->reply.body,
		                           house->reply.body_len, 0, NULL);
}

json_t *
certificates(const struct house *house)
{
	assert_int_equal(house->reply.status, 200);
	assert_true(json_is_true(json_object_get(house->answer, "success")));
	return json_object_get(json_object_get(house->answer, "result"),
	                       "certificates");
}

const char *
text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

const char *
member(const struct house *house, size_t i, const char *name)
{
	return text_of(json_array_get(certificates(house), i), name);
}

void
assert_error(const struct house *house, int code, const char *param)
{
	json_t *error = json_object_get(house->answer, "error");

	assert_int_equal(house->reply.status, 200);
	assert_true(json_is_false(json_object_get(house->answer, "success")));
	assert_int_equal(json_integer_value(json_object_get(error, "code")),
	                 code);
	assert_string_equal(text_of(error, "param"), param);
	assert_string_not_equal(text_of(error, "description"), "");
}

void
ask_put(struct house *house, const char *cert, const char *key,
        const char *password, const char *id)
{
	give_file(house, "blob-cert", cert);
	if (key != NULL)
		give_file(house, "blob-pk", key);
	if (password != NULL)
		give_text(house, "password", password);
	if (id != NULL)
		give_text(house, "id", id);
	ask(house, "PUT");
}

char *
put(struct house *house, const char *cert, const char *key, const char *id)
{
	ask_put(house, cert, key, NULL, id);
	assert_int_equal(strlen(member(house, 0, "fingerprint")), 40);
	return strdup(member(house, 0, "fingerprint"));
}

void
ask_about(struct house *house, const char *method, const char *param,
          const char *value)
{
	give_text(house, param, value);
	ask(house, method);
}

size_t
count(struct house *house)
{
	ask(house, "GET");
	return json_array_size(certificates(house));
}

void
elsewhere(struct house *house, const char *words)
{
	char command[256];

	snprintf(command, sizeof command,
	         "cd %s && %s -d %s >>log 2>&1 </dev/null", files, words,
	         house->dir);
	assert_int_equal(system(command), 0);
}

void
import_server(struct house *house)
{
	elsewhere(house, "pk12util -W '' -i s.p12");
}

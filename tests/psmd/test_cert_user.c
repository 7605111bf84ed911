/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_cert_user.c - /api/cert/user: its handler on an engine and a fresh
 * database, without HTTP. Certificates are openssl's. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psmd/api.h"
#include "psmd/log.h"
#include "psmd/server.h"
#include "psmd/store.h"

#define BLOB_MAX (64 * 1024)
#define WAITING 8 /* pieces of work before the engine */

static char files[32]; /* where the certificates are */

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

/* --- the house ----------------------------------------------------------- */

struct house {
	char dir[32];
	struct config config;
	struct internal_id ids[1];
	struct server server;
	struct params params;
	struct reply reply;
	json_t *answer;
};

static const struct peer somebody = { .address = "192.0.2.1" };

static int
set_up_files(void **state)
{
	char command[sizeof recipe + 64];

	(void)state;
	log_set_level(LOG_FAILED);
	strcpy(files, "/tmp/psmd-XXXXXX");
	if (mkdtemp(files) == NULL)
		return -1;
	snprintf(command, sizeof command, "cd %s && { %s}", files, recipe);
	return system(command);
}

static int
tear_down_files(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", files);
	return system(command);
}

static void
make_database(const char *dir)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	assert_non_null(ctx);
	assert_int_equal(psm_open(ctx, dir, PSM_OPEN_CREATE), PSM_OK);
	psm_free(ctx);
}

static void
open_house(struct house *house)
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

static void
close_house(struct house *house)
{
	store_free(house->server.store);
	engine_free(house->server.engine);
	records_close(house->server.records);
}

static int
set_up(void **state)
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
	open_house(house);
	*state = house;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *house = *state;
	char command[64];

	close_house(house);
	params_clear(&house->params);
	reply_clear(&house->reply);
	json_decref(house->answer);
	snprintf(command, sizeof command, "rm -rf %s", house->dir);
	free(house);
	return system(command);
}

/* --- asking -------------------------------------------------------------- */

static void
add(struct house *house, enum param_from from, const char *name,
    const void *data, size_t len)
{
	params_append(&house->params, from, name, 0, data, len);
}

static void
add_text(struct house *house, const char *name, const char *text)
{
	add(house, PARAM_QUERY, name, text, strlen(text));
}

static void
add_file_from(struct house *house, enum param_from from, const char *name,
              const char *file)
{
	char path[64], data[100000];
	size_t len;
	FILE *in;

	snprintf(path, sizeof path, "%s/%s", files, file);
	in = fopen(path, "rb");
	assert_non_null(in);
	len = fread(data, 1, sizeof data, in);
	fclose(in);
	add(house, from, name, data, len);
}

static void
add_file(struct house *house, const char *name, const char *file)
{
	add_file_from(house, PARAM_MULTIPART, name, file);
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

/* With the parameters that were added, which are gone then. */
static void
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

static const char *
header(const struct house *house, const char *name)
{
	for (size_t i = 0; i < house->reply.n_headers; i++) {
		if (strcmp(house->reply.headers[i].name, name) == 0)
			return house->reply.headers[i].value;
	}
	return "";
}

/* --- answers ------------------------------------------------------------- */

static json_t *
certificates(const struct house *house)
{
	assert_int_equal(house->reply.status, 200);
	assert_true(json_is_true(json_object_get(house->answer, "success")));
	return json_object_get(json_object_get(house->answer, "result"),
	                       "certificates");
}

static const char *
text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

static const char *
member(const struct house *house, size_t i, const char *name)
{
	return text_of(json_array_get(certificates(house), i), name);
}

static void
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

static void
ask_put(struct house *house, const char *cert, const char *key,
        const char *password, const char *id)
{
	add_file(house, "blob-cert", cert);
	if (key != NULL)
		add_file(house, "blob-pk", key);
	if (password != NULL)
		add_text(house, "password", password);
	if (id != NULL)
		add_text(house, "id", id);
	ask(house, "PUT");
}

/* Its fingerprint, to be freed with free(). */
static char *
put(struct house *house, const char *cert, const char *key, const char *id)
{
	ask_put(house, cert, key, NULL, id);
	assert_int_equal(strlen(member(house, 0, "fingerprint")), 40);
	return strdup(member(house, 0, "fingerprint"));
}

static void
ask_about(struct house *house, const char *method, const char *param,
          const char *value)
{
	add_text(house, param, value);
	ask(house, method);
}

static size_t
count(struct house *house)
{
	ask(house, "GET");
	return json_array_size(certificates(house));
}

/* Another program at work: it opens the database by itself. */
static void
elsewhere(struct house *house, const char *words)
{
	char command[256];

	snprintf(command, sizeof command,
	         "cd %s && %s -d %s >>log 2>&1 </dev/null", files, words,
	         house->dir);
	assert_int_equal(system(command), 0);
}

static void
import_server(struct house *house)
{
	elsewhere(house, "pk12util -W '' -i s.p12");
}

/* --- GET ----------------------------------------------------------------- */

static void
test_get_empty_store_is_empty_list(void **state)
{
	struct house *house = *state;

	assert_int_equal(count(house), 0);
	assert_string_equal(house->reply.body, "{\"success\":true,\"result\":"
	                                       "{\"certificates\":[]}}");
	assert_string_equal(header(house, "Content-Type"), "application/json");
	ask_about(house, "GET", "id", "");
	assert_int_equal(json_array_size(certificates(house)), 0);
	ask_about(house, "GET", "id", "@none");
	assert_error(house, 12, "id");
}

static void
test_get_one_every_member_is_there(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.der", "a.key", "@vpn");
	json_t *cert, *subject;

	ask_about(house, "GET", "id", "@vpn");
	assert_int_equal(json_array_size(certificates(house)), 1);
	cert = json_array_get(certificates(house), 0);
	assert_int_equal(json_object_size(cert), 11);
	assert_string_equal(text_of(cert, "fingerprint"), a);
	assert_int_equal(strlen(text_of(cert, "fingerprint256")), 64);
	assert_string_equal(text_of(cert, "id"), "@vpn");
	assert_int_equal(strlen(text_of(cert, "startDate")), 20);
	assert_int_equal(strlen(text_of(cert, "endDate")), 20);
	assert_string_not_equal(text_of(cert, "serialNumber"), "");
	assert_true(json_is_false(json_object_get(cert, "protected")));
	assert_true(json_is_false(json_object_get(cert, "systemUseOnly")));
	assert_string_equal(text_of(json_object_get(cert, "key"), "type"),
	                    "ec");
	subject = json_object_get(cert, "subject");
	assert_true(json_equal(subject, json_object_get(cert, "issuer")));
	cert = json_pack("{s:s, s:s, s:s, s:s, s:[s, s], s:s}", "C", "CZ", "S",
	                 "Czech Republic", "L", "Brno", "O", "Acme", "OU",
	                 "One", "Two", "CN", "A");
	assert_true(json_equal(subject, cert));
	json_decref(cert);
	free(a);
}

static void
test_get_name_of_several_values_is_split(void **state)
{
	struct house *house = *state;
	json_t *expected = json_pack("{s:s, s:s, s:s}", "O", "Acme", "OU",
	                             "Sales", "CN", "Zo\303\253");
	char *c = put(house, "c.pem", "c.key", NULL);

	ask_about(house, "GET", "fingerprint", c);
	assert_true(json_equal(
	        json_object_get(json_array_get(certificates(house), 0),
	                        "subject"),
	        expected));
	assert_null(json_object_get(json_array_get(certificates(house), 0),
	                            "id"));
	json_decref(expected);
	free(c);
}

static void
test_get_any_form_of_fingerprint_finds(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@a");
	char upper[64], colons[64], sha256[65];

	for (int i = 0; i <= 40; i++)
		upper[i] = (char)(a[i] >= 'a' && a[i] <= 'f' ? a[i] - 32 :
		                                               a[i]);
	for (int i = 0; i < 20; i++)
		snprintf(colons + 3 * i, 4, "%.2s%s", upper + 2 * i,
		         i < 19 ? ":" : "");
	snprintf(sha256, sizeof sha256, "%s",
	         member(house, 0, "fingerprint256"));
	ask_about(house, "GET", "id", upper);
	assert_string_equal(member(house, 0, "id"), "@a");
	ask_about(house, "GET", "fingerprint", colons);
	assert_string_equal(member(house, 0, "id"), "@a");
	ask_about(house, "GET", "id", sha256);
	assert_string_equal(member(house, 0, "id"), "@a");
	colons[59] = '\0'; /* it ends with a digit alone now */
	colons[58] = '\0';
	ask_about(house, "GET", "id", colons);
	assert_error(house, 12, "id");
	free(a);
}

static void
test_get_malformed_name_is_invalid(void **state)
{
	static const char *const bad[] = {
		"x", "@", "#", "@a b", "@\303\244", "vpn", "0123", ":",
		"@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"00:0102030405060708090a0b0c0d0e0f10111213",
		"000102030405060708090a0b0c0d0e0f10111213:",
		"0g0102030405060708090a0b0c0d0e0f10111213",
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ask_about(house, "GET", "id", bad[i]);
		assert_error(house, 12, "id");
		ask_about(house, "DELETE", "fingerprint", bad[i]);
		assert_error(house, 12, "fingerprint");
	}
	add(house, PARAM_QUERY, "id", "@a\0b", 4);
	ask(house, "GET");
	assert_error(house, 12, "id");
	ask_about(house, "GET", "id", "@\xff");
	assert_error(house, 12, "id");
}

static void
test_get_both_names_collide(void **state)
{
	struct house *house = *state;

	add_text(house, "fingerprint", "@a");
	ask_about(house, "GET", "id", "@a");
	assert_error(house, 17, "fingerprint");
	add_text(house, "fingerprint", "@a");
	ask_about(house, "DELETE", "id", "@a");
	assert_error(house, 17, "fingerprint");
}

static void
test_get_last_occurrence_wins(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	add_text(house, "id", "@none");
	add_text(house, "unknown", "?");
	ask_about(house, "GET", "id", "@a");
	assert_string_equal(member(house, 0, "id"), "@a");
	add_text(house, "id", "@a");
	ask_about(house, "GET", "id", "@none");
	assert_error(house, 12, "id");
}

static void
test_get_list_is_sorted_by_end(void **state)
{
	struct house *house = *state;

	free(put(house, "c.pem", "c.key", "@c"));
	free(put(house, "a.pem", "a.key", "@a"));
	assert_int_equal(count(house), 2);
	assert_string_equal(member(house, 0, "id"), "@a");
	assert_string_equal(member(house, 1, "id"), "@c");
	ask(house, "HEAD");
	assert_int_equal(json_array_size(certificates(house)), 2);
}

static void
test_get_format_answers_the_certificate(void **state)
{
	static const char mark[] = "-----BEGIN CERTIFICATE-----\n";
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@vpn");
	char name[80];

	add_text(house, "format", "pem");
	ask_about(house, "GET", "id", "@vpn");
	assert_string_equal(header(house, "Content-Type"),
	                    "application/x-pem-file");
	assert_string_equal(header(house, "Content-Disposition"),
	                    "attachment; filename=\"vpn.pem\"");
	assert_memory_equal(house->reply.body, mark, sizeof mark - 1);
	add_file(house, "blob-cert", "a.pem");
	assert_int_equal(house->params.list[0].len, house->reply.body_len);
	assert_memory_equal(house->params.list[0].value, house->reply.body,
	                    house->reply.body_len);
	params_clear(&house->params);
	free(a);

	a = put(house, "c.pem", "c.key", NULL);
	add_text(house, "format", "der");
	ask_about(house, "GET", "id", a);
	assert_string_equal(header(house, "Content-Type"),
	                    "application/pkix-cert");
	snprintf(name, sizeof name, "attachment; filename=\"%s.cer\"", a);
	assert_string_equal(header(house, "Content-Disposition"), name);
	add_file(house, "blob-cert", "c.der");
	assert_memory_equal(house->params.list[0].value, house->reply.body,
	                    house->reply.body_len);
	params_clear(&house->params);
	ask_about(house, "GET", "format", "pem");
	assert_error(house, 11, "id");
	ask_about(house, "GET", "format", "txt");
	assert_error(house, 12, "format");
	free(a);
}

static void
test_get_certificate_without_key_is_not_listed(void **state)
{
	struct house *house = *state;

	elsewhere(house, "certutil -A -n other -t ,, -a -i b.pem");
	assert_int_equal(count(house), 0);
}

static void
test_get_change_by_another_program_is_seen(void **state)
{
	struct house *house = *state;

	assert_int_equal(count(house), 0);
	import_server(house);
	assert_int_equal(count(house), 1);
	elsewhere(house, "certutil -F -n '#server'");
	assert_int_equal(count(house), 0);
}

static void
test_get_other_nickname_is_listed_without_id(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	elsewhere(house, "certutil --rename -n @a --new-n plain");
	assert_int_equal(count(house), 1);
	assert_null(json_object_get(json_array_get(certificates(house), 0),
	                            "id"));
}

/* --- PUT ----------------------------------------------------------------- */

static void
test_put_every_form_is_taken(void **state)
{
	static const struct {
		const char *cert, *key, *password;
	} forms[] = {
		{ "a.pem", "a.key", NULL }, { "a.der", "a.key", NULL },
		{ "a.p7", "a.key", NULL },  { "a.pem", "a.p8", "secret" },
		{ "c.p12", NULL, "secret" }, { "c.p12", "empty", "secret" },
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		ask_put(house, forms[i].cert, forms[i].key, forms[i].password,
		        "@one");
		assert_int_equal(json_array_size(certificates(house)), 1);
		ask_about(house, "DELETE", "id", "@one");
		assert_true(json_is_true(
		        json_object_get(house->answer, "success")));
		assert_int_equal(count(house), 0);
	}
}

static void
test_put_same_id_is_replaced(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@vpn"), *b;

	assert_string_equal(member(house, 0, "replaced"), "");
	b = put(house, "b.pem", "b.key", "@vpn"); /* of the same subject */
	assert_string_equal(member(house, 0, "replaced"), a);
	assert_int_equal(count(house), 1);
	assert_string_equal(member(house, 0, "fingerprint"), b);
	free(put(house, "c.pem", "c.key", "@vpn")); /* of another */
	assert_string_equal(member(house, 0, "replaced"), b);
	assert_int_equal(count(house), 1);
	ask_about(house, "GET", "id", "@vpn");
	assert_int_equal(json_array_size(certificates(house)), 1);
	free(a);
	free(b);
}

static void
test_put_same_certificate_is_overwritten(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@vpn");

	free(put(house, "a.pem", "a.key", "@vpn"));
	assert_string_equal(member(house, 0, "replaced"), a);
	free(put(house, "a.pem", "a.key", "@mail"));
	assert_string_equal(member(house, 0, "replaced"), a);
	assert_int_equal(count(house), 1);
	assert_string_equal(member(house, 0, "id"), "@mail");
	ask_about(house, "GET", "id", "@vpn");
	assert_error(house, 12, "id");
	ask_about(house, "DELETE", "id", "@vpn");
	assert_error(house, 12, "id");
	assert_int_equal(count(house), 1);
	free(a);
}

static void
test_put_two_of_one_subject_keep_their_ids(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@first"));
	free(put(house, "b.pem", "b.key", "@second"));
	assert_int_equal(count(house), 2);
	assert_string_equal(member(house, 0, "id"), "@second");
	assert_string_equal(member(house, 1, "id"), "@first");
	close_house(house);
	open_house(house);
	assert_int_equal(count(house), 2);
	assert_string_equal(member(house, 0, "id"), "@second");
	assert_string_equal(member(house, 1, "id"), "@first");
}

static void
test_put_wrong_part_is_named(void **state)
{
	static const struct {
		const char *cert, *key, *password;
		int code;
		const char *param;
	} cases[] = {
		{ "rubbish", "a.key", NULL, 12, "blob-cert" },
		{ "a.key", "a.key", NULL, 12, "blob-cert" },
		{ "empty", "a.key", NULL, 11, "blob-cert" },
		{ "big", "a.key", NULL, 13, "blob-cert" },
		{ "a.pem", "b.key", NULL, 12, "blob-pk" },
		{ "a.pem", "c.key", NULL, 12, "blob-pk" },
		{ "a.pem", "rubbish", NULL, 12, "blob-pk" },
		{ "a.pem", "a.pem", NULL, 12, "blob-pk" },
		{ "a.pem", "big", NULL, 13, "blob-pk" },
		{ "a.pem", "empty", NULL, 11, "blob-pk" },
		{ "a.pem", NULL, NULL, 11, "blob-pk" },
		{ "a.pem", "a.p8", "wrong", 12, "password" },
		{ "a.pem", "a.p8", "", 11, "password" },
		{ "a.pem", "a.p8", NULL, 11, "password" },
		{ "c.p12", NULL, "wrong", 12, "password" },
		{ "c.p12", NULL, NULL, 11, "password" },
		{ "a.pem", "a.p8", "\xff", 12, "password" },
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ask_put(house, cases[i].cert, cases[i].key, cases[i].password,
		        "@x");
		assert_error(house, cases[i].code, cases[i].param);
	}
	assert_int_equal(count(house), 0);
}

static void
test_put_bad_id_is_invalid(void **state)
{
	static const char *const bad[] = {
		"x", "@", "#server", "#x", "@a.b", "@a b", "@\303\244",
		"@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"0123456789012345678901234567890123456789",
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ask_put(house, "a.pem", "a.key", NULL, bad[i]);
		assert_error(house, 12, "id");
	}
	free(put(house, "a.pem", "a.key",
	         "@aZ09_-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	free(put(house, "c.pem", "c.key", "")); /* not filled in */
	assert_int_equal(count(house), 2);
}

static void
test_put_password_limit_is_128(void **state)
{
	struct house *house = *state;
	char password[130];

	memset(password, 'x', sizeof password);
	password[129] = '\0';
	ask_put(house, "a.pem", "a.key", password, NULL);
	assert_error(house, 12, "password");
	password[128] = '\0';
	ask_put(house, "a.pem", "a.key", password, NULL);
	assert_int_equal(json_array_size(certificates(house)), 1);
}

static void
test_put_blob_elsewhere_is_missing(void **state)
{
	struct house *house = *state;

	add_file_from(house, PARAM_QUERY, "blob-cert", "a.pem");
	add_file(house, "blob-pk", "a.key");
	ask(house, "PUT");
	assert_error(house, 11, "blob-cert");
	assert_non_null(strstr(house->reply.body, "multipart/form-data"));
	add_file(house, "blob-cert", "a.pem");
	add_file_from(house, PARAM_URLENCODED, "blob-pk", "a.key");
	ask(house, "PUT");
	assert_error(house, 11, "blob-pk");
}

static void
test_put_without_key_completes_one_that_is_here(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	ask_put(house, "a.pem", NULL, NULL, "@b");
	assert_int_equal(json_array_size(certificates(house)), 1);
	assert_int_equal(count(house), 1);
}

/* --- internal ones ------------------------------------------------------- */

static void
test_internal_is_protected(void **state)
{
	struct house *house = *state;
	char *s;

	import_server(house);
	ask_about(house, "GET", "id", "#server");
	s = strdup(member(house, 0, "fingerprint"));
	assert_true(json_is_true(json_object_get(
	        json_array_get(certificates(house), 0), "protected")));
	assert_true(json_is_true(json_object_get(
	        json_array_get(certificates(house), 0), "systemUseOnly")));
	ask_about(house, "DELETE", "id", "#server");
	assert_error(house, 18, "id");
	ask_about(house, "DELETE", "fingerprint", s);
	assert_error(house, 18, "fingerprint");
	ask_put(house, "s.pem", "s.key", NULL, "@mine");
	assert_error(house, 18, "blob-cert");
	ask_put(house, "s.pem", "s.key", NULL, NULL);
	assert_string_equal(member(house, 0, "replaced"), s);
	ask_about(house, "GET", "id", "#server");
	assert_string_equal(member(house, 0, "fingerprint"), s);
	free(s);
}

static void
test_internal_follows_the_configuration(void **state)
{
	struct house *house = *state;
	struct internal_id open = { (char *)"#server", false, false };
	struct config changed = house->config;

	import_server(house);
	assert_int_equal(count(house), 1);
	changed.ids = &open;
	__atomic_store_n(&house->server.config, &changed, __ATOMIC_RELEASE);
	ask_about(house, "GET", "id", "#server");
	assert_true(json_is_false(json_object_get(
	        json_array_get(certificates(house), 0), "protected")));
	ask_about(house, "DELETE", "id", "#server");
	assert_int_equal(count(house), 0);
	house->server.config = &house->config;
}

/* --- DELETE -------------------------------------------------------------- */

static void
test_delete_takes_the_key_too(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", NULL);

	ask_about(house, "DELETE", "fingerprint", a);
	assert_string_equal(house->reply.body, "{\"success\":true}");
	assert_int_equal(count(house), 0);
	ask_put(house, "a.pem", NULL, NULL, NULL);
	assert_error(house, 11, "blob-pk"); /* no key is here */
	ask_about(house, "DELETE", "id", a);
	assert_error(house, 12, "id");
	free(a);
}

static void
test_delete_without_name_is_missing(void **state)
{
	struct house *house = *state;

	ask(house, "DELETE");
	assert_error(house, 11, "id");
	ask_about(house, "DELETE", "id", "");
	assert_error(house, 11, "id");
}

static void
test_delete_shared_id_takes_all_of_it(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	free(put(house, "b.pem", "b.key", "@b"));
	free(put(house, "c.pem", "c.key", "@c"));
	elsewhere(house, "certutil --rename -n @b --new-n @a");
	ask_about(house, "GET", "id", "@a");
	assert_int_equal(json_array_size(certificates(house)), 2);
	add_text(house, "format", "der");
	ask_about(house, "GET", "id", "@a");
	assert_error(house, 12, "id");
	ask_about(house, "DELETE", "id", "@a");
	assert_true(json_is_true(json_object_get(house->answer, "success")));
	assert_int_equal(count(house), 1);
	assert_string_equal(member(house, 0, "id"), "@c");
}

/* --- the rest ------------------------------------------------------------ */

static void
test_method_other_is_refused(void **state)
{
	static const char *const methods[] = { "POST", "PATCH", "OPTIONS",
		                               "get", "GETS", "TRACE" };
	struct house *house = *state;

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		ask(house, methods[i]);
		assert_error(house, 3, "");
	}
}

struct blocking {
	struct engine *engine;
	pthread_mutex_t gate;
	sem_t begun;
};

static void
block(struct psm_ctx *ctx, void *arg)
{
	struct blocking *blocking = arg;

	(void)ctx;
	sem_post(&blocking->begun);
	pthread_mutex_lock(&blocking->gate);
	pthread_mutex_unlock(&blocking->gate);
}

static void *
block_engine(void *arg)
{
	struct blocking *blocking = arg;

	engine_call(blocking->engine, block, blocking);
	return NULL;
}

/* One piece of work that does not end, and as many as may wait for it. */
static void
keep_busy(struct blocking *blocking, pthread_t *threads)
{
	pthread_mutex_lock(&blocking->gate);
	for (size_t i = 0; i <= WAITING; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL,
		                                block_engine, blocking), 0);
		if (i == 0)
			sem_wait(&blocking->begun);
	}
	while (engine_waiting(blocking->engine) < WAITING)
		usleep(1000);
}

static void
test_get_does_not_wait_for_the_engine(void **state)
{
	struct house *house = *state;
	struct blocking blocking = { .engine = house->server.engine };
	pthread_t threads[WAITING + 1];

	pthread_mutex_init(&blocking.gate, NULL);
	sem_init(&blocking.begun, 0, 0);
	free(put(house, "a.pem", "a.key", "@a"));
	assert_int_equal(count(house), 1);
	keep_busy(&blocking, threads);
	assert_int_equal(count(house), 1);
	ask_about(house, "DELETE", "id", "@a"); /* the queue is full */
	assert_int_equal(house->reply.status, 503);
	assert_string_equal(header(house, "Retry-After"), "1");
	pthread_mutex_unlock(&blocking.gate);
	for (size_t i = 0; i <= WAITING; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(count(house), 1);
}

#define house_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(test_get_empty_store_is_empty_list),
		house_test(test_get_one_every_member_is_there),
		house_test(test_get_name_of_several_values_is_split),
		house_test(test_get_any_form_of_fingerprint_finds),
		house_test(test_get_malformed_name_is_invalid),
		house_test(test_get_both_names_collide),
		house_test(test_get_last_occurrence_wins),
		house_test(test_get_list_is_sorted_by_end),
		house_test(test_get_format_answers_the_certificate),
		house_test(test_get_certificate_without_key_is_not_listed),
		house_test(test_get_change_by_another_program_is_seen),
		house_test(test_get_other_nickname_is_listed_without_id),
		house_test(test_put_every_form_is_taken),
		house_test(test_put_same_id_is_replaced),
		house_test(test_put_same_certificate_is_overwritten),
		house_test(test_put_two_of_one_subject_keep_their_ids),
		house_test(test_put_wrong_part_is_named),
		house_test(test_put_bad_id_is_invalid),
		house_test(test_put_password_limit_is_128),
		house_test(test_put_blob_elsewhere_is_missing),
		house_test(test_put_without_key_completes_one_that_is_here),
		house_test(test_internal_is_protected),
		house_test(test_internal_follows_the_configuration),
		house_test(test_delete_takes_the_key_too),
		house_test(test_delete_without_name_is_missing),
		house_test(test_delete_shared_id_takes_all_of_it),
		house_test(test_method_other_is_refused),
		house_test(test_get_does_not_wait_for_the_engine),
	};

	return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}

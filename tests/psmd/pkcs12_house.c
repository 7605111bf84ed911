/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_house.c - createPKCS12ById without HTTP, for the tests of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <sodium.h>

#include "json/json.h"
#include "psmd/auth.h"
#include "psmd/log.h"
#include "psmd/password.h"
#include "psmd/records_audit.h"
#include "tests/psmd/pkcs12_house.h"

#define EM_KEY   "0123456789abcdef0123456789abcdef01234567"
#define PASSWORD "correct horse"

struct house house;

/* --- what fails ---------------------------------------------------------- */

unsigned fail_finish, fail_make, fail_take;
enum rec_err finish_error;
bool in_a_hurry;

enum rec_err __real_records_pkcs12_begin(struct records *r,
                                         const struct pkcs12_ask *asked,
                                         unsigned wait_ms,
                                         struct pkcs12_result *ret_result);
enum rec_err __wrap_records_pkcs12_begin(struct records *r,
                                         const struct pkcs12_ask *asked,
                                         unsigned wait_ms,
                                         struct pkcs12_result *ret_result);
enum rec_err __real_records_pkcs12_finish(struct records *r,
                                          const struct rec_actor *actor,
                                          int64_t claim,
                                          const struct cert_new *cert,
                                          const void *file, size_t len,
                                          int64_t *ret_cert);
enum rec_err __wrap_records_pkcs12_finish(struct records *r,
                                          const struct rec_actor *actor,
                                          int64_t claim,
                                          const struct cert_new *cert,
                                          const void *file, size_t len,
                                          int64_t *ret_cert);
enum psm_err __real_pfx_make(const struct pfx_key *key,
                             const struct pfx_cert *certs, size_t n_certs,
                             const char *password, const char *name,
                             unsigned char **ret_file, size_t *ret_len);
enum psm_err __wrap_pfx_make(const struct pfx_key *key,
                             const struct pfx_cert *certs, size_t n_certs,
                             const char *password, const char *name,
                             unsigned char **ret_file, size_t *ret_len);
enum psm_err __real_pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                                  struct pfx_key **ret_key);
enum psm_err __wrap_pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                                  struct pfx_key **ret_key);
const char *__wrap_request_header(const struct request *request,
                                  const char *name);

enum rec_err
__wrap_records_pkcs12_begin(struct records *r, const struct pkcs12_ask *asked,
                            unsigned wait_ms, struct pkcs12_result *ret_result)
{
	return __real_records_pkcs12_begin(r, asked, in_a_hurry ? 50 : wait_ms,
	                                   ret_result);
}

enum rec_err
__wrap_records_pkcs12_finish(struct records *r, const struct rec_actor *actor,
                             int64_t claim, const struct cert_new *cert,
                             const void *file, size_t len, int64_t *ret_cert)
{
	if (fail_finish > 0) {
		fail_finish--;
		return finish_error;
	}
	return __real_records_pkcs12_finish(r, actor, claim, cert, file, len,
	                                    ret_cert);
}

enum psm_err
__wrap_pfx_make(const struct pfx_key *key, const struct pfx_cert *certs,
                size_t n_certs, const char *password, const char *name,
                unsigned char **ret_file, size_t *ret_len)
{
	if (fail_make > 0) {
		fail_make--;
		return PSM_E_INTERNAL;
	}
	return __real_pfx_make(key, certs, n_certs, password, name, ret_file,
	                       ret_len);
}

enum psm_err
__wrap_pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                     struct pfx_key **ret_key)
{
	if (fail_take > 0) {
		fail_take--;
		return PSM_E_INTERNAL;
	}
	return __real_pfx_pool_take(pool, kind, ret_key);
}

struct headers {
	const char *em_key, *content_type;
};

const char *
__wrap_request_header(const struct request *request, const char *name)
{
	const struct headers *headers = request->connection;

	if (strcasecmp(name, "emKey") == 0)
		return headers->em_key;
	return strcasecmp(name, "Content-Type") == 0 ? headers->content_type
	                                             : NULL;
}

/* --- the house ----------------------------------------------------------- */

static const char recipe[] =
        "set -e; exec 2>log\n"
        "for who in signer other; do\n"
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=$who -days 2 "
        "-keyout $who.key -out $who.pem\n"
        "openssl pkcs12 -export -inkey $who.key -in $who.pem "
        "-passout pass:p12 -out $who.p12\n"
        "done; mkdir nss\n";

/* A path below the house, which lives as long as the program. */
static char *
at(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", house.dir, name) > 0);
	return path;
}

static void
write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static struct network networks[] = {
	{ { [10] = 0xff, 0xff, 192, 0, 2, 0 }, 96 + 24 },
	{ { [10] = 0xff, 0xff }, 96 },
};
static char *carols[] = { (char *)"client" };
static struct client clients[] = {
	{ .account = (char *)"alice", .cipher = CLIENT_CBC },
	{ .account = (char *)"bob", .cipher = CLIENT_GCM },
	{ .account = (char *)"carol", .cipher = CLIENT_ECB,
	  .profiles = carols, .n_profiles = 1 },
	{ .account = (char *)"ghost", .cipher = CLIENT_CBC },
	{ .account = (char *)"off", .cipher = CLIENT_CBC },
};
enum { N_CLIENTS = sizeof clients / sizeof *clients };

#define CA { .max_days = 365, .start_days = 30, \
	     .alt_names = CA_ALT_NAMES_GIVEN }
static struct profile profiles[] = {
	{ (char *)"client", PROFILE_SUBJECT_ALL, APPROVAL_AUTOMATIC, CA },
	{ (char *)"manual", PROFILE_SUBJECT_ALL, APPROVAL_MANUAL, CA },
	{ (char *)"ec", PROFILE_SUBJECT_ALL, APPROVAL_AUTOMATIC,
	  { .keys = CA_KEY_P256 } },
	{ (char *)"weak", PROFILE_SUBJECT_ALL, APPROVAL_AUTOMATIC,
	  { .rsa_bits = 1024 } },
	{ (char *)"account", PROFILE_SUBJECT_ACCOUNT, APPROVAL_AUTOMATIC,
	  { .alt_names = CA_ALT_NAMES_NONE } },
};

static void
make_clients(void)
{
	char key[64];

	randombytes_buf(house.aes_key, sizeof house.aes_key);
	sodium_bin2base64(key, sizeof key, house.aes_key, sizeof house.aes_key,
	                  sodium_base64_VARIANT_ORIGINAL);
	for (size_t i = 0; i < N_CLIENTS; i++) {
		clients[i].aes_key_file = at("aes.key");
		clients[i].em_key_file = at("em.key");
		clients[i].certificate = at("signer.pem");
		clients[i].networks = &networks[clients[i].cipher ==
		                                CLIENT_ECB];
		clients[i].n_networks = 1;
	}
	write_text(clients[0].aes_key_file, key);
	write_text(clients[0].em_key_file, EM_KEY "\n");
}

static void
add_account(const char *name, bool enabled)
{
	struct account account = { .enabled = enabled };

	strcpy(account.name, name);
	assert_true(password_set(&account, PASSWORD, "", false));
	assert_int_equal(records_account_add(house.server.records, &account),
	                 REC_OK);
}

static void
make_ca(struct psm_ctx *ctx, void *arg)
{
	const struct ca_params params = { .subject = "CN=Test CA",
		                          .key_type = PSM_KEY_EC };
	struct ca *ca = ca_new();

	(void)ctx;
	assert_non_null(ca);
	*(enum psm_err *)arg = ca_init(ca, &params);
	ca_free(ca);
}

static void
open_nss(void)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	enum psm_err err;
	char why[300];

	assert_non_null(ctx);
	assert_int_equal(psm_open(ctx, house.config.database,
	                          PSM_OPEN_CREATE), PSM_OK);
	psm_free(ctx);
	house.server.engine = engine_new(house.config.database, NULL, 64, why,
	                                 sizeof why);
	if (house.server.engine == NULL)
		fail_msg("%s", why);
	assert_true(engine_call(house.server.engine, make_ca, &err));
	assert_int_equal(err, PSM_OK);
}

static void
open_server(void)
{
	static const unsigned ready[PFX_N_KINDS] = { [PFX_RSA_2048] = 1 };
	struct server *server = &house.server;

	server->config = &house.config;
	assert_int_equal(records_open(house.config.records, true,
	                              &server->records), REC_OK);
	open_nss();
	server->auth = auth_new(server);
	server->issuer = issuer_new();
	server->pool = pfx_pool_new(ready);
	assert_non_null(server->auth);
	assert_non_null(server->issuer);
	assert_non_null(server->pool);
}

int
house_open(void **state)
{
	char command[sizeof recipe + 64];

	(void)state;
	pkcs12_init();
	log_set_level(0);
	assert_true(password_init());
	strcpy(house.dir, "/tmp/psmd-XXXXXX");
	assert_non_null(mkdtemp(house.dir));
	snprintf(command, sizeof command, "cd %s && { %s}", house.dir, recipe);
	assert_int_equal(system(command), 0);
	house.config = (struct config){ .database = at("nss"),
		                        .records = at("records.db"),
		                        .ca = (char *)"ca",
		                        .lock_after = 1000,
		                        .lock_seconds = 1,
		                        .pkcs12 = { .enabled = true },
		                        .profiles = profiles,
		                        .n_profiles = sizeof profiles /
		                                      sizeof *profiles,
		                        .clients = clients,
		                        .n_clients = N_CLIENTS };
	make_clients();
	open_server();
	add_account("alice", true);
	add_account("bob", true);
	add_account("carol", true);
	add_account("off", false);
	return 0;
}

int
house_close(void **state)
{
	struct server *server = &house.server;
	char command[64];

	(void)state;
	pfx_pool_free(server->pool);
	auth_free(server->auth);
	issuer_free(server->issuer);
	engine_free(server->engine);
	records_close(server->records);
	for (size_t i = 0; i < N_CLIENTS; i++) {
		free(clients[i].aes_key_file);
		free(clients[i].em_key_file);
		free(clients[i].certificate);
	}
	free(house.config.database);
	free(house.config.records);
	snprintf(command, sizeof command, "rm -rf %s", house.dir);
	return system(command);
}

/* --- a request ----------------------------------------------------------- */

static size_t
read_bytes(const char *name, char *bytes, size_t size)
{
	char *path = at(name);
	FILE *in = fopen(path, "rb");
	size_t len;

	assert_non_null(in);
	len = fread(bytes, 1, size, in);
	fclose(in);
	free(path);
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

struct counting {
	const char *action;
	size_t n;
};

static bool
count_entry(const struct audit_entry *entry, void *arg)
{
	struct counting *counting = arg;

	counting->n += strcmp(entry->action, counting->action) == 0;
	return true;
}

size_t
count_entries(const char *action)
{
	struct counting counting = { action, 0 };

	assert_int_equal(records_audit_list(house.server.records, 1,
	                                    count_entry, &counting), REC_OK);
	return counting.n;
}

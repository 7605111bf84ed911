/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_house.c - an authority and its clients, for the tests of pkcs12.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "psmd/auth.h"
#include "psmd/log.h"
#include "psmd/password.h"
#include "psmd/records_audit.h"
#include "tests/psmd/patience.h"
#include "tests/psmd/pkcs12_house.h"
#include "tests/psmd/wrap_pfx.h"

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

enum rec_err
__wrap_records_pkcs12_begin(struct records *r, const struct pkcs12_ask *asked,
                            unsigned wait_ms, struct pkcs12_result *ret_result)
{
	(void)wait_ms; /* a slow machine may need more */
	return __real_records_pkcs12_begin(r, asked,
	                                   in_a_hurry ? 50 : PATIENCE * 1000,
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

/* --- the audit trail ----------------------------------------------------- */

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

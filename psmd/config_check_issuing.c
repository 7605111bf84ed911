/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_check_issuing.c - what the configuration names for orders and PKCS#12
 * files: the authority, its CRL, the clients. */

#include "psmd/config_checking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/pfx.h"
#include "psmd/client_files.h"
#include "psmd/issuer.h"
#include "psmd/rights.h"

enum { LEAST_DAYS = 365 }; /* of what an order's days may be */

static bool
issues(const struct config *config)
{
	return config->orders.enabled || config->pkcs12.enabled;
}

/* --- the authority ------------------------------------------------------- */

struct look {
	const struct issuing *issuing;
	bool found;
	char why[512];
};

static void
look_for_it(struct psm_ctx *ctx, void *arg)
{
	struct look *look = arg;

	look->found = issuer_ca(look->issuing, ctx, look->why,
	                        sizeof look->why) != NULL;
}

/* One that is made later is found: so it is no fault that there is none. */
void
check_authority(struct checking *c, struct engine *engine)
{
	const struct place place = place_of("ca.nickname");
	const struct issuing issuing = { c->config, NULL, engine,
		                         issuer_new() };
	struct look look = { .issuing = &issuing };

	if (!issues(c->config)) {
		issuer_free(issuing.issuer);
		return;
	}
	if (issuing.issuer == NULL)
		fault(c, place, "out of memory");
	else if (!engine_call(engine, look_for_it, &look))
		fault(c, place, "NSS is busy");
	else if (!look.found)
		remark(c, place, "%s", look.why);
	issuer_free(issuing.issuer);
}

/* The daemon makes a new file there, beside the old. */
static void
check_crl_folder(struct checking *c)
{
	const char *path = c->config->crl_file;
	const int mode = W_OK | X_OK;
	char *folder = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
	int err;

	if (folder == NULL)
		err = ENOMEM;
	else if (c->has_owner && geteuid() == 0)
		err = rights_try(c->config->user, folder, mode);
	else
		err = access(folder, mode) == 0 ? 0 : errno;
	if (err != 0)
		fault(c, place_of("ca.crl_file"), "%s: no file can be made "
		      "there: %s", folder != NULL ? folder : path,
		      strerror(err));
	free(folder);
}

/* --- clients ------------------------------------------------------------- */

static void
check_aes_key(struct checking *c, size_t i)
{
	const char *path = c->config->clients[i].aes_key_file;
	const struct place place = place_in_client(i, "aes_key_file");
	unsigned char key[CLIENT_AES_KEY_SIZE];
	char why[512];

	if (!client_read_aes_key(path, key, why, sizeof why)) {
		fault(c, place, "%s", why);
		return;
	}
	explicit_bzero(key, sizeof key);
	check_private(c, place, path);
	check_reach(c, place, path, R_OK);
}

static void
check_em_key(struct checking *c, size_t i)
{
	const char *path = c->config->clients[i].em_key_file;
	const struct place place = place_in_client(i, "em_key_file");
	char em_key[CLIENT_EM_KEY_MAX + 1], why[512];

	if (!client_read_em_key(path, em_key, why, sizeof why)) {
		fault(c, place, "%s", why);
		return;
	}
	explicit_bzero(em_key, sizeof em_key);
	check_private(c, place, path);
	check_reach(c, place, path, R_OK);
}

static void
check_signer(struct checking *c, size_t i)
{
	const char *path = c->config->clients[i].certificate;
	const struct place place = place_in_client(i, "certificate");
	unsigned char *der = NULL;
	size_t len;
	char why[512];

	if (!client_read_certificate(path, &der, &len, why, sizeof why)) {
		fault(c, place, "%s", why);
		return;
	}
	if (!pfx_is_cert(der, len))
		fault(c, place, "%s: this is no certificate", path);
	free(der);
	check_reach(c, place, path, R_OK);
}

/* An account may come and go while the configuration stays. */
static void
check_client_account(struct checking *c, struct records *records, size_t i)
{
	struct account account;
	enum rec_err err = records_account_get(records,
	                                       c->config->clients[i].account,
	                                       &account);

	if (err == REC_NOT_FOUND)
		remark(c, place_client(i), "there is no account of that name");
	explicit_bzero(&account, sizeof account);
}

void
check_client_accounts(struct checking *c, struct records *records)
{
	for (size_t i = 0; i < c->config->n_clients; i++)
		check_client_account(c, records, i);
}

/* ------------------------------------------------------------------------- */

/* A client that says days says a year at the least. */
static void
check_days(struct checking *c)
{
	const struct config *config = c->config;
	const struct profile *profile = config_profile(config,
	                                               config->order_profile);

	if (profile != NULL && profile->ca.max_days < LEAST_DAYS)
		remark(c, place_of("orders.profile"), "max_days of \"%s\" is "
		       "less than %d: orders with days will fail",
		       profile->name, LEAST_DAYS);
}

static void
check_services(struct checking *c)
{
	const struct config *config = c->config;

	if (config->orders.enabled)
		check_transport(c, "service orders.enabled", TRANSPORT_HTTPS);
	if (config->orders.enabled)
		check_days(c);
	if (config->pkcs12.enabled)
		check_transport(c, "service pkcs12.transport",
		                config->pkcs12.transport);
	if (config->pkcs12.enabled && config->n_clients == 0)
		fault(c, place_of("service pkcs12.enabled"),
		      "nobody may call it: there is no [client name]");
	if (issues(config))
		check_crl_folder(c);
}

void
check_issuing(struct checking *c)
{
	check_services(c);
	for (size_t i = 0; i < c->config->n_clients; i++) {
		check_aes_key(c, i);
		check_em_key(c, i);
		check_signer(c, i);
	}
}

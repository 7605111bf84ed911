/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* renew.c - psmd renew: another certificate for the server, also while a psmd
 * runs, which takes it up when it reads its configuration again. */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psmd/engine.h"
#include "psmd/lock.h"
#include "psmd/server_cert.h"
#include "psmd/tls.h"

struct renewal {
	const struct args *args;
	const struct config *config;
	struct names names;
	unsigned days;
	bool good;
};

/* --- what is there ------------------------------------------------------- */

/* The latest certificate called so: NSS takes that one too. NULL: none. */
static const struct psm_cert *
latest(const struct psm_cert_list *list)
{
	const size_t n = list != NULL ? psm_cert_list_count(list) : 0;
	const struct psm_cert *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);

		if (best == NULL || cert->not_before > best->not_before)
			best = cert;
	}
	return best;
}

/* false: the search failed, and said so. None there: the list stays NULL. */
static bool
find(struct psm_ctx *ctx, const char *nickname, struct psm_cert_list **ret_list)
{
	enum psm_err err = psm_store_get(ctx, nickname, ret_list);

	return err == PSM_OK || err == PSM_E_NOT_FOUND ||
	       command_fail("certificate \"%s\": %s", nickname,
	                    psm_errmsg(ctx));
}

/* Another authority's certificate is that one's to renew. */
static bool
check_issuer(struct psm_ctx *ctx, const char *nickname,
             const struct psm_cert *old)
{
	struct psm_cert_list *list = NULL;
	const struct psm_cert *ca;
	bool good = find(ctx, SERVER_CA, &list);

	if (!good)
		return false;
	ca = latest(list);
	good = ca != NULL && strcmp(ca->subject, old->issuer) == 0;
	if (ca == NULL)
		command_fail("there is no authority \"" SERVER_CA "\" to "
		             "renew certificate \"%s\"", nickname);
	else if (!good)
		command_fail("certificate \"%s\" is not from \"" SERVER_CA
		             "\", but from %s: have it renewed there",
		             nickname, old->issuer);
	psm_cert_list_free(list);
	return good;
}

static bool
add_name(void *arg, const char *name)
{
	return names_add(arg, name);
}

static bool
choose_names(struct renewal *r, const struct psm_cert *old)
{
	const char *list = r->args->value[OPT_NAMES];

	if (list != NULL)
		return names_add_list(&r->names, list) &&
		       names_add_listen(&r->names, r->config);
	if (old != NULL &&
	    !tls_cert_names(old->der, old->der_len, add_name, &r->names))
		return command_fail("the names of certificate \"%s\" cannot "
		                    "be kept", r->config->server_cert);
	return r->names.n > 0 ||
	       command_fail("there is no certificate \"%s\" with names to "
	                    "keep: --names says them", r->config->server_cert);
}

/* --- what comes in its place --------------------------------------------- */

/* Its subject stays, for NSS gives a nickname to one subject only: with another
 * one there would be a moment in which no certificate has the nickname. */
static bool
replace(struct renewal *r, struct psm_ctx *ctx, const struct psm_cert *old)
{
	const struct server_cert wanted = {
		.nickname = r->config->server_cert,
		.subject = old != NULL ? old->subject : NULL,
		.names = &r->names, .days = r->days
	};
	struct ca *ca = ca_new();
	bool good;

	if (ca == NULL)
		return command_fail("out of memory");
	good = ca_open(ca, SERVER_CA) == PSM_OK ||
	       command_fail("the authority \"" SERVER_CA "\": %s",
	                    ca_errmsg(ca));
	good = good && server_cert_make(ctx, ca, &wanted);
	ca_free(ca);
	return good;
}

static void
renew(struct psm_ctx *ctx, void *arg)
{
	struct renewal *r = arg;
	const char *nickname = r->config->server_cert;
	struct psm_cert_list *list = NULL;
	const struct psm_cert *old;

	if (!find(ctx, nickname, &list))
		return;
	old = latest(list);
	r->good = (old == NULL || check_issuer(ctx, nickname, old)) &&
	          choose_names(r, old) && replace(r, ctx, old);
	psm_cert_list_free(list);
}

/* --- what is said -------------------------------------------------------- */

static void
tell(struct psm_ctx *ctx, void *arg)
{
	struct renewal *r = arg;
	const char *nickname = r->config->server_cert;
	struct psm_cert_list *list = NULL;
	const struct psm_cert *cert;
	char day[16] = "";
	struct tm tm;

	if (!find(ctx, nickname, &list))
		return;
	cert = latest(list);
	if (cert != NULL && gmtime_r(&cert->not_after, &tm) != NULL)
		strftime(day, sizeof day, "%Y-%m-%d", &tm);
	psm_cert_list_free(list);
	printf("certificate  %s\nuntil        %s\nnames        ", nickname,
	       day);
	for (size_t i = 0; i < r->names.n; i++)
		printf("%s%s", i > 0 ? "," : "", r->names.list[i]);
	printf("\n\n%s\n", lock_is_taken(r->config->database)
	                ? "psmd goes on with the old one until it gets SIGHUP "
	                  "(systemctl reload psmd)."
	                : "psmd run serves it.");
}

static bool
renew_in(struct renewal *r)
{
	char why[512];
	struct engine *engine = engine_new(r->config->database,
	                                   r->config->password_file, 1, why,
	                                   sizeof why);

	if (engine == NULL)
		return command_fail("%s: %s", r->config->database, why);
	if (engine_call(engine, renew, r) && r->good)
		engine_call(engine, tell, r);
	engine_free(engine);
	if (!r->good)
		command_tell_room(r->config->database);
	if (r->good && fflush(stdout) != 0)
		return command_fail("cannot write: %s", strerror(errno));
	return r->good;
}

/* Two at a time would each take the other's for the old one. */
static bool
renew_alone(struct renewal *r)
{
	int lock = lock_take(r->config->path);
	bool good;

	if (lock < 0)
		return command_fail("%s: %s", r->config->path,
		                    errno == EWOULDBLOCK
		                            ? "another psmd renew is at work"
		                            : strerror(errno));
	good = renew_in(r);
	close(lock);
	return good;
}

int
cmd_renew(const struct args *args)
{
	struct renewal r = { .args = args };
	struct config *config;
	bool good;

	if (!server_cert_days(args, &r.days))
		return STATUS_USAGE;
	config = config_read(args->value[OPT_CONFIG], stderr);
	if (config == NULL)
		return STATUS_CONFIG;
	r.config = config;
	good = renew_alone(&r);
	config_free(config);
	return good ? STATUS_DONE : STATUS_FAILED;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_init.c - psmd ca init: the authority that the configuration names, also
 * while the daemon runs. */

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "psmd/ca_command.h"
#include "psmd/lock.h"
#include "psmd/pem.h"
#include "psmd/plain.h"
#include "psmd/public_file.h"
#include "psmd/records_audit.h"
#include "psmd/server_cert.h"

#define CHAIN "issuer.pem"

enum { MAX_DAYS = 36500 };

static const struct {
	const char *name;
	enum psm_key_type type;
	unsigned bits;
} kinds[] = {
	{ "ec", PSM_KEY_EC, 256 },         { "rsa", PSM_KEY_RSA, 3072 },
	{ "ec-p256", PSM_KEY_EC, 256 },    { "ec-p384", PSM_KEY_EC, 384 },
	{ "ec-p521", PSM_KEY_EC, 521 },    { "rsa-2048", PSM_KEY_RSA, 2048 },
	{ "rsa-3072", PSM_KEY_RSA, 3072 }, { "rsa-4096", PSM_KEY_RSA, 4096 },
};

#define N_KINDS (sizeof kinds / sizeof kinds[0])

/* An authority in the making. */
struct making_ca {
	const struct ca_command *command;
	struct ca_params params;
	char subject[512];  /* where none is given */
	char *token, *nickname; /* of the configuration's name */
	bool made;
	char *chain;        /* PEM */
	size_t chain_len;
	char *path;         /* of its file */
	char *details;      /* for the audit trail */
};

/* --- what is asked for --------------------------------------------------- */

static bool
read_days(const struct args *args, unsigned *ret_days)
{
	const char *text = args->value[OPT_DAYS];
	size_t len;

	if (text == NULL)
		return true;
	len = strlen(text);
	*ret_days = len > 0 && len < 6 && strspn(text, "0123456789") == len
	                    ? (unsigned)strtoul(text, NULL, 10)
	                    : 0;
	return (*ret_days > 0 && *ret_days <= MAX_DAYS) ||
	       command_fail("--days is a number from 1 to %d", MAX_DAYS);
}

static bool
read_key(const struct args *args, struct ca_params *params)
{
	const char *text = args->value[OPT_KEY];
	size_t i = 0;

	while (text != NULL && i < N_KINDS && strcmp(kinds[i].name, text) != 0)
		i++;
	if (i == N_KINDS)
		return command_fail("\"%s\" is no kind of key: ec, ec-p256, "
		                    "ec-p384, ec-p521, rsa, rsa-2048, rsa-3072 "
		                    "or rsa-4096", text);
	params->key_type = kinds[i].type;
	params->key_bits = kinds[i].bits;
	return true;
}

static void
choose_subject(struct making_ca *m)
{
	const struct args *args = m->command->args;
	char host[256] = "";

	m->params.subject = args->value[OPT_SUBJECT];
	if (m->params.subject != NULL)
		return;
	if (gethostname(host, sizeof host - 1) != 0 ||
	    !ca_server_name_is_fine(host))
		snprintf(host, sizeof host, "localhost");
	snprintf(m->subject, sizeof m->subject, "CN=psmd issuer of %s", host);
	m->params.subject = m->subject;
}

static void
choose_issuer(struct making_ca *m)
{
	const struct args *args = m->command->args;

	if (args->value[OPT_ROOT] != NULL)
		m->params.trust = "CT,,"; /* as SERVER_CA has it */
	else if (args->value[OPT_ISSUER] != NULL)
		m->params.issuer = args->value[OPT_ISSUER];
	else
		m->params.issuer = SERVER_CA;
}

/* "token:nickname", or a nickname of the database. */
static bool
choose_place(struct making_ca *m)
{
	const char *name = m->command->issuing.config->ca;
	const char *colon = strchr(name, ':');

	m->nickname = strdup(colon != NULL ? colon + 1 : name);
	if (colon != NULL)
		m->token = strndup(name, (size_t)(colon - name));
	m->params.nickname = m->nickname;
	m->params.token = m->token;
	return (m->nickname != NULL && (colon == NULL || m->token != NULL)) ||
	       command_fail("out of memory");
}

/* --- making it ----------------------------------------------------------- */

static bool
unlock(const struct making_ca *m, struct psm_ctx *ctx)
{
	const struct issuing *issuing = &m->command->issuing;
	char why[512];
	bool asked;

	if (m->token == NULL)
		return true;
	return engine_login(issuing->engine, ctx, m->token,
	                    issuing->config->token_password_file, &asked, why,
	                    sizeof why) == PSM_OK ||
	       command_fail("token \"%s\": %s", m->token, why);
}

static bool
write_chain(struct making_ca *m, const struct ca *ca)
{
	FILE *out = open_memstream(&m->chain, &m->chain_len);
	bool good = out != NULL && pem_write_chain(out, ca);

	if (out != NULL)
		good = fclose(out) == 0 && good;
	return good || command_fail("out of memory");
}

static bool
describe(struct making_ca *m, const struct ca *ca)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1];
	size_t len = 0;
	const unsigned char *der = ca_cert_der(ca, &len);

	crypto_hash_sha256(hash, der, len);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	if (asprintf(&m->details, "sha256=%s subject=%s", hex,
	             m->params.subject) < 0)
		m->details = NULL;
	return m->details != NULL || command_fail("out of memory");
}

static void
make(struct psm_ctx *ctx, void *arg)
{
	struct making_ca *m = arg;
	const char *name = m->command->issuing.config->ca;
	struct ca *ca;
	enum psm_err err;

	if (!unlock(m, ctx))
		return;
	ca = ca_new();
	if (ca == NULL) {
		command_fail("out of memory");
		return;
	}
	err = ca_init(ca, &m->params);
	if (err != PSM_OK)
		command_fail("the authority \"%s\": %s", name, ca_errmsg(ca));
	else
		m->made = write_chain(m, ca) && describe(m, ca);
	ca_free(ca);
}

/* --- telling of it ------------------------------------------------------- */

static bool
tell_audit(const struct making_ca *m)
{
	const struct issuing *issuing = &m->command->issuing;
	enum rec_err err = records_audit_add(issuing->records, &ca_actor,
	                                     "ca.init", issuing->config->ca,
	                                     m->details);

	return err == REC_OK || command_fail("the audit trail: %s",
	                                     rec_strerror(err));
}

static bool
put_chain(struct making_ca *m)
{
	char *copy = strdup(m->command->issuing.config->path);

	if (copy == NULL || asprintf(&m->path, "%s/" CHAIN, dirname(copy)) < 0)
		m->path = NULL;
	free(copy);
	if (m->path == NULL)
		return command_fail("out of memory");
	return public_file_put(m->path, m->chain, m->chain_len) ||
	       command_fail("%s: %s", m->path, strerror(errno));
}

static void
print(struct psm_ctx *ctx, void *arg)
{
	const struct making_ca *m = arg;
	const char *name = m->command->issuing.config->ca;
	struct psm_cert_list *list = NULL;
	const struct psm_cert *cert;

	fputs("authority   ", stdout);
	print_plain(name, "");
	if (psm_store_get(ctx, name, &list) == PSM_OK &&
	    (cert = psm_cert_list_get(list, 0)) != NULL) {
		fputs("\nsubject     ", stdout);
		print_plain(cert->subject, "");
		fputs("\nissuer      ", stdout);
		print_plain(cert->issuer, "");
		fputs("\nuntil       ", stdout);
		print_time(cert->not_after);
	}
	psm_cert_list_free(list);
	fputs("\nchain       ", stdout);
	print_plain(m->path, "");
	putchar('\n');
}

static bool
print_all(struct making_ca *m)
{
	if (!engine_call(m->command->issuing.engine, print, m) ||
	    !ca_print_crl(m->command))
		return false;
	fputs("\nIt issues what these services are asked for, each by its "
	      "setting in the\nconfiguration, when psmd has read that again:"
	      "\n\n  [service orders]\n  enabled = yes\n\n"
	      "  [service pkcs12]\n  enabled = yes\n", stdout);
	return true;
}

/* What fails after it is made leaves it: it has a key by now that may be in
 * use. The rest is tried all the same, for nobody can make it once more. */
static bool
make_and_tell(struct making_ca *m)
{
	const struct issuing *issuing = &m->command->issuing;
	bool told, put, published;

	if (!engine_call(issuing->engine, make, m) || !m->made) {
		command_tell_room(issuing->config->database);
		return false;
	}
	told = tell_audit(m);
	put = put_chain(m);
	published = ca_publish(m->command);
	if (told && put && published)
		return print_all(m);
	return command_fail("but the authority is there%s", published ? "" :
	                    "; \"psmd ca crl\" makes its CRL");
}

static bool
make_alone(struct ca_command *c, void *arg)
{
	struct making_ca *m = arg;
	const char *path = c->issuing.config->path;
	int lock = lock_take(path);
	bool good;

	if (lock < 0)
		return command_fail("%s: %s", path, errno == EWOULDBLOCK
		                    ? "another psmd ca init or renew is at work"
		                    : strerror(errno));
	m->command = c;
	choose_subject(m);
	choose_issuer(m);
	good = choose_place(m) && make_and_tell(m);
	close(lock);
	free(m->token);
	free(m->nickname);
	free(m->chain);
	free(m->path);
	free(m->details);
	return good;
}

int
cmd_ca_init(const struct args *args)
{
	struct making_ca m = { .made = false };

	if (!read_days(args, &m.params.days) || !read_key(args, &m.params))
		return STATUS_USAGE;
	return ca_command(args, make_alone, &m);
}

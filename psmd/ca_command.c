/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_command.c - psmd ca crl and revoke, also while the daemon runs. */

#include "psmd/ca_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "psmd/crl.h"
#include "psmd/plain.h"
#include "psmd/records_cert.h"

#define ID_DIGITS 16

const struct rec_actor ca_actor = { "", "local" };

/* --- what is opened ------------------------------------------------------ */

static bool
open_all(struct ca_command *c)
{
	const struct config *config = c->issuing.config;
	char why[512];
	enum rec_err err = records_open(config->records, false,
	                                &c->issuing.records);

	if (err != REC_OK)
		return command_fail("%s: %s", config->records,
		                    rec_strerror(err));
	c->issuing.issuer = issuer_new();
	if (c->issuing.issuer == NULL)
		return command_fail("out of memory");
	c->issuing.engine = engine_new(config->database, config->password_file,
	                               1, why, sizeof why);
	return c->issuing.engine != NULL ||
	       command_fail("%s: %s", config->database, why);
}

static void
close_all(struct ca_command *c)
{
	issuer_free(c->issuing.issuer);
	engine_free(c->issuing.engine);
	records_close(c->issuing.records);
}

int
ca_command(const struct args *args,
           bool (*fn)(struct ca_command *command, void *arg), void *arg)
{
	struct config *config = config_read(args->value[OPT_CONFIG], stderr);
	struct ca_command c = { args, { .config = config } };
	bool good;

	if (config == NULL)
		return STATUS_CONFIG;
	good = open_all(&c) && fn(&c, arg);
	close_all(&c);
	config_free(config);
	if (fflush(stdout) != 0 || ferror(stdout))
		good = command_fail("cannot write: %s", strerror(errno));
	return good ? STATUS_DONE : STATUS_FAILED;
}

/* --- the CRL ------------------------------------------------------------- */

bool
ca_publish(const struct ca_command *c)
{
	char why[512];

	return crl_publish(&c->issuing, &ca_actor, why, sizeof why) ||
	       command_fail("%s", why);
}

bool
ca_print_crl(const struct ca_command *c)
{
	struct ca_crl_info info;
	char why[512];

	if (!crl_look(&c->issuing, &info, why, sizeof why))
		return command_fail("%s", why);
	fputs("crl         ", stdout);
	print_plain(c->issuing.config->crl_file, "");
	fputs("\nwith chain  ", stdout);
	print_plain(c->issuing.config->crl_file, "");
	printf(CRL_CHAIN_SUFFIX "\nnumber      %ju\nrevoked     %zu\nnext        ",
	       (uintmax_t)info.number, info.n_revoked);
	print_time(info.next_update);
	putchar('\n');
	return true;
}

static bool
publish(struct ca_command *c, void *arg)
{
	(void)arg;
	return ca_publish(c) && ca_print_crl(c);
}

int
cmd_ca_crl(const struct args *args)
{
	return ca_command(args, publish, NULL);
}

/* --- one that is revoked ------------------------------------------------- */

static bool
is_id(const char *text)
{
	return strlen(text) == ID_DIGITS &&
	       strspn(text, "0123456789") == ID_DIGITS;
}

/* What the word is the id of, and what the serial number; 16 decimal digits can
 * be both. */
static enum rec_err
find_both(struct records *records, const char *word, struct cert_record *by_id,
          struct cert_record *by_serial)
{
	enum rec_err err = REC_NOT_FOUND, other;

	if (is_id(word))
		err = records_cert_get(records, NULL, strtoll(word, NULL, 10),
		                       by_id);
	if (err != REC_OK && err != REC_NOT_FOUND)
		return err;
	other = records_cert_find(records, NULL, word, by_serial);
	return other == REC_NOT_FOUND ? err : other;
}

/* NULL: it is said which to choose. */
static const struct cert_record *
choose(const char *word, const struct cert_record *by_id,
       const struct cert_record *by_serial)
{
	if (by_id->id == 0 || by_serial->id == 0 || by_id->id == by_serial->id)
		return by_id->id != 0 ? by_id : by_serial;
	command_fail("%s is the id of the certificate with serial number %s, "
	             "and the serial number of another: with a zero before it "
	             "it is a serial number alone", word, by_id->serial);
	return NULL;
}

static void
print_cert(const struct cert_record *cert, int reason)
{
	printf("certificate %jd\nserial      %s\naccount     ",
	       (intmax_t)cert->id, cert->serial);
	print_plain(cert->account, "");
	fputs("\nsubject     ", stdout);
	print_plain(cert->subject, "");
	printf("\nreason      %s\n", crl_reason_name(reason));
}

static bool
fail_revoke(const struct cert_record *cert, int reason, enum rec_err err)
{
	if (err != REC_STATE)
		return command_fail("certificate %jd: %s", (intmax_t)cert->id,
		                    rec_strerror(err));
	if (reason == CERT_RELEASE)
		return command_fail("certificate %jd is not on hold",
		                    (intmax_t)cert->id);
	return command_fail("certificate %jd is %s already",
	                    (intmax_t)cert->id,
	                    cert->reason == CERT_HOLD ? "on hold" : "revoked");
}

/* What is revoked stays so, published or not: a daemon that runs publishes it
 * as soon as it can. */
static bool
revoke(struct ca_command *c, const struct cert_record *cert, int reason)
{
	const bool is_ours = strcmp(cert->issuer, c->issuing.config->ca) == 0;
	char why[512];
	enum rec_err err = crl_revoke(&c->issuing, &ca_actor, cert->id, reason,
	                              why, sizeof why);

	if (err != REC_OK)
		return fail_revoke(cert, reason, err);
	print_cert(cert, reason);
	if (why[0] != '\0')
		return command_fail("it is done, but not published%s: %s",
		                    is_ours ? "; \"psmd ca crl\" does that"
		                            : "", why);
	return ca_print_crl(c);
}

static bool
find_and_revoke(struct ca_command *c, void *arg)
{
	const int *reason = arg;
	const char *word = c->args->word;
	struct cert_record by_id = { 0 }, by_serial = { 0 };
	const struct cert_record *cert;
	enum rec_err err = find_both(c->issuing.records, word, &by_id,
	                             &by_serial);
	bool good;

	if (err == REC_NOT_FOUND)
		good = command_fail("\"%s\" is neither the id nor the serial "
		                    "number of a certificate", word);
	else if (err != REC_OK)
		good = command_fail("%s: %s", c->issuing.config->records,
		                    rec_strerror(err));
	else
		good = (cert = choose(word, &by_id, &by_serial)) != NULL &&
		       revoke(c, cert, *reason);
	cert_record_clear(&by_id);
	cert_record_clear(&by_serial);
	return good;
}

int
cmd_ca_revoke(const struct args *args)
{
	int reason = crl_reason(args->value[OPT_REASON]);

	if (reason < 0) {
		command_fail("\"%s\" is no reason: see psmd(8)",
		             args->value[OPT_REASON]);
		return STATUS_USAGE;
	}
	return ca_command(args, find_and_revoke, &reason);
}

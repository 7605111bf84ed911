/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* options.c - the options: one table, read by NSPR's plgetopt */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <plgetopt.h>

#include "cli/cli.h"

/* Letters are certutil's where it has the same thing. */
static const struct {
	char letter; /* 0: none */
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;
} table[] = {
	[OPT_DIR] = { 'd', "dir", "DIR",
		"directory of the NSS database; $PSM_DIR without it" },
	[OPT_PASSWORD_FILE] = { 'f', "password-file", "FILE",
		"file with the database's password" },
	[OPT_PASSWORD_FD] = { 0, "password-fd", "N",
		"file descriptor to read that password from" },
	[OPT_NO_PASSWORD] = { 0, "no-password", NULL,
		"make a database without a password" },
	[OPT_NICKNAME] = { 'n', "nickname", "NICK",
		"nickname, or to find one, a fingerprint" },
	[OPT_TOKEN] = { 'h', "token", "TOKEN", "PKCS#11 token" },
	[OPT_INPUT] = { 'i', "input", "FILE",
		"read FILE, not standard input" },
	[OPT_OUTPUT] = { 'o', "output", "FILE",
		"write FILE, not standard output" },
	[OPT_ASCII] = { 'a', "ascii", NULL, "print PEM" },
	[OPT_RAW] = { 'r', "raw", NULL, "print DER" },
	[OPT_SUBJECT] = { 's', "subject", "DN",
		"distinguished name, as \"CN=Alice,O=Example\"" },
	[OPT_KEY_TYPE] = { 'k', "key-type", "rsa|ec",
		"kind of key; rsa without it" },
	[OPT_KEY_SIZE] = { 'g', "key-size", "BITS", "size of the key" },
	[OPT_CURVE] = { 'q', "curve", "CURVE",
		"nistp256, nistp384 or nistp521" },
	[OPT_PKCS10] = { 0, "pkcs10", NULL, "print a PKCS#10 request" },
	[OPT_USAGE] = { 0, "usage", "LIST",
		"key usage, as digitalSignature,nonRepudiation" },
	[OPT_UNEXTRACTABLE] = { 0, "unextractable", NULL,
		"the key can never leave the database" },
	[OPT_CA] = { 0, "ca", NULL, "ask for a CA certificate" },
	[OPT_REG_TOKEN_FILE] = { 0, "reg-token-file", "FILE",
		"file with the CA's registration token" },
	[OPT_AUTHENTICATOR_FILE] = { 0, "authenticator-file", "FILE",
		"file with the CA's authenticator" },
	[OPT_JS] = { 0, "js", NULL,
		"print importUserCertificates()'s string and nothing else" },
	[OPT_MATCH_BY_KEY] = { 0, "match-by-key", NULL,
		"find the key by the certificate where the id finds none" },
	[OPT_ALLOW_CA] = { 0, "allow-ca", NULL,
		"take, or issue, a CA certificate" },
	[OPT_BACKUP] = { 0, "backup", "FILE",
		"no import without a PKCS#12 backup in FILE" },
	[OPT_BACKUP_PASSWORD_FILE] = { 0, "backup-password-file", "FILE",
		"file with the password of the PKCS#12 file" },
	[OPT_BACKUP_PASSWORD_FD] = { 0, "backup-password-fd", "N",
		"file descriptor to read that password from" },
	[OPT_COMPAT] = { 0, "compat", NULL,
		"3DES and SHA-1 in the backup, for old programs" },
	[OPT_FORCE] = { 0, "force", NULL, "replace a backup that exists" },
	[OPT_KEEP_KEY] = { 0, "keep-key", NULL,
		"delete the certificate alone" },
	[OPT_DELETE_KEY] = { 0, "delete-key", NULL,
		"delete the request's key too" },
	[OPT_ID] = { 0, "id", "N", "request id" },
	[OPT_DAYS] = { 0, "days", "N", "days of validity" },
	[OPT_DIALECT] = { 0, "dialect", "NAME",
		"cmmf (default), cmp, untagged, cert or pkcs7" },
	[OPT_EMAIL] = { 0, "email", "ADDRESS",
		"mail address in the certificate" },
	[OPT_REFUSE] = { 0, "refuse", "ID[:REASON]",
		"refuse this request; all means every one" },
	[OPT_NO_CHAIN] = { 0, "no-chain", NULL,
		"leave the CA's certificate out" },
	[OPT_TRUST] = { 't', "trust", "TRUST",
		"trust of the authority, as CT,C,C" },
	[OPT_ISSUER] = { 0, "issuer", "NICK",
		"the authority above the new one" },
	[OPT_ANY] = { 0, "any", NULL,
		"read whatever a CA sends: CMP, PKCS#7, certificates" },
	[OPT_SECRET_FILE] = { 0, "secret-file", "FILE",
		"file with the secret that protects a CMP message" },
	[OPT_SIGNER] = { 0, "signer", "FILE",
		"certificate of who signs a CMP message" },
	[OPT_USER] = { 0, "user", "NAME", "account at the service" },
	[OPT_USER_PASSWORD_FILE] = { 0, "user-password-file", "FILE",
		"file with that account's password" },
	[OPT_USER_PASSWORD_FD] = { 0, "user-password-fd", "N",
		"file descriptor to read that password from" },
	[OPT_NEW_PASSWORD_FILE] = { 0, "new-password-file", "FILE",
		"file with the password of the PKCS#12 to make" },
	[OPT_NEW_PASSWORD_FD] = { 0, "new-password-fd", "N",
		"file descriptor to read that password from" },
	[OPT_AES_KEY_FILE] = { 0, "aes-key-file", "FILE",
		"file with the key shared with the service" },
	[OPT_CIPHER] = { 0, "cipher", "NAME", "cbc (default), gcm or ecb" },
	[OPT_FIELD] = { 0, "field", "NAME=VALUE",
		"a part of the subject, or an alternative name" },
	[OPT_KEY] = { 0, "key", "KIND", "RSA-3072 (default), EC-P256, ..." },
	[OPT_PROFILE] = { 0, "profile", "NAME", "profile of the service" },
	[OPT_SUBSCRIBER] = { 0, "subscriber", "ID", "who it is for" },
	[OPT_APPLICATION] = { 0, "application", "ID",
		"one PKCS#12 is made for each" },
	[OPT_VALIDITY] = { 0, "validity", "DD:HH:MM:SS",
		"how long it is valid" },
	[OPT_FROM] = { 0, "from", "TIME",
		"since when, as \"31:12:2026 23:59:59\"" },
	[OPT_YES] = { 0, "yes", NULL, "do not ask, do it" },
	[OPT_JSON] = { 0, "json", NULL, "print JSON" },
	[OPT_QUIET] = { 0, "quiet", NULL,
		"no progress, no notes, no warnings" },
	[OPT_HELP] = { 0, "help", NULL, "print this" },
	[OPT_VERSION] = { 0, "version", NULL, "print the version" },
};
_Static_assert(COUNT(table) == OPT_COUNT_, "a row for each option");
_Static_assert(OPT_COUNT_ <= 64, "a bit for each option");

enum { LONG_BASE = 0x100 }; /* plgetopt's values above any letter */

/* What plgetopt wants to know. */
struct spec {
	PLLongOpt longs[OPT_COUNT_ + 1];
	char letters[2 * OPT_COUNT_ + 1];
};

static void
make_spec(struct spec *spec)
{
	char *letter = spec->letters;

	memset(spec, 0, sizeof *spec);
	for (int i = 0; i < OPT_COUNT_; i++) {
		spec->longs[i].longOptName = table[i].name;
		spec->longs[i].longOption = LONG_BASE + i;
		spec->longs[i].valueRequired = table[i].value != NULL;
		if (table[i].letter == 0)
			continue;
		*letter++ = table[i].letter;
		if (table[i].value != NULL)
			*letter++ = ':';
	}
}

static enum opt
find_opt(const PLOptState *state)
{
	int i;

	if (state->longOption >= LONG_BASE)
		return (enum opt)(state->longOption - LONG_BASE);
	for (i = 0; i < OPT_COUNT_; i++)
		if (table[i].letter == state->option)
			break;
	return (enum opt)i;
}

/* One option or word; false for what plgetopt lets through and should not:
 * "-:" because of the colons in its letters, and "--json=value". */
static bool
read_one(struct options *o, const PLOptState *state)
{
	enum opt opt;

	if (state->option == 0 && state->longOptIndex < 0) {
		if (o->n_words < COUNT(o->word))
			o->word[o->n_words] = state->value;
		o->n_words++;
		return true;
	}
	opt = find_opt(state);
	if (opt == OPT_COUNT_ ||
	    (state->value != NULL && table[opt].value == NULL))
		return false;
	o->use[o->n].opt = opt;
	o->use[o->n++].value = state->value;
	return true;
}

/* A lone "-" and an empty argument are skipped by plgetopt, which does no
 * harm: standard input is read where there is no --input. */
static bool
read_all(struct options *o, const struct spec *spec, int argc, char **argv)
{
	PLOptStatus status = PL_OPT_BAD;
	PLOptState *state = PL_CreateLongOptState(argc, argv, spec->letters,
	                                          spec->longs);

	o->n = o->n_words = 0;
	while (state != NULL && (status = PL_GetNextOpt(state)) == PL_OPT_OK)
		if (!read_one(o, state)) {
			status = PL_OPT_BAD;
			break;
		}
	if (state != NULL)
		PL_DestroyOptState(state);
	return status == PL_OPT_EOL;
}

/* plgetopt does not say which argument was bad: the one with which reading
 * starts to fail. */
static const char *
find_bad(struct options *o, const struct spec *spec, int argc, char **argv)
{
	do
		argc--;
	while (argc > 1 && !read_all(o, spec, argc, argv));
	return argv[argc];
}

/* Letters may stand together, so an argument can hold many options. */
static size_t
count_uses(int argc, char **argv)
{
	size_t n = 1;

	for (int i = 1; i < argc; i++)
		n += strlen(argv[i]) + 1;
	return n;
}

enum psm_err
options_read(struct cli *cli, int argc, char **argv)
{
	struct options *o = &cli->options;
	struct spec spec;

	make_spec(&spec);
	o->use = calloc(count_uses(argc, argv), sizeof *o->use);
	if (o->use == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	if (!read_all(o, &spec, argc, argv))
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "%s is no option of psm, lacks its value or "
		                "takes none", find_bad(o, &spec, argc, argv));
	return PSM_OK;
}

void
options_clear(struct options *options)
{
	free(options->use);
	memset(options, 0, sizeof *options);
}

enum psm_err
options_check(struct cli *cli, uint64_t takes, uint64_t needs,
              uint64_t repeats)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < cli->options.n; i++) {
		enum opt opt = cli->options.use[i].opt;

		if ((takes & OPT_BIT(opt)) == 0)
			return cli_fail(cli, PSM_E_ARGUMENT,
			                "there is no --%s here",
			                table[opt].name);
		if ((seen & OPT_BIT(opt) & ~repeats) != 0)
			return cli_fail(cli, PSM_E_ARGUMENT,
			                "--%s stands there twice",
			                table[opt].name);
		seen |= OPT_BIT(opt);
	}
	for (int i = 0; i < OPT_COUNT_; i++)
		if ((needs & ~seen & OPT_BIT(i)) != 0)
			return cli_fail(cli, PSM_E_ARGUMENT, "--%s is needed",
			                table[i].name);
	return PSM_OK;
}

const char *
opt_nth(const struct cli *cli, enum opt opt, size_t i)
{
	for (size_t u = 0; u < cli->options.n; u++)
		if (cli->options.use[u].opt == opt && i-- == 0)
			return cli->options.use[u].value;
	return NULL;
}

const char *
opt_value(const struct cli *cli, enum opt opt)
{
	return opt_nth(cli, opt, 0);
}

bool
opt_given(const struct cli *cli, enum opt opt)
{
	for (size_t i = 0; i < cli->options.n; i++)
		if (cli->options.use[i].opt == opt)
			return true;
	return false;
}

enum psm_err
opt_number(struct cli *cli, enum opt opt, unsigned min, unsigned max,
           unsigned *ret_number)
{
	const char *text = opt_value(cli, opt);
	char *end;
	unsigned long n;

	if (text == NULL)
		return PSM_OK;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
	    n < min || n > max)
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--%s is a number from %u to %u, not \"%s\"",
		                table[opt].name, min, max, text);
	*ret_number = (unsigned)n;
	return PSM_OK;
}

enum psm_err
opt_exclude(struct cli *cli, enum opt one, enum opt other)
{
	if (!opt_given(cli, one) || !opt_given(cli, other))
		return PSM_OK;
	return cli_fail(cli, PSM_E_ARGUMENT, "--%s and --%s exclude each other",
	                table[one].name, table[other].name);
}

static enum psm_err
read_curve(struct cli *cli, const char *name, unsigned *ret_bits)
{
	static const struct {
		const char *name;
		unsigned bits;
	} curves[] = {
		{ "nistp256", 256 }, { "secp256r1", 256 },
		{ "prime256v1", 256 }, { "P-256", 256 },
		{ "nistp384", 384 }, { "secp384r1", 384 }, { "P-384", 384 },
		{ "nistp521", 521 }, { "secp521r1", 521 }, { "P-521", 521 },
	};

	for (size_t i = 0; i < COUNT(curves); i++)
		if (strcmp(curves[i].name, name) == 0) {
			*ret_bits = curves[i].bits;
			return PSM_OK;
		}
	return cli_fail(cli, PSM_E_ARGUMENT,
	                "--curve is nistp256, nistp384 or nistp521, not \"%s\"",
	                name);
}

enum psm_err
opt_key(struct cli *cli, enum psm_key_type *ret_type, unsigned *ret_bits)
{
	const char *type = opt_value(cli, OPT_KEY_TYPE);
	const char *curve = opt_value(cli, OPT_CURVE);
	enum psm_err err;

	*ret_type = curve != NULL ? PSM_KEY_EC : PSM_KEY_RSA;
	if (type != NULL && !pj_key_type(type, ret_type))
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--key-type is rsa or ec, not \"%s\"", type);
	if ((err = opt_exclude(cli, OPT_KEY_SIZE, OPT_CURVE)) != PSM_OK)
		return err;
	if (curve == NULL)
		return opt_number(cli, OPT_KEY_SIZE, 256, 16384, ret_bits);
	if (*ret_type != PSM_KEY_EC)
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--curve is for --key-type ec");
	return read_curve(cli, curve, ret_bits);
}

void
opt_print_usage(FILE *out, enum opt opt)
{
	if (table[opt].letter != 0)
		fprintf(out, "-%c", table[opt].letter);
	else
		fprintf(out, "--%s", table[opt].name);
	if (table[opt].value != NULL)
		fprintf(out, " %s", table[opt].value);
}

void
opt_print_help(FILE *out, uint64_t options)
{
	for (int i = 0; i < OPT_COUNT_; i++) {
		char left[64];

		if ((options & OPT_BIT(i)) == 0)
			continue;
		snprintf(left, sizeof left, "%c%c%c --%s %s",
		         table[i].letter != 0 ? '-' : ' ',
		         table[i].letter != 0 ? table[i].letter : ' ',
		         table[i].letter != 0 ? ',' : ' ', table[i].name,
		         table[i].value != NULL ? table[i].value : "");
		fprintf(out, "  %-31s %s\n", left, table[i].help);
	}
}

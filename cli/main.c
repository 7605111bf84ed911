/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* main.c - the program psm: one table of subcommands, one way out */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* --- the subcommands ---------------------------------------------------- */

#define B(name) OPT_BIT(OPT_##name)
#define GLOBAL (B(YES) | B(JSON) | B(QUIET) | B(HELP) | B(VERSION))
#define DATABASE (GLOBAL | B(DIR) | B(PASSWORD_FILE) | B(PASSWORD_FD))
#define KEY (B(KEY_TYPE) | B(KEY_SIZE) | B(CURVE))
#define PKCS12 (B(BACKUP_PASSWORD_FILE) | B(BACKUP_PASSWORD_FD))

static const struct command commands[] = {
	{ "init", "make an NSS database", cmd_init,
		DATABASE | B(NO_PASSWORD), B(DIR), 0 },
	{ "request", "make a key and the request for its certificate",
		cmd_request,
		DATABASE | KEY | B(SUBJECT) | B(OUTPUT) | B(PKCS10) | B(USAGE) |
		B(UNEXTRACTABLE) | B(CA) | B(TOKEN) | B(REG_TOKEN_FILE) |
		B(AUTHENTICATOR_FILE), B(DIR) | B(SUBJECT), 0 },
	{ "recover", "ask the CA for a lost key and its certificate",
		cmd_recover,
		DATABASE | B(SUBJECT) | B(KEY_SIZE) | B(OUTPUT) |
		B(REG_TOKEN_FILE) | B(AUTHENTICATOR_FILE),
		B(DIR) | B(SUBJECT), 0 },
	{ "pending", "list the keys that wait for a certificate", cmd_pending,
		DATABASE, B(DIR), 0 },
	{ "cancel", "forget a pending request", cmd_cancel,
		DATABASE | B(ID) | B(DELETE_KEY), B(DIR) | B(ID), 0 },
	{ "import", "store the certificates a CA sent", cmd_import,
		DATABASE | PKCS12 | B(NICKNAME) | B(INPUT) | B(JS) | B(ANY) |
		B(SECRET_FILE) | B(SIGNER) | B(MATCH_BY_KEY) | B(ALLOW_CA) |
		B(BACKUP) | B(COMPAT) | B(FORCE), B(DIR), 0 },
	{ "list", "list the certificates", cmd_list,
		DATABASE | B(TOKEN), B(DIR), 0 },
	{ "show", "show a certificate", cmd_show,
		DATABASE | B(NICKNAME) | B(ASCII) | B(RAW) | B(OUTPUT),
		B(DIR) | B(NICKNAME), 0 },
	{ "backup", "write certificates and their keys to a PKCS#12 file",
		cmd_backup,
		DATABASE | PKCS12 | B(NICKNAME) | B(OUTPUT) | B(COMPAT) |
		B(FORCE), B(DIR) | B(NICKNAME) | B(OUTPUT), B(NICKNAME) },
	{ "restore", "bring in what a PKCS#12 file holds", cmd_restore,
		DATABASE | PKCS12 | B(NICKNAME) | B(INPUT),
		B(DIR) | B(INPUT), 0 },
	{ "delete", "delete a certificate and its key", cmd_delete,
		DATABASE | B(NICKNAME) | B(KEEP_KEY), B(DIR) | B(NICKNAME), 0 },
	{ "ca init", "make a certification authority", cmd_ca_init,
		DATABASE | KEY | B(NO_PASSWORD) | B(SUBJECT) | B(NICKNAME) |
		B(DAYS) | B(TRUST) | B(TOKEN) | B(ISSUER) | B(OUTPUT),
		B(DIR) | B(SUBJECT), 0 },
	{ "ca issue", "answer a request", cmd_ca_issue,
		DATABASE | B(NICKNAME) | B(INPUT) | B(OUTPUT) | B(DIALECT) |
		B(SUBJECT) | B(DAYS) | B(EMAIL) | B(ID) | B(REFUSE) | B(NO_CHAIN) |
		B(ALLOW_CA), B(DIR), B(REFUSE) },
	{ "pfx-request", "ask a service for a key, its certificate and PKCS#12",
		cmd_pfx_request,
		GLOBAL | PKCS12 | B(INPUT) | B(OUTPUT) | B(USER) |
		B(USER_PASSWORD_FILE) | B(USER_PASSWORD_FD) |
		B(NEW_PASSWORD_FILE) | B(NEW_PASSWORD_FD) | B(AES_KEY_FILE) |
		B(CIPHER) | B(SUBJECT) | B(FIELD) | B(KEY) | B(PROFILE) |
		B(SUBSCRIBER) | B(APPLICATION) | B(VALIDITY) | B(FROM),
		B(INPUT) | B(USER) | B(AES_KEY_FILE) | B(PROFILE) |
		B(SUBSCRIBER) | B(APPLICATION), B(FIELD) },
	{ "pfx-answer", "take the PKCS#12 out of what the service answered",
		cmd_pfx_answer,
		GLOBAL | B(INPUT) | B(OUTPUT), B(OUTPUT), 0 },
};

/* The first of two words. */
static bool
is_group(const char *word)
{
	return strcmp(word, "ca") == 0;
}

static const struct command *
find_command(const struct options *o)
{
	char name[64] = "";

	if (o->n_words == 1)
		snprintf(name, sizeof name, "%s", o->word[0]);
	else if (o->n_words == 2)
		snprintf(name, sizeof name, "%s %s", o->word[0], o->word[1]);
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* --- help --------------------------------------------------------------- */

static void
print_usage(FILE *out, const struct command *command)
{
	fprintf(out, "psm %s", command->name);
	for (int i = 0; i < OPT_COUNT_; i++)
		if ((command->needs & OPT_BIT(i)) != 0) {
			putc(' ', out);
			opt_print_usage(out, (enum opt)i);
		}
	fputs(" [OPTION ...]\n", out);
}

static void
print_command_help(FILE *out, const struct command *command)
{
	fputs("usage: ", out);
	print_usage(out, command);
	fprintf(out, "\npsm %s - %s.\n\n", command->name, command->summary);
	opt_print_help(out, command->takes);
}

/* "ca init" is in "ca", "cancel" is not. */
static bool
is_in_group(const struct command *command, const char *group)
{
	size_t len = strlen(group);

	return strncmp(command->name, group, len) == 0 &&
	       command->name[len] == ' ';
}

/* The subcommands that start with group, or all. */
static void
print_help(FILE *out, const char *group)
{
	fprintf(out, "usage: psm %s [OPTION ...]\n\nCommands:\n",
	        group != NULL ? "ca SUBCOMMAND" : "SUBCOMMAND");
	for (size_t i = 0; i < COUNT(commands); i++)
		if (group == NULL || is_in_group(&commands[i], group))
			fprintf(out, "  %-11s  %s\n", commands[i].name,
			        commands[i].summary);
	fputs("\nOptions for each of them ('psm SUBCOMMAND --help' shows the "
	      "others):\n", out);
	opt_print_help(out, GLOBAL);
}

/* --- outcome ------------------------------------------------------------ */

enum psm_err
cli_fail(struct cli *cli, enum psm_err err, const char *format, ...)
{
	va_list args;

	if (cli->err != PSM_OK)
		return err;
	cli->err = err;
	va_start(args, format);
	vsnprintf(cli->why, sizeof cli->why, format, args);
	va_end(args);
	return err;
}

enum psm_err
cli_keep(struct cli *cli, enum psm_err err)
{
	const char *why = cli->ctx != NULL ? psm_errmsg(cli->ctx) : "";

	if (err == PSM_OK)
		return PSM_OK;
	return cli_fail(cli, err, "%s", *why != '\0' ? why : psm_strerror(err));
}

void
cli_note(struct cli *cli, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (cli->quiet)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ui_clear(cli);
	fprintf(stderr, "psm: %s: ", cli->command->name);
	put_text(stderr, text);
	putc('\n', stderr);
}

static void
print_error(struct cli *cli)
{
	const char *remedy = exit_remedy(cli->err);

	fputs("psm: ", stderr);
	if (cli->command != NULL)
		fprintf(stderr, "%s: ", cli->command->name);
	put_text(stderr, cli->why);
	putc('\n', stderr);
	if (remedy != NULL)
		fprintf(stderr, "%s\n", remedy);
}

/* Say how it went, on the channel the caller wants; the exit code. */
static int
report(struct cli *cli, enum psm_err err)
{
	bool js = opt_given(cli, OPT_JS) && !cli->json;

	ui_clear(cli);
	if (err != PSM_OK)
		cli_keep(cli, err);
	if (js)
		puts(psm_js_string(cli->err));
	if (cli->err != PSM_OK && cli->json && !ferror(stdout))
		output_json(cli, pj_error(cli->err, cli->why));
	else if (cli->err != PSM_OK)
		print_error(cli);
	else if (output_flush(cli) != PSM_OK)
		print_error(cli);
	return exit_code(cli->err);
}

/* --- a run -------------------------------------------------------------- */

const char *
cli_dir(const struct cli *cli)
{
	const char *dir = opt_value(cli, OPT_DIR);

	return dir != NULL ? dir : getenv("PSM_DIR");
}

enum psm_err
cli_open(struct cli *cli, unsigned flags)
{
	cli->ctx = psm_new(&cli_ui, cli);
	if (cli->ctx == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	return psm_open(cli->ctx, cli_dir(cli), flags);
}

/* One source for one password. */
static enum psm_err
check_passwords(struct cli *cli)
{
	static const enum opt pairs[][2] = {
		{ OPT_PASSWORD_FILE, OPT_PASSWORD_FD },
		{ OPT_PASSWORD_FILE, OPT_NO_PASSWORD },
		{ OPT_PASSWORD_FD, OPT_NO_PASSWORD },
		{ OPT_BACKUP_PASSWORD_FILE, OPT_BACKUP_PASSWORD_FD },
		{ OPT_USER_PASSWORD_FILE, OPT_USER_PASSWORD_FD },
		{ OPT_NEW_PASSWORD_FILE, OPT_NEW_PASSWORD_FD },
	};
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < COUNT(pairs) && err == PSM_OK; i++)
		err = opt_exclude(cli, pairs[i][0], pairs[i][1]);
	return err;
}

static enum psm_err
check_usage(struct cli *cli)
{
	const struct command *command = cli->command;
	const char *dir = cli_dir(cli);
	bool needs_dir = (command->needs & B(DIR)) != 0;
	enum psm_err err;

	if ((err = options_check(cli, command->takes, command->needs & ~B(DIR),
	                         command->repeats)) != PSM_OK ||
	    (err = check_passwords(cli)) != PSM_OK)
		return err;
	if (needs_dir && (dir == NULL || *dir == '\0'))
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--dir, or $PSM_DIR, is needed");
	return PSM_OK;
}

/* No subcommand, or none that there is. */
static enum psm_err
no_command(struct cli *cli)
{
	const struct options *o = &cli->options;
	bool group = o->n_words > 0 && is_group(o->word[0]);
	size_t most = group ? 2 : 1;

	if (opt_given(cli, OPT_HELP) && o->n_words == most - 1) {
		print_help(stdout, group ? o->word[0] : NULL);
		return PSM_OK;
	}
	if (o->n_words < most)
		return cli_fail(cli, PSM_E_ARGUMENT, "a subcommand is needed");
	if (o->n_words > most)
		return cli_fail(cli, PSM_E_ARGUMENT, "\"%s\" is one word too "
		                "many; values stand after options",
		                o->word[most]);
	return cli_fail(cli, PSM_E_ARGUMENT, "\"%s%s%s\" is no subcommand",
	                o->word[0], group ? " " : "", group ? o->word[1] : "");
}

static enum psm_err
run(struct cli *cli, int argc, char **argv)
{
	enum psm_err err;

	if ((err = options_read(cli, argc, argv)) != PSM_OK)
		return err;
	cli->json = opt_given(cli, OPT_JSON);
	cli->quiet = opt_given(cli, OPT_QUIET);
	if (opt_given(cli, OPT_VERSION)) {
		printf("psm %s\n", psm_version());
		return PSM_OK;
	}
	cli->command = find_command(&cli->options);
	if (cli->command == NULL)
		return no_command(cli);
	if (opt_given(cli, OPT_HELP)) {
		print_command_help(stdout, cli->command);
		return PSM_OK;
	}
	if ((err = check_usage(cli)) != PSM_OK)
		return err;
	return cli->command->run(cli);
}

/* Before the options are read, as their errors are JSON too. */
static bool
wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.token_password = { .file = OPT_PASSWORD_FILE,
		                    .fd = OPT_PASSWORD_FD },
		.backup_password = { .file = OPT_BACKUP_PASSWORD_FILE,
		                     .fd = OPT_BACKUP_PASSWORD_FD },
	};
	int code;

	cli.json = wants_json(argc, argv);
	code = report(&cli, run(&cli, argc, argv));
	psm_free(cli.ctx);
	options_clear(&cli.options);
	explicit_bzero(&cli, sizeof cli);
	return code;
}

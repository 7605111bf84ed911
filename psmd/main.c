/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* main.c - the program psmd: one table of subcommands, one of options. */

#include <getopt.h>
#include <string.h>

#include "psmd/command.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- the tables ---------------------------------------------------------- */

static const struct {
	char letter; /* 0: none */
	const char *name, *value, *help;
} options[] = {
	[OPT_CONFIG] = { 'c', "config", "FILE", "the configuration file" },
	[OPT_NAMES] = { 'n', "names", "NAME[,NAME]",
		"what the server is called: host names and addresses" },
	[OPT_LISTEN] = { 'l', "listen", "ADDRESS[,ADDRESS]",
		"where HTTPS is served (127.0.0.1:8443)" },
	[OPT_USER] = { 'u', "user", "USER", "who psmd runs as; needs root" },
	[OPT_DAYS] = { 0, "days", "N",
		"validity of the certificate; the server's has 825" },
	[OPT_PRIVILEGES] = { 'p', "privileges", "LIST",
		"system-control, order-control, all, or nothing: \"\"" },
	[OPT_FILE] = { 'f', "file", "FILE",
		"the password is FILE's first line; - is standard input" },
	[OPT_GENERATE] = { 0, "generate", NULL,
		"make a password and print it" },
	[OPT_DIGEST] = { 0, "digest", NULL,
		"keep a hash for Digest, as a new account has" },
	[OPT_NO_DIGEST] = { 0, "no-digest", NULL,
		"keep no hash for Digest; the account has Basic alone" },
	[OPT_ENABLE] = { 0, "enable", NULL, "the account may log in" },
	[OPT_DISABLE] = { 0, "disable", NULL, "it may not" },
	[OPT_UNLOCK] = { 0, "unlock", NULL,
		"end a lock that wrong passwords made" },
	[OPT_NOTED] = { 0, "noted", "HASH",
		"an entry must have this hash, which was noted before" },
	[OPT_STATE] = { 0, "state", "STATE",
		"applied, approved, rejected, issued or revoked" },
	[OPT_ACCOUNT] = { 0, "account", "NAME", "of that account alone" },
	[OPT_LIMIT] = { 0, "limit", "N", "the newest N" },
	[OPT_REASON] = { 0, "reason", "TEXT",
		"why; for ca revoke keyCompromise, superseded, ..." },
	[OPT_SUBJECT] = { 's', "subject", "DN",
		"what the authority is called" },
	[OPT_ISSUER] = { 0, "issuer", "NICKNAME",
		"the authority that it is below (#ca)" },
	[OPT_ROOT] = { 0, "root", NULL, "it is below none" },
	[OPT_KEY] = { 'k', "key", "KIND",
		"ec, ec-p384, ec-p521, rsa (3072 bits), rsa-2048, rsa-4096" },
	[OPT_HELP] = { 'h', "help", NULL, "print this" },
	[OPT_VERSION] = { 'V', "version", NULL, "print the version" },
};
_Static_assert(COUNT(options) == OPT_COUNT_, "a row for each option");

#define B(name) (1u << OPT_##name)
#define PASSWORD (B(FILE) | B(GENERATE) | B(DIGEST) | B(NO_DIGEST))

static const struct command {
	const char *name, *word, *summary; /* word NULL: takes none */
	int (*run)(const struct args *args);
	unsigned takes, needs;
} commands[] = {
	{ "init", "DIR", "make all that a first start needs", cmd_init,
	  B(NAMES) | B(LISTEN) | B(USER) | B(DAYS), 0 },
	{ "run", NULL, "serve, in the foreground", cmd_run, B(CONFIG),
	  B(CONFIG) },
	{ "renew", NULL, "make another certificate for the server", cmd_renew,
	  B(CONFIG) | B(NAMES) | B(DAYS), B(CONFIG) },
	{ "check", NULL, "say what is wrong with a configuration", cmd_check,
	  B(CONFIG), B(CONFIG) },
	{ "account add", "NAME", "make an account", cmd_account_add,
	  B(CONFIG) | B(PRIVILEGES) | B(DISABLE) | PASSWORD, B(CONFIG) },
	{ "account list", NULL, "list the accounts", cmd_account_list,
	  B(CONFIG), B(CONFIG) },
	{ "account change", "NAME", "change what an account may do",
	  cmd_account_change,
	  B(CONFIG) | B(PRIVILEGES) | B(ENABLE) | B(DISABLE) | B(UNLOCK),
	  B(CONFIG) },
	{ "account passwd", "NAME", "change an account's password",
	  cmd_account_passwd, B(CONFIG) | PASSWORD, B(CONFIG) },
	{ "account remove", "NAME", "remove an account", cmd_account_remove,
	  B(CONFIG), B(CONFIG) },
	{ "audit list", NULL, "print the audit trail", cmd_audit_list,
	  B(CONFIG), B(CONFIG) },
	{ "audit verify", NULL, "look for changes of the audit trail",
	  cmd_audit_verify, B(CONFIG) | B(NOTED), B(CONFIG) },
	{ "ca init", NULL, "make the authority that issues", cmd_ca_init,
	  B(CONFIG) | B(SUBJECT) | B(ISSUER) | B(ROOT) | B(DAYS) | B(KEY),
	  B(CONFIG) },
	{ "ca crl", NULL, "make another CRL and publish it", cmd_ca_crl,
	  B(CONFIG), B(CONFIG) },
	{ "ca revoke", "SERIAL|ID", "revoke a certificate, and publish that",
	  cmd_ca_revoke, B(CONFIG) | B(REASON), B(CONFIG) | B(REASON) },
	{ "order list", NULL, "list the orders, the newest first",
	  cmd_order_list, B(CONFIG) | B(STATE) | B(ACCOUNT) | B(LIMIT),
	  B(CONFIG) },
	{ "order show", "NUMBER", "print all that is known of an order",
	  cmd_order_show, B(CONFIG), B(CONFIG) },
	{ "order approve", "NUMBER", "approve an order, and issue it",
	  cmd_order_approve, B(CONFIG) | B(REASON), B(CONFIG) },
	{ "order reject", "NUMBER", "reject an order", cmd_order_reject,
	  B(CONFIG) | B(REASON), B(CONFIG) | B(REASON) },
};

/* --- help ---------------------------------------------------------------- */

static void
print_options(FILE *out, unsigned which)
{
	for (int i = 0; i < OPT_COUNT_; i++) {
		char left[64];

		if ((which & (1u << i)) == 0)
			continue;
		snprintf(left, sizeof left, "%c%c%c --%s %s",
		         options[i].letter != 0 ? '-' : ' ',
		         options[i].letter != 0 ? options[i].letter : ' ',
		         options[i].letter != 0 ? ',' : ' ', options[i].name,
		         options[i].value != NULL ? options[i].value : "");
		fprintf(out, "  %-31s %s\n", left, options[i].help);
	}
}

static void
print_command_help(FILE *out, const struct command *command)
{
	fprintf(out, "usage: psmd %s%s%s", command->name,
	        command->word != NULL ? " " : "",
	        command->word != NULL ? command->word : "");
	if ((command->needs & B(CONFIG)) != 0)
		fputs(" -c FILE", out);
	fprintf(out, " [OPTION ...]\n\npsmd %s - %s.\n\n", command->name,
	        command->summary);
	print_options(out, command->takes | B(HELP));
}

static void
print_help(FILE *out)
{
	fputs("usage: psmd SUBCOMMAND [OPTION ...]\n\nCommands:\n", out);
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(out, "  %-14s  %s\n", commands[i].name,
		        commands[i].summary);
	fputs("\nOptions ('psmd SUBCOMMAND --help' shows the others):\n", out);
	print_options(out, B(HELP) | B(VERSION));
}

/* --- the command line ---------------------------------------------------- */

/* What getopt_long() wants to know. */
struct spec {
	struct option longs[OPT_COUNT_ + 1];
	char letters[2 * OPT_COUNT_ + 2];
};

static void
make_spec(struct spec *spec)
{
	char *letter = spec->letters;

	memset(spec, 0, sizeof *spec);
	*letter++ = ':'; /* a missing value is told from an unknown option */
	for (int i = 0; i < OPT_COUNT_; i++) {
		spec->longs[i].name = options[i].name;
		spec->longs[i].has_arg = options[i].value != NULL;
		spec->longs[i].val = 0x100 + i;
		if (options[i].letter == 0)
			continue;
		*letter++ = options[i].letter;
		if (options[i].value != NULL)
			*letter++ = ':';
	}
}

static int
find_option(int c)
{
	for (int i = 0; i < OPT_COUNT_; i++)
		if (c == 0x100 + i || (c != 0 && c == options[i].letter))
			return i;
	return OPT_COUNT_;
}

static bool
read_options(int argc, char **argv, struct args *args)
{
	struct spec spec;
	int c, i;

	make_spec(&spec);
	opterr = 0;
	while ((c = getopt_long(argc, argv, spec.letters, spec.longs, NULL)) !=
	       -1) {
		if (c == ':')
			return command_fail("%s needs a value",
			                    argv[optind - 1]);
		i = find_option(c);
		if (i == OPT_COUNT_)
			return command_fail("%s is no option of psmd",
			                    argv[optind - 1]);
		if (args->value[i] != NULL)
			return command_fail("--%s stands there twice",
			                    options[i].name);
		args->value[i] = optarg != NULL ? optarg : "";
	}
	return true;
}

/* How many of the words are the name of command; 0: it is another. */
static int
match(const struct command *command, int n, char **words)
{
	const char *second = strchr(command->name, ' ');
	size_t first = second != NULL ? (size_t)(second - command->name)
	                              : strlen(command->name);

	if (n == 0 || strlen(words[0]) != first ||
	    strncmp(words[0], command->name, first) != 0)
		return 0;
	if (second == NULL)
		return 1;
	return n > 1 && strcmp(words[1], second + 1) == 0 ? 2 : 0;
}

/* "order": of "order list" and others. */
static bool
is_half(const char *word)
{
	const size_t len = strlen(word);

	for (size_t i = 0; i < COUNT(commands); i++)
		if (strncmp(commands[i].name, word, len) == 0 &&
		    commands[i].name[len] == ' ')
			return true;
	return false;
}

static const struct command *
find_command(int n, char **words, int *ret_used)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if ((*ret_used = match(&commands[i], n, words)) > 0)
			return &commands[i];
	if (n == 0)
		command_fail("a subcommand is needed; see psmd --help");
	else if (n == 1 && is_half(words[0]))
		command_fail("\"%s\" needs a second word; see psmd --help",
		             words[0]);
	else
		command_fail("\"%s%s%s\" is no subcommand; see psmd --help",
		             words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
	return NULL;
}

static bool
check_pairs(const struct args *args)
{
	static const enum opt pairs[][2] = {
		{ OPT_FILE, OPT_GENERATE },
		{ OPT_DIGEST, OPT_NO_DIGEST },
		{ OPT_ENABLE, OPT_DISABLE },
		{ OPT_ISSUER, OPT_ROOT },
	};

	for (size_t i = 0; i < COUNT(pairs); i++)
		if (args->value[pairs[i][0]] != NULL &&
		    args->value[pairs[i][1]] != NULL)
			return command_fail("--%s and --%s exclude each other",
			                    options[pairs[i][0]].name,
			                    options[pairs[i][1]].name);
	return true;
}

static bool
check_usage(const struct command *command, const struct args *args, int n_words)
{
	if (n_words > (command->word != NULL))
		return command_fail("there is a word too many");
	if (n_words < (command->word != NULL))
		return command_fail("%s needs a %s", command->name,
		                    command->word);
	for (int i = 0; i < OPT_COUNT_; i++) {
		if (args->value[i] != NULL && (command->takes & (1u << i)) == 0)
			return command_fail("%s has no --%s", command->name,
			                    options[i].name);
		if (args->value[i] == NULL && (command->needs & (1u << i)) != 0)
			return command_fail("--%s is needed", options[i].name);
	}
	return check_pairs(args);
}

static int
run(const struct command *command, struct args *args, int n, char **words)
{
	if (args->value[OPT_HELP] != NULL) {
		print_command_help(stdout, command);
		return STATUS_DONE;
	}
	args->word = n > 0 ? words[0] : NULL;
	if (!check_usage(command, args, n))
		return STATUS_USAGE;
	return command->run(args);
}

int
main(int argc, char **argv)
{
	const struct command *command;
	struct args args = { .word = NULL };
	int used = 0;

	if (!read_options(argc, argv, &args))
		return STATUS_USAGE;
	if (args.value[OPT_VERSION] != NULL) {
		printf("psmd %s\n", PACKAGE_VERSION);
		return STATUS_DONE;
	}
	if (optind == argc && args.value[OPT_HELP] != NULL) {
		print_help(stdout);
		return STATUS_DONE;
	}
	command = find_command(argc - optind, argv + optind, &used);
	if (command == NULL)
		return STATUS_USAGE;
	return run(command, &args, argc - optind - used, argv + optind + used);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* account.c - psmd account add, list, change, passwd and remove.
 *
 * A daemon that runs sees a change at once: it looks each account up. */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "psmd/command.h"
#include "psmd/hash.h"
#include "psmd/password.h"

enum { PASSWORD_MIN = 8 }; /* bytes */

struct editing {
	const struct args *args;
	struct config *config;
	struct records *records;
	struct account account;
	char password[PASSWORD_MAX + 2];
};

static bool
fail_records(const struct editing *e, enum rec_err err)
{
	if (err == REC_NOT_FOUND && e->records != NULL)
		return command_fail("there is no account \"%s\"",
		                    e->args->word);
	if (err == REC_EXISTS)
		return command_fail("there is an account \"%s\" already",
		                    e->args->word);
	return command_fail("%s: %s", e->config->records, rec_strerror(err));
}

static int
editing_begin(struct editing *e, const struct args *args, bool may_make)
{
	enum rec_err err;

	*e = (struct editing){ .args = args };
	if (args->word != NULL && !account_name_valid(args->word)) {
		command_fail("\"%s\" is no name: 1 to %d bytes, without \":\"",
		             args->word, ACCOUNT_NAME_MAX);
		return STATUS_USAGE;
	}
	e->config = config_read(args->value[OPT_CONFIG], stderr);
	if (e->config == NULL)
		return STATUS_CONFIG;
	err = records_open(e->config->records, false, &e->records);
	if (err == REC_OK || (err == REC_NOT_FOUND && may_make))
		return STATUS_DONE;
	fail_records(e, err);
	config_free(e->config);
	return STATUS_FAILED;
}

static int
editing_end(struct editing *e, int status)
{
	records_close(e->records);
	config_free(e->config);
	explicit_bzero(e, sizeof *e);
	if (fflush(stdout) != 0 && status == STATUS_DONE) {
		command_fail("cannot write: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return status;
}

static void
set_name(struct editing *e)
{
	snprintf(e->account.name, sizeof e->account.name, "%s", e->args->word);
}

static bool
find(struct editing *e)
{
	enum rec_err err = records_account_get(e->records, e->args->word,
	                                       &e->account);

	return err == REC_OK || fail_records(e, err);
}

/* --- privileges ---------------------------------------------------------- */

/* A list with commas between. */
static bool
read_privileges(const char *text, unsigned *ret_privileges)
{
	char name[64];
	unsigned all = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, ",");
		unsigned bit;

		snprintf(name, sizeof name, "%.*s", (int)len, text);
		bit = strcmp(name, "all") == 0 ? PRIV_ALL
		                               : privilege_by_name(name);
		if (bit == 0)
			return command_fail("\"%s\" is no privilege", name);
		all |= bit;
		text += len + (text[len] == ',');
	}
	*ret_privileges = all;
	return true;
}

static void
print_privileges(unsigned privileges)
{
	const char *comma = "";

	for (unsigned bit = 1; bit != 0 && bit <= PRIV_ALL; bit <<= 1)
		if ((privileges & bit) != 0) {
			printf("%s%s", comma, privilege_name(bit));
			comma = ",";
		}
	if (*comma == '\0')
		putchar('-');
}

/* What the options say of it, where they say something. */
static bool
read_options(struct editing *e)
{
	const struct args *args = e->args;

	if (args->value[OPT_ENABLE] != NULL)
		e->account.enabled = true;
	if (args->value[OPT_DISABLE] != NULL)
		e->account.enabled = false;
	return args->value[OPT_PRIVILEGES] == NULL ||
	       read_privileges(args->value[OPT_PRIVILEGES],
	                       &e->account.privileges);
}

/* --- passwords ----------------------------------------------------------- */

static bool
ask(struct editing *e)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool good;

	if (tty < 0)
		return command_fail("there is no terminal to ask for a "
		                    "password on; see --file and --generate");
	good = terminal_ask(tty, "New password", true, e->password,
	                    sizeof e->password);
	close(tty);
	return good || command_fail("nothing was changed");
}

/* One line; of standard input only the first is taken. */
static bool
read_file(struct editing *e, const char *path)
{
	bool is_input = strcmp(path, "-") == 0, good;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return command_fail("%s: %s", path, strerror(errno));
	good = terminal_read(fd, true, e->password, sizeof e->password);
	if (!good)
		command_fail("no password from %s: %s", path,
		             strerror(errno));
	if (!is_input)
		close(fd);
	e->password[strcspn(e->password, "\r\n")] = '\0';
	return good;
}

static bool
get_password(struct editing *e)
{
	const char *path = e->args->value[OPT_FILE];

	if (e->args->value[OPT_GENERATE] != NULL) {
		password_make(e->password, sizeof e->password);
		return true;
	}
	if (!(path != NULL ? read_file(e, path) : ask(e)))
		return false;
	if (strlen(e->password) < PASSWORD_MIN)
		return command_fail("a password has %d bytes or more",
		                    PASSWORD_MIN);
	return true;
}

/* The hash of MD5 for Digest is NSS's to make. */
static bool
set_password(struct editing *e, bool digest)
{
	bool good;

	if (e->args->value[OPT_DIGEST] != NULL)
		digest = true;
	if (e->args->value[OPT_NO_DIGEST] != NULL)
		digest = false;
	if (!password_init())
		return command_fail("libsodium does not start");
	if (!get_password(e))
		return false;
	if (!hash_open())
		return command_fail("NSS does not start");
	good = password_set(&e->account, e->password, e->config->realm, digest);
	if (!hash_close() || !good)
		return command_fail("the password cannot be kept: it is too "
		                    "long, or there is no memory");
	return true;
}

/* Only what was made here is printed, and only when it counts. */
static void
print_password(const struct editing *e)
{
	if (e->args->value[OPT_GENERATE] != NULL)
		puts(e->password);
}

/* --- the records ---------------------------------------------------------- */

/* An empty file, whose psmd is to use it. */
static bool
make_file(const struct config *config)
{
	const struct passwd *owner = NULL;
	int fd;
	bool good;

	if (geteuid() == 0 && config->user != NULL &&
	    (owner = getpwnam(config->user)) == NULL)
		return command_fail("there is no user \"%s\"", config->user);
	fd = open(config->records, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0600);
	good = fd >= 0 &&
	       (owner == NULL ||
	        fchown(fd, owner->pw_uid, owner->pw_gid) == 0);
	if (!good)
		command_fail("%s: %s", config->records, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

/* Those that were lost are no more; new ones begin with their first account. */
static bool
make_records(struct editing *e)
{
	const char *path = e->config->records;
	enum rec_err err;

	if (!make_file(e->config))
		return false;
	err = records_open(path, true, &e->records);
	if (err != REC_OK) {
		(void)unlink(path);
		return fail_records(e, err);
	}
	command_fail("%s was not there, and is made anew; a psmd that runs "
	             "needs a new start", path);
	return true;
}

/* --- the subcommands ----------------------------------------------------- */

static bool
add(struct editing *e)
{
	enum rec_err err;

	set_name(e);
	e->account.enabled = true;
	if (!read_options(e) || !set_password(e, true) ||
	    (e->records == NULL && !make_records(e)))
		return false;
	err = records_account_add(e->records, &e->account);
	if (err != REC_OK)
		return fail_records(e, err);
	print_password(e);
	if (e->account.privileges == 0)
		fprintf(stderr, "psmd: \"%s\" has no privileges: it can order, "
		        "and no more\n", e->account.name);
	return true;
}

/* What is not spoken of is not looked at: another may change it meanwhile. */
static bool
change(struct editing *e)
{
	const char *const *value = e->args->value;
	unsigned which = 0;
	enum rec_err err;

	if (!read_options(e))
		return false;
	if (value[OPT_PRIVILEGES] != NULL)
		which |= CHANGE_PRIVILEGES;
	if (value[OPT_ENABLE] != NULL || value[OPT_DISABLE] != NULL)
		which |= CHANGE_ENABLED;
	if (value[OPT_UNLOCK] != NULL)
		which |= CHANGE_LOCK;
	set_name(e);
	err = records_account_change(e->records, &e->account, which);
	return err == REC_OK || fail_records(e, err);
}

static bool
passwd(struct editing *e)
{
	enum rec_err err;

	if (!find(e) || !set_password(e, e->account.has_digest))
		return false;
	err = records_account_change(e->records, &e->account, CHANGE_PASSWORD);
	if (err != REC_OK)
		return fail_records(e, err);
	print_password(e);
	return true;
}

static bool
remove_account(struct editing *e)
{
	enum rec_err err = records_account_remove(e->records, e->args->word);

	return err == REC_OK || fail_records(e, err);
}

static void
print_account(const struct account *a)
{
	const char *state = !a->enabled                    ? "disabled"
	                    : a->locked_until > time(NULL) ? "locked"
	                                                   : "enabled";

	printf("%-8s  %-6s  ", state, a->has_digest ? "digest" : "basic");
	print_privileges(a->privileges);
	printf("  %s\n", a->name);
}

static bool
list(struct editing *e)
{
	struct account *accounts = NULL;
	size_t n = 0;
	enum rec_err err = records_account_list(e->records, &accounts, &n);

	if (err != REC_OK)
		return fail_records(e, err);
	for (size_t i = 0; i < n; i++)
		print_account(&accounts[i]);
	if (accounts != NULL)
		explicit_bzero(accounts, n * sizeof *accounts);
	free(accounts);
	return true;
}

static int
edit(const struct args *args, bool (*fn)(struct editing *e))
{
	struct editing e;
	int status = editing_begin(&e, args, fn == add);

	if (status != STATUS_DONE)
		return status;
	return editing_end(&e, fn(&e) ? STATUS_DONE : STATUS_FAILED);
}

int
cmd_account_add(const struct args *args)
{
	return edit(args, add);
}

int
cmd_account_list(const struct args *args)
{
	return edit(args, list);
}

int
cmd_account_change(const struct args *args)
{
	return edit(args, change);
}

int
cmd_account_passwd(const struct args *args)
{
	return edit(args, passwd);
}

int
cmd_account_remove(const struct args *args)
{
	return edit(args, remove_account);
}

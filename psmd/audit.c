/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* audit.c - psmd audit list and verify. */

#include <errno.h>
#include <string.h>

#include "psmd/command.h"
#include "psmd/plain.h"
#include "psmd/records_audit.h"

/* A blank ends it: a name with one in it is not to look like more fields. */
static void
print_field(const char *name, const char *text)
{
	printf(" %s=", name);
	print_word(text);
}

/* One entry is one line. */
static bool
print_entry(const struct audit_entry *entry, void *arg)
{
	(void)arg;
	printf("%jd ", (intmax_t)entry->number);
	print_time(entry->time);
	print_field("account", entry->account);
	print_field("address", entry->address);
	print_field("action", entry->action);
	print_field("object", entry->object);
	putchar(' ');
	print_plain(entry->details, "\\");
	putchar('\n');
	return !ferror(stdout);
}

static bool
list(struct records *records, const struct args *args, enum rec_err *ret_err)
{
	(void)args;
	*ret_err = records_audit_list(records, 1, print_entry, NULL);
	return *ret_err == REC_OK;
}

static bool
say(const struct audit_check *check)
{
	switch (check->verdict) {
	case AUDIT_INTACT:
		printf("%jd entries, intact; the last has the hash\n%s\n",
		       (intmax_t)check->number,
		       check->number > 0 ? check->hash : "-");
		return true;
	case AUDIT_CHANGED:
		return command_fail("the audit trail was changed at entry %jd",
		                    (intmax_t)check->number);
	case AUDIT_MISSING:
		return command_fail("the audit trail has lost entry %jd",
		                    (intmax_t)check->number);
	case AUDIT_UNKNOWN:
		break;
	}
	return command_fail("the audit trail has no entry with that hash: it "
	                    "is another one");
}

static bool
verify(struct records *records, const struct args *args, enum rec_err *ret_err)
{
	struct audit_check check;

	*ret_err = records_audit_verify(records, args->value[OPT_NOTED],
	                                &check);
	return *ret_err == REC_OK && say(&check);
}

static int
with_records(const struct args *args,
             bool (*fn)(struct records *records, const struct args *args,
                        enum rec_err *ret_err))
{
	struct config *config = config_read(args->value[OPT_CONFIG], stderr);
	struct records *records = NULL;
	enum rec_err err;
	bool good = false;

	if (config == NULL)
		return STATUS_CONFIG;
	err = records_open(config->records, false, &records);
	if (err == REC_OK)
		good = fn(records, args, &err);
	if (err != REC_OK)
		command_fail("%s: %s", config->records, rec_strerror(err));
	records_close(records);
	config_free(config);
	if (fflush(stdout) != 0 || ferror(stdout))
		good = command_fail("cannot write: %s", strerror(errno));
	return good ? STATUS_DONE : STATUS_FAILED;
}

int
cmd_audit_list(const struct args *args)
{
	return with_records(args, list);
}

int
cmd_audit_verify(const struct args *args)
{
	return with_records(args, verify);
}

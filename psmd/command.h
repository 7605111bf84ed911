/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* command.h - what the subcommands of the program psmd share. */

#ifndef PSMD_COMMAND_H
#define PSMD_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "psmd/config.h"
#include "psmd/records.h"

/* One letter and one long name mean one thing, whatever the subcommand. */
enum opt {
	OPT_CONFIG, OPT_NAMES, OPT_LISTEN, OPT_USER, OPT_DAYS, OPT_PRIVILEGES,
	OPT_FILE, OPT_GENERATE, OPT_DIGEST, OPT_NO_DIGEST, OPT_ENABLE,
	OPT_DISABLE, OPT_UNLOCK, OPT_NOTED, OPT_STATE, OPT_ACCOUNT, OPT_LIMIT,
	OPT_REASON, OPT_SUBJECT, OPT_ISSUER, OPT_ROOT, OPT_KEY, OPT_HELP,
	OPT_VERSION,
	OPT_COUNT_
};

struct args {
	const char *value[OPT_COUNT_]; /* "" for one that takes none; NULL: not
	                                * given */
	const char *word;              /* DIR, NAME ...; NULL: none */
};

/* Exit statuses: psmd(8) documents them, the systemd unit relies on them. */
enum {
	STATUS_DONE,
	STATUS_FAILED,
	STATUS_USAGE, /* the command line makes no sense */
	STATUS_CONFIG /* the configuration does not */
};

/* A sentence on standard error, after "psmd: ". Returns false. */
bool command_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* After a failure: NSS does not say that a disk is full, so this does. */
void command_tell_room(const char *path);

int cmd_init(const struct args *args);
int cmd_run(const struct args *args);
int cmd_renew(const struct args *args);
int cmd_check(const struct args *args);
int cmd_account_add(const struct args *args);
int cmd_account_list(const struct args *args);
int cmd_account_change(const struct args *args);
int cmd_account_passwd(const struct args *args);
int cmd_account_remove(const struct args *args);
int cmd_audit_list(const struct args *args);
int cmd_audit_verify(const struct args *args);
int cmd_ca_init(const struct args *args);
int cmd_ca_crl(const struct args *args);
int cmd_ca_revoke(const struct args *args);
int cmd_order_list(const struct args *args);
int cmd_order_show(const struct args *args);
int cmd_order_approve(const struct args *args);
int cmd_order_reject(const struct args *args);

#endif

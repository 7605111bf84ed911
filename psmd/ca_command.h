/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_command.h - what psmd ca's subcommands share. */

#ifndef PSMD_CA_COMMAND_H
#define PSMD_CA_COMMAND_H

#include "psmd/command.h"
#include "psmd/issuer.h"

struct ca_command {
	const struct args *args;
	struct issuing issuing;
};

/* "psmd" itself, for the audit trail. */
extern const struct rec_actor ca_actor;

/* Do it with all that issuing takes, open; the exit status. false: it failed,
 * and said so. */
int ca_command(const struct args *args, bool (*fn)(struct ca_command *command,
                                                   void *arg),
               void *arg);
/* Make another CRL and publish it. */
bool ca_publish(const struct ca_command *command);
/* The CRL that is published. */
bool ca_print_crl(const struct ca_command *command);

#endif

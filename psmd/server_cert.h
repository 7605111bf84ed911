/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* server_cert.h - the server's certificate, from the CA of its own database. */

#ifndef PSMD_SERVER_CERT_H
#define PSMD_SERVER_CERT_H

#include "ca/ca.h"
#include "psmd/command.h"
#include "psmd/names.h"

#define SERVER_CA "#ca"

struct server_cert {
	const char *nickname;
	const char *subject; /* RFC 4514; NULL: the first name */
	const struct names *names;
	unsigned days;
};

/* Make a key and have ca issue its certificate. What had the nickname goes when
 * that is stored, not before. false: nothing is changed, and why is on standard
 * error. */
bool server_cert_make(struct psm_ctx *ctx, struct ca *ca,
                      const struct server_cert *wanted);
/* --days, or what is usual; false: it is no number of days, and said so. */
bool server_cert_days(const struct args *args, unsigned *ret_days);

#endif

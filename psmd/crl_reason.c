/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl_reason.c - why a certificate is revoked, in words. */

#include <strings.h>

#include "psmd/crl.h"
#include "psmd/records_cert.h"

static const struct {
	int reason;
	const char *name;
} reasons[] = {
	{ CA_REASON_UNSPECIFIED, "unspecified" },
	{ CA_REASON_KEY_COMPROMISE, "keyCompromise" },
	{ CA_REASON_CA_COMPROMISE, "cACompromise" },
	{ CA_REASON_AFFILIATION_CHANGED, "affiliationChanged" },
	{ CA_REASON_SUPERSEDED, "superseded" },
	{ CA_REASON_CESSATION_OF_OPERATION, "cessationOfOperation" },
	{ CA_REASON_CERTIFICATE_HOLD, "certificateHold" },
	{ CERT_RELEASE, "removeFromCRL" },
	{ CA_REASON_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn" },
	{ CA_REASON_AA_COMPROMISE, "aACompromise" },
};

#define N_REASONS (sizeof reasons / sizeof reasons[0])

int
crl_reason(const char *name)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (strcasecmp(reasons[i].name, name) == 0)
			return reasons[i].reason;
	}
	return -1;
}

const char *
crl_reason_name(int reason)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (reasons[i].reason == reason)
			return reasons[i].name;
	}
	return NULL;
}

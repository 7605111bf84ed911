/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert_user.h - what the cert_user*.c files share: /api/cert/user. */

#ifndef PSMD_CERT_USER_H
#define PSMD_CERT_USER_H

#include "psm/psm.h"
#include "psmd/api.h"

#define CERT_NAME_MAX 64 /* hexadecimal digits of a SHA-256 */

/* Which certificate a request is about. */
struct cert_name {
	const char *param;            /* as it was said: "id", "fingerprint";
	                               * NULL: not at all */
	char text[CERT_NAME_MAX + 1]; /* an id, or a fingerprint without
	                               * colons, in lower case */
};

/* false: answered already, with what is wrong with it. */
bool cert_name_read(const struct request *request, struct cert_name *ret_name,
                    struct reply *reply);
/* There is no such certificate. */
void cert_answer_unknown(const struct cert_name *name, struct reply *reply);
/* The engine failed with err where nothing of the request is to blame; why is
 * for the log. */
void cert_answer_failure(const struct request *request, enum psm_err err,
                         const char *why, struct reply *reply);

void cert_user_get(const struct request *request, struct reply *reply);
void cert_user_put(const struct request *request, struct reply *reply);
void cert_user_delete(const struct request *request, struct reply *reply);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* client_cert.h - certificates that this service issued, as a login. */

#ifndef PSMD_CLIENT_CERT_H
#define PSMD_CLIENT_CERT_H

#include "psmd/request.h"

enum client_cert_is {
	CLIENT_CERT_IS_NONE,    /* none was sent, or it is another's */
	CLIENT_CERT_IS_OURS,    /* in force: not revoked, not expired */
	CLIENT_CERT_IS_REVOKED, /* or expired */
	CLIENT_CERT_IS_UNKNOWN  /* the records cannot be read */
};

/* What the connection's certificate is: found by its serial number, and the
 * same byte for byte.
 *   ret_id  of CLIENT_CERT_IS_OURS */
enum client_cert_is client_cert_look(const struct request *request,
                                     int64_t *ret_id);
/* Is it in force, and was it issued for an order that the account has placed,
 * since there is that account? Whether that may log in is not looked at. */
bool client_cert_is_for(const struct request *request,
                        const struct account *account);

#endif

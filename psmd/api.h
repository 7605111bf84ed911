/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* api.h - the manner in which the /api paths answer: JSON, HTTP 200 also for
 * errors, 401 for missing authorization, an error as
 * {"success":false,"error":{"code":12,"param":"id","description":"..."}}. */

#ifndef PSMD_API_H
#define PSMD_API_H

#include "psmd/request.h"

enum api_code {
	API_FUNCTION = 1, /* not supported */
	API_PATH = 2,
	API_METHOD = 3,
	API_DISABLED = 4,
	API_HTTPS = 7,
	API_AUTH_METHOD = 8,
	API_AUTHORIZATION = 9,
	API_PRIVILEGE = 10,
	API_MISSING = 11,
	API_VALUE = 12,
	API_TOO_BIG = 13,
	API_PROCESSING = 14,
	API_NO_DATA = 15,
	API_COLLISION = 17,
	API_REJECTED = 18
};

/* Takes over result's reference; NULL: a success without result. */
void api_success(struct reply *reply, json_t *result);
/* param NULL: none; description NULL: the code's own. */
void api_error(struct reply *reply, enum api_code code, const char *param,
               const char *description);
/* A route's refuse(). */
void api_refuse(const struct request *request, int refusal,
                struct reply *reply);
void cert_user_handler(const struct request *request, struct reply *reply);

/* /api/orders, for accounts with PRIV_ORDERS.
 *
 *   GET   ?state=&account=&before=&limit=
 *         {"orders": [...], "more": bool, "waiting": how many}, the newest
 *         first, from the number before on; as order_view_list() has it
 *   GET   ?number=
 *         {"order": {...}}, as order_view_one() has it
 *   POST  number, action and reason: approve, reject, or revoke (then a
 *         CRLReason by its name, and perhaps one certificate, by its id):
 *         what GET of that number answers, and "warning" when it is revoked but
 *         no CRL could be published */
void orders_handler(const struct request *request, struct reply *reply);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* server_cert.c - a key, its certificate, and the place for both. */

#include "psmd/server_cert.h"

#include <stdlib.h>

enum {
	USUAL_DAYS = 825, /* more is too much for some clients */
	MAX_DAYS = 3650
};

bool
server_cert_days(const struct args *args, unsigned *ret_days)
{
	const char *text = args->value[OPT_DAYS];
	char *end;
	unsigned long n;

	*ret_days = USUAL_DAYS;
	if (text == NULL)
		return true;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || n < 1 || n > MAX_DAYS)
		return command_fail("--days is a number from 1 to %d",
		                    MAX_DAYS);
	*ret_days = (unsigned)n;
	return true;
}

static bool
store(struct psm_ctx *ctx, const struct server_cert *wanted,
      const struct ca_answer *answer)
{
	const struct psm_put_params params = {
		.cert = answer->der, .cert_len = answer->der_len,
		.nickname = wanted->nickname, .flags = PSM_PUT_REPLACE
	};

	return psm_store_put(ctx, &params, NULL, NULL) == PSM_OK ||
	       command_fail("the server's certificate: %s", psm_errmsg(ctx));
}

/* The CA answers the request as it would anybody's. */
static bool
issue(struct psm_ctx *ctx, struct ca *ca, const struct server_cert *wanted,
      const struct psm_request *request)
{
	const struct ca_options options = {
		.dialect = CA_DIALECT_CERT, .no_ca_pubs = true,
		.purpose = CA_PURPOSE_SERVER,
		.server_names = wanted->names->list,
		.n_server_names = wanted->names->n,
		.days = wanted->days
	};
	struct ca_answer *answer = NULL;
	bool good;

	if (ca_issue(ca, request->der, request->der_len, &options, &answer) !=
	    PSM_OK)
		return command_fail("the server's certificate: %s",
		                    ca_errmsg(ca));
	good = store(ctx, wanted, answer);
	ca_answer_free(answer);
	return good;
}

static void
take_back(struct psm_ctx *ctx, const struct psm_request *request)
{
	if (psm_request_cancel(ctx, request->id, PSM_CANCEL_DELETE_KEY) !=
	    PSM_OK)
		command_fail("and its key stays: %s", psm_errmsg(ctx));
}

bool
server_cert_make(struct psm_ctx *ctx, struct ca *ca,
                 const struct server_cert *wanted)
{
	char subject[512];
	const struct psm_request_params params = {
		.subject = wanted->subject != NULL ? wanted->subject : subject,
		.key_type = PSM_KEY_EC, .format = PSM_REQUEST_PKCS10
	};
	struct psm_request *request = NULL;
	bool good;

	snprintf(subject, sizeof subject, "CN=%s", wanted->names->list[0]);
	if (psm_request_create(ctx, &params, &request) != PSM_OK)
		return command_fail("the server's key: %s", psm_errmsg(ctx));
	good = issue(ctx, ca, wanted, request);
	if (!good)
		take_back(ctx, request);
	psm_request_free(request);
	return good;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* api.c - the manner in which the /api paths answer. */

#include "psmd/api.h"

#include <string.h>

#include "json/json.h"
#include "psmd/server.h"

static const char *const descriptions[] = {
	[API_FUNCTION] = "this function is not supported",
	[API_PATH] = "there is no such path",
	[API_METHOD] = "this path does not know this method",
	[API_DISABLED] = "this service is switched off",
	[API_HTTPS] = "this service is answered over HTTPS only",
	[API_AUTH_METHOD] = "this service wants another way to log in",
	[API_AUTHORIZATION] = "log in first",
	[API_PRIVILEGE] = "this account has not the privilege for it",
	[API_MISSING] = "a parameter is missing",
	[API_VALUE] = "a parameter has a value that does not do",
	[API_TOO_BIG] = "that is too much data",
	[API_PROCESSING] = "the request could not be processed",
	[API_NO_DATA] = "there is nothing to answer with",
	[API_COLLISION] = "these parameters exclude each other",
	[API_REJECTED] = "this is not allowed",
};

void
api_success(struct reply *reply, json_t *result)
{
	json_t *answer = json_pack("{s:b, s:o*}", "success", 1, "result",
	                           result);

	reply_json(reply, 200, answer);
}

void
api_error(struct reply *reply, enum api_code code, const char *param,
          const char *description)
{
	json_t *answer;

	if (description == NULL)
		description = descriptions[code];
	/* it may quote a name that somebody else stored */
	answer = json_pack("{s:b, s:{s:i, s:s*, s:o}}", "success", 0, "error",
	                   "code", (int)code, "param", param, "description",
	                   pj_text(description));
	reply_json(reply, code == API_AUTHORIZATION ? 401 : 200, answer);
}

void
api_refuse(const struct request *request, int refusal, struct reply *reply)
{
	static const enum api_code codes[] = {
		[REFUSED_PATH] = API_PATH,
		[REFUSED_DISABLED] = API_DISABLED,
		[REFUSED_HTTPS_REQUIRED] = API_HTTPS,
		[REFUSED_AUTH_METHOD] = API_AUTH_METHOD,
		[REFUSED_AUTHORIZATION] = API_AUTHORIZATION,
		[REFUSED_PRIVILEGE] = API_PRIVILEGE,
		[REFUSED_TOO_BIG] = API_TOO_BIG,
		[REFUSED_MALFORMED] = API_PROCESSING,
		[REFUSED_BUSY] = API_PROCESSING,
		[REFUSED_MEMORY] = API_PROCESSING,
	};
	const char *why = NULL;

	(void)request;
	if (refusal == REFUSED_MALFORMED)
		why = "the request is malformed";
	if (refusal == REFUSED_BUSY)
		why = "there is too much to do, try again later";
	api_error(reply, codes[refusal], NULL, why);
	if (refusal == REFUSED_MALFORMED)
		reply->status = 400;
	if (refusal == REFUSED_BUSY)
		reply->status = 503;
	if (refusal == REFUSED_MEMORY)
		reply->status = 500;
}

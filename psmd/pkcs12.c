/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12.c - createPKCS12ById: from the request to its answer. */

#include "psmd/pkcs12.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "psmd/log.h"

/* --- secrets ------------------------------------------------------------- */

/* It never makes a block larger but by another one, and frees the old: so there
 * is no copy left behind. */
static void
wipe_and_free(void *block)
{
	if (block != NULL)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

void
pkcs12_init(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

void
p12_call_clear(struct p12_call *call)
{
	json_decref(call->ask.json);
	pfx_wipe(call->ask.signed_data, call->ask.signed_len);
	pfx_wipe(call->content.text, call->content.len);
	*call = (struct p12_call){ 0 };
}

/* --- answers ------------------------------------------------------------- */

/* Takes over result's reference. */
static void
answer(struct reply *reply, const char *status, json_t *result,
       const char *subscriber, const char *request_id)
{
	reply_json(reply, 200,
	           json_pack("{s:s, s:o, s:s?, s:s?}", "status", status,
	                     "result", result, "subscriberId", subscriber,
	                     "requestId", request_id));
}

static void
answer_failure(struct reply *reply, unsigned status, const char *message)
{
	answer(reply, "failure", json_string(message), NULL, NULL);
	if (reply->status == 200)
		reply->status = status;
}

static const char *const messages[] = {
	[P12_INPUT] = "Invalid input data",
	[P12_PARAMETER] = "Invalid parameter",
	[P12_VALIDITY] = "Invalid validity",
	[P12_FROM] = "Invalid From Date",
	[P12_DETAILS] = "Invalid request details found",
	[P12_SIGNATURE] = "Signature verification failed",
	[P12_PROFILE] = "Profile does not exist",
	[P12_OTHER] = "Not the request that was approved",
	[P12_MADE_NOW] = "Request is being processed",
	[P12_BUSY] = "Too many requests, try again later",
	[P12_FAILED] = "Internal server error",
};

static void
answer_error(struct reply *reply, enum p12_err err)
{
	answer_failure(reply, err == P12_BUSY ? 503 : 200, messages[err]);
	if (err == P12_BUSY && !reply_header(reply, "Retry-After", "3"))
		reply->status = 500;
}

static void
answer_rejected(struct reply *reply, const struct pkcs12_result *result)
{
	char message[sizeof result->reason + 32];

	snprintf(message, sizeof message, "Request rejected%s%s",
	         result->reason[0] != '\0' ? ": " : "", result->reason);
	answer_failure(reply, 200, message);
}

static void
answer_result(struct reply *reply, const struct pkcs12_result *result)
{
	char request_id[24];

	if (result->state == PKCS12_DONE) {
		answer(reply, "success", pj_base64(result->file, result->len),
		       result->subscriber, NULL);
		return;
	}
	snprintf(request_id, sizeof request_id, "%jd",
	         (intmax_t)result->request);
	answer(reply, "success",
	       json_string("Request accepted and waiting for approval"),
	       result->subscriber, request_id);
}

/* --- the call ------------------------------------------------------------ */

static void
note_account(struct reply *reply, const struct p12_call *call)
{
	snprintf(reply->account, sizeof reply->account, "%s", call->ask.user);
}

/* The others are in the log where more is known of them. */
static void
log_refusal(const struct p12_call *call, enum p12_err err)
{
	if (err == P12_DETAILS || err == P12_BUSY || err == P12_FAILED)
		return;
	log_line(LOG_DOUBTFUL,
	         "createPKCS12ById refused: account=%s address=%s why=%s",
	         call->client != NULL ? call->client->account : "-",
	         call->request->peer->address, messages[err]);
}

enum p12_err
p12_find_profile(struct p12_call *call)
{
	const struct client *client = call->client;
	bool may = client->n_profiles == 0;

	for (size_t i = 0; i < client->n_profiles; i++)
		may |= strcmp(client->profiles[i], call->ask.profile) == 0;
	call->profile = config_profile(call->config, call->ask.profile);
	return may && call->profile != NULL ? P12_OK : P12_PROFILE;
}

static enum p12_err
judge(struct p12_call *call, struct reply *reply)
{
	enum p12_err err;

	if ((err = p12_open(call)) != P12_OK ||
	    (err = p12_check_client(call)) != P12_OK)
		return err;
	note_account(reply, call);
	if ((err = p12_check_signature(call)) != P12_OK)
		return err;
	return p12_find_profile(call);
}

void
pkcs12_handler(const struct request *request, struct reply *reply)
{
	struct p12_call call = {
		.request = request,
		.config = server_config(request->server)
	};
	struct pkcs12_result result = { 0 };
	enum p12_err err;

	if (strcmp(request->method, "POST") != 0) {
		answer_failure(reply, 405, "Only POST is answered here");
		if (!reply_header(reply, "Allow", "POST"))
			reply->status = 500;
		return;
	}
	err = judge(&call, reply);
	if (err == P12_OK)
		err = p12_make(&call, &result);
	else
		log_refusal(&call, err);
	if (err == P12_OK)
		answer_result(reply, &result);
	else if (err == P12_REJECTED)
		answer_rejected(reply, &result);
	else
		answer_error(reply, err);
	pkcs12_result_clear(&result);
	p12_call_clear(&call);
}

void
pkcs12_refuse(const struct request *request, int refusal, struct reply *reply)
{
	static const struct {
		unsigned status;
		const char *message;
	} table[] = {
		[REFUSED_DISABLED] = { 404, "This service is switched off" },
		[REFUSED_HTTPS_REQUIRED] = { 403, "HTTPS is required" },
		[REFUSED_TOO_BIG] = { 413, "Invalid input data" },
		[REFUSED_MALFORMED] = { 400, "Invalid input data" },
		[REFUSED_BUSY] = { 503, "Too many requests, try again later" },
		[REFUSED_MEMORY] = { 500, "Internal server error" },
	};
	const bool is_known = (size_t)refusal < sizeof table / sizeof *table &&
	                      table[refusal].message != NULL;

	(void)request;
	if (!is_known) /* it needs no login of these kinds */
		refusal = REFUSED_MEMORY;
	answer_failure(reply, table[refusal].status, table[refusal].message);
}

const struct service *
pkcs12_service(const struct config *config)
{
	return &config->pkcs12;
}

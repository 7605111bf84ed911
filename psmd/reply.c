/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* reply.c - what a request is answered with. */

#include <stdlib.h>
#include <string.h>

#include "psmd/request.h"

bool
reply_header(struct reply *reply, const char *name, const char *value)
{
	char *n, *v;

	if (reply->n_headers == REPLY_HEADERS_MAX)
		return false;
	n = strdup(name);
	v = strdup(value);
	if (n == NULL || v == NULL) {
		free(n);
		free(v);
		return false;
	}
	reply->headers[reply->n_headers].name = n;
	reply->headers[reply->n_headers++].value = v;
	return true;
}

static void
set_body(struct reply *reply, unsigned status, const char *type, char *body)
{
	reply->status = status;
	if (body == NULL || !reply_header(reply, "Content-Type", type)) {
		free(body);
		body = NULL;
		reply->status = 500;
	}
	free(reply->body);
	reply->body = body;
	reply->body_len = body != NULL ? strlen(body) : 0;
}

void
reply_text(struct reply *reply, unsigned status, const char *type,
           const char *text)
{
	set_body(reply, status, type, strdup(text));
}

void
reply_json(struct reply *reply, unsigned status, json_t *value)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	set_body(reply, status, "application/json", text);
}

void
reply_clear(struct reply *reply)
{
	for (size_t i = 0; i < reply->n_headers; i++) {
		free(reply->headers[i].name);
		free(reply->headers[i].value);
	}
	if (reply->release != NULL)
		reply->release(reply->owner);
	free(reply->body);
	*reply = (struct reply){ 0 };
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* apply_answer.c - the answers of !applyClientAuthCert. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "psmd/apply_int.h"

enum { NUMBER_SIZE = 24 };

/* "" when there is none. */
static const char *
number_text(const struct apply *apply, char text[NUMBER_SIZE])
{
	text[0] = '\0';
	if (apply->number != 0)
		snprintf(text, NUMBER_SIZE, "%" PRId64, apply->number);
	return text;
}

static const char *
yes(bool is)
{
	return is ? "Yes" : "No";
}

/* An error after something was done comes with what was. */
static bool
tells_status(const struct apply *apply)
{
	return apply->error.code == PRODUCTS_OK || apply->applied;
}

/* --- JSON ---------------------------------------------------------------- */

static json_t *
make_error(const struct products_error *error)
{
	bool ok = error->code == PRODUCTS_OK;

	return json_pack("{s:i, s:o, s:s?}", "code", error->code, "description",
	                 pj_text(ok ? NULL : error->text), "item", error->item);
}

static json_t *
make_status(const struct apply *apply)
{
	return json_pack("{s:s, s:s, s:s}", "applied", yes(apply->applied),
	                 "issued", yes(apply->text.text != NULL), "addedToUser",
	                 yes(apply->added));
}

static void
answer_json(const struct apply *apply, struct reply *reply)
{
	char number[NUMBER_SIZE];
	json_t *answer;

	if (tells_status(apply))
		answer = json_pack("{s:s, s:s*, s:o, s:o}", "orderNumber",
		                   number_text(apply, number), "certificate",
		                   apply->text.text, "status",
		                   make_status(apply), "error",
		                   make_error(&apply->error));
	else
		answer = json_pack("{s:o}", "error", make_error(&apply->error));
	reply_json(reply, apply->error.status, answer);
}

/* --- a form -------------------------------------------------------------- */

static void
put_value(FILE *out, const char *value)
{
	static const char plain[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	        "0123456789-._*";

	for (; *value != '\0'; value++) {
		if (strchr(plain, *value) != NULL)
			putc(*value, out);
		else if (*value == ' ')
			putc('+', out);
		else
			fprintf(out, "%%%02X", (unsigned char)*value);
	}
}

static void
put_pair(FILE *out, const char *name, const char *value)
{
	fprintf(out, "&%s=", name);
	put_value(out, value);
}

static void
put_status(FILE *out, const struct apply *apply)
{
	char number[NUMBER_SIZE];

	put_pair(out, "orderNumber", number_text(apply, number));
	if (apply->text.text != NULL)
		put_pair(out, "certificate", apply->text.text);
	put_pair(out, "applied", yes(apply->applied));
	put_pair(out, "issued", yes(apply->text.text != NULL));
	put_pair(out, "addedToUser", yes(apply->added));
}

static void
write_form(FILE *out, const struct apply *apply)
{
	const struct products_error *error = &apply->error;
	bool ok = error->code == PRODUCTS_OK;

	fprintf(out, "errorCode=%d", error->code);
	put_pair(out, "errorMessage", ok ? "" : error->text);
	if (error->item != NULL)
		put_pair(out, "errorItem", error->item);
	if (tells_status(apply))
		put_status(out, apply);
	put_pair(out, "status", ok ? "1" : "0");
}

static void
answer_form(const struct apply *apply, struct reply *reply)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool ok = out != NULL;

	if (ok) {
		write_form(out, apply);
		ok = !ferror(out);
		ok = fclose(out) == 0 && ok;
	}
	reply_text(reply, ok ? apply->error.status : 500,
	           "application/x-www-form-urlencoded", ok ? text : "");
	free(text);
}

/* Also where it is the argument that is wrong, or none was judged. */
static bool
wants_form(const struct request *request)
{
	struct products_error ignored;
	const char *format = NULL;

	return products_read(request, &apply_fields[APPLY_RESPONSE_FORMAT], 1,
	                     &format, &ignored) &&
	       format != NULL && strcmp(format, "1") == 0;
}

void
apply_answer(const struct apply *apply, struct reply *reply)
{
	if (wants_form(apply->request))
		answer_form(apply, reply);
	else
		answer_json(apply, reply);
}

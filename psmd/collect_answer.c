/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* collect_answer.c - how CollectCCC's answers are written. */

#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "psmd/collect.h"

#define TEXT "text/plain; charset=utf-8"
#define SCRIPT "application/javascript"

/* --- what a client may choose -------------------------------------------- */

static bool
is_reserved(const char *name)
{
	static const char *const words[] = {
		"arguments", "await", "break", "case", "catch", "class",
		"const", "continue", "debugger", "default", "delete", "do",
		"else", "enum", "eval", "export", "extends", "false",
		"finally", "for", "function", "if", "implements", "import",
		"in", "instanceof", "interface", "let", "new", "null",
		"package", "private", "protected", "public", "return",
		"static", "super", "switch", "this", "throw", "true", "try",
		"typeof", "undefined", "var", "void", "while", "with",
		"yield",
		/* what the script itself declares is no function */
		"g_ccc", "g_errorCode", "g_errorMessage",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(name, words[i]) == 0)
			return true;
	}
	return false;
}

bool
collect_callback_is_fine(const char *name)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "abcdefghijklmnopqrstuvwxyz_$0123456789";

	return name[0] != '\0' && strchr("0123456789", name[0]) == NULL &&
	       name[strspn(name, chars)] == '\0' && !is_reserved(name);
}

bool
collect_mime_is_fine(const char *type, enum collect_encoding encoding)
{
	static const struct {
		const char *type;
		bool script;
	} table[] = {
		{ "text/plain", false },
		{ "application/octet-stream", false },
		{ "application/pkcs7-mime", false },
		{ "application/x-pkcs7-mime", false },
		{ "application/x-pkcs7-certificates", false },
		{ "application/x-x509-user-cert", false },
		{ "application/x-x509-email-cert", false },
		{ "application/x-x509-ca-cert", false },
		{ "text/javascript", true },
		{ "application/javascript", true },
		{ "application/x-javascript", true },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(type, table[i].type) == 0)
			return table[i].script == (encoding == COLLECT_SCRIPT);
	}
	return false;
}

/* --- writing --------------------------------------------------------------*/

/* A line is a line, whatever is in it. */
static void
write_line(FILE *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		fputc(c < 0x20 || c == 0x7f ? ' ' : c, out);
	}
	fputc('\n', out);
}

static void
write_text(FILE *out, const struct collect_answer *answer)
{
	fprintf(out, "%d\n", answer->code);
	if (answer->code < 0)
		write_line(out, answer->message);
	if (answer->text != NULL)
		fputs(answer->text, out);
}

/* In ASCII, and so that neither HTML around it ends nor a comment begins. */
static bool
write_string(FILE *out, const char *text)
{
	json_t *value = pj_text(text);
	char *json = value != NULL
	                     ? json_dumps(value, JSON_ENCODE_ANY |
	                                                 JSON_ENSURE_ASCII)
	                     : NULL;

	json_decref(value);
	if (json == NULL)
		return false;
	for (const char *p = json; *p != '\0'; p++) {
		if (strchr("<>&'", *p) != NULL)
			fprintf(out, "\\u%04x", (unsigned)*p);
		else
			fputc(*p, out);
	}
	free(json);
	return true;
}

/* What stands between armour, if there is any, without line ends: base64, which
 * needs no quoting. */
static void
write_base64(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\r\n");

		if (strncmp(text, "-----", 5) != 0)
			fwrite(text, 1, len, out);
		text += len;
		text += strspn(text, "\r\n");
	}
}

static bool
write_ccc(FILE *out, const struct collect_answer *answer)
{
	if (answer->text == NULL)
		return write_string(out, "");
	if (!answer->armoured)
		return write_string(out, answer->text);
	fputc('"', out);
	write_base64(out, answer->text);
	fputc('"', out);
	return true;
}

static bool
write_script(FILE *out, const struct collect_form *form,
             const struct collect_answer *answer)
{
	fputs("var g_ccc = ", out);
	if (!write_ccc(out, answer))
		return false;
	fprintf(out, ";\nvar g_errorCode = %d;\nvar g_errorMessage = ",
	        answer->code);
	if (!write_string(out, answer->code < 0 ? answer->message : ""))
		return false;
	fputs(";\n", out);
	if (form->callback != NULL)
		fprintf(out, "%s();\n", form->callback);
	return true;
}

/* --- the reply ------------------------------------------------------------*/

static bool
is_binary(const struct collect_form *form, const struct collect_answer *answer)
{
	return form->encoding == COLLECT_BINARY && answer->der != NULL;
}

static const char *
type_of(const struct collect_form *form, const struct collect_answer *answer)
{
	if (form->encoding == COLLECT_SCRIPT)
		return form->mime != NULL ? form->mime : SCRIPT;
	if (answer->text != NULL && form->mime != NULL)
		return form->mime;
	return is_binary(form, answer) ? answer->type : TEXT;
}

static bool
write_answer(FILE *out, const struct collect_form *form,
             const struct collect_answer *answer)
{
	if (form->encoding == COLLECT_SCRIPT)
		return write_script(out, form, answer);
	if (is_binary(form, answer))
		fwrite(answer->der, 1, answer->der_len, out);
	else
		write_text(out, answer);
	return true;
}

void
collect_reply(const struct collect_form *form,
              const struct collect_answer *answer, struct reply *reply)
{
	char *body = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&body, &len);
	bool fine;

	if (out == NULL) {
		reply->status = 500;
		return;
	}
	fine = write_answer(out, form, answer) && ferror(out) == 0;
	fine &= fclose(out) == 0;
	if (!fine ||
	    !reply_header(reply, "Content-Type", type_of(form, answer))) {
		free(body);
		reply->status = 500;
		return;
	}
	reply->status = answer->status;
	reply->body = body;
	reply->body_len = len;
}

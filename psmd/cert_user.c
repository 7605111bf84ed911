/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert_user.c - /api/cert/user: the user certificates. GET; the other methods
 * have files of their own. */

#include "psmd/cert_user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "psmd/log.h"
#include "psmd/store.h"

/* --- which certificate --------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal of a SHA-1 or a SHA-256, with a colon between all octets or
 * none. */
static bool
read_fingerprint(const char *text, struct cert_name *name)
{
	bool colons = strlen(text) > 2 && text[2] == ':';
	size_t n = 0;

	for (; *text != '\0'; text++) {
		int digit = hex_digit(*text);

		if (digit < 0 || n == CERT_NAME_MAX)
			return false;
		name->text[n++] = "0123456789abcdef"[digit];
		if (colons && n % 2 == 0 && text[1] == ':' && text[2] != '\0')
			text++;
		else if (colons && n % 2 == 0 && text[1] != '\0')
			return false;
	}
	name->text[n] = '\0';
	return n == 40 || n == 64;
}

static bool
read_value(const char *text, struct cert_name *name)
{
	if (!store_is_id(text))
		return read_fingerprint(text, name);
	snprintf(name->text, sizeof name->text, "%s", text);
	return true;
}

/* An empty value is one that was not filled in. */
static const char *
read_text(const struct request *request, const char *param, bool *ret_bad)
{
	const char *text = params_text(request->params, param, ret_bad);

	return text != NULL && *text != '\0' ? text : NULL;
}

bool
cert_name_read(const struct request *request, struct cert_name *ret_name,
               struct reply *reply)
{
	bool bad_id, bad_fingerprint;
	const char *id = read_text(request, "id", &bad_id);
	const char *fingerprint =
	        read_text(request, "fingerprint", &bad_fingerprint);
	bool has_id = id != NULL || bad_id;
	bool has_fingerprint = fingerprint != NULL || bad_fingerprint;
	struct cert_name name = { 0 };

	if (has_id && has_fingerprint) {
		api_error(reply, API_COLLISION, "fingerprint",
		          "id and fingerprint both name a certificate");
		return false;
	}
	if (has_id || has_fingerprint) {
		const char *text = has_id ? id : fingerprint;

		name.param = has_id ? "id" : "fingerprint";
		if (text == NULL || !read_value(text, &name)) {
			api_error(reply, API_VALUE, name.param,
			          "this is neither an id nor a fingerprint");
			return false;
		}
	}
	*ret_name = name;
	return true;
}

void
cert_answer_unknown(const struct cert_name *name, struct reply *reply)
{
	api_error(reply, API_VALUE, name->param,
	          "there is no such certificate");
}

void
cert_answer_failure(const struct request *request, enum psm_err err,
                    const char *why, struct reply *reply)
{
	if (err == PSM_E_BUSY) {
		api_refuse(request, REFUSED_BUSY, reply);
		if (!reply_header(reply, "Retry-After", "1"))
			reply->status = 500;
		return;
	}
	log_line(LOG_FAILED, "store: %s: %s", psm_err_name(err),
	         why != NULL && *why != '\0' ? why : psm_strerror(err));
	if (err == PSM_E_NO_MEMORY)
		api_refuse(request, REFUSED_MEMORY, reply);
	else
		api_error(reply, API_PROCESSING, NULL, psm_strerror(err));
}

/* --- GET ----------------------------------------------------------------- */

static const char head[] = "{\"success\":true,\"result\":{\"certificates\":[";
static const char tail[] = "]}}";

/* JSON objects with commas between, which live until owner is released. */
static void
answer_list(struct reply *reply, const char *json, size_t len,
            void (*release)(void *owner), void *owner)
{
	reply->release = release;
	reply->owner = owner;
	if (!reply_header(reply, "Content-Type", "application/json")) {
		reply->status = 500;
		return;
	}
	reply->status = 200;
	reply->pieces[0] = (struct reply_piece){ head, sizeof head - 1 };
	reply->pieces[1] = (struct reply_piece){ json, len };
	reply->pieces[2] = (struct reply_piece){ tail, sizeof tail - 1 };
	reply->n_pieces = 3;
	reply->body_len = sizeof head - 1 + len + sizeof tail - 1;
}

/* Several certificates of one id: another program may store them. */
static void
answer_several(struct reply *reply, const struct snapshot *snapshot,
               const char *name)
{
	const struct store_entry *entry;
	size_t len = 0;
	char *json, *to;

	for (size_t i = 0;
	     (entry = snapshot_find(snapshot, name, i)) != NULL; i++)
		len += entry->len + 1;
	json = to = malloc(len);
	if (json == NULL) {
		reply->status = 500;
		return;
	}
	for (size_t i = 0;
	     (entry = snapshot_find(snapshot, name, i)) != NULL; i++) {
		to = mempcpy(to, entry->json, entry->len);
		*to++ = ',';
	}
	answer_list(reply, json, len - 1, free, json);
}

/* A file's name: the id without its sign, else the fingerprint. */
static bool
add_disposition(struct reply *reply, const struct store_entry *entry,
                const char *suffix)
{
	char text[128];

	snprintf(text, sizeof text, "attachment; filename=\"%s.%s\"",
	         entry->id != NULL ? entry->id + 1 : entry->cert->sha1,
	         suffix);
	return reply_header(reply, "Content-Disposition", text);
}

static char *
make_pem(const struct psm_cert *cert, size_t *ret_len)
{
	json_t *json = pj_base64(cert->der, cert->der_len);
	const char *base64 = json_string_value(json);
	char *text = NULL;
	size_t size;
	FILE *out = base64 != NULL ? open_memstream(&text, &size) : NULL;

	if (out != NULL) {
		fputs("-----BEGIN CERTIFICATE-----\n", out);
		for (size_t left = strlen(base64); left > 0;) {
			int n = left < 64 ? (int)left : 64;

			fprintf(out, "%.*s\n", n, base64);
			base64 += n;
			left -= (size_t)n;
		}
		fputs("-----END CERTIFICATE-----\n", out);
		if (fclose(out) != 0) {
			free(text);
			text = NULL;
		}
	}
	json_decref(json);
	*ret_len = text != NULL ? size : 0;
	return text;
}

static char *
copy_der(const struct psm_cert *cert, size_t *ret_len)
{
	char *copy = malloc(cert->der_len);

	if (copy != NULL)
		memcpy(copy, cert->der, cert->der_len);
	*ret_len = copy != NULL ? cert->der_len : 0;
	return copy;
}

static const struct format {
	const char *name, *type, *suffix;
	char *(*write)(const struct psm_cert *cert, size_t *ret_len);
} formats[] = {
	{ "json", "application/json", NULL, NULL },
	{ "pem", "application/x-pem-file", "pem", make_pem },
	{ "der", "application/pkix-cert", "cer", copy_der },
};

/* The certificate itself, for a browser to save. */
static void
answer_file(struct reply *reply, const struct store_entry *entry,
            const struct format *format)
{
	reply->body = format->write(entry->cert, &reply->body_len);
	reply->status = 200;
	if (reply->body == NULL ||
	    !reply_header(reply, "Content-Type", format->type) ||
	    !add_disposition(reply, entry, format->suffix))
		reply->status = 500;
}

/* NULL: answered already. */
static const struct format *
read_format(const struct request *request, struct reply *reply)
{
	bool bad;
	const char *text = read_text(request, "format", &bad);

	if (text == NULL && !bad)
		return &formats[0];
	for (size_t i = 0; !bad && i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(formats[i].name, text) == 0)
			return &formats[i];
	}
	api_error(reply, API_VALUE, "format", "this is json, pem or der");
	return NULL;
}

static void
release_snapshot(void *owner)
{
	snapshot_release(owner);
}

/* Many thousands of them are not copied for each who asks. */
static void
answer_all(struct reply *reply, struct snapshot *snapshot)
{
	size_t len;
	const char *json = snapshot_json(snapshot, &len);

	answer_list(reply, json, len, release_snapshot, snapshot);
}

static void
answer_some(struct reply *reply, const struct snapshot *snapshot,
            const struct cert_name *name, const struct format *format)
{
	const struct store_entry *first =
	        snapshot_find(snapshot, name->text, 0);

	if (first == NULL)
		cert_answer_unknown(name, reply);
	else if (format->write == NULL)
		answer_several(reply, snapshot, name->text);
	else if (snapshot_find(snapshot, name->text, 1) == NULL)
		answer_file(reply, first, format);
	else
		api_error(reply, API_VALUE, name->param,
		          "several certificates have this id; a fingerprint "
		          "names one");
}

void
cert_user_get(const struct request *request, struct reply *reply)
{
	const struct format *format = read_format(request, reply);
	struct snapshot *snapshot;
	struct cert_name name;
	enum psm_err err;

	if (format == NULL || !cert_name_read(request, &name, reply))
		return;
	if (format->write != NULL && name.param == NULL) {
		api_error(reply, API_MISSING, "id",
		          "this format is for one certificate");
		return;
	}
	err = store_hold(request->server->store, &snapshot);
	if (err != PSM_OK) {
		cert_answer_failure(request, err, NULL, reply);
		return;
	}
	if (name.param == NULL) {
		answer_all(reply, snapshot);
		return;
	}
	answer_some(reply, snapshot, &name, format);
	snapshot_release(snapshot);
}

/* --- methods ------------------------------------------------------------- */

void
cert_user_handler(const struct request *request, struct reply *reply)
{
	static const struct {
		const char *method;
		void (*handle)(const struct request *request,
		               struct reply *reply);
	} methods[] = {
		{ "GET", cert_user_get },
		{ "HEAD", cert_user_get }, /* the body is left out later */
		{ "PUT", cert_user_put },
		{ "DELETE", cert_user_delete },
	};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(methods[i].method, request->method) == 0) {
			methods[i].handle(request, reply);
			return;
		}
	}
	api_error(reply, API_METHOD, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* page.c - the certificate manager's page. */

#include "psmd/page.h"

#include <string.h>

#include "psmd/page_files.h"
#include "psmd/server.h"

#define FOLDER "/page/"
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Nothing but what this server sends, no inline script or style, no markup from
 * text, in nobody's frame. */
static const char policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'";

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy", policy },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	/* the browser asks each time, and is told 304 */
	{ "Cache-Control", "no-cache" },
};

static const struct {
	const char *suffix, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

static const char *
type_of(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix != NULL && i < COUNT(types); i++) {
		if (strcmp(types[i].suffix, suffix) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* The page itself has no other name than "/". */
static const struct page_file *
find_file(const char *path)
{
	const char *name = "index.html";

	if (strncmp(path, FOLDER, sizeof FOLDER - 1) == 0) {
		name = path + sizeof FOLDER - 1;
		if (strcmp(name, "index.html") == 0)
			return NULL;
	} else if (strcmp(path, "/") != 0) {
		return NULL;
	}
	for (size_t i = 0; i < page_n_files; i++) {
		if (strcmp(page_files[i].name, name) == 0)
			return &page_files[i];
	}
	return NULL;
}

/* If-None-Match: a list of tags, maybe weak ones, or all there are. A tag of
 * ours, with its quotation marks, is in no other. */
static bool
is_known(const struct request *request, const struct page_file *file)
{
	const char *tags = request_header(request, "If-None-Match");

	return tags != NULL && (strcmp(tags, "*") == 0 ||
	                        strstr(tags, file->etag) != NULL);
}

static bool
add_headers(struct reply *reply, const struct page_file *file)
{
	bool ok = reply_header(reply, "ETag", file->etag);

	for (size_t i = 0; ok && i < COUNT(headers); i++)
		ok = reply_header(reply, headers[i].name, headers[i].value);
	return ok;
}

static void
answer_file(const struct request *request, const struct page_file *file,
            struct reply *reply)
{
	if (!add_headers(reply, file)) {
		reply->status = 500;
		return;
	}
	if (is_known(request, file)) {
		reply->status = 304;
		return;
	}
	if (!reply_header(reply, "Content-Type", type_of(file->name))) {
		reply->status = 500;
		return;
	}
	reply->status = 200;
	reply->fixed = file->data;
	reply->body_len = file->len;
}

void
page_handler(const struct request *request, struct reply *reply)
{
	const struct page_file *file = find_file(request->path);

	if (!server_config(request->server)->page || file == NULL) {
		reply_text(reply, 404, "text/plain; charset=utf-8",
		           "not found\n");
		return;
	}
	if (strcmp(request->method, "GET") != 0 &&
	    strcmp(request->method, "HEAD") != 0) {
		reply_text(reply, 405, "text/plain; charset=utf-8",
		           "GET or HEAD only\n");
		if (!reply_header(reply, "Allow", "GET, HEAD"))
			reply->status = 500;
		return;
	}
	answer_file(request, file, reply);
}

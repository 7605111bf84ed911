/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* route.c - which path is whose. */

#include <string.h>

#include "psmd/api.h"
#include "psmd/auth.h"
#include "psmd/metrics.h"
#include "psmd/page.h"
#include "psmd/server.h"

#define BLOB_MAX (64 * 1024) /* bytes */

/* Outside of the APIs HTTP's own status says it. */
static void
refuse_plainly(const struct request *request, int refusal, struct reply *reply)
{
	static const struct {
		unsigned status;
		const char *text;
	} table[] = {
		[REFUSED_PATH] = { 404, "not found\n" },
		[REFUSED_DISABLED] = { 404, "not found\n" },
		[REFUSED_HTTPS_REQUIRED] = { 403, "HTTPS is required\n" },
		[REFUSED_AUTH_METHOD] = { 401, "log in another way\n" },
		[REFUSED_AUTHORIZATION] = { 401, "log in first\n" },
		[REFUSED_PRIVILEGE] = { 403, "not for this account\n" },
		[REFUSED_TOO_BIG] = { 413, "that is too much data\n" },
		[REFUSED_MALFORMED] = { 400, "malformed request\n" },
		[REFUSED_BUSY] = { 503, "busy, try again later\n" },
		[REFUSED_MEMORY] = { 500, "out of memory\n" },
	};

	(void)request;
	reply_text(reply, table[refusal].status, "text/plain; charset=utf-8",
	           table[refusal].text);
}

static void
answer_no_path(const struct request *request, struct reply *reply)
{
	refuse_plainly(request, REFUSED_PATH, reply);
}

static void
answer_no_api_path(const struct request *request, struct reply *reply)
{
	api_refuse(request, REFUSED_PATH, reply);
}

static const struct service *
system_service(const struct config *config)
{
	return &config->system;
}

static const struct route routes[] = {
	{ "/api/cert/user", cert_user_handler, api_refuse, system_service,
	  PRIV_SYSTEM, ROUTE_SERVICE, false, 0, BLOB_MAX },
	{ "/session", session_handler, refuse_plainly, NULL, 0, ROUTE_OPEN,
	  false, 4096, 1024 },
	{ "/healthz", healthz_handler, refuse_plainly, NULL, 0, ROUTE_OPEN,
	  true, 4096, 1024 },
	{ "/metrics", metrics_handler, refuse_plainly, NULL, 0, ROUTE_OPEN,
	  true, 4096, 1024 },
};

static const struct route page = {
	"/page/", page_handler, refuse_plainly, NULL, 0, ROUTE_OPEN, true,
	4096, 1024
};
static const struct route no_api_path = {
	"/api/", answer_no_api_path, api_refuse, NULL, 0, ROUTE_OPEN, true,
	4096, 1024
};
static const struct route no_path = {
	"other", answer_no_path, refuse_plainly, NULL, 0, ROUTE_OPEN, true,
	4096, 1024
};

static bool
is_below(const char *path, const char *folder)
{
	return strncmp(path, folder, strlen(folder)) == 0;
}

const struct route *
route_find(const char *path)
{
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (strcmp(path, routes[i].path) == 0)
			return &routes[i];
	}
	if (strcmp(path, "/") == 0 || is_below(path, page.path))
		return &page;
	if (strcmp(path, "/api") == 0 || is_below(path, no_api_path.path))
		return &no_api_path;
	return &no_path;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* route.c - which path is whose. */

#include <string.h>

#include "psmd/api.h"
#include "psmd/auth.h"
#include "psmd/ca_files.h"
#include "psmd/metrics.h"
#include "psmd/page.h"
#include "psmd/pkcs12.h"
#include "psmd/products.h"
#include "psmd/server.h"

#define BLOB_MAX (64 * 1024) /* bytes */
#define ORDER_VALUE_MAX (64 * 1024)
#define ORDER_BODY_MAX (256 * 1024) /* each byte may be %XX */
#define COLLECT_BODY_MAX (16 * 1024)
#define SEALED_MAX (128 * 1024)

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
	{ "/emCAServices/rest/createPKCS12ById", pkcs12_handler, pkcs12_refuse,
	  pkcs12_service, 0, ROUTE_OPEN, false, SEALED_MAX, 1024 },
	{ "/api/orders", orders_handler, api_refuse, system_service,
	  PRIV_ORDERS, ROUTE_ACCOUNT, false, 4096, 1024 },
	{ "/ca/crl", ca_crl_handler, refuse_plainly, NULL, 0, ROUTE_OPEN,
	  false, 4096, 1024 },
	{ "/ca/cert", ca_cert_handler, refuse_plainly, NULL, 0, ROUTE_OPEN,
	  false, 4096, 1024 },
	{ "/ca/chain", ca_chain_handler, refuse_plainly, NULL, 0, ROUTE_OPEN,
	  false, 4096, 1024 },
	{ "/products/!applyClientAuthCert", apply_handler, apply_refuse,
	  products_service, 0, ROUTE_OPEN, false, ORDER_BODY_MAX,
	  ORDER_VALUE_MAX },
	{ "/products/download/CollectCCC", collect_handler, collect_refuse,
	  products_service, 0, ROUTE_OPEN, false, COLLECT_BODY_MAX, 1024 },
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

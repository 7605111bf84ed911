/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* products.c - what the calls below /products have in common. */

#include "psmd/products.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "json/json.h"
#include "psmd/auth_internal.h"
#include "psmd/client_cert.h"
#include "psmd/log.h"
#include "psmd/server.h"

/* --- what is wrong ------------------------------------------------------- */

/* Of each code, before and after the argument's name if it has one. */
static const struct {
	int code;
	const char *text, *after;
} texts[] = {
	{ PRODUCTS_HTTPS, "Request was not made over https!", NULL },
	{ PRODUCTS_MISSING, "The '", "' argument is missing!" },
	{ PRODUCTS_VALUE, "The value of the '", "' argument is invalid!" },
	{ PRODUCTS_KEY_SIZE, "The key is too small!", NULL },
	{ PRODUCTS_UNKNOWN, "An unknown error occurred!", NULL },
	{ PRODUCTS_LOGIN,
	  "Incorrect login details, account is locked, password has expired "
	  "or your source IP is blocked.", NULL },
	{ PRODUCTS_METHOD, "Request used GET rather than POST!", NULL },
	{ PRODUCTS_REJECTED, "The order has been rejected!", NULL },
	{ PRODUCTS_REVOKED, "The certificate has been revoked!", NULL },
	{ PRODUCTS_LIMIT, "Too many requests, try again later!", NULL },
	{ PRODUCTS_PRODUCT,
	  "The order should include smart-card based product!", NULL },
	{ PRODUCTS_CSR, "Wrong certificate string", NULL },
};

bool
products_fail(struct products_error *error, int code, const char *item,
              const char *why)
{
	const char *text = "", *after = NULL;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].code != code)
			continue;
		text = texts[i].text;
		after = texts[i].after;
	}
	error->code = code;
	error->item = item;
	error->status = 200;
	snprintf(error->text, sizeof error->text, "%s%s%s%s%s", text,
	         after != NULL && item != NULL ? item : "",
	         after != NULL ? after : "", why != NULL ? " " : "",
	         why != NULL ? why : "");
	return false;
}

void
products_refused(struct products_error *error, int refusal)
{
	static const struct {
		int code;
		unsigned status;
		const char *why;
	} table[] = {
		[REFUSED_PATH] = { PRODUCTS_UNKNOWN, 404, NULL },
		[REFUSED_DISABLED] = { PRODUCTS_UNKNOWN, 404,
		                       "This service is switched off." },
		[REFUSED_HTTPS_REQUIRED] = { PRODUCTS_HTTPS, 200, NULL },
		[REFUSED_AUTH_METHOD] = { PRODUCTS_LOGIN, 200, NULL },
		[REFUSED_AUTHORIZATION] = { PRODUCTS_LOGIN, 200, NULL },
		[REFUSED_PRIVILEGE] = { PRODUCTS_LOGIN, 200, NULL },
		[REFUSED_TOO_BIG] = { PRODUCTS_UNKNOWN, 413,
		                      "That is too much data." },
		[REFUSED_MALFORMED] = { PRODUCTS_UNKNOWN, 400,
		                        "The request is malformed." },
		[REFUSED_BUSY] = { PRODUCTS_UNKNOWN, 503,
		                   "There is too much to do, try again "
		                   "later." },
		[REFUSED_MEMORY] = { PRODUCTS_UNKNOWN, 500, NULL },
	};

	products_fail(error, table[refusal].code, NULL, table[refusal].why);
	error->status = table[refusal].status;
}

/* A sentence behind another one. */
static void
fail_because(struct products_error *error, const char *item, const char *why)
{
	char text[ORDER_WHY_SIZE];

	snprintf(text, sizeof text, "(%s)", why);
	products_fail(error, item != NULL ? PRODUCTS_VALUE : PRODUCTS_UNKNOWN,
	              item, text);
}

void
products_order_failed(struct products_error *error, enum order_err err,
                      const char *item, const char *why)
{
	switch (err) {
	case ORDER_MALFORMED:
		products_fail(error, PRODUCTS_CSR, item, NULL);
		return;
	case ORDER_KEY_SIZE:
		products_fail(error, PRODUCTS_KEY_SIZE, item, NULL);
		return;
	case ORDER_REFUSED:
	case ORDER_SECRET:
		fail_because(error, item, why);
		return;
	case ORDER_DAYS:
		fail_because(error, item != NULL ? "days" : NULL, why);
		return;
	case ORDER_TAKEN:
		fail_because(error, "foreignOrderNumber", why);
		return;
	case ORDER_ENCRYPTED:
		products_fail(error, PRODUCTS_VALUE, "responseType",
		              PRODUCTS_COLLECT_ENCRYPTED);
		return;
	case ORDER_BUSY:
		products_refused(error, REFUSED_BUSY);
		return;
	default:
		fail_because(error, NULL, why);
	}
}

bool
products_records_failed(struct products_error *error, enum rec_err err,
                        const char *doing)
{
	log_line(LOG_FAILED, "%s: %s", doing, rec_strerror(err));
	if (err == REC_BUSY)
		products_refused(error, REFUSED_BUSY);
	else
		products_fail(error, PRODUCTS_UNKNOWN, NULL, NULL);
	return false;
}

/* --- parameters ---------------------------------------------------------- */

/* Text without a NUL, of no more than max characters. */
static bool
is_fine(const struct param *param, size_t max)
{
	const char *text = (const char *)param->value;
	size_t n = 0;

	if (param->too_big || memchr(text, '\0', param->len) != NULL ||
	    !pj_is_utf8(text))
		return false;
	for (; *text != '\0'; text++)
		n += (*text & 0xc0) != 0x80;
	return n <= max;
}

static bool
read_field(const struct request *request, const struct products_field *field,
           const char **ret_value, struct products_error *error)
{
	const struct params *params = request->params;
	const struct param *found = NULL;

	*ret_value = NULL;
	for (size_t i = 0; i < params->n; i++) {
		const struct param *param = &params->list[i];

		if (param->from == PARAM_QUERY ||
		    strcasecmp(param->name, field->name) != 0)
			continue;
		if (found != NULL)
			return products_fail(error, PRODUCTS_VALUE,
			                     field->name, NULL);
		found = param;
	}
	if (found == NULL)
		return true;
	if (!is_fine(found, field->max))
		return products_fail(error, PRODUCTS_VALUE, field->name, NULL);
	if (found->len > 0)
		*ret_value = (const char *)found->value;
	return true;
}

bool
products_read(const struct request *request,
              const struct products_field *fields, size_t n,
              const char **values, struct products_error *error)
{
	for (size_t i = 0; i < n; i++)
		if (!read_field(request, &fields[i], &values[i], error))
			return false;
	return true;
}

/* --- who asks ------------------------------------------------------------ */

/* The same for every reason. */
static bool
fail_login(struct products_error *error)
{
	return products_fail(error, PRODUCTS_LOGIN, NULL, NULL);
}

static bool
login_by_password(const struct request *request, const char *name,
                  const char *password, struct account *ret_account,
                  struct products_error *error)
{
	struct auth *auth = request->server->auth;
	const char *address = request->peer->address;
	int refusal = auth_login(auth, name, password, address, ret_account);

	if (refusal == 0)
		return true;
	if (refusal == REFUSED_BUSY &&
	    throttle_blocks(&auth->throttle, address))
		return products_fail(error, PRODUCTS_LIMIT, NULL, NULL);
	products_refused(error, refusal);
	return false;
}

static bool
login_by_cert(const struct request *request, const char *name,
              struct account *ret_account, struct products_error *error)
{
	struct account account;
	int refusal = REFUSED_AUTHORIZATION;

	if (!is_cross_site(request))
		refusal = auth_find(request->server->auth, name, &account);
	if (refusal == 0 && (!auth_usable(&account) ||
	                     !client_cert_is_for(request, &account)))
		refusal = REFUSED_AUTHORIZATION;
	if (refusal == 0)
		*ret_account = account;
	else
		products_refused(error, refusal);
	sodium_memzero(&account, sizeof account);
	return refusal == 0;
}

bool
products_login(const struct request *request, const char *name,
               const char *password, struct account *ret_account,
               struct products_error *error)
{
	enum client_cert_is cert;
	int64_t id;

	if (name == NULL)
		return products_fail(error, PRODUCTS_MISSING, "loginName",
		                     NULL);
	cert = client_cert_look(request, &id);
	if (password == NULL && cert == CLIENT_CERT_IS_NONE)
		return products_fail(error, PRODUCTS_MISSING, "loginPassword",
		                     NULL);
	if (cert == CLIENT_CERT_IS_REVOKED)
		return fail_login(error);
	if (cert == CLIENT_CERT_IS_UNKNOWN) {
		products_refused(error, REFUSED_BUSY);
		return false;
	}
	if (password != NULL)
		return login_by_password(request, name, password, ret_account,
		                         error);
	return login_by_cert(request, name, ret_account, error);
}

const struct service *
products_service(const struct config *config)
{
	return &config->orders;
}

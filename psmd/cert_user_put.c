/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert_user_put.c - PUT of /api/cert/user: a certificate and its key come in.
 */

#include "psmd/cert_user.h"

#include <stdio.h>
#include <string.h>

#include "psmd/engine.h"
#include "psmd/store.h"
#include "psmd/trail.h"

#define FILE_PASSWORD_MAX 128 /* bytes */

struct storing {
	struct psm_put_params params;
	struct psm_put done;
	enum psm_err err;
	enum psm_put_part part;
	char why[512];
};

/* --- what is asked for --------------------------------------------------- */

/* Bytes of a part; *ret_data NULL: it is missing or empty. false: answered
 * already. */
static bool
read_blob(const struct request *request, const char *name,
          const unsigned char **ret_data, size_t *ret_len, struct reply *reply)
{
	const struct param *param = params_get(request->params, name);

	if (param == NULL || (param->len == 0 && !param->too_big))
		return true;
	if (param->too_big) {
		api_error(reply, API_TOO_BIG, name, NULL);
		return false;
	}
	*ret_data = param->value;
	*ret_len = param->len;
	return true;
}

static bool
read_id(const struct request *request, const char **ret_id,
        struct reply *reply)
{
	bool bad;
	const char *id = params_text(request->params, "id", &bad);

	if (!bad && (id == NULL || *id == '\0'))
		return true;
	if (bad || id[0] != '@' || !store_is_id(id)) {
		api_error(reply, API_VALUE, "id",
		          "an id is @ and 1 to 40 of a-z A-Z 0-9 _ -");
		return false;
	}
	*ret_id = id;
	return true;
}

static bool
read_password(const struct request *request, const char **ret_password,
              struct reply *reply)
{
	bool bad;
	const char *password =
	        params_text(request->params, "password", &bad);

	if (bad || (password != NULL && strlen(password) > FILE_PASSWORD_MAX)) {
		api_error(reply, API_VALUE, "password",
		          "this is at most 128 bytes of UTF-8");
		return false;
	}
	*ret_password = password != NULL && *password != '\0' ? password : NULL;
	return true;
}

static bool
read_params(const struct request *request, struct psm_put_params *params,
            struct reply *reply)
{
	if (!read_blob(request, "blob-cert", &params->cert, &params->cert_len,
	               reply) ||
	    !read_blob(request, "blob-pk", &params->key, &params->key_len,
	               reply) ||
	    !read_password(request, &params->password, reply) ||
	    !read_id(request, &params->nickname, reply))
		return false;
	if (params->cert == NULL) {
		api_error(reply, API_MISSING, "blob-cert",
		          "the certificate comes as the part blob-cert of "
		          "multipart/form-data");
		return false;
	}
	params->flags = PSM_PUT_REPLACE;
	params->keep = "#";
	return true;
}

/* --- what came of it ----------------------------------------------------- */

/* What is the request's fault; the rest is ours. */
static const struct complaint {
	enum psm_err err;
	enum psm_put_part part;
	enum api_code code;
	const char *param;
} complaints[] = {
	{ PSM_E_CERTIFICATE, PSM_PUT_CERT, API_VALUE, "blob-cert" },
	{ PSM_E_PKCS12, PSM_PUT_CERT, API_VALUE, "blob-cert" },
	{ PSM_E_PKCS12_KIND, PSM_PUT_CERT, API_VALUE, "blob-cert" },
	{ PSM_E_ARGUMENT, PSM_PUT_CERT, API_VALUE, "blob-cert" },
	{ PSM_E_EXISTS, PSM_PUT_CERT, API_REJECTED, "blob-cert" },
	{ PSM_E_ARGUMENT, PSM_PUT_KEY, API_VALUE, "blob-pk" },
	{ PSM_E_NOT_FOUND, PSM_PUT_KEY, API_MISSING, "blob-pk" },
	{ PSM_E_PASSWORD, PSM_PUT_PASSWORD, API_VALUE, "password" },
	{ PSM_E_ARGUMENT, PSM_PUT_NICKNAME, API_VALUE, "id" },
	{ PSM_E_EXISTS, PSM_PUT_NICKNAME, API_REJECTED, "id" },
};

/* A password that was needed and not said is missing, not wrong. */
static enum api_code
code_of(const struct complaint *complaint, const struct storing *storing)
{
	return complaint->err == PSM_E_PASSWORD &&
	                       storing->params.password == NULL
	               ? API_MISSING
	               : complaint->code;
}

static void
answer_failed(const struct request *request, const struct storing *storing,
              struct reply *reply)
{
	for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
		const struct complaint *c = &complaints[i];

		if (c->err == storing->err && c->part == storing->part) {
			api_error(reply, code_of(c, storing), c->param,
			          storing->why);
			return;
		}
	}
	cert_answer_failure(request, storing->err, storing->why, reply);
}

static void
answer_stored(struct reply *reply, const struct psm_put *put)
{
	json_t *cert = json_pack("{s:s, s:s}", "fingerprint", put->sha1,
	                         "fingerprint256", put->sha256);

	if (cert != NULL && put->replaced[0] != '\0' &&
	    json_object_set_new(cert, "replaced",
	                        json_string(put->replaced)) != 0) {
		json_decref(cert);
		cert = NULL;
	}
	if (cert == NULL)
		reply->status = 500;
	else
		api_success(reply, json_pack("{s:[o]}", "certificates", cert));
}

static void
store_it(struct psm_ctx *ctx, void *arg)
{
	struct storing *storing = arg;

	storing->err = psm_store_put(ctx, &storing->params, &storing->done,
	                             &storing->part);
	if (storing->err != PSM_OK)
		snprintf(storing->why, sizeof storing->why, "%s",
		         psm_errmsg(ctx));
}

void
cert_user_put(const struct request *request, struct reply *reply)
{
	struct storing storing = { .err = PSM_E_BUSY };
	const char *id;

	if (!read_params(request, &storing.params, reply))
		return;
	if (!engine_call(request->server->engine, store_it, &storing) ||
	    storing.err != PSM_OK) {
		answer_failed(request, &storing, reply);
		return;
	}
	id = storing.params.nickname;
	trail_add(request, "cert.put", id != NULL ? id : "-",
	          "fingerprint=%s replaced=%s", storing.done.sha1,
	          storing.done.replaced[0] != '\0' ? storing.done.replaced
	                                           : "-");
	answer_stored(reply, &storing.done);
}

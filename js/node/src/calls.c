/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* calls.c - a row for each call of the crypto object. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/addon.h"

static const char *
text(const struct job *job, size_t i)
{
	return job->texts[i].s;
}

static enum psm_err
fail(struct job *job, enum psm_err err, const char *why)
{
	snprintf(job->errmsg, sizeof job->errmsg, "%s", why);
	return err;
}

/* --- open and close: [dir, password], [flags, callbacks, weak] ------------ */

static enum psm_err
run_open(struct job *job)
{
	struct door *door = job->door;
	enum psm_err err;

	if (door->ctx != NULL)
		return fail(job, PSM_E_ARGUMENT, "it is open already");
	door->callbacks = (unsigned)job->numbers[1];
	door->weak = job->numbers[2] != 0;
	door->password = text(job, 1);
	door->ctx = ui_context(door);
	if (door->ctx == NULL)
		return fail(job, PSM_E_NO_MEMORY, "out of memory");
	err = psm_open(door->ctx, text(job, 0), (unsigned)job->numbers[0]);
	/* A password that was given is tried at once, and not kept. */
	if (err == PSM_OK && door->password != NULL)
		err = psm_login(door->ctx, NULL);
	door->password = NULL;
	if (err == PSM_OK)
		return PSM_OK;
	fail(job, err, psm_errmsg(door->ctx));
	psm_free(door->ctx);
	door->ctx = NULL;
	return err;
}

static enum psm_err
run_close(struct job *job)
{
	psm_free(job->door->ctx);
	job->door->ctx = NULL;
	return PSM_OK;
}

/* A finalizer's: the door goes too. */
static void
drop_door(struct job *job)
{
	if (job->orphan)
		free(job->door);
}

const struct call close_call = {
	.name = "close", .run = run_close, .drop = drop_door
};

/* --- generate: [dn, token, authenticator, escrow, params, alg ...], sizes */

enum { GENERATE_FIXED = 4 };

static const char *const generate_params[GENERATE_FIXED] = {
	"requestedDN", "regToken", "authenticator", "escrowAuthorityCert"
};

static enum psm_err
create_many(struct job *job, struct psm_key_request *keys)
{
	struct psm_requests_params params = {
		.subject = text(job, 0),
		.reg_token = text(job, 1),
		.authenticator = text(job, 2),
		.escrow_cert = text(job, 3),
		.keys = keys,
		.n_keys = job->n_numbers,
		.flags = job->door->weak ? PSM_REQUEST_ALLOW_WEAK : 0,
	};

	for (size_t i = 0; i < params.n_keys; i++) {
		keys[i].size = job->numbers[i];
		keys[i].params = text(job, GENERATE_FIXED + 2 * i);
		keys[i].alg = text(job, GENERATE_FIXED + 2 * i + 1);
	}
	return psm_request_create_many(job->door->ctx, &params,
	                               &job->got.requests);
}

static enum psm_err
run_generate(struct job *job)
{
	struct psm_key_request *keys;
	enum psm_err err;

	if (job->n_texts != GENERATE_FIXED + 2 * job->n_numbers)
		return fail(job, PSM_E_ARGUMENT, "keys come in threes");
	keys = calloc(job->n_numbers, sizeof *keys);
	if (keys == NULL)
		return fail(job, PSM_E_NO_MEMORY, "out of memory");
	err = create_many(job, keys);
	free(keys);
	return err;
}

static napi_value
give_requests(napi_env env, struct job *job)
{
	return js_text(env, job->got.requests->text);
}

static void
drop_requests(struct job *job)
{
	psm_requests_free(job->got.requests);
}

static enum psm_err
refuse_generate(struct job *job, size_t i)
{
	if (i < GENERATE_FIXED)
		job->param = generate_params[i];
	else
		job->param = i % 2 == 0 ? "keyParams" : "keyGenAlg";
	return PSM_E_PARAMETER;
}

/* --- import: [nickname, answer], [backup] ------------------------------- */

static enum psm_err
run_import(struct job *job)
{
	unsigned flags = job->numbers[0] ? PSM_IMPORT_FORCE_BACKUP : 0;

	if (text(job, 1) == NULL)
		return fail(job, PSM_E_CERTIFICATE, "there is no answer");
	return psm_import_user_certificates(job->door->ctx, text(job, 1),
	                                    text(job, 0), flags, NULL);
}

/* The documented string: nothing but a stored certificate makes it "". */
static napi_value
give_success(napi_env env, struct job *job)
{
	return js_text(env, psm_js_string(job->err));
}

static enum psm_err
refuse_import(struct job *job, size_t i)
{
	(void)job;
	return i == 1 ? PSM_E_CERTIFICATE : PSM_E_ARGUMENT;
}

/* --- the others --------------------------------------------------------- */

static napi_value
give_text(napi_env env, struct job *job)
{
	return js_text(env, job->got.text);
}

static void
drop_text(struct job *job)
{
	psm_text_free(job->got.text);
}

/* [challenge], [] */
static enum psm_err
run_challenge(struct job *job)
{
	if (text(job, 0) == NULL)
		return fail(job, PSM_E_MESSAGE, "there is no challenge");
	return psm_pop_challenge_response(job->door->ctx, text(job, 0),
	                                  &job->got.text);
}

static enum psm_err
refuse_challenge(struct job *job, size_t i)
{
	(void)job, (void)i;
	return PSM_E_MESSAGE;
}

/* [text, ca name ...], [ask] */
static enum psm_err
run_sign(struct job *job)
{
	size_t n = job->n_texts - 1;
	const char **names;
	enum psm_err err;

	if (text(job, 0) == NULL)
		return fail(job, PSM_E_ARGUMENT, "there is no text");
	names = calloc(n + 1, sizeof *names);
	if (names == NULL)
		return fail(job, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		names[i] = text(job, 1 + i) != NULL ? text(job, 1 + i) : "";
	err = psm_sign_text(job->door->ctx, text(job, 0), job->numbers[0] != 0,
	                    names, n, &job->got.text);
	free(names);
	return err;
}

/* [], [length] */
static enum psm_err
run_random(struct job *job)
{
	size_t n = job->numbers[0] > 0 ? (size_t)job->numbers[0] : 0;

	job->got.bytes = malloc(n + 1);
	if (job->got.bytes == NULL)
		return fail(job, PSM_E_NO_MEMORY, "out of memory");
	return psm_random(job->door->ctx, job->got.bytes, n);
}

/* A character for each byte, as the object always had it. */
static napi_value
give_random(napi_env env, struct job *job)
{
	size_t n = job->numbers[0] > 0 ? (size_t)job->numbers[0] : 0;
	napi_value value;

	return napi_create_string_latin1(env, (const char *)job->got.bytes, n,
	                                 &value) == napi_ok
	               ? value
	               : NULL;
}

static void
drop_random(struct job *job)
{
	if (job->got.bytes != NULL && job->numbers[0] > 0)
		explicit_bzero(job->got.bytes, (size_t)job->numbers[0]);
	free(job->got.bytes);
}

static enum psm_err
run_logout(struct job *job)
{
	return psm_logout(job->door->ctx);
}

static enum psm_err
run_pending(struct job *job)
{
	return psm_request_list(job->door->ctx, &job->got.pending);
}

static napi_value
give_pending(napi_env env, struct job *job)
{
	return js_pending(env, job->got.pending);
}

static void
drop_pending(struct job *job)
{
	psm_pending_list_free(job->got.pending);
}

static enum psm_err
run_list(struct job *job)
{
	return psm_store_list(job->door->ctx, &job->got.certs);
}

static napi_value
give_list(napi_env env, struct job *job)
{
	return js_certs(env, job->got.certs);
}

static void
drop_list(struct job *job)
{
	psm_cert_list_free(job->got.certs);
}

const struct call calls[] = {
	{ "open", 2, 3, false, run_open, NULL, NULL, NULL },
	{ "close", 0, 0, false, run_close, NULL, NULL, NULL },
	{ "generateCRMFRequest", GENERATE_FIXED, 1, true, run_generate,
	  give_requests, drop_requests, refuse_generate },
	{ "importUserCertificates", 2, 1, false, run_import, give_success, NULL,
	  refuse_import },
	{ "popChallengeResponse", 1, 0, false, run_challenge, give_text,
	  drop_text, refuse_challenge },
	{ "signText", 1, 1, false, run_sign, give_text, drop_text, NULL },
	{ "random", 0, 1, false, run_random, give_random, drop_random, NULL },
	{ "logout", 0, 0, false, run_logout, NULL, NULL, NULL },
	{ "pending", 0, 0, false, run_pending, give_pending, drop_pending,
	  NULL },
	{ "list", 0, 0, false, run_list, give_list, drop_list, NULL },
};
const size_t n_calls = sizeof calls / sizeof calls[0];

/* --- any call ----------------------------------------------------------- */

/* A text that C cannot hold fails the call before it begins. */
static enum psm_err
check_texts(struct job *job)
{
	for (size_t i = 0; i < job->n_texts; i++) {
		if (!text_has_nul(&job->texts[i]))
			continue;
		fail(job, PSM_OK, "there is a NUL character in a text");
		return job->call->refuse != NULL ? job->call->refuse(job, i)
		                                 : PSM_E_ARGUMENT;
	}
	return PSM_OK;
}

void
job_run(struct job *job)
{
	struct door *door = job->door;

	door->job = job;
	if ((job->err = check_texts(job)) == PSM_OK) {
		if (door->ctx != NULL || job->call->run == run_open ||
		    job->call->run == run_close)
			job->err = job->call->run(job);
		else
			job->err = fail(job, PSM_E_ARGUMENT,
			                "the crypto object is closed");
	}
	if (job->err != PSM_OK && job->errmsg[0] == '\0' &&
	    door->ctx != NULL) {
		fail(job, job->err, psm_errmsg(door->ctx));
		job->param = psm_errparam(door->ctx);
	}
	door->job = NULL;
}

/* An Error with the code, the documented string and the parameter. */
static napi_value
job_error(napi_env env, const struct job *job)
{
	char buf[64];
	const char *result = psm_js_string(job->err);
	napi_value code = js_text(env, psm_err_name(job->err));
	napi_value why = js_text(env, job->errmsg[0] != '\0'
	                                      ? job->errmsg
	                                      : psm_strerror(job->err));
	napi_value error = NULL;

	if (job->call->is_request)
		result = psm_js_request_string(job->err, job->param, buf,
		                               sizeof buf);
	if (code == NULL || why == NULL ||
	    napi_create_error(env, code, why, &error) != napi_ok) {
		napi_get_undefined(env, &error); /* a failure all the same */
		return error;
	}
	js_put(env, error, "result", js_text(env, result));
	js_put(env, error, "parameter", js_text(env, job->param));
	return error;
}

napi_value
job_value(napi_env env, struct job *job, napi_value *ret_error)
{
	napi_value value = NULL;

	if (job->err == PSM_OK && job->call->give == NULL &&
	    napi_get_undefined(env, &value) == napi_ok)
		return value;
	if (job->err == PSM_OK && (value = job->call->give(env, job)) != NULL)
		return value;
	if (job->err == PSM_OK)
		job->err = fail(job, PSM_E_NO_MEMORY,
		                "the result is too large for JavaScript");
	*ret_error = job_error(env, job);
	return NULL;
}

void
job_free(struct job *job)
{
	if (job->call != NULL && job->call->drop != NULL)
		job->call->drop(job);
	for (size_t i = 0; job->texts != NULL && i < job->n_texts; i++)
		text_free(&job->texts[i]);
	free(job->texts);
	free(job->numbers);
	free(job);
}

void
job_end(napi_env env, struct job *job)
{
	if (job->handle != NULL)
		napi_delete_reference(env, job->handle);
	if (job->ask != NULL)
		napi_delete_reference(env, job->ask);
	job_free(job);
}

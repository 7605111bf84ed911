/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_sign.c - a request before its profile, and signed: the part of an order
 * that is the engine's. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "psmd/log.h"
#include "psmd/order_int.h"

enum order_err
order_fail(char *why, enum order_err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, ORDER_WHY_SIZE, format, args);
	va_end(args);
	return err;
}

/* What is not the client's fault is not for it to read. */
static enum order_err
fail_within(char *why, const char *reason)
{
	log_line(LOG_FAILED, "an order: %s", reason);
	return order_fail(why, ORDER_FAILED, "the service cannot issue now");
}

enum order_err
order_fail_rec(char *why, enum rec_err err, const char *doing)
{
	switch (err) {
	case REC_OK:
		return ORDER_OK;
	case REC_NOT_FOUND:
		return order_fail(why, ORDER_NOT_FOUND, "there is none");
	case REC_BUSY:
		return order_fail(why, ORDER_BUSY, "the records are busy");
	default:
		log_line(LOG_FAILED, "%s: %s", doing, rec_strerror(err));
		return order_fail(why, ORDER_FAILED,
		                  "the records cannot be used");
	}
}

void
order_job_clear(struct order_job *job)
{
	ca_answer_free(job->answer);
	ca_request_free(job->opened);
	job->answer = NULL;
	job->opened = NULL;
}

/* --- options ------------------------------------------------------------- */

/* What a profile makes of a request; keep it in its place. */
struct grant {
	struct ca_attribute name;
	struct ca_options options;
};

static void
set_grant(const struct order_job *job, struct grant *grant)
{
	const struct profile *profile = job->profile;
	const struct ca_wish_info *first;

	*grant = (struct grant){
		.name = { "CN", job->account },
		.options = { .profile = &profile->ca,
		             .dialect = CA_DIALECT_CMMF,
		             .encrypt = CA_ENCRYPT_VALUE,
		             .max_wishes = ORDER_MESSAGES_MAX,
		             .no_ca_pubs = true,
		             .days = job->days },
	};
	if (profile->subject == PROFILE_SUBJECT_ACCOUNT) {
		grant->options.attributes = &grant->name;
		grant->options.n_attributes = 1;
	}
	if (profile->ca.alt_names != CA_ALT_NAMES_GIVEN || job->opened == NULL)
		return;
	first = ca_request_wish(job->opened, 0);
	grant->options.alt_names = first->alt_names;
	grant->options.n_alt_names = first->n_alt_names;
}

/* --- judging ------------------------------------------------------------- */

static bool
is_too_small(const struct order_job *job, const struct ca_wish_info *wish)
{
	const struct ca_profile *profile = &job->profile->ca;
	unsigned least = wish->key == CA_KEY_RSA && profile->rsa_bits != 0
	                         ? profile->rsa_bits
	                         : 2048;

	return wish->key_bits != 0 &&
	       (wish->key == CA_KEY_RSA || wish->key == CA_KEY_DSA) &&
	       (profile->keys == 0 || (profile->keys & wish->key) != 0) &&
	       wish->key_bits < least;
}

/* All certificates of an order have the names that its first message has. */
static bool
has_names_of(const struct ca_wish_info *wish, const struct ca_wish_info *first)
{
	if (wish->n_alt_names != first->n_alt_names)
		return false;
	for (size_t i = 0; i < wish->n_alt_names; i++)
		if (wish->alt_names[i].kind != first->alt_names[i].kind ||
		    strcmp(wish->alt_names[i].value,
		           first->alt_names[i].value) != 0)
			return false;
	return true;
}

static enum order_err
judge_wish(const struct order_job *job, const struct ca_wish_info *wish)
{
	char *why = job->why;

	if (wish->pkcs10 != (job->form == ORDER_CSR))
		return order_fail(why, ORDER_MALFORMED,
		                  "a request of another form");
	if (strlen(wish->id) > CERT_REQUEST_ID_MAX)
		return order_fail(why, ORDER_MALFORMED,
		                  "a certReqId is too long");
	if (wish->password)
		return order_fail(why, ORDER_SECRET,
		                  "the request has a challengePassword, which "
		                  "is not to be kept: make one without it");
	if (is_too_small(job, wish))
		return order_fail(why, ORDER_KEY_SIZE,
		                  "the key has %u bits, which is too small",
		                  wish->key_bits);
	if (wish->refused && wish->fail == CA_FAIL_BAD_ALG)
		return order_fail(why, ORDER_REFUSED, "%s", wish->reason);
	if (wish->proof == CA_PROOF_FAILED)
		return order_fail(why, ORDER_MALFORMED, "%s", wish->disproof);
	if (wish->refused)
		return order_fail(why, ORDER_REFUSED, "%s", wish->reason);
	if (wish->encrypted && job->in_clear)
		return order_fail(why, ORDER_ENCRYPTED,
		                  "the certificate will be for its key's "
		                  "holder alone to read");
	if (job->profile->ca.alt_names == CA_ALT_NAMES_GIVEN &&
	    !has_names_of(wish, ca_request_wish(job->opened, 0)))
		return order_fail(why, ORDER_REFUSED,
		                  "the messages ask for different names");
	return ORDER_OK;
}

/* The worst of them decides: what is malformed is nobody's order. */
static enum order_err
judge_wishes(const struct order_job *job)
{
	enum order_err err, first = ORDER_OK;
	const struct ca_wish_info *wish;
	char kept[ORDER_WHY_SIZE] = "";

	for (size_t i = 0; (wish = ca_request_wish(job->opened, i)) != NULL;
	     i++) {
		err = judge_wish(job, wish);
		if (err == ORDER_MALFORMED || err == ORDER_SECRET)
			return err;
		if (first == ORDER_OK && err != ORDER_OK) {
			first = err;
			snprintf(kept, sizeof kept, "%s", job->why);
		}
	}
	if (first != ORDER_OK)
		snprintf(job->why, ORDER_WHY_SIZE, "%s", kept);
	return first;
}

static enum order_err
judge(struct order_job *job, struct ca *ca)
{
	struct grant grant;
	enum psm_err err;

	set_grant(job, &grant);
	err = ca_request_open(ca, job->request, job->request_len,
	                      &grant.options, &job->opened);
	if (err == PSM_E_REQUEST)
		return order_fail(job->why, ORDER_MALFORMED, "%s",
		                  ca_errmsg(ca));
	if (err != PSM_OK)
		return fail_within(job->why, ca_errmsg(ca));
	return judge_wishes(job);
}

/* --- signing ------------------------------------------------------------- */

static enum order_err
sign(struct order_job *job, struct ca *ca)
{
	const struct ca_result *result;
	struct grant grant;
	enum order_err err;

	if (job->opened == NULL && (err = judge(job, ca)) != ORDER_OK)
		return err;
	ca_answer_free(job->answer);
	job->answer = NULL;
	set_grant(job, &grant);
	if (ca_request_issue(ca, job->opened, &grant.options, &job->answer) !=
	    PSM_OK)
		return fail_within(job->why, ca_errmsg(ca));
	for (size_t i = 0; (result = ca_answer_get(job->answer, i)) != NULL;
	     i++)
		if (!result->granted)
			return order_fail(job->why, ORDER_REFUSED, "%s",
			                  result->reason);
	return ORDER_OK;
}

/* --- on the engine's thread ---------------------------------------------- */

struct errand {
	struct order_job *job;
	enum order_err (*fn)(struct order_job *job, struct ca *ca);
	enum order_err err;
};

static void
run(struct psm_ctx *ctx, void *arg)
{
	struct errand *errand = arg;
	char why[ORDER_WHY_SIZE];
	struct ca *ca = issuer_ca(errand->job->issuing, ctx, why, sizeof why);

	errand->err = ca != NULL ? errand->fn(errand->job, ca)
	                         : fail_within(errand->job->why, why);
}

static enum order_err
send(struct order_job *job,
     enum order_err (*fn)(struct order_job *job, struct ca *ca))
{
	struct errand errand = { job, fn, ORDER_FAILED };

	if (!engine_call(job->issuing->engine, run, &errand))
		return order_fail(job->why, ORDER_BUSY,
		                  "there is too much to do");
	return errand.err;
}

enum order_err
order_job_judge(struct order_job *job)
{
	return send(job, judge);
}

enum order_err
order_job_sign(struct order_job *job)
{
	return send(job, sign);
}

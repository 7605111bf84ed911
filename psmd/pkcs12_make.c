/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_make.c - createPKCS12ById: what was made before is found, what was not
 * is made. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "psmd/issuer.h"
#include "psmd/log.h"
#include "psmd/pkcs12.h"

enum {
	WAIT_MS = 5000, /* for another request of the same applicationId */
	SERIALS_MAX = 8, /* to try */
	CHAIN_MAX = 16,
	DAY = 86400
};

struct making {
	const struct p12_call *call;
	struct issuing issuing;
	struct rec_actor actor;
	int64_t claim;
	struct pfx_key *key;
	unsigned char *request; /* the key's PKCS#10 */
	size_t request_len;
};

static enum p12_err
fail(const struct making *making, enum p12_err err, const char *why)
{
	log_line(err == P12_FAILED ? LOG_FAILED : LOG_DOUBTFUL,
	         "createPKCS12ById: account=%s why=%s", making->actor.account,
	         why);
	return err;
}

static enum p12_err
fail_psm(const struct making *making, enum psm_err err, const char *doing)
{
	char why[256];

	snprintf(why, sizeof why, "%s: %s", doing, psm_strerror(err));
	return fail(making, P12_FAILED, why);
}

static enum p12_err
fail_records(const struct making *making, enum rec_err err)
{
	return fail(making, err == REC_BUSY ? P12_BUSY : P12_FAILED,
	            rec_strerror(err));
}

/* --- what the profile grants --------------------------------------------- */

/* Before a key is made for nothing. */
static bool
kind_is_granted(const struct ca_profile *profile, enum pfx_kind kind)
{
	static const struct {
		unsigned key, bits;
	} kinds[] = {
		[PFX_RSA_1024] = { CA_KEY_RSA, 1024 },
		[PFX_RSA_2048] = { CA_KEY_RSA, 2048 },
		[PFX_RSA_3072] = { CA_KEY_RSA, 3072 },
		[PFX_RSA_4096] = { CA_KEY_RSA, 4096 },
		[PFX_EC_P256] = { CA_KEY_P256, 0 },
		[PFX_EC_P384] = { CA_KEY_P384, 0 },
	};
	const unsigned least = profile->rsa_bits != 0 ? profile->rsa_bits
	                                              : 2048;

	if (profile->keys != 0 && (profile->keys & kinds[kind].key) == 0)
		return false;
	return kinds[kind].key != CA_KEY_RSA || kinds[kind].bits >= least;
}

static bool
start_is_granted(const struct ca_profile *profile, int64_t start)
{
	const int64_t most = (int64_t)profile->start_days * DAY;
	const int64_t now = time(NULL);

	return start == 0 || most == 0 ||
	       (start >= now - most && start <= now + most);
}

static enum p12_err
check_profile(const struct making *making)
{
	const struct p12_call *call = making->call;
	const struct ca_profile *profile = &call->profile->ca;
	const uint64_t most = (uint64_t)profile->max_days * DAY;

	if (most != 0 && call->ask.seconds > most)
		return fail(making, P12_VALIDITY,
		            "the profile's max_days are less");
	if (!start_is_granted(profile, call->ask.not_before))
		return fail(making, P12_FROM,
		            "the profile's start_days are less");
	if (!kind_is_granted(profile, call->content.kind))
		return fail(making, P12_PARAMETER,
		            "the profile's keys or rsa_bits grant no such key");
	return P12_OK;
}

/* of_account is room for what the options then point to. */
static struct ca_options
make_options(const struct p12_call *call, struct ca_attribute *of_account)
{
	const struct profile *profile = call->profile;
	struct ca_options options = { .profile = &profile->ca,
		                      .dialect = CA_DIALECT_CERT,
		                      .attributes = call->content.parts,
		                      .n_attributes = call->content.n_parts,
		                      .seconds = call->ask.seconds,
		                      .not_before = call->ask.not_before };

	if (profile->subject == PROFILE_SUBJECT_ACCOUNT) {
		*of_account = (struct ca_attribute){ "CN", call->ask.user };
		options.attributes = of_account;
		options.n_attributes = 1;
	}
	if (profile->ca.alt_names == CA_ALT_NAMES_GIVEN) {
		options.alt_names = call->content.names;
		options.n_alt_names = call->content.n_names;
	}
	return options;
}

/* --- on the engine's thread ---------------------------------------------- */

struct issue {
	const struct making *making;
	bool only_judge;
	enum p12_err err;
	char why[512];
	struct ca_answer *answer;
	struct pfx_cert chain[1 + CHAIN_MAX]; /* the certificate, borrowed from
	                          * answer, and copies of those above it */
	size_t n_chain;
};

static void
issue_clear(struct issue *issue)
{
	for (size_t i = 1; i < issue->n_chain; i++)
		free((void *)issue->chain[i].der);
	ca_answer_free(issue->answer);
	issue->answer = NULL;
	issue->n_chain = 0;
}

static void
issue_fail(struct issue *issue, enum psm_err err, const char *why)
{
	issue->err = err == PSM_E_ARGUMENT || err == PSM_E_REQUEST
	                     ? P12_PARAMETER
	                     : P12_FAILED;
	snprintf(issue->why, sizeof issue->why, "%s",
	         *why != '\0' ? why : psm_strerror(err));
}

static bool
copy_chain(struct issue *issue, const struct ca *ca)
{
	const unsigned char *der;
	size_t len;

	for (size_t i = 0; (der = ca_chain_der(ca, i, &len)) != NULL; i++) {
		void *copy = i < CHAIN_MAX ? malloc(len) : NULL;

		if (copy == NULL)
			return false;
		memcpy(copy, der, len);
		issue->chain[issue->n_chain++] = (struct pfx_cert){ copy, len };
	}
	return true;
}

static void
issue_granted(struct issue *issue, struct ca *ca, struct ca_request *request,
              const struct ca_options *options)
{
	const enum psm_err err = ca_request_issue(ca, request, options,
	                                          &issue->answer);
	const struct ca_result *result;

	if (err != PSM_OK) {
		issue_fail(issue, err, ca_errmsg(ca));
		return;
	}
	result = ca_answer_get(issue->answer, 0);
	issue->chain[issue->n_chain++] =
	        (struct pfx_cert){ result->cert, result->cert_len };
	if (!copy_chain(issue, ca))
		issue_fail(issue, PSM_E_NO_MEMORY, "");
}

static void
issue_here(struct psm_ctx *ctx, void *arg)
{
	struct issue *issue = arg;
	const struct making *making = issue->making;
	struct ca_attribute of_account;
	const struct ca_options options = make_options(making->call,
	                                               &of_account);
	struct ca_request *request;
	enum psm_err err;
	struct ca *ca;

	issue->err = P12_FAILED;
	ca = issuer_ca(&making->issuing, ctx, issue->why, sizeof issue->why);
	if (ca == NULL)
		return;
	err = ca_request_open(ca, making->request, making->request_len,
	                      &options, &request);
	if (err != PSM_OK) {
		issue_fail(issue, err, ca_errmsg(ca));
		return;
	}
	issue->err = P12_OK;
	if (ca_request_wish(request, 0)->refused)
		issue_fail(issue, PSM_E_REQUEST,
		           ca_request_wish(request, 0)->reason);
	else if (!issue->only_judge)
		issue_granted(issue, ca, request, &options);
	ca_request_free(request);
}

/* Clear issue with issue_clear() when that is P12_OK. */
static enum p12_err
issue_there(struct issue *issue)
{
	const struct making *making = issue->making;

	if (!engine_call(making->issuing.engine, issue_here, issue))
		return P12_BUSY;
	if (issue->err == P12_OK)
		return P12_OK;
	issue_clear(issue);
	return fail(making, issue->err, issue->why);
}

/* --- the file ------------------------------------------------------------ */

/* For manual approval: nobody is to read what cannot be granted. */
static enum p12_err
judge(const struct making *making)
{
	struct issue issue = { .making = making, .only_judge = true };
	const enum p12_err err = issue_there(&issue);

	if (err == P12_OK)
		issue_clear(&issue);
	return err;
}

static enum rec_err
keep(const struct making *making, const struct issue *issue,
     const struct pkcs12_result *made, int64_t *ret_cert)
{
	const struct ca_result *result = ca_answer_get(issue->answer, 0);
	const struct cert_new cert = {
		.serial = result->serial,
		.issuer = making->issuing.config->ca,
		.der = result->cert,
		.der_len = result->cert_len,
		.subject = result->subject != NULL ? result->subject : "",
		.not_before = result->not_before,
		.not_after = result->not_after
	};

	return records_pkcs12_finish(making->issuing.records, &making->actor,
	                             making->claim, &cert, made->file,
	                             made->len, ret_cert);
}

/* One certificate and its file. REC_SERIAL: another is to be made. */
static enum p12_err
make_once(const struct making *making, struct pkcs12_result *made,
          enum rec_err *ret_kept)
{
	const struct p12_content *content = &making->call->content;
	struct issue issue = { .making = making };
	enum p12_err err = issue_there(&issue);
	enum psm_err psm;

	if (err != P12_OK)
		return err;
	psm = pfx_make(making->key, issue.chain, issue.n_chain,
	               content->password, content->cn, &made->file,
	               &made->len);
	if (psm == PSM_OK)
		*ret_kept = keep(making, &issue, made, &made->cert);
	else
		err = fail_psm(making, psm, "PKCS#12");
	issue_clear(&issue);
	return err;
}

static enum p12_err
make_file(const struct making *making, struct pkcs12_result *made)
{
	enum rec_err kept = REC_SERIAL;
	enum p12_err err = P12_OK;

	for (int i = 0; i < SERIALS_MAX && kept == REC_SERIAL; i++) {
		free(made->file);
		made->file = NULL;
		err = make_once(making, made, &kept);
		if (err != P12_OK)
			return err;
	}
	if (kept != REC_OK)
		return fail_records(making, kept);
	made->state = PKCS12_DONE;
	return P12_OK;
}

static enum p12_err
wait_for_approval(const struct making *making, struct pkcs12_result *result)
{
	enum p12_err err = judge(making);
	enum rec_err kept;

	if (err != P12_OK)
		return err;
	kept = records_pkcs12_wait(making->issuing.records, &making->actor,
	                           making->claim);
	if (kept != REC_OK)
		return fail_records(making, kept);
	result->state = PKCS12_WAITS;
	return P12_OK;
}

/* --- the claim ----------------------------------------------------------- */

static enum p12_err
take_key(struct making *making)
{
	const struct p12_call *call = making->call;
	enum psm_err err = pfx_pool_take(call->request->server->pool,
	                                 call->content.kind, &making->key);

	if (err != PSM_OK)
		return fail_psm(making, err, "a key");
	err = pfx_key_request(making->key, &making->request,
	                      &making->request_len);
	return err == PSM_OK ? P12_OK : fail_psm(making, err, "a request");
}

static enum p12_err
make_claimed(struct making *making, struct pkcs12_result *result)
{
	const struct p12_call *call = making->call;
	enum p12_err err;

	if ((err = check_profile(making)) == P12_OK &&
	    (err = take_key(making)) == P12_OK)
		err = call->profile->approval == APPROVAL_MANUAL &&
		                      !result->approved
		              ? wait_for_approval(making, result)
		              : make_file(making, result);
	free(making->request);
	pfx_key_free(making->key);
	return err;
}

static void
give_up(const struct making *making)
{
	const enum rec_err err =
	        records_pkcs12_give_up(making->issuing.records, making->claim);

	/* REC_STATE: it was finished after all, and its answer was lost */
	if (err != REC_OK && err != REC_STATE)
		fail_records(making, err);
}

/* What another request has come to. */
static enum p12_err
judge_result(enum pkcs12_state state)
{
	static const enum p12_err errs[] = {
		[PKCS12_MADE_NOW] = P12_MADE_NOW, [PKCS12_FREE] = P12_FAILED,
		[PKCS12_WAITS] = P12_OK, [PKCS12_REJECTED] = P12_REJECTED,
		[PKCS12_DONE] = P12_OK
	};

	return errs[state];
}

enum p12_err
p12_make(const struct p12_call *call, struct pkcs12_result *ret_result)
{
	struct making making = { .call = call,
		                 .issuing = server_issuing(
		                         call->request->server),
		                 .actor = { call->ask.user,
		                            call->request->peer->address } };
	char asked[PKCS12_ASKED_MAX + 1];
	const struct pkcs12_ask ask = { call->ask.user, call->ask.application,
		                        call->ask.subscriber, asked };
	enum p12_err err;
	enum rec_err found;

	making.issuing.config = call->config; /* no reload comes between */
	if (!p12_asked(call, asked))
		return fail(&making, P12_PARAMETER, "it asks for too much");
	found = records_pkcs12_begin(making.issuing.records, &ask, WAIT_MS,
	                             ret_result);
	if (found == REC_EXISTS)
		return fail(&making, P12_OTHER,
		            "another request was approved");
	if (found != REC_OK)
		return fail_records(&making, found);
	making.claim = ret_result->claim;
	if (making.claim == 0)
		return judge_result(ret_result->state);
	err = make_claimed(&making, ret_result);
	if (err != P12_OK)
		give_up(&making);
	return err;
}

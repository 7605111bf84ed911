/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* import.c - importUserCertificates: bring a CA's answer home. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "psm/internal.h"

enum { TEXT_SIZE = 512 };

static void
import_clear(struct import *import)
{
	plan_clear(&import->plan);
	nu_cert_rep_free(import->rep);
	nu_certs_free(import->certs);
	nu_pkimessage_free(import->message);
	nu_slots_free(import->slots);
	SECITEM_ZfreeItem(&import->der, PR_FALSE);
	if (import->backup != NULL)
		explicit_bzero(import->backup, sizeof *import->backup);
	free(import->backup);
}

/* --- decode ------------------------------------------------------------------ */

enum psm_err
import_decode_text(struct psm_ctx *ctx, struct import *import)
{
	return ctx_decode_base64(ctx, PSM_E_CERTIFICATE, "the answer",
	                         import->data, import->len, &import->der);
}

enum psm_err
import_decode_rep(struct psm_ctx *ctx, struct import *import,
                  const SECItem *der)
{
	if (nu_cmmf_decode(der, ctx->max_responses, &import->rep) !=
	    SECSuccess) {
		if (PORT_GetError() == SEC_ERROR_INPUT_LEN)
			return psm_fail(ctx, PSM_E_CERTIFICATE,
			                "the answer has more than %zu "
			                "responses", ctx->max_responses);
		return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
		                    "the answer is no CertRepContent");
	}
	if (import->rep->n_responses == 0)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the answer has no response in it");
	return PSM_OK;
}

static enum psm_err
decode_answer(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err = import_decode_text(ctx, import);

	return err == PSM_OK ? import_decode_rep(ctx, import, &import->der)
	                     : err;
}

/* --- status ------------------------------------------------------------------ */

/* PKIFailureInfo, RFC 4210, 5.2.3: the name of each bit. */
static const char *const fail_names[] = {
	"badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId",
	"badDataFormat", "wrongAuthority", "incorrectData",
	"missingTimeStamp", "badPOP", "certRevoked", "certConfirmed",
	"wrongIntegrity", "badRecipientNonce", "timeNotAvailable",
	"unacceptedPolicy", "unacceptedExtension", "addInfoNotAvailable",
	"badSenderNonce", "badCertTemplate", "signerNotTrusted",
	"transactionIdInUse", "unsupportedVersion", "notAuthorized",
	"systemUnavail", "systemFailure", "duplicateCertReq",
};

static const char *
status_name(long status)
{
	static const char *const names[] = {
		"granted", "granted with modifications", "rejected",
		"waiting", "revocation warning", "revocation notification",
		"key update warning",
	};

	return status >= 0 && (size_t)status < sizeof names / sizeof names[0]
	               ? names[status]
	               : "an unknown status";
}

static void
append(char *buf, size_t size, const char *separator, const char *text,
       size_t len)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%.*s", used ? separator : "",
	         (int)(len < size ? len : size), text);
	psm_end_text(buf);
}

/* The CA's own words, or "". */
static void
join_texts(const struct nu_cert_response *r, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < r->n_texts; i++)
		append(buf, size, "; ", (const char *)r->texts[i].data,
		       r->texts[i].len);
}

static void
join_failures(const struct nu_cert_response *r, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof fail_names / sizeof fail_names[0]; i++) {
		if (r->fail_info >> i & 1)
			append(buf, size, ", ", fail_names[i],
			       strlen(fail_names[i]));
	}
}

enum psm_err
import_refused(struct psm_ctx *ctx, const struct nu_cert_response *r)
{
	nu_auto_mem char *id =
	        r->id.data != NULL ? nu_der_to_decimal(&r->id) : NULL;
	char texts[TEXT_SIZE / 2], failures[TEXT_SIZE / 2];

	join_texts(r, texts, sizeof texts);
	join_failures(r, failures, sizeof failures);
	return psm_fail(ctx, PSM_E_CERTIFICATE,
	                "the CA's answer%s%s is: %s%s%s%s%s%s",
	                id != NULL ? " to request " : "", id != NULL ? id : "",
	                status_name(r->status), texts[0] ? ", \"" : "", texts,
	                texts[0] ? "\"" : "", failures[0] ? ", " : "",
	                failures);
}

static enum psm_err
check_status(struct psm_ctx *ctx, const struct nu_cert_response *r)
{
	if (r->status != NU_STATUS_GRANTED &&
	    r->status != NU_STATUS_GRANTED_WITH_MODS)
		return import_refused(ctx, r);
	if (r->cert.data != NULL || r->encrypted_cert.data != NULL)
		return PSM_OK;
	return psm_fail(ctx, PSM_E_CERTIFICATE,
	                "a response grants a certificate and brings none");
}

/* --- read --------------------------------------------------------------------- */

/* A certificate that came in no CertResponse has none. */
static enum psm_err
report_id(struct psm_ctx *ctx, struct plan *plan,
          const struct nu_cert_response *r, struct step *step)
{
	nu_auto_mem char *id = NULL;

	if (r->id.data == NULL)
		return PSM_OK;
	id = nu_der_to_decimal(&r->id);
	if (id == NULL ||
	    (step->report->request_id = plan_strdup(plan, id)) == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

static enum psm_err
read_response(struct psm_ctx *ctx, struct plan *plan,
              const struct nu_cert_response *r)
{
	char texts[TEXT_SIZE];
	struct step *step;
	enum psm_err err = plan_add_user(ctx, plan, &r->cert, &step);

	if (err == PSM_OK)
		err = report_id(ctx, plan, r, step);
	if (err != PSM_OK)
		return err;
	if (r->status == NU_STATUS_GRANTED_WITH_MODS)
		step->report->warnings |= PSM_WARN_MODIFIED;
	join_texts(r, texts, sizeof texts);
	if (texts[0] != '\0' &&
	    (step->report->status_text = plan_strdup(plan, texts)) == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

/* Every status first: a refusal explains more than what follows from it. */
static enum psm_err
plan_read_certs(struct psm_ctx *ctx, struct import *import)
{
	const struct nu_cert_rep *rep = import->rep;
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < rep->n_responses && err == PSM_OK; i++)
		err = check_status(ctx, &rep->responses[i]);
	if (err == PSM_OK)
		err = encrypted_open_certs(ctx, import);
	if (err == PSM_OK)
		err = import_add_issuers(ctx, import);
	if (err == PSM_OK)
		err = plan_init(ctx, &import->plan, rep->n_responses,
		                rep->n_ca_pubs);
	for (size_t i = 0; i < rep->n_responses && err == PSM_OK; i++)
		err = read_response(ctx, &import->plan, &rep->responses[i]);
	for (size_t i = 0; i < rep->n_ca_pubs && err == PSM_OK; i++)
		err = plan_add_chain(ctx, &import->plan, &rep->ca_pubs[i]);
	if (err == PSM_OK) {
		import->plan.result->form = import->form;
		import->plan.result->protection = import->protection;
	}
	return err;
}

/* --- match --------------------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b)
{
	return (int)SECITEM_CompareItem(*(const SECItem *const *)a,
	                                *(const SECItem *const *)b);
}

/* An id that answers one request twice. */
static enum psm_err
check_unique_ids(struct psm_ctx *ctx, const struct nu_cert_rep *rep)
{
	nu_auto_mem const SECItem **ids =
	        calloc(rep->n_responses, sizeof *ids);

	if (ids == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < rep->n_responses; i++)
		ids[i] = &rep->responses[i].id;
	qsort(ids, rep->n_responses, sizeof *ids, compare_ids);
	for (size_t i = 1; i < rep->n_responses; i++) {
		if (ids[i]->data != NULL &&
		    compare_ids(&ids[i - 1], &ids[i]) == 0)
			return psm_fail(ctx, PSM_E_REQUEST_ID,
			                "the answer answers a request twice");
	}
	return PSM_OK;
}

static enum psm_err
match_by_id(struct psm_ctx *ctx, struct import *import, size_t i)
{
	const struct nu_cert_response *r = &import->rep->responses[i];
	struct step *step = &import->plan.users[i];
	enum psm_err err;

	step->report->matched = PSM_MATCHED_ID;
	err = pending_find(ctx, import->slots, &r->id, step->cert,
	                   &step->pending);
	return err == PSM_E_REQUEST_ID
	               ? recovery_match(ctx, import->slots, r, step)
	               : err;
}

static enum psm_err
match_by_key(struct psm_ctx *ctx, struct import *import, struct step *step)
{
	enum psm_err err = pending_find_by_key(ctx, import->slots, step->cert,
	                                       &step->pending);
	nu_auto_port char *label = NULL;
	int32_t id;
	bool is_ca;

	if (err != PSM_OK)
		return err;
	step->report->matched = PSM_MATCHED_KEY;
	label = nu_key_label(step->pending.key);
	if (label == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot read the label of a key");
	if (!pending_parse(label, &id, &is_ca))
		step->report->warnings |= PSM_WARN_KEY_ELSEWHERE;
	return PSM_OK;
}

/* Was this finished by an import of the same answer that was interrupted later
 * on? Then certificate and key are here, and the key is no request any more. */
static enum psm_err
match_finished(struct psm_ctx *ctx, struct import *import, struct step *step)
{
	PRBool here = PR_FALSE;
	enum psm_err err;

	for (size_t i = 0; i < import->slots->n && !here; i++) {
		if (nu_slot_has_cert(import->slots->slot[i], step->cert,
		                     &here) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot search the tokens");
	}
	if (!here)
		return PSM_E_REQUEST_ID;
	err = match_by_key(ctx, import, step);
	if (err != PSM_OK)
		return err;
	step->pending.is_ca = true; /* as it is stored, it was agreed to */
	import->n_finished++;
	return PSM_OK;
}

static enum psm_err
check_ca(struct psm_ctx *ctx, const struct import *import,
         const struct step *step)
{
	PRBool is_ca;

	if (nu_ext_is_ca(&step->parts.extensions, &is_ca) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
		                    "a certificate's extensions do not parse");
	if (!is_ca || step->pending.is_ca ||
	    (import->flags & PSM_IMPORT_ALLOW_CA))
		return PSM_OK;
	return psm_fail(ctx, PSM_E_CERTIFICATE,
	                "the certificate of \"%s\" is a CA's, which was not "
	                "asked for", step->report->cert.subject);
}

static enum psm_err
match_step(struct psm_ctx *ctx, struct import *import, size_t i)
{
	struct step *step = &import->plan.users[i];
	enum psm_err err = import->rep->responses[i].id.data == NULL
	                           ? match_by_key(ctx, import, step)
	                           : match_by_id(ctx, import, i);

	if ((err == PSM_E_REQUEST_ID || err == PSM_E_CERTIFICATE) &&
	    (import->flags & PSM_MATCH_BY_KEY))
		err = match_by_key(ctx, import, step);
	else if (err == PSM_E_REQUEST_ID)
		err = match_finished(ctx, import, step);
	if (err != PSM_OK)
		return err;
	step->slot = PK11_ReferenceSlot(step->pending.slot);
	step->report->cert.has_key = true;
	if ((err = ctx_writable(ctx, step->slot)) != PSM_OK)
		return err;
	return check_ca(ctx, import, step);
}

enum psm_err
import_find_slots(struct psm_ctx *ctx, struct import *import)
{
	return import->slots != NULL ? PSM_OK
	                             : ctx_key_slots(ctx, &import->slots);
}

/* An unknown id weighs more than a key that does not fit, so all ids are looked
 * at before a key's failure is reported. */
static enum psm_err
plan_match(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err = PSM_OK, first = PSM_OK;

	if ((err = import_find_slots(ctx, import)) != PSM_OK)
		return err;
	if (!(import->flags & PSM_MATCH_BY_KEY) &&
	    (err = check_unique_ids(ctx, import->rep)) != PSM_OK)
		return err;
	for (size_t i = 0; i < import->plan.n_users; i++) {
		ctx_progress(ctx, "matching requests", i, import->plan.n_users);
		err = match_step(ctx, import, i);
		if (err != PSM_OK && err != PSM_E_CERTIFICATE)
			return err;
		if (first == PSM_OK)
			first = err;
	}
	if (first == PSM_OK && import->n_finished == import->plan.n_users)
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "the answer was imported before: none of its "
		                "requests is pending");
	return first;
}

/* --- backup --------------------------------------------------------------------- */

static enum psm_err
ask_backup_target(struct psm_ctx *ctx, struct import *import)
{
	enum psm_answer answer = PSM_ANSWER_NONE;

	if (!(import->flags & PSM_IMPORT_FORCE_BACKUP))
		return PSM_OK;
	import->backup = calloc(1, sizeof *import->backup);
	if (import->backup == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if (ctx->ui.backup_target != NULL)
		answer = ctx->ui.backup_target(ctx->arg, import->plan.result,
		                               import->backup);
	if (answer != PSM_ANSWER_YES)
		return psm_fail(ctx, PSM_E_CANCELLED,
		                "the import needs a backup, and it was "
		                "declined");
	return backup_check_target(ctx, import->backup);
}

static enum psm_err
plan_backup(struct psm_ctx *ctx, struct import *import)
{
	struct plan *plan = &import->plan;
	nu_auto_mem CERTCertificate **certs = NULL;
	nu_auto_mem SECKEYPrivateKey **keys = NULL;
	enum psm_err err;

	if (import->backup == NULL)
		return PSM_OK;
	certs = calloc(plan->n_users, sizeof *certs);
	keys = calloc(plan->n_users, sizeof *keys);
	plan->result->backup_path = plan_strdup(plan, import->backup->path);
	if (certs == NULL || keys == NULL || !plan->result->backup_path)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < plan->n_users; i++) {
		certs[i] = plan->users[i].cert;
		keys[i] = plan->users[i].pending.key;
	}
	err = backup_write(ctx, certs, keys, plan->n_users, import->backup);
	import->backup_written = err == PSM_OK;
	return err;
}

/* A backup of an import that was taken back would mislead; one that replaced
 * another file cannot be taken back, and does no harm. */
static void
remove_backup(struct import *import)
{
	if (import->backup_written &&
	    !(import->backup->flags & PSM_BACKUP_OVERWRITE))
		(void)remove(import->backup->path);
}

/* --- the story -------------------------------------------------------------------- */

/* Decide everything; nothing is written. */
static enum psm_err
import_decide(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err;

	if ((err = import->decode(ctx, import)) != PSM_OK ||
	    (err = plan_read_certs(ctx, import)) != PSM_OK ||
	    (err = plan_match(ctx, import)) != PSM_OK ||
	    (err = plan_verify(ctx, &import->plan)) != PSM_OK)
		return err;
	import->plan.wish = import->nickname;
	if ((err = plan_name(ctx, &import->plan)) != PSM_OK ||
	    (err = plan_confirm(ctx, &import->plan)) != PSM_OK)
		return err;
	return ask_backup_target(ctx, import);
}

/* Retiring comes last: until then the same answer can be imported again, and
 * completes what a crash interrupted. */
static enum psm_err
import_write(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err = plan_commit(ctx, &import->plan);

	if (err != PSM_OK)
		return err;
	if ((err = plan_backup(ctx, import)) != PSM_OK ||
	    (err = plan_retire(ctx, &import->plan)) != PSM_OK) {
		plan_undo(ctx, &import->plan);
		remove_backup(import);
	}
	return err;
}

enum psm_err
import_run(struct psm_ctx *ctx, struct import *import,
           struct psm_import **ret_import)
{
	enum psm_err err = import_decide(ctx, import);

	if (err == PSM_OK)
		err = import_write(ctx, import);
	if (err == PSM_OK) {
		/* What was tried in vain on the way is no failure. */
		ctx->errmsg[0] = '\0';
		if (ret_import != NULL)
			*ret_import = nu_take(import->plan.result);
	}
	import_clear(import);
	return ctx_name_locked(ctx, err);
}

enum psm_err
psm_import_user_certificates(struct psm_ctx *ctx, const char *response,
                             const char *nickname, unsigned flags,
                             struct psm_import **ret_import)
{
	struct import import = { .decode = decode_answer,
		                 .data = response,
		                 .nickname = nickname,
		                 .flags = flags };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if (response == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT, "there is no answer");
	import.len = strlen(response);
	return import_run(ctx, &import, ret_import);
}

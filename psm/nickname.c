/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nickname.c - which nickname a certificate gets.
 *
 * The subject's own, if the store has it; else the caller's wish; else
 * "<Common Name>'s <Issuer> ID" (MDN, importUserCertificates). Then " #2",
 * " #3" ... until no other subject holds it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_name.h"
#include "psm/internal.h"

enum { NUMBER_SIZE = 24 };

static bool
same_subject(const struct step *a, const struct step *b)
{
	return SECITEM_ItemsAreEqual(&a->parts.subject, &b->parts.subject);
}

static const struct step *
step_at(const struct plan *plan, size_t i)
{
	return i < plan->n_users ? &plan->users[i]
	                         : &plan->chain[i - plan->n_users];
}

/* The name of the same subject in this very plan. */
static const char *
name_in_plan(const struct plan *plan, const struct step *step)
{
	for (size_t i = 0; i < plan->n_users + plan->n_chain; i++) {
		const struct step *s = step_at(plan, i);

		if (s->nickname != NULL && same_subject(s, step))
			return s->nickname;
	}
	return NULL;
}

/* The name of the same subject in the store, of its own token first; borrowed
 * from certs. */
static const char *
name_among(const struct step *step, CERTCertList *certs)
{
	const char *found = NULL;

	for (CERTCertListNode *n = CERT_LIST_HEAD(certs);
	     !CERT_LIST_END(n, certs); n = CERT_LIST_NEXT(n)) {
		const char *name = store_bare_nickname(n->cert);

		if (!n->cert->isperm || name == NULL || *name == '\0')
			continue;
		if (found == NULL || n->cert->slot == step->slot)
			found = name;
	}
	return found;
}

/* A copy of it; NULL: there is none. */
static SECStatus
name_in_store(const struct step *step, char **ret_name)
{
	nu_auto(CERTCertList) certs = NULL;
	const char *found;

	PORT_SetError(0);
	certs = CERT_CreateSubjectCertList(NULL, CERT_GetDefaultCertDB(),
	                                   &step->parts.subject, 0, PR_FALSE);
	if (certs == NULL)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	found = name_among(step, certs);
	if (found != NULL && (*ret_name = strdup(found)) == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return SECFailure;
	}
	return SECSuccess;
}

/* What nu_name_of_...() has just returned, or a word for a name without any
 * value. NULL: no memory. */
static char *
or_unknown(char *name)
{
	if (name != NULL || nu_err_is_trouble(PORT_GetError()))
		return name;
	return strdup("Unknown");
}

/* "<Common Name>'s <Issuer> ID"; of a CA its own name. */
static char *
default_name(const struct step *step)
{
	nu_auto_mem char *subject =
	        or_unknown(nu_name_of_subject(&step->parts.subject));
	nu_auto_mem char *issuer =
	        or_unknown(nu_name_of_issuer(&step->parts.issuer));
	nu_auto_mem char *text = NULL;

	if (subject == NULL || issuer == NULL)
		return NULL;
	if (step->pending.key == NULL && !step->report->cert.has_key)
		return nu_nickname_force(subject);
	if (asprintf(&text, "%s's %s ID", subject, issuer) < 0) {
		text = NULL;
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	return nu_nickname_force(text);
}

static bool
taken_in_plan(const struct plan *plan, const struct step *step,
              const char *name)
{
	for (size_t i = 0; i < plan->n_users + plan->n_chain; i++) {
		const struct step *s = step_at(plan, i);

		if (s != step && s->nickname != NULL &&
		    strcmp(s->nickname, name) == 0 && !same_subject(s, step))
			return true;
	}
	return false;
}

static bool
taken_in_store(const struct step *step, const char *name)
{
	nu_auto_mem char *qualified = NULL;

	if (PK11_IsInternal(step->slot))
		return SEC_CertNicknameConflict(name, &step->parts.subject,
		                                CERT_GetDefaultCertDB());
	if (asprintf(&qualified, "%s:%s", PK11_GetTokenName(step->slot),
	             name) < 0) {
		qualified = NULL;
		return false; /* the token has the last word */
	}
	return SEC_CertNicknameConflict(qualified, &step->parts.subject,
	                                CERT_GetDefaultCertDB());
}

/* base, or base with the first number that makes it free. Many certificates of
 * one name in one plan go on where the last one stopped. */
static enum psm_err
first_free(struct psm_ctx *ctx, struct plan *plan, const struct step *step,
           const char *base, const char **ret_nickname)
{
	size_t size = strlen(base) + NUMBER_SIZE;
	char *name = PORT_ArenaAlloc(plan->result->arena, size);
	bool again = plan->last_base != NULL &&
	             strcmp(plan->last_base, base) == 0;
	unsigned long number = again ? plan->last_number : 1;

	if (name == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	do {
		if (number == 1)
			snprintf(name, size, "%s", base);
		else
			snprintf(name, size, "%s #%lu", base, number);
		number++;
	} while (taken_in_plan(plan, step, name) ||
	         taken_in_store(step, name));
	plan->last_base = plan_strdup(plan, base);
	if (plan->last_base == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	plan->last_number = number - 1;
	*ret_nickname = name;
	return PSM_OK;
}

static bool
is_wish(const char *wish)
{
	/* What JavaScript made of null. */
	return wish != NULL && *wish != '\0' && strcmp(wish, "null") != 0;
}

enum psm_err
nickname_choose(struct psm_ctx *ctx, struct plan *plan,
                const struct step *step, const char *wish,
                const char **ret_nickname)
{
	const char *planned = name_in_plan(plan, step);
	nu_auto_mem char *base = NULL;

	if (planned != NULL) {
		*ret_nickname = planned;
		return PSM_OK;
	}
	if (name_in_store(step, &base) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "choosing a nickname");
	if (base == NULL && is_wish(wish)) {
		base = nu_nickname_clean(wish);
		if (base == NULL && PORT_GetError() == SEC_ERROR_INVALID_ARGS)
			return psm_fail(ctx, PSM_E_ARGUMENT,
			                "the nickname is blank, too long, not "
			                "UTF-8, or has control characters");
	} else if (base == NULL) {
		base = default_name(step);
	}
	if (base == NULL)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY,
		                    "choosing a nickname");
	return first_free(ctx, plan, step, base, ret_nickname);
}

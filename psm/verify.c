/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* verify.c - is what a plan brings in consistent and signed by whom it says? */

#include <stdlib.h>
#include <string.h>

#include <prtime.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

/* --- one issuer and serial number, one certificate -------------------------- */

static int
by_issuer(const void *a, const void *b)
{
	const struct step *x = *(struct step *const *)a;
	const struct step *y = *(struct step *const *)b;
	int order = (int)SECITEM_CompareItem(&x->parts.issuer,
	                                     &y->parts.issuer);

	return order != 0 ? order
	                  : (int)SECITEM_CompareItem(&x->parts.serial,
	                                             &y->parts.serial);
}

/* All steps, those of one issuer together. NULL: no memory. */
static struct step **
sort_steps(const struct plan *plan, size_t n)
{
	struct step **sorted = calloc(n + 1, sizeof *sorted);

	if (sorted == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		sorted[i] = i < plan->n_users
		                    ? &plan->users[i]
		                    : &plan->chain[i - plan->n_users];
	qsort(sorted, n, sizeof *sorted, by_issuer);
	return sorted;
}

static enum psm_err
check_serials(struct psm_ctx *ctx, struct step *const sorted[], size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (nu_cert_same_serial(&sorted[i - 1]->parts,
		                        &sorted[i]->parts))
			return psm_fail(ctx, PSM_E_CERTIFICATE,
			                "two certificates have the serial "
			                "number %s of one issuer",
			                sorted[i]->report->cert.serial);
	}
	return PSM_OK;
}

/* --- signatures --------------------------------------------------------------- */

/* A CA has few keys of one name, and a hostile answer a hundred large ones. */
enum { MAX_TRIES = 4 };

/* The certificates of one name, temporary ones of the plan among them. It takes
 * NSS long to list many, so the last look-up is kept. */
struct issuers {
	const SECItem *name; /* borrowed */
	CERTCertList *certs; /* or NULL: none */
};

static SECStatus
find_issuers(struct issuers *issuers, const SECItem *name)
{
	if (issuers->name != NULL && SECITEM_ItemsAreEqual(issuers->name, name))
		return SECSuccess;
	if (issuers->certs != NULL)
		CERT_DestroyCertList(issuers->certs);
	issuers->name = name;
	PORT_SetError(0);
	issuers->certs = CERT_CreateSubjectCertList(
	        NULL, CERT_GetDefaultCertDB(), name, 0, PR_FALSE);
	return issuers->certs == NULL && nu_err_is_trouble(PORT_GetError())
	               ? SECFailure
	               : SECSuccess;
}

/* May issuer have signed this? A name alone is not enough once a CA has changed
 * its key: then the key identifiers tell (RFC 5280, 4.2.1.1). */
static bool
may_be_issuer(const struct nu_cert *issuer, const struct nu_cert *cert)
{
	SECItem wanted = nu_cert_authority_key_id(cert);
	SECItem offered = nu_cert_subject_key_id(issuer);

	if (issuer->extensions.data != NULL && !nu_cert_is_ca(issuer))
		return false; /* version 1 has no way to say it */
	return wanted.data == NULL || offered.data == NULL ||
	       SECITEM_ItemsAreEqual(&wanted, &offered);
}

enum verdict { UNKNOWN, GOOD, WEAK, BAD, TROUBLE };

static enum verdict
verify_with(CERTCertificate *issuer, CERTCertificate *cert)
{
	nu_auto(SECKEYPublicKey) key = CERT_ExtractPublicKey(issuer);

	if (key == NULL)
		return nu_err_is_trouble(PORT_GetError()) ? TROUBLE : WEAK;
	if (CERT_VerifySignedDataWithPublicKey(&cert->signatureWrap, key,
	                                       NULL) == SECSuccess)
		return GOOD;
	switch (PORT_GetError()) {
	case SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED:
	case SEC_ERROR_SIGNATURE_ALGORITHM_DISABLED:
	case SEC_ERROR_UNSUPPORTED_KEYALG:
		return WEAK;
	default:
		return nu_err_is_trouble(PORT_GetError()) ? TROUBLE : BAD;
	}
}

/* The best that any issuer of that name can say; a "no" only counts when there
 * is none left to ask. */
static enum verdict
verify_step(const struct issuers *issuers, const struct step *step)
{
	enum verdict verdict = UNKNOWN;
	unsigned tries = 0;

	if (issuers->certs == NULL)
		return UNKNOWN;
	for (CERTCertListNode *n = CERT_LIST_HEAD(issuers->certs);
	     !CERT_LIST_END(n, issuers->certs); n = CERT_LIST_NEXT(n)) {
		struct nu_cert parts;
		enum verdict one;

		if (nu_cert_read(&n->cert->derCert, &parts) != SECSuccess ||
		    !may_be_issuer(&parts, &step->parts))
			continue;
		if (tries++ == MAX_TRIES)
			return verdict == BAD ? UNKNOWN : verdict;
		one = verify_with(n->cert, step->cert);
		if (one == GOOD || one == TROUBLE)
			return one;
		if (verdict == UNKNOWN || one == WEAK)
			verdict = one;
	}
	return verdict;
}

static unsigned
validity_warnings(const struct step *step)
{
	PRTime now = PR_Now();

	if (now < step->parts.not_before)
		return PSM_WARN_NOT_YET_VALID;
	return now > step->parts.not_after ? PSM_WARN_EXPIRED : 0;
}

static enum psm_err
check_signature(struct psm_ctx *ctx, struct issuers *issuers,
                struct step *step)
{
	if (!step->parts.one_algorithm)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the certificate with the serial number %s "
		                "names two signature algorithms",
		                step->report->cert.serial);
	if (find_issuers(issuers, &step->parts.issuer) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot find issuers");
	switch (verify_step(issuers, step)) {
	case TROUBLE:
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot verify a signature");
	case BAD:
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the signature of the certificate with the "
		                "serial number %s is not its issuer's",
		                step->report->cert.serial);
	case WEAK:
		step->report->warnings |= PSM_WARN_WEAK_SIGNATURE;
		break;
	case UNKNOWN:
		step->report->warnings |= PSM_WARN_UNVERIFIED;
		break;
	case GOOD:
		break;
	}
	return PSM_OK;
}

/* Nothing new is trusted with a CA certificate that is here already. */
static enum psm_err
check_step(struct psm_ctx *ctx, struct issuers *issuers, struct step *step)
{
	step->report->warnings |= validity_warnings(step);
	return step->present ? PSM_OK : check_signature(ctx, issuers, step);
}

static enum psm_err
check_steps(struct psm_ctx *ctx, struct step *const steps[], size_t n)
{
	struct issuers issuers = { NULL, NULL };
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < n && err == PSM_OK; i++)
		err = check_step(ctx, &issuers, steps[i]);
	if (issuers.certs != NULL)
		CERT_DestroyCertList(issuers.certs);
	return err;
}

enum psm_err
plan_verify(struct psm_ctx *ctx, struct plan *plan)
{
	size_t n = plan->n_users + plan->n_chain;
	nu_auto_mem struct step **sorted = sort_steps(plan, n);
	enum psm_err err;

	if (sorted == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	err = check_serials(ctx, sorted, n);
	return err == PSM_OK ? check_steps(ctx, sorted, n) : err;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* sign_text.c - a detached signature by a certificate of the user's. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <secasn1.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_signed.h"
#include "psm/internal.h"

NU_DEFINE_AUTO(CERTCertificateList, CERT_DestroyCertificateList(p))

/* What is to be signed, and who could. */
struct signing {
	const char *text;
	bool ask;
	PLArenaPool *arena;
	bool any_ca;
	CERTName *cas; /* of arena: those CA names that are names */
	size_t n_cas;
	struct psm_cert_list *all, *fit;
	const struct psm_cert **candidates; /* of all */
	size_t n_candidates;
};

static void
signing_clear(struct signing *signing)
{
	free(signing->candidates);
	psm_cert_list_free(signing->fit);
	psm_cert_list_free(signing->all);
	if (signing->arena != NULL)
		PORT_FreeArena(signing->arena, PR_FALSE);
}

static SECItem
der_of(const struct psm_cert *cert)
{
	return (SECItem){ siBuffer, (unsigned char *)cert->der,
		          (unsigned)cert->der_len };
}

/* --- fit for signing ----------------------------------------------------- */

/* A purpose of people's certificates. */
static bool
is_purpose(const SECItem *oid)
{
	switch (SECOID_FindOIDTag(oid)) {
	case SEC_OID_EXT_KEY_USAGE_EMAIL_PROTECT:
	case SEC_OID_EXT_KEY_USAGE_CLIENT_AUTH:
	case SEC_OID_X509_ANY_EXT_KEY_USAGE:
		return true;
	default:
		return false;
	}
}

static bool
usage_fits(const SECItem *extensions)
{
	unsigned usage = 0;

	if (extensions->data == NULL)
		return true;
	if (nu_ext_key_usage(extensions, &usage) != SECSuccess)
		return false;
	return usage == 0 ||
	       (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

static bool
is_fit(const struct psm_cert *cert, int64_t now)
{
	SECItem der = der_of(cert);
	struct nu_cert parts;

	return cert->has_key && !cert->is_ca &&
	       cert->key_type != PSM_KEY_OTHER && cert->not_before <= now &&
	       now <= cert->not_after &&
	       nu_cert_read(&der, &parts) == SECSuccess &&
	       usage_fits(&parts.extensions) &&
	       cert_purpose_fits(&parts.extensions, is_purpose);
}

/* The newest first. */
static int
by_age(const void *a, const void *b)
{
	const struct psm_cert *x = *(const struct psm_cert *const *)a;
	const struct psm_cert *y = *(const struct psm_cert *const *)b;

	if (x->not_before != y->not_before)
		return x->not_before > y->not_before ? -1 : 1;
	return strcmp(x->sha256, y->sha256);
}

static enum psm_err
find_candidates(struct psm_ctx *ctx, struct signing *signing)
{
	int64_t now = time(NULL);
	enum psm_err err = psm_store_list(ctx, &signing->all);
	size_t n;

	if (err != PSM_OK)
		return err;
	n = psm_cert_list_count(signing->all);
	signing->candidates = calloc(n + 1, sizeof(*signing->candidates));
	if (signing->candidates == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct psm_cert *c = psm_cert_list_get(signing->all, i);

		if (is_fit(c, now))
			signing->candidates[signing->n_candidates++] = c;
	}
	qsort(signing->candidates, signing->n_candidates,
	      sizeof(*signing->candidates), by_age);
	return PSM_OK;
}

/* --- of which CA --------------------------------------------------------- */

static SECStatus
read_name(PLArenaPool *arena, const char *text, CERTName *ret_name)
{
	nu_auto(SECItem) der = nu_name_from_text(text);
	SECItem copy;

	if (der == NULL ||
	    SECITEM_CopyItem(arena, &copy, der) != SECSuccess)
		return SECFailure;
	return SEC_QuickDERDecodeItem(arena, ret_name,
	                              SEC_ASN1_GET(CERT_NameTemplate), &copy);
}

/* One that is no name is nobody's. */
static enum psm_err
read_names(struct psm_ctx *ctx, struct signing *signing,
           const char *const names[], size_t n)
{
	signing->any_ca = n == 0;
	signing->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (signing->arena != NULL)
		signing->cas = PORT_ArenaZNewArray(signing->arena, CERTName,
		                                   n + 1);
	if (signing->cas == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++) {
		PORT_SetError(0);
		if (read_name(signing->arena, names[i],
		              &signing->cas[signing->n_cas]) == SECSuccess)
			signing->n_cas++;
		else if (nu_err_is_trouble(PORT_GetError()))
			return psm_fail_nss(ctx, PSM_E_INTERNAL,
			                    "reading the CAs' names");
	}
	return PSM_OK;
}

/* Does somebody in the chain have one of them as issuer? */
static bool
is_below(const struct signing *signing, CERTCertList *chain)
{
	for (CERTCertListNode *n = CERT_LIST_HEAD(chain);
	     !CERT_LIST_END(n, chain); n = CERT_LIST_NEXT(n)) {
		for (size_t i = 0; i < signing->n_cas; i++) {
			if (CERT_CompareName(&n->cert->issuer,
			                     &signing->cas[i]) == SECEqual)
				return true;
		}
	}
	return false;
}

/* NSS's own object of it, as it lies in its token. */
static CERTCertificate *
open_cert(struct psm_ctx *ctx, PK11SlotInfo *slot, const struct psm_cert *cert)
{
	SECItem der = der_of(cert);

	return PK11_FindCertFromDERCertItem(slot, &der, &ctx->pin);
}

static enum psm_err
has_ca(struct psm_ctx *ctx, const struct signing *signing,
       const struct psm_cert *candidate, bool *ret_has)
{
	nu_auto(PK11SlotInfo) slot = nu_slot_find(candidate->token);
	nu_auto(CERTCertificate) cert = NULL;
	nu_auto(CERTCertList) chain = NULL;

	cert = slot != NULL ? open_cert(ctx, slot, candidate) : NULL;
	if (cert != NULL)
		chain = CERT_GetCertChainFromCert(cert, PR_Now(),
		                                  certUsageEmailSigner);
	if (chain == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot find the chain of \"%s\"",
		                    candidate->subject);
	*ret_has = is_below(signing, chain);
	return PSM_OK;
}

static enum psm_err
find_fit(struct psm_ctx *ctx, struct signing *signing)
{
	enum psm_err err;

	signing->fit = cert_list_new();
	if (signing->fit == NULL)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "listing");
	for (size_t i = 0; i < signing->n_candidates; i++) {
		const struct psm_cert *c = signing->candidates[i];
		SECItem der = der_of(c);
		struct psm_cert *added;
		bool fits = true;

		if (!signing->any_ca &&
		    (err = has_ca(ctx, signing, c, &fits)) != PSM_OK)
			return err;
		if (!fits)
			continue;
		added = cert_list_add(signing->fit, &der, c->nickname,
		                      c->token);
		if (added == NULL)
			return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "listing");
		added->has_key = true;
	}
	if (psm_cert_list_count(signing->fit) > 0)
		return PSM_OK;
	return psm_fail(ctx, PSM_E_NO_CERT,
	                signing->n_candidates > 0
	                        ? "no certificate of these CAs can sign"
	                        : "no certificate here can sign");
}

static enum psm_err
choose(struct psm_ctx *ctx, const struct signing *signing,
       const struct psm_cert **ret_signer)
{
	enum psm_answer answer = PSM_ANSWER_NONE;
	size_t n = psm_cert_list_count(signing->fit), choice = 0;

	if (ctx->ui.choose_signer != NULL && (signing->ask || n > 1))
		answer = ctx->ui.choose_signer(ctx->arg, signing->text,
		                               signing->fit, &choice);
	if (answer == PSM_ANSWER_NO ||
	    (answer == PSM_ANSWER_NONE && signing->ask))
		return psm_fail(ctx, PSM_E_CANCELLED, "nobody chose a signer");
	if (answer == PSM_ANSWER_NONE)
		choice = 0;
	*ret_signer = psm_cert_list_get(signing->fit, choice);
	if (*ret_signer == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "signer %zu of %zu was chosen", choice + 1, n);
	return PSM_OK;
}

/* --- signing ------------------------------------------------------------- */

/* NULL: an NSS error. */
static SECItem *
make_message(CERTCertificate *cert, SECKEYPrivateKey *key, const char *text)
{
	nu_auto(CERTCertificateList) chain = CERT_CertChainFromCert(
	        cert, certUsageEmailSigner, PR_TRUE);
	const SECItem content = { siBuffer, (unsigned char *)text,
		                  (unsigned)strlen(text) };
	struct nu_signing signing = { .content = &content,
		                      .detached = PR_TRUE,
		                      .key = key,
		                      .time = PR_Now() };

	if (chain == NULL)
		return NULL;
	signing.certs = chain->certs;
	signing.n_certs = (size_t)chain->len;
	return nu_signed_encode(&signing);
}

/* The key is there, unlocked, and really the certificate's. */
static enum psm_err
find_key(struct psm_ctx *ctx, PK11SlotInfo *slot, CERTCertificate *cert,
         SECKEYPrivateKey **ret_key)
{
	nu_auto(SECKEYPublicKey) pub = CERT_ExtractPublicKey(cert);
	nu_auto(SECKEYPrivateKey) key =
	        PK11_FindPrivateKeyFromCert(slot, cert, &ctx->pin);

	if (pub == NULL || key == NULL || !nu_key_matches(key, pub))
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "the signer's key is of no use");
	*ret_key = nu_take(key);
	return PSM_OK;
}

static enum psm_err
sign(struct psm_ctx *ctx, const char *text, const struct psm_cert *signer,
     char **ret_text)
{
	nu_auto(PK11SlotInfo) slot = NULL;
	nu_auto(CERTCertificate) cert = NULL;
	nu_auto(SECKEYPrivateKey) key = NULL;
	nu_auto(SECItem) der = NULL;
	enum psm_err err = ctx_token(ctx, signer->token, &slot);

	if (err != PSM_OK)
		return err;
	cert = open_cert(ctx, slot, signer);
	if (cert == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot read the signer's certificate");
	if ((err = find_key(ctx, slot, cert, &key)) != PSM_OK)
		return err;
	der = make_message(cert, key, text);
	if (der == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot sign");
	*ret_text = nu_b64_encode(der);
	if (*ret_text == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

enum psm_err
psm_sign_text(struct psm_ctx *ctx, const char *text, bool ask,
              const char *const ca_names[], size_t n_ca_names, char **ret_text)
{
	struct signing signing = { .text = text, .ask = ask };
	const struct psm_cert *signer;
	char *signature = NULL;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if (text == NULL || strlen(text) > INT32_MAX)
		return psm_fail(ctx, PSM_E_ARGUMENT, "no text to sign");
	if ((err = find_candidates(ctx, &signing)) == PSM_OK &&
	    (err = read_names(ctx, &signing, ca_names, n_ca_names)) ==
	            PSM_OK &&
	    (err = find_fit(ctx, &signing)) == PSM_OK &&
	    (err = choose(ctx, &signing, &signer)) == PSM_OK &&
	    (err = sign(ctx, text, signer, &signature)) == PSM_OK)
		*ret_text = signature;
	signing_clear(&signing);
	return err;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* import_any.c - psm_import: whatever a CA sends, made a CertRepContent. */

#include <stdlib.h>
#include <string.h>

#include <prtime.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_ext.h"
#include "psm/internal.h"

enum { MAX_EXTRA_CERTS = 100, DIRECTORY_NAME = NU_CONTEXT_CONSTRUCTED(4) };

enum psm_form
psm_import_form(const struct psm_import *import)
{
	return import->form;
}

enum psm_protection
psm_import_protection(const struct psm_import *import)
{
	return import->protection;
}

static enum psm_err
fail_malformed(struct psm_ctx *ctx, const char *what)
{
	if (PORT_GetError() == SEC_ERROR_INPUT_LEN)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "%s has too many certificates in it", what);
	return psm_fail_nss(ctx, PSM_E_CERTIFICATE, "%s is malformed", what);
}

/* --- protection ---------------------------------------------------------- */

static bool
wants_protection(const struct import *import)
{
	return import->options->secret != NULL ||
	       import->options->signer != NULL;
}

/* Who gives a secret wants to know that the CA sent it: what nobody protected
 * could come from anyone, whatever its form. */
static enum psm_err
check_unprotected(struct psm_ctx *ctx, const struct import *import)
{
	if (!wants_protection(import))
		return PSM_OK;
	return psm_fail(ctx, PSM_E_MESSAGE,
	                "the answer is not protected, so that it cannot be "
	                "verified with the CA's %s",
	                import->options->secret != NULL ? "secret"
	                                                : "certificate");
}

static bool
is_valid_now(const struct nu_cert *cert)
{
	PRTime now = PR_Now();

	return cert->not_before <= now && now <= cert->not_after;
}

/* RFC 4210, 5.1.1: the sender is the subject of the certificate that signs. */
static bool
is_sender(const struct nu_pkimessage *message, const struct nu_cert *cert)
{
	struct nu_der r;

	return nu_der_only(&message->sender, DIRECTORY_NAME, &r) ==
	               SECSuccess &&
	       (size_t)(r.end - r.next) == cert->subject.len &&
	       memcmp(r.next, cert->subject.data, cert->subject.len) == 0;
}

static bool
is_authority(const SECItem *oid)
{
	/* id-kp-cmcCA and id-kp-cmcRA (RFC 6402, 2.10; RFC 9480, 2.2) */
	static const unsigned char ca[] = { 0x2b, 6, 1, 5, 5, 7, 3, 27 },
	                           ra[] = { 0x2b, 6, 1, 5, 5, 7, 3, 28 };

	return SECOID_FindOIDTag(oid) == SEC_OID_X509_ANY_EXT_KEY_USAGE ||
	       (oid->len == sizeof ca &&
	        (memcmp(oid->data, ca, sizeof ca) == 0 ||
	         memcmp(oid->data, ra, sizeof ra) == 0));
}

/* May this extra certificate sign messages for signer, who issued it? Not one
 * that is for something else, as those of the CA's other users are. */
static bool
may_sign_for(const struct nu_pkimessage *message, const SECItem *signer,
             const SECItem *extra, struct nu_cert *ret_parts)
{
	unsigned usage = 0;

	return nu_cert_read(extra, ret_parts) == SECSuccess &&
	       is_sender(message, ret_parts) && is_valid_now(ret_parts) &&
	       nu_ext_key_usage(&ret_parts->extensions, &usage) ==
	               SECSuccess &&
	       (usage == 0 || (usage & KU_DIGITAL_SIGNATURE)) &&
	       cert_purpose_fits(&ret_parts->extensions, is_authority) &&
	       nu_cert_issued(signer, extra);
}

static SECStatus
verify_signature(const struct nu_pkimessage *message, const SECItem *signer,
                 const struct nu_cert *signer_parts)
{
	SECStatus status =
	        nu_pkimessage_verify_key(message, &signer_parts->spki);
	struct nu_cert parts;

	for (size_t i = 0; status != SECSuccess && i < message->n_extra_certs;
	     i++) {
		if (may_sign_for(message, signer, &message->extra_certs[i],
		                 &parts))
			status = nu_pkimessage_verify_key(message, &parts.spki);
	}
	return status;
}

static enum psm_err
check_signature(struct psm_ctx *ctx, const struct import *import)
{
	const struct psm_import_options *options = import->options;
	nu_auto_item pem = { siBuffer, NULL, 0 };
	SECItem signer = { siBuffer, (unsigned char *)options->signer,
		           (unsigned)options->signer_len };
	struct nu_cert parts;

	if (options->signer == NULL)
		return psm_fail(ctx, PSM_E_MESSAGE,
		                "the message is signed, which no secret can "
		                "verify");
	if (!nu_answer_is_der(options->signer, options->signer_len)) {
		if (nu_pem_decode_all(options->signer, options->signer_len,
		                      &pem) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_ARGUMENT,
			                    "the signer is no certificate");
		signer = pem;
	}
	if (nu_cert_read(&signer, &parts) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_ARGUMENT,
		                    "the signer is no certificate");
	if (verify_signature(import->message, &signer, &parts) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_MESSAGE,
		                    "the message is not signed by the signer");
	return PSM_OK;
}

/* In FIPS mode a MAC needs a token that is unlocked. */
static enum psm_err
check_mac(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err;

	if (import->options->secret == NULL)
		return psm_fail(ctx, PSM_E_MESSAGE,
		                "the message is protected by a shared secret, "
		                "not signed");
	if ((err = import_find_slots(ctx, import)) != PSM_OK)
		return err;
	if (nu_pkimessage_verify_secret(import->message,
	                                import->options->secret) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_MESSAGE,
		                    "the message is not protected by this "
		                    "secret");
	return PSM_OK;
}

/* An error that nobody protected is one all the same: a server that does not
 * know the secret cannot use it. */
static enum psm_err
check_protection(struct psm_ctx *ctx, struct import *import)
{
	const struct nu_pkimessage *message = import->message;
	enum psm_err err;

	if (message->protection_alg.data == NULL)
		return message->body_type == NU_BODY_ERROR
		               ? PSM_OK
		               : check_unprotected(ctx, import);
	import->protection = PSM_PROTECTION_UNCHECKED;
	if (!wants_protection(import))
		return PSM_OK;
	err = nu_pkimessage_is_mac(message) ? check_mac(ctx, import)
	                                    : check_signature(ctx, import);
	if (err == PSM_OK)
		import->protection = PSM_PROTECTION_VERIFIED;
	return err;
}

/* --- PKIMessage ---------------------------------------------------------- */

/* Did it issue something here? Also no after nu_err_is_trouble(). */
static bool
issued_one(const SECItem *issuer, const struct nu_cert_rep *rep)
{
	bool issued = false;

	PORT_SetError(0);
	for (size_t i = 0; i < rep->n_responses && !issued; i++) {
		const SECItem *cert = &rep->responses[i].cert;

		issued = cert->data != NULL && nu_cert_issued(issuer, cert);
		if (!issued && nu_err_is_trouble(PORT_GetError()))
			return false;
	}
	for (size_t i = 0; i < rep->n_ca_pubs && !issued; i++) {
		issued = nu_cert_issued(issuer, &rep->ca_pubs[i]);
		if (!issued && nu_err_is_trouble(PORT_GetError()))
			return false;
	}
	return issued;
}

/* Move those that issued something from extraCerts to caPubs; taken says which
 * were. */
static enum psm_err
take_issuers(struct psm_ctx *ctx, const struct nu_pkimessage *message,
             struct nu_cert_rep *rep, SECItem *ca_pubs, bool *taken)
{
	for (size_t i = 0; i < message->n_extra_certs; i++) {
		if (taken[i])
			continue;
		taken[i] = issued_one(&message->extra_certs[i], rep);
		if (taken[i])
			ca_pubs[rep->n_ca_pubs++] = message->extra_certs[i];
		else if (nu_err_is_trouble(PORT_GetError()))
			return psm_fail_nss(ctx, PSM_E_INTERNAL,
			                    "cannot verify an issuer");
	}
	return PSM_OK;
}

/* Of extraCerts, which anybody on the way can change, only the issuers of what
 * is here come along: one after another, as each may bring the next. */
enum psm_err
import_add_issuers(struct psm_ctx *ctx, struct import *import)
{
	const struct nu_pkimessage *message = import->message;
	struct nu_cert_rep *rep = import->rep;
	bool taken[MAX_EXTRA_CERTS] = { false };
	enum psm_err err;
	SECItem *all;
	size_t before;

	if (message == NULL)
		return PSM_OK;
	all = PORT_ArenaZNewArray(rep->arena, SECItem,
	                          rep->n_ca_pubs + message->n_extra_certs + 1);
	if (all == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < rep->n_ca_pubs; i++)
		all[i] = rep->ca_pubs[i];
	rep->ca_pubs = all;
	do {
		before = rep->n_ca_pubs;
		err = take_issuers(ctx, message, rep, all, taken);
	} while (err == PSM_OK && rep->n_ca_pubs > before);
	return err;
}

static enum psm_err
decode_message(struct psm_ctx *ctx, struct import *import, const SECItem *der)
{
	const struct nu_pkimessage *message;
	enum psm_err err;

	import->form = PSM_FORM_PKI_MESSAGE;
	if (nu_pkimessage_decode(der, MAX_EXTRA_CERTS, &import->message) !=
	    SECSuccess)
		return fail_malformed(ctx, "the CMP message");
	message = import->message;
	if ((err = check_protection(ctx, import)) != PSM_OK)
		return err;
	switch (message->body_type) {
	case NU_BODY_IP:
	case NU_BODY_CP:
	case NU_BODY_KUP:
		return import_decode_rep(ctx, import, &message->body);
	case NU_BODY_ERROR:
		return import_refused(ctx, &message->error);
	default:
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "a CMP message of kind %d brings no "
		                "certificates", message->body_type);
	}
}

/* --- certificates alone -------------------------------------------------- */

static bool
is_ca(const SECItem *der)
{
	struct nu_cert parts;

	return nu_cert_read(der, &parts) == SECSuccess && nu_cert_is_ca(&parts);
}

static bool
is_requested_ca(SECKEYPrivateKey *key)
{
	nu_auto_port char *label = nu_key_label(key);
	bool for_ca = false;
	int32_t id;

	return label != NULL && pending_parse(label, &id, &for_ca) && for_ca;
}

/* A CA's certificate is the user's if that was asked for. Where the CA's own
 * key is in this store too, it is still one of the chain. */
static enum psm_err
find_requested_ca(struct psm_ctx *ctx, const struct import *import,
                  CERTCertificate *cert, bool *ret_found)
{
	for (size_t i = 0; i < import->slots->n && !*ret_found; i++) {
		nu_auto(SECKEYPrivateKey) key = NULL;

		PORT_SetError(0);
		key = nu_slot_key_for_cert(import->slots->slot[i], cert,
		                           &ctx->pin);
		*ret_found = key != NULL && is_requested_ca(key);
		if (!*ret_found && nu_err_is_trouble(PORT_GetError()))
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot search for keys");
	}
	return PSM_OK;
}

/* Is its key here? No is no error, and neither is a key that NSS cannot read:
 * a chain may have what a user's certificate may not. */
static enum psm_err
find_key(struct psm_ctx *ctx, struct import *import, const SECItem *der,
         bool any_ca, bool *ret_found)
{
	nu_auto(CERTCertificate) cert = CERT_NewTempCertificate(
	        CERT_GetDefaultCertDB(), (SECItem *)der, NULL, PR_FALSE,
	        PR_TRUE);
	struct pending pending = { .key = NULL };
	enum psm_err err;

	*ret_found = false;
	if (cert == NULL)
		return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
		                    "a certificate cannot be read");
	if (!any_ca && is_ca(der))
		return find_requested_ca(ctx, import, cert, ret_found);
	err = pending_find_by_key(ctx, import->slots, cert, &pending);
	*ret_found = err == PSM_OK;
	pending_clear(&pending);
	return err == PSM_E_REQUEST_ID || err == PSM_E_CERTIFICATE ? PSM_OK
	                                                           : err;
}

static bool
is_repeated(const struct nu_certs *certs, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (SECITEM_ItemsAreEqual(&certs->certs[i], &certs->certs[j]))
			return true;
	}
	return false;
}

/* Those with a key here become responses without an id, the others caPubs. */
static enum psm_err
sort_certs(struct psm_ctx *ctx, struct import *import, bool any_ca)
{
	const struct nu_certs *certs = import->certs;
	struct nu_cert_rep *rep = import->rep;
	SECItem *ca_pubs = (SECItem *)rep->ca_pubs;

	rep->n_responses = rep->n_ca_pubs = 0;
	for (size_t i = 0; i < certs->n; i++) {
		bool found;
		enum psm_err err;

		if (is_repeated(certs, i))
			continue;
		err = find_key(ctx, import, &certs->certs[i], any_ca, &found);
		if (err != PSM_OK)
			return err;
		if (found)
			rep->responses[rep->n_responses++].cert =
			        certs->certs[i];
		else
			ca_pubs[rep->n_ca_pubs++] = certs->certs[i];
	}
	return PSM_OK;
}

static struct nu_cert_rep *
new_rep(size_t n)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_cert_rep *rep;

	if (arena == NULL)
		return NULL;
	rep = PORT_ArenaZNew(arena, struct nu_cert_rep);
	if (rep == NULL)
		return NULL;
	rep->responses =
	        PORT_ArenaZNewArray(arena, struct nu_cert_response, n);
	rep->ca_pubs = PORT_ArenaZNewArray(arena, SECItem, n);
	if (rep->responses == NULL || rep->ca_pubs == NULL)
		return NULL;
	rep->arena = nu_take(arena);
	return rep;
}

static bool
holds_only_cas(const struct nu_certs *certs)
{
	for (size_t i = 0; i < certs->n; i++) {
		if (!is_ca(&certs->certs[i]))
			return false;
	}
	return true;
}

/* Only where there is nothing else can a CA's certificate that nobody asked for
 * be meant as the user's: that is refused later, with its reason. */
static enum psm_err
match_certs(struct psm_ctx *ctx, struct import *import)
{
	bool any_ca = (import->flags & PSM_IMPORT_ALLOW_CA) != 0;
	enum psm_err err;

	import->rep = new_rep(import->certs->n);
	if (import->rep == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if ((err = import_find_slots(ctx, import)) != PSM_OK ||
	    (err = sort_certs(ctx, import, any_ca)) != PSM_OK)
		return err;
	if (import->rep->n_responses == 0 && holds_only_cas(import->certs) &&
	    (err = sort_certs(ctx, import, true)) != PSM_OK)
		return err;
	if (import->rep->n_responses == 0)
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "no private key here is that of %s",
		                import->certs->n == 1
		                        ? "the certificate"
		                        : "one of the certificates");
	return PSM_OK;
}

static enum psm_err
decode_certs(struct psm_ctx *ctx, struct import *import, const SECItem *der)
{
	static const enum psm_form forms[] = {
		[NU_CERTS_PLAIN] = PSM_FORM_CERTIFICATES,
		[NU_CERTS_PKCS7] = PSM_FORM_PKCS7,
		[NU_CERTS_NETSCAPE] = PSM_FORM_NETSCAPE_SEQUENCE,
	};
	enum psm_err err = check_unprotected(ctx, import);

	if (err != PSM_OK)
		return err;
	if (nu_certs_decode(der, ctx->max_responses, &import->certs) !=
	    SECSuccess)
		return fail_malformed(ctx, "the heap of certificates");
	import->form = forms[import->certs->form];
	return match_certs(ctx, import);
}

/* --- whatever it is ------------------------------------------------------ */

static enum psm_err
decode_pem(struct psm_ctx *ctx, struct import *import)
{
	if (nu_pem_decode_all(import->data, import->len, &import->der) !=
	    SECSuccess)
		return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
		                    "a PEM block is damaged, or one of several "
		                    "and no certificate");
	return PSM_OK;
}

/* To DER, which is the caller's, or the import's own. */
static enum psm_err
read_bytes(struct psm_ctx *ctx, struct import *import, SECItem *ret_der)
{
	bool is_der = nu_answer_is_der(import->data, import->len);
	size_t max = is_der ? ctx->max_base64 / 4 * 3 : ctx->max_base64;
	enum psm_err err;

	if (import->len > max)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the answer is longer than %zu octets", max);
	if (is_der) {
		*ret_der = (SECItem){ siBuffer, (unsigned char *)import->data,
			              (unsigned)import->len };
		return PSM_OK;
	}
	err = nu_pem_is(import->data, import->len)
	              ? decode_pem(ctx, import)
	              : import_decode_text(ctx, import);
	*ret_der = import->der;
	return err;
}

static enum psm_err
decode_any(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err;
	SECItem der;

	if ((err = read_bytes(ctx, import, &der)) != PSM_OK)
		return err;
	switch (nu_answer_kind(&der)) {
	case NU_ANSWER_CERT_REP:
		err = check_unprotected(ctx, import);
		return err == PSM_OK ? import_decode_rep(ctx, import, &der)
		                     : err;
	case NU_ANSWER_PKIMESSAGE:
		return decode_message(ctx, import, &der);
	case NU_ANSWER_CERTS:
		return decode_certs(ctx, import, &der);
	default:
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the answer is neither a CertRepContent nor a "
		                "CMP message nor certificates");
	}
}

enum psm_err
psm_import(struct psm_ctx *ctx, const void *data, size_t len,
           const struct psm_import_options *options,
           struct psm_import **ret_import)
{
	static const struct psm_import_options defaults;
	struct import import = { .decode = decode_any,
		                 .data = data,
		                 .len = len,
		                 .options = options != NULL ? options
		                                            : &defaults };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if (data == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT, "there is no answer");
	/* Anybody can know that one. */
	if (import.options->secret != NULL && *import.options->secret == '\0')
		return psm_fail(ctx, PSM_E_ARGUMENT, "the secret is empty");
	import.nickname = import.options->nickname;
	import.flags = import.options->flags;
	return import_run(ctx, &import, ret_import);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca.c - the authority's handle, its errors, and opening it */

#include <stdarg.h>
#include <stdio.h>

#include <nss.h>
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_slot.h"

struct ca *
ca_new(void)
{
	return calloc(1, sizeof(struct ca));
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	if (ca->cert != NULL)
		CERT_DestroyCertificate(ca->cert);
	for (size_t i = 0; i < ca->n_above; i++)
		CERT_DestroyCertificate(ca->above[i]);
	if (ca->key != NULL)
		SECKEY_DestroyPrivateKey(ca->key);
	free(ca);
}

const char *
ca_errmsg(const struct ca *ca)
{
	return ca->errmsg;
}

enum psm_err
ca_error(struct ca *ca, enum psm_err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ca->errmsg, sizeof ca->errmsg, format, args);
	va_end(args);
	return err;
}

/* NSS errors that say more than the place where they came up. */
static enum psm_err
sharpen(PRErrorCode why, enum psm_err err)
{
	switch (why) {
	case SEC_ERROR_NO_MEMORY:
		return PSM_E_NO_MEMORY;
	case SEC_ERROR_READ_ONLY:
		return PSM_E_READ_ONLY;
	case SEC_ERROR_BAD_PASSWORD:
	case SEC_ERROR_TOKEN_NOT_LOGGED_IN:
		return PSM_E_PASSWORD;
	default:
		return err;
	}
}

enum psm_err
ca_error_nss(struct ca *ca, enum psm_err err, const char *doing)
{
	PRErrorCode why = PORT_GetError();

	return ca_error(ca, sharpen(why, err), "%s: %s (%s)", doing,
	                nu_err_text(why), nu_err_name(why));
}

int64_t
ca_now(void)
{
	return PR_Now() / PR_USEC_PER_SEC;
}

/* --- tokens ------------------------------------------------------------- */

static enum psm_err
check_slot(struct ca *ca, PK11SlotInfo *slot, const char *what)
{
	if (PK11_NeedUserInit(slot))
		return ca_error(ca, PSM_E_PASSWORD, "%s has no password yet",
		                what);
	if (PK11_NeedLogin(slot) && !PK11_IsLoggedIn(slot, NULL))
		return ca_error(ca, PSM_E_PASSWORD, "%s is locked", what);
	return PSM_OK;
}

enum psm_err
ca_slot(struct ca *ca, const char *token, PK11SlotInfo **ret_slot)
{
	nu_auto(PK11SlotInfo) slot = NULL;
	enum psm_err err;

	if (!NSS_IsInitialized())
		return ca_error(ca, PSM_E_DATABASE, "no database is open");
	slot = nu_slot_find(token);
	if (slot == NULL && token != NULL)
		return ca_error(ca, PSM_E_TOKEN, "no token \"%s\"", token);
	if (slot == NULL)
		return ca_error_nss(ca, PSM_E_DATABASE, "database");
	err = check_slot(ca, slot, token != NULL ? token : "the database");
	if (err == PSM_OK)
		*ret_slot = nu_take(slot);
	return err;
}

/* The token that a nickname begins with, if there is one; free() it. */
static char *
token_of(const char *nickname)
{
	const char *colon = strchr(nickname, ':');
	nu_auto_mem char *token = NULL;
	nu_auto(PK11SlotInfo) slot = NULL;

	if (colon == NULL || !NSS_IsInitialized())
		return NULL;
	token = strndup(nickname, (size_t)(colon - nickname));
	if (token != NULL)
		slot = nu_slot_find(token);
	return slot != NULL ? nu_take(token) : NULL;
}

enum psm_err
ca_slot_of(struct ca *ca, const char *nickname, PK11SlotInfo **ret_slot,
           char **ret_name)
{
	nu_auto_mem char *token = token_of(nickname);
	nu_auto_mem char *name = token != NULL ? strdup(nickname) :
	                         nu_nickname_clean(nickname);
	enum psm_err err;

	if (name == NULL)
		return ca_error(ca, PSM_E_NOT_FOUND, "\"%s\" is no nickname",
		                nickname);
	if ((err = ca_slot(ca, token, ret_slot)) == PSM_OK)
		*ret_name = nu_take(name);
	return err;
}

enum psm_err
ca_key_is_ready(struct ca *ca)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetSlotFromPrivateKey(ca->key);

	if (slot == NULL)
		return ca_error_nss(ca, PSM_E_TOKEN, "token");
	return check_slot(ca, slot, PK11_IsInternal(slot) ? "the database" :
	                            PK11_GetTokenName(slot));
}

/* --- opening ------------------------------------------------------------ */

/* Fill in next from its certificate: may it sign others, and how? */
static enum psm_err
read_constraints(struct ca *ca, struct ca *next, const char *nickname)
{
	nu_auto_item value = { siBuffer, NULL, 0 };
	CERTBasicConstraints constraints;

	if (CERT_FindCertExtension(next->cert, SEC_OID_X509_BASIC_CONSTRAINTS,
	                           &value) != SECSuccess ||
	    CERT_DecodeBasicConstraintValue(&constraints, &value) !=
	            SECSuccess ||
	    !constraints.isCA ||
	    (next->cert->rawKeyUsage & KU_KEY_CERT_SIGN) == 0)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "\"%s\" is not an authority's certificate",
		                nickname);
	next->path_len = constraints.pathLenConstraint ==
	                 CERT_UNLIMITED_PATH_CONSTRAINT ?
	                 -1 : constraints.pathLenConstraint;
	return PSM_OK;
}

/* The database's own key is decrypted anew for each signature, each of its parts
 * with 10,000 rounds of PBKDF2 and as many to verify it: 40 ms of RSA. A copy in
 * memory signs without. */
static SECKEYPrivateKey *
find_private(PK11SlotInfo *slot, CERTCertificate *cert)
{
	nu_auto(SECKEYPrivateKey) key = PK11_FindPrivateKeyFromCert(slot, cert,
	                                                            NULL);
	SECKEYPrivateKey *copy = NULL;

	if (key != NULL && PK11_IsInternal(slot))
		copy = PK11_CopyTokenPrivKeyToSessionPrivKey(NULL, key);
	return copy != NULL ? copy : nu_take(key);
}

static enum psm_err
find_key(struct ca *ca, struct ca *next, PK11SlotInfo *slot,
         const char *nickname)
{
	nu_auto(SECKEYPublicKey) public = CERT_ExtractPublicKey(next->cert);

	if (public == NULL)
		return ca_error_nss(ca, PSM_E_NOT_FOUND, nickname);
	next->key = find_private(slot, next->cert);
	if (next->key == NULL)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "no key for \"%s\" is here", nickname);
	if (!nu_key_matches(next->key, public))
		return ca_error_nss(ca, PSM_E_NOT_FOUND, nickname);
	next->algorithm = nu_key_signature_oid(SECKEY_GetPublicKeyType(public),
	                                       nu_key_bits(public));
	if (next->algorithm == SEC_OID_UNKNOWN)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "the key of \"%s\" cannot sign certificates",
		                nickname);
	return PSM_OK;
}

static enum psm_err
find_authority(struct ca *ca, struct ca *next, const char *nickname)
{
	nu_auto(PK11SlotInfo) slot = NULL;
	nu_auto_mem char *name = NULL;
	enum psm_err err = ca_slot_of(ca, nickname, &slot, &name);

	if (err != PSM_OK)
		return err;
	next->cert = PK11_FindCertFromNickname(name, NULL);
	if (next->cert == NULL)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "no certificate \"%s\" is here", nickname);
	if ((err = read_constraints(ca, next, name)) != PSM_OK ||
	    (err = find_key(ca, next, slot, name)) != PSM_OK)
		return err;
	ca_chain_find(next);
	return PSM_OK;
}

enum psm_err
ca_find(struct ca *ca, const char *nickname, struct ca **ret_found)
{
	struct ca *found = ca_new();
	enum psm_err err;

	if (found == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	err = find_authority(ca, found, nickname != NULL ? nickname : "ca");
	if (err == PSM_OK)
		*ret_found = found;
	else
		ca_free(found);
	return err;
}

enum psm_err
ca_open(struct ca *ca, const char *nickname)
{
	struct ca *next, swap;
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if ((err = ca_find(ca, nickname, &next)) != PSM_OK)
		return err;
	swap = *ca;
	*ca = *next;
	*next = swap;
	ca_free(next);
	return PSM_OK;
}

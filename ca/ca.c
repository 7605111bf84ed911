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

enum psm_err
ca_slot(struct ca *ca, PK11SlotInfo **ret_slot)
{
	nu_auto(PK11SlotInfo) slot = NULL;

	if (!NSS_IsInitialized())
		return ca_error(ca, PSM_E_DATABASE, "no database is open");
	slot = PK11_GetInternalKeySlot();
	if (slot == NULL)
		return ca_error_nss(ca, PSM_E_DATABASE, "database");
	if (PK11_NeedUserInit(slot))
		return ca_error(ca, PSM_E_PASSWORD,
		                "the database has no password yet");
	if (PK11_NeedLogin(slot) && !PK11_IsLoggedIn(slot, NULL))
		return ca_error(ca, PSM_E_PASSWORD, "the database is locked");
	*ret_slot = nu_take(slot);
	return PSM_OK;
}

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

static enum psm_err
find_key(struct ca *ca, struct ca *next, PK11SlotInfo *slot,
         const char *nickname)
{
	nu_auto(SECKEYPublicKey) public = CERT_ExtractPublicKey(next->cert);

	if (public == NULL)
		return ca_error_nss(ca, PSM_E_NOT_FOUND, nickname);
	next->key = PK11_FindPrivateKeyFromCert(slot, next->cert, NULL);
	if (next->key == NULL)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "no key for \"%s\" in the database", nickname);
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
	nu_auto_mem char *name = nu_nickname_clean(nickname);
	enum psm_err err;

	if (name == NULL)
		return ca_error_nss(ca, PSM_E_NOT_FOUND, "nickname");
	if ((err = ca_slot(ca, &slot)) != PSM_OK)
		return err;
	next->cert = PK11_FindCertFromNickname(name, NULL);
	if (next->cert == NULL)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "no certificate \"%s\" in the database", name);
	if ((err = read_constraints(ca, next, name)) != PSM_OK)
		return err;
	return find_key(ca, next, slot, name);
}

enum psm_err
ca_open(struct ca *ca, const char *nickname)
{
	struct ca *next = ca_new(), swap;
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if (next == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	err = find_authority(ca, next, nickname != NULL ? nickname : "ca");
	if (err == PSM_OK) {
		swap = *ca;
		*ca = *next;
		*next = swap;
	}
	ca_free(next);
	return err;
}

const unsigned char *
ca_cert_der(const struct ca *ca, size_t *ret_len)
{
	if (ca->cert == NULL)
		return NULL;
	*ret_len = ca->cert->derCert.len;
	return ca->cert->derCert.data;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* init.c - making an authority, a root or one below another: its key, its
 * certificate, its trust */

#include <stdio.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"

enum { DEFAULT_DAYS = 3650 };
enum { DEFAULT_RSA_BITS = 3072, DEFAULT_EC_BITS = 256 };

#define ROOT_TRUST "CT,C,C"
#define NO_TRUST ",,"

/* Everything that is to come into being. */
struct root {
	PLArenaPool *arena;
	PK11SlotInfo *slot;
	struct ca *issuer; /* NULL: itself */
	char *nickname;
	char *name;        /* the same, with its token's before it */
	SECItem *subject;
	struct ca_validity validity;
	CERTCertTrust trust;
	SECKEYPrivateKey *key;
	SECKEYPublicKey *public;
	CERTCertificate *cert;
};

static void
root_clear(struct root *root)
{
	if (root->cert != NULL)
		CERT_DestroyCertificate(root->cert);
	if (root->public != NULL)
		SECKEY_DestroyPublicKey(root->public);
	if (root->key != NULL)
		SECKEY_DestroyPrivateKey(root->key);
	if (root->subject != NULL)
		SECITEM_ZfreeItem(root->subject, PR_TRUE);
	ca_free(root->issuer);
	free(root->nickname);
	free(root->name);
	if (root->slot != NULL)
		PK11_FreeSlot(root->slot);
	if (root->arena != NULL)
		PORT_FreeArena(root->arena, PR_TRUE);
}

/* Trust puts a token's certificate into the database as well. */
static enum psm_err
check_nickname(struct ca *ca, const char *nickname)
{
	nu_auto(CERTCertificate) taken =
		PK11_FindCertFromNickname(nickname, NULL);

	if (taken == NULL)
		return PSM_OK;
	return ca_error(ca, PSM_E_EXISTS, "the nickname \"%s\" is taken",
	                nickname);
}

static enum psm_err
read_trust(struct ca *ca, const struct ca_params *params,
           CERTCertTrust *ret_trust)
{
	const char *wanted = params->trust != NULL ? params->trust :
	                     params->issuer != NULL ? NO_TRUST : ROOT_TRUST;

	memset(ret_trust, 0, sizeof *ret_trust);
	if (CERT_DecodeTrustString(ret_trust, wanted) != SECSuccess)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "\"%s\" is no trust, as \"CT,C,C\" is", wanted);
	return PSM_OK;
}

static enum psm_err
plan_names(struct ca *ca, const struct ca_params *params, struct root *root)
{
	const char *wish = params->nickname != NULL ? params->nickname : "ca";
	enum psm_err err;

	if (params->subject == NULL || params->subject[0] == '\0')
		return ca_error(ca, PSM_E_ARGUMENT, "a subject is needed");
	root->subject = nu_name_from_text(params->subject);
	if (root->subject == NULL)
		return ca_error_nss(ca, PSM_E_ARGUMENT, params->subject);
	root->nickname = nu_nickname_clean(wish);
	if (root->nickname == NULL)
		return ca_error_nss(ca, PSM_E_ARGUMENT, "nickname");
	if (PK11_IsInternal(root->slot))
		root->name = strdup(root->nickname);
	else if (asprintf(&root->name, "%s:%s",
	                  PK11_GetTokenName(root->slot), root->nickname) < 0)
		root->name = NULL;
	if (root->name == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	if ((err = check_nickname(ca, root->name)) != PSM_OK)
		return err;
	return check_nickname(ca, root->nickname);
}

static enum psm_err
plan_issuer(struct ca *ca, const struct ca_params *params, struct root *root,
            int64_t *ret_limit)
{
	PRTime start, end;
	enum psm_err err;

	*ret_limit = CA_TIME_MAX;
	if (params->issuer == NULL)
		return PSM_OK;
	if ((err = ca_find(ca, params->issuer, &root->issuer)) != PSM_OK)
		return err;
	if (root->issuer->path_len == 0)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "\"%s\" may not have others below it",
		                params->issuer);
	if (SECITEM_ItemsAreEqual(&root->issuer->cert->derSubject,
	                          root->subject))
		return ca_error(ca, PSM_E_ARGUMENT,
		                "the subject is the issuer's own");
	if (CERT_GetCertTimes(root->issuer->cert, &start, &end) != SECSuccess)
		return ca_error_nss(ca, PSM_E_INTERNAL, "validity");
	*ret_limit = end / PR_USEC_PER_SEC;
	return PSM_OK;
}

static enum psm_err
root_plan(struct ca *ca, const struct ca_params *params, struct root *root)
{
	const unsigned days = params->days != 0 ? params->days : DEFAULT_DAYS;
	int64_t limit;
	enum psm_err err;

	if ((err = ca_slot(ca, params->token, &root->slot)) != PSM_OK)
		return err;
	if (PK11_IsReadOnly(root->slot))
		return ca_error(ca, PSM_E_READ_ONLY,
		                "the database is open read-only");
	if ((err = plan_names(ca, params, root)) != PSM_OK ||
	    (err = read_trust(ca, params, &root->trust)) != PSM_OK ||
	    (err = plan_issuer(ca, params, root, &limit)) != PSM_OK)
		return err;
	if (!ca_urls_are_fine(&params->urls))
		return ca_error(ca, PSM_E_ARGUMENT, "a URL is malformed");
	root->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (root->arena == NULL)
		return ca_error_nss(ca, PSM_E_NO_MEMORY, "plan");
	return ca_validity_choose(ca, 0, (uint64_t)days * CA_DAY, limit,
	                          &root->validity);
}

static enum psm_err
root_make_key(struct ca *ca, const struct ca_params *params, struct root *root)
{
	PK11AttrFlags flags = PK11_ATTR_TOKEN | PK11_ATTR_PRIVATE |
	                      PK11_ATTR_SENSITIVE;
	unsigned bits = params->key_bits;
	KeyType type;

	switch (params->key_type) {
	case PSM_KEY_RSA:
		type = rsaKey;
		bits = bits != 0 ? bits : DEFAULT_RSA_BITS;
		break;
	case PSM_KEY_EC:
		type = ecKey;
		bits = bits != 0 ? bits : DEFAULT_EC_BITS;
		break;
	default:
		return ca_error(ca, PSM_E_ARGUMENT,
		                "the key must be RSA or EC");
	}
	if (type == rsaKey && bits < CA_MIN_RSA_BITS)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "an authority needs an RSA key of 2048 bits "
		                "or more");
	if (!PK11_IsInternal(root->slot)) /* the database wants backups */
		flags |= PK11_ATTR_UNEXTRACTABLE;
	root->key = nu_key_generate(root->slot, type, bits, flags, NULL,
	                            &root->public);
	if (root->key != NULL)
		return PSM_OK;
	return ca_error_nss(ca, PORT_GetError() == SEC_ERROR_INVALID_ARGS ?
	                    PSM_E_ARGUMENT : PSM_E_STORE, "key generation");
}

static SECStatus
root_sign(const struct ca_params *params, struct root *root,
          SECItem *ret_cert)
{
	nu_auto(SECItem) spki =
		SECKEY_EncodeDERSubjectPublicKeyInfo(root->public);
	const struct ca *issuer = root->issuer;
	SECOidTag algorithm = issuer != NULL ? issuer->algorithm :
		nu_key_signature_oid(SECKEY_GetPublicKeyType(root->public),
		                     nu_key_bits(root->public));
	struct ca_cert_content content = {
		.issuer = issuer != NULL ? &issuer->cert->derSubject :
		                           root->subject,
		.subject = root->subject,
		.spki = spki, .validity = root->validity
	};

	if (spki == NULL)
		return SECFailure;
	content.extensions = ca_profile_authority(root->arena, spki, issuer,
	                                          &params->urls);
	return ca_cert_sign(root->arena, &content,
	                    issuer != NULL ? issuer->key : root->key,
	                    algorithm, ret_cert);
}

static enum psm_err
root_store(struct ca *ca, const struct ca_params *params, struct root *root)
{
	SECItem der = { siBuffer, NULL, 0 };

	if (root_sign(params, root, &der) != SECSuccess)
		return ca_error_nss(ca, PSM_E_INTERNAL, "signing");
	root->cert = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), &der,
	                                     NULL, PR_FALSE, PR_TRUE);
	if (root->cert == NULL)
		return ca_error_nss(ca, PSM_E_INTERNAL, "new certificate");
	if (PK11_ImportCert(root->slot, root->cert, CK_INVALID_HANDLE,
	                    root->nickname, PR_FALSE) != SECSuccess)
		return ca_error_nss(ca, PSM_E_STORE, "certificate");
	if (CERT_ChangeCertTrust(CERT_GetDefaultCertDB(), root->cert,
	                         &root->trust) != SECSuccess)
		return ca_error_nss(ca, PSM_E_STORE, "trust");
	if (PK11_SetPrivateKeyNickname(root->key, root->nickname) !=
	    SECSuccess)
		return ca_error_nss(ca, PSM_E_STORE, "key's label");
	return ca_open(ca, root->name);
}

/* Best effort: what failed may make this fail too. */
static void
root_undo(struct root *root)
{
	if (root->cert != NULL && root->cert->isperm)
		SEC_DeletePermCertificate(root->cert);
	if (root->key != NULL)
		PK11_DeleteTokenPrivateKey(nu_take(root->key), PR_TRUE);
	if (root->public != NULL && root->public->pkcs11Slot != NULL)
		PK11_DeleteTokenPublicKey(nu_take(root->public));
}

enum psm_err
ca_init(struct ca *ca, const struct ca_params *params)
{
	__attribute__((cleanup(root_clear))) struct root root = { 0 };
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if ((err = root_plan(ca, params, &root)) != PSM_OK ||
	    (err = root_make_key(ca, params, &root)) != PSM_OK)
		return err;
	err = root_store(ca, params, &root);
	if (err != PSM_OK)
		root_undo(&root);
	return err;
}

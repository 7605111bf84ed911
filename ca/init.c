/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* init.c - making an authority: its key, its certificate, its trust */

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"

enum { DEFAULT_DAYS = 3650 };
enum { DEFAULT_RSA_BITS = 3072, MIN_RSA_BITS = 2048, DEFAULT_EC_BITS = 256 };

/* Everything that is to come into being. */
#define DEFAULT_TRUST "CT,C,C"

struct root {
	PLArenaPool *arena;
	PK11SlotInfo *slot;
	char *nickname;
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
	free(root->nickname);
	if (root->slot != NULL)
		PK11_FreeSlot(root->slot);
	if (root->arena != NULL)
		PORT_FreeArena(root->arena, PR_TRUE);
}

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
read_trust(struct ca *ca, const char *text, CERTCertTrust *ret_trust)
{
	const char *wanted = text != NULL ? text : DEFAULT_TRUST;

	memset(ret_trust, 0, sizeof *ret_trust);
	if (CERT_DecodeTrustString(ret_trust, wanted) != SECSuccess)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "\"%s\" is no trust, as \"CT,C,C\" is", wanted);
	return PSM_OK;
}

static enum psm_err
root_plan(struct ca *ca, const struct ca_params *params, struct root *root)
{
	const char *wish = params->nickname != NULL ? params->nickname : "ca";
	enum psm_err err;

	if ((err = ca_slot(ca, &root->slot)) != PSM_OK)
		return err;
	if (PK11_IsReadOnly(root->slot))
		return ca_error(ca, PSM_E_READ_ONLY,
		                "the database is open read-only");
	if (params->subject == NULL)
		return ca_error(ca, PSM_E_ARGUMENT, "a subject is needed");
	root->subject = nu_name_from_text(params->subject);
	if (root->subject == NULL)
		return ca_error_nss(ca, PSM_E_ARGUMENT, params->subject);
	root->nickname = nu_nickname_clean(wish);
	if (root->nickname == NULL)
		return ca_error_nss(ca, PSM_E_ARGUMENT, "nickname");
	if ((err = check_nickname(ca, root->nickname)) != PSM_OK ||
	    (err = read_trust(ca, params->trust, &root->trust)) != PSM_OK)
		return err;
	root->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (root->arena == NULL)
		return ca_error_nss(ca, PSM_E_NO_MEMORY, "plan");
	return ca_validity_choose(ca, 0, params->days != 0 ? params->days :
	                          DEFAULT_DAYS, CA_TIME_MAX, &root->validity);
}

static enum psm_err
root_make_key(struct ca *ca, const struct ca_params *params, struct root *root)
{
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
	if (type == rsaKey && bits < MIN_RSA_BITS)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "an authority needs an RSA key of 2048 bits "
		                "or more");
	root->key = nu_key_generate(root->slot, type, bits, PK11_ATTR_TOKEN |
	                            PK11_ATTR_PRIVATE | PK11_ATTR_SENSITIVE,
	                            NULL, &root->public);
	if (root->key != NULL)
		return PSM_OK;
	return ca_error_nss(ca, PORT_GetError() == SEC_ERROR_INVALID_ARGS ?
	                    PSM_E_ARGUMENT : PSM_E_STORE, "key generation");
}

static SECStatus
root_sign(struct root *root, SECItem *ret_cert)
{
	nu_auto(SECItem) spki =
		SECKEY_EncodeDERSubjectPublicKeyInfo(root->public);
	SECOidTag algorithm = nu_key_signature_oid(
		SECKEY_GetPublicKeyType(root->public),
		nu_key_bits(root->public));
	struct ca_cert_content content = {
		.issuer = root->subject, .subject = root->subject,
		.spki = spki, .validity = root->validity
	};
	SECItem serial;

	if (spki == NULL)
		return SECFailure;
	content.extensions = ca_profile_root(root->arena, spki);
	return ca_cert_sign(root->arena, &content, root->key, algorithm,
	                    &serial, ret_cert);
}

static enum psm_err
root_store(struct ca *ca, struct root *root)
{
	SECItem der = { siBuffer, NULL, 0 };

	if (root_sign(root, &der) != SECSuccess)
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
	return ca_open(ca, root->nickname);
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
	err = root_store(ca, &root);
	if (err != PSM_OK)
		root_undo(&root);
	return err;
}

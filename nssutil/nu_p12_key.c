/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_key.c - PKCS#12: which key is whose, and keys into a token. */

#include "nssutil/nu_p12_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_key.h"

/* For a plain key that is encrypted only on its way into a token. */
enum { OWN_ITERATIONS = 1000 };

/* Milliseconds each: all that a file has room for would take hours. */
enum { MAX_TRIALS = 10000 };

/* --- which key is whose ------------------------------------------------ */

static void
give_key(struct p12_cert *cert, struct p12_key *key)
{
	cert->key = key;
	cert->shown.has_key = PR_TRUE;
	if (cert->shown.friendly_name == NULL)
		cert->shown.friendly_name = key->name;
	key->is_taken = PR_TRUE;
}

/* The one key with this localKeyID; several are none. */
static struct p12_key *
find_key(const struct nu_p12 *p12, const SECItem *local_id)
{
	struct p12_key *found = NULL;

	for (size_t i = 0; i < p12->keys.n; i++) {
		struct p12_key *key = &p12_keys(p12)[i];

		if (!SECITEM_ItemsAreEqual(&key->local_id, local_id))
			continue;
		if (found != NULL)
			return NULL;
		found = key;
	}
	return found;
}

static PRBool
is_only_cert(const struct nu_p12 *p12, const struct p12_cert *cert)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		const struct p12_cert *other = &p12_certs(p12)[i];

		if (other != cert &&
		    SECITEM_ItemsAreEqual(&other->local_id, &cert->local_id))
			return PR_FALSE;
	}
	return PR_TRUE;
}

static void
match_by_id(struct nu_p12 *p12)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		struct p12_cert *cert = &p12_certs(p12)[i];
		struct p12_key *key = NULL;

		if (cert->local_id.len > 0 && is_only_cert(p12, cert))
			key = find_key(p12, &cert->local_id);
		if (key != NULL)
			give_key(cert, key);
	}
}

static SECKEYPublicKey *
public_key(const SECItem *cert_der)
{
	struct nu_cert cert;

	return nu_cert_read(cert_der, &cert) == SECSuccess
	               ? nu_key_from_spki(&cert.spki)
	               : NULL;
}

/* --- keys into a token ------------------------------------------------- */

static SECKEYPrivateKey *
import_shrouded(SECKEYEncryptedPrivateKeyInfo *epki,
                const struct p12_target *to, const char *label,
                PRBool permanent)
{
	SECItem *value = nu_key_public_value(to->pub);
	SECItem name = { siBuffer, NULL, 0 };
	SECKEYPrivateKey *key = NULL;

	if (value == NULL)
		return NULL;
	if (label != NULL) {
		name.data =
			(unsigned char *)PORT_ArenaStrdup(to->arena, label);
		name.len = (unsigned)strlen(label);
		if (name.data == NULL)
			return NULL;
	}
	PORT_SetError(SEC_ERROR_BAD_KEY); /* NSS does not always say */
	if (PK11_ImportEncryptedPrivateKeyInfoAndReturnKey(
		    to->slot, epki,
		    p12_password_for(to->password, &epki->algorithm),
		    label != NULL ? &name : NULL, value, permanent, PR_TRUE,
		    SECKEY_GetPublicKeyType(to->pub), KU_ALL, &key,
		    to->wincx) != SECSuccess)
		return NULL;
	return key;
}

/* A token in FIPS mode takes no plain key, so encrypt it first. */
SECKEYPrivateKey *
p12_import_plain(const SECItem *plain, const struct p12_target *to,
                 const char *label, PRBool permanent)
{
	SECAlgorithmID *algorithm = PK11_CreatePBEV2AlgorithmID(
		SEC_OID_PKCS5_PBES2, SEC_OID_AES_256_CBC, SEC_OID_HMAC_SHA256,
		0, OWN_ITERATIONS, NULL);
	SECKEYEncryptedPrivateKeyInfo epki;
	SECKEYPrivateKey *key = NULL;

	if (algorithm == NULL)
		return NULL;
	memset(&epki, 0, sizeof epki);
	epki.algorithm = *algorithm;
	if (p12_encrypt(to->arena, algorithm, to->password, plain, to->wincx,
	                &epki.encryptedData) == SECSuccess)
		key = import_shrouded(&epki, to, label, permanent);
	SECOID_DestroyAlgorithmID(algorithm, PR_TRUE);
	return key;
}

static SECKEYPrivateKey *
import(struct p12_key *key, const struct p12_target *to, const char *label,
       PRBool permanent)
{
	return key->plain.len > 0
	               ? p12_import_plain(&key->plain, to, label, permanent)
	               : import_shrouded(&key->shrouded, to, label, permanent);
}

/* A session key that is proved to be the public key's other half. */
static SECKEYPrivateKey *
import_proved(struct p12_key *key, const struct p12_target *to)
{
	nu_auto(SECKEYPrivateKey) session = import(key, to, NULL, PR_FALSE);

	if (session == NULL || !nu_key_proves(session, to->pub))
		return NULL;
	return nu_take(session);
}

/* With a verdict: may the key be tried once more? */
static SECStatus
spend_on_trial(struct nu_p12 *p12, struct p12_key *key)
{
	if (++p12->trials > MAX_TRIALS)
		return p12_fail(
			p12, NU_P12_UNSUPPORTED,
			"holds too many keys that do not say whose they are");
	return key->plain.len > 0
	               ? SECSuccess
	               : p12_spend_on(p12, &key->shrouded.algorithm);
}

static PRBool
is_key_of(struct nu_p12 *p12, struct p12_key *key, const struct p12_cert *cert,
          PK11SlotInfo *slot)
{
	nu_auto(SECKEYPublicKey) pub = public_key(&cert->shown.der);
	nu_auto(SECKEYPrivateKey) session = NULL;
	struct p12_target to = { p12->arena, &p12->password, slot, pub,
		                 p12->wincx };

	if (spend_on_trial(p12, key) != SECSuccess || pub == NULL)
		return PR_FALSE;
	session = import_proved(key, &to);
	return session != NULL;
}

/* The certificate and every other one of its public key. */
static void
give_key_to_all(const struct nu_p12 *p12, struct p12_cert *cert,
                struct p12_key *key)
{
	struct nu_cert own, other;

	give_key(cert, key);
	if (nu_cert_read(&cert->shown.der, &own) != SECSuccess)
		return;
	for (size_t i = 0; i < p12->certs.n; i++) {
		struct p12_cert *c = &p12_certs(p12)[i];

		if (c->key == NULL &&
		    nu_cert_read(&c->shown.der, &other) == SECSuccess &&
		    SECITEM_ItemsAreEqual(&own.spki, &other.spki))
			give_key(c, key);
	}
}

/* Some write a key once for each of its certificates: then all of those may
 * have it already. */
static void
find_owner(struct nu_p12 *p12, struct p12_key *key, PK11SlotInfo *slot)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		struct p12_cert *cert = &p12_certs(p12)[i];

		if (cert->key == NULL && is_key_of(p12, key, cert, slot)) {
			give_key_to_all(p12, cert, key);
			return;
		}
	}
	for (size_t i = 0; i < p12->certs.n && !key->is_taken; i++) {
		struct p12_cert *cert = &p12_certs(p12)[i];

		key->is_taken = cert->key != NULL &&
		                is_key_of(p12, key, cert, slot);
	}
}

/* Where localKeyIDs are missing or shared, the keys themselves tell. */
static SECStatus
match_by_proof(struct nu_p12 *p12)
{
	nu_auto(PK11SlotInfo) slot = NULL;

	for (size_t i = 0; i < p12->keys.n; i++) {
		struct p12_key *key = &p12_keys(p12)[i];

		if (key->is_taken)
			continue;
		if (slot == NULL && (slot = p12_slot(p12->wincx)) == NULL)
			return p12_fail(p12, NU_P12_FAILED,
			                "could not be read");
		find_owner(p12, key, slot);
		if (p12->verdict != NU_P12_GOOD) /* too much to try */
			return SECFailure;
	}
	return SECSuccess;
}

SECStatus
p12_match_keys(struct nu_p12 *p12)
{
	match_by_id(p12);
	return match_by_proof(p12);
}

SECKEYPrivateKey *
nu_p12_import_key(struct nu_p12 *p12, size_t i, PK11SlotInfo *slot,
                  PRBool permanent, const char *label, void *wincx)
{
	struct p12_cert *cert = i < p12->certs.n ? &p12_certs(p12)[i] : NULL;
	nu_auto(SECKEYPrivateKey) session = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	struct p12_target to = { NULL, NULL, slot, NULL, wincx };

	if (cert == NULL || cert->key == NULL) {
		PORT_SetError(SEC_ERROR_NO_KEY);
		return NULL;
	}
	to.arena = p12->arena;
	to.password = &p12->password;
	to.pub = pub = public_key(&cert->shown.der);
	if (pub == NULL ||
	    (PK11_NeedLogin(slot) &&
	     PK11_Authenticate(slot, PR_TRUE, wincx) != SECSuccess))
		return NULL;
	session = import_proved(cert->key, &to);
	if (session == NULL)
		return NULL;
	return permanent ? import(cert->key, &to, label, PR_TRUE)
	                 : nu_take(session);
}

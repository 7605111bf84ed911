/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fresh.c - a database, keys and certificates made anew. */

#include "tests/unit/fresh.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cert.h>
#include <cryptohi.h>
#include <nss.h>
#include <pk11pub.h>
#include <prtime.h>
#include <secder.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

NU_DEFINE_AUTO(CERTCertificateRequest, CERT_DestroyCertificateRequest(p))
NU_DEFINE_AUTO(CERTValidity, CERT_DestroyValidity(p))

static char dir[] = "/tmp/fresh-XXXXXX";
static const char *const files[] = { "cert9.db", "key4.db", "pkcs11.txt" };

static void
must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, nu_err_name(PORT_GetError()));
	abort();
}

void
fresh_open(void)
{
	nu_auto(PK11SlotInfo) slot = NULL;

	must(mkdtemp(dir) != NULL, "mkdtemp");
	must(NSS_Initialize(dir, "", "", "secmod.db", 0) == SECSuccess,
	     "NSS_Initialize");
	slot = PK11_GetInternalKeySlot();
	must(slot != NULL, "PK11_GetInternalKeySlot");
	must(PK11_InitPin(slot, NULL, "") == SECSuccess, "PK11_InitPin");
}

void
fresh_remove(void)
{
	char path[sizeof dir + 16];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		must(unlink(path) == 0, path);
	}
	must(rmdir(dir) == 0, dir);
}

void
fresh_close(void)
{
	must(NSS_Shutdown() == SECSuccess, "NSS_Shutdown");
	fresh_remove();
}

const char *
fresh_dir(void)
{
	return dir;
}

struct fresh_key
fresh_key(KeyType type, unsigned bits)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	struct fresh_key key = { NULL, NULL };

	must(slot != NULL, "PK11_GetInternalKeySlot");
	key.private = nu_key_generate(slot, type, bits,
	                              PK11_ATTR_SESSION |
	                                      PK11_ATTR_INSENSITIVE |
	                                      PK11_ATTR_PUBLIC,
	                              NULL, &key.public);
	must(key.private != NULL, "nu_key_generate");
	return key;
}

void
fresh_key_free(struct fresh_key *key)
{
	SECKEY_DestroyPrivateKey(key->private);
	SECKEY_DestroyPublicKey(key->public);
	key->private = NULL;
	key->public = NULL;
}

SECItem *
fresh_spki(const struct fresh_key *key)
{
	SECItem *der = SECKEY_EncodeDERSubjectPublicKeyInfo(key->public);

	must(der != NULL, "SECKEY_EncodeDERSubjectPublicKeyInfo");
	return der;
}

SECItem *
fresh_name(const char *text)
{
	nu_auto(CERTName) name = CERT_AsciiToName(text);
	SECItem *der;

	must(name != NULL, "CERT_AsciiToName");
	der = SEC_ASN1EncodeItem(NULL, NULL, name,
	                         SEC_ASN1_GET(CERT_NameTemplate));
	must(der != NULL, "SEC_ASN1EncodeItem");
	return der;
}

/* Everything but the signature. */
static CERTCertificate *
draft_cert(const struct fresh_key *key, const char *subject,
           const char *issuer_name, unsigned long serial)
{
	nu_auto(CERTName) who = CERT_AsciiToName(subject);
	nu_auto(CERTName) by = CERT_AsciiToName(issuer_name);
	nu_auto(CERTSubjectPublicKeyInfo) spki =
	        SECKEY_CreateSubjectPublicKeyInfo(key->public);
	PRTime now = PR_Now(), day = (PRTime)24 * 60 * 60 * PR_USEC_PER_SEC;
	nu_auto(CERTValidity) validity = CERT_CreateValidity(now, now + day);
	nu_auto(CERTCertificateRequest) request = NULL;
	CERTCertificate *cert;

	must(who != NULL && by != NULL && spki != NULL && validity != NULL,
	     "parts of a certificate");
	request = CERT_CreateCertificateRequest(who, spki, NULL);
	must(request != NULL, "CERT_CreateCertificateRequest");
	cert = CERT_CreateCertificate(serial, by, validity, request);
	must(cert != NULL, "CERT_CreateCertificate");
	must(SEC_ASN1EncodeInteger(cert->arena, &cert->version,
	                           SEC_CERTIFICATE_VERSION_3) != NULL,
	     "SEC_ASN1EncodeInteger");
	return cert;
}

SECItem *
fresh_cert(const struct fresh_key *key, const char *subject,
           const struct fresh_key *issuer, const char *issuer_name,
           unsigned long serial)
{
	const SECOidTag algorithm = SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION;
	nu_auto(CERTCertificate) cert =
	        draft_cert(key, subject, issuer_name, serial);
	SECItem tbs = { siBuffer, NULL, 0 }, der = { siBuffer, NULL, 0 };
	SECItem *copy;

	must(SECOID_SetAlgorithmID(cert->arena, &cert->signature, algorithm,
	                           NULL) == SECSuccess,
	     "SECOID_SetAlgorithmID");
	must(SEC_ASN1EncodeItem(cert->arena, &tbs, cert,
	                        SEC_ASN1_GET(CERT_CertificateTemplate)) != NULL,
	     "SEC_ASN1EncodeItem");
	must(SEC_DerSignData(cert->arena, &der, tbs.data, (int)tbs.len,
	                     issuer->private, algorithm) == SECSuccess,
	     "SEC_DerSignData");
	copy = SECITEM_DupItem(&der);
	must(copy != NULL, "SECITEM_DupItem");
	return copy;
}

/* --- by choice ---------------------------------------------------------- */

static SECItem *
make_time(PLArenaPool *arena, PRTime time)
{
	SECItem *item = PORT_ArenaZNew(arena, SECItem);

	bool utc;

	must(item != NULL && DER_EncodeTimeChoice(arena, item, time) ==
	                             SECSuccess,
	     "DER_EncodeTimeChoice");
	utc = item->type == siUTCTime;
	return nu_der_make_octets(arena, utc ? SEC_ASN1_UTC_TIME
	                                     : SEC_ASN1_GENERALIZED_TIME,
	                          item->data, item->len);
}

static SECItem *
make_validity(PLArenaPool *arena, const struct fresh_spec *spec)
{
	PRTime day = (PRTime)24 * 60 * 60 * PR_USEC_PER_SEC;
	PRTime from = spec->not_before ? spec->not_before : PR_Now();
	PRTime to = spec->not_after ? spec->not_after : from + day;

	return nu_der_make(arena, NU_SEQUENCE, make_time(arena, from),
	                   make_time(arena, to));
}

/* [3] with those that were chosen; NULL: none. */
static SECItem *
make_extensions(PLArenaPool *arena, const struct fresh_spec *spec)
{
	SECItem *ca = NULL, *ski = NULL, *aki = NULL, *id;

	if (!spec->is_ca && !spec->key_id && !spec->issuer_key_id)
		return NULL;
	if (spec->is_ca)
		ca = nu_ext_make_basic_constraints(arena, PR_TRUE, -1);
	if (spec->key_id != NULL) {
		id = nu_der_make_text(arena, NU_OCTET_STRING, spec->key_id);
		ski = nu_ext_make(arena, SEC_OID_X509_SUBJECT_KEY_ID, PR_FALSE,
		                  id);
	}
	if (spec->issuer_key_id != NULL) {
		id = nu_der_make_text(arena, NU_CONTEXT(0),
		                      spec->issuer_key_id);
		id = nu_der_make(arena, NU_SEQUENCE, id);
		aki = nu_ext_make(arena, SEC_OID_X509_AUTH_KEY_ID, PR_FALSE,
		                  id);
	}
	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(3),
	                   nu_der_make(arena, NU_SEQUENCE, ca, ski, aki));
}

static SECItem *
make_tbs(PLArenaPool *arena, const struct fresh_spec *spec,
         const SECItem *algorithm)
{
	SECItem *version = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0),
	                               nu_der_make_long(arena, 2));

	return nu_der_make(arena, NU_SEQUENCE, version,
	                   nu_der_make_long(arena, (long)spec->serial),
	                   algorithm, &spec->issuer,
	                   make_validity(arena, spec), &spec->subject,
	                   &spec->spki, make_extensions(arena, spec));
}

SECItem *
fresh_cert_from(const struct fresh_spec *spec)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *algorithm, *tbs, *cert, *copy;
	SECItem signature;

	/* Signed twice: the first time tells the algorithm. */
	must(arena != NULL &&
	             nu_key_sign(arena, spec->by->private, &spec->subject,
	                         &algorithm, &signature) == SECSuccess,
	     "nu_key_sign");
	tbs = make_tbs(arena, spec, algorithm);
	must(tbs != NULL, "make_tbs");
	if (!spec->bad_signature)
		must(nu_key_sign(arena, spec->by->private, tbs, &algorithm,
		                 &signature) == SECSuccess,
		     "nu_key_sign");
	cert = nu_der_make(arena, NU_SEQUENCE, tbs, algorithm,
	                   nu_der_make_bits(arena, &signature));
	must(cert != NULL, "nu_der_make");
	copy = SECITEM_DupItem(cert);
	must(copy != NULL, "SECITEM_DupItem");
	return copy;
}

struct fresh_authority
fresh_authority(const char *subject, const char *key_id)
{
	struct fresh_authority authority = { fresh_key(ecKey, 256),
		                             fresh_name(subject), NULL };
	nu_auto(SECItem) spki = fresh_spki(&authority.key);
	struct fresh_spec spec = { .spki = *spki,
		                   .subject = *authority.name,
		                   .issuer = *authority.name,
		                   .by = &authority.key,
		                   .serial = 1,
		                   .is_ca = PR_TRUE,
		                   .key_id = key_id };

	authority.cert = fresh_cert_from(&spec);
	return authority;
}

void
fresh_authority_free(struct fresh_authority *authority)
{
	fresh_key_free(&authority->key);
	SECITEM_FreeItem(authority->name, PR_TRUE);
	SECITEM_FreeItem(authority->cert, PR_TRUE);
	authority->name = authority->cert = NULL;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_signed.c - CMS SignedData of one signer, written and verified. */

#include "nssutil/nu_signed.h"

#include <cryptohi.h>
#include <hasht.h>
#include <pk11pub.h>
#include <secasn1.h>
#include <secder.h>
#include <secerr.h>
#include <sechash.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_ber.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"

enum { VERSION_1 = 1, MAX_DEPTH = 16 };
enum { UTC_TIME = 0x17, GENERALIZED_TIME = 0x18 };

/* --- writing: NULL is an NSS error ------------------------------------- */

#define make nu_der_make_all

static int
by_encoding(const void *a, const void *b)
{
	SECComparison order = SECITEM_CompareItem(*(const SECItem *const *)a,
	                                          *(const SECItem *const *)b);

	return order == SECLessThan ? -1 : order == SECGreaterThan;
}

/* A SET OF's elements stand in order of their encodings (X.690, 11.6). */
static SECItem *
make_set_of(PLArenaPool *arena, unsigned char tag, const SECItem **parts,
            size_t n_parts)
{
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i] == NULL)
			return NULL;
	}
	qsort(parts, n_parts, sizeof *parts, by_encoding);
	return nu_der_wrap(arena, tag, parts, n_parts);
}

static SECItem *
make_oid(PLArenaPool *arena, SECOidTag tag)
{
	const SECOidData *oid = SECOID_FindOIDByTag(tag);

	if (oid == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OID, oid->oid.data, oid->oid.len);
}

static SECItem *
make_octet_string(PLArenaPool *arena, const SECItem *octets)
{
	return nu_der_make_octets(arena, NU_OCTET_STRING, octets->data,
	                          octets->len);
}

static SECItem *
make_time(PLArenaPool *arena, PRTime when)
{
	nu_auto_item text = { siBuffer, NULL, 0 };

	if (DER_EncodeTimeChoice(NULL, &text, when) != SECSuccess)
		return NULL;
	return nu_der_make_octets(arena, text.type == siUTCTime
	                                         ? UTC_TIME
	                                         : GENERALIZED_TIME,
	                          text.data, text.len);
}

static SECItem *
make_attribute(PLArenaPool *arena, SECOidTag type, const SECItem *value)
{
	return make(arena, NU_SEQUENCE, make_oid(arena, type),
	            make(arena, NU_SET, value));
}

/* SET OF Attribute, as it is signed. */
static SECItem *
make_attributes(PLArenaPool *arena, const struct nu_signing *signing)
{
	unsigned char hash[SHA256_LENGTH];
	const SECItem digest = { siBuffer, hash, sizeof hash };
	const SECItem *attributes[3];

	if (PK11_HashBuf(SEC_OID_SHA256, hash, signing->content->data,
	                 (PRInt32)signing->content->len) != SECSuccess)
		return NULL;
	attributes[0] = make_attribute(arena, SEC_OID_PKCS9_CONTENT_TYPE,
	                               make_oid(arena, SEC_OID_PKCS7_DATA));
	attributes[1] = make_attribute(arena, SEC_OID_PKCS9_SIGNING_TIME,
	                               make_time(arena, signing->time));
	attributes[2] = make_attribute(arena, SEC_OID_PKCS9_MESSAGE_DIGEST,
	                               make_octet_string(arena, &digest));
	return make_set_of(arena, NU_SET, attributes, 3);
}

/* SignerInfo names of RSA the key's algorithm alone (RFC 3370, 3.2), which the
 * oldest readers know. */
static SECItem *
make_signature_algorithm(PLArenaPool *arena, KeyType type, SECOidTag tag)
{
	if (type == rsaKey)
		return make(arena, NU_SEQUENCE,
		            make_oid(arena, SEC_OID_PKCS1_RSA_ENCRYPTION),
		            nu_der_make_octets(arena, NU_NULL, NULL, 0));
	return make(arena, NU_SEQUENCE, make_oid(arena, tag));
}

static SECItem *
make_issuer_and_serial(PLArenaPool *arena, const SECItem *der)
{
	struct nu_cert cert;

	if (nu_cert_read(der, &cert) != SECSuccess)
		return NULL;
	return make(arena, NU_SEQUENCE, &cert.issuer,
	            nu_der_make_integer(arena, &cert.serial));
}

static SECItem *
make_signer(PLArenaPool *arena, const struct nu_signing *signing)
{
	KeyType type = SECKEY_GetPrivateKeyType(signing->key);
	SECOidTag tag = SEC_GetSignatureAlgorithmOidTag(type, SEC_OID_SHA256);
	nu_auto_item signature = { siBuffer, NULL, 0 };
	SECItem *attributes = make_attributes(arena, signing);

	if (attributes == NULL || tag == SEC_OID_UNKNOWN ||
	    SEC_SignData(&signature, attributes->data, (int)attributes->len,
	                 signing->key, tag) != SECSuccess)
		return NULL;
	return make(arena, NU_SEQUENCE, nu_der_make_long(arena, VERSION_1),
	            make_issuer_and_serial(arena, &signing->certs[0]),
	            make(arena, NU_SEQUENCE, make_oid(arena, SEC_OID_SHA256)),
	            nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(0), attributes),
	            make_signature_algorithm(arena, type, tag),
	            make_octet_string(arena, &signature));
}

/* EncapsulatedContentInfo */
static SECItem *
make_content(PLArenaPool *arena, const struct nu_signing *signing)
{
	SECItem *type = make_oid(arena, SEC_OID_PKCS7_DATA);

	if (signing->detached)
		return make(arena, NU_SEQUENCE, type);
	return make(arena, NU_SEQUENCE, type,
	            make(arena, NU_CONTEXT_CONSTRUCTED(0),
	                 make_octet_string(arena, signing->content)));
}

static SECItem *
make_certs(PLArenaPool *arena, const struct nu_signing *signing)
{
	const SECItem **certs = PORT_ArenaZNewArray(arena, const SECItem *,
	                                            signing->n_certs);

	if (certs == NULL)
		return NULL;
	for (size_t i = 0; i < signing->n_certs; i++)
		certs[i] = &signing->certs[i];
	return make_set_of(arena, NU_CONTEXT_CONSTRUCTED(0), certs,
	                   signing->n_certs);
}

static SECItem *
make_signed_data(PLArenaPool *arena, const struct nu_signing *signing)
{
	SECItem *signer = make_signer(arena, signing);

	if (signer == NULL) /* its error, not a later one */
		return NULL;
	return make(arena, NU_SEQUENCE, nu_der_make_long(arena, VERSION_1),
	            make(arena, NU_SET,
	                 make(arena, NU_SEQUENCE,
	                      make_oid(arena, SEC_OID_SHA256))),
	            make_content(arena, signing), make_certs(arena, signing),
	            make(arena, NU_SET, signer));
}

SECItem *
nu_signed_encode(const struct nu_signing *signing)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *data, *info;

	if (arena == NULL)
		return NULL;
	if (signing->n_certs == 0 || signing->content->len > PR_INT32_MAX) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	data = make_signed_data(arena, signing);
	if (data == NULL)
		return NULL;
	info = make(arena, NU_SEQUENCE,
	            make_oid(arena, SEC_OID_PKCS7_SIGNED_DATA),
	            make(arena, NU_CONTEXT_CONSTRUCTED(0), data));
	return info != NULL ? SECITEM_DupItem(info) : NULL;
}

/* --- reading ----------------------------------------------------------- */

/* What a message has; slices of it, but for the content. */
struct message {
	SECItem content;
	struct nu_tlv signer_id;
	SECItem digest_algorithm, signature_algorithm; /* whole */
	SECItem attributes; /* whole, as [0]; or no data */
	SECItem signature;
};

/* Is SECFailure. */
static SECStatus
not_signed(void)
{
	PORT_SetError(SEC_ERROR_BAD_SIGNATURE);
	return SECFailure;
}

static SECStatus
read_oid(struct nu_der *r, SECOidTag expected)
{
	struct nu_tlv oid;

	if (nu_ber_get(r, NU_OID, &oid) != SECSuccess)
		return SECFailure;
	return SECOID_FindOIDTag(&oid.value) == expected ? SECSuccess
	                                                 : not_signed();
}

static SECStatus
skip_optional(struct nu_der *r, unsigned char tag)
{
	struct nu_tlv skipped;

	return nu_der_peek(r) == tag ? nu_ber_any(r, &skipped) : SECSuccess;
}

/* ContentInfo and EncapsulatedContentInfo: a type, and [0] what it is. */
static SECStatus
enter_typed(struct nu_der r, SECOidTag type, struct nu_der *ret_content)
{
	if (read_oid(&r, type) != SECSuccess ||
	    nu_ber_enter(&r, NU_CONTEXT_CONSTRUCTED(0), ret_content) !=
	            SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

static SECStatus
read_content(PLArenaPool *arena, struct nu_der r, SECItem *ret_content)
{
	struct nu_der content;

	if (enter_typed(r, SEC_OID_PKCS7_DATA, &content) != SECSuccess ||
	    nu_ber_octets(arena, &content, ret_content) != SECSuccess)
		return SECFailure;
	return nu_der_end(&content);
}

/* SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm, signedAttrs [0]
 * OPTIONAL, signatureAlgorithm, signature, unsignedAttrs [1] OPTIONAL } */
static SECStatus
read_signer(struct nu_der r, struct message *message)
{
	struct nu_tlv version, digest, attributes, algorithm, signature;

	if (nu_ber_get(&r, NU_INTEGER, &version) != SECSuccess ||
	    nu_ber_any(&r, &message->signer_id) != SECSuccess ||
	    nu_ber_get(&r, NU_SEQUENCE, &digest) != SECSuccess)
		return SECFailure;
	if (nu_der_peek(&r) == NU_CONTEXT_CONSTRUCTED(0)) {
		if (nu_ber_any(&r, &attributes) != SECSuccess)
			return SECFailure;
		message->attributes = attributes.whole;
	}
	if (nu_ber_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_ber_get(&r, NU_OCTET_STRING, &signature) != SECSuccess ||
	    skip_optional(&r, NU_CONTEXT_CONSTRUCTED(1)) != SECSuccess)
		return SECFailure;
	message->digest_algorithm = digest.whole;
	message->signature_algorithm = algorithm.whole;
	message->signature = signature.value;
	return nu_der_end(&r);
}

/* SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo,
 * certificates [0] OPTIONAL, crls [1] OPTIONAL, signerInfos SET } */
static SECStatus
read_signed_data(PLArenaPool *arena, struct nu_der r, struct message *message)
{
	struct nu_der content, signers, signer;
	struct nu_tlv skipped;

	if (nu_ber_get(&r, NU_INTEGER, &skipped) != SECSuccess ||
	    nu_ber_get(&r, NU_SET, &skipped) != SECSuccess ||
	    nu_ber_enter(&r, NU_SEQUENCE, &content) != SECSuccess ||
	    skip_optional(&r, NU_CONTEXT_CONSTRUCTED(0)) != SECSuccess ||
	    skip_optional(&r, NU_CONTEXT_CONSTRUCTED(1)) != SECSuccess ||
	    nu_ber_enter(&r, NU_SET, &signers) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    nu_ber_enter(&signers, NU_SEQUENCE, &signer) != SECSuccess ||
	    nu_der_end(&signers) != SECSuccess ||
	    read_signer(signer, message) != SECSuccess)
		return SECFailure;
	return read_content(arena, content, &message->content);
}

static SECStatus
read_message(PLArenaPool *arena, const SECItem *ber, struct message *message)
{
	struct nu_der r = nu_der_reader(ber), info, content, data;

	if (nu_ber_enter(&r, NU_SEQUENCE, &info) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    enter_typed(info, SEC_OID_PKCS7_SIGNED_DATA, &content) !=
	            SECSuccess ||
	    nu_ber_enter(&content, NU_SEQUENCE, &data) != SECSuccess ||
	    nu_der_end(&content) != SECSuccess)
		return SECFailure;
	return read_signed_data(arena, data, message);
}

/* --- verifying ---------------------------------------------------------- */

static SECOidTag
tag_of(const SECItem *algorithm)
{
	struct nu_tlv oid;
	struct nu_der r;

	if (nu_der_only(algorithm, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_OID, &oid) != SECSuccess)
		return SEC_OID_UNKNOWN;
	return SECOID_FindOIDTag(&oid.value);
}

static PRBool
is_digest(SECOidTag tag)
{
	return tag == SEC_OID_SHA256 || tag == SEC_OID_SHA384 ||
	       tag == SEC_OID_SHA512;
}

/* Those whose hash NSS then tells us, to be compared. */
static PRBool
is_signature(SECOidTag tag)
{
	switch (tag) {
	case SEC_OID_PKCS1_RSA_ENCRYPTION:
	case SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION:
	case SEC_OID_PKCS1_SHA384_WITH_RSA_ENCRYPTION:
	case SEC_OID_PKCS1_SHA512_WITH_RSA_ENCRYPTION:
	case SEC_OID_PKCS1_RSA_PSS_SIGNATURE:
	case SEC_OID_ANSIX962_ECDSA_SHA256_SIGNATURE:
	case SEC_OID_ANSIX962_ECDSA_SHA384_SIGNATURE:
	case SEC_OID_ANSIX962_ECDSA_SHA512_SIGNATURE:
		return PR_TRUE;
	default:
		return PR_FALSE;
	}
}

static PRBool
is_issuer_and_serial(const SECItem *id, const struct nu_cert *cert)
{
	struct nu_tlv issuer;
	struct nu_der r;
	SECItem serial;

	return nu_der_only(id, NU_SEQUENCE, &r) == SECSuccess &&
	       nu_der_get(&r, NU_SEQUENCE, &issuer) == SECSuccess &&
	       nu_der_integer(&r, &serial) == SECSuccess &&
	       nu_der_end(&r) == SECSuccess &&
	       SECITEM_ItemsAreEqual(&issuer.whole, &cert->issuer) &&
	       SECITEM_ItemsAreEqual(&serial, &cert->serial);
}

static PRBool
names_cert(const struct nu_tlv *id, const struct nu_cert *cert)
{
	SECItem key_id;

	if (id->tag != NU_CONTEXT(0))
		return is_issuer_and_serial(&id->whole, cert);
	key_id = nu_cert_subject_key_id(cert);
	return key_id.data != NULL &&
	       SECITEM_ItemsAreEqual(&id->value, &key_id);
}

/* What signed attributes say (RFC 5652, 11.1 and 11.2). */
struct attributes {
	SECItem content_type; /* an OID's octets */
	SECItem digest;
};

/* The one value of an attribute that there is once. */
static SECStatus
read_value(struct nu_der values, unsigned char tag, SECItem *ret_value)
{
	struct nu_tlv value;

	if (ret_value->data != NULL ||
	    nu_der_get(&values, tag, &value) != SECSuccess ||
	    nu_der_end(&values) != SECSuccess)
		return nu_der_bad();
	*ret_value = value.value;
	return SECSuccess;
}

static SECStatus
read_attribute(struct nu_der r, struct attributes *attributes)
{
	struct nu_tlv oid, values;
	struct nu_der value;

	if (nu_der_get(&r, NU_OID, &oid) != SECSuccess ||
	    nu_der_get(&r, NU_SET, &values) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	value = nu_der_reader(&values.value);
	switch (SECOID_FindOIDTag(&oid.value)) {
	case SEC_OID_PKCS9_CONTENT_TYPE:
		return read_value(value, NU_OID, &attributes->content_type);
	case SEC_OID_PKCS9_MESSAGE_DIGEST:
		return read_value(value, NU_OCTET_STRING, &attributes->digest);
	default:
		return SECSuccess;
	}
}

static SECStatus
read_attributes(struct nu_der r, struct attributes *ret_attributes)
{
	struct attributes attributes = { { siBuffer, NULL, 0 },
		                         { siBuffer, NULL, 0 } };
	struct nu_tlv attribute;

	while (!nu_der_at_end(&r)) {
		if (nu_der_get(&r, NU_SEQUENCE, &attribute) != SECSuccess ||
		    read_attribute(nu_der_reader(&attribute.value),
		                   &attributes) != SECSuccess)
			return SECFailure;
	}
	if (attributes.content_type.data == NULL ||
	    attributes.digest.data == NULL)
		return nu_der_bad();
	*ret_attributes = attributes;
	return SECSuccess;
}

/* The signature is of the attributes, as a SET, and they are of the content
 * (RFC 5652, 5.4). They are DER whatever the rest is. */
static SECStatus
check_attributes(PLArenaPool *arena, const struct message *message,
                 SECOidTag digest, SECItem *ret_signed)
{
	unsigned char hash[HASH_LENGTH_MAX];
	SECItem computed = { siBuffer, hash, HASH_ResultLenByOidTag(digest) };
	struct attributes attributes;
	struct nu_der r;
	SECItem *set;

	if (nu_der_check(&message->attributes, MAX_DEPTH) != SECSuccess ||
	    nu_der_only(&message->attributes, NU_CONTEXT_CONSTRUCTED(0), &r) !=
	            SECSuccess ||
	    read_attributes(r, &attributes) != SECSuccess ||
	    PK11_HashBuf(digest, hash, message->content.data,
	                 (PRInt32)message->content.len) != SECSuccess)
		return SECFailure;
	if (SECOID_FindOIDTag(&attributes.content_type) !=
	            SEC_OID_PKCS7_DATA ||
	    !SECITEM_ItemsAreEqual(&attributes.digest, &computed))
		return not_signed();
	set = nu_der_retag(arena, NU_SET, &message->attributes);
	if (set == NULL)
		return SECFailure;
	*ret_signed = *set;
	return SECSuccess;
}

/* Without attributes the signature is of the content: of what no other message
 * has as its attributes. */
static SECStatus
check_bare(const struct message *message, SECItem *ret_signed)
{
	struct attributes attributes;
	struct nu_der r;

	if (nu_der_only(&message->content, NU_SET, &r) == SECSuccess &&
	    read_attributes(r, &attributes) == SECSuccess)
		return not_signed();
	*ret_signed = message->content;
	return SECSuccess;
}

/* NSS takes the hash from the algorithm, of plain RSA from the signature. */
static SECStatus
verify_signature(PLArenaPool *arena, const struct message *message,
                 const SECItem *spki, const SECItem *data, SECOidTag digest)
{
	nu_auto(SECKEYPublicKey) key = nu_key_from_spki(spki);
	SECOidTag used = SEC_OID_UNKNOWN;
	SECAlgorithmID id = { { siBuffer, NULL, 0 }, { siBuffer, NULL, 0 } };

	if (key == NULL ||
	    SEC_QuickDERDecodeItem(arena, &id,
	                           SEC_ASN1_GET(SECOID_AlgorithmIDTemplate),
	                           &message->signature_algorithm) !=
	            SECSuccess ||
	    VFY_VerifyDataWithAlgorithmID(data->data, (int)data->len, key,
	                                  &message->signature, &id, &used,
	                                  NULL) != SECSuccess)
		return SECFailure;
	return used == digest ? SECSuccess : not_signed();
}

static SECStatus
verify(PLArenaPool *arena, const struct message *message, const SECItem *der)
{
	SECOidTag digest = tag_of(&message->digest_algorithm);
	SECItem data;
	struct nu_cert cert;
	SECStatus status;

	if (nu_cert_read(der, &cert) != SECSuccess)
		return SECFailure;
	if (!names_cert(&message->signer_id, &cert) || !is_digest(digest) ||
	    !is_signature(tag_of(&message->signature_algorithm)))
		return not_signed();
	status = message->attributes.data != NULL
	                 ? check_attributes(arena, message, digest, &data)
	                 : check_bare(message, &data);
	if (status != SECSuccess)
		return SECFailure;
	return verify_signature(arena, message, &cert.spki, &data, digest);
}

SECStatus
nu_signed_verify(PLArenaPool *arena, const SECItem *signed_data,
                 const SECItem *cert, SECItem *ret_content)
{
	struct message message;

	memset(&message, 0, sizeof message);
	if (signed_data->len > PR_INT32_MAX) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return SECFailure;
	}
	PORT_SetError(0);
	if (read_message(arena, signed_data, &message) != SECSuccess)
		return SECFailure;
	if (verify(arena, &message, cert) != SECSuccess) {
		/* what a token says of a bad signature is anybody's guess */
		if (!nu_err_is_trouble(PORT_GetError()))
			PORT_SetError(SEC_ERROR_BAD_SIGNATURE);
		return SECFailure;
	}
	*ret_content = message.content;
	return SECSuccess;
}

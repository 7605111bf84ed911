/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope_write.c - envelopes: EncryptedValue and EnvelopedData in DER. */

#include "nssutil/nu_envelope_int.h"

#include <blapit.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

/* RFC 5652: versions of recipients without a certificate's issuer. */
enum { VERSION_ENVELOPED = 2, VERSION_TRANSPORT = 2, VERSION_AGREEMENT = 3 };

/* One envelope on its way. */
struct writer {
	PLArenaPool *arena;
	const struct envelope_parcel *parcel;
	SECKEYPublicKey *to;
	SECItem *cipher; /* AlgorithmIdentifier */
	void *wincx;
};

static SECItem *
make_octets(const struct writer *w, unsigned char tag, const SECItem *octets)
{
	return nu_der_make_octets(w->arena, tag, octets->data, octets->len);
}

#define make(w, tag, ...) nu_der_make_all((w)->arena, (tag), __VA_ARGS__)

static SECItem *
retag(const struct writer *w, unsigned char tag, const SECItem *whole)
{
	return whole != NULL ? nu_der_retag(w->arena, tag, whole) : NULL;
}

/* --- EncryptedValue --------------------------------------------------- */

/* A BIT STRING under an implicit tag. */
static SECItem *
make_tagged_bits(const struct writer *w, unsigned char tag, const SECItem *data)
{
	return retag(w, tag, nu_der_make_bits(w->arena, data));
}

static SECItem *
write_value(const struct writer *w)
{
	SECItem key;

	if (SECKEY_GetPublicKeyType(w->to) != rsaKey) {
		PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
		return NULL;
	}
	if (envelope_send_rsa(w->arena, w->parcel->key, w->to, &key) !=
	    SECSuccess)
		return NULL;
	return make(w, NU_SEQUENCE,
	            retag(w, NU_CONTEXT_CONSTRUCTED(1), w->cipher),
	            make_tagged_bits(w, NU_CONTEXT(2), &key),
	            retag(w, NU_CONTEXT_CONSTRUCTED(3),
	                  envelope_make_rsa(w->arena)),
	            nu_der_make_bits(w->arena, w->parcel->encrypted));
}

/* --- EnvelopedData ---------------------------------------------------- */

/* [0] subjectKeyIdentifier or RecipientKeyIdentifier: RFC 5280, 4.2.1.2,
 * method 1. */
static SECItem *
make_key_id(const struct writer *w)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_CreateSubjectPublicKeyInfo(w->to);
	unsigned char hash[SHA1_LENGTH];
	SECItem id = { siBuffer, hash, sizeof hash };

	if (info == NULL ||
	    PK11_HashBuf(SEC_OID_SHA1, hash, info->subjectPublicKey.data,
	                 (PRInt32)(info->subjectPublicKey.len + 7) / 8) !=
	            SECSuccess)
		return NULL;
	if (SECKEY_GetPublicKeyType(w->to) == rsaKey)
		return make_octets(w, NU_CONTEXT(0), &id);
	return make(w, NU_CONTEXT_CONSTRUCTED(0),
	            make_octets(w, NU_OCTET_STRING, &id));
}

static SECItem *
write_transport(const struct writer *w)
{
	SECItem key;

	if (envelope_send_rsa(w->arena, w->parcel->key, w->to, &key) !=
	    SECSuccess)
		return NULL;
	return make(w, NU_SEQUENCE,
	            nu_der_make_long(w->arena, VERSION_TRANSPORT),
	            make_key_id(w), envelope_make_rsa(w->arena),
	            make_octets(w, NU_OCTET_STRING, &key));
}

/* originator [0] { originatorKey [1] OriginatorPublicKey } */
static SECItem *
make_originator(const struct writer *w, const SECItem *point)
{
	SECItem *oid = envelope_make_oid(w->arena,
	                                 SEC_OID_ANSIX962_EC_PUBLIC_KEY);
	SECItem *algorithm =
	        make(w, NU_SEQUENCE, oid, &w->to->u.ec.DEREncodedParams);
	SECItem *key = make(w, NU_CONTEXT_CONSTRUCTED(1), algorithm,
	                    nu_der_make_bits(w->arena, point));

	return make(w, NU_CONTEXT_CONSTRUCTED(0), key);
}

static SECItem *
write_agreement(const struct writer *w)
{
	struct envelope_agreement agreement;
	SECItem *algorithm = envelope_make_agreement(w->arena, &agreement);
	SECItem point, key, *keys;

	if (algorithm == NULL ||
	    envelope_send_ec(w->arena, w->parcel->key, w->to, &agreement,
	                     w->wincx, &point, &key) != SECSuccess)
		return NULL;
	keys = make(w, NU_SEQUENCE, make_key_id(w),
	            make_octets(w, NU_OCTET_STRING, &key));
	return make(w, NU_CONTEXT_CONSTRUCTED(1),
	            nu_der_make_long(w->arena, VERSION_AGREEMENT),
	            make_originator(w, &point), algorithm,
	            make(w, NU_SEQUENCE, keys));
}

static SECItem *
write_recipient(const struct writer *w)
{
	switch (SECKEY_GetPublicKeyType(w->to)) {
	case rsaKey:
		return write_transport(w);
	case ecKey:
		return write_agreement(w);
	default:
		PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
		return NULL;
	}
}

static SECItem *
write_enveloped(const struct writer *w)
{
	SECItem *recipients = make(w, NU_SET, write_recipient(w));
	SECItem *content =
	        make(w, NU_SEQUENCE,
	             envelope_make_content_type(w->arena, w->parcel->content),
	             w->cipher,
	             make_octets(w, NU_CONTEXT(0), w->parcel->encrypted));

	return make(w, NU_CONTEXT_CONSTRUCTED(0),
	            nu_der_make_long(w->arena, VERSION_ENVELOPED), recipients,
	            content);
}

SECItem *
envelope_write(const struct envelope_parcel *parcel, SECKEYPublicKey *to,
               enum nu_envelope_form form, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct writer w = { arena, parcel, to, NULL, wincx };
	SECItem *der;

	if (arena == NULL)
		return NULL;
	w.cipher = envelope_make_cipher(arena, &envelope_aes256, parcel->iv);
	der = form == NU_ENVELOPE_CMS ? write_enveloped(&w) : write_value(&w);
	return der != NULL ? SECITEM_DupItem(der) : NULL;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* der.c - small pieces of DER that every certificate needs */

#include <pk11pub.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

SECItem *
ca_der_wrap(PLArenaPool *arena, unsigned char tag, const SECItem *const parts[],
            size_t n_parts)
{
	for (size_t i = 0; i < n_parts; i++)
		if (parts[i] == NULL)
			return NULL;
	return nu_der_wrap(arena, tag, parts, n_parts);
}

SECItem *
ca_der_oid(PLArenaPool *arena, SECOidTag tag)
{
	const SECOidData *oid = SECOID_FindOIDByTag(tag);

	if (oid == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OID, oid->oid.data, oid->oid.len);
}

SECItem *
ca_der_key_id(PLArenaPool *arena, const SECItem *spki)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
		SECKEY_DecodeDERSubjectPublicKeyInfo(spki);
	SECItem *id;

	if (info == NULL)
		return NULL;
	id = SECITEM_AllocItem(arena, NULL, SHA1_LENGTH);
	DER_ConvertBitString(&info->subjectPublicKey); /* bits to octets */
	if (id == NULL ||
	    PK11_HashBuf(SEC_OID_SHA1, id->data, info->subjectPublicKey.data,
	                 (PRInt32)info->subjectPublicKey.len) != SECSuccess)
		return NULL;
	return id;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* der.c - small pieces of DER that every certificate needs */

#include <pk11pub.h>
#include <prprf.h>
#include <secasn1.h>
#include <secder.h>
#include <secerr.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { UTC_TIME = 0x17, GENERALIZED_TIME = 0x18 };

SECItem *
ca_der_oid(PLArenaPool *arena, SECOidTag tag)
{
	const SECOidData *oid = SECOID_FindOIDByTag(tag);

	if (oid == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OID, oid->oid.data, oid->oid.len);
}

SECItem *
ca_der_dotted_oid(PLArenaPool *arena, const char *dotted)
{
	SECItem oid = { siBuffer, NULL, 0 };
	const char *back;

	if (SEC_StringToOID(arena, &oid, dotted, 0) != SECSuccess)
		return NULL;
	back = ca_oid_text(arena, &oid);
	if (back == NULL)
		return NULL;
	/* NSS takes "OID.2.5.4.3", "2.5.4.03" and "1.45.4.3" for 2.5.4.3 too:
	 * nobody could compare such texts. */
	if (strcmp(back, dotted) != 0) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	return nu_der_make_octets(arena, NU_OID, oid.data, oid.len);
}

/* CERT_GetOidString() writes "OID." before an OID and "#" or words before what
 * it cannot read. */
char *
ca_oid_text(PLArenaPool *arena, const SECItem *oid)
{
	char *text = CERT_GetOidString(oid), *copy = NULL;

	if (text == NULL)
		return NULL;
	if (strncmp(text, "OID.", 4) == 0)
		copy = PORT_ArenaStrdup(arena, text + 4);
	else
		PORT_SetError(SEC_ERROR_BAD_DER);
	PR_smprintf_free(text);
	return copy;
}

SECItem *
ca_der_time(PLArenaPool *arena, int64_t seconds)
{
	SECItem text = { siBuffer, NULL, 0 };

	if (DER_EncodeTimeChoice(arena, &text, seconds * PR_USEC_PER_SEC) !=
	    SECSuccess)
		return NULL;
	return nu_der_make_octets(arena, text.type == siUTCTime ? UTC_TIME :
	                          GENERALIZED_TIME, text.data, text.len);
}

SECItem *
ca_der_algorithm(PLArenaPool *arena, SECOidTag tag)
{
	SECAlgorithmID algorithm = { { siBuffer, NULL, 0 },
	                             { siBuffer, NULL, 0 } };

	if (SECOID_SetAlgorithmID(arena, &algorithm, tag, NULL) != SECSuccess)
		return NULL;
	return SEC_ASN1EncodeItem(arena, NULL, &algorithm,
	                          SEC_ASN1_GET(SECOID_AlgorithmIDTemplate));
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

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_certs.c - certificates as they are sent in heaps, and who issued whom. */

#include "nssutil/nu_certs.h"

#include <string.h>

#include <cert.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_ber.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { MAX_DEPTH = 32, NUMBER = 0x1f };

/* --- what is it? ---------------------------------------------------------- */

PRBool
nu_answer_is_der(const void *data, size_t len)
{
	return len > 0 && *(const unsigned char *)data == NU_SEQUENCE;
}

static PRBool
is_choice(int tag)
{
	return tag >= NU_CONTEXT_CONSTRUCTED(0) &&
	       tag < NU_CONTEXT_CONSTRUCTED(NUMBER);
}

enum nu_answer
nu_answer_kind(const SECItem *der)
{
	struct nu_der r = nu_der_reader(der), contents;
	struct nu_tlv first;

	if (nu_ber_enter(&r, NU_SEQUENCE, &contents) != SECSuccess)
		return NU_ANSWER_NONE;
	switch (nu_der_peek(&contents)) {
	case NU_OID:
		return NU_ANSWER_CERTS;
	case NU_CONTEXT_CONSTRUCTED(1):
		return NU_ANSWER_CERT_REP;
	case NU_SEQUENCE:
		break;
	default:
		return NU_ANSWER_NONE;
	}
	if (nu_ber_any(&contents, &first) != SECSuccess)
		return NU_ANSWER_NONE;
	if (nu_der_at_end(&contents))
		return NU_ANSWER_CERT_REP;
	if (is_choice(nu_der_peek(&contents)))
		return NU_ANSWER_PKIMESSAGE;
	return nu_der_peek(&contents) == NU_SEQUENCE ? NU_ANSWER_CERTS
	                                             : NU_ANSWER_NONE;
}

/* --- heaps of certificates ----------------------------------------------- */

static SECStatus
unsupported(void)
{
	PORT_SetError(SEC_ERROR_UNSUPPORTED_MESSAGE_TYPE);
	return SECFailure;
}

static SECStatus
count_elements(struct nu_der r, size_t max, size_t *ret_n)
{
	struct nu_tlv tlv;
	size_t n;

	for (n = 0; !nu_der_at_end(&r); n++) {
		if (nu_ber_any(&r, &tlv) != SECSuccess)
			return SECFailure;
		if (n == max) {
			PORT_SetError(SEC_ERROR_INPUT_LEN);
			return SECFailure;
		}
	}
	*ret_n = n;
	return n > 0 ? SECSuccess : nu_der_bad();
}

/* The certificates that are all of r. */
static SECStatus
read_certs(struct nu_der r, size_t max, struct nu_certs *certs)
{
	struct nu_cert parts;
	struct nu_tlv tlv;
	SECItem *list;
	size_t i, n;

	if (count_elements(r, max, &n) != SECSuccess)
		return SECFailure;
	list = PORT_ArenaZNewArray(certs->arena, SECItem, n);
	if (list == NULL)
		return SECFailure;
	for (i = 0; i < n; i++) {
		if (nu_der_get(&r, NU_SEQUENCE, &tlv) != SECSuccess ||
		    nu_der_check(&tlv.whole, MAX_DEPTH) != SECSuccess ||
		    nu_cert_read(&tlv.whole, &parts) != SECSuccess)
			return SECFailure;
		list[i] = tlv.whole;
	}
	certs->certs = list;
	certs->n = n;
	return SECSuccess;
}

/* SignedData ::= SEQUENCE { version, digestAlgorithms SET, contentInfo,
 * certificates [0], crls [1], signerInfos SET }: with signers, it is a signed
 * message and not a heap of certificates. */
static SECStatus
read_signed_data(struct nu_der *explicit, size_t max, struct nu_certs *certs)
{
	struct nu_tlv skip, signers;
	struct nu_der r, list;

	if (nu_ber_enter(explicit, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_ber_get(&r, NU_INTEGER, &skip) != SECSuccess ||
	    nu_ber_get(&r, NU_SET, &skip) != SECSuccess ||
	    nu_ber_get(&r, NU_SEQUENCE, &skip) != SECSuccess ||
	    nu_ber_enter(&r, NU_CONTEXT_CONSTRUCTED(0), &list) != SECSuccess)
		return SECFailure;
	if (nu_der_peek(&r) == NU_CONTEXT_CONSTRUCTED(1) &&
	    nu_ber_any(&r, &skip) != SECSuccess)
		return SECFailure;
	if (nu_ber_get(&r, NU_SET, &signers) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (signers.value.len > 0)
		return unsupported();
	certs->form = NU_CERTS_PKCS7;
	return read_certs(list, max, certs);
}

static SECStatus
read_netscape(struct nu_der *explicit, size_t max, struct nu_certs *certs)
{
	struct nu_der list;

	if (nu_ber_enter(explicit, NU_SEQUENCE, &list) != SECSuccess)
		return SECFailure;
	certs->form = NU_CERTS_NETSCAPE;
	return read_certs(list, max, certs);
}

/* ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT } */
static SECStatus
read_content_info(struct nu_der info, size_t max, struct nu_certs *certs)
{
	struct nu_der content;
	struct nu_tlv type;
	SECStatus status;

	if (nu_ber_get(&info, NU_OID, &type) != SECSuccess ||
	    nu_ber_enter(&info, NU_CONTEXT_CONSTRUCTED(0), &content) !=
	            SECSuccess ||
	    nu_der_end(&info) != SECSuccess)
		return SECFailure;
	switch (SECOID_FindOIDTag(&type.value)) {
	case SEC_OID_PKCS7_SIGNED_DATA:
		status = read_signed_data(&content, max, certs);
		break;
	case SEC_OID_NS_TYPE_CERT_SEQUENCE:
		status = read_netscape(&content, max, certs);
		break;
	default:
		return unsupported();
	}
	return status == SECSuccess ? nu_der_end(&content) : SECFailure;
}

static SECStatus
read_any(const SECItem *der, size_t max, struct nu_certs *certs)
{
	struct nu_der r = nu_der_reader(der), contents;

	if (nu_ber_enter(&r, NU_SEQUENCE, &contents) != SECSuccess)
		return SECFailure;
	if (nu_der_peek(&contents) != NU_OID)
		return read_certs(nu_der_reader(der), max, certs);
	if (nu_der_end(&r) != SECSuccess)
		return SECFailure;
	return read_content_info(contents, max, certs);
}

SECStatus
nu_certs_decode(const SECItem *der, size_t max, struct nu_certs **ret_certs)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_certs *certs;

	if (arena == NULL)
		return SECFailure;
	certs = PORT_ArenaZNew(arena, struct nu_certs);
	if (certs == NULL)
		return SECFailure;
	certs->arena = arena;
	if (read_any(der, max, certs) != SECSuccess)
		return SECFailure;
	(void)nu_take(arena);
	*ret_certs = certs;
	return SECSuccess;
}

void
nu_certs_free(struct nu_certs *certs)
{
	if (certs != NULL)
		PORT_FreeArena(certs->arena, PR_FALSE);
}

/* --- PEM ----------------------------------------------------------------- */

static const char begin[] = "-----BEGIN ";

static const char *
find_begin(const char *text, size_t len)
{
	return memmem(text, len, begin, sizeof begin - 1);
}

PRBool
nu_pem_is(const char *text, size_t len)
{
	return find_begin(text, len) != NULL;
}

/* Each beginning must be a block's: a damaged one would go unnoticed. */
static size_t
count_begins(const char *text, size_t len)
{
	const char *end = text + len;
	size_t n = 0;

	while ((text = find_begin(text, (size_t)(end - text))) != NULL) {
		text += sizeof begin - 1;
		n++;
	}
	return n;
}

/* n blocks go to all, which has room for what all of text may hold. */
static SECStatus
decode_blocks(const char *text, size_t len, size_t n, SECItem *all)
{
	const char *end = text + len;
	struct nu_cert parts;

	for (size_t i = 0; i < n; i++) {
		nu_auto_item block = { siBuffer, NULL, 0 };

		text = find_begin(text, (size_t)(end - text));
		if (text == NULL ||
		    nu_pem_decode(text, (size_t)(end - text), NULL, &block,
		                  &text) != SECSuccess)
			return SECFailure;
		if (n > 1 && nu_cert_read(&block, &parts) != SECSuccess)
			return SECFailure;
		memcpy(all->data + all->len, block.data, block.len);
		all->len += block.len;
	}
	return SECSuccess;
}

SECStatus
nu_pem_decode_all(const char *text, size_t len, SECItem *ret_der)
{
	nu_auto_item all = { siBuffer, NULL, 0 };
	size_t n = count_begins(text, len);

	if (n == 0) {
		PORT_SetError(SEC_ERROR_BAD_DATA);
		return SECFailure;
	}
	if (len > INT32_MAX) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return SECFailure;
	}
	if (SECITEM_AllocItem(NULL, &all, (unsigned)len) == NULL)
		return SECFailure;
	all.len = 0;
	if (decode_blocks(text, len, n, &all) != SECSuccess)
		return SECFailure;
	*ret_der = all;
	all.data = NULL;
	return SECSuccess;
}

/* --- who issued whom? ---------------------------------------------------- */

/* keyCertSign, where there is a key usage, and cA, where version 3 can say so
 * (RFC 5280, 4.2.1.3 and 4.2.1.9). */
static PRBool
may_issue(const struct nu_cert *cert)
{
	unsigned usage = 0;
	SECItem value;
	PRBool found;

	if (cert->extensions.data == NULL)
		return PR_TRUE;
	if (!nu_cert_is_ca(cert) ||
	    nu_ext_find(&cert->extensions, SEC_OID_X509_KEY_USAGE, &found,
	                &value) != SECSuccess ||
	    nu_ext_key_usage(&cert->extensions, &usage) != SECSuccess)
		return PR_FALSE;
	return !found || (usage & KU_KEY_CERT_SIGN) != 0;
}

PRBool
nu_cert_issued(const SECItem *issuer, const SECItem *cert)
{
	struct nu_tlv tbs, algorithm;
	struct nu_cert by, parts;
	SECItem signature;
	struct nu_der r;

	if (nu_cert_read(issuer, &by) != SECSuccess ||
	    nu_cert_read(cert, &parts) != SECSuccess || !may_issue(&by) ||
	    !SECITEM_ItemsAreEqual(&by.subject, &parts.issuer))
		return PR_FALSE;
	return nu_der_only(cert, NU_SEQUENCE, &r) == SECSuccess &&
	       nu_der_get(&r, NU_SEQUENCE, &tbs) == SECSuccess &&
	       nu_der_get(&r, NU_SEQUENCE, &algorithm) == SECSuccess &&
	       nu_der_bits(&r, &signature) == SECSuccess &&
	       nu_key_verify(&by.spki, &tbs.whole, &algorithm.whole,
	                     &signature) == SECSuccess;
}

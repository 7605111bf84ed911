/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert.c - struct psm_cert and lists of them. */

#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_name.h"
#include "psm/internal.h"

struct psm_cert_list {
	PLArenaPool *arena;
	struct psm_cert *certs;
	size_t n, room;
};

enum psm_key_type
cert_key_type(KeyType type)
{
	switch (type) {
	case rsaKey:
		return PSM_KEY_RSA;
	case ecKey:
		return PSM_KEY_EC;
	case dsaKey:
		return PSM_KEY_DSA;
	default:
		return PSM_KEY_OTHER;
	}
}

static SECStatus
fingerprint(SECOidTag hash, const SECItem *der, size_t len, char *out)
{
	unsigned char digest[HASH_LENGTH_MAX];

	if (PK11_HashBuf(hash, digest, der->data, (PRInt32)der->len) !=
	    SECSuccess)
		return SECFailure;
	nu_hex(digest, len, out);
	return SECSuccess;
}

static const char *
name_text(PLArenaPool *arena, const SECItem *der_name)
{
	nu_auto_mem char *text = nu_name_to_text(der_name);

	/* A name that cannot be shown is no reason to hide its certificate. */
	if (text == NULL && PORT_GetError() != SEC_ERROR_NO_MEMORY)
		return PORT_ArenaStrdup(arena, "");
	return text != NULL ? PORT_ArenaStrdup(arena, text) : NULL;
}

static const char *
serial_text(PLArenaPool *arena, SECItem serial)
{
	char *text;

	while (serial.len > 1 && serial.data[0] == 0) {
		serial.data++;
		serial.len--;
	}
	text = PORT_ArenaAlloc(arena, 2 * (size_t)serial.len + 1);
	if (text != NULL)
		nu_hex(serial.data, serial.len, text);
	return text;
}

SECStatus
cert_describe(PLArenaPool *arena, const SECItem *der,
              struct psm_cert *ret_cert)
{
	struct psm_cert out;
	struct nu_cert parts;
	SECItem copy;

	memset(&out, 0, sizeof out);
	if (SECITEM_CopyItem(arena, &copy, der) != SECSuccess ||
	    nu_cert_read(&copy, &parts) != SECSuccess ||
	    fingerprint(SEC_OID_SHA1, der, 20, out.sha1) != SECSuccess ||
	    fingerprint(SEC_OID_SHA256, der, 32, out.sha256) != SECSuccess)
		return SECFailure;
	out.der = copy.data;
	out.der_len = copy.len;
	out.subject = name_text(arena, &parts.subject);
	out.issuer = name_text(arena, &parts.issuer);
	out.serial = serial_text(arena, parts.serial);
	if (out.subject == NULL || out.issuer == NULL || out.serial == NULL)
		return SECFailure;
	out.not_before = parts.not_before / PR_USEC_PER_SEC;
	out.not_after = parts.not_after / PR_USEC_PER_SEC;
	out.key_type = cert_key_type(nu_cert_key(&parts, &out.key_bits));
	out.is_ca = nu_cert_is_ca(&parts);
	*ret_cert = out;
	return SECSuccess;
}

bool
cert_purpose_fits(const SECItem *extensions, bool (*fits)(const SECItem *oid))
{
	SECItem value;
	struct nu_tlv oid;
	struct nu_der r;
	PRBool found;

	if (extensions->data == NULL)
		return true;
	if (nu_ext_find(extensions, SEC_OID_X509_EXT_KEY_USAGE, &found,
	                &value) != SECSuccess)
		return false;
	if (!found)
		return true;
	if (nu_der_only(&value, NU_SEQUENCE, &r) != SECSuccess)
		return false;
	while (nu_der_get(&r, NU_OID, &oid) == SECSuccess) {
		if (fits(&oid.value))
			return true;
	}
	return false;
}

struct psm_cert_list *
cert_list_new(void)
{
	struct psm_cert_list *list = calloc(1, sizeof *list);

	if (list != NULL)
		list->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (list == NULL || list->arena == NULL) {
		free(list);
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	return list;
}

static SECStatus
make_room(struct psm_cert_list *list)
{
	size_t room = list->room ? list->room * 2 : 16;
	struct psm_cert *grown;

	if (list->n < list->room)
		return SECSuccess;
	grown = reallocarray(list->certs, room, sizeof *grown);
	if (grown == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return SECFailure;
	}
	list->certs = grown;
	list->room = room;
	return SECSuccess;
}

struct psm_cert *
cert_list_add(struct psm_cert_list *list, const SECItem *der,
              const char *nickname, const char *token)
{
	struct psm_cert *cert;

	if (make_room(list) != SECSuccess ||
	    cert_describe(list->arena, der, &list->certs[list->n]) !=
	            SECSuccess)
		return NULL;
	cert = &list->certs[list->n];
	cert->token = PORT_ArenaStrdup(list->arena, token);
	if (cert->token == NULL)
		return NULL;
	if (nickname != NULL && *nickname != '\0') {
		cert->nickname = PORT_ArenaStrdup(list->arena, nickname);
		if (cert->nickname == NULL)
			return NULL;
	}
	list->n++;
	return cert;
}

size_t
psm_cert_list_count(const struct psm_cert_list *list)
{
	return list->n;
}

const struct psm_cert *
psm_cert_list_get(const struct psm_cert_list *list, size_t i)
{
	return i < list->n ? &list->certs[i] : NULL;
}

void
psm_cert_list_free(struct psm_cert_list *list)
{
	if (list == NULL)
		return;
	PORT_FreeArena(list->arena, PR_FALSE);
	free(list->certs);
	free(list);
}

struct visitor {
	bool (*fn)(void *arg, const char *type, const char *value);
	void *arg;
};

static SECStatus
visit(void *arg, const char *type, const char *value)
{
	const struct visitor *visitor = arg;

	if (visitor->fn(visitor->arg, type, value))
		return SECSuccess;
	PORT_SetError(SEC_ERROR_NO_MEMORY);
	return SECFailure;
}

enum psm_err
psm_cert_attributes(const struct psm_cert *cert, bool of_issuer,
                    bool (*fn)(void *arg, const char *type,
                               const char *value),
                    void *arg)
{
	struct visitor visitor = { fn, arg };
	SECItem der = { siBuffer, (unsigned char *)cert->der,
		        (unsigned)cert->der_len };
	struct nu_cert parts;

	if (nu_cert_read(&der, &parts) == SECSuccess &&
	    nu_name_walk(of_issuer ? &parts.issuer : &parts.subject, visit,
	                 &visitor) == SECSuccess)
		return PSM_OK;
	return PORT_GetError() == SEC_ERROR_NO_MEMORY ? PSM_E_NO_MEMORY
	                                              : PSM_E_CERTIFICATE;
}

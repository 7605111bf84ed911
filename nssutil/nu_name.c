/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_name.c - distinguished names and nicknames, in and out. */

#include "nssutil/nu_name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cert.h>
#include <secasn1.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"

enum { NAME_DEPTH = 8 };

SECItem *
nu_name_from_text(const char *text)
{
	nu_auto(CERTName) name = CERT_AsciiToName(text);
	nu_auto(SECItem) der = NULL;

	if (name == NULL)
		return NULL;
	if (name->rdns == NULL || name->rdns[0] == NULL) {
		PORT_SetError(SEC_ERROR_INVALID_AVA);
		return NULL;
	}
	der = SEC_ASN1EncodeItem(NULL, NULL, name,
	                         SEC_ASN1_GET(CERT_NameTemplate));
	/* NSS takes the value in "2.5.4.3=value" for DER, whatever it is. */
	if (der != NULL && nu_der_check(der, NAME_DEPTH) != SECSuccess) {
		PORT_SetError(SEC_ERROR_INVALID_AVA);
		return NULL;
	}
	return nu_take(der);
}

char *
nu_name_to_text(const SECItem *der_name)
{
	nu_auto_port char *text = CERT_DerNameToAscii((SECItem *)der_name);
	char *copy = text != NULL ? strdup(text) : NULL;

	if (text != NULL && copy == NULL)
		PORT_SetError(SEC_ERROR_NO_MEMORY);
	return copy;
}

/* The value of an attribute in UTF-8; free() it. A NUL in it must not hide what
 * comes after. */
static char *
value_text(const CERTAVA *ava)
{
	nu_auto(SECItem) value = CERT_DecodeAVAValue(&ava->value);
	char *text;

	if (value == NULL || value->len == 0)
		return NULL;
	text = malloc((size_t)value->len + 1);
	if (text == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	for (unsigned i = 0; i < value->len; i++) {
		char c = (char)value->data[i];

		text[i] = c != '\0' ? c : '_';
	}
	text[value->len] = '\0';
	return text;
}

/* The last attribute of this kind, which is the most specific one; of any kind
 * with SEC_OID_UNKNOWN. */
static char *
last_value(const CERTName *name, SECOidTag kind)
{
	const CERTAVA *found = NULL;

	for (CERTRDN **rdn = name->rdns; rdn != NULL && *rdn != NULL; rdn++) {
		for (CERTAVA **ava = (*rdn)->avas; ava && *ava; ava++) {
			if (kind == SEC_OID_UNKNOWN ||
			    CERT_GetAVATag(*ava) == kind)
				found = *ava;
		}
	}
	return found != NULL ? value_text(found) : NULL;
}

static char *
first_kind_present(const SECItem *der_name, const SECOidTag *kinds)
{
	nu_auto(PLArenaPool) arena = NULL;
	CERTName name;
	char *value;

	PORT_SetError(0);
	arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	memset(&name, 0, sizeof name);
	if (arena == NULL ||
	    SEC_QuickDERDecodeItem(arena, &name,
	                           SEC_ASN1_GET(CERT_NameTemplate),
	                           der_name) != SECSuccess)
		return NULL;
	for (; *kinds != SEC_OID_UNKNOWN; kinds++) {
		value = last_value(&name, *kinds);
		if (value != NULL || nu_err_is_trouble(PORT_GetError()))
			return value;
	}
	return last_value(&name, SEC_OID_UNKNOWN);
}

char *
nu_name_of_subject(const SECItem *der_name)
{
	static const SECOidTag kinds[] = { SEC_OID_AVA_COMMON_NAME,
		                           SEC_OID_PKCS9_EMAIL_ADDRESS,
		                           SEC_OID_RFC1274_MAIL,
		                           SEC_OID_UNKNOWN };

	return first_kind_present(der_name, kinds);
}

char *
nu_name_of_issuer(const SECItem *der_name)
{
	static const SECOidTag kinds[] = { SEC_OID_AVA_ORGANIZATION_NAME,
		                           SEC_OID_AVA_COMMON_NAME,
		                           SEC_OID_UNKNOWN };

	return first_kind_present(der_name, kinds);
}

/* RFC 4514, 2.4: what has no text. */
static char *
value_hex(const CERTAVA *ava)
{
	char *text = malloc(2 * (size_t)ava->value.len + 2);

	if (text == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	text[0] = '#';
	nu_hex(ava->value.data, ava->value.len, text + 1);
	return text;
}

/* An OID in dotted decimal; "" when it is none, or has an arc above 32 bits. */
static void
oid_text(const SECItem *oid, char *text, size_t size)
{
	uint64_t arc = 0;
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < oid->len && len + 24 < size; i++) {
		arc = arc << 7 | (oid->data[i] & 0x7f);
		if (arc > UINT32_MAX)
			break;
		if (oid->data[i] & 0x80)
			continue;
		if (len == 0) { /* X.690, 8.19.4 */
			unsigned top = arc < 80 ? (unsigned)arc / 40 : 2;

			len = (size_t)snprintf(text, size, "%u.%u", top,
			                       (unsigned)arc - 40 * top);
		} else {
			len += (size_t)snprintf(text + len, size - len, ".%u",
			                        (unsigned)arc);
		}
		arc = 0;
		if (i + 1 == oid->len)
			return;
	}
	text[0] = '\0';
}

static SECStatus
visit(const CERTAVA *ava,
      SECStatus (*fn)(void *arg, const char *type, const char *value),
      void *arg)
{
	char type[256];
	nu_auto_mem char *value = NULL;

	oid_text(&ava->type, type, sizeof type);
	PORT_SetError(0);
	value = value_text(ava);
	if (value == NULL && !nu_err_is_trouble(PORT_GetError()))
		value = value_hex(ava);
	return value != NULL ? fn(arg, type, value) : SECFailure;
}

SECStatus
nu_name_walk(const SECItem *der_name,
             SECStatus (*fn)(void *arg, const char *type, const char *value),
             void *arg)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CERTName name;

	memset(&name, 0, sizeof name);
	if (arena == NULL ||
	    SEC_QuickDERDecodeItem(arena, &name,
	                           SEC_ASN1_GET(CERT_NameTemplate),
	                           der_name) != SECSuccess)
		return SECFailure;
	for (CERTRDN **rdn = name.rdns; rdn != NULL && *rdn != NULL; rdn++) {
		for (CERTAVA **ava = (*rdn)->avas; ava && *ava; ava++) {
			if (visit(*ava, fn, arg) != SECSuccess)
				return SECFailure;
		}
	}
	return SECSuccess;
}

/* U+0000 to U+001F, U+007F to U+009F. */
static bool
is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

static void
trim(const char **start, const char **end)
{
	while (*start < *end && **start == ' ')
		(*start)++;
	while (*start < *end && (*end)[-1] == ' ')
		(*end)--;
}

/* Copy text up to NU_NICKNAME_MAX octets. force mends what is wrong with it;
 * otherwise a fault is NULL. */
static char *
clean_text(const char *text, bool force)
{
	const char *end = text + strlen(text);
	char *out, *to;

	trim(&text, &end);
	out = to = malloc(NU_NICKNAME_MAX + 1);
	if (out == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	while (text < end) {
		const unsigned char *s = (const unsigned char *)text;
		size_t len = nu_der_utf8_length(s, (size_t)(end - text));
		bool fault = len == 0 || is_control(s);

		if (to - out + (len ? len : 1) > NU_NICKNAME_MAX ||
		    (fault && !force))
			break;
		if (fault || *text == ':')
			*to++ = '_';
		else
			to = mempcpy(to, text, len);
		text += len ? len : 1;
	}
	if (to == out && force)
		*to++ = '_';
	*to = '\0';
	if (to == out || (text < end && !force)) {
		free(out);
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	return out;
}

char *
nu_nickname_clean(const char *wish)
{
	return clean_text(wish, false);
}

char *
nu_nickname_force(const char *text)
{
	return clean_text(text, true);
}

void
nu_hex(const unsigned char *octets, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[octets[i] >> 4];
		*out++ = digits[octets[i] & 15];
	}
	*out = '\0';
}

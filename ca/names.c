/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* names.c - other names of a subject (RFC 5280, 4.2.1.6) */

#include <arpa/inet.h>
#include <string.h>

#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"

enum { RFC822_NAME = 1, DNS_NAME = 2, IP_ADDRESS = 7, REGISTERED_ID = 8 };
enum { MAX_HOST = 253, MAX_LABEL = 63, MAX_ADDRESS = 16, MAX_NAMES = 1000 };

/* Octets of a numeric address, 0 when it is none. */
static size_t
read_address(const char *name, unsigned char octets[MAX_ADDRESS])
{
	if (inet_pton(AF_INET, name, octets) == 1)
		return 4;
	return inet_pton(AF_INET6, name, octets) == 1 ? 16 : 0;
}

/* Letters, digits, and "-" but at the ends. */
static bool
label_is_fine(const char *label, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789-";

	return len > 0 && len <= MAX_LABEL && label[0] != '-' &&
	       label[len - 1] != '-' && strspn(label, letters) >= len;
}

/* The last label is no number: such a name looks like an address. */
static bool
host_is_fine(const char *name)
{
	size_t len;

	if (strlen(name) > MAX_HOST)
		return false;
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	for (;; name += len + 1) {
		len = strcspn(name, ".");
		if (!label_is_fine(name, len))
			return false;
		if (name[len] == '\0')
			return strspn(name, "0123456789") < len;
	}
}

bool
ca_server_name_is_fine(const char *name)
{
	unsigned char octets[MAX_ADDRESS];

	return read_address(name, octets) > 0 || host_is_fine(name);
}

/* --- writing ------------------------------------------------------------- */

static SECItem *
make_address(PLArenaPool *arena, const char *value)
{
	unsigned char octets[MAX_ADDRESS];
	size_t len = read_address(value, octets);

	if (len == 0)
		return NULL;
	return nu_der_make_octets(arena, NU_CONTEXT(IP_ADDRESS), octets, len);
}

static SECItem *
make_id(PLArenaPool *arena, const char *value)
{
	const SECItem *oid = ca_der_dotted_oid(arena, value);

	return oid != NULL ?
	       nu_der_retag(arena, NU_CONTEXT(REGISTERED_ID), oid) : NULL;
}

static SECItem *
make_host(PLArenaPool *arena, const char *value)
{
	if (!host_is_fine(value))
		return NULL;
	return nu_der_make_text(arena, NU_CONTEXT(DNS_NAME), value);
}

static SECItem *
make_email(PLArenaPool *arena, const char *value)
{
	if (!ca_email_is_fine(value, strlen(value)))
		return NULL;
	return nu_der_make_text(arena, NU_CONTEXT(RFC822_NAME), value);
}

/* NULL: it is not fine, or no memory. */
static SECItem *
make_name(PLArenaPool *arena, const struct ca_alt_name *name)
{
	static SECItem *(*const makers[])(PLArenaPool *, const char *) = {
		[CA_ALT_EMAIL] = make_email, [CA_ALT_HOST] = make_host,
		[CA_ALT_IP] = make_address, [CA_ALT_ID] = make_id
	};

	if ((size_t)name->kind >= sizeof makers / sizeof *makers)
		return NULL;
	return makers[name->kind](arena, name->value);
}

bool
ca_alt_name_is_fine(PLArenaPool *arena, const struct ca_alt_name *name)
{
	return name->value != NULL && make_name(arena, name) != NULL;
}

SECItem *
ca_alt_names_make(PLArenaPool *arena, const struct ca_alt_name names[],
                  size_t n)
{
	const SECItem **parts = PORT_ArenaZNewArray(arena, const SECItem *, n);

	if (parts == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		parts[i] = make_name(arena, &names[i]);
	return nu_der_wrap_all(arena, NU_SEQUENCE, parts, n);
}

SECItem *
ca_server_names(PLArenaPool *arena, const struct ca_options *options)
{
	const size_t n = options->n_server_names;
	struct ca_alt_name *names =
		PORT_ArenaZNewArray(arena, struct ca_alt_name, n);
	unsigned char octets[MAX_ADDRESS];

	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *value = options->server_names[i];

		names[i].kind = read_address(value, octets) > 0 ? CA_ALT_IP :
		                                                  CA_ALT_HOST;
		names[i].value = value;
	}
	return ca_alt_names_make(arena, names, n);
}

/* --- reading ------------------------------------------------------------- */

static char *
read_text(PLArenaPool *arena, const SECItem *value)
{
	char *text = PORT_ArenaZAlloc(arena, (size_t)value->len + 1);

	if (text != NULL)
		memcpy(text, value->data, value->len);
	return text;
}

static char *
read_ip(PLArenaPool *arena, const SECItem *value)
{
	char *text = PORT_ArenaZAlloc(arena, INET6_ADDRSTRLEN);

	if (text == NULL)
		return NULL;
	return inet_ntop(value->len == 4 ? AF_INET : AF_INET6, value->data,
	                 text, INET6_ADDRSTRLEN) != NULL ? text : NULL;
}

/* Of the kinds that a caller can give back. */
static const struct reader {
	unsigned char tag;
	enum ca_alt_kind kind;
	char *(*read)(PLArenaPool *, const SECItem *);
} readers[] = {
	{ NU_CONTEXT(RFC822_NAME), CA_ALT_EMAIL, read_text },
	{ NU_CONTEXT(DNS_NAME), CA_ALT_HOST, read_text },
	{ NU_CONTEXT(IP_ADDRESS), CA_ALT_IP, read_ip },
	{ NU_CONTEXT(REGISTERED_ID), CA_ALT_ID, ca_oid_text },
};

static const struct reader *
find_reader(const struct nu_tlv *name)
{
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (readers[i].tag == name->tag)
			return name->tag != NU_CONTEXT(IP_ADDRESS) ||
			       name->value.len == 4 ||
			       name->value.len == MAX_ADDRESS ? &readers[i] :
			                                        NULL;
	return NULL;
}

/* Into the next place, if it could be given back; a NUL hides nothing. */
static SECStatus
read_name(PLArenaPool *arena, const struct nu_tlv *name,
          struct ca_wish_info *info, struct ca_alt_name *to)
{
	const struct reader *reader = find_reader(name);
	char *value = NULL;

	PORT_SetError(0);
	if (reader != NULL && (reader->read != read_text ||
	                       nu_der_is_text(&name->value)))
		value = reader->read(arena, &name->value);
	if (value == NULL && reader != NULL &&
	    PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return SECFailure;
	to->kind = reader != NULL ? reader->kind : CA_ALT_EMAIL;
	to->value = value;
	if (value != NULL && ca_alt_name_is_fine(arena, to))
		info->n_alt_names++;
	else
		info->other_alt_names = true;
	return SECSuccess;
}

/* Malformed ones are others. */
SECStatus
ca_alt_names_read(PLArenaPool *arena, const SECItem *extensions,
                  struct ca_wish_info *info)
{
	PRBool found = PR_FALSE;
	struct ca_alt_name *names;
	struct nu_tlv name;
	struct nu_der r;
	SECItem value;
	size_t n;

	if (extensions->data == NULL)
		return SECSuccess;
	info->other_alt_names = nu_ext_find(extensions,
	                                    SEC_OID_X509_SUBJECT_ALT_NAME,
	                                    &found, &value) != SECSuccess;
	if (!found)
		return SECSuccess;
	if (nu_der_only(&value, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_count(&r, MAX_NAMES, &n) != SECSuccess) {
		info->other_alt_names = true;
		return SECSuccess;
	}
	names = PORT_ArenaZNewArray(arena, struct ca_alt_name, n + 1);
	if (names == NULL)
		return SECFailure;
	info->alt_names = names;
	while (nu_der_any(&r, &name) == SECSuccess)
		if (read_name(arena, &name, info,
		              &names[info->n_alt_names]) != SECSuccess)
			return SECFailure;
	return SECSuccess;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* attribute.c - the parts of a subject: what they are called, and a Name made
 * of those that an authority chose or kept */

#include <strings.h>

#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { PRINTABLE_STRING = 0x13, IA5_STRING = 0x16, MAX_RDNS = 64 };
enum { ANY_LENGTH = 32768 }; /* X.520's ub-name */

/* The string type and the least and most characters (RFC 5280, appendix A;
 * X.520). The first row of an OID is the one for its dotted form. */
static const struct kind {
	const char *name, *oid;
	unsigned char tag;
	unsigned min, max;
} kinds[] = {
	{ "CN", "2.5.4.3", NU_UTF8_STRING, 1, 64 },
	{ "O", "2.5.4.10", NU_UTF8_STRING, 1, 64 },
	{ "OU", "2.5.4.11", NU_UTF8_STRING, 1, 64 },
	{ "L", "2.5.4.7", NU_UTF8_STRING, 1, 128 },
	{ "ST", "2.5.4.8", NU_UTF8_STRING, 1, 128 },
	{ "S", "2.5.4.8", NU_UTF8_STRING, 1, 128 },
	{ "C", "2.5.4.6", PRINTABLE_STRING, 2, 2 },
	{ "E", "1.2.840.113549.1.9.1", IA5_STRING, 1, 255 },
	{ "emailAddress", "1.2.840.113549.1.9.1", IA5_STRING, 1, 255 },
	{ "MAIL", "0.9.2342.19200300.100.1.3", IA5_STRING, 1, 256 },
	{ "serialNumber", "2.5.4.5", PRINTABLE_STRING, 1, 64 },
	{ "title", "2.5.4.12", NU_UTF8_STRING, 1, 64 },
	{ "T", "2.5.4.12", NU_UTF8_STRING, 1, 64 },
	{ "UID", "0.9.2342.19200300.100.1.1", NU_UTF8_STRING, 1, 256 },
	{ "STREET", "2.5.4.9", NU_UTF8_STRING, 1, 128 },
	{ "postalCode", "2.5.4.17", NU_UTF8_STRING, 1, 40 },
	{ "telephoneNumber", "2.5.4.20", PRINTABLE_STRING, 1, 32 },
	{ "Phone", "2.5.4.20", PRINTABLE_STRING, 1, 32 },
	{ "pseudonym", "2.5.4.65", NU_UTF8_STRING, 1, 128 },
	{ "houseIdentifier", "2.5.4.51", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "DC", "0.9.2342.19200300.100.1.25", IA5_STRING, 1, 63 },
	{ "givenName", "2.5.4.42", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "GN", "2.5.4.42", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "surname", "2.5.4.4", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "SN", "2.5.4.4", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "initials", "2.5.4.43", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "generationQualifier", "2.5.4.44", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "name", "2.5.4.41", NU_UTF8_STRING, 1, ANY_LENGTH },
	{ "dnQualifier", "2.5.4.46", PRINTABLE_STRING, 1, ANY_LENGTH },
	{ "organizationIdentifier", "2.5.4.97", NU_UTF8_STRING, 1, ANY_LENGTH },
};

static const struct kind *
find_kind(const char *type)
{
	static const struct kind other = { NULL, NULL, NU_UTF8_STRING,
		                           1, ANY_LENGTH };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcasecmp(kinds[i].name, type) == 0 ||
		    strcmp(kinds[i].oid, type) == 0)
			return &kinds[i];
	return &other;
}

SECItem *
ca_attribute_oid(PLArenaPool *arena, const char *type)
{
	const struct kind *kind = find_kind(type);

	return ca_der_dotted_oid(arena, kind->oid != NULL ? kind->oid : type);
}

/* --- a Name that was chosen ---------------------------------------------- */

static bool
is_printable(const char *text)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz"
	                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                 "0123456789 '()+,-./:=?";

	return text[strspn(text, characters)] == '\0';
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* UTF-8 that fits its type, with as many characters as it may have. */
static bool
value_is_fine(const struct kind *kind, const char *value)
{
	const SECItem text = { siBuffer, (unsigned char *)value,
		               (unsigned)strlen(value) };
	size_t n = 0;

	for (const char *p = value; *p != '\0'; p++)
		n += (*p & 0xc0) != 0x80;
	return n >= kind->min && n <= kind->max && nu_der_is_text(&text) &&
	       (kind->tag != PRINTABLE_STRING || is_printable(value)) &&
	       (kind->tag != IA5_STRING || is_ascii(value));
}

static SECItem *
make_rdn(PLArenaPool *arena, const SECItem *oid, unsigned char tag,
         const char *value)
{
	return ca_der_make(arena, NU_SET,
	                   ca_der_make(arena, NU_SEQUENCE, oid,
	                               nu_der_make_text(arena, tag, value)));
}

static enum psm_err
make_attribute(struct ca *ca, PLArenaPool *arena,
               const struct ca_attribute *attribute, const SECItem **ret_rdn)
{
	const char *type = attribute->type;
	const struct kind *kind = find_kind(type);
	const SECItem *oid = ca_attribute_oid(arena, type);

	if (oid == NULL)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "\"%s\" is no part of a subject", type);
	if (!value_is_fine(kind, attribute->value))
		return ca_error(ca, PSM_E_ARGUMENT,
		                "the value of %s is malformed, or has not %u "
		                "to %u characters", type, kind->min,
		                kind->max);
	*ret_rdn = make_rdn(arena, oid, kind->tag, attribute->value);
	return *ret_rdn != NULL ? PSM_OK :
	       ca_error_nss(ca, PSM_E_NO_MEMORY, "subject");
}

enum psm_err
ca_subject_make(struct ca *ca, PLArenaPool *arena,
                const struct ca_options *options, const SECItem **ret_name)
{
	const size_t n = options->n_attributes;
	const SECItem *rdns[MAX_RDNS];
	enum psm_err err;

	if (n > MAX_RDNS)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "a subject has no more than %d parts",
		                MAX_RDNS);
	for (size_t i = 0; i < n; i++) {
		err = make_attribute(ca, arena, &options->attributes[i],
		                     &rdns[i]);
		if (err != PSM_OK)
			return err;
	}
	*ret_name = nu_der_wrap_all(arena, NU_SEQUENCE, rdns, n);
	return *ret_name != NULL ? PSM_OK :
	       ca_error_nss(ca, PSM_E_NO_MEMORY, "subject");
}

/* --- what is kept of one ------------------------------------------------- */

/* Append the attributes of this type, each in an RDN of its own. */
static SECStatus
keep_of_rdn(PLArenaPool *arena, const SECItem *rdn, const SECItem *oid,
            struct ca_list *kept)
{
	struct nu_der r = nu_der_reader(rdn), in_ava;
	struct nu_tlv ava, type;

	while (!nu_der_at_end(&r)) {
		if (nu_der_get(&r, NU_SEQUENCE, &ava) != SECSuccess)
			return SECFailure;
		in_ava = nu_der_reader(&ava.value);
		if (nu_der_get(&in_ava, NU_OID, &type) != SECSuccess)
			return SECFailure;
		if (!SECITEM_ItemsAreEqual(&type.whole, oid))
			continue;
		if (kept->n == MAX_RDNS)
			return nu_der_bad();
		kept->parts[kept->n] = nu_der_make(arena, NU_SET, &ava.whole);
		if (kept->parts[kept->n++] == NULL)
			return SECFailure;
	}
	return SECSuccess;
}

static SECStatus
keep_part(PLArenaPool *arena, const SECItem *name, const SECItem *oid,
          struct ca_list *kept)
{
	struct nu_tlv rdn;
	struct nu_der r;

	if (nu_der_only(name, NU_SEQUENCE, &r) != SECSuccess)
		return SECFailure;
	while (!nu_der_at_end(&r))
		if (nu_der_get(&r, NU_SET, &rdn) != SECSuccess ||
		    keep_of_rdn(arena, &rdn.value, oid, kept) != SECSuccess)
			return SECFailure;
	return SECSuccess;
}

SECItem *
ca_subject_keep(PLArenaPool *arena, const SECItem *name,
                const struct ca_list *parts)
{
	const SECItem *kept[MAX_RDNS];
	struct ca_list rdns = { kept, 0 };

	for (size_t i = 0; i < parts->n; i++)
		if (keep_part(arena, name, parts->parts[i], &rdns) !=
		    SECSuccess)
			return NULL;
	return nu_der_wrap(arena, NU_SEQUENCE, rdns.parts, rdns.n);
}

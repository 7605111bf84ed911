/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_name.h - distinguished names and nicknames, in and out. */

#ifndef NU_NAME_H
#define NU_NAME_H

#include <secitem.h>

/* RFC 4514 or 1485 text -> Name in DER. NULL and SEC_ERROR_INVALID_AVA or such.
 * An empty name is refused. Free it with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_name_from_text(const char *text);
/* Name in DER -> text; free() it. NULL: malformed, or no memory. */
char *nu_name_to_text(const SECItem *der_name);

/* The value a person knows a name by, UTF-8; free() it. A subject: its common
 * name, else its e-mail address, else its last RDN's value. An issuer: its
 * organisation, else its common name, else its last value. NULL: an NSS
 * error, or 0 when it has none. */
char *nu_name_of_subject(const SECItem *der_name);
char *nu_name_of_issuer(const SECItem *der_name);

/* Call fn for each attribute of a Name in DER, in its order: type is its OID in
 * dotted decimal ("" when it is malformed), value UTF-8 ("#" and the DER in
 * hexadecimal when it is no text), both borrowed. SECFailure: NSS's error, or
 * fn's. */
SECStatus nu_name_walk(const SECItem *der_name,
                       SECStatus (*fn)(void *arg, const char *type,
                                       const char *value),
                       void *arg);

enum { NU_NICKNAME_MAX = 255 };

/* A nickname somebody wishes for, made one that NSS can find again: white space
 * at both ends goes, ':' becomes '_'. NULL and SEC_ERROR_INVALID_ARGS:
 * control characters, bad UTF-8, nothing left, or over 255 octets. */
char *nu_nickname_clean(const char *wish);
/* The same for text from a certificate, which nobody can be asked to mend:
 * what would be refused becomes '_', what is too long is cut. NULL: no memory.
 * free() both. */
char *nu_nickname_force(const char *text);

/* len octets as lower-case hexadecimal; out holds 2 * len + 1 characters. */
void nu_hex(const unsigned char *octets, size_t len, char *out);

#endif

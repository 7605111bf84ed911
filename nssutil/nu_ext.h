/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_ext.h - X.509 extensions in DER (RFC 5280, 4.2). */

#ifndef NU_EXT_H
#define NU_EXT_H

#include <secitem.h>
#include <secoidt.h>

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }, around
 * value, a DER element. NULL: no memory. */
SECItem *nu_ext_make(PLArenaPool *arena, SECOidTag oid, PRBool critical,
                     const SECItem *value);
/* keyUsage, critical; key_usage as KU_... of certt.h. */
SECItem *nu_ext_make_key_usage(PLArenaPool *arena, unsigned key_usage);
/* basicConstraints, critical; path_len < 0: none given. */
SECItem *nu_ext_make_basic_constraints(PLArenaPool *arena, PRBool is_ca,
                                       long path_len);
/* Under this tag, the extensions a certificate is asked for with: keyUsage
 * unless key_usage is 0, and basicConstraints when is_ca. */
SECItem *nu_ext_make_requested(PLArenaPool *arena, unsigned char tag,
                               unsigned key_usage, PRBool is_ca);

/* Find an extension in extensions, the contents of an Extensions SEQUENCE:
 * *ret_found, and *ret_value is the contents of its extnValue.
 * SEC_ERROR_BAD_DER: malformed, or there twice. */
SECStatus nu_ext_find(const SECItem *extensions, SECOidTag oid,
                      PRBool *ret_found, SECItem *ret_value);
/* The first octet of a keyUsage found there; 0: none. */
SECStatus nu_ext_key_usage(const SECItem *extensions, unsigned *ret_usage);
/* Does basicConstraints there say cA TRUE? */
SECStatus nu_ext_is_ca(const SECItem *extensions, PRBool *ret_is_ca);

#endif

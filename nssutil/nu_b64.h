/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_b64.h - strict base64 (RFC 4648, clause 4) and PEM armour (RFC 7468).
 *
 * White space (space, tab, CR, LF, VT, FF) may stand anywhere in the base64;
 * every other character outside the alphabet is refused, and so are missing
 * padding, padding inside, and stray bits before the padding. */

#ifndef NU_B64_H
#define NU_B64_H

#include <secitem.h>

/* Decode text, with or without one PEM armour around it. Text of more than
 * max_len characters: SEC_ERROR_INPUT_LEN. Not base64: SEC_ERROR_BAD_DATA. An
 * empty result is SEC_ERROR_BAD_DATA too.
 * Free ret_der's data with SECITEM_ZfreeItem(ret_der, PR_FALSE). */
SECStatus nu_b64_decode(const char *text, size_t len, size_t max_len,
                        SECItem *ret_der);
/* Base64 in lines of 64, each ended by "\n"; free() it. NULL: no memory. */
char *nu_b64_encode(const SECItem *der);
/* The same inside PEM armour with this label. */
char *nu_pem_encode(const char *label, const SECItem *der);
/* Decode the first PEM block with this label (NULL: any); *ret_rest points
 * behind it. SEC_ERROR_BAD_DATA: none, or damaged. ret_rest may be NULL. */
SECStatus nu_pem_decode(const char *text, size_t len, const char *label,
                        SECItem *ret_der, const char **ret_rest);

#endif

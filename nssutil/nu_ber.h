/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_ber.h - BER, read as slices where others write it: lengths in any form,
 * and unknown ones. Otherwise as nu_der.h, whose reader it moves. */

#ifndef NU_BER_H
#define NU_BER_H

#include "nssutil/nu_der.h"

/* Read the next element, whatever it is. Its value ends before the two NULs of
 * an unknown length. At most 32 of those lie within each other. */
SECStatus nu_ber_any(struct nu_der *r, struct nu_tlv *ret_tlv);
/* Read the next element, which must have this identifier octet. */
SECStatus nu_ber_get(struct nu_der *r, unsigned char tag,
                     struct nu_tlv *ret_tlv);
/* Enter the next element, which must have this identifier octet. */
SECStatus nu_ber_enter(struct nu_der *r, unsigned char tag,
                       struct nu_der *ret_contents);
/* Read an OCTET STRING, in one piece or in pieces of pieces (X.690, 8.7), to
 * arena. */
SECStatus nu_ber_octets(PLArenaPool *arena, struct nu_der *r,
                        SECItem *ret_octets);

#endif

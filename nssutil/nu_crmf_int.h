/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf_int.h - what the nu_crmf_*.c share. */

#ifndef NU_CRMF_INT_H
#define NU_CRMF_INT_H

#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"

/* SubsequentMessage */
enum { CRMF_ENCR_CERT, CRMF_CHALLENGE_RESP };

/* POPOSigningKey, without its tag. Absent parts are left as they are. */
struct crmf_signing_proof {
	struct nu_tlv input; /* [0] POPOSigningKeyInput */
	SECItem algorithm;
	SECItem signature;
};
SECStatus crmf_read_signing_proof(const SECItem *contents,
                                  struct crmf_signing_proof *proof);

#endif

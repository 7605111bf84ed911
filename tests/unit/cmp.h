/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cmp.h - CMP messages by hand (RFC 4210, 5.1), protected by choice. */

#ifndef CMP_H
#define CMP_H

#include <secitem.h>

#include "tests/unit/fresh.h"

/* A PKIMessage around a body. Zero it, then set what differs. */
struct cmp_message {
	unsigned choice;            /* of the body; 0: cp */
	const SECItem *body;        /* its DER */
	const SECItem *sender;      /* Name; NULL: the empty one */
	const struct fresh_key *by; /* signs it; NULL: nobody */
	const char *secret;         /* protects it, by PasswordBasedMac with
	                             * SHA-256; NULL: none. Not with by */
	const SECItem *extra[3];    /* extraCerts */
};
SECItem *cmp_make(PLArenaPool *arena, const struct cmp_message *message);
/* The DER of a body in base64. */
SECItem *cmp_body_of(PLArenaPool *arena, const char *base64);
/* element with an explicit tag [n]. */
SECItem *cmp_explicit(PLArenaPool *arena, unsigned n, const SECItem *element);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_int.h - what the pfx_*.c share. */

#ifndef CA_PFX_INT_H
#define CA_PFX_INT_H

#include <secitem.h>

#include "ca/pfx.h"
#include "nssutil/nu_session.h"

/* A sealed text, or a signed one: more is nobody's request. */
enum { PFX_TEXT_MAX = 256 * 1024 };

struct pfx_key {
	struct nu_session_key half;
	enum pfx_kind kind;
	struct pfx_key *next; /* in the pool */
};

/* A fresh one. pfx_key_free() it. */
PSM_MUST enum psm_err pfx_key_make(enum pfx_kind kind,
                                   struct pfx_key **ret_key);

/* After a failed call of NSS's: err, unless NSS says that memory was short, or
 * that a token refuses. */
enum psm_err pfx_error(enum psm_err err);
/* Borrowed bytes, fewer than 4 GiB, as NSS takes them. */
SECItem pfx_item(const void *data, size_t len);
/* A copy of octets from malloc(), with a NUL behind that is not counted. */
PSM_MUST enum psm_err pfx_hand_out(const SECItem *octets,
                                   unsigned char **ret_octets, size_t *ret_len);

#endif

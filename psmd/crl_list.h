/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl_list.h - what a CRL lists. */

#ifndef PSMD_CRL_LIST_H
#define PSMD_CRL_LIST_H

#include "ca/ca.h"
#include "psmd/records_cert.h"

/* Zero it, then add. */
struct crl_list {
	struct cert_revoked *certs;
	size_t n, room;
	bool no_room; /* out of memory: it is not whole */
};

/* One more, to the struct crl_list: for records_cert_revoked() and
 * ca_crl_each(). false: no room. */
bool crl_list_add(const struct cert_revoked *cert, void *list);
bool crl_list_add_listed(const struct ca_revoked *listed, void *list);
/* Add to list, which has what the records say, what only the CRL before lists:
 * those that the records do not know, and those they have of another issuer, if
 * these are revoked and had not expired by since. Look at no_room as well. */
enum rec_err crl_list_keep(struct crl_list *list, const struct crl_list *before,
                           struct records *records, int64_t since);
/* As ca_crl_make() takes it; the texts are borrowed. NULL: out of memory. */
struct ca_revoked *crl_list_entries(const struct crl_list *list);
void crl_list_clear(struct crl_list *list);

#endif

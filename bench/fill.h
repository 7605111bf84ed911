/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fill.h - a database to measure on: one CA, many certificates, many keys. What
 * fails here ends the program. */

#ifndef FILL_H
#define FILL_H

#include <secitem.h>

#include "ca/ca.h"
#include "psm/psm.h"

/* An open database without a password, in a directory of its own, and a CA
 * in it. */
struct fill {
	const char *dir;
	struct psm_ctx *ctx;
	struct ca *ca;
	size_t n_certs; /* made by fill_certs() */
};

void fill_open(struct fill *fill);
/* Close the database and open it again, as another process would see it. */
void fill_reopen(struct fill *fill);
/* Close it for others to use; fill_reopen() may follow. */
void fill_close(struct fill *fill);
/* Close it and remove the directory. */
void fill_remove(struct fill *fill);

/* Until there are n certificates; every key_every-th has its key, 0: none.
 * n_issuers share them: one issuer is what costs NSS most. They are not
 * really signed. */
void fill_certs(struct fill *fill, size_t n, size_t key_every,
                size_t n_issuers);

/* Make a key and its request; free it with psm_request_free(). */
struct psm_request *fill_request(struct fill *fill, const char *subject,
                                 enum psm_key_type type);
/* The CA's answer to it; free it with ca_answer_free(). */
struct ca_answer *fill_answer(struct fill *fill,
                              const struct psm_request *request,
                              enum ca_dialect dialect);
/* A request and its answer, for a subject whose name begins with who. */
struct ca_answer *fill_pending(struct fill *fill, const char *who,
                               enum psm_key_type type,
                               enum ca_dialect dialect);

#endif

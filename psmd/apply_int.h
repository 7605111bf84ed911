/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* apply_int.h - what the files of !applyClientAuthCert share. */

#ifndef PSMD_APPLY_INT_H
#define PSMD_APPLY_INT_H

#include "psmd/products.h"

enum apply_field {
	APPLY_LOGIN_NAME,
	APPLY_LOGIN_PASSWORD,
	APPLY_CSR,
	APPLY_CRMF,
	APPLY_DAYS,
	APPLY_USER,
	APPLY_SERIAL,
	APPLY_CERT_ID,
	APPLY_ORDER,
	APPLY_COLLECT,
	APPLY_RESPONSE_TYPE,
	APPLY_FOREIGN,
	APPLY_RESPONSE_FORMAT,
	APPLY_N_FIELDS
};

extern const struct products_field apply_fields[APPLY_N_FIELDS];

/* One request, from its parameters to what was done. */
struct apply {
	const struct request *request;
	struct issuing issuing;
	struct rec_actor actor;
	char account[ACCOUNT_NAME_MAX + 1];
	const char *values[APPLY_N_FIELDS];

	/* judged */
	enum apply_field source;    /* APPLY_CSR or APPLY_CRMF; APPLY_N_FIELDS:
	                             * nothing is ordered */
	const struct profile *profile;
	unsigned days;              /* 0: the profile's */
	bool collect;
	bool named;                 /* the client says which certificates */
	enum ca_dialect dialect;    /* of what is collected */
	struct cert_record *certs;  /* to collect and authorize for */
	size_t n_certs;
	int64_t number;             /* of the order: placed, or theirs; or 0 */

	/* done */
	bool applied, added;
	struct order_text text;     /* of what was collected; or empty */

	struct products_error error;
};

/* Judge the arguments, and find what they name. Nothing is changed, but an order
 * is issued that an interruption left approved. */
bool apply_judge(struct apply *apply);

/* The answer, also of an error, in JSON or as a form. */
void apply_answer(const struct apply *apply, struct reply *reply);

#endif

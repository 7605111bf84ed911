/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* apply.c - POST /products/!applyClientAuthCert: order, collect, authorize. */

#include <stdlib.h>
#include <string.h>

#include "psmd/apply_int.h"
#include "psmd/server.h"

/* --- the steps ----------------------------------------------------------- */

/* The certificates of an order that was just placed are those to go on with,
 * unless others are named. */
static bool
take_order(struct apply *apply, const struct order *order)
{
	enum rec_err err;

	apply->applied = true;
	apply->number = order->number;
	if (order->state == ORDER_REJECTED)
		return products_fail(&apply->error, PRODUCTS_REJECTED, NULL,
		                     NULL);
	if (apply->named)
		return true;
	err = records_cert_list(apply->issuing.records, order->number,
	                        &apply->certs, &apply->n_certs);
	return err == REC_OK ||
	       products_records_failed(&apply->error, err,
	                               "looking for certificates");
}

static bool
place(struct apply *apply)
{
	struct order_ask ask = {
		.account = apply->account,
		.foreign_number = apply->values[APPLY_FOREIGN],
		.must_be_new = apply->collect,
		.form = apply->source == APPLY_CSR ? ORDER_CSR : ORDER_CRMF,
		.profile = apply->profile,
		.days = apply->days,
		.in_clear = apply->collect && !apply->named,
	};
	char why[ORDER_WHY_SIZE];
	struct order order;
	enum order_err err;
	bool ok;

	if (apply->source == APPLY_N_FIELDS)
		return true;
	ask.request = apply->values[apply->source];
	ask.request_len = strlen(ask.request);
	err = order_place(&apply->issuing, &apply->actor, &ask, &order, why);
	if (err != ORDER_OK) {
		products_order_failed(&apply->error, err,
		                      apply_fields[apply->source].name, why);
		return false;
	}
	ok = take_order(apply, &order);
	order_clear(&order);
	return ok;
}

/* For all of them; once more changes nothing. */
static bool
authorize(struct apply *apply)
{
	const char *user = apply->values[APPLY_USER];
	enum rec_err err;

	if (user == NULL)
		return true;
	for (size_t i = 0; i < apply->n_certs; i++) {
		if (apply->certs[i].revoked != 0) /* an order of old */
			return products_fail(&apply->error, PRODUCTS_REVOKED,
			                     NULL, NULL);
		err = records_cert_add_user(apply->issuing.records,
		                            &apply->actor, apply->certs[i].id,
		                            user);
		if (err == REC_NOT_FOUND) /* not an account any more */
			return products_fail(&apply->error, PRODUCTS_VALUE,
			                     apply_fields[APPLY_USER].name,
			                     NULL);
		if (err != REC_OK)
			return products_records_failed(
			        &apply->error, err, "authorizing a user");
	}
	apply->added = apply->n_certs > 0;
	return true;
}

/* Nothing as long as nothing is issued. */
static bool
collect(struct apply *apply)
{
	char why[ORDER_WHY_SIZE];
	enum order_err err;

	if (!apply->collect || apply->n_certs == 0)
		return true;
	err = order_answer_certs(&apply->issuing, apply->certs, apply->n_certs,
	                         apply->dialect,
	                         apply->dialect == CA_DIALECT_CERT,
	                         &apply->text, why);
	if (err == ORDER_OK)
		return true;
	products_order_failed(&apply->error, err, NULL, why);
	return false;
}

/* --- one request --------------------------------------------------------- */

static struct apply
begin(const struct request *request)
{
	return (struct apply){
		.request = request,
		.source = APPLY_N_FIELDS,
		.error = { .status = 200 },
	};
}

static void
clear(struct apply *apply)
{
	cert_records_free(apply->certs, apply->n_certs);
	order_text_clear(&apply->text);
}

static bool
log_in(struct apply *apply)
{
	const struct request *request = apply->request;
	struct account account;

	if (strcmp(request->method, "POST") != 0)
		return products_fail(&apply->error, PRODUCTS_METHOD, NULL,
		                     NULL);
	if (!products_read(request, apply_fields, APPLY_N_FIELDS, apply->values,
	                   &apply->error) ||
	    !products_login(request, apply->values[APPLY_LOGIN_NAME],
	                    apply->values[APPLY_LOGIN_PASSWORD], &account,
	                    &apply->error))
		return false;
	memcpy(apply->account, account.name, sizeof apply->account);
	explicit_bzero(&account, sizeof account);
	apply->issuing = server_issuing(request->server);
	apply->actor = (struct rec_actor){ apply->account,
		                           request->peer->address };
	return true;
}

void
apply_handler(const struct request *request, struct reply *reply)
{
	struct apply apply = begin(request);

	(void)(log_in(&apply) && apply_judge(&apply) && place(&apply) &&
	       authorize(&apply) && collect(&apply)); /* error tells */
	if (apply.error.status == 503)
		(void)reply_header(reply, "Retry-After", "1");
	memcpy(reply->account, apply.account, sizeof reply->account);
	apply_answer(&apply, reply);
	clear(&apply);
}

void
apply_refuse(const struct request *request, int refusal, struct reply *reply)
{
	struct apply apply = begin(request);

	products_refused(&apply.error, refusal);
	apply_answer(&apply, reply);
}

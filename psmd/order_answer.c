/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_answer.c - what was issued for an order, told again. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psmd/log.h"
#include "psmd/order_int.h"
#include "psmd/pem.h"

void
order_text_clear(struct order_text *text)
{
	free(text->text);
	free(text->der);
	memset(text, 0, sizeof *text);
}

/* What goes to the engine's thread, and comes back. */
struct errand {
	const struct issuing *issuing;
	struct ca_result *results;
	size_t n;
	struct ca_options options;
	struct ca_answer *answer;
	enum psm_err err;
	char why[ORDER_WHY_SIZE];
};

static void
run(struct psm_ctx *ctx, void *arg)
{
	struct errand *errand = arg;
	struct ca *ca = issuer_ca(errand->issuing, ctx, errand->why,
	                          sizeof errand->why);

	errand->err = PSM_E_NOT_FOUND;
	if (ca == NULL)
		return;
	errand->err = ca_answer_again(ca, errand->results, errand->n,
	                              &errand->options, &errand->answer);
	if (errand->err != PSM_OK)
		snprintf(errand->why, sizeof errand->why, "%s", ca_errmsg(ca));
}

static enum order_err
copy_answer(const struct ca_answer *answer, struct order_text *ret_text,
            char *why)
{
	struct order_text text = { .text = strdup(answer->text),
		                   .der = malloc(answer->der_len),
		                   .der_len = answer->der_len };

	if (text.text == NULL || text.der == NULL) {
		order_text_clear(&text);
		return order_fail(why, ORDER_FAILED, "out of memory");
	}
	memcpy(text.der, answer->der, answer->der_len);
	*ret_text = text;
	return ORDER_OK;
}

static enum order_err
answer_results(const struct issuing *issuing, struct ca_result *results,
               size_t n, enum ca_dialect dialect, bool alone,
               struct order_text *ret_text, char *why)
{
	struct errand errand = { .issuing = issuing,
		                 .results = results,
		                 .n = n,
		                 .options = { .dialect = dialect,
		                              .no_ca_pubs = alone } };
	enum order_err err;

	if (!engine_call(issuing->engine, run, &errand))
		return order_fail(why, ORDER_BUSY, "there is too much to do");
	if (errand.err != PSM_OK) {
		log_line(LOG_FAILED, "answering an order: %s", errand.why);
		return order_fail(why, ORDER_FAILED,
		                  "the certificate cannot be answered now");
	}
	err = copy_answer(errand.answer, ret_text, why);
	ca_answer_free(errand.answer);
	return err;
}

/* What is signed needs no authority, and nothing of the engine's time. */
static enum order_err
write_alone(const struct cert_record *certs, size_t n,
            struct order_text *ret_text, char *why)
{
	struct order_text text = { .der = malloc(certs[0].der_len),
		                   .der_len = certs[0].der_len };
	size_t size;
	FILE *out = open_memstream(&text.text, &size);
	bool good = text.der != NULL && out != NULL;

	for (size_t i = 0; good && i < n; i++)
		good = pem_write(out, certs[i].der, certs[i].der_len);
	if (out != NULL && fclose(out) != 0)
		good = false;
	if (!good) {
		order_text_clear(&text);
		return order_fail(why, ORDER_FAILED, "out of memory");
	}
	memcpy(text.der, certs[0].der, certs[0].der_len);
	*ret_text = text;
	return ORDER_OK;
}

enum order_err
order_answer_certs(const struct issuing *issuing,
                   const struct cert_record *certs, size_t n,
                   enum ca_dialect dialect, bool alone,
                   struct order_text *ret_text, char *why)
{
	struct ca_result results[ORDER_MESSAGES_MAX] = { 0 };

	if (n == 0 || n > ORDER_MESSAGES_MAX)
		return order_fail(why, ORDER_FAILED,
		                  "the order has no certificates");
	for (size_t i = 0; i < n; i++) {
		if (certs[i].encrypted && dialect >= CA_DIALECT_CERT)
			return order_fail(why, ORDER_ENCRYPTED,
			                  "the certificate is for its key's "
			                  "holder alone to read");
		results[i] = (struct ca_result){
			.id = certs[i].request_id,
			.granted = true,
			.cert = certs[i].der,
			.cert_len = certs[i].der_len,
			.encrypted = certs[i].encrypted,
		};
	}
	if (dialect == CA_DIALECT_CERT && alone)
		return write_alone(certs, n, ret_text, why);
	return answer_results(issuing, results, n, dialect, alone, ret_text,
	                      why);
}

enum order_err
order_answer(const struct issuing *issuing, const struct order *order,
             enum ca_dialect dialect, struct order_text *ret_text, char *why)
{
	struct cert_record *certs;
	enum order_err err;
	enum rec_err rec;
	size_t n;

	if (order->state != ORDER_ISSUED && order->state != ORDER_REVOKED)
		return order_fail(why, ORDER_STATE, "the order is %s",
		                  order_state_name(order->state));
	rec = records_cert_list(issuing->records, order->number, &certs, &n);
	if (rec != REC_OK)
		return order_fail_rec(why, rec, "looking for certificates");
	err = order_answer_certs(issuing, certs, n, dialect, false, ret_text,
	                         why);
	cert_records_free(certs, n);
	return err;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order.c - orders: placed, issued, decided about. */

#include "psmd/order.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "psmd/log.h"
#include "psmd/order_int.h"
#include "psmd/records_pkcs12.h"

/* How often serial numbers of 128 random bits may be taken already. */
enum { SERIAL_TRIES = 8 };

static enum order_err
get_order(const struct issuing *issuing, int64_t number,
          struct order *ret_order, char *why)
{
	return order_fail_rec(why,
	                      records_order_get(issuing->records, NULL, number,
	                                        ret_order),
	                      "looking for an order");
}

/* --- issuing ------------------------------------------------------------- */

/* What was signed, as the records take it. Returns how many. */
static size_t
list_certs(const struct order_job *job,
           struct cert_new certs[ORDER_MESSAGES_MAX])
{
	const struct ca_result *result;
	size_t n = 0;

	while (n < ORDER_MESSAGES_MAX &&
	       (result = ca_answer_get(job->answer, n)) != NULL)
		certs[n++] = (struct cert_new){
			.serial = result->serial,
			.issuer = job->issuing->config->ca,
			.request_id = result->id,
			.encrypted = result->encrypted,
			.der = result->cert,
			.der_len = result->cert_len,
			.subject = result->subject != NULL ? result->subject
			                                   : "",
			.not_before = result->not_before,
			.not_after = result->not_after,
		};
	return n;
}

/* What became of an order that another has taken on meanwhile. */
static enum order_err
look_again(const struct issuing *issuing, int64_t number, char *why)
{
	struct order order;
	enum order_state state;
	enum order_err err = get_order(issuing, number, &order, why);

	if (err != ORDER_OK)
		return err;
	state = order.state;
	order_clear(&order);
	if (state == ORDER_ISSUED || state == ORDER_REVOKED)
		return ORDER_OK;
	return order_fail(why, ORDER_STATE, "the order is %s",
	                  order_state_name(state));
}

/* Sign, and write down; what was signed for nothing is thrown away. */
static enum order_err
issue(struct order_job *job, const struct rec_actor *actor, int64_t number)
{
	struct records *records = job->issuing->records;
	struct cert_new certs[ORDER_MESSAGES_MAX];
	enum rec_err rec = REC_SERIAL;
	enum order_err err;

	for (int i = 0; rec == REC_SERIAL && i < SERIAL_TRIES; i++) {
		if ((err = order_job_sign(job)) != ORDER_OK)
			return err;
		rec = records_order_issue(records, actor, number, certs,
		                          list_certs(job, certs), NULL);
	}
	if (rec == REC_STATE)
		return look_again(job->issuing, number, job->why);
	return order_fail_rec(job->why, rec, "issuing an order");
}

enum order_err
order_job_again(struct order_job *job, const struct issuing *issuing,
                const struct order *order, char *why)
{
	*job = (struct order_job){
		.issuing = issuing,
		.profile = config_profile(issuing->config, order->profile),
		.account = order->account,
		.form = order->form,
		.days = order->days,
		.request = order->request,
		.request_len = order->request_len,
		.why = why,
	};
	if (job->profile == NULL)
		return order_fail(why, ORDER_REFUSED,
		                  "there is no profile \"%s\" any more",
		                  order->profile);
	if (job->profile->ca.max_days != 0 &&
	    order->days > job->profile->ca.max_days)
		return order_fail(why, ORDER_DAYS,
		                  "the profile has %u days at the most now",
		                  job->profile->ca.max_days);
	return ORDER_OK;
}

static enum order_err
issue_again(const struct issuing *issuing, const struct rec_actor *actor,
            const struct order *order, char *why)
{
	struct order_job job;
	enum order_err err = order_job_again(&job, issuing, order, why);

	if (err == ORDER_OK)
		err = issue(&job, actor, order->number);
	order_job_clear(&job);
	return err;
}

enum order_err
order_issue(const struct issuing *issuing, const struct rec_actor *actor,
            int64_t number, char *why)
{
	struct order order;
	enum order_err err = get_order(issuing, number, &order, why);

	if (err != ORDER_OK)
		return err;
	if (order.state == ORDER_APPROVED)
		err = issue_again(issuing, actor, &order, why);
	else if (order.state != ORDER_ISSUED && order.state != ORDER_REVOKED)
		err = order_fail(why, ORDER_STATE, "the order is %s",
		                 order_state_name(order.state));
	order_clear(&order);
	return err;
}

/* --- placing ------------------------------------------------------------- */

/* Record it. From here on the order stands, and what keeps it from being issued
 * now does not unmake it. */
static enum order_err
add(struct order_job *job, const struct rec_actor *actor,
    const struct order_ask *ask, int64_t *ret_number, bool *ret_new)
{
	struct order_new order = {
		.account = ask->account,
		.foreign_number = ask->foreign_number,
		.form = ask->form,
		.profile = ask->profile->name,
		.days = job->days,
		.approved = ask->profile->approval == APPROVAL_AUTOMATIC,
	};
	enum rec_err err;

	order.request = ca_request_der(job->opened, &order.request_len);
	err = records_order_add(job->issuing->records, actor, &order,
	                        ret_number, ret_new);
	if (err == REC_OK && *ret_new)
		log_audit(actor->account, actor->address, "order.place",
		          "object=%jd", (intmax_t)*ret_number);
	if (err == REC_EXISTS ||
	    (err == REC_OK && !*ret_new && ask->must_be_new))
		return order_fail(job->why, ORDER_TAKEN,
		                  "another order has that number");
	return order_fail_rec(job->why, err, "placing an order");
}

static enum order_err
place(struct order_job *job, const struct rec_actor *actor,
      const struct order_ask *ask, struct order *ret_order)
{
	struct order order;
	int64_t number = 0;
	bool is_new = false;
	enum order_err err = add(job, actor, ask, &number, &is_new);

	if (err != ORDER_OK ||
	    (err = get_order(job->issuing, number, &order, job->why)) !=
	            ORDER_OK)
		return err;
	if (order.state == ORDER_APPROVED) {
		/* what was approved is what was placed, not what repeats it */
		err = is_new ? issue(job, actor, number)
		             : issue_again(job->issuing, actor, &order,
		                           job->why);
		order_clear(&order);
		if (err != ORDER_OK)
			log_line(LOG_DOUBTFUL,
			         "order %jd is placed, and not issued yet: %s",
			         (intmax_t)number, job->why);
		err = get_order(job->issuing, number, &order, job->why);
	}
	if (err == ORDER_OK)
		*ret_order = order;
	return err;
}

/* Is it an order that was placed when its profile still allowed it? */
static bool
find_repeated(const struct order_job *job, const struct order_ask *ask,
              struct order *ret_order)
{
	unsigned char hash[ORDER_HASH_SIZE];
	const unsigned char *der;
	struct order order;
	size_t len;

	if (ask->foreign_number == NULL || ask->must_be_new ||
	    records_order_find(job->issuing->records, ask->account,
	                       ask->foreign_number, &order) != REC_OK)
		return false;
	der = ca_request_der(job->opened, &len);
	crypto_hash_sha256(hash, der, len);
	if (memcmp(hash, order.hash, sizeof hash) != 0) {
		order_clear(&order);
		return false;
	}
	*ret_order = order;
	return true;
}

static unsigned
choose_days(const struct order_ask *ask)
{
	const struct ca_profile *profile = &ask->profile->ca;

	return ask->days != 0 ? ask->days : profile->days;
}

enum order_err
order_place(const struct issuing *issuing, const struct rec_actor *actor,
            const struct order_ask *ask, struct order *ret_order, char *why)
{
	struct order_job job = {
		.issuing = issuing,
		.profile = ask->profile,
		.account = ask->account,
		.form = ask->form,
		.days = choose_days(ask),
		.in_clear = ask->in_clear,
		.request = ask->request,
		.request_len = ask->request_len,
		.why = why,
	};
	const unsigned most = ask->profile->ca.max_days;
	enum order_err err;

	if (most != 0 && job.days > most)
		return order_fail(why, ORDER_DAYS,
		                  "the profile has %u days at the most", most);
	err = order_job_judge(&job);
	if (err == ORDER_OK)
		err = place(&job, actor, ask, ret_order);
	else if ((err == ORDER_REFUSED || err == ORDER_KEY_SIZE) &&
	         find_repeated(&job, ask, ret_order))
		err = ORDER_OK;
	order_job_clear(&job);
	return err;
}

/* --- deciding ------------------------------------------------------------ */

/* One that an interruption left approved is only issued. */
static enum order_err
refuse_decision(const struct issuing *issuing, const struct rec_actor *actor,
                int64_t number, bool approve, char *why)
{
	struct order order;
	enum order_state state;
	enum order_err err = get_order(issuing, number, &order, why);

	if (err != ORDER_OK)
		return err;
	state = order.state;
	order_clear(&order);
	if (approve && state == ORDER_APPROVED)
		return order_issue(issuing, actor, number, why);
	return order_fail(why, ORDER_STATE, "the order is %s already",
	                  order_state_name(state));
}

static enum order_err
decide_pkcs12(const struct issuing *issuing, const struct rec_actor *actor,
              int64_t number, bool approve, const char *reason, char *why)
{
	enum rec_err err = records_pkcs12_decide(issuing->records, actor,
	                                         number, approve, reason);

	if (err == REC_STATE)
		return order_fail(why, ORDER_STATE,
		                  "the PKCS#12 does not wait for approval");
	return order_fail_rec(why, err, "deciding about a PKCS#12");
}

enum order_err
order_decide(const struct issuing *issuing, const struct rec_actor *actor,
             int64_t number, bool approve, const char *reason, char *why)
{
	enum rec_err err;

	if (reason == NULL)
		reason = "";
	err = records_order_decide(issuing->records, actor, number, approve,
	                           reason);
	if (err == REC_NOT_FOUND)
		return decide_pkcs12(issuing, actor, number, approve, reason,
		                     why);
	if (err == REC_STATE)
		return refuse_decision(issuing, actor, number, approve, why);
	if (err == REC_OK && approve)
		return order_issue(issuing, actor, number, why);
	return order_fail_rec(why, err, "deciding about an order");
}

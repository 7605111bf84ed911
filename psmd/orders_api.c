/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* orders_api.c - /api/orders: orders, for those who decide about them. GET
 * lists or shows, POST approves, rejects or revokes; see api.h. */

#include "psmd/api.h"

#include <stdlib.h>
#include <string.h>

#include "psmd/crl.h"
#include "psmd/log.h"
#include "psmd/order_view.h"
#include "psmd/server.h"
#include "psmd/text.h"

enum { LIMIT = 50 };

/* --- parameters ---------------------------------------------------------- */

/* An empty value is one that was not filled in. false: no text, which is
 * answered. */
static bool
read_text(const struct request *request, const char *name,
          const char **ret_text, struct reply *reply)
{
	bool bad;
	const char *text = params_text(request->params, name, &bad);

	*ret_text = text != NULL && *text != '\0' ? text : NULL;
	if (bad)
		api_error(reply, API_VALUE, name, "this is no text");
	return !bad;
}

/* 0: there is none. */
static bool
read_number(const struct request *request, const char *name,
            int64_t *ret_number, struct reply *reply)
{
	const char *text;

	*ret_number = 0;
	if (!read_text(request, name, &text, reply))
		return false;
	if (text == NULL || text_number(text, ret_number))
		return true;
	api_error(reply, API_VALUE, name, "this is no number");
	return false;
}

/* --- answers ------------------------------------------------------------- */

static void
answer_busy(const struct request *request, struct reply *reply)
{
	api_refuse(request, REFUSED_BUSY, reply);
	if (!reply_header(reply, "Retry-After", "1"))
		reply->status = 500;
}

static void
answer_rec(const struct request *request, enum rec_err err, struct reply *reply)
{
	if (err == REC_NOT_FOUND) {
		api_error(reply, API_VALUE, "number",
		          "there is no such order");
	} else if (err == REC_BUSY) {
		answer_busy(request, reply);
	} else {
		log_line(LOG_FAILED, "orders: %s", rec_strerror(err));
		api_error(reply, API_PROCESSING, NULL, NULL);
	}
}

static void
answer_order_err(const struct request *request, enum order_err err,
                 const char *why, struct reply *reply)
{
	switch (err) {
	case ORDER_NOT_FOUND:
		answer_rec(request, REC_NOT_FOUND, reply);
		break;
	case ORDER_BUSY:
		answer_busy(request, reply);
		break;
	case ORDER_FAILED:
		api_error(reply, API_PROCESSING, NULL, why);
		break;
	default:
		api_error(reply, API_REJECTED, "number", why);
	}
}

/* The order as it is now.
 *   warning  something that went wrong on the way, or "" */
static void
answer_one(const struct request *request, int64_t number, const char *warning,
           struct reply *reply)
{
	struct issuing issuing = server_issuing(request->server);
	struct view view = view_begin();
	json_t *order;
	enum rec_err err = order_view_one(&issuing, number, &order);

	if (err != REC_OK) {
		json_decref(view.object);
		answer_rec(request, err, reply);
		return;
	}
	view_put(&view, "order", order);
	view_text(&view, "warning", warning);
	if (view_end(&view) != NULL)
		api_success(reply, view.object);
	else
		api_refuse(request, REFUSED_MEMORY, reply);
}

/* --- GET ----------------------------------------------------------------- */

static bool
read_state(const struct request *request, struct order_filter *filter,
           struct reply *reply)
{
	const char *text;

	filter->state = ORDER_N_STATES;
	if (!read_text(request, "state", &text, reply))
		return false;
	if (text == NULL)
		return true;
	filter->state = order_state_by_name(text);
	if (filter->state == ORDER_N_STATES)
		api_error(reply, API_VALUE, "state",
		          "this is applied, approved, rejected, issued or "
		          "revoked");
	return filter->state != ORDER_N_STATES;
}

static bool
read_limit(const struct request *request, size_t *ret_limit,
           struct reply *reply)
{
	int64_t limit;

	if (!read_number(request, "limit", &limit, reply))
		return false;
	if (limit > ORDER_VIEW_MAX) {
		api_error(reply, API_VALUE, "limit", "this is 200 at the most");
		return false;
	}
	*ret_limit = limit != 0 ? (size_t)limit : LIMIT;
	return true;
}

/* With the number of those that wait, for who asks from time to time. */
static enum rec_err
make_list(struct records *r, const struct order_filter *filter, size_t limit,
          json_t **ret_view)
{
	size_t waiting = 0;
	enum rec_err err = records_orders_waiting(r, &waiting);

	if (err == REC_OK)
		err = order_view_list(r, filter, limit, ret_view);
	if (err == REC_OK &&
	    json_object_set_new(*ret_view, "waiting",
	                        json_integer((json_int_t)waiting)) != 0) {
		json_decref(*ret_view);
		err = REC_FAILED;
	}
	return err;
}

static void
get_list(const struct request *request, struct reply *reply)
{
	struct order_filter filter = { 0 };
	size_t limit = 0;
	json_t *view;
	enum rec_err err;

	if (!read_state(request, &filter, reply) ||
	    !read_text(request, "account", &filter.account, reply) ||
	    !read_number(request, "before", &filter.before, reply) ||
	    !read_limit(request, &limit, reply))
		return;
	err = make_list(request->server->records, &filter, limit, &view);
	if (err == REC_OK)
		api_success(reply, view);
	else
		answer_rec(request, err, reply);
}

static void
get_orders(const struct request *request, struct reply *reply)
{
	int64_t number;

	if (!read_number(request, "number", &number, reply))
		return;
	if (number != 0)
		answer_one(request, number, "", reply);
	else
		get_list(request, reply);
}

/* --- POST ---------------------------------------------------------------- */

struct action {
	const struct request *request;
	int64_t number, certificate; /* 0: all of the order's */
	const char *reason;          /* NULL: none was given */
	char warning[ORDER_WHY_SIZE];
};

static void
log_action(const struct action *action, const char *name)
{
	log_audit(action->request->account, action->request->peer->address,
	          name, "object=%jd", (intmax_t)action->number);
}

static void
decide(struct action *action, bool approve, struct reply *reply)
{
	const struct request *request = action->request;
	const struct rec_actor actor = { request->account,
		                         request->peer->address };
	struct issuing issuing = server_issuing(request->server);
	const char *reason = action->reason != NULL ? action->reason : "";
	char why[ORDER_WHY_SIZE] = "";
	enum order_err err;

	if (*reason != '\0' && !order_reason_valid(reason)) {
		api_error(reply, API_VALUE, "reason",
		          "this is a line of 255 bytes at the most");
		return;
	}
	err = order_decide(&issuing, &actor, action->number, approve, reason,
	                   why);
	if (err != ORDER_OK) {
		answer_order_err(request, err, why, reply);
		return;
	}
	log_action(action, approve ? "order.approve" : "order.reject");
	answer_one(request, action->number, "", reply);
}

static void
approve(struct action *action, struct reply *reply)
{
	decide(action, true, reply);
}

static void
reject(struct action *action, struct reply *reply)
{
	if (action->reason == NULL)
		api_error(reply, API_MISSING, "reason",
		          "a rejection needs a reason");
	else
		decide(action, false, reply);
}

/* Is this certificate one that is meant? Without its id, those for which it
 * makes a difference. */
static bool
is_meant(const struct action *action, const json_t *cert, int reason)
{
	const char *id = json_string_value(json_object_get(cert, "id"));
	bool revoked = json_object_get(cert, "revoked") != NULL;
	const char *why = json_string_value(
	        json_object_get(cert, "revocationReason"));
	bool on_hold = revoked && why != NULL && crl_reason(why) == CERT_HOLD;

	if (id == NULL)
		return false;
	if (action->certificate != 0)
		return strtoll(id, NULL, 10) == action->certificate;
	if (reason == CERT_RELEASE)
		return on_hold;
	return !revoked || (on_hold && reason != CERT_HOLD);
}

/* Returns how many were; REC_STATE: one cannot be. */
static enum rec_err
revoke_each(struct action *action, const json_t *order, int reason,
            size_t *ret_n)
{
	const struct rec_actor actor = { action->request->account,
		                         action->request->peer->address };
	struct issuing issuing = server_issuing(action->request->server);
	enum rec_err err = REC_OK;
	json_t *cert;
	size_t i;

	json_array_foreach(json_object_get(order, "certificates"), i, cert) {
		const char *id = json_string_value(json_object_get(cert, "id"));

		if (!is_meant(action, cert, reason))
			continue;
		action->warning[0] = '\0';
		err = crl_revoke(&issuing, &actor, strtoll(id, NULL, 10),
		                 reason, action->warning,
		                 sizeof action->warning);
		if (err != REC_OK)
			return err;
		++*ret_n;
	}
	return REC_OK;
}

static void
answer_revoked(struct action *action, enum rec_err err, size_t n,
               struct reply *reply)
{
	if (n > 0)
		log_action(action, "order.revoke");
	if (err == REC_OK && n > 0)
		answer_one(action->request, action->number, action->warning,
		           reply);
	else if (err == REC_OK && action->certificate != 0)
		api_error(reply, API_VALUE, "certificate",
		          "the order has no such certificate");
	else if (err == REC_OK || err == REC_STATE)
		api_error(reply, API_REJECTED, "reason",
		          "there is nothing that can be revoked so");
	else
		answer_rec(action->request, err, reply);
}

static void
revoke(struct action *action, struct reply *reply)
{
	struct issuing issuing = server_issuing(action->request->server);
	json_t *order = NULL;
	size_t n = 0;
	int reason;
	enum rec_err err;

	if (action->reason == NULL) {
		api_error(reply, API_MISSING, "reason", NULL);
		return;
	}
	if ((reason = crl_reason(action->reason)) < 0) {
		api_error(reply, API_VALUE, "reason",
		          "this is keyCompromise or another CRLReason");
		return;
	}
	err = order_view_one(&issuing, action->number, &order);
	if (err == REC_OK)
		err = revoke_each(action, order, reason, &n);
	json_decref(order);
	answer_revoked(action, err, n, reply);
}

static void
act(struct action *action, const char *name, struct reply *reply)
{
	static const struct {
		const char *name;
		void (*act)(struct action *action, struct reply *reply);
	} actions[] = {
		{ "approve", approve },
		{ "reject", reject },
		{ "revoke", revoke },
	};

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(actions[i].name, name) == 0) {
			actions[i].act(action, reply);
			return;
		}
	}
	api_error(reply, API_VALUE, "action",
	          "this is approve, reject or revoke");
}

static void
post_orders(const struct request *request, struct reply *reply)
{
	struct action action = { .request = request };
	const char *name;

	if (!read_number(request, "number", &action.number, reply) ||
	    !read_number(request, "certificate", &action.certificate, reply) ||
	    !read_text(request, "action", &name, reply) ||
	    !read_text(request, "reason", &action.reason, reply))
		return;
	if (action.number == 0)
		api_error(reply, API_MISSING, "number", NULL);
	else if (name == NULL)
		api_error(reply, API_MISSING, "action", NULL);
	else
		act(&action, name, reply);
}

void
orders_handler(const struct request *request, struct reply *reply)
{
	if (strcmp(request->method, "GET") == 0 ||
	    strcmp(request->method, "HEAD") == 0)
		get_orders(request, reply);
	else if (strcmp(request->method, "POST") == 0)
		post_orders(request, reply);
	else
		api_error(reply, API_METHOD, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_order.c - orders. */

#include "psmd/records_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "psmd/records_cert.h"
#include "psmd/records_sql.h"

#define NUMBER_TEXT_MAX 24

const char *
order_state_name(enum order_state state)
{
	static const char *const names[ORDER_N_STATES] = {
		[ORDER_APPLIED] = "applied",   [ORDER_APPROVED] = "approved",
		[ORDER_REJECTED] = "rejected", [ORDER_ISSUED] = "issued",
		[ORDER_REVOKED] = "revoked",
	};

	return names[state];
}

void
order_clear(struct order *order)
{
	free(order->request);
	memset(order, 0, sizeof *order);
}

/* --- adding -------------------------------------------------------------- */

/* The order that this one repeats. REC_NOT_FOUND: it is new. */
static enum rec_err
find_repeated(struct sql *sql, const struct order_new *order,
              const unsigned char *hash, int64_t *ret_number)
{
	struct call call;
	unsigned char got[ORDER_HASH_SIZE] = { 0 };
	int64_t number;

	if (order->foreign_number == NULL)
		return REC_NOT_FOUND;
	call = call_begin(sql, STMT_ORDER_REPEATED);
	put_text(&call, order->account);
	put_text(&call, order->foreign_number);
	if (!call_row(&call))
		return call_end(&call);
	number = get_number(&call);
	get_fixed(&call, got, sizeof got);
	if (call_end(&call) != REC_OK)
		return call.err;
	if (memcmp(got, hash, sizeof got) != 0)
		return REC_EXISTS;
	*ret_number = number;
	return REC_OK;
}

static enum rec_err
insert_order(struct sql *sql, const struct order_new *order,
             const unsigned char *hash, int64_t number)
{
	struct call call = call_begin(sql, STMT_ORDER_ADD);
	int64_t now = time(NULL);

	put_number(&call, number);
	put_text(&call, order->account);
	put_text(&call, order->foreign_number);
	put_number(&call, order->form);
	put_text(&call, order->profile);
	put_number(&call, order->days);
	put_number(&call, order->approved ? ORDER_APPROVED : ORDER_APPLIED);
	put_number(&call, now);
	put_number(&call, order->approved ? now : 0);
	put_blob(&call, hash, ORDER_HASH_SIZE);
	put_blob(&call, order->request, order->request_len);
	return call_run(&call);
}

static enum rec_err
add_order(struct sql *sql, const struct rec_actor *actor,
          const struct order_new *order, const unsigned char *hash,
          int64_t *ret_number)
{
	char hex[2 * ORDER_HASH_SIZE + 1], object[NUMBER_TEXT_MAX];
	enum rec_err err;

	if ((err = counter_next(sql, "order", ret_number)) != REC_OK ||
	    (err = insert_order(sql, order, hash, *ret_number)) != REC_OK)
		return err;
	snprintf(object, sizeof object, "%jd", (intmax_t)*ret_number);
	sodium_bin2hex(hex, sizeof hex, hash, ORDER_HASH_SIZE);
	return audit_append(sql, actor, "order.add", object,
	                    "request=%s days=%u approved=%d profile=%s "
	                    "account=%s",
	                    hex, order->days, order->approved, order->profile,
	                    order->account);
}

enum rec_err
records_order_add(struct records *r, const struct rec_actor *actor,
                  const struct order_new *order, int64_t *ret_number,
                  bool *ret_new)
{
	unsigned char hash[ORDER_HASH_SIZE];
	int64_t number = 0;
	bool is_new;
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	crypto_hash_sha256(hash, order->request, order->request_len);
	err = find_repeated(&r->writer, order, hash, &number);
	is_new = err == REC_NOT_FOUND;
	if (is_new)
		err = add_order(&r->writer, actor, order, hash, &number);
	if ((err = sql_end(&r->writer, err)) != REC_OK)
		return err;
	*ret_number = number;
	*ret_new = is_new;
	return REC_OK;
}

/* --- looking up ---------------------------------------------------------- */

/* An empty one is one that is forgotten. */
static void
get_request(struct call *call, struct order *o)
{
	o->request = get_blob(call, &o->request_len);
	if (o->request_len == 0) {
		free(o->request);
		o->request = NULL;
	}
}

static bool
read_order(struct call *call, bool with_request, struct order *o)
{
	*o = (struct order){ 0 };
	if (!call_row(call))
		return false;
	o->number = get_number(call);
	get_text(call, o->account, sizeof o->account);
	get_text(call, o->foreign_number, sizeof o->foreign_number);
	o->form = (enum order_form)get_number(call);
	get_text(call, o->profile, sizeof o->profile);
	o->days = (unsigned)get_number(call);
	o->state = (enum order_state)get_number(call);
	get_text(call, o->reason, sizeof o->reason);
	o->applied = get_number(call);
	o->decided = get_number(call);
	o->issued = get_number(call);
	get_fixed(call, o->hash, sizeof o->hash);
	if (with_request)
		get_request(call, o);
	return call->err == REC_OK;
}

static enum rec_err
read_one(struct call *call, struct order *ret_order)
{
	struct order order;

	if (read_order(call, true, &order))
		*ret_order = order;
	return call_end(call);
}

enum rec_err
records_order_get(struct records *r, const char *account, int64_t number,
                  struct order *ret_order)
{
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_ORDER_GET);
	put_number(&call, number);
	put_text(&call, account);
	err = read_one(&call, ret_order);
	sql_leave(&r->reader);
	return err;
}

enum rec_err
records_order_find(struct records *r, const char *account,
                   const char *foreign_number, struct order *ret_order)
{
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_ORDER_FIND);
	put_text(&call, account);
	put_text(&call, foreign_number);
	err = read_one(&call, ret_order);
	sql_leave(&r->reader);
	return err;
}

/* Each way to filter has an index of its own. */
static struct call
begin_list(struct sql *sql, const struct order_filter *filter, size_t room)
{
	bool by_state = filter->state != ORDER_N_STATES;
	bool by_account = filter->account != NULL;
	struct call call = call_begin(
	        sql, by_state && by_account ? STMT_ORDER_LIST_BOTH
	             : by_state             ? STMT_ORDER_LIST_STATE
	             : by_account           ? STMT_ORDER_LIST_ACCOUNT
	                                    : STMT_ORDER_LIST);

	put_number(&call, filter->before != 0 ? filter->before : INT64_MAX);
	put_number(&call, (int64_t)room);
	if (by_account)
		put_text(&call, filter->account);
	if (by_state)
		put_number(&call, filter->state);
	return call;
}

enum rec_err
records_order_list(struct records *r, const struct order_filter *filter,
                   struct order *orders, size_t room, size_t *ret_n)
{
	struct call call;
	size_t n = 0;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = begin_list(&r->reader, filter, room);
	while (n < room && read_order(&call, false, &orders[n]))
		n++;
	err = call_end_rows(&call);
	sql_leave(&r->reader);
	if (err == REC_OK)
		*ret_n = n;
	return err;
}

enum rec_err
records_orders_waiting(struct records *r, size_t *ret_n)
{
	struct call call;
	int64_t n = 0;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_ORDER_WAITING);
	put_number(&call, ORDERS_WAITING_MAX);
	if (call_row(&call))
		n = get_number(&call);
	err = call_end(&call);
	sql_leave(&r->reader);
	if (err == REC_OK)
		*ret_n = n < ORDERS_WAITING_MAX ? (size_t)n
		                                : ORDERS_WAITING_MAX;
	return err;
}

/* --- deciding and issuing ------------------------------------------------ */

static enum rec_err
get_state(struct sql *sql, int64_t number, enum order_state *ret_state,
          char account[ACCOUNT_NAME_MAX + 1])
{
	struct call call = call_begin(sql, STMT_ORDER_STATE);

	put_number(&call, number);
	if (call_row(&call)) {
		*ret_state = (enum order_state)get_number(&call);
		get_text(&call, account, ACCOUNT_NAME_MAX + 1);
	}
	return call_end(&call);
}

static enum rec_err
set_decision(struct sql *sql, int64_t number, bool approve, const char *reason)
{
	struct call call = call_begin(sql, STMT_ORDER_DECIDE);

	put_number(&call, number);
	put_number(&call, approve ? ORDER_APPROVED : ORDER_REJECTED);
	put_text(&call, reason);
	put_number(&call, time(NULL));
	return call_run(&call);
}

static enum rec_err
decide(struct sql *sql, const struct rec_actor *actor, int64_t number,
       bool approve, const char *reason)
{
	char account[ACCOUNT_NAME_MAX + 1], object[NUMBER_TEXT_MAX];
	enum order_state state = ORDER_APPLIED;
	enum rec_err err = get_state(sql, number, &state, account);

	if (err != REC_OK)
		return err;
	if (state != ORDER_APPLIED && (approve || state != ORDER_APPROVED))
		return REC_STATE;
	if ((err = set_decision(sql, number, approve, reason)) != REC_OK)
		return err;
	snprintf(object, sizeof object, "%jd", (intmax_t)number);
	return audit_append(sql, actor,
	                    approve ? "order.approve" : "order.reject", object,
	                    "reason=%s", reason);
}

enum rec_err
records_order_decide(struct records *r, const struct rec_actor *actor,
                     int64_t number, bool approve, const char *reason)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer,
	               decide(&r->writer, actor, number, approve, reason));
}

static enum rec_err
set_issued(struct sql *sql, const struct rec_actor *actor, int64_t number,
           size_t n)
{
	char object[NUMBER_TEXT_MAX];
	struct call call = call_begin(sql, STMT_ORDER_ISSUED);

	put_number(&call, number);
	put_number(&call, ORDER_ISSUED);
	put_number(&call, time(NULL));
	if (call_run(&call) != REC_OK)
		return call.err;
	snprintf(object, sizeof object, "%jd", (intmax_t)number);
	return audit_append(sql, actor, "order.issue", object,
	                    "certificates=%zu", n);
}

static enum rec_err
issue(struct sql *sql, const struct rec_actor *actor, int64_t number,
      const struct cert_new *certs, size_t n, int64_t *ids)
{
	char account[ACCOUNT_NAME_MAX + 1];
	enum order_state state = ORDER_APPLIED;
	enum rec_err err = get_state(sql, number, &state, account);

	if (err != REC_OK)
		return err;
	if (state != ORDER_APPROVED)
		return REC_STATE;
	for (size_t i = 0; i < n; i++) {
		err = cert_append(sql, actor, &certs[i], account, number,
		                  &ids[i]);
		if (err != REC_OK)
			return err;
	}
	return set_issued(sql, actor, number, n);
}

enum rec_err
records_order_issue(struct records *r, const struct rec_actor *actor,
                    int64_t number, const struct cert_new *certs, size_t n,
                    int64_t *ret_ids)
{
	int64_t *ids = calloc(n, sizeof *ids);
	enum rec_err err = n == 0        ? REC_STATE
	                   : ids == NULL ? REC_FAILED
	                                 : sql_begin(&r->writer);

	if (err == REC_OK)
		err = sql_end(&r->writer, issue(&r->writer, actor, number,
		                                certs, n, ids));
	if (err == REC_OK && ret_ids != NULL)
		memcpy(ret_ids, ids, n * sizeof *ids);
	free(ids);
	return err;
}

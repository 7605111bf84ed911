/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_view.c - orders as people see them who decide about them. */

#include "psmd/order_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "json/json.h"
#include "psmd/crl.h"
#include "psmd/records_pkcs12.h"
#include "psmd/text.h"

enum order_state
order_state_by_name(const char *name)
{
	int state = 0;

	while (state < ORDER_N_STATES &&
	       strcmp(order_state_name((enum order_state)state), name) != 0)
		state++;
	return (enum order_state)state;
}

bool
order_reason_valid(const char *reason)
{
	return text_is_line(reason, ORDER_REASON_MAX);
}

/* --- objects ------------------------------------------------------------- */

struct view
view_begin(void)
{
	struct view view = { json_object(), false };

	view.failed = view.object == NULL;
	return view;
}

void
view_put(struct view *view, const char *name, json_t *value)
{
	if (json_object_set_new(view->object, name, value) != 0)
		view->failed = true;
}

void
view_text(struct view *view, const char *name, const char *text)
{
	if (text != NULL && *text != '\0')
		view_put(view, name, pj_text(text));
}

void
view_number(struct view *view, const char *name, int64_t number)
{
	view_put(view, name, json_integer(number));
}

void
view_time(struct view *view, const char *name, int64_t seconds)
{
	if (seconds != 0)
		view_put(view, name, pj_time(seconds));
}

void
view_hash(struct view *view, const char *name,
          const unsigned char hash[ORDER_HASH_SIZE])
{
	char hex[2 * ORDER_HASH_SIZE + 1];

	sodium_bin2hex(hex, sizeof hex, hash, ORDER_HASH_SIZE);
	view_put(view, name, json_string(hex));
}

json_t *
view_end(struct view *view)
{
	if (view->failed) {
		json_decref(view->object);
		view->object = NULL;
	}
	return view->object;
}

bool
view_append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return true;
	json_decref(*array);
	*array = NULL;
	return false;
}

/* --- a row of the list --------------------------------------------------- */

static void
put_order(struct view *view, const struct order *o)
{
	view_number(view, "number", o->number);
	view_text(view, "kind", o->form == ORDER_CSR ? "csr" : "crmf");
	view_text(view, "account", o->account);
	view_text(view, "foreignOrderNumber", o->foreign_number);
	view_text(view, "profile", o->profile);
	view_number(view, "days", o->days);
	view_text(view, "state", order_state_name(o->state));
	view_time(view, "applied", o->applied);
	view_time(view, "decided", o->decided);
	view_time(view, "issued", o->issued);
	view_text(view, "reason", o->reason);
}

static void
put_pkcs12(struct view *view, const struct pkcs12_waiting *w,
           enum order_state state)
{
	view_number(view, "number", w->request);
	view_text(view, "kind", "pkcs12");
	view_text(view, "account", w->user);
	view_text(view, "applicationId", w->application);
	view_text(view, "state", order_state_name(state));
	view_time(view, "applied", w->begun);
}

static json_t *
order_row(const struct order *order)
{
	struct view view = view_begin();

	put_order(&view, order);
	return view_end(&view);
}

static json_t *
pkcs12_row(const struct pkcs12_waiting *waiting)
{
	struct view view = view_begin();

	put_pkcs12(&view, waiting, ORDER_APPLIED);
	return view_end(&view);
}

/* --- the list ------------------------------------------------------------ */

/* One more of each than is wanted tells whether there are others. */
struct rows {
	struct order *orders;
	struct pkcs12_waiting *waiting;
	size_t n_orders, n_waiting, room;
};

static enum rec_err
read_rows(struct records *r, const struct order_filter *filter,
          struct rows *rows)
{
	enum rec_err err;

	if (rows->orders == NULL || rows->waiting == NULL)
		return REC_FAILED;
	err = records_order_list(r, filter, rows->orders, rows->room,
	                         &rows->n_orders);
	if (err != REC_OK || (filter->state != ORDER_APPLIED &&
	                      filter->state != ORDER_N_STATES))
		return err;
	return records_pkcs12_waiting(r, filter->account, filter->before,
	                              rows->waiting, rows->room,
	                              &rows->n_waiting);
}

/* Both kinds by their numbers. */
static json_t *
merge(const struct rows *rows, size_t limit, bool *ret_more)
{
	json_t *array = json_array();
	size_t o = 0, w = 0;

	while (o + w < limit && (o < rows->n_orders || w < rows->n_waiting)) {
		const struct order *order = &rows->orders[o];
		const struct pkcs12_waiting *waiting = &rows->waiting[w];
		bool is_order = w == rows->n_waiting ||
		                (o < rows->n_orders &&
		                 order->number > waiting->request);

		if (!view_append(&array, is_order ? order_row(order)
		                                  : pkcs12_row(waiting)))
			return NULL;
		o += is_order;
		w += !is_order;
	}
	*ret_more = o < rows->n_orders || w < rows->n_waiting;
	return array;
}

static enum rec_err
make_list(const struct rows *rows, size_t limit, json_t **ret_view)
{
	struct view view = view_begin();
	bool more = false;

	view_put(&view, "orders", merge(rows, limit, &more));
	view_put(&view, "more", json_boolean(more));
	*ret_view = view_end(&view);
	return *ret_view != NULL ? REC_OK : REC_FAILED;
}

enum rec_err
order_view_list(struct records *r, const struct order_filter *filter,
                size_t limit, json_t **ret_view)
{
	struct rows rows = { .room = limit + 1 };
	enum rec_err err;

	rows.orders = calloc(rows.room, sizeof *rows.orders);
	rows.waiting = calloc(rows.room, sizeof *rows.waiting);
	err = read_rows(r, filter, &rows);
	if (err == REC_OK)
		err = make_list(&rows, limit, ret_view);
	free(rows.orders);
	free(rows.waiting);
	return err;
}

/* --- certificates -------------------------------------------------------- */

/* NULL: out of memory, or *ret_err says what else. */
static json_t *
read_users(struct records *r, int64_t id, enum rec_err *ret_err)
{
	enum { PAGE = 64 };
	struct cert_user users[PAGE];
	json_t *array = json_array();
	char after[ACCOUNT_NAME_MAX + 1] = "";
	size_t n;

	do {
		n = 0;
		*ret_err = records_cert_users(r, id, after, users, PAGE, &n);
		for (size_t i = 0; i < n; i++) {
			if (!view_append(&array, pj_text(users[i].name)))
				return NULL;
			memcpy(after, users[i].name, sizeof after);
		}
	} while (*ret_err == REC_OK && n == PAGE);
	return array;
}

static json_t *
cert_view(struct records *r, const struct cert_record *c, enum rec_err *ret_err)
{
	struct view view = view_begin();
	char id[24];

	/* as text: a parameter that names it, and no number to reckon with */
	snprintf(id, sizeof id, "%jd", (intmax_t)c->id);
	view_text(&view, "id", id);
	view_text(&view, "serial", c->serial);
	view_text(&view, "subject", c->subject);
	view_time(&view, "notBefore", c->not_before);
	view_time(&view, "notAfter", c->not_after);
	if (c->encrypted)
		view_put(&view, "encrypted", json_true());
	view_time(&view, "revoked", c->revoked);
	if (c->revoked != 0)
		view_text(&view, "revocationReason",
		          crl_reason_name(c->reason));
	view_put(&view, "users", read_users(r, c->id, ret_err));
	return view_end(&view);
}

static enum rec_err
put_certs(struct records *r, const struct cert_record *certs, size_t n,
          struct view *view)
{
	json_t *array = json_array();
	enum rec_err err = REC_OK;

	for (size_t i = 0; err == REC_OK && i < n && array != NULL; i++)
		(void)view_append(&array, cert_view(r, &certs[i], &err));
	view_put(view, "certificates", array);
	return err;
}

static enum rec_err
put_order_certs(struct records *r, int64_t number, struct view *view)
{
	struct cert_record *certs = NULL;
	size_t n = 0;
	enum rec_err err = records_cert_list(r, number, &certs, &n);

	if (err == REC_OK)
		err = put_certs(r, certs, n, view);
	cert_records_free(certs, n);
	return err;
}

/* --- one ----------------------------------------------------------------- */

static enum rec_err
view_order(const struct issuing *issuing, const struct order *order,
           struct view *view)
{
	put_order(view, order);
	view_hash(view, "requestHash", order->hash);
	if (order->request != NULL)
		view_request(issuing, order, view);
	return put_order_certs(issuing->records, order->number, view);
}

/* One that nobody has been asked about is not there. */
static enum rec_err
pkcs12_state(const struct pkcs12_info *info, const struct cert_record *cert,
             enum order_state *ret_state)
{
	switch (info->state) {
	case PKCS12_WAITS:
		*ret_state = ORDER_APPLIED;
		return REC_OK;
	case PKCS12_REJECTED:
		*ret_state = ORDER_REJECTED;
		return REC_OK;
	case PKCS12_DONE:
		*ret_state = cert->revoked != 0 ? ORDER_REVOKED : ORDER_ISSUED;
		return REC_OK;
	case PKCS12_MADE_NOW:
	case PKCS12_FREE:
		break;
	}
	*ret_state = ORDER_APPROVED;
	return info->approved ? REC_OK : REC_NOT_FOUND;
}

static json_t *
part_view(const char *part, size_t len)
{
	const char *value = memchr(part, '=', len);
	size_t name_len = value != NULL ? (size_t)(value - part) : 0;
	char *name = strndup(part, name_len), *rest;
	struct view view = view_begin();

	if (value != NULL)
		name_len++;
	rest = strndup(part + name_len, len - name_len);
	view_text(&view, "kind", name);
	view_put(&view, "value", rest != NULL ? pj_text(rest) : NULL);
	view.failed = view.failed || name == NULL;
	free(name);
	free(rest);
	return view_end(&view);
}

/* "CN=Anna~O=Example": no value has a "~". */
static json_t *
parts_view(const char *asked)
{
	json_t *array = json_array();

	while (*asked != '\0') {
		size_t len = strcspn(asked, "~");

		if (!view_append(&array, part_view(asked, len)))
			return NULL;
		asked += len + (asked[len] == '~');
	}
	return array;
}

static enum rec_err
view_pkcs12(struct records *r, const struct pkcs12_info *info,
            const struct cert_record *cert, struct view *view)
{
	enum order_state state;
	enum rec_err err = pkcs12_state(info, cert, &state);

	if (err != REC_OK)
		return err;
	put_pkcs12(view, &info->ask, state);
	view_text(view, "subscriberId", info->ask.subscriber);
	view_put(view, "asked", parts_view(info->ask.asked));
	view_text(view, "reason", info->reason);
	return put_certs(r, cert, info->state == PKCS12_DONE, view);
}

static enum rec_err
look_for_pkcs12(struct records *r, int64_t number, struct view *view)
{
	struct pkcs12_info info;
	struct cert_record cert = { 0 };
	enum rec_err err = records_pkcs12_get(r, number, &info);

	if (err == REC_OK && info.state == PKCS12_DONE)
		err = records_cert_get(r, NULL, info.cert, &cert);
	if (err == REC_OK)
		err = view_pkcs12(r, &info, &cert, view);
	cert_record_clear(&cert);
	return err;
}

enum rec_err
order_view_one(const struct issuing *issuing, int64_t number, json_t **ret_view)
{
	struct view view = view_begin();
	struct order order = { 0 };
	enum rec_err err = records_order_get(issuing->records, NULL, number,
	                                     &order);

	if (err == REC_OK)
		err = view_order(issuing, &order, &view);
	else if (err == REC_NOT_FOUND)
		err = look_for_pkcs12(issuing->records, number, &view);
	order_clear(&order);
	if (err != REC_OK)
		view.failed = true;
	*ret_view = view_end(&view);
	return err == REC_OK && *ret_view == NULL ? REC_FAILED : err;
}

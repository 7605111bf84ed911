/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_cert.c - certificates: kept, found, used, revoked. */

#include "psmd/records_cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "psmd/records_sql.h"

#define ID_TEXT_MAX 24

bool
cert_serial(const char *text, char ret_serial[CERT_SERIAL_MAX + 1])
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t len;

	text += strspn(text, "0");
	len = strlen(text);
	if (len == 0 || len > CERT_SERIAL_MAX || strspn(text, digits) != len)
		return false;
	for (size_t i = 0; i <= len; i++)
		ret_serial[i] = text[i] >= 'A' && text[i] <= 'F'
		                        ? (char)(text[i] - 'A' + 'a')
		                        : text[i];
	return true;
}

void
cert_record_clear(struct cert_record *cert)
{
	free(cert->subject);
	free(cert->der);
	memset(cert, 0, sizeof *cert);
}

void
cert_records_free(struct cert_record *certs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cert_record_clear(&certs[i]);
	free(certs);
}

/* --- adding -------------------------------------------------------------- */

/* The serial number is the only thing that may be there already. */
static enum rec_err
insert_cert(struct sql *sql, const struct cert_new *cert, const char *serial,
            const char *account, int64_t order, int64_t id)
{
	struct call call = call_begin(sql, STMT_CERT_ADD);

	put_number(&call, id);
	put_text(&call, serial);
	put_text(&call, cert->issuer);
	put_number(&call, order);
	put_text(&call, account);
	put_text(&call, cert->request_id);
	put_number(&call, cert->encrypted);
	put_number(&call, cert->not_before);
	put_number(&call, cert->not_after);
	put_text(&call, cert->subject);
	put_blob(&call, cert->der, cert->der_len);
	return call_run(&call) == REC_EXISTS ? REC_SERIAL : call.err;
}

enum rec_err
cert_append(struct sql *sql, const struct rec_actor *actor,
            const struct cert_new *cert, const char *account, int64_t order,
            int64_t *ret_id)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1], serial[CERT_SERIAL_MAX + 1];
	char object[ID_TEXT_MAX];
	int64_t id;
	enum rec_err err;

	if (!cert_serial(cert->serial, serial))
		return REC_FAILED;
	if ((err = counter_next(sql, "certificate", &id)) != REC_OK ||
	    (err = insert_cert(sql, cert, serial, account, order, id)) !=
	            REC_OK)
		return err;
	*ret_id = id;
	snprintf(object, sizeof object, "%jd", (intmax_t)id);
	crypto_hash_sha256(hash, cert->der, cert->der_len);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	return audit_append(sql, actor, "cert.issue", object,
	                    "order=%jd serial=%s sha256=%s issuer=%s "
	                    "account=%s",
	                    (intmax_t)order, serial, hex, cert->issuer,
	                    account);
}

/* --- looking up ---------------------------------------------------------- */

static bool
read_cert(struct call *call, struct cert_record *c)
{
	if (!call_row(call))
		return false;
	c->id = get_number(call);
	get_text(call, c->serial, sizeof c->serial);
	get_text(call, c->issuer, sizeof c->issuer);
	c->order = get_number(call);
	get_text(call, c->account, sizeof c->account);
	get_text(call, c->request_id, sizeof c->request_id);
	c->encrypted = get_number(call) != 0;
	c->not_before = get_number(call);
	c->not_after = get_number(call);
	c->revoked = get_number(call);
	c->reason = (int)get_number(call);
	c->subject = get_blob(call, NULL);
	c->der = get_blob(call, &c->der_len);
	return call->err == REC_OK;
}

static enum rec_err
read_one(struct call *call, struct cert_record *ret_cert)
{
	struct cert_record cert = { 0 };

	if (read_cert(call, &cert))
		*ret_cert = cert;
	else
		cert_record_clear(&cert);
	return call_end(call);
}

enum rec_err
records_cert_get(struct records *r, const char *account, int64_t id,
                 struct cert_record *ret_cert)
{
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_CERT_GET);
	put_number(&call, id);
	put_text(&call, account);
	err = read_one(&call, ret_cert);
	sql_leave(&r->reader);
	return err;
}

enum rec_err
records_cert_find(struct records *r, const char *account, const char *serial,
                  struct cert_record *ret_cert)
{
	char kept[CERT_SERIAL_MAX + 1];
	struct call call;
	enum rec_err err;

	if (!cert_serial(serial, kept))
		return REC_NOT_FOUND;
	if ((err = sql_enter(&r->reader)) != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_CERT_FIND);
	put_text(&call, kept);
	put_text(&call, account);
	err = read_one(&call, ret_cert);
	sql_leave(&r->reader);
	return err;
}

/* What is read so far; its room doubles. */
struct list {
	struct cert_record *certs;
	size_t n, room;
};

/* A new one at the end, all zeros, or NULL. */
static struct cert_record *
append(struct list *list)
{
	size_t room = list->room == 0 ? 4 : 2 * list->room;
	struct cert_record *grown;

	if (list->n == list->room) {
		grown = reallocarray(list->certs, room, sizeof *grown);
		if (grown == NULL)
			return NULL;
		list->certs = grown;
		list->room = room;
	}
	list->certs[list->n] = (struct cert_record){ 0 };
	return &list->certs[list->n++];
}

static enum rec_err
read_list(struct sql *sql, int64_t order, struct list *list)
{
	struct call call = call_begin(sql, STMT_CERT_LIST);
	struct cert_record *cert;

	put_number(&call, order);
	while (call.err == REC_OK) {
		if ((cert = append(list)) == NULL)
			call.err = REC_FAILED;
		else if (!read_cert(&call, cert))
			cert_record_clear(&list->certs[--list->n]);
	}
	return call_end_rows(&call);
}

enum rec_err
records_cert_list(struct records *r, int64_t order,
                  struct cert_record **ret_certs, size_t *ret_n)
{
	struct list list = { NULL, 0, 0 };
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	err = read_list(&r->reader, order, &list);
	sql_leave(&r->reader);
	if (err != REC_OK) {
		cert_records_free(list.certs, list.n);
		return err;
	}
	*ret_certs = list.certs;
	*ret_n = list.n;
	return REC_OK;
}

/* --- users --------------------------------------------------------------- */

static enum rec_err
may_use(struct sql *sql, int64_t id, const char *user)
{
	struct call call = call_begin(sql, STMT_CERT_MAY_USE);

	put_number(&call, id);
	put_text(&call, user);
	call_row(&call);
	return call_end(&call);
}

enum rec_err
records_cert_may_use(struct records *r, int64_t id, const char *user)
{
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	err = may_use(&r->reader, id, user);
	sql_leave(&r->reader);
	return err;
}

struct state {
	int64_t revoked, order;
	int reason;
};

static enum rec_err
get_state(struct sql *sql, int64_t id, struct state *state)
{
	struct call call = call_begin(sql, STMT_CERT_STATE);

	put_number(&call, id);
	if (call_row(&call)) {
		state->revoked = get_number(&call);
		state->reason = (int)get_number(&call);
		state->order = get_number(&call);
	}
	return call_end(&call);
}

static enum rec_err
add_user(struct sql *sql, const struct rec_actor *actor, int64_t id,
         const char *user)
{
	char object[ID_TEXT_MAX];
	struct state state;
	struct call call;
	enum rec_err err = get_state(sql, id, &state);

	if (err != REC_OK || (err = may_use(sql, id, user)) != REC_NOT_FOUND)
		return err;
	call = call_begin(sql, STMT_CERT_ADD_USER);
	put_number(&call, id);
	put_text(&call, user);
	if (call_run(&call) != REC_OK)
		return call.err;
	snprintf(object, sizeof object, "%jd", (intmax_t)id);
	return audit_append(sql, actor, "cert.add-user", object, "user=%s",
	                    user);
}

enum rec_err
records_cert_add_user(struct records *r, const struct rec_actor *actor,
                      int64_t id, const char *user)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, add_user(&r->writer, actor, id, user));
}

static bool
read_user(struct call *call, struct cert_user *user)
{
	if (!call_row(call))
		return false;
	get_text(call, user->name, sizeof user->name);
	return call->err == REC_OK;
}

enum rec_err
records_cert_users(struct records *r, int64_t id, const char *after,
                   struct cert_user *users, size_t room, size_t *ret_n)
{
	struct call call;
	size_t n = 0;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_CERT_USERS);
	put_number(&call, id);
	put_text(&call, after);
	put_number(&call, (int64_t)room);
	while (n < room && read_user(&call, &users[n]))
		n++;
	err = call_end_rows(&call);
	sql_leave(&r->reader);
	if (err == REC_OK)
		*ret_n = n;
	return err;
}

/* --- revoking ------------------------------------------------------------ */

static bool
may_become(const struct state *state, int reason)
{
	bool on_hold = state->revoked != 0 && state->reason == CERT_HOLD;

	/* CRLReason ends with 10; 7 was never given out */
	if (reason < 0 || reason > 10 || reason == 7)
		return false;
	if (reason == CERT_RELEASE)
		return on_hold;
	return state->revoked == 0 || (on_hold && reason != CERT_HOLD);
}

static enum rec_err
set_revoked(struct sql *sql, int64_t id, int64_t time, int reason)
{
	struct call call = call_begin(sql, STMT_CERT_REVOKE);

	put_number(&call, id);
	put_number(&call, time);
	put_number(&call, reason);
	return call_run(&call);
}

static enum rec_err
reckon_order(struct sql *sql, int64_t order)
{
	struct call call;

	if (order == 0)
		return REC_OK;
	call = call_begin(sql, STMT_ORDER_RECKON);
	put_number(&call, order);
	return call_run(&call);
}

static enum rec_err
revoke(struct sql *sql, const struct rec_actor *actor, int64_t id, int reason,
       int64_t time)
{
	bool release = reason == CERT_RELEASE;
	char object[ID_TEXT_MAX];
	struct state state = { 0 };
	int64_t number; /* no CRL's: the last one is old now */
	enum rec_err err;

	if ((err = get_state(sql, id, &state)) != REC_OK)
		return err;
	if (!may_become(&state, reason) || time <= 0) /* 0: not revoked */
		return REC_STATE;
	err = set_revoked(sql, id, release ? 0 : time, release ? 0 : reason);
	if (err != REC_OK ||
	    (err = reckon_order(sql, state.order)) != REC_OK ||
	    (err = counter_next(sql, "crl", &number)) != REC_OK)
		return err;
	snprintf(object, sizeof object, "%jd", (intmax_t)id);
	return audit_append(sql, actor,
	                    release ? "cert.release" : "cert.revoke", object,
	                    "reason=%d time=%jd", reason, (intmax_t)time);
}

enum rec_err
records_cert_revoke(struct records *r, const struct rec_actor *actor,
                    int64_t id, int reason, int64_t time)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer,
	               revoke(&r->writer, actor, id, reason, time));
}

static enum rec_err
last_crl(struct sql *sql, int64_t *ret_number)
{
	struct call call = call_begin(sql, STMT_COUNTER_GET);

	put_text(&call, "crl");
	if (call_row(&call))
		*ret_number = get_number(&call);
	return call_end(&call);
}

/* One that is known, and not revoked. */
static enum rec_err
take_back(struct sql *sql, const struct rec_actor *actor,
          const struct cert_revoked *listed, size_t *n)
{
	struct call call = call_begin(sql, STMT_CERT_FIND);
	struct cert_record cert = { 0 };
	enum rec_err err;

	put_text(&call, listed->serial);
	put_text(&call, NULL);
	err = read_one(&call, &cert);
	if (err == REC_OK && cert.revoked == 0) {
		err = revoke(sql, actor, cert.id, listed->reason, listed->time);
		++*n;
	}
	cert_record_clear(&cert);
	return err == REC_NOT_FOUND ? REC_OK : err;
}

static enum rec_err
take_all_back(struct sql *sql, const struct rec_actor *actor, int64_t number,
              const struct cert_revoked *listed, size_t n, size_t *ret_n)
{
	int64_t last = 0;
	enum rec_err err = last_crl(sql, &last);

	*ret_n = 0;
	for (size_t i = 0; err == REC_OK && number > last && i < n; i++)
		err = take_back(sql, actor, &listed[i], ret_n);
	return err;
}

enum rec_err
records_cert_take_back(struct records *r, const struct rec_actor *actor,
                       int64_t number, const struct cert_revoked *listed,
                       size_t n, size_t *ret_n)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, take_all_back(&r->writer, actor, number,
	                                         listed, n, ret_n));
}

/* --- for a CRL ----------------------------------------------------------- */

struct page {
	struct cert_revoked certs[CERT_REVOKED_PAGE];
	size_t n;
	int64_t last; /* id */
};

static bool
read_revoked(struct call *call, struct page *page)
{
	struct cert_revoked *cert = &page->certs[page->n];

	if (!call_row(call))
		return false;
	page->last = get_number(call);
	get_text(call, cert->serial, sizeof cert->serial);
	cert->time = get_number(call);
	cert->reason = (int)get_number(call);
	return call->err == REC_OK;
}

/* Those after page->last. */
static enum rec_err
read_page(struct records *r, const char *issuer, int64_t since,
          struct page *page)
{
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_CERT_REVOKED);
	put_text(&call, issuer);
	put_number(&call, page->last);
	put_number(&call, since);
	put_number(&call, CERT_REVOKED_PAGE);
	page->n = 0;
	while (page->n < CERT_REVOKED_PAGE && read_revoked(&call, page))
		page->n++;
	err = call_end_rows(&call);
	sql_leave(&r->reader);
	return err;
}

enum rec_err
records_cert_revoked(struct records *r, const char *issuer, int64_t since,
                     bool (*fn)(const struct cert_revoked *cert, void *arg),
                     void *arg)
{
	struct page page = { .last = 0 };
	enum rec_err err;

	do {
		if ((err = read_page(r, issuer, since, &page)) != REC_OK)
			return err;
		for (size_t i = 0; i < page.n; i++)
			if (!fn(&page.certs[i], arg))
				return REC_OK;
	} while (page.n == CERT_REVOKED_PAGE);
	return REC_OK;
}

static enum rec_err
raise_crl(struct sql *sql, int64_t above)
{
	struct call call = call_begin(sql, STMT_COUNTER_RAISE);

	put_text(&call, "crl");
	put_number(&call, above);
	return call_run(&call);
}

static enum rec_err
next_crl(struct sql *sql, const struct rec_actor *actor, const char *issuer,
         int64_t above, int64_t *ret_number)
{
	enum rec_err err;

	if ((err = raise_crl(sql, above)) != REC_OK ||
	    (err = counter_next(sql, "crl", ret_number)) != REC_OK)
		return err;
	return audit_append(sql, actor, "crl.number", issuer, "number=%jd",
	                    (intmax_t)*ret_number);
}

enum rec_err
records_crl_next(struct records *r, const struct rec_actor *actor,
                 const char *issuer, int64_t above, int64_t *ret_number)
{
	int64_t number;
	enum rec_err err;

	if (above == INT64_MAX)
		return REC_STATE;
	if ((err = sql_begin(&r->writer)) != REC_OK)
		return err;
	err = sql_end(&r->writer, next_crl(&r->writer, actor, issuer, above,
	                                   &number));
	if (err == REC_OK)
		*ret_number = number;
	return err;
}

enum rec_err
records_crl_last(struct records *r, int64_t *ret_number)
{
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	err = last_crl(&r->reader, ret_number);
	sql_leave(&r->reader);
	return err;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_order.h - orders: a request for certificates, from its coming to what
 * was issued for it.
 *
 *     applied -> approved -> issued -> revoked
 *            `-> rejected <-'
 *
 * Where an account is asked for, NULL is anybody's, and what belongs to another
 * is REC_NOT_FOUND. */

#ifndef PSMD_RECORDS_ORDER_H
#define PSMD_RECORDS_ORDER_H

#include "psmd/records.h"

enum {
	ORDER_FOREIGN_MAX = 64,  /* bytes, as those below */
	ORDER_PROFILE_MAX = 64,
	ORDER_REASON_MAX = 255,
	ORDER_HASH_SIZE = 32     /* SHA-256 */
};

enum order_form { ORDER_CSR, ORDER_CRMF };

enum order_state {
	ORDER_APPLIED,
	ORDER_APPROVED,
	ORDER_REJECTED,
	ORDER_ISSUED,
	ORDER_REVOKED, /* all of its certificates are */
	ORDER_N_STATES
};

/* "applied" and so on. */
const char *order_state_name(enum order_state state);

struct order {
	int64_t number; /* six digits or more */
	char account[ACCOUNT_NAME_MAX + 1];
	char foreign_number[ORDER_FOREIGN_MAX + 1]; /* "": none */
	enum order_form form;
	char profile[ORDER_PROFILE_MAX + 1];
	unsigned days;
	enum order_state state;
	char reason[ORDER_REASON_MAX + 1]; /* of the decision; "" */
	int64_t applied, decided, issued;  /* 0: not yet */
	unsigned char hash[ORDER_HASH_SIZE]; /* of the request */
	unsigned char *request; /* NULL in a list, and once it is issued or
	                         * rejected: only its hash is kept then */
	size_t request_len;
};

/* Free what it owns. Good for one that is all zeros. */
void order_clear(struct order *order);

struct order_new {
	const char *account;
	const char *foreign_number; /* NULL: none */
	enum order_form form;
	const char *profile;
	unsigned days;
	const void *request; /* DER, so that other armour is the same request */
	size_t request_len;
	bool approved; /* the profile needs nobody's approval */
};

/* Place an order, or find the one that it repeats: of the same account and
 * foreign number, with the same request. REC_EXISTS: that foreign number is
 * another request's.
 *   ret_new  it is a new one */
enum rec_err records_order_add(struct records *r, const struct rec_actor *actor,
                               const struct order_new *order,
                               int64_t *ret_number, bool *ret_new);
/* Clear it with order_clear(). */
enum rec_err records_order_get(struct records *r, const char *account,
                               int64_t number, struct order *ret_order);
/* account's: foreign numbers are each account's own. */
enum rec_err records_order_find(struct records *r, const char *account,
                                const char *foreign_number,
                                struct order *ret_order);

struct order_filter {
	const char *account;
	int state;      /* enum order_state; ORDER_N_STATES: any */
	int64_t before; /* a number; 0: from the newest on */
};

/* The newest first, without their requests.
 *   ret_n  how many; room or less */
enum rec_err records_order_list(struct records *r,
                                const struct order_filter *filter,
                                struct order *orders, size_t room,
                                size_t *ret_n);

/* How many wait for a decision, PKCS#12 among them: ORDERS_WAITING_MAX stands
 * for more, too. */
enum { ORDERS_WAITING_MAX = 1000 };

enum rec_err records_orders_waiting(struct records *r, size_t *ret_n);

/* Approve or reject one that is applied, or reject one that is approved; else
 * REC_STATE. */
enum rec_err records_order_decide(struct records *r,
                                  const struct rec_actor *actor, int64_t number,
                                  bool approve, const char *reason);

struct cert_new; /* records_cert.h */

/* What was issued for an order that is approved: one certificate or more, all
 * of them or none. REC_STATE: not approved, or issued already (by another, as
 * it may be: look it up). REC_SERIAL: make certificates with other serial
 * numbers, and call again.
 *   ret_ids  n of them; may be NULL */
enum rec_err records_order_issue(struct records *r,
                                 const struct rec_actor *actor, int64_t number,
                                 const struct cert_new *certs, size_t n,
                                 int64_t *ret_ids);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order.h - from a request to its certificates: read, judged by its profile,
 * placed, issued, answered again. Each step is on the disk before its call
 * returns, and may be repeated after an interruption. Not on the engine's
 * thread. */

#ifndef PSMD_ORDER_H
#define PSMD_ORDER_H

#include "psmd/issuer.h"
#include "psmd/records_cert.h"
#include "psmd/records_order.h"

enum order_err {
	ORDER_OK,
	ORDER_MALFORMED,  /* no request of that form, or a proof of possession
	                   * fails */
	ORDER_KEY_SIZE,   /* a key is too small */
	ORDER_REFUSED,    /* something else is not the profile's */
	ORDER_SECRET,     /* the request holds a password (challengePassword),
	                   * which is not to be kept */
	ORDER_DAYS,       /* more than the profile has */
	ORDER_TAKEN,      /* the foreign number is another request's, or with
	                   * must_be_new any order's */
	ORDER_NOT_FOUND,
	ORDER_STATE,      /* not in the state that this wants */
	ORDER_ENCRYPTED,  /* only its key's holder may read it, and the dialect
	                   * has no way for that */
	ORDER_BUSY,       /* too much to do, or the records are locked */
	ORDER_FAILED
};

enum { ORDER_WHY_SIZE = 512, ORDER_MESSAGES_MAX = 16 };

struct order_ask {
	const char *account;
	const char *foreign_number; /* NULL: none */
	bool must_be_new;  /* the foreign number may not be used already */
	enum order_form form;
	const void *request; /* as it came: PEM, base64 or DER */
	size_t request_len;
	const struct profile *profile;
	unsigned days;     /* 0: the profile's */
	bool in_clear;     /* its certificates shall be for everybody to read:
	                    * else ORDER_ENCRYPTED */
};

/* Place an order, and issue it when its profile says at once (or find the one
 * that it repeats, and issue that if an interruption kept it from it).
 *   ret_order  clear it with order_clear()
 *   why        a sentence for the client when it fails; ORDER_WHY_SIZE */
enum order_err order_place(const struct issuing *issuing,
                           const struct rec_actor *actor,
                           const struct order_ask *ask,
                           struct order *ret_order, char *why);
/* Issue an order that is approved; one that is issued already is fine. */
enum order_err order_issue(const struct issuing *issuing,
                           const struct rec_actor *actor, int64_t number,
                           char *why);
/* Approve, which issues it, or reject. Of a PKCS#12 that waits too, which is
 * made when it is asked for again: they have one row of numbers. */
enum order_err order_decide(const struct issuing *issuing,
                            const struct rec_actor *actor, int64_t number,
                            bool approve, const char *reason, char *why);

struct order_text {
	char *text;         /* base64 in lines of 64, or PEM; free() it */
	unsigned char *der; /* the same without armour; free() it */
	size_t der_len;
};

/* What was issued for it, in a dialect. ORDER_STATE: nothing yet, or it is
 * rejected. */
enum order_err order_answer(const struct issuing *issuing,
                            const struct order *order, enum ca_dialect dialect,
                            struct order_text *ret_text, char *why);
/* The same of certificates that are known, ORDER_MESSAGES_MAX at the most, none
 * encrypted if the dialect has no way for that.
 *   alone  without the authorities' */
enum order_err order_answer_certs(const struct issuing *issuing,
                                  const struct cert_record *certs, size_t n,
                                  enum ca_dialect dialect, bool alone,
                                  struct order_text *ret_text, char *why);
void order_text_clear(struct order_text *text);

#endif

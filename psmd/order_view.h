/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_view.h - orders as people see them who decide about them: each with a
 * number, a kind ("csr", "crmf" or "pkcs12") and a state. PKCS#12 files have
 * numbers of the same row. JSON values are new references; what is not there,
 * or not yet, has no member. Not on the engine's thread. */

#ifndef PSMD_ORDER_VIEW_H
#define PSMD_ORDER_VIEW_H

#include <jansson.h>

#include "psmd/issuer.h"
#include "psmd/order.h"
#include "psmd/records_order.h"

enum { ORDER_VIEW_MAX = 200 };

/* {"orders": [...], "more": there are others below}: the newest first, limit of
 * them, ORDER_VIEW_MAX at the most; PKCS#12 as long as they wait. */
enum rec_err order_view_list(struct records *r,
                             const struct order_filter *filter, size_t limit,
                             json_t **ret_view);

/* One with everything: what is asked for in a request that is still kept, what
 * its profile makes of that, the certificates and who may use them. */
enum rec_err order_view_one(const struct issuing *issuing, int64_t number,
                            json_t **ret_view);

/* The state of that name; ORDER_N_STATES: there is none. */
enum order_state order_state_by_name(const char *name);
/* Of a decision: a line of text, 1 to ORDER_REASON_MAX bytes of UTF-8. */
bool order_reason_valid(const char *reason);

/* An object that is being made: what fails shows at its end. */
struct view {
	json_t *object;
	bool failed;
};

struct view view_begin(void);
/* Takes over value's reference; NULL: out of memory. */
void view_put(struct view *view, const char *name, json_t *value);
/* Not what is NULL or "". */
void view_text(struct view *view, const char *name, const char *text);
void view_number(struct view *view, const char *name, int64_t number);
/* Not what is 0. */
void view_time(struct view *view, const char *name, int64_t seconds);
void view_hash(struct view *view, const char *name,
               const unsigned char hash[ORDER_HASH_SIZE]);
/* NULL: out of memory. */
json_t *view_end(struct view *view);
/* An array and its next element; false: out of memory, and the array is gone.
 */
bool view_append(json_t **array, json_t *value);

/* What the order asks for, into view: "wishes", as far as they can be read;
 * what its profile makes of them, "grants"; and "trouble", a sentence, when
 * nothing would come of it now. */
void view_request(const struct issuing *issuing, const struct order *order,
                  struct view *view);

#endif

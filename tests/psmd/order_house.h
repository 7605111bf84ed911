/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_house.h - an engine, an authority and records of their own, orders that
 * are placed there. Requests are openssl's. */

#ifndef TESTS_PSMD_ORDER_HOUSE_H
#define TESTS_PSMD_ORDER_HOUSE_H

#include "psm/psm.h"
#include "psmd/order.h"
#include "psmd/server.h"
#include "tests/psmd/files.h"

enum { YEAR = 365 * 86400 };

/* Orders are of the profile "client", for the account "alice". */
struct house {
	char dir[32];
	struct config config;
	struct profile profile;
	struct issuing issuing;
	struct order order;   /* the last one */
	struct order_text text;
	char why[ORDER_WHY_SIZE];
};

/* The call says what is expected; or why it did not. */
#define assert_order(house, call, expected)                         \
	do {                                                        \
		enum order_err got_ = (call);                       \
		if (got_ != (expected))                             \
			fail_msg("%s is %d (%s), not %s", #call,    \
			         got_, (house)->why, #expected);    \
	} while (0)

#define HOUSE(test) \
	cmocka_unit_test_setup_teardown(test, house_set_up, house_tear_down)

extern const struct rec_actor somebody;

/* cmocka's: of a group, with the files a.pem and a.der, a request; of a test,
 * and of one that is opened by another process. */
int house_files(void **state);
int house_set_up(void **state);
int house_set_up_closed(void **state);
int house_tear_down(void **state);
void house_open(struct house *house);

struct order_ask make_ask(const struct house *house,
                          const char *foreign_number);
/* Place what ask says, with a file's request. */
enum order_err place_ask(struct house *house, struct order_ask ask,
                         const char *file);
enum order_err place(struct house *house, const char *foreign_number,
                     const char *file);

size_t count_orders(struct house *house);
/* The order's certificates; cert_records_free(). */
struct cert_record *certs_of(struct house *house, int64_t number,
                             size_t expected);
enum order_state state_of(struct house *house, int64_t number);
/* What a command with the text before it prints has that in it. */
void assert_prints(const char *text, const char *expected, const char *command);
/* house->text is the answer to house->order. */
enum order_err answer(struct house *house, enum ca_dialect dialect);

#endif

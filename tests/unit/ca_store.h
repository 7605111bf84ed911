/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_store.h - the authority of a store: requests for it and what it issues, as
 * openssl sees it. */

#ifndef TESTS_UNIT_CA_STORE_H
#define TESTS_UNIT_CA_STORE_H

#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { DAY = 86400 };

STORE_DEFINE_AUTO(ca_answer, ca_answer_free)
STORE_DEFINE_AUTO(ca_request, ca_request_free)
STORE_DEFINE_AUTO(psm_requests, psm_requests_free)

#define assert_ca(st, call, expected)                                     \
	do {                                                              \
		enum psm_err got_ = (call);                               \
		if (got_ != (expected))                                   \
			fail_msg("%s is %s (%s), not %s", #call,          \
			         psm_err_name(got_), ca_errmsg((st)->ca), \
			         #expected);                              \
	} while (0)

#define EC_KEY "ec -pkeyopt ec_paramgen_curve:P-256"

/* The command succeeds, and prints what is expected. */
void assert_prints(struct store *st, const char *expected, const char *format,
                   ...)
	__attribute__((format(printf, 3, 4)));
bool out_says(struct store *st, const char *text);
/* A PKCS#10 in PEM, as openssl makes it; free() it. */
char *make_p10(struct store *st, const char *subject, const char *key,
               const char *more);
/* Issue from PEM, and have openssl verify it and write it out into "out". */
struct ca_answer *issue(struct store *st, const char *request,
                        const struct ca_options *options);
struct ca_request *open_request(struct store *st, const char *text,
                                const struct ca_options *options);
void assert_issue_fails(struct store *st, const char *request,
                        const struct ca_options *options,
                        enum psm_err expected);
void assert_refused(struct store *st, const char *request,
                    const struct ca_profile *profile, enum ca_fail fail);

#endif

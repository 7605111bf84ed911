/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* authority.h - the small authority in a database of its own, and requests for
 * it; openssl and certutil judge what it issues. */

#ifndef TESTS_UNIT_AUTHORITY_H
#define TESTS_UNIT_AUTHORITY_H

#include "ca/ca.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cmmf.h"

enum { OUTPUT_SIZE = 16384, YEAR = 365 * 86400 };

struct fixture {
	char dir[64];
	PK11SlotInfo *slot;
	struct ca *ca; /* its authority is "ca", an EC one */
};

/* What a request is made of. */
struct wish {
	const char *id, *subject;
	KeyType type;
	unsigned bits, key_usage;
	PRBool is_ca, as_p10;
	PRBool stays; /* the key, in the database */
};

/* The answer and its decoded form, for the CertRepContent dialects. */
struct reply {
	struct ca_answer *answer;
	SECItem der;
	struct nu_cert_rep *rep;
};

#define auto_reply __attribute__((cleanup(reply_clear))) struct reply

extern const struct wish alice;

/* cmocka's, of the group. nu_close() fails when anything of NSS's is still
 * held. */
int authority_setup(void **state);
int authority_teardown(void **state);

/* Run a command line in the fixture's directory; its output, or a failed
 * test. */
int shell(const struct fixture *fx, char output[OUTPUT_SIZE],
          const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void write_file(const struct fixture *fx, const char *name, const void *data,
                size_t len);
/* Read a file whole; the caller frees ret_item's data. */
void read_file(const struct fixture *fx, const char *name, SECItem *ret_item);
/* Has the text of the certificate (openssl x509 -text) what is expected? */
void assert_cert_says(const struct fixture *fx, const void *der, size_t len,
                      const char *expected);
void assert_verifies(const struct fixture *fx, const struct ca *ca,
                     const SECItem *cert, const char *purpose);
/* The wish's message, in the name of subject. */
SECItem *make_msg_named(const struct fixture *fx, const struct wish *wish,
                        const SECItem *subject);
SECItem *make_msg(const struct fixture *fx, const struct wish *wish);
SECItem *make_crmf(const struct fixture *fx, const struct wish *wishes,
                   size_t n);
void reply_clear(struct reply *reply);
struct reply ask(struct fixture *fx, const SECItem *request,
                 const struct ca_options *options);
struct reply ask_for(struct fixture *fx, const struct wish *wish,
                     const struct ca_options *options);
void assert_refused(const struct reply *reply, size_t i, enum ca_fail fail);
void assert_fails(struct fixture *fx, const void *request, size_t len,
                  const struct ca_options *options, enum psm_err expected);

void import(struct fixture *fx, const SECItem *der, const char *nickname);

#endif

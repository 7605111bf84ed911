/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* envelopes.h - keys of each kind, and what is encrypted to them. */

#ifndef TESTS_UNIT_ENVELOPES_H
#define TESTS_UNIT_ENVELOPES_H

#include <prerror.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_envelope.h"
#include "tests/unit/fresh.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define LABEL "recovered"

enum { FILE_SIZE = 16384, LONG_DATA = 5000 };

/* Whom and how; an EC key has CMS only. */
struct way {
	struct fresh_key *to;
	enum nu_envelope_form form;
};

#define must_shell(...)                                                    \
	do {                                                               \
		if (shell(__VA_ARGS__) != 0) {                             \
			nu_auto_item log_ = { siBuffer, NULL, 0 };         \
			read_file("log", &log_);                           \
			fail_msg("%.*s", (int)log_.len, (char *)log_.data); \
		}                                                          \
	} while (0)

extern struct fresh_key rsa, other_rsa, p256, p384, p521, other_p256;
extern const struct way ways[5];
extern const unsigned char key_with_id[11];

SECItem *seal(const struct way *way, const SECItem *data);
SECItem *seal_text(const struct way *way, const char *text);
void assert_opens(const SECItem *sealed, const struct fresh_key *opener,
                  const SECItem *expected);
void assert_closed(const SECItem *sealed, const struct fresh_key *opener,
                   PRErrorCode why);
SECItem *wrap_key(const struct fresh_key *key, const struct way *way);
SECKEYPrivateKey *unwrap(const SECItem *wrapped, const struct fresh_key *opener,
                         SECKEYPublicKey *pub, PRBool permanent, void *wincx);
/* It works, may leave its token again, and is found by its certificate. */
void assert_stored_well(SECKEYPrivateKey *key, SECKEYPublicKey *pub);

/* A command line, among the files of the test; its output goes to "log". */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
FILE *open_file(const char *name, const char *mode);
void read_file(const char *name, SECItem *ret_item);
void remove_files(void);

int envelopes_setup(void **state);
int envelopes_teardown(void **state);

#endif

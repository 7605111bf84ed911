/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* generated.h - several keys in one request: made, taken apart, escrowed. */

#ifndef TESTS_UNIT_GENERATED_H
#define TESTS_UNIT_GENERATED_H

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "psm/internal.h"
#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define SUBJECT "CN=Bob,O=People"

enum { MAX = 16 };
enum {
	SIGN = KU_DIGITAL_SIGNATURE,
	COMMIT = KU_NON_REPUDIATION,
	ENCIPHER = KU_KEY_ENCIPHERMENT,
	AGREE = KU_KEY_AGREEMENT
};

STORE_DEFINE_AUTO(psm_requests, psm_requests_free)

struct escrow_user {
	enum psm_answer answer;
	unsigned asked;
	size_t n_keys;
	char subject[64];
};

/* An escrow authority whose key is in the store, nickname "CN's Acme ID". */
#define ESCROW_SUBJECT "CN=Escrow"
#define ESCROW_NICKNAME "Escrow's Acme ID"

extern struct escrow_user escrow_user; /* said, and was told */

struct psm_requests *create(struct store *st,
                            const struct psm_requests_params *params);
struct psm_requests *create_one(struct store *st,
                                const struct psm_key_request *key);
/* Nothing is made, nothing handed out, and which parameter is to blame. */
void assert_not_created(struct store *st,
                        const struct psm_requests_params *params,
                        enum psm_err expected, const char *param);
struct nu_crmf *decode(const struct psm_requests *requests);
SECKEYPublicKey *public_of(const struct nu_crmf_msg *msg);
/* The pending key of this id, which is the message's own. */
SECKEYPrivateKey *pending_key(struct store *st, int32_t id,
                              const struct nu_crmf_msg *msg);
void assert_msg(struct store *st, const struct nu_crmf_msg *msg, int32_t id,
                KeyType type, unsigned bits, unsigned usage);

void ask_about_escrow(struct store *st, enum psm_answer answer);
/* A certificate of the store's in base64; free() it. */
char *base64_of(struct store *st, const char *name);
char *make_escrow(struct store *st, enum psm_key_type type);
SECKEYPrivateKey *escrow_key(void);

/* "ec-ex" for the store's authority, which is on P-256. */
struct psm_requests *create_agreed(struct store *st);

#endif

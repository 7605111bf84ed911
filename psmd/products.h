/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* products.h - what the calls below /products have in common: parameters whose
 * names are taken in any case, logins among them, and a family of codes.
 *
 * A call that is refused is answered as the call's document says, with HTTP's
 * 200; only what has no code of its own there has a status of HTTP's. */

#ifndef PSMD_PRODUCTS_H
#define PSMD_PRODUCTS_H

#include "psmd/config.h"
#include "psmd/order.h"
#include "psmd/request.h"

enum products_code {
	PRODUCTS_OK = 0,
	PRODUCTS_HTTPS = -1,    /* not over HTTPS */
	PRODUCTS_MISSING = -3,  /* an argument is */
	PRODUCTS_VALUE = -4,    /* an argument's value does not do */
	PRODUCTS_KEY_SIZE = -13,
	PRODUCTS_UNKNOWN = -14, /* anything else */
	PRODUCTS_LOGIN = -16,
	PRODUCTS_METHOD = -17,  /* not POST */
	PRODUCTS_REJECTED = -20,
	PRODUCTS_REVOKED = -21,
	PRODUCTS_LIMIT = -42,   /* too many calls */
	PRODUCTS_PRODUCT = -81, /* that certificate is not an order's */
	PRODUCTS_CSR = -136     /* no request for a certificate */
};

struct products_error {
	int code;           /* enum products_code */
	const char *item;   /* the argument, spelled as documented; or NULL */
	char text[ORDER_WHY_SIZE]; /* the description */
	unsigned status;    /* HTTP's */
};

/* Say what is wrong, in the code's own words, or in why's (NULL: its own).
 * Returns false. */
bool products_fail(struct products_error *error, int code, const char *item,
                   const char *why);
/* What a route's refuse() was called with. */
void products_refused(struct products_error *error, int refusal);
/* What CollectCCC has of certificates that are encrypted. */
#define PRODUCTS_COLLECT_ENCRYPTED \
	"(only its key's holder can read this certificate: CollectCCC has it " \
	"with responseType 4)"
/* What came of an order whose request is the argument item (NULL: of none in
 * this call). ORDER_STATE and ORDER_NOT_FOUND are -14: who calls knows more. */
void products_order_failed(struct products_error *error, enum order_err err,
                           const char *item, const char *why);

/* What went wrong with the records, which no argument is to blame for; writes
 * the log a line. Returns false. */
bool products_records_failed(struct products_error *error, enum rec_err err,
                             const char *doing);

/* A parameter that a call knows. */
struct products_field {
	const char *name; /* as documented */
	size_t max;       /* characters */
};

/* The body's parameters into values, in the order of fields; absent or empty:
 * NULL. Borrowed. Others are ignored, and so is the query. false: one is there
 * twice, too long, or no text. */
bool products_read(const struct request *request,
                   const struct products_field *fields, size_t n,
                   const char **values, struct products_error *error);

/* Who asks: by password; or without one (NULL) by a certificate of ours that
 * the connection came with, which a browser sends by itself, so that it must
 * not say that another site's page asks. name NULL: missing. The arguments are
 * called loginName and loginPassword. Wipe ret_account after use. */
bool products_login(const struct request *request, const char *name,
                    const char *password, struct account *ret_account,
                    struct products_error *error);

/* The service of these calls: a route's. */
const struct service *products_service(const struct config *config);

/* !applyClientAuthCert */
void apply_handler(const struct request *request, struct reply *reply);
void apply_refuse(const struct request *request, int refusal,
                  struct reply *reply);

/* download/CollectCCC */
void collect_handler(const struct request *request, struct reply *reply);
void collect_refuse(const struct request *request, int refusal,
                    struct reply *reply);

#endif

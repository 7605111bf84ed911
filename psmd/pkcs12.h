/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12.h - createPKCS12ById: a key, its certificate and both as PKCS#12, for
 * a client's signed and sealed request.
 *
 * The first of these that is wrong is what is answered:
 *
 *   1. the body, and what it seals, is JSON: "Invalid input data"
 *   2. all fields are there and within their limits, signature is base64, and
 *      userName is the same inside and outside: "Invalid parameter"; then
 *      validity: "Invalid validity"; then validFrom: "Invalid From Date"
 *   3. password, account, address and emKey, of which neither the answer nor
 *      its time tells which is wrong; each counts as a wrong password does:
 *      "Invalid request details found"
 *   4. the signature, and that what is signed makes sense: "Signature
 *      verification failed"
 *   5. the profile is there, and the client's: "Profile does not exist"
 *   6. the applicationId is new; else what was made for it is answered again,
 *      whatever this request is for, and also when its certificate was
 *      revoked: the file is its user's, whose key it has
 *   7. the profile grants it: "Invalid validity" or "Invalid From Date" for a
 *      time beyond its limits, "Invalid parameter" for the rest
 */

#ifndef PSMD_PKCS12_H
#define PSMD_PKCS12_H

#include <stdint.h>

#include "ca/pfx.h"
#include "psmd/records_pkcs12.h"
#include "psmd/server.h"

enum p12_err {
	P12_OK,
	P12_INPUT,
	P12_PARAMETER,
	P12_VALIDITY,
	P12_FROM,
	P12_DETAILS,
	P12_SIGNATURE,
	P12_PROFILE,
	P12_OTHER,    /* what was approved is not what is asked for now */
	P12_REJECTED,
	P12_MADE_NOW, /* by another request */
	P12_BUSY,
	P12_FAILED
};

/* What was sealed. Texts are borrowed from json. */
struct p12_ask {
	json_t *json;
	const char *signature; /* base64 */
	const char *user, *password, *profile, *subscriber, *application;
	const char *validity, *valid_from; /* NULL: not said */
	uint64_t seconds;   /* validity's; 0: the profile's */
	int64_t not_before; /* validFrom's, seconds since 1970; 0: now */
	unsigned char *signed_data; /* signature's */
	size_t signed_len;
};

enum { P12_PARTS_MAX = 64, P12_NAMES_MAX = 64, P12_PASSWORD_MAX = 128 };

/* What was signed. */
struct p12_content {
	unsigned char *text; /* where all of it is, cut into pieces */
	size_t len;
	struct ca_attribute parts[P12_PARTS_MAX]; /* of the subject */
	size_t n_parts;
	struct ca_alt_name names[P12_NAMES_MAX];
	size_t n_names;
	const char *cn;
	enum pfx_kind kind;
	const char *password; /* of the PKCS#12 */
};

/* One request. Zero it; p12_call_clear() wipes it. */
struct p12_call {
	const struct request *request;
	const struct config *config;
	const struct client *client;
	const struct profile *profile;
	struct p12_ask ask;
	struct p12_content content;
};

void p12_call_clear(struct p12_call *call);

/* Steps 1 and 2: sets client and ask. */
enum p12_err p12_open(struct p12_call *call);
/* Step 3. */
enum p12_err p12_check_client(const struct p12_call *call);
/* Step 4: sets content. */
enum p12_err p12_check_signature(struct p12_call *call);
/* Step 5: sets profile. */
enum p12_err p12_find_profile(struct p12_call *call);
/* Steps 6 and 7, and the rest. Clear it with pkcs12_result_clear(), whatever
 * comes: of P12_OK its state is PKCS12_DONE or PKCS12_WAITS, and of
 * P12_REJECTED it has the reason. */
enum p12_err p12_make(const struct p12_call *call,
                      struct pkcs12_result *ret_result);

/* "dd:hh:mm:ss", to 36135:23:59:59, and not nothing: to seconds. */
bool p12_validity(const char *text, uint64_t *ret_seconds);
/* "dd:MM:yyyy HH:mm:ss", a real moment in UTC after 1970 began. */
bool p12_valid_from(const char *text, int64_t *ret_time);

/* Cut content->text, of content->len bytes with a NUL behind, into fields:
 *
 *   CN=Test~O=Acme, Inc.~dNSName=www.example.org~KeyAlgorithmAndSize=RSA-2048~
 *   Password=secret
 *
 * (a line): KEY=value with "~" between, or with commas where no "~" stands
 * before the password. Blanks around names and values are not theirs; keys are
 * in any case; an empty value is none. Password takes the rest of the text,
 * whatever is in it. There is a CN, a kind of key and a password, once each;
 * other parts of the subject and alternative names as often as they like.
 * KeyAlogirthmAndSize is a way to spell KeyAlgorithmAndSize. false: not so. */
bool p12_content_read(struct p12_content *content);
/* All that decides what is made, in a line for who approves it. false: longer
 * than PKCS12_ASKED_MAX. */
bool p12_asked(const struct p12_call *call,
               char ret_asked[PKCS12_ASKED_MAX + 1]);

/* The route's. */
void pkcs12_handler(const struct request *request, struct reply *reply);
void pkcs12_refuse(const struct request *request, int refusal,
                   struct reply *reply);
const struct service *pkcs12_service(const struct config *config);

/* Once, before there are threads: what jansson frees is wiped from then on, for
 * requests have passwords in their JSON. */
void pkcs12_init(void);

#endif

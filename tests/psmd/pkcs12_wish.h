/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_wish.h - requests of createPKCS12ById and their answers, without HTTP.
 * Link it with --wrap=request_header. */

#ifndef TESTS_PSMD_PKCS12_WISH_H
#define TESTS_PSMD_PKCS12_WISH_H

#include "tests/psmd/pkcs12_house.h"

/* What is answered. */
#define INPUT     "Invalid input data"
#define PARAMETER "Invalid parameter"
#define VALIDITY  "Invalid validity"
#define FROM      "Invalid From Date"
#define DETAILS   "Invalid request details found"
#define SIGNATURE "Signature verification failed"
#define PROFILE   "Profile does not exist"
#define INTERNAL  "Internal server error"

/* What is signed, with that for KeyAlgorithmAndSize. */
#define KIND(kind) "CN=Test~KeyAlgorithmAndSize=" kind "~Password=x"

/* What is asked for. */
struct wish {
	const char *user;         /* NULL: alice */
	const char *outer_user;   /* NULL: the same */
	const char *content;      /* what is signed; NULL: a good one */
	const char *signer;       /* NULL: the registered one; "other" */
	const char *address;      /* NULL: 192.0.2.1 */
	const char *em_key;       /* header; NULL: the right one; "": none */
	const char *content_type; /* NULL: the right one */
	const char *method;       /* NULL: POST */
	json_t *fields;           /* in place of the usual ones, null: without
	                           * it; NULL: none are; taken over */
	const char *text;         /* sealed in place of JSON of the fields */
	size_t text_len;
	int cipher;               /* enum pfx_cipher + 1; 0: the client's */
	void (*spoil)(unsigned char *sealed, size_t *len); /* or NULL */
	const char *body;         /* in place of all that */
};

struct told {
	unsigned status;
	char account[ACCOUNT_NAME_MAX + 1]; /* for the log */
	char *body;    /* JSON */
	json_t *json;
};

/* Make the request, and ask. */
struct told ask(const struct wish *wish);
void told_clear(struct told *told);
/* The text, and it is the only thing said. told is cleared. */
void is_failure(struct told told, const char *message);
/* The PKCS#12 in base64, the caller's to free(). told is cleared. */
char *is_file(struct told told);

/* A member of what ask() got, "" for null. */
const char *said(const struct told *told, const char *member);
/* It waits for approval: its number. told is cleared. */
int64_t is_waiting(struct told told);

/* Fields of a wish. */
json_t *field(const char *name, const char *value);
json_t *app(const char *application);
/* Of the profile "manual". */
json_t *manual(const char *application, const char *from);

#endif

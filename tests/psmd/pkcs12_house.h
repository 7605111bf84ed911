/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_house.h - an authority, accounts and clients of createPKCS12ById, and
 * the requests they make; without HTTP. Link it with --wrap=request_header,
 * records_pkcs12_begin, records_pkcs12_finish, pfx_make and pfx_pool_take. */

#ifndef TESTS_PSMD_PKCS12_HOUSE_H
#define TESTS_PSMD_PKCS12_HOUSE_H

#include "psmd/pkcs12.h"

/* Clients: alice (CBC) and bob (GCM), who may come from 192.0.2.0/24 and ask
 * for every profile; carol (ECB), from anywhere, for "client" alone; ghost, who
 * has no account; off, whose account is disabled. Profiles: client, manual
 * (approved by people), ec (P-256 alone), weak (RSA from 1024 bits), account
 * (the subject is the account). */
struct house {
	char dir[32];
	struct config config;
	struct server server;
	unsigned char aes_key[PFX_KEY_SIZE];
};

extern struct house house;

int house_open(void **state);
int house_close(void **state);

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

/* Entries of the audit trail with that action. */
size_t count_entries(const char *action);

/* Of the next calls: how many fail. */
extern unsigned fail_finish, fail_make, fail_take;
extern enum rec_err finish_error;
/* Who waits for another to make it has no patience. */
extern bool in_a_hurry;

#endif

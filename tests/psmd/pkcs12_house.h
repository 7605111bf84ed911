/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_house.h - an authority, accounts and clients of createPKCS12ById. Link
 * it with --wrap=records_pkcs12_begin, records_pkcs12_finish, pfx_make and
 * pfx_pool_take. */

#ifndef TESTS_PSMD_PKCS12_HOUSE_H
#define TESTS_PSMD_PKCS12_HOUSE_H

#include "psmd/pkcs12.h"

/* Of each client. */
#define EM_KEY   "0123456789abcdef0123456789abcdef01234567"
#define PASSWORD "correct horse"

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

/* Entries of the audit trail with that action. */
size_t count_entries(const char *action);

/* Of the next calls: how many fail. */
extern unsigned fail_finish, fail_make, fail_take;
extern enum rec_err finish_error;
/* Who waits for another to make it has no patience. */
extern bool in_a_hurry;

#endif

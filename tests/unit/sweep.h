/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* sweep.h - each operation with its 1st, 2nd, 3rd ... call failing, until it
 * gets through: all or nothing, nothing lost, nothing left behind.
 *
 * PSM_FAULT=<n> tries the n-th call alone, PSM_TEST=<pattern> some tests. */

#ifndef SWEEP_H
#define SWEEP_H

#include <keyhi.h>

#include "tests/unit/store.h"

#define SWEEP_PASSWORD "a password"
#define SWEEP_BACKUP "backup.p12"

enum { SWEEP_USERS = 2 };

/* An operation, and what it works on. */
struct sweep {
	struct store *st;
	const struct operation *op;
	char *response;
	size_t response_len; /* of one that is no text */
	int32_t id;
	char *expected;    /* what it returns when nothing fails, or NULL */
	char *before;      /* a snapshot of the store as it was prepared */
	char *files;       /* and what was beside its database */
	void *got;         /* what the operation returned */
	const char *hit;   /* the call that failed, or NULL */
	bool again;        /* to complete what had failed */
	size_t n_problems; /* a sweep goes on after one, to show them all */
};

struct operation {
	const char *name;
	const char *password; /* of the database; NULL: none */
	/* Bring the store to where the operation begins. */
	void (*prepare)(struct sweep *sw);
	enum psm_err (*run)(struct sweep *sw);
	/* What it did is complete. */
	void (*check)(struct sweep *sw);
	void (*free_got)(void *got); /* or NULL */
	/* Calls that may fail without the operation failing; or NULL. */
	const char *const *best_effort;
	/* Words of an error that does not tell why it fails, since a sender
	 * could learn from that; or NULL. */
	const char *not_told;
	/* The error, though an internal one, says whose fault it is; or
	 * NULL. */
	bool (*blames)(void);
	/* Half of it is no harm: it goes on where it was. */
	bool goes_on;
	/* Once all fails, half of it is done for good. */
	bool not_all;
};

/* For main(): a cmocka test of each operation with each kind of failure. */
int sweep_main(const char *group, const struct operation *ops, size_t n_ops);

/* --- what operations share -------------------------------------------- */

/* A key whose public half cannot be read is challenged. */
extern const char *const sweep_matching[];
/* The public key's object may stay. */
extern const char *const sweep_deleting[];
/* A file that was read, or a directory that was synced, is closed. */
extern const char *const sweep_closing[];

/* How many lines of a snapshot contain a text. */
struct sweep_count {
	const char *text;
	size_t n;
};
/* Of the store as it is; the last one's text is NULL. */
void sweep_check_counts(const struct sweep *sw,
                        const struct sweep_count *counts);

void sweep_prepare_nothing(struct sweep *sw);
/* Two requests, answered by an authority that is not in the store. */
void sweep_prepare_answer(struct sweep *sw);
/* An import of n certificates, each complete. */
void sweep_check_result(const struct sweep *sw, size_t n);
/* The import of one certificate, for User 1 by the store's own authority. */
void sweep_check_one(struct sweep *sw);
/* The import of sweep_prepare_answer()'s answer. */
void sweep_check_import(struct sweep *sw);
/* Opens the backup, and finds all of that there. */
void sweep_check_backup(struct sweep *sw);
void sweep_free_import(void *got);
void sweep_free_request(void *got);

/* The authority's certificate, borrowed. */
SECItem sweep_ca_cert(const struct sweep *sw);
SECKEYPublicKey *sweep_public_of(const SECItem *spki);
/* In the database. */
SECKEYPrivateKey *sweep_find_key(const char *label);

#endif

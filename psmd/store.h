/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* store.h - the certificates of the store as the APIs list them, remembered
 * until the store changes.
 *
 * An id is a certificate's nickname when that is "@" (the users') or "#"
 * (internal) and 1 to 40 of a-z A-Z 0-9 _ -.
 *
 * What is listed is every certificate whose private key is here. It is read
 * whole, on the engine's thread, when somebody asks and it has changed since:
 * many writes in a row cost no reading. Whether it has changed is asked each
 * time, without the engine, so that an answer that is still right does not wait
 * behind a long write. */

#ifndef PSMD_STORE_H
#define PSMD_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "psmd/server.h"

/* server has its engine. NULL: out of memory, or the database is gone. */
struct store *store_new(struct server *server);
/* Before the engine ends. NULL is fine. */
void store_free(struct store *store);

#define STORE_ID_MAX 41 /* "@" and 40 more */

/* A certificate of a snapshot, borrowed from it. */
struct store_entry {
	const struct psm_cert *cert;
	const char *id;    /* NULL: its nickname is none */
	bool is_protected; /* its nickname begins with "#", and the
	                    * configuration does not say otherwise */
	const char *json;  /* as the API shows it, len bytes, no NUL */
	size_t len;
};

struct snapshot;

/* The store as it is now; give it back with snapshot_release(). PSM_E_BUSY: the
 * engine has too much to do. */
enum psm_err store_hold(struct store *store, struct snapshot **ret_snapshot);
/* The same on the engine's thread, for a piece of work there. */
enum psm_err store_hold_here(struct store *store, struct psm_ctx *ctx,
                             struct snapshot **ret_snapshot);
/* NULL is fine. */
void snapshot_release(struct snapshot *snapshot);

/* All of them, sorted by the end of their validity, then by SHA-256: JSON
 * objects with commas between, *ret_len bytes. */
const char *snapshot_json(const struct snapshot *snapshot, size_t *ret_len);
/* The i-th of those that have this id, or this fingerprint (SHA-1 or SHA-256,
 * lower-case hexadecimal); NULL when there is none. */
const struct store_entry *snapshot_find(const struct snapshot *snapshot,
                                        const char *name, size_t i);

/* Does text, of a user's or an internal id, have the form of one? */
bool store_is_id(const char *text);

#endif

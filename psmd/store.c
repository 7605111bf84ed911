/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* store.c - the certificates of the store, remembered until it changes. */

#include "psmd/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "psmd/config.h"
#include "psmd/engine.h"

/* A name that an entry is found by. */
struct name {
	const char *text;
	const struct store_entry *entry;
};

struct snapshot {
	atomic_uint refs;
	uint64_t stamp;              /* of the database when it was read */
	const struct config *config; /* what ids are was read there */
	struct psm_cert_list *list;
	struct store_entry *entries; /* sorted */
	size_t n;
	struct name *names;          /* sorted */
	size_t n_names;
	char *text;                  /* every entry's JSON */
	size_t len, room;            /* bytes */
};

struct store {
	struct server *server;
	pthread_mutex_t lock;
	struct psm_ctx *stamps; /* asked for nothing but stamps */
	struct snapshot *now;   /* NULL: nothing was read yet */
};

/* --- ids ----------------------------------------------------------------- */

bool
store_is_id(const char *text)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz"
	                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t len = strlen(text);

	return (text[0] == '@' || text[0] == '#') && len > 1 &&
	       len <= STORE_ID_MAX && strspn(text + 1, set) == len - 1;
}

/* --- a snapshot ---------------------------------------------------------- */

static void
snapshot_free(struct snapshot *snapshot)
{
	psm_cert_list_free(snapshot->list);
	free(snapshot->entries);
	free(snapshot->names);
	free(snapshot->text);
	free(snapshot);
}

void
snapshot_release(struct snapshot *snapshot)
{
	if (snapshot != NULL && atomic_fetch_sub(&snapshot->refs, 1) == 1)
		snapshot_free(snapshot);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct psm_cert *x = ((const struct store_entry *)a)->cert;
	const struct psm_cert *y = ((const struct store_entry *)b)->cert;

	if (x->not_after != y->not_after)
		return x->not_after < y->not_after ? -1 : 1;
	return strcmp(x->sha256, y->sha256);
}

static int
compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	if (order != 0)
		return order;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* The first of the names that is not less than text. */
static size_t
first_name(const struct snapshot *snapshot, const char *text)
{
	size_t low = 0, high = snapshot->n_names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(snapshot->names[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct store_entry *
snapshot_find(const struct snapshot *snapshot, const char *name, size_t i)
{
	size_t at = first_name(snapshot, name) + i;

	return at < snapshot->n_names &&
	                       strcmp(snapshot->names[at].text, name) == 0
	               ? snapshot->names[at].entry
	               : NULL;
}

/* Of a certificate in two tokens both are listed, and are one to everybody. */
static void
drop_doubles(struct snapshot *snapshot)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->n; i++) {
		if (n > 0 && strcmp(snapshot->entries[i].cert->sha256,
		                    snapshot->entries[n - 1].cert->sha256) == 0)
			continue;
		snapshot->entries[n++] = snapshot->entries[i];
	}
	snapshot->n = n;
}

static bool
take_entries(struct snapshot *snapshot)
{
	size_t n = psm_cert_list_count(snapshot->list);

	snapshot->entries = calloc(n + 1, sizeof *snapshot->entries);
	if (snapshot->entries == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct psm_cert *cert =
		        psm_cert_list_get(snapshot->list, i);

		if (cert->has_key)
			snapshot->entries[snapshot->n++].cert = cert;
	}
	qsort(snapshot->entries, snapshot->n, sizeof *snapshot->entries,
	      compare_entries);
	drop_doubles(snapshot);
	return true;
}

static bool
append(struct snapshot *snapshot, const char *text, size_t len)
{
	if (snapshot->len + len > snapshot->room) {
		size_t room = 2 * (snapshot->len + len);
		char *bigger = realloc(snapshot->text, room);

		if (bigger == NULL)
			return false;
		snapshot->text = bigger;
		snapshot->room = room;
	}
	memcpy(snapshot->text + snapshot->len, text, len);
	snapshot->len += len;
	return true;
}

/* The members that the store's certificate has not by itself. */
static bool
add_members(json_t *object, const struct store_entry *entry,
            bool system_use_only)
{
	return json_object_set_new(object, "protected",
	                           json_boolean(entry->is_protected)) == 0 &&
	       (entry->id == NULL ||
	        json_object_set_new(object, "id", json_string(entry->id)) ==
	                0) &&
	       json_object_set_new(object, "systemUseOnly",
	                           json_boolean(system_use_only)) == 0;
}

static bool
write_anew(struct snapshot *snapshot, struct store_entry *entry,
           bool system_use_only)
{
	json_t *object = pj_user_cert(entry->cert);
	char *text = NULL;
	bool done;

	if (object != NULL && add_members(object, entry, system_use_only))
		text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	entry->len = text != NULL ? strlen(text) : 0;
	done = text != NULL && append(snapshot, text, entry->len);
	free(text);
	return done;
}

static bool
is_internal(const struct psm_cert *cert)
{
	return cert->nickname != NULL && cert->nickname[0] == '#';
}

/* The same certificate under the same id, of the users', written before. */
static const struct store_entry *
find_written(const struct snapshot *before, const struct snapshot *snapshot,
             const struct store_entry *entry)
{
	const struct store_entry *there;

	if (before == NULL || before->config != snapshot->config)
		return NULL;
	there = snapshot_find(before, entry->cert->sha256, 0);
	if (there == NULL || is_internal(there->cert) ||
	    (there->id != NULL) != (entry->id != NULL) ||
	    (there->id != NULL && strcmp(there->id, entry->id) != 0))
		return NULL;
	return there;
}

static bool
write_entry(const struct snapshot *before, struct snapshot *snapshot,
            struct store_entry *entry)
{
	const char *nickname = entry->cert->nickname;
	const struct internal_id *about =
	        is_internal(entry->cert) ? config_id(snapshot->config, nickname)
	                                 : NULL;
	const struct store_entry *written;

	entry->id = nickname != NULL && store_is_id(nickname) ? nickname : NULL;
	entry->is_protected = about != NULL && about->is_protected;
	written = about == NULL ? find_written(before, snapshot, entry) : NULL;
	if (written != NULL) {
		entry->len = written->len;
		if (!append(snapshot, written->json, written->len))
			return false;
	} else if (!write_anew(snapshot, entry,
	                       about != NULL && about->system_use_only)) {
		return false;
	}
	return append(snapshot, ",", 1);
}

/* The text moves while it grows: where its parts are is known at the end. */
static bool
write_entries(const struct snapshot *before, struct snapshot *snapshot)
{
	const char *at;

	for (size_t i = 0; i < snapshot->n; i++) {
		if (!write_entry(before, snapshot, &snapshot->entries[i]))
			return false;
	}
	at = snapshot->text;
	for (size_t i = 0; i < snapshot->n; i++) {
		snapshot->entries[i].json = at;
		at += snapshot->entries[i].len + 1;
	}
	return true;
}

static bool
index_names(struct snapshot *snapshot)
{
	snapshot->names = calloc(3 * snapshot->n + 1, sizeof *snapshot->names);
	if (snapshot->names == NULL)
		return false;
	for (size_t i = 0; i < snapshot->n; i++) {
		const struct store_entry *entry = &snapshot->entries[i];
		struct name *to = &snapshot->names[snapshot->n_names];

		*to++ = (struct name){ entry->cert->sha1, entry };
		*to++ = (struct name){ entry->cert->sha256, entry };
		if (entry->id != NULL)
			*to++ = (struct name){ entry->id, entry };
		snapshot->n_names = (size_t)(to - snapshot->names);
	}
	qsort(snapshot->names, snapshot->n_names, sizeof *snapshot->names,
	      compare_names);
	return true;
}

/* The stamp comes first: what changes while it is read is seen the next time.
 *   before  what was read before this, or NULL */
static enum psm_err
snapshot_read(struct psm_ctx *ctx, const struct config *config,
              const struct snapshot *before, struct snapshot **ret_snapshot)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	enum psm_err err;

	if (snapshot == NULL)
		return PSM_E_NO_MEMORY;
	atomic_init(&snapshot->refs, 1);
	snapshot->config = config;
	if ((err = psm_store_stamp(ctx, &snapshot->stamp)) == PSM_OK &&
	    (err = psm_store_list(ctx, &snapshot->list)) == PSM_OK &&
	    (!take_entries(snapshot) || !write_entries(before, snapshot) ||
	     !index_names(snapshot)))
		err = PSM_E_NO_MEMORY;
	if (err != PSM_OK) {
		snapshot_free(snapshot);
		return err;
	}
	*ret_snapshot = snapshot;
	return PSM_OK;
}

const char *
snapshot_json(const struct snapshot *snapshot, size_t *ret_len)
{
	*ret_len = snapshot->n > 0 ? snapshot->len - 1 : 0;
	return snapshot->n > 0 ? snapshot->text : "";
}

/* --- the one that is remembered ------------------------------------------ */

/* NULL and PSM_OK: what is remembered is no longer right. */
static enum psm_err
hold_current(struct store *store, struct snapshot **ret_snapshot)
{
	const struct config *config = server_config(store->server);
	struct snapshot *now;
	enum psm_err err;
	uint64_t stamp;

	*ret_snapshot = NULL;
	pthread_mutex_lock(&store->lock);
	err = psm_store_stamp(store->stamps, &stamp);
	now = store->now;
	if (err == PSM_OK && now != NULL && now->stamp == stamp &&
	    now->config == config) {
		atomic_fetch_add(&now->refs, 1);
		*ret_snapshot = now;
	}
	pthread_mutex_unlock(&store->lock);
	return err;
}

static void
remember(struct store *store, struct snapshot *snapshot)
{
	struct snapshot *before;

	atomic_fetch_add(&snapshot->refs, 1);
	pthread_mutex_lock(&store->lock);
	before = store->now;
	store->now = snapshot;
	pthread_mutex_unlock(&store->lock);
	snapshot_release(before);
}

enum psm_err
store_hold_here(struct store *store, struct psm_ctx *ctx,
                struct snapshot **ret_snapshot)
{
	struct snapshot *snapshot;
	enum psm_err err = hold_current(store, &snapshot);

	if (err == PSM_OK && snapshot == NULL) {
		/* Only this thread puts another in its place. */
		err = snapshot_read(ctx, server_config(store->server),
		                    store->now, &snapshot);
		if (err == PSM_OK)
			remember(store, snapshot);
	}
	if (err == PSM_OK)
		*ret_snapshot = snapshot;
	return err;
}

struct reading {
	struct store *store;
	struct snapshot *snapshot;
	enum psm_err err;
};

static void
read_store(struct psm_ctx *ctx, void *arg)
{
	struct reading *reading = arg;

	reading->err =
	        store_hold_here(reading->store, ctx, &reading->snapshot);
}

enum psm_err
store_hold(struct store *store, struct snapshot **ret_snapshot)
{
	struct reading reading = { .store = store };

	reading.err = hold_current(store, &reading.snapshot);
	if (reading.err == PSM_OK && reading.snapshot == NULL &&
	    !engine_call(store->server->engine, read_store, &reading))
		return PSM_E_BUSY;
	if (reading.err == PSM_OK)
		*ret_snapshot = reading.snapshot;
	return reading.err;
}

struct store *
store_new(struct server *server)
{
	const struct config *config = server_config(server);
	struct store *store = calloc(1, sizeof *store);

	if (store == NULL)
		return NULL;
	store->server = server;
	store->stamps = psm_new(NULL, NULL);
	if (store->stamps == NULL ||
	    psm_open(store->stamps, config->database, 0) != PSM_OK) {
		psm_free(store->stamps);
		free(store);
		return NULL;
	}
	pthread_mutex_init(&store->lock, NULL);
	return store;
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	snapshot_release(store->now);
	psm_free(store->stamps);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

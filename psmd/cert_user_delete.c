/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert_user_delete.c - DELETE of /api/cert/user: a certificate and its key. */

#include "psmd/cert_user.h"

#include <stdio.h>

#include "psmd/engine.h"
#include "psmd/store.h"
#include "psmd/trail.h"

enum outcome { DELETED, UNKNOWN, PROTECTED, FAILED };

struct deletion {
	const struct request *request;
	const struct cert_name *name;
	enum outcome outcome;
	enum psm_err err;
	char why[512];
};

static void
fail(struct deletion *deletion, enum psm_err err, const char *why)
{
	deletion->outcome = FAILED;
	deletion->err = err;
	snprintf(deletion->why, sizeof deletion->why, "%s", why);
}

/* Its fingerprint names it wherever it is, and nothing else. */
static bool
delete_entry(struct deletion *deletion, struct psm_ctx *ctx,
             const struct store_entry *entry)
{
	const struct request *request = deletion->request;
	bool with_key = false;
	enum psm_err err = psm_store_delete(ctx, entry->cert->sha256, 0,
	                                    &with_key);

	if (err != PSM_OK) {
		fail(deletion, err, psm_errmsg(ctx));
		return false;
	}
	trail_add(request, "cert.delete", entry->id != NULL ? entry->id : "-",
	          "fingerprint=%s key=%s", entry->cert->sha1,
	          with_key ? "deleted" : "kept");
	return true;
}

/* One protected certificate protects all of its id. */
static enum outcome
judge(const struct snapshot *snapshot, const char *name)
{
	const struct store_entry *entry = snapshot_find(snapshot, name, 0);

	if (entry == NULL)
		return UNKNOWN;
	for (size_t i = 0;
	     (entry = snapshot_find(snapshot, name, i)) != NULL; i++) {
		if (entry->is_protected)
			return PROTECTED;
	}
	return DELETED;
}

/* On the engine's thread from the search to the end: nobody gets between. */
static void
delete_named(struct psm_ctx *ctx, void *arg)
{
	struct deletion *deletion = arg;
	const char *name = deletion->name->text;
	const struct store_entry *entry;
	struct snapshot *snapshot;
	enum psm_err err = store_hold_here(deletion->request->server->store,
	                                   ctx, &snapshot);

	if (err != PSM_OK) {
		fail(deletion, err, psm_errmsg(ctx));
		return;
	}
	deletion->outcome = judge(snapshot, name);
	for (size_t i = 0; deletion->outcome == DELETED &&
	     (entry = snapshot_find(snapshot, name, i)) != NULL; i++) {
		if (!delete_entry(deletion, ctx, entry))
			break;
	}
	snapshot_release(snapshot);
}

void
cert_user_delete(const struct request *request, struct reply *reply)
{
	struct cert_name name;
	struct deletion deletion = { .request = request, .name = &name };

	if (!cert_name_read(request, &name, reply))
		return;
	if (name.param == NULL) {
		api_error(reply, API_MISSING, "id", NULL);
		return;
	}
	if (!engine_call(request->server->engine, delete_named, &deletion))
		fail(&deletion, PSM_E_BUSY, "");
	switch (deletion.outcome) {
	case DELETED:
		api_success(reply, NULL);
		break;
	case UNKNOWN:
		cert_answer_unknown(&name, reply);
		break;
	case PROTECTED:
		api_error(reply, API_REJECTED, name.param,
		          "this certificate is protected");
		break;
	case FAILED:
		cert_answer_failure(request, deletion.err, deletion.why,
		                    reply);
	}
}

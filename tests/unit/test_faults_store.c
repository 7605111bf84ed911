/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_store.c - any call fails of backing up, restoring, listing,
 * deleting and cancelling. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/sweep.h"

/* --- cancel ---------------------------------------------------------- */

/* Of n keys, and of one more if it could not be deleted: that is harmless. */
static void
check_public_keys(struct sweep *sw, size_t n)
{
	size_t found = store_count(sw->st, "public ");

	if (found != n && (found != n + 1 || sw->hit == NULL))
		fail_msg("there are %zu public keys", found);
}

static void
prepare_request(struct sweep *sw)
{
	struct psm_request *request = store_request(sw->st, "CN=User 1",
	                                            PSM_KEY_EC);

	sw->id = request->id;
	psm_request_free(request);
}

static enum psm_err
run_cancel(struct sweep *sw)
{
	return psm_request_cancel(sw->st->ctx, sw->id, PSM_CANCEL_DELETE_KEY);
}

static void
check_cancel(struct sweep *sw)
{
	assert_int_equal(store_count(sw->st, "key [pending:"), 0);
	check_public_keys(sw, 1);
}

/* --- backup and restore ---------------------------------------------- */

static void
import_answer(struct sweep *sw)
{
	struct psm_import *import = NULL;

	assert_psm(sw->st, psm_import_user_certificates(sw->st->ctx,
	                                                sw->response, NULL, 0,
	                                                &import), PSM_OK);
	psm_import_free(import);
}

static void
prepare_certs(struct sweep *sw)
{
	sweep_prepare_answer(sw);
	import_answer(sw);
}

static enum psm_err
run_backup(struct sweep *sw)
{
	const char *const names[] = { "User 1's Far ID", "User 2's Far ID" };

	return psm_backup(sw->st->ctx, names, SWEEP_USERS,
	                  &sw->st->user.target);
}

static void
delete_cert(struct sweep *sw, const char *name)
{
	assert_psm(sw->st, psm_store_delete(sw->st->ctx, name, 0, NULL),
	           PSM_OK);
}

static void
prepare_file(struct sweep *sw)
{
	prepare_certs(sw);
	assert_psm(sw->st, run_backup(sw), PSM_OK);
	assert_int_equal(rename(sw->st->user.target.path,
	                        store_path(sw->st, "given.p12")), 0);
	delete_cert(sw, "User 1's Far ID");
	delete_cert(sw, "User 2's Far ID");
	delete_cert(sw, "Far CA");
}

static enum psm_err
run_restore(struct sweep *sw)
{
	return psm_restore(sw->st->ctx, store_path(sw->st, "given.p12"), NULL,
	                   0, (struct psm_import **)&sw->got);
}

/* --- delete ---------------------------------------------------------- */

static enum psm_err
run_delete(struct sweep *sw)
{
	return psm_store_delete(sw->st->ctx, "User 1's Far ID", 0, NULL);
}

static void
check_delete(struct sweep *sw)
{
	assert_int_equal(store_count(sw->st, "[User 1's Far ID]"), 0);
	assert_int_equal(store_count(sw->st, "[User 2's Far ID]"), 2);
	check_public_keys(sw, 2);
}

/* Keys made elsewhere have ids of their own. */
static void
prepare_foreign_certs(struct sweep *sw)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKeyList) keys = NULL;

	sweep_prepare_answer(sw);
	keys = PK11_ListPrivKeysInSlot(slot, NULL, NULL);
	assert_non_null(keys);
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(n, keys); n = PRIVKEY_LIST_NEXT(n)) {
		nu_auto_port char *label = PK11_GetPrivateKeyNickname(n->key);
		SECItem id = { siBuffer, (unsigned char *)label,
			       (unsigned)strlen(label) };

		if (strncmp(label, "pending:", 8) == 0)
			assert_int_equal(PK11_WriteRawAttribute(
			                         PK11_TypePrivKey, n->key,
			                         CKA_ID, &id), SECSuccess);
	}
	import_answer(sw);
}

static void
check_delete_foreign(struct sweep *sw)
{
	assert_int_equal(store_count(sw->st, "[User 1's Far ID]"), 0);
	assert_int_equal(store_count(sw->st, "[User 2's Far ID]"), 2);
}

/* --- list ------------------------------------------------------------ */

static void
prepare_many(struct sweep *sw)
{
	prepare_certs(sw);
	prepare_request(sw);
}

static enum psm_err
run_store_list(struct sweep *sw)
{
	return psm_store_list(sw->st->ctx, (struct psm_cert_list **)&sw->got);
}

static void
check_store_list(struct sweep *sw)
{
	size_t n_users = 0;

	assert_int_equal(psm_cert_list_count(sw->got), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct psm_cert *cert = psm_cert_list_get(sw->got, i);

		assert_non_null(cert->nickname);
		if (strncmp(cert->subject, "CN=User ", 8) != 0)
			continue;
		n_users++;
		assert_true(cert->has_key);
		assert_string_equal(cert->issuer, "CN=Far CA,O=Far");
	}
	assert_int_equal(n_users, SWEEP_USERS);
}

static void
free_cert_list(void *got)
{
	psm_cert_list_free(got);
}

static enum psm_err
run_request_list(struct sweep *sw)
{
	return psm_request_list(sw->st->ctx,
	                        (struct psm_pending_list **)&sw->got);
}

static void
check_request_list(struct sweep *sw)
{
	const struct psm_pending *one = psm_pending_list_get(sw->got, 0);

	assert_int_equal(psm_pending_list_count(sw->got), 1);
	assert_int_equal(one->state, PSM_PENDING);
	assert_int_equal(one->id, sw->id);
	assert_string_equal(one->subject, "CN=User 1");
	assert_int_equal(strlen(one->created), 10);
	assert_int_equal(one->key_bits, 256);
	assert_int_equal(strlen(one->key_id), 40);
}

static void
free_pending_list(void *got)
{
	psm_pending_list_free(got);
}

static const struct operation operations[] = {
	{ .name = "cancel",
	  .prepare = prepare_request, .run = run_cancel,
	  .check = check_cancel, .best_effort = sweep_deleting },
	{ .name = "backup",
	  .prepare = prepare_certs, .run = run_backup,
	  .check = sweep_check_backup, .best_effort = sweep_closing },
	{ .name = "restore",
	  .prepare = prepare_file, .run = run_restore,
	  .check = sweep_check_import, .free_got = sweep_free_import,
	  .best_effort = sweep_closing },
	{ .name = "list", .password = SWEEP_PASSWORD,
	  .prepare = prepare_many, .run = run_store_list,
	  .check = check_store_list, .free_got = free_cert_list },
	{ .name = "request_list", .password = SWEEP_PASSWORD,
	  .prepare = prepare_many, .run = run_request_list,
	  .check = check_request_list, .free_got = free_pending_list },
	{ .name = "delete",
	  .prepare = prepare_certs, .run = run_delete,
	  .check = check_delete, .best_effort = sweep_deleting,
	  .not_all = true },
	{ .name = "delete_with_a_foreign_key",
	  .prepare = prepare_foreign_certs, .run = run_delete,
	  .check = check_delete_foreign, .best_effort = sweep_deleting,
	  .not_all = true },
};

int
main(void)
{
	return sweep_main("faults of the store", operations,
	                  sizeof operations / sizeof operations[0]);
}

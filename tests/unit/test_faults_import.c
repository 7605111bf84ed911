/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_import.c - any call of an import fails. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/sweep.h"

static enum psm_err
run_import(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL, 0,
	                                    (struct psm_import **)&sw->got);
}

static enum psm_err
run_import_with_backup(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL,
	                                    PSM_IMPORT_FORCE_BACKUP,
	                                    (struct psm_import **)&sw->got);
}

/* No id of this answer is pending: the keys are found by themselves. */
static void
prepare_answer_by_key(struct sweep *sw)
{
	struct psm_request *request =
	        store_request_p10(sw->st, "CN=User 1");

	sw->response = store_answer(sw->st, request, CA_DIALECT_CMP);
	psm_request_free(request);
}

/* The same for a key that NSS does not find by the certificate. */
static void
change_key_id(struct sweep *sw, const char *id)
{
	SECItem item = { siBuffer, (unsigned char *)id, (unsigned)strlen(id) };
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKeyList) keys =
	        PK11_ListPrivKeysInSlot(slot, NULL, NULL);

	(void)sw;
	assert_non_null(keys);
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(n, keys); n = PRIVKEY_LIST_NEXT(n)) {
		nu_auto_port char *label = PK11_GetPrivateKeyNickname(n->key);

		if (strncmp(label, "pending:", 8) == 0)
			assert_int_equal(PK11_WriteRawAttribute(
			                         PK11_TypePrivKey, n->key,
			                         CKA_ID, &item), SECSuccess);
	}
}

static void
prepare_foreign_key(struct sweep *sw)
{
	sweep_prepare_answer(sw);
	change_key_id(sw, "somebody else's id");
}

static void
prepare_key_without_id(struct sweep *sw)
{
	sweep_prepare_answer(sw);
	change_key_id(sw, "");
}

static enum psm_err
run_import_by_key(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL,
	                                    PSM_MATCH_BY_KEY,
	                                    (struct psm_import **)&sw->got);
}

static void
check_import_with_backup(struct sweep *sw)
{
	sweep_check_import(sw);
	assert_string_equal(psm_import_backup_path(sw->got),
	                    sw->st->user.target.path);
	sweep_check_backup(sw);
}

static const struct operation operations[] = {
	{ .name = "import", .password = SWEEP_PASSWORD,
	  .prepare = sweep_prepare_answer, .run = run_import,
	  .check = sweep_check_import, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_by_key",
	  .prepare = prepare_answer_by_key, .run = run_import_by_key,
	  .check = sweep_check_one, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_for_foreign_key",
	  .prepare = prepare_foreign_key, .run = run_import,
	  .check = sweep_check_import, .free_got = sweep_free_import,
	  .best_effort = sweep_matching, .not_all = true },
	{ .name = "import_for_key_without_id",
	  .prepare = prepare_key_without_id, .run = run_import,
	  .check = sweep_check_import, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_with_backup",
	  .prepare = sweep_prepare_answer, .run = run_import_with_backup,
	  .check = check_import_with_backup, .free_got = sweep_free_import,
	  .best_effort = sweep_closing },
};

int
main(void)
{
	return sweep_main("faults of import", operations,
	                  sizeof operations / sizeof operations[0]);
}

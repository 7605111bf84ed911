/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_readonly.c - a database that must not, or cannot, be written. Run as
 * root, who may write anything, it goes on as nobody. */

#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

enum { NOBODY = 65534 };

/* A store with Bob's certificate, Eve's pending request and the answer to it,
 * and a backup of Bob's. */
struct prepared {
	struct store *st;
	struct psm_request *request;
	char *answer;
};

static struct prepared
prepare(void)
{
	struct prepared p = { store_new(NULL), NULL, NULL };
	struct psm_backup_target target = { .password = "backup" };
	const char *name = "Bob's Acme ID";

	snprintf(target.path, sizeof target.path, "%s",
	         store_path(p.st, "bob.p12"));
	store_own(p.st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(p.st, psm_backup(p.st->ctx, &name, 1, &target), PSM_OK);
	p.request = store_request(p.st, "CN=Eve", PSM_KEY_EC);
	p.answer = store_answer(p.st, p.request, CA_DIALECT_CMMF);
	p.st->user.restore_password = "backup";
	return p;
}

static void
prepared_clear(struct prepared *p)
{
	store_free(p->st);
	psm_request_free(p->request);
	free(p->answer);
}
#define auto_prepared __attribute__((cleanup(prepared_clear))) struct prepared

static void
assert_reads(struct store *st)
{
	auto_of(psm_cert_list) *all = NULL;
	auto_of(psm_cert_list) *bob = NULL;
	auto_of(psm_pending_list) *pending = NULL;

	assert_psm(st, psm_store_list(st->ctx, &all), PSM_OK);
	assert_int_equal(psm_cert_list_count(all), 2);
	assert_psm(st, psm_store_get(st->ctx, "Bob's Acme ID", &bob), PSM_OK);
	assert_true(psm_cert_list_get(bob, 0)->has_key);
	assert_psm(st, psm_request_list(st->ctx, &pending), PSM_OK);
	assert_int_equal(psm_pending_list_count(pending), 1);
}

static void
assert_does_not_write(const struct prepared *p)
{
	struct store *st = p->st;
	const struct psm_request_params params = { .subject = "CN=x",
		                                   .key_type = PSM_KEY_EC };

	assert_psm(st, psm_import_user_certificates(st->ctx, p->answer, NULL,
	                                            0, NULL), PSM_E_READ_ONLY);
	assert_psm(st, psm_request_create(st->ctx, &params, NULL),
	           PSM_E_READ_ONLY);
	assert_psm(st, psm_request_cancel(st->ctx, p->request->id, 0),
	           PSM_E_READ_ONLY);
	assert_psm(st, psm_store_delete(st->ctx, "Bob's Acme ID", 0, NULL),
	           PSM_E_READ_ONLY);
	assert_psm(st, psm_restore(st->ctx, store_path(st, "bob.p12"), NULL, 0,
	                           NULL), PSM_E_READ_ONLY);
	assert_string_equal(psm_js_string(PSM_E_READ_ONLY),
	                    "error:internalError");
}

static void
test_readonly_opened_so_it_is_read_and_never_written(void **state)
{
	auto_prepared p = prepare();
	struct store *st = p.st;

	(void)state;
	store_close(st);
	assert_int_equal(store_shell(st, "sha256sum db/* >before"), 0);
	store_reopen(st, PSM_OPEN_READ_ONLY);
	assert_reads(st);
	assert_does_not_write(&p);
	store_close(st);
	assert_int_equal(store_shell(st, "sha256sum db/* | cmp -s - before"),
	                 0);
}

static void
test_readonly_files_are_read_when_asked_for_no_more(void **state)
{
	auto_prepared p = prepare();
	struct store *st = p.st;

	(void)state;
	store_close(st);
	assert_int_equal(store_shell(st, "chmod 0400 db/*; chmod 0500 db"), 0);
	assert_psm(st, psm_open(st->ctx, st->db, 0), PSM_E_READ_ONLY);
	store_reopen(st, PSM_OPEN_READ_ONLY);
	assert_reads(st);
	assert_does_not_write(&p);
	assert_int_equal(store_shell(st, "chmod 0700 db; chmod 0600 db/*"), 0);
	store_reopen(st, 0);
	psm_import_free(store_import(st, p.answer, NULL, 0));
}

static void
test_readonly_store_can_still_be_backed_up(void **state)
{
	auto_prepared p = prepare();
	struct store *st = p.st;
	struct psm_backup_target target = { .password = "x" };
	const char *name = "Bob's Acme ID";

	(void)state;
	snprintf(target.path, sizeof target.path, "%s",
	         store_path(st, "again.p12"));
	store_reopen(st, PSM_OPEN_READ_ONLY);
	assert_psm(st, psm_backup(st->ctx, &name, 1, &target), PSM_OK);
}

static void
test_readonly_files_that_cannot_be_read_are_refused(void **state)
{
	auto_prepared p = prepare();
	struct store *st = p.st;

	(void)state;
	store_close(st);
	assert_int_equal(store_shell(st, "chmod 0 db/key4.db"), 0);
	assert_psm(st, psm_open(st->ctx, st->db, 0), PSM_E_FILE);
	assert_says(st, "Permission denied");
}

static void
test_readonly_directory_takes_no_new_database(void **state)
{
	auto_of(store) *st = store_new_empty();

	(void)state;
	assert_int_equal(store_shell(st, "chmod 0500 ."), 0);
	assert_psm(st, psm_open(st->ctx, st->db, PSM_OPEN_CREATE), PSM_E_FILE);
	assert_int_equal(store_shell(st, "chmod 0700 .; mkdir -m 0500 db"), 0);
	assert_true(psm_open(st->ctx, st->db, PSM_OPEN_CREATE) != PSM_OK);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
}

static void
test_readonly_directory_takes_no_backup(void **state)
{
	auto_prepared p = prepare();
	struct store *st = p.st;
	struct psm_backup_target *target = &st->user.target;

	(void)state;
	assert_int_equal(store_shell(st, "mkdir -m 0500 full"), 0);
	snprintf(target->path, sizeof target->path, "%s",
	         store_path(st, "full/eve.p12"));
	snprintf(target->password, sizeof target->password, "x");
	store_assert_refused(st, p.answer, PSM_IMPORT_FORCE_BACKUP, PSM_E_FILE);
	assert_int_equal(store_pending_state(st, p.request->id), PSM_PENDING);
}

/* A process that changed its user may not be traced, which LeakSanitizer has
 * to do. */
static int
become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return -1;
	return prctl(PR_SET_DUMPABLE, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_readonly_opened_so_it_is_read_and_never_written),
		cmocka_unit_test(
		    test_readonly_files_are_read_when_asked_for_no_more),
		cmocka_unit_test(test_readonly_store_can_still_be_backed_up),
		cmocka_unit_test(
		    test_readonly_files_that_cannot_be_read_are_refused),
		cmocka_unit_test(test_readonly_directory_takes_no_new_database),
		cmocka_unit_test(test_readonly_directory_takes_no_backup),
	};

	if (become_nobody() != 0) {
		perror("becoming nobody");
		return 99;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_context.c - opening a database, and what is refused untouched. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <nss.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

static int
setup_empty(void **state)
{
	*state = store_new_empty();
	return 0;
}

static enum psm_err
open_with(struct store *st, unsigned flags)
{
	return psm_open(st->ctx, st->db, flags);
}

/* Names, sizes, times and contents of the database's files, to dir/name. */
static void
note_files(const struct store *st, const char *name)
{
	assert_int_equal(store_shell(st, "{ ls -l --time-style=full-iso db; "
	                             "sha256sum db/*; } >%s 2>/dev/null; :",
	                             name), 0);
}

static void
assert_open_refused(struct store *st, unsigned flags, enum psm_err expected)
{
	note_files(st, "before");
	assert_psm(st, open_with(st, flags), expected);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
	note_files(st, "after");
	assert_int_equal(store_shell(st, "cmp -s before after"), 0);
}

static void
create_and_close(struct store *st)
{
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	psm_close(st->ctx);
}

/* --- creating -------------------------------------------------------- */

static void
test_context_creates_a_database_that_only_the_user_reads(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *files = NULL;
	struct stat info;

	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(stat(st->db, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	files = store_ls(st->db);
	assert_string_equal(files, "cert9.db\nkey4.db\npkcs11.txt\n");
	assert_int_equal(stat(store_path(st, "db/key4.db"), &info), 0);
	assert_int_equal(info.st_mode & 077, 0);
}

static void
test_context_a_new_database_gets_the_users_password(void **state)
{
	struct store *st = *state;

	st->user.password = "secret";
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(st->user.passwords, 1);
	assert_int_equal(st->user.last_password_for, PSM_PASSWORD_NEW_TOKEN);
	store_write_file(store_path(st, "pw"), "secret\n", 7);
	assert_int_equal(store_shell(st, "certutil -K -d sql:db -f pw "
	                             ">out 2>&1; grep -q 'no keys found' out"),
	                 0);
	store_reopen(st, PSM_OPEN_CREATE);
	assert_int_equal(st->user.passwords, 1); /* not asked again */
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_int_equal(st->user.last_password_for, PSM_PASSWORD_TOKEN);
}

static void
test_context_a_new_database_needs_nobody_to_ask(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = NULL;

	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	st->user.passwords = 0;
	request = store_request(st, "CN=Bob", PSM_KEY_EC);
	assert_int_equal(st->user.passwords, 0);
}

static void
test_context_a_cancelled_creation_leaves_nothing(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *files = NULL;

	st->user.password_answer = PSM_ANSWER_NO;
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_E_CANCELLED);
	files = store_ls(st->dir);
	assert_string_equal(files, "");
	assert_int_equal(mkdir(st->db, 0755), 0);
	store_write_file(store_path(st, "db/mine"), "x", 1);
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_E_CANCELLED);
	free(nu_take(files));
	files = store_ls(st->db);
	assert_string_equal(files, "mine\n");
}

static void
test_context_creation_beside_an_open_one_leaves_no_directory(void **state)
{
	struct store *st = *state;
	struct psm_ctx *other = psm_new(NULL, NULL);
	const char *path = store_path(st, "another");

	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(psm_open(other, path, PSM_OPEN_CREATE), PSM_E_BUSY);
	assert_int_equal(access(path, F_OK), -1);
	psm_free(other);
}

static void
test_context_directory_out_of_reach_is_named(void **state)
{
	struct store *st = *state;

	assert_int_equal(symlink("db", st->db), 0);
	assert_psm(st, open_with(st, 0), PSM_E_FILE);
	assert_says(st, "symbolic links");
}

static void
test_context_exclusive_creation_wants_there_to_be_none(void **state)
{
	struct store *st = *state;
	const unsigned flags = PSM_OPEN_CREATE | PSM_OPEN_EXCLUSIVE;

	assert_psm(st, open_with(st, flags), PSM_OK);
	psm_close(st->ctx);
	assert_psm(st, open_with(st, flags), PSM_E_EXISTS);
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
}

static void
test_context_creation_where_it_cannot_be_is_refused(void **state)
{
	struct store *st = *state;

	assert_psm(st, psm_open(st->ctx, store_path(st, "no/such"),
	                        PSM_OPEN_CREATE), PSM_E_FILE);
	store_write_file(st->db, "a file", 6);
	assert_true(open_with(st, PSM_OPEN_CREATE) != PSM_OK);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
}

/* --- refusing -------------------------------------------------------- */

static void
test_context_arguments_that_make_no_sense_are_refused(void **state)
{
	struct store *st = *state;

	assert_psm(st, psm_open(st->ctx, NULL, 0), PSM_E_ARGUMENT);
	assert_psm(st, psm_open(st->ctx, "", 0), PSM_E_ARGUMENT);
	assert_psm(st, psm_open(st->ctx, "sql:", 0), PSM_E_ARGUMENT);
	assert_psm(st, psm_open(st->ctx, "dbm:/tmp", 0), PSM_E_ARGUMENT);
	assert_psm(st, psm_open(st->ctx, "extern:/tmp", 0), PSM_E_ARGUMENT);
	assert_psm(st, open_with(st, PSM_OPEN_CREATE | PSM_OPEN_READ_ONLY),
	           PSM_E_ARGUMENT);
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_psm(st, open_with(st, 0), PSM_E_ARGUMENT); /* open already */
}

static void
test_context_no_database_is_refused(void **state)
{
	struct store *st = *state;

	assert_psm(st, open_with(st, 0), PSM_E_DATABASE);
	assert_int_equal(mkdir(st->db, 0700), 0);
	assert_open_refused(st, 0, PSM_E_DATABASE);
	assert_says(st, "no NSS database");
}

static void
test_context_half_a_database_is_refused(void **state)
{
	static const char *const files[] = { "cert9.db", "key4.db" };
	struct store *st = *state;

	create_and_close(st);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(store_shell(st, "mv db/%s aside", files[i]),
		                 0);
		assert_open_refused(st, 0, PSM_E_DATABASE);
		assert_says(st, "half");
		assert_int_equal(store_shell(st, ": >db/%s", files[i]), 0);
		assert_open_refused(st, 0, PSM_E_DATABASE);
		assert_int_equal(store_shell(st, "mv aside db/%s", files[i]),
		                 0);
	}
	assert_psm(st, open_with(st, 0), PSM_OK);
}

/* What an interruption of the very first start leaves. */
static void
test_context_half_a_creation_is_completed_by_another(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = NULL;

	create_and_close(st);
	assert_int_equal(store_shell(st, "rm db/key4.db"), 0);
	st->user.passwords = 0;
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(st->user.last_password_for, PSM_PASSWORD_NEW_TOKEN);
	request = store_request(st, "CN=Bob", PSM_KEY_EC);
}

static void
refuse_foreign(struct store *st, const char *file, const void *data,
               size_t len)
{
	create_and_close(st);
	store_write_file(store_path(st, file), data, len);
	assert_open_refused(st, 0, PSM_E_DATABASE);
	assert_open_refused(st, PSM_OPEN_CREATE, PSM_E_DATABASE);
	assert_open_refused(st, PSM_OPEN_READ_ONLY, PSM_E_DATABASE);
	assert_says(st, "not NSS's");
	assert_int_equal(store_shell(st, "rm -r db"), 0);
}

static void
test_context_a_foreign_database_is_refused(void **state)
{
	struct store *st = *state;
	unsigned char sqlite[4096] = "SQLite format 3";

	refuse_foreign(st, "db/cert9.db", "garbage", 7);
	refuse_foreign(st, "db/key4.db", "garbage of some length", 22);
	refuse_foreign(st, "db/cert9.db", sqlite, sizeof sqlite);
	refuse_foreign(st, "db/key4.db", sqlite, sizeof sqlite);
}

static void
test_context_a_legacy_database_is_refused(void **state)
{
	struct store *st = *state;

	assert_int_equal(mkdir(st->db, 0700), 0);
	store_write_file(store_path(st, "db/cert8.db"), "old", 3);
	store_write_file(store_path(st, "db/key3.db"), "old", 3);
	assert_open_refused(st, 0, PSM_E_DATABASE);
	assert_says(st, "legacy");
	assert_open_refused(st, PSM_OPEN_CREATE, PSM_E_DATABASE);
}

static void
test_context_every_call_wants_an_open_database(void **state)
{
	struct store *st = *state;
	const struct psm_request_params params = { .subject = "CN=Bob" };
	const struct psm_backup_target target = { .path = "x" };
	const char *const names[] = { "x" };

	assert_psm(st, psm_login(st->ctx, NULL), PSM_E_ARGUMENT);
	assert_psm(st, psm_store_list(st->ctx, NULL), PSM_E_ARGUMENT);
	assert_psm(st, psm_store_get(st->ctx, "x", NULL), PSM_E_ARGUMENT);
	assert_psm(st, psm_store_delete(st->ctx, "x", 0, NULL),
	           PSM_E_ARGUMENT);
	assert_psm(st, psm_request_create(st->ctx, &params, NULL),
	           PSM_E_ARGUMENT);
	assert_psm(st, psm_request_list(st->ctx, NULL), PSM_E_ARGUMENT);
	assert_psm(st, psm_request_cancel(st->ctx, 1, 0), PSM_E_ARGUMENT);
	assert_psm(st, psm_backup(st->ctx, names, 1, &target),
	           PSM_E_ARGUMENT);
	assert_psm(st, psm_restore(st->ctx, "x", NULL, 0, NULL),
	           PSM_E_ARGUMENT);
	assert_says(st, "no database");
	psm_close(st->ctx);
	psm_free(NULL);
}

/* --- one database a process ------------------------------------------ */

static void
test_context_two_share_one_directory(void **state)
{
	struct store *st = *state;
	struct psm_ctx *other = psm_new(NULL, NULL);
	nu_auto_mem char *spelled = NULL;
	auto_of(psm_request) *request = NULL;

	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(store_shell(st, "ln -s db link"), 0);
	assert_true(asprintf(&spelled, "sql:%s/../%s/link//", st->dir,
	                     strrchr(st->dir, '/') + 1) > 0);
	assert_int_equal(psm_open(other, spelled, 0), PSM_OK);
	psm_close(st->ctx);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_E_ARGUMENT);
	assert_int_equal(psm_login(other, NULL), PSM_OK);
	assert_psm(st, open_with(st, 0), PSM_OK);
	psm_free(other);
	request = store_request(st, "CN=Bob", PSM_KEY_EC);
}

static void
test_context_two_directories_at_once_are_refused(void **state)
{
	struct store *st = *state;
	struct psm_ctx *other = psm_new(NULL, NULL);

	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(psm_open(other, store_path(st, "other"),
	                          PSM_OPEN_CREATE), PSM_E_BUSY);
	assert_non_null(strstr(psm_errmsg(other), "one database a process"));
	psm_close(st->ctx);
	assert_int_equal(psm_open(other, store_path(st, "other"),
	                          PSM_OPEN_CREATE), PSM_OK);
	psm_free(other);
}

static void
test_context_read_only_and_writable_do_not_mix(void **state)
{
	struct store *st = *state;
	struct psm_ctx *other = psm_new(NULL, NULL);

	create_and_close(st);
	assert_psm(st, open_with(st, PSM_OPEN_READ_ONLY), PSM_OK);
	assert_int_equal(psm_open(other, st->db, 0), PSM_E_BUSY);
	assert_int_equal(psm_open(other, st->db, PSM_OPEN_READ_ONLY), PSM_OK);
	psm_close(st->ctx);
	psm_close(other);
	/* A reader beside a writer is kept from writing. */
	assert_psm(st, open_with(st, 0), PSM_OK);
	assert_int_equal(psm_open(other, st->db, PSM_OPEN_READ_ONLY), PSM_OK);
	assert_int_equal(psm_request_create(other,
	                                    &(struct psm_request_params){
	                                            .subject = "CN=Bob" },
	                                    NULL), PSM_E_READ_ONLY);
	psm_free(other);
}

static void
test_context_a_program_with_nss_of_its_own_is_refused(void **state)
{
	struct store *st = *state;

	create_and_close(st);
	assert_int_equal(NSS_NoDB_Init(NULL), SECSuccess);
	assert_psm(st, open_with(st, 0), PSM_E_BUSY);
	assert_says(st, "by itself");
	assert_true(NSS_IsInitialized()); /* its NSS is left alone */
	assert_int_equal(NSS_Shutdown(), SECSuccess);
	assert_psm(st, open_with(st, 0), PSM_OK);
}

static void
test_context_opens_and_closes_again_and_again(void **state)
{
	struct store *st = *state;

	for (int i = 0; i < 20; i++) {
		assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
		assert_int_equal(store_count(st, "key"), (size_t)i);
		psm_request_free(store_request(st, "CN=Bob", PSM_KEY_EC));
		store_reopen(st, 0);
		psm_close(st->ctx);
	}
}

static void
test_context_forgets_an_error_after_a_success(void **state)
{
	struct store *st = *state;

	assert_psm(st, open_with(st, 0), PSM_E_DATABASE);
	assert_string_not_equal(psm_errmsg(st->ctx), "");
	assert_psm(st, open_with(st, PSM_OPEN_CREATE), PSM_OK);
	assert_string_equal(psm_errmsg(st->ctx), "");
	assert_psm(st, psm_login(st->ctx, "no such token"), PSM_E_TOKEN);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_string_equal(psm_errmsg(st->ctx), "");
}

#define empty_test(f) \
	cmocka_unit_test_setup_teardown(f, setup_empty, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		empty_test(
		    test_context_creates_a_database_that_only_the_user_reads),
		empty_test(test_context_a_new_database_gets_the_users_password),
		empty_test(test_context_a_new_database_needs_nobody_to_ask),
		empty_test(test_context_a_cancelled_creation_leaves_nothing),
		empty_test(
		    test_context_exclusive_creation_wants_there_to_be_none),
		empty_test(
		  test_context_creation_beside_an_open_one_leaves_no_directory),
		empty_test(test_context_directory_out_of_reach_is_named),
		empty_test(test_context_creation_where_it_cannot_be_is_refused),
		empty_test(
		    test_context_arguments_that_make_no_sense_are_refused),
		empty_test(test_context_no_database_is_refused),
		empty_test(test_context_half_a_database_is_refused),
		empty_test(
		    test_context_half_a_creation_is_completed_by_another),
		empty_test(test_context_a_foreign_database_is_refused),
		empty_test(test_context_a_legacy_database_is_refused),
		empty_test(test_context_every_call_wants_an_open_database),
		empty_test(test_context_two_share_one_directory),
		empty_test(test_context_two_directories_at_once_are_refused),
		empty_test(test_context_read_only_and_writable_do_not_mix),
		empty_test(
		    test_context_a_program_with_nss_of_its_own_is_refused),
		empty_test(test_context_opens_and_closes_again_and_again),
		empty_test(test_context_forgets_an_error_after_a_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

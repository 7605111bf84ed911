/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_consent.c - what the user is asked in an import: the password, the plan,
 * and where a forced backup goes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

#define PASSWORD "open sesame"

struct deal {
	struct psm_request *request;
	char *answer;
};

static struct deal
deal_new(struct store *st, const char *subject)
{
	struct deal deal = { store_request(st, subject, PSM_KEY_EC), NULL };

	deal.answer = store_answer(st, deal.request, CA_DIALECT_CMMF);
	return deal;
}

static void
deal_clear(struct deal *deal)
{
	psm_request_free(deal->request);
	free(deal->answer);
}
#define auto_deal __attribute__((cleanup(deal_clear))) struct deal

/* --- the password ---------------------------------------------------- */

static int
setup_with_password(void **state)
{
	*state = store_new(PASSWORD);
	return 0;
}

/* A pending request in a store that is locked again. */
static struct deal
locked_deal(struct store *st)
{
	struct deal deal = deal_new(st, "CN=Bob");

	store_reopen(st, 0);
	st->user.passwords = 0;
	return deal;
}

static void
test_consent_the_right_password_is_asked_for_once(void **state)
{
	struct store *st = *state;
	auto_deal deal = locked_deal(st);

	psm_import_free(store_import(st, deal.answer, NULL, 0));
	assert_int_equal(st->user.passwords, 1);
	assert_int_equal(st->user.last_password_for, PSM_PASSWORD_TOKEN);
	assert_true(strlen(st->user.last_password_name) > 0);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_int_equal(st->user.passwords, 1);
}

/* Locked, refused with err, and nothing has changed. */
static void
assert_locked_out(struct store *st, const char *password,
                  enum psm_answer answer, enum psm_err err, unsigned asked)
{
	auto_deal deal = locked_deal(st);
	nu_auto_mem char *before = store_snapshot(st);

	st->user.password = password;
	st->user.password_answer = answer;
	assert_psm(st, psm_import_user_certificates(st->ctx, deal.answer, NULL,
	                                            0, NULL), err);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
	assert_int_equal(st->user.passwords, asked);
	st->user.password = PASSWORD;
	st->user.password_answer = PSM_ANSWER_YES;
	store_assert_unchanged(st, before);
	assert_int_equal(store_pending_state(st, deal.request->id),
	                 PSM_PENDING);
}

static void
test_consent_a_wrong_password_is_an_internal_error(void **state)
{
	assert_locked_out(*state, "wrong", PSM_ANSWER_YES, PSM_E_PASSWORD, 2);
	assert_string_equal(psm_js_string(PSM_E_PASSWORD),
	                    "error:internalError");
}

static void
test_consent_a_wrong_password_is_asked_for_thrice(void **state)
{
	struct store *st = *state;

	st->user.retry = true;
	assert_locked_out(st, "wrong", PSM_ANSWER_YES, PSM_E_PASSWORD, 3);
}

static void
test_consent_a_cancelled_prompt_is_the_users_cancel(void **state)
{
	assert_locked_out(*state, PASSWORD, PSM_ANSWER_NO, PSM_E_CANCELLED, 1);
	assert_string_equal(psm_js_string(PSM_E_CANCELLED), "error:userCancel");
}

static void
test_consent_nobody_to_ask_is_a_missing_password(void **state)
{
	assert_locked_out(*state, NULL, PSM_ANSWER_YES, PSM_E_PASSWORD, 1);
	assert_locked_out(*state, PASSWORD, PSM_ANSWER_NONE, PSM_E_PASSWORD,
	                  1);
}

static void
test_consent_without_a_callback_a_password_is_missing(void **state)
{
	struct store *st = *state;
	auto_deal deal = locked_deal(st);
	struct psm_ctx *mute = psm_new(NULL, NULL);

	assert_int_equal(psm_open(mute, st->db, 0), PSM_OK);
	assert_int_equal(psm_import_user_certificates(mute, deal.answer, NULL,
	                                              0, NULL),
	                 PSM_E_PASSWORD);
	assert_non_null(strstr(psm_errmsg(mute), "nobody to ask"));
	psm_free(mute);
}

static void
test_consent_a_wrong_answer_needs_no_password(void **state)
{
	struct store *st = *state;

	store_reopen(st, 0);
	assert_psm(st, psm_import_user_certificates(st->ctx, "no base64!", NULL,
	                                            0, NULL),
	           PSM_E_CERTIFICATE);
	assert_int_equal(st->user.passwords, 0);
}

static void
test_consent_the_password_is_not_in_the_message(void **state)
{
	struct store *st = *state;
	auto_deal deal = locked_deal(st);

	st->user.password = "wrong horse";
	assert_psm(st, psm_import_user_certificates(st->ctx, deal.answer, NULL,
	                                            0, NULL), PSM_E_PASSWORD);
	assert_null(strstr(psm_errmsg(st->ctx), "horse"));
	st->user.password = PASSWORD;
}

/* --- the plan -------------------------------------------------------- */

static char *shown; /* the store while the plan was shown */

static void
look(struct store *st, const struct psm_import *plan)
{
	const struct psm_imported *one = psm_import_get(plan, 0);

	free(shown);
	shown = store_snapshot(st);
	assert_string_equal(one->cert.nickname, "Bob's Acme ID");
	assert_string_equal(one->cert.subject, "CN=Bob");
	assert_string_equal(one->cert.issuer, "CN=Test CA,O=Acme");
	assert_int_equal(one->matched, PSM_MATCHED_ID);
	assert_int_equal(psm_import_chain_count(plan), 1);
	assert_string_equal(psm_import_chain_get(plan, 0)->cert.nickname,
	                    "ca");
	assert_null(psm_import_backup_path(plan));
}

static void
test_consent_the_plan_is_shown_before_anything_is_written(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	nu_auto_mem char *before = store_snapshot(st);

	st->user.on_confirm = look;
	psm_import_free(store_import(st, deal.answer, NULL, 0));
	assert_int_equal(st->user.confirms, 1);
	assert_string_equal(shown, before);
	free(shown);
	shown = NULL;
}

static void
test_consent_a_refused_plan_is_the_users_cancel(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");

	st->user.confirm_answer = PSM_ANSWER_NO;
	store_assert_refused(st, deal.answer, PSM_IMPORT_FORCE_BACKUP,
	                     PSM_E_CANCELLED);
	assert_int_equal(st->user.targets, 0);
	assert_int_equal(store_pending_state(st, deal.request->id),
	                 PSM_PENDING);
	st->user.confirm_answer = PSM_ANSWER_YES;
	psm_import_free(store_import(st, deal.answer, NULL, 0));
}

static void
test_consent_a_bad_answer_is_never_shown(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");

	assert_psm(st, psm_request_cancel(st->ctx, deal.request->id, 0),
	           PSM_OK);
	store_assert_refused(st, deal.answer, 0, PSM_E_REQUEST_ID);
	assert_int_equal(st->user.confirms, 0);
}

static void
test_consent_without_any_callback_an_import_works(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	struct psm_ctx *mute = psm_new(NULL, NULL);

	assert_int_equal(psm_open(mute, st->db, 0), PSM_OK);
	assert_int_equal(psm_import_user_certificates(mute, deal.answer, NULL,
	                                              0, NULL), PSM_OK);
	assert_string_equal(psm_errmsg(mute), "");
	psm_free(mute);
}

/* --- the forced backup ----------------------------------------------- */

static void
aim(struct store *st, const char *name, unsigned flags)
{
	struct psm_backup_target *target = &st->user.target;

	snprintf(target->path, sizeof target->path, "%s/%s", st->dir, name);
	snprintf(target->password, sizeof target->password, "backup password");
	target->flags = flags;
	st->user.target_answer = PSM_ANSWER_YES;
}

static char *at_backup; /* the store while the backup was made */

static void
look_at_backup(struct store *st, const char *doing)
{
	if (strcmp(doing, "making the backup") != 0)
		return;
	free(at_backup);
	at_backup = store_snapshot(st);
}

static void
test_consent_a_forced_backup_comes_before_retiring(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	auto_of(psm_import) *got = NULL;
	char label[32];

	snprintf(label, sizeof label, "key [pending:%d]",
	         (int)deal.request->id);
	aim(st, "bob.p12", 0);
	st->user.on_progress = look_at_backup;
	got = store_import(st, deal.answer, NULL, PSM_IMPORT_FORCE_BACKUP);
	assert_string_equal(psm_import_backup_path(got), st->user.target.path);
	assert_non_null(strstr(at_backup, "cert [Bob's Acme ID]"));
	assert_non_null(strstr(at_backup, label));
	assert_int_equal(store_count(st, label), 0);
	assert_int_equal(store_shell(st, "openssl pkcs12 -in bob.p12 -nodes "
	                             "-passin 'pass:backup password' "
	                             "-out all.pem 2>/dev/null"), 0);
	assert_int_equal(store_shell(st, "grep -c 'BEGIN CERT' all.pem | "
	                             "grep -qx 2"), 0);
	assert_int_equal(store_shell(st, "grep -q 'BEGIN PRIV' all.pem"), 0);
	free(at_backup);
	at_backup = NULL;
}

static void
test_consent_no_backup_is_made_unless_forced(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	auto_of(psm_import) *got = NULL;
	nu_auto_mem char *files = NULL;

	aim(st, "bob.p12", 0);
	got = store_import(st, deal.answer, NULL, 0);
	files = store_ls(st->dir);
	assert_string_equal(files, "db\n");
	assert_null(psm_import_backup_path(got));
	assert_int_equal(st->user.targets, 0);
}

/* The import fails with err, nothing is left and it can be done again. */
static void
assert_backup_needed(struct store *st, enum psm_err err)
{
	auto_deal deal = deal_new(st, "CN=Bob");
	nu_auto_mem char *before = store_ls(st->dir);
	nu_auto_mem char *after = NULL;

	store_assert_refused(st, deal.answer, PSM_IMPORT_FORCE_BACKUP, err);
	after = store_ls(st->dir);
	assert_string_equal(after, before);
	assert_int_equal(store_pending_state(st, deal.request->id),
	                 PSM_PENDING);
	psm_import_free(store_import(st, deal.answer, NULL, 0));
}

static void
test_consent_a_declined_backup_is_the_users_cancel(void **state)
{
	struct store *st = *state;

	aim(st, "bob.p12", 0);
	st->user.target_answer = PSM_ANSWER_NO;
	assert_backup_needed(st, PSM_E_CANCELLED);
	st->user.target_answer = PSM_ANSWER_NONE;
	assert_backup_needed(st, PSM_E_CANCELLED);
}

static void
test_consent_nobody_to_ask_for_a_target_is_declined(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	struct psm_ctx *mute = psm_new(NULL, NULL);
	nu_auto_mem char *before = store_snapshot(st);

	assert_int_equal(psm_open(mute, st->db, 0), PSM_OK);
	assert_int_equal(psm_import_user_certificates(mute, deal.answer, NULL,
	                                              PSM_IMPORT_FORCE_BACKUP,
	                                              NULL),
	                 PSM_E_CANCELLED);
	store_assert_unchanged(st, before);
	psm_free(mute);
}

static void
test_consent_a_backup_over_a_file_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *kept = NULL;

	aim(st, "bob.p12", 0);
	store_write_file(st->user.target.path, "mine", 4);
	assert_backup_needed(st, PSM_E_EXISTS);
	kept = store_read_file(st->user.target.path, NULL);
	assert_string_equal(kept, "mine");
}

static void
test_consent_a_backup_may_replace_a_file_when_told_to(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	nu_auto_mem char *now = NULL;

	aim(st, "bob.p12", PSM_BACKUP_OVERWRITE);
	store_write_file(st->user.target.path, "mine", 4);
	psm_import_free(store_import(st, deal.answer, NULL,
	                             PSM_IMPORT_FORCE_BACKUP));
	now = store_read_file(st->user.target.path, NULL);
	assert_string_not_equal(now, "mine");
}

static void
test_consent_a_backup_that_fails_undoes_the_import(void **state)
{
	struct store *st = *state;

	aim(st, "no such directory/bob.p12", 0);
	assert_backup_needed(st, PSM_E_FILE);
}

static void
test_consent_a_backup_without_a_password_is_refused(void **state)
{
	struct store *st = *state;

	aim(st, "bob.p12", 0);
	st->user.target.password[0] = '\0';
	assert_backup_needed(st, PSM_E_ARGUMENT);
	aim(st, "bob.p12", 0);
	memset(st->user.target.password, 'x',
	       sizeof st->user.target.password);
	assert_backup_needed(st, PSM_E_ARGUMENT);
	aim(st, "bob.p12", 0);
	memset(st->user.target.path, '/', sizeof st->user.target.path);
	assert_backup_needed(st, PSM_E_ARGUMENT);
}

static void
test_consent_an_unexportable_key_undoes_a_forced_import(void **state)
{
	struct store *st = *state;
	struct psm_request_params params = {
		.subject = "CN=Bob", .key_type = PSM_KEY_EC,
		.flags = PSM_REQUEST_UNEXTRACTABLE
	};
	auto_of(psm_request) *request = NULL;
	nu_auto_mem char *answer = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	answer = store_answer(st, request, CA_DIALECT_CMP);
	aim(st, "bob.p12", 0);
	store_assert_refused(st, answer, PSM_IMPORT_FORCE_BACKUP,
	                     PSM_E_NOT_EXPORTABLE);
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
	psm_import_free(store_import(st, answer, NULL, 0));
}

/* A failed import takes the chain back as well, and what was named. */
static void
test_consent_a_failed_backup_undoes_chain_and_names(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	auto_of(fresh_authority) by = fresh_authority("CN=Root,O=Other", NULL);
	nu_auto(SECItem) cert = store_foreign_cert(request, &by, NULL);
	const SECItem *pubs[] = { by.cert };
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert };
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, &r, 1, pubs, 1);

	store_put(st, cert, NULL); /* stored before, without a name */
	aim(st, "no such directory/bob.p12", 0);
	store_assert_refused(st, text, PSM_IMPORT_FORCE_BACKUP, PSM_E_FILE);
	psm_import_free(store_import(st, text, NULL, 0));
}

#define locked_test(f) \
	cmocka_unit_test_setup_teardown(f, setup_with_password, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		locked_test(test_consent_the_right_password_is_asked_for_once),
		locked_test(test_consent_a_wrong_password_is_an_internal_error),
		locked_test(test_consent_a_wrong_password_is_asked_for_thrice),
		locked_test(
		    test_consent_a_cancelled_prompt_is_the_users_cancel),
		locked_test(test_consent_nobody_to_ask_is_a_missing_password),
		locked_test(
		    test_consent_without_a_callback_a_password_is_missing),
		locked_test(test_consent_a_wrong_answer_needs_no_password),
		locked_test(test_consent_the_password_is_not_in_the_message),
		store_test(
		    test_consent_the_plan_is_shown_before_anything_is_written),
		store_test(test_consent_a_refused_plan_is_the_users_cancel),
		store_test(test_consent_a_bad_answer_is_never_shown),
		store_test(test_consent_without_any_callback_an_import_works),
		store_test(test_consent_a_forced_backup_comes_before_retiring),
		store_test(test_consent_no_backup_is_made_unless_forced),
		store_test(test_consent_a_declined_backup_is_the_users_cancel),
		store_test(test_consent_nobody_to_ask_for_a_target_is_declined),
		store_test(test_consent_a_backup_over_a_file_is_refused),
		store_test(
		    test_consent_a_backup_may_replace_a_file_when_told_to),
		store_test(test_consent_a_backup_that_fails_undoes_the_import),
		store_test(test_consent_a_backup_without_a_password_is_refused),
		store_test(
		    test_consent_an_unexportable_key_undoes_a_forced_import),
		store_test(test_consent_a_failed_backup_undoes_chain_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

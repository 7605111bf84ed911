/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* sweep.c - each operation with its 1st, 2nd, 3rd ... call failing. */

#include "tests/unit/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/fault.h"

static char untouched; /* its address is what a ret_ argument holds */

/* --- what operations share ------------------------------------------- */

void
sweep_prepare_nothing(struct sweep *sw)
{
	(void)sw;
}

void
sweep_prepare_answer(struct sweep *sw)
{
	static const char *const subjects[SWEEP_USERS] = { "CN=User 1",
		                                           "CN=User 2" };
	struct fresh_authority by = fresh_authority("CN=Far CA,O=Far", NULL);
	const SECItem *pubs[] = { by.cert };
	struct store_response responses[SWEEP_USERS] = { { .id = NULL } };
	SECItem *certs[SWEEP_USERS];

	for (size_t i = 0; i < SWEEP_USERS; i++) {
		struct psm_request *request =
		        store_request(sw->st, subjects[i], PSM_KEY_EC);

		certs[i] = store_foreign_cert(request, &by, NULL);
		responses[i].id = store_decimal(request->id);
		responses[i].cert = certs[i];
		psm_request_free(request);
	}
	sw->response = store_rep(NU_DIALECT_CMMF, responses, SWEEP_USERS, pubs,
	                         1);
	for (size_t i = 0; i < SWEEP_USERS; i++)
		SECITEM_ZfreeItem(certs[i], PR_TRUE);
	fresh_authority_free(&by);
}

void
sweep_check_result(const struct sweep *sw, size_t n)
{
	const struct psm_import *import = sw->got;
	unsigned expected = sw->again ? PSM_WARN_ALREADY_STORED |
	                                        PSM_WARN_KEY_ELSEWHERE
	                              : 0;

	assert_int_equal(psm_import_count(import), n);
	for (size_t i = 0; i < n; i++) {
		const struct psm_imported *one = psm_import_get(import, i);

		assert_non_null(one->cert.nickname);
		assert_non_null(one->cert.token);
		assert_int_equal(one->warnings & ~expected, 0);
	}
}

void
sweep_check_import(struct sweep *sw)
{
	sweep_check_result(sw, SWEEP_USERS);
	assert_int_equal(store_count(sw->st, "cert [User 1's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "cert [User 2's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "key [User 1's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "key [User 2's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "cert [Far CA]"), 1);
	assert_int_equal(store_count(sw->st, "[pending:"), 0);
}

void
sweep_check_backup(struct sweep *sw)
{
	struct psm_import *import = NULL;

	sw->st->user.restore_password = SWEEP_PASSWORD;
	assert_psm(sw->st, psm_restore(sw->st->ctx,
	                               store_path(sw->st, SWEEP_BACKUP), NULL,
	                               0, &import), PSM_OK);
	assert_int_equal(psm_import_count(import), SWEEP_USERS);
	assert_int_equal(psm_import_chain_count(import), 1);
	psm_import_free(import);
}

void
sweep_free_import(void *got)
{
	psm_import_free(got);
}

void
sweep_free_request(void *got)
{
	psm_request_free(got);
}

SECItem
sweep_ca_cert(const struct sweep *sw)
{
	SECItem der = { siBuffer, NULL, 0 };
	size_t len;

	der.data = (unsigned char *)ca_cert_der(sw->st->ca, &len);
	der.len = (unsigned)len;
	return der;
}

SECKEYPublicKey *
sweep_public_of(const SECItem *spki)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(spki);
	SECKEYPublicKey *pub = SECKEY_ExtractPublicKey(info);

	assert_non_null(pub);
	return pub;
}

SECKEYPrivateKey *
sweep_find_key(const char *label)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	SECKEYPrivateKey *key = nu_slot_key_by_label(slot, label, NULL);

	assert_non_null(key);
	return key;
}

const char *const sweep_matching[] = { "PK11_ReadRawAttribute", NULL };
const char *const sweep_deleting[] = { "PK11_FindGenericObjects",
	                               "PK11_ReadRawAttribute",
	                               "PK11_DestroyTokenObject", NULL };
const char *const sweep_closing[] = { "close", "PK11_ReadRawAttribute",
	                              NULL };

/* --- the sweep ------------------------------------------------------- */

static void
fill_target(struct store *st)
{
	snprintf(st->user.target.path, sizeof st->user.target.path, "%s",
	         store_path(st, SWEEP_BACKUP));
	snprintf(st->user.target.password, sizeof st->user.target.password,
	         "%s", SWEEP_PASSWORD);
	st->user.restore_password = SWEEP_PASSWORD;
	st->user.retry = false;
}

static void
begin(struct sweep *sw, const struct operation *op)
{
	memset(sw, 0, sizeof *sw);
	sw->op = op;
	sw->st = store_new(op->password);
	fill_target(sw->st);
	op->prepare(sw);
	store_reopen(sw->st, 0);
	assert_int_equal(store_shell(sw->st, "cp -r db saved"), 0);
}

/* The store as it was prepared. */
static void
rewind_store(struct sweep *sw)
{
	ca_free(sw->st->ca);
	psm_close(sw->st->ctx);
	sw->st->ca = ca_new();
	assert_non_null(sw->st->ca);
	assert_int_equal(store_shell(sw->st, "rm -rf db " SWEEP_BACKUP
	                                     "* && cp -r saved db"), 0);
	assert_psm(sw->st, psm_open(sw->st->ctx, sw->st->db, 0), PSM_OK);
}

static void __attribute__((format(printf, 2, 3)))
complain(struct sweep *sw, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_error("%s: when %s failed: ", sw->op->name, sw->hit);
	vprint_error(format, ap);
	print_error("\n");
	va_end(ap);
	sw->n_problems++;
}

/* Whatever fails, it is not the answer's fault. */
static bool
blames_answer(const struct sweep *sw, enum psm_err err)
{
	const char *not_told = sw->op->not_told;

	if (not_told != NULL &&
	    strstr(psm_errmsg(sw->st->ctx), not_told) != NULL)
		return false;
	if (sw->op->blames != NULL && sw->op->blames())
		return true;
	return strcmp(psm_js_string(err), "error:internalError") != 0;
}

static enum psm_err
run(struct sweep *sw, size_t n, enum fault_mode mode)
{
	enum psm_err err;

	sw->got = &untouched;
	fault_arm(n, mode);
	err = sw->op->run(sw);
	sw->hit = fault_disarm();
	if (err != PSM_OK && sw->got != &untouched)
		complain(sw, "call %zu touched ret_", n);
	if (err != PSM_OK && blames_answer(sw, err))
		complain(sw, "call %zu: %s, %s", n, psm_js_string(err),
		         psm_errmsg(sw->st->ctx));
	return err;
}

static void
free_result(struct sweep *sw)
{
	if (sw->op->free_got != NULL)
		sw->op->free_got(sw->got);
}

static bool
is_best_effort(const struct operation *op, const char *call)
{
	for (const char *const *c = op->best_effort; c && *c; c++) {
		if (strcmp(*c, call) == 0)
			return true;
	}
	return false;
}

/* It failed, and all is as it was. */
static void
check_unchanged(struct sweep *sw, size_t n, const char *before,
                const char *files_before)
{
	nu_auto_mem char *now = store_snapshot(sw->st);
	nu_auto_mem char *files = store_ls(sw->st->dir);
	size_t n_problems = sw->n_problems;

	if (strcmp(now, before) != 0)
		complain(sw, "call %zu: the store was\n%sand is\n%s", n,
		         before, now);
	if (strcmp(files, files_before) != 0)
		complain(sw, "call %zu: the files were\n%sand are\n%s", n,
		         files_before, files);
	if (sw->n_problems > n_problems)
		rewind_store(sw);
}

/* A user's certificate has its key. */
static void
assert_keys(struct sweep *sw)
{
	struct psm_cert_list *list = NULL;

	assert_psm(sw->st, psm_store_list(sw->st->ctx, &list), PSM_OK);
	for (size_t i = 0; i < psm_cert_list_count(list); i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);

		if (strncmp(cert->subject, "CN=User", 7) == 0 && !cert->has_key)
			complain(sw, "%s has no key", cert->subject);
	}
	psm_cert_list_free(list);
}

/* After a failure that left something behind. */
static void
complete(struct sweep *sw, size_t n, enum fault_mode mode)
{
	enum psm_err err;

	store_reopen(sw->st, 0);
	assert_psm(sw->st, psm_login(sw->st->ctx, NULL), PSM_OK);
	assert_keys(sw);
	assert_int_equal(store_shell(sw->st, "rm -f " SWEEP_BACKUP "*"), 0);
	sw->again = true;
	err = run(sw, SIZE_MAX, mode);
	if (err == PSM_OK) {
		sw->op->check(sw);
		free_result(sw);
	} else {
		complain(sw, "call %zu: cannot be completed: %s", n,
		         psm_errmsg(sw->st->ctx));
	}
	sw->again = false;
}

/* One fault. Returns whether there was one to be had. */
static bool
fail_once(struct sweep *sw, size_t n)
{
	nu_auto_mem char *before = store_snapshot(sw->st);
	nu_auto_mem char *files = store_ls(sw->st->dir);
	enum psm_err err = run(sw, n, FAULT_ONCE);
	bool failed = sw->hit != NULL;

	if (err != PSM_OK && sw->op->goes_on) {
		complete(sw, n, FAULT_ONCE);
		rewind_store(sw);
		return true;
	}
	if (err != PSM_OK) {
		assert_true(failed);
		check_unchanged(sw, n, before, files);
		return true;
	}
	if (failed && !is_best_effort(sw->op, sw->hit))
		complain(sw, "call %zu: unnoticed", n);
	sw->op->check(sw);
	free_result(sw);
	rewind_store(sw);
	return failed;
}

/* From a fault on, it goes on failing; later, the work can be completed. */
static bool
fail_for_good(struct sweep *sw, size_t n, enum fault_mode mode)
{
	nu_auto_mem char *before = store_snapshot(sw->st);
	nu_auto_mem char *files = store_ls(sw->st->dir);
	nu_auto_mem char *now = NULL, *files_now = NULL;
	enum psm_err err = run(sw, n, mode);
	bool failed = sw->hit != NULL;

	if (err == PSM_OK)
		free_result(sw);
	now = store_snapshot(sw->st);
	files_now = store_ls(sw->st->dir);
	if (strcmp(now, before) == 0 && strcmp(files_now, files) == 0)
		return failed;
	if (err != PSM_OK)
		complete(sw, n, mode);
	rewind_store(sw);
	return failed;
}

static struct sweep sw;

/* Also after a test that failed in the middle of it. */
static int
end(void **state)
{
	(void)state;
	free(sw.response);
	free(sw.expected);
	store_free(sw.st);
	sw.response = NULL;
	sw.expected = NULL;
	sw.st = NULL;
	return 0;
}

static void
sweep(const struct operation *op, enum fault_mode mode)
{
	const char *only = getenv("PSM_FAULT");
	size_t n = only != NULL ? strtoul(only, NULL, 10) : 0;
	size_t leaks = fault_leaks();
	bool more;

	begin(&sw, op);
	do {
		if (mode == FAULT_ONCE) /* with nothing in NSS's caches */
			store_reopen(sw.st, 0);
		more = mode == FAULT_ONCE ? fail_once(&sw, n)
		                          : fail_for_good(&sw, n, mode);
		n++;
	} while (more && only == NULL);
	end(NULL);
	print_message("%zu calls\n", n - 1);
	assert_int_equal(sw.n_problems, 0);
	assert_int_equal(fault_leaks(), leaks);
}

static void
test_any_operation_one_failure_changes_nothing(void **state)
{
	sweep(*state, FAULT_ONCE);
}

static void
test_any_operation_lasting_failure_can_be_completed_later(void **state)
{
	sweep(*state, FAULT_SAME);
}

static void
test_any_operation_total_failure_can_be_completed_later(void **state)
{
	sweep(*state, FAULT_ALL);
}

static const struct {
	const char *name;
	void (*test)(void **state);
} kinds[] = {
	{ "one_failure_changes_nothing",
	  test_any_operation_one_failure_changes_nothing },
	{ "lasting_failure_can_be_completed_later",
	  test_any_operation_lasting_failure_can_be_completed_later },
	{ "total_failure_can_be_completed_later",
	  test_any_operation_total_failure_can_be_completed_later },
};

enum { N_KINDS = sizeof kinds / sizeof kinds[0], TOTAL = 2, NAME_SIZE = 128 };

int
sweep_main(const char *group, const struct operation *ops, size_t n_ops)
{
	nu_auto_mem struct CMUnitTest *tests =
	        calloc(N_KINDS * n_ops, sizeof *tests);
	nu_auto_mem char *names = calloc(N_KINDS * n_ops, NAME_SIZE);
	size_t n = 0;

	if (tests == NULL || names == NULL)
		return EXIT_FAILURE;
	for (size_t i = 0; i < N_KINDS * n_ops; i++) {
		const struct operation *op = &ops[i % n_ops];
		char *name = names + n * NAME_SIZE;

		if (op->not_all && i / n_ops == TOTAL)
			continue;
		snprintf(name, NAME_SIZE, "test_%s_%s", op->name,
		         kinds[i / n_ops].name);
		tests[n++] = (struct CMUnitTest){ name, kinds[i / n_ops].test,
			                          NULL, end, (void *)op };
	}
	/* NSS's: of the database's password, which is asked for each time. */
	setenv("NSS_MAX_MP_PBE_ITERATION_COUNT", "1", 1);
	cmocka_set_test_filter(getenv("PSM_TEST"));
	return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}

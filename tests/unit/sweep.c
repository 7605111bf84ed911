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
#include <unistd.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/fault.h"

enum { PATH_SIZE = 256 };

static char untouched; /* its address is what a ret_ argument holds */

/* --- what operations share ------------------------------------------- */

void
sweep_check_counts(const struct sweep *sw, const struct sweep_count *counts)
{
	nu_auto_mem char *now = store_snapshot(sw->st);

	for (; counts->text != NULL; counts++) {
		if (store_count_lines(now, counts->text) != counts->n)
			fail_msg("not %zu of \"%s\" in\n%s", counts->n,
			         counts->text, now);
	}
}

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
sweep_check_one(struct sweep *sw)
{
	static const struct sweep_count counts[] = {
		{ "cert [User 1's Acme ID]", 1 },
		{ "key [User 1's Acme ID]", 1 },
		{ "[pending:", 0 },
		{ NULL, 0 },
	};

	sweep_check_result(sw, 1);
	sweep_check_counts(sw, counts);
}

void
sweep_check_import(struct sweep *sw)
{
	static const struct sweep_count counts[] = {
		{ "cert [User 1's Far ID]", 1 },
		{ "cert [User 2's Far ID]", 1 },
		{ "key [User 1's Far ID]", 1 },
		{ "key [User 2's Far ID]", 1 },
		{ "cert [Far CA]", 1 },
		{ "[pending:", 0 },
		{ NULL, 0 },
	};

	sweep_check_result(sw, SWEEP_USERS);
	sweep_check_counts(sw, counts);
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
	sw->before = store_snapshot(sw->st);
	sw->files = store_ls(sw->st->dir);
}

/* Are two files of its directory the same, octet by octet? */
static bool
is_same(const struct store *st, const char *name, const char *other)
{
	size_t len, other_len;
	nu_auto_mem char *data = store_read_file(store_path(st, name), &len);
	nu_auto_mem char *other_data =
	        store_read_file(store_path(st, other), &other_len);

	return data != NULL && other_data != NULL && len == other_len &&
	       memcmp(data, other_data, len) == 0;
}

/* Nothing was written to the database, nor is a journal there of what may be:
 * then there is no need to read all of it to see that it is as it was. */
static bool
is_unwritten(const struct sweep *sw)
{
	nu_auto_mem char *names = store_ls(sw->st->db);
	nu_auto_mem char *saved = store_ls(store_path(sw->st, "saved"));

	return strcmp(names, saved) == 0 &&
	       is_same(sw->st, "db/cert9.db", "saved/cert9.db") &&
	       is_same(sw->st, "db/key4.db", "saved/key4.db");
}

/* All is as it was. Otherwise, what it is now, for a complaint. */
static bool
is_unchanged(const struct sweep *sw, char **ret_now, char **ret_files)
{
	*ret_files = store_ls(sw->st->dir);
	*ret_now = is_unwritten(sw) ? strdup(sw->before)
	                            : store_snapshot(sw->st);
	assert_non_null(*ret_now);
	return strcmp(*ret_now, sw->before) == 0 &&
	       strcmp(*ret_files, sw->files) == 0;
}

/* For each file of a directory whose name begins so. */
static void
each_file(const struct store *st, const char *dir, const char *beginning,
          void (*fn)(const struct store *st, const char *name))
{
	nu_auto_mem char *names = store_ls(store_path(st, dir));
	char *save = NULL;

	for (char *name = strtok_r(names, "\n", &save); name != NULL;
	     name = strtok_r(NULL, "\n", &save)) {
		if (strncmp(name, beginning, strlen(beginning)) == 0)
			fn(st, name);
	}
}

static void
remove_file(const struct store *st, const char *name)
{
	assert_int_equal(unlink(store_path(st, name)), 0);
}

static void
remove_unless_saved(const struct store *st, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "saved/%s", name);
	if (access(store_path(st, path), F_OK) == 0)
		return;
	snprintf(path, sizeof path, "db/%s", name);
	remove_file(st, path);
}

static void
bring_back(const struct store *st, const char *name)
{
	char path[PATH_SIZE];
	nu_auto_mem char *data = NULL;
	size_t len;

	snprintf(path, sizeof path, "saved/%s", name);
	data = store_read_file(store_path(st, path), &len);
	assert_non_null(data);
	snprintf(path, sizeof path, "db/%s", name);
	store_write_file(store_path(st, path), data, len);
}

/* The store as it was prepared. */
static void
rewind_store(struct sweep *sw)
{
	ca_free(sw->st->ca);
	psm_close(sw->st->ctx);
	sw->st->ca = ca_new();
	assert_non_null(sw->st->ca);
	each_file(sw->st, ".", SWEEP_BACKUP, remove_file);
	each_file(sw->st, "db", "", remove_unless_saved);
	each_file(sw->st, "saved", "", bring_back);
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
check_unchanged(struct sweep *sw, size_t n)
{
	nu_auto_mem char *now = NULL, *files = NULL;

	if (is_unchanged(sw, &now, &files))
		return;
	complain(sw, "call %zu: the store was\n%s%sand is\n%s%s", n,
	         sw->before, sw->files, now, files);
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
	each_file(sw->st, ".", SWEEP_BACKUP, remove_file);
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
	enum psm_err err = run(sw, n, FAULT_ONCE);
	bool failed = sw->hit != NULL;

	if (err != PSM_OK && sw->op->goes_on) {
		complete(sw, n, FAULT_ONCE);
		rewind_store(sw);
		return true;
	}
	if (err != PSM_OK) {
		assert_true(failed);
		check_unchanged(sw, n);
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
	nu_auto_mem char *now = NULL, *files = NULL;
	enum psm_err err = run(sw, n, mode);
	bool failed = sw->hit != NULL;

	if (err == PSM_OK)
		free_result(sw);
	if (is_unchanged(sw, &now, &files))
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
	free(sw.before);
	free(sw.files);
	store_free(sw.st);
	sw.response = NULL;
	sw.expected = NULL;
	sw.before = NULL;
	sw.files = NULL;
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
	/* Its libraries stay loaded when it ends, and have tested themselves. */
	setenv("NSS_DISABLE_UNLOAD", "1", 1);
	cmocka_set_test_filter(getenv("PSM_TEST"));
	return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}

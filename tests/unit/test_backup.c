/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_backup.c - PKCS#12 files: written, and brought home again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/p12_made.h"
#include "tests/unit/store.h"

#define PASSWORD "f\xc3\xbcr sp\xc3\xa4ter"
#define BOB "Bob's Acme ID"

static struct psm_backup_target
target_at(const struct store *st, const char *name, unsigned flags)
{
	struct psm_backup_target target = { .flags = flags };

	snprintf(target.path, sizeof target.path, "%s/%s", st->dir, name);
	snprintf(target.password, sizeof target.password, PASSWORD);
	return target;
}

/* Back up one nickname to dir/file. */
static enum psm_err
backup(struct store *st, const char *nickname, const char *file,
       unsigned flags)
{
	struct psm_backup_target target = target_at(st, file, flags);

	return psm_backup(st->ctx, &nickname, 1, &target);
}

static enum psm_err
restore(struct store *st, const char *file, const char *nickname,
        struct psm_import **ret_import)
{
	st->user.restore_password = PASSWORD;
	return psm_restore(st->ctx, store_path(st, file), nickname, 0,
	                   ret_import);
}

/* How many certificates and keys openssl finds in dir/file. */
static void
assert_openssl_finds(const struct store *st, const char *file, int certs,
                     int keys)
{
	assert_int_equal(store_shell(st, "openssl pkcs12 -in %s -nodes "
	                             "-passin 'pass:" PASSWORD "' "
	                             "-out all.pem 2>/dev/null", file), 0);
	assert_int_equal(store_shell(st, "test `grep -c 'BEGIN CERT' all.pem` "
	                             "-eq %d", certs), 0);
	assert_int_equal(store_shell(st, "test `grep -c 'BEGIN PRIV' all.pem` "
	                             "-eq %d; s=$?; rm all.pem; exit $s",
	                             keys), 0);
}

static void
assert_only(const struct store *st, const char *names)
{
	nu_auto_mem char *files = store_ls(st->dir);

	assert_string_equal(files, names);
}

/* --- backup ---------------------------------------------------------- */

static void
test_backup_holds_certificate_key_and_chain(void **state)
{
	struct store *st = *state;
	struct stat info;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_OK);
	assert_int_equal(stat(store_path(st, "bob.p12"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_only(st, "bob.p12\ndb\n");
	assert_openssl_finds(st, "bob.p12", 2, 1);
}

static void
test_backup_of_several_holds_their_chain_once(void **state)
{
	struct store *st = *state;
	struct psm_backup_target target = target_at(st, "all.p12", 0);
	char sha1[41];
	const char *names[4] = { BOB, "Eve's Acme ID", sha1, BOB };

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_own(st, "CN=Bob", PSM_KEY_RSA, sha1); /* BOB means both */
	store_own(st, "CN=Eve", PSM_KEY_EC, NULL);
	assert_psm(st, psm_backup(st->ctx, names, 4, &target), PSM_OK);
	assert_openssl_finds(st, "all.p12", 4, 3);
}

static void
test_backup_for_old_programs_uses_old_algorithms(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(st, backup(st, BOB, "old.p12", PSM_BACKUP_COMPAT), PSM_OK);
	assert_psm(st, backup(st, BOB, "new.p12", 0), PSM_OK);
	assert_openssl_finds(st, "old.p12", 2, 1);
	assert_int_equal(store_shell(st, "openssl pkcs12 -in old.p12 -info "
	                             "-noout -passin 'pass:" PASSWORD "' 2>&1 |"
	                             " grep -q pbeWithSHA1And3-KeyTripleDES"),
	                 0);
	assert_int_equal(store_shell(st, "openssl pkcs12 -in new.p12 -info "
	                             "-noout -passin 'pass:" PASSWORD "' 2>&1 |"
	                             " grep -q 'AES-256-CBC.*hmacWithSHA256'"),
	                 0);
}

static void
test_backup_over_a_file_is_refused_unless_told_to(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *kept = NULL;
	struct stat info;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_write_file(store_path(st, "bob.p12"), "mine", 4);
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_E_EXISTS);
	kept = store_read_file(store_path(st, "bob.p12"), NULL);
	assert_string_equal(kept, "mine");
	assert_only(st, "bob.p12\ndb\n");
	assert_psm(st, backup(st, BOB, "bob.p12", PSM_BACKUP_OVERWRITE),
	           PSM_OK);
	assert_openssl_finds(st, "bob.p12", 2, 1);
	assert_int_equal(stat(store_path(st, "bob.p12"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void
write_in_between(struct store *st, const char *doing)
{
	if (strcmp(doing, "making the backup") == 0)
		store_write_file(store_path(st, "bob.p12"), "mine", 4);
}

static void
test_backup_over_a_file_that_appears_meanwhile_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *kept = NULL;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	st->user.on_progress = write_in_between;
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_E_EXISTS);
	kept = store_read_file(store_path(st, "bob.p12"), NULL);
	assert_string_equal(kept, "mine");
	assert_only(st, "bob.p12\ndb\n");
}

static void
test_backup_over_a_dangling_link_is_refused(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_int_equal(store_shell(st, "ln -s elsewhere bob.p12"), 0);
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_E_EXISTS);
	assert_only(st, "bob.p12\ndb\n");
}

static void
test_backup_where_nothing_can_be_written_is_refused(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(st, backup(st, BOB, "missing/bob.p12", 0), PSM_E_FILE);
	store_write_file(store_path(st, "file"), "", 0);
	assert_psm(st, backup(st, BOB, "file/bob.p12", 0), PSM_E_FILE);
	assert_psm(st, backup(st, BOB, "db", PSM_BACKUP_OVERWRITE),
	           PSM_E_FILE); /* a directory */
	assert_only(st, "db\nfile\n");
}

static void
test_backup_of_what_has_no_key_is_refused(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	struct psm_backup_target target = target_at(st, "bob.p12", 0);
	const char *names[] = { BOB, "nobody" };

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_put(st, other.cert, "Root");
	fresh_key_free(&other.key);
	assert_psm(st, backup(st, "Root", "bob.p12", 0), PSM_E_NOT_FOUND);
	assert_psm(st, backup(st, "nobody", "bob.p12", 0), PSM_E_NOT_FOUND);
	assert_psm(st, psm_backup(st->ctx, names, 2, &target),
	           PSM_E_NOT_FOUND);
	assert_psm(st, psm_backup(st->ctx, names, 0, &target),
	           PSM_E_ARGUMENT);
	assert_only(st, "db\n");
}

static void
test_backup_of_a_key_that_may_not_leave_is_refused(void **state)
{
	struct store *st = *state;
	struct psm_request_params params = {
		.subject = "CN=Bob", .key_type = PSM_KEY_EC,
		.flags = PSM_REQUEST_UNEXTRACTABLE
	};
	auto_of(psm_request) *request = NULL;
	nu_auto_mem char *answer = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	answer = store_answer(st, request, CA_DIALECT_CMMF);
	psm_import_free(store_import(st, answer, NULL, 0));
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_E_NOT_EXPORTABLE);
	assert_says(st, BOB);
	assert_only(st, "db\n");
}

/* --- restore --------------------------------------------------------- */

/* A store without Bob, whose backup is bob.p12; the snapshot from before. */
static char *
lose_bob(struct store *st)
{
	char *before;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	before = store_snapshot_without(st, "key");
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_OK);
	assert_psm(st, psm_store_delete(st->ctx, BOB, 0, NULL), PSM_OK);
	return before;
}

static void
test_backup_restored_is_as_before(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = lose_bob(st);
	nu_auto_mem char *after = NULL;
	auto_of(psm_import) *got = NULL;
	const struct psm_imported *bob;

	assert_psm(st, restore(st, "bob.p12", NULL, &got), PSM_OK);
	after = store_snapshot_without(st, "key");
	assert_string_equal(after, before);
	assert_int_equal(psm_import_count(got), 1);
	bob = psm_import_get(got, 0);
	assert_string_equal(bob->cert.nickname, BOB);
	assert_int_equal(bob->matched, PSM_MATCHED_KEY);
	assert_int_equal(bob->warnings, 0);
	assert_null(bob->request_id);
	assert_int_equal(psm_import_chain_count(got), 1);
	assert_int_equal(psm_import_chain_get(got, 0)->warnings,
	                 PSM_WARN_ALREADY_STORED);
	assert_int_equal(st->user.restores, 1);
	assert_string_equal(st->user.last_password_name,
	                    store_path(st, "bob.p12"));
	assert_int_equal(store_count(st, "key [" BOB "]"), 1);
	assert_int_equal(store_shell(st, "certutil -V -u C -d sql:db "
	                             "-n \"" BOB "\" >/dev/null"), 0);
}

static void
test_backup_restored_can_be_backed_up_again(void **state)
{
	struct store *st = *state;

	free(lose_bob(st));
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_OK);
	assert_psm(st, backup(st, BOB, "again.p12", 0), PSM_OK);
	assert_openssl_finds(st, "again.p12", 2, 1);
}

static void
test_backup_of_an_rsa_key_for_old_programs_is_restored(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_RSA, NULL);
	assert_psm(st, backup(st, BOB, "bob.p12", PSM_BACKUP_COMPAT), PSM_OK);
	assert_psm(st, psm_store_delete(st->ctx, BOB, 0, NULL), PSM_OK);
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_OK);
	assert_int_equal(store_count(st, "[" BOB "]"), 2);
}

static void
test_backup_restored_twice_changes_nothing(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = NULL;
	auto_of(psm_import) *got = NULL;

	free(lose_bob(st));
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_OK);
	before = store_snapshot(st);
	assert_psm(st, restore(st, "bob.p12", "other name", &got), PSM_OK);
	assert_int_equal(psm_import_get(got, 0)->warnings,
	                 PSM_WARN_ALREADY_STORED);
	assert_string_equal(psm_import_get(got, 0)->cert.nickname, BOB);
	store_assert_unchanged(st, before);
}

static void
test_backup_restored_follows_the_rule_of_nicknames(void **state)
{
	struct store *st = *state;
	auto_of(psm_import) *first = NULL, *second = NULL;

	free(lose_bob(st));
	assert_psm(st, restore(st, "bob.p12", "a wish: mine", &first), PSM_OK);
	assert_string_equal(psm_import_get(first, 0)->cert.nickname,
	                    "a wish_ mine");
	assert_psm(st, psm_store_delete(st->ctx, "a wish_ mine", 0, NULL),
	           PSM_OK);
	store_own(st, "CN=Bob,O=Another", PSM_KEY_EC, NULL); /* takes BOB */
	assert_psm(st, restore(st, "bob.p12", NULL, &second), PSM_OK);
	assert_string_equal(psm_import_get(second, 0)->cert.nickname,
	                    BOB " #2");
	assert_int_equal(store_count(st, "key [" BOB " #2]"), 1);
}

/* The key still waits; what is restored is what it waited for. */
static void
test_backup_restored_for_a_pending_request_retires_it(void **state)
{
	struct store *st = *state;
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKey) key = NULL;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(st, backup(st, BOB, "bob.p12", 0), PSM_OK);
	assert_psm(st, psm_store_delete(st->ctx, BOB, PSM_DELETE_KEEP_KEY,
	                                NULL), PSM_OK);
	key = nu_slot_key_by_label(slot, BOB, NULL);
	assert_int_equal(PK11_SetPrivateKeyNickname(key, "pending:7"),
	                 SECSuccess);
	assert_int_equal(store_pending_state(st, 7), PSM_PENDING);
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_OK);
	assert_int_equal(store_pending_state(st, 7), -1);
	assert_int_equal(store_count(st, "key [" BOB "]"), 1);
	assert_int_equal(store_count(st, "cert [" BOB "]"), 1);
}

static void
assert_not_restored(struct store *st, const char *file, enum psm_err expected)
{
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_import *untouched = (struct psm_import *)st;

	assert_psm(st, restore(st, file, NULL, &untouched), expected);
	assert_ptr_equal(untouched, st);
	assert_says(st, file);
	store_assert_unchanged(st, before);
}

static void
test_backup_with_a_wrong_password_is_asked_for_thrice(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = NULL;

	free(lose_bob(st));
	before = store_snapshot(st);
	st->user.restore_password = "wrong";
	st->user.retry = true;
	assert_psm(st, psm_restore(st->ctx, store_path(st, "bob.p12"), NULL, 0,
	                           NULL), PSM_E_PASSWORD);
	assert_int_equal(st->user.restores, 3);
	assert_int_equal(st->user.last_password_for, PSM_PASSWORD_RESTORE);
	store_assert_unchanged(st, before);
}

static void
test_backup_with_no_password_to_be_had_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = NULL;

	free(lose_bob(st));
	st->user.password_answer = PSM_ANSWER_NO;
	before = store_snapshot(st);
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_E_CANCELLED);
	store_assert_unchanged(st, before);
	st->user.password_answer = PSM_ANSWER_NONE;
	assert_not_restored(st, "bob.p12", PSM_E_PASSWORD);
}

static void
test_backup_refused_by_the_user_changes_nothing(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = NULL;

	free(lose_bob(st));
	before = store_snapshot(st);
	st->user.confirm_answer = PSM_ANSWER_NO;
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_E_CANCELLED);
	assert_string_equal(st->user.plan, BOB "\n");
	store_assert_unchanged(st, before);
}

/* Cut short at several places; and one octet changed at each of several. */
static void
test_backup_that_is_damaged_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *data = NULL;
	size_t len = 0;

	free(lose_bob(st));
	data = store_read_file(store_path(st, "bob.p12"), &len);
	for (size_t cut = 0; cut < len; cut += len / 5) {
		store_write_file(store_path(st, "cut.p12"), data, cut);
		assert_not_restored(st, "cut.p12", PSM_E_PKCS12);
	}
	for (size_t at = 200; at < len; at += len / 5) {
		data[at] ^= 1;
		store_write_file(store_path(st, "bad.p12"), data, len);
		assert_not_restored(st, "bad.p12", PSM_E_PKCS12);
		data[at] ^= 1;
	}
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_OK);
}

static void
test_backup_that_is_none_is_refused(void **state)
{
	struct store *st = *state;

	store_write_file(store_path(st, "text.p12"), "hello, world", 12);
	assert_not_restored(st, "text.p12", PSM_E_PKCS12);
	store_write_file(store_path(st, "empty.p12"), "", 0);
	assert_not_restored(st, "empty.p12", PSM_E_PKCS12);
	assert_not_restored(st, "missing.p12", PSM_E_FILE);
	assert_not_restored(st, "db", PSM_E_FILE);
	assert_psm(st, psm_restore(st->ctx, "x", NULL, 1, NULL),
	           PSM_E_ARGUMENT);
}

/* --- files of other programs ----------------------------------------- */

static void
make_with_openssl(struct store *st, const char *options)
{
	assert_int_equal(store_shell(st, "openssl req -x509 -newkey ec "
	                             "-pkeyopt ec_paramgen_curve:P-256 -nodes "
	                             "-subj /O=Elsewhere/CN=Joe -days 2 "
	                             "-keyout k.pem -out c.pem 2>/dev/null"),
	                 0);
	assert_int_equal(store_shell(st, "openssl pkcs12 -export -inkey k.pem "
	                             "-in c.pem -passout 'pass:" PASSWORD "' "
	                             "-out joe.p12 %s", options), 0);
}

static void
test_backup_made_by_openssl_is_restored(void **state)
{
	struct store *st = *state;
	auto_of(psm_import) *got = NULL;

	make_with_openssl(st, "");
	assert_psm(st, restore(st, "joe.p12", NULL, &got), PSM_OK);
	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "Joe's Elsewhere ID");
	assert_true(psm_import_get(got, 0)->cert.has_key);
}

static void
test_backup_made_elsewhere_wishes_by_its_friendly_name(void **state)
{
	struct store *st = *state;
	auto_of(psm_import) *got = NULL;

	make_with_openssl(st, "-name 'J\xc3\xb6 at: home'");
	assert_psm(st, restore(st, "joe.p12", NULL, &got), PSM_OK);
	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "J\xc3\xb6 at_ home");
}

static void
test_backup_without_integrity_is_of_a_kind_not_read(void **state)
{
	make_with_openssl(*state, "-nomac");
	assert_not_restored(*state, "joe.p12", PSM_E_PKCS12_KIND);
}

static void
test_backup_of_a_certificate_alone_is_a_chain(void **state)
{
	struct store *st = *state;
	auto_of(psm_import) *got = NULL;

	make_with_openssl(st, "-nokeys");
	assert_psm(st, restore(st, "joe.p12", NULL, &got), PSM_OK);
	assert_int_equal(psm_import_count(got), 0);
	assert_int_equal(psm_import_chain_count(got), 1);
	assert_string_equal(psm_import_chain_get(got, 0)->cert.nickname,
	                    "Joe");
	assert_int_equal(store_shell(st, "certutil -L -d sql:db | "
	                             "grep -q '^Joe  *,,'"), 0);
}

/* DER in dir/file. */
static SECItem
read_der(struct store *st, const char *file)
{
	size_t len = 0;
	char *data = store_read_file(store_path(st, file), &len);

	return (SECItem){ siBuffer, (unsigned char *)data, (unsigned)len };
}

/* Joe's certificate and the key of somebody else, with Joe's own or not. */
static void
make_with_stray_key(struct store *st, bool with_own)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	const SECOidTag key_bag = SEC_OID_PKCS12_V1_KEY_BAG_ID;
	CERTCertificate joe = { .slot = NULL };
	SECItem own, stray, *file;

	make_with_openssl(st, "");
	assert_int_equal(store_shell(st, "openssl x509 -in c.pem -outform DER "
	                             "-out c.der && openssl pkcs8 -topk8 "
	                             "-nocrypt -in k.pem -outform DER "
	                             "-out k.der && openssl genpkey "
	                             "-algorithm EC -pkeyopt "
	                             "ec_paramgen_curve:P-256 -outform DER "
	                             "-out s.der 2>/dev/null"), 0);
	joe.derCert = read_der(st, "c.der");
	own = read_der(st, "k.der");
	stray = read_der(st, "s.der");
	file = make_plain_file(
	        arena,
	        nu_der_make(arena, NU_SEQUENCE, make_cert_bag(arena, &joe),
	                    make_typed(arena, key_bag, &stray),
	                    with_own ? make_typed(arena, key_bag, &own) : NULL),
	        PASSWORD);
	store_write_file(store_path(st, "stray.p12"), file->data, file->len);
	free(joe.derCert.data);
	free(own.data);
	free(stray.data);
}

/* All or none: who threw the file away would have lost the key. */
static void
test_backup_with_a_key_without_its_certificate_is_refused(void **state)
{
	make_with_stray_key(*state, false);
	assert_not_restored(*state, "stray.p12", PSM_E_PKCS12);
	make_with_stray_key(*state, true);
	assert_not_restored(*state, "stray.p12", PSM_E_PKCS12);
}

/* Another certificate with that issuer and serial number is here. */
static void
test_backup_that_clashes_with_the_store_changes_nothing(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) by = fresh_authority("CN=Root,O=Other", NULL);
	auto_of(psm_request) *a = store_request(st, "CN=Bob", PSM_KEY_EC);
	auto_of(psm_request) *b = store_request(st, "CN=Eve", PSM_KEY_EC);
	struct fresh_spec spec = { .serial = 99 };
	nu_auto(SECItem) bob = store_foreign_cert(a, &by, &spec);
	nu_auto(SECItem) eve = store_foreign_cert(b, &by, &spec);
	nu_auto_mem char *first = store_grant(store_decimal(a->id), bob);
	nu_auto_mem char *second = store_grant(store_decimal(b->id), eve);
	nu_auto_mem char *before = NULL;

	psm_import_free(store_import(st, first, "bob", 0));
	assert_psm(st, backup(st, "bob", "bob.p12", 0), PSM_OK);
	assert_psm(st, psm_store_delete(st->ctx, "bob", 0, NULL), PSM_OK);
	psm_import_free(store_import(st, second, "eve", 0));
	before = store_snapshot(st);
	assert_psm(st, restore(st, "bob.p12", NULL, NULL), PSM_E_CERTIFICATE);
	store_assert_unchanged(st, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_backup_holds_certificate_key_and_chain),
		store_test(test_backup_of_several_holds_their_chain_once),
		store_test(test_backup_for_old_programs_uses_old_algorithms),
		store_test(test_backup_over_a_file_is_refused_unless_told_to),
		store_test(
		    test_backup_over_a_file_that_appears_meanwhile_is_refused),
		store_test(test_backup_over_a_dangling_link_is_refused),
		store_test(test_backup_where_nothing_can_be_written_is_refused),
		store_test(test_backup_of_what_has_no_key_is_refused),
		store_test(test_backup_of_a_key_that_may_not_leave_is_refused),
		store_test(test_backup_restored_is_as_before),
		store_test(test_backup_restored_can_be_backed_up_again),
		store_test(
		    test_backup_of_an_rsa_key_for_old_programs_is_restored),
		store_test(test_backup_restored_twice_changes_nothing),
		store_test(test_backup_restored_follows_the_rule_of_nicknames),
		store_test(
		    test_backup_restored_for_a_pending_request_retires_it),
		store_test(
		    test_backup_with_a_wrong_password_is_asked_for_thrice),
		store_test(test_backup_with_no_password_to_be_had_is_refused),
		store_test(test_backup_refused_by_the_user_changes_nothing),
		store_test(test_backup_that_is_damaged_is_refused),
		store_test(test_backup_that_is_none_is_refused),
		store_test(test_backup_made_by_openssl_is_restored),
		store_test(
		    test_backup_made_elsewhere_wishes_by_its_friendly_name),
		store_test(test_backup_without_integrity_is_of_a_kind_not_read),
		store_test(test_backup_of_a_certificate_alone_is_a_chain),
		store_test(
		    test_backup_with_a_key_without_its_certificate_is_refused),
		store_test(
		    test_backup_that_clashes_with_the_store_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

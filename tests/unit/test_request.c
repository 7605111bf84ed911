/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_request.c - requests: made, listed, cancelled. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"
#include "nssutil/nu_slot.h"
#include "psm/internal.h"
#include "tests/unit/store.h"

static struct psm_request *
create(struct store *st, const struct psm_request_params *params)
{
	struct psm_request *request = NULL;

	assert_psm(st, psm_request_create(st->ctx, params, &request), PSM_OK);
	assert_true(request->id >= 1);
	return request;
}

static void
assert_not_created(struct store *st, const struct psm_request_params *params,
                   enum psm_err expected)
{
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_request *untouched = (struct psm_request *)st;

	assert_psm(st, psm_request_create(st->ctx, params, &untouched),
	           expected);
	assert_ptr_equal(untouched, st);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
	store_assert_unchanged(st, before);
}

static SECItem
der_of(const struct psm_request *request)
{
	return (SECItem){ siBuffer, (unsigned char *)request->der,
		          (unsigned)request->der_len };
}

/* --- CRMF ------------------------------------------------------------ */

static struct nu_crmf *
decode(const SECItem *der)
{
	struct nu_crmf *crmf = NULL;

	assert_int_equal(nu_crmf_decode(der, 1, &crmf), SECSuccess);
	assert_int_equal(crmf->n_msgs, 1);
	return crmf;
}

static void
assert_key_is(const SECItem *spki_der, KeyType type, unsigned bits)
{
	nu_auto(CERTSubjectPublicKeyInfo) spki =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(spki_der);
	nu_auto(SECKEYPublicKey) key = NULL;

	assert_non_null(spki);
	key = SECKEY_ExtractPublicKey(spki);
	assert_non_null(key);
	assert_int_equal(SECKEY_GetPublicKeyType(key), type);
	assert_int_equal(nu_key_bits(key), bits);
}

static void
create_kind(struct store *st, enum psm_key_type type, unsigned bits,
            unsigned expected_bits)
{
	struct psm_request_params params = { .subject = "CN=Bob,O=People",
		                             .key_type = type,
		                             .key_bits = bits };
	auto_of(psm_request) *request = create(st, &params);
	SECItem der = der_of(request);
	struct nu_crmf *crmf = decode(&der);
	const struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECItem) subject = nu_name_from_text("CN=Bob,O=People");
	nu_auto_mem char *id = nu_der_to_decimal(&msg->id);

	assert_int_equal(nu_crmf_verify_signature(msg), SECSuccess);
	assert_string_equal(id, store_decimal(request->id));
	assert_true(SECITEM_ItemsAreEqual(subject, &msg->subject));
	assert_key_is(&msg->spki, type == PSM_KEY_RSA ? rsaKey : ecKey,
	              expected_bits);
	assert_int_equal(strlen(request->key_id), 40);
	nu_crmf_free(crmf);
}

static void
test_request_each_kind_and_size_proves_its_key(void **state)
{
	create_kind(*state, PSM_KEY_RSA, 0, 2048);
	create_kind(*state, PSM_KEY_RSA, 3072, 3072);
	create_kind(*state, PSM_KEY_RSA, 4096, 4096);
	create_kind(*state, PSM_KEY_EC, 0, 256);
	create_kind(*state, PSM_KEY_EC, 256, 256);
	create_kind(*state, PSM_KEY_EC, 384, 384);
	create_kind(*state, PSM_KEY_EC, 521, 521);
}

static void
test_request_other_kinds_and_sizes_are_refused(void **state)
{
	static const struct psm_request_params bad[] = {
		{ .subject = "CN=x", .key_bits = 1024 },
		{ .subject = "CN=x", .key_bits = 2047 },
		{ .subject = "CN=x", .key_bits = 256 },
		{ .subject = "CN=x", .key_bits = 8192 },
		{ .subject = "CN=x", .key_type = PSM_KEY_EC,
		  .key_bits = 2048 },
		{ .subject = "CN=x", .key_type = PSM_KEY_EC,
		  .key_bits = 192 },
		{ .subject = "CN=x", .key_type = PSM_KEY_DSA },
		{ .subject = "CN=x", .key_type = PSM_KEY_OTHER },
		{ .subject = "CN=x", .key_type = (enum psm_key_type)77 },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_not_created(*state, &bad[i], PSM_E_ARGUMENT);
}

static void
test_request_what_is_no_name_is_refused(void **state)
{
	static const char *const names[] = { NULL, "", "Bob", "CN=", "=x",
		                             "CN=a,,O=b", "CN=a,XX=b" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct psm_request_params params = { .subject = names[i],
			                             .key_type = PSM_KEY_EC };

		assert_not_created(*state, &params, PSM_E_ARGUMENT);
	}
}

static void
test_request_text_is_base64_in_lines_of_64(void **state)
{
	auto_of(psm_request) *request = store_request(*state, "CN=Bob",
	                                              PSM_KEY_RSA);
	size_t line = 0;

	for (const char *c = request->text; *c != '\0'; c++) {
		line = *c == '\n' ? 0 : line + 1;
		assert_true(line <= 64);
		assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		                       "abcdefghijklmnopqrstuvwxyz"
		                       "0123456789+/=\n", *c));
	}
}

static unsigned
usage_in(struct store *st, const struct psm_request_params *params)
{
	auto_of(psm_request) *request = create(st, params);
	SECItem der = der_of(request);
	struct nu_crmf *crmf = decode(&der);
	unsigned usage = 0;

	if (crmf->msgs[0].extensions.data != NULL)
		assert_int_equal(nu_ext_key_usage(&crmf->msgs[0].extensions,
		                                  &usage), SECSuccess);
	nu_crmf_free(crmf);
	return usage;
}

static void
test_request_asks_for_the_usage_that_was_chosen(void **state)
{
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = PSM_KEY_EC };

	assert_int_equal(usage_in(*state, &params),
	                 PSM_USAGE_DIGITAL_SIGNATURE);
	params.key_usage = PSM_USAGE_NON_REPUDIATION | PSM_USAGE_KEY_AGREEMENT;
	assert_int_equal(usage_in(*state, &params),
	                 PSM_USAGE_NON_REPUDIATION | PSM_USAGE_KEY_AGREEMENT);
	params.key_usage = 0;
	params.key_type = PSM_KEY_RSA;
	assert_int_equal(usage_in(*state, &params),
	                 PSM_USAGE_DIGITAL_SIGNATURE |
	                         PSM_USAGE_KEY_ENCIPHERMENT);
}

static void
test_request_carries_its_registration_controls(void **state)
{
	struct psm_request_params params = {
		.subject = "CN=Bob", .key_type = PSM_KEY_EC,
		.reg_token = "t\xc3\xb6ken", .authenticator = "my first school"
	};
	auto_of(psm_request) *request = create(*state, &params);
	SECItem der = der_of(request);
	struct nu_crmf *crmf = decode(&der);
	const struct nu_crmf_msg *msg = &crmf->msgs[0];

	assert_int_equal(msg->reg_token.len, 6);
	assert_memory_equal(msg->reg_token.data, "t\xc3\xb6ken", 6);
	assert_int_equal(msg->authenticator.len, 15);
	assert_memory_equal(msg->authenticator.data, "my first school", 15);
	nu_crmf_free(crmf);
}

/* --- PKCS#10 --------------------------------------------------------- */

static void
assert_openssl_verifies(struct store *st, enum psm_key_type type)
{
	struct psm_request_params params = { .subject = "CN=Bob,O=People",
		                             .key_type = type,
		                             .format = PSM_REQUEST_PKCS10 };
	auto_of(psm_request) *request = create(st, &params);

	store_write_file(store_path(st, "bob.csr"), request->text,
	                 strlen(request->text));
	assert_int_equal(store_shell(st, "openssl req -verify -noout "
	                             "-in bob.csr 2>/dev/null"), 0);
	assert_int_equal(store_shell(st, "openssl req -subject -noout "
	                             "-nameopt rfc2253 -in bob.csr | "
	                             "grep -q 'CN=Bob,O=People'"), 0);
	assert_int_equal(store_shell(st, "openssl req -text -noout -in bob.csr "
	                             "| grep -q 'Digital Signature'"), 0);
}

static void
test_request_in_pkcs10_is_verified_by_openssl(void **state)
{
	assert_openssl_verifies(*state, PSM_KEY_EC);
	assert_openssl_verifies(*state, PSM_KEY_RSA);
}

static void
test_request_in_pkcs10_has_no_registration_controls(void **state)
{
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = PSM_KEY_EC,
		                             .format = PSM_REQUEST_PKCS10,
		                             .reg_token = "token" };

	assert_not_created(*state, &params, PSM_E_ARGUMENT);
	params.reg_token = NULL;
	params.format = (enum psm_request_format)7;
	assert_not_created(*state, &params, PSM_E_ARGUMENT);
}

static void
test_request_controls_that_are_not_utf8_are_refused(void **state)
{
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = PSM_KEY_EC,
		                             .reg_token = "t\xf6ken" };
	struct psm_recovery_params recovery = { .subject = "CN=Bob",
		                                .authenticator = "\xff" };
	struct store *st = *state;
	struct psm_request *request = NULL;

	assert_not_created(st, &params, PSM_E_ARGUMENT);
	assert_says(st, "UTF-8");
	params.reg_token = NULL;
	params.authenticator = "\xc3";
	assert_not_created(st, &params, PSM_E_ARGUMENT);
	assert_psm(st, psm_request_recovery(st->ctx, &recovery, &request),
	           PSM_E_ARGUMENT);
	assert_null(request);
}

/* --- where ----------------------------------------------------------- */

static void
test_request_on_an_unknown_token_is_refused(void **state)
{
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = PSM_KEY_EC,
		                             .token = "no such token" };

	assert_not_created(*state, &params, PSM_E_TOKEN);
	assert_says(((struct store *)*state), "no such token");
}

static void
test_request_ids_are_in_range_and_differ(void **state)
{
	enum { N = 40 };
	int32_t ids[N];

	for (int i = 0; i < N; i++) {
		auto_of(psm_request) *request = store_request(*state, "CN=Bob",
		                                              PSM_KEY_EC);

		ids[i] = request->id;
		assert_true(ids[i] >= 1);
		for (int j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	}
}

static void
test_request_survives_closing(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);

	store_reopen(st, 0);
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
}

static void
test_request_needs_the_password(void **state)
{
	struct store *st = store_new("secret");
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = PSM_KEY_EC };

	(void)state;
	store_reopen(st, 0);
	st->user.password_answer = PSM_ANSWER_NO;
	assert_psm(st, psm_request_create(st->ctx, &params, NULL),
	           PSM_E_CANCELLED);
	st->user.password_answer = PSM_ANSWER_YES;
	psm_request_free(create(st, &params));
	assert_int_equal(store_count(st, "pending:"), 1);
	store_free(st);
}

/* --- list ------------------------------------------------------------ */

static void
today(char text[11])
{
	time_t now = time(NULL);
	struct tm tm;

	assert_non_null(gmtime_r(&now, &tm));
	assert_int_equal(strftime(text, 11, "%Y-%m-%d", &tm), 10);
}

static void
test_request_list_says_all_of_a_pending_one(void **state)
{
	struct store *st = *state;
	struct psm_request_params params = { .subject = "CN=Bob,O=People",
		                             .key_type = PSM_KEY_EC,
		                             .key_bits = 384,
		                             .flags = PSM_REQUEST_CA };
	char before[11], after[11], label[32];
	auto_of(psm_request) *request = NULL;
	auto_of(psm_pending_list) *list = NULL;
	const struct psm_pending *one;

	today(before);
	request = create(st, &params);
	today(after);
	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	assert_int_equal(psm_pending_list_count(list), 1); /* not the CA's */
	assert_null(psm_pending_list_get(list, 1));
	one = psm_pending_list_get(list, 0);
	assert_int_equal(one->state, PSM_PENDING);
	assert_int_equal(one->id, request->id);
	snprintf(label, sizeof label, "pending:%d:ca", (int)request->id);
	assert_string_equal(one->label, label);
	assert_string_equal(one->subject, "CN=Bob,O=People");
	assert_true(strcmp(one->created, before) == 0 ||
	            strcmp(one->created, after) == 0);
	assert_int_equal(one->key_type, PSM_KEY_EC);
	assert_int_equal(one->key_bits, 384);
	assert_string_equal(one->key_id, request->key_id);
	assert_true(one->is_ca);
	assert_non_null(one->token);
}

static void
assert_bits_listed(struct store *st, enum psm_key_type type, unsigned bits)
{
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = type,
		                             .key_bits = bits };
	auto_of(psm_request) *request = create(st, &params);
	auto_of(psm_pending_list) *list = NULL;
	const struct psm_pending *one;

	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	for (size_t i = 0; (one = psm_pending_list_get(list, i)) != NULL; i++) {
		if (one->id != request->id)
			continue;
		assert_int_equal(one->key_type, type);
		assert_int_equal(one->key_bits, bits);
		assert_false(one->is_ca);
	}
}

static void
test_request_list_knows_kinds_and_sizes(void **state)
{
	assert_bits_listed(*state, PSM_KEY_RSA, 2048);
	assert_bits_listed(*state, PSM_KEY_EC, 256);
	assert_bits_listed(*state, PSM_KEY_EC, 521);
}

static SECKEYPrivateKey *
find_pending(int32_t id)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	SECKEYPrivateKey *key;
	char label[PSM_LABEL_SIZE];

	pending_label(id, false, label);
	key = nu_slot_key_by_label(slot, label, NULL);
	assert_non_null(key);
	return key;
}

static void
set_attribute(int32_t id, CK_ATTRIBUTE_TYPE type, const char *text)
{
	nu_auto(SECKEYPrivateKey) key = find_pending(id);
	SECItem item = { siBuffer, (unsigned char *)text,
		         (unsigned)strlen(text) };

	assert_int_equal(PK11_WriteRawAttribute(PK11_TypePrivKey, key, type,
	                                        &item), SECSuccess);
}

/* What an interrupted generation of a key on a token leaves. */
static void
test_request_list_calls_a_key_without_label_an_orphan(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	auto_of(psm_pending_list) *list = NULL;
	const struct psm_pending *one;

	set_attribute(request->id, CKA_ID, "");
	set_attribute(request->id, CKA_START_DATE, "");
	set_attribute(request->id, CKA_LABEL, "");
	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	one = psm_pending_list_get(list, 0);
	assert_int_equal(one->state, PSM_ORPHAN);
	assert_int_equal(one->id, 0);
	assert_null(one->label);
	assert_string_equal(one->key_id, "");
	assert_string_equal(one->created, "");
}

static void
test_request_list_knows_what_is_stored_but_not_retired(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);

	store_put(st, cert, "Bob");
	assert_int_equal(store_pending_state(st, request->id),
	                 PSM_PENDING_STORED);
}

static void
test_request_list_of_an_empty_store_is_empty(void **state)
{
	struct store *st = *state;
	auto_of(psm_pending_list) *list = NULL;

	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	assert_int_equal(psm_pending_list_count(list), 0);
	assert_null(psm_pending_list_get(list, 0));
	psm_pending_list_free(NULL);
	psm_request_free(NULL);
}

/* --- cancel ---------------------------------------------------------- */

static void
test_request_cancelled_becomes_an_orphan(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	auto_of(psm_pending_list) *list = NULL;

	assert_psm(st, psm_request_cancel(st->ctx, request->id, 0), PSM_OK);
	assert_int_equal(store_pending_state(st, request->id), -1);
	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	assert_int_equal(psm_pending_list_count(list), 1);
	assert_int_equal(psm_pending_list_get(list, 0)->state, PSM_ORPHAN);
	assert_psm(st, psm_request_cancel(st->ctx, request->id, 0),
	           PSM_E_REQUEST_ID);
}

static void
test_request_cancelled_with_its_key_leaves_nothing(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_request_params params = { .subject = "CN=Bob",
		                             .key_type = PSM_KEY_EC };
	auto_of(psm_request) *a = create(st, &params), *b = NULL;

	assert_psm(st, psm_request_cancel(st->ctx, a->id,
	                                  PSM_CANCEL_DELETE_KEY), PSM_OK);
	params.flags = PSM_REQUEST_CA;
	b = create(st, &params);
	assert_psm(st, psm_request_cancel(st->ctx, b->id,
	                                  PSM_CANCEL_DELETE_KEY), PSM_OK);
	store_assert_unchanged(st, before);
}

static void
test_request_cancel_of_an_unknown_id_is_refused(void **state)
{
	static const int32_t ids[] = { 0, -1, 1, INT32_MAX, INT32_MIN };
	struct store *st = *state;
	nu_auto_mem char *before = NULL;

	psm_request_free(store_request(st, "CN=Bob", PSM_KEY_EC));
	before = store_snapshot(st);
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		assert_psm(st, psm_request_cancel(st->ctx, ids[i],
		                                  PSM_CANCEL_DELETE_KEY),
		           PSM_E_REQUEST_ID);
	store_assert_unchanged(st, before);
}

static void
test_request_cancel_never_deletes_a_key_in_use(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto_mem char *before = NULL;

	store_put(st, cert, "Bob");
	before = store_snapshot(st);
	assert_psm(st, psm_request_cancel(st->ctx, request->id,
	                                  PSM_CANCEL_DELETE_KEY),
	           PSM_E_EXISTS);
	assert_says(st, "Bob");
	store_assert_unchanged(st, before);
	assert_psm(st, psm_request_cancel(st->ctx, request->id, 0), PSM_OK);
	assert_int_equal(store_count(st, "pending:"), 0);
}

/* --- labels ---------------------------------------------------------- */

static void
test_request_label_is_read_as_it_is_written(void **state)
{
	static const int32_t ids[] = { 1, 42, INT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		for (int ca = 0; ca < 2; ca++) {
			char label[PSM_LABEL_SIZE];
			int32_t id = 0;
			bool is_ca = !ca;

			pending_label(ids[i], ca, label);
			assert_true(pending_parse(label, &id, &is_ca));
			assert_int_equal(id, ids[i]);
			assert_int_equal(is_ca, ca);
		}
	}
}

static void
test_request_label_of_others_is_none(void **state)
{
	static const char *const labels[] = {
		"", "pending", "pending:", "pending:0", "pending:-1",
		"pending:01", "pending:1 ", "pending: 1", "pending:1:",
		"pending:1:CA", "pending:1:ca ", "pending:2147483648",
		"pending:99999999999999999999", "PENDING:1", "xpending:1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
		int32_t id;
		bool is_ca;

		assert_false(pending_parse(labels[i], &id, &is_ca));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_request_each_kind_and_size_proves_its_key),
		store_test(test_request_other_kinds_and_sizes_are_refused),
		store_test(test_request_what_is_no_name_is_refused),
		store_test(test_request_text_is_base64_in_lines_of_64),
		store_test(test_request_asks_for_the_usage_that_was_chosen),
		store_test(test_request_carries_its_registration_controls),
		store_test(test_request_in_pkcs10_is_verified_by_openssl),
		store_test(test_request_in_pkcs10_has_no_registration_controls),
		store_test(test_request_controls_that_are_not_utf8_are_refused),
		store_test(test_request_on_an_unknown_token_is_refused),
		store_test(test_request_ids_are_in_range_and_differ),
		store_test(test_request_survives_closing),
		cmocka_unit_test(test_request_needs_the_password),
		store_test(test_request_list_says_all_of_a_pending_one),
		store_test(test_request_list_knows_kinds_and_sizes),
		store_test(
		    test_request_list_calls_a_key_without_label_an_orphan),
		store_test(
		    test_request_list_knows_what_is_stored_but_not_retired),
		store_test(test_request_list_of_an_empty_store_is_empty),
		store_test(test_request_cancelled_becomes_an_orphan),
		store_test(test_request_cancelled_with_its_key_leaves_nothing),
		store_test(test_request_cancel_of_an_unknown_id_is_refused),
		store_test(test_request_cancel_never_deletes_a_key_in_use),
		cmocka_unit_test(test_request_label_is_read_as_it_is_written),
		cmocka_unit_test(test_request_label_of_others_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

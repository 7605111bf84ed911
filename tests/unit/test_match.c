/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_match.c - which request a certificate answers: by its id and its key, or
 * by the key alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/store.h"

#define NUMBER_OF_128_BITS "340282366920938463463374607431768211455"

/* A request, and the certificate for it. */
struct order {
	struct psm_request *request;
	SECItem *cert;
};

static struct order
order_new(struct store *st, const char *subject, enum psm_key_type type)
{
	struct order order = { store_request(st, subject, type), NULL };

	order.cert = store_issue(st, order.request, NULL);
	return order;
}

static void
order_clear(struct order *order)
{
	psm_request_free(order->request);
	SECITEM_FreeItem(order->cert, PR_TRUE);
}
#define auto_order __attribute__((cleanup(order_clear))) struct order

/* What another program may do to a key. */
static SECKEYPrivateKey *
find_key(const char *label)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	SECKEYPrivateKey *key = nu_slot_key_by_label(slot, label, NULL);

	assert_non_null(key);
	return key;
}

static SECKEYPrivateKey *
find_pending(int32_t id)
{
	char label[32];

	snprintf(label, sizeof label, "pending:%d", (int)id);
	return find_key(label);
}

static void
relabel(int32_t id, const char *label)
{
	nu_auto(SECKEYPrivateKey) key = find_pending(id);

	assert_int_equal(PK11_SetPrivateKeyNickname(key, label), SECSuccess);
}

static void
set_key_id(int32_t id, const void *octets, unsigned len)
{
	nu_auto(SECKEYPrivateKey) key = find_pending(id);
	SECItem item = { siBuffer, (unsigned char *)octets, len };

	assert_int_equal(PK11_WriteRawAttribute(PK11_TypePrivKey, key, CKA_ID,
	                                        &item), SECSuccess);
}

/* --- by id ----------------------------------------------------------- */

static void
test_match_an_id_that_was_never_ours_is_refused(void **state)
{
	static const char *const ids[] = {
		"0", "-1", "1", "-2147483648", "2147483647", "2147483648",
		"4294967297", "9223372036854775807", "18446744073709551617",
		NUMBER_OF_128_BITS, ("-" NUMBER_OF_128_BITS)
	};
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		nu_auto_mem char *text = store_grant(ids[i], order.cert);

		store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
		assert_says(st, ids[i]);
	}
	assert_string_equal(psm_js_string(PSM_E_REQUEST_ID),
	                    "error:invalidRequestID");
}

/* Ids that are equal to a pending one when cut to 32 or 64 bits. */
static void
test_match_an_id_is_never_cut_to_fit(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *in_64 = store_grant(
	        store_decimal((1L << 32) + order.request->id), order.cert);
	nu_auto_mem char *negative = store_grant(
	        store_decimal(-(long)order.request->id), order.cert);

	store_assert_refused(st, in_64, 0, PSM_E_REQUEST_ID);
	store_assert_refused(st, negative, 0, PSM_E_REQUEST_ID);
}

static char *
grant_twice(const struct order *a, const struct order *b, const char *id_a,
            const char *id_b)
{
	struct store_response r[] = { { .id = id_a, .cert = a->cert },
		                      { .id = id_b, .cert = b->cert } };

	return store_rep(NU_DIALECT_CMP, r, 2, NULL, 0);
}

static void
test_match_an_id_answered_twice_is_refused(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	struct order again = { order.request,
		               store_issue(st, order.request, NULL) };
	const char *id = store_decimal(order.request->id);
	nu_auto_mem char *text = grant_twice(&order, &again, id, id);

	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	assert_says(st, "twice");
	SECITEM_FreeItem(again.cert, PR_TRUE);
}

static void
test_match_the_certificate_of_another_key_is_refused(void **state)
{
	struct store *st = *state;

	for (int kind = PSM_KEY_RSA; kind <= PSM_KEY_EC; kind++) {
		auto_order a = order_new(st, "CN=Bob",
		                         (enum psm_key_type)kind);
		auto_order b = order_new(st, "CN=Bob", PSM_KEY_EC);
		nu_auto_mem char *text = store_grant(
		        store_decimal(a.request->id), b.cert);

		store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
		assert_says(st, "another key");
		assert_int_equal(store_pending_state(st, a.request->id),
		                 PSM_PENDING);
	}
}

static void
test_match_two_certificates_swapped_are_refused(void **state)
{
	struct store *st = *state;
	auto_order a = order_new(st, "CN=Bob", PSM_KEY_EC);
	auto_order b = order_new(st, "CN=Eve", PSM_KEY_EC);
	nu_auto_mem char *text =
	        grant_twice(&a, &b, store_decimal(b.request->id),
	                    store_decimal(a.request->id));

	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
}

static void
test_match_a_key_whose_label_is_lost_is_no_request(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);

	relabel(order.request->id, "renamed by somebody");
	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
}

/* The label only finds the key; that it is the right one is proved. */
static void
test_match_a_label_moved_to_another_key_is_found_out(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	auto_order other = order_new(st, "CN=Eve", PSM_KEY_RSA);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);
	char label[32];

	snprintf(label, sizeof label, "pending:%d", (int)order.request->id);
	relabel(order.request->id, "aside");
	relabel(other.request->id, label);
	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
}

static void
test_match_of_two_keys_with_one_label_takes_the_right(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	auto_order other = order_new(st, "CN=Eve", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);
	auto_of(psm_import) *got = NULL;
	char label[32];

	snprintf(label, sizeof label, "pending:%d", (int)order.request->id);
	relabel(other.request->id, label);
	got = store_import(st, text, NULL, 0);
	assert_int_equal(psm_import_get(got, 0)->matched, PSM_MATCHED_ID);
	/* The other one waits on under that id. */
	assert_int_equal(store_pending_state(st, order.request->id),
	                 PSM_PENDING);
	assert_int_equal(store_count(st, "[Bob's Acme ID]"), 2);
}

static void
test_match_what_looks_like_our_label_is_read_strictly(void **state)
{
	static const char *const labels[] = { "pending:", "pending:7x",
		                              "pending:07", "pending: 7",
		                              "pending:+7", "pending:7:cA",
		                              "Pending:7" };
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant("7", order.cert);
	nu_auto(SECKEYPrivateKey) key = find_pending(order.request->id);

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
		assert_int_equal(PK11_SetPrivateKeyNickname(key, labels[i]),
		                 SECSuccess);
		store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
		assert_int_equal(store_pending_state(st, 7), -1);
	}
}

/* CMP's ids for "no id" find nothing, whatever a key is called. */
static void
test_match_no_label_makes_0_or_a_negative_id_ours(void **state)
{
	static const char *const ids[] = { "0", "-1" };
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECKEYPrivateKey) key = find_pending(order.request->id);

	for (size_t i = 0; i < 2; i++) {
		nu_auto_mem char *text = store_grant(ids[i], order.cert);
		char label[32];

		snprintf(label, sizeof label, "pending:%s", ids[i]);
		assert_int_equal(PK11_SetPrivateKeyNickname(key, label),
		                 SECSuccess);
		store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	}
}

/* A key that only lives as long as the session is no place for a
 * certificate. */
static void
test_match_never_takes_a_key_that_is_not_stored(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) by = fresh_authority("CN=Root", NULL);
	struct fresh_key key = fresh_key(ecKey, 256);
	nu_auto(SECItem) spki = fresh_spki(&key);
	const struct fresh_spec spec = { .spki = *spki, .subject = *by.name,
		                         .issuer = *by.name, .by = &by.key,
		                         .serial = 7 };
	nu_auto(SECItem) cert = fresh_cert_from(&spec);
	nu_auto_mem char *text = store_grant("7", cert);

	assert_int_equal(PK11_SetPrivateKeyNickname(key.private, "pending:7"),
	                 SECSuccess);
	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	store_assert_refused(st, text, PSM_MATCH_BY_KEY, PSM_E_REQUEST_ID);
	assert_int_equal(store_pending_state(st, 7), -1);
	fresh_key_free(&key);
}

/* --- by key ---------------------------------------------------------- */

static void
test_match_by_key_is_only_done_when_asked_for(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant("0", order.cert);
	auto_of(psm_import) *got = NULL;

	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	got = store_import(st, text, NULL, PSM_MATCH_BY_KEY);
	assert_string_equal(psm_errmsg(st->ctx), "");
	assert_int_equal(psm_import_get(got, 0)->matched, PSM_MATCHED_KEY);
	assert_string_equal(psm_import_get(got, 0)->request_id, "0");
	assert_int_equal(psm_import_get(got, 0)->warnings, 0);
	assert_int_equal(store_pending_state(st, order.request->id), -1);
}

static void
test_match_by_key_still_prefers_the_id(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_RSA);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);
	auto_of(psm_import) *got = store_import(st, text, NULL,
	                                        PSM_MATCH_BY_KEY);

	assert_int_equal(psm_import_get(got, 0)->matched, PSM_MATCHED_ID);
}

static void
test_match_by_key_answers_a_pkcs10_request(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request_p10(st, "CN=Bob");
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_CMP);
	auto_of(psm_import) *got = NULL;

	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	got = store_import(st, text, NULL, PSM_MATCH_BY_KEY);
	assert_string_equal(psm_import_get(got, 0)->request_id, "-1");
	assert_int_equal(psm_import_get(got, 0)->matched, PSM_MATCHED_KEY);
}

static void
test_match_a_pkcs10_request_may_be_answered_by_id(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request_p10(st, "CN=Bob");
	struct ca_options options = { .id = store_decimal(request->id) };
	nu_auto_mem char *text = store_answer_with(st, request, &options);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_int_equal(psm_import_get(got, 0)->matched, PSM_MATCHED_ID);
}

/* Dogtag answers a dual-key order with one number for both certificates. */
static void
test_match_by_key_takes_one_id_for_two_certificates(void **state)
{
	struct store *st = *state;
	auto_order sign = order_new(st, "CN=Bob", PSM_KEY_EC);
	auto_order encrypt = order_new(st, "CN=Bob", PSM_KEY_RSA);
	nu_auto_mem char *text = grant_twice(&sign, &encrypt,
	                                     NUMBER_OF_128_BITS,
	                                     NUMBER_OF_128_BITS);
	auto_of(psm_import) *got = NULL;

	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	got = store_import(st, text, NULL, PSM_MATCH_BY_KEY);
	assert_int_equal(psm_import_count(got), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct psm_imported *one = psm_import_get(got, i);

		assert_int_equal(one->matched, PSM_MATCHED_KEY);
		assert_string_equal(one->request_id, NUMBER_OF_128_BITS);
		assert_string_equal(one->cert.nickname, "Bob's Acme ID");
	}
	assert_int_equal(store_count(st, "pending:"), 0);
}

static void
test_match_by_key_without_the_key_is_refused(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);

	assert_psm(st, psm_request_cancel(st->ctx, order.request->id,
	                                  PSM_CANCEL_DELETE_KEY), PSM_OK);
	store_assert_refused(st, text, PSM_MATCH_BY_KEY, PSM_E_REQUEST_ID);
}

static void
test_match_by_key_finds_a_request_that_was_cancelled(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);
	auto_of(psm_import) *got = NULL;

	assert_psm(st, psm_request_cancel(st->ctx, order.request->id, 0),
	           PSM_OK);
	store_assert_refused(st, text, 0, PSM_E_REQUEST_ID);
	got = store_import(st, text, NULL, PSM_MATCH_BY_KEY);
	assert_int_equal(psm_import_get(got, 0)->warnings,
	                 PSM_WARN_KEY_ELSEWHERE);
}

static void
test_match_by_key_leaves_the_label_of_another_program(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant("0", order.cert);
	auto_of(psm_import) *got = NULL;

	relabel(order.request->id, "my own key");
	got = store_import(st, text, NULL, PSM_MATCH_BY_KEY);
	assert_int_equal(psm_import_get(got, 0)->warnings,
	                 PSM_WARN_KEY_ELSEWHERE);
	assert_int_equal(store_count(st, "key [my own key]"), 1);
	assert_int_equal(store_count(st, "cert [Bob's Acme ID]"), 1);
}

/* NSS finds a certificate's key by CKA_ID; a key made elsewhere has its own. */
static void
import_with_key_id(struct store *st, const char *key_id)
{
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_grant("0", order.cert);
	auto_of(psm_import) *got = NULL;
	auto_of(psm_cert_list) *list = NULL;
	const char *sha1;

	set_key_id(order.request->id, key_id, (unsigned)strlen(key_id));
	got = store_import(st, text, NULL, PSM_MATCH_BY_KEY);
	sha1 = psm_import_get(got, 0)->cert.sha1;
	assert_psm(st, psm_store_get(st->ctx, sha1, &list), PSM_OK);
	assert_true(psm_cert_list_get(list, 0)->has_key);
	assert_int_equal(store_shell(st, "certutil -L -d sql:db | "
	                             "grep -q \"^Bob's Acme ID  *u,u,u\""), 0);
	assert_int_equal(store_shell(st, "pk12util -o out.p12 -d sql:db -W x "
	                             "-n \"Bob's Acme ID\" >/dev/null"), 0);
	store_reopen(st, 0);
	assert_psm(st, psm_store_delete(st->ctx, sha1, 0, NULL), PSM_OK);
}

static void
test_match_by_key_finds_a_key_under_another_id(void **state)
{
	import_with_key_id(*state, "an id of another program's");
}

static void
test_match_by_key_gives_an_id_to_a_key_without_one(void **state)
{
	import_with_key_id(*state, "");
}

static void
test_match_by_id_links_a_key_under_another_id_too(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_RSA);
	nu_auto_mem char *text = store_grant(store_decimal(order.request->id),
	                                     order.cert);
	auto_of(psm_import) *got = NULL;
	auto_of(psm_cert_list) *list = NULL;

	set_key_id(order.request->id, "another", 7);
	got = store_import(st, text, NULL, 0);
	assert_psm(st, psm_store_get(st->ctx, "Bob's Acme ID", &list), PSM_OK);
	assert_true(psm_cert_list_get(list, 0)->has_key);
}

/* A renewal on the same key needs no new request. */
static void
test_match_by_key_renews_a_certificate(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) renewed = store_issue(st, order.request, NULL);
	nu_auto_mem char *first = store_grant(store_decimal(order.request->id),
	                                      order.cert);
	nu_auto_mem char *second = store_grant("0", renewed);
	auto_of(psm_import) *got = NULL;

	psm_import_free(store_import(st, first, "Bob at work", 0));
	got = store_import(st, second, "Bob at home", PSM_MATCH_BY_KEY);
	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "Bob at work");
	assert_int_equal(psm_import_get(got, 0)->warnings,
	                 PSM_WARN_KEY_ELSEWHERE);
	assert_int_equal(store_count(st, "cert [Bob at work]"), 2);
	assert_int_equal(store_count(st, "key [Bob at work]"), 1);
}

static void
test_match_by_key_stores_two_certificates_of_one_key(void **state)
{
	struct store *st = *state;
	auto_order a = order_new(st, "CN=Bob", PSM_KEY_EC);
	struct order b = { a.request, store_issue(st, a.request, NULL) };
	nu_auto_mem char *text = grant_twice(&a, &b, "0", "0");
	auto_of(psm_import) *got = store_import(st, text, NULL,
	                                        PSM_MATCH_BY_KEY);

	assert_int_equal(psm_import_count(got), 2);
	assert_int_equal(store_count(st, "cert [Bob's Acme ID]"), 2);
	assert_int_equal(store_count(st, "key [Bob's Acme ID]"), 1);
	SECITEM_FreeItem(b.cert, PR_TRUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_match_an_id_that_was_never_ours_is_refused),
		store_test(test_match_an_id_is_never_cut_to_fit),
		store_test(test_match_an_id_answered_twice_is_refused),
		store_test(
		    test_match_the_certificate_of_another_key_is_refused),
		store_test(test_match_two_certificates_swapped_are_refused),
		store_test(test_match_a_key_whose_label_is_lost_is_no_request),
		store_test(
		    test_match_a_label_moved_to_another_key_is_found_out),
		store_test(
		    test_match_of_two_keys_with_one_label_takes_the_right),
		store_test(
		    test_match_what_looks_like_our_label_is_read_strictly),
		store_test(test_match_no_label_makes_0_or_a_negative_id_ours),
		store_test(test_match_never_takes_a_key_that_is_not_stored),
		store_test(test_match_by_key_is_only_done_when_asked_for),
		store_test(test_match_by_key_still_prefers_the_id),
		store_test(test_match_by_key_answers_a_pkcs10_request),
		store_test(test_match_a_pkcs10_request_may_be_answered_by_id),
		store_test(test_match_by_key_takes_one_id_for_two_certificates),
		store_test(test_match_by_key_without_the_key_is_refused),
		store_test(
		    test_match_by_key_finds_a_request_that_was_cancelled),
		store_test(
		    test_match_by_key_leaves_the_label_of_another_program),
		store_test(test_match_by_key_finds_a_key_under_another_id),
		store_test(test_match_by_key_gives_an_id_to_a_key_without_one),
		store_test(test_match_by_id_links_a_key_under_another_id_too),
		store_test(test_match_by_key_renews_a_certificate),
		store_test(
		    test_match_by_key_stores_two_certificates_of_one_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

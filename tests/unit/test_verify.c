/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_verify.c - certificates that are refused, or warned of: serial numbers,
 * signatures, validity, and CA certificates. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

static const PRTime day = (PRTime)24 * 60 * 60 * PR_USEC_PER_SEC;

/* A request that another authority answers with a certificate as in spec. */
struct order {
	struct fresh_authority by;
	struct psm_request *request;
	SECItem *cert;
};

static struct order
order_new(struct store *st, const struct fresh_spec *spec)
{
	struct order order = { fresh_authority("CN=Root,O=Other", NULL),
		               store_request(st, "CN=Bob", PSM_KEY_EC), NULL };

	order.cert = store_foreign_cert(order.request, &order.by, spec);
	return order;
}

static void
order_clear(struct order *order)
{
	fresh_authority_free(&order->by);
	psm_request_free(order->request);
	SECITEM_FreeItem(order->cert, PR_TRUE);
}
#define auto_order __attribute__((cleanup(order_clear))) struct order

static char *
answer_with(const struct order *order, const SECItem *const pubs[],
            size_t n_pubs)
{
	struct store_response r = { .id = store_decimal(order->request->id),
		                    .cert = order->cert };

	return store_rep(NU_DIALECT_CMMF, &r, 1, pubs, n_pubs);
}

static unsigned
import_warnings(struct store *st, const char *answer, unsigned flags)
{
	auto_of(psm_import) *got = store_import(st, answer, NULL, flags);

	return psm_import_get(got, 0)->warnings;
}

/* --- issuer and serial number ---------------------------------------- */

static void
test_verify_two_of_one_serial_number_are_refused(void **state)
{
	struct store *st = *state;
	const struct fresh_spec spec = { .serial = 77 };
	auto_order a = order_new(st, &spec);
	auto_of(psm_request) *other = store_request(st, "CN=Eve", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_foreign_cert(other, &a.by, &spec);
	struct store_response r[] = {
		{ .id = store_decimal(a.request->id), .cert = a.cert },
		{ .id = store_decimal(other->id), .cert = cert },
	};
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, r, 2, NULL, 0);

	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
	assert_int_equal(store_pending_state(st, a.request->id), PSM_PENDING);
}

static void
test_verify_a_serial_number_in_the_store_is_refused(void **state)
{
	struct store *st = *state;
	const struct fresh_spec spec = { .serial = 77 };
	auto_order a = order_new(st, &spec);
	auto_of(psm_request) *other = store_request(st, "CN=Eve", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_foreign_cert(other, &a.by, &spec);
	nu_auto_mem char *first = answer_with(&a, NULL, 0);
	nu_auto_mem char *second = store_grant(store_decimal(other->id), cert);

	assert_int_equal(import_warnings(st, first, 0), PSM_WARN_UNVERIFIED);
	store_assert_refused(st, second, 0, PSM_E_CERTIFICATE);
	assert_says(st, "issuer and serial number");
	fresh_authority_free(&a.by);
	store_reopen(st, 0);
	store_assert_refused(st, second, 0, PSM_E_CERTIFICATE);
}

static void
test_verify_the_serial_number_of_a_ca_pub_is_refused(void **state)
{
	struct store *st = *state;
	const struct fresh_spec spec = { .serial = 1 }; /* as the root's own */
	auto_order order = order_new(st, &spec);
	const SECItem *pubs[] = { order.by.cert };
	nu_auto_mem char *text = answer_with(&order, pubs, 1);

	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
}

/* --- signatures ------------------------------------------------------ */

static void
test_verify_an_unknown_issuer_is_warned_of(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, NULL);
	nu_auto_mem char *text = answer_with(&order, NULL, 0);

	assert_int_equal(import_warnings(st, text, 0), PSM_WARN_UNVERIFIED);
}

static void
test_verify_a_signature_no_ca_pub_made_is_refused(void **state)
{
	struct store *st = *state;
	const struct fresh_spec spec = { .bad_signature = PR_TRUE };
	auto_order order = order_new(st, &spec);
	const SECItem *pubs[] = { order.by.cert };
	nu_auto_mem char *text = answer_with(&order, pubs, 1);
	nu_auto_mem char *alone = answer_with(&order, NULL, 0);

	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
	assert_says(st, "signature");
	assert_int_equal(import_warnings(st, alone, 0), PSM_WARN_UNVERIFIED);
}

static void
test_verify_a_signature_no_stored_issuer_made_is_refused(void **state)
{
	struct store *st = *state;
	const struct fresh_spec spec = { .bad_signature = PR_TRUE };
	auto_order order = order_new(st, &spec);
	nu_auto_mem char *text = answer_with(&order, NULL, 0);

	store_put(st, order.by.cert, "Root");
	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
	fresh_authority_free(&order.by);
	store_reopen(st, 0);
	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
}

static void
test_verify_a_good_signature_of_a_stored_issuer_counts(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, NULL);
	nu_auto_mem char *text = answer_with(&order, NULL, 0);

	store_put(st, order.by.cert, "Root");
	assert_int_equal(import_warnings(st, text, 0), 0);
}

static void
test_verify_a_ca_pub_with_a_bad_signature_is_refused(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, NULL);
	nu_auto(SECItem) spki = fresh_spki(&order.by.key);
	const struct fresh_spec bad = { .spki = *spki,
		                        .subject = *order.by.name,
		                        .issuer = *order.by.name,
		                        .by = &order.by.key,
		                        .serial = 2,
		                        .is_ca = PR_TRUE,
		                        .bad_signature = PR_TRUE };
	nu_auto(SECItem) root = fresh_cert_from(&bad);
	const SECItem *pubs[] = { root };
	nu_auto_mem char *text = answer_with(&order, pubs, 1);

	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
}

/* Two authorities of one name, as after a change of key. */
struct rollover {
	struct fresh_authority old, new;
};

static void
rollover_clear(struct rollover *roll)
{
	fresh_authority_free(&roll->old);
	fresh_authority_free(&roll->new);
}

static struct rollover
rollover_new(void)
{
	struct rollover roll = { fresh_authority("CN=Root,O=Other", "old key"),
		                 { .name = NULL } };
	nu_auto(SECItem) spki = NULL;
	struct fresh_spec spec = { .serial = 2, .is_ca = PR_TRUE,
		                   .key_id = "new key" };

	roll.new.key = fresh_key(ecKey, 256);
	roll.new.name = fresh_name("CN=Root,O=Other");
	spki = fresh_spki(&roll.new.key);
	spec.spki = *spki;
	spec.subject = spec.issuer = *roll.new.name;
	spec.by = &roll.new.key;
	roll.new.cert = fresh_cert_from(&spec);
	return roll;
}

static enum psm_err
import_rolled(struct store *st, const struct rollover *roll,
              const struct fresh_authority *by, const char *issuer_key_id,
              bool in_store)
{
	struct fresh_spec spec = { .issuer_key_id = issuer_key_id };
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_foreign_cert(request, by, &spec);
	const SECItem *pubs[] = { roll->old.cert, roll->new.cert };
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert };
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, &r, 1, pubs,
	                                   in_store ? 0 : 2);

	return psm_import_user_certificates(st->ctx, text, NULL, 0, NULL);
}

static void
try_rollover(struct store *st, bool in_store)
{
	__attribute__((cleanup(rollover_clear))) struct rollover r =
	        rollover_new();

	if (in_store) {
		store_put(st, r.old.cert, "Root");
		store_put(st, r.new.cert, "Root");
	}
	assert_psm(st, import_rolled(st, &r, &r.old, "old key", in_store),
	           PSM_OK);
	assert_psm(st, import_rolled(st, &r, &r.new, "new key", in_store),
	           PSM_OK);
	assert_psm(st, import_rolled(st, &r, &r.old, NULL, in_store), PSM_OK);
	assert_psm(st, import_rolled(st, &r, &r.new, NULL, in_store), PSM_OK);
	assert_psm(st, import_rolled(st, &r, &r.new, "old key", in_store),
	           PSM_E_CERTIFICATE);
}

static void
test_verify_an_authority_may_have_changed_its_key(void **state)
{
	try_rollover(*state, false);
}

static void
test_verify_a_stored_authority_may_have_changed_its_key(void **state)
{
	try_rollover(*state, true);
}

/* Another authority of that name, with a key of its own. */
static SECItem *
make_namesake(const struct order *order, unsigned long serial)
{
	struct fresh_key key = fresh_key(ecKey, 256);
	nu_auto(SECItem) spki = fresh_spki(&key);
	const struct fresh_spec spec = { .spki = *spki,
		                         .subject = *order->by.name,
		                         .issuer = *order->by.name,
		                         .by = &key,
		                         .serial = serial,
		                         .is_ca = PR_TRUE };
	SECItem *cert = fresh_cert_from(&spec);

	fresh_key_free(&key);
	return cert;
}

/* A hostile answer brings many, and each takes its time. */
static void
test_verify_of_many_keys_of_one_name_a_few_are_tried(void **state)
{
	enum { FEW = 4, MANY = 6 };
	struct store *st = *state;
	auto_order order = order_new(st, NULL);
	nu_auto_mem char *few = NULL;
	nu_auto_mem char *many = NULL;
	SECItem *pubs[MANY];

	for (unsigned i = 0; i < MANY; i++)
		pubs[i] = make_namesake(&order, 100 + i);
	few = answer_with(&order, (const SECItem *const *)pubs, FEW);
	many = answer_with(&order, (const SECItem *const *)pubs, MANY);
	store_assert_refused(st, few, 0, PSM_E_CERTIFICATE);
	assert_int_equal(import_warnings(st, many, 0), PSM_WARN_UNVERIFIED);
	for (unsigned i = 0; i < MANY; i++)
		SECITEM_FreeItem(pubs[i], PR_TRUE);
}

/* The chain's own links are checked, too. */
static void
test_verify_an_intermediate_authority_is_followed(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) root = fresh_authority("CN=Root,O=Top", NULL);
	auto_order order = order_new(st, NULL);
	nu_auto(SECItem) spki = fresh_spki(&order.by.key);
	struct fresh_spec spec = { .spki = *spki, .subject = *order.by.name,
		                   .issuer = *root.name, .by = &root.key,
		                   .serial = 5, .is_ca = PR_TRUE };
	nu_auto(SECItem) middle = fresh_cert_from(&spec);
	const SECItem *pubs[] = { middle, root.cert };
	nu_auto_mem char *good = answer_with(&order, pubs, 2);
	nu_auto_mem char *bad = NULL;
	nu_auto(SECItem) forged = NULL;

	spec.bad_signature = PR_TRUE;
	forged = fresh_cert_from(&spec);
	pubs[0] = forged;
	bad = answer_with(&order, pubs, 2);
	store_assert_refused(st, bad, 0, PSM_E_CERTIFICATE);
	assert_int_equal(import_warnings(st, good, 0), 0);
	assert_int_equal(store_count(st, "cert ["), 4);
}

static void
test_verify_an_issuer_that_is_no_ca_signs_nothing(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, NULL);
	nu_auto(SECItem) spki = fresh_spki(&order.by.key);
	const struct fresh_spec spec = { .spki = *spki,
		                         .subject = *order.by.name,
		                         .issuer = *order.by.name,
		                         .by = &order.by.key,
		                         .serial = 9,
		                         .key_id = "no CA" };
	nu_auto(SECItem) leaf = fresh_cert_from(&spec);
	const SECItem *pubs[] = { leaf };
	nu_auto_mem char *text = answer_with(&order, pubs, 1);

	assert_int_equal(import_warnings(st, text, 0), PSM_WARN_UNVERIFIED);
}

/* NSS's policy may forbid what a CA still does. */
static void
test_verify_a_forbidden_algorithm_is_warned_of(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_CMMF);
	PRUint32 before;
	unsigned warnings;

	assert_int_equal(NSS_GetAlgorithmPolicy(SEC_OID_SHA256, &before),
	                 SECSuccess);
	assert_int_equal(NSS_SetAlgorithmPolicy(
	                         SEC_OID_SHA256, 0,
	                         NSS_USE_ALG_IN_CERT_SIGNATURE),
	                 SECSuccess);
	warnings = import_warnings(st, text, 0);
	assert_int_equal(NSS_SetAlgorithmPolicy(SEC_OID_SHA256, before, 0),
	                 SECSuccess);
	assert_int_equal(warnings, PSM_WARN_WEAK_SIGNATURE);
}

/* --- validity -------------------------------------------------------- */

static unsigned
import_valid_from_to(struct store *st, PRTime from, PRTime to)
{
	const struct fresh_spec spec = { .not_before = PR_Now() + from,
		                         .not_after = PR_Now() + to };
	auto_order order = order_new(st, &spec);
	nu_auto_mem char *text = answer_with(&order, NULL, 0);

	return import_warnings(st, text, 0) & ~PSM_WARN_UNVERIFIED;
}

static void
test_verify_an_expired_certificate_is_warned_of(void **state)
{
	assert_int_equal(import_valid_from_to(*state, -9 * day, -2 * day),
	                 PSM_WARN_EXPIRED);
	assert_int_equal(store_count(*state, "cert [Bob's Other ID]"), 1);
}

static void
test_verify_a_future_certificate_is_warned_of(void **state)
{
	assert_int_equal(import_valid_from_to(*state, 2 * day, 9 * day),
	                 PSM_WARN_NOT_YET_VALID);
	assert_int_equal(import_valid_from_to(*state, -day, 30000 * day), 0);
	assert_int_equal(store_count(*state, "cert [Bob's Other ID]"), 2);
}

/* An expired issuer has signed as well as it could. */
static void
test_verify_an_expired_issuer_still_vouches(void **state)
{
	struct store *st = *state;
	auto_order order = order_new(st, NULL);
	nu_auto(SECItem) spki = fresh_spki(&order.by.key);
	const struct fresh_spec spec = { .spki = *spki,
		                         .subject = *order.by.name,
		                         .issuer = *order.by.name,
		                         .by = &order.by.key,
		                         .serial = 3,
		                         .not_before = PR_Now() - 9 * day,
		                         .not_after = PR_Now() - 2 * day,
		                         .is_ca = PR_TRUE };
	nu_auto(SECItem) root = fresh_cert_from(&spec);
	const SECItem *pubs[] = { root };
	nu_auto_mem char *text = answer_with(&order, pubs, 1);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_int_equal(psm_import_get(got, 0)->warnings, 0);
	assert_int_equal(psm_import_chain_get(got, 0)->warnings,
	                 PSM_WARN_EXPIRED);
}

/* --- CA certificates ------------------------------------------------- */

static void
test_verify_a_ca_certificate_nobody_asked_for_is_refused(void **state)
{
	struct store *st = *state;
	const struct fresh_spec spec = { .is_ca = PR_TRUE };
	auto_order order = order_new(st, &spec);
	nu_auto_mem char *text = answer_with(&order, NULL, 0);
	auto_of(psm_import) *got = NULL;

	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
	store_assert_refused(st, text, PSM_MATCH_BY_KEY, PSM_E_CERTIFICATE);
	assert_says(st, "not asked for");
	got = store_import(st, text, NULL, PSM_IMPORT_ALLOW_CA);
	assert_true(psm_import_get(got, 0)->cert.is_ca);
	assert_int_equal(store_shell(st, "certutil -L -d sql:db | "
	                             "grep -q \"Bob's Other ID  *u,u,u\""), 0);
}

static void
test_verify_a_ca_certificate_that_was_asked_for_is_stored(void **state)
{
	struct store *st = *state;
	struct psm_request_params params = { .subject = "CN=Sub CA",
		                             .key_type = PSM_KEY_EC,
		                             .flags = PSM_REQUEST_CA };
	struct ca_options options = { .allow_ca = true };
	auto_of(psm_request) *request = NULL;
	nu_auto_mem char *text = NULL;
	auto_of(psm_import) *got = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	text = store_answer_with(st, request, &options);
	store_reopen(st, 0); /* it is remembered in the store */
	got = store_import(st, text, NULL, 0);
	assert_true(psm_import_get(got, 0)->cert.is_ca);
	assert_int_equal(store_count(st, "pending:"), 0);
}

static void
test_verify_who_asked_for_a_ca_may_get_less(void **state)
{
	struct store *st = *state;
	struct psm_request_params params = { .subject = "CN=Sub CA",
		                             .key_type = PSM_KEY_EC,
		                             .flags = PSM_REQUEST_CA };
	auto_of(fresh_authority) by = fresh_authority("CN=Root", NULL);
	auto_of(psm_request) *request = NULL;
	nu_auto(SECItem) cert = NULL;
	nu_auto_mem char *text = NULL;
	auto_of(psm_import) *got = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	cert = store_foreign_cert(request, &by, NULL);
	text = store_grant(store_decimal(request->id), cert);
	got = store_import(st, text, NULL, 0);
	assert_false(psm_import_get(got, 0)->cert.is_ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_verify_two_of_one_serial_number_are_refused),
		store_test(test_verify_a_serial_number_in_the_store_is_refused),
		store_test(
		    test_verify_the_serial_number_of_a_ca_pub_is_refused),
		store_test(test_verify_an_unknown_issuer_is_warned_of),
		store_test(test_verify_a_signature_no_ca_pub_made_is_refused),
		store_test(
		    test_verify_a_signature_no_stored_issuer_made_is_refused),
		store_test(
		    test_verify_a_good_signature_of_a_stored_issuer_counts),
		store_test(
		    test_verify_a_ca_pub_with_a_bad_signature_is_refused),
		store_test(test_verify_an_authority_may_have_changed_its_key),
		store_test(
		    test_verify_a_stored_authority_may_have_changed_its_key),
		store_test(
		    test_verify_of_many_keys_of_one_name_a_few_are_tried),
		store_test(test_verify_an_intermediate_authority_is_followed),
		store_test(test_verify_an_issuer_that_is_no_ca_signs_nothing),
		store_test(test_verify_a_forbidden_algorithm_is_warned_of),
		store_test(test_verify_an_expired_certificate_is_warned_of),
		store_test(test_verify_a_future_certificate_is_warned_of),
		store_test(test_verify_an_expired_issuer_still_vouches),
		store_test(
		    test_verify_a_ca_certificate_nobody_asked_for_is_refused),
		store_test(
		    test_verify_a_ca_certificate_that_was_asked_for_is_stored),
		store_test(test_verify_who_asked_for_a_ca_may_get_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

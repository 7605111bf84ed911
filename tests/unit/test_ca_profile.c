/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_profile.c - profiles, and subjects that were chosen. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_p10.h"
#include "tests/unit/ca_store.h"

/* --- profiles ------------------------------------------------------------ */

static void
test_profile_subject_keeps_its_parts_in_its_order(void **state)
{
	static const char *const parts[] = { "O", "cn", "1.2.840.113549.1.9.1",
		                             "C" };
	static const struct ca_profile profile = {
		.subject_parts = parts, .n_subject_parts = COUNT(parts)
	};
	static const struct ca_options options = { .profile = &profile };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=Alice/OU=Boss+O=Acme/"
	                                 "emailAddress=a@x.org/CN=2",
	                                 EC_KEY, "");
	auto_of(ca_answer) *answer = issue(st, p10, &options);
	const struct ca_result *result = ca_answer_get(answer, 0);

	assert_true(result->modified);
	assert_string_equal(result->subject, "E=a@x.org,CN=2,CN=Alice,O=Acme");
	assert_true(out_says(st, "email:a@x.org"));
	assert_true(out_says(st, "E-mail Protection"));
}

static void
test_profile_subject_without_any_part_left_is_refused(void **state)
{
	static const char *const parts[] = { "L" };
	static const struct ca_profile profile = { .subject_parts = parts,
		                                   .n_subject_parts = 1 };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=Alice", EC_KEY, "");

	assert_refused(st, p10, &profile, CA_FAIL_BAD_CERT_TEMPLATE);
}

static void
test_profile_keys_of_other_kinds_are_refused(void **state)
{
	static const struct ca_profile rsa = { .keys = CA_KEY_RSA,
		                               .rsa_bits = 3072 },
	                               p256 = { .keys = CA_KEY_P256 },
	                               weak = { .rsa_bits = 1024 };
	struct store *st = *state;
	nu_auto_mem char *ec = make_p10(st, "/CN=A", EC_KEY, "");
	nu_auto_mem char *p384 = make_p10(st, "/CN=A", "ec -pkeyopt "
	                                  "ec_paramgen_curve:P-384", "");
	nu_auto_mem char *rsa2048 = make_p10(st, "/CN=A", "rsa:2048", "");
	nu_auto_mem char *rsa1024 = make_p10(st, "/CN=A", "rsa:1024", "");
	const struct ca_options weakly = { .profile = &weak },
	                        on_p256 = { .profile = &p256 };
	auto_of(ca_answer) *granted = issue(st, ec, &on_p256);
	auto_of(ca_answer) *granted_weakly = issue(st, rsa1024, &weakly);

	assert_refused(st, ec, &rsa, CA_FAIL_BAD_ALG);
	assert_refused(st, rsa2048, &rsa, CA_FAIL_BAD_ALG);
	assert_refused(st, p384, &p256, CA_FAIL_BAD_ALG);
	assert_refused(st, rsa2048, &p256, CA_FAIL_BAD_ALG);
	assert_refused(st, rsa1024, NULL, CA_FAIL_BAD_ALG);
	assert_int_equal(granted->n_issued, 1);
	assert_int_equal(granted_weakly->n_issued, 1);
}

static void
test_profile_usage_is_the_profiles(void **state)
{
	static const struct ca_profile sign = { .usage = CA_USAGE_SIGN },
	                               both = { .usage = CA_USAGE_BOTH };
	struct store *st = *state;
	nu_auto_mem char *rsa = make_p10(st, "/CN=A", "rsa:2048", "-addext "
	                                 "keyUsage=nonRepudiation");
	nu_auto_mem char *ec = make_p10(st, "/CN=A", EC_KEY, "");
	static const struct ca_options sign_options = { .profile = &sign },
	                               both_options = { .profile = &both };

	ca_answer_free(issue(st, rsa, &sign_options));
	assert_true(out_says(st, "Digital Signature\n"));
	ca_answer_free(issue(st, rsa, &both_options));
	assert_true(out_says(st, "Digital Signature, Key Encipherment\n"));
	ca_answer_free(issue(st, ec, &both_options));
	assert_true(out_says(st, "Digital Signature\n"));
}

/* Such a key may be one that cannot sign, as of "rsa-ex" and "ec-ex". */
static void
test_profile_usage_for_encryption_alone_is_that_or_refused(void **state)
{
	static const struct ca_profile sign = { .usage = CA_USAGE_SIGN },
	                               both = { .usage = CA_USAGE_BOTH };
	struct store *st = *state;
	nu_auto_mem char *rsa = make_p10(st, "/CN=A", "rsa:2048", "-addext "
	                                 "keyUsage=keyEncipherment");
	nu_auto_mem char *ec = make_p10(st, "/CN=A", EC_KEY, "-addext "
	                                "keyUsage=keyAgreement");
	static const struct ca_options sign_options = { .profile = &sign },
	                               both_options = { .profile = &both };
	struct ca_answer *answer = NULL;

	ca_answer_free(issue(st, rsa, &both_options));
	assert_false(out_says(st, "Digital Signature"));
	assert_true(out_says(st, "Key Encipherment\n"));
	ca_answer_free(issue(st, ec, &both_options));
	assert_false(out_says(st, "Digital Signature"));
	assert_true(out_says(st, "Key Agreement\n"));
	answer = issue(st, ec, &sign_options);
	assert_false(ca_answer_get(answer, 0)->granted);
	ca_answer_free(answer);
}

/* Nothing was asked for, and so nothing was changed. */
static void
test_profile_usage_that_nobody_asked_for_is_no_change(void **state)
{
	static const struct ca_profile sign = { .usage = CA_USAGE_SIGN };
	static const struct ca_options options = { .profile = &sign };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", "rsa:2048", "");
	auto_of(ca_answer) *answer = issue(st, p10, &options);

	assert_false(ca_answer_get(answer, 0)->modified);
	assert_null(ca_answer_get(answer, 0)->reason);
	assert_true(out_says(st, "Digital Signature\n"));
}

/* An RSA key with this exponent instead of its own. */
static SECItem *
change_exponent(PLArenaPool *arena, const SECItem *spki, long exponent)
{
	struct nu_tlv algorithm, modulus;
	struct nu_der r, in_key;
	SECItem key;

	assert_int_equal(nu_der_only(spki, NU_SEQUENCE, &r), SECSuccess);
	assert_int_equal(nu_der_get(&r, NU_SEQUENCE, &algorithm), SECSuccess);
	assert_int_equal(nu_der_bits(&r, &key), SECSuccess);
	assert_int_equal(nu_der_only(&key, NU_SEQUENCE, &in_key), SECSuccess);
	assert_int_equal(nu_der_get(&in_key, NU_INTEGER, &modulus),
	                 SECSuccess);
	return nu_der_make(arena, NU_SEQUENCE, &algorithm.whole,
		nu_der_make_bits(arena, nu_der_make(arena, NU_SEQUENCE,
			&modulus.whole, nu_der_make_long(arena, exponent))));
}

static void
assert_exponent_fails(struct store *st, const SECItem *der, long exponent,
                      enum ca_fail fail)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	auto_of(ca_answer) *answer = NULL;
	struct nu_p10 p10;
	SECItem *changed;

	assert_int_equal(nu_p10_decode(der, &p10), SECSuccess);
	changed = nu_der_make(arena, NU_SEQUENCE,
		nu_der_make(arena, NU_SEQUENCE, nu_der_make_long(arena, 0),
		            &p10.subject,
		            change_exponent(arena, &p10.spki, exponent),
		            nu_der_wrap(arena, NU_CONTEXT_CONSTRUCTED(0), NULL,
		                        0)),
		&p10.algorithm, nu_der_make_bits(arena, &p10.signature));
	assert_ca(st, ca_issue(st->ca, changed->data, changed->len, NULL,
	                       &answer), PSM_OK);
	assert_int_equal(answer->n_refused, 1);
	assert_int_equal(ca_answer_get(answer, 0)->fail, fail);
}

/* An odd exponent but 1 is a key's, though not of this signature. */
static void
test_key_that_is_no_rsa_key_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *bytes = NULL;
	SECItem der = { siBuffer, NULL, 0 };
	size_t len;

	free(make_p10(st, "/CN=A", "rsa:2048", "-outform DER"));
	bytes = store_read_file(store_path(st, "csr.pem"), &len);
	der.data = (unsigned char *)bytes;
	der.len = (unsigned)len;
	assert_exponent_fails(st, &der, 1, CA_FAIL_BAD_ALG);
	assert_exponent_fails(st, &der, 65538, CA_FAIL_BAD_ALG);
	assert_exponent_fails(st, &der, 3, CA_FAIL_BAD_POP);
}

static void
test_profile_extensions_are_what_openssl_reads(void **state)
{
	static const char *const purposes[] = { "1.3.6.1.5.5.7.3.2",
		                                "1.2.3.4.5" };
	static const struct ca_profile profile = {
		.purposes = purposes, .n_purposes = 2,
		.alt_names = CA_ALT_NAMES_NONE,
		.urls = { "http://ca.example/ca.crl", "http://ocsp.example/",
		          "http://ca.example/ca.cer" }
	};
	static const struct ca_options options = { .profile = &profile };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A/emailAddress=a@x.org",
	                                 EC_KEY, "");

	ca_answer_free(issue(st, p10, &options));
	assert_true(out_says(st, "TLS Web Client Authentication, 1.2.3.4.5\n"));
	assert_true(out_says(st, "URI:http://ca.example/ca.crl"));
	assert_true(out_says(st, "OCSP - URI:http://ocsp.example/"));
	assert_true(out_says(st, "CA Issuers - URI:http://ca.example/ca.cer"));
	assert_false(out_says(st, "Subject Alternative Name"));
}

static void
test_profile_given_names_are_in_the_certificate(void **state)
{
	static const struct ca_profile profile = {
		.alt_names = CA_ALT_NAMES_GIVEN
	};
	static const struct ca_alt_name names[] = {
		{ CA_ALT_EMAIL, "arjun.kb@example.com" },
		{ CA_ALT_HOST, "www.example.com" },
		{ CA_ALT_HOST, "*.example.com" },
		{ CA_ALT_IP, "10.80.106.78" }, { CA_ALT_IP, "2001:db8::1" },
		{ CA_ALT_ID, "2.10.100.2.4.5" }
	};
	static const struct ca_options with = {
		.profile = &profile, .alt_names = names,
		.n_alt_names = COUNT(names)
	}, without = { .profile = &profile };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A/emailAddress=a@x.org",
	                                 EC_KEY, "");

	ca_answer_free(issue(st, p10, &with));
	assert_true(out_says(st, "email:arjun.kb@example.com, "
	                     "DNS:www.example.com, DNS:*.example.com, "
	                     "IP Address:10.80.106.78, "
	                     "IP Address:2001:DB8:0:0:0:0:0:1, "
	                     "Registered ID:2.10.100.2.4.5"));
	assert_true(out_says(st, "E-mail Protection"));
	ca_answer_free(issue(st, p10, &without));
	assert_false(out_says(st, "Subject Alternative Name"));
}

static void
test_profile_names_given_as_asked_are_no_change(void **state)
{
	static const struct ca_profile profile = {
		.alt_names = CA_ALT_NAMES_GIVEN
	};
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY, "-addext "
		"'subjectAltName=DNS:a.example,email:a@x.org'");
	auto_of(ca_request) *request = open_request(st, p10, NULL);
	const struct ca_wish_info *wish = ca_request_wish(request, 0);
	struct ca_options options = { .profile = &profile,
		.alt_names = wish->alt_names,
		.n_alt_names = wish->n_alt_names };
	auto_of(ca_answer) *all = NULL;
	auto_of(ca_answer) *one = NULL;

	assert_ca(st, ca_request_issue(st->ca, request, &options, &all),
	          PSM_OK);
	assert_false(ca_answer_get(all, 0)->modified);
	options.n_alt_names = 1;
	assert_ca(st, ca_request_issue(st->ca, request, &options, &one),
	          PSM_OK);
	assert_true(ca_answer_get(one, 0)->modified);
}

static void
test_profile_days_bound_the_validity(void **state)
{
	static const struct ca_profile profile = {
		.days = 30, .max_days = 90, .start_days = 10
	}, short_one = { .max_days = 20 };
	struct store *st = *state;
	const int64_t now = time(NULL);
	const struct ca_options usual = { .profile = &profile },
		longest = { .profile = &profile, .days = 90 },
		most = { .profile = &short_one },
		exact = { .profile = &profile, .not_before = now + 9 * DAY,
		          .seconds = 3 * DAY + 5 * 3600 + 59 },
		too_long = { .profile = &profile, .days = 91 },
		too_exact = { .profile = &profile, .seconds = 90 * DAY + 1 },
		too_late = { .profile = &profile,
		             .not_before = now + 11 * DAY },
		too_early = { .profile = &profile,
		              .not_before = now - 11 * DAY };
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY, "");
	struct ca_request *request = NULL;
	struct ca_answer *answer = NULL;
	const struct ca_result *r;

	ca_answer_free(issue(st, p10, &longest));
	answer = issue(st, p10, &usual);
	r = ca_answer_get(answer, 0);
	assert_int_equal(r->not_after - r->not_before, 30 * DAY);
	ca_answer_free(answer);
	assert_ca(st, ca_issue(st->ca, p10, strlen(p10), &exact, &answer),
	          PSM_OK);
	r = ca_answer_get(answer, 0);
	assert_int_equal(r->not_before, now + 9 * DAY);
	assert_int_equal(r->not_after - r->not_before, 3 * DAY + 5 * 3600 + 59);
	ca_answer_free(answer);
	answer = issue(st, p10, &most);
	r = ca_answer_get(answer, 0);
	assert_int_equal(r->not_after - r->not_before, 20 * DAY);
	ca_answer_free(answer);
	assert_ca(st, ca_request_open(st->ca, p10, strlen(p10), &too_long,
	                              &request), PSM_E_ARGUMENT);
	assert_null(request);
	assert_issue_fails(st, p10, &too_long, PSM_E_ARGUMENT);
	assert_issue_fails(st, p10, &too_exact, PSM_E_ARGUMENT);
	assert_issue_fails(st, p10, &too_late, PSM_E_ARGUMENT);
	assert_issue_fails(st, p10, &too_early, PSM_E_ARGUMENT);
}

static void
test_profile_that_makes_no_sense_is_argument(void **state)
{
	static const char *const bad_part[] = { "CN", "nonsense" },
	                  *const twice[] = { "T", "CN", "title" },
	                  *const bad_oid[] = { "1.2.x" },
	                  *const other_oid[] = { "1.02.3" };
	static const struct ca_profile bad[] = {
		{ .keys = 32 }, { .rsa_bits = 1023 },
		{ .usage = (enum ca_usage)3 },
		{ .alt_names = (enum ca_alt_names)3 },
		{ .days = 3, .max_days = 2 },
		{ .subject_parts = bad_part, .n_subject_parts = 2 },
		{ .subject_parts = bad_part },
		{ .subject_parts = twice, .n_subject_parts = 3 },
		{ .purposes = bad_oid, .n_purposes = 1 },
		{ .purposes = other_oid, .n_purposes = 1 },
		{ .urls.crl = "" }, { .urls.ocsp = "host/path" },
		{ .urls.issuer = "http://x y" }, { .urls.crl = "http:" },
		{ .urls.crl = "http://\xc3\xa4" }
	};
	static const struct ca_profile good = { .days = 3, .max_days = 3 };
	struct store *st = *state;
	struct ca *none = ca_new();

	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct ca_options options = { .profile = &bad[i] };

		assert_ca(st, ca_profile_check(st->ca, &bad[i]),
		          PSM_E_ARGUMENT);
		assert_issue_fails(st, "x", &options, PSM_E_ARGUMENT);
	}
	assert_int_equal(ca_profile_check(none, &good), PSM_OK);
	ca_free(none);
}

static void
test_names_that_the_profile_does_not_take_are_argument(void **state)
{
	static const char *const hosts[] = { "localhost" };
	static const struct ca_alt_name fine = { CA_ALT_HOST, "a.example" },
		host = { CA_ALT_HOST, "a b" }, ip = { CA_ALT_IP, "10.1" },
		id = { CA_ALT_ID, "OID.1.2" }, mail = { CA_ALT_EMAIL, "a" },
		kind = { (enum ca_alt_kind)4, "a" }, none = { CA_ALT_IP, NULL };
	static const struct ca_profile given = {
		.alt_names = CA_ALT_NAMES_GIVEN
	}, no_names = { .alt_names = CA_ALT_NAMES_NONE };
	static const struct ca_options bad[] = {
		{ .alt_names = &fine, .n_alt_names = 1 },
		{ .profile = &no_names, .alt_names = &fine, .n_alt_names = 1 },
		{ .profile = &no_names, .email = "a@b.c" },
		{ .profile = &given, .server_names = hosts,
		  .n_server_names = 1 },
		{ .profile = &given, .alt_names = &host, .n_alt_names = 1 },
		{ .profile = &given, .alt_names = &ip, .n_alt_names = 1 },
		{ .profile = &given, .alt_names = &id, .n_alt_names = 1 },
		{ .profile = &given, .alt_names = &mail, .n_alt_names = 1 },
		{ .profile = &given, .alt_names = &kind, .n_alt_names = 1 },
		{ .profile = &given, .alt_names = &none, .n_alt_names = 1 },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_issue_fails(st, "x", &bad[i], PSM_E_ARGUMENT);
}

/* --- a subject that was chosen ------------------------------------------- */

static void
test_subject_of_the_caller_replaces_the_requests(void **state)
{
	static const struct ca_options options = { .subject = "CN=Bob,O=Acme" };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=Alice", EC_KEY, "");
	auto_of(ca_answer) *answer = issue(st, p10, &options);

	assert_string_equal(ca_answer_get(answer, 0)->subject, "CN=Bob,O=Acme");
	assert_true(ca_answer_get(answer, 0)->modified);
}

static void
test_subject_of_attributes_is_what_openssl_reads(void **state)
{
	static const struct ca_attribute parts[] = {
		{ "CN", "Test, \"123\" + <x>" }, { "SERIALNUMBER", "04f85bdd" },
		{ "E", "test987@test.com" }, { "O", "eM\xc3\xbc" "dhra" },
		{ "S", "KARNATAKA" }, { "C", "IN" }, { "PostalCode", "570004" },
		{ "2.5.4.51", "3-88" }, { "Phone", "0123456789" },
		{ "T", "Mr" }, { "2.5.4.65", "test098" }, { "UID", "test877" },
		{ "1.2.3.4", "other" }
	};
	static const struct ca_options options = {
		.attributes = parts, .n_attributes = COUNT(parts)
	};
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/", EC_KEY, "");

	ca_answer_free(issue(st, p10, &options));
	assert_prints(st, "subject=CN = \"Test, \\\"123\\\" + <x>\", "
	              "serialNumber = 04f85bdd, "
	              "emailAddress = test987@test.com, O = eM\xc3\xbc" "dhra, "
	              "ST = KARNATAKA, C = IN, postalCode = 570004, "
	              "houseIdentifier = 3-88, telephoneNumber = 0123456789, "
	              "title = Mr, pseudonym = test098, UID = test877, "
	              "1.2.3.4 = other\n", "openssl x509 -in cert.pem -noout "
	              "-subject -nameopt oneline,utf8,-esc_msb");
}

static void
test_subject_that_is_none_is_argument(void **state)
{
	static const char long_name[] =
		"0123456789012345678901234567890123456789012345678901234567890"
		"1234";
	static const struct ca_attribute bad_parts[] = {
		{ "nonsense", "x" }, { "CN", "" }, { "C", "DEU" },
		{ "C", "\xc3" },
		{ "E", "\xc3\xbc@x" }, { "CN", "\xff" }, { "1.2.x", "y" },
		{ "C", "D" }, { "2.5.4.03", "x" }, { "1.45.4.3", "x" },
		{ "2.5.4.3.", "x" }, { "..2.5.4.3", "x" }, { "2", "x" },
		{ "CN", long_name }
	}, good = { "CN", "A" };
	static const struct ca_options both = { .subject = "CN=A",
		.attributes = &good, .n_attributes = 1 },
		text = { .subject = "nonsense" },
		many = { .attributes = &good, .n_attributes = 65 };
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(bad_parts); i++) {
		const struct ca_options bad = { .attributes = &bad_parts[i],
			                        .n_attributes = 1 };

		assert_issue_fails(st, "x", &bad, PSM_E_ARGUMENT);
	}
	assert_issue_fails(st, "x", &both, PSM_E_ARGUMENT);
	assert_issue_fails(st, "x", &text, PSM_E_ARGUMENT);
	assert_issue_fails(st, "x", &many, PSM_E_ARGUMENT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		store_test(test_profile_subject_keeps_its_parts_in_its_order),
		store_test(
			test_profile_subject_without_any_part_left_is_refused),
		store_test(test_profile_keys_of_other_kinds_are_refused),
		store_test(test_profile_usage_is_the_profiles),
		store_test(
		  test_profile_usage_for_encryption_alone_is_that_or_refused),
		store_test(
			test_profile_usage_that_nobody_asked_for_is_no_change),
		store_test(test_key_that_is_no_rsa_key_is_refused),
		store_test(test_profile_extensions_are_what_openssl_reads),
		store_test(test_profile_given_names_are_in_the_certificate),
		store_test(test_profile_names_given_as_asked_are_no_change),
		store_test(test_profile_days_bound_the_validity),
		store_test(test_profile_that_makes_no_sense_is_argument),
		store_test(
			test_names_that_the_profile_does_not_take_are_argument),
		store_test(test_subject_of_the_caller_replaces_the_requests),
		store_test(test_subject_of_attributes_is_what_openssl_reads),
		store_test(test_subject_that_is_none_is_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_core.c - what a registration authority needs of ca.h: profiles,
 * reading before deciding, answering again, authorities below others and on
 * tokens, CRLs. openssl and certutil judge. */

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_p10.h"
#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { DAY = 86400 };

STORE_DEFINE_AUTO(ca_answer, ca_answer_free)
STORE_DEFINE_AUTO(ca_request, ca_request_free)
STORE_DEFINE_AUTO(psm_requests, psm_requests_free)

/* --- helpers ------------------------------------------------------------ */

#define assert_ca(st, call, expected)                                     \
	do {                                                              \
		enum psm_err got_ = (call);                               \
		if (got_ != (expected))                                   \
			fail_msg("%s is %s (%s), not %s", #call,          \
			         psm_err_name(got_), ca_errmsg((st)->ca), \
			         #expected);                              \
	} while (0)

/* The command succeeds, and prints what is expected. */
__attribute__((format(printf, 3, 4))) static void
assert_prints(struct store *st, const char *expected, const char *format, ...)
{
	nu_auto_mem char *out = NULL;
	char command[2048];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	status = store_shell(st, "{ %s\n} >out 2>&1", command);
	out = store_read_file(store_path(st, "out"), NULL);
	if (status != 0 || strstr(out, expected) == NULL)
		fail_msg("%s\nis %d, \"%s\" expected in\n%s", command, status,
		         expected, out);
}

static bool
out_says(struct store *st, const char *text)
{
	nu_auto_mem char *out = store_read_file(store_path(st, "out"), NULL);

	return strstr(out, text) != NULL;
}

/* A PKCS#10 in PEM, as openssl makes it; free() it. */
static char *
make_p10(struct store *st, const char *subject, const char *key,
         const char *more)
{
	assert_prints(st, "", "openssl req -new -nodes -utf8 -newkey %s "
	              "-keyout key.pem -subj '%s' -out csr.pem %s", key,
	              subject, more);
	return store_read_file(store_path(st, "csr.pem"), NULL);
}

#define EC_KEY "ec -pkeyopt ec_paramgen_curve:P-256"

/* The certificate and the chain, cert.pem and chain.pem. */
static void
write_certs(struct store *st, const struct ca_answer *answer)
{
	const struct ca_result *result = ca_answer_get(answer, 0);
	char *chain = NULL;
	size_t size, len;
	FILE *out = open_memstream(&chain, &size);
	const unsigned char *der;

	store_write_file(store_path(st, "cert.der"), result->cert,
	                 result->cert_len);
	for (size_t i = 0; (der = ca_chain_der(st->ca, i, &len)) != NULL;
	     i++) {
		SECItem item = { siBuffer, (unsigned char *)der,
			         (unsigned)len };
		nu_auto_mem char *pem = nu_pem_encode("CERTIFICATE", &item);

		fputs(pem, out);
	}
	fclose(out);
	store_write_file(store_path(st, "chain.pem"), chain, strlen(chain));
	free(chain);
}

/* Issue from PEM, and have openssl verify it and write it out into "out". */
static struct ca_answer *
issue(struct store *st, const char *request, const struct ca_options *options)
{
	struct ca_answer *answer = NULL;

	assert_ca(st, ca_issue(st->ca, request, strlen(request), options,
	                       &answer), PSM_OK);
	if (answer->n_issued > 0) {
		write_certs(st, answer);
		assert_prints(st, "OK", "openssl x509 -inform DER -in cert.der "
		              "-out cert.pem && openssl verify -x509_strict "
		              "-CAfile chain.pem cert.pem && openssl x509 "
		              "-in cert.pem -noout -text -nameopt rfc2253");
	}
	return answer;
}

static struct ca_request *
open_request(struct store *st, const char *text,
             const struct ca_options *options)
{
	struct ca_request *request = NULL;

	assert_ca(st, ca_request_open(st->ca, text, strlen(text), options,
	                              &request), PSM_OK);
	return request;
}

static void
assert_issue_fails(struct store *st, const char *request,
                   const struct ca_options *options, enum psm_err expected)
{
	struct ca_answer *answer = NULL;

	assert_ca(st, ca_issue(st->ca, request, strlen(request), options,
	                       &answer), expected);
	assert_null(answer);
	assert_string_not_equal(ca_errmsg(st->ca), "");
}

static void
assert_refused(struct store *st, const char *request,
               const struct ca_profile *profile, enum ca_fail fail)
{
	const struct ca_options options = { .profile = profile };
	auto_of(ca_answer) *answer = issue(st, request, &options);

	assert_int_equal(answer->n_refused, 1);
	assert_false(ca_answer_get(answer, 0)->granted);
	assert_int_equal(ca_answer_get(answer, 0)->fail, fail);
	assert_non_null(ca_answer_get(answer, 0)->reason);
}

/* --- profiles ----------------------------------------------------------- */

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

/* --- a subject that was chosen ------------------------------------------ */

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

/* --- reading before deciding -------------------------------------------- */

static void
test_open_says_what_a_pkcs10_wishes_for(void **state)
{
	static const struct ca_options options = { .id = "77" };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/O=Acme/CN=Alice", EC_KEY,
		"-addext 'subjectAltName=DNS:a.example,IP:10.0.0.1,IP:::1,"
		"email:a@x.org,RID:1.2.3.4,URI:http://x/,DNS:x y' && openssl "
		"pkey -in key.pem -pubout -outform DER | sha256sum >sum");
	auto_of(ca_request) *request = open_request(st, p10, &options);
	const struct ca_wish_info *wish = ca_request_wish(request, 0);
	nu_auto_mem char *sum = store_read_file(store_path(st, "sum"), NULL);
	char hex[65];

	for (size_t i = 0; i < 32; i++)
		sprintf(hex + 2 * i, "%02x", wish->spki_sha256[i]);
	assert_null(ca_request_wish(request, 1));
	assert_string_equal(wish->id, "77");
	assert_string_equal(wish->subject, "CN=Alice,O=Acme");
	assert_int_equal(wish->key, CA_KEY_P256);
	assert_int_equal(wish->key_bits, 256);
	assert_memory_equal(hex, sum, 64);
	assert_int_equal(wish->proof, CA_PROOF_PROVED);
	assert_int_equal(wish->n_alt_names, 5);
	assert_string_equal(wish->alt_names[0].value, "a.example");
	assert_int_equal(wish->alt_names[1].kind, CA_ALT_IP);
	assert_string_equal(wish->alt_names[1].value, "10.0.0.1");
	assert_string_equal(wish->alt_names[2].value, "::1");
	assert_string_equal(wish->alt_names[3].value, "a@x.org");
	assert_string_equal(wish->alt_names[4].value, "1.2.3.4");
	assert_true(wish->other_alt_names);
	assert_false(wish->refused);
	assert_null(wish->reg_token);
	assert_true(wish->pkcs10);
	assert_false(wish->password);
	assert_false(wish->encrypted);
}

static void
test_open_says_that_a_pkcs10_holds_a_password(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *p10 = NULL;
	auto_of(ca_request) *request = NULL;

	assert_prints(st, "", "printf '[req]\ndistinguished_name=dn\n"
	              "attributes=a\nprompt=no\n[dn]\nCN=A\n[a]\n"
	              "challengePassword=secret\n' >conf && openssl req "
	              "-new -nodes -newkey " EC_KEY " -keyout key.pem "
	              "-config conf -out csr.pem");
	p10 = store_read_file(store_path(st, "csr.pem"), NULL);
	request = open_request(st, p10, NULL);
	assert_true(ca_request_wish(request, 0)->password);
	assert_int_equal(ca_request_wish(request, 0)->proof, CA_PROOF_PROVED);
}

/* In whatever armour. */
static void
test_open_der_is_the_requests(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY,
		"&& openssl req -in csr.pem -outform DER -out csr.der && "
		"openssl base64 -A -in csr.der -out csr.b64");
	nu_auto_mem char *b64 = store_read_file(store_path(st, "csr.b64"),
	                                        NULL);
	size_t len, got;
	nu_auto_mem char *der = store_read_file(store_path(st, "csr.der"),
	                                        &len);
	const char *const armours[] = { p10, b64 };

	for (size_t i = 0; i < COUNT(armours); i++) {
		auto_of(ca_request) *request = open_request(st, armours[i],
		                                            NULL);
		const unsigned char *bytes = ca_request_der(request, &got);

		assert_int_equal(got, len);
		assert_memory_equal(bytes, der, len);
	}
}

static void
test_open_more_wishes_than_allowed_is_request(void **state)
{
	static const struct psm_key_request keys[] = {
		{ .alg = "ec-sign" }, { .alg = "ec-sign" }
	};
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = keys, .n_keys = 2
	};
	static const struct ca_options two = { .max_wishes = 2 };
	static const struct ca_options one = { .max_wishes = 1 };
	struct store *st = *state;
	auto_of(psm_requests) *made = NULL;
	struct ca_request *request = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	assert_ca(st, ca_request_open(st->ca, made->text, strlen(made->text),
	                              &one, &request), PSM_E_REQUEST);
	assert_null(request);
	request = open_request(st, made->text, &two);
	assert_false(ca_request_wish(request, 1)->pkcs10);
	ca_request_free(request);
}

/* A certificate that begins like openssl's, with a serial number of its own. */
static void
test_cert_serial_is_as_openssl_prints_it(void **state)
{
	static const struct {
		const char *set, *serial;
	} rows[] = {
		{ "1", "01" },
		{ "0x80", "80" },
		{ "0xABCDEF0123456789ABCDEF0123456789",
		  "abcdef0123456789abcdef0123456789" },
		{ "0x7F00000000000000000000000000000000000001",
		  "7f00000000000000000000000000000000000001" },
		{ "0xFF00000000000000000000000000000000000001",
		  "ff00000000000000000000000000000000000001" },
		{ "0x010000000000000000000000000000000000000001", NULL },
		{ "0", NULL },
		{ "-1", NULL },
	};
	struct store *st = *state;
	char serial[CA_SERIAL_HEX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		nu_auto_mem char *der = NULL;
		size_t len;

		assert_prints(st, "", "openssl req -x509 -nodes -newkey "
		              EC_KEY " -keyout key.pem -subj /CN=A "
		              "-set_serial %s -outform DER -out cert.der",
		              rows[i].set);
		der = store_read_file(store_path(st, "cert.der"), &len);
		assert_int_equal(ca_cert_serial(der, len, serial),
		                 rows[i].serial != NULL);
		if (rows[i].serial != NULL)
			assert_string_equal(serial, rows[i].serial);
		assert_false(ca_cert_serial(der, len - 1, serial));
	}
	assert_false(ca_cert_serial("", 0, serial));
}

static void
test_open_says_what_a_crmf_wishes_for(void **state)
{
	static const struct ca_profile profile = { .keys = CA_KEY_RSA };
	static const struct ca_options options = { .profile = &profile };
	static const struct psm_key_request keys[] = {
		{ .alg = "ec-sign" }, { .alg = "rsa-ex" }
	};
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .reg_token = "token \xc3\xa4",
		.authenticator = "secret", .keys = keys, .n_keys = 2
	};
	struct store *st = *state;
	auto_of(psm_requests) *made = NULL;
	auto_of(ca_request) *request = NULL;
	const struct ca_wish_info *sign, *exchange;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	request = open_request(st, made->text, &options);
	sign = ca_request_wish(request, 0);
	exchange = ca_request_wish(request, 1);
	assert_string_equal(sign->reg_token, "token \xc3\xa4");
	assert_string_equal(sign->authenticator, "secret");
	assert_int_equal(sign->proof, CA_PROOF_PROVED);
	assert_true(sign->refused);
	assert_int_equal(sign->fail, CA_FAIL_BAD_ALG);
	assert_int_equal(exchange->key, CA_KEY_RSA);
	assert_int_equal(exchange->proof, CA_PROOF_CHALLENGE);
	assert_int_equal(exchange->fail, CA_FAIL_BAD_POP);
	assert_null(ca_request_wish(request, 2));
}

/* As browsers of old asked: subsequentMessage encrCert, not challengeResp. */
static void
test_open_wish_for_encryption_is_granted_encrypted(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = &key, .n_keys = 1
	};
	static const struct ca_options encrypt = { .encrypt = CA_ENCRYPT_CMS };
	static const unsigned char challenge[] = { 0xa2, 3, 0x81, 1, 1 };
	struct store *st = *state;
	nu_auto_item der = { siBuffer, NULL, 0 };
	auto_of(psm_requests) *made = NULL;
	auto_of(ca_request) *request = NULL;
	auto_of(ca_answer) *answer = NULL;
	unsigned char *at;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	assert_int_equal(nu_b64_decode(made->text, strlen(made->text), 10000,
	                               &der), SECSuccess);
	at = memmem(der.data, der.len, challenge, sizeof challenge);
	assert_non_null(at);
	at[4] = 0;
	assert_ca(st, ca_request_open(st->ca, der.data, der.len, &encrypt,
	                              &request), PSM_OK);
	assert_int_equal(ca_request_wish(request, 0)->proof,
	                 CA_PROOF_ENCRYPTED);
	assert_false(ca_request_wish(request, 0)->refused);
	assert_true(ca_request_wish(request, 0)->encrypted);
	assert_ca(st, ca_request_issue(st->ca, request, &encrypt, &answer),
	          PSM_OK);
	assert_true(ca_answer_get(answer, 0)->encrypted);
	psm_import_free(store_import(st, answer->text, NULL, 0));
}

static void
test_open_tampered_proof_is_failed_and_says_why(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *der = NULL;
	auto_of(ca_request) *request = NULL;
	size_t len;

	free(make_p10(st, "/CN=A", EC_KEY, "-outform DER"));
	der = store_read_file(store_path(st, "csr.pem"), &len);
	der[len - 1] ^= 1;
	assert_ca(st, ca_request_open(st->ca, der, len, NULL, &request),
	          PSM_OK);
	assert_int_equal(ca_request_wish(request, 0)->proof, CA_PROOF_FAILED);
	assert_non_null(ca_request_wish(request, 0)->disproof);
	assert_true(ca_request_wish(request, 0)->refused);
	assert_int_equal(ca_request_wish(request, 0)->fail, CA_FAIL_BAD_POP);
}

/* Open it with each octet changed in turn; what opens can be asked about. */
static void
open_changed(struct store *st, unsigned char *der, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		auto_of(ca_request) *request = NULL;
		enum psm_err err;

		der[i] ^= 0x15;
		err = ca_request_open(st->ca, der, len, NULL, &request);
		der[i] ^= 0x15;
		if (err != PSM_OK) {
			assert_int_equal(err, PSM_E_REQUEST);
			assert_null(request);
			continue;
		}
		assert_int_not_equal(ca_request_wish(request, 0)->proof,
		                     CA_PROOF_PROVED);
		assert_true(ca_request_wish(request, 0)->refused);
	}
}

static void
test_open_changed_request_is_never_proved(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *crmf = store_request(st, "CN=Alice", PSM_KEY_EC);
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto_mem char *bytes = NULL;
	size_t len;

	free(make_p10(st, "/CN=A", EC_KEY, "-outform DER -addext "
	              "'subjectAltName=IP:10.0.0.1,email:a@x.org,"
	              "RID:1.2.3.4'"));
	bytes = store_read_file(store_path(st, "csr.pem"), &len);
	open_changed(st, (unsigned char *)bytes, len);
	assert_int_equal(nu_b64_decode(crmf->text, strlen(crmf->text), 10000,
	                               &der), SECSuccess);
	open_changed(st, der.data, der.len);
}

static void
test_open_garbage_is_request(void **state)
{
	struct store *st = *state;
	struct ca_request *request = NULL;

	assert_ca(st, ca_request_open(st->ca, "garbage", 7, NULL, &request),
	          PSM_E_REQUEST);
	assert_null(request);
	ca_request_free(NULL);
}

/* As the samples of ordering portals are written. */
static void
test_open_pem_without_ends_of_lines_is_read(void **state)
{
	static const char *const bad[] = {
		"-----BEGIN X-----", "-----BEGIN X-----MAA=", "-----BEGIN ",
		"-----BEGIN X-----!-----END X-----", "MAA=-----END X-----",
		("-----BEGIN 0123456789 0123456789 0123456789-----MAA="
		 "-----END 0123456789 0123456789 0123456789-----")
	};
	static const char another[] = "-----END ANOTHER REQUEST-----";
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY,
	                                 "&& tr -d '\\n' <csr.pem >joined && "
	                                 "mv joined csr.pem");

	assert_null(strchr(p10, '\n'));
	ca_request_free(open_request(st, p10, NULL));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_issue_fails(st, bad[i], NULL, PSM_E_REQUEST);
	memcpy(strstr(p10, "-----END"), another, sizeof another);
	assert_issue_fails(st, p10, NULL, PSM_E_REQUEST);
}

/* The request keeps what an answer to a challenge has proved. */
static void
test_open_challenge_once_answered_stays_proved(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = &key, .n_keys = 1
	};
	struct store *st = *state;
	auto_of(psm_requests) *made = NULL;
	auto_of(ca_request) *request = NULL;
	auto_of(ca_answer) *answer = NULL;
	struct ca_challenge *challenge = NULL;
	struct ca_options options = { 0 };
	nu_auto_mem char *response = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	assert_ca(st, ca_challenge(st->ca, made->text, strlen(made->text),
	                           CA_CHALLENGE_CMP, &challenge), PSM_OK);
	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_OK);
	assert_ca(st, ca_challenge_check(st->ca, challenge, response), PSM_OK);
	options.challenge = challenge;
	request = open_request(st, made->text, &options);
	ca_challenge_free(challenge);
	assert_int_equal(ca_request_wish(request, 0)->proof, CA_PROOF_PROVED);
	assert_ca(st, ca_request_issue(st->ca, request, NULL, &answer),
	          PSM_OK);
	assert_int_equal(answer->n_issued, 1);
}

static void
test_open_request_is_issued_twice_with_other_serials(void **state)
{
	static const struct ca_options options = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY, "");
	auto_of(ca_request) *request = open_request(st, p10, NULL);
	auto_of(ca_answer) *one = NULL;
	auto_of(ca_answer) *two = NULL;

	assert_ca(st, ca_request_issue(st->ca, request, &options, &one),
	          PSM_OK);
	assert_ca(st, ca_request_issue(st->ca, request, NULL, &two), PSM_OK);
	assert_string_not_equal(one->serials[0], two->serials[0]);
	assert_string_equal(two->serials[0], ca_answer_get(two, 0)->serial);
	assert_string_equal(ca_answer_get(two, 0)->id, "-1");
	assert_null(ca_answer_get(two, 1));
}

/* --- answering again ---------------------------------------------------- */

static void
test_again_every_dialect_carries_what_was_kept(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *first = issue(st, request->text, NULL);
	const struct ca_result *kept = ca_answer_get(first, 0);

	for (int dialect = CA_DIALECT_CMMF; dialect <= CA_DIALECT_PKCS7;
	     dialect++) {
		const struct ca_options options = {
			.dialect = (enum ca_dialect)dialect
		};
		auto_of(ca_answer) *again = NULL;

		assert_ca(st, ca_answer_again(st->ca, kept, 1, &options,
		                              &again), PSM_OK);
		assert_int_equal(again->n_issued, 1);
		assert_string_equal(again->serials[0], first->serials[0]);
		/* A certificate's first octet may be its tag's. */
		assert_non_null(memmem(again->der, again->der_len,
		                       kept->cert + 1, kept->cert_len - 1));
		if (dialect == CA_DIALECT_CMMF)
			assert_string_equal(again->text, first->text);
	}
	psm_import_free(store_import(st, first->text, NULL, 0));
}

static void
test_again_encrypted_certificate_stays_encrypted(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = &key, .n_keys = 1
	};
	static const struct ca_options options = {
		.encrypt = CA_ENCRYPT_VALUE
	}, plain = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	auto_of(psm_requests) *request = NULL;
	auto_of(ca_answer) *first = NULL;
	auto_of(ca_answer) *again = NULL;
	const struct ca_result *kept;
	struct ca_answer *none = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &request),
	           PSM_OK);
	assert_ca(st, ca_issue(st->ca, request->text, strlen(request->text),
	                       &options, &first), PSM_OK);
	kept = ca_answer_get(first, 0);
	assert_true(kept->encrypted);
	assert_non_null(kept->cert);
	assert_ca(st, ca_answer_again(st->ca, kept, 1, NULL, &again), PSM_OK);
	assert_null(memmem(again->der, again->der_len, kept->cert + 1,
	                   kept->cert_len - 1));
	assert_true(ca_answer_get(again, 0)->encrypted);
	psm_import_free(store_import(st, again->text, NULL, 0));
	assert_ca(st, ca_answer_again(st->ca, kept, 1, &plain, &none),
	          PSM_E_ARGUMENT);
	assert_null(none);
}

static void
test_again_refusal_is_said_where_it_can_be(void **state)
{
	static const struct ca_result refused = {
		.id = "5", .fail = CA_FAIL_BAD_POP, .reason = "no"
	};
	static const struct ca_options pem = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	auto_of(ca_answer) *answer = NULL;
	struct ca_answer *none = NULL;

	assert_ca(st, ca_answer_again(st->ca, &refused, 1, NULL, &answer),
	          PSM_OK);
	assert_int_equal(answer->n_refused, 1);
	assert_int_equal(ca_answer_get(answer, 0)->fail, CA_FAIL_BAD_POP);
	assert_string_equal(ca_answer_get(answer, 0)->reason, "no");
	assert_ca(st, ca_answer_again(st->ca, &refused, 1, &pem, &none),
	          PSM_E_REQUEST);
	assert_ca(st, ca_answer_again(st->ca, &refused, 0, NULL, &none),
	          PSM_E_ARGUMENT);
}

static void
test_again_what_is_not_its_own_is_certificate(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *first = issue(st, request->text, NULL);
	const struct ca_params params = { .subject = "CN=Other",
		.nickname = "other", .key_type = PSM_KEY_EC };
	struct ca_result result = *ca_answer_get(first, 0);
	struct ca_answer *none = NULL;

	assert_ca(st, ca_init(st->ca, &params), PSM_OK);
	assert_ca(st, ca_answer_again(st->ca, &result, 1, NULL, &none),
	          PSM_E_CERTIFICATE);
	result.cert_len--;
	assert_ca(st, ca_answer_again(st->ca, &result, 1, NULL, &none),
	          PSM_E_CERTIFICATE);
	result.id = "x";
	assert_ca(st, ca_answer_again(st->ca, &result, 1, NULL, &none),
	          PSM_E_ARGUMENT);
}

/* The name alone does not make an issuer: another key has it now. */
static void
test_again_of_another_key_is_certificate(void **state)
{
	static const struct ca_params same = { .subject = "CN=Test CA,O=Acme",
		.nickname = "same", .key_type = PSM_KEY_EC };
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *first = issue(st, request->text, NULL);
	const struct ca_result *kept = ca_answer_get(first, 0);
	const unsigned char *der;
	size_t len;
	nu_auto_mem unsigned char *old = NULL;
	struct ca_answer *none = NULL;

	der = ca_cert_der(st->ca, &len);
	old = malloc(len);
	memcpy(old, der, len);
	assert_ca(st, ca_init(st->ca, &same), PSM_OK);
	der = ca_cert_der(st->ca, &len);
	assert_memory_not_equal(old, der, len);
	assert_ca(st, ca_answer_again(st->ca, kept, 1, NULL, &none),
	          PSM_E_CERTIFICATE);
}

static void
test_refusal_that_cannot_be_written_is_argument(void **state)
{
	static const struct ca_refusal bad[] = {
		{ NULL, "\xff", CA_FAIL_BAD_REQUEST },
		{ NULL, "no", (enum ca_fail)27 }, { "x", "no", 0 }
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct ca_options options = { .refusals = &bad[i],
			                            .n_refusals = 1 };
		const struct ca_result kept = { .id = bad[i].id != NULL ?
			bad[i].id : "1", .fail = bad[i].fail,
			.reason = bad[i].reason };
		struct ca_answer *none = NULL;

		assert_issue_fails(st, "x", &options, PSM_E_ARGUMENT);
		assert_ca(st, ca_answer_again(st->ca, &kept, 1, NULL, &none),
		          PSM_E_ARGUMENT);
	}
}

/* --- below another, and on a token -------------------------------------- */

static const struct ca_params below = {
	.subject = "CN=Below,O=Acme", .nickname = "below",
	.key_type = PSM_KEY_EC, .issuer = "ca",
	.urls = { .crl = "http://ca.example/root.crl" }
};

static void
test_below_a_root_the_chain_is_whole(void **state)
{
	static const struct ca_options pkcs7 = { .dialect = CA_DIALECT_PKCS7 },
	                               pem = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *answer = NULL;
	auto_of(ca_answer) *heap = NULL;
	struct nu_cert_rep *rep = NULL;
	SECItem der;
	size_t len;

	assert_ca(st, ca_init(st->ca, &below), PSM_OK);
	assert_ca(st, ca_open(st->ca, "below"), PSM_OK);
	assert_null(ca_chain_der(st->ca, 2, &len));
	ca_answer_free(issue(st, request->text, &pem));
	answer = issue(st, request->text, NULL);
	der = (SECItem){ siBuffer, (unsigned char *)answer->der,
		         (unsigned)answer->der_len };
	assert_int_equal(nu_cmmf_decode(&der, 10, &rep), SECSuccess);
	assert_int_equal(rep->n_ca_pubs, 2);
	nu_cert_rep_free(rep);
	assert_ca(st, ca_issue(st->ca, request->text, strlen(request->text),
	                       &pkcs7, &heap), PSM_OK);
	store_write_file(store_path(st, "all.p7"), heap->text,
	                 strlen(heap->text));
	assert_prints(st, "3\n", "openssl pkcs7 -in all.p7 -print_certs | "
	              "grep -c BEGIN");
	assert_prints(st, "certificate is valid", "certutil -V -d db -n below "
	              "-u A -e");
	assert_prints(st, "CA:TRUE, pathlen:0", "certutil -L -d db -n below -a "
	              "| openssl x509 -noout -text");
	assert_true(out_says(st, "URI:http://ca.example/root.crl"));
	psm_import_free(store_import(st, answer->text, NULL, 0));
}

static void
test_below_a_root_its_name_is_not_granted(void **state)
{
	static const char *const taken[] = { "/O=Acme/CN=Test CA",
		                             "/O=Acme/CN=Below" };
	struct store *st = *state;

	assert_ca(st, ca_init(st->ca, &below), PSM_OK);
	assert_ca(st, ca_open(st->ca, "below"), PSM_OK);
	for (size_t i = 0; i < COUNT(taken); i++) {
		nu_auto_mem char *p10 = make_p10(st, taken[i], EC_KEY, "");

		assert_refused(st, p10, NULL, CA_FAIL_BAD_CERT_TEMPLATE);
	}
}

static void
test_below_what_may_not_have_others_is_argument(void **state)
{
	struct store *st = *state;
	struct ca_params bad = below;

	assert_ca(st, ca_init(st->ca, &below), PSM_OK);
	bad.nickname = "third";
	bad.subject = "CN=Third";
	bad.issuer = "below";
	assert_ca(st, ca_init(st->ca, &bad), PSM_E_ARGUMENT);
	bad.issuer = "nobody";
	assert_ca(st, ca_init(st->ca, &bad), PSM_E_NOT_FOUND);
	bad.issuer = "ca";
	bad.subject = "CN=Test CA,O=Acme";
	assert_ca(st, ca_init(st->ca, &bad), PSM_E_ARGUMENT);
	bad.subject = "CN=Third";
	bad.urls.crl = "nonsense";
	assert_ca(st, ca_init(st->ca, &bad), PSM_E_ARGUMENT);
	bad.urls.crl = NULL;
	bad.token = "nobody";
	assert_ca(st, ca_init(st->ca, &bad), PSM_E_TOKEN);
}

#define PASSWORD "Long enough, 140 too"

static bool
find_softhsm(char path[256])
{
	glob_t files;
	bool found = glob("/usr/lib*/softhsm/libsofthsm2.so", 0, NULL,
	                  &files) == 0 ||
	             glob("/usr/lib*/*/softhsm/libsofthsm2.so", 0, NULL,
	                  &files) == 0;

	if (found)
		snprintf(path, 256, "%s", files.gl_pathv[0]);
	globfree(&files);
	return found && system("command -v softhsm2-util modutil "
	                       ">/dev/null") == 0;
}

static int
setup_card(void **state)
{
	struct store *st;
	char module[256];

	*state = NULL;
	if (!find_softhsm(module))
		return 0;
	*state = st = store_new(PASSWORD);
	setenv("SOFTHSM2_CONF", store_path(st, "softhsm2.conf"), 1);
	store_close(st);
	if (store_shell(st, "mkdir tokens && printf 'directories.tokendir = "
	                    "%%s\\nlog.level = ERROR\\n' \"$PWD/tokens\" "
	                    ">softhsm2.conf && softhsm2-util --init-token "
	                    "--free --label card --pin '" PASSWORD "' "
	                    "--so-pin 5678 >out && modutil -force -dbdir db "
	                    "-add softhsm -libfile %s >out 2>&1", module) != 0)
		return -1;
	store_reopen(st, 0);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	return 0;
}

static int
teardown_card(void **state)
{
	store_free(*state);
	unsetenv("SOFTHSM2_CONF");
	return 0;
}

static void
use_card(struct store *st, enum psm_key_type type, const char *issuer)
{
	struct ca_params params = { .subject = "CN=Card CA,O=Acme",
		.nickname = "signer", .key_type = type, .token = "card",
		.issuer = issuer };
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);

	assert_ca(st, ca_init(st->ca, &params), PSM_E_PASSWORD);
	assert_psm(st, psm_login(st->ctx, "card"), PSM_OK);
	assert_ca(st, ca_init(st->ca, &params), PSM_OK);
	assert_ca(st, ca_init(st->ca, &params), PSM_E_EXISTS);
	assert_ca(st, ca_open(st->ca, "signer"), PSM_E_NOT_FOUND);
	assert_ca(st, ca_open(st->ca, "card:signer"), PSM_OK);
	ca_answer_free(issue(st, request->text, NULL));
	store_reopen(st, 0);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_ca(st, ca_open(st->ca, "card:signer"), PSM_E_PASSWORD);
	assert_psm(st, psm_login(st->ctx, "card"), PSM_OK);
	assert_ca(st, ca_open(st->ca, "card:signer"), PSM_OK);
	ca_answer_free(issue(st, request->text, NULL));
	assert_prints(st, "", "softhsm2-util --show-slots");
}

static void
test_card_holds_the_key_of_a_root(void **state)
{
	if (*state == NULL)
		skip();
	use_card(*state, PSM_KEY_RSA, NULL);
}

static void
test_card_holds_the_key_of_one_below_a_root(void **state)
{
	if (*state == NULL)
		skip();
	use_card(*state, PSM_KEY_EC, "ca");
}

/* --- CRLs --------------------------------------------------------------- */

static void
make_crl(struct store *st, const struct ca_crl *crl)
{
	unsigned char *der = NULL;
	size_t len;

	assert_ca(st, ca_crl_make(st->ca, crl, &der, &len), PSM_OK);
	store_write_file(store_path(st, "ca.crl"), der, len);
	free(der);
}

static void
test_crl_revokes_for_openssl_and_certutil(void **state)
{
	struct store *st = *state;
	const int64_t now = time(NULL);
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY, "");
	auto_of(ca_answer) *bad = NULL;
	struct ca_revoked revoked[] = {
		{ "00ff", now - 60, CA_REASON_UNSPECIFIED },
		{ NULL, now - 3600, CA_REASON_KEY_COMPROMISE },
		{ "7F", INT64_C(2556144000), CA_REASON_PRIVILEGE_WITHDRAWN },
	};
	struct ca_crl crl = { revoked, COUNT(revoked), UINT64_C(1) << 63, 0,
		              now + 7 * DAY };

	ca_answer_free(issue(st, p10, NULL));
	assert_prints(st, "", "cp cert.pem good.pem");
	bad = issue(st, p10, NULL);
	revoked[1].serial = bad->serials[0];
	make_crl(st, &crl);
	assert_prints(st, "verify OK", "openssl crl -inform DER -in ca.crl "
	              "-out crl.pem -CAfile chain.pem -verify -text");
	assert_prints(st, "9223372036854775808", "openssl crl -in crl.pem "
	              "-noout -text | tr -d '\\n'");
	assert_true(out_says(st, "Key Compromise"));
	assert_true(out_says(st, "Authority Key Identifier"));
	assert_true(out_says(st, "Version 2"));
	assert_true(out_says(st, "2051 GMT"));
	assert_prints(st, "OK", "openssl verify -x509_strict -crl_check "
	              "-CRLfile crl.pem -CAfile chain.pem good.pem");
	assert_int_equal(store_shell(st, "openssl verify -crl_check -CRLfile "
	                             "crl.pem -CAfile chain.pem cert.pem "
	                             ">out 2>&1"), 2);
	assert_true(out_says(st, "certificate revoked"));
	assert_prints(st, "is invalid: Peer's Certificate has been revoked",
	              "mkdir peer && certutil -N -d peer --empty-password && "
	              "certutil -A -d peer -n ca -t CT,C,C -i chain.pem && "
	              "crlutil -I -d peer -i ca.crl -t 1 && certutil -A -d peer "
	              "-n good -t ,, -i good.pem && certutil -A -d peer -n bad "
	              "-t ,, -i cert.pem && certutil -V -d peer -n good -u C "
	              "-e && ! certutil -V -d peer -n bad -u C -e");
}

static void
test_crl_without_entries_is_one(void **state)
{
	struct store *st = *state;
	const struct ca_crl crl = { .number = 0, .this_update = 1000000,
		                    .next_update = 2000000 };

	make_crl(st, &crl);
	assert_prints(st, "No Revoked Certificates", "openssl crl -inform DER "
	              "-in ca.crl -noout -text");
}

static void
assert_info(struct store *st, const struct ca_crl *crl)
{
	struct ca_crl_info info = { 0 };
	unsigned char *der = NULL;
	size_t len;

	assert_ca(st, ca_crl_make(st->ca, crl, &der, &len), PSM_OK);
	assert_ca(st, ca_crl_read(st->ca, der, len, &info), PSM_OK);
	assert_true(info.number == crl->number);
	assert_int_equal(info.this_update, crl->this_update);
	assert_int_equal(info.next_update, crl->next_update);
	assert_int_equal(info.n_revoked, crl->n_revoked);
	free(der);
}

static void
test_crl_is_read_as_it_was_made(void **state)
{
	static const struct ca_revoked revoked[] = {
		{ "00ff", 5, CA_REASON_UNSPECIFIED },
		{ "7f", 6, CA_REASON_KEY_COMPROMISE },
	};
	const int64_t last = INT64_C(253402300799);
	struct ca_crl crl = { revoked, 2, 1, 1000000, 2000000 };

	assert_info(*state, &crl);
	crl.number = UINT64_MAX;
	crl.next_update = last;
	assert_info(*state, &crl);
	crl.number = 0;
	crl.n_revoked = 0;
	assert_info(*state, &crl);
}

/* No byte of it may be another, and none may be missing or more. */
static void
test_crl_that_was_changed_is_none(void **state)
{
	static const struct ca_revoked revoked = { "1", 5, 0 };
	const struct ca_crl crl = { &revoked, 1, 300, 1000000, 2000000 };
	struct ca_crl_info info = { .number = 7 };
	struct store *st = *state;
	unsigned char *der = NULL;
	size_t len;

	assert_ca(st, ca_crl_make(st->ca, &crl, &der, &len), PSM_OK);
	for (size_t i = 0; i < len; i++) {
		der[i] ^= 1;
		assert_ca(st, ca_crl_read(st->ca, der, len, &info),
		          PSM_E_CERTIFICATE);
		der[i] ^= 1;
		assert_ca(st, ca_crl_read(st->ca, der, i, &info),
		          PSM_E_CERTIFICATE);
	}
	der = realloc(der, len + 1);
	assert_non_null(der);
	der[len] = 0;
	assert_ca(st, ca_crl_read(st->ca, der, len + 1, &info),
	          PSM_E_CERTIFICATE);
	assert_true(info.number == 7);
	assert_ca(st, ca_crl_read(st->ca, der, len, &info), PSM_OK);
	free(der);
}

static void
test_crl_that_makes_no_sense_is_argument(void **state)
{
	static const struct ca_revoked bad[][2] = {
		{ { "1g", 1, 0 }, { "2", 1, 0 } },
		{ { "", 1, 0 }, { "2", 1, 0 } },
		{ { NULL, 1, 0 }, { "2", 1, 0 } },
		{ { "1", -1, 0 }, { "2", 1, 0 } },
		{ { "1", 1, (enum ca_reason)8 }, { "2", 1, 0 } },
		{ { "1", 1, (enum ca_reason)7 }, { "2", 1, 0 } },
		{ { "00AB", 1, 0 }, { "ab", 1, 0 } },
		{ { "00112233445566778899001122334455667788990", 1, 0 },
		  { "2", 1, 0 } },
	};
	struct store *st = *state;
	struct ca_crl crl = { .n_revoked = 2, .this_update = 10,
		              .next_update = 20 };
	struct ca *none = ca_new();
	unsigned char *der = NULL;
	size_t len;

	for (size_t i = 0; i < COUNT(bad); i++) {
		crl.revoked = bad[i];
		assert_ca(st, ca_crl_make(st->ca, &crl, &der, &len),
		          PSM_E_ARGUMENT);
	}
	crl.n_revoked = 0;
	assert_int_equal(ca_crl_make(none, &crl, &der, &len), PSM_E_ARGUMENT);
	crl.next_update = 10;
	assert_ca(st, ca_crl_make(st->ca, &crl, &der, &len), PSM_E_ARGUMENT);
	assert_null(der);
	ca_free(none);
}

static double
time_crl(struct store *st, size_t n)
{
	struct ca_revoked *revoked = calloc(n, sizeof *revoked);
	char (*serials)[33] = calloc(n, sizeof *serials);
	const struct ca_crl crl = { revoked, n, 1, 10, 20 };
	struct timespec start, end;

	for (size_t i = 0; i < n; i++) {
		snprintf(serials[i], sizeof serials[i], "%032zx",
		         (i * 2654435761u) << 20 | i);
		revoked[i] = (struct ca_revoked){ serials[i], 1000000, 1 };
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	make_crl(st, &crl);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	free(serials);
	free(revoked);
	return (double)(end.tv_sec - start.tv_sec) +
	       (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

/* Ten times the entries, and far from a hundred times the work. */
static void
test_crl_of_100000_entries_takes_linear_time(void **state)
{
	struct store *st = *state;
	const double few = time_crl(st, 10000), many = time_crl(st, 100000);

	print_message("10,000: %.3f s, 100,000: %.3f s\n", few, many);
	assert_true(many < 40 * few);
	assert_prints(st, "100000\n", "openssl crl -inform DER -in ca.crl "
	              "-noout -text | grep -c 'Serial Number:'");
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
		store_test(test_open_says_what_a_pkcs10_wishes_for),
		store_test(test_open_says_what_a_crmf_wishes_for),
		store_test(
			test_open_wish_for_encryption_is_granted_encrypted),
		store_test(test_open_tampered_proof_is_failed_and_says_why),
		store_test(test_open_changed_request_is_never_proved),
		store_test(test_open_garbage_is_request),
		store_test(test_open_pem_without_ends_of_lines_is_read),
		store_test(test_open_says_that_a_pkcs10_holds_a_password),
		store_test(test_open_der_is_the_requests),
		store_test(test_open_more_wishes_than_allowed_is_request),
		store_test(test_cert_serial_is_as_openssl_prints_it),
		store_test(test_open_challenge_once_answered_stays_proved),
		store_test(
			test_open_request_is_issued_twice_with_other_serials),
		store_test(test_again_every_dialect_carries_what_was_kept),
		store_test(test_again_encrypted_certificate_stays_encrypted),
		store_test(test_again_refusal_is_said_where_it_can_be),
		store_test(test_again_what_is_not_its_own_is_certificate),
		store_test(test_again_of_another_key_is_certificate),
		store_test(test_refusal_that_cannot_be_written_is_argument),
		store_test(test_below_a_root_the_chain_is_whole),
		store_test(test_below_a_root_its_name_is_not_granted),
		store_test(test_below_what_may_not_have_others_is_argument),
		cmocka_unit_test_setup_teardown(
			test_card_holds_the_key_of_a_root, setup_card,
			teardown_card),
		cmocka_unit_test_setup_teardown(
			test_card_holds_the_key_of_one_below_a_root,
			setup_card, teardown_card),
		store_test(test_crl_revokes_for_openssl_and_certutil),
		store_test(test_crl_without_entries_is_one),
		store_test(test_crl_is_read_as_it_was_made),
		store_test(test_crl_that_was_changed_is_none),
		store_test(test_crl_that_makes_no_sense_is_argument),
		store_test(test_crl_of_100000_entries_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_config_profile.c - profiles in the configuration. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/psmd/config_text.h"

static void
test_profile_built_in_is_always_there(void **state)
{
	struct config *config = read_good("[profile other]\nsubject = all\n");

	(void)state;
	assert_int_equal(config->n_profiles, 2);
	assert_non_null(config_profile(config, "client"));
	assert_non_null(config_profile(config, "other"));
	assert_null(config_profile(config, "Other"));
	assert_null(config_profile(config, ""));
	assert_defaults(config_profile(config, "client"));
	config_free(config);
}

static void
test_profile_section_replaces_built_in(void **state)
{
	struct config *config = read_good("[profile client]\ndays = 7\n");

	(void)state;
	assert_int_equal(config->n_profiles, 1);
	assert_int_equal(config_profile(config, "client")->ca.days, 7);
	config_free(config);
}

static void
test_profile_empty_section_has_defaults(void **state)
{
	struct config *config = read_good("[profile a]\n[profile b]\n");

	(void)state;
	assert_defaults(config_profile(config, "a"));
	assert_defaults(config_profile(config, "b"));
	config_free(config);
}

static void
test_profile_all_said_is_read(void **state)
{
	struct config *config = read_good(
		"[profile a]\nsubject = CN, o 2.5.4.11,postalCode\n"
		"alt_names = given\nkeys = rsa p521\nrsa_bits = 1024\n"
		"usage = sign\npurposes = EMAILprotection, 1.2.3.4\n"
		"days = 10\nmax_days = 20\nstart_days = 1\n"
		"approval = manual\ncrl_url = http://a.example/ca/crl\n"
		"ocsp_url = https://[::1]:8/x?y=%20\nissuer_url = ldap://l/\n");
	const struct profile *p = config_profile(config, "a");

	(void)state;
	assert_int_equal(p->subject, PROFILE_SUBJECT_PARTS);
	assert_int_equal(p->ca.n_subject_parts, 4);
	assert_string_equal(p->ca.subject_parts[0], "CN");
	assert_string_equal(p->ca.subject_parts[2], "2.5.4.11");
	assert_string_equal(p->ca.subject_parts[3], "postalCode");
	assert_int_equal(p->ca.alt_names, CA_ALT_NAMES_GIVEN);
	assert_int_equal(p->ca.keys, CA_KEY_RSA | CA_KEY_P521);
	assert_int_equal(p->ca.rsa_bits, 1024);
	assert_int_equal(p->ca.usage, CA_USAGE_SIGN);
	assert_int_equal(p->ca.n_purposes, 2);
	assert_string_equal(p->ca.purposes[0], "1.3.6.1.5.5.7.3.4");
	assert_string_equal(p->ca.purposes[1], "1.2.3.4");
	assert_int_equal(p->ca.days, 10);
	assert_int_equal(p->ca.max_days, 20);
	assert_int_equal(p->ca.start_days, 1);
	assert_int_equal(p->approval, APPROVAL_MANUAL);
	assert_string_equal(p->ca.urls.crl, "http://a.example/ca/crl");
	assert_string_equal(p->ca.urls.ocsp, "https://[::1]:8/x?y=%20");
	assert_string_equal(p->ca.urls.issuer, "ldap://l/");
	config_free(config);
}

static void
test_profile_names_are_judged(void **state)
{
	static const struct row rows[] = {
		{ "[profile a]", NULL },
		{ "[profile a ]\n[profile\tb]", NULL },
		{ "[profile A.b_c-9]", NULL },
		{ "[profile " A64 "]", NULL },
		{ "[profile " A64 "a]", ":1: \"" A64 "a\" is no profile" },
		{ "[profile a b]", ":1: \"a b\" is no profile" },
		{ "[profile a/b]", "is no profile" },
		{ "[profile \xc3\xa4]", "is no profile" },
		{ "[profile]", ":1: there is no section [profile]" },
		{ "[profile ]", ":1: there is no section [profile]" },
		{ "[profile a]\n[ca]\n[profile a]", ":3: [profile a] stands" },
		{ "[profile client]\n[profile client]", ":2: [profile client" },
		{ "[profiles a]", ":1: there is no section" },
	};

	(void)state;
	CHECK(rows);
}

#define P "[profile p]\n"

static void
test_profile_values_are_judged(void **state)
{
	static const struct row rows[] = {
		{ P "subject =", ":2: subject is account, all, or" },
		{ P "subject = ,", ":2: subject is account, all, or" },
		{ P "subject = CN, nobody", ":2: subject is account" },
		{ P "subject = CN, 2.5.4.03", "\"2.5.4.03\" is no such" },
		{ P "subject = account, CN", "\"account\" is no such" },
		{ P "subject = Account", "\"Account\" is no such" },
		{ P "subject = CN, O, cn", ":1: [profile p]: a profile has" },
		{ P "subject = S, ST", ":1: [profile p]: a profile has" },
		{ P "alt_names = usual", ":2: alt_names is one of none" },
		{ P "keys = rsa, dsa",
		  ":2: keys is one or more of rsa, p256, p384, p521, not" },
		{ P "keys =", ":2: keys is one or more of" },
		{ P "keys = rsa rsa", NULL },
		{ P "rsa_bits = 1023", ":2: rsa_bits is a number from 1024" },
		{ P "rsa_bits = 1024", NULL },
		{ P "rsa_bits = 16384", NULL },
		{ P "rsa_bits = 16385", ":2: rsa_bits" },
		{ P "usage = asked", ":2: usage is one of sign, both, not" },
		{ P "approval = yes", ":2: approval is one of automatic" },
		{ P "days = 0", ":2: days is a number from 1" },
		{ P "days = 1\nmax_days = 1\nstart_days = 1", NULL },
		{ P "days = 36500\nmax_days = 36500\nstart_days = 36500",
		  NULL },
		{ P "max_days = 36501", ":2: max_days" },
		{ P "start_days = 0", ":2: start_days" },
		{ P "start_days = 36501", ":2: start_days" },
		{ P "days = 1095", NULL },
		{ P "\ndays = 1096", ":1: [profile p]: days is more than max" },
		{ P "days = 1096\nmax_days = 1096", NULL },
		{ P "colour = red", ":2: [profile] has no setting \"colour\"" },
		{ P "days = 1\ndays = 1", ":3: days stands there twice" },
	};

	(void)state;
	CHECK(rows);
}

static void
test_profile_purposes_are_judged(void **state)
{
	static const struct row rows[] = {
		{ P "purposes = clientAuth serverAuth emailProtection "
		    "codeSigning documentSigning ipsecIKE secureShellClient "
		    "smartcardLogon", NULL },
		{ P "purposes =", ":2: purposes is a list of one or more" },
		{ P "purposes = login", ":2: purposes: \"login\" is neither" },
		{ P "purposes = 1.2.03", "\"1.2.03\" is neither" },
		{ P "purposes = 3.2.1", "\"3.2.1\" is neither" },
		{ P "purposes = ocspsigning", ":2: purposes: OCSPSigning is" },
		{ P "purposes = 1.3.6.1.5.5.7.3.9", "OCSPSigning is" },
		{ P "purposes = anyExtendedKeyUsage", "anyExtendedKeyUsage" },
		{ P "purposes = 2.5.29.37.0", "anyExtendedKeyUsage is" },
		{ P "purposes = OID.2.5.29.37.0", "is neither" },
		{ P "purposes = 2.5.29.37.00", "is neither" },
		{ P "purposes = clientAuth, 1.3.6.1.5.5.7.3.2",
		  ":1: [profile p]: a profile has" },
	};

	(void)state;
	CHECK(rows);
}

static void
test_profile_urls_are_judged(void **state)
{
	static const struct row rows[] = {
		{ P "crl_url =", NULL },
		{ P "crl_url = http://h", NULL },
		{ P "crl_url = http://", ":2: crl_url is a URL that begins" },
		{ P "crl_url = http:///x", ":2: crl_url is a URL" },
		{ P "crl_url = h/ca.crl", ":2: crl_url is a URL" },
		{ P "crl_url = file:///ca.crl", ":2: crl_url is a URL" },
		{ P "crl_url = HTTP://h/", ":2: crl_url is a URL" },
		{ P "crl_url = http://h/a b", ":2: crl_url is a URL" },
		{ P "crl_url = http://h/\"", ":2: crl_url is a URL" },
		{ P "crl_url = http://\xc3\xa4.example/", ":2: crl_url is" },
		{ P "ocsp_url = ocsp", ":2: ocsp_url is a URL" },
		{ P "issuer_url = x", ":2: issuer_url is a URL" },
	};

	(void)state;
	CHECK(rows);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profile_built_in_is_always_there),
		cmocka_unit_test(test_profile_section_replaces_built_in),
		cmocka_unit_test(test_profile_empty_section_has_defaults),
		cmocka_unit_test(test_profile_all_said_is_read),
		cmocka_unit_test(test_profile_names_are_judged),
		cmocka_unit_test(test_profile_values_are_judged),
		cmocka_unit_test(test_profile_purposes_are_judged),
		cmocka_unit_test(test_profile_urls_are_judged),
	};

	return cmocka_run_group_tests_name("config, profiles", tests, NULL,
	                                   NULL);
}

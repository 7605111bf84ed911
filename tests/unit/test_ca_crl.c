/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_crl.c - CRLs, which openssl and certutil judge. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/ca_store.h"

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

/* What is expected, and how many have come. */
struct entries {
	const struct ca_revoked *expected;
	size_t n, most;
};

static bool
take_entry(const struct ca_revoked *revoked, void *arg)
{
	struct entries *entries = arg;
	const struct ca_revoked *expected = &entries->expected[entries->n++];

	assert_string_equal(revoked->serial, expected->serial);
	assert_int_equal(revoked->time, expected->time);
	assert_int_equal(revoked->reason, expected->reason);
	return entries->n < entries->most;
}

/* In the order of their serial numbers, and until it is enough. */
static void
test_crl_entries_are_read_as_they_were_made(void **state)
{
	static const struct ca_revoked revoked[] = {
		{ "00", 0, CA_REASON_AA_COMPROMISE },
		{ "7f", 6, CA_REASON_UNSPECIFIED },
		{ "80", INT64_C(2556144000), CA_REASON_KEY_COMPROMISE },
		{ "ffffffffffffffffffffffffffffffffffffffff", 7,
		  CA_REASON_CERTIFICATE_HOLD },
	};
	struct store *st = *state;
	struct ca_crl crl = { revoked, COUNT(revoked), 1, 10, 20 };
	struct entries all = { revoked, 0, 9 }, some = { revoked, 0, 2 };
	unsigned char *der = NULL;
	size_t len;

	assert_ca(st, ca_crl_make(st->ca, &crl, &der, &len), PSM_OK);
	assert_ca(st, ca_crl_each(st->ca, der, len, take_entry, &all), PSM_OK);
	assert_int_equal(all.n, COUNT(revoked));
	assert_ca(st, ca_crl_each(st->ca, der, len, take_entry, &some), PSM_OK);
	assert_int_equal(some.n, 2);
	der[len - 1] ^= 1;
	assert_ca(st, ca_crl_each(st->ca, der, len, take_entry, &some),
	          PSM_E_CERTIFICATE);
	free(der);
	crl.n_revoked = 0;
	assert_ca(st, ca_crl_make(st->ca, &crl, &der, &len), PSM_OK);
	assert_ca(st, ca_crl_each(st->ca, der, len, take_entry, &some), PSM_OK);
	assert_int_equal(some.n, 2);
	free(der);
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
		store_test(test_crl_revokes_for_openssl_and_certutil),
		store_test(test_crl_without_entries_is_one),
		store_test(test_crl_is_read_as_it_was_made),
		store_test(test_crl_entries_are_read_as_they_were_made),
		store_test(test_crl_that_was_changed_is_none),
		store_test(test_crl_that_makes_no_sense_is_argument),
		store_test(test_crl_of_100000_entries_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_crl_renew.c - a CRL that is made again when it is time, or something was
 * lost; those of the whole chain. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "psmd/public_file.h"
#include "tests/psmd/crl_house.h"
#include "tests/psmd/records_place.h"

/* --- those of the whole chain -------------------------------------------- */

static size_t
count_chain(const struct house *h)
{
	const char *at;
	unsigned char *text = NULL;
	size_t len = 0, n = 0;
	char path[80];

	snprintf(path, sizeof path, "%s.pem", h->crl);
	assert_true(public_file_read(path, &text, &len));
	text[len] = '\0'; /* there is room for it */
	for (at = (char *)text; (at = strstr(at, "BEGIN X509 CRL")); at++)
		n++;
	free(text);
	return n;
}

/* Of the file's n-th CRL, openssl. */
static bool
says(const struct house *h, int n, const char *what)
{
	char command[256];

	snprintf(command, sizeof command, "awk '/BEGIN/ { n++ } n == %d' "
	         "%s.pem | openssl crl -noout -text | grep -q '%s'", n, h->crl,
	         what);
	return system(command) == 0;
}

static void
test_chain_has_a_crl_of_each_authority(void **state)
{
	struct house *h = *state;
	int64_t id;

	publish(h);
	assert_int_equal(count_chain(h), 1);
	/* what was revoked while the upper one was in use stays so */
	id = add_one(h, "abcd");
	assert_int_equal(do_revoke(h, id, CA_REASON_KEY_COMPROMISE), REC_OK);
	make_ca_below(h, "low", "CN=Low", "ca");
	issuer_free(h->issuing.issuer);
	h->issuing.issuer = issuer_new();
	h->config.ca = (char *)"low";
	renew(h);
	assert_int_equal(look(h).n_revoked, 0);
	assert_int_equal(count_chain(h), 2);
	assert_true(says(h, 1, "Issuer: CN = Low"));
	assert_true(says(h, 1, "No Revoked Certificates"));
	assert_true(says(h, 2, "Issuer: CN = CA"));
	assert_true(says(h, 2, "Serial Number: ABCD"));
}

static void
test_chain_that_is_lost_is_made_again(void **state)
{
	struct house *h = *state;
	char path[80];
	uint64_t number;

	snprintf(path, sizeof path, "%s.pem", h->crl);
	publish(h);
	number = look(h).number;
	assert_int_equal(unlink(path), 0);
	renew(h);
	assert_true(look(h).number > number);
	assert_int_equal(count_chain(h), 1);
}

/* One of the two was put: both are due. */
static void
test_chain_without_its_crl_is_made_up_for(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "abcd");

	publish(h);
	renames = 1;
	assert_int_equal(do_revoke(h, id, CA_REASON_UNSPECIFIED), REC_OK);
	assert_non_null(strstr(h->why, "ca.crl: "));
	assert_int_equal(look(h).n_revoked, 0);
	assert_true(says(h, 1, "Serial Number: ABCD"));
	renames = -1;
	renew(h);
	assert_int_equal(look(h).n_revoked, 1);
	assert_true(says(h, 1, "Serial Number: ABCD"));
}

/* --- renewing ------------------------------------------------------------ */

static void
test_renew_makes_one_that_is_missing_or_none_of_ours(void **state)
{
	struct house *h = *state;
	uint64_t number;

	renew(h);
	number = look(h).number;
	assert_int_equal(unlink(h->crl), 0);
	renew(h);
	assert_true(look(h).number > number);
	write_file(h->crl, "no CRL");
	assert_false(crl_look(&h->issuing, &(struct ca_crl_info){ 0 }, h->why,
	                      sizeof h->why));
	renew(h);
	number = look(h).number;
	/* another authority's, of the same number */
	make_ca(h, "other", "CN=Other");
	issuer_free(h->issuing.issuer);
	h->issuing.issuer = issuer_new();
	h->config.ca = (char *)"other";
	renew(h);
	assert_true(look(h).number > number);
}

static void
test_renew_leaves_a_fresh_one(void **state)
{
	struct house *h = *state;
	uint64_t number;

	publish(h);
	number = look(h).number;
	renew(h);
	later = 7 * DAY / 2 - 60;
	renew(h);
	assert_int_equal(look(h).number, number);
}

static void
test_renew_comes_at_half_of_the_time(void **state)
{
	struct house *h = *state;
	struct ca_crl_info old, new;

	publish(h);
	old = look(h);
	later = 7 * DAY / 2 + 60;
	renew(h);
	new = look(h);
	assert_true(new.number > old.number);
	assert_true(new.next_update > old.next_update);
}

static void
test_renew_comes_when_clock_or_setting_was_wrong(void **state)
{
	struct house *h = *state;
	uint64_t number;

	later = DAY;
	publish(h);
	number = look(h).number;
	later = 0;
	renew(h);
	assert_int_not_equal(look(h).number, number);
	number = look(h).number;
	h->config.crl_days = 1;
	renew(h);
	assert_int_not_equal(look(h).number, number);
	assert_int_equal(look(h).next_update - look(h).this_update, DAY);
}

static void
test_renew_makes_up_for_what_was_interrupted(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "01"), number;

	publish(h);
	/* killed after the revocation */
	assert_int_equal(records_cert_revoke(h->issuing.records, &somebody, id,
	                                     CERT_HOLD, 5000), REC_OK);
	renew(h);
	assert_int_equal(look(h).n_revoked, 1);
	/* killed after the release, and within the next publication */
	assert_int_equal(records_cert_revoke(h->issuing.records, &somebody, id,
	                                     CERT_RELEASE, 6000), REC_OK);
	assert_int_equal(records_crl_next(h->issuing.records, &somebody, "ca",
	                                  0, &number), REC_OK);
	renew(h);
	assert_int_equal(look(h).n_revoked, 0);
	assert_true(look(h).number > (uint64_t)number);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CA(test_chain_has_a_crl_of_each_authority),
		WITH_CA(test_chain_that_is_lost_is_made_again),
		WITH_CA(test_chain_without_its_crl_is_made_up_for),
		WITH_CA(test_renew_makes_one_that_is_missing_or_none_of_ours),
		WITH_CA(test_renew_leaves_a_fresh_one),
		WITH_CA(test_renew_comes_at_half_of_the_time),
		WITH_CA(test_renew_comes_when_clock_or_setting_was_wrong),
		WITH_CA(test_renew_makes_up_for_what_was_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_crl_older.c - what a CRL listed stays revoked when the records are an
 * older copy, or made anew. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/crl_house.h"
#include "tests/psmd/records_place.h"

/* Close the records, do that in their folder, and open them again. */
static void
with_files(struct house *h, const char *what)
{
	char command[256];

	records_close(h->issuing.records);
	snprintf(command, sizeof command, "cd %s && %s", h->dir, what);
	assert_int_equal(system(command), 0);
	assert_int_equal(records_open(h->records, true, &h->issuing.records),
	                 REC_OK);
}

static void
copy_records(struct house *h)
{
	with_files(h, "cp records.db copy.db");
}

static void
restore_records(struct house *h)
{
	with_files(h, "cp copy.db records.db");
}

/* openssl says so of the CRL: a line of it. */
static bool
says(const struct house *h, const char *what)
{
	char command[256];

	snprintf(command, sizeof command, "openssl crl -inform DER -in %s "
	         "-noout -text | grep -q '%s'", h->crl, what);
	return system(command) == 0;
}

static struct cert_record
get(struct house *h, int64_t id)
{
	struct cert_record cert;

	assert_int_equal(records_cert_get(h->issuing.records, NULL, id, &cert),
	                 REC_OK);
	return cert;
}

static void
test_older_records_learn_what_was_revoked(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "ab01"), other = add_one(h, "ff");
	struct cert_record was, is;

	publish(h);
	copy_records(h);
	assert_int_equal(do_revoke(h, id, CA_REASON_KEY_COMPROMISE), REC_OK);
	assert_int_equal(do_revoke(h, other, CERT_HOLD), REC_OK);
	was = get(h, id);
	restore_records(h);
	renew(h);
	assert_int_equal(look(h).n_revoked, 2);
	assert_true(says(h, "Key Compromise"));
	is = get(h, id);
	assert_int_equal(is.revoked, was.revoked);
	assert_int_equal(is.reason, CA_REASON_KEY_COMPROMISE);
	cert_record_clear(&was);
	cert_record_clear(&is);
	/* what is on hold can be released, as ever */
	assert_int_equal(do_revoke(h, other, CERT_RELEASE), REC_OK);
	assert_int_equal(look(h).n_revoked, 1);
	publish(h);
	assert_int_equal(look(h).n_revoked, 1);
}

static void
test_older_records_that_revoke_first_lose_nothing(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "ab01"), other = add_one(h, "ff");

	publish(h);
	copy_records(h);
	assert_int_equal(do_revoke(h, id, CA_REASON_SUPERSEDED), REC_OK);
	restore_records(h);
	assert_int_equal(do_revoke(h, other, CA_REASON_SUPERSEDED), REC_OK);
	assert_int_equal(look(h).n_revoked, 2);
}

/* As if the process had ended when they had learned it. */
static void
test_older_records_that_learned_it_do_so_once(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "ab01");
	size_t n = 0;
	const struct cert_revoked listed = { "ab01", 5000, 1 };

	publish(h);
	assert_int_equal(records_cert_take_back(h->issuing.records, &somebody,
	                                        100, &listed, 1, &n), REC_OK);
	assert_int_equal(n, 1);
	assert_int_equal(records_cert_take_back(h->issuing.records, &somebody,
	                                        100, &listed, 1, &n), REC_OK);
	assert_int_equal(n, 0);
	renew(h);
	assert_int_equal(look(h).n_revoked, 1);
	assert_int_equal(do_revoke(h, id, CA_REASON_SUPERSEDED), REC_STATE);
}

static void
test_newer_records_learn_nothing(void **state)
{
	struct house *h = *state;
	const struct cert_revoked listed = { "ab01", 5000, 1 };
	int64_t id = add_one(h, "ab01");
	struct cert_record cert;
	size_t n = 7;

	publish(h);
	assert_int_equal(records_cert_take_back(
	        h->issuing.records, &somebody, (int64_t)look(h).number,
	        &listed, 1, &n), REC_OK);
	assert_int_equal(n, 0);
	cert = get(h, id);
	assert_int_equal(cert.revoked, 0);
	cert_record_clear(&cert);
}

static void
test_new_records_keep_what_they_do_not_know(void **state)
{
	struct house *h = *state;
	int64_t id = add_one(h, "00ab01");

	assert_int_equal(do_revoke(h, id, CA_REASON_KEY_COMPROMISE), REC_OK);
	with_files(h, "rm records.db");
	renew(h);
	publish(h);
	assert_int_equal(look(h).n_revoked, 1);
	assert_true(says(h, "Serial Number: AB01$"));
	assert_true(says(h, "Key Compromise"));
	id = add_one(h, "ff");
	assert_int_equal(do_revoke(h, id, CA_REASON_UNSPECIFIED), REC_OK);
	assert_int_equal(look(h).n_revoked, 2);
}

/* The authority is the same, with another nickname. */
static void
test_nickname_that_was_another_keeps_what_it_revoked(void **state)
{
	struct house *h = *state;
	int64_t now = __real_time(NULL);
	int64_t id = add_cert_until(h, "ab01", now + DAY);

	assert_int_equal(do_revoke(h, id, CA_REASON_SUPERSEDED), REC_OK);
	run_sql(h, "UPDATE certificate SET issuer = 'another'");
	publish(h);
	assert_int_equal(look(h).n_revoked, 1);
	later = 9 * DAY;
	publish(h);
	assert_int_equal(look(h).n_revoked, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CA(test_older_records_learn_what_was_revoked),
		WITH_CA(test_older_records_that_revoke_first_lose_nothing),
		WITH_CA(test_older_records_that_learned_it_do_so_once),
		WITH_CA(test_newer_records_learn_nothing),
		WITH_CA(test_new_records_keep_what_they_do_not_know),
		WITH_CA(test_nickname_that_was_another_keeps_what_it_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

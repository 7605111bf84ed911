/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_order_place.c - orders as they are placed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/log.h"
#include "tests/psmd/order_house.h"

/* --- requests ------------------------------------------------------------ */

static const char more_files[] =
        "set -e; exec 2>log\n"
        "ec() { openssl req -new -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=Mallory "
        "-out $1.pem $2 $3; }\n"
        "rsa() { openssl req -new -newkey rsa:$2 -nodes -keyout $1.key "
        "-subj /CN=Mallory -out $1.pem; }\n"
        "ec b; ec names -addext subjectAltName=email:a@example.com\n"
        "rsa rsa2048 2048; rsa rsa3072 3072\n"
        "openssl base64 -A -in a.der -out a.b64\n"
        "tr -d '\\n' <a.pem >a.joined\n"
        /* the last octet of the signature is another */
        "head -c -1 a.der >bad.der; tail -c 1 a.der | tr '\\000-\\377' "
        "'\\001-\\377\\000' >>bad.der\n"
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes "
        "-keyout p224.key -subj /CN=A -out p224.pem\n"
        "printf '[req]\\ndistinguished_name=d\\nattributes=a\\nprompt=no\\n"
        "[d]\\nCN=A\\n[a]\\nchallengePassword=secret\\n' >conf\n"
        "openssl req -new -key a.key -config conf -out secret.pem\n"
        "openssl req -x509 -key a.key -subj /CN=other -days 9 -outform DER "
        "-out other.der\n"
        "echo rubbish >rubbish; : >empty\n";

static int
set_up_requests(void **state)
{
	return house_files(state) == 0 ? files_add(more_files) : -1;
}

/* --- placing ------------------------------------------------------------- */

static void
test_place_automatic_is_issued_by_the_profile(void **state)
{
	struct house *house = *state;

	assert_order(house, place(house, NULL, "rsa3072.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	assert_string_equal(house->order.account, "alice");
	assert_int_equal(house->order.days, 365);
	assert_null(house->order.request);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_prints(house->text.text, "subject=CN = alice\n",
	              "openssl x509 -noout -subject");
	assert_prints(house->text.text, "Digital Signature, Key Encipherment\n",
	              "openssl x509 -noout -ext keyUsage");
	assert_prints(house->text.text,
	              "    TLS Web Client Authentication\n",
	              "openssl x509 -noout -ext extendedKeyUsage");
}

static void
test_place_writes_down_what_was_issued(void **state)
{
	struct house *house = *state;
	struct order_ask ask = make_ask(house, NULL);
	struct cert_record *cert;

	ask.days = 730;
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	assert_string_equal(cert->account, "alice");
	assert_string_equal(cert->issuer, "#issuer");
	assert_string_equal(cert->subject, "CN=alice");
	assert_string_equal(cert->request_id, "-1");
	/* 128 random bits; zeros in front are not kept */
	assert_in_range(strlen(cert->serial), 24, 32);
	assert_int_equal(cert->not_after - cert->not_before, 2 * YEAR);
	assert_false(cert->encrypted);
	cert_records_free(cert, 1);
}

static void
test_place_refused_by_table_places_nothing(void **state)
{
	static const struct {
		const char *file;
		enum order_form form;
		unsigned days;
		enum order_err err;
	} rows[] = {
		{ "rubbish", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "empty", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "bad.der", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "other.der", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "a.pem", ORDER_CRMF, 0, ORDER_MALFORMED },
		{ "rsa2048.pem", ORDER_CSR, 0, ORDER_KEY_SIZE },
		{ "p224.pem", ORDER_CSR, 0, ORDER_REFUSED },
		{ "secret.pem", ORDER_CSR, 0, ORDER_SECRET },
		{ "a.pem", ORDER_CSR, 1096, ORDER_DAYS },
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct order_ask ask = make_ask(house, "F");

		ask.form = rows[i].form;
		ask.days = rows[i].days;
		house->why[0] = '\0';
		if (place_ask(house, ask, rows[i].file) != rows[i].err)
			fail_msg("row %zu: %s", i, house->why);
		assert_string_not_equal(house->why, "");
	}
	assert_int_equal(count_orders(house), 0);
}

static void
test_place_key_of_a_kind_that_is_not_granted_is_refused(void **state)
{
	struct house *house = *state;

	house->profile.ca.keys = CA_KEY_P256;
	assert_order(house, place(house, NULL, "rsa2048.pem"), ORDER_REFUSED);
	house->profile.ca.keys = CA_KEY_RSA;
	house->profile.ca.rsa_bits = 2048;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_REFUSED);
	assert_order(house, place(house, NULL, "rsa2048.pem"), ORDER_OK);
}

static void
test_place_subject_is_as_the_profile_says(void **state)
{
	static const char *const parts[] = { "O" };
	struct house *house = *state;

	house->profile.subject = PROFILE_SUBJECT_ALL;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_prints(house->text.text, "CN = Mallory\n",
	              "openssl x509 -noout -subject");
	house->profile.subject = PROFILE_SUBJECT_PARTS;
	house->profile.ca.subject_parts = parts;
	house->profile.ca.n_subject_parts = 1;
	/* which has no organization */
	assert_order(house, place(house, NULL, "a.pem"), ORDER_REFUSED);
}

static void
test_place_names_are_as_the_profile_says(void **state)
{
	struct house *house = *state;

	assert_order(house, place(house, NULL, "names.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_null(strstr(house->text.text, "a@example.com"));
	assert_prints(house->text.text, "no email\n",
	              "openssl x509 -noout -email | grep @ || echo no email");
	house->profile.ca.alt_names = CA_ALT_NAMES_GIVEN;
	assert_order(house, place(house, NULL, "names.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_prints(house->text.text, "a@example.com\n",
	              "openssl x509 -noout -email");
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
}

static void
test_place_again_is_the_same_in_any_armour(void **state)
{
	static const char *const armours[] = { "a.der", "a.b64", "a.joined",
		                               "a.pem" };
	struct house *house = *state;
	int64_t number;

	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	number = house->order.number;
	for (size_t i = 0; i < sizeof armours / sizeof *armours; i++) {
		assert_order(house, place(house, "F", armours[i]), ORDER_OK);
		assert_int_equal(house->order.number, number);
		assert_int_equal(house->order.state, ORDER_ISSUED);
	}
	cert_records_free(certs_of(house, number, 1), 1);
	assert_int_equal(count_orders(house), 1);
}

static void
test_place_foreign_number_of_another_is_taken(void **state)
{
	struct house *house = *state;
	struct order_ask ask = make_ask(house, "F");

	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	assert_order(house, place(house, "F", "b.pem"), ORDER_TAKEN);
	ask.must_be_new = true;
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_TAKEN);
	ask.account = "bob"; /* whose numbers are his own */
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_OK);
	assert_int_equal(count_orders(house), 2);
}

/* Whoever repeats an order is not told of rules made since. */
static void
test_place_again_after_the_profile_changed_is_the_same(void **state)
{
	struct house *house = *state;
	int64_t number;

	house->profile.ca.rsa_bits = 2048;
	assert_order(house, place(house, "F", "rsa2048.pem"), ORDER_OK);
	number = house->order.number;
	house->profile.ca.rsa_bits = 3072;
	assert_order(house, place(house, "F", "rsa2048.pem"), ORDER_OK);
	assert_int_equal(house->order.number, number);
	assert_order(house, place(house, "G", "rsa2048.pem"), ORDER_KEY_SIZE);
}

static void
test_place_without_an_authority_fails(void **state)
{
	struct house *house = *state;

	house->config.ca = (char *)"#none";
	log_set_level((enum log_level)0);
	assert_order(house, place(house, NULL, "a.pem"), ORDER_FAILED);
	log_set_level(LOG_FAILED);
	assert_int_equal(count_orders(house), 0);
	/* why is the log's: a client is not told names */
	assert_null(strstr(house->why, "#none"));
	house->config.ca = (char *)"#issuer";
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE(test_place_automatic_is_issued_by_the_profile),
		HOUSE(test_place_writes_down_what_was_issued),
		HOUSE(test_place_refused_by_table_places_nothing),
		HOUSE(test_place_key_of_a_kind_that_is_not_granted_is_refused),
		HOUSE(test_place_subject_is_as_the_profile_says),
		HOUSE(test_place_names_are_as_the_profile_says),
		HOUSE(test_place_again_is_the_same_in_any_armour),
		HOUSE(test_place_foreign_number_of_another_is_taken),
		HOUSE(test_place_again_after_the_profile_changed_is_the_same),
		HOUSE(test_place_without_an_authority_fails),
	};

	return cmocka_run_group_tests_name("placing an order", tests,
	                                   set_up_requests, files_remove);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_config_client.c - clients in the configuration. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "psmd/records.h"
#include "tests/psmd/config_text.h"

static void
test_client_all_said_is_read(void **state)
{
	struct config *config = read_good(
		"[profile b]\n[client my robot ]\naes_key_file = k/aes\n"
		"em_key_file = /k/em\ncertificate = signer.pem\ncipher = gcm\n"
		"addresses = 192.0.2.7, 2001:db8::/32 10.0.0.0/8\n"
		"profiles = b client\n");
	const struct client *client = config_client(config, "my robot");

	(void)state;
	assert_non_null(client);
	assert_null(config_client(config, "My robot"));
	assert_string_equal(client->aes_key_file, "/tmp/k/aes");
	assert_string_equal(client->em_key_file, "/k/em");
	assert_string_equal(client->certificate, "/tmp/signer.pem");
	assert_int_equal(client->cipher, CLIENT_GCM);
	assert_int_equal(client->n_networks, 3);
	assert_int_equal(client->networks[0].bits, 128);
	assert_int_equal(client->networks[1].bits, 32);
	assert_int_equal(client->networks[2].bits, 104);
	assert_int_equal(client->n_profiles, 2);
	assert_string_equal(client->profiles[0], "b");
	config_free(config);
}

static void
test_client_defaults_are_cbc_and_every_profile(void **state)
{
	struct config *config = read_good(GOOD_CLIENT);
	const struct client *client = config_client(config, "c");

	(void)state;
	assert_int_equal(client->cipher, CLIENT_CBC);
	assert_int_equal(client->n_profiles, 0);
	config_free(config);
}

static void
test_client_what_is_needed_is_asked_for(void **state)
{
	static const struct row rows[] = {
		{ GOOD_CLIENT, NULL },
		{ CLIENT, ":1: addresses is needed" },
		{ CLIENT "addresses =", ":5: addresses is needed" },
		{ "[ca]\n[client c]\n", ":2: aes_key_file is needed" },
		{ "[ca]\n[client c]\n", ":2: em_key_file is needed" },
		{ "[ca]\n[client c]\n", ":2: certificate is needed" },
		{ "[ca]\n[client c]\naes_key_file =", ":3: aes_key_file is" },
		{ GOOD_CLIENT "cipher = cfb",
		  ":6: cipher is one of cbc, gcm, ecb, not \"cfb\"" },
		{ GOOD_CLIENT "profiles = client, gold",
		  ":6: profiles: there is no profile \"gold\"" },
		{ GOOD_CLIENT "profiles =", NULL },
	};

	(void)state;
	CHECK(rows);
}

static void
test_client_names_are_judged(void **state)
{
	static const struct row rows[] = {
		{ "[client a:b]", ":1: \"a:b\" is no account's name" },
		{ "[client \xff]", "is no account's name" },
		{ "[client]", ":1: there is no section [client]" },
		{ GOOD_CLIENT "[client c]", ":6: [client c] stands there" },
		{ "[client " A64 A64 "]", "is no account's name" },
	};

	(void)state;
	CHECK(rows);
}

static void
test_client_addresses_are_judged(void **state)
{
	static const struct row rows[] = {
		{ CLIENT "addresses = 0.0.0.0/0, ::/0", NULL },
		{ CLIENT "addresses = 192.0.2.1/32, ::1/128", NULL },
		{ CLIENT "addresses = ::ffff:192.0.2.0/120", NULL },
		{ CLIENT "addresses = 192.0.2.1/33", ":5: addresses is a" },
		{ CLIENT "addresses = ::1/129", ":5: addresses is a list" },
		{ CLIENT "addresses = 192.0.2.0/", "not \"192.0.2.0/\"" },
		{ CLIENT "addresses = 192.0.2.0/-1", "addresses is a list" },
		{ CLIENT "addresses = 192.0.2.0/+8", "addresses is a list" },
		{ CLIENT "addresses = 192.0.2.0/024", "addresses is a list" },
		{ CLIENT "addresses = 192.0.2.0/4294967320", "is a list" },
		{ CLIENT "addresses = 192.0.2", "addresses is a list" },
		{ CLIENT "addresses = 192.0.2.256", "addresses is a list" },
		{ CLIENT "addresses = 010.0.0.1", "addresses is a list" },
		{ CLIENT "addresses = example.org", "addresses is a list" },
		{ CLIENT "addresses = fe80::1%lo", "addresses is a list" },
		{ CLIENT "addresses = [::1]", "addresses is a list" },
		{ CLIENT "addresses = *", "addresses is a list" },
		{ CLIENT "addresses = 192.0.2.1/24",
		  ":5: addresses: 192.0.2.1/24 is an address within" },
		{ CLIENT "addresses = 2001:db8::1/64", "within a network" },
		{ CLIENT "addresses = 10.128.0.0/8", "within a network" },
		{ CLIENT "addresses = 10.128.0.0/9", NULL },
	};

	(void)state;
	CHECK(rows);
}

static bool
may_come(const char *addresses, const char *from)
{
	char text[512];
	struct config *config;
	bool may;

	snprintf(text, sizeof text, CLIENT "addresses = %s\n", addresses);
	config = read_good(text);
	may = client_may_come_from(config_client(config, "c"), from);
	config_free(config);
	return may;
}

static void
test_client_comes_from_its_networks_alone(void **state)
{
	static const struct {
		const char *addresses, *from;
		bool may;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.0", false },
		{ "192.0.2.1", "192.0.2.11", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "192.0.2.1", "::c000:201", false },
		{ "192.0.2.0/25", "192.0.2.127", true },
		{ "192.0.2.0/25", "192.0.2.128", false },
		{ "192.0.2.0/31", "192.0.2.1", true },
		{ "192.0.2.0/31", "192.0.2.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "::ffff:0:0/96", "203.0.113.9", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::1", "::1", true },
		{ "::1", "::2", false },
		{ "::1", "127.0.0.1", false },
		{ "10.0.0.0/8, 192.0.2.1", "192.0.2.1", true },
		{ "10.0.0.0/8, 192.0.2.1", "11.0.0.0", false },
		{ "0.0.0.0/0, ::/0", "", false },
		{ "0.0.0.0/0, ::/0", "localhost", false },
		{ "0.0.0.0/0, ::/0", "192.0.2.1 ", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (may_come(rows[i].addresses, rows[i].from) != rows[i].may)
			fail_msg("%s, from %s", rows[i].addresses,
			         rows[i].from);
}

static void
test_client_without_networks_comes_from_nowhere(void **state)
{
	const struct client client = { .account = NULL };

	(void)state;
	assert_false(client_may_come_from(&client, "127.0.0.1"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_all_said_is_read),
		cmocka_unit_test(
			test_client_defaults_are_cbc_and_every_profile),
		cmocka_unit_test(test_client_what_is_needed_is_asked_for),
		cmocka_unit_test(test_client_names_are_judged),
		cmocka_unit_test(test_client_addresses_are_judged),
		cmocka_unit_test(test_client_comes_from_its_networks_alone),
		cmocka_unit_test(
			test_client_without_networks_comes_from_nowhere),
	};

	return cmocka_run_group_tests_name("config, clients", tests, NULL,
	                                   NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_config_reload.c - what a reload takes, keeps, tells and refuses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/records.h"
#include "tests/psmd/config_text.h"

struct place {
	char dir[32], records[64];
};

static int
make_place(void **state)
{
	static struct place place;
	struct records *records = NULL;

	strcpy(place.dir, "/tmp/test_config.XXXXXX");
	if (mkdtemp(place.dir) == NULL)
		return -1;
	snprintf(place.records, sizeof place.records, "%s/records", place.dir);
	if (records_open(place.records, true, &records) != REC_OK)
		return -1;
	records_close(records);
	*state = &place;
	return 0;
}

static int
remove_place(void **state)
{
	const struct place *place = *state;
	char command[64];

	snprintf(command, sizeof command, "rm -r %s", place->dir);
	return system(command) == 0 ? 0 : -1;
}

/* A daemon that needs no certificate and no account. */
static struct config *
read_daemon(const struct place *place, const char *more)
{
	char text[2048];

	snprintf(text, sizeof text, "[server]\nlisten_https =\n"
	         "listen_http = 127.0.0.1:0\nrecords = %s\n"
	         "[service system]\nenabled = no\n%s", place->records, more);
	return read_good(text);
}

/* What a reload says to it: free() that. */
static char *
reload(const struct place *place, const char *before, const char *after,
       bool *ret_good)
{
	struct config *old = read_daemon(place, before);
	struct config *next = read_daemon(place, after);
	char *text = NULL;
	size_t len;
	FILE *complaints = open_memstream(&text, &len);

	assert_non_null(complaints);
	*ret_good = config_check_reload(next, old, complaints);
	fclose(complaints);
	config_free(old);
	config_free(next);
	return text;
}

static void
test_reload_tells_what_waits_for_a_start(void **state)
{
	static const char *const later[] = {
		"[ca]\nnickname = other", "[ca]\ntoken_password_file = pin",
		"[pkcs12]\npool_rsa_2048 = 5", "[pkcs12]\npool_rsa_3072 = 5",
		"[pkcs12]\npool_rsa_4096 = 5",
	};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		bool good;
		char *text = reload(*state, "", later[i], &good);

		assert_true(good);
		assert_non_null(strstr(text, ":8: ["));
		assert_non_null(strstr(text, "takes effect at the next start"));
		free(text);
	}
}

/* Else the authority that is open would sign in the name of another, whose CRL
 * has none of what it revokes. */
static void
test_reload_keeps_what_waits_for_a_start(void **state)
{
	struct config *old = read_daemon(*state, "[ca]\nnickname = one\n"
	                                 "[pkcs12]\npool_rsa_2048 = 1\n");
	struct config *next = read_daemon(*state,
	                                  "[ca]\nnickname = card:other\n"
	                                  "token_password_file = pin\n"
	                                  "crl_days = 30\n"
	                                  "[pkcs12]\npool_rsa_2048 = 5\n");

	free(next->records);
	next->records = strdup("/tmp/others");
	assert_true(config_keep_start(next, old));
	assert_string_equal(next->ca, "one");
	assert_ptr_not_equal(next->ca, old->ca);
	assert_null(next->token_password_file);
	assert_string_equal(next->records, old->records);
	assert_int_equal(next->pool_rsa_2048, 1);
	assert_int_equal(next->crl_days, 30);
	assert_int_equal(next->n_listen, 1);
	config_free(old);
	config_free(next);
}

static void
test_reload_takes_the_rest_at_once(void **state)
{
	static const char *const now[] = {
		"[ca]\ncrl_days = 30", "[ca]\ncrl_file = b.crl",
		"[profile client]\ndays = 5", "[profile other]",
		"[profile o]\n[orders]\nprofile = o",
		"[profile client]\ncrl_url = http://h/",
		"[service pkcs12]\ntransport = both",
	};

	for (size_t i = 0; i < sizeof now / sizeof *now; i++) {
		bool good;
		char *text = reload(*state, "", now[i], &good);

		assert_true(good);
		assert_string_equal(text, "");
		free(text);
	}
}

static void
test_reload_of_what_cannot_work_is_refused(void **state)
{
	static const struct row rows[] = {
		{ "[service orders]\nenabled = yes",
		  ":8: [service orders] enabled: https, but listen_https" },
		{ "[service pkcs12]\nenabled = yes",
		  ":8: [service pkcs12] enabled: nobody may call it" },
		{ "[service pkcs12]\nenabled = yes\n" GOOD_CLIENT,
		  "[service pkcs12] transport: https, but listen_https" },
		{ GOOD_CLIENT, ":8: [client c] aes_key_file: /nowhere/a: " },
		{ GOOD_CLIENT, ":9: [client c] em_key_file: /nowhere/e: " },
		{ GOOD_CLIENT, ":10: [client c] certificate: /nowhere/s: " },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool good;
		char *text = reload(*state, "", rows[i].text, &good);

		assert_false(good);
		if (strstr(text, rows[i].complaint) == NULL)
			fail_msg("%s", text);
		free(text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload_tells_what_waits_for_a_start),
		cmocka_unit_test(test_reload_keeps_what_waits_for_a_start),
		cmocka_unit_test(test_reload_takes_the_rest_at_once),
		cmocka_unit_test(test_reload_of_what_cannot_work_is_refused),
	};

	return cmocka_run_group_tests_name("config, reloads", tests, make_place,
	                                   remove_place);
}

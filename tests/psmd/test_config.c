/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_config.c - services, the authority, a new file, and no memory: each
 * setting's values at its limits and beyond them. Linked with --wrap=calloc,
 * reallocarray and strdup. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/config_text.h"

/* --- services, the authority --------------------------------------------- */

static void
test_config_nothing_said_has_defaults(void **state)
{
	struct config *config = read_good("");

	(void)state;
	assert_false(config->orders.enabled);
	assert_int_equal(config->orders.transport, TRANSPORT_HTTPS);
	assert_false(config->pkcs12.enabled);
	assert_int_equal(config->pkcs12.transport, TRANSPORT_HTTPS);
	assert_string_equal(config->ca, "#issuer");
	assert_null(config->token_password_file);
	assert_string_equal(config->crl_file, "/tmp/ca.crl");
	assert_int_equal(config->crl_days, 7);
	assert_string_equal(config->order_profile, "client");
	assert_int_equal(config->pool_rsa_2048, 0);
	assert_int_equal(config->pool_rsa_3072, 4);
	assert_int_equal(config->pool_rsa_4096, 0);
	assert_int_equal(config->n_clients, 0);
	assert_int_equal(config->n_profiles, 1);
	config_free(config);
}

static void
test_config_services_are_read(void **state)
{
	struct config *config = read_good("[service orders]\nenabled = yes\n"
	                                  "[service pkcs12]\nenabled = yes\n"
	                                  "transport = both\n");

	(void)state;
	assert_true(config->orders.enabled);
	assert_int_equal(config->orders.transport, TRANSPORT_HTTPS);
	assert_true(config->pkcs12.enabled);
	assert_int_equal(config->pkcs12.transport, TRANSPORT_BOTH);
	assert_int_equal(config->system.transport, TRANSPORT_HTTPS);
	config_free(config);
}

static void
test_config_authority_is_read(void **state)
{
	struct config *config = read_good(
		"[ca]\nnickname = my token:issuer\n"
		"token_password_file = /etc/pin\ncrl_file = www/a.crl\n");

	(void)state;
	assert_string_equal(config->ca, "my token:issuer");
	assert_string_equal(config->token_password_file, "/etc/pin");
	assert_string_equal(config->crl_file, "/tmp/www/a.crl");
	config_free(config);
}

static void
test_config_limits_are_kept(void **state)
{
	static const struct row rows[] = {
		{ "[ca]\ncrl_days = 1", NULL },
		{ "[ca]\ncrl_days = 365", NULL },
		{ "[ca]\ncrl_days = 0", ":2: crl_days is a number from 1" },
		{ "[ca]\ncrl_days = 366", ":2: crl_days is a number from 1" },
		{ "[ca]\nnickname =", ":2: nickname has 1 to 64 bytes" },
		{ "[ca]\nnickname = " A64, NULL },
		{ "[ca]\nnickname = " A64 "a", ":2: nickname has 1" },
		{ "[ca]\ncrl_file =", ":2: crl_file is needed" },
		{ "[ca]\ntoken_password_file =", NULL },
		{ "[pkcs12]\npool_rsa_2048 = 0\npool_rsa_3072 = 256", NULL },
		{ "[pkcs12]\npool_rsa_2048 = 257", ":2: pool_rsa_2048 is" },
		{ "[pkcs12]\npool_rsa_3072 = 257", ":2: pool_rsa_3072 is" },
		{ "[pkcs12]\npool_rsa_4096 = 257", ":2: pool_rsa_4096 is" },
		{ "[pkcs12]\npool_rsa_4096 = 256", NULL },
		{ "[service orders]\ntransport = http",
		  ":2: [service orders] has no setting \"transport\"" },
		{ "[service orders]\nauth = none", "has no setting" },
		{ "[service pkcs12]\nauth = none", "has no setting" },
		{ "[service pkcs12]\ntransport = ftp",
		  ":2: transport is one of https, http, both" },
	};

	(void)state;
	CHECK(rows);
}

static void
test_config_order_profile_that_is_none_is_refused(void **state)
{
	static const struct row rows[] = {
		{ "[orders]\nprofile = mine\n[profile mine]\n", NULL },
		{ "[profile mine]\n[orders]\nprofile = mine\n", NULL },
		{ "[orders]\n\nprofile = mine\n",
		  ":3: profile: there is no profile \"mine\"" },
		{ "[orders]\nprofile = Client\n", "there is no profile" },
		{ "[orders]\nprofile =\n", ":2: profile has 1 to 64 bytes" },
	};

	(void)state;
	CHECK(rows);
}

/* --- memory -------------------------------------------------------------- */

static int left = -1; /* calls until one fails; -1: none does */

static bool
fails(void)
{
	errno = ENOMEM;
	return left >= 0 && left-- == 0;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__real_reallocarray(void *list, size_t n, size_t size);
void *__wrap_reallocarray(void *list, size_t n, size_t size);
void *
__wrap_reallocarray(void *list, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(list, n, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* Fail the 1st, 2nd, 3rd ... call, until it gets through. */
static void
test_config_without_memory_is_none(void **state)
{
	static const char text[] =
		"[profile b]\nsubject = CN, O\npurposes = clientAuth, 1.2.3\n"
		"crl_url = http://h/\n" GOOD_CLIENT "profiles = client b\n"
		"[id #x]\n[server]\nlisten_http = localhost:80, *:81\n";
	struct config *config = NULL;
	int n = 0;

	(void)state;
	for (;; n++) {
		left = n;
		config = read_text(text);
		if (left >= 0)
			break; /* none failed */
		assert_null(config);
		if (strstr(said, "emory") == NULL)
			fail_msg("call %d: %s", n, said);
	}
	left = -1;
	assert_non_null(config);
	assert_true(n > 50);
	config_free(config);
}

/* --- a new file ---------------------------------------------------------- */

/* Each setting stands there, commented out; so it says what defaults say. */
static void
test_config_new_file_is_read_as_defaults(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct config *config;

	(void)state;
	assert_true(config_write(out, NULL, 0));
	fclose(out);
	config = read_good(text);
	assert_defaults(config_profile(config, "client"));
	assert_non_null(strstr(text, "\n[profile client]\n"));
	assert_non_null(strstr(text, "\n;subject = account\n"));
	assert_non_null(strstr(text, "\n;[client robot]\n"));
	assert_non_null(strstr(text, "\n;cipher = cbc\n"));
	assert_non_null(strstr(text, "\n[service orders]\n"));
	assert_int_equal(config->n_profiles, 1);
	assert_int_equal(config->n_clients, 0);
	assert_false(config->orders.enabled);
	config_free(config);
	free(text);
}

/* What is commented out is fine when the mark before it goes. */
static void
test_config_new_file_without_marks_is_read(void **state)
{
	char *text = NULL, *to;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct config *config;

	(void)state;
	assert_true(config_write(out, NULL, 0));
	fclose(out);
	for (char *p = to = text; *p != '\0'; p++)
		if (*p != ';' || (p > text && p[-1] != '\n'))
			*to++ = *p;
	*to = '\0';
	config = read_good(text);
	assert_defaults(config_profile(config, "client"));
	assert_non_null(config_client(config, "robot"));
	assert_int_equal(config->n_clients, 1);
	config_free(config);
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_nothing_said_has_defaults),
		cmocka_unit_test(test_config_services_are_read),
		cmocka_unit_test(test_config_authority_is_read),
		cmocka_unit_test(test_config_limits_are_kept),
		cmocka_unit_test(
			test_config_order_profile_that_is_none_is_refused),
		cmocka_unit_test(test_config_without_memory_is_none),
		cmocka_unit_test(test_config_new_file_is_read_as_defaults),
		cmocka_unit_test(test_config_new_file_without_marks_is_read),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_config.c - profiles, clients and what else the configuration says about
 * issuing: each setting's values at its limits and beyond them. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "psmd/config.h"
#include "psmd/records.h"

static char *said; /* complaints of the last read_text() */

/* The text as a file; NULL, and said has why. */
static struct config *
read_text(const char *text)
{
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	size_t len;
	FILE *complaints;
	struct config *config;

	free(said);
	said = NULL;
	complaints = open_memstream(&said, &len);
	assert_true(fd >= 0);
	assert_non_null(complaints);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	config = config_read(path, complaints);
	fclose(complaints);
	unlink(path);
	return config;
}

/* One that is fine. */
static struct config *
read_good(const char *text)
{
	struct config *config = read_text(text);

	if (config == NULL)
		fail_msg("%s\nis not fine: %s", text, said);
	return config;
}

struct row {
	const char *text;
	const char *complaint; /* a part of it; NULL: the text is fine */
};

static void
check_row(const struct row *row)
{
	struct config *config = read_text(row->text);

	if (row->complaint == NULL && config == NULL)
		fail_msg("%s\nis not fine: %s", row->text, said);
	if (row->complaint != NULL && config != NULL)
		fail_msg("%s\nis fine", row->text);
	if (row->complaint != NULL && strstr(said, row->complaint) == NULL)
		fail_msg("%s\nfails with: %s", row->text, said);
	config_free(config);
}

#define CHECK(rows)                                                  \
	for (size_t i = 0; i < sizeof (rows) / sizeof *(rows); i++)  \
		check_row(&(rows)[i])

#define A64 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
#define CLIENT "[client c]\naes_key_file = /nowhere/a\n" \
	       "em_key_file = /nowhere/e\ncertificate = /nowhere/s\n"
#define GOOD_CLIENT CLIENT "addresses = 192.0.2.1\n"

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
	assert_int_equal(config->pool_rsa_2048, 4);
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
		{ "[ca]\nnickname =", ":2: nickname has 1 to 128 bytes" },
		{ "[ca]\nnickname = " A64 A64, NULL },
		{ "[ca]\nnickname = " A64 A64 "a", ":2: nickname has 1" },
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

/* --- profiles ------------------------------------------------------------ */

/* As the manual has them. */
static void
assert_defaults(const struct profile *profile)
{
	const struct ca_profile *ca = &profile->ca;

	assert_int_equal(profile->subject, PROFILE_SUBJECT_ACCOUNT);
	assert_int_equal(profile->approval, APPROVAL_AUTOMATIC);
	assert_null(ca->subject_parts);
	assert_int_equal(ca->alt_names, CA_ALT_NAMES_NONE);
	assert_int_equal(ca->keys, CA_KEY_RSA | CA_KEY_P256 | CA_KEY_P384 |
	                 CA_KEY_P521);
	assert_int_equal(ca->rsa_bits, 3072);
	assert_int_equal(ca->usage, CA_USAGE_BOTH);
	assert_int_equal(ca->n_purposes, 1);
	assert_string_equal(ca->purposes[0], "1.3.6.1.5.5.7.3.2");
	assert_int_equal(ca->days, 365);
	assert_int_equal(ca->max_days, 1095);
	assert_int_equal(ca->start_days, 30);
	assert_null(ca->urls.crl);
	assert_null(ca->urls.ocsp);
	assert_null(ca->urls.issuer);
}

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

/* --- clients ------------------------------------------------------------- */

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

/* --- a reload ------------------------------------------------------------ */

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
		cmocka_unit_test(test_profile_built_in_is_always_there),
		cmocka_unit_test(test_profile_section_replaces_built_in),
		cmocka_unit_test(test_profile_empty_section_has_defaults),
		cmocka_unit_test(test_profile_all_said_is_read),
		cmocka_unit_test(test_profile_names_are_judged),
		cmocka_unit_test(test_profile_values_are_judged),
		cmocka_unit_test(test_profile_purposes_are_judged),
		cmocka_unit_test(test_profile_urls_are_judged),
		cmocka_unit_test(test_client_all_said_is_read),
		cmocka_unit_test(
			test_client_defaults_are_cbc_and_every_profile),
		cmocka_unit_test(test_client_what_is_needed_is_asked_for),
		cmocka_unit_test(test_client_names_are_judged),
		cmocka_unit_test(test_client_addresses_are_judged),
		cmocka_unit_test(test_client_comes_from_its_networks_alone),
		cmocka_unit_test(
			test_client_without_networks_comes_from_nowhere),
		cmocka_unit_test(test_config_without_memory_is_none),
		cmocka_unit_test(test_reload_tells_what_waits_for_a_start),
		cmocka_unit_test(test_reload_keeps_what_waits_for_a_start),
		cmocka_unit_test(test_reload_takes_the_rest_at_once),
		cmocka_unit_test(test_reload_of_what_cannot_work_is_refused),
		cmocka_unit_test(test_config_new_file_is_read_as_defaults),
		cmocka_unit_test(test_config_new_file_without_marks_is_read),
	};

	return cmocka_run_group_tests_name("config", tests, make_place,
	                                   remove_place);
}

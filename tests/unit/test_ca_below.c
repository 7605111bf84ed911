/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_below.c - authorities below others, and on tokens. */

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/ca_store.h"

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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		store_test(test_below_a_root_the_chain_is_whole),
		store_test(test_below_a_root_its_name_is_not_granted),
		store_test(test_below_what_may_not_have_others_is_argument),
		cmocka_unit_test_setup_teardown(
			test_card_holds_the_key_of_a_root, setup_card,
			teardown_card),
		cmocka_unit_test_setup_teardown(
			test_card_holds_the_key_of_one_below_a_root,
			setup_card, teardown_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

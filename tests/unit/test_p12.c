/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_p12.c - PKCS#12 files of ours: read back, read by openssl, NSS's
 * pk12util, GnuTLS's certtool and Java's keytool, as far as these are here, and
 * keys that go from them into tokens. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <cert.h>
#include <pk11pub.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_pin.h"
#include "tests/unit/p12_files.h"

#define NAME "N\xc3\xa4me \xf0\x9f\x94\x91" /* beyond U+FFFF, too */
#define DB_PASSWORD "Aa1!aaaaaa" /* good enough for FIPS mode */

/* --- helpers ------------------------------------------------------------- */

/* How often text stands in the log. */
static int
count_in_log(const struct fixture *fx, const char *text)
{
	nu_auto_item log = { siBuffer, NULL, 0 };
	const char *p;
	int n = 0;

	read_file(fx, "log", &log);
	assert_true(log.len < OUTPUT_SIZE);
	log.data[log.len] = '\0';
	for (p = (char *)log.data; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

/* --- what we write, read back -------------------------------------------- */

/* Two users and the one authority of both. */
static SECItem *
encode_all(const struct fixture *fx, const char *password, PRBool compat)
{
	struct nu_p12_item items[MAX_CERTS] = { fx->rsa, fx->ca, fx->ec,
		                                fx->ca };
	SECItem *file;

	items[0].friendly_name = NAME;
	items[2].friendly_name = "x";
	file = nu_p12_encode(items, MAX_CERTS, password, compat, NULL);
	if (file == NULL)
		fail_msg("encode: %s", nu_err_name(PORT_GetError()));
	return file;
}

static void
assert_round_trip(const struct fixture *fx, const char *password, PRBool compat)
{
	nu_auto(SECItem) file = encode_all(fx, password, compat);
	const struct nu_p12_item *items[] = { &fx->rsa, &fx->ca, &fx->ec };
	struct nu_p12 *p12 = must_open(file, password, NULL);

	assert_int_equal(assert_keys(p12, 3, NULL), 2);
	for (size_t i = 0; i < 3; i++) {
		const struct nu_p12_cert *cert = nu_p12_cert_at(p12, i);

		assert_true(SECITEM_ItemsAreEqual(&cert->der,
		                                  &items[i]->cert->derCert));
		assert_int_equal(cert->has_key, items[i]->key != NULL);
	}
	assert_string_equal(nu_p12_cert_at(p12, 0)->friendly_name, NAME);
	assert_null(nu_p12_cert_at(p12, 1)->friendly_name);
	assert_string_equal(nu_p12_cert_at(p12, 2)->friendly_name, "x");
	assert_null(nu_p12_cert_at(p12, 3));
	nu_p12_free(p12);
	assert_int_equal(try(file, "wrong"), NU_P12_PASSWORD);
}

static void
test_p12_own_file_opens_with_each_certificate_once(void **state)
{
	assert_round_trip(*state, "plain ASCII", PR_FALSE);
	assert_round_trip(*state, PASSWORD, PR_FALSE);
}

static void
test_p12_own_compatible_file_opens(void **state)
{
	assert_round_trip(*state, "plain ASCII", PR_TRUE);
	assert_round_trip(*state, PASSWORD, PR_TRUE);
}

static void
test_p12_own_file_is_strict_der(void **state)
{
	nu_auto(SECItem) file = encode_all(*state, PASSWORD, PR_FALSE);

	assert_int_equal(nu_der_check(file, 8), SECSuccess);
}

/* Renewed on its old key: one key, and both certificates have it. */
static void
test_p12_two_certificates_of_one_key_share_it(void **state)
{
	const struct fixture *fx = *state;
	nu_auto_item der = { siBuffer, NULL, 0 };
	struct nu_p12_item items[2] = { fx->ec, fx->ec };
	nu_auto(SECItem) file = NULL;
	struct nu_p12 *p12;

	must_shell(fx, "openssl x509 -req -in ec.csr -CA ca.pem -CAkey ca.key "
	               "-days 2 -outform DER -out renewed.der");
	read_file(fx, "renewed.der", &der);
	items[1].cert = cert_from(&der);
	file = nu_p12_encode(items, 2, PASSWORD, PR_FALSE, NULL);
	assert_non_null(file);
	write_file(fx, "two.p12", file);
	p12 = must_open(file, PASSWORD, NULL);
	assert_int_equal(assert_keys(p12, 2, NULL), 2);
	nu_p12_free(p12);
	CERT_DestroyCertificate(items[1].cert);
	must_shell(fx, "openssl pkcs12 -in two.p12 -noenc -passin env:PW");
	assert_int_equal(count_in_log(fx, "BEGIN PRIVATE KEY"), 1);
	assert_int_equal(count_in_log(fx, "BEGIN CERTIFICATE"), 2);
}

static void
test_p12_certificates_alone_round_trip(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(SECItem) file =
		nu_p12_encode(&fx->ca, 1, PASSWORD, PR_FALSE, NULL);
	struct nu_p12 *p12;

	assert_non_null(file);
	p12 = must_open(file, PASSWORD, NULL);
	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
}

/* The same certificate first as an issuer, then as somebody's own. */
static void
test_p12_certificate_given_twice_keeps_its_key(void **state)
{
	const struct fixture *fx = *state;
	struct nu_p12_item items[2] = { fx->rsa, fx->rsa };
	nu_auto(SECItem) file = NULL;
	struct nu_p12 *p12;

	items[0].key = NULL;
	file = nu_p12_encode(items, 2, PASSWORD, PR_FALSE, NULL);
	assert_non_null(file);
	p12 = must_open(file, PASSWORD, NULL);
	assert_int_equal(assert_keys(p12, 1, NULL), 1);
	nu_p12_free(p12);
}

static void
test_p12_unextractable_key_is_not_exported(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPublicKey) pub = NULL;
	nu_auto(SECKEYPrivateKey) key = nu_key_generate(
		slot, ecKey, 256,
		PK11_ATTR_SESSION | PK11_ATTR_SENSITIVE | PK11_ATTR_PRIVATE |
			PK11_ATTR_UNEXTRACTABLE,
		NULL, &pub);
	struct nu_p12_item item = { fx->ec.cert, key, NULL };

	assert_non_null(key);
	assert_null(nu_p12_encode(&item, 1, PASSWORD, PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(),
	                 SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY);
}

static void
test_p12_bad_arguments_are_refused(void **state)
{
	const struct fixture *fx = *state;
	struct nu_p12_item item = fx->ec;

	assert_null(nu_p12_encode(&item, 0, PASSWORD, PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
	assert_null(nu_p12_encode(&item, 1, "\xff", PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
	item.friendly_name = "\xc3";
	assert_null(nu_p12_encode(&item, 1, PASSWORD, PR_FALSE, NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
}

/* --- what we write, read by others --------------------------------------- */

static void
test_p12_openssl_opens_ours(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(SECItem) file = encode_all(fx, PASSWORD, PR_FALSE);
	nu_auto(SECItem) compat = encode_all(fx, PASSWORD, PR_TRUE);

	write_file(fx, "ours.p12", file);
	write_file(fx, "compat.p12", compat);
	must_shell(fx, "openssl pkcs12 -in ours.p12 -noenc -passin env:PW");
	assert_int_equal(count_in_log(fx, "BEGIN CERTIFICATE"), 3);
	assert_int_equal(count_in_log(fx, "BEGIN PRIVATE KEY"), 2);
	must_shell(fx, "openssl pkcs12 -in ours.p12 -nocerts -noenc -passin "
	               "env:PW >own.pem && openssl pkey -in own.pem -pubout "
	               ">a; openssl pkey -in rsa.key -pubout >b; cmp a b");
	if (shell(fx, "openssl list -providers -provider legacy") != 0)
		return; /* no 3DES without it */
	must_shell(fx, "openssl pkcs12 -in compat.p12 -noenc -legacy -passin "
	               "env:PW");
	assert_int_equal(count_in_log(fx, "BEGIN CERTIFICATE"), 3);
	assert_int_equal(count_in_log(fx, "BEGIN PRIVATE KEY"), 2);
}

static void
test_p12_pk12util_imports_ours(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(SECItem) file = encode_all(fx, PASSWORD, PR_FALSE);
	nu_auto(SECItem) compat = encode_all(fx, PASSWORD, PR_TRUE);

	write_file(fx, "ours.p12", file);
	write_file(fx, "compat.p12", compat);
	must_shell(fx, "for f in ours compat; do mkdir $f && "
	               "certutil -N -d sql:$f --empty-password && "
	               "pk12util -i $f.p12 -d sql:$f -W \"$PW\" && "
	               "certutil -K -d sql:$f || exit 1; done");
	assert_int_equal(count_in_log(fx, "< 1>"), 2);
	assert_int_equal(count_in_log(fx, NAME), 2);
}

static void
test_p12_certtool_opens_ours(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(SECItem) file = encode_all(fx, PASSWORD, PR_FALSE);

	if (!have(fx, "certtool"))
		skip();
	write_file(fx, "ours.p12", file);
	must_shell(fx, "certtool --p12-info --inder --infile ours.p12 "
	               "--password \"$PW\"");
	assert_int_equal(count_in_log(fx, "Type: Certificate"), 3);
	assert_int_equal(count_in_log(fx, "Type: PKCS #8 Encrypted key"), 2);
	assert_int_equal(count_in_log(fx, NAME), 2);
}

/* Java takes no password beyond ASCII for PBES2, whoever wrote the file. */
static void
test_p12_keytool_opens_ours(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(SECItem) file = NULL;

	if (!have(fx, "keytool"))
		skip();
	file = encode_all(fx, "plain ASCII", PR_FALSE);
	write_file(fx, "ours.p12", file);
	must_shell(fx, "keytool -list -keystore ours.p12 -storetype PKCS12 "
	               "-storepass 'plain ASCII'");
	assert_int_equal(count_in_log(fx, "PrivateKeyEntry"), 2);
}

/* --- keys into tokens ---------------------------------------------------- */

static enum nu_pin_answer
give_password(void *arg, const char *token, unsigned attempt, char *buf,
              size_t size)
{
	(void)token;
	if (attempt > 0)
		return NU_PIN_NONE;
	snprintf(buf, size, "%s", (const char *)arg);
	return NU_PIN_GIVEN;
}

/* Everything permanent, certificates too, so that certutil can judge. */
static void
import_file(const struct fixture *fx, const char *name, struct nu_pin *pin)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto_item file = { siBuffer, NULL, 0 };
	struct nu_p12 *p12;

	read_file(fx, name, &file);
	p12 = must_open(&file, PASSWORD, pin);
	for (size_t i = 0; i < nu_p12_count(p12); i++) {
		const struct nu_p12_cert *shown = nu_p12_cert_at(p12, i);
		nu_auto(CERTCertificate) cert = cert_from(&shown->der);
		nu_auto(SECKEYPrivateKey) key = NULL;
		nu_auto_port char *label = NULL;

		if (!shown->has_key)
			continue;
		key = import_key(p12, i, PR_TRUE, name, pin);
		label = PK11_GetPrivateKeyNickname(key);
		assert_string_equal(label, name);
		assert_int_equal(PK11_ImportCert(slot, cert, CK_INVALID_HANDLE,
		                                 name, PR_FALSE),
		                 SECSuccess);
	}
	nu_p12_free(p12);
}

/* With the database called name open: in, out, in again, and certutil finds
 * keys and certificates together, even without its password. */
static void
assert_import(struct fixture *fx, const char *name)
{
	static const char *const files[] = { "rsa.p12", "small.p12",
		                             "plain.p12" };
	static char password[] = DB_PASSWORD;
	struct nu_pin pin = { give_password, password, 0, NU_PIN_NONE };
	char command[256];

	must_shell(fx, EXPORT "-in ec.pem -inkey ec.key -keypbe NONE -certpbe "
	                      "NONE -out plain.p12");
	unload_all(fx);
	assert_int_equal(nu_close(), SECSuccess);
	open_db(fx, name);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		nu_pin_reset(&pin);
		import_file(fx, files[i], &pin);
	}
	load_all(fx);
	assert_round_trip(fx, PASSWORD, PR_FALSE);
	assert_round_trip(fx, PASSWORD, PR_TRUE);
	unload_all(fx);
	assert_int_equal(nu_close(), SECSuccess);
	open_db(fx, "db");
	load_all(fx);
	snprintf(command, sizeof command,
	         "certutil -L -d sql:%s; certutil -K -d sql:%s -f pw", name,
	         name);
	must_shell(fx, command);
	assert_int_equal(count_in_log(fx, "u,u,u"), 2);
	assert_int_equal(count_in_log(fx, " rsa "), 1);
	assert_int_equal(count_in_log(fx, " ec "), 1);
}

static void
test_p12_keys_go_into_a_database_without_password(void **state)
{
	must_shell(*state, "mkdir open && certutil -N -d sql:open "
	                   "--empty-password && touch pw");
	assert_import(*state, "open");
}

static void
test_p12_keys_go_into_a_database_with_password(void **state)
{
	must_shell(*state, "mkdir locked && printf '%s\\n' '" DB_PASSWORD
	                   "' >pw && certutil -N -d sql:locked -f pw");
	assert_import(*state, "locked");
}

static void
test_p12_keys_go_into_a_database_in_fips_mode(void **state)
{
	must_shell(*state, "mkdir fips && printf '%s\\n' '" DB_PASSWORD
	                   "' >pw && certutil -N -d sql:fips -f pw && "
	                   "modutil -fips true -dbdir sql:fips -force");
	assert_import(*state, "fips");
}

/* Another key under the certificate's localKeyID. */
static void
test_p12_key_of_another_is_not_imported(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECItem) file = NULL;
	struct nu_p12_item item = { fx->rsa.cert, fx->ec.key, NULL };
	struct nu_p12 *p12;

	file = nu_p12_encode(&item, 1, PASSWORD, PR_FALSE, NULL);
	assert_non_null(file);
	p12 = must_open(file, PASSWORD, NULL);
	assert_null(nu_p12_import_key(p12, 0, slot, PR_TRUE, "x", NULL));
	assert_int_not_equal(PORT_GetError(), 0);
	assert_null(nu_p12_import_key(p12, 1, slot, PR_TRUE, "x", NULL));
	assert_int_equal(PORT_GetError(), SEC_ERROR_NO_KEY);
	nu_p12_free(p12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_p12_own_file_opens_with_each_certificate_once),
		cmocka_unit_test(test_p12_own_compatible_file_opens),
		cmocka_unit_test(test_p12_own_file_is_strict_der),
		cmocka_unit_test(test_p12_two_certificates_of_one_key_share_it),
		cmocka_unit_test(test_p12_certificates_alone_round_trip),
		cmocka_unit_test(
			test_p12_certificate_given_twice_keeps_its_key),
		cmocka_unit_test(test_p12_unextractable_key_is_not_exported),
		cmocka_unit_test(test_p12_bad_arguments_are_refused),
		cmocka_unit_test(test_p12_openssl_opens_ours),
		cmocka_unit_test(test_p12_pk12util_imports_ours),
		cmocka_unit_test(test_p12_certtool_opens_ours),
		cmocka_unit_test(test_p12_keytool_opens_ours),
		cmocka_unit_test(
			test_p12_keys_go_into_a_database_without_password),
		cmocka_unit_test(
			test_p12_keys_go_into_a_database_with_password),
		cmocka_unit_test(test_p12_keys_go_into_a_database_in_fips_mode),
		cmocka_unit_test(test_p12_key_of_another_is_not_imported),
	};

	return cmocka_run_group_tests(tests, p12_setup, p12_teardown);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_p12.c - PKCS#12 files, ours and those of openssl, NSS's pk12util,
 * GnuTLS's certtool and Java's keytool, as far as these are installed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <keyhi.h>
#include <pk11pub.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_p12.h"
#include "nssutil/nu_p12_int.h"
#include "nssutil/nu_pin.h"
#include "tests/unit/hostile.h"

/* clang-format off */
#define PASSWORD    "P\xc3\xa4" "55w\xc3\xb6rd\xe2\x82\xac" /* umlauts, EUR */
#define NAME        "N\xc3\xa4me \xf0\x9f\x94\x91" /* beyond U+FFFF, too */
#define DB_PASSWORD "Aa1!aaaaaa" /* good enough for FIPS mode */
/* clang-format on */

enum { MAX_CERTS = 4, OUTPUT_SIZE = 16384 };

/* In dir: db, a database without a password; keys and certificates of
 * openssl's: ca, and rsa and ec that it issued; small.p12. */
struct fixture {
	char dir[32];
	struct nu_p12_item rsa, ec, ca; /* session keys */
};

/* --- helpers ------------------------------------------------------------ */

/* Run a command line in the fixture's directory, its output to "log". */
__attribute__((format(printf, 2, 3))) static int
shell(const struct fixture *fx, const char *format, ...)
{
	char command[2048];
	va_list args;
	int len, status;

	len = snprintf(command, sizeof command,
	               "exec >%s/log 2>&1; cd %s && export LC_ALL=C.UTF-8 "
	               "PW='%s' && ",
	               fx->dir, fx->dir, PASSWORD);
	va_start(args, format);
	vsnprintf(command + len, sizeof command - (size_t)len, format, args);
	va_end(args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
read_file(const struct fixture *fx, const char *name, SECItem *ret_item)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(SECITEM_AllocItem(NULL, ret_item, OUTPUT_SIZE));
	ret_item->len = (unsigned)fread(ret_item->data, 1, OUTPUT_SIZE, file);
	fclose(file);
}

static void
write_file(const struct fixture *fx, const char *name, const SECItem *data)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data->data, 1, data->len, file), data->len);
	assert_int_equal(fclose(file), 0);
}

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

static void
must_shell(const struct fixture *fx, const char *command)
{
	nu_auto_item log = { siBuffer, NULL, 0 };

	if (shell(fx, "%s", command) == 0)
		return;
	read_file(fx, "log", &log);
	fail_msg("%s: %.*s", command, (int)log.len, (char *)log.data);
}

static int
have(const struct fixture *fx, const char *tool)
{
	if (shell(fx, "command -v %s", tool) == 0)
		return 1;
	print_message("no %s here\n", tool);
	return 0;
}

static enum nu_p12_verdict
try(const SECItem *file, const char *password)
{
	struct nu_p12 *p12 = NULL;
	const char *why = NULL;
	enum nu_p12_verdict verdict =
		nu_p12_open(file, password, NULL, &p12, &why);

	assert_true((verdict == NU_P12_GOOD) == (p12 != NULL));
	assert_true((verdict == NU_P12_GOOD) == (why == NULL));
	nu_p12_free(p12);
	return verdict;
}

static void
assert_refused(const SECItem *file, const char *password,
               enum nu_p12_verdict verdict, const char *says)
{
	struct nu_p12 *p12 = NULL;
	const char *why = "";

	assert_int_equal(nu_p12_open(file, password, NULL, &p12, &why),
	                 verdict);
	assert_null(p12);
	if (strstr(why, says) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", why, says);
}

static struct nu_p12 *
must_open(const SECItem *file, const char *password, void *wincx)
{
	struct nu_p12 *p12 = NULL;
	const char *why = NULL;

	if (nu_p12_open(file, password, wincx, &p12, &why) != NU_P12_GOOD)
		fail_msg("the file %s (%s)", why, nu_err_name(PORT_GetError()));
	return p12;
}

static CERTCertificate *
cert_from(const SECItem *der)
{
	SECItem copy = *der;
	CERTCertificate *cert = CERT_NewTempCertificate(
		CERT_GetDefaultCertDB(), &copy, NULL, PR_FALSE, PR_TRUE);

	assert_non_null(cert);
	return cert;
}

static SECKEYPrivateKey *
import_key(struct nu_p12 *p12, size_t i, PRBool permanent, const char *label,
           void *wincx)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	SECKEYPrivateKey *key;

	assert_non_null(slot);
	key = nu_p12_import_key(p12, i, slot, permanent, label, wincx);
	if (key == NULL)
		fail_msg("key: %s", nu_err_name(PORT_GetError()));
	return key;
}

/* The file's certificates are these many, and each that has a key has the
 * right one; returns how many that were. */
static size_t
assert_keys(struct nu_p12 *p12, size_t n_certs, void *wincx)
{
	size_t n_keys = 0;

	assert_int_equal(nu_p12_count(p12), n_certs);
	assert_int_equal(nu_p12_stray_keys(p12), 0);
	for (size_t i = 0; i < n_certs; i++) {
		const struct nu_p12_cert *cert = nu_p12_cert_at(p12, i);
		nu_auto(CERTCertificate) decoded = cert_from(&cert->der);
		nu_auto(SECKEYPublicKey) pub = CERT_ExtractPublicKey(decoded);
		nu_auto(SECKEYPrivateKey) key = NULL;

		if (!cert->has_key)
			continue;
		key = import_key(p12, i, PR_FALSE, NULL, wincx);
		assert_true(nu_key_proves(key, pub));
		n_keys++;
	}
	return n_keys;
}

static void
assert_opens(const struct fixture *fx, const char *name, const char *password,
             size_t n_certs, size_t n_keys)
{
	nu_auto_item file = { siBuffer, NULL, 0 };
	struct nu_p12 *p12;

	read_file(fx, name, &file);
	p12 = must_open(&file, password, NULL);
	assert_int_equal(assert_keys(p12, n_certs, NULL), n_keys);
	nu_p12_free(p12);
}

/* --- fixture ------------------------------------------------------------ */

#define OPENSSL_CERT(name, type)                                              \
	"openssl req -newkey " type " -nodes -keyout " name ".key -out " name \
	".csr -subj '/CN=" name " user' && openssl x509 -req -in " name       \
	".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out " name    \
	".pem"
#define EXPORT "openssl pkcs12 -export -passout env:PW -iter 1 "

static const char *const recipe[] = {
	"mkdir db && certutil -N -d sql:db --empty-password",
	"openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem "
	"-subj '/CN=An authority' -days 2",
	OPENSSL_CERT("rsa", "rsa:2048"),
	OPENSSL_CERT("ec", "ec -pkeyopt ec_paramgen_curve:P-256"),
	EXPORT "-in rsa.pem -inkey rsa.key -certfile ca.pem -out rsa.p12",
	EXPORT "-in ec.pem -inkey ec.key -out small.p12",
};

/* The item's certificate and key, and the one behind it. */
static struct nu_p12_item
load(const struct fixture *fx, const char *name, struct nu_p12_item *ret_issuer)
{
	nu_auto_item file = { siBuffer, NULL, 0 };
	struct nu_p12_item item = { NULL, NULL, NULL };
	struct nu_p12 *p12;

	read_file(fx, name, &file);
	p12 = must_open(&file, PASSWORD, NULL);
	assert_true(nu_p12_cert_at(p12, 0)->has_key);
	item.cert = cert_from(&nu_p12_cert_at(p12, 0)->der);
	item.key = import_key(p12, 0, PR_FALSE, NULL, NULL);
	if (ret_issuer != NULL)
		ret_issuer->cert = cert_from(&nu_p12_cert_at(p12, 1)->der);
	nu_p12_free(p12);
	return item;
}

static void
open_db(const struct fixture *fx, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	assert_int_equal(nu_open(path, PR_FALSE, 1000), SECSuccess);
}

static void
load_all(struct fixture *fx)
{
	fx->rsa = load(fx, "rsa.p12", &fx->ca);
	fx->ec = load(fx, "small.p12", NULL);
}

static void
unload_all(struct fixture *fx)
{
	CERT_DestroyCertificate(fx->ca.cert);
	CERT_DestroyCertificate(fx->rsa.cert);
	CERT_DestroyCertificate(fx->ec.cert);
	SECKEY_DestroyPrivateKey(fx->rsa.key);
	SECKEY_DestroyPrivateKey(fx->ec.key);
}

static int
setup(void **state)
{
	static struct fixture fx = { .dir = "/tmp/p12-XXXXXX" };

	*state = &fx;
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof recipe / sizeof *recipe; i++)
		must_shell(&fx, recipe[i]);
	PK11_SetPasswordFunc(nu_pin_callback);
	open_db(&fx, "db");
	load_all(&fx);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;
	int closed;

	unload_all(fx);
	closed = nu_close() == SECSuccess; /* else a test leaked */
	return shell(fx, "rm -rf %s", fx->dir) == 0 && closed ? 0 : -1;
}

/* --- what we write, read back ------------------------------------------- */

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

/* --- what others write --------------------------------------------------- */

static const struct made {
	const char *tool, *command, *password;
	size_t n_certs, n_keys;
} made[] = {
	{ "openssl", EXPORT "-in rsa.pem -inkey rsa.key -certfile ca.pem",
	  PASSWORD, 2, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -certfile ca.pem -legacy",
	  PASSWORD, 2, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -certpbe NONE", PASSWORD,
	  1, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -keypbe NONE", PASSWORD,
	  1, 1 },
	{ "openssl",
	  EXPORT "-in rsa.pem -inkey rsa.key -certpbe NONE -keypbe NONE",
	  PASSWORD, 1, 1 },
	{ "openssl",
	  EXPORT "-in ec.pem -inkey ec.key -macalg sha512 -certpbe AES-128-CBC "
	         "-keypbe AES-192-CBC",
	  PASSWORD, 1, 1 },
	{ "openssl", EXPORT "-in ec.pem -inkey ec.key -macalg sha384", PASSWORD,
	  1, 1 },
	{ "openssl", EXPORT "-nokeys -in ca.pem", PASSWORD, 1, 0 },
	{ "openssl",
	  "openssl pkcs12 -export -in ec.pem -inkey ec.key -passout pass:", "",
	  1, 1 },
	{ "pk12util", "pk12util -n nick -d sql:theirs -W \"$PW\" -o", PASSWORD,
	  2, 1 },
	{ "pk12util",
	  "pk12util -n nick -d sql:theirs -W \"$PW\" -C none -M SHA-1 "
	  "-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -o",
	  PASSWORD, 2, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey rsa.key --load-certificate rsa.pem "
	  "--load-ca-certificate ca.pem --p12-name n --password \"$PW\" "
	  "--outder --outfile",
	  PASSWORD, 2, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey ec.key --load-certificate ec.pem "
	  "--p12-name n --password \"$PW\" --pkcs-cipher rc2-40 --outder "
	  "--outfile",
	  PASSWORD, 1, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey ec.key --load-certificate ec.pem "
	  "--p12-name n --null-password --outder --outfile",
	  "", 1, 1 },
	{ "certtool",
	  "certtool --to-p12 --load-privkey ec.key --load-certificate ec.pem "
	  "--p12-name n --empty-password --outder --outfile",
	  "", 1, 1 },
	{ "keytool",
	  "keytool -genkeypair -alias n -keyalg EC -dname CN=n -storetype "
	  "PKCS12 -storepass 'plain ASCII' -keystore",
	  "plain ASCII", 1, 1 },
};

static void
test_p12_files_of_others_open(void **state)
{
	const struct fixture *fx = *state;
	char command[1024];

	must_shell(fx, EXPORT "-in rsa.pem -inkey rsa.key -certfile ca.pem "
	                      "-name nick -out nick.p12 && mkdir theirs && "
	                      "certutil -N -d sql:theirs --empty-password && "
	                      "pk12util -i nick.p12 -d sql:theirs -W \"$PW\"");
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		const struct made *m = &made[i];

		if (!have(fx, m->tool))
			continue;
		snprintf(command, sizeof command,
		         "rm -f made.p12; %s%s made.p12", m->command,
		         strcmp(m->tool, "openssl") == 0 ? " -out" : "");
		must_shell(fx, command);
		print_message("%s\n", command);
		assert_opens(fx, "made.p12", m->password, m->n_certs,
		             m->n_keys);
	}
}

/* --- what is wrong with a file ------------------------------------------- */

static void
test_p12_wrong_password_is_told_from_damage(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	assert_int_equal(try(&file, PASSWORD), NU_P12_GOOD);
	assert_int_equal(try(&file, "wrong"), NU_P12_PASSWORD);
	assert_int_equal(try(&file, ""), NU_P12_PASSWORD);
	assert_int_equal(try(&file, "\xff"), NU_P12_PASSWORD);
	file.data[file.len - 20] ^= 1; /* MAC or its salt */
	assert_refused(&file, PASSWORD, NU_P12_DAMAGED, "parts of it");
	assert_int_equal(try(&file, "wrong"), NU_P12_PASSWORD);
}

static void
test_p12_any_changed_byte_is_damage_not_password(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x20, 0x80 };
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	for (size_t k = 0; k < sizeof masks * file.len; k++) {
		unsigned char *byte = &file.data[k / sizeof masks];
		unsigned char mask = masks[k % sizeof masks];
		enum nu_p12_verdict verdict;

		*byte ^= mask;
		verdict = try(&file, PASSWORD);
		*byte ^= mask;
		if (verdict != NU_P12_DAMAGED && verdict != NU_P12_UNSUPPORTED)
			fail_msg("byte %zu ^ %02x: verdict %d",
			         k / sizeof masks, mask, verdict);
	}
}

static void
test_p12_any_cut_is_damage(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	while (file.len-- > 0)
		assert_int_equal(try(&file, PASSWORD), NU_P12_DAMAGED);
	file.len = 0;
}

static void
open_hostile(const struct hostile *variant, void *arg)
{
	const struct fixture *fx = arg;
	struct nu_p12 *p12 = NULL;
	const char *why;

	if (nu_p12_open(&variant->der, PASSWORD, NULL, &p12, &why) !=
	    NU_P12_GOOD)
		return;
	assert_int_equal(nu_p12_count(p12), 1); /* BER of the same */
	assert_true(SECITEM_ItemsAreEqual(&nu_p12_cert_at(p12, 0)->der,
	                                  &fx->ec.cert->derCert));
	nu_p12_free(p12);
}

static void
test_p12_hostile_variants_are_refused_or_mean_the_same(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	read_file(*state, "small.p12", &file);
	assert_true(hostile_each(&file, open_hostile, *state) > 100);
}

static void
test_p12_other_files_are_no_pkcs12(void **state)
{
	static const char *const names[] = { "ca.pem", "ec.key",
		                             "db/cert9.db" };
	SECItem empty = { siBuffer, NULL, 0 };

	assert_int_equal(try(&empty, PASSWORD), NU_P12_DAMAGED);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		nu_auto_item file = { siBuffer, NULL, 0 };

		read_file(*state, names[i], &file);
		assert_refused(&file, PASSWORD, NU_P12_DAMAGED, "not a PKCS");
	}
}

static void
test_p12_without_mac_is_unsupported(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };

	must_shell(*state, EXPORT "-nomac -in ec.pem -inkey ec.key -out n.p12");
	read_file(*state, "n.p12", &file);
	assert_refused(&file, PASSWORD, NU_P12_UNSUPPORTED, "carries no MAC");
}

/* --- files of our own making ---------------------------------------------- */

static SECItem *
make_oid(PLArenaPool *arena, SECOidTag tag)
{
	const SECItem *oid = &SECOID_FindOIDByTag(tag)->oid;

	return nu_der_make_octets(arena, NU_OID, oid->data, oid->len);
}

/* SEQUENCE { type, [0] { value } }: a ContentInfo, a SafeBag, a CertBag. */
static SECItem *
make_typed(PLArenaPool *arena, SECOidTag tag, const SECItem *value)
{
	return nu_der_make(
		arena, NU_SEQUENCE, make_oid(arena, tag),
		nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), value));
}

static SECItem *
make_data(PLArenaPool *arena, const SECItem *der)
{
	return make_typed(arena, SEC_OID_PKCS7_DATA,
	                  nu_der_make_octets(arena, NU_OCTET_STRING, der->data,
	                                     der->len));
}

/* A PFX around one AuthenticatedSafe with a digestAlgorithm and MAC. */
static SECItem *
make_pfx(PLArenaPool *arena, const SECItem *safes, const SECItem *algorithm,
         const SECItem *mac, const SECItem *salt, long iterations)
{
	SECItem *info = nu_der_make(arena, NU_SEQUENCE, algorithm,
	                            nu_der_make_octets(arena, NU_OCTET_STRING,
	                                               mac->data, mac->len));

	return nu_der_make(
		arena, NU_SEQUENCE, nu_der_make_long(arena, 3),
		make_data(arena, safes),
		nu_der_make(arena, NU_SEQUENCE, info,
	                    nu_der_make_octets(arena, NU_OCTET_STRING,
	                                       salt->data, salt->len),
	                    nu_der_make_long(arena, iterations)));
}

/* A file of these safes with a good MAC. */
static SECItem *
make_file(PLArenaPool *arena, const SECItem *safes, const char *text)
{
	struct p12_mac mac = {
		SEC_OID_SHA256, { siBuffer, (void *)"salt", 4 }, 1, NULL
	};
	SECItem *algorithm = nu_der_make(arena, NU_SEQUENCE,
	                                 make_oid(arena, SEC_OID_SHA256));
	SECItem digest = { siBuffer, NULL, 0 };
	struct p12_password password;

	assert_int_equal(p12_password_make(arena, text, &password), SECSuccess);
	assert_int_equal(
		p12_mac_compute(arena, &mac, &password, safes, NULL, &digest),
		SECSuccess);
	return make_pfx(arena, safes, algorithm, &digest, &mac.salt, 1);
}

static SECItem *
make_plain_file(PLArenaPool *arena, const SECItem *contents)
{
	return make_file(
		arena,
		nu_der_make(arena, NU_SEQUENCE, make_data(arena, contents)),
		PASSWORD);
}

/* EncryptedData that nothing opens, under PKCS#12's 3DES. */
static SECItem *
make_unopenable(PLArenaPool *a, long iterations)
{
	SECItem *params =
		nu_der_make(a, NU_SEQUENCE,
	                    nu_der_make_octets(a, NU_OCTET_STRING, "salt", 4),
	                    nu_der_make_long(a, iterations));
	SECOidTag pbe = SEC_OID_PKCS12_V2_PBE_WITH_SHA1_AND_3KEY_TRIPLE_DES_CBC;
	SECItem *algorithm =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, pbe), params);
	SECItem *content = nu_der_make(
		a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS7_DATA), algorithm,
		nu_der_make_octets(a, NU_CONTEXT(0), "16 octets of none", 16));

	return make_typed(
		a, SEC_OID_PKCS7_ENCRYPTED_DATA,
		nu_der_make(a, NU_SEQUENCE, nu_der_make_long(a, 0), content));
}

static void
test_p12_second_password_inside_is_unsupported(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *safes =
		nu_der_make(arena, NU_SEQUENCE, make_unopenable(arena, 1));

	(void)state;
	assert_refused(make_file(arena, safes, PASSWORD), PASSWORD,
	               NU_P12_UNSUPPORTED, "second password");
}

static SECItem *
make_cert_bag(PLArenaPool *arena, const CERTCertificate *cert)
{
	const SECItem *der = &cert->derCert;

	return make_typed(arena, SEC_OID_PKCS12_V1_CERT_BAG_ID,
	                  make_typed(arena, SEC_OID_PKCS9_X509_CERT,
	                             nu_der_make_octets(arena, NU_OCTET_STRING,
	                                                der->data, der->len)));
}

/* A certificate in SafeContents in SafeContents, this deep. */
static SECItem *
make_nested_file(PLArenaPool *arena, const CERTCertificate *cert,
                 unsigned depth)
{
	SECItem *contents =
		nu_der_make(arena, NU_SEQUENCE, make_cert_bag(arena, cert));

	while (depth-- > 0)
		contents = nu_der_make(
			arena, NU_SEQUENCE,
			make_typed(arena,
		                   SEC_OID_PKCS12_V1_SAFE_CONTENTS_BAG_ID,
		                   contents));
	return make_plain_file(arena, contents);
}

static void
test_p12_nested_safes_open_to_a_depth(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *deep = make_nested_file(arena, fx->ca.cert, 1000);
	SECItem *file = make_nested_file(arena, fx->ca.cert, 3);
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
	assert_refused(deep, PASSWORD, NU_P12_UNSUPPORTED, "nested");
}

static void
test_p12_unknown_bags_are_skipped(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *file = make_plain_file(
		arena,
		nu_der_make(arena, NU_SEQUENCE,
	                    make_typed(arena, SEC_OID_PKCS12_V1_CRL_BAG_ID,
	                               nu_der_make_long(arena, 1)),
	                    make_typed(arena, SEC_OID_AVA_COMMON_NAME,
	                               nu_der_make_long(arena, 1)),
	                    make_cert_bag(arena, fx->ca.cert),
	                    make_cert_bag(arena, fx->ca.cert)));
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
}

static void
test_p12_absurd_iterations_are_not_computed(void **state)
{
	static const struct {
		long iterations;
		enum nu_p12_verdict verdict;
		const char *says;
	} cases[] = {
		{ 2000000000, NU_P12_UNSUPPORTED, "iterations" },
		{ 9000000000000, NU_P12_UNSUPPORTED, "iterations" },
		{ 0, NU_P12_DAMAGED, "damaged" },
		{ -5, NU_P12_DAMAGED, "damaged" },
	};
	nu_auto(PLArenaPool) a = PORT_NewArena(2048);
	SECItem *none = nu_der_make_octets(a, NU_SEQUENCE, NULL, 0);
	SECItem *algorithm =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_SHA256));
	SECItem salt = { siBuffer, (void *)"salt", 4 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long n = cases[i].iterations;
		SECItem *safes =
			nu_der_make(a, NU_SEQUENCE, make_unopenable(a, n));

		assert_refused(make_pfx(a, none, algorithm, &salt, &salt, n),
		               PASSWORD, cases[i].verdict, cases[i].says);
		assert_refused(make_file(a, safes, PASSWORD), PASSWORD,
		               cases[i].verdict, cases[i].says);
	}
}

/* Each part may pass, but not all of them. */
static void
test_p12_many_iterations_in_all_are_not_computed(void **state)
{
	nu_auto(PLArenaPool) a = PORT_NewArena(2048);
	SECItem *one = make_unopenable(a, 10000000);
	const SECItem *const parts[] = { one, one, one, one, one, one,
		                         one, one, one, one, one };
	SECItem *safes = nu_der_wrap(a, NU_SEQUENCE, parts,
	                             sizeof parts / sizeof *parts);
	SECItem salt = { siBuffer, (void *)"salt", 4 };
	SECItem *algorithm =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_SHA256));

	(void)state;
	assert_refused(make_pfx(a, safes, algorithm, &salt, &salt, 1), PASSWORD,
	               NU_P12_UNSUPPORTED, "in all");
}

/* NSS would read 16 octets of an AES IV that has fewer. */
static void
test_p12_short_iv_is_unsupported(void **state)
{
	nu_auto_item file = { siBuffer, NULL, 0 };
	static const unsigned char aes[] = { 0x01, 0x2a, 0x04, 0x10 };
	unsigned char *p;

	read_file(*state, "small.p12", &file);
	for (p = file.data; memcmp(p, aes, sizeof aes) != 0; p++)
		assert_true(p + sizeof aes < file.data + file.len);
	p[2] = 0x30; /* a SEQUENCE of a NULL and an OCTET STRING of 12 */
	p[4] = NU_NULL;
	p[5] = 0;
	p[6] = NU_OCTET_STRING;
	p[7] = 12;
	assert_int_equal(try(&file, PASSWORD), NU_P12_UNSUPPORTED);
	p[2] = NU_OCTET_STRING;
	p[3] = 0;
	assert_int_not_equal(try(&file, PASSWORD), NU_P12_GOOD);
}

/* --- PBMAC1 (RFC 9579) ---------------------------------------------------- */

#define SALT "0123456789abcdef"

/* PBMAC1 of PBKDF2 with HMAC-SHA-256 for both; key_length 0: not given. */
static SECItem *
make_pbmac1(PLArenaPool *a, long iterations, long key_length)
{
	SECItem *hmac =
		nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_HMAC_SHA256));
	SECItem *length =
		key_length != 0 ? nu_der_make_long(a, key_length) : NULL;
	SECItem *params =
		nu_der_make(a, NU_SEQUENCE,
	                    nu_der_make_octets(a, NU_OCTET_STRING, SALT, 16),
	                    nu_der_make_long(a, iterations), length, hmac);
	SECItem *kdf = nu_der_make(a, NU_SEQUENCE,
	                           make_oid(a, SEC_OID_PKCS5_PBKDF2), params);

	return nu_der_make(a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS5_PBMAC1),
	                   nu_der_make(a, NU_SEQUENCE, kdf, hmac));
}

/* openssl computes the MAC, so this is not our word against ours. */
static void
openssl_mac(const struct fixture *fx, const SECItem *data, int key_length,
            SECItem *ret_mac)
{
	write_file(fx, "safes", data);
	assert_int_equal(
		shell(fx,
	              "openssl kdf -keylen %d -kdfopt digest:SHA256 -kdfopt "
	              "pass:\"$PW\" -kdfopt salt:%s -kdfopt iter:10 -binary "
	              "-out key PBKDF2 && openssl mac -digest SHA256 -macopt "
	              "hexkey:$(od -An -v -tx1 key | tr -d ' \\n') -in safes "
	              "-binary -out mac HMAC",
	              key_length, SALT),
		0);
	read_file(fx, "mac", ret_mac);
	assert_int_equal(ret_mac->len, 32);
}

static SECItem *
make_pbmac1_file(const struct fixture *fx, PLArenaPool *arena, long iterations,
                 long key_length, int true_length)
{
	SECItem *contents = nu_der_make(arena, NU_SEQUENCE,
	                                make_cert_bag(arena, fx->ca.cert));
	SECItem *safes =
		nu_der_make(arena, NU_SEQUENCE, make_data(arena, contents));
	SECItem ignored = { siBuffer, (void *)"NOT USED", 8 };
	nu_auto_item mac = { siBuffer, NULL, 0 };

	openssl_mac(fx, safes, true_length, &mac);
	return make_pfx(arena, safes,
	                make_pbmac1(arena, iterations, key_length), &mac,
	                &ignored, 1);
}

static void
test_p12_pbmac1_opens(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *file = make_pbmac1_file(fx, arena, 10, 32, 32);
	struct nu_p12 *p12 = must_open(file, PASSWORD, NULL);

	assert_int_equal(assert_keys(p12, 1, NULL), 0);
	nu_p12_free(p12);
	assert_int_equal(try(file, "wrong"), NU_P12_PASSWORD);
}

/* RFC 9579, A.6, and a key so short that any password might do. */
static void
test_p12_pbmac1_with_bad_key_length_is_unsupported(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);

	assert_refused(make_pbmac1_file(fx, arena, 10, 0, 32), PASSWORD,
	               NU_P12_UNSUPPORTED, "PBMAC1");
	assert_refused(make_pbmac1_file(fx, arena, 10, 1, 1), PASSWORD,
	               NU_P12_UNSUPPORTED, "PBMAC1");
	assert_refused(make_pbmac1_file(fx, arena, 10, 100000, 32), PASSWORD,
	               NU_P12_UNSUPPORTED, "PBMAC1");
	assert_refused(make_pbmac1_file(fx, arena, 20000000, 32, 32), PASSWORD,
	               NU_P12_UNSUPPORTED, "iterations");
}

/* A good file whose digestAlgorithm alone is renamed. */
static void
test_p12_pbmac1_without_parameters_is_unsupported(void **state)
{
	const struct fixture *fx = *state;
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	SECItem *safes = nu_der_make(
		arena, NU_SEQUENCE,
		make_data(arena,
	                  nu_der_make(arena, NU_SEQUENCE,
	                              make_cert_bag(arena, fx->ca.cert))));
	SECItem salt = { siBuffer, (void *)"salt", 4 };
	SECItem *algorithm = nu_der_make(arena, NU_SEQUENCE,
	                                 make_oid(arena, SEC_OID_PKCS5_PBMAC1));

	assert_refused(make_pfx(arena, safes, algorithm, &salt, &salt, 1),
	               PASSWORD, NU_P12_UNSUPPORTED, "PBMAC1 (RFC 9579)");
}

/* --- keys into tokens --------------------------------------------------- */

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
		cmocka_unit_test(test_p12_files_of_others_open),
		cmocka_unit_test(test_p12_wrong_password_is_told_from_damage),
		cmocka_unit_test(
			test_p12_any_changed_byte_is_damage_not_password),
		cmocka_unit_test(test_p12_any_cut_is_damage),
		cmocka_unit_test(
			test_p12_hostile_variants_are_refused_or_mean_the_same),
		cmocka_unit_test(test_p12_other_files_are_no_pkcs12),
		cmocka_unit_test(test_p12_without_mac_is_unsupported),
		cmocka_unit_test(
			test_p12_second_password_inside_is_unsupported),
		cmocka_unit_test(test_p12_nested_safes_open_to_a_depth),
		cmocka_unit_test(test_p12_unknown_bags_are_skipped),
		cmocka_unit_test(test_p12_absurd_iterations_are_not_computed),
		cmocka_unit_test(
			test_p12_many_iterations_in_all_are_not_computed),
		cmocka_unit_test(test_p12_short_iv_is_unsupported),
		cmocka_unit_test(test_p12_pbmac1_opens),
		cmocka_unit_test(
			test_p12_pbmac1_with_bad_key_length_is_unsupported),
		cmocka_unit_test(
			test_p12_pbmac1_without_parameters_is_unsupported),
		cmocka_unit_test(
			test_p12_keys_go_into_a_database_without_password),
		cmocka_unit_test(
			test_p12_keys_go_into_a_database_with_password),
		cmocka_unit_test(test_p12_keys_go_into_a_database_in_fips_mode),
		cmocka_unit_test(test_p12_key_of_another_is_not_imported),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

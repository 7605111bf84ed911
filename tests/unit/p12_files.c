/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* p12_files.c - keys, certificates and files, for the tests of nu_p12.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <keyhi.h>
#include <pk11pub.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_pin.h"
#include "tests/unit/p12_files.h"

int
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

void
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

void
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

void
must_shell(const struct fixture *fx, const char *command)
{
	nu_auto_item log = { siBuffer, NULL, 0 };

	if (shell(fx, "%s", command) == 0)
		return;
	read_file(fx, "log", &log);
	fail_msg("%s: %.*s", command, (int)log.len, (char *)log.data);
}

int
have(const struct fixture *fx, const char *tool)
{
	if (shell(fx, "command -v %s", tool) == 0)
		return 1;
	print_message("no %s here\n", tool);
	return 0;
}

enum nu_p12_verdict
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

void
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

struct nu_p12 *
must_open(const SECItem *file, const char *password, void *wincx)
{
	struct nu_p12 *p12 = NULL;
	const char *why = NULL;

	if (nu_p12_open(file, password, wincx, &p12, &why) != NU_P12_GOOD)
		fail_msg("the file %s (%s)", why, nu_err_name(PORT_GetError()));
	return p12;
}

CERTCertificate *
cert_from(const SECItem *der)
{
	SECItem copy = *der;
	CERTCertificate *cert = CERT_NewTempCertificate(
		CERT_GetDefaultCertDB(), &copy, NULL, PR_FALSE, PR_TRUE);

	assert_non_null(cert);
	return cert;
}

SECKEYPrivateKey *
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

size_t
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

#define OPENSSL_CERT(name, type)                                              \
	"openssl req -newkey " type " -nodes -keyout " name ".key -out " name \
	".csr -subj '/CN=" name " user' && openssl x509 -req -in " name       \
	".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out " name    \
	".pem"

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

void
open_db(const struct fixture *fx, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	assert_int_equal(nu_open(path, PR_FALSE, 1000), SECSuccess);
}

void
load_all(struct fixture *fx)
{
	fx->rsa = load(fx, "rsa.p12", &fx->ca);
	fx->ec = load(fx, "small.p12", NULL);
}

void
unload_all(struct fixture *fx)
{
	CERT_DestroyCertificate(fx->ca.cert);
	CERT_DestroyCertificate(fx->rsa.cert);
	CERT_DestroyCertificate(fx->ec.cert);
	SECKEY_DestroyPrivateKey(fx->rsa.key);
	SECKEY_DestroyPrivateKey(fx->ec.key);
}

int
p12_setup(void **state)
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

int
p12_teardown(void **state)
{
	struct fixture *fx = *state;
	int closed;

	unload_all(fx);
	closed = nu_close() == SECSuccess; /* else a test leaked */
	return shell(fx, "rm -rf %s", fx->dir) == 0 && closed ? 0 : -1;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* puts.c - keys and certificates in all their forms, made by openssl(1). */

#include "tests/unit/puts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/store.h"

enum { MAX_FILES = 128 };

static char dir[32];

static struct {
	char name[32], *data;
	size_t len;
} files[MAX_FILES];
static size_t n_files;

static const char script[] =
        "set -e\n"
        "exec 2>log\n"
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout ca.key -out ca.pem -subj '/O=Far/CN=Far CA' -days 2\n"
        "ec() { openssl genpkey -algorithm EC -pkeyopt "
        "ec_paramgen_curve:$2 -out $1.key; }\n"
        "serial=1000\n"
        "cert() { serial=$((serial + 1)); openssl req -new -key $2.key "
        "-subj \"/O=Far/CN=$3\" -out csr; openssl x509 -req -in csr -CA ca.pem "
        "-CAkey ca.key -set_serial $serial -days 1 -out $1.pem; "
        "openssl x509 -in $1.pem -outform DER -out $1.der; }\n"
        "ec a P-256; ec b P-256; ec e P-384\n"
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
        "-out c.key\n"
        "openssl dsaparam -out dsa 2048; openssl gendsa -out d.trad dsa\n"
        "openssl pkcs8 -topk8 -nocrypt -in d.trad -out d.key\n"
        "cert a a 'User A'; cert b b 'User A'; cert c c 'User C'\n"
        "cert ar a 'User A'; cert ax a 'User X'; cert d d 'User D'\n"
        "cert e e 'User E'\n"
        "for k in a c d e; do\n"
        "openssl pkcs8 -topk8 -nocrypt -in $k.key -outform DER -out $k.p8\n"
        "openssl pkey -traditional -in $k.key -out $k.trad\n"
        "openssl pkey -traditional -in $k.key -outform DER -out $k.bin\n"
        "done\n"
        "{ openssl ecparam -name prime256v1; cat a.trad; } >a.params\n"
        "{ cat a.pem; cat a.trad; } >a.both\n"
        "sed 's/$/\\r/' a.params >a.crlf\n"
        "p8() { o=$1; shift; openssl pkcs8 -topk8 -in c.key "
        "-passout pass:" PUTS_PASSWORD " -out $o \"$@\"; }\n"
        "p8 c.aes256 -v2 aes256; p8 c.aes128 -v2 aes128 -iter 1000\n"
        "p8 c.des3 -v2 des3; p8 c.aesder -v2 aes256 -outform DER\n"
        "p8 c.sha512 -v2 aes256 -v2prf hmacWithSHA512\n"
        "p8 c.pbe -v1 PBE-SHA1-3DES; p8 c.scrypt -scrypt\n"
        "p8 c.slow -v2 aes256 -iter 1000\n"
        "for x in aes128 aes192 aes256 des3; do\n"
        "openssl rsa -traditional -$x -in c.key -out c.trad-$x "
        "-passout pass:" PUTS_PASSWORD "\n"
        "done\n"
        "openssl ec -aes256 -in a.key -out a.trad-aes256 "
        "-passout pass:" PUTS_PASSWORD "\n"
        "openssl dsa -aes256 -in d.key -out d.trad-aes256 "
        "-passout pass:" PUTS_PASSWORD "\n"
        "openssl rsa -traditional -camellia256 -in c.key -out c.camellia "
        "-passout pass:" PUTS_PASSWORD "\n"
        "openssl genpkey -algorithm ED25519 -out ed.key\n"
        "for x in a b; do openssl pkcs8 -topk8 -nocrypt -in $x.key "
        "-outform DER -out $x.info; done\n"
        "cat a.pem ca.pem >a.chain\n"
        "openssl crl2pkcs7 -nocrl -certfile a.chain -out a.p7\n"
        "openssl crl2pkcs7 -nocrl -certfile a.chain -outform DER -out a.p7b\n"
        "openssl pkcs12 -export -inkey c.key -in c.pem -certfile ca.pem "
        "-passout pass:" PUTS_PASSWORD " -out c.p12 -name friendly -iter 10\n"
        "openssl pkcs12 -export -inkey c.key -in c.pem -passout pass: "
        "-out c.open.p12\n"
        "openssl pkcs12 -export -nokeys -in a.chain -passout pass: "
        "-out a.nokeys.p12\n";

int
puts_setup(void **state)
{
	char command[sizeof script + 64];

	(void)state;
	strcpy(dir, "/tmp/puts-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(command, sizeof command, "cd %s && { %s}", dir, script);
	if (system(command) == 0)
		return 0;
	snprintf(command, sizeof command, "tail -5 %s/log >&2", dir);
	return system(command) + 1;
}

int
puts_teardown(void **state)
{
	char command[64];

	(void)state;
	while (n_files > 0)
		free(files[--n_files].data);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

const unsigned char *
puts_file(const char *name, size_t *ret_len)
{
	char path[128];
	size_t i;

	for (i = 0; i < n_files; i++) {
		if (strcmp(files[i].name, name) == 0)
			break;
	}
	if (i == n_files) {
		assert_true(i < MAX_FILES);
		snprintf(path, sizeof path, "%s/%s", dir, name);
		snprintf(files[i].name, sizeof files[i].name, "%s", name);
		files[i].data = store_read_file(path, &files[i].len);
		if (files[i].data == NULL)
			fail_msg("there is no %s", path);
		n_files++;
	}
	*ret_len = files[i].len;
	return (unsigned char *)files[i].data;
}

struct psm_put_params
puts_params(const char *cert, const char *key, const char *password,
            const char *nickname)
{
	struct psm_put_params params = { .password = password,
		                         .nickname = nickname };

	params.cert = puts_file(cert, &params.cert_len);
	if (key != NULL)
		params.key = puts_file(key, &params.key_len);
	return params;
}

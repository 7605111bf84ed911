/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cmp_files.c - certificates and messages, for the tests of nu_pkimessage.h
 * and nu_certs.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <nss.h>

#include "tests/unit/cmp_files.h"

char dir[] = "/tmp/pkimessage-XXXXXX";

/* A CA, its server, a user, and what certificates come in. */
static const char script[] =
        "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1; }\n"
        "key ca.key; key server.key; key user.key\n"
        "openssl req -x509 -new -key ca.key -subj /O=Acme/CN=CA -days 2 "
        "-out ca.pem\n"
        "openssl req -new -key server.key -subj /O=Acme/CN=server "
        "-out server.csr\n"
        "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 "
        "-set_serial 2 -out server.pem\n"
        "openssl req -new -key user.key -subj /O=Acme/CN=user -out user.csr\n"
        "openssl x509 -req -in user.csr -CA ca.pem -CAkey ca.key -days 2 "
        "-set_serial 3 -out user.pem\n"
        "for n in ca server user; do\n"
        "openssl x509 -in $n.pem -outform DER -out $n.cert; done\n"
        "openssl crl2pkcs7 -nocrl -certfile user.pem -certfile ca.pem "
        "-outform DER -out certs.p7\n"
        "openssl cms -sign -nodetach -in user.csr -signer user.pem -inkey "
        "user.key -outform DER -out signed.p7\n"
        "cat user.pem ca.pem >chain.pem\n"
        "openssl x509 -in user.pem -text >verbose.pem\n"
        "openssl x509 -in ca.pem -text >>verbose.pem\n";

int
run_script(const char *text)
{
	char name[64];
	FILE *file;
	char command[128];

	snprintf(name, sizeof name, "%s/script", dir);
	file = fopen(name, "w");
	if (file == NULL)
		return -1;
	fprintf(file, "set -e; cd %s\n%s", dir, text);
	fclose(file);
	snprintf(command, sizeof command, "sh %s >%s/log 2>&1", name, dir);
	return system(command);
}

int
setup_all(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || NSS_NoDB_Init(NULL) != SECSuccess)
		return -1;
	return run_script(script);
}

int
teardown_all(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return NSS_Shutdown() == SECSuccess ? system(command) : -1;
}

int
setup_arena(void **state)
{
	*state = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	return *state != NULL ? 0 : -1;
}

int
teardown_arena(void **state)
{
	PORT_FreeArena(*state, PR_FALSE);
	return 0;
}

SECItem *
must_read(PLArenaPool *arena, const char *name)
{
	SECItem *item = SECITEM_AllocItem(arena, NULL, 1 << 16);
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(item);
	item->len = (unsigned)fread(item->data, 1, item->len, file);
	fclose(file);
	assert_true(item->len > 0);
	return item;
}

struct nu_pkimessage *
must_decode(const SECItem *der)
{
	struct nu_pkimessage *message = NULL;

	assert_int_equal(nu_pkimessage_decode(der, MAX, &message), SECSuccess);
	assert_non_null(message);
	return message;
}

void
free_message(struct nu_pkimessage **message)
{
	nu_pkimessage_free(*message);
}

void
refuse_variant(const struct hostile *variant, void *arg)
{
	struct nu_pkimessage *message = NULL;

	(void)arg;
	if (nu_pkimessage_decode(&variant->der, MAX, &message) != SECSuccess)
		return;
	if (variant->never_der && variant->at < *(size_t *)arg)
		fail_msg("%s at %zu was read", variant->what, variant->at);
	(void)nu_pkimessage_verify_secret(message, "word");
	nu_pkimessage_free(message);
}

const SECItem nothing = { siBuffer, (unsigned char *)"\x05", 2 };

SECItem *
explicit(PLArenaPool *arena, unsigned n, const SECItem *element)
{
	return nu_der_make(arena, (unsigned char)NU_CONTEXT_CONSTRUCTED(n),
	                   element);
}

SECItem *
octets(PLArenaPool *arena, const char *text)
{
	return nu_der_make_text(arena, NU_OCTET_STRING, text);
}

SECItem *
make_oid(PLArenaPool *arena, SECOidTag tag)
{
	SECOidData *data = SECOID_FindOIDByTag(tag);

	assert_non_null(data);
	return nu_der_make_octets(arena, NU_OID, data->oid.data, data->oid.len);
}

SECItem *
algorithm(PLArenaPool *arena, SECOidTag tag, const SECItem *params)
{
	return nu_der_make(arena, NU_SEQUENCE, make_oid(arena, tag), params);
}

SECItem *
make_list(PLArenaPool *arena, const SECItem *element, size_t n)
{
	const SECItem *all[256];

	assert_true(n <= COUNT(all));
	for (size_t i = 0; i < n; i++)
		all[i] = element;
	return nu_der_wrap(arena, NU_SEQUENCE, all, n);
}

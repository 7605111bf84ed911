/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cmp.c - into a CMP message and out of it (RFC 4210, 5.1)
 *
 *   cmp body <message.der >body.b64
 *   cmp part CHOICE [SENDER.der] <body.b64 >part.der
 *   cmp sign SIGNATURE <part.der >message.der
 *
 * "part" makes the ProtectedPart that a signature covers, with the body's
 * choice by its number: 0 is ir, 1 is ip. By itself it is a PKIMessage without
 * protection. SENDER's subject signs, by ecdsa-with-SHA256. */

#include <stdio.h>

#include <secitem.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_der.h"

enum { MAX_FILE = 1 << 20, PVNO = 2, NONCE_LEN = 16 };

/* All of a file; "-" is standard input. */
static SECItem *
read_file(PLArenaPool *arena, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	SECItem *item = SECITEM_AllocItem(arena, NULL, MAX_FILE);

	if (file == NULL || item == NULL) {
		perror(path);
		return NULL;
	}
	item->len = (unsigned)fread(item->data, 1, MAX_FILE, file);
	if (file != stdin)
		fclose(file);
	return item->len > 0 && item->len < MAX_FILE ? item : NULL;
}

static int
write_der(const SECItem *der)
{
	if (der == NULL || fwrite(der->data, 1, der->len, stdout) != der->len)
		return -1;
	return fflush(stdout);
}

/* PKIMessage: header, body and the rest; the body is tagged explicitly. */
static int
body(PLArenaPool *arena, char **args)
{
	SECItem *message = read_file(arena, "-");
	struct nu_der r;
	struct nu_tlv header, choice;
	nu_auto_mem char *text = NULL;

	(void)args;
	if (message == NULL ||
	    nu_der_only(message, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &header) != SECSuccess ||
	    nu_der_any(&r, &choice) != SECSuccess)
		return -1;
	text = nu_b64_encode(&choice.value);
	return text != NULL && fputs(text, stdout) >= 0 ? fflush(stdout) : -1;
}

/* The subject of the certificate in path, or the empty Name. */
static const SECItem *
name_of(PLArenaPool *arena, const char *path)
{
	SECItem *der = path != NULL ? read_file(arena, path) : NULL;
	struct nu_cert cert;

	if (path == NULL)
		return nu_der_make(arena, NU_SEQUENCE, NULL);
	if (der == NULL || nu_cert_read(der, &cert) != SECSuccess)
		return NULL;
	return SECITEM_ArenaDupItem(arena, &cert.subject);
}

static SECItem *
make_algorithm(PLArenaPool *arena)
{
	SECOidData *oid = SECOID_FindOIDByTag(
		SEC_OID_ANSIX962_ECDSA_SHA256_SIGNATURE);

	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(1),
	                   nu_der_make(arena, NU_SEQUENCE,
	                               nu_der_make_octets(arena, NU_OID,
	                                                  oid->oid.data,
	                                                  oid->oid.len)));
}

/* A transaction id and nonces need not be random to be read back. */
static SECItem *
make_nonce(PLArenaPool *arena, unsigned n)
{
	static const unsigned char nonce[NONCE_LEN] = "once and no more";

	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(n),
	                   nu_der_make_octets(arena, NU_OCTET_STRING, nonce,
	                                      sizeof nonce));
}

/* PKIHeader: pvno, sender, recipient, protectionAlg, transactionID,
 * senderNonce, recipNonce. A directoryName is [4]. */
static SECItem *
make_header(PLArenaPool *arena, const char *sender)
{
	const SECItem *name = name_of(arena, sender);

	if (name == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, nu_der_make_long(arena, PVNO),
	                   nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(4), name),
	                   nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(4),
	                               name_of(arena, NULL)),
	                   sender != NULL ? make_algorithm(arena) : NULL,
	                   make_nonce(arena, 4), make_nonce(arena, 5),
	                   make_nonce(arena, 6));
}

static int
part(PLArenaPool *arena, char **args)
{
	unsigned choice = (unsigned)strtoul(args[0], NULL, 10);
	SECItem *text = read_file(arena, "-");
	SECItem *header = make_header(arena, args[1]);
	nu_auto_item der = { siBuffer, NULL, 0 };

	if (text == NULL || header == NULL ||
	    nu_b64_decode((char *)text->data, text->len, MAX_FILE, &der) !=
	    SECSuccess)
		return -1;
	return write_der(nu_der_make(
		arena, NU_SEQUENCE, header,
		nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(choice), &der)));
}

static int
sign(PLArenaPool *arena, char **args)
{
	SECItem *der = read_file(arena, "-");
	SECItem *signature = read_file(arena, args[0]);
	struct nu_der r;
	struct nu_tlv header, choice;

	if (der == NULL || signature == NULL ||
	    nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &header) != SECSuccess ||
	    nu_der_any(&r, &choice) != SECSuccess)
		return -1;
	return write_der(nu_der_make(
		arena, NU_SEQUENCE, &header.whole, &choice.whole,
		nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0),
	                    nu_der_make_bits(arena, signature))));
}

static const struct {
	const char *name;
	int min_args, max_args;
	int (*run)(PLArenaPool *arena, char **args);
} commands[] = {
	{ "body", 0, 0, body },
	{ "part", 1, 2, part },
	{ "sign", 1, 1, sign },
};

int
main(int argc, char **argv)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);

	if (arena == NULL || SECOID_Init() != SECSuccess)
		return EXIT_FAILURE;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (argc < 2 || strcmp(argv[1], commands[i].name) != 0 ||
		    argc - 2 < commands[i].min_args ||
		    argc - 2 > commands[i].max_args)
			continue;
		if (commands[i].run(arena, argv + 2) == 0)
			return EXIT_SUCCESS;
		fprintf(stderr, "cmp: %s failed\n", argv[1]);
		return EXIT_FAILURE;
	}
	fputs("usage: cmp body | part CHOICE [SENDER.der] | sign SIGNATURE\n",
	      stderr);
	return 2;
}

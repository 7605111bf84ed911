/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* encrypt.c CADIR REQUEST value|cms - prints the CA's answer to the request in
 * that file as a CMP message, in DER and without protection: a cp whose
 * certificate is encrypted to the key it is for (RFC 4210, 5.2.8.2). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "psm/psm.h"

enum { MAX_REQUEST = 1 << 16, PVNO = 2, SENDER = 4, RECIPIENT = 4, CP = 3 };

static void
must(enum psm_err err, const char *what, const char *why)
{
	if (err == PSM_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, psm_err_name(err), why);
	exit(1);
}

static SECItem *
tagged(PLArenaPool *arena, unsigned n, const SECItem *element)
{
	return nu_der_make(arena, (unsigned char)NU_CONTEXT_CONSTRUCTED(n),
	                   element);
}

/* PKIMessage, between two that say no names. */
static SECItem *
make_message(PLArenaPool *arena, const struct ca_answer *answer)
{
	const SECItem body = { siBuffer, (unsigned char *)answer->der,
		               (unsigned)answer->der_len };
	SECItem *nobody = nu_der_make(arena, NU_SEQUENCE, NULL);
	SECItem *header = nu_der_make(arena, NU_SEQUENCE,
	                              nu_der_make_long(arena, PVNO),
	                              tagged(arena, SENDER, nobody),
	                              tagged(arena, RECIPIENT, nobody));

	return nu_der_make(arena, NU_SEQUENCE, header,
	                   tagged(arena, CP, &body));
}

static bool
print_message(const struct ca_answer *answer)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *message = make_message(arena, answer);

	return message != NULL &&
	       fwrite(message->data, 1, message->len, stdout) == message->len &&
	       fflush(stdout) == 0;
}

static size_t
read_request(const char *path, char request[MAX_REQUEST])
{
	FILE *file = fopen(path, "r");
	size_t len;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	len = fread(request, 1, MAX_REQUEST, file);
	fclose(file);
	return len;
}

int
main(int argc, char **argv)
{
	static char request[MAX_REQUEST];
	struct ca_options options = { .dialect = CA_DIALECT_CMP };
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	struct ca *ca = ca_new();
	struct ca_answer *answer = NULL;
	size_t len;
	bool good;

	if (argc != 4 || ctx == NULL || ca == NULL)
		return 2;
	options.encrypt = strcmp(argv[3], "cms") == 0 ? CA_ENCRYPT_CMS
	                                              : CA_ENCRYPT_VALUE;
	len = read_request(argv[2], request);
	must(psm_open(ctx, argv[1], 0), argv[1], psm_errmsg(ctx));
	must(ca_open(ca, NULL), "CA", ca_errmsg(ca));
	must(ca_issue(ca, request, len, &options, &answer), "issue",
	     ca_errmsg(ca));
	good = print_message(answer);
	ca_answer_free(answer);
	ca_free(ca);
	psm_free(ctx);
	return good ? 0 : 1;
}

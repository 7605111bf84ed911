/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* challenge.c DIR REQUEST cmp|netscape - the CA's side of a proof by challenge:
 * prints a challenge for the keys of the request in that file, reads what came
 * of it from standard input, and prints how many keys are proved. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"

static char request[1 << 16], response[1 << 16];

static void
must(enum psm_err err, const char *what, const char *why)
{
	if (err == PSM_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, psm_err_name(err), why);
	exit(1);
}

static size_t
read_all(FILE *file, char *buf, size_t size)
{
	size_t n = file != NULL ? fread(buf, 1, size - 1, file) : 0;

	buf[n] = '\0';
	return n;
}

int
main(int argc, char **argv)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	struct ca *ca = ca_new();
	struct ca_challenge *challenge = NULL;
	size_t len, proved = 0;
	FILE *file;

	if (argc != 4 || ctx == NULL || ca == NULL)
		return 2;
	file = fopen(argv[2], "r");
	len = read_all(file, request, sizeof request);
	if (file != NULL)
		fclose(file);
	must(psm_open(ctx, argv[1], 0), argv[1], psm_errmsg(ctx));
	must(ca_open(ca, NULL), "CA", ca_errmsg(ca));
	must(ca_challenge(ca, request, len,
	                  strcmp(argv[3], "cmp") == 0 ? CA_CHALLENGE_CMP
	                                              : CA_CHALLENGE_NETSCAPE,
	                  &challenge),
	     "challenge", ca_errmsg(ca));
	puts(ca_challenge_text(challenge));
	puts(".");
	fflush(stdout);
	read_all(stdin, response, sizeof response);
	must(ca_challenge_check(ca, challenge, response), "response",
	     ca_errmsg(ca));
	for (size_t i = 0; i < ca_challenge_count(challenge); i++)
		proved += ca_challenge_proved(challenge, i);
	printf("proved %zu of %zu\n", proved, ca_challenge_count(challenge));
	ca_challenge_free(challenge);
	ca_free(ca);
	psm_free(ctx);
	return 0;
}

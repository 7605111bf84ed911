/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* import.c DIR <ANSWER - store what a CA sent, print the nicknames */

#include <stdio.h>
#include <psm/psm.h>

int
main(int argc, char **argv)
{
	static char answer[1 << 20];
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	struct psm_import *got = NULL;
	enum psm_err err;

	if (ctx == NULL || argc != 2)
		return 2;
	answer[fread(answer, 1, sizeof answer - 1, stdin)] = '\0';
	if ((err = psm_open(ctx, argv[1], 0)) == PSM_OK)
		err = psm_import_user_certificates(ctx, answer, NULL, 0, &got);
	if (err != PSM_OK)
		fprintf(stderr, "%s: %s\n", psm_js_string(err), psm_errmsg(ctx));
	for (size_t i = 0; got != NULL && i < psm_import_count(got); i++)
		puts(psm_import_get(got, i)->cert.nickname);
	psm_import_free(got);
	psm_free(ctx);
	return err != PSM_OK;
}

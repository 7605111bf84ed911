/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* request.c DIR DN - make a key and print the request for its certificate */

#include <stdio.h>
#include <psm/psm.h>

int
main(int argc, char **argv)
{
	struct psm_request_params params = { .key_type = PSM_KEY_EC };
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	struct psm_request *request = NULL;
	enum psm_err err;

	if (ctx == NULL || argc != 3)
		return 2;
	params.subject = argv[2];
	if ((err = psm_open(ctx, argv[1], PSM_OPEN_CREATE)) == PSM_OK)
		err = psm_request_create(ctx, &params, &request);
	if (err == PSM_OK)
		fputs(request->text, stdout);
	else
		fprintf(stderr, "%s\n", psm_errmsg(ctx));
	psm_request_free(request);
	psm_free(ctx);
	return err != PSM_OK;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* sign.c - what signText() does for a page, without the page
 *
 *   sign DIR NICK TEXT >signature.b64 */

#include <stdio.h>
#include <string.h>

#include "psm/psm.h"

enum { REFUSED = 1, USAGE = 2 };

/* The one of the wanted nickname. */
static enum psm_answer
choose(void *arg, const char *text, const struct psm_cert_list *fit,
       size_t *ret_choice)
{
	(void)text;
	for (size_t i = 0; i < psm_cert_list_count(fit); i++) {
		const char *name = psm_cert_list_get(fit, i)->nickname;

		if (name != NULL && strcmp(name, arg) == 0) {
			*ret_choice = i;
			return PSM_ANSWER_YES;
		}
	}
	return PSM_ANSWER_NO;
}

int
main(int argc, char **argv)
{
	const struct psm_ui ui = { .choose_signer = choose };
	struct psm_ctx *ctx;
	char *signature = NULL;
	enum psm_err err;

	if (argc != 4)
		return USAGE;
	ctx = psm_new(&ui, argv[2]);
	if (ctx == NULL)
		return REFUSED;
	if ((err = psm_open(ctx, argv[1], 0)) == PSM_OK)
		err = psm_sign_text(ctx, argv[3], true, NULL, 0, &signature);
	if (err == PSM_OK)
		fputs(signature, stdout);
	else
		fprintf(stderr, "%s: %s\n", psm_err_name(err),
		        psm_errmsg(ctx));
	psm_text_free(signature);
	psm_free(ctx);
	return err == PSM_OK && fflush(stdout) == 0 ? 0 : REFUSED;
}

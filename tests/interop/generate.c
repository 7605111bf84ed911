/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* generate.c - what generateCRMFRequest() does for a page, without the page
 *
 *   generate [--escrow CERT] [--regtoken TEXT] [--authenticator TEXT] [--weak]
 *            DIR SUBJECT ALG[,SIZE[,PARAMS]]... >request.b64 2>ids
 *
 * CERT is base64. The certReqIds come one a line, in the keys' order. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psm/psm.h"

enum { MAX_KEYS = 16, REFUSED = 1, USAGE = 2 };

static enum psm_answer
allow_escrow(void *arg, const struct psm_cert *holder, size_t n_keys)
{
	(void)arg;
	return holder->subject != NULL && n_keys > 0 ? PSM_ANSWER_YES
	                                             : PSM_ANSWER_NO;
}

/* "ALG,SIZE,PARAMS", in place. */
static struct psm_key_request
parse_key(char *text)
{
	struct psm_key_request key = { .alg = text };
	char *size = strchr(text, ',');
	char *params;

	if (size == NULL)
		return key;
	*size++ = '\0';
	key.size = atoi(size);
	params = strchr(size, ',');
	if (params != NULL)
		key.params = params + 1;
	return key;
}

static bool
parse_options(int argc, char **argv, struct psm_requests_params *params)
{
	static const struct option options[] = {
		{ "escrow", required_argument, NULL, 'e' },
		{ "regtoken", required_argument, NULL, 'r' },
		{ "authenticator", required_argument, NULL, 'a' },
		{ "weak", no_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'e')
			params->escrow_cert = optarg;
		else if (c == 'r')
			params->reg_token = optarg;
		else if (c == 'a')
			params->authenticator = optarg;
		else if (c == 'w')
			params->flags |= PSM_REQUEST_ALLOW_WEAK;
		else
			return false;
	}
	return argc - optind > 2 && argc - optind - 2 <= MAX_KEYS;
}

static enum psm_err
generate(struct psm_ctx *ctx, const char *dir,
         const struct psm_requests_params *params)
{
	struct psm_requests *made = NULL;
	enum psm_err err = psm_open(ctx, dir, 0);

	if (err == PSM_OK)
		err = psm_request_create_many(ctx, params, &made);
	if (err != PSM_OK) {
		fprintf(stderr, "%s: %s\n", psm_err_name(err),
		        psm_errmsg(ctx));
		return err;
	}
	fputs(made->text, stdout);
	for (size_t i = 0; i < made->n_ids; i++)
		fprintf(stderr, "%d\n", (int)made->ids[i]);
	psm_requests_free(made);
	return PSM_OK;
}

int
main(int argc, char **argv)
{
	const struct psm_ui ui = { .escrow = allow_escrow };
	struct psm_requests_params params = { .subject = NULL };
	struct psm_key_request keys[MAX_KEYS];
	struct psm_ctx *ctx;
	enum psm_err err;

	if (!parse_options(argc, argv, &params)) {
		fprintf(stderr, "see the head of generate.c\n");
		return USAGE;
	}
	params.subject = argv[optind + 1];
	params.keys = keys;
	for (int i = optind + 2; i < argc; i++)
		keys[params.n_keys++] = parse_key(argv[i]);
	ctx = psm_new(&ui, NULL);
	if (ctx == NULL)
		return REFUSED;
	err = generate(ctx, argv[optind], &params);
	psm_free(ctx);
	return err == PSM_OK && fflush(stdout) == 0 ? 0 : REFUSED;
}

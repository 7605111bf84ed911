/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_addon.c DIR - the calls of bench_addon.js in C: "name calls seconds" a
 * line. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "psm/psm.h"

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum psm_err
call_random(struct psm_ctx *ctx)
{
	unsigned char buf[16];

	return psm_random(ctx, buf, sizeof buf);
}

/* An answer that is none: all of the way but the database. */
static enum psm_err
call_import(struct psm_ctx *ctx)
{
	enum psm_err err = psm_import_user_certificates(ctx, "MAA=", NULL, 0,
	                                                NULL);

	return err == PSM_E_CERTIFICATE ? PSM_OK : PSM_E_INTERNAL;
}

static enum psm_err
call_generate(struct psm_ctx *ctx)
{
	const struct psm_key_request key = { .size = 256, .alg = "ec-sign" };
	const struct psm_requests_params params = {
		.subject = "CN=Bench", .keys = &key, .n_keys = 1
	};
	struct psm_requests *requests = NULL;
	enum psm_err err = psm_request_create_many(ctx, &params, &requests);

	psm_requests_free(requests);
	return err;
}

static void
measure(struct psm_ctx *ctx, const char *name,
        enum psm_err (*call)(struct psm_ctx *), unsigned n)
{
	double start = now();

	for (unsigned i = 0; i < n; i++) {
		enum psm_err err = call(ctx);

		if (err == PSM_OK)
			continue;
		fprintf(stderr, "%s: %s\n", name, psm_errmsg(ctx));
		exit(1);
	}
	printf("%s %u %.6f\n", name, n, now() - start);
}

int
main(int argc, char **argv)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	if (argc != 2 || ctx == NULL ||
	    psm_open(ctx, argv[1], PSM_OPEN_CREATE) != PSM_OK) {
		fputs("usage: bench_addon DIR\n", stderr);
		return 1;
	}
	measure(ctx, "random", call_random, 200000);
	measure(ctx, "no-answer", call_import, 50000);
	measure(ctx, "generate", call_generate, 200);
	psm_free(ctx);
	return 0;
}

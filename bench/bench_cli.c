/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_cli.c - the program psm against certutil, as whole processes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/fill.h"

enum { ROUNDS = 20, STARTS = 40 };

/* What the two programs read: the answer, and the bare certificate. */
struct input {
	char *answer, *cert;
};

static void
write_inputs(struct fill *fill, struct input *inputs)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct ca_answer *a = fill_pending(fill, "Ours", PSM_KEY_RSA,
		                                   CA_DIALECT_CMMF);
		struct ca_answer *c = fill_pending(fill, "Theirs", PSM_KEY_RSA,
		                                   CA_DIALECT_CERT);
		char name[32];

		snprintf(name, sizeof name, "answer-%d", i);
		inputs[i].answer =
		        bench_file(fill->dir, name, a->text, strlen(a->text));
		snprintf(name, sizeof name, "cert-%d", i);
		inputs[i].cert =
		        bench_file(fill->dir, name, c->der, c->der_len);
		ca_answer_free(a);
		ca_answer_free(c);
	}
}

static void
compare_imports(const char *dir, struct input *inputs)
{
	struct bench_series ours = { NULL, 0, 0 }, theirs = ours;

	for (int i = 0; i < ROUNDS; i++) {
		char nickname[32];

		snprintf(nickname, sizeof nickname, "Their %d", i);
		bench_add(&ours,
		          bench_run((const char *const[]){
		                  bench_psm(), "import", "--yes", "--quiet",
		                  "--dir", dir, "--input", inputs[i].answer,
		                  NULL }));
		bench_add(&theirs,
		          bench_run((const char *const[]){
		                  "certutil", "-A", "-d", dir, "-n", nickname,
		                  "-t", ",,", "-i", inputs[i].cert, NULL }));
		free(inputs[i].answer);
		free(inputs[i].cert);
	}
	bench_row("psm import, a process", "ms", bench_median(&ours),
	          "certutil -A", bench_median(&theirs), 0);
	bench_series_clear(&ours);
	bench_series_clear(&theirs);
}

static void
compare_starts(const char *dir)
{
	struct bench_series ours = { NULL, 0, 0 }, theirs = ours;

	for (int i = 0; i < STARTS; i++) {
		bench_add(&ours, bench_run((const char *const[]){
		                         bench_psm(), "list", "--dir", dir,
		                         NULL }));
		bench_add(&theirs, bench_run((const char *const[]){
		                           "certutil", "-L", "-d", dir,
		                           NULL }));
	}
	bench_row("psm list, a process, small database", "ms",
	          bench_median(&ours), "certutil -L", bench_median(&theirs), 0);
	bench_series_clear(&ours);
	bench_series_clear(&theirs);
}

int
main(void)
{
	struct input inputs[ROUNDS];
	struct fill fill;

	if (!bench_has("certutil")) {
		bench_note("no certutil: the program psm is not compared");
		return 0;
	}
	fill_open(&fill);
	write_inputs(&fill, inputs);
	fill_close(&fill);
	compare_starts(fill.dir);
	compare_imports(fill.dir, inputs);
	fill_remove(&fill);
	return 0;
}

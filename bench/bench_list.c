/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_list.c - listing a store's certificates, against NSS and certutil: in
 * processor time, and as whole processes. */

#include <stdio.h>
#include <stdlib.h>

#include <pk11pub.h>

#include "bench/bench.h"
#include "bench/fill.h"
#include "nssutil/nu_auto.h"

enum { FEW = 1000, MANY = 10000, KEY_EVERY = 10, ROUNDS = 5 };

static double
time_list(struct fill *fill, size_t expected)
{
	struct psm_cert_list *list = NULL;
	double start = bench_cpu(), ms;

	bench_must(psm_store_list(fill->ctx, &list) == PSM_OK,
	           "psm_store_list");
	ms = bench_cpu() - start;
	bench_must(psm_cert_list_count(list) >= expected, "some are missing");
	psm_cert_list_free(list);
	return ms;
}

static double
time_pk11_list(void)
{
	double start = bench_cpu();
	nu_auto(CERTCertList) list = PK11_ListCerts(PK11CertListUnique, NULL);

	bench_must(list != NULL, "PK11_ListCerts");
	return bench_cpu() - start;
}

static double
median_of_lists(struct fill *fill, size_t expected)
{
	struct bench_series series = { NULL, 0, 0 };
	double median;

	for (int i = 0; i < ROUNDS; i++)
		bench_add(&series, time_list(fill, expected));
	median = bench_median(&series);
	bench_series_clear(&series);
	return median;
}

/* Whole processes, in turns. */
static void
compare_processes(const struct fill *fill)
{
	struct bench_series ours = { NULL, 0, 0 }, theirs = { NULL, 0, 0 };
	const char *const psm[] = { bench_psm(), "list", "--dir", fill->dir,
		                    NULL };
	const char *const certutil[] = { "certutil", "-L", "-d", fill->dir,
		                         NULL };

	if (!bench_has("certutil")) {
		bench_note("no certutil: psm list is not compared");
		return;
	}
	for (int i = 0; i < ROUNDS; i++) {
		bench_add(&ours, bench_run(psm));
		bench_add(&theirs, bench_run(certutil));
	}
	bench_row("psm list, a process, 1,000 certificates", "ms",
	          bench_median(&ours), "certutil -L",
	          bench_median(&theirs), 0);
	bench_series_clear(&ours);
	bench_series_clear(&theirs);
}

int
main(void)
{
	struct fill fill;
	double few, many, peer;

	fill_open(&fill);
	fill_certs(&fill, FEW, KEY_EVERY, 1);
	fill_reopen(&fill);
	few = median_of_lists(&fill, FEW);
	peer = time_pk11_list();
	bench_row("psm_store_list, 1,000 certificates", "ms", few,
	          "PK11_ListCerts", peer, 0);
	fill_close(&fill);
	compare_processes(&fill);
	fill_reopen(&fill);
	fill_certs(&fill, MANY, KEY_EVERY, 1000);
	fill_reopen(&fill);
	many = median_of_lists(&fill, MANY);
	bench_row("psm_store_list, 10,000 certificates", "ms", many,
	          "one second", 1000, 1);
	bench_row("  the same", "ms", many, "10 x that of 1,000", 10 * few, 0);
	fill_remove(&fill);
	return 0;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_import.c - an import against PK11_ImportDERCertForKey(), in turns on
 * one database: time, and how often each waits for the disk. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cert.h>
#include <pk11pub.h>

#include "bench/bench.h"
#include "bench/fill.h"
#include "nssutil/nu_auto.h"

enum { ROUNDS = 30, MOST_SYNCS = 8 };

struct side {
	struct bench_series ms, cpu, syncs;
};

/* Where the clocks stood. */
struct start {
	double ms, cpu;
	unsigned long syncs;
};

static void
side_clear(struct side *side)
{
	bench_series_clear(&side->ms);
	bench_series_clear(&side->cpu);
	bench_series_clear(&side->syncs);
}

static struct start
side_start(void)
{
	return (struct start){ bench_now(), bench_cpu(), bench_syncs() };
}

static void
side_stop(struct side *side, const struct start *start)
{
	struct start end = side_start();

	bench_add(&side->ms, end.ms - start->ms);
	bench_add(&side->cpu, end.cpu - start->cpu);
	bench_add(&side->syncs, (double)(end.syncs - start->syncs));
}

/* Base64, decoding, ids, keys, signature, nickname, the CA's certificate: all
 * of it. */
static void
import_ours(struct fill *fill, enum psm_key_type type, struct side *side)
{
	struct ca_answer *answer =
	        fill_pending(fill, "Ours", type, CA_DIALECT_CMMF);
	struct start start = side_start();

	bench_must(psm_import_user_certificates(fill->ctx, answer->text, NULL,
	                                        0, NULL) == PSM_OK,
	           psm_errmsg(fill->ctx));
	side_stop(side, &start);
	ca_answer_free(answer);
}

/* The bare certificate, found out of the answer beforehand. */
static void
import_theirs(struct fill *fill, enum psm_key_type type, struct side *side)
{
	static unsigned count;
	struct ca_answer *answer =
	        fill_pending(fill, "Theirs", type, CA_DIALECT_CERT);
	SECItem der = { siBuffer, (unsigned char *)answer->der,
		        (unsigned)answer->der_len };
	nu_auto(PK11SlotInfo) slot = NULL;
	char nickname[64];
	struct start start;

	snprintf(nickname, sizeof nickname, "Their certificate %u", count++);
	start = side_start();
	slot = PK11_ImportDERCertForKey(&der, nickname, NULL);
	bench_must(slot != NULL, "PK11_ImportDERCertForKey");
	side_stop(side, &start);
	ca_answer_free(answer);
}

static void
compare(struct fill *fill, enum psm_key_type type, const char *what)
{
	static const char peer[] = "ImportDERCertForKey";
	struct side ours, theirs;

	memset(&ours, 0, sizeof ours);
	memset(&theirs, 0, sizeof theirs);
	for (int i = 0; i < ROUNDS; i++) {
		import_ours(fill, type, &ours);
		import_theirs(fill, type, &theirs);
	}
	bench_row(what, "ms", bench_median(&ours.ms), peer,
	          bench_median(&theirs.ms), 2);
	bench_row("  its processor time", "ms", bench_median(&ours.cpu), peer,
	          bench_median(&theirs.cpu), 0);
	bench_row("  its waits for the disk", "", bench_median(&ours.syncs),
	          peer, bench_median(&theirs.syncs), 0);
	bench_row("  the same", "", bench_median(&ours.syncs), "at most eight",
	          MOST_SYNCS, 1);
	side_clear(&ours);
	side_clear(&theirs);
}

int
main(void)
{
	struct fill fill;

	fill_open(&fill);
	compare(&fill, PSM_KEY_RSA, "import of a certificate, RSA 2048");
	compare(&fill, PSM_KEY_EC, "import of a certificate, EC P-256");
	fill_remove(&fill);
	return 0;
}

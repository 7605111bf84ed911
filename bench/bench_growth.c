/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_growth.c - does a request or an import cost more in a full database?
 * Nothing of ours may walk it; NSS's own costs are shown beside. */

#include <stdio.h>
#include <stdlib.h>

#include <cert.h>
#include <pk11pub.h>

#include "bench/bench.h"
#include "bench/fill.h"
#include "nssutil/nu_auto.h"

enum { FEW = 100, MANY = 5000, ROUNDS = 15 };

/* What one costs: medians, in milliseconds of the processor. */
struct costs {
	double request, import, peer;
};

static double
time_request(struct fill *fill)
{
	static unsigned count;
	char subject[64];
	double start;

	snprintf(subject, sizeof subject, "CN=Requester %u,O=Bench", count++);
	start = bench_cpu();
	psm_request_free(fill_request(fill, subject, PSM_KEY_EC));
	return bench_cpu() - start;
}

static double
time_import(struct fill *fill)
{
	struct ca_answer *answer =
	        fill_pending(fill, "Ours", PSM_KEY_EC, CA_DIALECT_CMMF);
	double start = bench_cpu(), ms;

	bench_must(psm_import_user_certificates(fill->ctx, answer->text, NULL,
	                                        0, NULL) == PSM_OK,
	           psm_errmsg(fill->ctx));
	ms = bench_cpu() - start;
	ca_answer_free(answer);
	return ms;
}

static double
time_peer(struct fill *fill)
{
	static unsigned count;
	struct ca_answer *answer =
	        fill_pending(fill, "Theirs", PSM_KEY_EC, CA_DIALECT_CERT);
	SECItem der = { siBuffer, (unsigned char *)answer->der,
		        (unsigned)answer->der_len };
	nu_auto(PK11SlotInfo) slot = NULL;
	char nickname[64];
	double start = bench_cpu(), ms;

	snprintf(nickname, sizeof nickname, "Their certificate %u", count++);
	slot = PK11_ImportDERCertForKey(&der, nickname, NULL);
	bench_must(slot != NULL, "PK11_ImportDERCertForKey");
	ms = bench_cpu() - start;
	ca_answer_free(answer);
	return ms;
}

/* Processor time: waits for the disk do not depend on the database's size and
 * would hide what does. */
static struct costs
measure(struct fill *fill)
{
	struct bench_series request = { NULL, 0, 0 }, import = request,
	                    peer = request;
	struct costs costs;

	bench_sync(false);
	for (int i = 0; i < ROUNDS; i++) {
		bench_add(&request, time_request(fill));
		bench_add(&import, time_import(fill));
		bench_add(&peer, time_peer(fill));
	}
	bench_sync(true);
	costs = (struct costs){ bench_median(&request), bench_median(&import),
		                bench_median(&peer) };
	bench_series_clear(&request);
	bench_series_clear(&import);
	bench_series_clear(&peer);
	return costs;
}

int
main(void)
{
	struct fill fill;
	struct costs few, many;

	fill_open(&fill);
	fill_certs(&fill, FEW, 1, FEW);
	fill_reopen(&fill);
	few = measure(&fill);
	fill_certs(&fill, MANY, 1, FEW);
	fill_reopen(&fill);
	many = measure(&fill);
	fill_remove(&fill);
	bench_row("request, 5,000 keys and certificates", "ms", many.request,
	          "itself at 100", few.request, 0.5);
	bench_row("import, 5,000 keys and certificates", "ms", many.import,
	          "itself at 100", few.import, 0.5);
	bench_row("ImportDERCertForKey, 5,000", "ms", many.peer,
	          "itself at 100", few.peer, 0);
	return 0;
}

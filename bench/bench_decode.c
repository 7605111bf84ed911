/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_decode.c - base64 and CertRepContent of 1,000 certificates, decoded by
 * us and by NSSBase64 with lib/crmf, in turn; medians and their ratio. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <base64.h>
#include <cert.h>
#include <cmmf.h>

#include "bench/bench.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"
#include "tests/unit/fresh.h"

enum { N_RESPONSES = 1000, N_RUNS = 11, MAX_BASE64 = 16 << 20 };

static void
must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s failed\n", what);
	abort();
}

/* An answer with certificates of about one kilobyte, in the one dialect that
 * lib/crmf reads. */
static char *
make_answer(void)
{
	static const char house[] =
	        "CN=Certification Authority,OU=Department of Certificates,"
	        "O=An Organisation with Quite a Long Name,L=Some City,C=DE";
	struct fresh_key key = fresh_key(rsaKey, 2048);
	static struct nu_cert_response responses[N_RESPONSES];
	const struct nu_cert_rep rep = { .responses = responses,
		                         .n_responses = N_RESPONSES };
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(SECItem) der = NULL;
	char *text;

	for (long i = 0; i < N_RESPONSES; i++) {
		nu_auto(SECItem) cert = NULL;
		char name[256], id[24];

		snprintf(name, sizeof name, "CN=User number %ld,%s", i,
		         house + sizeof "CN=Certification Authority");
		cert = fresh_cert(&key, name, &key, house,
		                  (unsigned long)i + 1);
		snprintf(id, sizeof id, "%ld", i + 1);
		must(nu_der_from_decimal(arena, id, &responses[i].id) ==
		                     SECSuccess &&
		             SECITEM_CopyItem(arena, &responses[i].cert,
		                              cert) == SECSuccess,
		     "a response");
	}
	der = nu_cmmf_encode(&rep, NU_DIALECT_UNTAGGED);
	must(der != NULL, "nu_cmmf_encode");
	text = nu_b64_encode(der);
	must(text != NULL, "nu_b64_encode");
	fresh_key_free(&key);
	return text;
}

/* Microseconds that each step of a run took: of the processor, since other
 * work on the machine is none of either side. */
struct times {
	double base64, content;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct times
run_ours(const char *text)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	struct nu_cert_rep *rep = NULL;
	struct times times;
	double start = now();

	must(nu_b64_decode(text, strlen(text), MAX_BASE64, &der) == SECSuccess,
	     "nu_b64_decode");
	times.base64 = now() - start;
	start = now();
	must(nu_cmmf_decode(&der, N_RESPONSES, &rep) == SECSuccess,
	     "nu_cmmf_decode");
	must(rep->n_responses == N_RESPONSES, "our count");
	nu_cert_rep_free(rep);
	times.content = now() - start;
	return times;
}

static struct times
run_peer(const char *text)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	CMMFCertRepContent *rep;
	struct times times;
	double start = now();

	must(ATOB_ConvertAsciiToItem(&der, text) == SECSuccess,
	     "ATOB_ConvertAsciiToItem");
	times.base64 = now() - start;
	start = now();
	rep = CMMF_CreateCertRepContentFromDER(CERT_GetDefaultCertDB(),
	                                       (const char *)der.data,
	                                       (long)der.len);
	must(rep != NULL, "CMMF_CreateCertRepContentFromDER");
	must(CMMF_CertRepContentGetNumResponses(rep) == N_RESPONSES,
	     "the peer's count");
	CMMF_DestroyCertRepContent(rep);
	times.content = now() - start;
	return times;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *times)
{
	qsort(times, N_RUNS, sizeof *times, compare);
	return times[N_RUNS / 2];
}

static void
print_row(const char *what, double *ours, const char *name, double *peer,
          double aim)
{
	bench_row(what, "ms", median(ours) / 1e3, name, median(peer) / 1e3,
	          aim);
}

int
main(void)
{
	static double ours[3][N_RUNS], peer[3][N_RUNS];
	nu_auto_mem char *text = NULL;

	fresh_open();
	text = make_answer();
	for (int i = 0; i < N_RUNS; i++) {
		struct times a = run_ours(text), b = run_peer(text);

		ours[0][i] = a.base64;
		ours[1][i] = a.content;
		ours[2][i] = a.base64 + a.content;
		peer[0][i] = b.base64;
		peer[1][i] = b.content;
		peer[2][i] = b.base64 + b.content;
	}
	print_row("base64 of 1,000 certificates", ours[0], "NSSBase64", peer[0],
	          0);
	print_row("CertRepContent of them", ours[1], "lib/crmf", peer[1], 0);
	print_row("both", ours[2], "both", peer[2], 20);
	fresh_remove();
	return 0;
}

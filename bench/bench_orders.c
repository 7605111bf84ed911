/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_orders.c - what an order costs without a daemon: a signature by the
 * authority's key, and reading and answering a CSR. For orders.sh.
 *
 *	bench_orders DATABASE PASSWORD-FILE AUTHORITY [CSR]...
 *
 * A line each: what, and how many a second. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cert.h>
#include <cryptohi.h>
#include <keyhi.h>
#include <pk11pub.h>

#include "bench/bench.h"
#include "ca/ca.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "psm/psm.h"

/* A tbsCertificate of an RSA key of 3072 bits has some 650 bytes. */
enum { BODY = 650, FILE_MAX = 64 * 1024, CHUNK = 4, SERIES_MS = 2000 };

static enum psm_answer
read_password(void *arg, enum psm_password_for what, const char *name,
              unsigned attempt, char *buf, size_t size)
{
	FILE *file;
	char *got;

	(void)name;
	if (what != PSM_PASSWORD_TOKEN || attempt > 0)
		return PSM_ANSWER_NONE;
	file = fopen(arg, "r");
	bench_must(file != NULL, arg);
	got = fgets(buf, (int)size, file);
	fclose(file);
	bench_must(got != NULL, arg);
	buf[strcspn(buf, "\n")] = '\0';
	return PSM_ANSWER_YES;
}

static void
must_psm(struct psm_ctx *ctx, enum psm_err err)
{
	if (err != PSM_OK)
		fprintf(stderr, "%s\n", psm_errmsg(ctx));
	bench_must(err == PSM_OK, psm_err_name(err));
}

static void
must_ca(struct ca *ca, enum psm_err err)
{
	if (err != PSM_OK)
		fprintf(stderr, "%s\n", ca_errmsg(ca));
	bench_must(err == PSM_OK, psm_err_name(err));
}

/* The median of the rates of chunks of calls, some seconds long. */
static void
measure(const char *what, const char *of, void (*call)(void *arg), void *arg)
{
	struct bench_series series = { NULL, 0, 0 };
	double end, start;

	call(arg); /* what is cached is cached */
	for (end = bench_now() + SERIES_MS; bench_now() < end;) {
		start = bench_now();
		for (int i = 0; i < CHUNK; i++)
			call(arg);
		bench_add(&series, CHUNK * 1e3 / (bench_now() - start));
	}
	printf("%s%s %.2f\n", what, of, bench_median(&series));
	fflush(stdout);
	bench_series_clear(&series);
}

/* --- signatures ---------------------------------------------------------- */

struct signer {
	SECKEYPrivateKey *key;
	SECOidTag algorithm;
	unsigned char body[BODY];
};

static void
sign(void *arg)
{
	struct signer *signer = arg;
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem done = { siBuffer, NULL, 0 };

	bench_must(arena != NULL &&
	                   SEC_DerSignData(arena, &done, signer->body,
	                                   sizeof signer->body, signer->key,
	                                   signer->algorithm) == SECSuccess,
	           "SEC_DerSignData");
}

/* With the key where it is, and as a session's object: of the database's own,
 * NSS decrypts each part anew for each signature. */
static void
measure_signatures(const char *nickname)
{
	nu_auto(CERTCertificate) cert = PK11_FindCertFromNickname(nickname,
	                                                          NULL);
	nu_auto(SECKEYPublicKey) public =
	        cert != NULL ? CERT_ExtractPublicKey(cert) : NULL;
	nu_auto(SECKEYPrivateKey) key =
	        cert != NULL ? PK11_FindKeyByAnyCert(cert, NULL) : NULL;
	nu_auto(SECKEYPrivateKey) copy = NULL;
	struct signer signer = { .key = key };

	bench_must(key != NULL && public != NULL, nickname);
	signer.algorithm = nu_key_signature_oid(SECKEY_GetPublicKeyType(public),
	                                        nu_key_bits(public));
	memset(signer.body, 0x5a, sizeof signer.body);
	measure("sign-database", "", sign, &signer);
	copy = PK11_CopyTokenPrivKeyToSessionPrivKey(NULL, key);
	bench_must(copy != NULL, "PK11_CopyTokenPrivKeyToSessionPrivKey");
	signer.key = copy;
	measure("sign-memory", "", sign, &signer);
}

/* --- requests ------------------------------------------------------------ */

struct csr {
	struct ca *ca;
	struct ca_options options;
	struct ca_request *opened;
	char text[FILE_MAX];
	size_t len;
};

static void
open_csr(void *arg)
{
	struct csr *csr = arg;

	ca_request_free(csr->opened);
	csr->opened = NULL;
	must_ca(csr->ca, ca_request_open(csr->ca, csr->text, csr->len,
	                                 &csr->options, &csr->opened));
}

static void
issue_csr(void *arg)
{
	struct csr *csr = arg;
	struct ca_answer *answer;

	must_ca(csr->ca, ca_request_issue(csr->ca, csr->opened, &csr->options,
	                                  &answer));
	ca_answer_free(answer);
}

static void
measure_csr(struct ca *ca, const char *path)
{
	static const struct ca_attribute name = { "CN", "bench" };
	static struct csr csr; /* its text is large */
	const char *slash = strrchr(path, '/');
	const char *of = slash != NULL ? slash + 1 : path;
	FILE *file = fopen(path, "r");

	bench_must(file != NULL, path);
	memset(&csr, 0, sizeof csr);
	csr.ca = ca;
	csr.options = (struct ca_options){ .attributes = &name,
		                           .n_attributes = 1,
		                           .no_ca_pubs = true };
	csr.len = fread(csr.text, 1, sizeof csr.text, file);
	fclose(file);
	measure("read-", of, open_csr, &csr);
	measure("issue-", of, issue_csr, &csr);
	ca_request_free(csr.opened);
}

int
main(int argc, char **argv)
{
	const struct psm_ui ui = { .password = read_password };
	struct psm_ctx *ctx;
	struct ca *ca;

	if (argc < 4) {
		fprintf(stderr, "usage: bench_orders database password-file "
		                "authority [csr]...\n");
		return 1;
	}
	ctx = psm_new(&ui, argv[2]);
	ca = ca_new();
	bench_must(ctx != NULL && ca != NULL, "psm_new");
	must_psm(ctx, psm_open(ctx, argv[1], PSM_OPEN_READ_ONLY));
	must_psm(ctx, psm_login(ctx, NULL));
	must_ca(ca, ca_open(ca, argv[3]));
	measure_signatures(argv[3]);
	for (int i = 4; i < argc; i++)
		measure_csr(ca, argv[i]);
	ca_free(ca);
	psm_free(ctx);
	return 0;
}

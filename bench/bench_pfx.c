/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_pfx.c - PKCS#12 made for others: a key from the pool beside one made
 * now, what others wait for meanwhile, and what a file costs. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "ca/pfx.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_session.h"
#include "tests/unit/fresh.h"

#define PASSWORD "a password"

enum { KEYS = 5, FILES = 7, BUSY_KEYS = 3 };

/* --- a key ------------------------------------------------------------ */

static double
take(struct pfx_pool *pool, enum pfx_kind kind)
{
	struct pfx_key *key;
	double start = bench_now(), took;

	bench_must(pfx_pool_take(pool, kind, &key) == PSM_OK, "a key");
	took = bench_now() - start;
	pfx_key_free(key);
	return took;
}

static struct pfx_pool *
pool_of(enum pfx_kind kind, unsigned n)
{
	unsigned ready[PFX_N_KINDS] = { 0 };
	struct pfx_pool *pool;

	ready[kind] = n;
	pool = pfx_pool_new(ready);
	bench_must(pool != NULL, "a pool");
	while (pfx_pool_ready(pool, kind) < n)
		usleep(1000);
	return pool;
}

static void
bench_take(enum pfx_kind kind)
{
	struct pfx_pool *full = pool_of(kind, KEYS), *empty = pool_of(kind, 0);
	struct bench_series ready = { NULL, 0, 0 }, now = { NULL, 0, 0 };
	char what[64];

	for (int i = 0; i < KEYS; i++) {
		bench_add(&ready, take(full, kind));
		bench_add(&now, take(empty, kind));
	}
	snprintf(what, sizeof what, "%s from the pool", pfx_kind_name(kind));
	bench_row(what, "us", 1000 * bench_median(&ready), "made now",
	          1000 * bench_median(&now), 10);
	bench_series_clear(&ready);
	bench_series_clear(&now);
	pfx_pool_free(full);
	pfx_pool_free(empty);
}

/* --- what others wait for --------------------------------------------- */

static atomic_bool done;

static void *
make_in_own_session(void *arg)
{
	(void)arg;
	for (int i = 0; i < BUSY_KEYS; i++) {
		struct nu_session_key key;

		bench_must(nu_session_key_make(rsaKey, 4096, &key) ==
		                   SECSuccess, "a key");
		nu_session_key_clear(&key);
	}
	done = true;
	return NULL;
}

static void *
make_in_the_shared_one(void *arg)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalSlot();

	(void)arg;
	for (int i = 0; i < BUSY_KEYS; i++) {
		nu_auto(SECKEYPublicKey) public = NULL;
		nu_auto(SECKEYPrivateKey) private = nu_key_generate(
		        slot, rsaKey, 4096, PK11_ATTR_SESSION |
		        PK11_ATTR_PRIVATE | PK11_ATTR_SENSITIVE, NULL, &public);

		bench_must(private != NULL, "a key");
	}
	done = true;
	return NULL;
}

/* The longest time that verifying a signature took, as each handshake does,
 * while keys were made beside it. */
static double
longest_verification(void *(*beside)(void *))
{
	static const unsigned char text[] = "signed";
	struct fresh_key key = fresh_key(ecKey, 256);
	nu_auto(SECItem) spki = fresh_spki(&key);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem data = { siBuffer, (unsigned char *)text, sizeof text };
	SECItem *algorithm, signature;
	double longest = 0;
	pthread_t thread;

	bench_must(nu_key_sign(arena, key.private, &data, &algorithm,
	                       &signature) == SECSuccess, "a signature");
	done = false;
	bench_must(pthread_create(&thread, NULL, beside, NULL) == 0,
	           "a thread");
	while (!done) {
		double start = bench_now(), took;

		bench_must(nu_key_verify(spki, &data, algorithm, &signature) ==
		                   SECSuccess, "verifying");
		took = bench_now() - start;
		longest = took > longest ? took : longest;
		usleep(1000);
	}
	bench_must(pthread_join(thread, NULL) == 0, "a thread");
	fresh_key_free(&key);
	return longest;
}

static void
bench_others(void)
{
	bench_row("longest verification while RSA-4096 is made", "ms",
	          longest_verification(make_in_own_session),
	          "NSS's shared session",
	          longest_verification(make_in_the_shared_one), 5);
}

/* --- a file ----------------------------------------------------------- */

struct certified {
	struct pfx_key *key;
	unsigned char *cert;
	size_t len;
};

static struct certified
certify(struct pfx_pool *pool, struct ca *ca, enum pfx_kind kind)
{
	const struct ca_options options = { .dialect = CA_DIALECT_CERT };
	struct ca_answer *answer;
	struct certified made;
	unsigned char *request;
	size_t len;

	bench_must(pfx_pool_take(pool, kind, &made.key) == PSM_OK, "a key");
	bench_must(pfx_key_request(made.key, &request, &len) == PSM_OK,
	           "a request");
	bench_must(ca_issue(ca, request, len, &options, &answer) == PSM_OK,
	           "a certificate");
	made.len = answer->der_len;
	made.cert = malloc(made.len);
	bench_must(made.cert != NULL, "memory");
	memcpy(made.cert, answer->der, made.len);
	ca_answer_free(answer);
	free(request);
	return made;
}

static double
make_file(const struct certified *made, unsigned char **ret_file,
          size_t *ret_len)
{
	const struct pfx_cert cert = { made->cert, made->len };
	double start = bench_now();

	bench_must(pfx_make(made->key, &cert, 1, PASSWORD, "bench", ret_file,
	                    ret_len) == PSM_OK, "a file");
	return bench_now() - start;
}

/* openssl's time with as many iterations, from the same key. */
static double
export_file(const char *dir)
{
	char pem[4096], out[4096];
	const char *argv[] = { "openssl", "pkcs12", "-export", "-in", pem,
		               "-out", out, "-passout", "pass:" PASSWORD,
		               "-iter", "100000", NULL };

	snprintf(pem, sizeof pem, "%s/pem", dir);
	snprintf(out, sizeof out, "%s/out", dir);
	return bench_run(argv);
}

static void
unpack(const char *dir, const unsigned char *file, size_t len)
{
	char *path = bench_file(dir, "p12", file, len), pem[4096];
	const char *argv[] = { "openssl", "pkcs12", "-in", path, "-passin",
		               "pass:" PASSWORD, "-nodes", "-out", pem, NULL };

	snprintf(pem, sizeof pem, "%s/pem", dir);
	(void)bench_run(argv);
	free(path);
}

static void
bench_files(struct ca *ca)
{
	struct pfx_pool *pool = pool_of(PFX_RSA_2048, 1);
	struct certified made = certify(pool, ca, PFX_RSA_2048);
	struct bench_series ours = { NULL, 0, 0 }, theirs = { NULL, 0, 0 };
	const char *dir = bench_dir_new();
	unsigned char *file;
	size_t len;

	for (int i = 0; i < FILES; i++) {
		bench_add(&ours, make_file(&made, &file, &len));
		if (i == 0)
			unpack(dir, file, len);
		free(file);
		bench_add(&theirs, export_file(dir));
	}
	bench_row("PKCS#12 of an RSA-2048 key, 100,000 iterations", "ms",
	          bench_median(&ours), "openssl pkcs12",
	          bench_median(&theirs), 0);
	bench_note("three derivations a file: key, certificates, MAC");
	bench_dir_remove(dir);
	bench_series_clear(&ours);
	bench_series_clear(&theirs);
	free(made.cert);
	pfx_key_free(made.key);
	pfx_pool_free(pool);
}

int
main(void)
{
	static const struct ca_params params = { .subject = "CN=Bench CA",
		                                 .key_type = PSM_KEY_RSA };
	struct ca *ca = ca_new();

	fresh_open();
	bench_must(ca != NULL && ca_init(ca, &params) == PSM_OK,
	           "an authority");
	bench_take(PFX_RSA_2048);
	bench_take(PFX_RSA_3072);
	bench_others();
	if (bench_has("openssl"))
		bench_files(ca);
	ca_free(ca);
	fresh_close();
	return 0;
}

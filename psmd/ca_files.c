/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_files.c - what the authority tells everybody: GET /ca/crl, /ca/cert and
 * /ca/chain. */

#include "psmd/ca_files.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "psmd/pem.h"
#include "psmd/public_file.h"
#include "psmd/server.h"

/* Bytes that several answers have; the last one frees them. */
struct shared {
	atomic_uint holders;
	void *data;
	size_t len;
};

/* Who asks again and again does not keep the engine from its work. */
enum { NONE_SECONDS = 2 };

struct ca_files {
	pthread_mutex_t lock;
	struct shared *crl;
	struct stat at; /* its file then */
	struct shared *cert, *chain;
	time_t none_until; /* there is no authority, by CLOCK_MONOTONIC */
};

/* Takes over data; NULL: out of memory. */
static struct shared *
shared_new(void *data, size_t len)
{
	struct shared *shared = data != NULL ? malloc(sizeof *shared) : NULL;

	if (shared == NULL) {
		free(data);
		return NULL;
	}
	atomic_init(&shared->holders, 1);
	shared->data = data;
	shared->len = len;
	return shared;
}

static struct shared *
shared_hold(struct shared *shared)
{
	if (shared != NULL)
		atomic_fetch_add(&shared->holders, 1);
	return shared;
}

static void
shared_release(void *owner)
{
	struct shared *shared = owner;

	if (shared == NULL || atomic_fetch_sub(&shared->holders, 1) > 1)
		return;
	free(shared->data);
	free(shared);
}

struct ca_files *
ca_files_new(void)
{
	struct ca_files *files = calloc(1, sizeof *files);

	if (files != NULL)
		pthread_mutex_init(&files->lock, NULL);
	return files;
}

void
ca_files_free(struct ca_files *files)
{
	if (files == NULL)
		return;
	shared_release(files->crl);
	shared_release(files->cert);
	shared_release(files->chain);
	pthread_mutex_destroy(&files->lock);
	free(files);
}

/* --- the CRL ------------------------------------------------------------- */

/* Another file has another number, one that was written to another time. */
static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* NULL: there is none. The lock is held. */
static struct shared *
read_crl(struct ca_files *files, const char *path)
{
	unsigned char *data = NULL;
	size_t len = 0;
	struct stat st;

	if (stat(path, &st) != 0)
		return NULL;
	if (files->crl != NULL && is_same(&st, &files->at))
		return files->crl;
	if (!public_file_read(path, &data, &len))
		return NULL;
	shared_release(files->crl);
	files->crl = shared_new(data, len);
	files->at = st;
	return files->crl;
}

/* --- the authority ------------------------------------------------------- */

struct reading {
	struct issuing issuing;
	struct shared *cert, *chain;
};

static struct shared *
copy_cert(const struct ca *ca)
{
	size_t len = 0;
	const unsigned char *der = ca_cert_der(ca, &len);
	void *copy = der != NULL ? malloc(len) : NULL;

	if (copy != NULL)
		memcpy(copy, der, len);
	return shared_new(copy, len);
}

static struct shared *
write_chain(const struct ca *ca)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool good = out != NULL && pem_write_chain(out, ca);

	if (out != NULL)
		good = fclose(out) == 0 && good;
	if (good)
		return shared_new(text, size);
	free(text);
	return NULL;
}

static void
read_ca(struct psm_ctx *ctx, void *arg)
{
	struct reading *reading = arg;
	char why[256];
	struct ca *ca = issuer_ca(&reading->issuing, ctx, why, sizeof why);

	if (ca == NULL)
		return;
	reading->cert = copy_cert(ca);
	reading->chain = write_chain(ca);
}

static time_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* It stays the same as long as the daemon runs. Others are not kept waiting
 * while the engine is asked. false: it has too much to do. */
static bool
find_ca(struct ca_files *files, const struct server *server)
{
	struct reading reading = { server_issuing(server), NULL, NULL };
	bool known;

	pthread_mutex_lock(&files->lock);
	known = (files->cert != NULL && files->chain != NULL) ||
	        now() < files->none_until;
	pthread_mutex_unlock(&files->lock);
	if (known)
		return true;
	if (!engine_call(server->engine, read_ca, &reading))
		return false;
	pthread_mutex_lock(&files->lock);
	shared_release(files->cert);
	shared_release(files->chain);
	files->cert = reading.cert;
	files->chain = reading.chain;
	if (reading.cert == NULL)
		files->none_until = now() + NONE_SECONDS;
	pthread_mutex_unlock(&files->lock);
	return true;
}

/* --- the answers --------------------------------------------------------- */

static bool
is_read(const struct request *request, struct reply *reply)
{
	if (strcmp(request->method, "GET") == 0 ||
	    strcmp(request->method, "HEAD") == 0)
		return true;
	reply_text(reply, 405, "text/plain; charset=utf-8",
	           "GET or HEAD only\n");
	if (!reply_header(reply, "Allow", "GET, HEAD"))
		reply->status = 500;
	return false;
}

/* Takes over a holder's part of shared. */
static void
answer(struct reply *reply, const char *type, struct shared *shared)
{
	if (shared == NULL) {
		reply_text(reply, 404, "text/plain; charset=utf-8",
		           "not found\n");
		return;
	}
	if (!reply_header(reply, "Content-Type", type)) {
		shared_release(shared);
		reply->status = 500;
		return;
	}
	reply->status = 200;
	reply->pieces[0] = (struct reply_piece){ shared->data, shared->len };
	reply->n_pieces = 1;
	reply->body_len = shared->len;
	reply->release = shared_release;
	reply->owner = shared;
}

void
ca_crl_handler(const struct request *request, struct reply *reply)
{
	struct ca_files *files = request->server->ca_files;
	struct shared *crl;

	if (!is_read(request, reply))
		return;
	pthread_mutex_lock(&files->lock);
	crl = shared_hold(read_crl(
	        files, server_config(request->server)->crl_file));
	pthread_mutex_unlock(&files->lock);
	answer(reply, "application/pkix-crl", crl);
}

/* The one of the two that is at which. */
static void
answer_ca(const struct request *request, struct reply *reply, const char *type,
          struct shared *const *which)
{
	struct ca_files *files = request->server->ca_files;
	struct shared *shared;

	if (!is_read(request, reply))
		return;
	if (!find_ca(files, request->server)) {
		reply_text(reply, 503, "text/plain; charset=utf-8",
		           "busy, try again later\n");
		return;
	}
	pthread_mutex_lock(&files->lock);
	shared = shared_hold(*which);
	pthread_mutex_unlock(&files->lock);
	answer(reply, type, shared);
}

void
ca_cert_handler(const struct request *request, struct reply *reply)
{
	answer_ca(request, reply, "application/pkix-cert",
	          &request->server->ca_files->cert);
}

void
ca_chain_handler(const struct request *request, struct reply *reply)
{
	answer_ca(request, reply, "application/pem-certificate-chain",
	          &request->server->ca_files->chain);
}

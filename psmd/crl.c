/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl.c - revocation, and the list of what is revoked. */

#include "psmd/crl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psmd/crl_list.h"
#include "psmd/lock.h"
#include "psmd/log.h"
#include "psmd/pem.h"
#include "psmd/public_file.h"
#include "psmd/records_cert.h"

enum { LOCK_SECONDS = 20, DAY = 24 * 60 * 60 };

/* The CRL of the authority, or of one above it. */
struct level {
	char *name; /* its nickname; NULL: it has none */
	struct crl_list list;
	struct ca_revoked *revoked; /* the same */
	unsigned char *der; /* NULL: none can be made here */
	size_t len;
};

/* CRLs on their way. */
struct publishing {
	const struct issuing *issuing;
	char *why;
	size_t size;
	bool good;
	unsigned char *old;  /* what is published now, or NULL */
	size_t old_len;
	struct ca_crl_info info; /* of that */
	bool is_ours;        /* info is */
	struct crl_list before; /* what that lists */
	struct level *levels; /* the authority's own is the first */
	size_t n_levels;
	struct ca_crl crl;   /* what they have in common */
	char *chain_file, *chain;
	size_t chain_len;
};

static void
clear_level(struct level *level)
{
	free(level->name);
	crl_list_clear(&level->list);
	free(level->revoked);
	free(level->der);
}

static void
clear(struct publishing *p)
{
	for (size_t i = 0; i < p->n_levels; i++)
		clear_level(&p->levels[i]);
	free(p->levels);
	crl_list_clear(&p->before);
	free(p->chain_file);
	free(p->chain);
	free(p->old);
}

static bool __attribute__((format(printf, 2, 3)))
fail(const struct publishing *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, p->size, format, args);
	va_end(args);
	return false;
}

static bool
fail_records(const struct publishing *p, enum rec_err err)
{
	return fail(p, "the CRL: %s", rec_strerror(err));
}

static bool
on_engine(struct publishing *p, void (*fn)(struct psm_ctx *ctx, void *arg))
{
	p->good = false;
	if (!engine_call(p->issuing->engine, fn, p))
		return fail(p, "too much to do");
	return p->good;
}

/* --- what there is ------------------------------------------------------- */

static void
read_old(struct psm_ctx *ctx, void *arg)
{
	struct publishing *p = arg;
	struct ca *ca = issuer_ca(p->issuing, ctx, p->why, p->size);

	p->good = ca != NULL;
	p->is_ours = ca != NULL && p->old != NULL &&
	             ca_crl_read(ca, p->old, p->old_len, &p->info) == PSM_OK;
}

/* One that cannot be read, or is another authority's, is as good as none. */
static bool
look(struct publishing *p)
{
	if (asprintf(&p->chain_file, "%s" CRL_CHAIN_SUFFIX,
	             p->issuing->config->crl_file) < 0) {
		p->chain_file = NULL;
		return fail(p, "the CRL: out of memory");
	}
	if (!public_file_read(p->issuing->config->crl_file, &p->old,
	                      &p->old_len))
		p->old = NULL;
	return on_engine(p, read_old);
}

/* Is another one due? What was revoked since, and a publication that was
 * interrupted, show in the number. */
static bool
is_due(const struct publishing *p, int64_t now, bool *ret_due)
{
	const struct ca_crl_info *info = &p->info;
	const int64_t wanted = (int64_t)p->issuing->config->crl_days * DAY;
	const int64_t time = info->next_update - info->this_update;
	int64_t last = 0;
	enum rec_err err = records_crl_last(p->issuing->records, &last);

	if (err != REC_OK)
		return fail_records(p, err);
	*ret_due = !p->is_ours || info->number != (uint64_t)last ||
	           info->this_update > now || time > wanted ||
	           now - info->this_update >= time / 2 ||
	           access(p->chain_file, F_OK) != 0;
	return true;
}

/* --- what the one before listed ------------------------------------------ */

static void
read_before(struct psm_ctx *ctx, void *arg)
{
	struct publishing *p = arg;
	struct ca *ca = issuer_ca(p->issuing, ctx, p->why, p->size);

	if (ca == NULL)
		return;
	p->good = ca_crl_each(ca, p->old, p->old_len, crl_list_add_listed,
	                      &p->before) == PSM_OK ||
	          fail(p, "%s: %s", p->issuing->config->crl_file,
	               ca_errmsg(ca));
	if (p->before.no_room)
		p->good = fail(p, "the CRL: out of memory");
}

/* Records that are an older copy learn from it what was revoked since: before
 * a number is taken, by which they would be as new. */
static bool
take_back(struct publishing *p, const struct rec_actor *actor)
{
	const struct issuing *issuing = p->issuing;
	size_t n = 0;
	enum rec_err err;

	if (!p->is_ours || p->info.n_revoked == 0 ||
	    p->info.number > INT64_MAX) /* no number is left then */
		return true;
	if (!on_engine(p, read_before))
		return false;
	err = records_cert_take_back(issuing->records, actor,
	                             (int64_t)p->info.number, p->before.certs,
	                             p->before.n, &n);
	if (n > 0 && err == REC_OK)
		log_line(LOG_DOUBTFUL, "%s is newer than the records, in which "
		         "%zu certificates are revoked again",
		         issuing->config->crl_file, n);
	return err == REC_OK || fail_records(p, err);
}

/* --- another one --------------------------------------------------------- */

static void
find_levels(struct psm_ctx *ctx, void *arg)
{
	struct publishing *p = arg;
	struct ca *ca = issuer_ca(p->issuing, ctx, p->why, p->size);
	const char *name = p->issuing->config->ca;
	size_t n = 0, len;

	if (ca == NULL)
		return;
	while (ca_chain_der(ca, n, &len) != NULL)
		n++;
	p->levels = calloc(n, sizeof *p->levels);
	p->good = p->levels != NULL;
	p->n_levels = p->good ? n : 0;
	for (size_t i = 0; i < p->n_levels; i++) {
		if (i > 0)
			name = ca_chain_nickname(ca, i);
		p->levels[i].name = name != NULL ? strdup(name) : NULL;
		p->good &= name == NULL || p->levels[i].name != NULL;
	}
	if (!p->good)
		fail(p, "the CRL: out of memory");
}

/* One that has expired stays for another CRL: RFC 5280, 3.3. */
static int64_t
expired_since(const struct publishing *p)
{
	return 2 * p->crl.this_update - p->crl.next_update;
}

/* The authority's own list keeps what the one before it had: records that were
 * lost undo no revocation. */
static bool
collect(const struct publishing *p, struct level *level)
{
	struct records *records = p->issuing->records;
	const int64_t since = expired_since(p);
	enum rec_err err = level->name == NULL ? REC_OK :
	        records_cert_revoked(records, level->name, since,
	                             crl_list_add, &level->list);

	if (err == REC_OK && level == p->levels)
		err = crl_list_keep(&level->list, &p->before, records, since);
	if (err != REC_OK)
		return fail_records(p, err);
	level->revoked = crl_list_entries(&level->list);
	return (level->revoked != NULL && !level->list.no_room) ||
	       fail(p, "the CRL: out of memory");
}

static bool
collect_all(struct publishing *p)
{
	for (size_t i = 0; i < p->n_levels; i++)
		if (!collect(p, &p->levels[i]))
			return false;
	return true;
}

/* --- signing ------------------------------------------------------------- */

static enum psm_err
sign(const struct publishing *p, struct level *level, struct ca *ca)
{
	struct ca_crl crl = p->crl;

	crl.revoked = level->revoked;
	crl.n_revoked = level->list.n;
	return ca_crl_make(ca, &crl, &level->der, &level->len);
}

/* The very one? Its nickname can be another's, too. */
static bool
is_above(const struct ca *ca, size_t i, const struct ca *above)
{
	size_t len = 0, above_len = 0;
	const unsigned char *der = ca_chain_der(ca, i, &len);
	const unsigned char *other = ca_cert_der(above, &above_len);

	return len == above_len && memcmp(der, other, len) == 0;
}

/* Many a root's key is elsewhere, or it signs no CRLs: that is no failure. */
static bool
is_elsewhere(enum psm_err err)
{
	return err == PSM_E_NOT_FOUND || err == PSM_E_ARGUMENT ||
	       err == PSM_E_PASSWORD || err == PSM_E_TOKEN;
}

static bool
sign_above(const struct publishing *p, const struct ca *ca, size_t i)
{
	struct level *level = &p->levels[i];
	struct ca *above;
	enum psm_err err;
	bool good;

	if (level->name == NULL)
		return true;
	above = ca_new();
	if (above == NULL)
		return fail(p, "the CRL: out of memory");
	err = ca_open(above, level->name);
	if (err == PSM_OK && is_above(ca, i, above))
		err = sign(p, level, above);
	good = err == PSM_OK || is_elsewhere(err) ||
	       fail(p, "the CRL of \"%s\": %s", level->name,
	            ca_errmsg(above));
	ca_free(above);
	return good;
}

static void
sign_all(struct psm_ctx *ctx, void *arg)
{
	struct publishing *p = arg;
	struct ca *ca = issuer_ca(p->issuing, ctx, p->why, p->size);

	if (ca == NULL)
		return;
	p->good = sign(p, &p->levels[0], ca) == PSM_OK ||
	          fail(p, "the CRL: %s", ca_errmsg(ca));
	for (size_t i = 1; p->good && i < p->n_levels; i++)
		p->good = sign_above(p, ca, i);
}

/* --- files --------------------------------------------------------------- */

static bool
fail_file(const struct publishing *p, const char *path)
{
	return fail(p, "%s: %s", path, strerror(errno));
}

/* What cannot be put there needs no number. */
static bool
try_files(const struct publishing *p)
{
	const char *path = p->issuing->config->crl_file;

	return (public_file_try(path) || fail_file(p, path)) &&
	       (public_file_try(p->chain_file) || fail_file(p, p->chain_file));
}

static bool
write_chain(struct publishing *p)
{
	FILE *out = open_memstream(&p->chain, &p->chain_len);
	bool good = out != NULL;

	for (size_t i = 0; good && i < p->n_levels; i++)
		good = p->levels[i].der == NULL ||
		       pem_write_crl(out, p->levels[i].der, p->levels[i].len);
	if (out != NULL)
		good = fclose(out) == 0 && good;
	return good || fail(p, "the CRL: out of memory");
}

/* That by whose number others know that both are there comes last. */
static bool
put_files(const struct publishing *p)
{
	const char *path = p->issuing->config->crl_file;
	const struct level *own = &p->levels[0];

	return (public_file_put(p->chain_file, p->chain, p->chain_len) ||
	        fail_file(p, p->chain_file)) &&
	       (public_file_put(path, own->der, own->len) ||
	        fail_file(p, path));
}

/* --- publishing ---------------------------------------------------------- */

static bool
take_number(struct publishing *p, const struct rec_actor *actor)
{
	const struct issuing *issuing = p->issuing;
	const uint64_t above = p->is_ours ? p->info.number : 0;
	int64_t number = 0;
	enum rec_err err = records_crl_next(
	        issuing->records, actor, issuing->config->ca,
	        above < INT64_MAX ? (int64_t)above : INT64_MAX, &number);

	if (err == REC_STATE)
		return fail(p, "the CRL: no number is left");
	p->crl.number = (uint64_t)number;
	return err == REC_OK || fail_records(p, err);
}

static bool
make(struct publishing *p, const struct rec_actor *actor, int64_t now)
{
	const int64_t days = (int64_t)p->issuing->config->crl_days;

	p->crl.this_update = now;
	p->crl.next_update = now + days * DAY;
	return try_files(p) && on_engine(p, find_levels) &&
	       take_back(p, actor) && take_number(p, actor) &&
	       collect_all(p) && on_engine(p, sign_all) && write_chain(p) &&
	       put_files(p);
}

static bool
publish(struct publishing *p, const struct rec_actor *actor, bool always)
{
	const int64_t now = time(NULL);
	bool due = always;

	return look(p) && (always || is_due(p, now, &due)) &&
	       (!due || make(p, actor, now));
}

/* -1, and it is said why. */
static int
take_turn(const struct publishing *p)
{
	const char *records = p->issuing->config->records;
	char *path = NULL;
	int fd;

	if (asprintf(&path, "%s-crl", records) < 0) {
		fail(p, "the CRL: out of memory");
		return -1;
	}
	fd = lock_wait(path, records, LOCK_SECONDS);
	if (fd < 0 && errno == EWOULDBLOCK)
		fail(p, "the CRL: another process is making one");
	else if (fd < 0)
		fail(p, "%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

static bool
in_turn(const struct issuing *issuing, const struct rec_actor *actor,
        bool always, char *why, size_t size)
{
	struct publishing p = { .issuing = issuing, .why = why, .size = size };
	int turn = take_turn(&p);
	bool good;

	if (turn < 0)
		return false;
	good = publish(&p, actor, always);
	close(turn);
	clear(&p);
	return good;
}

bool
crl_publish(const struct issuing *issuing, const struct rec_actor *actor,
            char *why, size_t size)
{
	return in_turn(issuing, actor, true, why, size);
}

bool
crl_renew(const struct issuing *issuing, const struct rec_actor *actor,
          char *why, size_t size)
{
	return in_turn(issuing, actor, false, why, size);
}

bool
crl_look(const struct issuing *issuing, struct ca_crl_info *ret_info, char *why,
         size_t size)
{
	struct publishing p = { .issuing = issuing, .why = why, .size = size };
	bool good = look(&p);

	if (good && !p.is_ours)
		good = fail(&p, "%s is no CRL of \"%s\"",
		            issuing->config->crl_file, issuing->config->ca);
	if (good)
		*ret_info = p.info;
	clear(&p);
	return good;
}

/* One of another authority's, which was configured before, is not on our list:
 * who revoked it should know. */
static void
tell_others(const struct issuing *issuing, int64_t id, char *why, size_t size)
{
	const char *ca = issuing->config->ca;
	struct cert_record cert;
	enum rec_err err = records_cert_get(issuing->records, NULL, id, &cert);

	if (err != REC_OK) {
		snprintf(why, size, "%s", rec_strerror(err));
		return;
	}
	if (strcmp(cert.issuer, ca) != 0)
		snprintf(why, size, "a CRL of \"%s\" would say so, and the "
		         "authority is \"%s\"", cert.issuer, ca);
	cert_record_clear(&cert);
}

enum rec_err
crl_revoke(const struct issuing *issuing, const struct rec_actor *actor,
           int64_t id, int reason, char *why, size_t size)
{
	enum rec_err err = records_cert_revoke(issuing->records, actor, id,
	                                       reason, time(NULL));

	snprintf(why, size, "%s", err != REC_OK ? rec_strerror(err) : "");
	if (err == REC_OK && crl_publish(issuing, actor, why, size))
		tell_others(issuing, id, why, size);
	return err;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_pkcs12.c - PKCS#12 files, each made once. */

#include "psmd/records_pkcs12.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "psmd/log.h"
#include "psmd/records_sql.h"

#define NUMBER_TEXT_MAX 24
enum { LOOK_MS = 20 }; /* while another makes it */

void
pkcs12_result_clear(struct pkcs12_result *result)
{
	free(result->file);
	memset(result, 0, sizeof *result);
}

/* --- claims -------------------------------------------------------------- */

/* A claim lives as long as its lock: of a byte of the file of claims, by its
 * number. That belongs to the open file (F_OFD_SETLK), and so to one struct
 * records. */
static struct flock
byte_of(int64_t claim, short type)
{
	struct flock byte = { .l_type = type,
		              .l_whence = SEEK_SET,
		              .l_start = claim,
		              .l_len = 1 };

	return byte;
}

static enum rec_err
fail_claims(const struct records *r)
{
	log_line(LOG_FAILED, "records: %s: %s", r->claims_path,
	         strerror(errno));
	return REC_FAILED;
}

static enum rec_err
open_claims(struct records *r)
{
	enum rec_err err;

	if (r->claims_fd >= 0)
		return REC_OK;
	if ((err = sql_enter(&r->writer)) != REC_OK)
		return err;
	if (r->claims_fd < 0)
		r->claims_fd = open(r->claims_path,
		                    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		                    0600);
	if (r->claims_fd < 0)
		err = fail_claims(r);
	sql_leave(&r->writer);
	return err;
}

/* Its number is random, so that none that died had it. */
static enum rec_err
lock_claim(const struct records *r, int64_t *ret_claim)
{
	struct flock byte;
	uint64_t number;

	randombytes_buf(&number, sizeof number);
	byte = byte_of((int64_t)(number >> 2 | 1), F_WRLCK);
	if (fcntl(r->claims_fd, F_OFD_SETLK, &byte) != 0)
		return fail_claims(r);
	*ret_claim = byte.l_start;
	return REC_OK;
}

static void
unlock_claim(const struct records *r, int64_t claim)
{
	struct flock byte = byte_of(claim, F_UNLCK);

	if (fcntl(r->claims_fd, F_OFD_SETLK, &byte) != 0)
		fail_claims(r);
}

/* how: F_GETLK, by anybody; F_OFD_GETLK, by others than r. If nobody can say,
 * it is. */
static bool
is_locked(const struct records *r, int64_t claim, int how)
{
	struct flock byte = byte_of(claim, F_WRLCK);

	if (fcntl(r->claims_fd, how, &byte) != 0) {
		fail_claims(r);
		return true;
	}
	return byte.l_type != F_UNLCK;
}

/* --- beginning ----------------------------------------------------------- */

/* REC_NOT_FOUND: nobody has asked for it yet. */
static enum rec_err
get_result(struct sql *sql, const struct pkcs12_ask *ask,
           struct pkcs12_result *ret_result, int64_t *ret_claim)
{
	struct pkcs12_result got = { 0 };
	int64_t claim;
	struct call call = call_begin(sql, STMT_PKCS12_GET);

	put_text(&call, ask->user);
	put_text(&call, ask->application);
	if (!call_row(&call))
		return call_end(&call);
	got.state = (enum pkcs12_state)get_number(&call);
	got.approved = get_number(&call) != 0;
	claim = get_number(&call);
	got.request = get_number(&call);
	get_text(&call, got.subscriber, sizeof got.subscriber);
	get_text(&call, got.reason, sizeof got.reason);
	get_text(&call, got.asked, sizeof got.asked);
	got.file = get_blob(&call, &got.len);
	got.cert = get_number(&call);
	if (call_end(&call) != REC_OK) {
		pkcs12_result_clear(&got);
		return call.err;
	}
	*ret_result = got;
	*ret_claim = claim;
	return REC_OK;
}

/* One that others asked for before. */
static enum rec_err
claim_again(struct records *r, const struct pkcs12_ask *ask,
            const struct pkcs12_result *result)
{
	struct call call = call_begin(&r->writer, STMT_PKCS12_CLAIM);

	put_number(&call, result->request);
	put_number(&call, PKCS12_MADE_NOW);
	put_number(&call, result->claim);
	put_text(&call, ask->subscriber);
	put_text(&call, ask->asked);
	return call_run(&call);
}

static enum rec_err
claim_new(struct records *r, const struct pkcs12_ask *ask,
          struct pkcs12_result *result)
{
	struct call call;
	enum rec_err err = counter_next(&r->writer, "order", &result->request);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->writer, STMT_PKCS12_ADD);
	put_number(&call, result->request);
	put_text(&call, ask->user);
	put_text(&call, ask->application);
	put_text(&call, ask->subscriber);
	put_text(&call, ask->asked);
	put_number(&call, time(NULL));
	put_number(&call, PKCS12_MADE_NOW);
	put_number(&call, result->claim);
	return call_run(&call);
}

/* Is it to be had? */
static bool
is_free(const struct records *r, const struct pkcs12_result *result,
        int64_t claim)
{
	return result->state == PKCS12_FREE ||
	       (result->state == PKCS12_MADE_NOW &&
	        !is_locked(r, claim, F_GETLK));
}

/* Who approved it has read that, and nothing else. */
static bool
is_as_approved(const struct pkcs12_result *result, const struct pkcs12_ask *ask)
{
	return !result->approved ||
	       (strcmp(result->asked, ask->asked) == 0 &&
	        strcmp(result->subscriber, ask->subscriber) == 0);
}

static bool
set_asked(struct pkcs12_result *result, const struct pkcs12_ask *ask)
{
	size_t subscriber = strlen(ask->subscriber), asked = strlen(ask->asked);

	if (subscriber >= sizeof result->subscriber ||
	    asked >= sizeof result->asked)
		return false;
	memcpy(result->subscriber, ask->subscriber, subscriber + 1);
	memcpy(result->asked, ask->asked, asked + 1);
	return true;
}

/* In a transaction: what was seen before may have changed. */
static enum rec_err
claim(struct records *r, const struct pkcs12_ask *ask,
      struct pkcs12_result *result)
{
	int64_t other = 0;
	bool is_new;
	enum rec_err err = get_result(&r->writer, ask, result, &other);

	is_new = err == REC_NOT_FOUND;
	if (err != REC_OK && !is_new)
		return err;
	if (!is_new && !is_free(r, result, other))
		return REC_OK;
	if (!is_as_approved(result, ask))
		return REC_EXISTS;
	result->state = PKCS12_MADE_NOW;
	if (!set_asked(result, ask))
		return REC_FAILED;
	if ((err = lock_claim(r, &result->claim)) != REC_OK)
		return err;
	return is_new ? claim_new(r, ask, result)
	              : claim_again(r, ask, result);
}

static enum rec_err
claim_whole(struct records *r, const struct pkcs12_ask *ask,
            struct pkcs12_result *ret_result)
{
	struct pkcs12_result result = { 0 };
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	err = sql_end(&r->writer, claim(r, ask, &result));
	if (err == REC_OK) {
		*ret_result = result;
		return REC_OK;
	}
	if (result.claim != 0)
		unlock_claim(r, result.claim);
	pkcs12_result_clear(&result);
	return err;
}

/* What there is to say without a claim. REC_NOT_FOUND: one is to be made. */
static enum rec_err
look(struct records *r, const struct pkcs12_ask *ask,
     struct pkcs12_result *ret_result)
{
	struct pkcs12_result result;
	int64_t claim;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	err = get_result(&r->reader, ask, &result, &claim);
	sql_leave(&r->reader);
	if (err != REC_OK)
		return err;
	if (is_free(r, &result, claim)) {
		pkcs12_result_clear(&result);
		return REC_NOT_FOUND;
	}
	*ret_result = result;
	return REC_OK;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return INT64_MAX; /* nobody waits without a clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum rec_err
records_pkcs12_begin(struct records *r, const struct pkcs12_ask *ask,
                     unsigned wait_ms, struct pkcs12_result *ret_result)
{
	static const struct timespec pause = { 0, LOOK_MS * 1000000L };
	int64_t until = now_ms() + wait_ms;
	enum rec_err err = open_claims(r);

	if (err != REC_OK)
		return err;
	for (;;) {
		err = look(r, ask, ret_result);
		if (err == REC_NOT_FOUND)
			err = claim_whole(r, ask, ret_result);
		if (err != REC_OK || ret_result->claim != 0 ||
		    ret_result->state != PKCS12_MADE_NOW || now_ms() >= until)
			return err;
		nanosleep(&pause, NULL); /* a signal: look earlier */
	}
}

/* --- ending -------------------------------------------------------------- */

struct claimed {
	int64_t request;
	char user[ACCOUNT_NAME_MAX + 1], object[NUMBER_TEXT_MAX];
};

/* What the claim is to. REC_STATE: it is none of ours. */
static enum rec_err
find_claimed(struct records *r, int64_t claim, struct claimed *claimed)
{
	struct call call;

	if (is_locked(r, claim, F_OFD_GETLK))
		return REC_STATE;
	call = call_begin(&r->writer, STMT_PKCS12_CLAIMED);
	put_number(&call, claim);
	if (call_row(&call)) {
		claimed->request = get_number(&call);
		get_text(&call, claimed->user, sizeof claimed->user);
		snprintf(claimed->object, sizeof claimed->object, "%jd",
		         (intmax_t)claimed->request);
	}
	call_end(&call);
	return call.err == REC_NOT_FOUND ? REC_STATE : call.err;
}

static enum rec_err
leave(struct records *r, const struct claimed *claimed, enum pkcs12_state state)
{
	struct call call = call_begin(&r->writer, STMT_PKCS12_LEAVE);

	put_number(&call, claimed->request);
	put_number(&call, state);
	return call_run(&call);
}

static enum rec_err
finish(struct records *r, const struct rec_actor *actor, int64_t claim,
       const struct cert_new *cert, const void *file, size_t len, int64_t *id)
{
	struct claimed claimed;
	struct call call;
	enum rec_err err;

	if ((err = find_claimed(r, claim, &claimed)) != REC_OK ||
	    (err = cert_append(&r->writer, actor, cert, claimed.user, 0, id)) !=
	            REC_OK)
		return err;
	call = call_begin(&r->writer, STMT_PKCS12_DONE);
	put_number(&call, claimed.request);
	put_number(&call, PKCS12_DONE);
	put_number(&call, *id);
	put_blob(&call, file, len);
	if (call_run(&call) != REC_OK)
		return call.err;
	return audit_append(&r->writer, actor, "pkcs12.issue", claimed.object,
	                    "certificate=%jd user=%s", (intmax_t)*id,
	                    claimed.user);
}

enum rec_err
records_pkcs12_finish(struct records *r, const struct rec_actor *actor,
                      int64_t claim, const struct cert_new *cert,
                      const void *file, size_t len, int64_t *ret_cert)
{
	int64_t id;
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	err = sql_end(&r->writer,
	              finish(r, actor, claim, cert, file, len, &id));
	if (err == REC_OK) {
		unlock_claim(r, claim);
		*ret_cert = id;
	}
	return err;
}

static enum rec_err
wait_for_approval(struct records *r, const struct rec_actor *actor,
                  int64_t claim)
{
	struct claimed claimed;
	enum rec_err err;

	if ((err = find_claimed(r, claim, &claimed)) != REC_OK ||
	    (err = leave(r, &claimed, PKCS12_WAITS)) != REC_OK)
		return err;
	return audit_append(&r->writer, actor, "pkcs12.wait", claimed.object,
	                    "user=%s", claimed.user);
}

enum rec_err
records_pkcs12_wait(struct records *r, const struct rec_actor *actor,
                    int64_t claim)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	err = sql_end(&r->writer, wait_for_approval(r, actor, claim));
	if (err == REC_OK)
		unlock_claim(r, claim);
	return err;
}

static enum rec_err
give_up(struct records *r, int64_t claim)
{
	struct claimed claimed;
	enum rec_err err = find_claimed(r, claim, &claimed);

	return err == REC_OK ? leave(r, &claimed, PKCS12_FREE) : err;
}

enum rec_err
records_pkcs12_give_up(struct records *r, int64_t claim)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err == REC_OK)
		err = sql_end(&r->writer, give_up(r, claim));
	unlock_claim(r, claim); /* it is free if the records say so or not */
	return err;
}

/* --- approving ----------------------------------------------------------- */

/* What is approved and not yet made may still be rejected. */
static enum rec_err
check_undecided(struct sql *sql, int64_t request, bool approve)
{
	enum pkcs12_state state;
	bool approved;
	struct call call = call_begin(sql, STMT_PKCS12_STATE);

	put_number(&call, request);
	if (call_row(&call)) {
		state = (enum pkcs12_state)get_number(&call);
		approved = get_number(&call) != 0;
		if (state != PKCS12_WAITS &&
		    (approve || !approved || state != PKCS12_FREE))
			call.err = REC_STATE;
	}
	return call_end(&call);
}

static enum rec_err
decide(struct sql *sql, const struct rec_actor *actor, int64_t request,
       bool approve, const char *reason)
{
	char object[NUMBER_TEXT_MAX];
	struct call call;
	enum rec_err err = check_undecided(sql, request, approve);

	if (err != REC_OK)
		return err;
	call = call_begin(sql, STMT_PKCS12_DECIDE);
	put_number(&call, request);
	put_number(&call, approve ? PKCS12_FREE : PKCS12_REJECTED);
	put_number(&call, approve);
	put_text(&call, reason);
	if (call_run(&call) != REC_OK)
		return call.err;
	snprintf(object, sizeof object, "%jd", (intmax_t)request);
	return audit_append(sql, actor,
	                    approve ? "pkcs12.approve" : "pkcs12.reject",
	                    object, "reason=%s", reason);
}

enum rec_err
records_pkcs12_decide(struct records *r, const struct rec_actor *actor,
                      int64_t request, bool approve, const char *reason)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer,
	               decide(&r->writer, actor, request, approve, reason));
}

/* --- for who approves ---------------------------------------------------- */

static bool
read_waiting(struct call *call, struct pkcs12_waiting *waiting)
{
	*waiting = (struct pkcs12_waiting){ 0 };
	if (!call_row(call))
		return false;
	waiting->request = get_number(call);
	waiting->begun = get_number(call);
	get_text(call, waiting->user, sizeof waiting->user);
	get_text(call, waiting->application, sizeof waiting->application);
	get_text(call, waiting->subscriber, sizeof waiting->subscriber);
	get_text(call, waiting->asked, sizeof waiting->asked);
	return call->err == REC_OK;
}

enum rec_err
records_pkcs12_waiting(struct records *r, const char *account, int64_t before,
                       struct pkcs12_waiting *waiting, size_t room,
                       size_t *ret_n)
{
	struct call call;
	size_t n = 0;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_PKCS12_WAITING);
	put_number(&call, before != 0 ? before : INT64_MAX);
	put_number(&call, (int64_t)room);
	put_text(&call, account);
	while (n < room && read_waiting(&call, &waiting[n]))
		n++;
	err = call_end_rows(&call);
	sql_leave(&r->reader);
	if (err == REC_OK)
		*ret_n = n;
	return err;
}

enum rec_err
records_pkcs12_get(struct records *r, int64_t request,
                   struct pkcs12_info *ret_info)
{
	struct pkcs12_info info = { 0 };
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_PKCS12_INFO);
	put_number(&call, request);
	if (read_waiting(&call, &info.ask)) {
		info.state = (enum pkcs12_state)get_number(&call);
		info.approved = get_number(&call) != 0;
		get_text(&call, info.reason, sizeof info.reason);
		info.cert = get_number(&call);
	}
	err = call_end(&call);
	sql_leave(&r->reader);
	if (err == REC_OK)
		*ret_info = info;
	return err;
}

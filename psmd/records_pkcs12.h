/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_pkcs12.h - PKCS#12 files, made once for each user and applicationId.
 * Kept are the finished file and what it is called by: neither its password
 * nor the request.
 *
 * Who begins one has a claim, until it finishes or gives up, or its process
 * ends, however it ends: the operating system takes back a lock then that each
 * claim is known by (on a file beside the records, named -claims). */

#ifndef PSMD_RECORDS_PKCS12_H
#define PSMD_RECORDS_PKCS12_H

#include "psmd/records_cert.h"

enum {
	PKCS12_APPLICATION_MAX = 255, /* bytes, as those below */
	PKCS12_SUBSCRIBER_MAX = 255,
	PKCS12_REASON_MAX = 255,
	PKCS12_ASKED_MAX = 4000
};

enum pkcs12_state {
	PKCS12_MADE_NOW, /* somebody has a claim to it */
	PKCS12_FREE,     /* nobody has, any more */
	PKCS12_WAITS,    /* for approval */
	PKCS12_REJECTED,
	PKCS12_DONE
};

struct pkcs12_result {
	int64_t claim; /* the caller's, for it to make; 0: it has none */
	bool approved; /* with a claim: somebody has approved it */
	enum pkcs12_state state;
	int64_t request; /* requestId; six digits or more */
	char subscriber[PKCS12_SUBSCRIBER_MAX + 1];
	char reason[PKCS12_REASON_MAX + 1]; /* of a rejection */
	char asked[PKCS12_ASKED_MAX + 1];
	unsigned char *file; /* PKCS12_DONE: the PKCS#12 */
	size_t len;
	int64_t cert; /* and its certificate's id */
};

void pkcs12_result_clear(struct pkcs12_result *result);

/* What one is asked for with. */
struct pkcs12_ask {
	const char *user, *application, *subscriber;
	const char *asked; /* all that decides what is made (profile, subject,
	                    * names, validity, kind of key), for who approves
	                    * it to read; no secret */
};

/* Claim it, unless it is done, waits or is rejected. While another makes it:
 * wait up to wait_ms milliseconds for that; then state is PKCS12_MADE_NOW, and
 * claim 0. REC_EXISTS: what was approved is not what is asked for now. Clear it
 * with pkcs12_result_clear(). */
enum rec_err records_pkcs12_begin(struct records *r,
                                  const struct pkcs12_ask *ask,
                                  unsigned wait_ms,
                                  struct pkcs12_result *ret_result);
/* The claim's end, well. REC_SERIAL: issue again; the claim stays. REC_STATE:
 * it is no claim of r's. */
enum rec_err records_pkcs12_finish(struct records *r,
                                   const struct rec_actor *actor, int64_t claim,
                                   const struct cert_new *cert,
                                   const void *file, size_t len,
                                   int64_t *ret_cert);
/* The claim's end: somebody is to approve it. */
enum rec_err records_pkcs12_wait(struct records *r,
                                 const struct rec_actor *actor, int64_t claim);
/* The claim's end, without a file: the next who asks has one. */
enum rec_err records_pkcs12_give_up(struct records *r, int64_t claim);
/* Approve or reject one that waits, or reject one that is approved and not yet
 * made; else REC_STATE. It is made when it is asked for again. */
enum rec_err records_pkcs12_decide(struct records *r,
                                   const struct rec_actor *actor,
                                   int64_t request, bool approve,
                                   const char *reason);

struct pkcs12_waiting {
	int64_t request, begun;
	char user[ACCOUNT_NAME_MAX + 1];
	char application[PKCS12_APPLICATION_MAX + 1];
	char subscriber[PKCS12_SUBSCRIBER_MAX + 1];
	char asked[PKCS12_ASKED_MAX + 1];
};

/* Those that wait, the newest first, as order_filter has it: of account (NULL:
 * anybody's), with numbers below before (0: from the newest on). */
enum rec_err records_pkcs12_waiting(struct records *r, const char *account,
                                    int64_t before,
                                    struct pkcs12_waiting *waiting, size_t room,
                                    size_t *ret_n);

/* One of any state, without its file. */
struct pkcs12_info {
	struct pkcs12_waiting ask;
	enum pkcs12_state state;
	bool approved;
	char reason[PKCS12_REASON_MAX + 1]; /* of the decision; "" */
	int64_t cert; /* PKCS12_DONE: its certificate's id */
};

enum rec_err records_pkcs12_get(struct records *r, int64_t request,
                                struct pkcs12_info *ret_info);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_cert.h - certificates that were issued, who may use them, and which
 * were revoked. They come by records_order_issue() and
 * records_pkcs12_finish(). Accounts as in records_order.h. */

#ifndef PSMD_RECORDS_CERT_H
#define PSMD_RECORDS_CERT_H

#include "psmd/records.h"

enum {
	CERT_SERIAL_MAX = 40,     /* digits: 20 bytes */
	CERT_ISSUER_MAX = 64,     /* bytes, as those below */
	CERT_REQUEST_ID_MAX = 64,
	CERT_REVOKED_PAGE = 256
};

struct cert_new {
	const char *serial;     /* as in cert_serial() */
	const char *issuer;     /* the authority's name here */
	const char *request_id; /* certReqId in decimal; NULL: none */
	bool encrypted;         /* proves possession by being opened: never
	                         * given out in the clear */
	const void *der;
	size_t der_len;
	const char *subject;    /* RFC 4514 */
	int64_t not_before, not_after; /* seconds since 1970 */
};

struct cert_record {
	int64_t id; /* 16 digits; JavaScript's numbers hold it */
	char serial[CERT_SERIAL_MAX + 1]; /* lower case, no leading zeros */
	char issuer[CERT_ISSUER_MAX + 1];
	int64_t order; /* 0: none */
	char account[ACCOUNT_NAME_MAX + 1];
	char request_id[CERT_REQUEST_ID_MAX + 1]; /* "": none */
	bool encrypted;
	int64_t not_before, not_after;
	int64_t revoked; /* 0: not */
	int reason;      /* CRLReason */
	char *subject;
	unsigned char *der;
	size_t der_len;
};

void cert_record_clear(struct cert_record *cert);
/* n of them, and the list. */
void cert_records_free(struct cert_record *certs, size_t n);

/* A serial number as it is kept: 1 to CERT_SERIAL_MAX hexadecimal digits of
 * either case after any number of zeros, and not zero. false: it is none. */
bool cert_serial(const char *text, char ret_serial[CERT_SERIAL_MAX + 1]);

/* Clear it with cert_record_clear(). */
enum rec_err records_cert_get(struct records *r, const char *account,
                              int64_t id, struct cert_record *ret_cert);
/* serial as in cert_serial(). */
enum rec_err records_cert_find(struct records *r, const char *account,
                               const char *serial,
                               struct cert_record *ret_cert);
/* Those of an order, as they were issued; none before. cert_records_free(). */
enum rec_err records_cert_list(struct records *r, int64_t order,
                               struct cert_record **ret_certs, size_t *ret_n);

/* user, who is an account, may use it. Once more: nothing changes. */
enum rec_err records_cert_add_user(struct records *r,
                                   const struct rec_actor *actor, int64_t id,
                                   const char *user);
/* REC_NOT_FOUND: neither its account nor one of those. Whether it is revoked or
 * has expired is not asked. */
enum rec_err records_cert_may_use(struct records *r, int64_t id,
                                  const char *user);

struct cert_user {
	char name[ACCOUNT_NAME_MAX + 1];
};

/* Those who were added: sorted, from the name after on ("": the first). */
enum rec_err records_cert_users(struct records *r, int64_t id,
                                const char *after, struct cert_user *users,
                                size_t room, size_t *ret_n);

enum {
	CERT_HOLD = 6, /* CRLReason certificateHold */
	CERT_RELEASE = 8 /* removeFromCRL: ends that, and nothing else */
};

/* Revoke it, at time, for a reason of RFC 5280, 5.3.1. One that is on hold can
 * be revoked for good, or released. REC_STATE: it is revoked; or not on hold;
 * or there is no such reason, or time. */
enum rec_err records_cert_revoke(struct records *r,
                                 const struct rec_actor *actor, int64_t id,
                                 int reason, int64_t time);

struct cert_revoked {
	char serial[CERT_SERIAL_MAX + 1];
	int64_t time;
	int reason;
};

/* Records whose last CRL has a lesser number than one that is published are a
 * copy made before it: revoke again what that lists and they know. *ret_n: how
 * many that were. All or none. */
enum rec_err records_cert_take_back(struct records *r,
                                    const struct rec_actor *actor,
                                    int64_t number,
                                    const struct cert_revoked *listed, size_t n,
                                    size_t *ret_n);
/* Call fn for what a CRL of issuer lists: what is revoked when this begins, and
 * had not expired by since. fn may use r; it returns false to end this. */
enum rec_err records_cert_revoked(struct records *r, const char *issuer,
                                  int64_t since,
                                  bool (*fn)(const struct cert_revoked *cert,
                                             void *arg),
                                  void *arg);
/* The number of issuer's next CRL, greater than each before, and than above:
 * records that are a copy made earlier do not know the last ones. Who makes one
 * keeps others from it until it is published: of two at a time, that with the
 * greater number may have read what is revoked before the other. REC_STATE:
 * above is INT64_MAX. */
enum rec_err records_crl_next(struct records *r, const struct rec_actor *actor,
                              const char *issuer, int64_t above,
                              int64_t *ret_number);
/* The number is that of the last one still, if nothing was revoked or released
 * since: such a change takes a number as well. 0: there was none. */
enum rec_err records_crl_last(struct records *r, int64_t *ret_number);

#endif

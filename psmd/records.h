/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records.h - what the daemon keeps besides keys and certificates, behind one
 * narrow door, so that another SQL database can stand behind it. Today: SQLite.
 *
 * A struct records may be used by several threads. Every change is on the disk
 * before its call returns, and with it, or not at all, its entry in the audit
 * trail. Accounts are here; the rest of the door is records_order.h,
 * records_cert.h, records_pkcs12.h and records_audit.h.
 *
 * What is given to a call is UTF-8 and not longer than the constants say. An
 * account that is removed and made again under its name has what was that
 * name's. */

#ifndef PSMD_RECORDS_H
#define PSMD_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rec_err {
	REC_OK,
	REC_NOT_FOUND,
	REC_EXISTS,
	REC_BUSY,    /* locked by another process for ten seconds */
	REC_FULL,    /* no room on the disk */
	REC_READ_ONLY, /* the file may not be written */
	REC_VERSION, /* made by a later version of psmd */
	REC_SERIAL,  /* a certificate has that serial number: issue again */
	REC_STATE,   /* not in the state that this wants */
	REC_FAILED   /* damaged, unreadable, out of memory */
};

const char *rec_strerror(enum rec_err err);

struct records;

/* Who does it: for the audit trail. */
struct rec_actor {
	const char *account; /* "": the program itself */
	const char *address; /* "local": by a command on this machine */
};

/* Open the file, or make it (mode 0600) with create; older layouts are brought
 * up to date in one transaction. REC_NOT_FOUND: there is none. */
enum rec_err records_open(const char *path, bool create,
                          struct records **ret_records);
void records_close(struct records *records);
/* What was deleted is no longer in the database's log either. To be called now
 * and then. REC_BUSY: somebody reads; another time. */
enum rec_err records_forget(struct records *r);

#define PRIV_SYSTEM 0x01u /* System Control: the certificate store */
#define PRIV_ORDERS 0x02u /* orders of every account: see, approve, revoke */
#define PRIV_ALL    0x03u
/* "system-control" and so on; NULL when bit is no privilege. */
const char *privilege_name(unsigned bit);
/* The bit, 0 for none such. */
unsigned privilege_by_name(const char *name);

#define ACCOUNT_NAME_MAX 64 /* bytes */

struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	unsigned privileges;
	bool enabled;
	char hash[128];        /* Argon2id, as libsodium writes it */
	bool has_digest;       /* HA1 is kept, see auth.h */
	char ha1_md5[33], ha1_sha256[65];
	char realm[65];        /* that HA1 was made for */
	unsigned failures;     /* wrong passwords in a row */
	int64_t locked_until;  /* seconds since 1970; 0: not */
	int64_t created, changed;
	int64_t generation;    /* grows with each change of password, privileges
	                        * or state: what was remembered before is void.
	                        * No two accounts ever have the same */
};

/* 1 to ACCOUNT_NAME_MAX bytes of UTF-8 without control characters and ":". */
bool account_name_valid(const char *name);

/* Adding, changing, removing and locking one are entries of the audit trail, by
 * whoever runs this program. */

/* Its times, generation and failures are set here. */
enum rec_err records_account_add(struct records *r, const struct account *a);
enum rec_err records_account_get(struct records *r, const char *name,
                                 struct account *ret_account);
#define CHANGE_PRIVILEGES 0x01u
#define CHANGE_ENABLED    0x02u
#define CHANGE_PASSWORD   0x04u /* hash, has_digest, ha1 and realm */
#define CHANGE_LOCK       0x08u /* to none, whatever a has */
/* Change of a->name what which says, to what a has; the rest is then as others
 * may have changed it meanwhile. generation is counted up here. */
enum rec_err records_account_change(struct records *r, const struct account *a,
                                    unsigned which);
enum rec_err records_account_remove(struct records *r, const char *name);
/* Sorted by name. Free with free(). */
enum rec_err records_account_list(struct records *r,
                                  struct account **ret_accounts, size_t *ret_n);
/* The same password, hashed anew: no change of the account. REC_NOT_FOUND: its
 * hash is no longer old. */
enum rec_err records_account_rehash(struct records *r, const char *name,
                                    const char *old, const char *hash);
/* Count a wrong password: at limit in a row, locked until now + seconds. A lock
 * is not made longer by further ones. A name there is none of is counted too,
 * all of them together, so that it takes as long: REC_NOT_FOUND.
 *   ret_locked  it was this one that locked the account */
enum rec_err records_account_failed(struct records *r, const char *name,
                                    unsigned limit, int64_t now,
                                    unsigned seconds, bool *ret_locked);
/* A right one: failures start again from none. Also takes off a lock. */
enum rec_err records_account_succeeded(struct records *r, const char *name);

#endif

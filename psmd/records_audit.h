/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_audit.h - who did what, kept so that a change of it shows.
 *
 * An entry's hash is SHA-256 over the hash of the one before it (the first: 32
 * zeros) and the entry itself: its number and time, 8 bytes each, then its five
 * texts, each after its length in 4 bytes; big-endian. The database refuses to
 * change or delete entries; who can write to its file can do so nevertheless,
 * and records_audit_verify() finds it. Against one who makes the whole chain
 * anew, or takes off its end and sets the count of entries back, there is only
 * a hash that was noted elsewhere. */

#ifndef PSMD_RECORDS_AUDIT_H
#define PSMD_RECORDS_AUDIT_H

#include "psmd/records.h"

#define AUDIT_HASH_HEX 65

struct audit_entry {
	int64_t number; /* from 1, without gaps */
	int64_t time;   /* seconds since 1970 */
	const char *account, *address;
	const char *action;  /* "order.issue" */
	const char *object;  /* what it was done to; "" */
	const char *details; /* name=value, blanks between; "". No secret; what
	                      * others wrote is the last value, or has no
	                      * blanks */
	char hash[AUDIT_HASH_HEX]; /* "": the entry is damaged */
};

/* Something that is not a change of the records. */
enum rec_err records_audit_add(struct records *r, const struct rec_actor *actor,
                               const char *action, const char *object,
                               const char *details);

/* Call fn for each entry from the number from on, until it returns false. An
 * entry is good during its call, which must not use r. */
enum rec_err records_audit_list(struct records *r, int64_t from,
                                bool (*fn)(const struct audit_entry *entry,
                                           void *arg),
                                void *arg);

enum audit_verdict {
	AUDIT_INTACT,
	AUDIT_CHANGED, /* the entry is not the one that was written, or the one
	                * before it is not */
	AUDIT_MISSING, /* there is none of that number */
	AUDIT_UNKNOWN  /* none has the hash that was noted */
};

struct audit_check {
	enum audit_verdict verdict;
	int64_t number; /* of the entry; AUDIT_INTACT: of the last, or 0 */
	char hash[AUDIT_HASH_HEX]; /* of the last; "": there is none */
};

/* Walk the chain to where it breaks.
 *   noted  hash of an entry that must be there; NULL: none */
enum rec_err records_audit_verify(struct records *r, const char *noted,
                                  struct audit_check *ret_check);

#endif

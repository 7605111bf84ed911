/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fresh.h - a database, keys and certificates made anew, for tests and
 * benches. What fails here ends the program with a message. */

#ifndef FRESH_H
#define FRESH_H

#include <keyhi.h>
#include <prtime.h>
#include <secitem.h>

/* Open NSS on a new database, without a password, in a directory of its own;
 * fresh_close() shuts NSS down and removes the directory. */
void fresh_open(void);
void fresh_close(void);
/* Only remove the directory: after lib/crmf, whose leaks keep NSS busy. */
void fresh_remove(void);
/* Where it is. */
const char *fresh_dir(void);

/* Both halves of a key that lives as long as they do. */
struct fresh_key {
	SECKEYPrivateKey *private;
	SECKEYPublicKey *public;
};

struct fresh_key fresh_key(KeyType type, unsigned bits);
void fresh_key_free(struct fresh_key *key);
/* SubjectPublicKeyInfo in DER. Free with SECITEM_ZfreeItem(x, PR_TRUE), as
 * what follows. */
SECItem *fresh_spki(const struct fresh_key *key);
/* Name in DER. */
SECItem *fresh_name(const char *text);
/* A certificate on key, signed by issuer with RSA and SHA-256, valid from now
 * for a day. */
SECItem *fresh_cert(const struct fresh_key *key, const char *subject,
                    const struct fresh_key *issuer, const char *issuer_name,
                    unsigned long serial);

/* A certificate by choice, made without NSS's help or its checks. Zero it, then
 * set what differs; spki, subject, issuer and by are needed. */
struct fresh_spec {
	SECItem spki;            /* SubjectPublicKeyInfo in DER */
	SECItem subject, issuer; /* Name in DER */
	const struct fresh_key *by;
	unsigned long serial;
	PRTime not_before, not_after; /* 0: now; a day later */
	PRBool is_ca;
	const char *key_id;      /* subjectKeyIdentifier: these octets */
	const char *issuer_key_id; /* authorityKeyIdentifier */
	PRBool bad_signature;    /* by's, over something else */
};
SECItem *fresh_cert_from(const struct fresh_spec *spec);

/* An authority whose key is in no database. */
struct fresh_authority {
	struct fresh_key key;
	SECItem *name; /* in DER */
	SECItem *cert; /* self-signed, serial number 1 */
};
/* key_id: its subjectKeyIdentifier, or NULL. */
struct fresh_authority fresh_authority(const char *subject,
                                       const char *key_id);
/* Before NSS is closed. A second time does nothing. */
void fresh_authority_free(struct fresh_authority *authority);

#endif

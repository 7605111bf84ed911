/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_session.h - a key pair in memory alone, in a PKCS#11 session of its own.
 *
 * PK11_GenerateKeyPair() makes session keys in the session that all of NSS
 * shares, and keeps its lock all the while: seconds for RSA, in which no TLS
 * handshake gets on. In another session nobody waits. */

#ifndef NU_SESSION_H
#define NU_SESSION_H

#include <keyhi.h>
#include <pk11pub.h>

struct nu_session_key {
	PK11SlotInfo *slot; /* NSS's own, which does cryptography */
	CK_SESSION_HANDLE session; /* the key's life */
	SECKEYPrivateKey *private; /* sensitive, but may leave encrypted */
	SECKEYPublicKey *public;
};

/* As nu_key_generate(), of rsaKey and ecKey. In FIPS mode somebody has logged
 * in. Clear it with nu_session_key_clear(). */
SECStatus nu_session_key_make(KeyType type, unsigned bits,
                              struct nu_session_key *ret_key);
/* The key is gone, for whoever still has a reference too. */
void nu_session_key_clear(struct nu_session_key *key);

#endif

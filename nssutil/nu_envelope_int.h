/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope_int.h - what the nu_envelope_*.c share. */

#ifndef NU_ENVELOPE_INT_H
#define NU_ENVELOPE_INT_H

#include <pk11pub.h>
#include <secoid.h>

#include "nssutil/nu_envelope.h"

/* --- nu_envelope_alg.c: what algorithms there are --------------------- */

/* Content encryption in CBC mode. */
struct envelope_cipher {
	SECOidTag oid;
	CK_MECHANISM_TYPE mechanism;
	unsigned key_len, iv_len;
};
/* The one we write. */
extern const struct envelope_cipher envelope_aes256;

enum envelope_content {
	ENVELOPE_BARE,         /* the bytes themselves */
	ENVELOPE_KEY_WITH_ID,  /* EncKeyWithID, RFC 4211, 6.4 */
	ENVELOPE_KEY_PACKAGE   /* AsymmetricKeyPackage, RFC 5958 */
};

/* How a content key goes to a recipient. */
struct envelope_transport { /* RSA */
	CK_MECHANISM_TYPE mechanism;
	CK_RSA_PKCS_OAEP_PARAMS oaep; /* borrows the message */
};
struct envelope_agreement { /* ECDH */
	CK_ULONG kdf;
	unsigned kek_len;
	SECItem wrap; /* AlgorithmIdentifier of the key wrap, whole */
};

/* Contents of an AlgorithmIdentifier or OID -> what it means.
 * SEC_ERROR_INVALID_ALGORITHM: nothing that we have. */
SECStatus envelope_read_cipher(const SECItem *contents,
                               const struct envelope_cipher **ret_cipher,
                               SECItem *ret_iv);
SECStatus envelope_read_content_type(const SECItem *oid,
                                     enum envelope_content *ret_content);
SECStatus envelope_read_transport(const SECItem *contents,
                                  struct envelope_transport *ret_transport);
SECStatus envelope_read_agreement(const SECItem *contents,
                                  struct envelope_agreement *ret_agreement);

/* OIDs and AlgorithmIdentifiers, whole, in arena. NULL: an NSS error. */
SECItem *envelope_make_oid(PLArenaPool *arena, SECOidTag tag);
SECItem *envelope_make_content_type(PLArenaPool *arena,
                                    enum envelope_content content);
SECItem *envelope_make_cipher(PLArenaPool *arena,
                              const struct envelope_cipher *cipher,
                              const SECItem *iv);
SECItem *envelope_make_rsa(PLArenaPool *arena);
/* What we write: sha256kdf and AES-256 wrap. */
SECItem *envelope_make_agreement(PLArenaPool *arena,
                                 struct envelope_agreement *ret_agreement);
/* ECC-CMS-SharedInfo (RFC 5753, 7.2); ukm may be without data. */
SECItem *envelope_make_shared_info(PLArenaPool *arena,
                                   const struct envelope_agreement *agreement,
                                   const SECItem *ukm);

/* --- nu_envelope_read.c: the message as slices ------------------------ */

struct envelope_recipient {
	KeyType type; /* rsaKey or ecKey */
	SECItem encrypted_key;
	struct envelope_transport transport; /* rsaKey */
	struct envelope_agreement agreement; /* ecKey */
	SECItem point, ukm;                  /* ecKey: the originator's */
};

enum { ENVELOPE_MAX_RECIPIENTS = 32 };

struct envelope {
	enum envelope_content content;
	const struct envelope_cipher *cipher;
	SECItem iv, encrypted;
	struct envelope_recipient recipients[ENVELOPE_MAX_RECIPIENTS];
	size_t n_recipients;
};

/* Of either form, in arena; borrows der. Recipients of kinds that we do not
 * have are left out; none at all is SEC_ERROR_INVALID_ALGORITHM. */
struct envelope *envelope_read(PLArenaPool *arena, const SECItem *der);

/* --- nu_envelope_key.c: the content key ------------------------------- */

/* The encrypted content key, in arena; of ECDH, also the originator's point. */
SECStatus envelope_send_rsa(PLArenaPool *arena, PK11SymKey *content_key,
                            SECKEYPublicKey *to, SECItem *ret_encrypted);
SECStatus envelope_send_ec(PLArenaPool *arena, PK11SymKey *content_key,
                           SECKEYPublicKey *to,
                           const struct envelope_agreement *agreement,
                           void *wincx, SECItem *ret_point,
                           SECItem *ret_encrypted);
/* The content key, for operation (CKA_DECRYPT, CKA_UNWRAP). */
PK11SymKey *envelope_receive(const struct envelope *envelope,
                             const struct envelope_recipient *recipient,
                             SECKEYPrivateKey *opener,
                             CK_ATTRIBUTE_TYPE operation, void *wincx);

/* --- nu_envelope_write.c ---------------------------------------------- */

/* What is encrypted already, under key and iv. */
struct envelope_parcel {
	enum envelope_content content;
	PK11SymKey *key;
	const SECItem *iv, *encrypted;
};

/* Put together; EncryptedValue does not tell what its content is. */
SECItem *envelope_write(const struct envelope_parcel *parcel,
                        SECKEYPublicKey *to, enum nu_envelope_form form,
                        void *wincx);

/* --- nu_envelope.c: bytes --------------------------------------------- */

enum { ENVELOPE_MAX_IV = 16 };

/* A content key of ours for one use. */
struct envelope_fresh {
	PK11SymKey *key;
	unsigned char octets[ENVELOPE_MAX_IV];
	SECItem iv; /* octets */
};
/* For operations (CKF_WRAP ...) and no others, since tokens refuse what they
 * think unsafe together. In slot if that can, since a key is wrapped where it
 * lives; slot may be NULL. */
SECStatus envelope_make_fresh(PK11SlotInfo *slot, CK_FLAGS operations,
                              void *wincx, struct envelope_fresh *ret_fresh);
void envelope_fresh_clear(struct envelope_fresh *fresh);
#define envelope_auto_fresh                                   \
	__attribute__((cleanup(envelope_fresh_clear))) struct \
	        envelope_fresh

SECStatus envelope_log_in(PK11SlotInfo *slot, void *wincx);
SECStatus envelope_encrypt(PLArenaPool *arena,
                           const struct envelope_fresh *fresh,
                           const SECItem *data, SECItem *ret_encrypted);
SECStatus envelope_decrypt(PLArenaPool *arena, PK11SymKey *key,
                           CK_MECHANISM_TYPE mechanism, const SECItem *iv,
                           const SECItem *encrypted, SECItem *ret_data);
SECItem *envelope_seal(const SECItem *data, enum envelope_content content,
                       SECKEYPublicKey *to, enum nu_envelope_form form,
                       void *wincx);
SECStatus envelope_open(PLArenaPool *arena, const struct envelope *envelope,
                        SECKEYPrivateKey *opener, void *wincx,
                        SECItem *ret_data);
/* One error for whatever does not open: who sent it need not learn how far we
 * came. Is SECFailure. */
SECStatus envelope_cannot_open(void);

#endif

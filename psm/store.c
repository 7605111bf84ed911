/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* store.c - the certificates in the store: list, find, delete. */

#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_name.h"
#include "psm/internal.h"

/* --- walking a token's certificates ------------------------------------- */

static SECItem
item_of(const CK_ATTRIBUTE *attribute)
{
	return (SECItem){ siBuffer, attribute->pValue,
		          (unsigned)attribute->ulValueLen };
}

/* Read one object and hand it to fn. One that vanished meanwhile is skipped. */
static SECStatus
visit(PK11SlotInfo *slot, PK11GenericObject *o, store_object_fn fn, void *arg)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CK_ATTRIBUTE attributes[] = { { CKA_VALUE, NULL, 0 },
		                      { CKA_LABEL, NULL, 0 },
		                      { CKA_ID, NULL, 0 } };
	struct store_object object = { .slot = slot };

	if (arena == NULL)
		return SECFailure;
	if (PK11_ReadRawAttributes(arena, PK11_TypeGeneric, o, attributes, 3) !=
	    SECSuccess)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	if (attributes[0].pValue == NULL)
		return SECSuccess;
	object.der = item_of(&attributes[0]);
	object.id = item_of(&attributes[2]);
	if (attributes[1].pValue != NULL && attributes[1].ulValueLen > 0) {
		object.label = PORT_ArenaZAlloc(arena,
		                                attributes[1].ulValueLen + 1);
		if (object.label == NULL)
			return SECFailure;
		memcpy(object.label, attributes[1].pValue,
		       attributes[1].ulValueLen);
	}
	return fn(&object, arg);
}

SECStatus
store_walk(PK11SlotInfo *slot, store_object_fn fn, void *arg)
{
	nu_auto(PK11GenericObject) objects = NULL;

	PORT_SetError(0);
	objects = PK11_FindGenericObjects(slot, CKO_CERTIFICATE);
	if (objects == NULL && nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	for (PK11GenericObject *o = objects; o != NULL;
	     o = PK11_GetNextGenericObject(o)) {
		if (visit(slot, o, fn, arg) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

/* --- list --------------------------------------------------------------- */

struct listing {
	struct psm_ctx *ctx;
	struct psm_cert_list *list;
	struct idset *keys; /* of the token being walked */
};

/* A certificate that does not parse is left out: another program's damage
 * must not hide the rest. */
static SECStatus
list_object(const struct store_object *object, void *arg)
{
	struct listing *listing = arg;
	struct psm_cert *cert;

	cert = cert_list_add(listing->list, &object->der, object->label,
	                     PK11_GetTokenName(object->slot));
	if (cert == NULL)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	cert->has_key = idset_has(listing->keys, &object->id);
	ctx_progress(listing->ctx, "listing certificates",
	             psm_cert_list_count(listing->list), 0);
	return SECSuccess;
}

/* A locked token hides its private keys, but not their public halves. */
static CK_OBJECT_CLASS
visible_keys(PK11SlotInfo *slot, void *wincx)
{
	return PK11_NeedLogin(slot) && !PK11_IsLoggedIn(slot, wincx)
	               ? CKO_PUBLIC_KEY
	               : CKO_PRIVATE_KEY;
}

static SECStatus
list_slot(struct listing *listing, PK11SlotInfo *slot)
{
	SECStatus rv;

	listing->keys = idset_new(slot,
	                          visible_keys(slot, &listing->ctx->pin));
	if (listing->keys == NULL)
		return SECFailure;
	rv = store_walk(slot, list_object, listing);
	idset_free(listing->keys);
	return rv;
}

static enum psm_err
list_all(struct psm_ctx *ctx, struct psm_cert_list *list)
{
	struct listing listing = { ctx, list, NULL };
	struct nu_slots *slots = nu_slots_new();
	enum psm_err err = PSM_OK;

	if (slots == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN, "cannot list the tokens");
	for (size_t i = 0; i < slots->n && err == PSM_OK; i++) {
		if (list_slot(&listing, slots->slot[i]) != SECSuccess)
			err = psm_fail_nss(ctx, PSM_E_STORE,
			                   "cannot list \"%s\"",
			                   PK11_GetTokenName(slots->slot[i]));
	}
	nu_slots_free(slots);
	return err;
}

enum psm_err
psm_store_list(struct psm_ctx *ctx, struct psm_cert_list **ret_list)
{
	struct psm_cert_list *list;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	list = cert_list_new();
	if (list == NULL)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "listing");
	err = list_all(ctx, list);
	if (err != PSM_OK) {
		psm_cert_list_free(list);
		return err;
	}
	*ret_list = list;
	return PSM_OK;
}

/* --- find ---------------------------------------------------------------- */

struct search {
	CERTCertList *found;
	const char *nickname; /* or NULL: by fingerprint */
	SECOidTag hash;
	unsigned char digest[HASH_LENGTH_MAX];
	size_t digest_len;
};

static bool
fits(const struct search *search, const struct store_object *object)
{
	unsigned char digest[HASH_LENGTH_MAX];

	if (search->nickname != NULL)
		return object->label != NULL &&
		       strcmp(object->label, search->nickname) == 0;
	return PK11_HashBuf(search->hash, digest, object->der.data,
	                    (PRInt32)object->der.len) == SECSuccess &&
	       memcmp(digest, search->digest, search->digest_len) == 0;
}

static SECStatus
search_object(const struct store_object *object, void *arg)
{
	struct search *search = arg;
	CERTCertificate *cert;

	if (!fits(search, object))
		return SECSuccess;
	PORT_SetError(0);
	cert = PK11_FindCertFromDERCertItem(object->slot, &object->der, NULL);
	if (cert == NULL) /* gone since */
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	if (CERT_AddCertToListTail(search->found, cert) != SECSuccess) {
		CERT_DestroyCertificate(cert);
		return SECFailure;
	}
	return SECSuccess;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A SHA-1 or SHA-256 fingerprint, colons between its octets or not. */
static bool
parse_fingerprint(const char *text, struct search *search)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		int digit = hex_digit(*text);

		if (*text == ':' && n > 0 && n % 2 == 0)
			continue;
		if (digit < 0 || n == 64)
			return false;
		search->digest[n / 2] = (unsigned char)(
		        n % 2 ? search->digest[n / 2] << 4 | digit : digit);
		n++;
	}
	search->digest_len = n / 2;
	search->hash = n == 40 ? SEC_OID_SHA1 : SEC_OID_SHA256;
	return n == 40 || n == 64;
}

static enum psm_err
search_all(struct psm_ctx *ctx, struct search *search)
{
	struct nu_slots *slots = nu_slots_new();
	SECStatus rv = SECSuccess;

	if (slots == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN, "cannot list the tokens");
	for (size_t i = 0; i < slots->n && rv == SECSuccess; i++)
		rv = store_walk(slots->slot[i], search_object, search);
	nu_slots_free(slots);
	return rv == SECSuccess
	               ? PSM_OK
	               : psm_fail_nss(ctx, PSM_E_STORE, "cannot search");
}

/* NSS's own look-up uses an index: in the database, or in the token before the
 * colon. What is there need not be one, which NSS complains of. */
static enum psm_err
find_in_token(struct psm_ctx *ctx, const char *name, CERTCertList **ret_certs)
{
	const char *colon = strchr(name, ':');
	nu_auto_mem char *token = NULL;
	nu_auto(PK11SlotInfo) slot = NULL;

	if (colon != NULL && (token = strdup(name)) == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if (token != NULL)
		token[colon - name] = '\0';
	slot = nu_slot_find(token);
	if (slot != NULL &&
	    certobj_find(slot, name, &ctx->pin, ret_certs) == SECSuccess)
		return PSM_OK;
	if (token != NULL &&
	    (slot == NULL || PORT_GetError() == SEC_ERROR_NO_TOKEN))
		return PSM_OK;
	return psm_fail_nss(ctx, PSM_E_STORE, "cannot search");
}

/* NSS does not find a nickname with a colon in it, as other programs store
 * them; walking does. */
static enum psm_err
find_by_nickname(struct psm_ctx *ctx, const char *name,
                 CERTCertList **ret_certs)
{
	nu_auto(CERTCertList) found = NULL;
	struct search search = { .nickname = name };
	enum psm_err err = find_in_token(ctx, name, &found);

	if (err != PSM_OK)
		return err;
	if (found == NULL && (found = CERT_NewCertList()) == NULL)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "searching");
	search.found = found;
	if (CERT_LIST_EMPTY(found) && strchr(name, ':') != NULL &&
	    (err = search_all(ctx, &search)) != PSM_OK)
		return err;
	*ret_certs = nu_take(found);
	return PSM_OK;
}

/* None if it is no fingerprint. */
static enum psm_err
find_by_fingerprint(struct psm_ctx *ctx, const char *name,
                    CERTCertList **ret_certs)
{
	nu_auto(CERTCertList) found = CERT_NewCertList();
	struct search search = { .found = found };
	enum psm_err err;

	if (found == NULL)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "searching");
	if (parse_fingerprint(name, &search) &&
	    (err = search_all(ctx, &search)) != PSM_OK)
		return err;
	*ret_certs = nu_take(found);
	return PSM_OK;
}

/* The fingerprint comes first: a CA chooses what its certificates are called,
 * and could call one by the fingerprint of another. */
enum psm_err
store_find(struct psm_ctx *ctx, const char *name, CERTCertList **ret_certs)
{
	nu_auto(CERTCertList) found = NULL;
	enum psm_err err = find_by_fingerprint(ctx, name, &found);

	if (err == PSM_OK && CERT_LIST_EMPTY(found)) {
		CERT_DestroyCertList(nu_take(found));
		err = find_by_nickname(ctx, name, &found);
	}
	if (err != PSM_OK)
		return err;
	if (CERT_LIST_EMPTY(found))
		return psm_fail(ctx, PSM_E_NOT_FOUND,
		                "there is no certificate \"%s\"", name);
	*ret_certs = nu_take(found);
	return PSM_OK;
}

static SECStatus
add_found(struct psm_cert_list *list, CERTCertificate *cert)
{
	const char *token = cert->slot != NULL ? PK11_GetTokenName(cert->slot)
	                                       : "";
	struct psm_cert *out = cert_list_add(
	        list, &cert->derCert, store_bare_nickname(cert), token);

	if (out == NULL)
		return SECFailure;
	out->has_key = CERT_IsUserCert(cert);
	return SECSuccess;
}

enum psm_err
psm_store_get(struct psm_ctx *ctx, const char *name,
              struct psm_cert_list **ret_list)
{
	nu_auto(CERTCertList) certs = NULL;
	struct psm_cert_list *list;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK || (err = store_find(ctx, name, &certs)) != PSM_OK)
		return err;
	list = cert_list_new();
	if (list == NULL)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "searching");
	for (CERTCertListNode *n = CERT_LIST_HEAD(certs);
	     !CERT_LIST_END(n, certs); n = CERT_LIST_NEXT(n)) {
		if (add_found(list, n->cert) != SECSuccess) {
			psm_cert_list_free(list);
			return psm_fail_nss(ctx, PSM_E_STORE, "cannot read %s",
			                    name);
		}
	}
	*ret_list = list;
	return PSM_OK;
}

/* --- delete -------------------------------------------------------------- */

const char *
store_bare_nickname(const CERTCertificate *cert)
{
	const char *nickname = cert->nickname;
	const char *token;
	size_t len;

	if (nickname == NULL || cert->slot == NULL)
		return nickname;
	token = PK11_GetTokenName(cert->slot);
	len = strlen(token);
	return strncmp(nickname, token, len) == 0 && nickname[len] == ':'
	               ? nickname + len + 1
	               : nickname;
}

static void
delete_public_key(PK11SlotInfo *slot, const SECItem *key_id)
{
	nu_auto(PK11GenericObject) objects =
	        PK11_FindGenericObjects(slot, CKO_PUBLIC_KEY);
	CK_OBJECT_HANDLE handle;

	for (PK11GenericObject *o = objects; o != NULL;
	     o = PK11_GetNextGenericObject(o)) {
		nu_auto_item id = { siBuffer, NULL, 0 };

		if (PK11_ReadRawAttribute(PK11_TypeGeneric, o, CKA_ID, &id) !=
		            SECSuccess ||
		    !SECITEM_ItemsAreEqual(&id, key_id))
			continue;
		handle = PK11_GetObjectHandle(PK11_TypeGeneric, o, NULL);
		(void)PK11_DestroyTokenObject(slot, handle);
	}
}

SECStatus
store_delete_key(PK11SlotInfo *slot, SECKEYPrivateKey *key)
{
	nu_auto_item id = { siBuffer, NULL, 0 };
	CK_OBJECT_HANDLE handle =
	        PK11_GetObjectHandle(PK11_TypePrivKey, key, NULL);
	bool has_id = nu_key_attribute(key, CKA_ID, &id) == SECSuccess;

	if (!has_id && nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	if (PK11_DestroyTokenObject(slot, handle) != SECSuccess)
		return SECFailure;
	if (has_id)
		delete_public_key(slot, &id);
	return SECSuccess;
}

/* The one certificate that name means. */
static enum psm_err
find_one(struct psm_ctx *ctx, const char *name, CERTCertificate **ret_cert)
{
	nu_auto(CERTCertList) certs = NULL;
	enum psm_err err = store_find(ctx, name, &certs);
	CERTCertListNode *first;

	if (err != PSM_OK)
		return err;
	first = CERT_LIST_HEAD(certs);
	if (!CERT_LIST_END(CERT_LIST_NEXT(first), certs))
		return psm_fail(ctx, PSM_E_AMBIGUOUS,
		                "several certificates are called \"%s\"; "
		                "a fingerprint names one", name);
	*ret_cert = CERT_DupCertificate(first->cert);
	return PSM_OK;
}

size_t
store_count_certs(SECKEYPrivateKey *key)
{
	nu_auto(CERTCertList) certs = PK11_GetCertsMatchingPrivateKey(key);
	size_t n = 0;

	if (certs == NULL)
		return 0;
	for (CERTCertListNode *node = CERT_LIST_HEAD(certs);
	     !CERT_LIST_END(node, certs); node = CERT_LIST_NEXT(node))
		n++;
	return n;
}

/* NSS gives it an id of its own, which a key made elsewhere need not have. */
void
store_again(PK11SlotInfo *slot, const SECItem *der, const char *nickname,
            const SECItem *id)
{
	nu_auto(CERTCertificate) cert =
	        CERT_NewTempCertificate(CERT_GetDefaultCertDB(),
	                                (SECItem *)der, NULL, PR_FALSE, PR_TRUE);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct certobj object;

	if (cert == NULL || PK11_ImportCert(slot, cert, CK_INVALID_HANDLE,
	                                    nickname, PR_FALSE) != SECSuccess)
		return;
	if (arena != NULL &&
	    certobj_read(arena, slot, cert, NULL, &object) == SECSuccess &&
	    !SECITEM_ItemsAreEqual(&object.id, id))
		(void)certobj_set(&object, CKA_ID, id->data, id->len);
}

/* The certificate goes first: a key alone can be found and used again. */
static enum psm_err
delete_both(struct psm_ctx *ctx, CERTCertificate *cert, const char *name,
            SECKEYPrivateKey *key, bool *ret_key_deleted)
{
	nu_auto(PK11SlotInfo) slot = PK11_ReferenceSlot(cert->slot);
	size_t n_certs = key != NULL ? store_count_certs(key) : 0;
	bool with_key = n_certs == 1;
	nu_auto(SECItem) der = SECITEM_DupItem(&cert->derCert);
	const char *bare = store_bare_nickname(cert);
	nu_auto_mem char *nickname = strdup(bare != NULL ? bare : "");
	nu_auto_item id = { siBuffer, NULL, 0 };
	enum psm_err err;

	if (key != NULL &&
	    (n_certs == 0 || nu_key_attribute(key, CKA_ID, &id) != SECSuccess))
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot search for certificates");
	if (der == NULL || nickname == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if (SEC_DeletePermCertificate(cert) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot delete \"%s\"",
		                    name);
	if (with_key && store_delete_key(slot, key) != SECSuccess) {
		err = psm_fail_nss(ctx, PSM_E_STORE,
		                   "cannot delete the key of \"%s\"", name);
		store_again(slot, der, nickname, &id);
		return err;
	}
	*ret_key_deleted = with_key;
	return PSM_OK;
}

static enum psm_err
check_deletable(struct psm_ctx *ctx, CERTCertificate *cert, const char *name)
{
	nu_auto(PK11SlotList) slots = PK11_GetAllSlotsForCert(cert, &ctx->pin);
	PK11SlotListElement *first;

	if (cert->slot == NULL || slots == NULL ||
	    (first = PK11_GetFirstSafe(slots)) == NULL)
		return psm_fail(ctx, PSM_E_NOT_FOUND,
		                "\"%s\" is in no token", name);
	if (PK11_GetNextSafe(slots, first, PR_FALSE) != NULL) {
		return psm_fail(ctx, PSM_E_AMBIGUOUS,
		                "\"%s\" is in several tokens", name);
	}
	return ctx_writable(ctx, cert->slot);
}

enum psm_err
store_delete(struct psm_ctx *ctx, CERTCertificate *cert, const char *name,
             unsigned flags, bool *ret_key_deleted)
{
	nu_auto(SECKEYPrivateKey) key = NULL;
	enum psm_err err = check_deletable(ctx, cert, name);
	bool stored;

	if (err != PSM_OK)
		return err;
	if (!(flags & PSM_DELETE_KEEP_KEY)) {
		if ((err = ctx_login(ctx, cert->slot)) != PSM_OK)
			return err;
		PORT_SetError(0);
		key = PK11_FindPrivateKeyFromCert(cert->slot, cert, &ctx->pin);
		if (key == NULL && nu_err_is_trouble(PORT_GetError()))
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot read the key of \"%s\"",
			                    name);
	}
	stored = key != NULL && nu_key_is_stored(key);
	if (key != NULL && !stored && nu_err_is_trouble(PORT_GetError()))
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot read the key of \"%s\"", name);
	return delete_both(ctx, cert, name, stored ? key : NULL,
	                   ret_key_deleted);
}

enum psm_err
psm_store_delete(struct psm_ctx *ctx, const char *name, unsigned flags,
                 bool *ret_key_deleted)
{
	nu_auto(CERTCertificate) cert = NULL;
	bool key_deleted = false;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK || (err = find_one(ctx, name, &cert)) != PSM_OK)
		return err;
	err = store_delete(ctx, cert, name, flags, &key_deleted);
	if (err == PSM_OK && ret_key_deleted != NULL)
		*ret_key_deleted = key_deleted;
	return err;
}

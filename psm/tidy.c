/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tidy.c - what an interrupted psm_store_put() left, brought to its end.
 *
 * put_write.c says in which order things are written. Whatever it was about to
 * delete or to name bears PUT_NEW or PUT_OLD by then, except for two
 * certificates of one key: of those the younger one stays. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

/* A key that a put has marked. */
struct mark {
	SECItem id;
	const char *label, *nickname;
	bool is_new;
};

/* A certificate that has its key. */
struct entry {
	SECItem der, id;
	const char *nickname;
	bool is_temporary;
	PRTime not_before;
	size_t order;
};

struct tidy {
	struct psm_ctx *ctx;
	const char *prefix;
	PLArenaPool *arena;
	PK11SlotInfo *slot;
	struct idset *keys;
	struct mark *marks;
	struct entry *entries;
	size_t n_marks, n_entries;
	size_t n_deleted;
};

static void
tidy_clear(struct tidy *tidy)
{
	idset_free(tidy->keys);
	free(tidy->marks);
	free(tidy->entries);
	if (tidy->slot != NULL)
		PK11_FreeSlot(tidy->slot);
}

static bool
begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* --- what is marked ---------------------------------------------------- */

/* Is it a put's, about a nickname that we are to look at, or about none? */
static bool
read_mark(const struct tidy *tidy, const char *label, struct mark *ret_mark)
{
	ret_mark->is_new = begins_with(label, PUT_NEW);
	if (!ret_mark->is_new && !begins_with(label, PUT_OLD))
		return false;
	ret_mark->label = label;
	ret_mark->nickname = label + (ret_mark->is_new ? sizeof PUT_NEW - 1
	                                               : sizeof PUT_OLD - 1);
	return *ret_mark->nickname == '\0' ||
	       begins_with(ret_mark->nickname, tidy->prefix);
}

/* An array of n that has one more; its size doubles. */
static void *
grow(void *array, size_t n, size_t size)
{
	void *grown = array;

	if (n == 0 || (n & (n - 1)) == 0)
		grown = reallocarray(array, n ? 2 * n : 1, size);
	if (grown == NULL)
		PORT_SetError(SEC_ERROR_NO_MEMORY);
	return grown;
}

static SECStatus
add_mark(struct tidy *tidy, const CK_ATTRIBUTE *label, const CK_ATTRIBUTE *id)
{
	SECItem octets = { siBuffer, id->pValue, (unsigned)id->ulValueLen };
	struct mark mark, *grown;
	char *text;

	if (label->pValue == NULL || label->ulValueLen < sizeof PUT_NEW - 1)
		return SECSuccess;
	text = PORT_ArenaZAlloc(tidy->arena, label->ulValueLen + 1);
	if (text == NULL)
		return SECFailure;
	memcpy(text, label->pValue, label->ulValueLen);
	if (!read_mark(tidy, text, &mark))
		return SECSuccess;
	mark.id = octets;
	grown = grow(tidy->marks, tidy->n_marks, sizeof mark);
	if (grown == NULL)
		return SECFailure;
	tidy->marks = grown;
	tidy->marks[tidy->n_marks++] = mark;
	return SECSuccess;
}

static SECStatus
find_marks(struct tidy *tidy)
{
	nu_auto(PK11GenericObject) objects = NULL;

	PORT_SetError(0);
	objects = PK11_FindGenericObjects(tidy->slot, CKO_PRIVATE_KEY);
	if (objects == NULL && nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	for (PK11GenericObject *o = objects; o != NULL;
	     o = PK11_GetNextGenericObject(o)) {
		CK_ATTRIBUTE attributes[] = { { CKA_LABEL, NULL, 0 },
			                      { CKA_ID, NULL, 0 } };

		if (PK11_ReadRawAttributes(tidy->arena, PK11_TypeGeneric, o,
		                           attributes, 2) != SECSuccess) {
			if (nu_err_is_trouble(PORT_GetError()))
				return SECFailure;
		} else if (add_mark(tidy, &attributes[0], &attributes[1]) !=
		           SECSuccess) {
			return SECFailure;
		}
	}
	return SECSuccess;
}

static const struct mark *
mark_of(const struct tidy *tidy, const struct entry *entry)
{
	for (size_t i = 0; i < tidy->n_marks; i++) {
		if (SECITEM_ItemsAreEqual(&tidy->marks[i].id, &entry->id) &&
		    strcmp(tidy->marks[i].nickname, entry->nickname) == 0)
			return &tidy->marks[i];
	}
	return NULL;
}

/* --- certificates ------------------------------------------------------ */

static SECStatus
fill_entry(struct tidy *tidy, const struct store_object *object,
           struct entry *entry)
{
	const char *label = PORT_ArenaStrdup(tidy->arena, object->label);
	struct nu_cert parts;

	if (label == NULL ||
	    SECITEM_CopyItem(tidy->arena, &entry->der, &object->der) !=
	            SECSuccess ||
	    SECITEM_CopyItem(tidy->arena, &entry->id, &object->id) !=
	            SECSuccess)
		return SECFailure;
	entry->is_temporary = begins_with(label, PUT_NEW);
	entry->nickname = label + (entry->is_temporary ? sizeof PUT_NEW - 1
	                                               : 0);
	entry->not_before = nu_cert_read(&entry->der, &parts) == SECSuccess
	                            ? parts.not_before
	                            : 0;
	entry->order = tidy->n_entries;
	return SECSuccess;
}

static SECStatus
add_entry(const struct store_object *object, void *arg)
{
	struct tidy *tidy = arg;
	const char *name = object->label != NULL ? object->label : "";
	struct entry *grown;

	if (begins_with(name, PUT_NEW))
		name += sizeof PUT_NEW - 1;
	if (*name == '\0' || !begins_with(name, tidy->prefix) ||
	    !idset_has(tidy->keys, &object->id))
		return SECSuccess;
	grown = grow(tidy->entries, tidy->n_entries, sizeof *grown);
	if (grown == NULL)
		return SECFailure;
	tidy->entries = grown;
	if (fill_entry(tidy, object, &grown[tidy->n_entries]) != SECSuccess)
		return SECFailure;
	tidy->n_entries++;
	return SECSuccess;
}

static int
compare_nicknames(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->nickname, y->nickname);

	if (order != 0)
		return order;
	return x->order < y->order ? -1 : x->order > y->order;
}

static SECStatus
find_entries(struct tidy *tidy)
{
	tidy->keys = idset_new(tidy->slot, CKO_PRIVATE_KEY);
	if (tidy->keys == NULL ||
	    store_walk(tidy->slot, add_entry, tidy) != SECSuccess)
		return SECFailure;
	if (tidy->n_entries > 0)
		qsort(tidy->entries, tidy->n_entries, sizeof *tidy->entries,
		      compare_nicknames);
	return SECSuccess;
}

/* --- of several, one --------------------------------------------------- */

/* The new one ranks above what nobody marked, that above what was to go. */
static int
rank(const struct tidy *tidy, const struct entry *entry)
{
	const struct mark *mark = mark_of(tidy, entry);

	if (entry->is_temporary)
		return 3;
	if (mark == NULL)
		return 1;
	return mark->is_new ? 2 : 0;
}

static const struct entry *
better(const struct tidy *tidy, const struct entry *a, const struct entry *b)
{
	int rank_a = rank(tidy, a), rank_b = rank(tidy, b);

	if (rank_a != rank_b)
		return rank_a > rank_b ? a : b;
	return a->not_before > b->not_before ? a : b;
}

/* Mark its key, so that it does not outlive this very call's interruption. */
static SECStatus
mark_key(struct tidy *tidy, const struct entry *entry)
{
	nu_auto(SECKEYPrivateKey) key =
	        PK11_FindKeyByKeyID(tidy->slot, (SECItem *)&entry->id,
	                            &tidy->ctx->pin);
	nu_auto_mem char *label = NULL;
	size_t n;

	if (key == NULL || (n = store_count_certs(key)) == 0)
		return SECFailure;
	if (n > 1)
		return SECSuccess; /* it stays */
	if (asprintf(&label, PUT_OLD "%s", entry->nickname) < 0) {
		label = NULL;
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return SECFailure;
	}
	return nu_key_set_label(key, label);
}

static enum psm_err
delete_entry(struct tidy *tidy, const struct entry *entry)
{
	nu_auto(CERTCertificate) cert =
	        PK11_FindCertFromDERCertItem(tidy->slot, &entry->der, NULL);
	bool key_deleted;
	enum psm_err err;

	if (cert == NULL || mark_key(tidy, entry) != SECSuccess)
		return psm_fail_nss(tidy->ctx, PSM_E_STORE,
		                    "cannot tidy up \"%s\"", entry->nickname);
	err = store_delete(tidy->ctx, cert, entry->nickname, 0, &key_deleted);
	if (err == PSM_OK)
		tidy->n_deleted++;
	return err;
}

static enum psm_err
name_entry(struct tidy *tidy, const struct entry *entry)
{
	nu_auto(CERTCertificate) cert =
	        PK11_FindCertFromDERCertItem(tidy->slot, &entry->der, NULL);
	struct certobj object;

	if (cert == NULL ||
	    certobj_read(tidy->arena, tidy->slot, cert, &tidy->ctx->pin,
	                 &object) != SECSuccess ||
	    certobj_set(&object, CKA_LABEL, entry->nickname,
	                strlen(entry->nickname)) != SECSuccess)
		return psm_fail_nss(tidy->ctx, PSM_E_STORE,
		                    "cannot tidy up \"%s\"", entry->nickname);
	return PSM_OK;
}

/* n entries of one nickname: the best one stays, and has the name. */
static enum psm_err
tidy_group(struct tidy *tidy, const struct entry *group, size_t n)
{
	const struct entry *best = group;
	enum psm_err err = PSM_OK;

	for (size_t i = 1; i < n; i++)
		best = better(tidy, best, &group[i]);
	for (size_t i = 0; i < n && err == PSM_OK; i++) {
		if (&group[i] != best)
			err = delete_entry(tidy, &group[i]);
	}
	return err == PSM_OK && best->is_temporary ? name_entry(tidy, best)
	                                           : err;
}

static enum psm_err
tidy_groups(struct tidy *tidy)
{
	enum psm_err err = PSM_OK;
	size_t n;

	for (size_t i = 0; i < tidy->n_entries && err == PSM_OK; i += n) {
		const struct entry *group = &tidy->entries[i];

		for (n = 1; i + n < tidy->n_entries; n++) {
			if (strcmp(group[n].nickname, group->nickname) != 0)
				break;
		}
		err = tidy_group(tidy, group, n);
	}
	return err;
}

/* --- marked keys ------------------------------------------------------- */

/* A key that has its certificate gets its name; one that has none was either
 * not to be any more, or was never of use to anybody. */
static SECStatus
tidy_key(struct tidy *tidy, SECKEYPrivateKey *key, const struct mark *mark,
         const struct idset *certs)
{
	nu_auto_item id = { siBuffer, NULL, 0 };

	if (nu_key_attribute(key, CKA_ID, &id) == SECSuccess &&
	    idset_has(certs, &id))
		return nu_key_set_label(key, mark->nickname);
	if (nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	return store_delete_key(tidy->slot, key);
}

static SECStatus
tidy_mark(struct tidy *tidy, const struct mark *mark,
          const struct idset *certs)
{
	nu_auto(SECKEYPrivateKeyList) keys = NULL;

	if (nu_slot_keys(tidy->slot, mark->label, &tidy->ctx->pin, &keys) !=
	    SECSuccess)
		return SECFailure;
	if (keys == NULL)
		return SECSuccess; /* gone with its certificate */
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(n, keys); n = PRIVKEY_LIST_NEXT(n)) {
		if (tidy_key(tidy, n->key, mark, certs) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

static enum psm_err
tidy_marks(struct tidy *tidy)
{
	struct idset *certs;
	SECStatus rv = SECSuccess;

	if (tidy->n_marks == 0)
		return PSM_OK;
	certs = idset_new(tidy->slot, CKO_CERTIFICATE);
	if (certs == NULL)
		rv = SECFailure;
	for (size_t i = 0; i < tidy->n_marks && rv == SECSuccess; i++)
		rv = tidy_mark(tidy, &tidy->marks[i], certs);
	idset_free(certs);
	return rv == SECSuccess
	               ? PSM_OK
	               : psm_fail_nss(tidy->ctx, PSM_E_STORE,
	                              "cannot tidy up the keys");
}

static enum psm_err
run(struct psm_ctx *ctx, struct tidy *tidy)
{
	enum psm_err err;

	if ((err = ctx_token(ctx, NULL, &tidy->slot)) != PSM_OK ||
	    (err = ctx_writable(ctx, tidy->slot)) != PSM_OK)
		return err;
	if (find_marks(tidy) != SECSuccess || find_entries(tidy) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot search the database");
	err = tidy_groups(tidy);
	return err == PSM_OK ? tidy_marks(tidy) : err;
}

enum psm_err
psm_store_tidy(struct psm_ctx *ctx, const char *prefix, size_t *ret_n)
{
	nu_auto(PLArenaPool) arena = NULL;
	struct tidy tidy = { .ctx = ctx, .prefix = prefix };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	tidy.arena = arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (arena == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	err = run(ctx, &tidy);
	tidy_clear(&tidy);
	if (err == PSM_OK && ret_n != NULL)
		*ret_n = tidy.n_deleted;
	return err;
}

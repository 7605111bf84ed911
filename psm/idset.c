/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* idset.c - CKA_IDs, to ask often whether one is there. */

#include <stdlib.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

struct idset {
	PLArenaPool *arena;
	size_t n, room;
	SECItem *ids; /* sorted */
};

static int
compare_items(const void *a, const void *b)
{
	return (int)SECITEM_CompareItem(a, b);
}

static SECStatus
add_id(struct idset *set, PK11GenericObject *object)
{
	CK_ATTRIBUTE attributes[] = { { CKA_ID, NULL, 0 },
		                      { CKA_TOKEN, NULL, 0 } };
	const CK_ATTRIBUTE *id = &attributes[0], *token = &attributes[1];
	SECItem *grown;

	/* One deleted meanwhile is none of ours, nor is a session's. */
	if (PK11_ReadRawAttributes(set->arena, PK11_TypeGeneric, object,
	                           attributes, 2) != SECSuccess)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	if (id->pValue == NULL || id->ulValueLen == 0 ||
	    token->pValue == NULL || *(CK_BBOOL *)token->pValue != CK_TRUE)
		return SECSuccess;
	if (set->n == set->room) {
		set->room = set->room ? set->room * 2 : 64;
		grown = reallocarray(set->ids, set->room, sizeof *set->ids);
		if (grown == NULL) {
			PORT_SetError(SEC_ERROR_NO_MEMORY);
			return SECFailure;
		}
		set->ids = grown;
	}
	set->ids[set->n++] = (SECItem){ siBuffer, id->pValue,
		                        (unsigned)id->ulValueLen };
	return SECSuccess;
}

struct idset *
idset_new(PK11SlotInfo *slot, CK_OBJECT_CLASS class)
{
	nu_auto(PK11GenericObject) objects = NULL;
	struct idset *set = calloc(1, sizeof *set);

	PORT_SetError(set != NULL ? 0 : SEC_ERROR_NO_MEMORY);
	if (set == NULL ||
	    (set->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE)) == NULL)
		goto fail;
	objects = PK11_FindGenericObjects(slot, class);
	if (objects == NULL && nu_err_is_trouble(PORT_GetError()))
		goto fail;
	for (PK11GenericObject *o = objects; o != NULL;
	     o = PK11_GetNextGenericObject(o)) {
		if (add_id(set, o) != SECSuccess)
			goto fail;
	}
	if (set->n > 0)
		qsort(set->ids, set->n, sizeof *set->ids, compare_items);
	return set;
fail:
	idset_free(set);
	return NULL;
}

bool
idset_has(const struct idset *set, const SECItem *id)
{
	return set->n > 0 && bsearch(id, set->ids, set->n, sizeof *set->ids,
	                             compare_items) != NULL;
}

void
idset_free(struct idset *set)
{
	if (set == NULL)
		return;
	if (set->arena != NULL)
		PORT_FreeArena(set->arena, PR_FALSE);
	free(set->ids);
	free(set);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_auto.h - scoped ownership: a variable declared nu_auto(T) is freed when
 * it leaves its scope; nu_take() gives the object away instead. */

#ifndef NU_AUTO_H
#define NU_AUTO_H

#include <stdlib.h>
#include <string.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <keyhi.h>
#include <pk11pub.h>
#include <secitem.h>
#include <secport.h>

#define NU_DEFINE_AUTO(type, free_it)                \
	static inline void nu_free_##type(type **pp) \
	{                                            \
		type *p = *pp;                       \
		if (p != NULL)                       \
			free_it;                     \
	}
#define nu_auto(type) __attribute__((cleanup(nu_free_##type))) type *
#define nu_take(p)                     \
	__extension__({                \
		__auto_type p_ = (p);  \
		(p) = NULL;            \
		p_;                    \
	})

NU_DEFINE_AUTO(CERTCertificate, CERT_DestroyCertificate(p))
NU_DEFINE_AUTO(CERTCertList, CERT_DestroyCertList(p))
NU_DEFINE_AUTO(CERTName, CERT_DestroyName(p))
NU_DEFINE_AUTO(CERTSubjectPublicKeyInfo, SECKEY_DestroySubjectPublicKeyInfo(p))
NU_DEFINE_AUTO(PK11Context, PK11_DestroyContext(p, PR_TRUE))
NU_DEFINE_AUTO(PK11GenericObject, PK11_DestroyGenericObjects(p))
NU_DEFINE_AUTO(PK11SlotInfo, PK11_FreeSlot(p))
NU_DEFINE_AUTO(PK11SlotList, PK11_FreeSlotList(p))
NU_DEFINE_AUTO(PK11SymKey, PK11_FreeSymKey(p))
NU_DEFINE_AUTO(PLArenaPool, PORT_FreeArena(p, PR_TRUE))
NU_DEFINE_AUTO(SECItem, SECITEM_ZfreeItem(p, PR_TRUE))
NU_DEFINE_AUTO(SECKEYPrivateKey, SECKEY_DestroyPrivateKey(p))
NU_DEFINE_AUTO(SECKEYPrivateKeyList, SECKEY_DestroyPrivateKeyList(p))
NU_DEFINE_AUTO(SECKEYPublicKey, SECKEY_DestroyPublicKey(p))

/* What malloc() gave, and what NSS's own allocator gave as text. */
static inline void nu_free_mem(void *pp)
{
	free(*(void **)pp);
}
#define nu_auto_mem __attribute__((cleanup(nu_free_mem)))
static inline void nu_free_port(void *pp)
{
	PORT_Free(*(void **)pp);
}
#define nu_auto_port __attribute__((cleanup(nu_free_port)))

/* A SECItem by value whose data NSS allocated. */
static inline void nu_clear_item(SECItem *item)
{
	SECITEM_ZfreeItem(item, PR_FALSE);
}
#define nu_auto_item __attribute__((cleanup(nu_clear_item))) SECItem

#endif

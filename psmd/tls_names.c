/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_names.c - the names that a certificate is for. */

#include <arpa/inet.h>
#include <string.h>

#include <cert.h>
#include <secport.h>

#include "psmd/tls.h"

enum { LONGEST = 256 }; /* a name, with its NUL */

/* "" for one of another kind, or one that cannot be a name. */
static void
write_name(const CERTGeneralName *name, char text[LONGEST])
{
	const SECItem *item = &name->name.other;

	text[0] = '\0';
	if (name->type == certIPAddress && (item->len == 4 || item->len == 16))
		(void)inet_ntop(item->len == 4 ? AF_INET : AF_INET6,
		                item->data, text, LONGEST);
	else if (name->type == certDNSName && item->len < LONGEST) {
		memcpy(text, item->data, item->len);
		text[item->len] = '\0';
	}
}

static bool
walk(CERTGeneralName *first, bool (*fn)(void *arg, const char *name), void *arg)
{
	CERTGeneralName *name = first;
	char text[LONGEST];

	do {
		write_name(name, text);
		if (text[0] != '\0' && !fn(arg, text))
			return false;
		name = CERT_GetNextGeneralName(name);
	} while (name != first);
	return true;
}

static bool
read_names(CERTCertificate *cert, bool (*fn)(void *arg, const char *name),
           void *arg)
{
	PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem item = { siBuffer, NULL, 0 };
	CERTGeneralName *first;
	bool good = arena != NULL;

	if (good && CERT_FindCertExtension(cert, SEC_OID_X509_SUBJECT_ALT_NAME,
	                                   &item) == SECSuccess) {
		first = CERT_DecodeAltNameExtension(arena, &item);
		good = first != NULL && walk(first, fn, arg);
	}
	SECITEM_FreeItem(&item, PR_FALSE);
	if (arena != NULL)
		PORT_FreeArena(arena, PR_FALSE);
	return good;
}

bool
tls_cert_names(const unsigned char *der, size_t len,
               bool (*fn)(void *arg, const char *name), void *arg)
{
	SECItem item = { siDERCertBuffer, (unsigned char *)der, (unsigned)len };
	CERTCertificate *cert = CERT_NewTempCertificate(
	        CERT_GetDefaultCertDB(), &item, NULL, PR_FALSE, PR_TRUE);
	bool good;

	if (cert == NULL)
		return false;
	good = read_names(cert, fn, arg);
	CERT_DestroyCertificate(cert);
	return good;
}

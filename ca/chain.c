/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* chain.c - an authority's certificate and those above it */

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_certs.h"

/* The certificate that verifies this one, or NULL. */
static CERTCertificate *
find_above(CERTCertificate *cert)
{
	nu_auto(CERTCertificate) issuer = NULL;

	if (SECITEM_ItemsAreEqual(&cert->derSubject, &cert->derIssuer))
		return NULL;
	issuer = CERT_FindCertIssuer(cert, PR_Now(), certUsageAnyCA);
	if (issuer == NULL ||
	    !nu_cert_issued(&issuer->derCert, &cert->derCert))
		return NULL;
	return nu_take(issuer);
}

void
ca_chain_find(struct ca *ca)
{
	CERTCertificate *cert = ca->cert;

	while (ca->n_above < CA_MAX_ABOVE &&
	       (cert = find_above(cert)) != NULL)
		ca->above[ca->n_above++] = cert;
}

const unsigned char *
ca_chain_der(const struct ca *ca, size_t i, size_t *ret_len)
{
	if (i == 0)
		return ca_cert_der(ca, ret_len);
	if (i > ca->n_above)
		return NULL;
	*ret_len = ca->above[i - 1]->derCert.len;
	return ca->above[i - 1]->derCert.data;
}

const char *
ca_chain_nickname(const struct ca *ca, size_t i)
{
	if (ca->cert == NULL || i > ca->n_above)
		return NULL;
	return i == 0 ? ca->cert->nickname : ca->above[i - 1]->nickname;
}

const unsigned char *
ca_cert_der(const struct ca *ca, size_t *ret_len)
{
	if (ca->cert == NULL)
		return NULL;
	*ret_len = ca->cert->derCert.len;
	return ca->cert->derCert.data;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pem.c - certificates and CRLs as text (RFC 7468). */

#include "psmd/pem.h"

#include <stdlib.h>

#include <sodium.h>

static bool
write_as(FILE *out, const char *label, const void *der, size_t len)
{
	const int variant = sodium_base64_VARIANT_ORIGINAL;
	const size_t size = sodium_base64_encoded_len(len, variant);
	char *base64 = malloc(size);

	if (base64 == NULL)
		return false;
	sodium_bin2base64(base64, size, der, len, variant);
	fprintf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < size - 1; i += 64)
		fprintf(out, "%.64s\n", base64 + i);
	fprintf(out, "-----END %s-----\n", label);
	free(base64);
	return true;
}

bool
pem_write(FILE *out, const void *der, size_t len)
{
	return write_as(out, "CERTIFICATE", der, len);
}

bool
pem_write_crl(FILE *out, const void *der, size_t len)
{
	return write_as(out, "X509 CRL", der, len);
}

bool
pem_write_chain(FILE *out, const struct ca *ca)
{
	const unsigned char *der;
	size_t len = 0;
	bool good = true;

	for (size_t i = 0;
	     good && (der = ca_chain_der(ca, i, &len)) != NULL; i++)
		good = pem_write(out, der, len);
	return good;
}

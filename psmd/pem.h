/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pem.h - certificates and CRLs as text (RFC 7468). */

#ifndef PSMD_PEM_H
#define PSMD_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ca/ca.h"

/* false: out of memory. */
bool pem_write(FILE *out, const void *der, size_t len);
bool pem_write_crl(FILE *out, const void *der, size_t len);
/* Of an authority, its own first; the root is the last. */
bool pem_write_chain(FILE *out, const struct ca *ca);

#endif

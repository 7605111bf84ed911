/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* wrap_pfx.h - for who stands before the makers of PKCS#12 files: link it with
 * --wrap=pfx_make,--wrap=pfx_pool_take. */

#ifndef TESTS_PSMD_WRAP_PFX_H
#define TESTS_PSMD_WRAP_PFX_H

#include "ca/pfx.h"

enum psm_err __real_pfx_make(const struct pfx_key *key,
                             const struct pfx_cert *certs, size_t n_certs,
                             const char *password, const char *name,
                             unsigned char **ret_file, size_t *ret_len);
enum psm_err __wrap_pfx_make(const struct pfx_key *key,
                             const struct pfx_cert *certs, size_t n_certs,
                             const char *password, const char *name,
                             unsigned char **ret_file, size_t *ret_len);
enum psm_err __real_pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                                  struct pfx_key **ret_key);
enum psm_err __wrap_pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                                  struct pfx_key **ret_key);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* password.h - passwords of accounts: made, hashed with Argon2id (libsodium),
 * compared in the same time whether the account exists or not. */

#ifndef PSMD_PASSWORD_H
#define PSMD_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "psmd/records.h"

#define PASSWORD_MAX 128 /* bytes */

/* Once, before anything else here; false when libsodium cannot start. */
bool password_init(void);
/* 20 characters of about 5 bits each, easy to read out; wipe it after use. */
void password_make(char *buf, size_t size);
/* Set account's hash, and for digest its HA1s in realm, for which NSS must be
 * open: see hash.h. false: out of memory, no NSS, longer than PASSWORD_MAX. */
bool password_set(struct account *account, const char *password,
                  const char *realm, bool digest);
/* account NULL: as slow as for a real one, and false. errno is 0, or ENOMEM
 * when it could not be judged. At most four are judged at once, at 64 MiB each;
 * others wait. */
bool password_fits(const struct account *account, const char *password);
/* Was account's hash made with other limits than today's? */
bool password_is_outdated(const struct account *account);
/* Hash anew a password that fits. false: out of memory. */
bool password_rehash(struct account *account, const char *password);

#endif

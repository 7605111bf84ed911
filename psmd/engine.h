/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* engine.h - the one thread that owns libpsm's context.
 *
 * Everybody else hands it a function and waits. Nothing here is NSS's. */

#ifndef PSMD_ENGINE_H
#define PSMD_ENGINE_H

#include <stdbool.h>

#include "psm/psm.h"

struct engine;

/* Open the NSS database for reading and writing and unlock it with the password
 * in password_file (NULL: it has none), in a new thread of its own. On failure
 * NULL, and a sentence in why, of size bytes. */
struct engine *engine_new(const char *database, const char *password_file,
                          unsigned n_waiting, char *why, size_t size);
/* Have fn(ctx, arg) done, and wait for it. false: too many wait already, which
 * the door answers with 503. */
bool engine_call(struct engine *engine,
                 void (*fn)(struct psm_ctx *ctx, void *arg), void *arg);
size_t engine_waiting(struct engine *engine);
/* Unlock another token than the database, on the engine's thread alone, with
 * the password in password_file, which is good as long as the engine is. One
 * that was wrong is not tried again before its file changes: tokens count. What
 * psm_login() says.
 *   ret_asked  the token was locked */
enum psm_err engine_login(struct engine *engine, struct psm_ctx *ctx,
                          const char *token, const char *password_file,
                          bool *ret_asked, char *why, size_t size);
/* Finish what was taken, lock and close the database. NULL is fine. */
void engine_free(struct engine *engine);

#endif

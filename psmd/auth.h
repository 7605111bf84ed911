/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth.h - who asks: Basic, Digest (RFC 7616), a page's session, and what
 * wrong passwords lead to.
 *
 * Digest needs H(name:realm:password) stored, which is as good as the password
 * for Digest itself: an account has it only if made so, and Basic over TLS,
 * where the records hold nothing but Argon2id, is the stronger choice.
 *
 * A Basic password that was found right is remembered for five minutes, as a
 * keyed hash under a key made at start, for Argon2id costs tens of
 * milliseconds. A change of the account (its generation) makes that void.
 *
 * Wrong passwords lock an account for a while, as the configuration says; what
 * a locked or disabled account, or one that is none, is answered, and how long
 * that takes, is the same as for a wrong password. Sessions there are go on. An
 * address (of IPv6, a /64) from which 20 wrong ones came is answered with
 * REFUSED_BUSY, and has one more try every three seconds. */

#ifndef PSMD_AUTH_H
#define PSMD_AUTH_H

#include "psmd/server.h"

/* password_init() was called. NULL: out of memory. server must have its
 * configuration and records by the first request. */
struct auth *auth_new(struct server *server);
void auth_free(struct auth *auth);

/* Judge request for route: sets account and privileges. 0, or why not; then
 * reply has the challenges already. May take long: Argon2id.
 *
 * A session is good for every service, unless that needs no login at all; for
 * a write (neither GET nor HEAD) only with its token. A request that has the
 * header X-PSM-Token, whatever its value, gets no challenge, so that a browser
 * does not ask for a password in place of the page, which sends it always. A
 * write that a browser says comes from another site's page is refused, even
 * where nobody needs to log in; so is each on a connection with a certificate
 * of this service's that is revoked or has expired. */
int auth_check(struct auth *auth, const struct route *route,
               struct request *request, struct reply *reply);

/* name and password, counting failures and locks as every login does. The time
 * taken is the same for an unknown name. 0; REFUSED_AUTHORIZATION: wrong;
 * REFUSED_BUSY, REFUSED_MEMORY: not judged. Wipe ret_account after use. */
int auth_login(struct auth *auth, const char *name, const char *password,
               const char *address, struct account *ret_account);

/* The page's session, a route that is ROUTE_OPEN. Answers JSON, never stored.
 *
 *   GET /session     200 {"account": "admin", "privileges":
 *                    ["system-control"], "token": "6b1f...",
 *                    "idleSeconds": 900}, or {"account": null}
 *   POST /session    name and password, as application/x-www-form-urlencoded
 *                    (fetch with a URLSearchParams): 200, a cookie, and what
 *                    GET answers
 *   DELETE /session  with X-PSM-Token: 200 {"account": null}
 *
 * Else {"error": why}: 400 "malformed" (no name or password in the body), 401
 * "loginFailed", 403 "crossSite", "httpsRequired" or "token", 405 "method", 503
 * "busy" with Retry-After. A session in use ends after idleSeconds without a
 * request, or after twelve hours, and when its account changes.
 *
 * The cookie is HttpOnly and SameSite=Strict: __Host-psm, Secure, over TLS, psm
 * without. A write needs the header X-PSM-Token with the token. */
void session_handler(const struct request *request, struct reply *reply);

#endif

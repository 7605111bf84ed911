/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* puts.h - keys and certificates in all their forms, made by openssl(1). */

#ifndef PUTS_H
#define PUTS_H

#include "psm/psm.h"

#define PUTS_PASSWORD "secret"

/* Make them in a directory of their own, which goes at the end. 0: done. For
 * cmocka's groups. Certificates are NAME.pem of the authority ca.pem, signed
 * NAME.der; keys are NAME.key, PKCS#8 in PEM, and of a and b NAME.info, DER:
 *   a, b   CN=User A with a key each, on P-256;   c   CN=User C, RSA
 *   ar     CN=User A again, a's key;              ax  CN=User X, a's key
 *   d      CN=User D, DSA;                        e   CN=User E, on P-384 */
int puts_setup(void **state);
int puts_teardown(void **state);
/* A file's bytes, until the end of the group. */
const unsigned char *puts_file(const char *name, size_t *ret_len);
/* Of these files; key may be NULL. */
struct psm_put_params puts_params(const char *cert, const char *key,
                                  const char *password, const char *nickname);

#endif

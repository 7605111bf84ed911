/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* p12_files.h - a database, openssl's keys and certificates, and PKCS#12 files
 * of them. */

#ifndef TESTS_UNIT_P12_FILES_H
#define TESTS_UNIT_P12_FILES_H

#include <cert.h>

#include "nssutil/nu_p12.h"
#include "nssutil/nu_p12_int.h"
#include "tests/unit/hostile.h"

/* Of the files, with umlauts and the EUR sign. */
#define PASSWORD "P\xc3\xa4" "55w\xc3\xb6rd\xe2\x82\xac"

enum { MAX_CERTS = 4, OUTPUT_SIZE = 16384 };

/* In dir: db, a database without a password; keys and certificates of
 * openssl's: ca, and rsa and ec that it issued; small.p12. */
struct fixture {
	char dir[32];
	struct nu_p12_item rsa, ec, ca; /* session keys */
};

#define EXPORT "openssl pkcs12 -export -passout env:PW -iter 1 "

/* Run a command line in the fixture's directory, its output to "log". */
int shell(const struct fixture *fx, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void read_file(const struct fixture *fx, const char *name, SECItem *ret_item);
void write_file(const struct fixture *fx, const char *name,
                const SECItem *data);
void must_shell(const struct fixture *fx, const char *command);
int have(const struct fixture *fx, const char *tool);
enum nu_p12_verdict try(const SECItem *file, const char *password);
void assert_refused(const SECItem *file, const char *password,
                    enum nu_p12_verdict verdict, const char *says);
struct nu_p12 *must_open(const SECItem *file, const char *password,
                         void *wincx);
CERTCertificate *cert_from(const SECItem *der);
SECKEYPrivateKey *import_key(struct nu_p12 *p12, size_t i, PRBool permanent,
                             const char *label, void *wincx);
/* The file's certificates are these many, and each that has a key has the
 * right one; returns how many that were. */
size_t assert_keys(struct nu_p12 *p12, size_t n_certs, void *wincx);

/* NSS with one of dir's databases; the fixture's keys and certificates. */
void open_db(const struct fixture *fx, const char *name);
void load_all(struct fixture *fx);
void unload_all(struct fixture *fx);

/* cmocka's, of the group: the recipe, and "db" open. */
int p12_setup(void **state);
int p12_teardown(void **state);

#endif

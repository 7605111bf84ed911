/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cmp_files.h - a CA, its server and a user, of OpenSSL's making, and files of
 * theirs. */

#ifndef TESTS_UNIT_CMP_FILES_H
#define TESTS_UNIT_CMP_FILES_H

#include "nssutil/nu_auto.h"
#include "nssutil/nu_pkimessage.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { MAX = 100 };

#define auto_message \
	__attribute__((cleanup(free_message))) struct nu_pkimessage *

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_arena, teardown_arena)

extern char dir[];            /* where the files are */
extern const SECItem nothing; /* a NULL */

/* cmocka's: of the group, the files; of a test, whose state is an arena. */
int setup_all(void **state);
int teardown_all(void **state);
int setup_arena(void **state);
int teardown_arena(void **state);

/* A script of the shell, in dir: 0 when it succeeds. */
int run_script(const char *text);
/* A file of dir's, in arena. */
SECItem *must_read(PLArenaPool *arena, const char *name);
struct nu_pkimessage *must_decode(const SECItem *der);
void free_message(struct nu_pkimessage **message);
void refuse_variant(const struct hostile *variant, void *arg);

SECItem *explicit(PLArenaPool *arena, unsigned n, const SECItem *element);
SECItem *octets(PLArenaPool *arena, const char *text);
SECItem *make_oid(PLArenaPool *arena, SECOidTag tag);
SECItem *algorithm(PLArenaPool *arena, SECOidTag tag, const SECItem *params);
SECItem *make_list(PLArenaPool *arena, const SECItem *element, size_t n);

#endif

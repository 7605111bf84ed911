/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert_user_house.h - /api/cert/user: its handler on an engine and a fresh
 * database, without HTTP, what it is asked and what it answers. Certificates
 * are openssl's. */

#ifndef TESTS_PSMD_CERT_USER_HOUSE_H
#define TESTS_PSMD_CERT_USER_HOUSE_H

#include "psmd/server.h"
#include "tests/psmd/files.h"

#define WAITING 8 /* pieces of work before the engine */

struct house {
	char dir[32];
	struct config config;
	struct internal_id ids[1];
	struct server server;
	struct params params;
	struct reply reply;
	json_t *answer;
};

#define HOUSE(f) \
	cmocka_unit_test_setup_teardown(f, house_set_up, house_tear_down)

/* cmocka's, of a group and of a test. */
int house_files(void **state);
int house_set_up(void **state);
int house_tear_down(void **state);
/* What a stop and a start do. */
void house_open(struct house *house);
void house_close(struct house *house);

/* A parameter of the next request. */
void give(struct house *house, enum param_from from, const char *name,
          const void *data, size_t len);
void give_text(struct house *house, const char *name, const char *text);
void give_file_from(struct house *house, enum param_from from,
                    const char *name, const char *file);
void give_file(struct house *house, const char *name, const char *file);
/* With the parameters that were given, which are gone then. */
void ask(struct house *house, const char *method);

/* What was answered: certificates, the ith one's member, an error. */
json_t *certificates(const struct house *house);
const char *text_of(const json_t *object, const char *member);
const char *member(const struct house *house, size_t i, const char *name);
void assert_error(const struct house *house, int code, const char *param);

void ask_put(struct house *house, const char *cert, const char *key,
             const char *password, const char *id);
/* Its fingerprint, to be freed with free(). */
char *put(struct house *house, const char *cert, const char *key,
          const char *id);
void ask_about(struct house *house, const char *method, const char *param,
               const char *value);
/* Those in the store. */
size_t count(struct house *house);
/* Another program at work: it opens the database by itself. */
void elsewhere(struct house *house, const char *words);
void import_server(struct house *house);

#endif

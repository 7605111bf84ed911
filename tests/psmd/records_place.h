/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_place.h - a directory with records, for the tests of them. */

#ifndef TESTS_PSMD_RECORDS_PLACE_H
#define TESTS_PSMD_RECORDS_PLACE_H

#include <sqlite3.h>

#include "psmd/records_audit.h"
#include "psmd/records_cert.h"
#include "psmd/records_order.h"
#include "psmd/records_pkcs12.h"

struct place {
	char dir[64], path[96];
	struct records *records;
};

extern const struct rec_actor somebody;

/* cmocka's: a new directory, with place_setup_open() records in it. */
int place_setup(void **state);
int place_setup_open(void **state);
int place_teardown(void **state);

void place_open(struct place *place);
void place_close(struct place *place);
/* Close it, and remove its files. */
void place_empty(struct place *place);
/* Another program at the file. */
sqlite3 *place_beside(const struct place *place);
void place_run(const struct place *place, const char *sql);
int64_t place_number(const struct place *place, const char *sql);

/* SQLite, the audit trail and what the tables say of each other are as they
 * should be, and each thing that was done has one entry in the trail. */
void place_check(const struct place *place);

void add_account(struct place *place, const char *name);
/* An order that needs no approval, of "alice". */
struct order_new make_order(const char *foreign_number, const char *request);
int64_t add_order(struct place *place, const struct order_new *order);
/* A certificate with that serial number, valid from 1000 to 9000. */
struct cert_new make_cert(const char *serial);
/* Both together: the certificate's id. */
int64_t add_cert(struct place *place, const char *serial);

#endif

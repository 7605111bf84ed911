/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl_house.h - a service's authority and records, in a directory of their own,
 * and the CRL it publishes. Link it with --wrap=time, rename and fsync. */

#ifndef TESTS_PSMD_CRL_HOUSE_H
#define TESTS_PSMD_CRL_HOUSE_H

#include <time.h>

#include "psmd/crl.h"

enum { DAY = 86400 };

/* A service's authority and records, in a directory of their own. */
struct house {
	char dir[32], crl[64], records[64];
	struct config config;
	struct issuing issuing;
	char why[512];
};

#define WITH_CA(test) \
	cmocka_unit_test_setup_teardown(test, house_set_up_ca, house_tear_down)

extern int64_t later; /* seconds */
extern int steps;     /* of a file's way: at 0 the process ends */
extern int renames;   /* that are left; others fail */

time_t __real_time(time_t *t);

/* cmocka's: without an authority, and with one, "ca". */
int house_set_up(void **state);
int house_set_up_ca(void **state);
int house_tear_down(void **state);
void make_ca(struct house *h, const char *nickname, const char *subject);
void make_ca_below(struct house *h, const char *nickname, const char *subject,
                   const char *issuer);

void publish(struct house *h);
void renew(struct house *h);
struct ca_crl_info look(struct house *h);
void write_file(const char *path, const char *text);
/* A certificate of that serial number: its id. */
int64_t add_cert_until(struct house *h, const char *serial, int64_t not_after);
int64_t add_one(struct house *h, const char *serial);
enum rec_err do_revoke(struct house *h, int64_t id, int reason);
void run_sql(const struct house *h, const char *sql);

#endif

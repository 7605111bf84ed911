/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl_house.c - an authority in use, for the tests of crl.h. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/psmd/crl_house.h"
#include "tests/psmd/records_place.h"

int64_t later; /* seconds */
int steps;     /* of a file's way; at 0 the process ends */
int renames;   /* that are left; others fail */

time_t __wrap_time(time_t *t);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

time_t
__wrap_time(time_t *t)
{
	time_t now = __real_time(NULL) + (time_t)later;

	if (t != NULL)
		*t = now;
	return now;
}

static void
step(void)
{
	if (steps > 0 && --steps == 0)
		_exit(1);
}

int
__wrap_rename(const char *from, const char *to)
{
	int result;

	step();
	if (renames-- == 0) {
		errno = EIO;
		return -1;
	}
	result = __real_rename(from, to);
	step();
	return result;
}

int
__wrap_fsync(int fd)
{
	int result;

	step();
	result = __real_fsync(fd);
	step();
	return result;
}

static void
make_database(const char *dir)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	assert_non_null(ctx);
	assert_int_equal(psm_open(ctx, dir, PSM_OPEN_CREATE), PSM_OK);
	psm_free(ctx);
}

int
house_set_up(void **state)
{
	struct house *h = calloc(1, sizeof *h);

	assert_non_null(h);
	strcpy(h->dir, "/tmp/psmd-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	make_database(h->dir);
	snprintf(h->crl, sizeof h->crl, "%s/ca.crl", h->dir);
	snprintf(h->records, sizeof h->records, "%s/records.db", h->dir);
	h->config.ca = (char *)"ca";
	h->config.crl_file = h->crl;
	h->config.records = h->records;
	h->config.crl_days = 7;
	h->issuing.config = &h->config;
	h->issuing.issuer = issuer_new();
	h->issuing.engine = engine_new(h->dir, NULL, 8, h->why, sizeof h->why);
	if (h->issuing.engine == NULL)
		fail_msg("%s", h->why);
	assert_int_equal(records_open(h->records, true, &h->issuing.records),
	                 REC_OK);
	later = 0;
	renames = -1;
	*state = h;
	return 0;
}

int
house_tear_down(void **state)
{
	struct house *h = *state;
	char command[64];

	issuer_free(h->issuing.issuer);
	engine_free(h->issuing.engine);
	records_close(h->issuing.records);
	snprintf(command, sizeof command, "rm -rf %s", h->dir);
	free(h);
	return system(command);
}

struct making {
	const char *nickname, *subject, *issuer;
	enum psm_err err;
};

static void
make_authority(struct psm_ctx *ctx, void *arg)
{
	struct making *making = arg;
	const struct ca_params params = { .subject = making->subject,
		                          .nickname = making->nickname,
		                          .issuer = making->issuer,
		                          .key_type = PSM_KEY_EC };
	struct ca *ca = ca_new();

	(void)ctx;
	making->err = ca != NULL ? ca_init(ca, &params) : PSM_E_NO_MEMORY;
	ca_free(ca);
}

void
make_ca_below(struct house *h, const char *nickname, const char *subject,
              const char *issuer)
{
	struct making making = { nickname, subject, issuer, PSM_E_INTERNAL };

	assert_true(engine_call(h->issuing.engine, make_authority, &making));
	assert_int_equal(making.err, PSM_OK);
}

void
make_ca(struct house *h, const char *nickname, const char *subject)
{
	make_ca_below(h, nickname, subject, NULL);
}

int
house_set_up_ca(void **state)
{
	house_set_up(state);
	make_ca(*state, "ca", "CN=CA");
	return 0;
}

void
publish(struct house *h)
{
	if (!crl_publish(&h->issuing, &somebody, h->why, sizeof h->why))
		fail_msg("%s", h->why);
}

void
renew(struct house *h)
{
	if (!crl_renew(&h->issuing, &somebody, h->why, sizeof h->why))
		fail_msg("%s", h->why);
}

struct ca_crl_info
look(struct house *h)
{
	struct ca_crl_info info = { 0 };

	if (!crl_look(&h->issuing, &info, h->why, sizeof h->why))
		fail_msg("%s", h->why);
	return info;
}

void
write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

int64_t
add_cert_until(struct house *h, const char *serial, int64_t not_after)
{
	const struct order_new order = make_order(NULL, "a request");
	struct cert_new cert = make_cert(serial);
	int64_t number = 0, id = 0;
	bool is_new;

	cert.not_after = not_after;
	assert_int_equal(records_order_add(h->issuing.records, &somebody,
	                                   &order, &number, &is_new), REC_OK);
	assert_int_equal(records_order_issue(h->issuing.records, &somebody,
	                                     number, &cert, 1, &id), REC_OK);
	return id;
}

int64_t
add_one(struct house *h, const char *serial)
{
	return add_cert_until(h, serial, __real_time(NULL) + 100 * DAY);
}

enum rec_err
do_revoke(struct house *h, int64_t id, int reason)
{
	return crl_revoke(&h->issuing, &somebody, id, reason, h->why,
	                  sizeof h->why);
}

void
run_sql(const struct house *h, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(h->records, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

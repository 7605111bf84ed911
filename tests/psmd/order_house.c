/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_house.c - a house that issues, for the tests of orders. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/log.h"
#include "tests/psmd/order_house.h"

enum { WAITING = 64 };

static const char recipe[] =
        "set -e; exec 2>log\n"
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout a.key -subj /CN=Mallory -out a.pem\n"
        "openssl req -in a.pem -outform DER -out a.der\n";

const struct rec_actor somebody = { "alice", "192.0.2.7" };
static const char *const purposes[] = { "1.3.6.1.5.5.7.3.2" };

int
house_files(void **state)
{
	(void)state;
	log_set_level(LOG_FAILED);
	return files_make(recipe);
}

static void
make_authority(const char *dir)
{
	static const struct ca_params params = { .subject = "CN=Issuer",
		                                 .nickname = "#issuer",
		                                 .key_type = PSM_KEY_EC };
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	struct ca *ca = ca_new();

	assert_non_null(ctx);
	assert_int_equal(psm_open(ctx, dir, PSM_OPEN_CREATE), PSM_OK);
	assert_int_equal(psm_login(ctx, NULL), PSM_OK);
	assert_int_equal(ca_init(ca, &params), PSM_OK);
	ca_free(ca);
	psm_free(ctx);
}

void
house_open(struct house *house)
{
	char why[200], path[64];

	house->profile = (struct profile){
		.name = (char *)"client",
		.subject = PROFILE_SUBJECT_ACCOUNT,
		.approval = APPROVAL_AUTOMATIC,
		.ca = { .days = 365, .max_days = 1095, .usage = CA_USAGE_BOTH,
		        .keys = CA_KEY_RSA | CA_KEY_P256, .rsa_bits = 3072,
		        .purposes = purposes, .n_purposes = 1,
		        .alt_names = CA_ALT_NAMES_NONE },
	};
	house->config = (struct config){ .ca = (char *)"#issuer",
		                         .profiles = &house->profile,
		                         .n_profiles = 1 };
	snprintf(path, sizeof path, "%s/records.db", house->dir);
	house->issuing.config = &house->config;
	assert_int_equal(records_open(path, true, &house->issuing.records),
	                 REC_OK);
	house->issuing.engine = engine_new(house->dir, NULL, WAITING, why,
	                                   sizeof why);
	if (house->issuing.engine == NULL)
		fail_msg("%s", why);
	house->issuing.issuer = issuer_new();
	assert_non_null(house->issuing.issuer);
}

int
house_set_up_closed(void **state)
{
	struct house *house = calloc(1, sizeof *house);

	assert_non_null(house);
	strcpy(house->dir, "/tmp/psmd-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	make_authority(house->dir);
	*state = house;
	return 0;
}

int
house_set_up(void **state)
{
	struct house *house;

	house_set_up_closed(state);
	house = *state;
	house_open(house);
	return 0;
}

static void
close_engine(struct psm_ctx *ctx, void *arg)
{
	(void)ctx;
	issuer_free(arg);
}

int
house_tear_down(void **state)
{
	struct house *house = *state;
	char command[64];

	order_clear(&house->order);
	order_text_clear(&house->text);
	engine_call(house->issuing.engine, close_engine, house->issuing.issuer);
	engine_free(house->issuing.engine);
	records_close(house->issuing.records);
	snprintf(command, sizeof command, "rm -rf %s", house->dir);
	free(house);
	return system(command);
}

struct order_ask
make_ask(const struct house *house, const char *foreign_number)
{
	return (struct order_ask){ .account = "alice",
		                   .foreign_number = foreign_number,
		                   .profile = &house->profile };
}

enum order_err
place_ask(struct house *house, struct order_ask ask, const char *file)
{
	size_t len;
	char *request = files_read(file, &len);
	enum order_err err;

	order_clear(&house->order);
	ask.request = request;
	ask.request_len = len;
	err = order_place(&house->issuing, &somebody, &ask, &house->order,
	                  house->why);
	free(request);
	return err;
}

enum order_err
place(struct house *house, const char *foreign_number, const char *file)
{
	return place_ask(house, make_ask(house, foreign_number), file);
}

size_t
count_orders(struct house *house)
{
	static const struct order_filter all = { .state = ORDER_N_STATES };
	struct order orders[128];
	size_t n = 0;

	assert_int_equal(records_order_list(house->issuing.records, &all,
	                                    orders, 128, &n), REC_OK);
	return n;
}

struct cert_record *
certs_of(struct house *house, int64_t number, size_t expected)
{
	struct cert_record *certs = NULL;
	size_t n = 0;

	assert_int_equal(records_cert_list(house->issuing.records, number,
	                                   &certs, &n), REC_OK);
	assert_int_equal(n, expected);
	return certs;
}

enum order_state
state_of(struct house *house, int64_t number)
{
	order_clear(&house->order);
	assert_int_equal(records_order_get(house->issuing.records, NULL, number,
	                                   &house->order), REC_OK);
	return house->order.state;
}

void
assert_prints(const char *text, const char *expected, const char *command)
{
	char line[512], path[64], *out;
	size_t len;
	FILE *file;

	snprintf(path, sizeof path, "%s/in", files);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	snprintf(line, sizeof line, "cd %s && { %s; } <in >out 2>&1", files,
	         command);
	assert_int_equal(system(line), 0);
	out = files_read("out", &len);
	if (strstr(out, expected) == NULL)
		fail_msg("\"%s\" is not in\n%s", expected, out);
	free(out);
}

enum order_err
answer(struct house *house, enum ca_dialect dialect)
{
	order_text_clear(&house->text);
	return order_answer(&house->issuing, &house->order, dialect,
	                    &house->text, house->why);
}

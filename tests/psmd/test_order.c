/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_order.c - orders on an engine, an authority and records of their own.
 * Requests are openssl's and our own. Linked with --wrap=records_order_issue,
 * time, sqlite3_step and ca_request_issue. */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "psm/psm.h"
#include "psmd/client_cert.h"
#include "psmd/log.h"
#include "psmd/order.h"
#include "psmd/records_pkcs12.h"
#include "psmd/server.h"

enum { WAITING = 64, THREADS = 8, YEAR = 365 * 86400 };

static const char recipe[] =
        "set -e; exec 2>log\n"
        "ec() { openssl req -new -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=Mallory "
        "-out $1.pem $2 $3; }\n"
        "rsa() { openssl req -new -newkey rsa:$2 -nodes -keyout $1.key "
        "-subj /CN=Mallory -out $1.pem; }\n"
        "ec a; ec b; ec names -addext subjectAltName=email:a@example.com\n"
        "rsa rsa2048 2048; rsa rsa3072 3072\n"
        "openssl req -in a.pem -outform DER -out a.der\n"
        "openssl base64 -A -in a.der -out a.b64\n"
        "tr -d '\\n' <a.pem >a.joined\n"
        /* the last octet of the signature is another */
        "head -c -1 a.der >bad.der; tail -c 1 a.der | tr '\\000-\\377' "
        "'\\001-\\377\\000' >>bad.der\n"
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes "
        "-keyout p224.key -subj /CN=A -out p224.pem\n"
        "printf '[req]\\ndistinguished_name=d\\nattributes=a\\nprompt=no\\n"
        "[d]\\nCN=A\\n[a]\\nchallengePassword=secret\\n' >conf\n"
        "openssl req -new -key a.key -config conf -out secret.pem\n"
        "openssl req -x509 -key a.key -subj /CN=other -days 9 -outform DER "
        "-out other.der\n"
        "echo rubbish >rubbish; : >empty\n";

static char files[32]; /* where they are */

static const struct rec_actor somebody = { "alice", "192.0.2.7" };
static const char *const purposes[] = { "1.3.6.1.5.5.7.3.2" };

/* --- what the wrapped functions do --------------------------------------- */

static unsigned serials_taken; /* so many times more */
static bool is_overtaken;      /* by another, with the same certificates */
static int64_t later;          /* seconds */
static int kill_at = -1;       /* at that moment; -1: never */
static int moment;

enum rec_err __real_records_order_issue(struct records *r,
                                        const struct rec_actor *actor,
                                        int64_t number,
                                        const struct cert_new *certs, size_t n,
                                        int64_t *ret_ids);
enum rec_err __wrap_records_order_issue(struct records *r,
                                        const struct rec_actor *actor,
                                        int64_t number,
                                        const struct cert_new *certs, size_t n,
                                        int64_t *ret_ids);
enum psm_err __real_ca_request_issue(struct ca *ca, struct ca_request *request,
                                     const struct ca_options *options,
                                     struct ca_answer **ret_answer);
enum psm_err __wrap_ca_request_issue(struct ca *ca, struct ca_request *request,
                                     const struct ca_options *options,
                                     struct ca_answer **ret_answer);
int __real_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);
time_t __real_time(time_t *ret_time);
time_t __wrap_time(time_t *ret_time);

enum rec_err
__wrap_records_order_issue(struct records *r, const struct rec_actor *actor,
                           int64_t number, const struct cert_new *certs,
                           size_t n, int64_t *ret_ids)
{
	struct cert_new winner = certs[0];

	if (serials_taken > 0) {
		serials_taken--;
		return REC_SERIAL;
	}
	if (is_overtaken) {
		winner.serial = "abcd";
		assert_int_equal(__real_records_order_issue(r, actor, number,
		                                            &winner, 1, NULL),
		                 REC_OK);
	}
	return __real_records_order_issue(r, actor, number, certs, n, ret_ids);
}

static void
pass_moment(void)
{
	if (kill_at >= 0 && moment++ == kill_at)
		raise(SIGKILL);
}

enum psm_err
__wrap_ca_request_issue(struct ca *ca, struct ca_request *request,
                        const struct ca_options *options,
                        struct ca_answer **ret_answer)
{
	pass_moment();
	return __real_ca_request_issue(ca, request, options, ret_answer);
}

int
__wrap_sqlite3_step(sqlite3_stmt *stmt)
{
	pass_moment();
	return __real_sqlite3_step(stmt);
}

time_t
__wrap_time(time_t *ret_time)
{
	time_t now = __real_time(NULL) + later;

	if (ret_time != NULL)
		*ret_time = now;
	return now;
}

/* --- the house ----------------------------------------------------------- */

struct house {
	char dir[32];
	struct config config;
	struct profile profile;
	struct issuing issuing;
	struct order order;   /* the last one */
	struct order_text text;
	char why[ORDER_WHY_SIZE];
};

static int
set_up_files(void **state)
{
	char command[sizeof recipe + 64];

	(void)state;
	log_set_level(LOG_FAILED);
	strcpy(files, "/tmp/psmd-XXXXXX");
	if (mkdtemp(files) == NULL)
		return -1;
	snprintf(command, sizeof command, "cd %s && { %s}", files, recipe);
	return system(command);
}

static int
tear_down_files(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", files);
	return system(command);
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

static void
open_house(struct house *house)
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

/* Of one that others open. */
static int
set_up_closed(void **state)
{
	struct house *house = calloc(1, sizeof *house);

	assert_non_null(house);
	strcpy(house->dir, "/tmp/psmd-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	make_authority(house->dir);
	*state = house;
	return 0;
}

static int
set_up(void **state)
{
	struct house *house;

	set_up_closed(state);
	house = *state;
	open_house(house);
	serials_taken = 0;
	is_overtaken = false;
	later = 0;
	return 0;
}

static void
close_engine(struct psm_ctx *ctx, void *arg)
{
	(void)ctx;
	issuer_free(arg);
}

static int
tear_down(void **state)
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

/* --- doing --------------------------------------------------------------- */

static char *
read_file(const char *name, size_t *ret_len)
{
	char path[64], *data = calloc(1, 100000);
	FILE *in;

	snprintf(path, sizeof path, "%s/%s", files, name);
	in = fopen(path, "rb");
	assert_non_null(in);
	*ret_len = fread(data, 1, 99999, in);
	fclose(in);
	return data;
}

static struct order_ask
make_ask(const struct house *house, const char *foreign_number)
{
	return (struct order_ask){ .account = "alice",
		                   .foreign_number = foreign_number,
		                   .profile = &house->profile };
}

/* Place what ask says, with a file's request. */
static enum order_err
place_ask(struct house *house, struct order_ask ask, const char *file)
{
	size_t len;
	char *request = read_file(file, &len);
	enum order_err err;

	order_clear(&house->order);
	ask.request = request;
	ask.request_len = len;
	err = order_place(&house->issuing, &somebody, &ask, &house->order,
	                  house->why);
	free(request);
	return err;
}

static enum order_err
place(struct house *house, const char *foreign_number, const char *file)
{
	return place_ask(house, make_ask(house, foreign_number), file);
}

#define assert_order(house, call, expected)                         \
	do {                                                        \
		enum order_err got_ = (call);                       \
		if (got_ != (expected))                             \
			fail_msg("%s is %d (%s), not %s", #call,    \
			         got_, (house)->why, #expected);    \
	} while (0)

static size_t
count_orders(struct house *house)
{
	static const struct order_filter all = { .state = ORDER_N_STATES };
	struct order orders[128];
	size_t n = 0;

	assert_int_equal(records_order_list(house->issuing.records, &all,
	                                    orders, 128, &n), REC_OK);
	return n;
}

/* The order's certificates; cert_records_free(). */
static struct cert_record *
certs_of(struct house *house, int64_t number, size_t expected)
{
	struct cert_record *certs = NULL;
	size_t n = 0;

	assert_int_equal(records_cert_list(house->issuing.records, number,
	                                   &certs, &n), REC_OK);
	assert_int_equal(n, expected);
	return certs;
}

static enum order_state
state_of(struct house *house, int64_t number)
{
	order_clear(&house->order);
	assert_int_equal(records_order_get(house->issuing.records, NULL, number,
	                                   &house->order), REC_OK);
	return house->order.state;
}

/* What a command with the text before it prints has that in it. */
static void
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
	out = read_file("out", &len);
	if (strstr(out, expected) == NULL)
		fail_msg("\"%s\" is not in\n%s", expected, out);
	free(out);
}

static enum order_err
answer(struct house *house, enum ca_dialect dialect)
{
	order_text_clear(&house->text);
	return order_answer(&house->issuing, &house->order, dialect,
	                    &house->text, house->why);
}

/* --- requests of our own ------------------------------------------------- */

struct made {
	const struct psm_requests_params *params;
	char *text;
};

static void
make_crmf(struct psm_ctx *ctx, void *arg)
{
	struct psm_requests *requests = NULL;
	struct made *made = arg;

	if (psm_request_create_many(ctx, made->params, &requests) != PSM_OK)
		return;
	made->text = strdup(requests->text);
	psm_requests_free(requests);
}

/* CertReqMessages for n keys, each of alg, or by turns of two; free() it. */
static char *
crmf(struct house *house, const char *alg, const char *other, size_t n)
{
	struct psm_key_request keys[32] = { { .alg = alg } };
	struct psm_requests_params params = { .subject = "CN=Mallory",
		                              .keys = keys,
		                              .n_keys = n };
	struct made made = { &params, NULL };

	for (size_t i = 1; i < n; i++)
		keys[i].alg = i % 2 == 0 ? alg : other;
	assert_true(engine_call(house->issuing.engine, make_crmf, &made));
	assert_non_null(made.text);
	return made.text;
}

static enum order_err
place_crmf(struct house *house, const char *text, bool in_clear)
{
	struct order_ask ask = make_ask(house, NULL);

	order_clear(&house->order);
	ask.form = ORDER_CRMF;
	ask.in_clear = in_clear;
	ask.request = text;
	ask.request_len = strlen(text);
	return order_place(&house->issuing, &somebody, &ask, &house->order,
	                   house->why);
}

/* --- placing ------------------------------------------------------------- */

static void
test_place_automatic_is_issued_by_the_profile(void **state)
{
	struct house *house = *state;

	assert_order(house, place(house, NULL, "rsa3072.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	assert_string_equal(house->order.account, "alice");
	assert_int_equal(house->order.days, 365);
	assert_null(house->order.request);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_prints(house->text.text, "subject=CN = alice\n",
	              "openssl x509 -noout -subject");
	assert_prints(house->text.text, "Digital Signature, Key Encipherment\n",
	              "openssl x509 -noout -ext keyUsage");
	assert_prints(house->text.text,
	              "    TLS Web Client Authentication\n",
	              "openssl x509 -noout -ext extendedKeyUsage");
}

static void
test_place_writes_down_what_was_issued(void **state)
{
	struct house *house = *state;
	struct order_ask ask = make_ask(house, NULL);
	struct cert_record *cert;

	ask.days = 730;
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	assert_string_equal(cert->account, "alice");
	assert_string_equal(cert->issuer, "#issuer");
	assert_string_equal(cert->subject, "CN=alice");
	assert_string_equal(cert->request_id, "-1");
	/* 128 random bits; zeros in front are not kept */
	assert_in_range(strlen(cert->serial), 24, 32);
	assert_int_equal(cert->not_after - cert->not_before, 2 * YEAR);
	assert_false(cert->encrypted);
	cert_records_free(cert, 1);
}

static void
test_place_refused_by_table_places_nothing(void **state)
{
	static const struct {
		const char *file;
		enum order_form form;
		unsigned days;
		enum order_err err;
	} rows[] = {
		{ "rubbish", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "empty", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "bad.der", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "other.der", ORDER_CSR, 0, ORDER_MALFORMED },
		{ "a.pem", ORDER_CRMF, 0, ORDER_MALFORMED },
		{ "rsa2048.pem", ORDER_CSR, 0, ORDER_KEY_SIZE },
		{ "p224.pem", ORDER_CSR, 0, ORDER_REFUSED },
		{ "secret.pem", ORDER_CSR, 0, ORDER_SECRET },
		{ "a.pem", ORDER_CSR, 1096, ORDER_DAYS },
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct order_ask ask = make_ask(house, "F");

		ask.form = rows[i].form;
		ask.days = rows[i].days;
		house->why[0] = '\0';
		if (place_ask(house, ask, rows[i].file) != rows[i].err)
			fail_msg("row %zu: %s", i, house->why);
		assert_string_not_equal(house->why, "");
	}
	assert_int_equal(count_orders(house), 0);
}

static void
test_place_key_of_a_kind_that_is_not_granted_is_refused(void **state)
{
	struct house *house = *state;

	house->profile.ca.keys = CA_KEY_P256;
	assert_order(house, place(house, NULL, "rsa2048.pem"), ORDER_REFUSED);
	house->profile.ca.keys = CA_KEY_RSA;
	house->profile.ca.rsa_bits = 2048;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_REFUSED);
	assert_order(house, place(house, NULL, "rsa2048.pem"), ORDER_OK);
}

static void
test_place_subject_is_as_the_profile_says(void **state)
{
	static const char *const parts[] = { "O" };
	struct house *house = *state;

	house->profile.subject = PROFILE_SUBJECT_ALL;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_prints(house->text.text, "CN = Mallory\n",
	              "openssl x509 -noout -subject");
	house->profile.subject = PROFILE_SUBJECT_PARTS;
	house->profile.ca.subject_parts = parts;
	house->profile.ca.n_subject_parts = 1;
	/* which has no organization */
	assert_order(house, place(house, NULL, "a.pem"), ORDER_REFUSED);
}

static void
test_place_names_are_as_the_profile_says(void **state)
{
	struct house *house = *state;

	assert_order(house, place(house, NULL, "names.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_null(strstr(house->text.text, "a@example.com"));
	assert_prints(house->text.text, "no email\n",
	              "openssl x509 -noout -email | grep @ || echo no email");
	house->profile.ca.alt_names = CA_ALT_NAMES_GIVEN;
	assert_order(house, place(house, NULL, "names.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_OK);
	assert_prints(house->text.text, "a@example.com\n",
	              "openssl x509 -noout -email");
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
}

static void
test_place_again_is_the_same_in_any_armour(void **state)
{
	static const char *const armours[] = { "a.der", "a.b64", "a.joined",
		                               "a.pem" };
	struct house *house = *state;
	int64_t number;

	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	number = house->order.number;
	for (size_t i = 0; i < sizeof armours / sizeof *armours; i++) {
		assert_order(house, place(house, "F", armours[i]), ORDER_OK);
		assert_int_equal(house->order.number, number);
		assert_int_equal(house->order.state, ORDER_ISSUED);
	}
	cert_records_free(certs_of(house, number, 1), 1);
	assert_int_equal(count_orders(house), 1);
}

static void
test_place_foreign_number_of_another_is_taken(void **state)
{
	struct house *house = *state;
	struct order_ask ask = make_ask(house, "F");

	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	assert_order(house, place(house, "F", "b.pem"), ORDER_TAKEN);
	ask.must_be_new = true;
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_TAKEN);
	ask.account = "bob"; /* whose numbers are his own */
	assert_order(house, place_ask(house, ask, "a.pem"), ORDER_OK);
	assert_int_equal(count_orders(house), 2);
}

/* Whoever repeats an order is not told of rules made since. */
static void
test_place_again_after_the_profile_changed_is_the_same(void **state)
{
	struct house *house = *state;
	int64_t number;

	house->profile.ca.rsa_bits = 2048;
	assert_order(house, place(house, "F", "rsa2048.pem"), ORDER_OK);
	number = house->order.number;
	house->profile.ca.rsa_bits = 3072;
	assert_order(house, place(house, "F", "rsa2048.pem"), ORDER_OK);
	assert_int_equal(house->order.number, number);
	assert_order(house, place(house, "G", "rsa2048.pem"), ORDER_KEY_SIZE);
}

static void
test_place_without_an_authority_fails(void **state)
{
	struct house *house = *state;

	house->config.ca = (char *)"#none";
	log_set_level((enum log_level)0);
	assert_order(house, place(house, NULL, "a.pem"), ORDER_FAILED);
	log_set_level(LOG_FAILED);
	assert_int_equal(count_orders(house), 0);
	/* why is the log's: a client is not told names */
	assert_null(strstr(house->why, "#none"));
	house->config.ca = (char *)"#issuer";
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
}

/* --- interruptions and others -------------------------------------------- */

/* As it is when the process ended between the two steps. */
static int64_t
place_half(struct house *house, const char *foreign_number)
{
	struct order_new order = { .account = "alice",
		                   .foreign_number = foreign_number,
		                   .profile = "client",
		                   .days = 365,
		                   .approved = true };
	char *der = read_file("a.der", &order.request_len);
	int64_t number = 0;
	bool is_new;

	order.request = der;
	assert_int_equal(records_order_add(house->issuing.records, &somebody,
	                                   &order, &number, &is_new), REC_OK);
	free(der);
	return number;
}

static void
test_interrupted_order_is_issued_by_each_way(void **state)
{
	struct house *house = *state;
	int64_t number = place_half(house, "F");

	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	assert_int_equal(house->order.number, number);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	number = place_half(house, NULL);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_ISSUED);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_OK);
	cert_records_free(certs_of(house, number, 1), 1);
	number = place_half(house, NULL);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 true, "", house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_ISSUED);
	assert_order(house, order_issue(&house->issuing, &somebody, 7,
	                                house->why), ORDER_NOT_FOUND);
}

static void
test_interrupted_order_without_its_profile_is_refused(void **state)
{
	struct house *house = *state;
	int64_t number = place_half(house, NULL);

	house->profile.ca.max_days = 30;
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_DAYS);
	house->profile.ca.max_days = 1095;
	house->profile.name = (char *)"another";
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_REFUSED);
	assert_int_equal(state_of(house, number), ORDER_APPROVED);
	house->profile.name = (char *)"client";
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_OK);
}

static void
test_serial_that_is_taken_is_drawn_anew(void **state)
{
	struct house *house = *state;

	serials_taken = 7;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	cert_records_free(certs_of(house, house->order.number, 1), 1);
}

/* What was placed stays placed, and is issued another time. */
static void
test_order_that_cannot_be_issued_now_stays_approved(void **state)
{
	struct house *house = *state;

	log_set_level((enum log_level)0);
	serials_taken = 8;
	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	log_set_level(LOG_FAILED);
	assert_int_equal(house->order.state, ORDER_APPROVED);
	cert_records_free(certs_of(house, house->order.number, 0), 0);
	assert_order(house, place(house, "F", "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
}

static void
test_loser_of_a_race_has_the_winners_certificate(void **state)
{
	struct house *house = *state;
	struct cert_record *cert;

	is_overtaken = true;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	cert = certs_of(house, house->order.number, 1);
	assert_string_equal(cert->serial, "abcd");
	cert_records_free(cert, 1);
}

struct racer {
	struct house *house;
	enum order_err err;
	int64_t number;
};

static void *
race(void *arg)
{
	struct racer *racer = arg;
	struct order_ask ask = make_ask(racer->house, "F");
	char why[ORDER_WHY_SIZE];
	struct order order;
	size_t len;
	char *request = read_file("a.pem", &len);

	ask.request = request;
	ask.request_len = len;
	racer->err = order_place(&racer->house->issuing, &somebody, &ask,
	                         &order, why);
	free(request);
	if (racer->err != ORDER_OK)
		return NULL;
	racer->number = order.number;
	order_clear(&order);
	return NULL;
}

static void
test_threads_at_once_make_one_certificate(void **state)
{
	struct house *house = *state;
	struct racer racers[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ house, ORDER_FAILED, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, race,
		                                &racers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(racers[i].err, ORDER_OK);
		assert_int_equal(racers[i].number, racers[0].number);
	}
	cert_records_free(certs_of(house, racers[0].number, 1), 1);
	assert_int_equal(count_orders(house), 1);
}

/* A process of its own: place an order, dying at that moment. 0: it is issued,
 * with one certificate. */
static int
place_in_child(struct house *house, const char *foreign_number, int at)
{
	struct cert_record *certs = NULL;
	enum order_err err;
	size_t n = 0;

	open_house(house);
	kill_at = at;
	err = place(house, foreign_number, "a.pem");
	kill_at = -1;
	if (err != ORDER_OK || house->order.state != ORDER_ISSUED ||
	    records_cert_list(house->issuing.records, house->order.number,
	                      &certs, &n) != REC_OK)
		return 1;
	cert_records_free(certs, n);
	return n == 1 ? 0 : 2;
}

/* Its wait status. */
static int
in_child(struct house *house, const char *foreign_number, int at)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(place_in_child(house, foreign_number, at));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_killed_at_any_moment_is_issued_once(void **state)
{
	struct house *house = *state;
	char foreign_number[16];
	int status, n = 0;

	do {
		snprintf(foreign_number, sizeof foreign_number, "F-%d", n);
		status = in_child(house, foreign_number, n);
		if (WIFSIGNALED(status))
			assert_int_equal(WTERMSIG(status), SIGKILL);
		else
			assert_int_equal(status, 0);
		assert_int_equal(in_child(house, foreign_number, -1), 0);
		n++;
	} while (WIFSIGNALED(status));
	print_message("# %d moments\n", n - 1);
	assert_true(n > 20);
	open_house(house);
	assert_int_equal(count_orders(house), n);
}

/* --- deciding ------------------------------------------------------------ */

static int64_t
place_waiting(struct house *house)
{
	house->profile.approval = APPROVAL_MANUAL;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_APPLIED);
	assert_non_null(house->order.request);
	return house->order.number;
}

static void
test_approve_issues(void **state)
{
	struct house *house = *state;
	int64_t number = place_waiting(house);

	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_STATE);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_STATE);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 true, "fine", house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_ISSUED);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 true, "", house->why), ORDER_STATE);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 false, "", house->why), ORDER_STATE);
	assert_order(house, order_decide(&house->issuing, &somebody, 7, true,
	                                 "", house->why), ORDER_NOT_FOUND);
}

static void
test_reject_is_answered_with_its_reason(void **state)
{
	struct house *house = *state;
	int64_t number = place_waiting(house);

	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 false, "not you, \xc3\xa4",
	                                 house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_REJECTED);
	assert_null(house->order.request);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_STATE);
	assert_order(house, answer(house, CA_DIALECT_CMMF), ORDER_OK);
	assert_prints(house->text.text, "not you",
	              "openssl base64 -d | strings");
	assert_order(house, answer(house, CA_DIALECT_PKCS7), ORDER_REFUSED);
	assert_string_equal(house->why, "not you, \xc3\xa4");
}

/* They have one row of numbers. */
static void
test_decide_is_about_pkcs12_too(void **state)
{
	static const struct pkcs12_ask ask = { "alice", "A-1", "S-1",
		                               "CN=Alice" };
	struct house *house = *state;
	struct records *r = house->issuing.records;
	struct pkcs12_result result = { 0 };

	assert_int_equal(records_pkcs12_begin(r, &ask, 0, &result), REC_OK);
	assert_int_equal(records_pkcs12_wait(r, &somebody, result.claim),
	                 REC_OK);
	assert_order(house, order_decide(&house->issuing, &somebody,
	                                 result.request, true, "", house->why),
	             ORDER_OK);
	assert_order(house, order_decide(&house->issuing, &somebody,
	                                 result.request, true, "", house->why),
	             ORDER_STATE);
	pkcs12_result_clear(&result);
	assert_int_equal(records_pkcs12_begin(r, &ask, 0, &result), REC_OK);
	assert_true(result.approved);
	pkcs12_result_clear(&result);
}

/* --- CRMF ---------------------------------------------------------------- */

static void
test_crmf_key_that_cannot_sign_is_answered_encrypted(void **state)
{
	struct house *house = *state;
	char *text = crmf(house, "ec-sign", "ec-ex", 2);
	struct cert_record *certs;

	assert_order(house, place_crmf(house, text, true), ORDER_ENCRYPTED);
	assert_int_equal(count_orders(house), 0);
	assert_order(house, place_crmf(house, text, false), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	certs = certs_of(house, house->order.number, 2);
	assert_false(certs[0].encrypted);
	assert_true(certs[1].encrypted);
	assert_string_not_equal(certs[0].request_id, certs[1].request_id);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_ENCRYPTED);
	assert_order(house, answer(house, CA_DIALECT_PKCS7), ORDER_ENCRYPTED);
	assert_order(house, answer(house, CA_DIALECT_CMMF), ORDER_OK);
	/* in the answer there is the one, but for its tag, and not the other */
	assert_non_null(memmem(house->text.der, house->text.der_len,
	                       certs[0].der + 1, certs[0].der_len - 1));
	assert_null(memmem(house->text.der, house->text.der_len,
	                   certs[1].der + 1, certs[1].der_len - 1));
	cert_records_free(certs, 2);
	free(text);
}

static void
test_crmf_messages_are_limited(void **state)
{
	struct house *house = *state;
	char *most = crmf(house, "ec-sign", "ec-sign", ORDER_MESSAGES_MAX);
	char *more = crmf(house, "ec-sign", "ec-sign", ORDER_MESSAGES_MAX + 1);

	assert_order(house, place_crmf(house, more, false), ORDER_MALFORMED);
	assert_order(house, place_crmf(house, most, false), ORDER_OK);
	cert_records_free(certs_of(house, house->order.number,
	                           ORDER_MESSAGES_MAX), ORDER_MESSAGES_MAX);
	free(most);
	free(more);
}

/* --- answering ----------------------------------------------------------- */

static void
test_answer_is_alone_or_with_the_chain(void **state)
{
	struct house *house = *state;
	struct cert_record *cert;

	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_PKCS7), ORDER_OK);
	assert_prints(house->text.text, "2\n", "openssl pkcs7 -print_certs | "
	              "grep -c BEGIN");
	cert = certs_of(house, house->order.number, 1);
	order_text_clear(&house->text);
	assert_order(house, order_answer_certs(&house->issuing, cert, 1,
	                                       CA_DIALECT_CERT, true,
	                                       &house->text, house->why),
	             ORDER_OK);
	assert_prints(house->text.text, "1\n", "grep -c BEGIN");
	assert_int_equal(house->text.der_len, cert->der_len);
	assert_memory_equal(house->text.der, cert->der, cert->der_len);
	cert_records_free(cert, 1);
}

/* --- certificates as a login --------------------------------------------- */

struct guest {
	struct server server;
	struct peer peer;
	struct request request;
};

static void
set_guest(struct guest *guest, const struct house *house,
           const unsigned char *der, size_t len)
{
	*guest = (struct guest){
		.server = { .records = house->issuing.records },
		.peer = { .address = "192.0.2.7", .tls = true, .cert = der,
		          .cert_len = len },
	};
	guest->request.server = &guest->server;
	guest->request.peer = &guest->peer;
}

static void
test_client_cert_of_ours_is_its_accounts(void **state)
{
	struct house *house = *state;
	const struct account bob = { .name = "bob", .enabled = true,
		                     .hash = "h", .realm = "psmd" };
	struct account alice = { .name = "alice" };
	struct cert_record *cert;
	struct guest guest;
	int64_t id = 0;

	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	set_guest(&guest, house, cert->der, cert->der_len);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_OURS);
	assert_int_equal(id, cert->id);
	assert_true(client_cert_is_for(&guest.request, &alice));
	assert_false(client_cert_is_for(&guest.request, &bob));
	assert_int_equal(records_account_add(house->issuing.records, &bob),
	                 REC_OK);
	assert_int_equal(records_cert_add_user(house->issuing.records,
	                                       &somebody, cert->id, "bob"),
	                 REC_OK);
	assert_false(client_cert_is_for(&guest.request, &bob));
	alice.created = house->order.issued; /* the same second is fine */
	assert_true(client_cert_is_for(&guest.request, &alice));
	alice.created++; /* another one, who has that name now */
	assert_false(client_cert_is_for(&guest.request, &alice));
	alice.created = 0;
	later = YEAR + 60;
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_REVOKED);
	later = -3600; /* not yet */
	assert_false(client_cert_is_for(&guest.request, &alice));
	later = 0;
	assert_int_equal(records_cert_revoke(house->issuing.records, &somebody,
	                                     cert->id, CERT_HOLD, 1000),
	                 REC_OK);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_REVOKED);
	assert_false(client_cert_is_for(&guest.request, &alice));
	cert_records_free(cert, 1);
}

/* A serial number is no proof. */
static void
test_client_cert_that_differs_is_none(void **state)
{
	struct house *house = *state;
	struct cert_record *cert;
	struct guest guest;
	int64_t id = 0;
	size_t len;
	char *other = read_file("other.der", &len);

	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	cert->der[cert->der_len - 1] ^= 1;
	set_guest(&guest, house, cert->der, cert->der_len);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	set_guest(&guest, house, (unsigned char *)other, len);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	set_guest(&guest, house, (const unsigned char *)"\x30", 1);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	set_guest(&guest, house, NULL, 0);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	cert_records_free(cert, 1);
	free(other);
}

#define HOUSE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_killed_at_any_moment_is_issued_once, set_up_closed,
			tear_down),
		HOUSE(test_place_automatic_is_issued_by_the_profile),
		HOUSE(test_place_writes_down_what_was_issued),
		HOUSE(test_place_refused_by_table_places_nothing),
		HOUSE(test_place_key_of_a_kind_that_is_not_granted_is_refused),
		HOUSE(test_place_subject_is_as_the_profile_says),
		HOUSE(test_place_names_are_as_the_profile_says),
		HOUSE(test_place_again_is_the_same_in_any_armour),
		HOUSE(test_place_foreign_number_of_another_is_taken),
		HOUSE(test_place_again_after_the_profile_changed_is_the_same),
		HOUSE(test_place_without_an_authority_fails),
		HOUSE(test_interrupted_order_is_issued_by_each_way),
		HOUSE(test_interrupted_order_without_its_profile_is_refused),
		HOUSE(test_serial_that_is_taken_is_drawn_anew),
		HOUSE(test_order_that_cannot_be_issued_now_stays_approved),
		HOUSE(test_loser_of_a_race_has_the_winners_certificate),
		HOUSE(test_threads_at_once_make_one_certificate),
		HOUSE(test_approve_issues),
		HOUSE(test_reject_is_answered_with_its_reason),
		HOUSE(test_decide_is_about_pkcs12_too),
		HOUSE(test_crmf_key_that_cannot_sign_is_answered_encrypted),
		HOUSE(test_crmf_messages_are_limited),
		HOUSE(test_answer_is_alone_or_with_the_chain),
		HOUSE(test_client_cert_of_ours_is_its_accounts),
		HOUSE(test_client_cert_that_differs_is_none),
	};

	return cmocka_run_group_tests_name("an order", tests, set_up_files,
	                                   tear_down_files);
}

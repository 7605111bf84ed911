/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_cert_user.c - /api/cert/user: GET, other methods, and a busy engine. */

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/psmd/cert_user_house.h"
#include "tests/psmd/patience.h"

static const char *
header(const struct house *house, const char *name)
{
	for (size_t i = 0; i < house->reply.n_headers; i++) {
		if (strcmp(house->reply.headers[i].name, name) == 0)
			return house->reply.headers[i].value;
	}
	return "";
}

/* --- GET ----------------------------------------------------------------- */

static void
test_get_empty_store_is_empty_list(void **state)
{
	struct house *house = *state;

	assert_int_equal(count(house), 0);
	assert_string_equal(house->reply.body, "{\"success\":true,\"result\":"
	                                       "{\"certificates\":[]}}");
	assert_string_equal(header(house, "Content-Type"), "application/json");
	ask_about(house, "GET", "id", "");
	assert_int_equal(json_array_size(certificates(house)), 0);
	ask_about(house, "GET", "id", "@none");
	assert_error(house, 12, "id");
}

static void
test_get_one_every_member_is_there(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.der", "a.key", "@vpn");
	json_t *cert, *subject;

	ask_about(house, "GET", "id", "@vpn");
	assert_int_equal(json_array_size(certificates(house)), 1);
	cert = json_array_get(certificates(house), 0);
	assert_int_equal(json_object_size(cert), 11);
	assert_string_equal(text_of(cert, "fingerprint"), a);
	assert_int_equal(strlen(text_of(cert, "fingerprint256")), 64);
	assert_string_equal(text_of(cert, "id"), "@vpn");
	assert_int_equal(strlen(text_of(cert, "startDate")), 20);
	assert_int_equal(strlen(text_of(cert, "endDate")), 20);
	assert_string_not_equal(text_of(cert, "serialNumber"), "");
	assert_true(json_is_false(json_object_get(cert, "protected")));
	assert_true(json_is_false(json_object_get(cert, "systemUseOnly")));
	assert_string_equal(text_of(json_object_get(cert, "key"), "type"),
	                    "ec");
	subject = json_object_get(cert, "subject");
	assert_true(json_equal(subject, json_object_get(cert, "issuer")));
	cert = json_pack("{s:s, s:s, s:s, s:s, s:[s, s], s:s}", "C", "CZ", "S",
	                 "Czech Republic", "L", "Brno", "O", "Acme", "OU",
	                 "One", "Two", "CN", "A");
	assert_true(json_equal(subject, cert));
	json_decref(cert);
	free(a);
}

static void
test_get_name_of_several_values_is_split(void **state)
{
	struct house *house = *state;
	json_t *expected = json_pack("{s:s, s:s, s:s}", "O", "Acme", "OU",
	                             "Sales", "CN", "Zo\303\253");
	char *c = put(house, "c.pem", "c.key", NULL);

	ask_about(house, "GET", "fingerprint", c);
	assert_true(json_equal(
	        json_object_get(json_array_get(certificates(house), 0),
	                        "subject"),
	        expected));
	assert_null(json_object_get(json_array_get(certificates(house), 0),
	                            "id"));
	json_decref(expected);
	free(c);
}

static void
test_get_any_form_of_fingerprint_finds(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@a");
	char upper[64], colons[64], sha256[65];

	for (int i = 0; i <= 40; i++)
		upper[i] = (char)(a[i] >= 'a' && a[i] <= 'f' ? a[i] - 32 :
		                                               a[i]);
	for (int i = 0; i < 20; i++)
		snprintf(colons + 3 * i, 4, "%.2s%s", upper + 2 * i,
		         i < 19 ? ":" : "");
	snprintf(sha256, sizeof sha256, "%s",
	         member(house, 0, "fingerprint256"));
	ask_about(house, "GET", "id", upper);
	assert_string_equal(member(house, 0, "id"), "@a");
	ask_about(house, "GET", "fingerprint", colons);
	assert_string_equal(member(house, 0, "id"), "@a");
	ask_about(house, "GET", "id", sha256);
	assert_string_equal(member(house, 0, "id"), "@a");
	colons[59] = '\0'; /* it ends with a digit alone now */
	colons[58] = '\0';
	ask_about(house, "GET", "id", colons);
	assert_error(house, 12, "id");
	free(a);
}

static void
test_get_malformed_name_is_invalid(void **state)
{
	static const char *const bad[] = {
		"x", "@", "#", "@a b", "@\303\244", "vpn", "0123", ":",
		"@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"00:0102030405060708090a0b0c0d0e0f10111213",
		"000102030405060708090a0b0c0d0e0f10111213:",
		"0g0102030405060708090a0b0c0d0e0f10111213",
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ask_about(house, "GET", "id", bad[i]);
		assert_error(house, 12, "id");
		ask_about(house, "DELETE", "fingerprint", bad[i]);
		assert_error(house, 12, "fingerprint");
	}
	give(house, PARAM_QUERY, "id", "@a\0b", 4);
	ask(house, "GET");
	assert_error(house, 12, "id");
	ask_about(house, "GET", "id", "@\xff");
	assert_error(house, 12, "id");
}

static void
test_get_both_names_collide(void **state)
{
	struct house *house = *state;

	give_text(house, "fingerprint", "@a");
	ask_about(house, "GET", "id", "@a");
	assert_error(house, 17, "fingerprint");
	give_text(house, "fingerprint", "@a");
	ask_about(house, "DELETE", "id", "@a");
	assert_error(house, 17, "fingerprint");
}

static void
test_get_last_occurrence_wins(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	give_text(house, "id", "@none");
	give_text(house, "unknown", "?");
	ask_about(house, "GET", "id", "@a");
	assert_string_equal(member(house, 0, "id"), "@a");
	give_text(house, "id", "@a");
	ask_about(house, "GET", "id", "@none");
	assert_error(house, 12, "id");
}

static void
test_get_list_is_sorted_by_end(void **state)
{
	struct house *house = *state;

	free(put(house, "c.pem", "c.key", "@c"));
	free(put(house, "a.pem", "a.key", "@a"));
	assert_int_equal(count(house), 2);
	assert_string_equal(member(house, 0, "id"), "@a");
	assert_string_equal(member(house, 1, "id"), "@c");
	ask(house, "HEAD");
	assert_int_equal(json_array_size(certificates(house)), 2);
}

static void
test_get_format_answers_the_certificate(void **state)
{
	static const char mark[] = "-----BEGIN CERTIFICATE-----\n";
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@vpn");
	char name[80];

	give_text(house, "format", "pem");
	ask_about(house, "GET", "id", "@vpn");
	assert_string_equal(header(house, "Content-Type"),
	                    "application/x-pem-file");
	assert_string_equal(header(house, "Content-Disposition"),
	                    "attachment; filename=\"vpn.pem\"");
	assert_memory_equal(house->reply.body, mark, sizeof mark - 1);
	give_file(house, "blob-cert", "a.pem");
	assert_int_equal(house->params.list[0].len, house->reply.body_len);
	assert_memory_equal(house->params.list[0].value, house->reply.body,
	                    house->reply.body_len);
	params_clear(&house->params);
	free(a);

	a = put(house, "c.pem", "c.key", NULL);
	give_text(house, "format", "der");
	ask_about(house, "GET", "id", a);
	assert_string_equal(header(house, "Content-Type"),
	                    "application/pkix-cert");
	snprintf(name, sizeof name, "attachment; filename=\"%s.cer\"", a);
	assert_string_equal(header(house, "Content-Disposition"), name);
	give_file(house, "blob-cert", "c.der");
	assert_memory_equal(house->params.list[0].value, house->reply.body,
	                    house->reply.body_len);
	params_clear(&house->params);
	ask_about(house, "GET", "format", "pem");
	assert_error(house, 11, "id");
	ask_about(house, "GET", "format", "txt");
	assert_error(house, 12, "format");
	free(a);
}

static void
test_get_certificate_without_key_is_not_listed(void **state)
{
	struct house *house = *state;

	elsewhere(house, "certutil -A -n other -t ,, -a -i b.pem");
	assert_int_equal(count(house), 0);
}

static void
test_get_change_by_another_program_is_seen(void **state)
{
	struct house *house = *state;

	assert_int_equal(count(house), 0);
	import_server(house);
	assert_int_equal(count(house), 1);
	elsewhere(house, "certutil -F -n '#server'");
	assert_int_equal(count(house), 0);
}

static void
test_get_other_nickname_is_listed_without_id(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	elsewhere(house, "certutil --rename -n @a --new-n plain");
	assert_int_equal(count(house), 1);
	assert_null(json_object_get(json_array_get(certificates(house), 0),
	                            "id"));
}

/* --- the rest ------------------------------------------------------------ */

static void
test_method_other_is_refused(void **state)
{
	static const char *const methods[] = { "POST", "PATCH", "OPTIONS",
		                               "get", "GETS", "TRACE" };
	struct house *house = *state;

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		ask(house, methods[i]);
		assert_error(house, 3, "");
	}
}

/* Work that does not end, and as much as may wait for it. */
static struct {
	struct engine *engine;
	sem_t begun, gate;
	pthread_t threads[WAITING + 1];
	size_t n; /* of them */
} busy;

/* The gate is open for all, or shut. */
static void
wait_at_gate(struct psm_ctx *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
	sem_post(&busy.begun);
	sem_wait(&busy.gate);
	sem_post(&busy.gate);
}

static void *
call_engine(void *arg)
{
	(void)arg;
	engine_call(busy.engine, wait_at_gate, NULL);
	return NULL;
}

static void
wait_for_work(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	assert_int_equal(sem_timedwait(&busy.begun, &until), 0);
}

static void
keep_busy(struct engine *engine)
{
	busy.engine = engine;
	while (busy.n <= WAITING) {
		assert_int_equal(pthread_create(&busy.threads[busy.n], NULL,
		                                call_engine, NULL), 0);
		if (busy.n++ == 0)
			wait_for_work();
	}
	assert_soon(engine_waiting(engine) == WAITING);
}

static void
let_go(void)
{
	sem_post(&busy.gate);
	while (busy.n > 0)
		pthread_join(busy.threads[--busy.n], NULL);
}

static int
set_up_gate(void **state)
{
	sem_init(&busy.begun, 0, 0);
	sem_init(&busy.gate, 0, 0);
	return house_set_up(state);
}

/* Whatever failed, nobody waits for ever. */
static int
tear_down_gate(void **state)
{
	let_go();
	sem_destroy(&busy.begun);
	sem_destroy(&busy.gate);
	return house_tear_down(state);
}

static void
test_get_does_not_wait_for_the_engine(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	assert_int_equal(count(house), 1);
	keep_busy(house->server.engine);
	assert_int_equal(count(house), 1);
	ask_about(house, "DELETE", "id", "@a"); /* the queue is full */
	assert_int_equal(house->reply.status, 503);
	assert_string_equal(header(house, "Retry-After"), "1");
	let_go();
	assert_int_equal(count(house), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE(test_get_empty_store_is_empty_list),
		HOUSE(test_get_one_every_member_is_there),
		HOUSE(test_get_name_of_several_values_is_split),
		HOUSE(test_get_any_form_of_fingerprint_finds),
		HOUSE(test_get_malformed_name_is_invalid),
		HOUSE(test_get_both_names_collide),
		HOUSE(test_get_last_occurrence_wins),
		HOUSE(test_get_list_is_sorted_by_end),
		HOUSE(test_get_format_answers_the_certificate),
		HOUSE(test_get_certificate_without_key_is_not_listed),
		HOUSE(test_get_change_by_another_program_is_seen),
		HOUSE(test_get_other_nickname_is_listed_without_id),
		HOUSE(test_method_other_is_refused),
		cmocka_unit_test_setup_teardown(
		        test_get_does_not_wait_for_the_engine, set_up_gate,
		        tear_down_gate),
	};

	return cmocka_run_group_tests(tests, house_files, files_remove);
}

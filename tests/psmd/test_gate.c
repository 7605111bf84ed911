/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_gate.c - what the gate before the HTTP server lets pass. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "psmd/gate.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n"
#define PUT "PUT /a?b=c HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED PUT "Transfer-Encoding: chunked\r\n\r\n"

/* Bytes that pass, in pieces of some size. */
static size_t
pass(const char *text, size_t len, size_t piece, struct gate *gate)
{
	*gate = (struct gate){ 0 };
	for (size_t i = 0; i < len; i += piece) {
		size_t n = len - i < piece ? len - i : piece;
		size_t good = gate_pass(gate, (const unsigned char *)text + i,
		                        n);

		if (good < n)
			return i + good;
	}
	return len;
}

static void
test_gate_good_requests_pass(void **state)
{
	static const char *const good[] = {
		GET "\r\n",
		"\r\n" GET "\r\n",
		"GET http://x/ HTTP/1.0\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		GET "X: \x80\xff\t\r\nEmpty:\r\n\r\n" GET "\r\n",
		PUT "Content-Length: 3\r\n\r\na\nb" GET "\r\n",
		PUT "content-length:  003 \t\r\n\r\n\r\n\r" GET "\r\n",
		PUT "Content-Length: 0\r\n\r\n" GET "\r\n",
		PUT "X-Content-Length: none\r\n\r\n" GET "\r\n",
		CHUNKED "3\r\n\r\n\n\r\n0\r\n\r\n" GET "\r\n",
		CHUNKED "0aF;a=b;c=\"d\"\r\n",
		CHUNKED "1\r\na\r\n00\r\nContent-Length: 9\r\n\r\n" GET "\r\n",
		PUT "Transfer-Encoding: Chunked \r\n\r\n0\r\n\r\n" GET "\r\n",
		PUT "Content-Length: 1\r\n\r\na" PUT "Content-Length: 1\r\n\r\na"
		CHUNKED "0\r\n\r\n" CHUNKED "0\r\nX: y\r\n\r\n"
		PUT "Content-Length: 1\r\n\r\na" GET "\r\n",
	};
	struct gate gate;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		for (size_t piece = 1; piece < 100; piece += 7)
			assert_int_equal(pass(good[i], strlen(good[i]), piece,
			                      &gate),
			                 strlen(good[i]));
}

/* The last byte of each is the first wrong one. */
static void
test_gate_malformed_requests_stop_at_the_first_wrong_byte(void **state)
{
#define BAD(text) { text, sizeof text - 1 }
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		BAD("\n"), BAD(" "), BAD("\x16"), BAD("\r\r"), BAD("\0"),
		BAD("GET\t"), BAD("GET  "), BAD("GET x"), BAD("CONNECT x"),
		BAD("GET /\r"), BAD("GET /\n"), BAD("GET /\0"),
		BAD("GET /\x80"), BAD("GET / h"), BAD("GET / HTTP/2"),
		BAD("GET / HTTP/1.x"), BAD("GET / HTTP/1.11"),
		BAD("GET / HTTP/1.1\n"), BAD("GET / HTTP/1.1 "),
		BAD("GET / HTTP/1.1\r\n "), BAD("GET / HTTP/1.1\r\n:"),
		BAD(GET "X "), BAD(GET "X\0"), BAD(GET "X\r"), BAD(GET "X\n"),
		BAD(GET "X: a\n"), BAD(GET "X: a\rb"), BAD(GET "X: a\0"),
		BAD(GET "X: a\r\n "), BAD(GET "X: a\r\n\t"), BAD(GET "\n"),
		BAD(GET "\rx"), BAD(GET "X: a\x7f"),
		BAD(PUT "Content-Length: 1\n"),
	};
	struct gate gate;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (size_t piece = 1; piece < 50; piece += 7)
			assert_int_equal(pass(bad[i].text, bad[i].len, piece,
			                      &gate),
			                 bad[i].len - 1);
}

/* A value is judged at its end. */
static void
test_gate_doubtful_lengths_are_stopped(void **state)
{
	static const char *const bad[] = {
		PUT "Content-Length:\r\n", PUT "Content-Length: -1\r\n",
		PUT "Content-Length: +1\r\n", PUT "Content-Length: 0x1\r\n",
		PUT "Content-Length: 1 1\r\n", PUT "Content-Length: 1,1\r\n",
		PUT "Content-Length: 1234567890123456789\r\n",
		PUT "Content-Length: 000000000000000000000000001\r\n",
		PUT "Content-Length: 1\r\nContent-Length: 1\r\n",
		PUT "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		PUT "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
		PUT "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: chunked\r\n",
		PUT "Transfer-Encoding: gzip, chunked\r\n",
		PUT "Transfer-Encoding: xchunked\r\n",
		PUT "Transfer-Encoding:\r\n",
		PUT "Transfer-Encoding: chunked                x\r\n",
		PUT "Content-Length: 1                       1\r\n",
		"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	struct gate gate;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_true(pass(bad[i], strlen(bad[i]), 1, &gate) <
		            strlen(bad[i]));
		assert_true(gate_is_in_head(&gate));
	}
}

static void
test_gate_malformed_chunks_are_stopped(void **state)
{
	static const char *const bad[] = {
		CHUNKED "\r\n", CHUNKED "x\r\n", CHUNKED "-1\r\n",
		CHUNKED "0x1\r\n", CHUNKED " 1\r\n", CHUNKED "1 \r\n",
		CHUNKED ";\r\n", CHUNKED "1\n", CHUNKED "1\ra",
		CHUNKED "1;a\n", CHUNKED "1\r\nab", CHUNKED "1\r\na\n",
		CHUNKED "1\r\na\rb", CHUNKED "1\r\na\r\n\r\n",
		CHUNKED "0000000000000001\r\n", CHUNKED "ffffffffffffffff\r\n",
		CHUNKED "0\r\nX\r\n", CHUNKED "0\r\n X: a\r\n",
		CHUNKED "0\r\n\n",
	};
	struct gate gate;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_true(pass(bad[i], strlen(bad[i]), 1, &gate) <
		            strlen(bad[i]));
		assert_false(gate_is_in_head(&gate));
	}
}

static void
test_gate_long_extension_is_stopped(void **state)
{
	char text[600];
	struct gate gate;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, CHUNKED "1;", sizeof CHUNKED "1;" - 1);
	assert_in_range(pass(text, sizeof text, 1, &gate), 257, 599);
}

/* Somebody may have answered a head that long. */
static void
test_gate_long_head_is_not_said_to_be_in_the_head(void **state)
{
	char text[2000];
	struct gate gate;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, GET "X: ", sizeof GET "X: " - 1);
	text[sizeof text - 1] = '\n';
	assert_int_equal(pass(text, sizeof text, 100, &gate),
	                 sizeof text - 1);
	assert_false(gate_is_in_head(&gate));
}

static void
test_gate_head_is_measured_anew_with_each_request(void **state)
{
	static const char one[] = GET "\r\n";
	char text[100 * sizeof one] = "";
	struct gate gate;

	(void)state;
	while (strlen(text) < sizeof text - sizeof one)
		strcat(text, one);
	strcat(text, "\n");
	assert_int_equal(pass(text, strlen(text), 100, &gate),
	                 strlen(text) - 1);
	assert_true(gate_is_in_head(&gate));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_good_requests_pass),
		cmocka_unit_test(
		        test_gate_malformed_requests_stop_at_the_first_wrong_byte),
		cmocka_unit_test(test_gate_doubtful_lengths_are_stopped),
		cmocka_unit_test(test_gate_malformed_chunks_are_stopped),
		cmocka_unit_test(test_gate_long_extension_is_stopped),
		cmocka_unit_test(
		        test_gate_long_head_is_not_said_to_be_in_the_head),
		cmocka_unit_test(
		        test_gate_head_is_measured_anew_with_each_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

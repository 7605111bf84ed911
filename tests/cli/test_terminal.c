/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_terminal.c - asking for a secret: what the terminal is told, and when. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/terminal.h"

/* A socket for a terminal: what psm writes is at the other end at once. */
static struct {
	int psm, user;
	struct termios now;
	char shown[256]; /* until the echo went off for the first time */
	bool hidden;
	int signal; /* comes when the echo goes off; 0: none */
} tty;

static void
look(void)
{
	ssize_t n = recv(tty.user, tty.shown, sizeof tty.shown - 1,
	                 MSG_DONTWAIT);

	tty.shown[n > 0 ? n : 0] = '\0';
}

int __wrap_tcgetattr(int fd, struct termios *ret);
int __wrap_tcsetattr(int fd, int how, const struct termios *to);

int
__wrap_tcgetattr(int fd, struct termios *ret)
{
	assert_int_equal(fd, tty.psm);
	*ret = tty.now;
	return 0;
}

int
__wrap_tcsetattr(int fd, int how, const struct termios *to)
{
	(void)how;
	assert_int_equal(fd, tty.psm);
	if (!tty.hidden)
		look();
	if (!tty.hidden && tty.signal != 0)
		raise(tty.signal);
	tty.hidden = true;
	tty.now = *to;
	return 0;
}

static int
setup(void **state)
{
	int ends[2];

	(void)state;
	memset(&tty, 0, sizeof tty);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return -1;
	tty.psm = ends[0];
	tty.user = ends[1];
	tty.now.c_lflag = ECHO | ICANON;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(tty.psm);
	return close(tty.user);
}

static void
type(const char *text)
{
	assert_int_equal(write(tty.user, text, strlen(text)), strlen(text));
}

static void
test_terminal_is_hidden_before_it_prompts(void **state)
{
	char buf[16];

	(void)state;
	type("secret\n");
	assert_true(terminal_ask(tty.psm, "Password", false, buf, sizeof buf));
	assert_string_equal(buf, "secret");
	assert_true(tty.hidden);
	assert_string_equal(tty.shown, "");
	look();
	assert_string_equal(tty.shown, "Password: ");
	assert_true(tty.now.c_lflag & ECHO);
}

static void
test_terminal_asks_until_two_are_the_same(void **state)
{
	char buf[16];

	(void)state;
	type("one\ntwo\nthree\nthree\n");
	assert_true(terminal_ask(tty.psm, "New", true, buf, sizeof buf));
	assert_string_equal(buf, "three");
	look();
	assert_string_equal(tty.shown, "New: The same again: "
	                               "That was not the same.\n"
	                               "New: The same again: ");
}

static void
test_terminal_takes_no_line_that_is_too_long(void **state)
{
	char buf[16] = "as before";

	(void)state;
	type("0123456789abcdef\n");
	assert_false(terminal_ask(tty.psm, "Password", false, buf,
	                          sizeof buf));
	assert_memory_equal(buf, (char[16]){ 0 }, sizeof buf);
	assert_true(tty.now.c_lflag & ECHO);
}

static void
test_terminal_interrupted_before_it_waits_does_not_wait(void **state)
{
	char buf[16] = "as before";

	(void)state;
	alarm(60); /* the end, if it does */
	tty.signal = SIGINT;
	assert_false(terminal_ask(tty.psm, "Password", false, buf,
	                          sizeof buf));
	alarm(0);
	assert_memory_equal(buf, (char[16]){ 0 }, sizeof buf);
	assert_true(tty.now.c_lflag & ECHO);
	type("secret\n");
	tty.signal = 0;
	assert_true(terminal_ask(tty.psm, "Password", false, buf, sizeof buf));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_terminal_is_hidden_before_it_prompts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_terminal_asks_until_two_are_the_same, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_terminal_takes_no_line_that_is_too_long, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_terminal_interrupted_before_it_waits_does_not_wait,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

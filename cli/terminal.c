/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* terminal.c - a secret from the terminal or a descriptor */

#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define N_ENDS (sizeof ends / sizeof *ends)

static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
	caught = number;
}

/* As read(); -1 if one of the signals came. These are blocked but for the
 * waiting, so that none comes just before it begins. */
static ssize_t
read_char(int fd, const sigset_t *unblocked, char *ret_c)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	while (caught == 0 && ppoll(&ready, 1, NULL, unblocked) < 0)
		if (errno != EINTR)
			return -1;
	return caught == 0 ? read(fd, ret_c, 1) : -1;
}

/* Read a line into buf without its end; false: end of input, a signal, or too
 * long a line. */
static bool
read_line(int fd, const sigset_t *unblocked, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;

	while ((n = read_char(fd, unblocked, &c)) == 1 && c != '\n')
		if (len < size)
			buf[len++] = c;
	if (n != 1 || len >= size) {
		explicit_bzero(buf, size);
		return false;
	}
	buf[len] = '\0';
	return true;
}

/* Without echo, and that before the prompt: of an answer that comes at once
 * nothing is shown, and nothing flushed. Without suspension, which would leave
 * the echo off in the shell. */
static bool
read_hidden(int tty, const sigset_t *unblocked, const char *prompt, char *buf,
            size_t size)
{
	struct termios old, hidden;
	bool good;

	if (tcgetattr(tty, &old) != 0)
		return false;
	hidden = old;
	hidden.c_lflag = (hidden.c_lflag & ~(tcflag_t)ECHO) | ICANON | ECHONL;
	hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
	if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
		return false;
	good = dprintf(tty, "%s: ", prompt) > 0 &&
	       read_line(tty, unblocked, buf, size);
	tcsetattr(tty, TCSAFLUSH, &old);
	return good;
}

/* Ask once. Whatever ends psm meanwhile, the terminal's echo comes back. */
static bool
ask_tty(int tty, const char *prompt, char *buf, size_t size)
{
	struct sigaction old[N_ENDS], sa = { .sa_handler = note_signal };
	sigset_t blocked, unblocked;
	bool good;

	caught = 0;
	sigemptyset(&blocked);
	for (size_t i = 0; i < N_ENDS; i++)
		sigaddset(&blocked, ends[i]);
	if (sigprocmask(SIG_BLOCK, &blocked, &unblocked) != 0)
		return false;
	for (size_t i = 0; i < N_ENDS; i++)
		sigaction(ends[i], &sa, &old[i]);
	good = read_hidden(tty, &unblocked, prompt, buf, size);
	for (size_t i = 0; i < N_ENDS; i++)
		sigaction(ends[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	if (caught != 0 && caught != SIGINT)
		raise(caught);
	return good;
}

static bool
ask_twice(int tty, const char *prompt, char *buf, size_t size)
{
	char again[1024];
	bool same = false;

	while (!same) {
		if (!ask_tty(tty, prompt, buf, size) ||
		    !ask_tty(tty, "The same again", again, sizeof again))
			break;
		same = strcmp(buf, again) == 0;
		explicit_bzero(again, sizeof again);
		if (!same)
			dprintf(tty, "That was not the same.\n");
	}
	if (!same)
		explicit_bzero(buf, size);
	return same;
}

bool
terminal_ask(int tty, const char *prompt, bool twice, char *buf, size_t size)
{
	return (twice ? ask_twice : ask_tty)(tty, prompt, buf, size);
}

bool
terminal_read(int fd, bool one_line, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size &&
	       (n = read(fd, buf + len, one_line ? 1 : size - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return false;
		len += n > 0 ? (size_t)n : 0;
		if (one_line && n > 0 && buf[len - 1] == '\n')
			break;
	}
	if (len == size)
		errno = EFBIG;
	else if (memchr(buf, '\0', len) != NULL)
		errno = EILSEQ;
	else {
		buf[len] = '\0';
		return true;
	}
	return false;
}

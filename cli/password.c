/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* password.c - passwords from a file, a descriptor or the terminal */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

/* --- the terminal ------------------------------------------------------ */

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
	caught = number;
}

/* Read a line into buf without its end; false: end of input, a signal, or too
 * long a line. */
static bool
read_line(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;

	while ((n = read(fd, &c, 1)) == 1 && c != '\n')
		if (len < size)
			buf[len++] = c;
	if (n != 1 || len >= size) {
		explicit_bzero(buf, size);
		return false;
	}
	buf[len] = '\0';
	return true;
}

/* Without echo; without suspension, which would leave it off in the shell. */
static bool
read_hidden(int tty, char *buf, size_t size)
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
	good = read_line(tty, buf, size);
	tcsetattr(tty, TCSAFLUSH, &old);
	return good;
}

/* Ask once. Whatever ends psm meanwhile, the terminal's echo comes back. */
static bool
ask_tty(int tty, const char *prompt, char *buf, size_t size)
{
	struct sigaction old[COUNT(ends)], sa = { .sa_handler = note_signal };
	bool good;

	caught = 0;
	for (size_t i = 0; i < COUNT(ends); i++)
		sigaction(ends[i], &sa, &old[i]);
	good = dprintf(tty, "%s: ", prompt) > 0 &&
	       read_hidden(tty, buf, size);
	for (size_t i = 0; i < COUNT(ends); i++)
		sigaction(ends[i], &old[i], NULL);
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

static enum psm_answer
ask_user(struct cli *cli, const char *prompt, bool is_new, char *buf,
         size_t size)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char *shown = NULL;
	size_t len;
	FILE *out;
	bool good = false;

	if (tty < 0)
		return PSM_ANSWER_NONE;
	ui_clear(cli);
	if ((out = open_memstream(&shown, &len)) != NULL) {
		put_text(out, prompt);
		good = fclose(out) == 0 &&
		       (is_new ? ask_twice : ask_tty)(tty, shown, buf, size);
	}
	free(shown);
	close(tty);
	return good ? PSM_ANSWER_YES : PSM_ANSWER_NO;
}

/* --- files and descriptors ---------------------------------------------- */

/* Up to the end, or for a descriptor, which may go on with something else, to
 * the end of the line. */
static bool
read_secret(int fd, bool one_line, char *buf, size_t size)
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

static enum psm_err
load(struct cli *cli, struct password *from)
{
	const char *path = opt_value(cli, from->file);
	unsigned fd = 0;
	enum psm_err err;
	bool good;

	if ((err = opt_number(cli, from->fd, 0, 1 << 20, &fd)) != PSM_OK)
		return err;
	if (path != NULL) {
		int opened = open(path, O_RDONLY | O_CLOEXEC);

		good = opened >= 0 && read_secret(opened, false, from->text,
		                                  sizeof from->text);
		if (!good) /* before close() has an opinion */
			cli_fail(cli, PSM_E_FILE, "no password from %s: %s",
			         path, strerror(errno));
		if (opened >= 0)
			close(opened);
	} else {
		good = read_secret((int)fd, true, from->text,
		                   sizeof from->text);
		if (!good)
			cli_fail(cli, PSM_E_FILE,
			         "no password from descriptor %u: %s", fd,
			         strerror(errno));
	}
	from->loaded = good;
	return good ? PSM_OK : PSM_E_FILE;
}

/* As certutil reads its -f: the line "token:password", else the first. */
static const char *
pick_line(const char *text, const char *token, size_t *ret_len)
{
	size_t len = token != NULL ? strlen(token) : 0;

	for (const char *line = text; len > 0 && *line != '\0';) {
		const char *end = line + strcspn(line, "\r\n");

		if (strncmp(line, token, len) == 0 && line[len] == ':') {
			*ret_len = (size_t)(end - line) - len - 1;
			return line + len + 1;
		}
		line = end + strspn(end, "\r\n");
	}
	*ret_len = strcspn(text, "\r\n");
	return text;
}

static bool
copy_line(struct cli *cli, const char *text, const char *token, char *buf,
          size_t size)
{
	size_t len;
	const char *line = pick_line(text, token, &len);

	if (len >= size) {
		cli_fail(cli, PSM_E_PASSWORD,
		         "a password has less than %zu bytes", size);
		return false;
	}
	memcpy(buf, line, len);
	buf[len] = '\0';
	return true;
}

enum psm_answer
password_get(struct cli *cli, struct password *from, const char *prompt,
             const char *token, unsigned attempt, bool is_new, char *buf,
             size_t size)
{
	if (!opt_given(cli, from->file) && !opt_given(cli, from->fd))
		return ask_user(cli, prompt, is_new, buf, size);
	if (attempt > 0)
		return PSM_ANSWER_NONE; /* a file does not change its mind */
	if ((!from->loaded && load(cli, from) != PSM_OK) ||
	    !copy_line(cli, from->text, token, buf, size))
		return PSM_ANSWER_NO;
	return PSM_ANSWER_YES;
}

enum psm_err
secret_read(struct cli *cli, enum opt opt, char *buf, size_t size)
{
	struct password from = { .file = opt, .fd = OPT_COUNT_ };
	enum psm_err err = PSM_OK;

	buf[0] = '\0';
	if (!opt_given(cli, opt))
		return PSM_OK;
	if ((err = load(cli, &from)) == PSM_OK &&
	    !copy_line(cli, from.text, NULL, buf, size))
		err = PSM_E_PASSWORD;
	explicit_bzero(from.text, sizeof from.text);
	return err;
}

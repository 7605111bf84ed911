/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* password.c - passwords from where the options say */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal.h"

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
		       terminal_ask(tty, shown, is_new, buf, size);
	}
	free(shown);
	close(tty);
	return good ? PSM_ANSWER_YES : PSM_ANSWER_NO;
}

/* --- files and descriptors ---------------------------------------------- */

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

		good = opened >= 0 && terminal_read(opened, false, from->text,
		                                    sizeof from->text);
		if (!good) /* before close() has an opinion */
			cli_fail(cli, PSM_E_FILE, "no password from %s: %s",
			         path, strerror(errno));
		if (opened >= 0)
			close(opened);
	} else {
		good = terminal_read((int)fd, true, from->text,
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

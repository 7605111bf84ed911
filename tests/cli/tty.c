/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tty.c [PROMPT ANSWER]... -- COMMAND ... - run a command on a terminal of its
 * own and answer its prompts in turn. "^C" and "^D" are those keys. What the
 * terminal shows goes to standard output; the exit status is the command's, or
 * 97 when it asked for a password with the echo on, 98 when it ended before all
 * was asked, 99 when it took too long. */

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE = 60000 }; /* milliseconds of silence */

/* The master's attributes are the terminal's. */
static int
echoes(int tty)
{
	struct termios now;

	return tcgetattr(tty, &now) != 0 || (now.c_lflag & ECHO);
}

/* What is typed as soon as such a prompt is seen must not be. */
static int
is_secret(const char *prompt)
{
	return strstr(prompt, "assword") || strstr(prompt, "same again");
}

static void
type(int tty, const char *answer)
{
	const char *key = strcmp(answer, "^C") == 0 ? "\003" :
	                  strcmp(answer, "^D") == 0 ? "\004" : NULL;

	if (key != NULL)
		(void)!write(tty, key, 1);
	else
		dprintf(tty, "%s\n", answer);
}

/* The command's output, until it ends, a prompt is seen, or silence. */
static int
run(int tty, char **script)
{
	struct pollfd ready = { .fd = tty, .events = POLLIN };
	char seen[65536] = "";
	size_t len = 0;

	while (poll(&ready, 1, PATIENCE) > 0) {
		ssize_t n = read(tty, seen + len, sizeof seen - 1 - len);

		if (n <= 0)
			return strcmp(*script, "--") == 0 ? 0 : 98;
		fwrite(seen + len, 1, (size_t)n, stdout);
		len += (size_t)n;
		seen[len] = '\0';
		if (strcmp(*script, "--") != 0 && strstr(seen, *script)) {
			if (is_secret(*script) && echoes(tty))
				return 97;
			type(tty, script[1]);
			script += 2;
			len = 0;
		}
	}
	return 99;
}

int
main(int argc, char **argv)
{
	char **command = argv + 1;
	int tty, status, how;
	pid_t child;

	while (*command != NULL && strcmp(*command, "--") != 0)
		command++;
	if (argc < 3 || *command == NULL || command[1] == NULL)
		return 2;
	child = forkpty(&tty, NULL, NULL, NULL);
	if (child < 0)
		return 99;
	if (child == 0) {
		execv(command[1], command + 1);
		_exit(127);
	}
	how = run(tty, argv + 1);
	close(tty); /* hangs up on a command that still waits */
	if (waitpid(child, &status, 0) != child || how != 0)
		return how != 0 ? how : 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

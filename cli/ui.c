/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ui.c - struct psm_ui for a terminal, or for nobody */

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

/* Milliseconds before progress is shown, and between two showings. */
enum { PATIENCE = 500, PAUSE = 100 };

bool
ui_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static FILE *
open_tty(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	FILE *tty = fd >= 0 ? fdopen(fd, "r+") : NULL;

	if (tty == NULL && fd >= 0)
		close(fd);
	return tty;
}

enum psm_err
ui_ask(struct cli *cli, const char *question)
{
	FILE *tty = open_tty();
	char line[16] = "";

	ui_clear(cli);
	if (tty == NULL)
		return PSM_E_CANCELLED;
	fprintf(tty, "%s [y/N] ", question);
	fflush(tty);
	if (fgets(line, sizeof line, tty) == NULL)
		line[0] = '\0';
	fclose(tty);
	line[strcspn(line, "\n")] = '\0';
	if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
		return PSM_OK;
	return cli_fail(cli, PSM_E_CANCELLED, "cancelled by the user");
}

/* --- psm_ui ------------------------------------------------------------ */

static enum psm_answer
give_password(void *arg, enum psm_password_for what, const char *name,
              unsigned attempt, char *buf, size_t size)
{
	static const char *const prompts[] = {
		[PSM_PASSWORD_TOKEN] = "Password of",
		[PSM_PASSWORD_NEW_TOKEN] = "New password (or none) for",
		[PSM_PASSWORD_RESTORE] = "Password of the backup",
	};
	struct cli *cli = arg;
	bool is_new = what == PSM_PASSWORD_NEW_TOKEN;
	char prompt[600];
	enum psm_answer answer;

	if (is_new && opt_given(cli, OPT_NO_PASSWORD)) {
		buf[0] = '\0';
		return PSM_ANSWER_YES;
	}
	snprintf(prompt, sizeof prompt, "%s%s %.500s",
	         attempt > 0 ? "That was wrong. " : "", prompts[what], name);
	if (what == PSM_PASSWORD_RESTORE)
		return password_get(cli, &cli->backup_password, prompt, NULL,
		                    attempt, false, buf, size);
	answer = password_get(cli, &cli->token_password, prompt, name, attempt,
	                      is_new, buf, size);
	if (is_new && answer == PSM_ANSWER_NONE &&
	    cli->command->run == cmd_ca_init) {
		/* One command makes an authority, in a script too. */
		cli_note(cli, "the new database has no password");
	} else if (is_new && answer == PSM_ANSWER_NONE) {
		/* No password is a decision, not an accident. */
		cli_fail(cli, PSM_E_PASSWORD, "a new database gets a password "
		         "or --no-password");
		return PSM_ANSWER_NO;
	}
	return answer;
}

static void
show_step(const struct psm_imported *step)
{
	char date[16], match[128];

	fputs("  ", stderr);
	put_text(stderr, step->cert.nickname);
	fputs("\n    ", stderr);
	put_text(stderr, step->cert.subject);
	fputs("\n    issued by ", stderr);
	put_text(stderr, step->cert.issuer);
	fprintf(stderr, "\n    until %s, ",
	        text_date(step->cert.not_after, date));
	put_text(stderr, import_match(step, match));
	for (unsigned bit = 1; bit != 0; bit <<= 1)
		if ((step->warnings & bit) != 0 && psm_warning(bit) != NULL)
			fprintf(stderr, "\n    warning: %s", psm_warning(bit));
	putc('\n', stderr);
}

static enum psm_answer
confirm(void *arg, const struct psm_import *plan)
{
	struct cli *cli = arg;
	size_t n = psm_import_count(plan);
	size_t chain = psm_import_chain_count(plan);

	if (opt_given(cli, OPT_YES) || !ui_interactive())
		return PSM_ANSWER_YES;
	ui_clear(cli);
	fputs("Your certificates:\n", stderr);
	for (size_t i = 0; i < n; i++)
		show_step(psm_import_get(plan, i));
	if (chain > 0)
		fputs("Certificates of CAs, stored without trust:\n", stderr);
	for (size_t i = 0; i < chain; i++)
		show_step(psm_import_chain_get(plan, i));
	return ui_ask(cli, "Store them?") == PSM_OK ? PSM_ANSWER_YES :
	                                              PSM_ANSWER_NO;
}

static enum psm_answer
backup_target(void *arg, const struct psm_import *plan,
              struct psm_backup_target *target)
{
	struct cli *cli = arg;

	(void)plan; /* shown by confirm() */
	return backup_fill(cli, opt_value(cli, OPT_BACKUP), target) == PSM_OK ?
	       PSM_ANSWER_YES : PSM_ANSWER_NO;
}

static int64_t
milliseconds(void)
{
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
progress(void *arg, const char *doing, size_t done, size_t total)
{
	struct cli *cli = arg;
	int64_t now = milliseconds();

	if (cli->quiet || !isatty(STDERR_FILENO))
		return;
	if (cli->busy_since == 0)
		cli->busy_since = now;
	if (now - cli->busy_since < PATIENCE || now - cli->shown_at < PAUSE)
		return;
	cli->shown_at = now;
	fprintf(stderr, "\r\033[K%s", doing);
	if (total > 0)
		fprintf(stderr, ": %zu of %zu", done, total);
	cli->progress_shown = true;
}

void
ui_clear(struct cli *cli)
{
	if (cli->progress_shown)
		fputs("\r\033[K", stderr);
	cli->progress_shown = false;
}

const struct psm_ui cli_ui = {
	.password = give_password,
	.confirm = confirm,
	.backup_target = backup_target,
	.progress = progress,
};

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* backup.c - psm backup */

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static void
wipe(struct psm_backup_target *target)
{
	explicit_bzero(target, sizeof *target);
}

static void
names_free(const char ***names)
{
	free(*names);
}

static enum psm_err
get_password(struct cli *cli, struct psm_backup_target *target)
{
	char prompt[600];

	snprintf(prompt, sizeof prompt, "New password for the backup %.500s",
	         target->path);
	switch (password_get(cli, &cli->backup_password, prompt, NULL, 0, true,
	                     target->password, sizeof target->password)) {
	case PSM_ANSWER_NONE:
		return cli_fail(cli, PSM_E_PASSWORD,
		                "there is no password for the backup");
	case PSM_ANSWER_NO:
		return cli_fail(cli, PSM_E_CANCELLED,
		                "no password for the backup was given");
	case PSM_ANSWER_YES:
		break;
	}
	if (target->password[0] == '\0')
		return cli_fail(cli, PSM_E_PASSWORD,
		                "the backup's password is empty");
	return PSM_OK;
}

enum psm_err
backup_fill(struct cli *cli, const char *path, struct psm_backup_target *target)
{
	memset(target, 0, sizeof *target);
	if (strlen(path) >= sizeof target->path)
		return cli_fail(cli, PSM_E_FILE, "the backup's path is above "
		                "%zu bytes", sizeof target->path - 1);
	strcpy(target->path, path);
	target->flags = (opt_given(cli, OPT_COMPAT) ? PSM_BACKUP_COMPAT : 0) |
	    (opt_given(cli, OPT_FORCE) ? PSM_BACKUP_OVERWRITE : 0);
	return get_password(cli, target);
}

/* Every --nickname; the array is to be freed. */
static const char **
collect_names(const struct cli *cli, size_t *ret_n)
{
	const char **names = calloc(cli->options.n + 1, sizeof *names);
	size_t n = 0;

	while (names != NULL &&
	       (names[n] = opt_nth(cli, OPT_NICKNAME, n)) != NULL)
		n++;
	*ret_n = n;
	return names;
}

static enum psm_err
print_done(struct cli *cli, const char *const *names, size_t n,
           const char *path)
{
	json_t *array;

	if (!cli->json) {
		cli_note(cli, "backup in %s", path);
		return PSM_OK;
	}
	array = json_array();
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, pj_text(names[i])) != 0)
			break;
	return output_json(cli, json_pack("{s:o, s:o}", "backup", pj_text(path),
	                                  "names", array));
}

enum psm_err
cmd_backup(struct cli *cli)
{
	struct psm_backup_target target AUTO(wipe) = { .flags = 0 };
	const char *path = opt_value(cli, OPT_OUTPUT);
	size_t n;
	const char **names AUTO(names_free) = collect_names(cli, &n);
	enum psm_err err;

	if (names == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	if ((err = cli_open(cli, PSM_OPEN_READ_ONLY)) != PSM_OK ||
	    (err = backup_fill(cli, path, &target)) != PSM_OK ||
	    (err = psm_backup(cli->ctx, names, n, &target)) != PSM_OK)
		return err;
	return print_done(cli, names, n, path);
}

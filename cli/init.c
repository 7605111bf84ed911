/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* init.c - psm init */

#include "cli/cli.h"

enum psm_err
cmd_init(struct cli *cli)
{
	enum psm_err err = cli_open(cli, PSM_OPEN_CREATE | PSM_OPEN_EXCLUSIVE);

	if (err != PSM_OK)
		return err;
	if (cli->json)
		return output_json(cli, json_pack("{s:o}", "dir",
		                                  pj_text(cli_dir(cli))));
	cli_note(cli, "made a database in %s", cli_dir(cli));
	return PSM_OK;
}

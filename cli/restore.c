/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* restore.c - psm restore */

#include "cli/cli.h"

enum psm_err
cmd_restore(struct cli *cli)
{
	struct psm_import *import AUTO(import_free) = NULL;
	enum psm_err err;

	if ((err = cli_open(cli, 0)) != PSM_OK ||
	    (err = psm_restore(cli->ctx, opt_value(cli, OPT_INPUT),
	                       opt_value(cli, OPT_NICKNAME), 0, &import)) != PSM_OK)
		return err;
	return import_print(cli, import);
}

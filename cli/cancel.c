/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cancel.c - psm cancel */

#include "cli/cli.h"

/* A recovery's key goes in any case. */
static enum psm_err
find_recovery(struct cli *cli, unsigned id, bool *ret_found)
{
	struct psm_pending_list *list;
	enum psm_err err = psm_request_list(cli->ctx, &list);

	if (err != PSM_OK)
		return err;
	for (size_t i = 0; i < psm_pending_list_count(list); i++) {
		const struct psm_pending *p = psm_pending_list_get(list, i);

		*ret_found |= p->state == PSM_RECOVERY &&
		              p->id == (int32_t)id;
	}
	psm_pending_list_free(list);
	return PSM_OK;
}

enum psm_err
cmd_cancel(struct cli *cli)
{
	bool key = opt_given(cli, OPT_DELETE_KEY);
	unsigned id = 0;
	enum psm_err err;

	if ((err = opt_number(cli, OPT_ID, 1, INT32_MAX, &id)) != PSM_OK ||
	    (err = cli_open(cli, 0)) != PSM_OK ||
	    (!key && (err = find_recovery(cli, id, &key)) != PSM_OK) ||
	    (err = psm_request_cancel(cli->ctx, (int32_t)id, key ?
	                              PSM_CANCEL_DELETE_KEY : 0)) != PSM_OK)
		return err;
	if (cli->json)
		return output_json(cli, json_pack("{s:I, s:b}",
		    "id", (json_int_t)id, "keyDeleted", key));
	cli_note(cli, "request %u is cancelled%s", id,
	         key ? ", its key deleted" : "");
	return PSM_OK;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pending.c - psm pending */

#include "cli/cli.h"

static void
pending_list_free(struct psm_pending_list **list)
{
	psm_pending_list_free(*list);
}

static const char *
describe_state(enum psm_pending_state state)
{
	static const char *const texts[] = {
		[PSM_PENDING] = "waits for the CA",
		[PSM_PENDING_STORED] = "stored; import it again",
		[PSM_ORPHAN] = "orphan",
		[PSM_RECOVERY] = "waits for a lost key",
	};

	return (size_t)state < COUNT(texts) ? texts[state] : NULL;
}

static void
add_row(struct table *table, const struct psm_pending *p)
{
	char id[16], key[32];

	snprintf(id, sizeof id, "%d", (int)p->id);
	table_row(table, (const char *const[]) {
		p->state != PSM_ORPHAN ? id : NULL,
		p->created[0] != '\0' ? p->created : NULL,
		text_key(p->key_type, p->key_bits, key),
		p->subject != NULL ? p->subject : p->label,
		p->token, describe_state(p->state) });
}

static enum psm_err
print_list(const struct psm_pending_list *list)
{
	struct table table AUTO(table_clear) = { .n_columns = 6,
	                                         .has_head = true };
	size_t n = psm_pending_list_count(list);

	table_row(&table, (const char *const[]) {
		"ID", "SINCE", "KEY", "SUBJECT", "TOKEN", "STATE" });
	for (size_t i = 0; i < n; i++)
		add_row(&table, psm_pending_list_get(list, i));
	return table_print(&table, stdout);
}

enum psm_err
cmd_pending(struct cli *cli)
{
	struct psm_pending_list *list AUTO(pending_list_free) = NULL;
	enum psm_err err;

	if ((err = cli_open(cli, PSM_OPEN_READ_ONLY)) != PSM_OK ||
	    (err = psm_request_list(cli->ctx, &list)) != PSM_OK)
		return err;
	return cli->json ? output_json(cli, pj_pending_list(list)) :
	                   print_list(list);
}

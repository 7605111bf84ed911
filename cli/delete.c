/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* delete.c - psm delete */

#include "cli/cli.h"

static void
show(const struct psm_cert *cert)
{
	char date[16];

	put_text(stderr, cert->nickname != NULL ? cert->nickname :
	                                          cert->subject);
	fputs("\n  ", stderr);
	put_text(stderr, cert->subject);
	fputs("\n  issued by ", stderr);
	put_text(stderr, cert->issuer);
	fprintf(stderr, "\n  until %s, SHA-256 %s\n",
	        text_date(cert->not_after, date), cert->sha256);
}

/* A key that is gone is gone: nobody deletes by accident. */
static enum psm_err
confirm(struct cli *cli, const char *name, bool keep)
{
	struct psm_cert_list *list AUTO(cert_list_free) = NULL;
	enum psm_err err;

	if (opt_given(cli, OPT_YES))
		return PSM_OK;
	if (!ui_interactive())
		return cli_fail(cli, PSM_E_ARGUMENT, "without a terminal to "
		                "ask on, deleting needs --yes");
	if ((err = psm_store_get(cli->ctx, name, &list)) != PSM_OK)
		return cli_keep(cli, err);
	for (size_t i = 0; i < psm_cert_list_count(list); i++)
		show(psm_cert_list_get(list, i));
	return ui_ask(cli, keep ? "Delete this certificate?" :
	                   "Delete this certificate and its private key?");
}

enum psm_err
cmd_delete(struct cli *cli)
{
	const char *name = opt_value(cli, OPT_NICKNAME);
	bool keep = opt_given(cli, OPT_KEEP_KEY), gone = false;
	enum psm_err err;

	if ((err = cli_open(cli, 0)) != PSM_OK ||
	    (err = confirm(cli, name, keep)) != PSM_OK ||
	    (err = psm_store_delete(cli->ctx, name,
	                            keep ? PSM_DELETE_KEEP_KEY : 0,
	                            &gone)) != PSM_OK)
		return err;
	if (cli->json)
		return output_json(cli, json_pack("{s:o, s:b}", "deleted",
		    pj_text(name), "keyDeleted", gone));
	cli_note(cli, "deleted %s%s", name, gone ? " and its key" : "");
	return PSM_OK;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* import.c - psm import, and what an import or a restore prints */

#include <string.h>

#include "cli/cli.h"

void
import_free(struct psm_import **import)
{
	psm_import_free(*import);
}

const char *
import_match(const struct psm_imported *imported, char buf[128])
{
	const char *id = imported->request_id;

	if (imported->matched == PSM_MATCHED_NOTHING)
		snprintf(buf, 128, "without a key here");
	else if (imported->matched == PSM_MATCHED_KEY)
		snprintf(buf, 128, "matched by key");
	else
		snprintf(buf, 128, "answers request %.90s",
		         id != NULL ? id : "?");
	return buf;
}

/* What the CA said, and each warning. */
static void
note_details(struct cli *cli, const struct psm_imported *imported)
{
	const char *name = imported->cert.nickname;

	if (name == NULL)
		name = imported->cert.subject;
	if (imported->status_text != NULL)
		cli_note(cli, "%s: the CA says: %s", name,
		         imported->status_text);
	for (unsigned bit = 1; bit != 0; bit <<= 1)
		if ((imported->warnings & bit) != 0 && psm_warning(bit) != NULL)
			cli_note(cli, "warning: %s: %s", name,
			         psm_warning(bit));
}

static void
print_row(struct table *table, const struct psm_imported *imported,
          const char *match)
{
	const struct psm_cert *cert = &imported->cert;
	char date[16];

	table_row(table, (const char *const[]) {
		cert->nickname, match, text_date(cert->not_after, date) });
}

static enum psm_err
print_rows(const struct psm_import *import)
{
	struct table table AUTO(table_clear) = { .n_columns = 3 };
	size_t n = psm_import_count(import);
	size_t chain = psm_import_chain_count(import);
	char match[128];

	for (size_t i = 0; i < n; i++) {
		const struct psm_imported *got = psm_import_get(import, i);

		print_row(&table, got, import_match(got, match));
	}
	for (size_t i = 0; i < chain; i++)
		print_row(&table, psm_import_chain_get(import, i),
		          "certificate of a CA");
	return table_print(&table, stdout);
}

enum psm_err
import_print(struct cli *cli, const struct psm_import *import)
{
	size_t n = psm_import_count(import);

	for (size_t i = 0; i < n; i++)
		note_details(cli, psm_import_get(import, i));
	if (psm_import_backup_path(import) != NULL)
		cli_note(cli, "backup in %s", psm_import_backup_path(import));
	if (opt_given(cli, OPT_JS))
		return PSM_OK; /* the string comes last of all */
	return cli->json ? output_json(cli, pj_import(import)) :
	                   print_rows(import);
}

static unsigned
read_flags(const struct cli *cli)
{
	return (opt_given(cli, OPT_BACKUP) ? PSM_IMPORT_FORCE_BACKUP : 0) |
	       (opt_given(cli, OPT_MATCH_BY_KEY) ? PSM_MATCH_BY_KEY : 0) |
	       (opt_given(cli, OPT_ALLOW_CA) ? PSM_IMPORT_ALLOW_CA : 0);
}

static enum psm_err
read_answer(struct cli *cli, struct bytes *ret_answer)
{
	struct bytes all AUTO(bytes_free) = { NULL, 0 };
	enum psm_err err = input_read(cli, "answer", PSM_E_CERTIFICATE, &all);

	if (err != PSM_OK)
		return err;
	if (!opt_given(cli, OPT_ANY) && memchr(all.data, '\0', all.len) != NULL)
		return cli_fail(cli, PSM_E_CERTIFICATE,
		                "the answer is binary; psm reads it in base64, "
		                "as base64(1) writes it, or with --any");
	*ret_answer = all;
	all.data = NULL;
	return PSM_OK;
}

/* --any: what comes may be protected. */
static enum psm_err
import_any(struct cli *cli, const struct bytes *answer,
           struct psm_import **ret_import)
{
	struct bytes signer AUTO(bytes_free) = { NULL, 0 };
	struct psm_import_options options = {
		.nickname = opt_value(cli, OPT_NICKNAME),
		.flags = read_flags(cli),
	};
	char secret[1024];
	enum psm_err err;

	if ((err = file_read(cli, opt_value(cli, OPT_SIGNER), &signer)) !=
	    PSM_OK ||
	    (err = secret_read(cli, OPT_SECRET_FILE, secret, sizeof secret)) !=
	    PSM_OK)
		return err;
	options.secret = opt_given(cli, OPT_SECRET_FILE) ? secret : NULL;
	options.signer = signer.data;
	options.signer_len = signer.len;
	err = psm_import(cli->ctx, answer->data, answer->len, &options,
	                 ret_import);
	explicit_bzero(secret, sizeof secret);
	return err;
}

static enum psm_err
import_answer(struct cli *cli, const struct bytes *answer,
              struct psm_import **ret_import)
{
	if (opt_given(cli, OPT_ANY))
		return import_any(cli, answer, ret_import);
	if (opt_given(cli, OPT_SECRET_FILE) || opt_given(cli, OPT_SIGNER))
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--secret-file and --signer need --any");
	return psm_import_user_certificates(cli->ctx, answer->data,
	                                    opt_value(cli, OPT_NICKNAME),
	                                    read_flags(cli), ret_import);
}

enum psm_err
cmd_import(struct cli *cli)
{
	struct psm_import *import AUTO(import_free) = NULL;
	struct bytes answer AUTO(bytes_free) = { NULL, 0 };
	enum psm_err err;

	if ((err = opt_exclude(cli, OPT_JS, OPT_JSON)) != PSM_OK ||
	    (err = opt_exclude(cli, OPT_JS, OPT_ANY)) != PSM_OK ||
	    (err = read_answer(cli, &answer)) != PSM_OK ||
	    (err = cli_open(cli, 0)) != PSM_OK ||
	    (err = import_answer(cli, &answer, &import)) != PSM_OK)
		return err;
	if (psm_import_protection(import) == PSM_PROTECTION_UNCHECKED)
		cli_note(cli, "warning: the message is protected, which only "
		         "--secret-file or --signer can verify");
	return import_print(cli, import);
}

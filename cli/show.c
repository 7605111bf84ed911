/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* show.c - psm show */

#include <string.h>

#include "cli/cli.h"

static void
print_field(const char *name, const char *text)
{
	printf("%-13s", name);
	put_text(stdout, text);
	putchar('\n');
}

static void
print_cert(const struct psm_cert *cert)
{
	char key[32], date[16];

	print_field("Nickname", cert->nickname != NULL ? cert->nickname : "-");
	print_field("Subject", cert->subject);
	print_field("Issuer", cert->issuer);
	print_field("Serial", cert->serial);
	print_field("Not before", text_date(cert->not_before, date));
	print_field("Not after", text_date(cert->not_after, date));
	print_field("Key", text_key(cert->key_type, cert->key_bits, key));
	print_field("Private key", cert->has_key ? "here" : "not here");
	print_field("CA", cert->is_ca ? "yes" : "no");
	print_field("Token", cert->token);
	print_field("SHA-256", cert->sha256);
	print_field("SHA-1", cert->sha1);
}

static void
print_all(const struct psm_cert_list *list)
{
	size_t n = psm_cert_list_count(list);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putchar('\n');
		print_cert(psm_cert_list_get(list, i));
	}
}

static enum psm_err
write_der(struct cli *cli, const struct psm_cert_list *list)
{
	const struct psm_cert *cert = psm_cert_list_get(list, 0);

	if (psm_cert_list_count(list) > 1)
		return cli_fail(cli, PSM_E_AMBIGUOUS,
		                "several certificates are called %s",
		                opt_value(cli, OPT_NICKNAME));
	return output_write(cli, cert->der, cert->der_len);
}

/* All of them, one after the other. */
static enum psm_err
write_pem(struct cli *cli, const struct psm_cert_list *list)
{
	size_t n = psm_cert_list_count(list), len = 0;
	char *all AUTO(text_free) = NULL;
	FILE *out = open_memstream(&all, &len);
	bool good = out != NULL;

	for (size_t i = 0; i < n && good; i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);
		char *pem AUTO(text_free) = text_pem("CERTIFICATE", cert->der,
		                                     cert->der_len);

		good = pem != NULL && fputs(pem, out) != EOF;
	}
	if (out != NULL && fclose(out) != 0)
		good = false;
	if (!good)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	return output_write(cli, all, len);
}

enum psm_err
cmd_show(struct cli *cli)
{
	struct psm_cert_list *list AUTO(cert_list_free) = NULL;
	bool ascii = opt_given(cli, OPT_ASCII), raw = opt_given(cli, OPT_RAW);
	enum psm_err err;

	if ((err = opt_exclude(cli, OPT_ASCII, OPT_RAW)) != PSM_OK ||
	    (err = opt_exclude(cli, OPT_ASCII, OPT_JSON)) != PSM_OK ||
	    (err = opt_exclude(cli, OPT_RAW, OPT_JSON)) != PSM_OK)
		return err;
	if (opt_given(cli, OPT_OUTPUT) && !ascii && !raw)
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--output goes with --ascii or --raw");
	if ((err = cli_open(cli, PSM_OPEN_READ_ONLY)) != PSM_OK ||
	    (err = psm_store_get(cli->ctx, opt_value(cli, OPT_NICKNAME),
	                         &list)) != PSM_OK)
		return err;
	if (ascii || raw)
		return (ascii ? write_pem : write_der)(cli, list);
	if (cli->json)
		return output_json(cli, pj_cert_list(list));
	print_all(list);
	return PSM_OK;
}

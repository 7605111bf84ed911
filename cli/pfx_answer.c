/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_answer.c - psm pfx-answer */

#include <string.h>

#include "ca/pfx.h"
#include "cli/cli.h"

struct pkcs12 {
	unsigned char *data;
	size_t len;
};

static void
pkcs12_clear(struct pkcs12 *p)
{
	pfx_wipe(p->data, p->len);
}

/* The member's text; NULL: there is none. */
static const char *
member(const json_t *answer, const char *name)
{
	return json_string_value(json_object_get(answer, name));
}

static enum psm_err
read_answer(struct cli *cli, json_t **ret_answer)
{
	struct bytes text AUTO(bytes_free) = { NULL, 0 };
	json_error_t why;
	enum psm_err err;

	if ((err = input_read(cli, "answer", PSM_E_MESSAGE, &text)) != PSM_OK)
		return err;
	*ret_answer = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES,
	                         &why);
	if (*ret_answer == NULL)
		return cli_fail(cli, PSM_E_MESSAGE,
		                "the answer is not JSON: %s", why.text);
	return PSM_OK;
}

/* Success at once, later, or none. */
static enum psm_err
judge(struct cli *cli, const json_t *answer)
{
	const char *status = member(answer, "status");
	const char *result = member(answer, "result");
	const char *request = member(answer, "requestId");

	if (status == NULL || result == NULL)
		return cli_fail(cli, PSM_E_MESSAGE,
		                "the answer has no status and result");
	if (strcmp(status, "success") != 0)
		return cli_fail(cli, PSM_E_CERTIFICATE,
		                "the service says: %s", result);
	if (request != NULL)
		return cli_fail(cli, PSM_E_BUSY, "request %s waits; the "
		                "service says: %s", request, result);
	return PSM_OK;
}

/* The file's bytes, which begin as DER does. */
static enum psm_err
decode(struct cli *cli, const json_t *answer, struct pkcs12 *ret_pkcs12)
{
	const char *result = member(answer, "result");
	enum psm_err err = pfx_base64(result, strlen(result),
	                              &ret_pkcs12->data, &ret_pkcs12->len);

	if (err == PSM_E_REQUEST ||
	    (err == PSM_OK && ret_pkcs12->data[0] != 0x30))
		return cli_fail(cli, PSM_E_MESSAGE,
		                "the result is no PKCS#12 file in base64");
	return err;
}

static enum psm_err
print_done(struct cli *cli, const json_t *answer)
{
	const char *path = opt_value(cli, OPT_OUTPUT);

	if (strcmp(path, "-") == 0)
		return PSM_OK;
	if (cli->json)
		return output_json(cli, json_pack("{s:o, s:o}", "pkcs12",
		    pj_text(path), "subscriberId",
		    pj_text(member(answer, "subscriberId"))));
	cli_note(cli, "PKCS#12 in %s", path);
	return PSM_OK;
}

enum psm_err
cmd_pfx_answer(struct cli *cli)
{
	json_t *answer AUTO(json_free) = NULL;
	struct pkcs12 pkcs12 AUTO(pkcs12_clear) = { NULL, 0 };
	enum psm_err err;

	if ((err = read_answer(cli, &answer)) != PSM_OK ||
	    (err = judge(cli, answer)) != PSM_OK ||
	    (err = decode(cli, answer, &pkcs12)) != PSM_OK ||
	    (err = output_private(cli, pkcs12.data, pkcs12.len,
	                          true)) != PSM_OK)
		return err;
	return print_done(cli, answer);
}

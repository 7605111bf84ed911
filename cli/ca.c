/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca.c - psm ca init and psm ca issue */

#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"
#include "cli/cli.h"

enum { MAX_DAYS = 36500 };

static void
authority_free(struct ca **ca)
{
	ca_free(*ca);
}

static void
answer_free(struct ca_answer **answer)
{
	ca_answer_free(*answer);
}

/* The authority's own sentence, while it is there. */
static enum psm_err
keep(struct cli *cli, const struct ca *ca, enum psm_err err)
{
	const char *why = ca_errmsg(ca);

	if (err == PSM_OK)
		return PSM_OK;
	return cli_fail(cli, err, "%s", *why != '\0' ? why : psm_strerror(err));
}

/* An open and unlocked database, and an empty handle. */
static enum psm_err
start(struct cli *cli, unsigned flags, struct ca **ret_ca)
{
	enum psm_err err;

	if ((err = cli_open(cli, flags)) != PSM_OK ||
	    (err = psm_login(cli->ctx, NULL)) != PSM_OK)
		return err;
	*ret_ca = ca_new();
	return *ret_ca != NULL ? PSM_OK :
	       cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
}

/* Unlock the token in "token:nickname"; whether there is one, or the colon is
 * the nickname's, is the authority's to find out. */
static enum psm_err
unlock_for(struct cli *cli, const char *nickname)
{
	const char *colon = nickname != NULL ? strchr(nickname, ':') : NULL;
	char *token AUTO(text_free) = NULL;
	enum psm_err err;

	if (colon == NULL)
		return PSM_OK;
	token = strndup(nickname, (size_t)(colon - nickname));
	if (token == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	err = psm_login(cli->ctx, token);
	return err != PSM_E_TOKEN ? err : PSM_OK;
}

/* --- psm ca init --------------------------------------------------------- */

/* The name that ca issue finds it by. */
static json_t *
authority_name(const struct ca_params *params)
{
	const char *nickname = params->nickname != NULL ? params->nickname :
	                                                  "ca";

	if (params->token == NULL)
		return pj_text(nickname);
	return json_sprintf("%s:%s", params->token, nickname);
}

static enum psm_err
print_authority(struct cli *cli, const struct ca *ca,
                const struct ca_params *params)
{
	size_t len = 0;
	const unsigned char *der = ca_cert_der(ca, &len);
	char *pem AUTO(text_free) = text_pem("CERTIFICATE", der, len);
	enum psm_err err = PSM_OK;

	if (pem == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	if (!cli->json || opt_given(cli, OPT_OUTPUT))
		err = output_write(cli, pem, strlen(pem));
	if (err == PSM_OK && cli->json)
		err = output_json(cli, json_pack("{s:o, s:o, s:o}",
		    "nickname", authority_name(params),
		    "certificate", pj_text(pem), "der", pj_base64(der, len)));
	return err;
}

enum psm_err
cmd_ca_init(struct cli *cli)
{
	struct ca *ca AUTO(authority_free) = NULL;
	struct ca_params params = {
		.subject = opt_value(cli, OPT_SUBJECT),
		.nickname = opt_value(cli, OPT_NICKNAME),
		.trust = opt_value(cli, OPT_TRUST),
		.token = opt_value(cli, OPT_TOKEN),
		.issuer = opt_value(cli, OPT_ISSUER),
	};
	enum psm_err err;

	if ((err = opt_key(cli, &params.key_type,
	                   &params.key_bits)) != PSM_OK ||
	    (err = opt_number(cli, OPT_DAYS, 1, MAX_DAYS,
	                      &params.days)) != PSM_OK ||
	    (err = start(cli, PSM_OPEN_CREATE, &ca)) != PSM_OK ||
	    (err = unlock_for(cli, params.issuer)) != PSM_OK)
		return err;
	if (params.token != NULL &&
	    (err = psm_login(cli->ctx, params.token)) != PSM_OK)
		return err;
	if ((err = keep(cli, ca, ca_init(ca, &params))) != PSM_OK)
		return err;
	return print_authority(cli, ca, &params);
}

/* --- psm ca issue -------------------------------------------------------- */

/* What --refuse asks for; the ids point into text. */
struct refusals {
	struct ca_refusal *refusal;
	char **text;
	size_t n;
};

static void
refusals_clear(struct refusals *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->text[i]);
	free(r->text);
	free(r->refusal);
}

static enum psm_err
read_refusals(struct cli *cli, struct refusals *r)
{
	const char *value;

	r->refusal = calloc(cli->options.n + 1, sizeof *r->refusal);
	r->text = calloc(cli->options.n + 1, sizeof *r->text);
	if (r->refusal == NULL || r->text == NULL)
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	while ((value = opt_nth(cli, OPT_REFUSE, r->n)) != NULL) {
		char *id = strdup(value), *colon;
		struct ca_refusal *refusal = &r->refusal[r->n];

		if (id == NULL)
			return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
		r->text[r->n++] = id;
		if ((colon = strchr(id, ':')) != NULL)
			*colon = '\0';
		refusal->id = strcmp(id, "all") == 0 ? NULL : id;
		refusal->reason = colon != NULL ? colon + 1 : "refused";
		refusal->fail = CA_FAIL_BAD_REQUEST;
	}
	return PSM_OK;
}

static enum psm_err
read_dialect(struct cli *cli, enum ca_dialect *ret_dialect)
{
	static const char *const names[] = {
		[CA_DIALECT_CMMF] = "cmmf", [CA_DIALECT_CMP] = "cmp",
		[CA_DIALECT_UNTAGGED] = "untagged", [CA_DIALECT_CERT] = "cert",
		[CA_DIALECT_PKCS7] = "pkcs7",
	};
	const char *name = opt_value(cli, OPT_DIALECT);

	if (name == NULL)
		return PSM_OK;
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0) {
			*ret_dialect = (enum ca_dialect)i;
			return PSM_OK;
		}
	return cli_fail(cli, PSM_E_ARGUMENT, "--dialect is cmmf, cmp, "
	                "untagged, cert or pkcs7, not \"%s\"", name);
}

static enum psm_err
read_options(struct cli *cli, struct refusals *refusals,
             struct ca_options *options)
{
	enum psm_err err;

	options->no_ca_pubs = opt_given(cli, OPT_NO_CHAIN);
	options->allow_ca = opt_given(cli, OPT_ALLOW_CA);
	options->subject = opt_value(cli, OPT_SUBJECT);
	options->email = opt_value(cli, OPT_EMAIL);
	options->id = opt_value(cli, OPT_ID);
	if ((err = read_dialect(cli, &options->dialect)) != PSM_OK ||
	    (err = opt_number(cli, OPT_DAYS, 1, MAX_DAYS,
	                      &options->days)) != PSM_OK ||
	    (err = read_refusals(cli, refusals)) != PSM_OK)
		return err;
	options->refusals = refusals->refusal;
	options->n_refusals = refusals->n;
	return PSM_OK;
}

static json_t *
answer_json(const struct ca_answer *answer)
{
	json_t *serials = json_array();

	for (size_t i = 0; i < answer->n_issued; i++)
		if (json_array_append_new(serials,
		                          pj_text(answer->serials[i])) != 0)
			break;
	return json_pack("{s:o, s:I, s:I, s:o}", "answer",
	    pj_text(answer->text), "issued", (json_int_t)answer->n_issued,
	    "refused", (json_int_t)answer->n_refused, "serials", serials);
}

static enum psm_err
print_answer(struct cli *cli, const struct ca_answer *answer)
{
	enum psm_err err = PSM_OK;

	if (!cli->json || opt_given(cli, OPT_OUTPUT))
		err = output_write(cli, answer->text, strlen(answer->text));
	if (err == PSM_OK && cli->json)
		err = output_json(cli, answer_json(answer));
	if (err == PSM_OK)
		cli_note(cli, "issued %zu, refused %zu", answer->n_issued,
		         answer->n_refused);
	return err;
}

enum psm_err
cmd_ca_issue(struct cli *cli)
{
	struct ca *ca AUTO(authority_free) = NULL;
	struct ca_answer *answer AUTO(answer_free) = NULL;
	struct refusals refusals AUTO(refusals_clear) = { NULL, NULL, 0 };
	struct bytes request AUTO(bytes_free) = { NULL, 0 };
	struct ca_options options = { 0 };
	const char *nickname = opt_value(cli, OPT_NICKNAME);
	enum psm_err err;

	if ((err = read_options(cli, &refusals, &options)) != PSM_OK ||
	    (err = input_read(cli, "request", PSM_E_REQUEST,
	                      &request)) != PSM_OK ||
	    (err = start(cli, PSM_OPEN_READ_ONLY, &ca)) != PSM_OK ||
	    (err = unlock_for(cli, nickname)) != PSM_OK)
		return err;
	if ((err = ca_open(ca, nickname)) != PSM_OK ||
	    (err = ca_issue(ca, request.data, request.len, &options,
	                    &answer)) != PSM_OK)
		return keep(cli, ca, err);
	return print_answer(cli, answer);
}

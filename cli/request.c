/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* request.c - psm request and psm recover */

#include <string.h>

#include "cli/cli.h"

/* What stays secret, wiped with wipe(). */
struct controls {
	char reg_token[512], authenticator[512];
};

static void
wipe(struct controls *controls)
{
	explicit_bzero(controls, sizeof *controls);
}

static void
request_free(struct psm_request **request)
{
	psm_request_free(*request);
}

/* NULL for one that is not used. */
static enum psm_err
read_controls(struct cli *cli, struct controls *secret,
              const char **ret_reg_token, const char **ret_authenticator)
{
	enum psm_err err;

	if ((err = secret_read(cli, OPT_REG_TOKEN_FILE, secret->reg_token,
	                       sizeof secret->reg_token)) != PSM_OK ||
	    (err = secret_read(cli, OPT_AUTHENTICATOR_FILE,
	                       secret->authenticator,
	                       sizeof secret->authenticator)) != PSM_OK)
		return err;
	if (opt_given(cli, OPT_REG_TOKEN_FILE))
		*ret_reg_token = secret->reg_token;
	if (opt_given(cli, OPT_AUTHENTICATOR_FILE))
		*ret_authenticator = secret->authenticator;
	return PSM_OK;
}

/* With --json the text is in the object, and in --output too if that is
 * named. */
static enum psm_err
print_request(struct cli *cli, const struct psm_request *request,
              enum psm_request_format format)
{
	enum psm_err err = PSM_OK;

	if (!cli->json || opt_given(cli, OPT_OUTPUT))
		err = output_write(cli, request->text, strlen(request->text));
	if (err == PSM_OK && cli->json)
		err = output_json(cli, pj_request(request, format));
	return err;
}

/* Nobody can answer what nobody got. */
static enum psm_err
hand_out(struct cli *cli, const struct psm_request *request,
         enum psm_request_format format)
{
	enum psm_err err = print_request(cli, request, format);

	if (err == PSM_OK)
		cli_note(cli, "request %d is pending", (int)request->id);
	else if (psm_request_cancel(cli->ctx, request->id,
	                            PSM_CANCEL_DELETE_KEY) != PSM_OK)
		cli_note(cli, "request %d stays pending", (int)request->id);
	return err;
}

/* --- psm request --------------------------------------------------------- */

static enum psm_err
read_usage(struct cli *cli, unsigned *ret_usage)
{
	const char *name = opt_value(cli, OPT_USAGE);

	while (name != NULL) {
		size_t len = strcspn(name, ",");
		unsigned bit = pj_key_usage(name, len);

		if (bit == 0)
			return cli_fail(cli, PSM_E_ARGUMENT, "--usage knows "
			                "digitalSignature, nonRepudiation, "
			                "keyEncipherment and keyAgreement, not "
			                "\"%.*s\"", (int)len, name);
		*ret_usage |= bit;
		name = name[len] == ',' ? name + len + 1 : NULL;
	}
	return PSM_OK;
}

static enum psm_err
read_params(struct cli *cli, struct controls *secret,
            struct psm_request_params *p)
{
	enum psm_err err;

	p->subject = opt_value(cli, OPT_SUBJECT);
	p->token = opt_value(cli, OPT_TOKEN);
	p->format = opt_given(cli, OPT_PKCS10) ? PSM_REQUEST_PKCS10 :
	                                         PSM_REQUEST_CRMF;
	if (opt_given(cli, OPT_UNEXTRACTABLE))
		p->flags |= PSM_REQUEST_UNEXTRACTABLE;
	if (opt_given(cli, OPT_CA))
		p->flags |= PSM_REQUEST_CA;
	if ((err = opt_key(cli, &p->key_type, &p->key_bits)) != PSM_OK ||
	    (err = read_usage(cli, &p->key_usage)) != PSM_OK ||
	    (err = opt_exclude(cli, OPT_PKCS10,
	                       OPT_REG_TOKEN_FILE)) != PSM_OK ||
	    (err = opt_exclude(cli, OPT_PKCS10,
	                       OPT_AUTHENTICATOR_FILE)) != PSM_OK)
		return err;
	return read_controls(cli, secret, &p->reg_token, &p->authenticator);
}

enum psm_err
cmd_request(struct cli *cli)
{
	struct controls secret AUTO(wipe) = { "", "" };
	struct psm_request_params params = { 0 };
	struct psm_request *request AUTO(request_free) = NULL;
	enum psm_err err;

	if ((err = read_params(cli, &secret, &params)) != PSM_OK ||
	    (err = cli_open(cli, 0)) != PSM_OK ||
	    (err = psm_request_create(cli->ctx, &params, &request)) != PSM_OK)
		return err;
	return hand_out(cli, request, params.format);
}

/* --- psm recover --------------------------------------------------------- */

enum psm_err
cmd_recover(struct cli *cli)
{
	struct controls secret AUTO(wipe) = { "", "" };
	struct psm_recovery_params params = {
		.subject = opt_value(cli, OPT_SUBJECT),
	};
	struct psm_request *request AUTO(request_free) = NULL;
	enum psm_err err;

	if ((err = opt_number(cli, OPT_KEY_SIZE, 256, 16384,
	                      &params.key_bits)) != PSM_OK ||
	    (err = read_controls(cli, &secret, &params.reg_token,
	                         &params.authenticator)) != PSM_OK ||
	    (err = cli_open(cli, 0)) != PSM_OK ||
	    (err = psm_request_recovery(cli->ctx, &params,
	                                &request)) != PSM_OK)
		return err;
	return hand_out(cli, request, PSM_REQUEST_CRMF);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* init_store.c - the NSS database of a new daemon: its CA and its own
 * certificate. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "psmd/init_int.h"
#include "psmd/pem.h"
#include "psmd/server_cert.h"

/* A machine's name may be such that no certificate can have it. */
static bool
add_usual(struct names *names)
{
	char host[256] = "";

	if (gethostname(host, sizeof host - 1) == 0 &&
	    ca_server_name_is_fine(host) && !names_add(names, host))
		return false;
	return names_add(names, "localhost") &&
	       names_add(names, "127.0.0.1") && names_add(names, "::1");
}

bool
init_names(struct making *m)
{
	const char *list = m->args->value[OPT_NAMES];

	return (list != NULL ? names_add_list(&m->names, list)
	                     : add_usual(&m->names)) &&
	       names_add_listen(&m->names, m->config);
}

/* --- certificates -------------------------------------------------------- */

static bool
make_ca(struct ca *ca, const char *name)
{
	char subject[512];
	const struct ca_params params = { .subject = subject,
		                          .nickname = SERVER_CA,
		                          .key_type = PSM_KEY_EC,
		                          .trust = "CT,," };

	snprintf(subject, sizeof subject, "CN=psmd CA of %s", name);
	return ca_init(ca, &params) == PSM_OK ||
	       command_fail("the CA: %s", ca_errmsg(ca));
}

static bool
write_pem(const struct making *m, const struct ca *ca)
{
	size_t len = 0, at = 0;
	const unsigned char *der = ca_cert_der(ca, &len);
	char *pem = NULL;
	FILE *out = open_memstream(&pem, &at);
	bool good;

	if (out == NULL)
		return command_fail("out of memory");
	good = pem_write(out, der, len);
	good = (fclose(out) == 0 && good) || command_fail("out of memory");
	good = good && init_write(m, "ca.pem", 0644, pem, at);
	free(pem);
	return good;
}

static bool
make_server(const struct making *m, struct psm_ctx *ctx, struct ca *ca)
{
	const struct server_cert wanted = { .nickname = m->config->server_cert,
		                            .names = &m->names,
		                            .days = m->days };

	return server_cert_make(ctx, ca, &wanted);
}

/* --- the database -------------------------------------------------------- */

static enum psm_answer
give_pin(void *arg, enum psm_password_for what, const char *name,
         unsigned attempt, char *buf, size_t size)
{
	const struct making *m = arg;

	(void)name;
	if (what == PSM_PASSWORD_RESTORE || attempt > 0)
		return PSM_ANSWER_NONE;
	snprintf(buf, size, "%s", m->pin);
	return PSM_ANSWER_YES;
}

static bool
fill(const struct making *m, struct psm_ctx *ctx)
{
	struct ca *ca = ca_new();
	bool good;

	if (ca == NULL)
		return command_fail("out of memory");
	good = make_ca(ca, m->names.list[0]) && write_pem(m, ca) &&
	       make_server(m, ctx, ca);
	ca_free(ca);
	return good;
}

bool
init_store(const struct making *m)
{
	const struct psm_ui ui = { .password = give_pin };
	struct psm_ctx *ctx = psm_new(&ui, (void *)m);
	bool good;

	if (ctx == NULL)
		return command_fail("out of memory");
	if (psm_open(ctx, m->config->database,
	             PSM_OPEN_CREATE | PSM_OPEN_EXCLUSIVE) != PSM_OK ||
	    psm_login(ctx, NULL) != PSM_OK)
		good = command_fail("the NSS database: %s", psm_errmsg(ctx));
	else
		good = fill(m, ctx);
	psm_free(ctx);
	return good;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* list.c - psm list */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

void
cert_list_free(struct psm_cert_list **list)
{
	psm_cert_list_free(*list);
}

/* A sorted choice from a list. */
struct view {
	const struct psm_cert **cert;
	size_t n;
};

static void
view_clear(struct view *view)
{
	free(view->cert);
}

static int
compare(const void *a, const void *b)
{
	const struct psm_cert *x = *(const struct psm_cert *const *)a;
	const struct psm_cert *y = *(const struct psm_cert *const *)b;
	int order = strcmp(x->nickname != NULL ? x->nickname : "",
	                   y->nickname != NULL ? y->nickname : "");

	return order != 0 ? order : strcmp(x->sha256, y->sha256);
}

static bool
make_view(const struct psm_cert_list *list, const char *token,
          struct view *view)
{
	size_t n = psm_cert_list_count(list);

	view->cert = calloc(n + 1, sizeof(const struct psm_cert *));
	if (view->cert == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);

		if (token == NULL || strcmp(token, cert->token) == 0)
			view->cert[view->n++] = cert;
	}
	qsort(view->cert, view->n, sizeof(const struct psm_cert *), compare);
	return true;
}

static void
add_row(struct table *table, const struct psm_cert *cert, int64_t now)
{
	char key[32], day[16], date[32], print[17];

	snprintf(date, sizeof date, "%s%s", text_date(cert->not_after, day),
	         cert->not_after < now ? " expired" : "");
	snprintf(print, sizeof print, "%.16s", cert->sha256);
	table_row(table, (const char *const[]) {
		cert->nickname, text_key(cert->key_type, cert->key_bits, key),
		cert->has_key ? "yes" : NULL, date, print });
}

static enum psm_err
print_view(const struct view *view)
{
	struct table table AUTO(table_clear) = { .n_columns = 5,
	                                         .has_head = true };
	int64_t now = time(NULL);

	table_row(&table, (const char *const[]) {
		"NICKNAME", "KEY", "OWN", "EXPIRES", "SHA-256" });
	for (size_t i = 0; i < view->n; i++)
		add_row(&table, view->cert[i], now);
	return table_print(&table, stdout);
}

static enum psm_err
print_json(struct cli *cli, const struct view *view)
{
	json_t *array = json_array();

	for (size_t i = 0; i < view->n; i++)
		if (json_array_append_new(array, pj_cert(view->cert[i])) != 0) {
			json_decref(array);
			array = NULL;
			break;
		}
	return output_json(cli, array);
}

enum psm_err
cmd_list(struct cli *cli)
{
	struct psm_cert_list *list AUTO(cert_list_free) = NULL;
	struct view view AUTO(view_clear) = { NULL, 0 };
	enum psm_err err;

	if ((err = cli_open(cli, PSM_OPEN_READ_ONLY)) != PSM_OK ||
	    (err = psm_store_list(cli->ctx, &list)) != PSM_OK)
		return err;
	if (!make_view(list, opt_value(cli, OPT_TOKEN), &view))
		return cli_fail(cli, PSM_E_NO_MEMORY, "out of memory");
	return cli->json ? print_json(cli, &view) : print_view(&view);
}

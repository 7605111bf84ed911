/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* params.c - parameters of the query and of form bodies. */

#include "psmd/params.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"

#define NAME_SIZE 128 /* bytes */

static bool
is_taken(enum param_from from, const char *name)
{
	return from == PARAM_MULTIPART || strncmp(name, "blob-", 5) != 0;
}

static struct param *
begin(struct params *params, enum param_from from, const char *name)
{
	struct param *list;

	if (params->n >= params->max_count || strlen(name) > NAME_SIZE) {
		params->malformed = true;
		return NULL;
	}
	list = realloc(params->list, (params->n + 1) * sizeof *list);
	if (list == NULL) {
		params->out_of_memory = true;
		return NULL;
	}
	params->list = list;
	list[params->n] = (struct param){ .from = from };
	list[params->n].name = strdup(name);
	list[params->n].value = calloc(1, 1);
	if (list[params->n].name == NULL || list[params->n].value == NULL) {
		free(list[params->n].name);
		free(list[params->n].value);
		params->out_of_memory = true;
		return NULL;
	}
	return &list[params->n++];
}

/* realloc() would leave a copy of a key behind. */
static bool
grow(struct param *param, const void *data, size_t len)
{
	unsigned char *bigger = malloc(param->len + len + 1);

	if (bigger == NULL)
		return false;
	memcpy(bigger, param->value, param->len);
	memcpy(bigger + param->len, data, len);
	bigger[param->len + len] = '\0';
	explicit_bzero(param->value, param->len);
	free(param->value);
	param->value = bigger;
	param->len += len;
	return true;
}

bool
params_append(struct params *params, enum param_from from, const char *name,
              size_t off, const void *data, size_t len)
{
	struct param *param;

	if (params->malformed || params->out_of_memory)
		return false;
	if (!is_taken(from, name))
		return true;
	param = off == 0 ? begin(params, from, name) :
	        params->n > 0 ? &params->list[params->n - 1] : NULL;
	if (param == NULL)
		return false;
	if (param->too_big || len > params->max_value - param->len) {
		param->too_big = true;
		return true;
	}
	if (len > 0 && !grow(param, data, len))
		params->out_of_memory = true;
	return !params->out_of_memory;
}

const struct param *
params_get(const struct params *params, const char *name)
{
	for (size_t i = params->n; i-- > 0;) {
		if (strcmp(params->list[i].name, name) == 0)
			return &params->list[i];
	}
	return NULL;
}

const char *
params_text(const struct params *params, const char *name, bool *ret_bad)
{
	const struct param *param = params_get(params, name);

	*ret_bad = param != NULL &&
	           (param->too_big ||
	            memchr(param->value, '\0', param->len) != NULL ||
	            !pj_is_utf8((const char *)param->value));
	return param == NULL || *ret_bad ? NULL : (const char *)param->value;
}

void
params_clear(struct params *params)
{
	for (size_t i = 0; i < params->n; i++) {
		explicit_bzero(params->list[i].value, params->list[i].len);
		free(params->list[i].value);
		free(params->list[i].name);
	}
	free(params->list);
	params->list = NULL;
	params->n = 0;
}

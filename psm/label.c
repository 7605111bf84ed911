/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* label.c - what a key's label says that it waits for. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nssutil/nu_der.h"
#include "psm/internal.h"

#define PENDING "pending:"
#define CA_SUFFIX ":ca"
#define RECOVERY "recovery:"

void
pending_label(int32_t id, bool is_ca, char label[PSM_LABEL_SIZE])
{
	snprintf(label, PSM_LABEL_SIZE, PENDING "%d%s", (int)id,
	         is_ca ? CA_SUFFIX : "");
}

void
recovery_label(int32_t id, char label[PSM_LABEL_SIZE])
{
	snprintf(label, PSM_LABEL_SIZE, RECOVERY "%d", (int)id);
}

void
label_all(int32_t id, char labels[LABEL_KINDS][PSM_LABEL_SIZE])
{
	pending_label(id, false, labels[0]);
	pending_label(id, true, labels[1]);
	recovery_label(id, labels[LABEL_RECOVERY]);
}

/* What follows the id behind prefix; NULL: there is none, or not as we write
 * it. */
static const char *
parse_id(const char *label, const char *prefix, int32_t *ret_id)
{
	const char *digits = label + strlen(prefix);
	char *end;
	long id;

	if (strncmp(label, prefix, strlen(prefix)) != 0 || *digits < '1' ||
	    *digits > '9')
		return NULL;
	errno = 0;
	id = strtol(digits, &end, 10);
	if (errno != 0 || id > INT32_MAX)
		return NULL;
	*ret_id = (int32_t)id;
	return end;
}

bool
pending_parse(const char *label, int32_t *ret_id, bool *ret_is_ca)
{
	int32_t id;
	const char *rest = parse_id(label, PENDING, &id);

	if (rest == NULL || (*rest != '\0' && strcmp(rest, CA_SUFFIX) != 0))
		return false;
	*ret_id = id;
	*ret_is_ca = *rest != '\0';
	return true;
}

bool
recovery_parse(const char *label, int32_t *ret_id)
{
	int32_t id;
	const char *rest = parse_id(label, RECOVERY, &id);

	if (rest == NULL || *rest != '\0')
		return false;
	*ret_id = id;
	return true;
}

bool
label_id(const SECItem *octets, int32_t *ret_id)
{
	long id;

	if (nu_der_to_long(octets, &id) != SECSuccess || id < 1 ||
	    id > INT32_MAX)
		return false;
	*ret_id = (int32_t)id;
	return true;
}

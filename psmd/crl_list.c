/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl_list.c - what a CRL lists. */

#include "psmd/crl_list.h"

#include <stdlib.h>
#include <string.h>

bool
crl_list_add(const struct cert_revoked *cert, void *arg)
{
	struct crl_list *list = arg;
	const size_t room = list->room == 0 ? 64 : 2 * list->room;
	struct cert_revoked *grown;

	if (list->n == list->room) {
		grown = reallocarray(list->certs, room, sizeof *grown);
		list->no_room = grown == NULL;
		if (grown == NULL)
			return false;
		list->certs = grown;
		list->room = room;
	}
	list->certs[list->n++] = *cert;
	return true;
}

/* No certificate has the number 0. */
bool
crl_list_add_listed(const struct ca_revoked *listed, void *list)
{
	struct cert_revoked cert = { .time = listed->time,
		                     .reason = (int)listed->reason };

	return !cert_serial(listed->serial, cert.serial) ||
	       crl_list_add(&cert, list);
}

static int
compare(const void *a, const void *b)
{
	const struct cert_revoked *x = a, *y = b;

	return strcmp(x->serial, y->serial);
}

/* Was it neither released nor left out when it had expired? */
static enum rec_err
is_kept(struct records *records, const char *serial, int64_t since,
        bool *ret_kept)
{
	struct cert_record cert;
	enum rec_err err = records_cert_find(records, NULL, serial, &cert);

	*ret_kept = true;
	if (err == REC_NOT_FOUND)
		return REC_OK;
	if (err != REC_OK)
		return err;
	*ret_kept = cert.revoked != 0 && cert.not_after >= since;
	cert_record_clear(&cert);
	return REC_OK;
}

enum rec_err
crl_list_keep(struct crl_list *list, const struct crl_list *before,
              struct records *records, int64_t since)
{
	const size_t n = list->n; /* sorted, those that are added are not */
	enum rec_err err;
	bool kept;

	if (n > 0)
		qsort(list->certs, n, sizeof *list->certs, compare);
	for (size_t i = 0; i < before->n; i++) {
		const struct cert_revoked *cert = &before->certs[i];

		if (n > 0 && bsearch(cert, list->certs, n, sizeof *cert,
		                     compare) != NULL)
			continue;
		err = is_kept(records, cert->serial, since, &kept);
		if (err != REC_OK)
			return err;
		if (kept && !crl_list_add(cert, list))
			break;
	}
	return REC_OK;
}

struct ca_revoked *
crl_list_entries(const struct crl_list *list)
{
	struct ca_revoked *entries = calloc(list->n + 1, sizeof *entries);

	for (size_t i = 0; entries != NULL && i < list->n; i++)
		entries[i] = (struct ca_revoked){
			list->certs[i].serial, list->certs[i].time,
			(enum ca_reason)list->certs[i].reason
		};
	return entries;
}

void
crl_list_clear(struct crl_list *list)
{
	free(list->certs);
}

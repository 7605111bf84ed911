/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* profile.c - the extensions of a root, a client's and a server's certificate */

#include <certt.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"

enum { MAX_EXTENSIONS = 6, RFC822_NAME = 1 };

struct extensions {
	PLArenaPool *arena;
	SECItem *part[MAX_EXTENSIONS];
	size_t n;
};

/* A NULL is kept: extensions_end() then fails. */
static void
add(struct extensions *x, SECItem *extension)
{
	x->part[x->n++] = extension;
}

static void
add_plain(struct extensions *x, SECOidTag oid, const SECItem *value)
{
	SECItem *extension = NULL;

	if (value != NULL)
		extension = nu_ext_make(x->arena, oid, PR_FALSE, value);
	add(x, extension);
}

static SECItem *
extensions_end(const struct extensions *x)
{
	return ca_der_wrap(x->arena, NU_SEQUENCE,
	                   (const SECItem *const *)x->part, x->n);
}

static SECItem *
make_octets(PLArenaPool *arena, unsigned char tag, const SECItem *octets)
{
	if (octets == NULL)
		return NULL;
	return nu_der_make_octets(arena, tag, octets->data, octets->len);
}

static void
add_key_ids(struct extensions *x, const SECItem *authority, const SECItem *own)
{
	const SECItem *id = make_octets(x->arena, NU_CONTEXT(0), authority);

	add_plain(x, SEC_OID_X509_AUTH_KEY_ID,
	          ca_der_make(x->arena, NU_SEQUENCE, id));
	add_plain(x, SEC_OID_X509_SUBJECT_KEY_ID,
	          make_octets(x->arena, NU_OCTET_STRING, own));
}

static void
add_ca(struct extensions *x, long path_len)
{
	add(x, nu_ext_make_key_usage(x->arena, KU_KEY_CERT_SIGN | KU_CRL_SIGN));
	add(x, nu_ext_make_basic_constraints(x->arena, PR_TRUE, path_len));
}

static void
add_purposes(struct extensions *x, SECOidTag first, SECOidTag second)
{
	const SECItem *const purposes[] = {
		ca_der_oid(x->arena, first),
		second != SEC_OID_UNKNOWN ? ca_der_oid(x->arena, second) : NULL
	};

	add_plain(x, SEC_OID_X509_EXT_KEY_USAGE,
	          ca_der_wrap(x->arena, NU_SEQUENCE, purposes,
	                      second != SEC_OID_UNKNOWN ? 2 : 1));
}

static void
add_emails(struct extensions *x, const SECItem emails[], size_t n)
{
	const SECItem **names =
		PORT_ArenaZNewArray(x->arena, const SECItem *, n);
	SECItem *value = NULL;

	for (size_t i = 0; names != NULL && i < n; i++)
		names[i] = make_octets(x->arena, NU_CONTEXT(RFC822_NAME),
		                       &emails[i]);
	if (names != NULL)
		value = ca_der_wrap(x->arena, NU_SEQUENCE, names, n);
	add_plain(x, SEC_OID_X509_SUBJECT_ALT_NAME, value);
}

SECItem *
ca_profile_root(PLArenaPool *arena, const SECItem *spki)
{
	struct extensions x = { .arena = arena };
	const SECItem *id = ca_der_key_id(arena, spki);

	add_key_ids(&x, id, id);
	add_ca(&x, -1);
	return extensions_end(&x);
}

/* The authority's key as its own certificate names it. */
static SECItem *
authority_key_id(PLArenaPool *arena, const struct ca *ca)
{
	nu_auto_item id = { siBuffer, NULL, 0 };

	if (CERT_FindSubjectKeyIDExtension(ca->cert, &id) == SECSuccess)
		return SECITEM_ArenaDupItem(arena, &id);
	return ca_der_key_id(arena, &ca->cert->derPublicKey);
}

static void
add_client(struct extensions *x, const struct ca_grant *grant)
{
	add_purposes(x, SEC_OID_EXT_KEY_USAGE_CLIENT_AUTH,
	             grant->n_emails > 0 ? SEC_OID_EXT_KEY_USAGE_EMAIL_PROTECT
	                                 : SEC_OID_UNKNOWN);
	if (grant->n_emails > 0)
		add_emails(x, grant->emails, grant->n_emails);
}

static void
add_server(struct extensions *x, const SECItem *names)
{
	add_purposes(x, SEC_OID_EXT_KEY_USAGE_SERVER_AUTH, SEC_OID_UNKNOWN);
	add_plain(x, SEC_OID_X509_SUBJECT_ALT_NAME, names);
}

SECItem *
ca_profile_grant(const struct ca_job *job, const struct ca_grant *grant)
{
	const struct ca *ca = job->ca;
	struct extensions x = { .arena = job->arena };

	add_key_ids(&x, authority_key_id(x.arena, ca),
	            ca_der_key_id(x.arena, &grant->wish->spki));
	if (grant->is_ca) {
		add_ca(&x, ca->path_len > 0 ? ca->path_len - 1 : -1);
		return extensions_end(&x);
	}
	add(&x, nu_ext_make_key_usage(x.arena, grant->key_usage));
	if (job->options->purpose == CA_PURPOSE_SERVER)
		add_server(&x, job->server_names);
	else
		add_client(&x, grant);
	return extensions_end(&x);
}

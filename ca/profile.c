/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* profile.c - the extensions of an authority's certificate and of what it
 * grants */

#include <certt.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"

enum { MAX_EXTENSIONS = 8, RFC822_NAME = 1, URI = 6 };

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
	return nu_der_wrap_all(x->arena, NU_SEQUENCE,
	                       (const SECItem *const *)x->part, x->n);
}

static SECItem *
make_octets(PLArenaPool *arena, unsigned char tag, const SECItem *octets)
{
	if (octets == NULL)
		return NULL;
	return nu_der_make_octets(arena, tag, octets->data, octets->len);
}

/* --- keys ---------------------------------------------------------------- */

/* keyIdentifier of the authority's key, as its own certificate has it. */
static SECItem *
authority_key_id(PLArenaPool *arena, const struct ca *ca)
{
	nu_auto_item id = { siBuffer, NULL, 0 };

	if (CERT_FindSubjectKeyIDExtension(ca->cert, &id) == SECSuccess)
		return SECITEM_ArenaDupItem(arena, &id);
	return ca_der_key_id(arena, &ca->cert->derPublicKey);
}

static SECItem *
make_key_id(PLArenaPool *arena, const SECItem *id)
{
	const SECItem *value = ca_der_make(arena, NU_SEQUENCE,
	                                   make_octets(arena, NU_CONTEXT(0),
	                                               id));

	if (value == NULL)
		return NULL;
	return nu_ext_make(arena, SEC_OID_X509_AUTH_KEY_ID, PR_FALSE, value);
}

SECItem *
ca_make_authority_key_id(PLArenaPool *arena, const struct ca *ca)
{
	return make_key_id(arena, authority_key_id(arena, ca));
}

static void
add_key_ids(struct extensions *x, const SECItem *authority, const SECItem *own)
{
	add(x, make_key_id(x->arena, authority));
	add_plain(x, SEC_OID_X509_SUBJECT_KEY_ID,
	          make_octets(x->arena, NU_OCTET_STRING, own));
}

static void
add_ca(struct extensions *x, long path_len)
{
	add(x, nu_ext_make_key_usage(x->arena, KU_KEY_CERT_SIGN | KU_CRL_SIGN));
	add(x, nu_ext_make_basic_constraints(x->arena, PR_TRUE, path_len));
}

/* --- places -------------------------------------------------------------- */

static SECItem *
make_url(PLArenaPool *arena, const char *url)
{
	return nu_der_make_text(arena, NU_CONTEXT(URI), url);
}

/* One DistributionPoint: [0] { [0] fullName }. */
static void
add_crl(struct extensions *x, const char *url)
{
	const SECItem *full = ca_der_make(x->arena, NU_CONTEXT_CONSTRUCTED(0),
	                                  make_url(x->arena, url));
	const SECItem *point = ca_der_make(x->arena, NU_SEQUENCE,
		ca_der_make(x->arena, NU_CONTEXT_CONSTRUCTED(0), full));

	add_plain(x, SEC_OID_X509_CRL_DIST_POINTS,
	          ca_der_make(x->arena, NU_SEQUENCE, point));
}

static SECItem *
make_access(PLArenaPool *arena, SECOidTag method, const char *url)
{
	return ca_der_make(arena, NU_SEQUENCE, ca_der_oid(arena, method),
	                   make_url(arena, url));
}

static void
add_urls(struct extensions *x, const struct ca_urls *urls)
{
	const SECItem *access[2];
	size_t n = 0;

	if (urls->crl != NULL)
		add_crl(x, urls->crl);
	if (urls->ocsp != NULL)
		access[n++] = make_access(x->arena, SEC_OID_PKIX_OCSP,
		                          urls->ocsp);
	if (urls->issuer != NULL)
		access[n++] = make_access(x->arena, SEC_OID_PKIX_CA_ISSUERS,
		                          urls->issuer);
	if (n > 0)
		add_plain(x, SEC_OID_X509_AUTH_INFO_ACCESS,
		          nu_der_wrap_all(x->arena, NU_SEQUENCE, access, n));
}

/* --- purposes and names -------------------------------------------------- */

/* What the profile names, or else what follows from the purpose. */
static void
add_purposes(struct extensions *x, const struct ca_job *job, bool mail)
{
	const bool server = job->options->purpose == CA_PURPOSE_SERVER;
	const SECItem *usual[] = {
		ca_der_oid(x->arena, server ?
		           SEC_OID_EXT_KEY_USAGE_SERVER_AUTH :
		           SEC_OID_EXT_KEY_USAGE_CLIENT_AUTH),
		ca_der_oid(x->arena, SEC_OID_EXT_KEY_USAGE_EMAIL_PROTECT)
	};
	struct ca_list list = job->purposes;

	if (list.parts == NULL)
		list = (struct ca_list){ usual, !server && mail ? 2 : 1 };
	add_plain(x, SEC_OID_X509_EXT_KEY_USAGE,
	          nu_der_wrap_all(x->arena, NU_SEQUENCE, list.parts, list.n));
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
		value = nu_der_wrap_all(x->arena, NU_SEQUENCE, names, n);
	add_plain(x, SEC_OID_X509_SUBJECT_ALT_NAME, value);
}

static void
add_names(struct extensions *x, const struct ca_job *job,
          const struct ca_grant *grant)
{
	if (job->alt_names != NULL)
		add_plain(x, SEC_OID_X509_SUBJECT_ALT_NAME, job->alt_names);
	else if (grant->n_emails > 0)
		add_emails(x, grant->emails, grant->n_emails);
}

/* ------------------------------------------------------------------------- */

SECItem *
ca_profile_authority(PLArenaPool *arena, const SECItem *spki,
                     const struct ca *issuer, const struct ca_urls *urls)
{
	struct extensions x = { .arena = arena };
	const SECItem *id = ca_der_key_id(arena, spki);

	add_key_ids(&x, issuer != NULL ? authority_key_id(arena, issuer) :
	                                 id, id);
	add_ca(&x, issuer != NULL ? 0 : -1);
	add_urls(&x, urls);
	return extensions_end(&x);
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
	} else {
		add(&x, nu_ext_make_key_usage(x.arena, grant->key_usage));
		add_purposes(&x, job, job->mail || grant->n_emails > 0);
		add_names(&x, job, grant);
	}
	add_urls(&x, &job->profile->urls);
	return extensions_end(&x);
}

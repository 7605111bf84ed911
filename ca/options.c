/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* options.c - what a caller wants: is it fit for work, and within the profile?
 */

#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_name.h"

enum { DEFAULT_DAYS = 365, MAX_LIST = 64, MAX_ALT_NAMES = 1000 };
enum { LEAST_RSA_BITS = 1024 }; /* of a profile that allows weak keys */

/* RFC 4210, 5.3.4: what answers a PKCS#10 that came alone. */
#define P10_ID "-1"
enum { LAST_FAIL = 26 }; /* of PKIFailureInfo's bits: duplicateCertReq */

void
ca_job_clear(struct ca_job *job)
{
	if (job->arena != NULL)
		PORT_FreeArena(job->arena, PR_TRUE);
}

/* --- the profile --------------------------------------------------------- */

static bool
url_is_fine(const char *url)
{
	size_t scheme;

	if (url == NULL)
		return true;
	scheme = strcspn(url, ":");
	if (scheme == 0 || url[scheme] == '\0' || url[scheme + 1] == '\0')
		return false;
	for (; *url != '\0'; url++)
		if (*url <= ' ' || *url > '~')
			return false;
	return true;
}

bool
ca_urls_are_fine(const struct ca_urls *urls)
{
	return url_is_fine(urls->crl) && url_is_fine(urls->ocsp) &&
	       url_is_fine(urls->issuer);
}

static bool
has_twice(const struct ca_list *list)
{
	for (size_t i = 1; i < list->n; i++)
		for (size_t j = 0; j < i; j++)
			if (SECITEM_ItemsAreEqual(list->parts[i],
			                          list->parts[j]))
				return true;
	return false;
}

/* Read names into OIDs. */
static enum psm_err
read_list(struct ca_job *job, const char *const names[], size_t n,
          SECItem *(*make)(PLArenaPool *, const char *), const char *what,
          struct ca_list *ret_list)
{
	if (names == NULL)
		return PSM_OK;
	if (n == 0 || n > MAX_LIST)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "a profile has 1 to %d of %s", MAX_LIST, what);
	ret_list->parts = PORT_ArenaZNewArray(job->arena, const SECItem *, n);
	if (ret_list->parts == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "profile");
	for (size_t i = 0; i < n; i++) {
		SECItem *oid = make(job->arena, names[i]);

		if (oid == NULL)
			return ca_error_nss(job->ca, PSM_E_ARGUMENT, names[i]);
		ret_list->parts[ret_list->n++] = oid;
	}
	if (has_twice(ret_list))
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "a profile has one of %s twice", what);
	return PSM_OK;
}

static enum psm_err
read_profile(struct ca_job *job)
{
	static const struct ca_profile defaults;
	const struct ca_profile *p = job->options->profile;
	const unsigned all = CA_KEY_RSA | CA_KEY_DSA | CA_KEY_P256 |
	                     CA_KEY_P384 | CA_KEY_P521;
	enum psm_err err;

	job->profile = p = p != NULL ? p : &defaults;
	if ((p->keys & ~all) != 0 || (unsigned)p->usage > CA_USAGE_BOTH ||
	    (unsigned)p->alt_names > CA_ALT_NAMES_GIVEN)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "no such keys, usage or names");
	if (!ca_urls_are_fine(&p->urls))
		return ca_error(job->ca, PSM_E_ARGUMENT, "a URL is malformed");
	if (p->rsa_bits != 0 && p->rsa_bits < LEAST_RSA_BITS)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "RSA keys of less than %d bits are broken",
		                LEAST_RSA_BITS);
	if (p->max_days != 0 && p->max_days < p->days)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "the usual validity is beyond the longest");
	err = read_list(job, p->subject_parts, p->n_subject_parts,
	                ca_attribute_oid, "a subject's parts", &job->parts);
	if (err != PSM_OK)
		return err;
	return read_list(job, p->purposes, p->n_purposes, ca_der_dotted_oid,
	                 "purposes", &job->purposes);
}

static enum psm_err
make_arena(struct ca_job *job)
{
	job->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (job->arena == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "answer");
	return PSM_OK;
}

enum psm_err
ca_profile_check(struct ca *ca, const struct ca_profile *profile)
{
	const struct ca_options options = { .profile = profile };
	__attribute__((cleanup(ca_job_clear))) struct ca_job job = {
		.ca = ca, .options = &options
	};
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if ((err = make_arena(&job)) != PSM_OK)
		return err;
	return read_profile(&job);
}

/* --- identifiers --------------------------------------------------------- */

bool
ca_refusal_is_fine(enum ca_fail fail, const char *reason)
{
	const SECItem text = { siBuffer, (unsigned char *)reason,
		               reason != NULL ? (unsigned)strlen(reason) : 0 };

	return (unsigned)fail <= LAST_FAIL &&
	       (reason == NULL || nu_der_is_text(&text));
}

static enum psm_err
read_ids(struct ca_job *job)
{
	const struct ca_refusal *refusals = job->options->refusals;
	const size_t n = job->options->n_refusals;
	const char *id = job->options->id;

	if (nu_der_from_decimal(job->arena, id != NULL ? id : P10_ID,
	                        &job->p10_id) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_ARGUMENT, "request id");
	job->refusal_ids = PORT_ArenaZNewArray(job->arena, SECItem, n + 1);
	if (job->refusal_ids == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "refusals");
	for (size_t i = 0; i < n; i++) {
		if (!ca_refusal_is_fine(refusals[i].fail, refusals[i].reason))
			return ca_error(job->ca, PSM_E_ARGUMENT,
			                "a refusal's reason is malformed");
		if (refusals[i].id != NULL &&
		    nu_der_from_decimal(job->arena, refusals[i].id,
		                        &job->refusal_ids[i]) != SECSuccess)
			return ca_error_nss(job->ca, PSM_E_ARGUMENT,
			                    "id of a refusal");
	}
	return PSM_OK;
}

/* --- names --------------------------------------------------------------- */

static enum psm_err
read_subject(struct ca_job *job)
{
	const struct ca_options *options = job->options;
	nu_auto(SECItem) name = NULL;

	if (options->subject != NULL && options->attributes != NULL)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "the subject is given twice");
	if (options->attributes != NULL)
		return ca_subject_make(job->ca, job->arena, options,
		                       &job->subject);
	if (options->subject == NULL)
		return PSM_OK;
	name = nu_name_from_text(options->subject);
	if (name == NULL)
		return ca_error_nss(job->ca, PSM_E_ARGUMENT, options->subject);
	job->subject = SECITEM_ArenaDupItem(job->arena, name);
	return job->subject != NULL ? PSM_OK :
	       ca_error_nss(job->ca, PSM_E_NO_MEMORY, "subject");
}

static enum psm_err
read_server_names(struct ca_job *job)
{
	const struct ca_options *options = job->options;

	for (size_t i = 0; i < options->n_server_names; i++)
		if (!ca_server_name_is_fine(options->server_names[i]))
			return ca_error(job->ca, PSM_E_ARGUMENT,
			                "\"%s\" is no host name or address",
			                options->server_names[i]);
	if (options->n_server_names == 0)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "a server needs a name");
	job->alt_names = ca_server_names(job->arena, options);
	if (job->alt_names == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "names");
	return PSM_OK;
}

static enum psm_err
read_alt_names(struct ca_job *job)
{
	const struct ca_alt_name *names = job->options->alt_names;
	const size_t n = job->options->n_alt_names;

	if (n > MAX_ALT_NAMES)
		return ca_error(job->ca, PSM_E_ARGUMENT, "too many names");
	for (size_t i = 0; i < n; i++) {
		if (!ca_alt_name_is_fine(job->arena, &names[i]))
			return ca_error(job->ca, PSM_E_ARGUMENT,
			                "\"%s\" is no name of its kind",
			                names[i].value != NULL ?
			                names[i].value : "");
		job->mail |= names[i].kind == CA_ALT_EMAIL;
	}
	if (n == 0)
		return PSM_OK;
	job->alt_names = ca_alt_names_make(job->arena, names, n);
	if (job->alt_names == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "names");
	return PSM_OK;
}

/* One source of names; what is for another is a mistake. */
static enum psm_err
read_names(struct ca_job *job)
{
	const struct ca_options *options = job->options;
	const enum ca_alt_names rule = job->profile->alt_names;

	if (options->email != NULL &&
	    !ca_email_is_fine(options->email, strlen(options->email)))
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "\"%s\" is not an e-mail address",
		                options->email);
	if ((rule != CA_ALT_NAMES_USUAL &&
	     (options->email != NULL || options->n_server_names > 0)) ||
	    (rule != CA_ALT_NAMES_GIVEN && options->n_alt_names > 0))
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "names that the profile does not take");
	if (rule == CA_ALT_NAMES_GIVEN)
		return read_alt_names(job);
	if (rule == CA_ALT_NAMES_USUAL &&
	    options->purpose == CA_PURPOSE_SERVER)
		return read_server_names(job);
	return PSM_OK;
}

/* --- validity ------------------------------------------------------------ */

static enum psm_err
check_start(struct ca_job *job)
{
	const int64_t most = (int64_t)job->profile->start_days * CA_DAY;
	const int64_t start = job->options->not_before, now = ca_now();

	if (start == 0 || most == 0 || (start >= now - most &&
	                                start <= now + most))
		return PSM_OK;
	return ca_error(job->ca, PSM_E_ARGUMENT,
	                "a validity begins no more than %u days from now",
	                job->profile->start_days);
}

static unsigned
usual_days(const struct ca_profile *profile)
{
	const unsigned most = profile->max_days;

	if (profile->days != 0)
		return profile->days;
	return most != 0 && most < DEFAULT_DAYS ? most : DEFAULT_DAYS;
}

enum psm_err
ca_job_validity(struct ca_job *job, struct ca_validity *ret_validity)
{
	const struct ca_options *options = job->options;
	const struct ca_profile *profile = job->profile;
	const uint64_t most = (uint64_t)profile->max_days * CA_DAY;
	const unsigned days = options->days != 0 ? options->days :
	                      usual_days(profile);
	const uint64_t seconds = options->seconds != 0 ? options->seconds :
	                         (uint64_t)days * CA_DAY;
	PRTime start, end;
	enum psm_err err;

	if (most != 0 && seconds > most)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "a validity is no longer than %u days",
		                profile->max_days);
	if ((err = check_start(job)) != PSM_OK)
		return err;
	if (CERT_GetCertTimes(job->ca->cert, &start, &end) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "validity");
	return ca_validity_choose(job->ca, options->not_before, seconds,
	                          end / PR_USEC_PER_SEC, ret_validity);
}

/* ------------------------------------------------------------------------- */

static enum psm_err
check_dialect(struct ca_job *job)
{
	const struct ca_options *options = job->options;

	if (job->ca->cert == NULL)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "no authority is open");
	if ((unsigned)options->dialect > CA_DIALECT_PKCS7)
		return ca_error(job->ca, PSM_E_ARGUMENT, "no such dialect");
	if (options->encrypt != CA_ENCRYPT_NOTHING &&
	    options->dialect >= CA_DIALECT_CERT)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "this dialect has no encrypted certificates");
	return PSM_OK;
}

/* The key must be ready to sign before anything is decided. */
enum psm_err
ca_job_start(struct ca_job *job)
{
	static const struct ca_options defaults;
	enum psm_err err;

	job->ca->errmsg[0] = '\0';
	if (job->options == NULL)
		job->options = &defaults;
	if ((err = check_dialect(job)) != PSM_OK ||
	    (err = make_arena(job)) != PSM_OK ||
	    (err = read_profile(job)) != PSM_OK ||
	    (err = read_ids(job)) != PSM_OK ||
	    (err = read_subject(job)) != PSM_OK ||
	    (err = read_names(job)) != PSM_OK)
		return err;
	return ca_key_is_ready(job->ca);
}

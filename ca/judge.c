/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* judge.c - may a request have its certificate, and with what in it? */

#include <secasn1.h>
#include <secerr.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { MAX_EMAILS = 16 }; /* of one subject */

static enum psm_err
refuse(struct ca_grant *grant, enum ca_fail fail, const char *reason)
{
	grant->refused = true;
	grant->fail = fail;
	grant->reason = reason;
	return PSM_OK;
}

static enum psm_err
modify(struct ca_grant *grant, const char *what)
{
	grant->modified = true;
	grant->reason = what;
	return PSM_OK;
}

/* The request is at fault, unless memory ran out while looking at it. */
static enum psm_err
refuse_nss(struct ca_job *job, struct ca_grant *grant, enum ca_fail fail,
           const char *reason)
{
	if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "request");
	return refuse(grant, fail, reason);
}

static enum psm_err
judge_refusals(struct ca_job *job, struct ca_grant *grant)
{
	const struct ca_refusal *refusal = job->options->refusals;

	for (size_t i = 0; i < job->options->n_refusals; i++, refusal++)
		if (refusal->id == NULL ||
		    SECITEM_ItemsAreEqual(&job->refusal_ids[i],
		                          &grant->id))
			return refuse(grant, refusal->fail,
			              refusal->reason != NULL ?
			              refusal->reason : "refused");
	return PSM_OK;
}

/* Whether the Name holds an RDN. */
static bool
is_empty(const SECItem *name)
{
	struct nu_der contents;

	return nu_der_only(name, NU_SEQUENCE, &contents) == SECSuccess &&
	       nu_der_at_end(&contents);
}

/* Do fn for each attribute of the subject, until one refuses. */
static enum psm_err
for_attributes(struct ca_job *job, struct ca_grant *grant,
               enum psm_err (*fn)(struct ca_job *, struct ca_grant *,
                                  CERTAVA *))
{
	enum psm_err err;

	for (CERTRDN **rdn = grant->name.rdns; *rdn != NULL; rdn++)
		for (CERTAVA **ava = (*rdn)->avas; *ava != NULL; ava++)
			if ((err = fn(job, grant, *ava)) != PSM_OK ||
			    grant->refused)
				return err;
	return PSM_OK;
}

/* Many programs read a name only up to a NUL in it. What is no text at all, as
 * a date of birth, may be what it is. */
static enum psm_err
judge_attribute(struct ca_job *job, struct ca_grant *grant, CERTAVA *ava)
{
	nu_auto(SECItem) text = CERT_DecodeAVAValue(&ava->value);

	if (text == NULL && PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "request");
	if (text == NULL || nu_der_is_text(text))
		return PSM_OK;
	return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
	              "the subject's text is malformed");
}

/* What is asked for, the parts of it that are kept, or the caller's choice. */
static enum psm_err
choose_subject(struct ca_job *job, struct ca_grant *grant)
{
	const SECItem *asked = &grant->wish->subject, *chosen = job->subject;

	if (chosen == NULL && asked->data != NULL)
		chosen = job->parts.parts == NULL ? asked :
		         ca_subject_keep(job->arena, asked, &job->parts);
	if (chosen == NULL && asked->data != NULL)
		return refuse_nss(job, grant, CA_FAIL_BAD_CERT_TEMPLATE,
		                  "the subject is malformed");
	if (chosen == NULL || is_empty(chosen))
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "a subject is needed");
	grant->subject = *chosen;
	if (asked->data != NULL && !SECITEM_ItemsAreEqual(asked, chosen))
		return modify(grant, "the subject was changed");
	return PSM_OK;
}

/* Ours, or one's above us: programs find issuers by their names. */
static bool
is_authority(const struct ca *ca, const CERTName *name)
{
	if (CERT_CompareName(name, &ca->cert->subject) == SECEqual)
		return true;
	for (size_t i = 0; i < ca->n_above; i++)
		if (CERT_CompareName(name, &ca->above[i]->subject) == SECEqual)
			return true;
	return false;
}

static enum psm_err
judge_subject(struct ca_job *job, struct ca_grant *grant)
{
	enum psm_err err = choose_subject(job, grant);

	if (err != PSM_OK || grant->refused)
		return err;
	if (nu_der_check(&grant->subject, CA_MAX_DEPTH) != SECSuccess ||
	    SEC_QuickDERDecodeItem(job->arena, &grant->name,
	                           SEC_ASN1_GET(CERT_NameTemplate),
	                           &grant->subject) != SECSuccess)
		return refuse_nss(job, grant, CA_FAIL_BAD_CERT_TEMPLATE,
		                  "the subject is malformed");
	if (is_authority(job->ca, &grant->name))
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "the subject is an authority");
	return for_attributes(job, grant, judge_attribute);
}

/* P-256, P-384, P-521: their sizes alone would let other curves pass. */
static unsigned
curve_kind(const SECKEYPublicKey *key)
{
	static const struct {
		SECOidTag curve;
		enum ca_key kind;
	} fine[] = { { SEC_OID_ANSIX962_EC_PRIME256V1, CA_KEY_P256 },
	             { SEC_OID_SECG_EC_SECP384R1, CA_KEY_P384 },
	             { SEC_OID_SECG_EC_SECP521R1, CA_KEY_P521 } };
	struct nu_der r = nu_der_reader(&key->u.ec.DEREncodedParams);
	struct nu_tlv oid;

	if (nu_der_get(&r, NU_OID, &oid) != SECSuccess)
		return 0;
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		if (SECOID_FindOIDTag(&oid.value) == fine[i].curve)
			return fine[i].kind;
	return 0;
}

/* With an exponent of 1 anyone could sign, with an even one nobody. */
static bool
rsa_is_sound(const SECKEYPublicKey *key)
{
	const SECItem *n = &key->u.rsa.modulus, *e = &key->u.rsa.publicExponent;
	unsigned first = 0;

	while (first + 1 < e->len && e->data[first] == 0)
		first++;
	return n->len > 0 && (n->data[n->len - 1] & 1) && e->len > 0 &&
	       (e->data[e->len - 1] & 1) &&
	       (e->len - first > 1 || e->data[first] > 1);
}

unsigned
ca_key_kind(const SECKEYPublicKey *key)
{
	switch (SECKEY_GetPublicKeyType(key)) {
	case rsaKey:
		return rsa_is_sound(key) ? CA_KEY_RSA : 0;
	case dsaKey:
		return CA_KEY_DSA;
	case ecKey:
		return curve_kind(key);
	default:
		return 0;
	}
}

unsigned
ca_permitted_usage(const SECKEYPublicKey *key, unsigned rsa_bits)
{
	const unsigned sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	switch (ca_key_kind(key)) {
	case CA_KEY_RSA:
		return nu_key_bits(key) < rsa_bits ? 0 :
		       sign | KU_KEY_ENCIPHERMENT;
	case CA_KEY_DSA:
		return nu_key_bits(key) < CA_MIN_DSA_BITS ? 0 : sign;
	case 0:
		return 0;
	default:
		return sign | KU_KEY_AGREEMENT;
	}
}

/* Leaves in grant->key_usage all that the key permits. */
static enum psm_err
judge_strength(struct ca_job *job, struct ca_grant *grant,
               const SECKEYPublicKey *key)
{
	const struct ca_profile *profile = job->profile;
	const unsigned kind = key != NULL ? ca_key_kind(key) : 0;

	if (profile->keys != 0 && (profile->keys & kind) == 0)
		return refuse(grant, CA_FAIL_BAD_ALG,
		              "keys of this kind get no certificate here");
	if (profile->rsa_bits != 0 && kind == CA_KEY_RSA &&
	    nu_key_bits(key) < profile->rsa_bits)
		return refuse(grant, CA_FAIL_BAD_ALG, "the key is too small");
	if (kind != 0)
		grant->key_usage = ca_permitted_usage(
			key, profile->rsa_bits != 0 ? profile->rsa_bits :
			                              CA_MIN_RSA_BITS);
	if (grant->key_usage == 0)
		return refuse(grant, CA_FAIL_BAD_ALG,
		              "the key must be RSA or DSA of 2048 bits or "
		              "more, or EC on P-256, P-384 or P-521");
	return PSM_OK;
}

static enum psm_err
judge_key(struct ca_job *job, struct ca_grant *grant)
{
	nu_auto(SECKEYPublicKey) key = NULL;

	if (grant->wish->spki.data == NULL)
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "a public key is needed");
	key = ca_public_key(&grant->wish->spki);
	if (key == NULL && PORT_GetError() != SEC_ERROR_UNSUPPORTED_KEYALG)
		return refuse_nss(job, grant, CA_FAIL_BAD_CERT_TEMPLATE,
		                  "the public key is malformed");
	return judge_strength(job, grant, key);
}

static enum psm_err
judge_proof(struct ca_job *job, struct ca_grant *grant)
{
	const char *disproof;
	enum psm_err err;

	if (ca_challenge_proves(job->options->challenge, grant->wish))
		grant->wish->proved = true;
	if (grant->wish->proved)
		return PSM_OK;
	grant->encrypt = ca_encrypt_proves(job, grant);
	if (grant->encrypt)
		return PSM_OK;
	err = ca_proof_check(job, grant->wish, &disproof);
	grant->wish->proved = err == PSM_OK && disproof == NULL;
	if (err != PSM_OK || grant->wish->proved)
		return err;
	return refuse_nss(job, grant, CA_FAIL_BAD_POP, disproof);
}

static enum psm_err
judge_ca(struct ca_job *job, struct ca_grant *grant)
{
	PRBool is_ca = PR_FALSE;

	if (grant->wish->extensions.data == NULL)
		return PSM_OK;
	if (nu_ext_is_ca(&grant->wish->extensions, &is_ca) != SECSuccess)
		return refuse_nss(job, grant, CA_FAIL_BAD_CERT_TEMPLATE,
		                  "basicConstraints is malformed");
	if (is_ca && !job->options->allow_ca)
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "an authority's certificate is not granted");
	if (is_ca && job->ca->path_len == 0)
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "this authority may not have others below it");
	grant->is_ca = is_ca;
	return PSM_OK;
}

/* A key that is asked for encryption alone may be one that cannot sign. */
static unsigned
wanted_usage(enum ca_usage rule, unsigned asked)
{
	const unsigned encrypting = KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT |
	                            KU_KEY_AGREEMENT;
	const unsigned usual = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	const bool encrypts = asked != 0 && (asked & ~encrypting) == 0;

	if (rule == CA_USAGE_ASKED)
		return asked != 0 ? asked : usual;
	if (encrypts)
		return rule == CA_USAGE_BOTH ? asked : 0;
	return rule == CA_USAGE_BOTH ? usual : KU_DIGITAL_SIGNATURE;
}

/* For an authority the extensions' writer alone decides. */
static enum psm_err
judge_usage(struct ca_job *job, struct ca_grant *grant)
{
	unsigned asked = 0;

	if (grant->wish->extensions.data != NULL &&
	    nu_ext_key_usage(&grant->wish->extensions, &asked) != SECSuccess)
		return refuse_nss(job, grant, CA_FAIL_BAD_CERT_TEMPLATE,
		                  "keyUsage is malformed");
	if (grant->is_ca)
		return PSM_OK;
	grant->key_usage &= wanted_usage(job->profile->usage, asked);
	if (grant->key_usage == 0)
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "no key usage that fits the key was asked for");
	if (asked != 0 && grant->key_usage != asked)
		return modify(grant, "keyUsage was changed");
	return PSM_OK;
}

/* The extensions that the profile writes whether asked for or not. */
static bool
is_in_profile(const SECItem *oid)
{
	static const SECOidTag own[] = { SEC_OID_X509_KEY_USAGE,
	                                 SEC_OID_X509_EXT_KEY_USAGE,
	                                 SEC_OID_X509_BASIC_CONSTRAINTS,
	                                 SEC_OID_X509_SUBJECT_KEY_ID,
	                                 SEC_OID_X509_AUTH_KEY_ID };
	const SECOidTag tag = SECOID_FindOIDTag(oid);

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (tag == own[i])
			return true;
	return false;
}

/* Are the names that the caller gives those that were asked for? */
static bool
is_in_names(const struct ca_job *job, const struct ca_grant *grant,
            const SECItem *oid)
{
	PRBool found = PR_FALSE;
	SECItem value;

	return !grant->is_ca && job->alt_names != NULL &&
	       SECOID_FindOIDTag(oid) == SEC_OID_X509_SUBJECT_ALT_NAME &&
	       nu_ext_find(&grant->wish->extensions,
	                   SEC_OID_X509_SUBJECT_ALT_NAME, &found, &value) ==
	               SECSuccess &&
	       found && SECITEM_ItemsAreEqual(&value, job->alt_names);
}

/* Anything else that was asked for is left out, and said to be. */
static enum psm_err
judge_extensions(struct ca_job *job, struct ca_grant *grant)
{
	struct nu_der r = nu_der_reader(&grant->wish->extensions);
	struct nu_tlv extension, oid;

	while (!nu_der_at_end(&r)) {
		struct nu_der inner;

		if (nu_der_get(&r, NU_SEQUENCE, &extension) != SECSuccess)
			goto malformed;
		inner = nu_der_reader(&extension.value);
		if (nu_der_get(&inner, NU_OID, &oid) != SECSuccess)
			goto malformed;
		if (!is_in_profile(&oid.value) &&
		    !is_in_names(job, grant, &oid.value))
			modify(grant, "not every extension was granted");
	}
	return PSM_OK;
malformed:
	return refuse_nss(job, grant, CA_FAIL_BAD_CERT_TEMPLATE,
	                  "the extensions are malformed");
}

bool
ca_email_is_fine(const char *text, size_t len)
{
	size_t at = 0, n_at = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return false;
		if (text[i] == '@') {
			at = i;
			n_at++;
		}
	}
	return n_at == 1 && at > 0 && at < len - 1;
}

static enum psm_err
add_email(struct ca_job *job, struct ca_grant *grant, const void *text,
          size_t len)
{
	SECItem source = { siBuffer, (unsigned char *)text, (unsigned)len };

	if (grant->n_emails == MAX_EMAILS)
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "the subject has too many e-mail addresses");
	if (grant->emails == NULL)
		grant->emails = PORT_ArenaZNewArray(job->arena, SECItem,
		                                    MAX_EMAILS);
	if (grant->emails == NULL ||
	    SECITEM_CopyItem(job->arena, &grant->emails[grant->n_emails],
	                     &source) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "e-mail address");
	grant->n_emails++;
	return PSM_OK;
}

/* Add an attribute's value if it is an e-mail address that can be used. */
static enum psm_err
add_attribute(struct ca_job *job, struct ca_grant *grant, CERTAVA *ava)
{
	const SECOidTag tag = CERT_GetAVATag(ava);
	nu_auto(SECItem) text = NULL;

	if (tag != SEC_OID_PKCS9_EMAIL_ADDRESS && tag != SEC_OID_RFC1274_MAIL)
		return PSM_OK;
	text = CERT_DecodeAVAValue(&ava->value);
	if (text == NULL ||
	    !ca_email_is_fine((const char *)text->data, text->len))
		return refuse(grant, CA_FAIL_BAD_CERT_TEMPLATE,
		              "the subject's e-mail address is malformed");
	return add_email(job, grant, text->data, text->len);
}

static enum psm_err
judge_email(struct ca_job *job, struct ca_grant *grant)
{
	const char *given = job->options->email;

	if (job->profile->alt_names != CA_ALT_NAMES_USUAL)
		return PSM_OK;
	if (given != NULL)
		return add_email(job, grant, given, strlen(given));
	return for_attributes(job, grant, add_attribute);
}

static enum psm_err
judge_one(struct ca_job *job, struct ca_grant *grant)
{
	/* Each either refuses or passes on to the next. */
	static enum psm_err (*const judges[])(struct ca_job *,
	                                      struct ca_grant *) = {
		judge_refusals, judge_subject, judge_key, judge_proof,
		judge_ca, judge_usage, judge_extensions, judge_email
	};
	enum psm_err err;

	for (size_t i = 0; i < sizeof judges / sizeof *judges; i++) {
		PORT_SetError(0); /* refuse_nss() must not see a stale one */
		if ((err = judges[i](job, grant)) != PSM_OK)
			return err;
		if (grant->refused)
			break;
	}
	return PSM_OK;
}

enum psm_err
ca_judge(struct ca_job *job)
{
	const size_t n = job->request->n_wishes;
	enum psm_err err;

	job->grants = PORT_ArenaZNewArray(job->arena, struct ca_grant, n);
	if (job->grants == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "request");
	job->n_grants = n;
	for (size_t i = 0; i < n; i++) {
		struct ca_wish *wish = &job->request->wishes[i];

		job->grants[i].wish = wish;
		job->grants[i].id = wish->p10 != NULL ? job->p10_id : wish->id;
		if ((err = judge_one(job, &job->grants[i])) != PSM_OK)
			return err;
	}
	return PSM_OK;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl_read.c - a CRL of ours, read back */

#include <secder.h>
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { UTC_TIME = 0x17, GENERALIZED_TIME = 0x18 };

static SECStatus
read_time(struct nu_der *r, int64_t *ret_seconds)
{
	struct nu_tlv tlv;
	PRTime time;

	if (nu_der_any(r, &tlv) != SECSuccess)
		return SECFailure;
	if (tlv.tag != UTC_TIME && tlv.tag != GENERALIZED_TIME)
		return nu_der_bad();
	tlv.value.type = tlv.tag == UTC_TIME ? siUTCTime : siGeneralizedTime;
	if (DER_DecodeTimeChoice(&time, &tlv.value) != SECSuccess)
		return nu_der_bad();
	*ret_seconds = time / PR_USEC_PER_SEC;
	return SECSuccess;
}

static SECStatus
count_entries(struct nu_der *r, size_t *ret_n)
{
	struct nu_tlv list;
	struct nu_der entries;
	PRBool found;

	*ret_n = 0;
	if (nu_der_optional(r, NU_SEQUENCE, &found, &list) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	entries = nu_der_reader(&list.value);
	return nu_der_count(&entries, CA_MAX_CRL_ENTRIES, ret_n);
}

/* Up to 64 bits, behind a zero for the sign. */
static SECStatus
read_number(const SECItem *value, uint64_t *ret_number)
{
	struct nu_der r = nu_der_reader(value);
	uint64_t number = 0;
	SECItem octets;

	if (nu_der_integer(&r, &octets) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (octets.len > 9 || octets.data[0] > 0x7f ||
	    (octets.len == 9 && octets.data[0] != 0))
		return nu_der_bad();
	for (unsigned i = 0; i < octets.len; i++)
		number = number << 8 | octets.data[i];
	*ret_number = number;
	return SECSuccess;
}

static SECStatus
read_extensions(struct nu_der *r, struct ca_crl_info *info)
{
	struct nu_tlv wrapped, list;
	struct nu_der inner;
	SECItem value;
	PRBool found;

	if (nu_der_get(r, NU_CONTEXT_CONSTRUCTED(0), &wrapped) != SECSuccess)
		return SECFailure;
	inner = nu_der_reader(&wrapped.value);
	if (nu_der_get(&inner, NU_SEQUENCE, &list) != SECSuccess ||
	    nu_der_end(&inner) != SECSuccess ||
	    nu_ext_find(&list.value, SEC_OID_X509_CRL_NUMBER, &found, &value) !=
	            SECSuccess)
		return SECFailure;
	return found ? read_number(&value, &info->number) : nu_der_bad();
}

static SECStatus
read_body(const SECItem *contents, const SECItem *issuer,
          struct ca_crl_info *info)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv algorithm, name;
	SECItem version;

	if (nu_der_integer(&r, &version) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &name) != SECSuccess)
		return SECFailure;
	if (!SECITEM_ItemsAreEqual(&name.whole, issuer))
		return nu_der_bad();
	if (read_time(&r, &info->this_update) != SECSuccess ||
	    read_time(&r, &info->next_update) != SECSuccess ||
	    count_entries(&r, &info->n_revoked) != SECSuccess ||
	    read_extensions(&r, info) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

static SECStatus
read_crl(const SECItem *der, const struct nu_cert *by, struct ca_crl_info *info)
{
	struct nu_tlv body, algorithm;
	struct nu_der r;
	SECItem signature;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &body) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, &signature) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    read_body(&body.value, &by->subject, info) != SECSuccess)
		return SECFailure;
	return nu_key_verify(&by->spki, &body.whole, &algorithm.whole,
	                     &signature);
}

enum psm_err
ca_crl_read(struct ca *ca, const void *der, size_t len,
            struct ca_crl_info *ret_info)
{
	const SECItem item = { siBuffer, (unsigned char *)der, (unsigned)len };
	struct ca_crl_info info = { 0 };
	struct nu_cert by;

	ca->errmsg[0] = '\0';
	if (ca->cert == NULL)
		return ca_error(ca, PSM_E_ARGUMENT, "no authority is open");
	if (len > INT32_MAX || nu_cert_read(&ca->cert->derCert, &by) !=
	                               SECSuccess ||
	    read_crl(&item, &by, &info) != SECSuccess)
		return ca_error_nss(ca, PSM_E_CERTIFICATE,
		                    "it is no CRL of this authority");
	*ret_info = info;
	return PSM_OK;
}

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
#include "nssutil/nu_name.h"

enum { ENUMERATED = 0x0a, UTC_TIME = 0x17, GENERALIZED_TIME = 0x18 };

/* A CRL as it was read; the slice borrows its bytes. */
struct read_crl {
	struct ca_crl_info info;
	SECItem entries; /* contents; no data: it lists nothing */
};

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
read_entries(struct nu_der *r, struct read_crl *crl)
{
	struct nu_tlv list;
	struct nu_der entries;
	PRBool found;

	if (nu_der_optional(r, NU_SEQUENCE, &found, &list) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	crl->entries = list.value;
	entries = nu_der_reader(&list.value);
	return nu_der_count(&entries, CA_MAX_CRL_ENTRIES, &crl->info.n_revoked);
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
read_body(const SECItem *contents, const SECItem *issuer, struct read_crl *crl)
{
	struct nu_der r = nu_der_reader(contents);
	struct ca_crl_info *info = &crl->info;
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
	    read_entries(&r, crl) != SECSuccess ||
	    read_extensions(&r, info) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

static SECStatus
read_whole(const SECItem *der, const struct nu_cert *by, struct read_crl *crl)
{
	struct nu_tlv body, algorithm;
	struct nu_der r;
	SECItem signature;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &body) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, &signature) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    read_body(&body.value, &by->subject, crl) != SECSuccess)
		return SECFailure;
	return nu_key_verify(&by->spki, &body.whole, &algorithm.whole,
	                     &signature);
}

static enum psm_err
read_crl(struct ca *ca, const void *der, size_t len, struct read_crl *crl)
{
	const SECItem item = { siBuffer, (unsigned char *)der, (unsigned)len };
	struct nu_cert by;

	ca->errmsg[0] = '\0';
	if (ca->cert == NULL)
		return ca_error(ca, PSM_E_ARGUMENT, "no authority is open");
	if (len > INT32_MAX || nu_cert_read(&ca->cert->derCert, &by) !=
	                               SECSuccess ||
	    read_whole(&item, &by, crl) != SECSuccess)
		return ca_error_nss(ca, PSM_E_CERTIFICATE,
		                    "it is no CRL of this authority");
	return PSM_OK;
}

enum psm_err
ca_crl_read(struct ca *ca, const void *der, size_t len,
            struct ca_crl_info *ret_info)
{
	struct read_crl crl = { .info.number = 0 };
	enum psm_err err = read_crl(ca, der, len, &crl);

	if (err == PSM_OK)
		*ret_info = crl.info;
	return err;
}

/* --- what it lists ------------------------------------------------------- */

/* One that says none is for none in particular. */
static SECStatus
read_reason(struct nu_der *r, enum ca_reason *ret_reason)
{
	struct nu_tlv list, reason;
	struct nu_der inner;
	SECItem value;
	PRBool found;

	*ret_reason = CA_REASON_UNSPECIFIED;
	if (nu_der_at_end(r))
		return SECSuccess;
	if (nu_der_get(r, NU_SEQUENCE, &list) != SECSuccess ||
	    nu_ext_find(&list.value, SEC_OID_X509_REASON_CODE, &found,
	                &value) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	inner = nu_der_reader(&value);
	if (nu_der_get(&inner, ENUMERATED, &reason) != SECSuccess ||
	    reason.value.len != 1)
		return nu_der_bad();
	*ret_reason = reason.value.data[0];
	return ca_reason_is_fine(*ret_reason) ? SECSuccess : nu_der_bad();
}

static SECStatus
read_entry(struct nu_der *r, struct ca_revoked *revoked,
           char serial[CA_SERIAL_HEX])
{
	struct nu_tlv entry;
	struct nu_der inner;
	SECItem octets;

	if (nu_der_get(r, NU_SEQUENCE, &entry) != SECSuccess)
		return SECFailure;
	inner = nu_der_reader(&entry.value);
	if (nu_der_integer(&inner, &octets) != SECSuccess ||
	    read_time(&inner, &revoked->time) != SECSuccess ||
	    read_reason(&inner, &revoked->reason) != SECSuccess ||
	    nu_der_end(&inner) != SECSuccess)
		return SECFailure;
	if (octets.len > 1 && octets.data[0] == 0) {
		octets.data++;
		octets.len--;
	}
	if (octets.len > (CA_SERIAL_HEX - 1) / 2)
		return nu_der_bad();
	nu_hex(octets.data, octets.len, serial);
	revoked->serial = serial;
	return SECSuccess;
}

enum psm_err
ca_crl_each(struct ca *ca, const void *der, size_t len,
            bool (*fn)(const struct ca_revoked *revoked, void *arg), void *arg)
{
	char serial[CA_SERIAL_HEX];
	struct ca_revoked revoked;
	struct read_crl crl = { .info.number = 0 };
	struct nu_der r;
	enum psm_err err = read_crl(ca, der, len, &crl);

	if (err != PSM_OK)
		return err;
	r = nu_der_reader(&crl.entries);
	while (!nu_der_at_end(&r)) {
		if (read_entry(&r, &revoked, serial) != SECSuccess)
			return ca_error_nss(ca, PSM_E_CERTIFICATE,
			                    "an entry of the CRL");
		if (!fn(&revoked, arg))
			break;
	}
	return PSM_OK;
}

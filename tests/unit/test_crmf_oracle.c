/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_crmf_oracle.c - our messages read by NSS's lib/crmf, and its by us. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cmmf.h>
#include <crmf.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "tests/unit/fresh.h"

enum { MAX = 10, REQUEST_ID = 0x12345678 };

/* lib/crmf takes and gives the value of a control in DER. */
static const SECItem reg_token = { siBuffer, (unsigned char *)"\x0c\x05token",
	                           7 };
static const char subject_text[] = "CN=Oracle,O=House,C=DE";

struct keys {
	struct fresh_key rsa;
	SECItem *spki, *name, *cert, *ca_cert;
};

NU_DEFINE_AUTO(CRMFCertReqMessages, CRMF_DestroyCertReqMessages(p))
NU_DEFINE_AUTO(CRMFCertReqMsg, CRMF_DestroyCertReqMsg(p))
NU_DEFINE_AUTO(CRMFCertRequest, CRMF_DestroyCertRequest(p))
NU_DEFINE_AUTO(CRMFControl, CRMF_DestroyControl(p))
NU_DEFINE_AUTO(CMMFCertRepContent, CMMF_DestroyCertRepContent(p))
NU_DEFINE_AUTO(CMMFCertResponse, CMMF_DestroyCertResponse(p))

static int
setup_keys(void **state)
{
	static struct keys keys;

	fresh_open();
	keys.rsa = fresh_key(rsaKey, 2048);
	keys.spki = fresh_spki(&keys.rsa);
	keys.name = fresh_name(subject_text);
	keys.cert = fresh_cert(&keys.rsa, subject_text, &keys.rsa, "CN=CA", 7);
	keys.ca_cert = fresh_cert(&keys.rsa, "CN=CA", &keys.rsa, "CN=CA", 1);
	*state = &keys;
	return 0;
}

static int
teardown_keys(void **state)
{
	struct keys *keys = *state;

	SECITEM_ZfreeItem(keys->spki, PR_TRUE);
	SECITEM_ZfreeItem(keys->name, PR_TRUE);
	SECITEM_ZfreeItem(keys->cert, PR_TRUE);
	SECITEM_ZfreeItem(keys->ca_cert, PR_TRUE);
	fresh_key_free(&keys->rsa);
	fresh_close();
	return 0;
}

/* lib/crmf's encoders hand out their bytes piece by piece. */
static void
collect(void *arg, const char *buf, unsigned long len)
{
	SECItem *all = arg;

	assert_int_equal(SECITEM_ReallocItemV2(NULL, all,
	                                       all->len + (unsigned)len),
	                 SECSuccess);
	if (len > 0)
		memcpy(all->data + all->len - len, buf, len);
}

/* --- ours, read by lib/crmf -------------------------------------------- */

static SECItem *
encode_ours(struct keys *keys)
{
	unsigned char id[] = { REQUEST_ID >> 24, REQUEST_ID >> 16 & 0xff,
		               REQUEST_ID >> 8 & 0xff, REQUEST_ID & 0xff };
	struct nu_cert_template template = {
		.id = { siBuffer, id, sizeof id },
		.subject = *keys->name,
		.spki = *keys->spki,
		.key_usage = KU_DIGITAL_SIGNATURE,
		.reg_token = "token",
		.authenticator = "secret",
	};
	nu_auto(SECItem) msg = nu_crmf_encode_msg(&template,
	                                          keys->rsa.private);
	SECItem *der;

	assert_non_null(msg);
	der = nu_crmf_encode((const SECItem *const[]){ msg, msg }, 2);
	assert_non_null(der);
	return der;
}

static void
assert_template(struct keys *keys, CRMFCertRequest *request)
{
	CERTSubjectPublicKeyInfo info = { 0 };
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto_mem char *text = NULL;
	CERTName name = { 0 };
	long version = 0;

	assert_int_equal(CRMF_CertRequestGetCertTemplateVersion(request,
	                                                        &version),
	                 SECSuccess);
	assert_int_equal(version, 2);
	assert_int_equal(CRMF_CertRequestGetCertTemplateSubject(request, &name),
	                 SECSuccess);
	text = CERT_NameToAscii(&name);
	assert_string_equal(text, subject_text);
	CERT_DestroyName(&name);
	assert_int_equal(CRMF_CertRequestGetCertTemplatePublicKey(request,
	                                                          &info),
	                 SECSuccess);
	assert_non_null(SEC_ASN1EncodeItem(
	        NULL, &der, &info,
	        SEC_ASN1_GET(CERT_SubjectPublicKeyInfoTemplate)));
	assert_true(SECITEM_ItemsAreEqual(&der, keys->spki));
	SECOID_DestroyAlgorithmID(&info.algorithm, PR_FALSE);
	SECITEM_FreeItem(&info.subjectPublicKey, PR_FALSE);
}

static void
assert_extension(CRMFCertRequest *request)
{
	static const unsigned char usage[] = { 0x03, 0x02, 0x07, 0x80 };
	CRMFCertExtension *ext;
	SECItem *value;

	assert_int_equal(CRMF_CertRequestGetNumberOfExtensions(request), 1);
	ext = CRMF_CertRequestGetExtensionAtIndex(request, 0);
	assert_non_null(ext);
	assert_int_equal(CRMF_CertExtensionGetOidTag(ext),
	                 SEC_OID_X509_KEY_USAGE);
	assert_true(CRMF_CertExtensionGetIsCritical(ext));
	value = CRMF_CertExtensionGetValue(ext);
	assert_int_equal(value->len, sizeof usage);
	assert_memory_equal(value->data, usage, sizeof usage);
	SECITEM_FreeItem(value, PR_TRUE);
	CRMF_DestroyCertExtension(ext);
}

static void
assert_control(CRMFCertRequest *request)
{
	nu_auto(CRMFControl) control = NULL;
	nu_auto(SECItem) token = NULL;

	assert_int_equal(CRMF_CertRequestGetNumControls(request), 2);
	control = CRMF_CertRequestGetControlAtIndex(request, 0);
	assert_non_null(control);
	assert_int_equal(CRMF_ControlGetControlType(control),
	                 crmfRegTokenControl);
	token = CRMF_ControlGetRegTokenControlValue(control);
	assert_true(SECITEM_ItemsAreEqual(token, &reg_token));
}

static void
test_ours_lib_crmf_reads_same_fields(void **state)
{
	struct keys *keys = *state;
	nu_auto(SECItem) der = encode_ours(keys);
	nu_auto(CRMFCertReqMessages) msgs = CRMF_CreateCertReqMessagesFromDER(
	        (const char *)der->data, der->len);

	assert_non_null(msgs);
	assert_int_equal(CRMF_CertReqMessagesGetNumMessages(msgs), 2);
	for (int i = 0; i < 2; i++) {
		nu_auto(CRMFCertReqMsg) msg =
		        CRMF_CertReqMessagesGetCertReqMsgAtIndex(msgs, i);
		nu_auto(CRMFCertRequest) request = NULL;
		long id = 0;

		assert_non_null(msg);
		assert_int_equal(CRMF_CertReqMsgGetID(msg, &id), SECSuccess);
		assert_int_equal(id, REQUEST_ID);
		assert_int_equal(CRMF_CertReqMsgGetPOPType(msg),
		                 crmfSignature);
		request = CRMF_CertReqMsgGetCertRequest(msg);
		assert_non_null(request);
		assert_template(keys, request);
		assert_extension(request);
		assert_control(request);
	}
}

/* --- lib/crmf's, read by us -------------------------------------------- */

static void
set_extension(CRMFCertRequest *request, PRBool critical)
{
	unsigned char usage[] = { 0x03, 0x02, 0x07, 0x80 };
	SECItem value = { siBuffer, usage, sizeof usage };
	CRMFCertExtension *ext = CRMF_CreateCertExtension(
	        SEC_OID_X509_KEY_USAGE, critical, &value);
	CRMFCertExtCreationInfo info = { &ext, 1 };

	assert_non_null(ext);
	assert_int_equal(CRMF_CertRequestSetTemplateField(request,
	                                                  crmfExtension,
	                                                  &info),
	                 SECSuccess);
	CRMF_DestroyCertExtension(ext);
}

static CRMFCertRequest *
make_theirs(struct keys *keys, PRBool critical)
{
	CRMFCertRequest *request = CRMF_CreateCertRequest(REQUEST_ID);
	nu_auto(CERTName) name = CERT_AsciiToName(subject_text);
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_CreateSubjectPublicKeyInfo(keys->rsa.public);
	SECItem token = reg_token;
	long version = 2;

	assert_non_null(request);
	assert_int_equal(CRMF_CertRequestSetTemplateField(request, crmfVersion,
	                                                  &version),
	                 SECSuccess);
	assert_int_equal(CRMF_CertRequestSetTemplateField(request, crmfSubject,
	                                                  name), SECSuccess);
	assert_int_equal(CRMF_CertRequestSetTemplateField(request,
	                                                  crmfPublicKey, info),
	                 SECSuccess);
	set_extension(request, critical);
	assert_int_equal(CRMF_CertRequestSetRegTokenControl(request, &token),
	                 SECSuccess);
	return request;
}

enum their_proof { SIGNED, RA_VERIFIED, CHALLENGE };

static void
set_proof(struct keys *keys, CRMFCertReqMsg *msg, enum their_proof proof)
{
	SECStatus rv = SECFailure;

	switch (proof) {
	case SIGNED:
		rv = CRMF_CertReqMsgSetSignaturePOP(msg, keys->rsa.private,
		                                    keys->rsa.public, NULL,
		                                    NULL, NULL);
		break;
	case RA_VERIFIED:
		rv = CRMF_CertReqMsgSetRAVerifiedPOP(msg);
		break;
	case CHALLENGE:
		rv = CRMF_CertReqMsgSetKeyEnciphermentPOP(
		        msg, crmfSubsequentMessage, crmfChallengeResp, NULL);
		break;
	}
	assert_int_equal(rv, SECSuccess);
}

static void
encode_theirs(struct keys *keys, enum their_proof proof, PRBool critical,
              SECItem *ret_der)
{
	nu_auto(CRMFCertRequest) request = make_theirs(keys, critical);
	nu_auto(CRMFCertReqMsg) msg = CRMF_CreateCertReqMsg();
	CRMFCertReqMsg *msgs[] = { msg, NULL };

	assert_non_null(msg);
	assert_int_equal(CRMF_CertReqMsgSetCertRequest(msg, request),
	                 SECSuccess);
	set_proof(keys, msg, proof);
	assert_int_equal(CRMF_EncodeCertReqMessages(msgs, collect, ret_der),
	                 SECSuccess);
}

static void
test_theirs_read_by_us_same_fields(void **state)
{
	static const enum nu_pop wanted[] = {
		[SIGNED] = NU_POP_SIGNATURE,
		[RA_VERIFIED] = NU_POP_RA_VERIFIED,
		[CHALLENGE] = NU_POP_KEY_ENCIPHERMENT,
	};
	struct keys *keys = *state;

	for (int proof = SIGNED; proof <= CHALLENGE; proof++) {
		nu_auto_item der = { siBuffer, NULL, 0 };
		struct nu_crmf *crmf = NULL;
		const struct nu_crmf_msg *msg;
		unsigned usage = 0;
		long id = 0;

		encode_theirs(keys, proof, proof == SIGNED, &der);
		assert_int_equal(nu_crmf_decode(&der, MAX, &crmf), SECSuccess);
		assert_int_equal(crmf->n_msgs, 1);
		msg = &crmf->msgs[0];
		assert_int_equal(nu_der_to_long(&msg->id, &id), SECSuccess);
		assert_int_equal(id, REQUEST_ID);
		assert_true(SECITEM_ItemsAreEqual(&msg->subject, keys->name));
		assert_true(SECITEM_ItemsAreEqual(&msg->spki, keys->spki));
		assert_int_equal(nu_ext_key_usage(&msg->extensions, &usage),
		                 SECSuccess);
		assert_int_equal(usage, KU_DIGITAL_SIGNATURE);
		assert_int_equal(msg->reg_token.len, 5);
		assert_memory_equal(msg->reg_token.data, "token", 5);
		assert_int_equal(msg->pop, wanted[proof]);
		assert_int_equal(nu_crmf_verify_signature(msg),
		                 proof == SIGNED ? SECSuccess : SECFailure);
		nu_crmf_free(crmf);
	}
}

/* --- CertRepContent ---------------------------------------------------- */

static CERTCertificate *
borrow_cert(SECItem *der)
{
	CERTCertificate *cert = CERT_NewTempCertificate(
	        CERT_GetDefaultCertDB(), der, NULL, PR_FALSE, PR_TRUE);

	assert_non_null(cert);
	return cert;
}

/* LeakSanitizer's, where the program is built with it. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* lib/crmf forgets the copy it makes here: that leak is none of ours. */
static void
set_certificate(CMMFCertResponse *response, CERTCertificate *cert)
{
	if (__lsan_disable != NULL)
		__lsan_disable();
	assert_int_equal(CMMF_CertResponseSetCertificate(response, cert),
	                 SECSuccess);
	if (__lsan_enable != NULL)
		__lsan_enable();
}

static void
encode_their_answer(struct keys *keys, SECItem *ret_der)
{
	nu_auto(CERTCertificate) cert = borrow_cert(keys->cert);
	nu_auto(CERTCertList) chain = CERT_NewCertList();
	nu_auto(CMMFCertRepContent) content = CMMF_CreateCertRepContent();
	nu_auto(CMMFCertResponse) granted = CMMF_CreateCertResponse(REQUEST_ID);
	nu_auto(CMMFCertResponse) refused = CMMF_CreateCertResponse(128);
	CMMFCertResponse *all[] = { granted, refused };

	assert_true(chain != NULL && content != NULL && granted != NULL &&
	            refused != NULL);
	assert_int_equal(CERT_AddCertToListTail(chain,
	                                        borrow_cert(keys->ca_cert)),
	                 SECSuccess);
	assert_int_equal(CMMF_CertResponseSetPKIStatusInfoStatus(granted,
	                                                         cmmfGranted),
	                 SECSuccess);
	set_certificate(granted, cert);
	assert_int_equal(CMMF_CertResponseSetPKIStatusInfoStatus(refused,
	                                                         cmmfRejection),
	                 SECSuccess);
	assert_int_equal(CMMF_CertRepContentSetCertResponses(content, all, 2),
	                 SECSuccess);
	assert_int_equal(CMMF_CertRepContentSetCAPubs(content, chain),
	                 SECSuccess);
	assert_int_equal(CMMF_EncodeCertRepContent(content, collect, ret_der),
	                 SECSuccess);
}

static void
test_their_answer_read_by_us_same_fields(void **state)
{
	struct keys *keys = *state;
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto(SECItem) ours = NULL;
	struct nu_cert_rep *rep = NULL;
	long id = 0;

	encode_their_answer(keys, &der);
	assert_int_equal(nu_cmmf_decode(&der, MAX, &rep), SECSuccess);
	assert_int_equal(rep->n_ca_pubs, 1);
	assert_true(SECITEM_ItemsAreEqual(&rep->ca_pubs[0], keys->ca_cert));
	assert_int_equal(rep->n_responses, 2);
	assert_int_equal(nu_der_to_long(&rep->responses[0].id, &id),
	                 SECSuccess);
	assert_int_equal(id, REQUEST_ID);
	assert_int_equal(rep->responses[0].status, NU_STATUS_GRANTED);
	assert_true(SECITEM_ItemsAreEqual(&rep->responses[0].cert, keys->cert));
	assert_int_equal(nu_der_to_long(&rep->responses[1].id, &id),
	                 SECSuccess);
	assert_int_equal(id, 128);
	assert_int_equal(rep->responses[1].status, NU_STATUS_REJECTION);
	assert_false(rep->responses[1].has_key_pair);
	/* and our encoder writes their dialect to the octet */
	ours = nu_cmmf_encode(rep, NU_DIALECT_UNTAGGED);
	assert_non_null(ours);
	assert_true(SECITEM_ItemsAreEqual(ours, &der));
	nu_cert_rep_free(rep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_lib_crmf_reads_same_fields),
		cmocka_unit_test(test_theirs_read_by_us_same_fields),
		cmocka_unit_test(test_their_answer_read_by_us_same_fields),
	};

	return cmocka_run_group_tests_name("crmf_oracle", tests, setup_keys,
	                                   teardown_keys);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_proof_oracle.c - keys in requests: ours read by NSS's lib/crmf, and its
 * by us. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <crmf.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_key.h"
#include "tests/unit/fresh.h"

enum { MAX = 10 };

struct keys {
	struct fresh_key rsa, escrow;
	SECItem *spki, *name, *cert; /* the escrow's certificate */
};

NU_DEFINE_AUTO(CRMFCertReqMessages, CRMF_DestroyCertReqMessages(p))
NU_DEFINE_AUTO(CRMFCertReqMsg, CRMF_DestroyCertReqMsg(p))
NU_DEFINE_AUTO(CRMFCertRequest, CRMF_DestroyCertRequest(p))
NU_DEFINE_AUTO(CRMFControl, CRMF_DestroyControl(p))
NU_DEFINE_AUTO(CRMFEncryptedKey, CRMF_DestroyEncryptedKey(p))
NU_DEFINE_AUTO(CRMFPKIArchiveOptions, CRMF_DestroyPKIArchiveOptions(p))
NU_DEFINE_AUTO(CRMFPOPOPrivKey, CRMF_DestroyPOPOPrivKey(p))

static int
setup_keys(void **state)
{
	static struct keys keys;

	fresh_open();
	keys.rsa = fresh_key(rsaKey, 2048);
	keys.escrow = fresh_key(rsaKey, 2048);
	keys.spki = fresh_spki(&keys.rsa);
	keys.name = fresh_name("CN=Oracle");
	keys.cert = fresh_cert(&keys.escrow, "CN=Escrow", &keys.escrow,
	                       "CN=Escrow", 7);
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
	fresh_key_free(&keys->rsa);
	fresh_key_free(&keys->escrow);
	fresh_close();
	return 0;
}

/* --- ours, read by lib/crmf ---------------------------------------------- */

static SECItem *
encode_ours(struct keys *keys, enum nu_proof proof)
{
	struct nu_cert_template template = {
		.id = { siBuffer, (unsigned char *)"\x01", 1 },
		.subject = *keys->name,
		.spki = *keys->spki,
	};
	nu_auto(SECItem) archive = nu_envelope_wrap_key(
	        keys->rsa.private, keys->escrow.public, NU_ENVELOPE_VALUE,
	        NULL);
	nu_auto(SECItem) msg = NULL;

	assert_non_null(archive);
	template.archive = archive;
	msg = nu_crmf_encode_msg_as(&template, proof, keys->rsa.private, NULL,
	                            NULL);
	assert_non_null(msg);
	return nu_crmf_encode((const SECItem *const[]){ msg }, 1);
}

/* CRMF_ControlGetPKIArchiveOptions() gives nobody anything: the control's kind
 * is all that can be asked for. */
static void
assert_archive(CRMFCertReqMsg *msg)
{
	nu_auto(CRMFCertRequest) request = CRMF_CertReqMsgGetCertRequest(msg);
	nu_auto(CRMFControl) control = NULL;

	assert_int_equal(CRMF_CertRequestGetNumControls(request), 1);
	control = CRMF_CertRequestGetControlAtIndex(request, 0);
	assert_int_equal(CRMF_ControlGetControlType(control),
	                 crmfPKIArchiveOptionsControl);
}

static void
assert_proof(CRMFCertReqMsg *msg, enum nu_proof proof)
{
	nu_auto(CRMFPOPOPrivKey) private = NULL;
	nu_auto_item octets = { siBuffer, NULL, 0 };

	assert_int_equal(CRMF_CertReqMsgGetPOPType(msg), crmfKeyEncipherment);
	assert_int_equal(CRMF_CertReqMsgGetPOPKeyEncipherment(msg, &private),
	                 SECSuccess);
	if (proof == NU_PROOF_THIS_MESSAGE) {
		assert_int_equal(CRMF_POPOPrivKeyGetChoice(private),
		                 crmfThisMessage);
		assert_int_equal(CRMF_POPOPrivKeyGetThisMessage(private,
		                                                &octets),
		                 SECSuccess);
		assert_int_equal(octets.len, 0);
		return;
	}
	assert_int_equal(CRMF_POPOPrivKeyGetChoice(private),
	                 crmfSubsequentMessage);
}

static void
test_our_key_in_a_request_lib_crmf_reads(void **state)
{
	static const enum nu_proof proofs[] = { NU_PROOF_THIS_MESSAGE,
		                                NU_PROOF_CHALLENGE };
	struct keys *keys = *state;

	for (size_t i = 0; i < 2; i++) {
		nu_auto(SECItem) der = encode_ours(keys, proofs[i]);
		nu_auto(CRMFCertReqMessages) msgs =
		        CRMF_CreateCertReqMessagesFromDER(
		                (const char *)der->data, der->len);
		nu_auto(CRMFCertReqMsg) msg = NULL;

		assert_non_null(msgs);
		msg = CRMF_CertReqMessagesGetCertReqMsgAtIndex(msgs, 0);
		assert_non_null(msg);
		assert_archive(msg);
		assert_proof(msg, proofs[i]);
	}
}

/* --- lib/crmf's, read by us ---------------------------------------------- */

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

static void
archive_theirs(struct keys *keys, CRMFCertRequest *request)
{
	nu_auto(CERTCertificate) cert = CERT_NewTempCertificate(
	        CERT_GetDefaultCertDB(), keys->cert, NULL, PR_FALSE, PR_TRUE);
	nu_auto(CRMFEncryptedKey) key = NULL;
	nu_auto(CRMFPKIArchiveOptions) options = NULL;

	assert_non_null(cert);
	key = CRMF_CreateEncryptedKeyWithEncryptedValue(keys->rsa.private,
	                                                cert);
	assert_non_null(key);
	options = CRMF_CreatePKIArchiveOptions(crmfEncryptedPrivateKey, key);
	assert_non_null(options);
	assert_int_equal(CRMF_CertRequestSetPKIArchiveOptions(request, options),
	                 SECSuccess);
}

static void
encode_theirs(struct keys *keys, SECItem *ret_der)
{
	nu_auto(CRMFCertRequest) request = CRMF_CreateCertRequest(1);
	nu_auto(CRMFCertReqMsg) msg = CRMF_CreateCertReqMsg();
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_CreateSubjectPublicKeyInfo(keys->rsa.public);
	CRMFCertReqMsg *msgs[] = { msg, NULL };
	SECItem none = { siBuffer, (unsigned char *)"\x00", 0 };

	assert_true(request != NULL && msg != NULL && info != NULL);
	assert_int_equal(CRMF_CertRequestSetTemplateField(request,
	                                                  crmfPublicKey, info),
	                 SECSuccess);
	archive_theirs(keys, request);
	assert_int_equal(CRMF_CertReqMsgSetCertRequest(msg, request),
	                 SECSuccess);
	assert_int_equal(CRMF_CertReqMsgSetKeyEnciphermentPOP(
	                         msg, crmfThisMessage, crmfNoSubseqMess,
	                         &none),
	                 SECSuccess);
	assert_int_equal(CRMF_EncodeCertReqMessages(msgs, collect, ret_der),
	                 SECSuccess);
}

static void
test_their_key_in_a_request_is_opened_by_us(void **state)
{
	struct keys *keys = *state;
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto(SECKEYPrivateKey) key = NULL;
	struct nu_crmf *crmf = NULL;

	encode_theirs(keys, &der);
	assert_int_equal(nu_crmf_decode(&der, MAX, &crmf), SECSuccess);
	assert_int_equal(crmf->msgs[0].pop, NU_POP_KEY_ENCIPHERMENT);
	assert_int_equal(crmf->msgs[0].how, NU_POP_THIS_MESSAGE);
	assert_non_null(crmf->msgs[0].archive.data);
	key = nu_envelope_unwrap_key(&crmf->msgs[0].archive,
	                             keys->escrow.private, keys->rsa.public,
	                             slot, PR_FALSE, NULL, NULL);
	assert_non_null(key);
	assert_true(nu_key_matches(key, keys->rsa.public));
	nu_crmf_free(crmf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_our_key_in_a_request_lib_crmf_reads),
		cmocka_unit_test(test_their_key_in_a_request_is_opened_by_us),
	};

	return cmocka_run_group_tests_name("proof_oracle", tests, setup_keys,
	                                   teardown_keys);
}

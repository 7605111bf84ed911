/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crmf.c - NSS's lib/crmf as the other side
 *
 *   crmf request DIR rsa|ec ID SUBJECT >request.b64   with a key made in DIR
 *   crmf answer CA.der ID CERT.der >answer.b64
 *   crmf read <answer.b64                             prints id and status */

#include <stdio.h>

#include <cmmf.h>
#include <crmf.h>
#include <nss.h>
#include <secmod.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"

enum { MAX_FILE = 1 << 20, RSA_BITS = 2048, EC_BITS = 256, VERSION_3 = 2 };

NU_DEFINE_AUTO(CRMFCertReqMsg, CRMF_DestroyCertReqMsg(p))
NU_DEFINE_AUTO(CRMFCertRequest, CRMF_DestroyCertRequest(p))
NU_DEFINE_AUTO(CMMFCertRepContent, CMMF_DestroyCertRepContent(p))
NU_DEFINE_AUTO(CMMFCertResponse, CMMF_DestroyCertResponse(p))

/* lib/crmf's encoders hand out their bytes piece by piece. */
static void
collect(void *arg, const char *buf, unsigned long len)
{
	SECItem *all = arg;

	if (len == 0 || SECITEM_ReallocItemV2(NULL, all,
	                                      all->len + (unsigned)len) !=
	                        SECSuccess)
		return;
	memcpy(all->data + all->len - len, buf, len);
}

static SECStatus
print(const SECItem *der)
{
	nu_auto_mem char *text = nu_b64_encode(der);

	return text != NULL && fputs(text, stdout) >= 0 && fflush(stdout) == 0
	               ? SECSuccess
	               : SECFailure;
}

/* All of file into buf, which has room for MAX_FILE. */
static SECStatus
read_all(FILE *file, SECItem *buf)
{
	if (file == NULL || SECITEM_AllocItem(NULL, buf, MAX_FILE) == NULL)
		return SECFailure;
	buf->len = (unsigned)fread(buf->data, 1, MAX_FILE, file);
	return buf->len > 0 && buf->len < MAX_FILE ? SECSuccess : SECFailure;
}

/* --- request ----------------------------------------------------------- */

static SECKEYPrivateKey *
make_key(const char *type, SECKEYPublicKey **ret_public)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	PRBool rsa = strcmp(type, "rsa") == 0;

	if (slot == NULL)
		return NULL;
	return nu_key_generate(slot, rsa ? rsaKey : ecKey,
	                       rsa ? RSA_BITS : EC_BITS,
	                       PK11_ATTR_TOKEN | PK11_ATTR_PRIVATE |
	                       PK11_ATTR_SENSITIVE, NULL, ret_public);
}

static CRMFCertRequest *
make_template(uint32_t id, const char *subject, SECKEYPublicKey *public)
{
	nu_auto(CRMFCertRequest) request = CRMF_CreateCertRequest(id);
	nu_auto(CERTName) name = CERT_AsciiToName(subject);
	nu_auto(CERTSubjectPublicKeyInfo) info =
		SECKEY_CreateSubjectPublicKeyInfo(public);
	long version = VERSION_3;

	if (request == NULL || name == NULL || info == NULL ||
	    CRMF_CertRequestSetTemplateField(request, crmfVersion, &version) !=
	    SECSuccess ||
	    CRMF_CertRequestSetTemplateField(request, crmfSubject, name) !=
	    SECSuccess ||
	    CRMF_CertRequestSetTemplateField(request, crmfPublicKey, info) !=
	    SECSuccess)
		return NULL;
	return nu_take(request);
}

static SECStatus
request(char **args)
{
	nu_auto(SECKEYPublicKey) public = NULL;
	nu_auto(SECKEYPrivateKey) key = make_key(args[1], &public);
	nu_auto(CRMFCertRequest) template = NULL;
	nu_auto(CRMFCertReqMsg) msg = CRMF_CreateCertReqMsg();
	CRMFCertReqMsg *msgs[] = { msg, NULL };
	nu_auto_item der = { siBuffer, NULL, 0 };

	if (key == NULL || msg == NULL)
		return SECFailure;
	template = make_template((uint32_t)strtoul(args[2], NULL, 10), args[3],
	                         public);
	if (template == NULL ||
	    CRMF_CertReqMsgSetCertRequest(msg, template) != SECSuccess ||
	    CRMF_CertReqMsgSetSignaturePOP(msg, key, public, NULL, NULL,
	                                   NULL) != SECSuccess ||
	    CRMF_EncodeCertReqMessages(msgs, collect, &der) != SECSuccess)
		return SECFailure;
	return print(&der);
}

/* --- answer ------------------------------------------------------------ */

static CERTCertificate *
read_cert(const char *path)
{
	FILE *file = fopen(path, "rb");
	nu_auto_item der = { siBuffer, NULL, 0 };
	SECStatus rv = read_all(file, &der);

	if (file != NULL)
		fclose(file);
	if (rv != SECSuccess)
		return NULL;
	return CERT_NewTempCertificate(CERT_GetDefaultCertDB(), &der, NULL,
	                               PR_FALSE, PR_TRUE);
}

static SECStatus
answer(char **args)
{
	CERTCertificate *ca = read_cert(args[0]);
	nu_auto(CERTCertificate) cert = read_cert(args[2]);
	nu_auto(CERTCertList) chain = CERT_NewCertList();
	nu_auto(CMMFCertRepContent) content = CMMF_CreateCertRepContent();
	nu_auto(CMMFCertResponse) response =
		CMMF_CreateCertResponse(strtol(args[1], NULL, 10));
	nu_auto_item der = { siBuffer, NULL, 0 };

	if (ca == NULL || cert == NULL || chain == NULL || content == NULL ||
	    response == NULL ||
	    CERT_AddCertToListTail(chain, ca) != SECSuccess || /* it owns ca */
	    CMMF_CertResponseSetPKIStatusInfoStatus(response, cmmfGranted) !=
	    SECSuccess ||
	    CMMF_CertResponseSetCertificate(response, cert) != SECSuccess ||
	    CMMF_CertRepContentSetCertResponses(content, &response, 1) !=
	    SECSuccess ||
	    CMMF_CertRepContentSetCAPubs(content, chain) != SECSuccess ||
	    CMMF_EncodeCertRepContent(content, collect, &der) != SECSuccess)
		return SECFailure;
	return print(&der);
}

static SECStatus
read_answer(char **args)
{
	nu_auto_item text = { siBuffer, NULL, 0 };
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto(CMMFCertRepContent) content = NULL;

	(void)args;
	if (read_all(stdin, &text) != SECSuccess ||
	    nu_b64_decode((char *)text.data, text.len, MAX_FILE, &der) !=
	    SECSuccess)
		return SECFailure;
	content = CMMF_CreateCertRepContentFromDER(CERT_GetDefaultCertDB(),
	                                           (char *)der.data,
	                                           (long)der.len);
	if (content == NULL)
		return SECFailure;
	for (int i = 0; i < CMMF_CertRepContentGetNumResponses(content); i++) {
		nu_auto(CMMFCertResponse) one =
			CMMF_CertRepContentGetResponseAtIndex(content, i);

		if (one == NULL)
			return SECFailure;
		printf("%ld %d\n", CMMF_CertResponseGetCertReqId(one),
		       CMMF_CertResponseGetPKIStatusInfoStatus(one));
	}
	return fflush(stdout) == 0 ? SECSuccess : SECFailure;
}

/* --- main -------------------------------------------------------------- */

static SECStatus
open_nss(const char *dir)
{
	char path[4096];

	if (dir == NULL)
		return NSS_NoDB_Init(NULL);
	snprintf(path, sizeof path, "sql:%s", dir);
	return NSS_InitReadWrite(path);
}

static const struct {
	const char *name;
	int n_args;
	PRBool has_dir; /* the first argument */
	SECStatus (*run)(char **args);
} commands[] = {
	{ "request", 4, PR_TRUE, request },
	{ "answer", 3, PR_FALSE, answer },
	{ "read", 0, PR_FALSE, read_answer },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (argc != commands[i].n_args + 2 ||
		    strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (open_nss(commands[i].has_dir ? argv[2] : NULL) ==
		    SECSuccess && commands[i].run(argv + 2) == SECSuccess)
			return NSS_Shutdown() == SECSuccess ? EXIT_SUCCESS
			                                    : EXIT_FAILURE;
		fprintf(stderr, "crmf: %s: %s\n", argv[1],
		        nu_err_name(PORT_GetError()));
		return EXIT_FAILURE;
	}
	fputs("usage: crmf request DIR rsa|ec ID SUBJECT | "
	      "answer CA.der ID CERT.der | read\n", stderr);
	return 2;
}

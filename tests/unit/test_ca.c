/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca.c - the small authority, through ca.h; openssl and certutil judge
 * what it issues. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */
#include <secerr.h>

#include "ca/ca.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"

enum { OUTPUT_SIZE = 16384, YEAR = 365 * 86400 };

struct fixture {
	char dir[64];
	PK11SlotInfo *slot;
	struct ca *ca; /* its authority is "ca", an EC one */
};

/* --- faults ------------------------------------------------------------- */

static int fail_trust, fail_label;

SECStatus __real_CERT_ChangeCertTrust(CERTCertDBHandle *handle,
                                      CERTCertificate *cert,
                                      CERTCertTrust *trust);
SECStatus __wrap_CERT_ChangeCertTrust(CERTCertDBHandle *handle,
                                      CERTCertificate *cert,
                                      CERTCertTrust *trust);
SECStatus __real_PK11_SetPrivateKeyNickname(SECKEYPrivateKey *key,
                                            const char *nickname);
SECStatus __wrap_PK11_SetPrivateKeyNickname(SECKEYPrivateKey *key,
                                            const char *nickname);

SECStatus
__wrap_CERT_ChangeCertTrust(CERTCertDBHandle *handle, CERTCertificate *cert,
                            CERTCertTrust *trust)
{
	if (!fail_trust)
		return __real_CERT_ChangeCertTrust(handle, cert, trust);
	PORT_SetError(SEC_ERROR_IO);
	return SECFailure;
}

SECStatus
__wrap_PK11_SetPrivateKeyNickname(SECKEYPrivateKey *key, const char *nickname)
{
	if (!fail_label)
		return __real_PK11_SetPrivateKeyNickname(key, nickname);
	PORT_SetError(SEC_ERROR_IO);
	return SECFailure;
}

/* --- helpers ------------------------------------------------------------ */

/* Run a command line in the fixture's directory; its output, or a failed
 * test. */
__attribute__((format(printf, 3, 4))) static int
shell(const struct fixture *fx, char output[OUTPUT_SIZE], const char *format,
      ...)
{
	char command[2048];
	size_t len = (size_t)snprintf(command, sizeof command,
	                              "exec 2>&1; cd %s && ", fx->dir);
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	vsnprintf(command + len, sizeof command - len, format, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(output, 1, OUTPUT_SIZE - 1, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		print_message("%s\n%s", command, output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
write_file(const struct fixture *fx, const char *name, const void *data,
           size_t len)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Read a file whole; the caller frees ret_item's data. */
static void
read_file(const struct fixture *fx, const char *name, SECItem *ret_item)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(SECITEM_AllocItem(NULL, ret_item, OUTPUT_SIZE));
	ret_item->len = (unsigned)fread(ret_item->data, 1, OUTPUT_SIZE, file);
	fclose(file);
}

/* Has the text of the certificate (openssl x509 -text) what is expected? */
static void
assert_cert_says(const struct fixture *fx, const void *der, size_t len,
                 const char *expected)
{
	char output[OUTPUT_SIZE];

	write_file(fx, "cert.der", der, len);
	assert_int_equal(shell(fx, output, "openssl x509 -inform DER "
	                       "-in cert.der -noout -text "
	                       "-nameopt rfc2253"), 0);
	if (strstr(output, expected) == NULL)
		fail_msg("no \"%s\" in\n%s", expected, output);
}

static void
assert_cert_lacks(const struct fixture *fx, const void *der, size_t len,
                  const char *unexpected)
{
	char output[OUTPUT_SIZE];

	write_file(fx, "cert.der", der, len);
	assert_int_equal(shell(fx, output, "openssl x509 -inform DER "
	                       "-in cert.der -noout -text "
	                       "-nameopt rfc2253"), 0);
	if (strstr(output, unexpected) != NULL)
		fail_msg("\"%s\" in\n%s", unexpected, output);
}

static void
assert_verifies(const struct fixture *fx, const struct ca *ca,
                const SECItem *cert, const char *purpose)
{
	char output[OUTPUT_SIZE];
	size_t len;
	const unsigned char *der = ca_cert_der(ca, &len);
	SECItem root = { siBuffer, (unsigned char *)der, (unsigned)len };
	nu_auto_mem char *pem = nu_pem_encode("CERTIFICATE", &root);
	nu_auto_mem char *leaf = nu_pem_encode("CERTIFICATE", cert);

	write_file(fx, "root.pem", pem, strlen(pem));
	write_file(fx, "leaf.pem", leaf, strlen(leaf));
	assert_int_equal(shell(fx, output, "openssl verify -x509_strict "
	                       "-check_ss_sig -CAfile root.pem %s leaf.pem",
	                       purpose), 0);
}

static size_t
count_keys(const struct fixture *fx)
{
	nu_auto(SECKEYPrivateKeyList) keys =
		PK11_ListPrivKeysInSlot(fx->slot, NULL, NULL);
	size_t n = 0;

	if (keys == NULL)
		return 0;
	for (SECKEYPrivateKeyListNode *node = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(node, keys); node = PRIVKEY_LIST_NEXT(node))
		n++;
	return n;
}

/* What a request is made of. */
struct wish {
	const char *id, *subject;
	KeyType type;
	unsigned bits, key_usage;
	PRBool is_ca, as_p10;
	PRBool stays; /* the key, in the database */
};

/* The wish's message, in the name of subject. */
static SECItem *
make_msg_named(const struct fixture *fx, const struct wish *wish,
               const SECItem *subject)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(1024);
	nu_auto(SECKEYPublicKey) public = NULL;
	nu_auto(SECKEYPrivateKey) key = nu_key_generate(
		fx->slot, wish->type, wish->bits,
		(wish->stays ? PK11_ATTR_TOKEN : PK11_ATTR_SESSION) |
		PK11_ATTR_PRIVATE | PK11_ATTR_SENSITIVE, NULL, &public);
	nu_auto(SECItem) spki = NULL;
	struct nu_cert_template template = { .key_usage = wish->key_usage,
		                             .is_ca = wish->is_ca };
	SECItem *msg;

	assert_non_null(key);
	spki = SECKEY_EncodeDERSubjectPublicKeyInfo(public);
	assert_non_null(spki);
	assert_int_equal(nu_der_from_decimal(arena, wish->id, &template.id),
	                 SECSuccess);
	template.subject = *subject;
	template.spki = *spki;
	msg = wish->as_p10 ? nu_p10_encode(&template, key) :
	                     nu_crmf_encode_msg(&template, key);
	assert_non_null(msg);
	return msg;
}

static SECItem *
make_msg(const struct fixture *fx, const struct wish *wish)
{
	nu_auto(SECItem) subject = nu_name_from_text(wish->subject);

	assert_non_null(subject);
	return make_msg_named(fx, wish, subject);
}

static SECItem *
make_crmf(const struct fixture *fx, const struct wish *wishes, size_t n)
{
	SECItem *msgs[4], *crmf;

	assert_true(n <= 4);
	for (size_t i = 0; i < n; i++)
		msgs[i] = make_msg(fx, &wishes[i]);
	crmf = nu_crmf_encode((const SECItem *const *)msgs, n);
	assert_non_null(crmf);
	while (n-- > 0)
		SECITEM_FreeItem(msgs[n], PR_TRUE);
	return crmf;
}

static const struct wish alice = { .id = "7", .subject = "CN=Alice,O=Test",
	                           .type = ecKey, .bits = 256 };

/* The answer and its decoded form, for the CertRepContent dialects. */
struct reply {
	struct ca_answer *answer;
	SECItem der;
	struct nu_cert_rep *rep;
};

static void
reply_clear(struct reply *reply)
{
	nu_cert_rep_free(reply->rep);
	ca_answer_free(reply->answer);
}
#define auto_reply __attribute__((cleanup(reply_clear))) struct reply

static struct reply
ask(struct fixture *fx, const SECItem *request,
    const struct ca_options *options)
{
	struct reply reply = { 0 };
	enum psm_err err = ca_issue(fx->ca, request->data, request->len,
	                            options, &reply.answer);

	if (err != PSM_OK)
		fail_msg("%d: %s", err, ca_errmsg(fx->ca));
	reply.der = (SECItem){ siBuffer, (unsigned char *)reply.answer->der,
		               (unsigned)reply.answer->der_len };
	if (options == NULL || options->dialect <= CA_DIALECT_UNTAGGED)
		assert_int_equal(nu_cmmf_decode(&reply.der, 10, &reply.rep),
		                 SECSuccess);
	return reply;
}

static struct reply
ask_for(struct fixture *fx, const struct wish *wish,
        const struct ca_options *options)
{
	nu_auto(SECItem) request = wish->as_p10 ? make_msg(fx, wish) :
	                                          make_crmf(fx, wish, 1);

	return ask(fx, request, options);
}

static void
assert_refused(const struct reply *reply, size_t i, enum ca_fail fail)
{
	const struct nu_cert_response *response = &reply->rep->responses[i];

	assert_int_equal(response->status, NU_STATUS_REJECTION);
	assert_int_equal(response->fail_info, 1ul << fail);
	assert_int_equal(response->n_texts, 1);
	assert_null(response->cert.data);
}

static void
assert_fails(struct fixture *fx, const void *request, size_t len,
             const struct ca_options *options, enum psm_err expected)
{
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(fx->ca, request, len, options, &answer),
	                 expected);
	assert_null(answer);
	assert_string_not_equal(ca_errmsg(fx->ca), "");
}

/* --- making and opening an authority ------------------------------------ */

static void
test_init_rsa_makes_a_trusted_root(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=RSA Root,O=Test",
		.nickname = "rsa", .key_type = PSM_KEY_RSA, .key_bits = 2048,
		.days = 100 };
	struct ca *ca = ca_new();
	const unsigned char *der;
	nu_auto(CERTCertificate) cert = NULL;
	CERTCertTrust trust;
	SECItem item;
	size_t len;

	assert_int_equal(ca_init(ca, &params), PSM_OK);
	der = ca_cert_der(ca, &len);
	assert_cert_says(fx, der, len, "Version: 3");
	assert_cert_says(fx, der, len, "sha256WithRSAEncryption");
	assert_cert_says(fx, der, len, "Basic Constraints: critical\n"
	                 "                CA:TRUE\n");
	assert_cert_says(fx, der, len, "Key Usage: critical\n"
	                 "                Certificate Sign, CRL Sign");
	assert_cert_says(fx, der, len, "Subject Key Identifier");
	assert_cert_says(fx, der, len, "Authority Key Identifier");
	item = (SECItem){ siBuffer, (unsigned char *)der, (unsigned)len };
	assert_verifies(fx, ca, &item, "");
	cert = PK11_FindCertFromNickname("rsa", NULL);
	assert_non_null(cert);
	assert_int_equal(CERT_GetCertTrust(cert, &trust), SECSuccess);
	assert_int_equal(trust.sslFlags, CERTDB_VALID_CA | CERTDB_TRUSTED_CA |
	                 CERTDB_TRUSTED_CLIENT_CA);
	assert_int_equal(trust.emailFlags, CERTDB_VALID_CA | CERTDB_TRUSTED_CA);
	ca_free(ca);
}

static void
test_init_taken_nickname_is_exists(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Other",
		                          .key_type = PSM_KEY_EC };
	const size_t keys = count_keys(fx);
	struct ca *ca = ca_new();
	size_t len;

	assert_int_equal(ca_init(ca, &params), PSM_E_EXISTS);
	assert_null(ca_cert_der(ca, &len));
	assert_int_equal(count_keys(fx), keys);
	ca_free(ca);
}

static void
test_init_bad_params_are_argument(void **state)
{
	static const struct ca_params bad[] = {
		{ .nickname = "bad", .key_type = PSM_KEY_EC },
		{ .subject = "", .nickname = "bad", .key_type = PSM_KEY_EC },
		{ .subject = "=", .nickname = "bad", .key_type = PSM_KEY_EC },
		{ .subject = "CN=x", .nickname = "bad",
		  .key_type = PSM_KEY_DSA },
		{ .subject = "CN=x", .nickname = "bad",
		  .key_type = PSM_KEY_RSA, .key_bits = 1024 },
		{ .subject = "CN=x", .nickname = "bad",
		  .key_type = PSM_KEY_EC, .key_bits = 255 },
		{ .subject = "CN=x", .nickname = "\n",
		  .key_type = PSM_KEY_EC }
	};
	struct fixture *fx = *state;
	const size_t keys = count_keys(fx);
	struct ca *ca = ca_new();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(ca_init(ca, &bad[i]), PSM_E_ARGUMENT);
		assert_string_not_equal(ca_errmsg(ca), "");
	}
	assert_int_equal(count_keys(fx), keys);
	ca_free(ca);
}

static void
test_init_failed_write_leaves_nothing(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Undone",
		.nickname = "undone", .key_type = PSM_KEY_EC };
	const size_t keys = count_keys(fx);
	struct ca *ca = ca_new();
	int *const faults[] = { &fail_trust, &fail_label };

	for (size_t i = 0; i < 2; i++) {
		*faults[i] = 1;
		assert_int_equal(ca_init(ca, &params), PSM_E_STORE);
		*faults[i] = 0;
		assert_int_equal(count_keys(fx), keys);
		assert_null(PK11_FindCertFromNickname("undone", NULL));
	}
	ca_free(ca);
}

static void
test_open_finds_what_init_made(void **state)
{
	struct fixture *fx = *state;
	struct ca *ca = ca_new();
	size_t len = 0, expected_len;
	const unsigned char *expected = ca_cert_der(fx->ca, &expected_len);

	assert_int_equal(ca_open(ca, NULL), PSM_OK);
	assert_memory_equal(ca_cert_der(ca, &len), expected, expected_len);
	assert_int_equal(len, expected_len);
	ca_free(ca);
}

static void
test_open_wrong_nickname_is_not_found(void **state)
{
	struct fixture *fx = *state;
	size_t len;

	assert_int_equal(ca_open(fx->ca, "nobody"), PSM_E_NOT_FOUND);
	assert_non_null(strstr(ca_errmsg(fx->ca), "nobody"));
	assert_non_null(ca_cert_der(fx->ca, &len)); /* as it was */
	assert_int_equal(ca_open(fx->ca, "\x01"), PSM_E_NOT_FOUND);
}

static void
import(struct fixture *fx, const SECItem *der, const char *nickname)
{
	nu_auto(CERTCertificate) cert = CERT_NewTempCertificate(
		CERT_GetDefaultCertDB(), (SECItem *)der, NULL, PR_FALSE,
		PR_TRUE);

	assert_non_null(cert);
	assert_int_equal(PK11_ImportCert(fx->slot, cert, CK_INVALID_HANDLE,
	                                 nickname, PR_FALSE), SECSuccess);
}

static void
test_open_user_certificate_is_not_found(void **state)
{
	struct fixture *fx = *state;
	auto_reply reply = ask_for(fx, &alice, NULL);
	struct ca *ca = ca_new();

	import(fx, &reply.rep->responses[0].cert, "alice");
	assert_int_equal(ca_open(ca, "alice"), PSM_E_NOT_FOUND);
	ca_free(ca);
}

static void
test_open_authority_without_key_is_not_found(void **state)
{
	struct fixture *fx = *state;
	const struct wish sub = { .id = "1", .subject = "CN=Keyless",
		.type = ecKey, .bits = 256, .is_ca = PR_TRUE };
	const struct ca_options options = { .allow_ca = true };
	auto_reply reply = ask_for(fx, &sub, &options);
	struct ca *ca = ca_new();

	import(fx, &reply.rep->responses[0].cert, "keyless");
	assert_int_equal(ca_open(ca, "keyless"), PSM_E_NOT_FOUND);
	assert_non_null(strstr(ca_errmsg(ca), "no key"));
	ca_free(ca);
}

/* --- what is granted ---------------------------------------------------- */

static void
test_issue_client_certificate_follows_the_profile(void **state)
{
	struct fixture *fx = *state;
	auto_reply reply = ask_for(fx, &alice, NULL);
	const struct nu_cert_response *response = reply.rep->responses;
	const SECItem *cert = &response->cert;

	assert_int_equal(reply.answer->n_issued, 1);
	assert_int_equal(reply.answer->n_refused, 0);
	assert_int_equal(response->status, NU_STATUS_GRANTED);
	assert_int_equal(response->n_texts, 0);
	assert_int_equal(response->id.len, 1);
	assert_int_equal(response->id.data[0], 7);
	assert_int_equal(reply.rep->n_ca_pubs, 1);
	assert_verifies(fx, fx->ca, cert, "-purpose sslclient");
	assert_cert_says(fx, cert->data, cert->len, "Version: 3");
	assert_cert_says(fx, cert->data, cert->len, "ecdsa-with-SHA256");
	assert_cert_says(fx, cert->data, cert->len,
	                 "Subject: CN=Alice,O=Test");
	assert_cert_says(fx, cert->data, cert->len, "Key Usage: critical\n"
	                 "                Digital Signature\n");
	assert_cert_says(fx, cert->data, cert->len, "Extended Key Usage: \n"
	                 "                TLS Web Client Authentication\n");
	assert_cert_lacks(fx, cert->data, cert->len, "Basic Constraints");
	assert_cert_lacks(fx, cert->data, cert->len, "Alternative Name");
}

static void
test_issue_every_dialect_carries_the_certificate(void **state)
{
	struct fixture *fx = *state;
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);

	for (int d = CA_DIALECT_CMMF; d <= CA_DIALECT_UNTAGGED; d++) {
		const struct ca_options options = {
			.dialect = (enum ca_dialect)d
		};
		auto_reply reply = ask(fx, request, &options);
		nu_auto_item der = { siBuffer, NULL, 0 };

		assert_int_equal(reply.rep->n_responses, 1);
		assert_verifies(fx, fx->ca, &reply.rep->responses[0].cert, "");
		assert_int_equal(nu_b64_decode(reply.answer->text,
		                               strlen(reply.answer->text),
		                               1 << 20, &der), SECSuccess);
		assert_true(SECITEM_ItemsAreEqual(&der, &reply.der));
	}
}

static void
test_issue_pem_answer_satisfies_openssl_and_certutil(void **state)
{
	struct fixture *fx = *state;
	const struct ca_options options = { .dialect = CA_DIALECT_CERT };
	auto_reply reply = ask_for(fx, &alice, &options);
	char output[OUTPUT_SIZE];

	write_file(fx, "chain.pem", reply.answer->text,
	           strlen(reply.answer->text));
	write_file(fx, "cert.der", reply.answer->der, reply.answer->der_len);
	assert_int_equal(shell(fx, output, "openssl x509 -in chain.pem "
	                       "-outform DER | cmp - cert.der"), 0);
	assert_int_equal(shell(fx, output,
		"csplit -s -f part chain.pem '/BEGIN/' '{*}' && mkdir -p v && "
		"certutil -N -d sql:v --empty-password && "
		"certutil -A -d sql:v -n root -t CT,C,C -i part02 && "
		"certutil -A -d sql:v -n leaf -t ,, -i part01 && "
		"certutil -V -d sql:v -n leaf -u C -e"), 0);
}

static void
test_issue_pkcs7_answer_holds_leaf_and_root(void **state)
{
	struct fixture *fx = *state;
	struct ca_options options = { .dialect = CA_DIALECT_PKCS7 };
	auto_reply reply = ask_for(fx, &alice, &options);
	char output[OUTPUT_SIZE];

	write_file(fx, "answer.p7", reply.answer->text,
	           strlen(reply.answer->text));
	assert_int_equal(shell(fx, output, "openssl pkcs7 -in answer.p7 "
	                       "-print_certs -noout"), 0);
	assert_non_null(strstr(output, "Alice"));
	assert_non_null(strstr(strstr(output, "Alice"), "Root"));
	assert_int_equal(shell(fx, output, "openssl asn1parse -in answer.p7 "
	                       "-noout"), 0);
}

static void
test_issue_no_ca_pubs_leaves_the_root_out(void **state)
{
	struct fixture *fx = *state;
	struct ca_options options = { .no_ca_pubs = true };
	auto_reply reply = ask_for(fx, &alice, &options);
	auto_reply pem = { 0 };
	const char *begin;

	assert_int_equal(reply.rep->n_ca_pubs, 0);
	options.dialect = CA_DIALECT_CERT;
	pem = ask_for(fx, &alice, &options);
	begin = strstr(pem.answer->text, "BEGIN");
	assert_null(strstr(begin + 1, "BEGIN"));
}

static void
test_issue_pkcs10_is_answered_with_its_id(void **state)
{
	struct fixture *fx = *state;
	struct wish wish = alice;
	struct ca_options options = { .id = "123456789012345678901234" };

	wish.as_p10 = PR_TRUE;
	{
		auto_reply reply = ask_for(fx, &wish, NULL);
		long id;

		assert_int_equal(nu_der_to_long(&reply.rep->responses[0].id,
		                                &id), SECSuccess);
		assert_int_equal(id, -1);
		assert_verifies(fx, fx->ca, &reply.rep->responses[0].cert, "");
	}
	{
		auto_reply reply = ask_for(fx, &wish, &options);
		nu_auto_mem char *id =
			nu_der_to_decimal(&reply.rep->responses[0].id);

		assert_string_equal(id, options.id);
	}
}

static void
test_issue_requests_of_other_tools_are_read(void **state)
{
	static const char *const commands[] = {
		"openssl req -new -newkey rsa:2048 -nodes -keyout k.pem "
		"-subj /CN=Bob -out req",
		"openssl req -new -newkey rsa:2048 -nodes -keyout k.pem "
		"-subj /CN=Bob -outform DER -out req",
		"openssl req -new -newkey ec -pkeyopt "
		"ec_paramgen_curve:P-521 -nodes -keyout k.pem -subj /CN=Bob "
		"-addext subjectAltName=DNS:x.test -out req",
		"mkdir -p t && certutil -N -d sql:t --empty-password && "
		"certutil -R -a -d sql:t -s CN=Bob -k ec -q nistp384 "
		"-z req -o req"
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		nu_auto_item request = { siBuffer, NULL, 0 };
		char output[OUTPUT_SIZE];
		auto_reply reply = { 0 };

		assert_int_equal(shell(fx, output, "%s", commands[i]), 0);
		read_file(fx, "req", &request);
		reply = ask(fx, &request, NULL);
		assert_int_equal(reply.answer->n_issued, 1);
		assert_verifies(fx, fx->ca, &reply.rep->responses[0].cert, "");
		assert_int_equal(reply.rep->responses[0].status, i == 2 ?
		                 NU_STATUS_GRANTED_WITH_MODS :
		                 NU_STATUS_GRANTED);
	}
}

static void
test_issue_key_usage_is_cut_to_what_the_key_permits(void **state)
{
	struct fixture *fx = *state;
	struct wish wish = alice;
	struct ca_options untagged = { .dialect = CA_DIALECT_UNTAGGED };

	wish.key_usage = KU_NON_REPUDIATION | KU_KEY_AGREEMENT;
	{
		auto_reply reply = ask_for(fx, &wish, NULL);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_int_equal(reply.rep->responses[0].status,
		                 NU_STATUS_GRANTED);
		assert_cert_says(fx, cert->data, cert->len,
		                 "Non Repudiation, Key Agreement\n");
	}
	wish.key_usage |= KU_KEY_ENCIPHERMENT | KU_KEY_CERT_SIGN;
	{
		auto_reply reply = ask_for(fx, &wish, NULL);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_int_equal(reply.rep->responses[0].status,
		                 NU_STATUS_GRANTED_WITH_MODS);
		assert_int_equal(reply.rep->responses[0].n_texts, 1);
		assert_cert_says(fx, cert->data, cert->len,
		                 "Non Repudiation, Key Agreement\n");
	}
	{
		auto_reply reply = ask_for(fx, &wish, &untagged);

		assert_int_equal(reply.rep->responses[0].n_texts, 0);
	}
	wish.key_usage = KU_KEY_ENCIPHERMENT;
	{
		auto_reply reply = ask_for(fx, &wish, NULL);

		assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
}

static void
test_issue_rsa_key_gets_encipherment_by_default(void **state)
{
	struct fixture *fx = *state;
	const struct wish wish = { .id = "1", .subject = "CN=Rsa",
		                   .type = rsaKey, .bits = 2048 };
	auto_reply reply = ask_for(fx, &wish, NULL);
	const SECItem *cert = &reply.rep->responses[0].cert;

	assert_cert_says(fx, cert->data, cert->len,
	                 "Digital Signature, Key Encipherment\n");
}

static void
test_issue_email_becomes_a_subject_alternative_name(void **state)
{
	struct fixture *fx = *state;
	struct wish wish = alice;
	const struct ca_options options = { .email = "other@example.org" };

	wish.subject = "E=alice@example.org,CN=Alice";
	{
		auto_reply reply = ask_for(fx, &wish, NULL);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_cert_says(fx, cert->data, cert->len,
		                 "email:alice@example.org\n");
		assert_cert_says(fx, cert->data, cert->len,
		                 "TLS Web Client Authentication, "
		                 "E-mail Protection\n");
		assert_verifies(fx, fx->ca, cert, "-purpose smimesign");
	}
	{
		auto_reply reply = ask_for(fx, &wish, &options);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_cert_says(fx, cert->data, cert->len,
		                 "email:other@example.org\n");
		assert_cert_lacks(fx, cert->data, cert->len, "email:alice@");
	}
}

static void
test_issue_server_is_for_its_names_alone(void **state)
{
	static const char *const names[] = { "www.example.org", "*.example.net",
		                             "192.0.2.1", "2001:db8::1" };
	struct fixture *fx = *state;
	const struct ca_options options = {
		.purpose = CA_PURPOSE_SERVER, .server_names = names,
		.n_server_names = sizeof names / sizeof *names
	};
	struct wish wish = alice;

	wish.subject = "E=alice@example.org,CN=www.example.org";
	{
		auto_reply reply = ask_for(fx, &wish, &options);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_cert_says(fx, cert->data, cert->len,
		                 "DNS:www.example.org, DNS:*.example.net, "
		                 "IP Address:192.0.2.1, "
		                 "IP Address:2001:DB8:0:0:0:0:0:1\n");
		assert_cert_says(fx, cert->data, cert->len,
		                 "TLS Web Server Authentication\n");
		assert_cert_lacks(fx, cert->data, cert->len, "email:");
		assert_verifies(fx, fx->ca, cert, "-purpose sslserver "
		                "-verify_hostname a.example.net");
	}
}

static void
test_issue_server_without_a_fine_name_is_argument(void **state)
{
	static const char *const bad[] = { "", ".", "a..b", "a b", "-a", "a-",
		"a.*", "*", "*.", "a_b", "1.2.3", "192.0.2.256", "[::1]",
		"host:80", "\xc3\xa4.example",
		"a234567890123456789012345678901234567890123456789012345678901234"
	};
	struct fixture *fx = *state;
	struct ca_options options = { .purpose = CA_PURPOSE_SERVER };
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(fx->ca, "", 0, &options, &answer),
	                 PSM_E_ARGUMENT);
	options.n_server_names = 1;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(ca_server_name_is_fine(bad[i]));
		options.server_names = &bad[i];
		assert_int_equal(ca_issue(fx->ca, "", 0, &options, &answer),
		                 PSM_E_ARGUMENT);
	}
	assert_null(answer);
}

static void
test_issue_authority_only_when_allowed(void **state)
{
	struct fixture *fx = *state;
	const struct ca_options options = { .allow_ca = true };
	struct wish wish = alice;

	wish.is_ca = PR_TRUE;
	{
		auto_reply reply = ask_for(fx, &wish, NULL);

		assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
	{
		auto_reply reply = ask_for(fx, &wish, &options);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_cert_says(fx, cert->data, cert->len,
		                 "Basic Constraints: critical\n"
		                 "                CA:TRUE\n");
		assert_cert_says(fx, cert->data, cert->len,
		                 "Certificate Sign, CRL Sign\n");
		assert_cert_lacks(fx, cert->data, cert->len, "Extended Key");
		assert_verifies(fx, fx->ca, cert, "");
	}
	wish.is_ca = PR_FALSE;
	{
		auto_reply reply = ask_for(fx, &wish, &options);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_cert_lacks(fx, cert->data, cert->len,
		                  "Basic Constraints");
	}
}

/* An authority made elsewhere, with this basicConstraints and nothing else,
 * whose key is in the database. */
static void
import_foreign_ca(struct fixture *fx, const char *nickname,
                  const char *constraints)
{
	nu_auto(SECKEYPublicKey) public = NULL;
	nu_auto(SECKEYPrivateKey) key = nu_key_generate(
		fx->slot, ecKey, 384, PK11_ATTR_TOKEN | PK11_ATTR_PRIVATE |
		PK11_ATTR_SENSITIVE, NULL, &public);
	nu_auto(SECItem) spki = SECKEY_EncodeDERSubjectPublicKeyInfo(public);
	nu_auto_mem char *pem = nu_pem_encode("PUBLIC KEY", spki);
	nu_auto_item der = { siBuffer, NULL, 0 };
	char output[OUTPUT_SIZE];

	assert_non_null(key);
	write_file(fx, "pub.pem", pem, strlen(pem));
	assert_int_equal(shell(fx, output,
		"openssl req -new -newkey rsa:2048 -nodes -keyout o.pem "
		"-subj /CN=Foreign -out o.csr && openssl x509 -req -in o.csr "
		"-signkey o.pem -out o.crt && echo 'basicConstraints="
		"critical,%s' >ext && openssl x509 -req -in o.csr -CA o.crt "
		"-CAkey o.pem -set_serial 0x%x -force_pubkey pub.pem -extfile "
		"ext -outform DER -out foreign.der", constraints,
		(unsigned)nickname[0]), 0);
	read_file(fx, "foreign.der", &der);
	import(fx, &der, nickname);
}

static void
test_issue_below_limited_authority_respects_path(void **state)
{
	struct fixture *fx = *state;
	const struct ca_options options = { .allow_ca = true };
	struct wish wish = alice;

	wish.is_ca = PR_TRUE;
	import_foreign_ca(fx, "none below", "CA:TRUE,pathlen:0");
	import_foreign_ca(fx, "one below", "CA:TRUE,pathlen:1");
	assert_int_equal(ca_open(fx->ca, "none below"), PSM_OK);
	{
		auto_reply reply = ask_for(fx, &wish, &options);

		assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
	assert_int_equal(ca_open(fx->ca, "one below"), PSM_OK);
	{
		auto_reply reply = ask_for(fx, &wish, &options);
		const SECItem *cert = &reply.rep->responses[0].cert;

		assert_cert_says(fx, cert->data, cert->len,
		                 "CA:TRUE, pathlen:0\n");
		assert_cert_says(fx, cert->data, cert->len,
		                 "ecdsa-with-SHA384");
		assert_cert_says(fx, cert->data, cert->len,
		                 "Authority Key Identifier");
	}
	assert_int_equal(ca_open(fx->ca, NULL), PSM_OK);
}

static void
test_issue_chain_satisfies_openssl_and_certutil(void **state)
{
	struct fixture *fx = *state;
	const struct ca_options allow = { .allow_ca = true };
	const struct ca_options pem = { .dialect = CA_DIALECT_CERT };
	const struct wish below = { .id = "1", .subject = "CN=Below,O=Test",
		.type = rsaKey, .bits = 2048, .is_ca = PR_TRUE,
		.stays = PR_TRUE };
	auto_reply made = ask_for(fx, &below, &allow);
	const SECItem *cert = &made.rep->responses[0].cert;
	auto_reply leaf = { 0 };
	char output[OUTPUT_SIZE];

	assert_verifies(fx, fx->ca, cert, ""); /* it writes root.pem */
	import(fx, cert, "below");
	assert_int_equal(ca_open(fx->ca, "below"), PSM_OK);
	leaf = ask_for(fx, &alice, &pem);
	assert_int_equal(ca_open(fx->ca, NULL), PSM_OK);
	write_file(fx, "chain.pem", leaf.answer->text,
	           strlen(leaf.answer->text));
	assert_int_equal(shell(fx, output,
		"openssl verify -x509_strict -check_ss_sig -purpose sslclient "
		"-CAfile root.pem -untrusted chain.pem chain.pem && "
		"csplit -s -f link chain.pem '/BEGIN/' '{*}' && mkdir -p w && "
		"certutil -N -d sql:w --empty-password && "
		"certutil -A -d sql:w -n root -t CT,C,C -i root.pem && "
		"certutil -A -d sql:w -n below -t ,, -i link02 && "
		"certutil -A -d sql:w -n leaf -t ,, -i link01 && "
		"certutil -V -d sql:w -n below -u A -e && "
		"certutil -V -d sql:w -n leaf -u C -e"), 0);
}

static void
test_issue_serials_are_random_and_16_octets(void **state)
{
	struct fixture *fx = *state;
	const struct wish wishes[] = {
		alice, { .id = "8", .subject = "CN=Bob", .type = ecKey,
		         .bits = 384 }
	};
	nu_auto(SECItem) request = make_crmf(fx, wishes, 2);

	for (int i = 0; i < 32; i++) {
		auto_reply reply = ask(fx, request, NULL);
		const char *const *serials = reply.answer->serials;

		assert_int_equal(reply.answer->n_issued, 2);
		for (int j = 0; j < 2; j++) {
			assert_int_equal(strlen(serials[j]), 32);
			assert_memory_not_equal(serials[j], "00", 2);
		}
		assert_string_not_equal(serials[0], serials[1]);
	}
}

/* --- validity ----------------------------------------------------------- */

static void
read_times(const SECItem *der, PRTime *ret_start, PRTime *ret_end)
{
	nu_auto(CERTCertificate) cert = CERT_NewTempCertificate(
		CERT_GetDefaultCertDB(), (SECItem *)der, NULL, PR_FALSE,
		PR_TRUE);

	assert_non_null(cert);
	assert_int_equal(CERT_GetCertTimes(cert, ret_start, ret_end),
	                 SECSuccess);
	*ret_start /= PR_USEC_PER_SEC;
	*ret_end /= PR_USEC_PER_SEC;
}

static void
test_issue_validity_ends_with_the_authority(void **state)
{
	struct fixture *fx = *state;
	struct ca_options options = { .days = 30 };
	const PRTime now = PR_Now() / PR_USEC_PER_SEC;
	PRTime start, end, ca_start, ca_end;
	SECItem root = { siBuffer, NULL, 0 };
	size_t len;

	root.data = (unsigned char *)ca_cert_der(fx->ca, &len);
	root.len = (unsigned)len;
	read_times(&root, &ca_start, &ca_end);
	{
		auto_reply reply = ask_for(fx, &alice, &options);

		read_times(&reply.rep->responses[0].cert, &start, &end);
		assert_in_range(start, now - 300, now - 300 + 60);
		assert_int_equal(end - start, 30 * 86400);
	}
	options.not_before = now + 3 * (int64_t)YEAR;
	options.days = 4000000000u;
	{
		auto_reply reply = ask_for(fx, &alice, &options);

		read_times(&reply.rep->responses[0].cert, &start, &end);
		assert_int_equal(start, options.not_before);
		assert_int_equal(end, ca_end);
	}
}

static void
test_issue_impossible_validity_is_argument(void **state)
{
	struct fixture *fx = *state;
	static const int64_t impossible[] = { -1, INT64_C(3000000000),
		INT64_C(253402300800), INT64_MAX, INT64_MIN };
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);

	for (size_t i = 0; i < 5; i++) {
		const struct ca_options options = {
			.not_before = impossible[i]
		};

		assert_fails(fx, request->data, request->len, &options,
		             PSM_E_ARGUMENT);
	}
}

static void
test_issue_from_2050_on_is_generalized_time(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Long",
		.nickname = "long", .key_type = PSM_KEY_EC,
		.days = 4000000000u };
	struct ca *ca = ca_new();
	const unsigned char *der;
	char output[OUTPUT_SIZE];
	size_t len;

	assert_int_equal(ca_init(ca, &params), PSM_OK);
	der = ca_cert_der(ca, &len);
	write_file(fx, "long.der", der, len);
	assert_int_equal(shell(fx, output, "openssl asn1parse -inform DER "
	                       "-in long.der"), 0);
	assert_non_null(strstr(output, "UTCTIME"));
	assert_non_null(strstr(output, "GENERALIZEDTIME   :99991231235959Z"));
	ca_free(ca);
}

/* --- what is refused ---------------------------------------------------- */

static void
test_issue_refusal_by_id_spares_the_others(void **state)
{
	struct fixture *fx = *state;
	const struct wish wishes[] = {
		alice,
		{ .id = "2147483648", .subject = "CN=Bob", .type = ecKey,
		  .bits = 384 },
		{ .id = "-9", .subject = "CN=Carol", .type = ecKey,
		  .bits = 521 }
	};
	const struct ca_refusal refusal = { .id = "2147483648",
		.reason = "not Bob \xc3\xa9", .fail = CA_FAIL_BAD_CERT_ID };
	nu_auto(SECItem) request = make_crmf(fx, wishes, 3);

	for (int d = CA_DIALECT_CMMF; d <= CA_DIALECT_UNTAGGED; d++) {
		const struct ca_options options = {
			.dialect = (enum ca_dialect)d, .refusals = &refusal,
			.n_refusals = 1
		};
		auto_reply reply = ask(fx, request, &options);
		const struct nu_cert_response *r = reply.rep->responses;

		assert_int_equal(reply.answer->n_issued, 2);
		assert_int_equal(reply.answer->n_refused, 1);
		assert_int_equal(r[0].status, NU_STATUS_GRANTED);
		assert_refused(&reply, 1, CA_FAIL_BAD_CERT_ID);
		assert_int_equal(r[1].texts[0].len, strlen(refusal.reason));
		assert_memory_equal(r[1].texts[0].data, refusal.reason,
		                    r[1].texts[0].len);
		assert_verifies(fx, fx->ca, &r[2].cert, "");
	}
}

static void
test_issue_refusal_of_all_sends_no_authority(void **state)
{
	struct fixture *fx = *state;
	const struct ca_refusal refusal = { .fail = CA_FAIL_BAD_REQUEST };
	struct ca_options options = { .refusals = &refusal, .n_refusals = 1 };
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);
	auto_reply reply = ask(fx, request, &options);

	assert_refused(&reply, 0, CA_FAIL_BAD_REQUEST);
	assert_int_equal(reply.rep->n_ca_pubs, 0);
	assert_int_equal(reply.answer->n_issued, 0);
	options.dialect = CA_DIALECT_CERT;
	assert_fails(fx, request->data, request->len, &options, PSM_E_REQUEST);
	options.dialect = CA_DIALECT_PKCS7;
	assert_fails(fx, request->data, request->len, &options, PSM_E_REQUEST);
}

static void
test_issue_tampered_proof_is_bad_pop(void **state)
{
	struct fixture *fx = *state;
	struct wish wish = alice;

	for (int p10 = 0; p10 < 2; p10++) {
		nu_auto(SECItem) request = NULL;
		auto_reply reply = { 0 };

		wish.as_p10 = p10;
		request = p10 ? make_msg(fx, &wish) : make_crmf(fx, &wish, 1);
		request->data[request->len - 1] ^= 1;
		reply = ask(fx, request, NULL);
		assert_refused(&reply, 0, CA_FAIL_BAD_POP);
	}
}

/* alice's request with another proof, a whole element; NULL for none. */
static struct reply
ask_with_proof(struct fixture *fx, const SECItem *proof)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(1024);
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);
	struct nu_crmf *crmf = NULL;
	struct reply reply;

	assert_int_equal(nu_crmf_decode(request, 1, &crmf), SECSuccess);
	reply = ask(fx, nu_der_make(arena, NU_SEQUENCE,
	                            nu_der_make(arena, NU_SEQUENCE,
	                                        &crmf->msgs[0].cert_req,
	                                        proof)), NULL);
	nu_crmf_free(crmf);
	return reply;
}

static void
test_issue_other_proofs_are_bad_pop(void **state)
{
	static unsigned char ra_verified[] = { 0x80, 0x00 };
	/* keyEncipherment [2] { subsequentMessage [1] challengeResp(1) } */
	static unsigned char encipherment[] = { 0xa2, 0x03, 0x81, 0x01, 0x01 };
	static const SECItem proofs[] = {
		{ siBuffer, NULL, 0 },
		{ siBuffer, ra_verified, sizeof ra_verified },
		{ siBuffer, encipherment, sizeof encipherment }
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
		auto_reply reply = ask_with_proof(fx, &proofs[i]);
		const SECItem *text = &reply.rep->responses[0].texts[0];
		char reason[256];

		assert_refused(&reply, 0, CA_FAIL_BAD_POP);
		snprintf(reason, sizeof reason, "%.*s", (int)text->len,
		         (const char *)text->data);
		assert_non_null(strstr(reason, "a signature by the key"));
	}
}

static void
test_issue_weak_or_odd_key_is_bad_alg(void **state)
{
	static const char *const keys[] = {
		"rsa:1024", "ec -pkeyopt ec_paramgen_curve:secp256k1",
		"ed25519"
	};
	struct fixture *fx = *state;
	const struct ca_options pem = { .dialect = CA_DIALECT_CERT };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		nu_auto_item request = { siBuffer, NULL, 0 };
		char output[OUTPUT_SIZE];
		auto_reply reply = { 0 };

		assert_int_equal(shell(fx, output, "openssl req -new -nodes "
		                       "-newkey %s -keyout k.pem -subj "
		                       "/CN=Weak -out req", keys[i]), 0);
		read_file(fx, "req", &request);
		reply = ask(fx, &request, NULL);
		assert_refused(&reply, 0, CA_FAIL_BAD_ALG);
		assert_fails(fx, request.data, request.len, &pem,
		             PSM_E_REQUEST);
	}
}

static void
test_issue_bad_subject_is_bad_cert_template(void **state)
{
	static const char *const subjects[] = {
		"/", "/CN=x/emailAddress=nobody"
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		nu_auto_item request = { siBuffer, NULL, 0 };
		char output[OUTPUT_SIZE];
		auto_reply reply = { 0 };

		assert_int_equal(shell(fx, output, "openssl req -new -nodes "
		                       "-newkey rsa:2048 -keyout k.pem -subj "
		                       "%s -out req", subjects[i]), 0);
		read_file(fx, "req", &request);
		reply = ask(fx, &request, NULL);
		assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
}

/* A second holder of its name would be found in its place. */
static void
test_issue_subject_of_the_authority_is_bad_cert_template(void **state)
{
	static const char *const names[] = { "CN=Root,O=Test",
		                             "CN=root,O=TEST" };
	struct fixture *fx = *state;
	const struct ca_options options = { .allow_ca = true };
	struct wish wish = alice;

	for (int i = 0; i < 4; i++) {
		auto_reply reply = { 0 };

		wish.subject = names[i % 2];
		wish.is_ca = i >= 2;
		reply = ask_for(fx, &wish, &options);
		assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
}

/* Name of one commonName. */
static SECItem *
make_name(PLArenaPool *arena, unsigned char tag, const char *text, size_t len)
{
	static const unsigned char common_name[] = { 0x55, 4, 3 };

	return nu_der_make(arena, NU_SEQUENCE, nu_der_make(
		arena, NU_SET, nu_der_make(
			arena, NU_SEQUENCE,
			nu_der_make_octets(arena, NU_OID, common_name,
			                   sizeof common_name),
			nu_der_make_octets(arena, tag, text, len))));
}

static void
test_issue_text_in_a_subject_is_text(void **state)
{
	enum { PRINTABLE = 0x13, T61 = 0x14, BMP = 0x1e };
	static const struct {
		unsigned char tag;
		const char *text;
		size_t len;
		bool fine;
	} texts[] = {
		{ NU_UTF8_STRING, "admin\0.example", 14, false },
		{ PRINTABLE, "admin\0.example", 14, false },
		{ BMP, "\0a\0\0\0b", 6, false },
		{ NU_UTF8_STRING, "J\xe9r\xf4me", 6, false },
		{ NU_UTF8_STRING, "J\xc3\xa9r\xc3\xb4me", 8, true },
		{ T61, "J\xe9r\xf4me", 6, true },
		{ BMP, "\0J\0\xe9", 4, true },
		{ NU_BIT_STRING, "\0\1", 2, true },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		nu_auto(PLArenaPool) arena = PORT_NewArena(1024);
		SECItem *name = make_name(arena, texts[i].tag, texts[i].text,
		                          texts[i].len);
		nu_auto(SECItem) msg = make_msg_named(fx, &alice, name);
		auto_reply reply = ask(fx, nu_der_make(arena, NU_SEQUENCE,
		                                       msg), NULL);

		if (texts[i].fine)
			assert_int_equal(reply.answer->n_issued, 1);
		else
			assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
}

static void
test_issue_too_many_emails_are_bad_cert_template(void **state)
{
	struct fixture *fx = *state;
	struct wish wish = alice;
	char subject[512];

	wish.subject = subject;
	for (int n = 16; n <= 17; n++) {
		auto_reply reply = { 0 };
		size_t len = (size_t)snprintf(subject, sizeof subject, "CN=A");

		for (int i = 0; i < n; i++)
			len += (size_t)snprintf(subject + len,
			                        sizeof subject - len,
			                        ",E=a%d@example.org", i);
		reply = ask_for(fx, &wish, NULL);
		if (n == 16)
			assert_int_equal(reply.answer->n_issued, 1);
		else
			assert_refused(&reply, 0, CA_FAIL_BAD_CERT_TEMPLATE);
	}
}

static void
test_issue_two_requests_of_one_id_are_refused(void **state)
{
	struct fixture *fx = *state;
	const struct wish wishes[] = { alice, alice };
	nu_auto(SECItem) request = make_crmf(fx, wishes, 2);

	assert_fails(fx, request->data, request->len, NULL, PSM_E_REQUEST);
}

static void
test_issue_garbage_is_request(void **state)
{
	static const char *const garbage[] = {
		"", "0", "00", "\x30", "\x30\x80", "garbage", "AAAA", "MAA=",
		"-----BEGIN CERTIFICATE REQUEST-----\n"
	};
	static const unsigned char empty[] = { 0x30, 0x00 };
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		assert_fails(fx, garbage[i], strlen(garbage[i]), NULL,
		             PSM_E_REQUEST);
	assert_fails(fx, empty, sizeof empty, NULL, PSM_E_REQUEST);
}

static void
test_issue_cut_or_changed_request_is_never_granted(void **state)
{
	struct fixture *fx = *state;
	struct wish wish = alice;

	for (int p10 = 0; p10 < 2; p10++) {
		nu_auto(SECItem) request = NULL;

		wish.as_p10 = p10;
		request = p10 ? make_msg(fx, &wish) : make_crmf(fx, &wish, 1);
		for (unsigned len = 0; len < request->len; len++)
			assert_fails(fx, request->data, len, NULL,
			             PSM_E_REQUEST);
		for (unsigned i = 0; i < request->len; i++) {
			struct ca_answer *answer = NULL;
			enum psm_err err;

			request->data[i] ^= 0x04;
			err = ca_issue(fx->ca, request->data, request->len,
			               NULL, &answer);
			if (err == PSM_OK)
				assert_int_equal(answer->n_issued, 0);
			else
				assert_int_equal(err, PSM_E_REQUEST);
			ca_answer_free(answer);
			request->data[i] ^= 0x04;
		}
	}
}

static void
test_issue_bad_options_are_argument(void **state)
{
	static const struct ca_refusal refusal = { .id = "7x" };
	static const struct ca_options bad[] = {
		{ .email = "nobody" }, { .email = "@x" }, { .email = "x@" },
		{ .email = "a b@c" }, { .email = "" }, { .email = "\xc3@c" },
		{ .id = "" }, { .id = "-" }, { .id = "1.0" },
		{ .refusals = &refusal, .n_refusals = 1 },
		{ .dialect = (enum ca_dialect)5 }
	};
	struct fixture *fx = *state;
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_fails(fx, request->data, request->len, &bad[i],
		             PSM_E_ARGUMENT);
}

static void
test_issue_without_an_authority_is_argument(void **state)
{
	struct fixture *fx = *state;
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);
	struct ca_answer *answer = NULL;
	struct ca *ca = ca_new();

	assert_int_equal(ca_issue(ca, request->data, request->len, NULL,
	                          &answer), PSM_E_ARGUMENT);
	assert_null(answer);
	ca_free(ca);
}

static void
test_issue_locked_database_is_password(void **state)
{
	struct fixture *fx = *state;
	const struct ca_params params = { .subject = "CN=Locked",
		.nickname = "locked", .key_type = PSM_KEY_EC };
	nu_auto(SECItem) request = make_crmf(fx, &alice, 1);
	struct ca *ca = ca_new();

	assert_int_equal(PK11_ChangePW(fx->slot, "", "secret"), SECSuccess);
	assert_int_equal(PK11_Logout(fx->slot), SECSuccess);
	assert_fails(fx, request->data, request->len, NULL, PSM_E_PASSWORD);
	assert_int_equal(ca_open(ca, NULL), PSM_E_PASSWORD);
	assert_int_equal(ca_init(ca, &params), PSM_E_PASSWORD);
	assert_int_equal(PK11_CheckUserPassword(fx->slot, "secret"),
	                 SECSuccess);
	assert_int_equal(PK11_ChangePW(fx->slot, "secret", ""), SECSuccess);
	{
		auto_reply reply = ask(fx, request, NULL);

		assert_int_equal(reply.answer->n_issued, 1);
	}
	ca_free(ca);
}

static void
test_free_of_null_is_fine(void **state)
{
	(void)state;
	ca_free(NULL);
	ca_answer_free(NULL);
}

/* --- fixture ------------------------------------------------------------ */

static int
setup(void **state)
{
	static const struct ca_params params = { .subject = "CN=Root,O=Test",
		                                 .key_type = PSM_KEY_EC };
	static struct fixture fx = { .dir = "/tmp/test_ca.XXXXXX" };

	if (mkdtemp(fx.dir) == NULL ||
	    nu_open(fx.dir, PR_FALSE, 1000) != SECSuccess)
		return -1;
	fx.slot = PK11_GetInternalKeySlot();
	if (fx.slot == NULL || PK11_InitPin(fx.slot, NULL, "") != SECSuccess)
		return -1;
	fx.ca = ca_new();
	if (fx.ca == NULL || ca_init(fx.ca, &params) != PSM_OK)
		return -1;
	*state = &fx;
	return 0;
}

/* nu_close() fails when anything of NSS's is still held. */
static int
teardown(void **state)
{
	struct fixture *fx = *state;
	char output[OUTPUT_SIZE];

	ca_free(fx->ca);
	PK11_FreeSlot(fx->slot);
	if (nu_close() != SECSuccess)
		return -1;
	return shell(fx, output, "rm -rf %s", fx->dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init_rsa_makes_a_trusted_root),
		cmocka_unit_test(test_init_taken_nickname_is_exists),
		cmocka_unit_test(test_init_bad_params_are_argument),
		cmocka_unit_test(test_init_failed_write_leaves_nothing),
		cmocka_unit_test(test_open_finds_what_init_made),
		cmocka_unit_test(test_open_wrong_nickname_is_not_found),
		cmocka_unit_test(test_open_user_certificate_is_not_found),
		cmocka_unit_test(test_open_authority_without_key_is_not_found),
		cmocka_unit_test(
			test_issue_client_certificate_follows_the_profile),
		cmocka_unit_test(
			test_issue_every_dialect_carries_the_certificate),
		cmocka_unit_test(
			test_issue_pem_answer_satisfies_openssl_and_certutil),
		cmocka_unit_test(test_issue_pkcs7_answer_holds_leaf_and_root),
		cmocka_unit_test(test_issue_no_ca_pubs_leaves_the_root_out),
		cmocka_unit_test(test_issue_pkcs10_is_answered_with_its_id),
		cmocka_unit_test(test_issue_requests_of_other_tools_are_read),
		cmocka_unit_test(
			test_issue_key_usage_is_cut_to_what_the_key_permits),
		cmocka_unit_test(
			test_issue_rsa_key_gets_encipherment_by_default),
		cmocka_unit_test(
			test_issue_email_becomes_a_subject_alternative_name),
		cmocka_unit_test(test_issue_server_is_for_its_names_alone),
		cmocka_unit_test(
			test_issue_server_without_a_fine_name_is_argument),
		cmocka_unit_test(test_issue_authority_only_when_allowed),
		cmocka_unit_test(
			test_issue_below_limited_authority_respects_path),
		cmocka_unit_test(
			test_issue_chain_satisfies_openssl_and_certutil),
		cmocka_unit_test(test_issue_serials_are_random_and_16_octets),
		cmocka_unit_test(test_issue_validity_ends_with_the_authority),
		cmocka_unit_test(test_issue_impossible_validity_is_argument),
		cmocka_unit_test(test_issue_from_2050_on_is_generalized_time),
		cmocka_unit_test(test_issue_refusal_by_id_spares_the_others),
		cmocka_unit_test(test_issue_refusal_of_all_sends_no_authority),
		cmocka_unit_test(test_issue_tampered_proof_is_bad_pop),
		cmocka_unit_test(test_issue_other_proofs_are_bad_pop),
		cmocka_unit_test(test_issue_weak_or_odd_key_is_bad_alg),
		cmocka_unit_test(test_issue_bad_subject_is_bad_cert_template),
		cmocka_unit_test(
			test_issue_subject_of_the_authority_is_bad_cert_template),
		cmocka_unit_test(test_issue_text_in_a_subject_is_text),
		cmocka_unit_test(
			test_issue_too_many_emails_are_bad_cert_template),
		cmocka_unit_test(test_issue_two_requests_of_one_id_are_refused),
		cmocka_unit_test(test_issue_garbage_is_request),
		cmocka_unit_test(
			test_issue_cut_or_changed_request_is_never_granted),
		cmocka_unit_test(test_issue_bad_options_are_argument),
		cmocka_unit_test(test_issue_without_an_authority_is_argument),
		cmocka_unit_test(test_issue_locked_database_is_password),
		cmocka_unit_test(test_free_of_null_is_fine),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

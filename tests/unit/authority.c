/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* authority.c - an authority, for the tests of ca.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <cert.h>
#include <certdb.h> /* needs cert.h before it */

#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_init.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"
#include "tests/unit/authority.h"

int
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

void
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

void
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

void
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

void
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

SECItem *
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

SECItem *
make_msg(const struct fixture *fx, const struct wish *wish)
{
	nu_auto(SECItem) subject = nu_name_from_text(wish->subject);

	assert_non_null(subject);
	return make_msg_named(fx, wish, subject);
}

SECItem *
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

const struct wish alice = { .id = "7", .subject = "CN=Alice,O=Test",
	                           .type = ecKey, .bits = 256 };

void
reply_clear(struct reply *reply)
{
	nu_cert_rep_free(reply->rep);
	ca_answer_free(reply->answer);
}

struct reply
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

struct reply
ask_for(struct fixture *fx, const struct wish *wish,
        const struct ca_options *options)
{
	nu_auto(SECItem) request = wish->as_p10 ? make_msg(fx, wish) :
	                                          make_crmf(fx, wish, 1);

	return ask(fx, request, options);
}

void
assert_refused(const struct reply *reply, size_t i, enum ca_fail fail)
{
	const struct nu_cert_response *response = &reply->rep->responses[i];

	assert_int_equal(response->status, NU_STATUS_REJECTION);
	assert_int_equal(response->fail_info, 1ul << fail);
	assert_int_equal(response->n_texts, 1);
	assert_null(response->cert.data);
}

void
assert_fails(struct fixture *fx, const void *request, size_t len,
             const struct ca_options *options, enum psm_err expected)
{
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(fx->ca, request, len, options, &answer),
	                 expected);
	assert_null(answer);
	assert_string_not_equal(ca_errmsg(fx->ca), "");
}

void
import(struct fixture *fx, const SECItem *der, const char *nickname)
{
	nu_auto(CERTCertificate) cert = CERT_NewTempCertificate(
		CERT_GetDefaultCertDB(), (SECItem *)der, NULL, PR_FALSE,
		PR_TRUE);

	assert_non_null(cert);
	assert_int_equal(PK11_ImportCert(fx->slot, cert, CK_INVALID_HANDLE,
	                                 nickname, PR_FALSE), SECSuccess);
}

int
authority_setup(void **state)
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

int
authority_teardown(void **state)
{
	struct fixture *fx = *state;
	char output[OUTPUT_SIZE];

	ca_free(fx->ca);
	PK11_FreeSlot(fx->slot);
	if (nu_close() != SECSuccess)
		return -1;
	return shell(fx, output, "rm -rf %s", fx->dir);
}

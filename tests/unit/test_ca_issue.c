/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_issue.c - what the small authority grants. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "nssutil/nu_b64.h"
#include "nssutil/nu_key.h"
#include "tests/unit/authority.h"

/* --- helpers ------------------------------------------------------------- */

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

/* --- what is granted ----------------------------------------------------- */

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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, authority_setup,
	                              authority_teardown);
}

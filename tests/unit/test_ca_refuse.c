/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_refuse.c - what the small authority refuses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "nssutil/nu_crmf.h"
#include "tests/unit/authority.h"

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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
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

	return cmocka_run_group_tests(tests, authority_setup,
	                              authority_teardown);
}

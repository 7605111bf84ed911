/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_import_any.c - psm_import: whatever a CA sends, and who protects it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"
#include "tests/unit/cmp.h"
#include "tests/unit/hostile.h"
#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct psm_import *
must_import(struct store *st, const void *data, size_t len,
            const struct psm_import_options *options)
{
	struct psm_import *import = NULL;

	assert_psm(st, psm_import(st->ctx, data, len, options, &import),
	           PSM_OK);
	assert_non_null(import);
	return import;
}

/* Fails with this error, changes nothing and reports none. */
static void
assert_any_refused(struct store *st, const void *data, size_t len,
                   const struct psm_import_options *options,
                   enum psm_err expected)
{
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_import *import = NULL;

	assert_psm(st, psm_import(st->ctx, data, len, options, &import),
	           expected);
	assert_null(import);
	assert_true(*psm_errmsg(st->ctx) != '\0');
	store_assert_unchanged(st, before);
}

/* What came in, and how it was matched. */
static void
assert_imported(const struct psm_import *import, enum psm_form form,
                enum psm_matched matched, size_t n_chain)
{
	assert_int_equal(psm_import_form(import), form);
	assert_int_equal(psm_import_count(import), 1);
	assert_int_equal(psm_import_get(import, 0)->matched, matched);
	assert_true(psm_import_get(import, 0)->cert.has_key);
	assert_int_equal(psm_import_chain_count(import), n_chain);
}

static SECItem
ca_cert(const struct store *st)
{
	size_t len;
	const unsigned char *der = ca_cert_der(st->ca, &len);

	return (SECItem){ siBuffer, (unsigned char *)der, (unsigned)len };
}

/* --- messages by hand ---------------------------------------------------- */

static SECItem *
make_netscape(PLArenaPool *a, const SECItem *one, const SECItem *other)
{
	SECOidData *oid = SECOID_FindOIDByTag(SEC_OID_NS_TYPE_CERT_SEQUENCE);

	return nu_der_make(a, NU_SEQUENCE,
	                   nu_der_make_octets(a, NU_OID, oid->oid.data,
	                                      oid->oid.len),
	                   cmp_explicit(a, 0, nu_der_make(a, NU_SEQUENCE, one,
	                                              other)));
}

#define auto_arena nu_auto(PLArenaPool) arena = \
	PORT_NewArena(DER_DEFAULT_CHUNKSIZE)

/* --- every form ---------------------------------------------------------- */

static void
test_import_cert_rep_in_text_or_der_goes_by_id(void **state)
{
	struct store *st = *state;

	for (int dialect = CA_DIALECT_CMMF; dialect <= CA_DIALECT_UNTAGGED;
	     dialect++) {
		for (int as_der = 0; as_der < 2; as_der++) {
			auto_arena;
			auto_of(psm_request) *request = store_request(
			        st, "CN=Alice,O=Acme", PSM_KEY_EC);
			nu_auto_mem char *text = store_answer(
			        st, request, (enum ca_dialect)dialect);
			SECItem *der = cmp_body_of(arena, text);
			auto_of(psm_import) *import = must_import(
			        st, as_der ? (void *)der->data : text,
			        as_der ? der->len : strlen(text), NULL);

			assert_imported(import, PSM_FORM_CERT_REP,
			                PSM_MATCHED_ID, 1);
			assert_int_equal(psm_import_protection(import),
			                 PSM_PROTECTION_NONE);
			assert_int_equal(store_pending_state(st, request->id),
			                 -1);
		}
	}
}

static void
test_import_message_of_each_kind_is_matched_by_id(void **state)
{
	static const unsigned kinds[] = { 1, 3, 8 };
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		auto_arena;
		auto_of(psm_request) *request =
		        store_request(st, "CN=Bob,O=Acme", PSM_KEY_EC);
		nu_auto_mem char *text =
		        store_answer(st, request, CA_DIALECT_CMP);
		struct cmp_message m = { .choice = kinds[i],
			             .body = cmp_body_of(arena, text) };
		SECItem *der = cmp_make(arena, &m);
		auto_of(psm_import) *import =
		        must_import(st, der->data, der->len, NULL);

		assert_imported(import, PSM_FORM_PKI_MESSAGE, PSM_MATCHED_ID,
		                1);
		assert_string_equal(psm_import_get(import, 0)->request_id,
		                    store_decimal(request->id));
	}
}

/* A certificate that only the request's key opens, in a message. */
static void
import_sealed(struct store *st, enum psm_key_type type,
              enum ca_encrypt encrypt)
{
	const struct psm_request_params params = {
		.subject = "CN=Eve,O=Acme",
		.key_type = type,
		.key_usage = type == PSM_KEY_RSA ? PSM_USAGE_KEY_ENCIPHERMENT
		                                 : PSM_USAGE_KEY_AGREEMENT,
	};
	const struct ca_options options = { .dialect = CA_DIALECT_CMP,
		                            .encrypt = encrypt };
	struct cmp_message m = { .choice = 1 }; /* ip */
	auto_of(psm_request) *request = NULL;
	auto_of(psm_import) *import = NULL;
	nu_auto_mem char *rep = NULL;
	auto_arena;
	SECItem *der;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	rep = store_answer_with(st, request, &options);
	m.body = cmp_body_of(arena, rep);
	der = cmp_make(arena, &m);
	import = must_import(st, der->data, der->len, NULL);
	assert_imported(import, PSM_FORM_PKI_MESSAGE, PSM_MATCHED_ID, 1);
	assert_int_equal(store_pending_state(st, request->id), -1);
	psm_import_free(import);
	import = NULL; /* once more, there is no such request */
	assert_any_refused(st, der->data, der->len, NULL, PSM_E_REQUEST_ID);
}

static void
test_import_message_with_a_sealed_certificate_is_opened(void **state)
{
	import_sealed(*state, PSM_KEY_RSA, CA_ENCRYPT_VALUE);
	import_sealed(*state, PSM_KEY_RSA, CA_ENCRYPT_CMS);
	import_sealed(*state, PSM_KEY_EC, CA_ENCRYPT_CMS);
}

static void
test_import_certificates_in_each_form_are_matched_by_key(void **state)
{
	static const struct {
		enum ca_dialect dialect;
		enum psm_form form;
	} cases[] = {
		{ CA_DIALECT_PKCS7, PSM_FORM_PKCS7 },
		{ CA_DIALECT_CERT, PSM_FORM_CERTIFICATES },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_of(psm_request) *request =
		        store_request(st, "CN=Carol,O=Acme", PSM_KEY_RSA);
		nu_auto_mem char *text =
		        store_answer(st, request, cases[i].dialect);
		auto_of(psm_import) *import =
		        must_import(st, text, strlen(text), NULL);

		assert_imported(import, cases[i].form, PSM_MATCHED_KEY, 1);
		assert_null(psm_import_get(import, 0)->request_id);
		assert_int_equal(psm_import_get(import, 0)->warnings, 0);
		assert_int_equal(store_pending_state(st, request->id), -1);
	}
}

static void
test_import_netscape_sequence_is_matched_by_key(void **state)
{
	struct store *st = *state;
	auto_arena;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Dora,O=Acme", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	SECItem ca = ca_cert(st);
	SECItem *der = make_netscape(arena, &ca, cert);
	nu_auto_mem char *text = nu_b64_encode(der);
	auto_of(psm_import) *import = must_import(st, der->data, der->len,
	                                          NULL);

	assert_imported(import, PSM_FORM_NETSCAPE_SEQUENCE, PSM_MATCHED_KEY, 1);
	store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
}

static void
test_import_one_certificate_again_is_no_error(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Eve,O=Acme", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);

	for (int again = 0; again < 2; again++) {
		auto_of(psm_import) *import =
		        must_import(st, cert->data, cert->len, NULL);

		assert_imported(import, PSM_FORM_CERTIFICATES, PSM_MATCHED_KEY,
		                0);
		assert_int_equal(psm_import_get(import, 0)->warnings,
		                 again ? PSM_WARN_ALREADY_STORED |
		                                 PSM_WARN_KEY_ELSEWHERE
		                       : 0);
	}
	assert_int_equal(store_count(st, "Eve's Acme ID"), 2);
}

/* importUserCertificates() reads a CertRepContent alone. */
static void
test_import_user_certificates_refuses_the_other_forms(void **state)
{
	static const enum ca_dialect dialects[] = { CA_DIALECT_PKCS7,
		                                    CA_DIALECT_CERT };
	struct store *st = *state;
	auto_arena;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Frank,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *rep = store_answer(st, request, CA_DIALECT_CMP);
	struct cmp_message m = { .body = cmp_body_of(arena, rep) };
	nu_auto_mem char *message = nu_b64_encode(cmp_make(arena, &m));

	store_assert_refused(st, message, 0, PSM_E_CERTIFICATE);
	for (size_t i = 0; i < COUNT(dialects); i++) {
		nu_auto_mem char *text = store_answer(st, request, dialects[i]);

		store_assert_refused(st, text, 0, PSM_E_CERTIFICATE);
		store_assert_refused(st, text, PSM_MATCH_BY_KEY,
		                     PSM_E_CERTIFICATE);
	}
}

static void
test_import_nickname_and_flags_are_used(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Gus,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_PKCS7);
	struct psm_import_options options = {
		.nickname = "Gus at work", .flags = PSM_IMPORT_FORCE_BACKUP
	};
	auto_of(psm_import) *import = NULL;

	st->user.target_answer = PSM_ANSWER_NONE;
	assert_any_refused(st, text, strlen(text), &options, PSM_E_CANCELLED);
	options.flags = 0;
	st->user.confirm_answer = PSM_ANSWER_NO;
	assert_any_refused(st, text, strlen(text), &options, PSM_E_CANCELLED);
	st->user.confirm_answer = PSM_ANSWER_YES;
	import = must_import(st, text, strlen(text), &options);
	assert_string_equal(psm_import_get(import, 0)->cert.nickname,
	                    "Gus at work");
}

/* --- whose is it? -------------------------------------------------------- */

static void
test_import_certificates_without_a_key_here_are_refused(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Hal,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_PKCS7);
	auto_of(fresh_authority) other = fresh_authority("CN=Other", NULL);

	assert_any_refused(st, other.cert->data, other.cert->len, NULL,
	                   PSM_E_REQUEST_ID);
	assert_psm(st, psm_request_cancel(st->ctx, request->id,
	                                  PSM_CANCEL_DELETE_KEY), PSM_OK);
	assert_any_refused(st, text, strlen(text), NULL, PSM_E_REQUEST_ID);
	assert_any_refused(st, text, strlen(text),
	                   &(struct psm_import_options){
	                           .flags = PSM_MATCH_BY_KEY },
	                   PSM_E_REQUEST_ID);
}

/* The authority of the tests has its key in this very store. */
static void
test_import_ca_certificate_not_asked_for_is_refused(void **state)
{
	struct store *st = *state;
	SECItem ca = ca_cert(st);
	struct psm_import_options allow = { .flags = PSM_IMPORT_ALLOW_CA };
	auto_of(psm_import) *import = NULL;

	assert_any_refused(st, ca.data, ca.len, NULL, PSM_E_CERTIFICATE);
	assert_says(st, "CA's, which was not asked for");
	import = must_import(st, ca.data, ca.len, &allow);
	assert_imported(import, PSM_FORM_CERTIFICATES, PSM_MATCHED_KEY, 0);
}

static void
test_import_ca_certificate_asked_for_is_the_users(void **state)
{
	struct store *st = *state;
	struct psm_request_params params = { .subject = "CN=Sub CA,O=Acme",
		                             .key_type = PSM_KEY_EC,
		                             .flags = PSM_REQUEST_CA };
	struct ca_options options = { .dialect = CA_DIALECT_PKCS7,
		                      .allow_ca = true };
	auto_of(psm_request) *request = NULL;
	auto_of(psm_import) *import = NULL;
	nu_auto_mem char *text = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	text = store_answer_with(st, request, &options);
	import = must_import(st, text, strlen(text), NULL);
	assert_imported(import, PSM_FORM_PKCS7, PSM_MATCHED_KEY, 1);
	assert_true(psm_import_get(import, 0)->cert.is_ca);
	assert_int_equal(store_pending_state(st, request->id), -1);
}

static void
test_import_several_users_and_doubles_come_in_once(void **state)
{
	struct store *st = *state;
	auto_arena;
	auto_of(psm_request) *one =
	        store_request(st, "CN=Ida,O=Acme", PSM_KEY_EC);
	auto_of(psm_request) *two =
	        store_request(st, "CN=Jim,O=Acme", PSM_KEY_RSA);
	nu_auto(SECItem) a = store_issue(st, one, NULL);
	nu_auto(SECItem) b = store_issue(st, two, NULL);
	SECItem ca = ca_cert(st);
	SECItem *all = nu_der_make(arena, NU_SEQUENCE, &ca, a, b, a, &ca);
	auto_of(psm_import) *import = NULL;

	import = must_import(st, all->data + all->len - 2 * (a->len + ca.len) -
	                                 b->len,
	                     2 * (a->len + ca.len) + b->len, NULL);
	assert_int_equal(psm_import_count(import), 2);
	assert_int_equal(psm_import_chain_count(import), 1);
	assert_int_equal(store_pending_state(st, one->id), -1);
	assert_int_equal(store_pending_state(st, two->id), -1);
}

/* Anybody can add to extraCerts: what issued nothing here stays outside. */
static void
test_import_extra_certs_come_along_as_issuers_alone(void **state)
{
	struct store *st = *state;
	auto_arena;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Kim,O=Acme", PSM_KEY_EC);
	auto_of(fresh_authority) root = fresh_authority("CN=Root", NULL);
	auto_of(fresh_authority) stray = fresh_authority("CN=Root", NULL);
	auto_of(fresh_authority) sub = fresh_authority("CN=Sub", NULL);
	nu_auto(SECItem) spki = fresh_spki(&sub.key);
	struct fresh_spec spec = { .spki = *spki, .subject = *sub.name,
		                   .issuer = *root.name, .by = &root.key,
		                   .serial = 5, .is_ca = PR_TRUE };
	nu_auto(SECItem) middle = fresh_cert_from(&spec);
	nu_auto(SECItem) cert = store_foreign_cert(request, &sub, NULL);
	nu_auto_mem char *text =
	        store_grant(store_decimal(request->id), cert);
	struct cmp_message m = { .body = cmp_body_of(arena, text),
		             .extra = { stray.cert, root.cert, middle } };
	SECItem *der = cmp_make(arena, &m);
	auto_of(psm_import) *import =
	        must_import(st, der->data, der->len, NULL);

	assert_imported(import, PSM_FORM_PKI_MESSAGE, PSM_MATCHED_ID, 2);
	assert_int_equal(psm_import_get(import, 0)->warnings, 0);
	assert_string_equal(psm_import_chain_get(import, 0)->cert.subject,
	                    "CN=Sub");
	assert_int_equal(psm_import_chain_get(import, 1)->cert.der_len,
	                 root.cert->len);
	assert_memory_equal(psm_import_chain_get(import, 1)->cert.der,
	                    root.cert->data, root.cert->len);
}

/* --- refusals ------------------------------------------------------------ */

static SECItem *
make_texts(PLArenaPool *a, const char *text)
{
	return nu_der_make(a, NU_SEQUENCE,
	                   nu_der_make_text(a, NU_UTF8_STRING, text));
}

static void
test_import_error_message_is_told_in_its_words(void **state)
{
	struct store *st = *state;
	auto_arena;
	SECItem *status = nu_der_make(arena, NU_SEQUENCE,
	                              nu_der_make_long(arena, 2),
	                              make_texts(arena, "no dues paid"),
	                              nu_der_make_named_bits(arena, 1ul << 1));
	struct cmp_message m = { .choice = 23 };
	SECItem *der;

	m.body = nu_der_make(arena, NU_SEQUENCE, status,
	                     nu_der_make_long(arena, 7),
	                     make_texts(arena, "since May"));
	der = cmp_make(arena, &m);
	assert_any_refused(st, der->data, der->len, NULL, PSM_E_CERTIFICATE);
	assert_says(st, "rejected");
	assert_says(st, "no dues paid; since May");
	assert_says(st, "badMessageCheck");
}

static void
test_import_rejection_in_a_message_is_told_in_its_words(void **state)
{
	struct store *st = *state;
	auto_arena;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Liz,O=Acme", PSM_KEY_EC);
	struct store_response response = { .id = store_decimal(request->id),
		                           .status = 3,
		                           .text = "come back on Monday" };
	nu_auto_mem char *text =
	        store_rep(NU_DIALECT_CMP, &response, 1, NULL, 0);
	struct cmp_message m = { .body = cmp_body_of(arena, text) };
	SECItem *der = cmp_make(arena, &m);

	assert_any_refused(st, der->data, der->len, NULL, PSM_E_CERTIFICATE);
	assert_says(st, "waiting, \"come back on Monday\"");
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
}

static void
test_import_message_of_another_kind_is_refused(void **state)
{
	struct store *st = *state;
	auto_arena;
	SECItem *null = nu_der_make_octets(arena, NU_NULL, NULL, 0);
	struct cmp_message m = { .choice = 19, .body = null };
	SECItem *der = cmp_make(arena, &m);

	assert_any_refused(st, der->data, der->len, NULL, PSM_E_CERTIFICATE);
	assert_says(st, "kind 19");
}

static void
test_import_what_is_nothing_is_refused(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
		{ "", 0 }, { "0", 1 }, { "\x30\x80", 2 }, { "\x30\0", 2 },
		{ "hello", 5 }, { "MAA=", 4 }, { "\0", 1 }, { "    ", 4 },
		{ "-----BEGIN CERTIFICATE-----", 27 },
		{ "-----BEGIN A-----\nMAA=\n-----END A-----", 38 },
		{ "\x30\x06\x30\x01\x01\x30\x01\x01", 8 },
		{ "\x30\x06\x30\x01\x01\xa1\x01\x01", 8 },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_any_refused(st, cases[i].data, cases[i].len, NULL,
		                   PSM_E_CERTIFICATE);
	assert_any_refused(st, NULL, 0, NULL, PSM_E_ARGUMENT);
}

static void
test_import_limits_hold_for_each_form(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Max,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_PKCS7);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);

	psm_set_limits(st->ctx, 0, 1); /* the CA's is there too */
	assert_any_refused(st, text, strlen(text), NULL, PSM_E_CERTIFICATE);
	assert_says(st, "too many");
	psm_set_limits(st->ctx, strlen(text) - 1, 2);
	assert_any_refused(st, text, strlen(text), NULL, PSM_E_CERTIFICATE);
	assert_says(st, "longer than");
	psm_set_limits(st->ctx, 4, 2);
	assert_any_refused(st, cert->data, cert->len, NULL, PSM_E_CERTIFICATE);
	assert_says(st, "longer than 3 octets");
}

static void
import_variant(const struct hostile *variant, void *arg)
{
	struct store *st = arg;
	struct psm_import *import = NULL;
	enum psm_err err;

	if (variant->at % 7 != 0 && strcmp(variant->what, "cut") != 0)
		return; /* enough of them */
	err = psm_import(st->ctx, variant->der.data, variant->der.len, NULL,
	                 &import);
	assert_int_not_equal(err, PSM_E_INTERNAL);
	assert_int_not_equal(err, PSM_E_STORE);
	psm_import_free(import);
}

/* The user refuses every plan, so that nothing may change. */
static void
test_import_spoilt_answers_change_nothing(void **state)
{
	struct store *st = *state;
	auto_arena;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Nan,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *rep = store_answer(st, request, CA_DIALECT_CMP);
	nu_auto_mem char *p7 = store_answer(st, request, CA_DIALECT_PKCS7);
	struct cmp_message m = { .body = cmp_body_of(arena, rep) };
	nu_auto_mem char *before = store_snapshot(st);

	st->user.confirm_answer = PSM_ANSWER_NO;
	(void)hostile_each(cmp_make(arena, &m), import_variant, st);
	(void)hostile_each(cmp_body_of(arena, p7), import_variant, st);
	store_assert_unchanged(st, before);
}

/* --- protection ---------------------------------------------------------- */

/* An answer that a server signed whose certificate the authority issued. */
struct signed_answer {
	PLArenaPool *arena;
	struct psm_request *request;
	struct fresh_authority ca;
	struct fresh_key server;
	SECItem *server_cert;
	SECItem *der;
};

/* spec sets what differs in the server's certificate; sender NULL: its
 * subject. */
static void
sign_answer(struct store *st, struct signed_answer *sa,
            const struct fresh_spec *differs, const SECItem *sender)
{
	nu_auto(SECItem) spki = NULL;
	nu_auto(SECItem) name = fresh_name("CN=server,O=Acme");
	nu_auto_mem char *text = NULL;
	struct fresh_spec spec = { .serial = 9 };
	struct cmp_message m = { .sender = sender != NULL ? sender : name };

	sa->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	sa->request = store_request(st, "CN=Otto,O=Acme", PSM_KEY_EC);
	sa->ca = fresh_authority("CN=Their CA", NULL);
	sa->server = fresh_key(ecKey, 256);
	if (differs != NULL)
		spec = *differs;
	spki = fresh_spki(&sa->server);
	spec.spki = *spki;
	spec.subject = *name;
	spec.issuer = *sa->ca.name;
	if (spec.by == NULL)
		spec.by = &sa->ca.key;
	sa->server_cert = fresh_cert_from(&spec);
	text = store_answer(st, sa->request, CA_DIALECT_CMP);
	m.body = cmp_body_of(sa->arena, text);
	m.by = &sa->server;
	m.extra[0] = sa->server_cert;
	sa->der = cmp_make(sa->arena, &m);
}

static void
signed_answer_clear(struct signed_answer *sa)
{
	PORT_FreeArena(sa->arena, PR_FALSE);
	psm_request_free(sa->request);
	fresh_authority_free(&sa->ca);
	fresh_key_free(&sa->server);
	SECITEM_FreeItem(sa->server_cert, PR_TRUE);
}
#define auto_signed \
	__attribute__((cleanup(signed_answer_clear))) struct signed_answer

static struct psm_import_options
signer(const SECItem *cert)
{
	return (struct psm_import_options){ .signer = cert->data,
		                            .signer_len = cert->len };
}

static void
assert_protection(struct store *st, const struct signed_answer *sa,
                  const struct psm_import_options *options,
                  enum psm_protection expected)
{
	auto_of(psm_import) *import =
	        must_import(st, sa->der->data, sa->der->len, options);

	assert_imported(import, PSM_FORM_PKI_MESSAGE, PSM_MATCHED_ID, 1);
	assert_int_equal(psm_import_protection(import), expected);
}

static void
test_import_message_without_signer_is_unchecked(void **state)
{
	struct store *st = *state;
	auto_signed sa;

	sign_answer(st, &sa, NULL, NULL);
	assert_protection(st, &sa, NULL, PSM_PROTECTION_UNCHECKED);
}

static void
test_import_message_by_the_signer_is_verified(void **state)
{
	struct store *st = *state;
	struct psm_import_options options;
	auto_signed sa;

	sign_answer(st, &sa, NULL, NULL);
	options = signer(sa.server_cert);
	assert_protection(st, &sa, &options, PSM_PROTECTION_VERIFIED);
}

static void
test_import_message_signer_may_be_pem(void **state)
{
	struct store *st = *state;
	struct psm_import_options options = { .secret = "no use here" };
	nu_auto_mem char *pem = NULL;
	auto_signed sa;

	sign_answer(st, &sa, NULL, NULL);
	pem = nu_pem_encode("CERTIFICATE", sa.server_cert);
	options.signer = pem;
	options.signer_len = strlen(pem);
	assert_protection(st, &sa, &options, PSM_PROTECTION_VERIFIED);
}

static void
test_import_message_by_whom_signer_certified_is_verified(void **state)
{
	struct store *st = *state;
	struct psm_import_options options;
	auto_signed sa;

	sign_answer(st, &sa, NULL, NULL);
	options = signer(sa.ca.cert);
	assert_protection(st, &sa, &options, PSM_PROTECTION_VERIFIED);
}

static void
test_import_message_by_another_signer_is_refused(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Their CA", NULL);
	struct psm_import_options options = signer(other.cert);
	struct psm_import_options secret = { .secret = "word" };
	auto_signed sa;

	sign_answer(st, &sa, NULL, NULL);
	assert_any_refused(st, sa.der->data, sa.der->len, &options,
	                   PSM_E_MESSAGE);
	assert_any_refused(st, sa.der->data, sa.der->len, &secret,
	                   PSM_E_MESSAGE);
	options = signer(sa.server_cert);
	sa.der->data[sa.der->len / 2] ^= 1;
	assert_int_not_equal(psm_import(st->ctx, sa.der->data, sa.der->len,
	                                &options, NULL), PSM_OK);
	assert_int_equal(store_pending_state(st, sa.request->id), PSM_PENDING);
}

/* A certificate of extraCerts speaks for the CA only if it is the sender's, and
 * valid, and the CA's. */
static void
test_import_message_by_a_wrong_extra_cert_is_refused(void **state)
{
	struct store *st = *state;
	PRTime now = PR_Now(), hour = (PRTime)3600 * PR_USEC_PER_SEC;
	auto_of(fresh_authority) other = fresh_authority("CN=Their CA", NULL);
	nu_auto(SECItem) name = fresh_name("CN=somebody else");
	const struct {
		struct fresh_spec spec;
		const SECItem *sender;
	} cases[] = {
		{ { .serial = 9 }, name },
		{ { .serial = 9, .by = &other.key }, NULL },
		{ { .serial = 9, .bad_signature = PR_TRUE }, NULL },
		{ { .serial = 9, .not_before = now - 2 * hour,
		    .not_after = now - hour }, NULL },
		{ { .serial = 9, .not_before = now + hour,
		    .not_after = now + 2 * hour }, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct psm_import_options options;
		auto_signed sa;

		sign_answer(st, &sa, &cases[i].spec, cases[i].sender);
		options = signer(sa.ca.cert);
		assert_any_refused(st, sa.der->data, sa.der->len, &options,
		                   PSM_E_MESSAGE);
		options = signer(sa.server_cert);
		assert_protection(st, &sa, &options, PSM_PROTECTION_VERIFIED);
	}
}

static void
test_import_signer_that_is_no_certificate_is_refused(void **state)
{
	struct store *st = *state;
	SECItem nonsense = { siBuffer, (unsigned char *)"\x30\x03\x02\x01\x01",
		             5 };
	struct psm_import_options options;
	auto_signed sa;

	sign_answer(st, &sa, NULL, NULL);
	for (unsigned len = 0; len <= nonsense.len; len++) {
		nonsense.len = len;
		options = signer(&nonsense);
		assert_any_refused(st, sa.der->data, sa.der->len, &options,
		                   PSM_E_ARGUMENT);
		nonsense.len = 5;
	}
}

/* Who gives a secret wants protection, which any form but one cannot have. */
static void
test_import_unprotected_with_a_secret_is_refused(void **state)
{
	static const enum ca_dialect dialects[] = {
		CA_DIALECT_CMP, CA_DIALECT_PKCS7, CA_DIALECT_CERT
	};
	struct store *st = *state;
	struct psm_import_options options = { .secret = "word" };
	auto_arena;
	auto_of(psm_request) *request =
	        store_request(st, "CN=Pia,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *rep = store_answer(st, request, CA_DIALECT_CMP);
	struct cmp_message m = { .body = cmp_body_of(arena, rep) };
	SECItem *der = cmp_make(arena, &m);

	assert_any_refused(st, der->data, der->len, &options, PSM_E_MESSAGE);
	for (size_t i = 0; i < COUNT(dialects); i++) {
		nu_auto_mem char *text = store_answer(st, request, dialects[i]);

		assert_any_refused(st, text, strlen(text), &options,
		                   PSM_E_MESSAGE);
		assert_says(st, "not protected");
	}
}

/* As from a file that is empty: who protects an answer so is anybody. */
static void
test_import_with_an_empty_secret_is_refused(void **state)
{
	struct store *st = *state;
	const struct psm_import_options options = { .secret = "" };
	auto_of(psm_request) *request =
	        store_request(st, "CN=Pia,O=Acme", PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_CMP);

	assert_any_refused(st, text, strlen(text), &options, PSM_E_ARGUMENT);
	assert_says(st, "empty");
}

/* --- OpenSSL is the CA --------------------------------------------------- */

/* A message for request, protected by the secret "word"; NULL: OpenSSL cannot.
 * free() it. */
static char *
ask_openssl(struct store *st, const struct psm_request *request,
            const char *more, size_t *ret_len)
{
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	SECItem ca = ca_cert(st);
	nu_auto_mem char *cert_pem = nu_pem_encode("CERTIFICATE", cert);
	nu_auto_mem char *ca_pem = nu_pem_encode("CERTIFICATE", &ca);

	store_write_file(store_path(st, "cert.pem"), cert_pem,
	                 strlen(cert_pem));
	store_write_file(store_path(st, "ca.pem"), ca_pem, strlen(ca_pem));
	store_write_file(store_path(st, "csr"), request->text,
	                 strlen(request->text));
	(void)store_shell(st, "rm -f answer; openssl cmp -config '' -batch "
	                      "-recipient /CN=server -use_mock_srv -ref client "
	                      "-srv_ref server -secret pass:word -srv_secret "
	                      "pass:word -cmd p10cr -csr csr -certout out "
	                      "-rsp_cert cert.pem -rsp_capubs ca.pem "
	                      "-rspout answer %s >log 2>&1", more);
	return store_read_file(store_path(st, "answer"), ret_len);
}

static void
test_import_message_of_openssl_is_verified_by_its_secret(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request_p10(st, "CN=Quin,O=Acme");
	struct psm_import_options options = { .secret = "Word",
		                              .flags = PSM_MATCH_BY_KEY };
	auto_of(psm_import) *import = NULL;
	nu_auto_mem char *answer = NULL;
	size_t len = 0;

	answer = ask_openssl(st, request, "-statusstring welcome "
	                                  "-rsp_extracerts ca.pem", &len);
	if (answer == NULL)
		skip();
	assert_any_refused(st, answer, len, &options, PSM_E_MESSAGE);
	options.secret = "word";
	import = must_import(st, answer, len, &options);
	assert_imported(import, PSM_FORM_PKI_MESSAGE, PSM_MATCHED_KEY, 1);
	assert_int_equal(psm_import_protection(import),
	                 PSM_PROTECTION_VERIFIED);
	assert_string_equal(psm_import_get(import, 0)->status_text, "welcome");
}

static void
test_import_error_of_openssl_needs_no_protection(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request_p10(st, "CN=Rob,O=Acme");
	struct psm_import_options options = { .secret = "word" };
	static const char *const more[] = { "-send_error",
		                            "-send_error -send_unprotected" };

	for (size_t i = 0; i < COUNT(more); i++) {
		size_t len = 0;
		nu_auto_mem char *answer =
		        ask_openssl(st, request, more[i], &len);

		if (answer == NULL)
			skip();
		assert_any_refused(st, answer, len, &options,
		                   PSM_E_CERTIFICATE);
		assert_says(st, "error processing message");
		options.secret = "Word";
		assert_any_refused(st, answer, len, &options,
		                   i == 0 ? PSM_E_MESSAGE : PSM_E_CERTIFICATE);
		options.secret = "word";
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_import_cert_rep_in_text_or_der_goes_by_id),
		store_test(test_import_message_of_each_kind_is_matched_by_id),
		store_test(
		      test_import_message_with_a_sealed_certificate_is_opened),
		store_test(
		    test_import_certificates_in_each_form_are_matched_by_key),
		store_test(test_import_netscape_sequence_is_matched_by_key),
		store_test(test_import_one_certificate_again_is_no_error),
		store_test(
		    test_import_user_certificates_refuses_the_other_forms),
		store_test(test_import_nickname_and_flags_are_used),
		store_test(
		    test_import_certificates_without_a_key_here_are_refused),
		store_test(test_import_ca_certificate_not_asked_for_is_refused),
		store_test(test_import_ca_certificate_asked_for_is_the_users),
		store_test(test_import_several_users_and_doubles_come_in_once),
		store_test(test_import_extra_certs_come_along_as_issuers_alone),
		store_test(test_import_error_message_is_told_in_its_words),
		store_test(
		    test_import_rejection_in_a_message_is_told_in_its_words),
		store_test(test_import_message_of_another_kind_is_refused),
		store_test(test_import_what_is_nothing_is_refused),
		store_test(test_import_limits_hold_for_each_form),
		store_test(test_import_spoilt_answers_change_nothing),
		store_test(test_import_message_without_signer_is_unchecked),
		store_test(test_import_message_by_the_signer_is_verified),
		store_test(test_import_message_signer_may_be_pem),
		store_test(
		    test_import_message_by_whom_signer_certified_is_verified),
		store_test(test_import_message_by_another_signer_is_refused),
		store_test(
		    test_import_message_by_a_wrong_extra_cert_is_refused),
		store_test(
		    test_import_signer_that_is_no_certificate_is_refused),
		store_test(test_import_unprotected_with_a_secret_is_refused),
		store_test(test_import_with_an_empty_secret_is_refused),
		store_test(
		    test_import_message_of_openssl_is_verified_by_its_secret),
		store_test(test_import_error_of_openssl_needs_no_protection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

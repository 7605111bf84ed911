/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_import.c - what an answer may look like, and what becomes of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_b64.h"
#include "tests/unit/store.h"

enum { SMALL = 4096 };

/* A request and the CA's answer to it. */
struct deal {
	struct psm_request *request;
	char *answer;
};

static struct deal
deal_new(struct store *st, const char *subject)
{
	struct deal deal = { store_request(st, subject, PSM_KEY_EC), NULL };

	deal.answer = store_answer(st, deal.request, CA_DIALECT_CMMF);
	return deal;
}

static void
deal_clear(struct deal *deal)
{
	psm_request_free(deal->request);
	free(deal->answer);
}
#define auto_deal __attribute__((cleanup(deal_clear))) struct deal

static enum psm_err
import(struct store *st, const char *answer)
{
	return psm_import_user_certificates(st->ctx, answer, NULL, 0, NULL);
}

static void
assert_refused(struct store *st, const char *answer, enum psm_err expected)
{
	store_assert_refused(st, answer, 0, expected);
}

/* --- the main road --------------------------------------------------- */

static void
import_in_dialect(struct store *st, enum psm_key_type type,
                  enum ca_dialect dialect)
{
	auto_of(psm_request) *request =
	        store_request(st, "CN=Alice,O=People", type);
	nu_auto_mem char *answer = store_answer(st, request, dialect);
	auto_of(psm_import) *got = store_import(st, answer, NULL, 0);
	const struct psm_imported *one = psm_import_get(got, 0);

	assert_string_equal(psm_errmsg(st->ctx), "");
	assert_int_equal(psm_import_count(got), 1);
	assert_null(psm_import_get(got, 1));
	assert_string_equal(one->cert.nickname, "Alice's Acme ID");
	assert_string_equal(one->request_id, store_decimal(request->id));
	assert_int_equal(one->matched, PSM_MATCHED_ID);
	assert_int_equal(one->cert.key_type, type);
	assert_int_equal(one->warnings, 0);
	assert_true(one->cert.has_key);
	assert_null(psm_import_backup_path(got));
	assert_int_equal(store_pending_state(st, request->id), -1);
}

static void
test_import_each_dialect_and_key_kind_is_stored(void **state)
{
	for (int d = CA_DIALECT_CMMF; d <= CA_DIALECT_UNTAGGED; d++) {
		import_in_dialect(*state, PSM_KEY_EC, (enum ca_dialect)d);
		import_in_dialect(*state, PSM_KEY_RSA, (enum ca_dialect)d);
	}
	assert_int_equal(store_count(*state, "cert [Alice's Acme ID]"), 6);
	assert_int_equal(store_count(*state, "key [Alice's Acme ID]"), 6);
	assert_int_equal(store_count(*state, "pending:"), 0);
}

static void
test_import_of_what_was_returned_without_wanting_a_report(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");

	assert_psm(st, import(st, deal.answer), PSM_OK);
	assert_int_equal(store_count(st, "[Bob's Acme ID]"), 2);
}

static void
test_import_leaves_what_certutil_calls_the_users(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_int_equal(store_shell(st, "certutil -L -d sql:db | "
	                             "grep -q \"^Bob's Acme ID  *u,u,u\""), 0);
	assert_int_equal(store_shell(st, "certutil -V -u C -d sql:db "
	                             "-n \"Bob's Acme ID\" >/dev/null"), 0);
	assert_int_equal(store_shell(st, "certutil -K -d sql:db | "
	                             "grep -q \"Bob's Acme ID\""), 0);
}

static void
test_import_the_second_time_answers_no_pending_request(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");

	assert_psm(st, import(st, deal.answer), PSM_OK);
	assert_refused(st, deal.answer, PSM_E_REQUEST_ID);
}

static void
test_import_into_a_closed_context_is_refused(void **state)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);

	(void)state;
	assert_int_equal(psm_import_user_certificates(ctx, "AAAA", NULL, 0,
	                                              NULL),
	                 PSM_E_ARGUMENT);
	psm_free(ctx);
}

static void
test_import_of_no_answer_is_refused(void **state)
{
	assert_refused(*state, NULL, PSM_E_ARGUMENT);
	assert_refused(*state, "", PSM_E_CERTIFICATE);
	assert_refused(*state, " \r\n", PSM_E_CERTIFICATE);
}

/* --- base64 ---------------------------------------------------------- */

/* The answer with line ends, blanks or armour of this kind. */
static char *
rewrap(const char *answer, const char *head, const char *line_end,
       const char *tail)
{
	nu_auto_mem char *copy = strdup(answer);
	char *text = NULL, *save = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(head, out);
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(out, "%s%s", line, line_end);
	fputs(tail, out);
	fclose(out);
	return text;
}

static void
import_wrapped(struct store *st, const char *head, const char *line_end,
               const char *tail)
{
	auto_deal deal = deal_new(st, "CN=Bob");
	nu_auto_mem char *text = rewrap(deal.answer, head, line_end, tail);

	assert_psm(st, import(st, text), PSM_OK);
}

static void
test_import_white_space_and_armour_are_allowed(void **state)
{
	import_wrapped(*state, "", "\r\n", "");
	import_wrapped(*state, "", "", "");
	import_wrapped(*state, "\n\t ", " \n \n", "\t\n");
	import_wrapped(*state, "-----BEGIN CMMF-----\n", "\n",
	               "-----END CMMF-----\n");
	import_wrapped(*state, "-----BEGIN CERTIFICATE REPLY-----\r\n", "\r\n",
	               "-----END CERTIFICATE REPLY-----\r\n");
}

static char *
swap_char(const char *answer, const char *from, char to)
{
	char *copy = strdup(answer);
	char *at = strpbrk(copy, from);

	assert_non_null(at);
	*at = to;
	return copy;
}

static void
test_import_anything_else_in_base64_is_refused(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	static const char strange[] = "-_.*!#\x80\x01";

	for (const char *c = strange; *c != '\0'; c++) {
		nu_auto_mem char *text = swap_char(deal.answer, "Aa0", *c);

		assert_refused(st, text, PSM_E_CERTIFICATE);
		assert_string_equal(psm_js_string(PSM_E_CERTIFICATE),
		                    "error:invalidCertificate");
	}
	assert_psm(st, import(st, deal.answer), PSM_OK);
}

/* An answer whose base64 ends in '=': the length depends on the names. */
static struct deal
padded_deal(struct store *st)
{
	char subject[32] = "CN=Bob";

	for (;;) {
		struct deal deal = deal_new(st, subject);

		if (strchr(deal.answer, '=') != NULL)
			return deal;
		deal_clear(&deal);
		strcat(subject, "b");
	}
}

static void
test_import_missing_padding_is_refused(void **state)
{
	struct store *st = *state;
	auto_deal deal = padded_deal(st);
	nu_auto_mem char *text = strdup(deal.answer);

	*strchr(text, '=') = '\0';
	assert_refused(st, text, PSM_E_CERTIFICATE);
	assert_psm(st, import(st, deal.answer), PSM_OK);
}

static void
test_import_the_url_alphabet_is_refused(void **state)
{
	struct store *st = *state;

	/* Until an answer has one of the two characters in it. */
	for (;;) {
		auto_deal deal = deal_new(st, "CN=Bob");
		nu_auto_mem char *text = strdup(deal.answer);
		size_t n = 0;

		for (char *c = text; *c != '\0'; c++) {
			n += *c == '+' || *c == '/';
			*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		}
		if (n == 0)
			continue;
		assert_refused(st, text, PSM_E_CERTIFICATE);
		break;
	}
}

/* --- limits ---------------------------------------------------------- */

static char *
pad_to(const char *answer, size_t len)
{
	char *text = malloc(len + 1);

	assert_true(strlen(answer) <= len);
	memset(text, ' ', len);
	memcpy(text, answer, strlen(answer));
	text[len] = '\0';
	return text;
}

static void
import_of_length(struct store *st, size_t limit)
{
	auto_deal deal = deal_new(st, "CN=Bob");
	nu_auto_mem char *fits = pad_to(deal.answer, limit);
	nu_auto_mem char *over = pad_to(deal.answer, limit + 1);

	assert_refused(st, over, PSM_E_CERTIFICATE);
	assert_says(st, store_decimal((long)limit));
	assert_psm(st, import(st, fits), PSM_OK);
}

static void
test_import_more_than_16_mib_is_refused(void **state)
{
	import_of_length(*state, 16 << 20);
}

static void
test_import_the_limit_of_base64_can_be_set(void **state)
{
	struct store *st = *state;

	psm_set_limits(st->ctx, SMALL, 0);
	import_of_length(st, SMALL);
	psm_set_limits(st->ctx, 0, 0); /* 0 keeps it */
	import_of_length(st, SMALL);
	psm_set_limits(st->ctx, 32 << 20, 0);
	import_of_length(st, 32 << 20);
}

/* n responses with ids from 1 on, all refused by the CA; base64. */
static char *
refusals(size_t n)
{
	struct store_response *r = calloc(n, sizeof *r);
	char (*ids)[24] = calloc(n, sizeof *ids);
	char *text;

	for (size_t i = 0; i < n; i++) {
		snprintf(ids[i], sizeof ids[i], "%zu", i + 1);
		r[i] = (struct store_response){ .id = ids[i], .status = 2 };
	}
	text = store_rep(NU_DIALECT_CMP, r, n, NULL, 0);
	free(ids);
	free(r);
	return text;
}

static void
refused_by_number(struct store *st, size_t n, const char *because)
{
	nu_auto_mem char *text = refusals(n);

	assert_refused(st, text, PSM_E_CERTIFICATE);
	assert_says(st, because);
}

static void
test_import_more_than_1000_responses_are_refused(void **state)
{
	refused_by_number(*state, 999, "rejected");
	refused_by_number(*state, 1000, "rejected");
	refused_by_number(*state, 1001, "more than 1000 responses");
}

static void
test_import_the_limit_of_responses_can_be_set(void **state)
{
	struct store *st = *state;

	psm_set_limits(st->ctx, 0, 2);
	refused_by_number(st, 2, "rejected");
	refused_by_number(st, 3, "more than 2 responses");
	psm_set_limits(st->ctx, 0, 1500);
	refused_by_number(st, 1500, "rejected");
}

/* --- DER ------------------------------------------------------------- */

static char *
spoil(const char *answer, void (*change)(SECItem *der))
{
	SECItem der = { siBuffer, NULL, 0 };
	char *text;

	assert_int_equal(nu_b64_decode(answer, strlen(answer), 1 << 20, &der),
	                 SECSuccess);
	change(&der);
	text = nu_b64_encode(&der);
	SECITEM_FreeItem(&der, PR_FALSE);
	return text;
}

static void
append_byte(SECItem *der)
{
	assert_int_equal(SECITEM_ReallocItemV2(NULL, der, der->len + 1),
	                 SECSuccess);
	der->data[der->len - 1] = 0;
}

static void
cut_byte(SECItem *der)
{
	der->len--;
}

static void
no_sequence(SECItem *der)
{
	der->data[0] = 0x31;
}

static void
test_import_what_is_no_strict_der_is_refused(void **state)
{
	void (*const changes[])(SECItem *) = { append_byte, cut_byte,
		                               no_sequence };
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		nu_auto_mem char *text = spoil(deal.answer, changes[i]);

		assert_refused(st, text, PSM_E_CERTIFICATE);
	}
	assert_refused(st, "MAA=", PSM_E_CERTIFICATE); /* SEQUENCE {} */
	assert_refused(st, "aGVsbG8=", PSM_E_CERTIFICATE);
	assert_psm(st, import(st, deal.answer), PSM_OK);
}

static void
test_import_no_response_in_it_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *empty = store_rep(NU_DIALECT_CMMF, NULL, 0, NULL, 0);

	assert_refused(st, empty, PSM_E_CERTIFICATE);
	assert_says(st, "no response");
}

static void
test_import_a_grant_without_a_certificate_is_refused(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");
	struct store_response r = { .id = store_decimal(deal.request->id) };

	for (r.status = 0; r.status <= 1; r.status++) {
		nu_auto_mem char *text = store_rep(NU_DIALECT_CMMF, &r, 1, NULL,
		                                   0);

		assert_refused(st, text, PSM_E_CERTIFICATE);
		assert_says(st, "brings none");
	}
}

static void
test_import_an_encrypted_certificate_is_refused(void **state)
{
	struct store *st = *state;
	/* SEQUENCE { SEQUENCE OF { CertResponse { 7, { 0 }, { [1] { [0] {
	 * SEQUENCE { BIT STRING } } } } } } } */
	static unsigned char der[] = { 0x30, 0x15, 0x30, 0x13, 0x30, 0x11, 0x02,
		                       0x01, 0x07, 0x30, 0x03, 0x02, 0x01, 0x00,
		                       0x30, 0x07, 0xa1, 0x05, 0x30, 0x03, 0x03,
		                       0x01, 0x00 };
	SECItem item = { siBuffer, der, sizeof der };
	nu_auto_mem char *text = nu_b64_encode(&item);

	assert_refused(st, text, PSM_E_CERTIFICATE);
	assert_says(st, "encrypted");
}

static void
test_import_a_certificate_that_does_not_parse_is_refused(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	/* SEQUENCE { SEQUENCE {}, SEQUENCE {}, BIT STRING } */
	static unsigned char hollow[] = { 0x30, 0x07, 0x30, 0x00, 0x30,
		                          0x00, 0x03, 0x01, 0x00 };
	SECItem bad = { siBuffer, hollow, sizeof hollow };
	nu_auto_mem char *text = store_grant(store_decimal(request->id), &bad);
	const SECItem *pubs[] = { &bad };
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert };
	nu_auto_mem char *chain = store_rep(NU_DIALECT_CMP, &r, 1, pubs, 1);

	assert_refused(st, text, PSM_E_CERTIFICATE);
	assert_refused(st, chain, PSM_E_CERTIFICATE);
	assert_says(st, "CA certificate");
}

/* --- status ---------------------------------------------------------- */

static void
test_import_a_status_other_than_granted_is_refused(void **state)
{
	static const char *const says[] = { NULL, NULL, "rejected", "waiting",
		                            "revocation warning",
		                            "revocation notification",
		                            "key update warning",
		                            "an unknown status" };
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert,
		                    .text = "come back on Monday" };

	for (r.status = 2; r.status <= 7; r.status++) {
		nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, &r, 1, NULL,
		                                   0);

		assert_refused(st, text, PSM_E_CERTIFICATE);
		assert_says(st, says[r.status]);
		assert_says(st, "come back on Monday");
		assert_says(st, store_decimal(request->id));
	}
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
}

static void
test_import_a_refusal_says_why(void **state)
{
	struct store *st = *state;
	struct store_response r = { .id = "7", .status = 2,
		                    .text = "n\xc3\xb6t you",
		                    .fail_info = 1ul << 9 | 1ul << 19 |
		                                 1ul << 26 };

	for (int d = NU_DIALECT_CMMF; d <= NU_DIALECT_UNTAGGED; d++) {
		nu_auto_mem char *text = store_rep((enum nu_dialect)d, &r, 1,
		                                   NULL, 0);

		assert_refused(st, text, PSM_E_CERTIFICATE);
		assert_says(st, "n\xc3\xb6t you");
		assert_says(st, "badPOP, badCertTemplate, duplicateCertReq");
	}
}

/* It is cut, but not in the midst of a character, wherever that is. */
static void
test_import_a_long_refusal_is_still_text(void **state)
{
	struct store *st = *state;
	char words[1200];
	struct store_response r = { .id = "7", .status = 2, .text = words };

	for (size_t skip = 0; skip < 3; skip++) {
		nu_auto_mem char *text = NULL;
		SECItem said;

		memset(words, '.', skip);
		for (size_t i = skip; i + 3 < sizeof words; i += 3)
			memcpy(words + i, "\xe2\x82\xac", 4);
		text = store_rep(NU_DIALECT_CMP, &r, 1, NULL, 0);
		assert_refused(st, text, PSM_E_CERTIFICATE);
		assert_says(st, "\xe2\x82\xac\"");
		said.data = (unsigned char *)psm_errmsg(st->ctx);
		said.len = (unsigned)strlen(psm_errmsg(st->ctx));
		assert_true(nu_der_is_text(&said));
	}
}

static void
test_import_the_authority_refuses_and_it_is_said(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	struct ca_refusal no = { .reason = "not you", .fail = CA_FAIL_BAD_POP };
	struct ca_options options = { .refusals = &no, .n_refusals = 1 };

	for (int d = CA_DIALECT_CMMF; d <= CA_DIALECT_UNTAGGED; d++) {
		nu_auto_mem char *text = NULL;

		options.dialect = (enum ca_dialect)d;
		text = store_answer_with(st, request, &options);
		assert_refused(st, text, PSM_E_CERTIFICATE);
		assert_says(st, "\"not you\", badPOP");
	}
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
}

static void
test_import_granted_with_modifications_is_warned_of(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert,
		                    .status = 1,
		                    .text = "shorter than you asked" };
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, &r, 1, NULL, 0);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_int_equal(psm_import_get(got, 0)->warnings, PSM_WARN_MODIFIED);
	assert_string_equal(psm_import_get(got, 0)->status_text,
	                    "shorter than you asked");
	assert_string_equal(st->user.plan,
	                    "Bob's Acme ID <- shorter than you asked\n");
}

/* --- several --------------------------------------------------------- */

enum { SEVERAL = 5 };

struct several {
	struct psm_request *requests[SEVERAL];
	SECItem *certs[SEVERAL];
	struct store_response responses[SEVERAL];
};

static struct several
several_new(struct store *st)
{
	struct several s;

	memset(&s, 0, sizeof s);
	for (int i = 0; i < SEVERAL; i++) {
		char subject[32];

		snprintf(subject, sizeof subject, "CN=Number %d", i);
		s.requests[i] = store_request(st, subject, PSM_KEY_EC);
		s.certs[i] = store_issue(st, s.requests[i], NULL);
		s.responses[i].cert = s.certs[i];
	}
	return s;
}

static char *
several_answer(struct several *s, enum nu_dialect dialect)
{
	char ids[SEVERAL][16];

	for (int i = 0; i < SEVERAL; i++) {
		snprintf(ids[i], sizeof ids[i], "%d", (int)s->requests[i]->id);
		s->responses[i].id = ids[i];
	}
	return store_rep(dialect, s->responses, SEVERAL, NULL, 0);
}

static void
several_clear(struct several *s)
{
	for (int i = 0; i < SEVERAL; i++) {
		psm_request_free(s->requests[i]);
		SECITEM_FreeItem(s->certs[i], PR_TRUE);
	}
}
#define auto_several __attribute__((cleanup(several_clear))) struct several

static void
test_import_several_responses_are_all_stored(void **state)
{
	struct store *st = *state;
	auto_several s = several_new(st);
	nu_auto_mem char *text = several_answer(&s, NU_DIALECT_CMP);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_int_equal(psm_import_count(got), SEVERAL);
	for (int i = 0; i < SEVERAL; i++)
		assert_string_equal(psm_import_get(got, (size_t)i)->request_id,
		                    store_decimal(s.requests[i]->id));
	assert_int_equal(st->user.confirms, 1); /* one plan for all */
	assert_int_equal(store_count(st, "'s Acme ID]"), 2 * SEVERAL);
}

/* One response of five is bad in a way of its own; nothing is stored. */
static void
test_import_one_bad_among_several_changes_nothing(void **state)
{
	struct store *st = *state;

	for (int i = 0; i < SEVERAL; i++) {
		auto_several s = several_new(st);
		nu_auto_mem char *bad = NULL, *good = NULL;

		s.responses[i].status = 2;
		bad = several_answer(&s, NU_DIALECT_CMMF);
		s.responses[i].status = 0;
		good = several_answer(&s, NU_DIALECT_CMMF);
		assert_refused(st, bad, PSM_E_CERTIFICATE);

		s.responses[i].cert = s.certs[(i + 1) % SEVERAL];
		nu_auto_mem char *swapped = several_answer(&s, NU_DIALECT_CMP);
		assert_refused(st, swapped, PSM_E_CERTIFICATE);
		assert_psm(st, import(st, good), PSM_OK);
	}
}

static void
test_import_one_unknown_id_among_several_changes_nothing(void **state)
{
	struct store *st = *state;
	auto_several s = several_new(st);
	nu_auto_mem char *text = several_answer(&s, NU_DIALECT_CMMF);

	assert_psm(st, psm_request_cancel(st->ctx, s.requests[2]->id, 0),
	           PSM_OK);
	assert_refused(st, text, PSM_E_REQUEST_ID);
	for (int i = 0; i < SEVERAL; i++)
		assert_int_equal(store_pending_state(st, s.requests[i]->id),
		                 i == 2 ? -1 : PSM_PENDING);
}

static void
test_import_an_unknown_id_weighs_more_than_a_wrong_key(void **state)
{
	struct store *st = *state;
	auto_several s = several_new(st);
	nu_auto_mem char *text = NULL;

	s.responses[0].cert = s.certs[1];
	s.responses[1].cert = s.certs[0];
	text = several_answer(&s, NU_DIALECT_CMMF);
	assert_psm(st, psm_request_cancel(st->ctx, s.requests[4]->id, 0),
	           PSM_OK);
	assert_refused(st, text, PSM_E_REQUEST_ID);
}

/* --- chain ----------------------------------------------------------- */

static void
test_import_ca_pubs_are_stored_without_trust(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	auto_of(fresh_authority) other = fresh_authority("CN=Root,O=Other",
	                                                 NULL);
	nu_auto(SECItem) cert = store_foreign_cert(request, &other, NULL);
	const SECItem *pubs[] = { other.cert };
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert };
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, &r, 1, pubs, 1);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);
	const struct psm_imported *root;

	assert_int_equal(psm_import_chain_count(got), 1);
	assert_null(psm_import_chain_get(got, 1));
	root = psm_import_chain_get(got, 0);
	assert_string_equal(root->cert.nickname, "Root");
	assert_int_equal(root->matched, PSM_MATCHED_NOTHING);
	assert_null(root->request_id);
	assert_false(root->cert.has_key);
	assert_true(root->cert.is_ca);
	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "Bob's Other ID");
	assert_int_equal(store_shell(st, "certutil -L -d sql:db | "
	                             "grep -q '^Root  *,,'"), 0);
	assert_int_equal(store_shell(st, "certutil -V -u C -d sql:db -n "
	                             "\"Bob's Other ID\" >/dev/null"), 255);
}

static void
test_import_the_same_ca_pub_twice_is_stored_once(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	auto_of(fresh_authority) other = fresh_authority("CN=Root,O=Other",
	                                                 NULL);
	nu_auto(SECItem) cert = store_foreign_cert(request, &other, NULL);
	const SECItem *pubs[] = { other.cert, other.cert, cert };
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert };

	for (int d = NU_DIALECT_CMMF; d <= NU_DIALECT_UNTAGGED; d++) {
		nu_auto_mem char *text = store_rep((enum nu_dialect)d, &r, 1,
		                                   pubs, 3);

		if (d == NU_DIALECT_CMMF)
			assert_psm(st, import(st, text), PSM_OK);
		else
			assert_refused(st, text, PSM_E_REQUEST_ID);
	}
	assert_int_equal(store_count(st, "cert [Root]"), 1);
	assert_int_equal(store_count(st, "cert [Bob's Other ID]"), 1);
}

static void
test_import_ca_pubs_that_are_stored_keep_their_trust(void **state)
{
	struct store *st = *state;
	auto_deal deal = deal_new(st, "CN=Bob");

	assert_psm(st, import(st, deal.answer), PSM_OK); /* the CA is in it */
	assert_int_equal(store_shell(st, "certutil -L -d sql:db | "
	                             "grep -q '^ca  *CTu,Cu,Cu'"), 0);
}

/* --- completing ------------------------------------------------------ */

/* As after a crash between storing and retiring. */
static void
test_import_what_is_stored_already_completes(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto_mem char *text = store_grant(store_decimal(request->id), cert);
	auto_of(psm_import) *got = NULL;

	store_put(st, cert, "put by hand");
	assert_int_equal(store_pending_state(st, request->id),
	                 PSM_PENDING_STORED);
	assert_psm(st, psm_import_user_certificates(st->ctx, text, "wish", 0,
	                                            &got), PSM_OK);
	assert_int_equal(psm_import_get(got, 0)->warnings,
	                 PSM_WARN_ALREADY_STORED);
	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "put by hand");
	assert_int_equal(store_pending_state(st, request->id), -1);
	assert_int_equal(store_count(st, "[put by hand]"), 2);
}

/* Another program stored it, and gave it no name. */
static void
test_import_a_nameless_stored_certificate_gets_its_name(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto_mem char *text = store_grant(store_decimal(request->id), cert);

	store_put(st, cert, NULL);
	assert_psm(st, import(st, text), PSM_OK);
	assert_int_equal(store_count(st, "[Bob's Acme ID]"), 2);
	store_reopen(st, 0);
	assert_int_equal(store_count(st, "[Bob's Acme ID]"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_import_each_dialect_and_key_kind_is_stored),
		store_test(
		    test_import_of_what_was_returned_without_wanting_a_report),
		store_test(test_import_leaves_what_certutil_calls_the_users),
		store_test(
		    test_import_the_second_time_answers_no_pending_request),
		store_test(test_import_into_a_closed_context_is_refused),
		store_test(test_import_of_no_answer_is_refused),
		store_test(test_import_white_space_and_armour_are_allowed),
		store_test(test_import_anything_else_in_base64_is_refused),
		store_test(test_import_missing_padding_is_refused),
		store_test(test_import_the_url_alphabet_is_refused),
		store_test(test_import_more_than_16_mib_is_refused),
		store_test(test_import_the_limit_of_base64_can_be_set),
		store_test(test_import_more_than_1000_responses_are_refused),
		store_test(test_import_the_limit_of_responses_can_be_set),
		store_test(test_import_what_is_no_strict_der_is_refused),
		store_test(test_import_no_response_in_it_is_refused),
		store_test(
		    test_import_a_grant_without_a_certificate_is_refused),
		store_test(test_import_an_encrypted_certificate_is_refused),
		store_test(
		    test_import_a_certificate_that_does_not_parse_is_refused),
		store_test(test_import_a_status_other_than_granted_is_refused),
		store_test(test_import_a_refusal_says_why),
		store_test(test_import_a_long_refusal_is_still_text),
		store_test(test_import_the_authority_refuses_and_it_is_said),
		store_test(test_import_granted_with_modifications_is_warned_of),
		store_test(test_import_several_responses_are_all_stored),
		store_test(test_import_one_bad_among_several_changes_nothing),
		store_test(
		    test_import_one_unknown_id_among_several_changes_nothing),
		store_test(
		    test_import_an_unknown_id_weighs_more_than_a_wrong_key),
		store_test(test_import_ca_pubs_are_stored_without_trust),
		store_test(test_import_the_same_ca_pub_twice_is_stored_once),
		store_test(
		    test_import_ca_pubs_that_are_stored_keep_their_trust),
		store_test(test_import_what_is_stored_already_completes),
		store_test(
		    test_import_a_nameless_stored_certificate_gets_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

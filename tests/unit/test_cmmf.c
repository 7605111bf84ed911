/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_cmmf.c - CertRepContent in its three dialects, and spoilt. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <prerror.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"
#include "tests/unit/hostile.h"

enum { N_DIALECTS = 3 };
#define COUNT(a) (sizeof(a) / sizeof(a)[0])
/* A string literal's octets. */
#define OCTETS(s) { siBuffer, (unsigned char *)(s), sizeof(s) - 1 }

enum { MAX = 1000 };

/* The smallest certificates that have the shape of one. */
#define CERT_A "\x30\x09\x30\x02\x05\x00\x30\x00\x03\x01\x00"
#define CERT_B "\x30\x0a\x30\x00\x30\x02\x05\x00\x03\x02\x00\x42"
#define STATUS "\x30\x03\x02\x01\x00"

static const SECItem cert_a = OCTETS(CERT_A), cert_b = OCTETS(CERT_B);

/* One answer to request 7, certificate A, caPubs B, in each dialect. */
static const SECItem by_dialect[] = {
	[NU_DIALECT_CMMF] = OCTETS(
	        "\x30\x27\xa1\x0c" CERT_B
	        "\x30\x17\x30\x15\x02\x01\x07" STATUS
	        "\x30\x0b\xa0\x09\x30\x02\x05\x00\x30\x00\x03\x01\x00"),
	[NU_DIALECT_CMP] = OCTETS(
	        "\x30\x2b\xa1\x0e\x30\x0c" CERT_B
	        "\x30\x19\x30\x17\x02\x01\x07" STATUS
	        "\x30\x0d\xa0\x0b" CERT_A),
	[NU_DIALECT_UNTAGGED] = OCTETS(
	        "\x30\x27\xa1\x0c" CERT_B
	        "\x30\x17\x30\x15\x02\x01\x07" STATUS
	        "\x30\x0b" CERT_A),
};

static int
setup_arena(void **state)
{
	*state = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	return *state != NULL ? 0 : -1;
}

static int
teardown_arena(void **state)
{
	PORT_FreeArena(*state, PR_FALSE);
	return 0;
}

static void
assert_octets(const SECItem *item, const SECItem *wanted)
{
	assert_int_equal(item->len, wanted->len);
	assert_memory_equal(item->data, wanted->data, wanted->len);
}

static struct nu_cert_rep *
must_decode(const SECItem *der)
{
	struct nu_cert_rep *rep = NULL;

	assert_int_equal(nu_cmmf_decode(der, MAX, &rep), SECSuccess);
	return rep;
}

static void
assert_refused(const SECItem *der, PRErrorCode why)
{
	struct nu_cert_rep *rep = NULL;

	PORT_SetError(0);
	assert_int_equal(nu_cmmf_decode(der, MAX, &rep), SECFailure);
	assert_int_equal(PORT_GetError(), why);
	assert_null(rep);
}

/* CertRepContent around the parts of one CertResponse. */
static SECItem *
wrap_response(PLArenaPool *arena, const SECItem *id, const SECItem *status,
              const SECItem *key_pair, const SECItem *rsp_info)
{
	SECItem *response = nu_der_make(arena, NU_SEQUENCE, id, status,
	                                key_pair, rsp_info);
	SECItem *list = nu_der_make(arena, NU_SEQUENCE, response);

	return nu_der_make(arena, NU_SEQUENCE, list);
}

/* The same around what follows the status INTEGER. */
static SECItem *
wrap_status(PLArenaPool *arena, const SECItem *more, const SECItem *then)
{
	SECItem *number = nu_der_make_long(arena, 2);
	SECItem *status =
	        nu_der_make(arena, NU_SEQUENCE, number, more, then);

	return wrap_response(arena, number, status, NULL, NULL);
}

/* And around the parts of a CertifiedKeyPair. */
static SECItem *
wrap_key_pair(PLArenaPool *arena, const SECItem *first, const SECItem *second,
              const SECItem *third)
{
	static const SECItem status = OCTETS(STATUS);
	SECItem *pair = nu_der_make(arena, NU_SEQUENCE, first, second, third);

	return wrap_response(arena, nu_der_make_long(arena, 1), &status, pair,
	                     NULL);
}

static void
test_decode_each_dialect_same_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(by_dialect); i++) {
		struct nu_cert_rep *rep = must_decode(&by_dialect[i]);
		const struct nu_cert_response *resp = &rep->responses[0];

		assert_int_equal(rep->n_ca_pubs, 1);
		assert_octets(&rep->ca_pubs[0], &cert_b);
		assert_int_equal(rep->n_responses, 1);
		assert_int_equal(resp->id.len, 1);
		assert_int_equal(resp->id.data[0], 7);
		assert_int_equal(resp->status, NU_STATUS_GRANTED);
		assert_int_equal(resp->n_texts, 0);
		assert_int_equal(resp->fail_info, 0);
		assert_true(resp->has_key_pair);
		assert_octets(&resp->cert, &cert_a);
		assert_null(resp->encrypted_cert.data);
		assert_null(resp->private_key.data);
		assert_null(resp->publication.data);
		assert_null(resp->rsp_info.data);
		nu_cert_rep_free(rep);
	}
}

static void
test_encode_each_dialect_exact_octets(void **state)
{
	struct nu_cert_rep *rep = must_decode(&by_dialect[0]);

	(void)state;
	for (size_t i = 0; i < COUNT(by_dialect); i++) {
		nu_auto(SECItem) der =
		        nu_cmmf_encode(rep, (enum nu_dialect)i);

		assert_non_null(der);
		assert_octets(der, &by_dialect[i]);
	}
	nu_cert_rep_free(rep);
}

static void
test_decode_no_response_is_empty(void **state)
{
	static const SECItem none = OCTETS("\x30\x02\x30\x00");
	struct nu_cert_rep *rep = must_decode(&none);

	(void)state;
	assert_int_equal(rep->n_responses, 0);
	assert_int_equal(rep->n_ca_pubs, 0);
	nu_cert_rep_free(rep);
	nu_cert_rep_free(NULL);
}

/* caPubs [1] around these; a and b may be NULL. */
static SECItem *
wrap_ca_pubs(PLArenaPool *arena, PRBool explicit, const SECItem *a,
             const SECItem *b)
{
	SECItem *list = nu_der_make(arena, NU_SEQUENCE, a, b);
	SECItem *tagged =
	        explicit ? nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(1), list) :
	                   nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(1), list);
	SECItem *none = nu_der_make(arena, NU_SEQUENCE, NULL);

	return nu_der_make(arena, NU_SEQUENCE, tagged, none);
}

static void
test_decode_ca_pubs_both_tags_same(void **state)
{
	for (int explicit = 0; explicit < 2; explicit++) {
		for (int n = 0; n <= 2; n++) {
			struct nu_cert_rep *rep = must_decode(wrap_ca_pubs(
			        *state, explicit, n > 0 ? &cert_a : NULL,
			        n > 1 ? &cert_b : NULL));

			assert_int_equal(rep->n_ca_pubs, n);
			if (n > 0)
				assert_octets(&rep->ca_pubs[0], &cert_a);
			if (n > 1)
				assert_octets(&rep->ca_pubs[1], &cert_b);
			nu_cert_rep_free(rep);
		}
	}
}

static void
test_decode_ca_pubs_not_certificates_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x30\x03\x02\x01\x01"),
		OCTETS("\x30\x07\x30\x00\x03\x01\x00\x30\x00"),
		OCTETS("\x30\x0b\x30\x02\x24\x00\x30\x00\x03\x01\x00\x05\x00"),
		OCTETS("\x30\x09\x30\x02\x05\x00\x30\x00\x04\x01\x00"),
		OCTETS("\x30\x09\x30\x02\x05\x01\x30\x00\x03\x01\x00"),
		OCTETS("\x05\x00"),
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_refused(wrap_ca_pubs(*state, PR_FALSE, &bad[i], NULL),
		               SEC_ERROR_BAD_DER);
		assert_refused(wrap_ca_pubs(*state, PR_TRUE, &bad[i], NULL),
		               SEC_ERROR_BAD_DER);
		assert_refused(wrap_ca_pubs(*state, PR_FALSE, &cert_a, &bad[i]),
		               SEC_ERROR_BAD_DER);
	}
}

static void
test_decode_status_string_both_forms(void **state)
{
	SECItem *a = nu_der_make_text(*state, NU_UTF8_STRING, "no\xc3\xbc");
	SECItem *b = nu_der_make_text(*state, NU_UTF8_STRING, "");
	SECItem *list = nu_der_make(*state, NU_SEQUENCE, a, b);
	SECItem *fail = nu_der_make_named_bits(*state, 1ul << 9 | 1ul << 2);
	struct nu_cert_rep *rep = must_decode(wrap_status(*state, a, fail));

	assert_int_equal(rep->responses[0].status, NU_STATUS_REJECTION);
	assert_int_equal(rep->responses[0].n_texts, 1);
	assert_memory_equal(rep->responses[0].texts[0].data, "no\xc3\xbc", 4);
	assert_int_equal(rep->responses[0].fail_info, 1ul << 9 | 1ul << 2);
	nu_cert_rep_free(rep);

	rep = must_decode(wrap_status(*state, list, NULL));
	assert_int_equal(rep->responses[0].n_texts, 2);
	assert_int_equal(rep->responses[0].texts[1].len, 0);
	assert_int_equal(rep->responses[0].fail_info, 0);
	assert_false(rep->responses[0].has_key_pair);
	nu_cert_rep_free(rep);
}

static void
test_decode_bad_status_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x0c\x02\xc3\x28"),         /* no UTF-8 */
		OCTETS("\x0c\x03" "a\0b"),          /* a NUL */
		OCTETS("\x30\x04\x0c\x02\xff\xff"),
		OCTETS("\x13\x02hi"),               /* PrintableString */
		OCTETS("\x30\x04\x13\x02hi"),
		OCTETS("\x03\x02\x04\x88"),         /* unused bits set */
		OCTETS("\x03\x02\x07\x80\x0c\x00"), /* failInfo, then text */
		OCTETS("\x05\x00"),
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(wrap_status(*state, &bad[i], NULL),
		               SEC_ERROR_BAD_DER);
}

static void
test_decode_many_texts_refused(void **state)
{
	SECItem *a = nu_der_make_text(*state, NU_UTF8_STRING, "");
	const SECItem *parts[NU_CMMF_MAX_TEXTS + 1];
	SECItem *list;
	struct nu_cert_rep *rep;

	for (size_t i = 0; i < COUNT(parts); i++)
		parts[i] = a;
	list = nu_der_wrap(*state, NU_SEQUENCE, parts, COUNT(parts) - 1);
	rep = must_decode(wrap_status(*state, list, NULL));
	assert_int_equal(rep->responses[0].n_texts, NU_CMMF_MAX_TEXTS);
	nu_cert_rep_free(rep);
	list = nu_der_wrap(*state, NU_SEQUENCE, parts, COUNT(parts));
	assert_refused(wrap_status(*state, list, NULL), SEC_ERROR_INPUT_LEN);
}

static void
test_decode_key_pair_parts_told_apart(void **state)
{
	static const SECItem explicit_cert = OCTETS("\xa0\x0b" CERT_A),
	                     implicit_cert = OCTETS(
	                             "\xa0\x09\x30\x02\x05\x00\x30\x00\x03\x01"
	                             "\x00"),
	                     key = OCTETS("\xa0\x04\x30\x02\x05\x00"),
	                     publication = OCTETS("\xa1\x02\x05\x00");
	static const SECItem *const first[] = { &cert_a, &explicit_cert,
		                                &implicit_cert };

	for (size_t i = 0; i < COUNT(first); i++) {
		struct nu_cert_rep *rep = must_decode(
		        wrap_key_pair(*state, first[i], &key, &publication));

		assert_octets(&rep->responses[0].cert, &cert_a);
		assert_int_equal(rep->responses[0].private_key.len, 4);
		assert_int_equal(rep->responses[0].publication.len, 2);
		nu_cert_rep_free(rep);
		rep = must_decode(
		        wrap_key_pair(*state, first[i], &publication, NULL));
		assert_null(rep->responses[0].private_key.data);
		assert_int_equal(rep->responses[0].publication.len, 2);
		nu_cert_rep_free(rep);
		assert_refused(wrap_key_pair(*state, first[i], &publication,
		                             &key), SEC_ERROR_BAD_DER);
		assert_refused(wrap_key_pair(*state, first[i], &key, &key),
		               SEC_ERROR_BAD_DER);
	}
}

static void
test_decode_encrypted_cert_every_form(void **state)
{
	static const SECItem forms[] = {
		OCTETS("\xa1\x05\x30\x03\x03\x01\x00"),
		OCTETS("\xa1\x03\x03\x01\x00"),
		OCTETS("\xa1\x06\xa0\x04\x30\x02\x05\x00"),
	};
	static const SECItem wanted[] = {
		OCTETS("\x30\x03\x03\x01\x00"),
		OCTETS("\x30\x03\x03\x01\x00"),
		OCTETS("\xa0\x04\x30\x02\x05\x00"),
	};

	for (size_t i = 0; i < COUNT(forms); i++) {
		struct nu_cert_rep *rep = must_decode(
		        wrap_key_pair(*state, &forms[i], NULL, NULL));

		assert_true(rep->responses[0].has_key_pair);
		assert_null(rep->responses[0].cert.data);
		assert_octets(&rep->responses[0].encrypted_cert, &wanted[i]);
		nu_cert_rep_free(rep);
	}
}

static void
test_private_key_every_form_there_and_back(void **state)
{
	static const SECItem cert = OCTETS("\xa0\x0b" CERT_A);
	static const SECItem forms[] = {
		OCTETS("\xa0\x05\x30\x03\x03\x01\x00"),
		OCTETS("\xa0\x03\x03\x01\x00"),
		OCTETS("\xa0\x06\xa0\x04\x30\x02\x05\x00"),
	};
	static const SECItem wanted[] = {
		OCTETS("\x30\x03\x03\x01\x00"),
		OCTETS("\x30\x03\x03\x01\x00"),
		OCTETS("\xa0\x04\x30\x02\x05\x00"),
	};

	for (size_t i = 0; i < COUNT(forms) * N_DIALECTS; i++) {
		struct nu_cert_rep *rep = must_decode(wrap_key_pair(
		        *state, &cert, &forms[i / N_DIALECTS], NULL));
		struct nu_cert_rep *back;
		nu_auto(SECItem) der = NULL;

		assert_octets(&rep->responses[0].private_key,
		              &wanted[i / N_DIALECTS]);
		der = nu_cmmf_encode(rep, (enum nu_dialect)(i % N_DIALECTS));
		assert_non_null(der);
		back = must_decode(der);
		assert_octets(&back->responses[0].cert, &cert_a);
		assert_octets(&back->responses[0].private_key,
		              &wanted[i / N_DIALECTS]);
		nu_cert_rep_free(back);
		nu_cert_rep_free(rep);
	}
}

static void
test_encrypted_cert_every_form_there_and_back(void **state)
{
	static const SECItem forms[] = {
		OCTETS("\xa1\x05\x30\x03\x03\x01\x00"),
		OCTETS("\xa1\x06\xa0\x04\x30\x02\x05\x00"),
	};

	for (size_t i = 0; i < COUNT(forms) * N_DIALECTS; i++) {
		struct nu_cert_rep *rep = must_decode(wrap_key_pair(
		        *state, &forms[i / N_DIALECTS], NULL, NULL));
		struct nu_cert_rep *back;
		nu_auto(SECItem) der = nu_cmmf_encode(
		        rep, (enum nu_dialect)(i % N_DIALECTS));

		assert_non_null(der);
		back = must_decode(der);
		assert_octets(&back->responses[0].encrypted_cert,
		              &rep->responses[0].encrypted_cert);
		nu_cert_rep_free(back);
		nu_cert_rep_free(rep);
	}
}

static void
test_decode_bad_key_pair_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS(""),
		OCTETS("\xa0\x00"),
		OCTETS("\xa1\x00"),
		OCTETS("\x80\x00"),
		OCTETS("\xa2\x0b" CERT_A),
		OCTETS("\xa0\x0d" CERT_A "\x05\x00"),
		OCTETS("\xa0\x05\x30\x03\x02\x01\x01"),
		OCTETS("\xa0\x0d\xa0\x0b" CERT_A),
		OCTETS("\x31\x09\x30\x02\x05\x00\x30\x00\x03\x01\x00"),
		OCTETS("\x04\x00"),
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(wrap_key_pair(*state, &bad[i], NULL, NULL),
		               SEC_ERROR_BAD_DER);
}

static void
test_decode_id_keeps_its_octets(void **state)
{
	static const SECItem status = OCTETS(STATUS);
	unsigned char octet[NU_CMMF_MAX_ID + 1] = { 0x80 };

	for (unsigned len = 1; len <= NU_CMMF_MAX_ID; len++) {
		SECItem id = { siBuffer, octet, len };
		struct nu_cert_rep *rep = must_decode(wrap_response(
		        *state, nu_der_make_integer(*state, &id), &status,
		        NULL, NULL));

		assert_octets(&rep->responses[0].id, &id);
		nu_cert_rep_free(rep);
	}
	assert_refused(wrap_response(*state,
	                             nu_der_make_octets(*state, NU_INTEGER,
	                                                octet, sizeof octet),
	                             &status, NULL, NULL),
	               SEC_ERROR_BAD_DER);
}

static void
test_decode_bad_id_refused(void **state)
{
	static const SECItem bad[] = { OCTETS("\x02\x00"),
		                       OCTETS("\x02\x02\x00\x01"),
		                       OCTETS("\x02\x02\xff\xff"),
		                       OCTETS("\x04\x01\x01"), OCTETS("") };
	static const SECItem status = OCTETS(STATUS);

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(wrap_response(*state, &bad[i], &status, NULL,
		                             NULL), SEC_ERROR_BAD_DER);
}

static void
test_decode_rsp_info_contents(void **state)
{
	static const SECItem status = OCTETS(STATUS);
	SECItem *id = nu_der_make_long(*state, 1);
	SECItem *info = nu_der_make_text(*state, NU_OCTET_STRING, "info");
	struct nu_cert_rep *rep = must_decode(
	        wrap_response(*state, id, &status, NULL, info));

	assert_memory_equal(rep->responses[0].rsp_info.data, "info", 4);
	assert_false(rep->responses[0].has_key_pair);
	nu_cert_rep_free(rep);
	assert_refused(wrap_response(*state, id, &status, info, info),
	               SEC_ERROR_BAD_DER);
}

/* n times part, one behind the other, in CertRepContent. */
static SECItem *
repeat_response(PLArenaPool *arena, const SECItem *part, size_t n)
{
	const SECItem **parts = calloc(n, sizeof *parts);
	SECItem *list;

	for (size_t i = 0; i < n; i++)
		parts[i] = part;
	list = nu_der_wrap(arena, NU_SEQUENCE, parts, n);
	free(parts);
	return nu_der_make(arena, NU_SEQUENCE, list);
}

static void
test_decode_over_limit_refused(void **state)
{
	static const SECItem response = OCTETS("\x30\x08\x02\x01\x01" STATUS);
	struct nu_cert_rep *rep =
	        must_decode(repeat_response(*state, &response, MAX));

	assert_int_equal(rep->n_responses, MAX);
	nu_cert_rep_free(rep);
	assert_refused(repeat_response(*state, &response, MAX + 1),
	               SEC_ERROR_INPUT_LEN);
	assert_refused(repeat_response(*state, &response, 1000000),
	               SEC_ERROR_INPUT_LEN);
}

/* What decodes, however spoilt, can be written and read again. */
static void
assert_round_trip(const struct nu_cert_rep *rep)
{
	nu_auto(SECItem) der = nu_cmmf_encode(rep, NU_DIALECT_CMP);
	nu_auto(SECItem) again = NULL;
	struct nu_cert_rep *back;

	assert_non_null(der);
	back = must_decode(der);
	assert_int_equal(back->n_responses, rep->n_responses);
	assert_int_equal(back->n_ca_pubs, rep->n_ca_pubs);
	again = nu_cmmf_encode(back, NU_DIALECT_CMP);
	assert_octets(again, der);
	nu_cert_rep_free(back);
}

static void
check_one(const struct hostile *variant, void *arg)
{
	struct nu_cert_rep *rep = NULL;
	SECStatus rv;

	PORT_SetError(0);
	rv = nu_cmmf_decode(&variant->der, MAX, &rep);
	if (rv == SECSuccess && variant->never_der)
		fail_msg("accepted: %s at %zu", variant->what, variant->at);
	if (rv == SECSuccess) {
		assert_round_trip(rep);
		nu_cert_rep_free(rep);
	} else {
		assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DER);
		assert_null(rep);
	}
	++*(size_t *)arg;
}

static void
test_decode_hostile_refused(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(by_dialect); i++)
		hostile_each(&by_dialect[i], check_one, &n);
	assert_true(n > 1000);
}

static void
test_encode_nonsense_refused(void **state)
{
	static const SECItem texts[] = { OCTETS("a"), OCTETS("b") };
	static const SECItem seven = OCTETS("\x07");
	struct nu_cert_response resp = { .id = seven, .cert = seven };
	struct nu_cert_rep rep = { .responses = &resp, .n_responses = 1 };
	nu_auto(SECItem) der = NULL;

	(void)state;
	PORT_SetError(0);
	assert_null(nu_cmmf_encode(&rep, NU_DIALECT_CMP));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
	resp.cert = cert_a;
	resp.id.len = 0;
	assert_null(nu_cmmf_encode(&rep, NU_DIALECT_CMP));
	resp.id.len = 1;
	resp.texts = texts;
	resp.n_texts = 2;
	assert_null(nu_cmmf_encode(&rep, NU_DIALECT_UNTAGGED));
	der = nu_cmmf_encode(&rep, NU_DIALECT_CMMF);
	assert_non_null(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_each_dialect_same_content),
		cmocka_unit_test(test_encode_each_dialect_exact_octets),
		cmocka_unit_test(test_decode_no_response_is_empty),
		cmocka_unit_test(test_decode_ca_pubs_both_tags_same),
		cmocka_unit_test(test_decode_ca_pubs_not_certificates_refused),
		cmocka_unit_test(test_decode_status_string_both_forms),
		cmocka_unit_test(test_decode_bad_status_refused),
		cmocka_unit_test(test_decode_many_texts_refused),
		cmocka_unit_test(test_decode_key_pair_parts_told_apart),
		cmocka_unit_test(test_decode_encrypted_cert_every_form),
		cmocka_unit_test(test_private_key_every_form_there_and_back),
		cmocka_unit_test(
		        test_encrypted_cert_every_form_there_and_back),
		cmocka_unit_test(test_decode_bad_key_pair_refused),
		cmocka_unit_test(test_decode_id_keeps_its_octets),
		cmocka_unit_test(test_decode_bad_id_refused),
		cmocka_unit_test(test_decode_rsp_info_contents),
		cmocka_unit_test(test_decode_over_limit_refused),
		cmocka_unit_test(test_decode_hostile_refused),
		cmocka_unit_test(test_encode_nonsense_refused),
	};

	return cmocka_run_group_tests_name("cmmf", tests, setup_arena,
	                                   teardown_arena);
}

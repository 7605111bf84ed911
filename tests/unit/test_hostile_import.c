/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_hostile_import.c - answers that mean harm, through the front door: one
 * of the documented errors, nothing stored, and no more time and memory than
 * an honest answer of that size would need. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_der.h"
#include "tests/unit/hostile.h"
#include "tests/unit/store.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif

enum {
	MAX_SECONDS = 10,       /* of work on one answer, however hostile */
	MAX_GROWTH_KB = 131072, /* of the whole process */
	N_MANY = 1000,
	N_LEVELS = 100000,
	MAX_BASE64 = 16 << 20
};

static long
peak_kb(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* A sanitizer keeps what was freed for a while, so its figure says nothing. */
static void
assert_grew_little(long before_kb)
{
#ifdef SANITIZED
	(void)before_kb;
#else
	long grown = peak_kb() - before_kb;

	if (grown > MAX_GROWTH_KB)
		fail_msg("%ld KiB more than before", grown);
#endif
}

/* Of work, however busy the machine is. */
static double
seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum psm_err
import_text(struct store *st, const char *text, unsigned flags)
{
	double start = seconds_now();
	enum psm_err err = psm_import_user_certificates(st->ctx, text, NULL,
	                                                flags, NULL);

	assert_true(seconds_now() - start < MAX_SECONDS);
	return err;
}

static enum psm_err
import_der(struct store *st, const SECItem *der)
{
	nu_auto_mem char *text = nu_b64_encode(der);

	assert_non_null(text);
	return import_text(st, text, 0);
}

/* --- every way to spoil a good answer --------------------------------- */

struct attack {
	struct store *st;
	const char *id;
	const SECItem *cert; /* the certificate of the good answer */
	bool accepted; /* the plan was fine */
	size_t n_refused, n_unknown, n_same, n_problems;
};

static struct attack attack;

/* A variant that got so far: it says the same as the good answer, or brings a
 * certificate that nobody here can check, which the plan says. */
static void
inspect_plan(struct store *store, const struct psm_import *plan)
{
	const struct psm_imported *one = psm_import_get(plan, 0);
	const SECItem *good = attack.cert;
	bool same = one->cert.der_len == good->len &&
	            memcmp(one->cert.der, good->data, good->len) == 0;

	(void)store;
	attack.accepted = psm_import_count(plan) == 1 &&
	                  strcmp(one->request_id, attack.id) == 0 &&
	                  (same || one->warnings & PSM_WARN_UNVERIFIED);
}

static void
complain(const struct hostile *variant, enum psm_err err)
{
	print_error("%s at %zu: %s, %s\n", variant->what, variant->at,
	            psm_err_name(err), psm_errmsg(attack.st->ctx));
	attack.n_problems++;
}

/* The user refuses, so that nothing is ever stored. */
static void
try_variant(const struct hostile *variant, void *arg)
{
	enum psm_err err;

	(void)arg;
	attack.accepted = false;
	err = import_der(attack.st, &variant->der);
	if (err == PSM_E_CERTIFICATE)
		attack.n_refused++;
	else if (err == PSM_E_REQUEST_ID)
		attack.n_unknown++;
	else if (err == PSM_E_CANCELLED && attack.accepted &&
	         !variant->never_der)
		attack.n_same++;
	else
		complain(variant, err);
}

static void
attack_dialect(struct store *st, enum ca_dialect dialect)
{
	struct psm_request *request = store_request(st, "CN=User,O=Acme",
	                                            PSM_KEY_EC);
	nu_auto_mem char *good = store_answer(st, request, dialect);
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_import *import = NULL;
	struct nu_cert_rep *rep = NULL;
	nu_auto_item der = { siBuffer, NULL, 0 };
	long kb = peak_kb();

	assert_int_equal(nu_b64_decode(good, strlen(good), MAX_BASE64, &der),
	                 SECSuccess);
	assert_int_equal(nu_cmmf_decode(&der, 1, &rep), SECSuccess);
	attack = (struct attack){ .st = st,
		                  .id = store_decimal(request->id),
		                  .cert = &rep->responses[0].cert };
	st->user.confirm_answer = PSM_ANSWER_NO;
	st->user.on_confirm = inspect_plan;
	hostile_each(&der, try_variant, NULL);
	print_message("%zu refused, %zu for nobody, %zu harmless\n",
	              attack.n_refused, attack.n_unknown, attack.n_same);
	assert_int_equal(attack.n_problems, 0);
	store_assert_unchanged(st, before);
	assert_grew_little(kb);
	st->user.confirm_answer = PSM_ANSWER_YES;
	st->user.on_confirm = NULL;
	assert_psm(st, psm_import_user_certificates(st->ctx, good, NULL, 0,
	                                            &import), PSM_OK);
	psm_import_free(import);
	nu_cert_rep_free(rep);
	psm_request_free(request);
}

static void
test_import_spoilt_cmmf_answer_is_refused(void **state)
{
	attack_dialect(*state, CA_DIALECT_CMMF);
}

static void
test_import_spoilt_cmp_answer_is_refused(void **state)
{
	attack_dialect(*state, CA_DIALECT_CMP);
}

static void
test_import_spoilt_untagged_answer_is_refused(void **state)
{
	attack_dialect(*state, CA_DIALECT_UNTAGGED);
}

/* --- very many -------------------------------------------------------- */

/* n certificates for one key, each of another name; ids from 1. */
static char *
many_certs(struct store *st, size_t n)
{
	struct fresh_authority by = fresh_authority("CN=Far CA,O=Far", NULL);
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	struct store_response *responses = calloc(n, sizeof *responses);
	SECItem **certs = calloc(n, sizeof *certs);
	char (*ids)[24] = calloc(n, sizeof *ids);
	char *text, name[32];

	assert_true(responses != NULL && certs != NULL && ids != NULL);
	for (size_t i = 0; i < n; i++) {
		nu_auto(SECItem) subject = NULL;
		struct fresh_spec spec = { .serial = 100 + i };

		snprintf(name, sizeof name, "CN=User %zu", i);
		subject = fresh_name(name);
		spec.subject = *subject;
		certs[i] = store_foreign_cert(request, &by, &spec);
		snprintf(ids[i], sizeof ids[i], "%zu", i + 1);
		responses[i].id = ids[i];
		responses[i].cert = certs[i];
	}
	text = store_rep(NU_DIALECT_CMMF, responses, n,
	                 (const SECItem *[]){ by.cert }, 1);
	for (size_t i = 0; i < n; i++)
		SECITEM_FreeItem(certs[i], PR_TRUE);
	free(certs);
	free(responses);
	free(ids);
	psm_request_free(request);
	fresh_authority_free(&by);
	return text;
}

static void
test_import_thousand_responses_are_stored(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *text = many_certs(st, N_MANY);
	struct psm_import *import = NULL;
	double start = seconds_now();
	long kb = peak_kb();

	assert_psm(st, psm_import_user_certificates(st->ctx, text, NULL,
	                                            PSM_MATCH_BY_KEY, &import),
	           PSM_OK);
	print_message("%.1f s\n", seconds_now() - start);
	assert_int_equal(psm_import_count(import), N_MANY);
	psm_import_free(import);
	assert_int_equal(store_count(st, "'s Far ID]"), N_MANY + 1);
	assert_int_equal(store_count(st, "[pending:"), 0);
	assert_grew_little(kb);
}

static void
test_import_thousand_unknown_ids_are_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *text = many_certs(st, N_MANY);
	nu_auto_mem char *before = store_snapshot(st);

	assert_psm(st, import_text(st, text, 0), PSM_E_REQUEST_ID);
	store_assert_unchanged(st, before);
}

static void
test_import_more_than_thousand_responses_are_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *text = many_certs(st, N_MANY + 1);
	nu_auto_mem char *before = store_snapshot(st);

	assert_psm(st, import_text(st, text, PSM_MATCH_BY_KEY),
	           PSM_E_CERTIFICATE);
	assert_says(st, "more than 1000 responses");
	store_assert_unchanged(st, before);
}

/* --- very deep -------------------------------------------------------- */

/* Levels of tag, each the whole contents of the one before. */
static SECItem *
nest(unsigned char tag, size_t levels, bool definite)
{
	size_t head = definite ? 6 : 2, len = levels * head, left;
	SECItem *der = SECITEM_AllocItem(NULL, NULL, (unsigned)len);
	unsigned char *p;

	assert_non_null(der);
	p = der->data;
	for (size_t i = 0; i < levels; i++, p += head) {
		left = len - (i + 1) * head;
		p[0] = tag;
		p[1] = definite ? 0x84 : 0x80;
		if (definite) {
			p[2] = (unsigned char)(left >> 24);
			p[3] = (unsigned char)(left >> 16);
			p[4] = (unsigned char)(left >> 8);
			p[5] = (unsigned char)left;
		}
	}
	return der;
}

/* With each length in as few octets as it needs. */
static SECItem *
nest_minimally(unsigned char tag, size_t levels)
{
	size_t room = levels * 6, at = room, len = 0;
	nu_auto(SECItem) all = SECITEM_AllocItem(NULL, NULL, (unsigned)room);
	SECItem tail;

	assert_non_null(all);
	for (size_t i = 0; i < levels; i++) {
		size_t rest = len, n = 0;

		for (; len >= 0x80 && rest > 0; rest >>= 8, n++)
			all->data[--at] = (unsigned char)rest;
		all->data[--at] = (unsigned char)(len < 0x80 ? len : 0x80 | n);
		all->data[--at] = tag;
		len = room - at;
	}
	tail = (SECItem){ siBuffer, all->data + at, (unsigned)len };
	return SECITEM_DupItem(&tail);
}

static void
assert_refused(struct store *st, SECItem *der)
{
	nu_auto(SECItem) owned = der;

	assert_psm(st, import_der(st, owned), PSM_E_CERTIFICATE);
}

static void
test_import_deep_nesting_is_refused(void **state)
{
	static const unsigned char tags[] = { 0x30, 0x31, 0xa0, 0xa1, 0x24 };
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);
	long kb = peak_kb();

	for (size_t i = 0; i < sizeof tags; i++) {
		assert_refused(st, nest(tags[i], N_LEVELS, true));
		assert_refused(st, nest(tags[i], N_LEVELS, false));
		assert_refused(st, nest_minimally(tags[i], N_LEVELS));
	}
	store_assert_unchanged(st, before);
	assert_grew_little(kb);
}

/* CertRepContent in CMP's form with whatever bytes for its certificate. */
static SECItem *
grant_anything(long id, const SECItem *cert)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *status = nu_der_make(arena, NU_SEQUENCE,
	                              nu_der_make_long(arena, 0));
	SECItem *pair = nu_der_make(arena, NU_SEQUENCE,
	                            nu_der_make(arena,
	                                        NU_CONTEXT_CONSTRUCTED(0),
	                                        cert));
	SECItem *response = nu_der_make(arena, NU_SEQUENCE,
	                                nu_der_make_long(arena, id), status,
	                                pair);
	SECItem *all = nu_der_make(arena, NU_SEQUENCE,
	                           nu_der_make(arena, NU_SEQUENCE, response));

	assert_non_null(all);
	return SECITEM_DupItem(all);
}

static void
test_import_deep_nesting_in_a_certificate_is_refused(void **state)
{
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	struct fresh_authority by = fresh_authority("CN=Far CA,O=Far", NULL);
	nu_auto(SECItem) deep = nest_minimally(0x30, N_LEVELS);
	struct fresh_spec spec = { .subject = *deep };
	nu_auto(SECItem) cert = store_foreign_cert(request, &by, &spec);
	nu_auto_mem char *before = store_snapshot(st);

	assert_refused(st, grant_anything(request->id, cert));
	store_assert_unchanged(st, before);
	fresh_authority_free(&by);
	psm_request_free(request);
}

/* --- very long -------------------------------------------------------- */

/* text, and line ends up to len characters. */
static char *
pad(const char *text, size_t len)
{
	size_t n = strlen(text);
	char *padded = malloc(len + 1);

	assert_non_null(padded);
	memcpy(padded, text, n);
	memset(padded + n, '\n', len - n);
	padded[len] = '\0';
	return padded;
}

static void
test_import_sixteen_mib_are_read_and_one_more_is_refused(void **state)
{
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	nu_auto_mem char *good = store_answer(st, request, CA_DIALECT_CMP);
	nu_auto_mem char *over = pad(good, MAX_BASE64 + 1);
	nu_auto_mem char *limit = pad(good, MAX_BASE64);
	nu_auto_mem char *before = store_snapshot(st);
	long kb = peak_kb();

	assert_psm(st, import_text(st, over, 0), PSM_E_CERTIFICATE);
	assert_says(st, "longer than");
	store_assert_unchanged(st, before);
	assert_psm(st, import_text(st, limit, 0), PSM_OK);
	assert_grew_little(kb);
	psm_request_free(request);
}

static void
test_import_sixteen_mib_of_nothing_are_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *letters = pad("", MAX_BASE64);
	nu_auto_mem char *before = store_snapshot(st);
	long kb = peak_kb();

	assert_psm(st, import_text(st, letters, 0), PSM_E_CERTIFICATE);
	memset(letters, 'A', MAX_BASE64);
	assert_psm(st, import_text(st, letters, 0), PSM_E_CERTIFICATE);
	memset(letters, '=', MAX_BASE64);
	assert_psm(st, import_text(st, letters, 0), PSM_E_CERTIFICATE);
	memset(letters, '-', MAX_BASE64);
	assert_psm(st, import_text(st, letters, 0), PSM_E_CERTIFICATE);
	store_assert_unchanged(st, before);
	assert_grew_little(kb);
}

/* --- ids -------------------------------------------------------------- */

static void
test_import_strange_ids_are_for_nobody(void **state)
{
	static const char *const ids[] = {
		"0", "-1", "-2147483648", "2147483648", "4294967297",
		"-9223372036854775808", "9223372036854775808",
		"18446744073709551617",
		"340282366920938463463374607431768211455",
	};
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto_mem char *before = store_snapshot(st);

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		nu_auto_mem char *text = store_grant(ids[i], cert);

		assert_psm(st, import_text(st, text, 0), PSM_E_REQUEST_ID);
	}
	store_assert_unchanged(st, before);
	psm_request_free(request);
}

/* The request's own number in more octets than it needs, or beyond them. */
static void
test_import_id_that_only_ends_like_ours_is_refused(void **state)
{
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto_mem char *before = store_snapshot(st);
	char high[32];
	nu_auto_mem char *text = NULL;

	snprintf(high, sizeof high, "%lld",
	         (1LL << 32) + (long long)request->id);
	text = store_grant(high, cert);
	assert_psm(st, import_text(st, text, 0), PSM_E_REQUEST_ID);
	store_assert_unchanged(st, before);
	psm_request_free(request);
}

static void
test_import_same_id_twice_is_refused(void **state)
{
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	nu_auto(SECItem) one = store_issue(st, request, NULL);
	nu_auto(SECItem) two = store_issue(st, request, NULL);
	const char *id = store_decimal(request->id);
	const struct store_response responses[] = { { .id = id, .cert = one },
		                                    { .id = id, .cert = two } };
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMMF, responses, 2, NULL,
	                                   0);
	nu_auto_mem char *before = store_snapshot(st);

	assert_psm(st, import_text(st, text, 0), PSM_E_REQUEST_ID);
	store_assert_unchanged(st, before);
	psm_request_free(request);
}

/* --- texts ------------------------------------------------------------ */

/* Put octets in the place of a mark of the same length. */
static void
replace(SECItem *der, const char *mark, const void *octets)
{
	size_t len = strlen(mark);
	unsigned char *at = memmem(der->data, der->len, mark, len);

	assert_non_null(at);
	memcpy(at, octets, len);
}

static void
test_import_status_text_that_is_no_utf8_is_refused(void **state)
{
	static const char *const bad[] = {
		"\xff\xff\xff\xff", /* no UTF-8 at all */
		"ab\xc3" "c",       /* a sequence cut */
		"\xc0\xaf" "ab",    /* overlong */
		"\xed\xa0\x80" "a", /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"a\0bc",            /* a text in disguise */
	};
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	const struct store_response response = {
		.id = store_decimal(request->id), .cert = cert, .text = "MARK"
	};
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMP, &response, 1, NULL,
	                                   0);
	nu_auto_mem char *before = store_snapshot(st);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		nu_auto_item der = { siBuffer, NULL, 0 };

		assert_int_equal(nu_b64_decode(text, strlen(text), MAX_BASE64,
		                               &der), SECSuccess);
		replace(&der, "MARK", bad[i]);
		assert_psm(st, import_der(st, &der), PSM_E_CERTIFICATE);
	}
	store_assert_unchanged(st, before);
	assert_psm(st, import_text(st, text, 0), PSM_OK);
	psm_request_free(request);
}

/* "admin" must not be what is seen of "admin<NUL>.evil". */
static void
test_import_nul_in_a_name_does_not_hide_the_rest(void **state)
{
	struct store *st = *state;
	struct psm_request *request = store_request(st, "CN=User", PSM_KEY_EC);
	struct fresh_authority by = fresh_authority("CN=Far CA,O=Far", NULL);
	nu_auto(SECItem) subject = fresh_name("CN=adminMARKevil");
	struct fresh_spec spec = { .serial = 7 };
	struct psm_import *import = NULL;
	nu_auto(SECItem) cert = NULL;
	nu_auto_mem char *text = NULL;
	const struct psm_imported *one;

	replace(subject, "MARK", "\0\n:\x7f");
	spec.subject = *subject;
	cert = store_foreign_cert(request, &by, &spec);
	text = store_grant(store_decimal(request->id), cert);
	assert_psm(st, psm_import_user_certificates(st->ctx, text, NULL, 0,
	                                            &import), PSM_OK);
	one = psm_import_get(import, 0);
	assert_string_equal(one->cert.nickname, "admin____evil's Far ID");
	assert_non_null(strstr(one->cert.subject, "evil"));
	assert_null(strchr(one->cert.subject, '\n'));
	psm_import_free(import);
	fresh_authority_free(&by);
	psm_request_free(request);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_import_spoilt_cmmf_answer_is_refused),
		TEST(test_import_spoilt_cmp_answer_is_refused),
		TEST(test_import_spoilt_untagged_answer_is_refused),
		TEST(test_import_thousand_responses_are_stored),
		TEST(test_import_thousand_unknown_ids_are_refused),
		TEST(test_import_more_than_thousand_responses_are_refused),
		TEST(test_import_deep_nesting_is_refused),
		TEST(test_import_deep_nesting_in_a_certificate_is_refused),
		TEST(test_import_sixteen_mib_are_read_and_one_more_is_refused),
		TEST(test_import_sixteen_mib_of_nothing_are_refused),
		TEST(test_import_strange_ids_are_for_nobody),
		TEST(test_import_id_that_only_ends_like_ours_is_refused),
		TEST(test_import_same_id_twice_is_refused),
		TEST(test_import_status_text_that_is_no_utf8_is_refused),
		TEST(test_import_nul_in_a_name_does_not_hide_the_rest),
	};

	cmocka_set_test_filter(getenv("PSM_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

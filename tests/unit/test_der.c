/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_der.c - the strict DER reader and the writer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <nspr.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
/* A string literal's octets. */
#define OCTETS(s) { siBuffer, (unsigned char *)(s), sizeof(s) - 1 }

/* A good message with something of everything. */
static const SECItem good = OCTETS(
        "\x30\x17\x02\x01\x05\xa0\x05\x30\x03\x01\x01\xff\x30\x00\x0c\x02hi"
        "\x80\x00\x31\x03\x03\x01\x00");

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
assert_bad_der(SECStatus rv)
{
	assert_int_equal(rv, SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DER);
	PORT_SetError(0);
}

static void
assert_octets(const SECItem *item, const void *octets, size_t len)
{
	assert_int_equal(item->len, len);
	assert_memory_equal(item->data, octets, len);
}

static void
test_any_malformed_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS(""),
		OCTETS("\x02"),                     /* no length */
		OCTETS("\x02\x01"),                 /* no contents */
		OCTETS("\x02\x81"),                 /* half a length */
		OCTETS("\x04\x81\x01\x00"),         /* not the shortest */
		OCTETS("\x04\x82\x00\x80"),         /* a leading zero */
		OCTETS("\x30\x80\x00\x00"),         /* indefinite */
		OCTETS("\x04\x84\xff\xff\xff\xff"), /* 4 GiB */
		OCTETS("\x04\x85\x01\x00\x00\x00\x00"),
		OCTETS("\x04\xff"),
		OCTETS("\x00\x00"),         /* end of contents */
		OCTETS("\x1f\x01\x00"),     /* high tag number */
		OCTETS("\xbf\x81\x01\x00"),
		OCTETS("\x10\x00"),         /* SEQUENCE, primitive */
		OCTETS("\x11\x00"),
		OCTETS("\x24\x00"),         /* OCTET STRING, constructed */
		OCTETS("\x2c\x00"),
		OCTETS("\x22\x01\x00"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct nu_der r = nu_der_reader(&bad[i]);
		struct nu_tlv tlv;

		assert_bad_der(nu_der_any(&r, &tlv));
		assert_ptr_equal(r.next, bad[i].data);
	}
}

static void
test_any_good_splits_slices(void **state)
{
	struct nu_der r = nu_der_reader(&good), in;
	struct nu_tlv tlv;
	PRBool found;

	(void)state;
	assert_int_equal(nu_der_peek(&r), NU_SEQUENCE);
	assert_int_equal(nu_der_get(&r, NU_SEQUENCE, &tlv), SECSuccess);
	assert_int_equal(nu_der_peek(&r), -1);
	assert_ptr_equal(tlv.whole.data, good.data);
	assert_int_equal(tlv.whole.len, good.len);
	in = nu_der_reader(&tlv.value);
	assert_bad_der(nu_der_get(&in, NU_OID, &tlv));
	assert_int_equal(nu_der_optional(&in, NU_OID, &found, &tlv),
	                 SECSuccess);
	assert_false(found);
	assert_int_equal(nu_der_optional(&in, NU_INTEGER, &found, &tlv),
	                 SECSuccess);
	assert_true(found);
	assert_octets(&tlv.value, "\x05", 1);
	assert_octets(&tlv.whole, "\x02\x01\x05", 3);
	assert_bad_der(nu_der_end(&in));
}

static void
test_only_trailing_refused(void **state)
{
	static const SECItem bad[] = { OCTETS(""), OCTETS("\x30\x00\x00"),
		                       OCTETS("\x31\x00"),
		                       OCTETS("\x30\x00\x30\x00") };
	static const SECItem empty = OCTETS("\x30\x00");
	struct nu_der in;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad_der(nu_der_only(&bad[i], NU_SEQUENCE, &in));
	assert_int_equal(nu_der_only(&empty, NU_SEQUENCE, &in), SECSuccess);
	assert_true(nu_der_at_end(&in));
}

static void
test_integer_shortest_form_only(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x02\x00"), OCTETS("\x02\x02\x00\x7f"),
		OCTETS("\x02\x02\xff\x80"), OCTETS("\x0a\x01\x00"),
		OCTETS("\x02\x03\x00\x00\x80"),
	};
	static const SECItem fine[] = {
		OCTETS("\x02\x01\x00"), OCTETS("\x02\x02\x00\x80"),
		OCTETS("\x02\x02\xff\x7f"), OCTETS("\x02\x01\xff"),
	};
	SECItem octets;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct nu_der r = nu_der_reader(&bad[i]);

		assert_bad_der(nu_der_integer(&r, &octets));
	}
	for (size_t i = 0; i < COUNT(fine); i++) {
		struct nu_der r = nu_der_reader(&fine[i]);

		assert_int_equal(nu_der_integer(&r, &octets), SECSuccess);
		assert_octets(&octets, fine[i].data + 2, fine[i].len - 2);
	}
}

static void
test_text_utf8_only(void **state)
{
	static const SECItem bad[] = {
		OCTETS("a\0b"), OCTETS("\x80"), OCTETS("\xc0\x80"),
		OCTETS("\xc1\xbf"), OCTETS("\xc3"), OCTETS("\xc3\x28"),
		OCTETS("\xe0\x9f\xbf"), OCTETS("\xed\xa0\x80"),
		OCTETS("\xe2\x82"), OCTETS("\xe2\x28\xa1"),
		OCTETS("\xf0\x8f\xbf\xbf"), OCTETS("\xf4\x90\x80\x80"),
		OCTETS("\xf5\x80\x80\x80"), OCTETS("\xf0\x9f\x98"),
		OCTETS("\xff"), OCTETS("M\xfcller"),
	};
	static const SECItem fine[] = {
		OCTETS(""), OCTETS("plain"), OCTETS("M\xc3\xbcller"),
		OCTETS("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"),
		OCTETS("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
		OCTETS("\xe2\x82\xac"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(nu_der_is_text(&bad[i]));
	for (size_t i = 0; i < COUNT(fine); i++)
		assert_true(nu_der_is_text(&fine[i]));
}

static void
test_bits_strict(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x03\x00"),             /* no count of unused bits */
		OCTETS("\x03\x01\x01"),         /* unused bits of nothing */
		OCTETS("\x03\x02\x08\x00"),     /* too many */
		OCTETS("\x03\x02\x04\x88"),     /* one that is not zero */
		OCTETS("\x03\x0a\x00zzzzzzzzz"), /* too many for a long */
	};
	static const SECItem fine = OCTETS("\x03\x03\x00\x01\x80");
	struct nu_der r = nu_der_reader(&fine);
	unsigned long bits;
	SECItem octets;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct nu_der b = nu_der_reader(&bad[i]);

		assert_bad_der(nu_der_named_bits(&b, &bits));
	}
	assert_int_equal(nu_der_bits(&r, &octets), SECSuccess);
	assert_octets(&octets, "\x01\x80", 2);
	r = nu_der_reader(&fine);
	assert_int_equal(nu_der_named_bits(&r, &bits), SECSuccess);
	assert_int_equal(bits, 1ul << 7 | 1ul << 8);
}

static void
test_bits_of_octets_unused_refused(void **state)
{
	static const SECItem bad = OCTETS("\x03\x02\x01\x80");
	struct nu_der r = nu_der_reader(&bad);
	SECItem octets;

	(void)state;
	assert_bad_der(nu_der_bits(&r, &octets));
}

static void
test_named_bits_made_read_back(void **state)
{
	static const unsigned long all[] = { 0, 1, 2, 0x80, 0x100, 0x2000000,
		                             0x8001, ULONG_MAX, 1ul << 63 };
	unsigned long bits;

	for (size_t i = 0; i < COUNT(all); i++) {
		SECItem *der = nu_der_make_named_bits(*state, all[i]);
		struct nu_der r = nu_der_reader(der);

		assert_int_equal(nu_der_named_bits(&r, &bits), SECSuccess);
		assert_true(bits == all[i]);
		/* no zero octet, and no more unused bits than need be */
		assert_true(der->len == 3 || bits == 0 ||
		            der->data[der->len - 1] != 0);
	}
	assert_octets(nu_der_make_named_bits(*state, 0), "\x03\x01\x00", 3);
	assert_octets(nu_der_make_named_bits(*state, 1 | 4), "\x03\x02\x05\xa0",
	              4);
}

static void
test_count_stops_at_the_limit(void **state)
{
	static const SECItem three = OCTETS("\x05\x00\x05\x00\x05\x00");
	static const SECItem torn = OCTETS("\x05\x00\x05\x00\x05\x00\x05");
	struct nu_der r = nu_der_reader(&three);
	size_t n = 99;

	(void)state;
	assert_int_equal(nu_der_count(&r, 3, &n), SECSuccess);
	assert_int_equal(n, 3);
	assert_ptr_equal(r.next, three.data);
	assert_int_equal(nu_der_count(&r, 2, &n), SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_INPUT_LEN);
	r = nu_der_reader(&torn);
	assert_int_equal(nu_der_count(&r, 2, &n), SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_INPUT_LEN);
	assert_bad_der(nu_der_count(&r, 9, &n));
}

static void
test_check_deep_nesting_refused(void **state)
{
	SECItem *der = nu_der_make_long(*state, 7);

	for (int i = 0; i < 20; i++)
		der = nu_der_make(*state, NU_SEQUENCE, der);
	assert_int_equal(nu_der_check(der, 20), SECSuccess);
	assert_bad_der(nu_der_check(der, 19));
}

static void
check_one(const struct hostile *variant, void *arg)
{
	SECStatus rv = nu_der_check(&variant->der, 10);

	if (variant->never_der) {
		if (rv == SECSuccess)
			print_message("%s at %zu\n", variant->what,
			              variant->at);
		assert_bad_der(rv);
	}
	++*(size_t *)arg;
}

static void
test_check_hostile_refused(void **state)
{
	size_t n = 0, said;

	(void)state;
	assert_int_equal(nu_der_check(&good, 10), SECSuccess);
	said = hostile_each(&good, check_one, &n);
	assert_int_equal(n, said);
	assert_true(n > 200);
}

static void
test_long_made_read_back(void **state)
{
	static const long all[] = { 0, 1, -1, 127, 128, -128, -129, 255, 256,
		                    32767, 32768, -32768, LONG_MAX, LONG_MIN };
	SECItem octets;
	long value;

	for (size_t i = 0; i < COUNT(all); i++) {
		SECItem *der = nu_der_make_long(*state, all[i]);
		struct nu_der r = nu_der_reader(der);

		assert_int_equal(nu_der_integer(&r, &octets), SECSuccess);
		assert_int_equal(nu_der_to_long(&octets, &value), SECSuccess);
		assert_true(value == all[i]);
	}
}

static void
test_long_too_big_refused(void **state)
{
	static const SECItem bad[] = { OCTETS(""),
		                       OCTETS("\x00\x80zzzzzzz") };
	long value;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad_der(nu_der_to_long(&bad[i], &value));
}

static void
test_decimal_both_ways(void **state)
{
	static const struct {
		SECItem octets;
		const char *text;
	} all[] = {
		{ OCTETS("\x00"), "0" },
		{ OCTETS("\x7f"), "127" },
		{ OCTETS("\x00\x80"), "128" },
		{ OCTETS("\xff"), "-1" },
		{ OCTETS("\x80"), "-128" },
		{ OCTETS("\xff\x7f"), "-129" },
		{ OCTETS("\x3b\x9a\xca\x00"), "1000000000" },
		{ OCTETS("\x3b\x9a\xc9\xff"), "999999999" },
		{ OCTETS("\x0d\xe0\xb6\xb3\xa7\x64\x00\x00"),
		  "1000000000000000000" },
		{ OCTETS("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		         "\xff\xff\xff\xff"),
		  "340282366920938463463374607431768211455" },
		{ OCTETS("\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		         "\x00\x00\x00"),
		  "-170141183460469231731687303715884105728" },
	};
	SECItem octets;

	for (size_t i = 0; i < COUNT(all); i++) {
		nu_auto_mem char *text = nu_der_to_decimal(&all[i].octets);

		assert_string_equal(text, all[i].text);
		assert_int_equal(nu_der_from_decimal(*state, text, &octets),
		                 SECSuccess);
		assert_octets(&octets, all[i].octets.data, all[i].octets.len);
	}
	assert_int_equal(nu_der_from_decimal(*state, "-007", &octets),
	                 SECSuccess);
	assert_octets(&octets, "\xf9", 1);
}

static void
test_decimal_other_text_refused(void **state)
{
	static const char *const bad[] = { "",   "-",   "+1", " 1", "1 ", "1a",
		                           "--1", "0x1", "1.0" };
	SECItem octets;

	for (size_t i = 0; i < COUNT(bad); i++) {
		PORT_SetError(0);
		assert_int_equal(nu_der_from_decimal(*state, bad[i], &octets),
		                 SECFailure);
		assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
	}
}

static void
test_wrap_any_length_read_back(void **state)
{
	static const size_t lengths[] = { 0,     1,     127,   128,    255,
		                          256,   65535, 65536, 1 << 24 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		nu_auto_mem unsigned char *data = calloc(1, lengths[i] + 1);
		SECItem *der = nu_der_make_octets(*state, NU_OCTET_STRING, data,
		                                  lengths[i]);
		struct nu_der r = nu_der_reader(der);
		struct nu_tlv tlv;

		assert_int_equal(nu_der_get(&r, NU_OCTET_STRING, &tlv),
		                 SECSuccess);
		assert_true(nu_der_at_end(&r));
		assert_int_equal(tlv.value.len, lengths[i]);
	}
}

static void
test_wrap_skips_absent_parts(void **state)
{
	SECItem *one = nu_der_make_long(*state, 1), none = OCTETS("");
	SECItem *der = nu_der_make(*state, NU_SEQUENCE, NULL, one, &none, one);

	assert_octets(der, "\x30\x06\x02\x01\x01\x02\x01\x01", 8);
	assert_octets(nu_der_retag(*state, 0xa3, one), "\xa3\x01\x01", 3);
	assert_octets(nu_der_make_bits(*state, one), "\x03\x04\x00\x02\x01\x01",
	              6);
	assert_octets(nu_der_make_text(*state, NU_UTF8_STRING, "hi"),
	              "\x0c\x02hi", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_malformed_refused),
		cmocka_unit_test(test_any_good_splits_slices),
		cmocka_unit_test(test_only_trailing_refused),
		cmocka_unit_test(test_integer_shortest_form_only),
		cmocka_unit_test(test_text_utf8_only),
		cmocka_unit_test(test_bits_strict),
		cmocka_unit_test(test_bits_of_octets_unused_refused),
		cmocka_unit_test(test_named_bits_made_read_back),
		cmocka_unit_test(test_count_stops_at_the_limit),
		cmocka_unit_test(test_check_deep_nesting_refused),
		cmocka_unit_test(test_check_hostile_refused),
		cmocka_unit_test(test_long_made_read_back),
		cmocka_unit_test(test_long_too_big_refused),
		cmocka_unit_test(test_decimal_both_ways),
		cmocka_unit_test(test_decimal_other_text_refused),
		cmocka_unit_test(test_wrap_any_length_read_back),
		cmocka_unit_test(test_wrap_skips_absent_parts),
	};

	return cmocka_run_group_tests_name("der", tests, setup_arena,
	                                   teardown_arena);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_challenge_oracle.c - our challenges and answers in the hands of NSS's
 * lib/crmf, and its answers in ours. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cmmf.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_challenge.h"
#include "nssutil/nu_der.h"
#include "tests/unit/fresh.h"

static const long number = 0x5123456789abcdef;
static const SECItem octets = { siBuffer,
	                        (unsigned char *)"\x51\x23\x45\x67\x89\xab"
	                                         "\xcd\xef",
	                        8 };

NU_DEFINE_AUTO(CMMFPOPODecKeyChallContent,
               CMMF_DestroyPOPODecKeyChallContent(p))
NU_DEFINE_AUTO(CMMFPOPODecKeyRespContent,
               CMMF_DestroyPOPODecKeyRespContent(p))

static int
setup_key(void **state)
{
	static struct fresh_key key;

	fresh_open();
	key = fresh_key(rsaKey, 2048);
	*state = &key;
	return 0;
}

static int
teardown_key(void **state)
{
	fresh_key_free(*state);
	fresh_close();
	return 0;
}

/* lib/crmf's encoders hand out their bytes piece by piece. */
static void
collect(void *arg, const char *buf, unsigned long len)
{
	SECItem *all = arg;

	assert_int_equal(SECITEM_ReallocItemV2(NULL, all,
	                                       all->len + (unsigned)len),
	                 SECSuccess);
	memcpy(all->data + all->len - len, buf, len);
}

static SECItem *
make_sender(PLArenaPool *arena)
{
	nu_auto(SECItem) name = fresh_name("CN=Oracle,O=House");

	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(4), name);
}

/* Two, of which the second takes the first one's hash. */
static SECItem *
make_challenges(PLArenaPool *arena, const struct fresh_key *key)
{
	struct nu_challenge_spec spec = { .form = NU_CHALLENGE_NETSCAPE,
		                          .owf = SEC_OID_SHA1,
		                          .number = octets,
		                          .sender = *make_sender(arena),
		                          .key = key->public };
	const SECItem *made[2];

	made[0] = nu_challenge_make(arena, &spec);
	spec.omit_owf = PR_TRUE;
	made[1] = nu_challenge_make(arena, &spec);
	return nu_challenges_encode(arena, made, 2);
}

static void
test_challenge_of_ours_is_opened_by_libcrmf(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(CMMFPOPODecKeyChallContent) read = NULL;
	struct fresh_key *key = *state;
	SECItem *der = make_challenges(arena, key), *modulus;
	long got = 0;

	read = CMMF_CreatePOPODecKeyChallContentFromDER((char *)der->data,
	                                                (long)der->len);
	assert_non_null(read);
	assert_int_equal(CMMF_POPODecKeyChallContentGetNumChallenges(read), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(CMMF_POPODecKeyChallContDecryptChallenge(
		                         read, i, key->private),
		                 SECSuccess);
	assert_int_equal(CMMF_POPODecKeyChallContentGetRandomNumber(read, 0,
	                                                            &got),
	                 SECSuccess);
	assert_true(got == number);
	modulus = CMMF_POPODecKeyChallContentGetPublicValue(read, 1);
	assert_true(SECITEM_ItemsAreEqual(modulus,
	                                  &key->public->u.rsa.modulus));
	SECITEM_FreeItem(modulus, PR_TRUE);
}

static void
test_response_of_ours_is_read_by_libcrmf(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(CMMFPOPODecKeyRespContent) read = NULL;
	const SECItem numbers[] = { octets, octets };
	SECItem *der = nu_challenges_encode_response(arena, numbers, 2);
	long got = 0;

	(void)state;
	read = CMMF_CreatePOPODecKeyRespContentFromDER((char *)der->data,
	                                               (long)der->len);
	assert_non_null(read);
	assert_int_equal(CMMF_POPODecKeyRespContentGetNumResponses(read), 2);
	assert_int_equal(CMMF_POPODecKeyRespContentGetResponse(read, 1, &got),
	                 SECSuccess);
	assert_true(got == number);
}

static void
test_response_of_libcrmf_is_read_by_us(void **state)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	long numbers[] = { number, 1, 0x80 };
	SECItem got[3];
	long value;

	(void)state;
	assert_int_equal(CMMF_EncodePOPODecKeyRespContent(numbers, 3, collect,
	                                                  &der), SECSuccess);
	assert_int_equal(nu_challenges_decode_response(&der, got, 3),
	                 SECSuccess);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(nu_der_to_long(&got[i], &value), SECSuccess);
		assert_true(value == numbers[i]);
	}
}

/* What lib/crmf would write: it cannot make one, since it then frees what lies
 * in its arena (cmmf_create_witness_and_challenge). */
static void
test_challenge_by_libcrmf_has_our_bytes(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(CMMFPOPODecKeyChallContent) read = NULL;
	nu_auto_item again = { siBuffer, NULL, 0 };
	SECItem *der = make_challenges(arena, *state);

	read = CMMF_CreatePOPODecKeyChallContentFromDER((char *)der->data,
	                                                (long)der->len);
	assert_non_null(read);
	assert_int_equal(CMMF_EncodePOPODecKeyChallContent(read, collect,
	                                                   &again),
	                 SECSuccess);
	assert_true(SECITEM_ItemsAreEqual(der, &again));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenge_of_ours_is_opened_by_libcrmf),
		cmocka_unit_test(test_response_of_ours_is_read_by_libcrmf),
		cmocka_unit_test(test_response_of_libcrmf_is_read_by_us),
		cmocka_unit_test(test_challenge_by_libcrmf_has_our_bytes),
	};

	return cmocka_run_group_tests(tests, setup_key, teardown_key);
}

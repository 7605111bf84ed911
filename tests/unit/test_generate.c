/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_generate.c - several keys in one request, in a page's words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_agree.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_slot.h"
#include "psm/internal.h"
#include "tests/unit/fresh.h"
#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define SUBJECT "CN=Bob,O=People"

enum { MAX = 16 };
enum {
	SIGN = KU_DIGITAL_SIGNATURE,
	COMMIT = KU_NON_REPUDIATION,
	ENCIPHER = KU_KEY_ENCIPHERMENT,
	AGREE = KU_KEY_AGREEMENT
};

STORE_DEFINE_AUTO(psm_requests, psm_requests_free)

/* --- calls that fail when they are told to ------------------------------- */

static int fail_generate_in, fail_store_in;

SECKEYPrivateKey *__real_PK11_GenerateKeyPairWithOpFlags(
        PK11SlotInfo *, CK_MECHANISM_TYPE, void *, SECKEYPublicKey **,
        PK11AttrFlags, CK_FLAGS, CK_FLAGS, void *);
SECKEYPrivateKey *__wrap_PK11_GenerateKeyPairWithOpFlags(
        PK11SlotInfo *, CK_MECHANISM_TYPE, void *, SECKEYPublicKey **,
        PK11AttrFlags, CK_FLAGS, CK_FLAGS, void *);
SECKEYPrivateKey *__real_PK11_ConvertSessionPrivKeyToTokenPrivKey(
        SECKEYPrivateKey *, void *);
SECKEYPrivateKey *__wrap_PK11_ConvertSessionPrivKeyToTokenPrivKey(
        SECKEYPrivateKey *, void *);

static bool
is_due(int *countdown)
{
	if (*countdown == 0 || --*countdown > 0)
		return false;
	PORT_SetError(SEC_ERROR_PKCS11_DEVICE_ERROR);
	return true;
}

SECKEYPrivateKey *
__wrap_PK11_GenerateKeyPairWithOpFlags(PK11SlotInfo *slot,
                                       CK_MECHANISM_TYPE type, void *param,
                                       SECKEYPublicKey **pub,
                                       PK11AttrFlags flags, CK_FLAGS op,
                                       CK_FLAGS mask, void *wincx)
{
	if (is_due(&fail_generate_in))
		return NULL;
	return __real_PK11_GenerateKeyPairWithOpFlags(slot, type, param, pub,
	                                              flags, op, mask, wincx);
}

SECKEYPrivateKey *
__wrap_PK11_ConvertSessionPrivKeyToTokenPrivKey(SECKEYPrivateKey *key,
                                                void *wincx)
{
	if (is_due(&fail_store_in))
		return NULL;
	return __real_PK11_ConvertSessionPrivKeyToTokenPrivKey(key, wincx);
}

/* --- requests, and what is in them --------------------------------------- */

static struct psm_requests *
create(struct store *st, const struct psm_requests_params *params)
{
	struct psm_requests *requests = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, params, &requests),
	           PSM_OK);
	assert_string_equal(psm_errmsg(st->ctx), "");
	assert_null(psm_errparam(st->ctx));
	assert_int_equal(requests->n_ids, params->n_keys);
	return requests;
}

static struct psm_requests *
create_one(struct store *st, const struct psm_key_request *key)
{
	struct psm_requests_params params = { .subject = SUBJECT, .keys = key,
		                              .n_keys = 1 };

	return create(st, &params);
}

/* Nothing is made, nothing handed out, and which parameter is to blame. */
static void
assert_not_created(struct store *st, const struct psm_requests_params *params,
                   enum psm_err expected, const char *param)
{
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_requests *untouched = (struct psm_requests *)st;
	const char *blamed;

	assert_psm(st, psm_request_create_many(st->ctx, params, &untouched),
	           expected);
	assert_ptr_equal(untouched, st);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
	blamed = psm_errparam(st->ctx);
	if (param == NULL)
		assert_null(blamed);
	else
		assert_string_equal(blamed, param);
	store_assert_unchanged(st, before);
}

static struct nu_crmf *
decode(const struct psm_requests *requests)
{
	SECItem der = { siBuffer, (unsigned char *)requests->der,
		        (unsigned)requests->der_len };
	nu_auto_mem char *text = nu_b64_encode(&der);
	struct nu_crmf *crmf = NULL;

	assert_string_equal(text, requests->text);
	assert_int_equal(nu_crmf_decode(&der, MAX, &crmf), SECSuccess);
	assert_int_equal(crmf->n_msgs, requests->n_ids);
	return crmf;
}

static SECKEYPublicKey *
public_of(const struct nu_crmf_msg *msg)
{
	nu_auto(CERTSubjectPublicKeyInfo) spki =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(&msg->spki);
	SECKEYPublicKey *key;

	assert_non_null(spki);
	key = SECKEY_ExtractPublicKey(spki);
	assert_non_null(key);
	return key;
}

/* The pending key of this id, which is the message's own. */
static SECKEYPrivateKey *
pending_key(struct store *st, int32_t id, const struct nu_crmf_msg *msg)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPublicKey) public = public_of(msg);
	char label[PSM_LABEL_SIZE];
	SECKEYPrivateKey *key;

	pending_label(id, false, label);
	key = nu_slot_key_by_label(slot, label, NULL);
	assert_non_null(key);
	assert_true(nu_key_matches(key, public));
	assert_int_equal(store_pending_state(st, id), PSM_PENDING);
	return key;
}

static void
assert_msg(struct store *st, const struct nu_crmf_msg *msg, int32_t id,
           KeyType type, unsigned bits, unsigned usage)
{
	nu_auto(SECKEYPublicKey) public = public_of(msg);
	nu_auto(SECItem) subject = nu_name_from_text(SUBJECT);
	nu_auto_mem char *decimal = nu_der_to_decimal(&msg->id);
	unsigned found = 0;

	SECKEY_DestroyPrivateKey(pending_key(st, id, msg));
	assert_string_equal(decimal, store_decimal(id));
	assert_true(SECITEM_ItemsAreEqual(subject, &msg->subject));
	assert_int_equal(SECKEY_GetPublicKeyType(public), type);
	assert_int_equal(nu_key_bits(public), bits);
	assert_int_equal(nu_ext_key_usage(&msg->extensions, &found),
	                 SECSuccess);
	assert_int_equal(found, usage);
}

/* --- what a user says about an escrow ------------------------------------ */

static struct {
	enum psm_answer answer;
	unsigned asked;
	size_t n_keys;
	char subject[64];
} escrow_user;

static enum psm_answer
answer_escrow(void *arg, const struct psm_cert *holder, size_t n_keys)
{
	(void)arg;
	escrow_user.asked++;
	escrow_user.n_keys = n_keys;
	snprintf(escrow_user.subject, sizeof escrow_user.subject, "%s",
	         holder->subject);
	return escrow_user.answer;
}

static void
ask_about_escrow(struct store *st, enum psm_answer answer)
{
	memset(&escrow_user, 0, sizeof escrow_user);
	escrow_user.answer = answer;
	st->ctx->ui.escrow = answer_escrow;
}

/* A certificate of the store's in base64; free() it. */
static char *
base64_of(struct store *st, const char *name)
{
	auto_of(psm_cert_list) *list = NULL;
	const struct psm_cert *cert;
	SECItem der = { siBuffer, NULL, 0 };

	assert_psm(st, psm_store_get(st->ctx, name, &list), PSM_OK);
	cert = psm_cert_list_get(list, 0);
	der.data = (unsigned char *)cert->der;
	der.len = (unsigned)cert->der_len;
	return nu_b64_encode(&der);
}

/* An escrow authority whose key is in the store, nickname "CN's Acme ID". */
#define ESCROW_SUBJECT "CN=Escrow"
#define ESCROW_NICKNAME "Escrow's Acme ID"

static char *
make_escrow(struct store *st, enum psm_key_type type)
{
	char sha1[41];

	store_own(st, ESCROW_SUBJECT, type, sha1);
	return base64_of(st, sha1);
}

static SECKEYPrivateKey *
escrow_key(void)
{
	nu_auto(CERTCertificate) cert =
	        PK11_FindCertFromNickname(ESCROW_NICKNAME, NULL);
	SECKEYPrivateKey *key;

	assert_non_null(cert);
	key = PK11_FindKeyByAnyCert(cert, NULL);
	assert_non_null(key);
	return key;
}

/* The archive opens with the escrow's key and is the message's key. */
static void
assert_archive_opens(const struct nu_crmf_msg *msg)
{
	nu_auto(SECKEYPrivateKey) opener = escrow_key();
	nu_auto(SECKEYPublicKey) public = public_of(msg);

	assert_non_null(msg->archive.data);
	assert_int_equal(nu_envelope_proves_key(&msg->archive, opener, public,
	                                        &msg->subject, NULL),
	                 SECSuccess);
}

/* --- algorithms ---------------------------------------------------------- */

static void
test_generate_each_signing_algorithm_proves_and_says_its_use(void **state)
{
	static const struct psm_key_request keys[] = {
		{ .alg = "rsa-dual-use" },
		{ .alg = "rsa-sign", .size = 3072 },
		{ .alg = " rsa-nonrepudiation\t", .size = -1 },
		{ .alg = "rsa-sign-nonrepudiation", .size = 2048 },
		{ .alg = "ec-dual-use" },
		{ .alg = "ec-sign", .size = 384 },
		{ .alg = "ec-nonrepudiation", .size = 521 },
		{ .alg = "\nec-sign-nonrepudiation ", .size = 512 },
		{ .alg = "dsa-sign-nonrepudiation" },
	};
	static const struct {
		KeyType type;
		unsigned bits, usage;
	} expected[] = {
		{ rsaKey, 2048, SIGN | COMMIT | ENCIPHER },
		{ rsaKey, 3072, SIGN },
		{ rsaKey, 2048, COMMIT },
		{ rsaKey, 2048, SIGN | COMMIT },
		{ ecKey, 256, SIGN | COMMIT | AGREE },
		{ ecKey, 384, SIGN },
		{ ecKey, 521, COMMIT },
		{ ecKey, 256, SIGN | COMMIT },
		{ dsaKey, 2048, SIGN | COMMIT },
	};
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .flags = PSM_REQUEST_ALLOW_WEAK };
	auto_of(psm_requests) *requests = create(*state, &params);
	struct nu_crmf *crmf = decode(requests);

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct nu_crmf_msg *msg = &crmf->msgs[i];

		assert_msg(*state, msg, requests->ids[i], expected[i].type,
		           expected[i].bits, expected[i].usage);
		assert_int_equal(nu_crmf_verify_signature(msg), SECSuccess);
		assert_null(msg->archive.data);
	}
	nu_crmf_free(crmf);
}

static void
test_generate_exchange_keys_ask_for_a_challenge(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "ec-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	auto_of(psm_requests) *requests = create(*state, &params);
	struct nu_crmf *crmf = decode(requests);

	assert_msg(*state, &crmf->msgs[0], requests->ids[0], rsaKey, 2048,
	           ENCIPHER);
	assert_int_equal(crmf->msgs[0].pop, NU_POP_KEY_ENCIPHERMENT);
	assert_int_equal(crmf->msgs[0].how, NU_POP_CHALLENGE_RESP);
	assert_msg(*state, &crmf->msgs[1], requests->ids[1], ecKey, 256, AGREE);
	assert_int_equal(crmf->msgs[1].pop, NU_POP_KEY_AGREEMENT);
	assert_int_equal(crmf->msgs[1].how, NU_POP_CHALLENGE_RESP);
	nu_crmf_free(crmf);
}

/* Parsed alone, since DSA's parameters take seconds. */
static void
test_generate_each_algorithm_is_known(void **state)
{
	static const struct {
		const char *alg;
		KeyType type;
		unsigned usage;
		bool exchange;
	} table[] = {
		{ "rsa-ex", rsaKey, ENCIPHER, true },
		{ "rsa-dual-use", rsaKey, SIGN | COMMIT | ENCIPHER, false },
		{ "rsa-sign", rsaKey, SIGN, false },
		{ "rsa-nonrepudiation", rsaKey, COMMIT, false },
		{ "rsa-sign-nonrepudiation", rsaKey, SIGN | COMMIT, false },
		{ "ec-ex", ecKey, AGREE, true },
		{ "ec-dual-use", ecKey, SIGN | COMMIT | AGREE, false },
		{ "ec-sign", ecKey, SIGN, false },
		{ "ec-nonrepudiation", ecKey, COMMIT, false },
		{ "ec-sign-nonrepudiation", ecKey, SIGN | COMMIT, false },
		{ "dsa-sign", dsaKey, SIGN, false },
		{ "dsa-nonrepudiation", dsaKey, COMMIT, false },
		{ "dsa-sign-nonrepudiation", dsaKey, SIGN | COMMIT, false },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct psm_key_request key = { .alg = table[i].alg };
		struct keyspec spec = { .type = nullKey };

		assert_psm(st, keyspec_parse(st->ctx, &key,
		                             PSM_REQUEST_ALLOW_WEAK, &spec),
		           PSM_OK);
		assert_int_equal(spec.type, table[i].type);
		assert_int_equal(spec.key_usage, table[i].usage);
		assert_int_equal(spec.exchange, table[i].exchange);
		keyspec_clear(&spec);
	}
}

static void
test_generate_each_curve_has_its_names(void **state)
{
	static const struct {
		const char *params;
		int size;
		unsigned bits;
	} table[] = {
		{ "curve=nistp256", 0, 256 },   { "curve=P-256", 521, 256 },
		{ "curve=secp256r1", 0, 256 },  { "curve=prime256v1", 0, 256 },
		{ "curve=nistp384", 0, 384 },   { "curve=P-384", 256, 384 },
		{ "curve=secp384r1", 0, 384 },  { "curve=nistp521", 0, 521 },
		{ "curve=P-521", 384, 521 },    { "curve=secp521r1", 0, 521 },
		{ " curve= P-384 ;", 0, 384 },  { "", 384, 384 },
		{ NULL, 0, 256 },               { NULL, 256, 256 },
		{ NULL, 384, 384 },             { NULL, 521, 521 },
		{ NULL, 2048, 256 },            { ";;", -7, 256 },
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct psm_key_request key = { table[i].size, table[i].params,
			                       "ec-sign" };
		struct keyspec spec = { .type = nullKey };

		assert_psm(st, keyspec_parse(st->ctx, &key, 0, &spec), PSM_OK);
		assert_int_equal(spec.bits, table[i].bits);
		keyspec_clear(&spec);
	}
}

static void
test_generate_weak_keys_need_leave(void **state)
{
	static const struct psm_key_request weak[] = {
		{ .size = 1024, .alg = "rsa-sign" },
		{ .size = 1536, .alg = "rsa-ex" },
	};
	struct psm_requests_params params = { .subject = SUBJECT, .keys = weak,
		                              .n_keys = COUNT(weak) };
	struct psm_requests *requests;
	struct nu_crmf *crmf;

	assert_not_created(*state, &params, PSM_E_PARAMETER, "keySize");
	params.flags = PSM_REQUEST_ALLOW_WEAK;
	requests = create(*state, &params);
	crmf = decode(requests);
	assert_msg(*state, &crmf->msgs[0], requests->ids[0], rsaKey, 1024,
	           SIGN);
	assert_msg(*state, &crmf->msgs[1], requests->ids[1], rsaKey, 1536,
	           ENCIPHER);
	nu_crmf_free(crmf);
	psm_requests_free(requests);
}

/* --- controls, ids ------------------------------------------------------- */

static void
test_generate_controls_are_in_every_message(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-sign" },
		                                       { .alg = "ec-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .reg_token = "t\xc3\xb6ken",
		                              .authenticator = "" };
	auto_of(psm_requests) *requests = create(*state, &params);
	struct nu_crmf *crmf = decode(requests);

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct nu_crmf_msg *msg = &crmf->msgs[i];

		assert_int_equal(msg->reg_token.len, 6);
		assert_memory_equal(msg->reg_token.data, "t\xc3\xb6ken", 6);
		assert_non_null(msg->authenticator.data);
		assert_int_equal(msg->authenticator.len, 0);
	}
	nu_crmf_free(crmf);
}

static void
test_generate_ids_differ_and_all_are_pending(void **state)
{
	struct psm_key_request keys[8];
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	auto_of(psm_pending_list) *list = NULL;
	struct psm_requests *requests;
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(keys); i++)
		keys[i] = (struct psm_key_request){ .alg = "ec-sign" };
	requests = create(st, &params);
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_true(requests->ids[i] >= 1);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(requests->ids[i],
			                     requests->ids[j]);
		assert_int_equal(store_pending_state(st, requests->ids[i]),
		                 PSM_PENDING);
	}
	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	assert_int_equal(psm_pending_list_count(list), COUNT(keys));
	assert_string_equal(psm_pending_list_get(list, 0)->subject, SUBJECT);
	psm_requests_free(requests);
}

/* --- escrow -------------------------------------------------------------- */

static void
escrow_to(struct store *st, enum psm_key_type type, unsigned char form)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "rsa-sign" },
		                                       { .alg = "ec-ex" } };
	nu_auto_mem char *cert = make_escrow(st, type);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .escrow_cert = cert };
	struct psm_requests *requests;
	struct nu_crmf *crmf;

	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	crmf = decode(requests);
	assert_int_equal(escrow_user.asked, 1);
	assert_int_equal(escrow_user.n_keys, 2);
	assert_string_equal(escrow_user.subject, ESCROW_SUBJECT);
	for (size_t i = 0; i < COUNT(keys); i += 2) {
		assert_int_equal(crmf->msgs[i].how, NU_POP_THIS_MESSAGE);
		assert_int_equal(crmf->msgs[i].archive.data[0], form);
		assert_archive_opens(&crmf->msgs[i]);
	}
	assert_int_equal(crmf->msgs[0].pop, NU_POP_KEY_ENCIPHERMENT);
	assert_int_equal(crmf->msgs[2].pop, NU_POP_KEY_AGREEMENT);
	assert_null(crmf->msgs[1].archive.data);
	assert_int_equal(nu_crmf_verify_signature(&crmf->msgs[1]), SECSuccess);
	nu_crmf_free(crmf);
	psm_requests_free(requests);
}

static void
test_generate_exchange_keys_go_to_an_rsa_escrow(void **state)
{
	escrow_to(*state, PSM_KEY_RSA, NU_SEQUENCE);
}

static void
test_generate_exchange_keys_go_to_an_ec_escrow(void **state)
{
	escrow_to(*state, PSM_KEY_EC, NU_CONTEXT_CONSTRUCTED(0));
}

/* As an HSM that wraps with a key or decrypts with it, but never both. */
static bool token_keeps_keys;

SECStatus __real_PK11_Decrypt(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                              SECItem *param, unsigned char *out,
                              unsigned *out_len, unsigned room,
                              const unsigned char *in, unsigned in_len);
SECStatus __wrap_PK11_Decrypt(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                              SECItem *param, unsigned char *out,
                              unsigned *out_len, unsigned room,
                              const unsigned char *in, unsigned in_len);
SECStatus
__wrap_PK11_Decrypt(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                    SECItem *param, unsigned char *out, unsigned *out_len,
                    unsigned room, const unsigned char *in, unsigned in_len)
{
	if (!token_keeps_keys)
		return __real_PK11_Decrypt(key, mechanism, param, out, out_len,
		                           room, in, in_len);
	PORT_SetError(SEC_ERROR_INVALID_KEY);
	return SECFailure;
}

static void
test_generate_token_that_keeps_its_keys_names_the_way_out(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_EC);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };
	struct psm_requests *requests = NULL;
	enum psm_err err;

	ask_about_escrow(st, PSM_ANSWER_YES);
	token_keeps_keys = true;
	err = psm_request_create_many(st->ctx, &params, &requests);
	token_keeps_keys = false;
	assert_psm(st, err, PSM_E_TOKEN);
	assert_null(requests);
	assert_non_null(strstr(psm_errmsg(st->ctx),
	                       "does not let the key out"));
	assert_non_null(strstr(psm_errmsg(st->ctx), "one with an RSA key"));
	assert_int_equal(store_count(st, "pending:"), 0);
}

static void
test_generate_escrow_of_no_key_asks_nobody(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-dual-use" };
	struct store *st = *state;
	nu_auto_mem char *cert = base64_of(st, "ca");
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };

	ask_about_escrow(st, PSM_ANSWER_NO);
	psm_requests_free(create(st, &params));
	assert_int_equal(escrow_user.asked, 0);
}

static void
test_generate_refused_escrow_is_cancelled(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-sign" },
		                                       { .alg = "ec-ex" } };
	struct store *st = *state;
	nu_auto_mem char *cert = base64_of(st, "ca");
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .escrow_cert = cert };

	ask_about_escrow(st, PSM_ANSWER_NO);
	assert_not_created(st, &params, PSM_E_CANCELLED, NULL);
	ask_about_escrow(st, PSM_ANSWER_NONE);
	assert_not_created(st, &params, PSM_E_CANCELLED, NULL);
	assert_int_equal(escrow_user.asked, 1);
	st->ctx->ui.escrow = NULL;
	assert_not_created(st, &params, PSM_E_CANCELLED, NULL);
}

static void
assert_extractable(SECKEYPrivateKey *key, CK_BBOOL expected)
{
	nu_auto_item value = { siBuffer, NULL, 0 };

	assert_int_equal(nu_key_attribute(key, CKA_EXTRACTABLE, &value),
	                 SECSuccess);
	assert_int_equal(value.len, 1);
	assert_int_equal(value.data[0], expected);
}

static void
test_generate_unextractable_keys_are_so_even_when_escrowed(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-ex" },
		                                       { .alg = "ec-sign" } };
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_RSA);
	struct psm_requests_params params = {
		.subject = SUBJECT, .keys = keys, .n_keys = COUNT(keys),
		.escrow_cert = cert
	};

	ask_about_escrow(st, PSM_ANSWER_YES);
	for (int locked = 0; locked < 2; locked++) {
		struct psm_requests *requests;
		struct nu_crmf *crmf;

		params.flags = locked ? PSM_REQUEST_UNEXTRACTABLE : 0;
		requests = create(st, &params);
		crmf = decode(requests);
		assert_archive_opens(&crmf->msgs[0]);
		for (size_t i = 0; i < COUNT(keys); i++) {
			nu_auto(SECKEYPrivateKey) key =
			        pending_key(st, requests->ids[i],
			                    &crmf->msgs[i]);

			assert_extractable(key, locked ? CK_FALSE : CK_TRUE);
		}
		nu_crmf_free(crmf);
		psm_requests_free(requests);
	}
}

/* --- agreeMAC ------------------------------------------------------------ */

static void
read_ca(struct store *st, struct nu_cert *ret_cert)
{
	SECItem der = { siBuffer, NULL, 0 };
	size_t len;

	der.data = (unsigned char *)ca_cert_der(st->ca, &len);
	der.len = (unsigned)len;
	assert_int_equal(nu_cert_read(&der, ret_cert), SECSuccess);
}

static SECKEYPrivateKey *
ca_key(void)
{
	nu_auto(CERTCertificate) cert = PK11_FindCertFromNickname("ca", NULL);
	SECKEYPrivateKey *key = PK11_FindKeyByAnyCert(cert, NULL);

	assert_non_null(key);
	return key;
}

/* "ec-ex" for the store's authority, which is on P-256. */
static struct psm_requests *
create_agreed(struct store *st)
{
	nu_auto_mem char *cert = base64_of(st, "ca");
	char params[4096];
	struct psm_key_request key = { 0, params, "ec-ex" };

	snprintf(params, sizeof params, "popcert=%s;curve=nistp256", cert);
	return create_one(st, &key);
}

static void
test_generate_agree_mac_holds_for_its_verifier_alone(void **state)
{
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct nu_crmf *crmf = decode(requests);
	struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECKEYPrivateKey) key = ca_key();
	struct fresh_key other = fresh_key(ecKey, 256);
	struct fresh_key larger = fresh_key(ecKey, 384);
	struct nu_cert cert, renamed;

	read_ca(st, &cert);
	assert_msg(st, msg, requests->ids[0], ecKey, 256, AGREE);
	assert_int_equal(msg->pop, NU_POP_KEY_AGREEMENT);
	assert_int_equal(msg->how, NU_POP_AGREE_MAC);
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECSuccess);
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, other.private,
	                                          NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, larger.private,
	                                          NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	renamed = cert;
	renamed.issuer = msg->subject;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &renamed, key, NULL),
	                 SECFailure);
	assert_int_equal(nu_crmf_verify_signature(msg), SECFailure);
	fresh_key_free(&other);
	fresh_key_free(&larger);
	nu_crmf_free(crmf);
}

static void
test_generate_agree_mac_covers_the_whole_request(void **state)
{
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct nu_crmf *crmf = decode(requests);
	struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECKEYPrivateKey) key = ca_key();
	unsigned char *last = &msg->cert_req.data[msg->cert_req.len - 1];
	unsigned char *mac = &msg->pop_value.data[msg->pop_value.len - 1];
	struct nu_cert cert;

	read_ca(st, &cert);
	*last ^= 1;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECFailure);
	*last ^= 1;
	*mac ^= 1;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECFailure);
	assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_SIGNATURE);
	*mac ^= 1;
	assert_int_equal(nu_crmf_verify_agree_mac(msg, &cert, key, NULL),
	                 SECSuccess);
	nu_crmf_free(crmf);
}

/* RFC 6955, clause 6, again, with the secret in the open: K = SHA-256(subject |
 * ZZ | issuer), and HMAC-SHA-256 under K as RFC 2104 has it. */
static void
mac_by_hand(SECKEYPrivateKey *key, SECKEYPublicKey *pub,
            const struct nu_cert *cert, const SECItem *data,
            unsigned char ret_mac[32])
{
	nu_auto(PK11SymKey) zz = PK11_PubDeriveWithKDF(
	        key, pub, PR_FALSE, NULL, NULL, CKM_ECDH1_DERIVE,
	        CKM_SHA256_HMAC, CKA_SIGN, 0, CKD_NULL, NULL, NULL);
	unsigned char k[64] = { 0 }, pad[64], inner[32];
	nu_auto(PK11Context) ctx = NULL;
	const SECItem *secret;
	unsigned len;

	assert_non_null(zz);
	assert_int_equal(PK11_ExtractKeyValue(zz), SECSuccess);
	secret = PK11_GetKeyData(zz);
	assert_int_equal(secret->len, 32);
	ctx = PK11_CreateDigestContext(SEC_OID_SHA256);
	PK11_DigestBegin(ctx);
	PK11_DigestOp(ctx, cert->subject.data, cert->subject.len);
	PK11_DigestOp(ctx, secret->data, secret->len);
	PK11_DigestOp(ctx, cert->issuer.data, cert->issuer.len);
	PK11_DigestFinal(ctx, k, &len, 32);
	for (int outer = 0; outer < 2; outer++) {
		for (size_t i = 0; i < sizeof pad; i++)
			pad[i] = k[i] ^ (outer ? 0x5c : 0x36);
		PK11_DigestBegin(ctx);
		PK11_DigestOp(ctx, pad, sizeof pad);
		PK11_DigestOp(ctx, outer ? inner : data->data,
		              outer ? sizeof inner : data->len);
		PK11_DigestFinal(ctx, outer ? ret_mac : inner, &len, 32);
	}
}

static void
test_generate_agree_mac_is_the_one_of_rfc_6955(void **state)
{
	/* { id-pkix 6 26 } without parameters, and a BIT STRING of 32 octets */
	static const unsigned char head[] = {
		0xa3, 0x2f, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05,
		0x05, 0x07, 0x06, 0x1a, 0x03, 0x21, 0x00
	};
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct nu_crmf *crmf = decode(requests);
	const struct nu_crmf_msg *msg = &crmf->msgs[0];
	nu_auto(SECKEYPrivateKey) key = ca_key();
	nu_auto(SECKEYPublicKey) public = public_of(msg);
	unsigned char mac[32];
	struct nu_cert cert;

	read_ca(st, &cert);
	mac_by_hand(key, public, &cert, &msg->cert_req, mac);
	assert_int_equal(msg->pop_value.len, sizeof head + sizeof mac);
	assert_memory_equal(msg->pop_value.data, head, sizeof head);
	assert_memory_equal(msg->pop_value.data + sizeof head, mac,
	                    sizeof mac);
	nu_crmf_free(crmf);
}

/* --- bad parameters ------------------------------------------------------ */

static void
test_generate_bad_keys_are_blamed(void **state)
{
	static const struct {
		struct psm_key_request key;
		const char *param;
	} bad[] = {
		{ { 0, NULL, NULL }, "keyGenAlg" },
		{ { 0, NULL, "" }, "keyGenAlg" },
		{ { 0, NULL, "rsa" }, "keyGenAlg" },
		{ { 0, NULL, "RSA-sign" }, "keyGenAlg" },
		{ { 0, NULL, "rsa-signx" }, "keyGenAlg" },
		{ { 0, NULL, "rsa -sign" }, "keyGenAlg" },
		{ { 0, NULL, "dh-ex" }, "keyGenAlg" },
		{ { 0, NULL, "dsa-ex" }, "keyGenAlg" },
		{ { 0, NULL, "dsa-sign" }, "keyGenAlg" },
		{ { 0, "", "rsa-sign" }, "keyParams" },
		{ { 0, "curve=nistp256", "rsa-ex" }, "keyParams" },
		{ { 1024, NULL, "rsa-sign" }, "keySize" },
		{ { 2047, NULL, "rsa-sign" }, "keySize" },
		{ { 2049, NULL, "rsa-sign" }, "keySize" },
		{ { 8192, NULL, "rsa-sign" }, "keySize" },
		{ { 0, "nistp256", "ec-sign" }, "keyParams" },
		{ { 0, "curve=", "ec-sign" }, "keyParams" },
		{ { 0, "curve=nistp192", "ec-sign" }, "keyParams" },
		{ { 0, "curve=NISTP256", "ec-sign" }, "keyParams" },
		{ { 0, "Curve=nistp256", "ec-sign" }, "keyParams" },
		{ { 0, "curve=nistp256;curve=nistp256", "ec-sign" },
		  "keyParams" },
		{ { 0, "curve=nistp256;hash=sha1", "ec-sign" }, "keyParams" },
		{ { 0, "popcert=", "ec-ex" }, "keyParams" },
		{ { 0, "popcert=????", "ec-ex" }, "keyParams" },
		{ { 0, "popcert=MAA=", "ec-ex" }, "keyParams" },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct psm_key_request keys[] = { { .alg = "ec-sign" },
			                                bad[i].key };
		struct psm_requests_params params = { .subject = SUBJECT,
			                              .keys = keys,
			                              .n_keys = COUNT(keys) };

		assert_not_created(*state, &params, PSM_E_PARAMETER,
		                   bad[i].param);
	}
}

static void
test_generate_dsa_of_other_sizes_is_blamed(void **state)
{
	static const struct psm_key_request key = { .size = 1024,
		                                    .alg = "dsa-sign" };
	static const struct psm_key_request with = { .params = "",
		                                     .alg = "dsa-sign" };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .flags = PSM_REQUEST_ALLOW_WEAK };

	assert_not_created(*state, &params, PSM_E_PARAMETER, "keySize");
	params.keys = &with;
	assert_not_created(*state, &params, PSM_E_PARAMETER, "keyParams");
}

static void
assert_popcert_refused(struct store *st, const char *cert, const char *curve)
{
	char text[8192];
	struct psm_key_request key = { 0, text, "ec-ex" };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1 };

	snprintf(text, sizeof text, "popcert=%s;curve=%s", cert, curve);
	assert_not_created(st, &params, PSM_E_PARAMETER, "keyParams");
}

static void
test_generate_popcert_of_another_curve_or_kind_is_blamed(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *ec = base64_of(st, "ca");
	nu_auto_mem char *rsa = make_escrow(st, PSM_KEY_RSA);

	assert_popcert_refused(st, ec, "nistp384");
	assert_popcert_refused(st, rsa, "nistp256");
}

static void
test_generate_bad_arguments_are_blamed(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-sign" };
	static const struct {
		struct psm_requests_params params;
		enum psm_err err;
		const char *param;
	} bad[] = {
		{ { .subject = NULL }, PSM_E_PARAMETER, "requestedDN" },
		{ { .subject = "" }, PSM_E_PARAMETER, "requestedDN" },
		{ { .subject = "Bob" }, PSM_E_PARAMETER, "requestedDN" },
		{ { .subject = "CN=x", .reg_token = "\xff" }, PSM_E_PARAMETER,
		  "regToken" },
		{ { .subject = "CN=x", .authenticator = "\xc3" },
		  PSM_E_PARAMETER, "authenticator" },
		{ { .subject = "CN=x", .escrow_cert = "" }, PSM_E_PARAMETER,
		  "escrowAuthorityCert" },
		{ { .subject = "CN=x", .escrow_cert = "MAA=" },
		  PSM_E_PARAMETER, "escrowAuthorityCert" },
		{ { .subject = "CN=x", .flags = PSM_REQUEST_CA },
		  PSM_E_ARGUMENT, NULL },
		{ { .subject = "CN=x", .token = "no such token" }, PSM_E_TOKEN,
		  NULL },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct psm_requests_params params = bad[i].params;

		params.keys = &key;
		params.n_keys = 1;
		assert_not_created(*state, &params, bad[i].err, bad[i].param);
		params.n_keys = 0;
		assert_not_created(*state, &params, PSM_E_ARGUMENT, NULL);
	}
}

static void
test_generate_weak_escrow_is_refused_unless_allowed(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-ex" };
	struct fresh_key weak = fresh_key(rsaKey, 1024);
	nu_auto(SECItem) der = fresh_cert(&weak, ESCROW_SUBJECT, &weak,
	                                  ESCROW_SUBJECT, 1);
	nu_auto_mem char *cert = nu_b64_encode(der);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };

	ask_about_escrow(*state, PSM_ANSWER_YES);
	assert_not_created(*state, &params, PSM_E_PARAMETER,
	                   "escrowAuthorityCert");
	assert_int_equal(escrow_user.asked, 0);
	params.flags = PSM_REQUEST_ALLOW_WEAK;
	psm_requests_free(create(*state, &params));
	fresh_key_free(&weak);
}

static void
test_generate_more_keys_than_an_answer_may_have_are_refused(void **state)
{
	static const struct psm_key_request keys[3] = { { .alg = "ec-sign" },
		                                        { .alg = "ec-sign" },
		                                        { .alg = "ec-sign" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	struct store *st = *state;

	psm_set_limits(st->ctx, 0, 2);
	assert_not_created(st, &params, PSM_E_ARGUMENT, NULL);
	params.n_keys = 2;
	psm_requests_free(create(st, &params));
}

static void
test_generate_in_a_read_only_database_is_refused(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-sign" };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1 };

	store_reopen(*state, PSM_OPEN_READ_ONLY);
	assert_not_created(*state, &params, PSM_E_READ_ONLY, NULL);
}

/* --- all or none --------------------------------------------------------- */

static void
test_generate_when_a_later_key_fails_none_is_left(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "ec-sign" },
		                                       { .alg = "ec-ex" },
		                                       { .alg = "rsa-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };

	for (int n = 1; n <= (int)COUNT(keys); n++) {
		fail_generate_in = n;
		assert_not_created(*state, &params, PSM_E_TOKEN, NULL);
		assert_int_equal(fail_generate_in, 0);
		fail_store_in = n;
		assert_not_created(*state, &params, PSM_E_STORE, NULL);
		assert_int_equal(fail_store_in, 0);
	}
	psm_requests_free(create(*state, &params));
}

/* --- full circles -------------------------------------------------------- */

/* Issue and import what was asked for: every certificate comes in, by id. */
static void
complete(struct store *st, const struct psm_requests *requests,
         const struct ca_options *options)
{
	const struct psm_request request = { .text = requests->text };
	nu_auto_mem char *answer = store_answer_with(st, &request, options);
	auto_of(psm_import) *import = store_import(st, answer, NULL, 0);

	assert_int_equal(psm_import_count(import), requests->n_ids);
	for (size_t i = 0; i < requests->n_ids; i++) {
		const struct psm_imported *one = psm_import_get(import, i);

		assert_string_equal(one->request_id,
		                    store_decimal(requests->ids[i]));
		assert_true(one->cert.has_key);
		assert_int_equal(store_pending_state(st, requests->ids[i]),
		                 -1);
	}
}

static void
test_generate_proved_requests_come_full_circle(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *cert = base64_of(st, "ca");
	char text[4096];
	struct psm_key_request keys[] = { { .alg = "rsa-sign" },
		                          { .alg = "rsa-dual-use" },
		                          { .alg = "dsa-sign" },
		                          { .alg = "ec-nonrepudiation" },
		                          { 0, text, "ec-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .flags = PSM_REQUEST_ALLOW_WEAK };
	struct psm_requests *requests;

	snprintf(text, sizeof text, "popcert=%s", cert);
	requests = create(st, &params);
	complete(st, requests, NULL);
	psm_requests_free(requests);
}

static void
come_full_circle(struct store *st, enum psm_key_type type)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "rsa-sign" },
		                                       { .alg = "ec-ex" } };
	static const struct ca_options options = {
		.escrow_nickname = ESCROW_NICKNAME
	};
	nu_auto_mem char *cert = make_escrow(st, type);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .escrow_cert = cert };
	struct psm_requests *requests;

	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	complete(st, requests, &options);
	psm_requests_free(requests);
}

static void
test_generate_escrowed_keys_come_full_circle(void **state)
{
	come_full_circle(*state, PSM_KEY_RSA);
}

static void
test_generate_keys_escrowed_to_ec_come_full_circle(void **state)
{
	come_full_circle(*state, PSM_KEY_EC);
}

static void
test_generate_agree_mac_for_another_key_of_the_authority(void **state)
{
	static const struct ca_options options = {
		.pop_nickname = ESCROW_NICKNAME
	};
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_EC);
	char text[4096];
	struct psm_key_request key = { 0, text, "ec-ex" };
	struct psm_requests *requests;

	snprintf(text, sizeof text, "curve=P-256;popcert=%s", cert);
	requests = create_one(st, &key);
	complete(st, requests, &options);
	psm_requests_free(requests);
}

/* Answered by a refusal with failInfo badPOP. */
static void
assert_unproved(struct store *st, const struct psm_requests *requests,
                const struct ca_options *options)
{
	struct ca_answer *answer = NULL;
	struct nu_cert_rep *rep = NULL;
	SECItem der = { siBuffer, NULL, 0 };

	assert_int_equal(ca_issue(st->ca, requests->text,
	                          strlen(requests->text), options, &answer),
	                 PSM_OK);
	assert_int_equal(answer->n_issued, 0);
	assert_int_equal(answer->n_refused, requests->n_ids);
	der.data = (unsigned char *)answer->der;
	der.len = (unsigned)answer->der_len;
	assert_int_equal(nu_cmmf_decode(&der, MAX, &rep), SECSuccess);
	for (size_t i = 0; i < rep->n_responses; i++)
		assert_int_equal(rep->responses[i].fail_info,
		                 1ul << CA_FAIL_BAD_POP);
	nu_cert_rep_free(rep);
	ca_answer_free(answer);
}

static void
test_generate_unproved_exchange_keys_get_no_certificate(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "ec-ex" } };
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_RSA);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	static const struct ca_options wrong = { .escrow_nickname = "ca" };
	struct psm_requests *requests = create(st, &params);

	assert_unproved(st, requests, NULL);
	psm_requests_free(requests);
	params.escrow_cert = cert;
	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	assert_unproved(st, requests, NULL);
	assert_unproved(st, requests, &wrong);
	psm_requests_free(requests);
}

/* msg's key and its copy for the escrow, in a request of Eve's. */
static char *
steal(const struct nu_crmf_msg *msg)
{
	nu_auto(SECItem) subject = nu_name_from_text("CN=Eve,O=Example");
	nu_auto(SECKEYPrivateKey) any = escrow_key();
	const struct nu_cert_template template = {
		.id = msg->id,
		.subject = *subject,
		.spki = msg->spki,
		.key_usage = KU_KEY_AGREEMENT,
		.archive = &msg->archive
	};
	nu_auto(SECItem) stolen = nu_crmf_encode_msg_as(
	        &template, NU_PROOF_THIS_MESSAGE, any, NULL, NULL);
	const SECItem *msgs[] = { stolen };
	nu_auto(SECItem) all = nu_crmf_encode(msgs, 1);

	assert_non_null(all);
	return nu_b64_encode(all);
}

static void
test_generate_escrowed_key_proves_nothing_for_another(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-ex" };
	static const struct ca_options options = {
		.escrow_nickname = ESCROW_NICKNAME
	};
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_EC);
	nu_auto_mem char *stolen = NULL;
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };
	struct psm_requests *requests, eves = { .n_ids = 1 };
	struct nu_crmf *crmf;

	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	crmf = decode(requests);
	eves.text = stolen = steal(&crmf->msgs[0]);
	assert_unproved(st, &eves, &options);
	complete(st, requests, &options);
	nu_crmf_free(crmf);
	psm_requests_free(requests);
}

static void
test_generate_authority_without_the_named_key_says_so(void **state)
{
	static const struct ca_options options = { .pop_nickname = "nobody" };
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(st->ca, requests->text,
	                          strlen(requests->text), &options, &answer),
	                 PSM_E_NOT_FOUND);
	assert_null(answer);
	assert_non_null(strstr(ca_errmsg(st->ca), "nobody"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_generate_each_signing_algorithm_proves_and_says_its_use),
		store_test(test_generate_exchange_keys_ask_for_a_challenge),
		store_test(test_generate_each_algorithm_is_known),
		store_test(test_generate_each_curve_has_its_names),
		store_test(test_generate_weak_keys_need_leave),
		store_test(test_generate_controls_are_in_every_message),
		store_test(test_generate_ids_differ_and_all_are_pending),
		store_test(test_generate_exchange_keys_go_to_an_rsa_escrow),
		store_test(test_generate_exchange_keys_go_to_an_ec_escrow),
		store_test(test_generate_token_that_keeps_its_keys_names_the_way_out),
		store_test(test_generate_escrow_of_no_key_asks_nobody),
		store_test(test_generate_refused_escrow_is_cancelled),
		store_test(test_generate_unextractable_keys_are_so_even_when_escrowed),
		store_test(test_generate_agree_mac_holds_for_its_verifier_alone),
		store_test(test_generate_agree_mac_covers_the_whole_request),
		store_test(test_generate_agree_mac_is_the_one_of_rfc_6955),
		store_test(test_generate_bad_keys_are_blamed),
		store_test(test_generate_dsa_of_other_sizes_is_blamed),
		store_test(test_generate_popcert_of_another_curve_or_kind_is_blamed),
		store_test(test_generate_bad_arguments_are_blamed),
		store_test(test_generate_weak_escrow_is_refused_unless_allowed),
		store_test(test_generate_more_keys_than_an_answer_may_have_are_refused),
		store_test(test_generate_in_a_read_only_database_is_refused),
		store_test(test_generate_when_a_later_key_fails_none_is_left),
		store_test(test_generate_proved_requests_come_full_circle),
		store_test(test_generate_escrowed_keys_come_full_circle),
		store_test(test_generate_keys_escrowed_to_ec_come_full_circle),
		store_test(test_generate_escrowed_key_proves_nothing_for_another),
		store_test(test_generate_agree_mac_for_another_key_of_the_authority),
		store_test(test_generate_unproved_exchange_keys_get_no_certificate),
		store_test(test_generate_authority_without_the_named_key_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

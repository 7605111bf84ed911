/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* generated.c - requests of several keys, for the tests of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_b64.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "tests/unit/generated.h"

struct psm_requests *
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

struct psm_requests *
create_one(struct store *st, const struct psm_key_request *key)
{
	struct psm_requests_params params = { .subject = SUBJECT, .keys = key,
		                              .n_keys = 1 };

	return create(st, &params);
}

void
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

struct nu_crmf *
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

SECKEYPublicKey *
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

SECKEYPrivateKey *
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

void
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

struct escrow_user escrow_user; /* said, and was told */

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

void
ask_about_escrow(struct store *st, enum psm_answer answer)
{
	memset(&escrow_user, 0, sizeof escrow_user);
	escrow_user.answer = answer;
	st->ctx->ui.escrow = answer_escrow;
}

char *
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

char *
make_escrow(struct store *st, enum psm_key_type type)
{
	char sha1[41];

	store_own(st, ESCROW_SUBJECT, type, sha1);
	return base64_of(st, sha1);
}

SECKEYPrivateKey *
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

struct psm_requests *
create_agreed(struct store *st)
{
	nu_auto_mem char *cert = base64_of(st, "ca");
	char params[4096];
	struct psm_key_request key = { 0, params, "ec-ex" };

	snprintf(params, sizeof params, "popcert=%s;curve=nistp256", cert);
	return create_one(st, &key);
}

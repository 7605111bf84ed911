/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_recovery.c - certificates that come encrypted, lost keys that come back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define SUBJECT "CN=Bob,O=Acme"

/* --- calls of NSS that fail when they are told to --------------------- */

static int destroy_fails, import_cert_fails;

SECStatus __real_PK11_DestroyTokenObject(PK11SlotInfo *, CK_OBJECT_HANDLE);
SECStatus __wrap_PK11_DestroyTokenObject(PK11SlotInfo *, CK_OBJECT_HANDLE);
SECStatus
__wrap_PK11_DestroyTokenObject(PK11SlotInfo *slot, CK_OBJECT_HANDLE object)
{
	if (destroy_fails == 0)
		return __real_PK11_DestroyTokenObject(slot, object);
	destroy_fails--;
	PORT_SetError(SEC_ERROR_IO);
	return SECFailure;
}

SECStatus __real_PK11_ImportCert(PK11SlotInfo *, CERTCertificate *,
                                 CK_OBJECT_HANDLE, const char *, PRBool);
SECStatus __wrap_PK11_ImportCert(PK11SlotInfo *, CERTCertificate *,
                                 CK_OBJECT_HANDLE, const char *, PRBool);
SECStatus
__wrap_PK11_ImportCert(PK11SlotInfo *slot, CERTCertificate *cert,
                       CK_OBJECT_HANDLE key, const char *nickname,
                       PRBool include_trust)
{
	if (import_cert_fails == 0)
		return __real_PK11_ImportCert(slot, cert, key, nickname,
		                              include_trust);
	import_cert_fails--;
	PORT_SetError(SEC_ERROR_IO);
	return SECFailure;
}

/* --- helpers ---------------------------------------------------------- */

/* Each way an answer can go. */
static const struct way {
	enum ca_dialect dialect;
	enum ca_encrypt encrypt;
} ways[] = {
	{ CA_DIALECT_CMMF, CA_ENCRYPT_VALUE },
	{ CA_DIALECT_CMMF, CA_ENCRYPT_CMS },
	{ CA_DIALECT_CMP, CA_ENCRYPT_VALUE },
	{ CA_DIALECT_CMP, CA_ENCRYPT_CMS },
	{ CA_DIALECT_UNTAGGED, CA_ENCRYPT_VALUE },
	{ CA_DIALECT_UNTAGGED, CA_ENCRYPT_CMS },
};

static struct psm_request *
request_for(struct store *st, enum psm_key_type type, unsigned usage)
{
	struct psm_request_params params = { .subject = SUBJECT,
		                             .key_type = type,
		                             .key_usage = usage };
	struct psm_request *request = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	return request;
}

/* A key that cannot sign. */
static struct psm_request *
request_ex(struct store *st, enum psm_key_type type)
{
	return request_for(st, type, type == PSM_KEY_RSA
	                                     ? PSM_USAGE_KEY_ENCIPHERMENT
	                                     : PSM_USAGE_KEY_AGREEMENT);
}

static struct nu_cert_rep *
decode(const char *answer, SECItem *ret_der)
{
	struct nu_cert_rep *rep = NULL;

	assert_int_equal(nu_b64_decode(answer, strlen(answer), 1 << 24,
	                               ret_der), SECSuccess);
	assert_int_equal(nu_cmmf_decode(ret_der, 10, &rep), SECSuccess);
	return rep;
}

static char *
encode(const struct nu_cert_rep *rep)
{
	nu_auto(SECItem) der = nu_cmmf_encode(rep, NU_DIALECT_CMP);

	assert_non_null(der);
	return nu_b64_encode(der);
}

/* One response, granted. */
static char *
grant(int32_t id, const SECItem *cert, const SECItem *encrypted_cert,
      const SECItem *private_key)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_cert_response r = { .status = NU_STATUS_GRANTED };
	struct nu_cert_rep rep = { .responses = &r, .n_responses = 1 };

	assert_int_equal(nu_der_from_decimal(arena, store_decimal(id), &r.id),
	                 SECSuccess);
	if (cert != NULL)
		r.cert = *cert;
	if (encrypted_cert != NULL)
		r.encrypted_cert = *encrypted_cert;
	if (private_key != NULL)
		r.private_key = *private_key;
	return encode(&rep);
}

static SECKEYPublicKey *
public_of_request(const struct psm_request *request)
{
	nu_auto(SECItem) spki = store_request_spki(request);
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(spki);
	SECKEYPublicKey *pub = SECKEY_ExtractPublicKey(info);

	assert_non_null(pub);
	return pub;
}

/* --- encrypted certificates ------------------------------------------- */

static void
import_encrypted(struct store *st, enum psm_key_type type,
                 const struct way *way)
{
	const struct ca_options options = { .dialect = way->dialect,
		                            .encrypt = way->encrypt };
	auto_of(psm_request) *request = request_ex(st, type);
	nu_auto_mem char *answer = store_answer_with(st, request, &options);
	nu_auto_item der = { siBuffer, NULL, 0 };
	struct nu_cert_rep *rep = decode(answer, &der);
	auto_of(psm_import) *import = NULL;

	assert_null(rep->responses[0].cert.data);
	assert_non_null(rep->responses[0].encrypted_cert.data);
	assert_int_equal(
	        rep->responses[0].encrypted_cert.data[0],
	        way->encrypt == CA_ENCRYPT_VALUE && type == PSM_KEY_RSA
	                ? NU_SEQUENCE
	                : NU_CONTEXT_CONSTRUCTED(0));
	nu_cert_rep_free(rep);
	import = store_import(st, answer, NULL, 0);
	assert_int_equal(psm_import_count(import), 1);
	assert_true(psm_import_get(import, 0)->cert.has_key);
	assert_int_equal(psm_import_get(import, 0)->matched, PSM_MATCHED_ID);
	assert_int_equal(store_pending_state(st, request->id), -1);
}

static void
test_encrypted_cert_is_imported_in_every_form(void **state)
{
	static const enum psm_key_type types[] = { PSM_KEY_RSA, PSM_KEY_EC };

	for (size_t i = 0; i < COUNT(ways) * COUNT(types); i++)
		import_encrypted(*state, types[i % COUNT(types)],
		                 &ways[i / COUNT(types)]);
}

/* Keys that asked to be proved so, each as generateCRMFRequest() makes them. */
static void
test_encrypted_cert_proves_a_key_that_waits_for_it(void **state)
{
	static const struct psm_key_request keys[] = {
		{ 2048, NULL, "rsa-ex" },
		{ 256, "curve=nistp256", "ec-ex" },
		{ 2048, NULL, "rsa-sign" },
	};
	const struct psm_requests_params params = { .subject = SUBJECT,
		                                    .keys = keys,
		                                    .n_keys = COUNT(keys) };
	const struct ca_options plain = { .dialect = CA_DIALECT_CMP },
	                        options = { .dialect = CA_DIALECT_CMP,
		                            .encrypt = CA_ENCRYPT_CMS };
	struct store *st = *state;
	struct psm_requests *requests = NULL;
	struct ca_answer *answer = NULL;
	auto_of(psm_import) *import = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &requests),
	           PSM_OK);
	assert_int_equal(ca_issue(st->ca, requests->der, requests->der_len,
	                          &plain, &answer), PSM_OK);
	assert_int_equal(answer->n_refused, 2);
	ca_answer_free(answer);
	assert_int_equal(ca_issue(st->ca, requests->der, requests->der_len,
	                          &options, &answer), PSM_OK);
	assert_int_equal(answer->n_issued, COUNT(keys));
	import = store_import(st, answer->text, NULL, 0);
	assert_int_equal(psm_import_count(import), COUNT(keys));
	ca_answer_free(answer);
	psm_requests_free(requests);
}

static void
test_encrypted_cert_for_another_key_is_refused(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_RSA);
	auto_of(psm_request) *other = request_ex(st, PSM_KEY_RSA);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto(SECItem) other_cert = store_issue(st, other, NULL);
	nu_auto(SECKEYPublicKey) pub = public_of_request(request);
	nu_auto(SECKEYPublicKey) other_pub = public_of_request(other);
	nu_auto(SECItem) sealed = nu_envelope_seal(cert, other_pub,
	                                           NU_ENVELOPE_CMS, NULL);
	nu_auto(SECItem) wrong = nu_envelope_seal(other_cert, pub,
	                                          NU_ENVELOPE_VALUE, NULL);
	nu_auto_mem char *answer = grant(request->id, NULL, sealed, NULL);
	nu_auto_mem char *wrong_cert = grant(request->id, NULL, wrong, NULL);

	store_assert_refused(st, answer, 0, PSM_E_CERTIFICATE);
	assert_says(st, "cannot be opened");
	/* The id alone says which key opens it, whatever the mode. */
	store_assert_refused(st, answer, PSM_MATCH_BY_KEY, PSM_E_CERTIFICATE);
	store_assert_refused(st, wrong_cert, 0, PSM_E_CERTIFICATE);
	assert_says(st, "another key");
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
}

static void
test_encrypted_cert_of_an_unknown_id_is_refused(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_RSA);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto(SECKEYPublicKey) pub = public_of_request(request);
	nu_auto(SECItem) sealed =
	        nu_envelope_seal(cert, pub, NU_ENVELOPE_VALUE, NULL);
	nu_auto_mem char *other = grant(request->id ^ 1, NULL, sealed, NULL);
	nu_auto_mem char *zero = grant(0, NULL, sealed, NULL);

	store_assert_refused(st, other, 0, PSM_E_REQUEST_ID);
	store_assert_refused(st, other, PSM_MATCH_BY_KEY, PSM_E_REQUEST_ID);
	store_assert_refused(st, zero, 0, PSM_E_REQUEST_ID);
}

static void
test_encrypted_junk_is_refused(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_RSA);
	nu_auto(SECKEYPublicKey) pub = public_of_request(request);
	const SECItem text = { siBuffer, (unsigned char *)"no cert", 7 };
	static const SECItem empty = {
		siBuffer, (unsigned char *)"\x30\x03\x03\x01\x00", 5
	};
	nu_auto(SECItem) sealed =
	        nu_envelope_seal(&text, pub, NU_ENVELOPE_VALUE, NULL);
	nu_auto_mem char *answer = grant(request->id, NULL, sealed, NULL);
	nu_auto_mem char *hollow = grant(request->id, NULL, &empty, NULL);

	store_assert_refused(st, answer, 0, PSM_E_CERTIFICATE);
	store_assert_refused(st, hollow, 0, PSM_E_CERTIFICATE);
	assert_says(st, "encrypted");
}

/* Wherever it is changed, nothing or the right thing comes of it. */
static void
test_encrypted_cert_tampered_with_changes_nothing(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	nu_auto(SECKEYPublicKey) pub = public_of_request(request);
	nu_auto(SECItem) sealed =
	        nu_envelope_seal(cert, pub, NU_ENVELOPE_CMS, NULL);
	nu_auto_mem char *before = store_snapshot(st);

	st->user.confirm_answer = PSM_ANSWER_NO;
	for (unsigned at = 4; at < sealed->len; at += 23) {
		nu_auto_mem char *answer = NULL;
		enum psm_err err;

		sealed->data[at] ^= 0x10;
		answer = nu_der_check(sealed, 32) == SECSuccess
		                 ? grant(request->id, NULL, sealed, NULL)
		                 : NULL;
		sealed->data[at] ^= 0x10;
		if (answer == NULL)
			continue;
		err = psm_import_user_certificates(st->ctx, answer, NULL, 0,
		                                   NULL);
		assert_true(err == PSM_E_CERTIFICATE || err == PSM_E_CANCELLED);
		if (err == PSM_E_CANCELLED) /* a name that nobody looks at */
			assert_string_equal(psm_errmsg(st->ctx),
			                    "the user refused the import");
	}
	store_assert_unchanged(st, before);
}

static void
test_encrypted_answer_needs_a_dialect_with_room_for_it(void **state)
{
	const struct ca_options options = { .dialect = CA_DIALECT_CERT,
		                            .encrypt = CA_ENCRYPT_CMS };
	struct store *st = *state;
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_RSA);
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(st->ca, request->der, request->der_len,
	                          &options, &answer), PSM_E_ARGUMENT);
	assert_null(answer);
}

/* --- lost keys -------------------------------------------------------- */

/* A certificate of Bob's, whose key was archived and is lost. */
struct loss {
	SECItem *cert;
	SECItem *archived; /* to the CA's key */
	SECKEYPublicKey *pub;
};

static SECKEYPublicKey *
public_of_cert(const SECItem *der)
{
	nu_auto(CERTSubjectPublicKeyInfo) info = NULL;
	struct nu_cert cert;
	SECKEYPublicKey *pub;

	assert_int_equal(nu_cert_read(der, &cert), SECSuccess);
	info = SECKEY_DecodeDERSubjectPublicKeyInfo(&cert.spki);
	pub = SECKEY_ExtractPublicKey(info);
	assert_non_null(pub);
	return pub;
}

static SECItem *
ca_cert(struct store *st)
{
	size_t len;
	const unsigned char *der = ca_cert_der(st->ca, &len);
	const SECItem item = { siBuffer, (unsigned char *)der, (unsigned)len };

	return SECITEM_DupItem(&item);
}

static SECItem *
archive(struct store *st, SECKEYPrivateKey *key)
{
	nu_auto(SECItem) holder = ca_cert(st);
	nu_auto(SECKEYPublicKey) to = public_of_cert(holder);
	SECItem *archived =
	        nu_envelope_wrap_key(key, to, NU_ENVELOPE_CMS, NULL);

	assert_non_null(archived);
	return archived;
}

static SECKEYPrivateKey *
find_key(const char *label)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	SECKEYPrivateKey *key = nu_slot_key_by_label(slot, label, NULL);

	assert_non_null(key);
	return key;
}

static SECKEYPrivateKey *
find_pending(int32_t id)
{
	char label[32];

	snprintf(label, sizeof label, "pending:%d", (int)id);
	return find_key(label);
}

static SECKEYPrivateKey *
find_recovery(int32_t id)
{
	char label[32];

	snprintf(label, sizeof label, "recovery:%d", (int)id);
	return find_key(label);
}

static struct loss
lose_key(struct store *st, enum psm_key_type type)
{
	auto_of(psm_request) *request = store_request(st, SUBJECT, type);
	nu_auto(SECKEYPrivateKey) key = find_pending(request->id);
	struct loss loss = { store_issue(st, request, NULL), archive(st, key),
		             public_of_request(request) };

	assert_psm(st, psm_request_cancel(st->ctx, request->id,
	                                  PSM_CANCEL_DELETE_KEY), PSM_OK);
	return loss;
}

static void
loss_clear(struct loss *loss)
{
	SECITEM_ZfreeItem(loss->cert, PR_TRUE);
	SECITEM_ZfreeItem(loss->archived, PR_TRUE);
	SECKEY_DestroyPublicKey(loss->pub);
}
#define auto_loss __attribute__((cleanup(loss_clear))) struct loss

static struct psm_request *
request_recovery(struct store *st)
{
	const struct psm_recovery_params params = { .subject = SUBJECT,
		                                    .key_bits = 2048 };
	struct psm_request *request = NULL;

	assert_psm(st, psm_request_recovery(st->ctx, &params, &request),
	           PSM_OK);
	return request;
}

static enum psm_err
try_recover(struct store *st, const struct psm_request *request,
            const struct loss *loss, const struct ca_options *options,
            char **ret_answer)
{
	const struct ca_recovery recovery = {
		loss->cert->data, loss->cert->len, loss->archived->data,
		loss->archived->len
	};
	struct ca_answer *answer = NULL;
	enum psm_err err = ca_recover(st->ca, request->text,
	                              strlen(request->text), &recovery,
	                              options, &answer);

	assert_true((err == PSM_OK) == (answer != NULL));
	if (err == PSM_OK && ret_answer != NULL)
		*ret_answer = strdup(answer->text);
	ca_answer_free(answer);
	return err;
}

static char *
recover(struct store *st, const struct psm_request *request,
        const struct loss *loss, const struct way *way)
{
	const struct ca_options options = { .dialect = way->dialect,
		                            .encrypt = way->encrypt };
	char *answer = NULL;

	if (try_recover(st, request, loss, &options, &answer) != PSM_OK)
		fail_msg("ca_recover: %s", ca_errmsg(st->ca));
	return answer;
}

/* Key and certificate are there, and nothing else of it all. */
static void
assert_recovered(struct store *st, const struct psm_import *import,
                 const struct loss *loss)
{
	const struct psm_imported *got = psm_import_get(import, 0);
	nu_auto(SECKEYPrivateKey) key = find_key(got->cert.nickname);

	assert_int_equal(psm_import_count(import), 1);
	assert_int_equal(got->matched, PSM_MATCHED_ID);
	assert_true(got->cert.has_key);
	assert_true(nu_key_proves(key, loss->pub));
	assert_true(nu_key_may_leave(key));
	assert_int_equal(store_count(st, "recovery:"), 0);
	assert_int_equal(store_count(st, "pending:"), 0);
}

static void
recover_in(struct store *st, enum psm_key_type type, const struct way *way)
{
	auto_loss loss = lose_key(st, type);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *answer = recover(st, request, &loss, way);
	auto_of(psm_import) *import = NULL;
	bool key_deleted = false;

	assert_int_equal(store_pending_state(st, request->id), PSM_RECOVERY);
	import = store_import(st, answer, NULL, 0);
	assert_recovered(st, import, &loss);
	assert_int_equal(store_pending_state(st, request->id), -1);
	assert_psm(st, psm_store_delete(st->ctx,
	                                psm_import_get(import, 0)->cert.sha1, 0,
	                                &key_deleted), PSM_OK);
	assert_true(key_deleted);
}

static void
test_recovery_full_circle_in_every_form(void **state)
{
	static const enum psm_key_type types[] = { PSM_KEY_RSA, PSM_KEY_EC };

	for (size_t i = 0; i < COUNT(ways) * COUNT(types); i++)
		recover_in(*state, types[i % COUNT(types)],
		           &ways[i / COUNT(types)]);
}

static void
test_recovery_request_says_what_it_is(void **state)
{
	const struct psm_recovery_params params = { .subject = SUBJECT,
		                                    .reg_token = "token",
		                                    .authenticator = "who" };
	struct store *st = *state;
	auto_of(psm_request) *request = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	nu_auto(CERTSubjectPublicKeyInfo) info = NULL;
	nu_auto(SECItem) name = NULL;
	struct nu_crmf *crmf = NULL;
	SECItem der;

	assert_psm(st, psm_request_recovery(st->ctx, &params, &request),
	           PSM_OK);
	name = store_request_name(request);
	der = (SECItem){ siBuffer, (unsigned char *)request->der,
		         (unsigned)request->der_len };
	assert_int_equal(nu_crmf_decode(&der, 1, &crmf), SECSuccess);
	assert_int_equal(crmf->msgs[0].pop, NU_POP_NONE);
	assert_null(crmf->msgs[0].spki.data);
	assert_true(SECITEM_ItemsAreEqual(&crmf->msgs[0].subject, name));
	assert_memory_equal(crmf->msgs[0].reg_token.data, "token", 5);
	assert_memory_equal(crmf->msgs[0].authenticator.data, "who", 3);
	info = SECKEY_DecodeDERSubjectPublicKeyInfo(
	        &crmf->msgs[0].protocol_key);
	pub = info != NULL ? SECKEY_ExtractPublicKey(info) : NULL;
	assert_non_null(pub);
	assert_int_equal(nu_key_bits(pub), 3072);
	nu_crmf_free(crmf);
}

static void
test_recovery_bad_parameters_are_refused(void **state)
{
	static const struct psm_recovery_params bad[] = {
		{ .subject = NULL },
		{ .subject = "Bob" },
		{ .subject = SUBJECT, .key_bits = 1024 },
		{ .subject = SUBJECT, .key_bits = 2049 },
	};
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct psm_request *request = NULL;

		assert_psm(st, psm_request_recovery(st->ctx, &bad[i], &request),
		           PSM_E_ARGUMENT);
		assert_null(request);
	}
	store_assert_unchanged(st, before);
}

/* It is no request for a certificate. */
static void
test_recovery_request_is_not_issued(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = request_recovery(st);
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(st->ca, request->text, strlen(request->text),
	                          NULL, &answer), PSM_OK);
	assert_int_equal(answer->n_issued, 0);
	assert_int_equal(answer->n_refused, 1);
	ca_answer_free(answer);
}

static void
test_recovery_cancelled_takes_its_key_along(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);
	auto_of(psm_request) *request = request_recovery(st);

	assert_psm(st, psm_request_cancel(st->ctx, request->id, 0), PSM_OK);
	store_assert_unchanged(st, before);
	assert_psm(st, psm_request_cancel(st->ctx, request->id, 0),
	           PSM_E_REQUEST_ID);
}

static void
test_recovery_of_a_key_that_is_here_keeps_it(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *first = store_request(st, SUBJECT, PSM_KEY_RSA);
	nu_auto(SECKEYPrivateKey) key = find_pending(first->id);
	auto_loss loss = { store_issue(st, first, NULL), archive(st, key),
		           public_of_request(first) };
	nu_auto_mem char *answer = store_grant(store_decimal(first->id),
	                                       loss.cert);
	auto_of(psm_import) *import = store_import(st, answer, "Bob", 0);
	nu_auto_mem char *before = store_snapshot(st);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *back = recover(st, request, &loss, &ways[0]);
	auto_of(psm_import) *again = store_import(st, back, "Robert", 0);

	assert_string_equal(psm_import_get(import, 0)->cert.nickname, "Bob");
	assert_recovered(st, again, &loss);
	assert_string_equal(psm_import_get(again, 0)->cert.nickname, "Bob");
	store_assert_unchanged(st, before);
}

static void
test_recovery_answered_twice_is_refused(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_EC);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *answer = recover(st, request, &loss, &ways[1]);

	psm_import_free(store_import(st, answer, NULL, 0));
	store_assert_refused(st, answer, 0, PSM_E_REQUEST_ID);
}

static void
test_recovery_of_another_key_is_refused(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_RSA);
	auto_loss other = lose_key(st, PSM_KEY_RSA);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *good = recover(st, request, &loss, &ways[0]);
	nu_auto_item der = { siBuffer, NULL, 0 };
	struct nu_cert_rep *rep = decode(good, &der);
	nu_auto_mem char *swapped = grant(request->id, other.cert, NULL,
	                                  &rep->responses[0].private_key);
	nu_auto_mem char *archived =
	        grant(request->id, loss.cert, NULL, loss.archived);
	nu_auto_mem char *keyless = grant(request->id, loss.cert, NULL, NULL);

	nu_cert_rep_free(rep);
	store_assert_refused(st, swapped, 0, PSM_E_CERTIFICATE);
	assert_says(st, "not the certificate's");
	store_assert_refused(st, archived, 0, PSM_E_CERTIFICATE);
	store_assert_refused(st, keyless, 0, PSM_E_CERTIFICATE);
	assert_says(st, "brings no key");
	assert_int_equal(store_pending_state(st, request->id), PSM_RECOVERY);
}

/* Who listens could break the key that the answer is encrypted to. */
static void
test_recovery_under_a_weak_key_is_not_granted(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_RSA);
	const struct ca_recovery recovery = {
		loss.cert->data, loss.cert->len, loss.archived->data,
		loss.archived->len
	};
	struct fresh_key weak = fresh_key(rsaKey, 1024);
	nu_auto(SECItem) to = fresh_spki(&weak);
	nu_auto(SECItem) subject = fresh_name(SUBJECT);
	unsigned char id = 7;
	const struct nu_cert_template template = {
		.id = { siBuffer, &id, 1 }, .subject = *subject,
		.protocol_key = to
	};
	nu_auto(SECItem) msg = nu_crmf_encode_msg_as(&template, NU_PROOF_NONE,
	                                             NULL, NULL, NULL);
	const SECItem *const msgs[] = { msg };
	nu_auto(SECItem) request = nu_crmf_encode(msgs, 1);
	struct ca_answer *answer = NULL;

	assert_non_null(request);
	assert_int_equal(ca_recover(st->ca, request->data, request->len,
	                            &recovery, NULL, &answer), PSM_E_REQUEST);
	assert_null(answer);
	assert_non_null(strstr(ca_errmsg(st->ca), "weak"));
	fresh_key_free(&weak);
}

/* Certificate and key, both sealed. */
static void
test_recovery_with_an_encrypted_certificate_succeeds(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_EC);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *answer = recover(st, request, &loss, &ways[2]);
	nu_auto_item der = { siBuffer, NULL, 0 };
	struct nu_cert_rep *rep = decode(answer, &der);
	nu_auto(SECKEYPrivateKey) transport = find_recovery(request->id);
	nu_auto(SECKEYPublicKey) to = NULL;
	nu_auto(SECItem) sealed = NULL;
	nu_auto_mem char *both = NULL;
	auto_of(psm_import) *import = NULL;

	to = SECKEY_ConvertToPublicKey(transport);
	sealed = nu_envelope_seal(loss.cert, to, NU_ENVELOPE_CMS, NULL);
	both = grant(request->id, NULL, sealed,
	             &rep->responses[0].private_key);
	nu_cert_rep_free(rep);
	import = store_import(st, both, NULL, 0);
	assert_recovered(st, import, &loss);
}

/* Nothing of a key that did not get its certificate, and the other way round.
 */
static void
test_recovery_failure_leaves_nothing(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_RSA);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *answer = recover(st, request, &loss, &ways[0]);
	auto_of(psm_import) *import = NULL;

	import_cert_fails = 1;
	store_assert_refused(st, answer, 0, PSM_E_STORE);
	destroy_fails = 1; /* the transport key's deletion, first of all */
	store_assert_refused(st, answer, 0, PSM_E_STORE);
	assert_int_equal(destroy_fails + import_cert_fails, 0);
	st->user.confirm_answer = PSM_ANSWER_NO;
	store_assert_refused(st, answer, 0, PSM_E_CANCELLED);
	st->user.confirm_answer = PSM_ANSWER_YES;
	st->user.target_answer = PSM_ANSWER_NO;
	store_assert_refused(st, answer, PSM_IMPORT_FORCE_BACKUP,
	                     PSM_E_CANCELLED);
	assert_int_equal(store_pending_state(st, request->id), PSM_RECOVERY);
	import = store_import(st, answer, NULL, 0);
	assert_recovered(st, import, &loss);
}

/* The transport key is still there when all else is done, as when the first
 * time was interrupted before its last step. */
static void
test_recovery_repeated_completes_it(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_RSA);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *answer = recover(st, request, &loss, &ways[3]);
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKey) transport = find_recovery(request->id);
	nu_auto(SECKEYPrivateKey) copy =
	        PK11_CopyTokenPrivKeyToSessionPrivKey(slot, transport);
	nu_auto(SECKEYPrivateKey) back = NULL;
	auto_of(psm_import) *first = NULL;
	auto_of(psm_import) *second = NULL;
	nu_auto_mem char *before = NULL;

	assert_false(nu_key_may_leave(transport));
	assert_non_null(copy);
	first = store_import(st, answer, "Bob", 0);
	before = store_snapshot(st);
	back = PK11_ConvertSessionPrivKeyToTokenPrivKey(copy, NULL);
	assert_non_null(back);
	assert_int_equal(store_pending_state(st, request->id), PSM_RECOVERY);
	second = store_import(st, answer, NULL, 0);
	assert_recovered(st, second, &loss);
	store_assert_unchanged(st, before);
}

static void
test_recovery_backed_up_at_once_when_forced(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_EC);
	auto_of(psm_request) *request = request_recovery(st);
	nu_auto_mem char *answer = recover(st, request, &loss, &ways[0]);
	auto_of(psm_import) *import = NULL;

	snprintf(st->user.target.path, sizeof st->user.target.path, "%s",
	         store_path(st, "bob.p12"));
	strcpy(st->user.target.password, "secret");
	import = store_import(st, answer, NULL, PSM_IMPORT_FORCE_BACKUP);
	assert_recovered(st, import, &loss);
	assert_non_null(psm_import_backup_path(import));
}

/* --- what the authority refuses --------------------------------------- */

static void
test_recovery_authority_refuses_what_does_not_fit(void **state)
{
	struct store *st = *state;
	auto_loss loss = lose_key(st, PSM_KEY_RSA);
	auto_loss other = lose_key(st, PSM_KEY_EC);
	auto_of(psm_request) *request = request_recovery(st);
	auto_of(psm_request) *plain = store_request(st, SUBJECT, PSM_KEY_EC);
	auto_of(psm_request) *alice =
	        store_request(st, "CN=Alice", PSM_KEY_EC);
	nu_auto(SECItem) alices = store_issue(st, alice, NULL);
	const struct loss swapped = { loss.cert, other.archived, NULL };
	const struct loss hers = { alices, loss.archived, NULL };
	const struct loss no_key = { loss.cert, loss.cert, NULL };
	const struct loss no_cert = { loss.archived, loss.archived, NULL };
	const struct ca_options pem = { .dialect = CA_DIALECT_CERT };
	const struct ca_options nobody = { .escrow_nickname = "nobody" };
	nu_auto_mem char *before = store_snapshot(st);

	assert_int_equal(try_recover(st, plain, &loss, NULL, NULL),
	                 PSM_E_REQUEST);
	assert_int_equal(try_recover(st, request, &hers, NULL, NULL),
	                 PSM_E_REQUEST);
	assert_int_equal(try_recover(st, request, &swapped, NULL, NULL),
	                 PSM_E_CERTIFICATE);
	assert_int_equal(try_recover(st, request, &no_key, NULL, NULL),
	                 PSM_E_CERTIFICATE);
	assert_int_equal(try_recover(st, request, &no_cert, NULL, NULL),
	                 PSM_E_CERTIFICATE);
	assert_int_equal(try_recover(st, request, &loss, &pem, NULL),
	                 PSM_E_ARGUMENT);
	assert_int_equal(try_recover(st, request, &loss, &nobody, NULL),
	                 PSM_E_NOT_FOUND);
	store_assert_unchanged(st, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_encrypted_cert_is_imported_in_every_form),
		store_test(
		        test_encrypted_cert_proves_a_key_that_waits_for_it),
		store_test(
		        test_encrypted_cert_for_another_key_is_refused),
		store_test(
		        test_encrypted_cert_of_an_unknown_id_is_refused),
		store_test(test_encrypted_junk_is_refused),
		store_test(
		        test_encrypted_cert_tampered_with_changes_nothing),
		store_test(
		        test_encrypted_answer_needs_a_dialect_with_room_for_it),
		store_test(test_recovery_full_circle_in_every_form),
		store_test(test_recovery_request_says_what_it_is),
		store_test(test_recovery_bad_parameters_are_refused),
		store_test(test_recovery_request_is_not_issued),
		store_test(test_recovery_cancelled_takes_its_key_along),
		store_test(test_recovery_of_a_key_that_is_here_keeps_it),
		store_test(test_recovery_answered_twice_is_refused),
		store_test(test_recovery_of_another_key_is_refused),
		store_test(test_recovery_under_a_weak_key_is_not_granted),
		store_test(
		        test_recovery_with_an_encrypted_certificate_succeeds),
		store_test(test_recovery_failure_leaves_nothing),
		store_test(test_recovery_repeated_completes_it),
		store_test(test_recovery_backed_up_at_once_when_forced),
		store_test(test_recovery_authority_refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

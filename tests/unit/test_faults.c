/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults.c - each operation with its 1st, 2nd, 3rd ... call failing, until
 * it gets through: all or nothing, nothing lost, nothing left behind.
 *
 * PSM_FAULT=<n> tries the n-th call alone, PSM_TEST=<pattern> some tests. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_slot.h"
#include "psm/internal.h"
#include "tests/unit/fault.h"
#include "tests/unit/store.h"

#define PASSWORD "a password"
#define BACKUP "backup.p12"

enum { N_USERS = 2 };

/* An operation, and what it works on. */
struct sweep {
	struct store *st;
	const struct operation *op;
	char *response;
	int32_t id;
	char *expected;    /* what it returns when nothing fails, or NULL */
	void *got;         /* what the operation returned */
	const char *hit;   /* the call that failed, or NULL */
	bool again;        /* to complete what had failed */
	size_t n_problems; /* a sweep goes on after one, to show them all */
};

struct operation {
	const char *name, *password;
	/* Bring the store to where the operation begins. */
	void (*prepare)(struct sweep *sw);
	enum psm_err (*run)(struct sweep *sw);
	/* What it did is complete. */
	void (*check)(struct sweep *sw);
	void (*free_got)(void *got);
	/* Calls that may fail without the operation failing. */
	const char *const *best_effort;
	/* Once all fails, half of it is done for good. */
	bool not_all;
};

static char untouched; /* its address is what a ret_ argument holds */

/* --- import ----------------------------------------------------------- */

/* Two requests, answered by an authority that is not in the store. */
static void
prepare_answer(struct sweep *sw)
{
	static const char *const subjects[N_USERS] = { "CN=User 1",
		                                       "CN=User 2" };
	struct fresh_authority by = fresh_authority("CN=Far CA,O=Far", NULL);
	const SECItem *pubs[] = { by.cert };
	struct store_response responses[N_USERS] = { { .id = NULL } };
	SECItem *certs[N_USERS];

	for (size_t i = 0; i < N_USERS; i++) {
		struct psm_request *request =
		        store_request(sw->st, subjects[i], PSM_KEY_EC);

		certs[i] = store_foreign_cert(request, &by, NULL);
		responses[i].id = store_decimal(request->id);
		responses[i].cert = certs[i];
		psm_request_free(request);
	}
	sw->response = store_rep(NU_DIALECT_CMMF, responses, N_USERS, pubs, 1);
	for (size_t i = 0; i < N_USERS; i++)
		SECITEM_ZfreeItem(certs[i], PR_TRUE);
	fresh_authority_free(&by);
}

static enum psm_err
run_import(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL, 0,
	                                    (struct psm_import **)&sw->got);
}

static enum psm_err
run_import_with_backup(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL,
	                                    PSM_IMPORT_FORCE_BACKUP,
	                                    (struct psm_import **)&sw->got);
}

/* No id of this answer is pending: the keys are found by themselves. */
static void
prepare_answer_by_key(struct sweep *sw)
{
	struct psm_request *request =
	        store_request_p10(sw->st, "CN=User 1");

	sw->response = store_answer(sw->st, request, CA_DIALECT_CMP);
	psm_request_free(request);
}

/* The same for a key that NSS does not find by the certificate. */
static void
change_key_id(struct sweep *sw, const char *id)
{
	SECItem item = { siBuffer, (unsigned char *)id, (unsigned)strlen(id) };
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKeyList) keys =
	        PK11_ListPrivKeysInSlot(slot, NULL, NULL);

	(void)sw;
	assert_non_null(keys);
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(n, keys); n = PRIVKEY_LIST_NEXT(n)) {
		nu_auto_port char *label = PK11_GetPrivateKeyNickname(n->key);

		if (strncmp(label, "pending:", 8) == 0)
			assert_int_equal(PK11_WriteRawAttribute(
			                         PK11_TypePrivKey, n->key,
			                         CKA_ID, &item), SECSuccess);
	}
}

static void
prepare_foreign_key(struct sweep *sw)
{
	prepare_answer(sw);
	change_key_id(sw, "somebody else's id");
}

static void
prepare_key_without_id(struct sweep *sw)
{
	prepare_answer(sw);
	change_key_id(sw, "");
}

static enum psm_err
run_import_by_key(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL,
	                                    PSM_MATCH_BY_KEY,
	                                    (struct psm_import **)&sw->got);
}

static void
check_result(const struct sweep *sw, size_t n)
{
	const struct psm_import *import = sw->got;
	unsigned expected = sw->again ? PSM_WARN_ALREADY_STORED |
	                                        PSM_WARN_KEY_ELSEWHERE
	                              : 0;

	assert_int_equal(psm_import_count(import), n);
	for (size_t i = 0; i < n; i++) {
		const struct psm_imported *one = psm_import_get(import, i);

		assert_non_null(one->cert.nickname);
		assert_non_null(one->cert.token);
		assert_int_equal(one->warnings & ~expected, 0);
	}
}

static void
check_import(struct sweep *sw)
{
	check_result(sw, N_USERS);
	assert_int_equal(store_count(sw->st, "cert [User 1's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "cert [User 2's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "key [User 1's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "key [User 2's Far ID]"), 1);
	assert_int_equal(store_count(sw->st, "cert [Far CA]"), 1);
	assert_int_equal(store_count(sw->st, "[pending:"), 0);
}

static void
check_import_by_key(struct sweep *sw)
{
	check_result(sw, 1);
	assert_int_equal(store_count(sw->st, "cert [User 1's Acme ID]"), 1);
	assert_int_equal(store_count(sw->st, "key [User 1's Acme ID]"), 1);
	assert_int_equal(store_count(sw->st, "[pending:"), 0);
}

/* Opens the file, and finds all there. */
static void
check_backup(struct sweep *sw)
{
	struct psm_import *import = NULL;

	sw->st->user.restore_password = PASSWORD;
	assert_psm(sw->st, psm_restore(sw->st->ctx,
	                               store_path(sw->st, BACKUP), NULL, 0,
	                               &import), PSM_OK);
	assert_int_equal(psm_import_count(import), N_USERS);
	assert_int_equal(psm_import_chain_count(import), 1);
	psm_import_free(import);
}

static void
check_import_with_backup(struct sweep *sw)
{
	check_import(sw);
	assert_string_equal(psm_import_backup_path(sw->got),
	                    sw->st->user.target.path);
	check_backup(sw);
}

static void
free_import(void *got)
{
	psm_import_free(got);
}

/* --- request ---------------------------------------------------------- */

static void
prepare_nothing(struct sweep *sw)
{
	(void)sw;
}

static enum psm_err
run_request(struct sweep *sw)
{
	const struct psm_request_params params = { .subject = "CN=User 1",
		                                   .key_type = PSM_KEY_EC };

	return psm_request_create(sw->st->ctx, &params,
	                          (struct psm_request **)&sw->got);
}

static enum psm_err
run_request_p10(struct sweep *sw)
{
	const struct psm_request_params params = {
		.subject = "CN=User 1",
		.key_type = PSM_KEY_EC,
		.format = PSM_REQUEST_PKCS10,
	};

	return psm_request_create(sw->st->ctx, &params,
	                          (struct psm_request **)&sw->got);
}

static void
check_request(struct sweep *sw)
{
	const struct psm_request *request = sw->got;
	char *answer = store_answer(sw->st, request, CA_DIALECT_CMMF);
	struct psm_pending_list *list = NULL;
	const struct psm_pending *one = NULL;

	free(answer); /* its proof of possession holds, or there were none */
	assert_int_equal(strlen(request->key_id), 40);
	assert_psm(sw->st, psm_request_list(sw->st->ctx, &list), PSM_OK);
	for (size_t i = 0; i < psm_pending_list_count(list); i++) {
		one = psm_pending_list_get(list, i);
		if (one->id == request->id)
			break;
	}
	assert_non_null(one);
	assert_int_equal(one->id, request->id);
	assert_int_equal(one->state, PSM_PENDING);
	assert_non_null(one->subject);
	assert_string_equal(one->subject, "CN=User 1");
	assert_int_equal(strlen(one->created), 10);
	assert_string_equal(one->key_id, request->key_id);
	psm_pending_list_free(list);
}

static void
free_request(void *got)
{
	psm_request_free(got);
}

/* --- cancel ----------------------------------------------------------- */

/* Of n keys, and of one more if it could not be deleted: that is harmless. */
static void
check_public_keys(struct sweep *sw, size_t n)
{
	size_t found = store_count(sw->st, "public ");

	if (found != n && (found != n + 1 || sw->hit == NULL))
		fail_msg("there are %zu public keys", found);
}

static void
prepare_request(struct sweep *sw)
{
	struct psm_request *request = store_request(sw->st, "CN=User 1",
	                                            PSM_KEY_EC);

	sw->id = request->id;
	psm_request_free(request);
}

static enum psm_err
run_cancel(struct sweep *sw)
{
	return psm_request_cancel(sw->st->ctx, sw->id, PSM_CANCEL_DELETE_KEY);
}

static void
check_cancel(struct sweep *sw)
{
	assert_int_equal(store_count(sw->st, "key [pending:"), 0);
	check_public_keys(sw, 1);
}

/* --- backup and restore ----------------------------------------------- */

static void
prepare_certs(struct sweep *sw)
{
	struct psm_import *import = NULL;

	prepare_answer(sw);
	assert_psm(sw->st, psm_import_user_certificates(sw->st->ctx,
	                                                sw->response, NULL, 0,
	                                                &import), PSM_OK);
	psm_import_free(import);
}

static enum psm_err
run_backup(struct sweep *sw)
{
	const char *const names[] = { "User 1's Far ID", "User 2's Far ID" };

	return psm_backup(sw->st->ctx, names, N_USERS, &sw->st->user.target);
}

static void
delete_cert(struct sweep *sw, const char *name)
{
	assert_psm(sw->st, psm_store_delete(sw->st->ctx, name, 0, NULL),
	           PSM_OK);
}

static void
prepare_file(struct sweep *sw)
{
	prepare_certs(sw);
	assert_psm(sw->st, run_backup(sw), PSM_OK);
	assert_int_equal(rename(sw->st->user.target.path,
	                        store_path(sw->st, "given.p12")), 0);
	delete_cert(sw, "User 1's Far ID");
	delete_cert(sw, "User 2's Far ID");
	delete_cert(sw, "Far CA");
}

static enum psm_err
run_restore(struct sweep *sw)
{
	return psm_restore(sw->st->ctx, store_path(sw->st, "given.p12"), NULL,
	                   0, (struct psm_import **)&sw->got);
}

/* --- delete ----------------------------------------------------------- */

static enum psm_err
run_delete(struct sweep *sw)
{
	return psm_store_delete(sw->st->ctx, "User 1's Far ID", 0, NULL);
}

static void
check_delete(struct sweep *sw)
{
	assert_int_equal(store_count(sw->st, "[User 1's Far ID]"), 0);
	assert_int_equal(store_count(sw->st, "[User 2's Far ID]"), 2);
	check_public_keys(sw, 2);
}

/* --- list ------------------------------------------------------------- */

static void
prepare_many(struct sweep *sw)
{
	prepare_certs(sw);
	prepare_request(sw);
}

static enum psm_err
run_store_list(struct sweep *sw)
{
	return psm_store_list(sw->st->ctx, (struct psm_cert_list **)&sw->got);
}

static void
check_store_list(struct sweep *sw)
{
	size_t n_users = 0;

	assert_int_equal(psm_cert_list_count(sw->got), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct psm_cert *cert = psm_cert_list_get(sw->got, i);

		assert_non_null(cert->nickname);
		if (strncmp(cert->subject, "CN=User ", 8) != 0)
			continue;
		n_users++;
		assert_true(cert->has_key);
		assert_string_equal(cert->issuer, "CN=Far CA,O=Far");
	}
	assert_int_equal(n_users, N_USERS);
}

static void
free_cert_list(void *got)
{
	psm_cert_list_free(got);
}

static enum psm_err
run_request_list(struct sweep *sw)
{
	return psm_request_list(sw->st->ctx,
	                        (struct psm_pending_list **)&sw->got);
}

static void
check_request_list(struct sweep *sw)
{
	const struct psm_pending *one = psm_pending_list_get(sw->got, 0);

	assert_int_equal(psm_pending_list_count(sw->got), 1);
	assert_int_equal(one->state, PSM_PENDING);
	assert_int_equal(one->id, sw->id);
	assert_string_equal(one->subject, "CN=User 1");
	assert_int_equal(strlen(one->created), 10);
	assert_int_equal(one->key_bits, 256);
	assert_int_equal(strlen(one->key_id), 40);
}

static void
free_pending_list(void *got)
{
	psm_pending_list_free(got);
}

/* --- many keys at once ------------------------------------------------ */

static SECItem
ca_cert(const struct sweep *sw)
{
	SECItem der = { siBuffer, NULL, 0 };
	size_t len;

	der.data = (unsigned char *)ca_cert_der(sw->st->ca, &len);
	der.len = (unsigned)len;
	return der;
}

static enum psm_err
run_many(struct sweep *sw)
{
	static const struct psm_key_request keys[N_USERS] = {
		{ .alg = "ec-sign" }, { .alg = "ec-dual-use" }
	};
	const struct psm_requests_params params = { .subject = "CN=User 1",
		                                    .keys = keys,
		                                    .n_keys = N_USERS };

	return psm_request_create_many(sw->st->ctx, &params,
	                               (struct psm_requests **)&sw->got);
}

static void
check_pending(struct sweep *sw, size_t n)
{
	const struct psm_requests *requests = sw->got;

	assert_int_equal(requests->n_ids, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(store_pending_state(sw->st, requests->ids[i]),
		                 PSM_PENDING);
}

/* The authority accepts the proofs, and its answer can be imported. */
static void
check_many(struct sweep *sw)
{
	const struct psm_requests *requests = sw->got;
	const struct psm_request all = { .text = requests->text };
	nu_auto_mem char *answer = NULL;
	struct psm_import *import = NULL;

	check_pending(sw, N_USERS);
	answer = store_answer(sw->st, &all, CA_DIALECT_CMMF);
	import = store_import(sw->st, answer, NULL, 0);
	assert_int_equal(psm_import_count(import), N_USERS);
	psm_import_free(import);
}

static void
free_requests(void *got)
{
	psm_requests_free(got);
}

static enum psm_answer
allow_escrow(void *arg, const struct psm_cert *holder, size_t n_keys)
{
	(void)arg;
	assert_string_equal(holder->subject, "CN=Test CA,O=Acme");
	assert_int_equal(n_keys, 1);
	return PSM_ANSWER_YES;
}

/* The authority keeps the key. */
static void
prepare_escrow(struct sweep *sw)
{
	SECItem cert = ca_cert(sw);

	sw->response = nu_b64_encode(&cert);
	assert_non_null(sw->response);
	sw->st->ctx->ui.escrow = allow_escrow;
}

/* A short key, since each failure makes one. */
static enum psm_err
run_escrow(struct sweep *sw)
{
	static const struct psm_key_request key = { .alg = "rsa-ex",
		                                    .size = 1024 };
	const struct psm_requests_params params = {
		.subject = "CN=User 1",
		.escrow_cert = sw->response,
		.keys = &key,
		.n_keys = 1,
		.flags = PSM_REQUEST_ALLOW_WEAK | PSM_REQUEST_UNEXTRACTABLE,
	};

	return psm_request_create_many(sw->st->ctx, &params,
	                               (struct psm_requests **)&sw->got);
}

static SECKEYPublicKey *
public_of(const SECItem *spki)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(spki);
	SECKEYPublicKey *pub = SECKEY_ExtractPublicKey(info);

	assert_non_null(pub);
	return pub;
}

static SECKEYPrivateKey *
find_key(const char *label)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	SECKEYPrivateKey *key = nu_slot_key_by_label(slot, label, NULL);

	assert_non_null(key);
	return key;
}

/* The archive opens with the authority's key, and has the request's. */
static void
check_escrow(struct sweep *sw)
{
	const struct psm_requests *requests = sw->got;
	SECItem der = { siBuffer, (unsigned char *)requests->der,
		        (unsigned)requests->der_len };
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKey) opener = find_key("ca");
	nu_auto(SECKEYPrivateKey) archived = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	struct nu_crmf *crmf = NULL;

	check_pending(sw, 1);
	assert_int_equal(nu_crmf_decode(&der, 1, &crmf), SECSuccess);
	pub = public_of(&crmf->msgs[0].spki);
	archived = nu_envelope_unwrap_key(&crmf->msgs[0].archive, opener, pub,
	                                  slot, PR_FALSE, NULL, NULL);
	assert_non_null(archived);
	nu_crmf_free(crmf);
}

/* --- challenges and signatures ---------------------------------------- */

static enum psm_err
run_challenge(struct sweep *sw)
{
	return psm_pop_challenge_response(sw->st->ctx, sw->response,
	                                  (char **)&sw->got);
}

/* A challenge, and the answer that proves the key. */
static void
prepare_challenge_of(struct sweep *sw, const char *alg,
                     enum ca_challenge_form form)
{
	const struct psm_key_request key = { .alg = alg };
	const struct psm_requests_params params = { .subject = "CN=User 1",
		                                    .keys = &key,
		                                    .n_keys = 1 };
	struct psm_requests *requests = NULL;
	struct ca_challenge *challenge = NULL;

	assert_psm(sw->st, psm_request_create_many(sw->st->ctx, &params,
	                                           &requests), PSM_OK);
	assert_int_equal(ca_challenge(sw->st->ca, requests->der,
	                              requests->der_len, form, &challenge),
	                 PSM_OK);
	sw->response = strdup(ca_challenge_text(challenge));
	assert_psm(sw->st, run_challenge(sw), PSM_OK);
	sw->expected = sw->got;
	assert_int_equal(ca_challenge_check(sw->st->ca, challenge,
	                                    sw->expected), PSM_OK);
	assert_true(ca_challenge_proved(challenge, 0));
	ca_challenge_free(challenge);
	psm_requests_free(requests);
}

static void
prepare_challenge_named(struct sweep *sw)
{
	prepare_challenge_of(sw, "rsa-ex", CA_CHALLENGE_NETSCAPE);
}

static void
prepare_challenge_rsa(struct sweep *sw)
{
	prepare_challenge_of(sw, "rsa-ex", CA_CHALLENGE_CMP);
}

static void
prepare_challenge_ec(struct sweep *sw)
{
	prepare_challenge_of(sw, "ec-ex", CA_CHALLENGE_CMP);
}

static void
check_text(struct sweep *sw)
{
	assert_string_equal(sw->got, sw->expected);
}

static void
free_text(void *got)
{
	psm_text_free(got);
}

static enum psm_err
run_sign_text(struct sweep *sw)
{
	static const char *const cas[] = { "CN=Test CA,O=Acme" };

	return psm_sign_text(sw->st->ctx, "I agree", false, cas, 1,
	                     (char **)&sw->got);
}

static void
prepare_sign_text(struct sweep *sw)
{
	store_own(sw->st, "CN=User 1", PSM_KEY_RSA, NULL);
	assert_psm(sw->st, run_sign_text(sw), PSM_OK);
	sw->expected = sw->got;
}

/* With chain and time, a signature by RSA is always as long. */
static void
check_sign_text(struct sweep *sw)
{
	assert_int_equal(strlen(sw->got), strlen(sw->expected));
}

/* --- what else an authority sends ------------------------------------- */

static void
prepare_list(struct sweep *sw)
{
	struct psm_request *request = store_request(sw->st, "CN=User 1",
	                                            PSM_KEY_EC);

	sw->response = store_answer(sw->st, request, CA_DIALECT_PKCS7);
	psm_request_free(request);
}

static enum psm_err
run_import_any(struct sweep *sw)
{
	return psm_import(sw->st->ctx, sw->response, strlen(sw->response),
	                  NULL, (struct psm_import **)&sw->got);
}

/* A certificate that only the key's holder can read. */
static void
prepare_encrypted(struct sweep *sw)
{
	const struct psm_request_params params = {
		.subject = "CN=User 1",
		.key_type = PSM_KEY_EC,
		.key_usage = PSM_USAGE_KEY_AGREEMENT,
	};
	const struct ca_options options = { .dialect = CA_DIALECT_CMP,
		                            .encrypt = CA_ENCRYPT_CMS };
	struct psm_request *request = NULL;

	assert_psm(sw->st, psm_request_create(sw->st->ctx, &params, &request),
	           PSM_OK);
	sw->response = store_answer_with(sw->st, request, &options);
	psm_request_free(request);
}

/* A key that the authority keeps a copy of. Both are the caller's. */
struct loss {
	SECItem *cert, *archived;
};

static struct loss
lose_key(struct sweep *sw)
{
	struct psm_request *request = store_request(sw->st, "CN=User 1",
	                                            PSM_KEY_EC);
	SECItem holder = ca_cert(sw);
	char label[PSM_LABEL_SIZE];
	nu_auto(SECKEYPrivateKey) key = NULL;
	nu_auto(SECKEYPublicKey) to = NULL;
	struct nu_cert parts;
	struct loss loss;

	pending_label(request->id, false, label);
	key = find_key(label);
	assert_int_equal(nu_cert_read(&holder, &parts), SECSuccess);
	to = public_of(&parts.spki);
	loss.cert = store_issue(sw->st, request, NULL);
	loss.archived = nu_envelope_wrap_key(key, to, NU_ENVELOPE_CMS, NULL);
	assert_non_null(loss.archived);
	assert_psm(sw->st, psm_request_cancel(sw->st->ctx, request->id,
	                                      PSM_CANCEL_DELETE_KEY), PSM_OK);
	psm_request_free(request);
	return loss;
}

static void
prepare_recovery(struct sweep *sw)
{
	const struct psm_recovery_params params = { .subject = "CN=User 1",
		                                    .key_bits = 2048 };
	const struct ca_options options = { .dialect = CA_DIALECT_CMP };
	struct loss loss = lose_key(sw);
	const struct ca_recovery kept = { loss.cert->data, loss.cert->len,
		                          loss.archived->data,
		                          loss.archived->len };
	struct psm_request *request = NULL;
	struct ca_answer *answer = NULL;

	assert_psm(sw->st, psm_request_recovery(sw->st->ctx, &params,
	                                        &request), PSM_OK);
	assert_int_equal(ca_recover(sw->st->ca, request->der, request->der_len,
	                            &kept, &options, &answer), PSM_OK);
	sw->response = strdup(answer->text);
	ca_answer_free(answer);
	psm_request_free(request);
	SECITEM_ZfreeItem(loss.cert, PR_TRUE);
	SECITEM_ZfreeItem(loss.archived, PR_TRUE);
}

static void
check_recovery(struct sweep *sw)
{
	check_import_by_key(sw);
	assert_int_equal(store_count(sw->st, "[recovery:"), 0);
}

/* --- the sweep -------------------------------------------------------- */

static void
fill_target(struct store *st)
{
	snprintf(st->user.target.path, sizeof st->user.target.path, "%s",
	         store_path(st, BACKUP));
	snprintf(st->user.target.password, sizeof st->user.target.password,
	         "%s", PASSWORD);
	st->user.restore_password = PASSWORD;
	st->user.retry = false;
}

static void
begin(struct sweep *sw, const struct operation *op)
{
	memset(sw, 0, sizeof *sw);
	sw->op = op;
	sw->st = store_new(op->password);
	fill_target(sw->st);
	op->prepare(sw);
	store_reopen(sw->st, 0);
	assert_int_equal(store_shell(sw->st, "cp -r db saved"), 0);
}


/* The store as it was prepared. */
static void
rewind_store(struct sweep *sw)
{
	ca_free(sw->st->ca);
	psm_close(sw->st->ctx);
	sw->st->ca = ca_new();
	assert_non_null(sw->st->ca);
	assert_int_equal(store_shell(sw->st, "rm -rf db " BACKUP
	                                     "* && cp -r saved db"), 0);
	assert_psm(sw->st, psm_open(sw->st->ctx, sw->st->db, 0), PSM_OK);
}

static void __attribute__((format(printf, 2, 3)))
complain(struct sweep *sw, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_error("%s: when %s failed: ", sw->op->name, sw->hit);
	vprint_error(format, ap);
	print_error("\n");
	va_end(ap);
	sw->n_problems++;
}

/* Whatever fails, it is not the answer's fault. Only why a challenge does not
 * open is not told, since its sender could learn from that. */
static bool
blames_answer(const struct sweep *sw, enum psm_err err)
{
	if (sw->op->run == run_challenge &&
	    strstr(psm_errmsg(sw->st->ctx), "opens challenge") != NULL)
		return false;
	return strcmp(psm_js_string(err), "error:internalError") != 0;
}

static enum psm_err
run(struct sweep *sw, size_t n, enum fault_mode mode)
{
	enum psm_err err;

	sw->got = &untouched;
	fault_arm(n, mode);
	err = sw->op->run(sw);
	sw->hit = fault_disarm();
	if (err != PSM_OK && sw->got != &untouched)
		complain(sw, "call %zu touched ret_", n);
	if (err != PSM_OK && blames_answer(sw, err))
		complain(sw, "call %zu: %s, %s", n, psm_js_string(err),
		         psm_errmsg(sw->st->ctx));
	return err;
}

static void
free_result(struct sweep *sw)
{
	if (sw->op->free_got != NULL)
		sw->op->free_got(sw->got);
}

static bool
is_best_effort(const struct operation *op, const char *call)
{
	for (const char *const *c = op->best_effort; *c != NULL; c++) {
		if (strcmp(*c, call) == 0)
			return true;
	}
	return false;
}

/* It failed, and all is as it was. */
static void
check_unchanged(struct sweep *sw, size_t n, const char *before,
                const char *files_before)
{
	nu_auto_mem char *now = store_snapshot(sw->st);
	nu_auto_mem char *files = store_ls(sw->st->dir);
	size_t n_problems = sw->n_problems;

	if (strcmp(now, before) != 0)
		complain(sw, "call %zu: the store was\n%sand is\n%s", n,
		         before, now);
	if (strcmp(files, files_before) != 0)
		complain(sw, "call %zu: the files were\n%sand are\n%s", n,
		         files_before, files);
	if (sw->n_problems > n_problems)
		rewind_store(sw);
}

/* One fault. Returns whether there was one to be had. */
static bool
fail_once(struct sweep *sw, size_t n)
{
	nu_auto_mem char *before = store_snapshot(sw->st);
	nu_auto_mem char *files = store_ls(sw->st->dir);
	enum psm_err err = run(sw, n, FAULT_ONCE);
	bool failed = sw->hit != NULL;

	if (err != PSM_OK) {
		assert_true(failed);
		check_unchanged(sw, n, before, files);
		return true;
	}
	if (failed && !is_best_effort(sw->op, sw->hit))
		complain(sw, "call %zu: unnoticed", n);
	sw->op->check(sw);
	free_result(sw);
	rewind_store(sw);
	return failed;
}

/* A user's certificate has its key. */
static void
assert_keys(struct sweep *sw)
{
	struct psm_cert_list *list = NULL;

	assert_psm(sw->st, psm_store_list(sw->st->ctx, &list), PSM_OK);
	for (size_t i = 0; i < psm_cert_list_count(list); i++) {
		const struct psm_cert *cert = psm_cert_list_get(list, i);

		if (strncmp(cert->subject, "CN=User", 7) == 0 && !cert->has_key)
			complain(sw, "%s has no key", cert->subject);
	}
	psm_cert_list_free(list);
}

/* After a failure that left something behind. */
static void
complete(struct sweep *sw, size_t n, enum fault_mode mode)
{
	enum psm_err err;

	store_reopen(sw->st, 0);
	assert_psm(sw->st, psm_login(sw->st->ctx, NULL), PSM_OK);
	assert_keys(sw);
	assert_int_equal(store_shell(sw->st, "rm -f " BACKUP "*"), 0);
	sw->again = true;
	err = run(sw, SIZE_MAX, mode);
	if (err == PSM_OK) {
		sw->op->check(sw);
		free_result(sw);
	} else {
		complain(sw, "call %zu: cannot be completed: %s", n,
		         psm_errmsg(sw->st->ctx));
	}
	sw->again = false;
}

/* From a fault on, it goes on failing; later, the work can be completed. */
static bool
fail_for_good(struct sweep *sw, size_t n, enum fault_mode mode)
{
	nu_auto_mem char *before = store_snapshot(sw->st);
	nu_auto_mem char *files = store_ls(sw->st->dir);
	nu_auto_mem char *now = NULL, *files_now = NULL;
	enum psm_err err = run(sw, n, mode);
	bool failed = sw->hit != NULL;

	if (err == PSM_OK)
		free_result(sw);
	now = store_snapshot(sw->st);
	files_now = store_ls(sw->st->dir);
	if (strcmp(now, before) == 0 && strcmp(files_now, files) == 0)
		return failed;
	if (err != PSM_OK)
		complete(sw, n, mode);
	rewind_store(sw);
	return failed;
}

static struct sweep sw;

/* Also after a test that failed in the middle of it. */
static int
end(void **state)
{
	(void)state;
	free(sw.response);
	free(sw.expected);
	store_free(sw.st);
	sw.response = NULL;
	sw.expected = NULL;
	sw.st = NULL;
	return 0;
}

static void
sweep(const struct operation *op, enum fault_mode mode)
{
	const char *only = getenv("PSM_FAULT");
	size_t n = only != NULL ? strtoul(only, NULL, 10) : 0;
	size_t leaks = fault_leaks();
	bool more;

	begin(&sw, op);
	do {
		if (mode == FAULT_ONCE) /* with nothing in NSS's caches */
			store_reopen(sw.st, 0);
		more = mode == FAULT_ONCE ? fail_once(&sw, n)
		                          : fail_for_good(&sw, n, mode);
		n++;
	} while (more && only == NULL);
	end(NULL);
	print_message("%zu calls\n", n - 1);
	assert_int_equal(sw.n_problems, 0);
	assert_int_equal(fault_leaks(), leaks);
}

static const char *const none[] = { NULL };
/* A key whose public half cannot be read is challenged. */
static const char *const matching[] = { "PK11_ReadRawAttribute", NULL };
/* A file that was read, or a directory that was synced, is closed. */
static const char *const closing[] = { "close", "PK11_ReadRawAttribute", NULL };
/* An id that may be taken is not drawn. */
static const char *const drawing[] = { "PK11_ListPrivKeysInSlot", NULL };
/* A challenge that one hash does not prove is tried with the other. */
static const char *const proving[] = { "PK11_HashBuf", NULL };
/* The public key's object may stay. */
static const char *const deleting[] = { "PK11_FindGenericObjects",
	                                "PK11_ReadRawAttribute",
	                                "PK11_DestroyTokenObject", NULL };

static const struct operation operations[] = {
	{ "import", PASSWORD, prepare_answer, run_import, check_import,
	  free_import, matching, false },
	{ "import_by_key", NULL, prepare_answer_by_key, run_import_by_key,
	  check_import_by_key, free_import, matching, false },
	{ "import_for_foreign_key", NULL, prepare_foreign_key, run_import,
	  check_import, free_import, matching, true },
	{ "import_for_key_without_id", NULL, prepare_key_without_id, run_import,
	  check_import, free_import, matching, false },
	{ "import_with_backup", NULL, prepare_answer, run_import_with_backup,
	  check_import_with_backup, free_import, closing, false },
	{ "request", NULL, prepare_nothing, run_request, check_request,
	  free_request, drawing, false },
	{ "request_as_pkcs10", NULL, prepare_nothing, run_request_p10,
	  check_request, free_request, drawing, false },
	{ "cancel", NULL, prepare_request, run_cancel, check_cancel, NULL,
	  deleting, false },
	{ "backup", NULL, prepare_certs, run_backup, check_backup, NULL,
	  closing, false },
	{ "restore", NULL, prepare_file, run_restore, check_import, free_import,
	  closing, false },
	{ "list", PASSWORD, prepare_many, run_store_list, check_store_list,
	  free_cert_list, none, false },
	{ "request_list", PASSWORD, prepare_many, run_request_list,
	  check_request_list, free_pending_list, none, false },
	{ "request_many", NULL, prepare_nothing, run_many, check_many,
	  free_requests, drawing, false },
	{ "request_escrowed", NULL, prepare_escrow, run_escrow, check_escrow,
	  free_requests, drawing, false },
	{ "challenge_by_name", NULL, prepare_challenge_named, run_challenge,
	  check_text, free_text, none, false },
	{ "challenge", NULL, prepare_challenge_rsa, run_challenge,
	  check_text, free_text, proving, false },
	{ "challenge_of_ec_key", NULL, prepare_challenge_ec, run_challenge,
	  check_text, free_text, proving, false },
	{ "sign_text", PASSWORD, prepare_sign_text, run_sign_text,
	  check_sign_text, free_text, none, false },
	{ "import_list", NULL, prepare_list, run_import_any,
	  check_import_by_key, free_import, matching, false },
	{ "import_encrypted", NULL, prepare_encrypted, run_import,
	  check_import_by_key, free_import, matching, false },
	{ "import_recovery", NULL, prepare_recovery, run_import,
	  check_recovery, free_import, deleting, false },
	{ "delete", NULL, prepare_certs, run_delete, check_delete, NULL,
	  deleting, true },
};

static void
test_any_operation_one_failure_changes_nothing(void **state)
{
	sweep(*state, FAULT_ONCE);
}

static void
test_any_operation_lasting_failure_can_be_completed_later(void **state)
{
	sweep(*state, FAULT_SAME);
}

static void
test_any_operation_total_failure_can_be_completed_later(void **state)
{
	sweep(*state, FAULT_ALL);
}

/* A cmocka test of each operation with each kind of failure. */
int
main(void)
{
	static const struct {
		const char *name;
		void (*test)(void **state);
	} kinds[] = {
		{ "one_failure_changes_nothing",
		  test_any_operation_one_failure_changes_nothing },
		{ "lasting_failure_can_be_completed_later",
		  test_any_operation_lasting_failure_can_be_completed_later },
		{ "total_failure_can_be_completed_later",
		  test_any_operation_total_failure_can_be_completed_later },
	};
	enum { N_OPS = sizeof operations / sizeof operations[0], N_KINDS = 3 };
	struct CMUnitTest tests[N_KINDS * N_OPS];
	char names[N_KINDS * N_OPS][128];
	size_t n = 0;

	for (size_t i = 0; i < N_KINDS * N_OPS; i++) {
		const struct operation *op = &operations[i % N_OPS];

		if (op->not_all && i / N_OPS == 2)
			continue;
		snprintf(names[n], sizeof names[n], "test_%s_%s", op->name,
		         kinds[i / N_OPS].name);
		tests[n] = (struct CMUnitTest){ names[n], kinds[i / N_OPS].test,
			                        NULL, end, (void *)op };
		n++;
	}
	/* NSS's: of the database's password, which is asked for each time. */
	setenv("NSS_MAX_MP_PBE_ITERATION_COUNT", "1", 1);
	cmocka_set_test_filter(getenv("PSM_TEST"));
	return _cmocka_run_group_tests("faults", tests, n, NULL, NULL);
}

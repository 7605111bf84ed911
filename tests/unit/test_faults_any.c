/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_any.c - any call fails of importing what else a CA sends:
 * messages, certificates alone, encrypted ones, lost keys. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_envelope.h"
#include "psm/internal.h"
#include "tests/unit/cmp.h"
#include "tests/unit/sweep.h"

#define SECRET "word"

static enum psm_err
run_import(struct sweep *sw)
{
	return psm_import_user_certificates(sw->st->ctx, sw->response, NULL, 0,
	                                    (struct psm_import **)&sw->got);
}

/* --- certificates alone ---------------------------------------------- */

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

/* --- messages -------------------------------------------------------- */

/* The answer to a request, in a message that by protects. */
static void
prepare_message(struct sweep *sw, struct cmp_message *by)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct psm_request *request = store_request(sw->st, "CN=User 1",
	                                            PSM_KEY_EC);
	nu_auto_mem char *answer = store_answer(sw->st, request,
	                                        CA_DIALECT_CMP);
	SECItem *der;

	by->body = cmp_body_of(arena, answer);
	der = cmp_make(arena, by);
	sw->response = malloc(der->len);
	assert_non_null(sw->response);
	memcpy(sw->response, der->data, der->len);
	sw->response_len = der->len;
	psm_request_free(request);
}

static void
prepare_message_by_secret(struct sweep *sw)
{
	struct cmp_message message = { .secret = SECRET };

	prepare_message(sw, &message);
}

static enum psm_err
run_import_by_secret(struct sweep *sw)
{
	const struct psm_import_options options = { .secret = SECRET };

	return psm_import(sw->st->ctx, sw->response, sw->response_len,
	                  &options, (struct psm_import **)&sw->got);
}

/* Who signs is not in the store; its certificate is kept beside it. */
static void
prepare_message_by_signer(struct sweep *sw)
{
	struct fresh_authority by = fresh_authority("CN=Server,O=Far", NULL);
	struct cmp_message message = { .sender = by.name, .by = &by.key };

	prepare_message(sw, &message);
	sw->expected = nu_pem_encode("CERTIFICATE", by.cert);
	assert_non_null(sw->expected);
	fresh_authority_free(&by);
}

static enum psm_err
run_import_by_signer(struct sweep *sw)
{
	const struct psm_import_options options = {
		.signer = sw->expected,
		.signer_len = strlen(sw->expected),
	};

	return psm_import(sw->st->ctx, sw->response, sw->response_len,
	                  &options, (struct psm_import **)&sw->got);
}

static void
check_message(struct sweep *sw)
{
	sweep_check_one(sw);
	assert_int_equal(psm_import_form(sw->got), PSM_FORM_PKI_MESSAGE);
	assert_int_equal(psm_import_protection(sw->got),
	                 PSM_PROTECTION_VERIFIED);
}

/* --- what only the key opens ----------------------------------------- */

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
	SECItem holder = sweep_ca_cert(sw);
	char label[PSM_LABEL_SIZE];
	nu_auto(SECKEYPrivateKey) key = NULL;
	nu_auto(SECKEYPublicKey) to = NULL;
	struct nu_cert parts;
	struct loss loss;

	pending_label(request->id, false, label);
	key = sweep_find_key(label);
	assert_int_equal(nu_cert_read(&holder, &parts), SECSuccess);
	to = sweep_public_of(&parts.spki);
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
	sweep_check_one(sw);
	assert_int_equal(store_count(sw->st, "[recovery:"), 0);
}

static const struct operation operations[] = {
	{ .name = "import_list",
	  .prepare = prepare_list, .run = run_import_any,
	  .check = sweep_check_one, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_message_by_secret",
	  .prepare = prepare_message_by_secret, .run = run_import_by_secret,
	  .check = check_message, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_message_by_signer",
	  .prepare = prepare_message_by_signer, .run = run_import_by_signer,
	  .check = check_message, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_encrypted",
	  .prepare = prepare_encrypted, .run = run_import,
	  .check = sweep_check_one, .free_got = sweep_free_import,
	  .best_effort = sweep_matching },
	{ .name = "import_recovery",
	  .prepare = prepare_recovery, .run = run_import,
	  .check = check_recovery, .free_got = sweep_free_import,
	  .best_effort = sweep_deleting },
};

int
main(void)
{
	return sweep_main("faults of import, any form", operations,
	                  sizeof operations / sizeof operations[0]);
}

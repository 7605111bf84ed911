/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_crmf.c - requests: CRMF, PKCS#10 and the extensions they ask for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include <prerror.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_p10.h"
#include "tests/unit/fresh.h"
#include "tests/unit/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
/* A string literal's octets. */
#define OCTETS(s) { siBuffer, (unsigned char *)(s), sizeof(s) - 1 }

enum { MAX = 10, USAGE = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT };

/* Keys take a while: made once. */
struct keys {
	PLArenaPool *arena;
	struct fresh_key rsa, ec[3], other;
	SECItem *rsa_spki, *ec_spki[3], *name;
};

static int
setup_keys(void **state)
{
	static const unsigned bits[] = { 256, 384, 521 };
	static struct keys keys;

	fresh_open();
	keys.arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	keys.rsa = fresh_key(rsaKey, 2048);
	keys.rsa_spki = fresh_spki(&keys.rsa);
	keys.other = fresh_key(ecKey, 256);
	for (size_t i = 0; i < COUNT(bits); i++) {
		keys.ec[i] = fresh_key(ecKey, bits[i]);
		keys.ec_spki[i] = fresh_spki(&keys.ec[i]);
	}
	keys.name = fresh_name("CN=M\xc3\xbcller,O=House,C=DE");
	*state = &keys;
	return keys.arena != NULL ? 0 : -1;
}

static int
teardown_keys(void **state)
{
	struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(keys->ec); i++) {
		fresh_key_free(&keys->ec[i]);
		SECITEM_ZfreeItem(keys->ec_spki[i], PR_TRUE);
	}
	fresh_key_free(&keys->rsa);
	fresh_key_free(&keys->other);
	SECITEM_ZfreeItem(keys->rsa_spki, PR_TRUE);
	SECITEM_ZfreeItem(keys->name, PR_TRUE);
	PORT_FreeArena(keys->arena, PR_FALSE);
	fresh_close();
	return 0;
}

static struct nu_cert_template
template_for(const struct keys *keys, const SECItem *spki)
{
	static const SECItem id = OCTETS("\x12\x34\x56\x78");
	struct nu_cert_template template = {
		.id = id,
		.subject = *keys->name,
		.spki = *spki,
		.key_usage = USAGE,
	};

	return template;
}

static void
assert_same(const SECItem *a, const SECItem *b)
{
	assert_true(SECITEM_ItemsAreEqual(a, b));
}

static void
assert_error(SECStatus rv, PRErrorCode why)
{
	assert_int_equal(rv, SECFailure);
	assert_int_equal(PORT_GetError(), why);
	PORT_SetError(0);
}

static struct nu_crmf *
must_decode(const SECItem *der)
{
	struct nu_crmf *crmf = NULL;

	assert_non_null(der);
	assert_int_equal(nu_crmf_decode(der, MAX, &crmf), SECSuccess);
	return crmf;
}

static void
assert_refused(const SECItem *der)
{
	struct nu_crmf *crmf = NULL;

	assert_error(nu_crmf_decode(der, MAX, &crmf), SEC_ERROR_BAD_DER);
	assert_null(crmf);
}

/* CertReqMessages with one message of this template. */
static SECItem *
encode_one(const struct nu_cert_template *template, SECKEYPrivateKey *key)
{
	nu_auto(SECItem) msg = nu_crmf_encode_msg(template, key);
	const SECItem *const msgs[] = { msg };

	assert_non_null(msg);
	return nu_crmf_encode(msgs, 1);
}

static void
round_trip(const struct nu_cert_template *template, SECKEYPrivateKey *key)
{
	nu_auto(SECItem) der = encode_one(template, key);
	struct nu_crmf *crmf = must_decode(der);
	const struct nu_crmf_msg *msg = &crmf->msgs[0];
	unsigned usage = 0;
	PRBool is_ca;

	assert_int_equal(crmf->n_msgs, 1);
	assert_same(&msg->id, &template->id);
	assert_same(&msg->subject, &template->subject);
	assert_same(&msg->spki, &template->spki);
	assert_int_equal(nu_ext_key_usage(&msg->extensions, &usage),
	                 SECSuccess);
	assert_int_equal(usage, template->key_usage);
	assert_int_equal(nu_ext_is_ca(&msg->extensions, &is_ca), SECSuccess);
	assert_int_equal(is_ca, template->is_ca);
	assert_int_equal(msg->pop, NU_POP_SIGNATURE);
	assert_int_equal(nu_crmf_verify_signature(msg), SECSuccess);
	nu_crmf_free(crmf);
}

static void
test_crmf_every_key_kind_round_trips(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->rsa_spki);

	round_trip(&template, keys->rsa.private);
	for (size_t i = 0; i < COUNT(keys->ec); i++) {
		template = template_for(keys, keys->ec_spki[i]);
		round_trip(&template, keys->ec[i].private);
	}
	template.is_ca = PR_TRUE;
	round_trip(&template, keys->ec[2].private);
	template.key_usage = 0;
	round_trip(&template, keys->ec[2].private);
	template.is_ca = PR_FALSE;
	round_trip(&template, keys->ec[2].private);
}

static void
test_crmf_controls_round_trip(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);
	nu_auto(SECItem) none =
	        encode_one(&template, keys->ec[0].private);
	nu_auto(SECItem) both = NULL;
	struct nu_crmf *crmf = must_decode(none);

	assert_null(crmf->msgs[0].reg_token.data);
	assert_null(crmf->msgs[0].authenticator.data);
	nu_crmf_free(crmf);
	template.reg_token = "t\xc3\xb6ken";
	template.authenticator = "";
	both = encode_one(&template, keys->ec[0].private);
	crmf = must_decode(both);
	assert_int_equal(crmf->msgs[0].reg_token.len, 6);
	assert_memory_equal(crmf->msgs[0].reg_token.data, "t\xc3\xb6ken", 6);
	assert_non_null(crmf->msgs[0].authenticator.data);
	assert_int_equal(crmf->msgs[0].authenticator.len, 0);
	nu_crmf_free(crmf);
}

static void
test_crmf_several_messages_in_order(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);
	nu_auto(SECItem) a = nu_crmf_encode_msg(&template,
	                                        keys->ec[0].private);
	nu_auto(SECItem) b = NULL;
	nu_auto(SECItem) der = NULL;
	struct nu_crmf *crmf;

	template.id.len = 1;
	b = nu_crmf_encode_msg(&template, keys->ec[0].private);
	der = nu_crmf_encode((const SECItem *const[]){ a, b, a }, 3);
	crmf = must_decode(der);
	assert_int_equal(crmf->n_msgs, 3);
	assert_int_equal(crmf->msgs[0].id.len, 4);
	assert_int_equal(crmf->msgs[1].id.len, 1);
	nu_crmf_free(crmf);
	assert_error(nu_crmf_decode(der, 2, &crmf), SEC_ERROR_INPUT_LEN);
}

static void
test_crmf_no_message_refused(void **state)
{
	static const SECItem none = OCTETS("\x30\x00");

	(void)state;
	assert_refused(&none);
}

static void
test_crmf_incomplete_template_not_encoded(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);

	template.id.len = 0;
	assert_null(nu_crmf_encode_msg(&template, keys->ec[0].private));
	assert_int_equal(PORT_GetError(), SEC_ERROR_INVALID_ARGS);
}

static void
test_crmf_signed_by_another_key_unproved(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);
	nu_auto(SECItem) der = encode_one(&template, keys->other.private);
	struct nu_crmf *crmf = must_decode(der);

	assert_error(nu_crmf_verify_signature(&crmf->msgs[0]),
	             SEC_ERROR_BAD_SIGNATURE);
	nu_crmf_free(crmf);
}

struct spoilt {
	SECItem request; /* what was signed: CertRequest, or P10's info */
	size_t n;
};

static void
check_crmf(const struct hostile *variant, void *arg)
{
	struct spoilt *spoilt = arg;
	struct nu_crmf *crmf = NULL;

	spoilt->n++;
	if (nu_crmf_decode(&variant->der, MAX, &crmf) != SECSuccess) {
		assert_null(crmf);
		return;
	}
	if (variant->never_der)
		fail_msg("accepted: %s at %zu", variant->what, variant->at);
	for (size_t i = 0; i < crmf->n_msgs; i++) {
		if (nu_crmf_verify_signature(&crmf->msgs[i]) == SECSuccess)
			assert_same(&crmf->msgs[i].cert_req, &spoilt->request);
	}
	nu_crmf_free(crmf);
}

static void
test_crmf_hostile_refused_or_unproved(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);
	nu_auto(SECItem) der = NULL;
	struct nu_crmf *crmf;
	struct spoilt spoilt = { .n = 0 };

	template.reg_token = "token";
	der = encode_one(&template, keys->ec[0].private);
	crmf = must_decode(der);
	spoilt.request = crmf->msgs[0].cert_req;
	hostile_each(der, check_crmf, &spoilt);
	assert_true(spoilt.n > 1000);
	nu_crmf_free(crmf);
}

/* One message from its parts: whatever stands behind the id in the
 * CertRequest, and the proof. */
static SECItem *
wrap_msg(PLArenaPool *arena, const SECItem *template, const SECItem *controls,
         const SECItem *proof, const SECItem *reg_info)
{
	SECItem *id = nu_der_make_long(arena, 1);
	SECItem *request =
	        nu_der_make(arena, NU_SEQUENCE, id, template, controls);
	SECItem *msg =
	        nu_der_make(arena, NU_SEQUENCE, request, proof, reg_info);

	return nu_der_make(arena, NU_SEQUENCE, msg);
}

static const SECItem empty = OCTETS("\x30\x00");

static void
test_crmf_every_template_field_accepted(void **state)
{
	struct keys *keys = *state;
	static const SECItem all = OCTETS(
	        "\x30\x29\x80\x01\x02\x81\x01\x05\xa2\x02\x05\x00\xa3\x02\x30"
	        "\x00\xa4\x02\xa0\x00\xa5\x02\x30\x00\xa6\x05\x30\x00\x03\x01"
	        "\x00\x87\x02\x00\x01\x88\x02\x00\x02\xa9\x02\x30\x00");
	struct nu_crmf *crmf =
	        must_decode(wrap_msg(keys->arena, &all, NULL, NULL, NULL));
	const struct nu_crmf_msg *msg = &crmf->msgs[0];

	assert_same(&msg->subject, &empty);
	assert_int_equal(msg->spki.len, 7);
	assert_int_equal(msg->spki.data[0], NU_SEQUENCE);
	assert_int_equal(msg->extensions.len, 2);
	nu_crmf_free(crmf);
	crmf = must_decode(wrap_msg(keys->arena, &empty, NULL, NULL, NULL));
	assert_null(crmf->msgs[0].subject.data);
	assert_null(crmf->msgs[0].spki.data);
	assert_null(crmf->msgs[0].extensions.data);
	assert_int_equal(crmf->msgs[0].pop, NU_POP_NONE);
	assert_error(nu_crmf_verify_signature(&crmf->msgs[0]),
	             SEC_ERROR_BAD_SIGNATURE);
	nu_crmf_free(crmf);
}

static void
test_crmf_bad_template_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x30\x06\x81\x01\x05\x80\x01\x02"), /* order */
		OCTETS("\x30\x06\x80\x01\x02\x80\x01\x02"), /* twice */
		OCTETS("\x30\x02\xa0\x00"),                 /* form */
		OCTETS("\x30\x02\xa5\x00"),
		OCTETS("\x30\x06\xa5\x04\x30\x00\x30\x00"),
		OCTETS("\x30\x04\xa5\x02\x31\x00"),
		OCTETS("\x30\x04\xa3\x02\x05\x00"),
		OCTETS("\x30\x04\xa6\x02\x30\x00"),
		OCTETS("\x30\x08\xa6\x06\x30\x00\x03\x02\x01\x80"),
		OCTETS("\x30\x09\xa6\x07\x30\x05\x30\x00\x03\x01\x00"),
		OCTETS("\x30\x02\xaa\x00"),
		OCTETS("\x30\x02\x30\x00"),
		OCTETS("\x31\x00"),
	};
	struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(wrap_msg(keys->arena, &bad[i], NULL, NULL,
		                        NULL));
}

static void
test_crmf_each_proof_told_apart(void **state)
{
	static const struct {
		SECItem der;
		enum nu_pop pop;
	} all[] = {
		{ OCTETS("\x80\x00"), NU_POP_RA_VERIFIED },
		{ OCTETS("\xa1\x05\x30\x00\x03\x01\x00"), NU_POP_SIGNATURE },
		{ OCTETS("\xa2\x03\x81\x01\x01"), NU_POP_KEY_ENCIPHERMENT },
		{ OCTETS("\xa3\x03\x82\x01\x00"), NU_POP_KEY_AGREEMENT },
	};
	static const SECItem bad[] = {
		OCTETS("\xa0\x00"), OCTETS("\x80\x01\x00"),
		OCTETS("\xa1\x00"), OCTETS("\xa1\x03\x03\x01\x00"),
		OCTETS("\xa2\x00"), OCTETS("\xa2\x03\x02\x01\x01"),
		OCTETS("\xa2\x06\x81\x01\x01\x81\x01\x01"),
		OCTETS("\xa2\x03\x85\x01\x01"),
		OCTETS("\xa4\x00"), OCTETS("\x84\x00"),
		OCTETS("\x31\x00"),
	};
	struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(all); i++) {
		struct nu_crmf *crmf = must_decode(wrap_msg(
		        keys->arena, &empty, NULL, &all[i].der, &empty));

		assert_int_equal(crmf->msgs[0].pop, all[i].pop);
		assert_int_equal(crmf->msgs[0].pop_value.len,
		                 all[i].der.len - 2);
		assert_error(nu_crmf_verify_signature(&crmf->msgs[0]),
		             SEC_ERROR_BAD_SIGNATURE);
		nu_crmf_free(crmf);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(wrap_msg(keys->arena, &empty, NULL, &bad[i],
		                        NULL));
}

#define REG_TOKEN "\x06\x09\x2b\x06\x01\x05\x05\x07\x05\x01\x01"

static void
test_crmf_bad_controls_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS("\x30\x02\x05\x00"),
		OCTETS("\x30\x02\x30\x00"),
		OCTETS("\x30\x05\x30\x03\x06\x01\x2a"),
		OCTETS("\x30\x0f\x30\x0d" REG_TOKEN "\x13\x00"),
		OCTETS("\x30\x10\x30\x0e" REG_TOKEN "\x0c\x01\x80"),
		OCTETS("\x30\x1e\x30\x0d" REG_TOKEN "\x0c\x00"
		       "\x30\x0d" REG_TOKEN "\x0c\x00"),
		OCTETS("\x30\x11\x30\x0f" REG_TOKEN "\x0c\x00\x0c\x00"),
	};
	static const SECItem fine =
	        OCTETS("\x30\x0f\x30\x0d" REG_TOKEN "\x0c\x00");
	static const SECItem other =
	        OCTETS("\x30\x07\x30\x05\x06\x01\x2a\x05\x00");
	struct keys *keys = *state;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_refused(wrap_msg(keys->arena, &empty, &bad[i], NULL,
		                        NULL));
	nu_crmf_free(must_decode(
	        wrap_msg(keys->arena, &empty, &fine, NULL, NULL)));
	nu_crmf_free(must_decode(
	        wrap_msg(keys->arena, &empty, &other, NULL, NULL)));
}

/* A proof over a poposkInput with this key, beside this template. */
static SECItem *
wrap_input_proof(struct keys *keys, const SECItem *template,
                 const SECItem *input_spki)
{
	static const SECItem sender = OCTETS("\xa0\x04\xa4\x02\x30\x00");
	PLArenaPool *arena = keys->arena;
	SECItem *input = nu_der_make(arena, NU_SEQUENCE, &sender, input_spki);
	SECItem *tagged =
	        nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(0), input);
	SECItem *algorithm, *bits, signature;

	assert_int_equal(nu_key_sign(arena, keys->ec[0].private, input,
	                             &algorithm, &signature), SECSuccess);
	bits = nu_der_make_bits(arena, &signature);
	return wrap_msg(arena, template, NULL,
	                nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(1), tagged,
	                            algorithm, bits), NULL);
}

static SECStatus
verify_one(const SECItem *der)
{
	struct nu_crmf *crmf = must_decode(der);
	SECStatus rv = nu_crmf_verify_signature(&crmf->msgs[0]);

	nu_crmf_free(crmf);
	return rv;
}

static void
test_crmf_input_only_where_it_belongs(void **state)
{
	struct keys *keys = *state;
	PLArenaPool *arena = keys->arena;
	SECItem *subject = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(5),
	                               keys->name);
	SECItem *key = nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(6),
	                            keys->ec_spki[0]);
	SECItem *both = nu_der_make(arena, NU_SEQUENCE, subject, key);
	SECItem *only_key = nu_der_make(arena, NU_SEQUENCE, key);
	SECItem *only_subject = nu_der_make(arena, NU_SEQUENCE, subject);

	assert_int_equal(verify_one(wrap_input_proof(keys, only_key,
	                                             keys->ec_spki[0])),
	                 SECSuccess);
	assert_int_equal(verify_one(wrap_input_proof(keys, only_subject,
	                                             keys->ec_spki[0])),
	                 SECSuccess);
	assert_error(verify_one(wrap_input_proof(keys, both,
	                                         keys->ec_spki[0])),
	             SEC_ERROR_BAD_SIGNATURE);
	assert_error(verify_one(wrap_input_proof(keys, only_key,
	                                         keys->ec_spki[1])),
	             SEC_ERROR_BAD_SIGNATURE);
}

/* --- PKCS#10 ----------------------------------------------------------- */

static void
p10_round_trip(const struct nu_cert_template *template, SECKEYPrivateKey *key)
{
	nu_auto(SECItem) der = nu_p10_encode(template, key);
	struct nu_p10 p10;
	unsigned usage;
	PRBool is_ca;

	assert_non_null(der);
	assert_int_equal(nu_p10_decode(der, &p10), SECSuccess);
	assert_same(&p10.subject, &template->subject);
	assert_same(&p10.spki, &template->spki);
	assert_int_equal(nu_ext_key_usage(&p10.extensions, &usage),
	                 SECSuccess);
	assert_int_equal(usage, template->key_usage);
	assert_int_equal(nu_ext_is_ca(&p10.extensions, &is_ca), SECSuccess);
	assert_int_equal(is_ca, template->is_ca);
	assert_int_equal(nu_p10_verify(&p10), SECSuccess);
}

static void
test_p10_every_key_kind_round_trips(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->rsa_spki);

	p10_round_trip(&template, keys->rsa.private);
	for (size_t i = 0; i < COUNT(keys->ec); i++) {
		template = template_for(keys, keys->ec_spki[i]);
		p10_round_trip(&template, keys->ec[i].private);
	}
	template.is_ca = PR_TRUE;
	p10_round_trip(&template, keys->ec[2].private);
	template.is_ca = PR_FALSE;
	template.key_usage = 0;
	p10_round_trip(&template, keys->ec[2].private);
}

static void
test_p10_signed_by_another_key_unproved(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);
	nu_auto(SECItem) der = nu_p10_encode(&template, keys->other.private);
	struct nu_p10 p10;

	assert_int_equal(nu_p10_decode(der, &p10), SECSuccess);
	assert_error(nu_p10_verify(&p10), SEC_ERROR_BAD_SIGNATURE);
}

static void
check_p10(const struct hostile *variant, void *arg)
{
	struct spoilt *spoilt = arg;
	struct nu_p10 p10;

	spoilt->n++;
	PORT_SetError(0);
	if (nu_p10_decode(&variant->der, &p10) != SECSuccess) {
		assert_int_equal(PORT_GetError(), SEC_ERROR_BAD_DER);
		return;
	}
	if (variant->never_der)
		fail_msg("accepted: %s at %zu", variant->what, variant->at);
	if (nu_p10_verify(&p10) == SECSuccess)
		assert_same(&p10.info, &spoilt->request);
}

static void
test_p10_hostile_refused_or_unproved(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->ec_spki[0]);
	nu_auto(SECItem) der = nu_p10_encode(&template, keys->ec[0].private);
	struct spoilt spoilt = { .n = 0 };
	struct nu_p10 p10;

	assert_int_equal(nu_p10_decode(der, &p10), SECSuccess);
	spoilt.request = p10.info;
	hostile_each(der, check_p10, &spoilt);
	assert_true(spoilt.n > 1000);
}

/* openssl's exit status for a request of ours, read from its stdin. */
static int
openssl_req(const SECItem *der, const char *options)
{
	nu_auto_mem char *command = NULL;
	FILE *pipe;

	assert_true(asprintf(&command,
	                     "openssl req -inform DER %s >%s/out 2>&1", options,
	                     fresh_dir()) > 0);
	pipe = popen(command, "w");
	assert_non_null(pipe);
	assert_int_equal(fwrite(der->data, 1, der->len, pipe), der->len);
	return pclose(pipe);
}

/* Does a line of what openssl said contain text? */
static int
openssl_said(const char *text)
{
	nu_auto_mem char *path = NULL;
	char line[256];
	int said = 0;
	FILE *file;

	assert_true(asprintf(&path, "%s/out", fresh_dir()) > 0);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL)
		said |= strstr(line, text) != NULL;
	fclose(file);
	unlink(path);
	return said;
}

static void
assert_openssl_verifies(const SECItem *der, const char *text)
{
	int status = openssl_req(der, "-verify -noout -text");
	int said = openssl_said(text);

	if (status != 0 || !said)
		fail_msg("openssl: status %d, \"%s\" %s", status, text,
		         said ? "found" : "missing");
}

static void
test_p10_openssl_verifies(void **state)
{
	struct keys *keys = *state;
	struct nu_cert_template template = template_for(keys, keys->rsa_spki);
	nu_auto(SECItem) rsa = NULL;
	nu_auto(SECItem) ec = NULL;

	if (system("openssl version >/dev/null 2>&1") != 0)
		skip();
	rsa = nu_p10_encode(&template, keys->rsa.private);
	assert_openssl_verifies(rsa, "Digital Signature, Key Encipherment");
	template = template_for(keys, keys->ec_spki[1]);
	template.is_ca = PR_TRUE;
	ec = nu_p10_encode(&template, keys->ec[1].private);
	assert_openssl_verifies(ec, "CA:TRUE");
	ec->data[ec->len - 1] ^= 1;
	(void)openssl_req(ec, "-verify -noout");
	assert_false(openssl_said("verify OK"));
}

/* --- extensions -------------------------------------------------------- */

static void
test_ext_each_key_usage_bit_round_trips(void **state)
{
	struct keys *keys = *state;

	for (unsigned usage = 1; usage < 256; usage++) {
		SECItem *ext = nu_ext_make_key_usage(keys->arena, usage);
		unsigned back = 0;

		assert_int_equal(nu_ext_key_usage(ext, &back), SECSuccess);
		assert_int_equal(back, usage);
	}
}

static void
test_ext_key_usage_exact_octets(void **state)
{
	static const SECItem wanted =
	        OCTETS("\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03"
	               "\x02\x05\xa0");
	struct keys *keys = *state;

	assert_same(nu_ext_make_key_usage(keys->arena, USAGE), &wanted);
}

static void
test_ext_basic_constraints_round_trip(void **state)
{
	struct keys *keys = *state;
	static const SECItem wanted =
	        OCTETS("\x30\x12\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x08\x30"
	               "\x06\x01\x01\xff\x02\x01\x03");
	PRBool is_ca = PR_FALSE;

	assert_same(nu_ext_make_basic_constraints(keys->arena, PR_TRUE, 3),
	            &wanted);
	assert_int_equal(nu_ext_is_ca(&wanted, &is_ca), SECSuccess);
	assert_true(is_ca);
	assert_int_equal(nu_ext_is_ca(nu_ext_make_basic_constraints(
	                         keys->arena, PR_FALSE, -1), &is_ca),
	                 SECSuccess);
	assert_false(is_ca);
}

static void
test_ext_absent_is_none(void **state)
{
	SECItem none = { siBuffer, NULL, 0 }, value;
	PRBool found = PR_TRUE, is_ca = PR_TRUE;
	unsigned usage = 1;

	(void)state;
	assert_int_equal(nu_ext_find(&none, SEC_OID_X509_KEY_USAGE, &found,
	                             &value), SECSuccess);
	assert_false(found);
	assert_int_equal(nu_ext_key_usage(&none, &usage), SECSuccess);
	assert_int_equal(usage, 0);
	assert_int_equal(nu_ext_is_ca(&none, &is_ca), SECSuccess);
	assert_false(is_ca);
}

#define KEY_USAGE "\x06\x03\x55\x1d\x0f"
#define KEY_USAGE_EXT "\x30\x0b" KEY_USAGE "\x04\x04\x03\x02\x07\x80"

static void
test_ext_malformed_or_twice_refused(void **state)
{
	static const SECItem bad[] = {
		OCTETS(KEY_USAGE_EXT KEY_USAGE_EXT),
		OCTETS("\x30\x05" KEY_USAGE),
		OCTETS("\x30\x0e" KEY_USAGE "\x01\x01\x01\x04\x04\x03\x02\x07"
		       "\x80"),
		OCTETS("\x30\x0d" KEY_USAGE "\x04\x04\x03\x02\x07\x80\x05\x00"),
		OCTETS("\x30\x0d" KEY_USAGE "\x04\x06\x03\x02\x07\x80\x05\x00"),
		OCTETS("\x30\x0a" KEY_USAGE "\x04\x03\x02\x01\x07"),
		OCTETS("\x30\x00"),
		OCTETS("\x05\x00"),
	};
	static const SECItem not_critical =
	        OCTETS("\x30\x0e" KEY_USAGE
	               "\x01\x01\x00\x04\x04\x03\x02\x07\x80");
	unsigned usage;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_error(nu_ext_key_usage(&bad[i], &usage),
		             SEC_ERROR_BAD_DER);
	assert_int_equal(nu_ext_key_usage(&not_critical, &usage), SECSuccess);
	assert_int_equal(usage, KU_DIGITAL_SIGNATURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crmf_every_key_kind_round_trips),
		cmocka_unit_test(test_crmf_controls_round_trip),
		cmocka_unit_test(test_crmf_several_messages_in_order),
		cmocka_unit_test(test_crmf_no_message_refused),
		cmocka_unit_test(test_crmf_incomplete_template_not_encoded),
		cmocka_unit_test(test_crmf_signed_by_another_key_unproved),
		cmocka_unit_test(test_crmf_hostile_refused_or_unproved),
		cmocka_unit_test(test_crmf_every_template_field_accepted),
		cmocka_unit_test(test_crmf_bad_template_refused),
		cmocka_unit_test(test_crmf_each_proof_told_apart),
		cmocka_unit_test(test_crmf_bad_controls_refused),
		cmocka_unit_test(test_crmf_input_only_where_it_belongs),
		cmocka_unit_test(test_p10_every_key_kind_round_trips),
		cmocka_unit_test(test_p10_signed_by_another_key_unproved),
		cmocka_unit_test(test_p10_hostile_refused_or_unproved),
		cmocka_unit_test(test_p10_openssl_verifies),
		cmocka_unit_test(test_ext_each_key_usage_bit_round_trips),
		cmocka_unit_test(test_ext_key_usage_exact_octets),
		cmocka_unit_test(test_ext_basic_constraints_round_trip),
		cmocka_unit_test(test_ext_absent_is_none),
		cmocka_unit_test(test_ext_malformed_or_twice_refused),
	};

	return cmocka_run_group_tests_name("crmf", tests, setup_keys,
	                                   teardown_keys);
}

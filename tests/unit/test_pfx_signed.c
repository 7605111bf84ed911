/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pfx_signed.c - signed requests: what OpenSSL signs is read, what we sign
 * OpenSSL reads, and whatever is changed is refused or means the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca/pfx.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "tests/unit/hostile.h"
#include "tests/unit/store.h"

#define TEXT "CN=Test123~E=test@example.org~KeyAlogirthmAndSize=RSA-2048~" \
	"Password=a~b,c"

/* Keys with certificates: rsa, its second one (renewed), ec, ec384, other (of
 * rsa's issuer and serial, but another key), each in PKCS#12 too. */
static const char *const recipe =
        "set -e; printf %%s '" TEXT "' >text; : >empty; "
        "head -c 150000 /dev/zero >zeros; "
        "cert() { openssl req -new -x509 -key $2.key -out $1.pem -days 2 "
        "-subj \"/O=Acme/CN=$3\" -set_serial $4 2>>err; "
        "openssl x509 -in $1.pem -outform DER -out $1.der; }; "
        "rsa() { openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
        "-out $1.key 2>>err; }; "
        "ec() { openssl genpkey -algorithm EC -pkeyopt "
        "ec_paramgen_curve:$2 -out $1.key; }; "
        "rsa rsa; rsa other; ec ec P-256; ec ec384 P-384; "
        "openssl dsaparam -out dsa 2048 2>>err; openssl genpkey -paramfile dsa "
        "-out dsa.key; "
        "cert rsa rsa Alice 7; cert renewed rsa Alice 8; "
        "cert other other Alice 7; cert ec ec Bob 9; "
        "cert ec384 ec384 Carol 10; cert dsa dsa Dan 11; "
        "for n in rsa ec; do openssl pkcs12 -export -inkey $n.key -in $n.pem "
        "-passout pass:word -out $n.p12; done; "
        "openssl pkcs12 -export -nokeys -in rsa.pem -passout pass:word "
        "-out nokey.p12";

static int
setup(void **state)
{
	struct store *st = store_new_empty();

	*state = st;
	assert_int_equal(store_shell(st, recipe), 0);
	assert_int_equal(pfx_begin(), PSM_OK);
	return 0;
}

static int
teardown(void **state)
{
	pfx_end();
	store_free(*state);
	return 0;
}

static SECItem
read_item(const struct store *st, const char *name)
{
	SECItem item = { siBuffer, NULL, 0 };
	size_t len;

	item.data = (unsigned char *)store_read_file(store_path(st, name),
	                                             &len);
	assert_non_null(item.data);
	item.len = (unsigned)len;
	return item;
}

static SECItem
read_named(const struct store *st, const char *name, const char *ending)
{
	char path[64];

	snprintf(path, sizeof path, "%s.%s", name, ending);
	return read_item(st, path);
}

/* pfx_verify() of a message by the certificate in name.der. */
static enum psm_err
verify_item(const struct store *st, const SECItem *message, const char *name,
            SECItem *ret_content)
{
	const SECItem cert = read_named(st, name, "der");
	unsigned char *content = NULL;
	size_t len = 0;
	enum psm_err err = pfx_verify(message->data, message->len, cert.data,
	                              cert.len, &content, &len);

	free(cert.data);
	if (err != PSM_OK) {
		assert_null(content);
		return err;
	}
	assert_int_equal(content[len], '\0');
	if (ret_content != NULL)
		*ret_content = (SECItem){ siBuffer, content, (unsigned)len };
	else
		pfx_wipe(content, len);
	return PSM_OK;
}

/* message.der by name is verified and has just what is in file. */
static void
assert_verified(const struct store *st, const char *name, const char *file)
{
	SECItem message = read_item(st, "message.der");
	SECItem text = read_item(st, file);
	SECItem content = { siBuffer, NULL, 0 };

	assert_int_equal(verify_item(st, &message, name, &content), PSM_OK);
	assert_int_equal(content.len, text.len);
	assert_memory_equal(content.data, text.data, text.len);
	pfx_wipe(content.data, content.len);
	free(message.data);
	free(text.data);
}

static void
assert_not_verified(const struct store *st, const char *name)
{
	SECItem message = read_item(st, "message.der");

	assert_int_equal(verify_item(st, &message, name, NULL), PSM_E_REQUEST);
	free(message.data);
}

/* message.der by openssl cms or smime. */
static void
sign(const struct store *st, const char *name, const char *file,
     const char *tool, const char *options)
{
	assert_int_equal(store_shell(st, "openssl %s -sign -binary "
	                             "-outform DER -in %s -signer %s.pem "
	                             "-inkey %s.key -out message.der %s",
	                             tool, file, name, name, options), 0);
}

/* --- what others sign ------------------------------------------------- */

static const struct {
	const char *name, *file, *tool, *options;
} good[] = {
	{ "rsa", "text", "cms", "-nodetach" },
	{ "rsa", "text", "cms", "-nodetach -md sha384" },
	{ "rsa", "text", "cms", "-nodetach -md sha512" },
	{ "rsa", "text", "cms", "-nodetach -stream" },
	{ "rsa", "text", "cms", "-nodetach -noattr" },
	{ "rsa", "text", "cms", "-nodetach -noattr -stream" },
	{ "rsa", "text", "cms", "-nodetach -keyid" },
	{ "rsa", "text", "cms", "-nodetach -nocerts" },
	{ "rsa", "text", "cms", "-nodetach -certfile other.pem" },
	{ "rsa", "text", "cms", "-nodetach -keyopt rsa_padding_mode:pss" },
	{ "rsa", "text", "cms",
	  "-nodetach -md sha512 -keyopt rsa_padding_mode:pss -noattr" },
	{ "rsa", "text", "smime", "-nodetach" },
	{ "rsa", "text", "smime", "-nodetach -stream" },
	{ "rsa", "text", "smime", "-nodetach -noattr -md sha512" },
	{ "rsa", "empty", "cms", "-nodetach" },
	{ "rsa", "empty", "cms", "-nodetach -noattr" },
	{ "rsa", "zeros", "cms", "-nodetach" },
	{ "rsa", "zeros", "cms", "-nodetach -stream" },
	{ "ec", "text", "cms", "-nodetach" },
	{ "ec", "text", "cms", "-nodetach -stream -noattr" },
	{ "ec", "text", "cms", "-nodetach -keyid -md sha512" },
	{ "ec", "text", "smime", "-nodetach" },
	{ "ec384", "text", "cms", "-nodetach -md sha384" },
};

static void
test_verify_of_openssl_returns_the_content(void **state)
{
	const struct store *st = *state;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		print_message("%s %s %s\n", good[i].name, good[i].tool,
		              good[i].options);
		sign(st, good[i].name, good[i].file, good[i].tool,
		     good[i].options);
		assert_verified(st, good[i].name, good[i].file);
		assert_not_verified(st, "other");
	}
}

static const struct {
	const char *name, *options;
} bad[] = {
	{ "rsa", "-nodetach -md sha1" },
	{ "rsa", "-nodetach -md md5" },
	{ "rsa", "-nodetach -md sha224" },
	{ "rsa", "-nodetach -md sha1 -noattr" },
	{ "ec", "-nodetach -md sha1" },
	{ "rsa", "-nodetach -md sha1 -keyopt rsa_padding_mode:pss" },
	{ "dsa", "-nodetach" },
	{ "rsa", "" },
	{ "rsa", "-nodetach -econtent_type 1.2.840.113549.1.9.16.1.4" },
	{ "rsa", "-nodetach -signer ec.pem -inkey ec.key" },
	{ "rsa", "-nodetach -signer other.pem -inkey other.key" },
};

static void
test_verify_weak_or_otherwise_shaped_is_refused(void **state)
{
	const struct store *st = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		print_message("%s %s\n", bad[i].name, bad[i].options);
		sign(st, bad[i].name, "text", "cms", bad[i].options);
		assert_not_verified(st, bad[i].name);
	}
}

/* Its number is not what was signed with, though the key is. */
static void
test_verify_another_certificate_of_the_key_is_refused(void **state)
{
	sign(*state, "rsa", "text", "cms", "-nodetach");
	assert_verified(*state, "rsa", "text");
	assert_not_verified(*state, "renewed");
}

static void
test_verify_signer_without_key_id_is_not_found_by_it(void **state)
{
	const struct store *st = *state;

	assert_int_equal(store_shell(
	        st, "printf '[req]\\ndistinguished_name=dn\\n[dn]\\n' >cnf && "
	        "openssl req -new -x509 -config cnf -key rsa.key -out bare.pem "
	        "-days 2 -subj /O=Acme/CN=Alice -set_serial 7 "
	        "-outform DER -out bare.der"), 0);
	sign(st, "rsa", "text", "cms", "-nodetach");
	assert_verified(st, "bare", "text"); /* the number is the same */
	sign(st, "rsa", "text", "cms", "-nodetach -keyid");
	assert_verified(st, "rsa", "text");
	assert_not_verified(st, "bare");
}

static void
test_verify_what_is_no_message_is_refused(void **state)
{
	const struct store *st = *state;
	SECItem nothing = { siBuffer, (unsigned char *)"", 0 };
	SECItem text = { siBuffer, (unsigned char *)TEXT, sizeof TEXT - 1 };
	SECItem big = { siBuffer, NULL, 256 * 1024 + 1 };

	assert_int_equal(verify_item(st, &nothing, "rsa", NULL),
	                 PSM_E_REQUEST);
	assert_int_equal(verify_item(st, &text, "rsa", NULL), PSM_E_REQUEST);
	assert_int_equal(store_shell(st, "head -c 400000 /dev/zero >many"), 0);
	sign(st, "rsa", "many", "cms", "-nodetach");
	assert_not_verified(st, "rsa");
	big.data = calloc(1, big.len);
	assert_non_null(big.data);
	assert_int_equal(verify_item(st, &big, "rsa", NULL), PSM_E_REQUEST);
	free(big.data);
}

/* --- what somebody changes -------------------------------------------- */

/* Refused, or not a bit of it is another's. */
static bool
means_the_same(const struct store *st, const SECItem *message,
               const char *name)
{
	SECItem content = { siBuffer, NULL, 0 };
	enum psm_err err = verify_item(st, message, name, &content);

	if (err == PSM_OK) {
		assert_int_equal(content.len, sizeof TEXT - 1);
		assert_memory_equal(content.data, TEXT, content.len);
		pfx_wipe(content.data, content.len);
	} else {
		assert_int_equal(err, PSM_E_REQUEST);
	}
	return err == PSM_OK;
}

static const struct {
	const char *name, *options;
} changed[] = {
	{ "rsa", "-nodetach -nocerts" },
	{ "rsa", "-nodetach -nocerts -stream -noattr" },
	{ "ec", "-nodetach -nocerts" },
	{ "ec", "-nodetach -nocerts -noattr" },
	{ "rsa", "-nodetach -nocerts -keyopt rsa_padding_mode:pss" },
};
enum { N_CHANGED = sizeof changed / sizeof *changed };

static void
test_verify_any_bit_changed_changes_no_content(void **state)
{
	const struct store *st = *state;

	for (size_t i = 0; i < N_CHANGED; i++) {
		SECItem message;
		size_t n = 0;

		sign(st, changed[i].name, "text", "cms", changed[i].options);
		message = read_item(st, "message.der");
		for (size_t bit = 0; bit < message.len * 8; bit++) {
			message.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
			n += means_the_same(st, &message, changed[i].name);
			message.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		/* versions, digests announced, how the digest's or the
		 * signature's parameters are written */
		print_message("%zu of %u accepted\n", n, message.len * 8);
		assert_true(n < message.len / 2);
		free(message.data);
	}
}

/* Numbers that a key cannot have made are no trouble of NSS's either. */
static void
test_verify_signature_out_of_range_is_refused(void **state)
{
	static const struct {
		const char *name, *options;
		unsigned tail; /* octets of the signature, at the end */
	} rows[] = {
		{ "rsa", "-nodetach -nocerts", 256 },
		{ "rsa", "-nodetach -nocerts -keyopt rsa_padding_mode:pss",
		  256 },
		{ "ec", "-nodetach -nocerts", 60 },
	};
	static const unsigned char fills[] = { 0x00, 0x01, 0x80, 0xff };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		SECItem message;

		sign(*state, rows[i].name, "text", "cms", rows[i].options);
		message = read_item(*state, "message.der");
		for (size_t k = 0; k < sizeof fills; k++) {
			memset(message.data + message.len - rows[i].tail,
			       fills[k], rows[i].tail);
			assert_int_equal(verify_item(*state, &message,
			                             rows[i].name, NULL),
			                 PSM_E_REQUEST);
		}
		free(message.data);
	}
}

struct spoiled {
	const struct store *st;
	const char *name;
	size_t n_accepted;
};

static void
try_spoiled(const struct hostile *variant, void *arg)
{
	struct spoiled *spoiled = arg;

	spoiled->n_accepted +=
	        means_the_same(spoiled->st, &variant->der, spoiled->name);
}

static void
test_verify_any_element_spoiled_changes_no_content(void **state)
{
	for (size_t i = 0; i < N_CHANGED; i++) {
		struct spoiled spoiled = { *state, changed[i].name, 0 };
		SECItem message;
		size_t n;

		if (strstr(changed[i].options, "-stream") != NULL)
			continue; /* hostile_each() wants DER */
		sign(*state, changed[i].name, "text", "cms",
		     changed[i].options);
		message = read_item(*state, "message.der");
		n = hostile_each(&message, try_spoiled, &spoiled);
		print_message("%zu of %zu accepted\n", spoiled.n_accepted, n);
		assert_true(n > 100 && spoiled.n_accepted < n / 2);
		free(message.data);
	}
}

/* --- wrapping ---------------------------------------------------------- */

/* A message taken apart; slices of whole. */
struct parts {
	PLArenaPool *arena;
	SECItem whole;
	struct nu_tlv type, version, digests, content_type, content, signer;
	struct nu_tlv signer_version, signer_id, digest, attributes,
	        algorithm, signature;
};

static void
take_apart(const struct store *st, struct parts *parts)
{
	struct nu_tlv tlv;
	struct nu_der r, info, data;

	memset(parts, 0, sizeof *parts);
	parts->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	assert_non_null(parts->arena);
	parts->whole = read_item(st, "message.der");
	assert_int_equal(nu_der_only(&parts->whole, NU_SEQUENCE, &r), 0);
	assert_int_equal(nu_der_get(&r, NU_OID, &parts->type), 0);
	assert_int_equal(nu_der_any(&r, &tlv), 0);
	assert_int_equal(nu_der_only(&tlv.value, NU_SEQUENCE, &data), 0);
	assert_int_equal(nu_der_any(&data, &parts->version), 0);
	assert_int_equal(nu_der_any(&data, &parts->digests), 0);
	assert_int_equal(nu_der_any(&data, &tlv), 0);
	info = nu_der_reader(&tlv.value);
	assert_int_equal(nu_der_any(&info, &parts->content_type), 0);
	assert_int_equal(nu_der_any(&info, &parts->content), 0);
	assert_int_equal(nu_der_get(&data, NU_SET, &tlv), 0);
	r = nu_der_reader(&tlv.value);
	assert_int_equal(nu_der_any(&r, &parts->signer), 0);
	r = nu_der_reader(&parts->signer.value);
	assert_int_equal(nu_der_any(&r, &parts->signer_version), 0);
	assert_int_equal(nu_der_any(&r, &parts->signer_id), 0);
	assert_int_equal(nu_der_any(&r, &parts->digest), 0);
	if (nu_der_peek(&r) == NU_CONTEXT_CONSTRUCTED(0))
		assert_int_equal(nu_der_any(&r, &parts->attributes), 0);
	assert_int_equal(nu_der_any(&r, &parts->algorithm), 0);
	assert_int_equal(nu_der_any(&r, &parts->signature), 0);
}

static void
parts_clear(struct parts *parts)
{
	free(parts->whole.data);
	PORT_FreeArena(parts->arena, PR_FALSE);
}

static SECItem *
make_signer(const struct parts *p, const SECItem *attributes)
{
	return nu_der_make(p->arena, NU_SEQUENCE, &p->signer_version.whole,
	                   &p->signer_id.whole, &p->digest.whole, attributes,
	                   &p->algorithm.whole, &p->signature.whole);
}

/* Put together again: contents are what is in EncapsulatedContentInfo after
 * the type. */
static SECItem *
put_together(const struct parts *p, const SECItem *contents,
             const SECItem *signers)
{
	SECItem *info = nu_der_make(p->arena, NU_SEQUENCE,
	                            &p->content_type.whole, contents);
	SECItem *set = nu_der_make(p->arena, NU_SET, signers);
	SECItem *data = nu_der_make(p->arena, NU_SEQUENCE, &p->version.whole,
	                            &p->digests.whole, info, set);

	return nu_der_make(p->arena, NU_SEQUENCE, &p->type.whole,
	                   nu_der_make(p->arena, NU_CONTEXT_CONSTRUCTED(0),
	                               data));
}

static SECItem *
make_content(const struct parts *p, const SECItem *text)
{
	return nu_der_make(p->arena, NU_CONTEXT_CONSTRUCTED(0),
	                   nu_der_make_octets(p->arena, NU_OCTET_STRING,
	                                      text->data, text->len));
}

/* a, then b. */
static SECItem
join(const struct parts *p, const SECItem *a, const SECItem *b)
{
	SECItem *both = nu_der_make(p->arena, NU_SEQUENCE, a, b);
	struct nu_tlv tlv;
	struct nu_der r = nu_der_reader(both);

	assert_int_equal(nu_der_any(&r, &tlv), 0);
	return tlv.value;
}

static const SECItem evil = { siBuffer, (unsigned char *)"CN=Mallory", 10 };

static void
test_verify_put_together_again_is_the_same(void **state)
{
	struct parts p;
	SECItem *message;

	sign(*state, "rsa", "text", "cms", "-nodetach -nocerts");
	take_apart(*state, &p);
	message = put_together(&p, &p.content.whole, &p.signer.whole);
	assert_true(SECITEM_ItemsAreEqual(message, &p.whole));
	assert_true(means_the_same(*state, message, "rsa"));
	parts_clear(&p);
}

static void
test_verify_other_content_is_refused(void **state)
{
	static const char *const options[] = { "-nodetach -nocerts",
		                               "-nodetach -nocerts -noattr" };

	for (size_t i = 0; i < 2; i++) {
		SECItem *other, both;
		struct parts p;

		sign(*state, "rsa", "text", "cms", options[i]);
		take_apart(*state, &p);
		other = make_content(&p, &evil);
		assert_false(means_the_same(
		        *state, put_together(&p, other, &p.signer.whole),
		        "rsa"));
		both = join(&p, &p.content.whole, other);
		assert_false(means_the_same(
		        *state, put_together(&p, &both, &p.signer.whole),
		        "rsa"));
		both = join(&p, other, &p.content.whole);
		assert_false(means_the_same(
		        *state, put_together(&p, &both, &p.signer.whole),
		        "rsa"));
		assert_false(means_the_same(
		        *state, put_together(&p, NULL, &p.signer.whole),
		        "rsa"));
		parts_clear(&p);
	}
}

/* Two strings in [0] are two contents; pieces of one are one. */
static void
test_verify_content_in_pieces_is_one_string(void **state)
{
	struct parts p;
	SECItem text = { siBuffer, (unsigned char *)TEXT, sizeof TEXT - 1 };
	SECItem head = { siBuffer, text.data, 10 };
	SECItem tail = { siBuffer, text.data + 10, text.len - 10 };
	SECItem *a, *b, *c;

	sign(*state, "rsa", "text", "cms", "-nodetach -nocerts");
	take_apart(*state, &p);
	a = nu_der_make_octets(p.arena, NU_OCTET_STRING, head.data, head.len);
	b = nu_der_make_octets(p.arena, NU_OCTET_STRING, tail.data, tail.len);
	c = nu_der_make(p.arena, NU_OCTET_STRING | 0x20, a,
	                nu_der_make(p.arena, NU_OCTET_STRING | 0x20, b));
	assert_true(means_the_same(
	        *state, put_together(&p, nu_der_make(
	                p.arena, NU_CONTEXT_CONSTRUCTED(0), c),
	                &p.signer.whole), "rsa"));
	c = nu_der_make(p.arena, NU_CONTEXT_CONSTRUCTED(0), a, b);
	assert_false(means_the_same(*state,
	                            put_together(&p, c, &p.signer.whole),
	                            "rsa"));
	parts_clear(&p);
}

static void
test_verify_several_signers_or_none_are_refused(void **state)
{
	struct parts p;
	SECItem both;

	sign(*state, "rsa", "text", "cms", "-nodetach -nocerts");
	take_apart(*state, &p);
	both = join(&p, &p.signer.whole, &p.signer.whole);
	assert_false(means_the_same(*state,
	                            put_together(&p, &p.content.whole, &both),
	                            "rsa"));
	assert_false(means_the_same(*state,
	                            put_together(&p, &p.content.whole, NULL),
	                            "rsa"));
	parts_clear(&p);
}

/* The signature of attributes holds for a content that looks like them. */
static void
test_verify_attributes_as_content_is_refused(void **state)
{
	struct parts p;
	SECItem *set, *message;

	sign(*state, "rsa", "text", "cms", "-nodetach -nocerts");
	take_apart(*state, &p);
	set = nu_der_retag(p.arena, NU_SET, &p.attributes.whole);
	message = put_together(&p, make_content(&p, set),
	                       make_signer(&p, NULL));
	assert_int_equal(verify_item(*state, message, "rsa", NULL),
	                 PSM_E_REQUEST);
	/* OpenSSL, for one, does not mind */
	store_write_file(store_path(*state, "message.der"), message->data,
	                 message->len);
	assert_int_equal(store_shell(*state, "openssl cms -verify -inform DER "
	                             "-in message.der -certfile rsa.pem "
	                             "-CAfile rsa.pem -purpose any -binary "
	                             ">out 2>err"), 0);
	parts_clear(&p);
}

static void
test_verify_attributes_of_another_are_refused(void **state)
{
	struct parts p, q;

	sign(*state, "rsa", "text", "cms", "-nodetach -nocerts");
	take_apart(*state, &p);
	sign(*state, "rsa", "zeros", "cms", "-nodetach -nocerts");
	take_apart(*state, &q);
	assert_false(means_the_same(
	        *state, put_together(&p, &p.content.whole, &q.signer.whole),
	        "rsa"));
	assert_false(means_the_same(
	        *state, put_together(&p, &p.content.whole,
	                             make_signer(&p, &q.attributes.whole)),
	        "rsa"));
	parts_clear(&q);
	/* the type inside the attributes is another's */
	sign(*state, "rsa", "text", "cms",
	     "-nodetach -nocerts -econtent_type 1.2.3.4");
	take_apart(*state, &q);
	assert_false(means_the_same(
	        *state, put_together(&p, &p.content.whole, &q.signer.whole),
	        "rsa"));
	parts_clear(&q);
	parts_clear(&p);
}

/* What is said of the digest is what was used, of either kind of key. */
static void
test_verify_hash_of_another_name_is_refused(void **state)
{
	static const char *const names[] = { "rsa", "ec" };
	static const unsigned char sha2[] = { 0x60, 0x86, 0x48, 0x01, 0x65,
		                              0x03, 0x04, 0x02 };

	for (size_t i = 0; i < 2; i++) {
		SECItem message;
		unsigned char *at;

		sign(*state, names[i], "text", "cms",
		     "-nodetach -nocerts -noattr -md sha512");
		message = read_item(*state, "message.der");
		at = message.data;
		while ((at = memmem(at, message.len -
		                    (size_t)(at - message.data), sha2,
		                    sizeof sha2)) != NULL) {
			assert_int_equal(at[sizeof sha2], 3);
			at[sizeof sha2] = 1; /* SHA-256 */
			at += sizeof sha2;
		}
		assert_false(means_the_same(*state, &message, names[i]));
		free(message.data);
	}
}

/* --- what we sign ------------------------------------------------------ */

static enum psm_err
sign_with_file(const struct store *st, const char *name, const char *password,
               SECItem *ret_message)
{
	const SECItem p12 = read_named(st, name, "p12");
	unsigned char *message = NULL;
	size_t len = 0;
	enum psm_err err = pfx_sign(p12.data, p12.len, password, TEXT,
	                            sizeof TEXT - 1, &message, &len);

	free(p12.data);
	if (err != PSM_OK)
		assert_null(message);
	*ret_message = (SECItem){ siBuffer, message, (unsigned)len };
	return err;
}

static void
test_sign_is_verified_by_openssl_and_by_us(void **state)
{
	static const char *const names[] = { "rsa", "ec" };
	static const char *const tools[] = { "cms", "smime" };
	const struct store *st = *state;
	SECItem message;

	for (size_t i = 0; i < 4; i++) {
		const char *name = names[i / 2];

		assert_int_equal(sign_with_file(st, name, "word", &message),
		                 PSM_OK);
		assert_true(means_the_same(st, &message, name));
		assert_int_equal(nu_der_check(&message, 16), SECSuccess);
		store_write_file(store_path(st, "message.der"), message.data,
		                 message.len);
		assert_int_equal(store_shell(
		        st, "openssl %s -verify -inform DER -in message.der "
		        "-CAfile %s.pem -purpose any -binary >out 2>err && "
		        "cmp -s out text", tools[i % 2], name), 0);
		free(message.data);
	}
}

static void
test_sign_with_a_bad_file_says_so(void **state)
{
	const struct store *st = *state;
	SECItem message;

	assert_int_equal(sign_with_file(st, "rsa", "world", &message),
	                 PSM_E_PASSWORD);
	assert_int_equal(sign_with_file(st, "nokey", "word", &message),
	                 PSM_E_PKCS12);
	assert_int_equal(store_shell(st, "head -c 999 rsa.p12 >cut.p12"), 0);
	assert_int_equal(sign_with_file(st, "cut", "word", &message),
	                 PSM_E_PKCS12);
}

/* --- certificates ------------------------------------------------------ */

static void
test_certificate_is_told_from_another_structure(void **state)
{
	static const unsigned char other[] = { 0x30, 3, 2, 1, 1 };
	SECItem der = read_item(*state, "ec.der");

	assert_true(pfx_is_cert(der.data, der.len));
	assert_false(pfx_is_cert(der.data, der.len - 1));
	assert_false(pfx_is_cert(other, sizeof other));
	assert_false(pfx_is_cert(other, 0));
	free(der.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify_of_openssl_returns_the_content),
		cmocka_unit_test(
		        test_verify_weak_or_otherwise_shaped_is_refused),
		cmocka_unit_test(
		        test_verify_another_certificate_of_the_key_is_refused),
		cmocka_unit_test(
		        test_verify_signer_without_key_id_is_not_found_by_it),
		cmocka_unit_test(test_verify_what_is_no_message_is_refused),
		cmocka_unit_test(
		        test_verify_any_bit_changed_changes_no_content),
		cmocka_unit_test(
		        test_verify_signature_out_of_range_is_refused),
		cmocka_unit_test(
		        test_verify_any_element_spoiled_changes_no_content),
		cmocka_unit_test(test_verify_put_together_again_is_the_same),
		cmocka_unit_test(test_verify_other_content_is_refused),
		cmocka_unit_test(test_verify_content_in_pieces_is_one_string),
		cmocka_unit_test(
		        test_verify_several_signers_or_none_are_refused),
		cmocka_unit_test(test_verify_attributes_as_content_is_refused),
		cmocka_unit_test(
		        test_verify_attributes_of_another_are_refused),
		cmocka_unit_test(test_verify_hash_of_another_name_is_refused),
		cmocka_unit_test(test_sign_is_verified_by_openssl_and_by_us),
		cmocka_unit_test(test_sign_with_a_bad_file_says_so),
		cmocka_unit_test(
		        test_certificate_is_told_from_another_structure),
	};

	return cmocka_run_group_tests_name("signed requests", tests, setup,
	                                   teardown);
}

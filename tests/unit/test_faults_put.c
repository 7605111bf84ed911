/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_put.c - any call fails of putting in certificates with their
 * keys, and of tidying up after an interruption. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "psm/internal.h"
#include "tests/unit/puts.h"
#include "tests/unit/sweep.h"

static enum psm_put_part put_part; /* what the last put found wrong */

static enum psm_err
put_as(struct sweep *sw, const char *cert, const char *key,
       const char *nickname)
{
	struct psm_put_params params = puts_params(cert, key, PUTS_PASSWORD,
	                                           nickname);
	struct psm_put report = { .sha1 = "" };
	enum psm_err err;

	params.flags = PSM_PUT_REPLACE;
	put_part = PSM_PUT_NOTHING;
	err = psm_store_put(sw->st->ctx, &params, &report, &put_part);
	assert_int_equal(strlen(report.sha1), err == PSM_OK ? 40 : 0);
	return err;
}

/* Files are read before anything fails. */
static void
prepare_files(struct sweep *sw)
{
	static const char *const names[] = {
		"a.chain", "a.trad-aes256", "c.p12", "c.pem", "c.aes256",
		"b.pem", "b.key", "ar.pem",
	};
	size_t len;

	(void)sw;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)puts_file(names[i], &len);
}

static enum psm_err
run_put(struct sweep *sw)
{
	return put_as(sw, "a.chain", "a.trad-aes256", "@a");
}

static enum psm_err
run_put_p12(struct sweep *sw)
{
	return put_as(sw, "c.p12", NULL, "@a");
}

static void
prepare_taken(struct sweep *sw)
{
	prepare_files(sw);
	assert_psm(sw->st, put_as(sw, "a.pem", "a.key", "@a"), PSM_OK);
}

/* Of another subject. */
static enum psm_err
run_put_other(struct sweep *sw)
{
	return put_as(sw, "c.pem", "c.aes256", "@a");
}

/* Of the same subject. */
static enum psm_err
run_put_next(struct sweep *sw)
{
	return put_as(sw, "b.pem", "b.key", "@a");
}

static enum psm_err
run_put_renewal(struct sweep *sw)
{
	return put_as(sw, "ar.pem", NULL, "@a");
}

static void
prepare_renamed(struct sweep *sw)
{
	assert_psm(sw->st, put_as(sw, "c.pem", "c.key", "@c"), PSM_OK);
	prepare_taken(sw);
}

static enum psm_err
run_put_renamed(struct sweep *sw)
{
	return put_as(sw, "c.pem", NULL, "@a");
}

static void
check_put(struct sweep *sw)
{
	static const struct sweep_count counts[] = {
		{ "cert [@a]", 1 },
		{ "key [@a]", 1 },
		{ "[psm-put ", 0 },
		{ NULL, 0 },
	};

	sweep_check_counts(sw, counts);
	if (!sw->again)
		assert_int_equal(store_count(sw->st, "[psm-old "), 0);
}

/* Give the certificate called name, and its key, another label. */
static void
label_both(struct sweep *sw, const char *name, const char *cert_label,
           const char *key_label)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKey) key = sweep_find_key(name);
	nu_auto(CERTCertList) certs = NULL;
	struct certobj object;

	assert_int_equal(certobj_find(slot, name, NULL, &certs), SECSuccess);
	assert_non_null(certs);
	assert_int_equal(certobj_read(arena, slot, CERT_LIST_HEAD(certs)->cert,
	                              NULL, &object), SECSuccess);
	assert_int_equal(certobj_set(&object, CKA_LABEL, cert_label,
	                             strlen(cert_label)), SECSuccess);
	assert_int_equal(PK11_SetPrivateKeyNickname(key, key_label),
	                 SECSuccess);
	(void)sw;
}

/* What a put leaves that is killed when both are there, and one that is killed
 * when only its key is. */
static void
prepare_tidy(struct sweep *sw)
{
	assert_psm(sw->st, put_as(sw, "c.pem", "c.key", "@c"), PSM_OK);
	label_both(sw, "@c", PUT_NEW "@a", PUT_NEW "@a");
	assert_psm(sw->st, put_as(sw, "a.pem", "a.key", "@b"), PSM_OK);
	label_both(sw, "@b", "@a", PUT_OLD "@a");
	assert_psm(sw->st, put_as(sw, "e.pem", "e.key", "@e"), PSM_OK);
	label_both(sw, "@e", "@e", PUT_NEW "@e");
	assert_psm(sw->st, psm_store_delete(sw->st->ctx, "@e",
	                                    PSM_DELETE_KEEP_KEY, NULL), PSM_OK);
}

static enum psm_err
run_tidy(struct sweep *sw)
{
	return psm_store_tidy(sw->st->ctx, "@", NULL);
}

static void
check_tidy(struct sweep *sw)
{
	check_put(sw);
	assert_int_equal(store_count(sw->st, "[psm-"), 0);
	assert_int_equal(store_count(sw->st, "key "), 2);
}

static enum psm_err
run_stamp(struct sweep *sw)
{
	uint64_t stamp = 0;

	return psm_store_stamp(sw->st->ctx, &stamp);
}

/* It says which part was wrong: that blames the caller's. */
static bool
blames_part(void)
{
	return put_part != PSM_PUT_NOTHING;
}

static void
check_nothing(struct sweep *sw)
{
	(void)sw;
}

#define PUT                                                      \
	.check = check_put, .best_effort = sweep_deleting,       \
	.blames = blames_part

static const struct operation operations[] = {
	{ .name = "put", .password = SWEEP_PASSWORD,
	  .prepare = prepare_files, .run = run_put, PUT },
	{ .name = "put_pkcs12",
	  .prepare = prepare_files, .run = run_put_p12, PUT },
	{ .name = "put_next",
	  .prepare = prepare_taken, .run = run_put_next, PUT },
	{ .name = "put_other",
	  .prepare = prepare_taken, .run = run_put_other, PUT },
	{ .name = "put_renewal",
	  .prepare = prepare_taken, .run = run_put_renewal, PUT },
	{ .name = "put_renamed",
	  .prepare = prepare_renamed, .run = run_put_renamed, PUT },
	{ .name = "tidy",
	  .prepare = prepare_tidy, .run = run_tidy,
	  .check = check_tidy, .best_effort = sweep_deleting,
	  .goes_on = true, .not_all = true },
	{ .name = "stamp",
	  .prepare = sweep_prepare_nothing, .run = run_stamp,
	  .check = check_nothing, .best_effort = sweep_closing },
};

int
main(void)
{
	void *state = NULL;
	int failed;

	if (puts_setup(&state) != 0)
		return EXIT_FAILURE;
	failed = sweep_main("faults of put", operations,
	                    sizeof operations / sizeof operations[0]);
	return puts_teardown(&state) != 0 ? EXIT_FAILURE : failed;
}

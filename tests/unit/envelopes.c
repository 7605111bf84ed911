/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* envelopes.c - keys and envelopes, for the tests of nu_envelope.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <pk11pub.h>

#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_slot.h"
#include "tests/unit/envelopes.h"

struct fresh_key rsa, other_rsa, p256, p384, p521, other_p256;

const struct way ways[5] = {
	{ &rsa, NU_ENVELOPE_VALUE }, { &rsa, NU_ENVELOPE_CMS },
	{ &p256, NU_ENVELOPE_CMS },  { &p384, NU_ENVELOPE_CMS },
	{ &p521, NU_ENVELOPE_CMS },
};

SECItem *
seal(const struct way *way, const SECItem *data)
{
	SECItem *sealed =
	        nu_envelope_seal(data, way->to->public, way->form, NULL);

	if (sealed == NULL)
		fail_msg("seal: %s", nu_err_name(PORT_GetError()));
	return sealed;
}

SECItem *
seal_text(const struct way *way, const char *text)
{
	const SECItem data = { siBuffer, (unsigned char *)text,
		               (unsigned)strlen(text) };

	return seal(way, &data);
}

void
assert_opens(const SECItem *sealed, const struct fresh_key *opener,
             const SECItem *expected)
{
	nu_auto(SECItem) got = nu_envelope_open(sealed, opener->private, NULL);

	if (got == NULL)
		fail_msg("open: %s", nu_err_name(PORT_GetError()));
	assert_int_equal(got->len, expected->len);
	assert_memory_equal(got->data, expected->data, got->len);
}

void
assert_closed(const SECItem *sealed, const struct fresh_key *opener,
              PRErrorCode why)
{
	assert_null(nu_envelope_open(sealed, opener->private, NULL));
	assert_string_equal(nu_err_name(PORT_GetError()), nu_err_name(why));
}

SECItem *
wrap_key(const struct fresh_key *key, const struct way *way)
{
	SECItem *wrapped = nu_envelope_wrap_key(key->private, way->to->public,
	                                        way->form, NULL);

	if (wrapped == NULL)
		fail_msg("wrap: %s", nu_err_name(PORT_GetError()));
	return wrapped;
}

SECKEYPrivateKey *
unwrap(const SECItem *wrapped, const struct fresh_key *opener,
       SECKEYPublicKey *pub, PRBool permanent, void *wincx)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();

	assert_non_null(slot);
	return nu_envelope_unwrap_key(wrapped, opener->private, pub, slot,
	                              permanent, permanent ? LABEL : NULL,
	                              wincx);
}

void
assert_stored_well(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	nu_auto_item id = { siBuffer, NULL, 0 };
	nu_auto(SECItem) expected = PK11_MakeIDFromPubKey(
	        SECKEY_GetPublicKeyType(pub) == rsaKey
	                ? &pub->u.rsa.modulus
	                : &pub->u.ec.publicValue);

	assert_true(nu_key_proves(key, pub));
	assert_true(nu_key_may_leave(key));
	assert_int_equal(nu_key_attribute(key, CKA_ID, &id), SECSuccess);
	assert_true(SECITEM_ItemsAreEqual(&id, expected));
}

const unsigned char key_with_id[11] = { 0x2a, 0x86, 0x48, 0x86,
	                                     0xf7, 0x0d, 0x01, 0x09,
	                                     0x10, 0x01, 0x15 };

int
shell(const char *format, ...)
{
	char command[2048];
	va_list args;
	int len = snprintf(command, sizeof command,
	                   "exec >%s/log 2>&1; cd %s && ", fresh_dir(),
	                   fresh_dir());
	int status;

	va_start(args, format);
	vsnprintf(command + len, sizeof command - (size_t)len, format, args);
	va_end(args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

FILE *
open_file(const char *name, const char *mode)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", fresh_dir(), name);
	file = fopen(path, mode);
	assert_non_null(file);
	return file;
}

void
read_file(const char *name, SECItem *ret_item)
{
	FILE *file = open_file(name, "rb");

	assert_non_null(SECITEM_AllocItem(NULL, ret_item, FILE_SIZE));
	ret_item->len = (unsigned)fread(ret_item->data, 1, FILE_SIZE, file);
	fclose(file);
}

void
remove_files(void)
{
	(void)shell("rm -rf *.der *.pem *.bin fips pw");
	(void)shell("rm -f log");
}

int
envelopes_setup(void **state)
{
	(void)state;
	fresh_open();
	rsa = fresh_key(rsaKey, 2048);
	other_rsa = fresh_key(rsaKey, 2048);
	p256 = fresh_key(ecKey, 256);
	p384 = fresh_key(ecKey, 384);
	p521 = fresh_key(ecKey, 521);
	other_p256 = fresh_key(ecKey, 256);
	return 0;
}

int
envelopes_teardown(void **state)
{
	struct fresh_key *const keys[] = { &rsa,  &other_rsa, &p256,
		                           &p384, &p521,      &other_p256 };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		fresh_key_free(keys[i]);
	remove_files();
	fresh_close();
	return 0;
}

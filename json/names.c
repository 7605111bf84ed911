/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* names.c - the names of psm.h's enumerations and bits in JSON */

#include <string.h>

#include "json/json.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const key_types[] = {
	[PSM_KEY_RSA] = "rsa",
	[PSM_KEY_EC] = "ec",
	[PSM_KEY_DSA] = "dsa",
	[PSM_KEY_OTHER] = "other",
};

static const char *const matches[] = {
	[PSM_MATCHED_ID] = "id",
	[PSM_MATCHED_KEY] = "key",
	[PSM_MATCHED_NOTHING] = "nothing",
};

static const char *const forms[] = {
	[PSM_FORM_CERT_REP] = "certRep",
	[PSM_FORM_PKI_MESSAGE] = "pkiMessage",
	[PSM_FORM_PKCS7] = "pkcs7",
	[PSM_FORM_NETSCAPE_SEQUENCE] = "netscapeSequence",
	[PSM_FORM_CERTIFICATES] = "certificates",
	[PSM_FORM_PKCS12] = "pkcs12",
};

static const char *const protections[] = {
	[PSM_PROTECTION_NONE] = "none",
	[PSM_PROTECTION_UNCHECKED] = "unchecked",
	[PSM_PROTECTION_VERIFIED] = "verified",
};

static const char *const states[] = {
	[PSM_PENDING] = "pending",
	[PSM_PENDING_STORED] = "stored",
	[PSM_ORPHAN] = "orphan",
	[PSM_RECOVERY] = "recovery",
};

static const struct {
	const char *name;
	unsigned bit;
} usages[] = {
	{ "digitalSignature", PSM_USAGE_DIGITAL_SIGNATURE },
	{ "nonRepudiation", PSM_USAGE_NON_REPUDIATION },
	{ "contentCommitment", PSM_USAGE_NON_REPUDIATION },
	{ "keyEncipherment", PSM_USAGE_KEY_ENCIPHERMENT },
	{ "keyAgreement", PSM_USAGE_KEY_AGREEMENT },
};

static const char *
name_of(const char *const *names, size_t n, size_t i)
{
	return i < n ? names[i] : "other";
}

const char *
pj_key_type_name(enum psm_key_type type)
{
	return name_of(key_types, COUNT(key_types), type);
}

const char *
pj_matched_name(enum psm_matched matched)
{
	return name_of(matches, COUNT(matches), matched);
}

const char *
pj_form_name(enum psm_form form)
{
	return name_of(forms, COUNT(forms), form);
}

const char *
pj_protection_name(enum psm_protection protection)
{
	return name_of(protections, COUNT(protections), protection);
}

const char *
pj_pending_state_name(enum psm_pending_state state)
{
	return name_of(states, COUNT(states), state);
}

bool
pj_key_type(const char *name, enum psm_key_type *ret_type)
{
	bool rsa = strcmp(name, "rsa") == 0;

	if (!rsa && strcmp(name, "ec") != 0)
		return false;
	*ret_type = rsa ? PSM_KEY_RSA : PSM_KEY_EC;
	return true;
}

unsigned
pj_key_usage(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(usages); i++)
		if (strlen(usages[i].name) == len &&
		    memcmp(usages[i].name, name, len) == 0)
			return usages[i].bit;
	return 0;
}

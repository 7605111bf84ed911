/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* read.c - a request's parameters from JSON */

#include <string.h>

#include "json/json.h"

static bool
read_usages(const json_t *names, unsigned *ret_usages)
{
	const json_t *name;
	size_t i;

	if (!json_is_array(names))
		return false;
	*ret_usages = 0;
	json_array_foreach(names, i, name) {
		unsigned bit = !json_is_string(name) ? 0 :
		    pj_key_usage(json_string_value(name),
		                 json_string_length(name));

		if (bit == 0)
			return false;
		*ret_usages |= bit;
	}
	return true;
}

static bool
read_format(const char *name, enum psm_request_format *ret_format)
{
	bool crmf = strcmp(name, "crmf") == 0;

	if (!crmf && strcmp(name, "pkcs10") != 0)
		return false;
	*ret_format = crmf ? PSM_REQUEST_CRMF : PSM_REQUEST_PKCS10;
	return true;
}

bool
pj_read_request(const json_t *json, struct psm_request_params *ret_params,
                const char **ret_why)
{
	struct psm_request_params p = { 0 };
	const char *type = "rsa", *format = "crmf";
	const json_t *usages = NULL;
	int bits = 0, extractable = 1, ca = 0;

	*ret_why = "a member of the request is missing, unknown or mistyped";
	if (json_unpack_ex((json_t *)(uintptr_t)json, NULL, 0,
	        "{s:s, s?s, s?i, s?s, s?o, s?b, s?b, s?s, s?s, s?s !}",
	        "subject", &p.subject, "keyType", &type, "keyBits", &bits,
	        "format", &format, "keyUsage", &usages,
	        "extractable", &extractable, "ca", &ca, "token", &p.token,
	        "regToken", &p.reg_token,
	        "authenticator", &p.authenticator) != 0)
		return false;
	*ret_why = "keyType is neither \"rsa\" nor \"ec\"";
	if (!pj_key_type(type, &p.key_type))
		return false;
	*ret_why = "format is neither \"crmf\" nor \"pkcs10\"";
	if (!read_format(format, &p.format))
		return false;
	*ret_why = "keyUsage is not an array of RFC 5280's names";
	if (usages != NULL && !read_usages(usages, &p.key_usage))
		return false;
	*ret_why = "keyBits is not a size of a key";
	if (bits < 0)
		return false;
	p.key_bits = (unsigned)bits;
	p.flags = (extractable ? 0 : PSM_REQUEST_UNEXTRACTABLE) |
	          (ca ? PSM_REQUEST_CA : 0);
	*ret_params = p;
	return true;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* user_cert.c - a certificate as /api/cert/user shows it */

#include <string.h>

#include "json/json.h"

static const struct {
	const char *type, *name;
} attributes[] = {
	{ "2.5.4.3", "CN" },  { "2.5.4.10", "O" }, { "2.5.4.11", "OU" },
	{ "2.5.4.7", "L" },   { "2.5.4.8", "S" },  { "2.5.4.6", "C" },
};

/* Takes over value. One that is there already becomes an array. */
static bool
add_value(json_t *dictionary, const char *name, json_t *value)
{
	json_t *there = json_object_get(dictionary, name);
	json_t *array;

	if (there == NULL)
		return json_object_set_new(dictionary, name, value) == 0;
	if (json_is_array(there))
		return json_array_append_new(there, value) == 0;
	array = json_pack("[O, o]", there, value);
	return array != NULL &&
	       json_object_set_new(dictionary, name, array) == 0;
}

static bool
add_attribute(void *dictionary, const char *type, const char *value)
{
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if (strcmp(attributes[i].type, type) == 0)
			return add_value(dictionary, attributes[i].name,
			                 pj_text(value));
	}
	return true;
}

/* A name that does not parse has no attributes. */
static json_t *
write_name(const struct psm_cert *cert, bool of_issuer)
{
	json_t *dictionary = json_object();

	if (dictionary == NULL ||
	    psm_cert_attributes(cert, of_issuer, add_attribute, dictionary) !=
	            PSM_E_NO_MEMORY)
		return dictionary;
	json_decref(dictionary);
	return NULL;
}

json_t *
pj_user_cert(const struct psm_cert *cert)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:I}}",
	                 "fingerprint", cert->sha1,
	                 "fingerprint256", cert->sha256,
	                 "subject", write_name(cert, false),
	                 "issuer", write_name(cert, true),
	                 "serialNumber", pj_text(cert->serial),
	                 "startDate", pj_time(cert->not_before),
	                 "endDate", pj_time(cert->not_after),
	                 "key", "type", pj_key_type_name(cert->key_type),
	                 "bits", (json_int_t)cert->key_bits);
}

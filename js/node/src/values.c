/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* values.c - JavaScript's values and C's. */

#include <stdlib.h>
#include <string.h>

#include "src/addon.h"

/* --- from JavaScript ---------------------------------------------------- */

static bool
string_text(napi_env env, napi_value value, struct text *ret_text)
{
	size_t len;

	if (napi_get_value_string_utf8(env, value, NULL, 0, &len) != napi_ok)
		return false;
	ret_text->s = malloc(len + 1);
	if (ret_text->s == NULL)
		return false;
	ret_text->len = len;
	return napi_get_value_string_utf8(env, value, ret_text->s, len + 1,
	                                  &len) == napi_ok;
}

static bool
bytes_text(napi_env env, napi_value value, struct text *ret_text)
{
	napi_typedarray_type type;
	void *bytes;
	size_t len;

	if (napi_get_typedarray_info(env, value, &type, &len, &bytes, NULL,
	                             NULL) != napi_ok ||
	    type != napi_uint8_array)
		return false;
	ret_text->s = malloc(len + 1);
	if (ret_text->s == NULL)
		return false;
	ret_text->len = len;
	if (len > 0)
		memcpy(ret_text->s, bytes, len);
	ret_text->s[len] = '\0';
	if (len > 0)
		explicit_bzero(bytes, len);
	return true;
}

bool
value_text(napi_env env, napi_value value, struct text *ret_text)
{
	napi_valuetype type;
	bool good = false;

	memset(ret_text, 0, sizeof *ret_text);
	if (napi_typeof(env, value, &type) != napi_ok)
		return false;
	if (type == napi_null || type == napi_undefined)
		return true;
	if (type == napi_string)
		good = string_text(env, value, ret_text);
	else if (type == napi_object)
		good = bytes_text(env, value, ret_text);
	if (!good)
		text_free(ret_text);
	return good;
}

void
text_free(struct text *text)
{
	if (text->s != NULL)
		explicit_bzero(text->s, text->len);
	free(text->s);
	text->s = NULL;
}

bool
text_has_nul(const struct text *text)
{
	return text->s != NULL && memchr(text->s, '\0', text->len) != NULL;
}

/* The n elements of an array, in fresh memory of n times size bytes. */
static void *
array_room(napi_env env, napi_value array, size_t size, size_t *ret_n)
{
	uint32_t n;

	if (napi_get_array_length(env, array, &n) != napi_ok)
		return NULL;
	*ret_n = n;
	return calloc((size_t)n + 1, size);
}

bool
value_texts(napi_env env, napi_value array, struct text **ret_texts,
            size_t *ret_n)
{
	struct text *texts = array_room(env, array, sizeof *texts, ret_n);
	napi_value item;

	*ret_texts = texts;
	for (uint32_t i = 0; texts != NULL && i < *ret_n; i++) {
		if (napi_get_element(env, array, i, &item) != napi_ok ||
		    !value_text(env, item, &texts[i]))
			return false;
	}
	return texts != NULL;
}

bool
value_numbers(napi_env env, napi_value array, int32_t **ret_numbers,
              size_t *ret_n)
{
	int32_t *numbers = array_room(env, array, sizeof *numbers, ret_n);
	napi_value item;

	*ret_numbers = numbers;
	for (uint32_t i = 0; numbers != NULL && i < *ret_n; i++) {
		if (napi_get_element(env, array, i, &item) != napi_ok ||
		    napi_get_value_int32(env, item, &numbers[i]) != napi_ok)
			return false;
	}
	return numbers != NULL;
}

/* --- to JavaScript ------------------------------------------------------ */

napi_value
js_text(napi_env env, const char *text)
{
	napi_value value = NULL;

	if (text == NULL)
		return napi_get_null(env, &value) == napi_ok ? value : NULL;
	return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) ==
	                       napi_ok
	               ? value
	               : NULL;
}

napi_value
js_number(napi_env env, double number)
{
	napi_value value;

	return napi_create_double(env, number, &value) == napi_ok ? value
	                                                          : NULL;
}

napi_value
js_bool(napi_env env, bool yes)
{
	napi_value value;

	return napi_get_boolean(env, yes, &value) == napi_ok ? value : NULL;
}

static napi_value
js_date(napi_env env, int64_t seconds)
{
	napi_value value;

	return napi_create_date(env, (double)seconds * 1000, &value) == napi_ok
	               ? value
	               : NULL;
}

static napi_value
js_bytes(napi_env env, const unsigned char *bytes, size_t len)
{
	napi_value value;

	return napi_create_buffer_copy(env, len, bytes, NULL, &value) ==
	                       napi_ok
	               ? value
	               : NULL;
}

static napi_value
js_object(napi_env env)
{
	napi_value object;

	return napi_create_object(env, &object) == napi_ok ? object : NULL;
}

static napi_value
js_array(napi_env env)
{
	napi_value array;

	return napi_create_array(env, &array) == napi_ok ? array : NULL;
}

bool
js_put(napi_env env, napi_value object, const char *name, napi_value value)
{
	return object != NULL && value != NULL &&
	       napi_set_named_property(env, object, name, value) == napi_ok;
}

static bool
push(napi_env env, napi_value array, size_t i, napi_value value)
{
	return array != NULL && value != NULL &&
	       napi_set_element(env, array, (uint32_t)i, value) == napi_ok;
}

static napi_value
js_key_type(napi_env env, enum psm_key_type type)
{
	static const char *const names[] = {
		[PSM_KEY_RSA] = "rsa",
		[PSM_KEY_EC] = "ec",
		[PSM_KEY_DSA] = "dsa",
		[PSM_KEY_OTHER] = "other",
	};

	return js_text(env, names[type]);
}

static bool
put_cert(napi_env env, napi_value object, const struct psm_cert *cert)
{
	return js_put(env, object, "nickname", js_text(env, cert->nickname)) &&
	       js_put(env, object, "token", js_text(env, cert->token)) &&
	       js_put(env, object, "subject", js_text(env, cert->subject)) &&
	       js_put(env, object, "issuer", js_text(env, cert->issuer)) &&
	       js_put(env, object, "serial", js_text(env, cert->serial)) &&
	       js_put(env, object, "sha1", js_text(env, cert->sha1)) &&
	       js_put(env, object, "sha256", js_text(env, cert->sha256)) &&
	       js_put(env, object, "notBefore",
	              js_date(env, cert->not_before)) &&
	       js_put(env, object, "notAfter", js_date(env, cert->not_after)) &&
	       js_put(env, object, "keyType",
	              js_key_type(env, cert->key_type)) &&
	       js_put(env, object, "keyBits", js_number(env, cert->key_bits)) &&
	       js_put(env, object, "hasKey", js_bool(env, cert->has_key)) &&
	       js_put(env, object, "isCA", js_bool(env, cert->is_ca)) &&
	       js_put(env, object, "der",
	              js_bytes(env, cert->der, cert->der_len));
}

napi_value
js_cert(napi_env env, const struct psm_cert *cert)
{
	napi_value object = js_object(env);

	return put_cert(env, object, cert) ? object : NULL;
}

napi_value
js_certs(napi_env env, const struct psm_cert_list *list)
{
	napi_value array = js_array(env);

	for (size_t i = 0; i < psm_cert_list_count(list); i++) {
		if (!push(env, array, i,
		          js_cert(env, psm_cert_list_get(list, i))))
			return NULL;
	}
	return array;
}

static napi_value
js_waiting(napi_env env, const struct psm_pending *pending)
{
	static const char *const states[] = {
		[PSM_PENDING] = "pending",
		[PSM_PENDING_STORED] = "stored",
		[PSM_ORPHAN] = "orphan",
		[PSM_RECOVERY] = "recovery",
	};
	napi_value object = js_object(env);
	bool good =
	        js_put(env, object, "state",
	               js_text(env, states[pending->state])) &&
	        js_put(env, object, "id", js_number(env, pending->id)) &&
	        js_put(env, object, "label", js_text(env, pending->label)) &&
	        js_put(env, object, "token", js_text(env, pending->token)) &&
	        js_put(env, object, "subject",
	               js_text(env, pending->subject)) &&
	        js_put(env, object, "created",
	               js_text(env, pending->created)) &&
	        js_put(env, object, "keyType",
	               js_key_type(env, pending->key_type)) &&
	        js_put(env, object, "keyBits",
	               js_number(env, pending->key_bits)) &&
	        js_put(env, object, "keyId", js_text(env, pending->key_id)) &&
	        js_put(env, object, "isCA", js_bool(env, pending->is_ca));

	return good ? object : NULL;
}

napi_value
js_pending(napi_env env, const struct psm_pending_list *list)
{
	napi_value array = js_array(env);

	for (size_t i = 0; i < psm_pending_list_count(list); i++) {
		if (!push(env, array, i,
		          js_waiting(env, psm_pending_list_get(list, i))))
			return NULL;
	}
	return array;
}

static napi_value
js_warnings(napi_env env, unsigned warnings)
{
	napi_value array = js_array(env);
	size_t n = 0;

	for (unsigned bit = 1; bit != 0; bit <<= 1) {
		if ((warnings & bit) == 0 || psm_warning(bit) == NULL)
			continue;
		if (!push(env, array, n++, js_text(env, psm_warning(bit))))
			return NULL;
	}
	return array;
}

static napi_value
js_imported(napi_env env, const struct psm_imported *imported)
{
	static const char *const matched[] = {
		[PSM_MATCHED_ID] = "id",
		[PSM_MATCHED_KEY] = "key",
		[PSM_MATCHED_NOTHING] = NULL,
	};
	napi_value object = js_object(env);
	bool good = put_cert(env, object, &imported->cert) &&
	            js_put(env, object, "matched",
	                   js_text(env, matched[imported->matched])) &&
	            js_put(env, object, "requestId",
	                   js_text(env, imported->request_id)) &&
	            js_put(env, object, "statusText",
	                   js_text(env, imported->status_text)) &&
	            js_put(env, object, "warnings",
	                   js_warnings(env, imported->warnings));

	return good ? object : NULL;
}

napi_value
js_plan(napi_env env, const struct psm_import *plan)
{
	napi_value object = js_object(env);
	napi_value certs = js_array(env), chain = js_array(env);
	size_t i;

	for (i = 0; i < psm_import_count(plan); i++) {
		if (!push(env, certs, i,
		          js_imported(env, psm_import_get(plan, i))))
			return NULL;
	}
	for (i = 0; i < psm_import_chain_count(plan); i++) {
		if (!push(env, chain, i,
		          js_imported(env, psm_import_chain_get(plan, i))))
			return NULL;
	}
	return js_put(env, object, "certificates", certs) &&
	                       js_put(env, object, "chain", chain)
	               ? object
	               : NULL;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* write.c - the structs of psm.h as JSON values */

#include "json/json.h"

static const struct {
	unsigned bit;
	const char *name;
} warnings[] = {
	{ PSM_WARN_EXPIRED, "expired" },
	{ PSM_WARN_NOT_YET_VALID, "notYetValid" },
	{ PSM_WARN_UNVERIFIED, "unverified" },
	{ PSM_WARN_MODIFIED, "modified" },
	{ PSM_WARN_ALREADY_STORED, "alreadyStored" },
	{ PSM_WARN_KEY_ELSEWHERE, "keyElsewhere" },
	{ PSM_WARN_WEAK_SIGNATURE, "weakSignature" },
};

json_t *
pj_cert(const struct psm_cert *cert)
{
	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:s, s:I, s:b, s:b,"
	    " s:o}",
	    "nickname", pj_text(cert->nickname),
	    "token", pj_text(cert->token),
	    "subject", pj_text(cert->subject),
	    "issuer", pj_text(cert->issuer),
	    "serial", pj_text(cert->serial),
	    "sha1", cert->sha1,
	    "sha256", cert->sha256,
	    "notBefore", pj_time(cert->not_before),
	    "notAfter", pj_time(cert->not_after),
	    "keyType", pj_key_type_name(cert->key_type),
	    "keyBits", (json_int_t)cert->key_bits,
	    "hasKey", cert->has_key,
	    "isCa", cert->is_ca,
	    "der", pj_base64(cert->der, cert->der_len));
}

/* Append a new reference; false and *array gone when out of memory. */
static bool
append(json_t **array, json_t *value)
{
	if (*array != NULL && json_array_append_new(*array, value) == 0)
		return true;
	json_decref(*array);
	*array = NULL;
	return false;
}

json_t *
pj_cert_list(const struct psm_cert_list *list)
{
	json_t *array = json_array();
	size_t n = psm_cert_list_count(list);

	for (size_t i = 0; i < n; i++)
		if (!append(&array, pj_cert(psm_cert_list_get(list, i))))
			break;
	return array;
}

static json_t *
write_warnings(unsigned bits)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++)
		if ((bits & warnings[i].bit) != 0 &&
		    !append(&array, json_string(warnings[i].name)))
			break;
	return array;
}

static json_t *
write_imported(const struct psm_imported *imported)
{
	json_t *json = pj_cert(&imported->cert);
	json_t *more = json_pack("{s:s, s:o, s:o, s:o}",
	    "matched", pj_matched_name(imported->matched),
	    "requestId", pj_text(imported->request_id),
	    "statusText", pj_text(imported->status_text),
	    "warnings", write_warnings(imported->warnings));

	if (json_object_update(json, more) != 0) {
		json_decref(json);
		json = NULL;
	}
	json_decref(more);
	return json;
}

static json_t *
write_all(const struct psm_import *import, size_t n,
          const struct psm_imported *(*get)(const struct psm_import *, size_t))
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (!append(&array, write_imported(get(import, i))))
			break;
	return array;
}

json_t *
pj_import(const struct psm_import *import)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o}",
	    "form", pj_form_name(psm_import_form(import)),
	    "protection", pj_protection_name(psm_import_protection(import)),
	    "certificates", write_all(import, psm_import_count(import),
	                              psm_import_get),
	    "chain", write_all(import, psm_import_chain_count(import),
	                       psm_import_chain_get),
	    "backup", pj_text(psm_import_backup_path(import)));
}

json_t *
pj_request(const struct psm_request *request, enum psm_request_format format)
{
	return json_pack("{s:I, s:s, s:s, s:o, s:o}",
	    "id", (json_int_t)request->id,
	    "keyId", request->key_id,
	    "format", format == PSM_REQUEST_PKCS10 ? "pkcs10" : "crmf",
	    "request", pj_text(request->text),
	    "der", pj_base64(request->der, request->der_len));
}

static json_t *
write_pending(const struct psm_pending *pending)
{
	json_t *id = pending->state == PSM_ORPHAN ? json_null() :
	             json_integer(pending->id);

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:s, s:b}",
	    "state", pj_pending_state_name(pending->state),
	    "id", id,
	    "label", pj_text(pending->label),
	    "token", pj_text(pending->token),
	    "subject", pj_text(pending->subject),
	    "created", pj_text(pending->created[0] != '\0' ?
	                       pending->created : NULL),
	    "keyType", pj_key_type_name(pending->key_type),
	    "keyBits", (json_int_t)pending->key_bits,
	    "keyId", pending->key_id,
	    "ca", pending->is_ca);
}

json_t *
pj_pending_list(const struct psm_pending_list *list)
{
	json_t *array = json_array();
	size_t n = psm_pending_list_count(list);

	for (size_t i = 0; i < n; i++)
		if (!append(&array,
		            write_pending(psm_pending_list_get(list, i))))
			break;
	return array;
}

json_t *
pj_error(enum psm_err err, const char *message)
{
	return json_pack("{s:{s:s, s:s, s:o}}", "error",
	    "name", psm_err_name(err),
	    "js", psm_js_string(err),
	    "message", pj_text(message));
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* json.h - the structs of psm.h as JSON values and back. Not installed.
 *
 * A function that makes a value returns a new reference, or NULL when out of
 * memory. Members are camelCase, times are RFC 3339 in UTC, DER is base64.
 * Text that is not UTF-8 comes out with U+FFFD in place of what is wrong. */

#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <jansson.h>

#include "psm/psm.h"

/* Is it UTF-8 (RFC 3629)? */
bool pj_is_utf8(const char *text);
/* Any text as a JSON string; NULL as null. */
json_t *pj_text(const char *text);
/* Bytes as base64, without line breaks. */
json_t *pj_base64(const unsigned char *bytes, size_t len);
/* A time as "2026-01-31T23:59:59Z". */
json_t *pj_time(int64_t seconds);

json_t *pj_cert(const struct psm_cert *cert);
json_t *pj_cert_list(const struct psm_cert_list *list);
/* As /api/cert/user shows it: names are dictionaries of CN, O, OU, L, S (the
 * state) and C, those that are there; of a repeated one the value is an array.
 * A database is open. */
json_t *pj_user_cert(const struct psm_cert *cert);
/* {"form": "pkcs7", "protection": "none", "certificates": [...],
 * "chain": [...], "backup": path or null} */
json_t *pj_import(const struct psm_import *import);
json_t *pj_request(const struct psm_request *request,
                   enum psm_request_format format);
json_t *pj_pending_list(const struct psm_pending_list *list);
/* {"error": {"name": "PSM_E_...", "js": "error:...", "message": ...}} */
json_t *pj_error(enum psm_err err, const char *message);

/* The names that stand for the enumerations and bits of psm.h, static. */
const char *pj_key_type_name(enum psm_key_type type);
const char *pj_matched_name(enum psm_matched matched);
const char *pj_form_name(enum psm_form form);
const char *pj_protection_name(enum psm_protection protection);
const char *pj_pending_state_name(enum psm_pending_state state);
/* RSA or EC by its name; false for another. */
bool pj_key_type(const char *name, enum psm_key_type *ret_type);
/* The PSM_USAGE_ bit by its name in RFC 5280, of len bytes; 0 for none. */
unsigned pj_key_usage(const char *name, size_t len);

/* A request's parameters. Its texts are borrowed from json.
 *   ret_why  a sentence about what is wrong, static
 * False: not an object, a member that is missing, unknown or mistyped. */
bool pj_read_request(const json_t *json, struct psm_request_params *ret_params,
                     const char **ret_why);

#endif

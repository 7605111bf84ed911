/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* error.c - one row an error, and the details of the last one. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <secerr.h>
#include <secport.h>

#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

#define ROW(name, js_string, sentence) \
	[name] = { #name, js_string, sentence }

/* js: as importUserCertificates() and signText() document it. */
static const struct {
	const char *name, *js, *text;
} table[] = {
	ROW(PSM_OK, "", "success"),
	ROW(PSM_E_CANCELLED, "error:userCancel", "cancelled by the user"),
	ROW(PSM_E_CERTIFICATE, "error:invalidCertificate",
	    "a certificate or answer is malformed or refused"),
	ROW(PSM_E_REQUEST_ID, "error:invalidRequestID",
	    "the answer is to no pending request"),
	ROW(PSM_E_STORE, "error:internalError",
	    "the token refused a read or a write"),
	ROW(PSM_E_NO_MEMORY, "error:internalError", "out of memory"),
	ROW(PSM_E_PASSWORD, "error:internalError",
	    "the password is wrong or missing"),
	ROW(PSM_E_READ_ONLY, "error:internalError",
	    "the database is read-only"),
	ROW(PSM_E_DATABASE, "error:internalError",
	    "the database is missing, damaged or not NSS's"),
	ROW(PSM_E_BUSY, "error:internalError", "the database is in use"),
	ROW(PSM_E_TOKEN, "error:internalError",
	    "the token is missing or cannot do this"),
	ROW(PSM_E_NOT_FOUND, "error:internalError", "there is no such thing"),
	ROW(PSM_E_EXISTS, "error:internalError", "it exists already"),
	ROW(PSM_E_AMBIGUOUS, "error:internalError",
	    "the name fits several certificates"),
	ROW(PSM_E_ARGUMENT, "error:internalError",
	    "an argument makes no sense"),
	ROW(PSM_E_REQUEST, "error:internalError",
	    "a certification request is malformed or unproved"),
	ROW(PSM_E_PKCS12, "error:internalError",
	    "the PKCS#12 file is damaged"),
	ROW(PSM_E_PKCS12_KIND, "error:internalError",
	    "the PKCS#12 file is of a kind that cannot be read"),
	ROW(PSM_E_NOT_EXPORTABLE, "error:internalError",
	    "a private key may not leave its token"),
	ROW(PSM_E_FILE, "error:internalError",
	    "a file cannot be read or written"),
	ROW(PSM_E_PARAMETER, "error:internalError",
	    "a parameter makes no sense"),
	ROW(PSM_E_NO_CERT, "error:noMatchingCert",
	    "no certificate is fit for this"),
	ROW(PSM_E_MESSAGE, "error:internalError",
	    "the message is malformed or refused"),
	ROW(PSM_E_INTERNAL, "error:internalError", "internal error"),
};
_Static_assert(sizeof table / sizeof table[0] == PSM_E_COUNT_,
               "a row for each error");

static enum psm_err
known(enum psm_err err)
{
	return (unsigned)err < PSM_E_COUNT_ ? err : PSM_E_INTERNAL;
}

const char *
psm_strerror(enum psm_err err)
{
	return table[known(err)].text;
}

const char *
psm_err_name(enum psm_err err)
{
	return table[known(err)].name;
}

const char *
psm_js_string(enum psm_err err)
{
	return table[known(err)].js;
}

const char *
psm_js_request_string(enum psm_err err, const char *param, char *buf,
                      size_t size)
{
	if (err == PSM_E_PARAMETER && param != NULL)
		snprintf(buf, size, "error:invalidParameter:%s", param);
	else if (err == PSM_OK || err == PSM_E_CANCELLED)
		snprintf(buf, size, "%s", table[err].js);
	else
		snprintf(buf, size, "error:internalError");
	return buf;
}

void
psm_end_text(char *text)
{
	size_t len = strlen(text), at = len;

	while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && nu_der_utf8_length((unsigned char *)text + at - 1,
	                                 len - at + 1) == 0)
		text[at - 1] = '\0';
}

enum psm_err
psm_fail(struct psm_ctx *ctx, enum psm_err err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ctx->errmsg, sizeof ctx->errmsg, fmt, ap);
	va_end(ap);
	psm_end_text(ctx->errmsg);
	return err;
}

enum psm_err
psm_fail_param(struct psm_ctx *ctx, const char *param, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ctx->errmsg, sizeof ctx->errmsg, fmt, ap);
	va_end(ap);
	psm_end_text(ctx->errmsg);
	ctx->errparam = param;
	return PSM_E_PARAMETER;
}

/* What NSS's error means whatever was being done. */
static enum psm_err
translate(const struct psm_ctx *ctx, PRErrorCode why, enum psm_err err)
{
	if (ctx->pin.last == NU_PIN_CANCELLED)
		return PSM_E_CANCELLED;
	switch (why) {
	case SEC_ERROR_NO_MEMORY:
	case PR_OUT_OF_MEMORY_ERROR:
		return PSM_E_NO_MEMORY;
	case SEC_ERROR_BAD_PASSWORD:
	case SEC_ERROR_TOKEN_NOT_LOGGED_IN:
		return PSM_E_PASSWORD;
	case SEC_ERROR_READ_ONLY:
		return PSM_E_READ_ONLY;
	default:
		return err;
	}
}

enum psm_err
psm_fail_nss(struct psm_ctx *ctx, enum psm_err err, const char *fmt, ...)
{
	PRErrorCode why = PORT_GetError();
	char doing[PSM_ERRMSG_SIZE / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(doing, sizeof doing, fmt, ap);
	va_end(ap);
	err = translate(ctx, why, err);
	if (why == 0 || err == PSM_E_CANCELLED)
		return psm_fail(ctx, err, "%s: %s", doing, table[err].text);
	return psm_fail(ctx, err, "%s: %s (%s: %s)", doing, table[err].text,
	                nu_err_name(why), nu_err_text(why));
}

enum psm_err
psm_fail_errno(struct psm_ctx *ctx, const char *doing, const char *path)
{
	int why = errno;
	char buf[128];

	return psm_fail(ctx, why == ENOMEM ? PSM_E_NO_MEMORY : PSM_E_FILE,
	                "cannot %s %s: %s", doing, path,
	                strerror_r(why, buf, sizeof buf));
}

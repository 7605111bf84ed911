/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* collect.h - POST /products/download/CollectCCC, and the forms in which it
 * answers.
 *
 * Its arguments are loginName, loginPassword (or a certificate of ours in its
 * place), orderNumber, and:
 *
 *   queryType         0: the status; 1, or none: the certificates and those
 *                     above them, if there are some yet; 2: without those
 *                     above; 3: those above alone
 *   responseType      2: PKCS#7; 3, or none: certificates one by one; 4: CMMF.
 *                     With queryType 2 and 3 it is 3
 *   responseEncoding  0, or none; 1, with queryType 1, and responseType 2 or
 *                     4; 2
 *   callbackFunctionName, responseMimeType
 *
 * Every answer has a status code: 2, certificates are attached; 1, there are
 * some to collect; 0, the order is being processed; less than 0, an error of
 * products.h's. responseEncoding says how it is written:
 *
 *   0  text/plain: a line with the code, then of an error a line that explains
 *      it, or what was asked for: PKCS#7 and certificates in PEM, CMMF in
 *      base64
 *   1  what was asked for, and nothing else, in DER; without any of it, and for
 *      an error, as 0
 *   2  JavaScript, in ASCII, that declares g_ccc, g_errorCode (a number) and
 *      g_errorMessage ("" unless it is an error), and calls
 *      callbackFunctionName() if there is one. g_ccc is base64 without line
 *      ends of PKCS#7 and CMMF, PEM of certificates, and "" without any
 *
 * What is attached, or a script, may go out as responseMimeType. */

#ifndef PSMD_COLLECT_H
#define PSMD_COLLECT_H

#include "psmd/request.h"

enum collect_encoding { COLLECT_TEXT, COLLECT_BINARY, COLLECT_SCRIPT };

enum {
	COLLECT_PROCESSING = 0,
	COLLECT_AVAILABLE = 1,
	COLLECT_ATTACHED = 2
};

/* How to answer. Zero it: as text. */
struct collect_form {
	enum collect_encoding encoding;
	const char *callback; /* NULL: none */
	const char *mime;     /* NULL: the encoding's own */
};

struct collect_answer {
	int code;
	const char *message;  /* of an error */
	unsigned status;      /* HTTP's */
	const char *text;     /* PEM or base64; NULL: nothing is attached */
	bool armoured;        /* text is PEM of one thing, which has a form
	                       * without armour */
	const void *der;      /* the same, of COLLECT_BINARY */
	size_t der_len;
	const char *type;     /* der's */
};

/* One that a script may call: letters, digits, "_" and "$", no digit first, and
 * no word that JavaScript has reserved. No dots: of a page's objects nothing
 * but its own functions is to be called from here. */
bool collect_callback_is_fine(const char *name);
/* A type that can harm nobody, and goes with the encoding. */
bool collect_mime_is_fine(const char *type, enum collect_encoding encoding);

void collect_reply(const struct collect_form *form,
                   const struct collect_answer *answer, struct reply *reply);

#endif

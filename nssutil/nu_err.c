/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_err.c - a name and a sentence for every NSS and NSPR error. */

#include "nssutil/nu_err.h"

#include <stdio.h>

#include <secerr.h>

const char *
nu_err_name(PRErrorCode err)
{
	static _Thread_local char number[32];
	const char *name = PR_ErrorToName(err);

	if (name != NULL)
		return name;
	snprintf(number, sizeof number, "error %d", (int)err);
	return number;
}

const char *
nu_err_text(PRErrorCode err)
{
	const char *text = PR_ErrorToString(err, PR_LANGUAGE_I_DEFAULT);

	return text != NULL ? text : "";
}

PRBool
nu_err_is_trouble(PRErrorCode err)
{
	switch (err) {
	case PR_OUT_OF_MEMORY_ERROR:
	case SEC_ERROR_NO_MEMORY:
	case SEC_ERROR_BAD_DATABASE:
	case SEC_ERROR_NO_TOKEN:
	case SEC_ERROR_TOKEN_NOT_LOGGED_IN:
	case SEC_ERROR_PKCS11_DEVICE_ERROR:
		return PR_TRUE;
	default:
		return PR_FALSE;
	}
}

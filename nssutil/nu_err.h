/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_err.h - a name and a sentence for every NSS and NSPR error. */

#ifndef NU_ERR_H
#define NU_ERR_H

#include <prerror.h>
#include <prtypes.h>

/* "SEC_ERROR_BAD_PASSWORD"; a number nobody knows: "error -12345" from a buffer
 * of the thread's. Never NULL. */
const char *nu_err_name(PRErrorCode err);
/* NSS's own sentence, or "". */
const char *nu_err_text(PRErrorCode err);

/* Is it about memory, or a token that does not work, and so says nothing about
 * the data? Tells a look-up that failed from one that found nothing, if the
 * error was set to 0 before. */
PRBool nu_err_is_trouble(PRErrorCode err);

#endif

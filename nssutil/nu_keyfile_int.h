/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_keyfile_int.h - what the nu_keyfile*.c share. */

#ifndef NU_KEYFILE_INT_H
#define NU_KEYFILE_INT_H

#include "nssutil/nu_keyfile.h"

struct keyfile {
	PLArenaPool *arena;   /* zeroed when freed: it sees plain keys */
	const char *password; /* or NULL */
	void *wincx;
	SECItem curve;        /* EC PARAMETERS that came before; or no data */
	PRBool was_opened;    /* by the password, which may be wrong */
	SECItem *info;        /* what it was all for */
	enum nu_keyfile_verdict verdict;
	const char *why;
};

/* Note a verdict; all of these are SECFailure. */
SECStatus keyfile_fail(struct keyfile *kf, enum nu_keyfile_verdict verdict,
                       const char *why);
/* After a failure of NSS's: as above, unless it is about a token or memory. */
SECStatus keyfile_fail_nss(struct keyfile *kf, enum nu_keyfile_verdict verdict,
                           const char *why);
/* A wrong password lets anything come out. */
SECStatus keyfile_damaged(struct keyfile *kf);
SECStatus keyfile_wrong_password(struct keyfile *kf);
SECStatus keyfile_needs_password(struct keyfile *kf);

/* Whichever form der has, to info. */
SECStatus keyfile_read_der(struct keyfile *kf, const SECItem *der);

/* --- nu_keyfile_pem.c -------------------------------------------------- */

/* The first private key in text, opened if it has to be, to info. */
SECStatus keyfile_read_pem(struct keyfile *kf, const char *text, size_t len);

#endif

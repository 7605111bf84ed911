/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_init.h - open and close NSS on one directory. */

#ifndef NU_INIT_H
#define NU_INIT_H

#include <seccomon.h>

enum nu_db_state {
	NU_DB_GOOD,
	NU_DB_NONE,       /* no database files */
	NU_DB_INCOMPLETE, /* one of cert9.db and key4.db, or an empty one */
	NU_DB_LEGACY,     /* cert8.db and key3.db */
	NU_DB_FOREIGN,    /* a file of that name that is not NSS's */
	NU_DB_UNREADABLE  /* errno says why */
};

/* What lies in dir, without touching it: reads the heads of the two files. */
enum nu_db_state nu_db_look(const char *dir);

/* Open the database in dir, waiting up to wait_ms while another process
 * holds a lock on it. Fails with NSS's error; SEC_ERROR_BUSY when it was still
 * locked at the end. */
SECStatus nu_open(const char *dir, PRBool read_only, unsigned wait_ms);
SECStatus nu_close(void);

#endif

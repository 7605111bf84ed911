/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* init_int.h - what the init*.c files share. */

#ifndef PSMD_INIT_INT_H
#define PSMD_INIT_INT_H

#include <limits.h>
#include <sys/types.h>

#include "psmd/command.h"
#include "psmd/names.h"

/* A daemon's folder in the making. */
struct making {
	const struct args *args;
	char dir[PATH_MAX]; /* absolute */
	bool made_dir;
	bool has_owner;
	uid_t uid;
	gid_t gid;
	struct config *config; /* as it was written */
	struct names names; /* of the server */
	unsigned days;      /* of its certificate */
	char pin[32];       /* of the NSS database */
	char password[32];  /* of the first account */
};

/* dir/name; false: too long, and said so. */
bool init_path(const struct making *m, const char *name, char path[PATH_MAX]);
/* A new file in dir, on the disk before this returns. */
bool init_write(const struct making *m, const char *name, unsigned mode,
                const char *text, size_t len);

/* What the server is called: fills in names. */
bool init_names(struct making *m);
/* The NSS database, the CA "#ca" with ca.pem, the certificate "#server". */
bool init_store(const struct making *m);

#endif

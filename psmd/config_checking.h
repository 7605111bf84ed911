/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_checking.h - what the files share that check the configuration. */

#ifndef PSMD_CONFIG_CHECKING_H
#define PSMD_CONFIG_CHECKING_H

#include <sys/types.h>

#include "psmd/config_int.h"
#include "psmd/engine.h"
#include "psmd/records.h"

struct checking {
	const struct config *config;
	FILE *complaints;
	bool good;
	bool has_owner; /* whose the files must be; else anybody's */
	uid_t owner;
};

/* A setting, of the i-th of a kind of sections if it is one of theirs; NULL:
 * that section. */
struct place {
	const struct setting *setting;
	const struct named_kind *kind;
	size_t i;
};

struct place place_of(const char *name); /* "section.name", which there is */
struct place place_in_client(size_t i, const char *name);
struct place place_client(size_t i);

void __attribute__((format(printf, 3, 4)))
fault(struct checking *c, struct place place, const char *format, ...);
/* No fault yet, or none of the configuration. */
void __attribute__((format(printf, 3, 4)))
remark(const struct checking *c, struct place place, const char *format, ...);

/* A file with secrets: nobody else's to read. */
void check_private(struct checking *c, struct place place, const char *path);
/* For root, in a process of one thread: can the owner use it? Folders on the
 * way to it may be closed. */
void check_reach(struct checking *c, struct place place, const char *path,
                 int mode);
/* Has a service an address to come in by? */
void check_transport(struct checking *c, const char *name,
                     enum transport transport);

/* What orders and PKCS#12 files need besides. */
void check_issuing(struct checking *c);
void check_authority(struct checking *c, struct engine *engine);
void check_client_accounts(struct checking *c, struct records *records);

#endif

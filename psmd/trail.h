/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* trail.h - changes that requests make. */

#ifndef PSMD_TRAIL_H
#define PSMD_TRAIL_H

#include "psmd/request.h"

/* A change that is done already, of what is not in the records: into the log
 * (log_audit()) and the audit trail. What cannot be kept there is said in the
 * log.
 *   format  as struct audit_entry's details */
void trail_add(const struct request *request, const char *action,
               const char *object, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

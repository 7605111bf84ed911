/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* trail.c - changes that requests make: into the log and the audit trail. */

#include "psmd/trail.h"

#include <stdarg.h>
#include <stdio.h>

#include "psmd/log.h"
#include "psmd/records_audit.h"
#include "psmd/server.h"

#define DETAILS_SIZE 1024

void
trail_add(const struct request *request, const char *action,
          const char *object, const char *format, ...)
{
	const struct rec_actor actor = { request->account,
		                         request->peer->address };
	char details[DETAILS_SIZE];
	enum rec_err err;
	va_list args;

	va_start(args, format);
	vsnprintf(details, sizeof details, format, args);
	va_end(args);
	log_audit(request->account, request->peer->address, action,
	          "object=%s %s", object, details);
	err = records_audit_add(request->server->records, &actor, action,
	                        object, details);
	if (err != REC_OK)
		log_line(LOG_FAILED, "no entry of the audit trail for %s: %s",
		         action, rec_strerror(err));
}

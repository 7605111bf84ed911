/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* log.h - what the daemon says, to standard error, a line a time.
 *
 * In the journal (JOURNAL_STREAM says so) a line begins with its priority,
 * "<6>", else with the time. Control characters in what others sent come out
 * as \xNN, so a line is one line. No secret is ever given to these.
 *
 * Nobody waits for who reads the lines: one that cannot be written at once is
 * lost, which the next one that can says. A line of log_audit() is waited for,
 * five seconds. */

#ifndef PSMD_LOG_H
#define PSMD_LOG_H

#include <stdint.h>

enum log_level { LOG_FAILED = 3, LOG_DOUBTFUL = 4, LOG_CHANGED = 5, LOG_DONE = 6 };

/* Up to and with this level is written; LOG_DONE at the start. */
void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A change somebody made, for those who ask later who it was:
 *   audit account=admin address=192.0.2.7 action=cert.put object=@vpn ... */
void log_audit(const char *account, const char *address, const char *action,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
/* How many lines were lost since the start. */
uint64_t log_lost(void);

#endif

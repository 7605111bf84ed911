/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* terminal.h - a secret from the terminal or a descriptor, for the programs psm
 * and psmd. */

#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Ask on tty, without echo; twice for something new. false: the user gives up.
 */
bool terminal_ask(int tty, const char *prompt, bool twice, char *buf,
                  size_t size);
/* Up to the end, or for a descriptor that may go on with something else, to the
 * end of the line, which stays. false: errno. */
bool terminal_read(int fd, bool one_line, char *buf, size_t size);

#endif

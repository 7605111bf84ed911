/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* patience.h - to wait for what a slow machine does late; include it after
 * cmocka.h. */

#ifndef TESTS_PSMD_PATIENCE_H
#define TESTS_PSMD_PATIENCE_H

#include <unistd.h>

#define PATIENCE 60 /* seconds */

/* So it is, sooner or later. */
#define assert_soon(condition)                                          \
	do {                                                            \
		int left_ = PATIENCE * 1000;                            \
		while (!(condition) && left_-- > 0)                     \
			usleep(1000);                                   \
		if (left_ < 0)                                          \
			fail_msg("not in %d s: %s", PATIENCE,           \
			         #condition);                           \
	} while (0)

#endif

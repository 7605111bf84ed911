/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fault.h - make any one call of the library fail. The program is linked with
 * --wrap for each call of fault_calls.def. */

#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault_mode {
	FAULT_ONCE, /* what is called afterwards works */
	FAULT_SAME, /* the same call goes on failing */
	FAULT_ALL   /* so does every other */
};

/* The n-th wrapped call from now, counted from 0, fails. */
void fault_arm(size_t n, enum fault_mode mode);
/* Only calls of this name count. */
void fault_arm_call(const char *call, size_t n, enum fault_mode mode);
/* No more faults. Returns the name of the call that failed, or NULL: the
 * operation made fewer calls. */
const char *fault_disarm(void);

/* Calls in between are the test's own: they do not count, and do not fail. */
void fault_pause(void);
void fault_go_on(void);

/* NSS_Shutdown() calls that found objects still in use, since the program
 * began: somebody lost a reference. */
size_t fault_leaks(void);

#endif

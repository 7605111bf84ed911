/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* work.h - threads with a bounded queue of work before them. */

#ifndef PSMD_WORK_H
#define PSMD_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct work;

/* n_threads threads called name, and room for n_waiting pieces of work that
 * wait for one. NULL: no memory, or no thread could be made. */
struct work *work_new(const char *name, unsigned n_threads,
                      unsigned n_waiting);
/* Have fn(arg) done by a thread. false: the queue is full, or closed. */
bool work_submit(struct work *work, void (*fn)(void *arg), void *arg);
/* The same, and wait until it is done. */
bool work_call(struct work *work, void (*fn)(void *arg), void *arg);
/* How many wait now: for the metrics. */
size_t work_waiting(struct work *work);
/* How many a thread has begun with since the start. */
uint64_t work_begun(struct work *work);
/* Take no more, finish what was taken, end the threads. What others submit from
 * now on is refused. */
void work_close(struct work *work);
/* The same, and free it: nobody uses it any more. NULL is fine. */
void work_free(struct work *work);

#endif

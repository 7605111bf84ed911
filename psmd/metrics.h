/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* metrics.h - what GET /metrics tells, in Prometheus' text form, and what GET
 * /healthz answers: 200 "ok", or 503 and what is wrong. */

#ifndef PSMD_METRICS_H
#define PSMD_METRICS_H

#include "psmd/request.h"

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
/* A request was answered: its route's path, or "other". */
void metrics_count(struct metrics *metrics, const char *route,
                   unsigned status, double seconds);
void metrics_handler(const struct request *request, struct reply *reply);
void healthz_handler(const struct request *request, struct reply *reply);

#endif

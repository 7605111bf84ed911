/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz.h - what every fuzz target is: libFuzzer's entry point, which is
 * replay.c's too. A defect found is an abort(). */

#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert(), checked in every build. */
#define FUZZ_REQUIRE(condition) ((condition) ? (void)0 : abort())

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench.h - what the benches share: a clock, medians, a table, child
 * processes and a directory. What fails here ends the program. */

#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

/* Unless good, print what and NSS's or the system's error, and exit(1). */
void bench_must(bool good, const char *what);

/* Milliseconds that passed since an unknown day. */
double bench_now(void);
/* Milliseconds of the processor that this process used: what other work on the
 * machine does not change, and the disk neither. */
double bench_cpu(void);

/* Measurements of one thing. Zero it first, bench_series_clear() it last. */
struct bench_series {
	double *value;
	size_t n, room;
};

void bench_add(struct bench_series *series, double value);
double bench_median(struct bench_series *series);
void bench_series_clear(struct bench_series *series);

/* A row of the table: ours, the peer's, and how many times better ours is.
 * Lower values are better. unit may be "". aim: the ratio we want; 0: none. */
void bench_row(const char *what, const char *unit, double ours,
               const char *peer, double theirs, double aim);
/* A line below a row that explains it. */
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- the disk ------------------------------------------------------------ */

/* Calls of fsync() and fdatasync() in this process so far, NSS's included. */
unsigned long bench_syncs(void);
/* Whether these calls reach the disk, as they do from the start. Filling a
 * database has no need of it. */
void bench_sync(bool on);

/* A new directory on the disk of the working directory: a file system in memory
 * would hide what a commit costs. */
const char *bench_dir_new(void);
/* Remove it and the files in it. */
void bench_dir_remove(const char *dir);
/* Write a file in it; free() its path. */
char *bench_file(const char *dir, const char *name, const void *data,
                 size_t len);

/* --- processes ------------------------------------------------------------ */

/* Run a program, its output thrown away. Its time in milliseconds; one that
 * does not exit with 0 ends the bench. argv ends with NULL. */
double bench_run(const char *const argv[]);
/* Is there such a program? */
bool bench_has(const char *program);
/* The program psm of this tree: $PSM, or cli/psm. */
const char *bench_psm(void);

#endif

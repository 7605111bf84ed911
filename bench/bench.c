/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench.c - what the benches share. */

#include "bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <secport.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"

void
bench_must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s, %s\n", what, nu_err_name(PORT_GetError()),
	        strerror(errno));
	exit(1);
}

static double
read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

double
bench_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

double
bench_cpu(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* --- medians and the table ---------------------------------------------- */

void
bench_add(struct bench_series *series, double value)
{
	if (series->n == series->room) {
		series->room = series->room ? 2 * series->room : 32;
		series->value = reallocarray(series->value, series->room,
		                             sizeof *series->value);
		bench_must(series->value != NULL, "reallocarray");
	}
	series->value[series->n++] = value;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(struct bench_series *series)
{
	size_t half = series->n / 2;

	bench_must(series->n > 0, "a median of nothing");
	qsort(series->value, series->n, sizeof *series->value, compare);
	return series->n % 2
	               ? series->value[half]
	               : (series->value[half - 1] + series->value[half]) / 2;
}

void
bench_series_clear(struct bench_series *series)
{
	free(series->value);
	memset(series, 0, sizeof *series);
}

void
bench_row(const char *what, const char *unit, double ours, const char *peer,
          double theirs, double aim)
{
	double ratio = theirs / ours;

	printf("%-47s %9.2f  %9.2f %-3s %-24s %7.2fx", what, ours, theirs,
	       unit, peer, ratio);
	if (aim > 0)
		printf("  aim %g%s", aim, ratio < aim ? ": missed" : "");
	putchar('\n');
	fflush(stdout);
}

void
bench_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("    ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

/* --- the disk ----------------------------------------------------------- */

static unsigned long syncs;
static bool sync_on = true;

static int
count_sync(long number, int fd)
{
	syncs++;
	return sync_on ? (int)syscall(number, fd) : 0;
}

/* These stand before the C library's, for SQLite inside NSS too. */
int
fsync(int fd)
{
	return count_sync(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return count_sync(SYS_fdatasync, fd);
}

unsigned long
bench_syncs(void)
{
	return syncs;
}

void
bench_sync(bool on)
{
	sync_on = on;
}

const char *
bench_dir_new(void)
{
	char *dir = strdup("./bench-XXXXXX");

	bench_must(dir != NULL && mkdtemp(dir) != NULL, "mkdtemp");
	return dir;
}

void
bench_dir_remove(const char *dir)
{
	DIR *open = opendir(dir);
	struct dirent *entry;

	bench_must(open != NULL, dir);
	while ((entry = readdir(open)) != NULL) {
		if (entry->d_name[0] != '.')
			bench_must(unlinkat(dirfd(open), entry->d_name, 0) == 0,
			           entry->d_name);
	}
	closedir(open);
	bench_must(rmdir(dir) == 0, dir);
	free((char *)dir);
}

char *
bench_file(const char *dir, const char *name, const void *data, size_t len)
{
	char *path = NULL;
	FILE *file;

	bench_must(asprintf(&path, "%s/%s", dir, name) >= 0, "asprintf");
	file = fopen(path, "w");
	bench_must(file != NULL && fwrite(data, 1, len, file) == len &&
	                   fclose(file) == 0,
	           path);
	return path;
}

/* --- processes ---------------------------------------------------------- */

extern char **environ;

static pid_t
spawn(const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	bench_must(posix_spawn_file_actions_init(&actions) == 0,
	           "posix_spawn_file_actions_init");
	for (int fd = 0; fd < 2; fd++)
		bench_must(posix_spawn_file_actions_addopen(
		                   &actions, fd, "/dev/null", O_RDWR, 0) == 0,
		           "posix_spawn_file_actions_addopen");
	errno = posix_spawnp(&pid, argv[0], &actions, NULL,
	                     (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return errno == 0 ? pid : -1;
}

double
bench_run(const char *const argv[])
{
	double start = bench_now();
	pid_t pid = spawn(argv);
	int status = -1;

	bench_must(pid > 0 && waitpid(pid, &status, 0) == pid, argv[0]);
	if (status != 0)
		fprintf(stderr, "%s %s: status %d\n", argv[0], argv[1], status);
	bench_must(status == 0, argv[0]);
	return bench_now() - start;
}

bool
bench_has(const char *program)
{
	nu_auto_mem char *command = NULL;

	bench_must(asprintf(&command, "command -v %s >/dev/null 2>&1",
	                    program) >= 0,
	           "asprintf");
	return system(command) == 0;
}

const char *
bench_psm(void)
{
	const char *psm = getenv("PSM");

	return psm != NULL ? psm : "cli/psm";
}

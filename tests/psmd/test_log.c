/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_log.c - lines of the log, through a pipe in place of standard error. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "psmd/log.h"

struct reader {
	int from, before; /* the pipe; standard error as it was */
	char text[1 << 17];
};

static int
set_up(void **state)
{
	struct reader *reader = calloc(1, sizeof *reader);
	int pair[2];

	assert_non_null(reader);
	assert_int_equal(pipe(pair), 0);
	reader->from = pair[0];
	reader->before = dup(STDERR_FILENO);
	assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
	close(pair[1]);
	assert_int_equal(fcntl(reader->from, F_SETFL, O_NONBLOCK), 0);
	*state = reader;
	return 0;
}

static int
tear_down(void **state)
{
	struct reader *reader = *state;

	dup2(reader->before, STDERR_FILENO);
	close(reader->before);
	close(reader->from);
	free(reader);
	return 0;
}

/* All that waits in the pipe. */
static const char *
drain(struct reader *reader)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(reader->from, reader->text + len,
	                 sizeof reader->text - 1 - len)) > 0)
		len += (size_t)n;
	reader->text[len] = '\0';
	return reader->text;
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* More than a pipe takes. */
static void
write_many(void)
{
	for (int i = 0; i < 3000; i++)
		log_line(LOG_DONE, "line %d of those that nobody reads", i);
}

static void
test_log_control_characters_stay_in_their_line(void **state)
{
	const char *text;

	log_line(LOG_DONE, "a\r\n\033[31m%s", "b\n<3>c");
	text = drain(*state);
	assert_non_null(strstr(text, " info a\\x0d\\x0a\\x1b[31mb\\x0a<3>c\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void
test_log_below_its_level_says_nothing(void **state)
{
	log_set_level(LOG_FAILED);
	log_line(LOG_DOUBTFUL, "doubtful");
	log_line(LOG_FAILED, "failed");
	log_set_level(LOG_DONE);
	assert_null(strstr(drain(*state), "doubtful"));
}

static void
test_log_priority_is_for_the_journal_alone(void **state)
{
	struct stat info;
	char name[64];

	setenv("JOURNAL_STREAM", "1:2", 1);
	log_line(LOG_DONE, "elsewhere");
	assert_non_null(strstr(drain(*state), "Z info elsewhere\n"));
	assert_int_equal(fstat(STDERR_FILENO, &info), 0);
	snprintf(name, sizeof name, "%llu:%llu",
	         (unsigned long long)info.st_dev,
	         (unsigned long long)info.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	log_line(LOG_DONE, "here");
	assert_string_equal(drain(*state), "<6>here\n");
	unsetenv("JOURNAL_STREAM");
}

static void
test_log_nobody_reads_loses_lines_and_says_so(void **state)
{
	uint64_t before = log_lost();
	double since = seconds();
	char text[64];

	write_many();
	assert_true(seconds() - since < 3);
	assert_true(log_lost() > before);
	drain(*state);
	snprintf(text, sizeof text, "%llu lines of this log were lost\n",
	         (unsigned long long)(log_lost() - before));
	log_line(LOG_DONE, "one more");
	assert_non_null(strstr(drain(*state), text));
	assert_non_null(strstr(((struct reader *)*state)->text, "one more\n"));
	log_line(LOG_DONE, "another");
	assert_null(strstr(drain(*state), "lost"));
}

/* Make room, but not for all that was written. */
static void *
read_some_soon(void *arg)
{
	struct reader *reader = arg;

	usleep(300 * 1000);
	return read(reader->from, reader->text, 16384) > 0 ? arg : NULL;
}

static void
test_log_audit_waits_for_its_reader(void **state)
{
	pthread_t thread;
	uint64_t before;

	write_many();
	before = log_lost();
	assert_int_equal(pthread_create(&thread, NULL, read_some_soon,
	                                *state), 0);
	log_audit("admin", "192.0.2.1", "cert.put", "object=%s", "@a");
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(log_lost(), before);
	assert_non_null(strstr(drain(*state),
	                       "audit account=admin address=192.0.2.1 "
	                       "action=cert.put object=@a\n"));
}

static void
test_log_audit_without_a_reader_gives_up(void **state)
{
	double since = seconds();
	uint64_t before;

	(void)state;
	write_many();
	before = log_lost();
	log_audit("", "192.0.2.1", "cert.put", "object=%s", "@a");
	assert_int_equal(log_lost(), before + 1);
	assert_true(seconds() - since < 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_log_control_characters_stay_in_their_line),
		TEST(test_log_below_its_level_says_nothing),
		TEST(test_log_priority_is_for_the_journal_alone),
		TEST(test_log_nobody_reads_loses_lines_and_says_so),
		TEST(test_log_audit_waits_for_its_reader),
		TEST(test_log_audit_without_a_reader_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

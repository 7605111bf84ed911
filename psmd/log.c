/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* log.c - what the daemon says, to standard error, a line a time. */

#include "psmd/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_SIZE = 2048, /* less than PIPE_BUF: a pipe takes all or nothing */
	AUDIT_MS = 5000
};

static enum log_level most = LOG_DONE;

/* Of what is written, so that what poll() said still holds at the write(). */
static struct {
	pthread_mutex_t lock;
	uint64_t lost, told; /* lines, told: of those said to be lost */
} out = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
log_set_level(enum log_level level)
{
	most = level;
}

/* The variable is inherited by who writes elsewhere, too. */
static bool
is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat info;

	return text != NULL &&
	       sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &info) == 0 && info.st_dev == device &&
	       info.st_ino == inode;
}

/* In the journal a priority, elsewhere the time. */
static size_t
begin(char *line, size_t size, enum log_level level)
{
	static const char *const names[] = {
		[LOG_FAILED] = "error", [LOG_DOUBTFUL] = "warning",
		[LOG_CHANGED] = "notice", [LOG_DONE] = "info",
	};
	char when[32];
	struct tm tm;
	time_t now = time(NULL);

	if (is_journal())
		return (size_t)snprintf(line, size, "<%d>", (int)level);
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		when[0] = '\0';
	return (size_t)snprintf(line, size, "%s %s ", when, names[level]);
}

/* text into line from at on, a control character as \xNN. */
static size_t
append_plain(char *line, size_t size, size_t at, const char *text)
{
	for (; *text != '\0' && at + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			at += (size_t)snprintf(line + at, size - at, "\\x%02x",
			                       c);
		else
			line[at++] = (char)c;
	}
	return at;
}

/* Would a line be taken now, or within ms? A closed end takes it, too. */
static bool
is_ready(int ms)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&fd, 1, ms) > 0;
}

enum written { LINE_WRITTEN, LINE_LATER, LINE_NEVER };

/* One write(), so that lines do not mix with those of other processes; lock is
 * held. */
static enum written
write_now(enum log_level level, const char *text)
{
	char line[LINE_SIZE];
	size_t len;

	if (!is_ready(0))
		return LINE_LATER;
	len = begin(line, sizeof line, level);
	len = append_plain(line, sizeof line - 1, len, text);
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) == (ssize_t)len)
		return LINE_WRITTEN;
	return errno == EAGAIN ? LINE_LATER : LINE_NEVER;
}

/* lock is held. */
static void
tell_lost(void)
{
	char text[64];

	if (out.told == out.lost)
		return;
	snprintf(text, sizeof text, "%llu lines of this log were lost",
	         (unsigned long long)(out.lost - out.told));
	if (write_now(LOG_DOUBTFUL, text) == LINE_WRITTEN)
		out.told = out.lost;
}

/* last: it is not tried again later. */
static enum written
try_line(enum log_level level, const char *text, bool last)
{
	enum written written;

	pthread_mutex_lock(&out.lock);
	tell_lost();
	written = write_now(level, text);
	if (written == LINE_NEVER || (written == LINE_LATER && last))
		out.lost++;
	pthread_mutex_unlock(&out.lock);
	return written;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Others write while this one waits. */
static void
write_audit(const char *text)
{
	const int64_t until = now_ms() + AUDIT_MS;
	int64_t left = AUDIT_MS;

	while (left > 0 && is_ready((int)left)) {
		if (try_line(LOG_CHANGED, text, false) != LINE_LATER)
			return;
		left = until - now_ms();
	}
	(void)try_line(LOG_CHANGED, text, true); /* counted, if lost */
}

void
log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list args;

	if (level > most)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)try_line(level, text, true); /* counted, if lost */
}

void
log_audit(const char *account, const char *address, const char *action,
          const char *format, ...)
{
	char text[LINE_SIZE];
	va_list args;
	int at = snprintf(text, sizeof text,
	                  "audit account=%s address=%s action=%s ",
	                  account[0] != '\0' ? account : "-", address, action);

	if (at < 0 || (size_t)at >= sizeof text)
		at = 0;
	va_start(args, format);
	vsnprintf(text + at, sizeof text - (size_t)at, format, args);
	va_end(args);
	write_audit(text);
}

uint64_t
log_lost(void)
{
	uint64_t lost;

	pthread_mutex_lock(&out.lock);
	lost = out.lost;
	pthread_mutex_unlock(&out.lock);
	return lost;
}

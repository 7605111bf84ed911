/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* plain.c - what others wrote, on a terminal. */

#include "psmd/plain.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Of UTF-8, how many bytes the character at text has; 0: it is none. */
static size_t
read_char(const char *text, uint32_t *ret_c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*text;
	size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2
	           : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	uint32_t c = n <= 1 ? first : first & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	*ret_c = c;
	return n > 0 && c >= least[n] && c <= 0x10ffff &&
	                       (c < 0xd800 || c > 0xdfff)
	               ? n
	               : 0;
}

static bool
is_harmful(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < COUNT(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

void
print_plain(const char *text, const char *also)
{
	uint32_t c;

	while (*text != '\0') {
		size_t n = read_char(text, &c);
		bool good = n > 0 && !is_harmful(c) &&
		            strchr(also, *text) == NULL;

		for (n = n > 0 ? n : 1; n > 0; n--, text++)
			if (good)
				putchar((unsigned char)*text);
			else
				printf("\\x%02x", (unsigned char)*text);
	}
}

void
print_word(const char *text)
{
	print_plain(*text != '\0' ? text : "-", "\\ ");
}

void
print_time(int64_t seconds)
{
	char text[32];
	struct tm tm;
	time_t when = (time_t)seconds;

	if (gmtime_r(&when, &tm) != NULL &&
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) != 0)
		fputs(text, stdout);
	else
		printf("%jd", (intmax_t)seconds);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* text.c - text, bytes and times as JSON strings */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json/json.h"

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The length of the UTF-8 character at s, or 0 when there is none. */
static size_t
utf8_length(const unsigned char *s)
{
	size_t i, len = *s < 0x80 ? 1 : *s < 0xC2 ? 0 : *s < 0xE0 ? 2 :
	                *s < 0xF0 ? 3 : *s < 0xF5 ? 4 : 0;

	for (i = 1; i < len; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((*s == 0xE0 && s[1] < 0xA0) || (*s == 0xED && s[1] > 0x9F) ||
	    (*s == 0xF0 && s[1] < 0x90) || (*s == 0xF4 && s[1] > 0x8F))
		return 0; /* overlong, a surrogate, past U+10FFFF */
	return len;
}

bool
pj_is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	for (; *s != '\0'; s += len) {
		if ((len = utf8_length(s)) == 0)
			return false;
	}
	return true;
}

static json_t *
repair_text(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char *copy = malloc(strlen(text) * (sizeof replacement - 1) + 1);
	char *end = copy;
	json_t *json;

	if (copy == NULL)
		return NULL;
	while (*s != '\0') {
		size_t len = utf8_length(s);

		if (len == 0) {
			memcpy(end, replacement, sizeof replacement - 1);
			end += sizeof replacement - 1;
			s++;
			continue;
		}
		memcpy(end, s, len);
		end += len;
		s += len;
	}
	*end = '\0';
	json = json_string(copy);
	free(copy);
	return json;
}

json_t *
pj_text(const char *text)
{
	json_t *json;

	if (text == NULL)
		return json_null();
	json = json_string(text);
	return json != NULL ? json : repair_text(text);
}

json_t *
pj_base64(const unsigned char *bytes, size_t len)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc(len / 3 * 4 + 5), *end = text;
	json_t *json;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i;
		unsigned v = (unsigned)bytes[i] << 16;

		v |= have > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
		v |= have > 2 ? bytes[i + 2] : 0;
		*end++ = digit[v >> 18];
		*end++ = digit[v >> 12 & 63];
		*end++ = have > 1 ? digit[v >> 6 & 63] : '=';
		*end++ = have > 2 ? digit[v & 63] : '=';
	}
	json = json_stringn(text, (size_t)(end - text));
	explicit_bzero(text, (size_t)(end - text)); /* may be of a secret */
	free(text);
	return json;
}

json_t *
pj_time(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[96];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return json_null();
	/* strftime() writes the year 1, which a certificate may name, as "1" */
	snprintf(text, sizeof text, "%04jd-%02d-%02dT%02d:%02d:%02dZ",
	         (intmax_t)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	         tm.tm_hour, tm.tm_min, tm.tm_sec);
	return json_string(text);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_time.c - createPKCS12ById's validity and validFrom. */

#include <time.h>

#include "psmd/pkcs12.h"

enum { MAX_DAYS = 36135 };

/* least to most digits, then end. */
static bool
read_number(const char **text, unsigned least, unsigned most, char end,
            unsigned *ret_number)
{
	unsigned n = 0;

	*ret_number = 0;
	for (; **text >= '0' && **text <= '9' && n < most; n++)
		*ret_number = *ret_number * 10 + (unsigned)(*(*text)++ - '0');
	if (n < least || **text != end)
		return false;
	*text += end != '\0';
	return true;
}

/* HH:mm:ss to the end of text. */
static bool
read_clock(const char *text, unsigned least, unsigned *ret_seconds)
{
	unsigned h, m, s;

	if (!read_number(&text, least, 2, ':', &h) ||
	    !read_number(&text, least, 2, ':', &m) ||
	    !read_number(&text, least, 2, '\0', &s) || h > 23 || m > 59 ||
	    s > 59)
		return false;
	*ret_seconds = h * 3600 + m * 60 + s;
	return true;
}

bool
p12_validity(const char *text, uint64_t *ret_seconds)
{
	unsigned days, seconds;

	if (!read_number(&text, 1, 5, ':', &days) ||
	    !read_clock(text, 1, &seconds) || days > MAX_DAYS ||
	    (days == 0 && seconds == 0))
		return false;
	*ret_seconds = (uint64_t)days * 86400 + seconds;
	return true;
}

bool
p12_valid_from(const char *text, int64_t *ret_time)
{
	unsigned day, month, year, seconds;
	struct tm date = { 0 };
	time_t midnight;

	if (!read_number(&text, 2, 2, ':', &day) ||
	    !read_number(&text, 2, 2, ':', &month) ||
	    !read_number(&text, 4, 4, ' ', &year) ||
	    !read_clock(text, 2, &seconds) || day == 0 || month == 0)
		return false;
	date.tm_mday = (int)day;
	date.tm_mon = (int)month - 1;
	date.tm_year = (int)year - 1900;
	midnight = timegm(&date);
	/* one that is not real has become another */
	if (date.tm_mday != (int)day || date.tm_mon != (int)month - 1 ||
	    (int64_t)midnight + seconds <= 0)
		return false;
	*ret_time = (int64_t)midnight + seconds;
	return true;
}

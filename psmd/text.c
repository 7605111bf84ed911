/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* text.c - what others write, as it is taken. */

#include "psmd/text.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"

/* U+0000 to U+001F, U+007F to U+009F */
static bool
has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';
	     p++)
		if (*p < ' ' || *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0))
			return true;
	return false;
}

bool
text_is_line(const char *text, size_t max)
{
	const size_t len = strlen(text);

	return len > 0 && len <= max && pj_is_utf8(text) && !has_control(text);
}

bool
text_number(const char *text, int64_t *ret_number)
{
	const size_t len = strlen(text);
	int64_t number;

	if (len > TEXT_DIGITS_MAX || strspn(text, "0123456789") != len ||
	    (number = strtoll(text, NULL, 10)) == 0) /* "" is 0, too */
		return false;
	*ret_number = number;
	return true;
}

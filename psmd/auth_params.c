/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* auth_params.c - the parameters of an Authorization header. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json/json.h"
#include "psmd/auth_internal.h"

/* tchar of RFC 9110. */
static bool
is_tchar(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static char *
skip_blanks(char *p)
{
	return p + strspn(p, " \t");
}

static char *
skip_token(char *p)
{
	while (is_tchar(*p))
		p++;
	return p;
}

/* Undo a quoted string's escapes in place; p is after the first quote. Returns
 * what follows the last one, or NULL. */
static char *
read_quoted(char *p)
{
	char *to = p;

	for (; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if ((unsigned char)*p < 0x20 ? *p != '\t' : *p == 0x7f)
			return NULL; /* the end, too */
		*to++ = *p;
	}
	*to = '\0';
	return p + 1;
}

/* A value: NULL, or what follows it, which may be just what ends it. */
static char *
read_value(char *p, char **ret_value)
{
	char *end;

	if (*p == '"') {
		*ret_value = p + 1;
		return read_quoted(p + 1);
	}
	end = skip_token(p);
	*ret_value = p;
	return end > p ? end : NULL;
}

static bool
set_param(struct auth_param *list, size_t n, const char *name, char *value)
{
	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(list[i].name, name) != 0)
			continue;
		if (list[i].value != NULL)
			return false;
		list[i].value = value;
	}
	return true;
}

/* One name=value at p. NULL, or what follows the comma. */
static char *
read_param(char *p, struct auth_param *list, size_t n)
{
	char *name = p, *end = skip_token(p), *value;

	p = skip_blanks(end);
	if (end == name || *p != '=')
		return NULL;
	*end = '\0';
	if ((end = read_value(skip_blanks(p + 1), &value)) == NULL)
		return NULL;
	p = skip_blanks(end);
	if (*p == ',')
		p++;
	else if (*p != '\0')
		return NULL;
	*end = '\0'; /* now that it was looked at */
	return set_param(list, n, name, value) ? p : NULL;
}

bool
auth_params_read(char *text, struct auth_param *list, size_t n)
{
	/* an empty member of a list is none: RFC 9110, 5.6.1 */
	for (text += strspn(text, ", \t"); *text != '\0';
	     text += strspn(text, ", \t")) {
		if ((text = read_param(text, list, n)) == NULL)
			return false;
	}
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* attr-char of RFC 8187: a tchar but for three. */
static bool
is_attr_char(char c)
{
	return is_tchar(c) && strchr("*'%", c) == NULL;
}

static bool
decode_percent(const char *from, char *to)
{
	for (; *from != '\0'; from++) {
		int high, low;

		if (is_attr_char(*from)) {
			*to++ = *from;
			continue;
		}
		if (*from != '%' || (high = hex_value(from[1])) < 0 ||
		    (low = hex_value(from[2])) < 0 || (high | low) == 0)
			return false;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return true;
}

bool
ext_value_decode(char *text)
{
	static const char charset[] = "UTF-8'";
	char *value;

	if (strncasecmp(text, charset, sizeof charset - 1) != 0 ||
	    (value = strchr(text + sizeof charset - 1, '\'')) == NULL)
		return false;
	return decode_percent(value + 1, text) && pj_is_utf8(text);
}

char *
quote(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 3), *to = quoted;

	if (quoted == NULL)
		return NULL;
	*to++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to++ = '"';
	*to = '\0';
	return quoted;
}

char *
auth_format(const char *format, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	return len >= 0 ? text : NULL;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pkcs12_content.c - what createPKCS12ById's client signs. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "psmd/pkcs12.h"
#include "psmd/text.h"

static const char blanks[] = " \t\r\n";

/* --- fields -------------------------------------------------------------- */

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}

/* Where the text of one field begins, is it the password? */
static bool
is_password(const char *text)
{
	static const char name[] = "password";

	text += strspn(text, blanks);
	if (strncasecmp(text, name, sizeof name - 1) != 0)
		return false;
	text += sizeof name - 1;
	return text[strspn(text, blanks)] == '=';
}

/* A password may have any of both in it. */
static char
find_separator(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '~')
			return '~';
		if (*text == ',' && is_password(text + 1))
			break;
	}
	return ',';
}

/* The next field, cut out; NULL after the last. A password has no end but the
 * text's. */
static char *
next_field(char **rest, char separator)
{
	char *field = *rest, *end;

	if (field == NULL)
		return NULL;
	end = is_password(field) ? NULL : strchr(field, separator);
	if (end != NULL)
		*end = '\0';
	*rest = end != NULL ? end + 1 : NULL;
	return field;
}

/* --- what they are ------------------------------------------------------- */

struct reader {
	struct p12_content *content;
	bool has_kind;
};

struct key {
	const char *name;
	bool (*take)(struct reader *reader, const struct key *key,
	             const char *value);
	const char *type;      /* as struct ca_attribute has it */
	enum ca_alt_kind kind; /* of an alternative name */
};

static bool
add_part(struct p12_content *content, const char *type, const char *value)
{
	if (content->n_parts == P12_PARTS_MAX)
		return false;
	content->parts[content->n_parts++] =
	        (struct ca_attribute){ type, value };
	return true;
}

static bool
take_part(struct reader *reader, const struct key *key, const char *value)
{
	return add_part(reader->content, key->type, value);
}

static bool
take_cn(struct reader *reader, const struct key *key, const char *value)
{
	struct p12_content *content = reader->content;

	if (content->cn != NULL)
		return false;
	content->cn = value;
	return add_part(content, key->type, value);
}

static bool
take_name(struct reader *reader, const struct key *key, const char *value)
{
	struct p12_content *content = reader->content;

	if (content->n_names == P12_NAMES_MAX)
		return false;
	content->names[content->n_names++] =
	        (struct ca_alt_name){ key->kind, value };
	return true;
}

static bool
take_kind(struct reader *reader, const struct key *key, const char *value)
{
	const bool again = reader->has_kind;

	(void)key;
	reader->has_kind = true;
	return !again && pfx_kind_by_name(value, &reader->content->kind);
}

/* The rest of the text: it comes once. */
static bool
take_password(struct reader *reader, const struct key *key, const char *value)
{
	(void)key;
	reader->content->password = value;
	return strlen(value) <= P12_PASSWORD_MAX;
}

static const struct key keys[] = {
	{ "CN", take_cn, "CN", 0 },
	{ "2.5.4.3", take_cn, "CN", 0 },
	{ "SERIALNUMBER", take_part, "SERIALNUMBER", 0 },
	{ "E", take_part, "E", 0 },
	{ "O", take_part, "O", 0 },
	{ "S", take_part, "S", 0 },
	{ "ST", take_part, "S", 0 },
	{ "C", take_part, "C", 0 },
	{ "PostalCode", take_part, "postalCode", 0 },
	{ "houseIdentifier", take_part, "houseIdentifier", 0 },
	{ "OU", take_part, "OU", 0 },
	{ "PSEUDONYM", take_part, "pseudonym", 0 },
	{ "STREET", take_part, "STREET", 0 },
	{ "Phone", take_part, "Phone", 0 },
	{ "T", take_part, "T", 0 },
	{ "TITLE", take_part, "T", 0 },
	{ "UID", take_part, "UID", 0 },
	{ "L", take_part, "L", 0 },
	{ "rfc822Name", take_name, NULL, CA_ALT_EMAIL },
	{ "dNSName", take_name, NULL, CA_ALT_HOST },
	{ "iPAddress", take_name, NULL, CA_ALT_IP },
	{ "registeredID", take_name, NULL, CA_ALT_ID },
	{ "KeyAlogirthmAndSize", take_kind, NULL, 0 },
	{ "KeyAlgorithmAndSize", take_kind, NULL, 0 },
	{ "Password", take_password, NULL, 0 },
};

/* Digits, with dots between; whether it is an OID the authority knows. */
static bool
is_dotted(const char *name)
{
	return strchr(name, '.') != NULL &&
	       name[strspn(name, "0123456789.")] == '\0';
}

static bool
take_field(struct reader *reader, char *field)
{
	char *equals = strchr(field, '=');
	const char *name, *value;

	if (equals == NULL)
		return false;
	*equals = '\0';
	name = trim(field);
	value = trim(equals + 1);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcasecmp(keys[i].name, name) == 0)
			return *value == '\0' ||
			       keys[i].take(reader, &keys[i], value);
	return is_dotted(name) &&
	       (*value == '\0' || add_part(reader->content, name, value));
}

bool
p12_content_read(struct p12_content *content)
{
	struct reader reader = { .content = content };
	char *rest = (char *)content->text, *field;
	const bool whole = strlen(rest) == content->len;
	char separator;

	rest = trim(rest);
	if (!whole || !text_is_line(rest, SIZE_MAX))
		return false;
	separator = find_separator(rest);
	while ((field = next_field(&rest, separator)) != NULL)
		if (!take_field(&reader, field))
			return false;
	return content->cn != NULL && reader.has_kind &&
	       content->password != NULL;
}

/* --- for people ---------------------------------------------------------- */

struct line {
	char *text;
	size_t len;
	bool full;
};

/* No value has a "~": so nothing in one can look like another field. */
static void __attribute__((format(printf, 2, 3)))
say(struct line *line, const char *format, ...)
{
	const size_t room = PKCS12_ASKED_MAX + 1 - line->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		line->full = true;
	else
		line->len += (size_t)n;
}

bool
p12_asked(const struct p12_call *call, char ret_asked[PKCS12_ASKED_MAX + 1])
{
	static const char *const names[] = {
		[CA_ALT_EMAIL] = "rfc822Name", [CA_ALT_HOST] = "dNSName",
		[CA_ALT_IP] = "iPAddress", [CA_ALT_ID] = "registeredID"
	};
	const struct p12_content *content = &call->content;
	const struct p12_ask *ask = &call->ask;
	struct line line = { ret_asked, 0, false };

	say(&line, "profileID=%s", ask->profile);
	for (size_t i = 0; i < content->n_parts; i++)
		say(&line, "~%s=%s", content->parts[i].type,
		    content->parts[i].value);
	for (size_t i = 0; i < content->n_names; i++)
		say(&line, "~%s=%s", names[content->names[i].kind],
		    content->names[i].value);
	if (ask->validity != NULL)
		say(&line, "~validity=%s", ask->validity);
	if (ask->valid_from != NULL)
		say(&line, "~validFrom=%s", ask->valid_from);
	say(&line, "~KeyAlgorithmAndSize=%s", pfx_kind_name(content->kind));
	return !line.full;
}

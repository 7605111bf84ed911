/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_value.c - reading a setting's value. */

#include "psmd/config_reading.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#define COMMAS ", \t"

/* --- texts --------------------------------------------------------------- */

bool
keep_text(struct reading *r, char **at, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL) {
		no_memory(r);
		return false;
	}
	free(*at);
	*at = copy;
	return true;
}

void *
add_room(struct reading *r, void *list, size_t n, size_t size)
{
	void *more = list_grow(list, n, size);

	if (more == NULL)
		no_memory(r);
	return more;
}

bool
add_text(struct reading *r, char ***list, size_t *n, const char *text)
{
	char **more = add_room(r, *list, *n, sizeof *more);

	if (more == NULL)
		return false;
	*list = more;
	if (!keep_text(r, &more[*n], text))
		return false;
	(*n)++;
	return true;
}

char *
next_word(char **rest)
{
	return strtok_r(*rest, COMMAS, rest);
}

static void
read_text(struct reading *r, const struct setting *s, const char *value,
          char **at)
{
	size_t len = strlen(value);

	if (len < s->min || len > s->max)
		complain(r, "%s has %u to %u bytes", s->name, s->min,
		         s->max);
	else if (strpbrk(value, "\"\\") != NULL)
		complain(r, "%s has neither \" nor \\", s->name);
	else if (len > 0)
		keep_text(r, at, value);
}

static void
read_path(struct reading *r, const struct setting *s, const char *value,
          char **at)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s%s%s",
	                   value[0] == '/' ? "" : r->folder,
	                   value[0] == '/' ? "" : "/", value);

	if (value[0] == '\0' && s->min > 0)
		complain(r, "%s is needed", s->name);
	else if (len < 0 || (size_t)len >= sizeof path)
		complain(r, "%s is too long a path", s->name);
	else if (value[0] != '\0')
		keep_text(r, at, path);
}

/* The characters of RFC 3986, and a host. */
static bool
url_is_fine(const char *url)
{
	static const char *const schemes[] = { "http://", "https://",
		                               "ldap://" };
	static const char others[] = "-._~:/?#[]@!$&'()*+,;=%";
	size_t i = 0, len = 0;

	while (i < sizeof schemes / sizeof *schemes && len == 0) {
		if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
			len = strlen(schemes[i]);
		i++;
	}
	if (len == 0 || url[len] == '\0' || url[len] == '/')
		return false;
	for (; *url != '\0'; url++)
		if (!isascii(*url) ||
		    (!isalnum(*url) && strchr(others, *url) == NULL))
			return false;
	return true;
}

static void
read_url(struct reading *r, const struct setting *s, const char *value,
         char **at)
{
	if (value[0] == '\0')
		return;
	if (url_is_fine(value))
		keep_text(r, at, value);
	else
		complain(r, "%s is a URL that begins with http://, https:// "
		         "or ldap://, not \"%s\"", s->name, value);
}

/* --- numbers and words --------------------------------------------------- */

static void
read_number(struct reading *r, const struct setting *s, const char *value,
            unsigned *at)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 ||
	    n < s->min || n > s->max)
		complain(r, "%s is a number from %u to %u, not \"%s\"",
		         s->name, s->min, s->max, value);
	else
		*at = (unsigned)n;
}

static void
read_switch(struct reading *r, const struct setting *s, const char *value,
            bool *at)
{
	if (strcmp(value, "yes") == 0)
		*at = true;
	else if (strcmp(value, "no") == 0)
		*at = false;
	else
		complain(r, "%s is yes or no, not \"%s\"", s->name,
		         value);
}

/* The index, or -1 and a complaint. */
static int
find_word(struct reading *r, const struct setting *s, const char *word,
          const char *one)
{
	char list[128] = "";
	size_t len = 0;

	for (int i = 0; s->words[i] != NULL; i++) {
		if (s->words[i][0] == '\0')
			continue;
		if (strcmp(s->words[i], word) == 0)
			return i;
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
		                        len > 0 ? ", " : "", s->words[i]);
	}
	complain(r, "%s is one%s of %s, not \"%s\"", s->name, one, list, word);
	return -1;
}

static void
read_choice(struct reading *r, const struct setting *s, const char *value,
            unsigned *at)
{
	int i = find_word(r, s, value, "");

	if (i >= 0)
		*at = s->min + (unsigned)i;
}

static void
read_set(struct reading *r, const struct setting *s, const char *value,
         unsigned *at)
{
	char text[INI_MAX_LINE], *rest = text, *word;
	unsigned bits = 0;

	snprintf(text, sizeof text, "%s", value);
	while ((word = next_word(&rest)) != NULL) {
		int i = find_word(r, s, word, " or more");

		if (i < 0)
			return;
		bits |= 1u << i;
	}
	if (bits != 0)
		*at = bits;
	else
		find_word(r, s, "", " or more");
}

static void
read_words(struct reading *r, const char *value, char ***list, size_t *n)
{
	char text[INI_MAX_LINE], *rest = text, *word;

	snprintf(text, sizeof text, "%s", value);
	while ((word = next_word(&rest)) != NULL)
		if (!add_text(r, list, n, word))
			return;
}

/* --- addresses ----------------------------------------------------------- */

/* A port's number, or the name of one. */
static bool
port_is_fine(const char *port)
{
	char *end;
	unsigned long n;

	if (*port < '0' || *port > '9')
		return *port != '\0' && strspn(port, "abcdefghijklmnopqrstuvwxyz"
		                               "0123456789-") == strlen(port);
	n = strtoul(port, &end, 10);
	return *end == '\0' && n <= 65535;
}

/* "[::1]:8443", "host:8443", "*:8443": cut in place. */
static bool
split_address(char *text, char **ret_host, char **ret_port)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL || colon == text || !port_is_fine(colon + 1))
		return false;
	*colon = '\0';
	*ret_port = colon + 1;
	*ret_host = text;
	if (text[0] == '[') {
		if (colon - text < 3 || colon[-1] != ']')
			return false;
		colon[-1] = '\0';
		*ret_host = text + 1;
		return true;
	}
	return strpbrk(text, ":[]") == NULL;
}

static bool
add_listen(struct reading *r, const char *host, const char *port, bool tls)
{
	struct config *config = r->config;
	struct listen_address *more, *added;

	more = add_room(r, config->listen, config->n_listen, sizeof *more);
	if (more == NULL)
		return false;
	config->listen = more;
	added = &more[config->n_listen];
	added->tls = tls;
	config->n_listen++;
	return keep_text(r, &added->port, port) &&
	       (strcmp(host, "*") == 0 || keep_text(r, &added->host, host));
}

static void
read_listen(struct reading *r, const struct setting *s, const char *value)
{
	char text[INI_MAX_LINE], *rest = text, *word, *host, *port;

	snprintf(text, sizeof text, "%s", value);
	while ((word = next_word(&rest)) != NULL) {
		if (!split_address(word, &host, &port)) {
			complain(r, "%s is a list of addresses with "
			         "ports, as \"127.0.0.1:8443\", \"[::1]:8443\" "
			         "or \"*:8443\"", s->name);
			return;
		}
		if (!add_listen(r, host, port, s->kind == SETTING_LISTEN_HTTPS))
			return;
	}
}

/* -------------------------------------------------------------------------- */

static void
read_list(struct reading *r, const struct setting *s, const char *value,
          void *base)
{
	switch (s->kind) {
	case SETTING_SUBJECT:
		profile_read_subject(r, s, value, base);
		break;
	case SETTING_PURPOSES:
		profile_read_purposes(r, s, value, base);
		break;
	case SETTING_NETWORKS:
		client_read_networks(r, s, value, base);
		break;
	case SETTING_LISTEN_HTTPS:
	case SETTING_LISTEN_HTTP:
		read_listen(r, s, value);
		break;
	default:
		read_words(r, value, setting_at(base, s),
		           setting_count(base, s));
	}
}

void
read_value(struct reading *r, const struct setting *s, const char *value,
           void *base)
{
	void *at = setting_at(base, s);

	switch (s->kind) {
	case SETTING_PATH:
		read_path(r, s, value, at);
		break;
	case SETTING_TEXT:
		read_text(r, s, value, at);
		break;
	case SETTING_URL:
		read_url(r, s, value, at);
		break;
	case SETTING_NUMBER:
		read_number(r, s, value, at);
		break;
	case SETTING_SWITCH:
		read_switch(r, s, value, at);
		break;
	case SETTING_CHOICE:
		read_choice(r, s, value, at);
		break;
	case SETTING_SET:
		read_set(r, s, value, at);
		break;
	default:
		read_list(r, s, value, base);
	}
}

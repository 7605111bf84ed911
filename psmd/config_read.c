/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_read.c - the configuration file, line by line.
 *
 * inih tells its handler no line numbers, unless it was built so, and nothing of
 * a line that is neither a section nor a setting. So the lines go through a
 * reader of ours, which counts them, takes sections itself, and finds at the
 * next line whether the one before was a setting. */

#include "psmd/config_int.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#define BLANKS " \t\v\f\r\n"

/* Where the settings go that follow. */
struct section {
	const struct setting *table; /* NULL: an unknown one */
	size_t n;
	const char *name;            /* as in table */
	void *base;                  /* struct config or struct internal_id */
	unsigned *lines;             /* of each row; 0: not yet */
};

struct reading {
	struct config *config;
	FILE *in, *complaints;
	const char *shown;    /* the file's name */
	char *folder;         /* absolute */
	unsigned line;
	bool waiting;         /* the line must turn out to be a setting */
	bool in_section;
	bool failed;
	bool out_of_memory;
	struct section section;
	unsigned id_lines[N_ID_SETTINGS];
};

static void __attribute__((format(printf, 2, 3)))
complain(struct reading *r, const char *format, ...)
{
	va_list args;

	r->failed = true;
	if (r->complaints == NULL)
		return;
	fprintf(r->complaints, "%s:", r->shown);
	if (r->line > 0)
		fprintf(r->complaints, "%u:", r->line);
	putc(' ', r->complaints);
	va_start(args, format);
	vfprintf(r->complaints, format, args);
	va_end(args);
	putc('\n', r->complaints);
}

static void
no_memory(struct reading *r)
{
	if (!r->out_of_memory)
		complain(r, "out of memory");
	r->out_of_memory = true;
}

/* --- values -------------------------------------------------------------- */

static bool
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

static void
read_choice(struct reading *r, const struct setting *s, const char *value,
            unsigned *at)
{
	char list[128] = "";
	size_t len = 0;

	for (unsigned i = 0; s->words[i] != NULL; i++) {
		if (strcmp(s->words[i], value) == 0) {
			*at = i;
			return;
		}
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
		                        i > 0 ? ", " : "", s->words[i]);
	}
	complain(r, "%s is one of %s, not \"%s\"", s->name, list,
	         value);
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

	more = realloc(config->listen, (config->n_listen + 1) * sizeof *more);
	if (more == NULL) {
		no_memory(r);
		return false;
	}
	config->listen = more;
	added = &more[config->n_listen];
	*added = (struct listen_address){ .tls = tls };
	config->n_listen++;
	return keep_text(r, &added->port, port) &&
	       (strcmp(host, "*") == 0 || keep_text(r, &added->host, host));
}

static void
read_listen(struct reading *r, const struct setting *s, const char *value)
{
	char text[INI_MAX_LINE], *rest = text, *word, *host, *port;

	snprintf(text, sizeof text, "%s", value);
	while ((word = strtok_r(rest, ", \t", &rest)) != NULL) {
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

static void
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
	case SETTING_NUMBER:
		read_number(r, s, value, at);
		break;
	case SETTING_SWITCH:
		read_switch(r, s, value, at);
		break;
	case SETTING_CHOICE:
		read_choice(r, s, value, at);
		break;
	case SETTING_LISTEN_HTTPS:
	case SETTING_LISTEN_HTTP:
		read_listen(r, s, value);
		break;
	}
}

/* --- sections ------------------------------------------------------------ */

static bool
is_section(const char *name)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (strcmp(settings[i].section, name) == 0)
			return true;
	return false;
}

static struct internal_id *
add_id(struct reading *r, const char *id)
{
	struct config *config = r->config;
	struct internal_id *more;

	more = realloc(config->ids, (config->n_ids + 1) * sizeof *more);
	if (more == NULL) {
		no_memory(r);
		return NULL;
	}
	config->ids = more;
	more[config->n_ids] = (struct internal_id){ .is_protected = true };
	if (!keep_text(r, &more[config->n_ids].id, id))
		return NULL;
	return &config->ids[config->n_ids++];
}

/* [id #name], each once. */
static void
begin_id(struct reading *r, const char *id)
{
	struct internal_id *added;

	if (!internal_id_valid(id)) {
		complain(r, "\"%s\" is no internal id: \"#\", then 1 to "
		         "40 of a-z A-Z 0-9 _ -", id);
		return;
	}
	for (size_t i = 0; i < r->config->n_ids; i++)
		if (strcmp(r->config->ids[i].id, id) == 0) {
			complain(r, "[id %s] stands there twice", id);
			return;
		}
	added = add_id(r, id);
	if (added == NULL)
		return;
	memset(r->id_lines, 0, sizeof r->id_lines);
	r->section = (struct section){ id_settings, N_ID_SETTINGS, "id", added,
		                       r->id_lines };
}

static void
begin_section(struct reading *r, const char *name)
{
	r->in_section = true;
	r->section = (struct section){ .table = NULL };
	if (strncmp(name, "id ", 3) == 0)
		begin_id(r, name + 3 + strspn(name + 3, BLANKS));
	else if (is_section(name)) {
		r->section = (struct section){ settings, N_SETTINGS, NULL,
			                       r->config,
			                       r->config->lines->of };
		for (size_t i = 0; i < N_SETTINGS; i++)
			if (strcmp(settings[i].section, name) == 0)
				r->section.name = settings[i].section;
	} else
		complain(r, "there is no section [%s]", name);
}

/* --- lines --------------------------------------------------------------- */

/* The setting of a line: inih's handler. */
static int
on_setting(void *arg, const char *ignored, const char *name, const char *value
#if INI_HANDLER_LINENO
           , int line
#endif
)
{
	struct reading *r = arg;
	const struct section *in = &r->section;
	size_t i = 0;

	(void)ignored; /* cut at 49 bytes */
#if INI_HANDLER_LINENO
	(void)line;
#endif
	if (value == NULL) /* of an inih that lets such lines through */
		return 1;
	r->waiting = false;
	if (!r->in_section)
		complain(r, "the line is in no section");
	if (in->table == NULL)
		return 1;
	while (i < in->n && (strcmp(in->table[i].section, in->name) != 0 ||
	                     strcmp(in->table[i].name, name) != 0))
		i++;
	if (i == in->n)
		complain(r, "[%s] has no setting \"%s\"", in->name,
		         name);
	else if (in->lines[i] != 0)
		complain(r, "%s stands there twice, first in line %u",
		         name, in->lines[i]);
	else {
		in->lines[i] = r->line;
		read_value(r, &in->table[i], value, in->base);
	}
	return 1;
}

/* "[section]", blanks, and perhaps a comment. */
static void
take_section(struct reading *r, char *line)
{
	char *end = strchr(line, ']'), *after;

	if (end == NULL) {
		complain(r, "a section's name ends with \"]\"");
		r->section = (struct section){ .table = NULL };
		return;
	}
	after = end + 1 + strspn(end + 1, BLANKS);
	if (*after != '\0' && *after != ';' && *after != '#')
		complain(r, "there is something after \"]\"");
	*end = '\0';
	begin_section(r, line + 1);
	memcpy(line, "\n", 2); /* inih has no part in it */
}

static void
end_line(struct reading *r)
{
	if (r->waiting)
		complain(r, "neither a [section] nor a \"name = "
		         "value\"");
	r->waiting = false;
}

static bool
is_odd(int c)
{
	return c == '\0' || c == 0x7f || (c < ' ' && strchr(BLANKS, c) == NULL);
}

/* One line, blanks before it left out: no line is the continuation of another.
 * false: the file has no more. */
static bool
get_line(struct reading *r, char *buf, size_t size)
{
	size_t len = 0;
	bool odd = false, any = false;
	int c;

	r->line++;
	while ((c = getc(r->in)) != EOF && c != '\n') {
		any = true;
		odd |= is_odd(c);
		if (len == 0 && !is_odd(c) && strchr(BLANKS, c) != NULL)
			continue;
		if (len + 2 < size)
			buf[len] = (char)c;
		len++;
	}
	if (len > 0 && (buf[0] == '#' || buf[0] == ';'))
		len = 0;
	else if (odd || len + 2 > size)
		complain(r, odd ? "there is a control character"
		                : "the line is too long");
	if (odd || len + 2 > size)
		len = 0;
	memcpy(buf + len, "\n", 2);
	return any || c != EOF;
}

/* inih's reader. */
static char *
next_line(char *buf, int size, void *arg)
{
	struct reading *r = arg;

	end_line(r);
	if (!get_line(r, buf, (size_t)size))
		return NULL;
	if (*buf == '[')
		take_section(r, buf);
	else
		r->waiting = strchr("\n#;", *buf) == NULL;
	return buf;
}

/* --- the whole ----------------------------------------------------------- */

/* Every setting as it is when the file does not say. */
static void
take_defaults(struct reading *r)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (r->config->lines->of[i] == 0)
			read_value(r, &settings[i], settings[i].fallback,
			           r->config);
}

/* A byte order mark, which some editors put there. */
static void
skip_mark(FILE *in)
{
	static const char mark[] = "\xef\xbb\xbf";
	char head[sizeof mark - 1];

	if (fread(head, 1, sizeof head, in) != sizeof head ||
	    memcmp(head, mark, sizeof head) != 0)
		rewind(in);
}

static bool
prepare(struct reading *r, const char *path)
{
	char *real = realpath(path, NULL);

	r->config = calloc(1, sizeof *r->config);
	if (r->config == NULL || real == NULL) {
		free(real);
		return false;
	}
	r->config->path = real;
	r->config->lines = calloc(1, sizeof *r->config->lines);
	r->folder = strndup(real, (size_t)(strrchr(real, '/') - real));
	if (r->config->lines == NULL || r->folder == NULL)
		return false;
	r->in = fopen(path, "re");
	if (r->in != NULL)
		skip_mark(r->in);
	return r->in != NULL;
}

static void
read_lines(struct reading *r)
{
	int err = ini_parse_stream(next_line, r, on_setting, r);

	if (err < 0)
		no_memory(r);
	if (ferror(r->in))
		complain(r, "%s", strerror(errno));
	take_defaults(r);
}

struct config *
config_read(const char *path, FILE *complaints)
{
	struct reading r = { .complaints = complaints, .shown = path };

	if (!prepare(&r, path)) {
		complain(&r, "%s", strerror(errno));
	} else {
		read_lines(&r);
		fclose(r.in);
	}
	free(r.folder);
	if (r.failed) {
		config_free(r.config);
		return NULL;
	}
	return r.config;
}

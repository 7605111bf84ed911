/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_read.c - the configuration file, line by line.
 *
 * inih tells its handler no line numbers, unless it was built so, and nothing of
 * a line that is neither a section nor a setting. So the lines go through a
 * reader of ours, which counts them, takes sections itself, and finds at the
 * next line whether the one before was a setting. */

#include "psmd/config_reading.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#define BLANKS " \t\v\f\r\n"

void
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

void
no_memory(struct reading *r)
{
	if (!r->out_of_memory)
		complain(r, "out of memory");
	r->out_of_memory = true;
}

/* --- sections ------------------------------------------------------------ */

/* The name as the table has it, or NULL. */
static const char *
find_section(const char *name)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (strcmp(settings[i].section, name) == 0)
			return settings[i].section;
	return NULL;
}

static bool
is_there(const struct reading *r, const struct named_kind *kind,
         const char *name)
{
	for (size_t i = 0; i < named_count(r->config, kind); i++)
		if (strcmp(named_name(named_at(r->config, kind, i)), name) == 0)
			return true;
	return false;
}

/* [client name] and the like, each once. */
static void
begin_named(struct reading *r, const struct named_kind *kind, const char *name)
{
	void *added;

	if (!kind->name_is_fine(name)) {
		complain(r, "\"%s\" is no %s", name, kind->rule);
		return;
	}
	if (is_there(r, kind, name)) {
		complain(r, "[%s %s] stands there twice", kind->section, name);
		return;
	}
	added = named_add(r->config, kind, name, r->line);
	if (added == NULL) {
		no_memory(r);
		return;
	}
	r->section = (struct section){ kind->table, kind->n_settings,
		                       kind->section, added,
		                       named_lines_last(r->config, kind) };
}

/* The kind of "client name", and the name; NULL: another section. */
static const struct named_kind *
find_kind(char *section, char **ret_name)
{
	size_t len = strcspn(section, BLANKS);
	char *name = section + len + strspn(section + len, BLANKS);

	for (size_t i = 0; i < N_NAMED && *name != '\0'; i++)
		if (strlen(named_kinds[i].section) == len &&
		    strncmp(named_kinds[i].section, section, len) == 0) {
			*ret_name = name;
			return &named_kinds[i];
		}
	return NULL;
}

static void
cut_blanks(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
}

static void
begin_section(struct reading *r, char *name)
{
	const struct named_kind *kind;
	const char *found;
	char *own_name;

	r->in_section = true;
	r->section = (struct section){ .table = NULL };
	cut_blanks(name);
	if ((kind = find_kind(name, &own_name)) != NULL)
		begin_named(r, kind, own_name);
	else if ((found = find_section(name)) != NULL)
		r->section = (struct section){ settings, N_SETTINGS, found,
			                       r->config,
			                       r->config->lines->of };
	else
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

/* Settings as they are when the file does not say. */
static void
take_defaults(struct reading *r, const struct setting *table, size_t n,
              const unsigned *lines, void *base)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i] == 0)
			read_value(r, &table[i], table[i].fallback, base);
}

static void
take_named_defaults(struct reading *r, size_t kind_index)
{
	const struct named_kind *kind = &named_kinds[kind_index];
	const struct named_lines *lines = r->config->lines->named[kind_index];

	for (size_t i = 0; i < named_count(r->config, kind); i++) {
		r->line = lines[i].section;
		take_defaults(r, kind->table, kind->n_settings, lines[i].of,
		              named_at(r->config, kind, i));
	}
}

static void
take_all_defaults(struct reading *r)
{
	struct config *config = r->config;

	if (config_profile(config, PROFILE_BUILT_IN) == NULL &&
	    named_add(config, &named_kinds[NAMED_PROFILE], PROFILE_BUILT_IN,
	              0) == NULL)
		no_memory(r);
	take_defaults(r, settings, N_SETTINGS, config->lines->of, config);
	for (size_t i = 0; i < N_NAMED; i++)
		take_named_defaults(r, i);
}

/* --- what belongs together ----------------------------------------------- */

static void
judge_profiles(struct reading *r)
{
	const struct config *config = r->config;

	for (size_t i = 0; i < config->n_profiles; i++) {
		r->line = config->lines->named[NAMED_PROFILE][i].section;
		profile_judge(r, &config->profiles[i]);
	}
}

static void
judge_profile_name(struct reading *r, const char *setting, const char *name)
{
	if (config_profile(r->config, name) == NULL)
		complain(r, "%s: there is no profile \"%s\"", setting, name);
}

static void
judge_names(struct reading *r)
{
	const struct config *config = r->config;
	const struct named_lines *lines = config->lines->named[NAMED_CLIENT];
	const size_t at = named_setting(&named_kinds[NAMED_CLIENT],
	                                "profiles");

	for (size_t i = 0; i < config->n_clients; i++)
		for (size_t k = 0; k < config->clients[i].n_profiles; k++) {
			r->line = lines[i].of[at];
			judge_profile_name(r, "profiles",
			                   config->clients[i].profiles[k]);
		}
	r->line = config->lines->of[setting_find("orders.profile") - settings];
	judge_profile_name(r, "profile", config->order_profile);
}

/* --- the file ------------------------------------------------------------ */

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
	take_all_defaults(r);
	if (!r->failed) {
		judge_profiles(r);
		judge_names(r);
	}
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

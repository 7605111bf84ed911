/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_write.c - a new configuration file, which says everything. */

#include "psmd/config_int.h"

#include <stdio.h>
#include <string.h>

static const char *
value_for(const struct setting *setting, const struct config_set set[],
          size_t n_set)
{
	char name[64];

	snprintf(name, sizeof name, "%s.%s", setting->section, setting->name);
	for (size_t i = 0; i < n_set; i++)
		if (strcmp(set[i].name, name) == 0)
			return set[i].value;
	return NULL;
}

static void
write_help(FILE *out, const char *help)
{
	fputs("# ", out);
	for (; *help != '\0'; help++) {
		putc(*help, out);
		if (*help == '\n')
			fputs("# ", out);
	}
	putc('\n', out);
}

static void
write_setting(FILE *out, const struct setting *setting, const char *mark,
              const char *value)
{
	write_help(out, setting->help);
	fprintf(out, "%s%s =%s%s\n", mark, setting->name,
	        *value != '\0' ? " " : "", value);
}

static void
write_profile(FILE *out)
{
	const struct named_kind *kind = &named_kinds[NAMED_PROFILE];

	fputs("\n# What is issued, and when: a [profile name] each. One called "
	      PROFILE_BUILT_IN " is there\n# in any case.\n"
	      "[profile " PROFILE_BUILT_IN "]\n", out);
	for (size_t i = 0; i < kind->n_settings; i++)
		write_setting(out, &kind->table[i], ";",
		              kind->table[i].fallback);
}

/* Nobody may call until somebody is let in: an example. */
static void
write_client(FILE *out)
{
	static const char *const values[N_CLIENT_SETTINGS] = {
		"robot.aes", "robot.em", "robot.pem", "cbc", "192.0.2.7", ""
	};
	const struct named_kind *kind = &named_kinds[NAMED_CLIENT];

	fputs("\n# Who may have PKCS#12 files made: a [client name] each, "
	      "where name is an\n# account's.\n;[client robot]\n", out);
	for (size_t i = 0; i < kind->n_settings; i++)
		write_setting(out, &kind->table[i], ";", values[i]);
}

static void
write_ids(FILE *out)
{
	const struct named_kind *kind = &named_kinds[NAMED_ID];

	fputs("\n# What is said about an internal id, \"#...\": a section "
	      "each.\n", out);
	for (size_t i = 0; i < kind->n_settings; i++) {
		fprintf(out, "# %s = %s   ", kind->table[i].name,
		        kind->table[i].fallback);
		fprintf(out, "%s\n", kind->table[i].help);
	}
	fputs("[id #ca]\nsystem_use_only = yes\n"
	      "[id #issuer]\nsystem_use_only = yes\n"
	      "[id #server]\nsystem_use_only = yes\n", out);
}

/* One that is as it would be anyway is commented out. */
static void
write_settings(FILE *out, const struct config_set set[], size_t n_set)
{
	const char *section = "", *value;

	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (strcmp(section, settings[i].section) != 0)
			fprintf(out, "\n[%s]\n", settings[i].section);
		section = settings[i].section;
		value = value_for(&settings[i], set, n_set);
		write_setting(out, &settings[i], value != NULL ? "" : ";",
		              value != NULL ? value : settings[i].fallback);
	}
}

bool
config_write(FILE *out, const struct config_set set[], size_t n_set)
{
	fputs("# psmd.conf - see psmd.conf(5). \"psmd check\" judges it, SIGHUP "
	      "has it read again.\n"
	      "# A line that begins with \";\" shows a setting as it is "
	      "anyway.\n", out);
	write_settings(out, set, n_set);
	write_profile(out);
	write_client(out);
	write_ids(out);
	return !ferror(out);
}

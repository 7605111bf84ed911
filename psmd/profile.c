/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* profile.c - what is issued, and when: profiles of the configuration. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini.h>

#include "psmd/config_reading.h"

bool
profile_name_valid(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789_-.";
	size_t len = strlen(name);

	return len >= 1 && len <= PROFILE_NAME_MAX &&
	       strspn(name, letters) == len;
}

const struct profile *
config_profile(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_profiles; i++)
		if (strcmp(config->profiles[i].name, name) == 0)
			return &config->profiles[i];
	return NULL;
}

/* --- what ca knows ------------------------------------------------------- */

/* Would an authority take it? why, if that is asked for. */
static bool
ca_takes(struct reading *r, const struct ca_profile *profile, char *why,
         size_t size)
{
	struct ca *ca = ca_new();
	bool good;

	if (ca == NULL) {
		no_memory(r);
		return false;
	}
	good = ca_profile_check(ca, profile) == PSM_OK;
	if (!good && why != NULL)
		snprintf(why, size, "%s", ca_errmsg(ca));
	ca_free(ca);
	return good;
}

void
profile_judge(struct reading *r, const struct profile *profile)
{
	char why[256];

	if (profile->ca.days > profile->ca.max_days)
		complain(r, "[profile %s]: days is more than max_days",
		         profile->name);
	else if (!ca_takes(r, &profile->ca, why, sizeof why))
		complain(r, "[profile %s]: %s", profile->name, why);
}

/* --- subject ------------------------------------------------------------- */

static bool
is_part(struct reading *r, const char *word)
{
	const struct ca_profile one = { .subject_parts = &word,
		                        .n_subject_parts = 1 };

	return ca_takes(r, &one, NULL, 0);
}

static void
read_parts(struct reading *r, const struct setting *s, char *text,
           struct profile *profile)
{
	char ***list = setting_at(profile, s), *word;
	size_t *n = setting_count(profile, s);

	profile->subject = PROFILE_SUBJECT_PARTS;
	while ((word = next_word(&text)) != NULL) {
		if (!is_part(r, word)) {
			complain(r, "%s is account, all, or a list of parts of "
			         "a subject, and \"%s\" is no such part",
			         s->name, word);
			return;
		}
		if (!add_text(r, list, n, word))
			return;
	}
	if (*n == 0)
		complain(r, "%s is account, all, or a list of parts of a "
		         "subject", s->name);
}

void
profile_read_subject(struct reading *r, const struct setting *setting,
                     const char *value, struct profile *profile)
{
	char text[INI_MAX_LINE];

	snprintf(text, sizeof text, "%s", value);
	if (strcmp(value, "account") == 0)
		profile->subject = PROFILE_SUBJECT_ACCOUNT;
	else if (strcmp(value, "all") == 0)
		profile->subject = PROFILE_SUBJECT_ALL;
	else
		read_parts(r, setting, text, profile);
}

/* --- purposes ------------------------------------------------------------ */

static const struct purpose {
	const char *name, *oid;
	bool refused;
} purposes[] = {
	{ "clientAuth", "1.3.6.1.5.5.7.3.2", false },
	{ "serverAuth", "1.3.6.1.5.5.7.3.1", false },
	{ "emailProtection", "1.3.6.1.5.5.7.3.4", false },
	{ "codeSigning", "1.3.6.1.5.5.7.3.3", false },
	{ "documentSigning", "1.3.6.1.5.5.7.3.36", false },
	{ "ipsecIKE", "1.3.6.1.5.5.7.3.17", false },
	{ "secureShellClient", "1.3.6.1.5.5.7.3.21", false },
	{ "smartcardLogon", "1.3.6.1.4.1.311.20.2.2", false },
	/* It would speak for the authority; it would be for everything. */
	{ "OCSPSigning", "1.3.6.1.5.5.7.3.9", true },
	{ "anyExtendedKeyUsage", "2.5.29.37.0", true },
};

/* By name, in any case, or by OID; NULL: none of these. */
static const struct purpose *
find_purpose(const char *word)
{
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
		if (strcasecmp(purposes[i].name, word) == 0 ||
		    strcmp(purposes[i].oid, word) == 0)
			return &purposes[i];
	return NULL;
}

static bool
is_oid(struct reading *r, const char *word)
{
	const struct ca_profile one = { .purposes = &word, .n_purposes = 1 };

	return ca_takes(r, &one, NULL, 0);
}

/* The OID of a word; NULL, and a complaint. */
static const char *
purpose_oid(struct reading *r, const struct setting *s, const char *word)
{
	const struct purpose *purpose = find_purpose(word);

	if (purpose != NULL && !purpose->refused)
		return purpose->oid;
	if (purpose != NULL)
		complain(r, "%s: %s is not granted", s->name, purpose->name);
	else if (is_oid(r, word))
		return word;
	else
		complain(r, "%s: \"%s\" is neither a purpose nor an OID",
		         s->name, word);
	return NULL;
}

void
profile_read_purposes(struct reading *r, const struct setting *setting,
                      const char *value, struct profile *profile)
{
	char ***list = setting_at(profile, setting);
	size_t *n = setting_count(profile, setting);
	char text[INI_MAX_LINE], *rest = text, *word;
	const char *oid;

	snprintf(text, sizeof text, "%s", value);
	while ((word = next_word(&rest)) != NULL) {
		oid = purpose_oid(r, setting, word);
		if (oid == NULL || !add_text(r, list, n, oid))
			return;
	}
	if (*n == 0)
		complain(r, "%s is a list of one or more", setting->name);
}

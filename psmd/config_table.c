/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_table.c - every setting there is: a row each. */

#include "psmd/config_int.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct config, member)
#define NO_WORDS NULL

static const char *const transports[] = { "https", "http", "both", NULL };
static const char *const methods[] = { "digest", "basic", "none", NULL };
static const char *const client_certs[] = { "none", "request", "require",
	                                    NULL };

const struct setting settings[N_SETTINGS] = {
	{ "server", "database", "nss", SETTING_PATH, AT(database), 1, 4095,
	  NO_WORDS, true,
	  "Folder of the NSS database. Paths begin at this file's folder." },
	{ "server", "password_file", "", SETTING_PATH, AT(password_file), 0,
	  4095, NO_WORDS, true,
	  "File with the database's password; empty: it has none." },
	{ "server", "records", "records.db", SETTING_PATH, AT(records), 1, 4095,
	  NO_WORDS, true, "Accounts, in an SQLite file." },
	{ "server", "user", "", SETTING_TEXT, AT(user), 0, 32, NO_WORDS, true,
	  "Run as this user, when started as root; empty: stay as started." },
	{ "server", "listen_https", "127.0.0.1:8443", SETTING_LISTEN_HTTPS,
	  AT(listen), 0, 0, NO_WORDS, true,
	  "Addresses for HTTPS: \"127.0.0.1:8443, [::1]:8443\", \"*:443\" for "
	  "every\naddress; empty: none. systemd's sockets take their place." },
	{ "server", "listen_http", "", SETTING_LISTEN_HTTP, AT(listen), 0, 0,
	  NO_WORDS, true, "The same for HTTP without TLS." },
	{ "server", "workers", "4", SETTING_NUMBER, AT(workers), 1, 64,
	  NO_WORDS, true, "Threads that answer requests." },
	{ "server", "queue", "64", SETTING_NUMBER, AT(queue), 1, 10000,
	  NO_WORDS, true,
	  "Requests that may wait for one of them; more are told \"busy\"." },
	{ "server", "page", "yes", SETTING_SWITCH, AT(page), 0, 0, NO_WORDS,
	  false, "The certificate manager at \"/\"." },
	{ "server", "metrics_public", "no", SETTING_SWITCH, AT(metrics_public),
	  0, 0, NO_WORDS, false,
	  "/metrics for everybody, not for this machine alone." },

	{ "tls", "server_cert", "#server", SETTING_TEXT, AT(server_cert), 1,
	  128, NO_WORDS, false, "Nickname of the server's certificate." },
	{ "tls", "client_cert", "none", SETTING_CHOICE, AT(client_cert), 0, 0,
	  client_certs, false,
	  "Client certificates: none, request (the client may send one) or "
	  "require." },
	{ "tls", "client_ca", "", SETTING_TEXT, AT(client_ca), 0, 128, NO_WORDS,
	  false,
	  "Nickname of the CA that they must come from; empty: those that "
	  "the\ndatabase trusts for clients." },
	{ "tls", "tls12", "yes", SETTING_SWITCH, AT(tls12), 0, 0, NO_WORDS,
	  false, "TLS 1.2 as well as 1.3." },

	{ "limits", "connections", "1000", SETTING_NUMBER, AT(connections), 1,
	  100000, NO_WORDS, true, "Connections at once." },
	{ "limits", "connections_per_address", "100", SETTING_NUMBER,
	  AT(connections_per_address), 1, 100000, NO_WORDS, false,
	  "The same, from one address." },
	{ "limits", "header_bytes", "16384", SETTING_NUMBER, AT(header_bytes),
	  1024, 1048576, NO_WORDS, true,
	  "A request's first line and header, in bytes." },
	{ "limits", "body_bytes", "1048576", SETTING_NUMBER, AT(body_bytes),
	  1024, 104857600, NO_WORDS, false, "A request's body, in bytes." },
	{ "limits", "request_seconds", "30", SETTING_NUMBER,
	  AT(request_seconds), 1, 3600, NO_WORDS, false,
	  "Time for a request to arrive, from its first byte on." },
	{ "limits", "idle_seconds", "60", SETTING_NUMBER, AT(idle_seconds), 1,
	  3600, NO_WORDS, false, "Time between two requests." },
	{ "limits", "handshake_seconds", "10", SETTING_NUMBER,
	  AT(handshake_seconds), 1, 600, NO_WORDS, false,
	  "Time for a TLS handshake." },

	{ "accounts", "lock_after", "5", SETTING_NUMBER, AT(lock_after), 1,
	  1000, NO_WORDS, false,
	  "So many wrong passwords in a row lock an account," },
	{ "accounts", "lock_seconds", "300", SETTING_NUMBER, AT(lock_seconds),
	  1, 86400, NO_WORDS, false, "for so long." },
	{ "accounts", "session_seconds", "900", SETTING_NUMBER,
	  AT(session_seconds), 1, 86400, NO_WORDS, false,
	  "A login on the page ends when it was not used for so long." },
	{ "accounts", "realm", "psmd", SETTING_TEXT, AT(realm), 1, 64, NO_WORDS,
	  false,
	  "What browsers show at a login. A change makes every account's "
	  "Digest\npassword void: set them again." },

	{ "service system", "enabled", "yes", SETTING_SWITCH,
	  AT(system.enabled), 0, 0, NO_WORDS, false,
	  "The certificate store, /api/cert/user." },
	{ "service system", "transport", "https", SETTING_CHOICE,
	  AT(system.transport), 0, 0, transports, false, "https, http or both." },
	{ "service system", "auth", "digest", SETTING_CHOICE, AT(system.auth),
	  0, 0, methods, false,
	  "digest, basic or none. basic over TLS is the stronger: digest needs "
	  "a hash\nin the records that is as good as the password." },
};

const struct setting id_settings[N_ID_SETTINGS] = {
	{ "id", "protected", "yes", SETTING_SWITCH,
	  offsetof(struct internal_id, is_protected), 0, 0, NO_WORDS, false,
	  "It cannot be deleted." },
	{ "id", "system_use_only", "no", SETTING_SWITCH,
	  offsetof(struct internal_id, system_use_only), 0, 0, NO_WORDS, false,
	  "It is not offered to users." },
};

void *
setting_at(const void *base, const struct setting *setting)
{
	return (char *)base + setting->offset;
}

const struct setting *
setting_find(const char *name)
{
	size_t i = 0;

	while (i < N_SETTINGS - 1 && strcmp(settings[i].name, name) != 0)
		i++;
	return &settings[i];
}

/* --- comparing ----------------------------------------------------------- */

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The next address from i on that does or does not speak TLS. */
static size_t
next_listen(const struct config *config, size_t i, bool tls)
{
	while (i < config->n_listen && config->listen[i].tls != tls)
		i++;
	return i;
}

static bool
listen_equal(const struct config *a, const struct config *b, bool tls)
{
	size_t i = next_listen(a, 0, tls), k = next_listen(b, 0, tls);

	while (i < a->n_listen && k < b->n_listen) {
		if (!text_equal(a->listen[i].host, b->listen[k].host) ||
		    !text_equal(a->listen[i].port, b->listen[k].port))
			return false;
		i = next_listen(a, i + 1, tls);
		k = next_listen(b, k + 1, tls);
	}
	return i == a->n_listen && k == b->n_listen;
}

bool
setting_equal(const struct setting *setting, const struct config *a,
              const struct config *b)
{
	const void *x = setting_at(a, setting), *y = setting_at(b, setting);

	switch (setting->kind) {
	case SETTING_PATH:
	case SETTING_TEXT:
		return text_equal(*(char *const *)x, *(char *const *)y);
	case SETTING_SWITCH:
		return *(const bool *)x == *(const bool *)y;
	case SETTING_LISTEN_HTTPS:
	case SETTING_LISTEN_HTTP:
		return listen_equal(a, b,
		                    setting->kind == SETTING_LISTEN_HTTPS);
	default:
		return *(const unsigned *)x == *(const unsigned *)y;
	}
}

/* --- a new file ---------------------------------------------------------- */

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

/* One that is as it would be anyway is commented out. */
static void
write_setting(FILE *out, const struct setting *setting, const char *value)
{
	write_help(out, setting->help);
	fprintf(out, "%s%s =%s%s\n", value != NULL ? "" : ";", setting->name,
	        *(value != NULL ? value : setting->fallback) != '\0' ? " " : "",
	        value != NULL ? value : setting->fallback);
}

static void
write_ids(FILE *out)
{
	fputs("\n# What is said about an internal id, \"#...\": a section "
	      "each.\n", out);
	for (size_t i = 0; i < N_ID_SETTINGS; i++) {
		fprintf(out, "# %s = %s   ", id_settings[i].name,
		        id_settings[i].fallback);
		fprintf(out, "%s\n", id_settings[i].help);
	}
	fputs("[id #ca]\nsystem_use_only = yes\n"
	      "[id #server]\nsystem_use_only = yes\n", out);
}

bool
config_write(FILE *out, const struct config_set set[], size_t n_set)
{
	const char *section = "";

	fputs("# psmd.conf - see psmd.conf(5). \"psmd check\" judges it, SIGHUP "
	      "has it read again.\n"
	      "# A line that begins with \";\" shows a setting as it is "
	      "anyway.\n", out);
	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (strcmp(section, settings[i].section) != 0)
			fprintf(out, "\n[%s]\n", settings[i].section);
		section = settings[i].section;
		write_setting(out, &settings[i],
		              value_for(&settings[i], set, n_set));
	}
	write_ids(out);
	return !ferror(out);
}

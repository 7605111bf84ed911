/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_table.c - every setting there is: a row each. */

#include "psmd/config_int.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "psmd/records_cert.h"

#define AT(member) offsetof(struct config, member)
#define NO_WORDS NULL

static const char *const transports[] = { "https", "http", "both", NULL };
static const char *const methods[] = { "digest", "basic", "none", NULL };
static const char *const approvals[] = { "automatic", "manual", NULL };
static const char *const alt_names[] = { "none", "given", NULL };
static const char *const keys[] = { "rsa", "", "p256", "p384", "p521", NULL };
static const char *const usages[] = { "sign", "both", NULL };
static const char *const ciphers[] = { "cbc", "gcm", "ecb", NULL };
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
	  NO_WORDS, true,
	  "Accounts, orders, certificates and the audit trail, in an SQLite "
	  "file." },
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
	  "From a request's first byte to the first of its answer." },
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

	{ "service orders", "enabled", "no", SETTING_SWITCH, AT(orders.enabled),
	  0, 0, NO_WORDS, false,
	  "Orders of client certificates, /products/!applyClientAuthCert, over "
	  "HTTPS." },

	{ "service pkcs12", "enabled", "no", SETTING_SWITCH, AT(pkcs12.enabled),
	  0, 0, NO_WORDS, false,
	  "PKCS#12 files, /emCAServices/rest/createPKCS12ById, for each "
	  "[client name]." },
	{ "service pkcs12", "transport", "https", SETTING_CHOICE,
	  AT(pkcs12.transport), 0, 0, transports, false,
	  "https, http or both." },

	{ "ca", "nickname", "#issuer", SETTING_TEXT, AT(ca), 1, CERT_ISSUER_MAX,
	  NO_WORDS, true,
	  "The authority that signs, or \"token:nickname\"; \"psmd ca init\" "
	  "makes it." },
	{ "ca", "token_password_file", "", SETTING_PATH,
	  AT(token_password_file), 0, 4095, NO_WORDS, true,
	  "File with the password of its token; empty: it has none." },
	{ "ca", "crl_file", "ca.crl", SETTING_PATH, AT(crl_file), 1, 4095,
	  NO_WORDS, false, "Its list of revoked certificates; with .pem, its chain's." },
	{ "ca", "crl_days", "7", SETTING_NUMBER, AT(crl_days), 1, 365, NO_WORDS,
	  false, "A list is good for so long; a new one comes at half of it." },

	{ "orders", "profile", PROFILE_BUILT_IN, SETTING_TEXT,
	  AT(order_profile), 1, 64, NO_WORDS, false,
	  "What is granted to those who order: a [profile name]." },

	{ "pkcs12", "pool_rsa_2048", "0", SETTING_NUMBER, AT(pool_rsa_2048), 0,
	  256, NO_WORDS, true,
	  "So many RSA keys are made ahead, in memory, of 2048 bits," },
	{ "pkcs12", "pool_rsa_3072", "4", SETTING_NUMBER, AT(pool_rsa_3072), 0,
	  256, NO_WORDS, true, "of 3072," },
	{ "pkcs12", "pool_rsa_4096", "0", SETTING_NUMBER, AT(pool_rsa_4096), 0,
	  256, NO_WORDS, true, "and of 4096." },
};

#define AT_PROFILE(member) offsetof(struct profile, member)
#define DAYS_MAX 36500

static const struct setting profile_settings[N_PROFILE_SETTINGS] = {
	{ "profile", "subject", "account", SETTING_SUBJECT,
	  AT_PROFILE(ca.subject_parts), 0, 0, NO_WORDS, false,
	  "The subject: account (CN is the account's name), all (what is asked "
	  "for), or\nthe parts of that which are kept: CN, O, OU, E, ..." },
	{ "profile", "alt_names", "none", SETTING_CHOICE,
	  AT_PROFILE(ca.alt_names), CA_ALT_NAMES_NONE, 0, alt_names, false,
	  "Other names of the subject: none, or given (what is asked for)." },
	{ "profile", "keys", "rsa, p256, p384, p521", SETTING_SET,
	  AT_PROFILE(ca.keys), 0, 0, keys, false,
	  "Kinds of keys." },
	{ "profile", "rsa_bits", "3072", SETTING_NUMBER,
	  AT_PROFILE(ca.rsa_bits), 1024, 16384, NO_WORDS, false,
	  "The least of an RSA key; less than 2048 allows weak keys." },
	{ "profile", "usage", "both", SETTING_CHOICE, AT_PROFILE(ca.usage),
	  CA_USAGE_SIGN, 0, usages, false,
	  "What keys are for: sign, or both (RSA keys encipher, too, and keys "
	  "that are\nasked for encryption alone do that)." },
	{ "profile", "purposes", "clientAuth", SETTING_PURPOSES,
	  AT_PROFILE(ca.purposes), 0, 0, NO_WORDS, false,
	  "What certificates are for: clientAuth, emailProtection, "
	  "codeSigning, ..., or\nOIDs." },
	{ "profile", "days", "365", SETTING_NUMBER, AT_PROFILE(ca.days), 1,
	  DAYS_MAX, NO_WORDS, false,
	  "They are valid for so long when nobody says," },
	{ "profile", "max_days", "1095", SETTING_NUMBER,
	  AT_PROFILE(ca.max_days), 1, DAYS_MAX, NO_WORDS, false,
	  "and never for longer than this." },
	{ "profile", "start_days", "30", SETTING_NUMBER,
	  AT_PROFILE(ca.start_days), 1, DAYS_MAX, NO_WORDS, false,
	  "Their validity begins no further from now, before or after." },
	{ "profile", "approval", "automatic", SETTING_CHOICE,
	  AT_PROFILE(approval), 0, 0, approvals, false,
	  "automatic, or manual: each waits for \"psmd order approve\"." },
	{ "profile", "crl_url", "", SETTING_URL, AT_PROFILE(ca.urls.crl), 0, 0,
	  NO_WORDS, false,
	  "Where the list of revoked certificates is: psmd has it at /ca/crl. "
	  "Empty:\nthey do not say." },
	{ "profile", "ocsp_url", "", SETTING_URL, AT_PROFILE(ca.urls.ocsp), 0,
	  0, NO_WORDS, false, "An OCSP responder." },
	{ "profile", "issuer_url", "", SETTING_URL, AT_PROFILE(ca.urls.issuer),
	  0, 0, NO_WORDS, false,
	  "Where the authority's certificate is: psmd has it at /ca/cert." },
};

#define AT_CLIENT(member) offsetof(struct client, member)

static const struct setting client_settings[N_CLIENT_SETTINGS] = {
	{ "client", "aes_key_file", "", SETTING_PATH, AT_CLIENT(aes_key_file),
	  1, 4095, NO_WORDS, false,
	  "File with its AES-256 key, in base64." },
	{ "client", "em_key_file", "", SETTING_PATH, AT_CLIENT(em_key_file), 1,
	  4095, NO_WORDS, false, "File with what its header emKey says." },
	{ "client", "certificate", "", SETTING_PATH, AT_CLIENT(certificate), 1,
	  4095, NO_WORDS, false,
	  "File with the certificate it signs requests with, in PEM." },
	{ "client", "cipher", "cbc", SETTING_CHOICE, AT_CLIENT(cipher), 0, 0,
	  ciphers, false,
	  "How requests are encrypted: cbc, gcm, or ecb, which is for old "
	  "clients." },
	{ "client", "addresses", "", SETTING_NETWORKS, AT_CLIENT(networks), 0,
	  0, NO_WORDS, false,
	  "Where it comes from: addresses, networks as 192.0.2.0/24." },
	{ "client", "profiles", "", SETTING_WORDS, AT_CLIENT(profiles), 0, 0,
	  NO_WORDS, false, "What it may ask for; empty: every profile." },
};

static const struct setting id_settings[N_ID_SETTINGS] = {
	{ "id", "protected", "yes", SETTING_SWITCH,
	  offsetof(struct internal_id, is_protected), 0, 0, NO_WORDS, false,
	  "It cannot be deleted." },
	{ "id", "system_use_only", "no", SETTING_SWITCH,
	  offsetof(struct internal_id, system_use_only), 0, 0, NO_WORDS, false,
	  "It is not offered to users." },
};

const struct named_kind named_kinds[N_NAMED] = {
	[NAMED_PROFILE] = { "profile", profile_settings, N_PROFILE_SETTINGS,
	                    sizeof(struct profile), AT(profiles),
	                    AT(n_profiles), profile_name_valid,
	                    "profile: 1 to 64 of a-z A-Z 0-9 _ - ." },
	[NAMED_CLIENT] = { "client", client_settings, N_CLIENT_SETTINGS,
	                   sizeof(struct client), AT(clients), AT(n_clients),
	                   account_name_valid, "account's name" },
	[NAMED_ID] = { "id", id_settings, N_ID_SETTINGS,
	               sizeof(struct internal_id), AT(ids), AT(n_ids),
	               internal_id_valid,
	               "internal id: \"#\", then 1 to 40 of "
	               "a-z A-Z 0-9 _ -" },
};

/* What named_name() and setting_count() build on. */
#define IS_FIRST(type, member) \
	_Static_assert(offsetof(type, member) == 0, "the name comes first")
IS_FIRST(struct profile, name);
IS_FIRST(struct client, account);
IS_FIRST(struct internal_id, id);
#define IS_COUNTED(type, list, count)                                    \
	_Static_assert(offsetof(type, count) ==                          \
	               offsetof(type, list) + sizeof(((type *)0)->list), \
	               "a list's count comes after it")
IS_COUNTED(struct profile, ca.subject_parts, ca.n_subject_parts);
IS_COUNTED(struct profile, ca.purposes, ca.n_purposes);
IS_COUNTED(struct client, networks, n_networks);
IS_COUNTED(struct client, profiles, n_profiles);

void *
setting_at(const void *base, const struct setting *setting)
{
	return (char *)base + setting->offset;
}

size_t *
setting_count(const void *base, const struct setting *setting)
{
	return (size_t *)((char *)setting_at(base, setting) + sizeof(void *));
}

const struct setting *
setting_find(const char *name)
{
	const size_t len = (size_t)(strrchr(name, '.') - name);
	size_t i = 0;

	while (i < N_SETTINGS - 1 &&
	       (strlen(settings[i].section) != len ||
	        strncmp(settings[i].section, name, len) != 0 ||
	        strcmp(settings[i].name, name + len + 1) != 0))
		i++;
	return &settings[i];
}

/* --- sections with names ------------------------------------------------- */

size_t
named_count(const struct config *config, const struct named_kind *kind)
{
	return *(const size_t *)((const char *)config + kind->count);
}

static char *
get_list(const struct config *config, const struct named_kind *kind)
{
	char *list;

	memcpy(&list, (const char *)config + kind->list, sizeof list);
	return list;
}

void *
named_at(const struct config *config, const struct named_kind *kind, size_t i)
{
	return get_list(config, kind) + i * kind->size;
}

const char *
named_name(const void *one)
{
	return *(char *const *)one;
}

static struct named_lines **
lines_of(const struct config *config, const struct named_kind *kind)
{
	return &config->lines->named[kind - named_kinds];
}

unsigned *
named_lines_last(const struct config *config, const struct named_kind *kind)
{
	return (*lines_of(config, kind))[named_count(config, kind) - 1].of;
}

/* Room beside the list for its lines, then in the list: what fails leaves room
 * that is not counted. */
void *
named_add(struct config *config, const struct named_kind *kind,
          const char *name, unsigned line)
{
	const size_t n = named_count(config, kind);
	struct named_lines **lines = lines_of(config, kind);
	struct named_lines *more_lines = list_grow(*lines, n, sizeof **lines);
	char *list, *copy;

	if (more_lines == NULL)
		return NULL;
	*lines = more_lines;
	more_lines[n].section = line;
	list = list_grow(get_list(config, kind), n, kind->size);
	if (list == NULL)
		return NULL;
	memcpy((char *)config + kind->list, &list, sizeof list);
	copy = strdup(name);
	if (copy == NULL)
		return NULL;
	*(char **)named_at(config, kind, n) = copy;
	*(size_t *)((char *)config + kind->count) = n + 1;
	return named_at(config, kind, n);
}

size_t
named_setting(const struct named_kind *kind, const char *name)
{
	size_t i = 0;

	while (i < kind->n_settings - 1 &&
	       strcmp(kind->table[i].name, name) != 0)
		i++;
	return i;
}

/* --- comparing, copying -------------------------------------------------- */

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

static bool
copy_text(char **at, const char *text)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	if (text != NULL && copy == NULL)
		return false;
	free(*at);
	*at = copy;
	return true;
}

bool
setting_copy(const struct setting *setting, struct config *config,
             const struct config *from)
{
	void *to = setting_at(config, setting);
	const void *value = setting_at(from, setting);

	switch (setting->kind) {
	case SETTING_PATH:
	case SETTING_TEXT:
		return copy_text(to, *(char *const *)value);
	case SETTING_SWITCH:
		*(bool *)to = *(const bool *)value;
		return true;
	case SETTING_LISTEN_HTTPS:
	case SETTING_LISTEN_HTTP:
		return true;
	default:
		*(unsigned *)to = *(const unsigned *)value;
		return true;
	}
}

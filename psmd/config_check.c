/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_check.c - what the configuration names: is it there, and fit? */

#include "psmd/config_checking.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "psmd/lock.h"
#include "psmd/rights.h"
#include "psmd/tls.h"

/* --- complaints ---------------------------------------------------------- */

struct place
place_of(const char *name)
{
	return (struct place){ setting_find(name), NULL, 0 };
}

struct place
place_in_client(size_t i, const char *name)
{
	const struct named_kind *kind = &named_kinds[NAMED_CLIENT];

	return (struct place){ &kind->table[named_setting(kind, name)], kind,
		               i };
}

struct place
place_client(size_t i)
{
	return (struct place){ NULL, &named_kinds[NAMED_CLIENT], i };
}

/* 0: the file does not say it. */
static unsigned
find_line(const struct config *config, struct place place)
{
	const struct config_lines *lines = config->lines;
	const struct named_lines *named;

	if (lines == NULL)
		return 0;
	if (place.kind == NULL)
		return lines->of[place.setting - settings];
	named = &lines->named[place.kind - named_kinds][place.i];
	if (place.setting == NULL)
		return named->section;
	return named->of[place.setting - place.kind->table];
}

static void __attribute__((format(printf, 3, 0)))
write_line(const struct checking *c, struct place place, const char *format,
           va_list args)
{
	const struct config *config = c->config;
	const unsigned line = find_line(config, place);

	if (c->complaints == NULL)
		return;
	fprintf(c->complaints, "%s:", config->path);
	if (line > 0)
		fprintf(c->complaints, "%u:", line);
	if (place.kind != NULL)
		fprintf(c->complaints, " [%s %s]", place.kind->section,
		        named_name(named_at(config, place.kind, place.i)));
	else
		fprintf(c->complaints, " [%s]", place.setting->section);
	if (place.setting != NULL)
		fprintf(c->complaints, " %s", place.setting->name);
	fputs(": ", c->complaints);
	vfprintf(c->complaints, format, args);
	putc('\n', c->complaints);
}

void
fault(struct checking *c, struct place place, const char *format, ...)
{
	va_list args;

	c->good = false;
	va_start(args, format);
	write_line(c, place, format, args);
	va_end(args);
}

void
remark(const struct checking *c, struct place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(c, place, format, args);
	va_end(args);
}

/* --- files --------------------------------------------------------------- */

/* Whose the files must be. */
static void
find_owner(struct checking *c)
{
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (c->config->user == NULL)
		return;
	c->has_owner = getpwnam_r(c->config->user, &entry, buf, sizeof buf,
	                          &found) == 0 && found != NULL;
	if (c->has_owner)
		c->owner = entry.pw_uid;
	else
		fault(c, place_of("server.user"), "there is no user \"%s\"",
		      c->config->user);
}

void
check_private(struct checking *c, struct place place, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		fault(c, place, "%s: %s", path, strerror(errno));
	else if ((st.st_mode & 077) != 0)
		fault(c, place, "others may read %s: chmod go= %s", path, path);
}

/* What is written to. */
static void
check_owner(struct checking *c, struct place place, const char *path)
{
	struct stat st;

	if (c->has_owner && stat(path, &st) == 0 && st.st_uid != c->owner)
		fault(c, place, "%s is not %s's: chown it", path,
		      c->config->user);
}

void
check_reach(struct checking *c, struct place place, const char *path, int mode)
{
	int err;

	if (!c->has_owner || geteuid() != 0)
		return;
	err = rights_try(c->config->user, path, mode);
	if (err != 0 && err != ENOENT) /* which is said elsewhere */
		fault(c, place, "%s cannot use %s: %s", c->config->user, path,
		      strerror(err));
}

static void
check_database_files(struct checking *c)
{
	const char *database = c->config->database;
	const struct place place = place_of("server.database");
	char keys[4200];

	snprintf(keys, sizeof keys, "%s/key4.db", database);
	check_reach(c, place, database, R_OK | W_OK | X_OK);
	check_owner(c, place, database);
	check_private(c, place, keys);
	check_owner(c, place, keys);
}

static void
check_password(struct checking *c, const char *name, const char *path)
{
	if (path != NULL)
		check_private(c, place_of(name), path);
}

static void
check_files(struct checking *c)
{
	const struct config *config = c->config;
	const struct place user = place_of("server.user"),
	                   records = place_of("server.records");
	struct stat st;

	find_owner(c);
	check_database_files(c);
	check_reach(c, records, config->records, R_OK | W_OK);
	check_private(c, records, config->records);
	check_owner(c, records, config->records);
	check_password(c, "server.password_file", config->password_file);
	check_password(c, "ca.token_password_file",
	               config->token_password_file);
	check_reach(c, user, config->path, R_OK);
	if (stat(config->path, &st) == 0 && (st.st_mode & 022) != 0)
		fault(c, user, "others may write %s: chmod go-w it",
		      config->path);
}

/* --- the database -------------------------------------------------------- */

static bool
speaks_tls(const struct config *config)
{
	for (size_t i = 0; i < config->n_listen; i++)
		if (config->listen[i].tls)
			return true;
	return config->n_listen == 0; /* systemd's sockets may */
}

static void
check_certificate(struct checking *c)
{
	char why[512];

	if (!speaks_tls(c->config))
		return;
	if (!tls_check(c->config, why, sizeof why))
		fault(c, place_of("tls.server_cert"), "%s", why);
	else if (tls_check_end(c->config, why, sizeof why))
		remark(c, place_of("tls.server_cert"), "%s", why);
}

/* In a process that has no database open. */
static void
check_database(struct checking *c)
{
	const struct config *config = c->config;
	char why[512];
	struct engine *engine = engine_new(config->database,
	                                   config->password_file, 1, why,
	                                   sizeof why);

	if (engine == NULL) {
		fault(c, place_of("server.database"), "%s", why);
		return;
	}
	check_certificate(c);
	check_authority(c, engine);
	engine_free(engine);
}

/* --- accounts ------------------------------------------------------------ */

static bool
can_log_in(const struct config *config, const struct account *account)
{
	return account->enabled &&
	       (config->system.auth != AUTH_DIGEST ||
	        (account->has_digest &&
	         strcmp(account->realm, config->realm) == 0));
}

static void
check_accounts(struct checking *c, struct records *records)
{
	const struct config *config = c->config;
	const struct place place = place_of("service system.auth");
	struct account *accounts = NULL;
	size_t n = 0, i = 0;
	enum rec_err err = records_account_list(records, &accounts, &n);

	if (err != REC_OK) {
		fault(c, place_of("server.records"), "%s: %s", config->records,
		      rec_strerror(err));
		return;
	}
	while (i < n && !can_log_in(config, &accounts[i]))
		i++;
	if (i == n && config->system.auth == AUTH_DIGEST)
		fault(c, place, "no account can log in by digest in realm "
		      "\"%s\": set a password with \"psmd account passwd\"",
		      config->realm);
	else if (i == n && config->system.auth == AUTH_BASIC)
		fault(c, place, "no account can log in: make one with \"psmd "
		      "account add\"");
	if (accounts != NULL)
		explicit_bzero(accounts, n * sizeof *accounts);
	free(accounts);
}

static void
check_records(struct checking *c)
{
	struct records *records = NULL;
	enum rec_err err = records_open(c->config->records, false, &records);

	if (err != REC_OK) {
		fault(c, place_of("server.records"), "%s: %s",
		      c->config->records, rec_strerror(err));
		return;
	}
	if (c->config->system.enabled)
		check_accounts(c, records);
	check_client_accounts(c, records);
	records_close(records);
}

/* --- addresses ----------------------------------------------------------- */

/* false, and errno. */
static bool
can_bind(const struct addrinfo *info)
{
	const int on = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), err;
	bool good;

	if (fd < 0)
		return false;
	good = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       (info->ai_family != AF_INET6 ||
	        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) ==
	                0) &&
	       bind(fd, info->ai_addr, info->ai_addrlen) == 0;
	err = errno;
	close(fd);
	errno = err;
	return good;
}

/* That a low port needs rights is no fault of the file; nor that psmd itself
 * has the address. */
static bool
is_fault(int err, bool runs)
{
	return err != EACCES && err != EAFNOSUPPORT &&
	       !(err == EADDRINUSE && runs);
}

static struct place
place_of_address(const struct listen_address *at)
{
	return place_of(at->tls ? "server.listen_https" : "server.listen_http");
}

static void
check_address(struct checking *c, const struct listen_address *at, bool runs)
{
	const struct place place = place_of_address(at);
	const char *host = at->host != NULL ? at->host : "*";
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
		                        .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int err = getaddrinfo(at->host, at->port, &hints, &list), why = 0;

	if (err != 0) {
		fault(c, place, "%s port %s: %s", host, at->port,
		      gai_strerror(err));
		return;
	}
	for (const struct addrinfo *info = list; info != NULL;
	     info = info->ai_next)
		if (!can_bind(info) && is_fault(errno, runs))
			why = errno;
	if (why != 0)
		fault(c, place, "%s port %s: %s", host, at->port,
		      strerror(why));
	freeaddrinfo(list);
}

void
check_transport(struct checking *c, const char *name, enum transport transport)
{
	const struct config *config = c->config;
	bool tls = false, plain = false;

	for (size_t i = 0; i < config->n_listen; i++) {
		tls |= config->listen[i].tls;
		plain |= !config->listen[i].tls;
	}
	if (config->n_listen == 0) /* systemd's sockets may */
		return;
	if (transport == TRANSPORT_HTTPS && !tls)
		fault(c, place_of(name), "https, but listen_https is empty");
	if (transport == TRANSPORT_HTTP && !plain)
		fault(c, place_of(name), "http, but listen_http is empty");
}

static void
check_system_transport(struct checking *c)
{
	if (c->config->system.enabled)
		check_transport(c, "service system.transport",
		                c->config->system.transport);
}

/* Every address leaves no room for another. */
static bool
takes_place(const struct listen_address *at, const struct listen_address *of)
{
	return strcmp(at->port, of->port) == 0 && strcmp(at->port, "0") != 0 &&
	       (at->host == NULL || of->host == NULL ||
	        strcmp(at->host, of->host) == 0);
}

static void
check_twice(struct checking *c, size_t i)
{
	const struct listen_address *list = c->config->listen, *at = &list[i];

	for (size_t k = 0; k < i; k++)
		if (takes_place(&list[k], at)) {
			fault(c, place_of_address(at), "%s port %s: it is "
			      "listened on already, by another address here",
			      at->host != NULL ? at->host : "*", at->port);
			return;
		}
}

static void
check_addresses(struct checking *c)
{
	bool runs = lock_is_taken(c->config->database);

	for (size_t i = 0; i < c->config->n_listen; i++) {
		check_address(c, &c->config->listen[i], runs);
		check_twice(c, i);
	}
}

/* --- the whole ----------------------------------------------------------- */

bool
config_check(const struct config *config, FILE *complaints)
{
	struct checking c = { .config = config, .complaints = complaints,
		              .good = true };

	check_files(&c);
	check_issuing(&c);
	check_database(&c);
	check_records(&c);
	check_system_transport(&c);
	check_addresses(&c);
	return c.good;
}

static void
tell_start(const struct checking *c, const struct config *old)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (settings[i].at_start &&
		    !setting_equal(&settings[i], c->config, old))
			remark(c, (struct place){ &settings[i], NULL, 0 },
			       "it takes effect at the next start");
}

bool
config_check_reload(const struct config *config, const struct config *old,
                    FILE *complaints)
{
	struct checking c = { .config = config, .complaints = complaints,
		              .good = true };

	check_certificate(&c);
	check_issuing(&c);
	check_records(&c);
	check_system_transport(&c);
	if (c.good)
		tell_start(&c, old);
	return c.good;
}

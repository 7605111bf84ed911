/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_check.c - what the configuration names: is it there, and fit? */

#include "psmd/config_int.h"

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

#include "psmd/engine.h"
#include "psmd/lock.h"
#include "psmd/records.h"
#include "psmd/rights.h"
#include "psmd/tls.h"

struct checking {
	const struct config *config;
	FILE *complaints;
	bool good;
};

static void __attribute__((format(printf, 3, 0)))
write_line(const struct checking *c, const char *name, const char *format,
           va_list args)
{
	const struct setting *setting = setting_find(name);
	const struct config *config = c->config;

	if (c->complaints == NULL)
		return;
	fprintf(c->complaints, "%s:", config->path);
	if (config->lines != NULL && config->lines->of[setting - settings] > 0)
		fprintf(c->complaints, "%u:",
		        config->lines->of[setting - settings]);
	fprintf(c->complaints, " [%s] %s: ", setting->section, name);
	vfprintf(c->complaints, format, args);
	putc('\n', c->complaints);
}

static void __attribute__((format(printf, 3, 4)))
complain(struct checking *c, const char *name, const char *format, ...)
{
	va_list args;

	c->good = false;
	va_start(args, format);
	write_line(c, name, format, args);
	va_end(args);
}

/* No fault yet, or none of the configuration. */
static void __attribute__((format(printf, 3, 4)))
remark(const struct checking *c, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(c, name, format, args);
	va_end(args);
}

/* --- files --------------------------------------------------------------- */

/* Whose the files must be; false: anybody's, for nobody says. */
static bool
find_owner(struct checking *c, uid_t *ret_uid)
{
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (c->config->user == NULL)
		return false;
	if (getpwnam_r(c->config->user, &entry, buf, sizeof buf, &found) != 0 ||
	    found == NULL) {
		complain(c, "user", "there is no user \"%s\"",
		         c->config->user);
		return false;
	}
	*ret_uid = entry.pw_uid;
	return true;
}

/* A file or folder with secrets: nobody else's to read, and the owner's. */
static void
check_private(struct checking *c, const char *name, const char *path,
              const uid_t *owner)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		complain(c, name, "%s: %s", path, strerror(errno));
		return;
	}
	if ((st.st_mode & 077) != 0)
		complain(c, name, "others may read %s: chmod go= %s", path,
		         path);
	if (owner != NULL && st.st_uid != *owner)
		complain(c, name, "%s is not %s's: chown it", path,
		         c->config->user);
}

/* Folders on the way to it may be closed. */
static void
check_reach(struct checking *c, const char *name, const char *path, int mode)
{
	int err = rights_try(c->config->user, path, mode);

	if (err != 0 && err != ENOENT) /* which is said elsewhere */
		complain(c, name, "%s cannot use %s: %s", c->config->user,
		         path, strerror(err));
}

static void
check_reaches(struct checking *c)
{
	const struct config *config = c->config;

	check_reach(c, "database", config->database, R_OK | W_OK | X_OK);
	check_reach(c, "records", config->records, R_OK | W_OK);
	check_reach(c, "user", config->path, R_OK);
}

static void
check_keys(struct checking *c, const uid_t *owner)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/key4.db", c->config->database);
	check_private(c, "database", path, owner);
	if (owner != NULL) {
		struct stat st;

		if (stat(c->config->database, &st) == 0 && st.st_uid != *owner)
			complain(c, "database", "%s is not %s's: chown it",
			         c->config->database, c->config->user);
	}
}

static void
check_files(struct checking *c)
{
	const struct config *config = c->config;
	uid_t uid = 0;
	const uid_t *owner = find_owner(c, &uid) ? &uid : NULL;
	struct stat st;

	if (owner != NULL && geteuid() == 0)
		check_reaches(c);
	check_keys(c, owner);
	check_private(c, "records", config->records, owner);
	if (config->password_file != NULL)
		check_private(c, "password_file", config->password_file, NULL);
	if (stat(config->path, &st) == 0 && (st.st_mode & 022) != 0)
		complain(c, "user", "others may write %s: chmod go-w it",
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
		complain(c, "server_cert", "%s", why);
	else if (tls_check_end(c->config, why, sizeof why))
		remark(c, "server_cert", "%s", why);
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
		complain(c, "database", "%s", why);
		return;
	}
	check_certificate(c);
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
	struct account *accounts = NULL;
	size_t n = 0, i = 0;
	enum rec_err err = records_account_list(records, &accounts, &n);

	if (err != REC_OK) {
		complain(c, "records", "%s: %s", config->records,
		         rec_strerror(err));
		return;
	}
	while (i < n && !can_log_in(config, &accounts[i]))
		i++;
	if (i == n && config->system.auth == AUTH_DIGEST)
		complain(c, "auth", "no account can log in by digest in realm "
		         "\"%s\": set a password with \"psmd account passwd\"",
		         config->realm);
	else if (i == n && config->system.auth == AUTH_BASIC)
		complain(c, "auth", "no account can log in: make one with "
		         "\"psmd account add\"");
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
		complain(c, "records", "%s: %s", c->config->records,
		         rec_strerror(err));
		return;
	}
	if (c->config->system.enabled)
		check_accounts(c, records);
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

static void
check_address(struct checking *c, const struct listen_address *at, bool runs)
{
	const char *name = at->tls ? "listen_https" : "listen_http";
	const char *host = at->host != NULL ? at->host : "*";
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
		                        .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int err = getaddrinfo(at->host, at->port, &hints, &list), why = 0;

	if (err != 0) {
		complain(c, name, "%s port %s: %s", host, at->port,
		         gai_strerror(err));
		return;
	}
	for (const struct addrinfo *info = list; info != NULL;
	     info = info->ai_next)
		if (!can_bind(info) && is_fault(errno, runs))
			why = errno;
	if (why != 0)
		complain(c, name, "%s port %s: %s", host, at->port,
		         strerror(why));
	freeaddrinfo(list);
}

/* The service's transport has an address to come in by. */
static void
check_transport(struct checking *c)
{
	const struct config *config = c->config;
	bool tls = false, plain = false;

	for (size_t i = 0; i < config->n_listen; i++) {
		tls |= config->listen[i].tls;
		plain |= !config->listen[i].tls;
	}
	if (config->n_listen == 0 || !config->system.enabled)
		return;
	if (config->system.transport == TRANSPORT_HTTPS && !tls)
		complain(c, "transport", "https, but listen_https is empty");
	if (config->system.transport == TRANSPORT_HTTP && !plain)
		complain(c, "transport", "http, but listen_http is empty");
}

static void
check_addresses(struct checking *c)
{
	bool runs = lock_is_taken(c->config->database);

	for (size_t i = 0; i < c->config->n_listen; i++)
		check_address(c, &c->config->listen[i], runs);
}

/* --- the whole ----------------------------------------------------------- */

bool
config_check(const struct config *config, FILE *complaints)
{
	struct checking c = { config, complaints, true };

	check_files(&c);
	check_database(&c);
	check_records(&c);
	check_transport(&c);
	check_addresses(&c);
	return c.good;
}

bool
config_check_reload(const struct config *config, const struct config *old,
                    FILE *complaints)
{
	struct checking c = { config, complaints, true };

	check_certificate(&c);
	check_records(&c);
	check_transport(&c);
	if (!c.good)
		return false;
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (settings[i].at_start &&
		    !setting_equal(&settings[i], config, old))
			remark(&c, settings[i].name,
			       "it takes effect at the next start");
	return true;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config.h - the configuration file, read whole and judged before use. */

#ifndef PSMD_CONFIG_H
#define PSMD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum transport { TRANSPORT_HTTPS, TRANSPORT_HTTP, TRANSPORT_BOTH };
enum auth_method { AUTH_DIGEST, AUTH_BASIC, AUTH_NONE };
enum client_cert { CLIENT_CERT_NONE, CLIENT_CERT_REQUEST, CLIENT_CERT_REQUIRE };

/* An API that can be switched off and has its own way to log in. */
struct service {
	bool enabled;
	enum transport transport;
	enum auth_method auth;
};

/* What is said about an internal id, "#...". */
struct internal_id {
	char *id;
	bool is_protected; /* default: yes */
	bool system_use_only;
};

struct listen_address {
	char *host; /* numeric, or a name; NULL: every address */
	char *port;
	bool tls;
};

/* Every path is absolute here; in the file it may be relative to the file's own
 * folder. */
struct config_lines;

struct config {
	char *path;          /* of the file itself */
	struct config_lines *lines; /* where it says what; NULL: not read from
	                      * a file */

	/* [server] */
	char *database;      /* folder of the NSS database */
	char *password_file; /* its password; NULL: it has none */
	char *records;       /* the SQLite file */
	char *user;          /* run as, when started as root; NULL: stay */
	struct listen_address *listen; /* listen_http, listen_https: lists */
	size_t n_listen;
	unsigned workers;    /* threads that answer requests */
	unsigned queue;      /* requests that may wait for one */
	bool page;           /* the certificate manager at "/": yes */
	bool metrics_public; /* /metrics for everybody, not for this machine
	                      * alone: no */

	/* [tls] */
	char *server_cert;   /* nickname; "#server" */
	enum client_cert client_cert;
	char *client_ca;     /* nickname of the CA that client certificates must
	                      * come from; NULL: those the database trusts */
	bool tls12;          /* TLS 1.2 as well as 1.3 */

	/* [limits] */
	unsigned connections, connections_per_address;
	unsigned header_bytes; /* request line and header fields */
	unsigned body_bytes;
	unsigned request_seconds;   /* from a request's first byte to its last */
	unsigned idle_seconds;      /* between requests */
	unsigned handshake_seconds;

	/* [accounts] */
	unsigned lock_after;   /* failures in a row */
	unsigned lock_seconds;
	unsigned session_seconds; /* idle time of a page's session */
	char *realm;

	/* [service system] and so on */
	struct service system;

	/* [id #name] */
	struct internal_id *ids;
	size_t n_ids;
};

/* Read the file. Everything that is wrong with it (unknown sections and names,
 * values out of range, the same name twice) is written to complaints, a line
 * each with the line's number; NULL: nothing is written. Returns NULL when
 * there was anything, or the file cannot be read. Does not look at the files
 * and addresses it names: config_check() does. */
struct config *config_read(const char *path, FILE *complaints);
/* Look at what the configuration names: the database opens and its password
 * fits, the server certificate is there with its key, fits its purpose and is in
 * date, the records can be read, files with secrets are nobody else's to read,
 * addresses can be listened on. Complaints as above; true: none. */
bool config_check(const struct config *config, FILE *complaints);
/* The same of one that shall take the place of old in the running daemon: what
 * takes effect at the next start only is not looked at, but named in
 * complaints. */
bool config_check_reload(const struct config *config, const struct config *old,
                         FILE *complaints);
/* Write a file that says everything, each setting with its meaning. What stands
 * in set, "section.name" and its value, takes the place of defaults. */
struct config_set {
	const char *name, *value;
};
bool config_write(FILE *out, const struct config_set set[], size_t n_set);
void config_free(struct config *config);

/* What an internal id is; never NULL. */
const struct internal_id *config_id(const struct config *config,
                                    const char *id);

#endif

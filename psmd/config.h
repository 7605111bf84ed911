/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config.h - the configuration file, read whole and judged before use. */

#ifndef PSMD_CONFIG_H
#define PSMD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ca/ca.h"

enum transport { TRANSPORT_HTTPS, TRANSPORT_HTTP, TRANSPORT_BOTH };
enum auth_method { AUTH_DIGEST, AUTH_BASIC, AUTH_NONE };
enum client_cert { CLIENT_CERT_NONE, CLIENT_CERT_REQUEST, CLIENT_CERT_REQUIRE };

/* An API that can be switched off and has its own way to log in. */
struct service {
	bool enabled;
	enum transport transport;
	enum auth_method auth;
};

enum approval { APPROVAL_AUTOMATIC, APPROVAL_MANUAL };
enum profile_subject {
	PROFILE_SUBJECT_ACCOUNT, /* CN is the account's name, and no more */
	PROFILE_SUBJECT_PARTS,   /* of what is asked for, ca.subject_parts */
	PROFILE_SUBJECT_ALL      /* all that is asked for */
};

/* What is issued, and when. */
struct profile {
	char *name;
	enum profile_subject subject;
	enum approval approval;
	struct ca_profile ca; /* its lists and texts are owned here; alt_names
	                       * is CA_ALT_NAMES_NONE or _GIVEN */
};

enum client_cipher { CLIENT_CBC, CLIENT_GCM, CLIENT_ECB };

/* Addresses from which a client may come. */
struct network {
	unsigned char address[16]; /* IPv4: ::ffff:a.b.c.d */
	unsigned bits;             /* that count, of 128 */
};

/* Who may call createPKCS12ById, by the account's name. */
struct client {
	char *account;
	char *aes_key_file;  /* base64 of 32 bytes */
	char *em_key_file;   /* the header's value */
	char *certificate;   /* PEM file: the registered signer's */
	enum client_cipher cipher;
	struct network *networks;
	size_t n_networks;
	char **profiles;     /* that it may ask for; none: every one */
	size_t n_profiles;
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

struct config_lines;

/* Every path is absolute here; in the file it may be relative to the file's own
 * folder. */
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
	unsigned request_seconds;   /* from its first byte to its answer's */
	unsigned idle_seconds;      /* between requests */
	unsigned handshake_seconds;

	/* [accounts] */
	unsigned lock_after;   /* failures in a row */
	unsigned lock_seconds;
	unsigned session_seconds; /* idle time of a page's session */
	char *realm;

	/* [service system] and so on */
	struct service system;
	struct service orders; /* HTTPS only */
	struct service pkcs12;

	/* [ca] */
	char *ca;              /* nickname, or token:nickname; "#issuer" */
	char *token_password_file; /* of that token; NULL: it has none */
	char *crl_file;        /* where the CRL is published */
	unsigned crl_days;     /* from one CRL to the next, at the most */

	/* [orders] */
	char *order_profile;   /* of !applyClientAuthCert's orders */

	/* [pkcs12] */
	unsigned pool_rsa_2048, pool_rsa_3072, pool_rsa_4096; /* keys made
	                        * ahead, of each kind */

	/* [profile name]; always one named "client" */
	struct profile *profiles;
	size_t n_profiles;

	/* [client name] */
	struct client *clients;
	size_t n_clients;

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
/* Then give it old's values of what takes effect at the next start only: until
 * then they go with what was opened by them. But for the addresses, which nobody
 * looks at once they are listened on. false: out of memory. */
bool config_keep_start(struct config *config, const struct config *old);
/* Write a file that says everything, each setting with its meaning. What stands
 * in set, "section.name" and its value, takes the place of defaults. */
struct config_set {
	const char *name, *value;
};
bool config_write(FILE *out, const struct config_set set[], size_t n_set);
void config_free(struct config *config);

/* The profile of that name, or NULL. */
const struct profile *config_profile(const struct config *config,
                                     const char *name);
/* The client of that account, or NULL. */
const struct client *config_client(const struct config *config,
                                   const char *account);
/* May it come from this address, numeric as struct peer has it? */
bool client_may_come_from(const struct client *client, const char *address);
/* What an internal id is; never NULL. */
const struct internal_id *config_id(const struct config *config,
                                    const char *id);

#endif

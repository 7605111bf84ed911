/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_site.h - a front before a responder, and clients of both: bare sockets,
 * curl and openssl. */

#ifndef TESTS_PSMD_FRONT_SITE_H
#define TESTS_PSMD_FRONT_SITE_H

#include "psmd/front_int.h"
#include "tests/psmd/responder.h"

struct site {
	struct config config;
	struct listen_address listen[2];
	struct responder responder;
	struct front *front;
	int plain, tls; /* ports */
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

/* site_defaults(), changes of site->config, site_begin(); site_end(). */
void site_defaults(struct site *site);
void site_begin(struct site *site);
void site_end(struct site *site);
/* With the defaults. */
void site_begin_default(struct site *site);

/* Where it listens. */
int site_port(const struct site *site, size_t i);
struct front_stats site_stats(const struct site *site);
void wait_until_open(const struct site *site, uint64_t n);

void wait_ms(long ms);
double now(void); /* seconds */

/* What a command says in the directory of the site's files, up to 64 KiB. */
const char *
shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void assert_has(const char *text, const char *part);

/* A connection, and what goes over it. */
int visit_from(const char *from, int port);
int visit(int port);
void say(int fd, const char *text);
/* All that comes until the end, up to 4 KiB. */
const char *hear(int fd);
/* One answer, that comes in one piece. */
const char *hear_once(int fd);

const char *curl(const struct site *site, const char *options,
                 const char *path);
/* openssl's client without input, and with one that ends when the client has
 * said until. */
const char *s_client(const struct site *site, const char *options);
const char *s_client_says(const struct site *site, const char *input,
                          const char *until, const char *options);

/* cmocka's, of the group: certificates, and NSS with them. */
int site_make_files(void **state);
/* NSS ends only when nothing of it is held any more. */
int site_remove_files(void **state);

#endif

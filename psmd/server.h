/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* server.h - what every part of the running daemon can reach, and the routes.
 */

#ifndef PSMD_SERVER_H
#define PSMD_SERVER_H

#include "psmd/config.h"
#include "psmd/engine.h"
#include "psmd/front.h"
#include "psmd/issuer.h"
#include "psmd/records.h"
#include "psmd/request.h"

struct auth;    /* auth.h */
struct http;    /* http.h */
struct metrics; /* metrics.h */
struct store;   /* store.h */
struct pfx_pool; /* ca/pfx.h */
struct ca_files; /* ca_files.h */

struct server {
	/* Read by every request; changed only by a reload, which makes a new
	 * one. Hold it with server_config(). */
	struct config *config;
	struct records *records;
	struct engine *engine;
	struct front *front;
	struct auth *auth;
	struct http *http;
	struct metrics *metrics;
	struct store *store;
	struct issuer *issuer;
	struct ca_files *ca_files;
	struct pfx_pool *pool; /* keys for createPKCS12ById */
};

/* The configuration now. It stays good until the daemon ends: a reload keeps
 * the old one, of which there are few. */
const struct config *server_config(const struct server *server);

/* What issuing takes, borrowed from it. */
struct issuing server_issuing(const struct server *server);

/* Who may use a route, judged before its handler runs. */
enum route_auth {
	ROUTE_OPEN,    /* anybody */
	ROUTE_SERVICE, /* as its service is configured */
	ROUTE_ACCOUNT, /* the same, but never nobody: where its service needs no
	                * login, the page's session */
	ROUTE_SESSION  /* the page's session, with its token for a write */
};

struct route {
	const char *path;  /* exact */
	/* A handler looks at the method itself, for what is wrong with a method
	 * is said in the manner of its API. It runs on a worker's thread, or
	 * with quick on the HTTP server's own, where it must not wait. */
	void (*handler)(const struct request *request, struct reply *reply);
	/* What went wrong before the handler: authorization, transport, a body
	 * too big, a malformed one, too much to do. */
	void (*refuse)(const struct request *request, int refusal,
	               struct reply *reply);
	const struct service *(*service)(const struct config *config);
	unsigned privileges;
	enum route_auth auth;
	bool quick;
	size_t max_body;   /* bytes; 0: the configuration's */
	size_t max_value;  /* of one parameter, bytes */
};

enum refusal {
	REFUSED_PATH = 1,
	REFUSED_DISABLED,
	REFUSED_HTTPS_REQUIRED,
	REFUSED_AUTH_METHOD,   /* another than the service's */
	REFUSED_AUTHORIZATION, /* 401; auth.c has added its challenges */
	REFUSED_PRIVILEGE,
	REFUSED_TOO_BIG,
	REFUSED_MALFORMED,
	REFUSED_BUSY,          /* 503 */
	REFUSED_MEMORY
};

/* The route of a path; a path below /api that is none has the API's own way to
 * say so, any other gets 404. Never NULL. */
const struct route *route_find(const char *path);

#endif

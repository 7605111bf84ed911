/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_listen.c - sockets that are listened on, and what they bring. */

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "psmd/front_int.h"
#include "psmd/log.h"

enum {
	ACCEPT_AT_ONCE = 16, /* then others have their turn */
	PAUSE_MS = 100,      /* while there are too many */
	UNSENT = 65536       /* bytes the kernel holds for a slow client */
};

/* "[::1]:8443" */
static bool
name_socket(int fd, char *buf, size_t size)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof host,
	                port, sizeof port,
	                NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	snprintf(buf, size, address.ss_family == AF_INET6 ? "[%.60s]:%.8s"
	                                                  : "%.60s:%.8s",
	         host, port);
	return true;
}

static bool
add_listener(struct listeners *listeners, int fd, bool tls)
{
	struct listener *more = realloc(listeners->list, (listeners->n + 1) *
	                                                         sizeof *more);
	struct listener *added;

	if (more == NULL)
		return false;
	listeners->list = more;
	added = &more[listeners->n];
	*added = (struct listener){ .source = { .kind = SOURCE_LISTENER,
		                                .fd = fd },
		                    .tls = tls };
	if (!name_socket(fd, added->name, sizeof added->name))
		return false;
	listeners->n++;
	return true;
}

void
listeners_close(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->n; i++) {
		if (listeners->list[i].source.fd >= 0)
			close(listeners->list[i].source.fd);
		listeners->list[i].source.fd = -1;
	}
}

static int
open_socket(const struct addrinfo *info)
{
	const int on = 1;
	int fd = socket(info->ai_family,
	                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    (info->ai_family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
	    bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A machine may be without IPv6, or without IPv4: one of a host's addresses of
 * every address is enough. */
static bool
open_all(struct listeners *listeners, const struct addrinfo *info,
         const struct listen_address *at)
{
	size_t before = listeners->n;
	int err = EADDRNOTAVAIL;

	for (; info != NULL; info = info->ai_next) {
		int fd = open_socket(info);

		if (fd >= 0 && add_listener(listeners, fd, at->tls))
			continue;
		err = errno;
		if (fd >= 0)
			close(fd);
		if (err != EAFNOSUPPORT && err != EADDRNOTAVAIL)
			break;
	}
	errno = err;
	return info == NULL && listeners->n > before;
}

static bool
open_address(struct listeners *listeners, const struct listen_address *at,
             char *why, size_t size)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
		                        .ai_socktype = SOCK_STREAM };
	const char *host = at->host != NULL ? at->host : "*";
	struct addrinfo *info = NULL;
	int err = getaddrinfo(at->host, at->port, &hints, &info);
	bool good;

	if (err != 0) {
		snprintf(why, size, "%s port %s: %s", host, at->port,
		         gai_strerror(err));
		return false;
	}
	good = open_all(listeners, info, at);
	if (!good)
		snprintf(why, size, "cannot listen on %s port %s: %s", host,
		         at->port, strerror(errno));
	freeaddrinfo(info);
	return good;
}

bool
listeners_open(struct listeners *listeners, const struct config *config,
               char *why, size_t size)
{
	for (size_t i = 0; i < config->n_listen; i++)
		if (!open_address(listeners, &config->listen[i], why, size))
			return false;
	return true;
}

/* --- sockets of systemd's ------------------------------------------------ */

/* Names stand in the order of descriptors, which begin with 3. */
static bool
has_http_name(int fd)
{
	const char *name = getenv("LISTEN_FDNAMES");

	for (int i = 3; name != NULL && i < fd; i++) {
		name = strchr(name, ':');
		if (name != NULL)
			name++;
	}
	return name != NULL && strncmp(name, "http-", 5) == 0;
}

static bool
has_http_port(int fd, const struct config *config)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;
	char port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, NULL, 0, port,
	                sizeof port, NI_NUMERICSERV) != 0)
		return false;
	for (size_t i = 0; i < config->n_listen; i++)
		if (!config->listen[i].tls &&
		    strcmp(config->listen[i].port, port) == 0)
			return true;
	return false;
}

/* A listening TCP socket? */
static bool
is_listening(int fd)
{
	int family = 0, listens = 0;
	socklen_t len = sizeof family;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0)
		return false;
	len = sizeof listens;
	return (family == AF_INET || family == AF_INET6) &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	       listens;
}

/* accept() must not block when another thread was faster. */
static bool
make_nonblocking(int fd)
{
	int one = 1;

	return ioctl(fd, FIONBIO, &one) == 0;
}

bool
listeners_adopt(struct listeners *listeners, const struct config *config,
                const int *fds, size_t n_fds, char *why, size_t size)
{
	for (size_t i = 0; i < n_fds; i++) {
		bool tls = !has_http_name(fds[i]) &&
		           !has_http_port(fds[i], config);

		if (!is_listening(fds[i])) {
			snprintf(why, size, "descriptor %d is no TCP socket "
			                    "that listens", fds[i]);
			return false;
		}
		if (!make_nonblocking(fds[i]) ||
		    !add_listener(listeners, fds[i], tls)) {
			snprintf(why, size, "descriptor %d: %s", fds[i],
			         strerror(errno));
			return false;
		}
	}
	return true;
}

/* --- what they bring ----------------------------------------------------- */

static void
refuse(struct front *front, int fd, bool tls)
{
	static const char busy[] =
	        "HTTP/1.1 503 Service Unavailable\r\n"
	        "Content-Length: 0\r\nRetry-After: 1\r\n"
	        "Connection: close\r\n\r\n";

	atomic_fetch_add(&front->refused_limit, 1);
	/* as far as it goes: the client may be gone */
	if (!tls && send(fd, busy, sizeof busy - 1,
	                 MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		(void)shutdown(fd, SHUT_WR);
	close(fd);
}

/* For small answers, and for few bytes in the kernel. */
static void
tune(int fd)
{
	const int on = 1, unsent = UNSENT;

	/* not fatal: slower, or more memory */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
	                 sizeof unsent);
}

static void
take(struct loop *loop, const struct listener *listener, int fd,
     const struct sockaddr_storage *address, socklen_t len)
{
	struct front *front = loop->front;
	struct address_key key = address_key(address);

	atomic_fetch_add(&front->accepted, 1);
	if (!addresses_add(front->addresses, &key,
	                   atomic_load(&front->limits.per_address))) {
		refuse(front, fd, listener->tls);
		atomic_fetch_sub(&front->open, 1);
		return;
	}
	tune(fd);
	conn_new(loop, fd, listener->tls, address, len);
}

/* There is room for one more, and it is ours. */
static bool
reserve(struct front *front)
{
	if (atomic_fetch_add(&front->open, 1) <
	    atomic_load(&front->limits.connections))
		return true;
	atomic_fetch_sub(&front->open, 1);
	return false;
}

static void
accept_failed(struct loop *loop, int err)
{
	atomic_fetch_sub(&loop->front->open, 1);
	switch (err) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (!loop->complained)
			log_line(LOG_DOUBTFUL,
			         "no more connections for now: %s",
			         strerror(err));
		loop->complained = true;
		loop_pause(loop, PAUSE_MS);
		break;
	default: /* none there, or it is gone again */
		break;
	}
}

void
listener_accept(struct loop *loop, const struct listener *listener)
{
	for (int i = 0; i < ACCEPT_AT_ONCE && loop->listening; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof address;
		int fd;

		if (!reserve(loop->front)) {
			loop_pause(loop, PAUSE_MS);
			return;
		}
		fd = accept4(listener->source.fd, (struct sockaddr *)&address,
		             &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			accept_failed(loop, errno);
			return;
		}
		loop->complained = false;
		take(loop, listener, fd, &address, len);
	}
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_clients.c - many clients of a TLS server on 127.0.0.1, which they do not
 * verify.
 *
 *   tls_clients idle PORT N         N connections, one request each; says
 *                                   "ready", asks again when its input ends
 *   tls_clients handshakes PORT S   full handshakes for S seconds, one by one
 *   tls_clients requests PORT S     requests over one connection for S seconds
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nss.h>
#include <prerror.h>
#include <prinrval.h>
#include <prio.h>
#include <prnetdb.h>
#include <ssl.h>

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "tls_clients: %s: %s\n", what,
	        PR_ErrorToName(PR_GetError()));
	exit(1);
}

static SECStatus
trust(void *arg, PRFileDesc *fd, PRBool check_sig, PRBool is_server)
{
	(void)arg;
	(void)fd;
	(void)check_sig;
	(void)is_server;
	return SECSuccess;
}

static PRFileDesc *
visit(PRUint16 port)
{
	PRFileDesc *tcp = PR_NewTCPSocket(), *ssl;
	PRNetAddr address;

	must(tcp != NULL, "PR_NewTCPSocket");
	must(PR_InitializeNetAddr(PR_IpAddrLoopback, port, &address) ==
	             PR_SUCCESS &&
	     PR_Connect(tcp, &address, PR_SecondsToInterval(10)) == PR_SUCCESS,
	     "PR_Connect");
	ssl = SSL_ImportFD(NULL, tcp);
	must(ssl != NULL, "SSL_ImportFD");
	must(SSL_OptionSet(ssl, SSL_NO_CACHE, PR_TRUE) == SECSuccess &&
	     SSL_AuthCertificateHook(ssl, trust, NULL) == SECSuccess &&
	     SSL_SetURL(ssl, "localhost") == SECSuccess &&
	     SSL_ResetHandshake(ssl, PR_FALSE) == SECSuccess &&
	     SSL_ForceHandshake(ssl) == SECSuccess, "handshake");
	return ssl;
}

/* The answer fits one record. */
static void
ask(PRFileDesc *fd)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	char answer[4096];

	must(PR_Send(fd, request, sizeof request - 1, 0,
	             PR_SecondsToInterval(10)) == sizeof request - 1,
	     "PR_Send");
	must(PR_Recv(fd, answer, sizeof answer, 0, PR_SecondsToInterval(10)) >
	             0,
	     "PR_Recv");
}

static void
stay_idle(PRUint16 port, long n)
{
	PRFileDesc **fds = calloc((size_t)n, sizeof *fds);
	char c;

	must(fds != NULL, "calloc");
	for (long i = 0; i < n; i++) {
		fds[i] = visit(port);
		ask(fds[i]);
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	for (long i = 0; i < n; i++) {
		ask(fds[i]);
		PR_Close(fds[i]);
	}
	free(fds);
}

static void
count(PRUint16 port, long seconds, bool handshakes)
{
	PRFileDesc *fd = handshakes ? NULL : visit(port);
	PRIntervalTime from = PR_IntervalNow();
	PRIntervalTime all = PR_SecondsToInterval((PRUint32)seconds);
	unsigned long n = 0;

	for (; PR_IntervalNow() - from < all; n++)
		if (handshakes)
			PR_Close(visit(port));
		else
			ask(fd);
	if (fd != NULL)
		PR_Close(fd);
	printf("%lu a second\n", n / (unsigned long)seconds);
}

int
main(int argc, char **argv)
{
	PRUint16 port = argc == 4 ? (PRUint16)atoi(argv[2]) : 0;
	long n = argc == 4 ? atol(argv[3]) : 0;

	if (port == 0 || n <= 0) {
		fprintf(stderr, "usage: tls_clients "
		                "idle|handshakes|requests PORT N\n");
		return 2;
	}
	must(NSS_NoDB_Init(NULL) == SECSuccess, "NSS_NoDB_Init");
	if (strcmp(argv[1], "idle") == 0)
		stay_idle(port, n);
	else
		count(port, n, strcmp(argv[1], "handshakes") == 0);
	must(NSS_Shutdown() == SECSuccess, "NSS_Shutdown");
	return 0;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_tls.c - one connection's TLS, and a client that keeps it busy. */

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <prerror.h>
#include <private/pprio.h>
#include <ssl.h>
#include <sslexp.h>

#include "psmd/tls.h"
#include "tests/psmd/front_site.h"
#include "tests/psmd/patience.h"

enum { MANY = 500 }; /* records, of some 30 bytes: a socket holds them all */

static bool reset_fails;

SECStatus __real_SSL_ResetHandshake(PRFileDesc *fd, PRBool as_server);
SECStatus __wrap_SSL_ResetHandshake(PRFileDesc *fd, PRBool as_server);

SECStatus
__wrap_SSL_ResetHandshake(PRFileDesc *fd, PRBool as_server)
{
	return reset_fails ? SECFailure
	                   : __real_SSL_ResetHandshake(fd, as_server);
}

/* --- both ends of a connection ------------------------------------------- */

struct ends {
	struct site site; /* its configuration */
	struct tls *tls;
	struct tls_conn *server;
	int fd[2];        /* the server's, the client's */
};

static void
make_socket_pair(int fd[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (void *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&at, &len), 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[1], (void *)&at, len), 0);
	fd[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd[0] >= 0);
	close(listener);
}

static void
ends_begin(struct ends *ends)
{
	char why[200] = "";

	*ends = (struct ends){ .fd = { -1, -1 } };
	site_defaults(&ends->site);
	ends->tls = tls_new(&ends->site.config, why, sizeof why);
	if (ends->tls == NULL)
		fail_msg("tls_new: %s", why);
	make_socket_pair(ends->fd);
}

static void
ends_accept(struct ends *ends)
{
	ends->server = tls_accept(ends->tls, ends->fd[0]);
	assert_non_null(ends->server);
}

static void
ends_end(struct ends *ends)
{
	tls_close(ends->server);
	tls_free(ends->tls);
	site_end(&ends->site);
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

/* A client of TLS on a socket, which it takes. */
static PRFileDesc *
client_on(int fd, bool blocks)
{
	PRSocketOptionData option = { .option = PR_SockOpt_Nonblocking };
	PRFileDesc *client = SSL_ImportFD(NULL, PR_ImportTCPSocket(fd));

	assert_non_null(client);
	option.value.non_blocking = !blocks;
	assert_int_equal(PR_SetSocketOption(client, &option), PR_SUCCESS);
	assert_int_equal(SSL_OptionSet(client, SSL_NO_CACHE, PR_TRUE),
	                 SECSuccess);
	assert_int_equal(SSL_AuthCertificateHook(client, trust, NULL),
	                 SECSuccess);
	assert_int_equal(SSL_SetURL(client, "localhost"), SECSuccess);
	assert_int_equal(SSL_ResetHandshake(client, PR_FALSE), SECSuccess);
	return client;
}

static bool
is_through(const struct ends *ends, PRFileDesc *client)
{
	bool done = SSL_ForceHandshake(client) == SECSuccess;

	assert_true(done || PR_GetError() == PR_WOULD_BLOCK_ERROR);
	return tls_handshake(ends->server) == 0 && done;
}

/* New keys for what it sends, again and again, and nothing else. */
static void
send_many(PRFileDesc *client)
{
	for (int i = 0; i < MANY; i++)
		assert_int_equal(SSL_KeyUpdate(client, PR_FALSE), SECSuccess);
}

/* --- the tests ----------------------------------------------------------- */

static void
test_tls_records_without_data_end_a_turn(void **state)
{
	struct ends ends;
	PRFileDesc *client;
	ssize_t n = TLS_AGAIN;
	int turns = 0;
	char c = 0;

	(void)state;
	ends_begin(&ends);
	ends_accept(&ends);
	client = client_on(ends.fd[1], false);
	assert_soon(is_through(&ends, client));
	send_many(client);
	assert_int_equal(PR_Send(client, "x", 1, 0, PR_INTERVAL_NO_WAIT), 1);
	while (n == TLS_AGAIN || n == TLS_LATER) {
		n = tls_read(ends.server, &c, 1);
		turns += n == TLS_LATER;
		assert_true(turns <= MANY);
	}
	assert_int_equal(n, 1);
	assert_int_equal(c, 'x');
	assert_true(turns > 10);
	PR_Close(client);
	ends_end(&ends);
}

/* A ClientHello, a byte a record, that never ends. */
static void
test_tls_handshake_in_crumbs_ends_a_turn(void **state)
{
	static const char crumb[] = "\x16\x03\x01\0\x01";
	static const char hello[] = "\x01\0\x40\0";
	struct ends ends;
	int got = TLS_LATER, turns = 0;

	(void)state;
	ends_begin(&ends);
	ends_accept(&ends);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(send(ends.fd[1], crumb, 5, 0), 5);
		assert_int_equal(send(ends.fd[1], i < 4 ? hello + i : "", 1, 0),
		                 1);
	}
	for (; got == TLS_LATER; turns++)
		got = tls_handshake(ends.server);
	assert_int_equal(got, TLS_AGAIN);
	assert_true(turns > 10);
	close(ends.fd[1]);
	ends_end(&ends);
}

static void
test_tls_busy_client_is_answered_all_the_same(void **state)
{
	struct site site;
	PRFileDesc *client;
	char answer[4096] = "";

	(void)state;
	site_begin_default(&site);
	client = client_on(visit(site.tls), true);
	assert_int_equal(SSL_ForceHandshake(client), SECSuccess);
	send_many(client);
	assert_int_equal(PR_Send(client, GET("/peer"), sizeof GET("/peer") - 1,
	                         0, PR_SecondsToInterval(PATIENCE)),
	                 sizeof GET("/peer") - 1);
	assert_true(PR_Recv(client, answer, sizeof answer - 1, 0,
	                    PR_SecondsToInterval(PATIENCE)) > 0);
	assert_has(answer, "TLS1.3");
	PR_Close(client);
	wait_until_open(&site, 0);
	site_end(&site);
}

static void
test_tls_that_cannot_begin_leaves_the_socket(void **state)
{
	struct ends ends;

	(void)state;
	ends_begin(&ends);
	reset_fails = true;
	assert_null(tls_accept(ends.tls, ends.fd[0]));
	reset_fails = false;
	assert_int_equal(send(ends.fd[0], "x", 1, MSG_NOSIGNAL), 1);
	ends_accept(&ends);
	close(ends.fd[1]);
	ends_end(&ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_records_without_data_end_a_turn),
		cmocka_unit_test(test_tls_handshake_in_crumbs_ends_a_turn),
		cmocka_unit_test(test_tls_busy_client_is_answered_all_the_same),
		cmocka_unit_test(test_tls_that_cannot_begin_leaves_the_socket),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, site_make_files,
	                              site_remove_files);
}

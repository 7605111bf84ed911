/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_conn.c - one connection's TLS. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <prerror.h>
#include <prnetdb.h>
#include <private/pprio.h>
#include <ssl.h>
#include <sslproto.h>

#include "psmd/tls_int.h"

struct tls_conn {
	struct tls *tls;
	PRFileDesc *fd;
	struct turn turn;
};

/* What was put on the socket goes, and the socket stays. With no descriptor at
 * all NSPR would not free its part: so it gets another. */
static void
let_socket_go(PRFileDesc *fd, int socket)
{
	PR_ChangeFileDescNativeHandle(
	        PR_GetIdentitiesLayer(fd, PR_NSPR_IO_LAYER),
	        fcntl(socket, F_DUPFD_CLOEXEC, 0));
	(void)PR_Close(fd);
}

/* NSPR has to be told that the socket does not block. */
static PRFileDesc *
import_socket(int fd, struct turn *turn)
{
	PRSocketOptionData option = { .option = PR_SockOpt_Nonblocking };
	PRFileDesc *tcp = PR_ImportTCPSocket(fd);

	if (tcp == NULL)
		return NULL;
	option.value.non_blocking = PR_TRUE;
	if (PR_SetSocketOption(tcp, &option) == PR_SUCCESS &&
	    turn_push(tcp, turn))
		return tcp;
	let_socket_go(tcp, fd);
	return NULL;
}

/* What a model does not pass on. */
static SECStatus
prepare(const struct tls *tls, PRFileDesc *ssl)
{
	if (tls->told != NULL &&
	    SSL_SetTrustAnchors(ssl, tls->told) != SECSuccess)
		return SECFailure;
	return SSL_ResetHandshake(ssl, PR_TRUE);
}

/* The caller keeps the socket when this fails. */
static PRFileDesc *
import_tls(struct tls *tls, int fd, struct turn *turn)
{
	PRFileDesc *tcp = import_socket(fd, turn), *ssl;

	if (tcp == NULL)
		return NULL;
	pthread_mutex_lock(&tls->lock);
	ssl = SSL_ImportFD(tls->model, tcp);
	pthread_mutex_unlock(&tls->lock);
	if (ssl != NULL && prepare(tls, ssl) == SECSuccess)
		return ssl;
	let_socket_go(ssl != NULL ? ssl : tcp, fd);
	return NULL;
}

struct tls_conn *
tls_accept(struct tls *tls, int fd)
{
	struct tls_conn *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		return NULL;
	conn->fd = import_tls(tls, fd, &conn->turn);
	if (conn->fd == NULL) {
		free(conn);
		return NULL;
	}
	conn->tls = tls_hold(tls);
	return conn;
}

static int
when_to_read(const struct tls_conn *conn)
{
	return conn->turn.is_over ? TLS_LATER : TLS_AGAIN;
}

int
tls_handshake(struct tls_conn *conn)
{
	turn_begin(&conn->turn);
	PR_SetError(0, 0);
	if (SSL_ForceHandshake(conn->fd) == SECSuccess)
		return 0;
	switch (PR_GetError()) {
	case PR_WOULD_BLOCK_ERROR:
		return when_to_read(conn);
	case PR_END_OF_FILE_ERROR:
	case PR_CONNECT_RESET_ERROR:
		return TLS_GONE;
	default:
		return TLS_FAILED;
	}
}

ssize_t
tls_read(struct tls_conn *conn, void *buf, size_t size)
{
	PRInt32 n;

	turn_begin(&conn->turn);
	n = PR_Recv(conn->fd, buf, (PRInt32)size, 0, PR_INTERVAL_NO_WAIT);
	if (n >= 0)
		return n;
	return PR_GetError() == PR_WOULD_BLOCK_ERROR ? when_to_read(conn)
	                                             : TLS_FAILED;
}

ssize_t
tls_write(struct tls_conn *conn, const void *buf, size_t len)
{
	PRInt32 n = PR_Send(conn->fd, buf, (PRInt32)len, 0,
	                    PR_INTERVAL_NO_WAIT);

	if (n > 0)
		return n;
	return n == 0 || PR_GetError() == PR_WOULD_BLOCK_ERROR ? TLS_AGAIN
	                                                       : TLS_FAILED;
}

bool
tls_wants_write(struct tls_conn *conn)
{
	PRInt16 ready;

	return (conn->fd->methods->poll(conn->fd, PR_POLL_READ, &ready) &
	        PR_POLL_WRITE) != 0;
}

void
tls_end(struct tls_conn *conn)
{
	/* The client may be gone: there is nobody left to tell. */
	(void)PR_Shutdown(conn->fd, PR_SHUTDOWN_SEND);
}

void
tls_close(struct tls_conn *conn)
{
	if (conn == NULL)
		return;
	(void)PR_Close(conn->fd);
	tls_free(conn->tls);
	free(conn);
}

const char *
tls_why(void)
{
	const char *name = PR_ErrorToName(PR_GetError());

	return name != NULL ? name : "unknown error";
}

const char *
tls_version(const struct tls_conn *conn)
{
	SSLChannelInfo info;

	if (SSL_GetChannelInfo(conn->fd, &info, sizeof info) != SECSuccess)
		return "TLS";
	switch (info.protocolVersion) {
	case SSL_LIBRARY_VERSION_TLS_1_2:
		return "TLS1.2";
	case SSL_LIBRARY_VERSION_TLS_1_3:
		return "TLS1.3";
	default:
		return "TLS";
	}
}

bool
tls_client_cert(const struct tls_conn *conn, unsigned char **ret_der,
                size_t *ret_len)
{
	CERTCertificate *cert = SSL_PeerCertificate(conn->fd);
	unsigned char *der = NULL;
	size_t len = 0;

	if (cert != NULL) {
		len = cert->derCert.len;
		der = malloc(len);
		if (der != NULL)
			memcpy(der, cert->derCert.data, len);
		CERT_DestroyCertificate(cert);
		if (der == NULL)
			return false;
	}
	*ret_der = der;
	*ret_len = len;
	return true;
}

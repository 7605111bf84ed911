/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_client.c - is a client's certificate good? */

#include <secerr.h>
#include <ssl.h>
#include <sslerr.h>

#include "psmd/tls_int.h"

/* Verify it against the one authority, whatever trust the database has. */
static SECStatus
verify_below(CERTCertificate *ca, CERTCertificate *cert)
{
	CERTCertList *anchors = CERT_NewCertList();
	CERTValInParam in[4] = { { .type = cert_pi_trustAnchors },
	                         { .type = cert_pi_useOnlyTrustAnchors },
	                         { .type = cert_pi_revocationFlags },
	                         { .type = cert_pi_end } };
	CERTValOutParam out[1] = { { .type = cert_po_end } };
	CERTCertificate *held = CERT_DupCertificate(ca);
	SECStatus rv;

	if (anchors == NULL ||
	    CERT_AddCertToListTail(anchors, held) != SECSuccess) {
		CERT_DestroyCertificate(held);
		if (anchors != NULL)
			CERT_DestroyCertList(anchors);
		return SECFailure;
	}
	in[0].value.pointer.chain = anchors;
	in[1].value.scalar.b = PR_TRUE;
	/* CRLs of the database, and nothing from the network */
	in[2].value.pointer.revocation = CERT_GetClassicOCSPDisabledPolicy();
	rv = CERT_PKIXVerifyCert(cert, certificateUsageSSLClient, in, out,
	                         NULL);
	CERT_DestroyCertList(anchors);
	return rv;
}

SECStatus
tls_auth_client(void *arg, PRFileDesc *fd, PRBool check_sig, PRBool is_server)
{
	const struct tls *tls = arg;
	CERTCertificate *cert = SSL_PeerCertificate(fd);
	SECStatus rv;

	if (cert == NULL || !is_server) {
		PORT_SetError(SSL_ERROR_NO_CERTIFICATE);
		CERT_DestroyCertificate(cert);
		return SECFailure;
	}
	if (tls->client_ca != NULL)
		rv = verify_below(tls->client_ca, cert);
	else
		rv = CERT_VerifyCertificateNow(CERT_GetDefaultCertDB(), cert,
		                               check_sig,
		                               certificateUsageSSLClient, NULL,
		                               NULL);
	CERT_DestroyCertificate(cert);
	return rv;
}

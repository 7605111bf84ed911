/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls.c - the server's certificate, and the settings of its connections. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <keyhi.h>
#include <pk11pub.h>
#include <prerror.h>
#include <ssl.h>
#include <sslproto.h>

#include "psmd/tls_int.h"

enum { CACHED_SESSIONS = 1000 };

/* NSS has one cache of sessions for the process. */
static struct {
	pthread_mutex_t lock;
	unsigned users;
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool
cache_hold(void)
{
	bool good = true;

	pthread_mutex_lock(&cache.lock);
	if (cache.users == 0)
		good = SSL_ConfigServerSessionIDCache(CACHED_SESSIONS, 0, 0,
		                                      NULL) == SECSuccess;
	if (good)
		cache.users++;
	pthread_mutex_unlock(&cache.lock);
	return good;
}

static void
cache_release(void)
{
	pthread_mutex_lock(&cache.lock);
	if (--cache.users == 0)
		(void)SSL_ShutdownServerSessionIDCache();
	pthread_mutex_unlock(&cache.lock);
}

static bool __attribute__((format(printf, 3, 4)))
fail_nss(char *why, size_t size, const char *format, ...)
{
	PRErrorCode err = PR_GetError();
	const char *name = PR_ErrorToName(err);
	int n;
	va_list ap;

	va_start(ap, format);
	n = vsnprintf(why, size, format, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size && err != 0)
		snprintf(why + n, size - (size_t)n, " (%s)",
		         name != NULL ? name : "unknown error");
	return false;
}

/* --- what is spoken ------------------------------------------------------ */

/* Only what encrypts and authenticates in one, with a key exchange that is
 * forgotten: no static RSA, RC4, 3DES or CBC. */
static bool
is_strong(const SSLCipherSuiteInfo *suite)
{
	return suite->macAlgorithm == ssl_mac_aead &&
	       (suite->keaType == ssl_kea_ecdh ||
	        suite->keaType == ssl_kea_tls13_any);
}

static bool
choose_suites(PRFileDesc *model)
{
	const PRUint16 *suites = SSL_GetImplementedCiphers();
	SSLCipherSuiteInfo info;

	for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers(); i++) {
		PRBool on = PR_FALSE;

		if (SSL_GetCipherSuiteInfo(suites[i], &info, sizeof info) !=
		            SECSuccess ||
		    SSL_CipherPrefGet(model, suites[i], &on) != SECSuccess)
			return false;
		if (on && !is_strong(&info) &&
		    SSL_CipherPrefSet(model, suites[i], PR_FALSE) != SECSuccess)
			return false;
	}
	return true;
}

/* Finite fields of 8192 bits, which TLS 1.3 may ask for, cost the server forty
 * times what an elliptic curve does, and the client nothing. */
static bool
choose_groups(PRFileDesc *model)
{
	static const SSLNamedGroup groups[] = {
		ssl_grp_ec_curve25519, ssl_grp_ec_secp256r1,
		ssl_grp_ec_secp384r1, ssl_grp_ec_secp521r1
	};

	return SSL_NamedGroupConfig(model, groups,
	                            sizeof groups / sizeof *groups) ==
	       SECSuccess;
}

/* Who logs in by certificate proves it anew with each connection: a resumed
 * session would not be verified again. */
static bool
set_options(PRFileDesc *model, enum client_cert client)
{
	const bool asks = client != CLIENT_CERT_NONE;
	const struct {
		PRInt32 option, value;
	} options[] = {
		{ SSL_SECURITY, PR_TRUE },
		{ SSL_HANDSHAKE_AS_SERVER, PR_TRUE },
		{ SSL_HANDSHAKE_AS_CLIENT, PR_FALSE },
		{ SSL_ENABLE_RENEGOTIATION, SSL_RENEGOTIATE_NEVER },
		{ SSL_ENABLE_0RTT_DATA, PR_FALSE },
		{ SSL_REUSE_SERVER_ECDHE_KEY, PR_FALSE },
		{ SSL_ENABLE_EXTENDED_MASTER_SECRET, PR_TRUE },
		{ SSL_ENABLE_SESSION_TICKETS, !asks },
		{ SSL_NO_CACHE, asks },
		{ SSL_REQUEST_CERTIFICATE, asks },
		{ SSL_REQUIRE_CERTIFICATE, client == CLIENT_CERT_REQUIRE
		                                   ? SSL_REQUIRE_ALWAYS
		                                   : SSL_REQUIRE_NEVER },
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (SSL_OptionSet(model, options[i].option, options[i].value) !=
		    SECSuccess)
			return false;
	return true;
}

static bool
set_protocol(PRFileDesc *model, const struct config *config)
{
	static const unsigned char alpn[] = "\x08http/1.1\x08http/1.0";
	const SSLVersionRange range = {
		config->tls12 ? SSL_LIBRARY_VERSION_TLS_1_2
		              : SSL_LIBRARY_VERSION_TLS_1_3,
		SSL_LIBRARY_VERSION_TLS_1_3
	};

	return SSL_VersionRangeSet(model, &range) == SECSuccess &&
	       set_options(model, config->client_cert) &&
	       choose_suites(model) && choose_groups(model) &&
	       SSL_SetNextProtoNego(model, alpn, sizeof alpn - 1) == SECSuccess;
}

/* --- certificates -------------------------------------------------------- */

/* The chain goes without its root, which the client has or does not trust. */
static bool
set_server_cert(PRFileDesc *model, CERTCertificate *cert,
                SECKEYPrivateKey *key)
{
	CERTCertificateList *chain = CERT_CertChainFromCert(
	        cert, certUsageSSLServer, PR_FALSE);
	SSLExtraServerCertData extra = { .authType = ssl_auth_null,
	                                 .certChain = chain };
	SECStatus rv;

	if (chain == NULL)
		return false;
	rv = SSL_ConfigServerCert(model, cert, key, &extra, sizeof extra);
	CERT_DestroyCertificateList(chain);
	return rv == SECSuccess;
}

static bool
find_server_cert(PRFileDesc *model, const char *nickname, char *why,
                 size_t size)
{
	CERTCertificate *cert;
	SECKEYPrivateKey *key;
	bool good;

	PR_SetError(0, 0);
	cert = PK11_FindCertFromNickname(nickname, NULL);
	if (cert == NULL)
		return fail_nss(why, size, "no server certificate \"%s\"",
		                nickname);
	key = PK11_FindKeyByAnyCert(cert, NULL);
	if (key == NULL) {
		CERT_DestroyCertificate(cert);
		return fail_nss(why, size, "no key for certificate \"%s\"",
		                nickname);
	}
	good = set_server_cert(model, cert, key);
	if (!good)
		fail_nss(why, size, "\"%s\" cannot serve TLS", nickname);
	SECKEY_DestroyPrivateKey(key);
	CERT_DestroyCertificate(cert);
	return good;
}

/* The one, or none in particular. Were NSS not given a list, it would read
 * every certificate of the database. */
static bool
set_authorities(struct tls *tls)
{
	CERTCertificate *held;

	tls->told = CERT_NewCertList();
	if (tls->told == NULL)
		return false;
	if (tls->client_ca == NULL)
		return true;
	held = CERT_DupCertificate(tls->client_ca);
	if (CERT_AddCertToListTail(tls->told, held) == SECSuccess)
		return true;
	CERT_DestroyCertificate(held);
	return false;
}

static bool
set_client_ca(struct tls *tls, const char *nickname, char *why, size_t size)
{
	if (nickname != NULL) {
		PR_SetError(0, 0);
		tls->client_ca = PK11_FindCertFromNickname(nickname, NULL);
		if (tls->client_ca == NULL)
			return fail_nss(why, size, "no certificate \"%s\"",
			                nickname);
	}
	if (!set_authorities(tls) ||
	    SSL_AuthCertificateHook(tls->model, tls_auth_client, tls) !=
	            SECSuccess)
		return fail_nss(why, size, "client certificates");
	return true;
}

/* --- the whole ----------------------------------------------------------- */

static PRFileDesc *
new_model(void)
{
	PRFileDesc *tcp = PR_NewTCPSocket(), *model;

	if (tcp == NULL)
		return NULL;
	model = SSL_ImportFD(NULL, tcp);
	if (model == NULL)
		PR_Close(tcp);
	return model;
}

static bool
configure(struct tls *tls, const struct config *config, char *why, size_t size)
{
	tls->model = new_model();
	if (tls->model == NULL)
		return fail_nss(why, size, "TLS cannot be set up");
	if (!set_protocol(tls->model, config))
		return fail_nss(why, size, "TLS cannot be set up");
	return find_server_cert(tls->model, config->server_cert, why, size) &&
	       (config->client_cert == CLIENT_CERT_NONE ||
	        set_client_ca(tls, config->client_ca, why, size));
}

struct tls *
tls_new(const struct config *config, char *why, size_t size)
{
	struct tls *tls = calloc(1, sizeof *tls);

	if (tls == NULL) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	if (!cache_hold()) {
		fail_nss(why, size, "TLS sessions cannot be kept");
		free(tls);
		return NULL;
	}
	atomic_init(&tls->refs, 1);
	pthread_mutex_init(&tls->lock, NULL);
	if (configure(tls, config, why, size))
		return tls;
	tls_free(tls);
	return NULL;
}

struct tls *
tls_hold(struct tls *tls)
{
	atomic_fetch_add(&tls->refs, 1);
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL || atomic_fetch_sub(&tls->refs, 1) > 1)
		return;
	if (tls->model != NULL)
		PR_Close(tls->model);
	if (tls->client_ca != NULL)
		CERT_DestroyCertificate(tls->client_ca);
	if (tls->told != NULL)
		CERT_DestroyCertList(tls->told);
	pthread_mutex_destroy(&tls->lock);
	cache_release();
	free(tls);
}

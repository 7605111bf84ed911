/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_check.c - is the server's certificate fit for its work? */

#include <stdio.h>

#include <cert.h>
#include <pk11pub.h>
#include <prtime.h>

#include "psmd/tls_int.h"

#define WARN_DAYS 30
#define A_DAY (24 * 3600 * (PRTime)PR_USEC_PER_SEC)

static bool
fail(char *why, size_t size, const char *nickname, const char *what)
{
	snprintf(why, size, "certificate \"%s\" %s", nickname, what);
	return false;
}

/* nsCertType is what NSS gathered from the extensions. */
static bool
server_is_fit(CERTCertificate *cert, const char *nickname, char *why,
              size_t size)
{
	switch (CERT_CheckCertValidTimes(cert, PR_Now(), PR_FALSE)) {
	case secCertTimeExpired:
		return fail(why, size, nickname, "has expired");
	case secCertTimeNotValidYet:
		return fail(why, size, nickname, "is not valid yet");
	case secCertTimeUndetermined:
		return fail(why, size, nickname, "has no readable validity");
	case secCertTimeValid:
		break;
	}
	if ((cert->nsCertType & NS_CERT_TYPE_SSL_SERVER) == 0)
		return fail(why, size, nickname,
		            "is not for servers, as its extensions say");
	return true;
}

static bool
write_end(PRTime end, const char *nickname, char *what, size_t size)
{
	char day[16] = "";
	PRExplodedTime parts;

	if (end > PR_Now() + WARN_DAYS * A_DAY)
		return false;
	PR_ExplodeTime(end, PR_GMTParameters, &parts);
	PR_FormatTimeUSEnglish(day, sizeof day, "%Y-%m-%d", &parts);
	snprintf(what, size, "certificate \"%s\" %s on %s: see psmd renew",
	         nickname, end < PR_Now() ? "ran out" : "runs out", day);
	return true;
}

bool
tls_check_end(const struct config *config, char *what, size_t size)
{
	const char *nickname = config->server_cert;
	CERTCertificate *cert = PK11_FindCertFromNickname(nickname, NULL);
	PRTime begin, end;
	bool ends;

	if (cert == NULL)
		return false;
	ends = CERT_GetCertTimes(cert, &begin, &end) == SECSuccess &&
	       write_end(end, nickname, what, size);
	CERT_DestroyCertificate(cert);
	return ends;
}

/* A CA, as it stands in the database. */
static bool
client_ca_is_fit(const struct config *config, char *why, size_t size)
{
	CERTCertificate *cert;
	bool good;

	if (config->client_cert == CLIENT_CERT_NONE ||
	    config->client_ca == NULL)
		return true;
	cert = PK11_FindCertFromNickname(config->client_ca, NULL);
	if (cert == NULL)
		return fail(why, size, config->client_ca, "is not there");
	good = CERT_IsCACert(cert, NULL);
	CERT_DestroyCertificate(cert);
	return good || fail(why, size, config->client_ca, "is no CA's");
}

bool
tls_check(const struct config *config, char *why, size_t size)
{
	struct tls *tls = tls_new(config, why, size);
	CERTCertificate *cert;
	bool good;

	if (tls == NULL)
		return false;
	tls_free(tls);
	cert = PK11_FindCertFromNickname(config->server_cert, NULL);
	if (cert == NULL)
		return fail(why, size, config->server_cert, "is not there");
	good = server_is_fit(cert, config->server_cert, why, size);
	CERT_DestroyCertificate(cert);
	return good && client_ca_is_fit(config, why, size);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* client_cert.c - certificates that this service issued, as a login. */

#include "psmd/client_cert.h"

#include <string.h>
#include <time.h>

#include "ca/ca.h"
#include "psmd/log.h"
#include "psmd/records_cert.h"
#include "psmd/records_order.h"
#include "psmd/server.h"

static bool
is_in_force(const struct cert_record *cert)
{
	int64_t now = time(NULL);

	return cert->revoked == 0 && cert->not_before <= now &&
	       now < cert->not_after;
}

enum client_cert_is
client_cert_look(const struct request *request, int64_t *ret_id)
{
	const struct peer *peer = request->peer;
	enum client_cert_is is = CLIENT_CERT_IS_NONE;
	char serial[CA_SERIAL_HEX];
	struct cert_record cert;
	enum rec_err err;

	if (peer->cert == NULL ||
	    !ca_cert_serial(peer->cert, peer->cert_len, serial))
		return CLIENT_CERT_IS_NONE;
	err = records_cert_find(request->server->records, NULL, serial, &cert);
	if (err == REC_NOT_FOUND)
		return CLIENT_CERT_IS_NONE;
	if (err != REC_OK) {
		log_line(LOG_FAILED, "looking for a client's certificate: %s",
		         rec_strerror(err));
		return CLIENT_CERT_IS_UNKNOWN;
	}
	if (cert.der_len == peer->cert_len &&
	    memcmp(cert.der, peer->cert, cert.der_len) == 0)
		is = is_in_force(&cert) ? CLIENT_CERT_IS_OURS
		                        : CLIENT_CERT_IS_REVOKED;
	if (is == CLIENT_CERT_IS_OURS)
		*ret_id = cert.id;
	cert_record_clear(&cert);
	return is;
}

/* One of another's account that had the same name is none of this one's, though
 * it may have been approved only now. */
static bool
is_orders(struct records *records, const struct account *account,
          int64_t number)
{
	struct order order;
	bool is;

	if (records_order_get(records, account->name, number, &order) != REC_OK)
		return false;
	is = order.applied >= account->created;
	order_clear(&order);
	return is;
}

/* Those who were authorized for it do not count: whoever ordered it has its key,
 * and could authorize anybody, to ask in that name from then on. Nor does one of
 * a PKCS#12: its account is the client's who had it made, and its key is
 * somebody else's. */
bool
client_cert_is_for(const struct request *request, const struct account *account)
{
	struct records *records = request->server->records;
	struct cert_record cert;
	int64_t id, number;

	if (client_cert_look(request, &id) != CLIENT_CERT_IS_OURS ||
	    records_cert_get(records, account->name, id, &cert) != REC_OK)
		return false;
	number = cert.order;
	cert_record_clear(&cert);
	return number != 0 && is_orders(records, account, number);
}

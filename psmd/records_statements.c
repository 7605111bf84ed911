/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_statements.c - the SQL of the records. */

#include "psmd/records_sql.h"

/* in the order that read_account() reads */
#define ACCOUNT \
	"SELECT name, privileges, enabled, hash, ha1_md5, ha1_sha256," \
	" realm, failures, locked_until, created, changed, generation" \
	" FROM account"
/* read_order() */
#define ORDER_COLUMNS \
	"number, account, foreign_number, form, profile, days, state," \
	" reason, applied, decided, issued, hash"
#define ORDER "SELECT " ORDER_COLUMNS ", request FROM orders"
#define ORDER_LIST "SELECT " ORDER_COLUMNS " FROM orders WHERE number < ?1"
/* read_cert() */
#define CERT \
	"SELECT id, serial, issuer, order_number, account, request_id," \
	" encrypted, not_before, not_after, revoked, reason, subject, der" \
	" FROM certificate"
/* read_result() */
#define PKCS12 \
	"SELECT state, approved, claim, request, subscriber, reason," \
	" asked, file, certificate FROM pkcs12"
/* read_waiting() */
#define PKCS12_WAITING \
	"SELECT request, begun, user, application, subscriber, asked"

const char *const sql_texts[STMT_N] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_COUNTER_NEXT] = "UPDATE counter SET value = value + 1"
	                      " WHERE name = ?1 RETURNING value",
	[STMT_COUNTER_RAISE] = "UPDATE counter SET value = max(value, ?2)"
	                       " WHERE name = ?1",
	[STMT_COUNTER_GET] = "SELECT value FROM counter WHERE name = ?1",

	[STMT_ACCOUNT_GET] = ACCOUNT " WHERE name = ?1",
	[STMT_ACCOUNT_LIST] = ACCOUNT " ORDER BY name",
	/* the parameters are in put_account()'s order */
	[STMT_ACCOUNT_ADD] =
	        "INSERT INTO account (name, privileges, enabled, hash,"
	        " ha1_md5, ha1_sha256, realm, changed, generation, created)"
	        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8)",
	[STMT_ACCOUNT_CHANGE] =
	        "UPDATE account SET privileges = ?2, enabled = ?3, hash = ?4,"
	        " ha1_md5 = ?5, ha1_sha256 = ?6, realm = ?7, changed = ?8,"
	        " generation = ?9 WHERE name = ?1",
	[STMT_ACCOUNT_REHASH] =
	        "UPDATE account SET hash = ?3 WHERE name = ?1 AND hash = ?2",
	[STMT_ACCOUNT_FAILURES] = "UPDATE account SET failures = ?2,"
	                          " locked_until = ?3 WHERE name = ?1",
	[STMT_ACCOUNT_REMOVE] = "DELETE FROM account WHERE name = ?1",

	[STMT_ORDER_ADD] =
	        "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '',"
	        " ?8, ?9, 0, ?10, ?11)",
	[STMT_ORDER_REPEATED] = "SELECT number, hash FROM orders"
	                        " WHERE account = ?1 AND foreign_number = ?2",
	[STMT_ORDER_GET] =
	        ORDER " WHERE number = ?1 AND (?2 IS NULL OR account = ?2)",
	[STMT_ORDER_FIND] = ORDER " WHERE account = ?1 AND foreign_number = ?2",
	[STMT_ORDER_LIST] = ORDER_LIST " ORDER BY number DESC LIMIT ?2",
	[STMT_ORDER_LIST_STATE] = ORDER_LIST " AND state = ?3"
	                                     " ORDER BY number DESC LIMIT ?2",
	[STMT_ORDER_LIST_ACCOUNT] = ORDER_LIST " AND account = ?3"
	                                       " ORDER BY number DESC LIMIT ?2",
	[STMT_ORDER_LIST_BOTH] = ORDER_LIST " AND account = ?3 AND state = ?4"
	                                    " ORDER BY number DESC LIMIT ?2",
	/* state 0 is ORDER_APPLIED, 2 PKCS12_WAITS */
	[STMT_ORDER_WAITING] =
	        "SELECT (SELECT count(*) FROM"
	        " (SELECT 1 FROM orders WHERE state = 0 LIMIT ?1)) +"
	        " (SELECT count(*) FROM"
	        " (SELECT 1 FROM pkcs12 WHERE state = 2 LIMIT ?1))",
	[STMT_ORDER_STATE] = "SELECT state, account FROM orders"
	                     " WHERE number = ?1",
	/* state 2: rejected. Of a request that is done with its hash is kept
	 * alone. */
	[STMT_ORDER_DECIDE] =
	        "UPDATE orders SET state = ?2, reason = ?3, decided = ?4,"
	        " request = iif(?2 = 2, X'', request) WHERE number = ?1",
	[STMT_ORDER_ISSUED] = "UPDATE orders SET state = ?2, issued = ?3,"
	                      " request = X'' WHERE number = ?1",
	/* states 3 and 4: issued, and revoked when no certificate is good */
	[STMT_ORDER_RECKON] =
	        "UPDATE orders SET state = 4 - EXISTS (SELECT 1"
	        " FROM certificate WHERE order_number = orders.number"
	        " AND revoked = 0) WHERE number = ?1",

	[STMT_CERT_ADD] =
	        "INSERT INTO certificate (id, serial, issuer, order_number,"
	        " account, request_id, encrypted, not_before, not_after,"
	        " subject, der) VALUES (?1, ?2, ?3, NULLIF(?4, 0), ?5, ?6, ?7,"
	        " ?8, ?9, ?10, ?11)",
	[STMT_CERT_GET] =
	        CERT " WHERE id = ?1 AND (?2 IS NULL OR account = ?2)",
	[STMT_CERT_FIND] =
	        CERT " WHERE serial = ?1 AND (?2 IS NULL OR account = ?2)",
	[STMT_CERT_LIST] = CERT " WHERE order_number = ?1 ORDER BY id",
	[STMT_CERT_STATE] = "SELECT revoked, reason, order_number"
	                    " FROM certificate WHERE id = ?1",
	[STMT_CERT_REVOKE] = "UPDATE certificate SET revoked = ?2, reason = ?3"
	                     " WHERE id = ?1",
	[STMT_CERT_REVOKED] =
	        "SELECT id, serial, revoked, reason FROM certificate"
	        " WHERE issuer = ?1 AND revoked <> 0 AND id > ?2"
	        " AND not_after >= ?3 ORDER BY id LIMIT ?4",
	[STMT_CERT_ADD_USER] =
	        "INSERT INTO certificate_user SELECT ?1, name FROM account"
	        " WHERE name = ?2 AND enabled",
	[STMT_CERT_MAY_USE] =
	        "SELECT 1 FROM certificate WHERE id = ?1 AND (account = ?2"
	        " OR EXISTS (SELECT 1 FROM certificate_user"
	        " WHERE certificate = ?1 AND user = ?2))",

	[STMT_CERT_USERS] = "SELECT user FROM certificate_user"
	                    " WHERE certificate = ?1 AND user > ?2"
	                    " ORDER BY user LIMIT ?3",

	[STMT_PKCS12_GET] = PKCS12 " WHERE user = ?1 AND application = ?2",
	[STMT_PKCS12_ADD] =
	        "INSERT INTO pkcs12 (request, user, application, subscriber,"
	        " asked, begun, state, claim, reason)"
	        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '')",
	[STMT_PKCS12_CLAIM] = "UPDATE pkcs12 SET state = ?2, claim = ?3,"
	                      " subscriber = ?4, asked = ?5"
	                      " WHERE request = ?1",
	[STMT_PKCS12_CLAIMED] = "SELECT request, user FROM pkcs12"
	                        " WHERE claim = ?1 AND claim <> 0",
	[STMT_PKCS12_DONE] =
	        "UPDATE pkcs12 SET state = ?2, claim = 0,"
	        " certificate = ?3, file = ?4 WHERE request = ?1",
	[STMT_PKCS12_LEAVE] = "UPDATE pkcs12 SET state = ?2, claim = 0"
	                      " WHERE request = ?1",
	[STMT_PKCS12_STATE] = "SELECT state, approved FROM pkcs12"
	                      " WHERE request = ?1",
	[STMT_PKCS12_DECIDE] = "UPDATE pkcs12 SET state = ?2, approved = ?3,"
	                       " reason = ?4 WHERE request = ?1",
	[STMT_PKCS12_WAITING] = PKCS12_WAITING
	        " FROM pkcs12 WHERE state = 2 AND request < ?1"
	        " AND (?3 IS NULL OR user = ?3)"
	        " ORDER BY request DESC LIMIT ?2",
	[STMT_PKCS12_INFO] = PKCS12_WAITING
	        ", state, approved, reason, certificate FROM pkcs12"
	        " WHERE request = ?1",

	[STMT_AUDIT_LAST] = "SELECT hash FROM audit"
	                    " ORDER BY number DESC LIMIT 1",
	[STMT_AUDIT_ADD] =
	        "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[STMT_AUDIT_LIST] = "SELECT number, time, account, address, action,"
	                    " object, details, hash FROM audit"
	                    " WHERE number >= ?1 ORDER BY number LIMIT ?2",
};

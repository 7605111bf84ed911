/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* apply_judge.c - the arguments of !applyClientAuthCert. */

#include <stdlib.h>
#include <string.h>

#include "psmd/apply_int.h"
#include "psmd/server.h"
#include "psmd/text.h"

enum { CERT_ID_DIGITS = 16, SERIAL_DIGITS = 34 };

const struct products_field apply_fields[APPLY_N_FIELDS] = {
	[APPLY_LOGIN_NAME] = { "loginName", 64 },
	[APPLY_LOGIN_PASSWORD] = { "loginPassword", 128 },
	[APPLY_CSR] = { "csr", 32767 },
	[APPLY_CRMF] = { "crmf", 65535 },
	[APPLY_DAYS] = { "days", 4 },
	[APPLY_USER] = { "UserLoginNameForCert", 64 },
	[APPLY_SERIAL] = { "serialNumber", SERIAL_DIGITS },
	[APPLY_CERT_ID] = { "certificateID", CERT_ID_DIGITS },
	[APPLY_ORDER] = { "orderNumber", TEXT_DIGITS_MAX },
	[APPLY_COLLECT] = { "collect", 1 },
	[APPLY_RESPONSE_TYPE] = { "responseType", 1 },
	[APPLY_FOREIGN] = { "foreignOrderNumber", 64 },
	[APPLY_RESPONSE_FORMAT] = { "responseFormat", 1 },
};

static bool
fail(struct apply *apply, int code, enum apply_field field)
{
	return products_fail(&apply->error, code, apply_fields[field].name,
	                     NULL);
}

static bool
fail_value(struct apply *apply, enum apply_field field)
{
	return fail(apply, PRODUCTS_VALUE, field);
}

/* A row that is not there is the argument's fault. */
static bool
fail_rec(struct apply *apply, enum rec_err err, enum apply_field field)
{
	if (err == REC_NOT_FOUND)
		return fail_value(apply, field);
	return products_records_failed(&apply->error, err,
	                               "looking for what is named");
}

/* --- each by itself ------------------------------------------------------ */

static bool
judge_choice(struct apply *apply, enum apply_field field, const char *a,
             const char *b)
{
	const char *value = apply->values[field];

	return value == NULL || strcmp(value, a) == 0 ||
	       strcmp(value, b) == 0 || fail_value(apply, field);
}

static bool
judge_collect(struct apply *apply)
{
	const char *collect = apply->values[APPLY_COLLECT];
	const char *type = apply->values[APPLY_RESPONSE_TYPE];

	if (!judge_choice(apply, APPLY_COLLECT, "Y", "N") ||
	    !judge_choice(apply, APPLY_RESPONSE_TYPE, "0", "2") ||
	    !judge_choice(apply, APPLY_RESPONSE_FORMAT, "0", "1"))
		return false;
	apply->collect = collect != NULL && collect[0] == 'Y';
	apply->dialect = type != NULL && type[0] == '2' ? CA_DIALECT_PKCS7
	                                                : CA_DIALECT_CERT;
	return type == NULL || apply->collect ||
	       fail_value(apply, APPLY_RESPONSE_TYPE);
}

static bool
judge_source(struct apply *apply)
{
	const char **values = apply->values;

	apply->source = values[APPLY_CSR] != NULL    ? APPLY_CSR
	                : values[APPLY_CRMF] != NULL ? APPLY_CRMF
	                                             : APPLY_N_FIELDS;
	return values[APPLY_CSR] == NULL || values[APPLY_CRMF] == NULL ||
	       fail_value(apply, APPLY_CRMF);
}

static bool
judge_days(struct apply *apply)
{
	static const char *const allowed[] = { "365", "730", "1095" };
	const struct config *config = apply->issuing.config;
	const char *days = apply->values[APPLY_DAYS];

	apply->profile = config_profile(config, config->order_profile);
	if (apply->profile == NULL)
		return products_fail(&apply->error, PRODUCTS_UNKNOWN, NULL,
		                     "(there is no profile for orders)");
	for (size_t i = 0; days != NULL && i < 3; i++)
		if (strcmp(days, allowed[i]) == 0)
			apply->days = 365 * (unsigned)(i + 1);
	if (days != NULL && apply->days == 0)
		return fail_value(apply, APPLY_DAYS);
	return apply->profile->ca.max_days == 0 ||
	       apply->days <= apply->profile->ca.max_days ||
	       fail_value(apply, APPLY_DAYS);
}

/* With collect and without a request nothing else looks whether it is taken. */
static bool
judge_foreign_number(struct apply *apply)
{
	const char *number = apply->values[APPLY_FOREIGN];
	struct order order;
	enum rec_err err;

	if (number == NULL)
		return true;
	if (!text_is_line(number, ORDER_FOREIGN_MAX))
		return fail_value(apply, APPLY_FOREIGN);
	if (!apply->collect)
		return true;
	err = records_order_find(apply->issuing.records, apply->account, number,
	                         &order);
	if (err == REC_NOT_FOUND)
		return true;
	if (err != REC_OK)
		return fail_rec(apply, err, APPLY_FOREIGN);
	order_clear(&order);
	return fail_value(apply, APPLY_FOREIGN);
}

static bool
judge_user(struct apply *apply)
{
	const char *user = apply->values[APPLY_USER];
	struct account account;
	bool enabled;
	enum rec_err err;

	if (user == NULL)
		return true;
	if (!account_name_valid(user))
		return fail_value(apply, APPLY_USER);
	err = records_account_get(apply->issuing.records, user, &account);
	enabled = err == REC_OK && account.enabled;
	explicit_bzero(&account, sizeof account);
	if (err != REC_OK)
		return fail_rec(apply, err, APPLY_USER);
	return enabled || fail_value(apply, APPLY_USER);
}

/* --- which certificate --------------------------------------------------- */

/* The one that is named is apply's, unless another is already. */
static bool
take_cert(struct apply *apply, struct cert_record *cert,
          enum apply_field field)
{
	if (apply->n_certs > 0) {
		bool same = cert->id == apply->certs[0].id;

		cert_record_clear(cert);
		return same || fail_value(apply, field);
	}
	apply->certs = malloc(sizeof *apply->certs);
	if (apply->certs == NULL) {
		cert_record_clear(cert);
		return products_fail(&apply->error, PRODUCTS_UNKNOWN, NULL,
		                     NULL);
	}
	apply->certs[0] = *cert;
	apply->n_certs = 1;
	apply->number = cert->order;
	return true;
}

/* By its serial number, or when that is NULL its id: the account's own; or to
 * collect it, one that the account was authorized for. */
static enum rec_err
find_cert(const struct apply *apply, const char *serial, int64_t id,
          struct cert_record *ret_cert)
{
	struct records *records = apply->issuing.records;
	const bool collects = apply->collect &&
	                      apply->values[APPLY_USER] == NULL;
	const char *const owners[] = { apply->account, NULL };
	enum rec_err err = REC_NOT_FOUND;

	for (int i = 0; err == REC_NOT_FOUND && i < 1 + collects; i++)
		err = serial != NULL ? records_cert_find(records, owners[i],
		                                         serial, ret_cert)
		                     : records_cert_get(records, owners[i], id,
		                                        ret_cert);
	if (err == REC_OK && strcmp(ret_cert->account, apply->account) != 0 &&
	    (err = records_cert_may_use(records, ret_cert->id,
	                                apply->account)) != REC_OK)
		cert_record_clear(ret_cert);
	return err;
}

static bool
find_by_id(struct apply *apply)
{
	const char *text = apply->values[APPLY_CERT_ID];
	struct cert_record cert;
	enum rec_err err;
	int64_t id;

	if (text == NULL)
		return true;
	if (strlen(text) != CERT_ID_DIGITS || !text_number(text, &id))
		return fail_value(apply, APPLY_CERT_ID);
	err = find_cert(apply, NULL, id, &cert);
	if (err != REC_OK)
		return fail_rec(apply, err, APPLY_CERT_ID);
	return take_cert(apply, &cert, APPLY_CERT_ID);
}

static bool
find_by_serial(struct apply *apply)
{
	const char *text = apply->values[APPLY_SERIAL];
	char serial[CERT_SERIAL_MAX + 1];
	struct cert_record cert;
	enum rec_err err;

	if (text == NULL)
		return true;
	if (!cert_serial(text, serial))
		return fail_value(apply, APPLY_SERIAL);
	err = find_cert(apply, serial, 0, &cert);
	if (err != REC_OK)
		return fail_rec(apply, err, APPLY_SERIAL);
	return take_cert(apply, &cert, APPLY_SERIAL);
}

/* All of an order's; none as long as it waits. */
static bool
list_certs(struct apply *apply)
{
	enum rec_err err = records_cert_list(apply->issuing.records,
	                                     apply->number, &apply->certs,
	                                     &apply->n_certs);

	return err == REC_OK || fail_rec(apply, err, APPLY_ORDER);
}

/* What is approved, but for an interruption, is issued now: it would have been
 * without this request. */
static bool
finish_order(struct apply *apply, enum order_state state)
{
	char why[ORDER_WHY_SIZE];
	enum order_err err;

	if (state == ORDER_REJECTED)
		return products_fail(&apply->error, PRODUCTS_REJECTED, NULL,
		                     NULL);
	if (state != ORDER_APPROVED)
		return true;
	err = order_issue(&apply->issuing, &apply->actor, apply->number, why);
	if (err == ORDER_OK || err == ORDER_STATE)
		return true;
	products_order_failed(&apply->error, err, NULL, why);
	return false;
}

static bool
find_by_order(struct apply *apply)
{
	const char *text = apply->values[APPLY_ORDER];
	struct order order;
	enum order_state state;
	enum rec_err err;
	int64_t number;

	if (text == NULL)
		return true;
	if (!text_number(text, &number))
		return fail_value(apply, APPLY_ORDER);
	err = records_order_get(apply->issuing.records, apply->account, number,
	                        &order);
	if (err != REC_OK)
		return fail_rec(apply, err, APPLY_ORDER);
	state = order.state;
	order_clear(&order);
	if (apply->n_certs > 0) /* one of the order's */
		return apply->number == number ||
		       fail_value(apply, APPLY_ORDER);
	apply->number = number;
	return finish_order(apply, state) && list_certs(apply);
}

/* Can they be collected, and others be authorized for them? */
static bool
judge_certs(struct apply *apply)
{
	for (size_t i = 0; i < apply->n_certs; i++) {
		const struct cert_record *cert = &apply->certs[i];

		if (cert->order == 0)
			return products_fail(&apply->error, PRODUCTS_PRODUCT,
			                     NULL, NULL);
		if (cert->revoked != 0)
			return products_fail(&apply->error, PRODUCTS_REVOKED,
			                     NULL, NULL);
		if (cert->encrypted && apply->collect)
			return products_fail(
			        &apply->error, PRODUCTS_VALUE,
			        apply_fields[APPLY_RESPONSE_TYPE].name,
			        PRODUCTS_COLLECT_ENCRYPTED);
	}
	return true;
}

/* --- together ------------------------------------------------------------ */

static bool
names_certs(const struct apply *apply)
{
	return apply->values[APPLY_CERT_ID] != NULL ||
	       apply->values[APPLY_SERIAL] != NULL ||
	       apply->values[APPLY_ORDER] != NULL;
}

/* Is there something to do, and what it takes? */
static bool
judge_steps(struct apply *apply)
{
	apply->named = names_certs(apply);
	if (apply->source != APPLY_N_FIELDS)
		return true;
	if (!apply->collect && apply->values[APPLY_USER] == NULL)
		return fail(apply, PRODUCTS_MISSING, APPLY_CSR);
	return apply->named || fail(apply, PRODUCTS_MISSING, APPLY_CERT_ID);
}

bool
apply_judge(struct apply *apply)
{
	static bool (*const judges[])(struct apply *apply) = {
		judge_collect,  judge_source,
		judge_days,     judge_steps,
		judge_user,     judge_foreign_number,
		find_by_id,     find_by_serial,
		find_by_order,  judge_certs,
	};

	for (size_t i = 0; i < sizeof judges / sizeof *judges; i++)
		if (!judges[i](apply))
			return false;
	return true;
}

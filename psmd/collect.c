/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* collect.c - POST /products/download/CollectCCC: what became of an order, and
 * its certificates. */

#include "psmd/collect.h"

#include <stdio.h>
#include <string.h>

#include "psmd/products.h"
#include "psmd/server.h"
#include "psmd/text.h"

enum field {
	LOGIN_NAME,
	LOGIN_PASSWORD,
	ORDER_NUMBER,
	QUERY_TYPE,
	RESPONSE_TYPE,
	RESPONSE_ENCODING,
	CALLBACK,
	MIME_TYPE,
	N_FIELDS
};

enum { NUMBER_MIN = 6 }; /* digits */

static const struct products_field fields[N_FIELDS] = {
	[LOGIN_NAME] = { "loginName", ACCOUNT_NAME_MAX },
	[LOGIN_PASSWORD] = { "loginPassword", 128 },
	[ORDER_NUMBER] = { "orderNumber", TEXT_DIGITS_MAX },
	[QUERY_TYPE] = { "queryType", 1 },
	[RESPONSE_TYPE] = { "responseType", 1 },
	[RESPONSE_ENCODING] = { "responseEncoding", 1 },
	[CALLBACK] = { "callbackFunctionName", 64 },
	[MIME_TYPE] = { "responseMimeType", 255 },
};

enum query { QUERY_STATUS, QUERY_ALL, QUERY_CERTS, QUERY_CHAIN };
enum response { RESPONSE_PKCS7 = 2, RESPONSE_EACH = 3, RESPONSE_CMMF = 4 };

/* What is asked for. */
struct wish {
	int64_t number;
	enum query query;
	enum response type;
	struct collect_form form;
};

/* What is found. Clear it. */
struct found {
	struct order order;
	int code;               /* COLLECT_... */
	struct order_text text;
	const char *begin;      /* of what is attached, in text; NULL: none */
};

static void
found_clear(struct found *found)
{
	order_text_clear(&found->text);
	order_clear(&found->order);
}

static void
answer_error(const struct collect_form *form,
             const struct products_error *error, struct reply *reply)
{
	const struct collect_answer answer = {
		.code = error->code,
		.message = error->text,
		.status = error->status,
	};

	collect_reply(form, &answer, reply);
}

/* --- the arguments -------------------------------------------------------- */

static bool
is_there(const char *const *values, enum field field,
         struct products_error *error)
{
	return values[field] != NULL ||
	       products_fail(error, PRODUCTS_MISSING, fields[field].name, NULL);
}

/* A digit of these, or absent. */
static bool
read_digit(const char *const *values, enum field field, const char *digits,
           int absent, int *ret_digit, struct products_error *error)
{
	const char *value = values[field];

	*ret_digit = absent;
	if (value == NULL)
		return true;
	if (strlen(value) != 1 || strchr(digits, value[0]) == NULL)
		return products_fail(error, PRODUCTS_VALUE, fields[field].name,
		                     NULL);
	*ret_digit = value[0] - '0';
	return true;
}

/* How to answer, which an error has to know too: nothing but this is looked at,
 * and what is wrong with it is left for later. */
static void
read_form(const struct request *request, struct collect_form *form)
{
	const char *values[N_FIELDS];
	struct products_error error;
	int encoding;

	*form = (struct collect_form){ 0 };
	if (request->params->malformed ||
	    !products_read(request, &fields[RESPONSE_ENCODING],
	                   N_FIELDS - RESPONSE_ENCODING,
	                   &values[RESPONSE_ENCODING], &error) ||
	    !read_digit(values, RESPONSE_ENCODING, "2", COLLECT_TEXT, &encoding,
	                &error))
		return;
	form->encoding = (enum collect_encoding)encoding;
	if (values[CALLBACK] != NULL &&
	    collect_callback_is_fine(values[CALLBACK]))
		form->callback = values[CALLBACK];
	if (values[MIME_TYPE] != NULL &&
	    collect_mime_is_fine(values[MIME_TYPE], form->encoding))
		form->mime = values[MIME_TYPE];
}

/* Each alone. */
static bool
read_wish(const char *const *values, struct wish *wish,
          struct products_error *error)
{
	int query, type, encoding;

	if (strlen(values[ORDER_NUMBER]) < NUMBER_MIN ||
	    !text_number(values[ORDER_NUMBER], &wish->number))
		return products_fail(error, PRODUCTS_VALUE,
		                     fields[ORDER_NUMBER].name, NULL);
	if (!read_digit(values, QUERY_TYPE, "0123", QUERY_ALL, &query, error) ||
	    !read_digit(values, RESPONSE_TYPE, "234", RESPONSE_EACH, &type,
	                error) ||
	    !read_digit(values, RESPONSE_ENCODING, "012", COLLECT_TEXT,
	                &encoding, error))
		return false;
	wish->query = (enum query)query;
	wish->type = (enum response)type;
	wish->form.encoding = (enum collect_encoding)encoding;
	return true;
}

/* Do they go together? */
static bool
judge_wish(const char *const *values, struct wish *wish,
           struct products_error *error)
{
	enum field wrong = N_FIELDS;

	wish->form.callback = values[CALLBACK];
	wish->form.mime = values[MIME_TYPE];
	/* only certificates one by one come without their chain, or it
	 * without them */
	if (wish->query > QUERY_ALL && wish->type != RESPONSE_EACH)
		wrong = RESPONSE_TYPE;
	/* several certificates are no one structure in DER */
	else if (wish->form.encoding == COLLECT_BINARY &&
	         (wish->query != QUERY_ALL || wish->type == RESPONSE_EACH))
		wrong = RESPONSE_ENCODING;
	else if (wish->form.callback != NULL &&
	         !collect_callback_is_fine(wish->form.callback))
		wrong = CALLBACK;
	else if (wish->form.mime != NULL &&
	         !collect_mime_is_fine(wish->form.mime, wish->form.encoding))
		wrong = MIME_TYPE;
	return wrong == N_FIELDS ||
	       products_fail(error, PRODUCTS_VALUE, fields[wrong].name, NULL);
}

/* Who asks, for what. */
static bool
read_request(const struct request *request, struct account *account,
             struct wish *wish, struct products_error *error)
{
	const char *values[N_FIELDS];

	if (strcmp(request->method, "POST") != 0)
		return products_fail(error, PRODUCTS_METHOD, NULL, NULL);
	return products_read(request, fields, N_FIELDS, values, error) &&
	       is_there(values, LOGIN_NAME, error) &&
	       is_there(values, ORDER_NUMBER, error) &&
	       read_wish(values, wish, error) &&
	       judge_wish(values, wish, error) &&
	       products_login(request, values[LOGIN_NAME],
	                      values[LOGIN_PASSWORD], account, error);
}

/* --- the order ------------------------------------------------------------ */

static bool
records_fail(enum rec_err err, struct products_error *error)
{
	if (err == REC_NOT_FOUND)
		return products_fail(error, PRODUCTS_VALUE,
		                     fields[ORDER_NUMBER].name, NULL);
	return products_records_failed(error, err, "looking for an order");
}

static bool
look_up(const struct issuing *issuing, const char *account, int64_t number,
        struct order *order, struct products_error *error)
{
	enum rec_err err;

	order_clear(order);
	err = records_order_get(issuing->records, account, number, order);
	return err == REC_OK || records_fail(err, error);
}

/* One that an interruption has left approved is issued now. */
static bool
look_up_issued(const struct issuing *issuing, const struct rec_actor *actor,
               int64_t number, struct order *order,
               struct products_error *error)
{
	char why[ORDER_WHY_SIZE];
	enum order_err err;

	if (!look_up(issuing, actor->account, number, order, error))
		return false;
	if (order->state != ORDER_APPROVED)
		return true;
	err = order_issue(issuing, actor, number, why);
	/* ORDER_STATE: somebody has decided otherwise meanwhile */
	if (err != ORDER_OK && err != ORDER_STATE) {
		products_order_failed(error, err, NULL, why);
		return false;
	}
	return look_up(issuing, actor->account, number, order, error);
}

/* The PEM behind the first n certificates. */
static char *
behind(char *pem, size_t n)
{
	static const char end[] = "-----END CERTIFICATE-----\n";

	while (n > 0 && (pem = strstr(pem, end)) != NULL) {
		pem += sizeof end - 1;
		n--;
	}
	return pem;
}

/* Which of the certificates are asked for: those of the order come first. */
static bool
select_certs(const struct issuing *issuing, enum query query,
             struct found *found, struct products_error *error)
{
	struct cert_record *certs;
	size_t n;
	enum rec_err err;
	char *chain;

	found->begin = found->text.text;
	if (query == QUERY_ALL)
		return true;
	err = records_cert_list(issuing->records, found->order.number, &certs,
	                        &n);
	if (err != REC_OK)
		return records_fail(err, error);
	cert_records_free(certs, n);
	chain = behind(found->text.text, n);
	if (chain == NULL) {
		products_order_failed(error, ORDER_FAILED, NULL,
		                      "certificates are missing");
		return false;
	}
	if (query == QUERY_CHAIN)
		found->begin = chain;
	else
		*chain = '\0';
	return true;
}

static bool
attach(const struct issuing *issuing, const struct wish *wish,
       struct found *found, struct products_error *error)
{
	static const enum ca_dialect dialects[] = {
		[RESPONSE_PKCS7] = CA_DIALECT_PKCS7,
		[RESPONSE_EACH] = CA_DIALECT_CERT,
		[RESPONSE_CMMF] = CA_DIALECT_CMMF,
	};
	char why[ORDER_WHY_SIZE];
	enum order_err err;

	err = order_answer(issuing, &found->order, dialects[wish->type],
	                   &found->text, why);
	if (err != ORDER_OK) {
		products_order_failed(error, err, NULL, why);
		return false;
	}
	found->code = COLLECT_ATTACHED;
	return select_certs(issuing, wish->query, found, error);
}

static bool
find(const struct issuing *issuing, const struct rec_actor *actor,
     const struct wish *wish, struct found *found, struct products_error *error)
{
	const struct order *order = &found->order;

	if (!look_up_issued(issuing, actor, wish->number, &found->order, error))
		return false;
	switch (order->state) {
	case ORDER_ISSUED:
		found->code = COLLECT_AVAILABLE;
		return wish->query == QUERY_STATUS ||
		       attach(issuing, wish, found, error);
	case ORDER_REJECTED:
		return products_fail(error, PRODUCTS_REJECTED, NULL,
		                     order->reason[0] != '\0' ? order->reason
		                                              : NULL);
	case ORDER_REVOKED:
		return products_fail(error, PRODUCTS_REVOKED, NULL, NULL);
	default:
		found->code = COLLECT_PROCESSING;
		return true;
	}
}

/* --- the call ------------------------------------------------------------- */

static void
answer_found(const struct wish *wish, const struct found *found,
             struct reply *reply)
{
	const bool whole = wish->type != RESPONSE_EACH;
	const struct collect_answer answer = {
		.code = found->code,
		.status = 200,
		.text = found->begin,
		.armoured = whole,
		.der = found->begin != NULL && whole ? found->text.der : NULL,
		.der_len = found->text.der_len,
		.type = wish->type == RESPONSE_PKCS7 ?
			"application/pkcs7-mime; smime-type=certs-only" :
			"application/octet-stream",
	};

	collect_reply(&wish->form, &answer, reply);
}

static void
answer_wish(const struct request *request, const struct account *account,
            const struct wish *wish, struct reply *reply)
{
	const struct issuing issuing = server_issuing(request->server);
	const struct rec_actor actor = { account->name,
		                         request->peer->address };
	__attribute__((cleanup(found_clear))) struct found found = { 0 };
	struct products_error error;

	if (find(&issuing, &actor, wish, &found, &error))
		answer_found(wish, &found, reply);
	else
		answer_error(&wish->form, &error, reply);
}

void
collect_handler(const struct request *request, struct reply *reply)
{
	struct wish wish = { 0 };
	struct account account;
	struct products_error error;
	struct collect_form form;

	read_form(request, &form);
	if (read_request(request, &account, &wish, &error)) {
		snprintf(reply->account, sizeof reply->account, "%s",
		         account.name);
		answer_wish(request, &account, &wish, reply);
	} else
		answer_error(&form, &error, reply);
	if (reply->status == 503)
		(void)reply_header(reply, "Retry-After", "1");
	explicit_bzero(&account, sizeof account);
}

void
collect_refuse(const struct request *request, int refusal, struct reply *reply)
{
	struct products_error error;
	struct collect_form form;

	read_form(request, &form);
	products_refused(&error, refusal);
	answer_error(&form, &error, reply);
}

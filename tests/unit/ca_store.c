/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_store.c - an authority in a store, for the tests of ca.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "tests/unit/ca_store.h"

void
assert_prints(struct store *st, const char *expected, const char *format, ...)
{
	nu_auto_mem char *out = NULL;
	char command[2048];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	status = store_shell(st, "{ %s\n} >out 2>&1", command);
	out = store_read_file(store_path(st, "out"), NULL);
	if (status != 0 || strstr(out, expected) == NULL)
		fail_msg("%s\nis %d, \"%s\" expected in\n%s", command, status,
		         expected, out);
}

bool
out_says(struct store *st, const char *text)
{
	nu_auto_mem char *out = store_read_file(store_path(st, "out"), NULL);

	return strstr(out, text) != NULL;
}

char *
make_p10(struct store *st, const char *subject, const char *key,
         const char *more)
{
	assert_prints(st, "", "openssl req -new -nodes -utf8 -newkey %s "
	              "-keyout key.pem -subj '%s' -out csr.pem %s", key,
	              subject, more);
	return store_read_file(store_path(st, "csr.pem"), NULL);
}

/* The certificate and the chain, cert.pem and chain.pem. */
static void
write_certs(struct store *st, const struct ca_answer *answer)
{
	const struct ca_result *result = ca_answer_get(answer, 0);
	char *chain = NULL;
	size_t size, len;
	FILE *out = open_memstream(&chain, &size);
	const unsigned char *der;

	store_write_file(store_path(st, "cert.der"), result->cert,
	                 result->cert_len);
	for (size_t i = 0; (der = ca_chain_der(st->ca, i, &len)) != NULL;
	     i++) {
		SECItem item = { siBuffer, (unsigned char *)der,
			         (unsigned)len };
		nu_auto_mem char *pem = nu_pem_encode("CERTIFICATE", &item);

		fputs(pem, out);
	}
	fclose(out);
	store_write_file(store_path(st, "chain.pem"), chain, strlen(chain));
	free(chain);
}

struct ca_answer *
issue(struct store *st, const char *request, const struct ca_options *options)
{
	struct ca_answer *answer = NULL;

	assert_ca(st, ca_issue(st->ca, request, strlen(request), options,
	                       &answer), PSM_OK);
	if (answer->n_issued > 0) {
		write_certs(st, answer);
		assert_prints(st, "OK", "openssl x509 -inform DER -in cert.der "
		              "-out cert.pem && openssl verify -x509_strict "
		              "-CAfile chain.pem cert.pem && openssl x509 "
		              "-in cert.pem -noout -text -nameopt rfc2253");
	}
	return answer;
}

struct ca_request *
open_request(struct store *st, const char *text,
             const struct ca_options *options)
{
	struct ca_request *request = NULL;

	assert_ca(st, ca_request_open(st->ca, text, strlen(text), options,
	                              &request), PSM_OK);
	return request;
}

void
assert_issue_fails(struct store *st, const char *request,
                   const struct ca_options *options, enum psm_err expected)
{
	struct ca_answer *answer = NULL;

	assert_ca(st, ca_issue(st->ca, request, strlen(request), options,
	                       &answer), expected);
	assert_null(answer);
	assert_string_not_equal(ca_errmsg(st->ca), "");
}

void
assert_refused(struct store *st, const char *request,
               const struct ca_profile *profile, enum ca_fail fail)
{
	const struct ca_options options = { .profile = profile };
	auto_of(ca_answer) *answer = issue(st, request, &options);

	assert_int_equal(answer->n_refused, 1);
	assert_false(ca_answer_get(answer, 0)->granted);
	assert_int_equal(ca_answer_get(answer, 0)->fail, fail);
	assert_non_null(ca_answer_get(answer, 0)->reason);
}

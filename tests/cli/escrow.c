/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* escrow.c - a key that is archived, and an archive that gives it back:
 *
 *	escrow request DIR DN CERT
 *		prints a request for an RSA key that goes to CERT's holder
 *	escrow issue CADIR REQUEST
 *		prints the CA's answer to it
 *	escrow recover CADIR RECOVERY REQUEST CERT
 *		prints the answer to RECOVERY: CERT, in DER, and its key, which
 *		REQUEST has archived */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "psm/psm.h"

enum { FILE_MAX = 1 << 16 };

static void
must(enum psm_err err, const char *what, const char *why)
{
	if (err == PSM_OK)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, psm_err_name(err), why);
	exit(1);
}

static char *
read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, FILE_MAX);

	if (file == NULL || text == NULL) {
		perror(path);
		exit(1);
	}
	*ret_len = fread(text, 1, FILE_MAX - 1, file);
	fclose(file);
	return text;
}

static enum psm_answer
agree(void *arg, const struct psm_cert *holder, size_t n_keys)
{
	(void)arg;
	(void)holder;
	(void)n_keys;
	return PSM_ANSWER_YES;
}

static void
print_request(struct psm_ctx *ctx, const char *subject, const char *cert)
{
	static const struct psm_key_request key = { 2048, NULL, "rsa-ex" };
	size_t len;
	char *pem = read_file(cert, &len);
	const struct psm_requests_params params = { .subject = subject,
		                                    .escrow_cert = pem,
		                                    .keys = &key,
		                                    .n_keys = 1 };
	struct psm_requests *requests;

	must(psm_request_create_many(ctx, &params, &requests), "request",
	     psm_errmsg(ctx));
	fputs(requests->text, stdout);
	psm_requests_free(requests);
	free(pem);
}

static void
print_issue(struct ca *ca, const char *request)
{
	static const struct ca_options options = { .escrow_nickname = "ca" };
	struct ca_answer *answer;
	size_t len;
	char *text = read_file(request, &len);

	must(ca_open(ca, NULL), "CA", ca_errmsg(ca));
	must(ca_issue(ca, text, len, &options, &answer), "request",
	     ca_errmsg(ca));
	fputs(answer->text, stdout);
	ca_answer_free(answer);
	free(text);
}

/* Borrowed from *ret_crmf, and that from *ret_der. */
static SECItem
archive_in(const char *path, SECItem *ret_der, struct nu_crmf **ret_crmf)
{
	size_t len;
	char *text = read_file(path, &len);

	if (nu_b64_decode(text, len, FILE_MAX, ret_der) != SECSuccess ||
	    nu_crmf_decode(ret_der, 1, ret_crmf) != SECSuccess) {
		fprintf(stderr, "%s is no request\n", path);
		exit(1);
	}
	free(text);
	return (*ret_crmf)->msgs[0].archive;
}

static void
print_answer(struct ca *ca, const char *recovery, const char *request,
             const char *cert)
{
	SECItem der = { siBuffer, NULL, 0 }, archive;
	struct nu_crmf *crmf;
	struct ca_recovery kept = { 0 };
	struct ca_answer *answer;
	size_t len;
	char *text = read_file(recovery, &len);
	char *cert_der = read_file(cert, &kept.cert_len);

	archive = archive_in(request, &der, &crmf);
	kept.cert = (unsigned char *)cert_der;
	kept.key = archive.data;
	kept.key_len = archive.len;
	must(ca_open(ca, NULL), "CA", ca_errmsg(ca));
	must(ca_recover(ca, text, len, &kept, NULL, &answer), "recovery",
	     ca_errmsg(ca));
	fputs(answer->text, stdout);
	ca_answer_free(answer);
	nu_crmf_free(crmf);
	SECITEM_ZfreeItem(&der, PR_FALSE);
	free(cert_der);
	free(text);
}

int
main(int argc, char **argv)
{
	static const struct psm_ui ui = { .escrow = agree };
	struct psm_ctx *ctx = psm_new(&ui, NULL);
	struct ca *ca = ca_new();

	if (argc < 4 || ctx == NULL || ca == NULL)
		return 2;
	must(psm_open(ctx, argv[2], 0), argv[2], psm_errmsg(ctx));
	if (strcmp(argv[1], "request") == 0 && argc == 5)
		print_request(ctx, argv[3], argv[4]);
	else if (strcmp(argv[1], "issue") == 0)
		print_issue(ca, argv[3]);
	else if (argc == 6)
		print_answer(ca, argv[3], argv[4], argv[5]);
	ca_free(ca);
	psm_free(ctx);
	return 0;
}

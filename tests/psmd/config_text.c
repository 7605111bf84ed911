/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* config_text.c - a text as a configuration file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/psmd/config_text.h"

char *said; /* complaints of the last read_text() */

struct config *
read_text(const char *text)
{
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	size_t len;
	FILE *complaints;
	struct config *config;

	free(said);
	said = NULL;
	complaints = open_memstream(&said, &len);
	assert_true(fd >= 0);
	assert_non_null(complaints);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	config = config_read(path, complaints);
	fclose(complaints);
	unlink(path);
	return config;
}

struct config *
read_good(const char *text)
{
	struct config *config = read_text(text);

	if (config == NULL)
		fail_msg("%s\nis not fine: %s", text, said);
	return config;
}

void
check_row(const struct row *row)
{
	struct config *config = read_text(row->text);

	if (row->complaint == NULL && config == NULL)
		fail_msg("%s\nis not fine: %s", row->text, said);
	if (row->complaint != NULL && config != NULL)
		fail_msg("%s\nis fine", row->text);
	if (row->complaint != NULL && strstr(said, row->complaint) == NULL)
		fail_msg("%s\nfails with: %s", row->text, said);
	config_free(config);
}

void
assert_defaults(const struct profile *profile)
{
	const struct ca_profile *ca = &profile->ca;

	assert_int_equal(profile->subject, PROFILE_SUBJECT_ACCOUNT);
	assert_int_equal(profile->approval, APPROVAL_AUTOMATIC);
	assert_null(ca->subject_parts);
	assert_int_equal(ca->alt_names, CA_ALT_NAMES_NONE);
	assert_int_equal(ca->keys, CA_KEY_RSA | CA_KEY_P256 | CA_KEY_P384 |
	                 CA_KEY_P521);
	assert_int_equal(ca->rsa_bits, 3072);
	assert_int_equal(ca->usage, CA_USAGE_BOTH);
	assert_int_equal(ca->n_purposes, 1);
	assert_string_equal(ca->purposes[0], "1.3.6.1.5.5.7.3.2");
	assert_int_equal(ca->days, 365);
	assert_int_equal(ca->max_days, 1095);
	assert_int_equal(ca->start_days, 30);
	assert_null(ca->urls.crl);
	assert_null(ca->urls.ocsp);
	assert_null(ca->urls.issuer);
}

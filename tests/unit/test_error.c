/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_error.c - every error has a name, a sentence and a documented string. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "psm/psm.h"

static const char *const documented[] = { "", "error:userCancel",
	                                  "error:invalidCertificate",
	                                  "error:invalidRequestID",
	                                  "error:noMatchingCert",
	                                  "error:internalError" };

static bool
is_documented(const char *js)
{
	for (size_t i = 0; i < sizeof documented / sizeof documented[0]; i++) {
		if (strcmp(js, documented[i]) == 0)
			return true;
	}
	return false;
}

static void
test_error_each_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (int i = PSM_OK; i < PSM_E_COUNT_; i++) {
		enum psm_err err = (enum psm_err)i;

		assert_int_equal(strncmp(psm_err_name(err), "PSM_", 4), 0);
		assert_true(strlen(psm_strerror(err)) > 3);
		for (int j = PSM_OK; j < i; j++) {
			assert_string_not_equal(psm_err_name(err),
			                        psm_err_name((enum psm_err)j));
			assert_string_not_equal(psm_strerror(err),
			                        psm_strerror((enum psm_err)j));
		}
	}
}

static void
test_error_each_has_a_documented_string(void **state)
{
	(void)state;
	assert_string_equal(psm_js_string(PSM_OK), "");
	for (int i = PSM_OK + 1; i < PSM_E_COUNT_; i++) {
		const char *js = psm_js_string((enum psm_err)i);

		assert_true(is_documented(js));
		assert_string_not_equal(js, "");
	}
}

static void
test_error_the_four_strings_mean_what_is_documented(void **state)
{
	(void)state;
	assert_string_equal(psm_js_string(PSM_E_CANCELLED),
	                    "error:userCancel");
	assert_string_equal(psm_js_string(PSM_E_CERTIFICATE),
	                    "error:invalidCertificate");
	assert_string_equal(psm_js_string(PSM_E_REQUEST_ID),
	                    "error:invalidRequestID");
	assert_string_equal(psm_js_string(PSM_E_NO_MEMORY),
	                    "error:internalError");
	assert_string_equal(psm_js_string(PSM_E_PASSWORD),
	                    "error:internalError");
	assert_string_equal(psm_js_string(PSM_E_READ_ONLY),
	                    "error:internalError");
	assert_string_equal(psm_js_string(PSM_E_BUSY), "error:internalError");
	assert_string_equal(psm_js_string(PSM_E_DATABASE),
	                    "error:internalError");
}

static void
test_error_a_number_nobody_knows_is_an_internal_error(void **state)
{
	(void)state;
	assert_string_equal(psm_err_name(PSM_E_COUNT_), "PSM_E_INTERNAL");
	assert_string_equal(psm_js_string((enum psm_err)-1),
	                    "error:internalError");
	assert_non_null(psm_strerror((enum psm_err)12345));
}

static void
test_error_each_warning_has_a_sentence(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit <= PSM_WARN_WEAK_SIGNATURE; bit <<= 1)
		assert_non_null(psm_warning(bit));
	assert_null(psm_warning(0));
	assert_null(psm_warning(PSM_WARN_WEAK_SIGNATURE << 1));
	assert_null(psm_warning(PSM_WARN_EXPIRED | PSM_WARN_MODIFIED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_each_has_a_name_and_a_sentence),
		cmocka_unit_test(test_error_each_has_a_documented_string),
		cmocka_unit_test(
		    test_error_the_four_strings_mean_what_is_documented),
		cmocka_unit_test(
		    test_error_a_number_nobody_knows_is_an_internal_error),
		cmocka_unit_test(test_error_each_warning_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

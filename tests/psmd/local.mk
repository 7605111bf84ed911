# tests/psmd/local.mk: the daemon. Programs of cmocka reach its parts.

psmd_unit_ldadd = psmd/libpsmd.la $(CMOCKA_LIBS)

# the configuration
check_PROGRAMS += tests/psmd/test_config
TESTS += tests/psmd/test_config
tests_psmd_test_config_SOURCES = tests/psmd/test_config.c
tests_psmd_test_config_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_config_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=reallocarray,--wrap=strdup

# records, passwords, logins
check_PROGRAMS += tests/psmd/test_records tests/psmd/test_password \
	tests/psmd/test_auth
TESTS += tests/psmd/test_records tests/psmd/test_password \
	tests/psmd/test_auth
tests_psmd_test_records_SOURCES = tests/psmd/test_records.c
tests_psmd_test_records_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_busy_timeout
tests_psmd_test_password_SOURCES = tests/psmd/test_password.c
tests_psmd_test_password_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_auth_SOURCES = tests/psmd/test_auth.c
tests_psmd_test_auth_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_auth_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=request_header,--wrap=log_audit,--wrap=clock_gettime \
	-Wl,--wrap=time,--wrap=crypto_pwhash_str_verify

# orders, certificates, PKCS#12 and the audit trail in the records
psmd_place_sources = tests/psmd/records_place.c tests/psmd/records_place.h
psmd_records_tests = \
	tests/psmd/test_records_audit \
	tests/psmd/test_records_crash \
	tests/psmd/test_records_order \
	tests/psmd/test_records_pkcs12
check_PROGRAMS += $(psmd_records_tests)
TESTS += $(psmd_records_tests)
tests_psmd_test_records_audit_SOURCES = tests/psmd/test_records_audit.c \
	$(psmd_place_sources)
tests_psmd_test_records_audit_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_crash_SOURCES = tests/psmd/test_records_crash.c \
	$(psmd_place_sources)
tests_psmd_test_records_crash_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_records_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_busy_timeout,--wrap=sqlite3_step
tests_psmd_test_records_order_SOURCES = tests/psmd/test_records_order.c \
	$(psmd_place_sources)
tests_psmd_test_records_order_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_pkcs12_SOURCES = tests/psmd/test_records_pkcs12.c \
	$(psmd_place_sources)
tests_psmd_test_records_pkcs12_LDADD = $(psmd_unit_ldadd) -lpthread

# TLS and limits
check_PROGRAMS += tests/psmd/test_front tests/psmd/tls_clients
TESTS += tests/psmd/test_front
EXTRA_DIST += tests/psmd/front-fixture.sh
tests_psmd_test_front_SOURCES = tests/psmd/test_front.c \
	tests/psmd/responder.c tests/psmd/responder.h
tests_psmd_test_front_LDADD = $(psmd_unit_ldadd) $(NSS_LIBS) -lpthread
tests_psmd_tls_clients_SOURCES = tests/psmd/tls_clients.c
tests_psmd_tls_clients_LDADD = $(NSS_LIBS)

# requests on their way
check_PROGRAMS += tests/psmd/test_http tests/psmd/test_log
TESTS += tests/psmd/test_http tests/psmd/test_log
tests_psmd_test_http_SOURCES = tests/psmd/test_http.c
tests_psmd_test_http_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_log_SOURCES = tests/psmd/test_log.c
tests_psmd_test_log_LDADD = $(psmd_unit_ldadd) -lpthread

# the program's subcommands
psmd_scripts = \
	tests/psmd/account.sh \
	tests/psmd/audit.sh \
	tests/psmd/check.sh \
	tests/psmd/init.sh \
	tests/psmd/order.sh \
	tests/psmd/renew.sh \
	tests/psmd/run.sh
dist_check_SCRIPTS += $(psmd_scripts)
TESTS += $(psmd_scripts)
EXTRA_DIST += tests/psmd/lib.sh tests/psmd/orders-lib.sh

# the program as clients see it, those that mean no good among them
psmd_client_scripts = \
	tests/psmd/abuse.sh \
	tests/psmd/auth.sh \
	tests/psmd/http.sh \
	tests/psmd/kill9.sh \
	tests/psmd/secrets.sh \
	tests/psmd/tls.sh \
	tests/psmd/valgrind.sh
dist_check_SCRIPTS += $(psmd_client_scripts)
TESTS += $(psmd_client_scripts) tests/psmd/test_gate
EXTRA_DIST += tests/psmd/valgrind.supp
check_PROGRAMS += tests/psmd/abuse tests/psmd/test_gate
tests_psmd_abuse_SOURCES = tests/psmd/abuse.c tests/psmd/abuse.h \
	tests/psmd/abuse_rows.c
tests_psmd_abuse_LDADD =
tests_psmd_test_gate_SOURCES = tests/psmd/test_gate.c
tests_psmd_test_gate_LDADD = $(psmd_unit_ldadd)

# the page: its files, and what people do with it in Chromium
psmd_page_scripts = \
	tests/psmd/page-files.sh \
	tests/psmd/page-orders.sh \
	tests/psmd/page.sh
dist_check_SCRIPTS += $(psmd_page_scripts)
TESTS += $(psmd_page_scripts)
EXTRA_DIST += \
	tests/psmd/page-lib.sh \
	tests/psmd/page/browser.mjs \
	tests/psmd/page/eyes.mjs \
	tests/psmd/page/orders.test.mjs \
	tests/psmd/page/package-lock.json \
	tests/psmd/page/package.json \
	tests/psmd/page/page.test.mjs

# /api/cert/user
check_PROGRAMS += tests/psmd/test_cert_user
tests_psmd_test_cert_user_SOURCES = tests/psmd/test_cert_user.c
tests_psmd_test_cert_user_LDADD = $(psmd_unit_ldadd) -lpthread
psmd_cert_user_scripts = tests/psmd/cert_user.sh tests/psmd/openapi.sh \
	tests/psmd/openapi-orders.sh
dist_check_SCRIPTS += $(psmd_cert_user_scripts)
TESTS += tests/psmd/test_cert_user $(psmd_cert_user_scripts)
EXTRA_DIST += tests/psmd/openapi.py tests/psmd/openapi_core.py \
	tests/psmd/openapi_doors.py tests/psmd/openapi_orders.py \
	tests/psmd/client.sh

# /products/download/CollectCCC
check_PROGRAMS += tests/psmd/test_collect
tests_psmd_test_collect_SOURCES = tests/psmd/test_collect.c
tests_psmd_test_collect_LDADD = $(psmd_unit_ldadd)
psmd_collect_scripts = tests/psmd/collect.sh
dist_check_SCRIPTS += $(psmd_collect_scripts)
TESTS += tests/psmd/test_collect $(psmd_collect_scripts)

# createPKCS12ById
check_PROGRAMS += tests/psmd/test_pkcs12 tests/psmd/test_pkcs12_call
TESTS += tests/psmd/test_pkcs12 tests/psmd/test_pkcs12_call
tests_psmd_test_pkcs12_SOURCES = tests/psmd/test_pkcs12.c
tests_psmd_test_pkcs12_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_pkcs12_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_psmd_test_pkcs12_call_SOURCES = tests/psmd/test_pkcs12_call.c \
	tests/psmd/pkcs12_house.c tests/psmd/pkcs12_house.h
tests_psmd_test_pkcs12_call_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_pkcs12_call_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=request_header,--wrap=records_pkcs12_begin \
	-Wl,--wrap=records_pkcs12_finish,--wrap=pfx_make \
	-Wl,--wrap=pfx_pool_take
dist_check_SCRIPTS += tests/psmd/pkcs12.sh
TESTS += tests/psmd/pkcs12.sh

# the authority and its CRL
check_PROGRAMS += tests/psmd/test_crl
tests_psmd_test_crl_SOURCES = tests/psmd/test_crl.c $(psmd_place_sources)
tests_psmd_test_crl_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_crl_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=time,--wrap=rename,--wrap=fsync
dist_check_SCRIPTS += tests/psmd/ca.sh
TESTS += tests/psmd/test_crl tests/psmd/ca.sh

# people who decide about orders
check_PROGRAMS += tests/psmd/test_order_view
TESTS += tests/psmd/test_order_view
tests_psmd_test_order_view_SOURCES = tests/psmd/test_order_view.c \
	$(psmd_place_sources)
tests_psmd_test_order_view_LDADD = $(psmd_unit_ldadd)

# orders, and !applyClientAuthCert
check_PROGRAMS += tests/psmd/test_order
TESTS += tests/psmd/test_order
tests_psmd_test_order_SOURCES = tests/psmd/test_order.c
tests_psmd_test_order_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_order_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=records_order_issue,--wrap=time \
	-Wl,--wrap=sqlite3_step,--wrap=ca_request_issue
dist_check_SCRIPTS += tests/psmd/apply.sh
TESTS += tests/psmd/apply.sh

# and what must hold when things go wrong
check_PROGRAMS += tests/psmd/test_order_crash
tests_psmd_test_order_crash_SOURCES = tests/psmd/test_order_crash.c \
	$(psmd_place_sources)
tests_psmd_test_order_crash_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_order_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_step,--wrap=engine_call \
	-Wl,--wrap=pfx_make,--wrap=pfx_pool_take
psmd_trouble_scripts = tests/psmd/order-trouble.sh \
	tests/psmd/secrets-orders.sh
dist_check_SCRIPTS += $(psmd_trouble_scripts)
TESTS += tests/psmd/test_order_crash $(psmd_trouble_scripts)

# tests/psmd/local.mk: the daemon. Programs of cmocka reach its parts.

psmd_unit_ldadd = psmd/libpsmd.la $(CMOCKA_LIBS)

# what several tests are helped by
psmd_files_sources = tests/psmd/files.c tests/psmd/files.h
psmd_place_sources = tests/psmd/records_place.c tests/psmd/records_place.h

# the configuration
psmd_config_sources = tests/psmd/config_text.c tests/psmd/config_text.h
psmd_config_tests = \
	tests/psmd/test_config \
	tests/psmd/test_config_client \
	tests/psmd/test_config_profile \
	tests/psmd/test_config_reload
check_PROGRAMS += $(psmd_config_tests)
TESTS += $(psmd_config_tests)
tests_psmd_test_config_SOURCES = tests/psmd/test_config.c \
	$(psmd_config_sources)
tests_psmd_test_config_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_config_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=calloc,--wrap=reallocarray,--wrap=strdup
tests_psmd_test_config_client_SOURCES = tests/psmd/test_config_client.c \
	$(psmd_config_sources)
tests_psmd_test_config_client_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_config_profile_SOURCES = tests/psmd/test_config_profile.c \
	$(psmd_config_sources)
tests_psmd_test_config_profile_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_config_reload_SOURCES = tests/psmd/test_config_reload.c \
	$(psmd_config_sources)
tests_psmd_test_config_reload_LDADD = $(psmd_unit_ldadd)

# records, passwords, what others write
check_PROGRAMS += tests/psmd/test_records tests/psmd/test_password \
	tests/psmd/test_text
TESTS += tests/psmd/test_records tests/psmd/test_password tests/psmd/test_text
tests_psmd_test_records_SOURCES = tests/psmd/test_records.c
tests_psmd_test_records_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_busy_timeout,--wrap=clock_gettime \
	-Wl,--wrap=pthread_mutex_timedlock
tests_psmd_test_password_SOURCES = tests/psmd/test_password.c
tests_psmd_test_password_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_text_SOURCES = tests/psmd/test_text.c
tests_psmd_test_text_LDADD = $(psmd_unit_ldadd)

# logins
psmd_auth_sources = tests/psmd/auth_world.c tests/psmd/auth_world.h
psmd_auth_ldflags = $(AM_LDFLAGS) \
	-Wl,--wrap=request_header,--wrap=log_audit,--wrap=clock_gettime \
	-Wl,--wrap=time,--wrap=crypto_pwhash_str_verify
psmd_auth_tests = \
	tests/psmd/test_auth \
	tests/psmd/test_auth_digest \
	tests/psmd/test_auth_session
check_PROGRAMS += $(psmd_auth_tests)
TESTS += $(psmd_auth_tests)
tests_psmd_test_auth_SOURCES = tests/psmd/test_auth.c $(psmd_auth_sources)
tests_psmd_test_auth_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_auth_LDFLAGS = $(psmd_auth_ldflags)
tests_psmd_test_auth_digest_SOURCES = tests/psmd/test_auth_digest.c \
	$(psmd_auth_sources)
tests_psmd_test_auth_digest_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_auth_digest_LDFLAGS = $(psmd_auth_ldflags)
tests_psmd_test_auth_session_SOURCES = tests/psmd/test_auth_session.c \
	$(psmd_auth_sources)
tests_psmd_test_auth_session_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_auth_session_LDFLAGS = $(psmd_auth_ldflags)

# orders, certificates, PKCS#12 and the audit trail in the records
psmd_records_tests = \
	tests/psmd/test_records_audit \
	tests/psmd/test_records_cert \
	tests/psmd/test_records_crash \
	tests/psmd/test_records_order \
	tests/psmd/test_records_pkcs12
check_PROGRAMS += $(psmd_records_tests)
TESTS += $(psmd_records_tests)
tests_psmd_test_records_audit_SOURCES = tests/psmd/test_records_audit.c \
	$(psmd_place_sources)
tests_psmd_test_records_audit_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_cert_SOURCES = tests/psmd/test_records_cert.c \
	$(psmd_place_sources)
tests_psmd_test_records_cert_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_crash_SOURCES = tests/psmd/test_records_crash.c \
	$(psmd_place_sources)
tests_psmd_test_records_crash_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_records_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_busy_timeout,--wrap=sqlite3_step \
	-Wl,--wrap=pthread_mutex_timedlock
tests_psmd_test_records_order_SOURCES = tests/psmd/test_records_order.c \
	$(psmd_place_sources)
tests_psmd_test_records_order_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_records_pkcs12_SOURCES = tests/psmd/test_records_pkcs12.c \
	$(psmd_place_sources)
tests_psmd_test_records_pkcs12_LDADD = $(psmd_unit_ldadd) -lpthread

# TLS and limits
psmd_front_sources = \
	tests/psmd/front_site.c tests/psmd/front_site.h \
	tests/psmd/patience.h tests/psmd/responder.c tests/psmd/responder.h
psmd_front_ldadd = $(psmd_unit_ldadd) $(NSS_LIBS) -lpthread
psmd_front_tests = \
	tests/psmd/test_front \
	tests/psmd/test_front_limits \
	tests/psmd/test_front_tls \
	tests/psmd/test_tls
check_PROGRAMS += $(psmd_front_tests) tests/psmd/tls_clients
TESTS += $(psmd_front_tests)
EXTRA_DIST += tests/psmd/front-fixture.sh
tests_psmd_test_front_SOURCES = tests/psmd/test_front.c $(psmd_front_sources)
tests_psmd_test_front_LDADD = $(psmd_front_ldadd)
tests_psmd_test_front_limits_SOURCES = tests/psmd/test_front_limits.c \
	$(psmd_front_sources)
tests_psmd_test_front_limits_LDADD = $(psmd_front_ldadd)
tests_psmd_test_front_tls_SOURCES = tests/psmd/test_front_tls.c \
	$(psmd_front_sources)
tests_psmd_test_front_tls_LDADD = $(psmd_front_ldadd)
tests_psmd_test_tls_SOURCES = tests/psmd/test_tls.c $(psmd_front_sources)
tests_psmd_test_tls_LDADD = $(psmd_front_ldadd)
tests_psmd_test_tls_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=SSL_ResetHandshake
tests_psmd_tls_clients_SOURCES = tests/psmd/tls_clients.c
tests_psmd_tls_clients_LDADD = $(NSS_LIBS)

# requests on their way
check_PROGRAMS += tests/psmd/test_http tests/psmd/test_log
TESTS += tests/psmd/test_http tests/psmd/test_log
tests_psmd_test_http_SOURCES = tests/psmd/test_http.c tests/psmd/patience.h
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
	tests/psmd/run.sh \
	tests/psmd/systemd.sh
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
psmd_cert_user_sources = $(psmd_files_sources) \
	tests/psmd/cert_user_house.c tests/psmd/cert_user_house.h
psmd_cert_user_tests = tests/psmd/test_cert_user tests/psmd/test_cert_user_put
check_PROGRAMS += $(psmd_cert_user_tests)
tests_psmd_test_cert_user_SOURCES = tests/psmd/test_cert_user.c \
	tests/psmd/patience.h \
	$(psmd_cert_user_sources)
tests_psmd_test_cert_user_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_cert_user_put_SOURCES = tests/psmd/test_cert_user_put.c \
	$(psmd_cert_user_sources)
tests_psmd_test_cert_user_put_LDADD = $(psmd_unit_ldadd)
psmd_cert_user_scripts = tests/psmd/cert_user.sh tests/psmd/openapi.sh \
	tests/psmd/openapi-orders.sh
dist_check_SCRIPTS += $(psmd_cert_user_scripts)
TESTS += $(psmd_cert_user_tests) $(psmd_cert_user_scripts)
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
psmd_pkcs12_sources = tests/psmd/wrap_pfx.h \
	tests/psmd/pkcs12_house.c tests/psmd/pkcs12_house.h \
	tests/psmd/pkcs12_wish.c tests/psmd/pkcs12_wish.h
psmd_pkcs12_ldflags = $(AM_LDFLAGS) \
	-Wl,--wrap=request_header,--wrap=records_pkcs12_begin \
	-Wl,--wrap=records_pkcs12_finish,--wrap=pfx_make \
	-Wl,--wrap=pfx_pool_take
psmd_pkcs12_tests = \
	tests/psmd/test_pkcs12 \
	tests/psmd/test_pkcs12_body \
	tests/psmd/test_pkcs12_call \
	tests/psmd/test_pkcs12_judge
check_PROGRAMS += $(psmd_pkcs12_tests)
TESTS += $(psmd_pkcs12_tests)
tests_psmd_test_pkcs12_SOURCES = tests/psmd/test_pkcs12.c
tests_psmd_test_pkcs12_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_pkcs12_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_psmd_test_pkcs12_body_SOURCES = tests/psmd/test_pkcs12_body.c \
	$(psmd_pkcs12_sources)
tests_psmd_test_pkcs12_body_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_pkcs12_body_LDFLAGS = $(psmd_pkcs12_ldflags)
tests_psmd_test_pkcs12_call_SOURCES = tests/psmd/test_pkcs12_call.c \
	$(psmd_pkcs12_sources)
tests_psmd_test_pkcs12_call_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_pkcs12_call_LDFLAGS = $(psmd_pkcs12_ldflags)
tests_psmd_test_pkcs12_judge_SOURCES = tests/psmd/test_pkcs12_judge.c \
	$(psmd_pkcs12_sources)
tests_psmd_test_pkcs12_judge_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_pkcs12_judge_LDFLAGS = $(psmd_pkcs12_ldflags) \
	-Wl,--wrap=auth_now
dist_check_SCRIPTS += tests/psmd/pkcs12.sh
TESTS += tests/psmd/pkcs12.sh

# the authority and its CRL
psmd_crl_sources = $(psmd_place_sources) \
	tests/psmd/crl_house.c tests/psmd/crl_house.h
psmd_crl_ldflags = $(AM_LDFLAGS) -Wl,--wrap=time,--wrap=rename,--wrap=fsync
psmd_crl_tests = tests/psmd/test_crl tests/psmd/test_crl_renew \
	tests/psmd/test_crl_older tests/psmd/test_ca_files
check_PROGRAMS += $(psmd_crl_tests)
tests_psmd_test_crl_SOURCES = tests/psmd/test_crl.c $(psmd_crl_sources)
tests_psmd_test_crl_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_crl_LDFLAGS = $(psmd_crl_ldflags) -Wl,--wrap=nanosleep
tests_psmd_test_crl_renew_SOURCES = tests/psmd/test_crl_renew.c \
	$(psmd_crl_sources)
tests_psmd_test_crl_renew_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_crl_renew_LDFLAGS = $(psmd_crl_ldflags)
tests_psmd_test_crl_older_SOURCES = tests/psmd/test_crl_older.c \
	$(psmd_crl_sources)
tests_psmd_test_crl_older_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_crl_older_LDFLAGS = $(psmd_crl_ldflags)
tests_psmd_test_ca_files_SOURCES = tests/psmd/test_ca_files.c \
	$(psmd_crl_sources)
tests_psmd_test_ca_files_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_ca_files_LDFLAGS = $(psmd_crl_ldflags)
dist_check_SCRIPTS += tests/psmd/ca.sh
TESTS += $(psmd_crl_tests) tests/psmd/ca.sh

# people who decide about orders
check_PROGRAMS += tests/psmd/test_order_view
TESTS += tests/psmd/test_order_view
tests_psmd_test_order_view_SOURCES = tests/psmd/test_order_view.c \
	$(psmd_place_sources)
tests_psmd_test_order_view_LDADD = $(psmd_unit_ldadd)

# orders, and !applyClientAuthCert
psmd_order_sources = $(psmd_files_sources) \
	tests/psmd/order_house.c tests/psmd/order_house.h
psmd_order_tests = \
	tests/psmd/test_client_cert \
	tests/psmd/test_order \
	tests/psmd/test_order_place \
	tests/psmd/test_order_trouble
check_PROGRAMS += $(psmd_order_tests)
TESTS += $(psmd_order_tests)
tests_psmd_test_client_cert_SOURCES = tests/psmd/test_client_cert.c \
	$(psmd_order_sources)
tests_psmd_test_client_cert_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_client_cert_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=time
tests_psmd_test_order_SOURCES = tests/psmd/test_order.c $(psmd_order_sources)
tests_psmd_test_order_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_order_place_SOURCES = tests/psmd/test_order_place.c \
	$(psmd_order_sources)
tests_psmd_test_order_place_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_order_trouble_SOURCES = tests/psmd/test_order_trouble.c \
	$(psmd_order_sources)
tests_psmd_test_order_trouble_LDADD = $(psmd_unit_ldadd) -lpthread
tests_psmd_test_order_trouble_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=records_order_issue,--wrap=sqlite3_step \
	-Wl,--wrap=ca_request_issue
dist_check_SCRIPTS += tests/psmd/apply.sh
TESTS += tests/psmd/apply.sh

# and what must hold when things go wrong
check_PROGRAMS += tests/psmd/test_order_crash
tests_psmd_test_order_crash_SOURCES = tests/psmd/test_order_crash.c \
	tests/psmd/wrap_pfx.h $(psmd_place_sources)
tests_psmd_test_order_crash_LDADD = $(psmd_unit_ldadd)
tests_psmd_test_order_crash_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sqlite3_step,--wrap=engine_call \
	-Wl,--wrap=pfx_make,--wrap=pfx_pool_take
psmd_trouble_scripts = tests/psmd/order-trouble.sh \
	tests/psmd/secrets-orders.sh
dist_check_SCRIPTS += $(psmd_trouble_scripts)
TESTS += tests/psmd/test_order_crash $(psmd_trouble_scripts)

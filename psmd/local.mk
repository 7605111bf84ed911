# psmd/local.mk: the daemon. All of it but main() is in a library, for the tests.

noinst_LTLIBRARIES += psmd/libpsmd.la
psmd_libpsmd_la_SOURCES = \
	cli/terminal.c cli/terminal.h \
	psmd/account.c \
	psmd/api.c psmd/api.h \
	psmd/apply.c psmd/apply_answer.c psmd/apply_int.h psmd/apply_judge.c \
	psmd/audit.c \
	psmd/auth.c psmd/auth.h psmd/auth_internal.h psmd/auth_basic.c \
	psmd/auth_digest.c psmd/auth_nonce.c psmd/auth_params.c \
	psmd/auth_session.c psmd/auth_throttle.c \
	psmd/ca_command.c psmd/ca_command.h psmd/ca_files.c \
	psmd/ca_files.h psmd/ca_init.c \
	psmd/cert_user.c psmd/cert_user.h psmd/cert_user_delete.c \
	psmd/cert_user_put.c \
	psmd/check.c \
	psmd/client_cert.c psmd/client_cert.h \
	psmd/collect.c psmd/collect.h psmd/collect_answer.c \
	psmd/client_files.c psmd/client_files.h \
	psmd/command.h \
	psmd/client.c \
	psmd/config.c psmd/config.h psmd/config_check.c \
	psmd/config_check_issuing.c psmd/config_checking.h psmd/config_int.h \
	psmd/config_read.c psmd/config_reading.h psmd/config_table.c \
	psmd/config_value.c psmd/config_write.c \
	psmd/crl.c psmd/crl.h psmd/crl_list.c psmd/crl_list.h \
	psmd/crl_reason.c \
	psmd/engine.c psmd/engine.h \
	psmd/exchange.c psmd/exchange.h \
	psmd/front.c psmd/front.h psmd/front_conn.c psmd/front_int.h \
	psmd/front_limit.c psmd/front_listen.c psmd/front_loop.c \
	psmd/front_peer.c psmd/front_relay.c \
	psmd/gate.c psmd/gate.h \
	psmd/hash.c psmd/hash.h \
	psmd/http.c psmd/http.h \
	psmd/init.c psmd/init_int.h psmd/init_store.c \
	psmd/issuer.c psmd/issuer.h \
	psmd/keeper.c psmd/keeper.h \
	psmd/lock.c psmd/lock.h \
	psmd/log.c psmd/log.h \
	psmd/metrics.c psmd/metrics.h \
	psmd/names.c psmd/names.h \
	psmd/notify.c psmd/notify.h \
	psmd/order.c psmd/order.h psmd/order_answer.c psmd/order_int.h \
	psmd/order_sign.c \
	psmd/order_view.c psmd/order_view.h psmd/order_view_request.c \
	psmd/orders_api.c psmd/order_command.c \
	psmd/page.c psmd/page.h psmd/page_files.h \
	psmd/params.c psmd/params.h \
	psmd/password.c psmd/password.h \
	psmd/pkcs12.c psmd/pkcs12.h psmd/pkcs12_client.c \
	psmd/pkcs12_content.c psmd/pkcs12_make.c psmd/pkcs12_open.c \
	psmd/pkcs12_time.c \
	psmd/pem.c psmd/pem.h \
	psmd/plain.c psmd/plain.h \
	psmd/products.c psmd/products.h \
	psmd/public_file.c psmd/public_file.h \
	psmd/records.c psmd/records.h psmd/records_account.c \
	psmd/records_audit.c psmd/records_audit.h \
	psmd/records_cert.c psmd/records_cert.h \
	psmd/records_order.c psmd/records_order.h \
	psmd/records_pkcs12.c psmd/records_pkcs12.h \
	psmd/records_row.c psmd/records_schema.c psmd/records_sql.h \
	psmd/records_statements.c \
	psmd/profile.c \
	psmd/renew.c \
	psmd/reply.c psmd/request.h \
	psmd/rights.c psmd/rights.h \
	psmd/route.c \
	psmd/run.c \
	psmd/server.c psmd/server.h \
	psmd/server_cert.c psmd/server_cert.h \
	psmd/session.c \
	psmd/store.c psmd/store.h \
	psmd/text.c psmd/text.h \
	psmd/tls.c psmd/tls.h psmd/tls_check.c psmd/tls_client.c \
	psmd/tls_conn.c psmd/tls_int.h psmd/tls_names.c psmd/tls_turn.c \
	psmd/trail.c psmd/trail.h \
	psmd/work.c psmd/work.h
nodist_psmd_libpsmd_la_SOURCES = psmd/page_files.c
psmd_libpsmd_la_CPPFLAGS = $(AM_CPPFLAGS) $(PSMD_CFLAGS)
psmd_libpsmd_la_LIBADD = json/libpsmjson.la ca/libca.la psm/libpsm.la \
	$(PSMD_LIBS) $(JANSSON_LIBS) $(NSS_LIBS) -lpthread

sbin_PROGRAMS += psmd/psmd
psmd_psmd_SOURCES = psmd/main.c
psmd_psmd_LDADD = psmd/libpsmd.la

# The page goes into the program.
page_files = \
	$(srcdir)/psmd/page/api.js \
	$(srcdir)/psmd/page/app.js \
	$(srcdir)/psmd/page/cert.js \
	$(srcdir)/psmd/page/decide.js \
	$(srcdir)/psmd/page/der.js \
	$(srcdir)/psmd/page/details.js \
	$(srcdir)/psmd/page/dom.js \
	$(srcdir)/psmd/page/favicon.svg \
	$(srcdir)/psmd/page/fields.js \
	$(srcdir)/psmd/page/files.js \
	$(srcdir)/psmd/page/index.html \
	$(srcdir)/psmd/page/list.js \
	$(srcdir)/psmd/page/login.js \
	$(srcdir)/psmd/page/order.js \
	$(srcdir)/psmd/page/orders.js \
	$(srcdir)/psmd/page/rows.js \
	$(srcdir)/psmd/page/style.css \
	$(srcdir)/psmd/page/timeline.js \
	$(srcdir)/psmd/page/upload.js \
	$(srcdir)/psmd/page/views.js
EXTRA_DIST += $(page_files) psmd/page/embed.sh
CLEANFILES += psmd/page_files.c
psmd/page_files.c: $(page_files) psmd/page/embed.sh
	$(AM_V_GEN)$(MKDIR_P) psmd && \
	$(SHELL) $(srcdir)/psmd/page/embed.sh $(page_files) >$@-t && \
	mv $@-t $@

# What a system needs to run it.
dist_man_MANS += doc/man/psmd.8 doc/man/psmd.conf.5
systemdsystemunit_DATA = doc/systemd/psmd.service doc/systemd/psmd.socket
sysusers_DATA = doc/systemd/sysusers.d/psmd.conf
tmpfiles_DATA = doc/systemd/tmpfiles.d/psmd.conf
EXTRA_DIST += doc/systemd/psmd.service.in doc/systemd/psmd.socket \
	doc/systemd/sysusers.d/psmd.conf doc/systemd/tmpfiles.d/psmd.conf
CLEANFILES += doc/systemd/psmd.service
doc/systemd/psmd.service: doc/systemd/psmd.service.in
	$(AM_V_GEN)$(MKDIR_P) doc/systemd && \
	$(SED) 's,@sbindir@,$(sbindir),g' \
		$(srcdir)/doc/systemd/psmd.service.in >$@-t && mv $@-t $@

# doc/local.mk: the manual pages and the decisions.

dist_man_MANS = doc/man/psm.1 doc/man/psm.3

EXTRA_DIST += doc/openapi/cert-user.yaml \
	doc/openapi/apply-client-auth-cert.yaml \
	doc/openapi/create-pkcs12.yaml doc/openapi/orders.yaml \
	doc/adr/0001-ca-includes-psm-h.md \
	doc/adr/0002-a-request-is-one-commit.md \
	doc/adr/0003-a-request-for-a-ca-is-remembered.md \
	doc/adr/0004-keys-are-escrowed-as-netscape-did.md \
	doc/adr/0005-nss-speaks-tls-before-libmicrohttpd.md \
	doc/adr/0006-workers-answer-suspended-connections.md \
	doc/adr/0007-accounts-are-records-of-sqlite.md \
	doc/adr/0008-the-page-has-a-session.md \
	doc/adr/0009-the-log-loses-lines-before-it-waits.md \
	doc/adr/0010-a-gate-before-libmicrohttpd.md \
	doc/adr/0011-records-say-once-and-forget-nothing.md \
	doc/adr/0012-orders-are-judged-signed-and-then-said.md \
	doc/adr/0013-pkcs12-keys-live-in-memory.md \
	doc/adr/0014-keys-are-made-in-sessions-of-their-own.md

# psm.3 is found under the name of each call, too.
call_pages = $(SED) -n 's/^	\(psm_[a-z0-9_]*\);$$/\1.3/p' \
	$(top_srcdir)/psm/psm.map | $(SED) '$(transform)'

install-data-hook:
	page=`echo psm | $(SED) '$(transform)'`.3; \
	for link in `$(call_pages)`; do \
		(cd "$(DESTDIR)$(man3dir)" && rm -f $$link && \
		 $(LN_S) $$page $$link) || exit 1; \
	done

uninstall-hook:
	for link in `$(call_pages)`; do \
		rm -f "$(DESTDIR)$(man3dir)/$$link"; \
	done

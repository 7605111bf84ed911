# tests/interop/local.mk: psm with other people's programs at the other end.

interop_scripts = \
	tests/interop/any.sh \
	tests/interop/bouncycastle.sh \
	tests/interop/certutil.sh \
	tests/interop/cmp.sh \
	tests/interop/crmf.sh \
	tests/interop/firefox.sh \
	tests/interop/foreign-ca.sh \
	tests/interop/issued.sh \
	tests/interop/modes.sh \
	tests/interop/openssl.sh \
	tests/interop/parallel.sh \
	tests/interop/pkcs12.sh \
	tests/interop/pkcs12-made.sh \
	tests/interop/softhsm.sh \
	tests/interop/tls.sh
dist_check_SCRIPTS += $(interop_scripts)
TESTS += $(interop_scripts)
EXTRA_DIST += tests/interop/lib.sh \
	tests/interop/CrmfCheck.java tests/interop/CrmfIssue.java

check_PROGRAMS += tests/interop/cmp tests/interop/generate \
	tests/interop/lock tests/interop/sign
tests_interop_cmp_SOURCES = tests/interop/cmp.c
tests_interop_cmp_LDADD = nssutil/libnu.la $(NSS_LIBS)
tests_interop_generate_SOURCES = tests/interop/generate.c
tests_interop_generate_LDADD = psm/libpsm.la
tests_interop_lock_SOURCES = tests/interop/lock.c
tests_interop_sign_SOURCES = tests/interop/sign.c
tests_interop_sign_LDADD = psm/libpsm.la

if HAVE_LIBCRMF
check_PROGRAMS += tests/interop/crmf
tests_interop_crmf_SOURCES = tests/interop/crmf.c
tests_interop_crmf_LDADD = nssutil/libnu.la $(CRMF_LIBS) $(NSS_LIBS)
endif

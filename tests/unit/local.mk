# tests/unit/local.mk: cmocka programs. They reach below psm.map.

unit_ldadd = psm/libpsm-core.la ca/libca.la nssutil/libnu.la \
	$(CMOCKA_LIBS) $(NSS_LIBS)

# ca
check_PROGRAMS += tests/unit/test_ca
TESTS += tests/unit/test_ca
tests_unit_test_ca_SOURCES = tests/unit/test_ca.c
tests_unit_test_ca_LDADD = ca/libca.la $(CMOCKA_LIBS) $(NSS_LIBS)
tests_unit_test_ca_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=CERT_ChangeCertTrust,--wrap=PK11_SetPrivateKeyNickname

# codecs
check_PROGRAMS += tests/unit/test_der tests/unit/test_b64 \
	tests/unit/test_cmmf tests/unit/test_crmf
TESTS += tests/unit/test_der tests/unit/test_b64 \
	tests/unit/test_cmmf tests/unit/test_crmf
codec_ldadd = nssutil/libnu.la $(CMOCKA_LIBS) $(NSS_LIBS)
tests_unit_test_der_SOURCES = tests/unit/test_der.c \
	tests/unit/hostile.c tests/unit/hostile.h
tests_unit_test_der_LDADD = $(codec_ldadd)
tests_unit_test_b64_SOURCES = tests/unit/test_b64.c
tests_unit_test_b64_LDADD = $(codec_ldadd)
tests_unit_test_cmmf_SOURCES = tests/unit/test_cmmf.c \
	tests/unit/hostile.c tests/unit/hostile.h
tests_unit_test_cmmf_LDADD = $(codec_ldadd)
tests_unit_test_crmf_SOURCES = tests/unit/test_crmf.c \
	tests/unit/hostile.c tests/unit/hostile.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_crmf_LDADD = $(codec_ldadd)
if HAVE_LIBCRMF
check_PROGRAMS += tests/unit/test_crmf_oracle
TESTS += tests/unit/test_crmf_oracle
tests_unit_test_crmf_oracle_SOURCES = tests/unit/test_crmf_oracle.c \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_crmf_oracle_LDADD = nssutil/libnu.la $(CRMF_LIBS) \
	$(CMOCKA_LIBS) $(NSS_LIBS)
endif

# pkcs12
check_PROGRAMS += tests/unit/test_p12
TESTS += tests/unit/test_p12
tests_unit_test_p12_SOURCES = tests/unit/test_p12.c tests/unit/hostile.c \
	tests/unit/hostile.h
tests_unit_test_p12_LDADD = nssutil/libnu.la $(CMOCKA_LIBS) $(NSS_LIBS)

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

# generate
check_PROGRAMS += tests/unit/test_generate
TESTS += tests/unit/test_generate
tests_unit_test_generate_SOURCES = tests/unit/test_generate.c \
	tests/unit/store.c tests/unit/store.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_generate_LDADD = $(unit_ldadd)
tests_unit_test_generate_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=PK11_GenerateKeyPairWithOpFlags \
	-Wl,--wrap=PK11_ConvertSessionPrivKeyToTokenPrivKey

# challenges and signatures
check_PROGRAMS += tests/unit/test_challenge tests/unit/test_sign_text
TESTS += tests/unit/test_challenge tests/unit/test_sign_text
tests_unit_test_challenge_SOURCES = tests/unit/test_challenge.c \
	tests/unit/hostile.c tests/unit/hostile.h \
	tests/unit/store.c tests/unit/store.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_challenge_LDADD = $(unit_ldadd)
tests_unit_test_sign_text_SOURCES = tests/unit/test_sign_text.c \
	tests/unit/store.c tests/unit/store.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_sign_text_LDADD = $(unit_ldadd)
if HAVE_LIBCRMF
check_PROGRAMS += tests/unit/test_challenge_oracle
TESTS += tests/unit/test_challenge_oracle
tests_unit_test_challenge_oracle_SOURCES = tests/unit/test_challenge_oracle.c \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_challenge_oracle_LDADD = nssutil/libnu.la $(CRMF_LIBS) \
	$(CMOCKA_LIBS) $(NSS_LIBS)
endif

# what else CAs send
check_PROGRAMS += tests/unit/test_pkimessage tests/unit/test_import_any
TESTS += tests/unit/test_pkimessage tests/unit/test_import_any
tests_unit_test_pkimessage_SOURCES = tests/unit/test_pkimessage.c \
	tests/unit/hostile.c tests/unit/hostile.h
tests_unit_test_pkimessage_LDADD = $(codec_ldadd)
tests_unit_test_import_any_SOURCES = tests/unit/test_import_any.c \
	tests/unit/hostile.c tests/unit/hostile.h \
	tests/unit/store.c tests/unit/store.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_import_any_LDADD = $(unit_ldadd)

# envelopes: encrypted certificates, key recovery
check_PROGRAMS += tests/unit/test_envelope tests/unit/test_recovery
TESTS += tests/unit/test_envelope tests/unit/test_recovery
tests_unit_test_envelope_SOURCES = tests/unit/test_envelope.c \
	tests/unit/fresh.c tests/unit/fresh.h \
	tests/unit/hostile.c tests/unit/hostile.h
tests_unit_test_envelope_LDADD = nssutil/libnu.la $(CMOCKA_LIBS) $(NSS_LIBS)
tests_unit_test_recovery_SOURCES = tests/unit/test_recovery.c \
	tests/unit/store.c tests/unit/store.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_recovery_LDADD = $(unit_ldadd)
tests_unit_test_recovery_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=PK11_DestroyTokenObject,--wrap=PK11_ImportCert

# proofs of keys that cannot sign
check_PROGRAMS += tests/unit/test_proof
TESTS += tests/unit/test_proof
tests_unit_test_proof_SOURCES = tests/unit/test_proof.c \
	tests/unit/hostile.c tests/unit/hostile.h \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_proof_LDADD = $(codec_ldadd)
if HAVE_LIBCRMF
check_PROGRAMS += tests/unit/test_proof_oracle
TESTS += tests/unit/test_proof_oracle
tests_unit_test_proof_oracle_SOURCES = tests/unit/test_proof_oracle.c \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_proof_oracle_LDADD = nssutil/libnu.la $(CRMF_LIBS) \
	$(CMOCKA_LIBS) $(NSS_LIBS)
endif

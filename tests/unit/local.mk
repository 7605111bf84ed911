# tests/unit/local.mk: cmocka programs. They reach below psm.map.

unit_ldadd = psm/libpsm-core.la ca/libca.la nssutil/libnu.la \
	$(CMOCKA_LIBS) $(NSS_LIBS)

# ca, in a database of its own and in a store
authority_sources = tests/unit/authority.c tests/unit/authority.h
authority_ldadd = ca/libca.la $(CMOCKA_LIBS) $(NSS_LIBS)
ca_store_sources = tests/unit/ca_store.c tests/unit/ca_store.h $(store_sources)
ca_tests = \
	tests/unit/test_ca \
	tests/unit/test_ca_again \
	tests/unit/test_ca_below \
	tests/unit/test_ca_crl \
	tests/unit/test_ca_issue \
	tests/unit/test_ca_open \
	tests/unit/test_ca_profile \
	tests/unit/test_ca_refuse
check_PROGRAMS += $(ca_tests)
TESTS += $(ca_tests)
tests_unit_test_ca_SOURCES = tests/unit/test_ca.c $(authority_sources)
tests_unit_test_ca_LDADD = $(authority_ldadd)
tests_unit_test_ca_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=CERT_ChangeCertTrust,--wrap=PK11_SetPrivateKeyNickname
tests_unit_test_ca_again_SOURCES = tests/unit/test_ca_again.c \
	$(ca_store_sources)
tests_unit_test_ca_again_LDADD = $(unit_ldadd)
tests_unit_test_ca_below_SOURCES = tests/unit/test_ca_below.c \
	$(ca_store_sources)
tests_unit_test_ca_below_LDADD = $(unit_ldadd)
tests_unit_test_ca_crl_SOURCES = tests/unit/test_ca_crl.c $(ca_store_sources)
tests_unit_test_ca_crl_LDADD = $(unit_ldadd)
tests_unit_test_ca_issue_SOURCES = tests/unit/test_ca_issue.c \
	$(authority_sources)
tests_unit_test_ca_issue_LDADD = $(authority_ldadd)
tests_unit_test_ca_open_SOURCES = tests/unit/test_ca_open.c \
	$(ca_store_sources)
tests_unit_test_ca_open_LDADD = $(unit_ldadd)
tests_unit_test_ca_profile_SOURCES = tests/unit/test_ca_profile.c \
	$(ca_store_sources)
tests_unit_test_ca_profile_LDADD = $(unit_ldadd)
tests_unit_test_ca_refuse_SOURCES = tests/unit/test_ca_refuse.c \
	$(authority_sources)
tests_unit_test_ca_refuse_LDADD = $(authority_ldadd)

# codecs
check_PROGRAMS += tests/unit/test_der tests/unit/test_b64 \
	tests/unit/test_cmmf tests/unit/test_crmf
TESTS += tests/unit/test_der tests/unit/test_b64 \
	tests/unit/test_cmmf tests/unit/test_crmf
codec_ldadd = nssutil/libnu.la $(CMOCKA_LIBS) $(NSS_LIBS)
check_PROGRAMS += tests/unit/test_key
TESTS += tests/unit/test_key
tests_unit_test_key_SOURCES = tests/unit/test_key.c \
	tests/unit/fresh.c tests/unit/fresh.h
tests_unit_test_key_LDADD = $(codec_ldadd)
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
p12_sources = tests/unit/p12_files.c tests/unit/p12_files.h \
	tests/unit/hostile.c tests/unit/hostile.h
p12_tests = tests/unit/test_p12 tests/unit/test_p12_made \
	tests/unit/test_p12_others
check_PROGRAMS += $(p12_tests)
TESTS += $(p12_tests)
tests_unit_test_p12_SOURCES = tests/unit/test_p12.c $(p12_sources)
tests_unit_test_p12_LDADD = $(codec_ldadd)
tests_unit_test_p12_made_SOURCES = tests/unit/test_p12_made.c \
	tests/unit/p12_made.c tests/unit/p12_made.h $(p12_sources)
tests_unit_test_p12_made_LDADD = $(codec_ldadd)
tests_unit_test_p12_others_SOURCES = tests/unit/test_p12_others.c \
	$(p12_sources)
tests_unit_test_p12_others_LDADD = $(codec_ldadd)

# engine
store_sources = tests/unit/store.c tests/unit/store.h \
	tests/unit/fresh.c tests/unit/fresh.h
engine_tests = \
	tests/unit/test_backup \
	tests/unit/test_busy \
	tests/unit/test_consent \
	tests/unit/test_context \
	tests/unit/test_error \
	tests/unit/test_import \
	tests/unit/test_match \
	tests/unit/test_nickname \
	tests/unit/test_readonly \
	tests/unit/test_request \
	tests/unit/test_store \
	tests/unit/test_threads \
	tests/unit/test_verify
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)
tests_unit_test_backup_SOURCES = tests/unit/test_backup.c $(store_sources) \
	tests/unit/p12_made.c tests/unit/p12_made.h
tests_unit_test_backup_LDADD = $(unit_ldadd)
tests_unit_test_busy_SOURCES = tests/unit/test_busy.c $(store_sources)
tests_unit_test_busy_LDADD = $(unit_ldadd)
tests_unit_test_consent_SOURCES = tests/unit/test_consent.c $(store_sources)
tests_unit_test_consent_LDADD = $(unit_ldadd)
tests_unit_test_context_SOURCES = tests/unit/test_context.c $(store_sources)
tests_unit_test_context_LDADD = $(unit_ldadd)
tests_unit_test_error_SOURCES = tests/unit/test_error.c
tests_unit_test_error_LDADD = $(unit_ldadd)
tests_unit_test_import_SOURCES = tests/unit/test_import.c $(store_sources)
tests_unit_test_import_LDADD = $(unit_ldadd)
tests_unit_test_match_SOURCES = tests/unit/test_match.c $(store_sources)
tests_unit_test_match_LDADD = $(unit_ldadd)
tests_unit_test_nickname_SOURCES = tests/unit/test_nickname.c $(store_sources)
tests_unit_test_nickname_LDADD = $(unit_ldadd)
tests_unit_test_readonly_SOURCES = tests/unit/test_readonly.c $(store_sources)
tests_unit_test_readonly_LDADD = $(unit_ldadd)
tests_unit_test_request_SOURCES = tests/unit/test_request.c $(store_sources)
tests_unit_test_request_LDADD = $(unit_ldadd)
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_sources)
tests_unit_test_store_LDADD = $(unit_ldadd)
tests_unit_test_threads_SOURCES = tests/unit/test_threads.c $(store_sources)
tests_unit_test_threads_LDADD = $(unit_ldadd)
tests_unit_test_verify_SOURCES = tests/unit/test_verify.c $(store_sources)
tests_unit_test_verify_LDADD = $(unit_ldadd)

# certificates and keys put in
check_PROGRAMS += tests/unit/test_put
TESTS += tests/unit/test_put
tests_unit_test_put_SOURCES = tests/unit/test_put.c \
	tests/unit/p12_made.c tests/unit/p12_made.h \
	tests/unit/puts.c tests/unit/puts.h $(store_sources)
tests_unit_test_put_LDADD = $(unit_ldadd)

# faults
fault_tests = \
	tests/unit/test_faults_any \
	tests/unit/test_faults_import \
	tests/unit/test_faults_page \
	tests/unit/test_faults_pfx \
	tests/unit/test_faults_put \
	tests/unit/test_faults_request \
	tests/unit/test_faults_store
check_PROGRAMS += $(fault_tests) tests/unit/test_hostile_import \
	tests/unit/test_kill
TESTS += $(fault_tests) tests/unit/test_hostile_import \
	tests/unit/test_kill tests/check-faults.sh
dist_check_SCRIPTS += tests/check-faults.sh
sweep_sources = tests/unit/sweep.c tests/unit/sweep.h \
	tests/unit/fault.c tests/unit/fault.h $(store_sources)
sweep_ldflags = $(AM_LDFLAGS) -Wl,@tests/unit/fault.ld
tests_unit_test_faults_any_SOURCES = tests/unit/test_faults_any.c \
	tests/unit/cmp.c tests/unit/cmp.h $(sweep_sources)
tests_unit_test_faults_any_LDADD = $(unit_ldadd)
tests_unit_test_faults_any_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_any_DEPENDENCIES = tests/unit/fault.ld
tests_unit_test_faults_import_SOURCES = tests/unit/test_faults_import.c \
	$(sweep_sources)
tests_unit_test_faults_import_LDADD = $(unit_ldadd)
tests_unit_test_faults_import_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_import_DEPENDENCIES = tests/unit/fault.ld
tests_unit_test_faults_page_SOURCES = tests/unit/test_faults_page.c \
	$(sweep_sources)
tests_unit_test_faults_page_LDADD = $(unit_ldadd)
tests_unit_test_faults_page_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_page_DEPENDENCIES = tests/unit/fault.ld
tests_unit_test_faults_pfx_SOURCES = tests/unit/test_faults_pfx.c \
	$(sweep_sources)
tests_unit_test_faults_pfx_LDADD = $(unit_ldadd)
tests_unit_test_faults_pfx_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_pfx_DEPENDENCIES = tests/unit/fault.ld
tests_unit_test_faults_request_SOURCES = tests/unit/test_faults_request.c \
	$(sweep_sources)
tests_unit_test_faults_request_LDADD = $(unit_ldadd)
tests_unit_test_faults_request_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_request_DEPENDENCIES = tests/unit/fault.ld
tests_unit_test_faults_store_SOURCES = tests/unit/test_faults_store.c \
	$(sweep_sources)
tests_unit_test_faults_store_LDADD = $(unit_ldadd)
tests_unit_test_faults_store_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_store_DEPENDENCIES = tests/unit/fault.ld
tests_unit_test_faults_put_SOURCES = tests/unit/test_faults_put.c \
	tests/unit/puts.c tests/unit/puts.h $(sweep_sources)
tests_unit_test_faults_put_LDADD = $(unit_ldadd)
tests_unit_test_faults_put_LDFLAGS = $(sweep_ldflags)
EXTRA_tests_unit_test_faults_put_DEPENDENCIES = tests/unit/fault.ld
EXTRA_DIST += tests/unit/fault_calls.def
tests_unit_test_hostile_import_SOURCES = tests/unit/test_hostile_import.c \
	tests/unit/hostile.c tests/unit/hostile.h $(store_sources)
tests_unit_test_hostile_import_LDADD = $(unit_ldadd)
tests_unit_test_kill_SOURCES = tests/unit/test_kill.c \
	tests/unit/puts.c tests/unit/puts.h $(store_sources)
tests_unit_test_kill_LDADD = $(unit_ldadd)

# For the linker: a --wrap for each row of the table.
tests/unit/fault.ld: tests/unit/fault_calls.def
	$(AM_V_GEN)$(MKDIR_P) tests/unit && \
	$(SED) -n -e 's/^FAULT([^,]*, \([A-Za-z0-9_]*\),.*/--wrap=\1/p' \
		-e 's/^FAULT_BY_HAND(\(.*\))$$/--wrap=\1/p' \
		$(top_srcdir)/tests/unit/fault_calls.def >$@-t && mv $@-t $@
CLEANFILES += tests/unit/fault.ld

# generate
generate_sources = tests/unit/generated.c tests/unit/generated.h \
	$(store_sources)
generate_tests = tests/unit/test_generate tests/unit/test_generate_circle \
	tests/unit/test_generate_escrow
check_PROGRAMS += $(generate_tests)
TESTS += $(generate_tests)
tests_unit_test_generate_SOURCES = tests/unit/test_generate.c \
	$(generate_sources)
tests_unit_test_generate_LDADD = $(unit_ldadd)
tests_unit_test_generate_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=PK11_GenerateKeyPairWithOpFlags \
	-Wl,--wrap=PK11_ConvertSessionPrivKeyToTokenPrivKey
tests_unit_test_generate_circle_SOURCES = tests/unit/test_generate_circle.c \
	$(generate_sources)
tests_unit_test_generate_circle_LDADD = $(unit_ldadd)
tests_unit_test_generate_escrow_SOURCES = tests/unit/test_generate_escrow.c \
	$(generate_sources)
tests_unit_test_generate_escrow_LDADD = $(unit_ldadd)
tests_unit_test_generate_escrow_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=PK11_Decrypt

# challenges and signatures
check_PROGRAMS += tests/unit/test_challenge tests/unit/test_challenge_answer \
	tests/unit/test_sign_text
TESTS += tests/unit/test_challenge tests/unit/test_challenge_answer \
	tests/unit/test_sign_text
tests_unit_test_challenge_SOURCES = tests/unit/test_challenge.c \
	tests/unit/hostile.c tests/unit/hostile.h \
	$(store_sources)
tests_unit_test_challenge_LDADD = $(unit_ldadd)
tests_unit_test_challenge_answer_SOURCES = \
	tests/unit/test_challenge_answer.c $(store_sources)
tests_unit_test_challenge_answer_LDADD = $(unit_ldadd)
tests_unit_test_sign_text_SOURCES = tests/unit/test_sign_text.c \
	$(store_sources)
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
cmp_sources = tests/unit/cmp_files.c tests/unit/cmp_files.h \
	tests/unit/hostile.c tests/unit/hostile.h
cmp_tests = tests/unit/test_certs tests/unit/test_import_any \
	tests/unit/test_pkimessage tests/unit/test_pkimessage_made
check_PROGRAMS += $(cmp_tests)
TESTS += $(cmp_tests)
tests_unit_test_certs_SOURCES = tests/unit/test_certs.c $(cmp_sources)
tests_unit_test_certs_LDADD = $(codec_ldadd)
tests_unit_test_pkimessage_SOURCES = tests/unit/test_pkimessage.c \
	$(cmp_sources)
tests_unit_test_pkimessage_LDADD = $(codec_ldadd)
tests_unit_test_pkimessage_made_SOURCES = tests/unit/test_pkimessage_made.c \
	$(cmp_sources)
tests_unit_test_pkimessage_made_LDADD = $(codec_ldadd)
tests_unit_test_import_any_SOURCES = tests/unit/test_import_any.c \
	tests/unit/cmp.c tests/unit/cmp.h \
	tests/unit/hostile.c tests/unit/hostile.h \
	$(store_sources)
tests_unit_test_import_any_LDADD = $(unit_ldadd)

# envelopes: encrypted certificates, key recovery
envelope_sources = tests/unit/envelopes.c tests/unit/envelopes.h \
	tests/unit/fresh.c tests/unit/fresh.h \
	tests/unit/hostile.c tests/unit/hostile.h
envelope_tests = tests/unit/test_envelope tests/unit/test_envelope_openssl \
	tests/unit/test_recovery
check_PROGRAMS += $(envelope_tests)
TESTS += $(envelope_tests)
tests_unit_test_envelope_SOURCES = tests/unit/test_envelope.c \
	$(envelope_sources)
tests_unit_test_envelope_LDADD = $(codec_ldadd)
tests_unit_test_envelope_openssl_SOURCES = \
	tests/unit/test_envelope_openssl.c $(envelope_sources)
tests_unit_test_envelope_openssl_LDADD = $(codec_ldadd)
tests_unit_test_recovery_SOURCES = tests/unit/test_recovery.c \
	$(store_sources)
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

# where keys never leave in the clear
check_PROGRAMS += tests/unit/test_tokens
TESTS += tests/unit/test_tokens
tests_unit_test_tokens_SOURCES = tests/unit/test_tokens.c \
	tests/unit/cmp.c tests/unit/cmp.h $(store_sources)
tests_unit_test_tokens_LDADD = $(unit_ldadd)

# PKCS#12 made for others
check_PROGRAMS += tests/unit/test_pfx tests/unit/test_pfx_signed
TESTS += tests/unit/test_pfx tests/unit/test_pfx_signed
tests_unit_test_pfx_SOURCES = tests/unit/test_pfx.c $(store_sources)
tests_unit_test_pfx_LDADD = $(unit_ldadd)
tests_unit_test_pfx_signed_SOURCES = tests/unit/test_pfx_signed.c \
	tests/unit/hostile.c tests/unit/hostile.h $(store_sources)
tests_unit_test_pfx_signed_LDADD = $(unit_ldadd)

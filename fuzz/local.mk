# fuzz/local.mk: every target replays its corpus in `make check`; with
# --enable-fuzzing it is a libFuzzer program too:
#   fuzz/fuzz_cmmf NEW_DIRECTORY fuzz/corpus/cmmf

check_PROGRAMS += fuzz/replay_b64 fuzz/replay_cmmf fuzz/replay_crmf
TESTS += fuzz/replay_b64 fuzz/replay_cmmf fuzz/replay_crmf
EXTRA_DIST += fuzz/corpus

fuzz_ldadd = nssutil/libnu.la $(NSS_LIBS)

fuzz_replay_b64_SOURCES = fuzz/fuzz_b64.c fuzz/replay.c fuzz/fuzz.h
fuzz_replay_b64_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"b64\"
fuzz_replay_b64_LDADD = $(fuzz_ldadd)
fuzz_replay_cmmf_SOURCES = fuzz/fuzz_cmmf.c fuzz/replay.c fuzz/fuzz.h
fuzz_replay_cmmf_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"cmmf\"
fuzz_replay_cmmf_LDADD = $(fuzz_ldadd)
fuzz_replay_crmf_SOURCES = fuzz/fuzz_crmf.c fuzz/replay.c fuzz/fuzz.h
fuzz_replay_crmf_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"crmf\"
fuzz_replay_crmf_LDADD = $(fuzz_ldadd)
check_PROGRAMS += fuzz/replay_challenge
TESTS += fuzz/replay_challenge
fuzz_replay_challenge_SOURCES = fuzz/fuzz_challenge.c fuzz/replay.c fuzz/fuzz.h
fuzz_replay_challenge_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"challenge\"
fuzz_replay_challenge_LDADD = $(fuzz_ldadd)
check_PROGRAMS += fuzz/replay_pkimessage
TESTS += fuzz/replay_pkimessage
fuzz_replay_pkimessage_SOURCES = fuzz/fuzz_pkimessage.c fuzz/replay.c \
	fuzz/fuzz.h
fuzz_replay_pkimessage_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"pkimessage\"
fuzz_replay_pkimessage_LDADD = $(fuzz_ldadd)
check_PROGRAMS += fuzz/replay_envelope
TESTS += fuzz/replay_envelope
fuzz_replay_envelope_SOURCES = fuzz/fuzz_envelope.c fuzz/replay.c fuzz/fuzz.h
fuzz_replay_envelope_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"envelope\"
fuzz_replay_envelope_LDADD = $(fuzz_ldadd)
check_PROGRAMS += fuzz/replay_ca
TESTS += fuzz/replay_ca
fuzz_ca_sources = fuzz/fuzz_ca.c fuzz/fuzz.h tests/unit/fresh.c \
	tests/unit/fresh.h
fuzz_replay_ca_SOURCES = fuzz/replay.c $(fuzz_ca_sources)
fuzz_replay_ca_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"ca\"
fuzz_replay_ca_LDADD = ca/libca.la $(fuzz_ldadd)
check_PROGRAMS += fuzz/replay_pfx
TESTS += fuzz/replay_pfx
fuzz_replay_pfx_SOURCES = fuzz/fuzz_pfx.c fuzz/replay.c fuzz/fuzz.h
fuzz_replay_pfx_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS=\"pfx\"
fuzz_replay_pfx_LDADD = ca/libca.la $(fuzz_ldadd)

if ENABLE_FUZZING
noinst_PROGRAMS += fuzz/fuzz_b64 fuzz/fuzz_cmmf fuzz/fuzz_crmf
fuzz_fuzz_b64_SOURCES = fuzz/fuzz_b64.c fuzz/fuzz.h
fuzz_fuzz_b64_LDADD = $(fuzz_ldadd)
fuzz_fuzz_b64_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_fuzz_cmmf_SOURCES = fuzz/fuzz_cmmf.c fuzz/fuzz.h
fuzz_fuzz_cmmf_LDADD = $(fuzz_ldadd)
fuzz_fuzz_cmmf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_fuzz_crmf_SOURCES = fuzz/fuzz_crmf.c fuzz/fuzz.h
fuzz_fuzz_crmf_LDADD = $(fuzz_ldadd)
fuzz_fuzz_crmf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
noinst_PROGRAMS += fuzz/fuzz_challenge
fuzz_fuzz_challenge_SOURCES = fuzz/fuzz_challenge.c fuzz/fuzz.h
fuzz_fuzz_challenge_LDADD = $(fuzz_ldadd)
fuzz_fuzz_challenge_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
noinst_PROGRAMS += fuzz/fuzz_pkimessage
fuzz_fuzz_pkimessage_SOURCES = fuzz/fuzz_pkimessage.c fuzz/fuzz.h
fuzz_fuzz_pkimessage_LDADD = $(fuzz_ldadd)
fuzz_fuzz_pkimessage_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
noinst_PROGRAMS += fuzz/fuzz_envelope
fuzz_fuzz_envelope_SOURCES = fuzz/fuzz_envelope.c fuzz/fuzz.h
fuzz_fuzz_envelope_LDADD = $(fuzz_ldadd)
fuzz_fuzz_envelope_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
noinst_PROGRAMS += fuzz/fuzz_ca
fuzz_fuzz_ca_SOURCES = $(fuzz_ca_sources)
fuzz_fuzz_ca_LDADD = ca/libca.la $(fuzz_ldadd)
fuzz_fuzz_ca_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
noinst_PROGRAMS += fuzz/fuzz_pfx
fuzz_fuzz_pfx_SOURCES = fuzz/fuzz_pfx.c fuzz/fuzz.h
fuzz_fuzz_pfx_LDADD = ca/libca.la $(fuzz_ldadd)
fuzz_fuzz_pfx_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
endif

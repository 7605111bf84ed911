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
endif

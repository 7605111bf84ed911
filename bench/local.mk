# bench/local.mk: side by side with a peer; built by `make check`, run by hand.

# codecs
if HAVE_LIBCRMF
check_PROGRAMS += bench/bench_decode
bench_bench_decode_SOURCES = bench/bench_decode.c \
	tests/unit/fresh.c tests/unit/fresh.h
bench_bench_decode_LDADD = nssutil/libnu.la $(CRMF_LIBS) $(NSS_LIBS)
else
EXTRA_DIST += bench/bench_decode.c
endif

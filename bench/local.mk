# bench/local.mk: side by side with peers. `make check` builds them, `make bench`
# runs them.

bench_sources = bench/bench.c bench/bench.h
bench_fill_sources = $(bench_sources) bench/fill.c bench/fill.h \
	tests/unit/fresh.c tests/unit/fresh.h
bench_ldadd = psm/libpsm-core.la ca/libca.la nssutil/libnu.la $(NSS_LIBS)

bench_programs = bench/bench_cli bench/bench_growth bench/bench_import \
	bench/bench_list bench/bench_pfx
bench_bench_cli_SOURCES = bench/bench_cli.c $(bench_fill_sources)
bench_bench_cli_LDADD = $(bench_ldadd)
bench_bench_growth_SOURCES = bench/bench_growth.c $(bench_fill_sources)
bench_bench_growth_LDADD = $(bench_ldadd)
bench_bench_import_SOURCES = bench/bench_import.c $(bench_fill_sources)
bench_bench_import_LDADD = $(bench_ldadd)
bench_bench_list_SOURCES = bench/bench_list.c $(bench_fill_sources)
bench_bench_list_LDADD = $(bench_ldadd)
bench_bench_pfx_SOURCES = bench/bench_pfx.c $(bench_sources) \
	tests/unit/fresh.c tests/unit/fresh.h
bench_bench_pfx_LDADD = $(bench_ldadd)

# the daemon's records
if WITH_PSMD
bench_programs += bench/bench_records
bench_bench_records_SOURCES = bench/bench_records.c $(bench_sources)
bench_bench_records_LDADD = psmd/libpsmd.la nssutil/libnu.la $(NSS_LIBS)

# for orders.sh, which makes what it measures
check_PROGRAMS += bench/bench_orders
bench_bench_orders_SOURCES = bench/bench_orders.c $(bench_sources)
bench_bench_orders_LDADD = $(bench_ldadd)
else
EXTRA_DIST += bench/bench_orders.c bench/bench_records.c
endif

# codecs
if HAVE_LIBCRMF
bench_programs += bench/bench_decode
bench_bench_decode_SOURCES = bench/bench_decode.c $(bench_sources) \
	tests/unit/fresh.c tests/unit/fresh.h
bench_bench_decode_LDADD = nssutil/libnu.la $(CRMF_LIBS) $(NSS_LIBS)
else
EXTRA_DIST += bench/bench_decode.c
endif

check_PROGRAMS += $(bench_programs)
EXTRA_DIST += bench/README.md bench/lib.sh bench/orders.sh bench/psmd.sh

# Libtool's cli/psm may be a shell script around the program, which a bench must
# not measure.
.PHONY: bench
bench: $(bench_programs) cli/psm
	@printf '%-47s %9s  %9s     %-24s %8s\n' WHAT OURS PEER "" RATIO; \
	PSM='$(abs_builddir)/cli/psm'; \
	test ! -x cli/.libs/psm || PSM='$(abs_builddir)/cli/.libs/psm'; \
	LD_LIBRARY_PATH='$(abs_builddir)/psm/.libs':"$$LD_LIBRARY_PATH"; \
	export PSM LD_LIBRARY_PATH; \
	for program in $(bench_programs); do ./$$program || exit 1; done

# tests/local.mk: what every test may rely on, and the checks of the house
# rules.

TEST_EXTENSIONS = .sh

# A test that hangs fails, with all that it started: seconds, of which the
# longest needs a fifth under the sanitizers on a busy machine.
TEST_LIMIT = timeout --kill-after=30 900
LOG_COMPILER = $(TEST_LIMIT)
SH_LOG_COMPILER = $(TEST_LIMIT) $(SHELL)

# Tests run in the build directory. A sanitizer's finding must not end in an
# exit code that a test takes for an answer of the program: 99 is none.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	PSM='$(abs_top_builddir)/cli/psm'; export PSM; \
	CC='$(CC)'; export CC; \
	CXX='$(CXX)'; export CXX; \
	MANDOC='$(MANDOC)'; export MANDOC; \
	NSS_CFLAGS='$(NSS_CFLAGS)'; export NSS_CFLAGS; \
	PSMD_CFLAGS='$(PSMD_CFLAGS)'; export PSMD_CFLAGS; \
	PSMD='$(abs_top_builddir)/psmd/psmd'; export PSMD; \
	WITH_PSMD='$(with_psmd)'; export WITH_PSMD; \
	ASAN_OPTIONS="$${ASAN_OPTIONS-exitcode=99:detect_leaks=1}"; \
	export ASAN_OPTIONS; \
	UBSAN_OPTIONS="$${UBSAN_OPTIONS-print_stacktrace=1}"; \
	export UBSAN_OPTIONS;

check_scripts = \
	tests/check-errors.sh \
	tests/check-examples.sh \
	tests/check-exports.sh \
	tests/check-headers.sh \
	tests/check-includes.sh \
	tests/check-man.sh
dist_check_SCRIPTS += $(check_scripts)
TESTS += $(check_scripts)
EXTRA_DIST += tests/check-lib.sh

# What is installed works by itself: pkg-config's flags, and no header of NSS.
# Leaves the logs of the tests in $PSM_TEST_LOGS, since distcheck removes them.
installcheck-local:
	if test -n "$$PSM_TEST_LOGS"; then \
		for trs in `find . -name '*.trs'`; do \
			log=`echo $$trs | $(SED) 's/trs$$/log/'`; \
			$(MKDIR_P) "$$PSM_TEST_LOGS/`dirname $$log`" && \
			cp $$log "$$PSM_TEST_LOGS/$$log" || exit 1; \
		done; \
	fi
	LD_LIBRARY_PATH="$(DESTDIR)$(libdir)" \
	"$(DESTDIR)$(bindir)/`echo psm | $(SED) '$(transform)'`" --version
	PKG_CONFIG_PATH="$(DESTDIR)$(pkgconfigdir)"; \
	PKG_CONFIG_SYSROOT_DIR="$(DESTDIR)"; \
	export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR; \
	$(CC) $(SANITIZE_CFLAGS) -o installed-import \
		$(top_srcdir)/examples/import.c \
		`$(PKG_CONFIG) --cflags --libs psm`
	rm -f installed-import

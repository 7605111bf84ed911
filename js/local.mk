# js/local.mk: the npm package psm-crypto. npm builds it, against an installed
# libpsm; tests/js/run.sh does so against the one built here.
EXTRA_DIST += \
	js/node/README.md \
	js/node/binding.gyp \
	js/node/index.d.ts \
	js/node/index.js \
	js/node/lib/ui.js \
	js/node/package-lock.json \
	js/node/package.json \
	js/node/src/addon.c \
	js/node/src/addon.h \
	js/node/src/calls.c \
	js/node/src/engine.c \
	js/node/src/ui.c \
	js/node/src/values.c \
	js/node/test/callbacks.test.js \
	js/node/test/object.test.js \
	js/node/test/open.test.js \
	js/node/test/readme.test.js \
	js/node/test/support/ending.js \
	js/node/test/support/worker.js \
	js/node/test/support/world.js \
	js/node/test/threads.test.js \
	js/node/test/types.ts \
	bench/bench_addon.js \
	tests/js/pages.test.js \
	tests/js/pages/portal-create.js \
	tests/js/pages/portal-install.js \
	tests/js/pages/profile-enrol.js \
	tests/js/pages/profile-issued.js \
	tests/js/pages/test-cgi-answer.js \
	tests/js/pages/test-cgi-challenge.js \
	tests/js/pages/test-cgi-keys.js \
	tests/js/portal.test.js \
	tests/js/reporter.mjs \
	tests/js/window.js

dist_check_SCRIPTS += tests/js/run.sh
TESTS += tests/js/run.sh

check_PROGRAMS += tests/js/challenge
tests_js_challenge_SOURCES = tests/js/challenge.c
tests_js_challenge_LDADD = ca/libca.la psm/libpsm.la $(NSS_LIBS)

# The calls that bench_addon.js makes, in C: tests/js/run.sh bench.
check_PROGRAMS += bench/bench_addon
bench_bench_addon_SOURCES = bench/bench_addon.c
bench_bench_addon_LDADD = psm/libpsm.la

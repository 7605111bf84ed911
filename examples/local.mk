# examples/local.mk: the programs that README.md and psm.3 quote; the tests run
# them (tests/cli/examples.sh).
noinst_PROGRAMS += examples/import examples/request
examples_import_SOURCES = examples/import.c
examples_import_LDADD = psm/libpsm.la
examples_request_SOURCES = examples/request.c
examples_request_LDADD = psm/libpsm.la

# A portal for enrolment before psmd; tests/js/portal.test.js visits it.
EXTRA_DIST += \
	examples/portal/enrol.js \
	examples/portal/install.js \
	examples/portal/portal.js

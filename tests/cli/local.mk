# tests/cli/local.mk: the program psm from outside, and its JSON.
cli_scripts = \
	tests/cli/any.sh \
	tests/cli/backup.sh \
	tests/cli/ca.sh \
	tests/cli/examples.sh \
	tests/cli/full-disk.sh \
	tests/cli/import.sh \
	tests/cli/init.sh \
	tests/cli/pfx-request.sh \
	tests/cli/recover.sh \
	tests/cli/request.sh \
	tests/cli/store.sh \
	tests/cli/tty.sh \
	tests/cli/usage.sh
dist_check_SCRIPTS += $(cli_scripts)
EXTRA_DIST += tests/cli/lib.sh

check_PROGRAMS += tests/cli/encrypt tests/cli/escrow \
	tests/cli/tty tests/cli/test_json tests/cli/test_terminal
tests_cli_encrypt_SOURCES = tests/cli/encrypt.c
tests_cli_encrypt_LDADD = psm/libpsm-core.la ca/libca.la nssutil/libnu.la \
	$(NSS_LIBS)
tests_cli_escrow_SOURCES = tests/cli/escrow.c
tests_cli_escrow_LDADD = psm/libpsm-core.la ca/libca.la nssutil/libnu.la \
	$(NSS_LIBS)
tests_cli_tty_SOURCES = tests/cli/tty.c
tests_cli_test_json_SOURCES = tests/cli/test_json.c
tests_cli_test_json_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) \
	$(CMOCKA_CFLAGS)
tests_cli_test_json_LDADD = json/libpsmjson.la psm/libpsm.la \
	$(JANSSON_LIBS) $(CMOCKA_LIBS)
tests_cli_test_terminal_SOURCES = tests/cli/test_terminal.c \
	cli/terminal.c cli/terminal.h
tests_cli_test_terminal_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_cli_test_terminal_LDADD = $(CMOCKA_LIBS)
tests_cli_test_terminal_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=tcgetattr,--wrap=tcsetattr

TESTS += tests/cli/test_json tests/cli/test_terminal $(cli_scripts)

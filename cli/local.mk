# cli/local.mk: the program psm. Automake cannot build it beside the folder of
# its name, so it is built here and installed as psm.
bin_PROGRAMS += cli/psm
cli_psm_SOURCES = \
	cli/backup.c \
	cli/ca.c \
	cli/cancel.c \
	cli/cli.h \
	cli/delete.c \
	cli/exit.c \
	cli/file.c \
	cli/import.c \
	cli/init.c \
	cli/list.c \
	cli/main.c \
	cli/options.c \
	cli/password.c \
	cli/pending.c \
	cli/pfx_answer.c \
	cli/pfx_request.c \
	cli/request.c \
	cli/restore.c \
	cli/show.c \
	cli/terminal.c \
	cli/terminal.h \
	cli/text.c \
	cli/ui.c
cli_psm_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
cli_psm_LDADD = json/libpsmjson.la ca/libca.la psm/libpsm.la \
	$(JANSSON_LIBS) $(NSS_LIBS)

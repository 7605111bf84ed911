# psm/local.mk: the engine once. libpsm.so exports what psm.map names; tests
# reach all of it through libpsm-core.

noinst_LTLIBRARIES += psm/libpsm-core.la
psm_libpsm_core_la_SOURCES = \
	psm/backup.c \
	psm/cert.c \
	psm/certobj.c \
	psm/challenge.c \
	psm/context.c \
	psm/encrypted.c \
	psm/error.c \
	psm/generate.c \
	psm/idset.c \
	psm/import.c \
	psm/import_any.c \
	psm/internal.h \
	psm/keyspec.c \
	psm/label.c \
	psm/newkey.c \
	psm/nickname.c \
	psm/object.c \
	psm/pagecert.c \
	psm/pending.c \
	psm/plan.c \
	psm/psm.h \
	psm/put.c \
	psm/put_read.c \
	psm/put_write.c \
	psm/recovery.c \
	psm/request.c \
	psm/restore.c \
	psm/sign_text.c \
	psm/stamp.c \
	psm/store.c \
	psm/tidy.c \
	psm/verify.c \
	psm/waiting.c
psm_libpsm_core_la_LIBADD = nssutil/libnu.la

# Interfaces only grow: current and age by one, unless one goes away.
lib_LTLIBRARIES += psm/libpsm.la
psm_libpsm_la_SOURCES =
psm_libpsm_la_LIBADD = psm/libpsm-core.la $(NSS_LIBS)
psm_libpsm_la_LDFLAGS = $(LIBRARY_LDFLAGS) -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(top_srcdir)/psm/psm.map
EXTRA_psm_libpsm_la_DEPENDENCIES = psm/psm.map
EXTRA_DIST += psm/psm.map

# #include <psm/psm.h>, as in this tree.
psmincludedir = $(includedir)/psm
psminclude_HEADERS = psm/psm.h
pkgconfig_DATA = psm/psm.pc

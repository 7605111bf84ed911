# json/local.mk: the structs of psm.h as JSON, for the program and the daemon.
# Whoever links it links libpsm too.
noinst_LTLIBRARIES += json/libpsmjson.la
json_libpsmjson_la_SOURCES = json/json.h json/names.c json/read.c \
	json/text.c json/user_cert.c json/write.c
json_libpsmjson_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
json_libpsmjson_la_LIBADD = $(JANSSON_LIBS)

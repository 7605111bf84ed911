# ca/local.mk: the small certification authority, not installed.
noinst_LTLIBRARIES += ca/libca.la
ca_libca_la_SOURCES = ca/ca.h ca/internal.h ca/answer.c ca/ca.c ca/cert.c \
	ca/challenge.c ca/der.c ca/encrypt.c ca/init.c ca/issue.c ca/judge.c \
	ca/names.c ca/profile.c ca/proof.c ca/recover.c ca/request.c
ca_libca_la_LIBADD = nssutil/libnu.la

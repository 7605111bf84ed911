# ca/local.mk: the small certification authority, not installed.
noinst_LTLIBRARIES += ca/libca.la
ca_libca_la_SOURCES = ca/ca.h ca/internal.h ca/again.c ca/answer.c \
	ca/attribute.c ca/ca.c ca/cert.c ca/chain.c ca/challenge.c ca/crl.c ca/crl_read.c \
	ca/der.c ca/encrypt.c ca/init.c ca/issue.c ca/judge.c ca/look.c \
	ca/names.c ca/options.c ca/profile.c ca/proof.c ca/recover.c \
	ca/pfx.h ca/pfx_alone.c ca/pfx_int.h ca/pfx_key.c ca/pfx_pool.c \
	ca/pfx_seal.c ca/pfx_sign.c ca/request.c
ca_libca_la_LIBADD = nssutil/libnu.la

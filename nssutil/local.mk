# nssutil/local.mk: libnu, typed helpers over NSS and the codecs; not installed.

noinst_LTLIBRARIES += nssutil/libnu.la
nssutil_libnu_la_SOURCES = \
	nssutil/nu_agree.c nssutil/nu_agree.h \
	nssutil/nu_auto.h \
	nssutil/nu_b64.c nssutil/nu_b64.h \
	nssutil/nu_ber.c nssutil/nu_ber.h \
	nssutil/nu_cert.c nssutil/nu_cert.h \
	nssutil/nu_certs.c nssutil/nu_certs.h \
	nssutil/nu_challenge.c nssutil/nu_challenge.h \
	nssutil/nu_cipher.c nssutil/nu_cipher.h \
	nssutil/nu_cmmf.c nssutil/nu_cmmf.h \
	nssutil/nu_crmf.h nssutil/nu_crmf_int.h \
	nssutil/nu_crmf_read.c nssutil/nu_crmf_verify.c \
	nssutil/nu_crmf_write.c \
	nssutil/nu_der.c nssutil/nu_der.h \
	nssutil/nu_envelope.c nssutil/nu_envelope.h nssutil/nu_envelope_alg.c \
	nssutil/nu_envelope_int.h nssutil/nu_envelope_key.c \
	nssutil/nu_envelope_private.c \
	nssutil/nu_envelope_read.c nssutil/nu_envelope_write.c \
	nssutil/nu_err.c nssutil/nu_err.h \
	nssutil/nu_ext.c nssutil/nu_ext.h \
	nssutil/nu_init.c nssutil/nu_init.h \
	nssutil/nu_key.c nssutil/nu_key.h \
	nssutil/nu_keyfile.c nssutil/nu_keyfile.h nssutil/nu_keyfile_int.h \
	nssutil/nu_keyfile_pem.c \
	nssutil/nu_name.c nssutil/nu_name.h \
	nssutil/nu_p10.c nssutil/nu_p10.h \
	nssutil/nu_p12.h nssutil/nu_p12_int.h \
	nssutil/nu_p12_carry.c nssutil/nu_p12_key.c \
	nssutil/nu_p12_open.c nssutil/nu_p12_pbe.c nssutil/nu_p12_read.c \
	nssutil/nu_p12_tmpl.c nssutil/nu_p12_write.c \
	nssutil/nu_pin.c nssutil/nu_pin.h \
	nssutil/nu_pkimessage.c nssutil/nu_pkimessage.h \
	nssutil/nu_protection.c \
	nssutil/nu_session.c nssutil/nu_session.h \
	nssutil/nu_signed.c nssutil/nu_signed.h \
	nssutil/nu_slot.c nssutil/nu_slot.h

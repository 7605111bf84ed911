# tests/interop/local.mk: psm with other people's programs at the other end.

interop_scripts = \
	tests/interop/any.sh \
	tests/interop/foreign-ca.sh
dist_check_SCRIPTS += $(interop_scripts)
TESTS += $(interop_scripts)

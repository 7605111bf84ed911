#!/bin/sh
# check-headers.sh - every header compiles alone; psm.h in C++ and without NSS.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

CXX=${CXX:-no}
NSS_CFLAGS=${NSS_CFLAGS-$(pkg-config --cflags nss)}
PSMD_CFLAGS=${PSMD_CFLAGS-$(pkg-config --cflags libmicrohttpd sqlite3)}
WITH_PSMD=${WITH_PSMD-yes}
cd "$top_srcdir" || exit 99

# compile SENTENCE COMPILER [ARGUMENT...]
compile() {
	sentence=$1
	shift
	"$@" -fsyntax-only -Wall -Wextra -Werror -I. >"$tmp/out" 2>&1 &&
		: >"$tmp/out"
	rule "$sentence" "$tmp/out"
}

# Twice, so that the guard is tried too.
for h in */*.h tests/*/*.h; do
	[ -e "$h" ] || continue
	case $WITH_PSMD/$h in no/*psmd/*) continue ;; esac
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$tmp/one.c"
	printf 'extern int unused;\n' >>"$tmp/one.c"
	# shellcheck disable=SC2086 # several words each
	compile "$h compiles alone" $CC $NSS_CFLAGS $PSMD_CFLAGS \
		-std=gnu11 "$tmp/one.c"
done

printf '#include "psm/psm.h"\nextern int unused;\n' >"$tmp/psm.c"
# shellcheck disable=SC2086
compile 'psm.h compiles as ISO C11 without the include paths of NSS' \
	$CC -std=c11 -pedantic "$tmp/psm.c"
if [ "$CXX" = no ]; then
	skip 'psm.h compiles as C++: there is no C++ compiler'
else
	cp "$tmp/psm.c" "$tmp/psm.cc"
	# shellcheck disable=SC2086
	compile 'psm.h compiles as C++' $CXX -std=c++11 -pedantic "$tmp/psm.cc"
fi
verdict

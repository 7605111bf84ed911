#!/bin/sh
# check-exports.sh - psm.h, psm.map and libpsm.so name the same calls.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

lib=$top_builddir/psm/.libs/libpsm.so

psm_calls >"$tmp/header"
sed -n '/^global:/,/^local:/s/^	\([a-z0-9_]*\);$/\1/p' \
	"$top_srcdir/psm/psm.map" | sort >"$tmp/map"
same 'psm.map names every call of psm.h and nothing else' \
	"$tmp/header" "$tmp/map"

if [ -e "$lib" ]; then
	nm -D --defined-only "$lib" | awk '$2 != "A" { print $3 }' |
		sed 's/@.*//' | sort >"$tmp/lib"
	same 'libpsm.so exports the calls of psm.h and nothing else' \
		"$tmp/header" "$tmp/lib"
else
	skip 'libpsm.so exports the calls of psm.h: it is not built'
fi
verdict

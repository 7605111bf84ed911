#!/bin/sh
# check-includes.sh - who includes whom: an arrow is the only permission.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

cd "$top_srcdir" || exit 99

# Headers of NSS and NSPR are those their include paths hold.
for dir in $(pkg-config --cflags-only-I nss nspr | sed 's/-I//g'); do
	ls "$dir"
done | grep '\.h$' | sort -u >"$tmp/nss"

# The files of the folders named, tests and examples of theirs apart.
sources() {
	for dir; do
		ls "$dir"/*.c "$dir"/*.h 2>/dev/null
	done
}

# quoted FILE...: "file header" for each #include "header"
quoted() {
	grep -H '^[ 	]*#[ 	]*include[ 	]*"' "$@" /dev/null |
		sed 's/^\([^:]*\):[^"]*"\([^"]*\)".*/\1 \2/'
}

# angled FILE...: "file header" for each #include <header>
angled() {
	grep -H '^[ 	]*#[ 	]*include[ 	]*<' "$@" /dev/null |
		sed 's/^\([^:]*\):[^<]*<\([^>]*\)>.*/\1 \2/'
}

# may FOLDER PATTERN: of our headers, FOLDER includes only its own and those
# that the extended regular expression PATTERN fits.
may() {
	# shellcheck disable=SC2046 # no file name here has a blank
	quoted $(sources "$1") |
		awk -v own="^$1/" -v others="^($2)\$" \
			'$2 !~ own && $2 !~ others' >"$tmp/strays"
	rule "$1 includes only what its arrows allow" "$tmp/strays"
}

# no_nss NAME FILE...: only plgetopt.h and NSPR's types for it.
no_nss() {
	name=$1
	shift
	angled "$@" | while read -r file header; do
		case $header in
		plgetopt.h | nspr.h | prtypes.h | prerror.h | prinit.h) ;;
		*) grep -qxF "$header" "$tmp/nss" && echo "$file $header" ;;
		esac
	done >"$tmp/strays"
	rule "$name includes no header of NSS" "$tmp/strays"
}

may nssutil ''
may psm 'nssutil/nu_[a-z0-9]*\.h'
may ca 'nssutil/nu_[a-z0-9]*\.h|psm/psm\.h'
may json 'psm/psm\.h'
may cli 'psm/psm\.h|ca/(ca|pfx)\.h|json/json\.h'
may psmd 'psm/psm\.h|ca/(ca|pfx)\.h|json/json\.h|cli/terminal\.h'
may examples 'psm/psm\.h'
may js/node/src 'src/addon\.h'

# shellcheck disable=SC2046
no_nss json $(sources json)
# shellcheck disable=SC2046
no_nss cli $(sources cli)
# TLS and digests are NSS's.
# shellcheck disable=SC2046
no_nss 'psmd, but tls*.c and hash.c,' $(sources psmd |
	grep -vE '^psmd/(tls[a-z_]*|hash)\.c$|^psmd/tls_int\.h$')
# shellcheck disable=SC2046
no_nss examples $(sources examples)
# shellcheck disable=SC2046
no_nss js/node/src $(sources js/node/src)
no_nss psm.h psm/psm.h
no_nss ca.h ca/ca.h
no_nss pfx.h ca/pfx.h

# internal.h stays in its folder and that folder's unit tests.
quoted $(sources nssutil psm ca json cli psmd examples fuzz bench fixtures) |
	awk '$2 ~ /internal\.h$/ {
		split($1, at, "/"); split($2, of, "/")
		if (at[1] != of[1]) print
	}' >"$tmp/strays"
rule 'no folder but tests/unit includes an internal.h of another' \
	"$tmp/strays"

quoted $(sources nssutil psm ca json cli psmd examples fuzz bench fixtures \
	tests/unit tests/psmd) | awk '$2 !~ /\//' >"$tmp/strays"
rule 'every include of ours names its folder' "$tmp/strays"
verdict

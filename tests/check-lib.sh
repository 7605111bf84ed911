# check-lib.sh - for the check-*.sh: a line for each rule, and the outcome.
# Read by ". $top_srcdir/tests/check-lib.sh"; works from a checkout as well.

set -u
LC_ALL=C
export LC_ALL

top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir}
CC=${CC:-cc}

broken=0
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

# rule SENTENCE [FILE]: kept, if FILE (what breaks it) is missing or empty.
rule() {
	if [ -s "${2-/dev/null}" ]; then
		printf 'not ok - %s\n' "$1"
		sed 's/^/#   /' "$2"
		broken=1
	else
		printf 'ok - %s\n' "$1"
	fi
}

# same SENTENCE FILE FILE: kept, if the two files are equal.
same() {
	diff -u "$2" "$3" >"$tmp/diff"
	rule "$1" "$tmp/diff"
}

skip() {
	printf 'skip - %s\n' "$1"
}

verdict() {
	exit "$broken"
}

# The calls of psm.h, one a line, sorted.
psm_calls() {
	$CC -E -P -I"$top_srcdir" -x c "$top_srcdir/psm/psm.h" |
		grep -o 'psm_[a-z0-9_]*(' | tr -d '(' | sort -u
}

# The members of enum psm_err, one a line, in order, without the count.
psm_errors() {
	sed -n '/^enum psm_err {/,/^};/p' "$top_srcdir/psm/psm.h" |
		grep -o '^	PSM_[A-Z0-9_]*' | tr -d '\t' |
		grep -v '^PSM_E_COUNT_$'
}

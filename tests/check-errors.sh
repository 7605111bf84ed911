#!/bin/sh
# check-errors.sh - every enum psm_err has its text, its string and its exit
# code.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

psm_errors >"$tmp/errors"
[ -s "$tmp/errors" ] || exit 99

# rows FILE: the errors that have a row [PSM_E_...] = in a table of FILE; a
# row written by a macro, ROW(PSM_E_...), counts.
rows() {
	grep -oE '(\[|^	[A-Z_]+\()PSM_(OK|E_[A-Z0-9_]+)' "$1" |
		sed 's/.*[[(]//' | sort -u
}

# missing FILE...: the errors without a row
missing() {
	rows "$1" | sort >"$tmp/rows"
	sort "$tmp/errors" | comm -23 - "$tmp/rows"
}

for file in psm/error.c cli/exit.c; do
	missing "$top_srcdir/$file" >"$tmp/missing"
	rule "$file has a row for every enum psm_err" "$tmp/missing"
done

while read -r err; do
	grep -q "^\.It Dv $err\$" "$top_srcdir/doc/man/psm.3" || echo "$err"
done <"$tmp/errors" >"$tmp/missing"
rule 'psm.3 explains every enum psm_err' "$tmp/missing"
verdict

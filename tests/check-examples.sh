#!/bin/sh
# check-examples.sh - what README.md and psm.3 quote is examples/import.c.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

# The program, from its first #include on.
sed -n '/^#include/,$p' "$top_srcdir/examples/import.c" >"$tmp/program"
[ -s "$tmp/program" ] || exit 99

sed -n '/^```c$/,/^```$/p' "$top_srcdir/README.md" | sed '/^```/d' \
	>"$tmp/readme"
same 'README.md quotes examples/import.c as it is' \
	"$tmp/program" "$tmp/readme"

# In roff a backslash is written \e, and \& keeps a dot from being a request.
sed -n '/^\.Sh EXAMPLES/,/^\.Sh /p' "$top_srcdir/doc/man/psm.3" |
	sed -n '/^\.Bd -literal/,/^\.Ed/p' | sed '/^\.[BE]d/d' |
	sed 's/\\e/\\/g; s/\\&//g' >"$tmp/manual"
same 'psm.3 quotes examples/import.c as it is' "$tmp/program" "$tmp/manual"
verdict

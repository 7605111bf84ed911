#!/bin/sh
# examples.sh - the programs in examples/ do what they say
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

make_ca
"$top_builddir/examples/request" "$tmp/db" CN=Alice,O=Example >"$tmp/request"
check 'examples/request prints a request' test "$?" -eq 0
need psm ca issue -d "$tmp/ca" -i "$tmp/request" -o "$tmp/answer"
"$top_builddir/examples/import" "$tmp/db" <"$tmp/answer" \
	>"$tmp/out" 2>"$tmp/err"
check 'examples/import stores the answer' test "$?" -eq 0
check 'and prints the nickname' out_is "Alice's Example ID"
"$top_builddir/examples/import" "$tmp/db" <"$tmp/answer" \
	>"$tmp/out" 2>"$tmp/err"
check 'a second time it fails' test "$?" -eq 1
check 'with the string for it' err '^error:invalidRequestID: '
verdict

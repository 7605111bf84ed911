#!/bin/sh
# tty.sh - what psm asks on a terminal
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

# on_tty [PROMPT ANSWER]... -- ARGUMENT...: psm on a terminal of its own; what
# is seen there is in $tmp/out. It asks each prompt in turn, and no other.
on_tty() {
	"$top_builddir/tests/cli/tty" "$@" >"$tmp/out" 2>"$tmp/err"
}

check 'init asks for a new password twice' on_tty \
	'New password' secret 'same again' secret -- \
	"$PSM" init -d "$tmp/db"
check 'and does not echo it' not out secret
echo secret >"$tmp/pin"
check 'it is the one that was typed' \
	psm request -d "$tmp/db" -f "$tmp/pin" -k ec -s CN=x
check 'init asks again when the two differ' on_tty \
	'New password' one 'same again' two 'New password' three \
	'same again' three -- "$PSM" init -d "$tmp/two"
check 'request asks for the password' on_tty 'Password of' secret -- \
	"$PSM" request -d "$tmp/db" -k ec -s CN=x
check 'and again after a wrong one' on_tty 'Password of' wrong \
	'wrong. Password of' secret -- "$PSM" request -d "$tmp/db" -k ec -s CN=x
on_tty 'Password of' '^C' -- "$PSM" request -d "$tmp/db" -k ec -s CN=x
check 'an interrupt at the prompt is a cancellation' test "$?" -eq 3
on_tty 'Password of' '^D' -- "$PSM" request -d "$tmp/db" -k ec -s CN=x
check 'so is the end of input' test "$?" -eq 3

make_ca
make_db alice
answer alice 'CN=Alice,O=Example'
on_tty 'Store them' n -- "$PSM" import -d "$tmp/alice" \
	-i "$tmp/alice.answer" --js
check 'import asks, and no is a cancellation' test "$?" -eq 3
check 'the plan names the subject' out '^    CN=Alice,O=Example'
check 'and the issuer' out 'issued by CN=Test CA'
check 'and the request' out 'answers request [0-9]'
check 'the string says so' out 'error:userCancel'
check 'nothing is stored' empty list alice
check 'yes stores' on_tty 'Store them' y -- "$PSM" import -d "$tmp/alice" \
	-i "$tmp/alice.answer"
check 'restore and backup ask for their password' on_tty \
	'New password for the backup' word 'same again' word -- \
	"$PSM" backup -d "$tmp/alice" -n "Alice's Example ID" -o "$tmp/a.p12"
make_db new
check 'restore asks for it, and shows the plan' on_tty \
	'Password of the backup' word 'Store them' yes -- \
	"$PSM" restore -d "$tmp/new" -i "$tmp/a.p12"
on_tty 'Delete this certificate and its private key' '' -- \
	"$PSM" delete -d "$tmp/alice" -n "Alice's Example ID"
check 'delete asks, and nothing means no' test "$?" -eq 3
check 'delete asks, and yes deletes' on_tty 'Delete' y -- \
	"$PSM" delete -d "$tmp/alice" -n "Alice's Example ID"
check 'with --yes nothing is asked' on_tty -- \
	"$PSM" delete -d "$tmp/new" -n "Alice's Example ID" --yes
verdict

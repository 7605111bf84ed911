#!/bin/sh
# import.sh - psm import: what it prints, its four strings, its exit status
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

make_ca
make_db alice
answer alice 'CN=Alice,O=Example'

check 'import reads a file' psm import -d "$tmp/alice" -i "$tmp/alice.answer"
check 'it prints nickname and match' \
	out "^Alice's Example ID  *answers request [0-9]* "
check 'and the certificate of the CA' out 'certificate of a CA'
check 'nothing is pending afterwards' empty pending alice
refused 'the same answer again answers no request' 5 \
	import -d "$tmp/alice" -i "$tmp/alice.answer"
check 'the remedy names --match-by-key' err 'match-by-key'
check 'by key it is found' \
	psm import -d "$tmp/alice" -i "$tmp/alice.answer" --match-by-key
check 'and the line says so' out 'matched by key'

make_db bob
answer bob 'CN=Bob,O=Example'
refused 'somebody else'"'"'s answer is refused' 5 \
	import -d "$tmp/bob" -i "$tmp/alice.answer" --js
check 'with the string for it' out_is error:invalidRequestID
refused 'nonsense is refused' 4 import -d "$tmp/bob" --js -i /etc/passwd
check 'with the string for it' out_is error:invalidCertificate
refused 'nothing is refused' 4 import -d "$tmp/bob" --js -i /dev/null
refused 'binary data is refused' 4 import -d "$tmp/bob" --js -i /dev/zero
check 'with the string for it' out_is error:invalidCertificate
base64 -d "$tmp/bob.answer" >"$tmp/bob.der"
refused 'DER is refused' 4 import -d "$tmp/bob" -i "$tmp/bob.der"
refused 'no database' 7 import -d "$tmp/none" --js -i "$tmp/bob.answer"
check 'is an internal error to a page' out_is error:internalError
refused 'no such file has the status of files' 17 \
	import -d "$tmp/bob" -i "$tmp/missing"
check 'import reads standard input, with a nickname' \
	psm import -d "$tmp/bob" --js -n 'Bob at work' <"$tmp/bob.answer"
check 'and prints an empty line with --js' out_is ''
check 'the nickname is taken' psm show -d "$tmp/bob" -n 'Bob at work'

make_db carol
for dialect in cmp untagged; do
	answer carol "CN=Carol $dialect" --dialect "$dialect"
	check "import reads the dialect $dialect" \
		psm import -d "$tmp/carol" -i "$tmp/carol.answer" --json
	check 'and prints JSON' out '"matched": "id"'
done

make_db dora
answer dora 'CN=Dora,O=Example' --refuse 'all:no dues paid'
refused 'a refusal of the CA is an error' 4 \
	import -d "$tmp/dora" -i "$tmp/dora.answer"
check 'with the words of the CA' err 'no dues paid'

printf 'backup word\n' >"$tmp/p12pin"
answer dora 'CN=Dora Two,O=Example'
refused 'a backup without a password declines' 6 \
	import -d "$tmp/dora" -i "$tmp/dora.answer" --backup "$tmp/dora.p12"
check 'and nothing is imported' empty list dora
echo old >"$tmp/old.p12"
refused 'a backup replaces no file' 10 \
	import -d "$tmp/dora" -i "$tmp/dora.answer" --backup "$tmp/old.p12" \
	--backup-password-file "$tmp/p12pin"
check 'which stays as it is' test "$(cat "$tmp/old.p12")" = old
check 'import --backup writes a backup' \
	psm import -d "$tmp/dora" -i "$tmp/dora.answer" --backup "$tmp/dora.p12" \
	--backup-password-file "$tmp/p12pin"
check 'of mode 0600' test "$(stat -c %a "$tmp/dora.p12")" = 600
check 'that openssl opens' \
	openssl pkcs12 -in "$tmp/dora.p12" -passin "file:$tmp/p12pin" -noout

make_db eve
answer eve 'CN=Eve,O=Example'
setsid -w "$PSM" import -d "$tmp/eve" -i "$tmp/eve.answer" >/dev/full \
	2>"$tmp/err"
check 'a full standard output is told' test "$?" -eq 17
verdict

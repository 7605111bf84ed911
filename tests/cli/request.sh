#!/bin/sh
# request.sh - psm request, pending and cancel
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

make_db db
make_db files
make_ca

check 'pending prints nothing for an empty database' empty pending db
check 'request makes an EC key' psm request -d "$tmp/db" -k ec -s CN=Alice
check 'it prints base64 and nothing else' \
	not out '[^A-Za-z0-9+/=]'
check 'it tells the id on standard error' err 'request [0-9]* is pending'
check 'pending lists it' psm pending -d "$tmp/db"
check 'with subject and key' out '^[0-9]* .*EC 256 .*CN=Alice .*waits'
check 'pending --json' psm pending -d "$tmp/db" --json
check 'has the subject' out '"subject": "CN=Alice"'

check 'request --json has the id' psm request -d "$tmp/db" -k rsa -s CN=Bob --json
check 'which is a number' out '"id": [0-9]'
check 'and the format' out '"format": "crmf"'
check 'it says nothing else with --quiet' \
	psm request -d "$tmp/db" -q P-384 -s CN=Quiet --quiet
check 'on standard error' test ! -s "$tmp/err"
check 'a curve makes an EC key' \
	says 'EC 384 .*CN=Quiet' "$PSM" pending -d "$tmp/db"
check 'request --pkcs10 prints PEM' \
	psm request -d "$tmp/db" -k rsa -g 2048 -s CN=Carol,O=Example --pkcs10
check 'that openssl verifies' \
	quietly openssl req -in "$tmp/out" -noout -verify

umask 022
check 'request -o writes a file' \
	psm request -d "$tmp/files" -k ec -s CN=Dora -o "$tmp/file"
check 'of mode 0644' test "$(stat -c %a "$tmp/file")" = 644
check 'and nothing to standard output' test ! -s "$tmp/out"
umask 077
check 'request -o replaces a file' \
	psm request -d "$tmp/files" -k ec -s CN=Dora -o "$tmp/file"
check 'with the mode of the umask' test "$(stat -c %a "$tmp/file")" = 600
check 'no temporary file stays' \
	test "$(find "$tmp" -maxdepth 1 -name 'file.*' | wc -l)" -eq 0
check 'request -o /dev/null replaces no device' \
	psm request -d "$tmp/files" -k ec -s CN=Dora -o /dev/null
check 'it still is one' test -c /dev/null

make_db full
refused 'a request that cannot be written' 17 \
	request -d "$tmp/full" -k ec -s CN=Eve -o "$tmp/no/such/file"
check 'leaves nothing pending, and no orphan' empty pending full
setsid -w "$PSM" request -d "$tmp/full" -k ec -s CN=Eve >/dev/full 2>"$tmp/err"
check 'nor does a full standard output' test "$?" -eq 17
check 'as pending says' empty pending full

refused 'a subject that does not parse is a usage error' 2 \
	request -d "$tmp/db" -k ec -s nonsense
refused 'so is a value behind an OID that is no DER' 2 \
	request -d "$tmp/db" -k ec -s 2.5.4.3=Alice
refused 'a weak RSA key is refused' 2 \
	request -d "$tmp/db" -k rsa -g 512 -s CN=x
refused 'a token that is not there has its status' 12 \
	request -d "$tmp/db" -k ec -s CN=x -h 'No such token'
printf 'token of the CA\n' >"$tmp/regtoken"
check 'a registration token comes from a file' \
	psm request -d "$tmp/files" -k ec -s CN=x --reg-token-file "$tmp/regtoken"
check 'and is in the request' says 'token of the CA' base64 -d "$tmp/out"

psm request -d "$tmp/full" -k ec -s CN=Frank
id=$(pending_id full)
refused 'cancel refuses an id that is not pending' 5 \
	cancel -d "$tmp/full" --id 1
check 'the remedy names psm pending' err "psm pending"
check 'cancel forgets a request' psm cancel -d "$tmp/full" --id "$id"
psm pending -d "$tmp/full"
check 'whose key stays as an orphan' out 'orphan'
psm request -d "$tmp/full" -k ec -s CN=Gina --json
id=$(sed -n 's/.*"id": \([0-9]*\).*/\1/p' "$tmp/out")
check 'cancel --delete-key deletes the key too' \
	psm cancel -d "$tmp/full" --id "$id" --delete-key --json
check 'and says so' out '"keyDeleted": true'
psm pending -d "$tmp/full"
check 'so nothing of it is left' not out CN=Gina
verdict

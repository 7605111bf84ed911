#!/bin/sh
# backup.sh - psm backup and restore
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

make_ca
make_db db
for name in alice bob; do
	answer db "CN=$name,O=Example"
	need psm import -d "$tmp/db" -i "$tmp/db.answer" -n "$name"
done
printf 'backup word\n' >"$tmp/pin"
printf 'wrong\n' >"$tmp/wrong"
: >"$tmp/empty"

# shellcheck disable=SC2317 # check calls it
backup() {
	psm backup -d "$tmp/db" --backup-password-file "$tmp/pin" "$@"
}

check 'backup writes several certificates' \
	backup -n alice -n bob -o "$tmp/both.p12"
check 'to a file of mode 0600' test "$(stat -c %a "$tmp/both.p12")" = 600
check 'that holds both and the CA' \
	test "$(openssl pkcs12 -in "$tmp/both.p12" -nokeys \
		-passin "file:$tmp/pin" | grep -c BEGIN)" -eq 3
refused 'backup replaces no file' 10 backup -d "$tmp/db" \
	--backup-password-file "$tmp/pin" -n alice -o "$tmp/both.p12"
check 'backup --force does' backup -n alice -o "$tmp/both.p12" --force
check 'backup --compat writes what old programs read' \
	backup -n alice -o "$tmp/old.p12" --compat --json
check 'and JSON names it' out '"backup": ".*/old.p12"'
check 'it is 3DES' says TripleDES openssl pkcs12 -in "$tmp/old.p12" -noout \
	-info -passin "file:$tmp/pin" -legacy
refused 'backup of nobody has its status' 9 \
	backup -d "$tmp/db" -n nobody -o "$tmp/x.p12" \
	--backup-password-file "$tmp/pin"
refused 'backup without a password has its status' 6 \
	backup -d "$tmp/db" -n alice -o "$tmp/x.p12"
refused 'so has an empty one' 6 backup -d "$tmp/db" -n alice \
	-o "$tmp/x.p12" --backup-password-file "$tmp/empty"
check 'and neither leaves a file' test ! -e "$tmp/x.p12"

need backup -n alice -n bob -o "$tmp/both.p12" --force
make_db new
refused 'restore refuses a wrong password' 6 restore -d "$tmp/new" \
	-i "$tmp/both.p12" --backup-password-file "$tmp/wrong"
refused 'restore refuses what is no PKCS#12' 14 restore -d "$tmp/new" \
	-i /etc/passwd --backup-password-file "$tmp/pin"
mkfifo "$tmp/pipe"
refused 'restore waits for no pipe' 17 restore -d "$tmp/new" \
	-i "$tmp/pipe" --backup-password-file "$tmp/pin"
refused 'restore of a missing file has the status of files' 17 \
	restore -d "$tmp/new" -i "$tmp/missing" \
	--backup-password-file "$tmp/pin"
check 'restore brings all back' psm restore -d "$tmp/new" \
	-i "$tmp/both.p12" --backup-password-fd 3 3<"$tmp/pin"
check 'under their names' out '^alice '
psm list -d "$tmp/new"
check 'with their keys' out '^bob .* yes '

make_db fixed
need psm request -d "$tmp/fixed" -k ec -s 'CN=Fixed,O=Example' \
	--unextractable -o "$tmp/fixed.request"
need psm ca issue -d "$tmp/ca" -i "$tmp/fixed.request" -o "$tmp/fixed.answer"
need psm import -d "$tmp/fixed" -i "$tmp/fixed.answer" -n fixed
refused 'a key that may not leave has its status' 16 \
	backup -d "$tmp/fixed" -n fixed -o "$tmp/x.p12" \
	--backup-password-file "$tmp/pin"
verdict

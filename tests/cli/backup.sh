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

# A key of 256 bits, as NSS takes it: too short to sign a hash.
cat >"$tmp/tiny" <<-'END'
	asn1 = SEQUENCE:key
	[key]
	version = INTEGER:0
	n = INTEGER:0xae8ddb2539c379c70a2be7def662af40bdb9e34a1d18afea6f0cadb70494b895
	e = INTEGER:65537
	d = INTEGER:0x25ab4952a43f92052925c6793054a59b08afe4ce76d37108aed1667f6fb623a1
	p = INTEGER:0xc720862ac325494ed79d9231f8762ac9
	q = INTEGER:0xe068a53f6ec4b8a8157351bc11eff96d
	dp = INTEGER:0xb04296e0654aad00501557624a377719
	dq = INTEGER:0x1403a141500ac18154306dc8bd3ccedd
	qi = INTEGER:0x8f0f85864ea92f86f53dace3e7dba326
END
ssl() {
	need quietly openssl "$@"
}
ssl asn1parse -genconf "$tmp/tiny" -noout -out "$tmp/tiny.der"
ssl rsa -inform DER -in "$tmp/tiny.der" -out "$tmp/tiny.key"
ssl rsa -in "$tmp/tiny.key" -pubout -out "$tmp/tiny.pub"
ssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-subj /CN=Issuer -keyout "$tmp/issuer.key" -out "$tmp/issuer.pem"
ssl x509 -new -force_pubkey "$tmp/tiny.pub" -subj /CN=Tiny -days 2 \
	-CA "$tmp/issuer.pem" -CAkey "$tmp/issuer.key" -out "$tmp/tiny.pem"
ssl pkcs12 -export -inkey "$tmp/tiny.key" -in "$tmp/tiny.pem" \
	-passout "file:$tmp/pin" -out "$tmp/tiny.p12"
refused 'restore refuses a key that cannot prove whose it is' 14 \
	restore -d "$tmp/new" -i "$tmp/tiny.p12" \
	--backup-password-file "$tmp/pin"
check 'and says so' err SEC_ERROR_BAD_KEY
psm list -d "$tmp/new"
check 'and has kept nothing of it' not out Tiny

make_db fixed
need psm request -d "$tmp/fixed" -k ec -s 'CN=Fixed,O=Example' \
	--unextractable -o "$tmp/fixed.request"
need psm ca issue -d "$tmp/ca" -i "$tmp/fixed.request" -o "$tmp/fixed.answer"
need psm import -d "$tmp/fixed" -i "$tmp/fixed.answer" -n fixed
refused 'a key that may not leave has its status' 16 \
	backup -d "$tmp/fixed" -n fixed -o "$tmp/x.p12" \
	--backup-password-file "$tmp/pin"
verdict

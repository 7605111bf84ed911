#!/bin/sh
# secrets-orders.sh - orders and PKCS#12: no password and no key where it does
# not belong
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/orders-lib.sh"
uses curl openssl python3

# door NAME=VALUE|NAME@FILE...: a call of !applyClientAuthCert
door=
call() {
	set -- "$@" end
	while [ "$1" != end ]; do
		set -- "$@" --data-urlencode "$1"
		shift
	done
	shift
	ask "$@" "$https/products/$door"
}

# keeps SENTENCE FILE...: none of the secrets in these
keeps() {
	sentence=$1
	shift
	! grep -r -a -l -F -f "$tmp/secrets" "$@" >"$tmp/out" 2>"$tmp/err"
	tell $? "$sentence"
}

# bytes_of FILE: of the private key in it (PEM, EC), as grep -P has them
bytes_of() {
	openssl pkey -in "$1" -noout -text | sed -n '/^priv:/,/^pub:/p' |
		sed '1d;$d' | tr -d ' :\n' | sed 's/^00//; s/../\\x&/g'
}

# holds_bytes BYTES FILE...
holds_bytes() {
	bytes=$1
	shift
	LC_ALL=C grep -r -a -q -P -e "$bytes" "$@"
}

fresh_issuer
fresh_client robot
set_to 'profile client' approval automatic
account anna
account opal -p order-control
tr -d '\n' <"$tmp/anna.pw" >"$tmp/pw" && cat "$tmp/pw" >"$tmp/anna.pw"
anna_password=$(cat "$tmp/anna.pw")
wrong=$(a_password) challenge=$(a_password)
start

# --- orders ------------------------------------------------------------------

csr one /CN=One
printf '[req]\ndistinguished_name=d\nattributes=a\nprompt=no\n[d]\nCN=A\n' \
	>"$tmp/req.conf"
printf '[a]\nchallengePassword=%s\n' "$challenge" >>"$tmp/req.conf"
need run openssl req -new -key "$tmp/one.key" -config "$tmp/req.conf" \
	-out "$tmp/secret.csr"

door='!applyClientAuthCert'
call loginName=anna "loginPassword=$anna_password" "csr@$tmp/one.csr" \
	collect=Y foreignOrderNumber=1
check 'an order is issued' out '"issued":"Yes"'
call loginName=anna "loginPassword=$anna_password" "csr@$tmp/secret.csr"
check 'one with a challengePassword is not' out '"code":-4,'
call loginName=anna "loginPassword=$wrong" "csr@$tmp/one.csr"
check 'nor one with a wrong password' out '"code":-16,'
call "loginName=$wrong" "loginPassword=$wrong" "csr@$tmp/one.csr"
check 'nor with one in the place of the name' out '"code":-16,'
call loginName=anna "loginPassword=$anna_password" "csr=$wrong"
check 'nor one that is none' out '"code":-136,'
call loginName=anna "loginPassword=$anna_password" "days=$wrong" \
	"csr@$tmp/one.csr"
call loginName=anna "loginPassword=$anna_password" "$wrong=$wrong" collect=Y
ask "$https/products/$door?loginName=anna&loginPassword=$wrong"
check 'nor one by GET' out '"code":-17,'
ask -d "loginPassword=$wrong" "$http/products/$door"
check 'nor one without TLS' out '"code":-1,'
ask -F loginName=anna -F "loginPassword=$wrong" -F "csr=<$tmp/one.csr" \
	-F "file=@$tmp/one.csr;filename=$wrong" "$https/products/$door"
door=download/CollectCCC
call loginName=anna "loginPassword=$anna_password" orderNumber=100000 \
	queryType=1 responseType=2 "callbackFunctionName=$wrong"
call loginName=anna "loginPassword=$wrong" orderNumber=100000

# --- PKCS#12 -----------------------------------------------------------------

check 'a PKCS#12 is asked for' pkcs12_for robot A-1 Robot
number=$(sed -n 's/.*"requestId":"\([0-9]*\)".*/\1/p' "$tmp/out")
run "$PSMD" order show "$number" -c "$conf"
check 'who approves sees what it is' out 'Robot'
cp "$tmp/out" "$tmp/shown"
check 'it is approved' run "$PSMD" order approve "$number" -c "$conf"
check 'and made' pfx robot A-1 "$tmp/made.p12" --profile made --key EC-P256 \
	--field CN=Robot --new-password-file "$tmp/new-pw"
need run openssl pkcs12 -in "$tmp/made.p12" -nodes -nocerts \
	-passin "file:$tmp/new-pw" -out "$tmp/robot.made"
need pfx_request robot A-2 --profile made --key EC-P256 --field CN=Robot \
	--new-password-file "$tmp/new-pw"
ask -H "emKey: $wrong" -H 'Content-Type: application/json' \
	--data-binary "@$tmp/body" \
	"$https/emCAServices/rest/createPKCS12ById"
check 'a wrong emKey is refused' out 'Invalid request details found'
ask -H "emKey: $(cat "$tmp/robot.em")" -H 'Content-Type: application/json' \
	-d "{\"userName\":\"$wrong\",\"requestData\":\"$wrong\"}" \
	"$https/emCAServices/rest/createPKCS12ById?password=$wrong"
check 'so is what is none' out '"status":"failure"'
ask -H "emKey: $(cat "$tmp/robot.em")" \
	"$https/emCAServices/rest/createPKCS12ById?emKey=$wrong"

# the page
ask -c "$tmp/cookies" --data-urlencode name=opal \
	--data-urlencode "password@$tmp/opal.pw" "$https/session"
ask -b "$tmp/cookies" "$https/api/orders?number=$number"
cp "$tmp/out" "$tmp/details"
check 'psmd check' run "$PSMD" check -c "$conf"
cat "$tmp/out" "$tmp/err" >"$tmp/checked"
run "$PSMD" audit list -c "$conf"
cp "$tmp/out" "$tmp/audit"

# --- where they are ----------------------------------------------------------

printf '%s\n' "$password" "$wrong" "$challenge" >"$tmp/secrets"
for file in anna.pw opal.pw robot.pw robot.em robot.aes robot.signer-pw \
	new-pw; do
	grep . "$tmp/$file" >>"$tmp/secrets"
done
for key in one robot; do
	grep -v -e '-----' "$tmp/$key.key" >>"$tmp/secrets"
done
grep -v -e '-----\|^ \|^Bag\|^Key' "$tmp/robot.made" >>"$tmp/secrets"
# as they are in a form, in JSON, in hexadecimal
python3 -c 'import base64, sys, urllib.parse
words = open(sys.argv[1]).read().split()
with open(sys.argv[1], "a") as out:
    for word in words:
        out.write(urllib.parse.quote(word, safe="") + "\n")
        out.write(base64.b64encode(word.encode()).decode().rstrip("=")[:-1]
                  + "\n")
        out.write(word.encode().hex() + "\n")
aes = base64.b64decode(open(sys.argv[2]).read())
print("".join("\\x%02x" % byte for byte in aes))' "$tmp/secrets" \
	"$tmp/robot.aes" >"$tmp/aes.bytes"
cp "$tmp/new-pw" "$tmp/proof"
check 'a secret would be found' grep -q -F -f "$tmp/secrets" "$tmp/proof"

check 'the log has lines' logged \
	'request method=POST path=/products/!applyClientAuthCert'
check 'of both doors' logged 'path=/emCAServices/rest/createPKCS12ById'
check 'and no query' not logged '[?]'
check 'the records are there' test -s "$dir/records.db"
keeps 'no secret in the log' "$log"
keeps 'none in the records, nor in the database' "$dir"
keeps 'none in the arguments' "/proc/$psmd_pid/cmdline"
keeps 'none in the environment' "/proc/$psmd_pid/environ"
keeps 'none in what others read' "$tmp/shown" "$tmp/details" "$tmp/audit" \
	"$tmp/checked"
for key in one.key robot.key robot.made; do
	bytes=$(bytes_of "$tmp/$key")
	check "$key: it has bytes" test ${#bytes} -gt 100
	check "$key: they are nowhere" not holds_bytes "$bytes" "$dir" "$log"
done
check 'nor are those of the AES key' not \
	holds_bytes "$(cat "$tmp/aes.bytes")" "$dir" "$log"
check 'nobody else can read the records' test -z \
	"$(find "$dir" -name 'records.db*' -perm /077)"
check 'a core would not be written' test "$(awk '/^Max core file size/ {
	print $5 }' "/proc/$psmd_pid/limits")" = 0
check 'psmd ends well' stop
keeps 'no secret is left when it has ended' "$dir" "$log"
verdict

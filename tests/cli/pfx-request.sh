#!/bin/sh
# pfx-request.sh - psm pfx-request and psm pfx-answer
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

# --- a signer, and what is shared with the service ---------------------------

quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-days 2 -subj /CN=Signer -keyout "$tmp/signer.key" \
	-out "$tmp/signer.pem" || exit 99
printf 'sign it\n' >"$tmp/signer.pw"
quietly openssl pkcs12 -export -in "$tmp/signer.pem" \
	-inkey "$tmp/signer.key" -passout "file:$tmp/signer.pw" \
	-out "$tmp/signer.p12" || exit 99
head -c 32 /dev/urandom >"$tmp/key"
base64 -w 20 "$tmp/key" >"$tmp/key.b64"
key=$(od -An -v -tx1 "$tmp/key" | tr -d ' \n')
printf 'pass "word\\ ü\n' >"$tmp/user.pw"
printf 'a~b, c=d\n' >"$tmp/new.pw"

# request OPTION...: with what is always needed, into $tmp/body
request() {
	rm -f "$tmp/body"
	psm pfx-request -i "$tmp/signer.p12" \
		--backup-password-file "$tmp/signer.pw" --user shop \
		--user-password-file "$tmp/user.pw" \
		--new-password-file "$tmp/new.pw" \
		--aes-key-file "$tmp/key.b64" --profile client \
		--subscriber 17 --application 2026-17 -o "$tmp/body" "$@"
}

# --- what the service makes of it ---------------------------------------------

# sealed: requestData of $tmp/body, decoded, in $tmp/sealed
sealed() {
	sed -n 's/.*"requestData": "\([^"]*\)".*/\1/p' "$tmp/body" |
		base64 -d >"$tmp/sealed"
}

# unseal CIPHER: the request's JSON in $tmp/plain
unseal() {
	sealed || return
	case $1 in
	cbc)
		head -c 16 "$tmp/sealed" >"$tmp/iv"
		tail -c +17 "$tmp/sealed" | openssl enc -d -aes-256-cbc \
			-K "$key" -iv "$(od -An -tx1 "$tmp/iv" | tr -d ' \n')"
		;;
	ecb)
		openssl enc -d -aes-256-ecb -K "$key" -in "$tmp/sealed"
		;;
	gcm)
		node -e '
		const all = require("fs").readFileSync(0);
		const d = require("crypto").createDecipheriv("aes-256-gcm",
			Buffer.from(process.argv[1], "hex"),
			all.subarray(0, 12));
		d.setAuthTag(all.subarray(-16));
		process.stdout.write(d.update(all.subarray(12, -16)));
		d.final();' "$key" <"$tmp/sealed"
		;;
	esac >"$tmp/plain" 2>"$tmp/err"
}

# has NAME VALUE: a member of the request, VALUE as JSON writes it
has() {
	grep -qF -e "\"$1\":\"$2\"" "$tmp/plain"
}

# signed: what was signed, in $tmp/content
signed() {
	sed -n 's/.*"signature":"\([^"]*\)".*/\1/p' "$tmp/plain" |
		base64 -d >"$tmp/cms" &&
		quietly openssl cms -verify -inform DER -in "$tmp/cms" \
			-CAfile "$tmp/signer.pem" -purpose any -binary \
			-certsout "$tmp/certs.pem" -out "$tmp/content"
}

# asks TEXT OPTION...: what is signed for them, but for the password
asks() {
	text=$1
	shift
	request "$@" && unseal cbc && signed &&
		[ "$(cat "$tmp/content")" = "$text~Password=a~b, c=d" ]
}

umask 0
check 'pfx-request writes a body' request -s 'CN=Alice~O=Example'
umask 022
check 'for nobody else to read' test "$(stat -c %a "$tmp/body")" = 600
check 'with the name of the account' \
	grep -q '"userName": "shop"' "$tmp/body"
check 'and no password' not grep -qF 'pass ' "$tmp/body"
check 'the key opens it' unseal cbc
check 'the account is there' has userName shop
check 'its password' has password 'pass \"word\\ ü'
check 'the profile' has profileID client
check 'the subscriber' has subscriberId 17
check 'the application' has applicationId 2026-17
check 'no validity' not grep -q valid "$tmp/plain"
check 'openssl verifies the signature' signed
check 'the certificate goes along' cmp -s "$tmp/certs.pem" "$tmp/signer.pem"
check 'SHA-256 is the digest' \
	says sha256 openssl cms -cmsout -print -inform DER -in "$tmp/cms"
cp "$tmp/sealed" "$tmp/first"
request -s 'CN=Alice~O=Example' && sealed
check 'a second one begins with another IV' not cmp -s -n 16 \
	"$tmp/first" "$tmp/sealed"

check 'ECB is there for those who need it' request -s CN=x --cipher ecb
check 'and opens' eval 'unseal ecb && has userName shop'
if command -v node >/dev/null; then
	check 'GCM is there' request -s CN=x --cipher gcm
	check 'and opens' eval 'unseal gcm && has userName shop'
else
	printf 'skip - GCM: there is no node\n'
fi

check 'validity and its begin are passed on' request -s CN=x \
	--validity 120:23:45:54 --from '12:12:2026 00:00:00'
unseal cbc
check 'the one' has validity 120:23:45:54
check 'and the other' has validFrom '12:12:2026 00:00:00'

check 'a subject with commas is taken apart' asks \
	'CN=Alice~O=Example~KeyAlogirthmAndSize=RSA-3072' \
	-s ' CN=Alice , O=Example,'
check 'one with tildes keeps its commas' asks \
	'CN=Alice~O=Example, Inc.~KeyAlogirthmAndSize=RSA-3072' \
	-s 'CN=Alice~ O=Example, Inc. '
check 'fields come after it' asks \
	'CN=Zoë~O=A, B~dNSName=*.example.org~KeyAlogirthmAndSize=EC-P256' \
	-s CN=Zoë --field 'O=A, B' --field 'dNSName=*.example.org' \
	--key EC-P256
check 'or alone' asks 'CN=Alice~KeyAlogirthmAndSize=RSA-3072' \
	--field CN=Alice

# --- what it refuses ----------------------------------------------------------

# no SENTENCE CODE OPTION...: refused, and nothing is written
no() {
	sentence=$1 code=$2
	shift 2
	request "$@"
	got=$?
	[ "$got" -eq "$code" ] && [ ! -e "$tmp/body" ]
	tell "$?" "$sentence"
}
no 'a part that is none is refused' 2 -s 'O=Example, Inc.,CN=x'
check 'with a word of help' err '"Inc." is no NAME=VALUE; --field'
no 'a part without a name is refused' 2 --field ' =x'
no 'a tilde in a field is refused' 2 --field 'CN=a~O=b'
no 'the password is not for the command line' 2 -s 'CN=x~PASSWORD=secret'
check 'which is said' err 'new-password-file'
no 'neither is the kind of key for the subject' 2 \
	--field KeyAlgorithmAndSize=RSA-1024
no 'a tilde in the kind of key is refused' 2 -s CN=x --key 'RSA-2048~CN=y'
no 'a subject that is not UTF-8 is refused' 2 -s "CN=$(printf '\344')"
no 'an unknown cipher is refused' 2 -s CN=x --cipher rc4
no 'a second source for a password is refused' 2 -s CN=x --user-password-fd 3
head -c 31 "$tmp/key" | base64 >"$tmp/short"
sed "s,^,#," "$tmp/key.b64" >"$tmp/rubbish"
{
	echo '-----BEGIN KEY-----'
	base64 "$tmp/key"
	echo '-----END KEY-----'
} >"$tmp/armoured"

# with OPTION...: as request, with options in place of those it has
with() {
	rm -f "$tmp/body"
	setsid -w "$PSM" pfx-request --user shop -s CN=x --profile client \
		--subscriber 17 --application 2026-17 -o "$tmp/body" "$@" \
		>"$tmp/out" 2>"$tmp/err"
}
# code N COMMAND...
code() {
	wanted=$1
	shift
	"$@"
	[ "$?" -eq "$wanted" ] && [ ! -e "$tmp/body" ]
}
signer="-i $tmp/signer.p12 --backup-password-file $tmp/signer.pw"
user="--user-password-file $tmp/user.pw"
new="--new-password-file $tmp/new.pw"
aes="--aes-key-file $tmp/key.b64"
# shellcheck disable=SC2086 # options
{
check 'a key of 31 bytes has the status of files' code 17 \
	with $signer $user $new --aes-key-file "$tmp/short"
check 'so has one that is not base64' code 17 \
	with $signer $user $new --aes-key-file "$tmp/rubbish"
check 'and one in armour' code 17 \
	with $signer $user $new --aes-key-file "$tmp/armoured"
check 'and one that is not there' code 17 \
	with $signer $user $new --aes-key-file "$tmp/none"
check 'a wrong password of the signer has its own' code 6 with \
	-i "$tmp/signer.p12" --backup-password-file "$tmp/new.pw" \
	$user $new $aes
check 'and sentence' err 'password of the signer.* is wrong'
check 'a signer that is no PKCS#12 is refused' code 14 with \
	-i "$tmp/signer.pem" --backup-password-file "$tmp/signer.pw" \
	$user $new $aes
check 'without a terminal there must be a password' code 6 \
	with $signer $user $aes
echo >"$tmp/empty"
check 'that is not empty' code 6 \
	with $signer $user $aes --new-password-file "$tmp/empty"
printf ' secret\n' >"$tmp/blank"
check 'and has no blank in front, which the service would drop' code 6 \
	with $signer $user $aes --new-password-file "$tmp/blank"
check 'descriptors give passwords as well' with $signer $aes \
	--user-password-fd 3 --new-password-fd 3 3<<-END
	one
	two
	END
}
check 'each its line' eval 'unseal cbc && has password one && signed &&
	grep -q "Password=two$" "$tmp/content"'
refused 'without an account there is no request' 2 pfx-request \
	-i "$tmp/signer.p12" --aes-key-file "$tmp/key.b64" --profile p \
	--subscriber s --application a -s CN=x
refused 'and no database' 2 pfx-request -d "$tmp" -s CN=x
"$top_builddir/tests/cli/tty" 'Password of the account' one \
	'New password of the PKCS#12 file' two 'same again' two \
	'Password of the signer' wrong 'wrong. Password of the signer' \
	'sign it' -- "$PSM" pfx-request --user shop -s CN=x --profile p \
	--subscriber s --application a -i "$tmp/signer.p12" \
	--aes-key-file "$tmp/key.b64" -o "$tmp/body" \
	>"$tmp/out" 2>"$tmp/err"
tell "$?" 'on a terminal it asks for all three'
check 'and shows none' not out 'one\|two\|sign it'
check 'they are those that were typed' eval 'unseal cbc &&
	has password one && signed && grep -q "Password=two$" "$tmp/content"'

# --- answers ----------------------------------------------------------------

# answered JSON: in $tmp/answer
answered() {
	printf '%s\n' "$1" >"$tmp/answer"
}
answered "{\"status\":\"success\",\"result\":\"$(base64 "$tmp/signer.p12" |
	sed ':a;N;$!ba;s/\n/\\r\\n/g')\",\"subscriberId\":\"17\",
	\"requestId\":null}"
check 'pfx-answer writes the PKCS#12' \
	psm pfx-answer -i "$tmp/answer" -o "$tmp/got.p12"
check 'as it is' cmp -s "$tmp/got.p12" "$tmp/signer.p12"
check 'for nobody else to read' test "$(stat -c %a "$tmp/got.p12")" = 600
echo mine >"$tmp/there"
refused 'a file that is there stays' 10 \
	pfx-answer -i "$tmp/answer" -o "$tmp/there"
check 'as it was' test "$(cat "$tmp/there")" = mine
ln -s "$tmp/nowhere" "$tmp/link"
refused 'so does a link' 10 pfx-answer -i "$tmp/answer" -o "$tmp/link"
check 'and what it leads to is not made' not test -e "$tmp/nowhere"
check 'no other file is left' not quietly ls "$tmp"/there.* "$tmp"/link.*
check 'standard output takes it too' eval \
	'psm pfx-answer -i "$tmp/answer" -o - &&
	cmp -s "$tmp/out" "$tmp/signer.p12"'
check '--json says where, and whose it is' eval \
	'psm pfx-answer -o "$tmp/two.p12" --json <"$tmp/answer" &&
	out "\"subscriberId\": \"17\""'
answered '{"status":"failure","result":"Profile\u001b does not exist",
	"subscriberId":null,"requestId":null}'
refused 'a failure has the status of refusals' 4 \
	pfx-answer -i "$tmp/answer" -o "$tmp/no"
check 'and the sentence of the service' \
	err 'service says: Profile\\x1B does not exist'
check 'and a remedy for who calls it' err 'perhaps to another request'
answered '{"status":"success","result":"It waits.","subscriberId":"17",
	"requestId":"100123"}'
refused 'one that waits has another' 8 \
	pfx-answer -i "$tmp/answer" -o "$tmp/no"
check 'and its number' err 'request 100123 waits'
for rubbish in '' 'x' '[]' '{}' '{"status":"success"}' \
	'{"status":"success","result":7}' '{"status":"success","result":""}' \
	'{"status":"success","result":"eA=="}' \
	'{"status":"success","result":"MA==","result":"MA=="}' \
	'{"status":"success","result":"MA="}'; do
	answered "$rubbish"
	refused "no answer: $rubbish" 22 \
		pfx-answer -i "$tmp/answer" -o "$tmp/no"
done
check 'none of these makes a file' not test -e "$tmp/no"
refused 'pfx-answer needs a file to write' 2 pfx-answer -i "$tmp/answer"
verdict

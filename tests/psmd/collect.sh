#!/bin/sh
# collect.sh - CollectCCC: what became of an order, in every form
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

# account NAME: one with a password of its own, in NAME.pw
account() {
	printf %s "$(a_password)" >"$tmp/$1.pw"
	need run setsid -w "$PSMD" account add "$1" -c "$conf" -f "$tmp/$1.pw"
}

# door NAME CURL-ARGUMENT...: a call below /products, by $user
door() {
	call=$1
	shift
	ask --data-urlencode "loginName=$user" \
		--data-urlencode "loginPassword@$tmp/$user.pw" "$@" \
		"$https/products/$call"
}

# apply CURL-ARGUMENT...: an order, whose number is $order
apply() {
	need door '!applyClientAuthCert' "$@"
	order=$(sed -n 's/.*"orderNumber": *"\([0-9]*\)".*/\1/p' "$tmp/out")
	[ -n "$order" ] || need false
}

# make_csr NAME
make_csr() {
	need run openssl req -new -newkey ec -pkeyopt \
		ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$tmp/$1.key" -out "$tmp/$1.csr"
}

# collect [NAME=VALUE...]: the order
collect() {
	set -- "$@" end
	while [ "$1" != end ]; do
		set -- "$@" --data-urlencode "$1"
		shift
	done
	shift
	door download/CollectCCC -d "orderNumber=$order" "$@"
}

# code CODE: the answer's status code, as text
code() {
	status_is 200 && [ "$(head -n 1 "$tmp/out")" = "$1" ]
}

# wrong NAME: the answer is that error, and says which argument
wrong() {
	code -4 && out "The value of the '$1' argument is invalid!"
}

# attached: what follows the code
attached() {
	sed 1d "$tmp/out" >"$tmp/attached"
}

# n_certs N: so many certificates are attached
n_certs() {
	code 2 && attached &&
		[ "$(grep -c BEGIN "$tmp/attached")" -eq "$1" ] &&
		[ "$(sed -n 's/^-----BEGIN //p' "$tmp/attached" | uniq)" = \
			'CERTIFICATE-----' ]
}

# script CODE: the answer is a script of three variables, and of nothing else
# but a call of $callback
script() {
	status_is 200 &&
		head_has '^content-type: application/javascript$' &&
		[ "$(sed 's/= ".*";$/= "";/' "$tmp/out")" = "var g_ccc = \"\";
var g_errorCode = $1;
var g_errorMessage = \"\";${callback:+
$callback();}" ]
}
callback=

# ccc: what g_ccc is
ccc() {
	sed -n 's/^var g_ccc = "\(.*\)";$/\1/p' "$tmp/out"
}

fresh
set_to 'service orders' enabled yes
set_to tls client_cert request
need run "$PSMD" ca init -c "$conf"
account ann
account bob
user=ann
start

# --- an order made from a PKCS#10 request ----------------------------------

make_csr ann
apply --data-urlencode "csr@$tmp/ann.csr"
collect queryType=0
check 'the status of an order that is issued' eval 'status_is 200 && out_is 1'
check 'is text' head_has '^content-type: text/plain; charset=utf-8$'
check 'which nobody stores' head_has '^cache-control: no-store$'
check 'or takes for something else' \
	head_has '^x-content-type-options: nosniff$'
collect
check 'certificates come one by one, with those above' n_certs 3
cp "$tmp/attached" "$tmp/all.pem"
check 'that openssl verifies' quietly openssl verify \
	-CAfile "$dir/ca.pem" -untrusted "$tmp/all.pem" "$tmp/all.pem"
openssl x509 -in "$tmp/all.pem" -pubkey -noout >"$tmp/ann.pub"
check 'the first is the key'\''s' \
	says "$(sed -n 2p "$tmp/ann.pub")" openssl pkey -in "$tmp/ann.key" \
	-pubout
collect queryType=2 responseMimeType=application/x-x509-user-cert
check 'or alone' n_certs 1
check 'as the type that is asked for' \
	head_has '^content-type: application/x-x509-user-cert$'
cp "$tmp/attached" "$tmp/ann.pem"
collect queryType=3
check 'or those above alone' n_certs 2
cat "$tmp/ann.pem" "$tmp/attached" >"$tmp/both.pem"
check 'which together are all' cmp -s "$tmp/both.pem" "$tmp/all.pem"
collect responseType=2
check 'or as PKCS#7' eval \
	'code 2 && attached && out "^-----BEGIN PKCS7-----\$"'
openssl pkcs7 -in "$tmp/attached" -print_certs -outform PEM 2>/dev/null |
	sed -n '/^--/p' >"$tmp/in-pkcs7"
check 'with as many' test "$(grep -c BEGIN "$tmp/in-pkcs7")" -eq 3
collect responseType=2 responseEncoding=1
check 'or that in DER' eval 'status_is 200 &&
	head_has "^content-type: application/pkcs7-mime; smime-type=certs-only"'
check 'the same' eval '[ "$(openssl base64 -A -in "$tmp/out")" = \
	"$(sed /-----/d "$tmp/attached" | tr -d "\n")" ]'
pkcs7=$(openssl base64 -A -in "$tmp/out")
callback=installIEVistaCertificate
collect responseType=2 responseEncoding=2 callbackFunctionName=$callback
check 'or as a script' script 2
check 'with the same' [ "$(ccc)" = "$pkcs7" ]
callback=
collect responseEncoding=2 responseMimeType=text/javascript
check 'a script may be of another type' eval 'status_is 200 &&
	head_has "^content-type: text/javascript$"'
check 'and has certificates in PEM' eval \
	'[ "$(printf "%b" "$(ccc)")" = "$(cat "$tmp/all.pem")" ]'
collect queryType=0 responseEncoding=2
check 'a script says that there are some' script 1
check 'but not which' test -z "$(ccc)"
ask -F loginName=ann -F "loginPassword=<$tmp/ann.pw" -F "ORDERnumber=$order" \
	-F QUERYTYPE=0 -F "orderNumbers=7" "$https/products/download/CollectCCC"
check 'names are taken in any case, other names are not looked at' code 1

# --- an order made as generateCRMFRequest makes it -------------------------

need psm init -d "$tmp/store" --no-password
for encoding in 0 1 2; do
	need psm request -d "$tmp/store" -k ec -s "CN=Key $encoding" \
		-o "$tmp/crmf"
	apply --data-urlencode "crmf@$tmp/crmf"
	collect responseType=4 responseEncoding="$encoding"
	case $encoding in
	0) attached && cp "$tmp/attached" "$tmp/cmmf" ;;
	1) base64 "$tmp/out" >"$tmp/cmmf" ;;
	2) ccc >"$tmp/cmmf" ;;
	esac
	check "CMMF is imported, in encoding $encoding" \
		psm import -d "$tmp/store" -i "$tmp/cmmf"
done
collect responseType=4
check 'base64 in lines' not out '.\{77\}'
check 'and nothing else' eval 'attached &&
	! grep -q "[^A-Za-z0-9+/=]" "$tmp/attached"'

# --- what is refused -------------------------------------------------------

asked=$https/products/download/CollectCCC
ask "$asked?loginName=ann&orderNumber=$order&responseEncoding=2"
check 'GET is refused, and never with a script' code -17
check 'but with text' head_has '^content-type: text/plain'
ask -X DELETE "$asked"
check 'so is every other method' code -17
ask -d "orderNumber=$order&responseEncoding=2" \
	"$http/products/download/CollectCCC"
check 'HTTP is refused' script -1
ask -d "orderNumber=$order" "$asked"
check 'without a name' eval \
	'code -3 && out "The '\''loginName'\'' argument is missing!"'
ask -d "loginName=ann&orderNumber=$order" "$asked"
check 'without a password' eval \
	'code -3 && out "The '\''loginPassword'\'' argument is missing!"'
ask -d "loginName=ann&loginPassword=x" "$asked"
check 'without a number' eval \
	'code -3 && out "The '\''orderNumber'\'' argument is missing!"'
callback=done_
ask -d "loginName=ann&loginPassword=x&orderNumber=$order&responseEncoding=2" \
	-d callbackFunctionName=done_ "$asked"
check 'a wrong password is told to the callback' script -16
check 'with a sentence' out '^var g_errorMessage = "Incorrect login'
callback=
ask -d "loginName=ann&loginName=ann&orderNumber=$order" "$asked"
check 'an argument twice' wrong loginName

door download/CollectCCC -d "orderNumber=$order%00"
check 'a NUL' wrong orderNumber
mine=$order
for order in 12345 1234567890123456789 -123456 123456x 0x1E240 '' 999999999; do
	collect
	case $order in
	'') check 'no number' code -3 ;;
	*) check "the number $order" wrong orderNumber ;;
	esac
done
order=$mine
user=bob
collect
check 'another account has no such order' wrong orderNumber
cp "$tmp/out" "$tmp/other"
order=999999999
collect
check 'as if there was none' cmp -s "$tmp/out" "$tmp/other"
order=$mine user=ann

# refuse ARGUMENT NAME=VALUE...: that argument is wrong
refuse() {
	argument=$1
	shift
	collect "$@"
	check "$argument of $(printf '%s ' "$@" | tr '\r\n' ' ')" \
		wrong "$argument"
}
refuse queryType queryType=4
refuse queryType queryType=00
refuse responseType responseType=0
refuse responseType responseType=1
refuse responseType responseType=5
refuse responseType responseType=2 queryType=2
refuse responseType responseType=4 queryType=3
refuse responseEncoding responseEncoding=3
refuse responseEncoding responseEncoding=1
refuse responseEncoding responseEncoding=1 responseType=2 queryType=0
refuse responseMimeType responseMimeType=text/html
refuse responseMimeType responseMimeType=text/javascript
refuse responseMimeType "responseMimeType=text/plain$(printf '\r\n X:')"
refuse callbackFunctionName callbackFunctionName=a.b
name=$(printf '%064d' 0 | tr 0 f)
callback=$name
collect queryType=0 responseEncoding=2 callbackFunctionName="$name"
check 'a callback of 64 characters is called' script 1
callback=
collect queryType=0 responseEncoding=2 callbackFunctionName="f$name"
check 'one of 65 is not' not out "$name"
for bad in 'a;alert(1)' 'a.b' 'a()' 'if' '</script>' "$(printf 'a\nb')" \
	"$(printf 'a\342\200\250')" 'ä'; do
	collect responseEncoding=2 callbackFunctionName="$bad"
	check "the callback $(printf %s "$bad" | tr '\n' ' ') is not called" \
		script -4
done

# --- orders that wait, and what comes of them ------------------------------

set_to 'profile client' approval manual
reread
apply --data-urlencode "csr@$tmp/ann.csr"
collect
check 'an order that waits is being processed' eval 'status_is 200 && out_is 0'
collect responseType=2 responseEncoding=1
check 'in binary too' eval 'status_is 200 && out_is 0'
check 'as text' head_has '^content-type: text/plain'
callback=done_
collect responseType=4 responseEncoding=2 callbackFunctionName=done_
check 'and as a script' script 0
callback=
check 'it is approved' run "$PSMD" order approve "$order" -c "$conf"
collect queryType=2
check 'and collected' n_certs 1

apply --data-urlencode "csr@$tmp/ann.csr"
check 'another is rejected' run "$PSMD" order reject "$order" -c "$conf" \
	--reason '</script>"'\''; ä'
collect
check 'which is an error' code -20
check 'with the reason' out '</script>"'\''; ä$'
collect responseEncoding=2
check 'in a script, too' script -20
check 'where it is nothing but a string' out \
	'\\u003c/script\\u003e\\"\\u0027; \\u00E4";$'

# Approved where there is no authority, which is as good as an interruption.
apply --data-urlencode "csr@$tmp/ann.csr"
cp "$conf" "$tmp/good.conf"
set_to ca nickname '#nobody'
run "$PSMD" order approve "$order" -c "$conf"
check 'an approval without an authority issues nothing' test $? -ne 0
cp "$tmp/good.conf" "$conf"
for days in days max_days; do
	set_to 'profile client' "$days" 30
done
reread
collect
check 'nor does a profile that has changed meanwhile' code -14
check 'which is none of the arguments'\'' fault' eval \
	'out "30 days" && not out argument'
cp "$tmp/good.conf" "$conf"
reread
# shellcheck disable=SC2086 # a number
need run eval 'seq 8 | xargs -P 8 -I % curl -sS --cacert "$dir/ca.pem" \
	-o "$tmp/at-once.%" -d loginName=ann \
	--data-urlencode "loginPassword@$tmp/ann.pw" -d queryType=2 \
	-d orderNumber=$order "$asked"'
collect queryType=2
check 'what was approved is issued when it is asked for' n_certs 1
cp "$tmp/attached" "$tmp/once.pem"
check 'once, though eight ask at the same time' \
	test "$(cat "$tmp"/at-once.? "$tmp/out" | sort -u | wc -l)" -eq \
	"$(sort -u "$tmp/out" | wc -l)"

serial=$(openssl x509 -in "$tmp/once.pem" -noout -serial | sed 's/.*=//')
check 'it is revoked' run "$PSMD" ca revoke "$serial" --reason superseded \
	-c "$conf"
collect
check 'and cannot be collected' code -21
collect queryType=0
check 'which is its status' code -21

# --- a certificate in place of the password ----------------------------------

order=$mine
by_cert() {
	ask --cert "$tmp/ann.pem" --key "$tmp/ann.key" \
		--data-urlencode "loginName=$user" -d "orderNumber=$order" \
		-d queryType=0 "$@" "$asked"
}
by_cert
check 'a certificate of ours logs in' code 1
by_cert -H 'Sec-Fetch-Site: cross-site'
check 'not from another site'\''s page' code -16
user=bob
by_cert
check 'nor as somebody else' code -16

user=ann
collect "more=$(head -c 17000 /dev/zero | tr '\0' x)"
check 'too much data is refused' status_is 413
check 'with a code, too' test "$(head -n 1 "$tmp/out")" = -14
set_to 'service orders' enabled no
reread
collect
check 'what is switched off is not there' status_is 404

check 'the log says who asked' logged 'path=/products/.* account=ann '
check 'no password is in the log' not grep -q -F -f "$tmp/ann.pw" "$log"
check 'psmd ends well' stop
verdict

#!/bin/sh
# bouncycastle.sh - Bouncy Castle reads what pages ask for, and grants it
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses java javac certutil openssl

jars=/usr/share/java
for jar in bcpkix bcprov; do
	[ -e "$jars/$jar.jar" ] && continue
	skip "Bouncy Castle's $jar.jar is not installed"
	exit 77
done
classpath=$jars/bcpkix.jar:$jars/bcprov.jar:$jars/bcutil.jar
mkdir "$tmp/classes"
need run javac -cp "$classpath" -d "$tmp/classes" \
	"$top_srcdir/tests/interop/CrmfCheck.java" \
	"$top_srcdir/tests/interop/CrmfIssue.java"

# bouncy CLASS ARGUMENT...: it ends too soon to gain from an optimiser
bouncy() {
	run java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
		-cp "$tmp/classes:$classpath" "$@"
}
# certify NAME OPTION...: NAME.key and NAME.pem, self-signed
certify() {
	name=$1
	shift
	need run openssl req -x509 -nodes -days 2 -subj "/O=Theirs/CN=$name" \
		-keyout "$tmp/$name.key" -out "$tmp/$name.pem" -newkey "$@"
}
# base64_of NAME: the certificate as a page has it
base64_of() {
	sed '/-----/d' "$tmp/$1.pem" | tr -d '\n'
}
# generate NAME OPTION... ALG...: NAME.request, with the ids in NAME.ids
generate() {
	name=$1
	shift
	need "$top_builddir/tests/interop/generate" "$@" \
		>"$tmp/$name.request" 2>"$tmp/$name.ids"
}
# read_requests [OPTION... NAME...]...: what Bouncy Castle says is in $tmp/found
read_requests() {
	for name; do
		shift
		case $name in
		-* | /*) set -- "$@" "$name" ;;
		*) set -- "$@" "$tmp/$name.request" ;;
		esac
	done
	need bouncy CrmfCheck "$@"
	cp "$tmp/out" "$tmp/found"
}
# id_of NAME [N]: the N-th of its request
id_of() {
	sed -n "${2-1}p" "$tmp/$1.ids"
}
# found NAME FIELD VALUE [N]
found() {
	grep -qxF "$(id_of "$1" "${4-1}") $2=$3" "$tmp/found"
}

ec='ec -pkeyopt ec_paramgen_curve'
# shellcheck disable=SC2086 # ec is words
{
	certify ca $ec:P-256
	certify escrow-rsa rsa:2048
	certify escrow-ec $ec:P-384
	certify pop-256 $ec:P-256
	certify pop-384 $ec:P-384
	certify pop-521 $ec:P-521
}
make_db db
need run certutil -A -d "$tmp/db" -n 'Their CA' -t CT,C,C -a -i "$tmp/ca.pem"
printf 'agreed, grüße' >"$tmp/text"
echo 'long enough' >"$tmp/pin"

# --- each algorithm -----------------------------------------------------------

D=digitalSignature N=nonRepudiation E=keyEncipherment A=keyAgreement
# Algorithm, key, keyUsage and proof, as Bouncy Castle names them.
rows="rsa-ex|RSA 2048|$E|$E subsequentMessage 1
rsa-dual-use|RSA 2048|$D $N $E|SHA256WITHRSA valid
rsa-sign,3072|RSA 3072|$D|SHA256WITHRSA valid
rsa-nonrepudiation|RSA 2048|$N|SHA256WITHRSA valid
rsa-sign-nonrepudiation|RSA 2048|$D $N|SHA256WITHRSA valid
ec-ex|ECDSA 256|$A|$A subsequentMessage 1
ec-dual-use,384|ECDSA 384|$D $N $A|SHA384WITHECDSA valid
ec-sign,521|ECDSA 521|$D|SHA512WITHECDSA valid
ec-nonrepudiation,0,curve=P-384|ECDSA 384|$N|SHA384WITHECDSA valid
ec-sign-nonrepudiation|ECDSA 256|$D $N|SHA256WITHECDSA valid
dsa-sign|DSA 2048|$D|SHA256WITHDSA valid
dsa-nonrepudiation|DSA 2048|$N|SHA256WITHDSA valid
dsa-sign-nonrepudiation|DSA 2048|$D $N|SHA256WITHDSA valid"
algs=$(echo "$rows" | sed 's/[,|].*//')

# each_row COMMAND: with a row's four fields
each_row() {
	while IFS='|' read -r alg key usage proof; do
		"$1" "$alg" "$key" "$usage" "$proof"
	done <<-ROWS
	$rows
	ROWS
}
ask() {
	generate "${1%%,*}" --weak --regtoken 'tökén' --authenticator 'my word' \
		"$tmp/db" "CN=${1%%,*},O=Example" "$1"
}
reads() {
	alg=${1%%,*}
	check "Bouncy Castle reads a request of $alg, with psm's id" \
		found "$alg" subject "O=Example,CN=$alg"
	check 'for X.509 v3' found "$alg" version 2
	check "and a key: $2" found "$alg" key "$2"
	check "its keyUsage: $3" found "$alg" usage "critical $3"
	check "its proof of possession: $4" found "$alg" proof "$4"
	check 'the control regToken' found "$alg" regToken 'tökén'
	check 'the control authenticator' found "$alg" authenticator 'my word'
	check 'and no archived key' found "$alg" archive none
}
each_row ask
for kind in rsa ec; do
	generate "to-$kind" --escrow "$(base64_of "escrow-$kind")" "$tmp/db" \
		"CN=to $kind,O=Example" rsa-ex ec-ex,521 ec-sign
done
set --
for curve in 256 384 521; do
	generate "pop-$curve" "$tmp/db" "CN=pop $curve,O=Example" \
		"ec-ex,$curve,popcert=$(base64_of "pop-$curve")"
	set -- "$@" --key "$tmp/pop-$curve.key" \
		--popcert "$tmp/pop-$curve.pem" "pop-$curve"
done
# shellcheck disable=SC2086 # algs is words
read_requests $algs --key "$tmp/escrow-rsa.key" to-rsa \
	--key "$tmp/escrow-ec.key" to-ec "$@"
each_row reads

# --- a dual-key order, escrowed -----------------------------------------------

# escrows KIND FOUND: both keys that can be encrypted to, beside one that signs
escrows() {
	check "the escrow's key, $1, opens an RSA key in its ${2%% *}" \
		found "to-$1" archive "$2"
	check 'which is the proof' \
		found "to-$1" proof "$E thisMessage"
	check 'and an EC key' found "to-$1" archive "$2" 2
	check 'which is the proof' \
		found "to-$1" proof "$A thisMessage" 2
	check 'the key that signs has no copy' \
		found "to-$1" archive none 3
	check 'and proves itself' \
		found "to-$1" proof 'SHA256WITHECDSA valid' 3
	check 'nobody asked for a regToken' found "to-$1" regToken none
	check 'nor gave an authenticator' found "to-$1" authenticator none
}
escrows rsa 'EncryptedValue the key'
escrows ec 'EnvelopedData the key of the subject'
check 'a key that is not the escrow opens nothing' not bouncy CrmfCheck \
	--key "$tmp/pop-384.key" "$tmp/to-ec.request"
check 'for want of the key' err CMSException

# --- a MAC that both keys agree on --------------------------------------------

# agrees CURVE HASH
agrees() {
	check "the holder of popcert, P-$1, verifies the agreeMAC" \
		found "pop-$1" proof "$A agreeMAC SHA-$2 valid"
}
agrees 256 256
agrees 384 384
agrees 521 512

# --- and what does not prove itself -------------------------------------------

base64 -d "$tmp/ec-sign.request" | LC_ALL=C sed s/Example/Exemple/ |
	base64 >"$tmp/forged.request"
cp "$tmp/ec-sign.ids" "$tmp/forged.ids"
read_requests forged --key "$tmp/ca.key" --popcert "$tmp/pop-256.pem" pop-256
check 'a request that somebody has changed does not prove itself' \
	found forged proof 'SHA512WITHECDSA WRONG'
check 'nor does an agreeMAC to who is not the holder of popcert' \
	found pop-256 proof "$A agreeMAC SHA-256 WRONG"

# --- the circle: Bouncy Castle certifies, psm imports, the key is used --------

# imports NAME: all of its answer
imports() {
	check "psm imports what Bouncy Castle granted $1" psm import \
		-d "$tmp/db" -i "$tmp/$1.request.answer" -n "$1"
	while read -r id; do
		check "by the id $id" out "answers request $id "
	done <"$tmp/$1.ids"
}
# fit USAGE NAME: NSS takes the certificate for it
fit() {
	run certutil -V -u "$1" -d "$tmp/db" -n "$2" &&
		out 'certificate is valid'
}
# signs NAME: what OpenSSL verifies
signs() {
	check 'NSS takes the certificate for signing' fit S "$1"
	run "$top_builddir/tests/interop/sign" "$tmp/db" "$1" 'agreed, grüße' &&
		base64 -d "$tmp/out" >"$tmp/$1.p7" &&
		run openssl cms -verify -binary -inform DER -in "$tmp/$1.p7" \
			-content "$tmp/text" -CAfile "$tmp/ca.pem" -purpose any
	tell $? 'and OpenSSL verifies what the stored key has signed'
}
# decrypts NAME: by its backup
decrypts() {
	check 'NSS takes the certificate for receiving' fit R "$1"
	need run certutil -L -d "$tmp/db" -n "$1" -a
	cp "$tmp/out" "$tmp/$1.pem"
	need run openssl cms -encrypt -aes256 -binary -in "$tmp/text" \
		-outform DER -out "$tmp/$1.p7" "$tmp/$1.pem"
	need psm backup -d "$tmp/db" -n "$1" -o "$tmp/$1.p12" \
		--backup-password-file "$tmp/pin"
	need run openssl pkcs12 -in "$tmp/$1.p12" -passin "file:$tmp/pin" \
		-nodes -nocerts -out "$tmp/$1.key"
	run openssl cms -decrypt -binary -inform DER -in "$tmp/$1.p7" \
		-inkey "$tmp/$1.key" -recip "$tmp/$1.pem" -out "$tmp/plain" &&
		cmp -s "$tmp/text" "$tmp/plain"
	tell $? 'and the stored key decrypts what OpenSSL has encrypted'
}

set --
# shellcheck disable=SC2086 # algs is words
for name in $algs to-rsa to-ec pop-256; do
	set -- "$@" "$tmp/$name.request"
done
need bouncy CrmfIssue "$tmp/ca.key" "$tmp/ca.pem" "$@"
for alg in $algs; do
	imports "$alg"
	case $alg in
	*-ex) decrypts "$alg" ;;
	*) signs "$alg" ;;
	esac
done
imports to-rsa
imports to-ec
imports pop-256
decrypts pop-256
verdict

#!/bin/sh
# cmp.sh - CMP messages of OpenSSL's, whose bodies psm reads and writes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses openssl certutil
openssl cmp -help >"$tmp/help" 2>&1
if ! grep -q use_mock_srv "$tmp/help"; then
	skip 'this openssl has no cmp with a mock server'
	exit 77
fi

# transact OPTION...: OpenSSL's client asks OpenSSL's server, who share a secret
transact() {
	run openssl cmp -config '' -batch -recipient /CN=server -use_mock_srv \
		-ref client -srv_ref server -secret pass:word \
		-srv_secret pass:word -certout "$tmp/certificate" "$@"
}
# messages ARGUMENT...: the program that opens and closes messages
messages() {
	need "$top_builddir/tests/interop/cmp" "$@"
}
# import_body NAME [OPTION...]: what the server answered
import_body() {
	name=$1
	shift
	messages body <"$tmp/$name.der" >"$tmp/$name.body"
	psm import -d "$tmp/db" -i "$tmp/$name.body" -n "$name" "$@"
}

make_ca
make_db db

# --- a PKCS#10 of psm's, in a p10cr -------------------------------------------

need psm request -d "$tmp/db" -s 'CN=alice,O=Example' --pkcs10 \
	-o "$tmp/alice.csr"
need psm ca issue -d "$tmp/ca" -i "$tmp/alice.csr" -o "$tmp/alice.pem" \
	--dialect cert
check 'openssl cmp takes a PKCS#10 of psm' transact -cmd p10cr \
	-csr "$tmp/alice.csr" -rsp_cert "$tmp/alice.pem" \
	-rspout "$tmp/alice.der,$tmp/conf.der"
import_body alice
tell "$(($? != 5))" 'its answer, to request -1 or 0, answers none of psm'
check 'import --match-by-key takes it' import_body alice --match-by-key

# --- a CRMF request of psm's, in an ir ----------------------------------------

# take PATTERN FILE: the element of $tmp/der whose line is the last to fit
take() {
	offset=$(openssl asn1parse -inform DER -in "$tmp/der" |
		sed -n "s/^ *\([0-9]*\):$1.*/\1/p" | tail -n 1)
	need run openssl asn1parse -inform DER -in "$tmp/der" \
		-strparse "$offset" -noout -out "$tmp/$2"
}
# possession NICK: the CertRequest is signed by its key
possession() {
	base64 -d "$tmp/$1.request" >"$tmp/der"
	take 'd=2 .*SEQUENCE' signed
	take 'd=3 .*BIT STRING' signature
	run openssl dgst -sha256 -verify "$tmp/$1.pub" \
		-signature "$tmp/signature" "$tmp/signed"
}
# enrols NICK KEY: OpenSSL's server takes no other id than 0
enrols() {
	need psm request -d "$tmp/db" -s "CN=$1,O=Example" -k "$2" \
		-o "$tmp/$1.request"
	messages part 0 <"$tmp/$1.request" >"$tmp/$1.ir"
	transact -cmd ir -newkey "$tmp/key.pem" -subject /CN=any \
		-accept_unprotected -reqin "$tmp/$1.ir" \
		-rsp_cert "$tmp/alice.pem"
	check "OpenSSL's server reads a CRMF request, $2, and minds its id" \
		err 'bad request id'
	need psm ca issue -d "$tmp/ca" -i "$tmp/$1.request" -o "$tmp/$1.pem" \
		--dialect cert --no-chain
	openssl x509 -in "$tmp/$1.pem" -noout -pubkey >"$tmp/$1.pub"
	check 'openssl verifies its proof of possession' possession "$1"
	check 'a CMP server with the id 0 certifies the key' transact \
		-cmd ir -newkey "$tmp/$1.pub" -popo 0 -accept_raverified \
		-subject "/CN=$1" \
		-rspout "$tmp/$1.der,$tmp/conf.der" -rsp_cert "$tmp/$1.pem" \
		-rsp_capubs "$tmp/ca.pem" -statusstring 'grüß Gott'
	check 'and psm imports what it says' \
		import_body "$1" --match-by-key --json
	check 'to the request 0' out '"requestId": "0"'
	check 'with its words' out '"statusText": "gr\\u00FC\\u00DF Gott"'
	trust_ca db
	check 'and NSS takes the certificate' valid db "$1"
}
need run openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/key.pem"
enrols bob ec
enrols carol rsa

# --- a refusal ----------------------------------------------------------------

need psm request -d "$tmp/db" -s CN=dave -k ec -o "$tmp/dave.request"
transact -cmd ir -newkey "$tmp/key.pem" -subject /CN=dave \
	-rsp_cert "$tmp/alice.pem" -rspout "$tmp/dave.der" -pkistatus 2 \
	-failure 9 -statusstring 'not you'
import_body dave
tell "$(($? != 4))" 'a refusal by the server is one to psm'
check 'for its reason' err 'not you'

# --- psm is the CA ------------------------------------------------------------

need run openssl req -x509 -new -key "$tmp/key.pem" -subj /CN=server -days 2 \
	-out "$tmp/server.pem"
need run openssl x509 -in "$tmp/server.pem" -outform DER -out "$tmp/server.der"

# asks KIND OPENSSL-OPTION...: a client's request, and psm's answer to it
asks() {
	kind=$1
	shift
	need run openssl genpkey -out "$tmp/$kind.key" "$@"
	transact -cmd ir -newkey "$tmp/$kind.key" \
		-subject "/O=Theirs/CN=$kind" -reqout "$tmp/$kind.ir" \
		-rsp_cert "$tmp/server.pem"
	messages body <"$tmp/$kind.ir" >"$tmp/$kind.request"
	check "psm ca answers a CRMF request of OpenSSL's, $kind" psm ca issue \
		-d "$tmp/ca" -i "$tmp/$kind.request" -o "$tmp/$kind.answer" \
		--dialect cmp
	messages part 1 "$tmp/server.der" <"$tmp/$kind.answer" \
		>"$tmp/$kind.part"
	need openssl dgst -sha256 -sign "$tmp/key.pem" \
		-out "$tmp/$kind.signature" "$tmp/$kind.part"
	messages sign "$tmp/$kind.signature" <"$tmp/$kind.part" >"$tmp/$kind.ip"
	check "and OpenSSL's client takes the answer" run openssl cmp \
		-config '' -batch -cmd ir -newkey "$tmp/$kind.key" \
		-subject "/O=Theirs/CN=$kind" -recipient /CN=server \
		-srvcert "$tmp/server.pem" -rspin "$tmp/$kind.ip" \
		-disable_confirm -certout "$tmp/$kind.pem" -ref client \
		-cacertsout "$tmp/$kind.ca" -secret pass:word
	check 'with the CA' says 'CN = Test CA' openssl x509 -noout -subject \
		-in "$tmp/$kind.ca"
	check 'the certificate is for its key' test \
		"$(openssl x509 -in "$tmp/$kind.pem" -noout -pubkey)" = \
		"$(openssl pkey -in "$tmp/$kind.key" -pubout)"
	check 'and of the CA' run openssl verify -purpose sslclient \
		-CAfile "$tmp/ca.pem" "$tmp/$kind.pem"
}
asks rsa -algorithm RSA
asks ec -algorithm EC -pkeyopt ec_paramgen_curve:P-384
verdict

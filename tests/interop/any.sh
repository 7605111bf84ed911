#!/bin/sh
# any.sh - psm import --any reads what OpenSSL and certutil write
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses openssl certutil

make_ca
make_db db

# wants NICK: a PKCS#10 of psm's, and the certificate for it in NICK.pem
wants() {
	need psm request -d "$tmp/db" -s "CN=$1,O=Example" -k ec --pkcs10 \
		-o "$tmp/$1.csr"
	need psm ca issue -d "$tmp/ca" -i "$tmp/$1.csr" -o "$tmp/$1.pem" \
		--dialect cert --no-chain
}
# takes NICK FILE FORM [OPTION...]: psm import --any, and what it says it is
takes() {
	nick=$1 file=$2 form=$3
	shift 3
	psm import -d "$tmp/db" --any -i "$tmp/$file" -n "$nick" --json "$@" &&
		out "\"form\": \"$form\"" && out "\"nickname\": \"$nick\""
}

# --- certificates -------------------------------------------------------------

wants p7
need run openssl crl2pkcs7 -nocrl -certfile "$tmp/p7.pem" \
	-certfile "$tmp/ca.pem" -out "$tmp/p7.p7"
check 'a PKCS#7 of openssl crl2pkcs7' takes p7 p7.p7 pkcs7
check 'brings the CA' out '"matched": "nothing"'
trust_ca db
check 'and NSS takes the certificate' valid db p7

wants p7der
need run openssl crl2pkcs7 -nocrl -certfile "$tmp/p7der.pem" -outform DER \
	-out "$tmp/p7der.p7"
check 'the same in DER' takes p7der p7der.p7 pkcs7

wants words
need openssl x509 -in "$tmp/words.pem" -text >"$tmp/words.txt"
need openssl x509 -in "$tmp/ca.pem" -text >>"$tmp/words.txt"
check 'PEM with the words of openssl x509 -text' \
	takes words words.txt certificates

wants der
need run openssl x509 -in "$tmp/der.pem" -outform DER -out "$tmp/der.der"
check 'a certificate in DER' takes der der.der certificates

wants signed
need run openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/other.key" \
	-subj /CN=other -days 2 -out "$tmp/other.pem"
need run openssl cms -sign -nodetach -in "$tmp/signed.csr" \
	-signer "$tmp/other.pem" -inkey "$tmp/other.key" \
	-certfile "$tmp/signed.pem" -outform PEM -out "$tmp/signed.p7"
psm import -d "$tmp/db" --any -i "$tmp/signed.p7"
tell "$(($? != 4))" 'a signed message is no heap of certificates'

mkdir "$tmp/nss"
need run certutil -N -d "$tmp/nss" --empty-password
need run certutil -S -d "$tmp/nss" -n ca -s 'CN=NSS CA,O=Theirs' -x -t CT,C,C \
	-v 12 -z "$tmp/noise"
need psm request -d "$tmp/db" -s 'CN=theirs,O=Theirs' -k rsa --pkcs10 \
	-o "$tmp/theirs.csr"
need run certutil -C -d "$tmp/nss" -c ca -m 7 -v 12 -a -i "$tmp/theirs.csr" \
	-o "$tmp/theirs.pem"
need certutil -L -d "$tmp/nss" -n ca -a >>"$tmp/theirs.pem"
check 'certificates of certutil' takes theirs theirs.pem certificates
check 'with its CA' out 'CN=NSS CA'

# --- CMP -------------------------------------------------------------------------

if ! openssl cmp -help 2>&1 | grep -q use_mock_srv; then
	skip 'this openssl has no cmp with a mock server'
	verdict
fi

# transact NICK OPTION...: OpenSSL's server answers the PKCS#10 to NICK.cmp
transact() {
	transacted=$1
	shift
	run openssl cmp -config '' -batch -recipient /CN=server -use_mock_srv \
		-cmd p10cr -csr "$tmp/$transacted.csr" \
		-rsp_cert "$tmp/$transacted.pem" -certout "$tmp/certificate" \
		-rspout "$tmp/$transacted.cmp,$tmp/conf.der" "$@"
}
# by_secret NICK OPTION...
by_secret() {
	transact "$@" -ref client -srv_ref server -secret pass:word \
		-srv_secret pass:word
}
# by_signer NICK OPTION...
by_signer() {
	transact "$@" -unprotected_requests -accept_unprotected -ref client \
		-srvcert "$tmp/server.pem" -srv_cert "$tmp/server.pem" \
		-srv_key "$tmp/server.key"
}
echo word >"$tmp/secret"
echo Word >"$tmp/wrong"

wants plain
check 'OpenSSL answers, protected by a secret' by_secret plain \
	-rsp_extracerts "$tmp/ca.pem"
check 'which psm need not know' \
	takes plain plain.cmp pkiMessage --match-by-key
check 'but says so' out '"protection": "unchecked"'
check 'on both channels' err 'warning: the message is protected'

wants secret
check 'OpenSSL answers again' by_secret secret -statusstring welcome
takes secret secret.cmp pkiMessage --match-by-key --secret-file "$tmp/wrong"
tell "$(($? == 0))" 'another secret is refused'
check 'for its reason' out 'PSM_E_MESSAGE'
takes secret secret.cmp pkiMessage --match-by-key --signer "$tmp/ca.pem"
tell "$(($? == 0))" 'a signer cannot verify it'
check 'its secret can' takes secret secret.cmp pkiMessage --match-by-key \
	--secret-file "$tmp/secret"
check 'and psm says so' out '"protection": "verified"'
check 'with the words of the server' out '"statusText": "welcome"'

wants error
by_secret error -send_error
takes error error.cmp pkiMessage
tell "$(($? == 0))" 'an error message is an error'
check 'in the words of the server' out 'error processing message'

need run openssl genpkey -algorithm RSA -out "$tmp/key" -pkeyopt \
	rsa_keygen_bits:2048
cp "$tmp/key" "$tmp/server.key"
need run openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/ra.key" \
	-subj '/O=Theirs/CN=RA' -days 2 -out "$tmp/ra.pem"
need run openssl req -new -key "$tmp/server.key" -subj '/O=Theirs/CN=server' \
	-out "$tmp/server.csr"
need run openssl x509 -req -in "$tmp/server.csr" -CA "$tmp/ra.pem" \
	-CAkey "$tmp/ra.key" -set_serial 2 -days 2 -out "$tmp/server.pem"

for by in server ra; do
	wants "$by-signs"
	check 'OpenSSL signs its answer' by_signer "$by-signs"
	takes "$by-signs" "$by-signs.cmp" pkiMessage --match-by-key \
		--signer "$tmp/ca.pem"
	tell "$(($? == 0))" 'which another signer did not'
	check "but --signer $by.pem" takes "$by-signs" "$by-signs.cmp" \
		pkiMessage --match-by-key --signer "$tmp/$by.pem"
	check 'verified' out '"protection": "verified"'
done

# certify PURPOSE: the server's certificate is for that
certify() {
	printf 'extendedKeyUsage=%s\n' "$1" >"$tmp/purpose"
	need run openssl x509 -req -in "$tmp/server.csr" -CA "$tmp/ra.pem" \
		-CAkey "$tmp/ra.key" -set_serial 3 -days 2 \
		-extfile "$tmp/purpose" -out "$tmp/server.pem"
}
certify clientAuth,emailProtection
wants user-signs
check 'a user of the CA signs an answer' by_signer user-signs
takes user-signs user-signs.cmp pkiMessage --match-by-key \
	--signer "$tmp/ra.pem"
tell "$(($? == 0))" 'but does not speak for it'
check 'for its reason' out 'PSM_E_MESSAGE'
certify 1.3.6.1.5.5.7.3.28
wants registrar-signs
check 'a registration authority signs an answer' by_signer registrar-signs
check 'and speaks for the CA' takes registrar-signs registrar-signs.cmp \
	pkiMessage --match-by-key --signer "$tmp/ra.pem"
verdict

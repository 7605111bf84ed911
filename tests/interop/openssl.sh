#!/bin/sh
# openssl.sh - OpenSSL and GnuTLS judge the requests and certificates of psm
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses openssl

make_ca
make_db db

# --- PKCS#10 ----------------------------------------------------------------

# asks NAME SIGNATURE OPTION...: a PKCS#10 with a signature of that kind
asks() {
	name=$1 signature=$2
	shift 2
	need psm request -d "$tmp/db" -s "CN=$name,O=Exämple" --pkcs10 \
		-o "$tmp/$name.csr" "$@"
	check "openssl verifies a PKCS#10 with $name" run openssl req \
		-in "$tmp/$name.csr" -verify -noout -text -nameopt utf8
	check "signed by $signature" out "Signature Algorithm: $signature"
	check 'for that name' out "Subject: O *= *Exämple, CN *= *$name$"
	[ "$certtool" = yes ] || return
	check 'certtool verifies it too' says 'Self signature: verified' \
		certtool --crq-info --infile "$tmp/$name.csr"
}
certtool=no
command -v certtool >/dev/null && certtool=yes
[ $certtool = yes ] || skip 'certtool is not installed'
asks rsa2048 sha256WithRSAEncryption
asks rsa3072 sha256WithRSAEncryption -g 3072
asks p256 ecdsa-with-SHA256 -k ec
asks p384 ecdsa-with-SHA384 -q nistp384
asks p521 ecdsa-with-SHA512 -q nistp521

# A request of OpenSSL's, answered by psm.
run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes \
	-keyout "$tmp/their.key" -out "$tmp/their.csr" -utf8 \
	-subj '/O=Theirs/CN=Zoë/emailAddress=zoe@example.org' \
	-addext 'keyUsage=critical,digitalSignature'
check 'psm ca answers a PKCS#10 of openssl' psm ca issue -d "$tmp/ca" \
	-i "$tmp/their.csr" -o "$tmp/their.pem" --dialect cert
check 'with a certificate for its key' test \
	"$(openssl x509 -in "$tmp/their.pem" -noout -pubkey)" = \
	"$(openssl pkey -in "$tmp/their.key" -pubout)"
sed '/^MI/s/A/B/5' "$tmp/their.csr" >"$tmp/bad.csr"
psm ca issue -d "$tmp/ca" -i "$tmp/bad.csr" --dialect cert
tell "$(($? == 0))" 'but not one that was tampered with'

# --- certificates -----------------------------------------------------------

verify() {
	run openssl verify -x509_strict -purpose sslclient \
		-CAfile "$tmp/ca.pem" "$@"
}
enrol db alice -k ec
need psm show -d "$tmp/db" -n alice -a -o "$tmp/alice.pem"
check 'openssl verify, strict, takes what psm ca issued' \
	verify "$tmp/alice.pem"
check 'and what it issued for the request of openssl' verify "$tmp/their.pem"
check 'and the CA itself' run openssl verify -x509_strict \
	-check_ss_sig -CAfile "$tmp/ca.pem" "$tmp/ca.pem"
check 'it has the e-mail address of the subject as a name' \
	says 'email:zoe@example.org' openssl x509 -in "$tmp/their.pem" \
	-noout -ext subjectAltName
check 'no certificate of psm is for servers unasked' not run openssl verify \
	-purpose sslserver -CAfile "$tmp/ca.pem" "$tmp/alice.pem"
if [ $certtool = yes ]; then
	check 'certtool verifies the chain' \
		says 'Chain verification output: Verified' \
		certtool --verify --load-ca-certificate "$tmp/ca.pem" \
		--infile "$tmp/alice.pem"
fi

# A CA below the CA.
make_db sub
need psm request -d "$tmp/sub" -k ec -s 'CN=Sub CA,O=Example' --ca \
	-o "$tmp/sub.request"
need psm ca issue -d "$tmp/ca" -i "$tmp/sub.request" -o "$tmp/sub.answer" \
	--allow-ca
need psm import -d "$tmp/sub" -i "$tmp/sub.answer" -n sub --allow-ca
need psm show -d "$tmp/sub" -n sub -a -o "$tmp/sub.pem"
need psm request -d "$tmp/db" -k ec -s 'CN=bob,O=Example' \
	-o "$tmp/bob.request"
check 'a CA that psm certified issues' psm ca issue -d "$tmp/sub" -n sub \
	-i "$tmp/bob.request" -o "$tmp/bob.answer"
need psm import -d "$tmp/db" -i "$tmp/bob.answer" -n bob
need psm show -d "$tmp/db" -n bob -a -o "$tmp/bob.pem"
check 'and openssl verifies the chain of three' \
	verify -untrusted "$tmp/sub.pem" "$tmp/bob.pem"

# --- PKCS#7 -----------------------------------------------------------------

need psm ca issue -d "$tmp/ca" -i "$tmp/bob.request" -o "$tmp/bob.p7" \
	--dialect pkcs7
check 'openssl reads --dialect pkcs7' run openssl pkcs7 -in "$tmp/bob.p7" \
	-print_certs -out "$tmp/bob.p7.pem"
check 'which holds the certificate and the CA' \
	test "$(grep -c BEGIN "$tmp/bob.p7.pem")" -eq 2
check 'and they verify' verify "$tmp/bob.p7.pem"
need run openssl crl2pkcs7 -nocrl -certfile "$tmp/bob.p7.pem" \
	-out "$tmp/again.p7"
check 'openssl makes the same of them' cmp "$tmp/bob.p7" "$tmp/again.p7"
verdict

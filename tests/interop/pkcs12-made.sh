#!/bin/sh
# pkcs12-made.sh - what createPKCS12ById makes, in other programs' hands
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/client.sh"
uses curl openssl certutil pk12util

fresh
need run "$PSMD" ca init -c "$conf"
set_to 'service pkcs12' enabled yes
set_to 'profile made' subject all
set_to 'profile made' alt_names given
set_to 'profile made' rsa_bits 2048
set_to pkcs12 pool_rsa_3072 0
for client in shop gcm ecb; do
	make_client "$client"
done
set_to 'client gcm' cipher gcm
set_to 'client ecb' cipher ecb
start
need run curl -sS --cacert "$dir/ca.pem" "$https/ca/chain" \
	-o "$tmp/chain.pem"
printf 'pässwort € 12\n' >"$tmp/pin"
printf 'password\n' >"$tmp/ascii" # Java's encryption takes no more

# made KIND: KIND.p12, for Zoë
made() {
	pfx shop "$1" "$tmp/$1.p12" --profile made --key "$1" \
		--new-password-file "$tmp/pin" \
		-s 'CN=Zoë Ünal~O=Example, Inc.' \
		--field rfc822Name=zoe@example.org
}

# --- OpenSSL -----------------------------------------------------------------

pkcs12() {
	openssl pkcs12 -passin "file:$tmp/pin" "$@"
}

# is_key KIND: the key in $tmp/key.pem is of that kind
is_key() {
	case $1 in
	RSA-*) pattern="Private-Key: (${1#RSA-} bit" ;;
	*) pattern="NIST CURVE: P-${1#EC-P}" ;;
	esac
	says "$pattern" openssl pkey -in "$tmp/key.pem" -noout -text
}

# belongs: the key is the certificate's
belongs() {
	openssl x509 -in "$tmp/cert.pem" -noout -pubkey >"$tmp/one" &&
		openssl pkey -in "$tmp/key.pem" -pubout >"$tmp/two" &&
		cmp -s "$tmp/one" "$tmp/two"
}

for kind in RSA-2048 RSA-3072 EC-P256 EC-P384; do
	check "psmd makes $kind" made "$kind"
	check 'openssl opens it' run pkcs12 -in "$tmp/$kind.p12" -nodes -info
	check 'of AES-256' err 'PBES2, PBKDF2, AES-256-CBC'
	check 'with a MAC of SHA-256' err '^MAC: sha256'
	check 'a key, and certificates up to the root' eval \
		'[ "$(grep -c "BEGIN PRIVATE KEY" "$tmp/out")" -eq 1 ] &&
		[ "$(grep -c "BEGIN CERT" "$tmp/out")" -eq \
		"$(($(grep -c BEGIN "$tmp/chain.pem") + 1))" ]'
	pkcs12 -in "$tmp/$kind.p12" -nodes -nocerts -out "$tmp/key.pem"
	pkcs12 -in "$tmp/$kind.p12" -nokeys -clcerts -out "$tmp/cert.pem"
	pkcs12 -in "$tmp/$kind.p12" -nokeys -cacerts -out "$tmp/cas.pem"
	check 'the key is what was asked for' is_key "$kind"
	check 'it is the key of the certificate' belongs
	check 'which the chain verifies' run openssl verify \
		-purpose sslclient -x509_strict -CAfile "$tmp/chain.pem" \
		"$tmp/cert.pem"
	check 'and the one in the file, below the root' run openssl verify \
		-purpose sslclient -x509_strict -CAfile "$dir/ca.pem" \
		-untrusted "$tmp/cas.pem" "$tmp/cert.pem"
done
check 'the subject is what was asked for' \
	says 'CN = Zo.* O = "Example, Inc."' \
	openssl x509 -in "$tmp/cert.pem" -noout -subject
check 'so is the name' says 'email:zoe@example.org' \
	openssl x509 -in "$tmp/cert.pem" -noout -ext subjectAltName
check 'a wrong password opens nothing' not run openssl pkcs12 \
	-in "$tmp/EC-P256.p12" -passin pass:wrong -noout

# --- NSS ---------------------------------------------------------------------

# moves KIND: pk12util carries it into a new database, where it works
moves() {
	rm -rf "$tmp/new"
	mkdir "$tmp/new"
	need run certutil -N -d "$tmp/new" --empty-password
	run pk12util -i "$tmp/$1.p12" -d "$tmp/new" -K '' -w "$tmp/pin" ||
		return
	need run certutil -A -d "$tmp/new" -n root -t CT,C,C -a \
		-i "$dir/ca.pem"
	run certutil -L -d "$tmp/new" && out 'u,u,u' &&
		nick=$(sed -n 's/  *u,u,u *$//p' "$tmp/out") &&
		run certutil -V -u C -d "$tmp/new" -n "$nick" &&
		out 'certificate is valid'
}
check 'pk12util -i brings an EC key in' moves EC-P256
check 'and one of P-384' moves EC-P384
check 'and an RSA key' moves RSA-2048
make_db restored
check 'psm restores it' psm restore -d "$tmp/restored" -i "$tmp/RSA-2048.p12" \
	--backup-password-file "$tmp/pin"

# --- GnuTLS and Java ---------------------------------------------------------

if command -v certtool >/dev/null; then
	for kind in RSA-2048 EC-P256; do
		check "certtool reads $kind" run certtool --p12-info \
			--inder --infile "$tmp/$kind.p12" \
			--password "$(cat "$tmp/pin")"
		check 'with its key' out 'BEGIN .*PRIVATE KEY'
	done
else
	skip 'certtool is not installed'
fi
if command -v keytool >/dev/null; then
	check 'psmd makes one with a password that Java can read' \
		pfx shop java "$tmp/java.p12" --profile made --key EC-P256 \
		--new-password-file "$tmp/ascii" -s CN=Java
	check 'keytool reads it' run keytool -list -v -storetype PKCS12 \
		-keystore "$tmp/java.p12" -storepass:file "$tmp/ascii"
	check 'with the key and its chain' out 'Certificate chain length: 3'
	check 'and opens the key' run keytool -certreq -storetype PKCS12 \
		-keystore "$tmp/java.p12" -storepass:file "$tmp/ascii" \
		-alias "$(sed -n 's/^Alias name: //p' "$tmp/out")"
else
	skip 'keytool is not installed'
fi

# --- the request under other ciphers -----------------------------------------

for cipher in gcm ecb; do
	check "a request under $cipher is answered" pfx "$cipher" one \
		"$tmp/one.p12" --cipher "$cipher" --profile made \
		--key EC-P256 --new-password-file "$tmp/pin" -s CN=x
	check 'with a PKCS#12' run pkcs12 -in "$tmp/one.p12" -noout
	pfx "$cipher" two "$tmp/no.p12" --profile made --key EC-P256 \
		--new-password-file "$tmp/pin" -s CN=x
	tell "$(($? != 4))" 'and one under cbc is refused'
	check 'as nothing that opens' err 'Invalid input data'
done
check 'psmd ends well' stop
verdict

#!/bin/sh
# tls.sh - what it is all for: a server lets the owner of a certificate in
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses openssl certutil

make_ca
make_db db
enrol db alice -k ec
enrol db bob
printf 'word\n' >"$tmp/pin"

need run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$tmp/server.key" -out "$tmp/server.pem"
need run certutil -A -d "$tmp/db" -n server -t P,, -a -i "$tmp/server.pem"

# It wants a certificate of the CA's, and its page describes the visitor.
openssl s_server -accept 127.0.0.1:0 -naccept 100 -www -Verify 2 \
	-verify_return_error -CAfile "$tmp/ca.pem" -cert "$tmp/server.pem" \
	-key "$tmp/server.key" >"$tmp/server.out" 2>"$tmp/server.err" &
servers=$!
tries=0
while ! grep -sq '^ACCEPT' "$tmp/server.out" && [ $tries -lt 100 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
port=$(sed -n 's/^ACCEPT.*:\([0-9]*\).*/\1/p' "$tmp/server.out")
[ -n "$port" ] || { cat "$tmp/server.err"; exit 99; }

printf 'GET / HTTP/1.0\r\n\r\n' >"$tmp/get"

# nss_visits VERSION [OPTION...]: tstclnt reads the page
nss_visits() {
	version=$1
	shift
	timeout 20 tstclnt -4 -h localhost -p "$port" -d "$tmp/db" \
		-V "$version:$version" "$@" <"$tmp/get" >"$tmp/out" \
		2>"$tmp/err"
}
# openssl_visits [OPTION...]: so does openssl
openssl_visits() {
	timeout 20 openssl s_client -connect "127.0.0.1:$port" -quiet \
		-CAfile "$tmp/server.pem" "$@" <"$tmp/get" >"$tmp/out" 2>"$tmp/err"
}

if command -v tstclnt >/dev/null; then
	for version in tls1.2 tls1.3; do
		for nick in alice bob; do
			nss_visits $version -n $nick
			check "NSS logs in as $nick with $version" \
				out "Subject:.*CN *= *$nick"
		done
		nss_visits $version
		check 'and chooses a certificate by itself' \
			out 'Subject:.*CN *= *\(alice\|bob\)'
	done
else
	skip 'tstclnt is not installed'
fi

for nick in alice bob; do
	need psm backup -d "$tmp/db" -n $nick -o "$tmp/$nick.p12" \
		--backup-password-file "$tmp/pin"
	need run openssl pkcs12 -in "$tmp/$nick.p12" -nodes \
		-passin "file:$tmp/pin" -out "$tmp/$nick.pem"
	for version in -tls1_2 -tls1_3; do
		openssl_visits $version -cert "$tmp/$nick.pem"
		check "openssl logs in as $nick from a backup, $version" \
			out "Subject:.*CN *= *$nick"
	done
done
openssl_visits
check 'nobody gets in without a certificate' not out 'HTTP/1.0 200'
verdict

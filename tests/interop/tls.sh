#!/bin/sh
# tls.sh - what it is all for: a server lets the owner of a certificate in
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses openssl certutil

make_ca
make_db db
enrol db alice -k ec
enrol db bob
printf 'word\n' >"$tmp/pin"

serve db

# openssl_visits [OPTION...]: openssl reads the page
openssl_visits() {
	timeout 60 openssl s_client -connect "127.0.0.1:$port" -quiet \
		-CAfile "$tmp/issuer.pem" "$@" <"$tmp/get" >"$tmp/out" \
		2>"$tmp/err"
}

if command -v tstclnt >/dev/null; then
	for version in tls1.2 tls1.3; do
		for nick in alice bob; do
			nss_visits db -V $version:$version -n $nick
			check "NSS logs in as $nick with $version" \
				is_let_in $nick
		done
		nss_visits db -V $version:$version
		check 'and chooses a certificate by itself' \
			is_let_in '\(alice\|bob\)'
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
			is_let_in $nick
	done
done
openssl_visits
check 'nobody gets in without a certificate' not out 'HTTP/1.0 200'
verdict

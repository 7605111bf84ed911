#!/bin/sh
# foreign-ca.sh - OpenSSL and certutil sign what psm asks for; psm imports it.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

mkresponse=$top_builddir/fixtures/mkresponse

make_openssl_ca() {
	need quietly openssl req -x509 -newkey ec \
		-pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj '/O=OpenSSL/CN=OpenSSL CA' -keyout "$tmp/openssl.key" \
		-out "$tmp/openssl.pem"
	need openssl x509 -in "$tmp/openssl.pem" -outform DER \
		-out "$tmp/openssl.der"
}

make_certutil_ca() {
	mkdir "$tmp/certutil"
	need certutil -N -d "sql:$tmp/certutil" --empty-password
	head -c 64 /dev/urandom >"$tmp/noise"
	# CA: yes, no limit to the path, critical
	printf 'y\n\ny\n' >"$tmp/replies"
	need quietly certutil -S -d "sql:$tmp/certutil" -n ca -x \
		-t C,C,C -s 'CN=certutil CA,O=NSS' -k ec -q nistp256 -v 12 \
		-z "$tmp/noise" -2 <"$tmp/replies"
	need certutil -L -d "sql:$tmp/certutil" -n ca -r -o \
		"$tmp/certutil.der"
}

# sign_by_openssl NAME, sign_by_certutil NAME: NAME.request to NAME.der
sign_by_openssl() {
	need quietly openssl x509 -req -in "$tmp/$1.request" -days 30 \
		-CA "$tmp/openssl.pem" -CAkey "$tmp/openssl.key" \
		-CAcreateserial -outform DER -out "$tmp/$1.der"
}
sign_by_certutil() {
	serial=$((serial + 1)) # certutil's own may repeat
	need quietly certutil -C -d "sql:$tmp/certutil" -c ca -a -v 1 \
		-m "$serial" -i "$tmp/$1.request" -o "$tmp/$1.pem"
	need openssl x509 -in "$tmp/$1.pem" -outform DER -out "$tmp/$1.der"
}

# round CA KEY DIALECT: from the request to the certificate
round() {
	name=$1-$2-$3
	need psm request -d "$tmp/db" --pkcs10 -k "$2" -s "CN=$name,O=Us" \
		-o "$tmp/$name.request"
	check "OpenSSL finds the proof in $name's request" \
		says 'self-signature verify OK' openssl req -verify -noout \
		-in "$tmp/$name.request"
	"sign_by_$1" "$name"
	id=$(pending_id db)
	"$mkresponse" "$3" "$tmp/$1.der" "$id:$tmp/$name.der" \
		>"$tmp/$name.answer" || exit 99
	check "psm imports what $1 signed for $name" \
		psm import -d "$tmp/db" -i "$tmp/$name.answer" -n "$name"
	check "certutil finds $name and its key" \
		says "^$name  *u,u,u" certutil -L -d "sql:$tmp/db"
}

serial=1
make_db db
make_openssl_ca
make_certutil_ca
for dialect in cmmf cmp untagged; do
	round openssl rsa "$dialect"
	round openssl ec "$dialect"
	round certutil rsa "$dialect"
	round certutil ec "$dialect"
done
check 'nothing is pending at the end' empty pending db
verdict

#!/bin/sh
# openapi.sh - psmd answers as doc/openapi/cert-user.yaml says, and nothing else
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses python3 openssl
python3 -c 'import yaml' 2>/dev/null || {
	echo 'skip - Python has no yaml'
	exit 77
}

# hold_to PHASE ARGUMENT...: it prints its own sentences
hold_to() {
	python3 -B "$top_srcdir/tests/psmd/openapi.py" \
		"$top_srcdir/doc/openapi/cert-user.yaml" "$tmp/seen" "$@" ||
		failed=1
}

# key NAME OPTION...; cert NAME KEY SUBJECT
key() {
	name=$1
	shift
	need run openssl genpkey "$@" -out "$tmp/files/$name"
}
cert() {
	need run openssl req -x509 -new -utf8 -key "$tmp/files/$2" -subj "$3" \
		-days 2 -out "$tmp/files/$1"
}

mkdir "$tmp/files"
key KEY -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key OTHER_KEY -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key LOST_KEY -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key P12_KEY -algorithm EC -pkeyopt ec_paramgen_curve:P-384
cert CERT KEY '/C=CZ/ST=Czech Republic/L=Brno/O=Acme/OU=One/OU=Two/CN=Zoë'
cert OTHER_CERT OTHER_KEY '/CN=Mail'
cert UNKNOWN_CERT LOST_KEY '/CN=Unknown'
cert P12_CERT P12_KEY '/O=Acme'
need run openssl x509 -in "$tmp/files/CERT" -outform DER \
	-out "$tmp/files/CERT.der"
need run openssl pkcs8 -topk8 -in "$tmp/files/OTHER_KEY" \
	-passout pass:secret -out "$tmp/files/OTHER_ENCRYPTED"
need run openssl pkcs12 -export -in "$tmp/files/P12_CERT" \
	-inkey "$tmp/files/P12_KEY" -passout pass:secret \
	-out "$tmp/files/P12"
cat "$tmp/files/CERT" "$tmp/files/OTHER_CERT" >"$tmp/files/CHAIN"

fresh
cp "$dir/ca.pem" "$tmp/files/ca.pem"
set_to 'service system' auth none
start
hold_to open "$https" "$tmp/files"
check 'psmd ends well' stop

set_to 'service system' auth basic
a_password >"$tmp/files/password"
need run "$PSMD" account add stranger -c "$conf" -f "$tmp/files/password"
start
hold_to guarded "$https" "$http" "$tmp/files"
check 'psmd ends well' stop

set_to 'service system' enabled no
start
hold_to disabled "$https" "$tmp/files"
check 'psmd ends well' stop
hold_to report
verdict

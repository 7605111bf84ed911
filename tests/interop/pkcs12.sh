#!/bin/sh
# pkcs12.sh - backups of psm in other programs' hands, and the reverse
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses certutil pk12util openssl

make_ca
make_db db
enrol db alice -k ec
enrol db 'Zoë Ünal' -g 2048
printf 'pässwort € 12\n' >"$tmp/pin"
password=$(cat "$tmp/pin")

# backup FILE NICK [OPTION...]
backup() {
	file=$1 nick=$2
	shift 2
	need psm backup -d "$tmp/db" -n "$nick" -o "$tmp/$file" \
		--backup-password-file "$tmp/pin" "$@"
}
backup ec.p12 alice
backup rsa.p12 'Zoë Ünal'
backup old.p12 'Zoë Ünal' --compat

# --- what psm wrote ---------------------------------------------------------

legacy() {
	openssl pkcs12 -in "$tmp/old.p12" -passin "file:$tmp/pin" -legacy "$@"
}
pkcs12() {
	openssl pkcs12 -passin "file:$tmp/pin" "$@"
}

check 'openssl opens a backup' run pkcs12 -in "$tmp/ec.p12" -nodes -info
check 'of AES-256' err 'PBES2, PBKDF2, AES-256-CBC'
check 'with a MAC of SHA-256' err '^MAC: sha256'
check 'the key is there' out 'BEGIN PRIVATE KEY'
check 'and the name' out 'friendlyName: alice'
check 'and the certificate of the CA' \
	test "$(grep -c 'BEGIN C' "$tmp/out")" -eq 2
check 'openssl opens one with --compat' run legacy -nodes -info
check 'of 3DES' err 'pbeWithSHA1And3-KeyTripleDES-CBC'
check 'with a MAC of SHA-1' err '^MAC: sha1'
check 'openssl refuses a wrong password' \
	not run openssl pkcs12 -in "$tmp/ec.p12" -passin pass:wrong -noout

# moves FILE NICK: pk12util carries it into a new database, where it works
moves() {
	rm -rf "$tmp/new"
	mkdir "$tmp/new"
	need run certutil -N -d "$tmp/new" --empty-password
	run pk12util -i "$tmp/$1" -d "$tmp/new" -K '' -w "$tmp/pin" || return
	need run certutil -A -d "$tmp/new" -n 'Test CA' -t CT,C,C -a \
		-i "$tmp/ca.pem"
	valid new "$2"
}
check 'pk12util -l reads a backup' \
	run pk12util -l "$tmp/ec.p12" -w "$tmp/pin"
check 'with its name' out 'Friendly Name: alice'
check 'pk12util -i brings an EC key in' moves ec.p12 alice
check 'and an RSA key' moves rsa.p12 'Zoë Ünal'
check 'and the one with --compat' moves old.p12 'Zoë Ünal'

if command -v certtool >/dev/null; then
	for file in ec rsa old; do
		check "certtool reads $file.p12" run certtool --p12-info \
			--inder --infile "$tmp/$file.p12" \
			--password "$password"
		check 'with a key and two certificates' test "$(grep -c \
			'BEGIN .*\(CERTIF\|PRIVATE KEY\)' "$tmp/out")" -eq 3
	done
	check 'and the name in UTF-8' out 'Friendly name: Zoë Ünal'
else
	skip 'certtool is not installed'
fi

# Java's password-based encryption takes ASCII alone.
printf 'password\n' >"$tmp/ascii"
if command -v keytool >/dev/null; then
	for option in --quiet --compat; do
		need psm backup -d "$tmp/db" -n alice -o "$tmp/java.p12" \
			--backup-password-file "$tmp/ascii" --force "$option"
		check "keytool reads a backup with $option" \
			run keytool -list -v -storetype PKCS12 \
			-keystore "$tmp/java.p12" -storepass:file "$tmp/ascii"
		check 'with the key and its chain' \
			out 'Certificate chain length: 2'
	done
else
	skip 'keytool is not installed'
fi

# --- what psm reads ---------------------------------------------------------

legacy -nocerts -nodes -out "$tmp/key.pem" 2>"$tmp/err"
legacy -clcerts -nokeys -out "$tmp/cert.pem" 2>"$tmp/err"

# comes NAME NICK: psm restores NAME.p12 into a new database, where it works
comes() {
	rm -rf "$tmp/back"
	make_db back
	psm restore -d "$tmp/back" -i "$tmp/$1.p12" \
		--backup-password-file "$tmp/pin" || return
	run certutil -A -d "$tmp/back" -n 'Test CA' -t CT,C,C -a \
		-i "$tmp/ca.pem"
	run certutil -M -d "$tmp/back" -n 'Test CA' -t CT,C,C
	valid back "$2"
}

# by_openssl NAME [OPTION...]
by_openssl() {
	name=$1
	shift
	check "openssl pkcs12 -export $*" run openssl pkcs12 -export \
		-inkey "$tmp/key.pem" -in "$tmp/cert.pem" \
		-certfile "$tmp/ca.pem" -name 'Zoë Ünal' \
		-passout "file:$tmp/pin" -out "$tmp/$name.p12" "$@"
	check 'comes back' comes "$name" 'Zoë Ünal'
}
by_openssl default
by_openssl legacy -legacy
by_openssl des -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1
by_openssl aes128 -certpbe AES-128-CBC -keypbe AES-128-CBC -macalg sha512
by_openssl bare -certpbe NONE -keypbe AES-256-CBC -iter 1000
check 'one without a MAC is written' run openssl pkcs12 -export -nomac \
	-inkey "$tmp/key.pem" -in "$tmp/cert.pem" -out "$tmp/nomac.p12" \
	-passout "file:$tmp/pin"
psm restore -d "$tmp/back" -i "$tmp/nomac.p12" \
	--backup-password-file "$tmp/pin"
tell "$(($? == 0))" 'and refused'
printf 'other\n' >"$tmp/wrong"
refused 'a wrong password is told from damage' 6 restore -d "$tmp/back" \
	-i "$tmp/default.p12" --backup-password-file "$tmp/wrong"

# by_pk12util NAME NICK [OPTION...]
by_pk12util() {
	name=$1 nick=$2
	shift 2
	check "pk12util -o $*" run pk12util -d "$tmp/db" -n "$nick" -K '' \
		-w "$tmp/pin" -o "$tmp/$name.p12" "$@"
	check 'comes back' comes "$name" "$nick"
}
by_pk12util ours alice
by_pk12util ours2 'Zoë Ünal'
by_pk12util ours3 alice \
	-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' \
	-C 'PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC'
by_pk12util ours4 alice -C none

if command -v certtool >/dev/null; then
	check 'certtool --to-p12' run certtool --to-p12 --outder \
		--load-privkey "$tmp/key.pem" \
		--load-certificate "$tmp/cert.pem" --p12-name zoe \
		--password "$password" --outfile "$tmp/gnutls.p12"
	check 'comes back' comes gnutls zoe
fi

if command -v keytool >/dev/null; then
	check 'keytool -genkeypair' run keytool -genkeypair -alias java \
		-dname 'CN=Java,O=Example' -keyalg EC -groupname secp256r1 \
		-storetype PKCS12 -keystore "$tmp/javas.p12" \
		-storepass:file "$tmp/ascii"
	rm -rf "$tmp/back"
	make_db back
	check 'comes back' psm restore -d "$tmp/back" -i "$tmp/javas.p12" \
		--backup-password-file "$tmp/ascii"
	check 'with its key' says '^java  *u,u,u' certutil -L -d "$tmp/back"
fi
verdict

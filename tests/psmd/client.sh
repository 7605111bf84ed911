# client.sh - clients of createPKCS12ById, and what they do.
# Read after lib.sh by ". $top_srcdir/tests/psmd/client.sh".

# secret FILE: what is on standard input, for nobody else to read
secret() {
	(umask 077 && cat >"$1")
}

# make_client NAME: an account with a password of its own, the section of a
# client, and what it shares with the service, in $tmp/NAME.*
make_client() {
	a_password | secret "$tmp/$1.pw"
	a_password | secret "$tmp/$1.signer-pw"
	need run "$PSMD" account add "$1" -c "$conf" -f "$tmp/$1.pw"
	head -c 32 /dev/urandom | base64 | secret "$tmp/$1.aes"
	head -c 20 /dev/urandom | od -An -v -tx1 | tr -d ' \n' |
		secret "$tmp/$1.em"
	need run openssl req -x509 -newkey ec \
		-pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=signer" -keyout "$tmp/$1.key" -out "$tmp/$1.pem"
	need run openssl pkcs12 -export -in "$tmp/$1.pem" \
		-inkey "$tmp/$1.key" -passout "file:$tmp/$1.signer-pw" \
		-out "$tmp/$1.p12"
	set_to "client $1" aes_key_file "$tmp/$1.aes"
	set_to "client $1" em_key_file "$tmp/$1.em"
	set_to "client $1" certificate "$tmp/$1.pem"
	set_to "client $1" addresses 127.0.0.1
}

# pfx_request NAME APPLICATION OPTION...: a body in $tmp/body
pfx_request() {
	client=$1 application=$2
	shift 2
	rm -f "$tmp/body"
	psm pfx-request -i "$tmp/$client.p12" \
		--backup-password-file "$tmp/$client.signer-pw" \
		--user "$client" --user-password-file "$tmp/$client.pw" \
		--aes-key-file "$tmp/$client.aes" --subscriber 17 \
		--application "$application" -o "$tmp/body" "$@"
}

# pfx_ask NAME: $tmp/body to the service; its answer is in $tmp/out
pfx_ask() {
	printf 'emKey: %s\n' "$(cat "$tmp/$1.em")" | secret "$tmp/em"
	ask -H "@$tmp/em" -H 'Content-Type: application/json' \
		--data-binary "@$tmp/body" \
		"$https/emCAServices/rest/createPKCS12ById"
}

# pfx NAME APPLICATION FILE OPTION...: all of it; the PKCS#12 is in FILE
pfx() {
	client=$1 application=$2 file=$3
	shift 3
	pfx_request "$client" "$application" "$@" && pfx_ask "$client" &&
		cp "$tmp/out" "$tmp/answer" && rm -f "$file" &&
		psm pfx-answer -i "$tmp/answer" -o "$file"
}

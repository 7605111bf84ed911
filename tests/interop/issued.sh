#!/bin/sh
# issued.sh - certificates that were ordered, and the CRL, as other programs see
# them: verified, read by a lint, and for a login
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/orders-lib.sh"
uses curl openssl certutil crlutil

# has PROGRAM: else what it would do is skipped
has() {
	command -v "$1" >/dev/null || {
		skip "$1 is not installed"
		false
	}
}

# request NAME OPTION...: NAME.csr, with a key of its own
request() {
	name=$1
	shift
	need run openssl req -new -nodes -subj '/CN=Somebody/O=Other' \
		-addext subjectAltName=email:anna@example.org \
		-keyout "$tmp/$name.key" -out "$tmp/$name.csr" "$@"
}

# issue NAME: anna's order of it, collected at once; NAME.pem, with the chain in
# NAME.chain, and $serial
issue() {
	ask -d loginName=anna --data-urlencode "loginPassword@$tmp/anna.pw" \
		-d collect=Y --data-urlencode "csr@$tmp/$1.csr" \
		"$https/products/!applyClientAuthCert" || return
	sed -n 's/.*"certificate": *"\([^"]*\)".*/\1/p' "$tmp/out" |
		sed 's/\\n/\n/g' >"$tmp/$1.pem"
	cat "$tmp/$1.pem" "$dir/issuer.pem" >"$tmp/$1.chain"
	serial_of "$1"
}
serial_of() {
	serial=$(openssl x509 -in "$tmp/$1.pem" -noout -serial |
		sed 's/serial=//') && [ -n "$serial" ]
}

# get_crl: what psmd publishes, in $tmp/crl.pem
get_crl() {
	ask "$http/ca/crl" && status_is 200 && cp "$tmp/out" "$tmp/crl.der" &&
		run openssl crl -inform DER -in "$tmp/crl.der" \
			-out "$tmp/crl.pem"
}

# revoke NAME REASON
revoke() {
	serial_of "$1" &&
		run "$PSMD" ca revoke -c "$conf" "$serial" --reason "$2" &&
		get_crl
}

# --- OpenSSL, NSS, GnuTLS ----------------------------------------------------

openssl_takes() {
	run openssl verify -x509_strict -purpose sslclient \
		-CAfile "$dir/ca.pem" -untrusted "$tmp/issuer.pem" \
		-crl_check -CRLfile "$tmp/crl.pem" "$tmp/$1.pem"
}
openssl_says_revoked() {
	not openssl_takes "$1" && err 'certificate revoked'
}

# a_database: the authorities and the CRL, in $tmp/nss
a_database() {
	rm -rf "$tmp/nss" && mkdir "$tmp/nss" &&
		run certutil -N -d "sql:$tmp/nss" --empty-password &&
		run certutil -A -d "sql:$tmp/nss" -n root -t T,, -a \
			-i "$dir/ca.pem" &&
		run certutil -A -d "sql:$tmp/nss" -n issuer -t ,, -a \
			-i "$tmp/issuer.pem" &&
		run crlutil -I -d "sql:$tmp/nss" -i "$tmp/crl.der"
}
nss_takes() {
	a_database && run certutil -A -d "sql:$tmp/nss" -n one -t ,, -a \
		-i "$tmp/$1.pem" &&
		run certutil -V -d "sql:$tmp/nss" -n one -u C -e &&
		out 'certificate is valid'
}

gnutls_takes() {
	run certtool --verify --verify-profile medium \
		--verify-purpose 1.3.6.1.5.5.7.3.2 \
		--load-ca-certificate "$dir/ca.pem" \
		--load-crl "$tmp/crl.pem" --infile "$tmp/$1.chain"
}

# lint FILE: strictly DER, and no text or time in it that is malformed
lint() {
	dumpasn1 -s "$1" >"$tmp/out" 2>&1
	out '^0 warnings, 0 errors'
}

# --- servers -----------------------------------------------------------------

# serve: openssl and nginx, with the CRLs of now, at $tmp/openssl and $tmp/nginx
serve() {
	end_servers
	cat "$tmp/cas.pem" "$dir/ca.crl.pem" >"$tmp/all.pem"
	openssl s_server -unix "$tmp/openssl" -www -Verify 3 \
		-verify_return_error -crl_check_all -CAfile "$tmp/all.pem" \
		-cert "$tmp/localhost.pem" -key "$tmp/localhost.key" \
		>"$tmp/s_server" 2>&1 </dev/null &
	held_pid=$!
	need in_time test -S "$tmp/openssl"
	$nginx -c "$tmp/nginx.conf" >"$tmp/nginx.out" 2>&1 &
	held_pid="$held_pid $!"
	[ "$nginx" = : ] || need in_time test -S "$tmp/nginx"
}
end_servers() {
	for pid in $held_pid; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -f "$tmp/openssl" "$tmp/nginx"
	held_pid=
}

# visit SERVER NAME: with that certificate
visit() {
	run curl -sSf --max-time 20 --unix-socket "$tmp/$1" \
		--cacert "$tmp/localhost.pem" --cert "$tmp/$2.chain" \
		--key "$tmp/$2.key" https://localhost/
}

# login NAME: anna at psmd, without a password; her orders are not new
login() {
	ask --cert "$tmp/$1.chain" --key "$tmp/$1.key" -d loginName=anna \
		-d collect=Y -d "serialNumber=$p256_serial" \
		"$https/products/!applyClientAuthCert"
}

cat >"$tmp/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $tmp/n1; proxy_temp_path $tmp/n2;
	fastcgi_temp_path $tmp/n3; uwsgi_temp_path $tmp/n4;
	scgi_temp_path $tmp/n5;
	server {
		listen unix:$tmp/nginx ssl;
		ssl_certificate $tmp/localhost.pem;
		ssl_certificate_key $tmp/localhost.key;
		ssl_verify_client on;
		ssl_verify_depth 2;
		ssl_client_certificate $tmp/cas.pem;
		ssl_crl $dir/ca.crl.pem;
		location / { return 200 "Subject: \$ssl_client_s_dn\n"; }
	}
}
END
nginx=:
has nginx && nginx=nginx

# --- the authority and its certificates --------------------------------------

fresh_issuer
set_to 'profile client' approval automatic
set_to 'profile client' crl_url http://localhost/ca/crl
set_to 'profile client' ocsp_url http://localhost/ocsp
set_to 'profile client' issuer_url http://localhost/ca/cert
set_to tls client_cert request
set_to tls client_ca '#ca'
account anna
tr -d '\n' <"$tmp/anna.pw" >"$tmp/pw" && cat "$tmp/pw" >"$tmp/anna.pw"
start
need run openssl x509 -in "$dir/issuer.pem" -out "$tmp/issuer.pem"
cat "$tmp/issuer.pem" "$dir/ca.pem" >"$tmp/cas.pem"
need run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
	-nodes -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost \
	-keyout "$tmp/localhost.key" -out "$tmp/localhost.pem"

check 'the CRL is there' get_crl
request rsa -newkey rsa:3072
request p256 -newkey ec -pkeyopt ec_paramgen_curve:P-256
request p384 -newkey ec -pkeyopt ec_paramgen_curve:P-384
for name in rsa p256 p384; do
	check "$name: it is issued" issue $name
	check "$name: OpenSSL takes it strictly" openssl_takes $name
	check "$name: NSS takes it for a client" nss_takes $name
	! has certtool || check "$name: GnuTLS takes it" gnutls_takes $name
	need run openssl x509 -in "$tmp/$name.pem" -outform DER \
		-out "$tmp/$name.der"
	! has dumpasn1 || check "$name: it is strictly DER" \
		lint "$tmp/$name.der"
	need run openssl x509 -in "$tmp/$name.pem" -noout -text
	check "$name: it is a client's" out 'TLS Web Client Authentication$'
	check "$name: and nothing else's" not out 'Server Auth\|CA:TRUE'
	check "$name: it says where the CRL is" out 'http://localhost/ca/crl'
	check "$name: and who is asked" out 'OCSP - URI:http://localhost/ocsp'
	check "$name: its subject is the account" out 'Subject: CN = anna$'
done
serial_of p256
p256_serial=$serial

check 'OpenSSL takes the CRL' eval 'run openssl crl -in "$tmp/crl.pem" \
	-noout -verify -CAfile "$tmp/issuer.pem" && err "verify OK"'
! has certtool || check 'GnuTLS does' eval 'run certtool --verify-crl \
	--load-ca-certificate "$tmp/issuer.pem" --infile "$tmp/crl.pem" &&
	out "Verified"'
! has dumpasn1 || check 'it is strictly DER' lint "$tmp/crl.der"

serve
for name in rsa p256 p384; do
	check "$name: openssl lets it in" visit openssl $name
	check "$name: and knows whose it is" out 'CN *= *anna'
	[ "$nginx" = : ] || {
		check "$name: nginx lets it in" visit nginx $name
		check "$name: and knows whose it is" out 'Subject: CN=anna$'
	}
	login $name
	check "$name: psmd does, without a password" out '"code":0'
done

# --- revoked -----------------------------------------------------------------

check 'one is revoked' revoke rsa keyCompromise
check 'another is on hold' revoke p384 certificateHold
! has dumpasn1 || check 'the CRL is strictly DER' lint "$tmp/crl.der"
check 'OpenSSL takes the CRL' eval 'run openssl crl -in "$tmp/crl.pem" \
	-noout -text -verify -CAfile "$tmp/issuer.pem" && err "verify OK" &&
	out "Key Compromise" && out "Certificate Hold"'
serve
for name in rsa p384; do
	check "$name: OpenSSL says that it is revoked" \
		openssl_says_revoked $name
	check "$name: NSS does not take it" not nss_takes $name
	! has certtool || check "$name: GnuTLS does not" not gnutls_takes $name
	check "$name: openssl does not let it in" not visit openssl $name
	[ "$nginx" = : ] || check "$name: nginx does not" not eval \
		"visit nginx $name && out Subject"
	login $name
	check "$name: psmd does not" out '"error":{"code":-16,'
done
check 'OpenSSL still takes the third' openssl_takes p256
check 'NSS does' nss_takes p256
! has certtool || check 'GnuTLS does' gnutls_takes p256
check 'openssl lets it in' visit openssl p256
[ "$nginx" = : ] || check 'nginx does' visit nginx p256
login p256
check 'psmd does' out '"code":0'

check 'what is on hold is released' revoke p384 removeFromCRL
check 'OpenSSL takes it again' openssl_takes p384
login p384
check 'psmd does' out '"code":0'
end_servers
check 'psmd ends well' stop
verdict

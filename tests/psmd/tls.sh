#!/bin/sh
# tls.sh - TLS 1.2 and 1.3, client certificates, resumption, and the wrong
# protocol on a port
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl certutil

# s_client OPTION...: what OpenSSL says of a connection to the daemon
s_client() {
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' |
		timeout 30 openssl s_client -connect "127.0.0.1:$tls_port" \
			-CAfile "$dir/ca.pem" -ign_eof "$@" \
			>"$tmp/out" 2>"$tmp/err"
}

# served OPTION...: and the answer comes
served() {
	s_client "$@"
	out '^HTTP/1.1 200'
}

fresh
set_to 'service system' auth none
start

# --- versions and ciphers

ask --tlsv1.3 "$https/healthz"
check 'TLS 1.3 is spoken' status_is 200
ask --tls-max 1.2 "$https/healthz"
check 'TLS 1.2 too' status_is 200
check 'TLS 1.1 is not' not served -tls1_1 -cipher 'ALL:@SECLEVEL=0'
check 'nor TLS 1.0' not served -tls1 -cipher 'ALL:@SECLEVEL=0'
for cipher in AES128-SHA AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA \
	ECDHE-ECDSA-AES256-SHA384 DHE-RSA-AES128-GCM-SHA256; do
	check "$cipher is refused" not served -tls1_2 \
		-cipher "$cipher:@SECLEVEL=0"
done
check 'ECDHE with AES-GCM is spoken' served -tls1_2 \
	-cipher ECDHE+AESGCM
check 'ECDHE with ChaCha20 too' served -tls1_2 -cipher ECDHE+CHACHA20
for group in X25519 P-256 P-384 P-521; do
	check "$group is spoken" served -tls1_3 -groups $group
done
for group in ffdhe2048 ffdhe8192; do
	check "$group, which is slow, is refused" not served -tls1_3 \
		-groups $group
done
check 'the application protocol is HTTP/1.1' served -alpn h2,http/1.1
check 'and said to be' out '^ALPN protocol: http/1.1'
check 'the server proves itself' served -verify_return_error \
	-verify_hostname localhost
check 'by its address too' served -verify_return_error -verify_ip 127.0.0.1
run curl -sS "$https/healthz"
check 'who does not trust its authority sees nothing' not out ok
ask --connect-to "elsewhere:$tls_port:127.0.0.1:$tls_port" \
	"https://elsewhere:$tls_port/healthz"
check 'nor who wanted another name' not status_is 200
printf 'R\n' | timeout 30 openssl s_client -tls1_2 \
	-connect "127.0.0.1:$tls_port" >"$tmp/out" 2>"$tmp/err"
check 'nothing is negotiated twice' err 'renegotiation\|handshake failure'

# --- resumption

for version in tls1_2 tls1_3; do
	check "$version: a session is kept" served "-$version" \
		-sess_out "$tmp/session"
	check 'it was a new one' out '^New, TLS'
	check 'and can be resumed' served "-$version" -sess_in "$tmp/session"
	check 'and is' out '^Reused, TLS'
done
check 'no early data is taken' not out 'Early data was accepted'

# --- the wrong protocol

run curl -sS -o "$tmp/body" -w '%{http_code}\n' \
	"http://127.0.0.1:$tls_port/healthz"
check 'HTTP on the port of TLS is 400' out_is 400
check 'and told what is spoken there' grep -q TLS "$tmp/body"
run curl -sS --cacert "$dir/ca.pem" "https://127.0.0.1:$plain_port/healthz"
check 'TLS on the port of HTTP is no connection' not out ok
ask "$http/api/cert/user"
check 'the API over HTTP is error 7, when it wants HTTPS' failed_with 7
ask "$https/api/cert/user"
check 'over HTTPS it answers' succeeded
check 'psmd goes on' healthy
restart

# --- client certificates

# authority NAME
authority() {
	need run openssl req -x509 -newkey ec \
		-pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=$1" -keyout "$tmp/$1.key" -out "$tmp/$1.pem" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign
}

# client NAME AUTHORITY USAGE DAYS
client() {
	printf 'extendedKeyUsage=%s\n' "$3" >"$tmp/ext"
	need run openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		-nodes -subj "/CN=$1" -keyout "$tmp/$1.key" \
		-out "$tmp/$1.csr"
	need run openssl x509 -req -in "$tmp/$1.csr" -CA "$tmp/$2.pem" \
		-CAkey "$tmp/$2.key" -CAcreateserial -days "$4" \
		-extfile "$tmp/ext" -out "$tmp/$1.pem"
}

authority clients
authority strangers
client right clients clientAuth 2
client wrong strangers clientAuth 2
client server clients serverAuth 2
client late clients clientAuth -1
check 'psmd ends well' stop
need nss certutil -A -n 'The clients' -t ,, -a -i "$tmp/clients.pem"
set_to tls client_ca 'The clients'

# with NAME CURL-ARGUMENT...: a request with that certificate
with() {
	name=$1
	shift
	ask --cert "$tmp/$name.pem" --key "$tmp/$name.key" "$@" \
		"$https/healthz"
}

for setting in none request require; do
	set_to tls client_cert "$setting"
	start
	for version in 1.2 1.3; do
		set -- --tlsv1.2 --tls-max $version
		said="client_cert=$setting, TLS $version:"
		ask "$@" "$https/healthz"
		if [ $setting = require ]; then
			check "$said none is refused" not status_is 200
		else
			check "$said none is let in" status_is 200
		fi
		with right "$@"
		check "$said the right one is let in" status_is 200
		for bad in wrong server late; do
			with $bad "$@"
			if [ $setting = none ]; then
				check "$said nobody looks at the $bad one" \
					status_is 200
			else
				check "$said the $bad one is refused" \
					not status_is 200
			fi
		done
	done
	if [ $setting != none ]; then
		s_client -tls1_3 -sess_out "$tmp/session" \
			-cert "$tmp/right.pem" -key "$tmp/right.key"
		s_client -tls1_3 -sess_in "$tmp/session"
		check 'a session does not stand for a certificate' \
			not out '^Reused'
	fi
	check "psmd goes on with client_cert=$setting" \
		run curl -sSf "$http/healthz"
	check 'and ends well' stop
done

# --- TLS 1.3 alone

set_to tls client_cert none
set_to tls tls12 no
start
ask --tlsv1.2 --tls-max 1.2 "$https/healthz"
check 'without tls12 TLS 1.2 is refused' not status_is 200
ask --tlsv1.3 "$https/healthz"
check 'and TLS 1.3 spoken' status_is 200
check 'psmd ends well' stop
verdict

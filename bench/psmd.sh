#!/bin/sh
# psmd.sh - the daemon side by side with nginx and with NSS's own tools
#
#	bench/psmd.sh
#
# As the other benches: our value, a peer's, and how many times better ours is.
# nginx serves the bytes of psmd's own answers as files, with the same
# certificate, and has two workers, as psmd has two threads for HTTP and two for
# TLS. Both are asked in turns by wrk, on this machine.
. "${top_srcdir:-$(dirname "$0")/..}/tests/psmd/lib.sh"
. "$top_srcdir/bench/lib.sh"
uses curl nginx openssl pk12util wrk

clients=${PSM_BENCH_CLIENTS:-16}
listed=${PSM_BENCH_LISTED:-100} # certificates in the list
puts=${PSM_BENCH_PUTS:-40}

# --- psmd

fresh
set_to 'service system' auth none
set_to server workers 4
set_to limits connections_per_address 1000
start
for i in $(seq "$listed"); do
	make_cert "c$i" "/C=CZ/O=Example/CN=Device number $i"
	[ "$i" -eq 1 ] || echo next
	printf 'cacert = "%s/ca.pem"\nsilent\noutput = "%s/put.out"\n' \
		"$dir" "$tmp"
	printf 'request = PUT\nform = "blob-cert=@%s/c%d.pem"\n' "$tmp" "$i"
	printf 'form = "blob-pk=@%s/c%d.key"\nform-string = "id=@c%d"\n' \
		"$tmp" "$i" "$i"
	printf 'url = "%s/api/cert/user"\n' "$https"
done >"$tmp/puts"
began=$(now)
need run curl -K "$tmp/puts"
ours=$(echo "$began $(now) $listed" | awk '{ print $3 / ($2 - $1) }')

# --- NSS's tools, as many as $puts

cp -r "$dir/nss" "$tmp/peer"
began=$(now)
for i in $(seq "$puts"); do
	need run openssl pkcs12 -export -in "$tmp/c$i.pem" \
		-inkey "$tmp/c$i.key" -name "@p$i" -out "$tmp/p12" \
		-passout pass:x
	need run pk12util -i "$tmp/p12" -d "sql:$tmp/peer" -W x \
		-k "$dir/nss.pin"
done
peer=$(echo "$began $(now) $puts" | awk '{ print $3 / ($2 - $1) }')
row 'PUT, over TLS keep-alive' "$ours" "$peer" '/s' \
	'openssl pkcs12, pk12util' 1

# --- nginx

mkdir -p "$tmp/www"
ask "$https/api/cert/user"
need succeeded
cp "$tmp/out" "$tmp/www/list"
ask "$https/api/cert/user?id=@c1"
need succeeded
cp "$tmp/out" "$tmp/www/one"
need run pk12util -o "$tmp/server.p12" -n '#server' -d "sql:$dir/nss" \
	-k "$dir/nss.pin" -W x
need run openssl pkcs12 -in "$tmp/server.p12" -passin pass:x -nodes -legacy \
	-nokeys -clcerts -out "$tmp/server.pem"
need run openssl pkcs12 -in "$tmp/server.p12" -passin pass:x -nodes -legacy \
	-nocerts -out "$tmp/server.key"
peer_port=$((20000 + $$ % 20000))
chmod 755 "$tmp" "$tmp/www"
cat >"$tmp/nginx.conf" <<END
daemon off;
worker_processes 2;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path $tmp/n1; proxy_temp_path $tmp/n2;
	fastcgi_temp_path $tmp/n3; uwsgi_temp_path $tmp/n4;
	scgi_temp_path $tmp/n5;
	default_type application/json;
	keepalive_requests 1000000;
	server {
		listen 127.0.0.1:$peer_port ssl;
		ssl_certificate $tmp/server.pem;
		ssl_certificate_key $tmp/server.key;
		ssl_protocols TLSv1.2 TLSv1.3;
		root $tmp/www;
	}
}
END
nginx -c "$tmp/nginx.conf" 2>"$tmp/nginx.err" &
held_pid=$!
its_turn() {
	quietly curl -sk "https://127.0.0.1:$peer_port/one"
}
need in_time its_turn
peer_url=https://127.0.0.1:$peer_port

# compare WHAT URL PEER-URL [WRK-ARGUMENT...]: in turns, the better of two
compare() {
	what=$1 ours_at=$2 peers_at=$3
	shift 3
	: >"$tmp/ours"
	: >"$tmp/peers"
	for turn in 1 2; do
		rate "$clients" "$ours_at" "$@" >>"$tmp/ours"
		rate "$clients" "$peers_at" "$@" >>"$tmp/peers"
	done
	set -- $(sort -rn "$tmp/ours" | head -n 1) \
		$(sort -rn "$tmp/peers" | head -n 1)
	row "$what" "$1" "$5" '/s' nginx 1
	row '  its latency, median' "$2" "$6" ms nginx 0
	row '  its latency, 99 of 100' "$3" "$7" ms nginx 0
}
compare "GET one, over TLS, $clients connections" \
	"$https/api/cert/user?id=@c1" "$peer_url/one"
compare "GET list of $listed, over TLS" "$https/api/cert/user" \
	"$peer_url/list"
compare 'GET one, a full TLS handshake each' "$https/api/cert/user?id=@c1" \
	"$peer_url/one" -H 'Connection: close'
compare 'GET /healthz, over TLS' "$https/healthz" "$peer_url/one"

need stop
kill -TERM "$held_pid"
wait "$held_pid"
held_pid=

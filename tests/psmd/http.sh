#!/bin/sh
# http.sh - HTTP/1.1 as psmd speaks it, with curl and byte by byte
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

fresh
set_to 'service system' transport both
set_to 'service system' auth none
start

# talk TEXT: as printf understands it; the answers are in $tmp/out
talk() {
	# shellcheck disable=SC2059 # it is a format
	printf "$1" | "$ABUSE" talk "$plain_port" >"$tmp/out" 2>"$tmp/err"
}

# often PATTERN: how often it is in the answers, whose lines may not end
often() {
	grep -a -o -e "$1" "$tmp/out" | wc -l
}

# answers N STATUS: so many answers of that status, and no other
answers() {
	[ "$(often "HTTP/1.1 $2 ")" -eq "$1" ] &&
		[ "$(often 'HTTP/1.1 [0-9]')" -eq "$1" ]
}

for url in "$https" "$http"; do
	scheme=${url%%:*}
	ask "$url/healthz"
	check "$scheme answers" status_is 200
	check 'with what was asked for' out_is ok
	check 'is never cached' head_has '^cache-control:.*no-store'
	check 'is never taken for another type' \
		head_has '^x-content-type-options: nosniff$'
	run curl -sS --cacert "$dir/ca.pem" -w '%{num_connects} ' \
		-o "$tmp/1" "$url/healthz" -o "$tmp/2" "$url/healthz" \
		-o "$tmp/3" "$url/healthz"
	check 'three requests go over one connection' out '^1 0 0 *$'
	ask --http1.0 "$url/healthz"
	check 'HTTP/1.0 is answered' status_is 200
	ask -H 'Connection: close' "$url/healthz"
	check 'who wants the connection closed is told so' \
		head_has '^connection: close$'
done

talk 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
first=$(grep -a -o 'HTTP/1.1 [0-9]*' "$tmp/out" | cut -d' ' -f2 | tr '\n' ' ')
check 'three requests at once are answered in their order' \
	test "$first" = '200 404 200 '

pipelined=
for i in 1 2 3 4 5 6 7 8 9 10; do
	pipelined="${pipelined}GET /api/cert/user?id=@none$i HTTP/1.1\r\nHost: x\r\n\r\n"
done
talk "$pipelined"
check 'ten requests at once that need a worker are all answered' \
	answers 10 200
check 'each once' test "$(often '"code": *12')" -eq 10
talk 'PUT /api/cert/user HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nid=@aGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
check 'a request right behind a body is another one' answers 2 200

# --- HEAD, and what no path knows

ask "$https/healthz"
length=$(tr -d '\r' <"$tmp/head" | grep -i '^content-length')
run curl -sS -I --cacert "$dir/ca.pem" "$https/healthz"
tr -d '\r' <"$tmp/out" >"$tmp/head"
check 'HEAD has the length of GET' head_has "^$length\$"
talk 'HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD /api/cert/user HTTP/1.1\r\nHost: x\r\n\r\nHEAD /none HTTP/1.1\r\nHost: x\r\n\r\n'
check 'HEAD has no body' not grep -a -q -e success -e '^ok' \
	-e found "$tmp/out"
check 'HEAD is answered three times' test "$(often 'HTTP/1.1 ')" -eq 3
ask "$https/nowhere"
check 'a path of nobody is 404' status_is 404
ask "$https/api/nowhere"
check 'a path of nobody in the API is error 2' failed_with 2
check 'with 200' status_is 200
for method in POST PATCH TRACE PROPFIND MADEUP; do
	ask -X "$method" "$https/api/cert/user"
	check "$method is error 3 in the API" failed_with 3
	ask -X "$method" "$https/healthz"
	check "$method of /healthz is 405" status_is 405
	check 'that says which do' head_has '^allow: GET, HEAD$'
done

# --- bodies

make_cert one
for url in "$https" "$http"; do
	ask -X PUT -F "blob-cert=@$tmp/one.pem" -F "blob-pk=@$tmp/one.key" \
		--form-string id=@one "$url/api/cert/user"
	check "${url%%:*} takes a form" succeeded
	ask -X PUT -H 'Transfer-Encoding: chunked' \
		-F "blob-cert=@$tmp/one.pem" -F "blob-pk=@$tmp/one.key" \
		--form-string id=@one "$url/api/cert/user"
	check 'in chunks too' succeeded
	check 'and answers with the fingerprint' out "$fingerprint"
	ask -X PUT -H 'Expect: 100-continue' --expect100-timeout 30 \
		-F "blob-cert=@$tmp/one.pem" -F "blob-pk=@$tmp/one.key" \
		--form-string id=@one "$url/api/cert/user"
	check 'a client that waits to be told is told' \
		head_has '^HTTP/1.1 100 '
	check 'and then answered' succeeded
done
ask -X PUT -H 'Expect: 100-continue' -H 'Content-Length: 100000000' \
	--data-binary x "$https/api/cert/user"
check 'not for a body that is far too big' not head_has '^HTTP/1.1 100 '
check 'which is error 13 at once' failed_with 13
check 'and the end of the connection' head_has '^connection: close$'

# bytes N: a file of N bytes
bytes() {
	head -c "$1" /dev/zero | tr '\0' A >"$tmp/bytes"
}
for n in 65535 65536 65537; do
	for blob in blob-cert blob-pk; do
		other=blob-pk file=$tmp/one.key
		[ $blob = blob-cert ] || other=blob-cert file=$tmp/one.pem
		bytes "$n"
		ask -X PUT -F "$blob=@$tmp/bytes" -F "$other=@$file" \
			--form-string id=@one "$https/api/cert/user"
		if [ "$n" -gt 65536 ]; then
			check "$n bytes of $blob are error 13" \
				failed_with 13 "$blob"
		else
			check "$n bytes of $blob are read" \
				failed_with 12 "$blob"
		fi
	done
done
ask "$https/api/cert/user?id=@one"
check 'after all of that the certificate is there' out "$fingerprint"

set -- $(sed -n 's/^[#; ]*body_bytes *= *\([0-9]*\).*/\1/p' "$conf") 1048576
limit=$1
bytes "$((limit - 100))"
ask -X POST -H 'Content-Type: text/plain' --data-binary "@$tmp/bytes" \
	"$https/api/cert/user"
check 'a body below the limit is judged' failed_with 3
bytes "$((limit + 1))"
ask -X POST -H 'Content-Type: text/plain' --data-binary "@$tmp/bytes" \
	"$https/api/cert/user"
check 'a body above the limit is error 13' failed_with 13
ask -X POST -H 'Content-Type: text/plain' --data-binary "@$tmp/bytes" \
	"$https/session"
check 'outside of the API it is 413' status_is 413
bytes 10000000
for url in "$https" "$http"; do
	ask -X PUT -F "blob-cert=@$tmp/bytes" "$url/api/cert/user"
	check 'so are 10,000,000 bytes' failed_with 13
	ask -X PUT -H 'Transfer-Encoding: chunked' \
		-F "blob-cert=@$tmp/bytes" "$url/api/cert/user"
	check 'in chunks too' failed_with 13
	ask -X PUT -H Expect: -F "blob-cert=@$tmp/bytes" \
		-F "blob-pk=@$tmp/bytes" "$url/api/cert/user"
	check 'and twice as many' failed_with 13
done

# --- the order and number of parameters

ask "$https/api/cert/user?id=@none&id=@one"
check 'the last of two ids is meant' succeeded
ask "$https/api/cert/user?id=@one&id=@none"
check 'whatever the first was' failed_with 12 id
ask -X DELETE "$https/api/cert/user?id=%40one"
check 'an encoded id is the same' succeeded

check 'psmd is well' healthy
check 'psmd ends well' stop
verdict

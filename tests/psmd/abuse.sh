#!/bin/sh
# abuse.sh - clients that mean no good: psmd goes on, and gets everything back
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

many=${PSMD_ABUSE_CLIENTS:-1000} # idle connections
slow=${PSMD_ABUSE_SLOW:-200}     # slow clients of each kind

fresh
set_to 'service system' transport both
set_to 'service system' auth none
set_to limits connections 3000
set_to limits connections_per_address 3000
set_to limits request_seconds 3
set_to limits idle_seconds 60
set_to limits handshake_seconds 3
start

# --- one by one

"$ABUSE" table "$plain_port" >"$tmp/table" 2>&1
code=$?
cat "$tmp/table"
: >"$tmp/out" >"$tmp/err"
check 'every hostile request is dealt with' test "$code" -eq 0
check 'psmd is there' is_running

# tls_talk BYTES: as printf understands them, within TLS
tls_talk() {
	# shellcheck disable=SC2059 # it is a format
	printf "$1" | timeout 60 openssl s_client -quiet \
		-connect "127.0.0.1:$tls_port" -CAfile "$dir/ca.pem" \
		>"$tmp/out" 2>"$tmp/err"
}
tls_talk 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
check 'within TLS smuggling is refused as well' out '^HTTP/1.1 400'
check 'and answered once' test "$(grep -a -c '^HTTP/1.1' "$tmp/out")" -eq 1
head -c 3000 /dev/urandom >"$tmp/random"
for prefix in '\026\003\001\100\000' '\026\003\003\000\004' \
	'\200\056\001' '\025\003\001\000\002\002\050' '\027\003\003\000\020'; do
	# shellcheck disable=SC2059 # it is a format
	{ printf "$prefix"; cat "$tmp/random"; } |
		"$ABUSE" talk "$tls_port" >"$tmp/out" 2>"$tmp/err"
	check "a record of nonsense ($prefix) is the end of it" test $? -eq 0
done
check 'psmd is well' healthy

# --- many at once

# A round of everything first: what is allocated once is no leak.
all_kinds() {
	for kind in $1; do
		port=$plain_port
		case $kind in record | hello) port=$tls_port ;; esac
		check "$2 clients of the kind \"$kind\" come" hold "$port" \
			"$kind" "$2"
		check 'psmd is well meanwhile' healthy
		sleep "$3"
		check 'and a little later' healthy
		check 'they go' release
	done
}

is_back() {
	[ "$(count fd)" -le "$fds" ] && [ "$(count task)" -le "$threads" ] &&
		{ is_sanitized || [ "$(memory)" -le "$((kib + 16384))" ]; }
}
now_has() {
	echo "$1: $(count fd) descriptors, $(count task) threads," \
		"$(memory) KiB"
}

all_kinds 'line body reader hello' 50 1
ask "$http/api/cert/user"
has_few() {
	[ "$(count fd)" -lt 60 ]
}
check 'few descriptors are left' in_time has_few
fds=$(count fd) threads=$(count task) kib=$(memory)
echo "# $(now_has before)"

all_kinds 'line header body chunk reader record hello' "$slow" 2
check 'half a request and a reset, 2,000 times' "$ABUSE" reset \
	"$plain_port" 2000
check 'the same at the port of TLS' "$ABUSE" reset "$tls_port" 2000
check 'psmd is well' healthy

for kind in line header body chunk hello record; do
	port=$plain_port
	case $kind in record | hello) port=$tls_port ;; esac
	check "time runs out for the kind \"$kind\"" \
		outlast "$port" "$kind" 20 20
done

for kind in idle asked; do
	for port in "$plain_port" "$tls_port"; do
		[ "$kind $port" != "asked $tls_port" ] || continue
		check "$many connections stay ($kind)" hold "$port" $kind \
			"$many"
		check 'psmd is well meanwhile' healthy
		ask "$http/api/cert/user"
		check 'and lists its certificates' succeeded
		echo "# $(now_has "$many connections, $kind")"
		check 'they go' release
	done
done
check 'descriptors, threads and memory are back' in_time is_back
echo "# $(now_has after)"

# --- more than it takes

check 'psmd ends well' stop
set_to limits connections 40
set_to limits connections_per_address 30
start
check 'an address has so many connections and no more' \
	outlast "$plain_port" asked 60 30
check 'then it may come again' in_time healthy

check 'clients come and psmd ends all the same' hold "$plain_port" body 20
check 'within its time' stop
release

# --- a log that nobody reads

need mkfifo "$tmp/unread"
exec 8<>"$tmp/unread"
"$PSMD" run -c "$conf" 2>&8 </dev/null &
psmd_pid=$!
timeout 30 grep -m 2 'listening on ' <&8 | sed 's/.*listening on //' \
	>"$tmp/addresses"
https=$(sed -n '/^https:/p' "$tmp/addresses")
http=$(sed -n '/^http:/p' "$tmp/addresses")
check '3,000 requests are answered' run curl -sSf --max-time 60 \
	"$http/healthz?[1-3000]"
check 'psmd is well' healthy
ask "$http/metrics"
check 'lost lines are counted' out '^psmd_log_lines_lost_total [1-9]'
check 'it ends all the same' stop
exec 8<&-

check 'no complaint of a sanitizer is in its log' not logged \
	'ERROR: \|runtime error'
verdict

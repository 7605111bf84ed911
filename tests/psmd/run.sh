#!/bin/sh
# run.sh - psmd run: start, reload, stop, systemd
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

# runs_into CODE PATTERN: psmd ends at once with CODE, and says why
runs_into() {
	run timeout 20 "$PSMD" run -c "$conf"
	[ $? -eq "$1" ] && err "$2"
}

fresh
start
check 'it answers over HTTPS and HTTP' healthy
check 'a second one on the same database is refused' \
	runs_into 1 'another psmd uses this database'
check 'which does the first no harm' healthy
check 'psmd check finds no fault while it runs' run "$PSMD" check -c "$conf"
check 'it leaves no room for core files' \
	quietly grep -E '^Max core file size +0 +0 ' "/proc/$psmd_pid/limits"

# --- reload

: >"$log"
set_to server page no
kill -HUP "$psmd_pid"
check 'SIGHUP reads the configuration again' in_time logged 'was read again'
ask "$https/"
check 'which counts at once' status_is 404
set_to server workers 5
kill -HUP "$psmd_pid"
check 'what needs a start is named' \
	in_time logged 'workers: it takes effect at the next start'
: >"$log"
set_to server workers 500
kill -HUP "$psmd_pid"
check 'a bad one is refused' in_time logged 'stays as it was'
check 'and says why' logged ':[0-9]*: workers is a number from 1 to 64'
check 'and nothing changes' healthy
: >"$log"
set_to server workers 5
set_to tls server_cert nothing
kill -HUP "$psmd_pid"
check 'so is a certificate that is not there' \
	in_time logged 'stays as it was'
check 'and the old one is served' healthy
set_to tls server_cert '#server'

# --- stop

check 'SIGTERM ends it well' stop
check 'and it says so' logged 'ended'
check 'no journal of the records is left' not test -s "$dir/records.db-wal"
start
kill -INT "$psmd_pid"
wait "$psmd_pid"
check 'SIGINT too' test $? -eq 0
psmd_pid=

# --- what cannot work

echo nonsense >>"$conf"
check 'a bad configuration has its own exit status' \
	runs_into 3 'neither a \[section\]'
sed -i '$d' "$conf"
cp "$conf" "$tmp/conf.good"
set_to server listen_https ''
set_to server listen_http ''
check 'nothing to listen on' runs_into 1 'listen_https and listen_http'
set_to server listen_https 192.0.2.1:8443
check 'an address of another machine' runs_into 1 'Cannot assign'
cat "$tmp/conf.good" >"$conf"
set_to tls server_cert nothing
check 'no certificate' runs_into 1 'no server certificate "nothing"'
cat "$tmp/conf.good" >"$conf"
set_to server user nosuchuser
check 'no such user' runs_into 1 'no user "nosuchuser"'
cat "$tmp/conf.good" >"$conf"
mv "$dir/nss" "$dir/away"
check 'no database' runs_into 1 'nss'
mv "$dir/away" "$dir/nss"
mv "$dir/nss.pin" "$tmp/pin"
check 'no password' runs_into 1 'nss.pin: No such file'
mv "$tmp/pin" "$dir/nss.pin"

# --- another user

if [ "$(id -u)" -eq 0 ]; then
	chmod go+x "$tmp"
	chown -R nobody "$dir"
	set_to server user nobody
	start
	check 'it runs as the user named' says "^Uid:$(printf '\t%s' \
		"$(id -u nobody)" "$(id -u nobody)" "$(id -u nobody)")" \
		cat "/proc/$psmd_pid/status"
	check 'without a capability' says '^CapEff:	0*$' \
		cat "/proc/$psmd_pid/status"
	check 'it works' healthy
	make_cert one
	put one @one
	check 'and writes' succeeded
	kill -HUP "$psmd_pid"
	check 'and reads its configuration again' \
		in_time logged 'was read again'
	check 'and ends well' stop
	check 'no file is somebody else'\''s' \
		not says . find "$dir" ! -user nobody
	chown root "$dir/records.db"
	chmod 444 "$dir/records.db"
	check 'records that it may not write' \
		runs_into 1 'nobody cannot use .*/records.db: Permission'
	chown nobody "$dir/records.db"
	chmod 600 "$dir/records.db"
	chown root "$dir"
	check 'a folder that it may not enter' \
		runs_into 1 'nobody cannot use .*/nss: Permission denied'
	chown nobody "$dir"
	cat "$tmp/conf.good" >"$conf"
else
	skip 'becoming another user needs root'
fi

# --- systemd

# heard PATTERN: what psmd told systemd
heard() {
	grep -q -e "$1" "$tmp/notify"
}

listen_for_notices() {
	perl -MSocket -e '$| = 1;
		socket(S, AF_UNIX, SOCK_DGRAM, 0) or die;
		bind(S, sockaddr_un($ARGV[0])) or die;
		while (defined recv(S, $_, 4096, 0)) { print "$_\n" }' \
		"$tmp/socket" >"$tmp/notify" &
	held_pid=$!
	in_time test -S "$tmp/socket"
}

if ! grep -q -a sd_notify "$PSMD" "${PSMD%/*}/.libs/${PSMD##*/}" \
	2>/dev/null || ! command -v perl >/dev/null; then
	skip 'psmd was built without libsystemd, or there is no perl'
	verdict
fi
need listen_for_notices
NOTIFY_SOCKET=$tmp/socket
WATCHDOG_USEC=400000
export NOTIFY_SOCKET WATCHDOG_USEC
start
check 'systemd is told that it is ready' in_time heard '^READY=1$'
check 'and where it listens' eval \
	'heard "^STATUS=.*$https" && heard "^STATUS=.*$http"'
check 'the watchdog is fed' in_time heard '^WATCHDOG=1$'
kill -HUP "$psmd_pid"
check 'a reload is told' in_time heard '^RELOADING=1$'
check 'with its time' heard '^MONOTONIC_USEC=[0-9]'
check 'and its end' in_time eval \
	'[ "$(grep -c "^READY=1$" "$tmp/notify")" -eq 2 ]'
check 'it ends well' stop
check 'which is told too' in_time heard '^STOPPING=1$'
unset NOTIFY_SOCKET WATCHDOG_USEC
kill "$held_pid"
held_pid=

# free_port: one that was free a moment ago
free_port() {
	perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0);
		bind(S, sockaddr_in(0, INADDR_LOOPBACK));
		print +(sockaddr_in(getsockname(S)))[0]'
}

if command -v systemd-socket-activate >/dev/null; then
	set_to server listen_https ''
	set_to server listen_http ''
	tls_port=$(free_port) plain_port=$(free_port)
	: >"$log"
	systemd-socket-activate -l "127.0.0.1:$tls_port" \
		-l "127.0.0.1:$plain_port" --fdname=https-a:http-b \
		"$PSMD" run -c "$conf" 2>>"$log" >>"$log" </dev/null &
	psmd_pid=$!
	https=https://127.0.0.1:$tls_port http=http://127.0.0.1:$plain_port
	in_time logged 'Listening on'
	check 'sockets of systemd'\''s are served, by their names' \
		in_time healthy
	check 'and told' logged "listening on $http"
	check 'it ends well' stop
else
	skip 'systemd-socket-activate is not installed'
fi
verdict

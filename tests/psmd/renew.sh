#!/bin/sh
# renew.sh - psmd renew: another certificate for the server, also while it runs
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses certutil curl openssl pk12util

renew() {
	run "$PSMD" renew -c "$conf" "$@"
}

fails() {
	code=$1
	shift
	renew "$@"
	[ $? -eq "$code" ]
}

# stored: #server as it is in the database, in $tmp/server.pem
stored() {
	certutil -L -d "sql:$dir/nss" -n '#server' -a >"$tmp/server.pem" &&
		fingerprint_of server
}

# served: the fingerprint of what clients are shown
served() {
	openssl s_client -connect "127.0.0.1:$tls_port" </dev/null \
		2>/dev/null | openssl x509 >"$tmp/shown.pem" &&
		fingerprint_of shown
}

serves() {
	[ "$(served)" = "$1" ]
}

# one_key: #server and #ca have a key each, and nobody else has one
one_key() {
	nss certutil -K && [ "$(grep -c '^<' "$tmp/out")" -eq 2 ] &&
		[ "$(grep -c '#server$' "$tmp/out")" -eq 1 ]
}

is_for() {
	case $1 in
	*[!0-9.:]*) option=-verify_hostname ;;
	*) option=-verify_ip ;;
	esac
	stored >/dev/null && run openssl verify -CAfile "$dir/ca.pem" \
		-purpose sslserver "$option" "$1" "$tmp/server.pem"
}

# lasts DAYS: the end is that far away, give or take an hour
lasts() {
	stored >/dev/null &&
		openssl x509 -in "$tmp/server.pem" -noout \
			-checkend $(($1 * 86400 - 3600)) >"$tmp/out" &&
		! openssl x509 -in "$tmp/server.pem" -noout \
			-checkend $(($1 * 86400 + 3600)) >"$tmp/out"
}

# reload: the daemon has read its configuration again
reload() {
	: >"$log"
	kill -HUP "$psmd_pid"
	in_time logged 'was read again'
}

# --- nobody serves

fresh
old=$(stored)
check 'it makes another certificate' renew
check 'and says for what' out '^names  *localhost,127.0.0.1$'
new=$(stored)
check 'which is another one' test "$old" != "$new"
check 'with a key of its own, the old one is gone' one_key
check 'for the old names' is_for localhost
check 'all of them' is_for 127.0.0.1
check 'for as long as the first' lasts 825
check 'the configuration is fine with it' run "$PSMD" check -c "$conf"
check 'nothing is said about it' not test -s "$tmp/err"

# --- psmd runs

start
check 'a running psmd' serves "$new"
check 'goes on while it is renewed' renew --days 10 -n a.example,::1
check 'and one is told what to do' out 'SIGHUP'
check 'it serves the old one' serves "$new"
check 'the certificate has its key' one_key
check 'SIGHUP' reload
new=$(stored)
check 'makes it serve the new one' serves "$new"
check 'for other names' is_for a.example
check 'and addresses' is_for ::1
check 'and that it listens on' is_for 127.0.0.1
check 'not the old names' not is_for localhost
check 'for as long as was asked' lasts 10
check 'the log says that it runs out soon' \
	logged 'warning .*"#server" runs out on 20'
check 'so does psmd check' eval \
	'run "$PSMD" check -c "$conf" && err "server_cert: .*runs out on 20"'
check 'a third one is for the names of the second' renew
check 'as asked there' is_for a.example
check 'SIGHUP' reload
check 'makes it serve that' serves "$(stored)"
check 'and nothing is said about its end' not logged 'runs out'
check 'it ends well' stop

# --- two at a time, and an end in the middle

old=$(stored)
renew &
first=$!
run "$PSMD" renew -c "$conf"
wait "$first"
check 'of two at a time one is left' one_key
for ms in 20 30 40 45 50 55 60 65 70 80; do
	"$PSMD" renew -c "$conf" >"$tmp/out" 2>"$tmp/err" </dev/null &
	victim=$!
	sleep "0.0$ms"
	kill -KILL "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	check "killed after $ms ms it leaves a certificate that serves" eval \
		'run "$PSMD" check -c "$conf" && is_for a.example'
done
check 'the next one works' renew
check 'and leaves one certificate' eval 'nss certutil -L &&
	[ "$(grep -c "^#server" "$tmp/out")" -eq 1 ]'

# --- what cannot be renewed

old=$(stored)
check 'names that are none' fails 1 -n 'a b'
check 'are named' err '"a b" is no host name'
check 'days that are none' fails 2 --days 0
check 'a password that is wrong' eval \
	'cp "$dir/nss.pin" "$tmp/pin"; echo wrong >"$dir/nss.pin"; fails 1'
cat "$tmp/pin" >"$dir/nss.pin"
check 'is named' err 'password is wrong'
mv "$dir/nss.pin" "$tmp/pin"
check 'one that is not there' fails 1
check 'has its file named' err "$dir/nss.pin: No such file"
mv "$tmp/pin" "$dir/nss.pin"
echo nonsense >>"$conf"
check 'a configuration that is none' fails 3
sed -i '$d' "$conf"
check 'each leaves all as it was' test "$old" = "$(stored)"
check 'no certificate, without names' eval \
	'nss certutil -F -n "#server" && fails 1 && err "names says them"'
check 'with names it is made' renew -n localhost
check 'for them' is_for localhost

make_cert other /CN=elsewhere
need run openssl pkcs12 -export -in "$tmp/other.pem" -inkey "$tmp/other.key" \
	-name '#other' -passout pass:x -out "$tmp/other.p12"
need run pk12util -i "$tmp/other.p12" -W x -d "sql:$dir/nss" -k "$dir/nss.pin"
set_to tls server_cert '#other'
check 'another authority'\''s certificate is not renewed' fails 1
check 'and the other is named' err 'from CN=elsewhere'
set_to tls server_cert '#server'
need nss certutil -D -n '#ca'
check 'without the authority nothing is' fails 1
check 'which is said' err 'no authority "#ca"'

check 'without a configuration it is a usage error' eval \
	'run "$PSMD" renew; [ $? -eq 2 ]'
verdict

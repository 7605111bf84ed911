#!/bin/sh
# init.sh - psmd init: all that a first start needs, or nothing
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses certutil openssl

# psmd ARGUMENT...: what it prints is in $tmp/out and $tmp/err
psmd() {
	run setsid -w "$PSMD" "$@"
}

# fails CODE ARGUMENT...: psmd exits with CODE
fails() {
	code=$1
	shift
	psmd "$@"
	got=$?
	[ "$got" -eq "$code" ] || echo "exit status $got" >>"$tmp/err"
	[ "$got" -eq "$code" ]
}

# mode PATH MODE
mode() {
	[ "$(stat -c %a "$1")" = "$2" ]
}

# server_cert: in $tmp/server.pem
server_cert() {
	certutil -L -d "sql:$dir/nss" -n '#server' -a >"$tmp/server.pem"
}

check 'it makes a folder' psmd init "$dir"
printed=$(sed -n 's/^password *//p' "$tmp/out")
check 'prints a password' test "${#printed}" -eq 20
check 'and a line for curl' out "curl --cacert $dir/ca.pem --digest -u admin \
https://127.0.0.1:8443/api/cert/user"
check 'the password is nowhere in the folder' \
	not quietly grep -r -e "$printed" "$dir"
check 'the folder is nobody else'\''s' mode "$dir" 700
for file in nss.pin psmd.conf records.db nss/key4.db; do
	check "nor is $file" mode "$dir/$file" 600
done
check 'the password of the database opens it' \
	says '#server' certutil -K -d "sql:$dir/nss" -f "$dir/nss.pin"
check 'the configuration is fine' psmd check -c "$conf"
check 'the account is there, with every privilege' eval \
	'psmd account list -c "$conf" &&
	out "^enabled  *digest  *system-control,order-control  *admin$"'
need server_cert
check 'the server certificate comes from the CA' quietly openssl verify \
	-CAfile "$dir/ca.pem" -purpose sslserver "$tmp/server.pem"
for name in localhost 127.0.0.1 ::1; do
	option=-verify_hostname
	[ "$name" = localhost ] || option=-verify_ip
	check "and is for $name" quietly openssl verify -CAfile "$dir/ca.pem" \
		"$option" "$name" "$tmp/server.pem"
done
check 'and is no CA' not quietly openssl verify -CAfile "$dir/ca.pem" \
	-purpose crlsign "$tmp/server.pem"
check 'NSS trusts it' quietly certutil -V -d "sql:$dir/nss" \
	-f "$dir/nss.pin" -n '#server' -u V
check 'nothing waits for a certificate' \
	not says pending: certutil -K -d "sql:$dir/nss" -f "$dir/nss.pin"

before=$(cat "$dir/nss.pin" "$dir/psmd.conf" "$dir/ca.pem")
check 'a second time it refuses' fails 1 init "$dir"
check 'and says what to do' err "psmd run -c $dir/psmd.conf"
check 'and changes nothing' \
	test "$before" = "$(cat "$dir/nss.pin" "$dir/psmd.conf" "$dir/ca.pem")"
mkdir "$tmp/full"
: >"$tmp/full/something"
check 'a folder with something in it is refused' fails 1 init "$tmp/full"
check 'and keeps it' test -e "$tmp/full/something"
mkdir -m 755 "$tmp/empty"
check 'an empty one is taken' psmd init "$tmp/empty"
check 'and closed to others' mode "$tmp/empty" 700

# Whatever is wrong with the options, nothing is left.
check 'an address without a port is refused' \
	fails 1 init -l localhost "$tmp/none"
check 'and named' err 'listen_https'
check 'a name that is none is refused' fails 1 init -n 'a b' "$tmp/none"
check 'a validity of nothing is refused' fails 2 init --days 0 "$tmp/none"
check 'a user who is none is refused' \
	fails 2 init -u 'no such user' "$tmp/none"
check 'a folder that cannot be made is refused' \
	fails 1 init "$tmp/no/such/folder"
check 'nothing is left of any of them' not test -e "$tmp/none"

dir=$tmp/other
check 'names, address and days are as wished' psmd init --days 10 \
	-n 'psm.example,*.example.org,192.0.2.1' -l '[::1]:9443' "$dir"
check 'the line for curl too' out 'admin https://\[::1\]:9443/api/cert/user'
need server_cert
check 'a name' quietly openssl verify -CAfile "$dir/ca.pem" \
	-verify_hostname psm.example "$tmp/server.pem"
check 'one below another' quietly openssl verify -CAfile "$dir/ca.pem" \
	-verify_hostname www.example.org "$tmp/server.pem"
check 'an address' quietly openssl verify -CAfile "$dir/ca.pem" \
	-verify_ip 192.0.2.1 "$tmp/server.pem"
check 'where it listens' quietly openssl verify -CAfile "$dir/ca.pem" \
	-verify_ip ::1 "$tmp/server.pem"
check 'and nothing else' not quietly openssl verify -CAfile "$dir/ca.pem" \
	-verify_hostname localhost "$tmp/server.pem"
check 'valid for ten days' \
	quietly openssl x509 -in "$tmp/server.pem" -noout -checkend 850000
check 'and no more' \
	not quietly openssl x509 -in "$tmp/server.pem" -noout -checkend 870000

# An interruption at some moments: what is there is refused, and can be deleted.
for seconds in 0.02 0.1 0.2 0.3; do
	rm -rf "$tmp/cut"
	timeout -s KILL "$seconds" "$PSMD" init "$tmp/cut" >"$tmp/quiet" 2>&1
	if [ -e "$tmp/cut/psmd.conf" ] && [ ! -e "$tmp/cut/unfinished" ]; then
		check 'a whole folder runs' psmd check -c "$tmp/cut/psmd.conf"
	elif [ -e "$tmp/cut/unfinished" ]; then
		check 'half a folder is refused' fails 1 init "$tmp/cut"
		check 'which says what to delete' err "rm -r $tmp/cut"
		rm -r "$tmp/cut"
		check 'after that it works' psmd init "$tmp/cut"
	fi
done

if [ "$(id -u)" -eq 0 ]; then
	chmod go+rx "$tmp"
	check 'a folder for somebody else' psmd init -u nobody "$tmp/nobody"
	check 'is theirs' not says . \
		find "$tmp/nobody" ! -user nobody
	check 'as the configuration says' \
		quietly grep -x 'user = nobody' "$tmp/nobody/psmd.conf"
	if run strace -f -qq -e trace=lchown,fchownat -o "$tmp/calls" \
		"$PSMD" init -u nobody "$tmp/last"; then
		check 'nobody is let in before all is theirs' eval \
			'tail -n 1 "$tmp/calls" | grep -q "\"$tmp/last\","'
	else
		skip 'strace is not installed, or nothing can be traced here'
	fi
else
	check 'a folder for somebody else needs root' \
		fails 2 init -u root "$tmp/nobody"
fi

mkdir "$tmp/small"
if run unshare -m mount -t tmpfs tmpfs "$tmp/small"; then
	# shellcheck disable=SC2016 # for the other shell
	run unshare -m sh -c 'mount -t tmpfs -o size=64k tmpfs "$1" || exit
		"$2" init "$1/d"
		ls "$1"' sh "$tmp/small" "$PSMD"
	check 'a full disk is told' err 'its disk is full'
	check 'and nothing is left on it' not test -s "$tmp/out"
else
	skip 'a full disk needs a mount'
fi

check 'without a folder it is a usage error' fails 2 init
check 'so is a word too many' fails 2 init a b
check 'and an option of another subcommand' fails 2 init -c x "$tmp/none"
check 'and one that is none' fails 2 init --nonsense "$tmp/none"
check 'half of one' eval 'fails 2 order && err "needs a second word"'
check 'and no subcommand at all' fails 2
check 'and one that is none' fails 2 nonsense
check '--version says it' psmd --version
check '--help too' psmd --help
verdict

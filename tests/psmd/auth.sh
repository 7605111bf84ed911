#!/bin/sh
# auth.sh - Basic and Digest with curl, wrong passwords, privileges
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

api=/api/cert/user

# account NAME [OPTION...]: with a password of its own, in $NAME
account() {
	name=$1
	shift
	eval "$name=\$(a_password)"
	eval "printf '%s\n' \"\$$name\"" >"$tmp/pw"
	need run "$PSMD" account add "$name" -c "$conf" -f "$tmp/pw" "$@"
}

# now SETTING VALUE...: of the service, and the daemon started
now() {
	[ -z "$psmd_pid" ] || check 'psmd ends well' stop
	while [ $# -gt 1 ]; do
		set_to 'service system' "$1" "$2"
		shift 2
	done
	start
}

fresh
admin=$password
account mallory -p ''
account basicist -p system-control --no-digest
set_to accounts lock_after 3
set_to accounts lock_seconds 600

# --- Digest

now auth digest
ask "$https$api"
check 'nobody is 401' status_is 401
check 'which is error 9' failed_with 9
check 'Digest is offered with SHA-256' \
	head_has '^www-authenticate: digest .*algorithm="\?sha-256'
check 'and with MD5' head_has '^www-authenticate: digest .*algorithm="\?md5'
check 'with quality of protection' head_has 'qop="\?auth'
check 'Basic is not' not head_has '^www-authenticate: basic'
ask --digest -u "admin:$admin" "$https$api"
check 'Digest logs in' succeeded
check 'and the log says who it was' logged 'account=admin'
ask --digest -u "admin:$admin" -X PUT --form-string id=@x "$https$api"
check 'with a body too' failed_with 11
ask --basic -u "admin:$admin" "$https$api"
check 'Basic is error 8' failed_with 8
ask --digest -u "mallory:$mallory" "$https$api"
check 'an account without the privilege is error 10' failed_with 10
ask --digest -u "basicist:$basicist" "$https$api"
check 'an account without Digest is 401' status_is 401

# challenge ALGORITHM PARAMETER: of the last answer
challenge() {
	tr -d '\r' <"$tmp/head" | grep -i "^www-authenticate: digest" |
		grep -i "algorithm=\"\\{0,1\\}$1\"\\{0,1\\}\\(,\\|\$\\)" |
		sed -n "s/.*[ ,]$2=\"\\([^\"]*\\)\".*/\\1/p"
}

# h ALGORITHM TEXT
h() {
	tool=sha256
	[ "$1" != MD5 ] || tool=md5
	printf %s "$2" | openssl dgst -"$tool" -r | cut -d' ' -f1
}

# digest ALGORITHM COUNT [METHOD URI]: a header made by hand, in $header
digest() {
	ha1=$(h "$1" "admin:$realm:$admin")
	ha2=$(h "$1" "${3:-GET}:${4:-$api}")
	response=$(h "$1" "$ha1:$nonce:$2:0a0b:auth:$ha2")
	header="Authorization: Digest username=\"admin\", realm=\"$realm\", \
nonce=\"$nonce\", uri=\"${4:-$api}\", algorithm=$1, qop=auth, nc=$2, \
cnonce=\"0a0b\", response=\"$response\", opaque=\"$opaque\""
}

for algorithm in MD5 SHA-256; do
	ask "$https$api"
	nonce=$(challenge $algorithm nonce)
	realm=$(challenge $algorithm realm)
	opaque=$(challenge $algorithm opaque)
	digest $algorithm 00000001
	ask -H "$header" "$https$api"
	check "$algorithm, made by hand, logs in" succeeded
	ask -H "$header" "$https$api"
	check 'not with the same count again' status_is 401
	digest $algorithm 00000002
	ask -H "$header" -X DELETE "$https$api"
	check 'nor for another method' status_is 401
	digest $algorithm 00000003
	ask -H "$header" "$https$api?id=@x"
	check 'nor for another target' not succeeded
	digest $algorithm 00000004
	ask -H "$header" "$https$api"
	check 'the next count logs in' succeeded
	nonce=$(h MD5 mine)
	digest $algorithm 00000001
	ask -H "$header" "$https$api"
	check 'a nonce of my own does not' status_is 401
done
ask --digest -u "admin:$admin" "$https$api"
check 'nothing of this locked the account' succeeded
for garbage in 'Digest' 'Digest ' 'Digest username' 'Digest username="' \
	'Digest username="admin", username="admin"' 'Digest ,,,,,=,=' \
	'Digest nonce=""' 'Bearer x' 'Negotiate' ' ' "Digest $(
		head -c 6000 /dev/zero | tr '\0' =)"; do
	ask -H "Authorization: $garbage" "$https$api"
	check "no login by $(printf %.40s "$garbage")" not succeeded
done

# --- Basic

now auth basic
ask "$https$api"
check 'nobody is 401' status_is 401
check 'Basic is offered' head_has '^www-authenticate: basic realm='
check 'Digest is not' not head_has '^www-authenticate: digest'
ask --basic -u "admin:$admin" "$https$api"
check 'Basic logs in' succeeded
ask --basic -u "basicist:$basicist" "$https$api"
check 'without Digest too' succeeded
ask --basic -u "mallory:$mallory" "$https$api"
check 'an account without the privilege is error 10' failed_with 10
ask -H 'Authorization: Digest username="admin"' "$https$api"
check 'Digest is error 8' failed_with 8
for garbage in 'Basic' 'Basic ' 'Basic =' 'Basic ====' 'Basic YWRtaW4=' \
	'Basic Og==' 'Basic AAAA' 'Basic YWRtaW46\x00' 'Basic !!!!'; do
	ask -H "Authorization: $garbage" "$https$api"
	check "no login by $garbage" not succeeded
done

# --- wrong passwords

now auth basic
ask --basic -u "admin:wrong" "$https$api"
check 'a wrong password is 401' status_is 401
wrong=$(cat "$tmp/out")
ask --basic -u "nobody:wrong" "$https$api"
check 'so is a user that is none' status_is 401
check 'with the same answer' test "$(cat "$tmp/out")" = "$wrong"
check 'whose name is in no log' not logged nobody
ask --basic -u "admin:$admin" "$https$api"
check 'one wrong one locks nobody out' succeeded

now auth basic # what a right password was is forgotten
for i in 1 2 3; do
	ask --basic -u "admin:wrong$i" "$https$api"
done
check 'three wrong ones are 401' status_is 401
ask --basic -u "admin:$admin" "$https$api"
check 'then so is the right one' status_is 401
check 'with the same answer' test "$(cat "$tmp/out")" = "$wrong"
check 'and the log says why' logged 'audit account=admin .*account.lock'
ask --basic -u "basicist:$basicist" "$https$api"
check 'others are let in' succeeded

logs_in() {
	ask --basic -u "admin:$admin" "$https$api"
	succeeded
}
set_to accounts lock_seconds 1
need run "$PSMD" account change admin --unlock -c "$conf"
check 'the administrator ends that' logs_in
now auth basic
for i in 1 2 3; do
	ask --basic -u "admin:wrong$i" "$https$api"
done
check 'after a while the account is there again' in_time logs_in
ask --basic -u "admin:wrong" "$https$api"
check 'and wrong ones are counted anew' logs_in

# ticks: processor time of the daemon, whatever else the machine does
ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$psmd_pid/stat"
}
# work NAME: ticks that three wrong passwords take
work() {
	before=$(ticks)
	for i in 1 2 3; do
		ask --basic -u "$1:wrong" "$https$api"
	done
	echo $(($(ticks) - before))
}
set_to accounts lock_seconds 600
now auth basic
known=$(work mallory)
unknown=$(work nobody)
locked=$(work mallory)
echo "# wrong passwords: $known ticks, no such user: $unknown, locked: $locked"
check 'a wrong password takes some work' test "$known" -ge 4
check 'a user that is none takes as much to refuse' \
	test "$((unknown * 2))" -ge "$known"
check 'so does one that is locked' test "$((locked * 2))" -ge "$known"

# One is forgotten every three seconds: by one curl, lest they be too slow.
ask --basic -u nobody:wrong "$https$api?n=[1-60]"
check 'after twenty from one address it has to wait' \
	head_has '^HTTP/1.1 503'
check 'and is told how long' head_has '^retry-after: [0-9]'
check 'others are not kept waiting' healthy

# --- accounts change while it runs

now auth basic
admin_was=$admin
need give_password admin
admin=$password
ask --basic -u "admin:$admin" "$https$api"
check 'a new password is good at once' succeeded
ask --basic -u "admin:$admin_was" "$https$api"
check 'and the old one is not' status_is 401
need run "$PSMD" account remove basicist -c "$conf"
ask --basic -u "basicist:$basicist" "$https$api"
check 'nor is an account that was removed' status_is 401

# --- the service

now auth none
ask "$https$api"
check 'without authentication everybody is let in' succeeded
ask -u admin:wrong "$https$api"
check 'whatever they say' succeeded
ask "$http$api"
check 'not over HTTP: error 7' failed_with 7
now transport both
ask "$http$api"
check 'unless that is allowed' succeeded
now transport http
ask "$http$api"
check 'or nothing else' succeeded
now enabled no
ask "$https$api"
check 'a service that is off is error 4' failed_with 4
ask "$https/healthz"
check 'and psmd itself is well' status_is 200
check 'psmd ends well' stop
verdict

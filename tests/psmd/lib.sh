# lib.sh - for the tests of the daemon psmd from outside.
# Read by ". $top_srcdir/tests/psmd/lib.sh".

top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
. "$top_srcdir/tests/cli/lib.sh"

PSMD=${PSMD:-$top_builddir/psmd/psmd}
ABUSE=${ABUSE:-$top_builddir/tests/psmd/abuse}
dir=$tmp/d            # what psmd init makes
conf=$dir/psmd.conf
log=$tmp/log
psmd_pid= held_pid=   # processes of ours
user=admin
wrapper=              # a program that runs psmd, such as valgrind

# shellcheck disable=SC2154 # tmp is cli/lib.sh's
trap 'end_processes; rm -rf "$tmp"' EXIT

end_processes() {
	for pid in $psmd_pid $held_pid; do
		kill -KILL "$pid" 2>/dev/null
	done
}

# uses PROGRAM...: without one of them the whole script is skipped
uses() {
	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		printf 'skip - %s is not installed\n' "$program"
		exit 77
	done
}

skip() {
	printf 'skip - %s\n' "$1"
}

# run COMMAND...: another program; what it says is in $tmp/out and $tmp/err
run() {
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
}

# in_time COMMAND...: it succeeds within a minute, tried again and again
in_time() {
	tries=0
	while ! "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.1
	done
}

# a_password: what it prints is in no word list
a_password() {
	head -c 15 /dev/urandom | base64 | tr '/+' '._'
}

# --- a daemon of our own -----------------------------------------------------

# give_password ACCOUNT: one that is in $password from now on, by a file
give_password() {
	password=$(a_password)
	printf '%s\n' "$password" >"$tmp/pw"
	run "$PSMD" account passwd "$1" -c "$conf" -f "$tmp/pw"
}

# fresh: a daemon's directory, not yet running; $user's password is $password
fresh() {
	need run "$PSMD" init "$dir" -n localhost,127.0.0.1
	set_to server listen_https 127.0.0.1:0
	set_to server listen_http 127.0.0.1:0
	need give_password "$user"
}

# set_to SECTION NAME VALUE: in the configuration, in place of what was there
set_to() {
	awk -v section="[$1]" -v name="$2" -v value="$3" '
	/^\[/ {
		here = $0 == section
		print
		if (here) {
			print name " = " value
			found = 1
		}
		next
	}
	here && $1 == name { next }
	{ print }
	END { if (!found) print section "\n" name " = " value }
	' "$conf" >"$tmp/conf" && cat "$tmp/conf" >"$conf"
}

# start: the daemon; $https and $http are where it listens, $tls_port and
# $plain_port the ports. Its log is $log.
start() {
	: >"$log"
	# shellcheck disable=SC2086 # words
	$wrapper "$PSMD" run -c "$conf" 2>>"$log" >>"$log" </dev/null &
	psmd_pid=$!
	if ! in_time is_up; then
		echo 'Bail out! psmd does not start'
		cat "$log"
		exit 99
	fi
	https=$(sed -n 's,.*listening on \(https://[^ ]*\).*,\1,p' "$log")
	http=$(sed -n 's,.*listening on \(http://[^ ]*\).*,\1,p' "$log")
	tls_port=${https##*:} plain_port=${http##*:}
}

is_up() {
	kill -0 "$psmd_pid" 2>/dev/null || {
		cat "$log"
		echo 'Bail out! psmd ended'
		exit 99
	}
	grep -q 'listening on http:' "$log" &&
		grep -q 'listening on https:' "$log"
}

# stop: by SIGTERM; its exit status is 0 when all was well
stop() {
	kill -TERM "$psmd_pid" || return
	wait "$psmd_pid"
	set -- "$?"
	psmd_pid=
	[ "$1" -eq 0 ] || cat "$log"
	return "$1"
}

restart() {
	check 'psmd ends well' stop
	start
}

# reread: the configuration, by the daemon
reread() {
	rereads=$(grep -c 'was read again' "$log")
	kill -HUP "$psmd_pid"
	need in_time eval \
		'[ "$(grep -c "was read again" "$log")" -gt "$rereads" ]'
}

is_running() {
	kill -0 "$psmd_pid" 2>/dev/null
}

logged() {
	grep -q -e "$1" "$log"
}

# --- requests ----------------------------------------------------------------

# ask CURL-ARGUMENT...: the answer is in $tmp/out, its head in $tmp/head, its
# status in $status
ask() {
	: >"$tmp/head"
	status=$(curl -sS --max-time 60 --cacert "$dir/ca.pem" \
		-o "$tmp/out" -D "$tmp/head" -w '%{http_code}' "$@" \
		2>"$tmp/err" </dev/null)
}

# as_user CURL-ARGUMENT...: with $user's password, in the service's own way
as_user() {
	ask --anyauth -u "$user:$password" "$@"
}

# status_is CODE, head PATTERN
status_is() {
	[ "$status" = "$1" ] || {
		echo "status $status" >>"$tmp/err"
		return 1
	}
}
head_has() {
	tr -d '\r' <"$tmp/head" | grep -qi -e "$1"
}

# failed_with CODE [PARAM]: the API's answer is that error
failed_with() {
	out '"success": *false' && out "\"code\": *$1[,}]" &&
		{ [ $# -lt 2 ] || out "\"param\": *\"$2\""; }
}
succeeded() {
	status_is 200 && out '"success": *true'
}

# healthy: /healthz answers, within a bound that only a hanging server misses
healthy() {
	run curl -sSf --max-time 60 --cacert "$dir/ca.pem" \
		"$https/healthz" && out '^ok$' &&
		run curl -sSf --max-time 60 "$http/healthz" &&
		out '^ok$'
}

# --- certificates ------------------------------------------------------------

# make_cert NAME [SUBJECT]: NAME.pem and NAME.key in $tmp, and $fingerprint
make_cert() {
	need run openssl req -x509 -newkey ec \
		-pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "${2:-/CN=$1}" -keyout "$tmp/$1.key" -out "$tmp/$1.pem"
	fingerprint=$(fingerprint_of "$1")
}

fingerprint_of() {
	openssl x509 -in "$tmp/$1.pem" -noout -fingerprint -sha1 |
		sed 's/.*=//; s/://g' | tr '[:upper:]' '[:lower:]'
}

# put NAME ID [CURL-ARGUMENT...]
put() {
	name=$1 id=$2
	shift 2
	as_user -X PUT -F "blob-cert=@$tmp/$name.pem" \
		-F "blob-pk=@$tmp/$name.key" --form-string "id=$id" "$@" \
		"$https/api/cert/user"
}

# nss COMMAND OPTION...: certutil or pk12util on the daemon's database
nss() {
	tool=$1
	shift
	run "$tool" "$@" -d "sql:$dir/nss" -f "$dir/nss.pin"
}

# --- hostile clients ---------------------------------------------------------

# hold PORT KIND N: such clients, until release; see abuse.c
hold() {
	rm -f "$tmp/leash"
	need mkfifo "$tmp/leash"
	"$ABUSE" hold "$1" "$2" "$3" <"$tmp/leash" >"$tmp/held" \
		2>"$tmp/held.err" &
	held_pid=$!
	exec 9>"$tmp/leash"
	in_time grep -q ready "$tmp/held" && return
	cat "$tmp/held.err"
	false
}

# outlast PORT KIND N CLOSED: such clients, until so many were closed
outlast() {
	run "$ABUSE" outlast "$1" "$2" "$3" "$4" && out "^$4 closed"
}

release() {
	exec 9>&-
	wait "$held_pid"
	set -- "$?"
	held_pid=
	return "$1"
}

# count fd|task: of the daemon's
count() {
	find "/proc/$psmd_pid/$1" -mindepth 1 -maxdepth 1 | wc -l
}

# memory: what the daemon has in memory, in KiB
memory() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$psmd_pid/status"
}

is_sanitized() {
	grep -q -a __asan_init "$PSMD" "${PSMD%/*}/.libs/${PSMD##*/}" \
		2>/dev/null
}

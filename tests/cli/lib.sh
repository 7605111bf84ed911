# lib.sh - for the tests of the program psm: a line for each sentence.
# Read by ". $top_srcdir/tests/cli/lib.sh".

set -u
LC_ALL=C.UTF-8
export LC_ALL
unset PSM_DIR

top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir}
PSM=${PSM:-$top_builddir/cli/psm}

failed=0
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

# psm ARGUMENT...: the program without a terminal to ask on; what it prints is
# in $tmp/out and $tmp/err.
psm() {
	setsid -w "$PSM" "$@" >"$tmp/out" 2>"$tmp/err"
}

# tell YES SENTENCE: YES is 0 when it is so
tell() {
	if [ "$1" -eq 0 ]; then
		printf 'ok - %s\n' "$2"
		return
	fi
	printf 'not ok - %s\n' "$2"
	sed 's/^/#   /' "$tmp/out" "$tmp/err" 2>/dev/null
	failed=1
}

# check SENTENCE COMMAND...: the command succeeds
check() {
	sentence=$1
	shift
	"$@"
	tell "$?" "$sentence"
}

# refused SENTENCE CODE ARGUMENT...: psm exits with CODE
refused() {
	sentence=$1 code=$2
	shift 2
	psm "$@"
	got=$?
	[ "$got" -eq "$code" ] || echo "exit status $got" >>"$tmp/err"
	[ "$got" -eq "$code" ]
	tell "$?" "$sentence"
}

# out PATTERN, err PATTERN: a line of what psm printed fits
out() {
	grep -q -e "$1" "$tmp/out"
}
err() {
	grep -q -e "$1" "$tmp/err"
}

# out_is TEXT: all that psm printed
out_is() {
	[ "$(cat "$tmp/out"; echo .)" = "$1
." ]
}

# quietly COMMAND...: another program, whose words do not matter
quietly() {
	"$@" >"$tmp/quiet" 2>&1
}

# not COMMAND...: the command fails
not() {
	! "$@"
}

# says PATTERN COMMAND...: a line of what another program prints fits
says() {
	pattern=$1
	shift
	"$@" 2>&1 | grep -q -e "$pattern"
}

# empty SUBCOMMAND NAME: it prints nothing about a database
empty() {
	psm "$1" -d "$tmp/$2" && [ ! -s "$tmp/out" ]
}

# need COMMAND...: that a test's preparation succeeds
need() {
	"$@" && return
	echo "Bail out! $*"
	cat "$tmp/out" "$tmp/err" 2>/dev/null
	exit 99
}

# make_ca: a CA in $tmp/ca
make_ca() {
	need psm ca init -d "$tmp/ca" --no-password -k ec \
		-s 'CN=Test CA,O=Example'
	cp "$tmp/out" "$tmp/ca.pem"
}

# make_db NAME: a database without a password
make_db() {
	need psm init -d "$tmp/$1" --no-password
}

# answer NAME DN [OPTION...]: NAME.request and NAME.answer for a database
answer() {
	database=$1 dn=$2
	shift 2
	need psm request -d "$tmp/$database" -k ec -s "$dn" \
		-o "$tmp/$database.request"
	need psm ca issue -d "$tmp/ca" -i "$tmp/$database.request" \
		-o "$tmp/$database.answer" "$@"
}

# pending_id NAME: the id of the first request of a database
pending_id() {
	psm pending -d "$tmp/$1" --json
	sed -n 's/.*"id": \([0-9]*\).*/\1/p' "$tmp/out" | head -n 1
}

verdict() {
	exit "$failed"
}

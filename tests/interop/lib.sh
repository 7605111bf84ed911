# lib.sh - for the tests of psm against programs that others wrote.
# Read by ". $top_srcdir/tests/interop/lib.sh".

top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
. "$top_srcdir/tests/cli/lib.sh"

servers= # process ids
# shellcheck disable=SC2086,SC2154 # one word each; tmp is lib.sh's
trap '[ -z "$servers" ] || kill $servers 2>/dev/null; rm -rf "$tmp"' EXIT
head -c 256 /dev/urandom >"$tmp/noise" # certutil need not ask for typing

# uses PROGRAM...: without one of them the whole script is skipped
uses() {
	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		printf 'skip - %s is not installed\n' "$program"
		exit 77
	done
}

# skip SENTENCE: what cannot be tried here, and why
skip() {
	printf 'skip - %s\n' "$1"
}

# run COMMAND...: another program; what it says is in $tmp/out and $tmp/err
run() {
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
}

# enrol DATABASE NICK [REQUEST-OPTION...]: a certificate, by the CA in $tmp/ca
enrol() {
	database=$1 nick=$2
	shift 2
	need psm request -d "$tmp/$database" -s "CN=$nick,O=Example" \
		-o "$tmp/$nick.request" "$@"
	need psm ca issue -d "$tmp/ca" -i "$tmp/$nick.request" \
		-o "$tmp/$nick.answer"
	need psm import -d "$tmp/$database" -i "$tmp/$nick.answer" -n "$nick"
}

# trust_ca DATABASE [OPTION...]: psm itself trusts nobody
trust_ca() {
	database=$1
	shift
	need run certutil -M -d "$tmp/$database" -n 'Test CA' -t CT,C,C "$@"
}

# valid DATABASE NICK [OPTION...]: NSS takes it for a client, key and all
valid() {
	database=$1 nick=$2
	shift 2
	run certutil -V -u C -d "$tmp/$database" -n "$nick" "$@" &&
		out 'certificate is valid' &&
		run certutil -L -d "$tmp/$database" "$@" && out "^$nick  *u,u,u"
}

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

# make_server: $tmp/server.pem, by a CA of its own in $tmp/issuer.pem
make_server() {
	ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
	printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' \
		>"$tmp/server.ext"
	# shellcheck disable=SC2086 # ec is words
	need run openssl req -x509 $ec -days 2 -subj '/CN=Server CA' \
		-keyout "$tmp/issuer.key" -out "$tmp/issuer.pem"
	# shellcheck disable=SC2086
	need run openssl req $ec -subj /CN=localhost \
		-keyout "$tmp/server.key" -out "$tmp/server.csr"
	need run openssl x509 -req -in "$tmp/server.csr" -days 2 \
		-CA "$tmp/issuer.pem" -CAkey "$tmp/issuer.key" \
		-CAcreateserial -extfile "$tmp/server.ext" \
		-out "$tmp/server.pem"
}

# serve DATABASE: a server at localhost:$port that wants a certificate of
# $tmp/ca's, and whose page describes the visitor; the database trusts it
serve() {
	make_server
	need run certutil -A -d "$tmp/$1" -n 'Server CA' -t CT,, -a \
		-i "$tmp/issuer.pem"
	printf 'GET / HTTP/1.0\r\n\r\n' >"$tmp/get"
	openssl s_server -accept 127.0.0.1:0 -naccept 100 -www -Verify 2 \
		-verify_return_error -CAfile "$tmp/ca.pem" \
		-cert "$tmp/server.pem" -key "$tmp/server.key" \
		>"$tmp/server.out" 2>>"$tmp/server.err" &
	servers="$servers $!"
	tries=0
	while ! grep -qs '^ACCEPT' "$tmp/server.out" && [ $tries -lt 1200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	port=$(sed -n 's/^ACCEPT.*:\([0-9]*\).*/\1/p' "$tmp/server.out")
	need test -n "$port"
}

# nss_visits DATABASE [OPTION...]: NSS's client reads the page
nss_visits() {
	database=$1
	shift
	timeout 60 tstclnt -4 -h localhost -p "$port" -d "$tmp/$database" \
		"$@" <"$tmp/get" >"$tmp/out" 2>"$tmp/err"
}

# is_let_in NICK: the page is for the owner of that certificate
is_let_in() {
	out "Subject:.*CN *= *$1\$"
}

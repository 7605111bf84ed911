#!/bin/sh
# valgrind.sh - start, some requests, stop: no error, no leak
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl valgrind
if is_sanitized; then
	skip 'a program with sanitizers does not run under valgrind'
	exit 77
fi

# Libtool's psmd/psmd may be a script around the program.
if [ -x "${PSMD%/*}/.libs/${PSMD##*/}" ]; then
	LD_LIBRARY_PATH=$(cd "$top_builddir" && pwd)/psm/.libs
	export LD_LIBRARY_PATH
	PSMD=${PSMD%/*}/.libs/${PSMD##*/}
fi

fresh
set_to 'service system' transport both
set_to 'service system' auth basic
# Valgrind runs one thread at a time, and all of it slowly.
set_to limits handshake_seconds 60
set_to limits request_seconds 120
wrapper="valgrind -q --error-exitcode=99 --leak-check=full
	--errors-for-leak-kinds=definite,indirect --log-file=$tmp/valgrind
	--suppressions=$top_srcdir/tests/psmd/valgrind.supp"
in_time() {
	tries=0
	while ! "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.2
	done
}
start

make_cert one
put one @one
check 'PUT is answered' succeeded
put one @one
check 'and again' succeeded
as_user "$https/api/cert/user"
check 'GET of the list too' succeeded
as_user --tls-max 1.2 "$https/api/cert/user?id=@one"
check 'and of one, over TLS 1.2' succeeded
as_user "$http/api/cert/user?id=@none"
check 'or of none' failed_with 12 id
ask -u admin:wrong "$https/api/cert/user"
check 'a wrong password is refused' status_is 401
ask "http://127.0.0.1:$tls_port/"
check 'HTTP on the port of TLS too' status_is 400
"$ABUSE" reset "$plain_port" 20
"$ABUSE" reset "$tls_port" 20
as_user -X DELETE "$https/api/cert/user?id=@one"
check 'DELETE is answered' succeeded
check 'health is told' healthy
check 'psmd ends without an error or a leak' stop
sed 's/^/# /' "$tmp/valgrind"
verdict

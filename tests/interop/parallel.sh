#!/bin/sh
# parallel.sh - several processes at one database at the same time
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses certutil

# The program itself: what psm() keeps is not for several at a time.
all='1 2 3 4 5 6 7 8'
# at_once SENTENCE COMMAND: COMMAND 1 to 8 side by side, all succeed
at_once() {
	pids='' lost=0
	for i in $all; do
		"$2" "$i" >"$tmp/$i.out" 2>"$tmp/$i.err" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || lost=$((lost + 1))
	done
	cat "$tmp"/?.out >"$tmp/out"
	cat "$tmp"/?.err >"$tmp/err"
	tell "$lost" "$1"
}
# shellcheck disable=SC2317 # at_once calls them
request() {
	"$PSM" request -d "$tmp/db" -k ec -s "CN=user$1,O=Example" \
		-o "$tmp/$1.request"
}
# shellcheck disable=SC2317
import() {
	"$PSM" import -d "$tmp/db" -i "$tmp/$1.answer" -n "user$1"
}

make_ca
make_db db
at_once 'eight requests at once' request
psm pending -d "$tmp/db"
check 'wait, each with its id' test "$(sed -n '2,$s/ .*//p' "$tmp/out" |
	sort -u | wc -l)" -eq 8
for i in $all; do
	need psm ca issue -d "$tmp/ca" -i "$tmp/$i.request" -o "$tmp/$i.answer"
done
at_once 'eight imports at once' import
check 'leave nothing that waits' empty pending db
trust_ca db
taken=0
for i in $all; do
	valid db "user$i" && taken=$((taken + 1))
done
check 'and eight certificates that certutil takes' test "$taken" -eq 8

# begin COMMAND...: it runs on; its output, once there is some, is in $tmp/begun
begin() {
	: >"$tmp/begun"
	"$@" >"$tmp/begun" &
	server=$!
	servers="$servers $server"
	while [ ! -s "$tmp/begun" ] && kill -0 "$server" 2>/dev/null; do
		sleep 0.05
	done
}
# lock SECONDS
lock() {
	begin "$top_builddir/tests/interop/lock" "$1" "$tmp/db/key4.db" \
		"$tmp/db/cert9.db"
}
lock 2
check 'a request waits for a program that has the database for itself' \
	run request 9
check 'which was done first' not kill -0 "$server" 2>/dev/null
need psm ca issue -d "$tmp/ca" -i "$tmp/9.request" -o "$tmp/9.answer"
lock 2
check 'an import waits too' run import 9
check 'and is complete' valid db user9

made=0 there=0 pids=''
for i in $all; do
	"$PSM" init -d "$tmp/new" --no-password 2>/dev/null &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid"
	case $? in
	0) made=$((made + 1)) ;;
	10) there=$((there + 1)) ;;
	esac
done
check 'of eight that make one database, one does' test "$made" -eq 1
check 'and the others say that it is there' test "$there" -eq 7
check 'and it works' psm request -d "$tmp/new" -k ec -s CN=first
verdict

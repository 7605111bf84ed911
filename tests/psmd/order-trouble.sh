#!/bin/sh
# order-trouble.sh - orders and PKCS#12 when the disk is full, a database is
# locked or read-only, the authority has no key, or the daemon is stopped
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/orders-lib.sh"
uses curl openssl sqlite3 certutil

# A small file system of this test's own needs a mount name space.
if [ -z "${TROUBLE_INSIDE-}" ]; then
	for unshare in 'unshare -m' 'unshare -rm'; do
		$unshare sh -c 'mount -t tmpfs -o size=64k none "$1"' sh \
			"$tmp" 2>/dev/null || continue
		TROUBLE_INSIDE=yes
		export TROUBLE_INSIDE
		rm -rf "$tmp"
		exec $unshare sh "$0"
	done
fi

# record SQL: what the records say
record() {
	sqlite3 -readonly "$dir/records.db" "$1"
}

# all_is_well: no serial number twice, no order half done, the trail unbroken
all_is_well() {
	[ "$(record 'PRAGMA integrity_check')" = ok ] &&
		[ "$(record 'SELECT count(*) FROM orders WHERE
			(state IN (3, 4)) <> EXISTS (SELECT 1 FROM certificate
				WHERE order_number = number)')" -eq 0 ] &&
		[ "$(record 'SELECT count(DISTINCT serial) = count(*)
			FROM certificate')" -eq 1 ] &&
		run "$PSMD" audit verify -c "$conf"
}

# count TABLE [WHERE]
count_of() {
	record "SELECT count(*) FROM $1 ${2:+WHERE $2}"
}

# failed: the call's answer is a clear one, that it did not work
failed() {
	out '"error":{"code":-14,' && { status_is 200 || status_is 503; }
}
pkcs12_failed() {
	grep -q '"status":"failure"' "$tmp/answer"
}

# issued: the order is placed, and has its certificate
issued() {
	[ "$(record "SELECT state FROM orders WHERE number = $number")" = 3 ] &&
		[ "$(count_of certificate "order_number = $number")" -eq 1 ]
}

# made APPLICATION: robot has a PKCS#12 for it, which opens
made() {
	pfx robot "$1" "$tmp/$1.p12" --profile made --key EC-P256 \
		--field CN=Robot --new-password-file "$tmp/new-pw" &&
		run openssl pkcs12 -in "$tmp/$1.p12" -nodes \
			-passin "file:$tmp/new-pw" && out 'PRIVATE KEY'
}

# hold_it DATABASE: by another program, until release_it
hold_it() {
	for i in 1 2 3 4 5; do
		hold_once "$1" && return
		release_it
	done
	echo 'Bail out! it cannot be locked'
	cat "$tmp/held"
	exit 99
}
hold_once() {
	rm -f "$tmp/leash"
	: >"$tmp/held" # what an earlier one said is no answer
	need mkfifo "$tmp/leash"
	sqlite3 "$1" <"$tmp/leash" >"$tmp/held" 2>&1 &
	held_pid=$!
	exec 9>"$tmp/leash"
	printf '.timeout 9000\nBEGIN EXCLUSIVE; SELECT 1;\n' >&9
	in_time test -s "$tmp/held"
	grep -q -x 1 "$tmp/held"
}
release_it() {
	exec 9>&-
	wait "$held_pid"
	held_pid=
}

# in_background NAME ARGUMENT...: an order of anna's; its answer is NAME.answer
in_background() {
	name=$1
	shift
	curl -sS --max-time 60 --cacert "$dir/ca.pem" \
		-o "$tmp/$name.answer" -w '%{http_code}\n' \
		--data-urlencode loginName=anna \
		--data-urlencode "loginPassword@$tmp/anna.pw" \
		--data-urlencode "csr@$tmp/one.csr" \
		--data-urlencode "foreignOrderNumber=$name" "$@" \
		"$https/products/!applyClientAuthCert" \
		>"$tmp/$name.status" 2>"$tmp/$name.err" 9>&- &
	eval "pid_$name=\$!"
}
# answered NAME: wait for that one
answered() {
	eval "wait \$pid_$1"
	: >"$tmp/out" # what the one before was told is no answer
	cp "$tmp/$1.answer" "$tmp/out"
	cat "$tmp/$1.status" "$tmp/$1.err" >"$tmp/err"
	read -r status <"$tmp/$1.status"
}

# wait_for_worker N: so many requests do, as each worker has another, and not
# for the moment alone that a worker takes to begin
wait_for_worker() {
	for i in 1 2 3 4 5; do
		run curl -sS --max-time 60 "$http/metrics" &&
			out "^psmd_requests_waiting $1\$" || return
	done
}

if [ -n "${TROUBLE_INSIDE-}" ]; then
	need mkdir "$tmp/small"
	trap 'end_processes; umount -l "$tmp/small"; rm -rf "$tmp"' EXIT
	need mount -t tmpfs -o size=8m none "$tmp/small"
	dir=$tmp/small/d conf=$tmp/small/d/psmd.conf
fi
fresh_issuer
fresh_client robot
set_to server workers 5
for profile in client made; do
	set_to "profile $profile" approval automatic
done
printf %s "$password" >"$tmp/admin.pw"
account anna
tr -d '\n' <"$tmp/anna.pw" >"$tmp/pw" && cat "$tmp/pw" >"$tmp/anna.pw"
csr one /CN=One
start
check 'an order is issued' eval 'order anna one first && issued'
first=$number
check 'a PKCS#12 is made' made first
record 'SELECT length(file) FROM pkcs12' >"$tmp/out"

# --- a full disk -------------------------------------------------------------

if [ -n "${TROUBLE_INSIDE-}" ]; then
	orders=$(count_of orders) pkcs12=$(count_of pkcs12)
	head -c 9000000 /dev/zero >"$tmp/small/fill" 2>"$tmp/err"
	full=0
	# there may be room in what the files have already
	for i in 1 2 3 4 5 6 7 8 9; do
		order anna one "full-$i" || { full=1; break; }
	done
	tell $((1 - full)) 'on a full disk an order fails'
	check 'as its answer says' failed
	check 'which tells nothing of the disk' not out 'disk\|full\|SQL'
	check 'the log does' logged 'no room\|disk'
	check 'no PKCS#12 is made' not made full
	check 'as its answer says' pkcs12_failed
	check 'what there was can be collected' eval '
		ask -d loginName=anna -d collect=Y -d "orderNumber=$first" \
			--data-urlencode "loginPassword@$tmp/anna.pw" \
			"$https/products/!applyClientAuthCert" &&
		out "BEGIN CERTIFICATE"'
	check 'psmd serves all the same' healthy
	check 'nobody can approve' not run "$PSMD" order approve "$first" \
		-c "$conf"
	need cp "$dir/ca.crl" "$dir/ca.crl.pem" "$tmp/"
	check 'nor make a CRL' not run "$PSMD" ca crl -c "$conf"
	check 'the one there was stays' cmp "$dir/ca.crl" "$tmp/ca.crl"
	check 'with its chain' cmp "$dir/ca.crl.pem" "$tmp/ca.crl.pem"
	check 'and nothing beside them' eval \
		'[ "$(find "$dir" -name "*ca.crl*" ! -name "*lock*" | wc -l)" -eq 2 ]'
	rm "$tmp/small/fill"
	check 'with room again it is made' run "$PSMD" ca crl -c "$conf"
	check 'with room again the same order is issued' eval \
		'order anna one "full-$i" && issued'
	check 'and is one' test \
		"$(count_of orders "foreign_number = 'full-$i'")" -eq 1
	check 'the same PKCS#12 is made' made full
	check 'and is one' test "$(count_of pkcs12)" -eq $((pkcs12 + 1))
	check 'none is lost' test "$(count_of orders)" -eq $((orders + i))
	check 'all is well' all_is_well
else
	skip 'a full disk: this needs leave to mount a small one'
fi

# --- the records are locked --------------------------------------------------

# collect NUMBER: by CollectCCC; its answer is in collected
collect() {
	curl -sS --max-time 60 --cacert "$dir/ca.pem" -i \
		-d loginName=anna -d "orderNumber=$1" \
		--data-urlencode "loginPassword@$tmp/anna.pw" \
		"$https/products/download/CollectCCC" \
		>"$tmp/collected" 2>&1 9>&-
}

# one that was approved, and not issued yet when psmd ended
set_to 'profile client' approval manual
reread
check 'an order waits' order anna one stuck
stuck=$number
set_to 'profile client' approval automatic
reread
need sqlite3 "$dir/records.db" \
	"UPDATE orders SET state = 1 WHERE number = $stuck"

hold_it "$dir/records.db"
for name in locked1 locked2 locked3; do
	in_background $name -d collect=Y
done
collect "$stuck" &
pid_collect=$!
check 'while the records are locked, psmd serves' healthy
check 'what is issued can be collected' eval '
	ask -d loginName=anna -d collect=Y -d "orderNumber=$first" \
		--data-urlencode "loginPassword@$tmp/anna.pw" \
		"$https/products/!applyClientAuthCert" &&
	out "BEGIN CERTIFICATE"'
check 'no PKCS#12 is made' not made locked
check 'as its answer says' pkcs12_failed
for name in locked1 locked2 locked3; do
	answered $name
	check 'an order is told of it' failed
done
wait "$pid_collect"
tr -d '\r' <"$tmp/collected" >"$tmp/out"
check 'so is who collects what is not issued yet' eval \
	'out "^HTTP/1.1 503 " && out "^-14$" && out "^Retry-After: 1$"'
check 'none was placed' test \
	"$(count_of orders "foreign_number LIKE 'locked%'")" -eq 0
for name in short1 short2 short3 short4; do
	in_background $name -d collect=Y
done
sleep 0.5 # it is as good for those who come later
release_it
for name in short1 short2 short3 short4; do
	answered $name
	check 'who waited a moment has a certificate' \
		out '"certificate":"-----BEGIN'
done
collect "$stuck"
check 'it is collected then' grep -q 'BEGIN CERTIFICATE' "$tmp/collected"
check 'the order that failed can be placed' eval \
	'order anna one locked1 && issued'
check 'and the PKCS#12 be made' made locked
check 'all is well' all_is_well

# --- stopped amid orders -----------------------------------------------------

hold_it "$dir/records.db"
for name in amid1 amid2 amid3 amid4 amid5 amid6; do
	in_background $name -d collect=Y
done
check 'six orders wait for it' in_time wait_for_worker 1
kill -TERM "$psmd_pid"
release_it
for name in amid1 amid2 amid3 amid4 amid5 amid6; do
	answered $name
	check 'who asked before psmd was stopped has an answer' \
		out '"certificate":"-----BEGIN'
done
wait "$psmd_pid"
tell $? 'psmd ends well then'
psmd_pid=
check 'what was answered is kept' test \
	"$(count_of orders "foreign_number LIKE 'amid%' AND state = 3")" -eq 6
check 'all is well' all_is_well

# --- the NSS database is locked ----------------------------------------------

start
hold_it "$dir/nss/key4.db"
in_background nss1 -d collect=Y
sleep 1 # likewise
check 'while NSS is locked, what needs no key is served' \
	run curl -sSf --max-time 60 "$http/healthz"
release_it
answered nss1
check 'who waited has a certificate' out '"certificate":"-----BEGIN'
check 'which is the only one' eval 'order anna one nss1 && issued'

# --- there is no key ---------------------------------------------------------

check 'psmd ends well' stop
need cp -a "$dir/nss" "$tmp/nss"
nss certutil -K
key=$(sed -n 's/^<.*> [a-z]* *\([0-9a-f]*\) .*#issuer$/\1/p' "$tmp/out")
need test -n "$key"
need nss certutil -F -k "$key"
start
check 'without its key the authority issues nothing' not eval \
	'order anna one keyless && issued'
check 'nor a PKCS#12' not made keyless
check 'as its answer says' pkcs12_failed
check 'the log says so' logged 'issuer'
check 'psmd serves all the same' healthy
check 'psmd ends well' stop
rm -rf "$dir/nss"
need mv "$tmp/nss" "$dir/nss"
start
check 'with it the same order is issued' eval \
	'order anna one keyless && issued'
check 'and is one' test \
	"$(count_of orders "foreign_number = 'keyless'")" -eq 1
check 'the same PKCS#12 is made' made keyless
check 'psmd ends well' stop
check 'all is well' all_is_well

# --- a wrong password of the database ----------------------------------------

need mv "$dir/nss.pin" "$tmp/nss.pin"
a_password | secret "$dir/nss.pin"
check 'with a wrong password psmd does not start' not \
	run timeout 60 "$PSMD" run -c "$conf"
check 'and says so' err 'password'
check 'nor can anybody approve' not run "$PSMD" order approve "$first" \
	-c "$conf"
need mv "$tmp/nss.pin" "$dir/nss.pin"

# --- read-only records -------------------------------------------------------

if [ -n "${TROUBLE_INSIDE-}" ] &&
	run mount -o remount,bind,ro "$tmp/small"; then
	run timeout 60 "$PSMD" run -c "$conf"
	check 'with read-only records psmd does not start' test $? -ne 0
	check 'and says so' err 'may not be written'
	check 'nor can anybody approve' not \
		run "$PSMD" order approve "$first" -c "$conf"
	check 'or revoke' not run "$PSMD" ca revoke 1 -c "$conf"
	need mount -o remount,bind,rw "$tmp/small"
else
	skip 'read-only records: this needs leave to mount them'
fi
start
check 'an order is issued afterwards' eval 'order anna one last && issued'
check 'psmd ends well' stop
check 'all is well' all_is_well
verdict

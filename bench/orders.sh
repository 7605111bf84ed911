#!/bin/sh
# orders.sh - orders and PKCS#12 files by the daemon, side by side with cfssl,
# with NSS's bare signatures and with openssl's commands
#
#	bench/orders.sh [orders] [logins] [pkcs12]
#
# As the other benches: our value, a peer's, and how many times better ours is.
# wrk asks over TLS with connections that stay, in turns. Each order is one of
# its own and collected at once; that it is in the records is looked up
# afterwards. cfssl serves the same CSR over TLS, with a key of the same kind,
# without accounts or an audit trail, and keeps nothing, or each certificate in
# SQLite.
. "${top_srcdir:-$(dirname "$0")/..}/tests/psmd/lib.sh"
. "$top_srcdir/bench/lib.sh"
. "$top_srcdir/tests/psmd/client.sh"
uses cfssl curl openssl python3 wrk

clients=${PSM_BENCH_CLIENTS:-1 10 50}
logins=${PSM_BENCH_LOGINS:-16}
files=${PSM_BENCH_FILES:-30} # PKCS#12 of each kind
door='/products/!applyClientAuthCert'
in_memory=/dev/shm/psm-bench-$$.db
trap 'end_processes; rm -rf "$tmp" "$in_memory" "$in_memory"-*' EXIT

# divide A B
divide() {
	echo "$1 $2" | awk '{ print $1 / $2 }'
}

# best FILE: the line with the highest rate
best() {
	sort -rn "$1" | head -n 1
}

# --- the daemon --------------------------------------------------------------

# fresh_issuer KIND: with a key of that kind; also sets $records
fresh_issuer() {
	dir=$(mktemp -d "$tmp/daemon-XXXXXX")
	conf=$dir/psmd.conf records=$dir/records.db
	fresh
	set_to 'service orders' enabled yes
	set_to limits connections_per_address 1000
	need run "$PSMD" ca init -c "$conf" -k "$1"
}

certificates() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(*db.execute("SELECT count(*) FROM certificate").fetchone())' "$records"
}

# threads: "name ticks" of the daemon's, those of one name together
threads() {
	sed 's/^[^(]*(\([^)]*\)) /\1 /' "/proc/$psmd_pid"/task/*/stat |
		awk '{ n[$1] += $13 + $14 } END { for (i in n) print i, n[i] }'
}

# tell_spent: processor time for each order of the last run
tell_spent() {
	# the children's before and after
	client=$(awk -F '[ms ]+' 'NR % 2 == 0 {
		s = 60 * ($1 + $3) + $2 + $4 - s
	} END { print s }' "$tmp/times")
	threads | awk -v n="$asked" -v client="$client" \
		-v hz="$(getconf CLK_TCK)" '
	NR == FNR { before[$1] = $2; next }
	{
		ms = ($2 - before[$1]) * 1000 / hz / n
		sum += ms
		if (ms >= 0.005)
			text = text sprintf(", %s %.2f", $1, ms)
	}
	END {
		printf "    processor time: %.2f ms an order%s; client %.2f\n",
			sum, text, client * 1000 / n
	}
	' "$tmp/threads" -
}

# --- requests ----------------------------------------------------------------

# csr NAME OPTION...: NAME.csr, and what wrk sends: to the daemon NAME.lua, by
# $user, to cfssl NAME-peer.lua
csr() {
	name=$1
	shift
	need run openssl req -new -nodes -subj /CN=bench "$@" \
		-keyout "$tmp/$name.key" -out "$tmp/$name.csr"
	need run python3 -c 'import json, sys, urllib.parse
tmp, name, user, password = sys.argv[1:]
csr = open(f"{tmp}/{name}.csr").read()
def write(name, kind, body):
    with open(f"{tmp}/{name}.body", "w") as out:
        out.write(body)
    with open(f"{tmp}/{name}.lua", "w") as out:
        out.write(f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "{kind}"
wrk.body = {json.dumps(body)}
""")
write(name, "application/x-www-form-urlencoded", urllib.parse.urlencode(
    {"loginName": user, "loginPassword": password, "csr": csr,
     "collect": "Y"}))
write(f"{name}-peer", "application/json",
      json.dumps({"certificate_request": csr}))' \
		"$tmp" "$name" "$user" "$password"
}

csrs() {
	csr rsa -newkey rsa:3072
	csr ec -newkey ec -pkeyopt ec_paramgen_curve:P-256
}

# order NAME: one, collected
order() {
	ask --data-binary "@$tmp/$1.body" "$https$door"
	out '"certificate":"-----BEGIN' || {
		cat "$tmp/out"
		exit 99
	}
}

# --- cfssl -------------------------------------------------------------------

# peer KIND: its files, with an authority of that kind
peer() {
	mkdir "$tmp/peer-$1"
	case $1 in
	rsa-2048) set -- "$1" -newkey rsa:2048 ;;
	*) set -- "$1" -newkey ec -pkeyopt ec_paramgen_curve:P-256 ;;
	esac
	cd "$tmp/peer-$1" || exit 99
	shift
	need run openssl req -x509 -nodes -subj /CN=peer -days 9 "$@" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout ca.key -out ca.pem
	need run openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost \
		-days 9 -keyout server.key -out server.pem
	cat >config.json <<'END'
{"signing": {"default": {"expiry": "8760h",
	"usages": ["digital signature", "key encipherment", "client auth"]}}}
END
	echo '{"driver": "sqlite3", "data_source": "kept.db"}' >db.json
	need run python3 -c 'import sqlite3
sqlite3.connect("kept.db").execute("""CREATE TABLE certificates (
 serial_number blob NOT NULL, authority_key_identifier blob NOT NULL,
 ca_label blob, status blob NOT NULL, reason int, expiry timestamp,
 revoked_at timestamp, pem blob NOT NULL,
 PRIMARY KEY (serial_number, authority_key_identifier))""")'
	cd "$OLDPWD" || exit 99
}

# peer_start KIND PORT [OPTION...]: cfssl on that port
peer_start() {
	kind=$1 port=$2
	shift 2
	(cd "$tmp/peer-$kind" && exec cfssl serve -loglevel 3 -port "$port" \
		-address 127.0.0.1 -ca ca.pem -ca-key ca.key \
		-config config.json -tls-cert server.pem \
		-tls-key server.key "$@") >"$tmp/peer.log" 2>&1 &
	held_pid="$held_pid $!"
	peer_url=https://127.0.0.1:$port/api/v1/cfssl/sign
	peer_answers() {
		run curl -sk --data-binary "@$tmp/ec-peer.body" "$peer_url" &&
			out '"success":true'
	}
	in_time peer_answers || {
		cat "$tmp/peer.log"
		exit 99
	}
}

peers_stop() {
	for pid in $held_pid; do
		kill -TERM "$pid"
		wait "$pid" 2>/dev/null # the shell's word of it
	done
	held_pid=
}

# --- orders ------------------------------------------------------------------

# measured NAME CONNECTIONS: a run of the daemon's, into $tmp/ours
measured() {
	before=$(certificates)
	threads >"$tmp/threads"
	times >"$tmp/times"
	rate "$2" "$https$door" -s "$tmp/$1.lua" >>"$tmp/ours"
	times >>"$tmp/times"
	asked=$(tail -n 1 "$tmp/ours" | cut -d ' ' -f 4)
	[ $(($(certificates) - before)) -ge "$asked" ] || {
		echo "Bail out! $asked answers, and not as many certificates"
		exit 99
	}
}

# compare WHAT NAME CONNECTIONS: with both of cfssl
compare() {
	what=$1
	: >"$tmp/ours"
	: >"$tmp/bare"
	: >"$tmp/kept"
	for _ in 1 2; do
		measured "$2" "$3"
		rate "$3" "$bare_url" -s "$tmp/$2-peer.lua" >>"$tmp/bare"
		rate "$3" "$kept_url" -s "$tmp/$2-peer.lua" >>"$tmp/kept"
	done
	# shellcheck disable=SC2046 # words
	set -- $(best "$tmp/ours") $(best "$tmp/bare") $(best "$tmp/kept")
	row "$what" "$1" "$5" /s cfssl 1
	row '  the same' "$1" "$9" /s 'cfssl with SQLite' 1
	row '  its latency, median' "$2" "$6" ms cfssl 0
	row '  its latency, 99 of 100' "$3" "$7" ms cfssl 0
}

# raw WHAT: a line of bench_orders'
raw() {
	sed -n "s/^$1 //p" "$tmp/raw"
}

# without_disk NAME: the records in memory, which is what a disk that waits for
# nothing would be
without_disk() {
	need stop
	cp "$records" "$in_memory"
	set_to server records "$in_memory"
	records=$in_memory
	start
	for name in rsa ec; do
		order "$name"
		: >"$tmp/ours"
		measured "$name" 10
		# shellcheck disable=SC2046 # words
		set -- $(best "$tmp/ours")
		row "  CSR $name, 10 at once, records in memory" "$1" \
			"$(raw "$name-rate")" /s 'on the disk' 1
	done
	rm -f "$in_memory" "$in_memory"-*
}

orders() {
	echo "    orders: $1 key of the authority"
	fresh_issuer "$1"
	csrs
	need "$top_builddir/bench/bench_orders" "$dir/nss" "$dir/nss.pin" \
		'#issuer' "$tmp/rsa.csr" "$tmp/ec.csr" >"$tmp/raw"
	sed 's,^\([^ ]*\) \(.*\),    \1: \2/s,' "$tmp/raw"
	start
	peer "$1"
	peer_start "$1" $((20000 + $$ % 10000))
	bare_url=$peer_url
	peer_start "$1" $((30000 + $$ % 10000)) -db-config db.json
	kept_url=$peer_url
	for name in rsa ec; do
		order "$name" # and the password is remembered
		for n in $clients; do
			compare "order, CSR $name, authority $1, $n at once" \
				"$name" "$n"
			ours=$(best "$tmp/ours" | cut -d ' ' -f 1)
			[ "$n" -ne 10 ] || {
				echo "$name-rate $ours" >>"$tmp/raw"
				tell_spent
			}
		done
		row "  the same, $n at once" "$ours" "$(raw sign-memory)" /s \
			'a bare signature' 1
	done
	peers_stop
	without_disk
	need stop
}

# --- logins ------------------------------------------------------------------

# pass: an order by each account, one after the other; milliseconds of one
pass() {
	began=$(now)
	need run curl -K "$tmp/logins"
	echo "$began $(now) $logins" |
		awk '{ printf "%.2f\n", ($2 - $1) * 1000 / $3 }'
}

# A password is hashed with Argon2id once in five minutes.
logins() {
	fresh_issuer ec-p256
	csrs
	for i in $(seq "$logins"); do
		a_password | secret "$tmp/pw"
		need run "$PSMD" account add "u$i" -c "$conf" -f "$tmp/pw"
		[ "$i" -eq 1 ] || echo next
		printf 'cacert = "%s/ca.pem"\nsilent\noutput = "%s/put.out"\n' \
			"$dir" "$tmp"
		printf 'data-urlencode = "loginName=u%d"\n' "$i"
		printf 'data-urlencode = "loginPassword=%s"\n' \
			"$(cat "$tmp/pw")"
		printf 'data-urlencode = "csr@%s/ec.csr"\ndata = "collect=Y"\n' \
			"$tmp"
		printf 'url = "%s%s"\n' @https@ "$door"
	done >"$tmp/logins"
	start
	sed -i "s,@https@,$https," "$tmp/logins"
	new=$(pass)
	known=$(pass)
	[ "$(certificates)" -eq $((2 * logins)) ] || {
		echo 'Bail out! not every order was issued'
		exit 99
	}
	row 'order, its password known already' "$known" "$new" ms \
		'a password not yet known' 0
	need stop
}

# --- PKCS#12 -----------------------------------------------------------------

# bodies KIND RUN: requests for $files files with a key of that kind, and what
# curl makes of them in $tmp/files
bodies() {
	for i in $(seq "$files"); do
		need pfx_request shop "$1-$2-$i" --profile made --key "$1" \
			--field "CN=Person $i" \
			--new-password-file "$tmp/new-pw"
		mv "$tmp/body" "$tmp/body.$i"
		[ "$i" -eq 1 ] || echo next
		printf 'cacert = "%s/ca.pem"\nsilent\noutput = "%s/answer.%d"\n' \
			"$dir" "$tmp" "$i"
		printf 'header = "@%s/em"\ndata-binary = "@%s/body.%d"\n' \
			"$tmp" "$tmp" "$i"
		printf 'header = "Content-Type: application/json"\n'
		printf 'url = "%s/emCAServices/rest/createPKCS12ById"\n' \
			"$https"
	done >"$tmp/files"
}

# is_idle: for half a second
is_idle() {
	ticks=$(threads | sort)
	sleep 0.5
	[ "$(threads | sort)" = "$ticks" ]
}

# take KIND: so many files a second, into $ours
take() {
	rm -f "$tmp"/answer.*
	began=$(now)
	need run curl -K "$tmp/files"
	ours=$(echo "$began $(now) $files" | awk '{ print $3 / ($2 - $1) }')
	good=$(grep -l '"status":"success","result":"MI' "$tmp"/answer.*)
	[ "$(echo "$good" | wc -l)" -eq "$files" ] || {
		cat "$tmp/answer.1"
		exit 99
	}
}

# commands KIND: as many files as the daemon makes, a second, into $peer
commands() {
	case $1 in
	RSA-2048) set -- -algorithm RSA -pkeyopt rsa_keygen_bits:2048 ;;
	*) set -- -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
	esac
	began=$(now)
	for i in $(seq "$files"); do
		need run openssl genpkey "$@" -out "$tmp/one.key"
		need run openssl req -new -key "$tmp/one.key" \
			-subj "/CN=Person $i" -out "$tmp/one.csr"
		need run openssl x509 -req -in "$tmp/one.csr" -days 365 \
			-CA "$tmp/peer-ec-p256/ca.pem" \
			-CAkey "$tmp/peer-ec-p256/ca.key" -out "$tmp/one.pem"
		need run openssl pkcs12 -export -in "$tmp/one.pem" \
			-inkey "$tmp/one.key" \
			-certfile "$tmp/peer-ec-p256/ca.pem" \
			-iter "$iterations" -passout "file:$tmp/new-pw" \
			-out "$tmp/one.p12"
	done
	peer=$(echo "$began $(now) $files" | awk '{ print $3 / ($2 - $1) }')
}

# How often the daemon's own files have passwords hashed.
iterations_of() {
	need psm pfx-answer -i "$tmp/answer.1" -o "$tmp/first.p12"
	openssl pkcs12 -in "$tmp/first.p12" -info -noout \
		-passin "file:$tmp/new-pw" 2>&1 |
		sed -n 's/.*Iteration \([0-9]*\).*/\1/p' | sort -n | tail -n 1
}

# made KIND READY: so many files a second with so many keys made ahead, in $ours
made() {
	set_to pkcs12 pool_rsa_2048 "$2"
	start
	bodies "$1" "$2"
	until is_idle; do :; done
	take
	need stop
}

pkcs12() {
	fresh_issuer ec-p256
	[ -d "$tmp/peer-ec-p256" ] || peer ec-p256
	make_client shop
	a_password | secret "$tmp/new-pw"
	printf 'emKey: %s\n' "$(cat "$tmp/shop.em")" | secret "$tmp/em"
	set_to 'service pkcs12' enabled yes
	set_to pkcs12 pool_rsa_3072 0
	set_to 'profile made' subject all
	set_to 'profile made' rsa_bits 2048

	made RSA-2048 "$files"
	iterations=$(iterations_of)
	echo "    PKCS#12: one client, passwords hashed $iterations times"
	commands RSA-2048
	row 'PKCS#12, RSA-2048, keys made ahead' "$ours" "$peer" /s \
		'openssl, four commands' 1
	made RSA-2048 0
	row 'PKCS#12, RSA-2048, keys made when asked for' "$ours" "$peer" /s \
		'openssl, four commands' 1
	made EC-P256 0
	commands EC-P256
	row 'PKCS#12, EC P-256' "$ours" "$peer" /s 'openssl, four commands' 1
}

[ $# -gt 0 ] || set -- orders logins pkcs12
for part in "$@"; do
	case $part in
	orders)
		orders rsa-2048
		orders ec-p256
		;;
	logins | pkcs12) "$part" ;;
	*)
		echo "usage: bench/orders.sh [orders] [logins] [pkcs12]" >&2
		exit 1
		;;
	esac
done

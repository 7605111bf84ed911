#!/bin/sh
# kill9.sh - kill -9 amid PUTs: each id has the old or the new certificate,
# with its key
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl certutil pk12util

rounds=${PSMD_KILLS:-20}
seed=${PSMD_SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
echo "# PSMD_SEED=$seed PSMD_KILLS=$rounds"

fresh
set_to 'service system' auth none
start
for i in 1 2 3 4 5; do
	for version in a b; do
		make_cert "$i$version"
		eval "print$i$version=$fingerprint"
	done
	put "${i}a" "@k$i"
	need succeeded
done
need nss certutil -K
keys=$(grep -c '^<' "$tmp/out")

# puts VERSION: one after the other, as long as there is somebody to take them
puts() {
	for i in 1 2 3 4 5; do
		curl -sS --cacert "$dir/ca.pem" -o "$tmp/put.out" -X PUT \
			-F "blob-cert=@$tmp/$i$1.pem" \
			-F "blob-pk=@$tmp/$i$1.key" --form-string "id=@k$i" \
			"$https/api/cert/user" 2>"$tmp/put.err" || return
		echo "$i" >>"$tmp/answered"
	done
}

# holds I: the id has one of its two certificates, $is, by the API
holds() {
	ask "$https/api/cert/user?id=@k$1"
	eval "a=\$print${1}a b=\$print${1}b"
	is=
	[ "$(grep -o '"fingerprint"' "$tmp/out" | wc -l)" -eq 1 ] || return
	# shellcheck disable=SC2154 # by eval
	if out "$a"; then
		is=${1}a
	elif out "$b"; then
		is=${1}b
	fi
	[ -n "$is" ]
}

# proves I: NSS has the certificate $is under its id, and a key that is its
proves() {
	nss certutil -L && out "^@k$1  *u,u,u" &&
		[ "$(grep -c "^@k$1 " "$tmp/out")" -eq 1 ] &&
		run pk12util -o "$tmp/p12" -n "@k$1" -d "sql:$dir/nss" \
			-k "$dir/nss.pin" -W x &&
		run openssl pkcs12 -in "$tmp/p12" -passin pass:x -nocerts \
			-nodes -legacy &&
		openssl pkey -in "$tmp/out" -pubout >"$tmp/of_key" &&
		openssl x509 -in "$tmp/$is.pem" -noout -pubkey \
			>"$tmp/of_cert" && cmp "$tmp/of_key" "$tmp/of_cert"
}

took=0.3 # seconds of five PUTs; measured below
version=b round=0 killed=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	: >"$tmp/answered"
	if [ "$round" -eq 1 ]; then
		began=$(date +%s.%N)
		puts $version
		took=$(echo "$began $(date +%s.%N)" |
			awk '{ print $2 - $1 }')
		echo "# five PUTs take $took s"
	else
		puts $version &
		putting=$!
		sleep "$(awk -v seed="$seed$round" -v took="$took" 'BEGIN {
			srand(seed)
			printf "%.4f", rand() * took
		}')"
	fi
	kill -KILL "$psmd_pid"
	wait "$psmd_pid" 2>/dev/null
	psmd_pid=
	[ "$round" -eq 1 ] || wait "$putting"
	answered=$(wc -l <"$tmp/answered")
	[ "$answered" -eq 5 ] || killed=$((killed + 1))
	start
	good=0
	for i in 1 2 3 4 5; do
		holds $i || { good=1; echo "# @k$i: $(cat "$tmp/out")"; }
		# who was told it is stored may rely on it
		if [ "$i" -le "$answered" ] && [ "$is" != "$i$version" ]; then
			good=1
			echo "# @k$i was answered and is $is"
		fi
		proves $i || { good=1; echo "# @k$i is not proved"; }
	done
	[ "$good" -eq 0 ]
	tell $? "round $round: five ids and their keys after $answered PUTs"
	if [ $version = a ]; then version=b; else version=a; fi
done
echo "# $killed of $rounds rounds were cut short"

check 'psmd ends well' stop
start
need nss certutil -K
check 'no key is left over' test "$(grep -c '^<' "$tmp/out")" -eq "$keys"
ask "$https/api/cert/user"
check 'no certificate either' test \
	"$(grep -o '"@k[0-9]"' "$tmp/out" | sort -u | wc -l)" -eq \
	"$(grep -o '"@k[0-9]"' "$tmp/out" | wc -l)"
for i in 1 2 3 4 5; do
	ask -X DELETE "$https/api/cert/user?id=@k$i"
	check "@k$i can be deleted" succeeded
done
check 'psmd ends well' stop
verdict

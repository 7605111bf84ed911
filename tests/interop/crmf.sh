#!/bin/sh
# crmf.sh - the messages of NSS's own lib/crmf, all the way
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses certutil openssl

crmf=$top_builddir/tests/interop/crmf
[ -x "$crmf" ] || { skip 'this NSS has no lib/crmf'; exit 77; }

# lib/crmf loses a copy of each certificate that it puts into an answer.
crmf() {
	ASAN_OPTIONS=detect_leaks=0 "$crmf" "$@"
}

make_ca
make_db db
need run openssl x509 -in "$tmp/ca.pem" -outform DER -out "$tmp/ca.der"

for nick in alice bob; do
	case $nick in alice) key=ec ;; bob) key=rsa ;; esac

	# Its answer to our request.
	need psm request -d "$tmp/db" -k "$key" -s "CN=$nick,O=Example" \
		-o "$tmp/request"
	id=$(pending_id db)
	need psm ca issue -d "$tmp/ca" -i "$tmp/request" -o "$tmp/pem" \
		--dialect cert --no-chain
	need run openssl x509 -in "$tmp/pem" -outform DER -out "$tmp/der"
	need crmf answer "$tmp/ca.der" "$id" "$tmp/der" >"$tmp/answer"
	check "psm imports an answer of lib/crmf, $key" \
		psm import -d "$tmp/db" -i "$tmp/answer" -n $nick
	check 'by the id' out "^$nick  *answers request $id"
	trust_ca db
	check 'and certutil takes it' valid db $nick

	# Our answer to its request.
	need crmf request "$tmp/db" "$key" 4711 "CN=$nick two,O=Example" \
		>"$tmp/request"
	for dialect in cmmf cmp untagged; do
		check "psm ca answers a request of lib/crmf, $key, $dialect" \
			psm ca issue -d "$tmp/ca" -i "$tmp/request" \
			-o "$tmp/answer" --dialect $dialect
		check 'psm imports that for the key lib/crmf had made' \
			psm import -d "$tmp/db" -i "$tmp/answer" \
			-n "$nick two" --match-by-key
	done
	crmf read <"$tmp/answer" >"$tmp/out" 2>"$tmp/err"
	tell $? 'lib/crmf reads what stands without tags'
	check 'as granted to its id' out_is '4711 0'
	check 'and certutil takes it' valid db "$nick two"
done
verdict

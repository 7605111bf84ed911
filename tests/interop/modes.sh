#!/bin/sh
# modes.sh - the full circle in a database without a password, with one, and in
# FIPS mode
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses certutil modutil openssl

make_ca
printf 'Long enough, 140 too\n' >"$tmp/pin"
printf 'Backup word 140\n' >"$tmp/word"

# round MODE NICK DIALECT KEY [OPTION...]: request, import, backup, delete,
# restore
round() {
	mode=$1 nick=$2 dialect=$3 key=$4
	shift 4
	what="$mode, $key, $dialect"
	check "$what: request" psm request -d "$tmp/$mode" -k "$key" \
		-s "CN=$nick,O=Example" -o "$tmp/$nick.request" "$@"
	need psm ca issue -d "$tmp/ca" -i "$tmp/$nick.request" \
		-o "$tmp/$nick.answer" --dialect "$dialect"
	check "$what: import, with a backup" psm import -d "$tmp/$mode" \
		-i "$tmp/$nick.answer" -n "$nick" --backup "$tmp/$nick.p12" \
		--backup-password-file "$tmp/word" "$@"
	trust_ca "$mode" "$@"
	check "$what: certutil takes it" valid "$mode" "$nick" "$@"
	check "$what: openssl opens the backup" run openssl pkcs12 -noout \
		-in "$tmp/$nick.p12" -passin "file:$tmp/word"
	check "$what: delete" psm delete -d "$tmp/$mode" -n "$nick" --yes "$@"
	check "$what: it is gone" not psm show -d "$tmp/$mode" -n "$nick" "$@"
	check "$what: restore" psm restore -d "$tmp/$mode" \
		-i "$tmp/$nick.p12" --backup-password-file "$tmp/word" "$@"
	check "$what: certutil takes it again" valid "$mode" "$nick" "$@"
}

# circle MODE [OPTION...]
circle() {
	mode=$1
	shift
	round "$mode" "$mode-1" cmmf rsa "$@"
	round "$mode" "$mode-2" cmp ec "$@"
	round "$mode" "$mode-3" untagged ec "$@"
	check "$mode: list shows the three and the CA" \
		psm list -d "$tmp/$mode" "$@"
	check "$mode: as it should" test "$(wc -l <"$tmp/out")" -eq 5
	check "$mode: nothing waits" psm pending -d "$tmp/$mode" "$@"
	check "$mode: nothing at all" test ! -s "$tmp/out"
}

make_db open
circle open
need psm init -d "$tmp/locked" -f "$tmp/pin"
refused 'a locked database wants its password' 6 \
	request -d "$tmp/locked" -s CN=nobody -k ec
circle locked -f "$tmp/pin"

need psm init -d "$tmp/fips" -f "$tmp/pin"
if run modutil -force -dbdir "$tmp/fips" -fips true; then
	check 'the database is in FIPS mode' \
		says 'FIPS mode enabled' \
		modutil -dbdir "$tmp/fips" -chkfips true
	circle fips -f "$tmp/pin"
else
	skip 'this NSS has no FIPS mode'
fi
verdict

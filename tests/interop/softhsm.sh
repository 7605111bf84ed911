#!/bin/sh
# softhsm.sh - keys on a PKCS#11 token of another kind, SoftHSM's
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses softhsm2-util modutil certutil openssl

for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib*/*/libsofthsm2.so \
	/usr/lib*/*/softhsm/libsofthsm2.so; do
	[ -e "$module" ] && break
done
[ -e "$module" ] || { skip 'libsofthsm2.so is not to be found'; exit 77; }

mkdir "$tmp/tokens"
SOFTHSM2_CONF=$tmp/softhsm2.conf
export SOFTHSM2_CONF
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$tmp/tokens" \
	>"$SOFTHSM2_CONF"
need run softhsm2-util --init-token --free --label card --pin 1234 \
	--so-pin 5678
printf 'word\n' >"$tmp/backup"
# One file, a line for each token.
printf 'NSS Certificate DB:nss word\ncard:1234\n' >"$tmp/pins"
printf 'card:1235\n' >"$tmp/wrong"

make_ca
need psm init -d "$tmp/db" --no-password
need run modutil -force -dbdir "$tmp/db" -add softhsm -libfile "$module"

# card COMMAND OPTION...: psm with the card's PIN
card() {
	command=$1
	shift
	psm "$command" -d "$tmp/db" -f "$tmp/pins" "$@"
}

refused 'a token that is not there has its status' 12 \
	request -d "$tmp/db" -h nowhere -s CN=alice
refused 'a wrong PIN has its status' 6 \
	request -d "$tmp/db" -h card -s CN=alice -f "$tmp/wrong"
for nick in alice bob carol; do
	case $nick in
	alice) options='-k ec' ;;
	bob) options='-k rsa' ;;
	carol) options='-k ec --unextractable' ;;
	esac
	# shellcheck disable=SC2086 # options are words
	check "a key of $nick is made on the token" card request -h card \
		-s "CN=$nick,O=Example" -o "$tmp/$nick.request" $options
done
check 'the three wait there' card pending
check 'by their ids' \
	test "$(grep -c '^[0-9].* card  *waits for the CA$' "$tmp/out")" -eq 3
check 'and the database itself has no key' \
	not says '^<' certutil -K -d "$tmp/db"
need psm ca issue -d "$tmp/ca" -i "$tmp/bob.request" -o "$tmp/bob.answer"
refused 'what waits in a locked token is not found' 5 import -d "$tmp/db" \
	-i "$tmp/bob.answer" -f "$tmp/wrong"
check 'which the error names' err '"card" is locked and was not searched'
for nick in alice bob carol; do
	need psm ca issue -d "$tmp/ca" -i "$tmp/$nick.request" \
		-o "$tmp/$nick.answer"
	check "the certificate of $nick is imported" \
		card import -i "$tmp/$nick.answer" -n "$nick"
	check 'as the answer of a request' out 'answers request'
done
check 'nothing waits any more' card pending
check 'on any token' test ! -s "$tmp/out"
check 'list -h shows them' card list -h card
check 'with their keys' test "$(grep -c ' yes ' "$tmp/out")" -eq 3
trust_ca db
check 'certutil shows key and certificate' says '^card:alice  *u,u,u' \
	certutil -L -d "$tmp/db" -h card -f "$tmp/pins"

# certutil -V finds no certificate on a token that it has not logged in to.
if command -v tstclnt >/dev/null; then
	serve db
	for nick in alice bob carol; do
		nss_visits db -n "card:$nick" -W "$tmp/pins"
		check "NSS logs in with the key of $nick" is_let_in "$nick"
	done
else
	skip 'tstclnt is not installed'
fi

for nick in alice bob; do
	check "the key of $nick is backed up" card backup -n "card:$nick" \
		-o "$tmp/$nick.p12" --backup-password-file "$tmp/backup"
	check 'for openssl to read' run openssl pkcs12 -in "$tmp/$nick.p12" \
		-passin "file:$tmp/backup" -nodes
	check 'key and all' out 'BEGIN PRIVATE KEY'
done
refused 'a key that may not leave its token does not' 16 backup -d "$tmp/db" \
	-f "$tmp/pins" -n card:carol -o "$tmp/carol.p12" \
	--backup-password-file "$tmp/backup"
check 'and no file is left' test ! -e "$tmp/carol.p12"

check 'delete takes certificate and key from the token' \
	card delete -n card:alice --yes --json
check 'as it says' out '"keyDeleted": true'
check 'and it is gone' not card show -n card:alice
check 'certutil says so too' \
	not says alice certutil -K -d "$tmp/db" -h card -f "$tmp/pins"
check 'the backup comes back, into the database' \
	card restore -i "$tmp/alice.p12" --backup-password-file "$tmp/backup"
check 'where it works' valid db alice

# signer ARGUMENT...: psm ca with the card's PIN, in the CA's own database
signer() {
	command=$1
	shift
	psm ca "$command" -d "$tmp/ca" -f "$tmp/pins" "$@"
}

need run modutil -force -dbdir "$tmp/ca" -add softhsm -libfile "$module"
refused "a CA's key is made on no locked token" 6 ca init -d "$tmp/ca" \
	-f "$tmp/wrong" -h card -n signer -s 'CN=Signer,O=Example'
for options in '-k ec --issuer ca' '-k rsa -g 2048'; do
	nick=signer$(echo "$options" | tr -cd a-z)
	# shellcheck disable=SC2086 # options are words
	check "a CA's key is made on the token ($options)" signer init -h card \
		-n "$nick" -s "CN=$nick,O=Example" $options --json
	check 'as JSON names it' out "\"nickname\": \"card:$nick\""
	check 'which signs' signer issue -n "card:$nick" \
		-i "$tmp/bob.request" --dialect cert -o "$tmp/bob.pem"
	check 'what openssl verifies up to the root' run openssl verify \
		-x509_strict -CAfile "$tmp/bob.pem" "$tmp/bob.pem"
	check 'and the database itself has no key of it' \
		not says "$nick" certutil -K -d "$tmp/ca" -f "$tmp/pins"
done
check 'a CA on the token has others below it' signer init -n below \
	--issuer "card:$nick" -k ec -s 'CN=Below,O=Example'
refused 'not while it is locked' 6 ca issue -d "$tmp/ca" -f "$tmp/wrong" \
	-n "card:$nick" -i "$tmp/bob.request"
verdict

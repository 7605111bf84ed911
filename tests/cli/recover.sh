#!/bin/sh
# recover.sh - psm recover: a lost key comes back
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

escrow=$top_builddir/tests/cli/escrow
bob=CN=Bob,O=Example

make_ca
make_db home
make_db new

# Bob's key is archived at the CA, and he loses all he has.
"$escrow" request "$tmp/home" "$bob" "$tmp/ca.pem" >"$tmp/request" || exit 99
"$escrow" issue "$tmp/ca" "$tmp/request" >"$tmp/answer" || exit 99
need psm import -d "$tmp/home" -n Bob -i "$tmp/answer"
need psm show -d "$tmp/home" -n Bob -r -o "$tmp/bob.der"

check 'recover asks for a lost key' psm recover -d "$tmp/new" -s "$bob" \
	-o "$tmp/recovery"
check 'it tells the id on standard error' err 'request [0-9]* is pending'
check 'the request is base64 in a file' \
	not grep -q '[^A-Za-z0-9+/=]' "$tmp/recovery"
check 'pending lists it' psm pending -d "$tmp/new"
check 'as a recovery under an RSA key of 3072 bits' \
	out '^[0-9]* .*RSA 3072 .*CN=Bob.*waits for a lost key'

"$escrow" recover "$tmp/ca" "$tmp/recovery" "$tmp/request" "$tmp/bob.der" \
	>"$tmp/recovered" || exit 99
refused 'no other database can import the answer' 5 \
	import -d "$tmp/home" -i "$tmp/recovered"
check 'import brings key and certificate home' psm import -d "$tmp/new" \
	-n 'Bob again' -i "$tmp/recovered"
check 'for the request' out '^Bob again  *answers request'
check 'nothing is pending any more' empty pending new
check 'list has the key' psm list -d "$tmp/new" --json
check 'with its certificate' out '"hasKey": true'
check 'certutil sees the key, too' says '^Bob again .*u,u,u' \
	certutil -L -d "sql:$tmp/new"
echo word >"$tmp/pin"
check 'which can be backed up' psm backup -d "$tmp/new" -n 'Bob again' \
	-o "$tmp/bob.p12" --backup-password-file "$tmp/pin"
check 'and is the lost one' says "$(openssl x509 -inform DER -noout -pubkey \
	-in "$tmp/bob.der" | sed -n 3p)" sh -c \
	"openssl pkcs12 -in '$tmp/bob.p12' -passin pass:word -nodes -nocerts |
		openssl pkey -pubout"
refused 'the answer is good only once' 5 \
	import -d "$tmp/new" -i "$tmp/recovered"

check 'recover has a size' psm recover -d "$tmp/new" -s "$bob" -g 2048 --json
check 'and JSON' out '"format": "crmf"'
id=$(pending_id new)
check 'pending names the state' out '"state": "recovery"'
check 'cancel forgets a recovery' psm cancel -d "$tmp/new" --id "$id" --json
check 'and says that its key is gone' out '"keyDeleted": true'
check 'as it is' empty pending new

printf 'I am Bob\n' >"$tmp/auth"
check 'an authenticator comes from a file' psm recover -d "$tmp/new" \
	-s "$bob" --authenticator-file "$tmp/auth"
check 'and is in the request' says 'I am Bob' base64 -d "$tmp/out"
need psm cancel -d "$tmp/new" --id "$(pending_id new)"
refused 'recover needs a subject' 2 recover -d "$tmp/new"
refused 'that is a distinguished name' 2 recover -d "$tmp/new" -s nonsense
refused 'a weak key is refused' 2 recover -d "$tmp/new" -s "$bob" -g 1024
refused 'a request that cannot be written' 17 \
	recover -d "$tmp/new" -s "$bob" -o "$tmp/no/such/file"
check 'leaves nothing pending' empty pending new
verdict

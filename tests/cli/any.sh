#!/bin/sh
# any.sh - psm import --any: whatever a CA sends
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

make_ca
make_db alice

for dialect in cmmf cmp untagged; do
	answer alice "CN=Alice $dialect" --dialect "$dialect"
	check "--any reads the dialect $dialect" psm import -d "$tmp/alice" \
		--any -i "$tmp/alice.answer" --json
	check 'matches it by its id' out '"matched": "id"'
	check 'and names its form' out '"form": "certRep"'
done
for dialect in pkcs7 cert; do
	answer alice "CN=Alice $dialect" --dialect "$dialect"
	refused "importUserCertificates does not read the dialect $dialect" 4 \
		import -d "$tmp/alice" -i "$tmp/alice.answer"
	check '--any does' psm import -d "$tmp/alice" --any \
		-i "$tmp/alice.answer"
	check 'matches it by its key' out "^Alice $dialect.*matched by key"
	check 'and takes the chain' out 'certificate of a CA'
done
check 'nothing is pending afterwards' empty pending alice

answer alice CN=Alice,O=Binary
base64 -d "$tmp/alice.answer" >"$tmp/alice.der"
refused 'binary data is refused without --any' 4 \
	import -d "$tmp/alice" -i "$tmp/alice.der"
check 'and the message names it' err 'with --any'
check 'and read with it' psm import -d "$tmp/alice" --any \
	-n 'Alice in binary' <"$tmp/alice.der"
check 'with the nickname' out '^Alice in binary  *answers request'

# sealed KEY FORM: a certificate that only its key's holder can read, in a CMP
# message
sealed() {
	case $1 in
	rsa) usage=keyEncipherment ;;
	ec) usage=keyAgreement ;;
	esac
	need psm request -d "$tmp/alice" -k "$1" --usage "$usage" \
		-s "CN=Alice $1 $2" -o "$tmp/alice.request"
	"$top_builddir/tests/cli/encrypt" "$tmp/ca" "$tmp/alice.request" "$2" \
		>"$tmp/alice.cmp" || exit 99
}

make_db bob
for key in rsa ec; do
	for form in value cms; do
		sealed "$key" "$form"
		check "a certificate encrypted to an $key key ($form) comes in" \
			psm import -d "$tmp/alice" --any -i "$tmp/alice.cmp" \
			--json
		check 'out of a CMP message' out '"form": "pkiMessage"'
		check 'by its id' out '"matched": "id"'
		check 'for its owner' \
			out "\"nickname\": \"Alice $key $form's Example ID\""
	done
done
sealed ec cms
refused 'whoever does not have the key is refused' 5 \
	import -d "$tmp/bob" --any -i "$tmp/alice.cmp"
refused 'importUserCertificates reads no message' 4 \
	import -d "$tmp/alice" -i "$tmp/alice.cmp"
check 'and the request waits on' psm import -d "$tmp/alice" --any \
	-i "$tmp/alice.cmp"

refused 'the certificate of the CA alone has no key here' 5 \
	import -d "$tmp/alice" --any -i "$tmp/ca.pem"
refused 'nonsense is refused' 4 import -d "$tmp/alice" --any -i /etc/passwd
refused 'nothing is refused' 4 import -d "$tmp/alice" --any -i /dev/null
refused 'zeros are refused' 4 import -d "$tmp/alice" --any -i /dev/zero

echo word >"$tmp/secret"
answer alice CN=Alice,O=Secret
refused 'a secret needs --any' 2 import -d "$tmp/alice" \
	-i "$tmp/alice.answer" --secret-file "$tmp/secret"
refused 'a signer needs --any' 2 import -d "$tmp/alice" \
	-i "$tmp/alice.answer" --signer "$tmp/ca.pem"
refused '--js is for importUserCertificates alone' 2 \
	import -d "$tmp/alice" --any --js -i "$tmp/alice.answer"
psm import -d "$tmp/alice" --any -i "$tmp/alice.answer" \
	--secret-file "$tmp/secret"
check 'an answer that nobody protects has no secret' err 'not protected'
psm import -d "$tmp/alice" --any -i "$tmp/alice.answer" --signer "$tmp/ca.pem"
check 'and no signer' err 'not protected'
refused 'a secret that cannot be read' 17 import -d "$tmp/alice" --any \
	-i "$tmp/alice.answer" --secret-file "$tmp/missing"
refused 'a signer that cannot be read' 17 import -d "$tmp/alice" --any \
	-i "$tmp/alice.answer" --signer "$tmp/missing"
check 'the request waits all the while' psm import -d "$tmp/alice" --any \
	-i "$tmp/alice.answer"
verdict

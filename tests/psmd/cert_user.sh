#!/bin/sh
# cert_user.sh - /api/cert/user by curl: the document's own requests, and what
# other programs see of them
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl certutil python3

fresh
set_to 'service system' transport both
start
api=/api/cert/user

# answer FILTER: of the answer in $tmp/out, by a path of names
answer() {
	python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2].split("."):
    value = value[int(name) if name.isdigit() else name]
print(value)' "$tmp/out" "$1" 2>>"$tmp/err"
}
answer_is() {
	[ "$(answer "$1")" = "$2" ]
}
first=result.certificates.0

# --- the document's own requests

make_cert a '/C=CZ/ST=Czech Republic/O=2N TELEKOMUNIKACE a.s./CN=00-0001-0205'
a=$fingerprint
for url in "$https" "$http"; do
	scheme=${url%%:*}
	as_user -X PUT -F "blob-cert=@$tmp/a.pem" -F "blob-pk=@$tmp/a.key" \
		"$url$api"
	check "PUT $api over $scheme succeeds" succeeded
	check 'and answers the fingerprint' \
		answer_is "$first.fingerprint" "$a"
	as_user "$url$api?id=$a"
	check "GET $api?id=<fingerprint> succeeds" succeeded
	check 'and has it' answer_is "$first.fingerprint" "$a"
	check 'its subject' answer_is "$first.subject" \
		"{'C': 'CZ', 'S': 'Czech Republic', 'O': '2N TELEKOMUNIKACE a.s.', 'CN': '00-0001-0205'}"
	check 'its issuer' answer_is "$first.issuer.CN" 00-0001-0205
	as_user -X DELETE "$url$api?fingerprint=$a"
	check "DELETE $api?fingerprint=<fingerprint> succeeds" succeeded
	check 'and answers no more than that' \
		test "$(cat "$tmp/out")" = '{"success":true}'
	as_user "$url$api?id=$a"
	check 'so it is gone' failed_with 12 id
done
check 'the answer is JSON' head_has '^content-type: application/json'

# --- what certutil sees

put a @vpn
check 'PUT with an id' succeeded
nss certutil -L
check 'certutil lists it under that name, with its key' out '^@vpn  *u,u,u'
nss certutil -K
check 'and the key' out '@vpn$'
make_cert b /CN=b
put b @vpn
check 'the same id again is replaced' answer_is "$first.replaced" "$a"
nss certutil -L
check 'certutil lists one of it' test "$(grep -c '^@vpn ' "$tmp/out")" -eq 1
nss certutil --rename -n @vpn --new-n @moved
as_user "$https$api?id=@moved"
check 'what certutil renames is found at once' succeeded
as_user -X DELETE "$https$api?id=%40moved"
check 'DELETE by id' succeeded
nss certutil -K
check 'takes the key too' not out '@vpn$\|@moved$'

# --- forms, orders and limits

as_user -X PUT --form-string id=@none -F "blob-pk=@$tmp/a.key" \
	--form-string id=@last -F "blob-cert=@$tmp/a.pem" "$https$api?id=@query"
check 'any order is fine' succeeded
as_user "$https$api?id=@none&id=@last"
check 'the last occurrence wins' succeeded
check 'and the body over the query' answer_is "$first.id" @last
as_user -X PUT --data-urlencode "blob-cert@$tmp/a.pem" \
	--data-urlencode "blob-pk@$tmp/a.key" "$https$api"
check 'a blob in an urlencoded form is missing' failed_with 11 blob-cert
as_user -X PUT -T "$tmp/a.pem" "$https$api"
check 'and so is one that is the body' failed_with 11 blob-cert
head -c 65536 /dev/zero >"$tmp/full.pem"
cp "$tmp/full.pem" "$tmp/over.pem"
printf x >>"$tmp/over.pem"
cp "$tmp/a.key" "$tmp/full.key"
cp "$tmp/a.key" "$tmp/over.key"
put full @x
check '64 KiB are read' failed_with 12 blob-cert
put over @x
check 'one byte more is too big' failed_with 13 blob-cert
as_user "$https$api?id=@last&format=pem"
check 'format=pem is the certificate' \
	cmp -s "$tmp/a.pem" "$tmp/out"
check 'with a name to save it under' \
	head_has '^content-disposition: attachment; filename="last.pem"$'
as_user --head "$https$api"
check 'HEAD is answered' status_is 200
as_user -X DELETE "$https$api?id=%23server"
check 'the internal one stays' failed_with 18 id

# --- what is written down

check 'a PUT is in the audit' logged \
	"audit account=admin address=127.0.0.1 action=cert.put object=@vpn fingerprint=$a replaced=-"
check 'a DELETE too' logged 'action=cert.delete object=@moved .*key=deleted'
check 'the audit trail has both' eval \
	'run "$PSMD" audit list -c "$conf" &&
	out "account=admin address=127.0.0.1 action=cert.put object=@vpn " &&
	out " action=cert.delete object=@moved .*key=deleted"'
check 'psmd ends well' stop
verdict

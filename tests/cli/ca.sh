#!/bin/sh
# ca.sh - psm ca init and psm ca issue
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

check 'ca init makes the database too' \
	psm ca init -d "$tmp/ca" -s 'CN=Test CA,O=Example' --no-password -q P-384
check 'and prints a certificate' \
	quietly openssl x509 -in "$tmp/out" -noout
check 'openssl takes it for a CA' \
	says CA:TRUE openssl x509 -in "$tmp/out" -noout -text
cp "$tmp/out" "$tmp/ca.pem"
refused 'a second one of the same name is refused' 10 \
	ca init -d "$tmp/ca" -s 'CN=Other,O=Example' -k ec
check 'another name is fine' psm ca init -d "$tmp/ca" -n second -k ec \
	-s 'CN=Second,O=Example' --days 10 --json
check 'JSON names it' out '"nickname": "second"'
check 'without a terminal the database gets no password' \
	psm ca init -d "$tmp/fresh" -s 'CN=Fresh CA,O=Example'
check 'which is said' err 'has no password'
refused 'a trust that is none is refused' 2 \
	ca init -d "$tmp/fresh" -n other -s 'CN=Other,O=Example' -t 'X-'
check 'certutil shows the trust that was wished for' eval \
	'psm ca init -d "$tmp/fresh" -n less -s "CN=Less,O=Example" -t ,C, &&
	says "less *u,Cu,u" certutil -L -d "sql:$tmp/fresh"'

make_db db
need psm request -d "$tmp/db" -k ec -s 'CN=Alice,O=Example' -o "$tmp/request"
id=$(pending_id db)
for dialect in cmmf cmp untagged; do
	check "ca issue answers in $dialect" psm ca issue -d "$tmp/ca" \
		-i "$tmp/request" --dialect "$dialect"
	check 'in base64' quietly base64 -d "$tmp/out"
done
check 'ca issue answers in PEM' psm ca issue -d "$tmp/ca" \
	--dialect cert --days 30 <"$tmp/request"
check 'that openssl verifies' \
	quietly openssl verify -CAfile "$tmp/ca.pem" "$tmp/out"
check 'for the days asked for' \
	quietly openssl x509 -in "$tmp/out" -noout -checkend 2500000
check 'and no more' \
	not quietly openssl x509 -in "$tmp/out" -noout -checkend 2700000
check 'ca issue answers in PKCS#7' psm ca issue -d "$tmp/ca" \
	-i "$tmp/request" --dialect pkcs7
check 'that openssl reads' \
	says Alice openssl pkcs7 -in "$tmp/out" -print_certs
check 'ca issue puts a mail address in' psm ca issue -d "$tmp/ca" \
	-i "$tmp/request" --dialect cert --email a@example.org
check 'which is there' says email:a@example.org \
	openssl x509 -in "$tmp/out" -noout -ext subjectAltName
check 'ca issue -n takes another CA' psm ca issue -d "$tmp/ca" \
	-i "$tmp/request" -n second --json
check 'JSON counts' out '"issued": 1'
check 'and has the serial' out '^    "[0-9a-f]*"$'
check 'ca issue refuses by id' psm ca issue -d "$tmp/ca" -i "$tmp/request" \
	--refuse "$id:go away" --json
check 'and counts that too' out '"refused": 1'
check 'an id that is not there is no harm' psm ca issue -d "$tmp/ca" \
	-i "$tmp/request" --refuse 1 --json
check 'the request is granted' out '"issued": 1'

need psm request -d "$tmp/db" -k rsa -s 'CN=P10,O=Example' --pkcs10 \
	-o "$tmp/p10"
id=$(psm pending -d "$tmp/db" && sed -n 's/ .*CN=P10.*//p' "$tmp/out")
check 'ca issue answers a PKCS#10 under an id' psm ca issue -d "$tmp/ca" \
	-i "$tmp/p10" --id "$id" -o "$tmp/p10.answer"
check 'which import finds' psm import -d "$tmp/db" -i "$tmp/p10.answer"
refused 'nonsense is no request' 13 ca issue -d "$tmp/ca" -i /etc/passwd
refused 'nothing is no request' 13 ca issue -d "$tmp/ca" -i /dev/null
refused 'a database without a CA has its status' 9 \
	ca issue -d "$tmp/db" -i "$tmp/request"

need psm request -d "$tmp/db" -k ec -s 'CN=Sub CA,O=Example' --ca \
	-o "$tmp/sub"
check 'ca issue --allow-ca issues a CA' psm ca issue -d "$tmp/ca" \
	-i "$tmp/sub" --allow-ca -o "$tmp/sub.answer"
check 'which its requester imports' psm import -d "$tmp/db" \
	-i "$tmp/sub.answer"
psm show -d "$tmp/db" -n "Sub CA's Example ID"
check 'as a CA' out '^CA  *yes'

check 'ca init --issuer makes a CA below another' psm ca init -d "$tmp/ca" \
	-n below --issuer ca -k ec -s 'CN=Below,O=Example'
check 'which ca issue takes' psm ca issue -d "$tmp/ca" -n below \
	-i "$tmp/request" --dialect cert -s 'CN=Bob,O=Example' -o "$tmp/chain"
check 'with the chain, which openssl verifies' \
	quietly openssl verify -x509_strict -CAfile "$tmp/ca.pem" \
	-untrusted "$tmp/chain" "$tmp/chain"
check 'and the subject that was chosen' \
	says 'CN = Bob' openssl x509 -in "$tmp/chain" -noout -subject
refused 'below that one there is none' 2 ca init -d "$tmp/ca" -n third \
	--issuer below -k ec -s 'CN=Third,O=Example'
refused 'nor below nobody' 9 ca init -d "$tmp/ca" -n third \
	--issuer nobody -k ec -s 'CN=Third,O=Example'
refused 'nor on a token that is not there' 12 ca init -d "$tmp/ca" -n third \
	-h nobody -k ec -s 'CN=Third,O=Example'
refused 'a subject that is none is not issued' 2 ca issue -d "$tmp/ca" \
	-i "$tmp/request" -s nonsense
verdict

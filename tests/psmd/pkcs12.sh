#!/bin/sh
# pkcs12.sh - createPKCS12ById by curl: what psm pfx-request asks for, and what
# openssl makes of the answer
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

fresh
need run "$PSMD" ca init -c "$conf"
need run openssl x509 -in "$dir/issuer.pem" -out "$tmp/issuer.pem"

# --- clients -----------------------------------------------------------------

# signer NAME: NAME.p12, under the password in signer.pw
printf 'p12\n' >"$tmp/signer.pw"
signer() {
	make_cert "$1"
	need run openssl pkcs12 -export -in "$tmp/$1.pem" \
		-inkey "$tmp/$1.key" -passout pass:p12 -out "$tmp/$1.p12"
}
signer signer
signer other

# client NAME ADDRESSES: an account, and its section
client() {
	a_password >"$tmp/$1.pw"
	cp "$tmp/signer.pem" "$dir/$1.pem"
	(umask 077
	head -c 32 /dev/urandom | base64 -w 20 >"$dir/$1.aes"
	head -c 20 /dev/urandom | od -An -v -tx1 | tr -d ' \n' \
		>"$dir/$1.em")
	need run "$PSMD" account add "$1" -c "$conf" -f "$tmp/$1.pw"
	set_to "client $1" aes_key_file "$1.aes"
	set_to "client $1" em_key_file "$1.em"
	set_to "client $1" certificate "$1.pem"
	set_to "client $1" addresses "$2"
}
client shop 127.0.0.0/8
client mall 127.0.0.1,::1
client far 192.0.2.0/24
set_to 'client mall' cipher ecb
for profile in pfx manual; do
	set_to "profile $profile" subject all
	set_to "profile $profile" alt_names given
	set_to "profile $profile" rsa_bits 2048
done
set_to 'profile manual' approval manual
set_to 'service pkcs12' enabled yes
set_to pkcs12 pool_rsa_3072 0
check 'psmd check finds nothing wrong' run "$PSMD" check -c "$conf"
start
path=/emCAServices/rest/createPKCS12ById

# --- requests ----------------------------------------------------------------

# request OPTION...: into $tmp/body; who asks, and for what, are $who, $signer,
# $profile, $application
who=shop signer=signer profile=pfx application=0
a_password >"$tmp/new.pw"
request() {
	rm -f "$tmp/body"
	psm pfx-request -i "$tmp/$signer.p12" \
		--backup-password-file "$tmp/signer.pw" --user "$who" \
		--user-password-file "$tmp/$who.pw" \
		--new-password-file "$tmp/new.pw" \
		--aes-key-file "$dir/$who.aes" --profile "$profile" \
		--subscriber 'subscriber 7' --application "$application" \
		-o "$tmp/body" "$@" || {
		cat "$tmp/err"
		exit 99
	}
}

# send: that body
send() {
	ask -H "emKey: $(cat "$dir/$who.em")" \
		-H 'Content-Type: application/json' \
		--data-binary "@$tmp/body" "$https$path"
}

# fails_with SENTENCE
fails_with() {
	[ "$(cat "$tmp/out")" = "{\"status\":\"failure\",\"result\":\"$1\",\
\"subscriberId\":null,\"requestId\":null}" ]
}

# takes FILE: the answer is a PKCS#12
takes() {
	rm -f "$1"
	status_is 200 && out '^{"status":"success","result":"[A-Za-z0-9+/=]*",'\
'"subscriberId":"subscriber 7","requestId":null}$' &&
		cp "$tmp/out" "$tmp/answer" &&
		psm pfx-answer -i "$tmp/answer" -o "$1"
}

# opens FILE: with the new password; $tmp/got.pem has all that is in it
opens() {
	run openssl pkcs12 -in "$1" -passin "file:$tmp/new.pw" -nodes \
		-out "$tmp/got.pem"
}

# shows PATTERN: of the certificate
shows() {
	run openssl x509 -in "$tmp/got.pem" -noout -text \
		-nameopt RFC2253,sep_comma_plus_space && out "$1"
}

# --- the document's own ------------------------------------------------------

application=document
request -s 'CN=Test123~SERIALNUMBER=04f85bdd24773b66e0bf16b0f59194c78855c7ffcb'\
'7c3cf40dce71ba4ff1e91~E=test987@test.com~O=eMudhra~OU=ESS~S=KARNATAKA~C=IN~'\
'PostalCode=570004~STREET= Bengaluru~ HOUSEIDENTIFIER=3-88~UID=test877~'\
'PSEUDONYM=test098~ PHONE=0123456789~TITLE=Mr~2.5.4.4=kumar~rfc822Name='\
'arjun.kb@emudhra.com~dNSName=www.emudhra.com~dNSName=*.emudhra.com~iPAddress='\
'10.80.106.78~iPAddress=10.80.106.79~registeredID=2.10.100.2.4.5' \
	--key RSA-2048 --validity 120:23:45:54
send
check 'the document'\''s request is answered with a PKCS#12' takes "$tmp/1.p12"
check 'as JSON' head_has '^content-type: application/json'
check 'which openssl opens' opens "$tmp/1.p12"
check 'key and certificate belong together' eval \
	'test "$(openssl pkey -in "$tmp/got.pem" -pubout)" = \
		"$(openssl x509 -in "$tmp/got.pem" -noout -pubkey)"'
check 'the chain is there' test \
	"$(grep -c 'BEGIN CERTIFICATE' "$tmp/got.pem")" -eq 3
check 'and good' run openssl verify -CAfile "$dir/ca.pem" \
	-untrusted "$tmp/issuer.pem" "$tmp/got.pem"
for part in 'CN=Test123' 'emailAddress=test987@test.com' 'ST=KARNATAKA' 'C=IN' \
	'postalCode=570004' 'street=Bengaluru' 'houseIdentifier=3-88' \
	'UID=test877' 'pseudonym=test098' 'title=Mr' 'SN=kumar' 'OU=ESS'; do
	check "the subject has $part" shows "Subject:.*$part"
done
check 'it has the other names' shows 'email:arjun.kb@emudhra.com, '\
'DNS:www.emudhra.com, DNS:\*.emudhra.com, IP Address:10.80.106.78, '\
'IP Address:10.80.106.79, Registered ID:2.10.100.2.4.5'
check 'and the key' shows 'Public-Key: (2048 bit)'
check 'the validity is what was asked for' test "$((
	$(date -d "$(openssl x509 -in "$tmp/got.pem" -noout -enddate |
		cut -d= -f2)" +%s) -
	$(date -d "$(openssl x509 -in "$tmp/got.pem" -noout -startdate |
		cut -d= -f2)" +%s)))" -eq $((120 * 86400 + 85554))
check 'the log has whose it was' logged \
	"request method=POST path=$path account=shop address=127.0.0.1 status=200"
check 'the audit trail has it' eval 'run "$PSMD" audit list -c "$conf" &&
	out "account=shop address=127.0.0.1 action=pkcs12.issue .*user=shop"'

cp "$tmp/answer" "$tmp/first"
send
check 'the same request has the same answer' cmp -s "$tmp/out" "$tmp/first"
request -s CN=Another --key EC-P256
send
check 'so has another one of that applicationId' \
	cmp -s "$tmp/out" "$tmp/first"
who=mall
request -s CN=Test --key EC-P384 --cipher ecb
send
check 'another client has its own, and ECB where that is set' \
	takes "$tmp/2.p12"
check 'of another key' eval 'opens "$tmp/2.p12" && shows "ASN1 OID: secp384r1"'
who=shop
application=ecb
request -s CN=Test --cipher ecb
send
check 'ECB is nobody else'\''s' fails_with 'Invalid input data'
check 'the log says whose it was' logged \
	'refused: account=shop address=127.0.0.1 why=Invalid input data$'

# --- openssl alone -----------------------------------------------------------

# by_hand CONTENT [OPTION...]: the same by openssl; BER of indefinite length
by_hand() {
	printf '%s' "$1" >"$tmp/content"
	shift
	need run openssl cms -sign -binary -nodetach -stream -outform DER \
		-in "$tmp/content" -signer "$tmp/signer.pem" \
		-inkey "$tmp/signer.key" -out "$tmp/signed" "$@"
}

seal_by_hand() {
	key=$(base64 -d "$dir/shop.aes" | od -An -v -tx1 | tr -d ' \n')
	iv=$(head -c 16 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	printf '{"signature":"%s","userName":"shop","password":"%s",'\
'"profileID":"pfx","subscriberId":"subscriber 7","applicationId":"%s"}' \
		"$(base64 -w 0 "$tmp/signed")" "$(cat "$tmp/shop.pw")" \
		"$application" >"$tmp/plain"
	{ printf %s "$iv" | sed 's/../\\x&/g' | xargs -0 printf '%b'
	openssl enc -aes-256-cbc -K "$key" -iv "$iv" -in "$tmp/plain"
	} | base64 | sed 's/$/\\r\\n/' | tr -d '\n' >"$tmp/data"
	printf '{"userName":"shop","requestData":"%s"}' \
		"$(cat "$tmp/data")" >"$tmp/body"
}
application=openssl
content="CN=By Hand,O=Acme,KeyAlgorithmAndSize=EC-P256,Password=$(
	cat "$tmp/new.pw")"
by_hand "$content"
check 'openssl writes indefinite lengths' test \
	"$(od -An -tx1 -N2 "$tmp/signed")" = ' 30 80'
seal_by_hand
send
check 'a request by openssl, with commas, is answered' takes "$tmp/3.p12"
check 'as it asks' eval 'opens "$tmp/3.p12" && shows "Subject:.*O=Acme"'
application=modified
sed -i 's/By Hand/By Hans/' "$tmp/signed"
seal_by_hand
send
check 'content that was changed is not' \
	fails_with 'Signature verification failed'
by_hand "$content" -md sha1
seal_by_hand
send
check 'nor is a signature of SHA-1' \
	fails_with 'Signature verification failed'
by_hand "$content" -nocerts
openssl x509 -in "$tmp/other.pem" -outform DER >>"$tmp/signed"
seal_by_hand
send
check 'nor is one with something behind it' \
	fails_with 'Signature verification failed'

# --- what is wrong -----------------------------------------------------------

application=wrong
signer=other
request -s CN=Test
send
check 'another signer is refused' fails_with 'Signature verification failed'
signer=signer
request -s O=Test
send
check 'so is content without a CN' fails_with 'Signature verification failed'
request -s CN=Test --validity 36136:00:00:00
send
check 'a validity beyond the limit' fails_with 'Invalid validity'
request -s CN=Test --validity 36135:23:59:59
send
check 'one beyond the profile' fails_with 'Invalid validity'
request -s CN=Test --from '31:02:2027 00:00:00'
send
check 'a day that is none' fails_with 'Invalid From Date'
request -s CN=Test --from '01:01:2020 00:00:00'
send
check 'one before the profile' fails_with 'Invalid From Date'
request -s CN=Test --key RSA-1024
send
check 'a weak key' fails_with 'Invalid parameter'
check 'the log says why' logged 'account=shop why=.* no such key$'
profile=none
request -s CN=Test
send
check 'a profile that is none' fails_with 'Profile does not exist'
check 'the log has it' logged 'account=shop .* why=Profile does not exist$'
profile=pfx
request -s CN=Test
ask -H 'Content-Type: application/json' --data-binary "@$tmp/body" \
	"$https$path"
check 'no emKey' fails_with 'Invalid request details found'
ask -H 'Content-Type: application/json' -H "emKey: $(cat "$dir/mall.em")" \
	--data-binary "@$tmp/body" "$https$path"
check 'another'\''s emKey' fails_with 'Invalid request details found'
cp "$tmp/shop.pw" "$tmp/right.pw"
wrong=$(a_password)
printf '%s\n' "$wrong" >"$tmp/shop.pw"
request -s CN=Test
send
check 'a wrong password' fails_with 'Invalid request details found'
cp "$tmp/right.pw" "$tmp/shop.pw"
who=far
request -s CN=Test
send
check 'an address that is not the client'\''s' \
	fails_with 'Invalid request details found'
check 'is in the log' logged 'account=far address=127.0.0.1 why=address'
who=shop
need run "$PSMD" account change shop -c "$conf" --disable
request -s CN=Test
send
check 'a disabled account' fails_with 'Invalid request details found'
need run "$PSMD" account change shop -c "$conf" --enable
send
check 'and enabled again' takes "$tmp/4.p12"
ask -H "emKey: $(cat "$dir/shop.em")" --data-binary "@$tmp/body" "$https$path"
check 'a form is no JSON' fails_with 'Invalid input data'
sed 's/"shop"/"none"/' "$tmp/body" >"$tmp/body2" && mv "$tmp/body2" "$tmp/body"
send
check 'a user who is no client' fails_with 'Invalid input data'
head -c 200000 /dev/zero | tr '\0' x >"$tmp/body"
send
check 'too much data' eval \
	'status_is 413 && fails_with "Invalid input data"'
ask "$https$path"
check 'GET is 405' eval \
	'status_is 405 && fails_with "Only POST is answered here"'
check 'which says what is not' head_has '^allow: POST$'
ask "$http$path"
check 'HTTP is refused' eval 'status_is 403 && fails_with "HTTPS is required"'

# --- approval ----------------------------------------------------------------

profile=manual application=approved
request -s CN=Approved --key EC-P256
send
check 'a manual profile has a number' out \
	'^{"status":"success","result":"[^"]*","subscriberId":"subscriber 7",'\
'"requestId":"[0-9]*"}$'
number=$(sed 's/.*"requestId":"\([0-9]*\)".*/\1/' "$tmp/out")
send
check 'and keeps it' out "\"requestId\":\"$number\""
check 'psmd order approves it' run "$PSMD" order approve "$number" -c "$conf"
send
check 'then it is made' takes "$tmp/5.p12"
application=rejected
request -s CN=Rejected --key EC-P256
send
number=$(sed 's/.*"requestId":"\([0-9]*\)".*/\1/' "$tmp/out")
check 'psmd order rejects another' run "$PSMD" order reject "$number" \
	--reason 'not today' -c "$conf"
send
check 'which is said' fails_with 'Request rejected: not today'
application=regretted
request -s CN=Regretted --key EC-P256
send
number=$(sed 's/.*"requestId":"\([0-9]*\)".*/\1/' "$tmp/out")
need run "$PSMD" order approve "$number" -c "$conf"
check 'what is approved and not made yet may be rejected' run "$PSMD" \
	order reject "$number" --reason 'a mistake' -c "$conf"
send
check 'and is not made' fails_with 'Request rejected: a mistake'
profile=pfx

# --- at once, and interrupted ------------------------------------------------

# made: how many there are
made() {
	"$PSMD" audit list -c "$conf" | grep -c action=pkcs12.issue
}
before=$(made) application=once
request -s CN=Once --key RSA-2048
seq 20 | xargs -P 20 -I @@ curl -sS --cacert "$dir/ca.pem" \
	-H "emKey: $(cat "$dir/shop.em")" -H 'Content-Type: application/json' \
	--data-binary "@$tmp/body" -o "$tmp/once.@@" "$https$path"
check 'twenty at once have one answer, if they can wait for it' test \
	"$(cat "$tmp"/once.* | sed 's/}/}\n/g' |
		grep -v 'Request is being processed' | sort -u | wc -l)" -eq 1
send
check 'which is a PKCS#12' takes "$tmp/6.p12"
check 'and the same one' grep -qxF -f "$tmp/answer" "$tmp"/once.*
check 'and make one certificate' test "$(made)" -eq $((before + 1))
for ms in 0.02 0.15 0.3; do
	before=$(made) application=kill$ms
	request -s CN=Kill --key RSA-3072
	send &
	sleep $ms
	kill -KILL "$psmd_pid"
	wait
	cat "$log" >>"$tmp/logs"
	start
	send
	check "killed after $ms s it makes one" takes "$tmp/kill.p12"
	check 'and no more' test "$(made)" -eq $((before + 1))
done
check 'the audit trail is whole' run "$PSMD" audit verify -c "$conf"

# --- secrets -----------------------------------------------------------------

{ cat "$tmp/shop.pw" "$tmp/mall.pw" "$tmp/far.pw" "$tmp/new.pw"
echo "$wrong"
cat "$dir/shop.em"
echo
head -n 1 "$dir/shop.aes"
sed -n 's/.*"requestData": *"\([^"]\{60\}\).*/\1/p' "$tmp/body"
} >"$tmp/secrets"
check 'there are secrets' test "$(grep -c '.\{16\}' "$tmp/secrets")" -eq 8
check 'none is in the log' not grep -F -f "$tmp/secrets" "$tmp/logs" "$log"
check 'nor in the records, nor in the database' not grep -r -a -l -F \
	-f "$tmp/secrets" "$dir" --include 'records.db*' --include '*.db'

# --- switched off ------------------------------------------------------------

set_to 'service pkcs12' enabled no
kill -HUP "$psmd_pid"
off() {
	send
	status_is 404
}
check 'switched off it is not there' in_time off
check 'which is said' fails_with 'This service is switched off'
check 'psmd ends well' stop
verdict

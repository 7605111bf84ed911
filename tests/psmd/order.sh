#!/bin/sh
# order.sh - people decide about orders: psmd order, and /api/orders
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/orders-lib.sh"
uses curl openssl

orders() {
	run "$PSMD" order "$@" -c "$conf"
}

fails() {
	code=$1
	shift
	orders "$@"
	[ $? -eq "$code" ]
}

fresh_issuer
account anna
account berta
account opal -p order-control
account sys -p system-control
fresh_client robot
start

# --- what is there -----------------------------------------------------------

check 'where there is none, none is listed' eval 'orders list &&
	[ ! -s "$tmp/out" ]'
csr first '/CN=First of them/O=Example' \
	-addext 'subjectAltName=email:a@x.example'
csr second '/CN=Second'
csr turned "/CN=abc$(printf '\342\200\256')gpj$(printf '\033')[31m"
check 'an order' order anna first A-1
first=$number
check 'and another' order berta second 'B 1'
second=$number
check 'and one with odd signs' order berta turned "x<b>&'\"--"
turned=$number
check 'and a PKCS#12' pkcs12_for robot A-17 Robot
pkcs12=$number

check 'are listed' orders list
check 'the newest first' eval '[ "$(cut -c 19-24 "$tmp/out")" = \
	"$pkcs12
$turned
$second
$first" ]'
check 'each with what it is' \
	out "^applied   csr     $first  20[0-9TZ:-]*  client  anna  A-1\$"
check 'the PKCS#12, too' \
	out "^applied   pkcs12  $pkcs12  20[0-9TZ:-]*  -  robot  A-17\$"
check 'a blank in a number makes no more words' out '  berta  B\\x201$'
check 'those of one account' eval 'orders list --account berta &&
	[ "$(wc -l <"$tmp/out")" -eq 2 ]'
check 'the newest of them' eval 'orders list --account berta --limit 1 &&
	[ "$(wc -l <"$tmp/out")" -eq 1 ] && out " $turned "'
check 'none is issued' eval 'orders list --state issued &&
	[ ! -s "$tmp/out" ]'
check 'four wait' eval 'orders list --state applied &&
	[ "$(wc -l <"$tmp/out")" -eq 4 ]'
check 'a state that is none is refused' fails 2 list --state waiting
check 'so is a limit' fails 2 list --limit 0
check 'and a number' fails 2 show 1x
check 'one is shown' orders show "$first"
check 'with the subject that is asked for' \
	out '^  subject     O=Example,CN=First of them$'
check 'and the other name' out '^  alt name    email a@x.example$'
hash=$(openssl pkey -in "$tmp/first.key" -pubout -outform DER |
	openssl sha256 -r | cut -c 1-64)
check 'the key' eval 'out "^  key         p256$" && out "^  spki        $hash$"'
check 'its proof' out '^  proof       proved$'
check 'and what is granted' eval 'out "^granted$" &&
	out "^  days        365$" && out "^  subject     account$"'
check 'a name does nothing to a terminal' eval 'orders show "$turned" &&
	out "^  subject     CN=abc.*xe2.x80.xaegpj" &&
	not env LC_ALL=C grep -q "$(printf "[\\033\\342]")" "$tmp/out"'
check 'a PKCS#12 is shown' eval 'orders show "$pkcs12" &&
	out "^kind          pkcs12$" && out "^subscriber    17$" &&
	out "^asked for     CN Robot$"'
need cp "$conf" "$tmp/kept.conf"
for days in days max_days; do
	set_to 'profile client' "$days" 30
done
check 'what keeps it from being issued now is said' eval '
	orders show "$first" && out "^trouble  *the profile has 30 days" &&
	out "^  proof       proved$"'
need cp "$tmp/kept.conf" "$conf"
check 'an order that is not there is not' eval 'fails 1 show 999999 &&
	err "there is no order 999999"'

# --- deciding, by command ----------------------------------------------------

check 'a rejection needs a reason' fails 2 reject "$second"
check 'of one line' fails 2 reject "$second" --reason "$(printf 'a\nb')"
check 'an order is rejected' orders reject "$second" --reason 'Who are you?'
check 'which shows' eval 'orders show "$second" &&
	out "^state         rejected$" && out "^reason        Who are you?$"'
check 'its request is kept no longer' not out '^asked for'
check 'once' eval 'fails 1 reject "$second" --reason again &&
	err "rejected already"'
check 'and for good' fails 1 approve "$second"
check 'one is approved' orders approve "$first" --reason fine
check 'and issued' eval 'orders show "$first" && out "^state         issued$" &&
	out "^certificate$" && out "^  subject     CN=anna$"'
check 'once, too' fails 1 approve "$first"
check 'the PKCS#12 is approved' orders approve "$pkcs12"
check 'which shows' eval 'orders show "$pkcs12" &&
	out "^state         approved$"'
check 'it waits no longer' eval 'orders list && not out "$pkcs12"'
check 'and is made when it is asked for again' pkcs12_for robot A-17 Robot
check 'then it has a certificate' eval 'orders show "$pkcs12" &&
	out "^state         issued$" && out "^certificate$"'
check 'the audit trail has it all' eval 'run "$PSMD" audit list -c "$conf" &&
	out "address=local action=order.approve object=$first reason=fine" &&
	out "address=local action=order.reject object=$second reason=Who" &&
	out "address=local action=pkcs12.approve object=$pkcs12 "'

# --- the page's API ----------------------------------------------------------

api=/api/orders

# as ACCOUNT CURL-ARGUMENT...
as() {
	name=$1
	shift
	ask --digest -u "$name:$(cat "$tmp/$name.pw")" "$@"
}

# act NAME=VALUE...: by POST
act() {
	for field; do
		set -- "$@" --data-urlencode "$field"
		shift
	done
	as opal "$@" "$https$api"
}

count_is() {
	[ "$(grep -o '"number":' "$tmp/out" | wc -l)" -eq "$1" ]
}

ask "$https$api"
check 'without a login nothing is told' eval 'status_is 401 && failed_with 9'
as sys "$https$api"
check 'nor without the privilege' failed_with 10
as sys -d number="$turned" -d action=approve "$https$api"
check 'nor done' failed_with 10
as opal "$https$api"
check 'with it there is a list' eval 'succeeded && count_is 3 &&
	out "\"waiting\":1" && out "\"more\":false"'
as opal "$https$api?limit=2"
check 'in pages' eval 'count_is 2 && out "\"more\":true" && not out "$first"'
as opal "$https$api?limit=2&before=$second"
check 'and the next one' eval 'count_is 1 && out "\"more\":false" &&
	out "\"number\":$first,"'
as opal "$https$api?state=applied"
check 'of one state' eval 'count_is 1 && out "\"number\":$turned,"'
as opal -G --data-urlencode "account=' OR 1=1 --" "$https$api"
check 'an account is text' eval 'succeeded && count_is 0'
for bad in state=waiting before=-1 limit=201 limit=x number=0 \
	number=99999999999999999999 account=%ff; do
	as opal "$https$api?$bad"
	check "$bad is refused" failed_with 12 "${bad%%=*}"
done
as opal "$https$api?number=999999"
check 'an order that is none is not there' failed_with 12 number
as opal "$https$api?number=$turned"
check 'one is shown with what it asks for' eval 'succeeded &&
	out "\"proof\":\"proved\"" && out "\"keyType\":\"p256\"" &&
	out "\"grants\":{\"subject\":\"account\""'
as opal -X PUT "$https$api"
check 'another method is refused' failed_with 3

act action=approve
check 'an action is about a number' failed_with 11 number
act number="$turned"
check 'and has a name' failed_with 11 action
act number="$turned" action=eat
check 'of an action' failed_with 12 action
act number="$turned" action=reject
check 'a rejection needs a reason' failed_with 11 reason
act number="$turned" action=approve reason="$(printf 'a\tb')"
check 'which is a line of text' failed_with 12 reason
act number="$turned" action=approve reason="$(printf '%0256d' 0)"
check 'of 255 bytes' failed_with 12 reason
act number=999999 action=approve
check 'an order that is none is not approved' failed_with 12 number
act number="$second" action=approve
check 'nor one that is rejected' failed_with 18 number
as opal -H 'Origin: https://evil.example' -d number="$turned" \
	-d action=approve "$https$api"
check 'nor one for another site' failed_with 9
act number="$turned" action=approve reason="$(printf '%0255d' 0)"
check 'one is approved and issued' eval 'succeeded &&
	out "\"state\":\"issued\"" && out "\"serial\":\"[0-9a-f]*\""'
serial=$(sed 's/.*"serial":"\([0-9a-f]*\)".*/\1/' "$tmp/out")
id=$(sed 's/.*"certificates":\[{"id":"\([0-9]*\)".*/\1/' "$tmp/out")

# revoked_as REASON: so the CRL says
revoked_as() {
	run openssl crl -inform DER -in "$dir/ca.crl" -noout -text &&
		tr -d '\n' <"$tmp/out" |
		grep -qi "Number: 0*$serial .*Reason Code: *$1"
}

act number="$turned" action=revoke
check 'a revocation needs a reason' failed_with 11 reason
act number="$turned" action=revoke reason=because
check 'that is one' failed_with 12 reason
act number="$first" action=revoke reason=superseded certificate="$id"
check 'and a certificate of the order' failed_with 12 certificate
act number="$turned" action=revoke reason=removeFromCRL
check 'what is good is not released' failed_with 18
act number="$turned" action=revoke reason=certificateHold certificate="$id"
check 'it is put on hold' eval 'succeeded && out "\"state\":\"revoked\"" &&
	out "\"revocationReason\":\"certificateHold\"" && not out warning'
check 'for everybody to see' revoked_as 'Certificate Hold'
act number="$turned" action=revoke reason=removeFromCRL
check 'and released' eval 'succeeded && out "\"state\":\"issued\"" &&
	not revoked_as .'
act number="$turned" action=revoke reason=keyCompromise
check 'and revoked' eval 'succeeded && revoked_as "Key Compromise"'
act number="$turned" action=revoke reason=superseded
check 'once' failed_with 18
act number="$pkcs12" action=revoke reason=superseded
check 'a PKCS#12'\''s certificate, too' eval 'succeeded &&
	out "\"state\":\"revoked\""'
who='account=opal address=127.0.0.1'
check 'who did it is in the audit trail' eval \
	'run "$PSMD" audit list -c "$conf" &&
	out "$who action=order.approve object=$turned " &&
	out "$who action=cert.revoke object=$id reason=1 "'
check 'and in the log' logged "audit $who action=order.revoke object=$turned"
check 'the trail is intact' run "$PSMD" audit verify -c "$conf"

# --- nobody need log in for certificates, but for this -----------------------

set_to 'service system' auth none
restart
ask "$https/api/cert/user"
check 'where certificates need no login' succeeded
ask "$https$api"
check 'orders do' eval 'status_is 401 && failed_with 9'
as opal "$https$api"
check 'by the page alone' status_is 401
ask -c "$tmp/jar" -d name=opal \
	--data-urlencode "password=$(cat "$tmp/opal.pw")" "$https/session"
token=$(sed -n 's/.*"token":"\([0-9a-f]*\)".*/\1/p' "$tmp/out")
ask -b "$tmp/jar" "$https$api"
check 'with its session they are listed' eval 'succeeded && count_is 3'
ask -b "$tmp/jar" -d number="$first" -d action=revoke -d reason=superseded \
	"$https$api"
check 'nothing is done without its token' failed_with 9
ask -b "$tmp/jar" -H "X-PSM-Token: $token" -d number="$first" \
	-d action=revoke -d reason=superseded "$https$api"
check 'with it it is' eval 'succeeded && out "\"state\":\"revoked\""'
check 'psmd ends well' stop
verdict

#!/bin/sh
# ca.sh - the authority: made, served, its CRL published and kept fresh
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses certutil curl openssl sqlite3

# ca COMMAND OPTION...
ca() {
	command=$1
	shift
	run "$PSMD" ca "$command" -c "$conf" "$@"
}

ca_fails() {
	code=$1
	shift
	ca "$@"
	[ $? -eq "$code" ]
}

# reload: the daemon has read its configuration again
reload() {
	: >"$log"
	kill -HUP "$psmd_pid"
	in_time logged 'was read again'
}

# crl_is_good: what is published is the authority's, whole and in date; its
# text is in $tmp/crl
crl_is_good() {
	openssl crl -inform DER -in "$dir/ca.crl" -out "$tmp/crl.pem" -text \
		-CAfile "$dir/issuer.pem" -verify >"$tmp/crl.out" 2>&1 &&
		grep -q 'verify OK' "$tmp/crl.out" && {
		openssl crl -in "$tmp/crl.pem" -noout -text
		openssl crl -in "$tmp/crl.pem" -noout -crlnumber
	} >"$tmp/crl"
}

# number: of the CRL that is published, in decimal
number() {
	crl_is_good && echo $(($(sed -n 's/^crlNumber=\(0x\)\{0,1\}/0x/p' \
		"$tmp/crl")))
}

# in_crl PATTERN
in_crl() {
	crl_is_good && grep -q -e "$1" "$tmp/crl"
}

grows() {
	was=$crl_number
	crl_number=$(number)
	[ "$crl_number" -gt "$was" ]
}

has_grown() {
	[ "$(number)" -gt "$crl_number" ]
}

# order NAME: its certificate in NAME.pem, its serial number in $serial
order() {
	need run openssl req -new -newkey ec -pkeyopt \
		ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$tmp/$1.key" -out "$tmp/$1.csr"
	ask --data-urlencode "loginName=$user" \
		--data-urlencode "loginPassword=$password" \
		--data-urlencode "csr@$tmp/$1.csr" -d collect=Y \
		"$https/products/!applyClientAuthCert"
	sed -n 's/.*"certificate": *"\([^"]*\)".*/\1/p' "$tmp/out" |
		sed 's/\\n/\n/g' >"$tmp/$1.pem"
	serial=$(openssl x509 -in "$tmp/$1.pem" -noout -serial |
		sed 's/serial=//')
	[ -n "$serial" ]
}

id_of() {
	sqlite3 "$dir/records.db" "SELECT id FROM certificate WHERE serial =
		lower(ltrim('$1', '0'))"
}

# valid NAME: with the chain and the CRL
valid() {
	crl_is_good && run openssl verify -x509_strict -purpose sslclient \
		-CAfile "$dir/ca.pem" -untrusted "$dir/issuer.pem" \
		-crl_check -CRLfile "$tmp/crl.pem" "$tmp/$1.pem"
}

is_revoked() {
	not valid "$1" && err 'certificate revoked'
}

# has_status CODE PATH [CURL-ARGUMENT...]
has_status() {
	code=$1 path=$2
	shift 2
	ask --path-as-is "$@" "$https$path"
	status_is "$code"
}

# --- there is none

fresh
set_to 'service orders' enabled yes
start
for path in crl cert chain; do
	check "without an authority there is no $path" has_status 404 /ca/$path
done
check 'nor a CRL' ca_fails 1 crl
check 'which says how to make it' err 'psmd ca init'
check 'the log says so too' in_time logged 'psmd ca init'
check 'it serves all the same' healthy

# --- it is made while psmd runs

check 'an authority is made' ca init
check 'it is named' out '^authority  *#issuer$'
check 'and what is next' out 'service orders'
check 'below #ca' run openssl verify -x509_strict -CAfile "$dir/ca.pem" \
	"$dir/issuer.pem"
check 'with none below itself' eval 'run openssl x509 -noout -text \
	-in "$dir/issuer.pem" && out "CA:TRUE, pathlen:0"'
check 'certutil thinks so too' nss certutil -V -n '#issuer' -u L -e
check 'its chain is for everybody to read' \
	test "$(stat -c %a "$dir/issuer.pem")" = 644
check 'and has both' \
	test "$(grep -c BEGIN "$dir/issuer.pem")" -eq 2
check 'its CRL is there' in_crl 'No Revoked'
check 'for everybody' test "$(stat -c %a "$dir/ca.crl")" = 644
check 'the one with its chain, too' \
	test "$(stat -c %a "$dir/ca.crl.pem")" = 644
check 'that has both' test "$(grep -c BEGIN "$dir/ca.crl.pem")" -eq 2
check 'and does for all levels' run openssl verify -x509_strict \
	-crl_check_all -CRLfile "$dir/ca.crl.pem" -CAfile "$dir/ca.pem" \
	"$dir/issuer.pem"
check 'the trail says who it is' eval 'run "$PSMD" audit list -c "$conf" &&
	out "address=local action=ca.init object=#issuer sha256=.* subject=CN="'
check 'there is one only' ca_fails 1 init
check 'as is said' err 'the nickname "#issuer" is taken'
crl_number=$(number)

check 'psmd serves its CRL' has_status 200 /ca/crl
check 'as it is' cmp "$tmp/out" "$dir/ca.crl"
check 'as one' head_has '^content-type: application/pkix-crl$'
check 'its certificate' in_time has_status 200 /ca/cert
check 'as one' head_has '^content-type: application/pkix-cert$'
check 'in DER' eval '[ "$(openssl x509 -inform DER -in "$tmp/out")" = \
	"$(openssl x509 -in "$dir/issuer.pem")" ]'
check 'its chain' has_status 200 /ca/chain
check 'as it is' cmp "$tmp/out" "$dir/issuer.pem"
ask "$http/ca/crl"
check 'over HTTP too' cmp "$tmp/out" "$dir/ca.crl"
check 'HEAD' has_status 200 /ca/crl -I
for method in POST PUT DELETE; do
	check "$method is none of it" has_status 405 /ca/crl -X $method
	check 'GET is' head_has '^allow: GET, HEAD$'
done
for path in /ca /ca/ /ca/psmd.conf /ca/../ca.pem /ca/%2e%2e/ca.pem \
	/ca/crl/x /ca/ca.crl; do
	check "$path is nothing" has_status 404 "$path"
done

# --- revocation

need order good
need order bad
bad=$serial
need order held
held=$(id_of "$serial")
check 'what it issues is valid' valid good
check 'a certificate is revoked by its serial number' \
	ca revoke --reason keyCompromise "00$bad"
check 'it is named' out "^account  *$user$"
check 'and its reason' out '^reason  *keyCompromise$'
check 'the CRL says so' in_crl 'Key Compromise'
check 'and has another number' grows
check 'to openssl' is_revoked bad
check 'and to nobody else' valid good
check 'psmd serves that one' has_status 200 /ca/crl
check 'at once' cmp "$tmp/out" "$dir/ca.crl"
check 'not once more' ca_fails 1 revoke --reason superseded "$bad"
check 'as is said' err 'is revoked already'
check 'one is held by its id' ca revoke --reason CERTIFICATEHOLD "$held"
check 'openssl knows' is_revoked held
check 'why' in_crl 'Certificate Hold'
check 'not twice' ca_fails 1 revoke --reason certificateHold "$held"
check 'as is said' err 'is on hold already'
check 'and released' ca revoke --reason removeFromCRL "$held"
check 'so it is valid' valid held
check 'no other can be' ca_fails 1 revoke --reason removeFromCRL "$bad"
check 'as is said' err 'is not on hold'
check 'a reason is needed' ca_fails 2 revoke "$held"
check 'one that there is' ca_fails 2 revoke --reason because "$held"
for word in 12 x 1000000000009999 -- 0 "$(printf %050d 1)" "$held'"; do
	check "no certificate: $word" ca_fails 1 revoke --reason superseded \
		-- "$word"
done

# an id that is the serial number of another as well
good=$(id_of "$(openssl x509 -in "$tmp/good.pem" -noout -serial |
	sed 's/serial=//')")
need run sqlite3 "$dir/records.db" \
	"UPDATE certificate SET serial = '$held' WHERE id = $good"
check 'what may be two is none' ca_fails 1 revoke --reason superseded "$held"
check 'as is said' err 'and the serial number of another'
check 'with a zero it is the serial number' \
	ca revoke --reason superseded "0$held"
check 'of that other' out "^certificate  *$good$"

# --- it stays fresh

was=$(number)
check 'another CRL is made' ca crl
check 'and told of' out '^number  *[0-9]'
check 'in its place' in_crl 'Superseded'
check 'with a greater number' test "$(number)" -gt "$was"
crl_number=$(number)
rm "$dir/ca.crl"
reload
check 'one that is lost is made again' in_time has_grown
crl_number=$(number)
rm "$dir/ca.crl.pem"
reload
check 'with its chain, too' in_time has_grown
check 'which is there' test -s "$dir/ca.crl.pem"
set_to ca crl_days 1
crl_number=$(number)
reload
check 'one that is good for too long, too' in_time has_grown
# killed between a revocation and its publication
crl_number=$(number)
need run sqlite3 "$dir/records.db" \
	"UPDATE counter SET value = value + 1 WHERE name = 'crl'"
reload
check 'one that an interruption made old' in_time has_grown
crl_number=$(number)
reload
sleep 0.5
check 'no other one' test "$(number)" -eq "$crl_number"
set_to ca nickname '#other'
rm "$dir/ca.crl"
reload
check 'another authority waits for the next start' \
	in_time in_crl 'Key Compromise'
set_to ca nickname '#issuer'
need order late
late=$serial
check 'psmd ends well' stop

# --- the records are an older copy, or lost

cp "$dir/records.db" "$tmp/older.db"
need ca revoke --reason superseded "$late"
cp "$tmp/older.db" "$dir/records.db"
check 'an older copy of the records' ca crl
check 'is told of' err 'ca.crl is newer than the records'
check 'what was revoked since stays so' is_revoked late
check 'for the records, too' ca_fails 1 revoke --reason superseded "$late"
mv "$dir/records.db" "$tmp/older.db"
need run "$PSMD" account add "$user" -c "$conf" --generate
check 'with others that are made anew' ca crl
check 'it is so still' is_revoked late
check 'and what was before, too' is_revoked bad
mv "$tmp/older.db" "$dir/records.db"

if command -v faketime >/dev/null && ! is_sanitized; then
	need run faketime '13 hours ago' "$PSMD" ca crl -c "$conf"
	crl_number=$(number)
	start
	check 'half of its time later it is made again' in_time has_grown
	check 'psmd ends well' stop
else
	skip 'faketime is not installed, or a sanitizer does not go with it'
fi

# --- by root, for another user

if [ "$(id -u)" -eq 0 ]; then
	chmod go+x "$tmp"
	set_to server user nobody
	rm "$dir/records.db-crl"
	chown -R nobody "$dir"
	check 'root makes another' ca crl
	crl_number=$(number)
	check 'whose lock is the user'\''s' \
		test "$(stat -c %U "$dir/records.db-crl")" = nobody
	start
	check 'psmd runs as that user' grep -q \
		"^Uid:.$(id -u nobody).$(id -u nobody)" "/proc/$psmd_pid/status"
	check 'and serves it' has_status 200 /ca/crl
	rm "$dir/ca.crl"
	reload
	check 'which makes the next' in_time has_grown
	check 'root makes one again' ca crl
	check 'psmd ends well' stop
	set_to server user ''
	chown -R root "$dir"
	chmod go-x "$tmp"
else
	skip 'only root can work for another user'
fi

# --- several, and an end in the middle

for i in 1 2 3 4; do
	"$PSMD" ca crl -c "$conf" >"$tmp/several$i" 2>&1 </dev/null &
	eval "pid$i=\$!"
done
# shellcheck disable=SC2154 # by eval
wait "$pid1" && wait "$pid2" && wait "$pid3" && wait "$pid4"
tell $? 'several at a time are made'
check 'each once' test "$(sqlite3 "$dir/records.db" "SELECT count(*) -
	count(DISTINCT details) FROM audit WHERE action = 'crl.number'")" -eq 0
check 'and the last is published' test "$(number)" -eq "$(sqlite3 \
	"$dir/records.db" "SELECT value FROM counter WHERE name = 'crl'")"
for ms in 05 10 15 20 25 30 40 50 70 90; do
	"$PSMD" ca crl -c "$conf" >"$tmp/out" 2>"$tmp/err" </dev/null &
	victim=$!
	sleep "0.$ms"
	kill -KILL "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	check "killed after ${ms}0 ms it leaves one" crl_is_good
done
check 'the next one works' ca crl
check 'as ever' test "$(number)" -eq "$(sqlite3 "$dir/records.db" \
	"SELECT value FROM counter WHERE name = 'crl'")"
check 'and leaves nothing else' not test -e "$dir/ca.crl.new"

# --- others

set_to ca nickname '#root'
check 'a root is made' ca init --root -k rsa-2048 -s 'CN=Root,O=Example'
check 'that is one' eval 'run openssl x509 -noout -text \
	-in "$dir/issuer.pem" && out "Subject: .*CN = Root" &&
	out "Issuer: .*CN = Root" && out "(2048 bit)"'
check 'alone' test "$(grep -c BEGIN "$dir/issuer.pem")" -eq 1
check 'its CRL has nothing of another'\''s' in_crl 'No Revoked'
check 'the configuration is fine with it' run "$PSMD" check -c "$conf"
check 'what another has issued is on no CRL of its' ca_fails 1 revoke \
	--reason superseded "$(openssl x509 -in "$tmp/held.pem" -noout \
	-serial | sed 's/serial=//')"
check 'as is said' err 'it is done, but not published: a CRL of "#issuer"'
set_to ca nickname '#below'
check 'another is made below that' \
	ca init --issuer '#root' --days 30 -k ec-p384 -s CN=Below
check 'for so long' eval 'openssl x509 -in "$dir/issuer.pem" -noout \
	-checkend 2588400 && ! openssl x509 -in "$dir/issuer.pem" -noout \
	-checkend 2595600'
set_to ca nickname '#last'
check 'none below that' ca_fails 1 init --issuer '#below' -s CN=Last
check 'as is said' err 'may not have others below it'
check 'nor below one that is not there' ca_fails 1 init --issuer '#no'
rm "$dir/ca.crl"
mkdir "$dir/issuer.pem.new"
set_to ca nickname '#stuck'
check 'one whose chain cannot be written is told of' \
	ca_fails 1 init -s CN=Stuck
check 'as is said' err 'issuer.pem: Is a directory'
check 'but there' eval 'err "but the authority is there$" &&
	nss certutil -V -n "#stuck" -u L -e'
check 'with its CRL' test -s "$dir/ca.crl"
rmdir "$dir/issuer.pem.new"
set_to ca nickname '#last'
for option in '--days 0' '--days x' '--key dsa' '--root --issuer #ca'; do
	# shellcheck disable=SC2086 # options are words
	check "no: $option" ca_fails 2 init $option
done
check 'no subject' ca_fails 1 init -s nonsense
check 'an empty one' eval 'ca_fails 1 init -s "" && err "subject is needed"'
check 'nothing is left of them' not nss certutil -L -n '#last'

# --- on a token

for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib*/*/libsofthsm2.so \
	/usr/lib*/*/softhsm/libsofthsm2.so; do
	[ -e "$module" ] && break
done
if ! [ -e "$module" ] || ! command -v modutil softhsm2-util >"$tmp/out"; then
	skip 'SoftHSM or modutil is not installed'
	verdict
fi
mkdir "$tmp/tokens"
SOFTHSM2_CONF=$tmp/softhsm2.conf
export SOFTHSM2_CONF
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$tmp/tokens" \
	>"$SOFTHSM2_CONF"
need run softhsm2-util --init-token --free --label card --pin 1234 \
	--so-pin 5678
need run modutil -force -dbdir "sql:$dir/nss" -add softhsm -libfile "$module"
set_to ca nickname 'card:#card'
check 'a token without a password makes none' ca_fails 1 init
check 'as is said' err 'no password_file is named'
(umask 077 && echo 9999 >"$dir/card.pin")
set_to ca token_password_file card.pin
check 'nor with a wrong one' ca_fails 1 init
check 'which is named' err 'card'
echo 1234 >"$dir/card.pin"
set_to ca nickname 'card:#issuer'
check 'nor one that the database has a namesake of' ca_fails 1 init -s CN=Card
check 'as is said' err 'the nickname "#issuer" is taken'
set_to ca nickname 'card:#card'
check 'with the right one it does' ca init -s CN=Card
check 'named' out '^authority  *card:#card$'
check 'its chain is good' run openssl verify -x509_strict \
	-CAfile "$dir/ca.pem" "$dir/issuer.pem"
check 'the database has no key of it' eval 'nss certutil -K &&
	! out "#card"'
printf 'NSS Certificate DB:%s\ncard:1234\n' "$(cat "$dir/nss.pin")" \
	>"$tmp/pins"
run "$PSM" backup -d "$dir/nss" -f "$tmp/pins" -n 'card:#card' \
	-o "$tmp/card.p12" --backup-password-file "$dir/card.pin"
check 'the key does not leave it' test $? -eq 16
start
check 'psmd issues with it' eval 'order carded && valid carded'
check 'and revokes' ca revoke --reason superseded "$serial"
check 'as openssl sees it' is_revoked carded
check 'psmd ends well' stop
echo 9999 >"$dir/card.pin"
rm "$dir/ca.crl"
start
check 'a wrong password is told of' in_time logged 'password'
check 'it serves all the same' healthy
kill -HUP "$psmd_pid"
check 'and is not tried again' in_time logged 'not tried again'
echo 1234 >"$dir/card.pin"
kill -HUP "$psmd_pid"
check 'the right one is' in_time crl_is_good
check 'psmd ends well' stop
for pin in 1234 9999; do
	check 'no PIN is in the log' not logged "$pin"
done
verdict

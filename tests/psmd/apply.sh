#!/bin/sh
# apply.sh - !applyClientAuthCert: the document's own requests and answers, each
# argument and each of its limits, the three steps
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl python3 certutil

# give NAME [PASSWORD]: an account, whose password is in NAME.pw
give() {
	printf %s "${2:-$(a_password)}" >"$tmp/$1.pw"
	need run setsid -w "$PSMD" account add "$1" -c "$conf" -f "$tmp/$1.pw"
}

# order [NAME=VALUE|NAME@FILE...]: a call by $user with its password
order() {
	set -- "$@" "loginName=$user" "loginPassword@$tmp/$user.pw"
	call "$@"
}
call() {
	set -- "$@" end
	while [ "$1" != end ]; do
		set -- "$@" --data-urlencode "$1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words
	ask $with "$@" "$door"
}
with= # more arguments of curl's

# error_is CODE [ITEM]: and it is all of the answer
error_is() {
	status_is 200 && head_has '^content-type: application/json' &&
		out "^{\"error\":{\"code\":$1,\"description\":\"..*\",\"item\":${2:+\"}${2:-null}${2:+\"}}}\$"
}
wrong() {
	error_is -4 "$1" && out "The value of the '$1' argument is invalid!"
}

# done_is APPLIED ISSUED ADDED: code 0, and what was done; the order's number is
# $number, and what was collected is in got.pem
done_is() {
	status_is 200 || return
	out "\"status\":{\"applied\":\"$1\",\"issued\":\"$2\",\"addedToUser\":\"$3\"},\"error\":{\"code\":0,\"description\":null,\"item\":null}}\$" || return
	number=$(sed -n 's/^{"orderNumber":"\([0-9]*\)".*/\1/p' "$tmp/out")
	: >"$tmp/got.pem"
	if [ "$2" = Yes ]; then
		got
	else
		! out '"certificate"'
	fi
}
got() {
	python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["certificate"], end="")' "$tmp/out" \
		>"$tmp/got.pem" 2>>"$tmp/err"
}

# row SENTENCE CODE ITEM [NAME=VALUE|NAME@FILE|&BODY]...: a call that is made
# with others by rows, and fails so; by $as, unless that is empty
row() {
	printf '%s\n' "$1" >>"$tmp/sentences"
	printf '%s %s\n' "$2" "$3" >>"$tmp/expected"
	shift 3
	[ -z "$as" ] || set -- "$@" "loginName=$as" "loginPassword@$tmp/$as.pw"
	{
		[ ! -s "$tmp/rows" ] || echo next
		printf 'url = "%s"\ncacert = "%s"\n' "$door" "$dir/ca.pem"
		printf '%s\n' 'write-out = " %{http_code}\n"'
		for pair in "$@"; do
			row_value
		done
	} >>"$tmp/rows"
}
row_value() {
	case $pair in
	'&'*)
		printf 'data = "%s"\n' "${pair#&}"
		return
		;;
	*@"$tmp"/*) ;;
	*)
		values=$((values + 1))
		printf %s "${pair#*=}" >"$tmp/value$values"
		pair=${pair%%=*}@$tmp/value$values
		;;
	esac
	printf 'data-urlencode = "%s"\n' "$pair"
}
values=0 as=bob

# rows: make the calls, over one connection, and look at their answers
rows() {
	run curl -sS --max-time 60 -K "$tmp/rows"
	mv "$tmp/out" "$tmp/answers"
	while IFS= read -r sentence <&3 && read -r code item <&4; do
		IFS= read -r answer <&5
		printf '%s\n' "$answer" >"$tmp/out"
		check "$sentence" row_is "$code" "$item"
	done 3<"$tmp/sentences" 4<"$tmp/expected" 5<"$tmp/answers"
	rm -f "$tmp/rows" "$tmp/sentences" "$tmp/expected"
}
row_is() {
	what='..*'
	[ "$1" != -4 ] || what="The value of the '$2' argument is invalid!.*"
	out "^{\"error\":{\"code\":$1,\"description\":\"$what\",\"item\":${2:+\"}${2:-null}${2:+\"}}} 200\$"
}

# record SQL: of the records
record() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
with db:
    for row in db.execute(sys.argv[2]):
        print(*row)' "$dir/records.db" "$1"
}
orders() {
	record 'SELECT count(*) FROM orders'
}

# request NAME KIND [OPTION...]: NAME.csr
request() {
	name=$1 kind=$2
	shift 2
	case $kind in
	rsa*) set -- -newkey "rsa:${kind#rsa}" "$@" ;;
	*) set -- -newkey ec -pkeyopt "ec_paramgen_curve:$kind" "$@" ;;
	esac
	need run openssl req -new -nodes -subj /CN=Mallory/O=Evil \
		-keyout "$tmp/$name.key" -out "$tmp/$name.csr" "$@"
}

# long N CHARACTER: so many
long() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}

fresh
printf %s "$password" >"$tmp/admin.pw"
set_to 'service orders' enabled yes
set_to tls client_cert request
set_to tls client_ca '#ca'
need run "$PSMD" ca init -c "$conf"
give bob
give 'Zoë'
give carol
give mallory
need run "$PSMD" account change mallory -c "$conf" --disable
start
path='/products/!applyClientAuthCert'
door=$https$path
user=bob

request a P-256
request b P-256
request rsa rsa3072
request small rsa2048

# --- the document's samples

order "csr@$tmp/a.csr" days=365
check 'an order is accepted' done_is Yes No No
check 'and answered as the document has it' test "$(cat "$tmp/out")" = \
	"{\"orderNumber\":\"$number\",\"status\":{\"applied\":\"Yes\",\"issued\":\"No\",\"addedToUser\":\"No\"},\"error\":{\"code\":0,\"description\":null,\"item\":null}}"
check 'with a number of six digits' test "${#number}" -eq 6
order "csr@$tmp/rsa.csr" days=365 'UserLoginNameForCert=Zoë' collect=Y \
	responseType=0
check 'order, collect and authorize in one request' done_is Yes Yes Yes
check 'the certificate is in PEM' test "$(head -n 1 "$tmp/got.pem")" = \
	'-----BEGIN CERTIFICATE-----'
check 'one' test "$(grep -c BEGIN "$tmp/got.pem")" -eq 1
check 'openssl verifies it' run openssl verify -x509_strict -purpose sslclient \
	-CAfile "$dir/issuer.pem" "$tmp/got.pem"
run openssl x509 -noout -subject -in "$tmp/got.pem"
check 'it is for the account, whatever the request says' out '^subject=CN = bob$'
serial=$(openssl x509 -noout -serial -in "$tmp/got.pem" | sed 's/.*=//')
id=$(record "SELECT id FROM certificate ORDER BY id DESC LIMIT 1")
order "csr@$tmp/b.csr" collect=Y responseType=2
check 'collected as PKCS#7' done_is Yes Yes No
check 'in its armour' test "$(head -n 1 "$tmp/got.pem")" = '-----BEGIN PKCS7-----'
run openssl pkcs7 -print_certs -in "$tmp/got.pem"
check 'with the intermediate and the root' test \
	"$(grep -c BEGIN "$tmp/out")" -eq 3
order days=366
check 'the error of the document' test "$(cat "$tmp/out")" = \
	"{\"error\":{\"code\":-4,\"description\":\"The value of the 'days' argument is invalid!\",\"item\":\"days\"}}"
check 'is answered with 200' status_is 200

# --- as a form

order "csr@$tmp/a.csr" responseFormat=1
check 'responseFormat=1 answers with a form' out \
	'^errorCode=0&errorMessage=&orderNumber=[0-9]*&applied=Yes&issued=No&addedToUser=No&status=1$'
check 'of that type' head_has \
	'^content-type: application/x-www-form-urlencoded'
order "csr@$tmp/a.csr" days=1 responseFormat=1
check 'errors too' out \
	"^errorCode=-4&errorMessage=The+value+of+the+%27days%27+argument+is+invalid%21&errorItem=days&status=0\$"
order collect=Y "certificateID=$id" responseFormat=1
check 'and certificates' out \
	'&certificate=-----BEGIN+CERTIFICATE-----%0A.*%3D%3D\?%0A-----END+CERTIFICATE-----%0A&\|&certificate=-----BEGIN+CERTIFICATE-----%0A.*-----END+CERTIFICATE-----%0A&'
door=$http$path
order responseFormat=1
check 'refusals too' out '^errorCode=-1&errorMessage=.*&status=0$'
with='--get'
order
check 'not over HTTPS comes before not by POST' error_is -1
door=$https$path
order
check 'GET is -17' error_is -17
with='-X PUT'
order responseFormat=1
check 'and so is PUT, as a form as well' out '^errorCode=-17&'
with='--head --get'
order
check 'and HEAD' status_is 200
with=

# --- who asks

give long "$(long 128 p)"
as=
row 'no loginName' -3 loginName "csr@$tmp/a.csr"
row 'no loginPassword' -3 loginPassword loginName=bob "csr@$tmp/a.csr"
row 'an empty one is none' -3 loginPassword loginName=bob loginPassword=
tried=$(a_password)
row 'a wrong one, before anything is said of the rest' -16 '' loginName=bob \
	"loginPassword=$tried" days=9 collect=X
row 'a name that is none' -16 '' loginName=nobody loginPassword=wrong
row 'an account that is disabled' -16 '' loginName=mallory \
	"loginPassword@$tmp/mallory.pw"
row 'names are case sensitive' -16 '' loginName=BOB "loginPassword@$tmp/bob.pw"
row 'a name of 64 characters' -16 '' "loginName=$(long 64 x)" loginPassword=x
row 'a name of 65' -4 loginName "loginName=$(long 65 x)" loginPassword=x
row 'a password of 128 characters' -3 csr loginName=long \
	"loginPassword=$(long 128 p)"
row 'a password of 129' -4 loginPassword loginName=long \
	"loginPassword=$(long 129 p)"
as=bob
rows
with="--digest -u bob:x"
call "csr@$tmp/a.csr"
check 'a header does not log in' error_is -3 loginName
with=
call LOGINNAME=bob "LoginPassword@$tmp/bob.pw" "CSR@$tmp/a.csr" COLLECT=Y
check 'names of parameters are taken in any case' done_is Yes Yes No
user='Zoë'
order "csr@$tmp/a.csr" collect=Y
check 'an account whose name is not ASCII' done_is Yes Yes No
run openssl x509 -noout -subject -nameopt utf8 -in "$tmp/got.pem"
check 'is in its certificate' out '^subject=CN=Zoë$'
user=bob

# --- each argument

before=$(orders)
row 'nothing to do: csr is missing' -3 csr
row 'what to collect is missing' -3 certificateID collect=Y
row 'and what to authorize for' -3 certificateID UserLoginNameForCert=carol
row 'whatever is not to be collected' -3 certificateID \
	UserLoginNameForCert=carol collect=N
for value in 0 364 366 0365 365.0 1e3 3650 -365 ' 365' 365x Y; do
	row "days=$value" -4 days "csr@$tmp/a.csr" "days=$value"
done
for value in y n X YY 1 true; do
	row "collect=$value" -4 collect "csr@$tmp/a.csr" "collect=$value"
done
for value in 1 3 00 x; do
	row "responseType=$value" -4 responseType "csr@$tmp/a.csr" collect=Y \
		"responseType=$value"
done
for value in 0 2; do
	row "responseType=$value without collect" -4 responseType \
		"csr@$tmp/a.csr" "responseType=$value"
	row "responseType=$value with collect=N" -4 responseType \
		"csr@$tmp/a.csr" collect=N "responseType=$value"
done
row 'responseFormat=2' -4 responseFormat "csr@$tmp/a.csr" responseFormat=2
row 'csr and crmf' -4 crmf "csr@$tmp/a.csr" "crmf@$tmp/a.csr"
for value in mallory nobody BOB "carol'--" 'a:b' "$(long 64 u)" \
	"$(long 65 u)"; do
	row "UserLoginNameForCert=$value" -4 UserLoginNameForCert \
		"csr@$tmp/a.csr" "UserLoginNameForCert=$value"
done
for value in 1 999999999999999 0999999999999999 1000000000009999 \
	9999999999999999 10000000000000000 100000000000000x "-$id" "$id "; do
	row "certificateID=$value" -4 certificateID collect=Y \
		"certificateID=$value"
done
for value in 0 1 "${serial}0" x "0x$serial" "$(long 34 f)" "$(long 35 f)" \
	"000$serial" "${serial%?}"; do
	row "serialNumber=$value" -4 serialNumber collect=Y \
		"serialNumber=$value"
done
for value in 0 99999 999999999999999999 9999999999999999999 1e5 -100000; do
	row "orderNumber=$value" -4 orderNumber collect=Y "orderNumber=$value"
done
for value in "$(long 65 f)" "$(printf 'a\tb')" "$(printf 'a\302\205b')" \
	"$(long 63 f)é"; do
	row "foreignOrderNumber=$value" -4 foreignOrderNumber \
		"csr@$tmp/a.csr" "foreignOrderNumber=$value"
done
as=
for name in loginName loginPassword csr crmf days collect responseType \
	responseFormat UserLoginNameForCert serialNumber certificateID \
	orderNumber foreignOrderNumber; do
	upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
	row "$name twice, in whatever case" -4 "$name" "&$name=x" "&$upper="
	row "$name with a NUL" -4 "$name" "&$name=%00"
	row "$name with a NUL behind it" -4 "$name" "&$name=1%00"
	row "$name that is not UTF-8" -4 "$name" "&$name=%ff%fe"
done
as=bob
rows
check 'none of these placed anything' test "$(orders)" -eq "$before"

order "csr@$tmp/a.csr" collect= days= UserLoginNameForCert= \
	certificateID= serialNumber= responseType= foreignOrderNumber= \
	crmf= responseFormat= orderNumber=
check 'what is empty is absent' done_is Yes No No
order "csr@$tmp/a.csr" unknown=1 UNKNOWN=2 unknown=3
check 'what is unknown is ignored' done_is Yes No No
with='--url-query collect=Y&days=9&loginName=x&csr=x'
order "csr@$tmp/a.csr"
check 'and so is the query' done_is Yes No No
with=
ask -F "loginName=$user" -F "loginPassword=<$tmp/$user.pw" \
	-F "csr=<$tmp/a.csr" -F collect=Y "$door"
check 'multipart/form-data is taken too' done_is Yes Yes No
for days in 365 730 1095; do
	order "csr@$tmp/a.csr" "days=$days" collect=Y
	check "days=$days" done_is Yes Yes No
	check 'is so long' run openssl x509 -noout -in "$tmp/got.pem" \
		-checkend $((days * 86400 - 600))
	check 'and no longer' not run openssl x509 -noout \
		-in "$tmp/got.pem" -checkend $((days * 86400 + 600))
done
order "csr@$tmp/a.csr" "foreignOrderNumber=$(long 64 f)"
check 'a foreignOrderNumber of 64 characters' done_is Yes No No

# --- the request for a certificate

before=$(orders)
for value in x MIIB "$(cat "$dir/issuer.pem")" \
	'-----BEGIN CERTIFICATE REQUEST-----' \
	"$(head -n 3 "$tmp/a.csr")" "$(tr 'M' 'N' <"$tmp/a.csr")"; do
	row 'a csr that is none' -136 csr "csr=$value"
done
openssl req -in "$tmp/a.csr" -outform DER -out "$tmp/a.der"
{
	head -c -1 "$tmp/a.der"
	tail -c 1 "$tmp/a.der" | tr '\000-\377' '\001-\377\000'
} | openssl base64 -A >"$tmp/forged"
row 'one that another has signed' -136 csr "csr@$tmp/forged"
row 'a csr is no crmf' -136 crmf "crmf@$tmp/a.csr"
row 'RSA of 2048 bits' -13 csr "csr@$tmp/small.csr"
printf '[req]\ndistinguished_name=d\nattributes=a\nprompt=no\n[d]\nCN=A\n[a]\nchallengePassword=secret\n' \
	>"$tmp/req.conf"
need run openssl req -new -key "$tmp/a.key" -config "$tmp/req.conf" \
	-out "$tmp/secret.csr"
row 'a challengePassword' -4 csr "csr@$tmp/secret.csr"
row 'a csr of 32767 characters' -136 csr "csr=$(long 32767 A)"
row 'one of 32768' -4 csr "csr=$(long 32768 A)"
row 'a crmf of 65535 characters' -136 crmf "crmf=$(long 65535 A)"
row 'one of 65536' -4 crmf "crmf=$(long 65536 A)"
rows
long 300000 A >"$tmp/more"
order "csr@$tmp/more"
check 'far too much' eval 'status_is 413 && out "\"code\":-14,"'
check 'none of these placed anything' test "$(orders)" -eq "$before"
for kind in P-384 P-521; do
	request curve "$kind"
	order "csr@$tmp/curve.csr" collect=Y
	check "EC $kind" done_is Yes Yes No
done
grep -v -- - "$tmp/a.csr" >"$tmp/bare"
order "csr@$tmp/bare" collect=Y
check 'a csr without armour' done_is Yes Yes No
tr -d '\n' <"$tmp/a.csr" >"$tmp/joined"
order "csr@$tmp/joined" collect=Y
check 'one whose lines lost their ends' done_is Yes Yes No
sed 's/$/\r/' "$tmp/a.csr" >"$tmp/dos"
order "csr@$tmp/dos" collect=Y
check 'one with CRLF' done_is Yes Yes No

# --- CertReqMessages

need psm init -d "$tmp/store" --no-password
need psm request -d "$tmp/store" -k ec -s CN=Mallory -o "$tmp/sign.crmf"
order "crmf@$tmp/sign.crmf" collect=Y
check 'a crmf order' done_is Yes Yes No
run openssl x509 -noout -subject -in "$tmp/got.pem"
check 'is for the account, too' out '^subject=CN = bob$'
order "csr@$tmp/sign.crmf"
check 'a crmf is no csr' error_is -136 csr
need psm request -d "$tmp/store" -k rsa -g 3072 --usage keyEncipherment \
	-s CN=Mallory -o "$tmp/exchange.crmf"
before=$(orders)
order "crmf@$tmp/exchange.crmf" collect=Y
check 'a key that cannot sign: its certificate is not to be read here' \
	eval 'wrong responseType && out "CollectCCC.*responseType 4"'
check 'which is known before it is placed' test "$(orders)" -eq "$before"
order "crmf@$tmp/exchange.crmf"
check 'it is placed without' done_is Yes No No
order "orderNumber=$number" collect=Y
check 'and not to be read later either' \
	eval 'wrong responseType && out "CollectCCC.*responseType 4"'

# --- the same order once more

order "csr@$tmp/a.csr" foreignOrderNumber=F-1
check 'an order with a number of its own' done_is Yes No No
first=$number
before=$(orders)
order "csr@$tmp/bare" foreignOrderNumber=F-1
check 'once more' done_is Yes No No
check 'it is the same order' test "$number" = "$first"
order "csr@$tmp/b.csr" foreignOrderNumber=F-1
check 'with another csr it is refused' wrong foreignOrderNumber
order "csr@$tmp/a.csr" foreignOrderNumber=F-1 collect=Y
check 'and with collect=Y' wrong foreignOrderNumber
order "certificateID=$id" foreignOrderNumber=F-1 collect=Y
check 'also without a csr' wrong foreignOrderNumber
check 'nothing was placed' test "$(orders)" -eq "$before"
order "csr@$tmp/a.csr" foreignOrderNumber=F-2 collect=Y
check 'a new one can be collected' done_is Yes Yes No
user=carol
order "csr@$tmp/a.csr" foreignOrderNumber=F-1
check "another account's numbers are its own" done_is Yes No No
carols=$number
check 'and its orders' test "$number" != "$first"
user=bob

# fifty NAME=VALUE...: orders at once, their answers in $tmp/out
fifty() {
	for i in $(seq 50); do
		row "$i" 0 '' "csr@$tmp/b.csr" "$@"
	done
	run curl -sS --parallel --parallel-max 50 --parallel-immediate \
		--max-time 60 -K "$tmp/rows"
	rm -f "$tmp/rows" "$tmp/sentences" "$tmp/expected"
	grep -o '"orderNumber":"[0-9]*"' "$tmp/out" | sort | uniq >"$tmp/n"
}
before=$(grep -c order.place "$log")
fifty foreignOrderNumber=F-50
check 'fifty requests at once are all answered' test \
	"$(grep -o '"code":0' "$tmp/out" | wc -l)" -eq 50
check 'with one number' test "$(wc -l <"$tmp/n")" -eq 1
check 'and made one certificate' test "$(record \
	"SELECT count(*) FROM certificate JOIN orders ON number = order_number WHERE foreign_number = 'F-50'")" -eq 1
check 'of which the log has one line' in_time eval \
	'test "$(grep -c order.place "$log")" -eq $((before + 1))'
fifty foreignOrderNumber=F-51 collect=Y
check 'of fifty with collect=Y one has the certificate' test \
	"$(grep -o '"issued":"Yes"' "$tmp/out" | wc -l)" -eq 1
check 'and the others are told that the number is used' test \
	"$(grep -o '"item":"foreignOrderNumber"' "$tmp/out" | wc -l)" -eq 49

# --- later steps

lower=$(echo "$serial" | tr '[:upper:]' '[:lower:]')
for name in "certificateID=$id" "serialNumber=$serial" "serialNumber=$lower" \
	"serialNumber=00$lower"; do
	order "$name" collect=Y
	check "collected by $name" done_is No Yes No
	check 'it is that certificate' test "$(openssl x509 -noout -serial \
		-in "$tmp/got.pem")" = "serial=$serial"
done
order "orderNumber=$first" collect=Y
check 'collected by the order' done_is No Yes No
order "orderNumber=$carols" collect=Y
check "another's order is none" wrong orderNumber
order "certificateID=$id" "serialNumber=$serial" collect=Y responseType=2
check 'both names' done_is No Yes No
other=$(record "SELECT serial FROM certificate WHERE account = 'bob' AND id <> $id")
other=$(echo "$other" | tail -n 1)
order "certificateID=$id" "serialNumber=$other" collect=Y
check 'of two certificates' wrong serialNumber
order "certificateID=$id" "orderNumber=$first" collect=Y
check 'of two orders' wrong orderNumber
order "certificateID=$id" UserLoginNameForCert=carol
check 'a user is authorized' done_is No No Yes
order "certificateID=$id" UserLoginNameForCert=carol
check 'once more changes nothing' done_is No No Yes
check 'and is recorded once' test "$(record \
	"SELECT count(*) FROM certificate_user WHERE certificate = $id AND user = 'carol'")" -eq 1
user=carol
order "certificateID=$id" collect=Y
check 'who is authorized for it collects it' done_is No Yes No
order "serialNumber=$other" collect=Y
check 'and no other' wrong serialNumber
order "certificateID=$id" collect=Y UserLoginNameForCert=carol
check 'nor to hand it on' wrong certificateID
order "serialNumber=$serial" UserLoginNameForCert=carol
check 'and authorizes nobody' wrong serialNumber
user=bob
order "csr@$tmp/b.csr" "certificateID=$id" collect=Y UserLoginNameForCert=carol
check 'an order beside a certificate that is named' done_is Yes Yes Yes
check 'which is the one collected' test "$(openssl x509 -noout -serial \
	-in "$tmp/got.pem")" = "serial=$serial"
order "csr@$tmp/b.csr" UserLoginNameForCert=carol
check 'an order and its user' done_is Yes No Yes

# --- certificates as a login

order "csr@$tmp/a.csr" collect=Y
check 'a certificate to log in with' done_is Yes Yes No
cp "$tmp/got.pem" "$tmp/login.pem"
cat "$tmp/login.pem" "$dir/issuer.pem" >"$tmp/chain.pem"
login=$(openssl x509 -noout -serial -in "$tmp/login.pem" | sed 's/.*=//')
with="--cert $tmp/chain.pem --key $tmp/a.key"
call loginName=bob "csr@$tmp/a.csr" collect=Y
check 'it takes the place of the password' done_is Yes Yes No
call "csr@$tmp/a.csr"
check 'not of the name' error_is -3 loginName
call loginName=carol "csr@$tmp/a.csr"
check 'and is not for others' error_is -16
order "serialNumber=$login" UserLoginNameForCert=carol
check 'who is authorized for it' done_is No No Yes
call loginName=carol "csr@$tmp/a.csr"
check 'is not to be asked for by who has its key' error_is -16
call loginName=bob loginPassword=wrong "csr@$tmp/a.csr"
check 'a wrong password is not made good by it' error_is -16
plain=$with
for header in Origin:https://evil.example Sec-Fetch-Site:cross-site \
	Sec-Fetch-Site:same-site Origin:null; do
	with="$plain -H $header"
	call loginName=bob "csr@$tmp/a.csr"
	check "from another site ($header) it is not taken" error_is -16
done
with="$plain -H Origin:$https -H Sec-Fetch-Site:same-origin"
call loginName=bob "csr@$tmp/a.csr"
check 'from this one it is' done_is Yes No No
with=$plain
need run "$PSMD" account change bob -c "$conf" --disable
call loginName=bob "csr@$tmp/a.csr"
check 'not for an account that is disabled' error_is -16
need run "$PSMD" account change bob -c "$conf" --enable
logs_in="serial = '$(echo "$login" | tr A-F a-f | sed 's/^0*//')'"
ordered=$(record "SELECT order_number FROM certificate WHERE $logs_in")
record "UPDATE certificate SET order_number = NULL WHERE $logs_in"
call loginName=bob "csr@$tmp/a.csr"
check 'nor is one of a PKCS#12, whose key is not the client'"'"'s' error_is -16
record "UPDATE certificate SET order_number = $ordered WHERE $logs_in"
call loginName=bob "csr@$tmp/a.csr"
check 'the same of an order is' done_is Yes No No

# --- revoked, rejected, another product

need run "$PSMD" ca revoke "$login" -c "$conf" --reason keyCompromise
call loginName=bob "csr@$tmp/a.csr"
check 'a certificate that is revoked is no login' error_is -16
order "csr@$tmp/a.csr"
check 'nor good beside a password' error_is -16
ask --cert "$tmp/chain.pem" --key "$tmp/a.key" --digest \
	-u "admin:$(cat "$tmp/admin.pw")" "$https/api/cert/user"
check 'nor in the other services' status_is 401
with=
ask --digest -u "admin:$(cat "$tmp/admin.pw")" "$https/api/cert/user"
check 'which go on without it' status_is 200
order "serialNumber=$login" collect=Y
check 'it is not collected' error_is -21
order "serialNumber=$login" UserLoginNameForCert=carol
check 'and nobody is authorized for it' error_is -21
need run "$PSMD" ca revoke "$(record "SELECT id FROM certificate WHERE order_number = $first")" \
	-c "$conf" --reason certificateHold
order "orderNumber=$first" collect=Y
check 'nor is one on hold' error_is -21
record "UPDATE certificate SET order_number = NULL WHERE id = $id"
order "certificateID=$id" collect=Y
check "another product's certificate" error_is -81
order "serialNumber=$serial" UserLoginNameForCert=carol
check 'is not for authorizing either' error_is -81

# --- injection

before=$(orders)
printf %s "'; DROP TABLE orders; --" >"$tmp/sql"
printf %s '"}],{"a":"\u0000</script>' >"$tmp/json"
printf 'a\r\nSet-Cookie: x=y\r\n\r\n<b>' >"$tmp/crlf"
printf '%%s%%n%%x' >"$tmp/format"
printf '\342\200\250\357\273\277../../etc/passwd' >"$tmp/odd"
for what in sql json crlf format odd; do
	as=
	for name in loginName loginPassword; do
		other=loginPassword
		[ "$name" = loginName ] || other=loginName
		row "$what in $name" -16 '' "$name@$tmp/$what" "$other=x"
	done
	as=bob
	for name in days collect responseType responseFormat \
		UserLoginNameForCert serialNumber certificateID orderNumber; do
		row "$what in $name" -4 "$name" "$name@$tmp/$what" \
			"csr@$tmp/a.csr"
	done
	for name in csr crmf; do
		row "$what in $name" -136 "$name" "$name@$tmp/$what"
	done
done
rows
check 'placed nothing' test "$(orders)" -eq "$before"
for what in sql json format odd; do
	order "csr@$tmp/a.csr" "foreignOrderNumber@$tmp/$what"
	check "$what in foreignOrderNumber is a text" done_is Yes No No
	first=$number
	order "csr@$tmp/a.csr" "foreignOrderNumber@$tmp/$what"
	check 'once more' done_is Yes No No
	check 'it is found again' test "$number" = "$first"
done
check 'a line of the log is one line' not logged '^Set-Cookie'

# --- approval

set_to 'profile client' approval manual
need kill -HUP "$psmd_pid"
need in_time logged 'read again\|reload'
order "csr@$tmp/a.csr" foreignOrderNumber=M-1 collect=Y UserLoginNameForCert=carol
check 'an order that waits' done_is Yes No No
first=$number
# of its signature, as grep -P has it
bytes=$(tail -c 24 "$tmp/a.der" | od -An -v -tx1 | tr -d ' \n' |
	sed 's/../\\x&/g')
keeps_csr() {
	LC_ALL=C grep -a -q -P -e "$bytes" "$@"
}
check 'its csr is kept as long' keeps_csr "$dir"/records.db*
order "orderNumber=$first" collect=Y
check 'is not collected yet' done_is No No No
order "orderNumber=$first" UserLoginNameForCert=carol
check 'nor is anybody authorized' done_is No No No
need run "$PSMD" order approve "$first" -c "$conf"
order "orderNumber=$first" collect=Y UserLoginNameForCert=carol
check 'until it is approved' done_is No Yes Yes
order "csr@$tmp/b.csr" foreignOrderNumber=M-2
check 'another' done_is Yes No No
first=$number
need run "$PSMD" order reject "$first" -c "$conf" \
	--reason "not you"
order "orderNumber=$first" collect=Y
check 'one that is rejected' error_is -20
order "csr@$tmp/b.csr" foreignOrderNumber=M-2
check 'also when it is placed again' out '"code":-20,'

# --- what is kept, and what is not

stop
for file in "$log" "$dir"/records.db*; do
	for name in bob Zoë carol admin; do
		check "no password of $name in ${file##*/}" not grep -q -a -F \
			-e "$(cat "$tmp/$name.pw")" "$file"
	done
	check "no csr in ${file##*/}" not keeps_csr "$file"
	check 'in base64 either' not grep -q -a -F \
		-e "$(sed -n 2p "$tmp/a.csr")" "$file"
	check 'nor what was tried as a password' not grep -q -a -F \
		-e "$tried" "$file"
done
check 'the audit trail is whole' run "$PSMD" audit verify -c "$conf"

# --- too many wrong logins

start
door=$https$path
as=
for i in $(seq 20); do
	row "wrong login $i" -16 '' loginName=nobody loginPassword=wrong
done
rows
limited() { # wrong ones are forgiven, one in three seconds
	call loginName=nobody loginPassword=wrong
	error_is -42
}
check 'after twenty wrong logins there is a limit' in_time limited
check 'psmd ends well' stop
verdict

#!/bin/sh
# page-orders.sh - the page of psmd in Chromium, as those use it who decide
# about orders.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/orders-lib.sh"
. "$top_srcdir/tests/psmd/page-lib.sh"
uses curl

# --- accounts, and what they order -------------------------------------------

fresh_issuer
account anna
account berta
account opal -p order-control
account sys -p system-control
account none
fresh_client robot
set_to 'profile client' subject account
start

# placed NAME ACCOUNT FOREIGN SUBJECT [OPTION...]: its number for the tests, too
placed() {
	name=$1 who=$2 foreign=$3 subject=$4
	shift 4
	csr "$name" "$subject" "$@"
	need order "$who" "$name" "$foreign"
	eval "PSM_ORDER_$name=\$number; export PSM_ORDER_$name"
}
placed plain anna A-1 '/CN=Anna Novak/O=Example' \
	-addext 'subjectAltName=email:anna@example.org'
placed refused anna A-2 '/CN=Anna again'
placed attack berta '<b onmouseover=alert(3)>&#39;' \
	'/CN=<img src=x onerror=alert(1)>/O=<script>alert(2)<\/script>' \
	-addext 'subjectAltName=email:"<svg/onload=alert(4)>"@x.example'
placed turned berta B-2 "/CN=abc$(printf '\342\200\256')gpj.exe"
placed keys anna A-5 '/CN=By keyboard'
placed raced anna A-6 '/CN=Decided elsewhere'
need pkcs12_for robot '<i>app</i>' '<u>Robot</u>'
PSM_ORDER_pkcs12=$number
PSM_ACCOUNTS=$tmp PSM_PAGE_URL=$https/ PSM_PAGE_PASSWORD=$password
PSM_PSMD=$PSMD PSM_CONF=$conf
export PSM_ORDER_pkcs12 PSM_ACCOUNTS PSM_PSMD PSM_CONF

page_tests orders.test.mjs

# --- what came of it ----------------------------------------------------------

check 'the page leaves psmd running' is_running
check 'what was done on the page is in the audit trail' eval \
	'run "$PSMD" audit list -c "$conf" &&
	out "account=opal .* action=order.approve object=$PSM_ORDER_plain " &&
	out "account=opal .* action=order.reject object=$PSM_ORDER_refused "'
check 'psmd ends well' stop
verdict

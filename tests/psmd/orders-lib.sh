# orders-lib.sh - a daemon that issues, and those who order from it.
# Read after lib.sh by ". $top_srcdir/tests/psmd/orders-lib.sh".
. "$top_srcdir/tests/psmd/client.sh"

# fresh_issuer: as fresh, with an authority; each order waits for approval
fresh_issuer() {
	fresh
	need run "$PSMD" ca init -c "$conf"
	set_to 'service orders' enabled yes
	set_to 'profile client' approval manual
	set_to 'profile client' alt_names given
}

# fresh_client NAME: one of createPKCS12ById, whose requests wait, too
fresh_client() {
	make_client "$1"
	a_password | secret "$tmp/new-pw"
	set_to 'service pkcs12' enabled yes
	set_to 'profile made' approval manual
	set_to 'profile made' subject all
	set_to pkcs12 pool_rsa_2048 0
	set_to pkcs12 pool_rsa_3072 0
}

# pkcs12_for NAME APPLICATION CN: it asks for one; $number is what it waits as
pkcs12_for() {
	pfx_request "$1" "$2" --profile made --key EC-P256 \
		--field "CN=$3" --new-password-file "$tmp/new-pw" &&
		pfx_ask "$1" && out '"status":"success"' || return
	number=$(sed -n 's/.*"requestId":"\([0-9]*\)".*/\1/p' "$tmp/out")
}

# account NAME [OPTION...]: its password is in $tmp/NAME.pw
account() {
	name=$1
	shift
	a_password | secret "$tmp/$name.pw"
	need run "$PSMD" account add "$name" -c "$conf" -f "$tmp/$name.pw" "$@"
}

# csr NAME SUBJECT [OPTION...]: $tmp/NAME.csr
csr() {
	name=$1 subject=$2
	shift 2
	need run openssl req -new -newkey ec \
		-pkeyopt ec_paramgen_curve:P-256 -nodes -utf8 -subj "$subject" \
		-keyout "$tmp/$name.key" -out "$tmp/$name.csr" "$@"
}

# order ACCOUNT CSR FOREIGN: its number is in $number
order() {
	ask --data-urlencode "loginName=$1" \
		--data-urlencode "loginPassword=$(cat "$tmp/$1.pw")" \
		--data-urlencode "csr@$tmp/$2.csr" \
		--data-urlencode "foreignOrderNumber=$3" \
		"$https/products/!applyClientAuthCert"
	number=$(sed -n 's/.*"orderNumber":"\([0-9]*\)".*/\1/p' "$tmp/out")
	[ -n "$number" ]
}

#!/bin/sh
# openapi-orders.sh - psmd answers as create-pkcs12, apply-client-auth-cert and
# orders of doc/openapi say, and nothing else
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
. "$top_srcdir/tests/psmd/client.sh"
uses python3 openssl
python3 -c 'import yaml' 2>/dev/null || {
	echo 'skip - Python has no yaml'
	exit 77
}
export DESCRIPTIONS="$top_srcdir/doc/openapi" PSMD CONF="$conf"

# hold_to PHASE: it prints its own sentences
hold_to() {
	python3 -B "$top_srcdir/tests/psmd/openapi_orders.py" "$tmp/files" \
		"$@" || failed=1
}

# files_of NAME AS: a client's, by a name that does not change
files_of() {
	for kind in aes em pem key pw; do
		mv "$tmp/$1.$kind" "$tmp/files/$2.$kind"
	done
	printf '%s\n' "$1" >"$tmp/files/$2.name"
	set_to "client $1" aes_key_file "$tmp/files/$2.aes"
	set_to "client $1" em_key_file "$tmp/files/$2.em"
	set_to "client $1" certificate "$tmp/files/$2.pem"
}

# account NAME [PASSWORD [OPTION...]]
account() {
	name=$1
	printf '%s\n' "${2:-$(a_password)}" | secret "$tmp/files/$name.pw"
	shift "$(($# > 1 ? 2 : 1))"
	need run "$PSMD" account add "$name" -c "$conf" \
		-f "$tmp/files/$name.pw" "$@"
}

# csr NAME KEY-OPTION...: a PKCS#10 request
csr() {
	name=$1
	shift
	need run openssl genpkey "$@" -out "$tmp/key"
	need run openssl req -new -key "$tmp/key" -subj "/CN=$name" \
		-out "$tmp/files/$name"
}

# fill FILE N: a request, filled up with blanks to N characters
fill() {
	awk -v n="$2" '
	{ text = text $0 "\n" }
	END {
		while (length(text) < n)
			text = text " "
		printf "%s", text
	}' "$tmp/files/$1" >"$tmp/files/$1_$2"
}

# --- what the examples name -------------------------------------------------

fresh
mkdir "$tmp/files"
cp "$dir/ca.pem" "$tmp/files/ca.pem"
longest=$(printf '%064d' 0 | tr 0 c)
make_client "$longest"
need run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-days 2 -subj /CN=other -keyout "$tmp/files/other.key" \
	-out "$tmp/files/other.pem"
files_of "$longest" client
printf '%0128d\n' 7 | secret "$tmp/files/client.pw"
need run "$PSMD" account passwd "$longest" -c "$conf" -f "$tmp/files/client.pw"
printf '%s\n' "$longest" | tr -d '\n' >"$tmp/files/LONGEST"
tr -d '\n' <"$tmp/files/client.pw" >"$tmp/files/LONGEST_PASSWORD"
account shop
account other
account gone
need run "$PSMD" account change gone -c "$conf" --disable
for name in shop other gone; do
	tr -d '\n' <"$tmp/files/$name.pw" >"$tmp/files/$(echo "$name" |
		tr '[:lower:]' '[:upper:]' | sed 's/$/_/; s/SHOP_//')PASSWORD"
done
account decider '' -p order-control
csr CSR -algorithm EC -pkeyopt ec_paramgen_curve:P-256
csr CSR2 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
csr P521_CSR -algorithm EC -pkeyopt ec_paramgen_curve:P-521
csr RSA_CSR -algorithm RSA -pkeyopt rsa_keygen_bits:3072
need run openssl req -new -key "$tmp/key" -subj /O=Example/CN=Names -addext \
	subjectAltName=email:a@b.org,DNS:b.org,IP:::1,RID:1.2.3,URI:ldap:/// \
	-out "$tmp/files/NAMES_CSR"
csr SMALL -algorithm RSA -pkeyopt rsa_keygen_bits:2048
sed 's/^-----.*//' "$tmp/files/CSR" | tr -d '\n' >"$tmp/files/BARE"
tr -d '\n' <"$tmp/files/CSR" >"$tmp/files/ONE_LINE"
need run openssl req -in "$tmp/files/CSR" -outform DER -out "$tmp/der"
size=$(($(wc -c <"$tmp/der") - 1))
{
	head -c "$size" "$tmp/der"
	printf '\0'
} | base64 >"$tmp/files/FORGED"
fill CSR 32767
fill CSR 32768
make_db crmf
need psm request -d "$tmp/crmf" -k ec -s CN=x -o "$tmp/files/CRMF"
"$top_builddir/tests/interop/generate" "$tmp/crmf" CN=x ec-ex \
	>"$tmp/files/FOR_HOLDER" 2>"$tmp/err" || exit 99
fill CRMF 65535
fill CRMF 65536

# --- the daemon, in each of its ways ----------------------------------------

set_to 'service system' auth basic
set_to accounts lock_after 1000
set_to pkcs12 pool_rsa_3072 0
set_to pkcs12 pool_rsa_2048 1
for profile in usual slow long weak not-ours; do
	set_to "profile $profile" subject all
	set_to "profile $profile" alt_names given
	set_to "profile $profile" rsa_bits 2048
	set_to "profile $profile" max_days 365
done
set_to "client $longest" profiles 'usual, slow, long, weak'
set_to 'profile slow' approval manual
set_to 'profile long' max_days 36500
set_to 'profile weak' rsa_bits 1024
set_to 'profile client' approval automatic
for service in system orders pkcs12; do
	set_to "service $service" enabled no
done
start
hold_to disabled "$https" "$http"
check 'psmd ends well' stop
for service in system orders pkcs12; do
	set_to "service $service" enabled yes
done
need run "$PSMD" ca init -c "$conf"
start
hold_to automatic "$https" "$http"
check 'psmd ends well' stop
set_to 'profile client' approval manual
start
hold_to manual "$https" "$http"
hold_to throttled "$https" "$http"
check 'psmd ends well' stop
hold_to report
verdict

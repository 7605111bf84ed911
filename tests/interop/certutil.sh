#!/bin/sh
# certutil.sh - one database, two programs: psm and NSS's certutil
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses certutil openssl

# generate COMMAND DATABASE NICK [OPTION...]: certutil makes an EC key
generate() {
	command=$1 database=$2 nick=$3
	shift 3
	need run certutil "$command" -d "$tmp/$database" -k ec -q nistp256 \
		-s "CN=$nick,O=Example" -z "$tmp/noise" "$@"
}

# What psm stored.
make_ca
make_db db
enrol db alice -k ec
enrol db bob
check 'a CA that came along is not trusted' \
	says '^Test CA  *,, *$' certutil -L -d "$tmp/db"
check 'so certutil takes no certificate of it' not valid db alice
trust_ca db
check 'trusted, certutil -V takes an EC certificate' valid db alice
check 'and an RSA certificate' valid db bob
run certutil -K -d "$tmp/db"
check 'certutil -K shows the EC key under its nickname' \
	out '^< [0-9]> ec .* alice$'
check 'and the RSA key' out '^< [0-9]> rsa .* bob$'
check 'and nothing else' test "$(grep -c '^<' "$tmp/out")" -eq 2
need run certutil -L -d "$tmp/db" -n alice -r
cp "$tmp/out" "$tmp/alice.der"
need psm show -d "$tmp/db" -n alice -r -o "$tmp/alice2.der"
check 'certutil -L -r and psm show -r agree' \
	cmp -s "$tmp/alice.der" "$tmp/alice2.der"

# A key of certutil's waits for a certificate.
generate -R db carol -o "$tmp/carol.csr"
check 'a key by certutil -R is an orphan to psm' psm pending -d "$tmp/db"
check 'of its kind' out '^-  *-  *EC 256 .* orphan$'
need psm ca issue -d "$tmp/ca" -i "$tmp/carol.csr" -o "$tmp/carol.answer"
refused 'its certificate answers no request' 5 \
	import -d "$tmp/db" -i "$tmp/carol.answer" -n carol
check 'import --match-by-key finds the key' \
	psm import -d "$tmp/db" -i "$tmp/carol.answer" -n carol --match-by-key
check 'and says so' out '^carol  *matched by key'
check 'nothing waits any more' empty pending db
check 'and certutil takes the certificate' valid db carol

# What certutil does to a database of psm's.
need run certutil -D -d "$tmp/db" -n carol
need psm pending -d "$tmp/db" --json
check 'certutil -D leaves an orphan, with its label' out '"label": "carol"'
check 'that --match-by-key completes again' psm import -d "$tmp/db" \
	-i "$tmp/carol.answer" -n carol --match-by-key
need run certutil -F -d "$tmp/db" -n bob
check 'a certificate and key that certutil -F deleted are gone' \
	not psm show -d "$tmp/db" -n bob
generate -S db dave -n dave -x -t ,,
check 'psm shows a certificate of certutil -S' \
	psm show -d "$tmp/db" -n dave
check 'with its key' out '^Private key  *here$'
check 'and deletes both' psm delete -d "$tmp/db" -n dave --yes --json
check 'as it says' out '"keyDeleted": true'
check 'and certutil -K says' not says dave certutil -K -d "$tmp/db"
printf 'long enough\n' >"$tmp/pin"
echo >"$tmp/nothing"
need run certutil -W -d "$tmp/db" -f "$tmp/nothing" -@ "$tmp/pin"
check 'a password set by certutil -W is wanted' \
	not psm request -d "$tmp/db" -s CN=erin -k ec
check 'and taken' psm request -d "$tmp/db" -s CN=erin -k ec -f "$tmp/pin"

# A database, a CA and one below it, all certutil's.
for name in their user; do
	mkdir "$tmp/$name"
	need run certutil -N -d "$tmp/$name" --empty-password
done
# certSigning; a CA, of any path length, critical
printf '5\n9\ny\ny\n\ny\n' >"$tmp/ca.input"
# make_issuer NAME SERIAL ISSUER-OPTION...
make_issuer() {
	name=$1 serial=$2
	shift 2
	certutil -S -d "$tmp/their" -n "$name" -s "CN=$name,O=Theirs" -k ec \
		-q nistp256 -z "$tmp/noise" -m "$serial" -1 -2 -t CT,C,C "$@" \
		<"$tmp/ca.input" >"$tmp/out" 2>"$tmp/err"
	need run certutil -L -d "$tmp/their" -n "$name" -a
	cp "$tmp/out" "$tmp/$name.pem"
}
make_issuer root 1 -x
make_issuer middle 2 -c root
for name in root middle; do
	openssl x509 -in "$tmp/$name.pem" -outform DER -out "$tmp/$name.der"
done
need psm request -d "$tmp/user" -k ec -s 'CN=frank,O=Example' --pkcs10 \
	-o "$tmp/frank.csr"
id=$(pending_id user)
need run certutil -C -d "$tmp/their" -c middle -m 3 -a -i "$tmp/frank.csr" \
	-o "$tmp/frank.pem"
openssl x509 -in "$tmp/frank.pem" -outform DER -out "$tmp/frank.der"
"$top_builddir/fixtures/mkresponse" cmmf "$tmp/middle.der" \
	"$id:$tmp/frank.der" >"$tmp/frank.answer"
need run certutil -A -d "$tmp/user" -n root -t CT,C,C -a -i "$tmp/root.pem"
check 'certutil -C signs a PKCS#10 of psm, whose answer is imported' \
	psm import -d "$tmp/user" -i "$tmp/frank.answer" -n frank
check 'the CA between comes with it' out '^middle '
check 'and the chain to a root of certutil -A holds' valid user frank
check 'certutil -O shows it whole' \
	test "$(certutil -O -d "$tmp/user" -n frank | grep -c '"')" -eq 3
verdict

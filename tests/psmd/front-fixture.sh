#!/bin/sh
# front-fixture.sh OUT - an NSS database in OUT/db with two server certificates
# and two authorities; clients of each, and an expired one, as PEM files.
set -eu
out=$1
mkdir -p "$out/db"
cd "$out"
exec 2>"$out/fixture.log" >&2

# authority NAME
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.pem" -days 3 -subj "/CN=$1" \
		-addext basicConstraints=critical,CA:TRUE \
		-addext keyUsage=critical,keyCertSign,cRLSign
}

# certificate NAME CA USAGE KEYTYPE DAYS KEYOPTION
certificate() {
	openssl req -newkey "$4" -pkeyopt "$6" -nodes -keyout "$1.key" \
		-out "$1.csr" -subj "/CN=$1"
	{
		echo "extendedKeyUsage=$3"
		echo "keyUsage=critical,digitalSignature"
		echo "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
	} >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
		-CAcreateserial -days "$5" -extfile "$1.ext" -out "$1.pem"
}

authority ca
authority other
certificate server ca serverAuth ec 3 ec_paramgen_curve:P-256
certificate rsaserver ca serverAuth rsa 3 rsa_keygen_bits:2048
certificate good ca clientAuth ec 3 ec_paramgen_curve:P-256
certificate wrong other clientAuth ec 3 ec_paramgen_curve:P-256
certificate notclient ca serverAuth ec 3 ec_paramgen_curve:P-256
certificate expired ca clientAuth ec -1 ec_paramgen_curve:P-256

certutil -N -d "sql:db" --empty-password
certutil -A -d "sql:db" -n ca -t CT,, -i ca.pem
certutil -A -d "sql:db" -n other -t ,, -i other.pem
for name in server rsaserver; do
	openssl pkcs12 -export -inkey $name.key -in $name.pem -name "#$name" \
		-passout pass:x -out $name.p12
	pk12util -i $name.p12 -d "sql:db" -W x -K ''
done

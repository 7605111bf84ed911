#!/bin/sh
# check-faults.sh - the failure sweep reaches every call out of the engine that
# can fail.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

# What cannot fail, or only says that good data is bad: it frees, compares,
# converts in place, reads what is in memory, or asks a question whose answer
# "no" is no failure.
cat >"$tmp/never" <<'END'
CERT_CompareName CERT_DestroyCertificate CERT_DestroyCertificateList
CERT_DestroyCertList
CERT_DestroyName CERT_DupCertificate CERT_GetAVATag CERT_GetDefaultCertDB CERT_IsUserCert
CERT_NameTemplate DER_DecodeTimeChoice HASH_ResultLenByOidTag
CERT_RemoveCertListNode
NSS_Get_CERT_NameTemplate NSS_Get_SECKEY_EncryptedPrivateKeyInfoTemplate
NSS_Get_SECOID_AlgorithmIDTemplate NSS_IsInitialized NSS_SecureMemcmp
PK11_AlgtagToMechanism PK11_DestroyGenericObjects PK11_DestroyPBEParams
PK11_DoesMechanism PK11_FreeSlot PK11_FreeSlotList PK11_FreeSymKey
PK11_GetFirstSafe PK11_GetIVLength PK11_GetModule PK11_GetNextGenericObject
PK11_GetNextSafe PK11_GetObjectHandle
PK11_GetPadMechanism PK11_GetSlotFromPrivateKey PK11_GetSlotID
PK11_GetTokenName
PK11_HasRootCerts PK11_IsInternal PK11_IsLoggedIn PK11_IsPresent
PK11_IsReadOnly PK11_LogoutAll PK11_NeedLogin PK11_NeedUserInit
PK11_PQG_DestroyParams PK11_PQG_DestroyVerify PK11_ReferenceSlot
PK11_SetPasswordFunc PK11_TokenExists
PORT_Free PORT_FreeArena PORT_GetError PORT_SetError
PR_ErrorToName PR_ErrorToString PR_IntervalNow PR_IntervalToMilliseconds
PR_MillisecondsToInterval PR_Now PR_Sleep
SECITEM_CompareItem SECITEM_FreeItem SECITEM_ItemsAreEqual SECITEM_ZfreeItem
SECKEY_DestroyEncryptedPrivateKeyInfo SECKEY_DestroyPrivateKey
SECKEY_DestroyPrivateKeyList SECKEY_DestroyPublicKey
SECKEY_DestroySubjectPublicKeyInfo SECKEY_EncryptedPrivateKeyInfoTemplate
SECKEY_GetPrivateKeyType SECKEY_GetPublicKeyType
SECKEY_PublicKeyStrength SECKEY_PublicKeyStrengthInBits
SECOID_AlgorithmIDTemplate SECOID_DestroyAlgorithmID SECOID_FindOIDTag
SECOID_GetAlgorithmTag SEC_CertNicknameConflict
SEC_GetSignatureAlgorithmOidTag SEC_PKCS5GetCryptoAlgorithm
SEC_PKCS5IsAlgorithmPBEAlgTag
bcmp bsearch dirname explicit_bzero fcntl free gmtime_r lstat memchr memcmp memcpy
memmem memmove mempcpy memset pthread_mutex_lock pthread_mutex_unlock qsort
snprintf stpcpy strchr strcmp strcpy strcspn strerror_r strftime strlen strncmp
strspn strtol time vsnprintf
END
tr -s ' ' '\n' <"$tmp/never" | sort -u >"$tmp/cannot"

find "$top_builddir/psm" "$top_builddir/nssutil" -name '*.o' >"$tmp/objects"
if [ ! -s "$tmp/objects" ] || ! command -v nm >/dev/null; then
	skip 'there are no objects, or no nm'
	verdict
fi

# Calls of glibc have other names in a program that is hardened or compiled for
# a newer standard; a sanitizer adds its own.
# shellcheck disable=SC2046
nm $(cat "$tmp/objects") >"$tmp/symbols"
awk 'NF > 1 && $(NF-1) == "U" { print $NF }' "$tmp/symbols" |
	sed -e 's/@.*//' -e 's/^__\(.*\)_chk$/\1/' \
		-e 's/^__isoc[0-9]*_//' -e 's/^__xpg_//' |
	grep -v '^_' | sort -u >"$tmp/undefined"
awk 'NF > 1 && $(NF-1) ~ /^[TRDBC]$/ { print $NF }' "$tmp/symbols" |
	sort -u >"$tmp/ours"
comm -23 "$tmp/undefined" "$tmp/ours" >"$tmp/calls"
[ -s "$tmp/calls" ] || exit 99
sed -n -e 's/^FAULT([^,]*, \([A-Za-z0-9_]*\),.*/\1/p' \
	-e 's/^FAULT_BY_HAND(\([A-Za-z0-9_]*\))$/\1/p' \
	"$top_srcdir/tests/unit/fault_calls.def" | sort -u >"$tmp/faults"

sort -u "$tmp/faults" "$tmp/cannot" | comm -23 "$tmp/calls" - >"$tmp/missing"
rule 'every call that can fail is made to fail' "$tmp/missing"
comm -13 "$tmp/calls" "$tmp/faults" >"$tmp/stale"
rule 'every call that is made to fail is called' "$tmp/stale"
verdict

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fault.c - make any one call of the library fail. */

#include "tests/unit/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cert.h>
#include <certdb.h>
#include <cryptohi.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pqg.h>
#include <pk11pub.h>
#include <secasn1.h>
#include <secder.h>
#include <secerr.h>

enum why { MEMORY, DEVICE, INPUT_OUTPUT };

/* Enough to tell a password from another, and a key: sweeps make hundreds of
 * files, and of keys. */
enum {
	MAX_ITERATIONS = 10,
	RSA_BITS = 512,
	DSA_BITS = 1024,
	DSA_SUBGROUP_BITS = 160
};

static struct {
	bool armed, paused;
	size_t left;
	enum fault_mode mode;
	const char *only; /* the one call that counts, or NULL: all */
	const char *hit;  /* what failed first */
	size_t leaks;
} fault;

void
fault_arm_call(const char *call, size_t n, enum fault_mode mode)
{
	fault.left = n;
	fault.mode = mode;
	fault.only = call;
	fault.hit = NULL;
	fault.armed = true;
}

void
fault_arm(size_t n, enum fault_mode mode)
{
	fault_arm_call(NULL, n, mode);
}

const char *
fault_disarm(void)
{
	fault.armed = false;
	return fault.hit;
}

void
fault_pause(void)
{
	fault.paused = true;
}

void
fault_go_on(void)
{
	fault.paused = false;
}

size_t
fault_leaks(void)
{
	return fault.leaks;
}

static bool
is_due(const char *call)
{
	if (!fault.armed || fault.paused)
		return false;
	if (fault.hit != NULL)
		return fault.mode == FAULT_ALL ||
		       (fault.mode == FAULT_SAME &&
		        strcmp(fault.hit, call) == 0);
	if (fault.only != NULL && strcmp(fault.only, call) != 0)
		return false;
	if (fault.left-- > 0)
		return false;
	fault.hit = call;
	return true;
}

/* Must this call fail? Then the reasons are set. */
static bool
fails(const char *call, enum why why)
{
	static const struct {
		int nss, libc;
	} codes[] = {
		[MEMORY] = { SEC_ERROR_NO_MEMORY, ENOMEM },
		[DEVICE] = { SEC_ERROR_PKCS11_DEVICE_ERROR, EIO },
		[INPUT_OUTPUT] = { SEC_ERROR_IO, EIO },
	};

	if (!is_due(call))
		return false;
	PORT_SetError(codes[why].nss);
	errno = codes[why].libc;
	return true;
}

/* --- the table's wrappers --------------------------------------------- */

#define PARAMS_0(...) void
#define PARAMS_1(t) t a1
#define PARAMS_2(t, ...) t a2, PARAMS_1(__VA_ARGS__)
#define PARAMS_3(t, ...) t a3, PARAMS_2(__VA_ARGS__)
#define PARAMS_4(t, ...) t a4, PARAMS_3(__VA_ARGS__)
#define PARAMS_5(t, ...) t a5, PARAMS_4(__VA_ARGS__)
#define PARAMS_6(t, ...) t a6, PARAMS_5(__VA_ARGS__)
#define PARAMS_7(t, ...) t a7, PARAMS_6(__VA_ARGS__)
#define PARAMS_8(t, ...) t a8, PARAMS_7(__VA_ARGS__)
#define PARAMS_9(t, ...) t a9, PARAMS_8(__VA_ARGS__)
#define PARAMS_10(t, ...) t a10, PARAMS_9(__VA_ARGS__)
#define PARAMS_11(t, ...) t a11, PARAMS_10(__VA_ARGS__)
#define PARAMS_12(t, ...) t a12, PARAMS_11(__VA_ARGS__)
#define PARAMS_13(t, ...) t a13, PARAMS_12(__VA_ARGS__)
#define ARGS_0
#define ARGS_1 a1
#define ARGS_2 a2, ARGS_1
#define ARGS_3 a3, ARGS_2
#define ARGS_4 a4, ARGS_3
#define ARGS_5 a5, ARGS_4
#define ARGS_6 a6, ARGS_5
#define ARGS_7 a7, ARGS_6
#define ARGS_8 a8, ARGS_7
#define ARGS_9 a9, ARGS_8
#define ARGS_10 a10, ARGS_9
#define ARGS_11 a11, ARGS_10
#define ARGS_12 a12, ARGS_11
#define ARGS_13 a13, ARGS_12

/* Declared with the type that the real one's header gives it, so a row that
 * says otherwise does not compile. */
#define DECLARE(call) \
	extern __typeof__(call) __real_##call, __wrap_##call;
#define FAULT(type, call, failure, why, n, ...)          \
	DECLARE(call)                                    \
	type __wrap_##call(PARAMS_##n(__VA_ARGS__))      \
	{                                                \
		if (fails(#call, why))                   \
			return failure;                  \
		return __real_##call(ARGS_##n);          \
	}
#define FAULT_BY_HAND(call) DECLARE(call)

#include "tests/unit/fault_calls.def"

/* --- by hand ---------------------------------------------------------- */

int __attribute__((format(printf, 2, 3)))
__wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list ap;
	int len;

	if (fails("asprintf", MEMORY))
		return -1;
	va_start(ap, format);
	len = vasprintf(ret_text, format, ap);
	va_end(ap);
	return len;
}

int
__wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (fails("open", INPUT_OUTPUT))
		return -1;
	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return __real_open(path, flags, mode);
}

/* A close() that fails has closed. */
int
__wrap_close(int fd)
{
	int rc = __real_close(fd);

	return fails("close", INPUT_OUTPUT) ? -1 : rc;
}

/* Never made to fail: nobody could act on it. */
SECStatus
__wrap_NSS_Shutdown(void)
{
	SECStatus rv = __real_NSS_Shutdown();

	if (rv != SECSuccess)
		fault.leaks++;
	return rv;
}

static int
few(int iterations)
{
	return iterations < MAX_ITERATIONS ? iterations : MAX_ITERATIONS;
}

/* What is to fail makes short RSA keys; those it works on have their size. */
SECKEYPrivateKey *
__wrap_PK11_GenerateKeyPairWithOpFlags(PK11SlotInfo *slot,
                                       CK_MECHANISM_TYPE type, void *param,
                                       SECKEYPublicKey **ret_public,
                                       PK11AttrFlags attributes,
                                       CK_FLAGS flags, CK_FLAGS mask,
                                       void *wincx)
{
	PK11RSAGenParams few_bits;

	if (fails("PK11_GenerateKeyPairWithOpFlags", DEVICE))
		return NULL;
	if (fault.armed && type == CKM_RSA_PKCS_KEY_PAIR_GEN) {
		few_bits = *(PK11RSAGenParams *)param;
		few_bits.keySizeInBits = RSA_BITS;
		param = &few_bits;
	}
	return __real_PK11_GenerateKeyPairWithOpFlags(
	        slot, type, param, ret_public, attributes, flags, mask, wincx);
}

/* DSA parameters take seconds to find, and tell nothing of the key. */
static struct {
	SECItem prime, subprime, base;
} dsa;

static SECStatus
keep_dsa(void)
{
	PQGParams *params = NULL;
	PQGVerify *proof = NULL;
	SECStatus rv = __real_PK11_PQG_ParamGenV2(DSA_BITS, DSA_SUBGROUP_BITS,
	                                          0, &params, &proof);

	if (rv != SECSuccess)
		return rv;
	rv = __real_SECITEM_CopyItem(NULL, &dsa.prime, &params->prime);
	if (rv == SECSuccess)
		rv = __real_SECITEM_CopyItem(NULL, &dsa.subprime,
		                             &params->subPrime);
	if (rv == SECSuccess)
		rv = __real_SECITEM_CopyItem(NULL, &dsa.base, &params->base);
	PK11_PQG_DestroyParams(params);
	PK11_PQG_DestroyVerify(proof);
	return rv;
}

/* Found once, and short. Without the proof that they are good. */
SECStatus
__wrap_PK11_PQG_ParamGenV2(unsigned bits, unsigned subgroup_bits,
                           unsigned seed_len, PQGParams **ret_params,
                           PQGVerify **ret_proof)
{
	(void)bits;
	(void)subgroup_bits;
	(void)seed_len;
	if (fails("PK11_PQG_ParamGenV2", DEVICE))
		return SECFailure;
	if (dsa.base.data == NULL && keep_dsa() != SECSuccess)
		return SECFailure;
	*ret_params = PK11_PQG_NewParams(&dsa.prime, &dsa.subprime, &dsa.base);
	*ret_proof = NULL;
	return *ret_params != NULL ? SECSuccess : SECFailure;
}

SECItem *
__wrap_PK11_CreatePBEParams(SECItem *salt, SECItem *password,
                            unsigned iterations)
{
	if (fails("PK11_CreatePBEParams", MEMORY))
		return NULL;
	return __real_PK11_CreatePBEParams(salt, password,
	                                   (unsigned)few((int)iterations));
}

SECAlgorithmID *
__wrap_PK11_CreatePBEV2AlgorithmID(SECOidTag pbe, SECOidTag cipher,
                                   SECOidTag prf, int key_len, int iterations,
                                   SECItem *salt)
{
	if (fails("PK11_CreatePBEV2AlgorithmID", MEMORY))
		return NULL;
	return __real_PK11_CreatePBEV2AlgorithmID(pbe, cipher, prf, key_len,
	                                          few(iterations), salt);
}

SECKEYEncryptedPrivateKeyInfo *
__wrap_PK11_ExportEncryptedPrivKeyInfoV2(PK11SlotInfo *slot, SECOidTag pbe,
                                         SECOidTag cipher, SECOidTag prf,
                                         SECItem *password,
                                         SECKEYPrivateKey *key, int iterations,
                                         void *wincx)
{
	if (fails("PK11_ExportEncryptedPrivKeyInfoV2", DEVICE))
		return NULL;
	return __real_PK11_ExportEncryptedPrivKeyInfoV2(
	        slot, pbe, cipher, prf, password, key, few(iterations), wincx);
}

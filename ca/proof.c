/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* proof.c - does a request prove the possession of its key? */

#include <pk11pub.h>
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"

static const char does_not_verify[] =
	"the proof of possession does not verify";

void
ca_holder_clear(struct ca_holder *holder)
{
	if (holder->cert != NULL)
		CERT_DestroyCertificate(holder->cert);
	if (holder->key != NULL)
		SECKEY_DestroyPrivateKey(holder->key);
}
#define auto_holder __attribute__((cleanup(ca_holder_clear))) struct ca_holder

static enum psm_err
find_holder(struct ca *ca, const char *nickname, struct ca_holder *ret_holder)
{
	nu_auto(PK11SlotInfo) slot = NULL;
	nu_auto_mem char *name = NULL;
	enum psm_err err = ca_slot_of(ca, nickname, &slot, &name);

	if (err != PSM_OK)
		return err;
	ret_holder->cert = PK11_FindCertFromNickname(name, NULL);
	if (ret_holder->cert != NULL)
		ret_holder->key = PK11_FindPrivateKeyFromCert(
			slot, ret_holder->cert, NULL);
	if (ret_holder->key == NULL)
		return ca_error(ca, PSM_E_NOT_FOUND,
		                "no certificate \"%s\" with a key is here",
		                nickname);
	return PSM_OK;
}

enum psm_err
ca_holder_find(struct ca *ca, const char *nickname,
               struct ca_holder *ret_holder)
{
	if (nickname != NULL)
		return find_holder(ca, nickname, ret_holder);
	ret_holder->cert = CERT_DupCertificate(ca->cert);
	ret_holder->key = SECKEY_CopyPrivateKey(ca->key);
	if (ret_holder->key == NULL)
		return ca_error_nss(ca, PSM_E_NO_MEMORY, "key");
	return PSM_OK;
}

static enum psm_err
check_agree_mac(struct ca_job *job, const struct ca_wish *wish,
                const char **ret_disproof)
{
	auto_holder verifier = { NULL, NULL };
	struct nu_cert cert;
	enum psm_err err = ca_holder_find(job->ca, job->options->pop_nickname,
	                                  &verifier);

	if (err != PSM_OK)
		return err;
	if (nu_cert_read(&verifier.cert->derCert, &cert) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_CERTIFICATE, "popcert");
	if (nu_crmf_verify_agree_mac(wish->msg, &cert, verifier.key, NULL) !=
	    SECSuccess)
		*ret_disproof = does_not_verify;
	return PSM_OK;
}

/* Who could encrypt the key has it: opened, it must be the one asked for. Where
 * it says whose it is, it is not another's, copied from a request of theirs. */
static enum psm_err
check_archive(struct ca_job *job, const struct ca_wish *wish,
              const char **ret_disproof)
{
	const char *nickname = job->options->escrow_nickname;
	auto_holder escrow = { NULL, NULL };
	nu_auto(SECKEYPublicKey) public = ca_public_key(&wish->spki);
	enum psm_err err;

	*ret_disproof = "the key in the request cannot be opened here: "
	                "another proof of possession is needed";
	if (nickname == NULL || wish->msg->archive.data == NULL)
		return PSM_OK;
	if ((err = find_holder(job->ca, nickname, &escrow)) != PSM_OK)
		return err;
	if (public == NULL)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "escrow");
	*ret_disproof = nu_envelope_proves_key(&wish->msg->archive, escrow.key,
	                                       public, &wish->subject,
	                                       NULL) == SECSuccess ?
	                NULL : does_not_verify;
	return PSM_OK;
}

static enum psm_err
check_signature(struct ca_job *job, const struct ca_wish *wish,
                const char **ret_disproof)
{
	SECStatus verified = wish->msg != NULL ?
	                     nu_crmf_verify_signature(wish->msg) :
	                     nu_p10_verify(wish->p10);

	(void)job;
	if (verified != SECSuccess)
		*ret_disproof = does_not_verify;
	return PSM_OK;
}

/* Proofs in a POPOPrivKey that only another message could complete. */
static enum psm_err
check_private(struct ca_job *job, const struct ca_wish *wish,
              const char **ret_disproof)
{
	switch (wish->msg->how) {
	case NU_POP_AGREE_MAC:
		return check_agree_mac(job, wish, ret_disproof);
	case NU_POP_THIS_MESSAGE:
		return check_archive(job, wish, ret_disproof);
	case NU_POP_ENCR_CERT:
	case NU_POP_CHALLENGE_RESP:
		*ret_disproof = "not proved yet: a signature by the key, an "
		                "answer to a challenge or an encrypted "
		                "certificate is needed";
		return PSM_OK;
	default:
		*ret_disproof = "a proof of possession of a kind that is not "
		                "offered";
		return PSM_OK;
	}
}

enum psm_err
ca_proof_check(struct ca_job *job, const struct ca_wish *wish,
               const char **ret_disproof)
{
	*ret_disproof = NULL;
	if (wish->msg == NULL)
		return check_signature(job, wish, ret_disproof);
	switch (wish->msg->pop) {
	case NU_POP_SIGNATURE:
		return check_signature(job, wish, ret_disproof);
	case NU_POP_KEY_ENCIPHERMENT:
	case NU_POP_KEY_AGREEMENT:
		return check_private(job, wish, ret_disproof);
	case NU_POP_RA_VERIFIED:
		*ret_disproof = "raVerified proves nothing here: a signature "
		                "by the key is needed";
		return PSM_OK;
	default:
		*ret_disproof = "no proof of possession: a signature by the "
		                "key is needed";
		return PSM_OK;
	}
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_crmf.c - CertReqMessages and PKCS#10: what is handed out lies within
 * what came in, and is well-formed. */

#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_p10.h"

enum { MAX = 100, DEPTH = 64 };

static void
require_der(const SECItem *item)
{
	FUZZ_REQUIRE(item->data == NULL ||
	             nu_der_check(item, DEPTH) == SECSuccess);
}

static void
require_within(const SECItem *item, const SECItem *outer)
{
	FUZZ_REQUIRE(item->data == NULL ||
	             (item->data >= outer->data &&
	              item->data + item->len <= outer->data + outer->len));
}

static void
read_extensions(const SECItem *extensions)
{
	unsigned usage = 0;
	PRBool is_ca;

	if (nu_ext_key_usage(extensions, &usage) == SECSuccess)
		FUZZ_REQUIRE(usage <= 0xff);
	if (nu_ext_is_ca(extensions, &is_ca) == SECSuccess)
		FUZZ_REQUIRE(is_ca == PR_TRUE || is_ca == PR_FALSE);
}

static void
check_msg(const struct nu_crmf_msg *msg, const SECItem *der)
{
	nu_auto_mem char *id = nu_der_to_decimal(&msg->id);

	FUZZ_REQUIRE(id != NULL);
	require_within(&msg->cert_req, der);
	require_within(&msg->subject, &msg->cert_req);
	require_within(&msg->extensions, &msg->cert_req);
	require_within(&msg->pop_value, der);
	require_der(&msg->cert_req);
	require_der(&msg->subject);
	require_der(&msg->spki);
	FUZZ_REQUIRE(nu_der_is_text(&msg->reg_token));
	FUZZ_REQUIRE(nu_der_is_text(&msg->authenticator));
	read_extensions(&msg->extensions);
}

static void
check_crmf(const SECItem *der)
{
	struct nu_crmf *crmf;

	if (nu_crmf_decode(der, MAX, &crmf) != SECSuccess)
		return;
	require_der(der);
	for (size_t i = 0; i < crmf->n_msgs; i++)
		check_msg(&crmf->msgs[i], der);
	nu_crmf_free(crmf);
}

static void
check_p10(const SECItem *der)
{
	struct nu_p10 p10;

	if (nu_p10_decode(der, &p10) != SECSuccess)
		return;
	require_der(der);
	require_within(&p10.info, der);
	require_within(&p10.subject, &p10.info);
	require_within(&p10.spki, &p10.info);
	require_within(&p10.extensions, &p10.info);
	require_der(&p10.subject);
	require_der(&p10.spki);
	require_der(&p10.algorithm);
	read_extensions(&p10.extensions);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SECItem der = { siBuffer, (unsigned char *)data, (unsigned)size };

	check_crmf(&der);
	check_p10(&der);
	return 0;
}

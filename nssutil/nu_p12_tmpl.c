/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_tmpl.c - the structures of PKCS#12 for NSS's decoder (RFC 7292, 4; RFC
 * 2315, 13; RFC 8018, A). */

#include "nssutil/nu_p12_int.h"

#include <stddef.h>

#define END { 0, 0, NULL, 0 }

static const SEC_ASN1Template any_template[] = {
	{ SEC_ASN1_ANY, 0, NULL, sizeof(SECItem) }, END
};

const SEC_ASN1Template p12_octets_template[] = {
	{ SEC_ASN1_OCTET_STRING, 0, NULL, sizeof(SECItem) }, END
};

const SEC_ASN1Template p12_bmp_template[] = {
	{ SEC_ASN1_BMP_STRING, 0, NULL, sizeof(SECItem) }, END
};

const SEC_ASN1Template p12_algorithm_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(SECAlgorithmID) },
	{ SEC_ASN1_OBJECT_ID, offsetof(SECAlgorithmID, algorithm), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_ANY,
	  offsetof(SECAlgorithmID, parameters), NULL, 0 },
	END
};

#define EXPLICIT_0                                          \
	(SEC_ASN1_CONTEXT_SPECIFIC | SEC_ASN1_CONSTRUCTED | \
	 SEC_ASN1_EXPLICIT | 0)

const SEC_ASN1Template p12_content_info_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_content_info) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct p12_content_info, type), NULL,
	  0 },
	{ SEC_ASN1_OPTIONAL | EXPLICIT_0,
	  offsetof(struct p12_content_info, content), any_template, 0 },
	END
};

const SEC_ASN1Template p12_pfx_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_pfx) },
	{ SEC_ASN1_INTEGER, offsetof(struct p12_pfx, version), NULL, 0 },
	{ SEC_ASN1_INLINE, offsetof(struct p12_pfx, auth_safe),
	  p12_content_info_template, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_ANY, offsetof(struct p12_pfx, mac), NULL,
	  0 },
	END
};

static const SEC_ASN1Template mac_data_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_digest_info) },
	{ SEC_ASN1_INLINE, offsetof(struct p12_digest_info, algorithm),
	  p12_algorithm_template, 0 },
	{ SEC_ASN1_OCTET_STRING, offsetof(struct p12_digest_info, digest), NULL,
	  0 },
	END
};

const SEC_ASN1Template p12_mac_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_mac_part) },
	{ SEC_ASN1_INLINE, offsetof(struct p12_mac_part, info),
	  mac_data_template, 0 },
	{ SEC_ASN1_OCTET_STRING, offsetof(struct p12_mac_part, salt), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_INTEGER,
	  offsetof(struct p12_mac_part, iterations), NULL, 0 },
	END
};

static const SEC_ASN1Template encrypted_content_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_encrypted_content) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct p12_encrypted_content, type),
	  NULL, 0 },
	{ SEC_ASN1_INLINE, offsetof(struct p12_encrypted_content, algorithm),
	  p12_algorithm_template, 0 },
	{ SEC_ASN1_CONTEXT_SPECIFIC | 0,
	  offsetof(struct p12_encrypted_content, cipher), p12_octets_template,
	  0 },
	END
};

const SEC_ASN1Template p12_encrypted_data_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_encrypted_data) },
	{ SEC_ASN1_INTEGER, offsetof(struct p12_encrypted_data, version), NULL,
	  0 },
	{ SEC_ASN1_INLINE, offsetof(struct p12_encrypted_data, content),
	  encrypted_content_template, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_ANY,
	  offsetof(struct p12_encrypted_data, attributes), NULL, 0 },
	END
};

const SEC_ASN1Template p12_shrouded_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(SECKEYEncryptedPrivateKeyInfo) },
	{ SEC_ASN1_INLINE, offsetof(SECKEYEncryptedPrivateKeyInfo, algorithm),
	  p12_algorithm_template, 0 },
	{ SEC_ASN1_OCTET_STRING,
	  offsetof(SECKEYEncryptedPrivateKeyInfo, encryptedData), NULL, 0 },
	END
};

static const SEC_ASN1Template attribute_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_attribute) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct p12_attribute, type), NULL, 0 },
	{ SEC_ASN1_SET_OF, offsetof(struct p12_attribute, values), any_template,
	  0 },
	END
};

static const SEC_ASN1Template bag_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct p12_bag) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct p12_bag, type), NULL, 0 },
	{ EXPLICIT_0, offsetof(struct p12_bag, value), any_template, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_SET_OF,
	  offsetof(struct p12_bag, attributes), attribute_template, 0 },
	END
};

const SEC_ASN1Template p12_contents_template[] = {
	{ SEC_ASN1_SEQUENCE_OF, offsetof(struct p12_contents, bags),
	  bag_template, sizeof(struct p12_contents) },
	END
};

const SEC_ASN1Template p12_auth_safe_template[] = {
	{ SEC_ASN1_SEQUENCE_OF, offsetof(struct p12_auth_safe, infos),
	  p12_content_info_template, sizeof(struct p12_auth_safe) },
	END
};

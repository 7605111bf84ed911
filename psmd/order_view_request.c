/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_view_request.c - what an order asks for, and what its profile makes of
 * that. */

#include "psmd/order_view.h"

#include "json/json.h"
#include "psmd/order_int.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- a wish -------------------------------------------------------------- */

static const char *
key_name(unsigned key)
{
	static const struct {
		unsigned key;
		const char *name;
	} names[] = {
		{ CA_KEY_RSA, "rsa" },    { CA_KEY_DSA, "dsa" },
		{ CA_KEY_P256, "p256" },  { CA_KEY_P384, "p384" },
		{ CA_KEY_P521, "p521" },
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].key == key)
			return names[i].name;
	return "other";
}

static json_t *
alt_names(const struct ca_wish_info *wish)
{
	static const char *const kinds[] = {
		[CA_ALT_EMAIL] = "email",
		[CA_ALT_HOST] = "host",
		[CA_ALT_IP] = "ip",
		[CA_ALT_ID] = "id",
	};
	json_t *array = json_array();

	for (size_t i = 0; i < wish->n_alt_names; i++) {
		const struct ca_alt_name *name = &wish->alt_names[i];
		struct view view = view_begin();

		view_text(&view, "kind", kinds[name->kind]);
		view_put(&view, "value", pj_text(name->value));
		if (!view_append(&array, view_end(&view)))
			return NULL;
	}
	return array;
}

static void
put_proof(const struct ca_wish_info *wish, struct view *view)
{
	static const char *const proofs[] = {
		[CA_PROOF_PROVED] = "proved",
		[CA_PROOF_FAILED] = "failed",
		[CA_PROOF_CHALLENGE] = "challenge",
		[CA_PROOF_ENCRYPTED] = "encrypted",
	};

	view_text(view, "proof", proofs[wish->proof]);
	view_text(view, "disproof", wish->disproof);
}

static json_t *
wish_view(const struct ca_wish_info *wish)
{
	struct view view = view_begin();

	if (!wish->pkcs10) /* else it is no client's */
		view_text(&view, "id", wish->id);
	view_text(&view, "subject", wish->subject);
	view_text(&view, "keyType", key_name(wish->key));
	view_number(&view, "keyBits", wish->key_bits);
	view_hash(&view, "keyHash", wish->spki_sha256);
	view_put(&view, "altNames", alt_names(wish));
	if (wish->other_alt_names)
		view_put(&view, "otherAltNames", json_true());
	put_proof(wish, &view);
	view_put(&view, "refused", json_boolean(wish->refused));
	if (wish->refused)
		view_text(&view, "refusal", wish->reason);
	return view_end(&view);
}

/* --- what the profile grants --------------------------------------------- */

static json_t *
texts(const char *const *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (!view_append(&array, pj_text(list[i])))
			return NULL;
	return array;
}

static json_t *
grant_view(const struct profile *profile, unsigned days)
{
	static const char *const subjects[] = {
		[PROFILE_SUBJECT_ACCOUNT] = "account",
		[PROFILE_SUBJECT_PARTS] = "parts",
		[PROFILE_SUBJECT_ALL] = "all",
	};
	const struct ca_profile *ca = &profile->ca;
	struct view view = view_begin();

	view_text(&view, "subject", subjects[profile->subject]);
	if (profile->subject == PROFILE_SUBJECT_PARTS)
		view_put(&view, "subjectParts",
		         texts(ca->subject_parts, ca->n_subject_parts));
	view_put(&view, "altNames",
	         json_boolean(ca->alt_names == CA_ALT_NAMES_GIVEN));
	view_put(&view, "purposes", texts(ca->purposes, ca->n_purposes));
	view_number(&view, "days", days);
	return view_end(&view);
}

/* --- both ---------------------------------------------------------------- */

static json_t *
wishes_view(const struct ca_request *request)
{
	json_t *array = json_array();
	const struct ca_wish_info *wish;

	for (size_t i = 0; (wish = ca_request_wish(request, i)) != NULL; i++)
		if (!view_append(&array, wish_view(wish)))
			return NULL;
	return array;
}

/* The same judgement that issuing it would come to. */
void
view_request(const struct issuing *issuing, const struct order *order,
             struct view *view)
{
	char why[ORDER_WHY_SIZE] = "";
	struct order_job job;
	const bool good = order_job_again(&job, issuing, order, why) ==
	                  ORDER_OK;

	if (!good)
		view_text(view, "trouble", why);
	if (job.profile == NULL)
		return;
	if (!good)
		job.days = 0; /* what it asks for is to be seen nevertheless */
	if (order_job_judge(&job) != ORDER_OK && good)
		view_text(view, "trouble", why);
	if (job.opened != NULL)
		view_put(view, "wishes", wishes_view(job.opened));
	view_put(view, "grants", grant_view(job.profile, order->days));
	order_job_clear(&job);
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_client_cert.c - a certificate that was issued here as a login. Linked
 * with --wrap=time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "psmd/client_cert.h"
#include "tests/psmd/order_house.h"

/* --- what the wrapped functions do --------------------------------------- */

static int64_t later; /* seconds */

time_t __real_time(time_t *ret_time);
time_t __wrap_time(time_t *ret_time);

time_t
__wrap_time(time_t *ret_time)
{
	time_t now = __real_time(NULL) + later;

	if (ret_time != NULL)
		*ret_time = now;
	return now;
}

/* --- certificates as a login --------------------------------------------- */

/* Of a key here, by another authority. */
static int
set_up_other(void **state)
{
	if (house_files(state) != 0)
		return -1;
	return files_add("openssl req -x509 -key a.key -subj /CN=other "
	                 "-days 9 -outform DER -out other.der\n");
}

static int
set_up_now(void **state)
{
	later = 0;
	return house_set_up(state);
}

struct guest {
	struct server server;
	struct peer peer;
	struct request request;
};

static void
set_guest(struct guest *guest, const struct house *house,
           const unsigned char *der, size_t len)
{
	*guest = (struct guest){
		.server = { .records = house->issuing.records },
		.peer = { .address = "192.0.2.7", .tls = true, .cert = der,
		          .cert_len = len },
	};
	guest->request.server = &guest->server;
	guest->request.peer = &guest->peer;
}

static void
test_client_cert_of_ours_is_its_accounts(void **state)
{
	struct house *house = *state;
	const struct account bob = { .name = "bob", .enabled = true,
		                     .hash = "h", .realm = "psmd" };
	struct account alice = { .name = "alice" };
	struct cert_record *cert;
	struct guest guest;
	int64_t id = 0;

	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	set_guest(&guest, house, cert->der, cert->der_len);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_OURS);
	assert_int_equal(id, cert->id);
	assert_true(client_cert_is_for(&guest.request, &alice));
	assert_false(client_cert_is_for(&guest.request, &bob));
	assert_int_equal(records_account_add(house->issuing.records, &bob),
	                 REC_OK);
	assert_int_equal(records_cert_add_user(house->issuing.records,
	                                       &somebody, cert->id, "bob"),
	                 REC_OK);
	assert_false(client_cert_is_for(&guest.request, &bob));
	alice.created = house->order.applied; /* the same second is fine */
	assert_true(client_cert_is_for(&guest.request, &alice));
	alice.created++; /* another one, who has that name now */
	assert_false(client_cert_is_for(&guest.request, &alice));
	alice.created = 0;
	later = YEAR + 60;
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_REVOKED);
	later = -3600; /* not yet */
	assert_false(client_cert_is_for(&guest.request, &alice));
	later = 0;
	assert_int_equal(records_cert_revoke(house->issuing.records, &somebody,
	                                     cert->id, CERT_HOLD, 1000),
	                 REC_OK);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_REVOKED);
	assert_false(client_cert_is_for(&guest.request, &alice));
	cert_records_free(cert, 1);
}

/* Whoever has the name by the time of the approval has no key to it. */
static void
test_client_cert_ordered_before_the_account_is_not_its(void **state)
{
	struct house *house = *state;
	struct account alice = { .name = "alice" };
	struct cert_record *cert;
	struct guest guest;

	house->profile.approval = APPROVAL_MANUAL;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	alice.created = house->order.applied + 10;
	later = 20;
	assert_order(house, order_decide(&house->issuing, &somebody,
	                                 house->order.number, true, "",
	                                 house->why), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	set_guest(&guest, house, cert->der, cert->der_len);
	assert_false(client_cert_is_for(&guest.request, &alice));
	alice.created -= 10;
	assert_true(client_cert_is_for(&guest.request, &alice));
	cert_records_free(cert, 1);
}

/* A serial number is no proof. */
static void
test_client_cert_that_differs_is_none(void **state)
{
	struct house *house = *state;
	struct cert_record *cert;
	struct guest guest;
	int64_t id = 0;
	size_t len;
	char *other = files_read("other.der", &len);

	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	cert = certs_of(house, house->order.number, 1);
	cert->der[cert->der_len - 1] ^= 1;
	set_guest(&guest, house, cert->der, cert->der_len);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	set_guest(&guest, house, (unsigned char *)other, len);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	set_guest(&guest, house, (const unsigned char *)"\x30", 1);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	set_guest(&guest, house, NULL, 0);
	assert_int_equal(client_cert_look(&guest.request, &id),
	                 CLIENT_CERT_IS_NONE);
	cert_records_free(cert, 1);
	free(other);
}

#define NOW(test) \
	cmocka_unit_test_setup_teardown(test, set_up_now, house_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		NOW(test_client_cert_of_ours_is_its_accounts),
		NOW(test_client_cert_ordered_before_the_account_is_not_its),
		NOW(test_client_cert_that_differs_is_none),
	};

	return cmocka_run_group_tests_name("client certificates", tests,
	                                   set_up_other, files_remove);
}

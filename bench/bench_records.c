/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_records.c - the daemon's records with 100,000 orders, against the same
 * calls on a file of a hundred. */

#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "psmd/records_audit.h"
#include "psmd/records_cert.h"
#include "psmd/records_order.h"

enum { FEW = 100, MANY = 100000, CALLS = 20, SERIES = 15, PAGE = 50 };

static const struct rec_actor actor = { "bench", "local" };
static const unsigned char request[800] = "a CSR has some 800 bytes";

struct file {
	struct records *records;
	unsigned n, seed; /* n orders from first on, each with a certificate */
	int64_t first, first_cert;
};

/* What belongs to order i, of one of ten accounts. */
struct names {
	char account[32], foreign[32], serial[40];
};

static struct names
names_of(unsigned i)
{
	struct names names;
	unsigned scattered = i * 2654435761u | 1;

	snprintf(names.account, sizeof names.account, "account %u", i % 10);
	snprintf(names.foreign, sizeof names.foreign, "F-%u-%u", scattered, i);
	snprintf(names.serial, sizeof names.serial, "%x%024X", scattered, i);
	return names;
}

static void
add_one(struct file *file)
{
	struct names names = names_of(file->n);
	struct order_new order = { .account = names.account,
		                   .foreign_number = names.foreign,
		                   .profile = "client",
		                   .days = 365,
		                   .request = request,
		                   .request_len = sizeof request,
		                   .approved = true };
	struct cert_new cert = { .serial = names.serial,
		                 .issuer = "ca",
		                 .der = request,
		                 .der_len = sizeof request,
		                 .subject = "CN=A certificate's subject,O=Some",
		                 .not_after = 2000000000 };
	int64_t number, id;
	bool is_new;

	bench_must(records_order_add(file->records, &actor, &order, &number,
	                             &is_new) == REC_OK, "records_order_add");
	bench_must(records_order_issue(file->records, &actor, number, &cert, 1,
	                               &id) == REC_OK, "records_order_issue");
	if (file->n++ == 0) {
		file->first = number;
		file->first_cert = id;
	}
}

static unsigned
pick(struct file *file)
{
	return (unsigned)rand_r(&file->seed) % file->n;
}

/* --- the calls ----------------------------------------------------------- */

static void
get_order(struct file *file)
{
	struct order order;

	bench_must(records_order_get(file->records, NULL,
	                             file->first + pick(file), &order) ==
	                   REC_OK, "records_order_get");
	order_clear(&order);
}

static void
find_order(struct file *file)
{
	struct names names = names_of(pick(file));
	struct order order;

	bench_must(records_order_find(file->records, names.account,
	                              names.foreign, &order) == REC_OK,
	           "records_order_find");
	order_clear(&order);
}

static void
get_cert(struct file *file)
{
	struct cert_record cert;

	bench_must(records_cert_get(file->records, NULL,
	                            file->first_cert + pick(file), &cert) ==
	                   REC_OK, "records_cert_get");
	cert_record_clear(&cert);
}

static void
find_cert(struct file *file)
{
	struct names names = names_of(pick(file));
	struct cert_record cert;

	bench_must(records_cert_find(file->records, NULL, names.serial,
	                             &cert) == REC_OK, "records_cert_find");
	cert_record_clear(&cert);
}

/* Those an account waits for: there are none, among all of its orders. */
static void
list_applied(struct file *file)
{
	struct order orders[PAGE];
	struct order_filter filter = { "account 1", ORDER_APPLIED, 0 };
	size_t n;

	bench_must(records_order_list(file->records, &filter, orders, PAGE,
	                              &n) == REC_OK, "records_order_list");
}

/* What the page shows first. */
static void
list_newest(struct file *file)
{
	struct order orders[PAGE];
	struct order_filter filter = { NULL, ORDER_N_STATES, 0 };
	size_t n;

	bench_must(records_order_list(file->records, &filter, orders, PAGE,
	                              &n) == REC_OK && n == PAGE,
	           "records_order_list");
}

static void
count_waiting(struct file *file)
{
	size_t n;

	bench_must(records_orders_waiting(file->records, &n) == REC_OK &&
	                   n == 0, "records_orders_waiting");
}

static const struct {
	const char *what;
	void (*call)(struct file *file);
} calls[] = {
	{ "order by its number", get_order },
	{ "order by foreignOrderNumber", find_order },
	{ "certificate by its id", get_cert },
	{ "certificate by serial number", find_cert },
	{ "an account's orders to approve: none", list_applied },
	{ "the newest 50 orders", list_newest },
	{ "orders that wait, counted: none", count_waiting },
	{ "order placed and issued", add_one },
};

enum { N_CALLS = sizeof calls / sizeof *calls };

/* --- times --------------------------------------------------------------- */

/* Microseconds of a call's processor time, each measured in turns. */
static void
measure(struct file *files, double medians[2][N_CALLS])
{
	for (size_t k = 0; k < N_CALLS; k++) {
		struct bench_series series[2] = { { NULL, 0, 0 } };

		for (int i = 0; i < 2 * SERIES; i++) {
			struct file *file = &files[i % 2];
			double start = bench_cpu();

			for (int call = 0; call < CALLS; call++)
				calls[k].call(file);
			bench_add(&series[i % 2],
			          (bench_cpu() - start) * 1e3 / CALLS);
		}
		for (int i = 0; i < 2; i++) {
			medians[i][k] = bench_median(&series[i]);
			bench_series_clear(&series[i]);
		}
	}
}

/* Microseconds of an entry. */
static double
verify(struct file *file)
{
	struct audit_check check;
	double start = bench_cpu();

	bench_must(records_audit_verify(file->records, NULL, &check) ==
	                   REC_OK && check.verdict == AUDIT_INTACT,
	           "records_audit_verify");
	return (bench_cpu() - start) * 1e3 / (double)check.number;
}

static void
fill(struct file *file, const char *dir, const char *base, unsigned n)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, base);
	bench_must(records_open(path, true, &file->records) == REC_OK,
	           "records_open");
	file->seed = 1;
	while (file->n < n)
		add_one(file);
}

int
main(void)
{
	const char *dir = bench_dir_new();
	struct file files[2] = { { NULL, 0, 0, 0, 0 } };
	double medians[2][N_CALLS];

	bench_sync(false);
	fill(&files[0], dir, "many", MANY);
	fill(&files[1], dir, "few", FEW);
	measure(files, medians);
	bench_note("records: processor time, 100,000 orders");
	for (size_t k = 0; k < N_CALLS; k++)
		bench_row(calls[k].what, "us", medians[0][k], "a hundred",
		          medians[1][k], 0);
	bench_row("audit entry verified, 300,000 of them", "us",
	          verify(&files[0]), "a few", verify(&files[1]), 0);
	for (int i = 0; i < 2; i++)
		records_close(files[i].records);
	bench_dir_remove(dir);
	return 0;
}

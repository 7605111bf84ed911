/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_int.h - what the files of orders share. */

#ifndef PSMD_ORDER_INT_H
#define PSMD_ORDER_INT_H

#include "psmd/order.h"

/* A request on its way to its certificates. Zero it, then set what is in the
 * first part. */
struct order_job {
	const struct issuing *issuing;
	const struct profile *profile;
	const char *account;
	enum order_form form;
	unsigned days;       /* 0: the profile's */
	bool in_clear;       /* none of them encrypted */
	const void *request; /* in any armour */
	size_t request_len;
	char *why;           /* ORDER_WHY_SIZE: a sentence when it fails */

	struct ca_request *opened; /* once it was read */
	struct ca_answer *answer;  /* once it was issued */
};

/* That of an order which was placed, by its profile as it is now. ORDER_REFUSED:
 * there is no such profile any more, and job->profile is NULL; ORDER_DAYS: it
 * has fewer days now. Clear job whatever comes. */
enum order_err order_job_again(struct order_job *job,
                               const struct issuing *issuing,
                               const struct order *order, char *why);
/* Read it and verify it, and judge it by its profile. ORDER_KEY_SIZE and
 * ORDER_REFUSED: it is none of the profile's, but opened nevertheless. */
enum order_err order_job_judge(struct order_job *job);
/* Issue it, after judging it if it is not opened. Once more: with other serial
 * numbers. */
enum order_err order_job_sign(struct order_job *job);
void order_job_clear(struct order_job *job);

/* Say why, and return err. */
enum order_err order_fail(char *why, enum order_err err, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));
/* What the records' answer means; writes the log a line when it is ours. */
enum order_err order_fail_rec(char *why, enum rec_err err, const char *doing);

#endif

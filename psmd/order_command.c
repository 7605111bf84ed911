/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order_command.c - psmd order list, show, approve and reject, also while the
 * daemon runs. */

#include <stdlib.h>
#include <string.h>

#include "psmd/ca_command.h"
#include "psmd/order_view.h"
#include "psmd/plain.h"
#include "psmd/text.h"

struct ordering {
	const struct args *args;
	const struct issuing *issuing;
	int64_t number; /* of the order; 0: the subcommand is about none */
	struct order_filter filter;
	size_t left;    /* of the list, to be printed */
};

/* --- the command line ---------------------------------------------------- */

static bool
read_limit(struct ordering *o)
{
	const char *text = o->args->value[OPT_LIMIT];
	int64_t limit;

	o->left = SIZE_MAX;
	if (text == NULL)
		return true;
	if (!text_number(text, &limit))
		return command_fail("--limit %s: this is no number above 0",
		                    text);
	o->left = (size_t)limit;
	return true;
}

static bool
read_state(struct ordering *o)
{
	const char *text = o->args->value[OPT_STATE];

	o->filter.account = o->args->value[OPT_ACCOUNT];
	o->filter.state = ORDER_N_STATES;
	if (text == NULL)
		return true;
	o->filter.state = order_state_by_name(text);
	return o->filter.state != ORDER_N_STATES ||
	       command_fail("--state %s: this is applied, approved, "
	                    "rejected, issued or revoked", text);
}

static bool
read_reason(const struct ordering *o)
{
	const char *text = o->args->value[OPT_REASON];

	return text == NULL || order_reason_valid(text) ||
	       command_fail("the reason is a line of 1 to %d bytes of UTF-8",
	                    ORDER_REASON_MAX);
}

static bool
read_args(struct ordering *o)
{
	if (o->args->word != NULL && !text_number(o->args->word, &o->number))
		return command_fail("\"%s\" is no order's number",
		                    o->args->word);
	return read_limit(o) && read_state(o) && read_reason(o);
}

static bool
fail_records(const struct ordering *o, enum rec_err err)
{
	if (err == REC_NOT_FOUND && o->number != 0)
		return command_fail("there is no order %jd",
		                    (intmax_t)o->number);
	return command_fail("%s: %s", o->issuing->config->records,
	                    rec_strerror(err));
}

/* --- list ---------------------------------------------------------------- */

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* A line of words with blanks between. */
static void
print_row(const json_t *row)
{
	static const char *const names[] = { "profile", "account" };
	const char *foreign = text_of(row, "foreignOrderNumber");

	printf("%-8s  %-6s  %" JSON_INTEGER_FORMAT "  %s",
	       text_of(row, "state"), text_of(row, "kind"),
	       json_integer_value(json_object_get(row, "number")),
	       text_of(row, "applied"));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		fputs("  ", stdout);
		print_word(text_of(row, names[i]));
	}
	fputs("  ", stdout);
	print_word(*foreign != '\0' ? foreign : text_of(row, "applicationId"));
	putchar('\n');
}

/* The next one. */
static bool
print_page(struct ordering *o)
{
	size_t limit = o->left < ORDER_VIEW_MAX ? o->left : ORDER_VIEW_MAX;
	json_t *view, *row;
	size_t i;
	enum rec_err err = order_view_list(o->issuing->records, &o->filter,
	                                   limit, &view);

	if (err != REC_OK)
		return fail_records(o, err);
	json_array_foreach(json_object_get(view, "orders"), i, row) {
		print_row(row);
		o->filter.before =
		        json_integer_value(json_object_get(row, "number"));
		o->left--;
	}
	if (!json_is_true(json_object_get(view, "more")))
		o->left = 0;
	json_decref(view);
	return true;
}

static bool
list(struct ordering *o)
{
	while (o->left > 0 && !ferror(stdout))
		if (!print_page(o))
			return false;
	return true;
}

/* --- show ---------------------------------------------------------------- */

static void
print_name(const char *name)
{
	printf("%-13s ", name);
}

static void
print_text(const char *name, const char *text)
{
	print_name(name);
	print_plain(text, "\\");
	putchar('\n');
}

static void
print_value(const char *name, const json_t *value)
{
	size_t i;
	json_t *item;

	switch (json_typeof(value)) {
	case JSON_STRING:
		print_text(name, json_string_value(value));
		break;
	case JSON_INTEGER:
		print_name(name);
		printf("%" JSON_INTEGER_FORMAT "\n",
		       json_integer_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		print_text(name, json_is_true(value) ? "yes" : "no");
		break;
	case JSON_ARRAY:
		json_array_foreach((json_t *)value, i, item)
			print_value(name, item);
		break;
	default: /* a part of what is asked for */
		print_name(name);
		print_plain(text_of(value, "kind"), "\\ ");
		putchar(' ');
		print_plain(text_of(value, "value"), "\\");
		putchar('\n');
	}
}

struct label {
	const char *member, *name;
};

static void
print_object(const json_t *object, const struct label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(object, labels[i].member);

		if (value != NULL)
			print_value(labels[i].name, value);
	}
}

static const struct label order_labels[] = {
	{ "number", "number" },
	{ "kind", "kind" },
	{ "state", "state" },
	{ "account", "account" },
	{ "foreignOrderNumber", "foreign" },
	{ "applicationId", "application" },
	{ "subscriberId", "subscriber" },
	{ "profile", "profile" },
	{ "days", "days" },
	{ "applied", "applied" },
	{ "decided", "decided" },
	{ "issued", "issued" },
	{ "reason", "reason" },
	{ "requestHash", "request" },
	{ "asked", "asked for" },
	{ "trouble", "trouble" },
};

static const struct label wish_labels[] = {
	{ "id", "  id" },
	{ "subject", "  subject" },
	{ "keyType", "  key" },
	{ "keyBits", "  bits" },
	{ "keyHash", "  spki" },
	{ "altNames", "  alt name" },
	{ "otherAltNames", "  others" },
	{ "proof", "  proof" },
	{ "disproof", "  disproof" },
	{ "refusal", "  refused" },
};

static const struct label grant_labels[] = {
	{ "subject", "  subject" },
	{ "subjectParts", "  part" },
	{ "altNames", "  alt names" },
	{ "purposes", "  purpose" },
	{ "days", "  days" },
};

static const struct label cert_labels[] = {
	{ "id", "  id" },
	{ "serial", "  serial" },
	{ "subject", "  subject" },
	{ "notBefore", "  from" },
	{ "notAfter", "  until" },
	{ "revoked", "  revoked" },
	{ "revocationReason", "  reason" },
	{ "encrypted", "  encrypted" },
	{ "users", "  user" },
};

#define PRINT(object, labels) \
	print_object(object, labels, sizeof labels / sizeof *labels)

static void
print_order(const json_t *view)
{
	const json_t *grants = json_object_get(view, "grants");
	json_t *item;
	size_t i;

	PRINT(view, order_labels);
	json_array_foreach(json_object_get(view, "wishes"), i, item) {
		puts("asked for");
		PRINT(item, wish_labels);
	}
	if (grants != NULL) {
		puts("granted");
		PRINT(grants, grant_labels);
	}
	json_array_foreach(json_object_get(view, "certificates"), i, item) {
		puts("certificate");
		PRINT(item, cert_labels);
	}
}

static bool
show(struct ordering *o)
{
	json_t *view;
	enum rec_err err = order_view_one(o->issuing, o->number, &view);

	if (err != REC_OK)
		return fail_records(o, err);
	print_order(view);
	json_decref(view);
	return true;
}

/* --- approve and reject -------------------------------------------------- */

static bool
decide(struct ordering *o, bool approve)
{
	const char *reason = o->args->value[OPT_REASON];
	char why[ORDER_WHY_SIZE] = "";
	enum order_err err =
	        order_decide(o->issuing, &ca_actor, o->number, approve,
	                     reason != NULL ? reason : "", why);

	if (err == ORDER_NOT_FOUND)
		return fail_records(o, REC_NOT_FOUND);
	return err == ORDER_OK ||
	       command_fail("order %jd: %s", (intmax_t)o->number, why);
}

static bool
approve(struct ordering *o)
{
	return decide(o, true);
}

static bool
reject(struct ordering *o)
{
	return decide(o, false);
}

/* --- the subcommands ----------------------------------------------------- */

struct job {
	struct ordering *ordering;
	bool (*fn)(struct ordering *o);
};

static bool
do_job(struct ca_command *command, void *arg)
{
	struct job *job = arg;

	job->ordering->issuing = &command->issuing;
	return job->fn(job->ordering);
}

static int
run(const struct args *args, bool (*fn)(struct ordering *o))
{
	struct ordering ordering = { .args = args };
	struct job job = { &ordering, fn };

	if (!read_args(&ordering))
		return STATUS_USAGE;
	return ca_command(args, do_job, &job);
}

int
cmd_order_list(const struct args *args)
{
	return run(args, list);
}

int
cmd_order_show(const struct args *args)
{
	return run(args, show);
}

int
cmd_order_approve(const struct args *args)
{
	return run(args, approve);
}

int
cmd_order_reject(const struct args *args)
{
	return run(args, reject);
}

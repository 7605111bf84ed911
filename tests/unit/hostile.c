/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* hostile.c - every way to spoil a good DER message, one at a time. */

#include "tests/unit/hostile.h"

#include <stdlib.h>
#include <string.h>

#include "nssutil/nu_auto.h"

enum { NO_PARENT = -1, MAX_HEAD = 6, CONSTRUCTED = 0x20 };

/* An element of the good message. */
struct node {
	size_t at, head, len; /* head: identifier and length octets */
	long parent;
};

struct message {
	const unsigned char *data;
	size_t len;
	struct node *node;
	size_t n;
	void (*fn)(const struct hostile *variant, void *arg);
	void *arg;
	size_t n_variants;
};

/* Bytes that grow. */
struct bytes {
	unsigned char *data;
	size_t len;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
append(struct bytes *b, const void *data, size_t len)
{
	b->data = must(realloc(b->data, b->len + len + 1));
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

/* The good message is valid: no check here stands in for one of its reader. */
static size_t
head_length(const unsigned char *p, size_t *ret_len)
{
	size_t n = p[1] & 0x7f, i;

	if (p[1] < 0x80) {
		*ret_len = p[1];
		return 2;
	}
	*ret_len = 0;
	for (i = 0; i < n; i++)
		*ret_len = *ret_len << 8 | p[2 + i];
	return 2 + n;
}

static void
find_nodes(struct message *m, size_t at, size_t end, long parent)
{
	while (at < end) {
		struct node node = { .at = at, .parent = parent };
		long self = (long)m->n;

		node.head = head_length(m->data + at, &node.len);
		m->node = must(realloc(m->node, (m->n + 1) * sizeof node));
		m->node[m->n++] = node;
		if ((m->data[at] & CONSTRUCTED) != 0)
			find_nodes(m, at + node.head,
			           at + node.head + node.len, self);
		at += node.head + node.len;
	}
}

/* Hand out one variant, in memory of just its size. */
static void
emit(struct message *m, const char *what, size_t at, PRBool never_der,
     const void *data, size_t len)
{
	nu_auto_mem unsigned char *copy = must(malloc(len > 0 ? len : 1));
	struct hostile variant = { what, at, never_der,
		                   { siBuffer, copy, (unsigned)len } };

	if (len > 0)
		memcpy(copy, data, len);
	m->fn(&variant, m->arg);
	m->n_variants++;
}

static void
append_head(struct bytes *b, unsigned char tag, size_t len)
{
	unsigned char head[MAX_HEAD] = { tag };
	size_t n = 0, i;

	if (len < 0x80) {
		head[1] = (unsigned char)len;
	} else {
		while (len >> 8 * n != 0)
			n++;
		head[1] = (unsigned char)(0x80 | n);
		for (i = 0; i < n; i++)
			head[2 + i] = (unsigned char)(len >> 8 * (n - 1 - i));
	}
	append(b, head, 2 + n);
}

/* Put other bytes in the place of a node, and the enclosing lengths right. */
static void
emit_replaced(struct message *m, const char *what, long i, PRBool never_der,
              const struct bytes *other)
{
	const struct node *node = &m->node[i], *parent;
	size_t at = node->at;
	struct bytes now = { NULL, 0 };

	append(&now, other->data, other->len);
	for (; node->parent != NO_PARENT; node = parent) {
		size_t end = node->at + node->head + node->len, start;
		struct bytes outer = { NULL, 0 };

		parent = &m->node[node->parent];
		start = parent->at + parent->head;
		append_head(&outer, m->data[parent->at],
		            parent->len - (node->head + node->len) + now.len);
		append(&outer, m->data + start, node->at - start);
		append(&outer, now.data, now.len);
		append(&outer, m->data + end, start + parent->len - end);
		free(now.data);
		now = outer;
	}
	emit(m, what, at, never_der, now.data, now.len);
	free(now.data);
}

static void
spoil_by_cutting(struct message *m, const struct node *node)
{
	const size_t edge[] = { node->at, node->at + node->head,
		                node->at + node->head + node->len };
	size_t i, cut;

	for (i = 0; i < sizeof edge / sizeof *edge; i++) {
		for (cut = edge[i] > 0 ? edge[i] - 1 : 0; cut <= edge[i] + 1;
		     cut++) {
			if (cut < m->len)
				emit(m, "cut", node->at, PR_TRUE, m->data, cut);
		}
	}
}

/* Octets in place of a length: no element here can be so long. */
static const struct lie {
	const char *what;
	unsigned char octet[9];
	size_t n;
} lies[] = {
	{ "length 4 GiB", { 0x84, 0xff, 0xff, 0xff, 0xff }, 5 },
	{ "length 2 GiB", { 0x84, 0x7f, 0xff, 0xff, 0xff }, 5 },
	{ "length of eight octets",
	  { 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 9 },
	{ "length reserved", { 0xff }, 1 },
};

static void
replace_length(struct message *m, const char *what, long i,
               PRBool never_der, const void *length, size_t n,
               const void *tail, size_t n_tail)
{
	const struct node *node = &m->node[i];
	struct bytes b = { NULL, 0 };

	append(&b, m->data + node->at, 1);
	append(&b, length, n);
	append(&b, m->data + node->at + node->head, node->len);
	append(&b, tail, n_tail);
	emit_replaced(m, what, i, never_der, &b);
	free(b.data);
}

/* The same length in one octet more than it needs. */
static void
spoil_by_padding(struct message *m, long i)
{
	const struct node *node = &m->node[i];
	unsigned char length[MAX_HEAD + 1];
	size_t n = node->head - 1;

	if (n == 1) {
		length[0] = 0x81;
		length[1] = m->data[node->at + 1];
	} else {
		length[0] = m->data[node->at + 1] + 1;
		length[1] = 0;
		memcpy(length + 2, m->data + node->at + 2, n - 1);
	}
	replace_length(m, "length not minimal", i, PR_TRUE, length, n + 1, NULL,
	               0);
}

static void
spoil_length(struct message *m, long i)
{
	const struct node *node = &m->node[i];
	struct bytes shorter = { NULL, 0 }, longer = { NULL, 0 };
	size_t k;

	for (k = 0; k < sizeof lies / sizeof *lies; k++)
		replace_length(m, lies[k].what, i, PR_TRUE, lies[k].octet,
		               lies[k].n, NULL, 0);
	replace_length(m, "length indefinite", i, PR_TRUE, "\x80", 1, "\0\0",
	               2);
	spoil_by_padding(m, i);
	append_head(&longer, 0, node->len + 1);
	replace_length(m, "length one longer", i, PR_FALSE, longer.data + 1,
	               longer.len - 1, NULL, 0);
	if (node->len > 0) {
		append_head(&shorter, 0, node->len - 1);
		replace_length(m, "length one shorter", i, PR_FALSE,
		               shorter.data + 1, shorter.len - 1, NULL, 0);
	}
	free(shorter.data);
	free(longer.data);
}

static void
spoil_tag(struct message *m, long i)
{
	const struct {
		const char *what;
		unsigned char flip;
	} changes[] = {
		{ "class changed", 0x80 }, { "class changed", 0x40 },
		{ "class changed", 0xc0 }, { "form changed", 0x20 },
		{ "number changed", 0x01 }, { "number changed", 0x02 },
		{ "number changed", 0x04 }, { "number changed", 0x08 },
		{ "number changed", 0x10 },
	};
	const struct node *node = &m->node[i];
	struct bytes b = { NULL, 0 };
	unsigned char tag = m->data[node->at];
	size_t k;

	append(&b, m->data + node->at, node->head + node->len);
	for (k = 0; k < sizeof changes / sizeof *changes; k++) {
		b.data[0] = tag ^ changes[k].flip;
		emit_replaced(m, changes[k].what, i,
		              (b.data[0] & 0x1f) == 0x1f || b.data[0] == 0,
		              &b);
	}
	b.data[0] = 0;
	emit_replaced(m, "tag zero", i, PR_TRUE, &b);
	b.data[0] = tag | 0x1f;
	emit_replaced(m, "tag number high", i, PR_TRUE, &b);
	free(b.data);
}

/* NULs where an element could stand, and where one has its first octet. */
static void
spoil_by_inserting(struct message *m, long i)
{
	const struct node *node = &m->node[i];
	const unsigned char *p = m->data + node->at;
	struct bytes before = { NULL, 0 }, inside = { NULL, 0 },
	             after = { NULL, 0 };

	append(&before, "\0", 1);
	append(&before, p, node->head + node->len);
	emit_replaced(m, "NUL before", i, PR_TRUE, &before);
	append_head(&inside, p[0], node->len + 1);
	append(&inside, "\0", 1);
	append(&inside, p + node->head, node->len);
	emit_replaced(m, "NUL inside", i, (p[0] & CONSTRUCTED) != 0, &inside);
	append(&after, p, node->head + node->len);
	append(&after, "\0\0", 2);
	emit_replaced(m, "end of contents after", i, PR_TRUE, &after);
	free(before.data);
	free(inside.data);
	free(after.data);
}

static void
spoil_structure(struct message *m, long i)
{
	const struct node *node = &m->node[i];
	const unsigned char *p = m->data + node->at;
	const PRBool is_all = node->parent == NO_PARENT;
	struct bytes none = { NULL, 0 }, twice = { NULL, 0 },
	             empty = { NULL, 0 };

	emit_replaced(m, "dropped", i, is_all, &none);
	append(&twice, p, node->head + node->len);
	append(&twice, p, node->head + node->len);
	emit_replaced(m, "doubled", i, is_all, &twice);
	append_head(&empty, p[0], 0);
	emit_replaced(m, "emptied", i, PR_FALSE, &empty);
	free(twice.data);
	free(empty.data);
}

static void
spoil_the_end(struct message *m)
{
	static const struct {
		const char *what, *tail;
		size_t n;
	} tails[] = {
		{ "NUL at the end", "\0", 1 },
		{ "end of contents at the end", "\0\0", 2 },
		{ "new line at the end", "\n", 1 },
		{ "NULL at the end", "\x05\0", 2 },
	};
	struct bytes b = { NULL, 0 };
	size_t i;

	for (i = 0; i < sizeof tails / sizeof *tails; i++) {
		b.len = 0;
		append(&b, m->data, m->len);
		append(&b, tails[i].tail, tails[i].n);
		emit(m, tails[i].what, m->len, PR_TRUE, b.data, b.len);
	}
	free(b.data);
}

size_t
hostile_each(const SECItem *good,
             void (*fn)(const struct hostile *variant, void *arg), void *arg)
{
	struct message m = { .data = good->data, .len = good->len, .fn = fn,
		             .arg = arg };
	size_t i;

	find_nodes(&m, 0, m.len, NO_PARENT);
	for (i = 0; i < m.n; i++) {
		spoil_by_cutting(&m, &m.node[i]);
		spoil_length(&m, (long)i);
		spoil_tag(&m, (long)i);
		spoil_by_inserting(&m, (long)i);
		spoil_structure(&m, (long)i);
	}
	spoil_the_end(&m);
	free(m.node);
	return m.n_variants;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* hostile.h - every way to spoil a good DER message, one at a time. */

#ifndef HOSTILE_H
#define HOSTILE_H

#include <secitem.h>

struct hostile {
	const char *what; /* "cut", "length one longer", ...; static */
	size_t at;        /* offset, in the good message, of the element */
	PRBool never_der; /* no strict reader of the whole may accept this;
	                   * otherwise it may mean something, or not */
	SECItem der;      /* on the heap, exactly as long as it is: a read past
	                   * its end is one that a sanitizer sees */
};

/* Call fn with each variant of good, which is a valid message: cut around
 * each edge of each element; each length shorter, longer, huge, indefinite,
 * not minimal or reserved; each tag of other class, form or number; NULs put
 * in, elements dropped and doubled, bytes behind the end. Elements
 * are those of constructed elements, all the way down; where a change of
 * size would otherwise show in an enclosing length, that is put right.
 * Returns how many there were. Runs out of memory by abort(). */
size_t hostile_each(const SECItem *good,
                    void (*fn)(const struct hostile *variant, void *arg),
                    void *arg);

#endif

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* rows.js - rows of a table: a click opens one, keys lead from one to
 * another. */

import { make } from './dom.js';

export const cell = (className, ...children) =>
	make('td', { role: 'cell', className }, ...children);

/* The row of body in which the event was, or the focus is. */
function rowOf(body, element) {
	const row = element?.closest('tr');

	return row?.parentElement === body ? row : null;
}

export const focusedRow = (body) => rowOf(body, document.activeElement);

/* Where a key leads from the i-th of n rows; page: how many a page key goes on
 * by. undefined: it is no such key. */
function moved(key, i, page, n) {
	const to = {
		ArrowDown: i + 1, ArrowUp: i - 1,
		PageDown: i + page, PageUp: i - page,
		Home: 0, End: n - 1,
	}[key];

	return to === undefined ? to : Math.max(0, Math.min(n - 1, to));
}

/* indexOf(row), page() and count() say where a row is, and in what; open(row)
 * and focus(index) are what is done. */
export function startRows(body, { indexOf, page, count, open, focus }) {
	body.addEventListener('click', ({ target }) => {
		const row = rowOf(body, target);

		/* a name that is marked with the mouse is meant to be copied */
		if (row && getSelection().isCollapsed)
			open(row);
	});
	body.addEventListener('keydown', (event) => {
		const row = rowOf(body, event.target);
		const to = row &&
			moved(event.key, indexOf(row), page(), count());

		if (!row || to === undefined ||
		    event.ctrlKey || event.altKey || event.metaKey)
			return;
		event.preventDefault();
		focus(to);
	});
}

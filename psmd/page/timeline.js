/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* timeline.js - the time axis that all rows share. */

import { DAY, SOON } from './cert.js';

/* How far it looks back and ahead, and months between two marks. */
export const RANGES = {
	quarter: { title: '3 months', back: 18, ahead: 95, step: 1 },
	year: { title: '1 year', back: 60, ahead: 380, step: 2 },
	years: { title: '5 years', back: 270, ahead: 1860, step: 12 },
};

const clamp = (part) => Math.min(1, Math.max(0, part));

/* Times to parts of the axis's width: 0 is its left end, 1 its right. */
export function makeScale(range, now) {
	const { back, ahead, step } = RANGES[range];
	const from = now - back * DAY;
	const to = now + ahead * DAY;
	const at = (time) => (time - from) / (to - from);

	return { from, to, at, step, now: at(now), soon: at(now + SOON) };
}

const monthName = new Intl.DateTimeFormat('en',
	{ month: 'short', timeZone: 'UTC' });

const markText = (day) => (day.getUTCMonth() === 0
	? `${day.getUTCFullYear()}` : monthName.format(day));

/* The months (or years) that begin on the axis, with what is written there. */
export function marks(scale) {
	const { from, to, step } = scale;
	const found = [];
	const first = new Date(from);
	let month = Math.ceil((first.getUTCMonth() + 1) / step) * step;

	for (;; month += step) {
		const day = new Date(Date.UTC(first.getUTCFullYear(), month));

		if (day >= to)
			return found;
		found.push({ at: scale.at(+day), text: markText(day) });
	}
}

/* What of a certificate's life is on the axis. off: none of it is, and it lies
 * before or after. */
export function bar(cert, scale) {
	const a = scale.at(cert.from);
	const b = scale.at(cert.to);

	return {
		a: clamp(a), b: clamp(b),
		before: a < 0, after: b > 1,
		off: b < 0 ? 'before' : a > 1 ? 'after' : null,
	};
}

/* How many of the certificates end in each of n equal parts of the axis. */
export function endings(certs, scale, n) {
	const counts = new Array(n).fill(0);

	for (const { to } of certs) {
		const part = scale.at(to);

		if (part >= 0 && part < 1)
			counts[Math.floor(part * n)]++;
	}
	return counts;
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert.js - a certificate as the page sees it: its state, and words for it. */

import { plain } from './dom.js';

export const DAY = 86400000; /* ms */
export const SOON = 30 * DAY;

export const STATES = {
	expired: 'Expired',
	soon: 'Within 30 days',
	fine: 'Valid',
	future: 'Not yet valid',
};

const PARTS = {
	CN: 'Common name', O: 'Organization', OU: 'Organization unit',
	L: 'Location', S: 'State', C: 'Country',
};

const join = (value) => [value ?? []].flat().map(plain).join(', ');

function nameOf(parts) {
	return join(parts.CN) || join(parts.OU) || join(parts.O);
}

/* "Common name", "Example" for each part that is there. */
export function nameParts(parts) {
	return Object.entries(PARTS)
		.filter(([part]) => part in parts)
		.map(([part, title]) => [title, join(parts[part])]);
}

/* "RSA 2048", "EC P-256" */
function keyWords({ type = '', bits } = {}) {
	const size = type === 'ec' ? `P-${bits}` : bits;

	return type.toUpperCase() + (bits ? ` ${size}` : '');
}

function haystack(cert) {
	const { raw } = cert;

	return [
		...Object.values(raw.subject).map(join),
		...Object.values(raw.issuer).map(join),
		raw.id, raw.fingerprint, raw.fingerprint256, raw.serialNumber,
		cert.key, raw.startDate, raw.endDate,
		raw.protected ? 'protected' : '',
		raw.systemUseOnly ? 'system' : '',
	].join('\n').toLowerCase();
}

const ENDLESS = 8.64e15; /* ms: no Date goes further */

/* A certificate may name a year that no Date can. */
function timeOf(text, otherwise) {
	const time = Date.parse(text);

	return Number.isNaN(time) ? otherwise : time;
}

/* From the API's object. */
export function makeCert(raw) {
	const subject = raw.subject ?? {};
	const issuer = raw.issuer ?? {};
	const cert = {
		raw: { ...raw, subject, issuer },
		handle: raw.fingerprint256 ?? raw.fingerprint,
		name: nameOf(subject) || '(no name)',
		owner: [join(subject.O), join(subject.OU)].filter(Boolean)
			.join(' \u00b7 '),
		issuer: nameOf(issuer) || '(no name)',
		id: raw.id ?? '',
		key: keyWords(raw.key),
		from: timeOf(raw.startDate, -ENDLESS),
		to: timeOf(raw.endDate, ENDLESS),
	};

	cert.words = haystack(cert);
	return cert;
}

export function stateOf(cert, now) {
	if (cert.to < now)
		return 'expired';
	if (cert.from > now)
		return 'future';
	return cert.to - now <= SOON ? 'soon' : 'fine';
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

function distance(ms) {
	const days = Math.abs(ms) / DAY;

	if (days < 1 / 24)
		return [ms / 60000, 'minute'];
	if (days < 1)
		return [ms / 3600000, 'hour'];
	if (days < 60)
		return [ms / DAY, 'day'];
	if (days < 730)
		return [ms / DAY / 30.44, 'month'];
	return [ms / DAY / 365.25, 'year'];
}

/* "in 3 days", "2 months ago" */
export function fromNow(time, now) {
	const [amount, unit] = distance(time - now);

	return relative.format(Math.trunc(amount), unit);
}

export const dayOf = (text) => text?.replace(/T.*/, '') ?? 'unknown';

/* "expired 3 days ago", for the middle of a sentence. */
export function stateWords(cert, now) {
	const words = {
		expired: () => `expired ${fromNow(cert.to, now)}`,
		soon: () => `expires ${fromNow(cert.to, now)}`,
		fine: () => `expires ${fromNow(cert.to, now)}`,
		future: () => `is valid only ${fromNow(cert.from, now)}`,
	};

	return words[stateOf(cert, now)]();
}

/* "3 days ago", below the head of the column. */
export function endWords(cert, now) {
	return stateOf(cert, now) === 'future'
		? `from ${dayOf(cert.raw.startDate)}` : fromNow(cert.to, now);
}

/* Why the certificate cannot be deleted, or null. */
export function whyKept({ raw }) {
	if (!raw.protected)
		return null;
	if (raw.id?.startsWith('#'))
		return `Protected: ${raw.id} is an internal certificate, ` +
			'which the server itself needs. It cannot be deleted ' +
			'here.';
	return 'Protected by the server\u2019s configuration. It cannot be ' +
		'deleted here.';
}

const compareText = new Intl.Collator('en', { numeric: true }).compare;
const byText = (get) => (a, b) => compareText(get(a), get(b));
/* What has no id comes last. */
const byId = (a, b) => (a.id === '') - (b.id === '') ||
	compareText(a.id, b.id);

/* The columns of the list, each with its order. */
export const COLUMNS = {
	name: { title: 'Subject', compare: byText((cert) => cert.name) },
	issuer: { title: 'Issuer', compare: byText((cert) => cert.issuer) },
	id: { title: 'Id', compare: byId },
	key: { title: 'Key', compare: byText((cert) => cert.key) },
	expiry: { title: 'Expiry', compare: (a, b) => a.to - b.to },
};

/* A test for all words of what was typed; a fingerprint may have colons. */
export function matcher(text) {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean)
		.map((word) => (/^([0-9a-f]{2}:)+[0-9a-f]{0,2}$/.test(word)
			? word.replaceAll(':', '') : word));

	return (cert) => words.every((word) => cert.words.includes(word));
}

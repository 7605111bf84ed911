/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* files.js - what files hold, and which parameters of the API they become. */

import { TAG, readCertificate, readInside, readValue } from './der.js';

export const FILE_MAX = 64 * 1024; /* bytes, as the API has it */

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)-----END \1-----/g;

const LABELS = {
	'CERTIFICATE': 'certificate',
	'X509 CERTIFICATE': 'certificate',
	'TRUSTED CERTIFICATE': 'certificate',
	'PKCS7': 'bundle',
	'CMS': 'bundle',
	'PRIVATE KEY': 'key',
	'RSA PRIVATE KEY': 'key',
	'EC PRIVATE KEY': 'key',
	'ENCRYPTED PRIVATE KEY': 'locked key',
};

function fromBase64(text) {
	try {
		return Uint8Array.from(atob(text.replace(/\s+/g, '')),
			(c) => c.charCodeAt(0));
	} catch {
		return null;
	}
}

function makeItem(kind, file, data, der = null) {
	const item = { kind, file: file.name, data };

	if (kind === 'certificate' && der)
		item.names = readCertificate(der);
	return item;
}

/* The blocks of a PEM file that mean something here. */
function readPem(file, text) {
	const items = [];

	for (const [block, label, inside] of text.matchAll(BLOCK)) {
		let kind = LABELS[label];

		if (kind === undefined)
			continue;
		if (kind === 'key' && inside.includes('ENCRYPTED'))
			kind = 'locked key';
		items.push(makeItem(kind, file, `${block}\n`,
			kind === 'certificate' ? fromBase64(inside) : null));
	}
	return items;
}

/* By the tags of what the outermost SEQUENCE is made of. */
const SHAPES = [
	['certificate', [TAG.sequence, TAG.sequence, TAG.bits]],
	['locked key', [TAG.sequence, TAG.octets]],
	['key', [TAG.integer, TAG.integer]],
	['key', [TAG.integer, TAG.octets]],
	['key', [TAG.integer, TAG.sequence, TAG.octets]],
	['PKCS#12', [TAG.integer, TAG.sequence]],
	['bundle', [TAG.oid, TAG.context0]],
];

function derKind(bytes) {
	const whole = readValue(bytes, 0);
	const tags = whole?.tag === TAG.sequence
		? readInside(bytes, whole).map(({ tag }) => tag) : [];
	const shape = SHAPES.find(([, wanted]) =>
		wanted.every((tag, i) => tags[i] === tag));

	if (shape)
		return shape[0];
	/* other programs write PKCS#12 with open lengths */
	return bytes[0] === TAG.sequence && bytes[1] === 0x80 ? 'PKCS#12'
		: null;
}

/* null: a folder, or one that has gone since it was chosen. */
async function readBytes(file) {
	try {
		return new Uint8Array(await file.arrayBuffer());
	} catch {
		return null;
	}
}

/* What one File holds: a list of items, empty when it is nothing known, or null
 * when it cannot be read. */
export async function readFile(file) {
	const bytes = await readBytes(file);

	if (bytes === null)
		return null;
	const text = new TextDecoder('latin1').decode(bytes);
	const kind = derKind(bytes);

	if (text.includes('-----BEGIN '))
		return readPem(file, text);
	return kind === null ? [] : [makeItem(kind, file, bytes, bytes)];
}

/* The user's certificate is the one that issued none of the others. */
function leafFirst(certificates) {
	const issuers = certificates.map(({ names }) =>
		(names?.issuer === names?.subject ? null : names?.issuer));
	const leaf = certificates.findIndex(({ names }) =>
		names && !issuers.includes(names.subject));

	if (leaf < 1)
		return certificates;
	return [certificates[leaf],
		...certificates.filter((c, i) => i !== leaf)];
}

function toBase64(bytes) {
	const text = btoa(String.fromCharCode(...bytes));

	return text.replace(/.{1,64}/g, '$&\n');
}

/* Several certificates go together as PEM. */
function asBlob(items) {
	if (items.length === 1)
		return new Blob([items[0].data]);
	return new Blob(items.map(({ data }) => (typeof data === 'string' ? data
		: `-----BEGIN CERTIFICATE-----\n${toBase64(data)}` +
			'-----END CERTIFICATE-----\n')));
}

/* { cert, key, locked } of all items together, or { problem }. */
export function combine(items) {
	const of = (...kinds) =>
		items.filter(({ kind }) => kinds.includes(kind));
	const certificates = leafFirst(of('certificate'));
	const bundles = of('PKCS#12', 'bundle');
	const keys = of('key', 'locked key');

	if (certificates.length === 0 && bundles.length === 0)
		return { problem: keys.length === 0 ? 'Choose the files first.'
			: 'The certificate is missing: here is a key alone.' };
	if (bundles.length > 1 || (bundles.length === 1 &&
	    certificates.length > 0))
		return { problem: 'Choose one PKCS#12 or PKCS#7 file, ' +
			'without other certificates.' };
	if (keys.length > 1)
		return { problem: 'There is more than one private key in ' +
			'these files.' };
	return {
		cert: asBlob(bundles.length === 1 ? bundles : certificates),
		key: keys.length === 1 ? asBlob(keys) : null,
		locked: of('PKCS#12', 'locked key').length > 0,
	};
}

/* What an item is, in words. */
export function itemWords({ kind, names }) {
	const words = {
		'certificate': 'certificate',
		'key': 'private key',
		'locked key': 'private key, encrypted',
		'PKCS#12': 'PKCS#12, certificate and key',
		'bundle': 'PKCS#7, certificates',
	};

	return words[kind] + (names?.name ? ` of ${names.name}` : '');
}

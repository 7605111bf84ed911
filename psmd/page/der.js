/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* der.js - as much of DER as it takes to tell what a file is. The server
 * judges; this only helps whoever uploads. */

export const TAG = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06,
	sequence: 0x30, set: 0x31, context0: 0xa0 };

/* The value that begins at offset: { tag, start, end }, or null. */
export function readValue(bytes, offset, limit = bytes.length) {
	let length = bytes[offset + 1];
	let start = offset + 2;

	if (start > limit)
		return null;
	if (length > 0x80) {
		const count = length & 0x7f;

		if (count > 4 || start + count > limit)
			return null;
		length = 0;
		for (let i = 0; i < count; i++)
			length = length * 256 + bytes[start + i];
		start += count;
	} else if (length === 0x80) {
		return null; /* BER's open length: nothing here needs it */
	}
	return start + length > limit ? null
		: { tag: bytes[offset], offset, start, end: start + length };
}

/* What a constructed value is made of, or [] when it is damaged. */
export function readInside(bytes, value) {
	const inside = [];

	for (let at = value.start; at < value.end;) {
		const next = readValue(bytes, at, value.end);

		if (next === null)
			return [];
		inside.push(next);
		at = next.end;
	}
	return inside;
}

export const slice = (bytes, value) => bytes.subarray(value.offset, value.end);

export const hex = (bytes) =>
	Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

const COMMON_NAME = '0603550403';
const decoders = { 0x1e: 'utf-16be', 0x14: 'latin1', 0x13: 'latin1' };

function readText(bytes, { tag, start, end }) {
	return new TextDecoder(decoders[tag])
		.decode(bytes.subarray(start, end));
}

/* The last common name of a Name, or ''. */
function commonName(bytes, name) {
	let found = '';

	for (const rdn of readInside(bytes, name)) {
		for (const pair of readInside(bytes, rdn)) {
			const [type, value] = readInside(bytes, pair);

			if (value && hex(slice(bytes, type)) === COMMON_NAME)
				found = readText(bytes, value);
		}
	}
	return found;
}

/* { issuer, subject, name }: the names in hexadecimal, to compare; the last
 * is the common name. null: no certificate. */
export function readCertificate(bytes) {
	const whole = readValue(bytes, 0);
	const [tbs] = whole ? readInside(bytes, whole) : [];
	const parts = tbs ? readInside(bytes, tbs) : [];

	if (parts[0]?.tag === TAG.context0)
		parts.shift(); /* the version */
	if (parts.length < 6)
		return null;
	const [, , issuer, , subject] = parts;

	return {
		issuer: hex(slice(bytes, issuer)),
		subject: hex(slice(bytes, subject)),
		name: commonName(bytes, subject),
	};
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ui.js - the user's callbacks, as the addon asks them. */

'use strict';

const MAX_PASSWORD = 511;
const MAX_PATH = 4095;
const BACKUP_COMPAT = 1;
const BACKUP_OVERWRITE = 2;

/* Is it a "no", whatever the question? */
function isNo(value) {
	return value === null || value === undefined || value === false;
}

/* Only true is a yes: nothing is stored or given away by a slip. */
function asYes(value) {
	if (!isNo(value) && value !== true)
		throw new TypeError('the answer is true or false');
	return value === true;
}

/* A password, or null for "no". */
function asPassword(value) {
	if (isNo(value))
		return null;
	if (typeof value !== 'string' && !(value instanceof Uint8Array))
		throw new TypeError('a password is a string or a Uint8Array');
	if (Buffer.byteLength(value) > MAX_PASSWORD)
		throw new RangeError('a password has 511 bytes at most');
	if (value.includes(typeof value === 'string' ? '\0' : 0))
		throw new RangeError('a password has no NUL character');
	return value;
}

/* [path, password, flags], or null for "no". */
function asTarget(value) {
	if (isNo(value))
		return null;
	const { path, password, compat, overwrite } = value;

	if (typeof path !== 'string' || isNo(password))
		throw new TypeError('a backup target has a path and a ' +
			'password');
	if (Buffer.byteLength(path) > MAX_PATH || path.includes('\0'))
		throw new RangeError('a path has 4095 bytes at most, and no ' +
			'NUL character');
	return [path, asPassword(password),
		(compat ? BACKUP_COMPAT : 0) |
		(overwrite ? BACKUP_OVERWRITE : 0)];
}

/* An index, or null for "no". */
function asChoice(value, text, certificates) {
	if (isNo(value))
		return null;
	if (!Number.isInteger(value) || value < 0 ||
	    value >= certificates.length)
		throw new RangeError('the choice of a signer is an index');
	return value;
}

/* In the order of the addon's enum question_kind. */
const KINDS = [
	{ name: 'password', as: asPassword },
	{ name: 'confirm', as: asYes },
	{ name: 'backupTarget', as: asTarget },
	{ name: 'progress' },
	{ name: 'escrow', as: asYes },
	{ name: 'chooseSigner', as: asChoice },
];

/** Which callbacks there are: a bit for each of KINDS. */
function callbackBits(ui) {
	let bits = 0;

	KINDS.forEach(({ name }, i) => {
		const callback = ui[name];

		if (callback === undefined || callback === null)
			return;
		if (typeof callback !== 'function')
			throw new TypeError(`ui.${name} is no function`);
		bits |= 1 << i;
	});
	return bits;
}

function isThenable(value) {
	return value !== null && typeof value === 'object' &&
	       typeof value.then === 'function';
}

/** Tell how far a call is; what that throws is nobody's. */
function tell(ui, args) {
	try {
		Promise.resolve(ui.progress(...args)).catch(() => {});
	} catch {
		/* The call goes on. */
	}
}

/**
 * What the addon asks for one call: ask(), and, once a callback has failed,
 * the cause. ask() throws nothing: a callback that fails is a "no".
 */
function asker(ui, answer) {
	const asking = { ask };
	const refuse = (error) => {
		asking.cause = error;
		return null;
	};

	function ask(kind, serial, isAsync, ...args) {
		const { name, as } = KINDS[kind];

		if (name === 'progress')
			return tell(ui, args);
		try {
			const value = ui[name](...args);

			if (!isThenable(value))
				return as(value, ...args);
			const told = Promise.resolve(value);
			if (!isAsync) {
				told.catch(() => {});
				throw new TypeError(`ui.${name} returned a ` +
					'promise, which only the ...Async ' +
					'calls can wait for');
			}
			told.then((it) => as(it, ...args)).catch(refuse)
				.then((it) => answer(serial, it));
			return undefined;
		} catch (error) {
			return refuse(error);
		}
	}
	return asking;
}

module.exports = { asPassword, asker, callbackBits };

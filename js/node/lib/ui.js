/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ui.js - the user's callbacks, as the addon asks them. */

'use strict';

const MAX_PASSWORD = 511;
const BACKUP_COMPAT = 1;
const BACKUP_OVERWRITE = 2;

/* A password, or null for "no". */
function asPassword(value) {
	if (value === null || value === undefined || value === false)
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
	if (value === null || value === undefined || value === false)
		return null;
	if (typeof value !== 'object' || typeof value.path !== 'string')
		throw new TypeError('a backup target has a path and a ' +
			'password');
	const password = asPassword(value.password);
	if (password === null)
		return null;
	return [value.path, password,
		(value.compat ? BACKUP_COMPAT : 0) |
		(value.overwrite ? BACKUP_OVERWRITE : 0)];
}

/* An index, or null for "no". */
function asChoice(value) {
	if (value === null || value === undefined || value === false)
		return null;
	if (!Number.isInteger(value) || value < 0)
		throw new TypeError('the choice of a signer is an index');
	return value;
}

/* In the order of the addon's enum question_kind. */
const KINDS = [
	{ name: 'password', as: asPassword },
	{ name: 'confirm', as: Boolean },
	{ name: 'backupTarget', as: asTarget },
	{ name: 'progress', as: () => true },
	{ name: 'escrow', as: Boolean },
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

/**
 * The function that the addon asks. It throws nothing: a callback that fails
 * is a "no", and what it threw goes to blame().
 */
function asker(ui, answer, blame) {
	const refuse = (error) => {
		blame(error);
		return null;
	};

	return function ask(kind, serial, isAsync, ...args) {
		const { name, as } = KINDS[kind];

		try {
			const value = ui[name](...args);

			if (!isThenable(value))
				return as(value);
			const told = Promise.resolve(value);
			if (name === 'progress') {
				told.catch(blame);
				return true;
			}
			if (!isAsync) {
				told.catch(() => {});
				throw new TypeError(`ui.${name} returned a ` +
					'promise, which only the ...Async ' +
					'calls can wait for');
			}
			told.then(as).catch(refuse)
				.then((it) => answer(serial, it));
			return undefined;
		} catch (error) {
			return refuse(error);
		}
	};
}

module.exports = { asPassword, asker, callbackBits };

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* index.js - the crypto object over the addon. */

'use strict';

const native = require('./build/Release/psm_crypto.node');
const { asPassword, asker, callbackBits } = require('./lib/ui.js');

const OPEN_READ_ONLY = 1;
const OPEN_CREATE = 2;
const MAX_RANDOM = 16 << 20;
/* The arguments of generateCRMFRequest() before those of the keys. */
const FIXED = 5;
const INTERNAL_ERROR = 'error:internalError';

/** A string for C: null and undefined are none. */
function optional(value) {
	return value === null || value === undefined ? null : `${value}`;
}

/** Arguments of generateCRMFRequest() as the addon takes them. */
function readRequest(args) {
	if (args.length < FIXED + 3 || (args.length - FIXED) % 3 !== 0)
		throw new TypeError('generateCRMFRequest: incorrect number ' +
			'of parameters');
	const texts = args.slice(0, FIXED - 1).map(optional);
	const last = args[FIXED - 1];
	const callback = typeof last === 'function' ? last : optional(last);
	const numbers = [];

	for (let i = FIXED; i < args.length; i += 3) {
		numbers.push(Number(args[i]) | 0);
		texts.push(optional(args[i + 1]), optional(args[i + 2]));
	}
	return { callback, texts, numbers };
}

/** Arguments of importUserCertificates(). */
function readImport(args) {
	if (args.length < 2)
		throw new TypeError('importUserCertificates: incorrect ' +
			'number of parameters');
	const [nickname, certRep, forceBackup] = args;

	return [[optional(nickname), optional(certRep)], [forceBackup ? 1 : 0]];
}

/** Arguments of signText(). */
function readSign([text, caOption, ...caNames]) {
	if (caOption !== 'auto' && caOption !== 'ask')
		throw new TypeError('signText: the option is "auto" or "ask"');
	const names = caNames.map(optional).filter((name) => name !== null);

	return [[`${text}`, ...names], [caOption === 'ask' ? 1 : 0]];
}

/** The argument of random(). */
function readLength(length) {
	const n = Number(length);

	if (!Number.isInteger(n) || n < 0 || n > MAX_RANDOM)
		throw new RangeError(`random: 0 to ${MAX_RANDOM} bytes`);
	return n;
}

/** What openCrypto() was asked for, checked. */
function readOptions(options) {
	if (options === null || typeof options !== 'object' ||
	    typeof options.db !== 'string')
		throw new TypeError('openCrypto: { db } names the directory');
	const { db, password, create, readOnly, allowWeak, evaluate } = options;
	const ui = options.ui ?? {};

	if (evaluate !== undefined && typeof evaluate !== 'function')
		throw new TypeError('openCrypto: evaluate is no function');
	return {
		ui,
		evaluate: evaluate ?? ((source) => (0, eval)(source)),
		texts: [db, asPassword(password)],
		numbers: [(readOnly ? OPEN_READ_ONLY : 0) |
			(create ? OPEN_CREATE : 0), callbackBits(ui),
			allowWeak ? 1 : 0],
	};
}

/** The object. Made by openCrypto() and openCryptoAsync() alone. */
class PsmCrypto {
	#handle = native.door();
	#ui;
	#evaluate;
	#lastError = null;

	constructor(ui, evaluate) {
		this.#ui = ui;
		this.#evaluate = evaluate;
	}

	static open(options) {
		const { ui, evaluate, texts, numbers } = readOptions(options);
		const crypto = new PsmCrypto(ui, evaluate);

		crypto.#call('open', texts, numbers);
		return crypto;
	}

	static async openAsync(options) {
		const { ui, evaluate, texts, numbers } = readOptions(options);
		const crypto = new PsmCrypto(ui, evaluate);

		await crypto.#callAsync('open', texts, numbers);
		return crypto;
	}

	/* --- every call ------------------------------------------------- */

	/** What failed, with what a callback of that call threw. */
	#note(thrown, asking) {
		const error = thrown ?? new Error('out of memory');

		if ('cause' in asking)
			error.cause = asking.cause;
		this.#lastError = error;
		return error;
	}

	#call(name, texts = [], numbers = []) {
		const asking = asker(this.#ui, native.answer);

		try {
			return native[name](this.#handle, asking.ask, false,
				texts, numbers);
		} catch (error) {
			throw this.#note(error, asking);
		}
	}

	async #callAsync(name, texts = [], numbers = []) {
		const asking = asker(this.#ui, native.answer);

		try {
			return await native[name](this.#handle, asking.ask,
				true, texts, numbers);
		} catch (error) {
			throw this.#note(error, asking);
		}
	}

	/** As #call(), but a failure is the documented string. */
	#string(name, texts, numbers) {
		try {
			return this.#call(name, texts, numbers);
		} catch (error) {
			return error.result ?? INTERNAL_ERROR;
		}
	}

	async #stringAsync(name, texts, numbers) {
		try {
			return await this.#callAsync(name, texts, numbers);
		} catch (error) {
			return error.result ?? INTERNAL_ERROR;
		}
	}

	/** Run a page's callback when its script has the return value. */
	#later(callback) {
		if (typeof callback === 'function')
			setImmediate(() => callback());
		else if (callback !== null)
			setImmediate(() =>
				this.#evaluate.call(undefined, callback));
	}

	/* --- the object of old ------------------------------------------ */

	/** The version that pages looked for. */
	get version() {
		return '2.4';
	}

	/**
	 * Make keys and one request for them all; index.d.ts tells more.
	 * @param {...(string|number|null|Function)} args dn, regToken,
	 * authenticator, escrowCert, callback, then size, params and algorithm
	 * of each key
	 * @returns {{request: string}}
	 */
	generateCRMFRequest(...args) {
		const { callback, texts, numbers } = readRequest(args);
		const request = this.#string('generateCRMFRequest', texts,
			numbers);

		this.#later(callback);
		return { request };
	}

	async generateCRMFRequestAsync(...args) {
		const { callback, texts, numbers } = readRequest(args);
		const request = await this.#stringAsync('generateCRMFRequest',
			texts, numbers);

		this.#later(callback);
		return { request };
	}

	/**
	 * Store what a CA returned for requests that wait here.
	 * @param {...(string|boolean|null)} args nickname, certRep, forceBackup
	 * @returns {string} "" or the documented error
	 */
	importUserCertificates(...args) {
		return this.#string('importUserCertificates',
			...readImport(args));
	}

	async importUserCertificatesAsync(...args) {
		return this.#stringAsync('importUserCertificates',
			...readImport(args));
	}

	/**
	 * @param {string} challenge base64 POPODecKeyChallContent
	 * @returns {string} base64 POPODecKeyRespContent, or an error
	 */
	popChallengeResponse(challenge) {
		return this.#string('popChallengeResponse',
			[optional(challenge)]);
	}

	async popChallengeResponseAsync(challenge) {
		return this.#stringAsync('popChallengeResponse',
			[optional(challenge)]);
	}

	/** readSign(), or null: whatever the arguments throw, signText() does
	 * not. */
	#readSign(args) {
		try {
			return readSign(args);
		} catch (error) {
			this.#lastError = error;
			return null;
		}
	}

	/**
	 * @param {...string} args text, "auto" or "ask", names of CAs
	 * @returns {string} base64 PKCS#7, or the documented error
	 */
	signText(...args) {
		const read = this.#readSign(args);

		return read === null ? INTERNAL_ERROR
			: this.#string('signText', ...read);
	}

	async signTextAsync(...args) {
		const read = this.#readSign(args);

		return read === null ? INTERNAL_ERROR
			: this.#stringAsync('signText', ...read);
	}

	/**
	 * @param {number} length
	 * @returns {string} a character for each byte
	 */
	random(length) {
		return this.#call('random', [], [readLength(length)]);
	}

	async randomAsync(length) {
		return this.#callAsync('random', [], [readLength(length)]);
	}

	/** Lock every token of the process. */
	logout() {
		this.#call('logout');
	}

	async logoutAsync() {
		await this.#callAsync('logout');
	}

	/** Pages of old called it; there is nothing to disable. */
	disableRightClick() {}

	/* --- beyond the object of old ----------------------------------- */

	/** Why the last call that failed did, or null. */
	get lastError() {
		return this.#lastError;
	}

	/** @returns {object[]} the keys that wait for a certificate */
	pending() {
		return this.#call('pending');
	}

	async pendingAsync() {
		return this.#callAsync('pending');
	}

	/** @returns {object[]} the certificates of the user's tokens */
	list() {
		return this.#call('list');
	}

	async listAsync() {
		return this.#callAsync('list');
	}

	/** Close the database. */
	close() {
		this.#call('close');
	}

	async closeAsync() {
		await this.#callAsync('close');
	}
}

/**
 * Open an NSS database; throws an Error with a code.
 * @param {{db: string, password?: string|Uint8Array, ui?: object,
 * create?: boolean, readOnly?: boolean, allowWeak?: boolean,
 * evaluate?: Function}} options
 * @returns {PsmCrypto}
 */
function openCrypto(options) {
	return PsmCrypto.open(options);
}

/**
 * The same without blocking the event loop.
 * @param {object} options
 * @returns {Promise<PsmCrypto>}
 */
async function openCryptoAsync(options) {
	return PsmCrypto.openAsync(options);
}

module.exports = { openCrypto, openCryptoAsync, psmVersion: native.version };

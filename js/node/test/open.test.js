/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* open.test.js - opening, passwords, closing. */

'use strict';

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const { openCrypto, openCryptoAsync, psmVersion } = require('../index.js');
const { World } = require('./support/world.js');

let world;

before(() => {
	world = new World();
	world.open('db', { password: 'secret' }).close();
});
after(() => world.end());

const code = (name) => (error) => error.code === name;

test('the library says its version', () => {
	assert.match(psmVersion, /^\d/);
});

test('options that make no sense throw a TypeError', () => {
	for (const bad of [undefined, null, 'dir', {}, { db: 1 },
		{ db: 'x', evaluate: 'x' }, { db: 'x', password: 1 },
		{ db: 'x', ui: { password: 'secret' } }])
		assert.throws(() => openCrypto(bad), TypeError);
});

test('a directory without a database is PSM_E_DATABASE', () => {
	assert.throws(() => openCrypto({ db: world.path('none') }),
		code('PSM_E_DATABASE'));
});

test('a NUL in the directory or the password is refused', () => {
	assert.throws(() => openCrypto({ db: `${world.path('db')}\0x` }),
		code('PSM_E_ARGUMENT'));
	assert.throws(() => openCrypto({ db: world.path('db'),
		password: 'secret\0' }), RangeError);
});

test('a wrong password fails the opening', () => {
	assert.throws(() => openCrypto({ db: world.path('db'),
		password: 'wrong' }), code('PSM_E_PASSWORD'));
});

test('a password in bytes opens, and is zeroed', () => {
	const password = Buffer.from('secret');
	const crypto = openCrypto({ db: world.path('db'), password });

	assert.deepEqual(password, Buffer.alloc(6));
	assert.deepEqual(crypto.pending(), []);
	crypto.close();
});

test('without a password or anybody to ask a locked database fails', () => {
	const crypto = openCrypto({ db: world.path('db') });

	assert.throws(() => crypto.pending(), code('PSM_E_PASSWORD'));
	crypto.close();
});

test('the callback is asked three times at most', () => {
	const asked = [];
	const crypto = openCrypto({ db: world.path('db'), ui: {
		password: (...args) => {
			asked.push(args);
			return 'wrong';
		},
	} });

	assert.throws(() => crypto.pending(), code('PSM_E_PASSWORD'));
	assert.deepEqual(asked, [0, 1, 2].map((attempt) =>
		['token', 'NSS Certificate DB', attempt]));
	crypto.close();
});

test('a second try with the right password opens', () => {
	const crypto = openCrypto({ db: world.path('db'), ui: {
		password: (kind, name, attempt) =>
			attempt === 0 ? 'wrong' : Buffer.from('secret'),
	} });

	assert.deepEqual(crypto.pending(), []);
	crypto.close();
});

test('a password that is too long or has a NUL is a no with a cause', () => {
	for (const password of ['x'.repeat(512), 'a\0b', 5]) {
		const crypto = openCrypto({ db: world.path('db'),
			ui: { password: () => password } });

		assert.throws(() => crypto.pending(), (error) =>
			error.code === 'PSM_E_CANCELLED' &&
			(error.cause instanceof RangeError ||
			 error.cause instanceof TypeError));
		crypto.close();
	}
});

test('after logout the password is asked for again', () => {
	let asked = 0;
	const crypto = openCrypto({ db: world.path('db'), password: 'secret',
		ui: { password: () => {
			asked++;
			return 'secret';
		} } });

	crypto.pending();
	assert.equal(asked, 0);
	assert.equal(crypto.logout(), undefined);
	crypto.pending();
	assert.equal(asked, 1);
	crypto.close();
});

test('a new database asks for its password', () => {
	const kinds = [];
	const ui = { password: (kind) => {
		kinds.push(kind);
		return 'new secret';
	} };
	const crypto = world.open('new', { ui });

	assert.deepEqual(crypto.pending(), []);
	crypto.logout();
	assert.deepEqual(crypto.pending(), []);
	assert.deepEqual(kinds, ['new', 'token']);
	crypto.close();
});

test('a new database whose password is refused is not made', () => {
	assert.throws(() => world.open('refused', {
		ui: { password: () => null } }), code('PSM_E_CANCELLED'));
	assert.throws(() => openCrypto({ db: world.path('refused') }),
		code('PSM_E_DATABASE'));
});

test('read-only refuses a request with error:internalError', () => {
	const crypto = openCrypto({ db: world.path('db'), password: 'secret',
		readOnly: true });
	const { request } = crypto.generateCRMFRequest('CN=A', null, null, null,
		null, 256, null, 'ec-sign');

	assert.equal(request, 'error:internalError');
	assert.equal(crypto.lastError.code, 'PSM_E_READ_ONLY');
	crypto.close();
});

test('another database in the same process is PSM_E_BUSY', () => {
	const crypto = openCrypto({ db: world.path('db') });

	assert.throws(() => world.open('other'), code('PSM_E_BUSY'));
	crypto.close();
});

test('a closed object fails, and signText and imports still return', () => {
	const crypto = openCrypto({ db: world.path('db') });

	crypto.close();
	crypto.close();
	assert.throws(() => crypto.list(), code('PSM_E_ARGUMENT'));
	assert.equal(crypto.signText('a', 'auto'), 'error:internalError');
	assert.equal(crypto.importUserCertificates('a', 'b', false),
		'error:internalError');
});

test('the promise form opens, calls and closes', async () => {
	await assert.rejects(openCryptoAsync({}), TypeError);
	await assert.rejects(openCryptoAsync({ db: world.path('db'),
		password: 'wrong' }), code('PSM_E_PASSWORD'));
	const crypto = await openCryptoAsync({ db: world.path('db'),
		password: 'secret' });

	assert.deepEqual(await crypto.pendingAsync(), []);
	assert.deepEqual(await crypto.listAsync(), []);
	await crypto.logoutAsync();
	await assert.rejects(crypto.pendingAsync(), code('PSM_E_PASSWORD'));
	await crypto.closeAsync();
	await assert.rejects(crypto.pendingAsync(), code('PSM_E_ARGUMENT'));
});

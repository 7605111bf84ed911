/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* callbacks.test.js - the user's callbacks, now and by promise. */

'use strict';

const assert = require('node:assert');
const { after, before, beforeEach, test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { openCrypto } = require('../index.js');
const { World, noProgram } = require('./support/world.js');

const NEEDS_CA = { skip: noProgram };
let world, ui, crypto, n = 0;

before(() => {
	world = new World();
	if (!noProgram)
		world.makeCA();
	ui = Object.fromEntries(['password', 'confirm', 'progress', 'escrow',
		'backupTarget', 'chooseSigner'].map((name) =>
		[name, () => null]));
	crypto = world.open('db', { password: 'secret', ui });
});
after(() => {
	crypto.close();
	world.end();
});
beforeEach(() => {
	ui.password = () => 'secret';
	ui.confirm = () => true;
	ui.progress = () => {};
});

function answer() {
	const { request } = crypto.generateCRMFRequest(`CN=User ${n++}`, null,
		null, null, null, 256, null, 'ec-sign');

	return world.issue(request);
}

test('confirm sees the plan, and its no is userCancel', NEEDS_CA, () => {
	const text = answer();
	const plans = [];

	for (const no of [false, null, undefined, 0]) {
		ui.confirm = (plan) => {
			plans.push(plan);
			return no;
		};
		assert.equal(crypto.importUserCertificates('Nick', text, false),
			'error:userCancel');
	}
	const [{ certificates, chain }] = plans;

	assert.equal(certificates.length, 1);
	assert.equal(certificates[0].nickname, 'Nick');
	assert.equal(certificates[0].matched, 'id');
	assert.match(certificates[0].requestId, /^\d+$/);
	assert.ok(Array.isArray(certificates[0].warnings));
	assert.ok(certificates[0].notAfter instanceof Date);
	assert.equal(chain[0].subject, 'CN=Test CA,O=Example');
	assert.equal(chain[0].matched, null);
	ui.confirm = () => true;
	assert.equal(crypto.importUserCertificates('Nick', text, false), '');
});

test('a callback that throws is a no, and lastError.cause', NEEDS_CA, () => {
	const text = answer();
	const thrown = new Error('from a callback');

	ui.confirm = () => {
		throw thrown;
	};
	assert.equal(crypto.importUserCertificates(null, text, false),
		'error:userCancel');
	assert.equal(crypto.lastError.cause, thrown);
});

test('nothing but true is a yes', NEEDS_CA, async () => {
	const text = answer();

	for (const no of ['yes', 1, {}, [], () => true]) {
		ui.confirm = () => no;
		assert.equal(crypto.importUserCertificates(null, text, false),
			'error:userCancel');
		assert.ok(crypto.lastError.cause instanceof TypeError);
		ui.confirm = async () => no;
		assert.equal(await crypto.importUserCertificatesAsync(null,
			text, false), 'error:userCancel');
		assert.ok(crypto.lastError.cause instanceof TypeError);
	}
});

test('a cause is told with its own call', NEEDS_CA, async () => {
	const texts = [answer(), answer()];
	const thrown = texts.map((_, i) => new Error(`${i}`));
	let i = 0;

	ui.confirm = () => {
		throw thrown[i++];
	};
	const causes = texts.map(async (text) => {
		await crypto.importUserCertificatesAsync(null, text, false);
		return crypto.lastError.cause;
	});

	assert.deepEqual(await Promise.all(causes), thrown);
	assert.equal(crypto.importUserCertificates(null, 'x', false),
		'error:invalidCertificate');
	assert.ok(!('cause' in crypto.lastError));
});

test('a promise in a synchronous call is a no with a cause', NEEDS_CA, () => {
	const text = answer();

	ui.confirm = async () => true;
	assert.equal(crypto.importUserCertificates(null, text, false),
		'error:userCancel');
	assert.match(crypto.lastError.cause.message, /promise/);
});

test('a promise in a promise form is waited for', NEEDS_CA, async () => {
	const text = answer();
	let ticks = 0;
	const timer = setInterval(() => ticks++, 1);

	crypto.logout();
	ui.password = async () => {
		await pause(20);
		return 'secret';
	};
	ui.confirm = () => pause(20, false);
	assert.equal(await crypto.importUserCertificatesAsync(null, text,
		false), 'error:userCancel');
	ui.confirm = () => pause(20, true);
	assert.equal(await crypto.importUserCertificatesAsync(null, text,
		false), '');
	clearInterval(timer);
	assert.ok(ticks > 5, 'the event loop ran meanwhile');
});

test('a rejected promise is a no, and lastError.cause', NEEDS_CA, async () => {
	const text = answer();
	const thrown = new Error('rejected');

	ui.confirm = () => Promise.reject(thrown);
	assert.equal(await crypto.importUserCertificatesAsync(null, text,
		false), 'error:userCancel');
	assert.equal(crypto.lastError.cause, thrown);
});

test('progress is told, and what it throws is nobody\'s', NEEDS_CA, () => {
	const text = answer();
	const told = [];

	ui.progress = (...args) => {
		told.push(args);
		throw new Error('ignored');
	};
	assert.equal(crypto.importUserCertificates(null, text, false), '');
	assert.ok(told.length > 0);
	crypto.importUserCertificates(null, text, false);
	assert.ok(!('cause' in crypto.lastError));
	for (const [doing, done, total] of told) {
		assert.equal(typeof doing, 'string');
		assert.ok(total === 0 || done <= total);
	}
});

test('a call from a callback is refused, not a deadlock', NEEDS_CA, () => {
	const text = answer();
	let error;

	ui.confirm = () => {
		try {
			crypto.list();
		} catch (e) {
			error = e;
		}
		return true;
	};
	assert.equal(crypto.importUserCertificates(null, text, false), '');
	assert.equal(error.code, 'PSM_E_BUSY');
});

test('a promise form from a callback runs afterwards', NEEDS_CA, async () => {
	const text = answer();
	let later;

	ui.confirm = () => {
		later = crypto.listAsync();
		return true;
	};
	assert.equal(crypto.importUserCertificates(null, text, false), '');
	assert.ok((await later).length > 0);
});

test('a synchronous call serves a promise form\'s questions', NEEDS_CA,
	async () => {
		const text = answer();
		let asked = false;

		ui.confirm = () => asked = true;
		const done = crypto.importUserCertificatesAsync(null, text,
			false);

		assert.ok(crypto.list().length > 0);
		assert.ok(asked, 'the call before it was finished');
		assert.equal(await done, '');
	});

test('a synchronous call does not wait for a promise', NEEDS_CA, async () => {
	const text = answer();

	ui.confirm = () => pause(20, true);
	const done = crypto.importUserCertificatesAsync(null, text, false);

	assert.throws(() => crypto.list(),
		(error) => error.code === 'PSM_E_BUSY');
	assert.equal(crypto.signText('x', 'auto'), 'error:internalError');
	assert.equal(await done, '');
	assert.ok(crypto.list().length > 0);
});

test('many promise forms at once end in their order', async () => {
	const order = [];

	await Promise.all(Array.from({ length: 200 }, async (_, i) => {
		assert.equal((await crypto.randomAsync(i)).length, i);
		order.push(i);
	}));
	assert.deepEqual(order, Array.from({ length: 200 }, (_, i) => i));
});

test('the escrow is the user\'s decision', NEEDS_CA, () => {
	const holder = world.psm('ca', 'init', '-d', world.path('kra'),
		'--no-password', '-k', 'rsa', '-s', 'CN=KRA,O=Example')
		.replace(/-----.*-----/g, '').trim();
	const asked = [];
	const request = () => crypto.generateCRMFRequest('CN=Escrow', null,
		null, holder, null, 2048, null, 'rsa-ex', 2048, null,
		'rsa-sign').request;

	ui.escrow = (cert, keys) => {
		asked.push(cert.subject, keys);
		return false;
	};
	assert.equal(request(), 'error:userCancel');
	assert.deepEqual(asked, ['CN=KRA,O=Example', 1]);
	ui.escrow = () => 'ask me later';
	assert.equal(request(), 'error:userCancel');
	ui.escrow = () => true;
	assert.match(request(), /^MI/);
});

test('objects that are dropped unclosed are closed', { skip: !global.gc &&
	'needs --expose-gc' }, async () => {
	const before = process.memoryUsage().rss;

	for (let i = 0; i < 2000; i++) {
		openCrypto({ db: world.path('db') });
		if (i % 100 === 0) {
			global.gc();
			await pause(1);
		}
	}
	assert.ok(process.memoryUsage().rss - before < 64 << 20);
});

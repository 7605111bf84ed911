/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* object.test.js - the crypto object of old, call by call. */

'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const { after, before, test } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { World, noProgram } = require('./support/world.js');

const NEEDS_CA = { skip: noProgram };
const KEYS = [
	[2048, null, 'rsa-ex'], [2048, null, 'rsa-dual-use'],
	[2048, null, 'rsa-sign'], [2048, null, 'rsa-nonrepudiation'],
	[2048, null, 'rsa-sign-nonrepudiation'],
	[256, null, 'ec-ex'], [384, null, 'ec-dual-use'],
	[0, 'curve=secp521r1', 'ec-sign'],
	[0, 'curve=P-256', 'ec-nonrepudiation'],
	[-1, null, ' ec-sign-nonrepudiation '],
];
let world, crypto;

before(() => {
	world = new World();
	if (!noProgram)
		world.makeCA();
	crypto = world.open('db');
});
after(() => {
	crypto.close();
	world.end();
});

function request(dn, ...keys) {
	return crypto.generateCRMFRequest(dn, null, null, null, null,
		...keys.flat()).request;
}

test('version and disableRightClick are as they were', () => {
	assert.equal(crypto.version, '2.4');
	assert.equal(crypto.disableRightClick(), undefined);
});

test('a wrong number of arguments throws', () => {
	for (const n of [0, 1, 4, 5, 6, 7, 9, 10, 12]) {
		assert.throws(() => crypto.generateCRMFRequest(
			...Array(n).fill('x')), TypeError);
	}
	for (const args of [[], ['x']])
		assert.throws(() => crypto.importUserCertificates(...args),
			TypeError);
});

test('a page cannot change the version, nor take a call away', () => {
	assert.throws(() => {
		crypto.version = '3';
	}, TypeError);
	assert.equal(crypto.version, '2.4');
	const { random } = crypto;

	assert.throws(() => random(1), TypeError);
	assert.throws(() => random.call({}, 1), TypeError);
});

test('errors are in .request, with the name of the parameter', () => {
	const key = [256, null, 'ec-sign'];
	const alg = 'error:invalidParameter:keyGenAlg';
	const params = 'error:invalidParameter:keyParams';
	const cases = [
		[null, 'error:invalidParameter:requestedDN', ...key],
		['no name', 'error:invalidParameter:requestedDN', ...key],
		['CN=a\0b', 'error:invalidParameter:requestedDN', ...key],
		['CN=a', alg, 0, null, 'dh-ex'],
		['CN=a', alg, 0, null, 'EC-SIGN'],
		['CN=a', alg, 0, null, null],
		['CN=a', alg, 0, null, 'ec-sign\0'],
		['CN=a', params, 0, 'x', 'rsa-sign'],
		['CN=a', params, 0, 'curve=x', 'ec-sign'],
		['CN=a', params, 0, 'popcert=x', 'ec-ex'],
		['CN=a', params, 0, '\0', 'ec-sign'],
		['CN=a', 'error:invalidParameter:keySize', 512, null,
			'rsa-sign'],
	];

	for (const [dn, error, ...args] of cases) {
		assert.equal(request(dn, args), error);
		assert.equal(crypto.lastError.result, error);
		assert.equal(crypto.lastError.code, 'PSM_E_PARAMETER');
		assert.equal(crypto.lastError.parameter, error.split(':')[2]);
	}
	assert.equal(crypto.pending().length, 0);
});

test('a control or an escrow certificate that cannot be is named', () => {
	const which = ['requestedDN', 'regToken', 'authenticator',
		'escrowAuthorityCert'];

	for (const [i, bad] of ['x', 'a\0', 'a\0', 'x'].entries()) {
		const args = ['CN=a', null, null, null];

		args[i] = bad;
		assert.equal(crypto.generateCRMFRequest(...args, null, 2048,
			null, 'rsa-ex').request,
			`error:invalidParameter:${which[i]}`);
	}
	assert.equal(crypto.pending().length, 0);
});

test('arguments that throw do so before there is a key', () => {
	const thrown = new Error('on purpose');
	const hostile = { toString() { throw thrown; } };
	const args = ['CN=a', null, null, null, null, 256, null, 'ec-sign'];

	for (const i of args.keys()) {
		const bad = args.map((it, j) => i === j ? hostile : it);

		assert.throws(() => crypto.generateCRMFRequest(...bad), thrown);
	}
	assert.throws(() => crypto.importUserCertificates('a', hostile),
		thrown);
	assert.throws(() => crypto.popChallengeResponse(hostile), thrown);
	assert.deepEqual(crypto.pending(), []);
});

test('every algorithm string: request, answer, import', NEEDS_CA, () => {
	const signing = KEYS.filter(([, , alg]) => !alg.includes('-ex'));
	const text = request('CN=All', ...signing);

	assert.match(text, /^[A-Za-z0-9+/=\s]+$/);
	assert.equal(crypto.pending().length, signing.length);
	assert.equal(crypto.importUserCertificates('Mine', world.issue(text),
		false), '');
	assert.deepEqual(crypto.pending(), []);
	const mine = crypto.list().filter((cert) => cert.nickname === 'Mine');

	assert.equal(mine.length, signing.length);
	assert.ok(mine.every((cert) => cert.hasKey && !cert.isCA));
	assert.ok(mine.every((cert) => cert.notBefore < cert.notAfter));
	assert.deepEqual(new Set(mine.map((cert) => cert.keyType)),
		new Set(['rsa', 'ec']));
});

test('weak keys need allowWeak', NEEDS_CA, () => {
	const weak = world.open('db', { allowWeak: true });
	const key = [1024, null, 'rsa-sign'];

	assert.equal(request('CN=Weak', key),
		'error:invalidParameter:keySize');
	assert.match(weak.generateCRMFRequest('CN=Weak', null, null, null,
		null, ...key, 0, null, 'dsa-sign').request,
		/^MI/);
	weak.close();
});

test('an "-ex" key makes a request too', () => {
	const before = crypto.pending().length;

	assert.match(request('CN=Ex', KEYS[0], KEYS[5]), /^MI/);
	assert.equal(crypto.pending().length, before + 2);
});

test('null, undefined, "" and "null" are no nickname', NEEDS_CA, () => {
	for (const [i, none] of [null, undefined, '', 'null'].entries()) {
		const answer = world.issue(request(`CN=N${i}`, KEYS[6]));

		assert.equal(crypto.importUserCertificates(none, answer, false),
			'');
		assert.ok(crypto.list().some((cert) =>
			cert.nickname === `N${i}'s Example ID`));
	}
});

test('a subject that is here keeps its nickname', NEEDS_CA, () => {
	for (const nickname of ['First', 'Second']) {
		const answer = world.issue(request('CN=Same', KEYS[6]));

		assert.equal(crypto.importUserCertificates(nickname, answer,
			false), '');
	}
	const same = crypto.list().filter((it) => it.subject === 'CN=Same');

	assert.deepEqual(same.map((it) => it.nickname), ['First', 'First']);
});

test('every documented string of an import', NEEDS_CA, () => {
	const answer = world.issue(request('CN=Once', KEYS[6]));
	const bad = (text) => crypto.importUserCertificates(null, text, false);

	for (const text of ['', null, undefined, 'no base64!', 'MAA=',
		`${answer}\0`, answer.slice(4), answer + answer])
		assert.equal(bad(text), 'error:invalidCertificate');
	assert.equal(crypto.importUserCertificates('a\0b', answer, false),
		'error:internalError');
	assert.equal(crypto.importUserCertificates(null, answer, true),
		'error:userCancel');
	assert.equal(bad(answer), '');
	assert.equal(bad(answer), 'error:invalidRequestID');
	assert.equal(crypto.lastError.code, 'PSM_E_REQUEST_ID');
});

test('a page\'s callback runs after the value is assigned', async () => {
	const seen = [];
	let object = crypto.generateCRMFRequest('CN=Later', null, null, null,
		() => seen.push(object.request), 256, null, 'ec-sign');

	assert.deepEqual(seen, []);
	await turn();
	assert.deepEqual(seen, [object.request]);

	globalThis.psmSeen = seen;
	object = await crypto.generateCRMFRequestAsync(null, null, null, null,
		'psmSeen.push("source")', 256, null, 'ec-sign');
	assert.equal(object.request, 'error:invalidParameter:requestedDN');
	assert.equal(seen.length, 1);
	await turn();
	assert.deepEqual(seen[1], 'source');
	delete globalThis.psmSeen;
});

test('evaluate runs the source of a callback', async () => {
	const sources = [];
	const other = world.open('db', { evaluate: (it) => sources.push(it) });

	other.generateCRMFRequest('no name', null, null, null, 'done();', 0,
		null, 'ec-sign');
	await turn();
	assert.deepEqual(sources, ['done();']);
	other.close();
});

test('a forced backup is written, with mode 0600', NEEDS_CA, () => {
	const path = world.path('backup.p12');
	const other = world.open('db', { ui: {
		backupTarget: (plan) => ({ path,
			password: plan.certificates[0].subject }),
	} });
	const answer = world.issue(request('CN=Backup', KEYS[6]));

	assert.equal(other.importUserCertificates(null, answer, true), '');
	assert.equal(fs.statSync(path).mode & 0o777, 0o600);
	other.close();
});

test('a backup target that cannot be is a no with a cause', NEEDS_CA, () => {
	let target;
	const other = world.open('db', { ui: { backupTarget: () => target } });
	const answer = world.issue(request('CN=Nowhere', KEYS[6]));

	for (target of ['file', {}, { path: 'x' }, { password: 'x' },
		{ path: 'a\0b', password: 'x' },
		{ path: 'x'.repeat(4096), password: 'x' },
		{ path: 'x', password: 'x'.repeat(512) }]) {
		assert.equal(other.importUserCertificates(null, answer, true),
			'error:userCancel');
		assert.match(other.lastError.cause.message,
			/path|password/);
	}
	for (target of [null, undefined, false]) {
		assert.equal(other.importUserCertificates(null, answer, true),
			'error:userCancel');
		assert.ok(!('cause' in other.lastError));
	}
	other.close();
});

test('a request for recovery is seen as what it is', NEEDS_CA, () => {
	const { length } = crypto.pending();

	world.psm('recover', '-d', world.path('db'), '-s', 'CN=Lost', '-o',
		world.path('recovery'));
	const lost = crypto.pending().filter((key) => key.state === 'recovery');

	assert.equal(crypto.pending().length, length + 1);
	assert.deepEqual(lost.map((key) => key.subject), ['CN=Lost']);
});

test('popChallengeResponse returns an error for what is none', () => {
	for (const bad of [null, '', 'x', 'MAA='])
		assert.match(crypto.popChallengeResponse(bad), /^error:/);
	assert.equal(crypto.popChallengeResponse('a\0'), 'error:internalError');
	assert.equal(crypto.lastError.code, 'PSM_E_MESSAGE');
});

test('signText never throws', () => {
	const throws = (thrown) => ({ toString() { throw thrown; } });
	const liar = { get result() { throw new Error('no'); } };

	for (const args of [[], ['x'], ['x', 'maybe'],
		[throws(new Error('no')), 'auto'], [throws(null), 'auto'],
		[throws(undefined), 'auto'], [throws(liar), 'auto'],
		[throws({ result: 'signed' }), 'auto'],
		['x', 'auto', Symbol('x')], ['a\0b', 'auto'],
		[Symbol('x'), 'ask']])
		assert.equal(crypto.signText(...args), 'error:internalError');
	assert.equal(crypto.signText('x', 'auto', 'CN=Nobody'),
		'error:noMatchingCert');
});

test('signText signs, and lets the user choose', NEEDS_CA, () => {
	const chosen = [];
	const other = world.open('db', { ui: {
		chooseSigner: (text, certs) => {
			chosen.push(text, certs.length);
			return certs.length - 1;
		},
	} });

	assert.equal(world.enrol(crypto, 'CN=Signer'), '');
	assert.match(crypto.signText('text', 'auto'), /^MI/);
	assert.equal(crypto.signText('text', 'ask'), 'error:userCancel');
	assert.match(other.signText('text', 'ask', 'CN=Test CA,O=Example'),
		/^MI/);
	assert.equal(chosen[0], 'text');
	assert.ok(chosen[1] >= 1);
	other.close();
});

test('a signer that is not on offer is a no with a cause', NEEDS_CA, () => {
	let choice;
	const other = world.open('db', { ui: { chooseSigner: () => choice } });

	assert.equal(world.enrol(crypto, 'CN=Another signer'), '');
	for (choice of [-1, 1.5, 1000, '0', true]) {
		assert.equal(other.signText('text', 'ask'), 'error:userCancel');
		assert.ok(other.lastError.cause instanceof RangeError);
	}
	other.close();
});

test('random gives a character for each byte', async () => {
	assert.equal(crypto.random(0), '');
	const text = crypto.random(1000);

	assert.equal(text.length, 1000);
	assert.ok([...text].every((c) => c.charCodeAt(0) < 256));
	assert.notEqual(text, crypto.random(1000));
	assert.equal((await crypto.randomAsync('7')).length, 7);
	for (const bad of [undefined, -1, 1.5, NaN, 'x', {}, (16 << 20) + 1,
		2 ** 40])
		assert.throws(() => crypto.random(bad), RangeError);
	await assert.rejects(crypto.randomAsync(-1), RangeError);
});

test('the promise forms return what the others do', NEEDS_CA, async () => {
	const { request: text } = await crypto.generateCRMFRequestAsync(
		'CN=Promise', null, null, null, null, ...KEYS[6]);
	const answer = world.issue(text);
	const bad = await crypto.importUserCertificatesAsync(null, 'x', false);

	assert.equal(bad, 'error:invalidCertificate');
	assert.equal(await crypto.importUserCertificatesAsync('Promised',
		answer, false), '');
	assert.ok((await crypto.listAsync()).some((cert) =>
		cert.nickname === 'Promised'));
	assert.match(await crypto.signTextAsync('x', 'auto'), /^MI/);
	assert.equal(await crypto.signTextAsync('x', 'never'),
		'error:internalError');
	assert.equal(await crypto.popChallengeResponseAsync('x'),
		'error:internalError');
	await assert.rejects(crypto.generateCRMFRequestAsync('x'), TypeError);
	await assert.rejects(crypto.importUserCertificatesAsync('x'),
		TypeError);
});

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
	assert.throws(() => crypto.importUserCertificates('x'), TypeError);
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

test('popChallengeResponse returns an error for what is none', () => {
	for (const bad of [null, '', 'x', 'MAA='])
		assert.match(crypto.popChallengeResponse(bad), /^error:/);
	assert.equal(crypto.popChallengeResponse('a\0'), 'error:internalError');
	assert.equal(crypto.lastError.code, 'PSM_E_MESSAGE');
});

test('signText never throws', () => {
	const hostile = { toString() { throw new Error('no'); } };

	for (const args of [[], ['x'], ['x', 'maybe'], [hostile, 'auto'],
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

test('random gives a character for each byte', async () => {
	assert.equal(crypto.random(0), '');
	const text = crypto.random(1000);

	assert.equal(text.length, 1000);
	assert.ok([...text].every((c) => c.charCodeAt(0) < 256));
	assert.notEqual(text, crypto.random(1000));
	assert.equal((await crypto.randomAsync('7')).length, 7);
	for (const bad of [-1, 1.5, NaN, 'x', 2 ** 40])
		assert.throws(() => crypto.random(bad), RangeError);
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

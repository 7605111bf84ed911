/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pages.test.js - old pages, run in a window, against a CA. */

'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { Window } = require('./window.js');

const PACKAGE = process.env.PSM_CRYPTO ??
	path.join(__dirname, '..', '..', 'js', 'node');
const { World, noProgram } =
	require(path.join(PACKAGE, 'test', 'support', 'world.js'));

const NEEDS_CA = { skip: noProgram };
const CHALLENGE = process.env.PSM_CHALLENGE;
let world;

before(() => {
	world = new World();
	if (!noProgram)
		world.makeCA();
});
after(() => world.end());

/** A page's window, with the object as its crypto. */
function open(fields, ui = {}) {
	const window = new Window(fields);

	window.scope.crypto = world.open('db', {
		ui, evaluate: (source) => window.run(source),
	});
	return window;
}

/** A text as a server writes it into a script. */
const inScript = (text) => text.replace(/\r?\n/g, '\\r\\n');

function names(window) {
	return window.scope.crypto.list().map((cert) => cert.nickname);
}

const PROFILE = { cert_request: '', subject: 'CN=Ann,O=Example', dual: 'false',
	size: '2048', alg: 'rsa-dual-use' };

test('a profile enrols, and stores what the CA sends', NEEDS_CA, async () => {
	const window = open(PROFILE);

	window.load('profile-enrol.js', { TRANSPORT: '' });
	assert.equal(window.run('enrol(document.forms[0])'), true);
	assert.deepEqual(window.submitted, [], 'the callback is a later task');
	await turn();
	assert.equal(window.submitted.length, 1);
	const { cert_request: request } = window.submitted[0];

	window.load('profile-issued.js',
		{ ANSWER: inScript(world.issue(request)) });
	assert.deepEqual(window.alerts, ['Your certificate is stored.']);
	assert.ok(names(window).includes("Ann's Example ID"));
	window.scope.crypto.close();
});

test('a profile with two keys, one escrowed', NEEDS_CA, async () => {
	const holder = world.psm('ca', 'init', '-d', world.path('kra'),
		'--no-password', '-k', 'rsa', '-s', 'CN=Transport,O=Example')
		.replace(/-----.*-----/g, '').replace(/\s/g, '');

	for (const yes of [false, true]) {
		const window = open({ ...PROFILE, dual: 'true' },
			{ escrow: () => yes });

		window.load('profile-enrol.js', { TRANSPORT: holder });
		window.run('enrol(document.forms[0])');
		await turn();
		assert.equal(window.submitted.length, yes ? 1 : 0);
		assert.deepEqual(window.alerts,
			yes ? [] : ['No request: userCancel']);
		window.scope.crypto.close();
	}
});

test('a profile tells why there is no request', async () => {
	const window = open({ ...PROFILE, alg: 'rsa' });

	window.load('profile-enrol.js', { TRANSPORT: '' });
	window.run('enrol(document.forms[0])');
	await turn();
	assert.deepEqual(window.alerts,
		['No request: invalidParameter:keyGenAlg']);
	window.scope.crypto.close();
});

test('a profile\'s answer for somebody else is refused', NEEDS_CA,
	async () => {
		const window = open(PROFILE);

		window.load('profile-enrol.js', { TRANSPORT: '' });
		window.run('enrol(document.forms[0])');
		await turn();
		const answer = inScript(world.issue(
			window.submitted[0].cert_request));

		window.load('profile-issued.js', { ANSWER: answer });
		window.load('profile-issued.js', { ANSWER: answer });
		assert.deepEqual(window.alerts, ['Your certificate is stored.',
			'The certificate was not stored: ' +
			'error:invalidRequestID']);
		window.load('profile-issued.js', { ANSWER: 'AAAA' });
		assert.match(window.alerts[2], /error:invalidCertificate$/);
		window.scope.crypto.close();
	});

test('a portal installs with a forced backup', NEEDS_CA, async () => {
	const file = world.path('portal.p12');
	let target = null;
	const window = open({ browserRequest: '' },
		{ backupTarget: () => target });

	window.load('portal-create.js');
	assert.equal(window.run('createRequest("CN=Portal user,O=X", 2048)'),
		true);
	await turn();
	const values = { NICKNAME: 'Portal certificate', ANSWER: inScript(
		world.issue(window.submitted[0].browserRequest)) };

	window.load('portal-install.js', { ...values, ANSWER: '' });
	assert.equal(window.written,
		'<p>failed: error:invalidCertificate</p>');
	window.written = '';
	window.load('portal-install.js', values);
	assert.equal(window.written, '<p>failed: error:userCancel</p>');
	assert.ok(!names(window).includes('Portal certificate'));
	window.written = '';
	target = { path: file, password: 'p12' };
	window.load('portal-install.js', values);
	assert.equal(window.written, '<p>installed</p>');
	assert.ok(fs.statSync(file).size > 0);
	assert.ok(names(window).includes('Portal certificate'));
	window.scope.crypto.close();
});

for (const [call, error] of [
	['generateCRMFRequest("CN=x", null, null, null)', /^TypeError: gen/],
	['generateCRMFRequest("CN=x", null, null, null, "", 256, null)',
		/^TypeError: gen/],
	['importUserCertificates("Portal certificate")', /^TypeError: imp/],
	['importUserCertificates({ toString: function () { throw "up"; } },' +
		' "", true)', /^up$/],
	['random(-1)', /^RangeError: random/],
]) {
	test(`a portal's mistake throws into its catch: ${call}`, () => {
		const window = open({});

		assert.match(window.run(`
			var said = "";
			try { crypto.${call}; }
			catch (problem) { said = "" + problem; }
			said`), error);
		window.scope.crypto.close();
	});
}

test('a page\'s call to log out asks for the password again', NEEDS_CA, () => {
	const window = new Window();
	let asked = 0;

	window.scope.crypto = world.open('locked', {
		ui: { password: () => {
			asked++;
			return 'secret';
		} } });
	window.run('var made = crypto.generateCRMFRequest("CN=x", null, null,' +
		' null, null, 256, null, "ec-sign")');
	const before = asked;

	assert.equal(window.run('crypto.disableRightClick(); crypto.logout()'),
		undefined);
	assert.equal(window.run('crypto.importUserCertificates(null, "' +
		`${inScript(world.issue(window.scope.made.request))}", false)`),
		'');
	assert.equal(asked, before + 1);
	window.scope.crypto.close();
});

test('a page\'s "null" is no nickname', NEEDS_CA, async () => {
	const window = open({ browserRequest: '' },
		{ backupTarget: () => ({ path: world.path('null.p12'),
			password: 'p12' }) });

	window.load('portal-create.js');
	window.run('createRequest("CN=Nameless,O=X", 2048)');
	await turn();
	window.load('portal-install.js', { NICKNAME: 'null', ANSWER: inScript(
		world.issue(window.submitted[0].browserRequest)) });
	assert.equal(window.written, '<p>installed</p>');
	assert.ok(names(window).includes("Nameless's Example ID"));
	window.scope.crypto.close();
});

for (const [button, keys] of [['both', 1], ['signing', 1], ['curves', 2]]) {
	test(`a test form's button "${button}" and its answer`, NEEDS_CA,
		async () => {
			const window = open({ CRMFRequest: '' }, {
				backupTarget: () => ({ password: 'p12',
					path: world.path(`${button}.p12`) }),
			});

			window.load('test-cgi-keys.js');
			window.run(`buttons.${button}("CN=${button},O=Forms")`);
			await turn();
			const answer = world.issue(
				window.submitted[0].CRMFRequest);
			const pieces = answer.trim().split('\n')
				.map((line) => `\t"${line}\\n"`).join(' +\n');

			window.load('test-cgi-answer.js',
				{ NICKNAME: button, PIECES: pieces });
			assert.equal(window.written, '<b>stored</b>');
			assert.equal(names(window).filter((it) => it === button)
				.length, keys);
			window.scope.crypto.close();
		});
}

test('a test form names the certificate after its DN, or fails', NEEDS_CA,
	async () => {
		const dn = 'CN=By name,O=Forms';
		let target = null;
		const window = open({ CRMFRequest: '' },
			{ backupTarget: () => target });

		window.load('test-cgi-keys.js');
		window.run(`buttons.signing("${dn}")`);
		await turn();
		const values = { NICKNAME: dn, PIECES: '\t"' + inScript(
			world.issue(window.submitted[0].CRMFRequest)) + '"' };

		window.load('test-cgi-answer.js', values);
		assert.equal(window.written, 'importUserCertificates ' +
			'returned <b>error:userCancel</b>');
		window.written = '';
		target = { path: world.path('dn.p12'), password: 'p12' };
		window.load('test-cgi-answer.js', values);
		assert.equal(window.written, '<b>stored</b>');
		assert.ok(names(window).includes(dn));
		window.scope.crypto.close();
	});

test('a test form whose algorithm never worked', async () => {
	const window = open({ CRMFRequest: '' });

	window.load('test-cgi-keys.js');
	window.run('buttons.wrong("CN=x")');
	await turn();
	assert.deepEqual(window.alerts, ['key generation failed: ' +
		'error:invalidParameter:keyGenAlg']);
	window.scope.crypto.close();
});

/** The CA's challenge for a request: { text, check(response) }. */
async function challenge(request, form) {
	const file = world.path('challenged');

	fs.writeFileSync(file, request);
	const ca = spawn(CHALLENGE, [world.path('ca'), file, form],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
	let said = '';

	for await (const text of ca.stdout.iterator({ destroyOnReturn: false })) {
		said += text;
		if (said.endsWith('\n.\n'))
			break;
	}
	return {
		text: said.slice(0, -2).trim(),
		check: async (response) => {
			ca.stdin.end(response);
			return (await ca.stdout.toArray()).join('').trim();
		},
	};
}

for (const form of ['cmp', 'netscape']) {
	test(`a test form answers a challenge (${form})`, {
		skip: noProgram || (CHALLENGE ? false : 'no CA to challenge'),
	}, async () => {
		const window = open({ CRMFRequest: '', ChallResponse: '' });

		window.load('test-cgi-keys.js');
		window.run('buttons.encryption("CN=Encryption,O=Forms")');
		await turn();
		const { text, check } = await challenge(
			window.submitted[0].CRMFRequest, form);

		window.load('test-cgi-challenge.js',
			{ CHALLENGE: inScript(text) });
		assert.equal(await check(window.submitted[1].ChallResponse),
			'proved 1 of 1');
		window.scope.crypto.close();
	});
}

test('a test form\'s challenge that is none gives an error', () => {
	const window = open({ ChallResponse: '' });

	window.load('test-cgi-challenge.js', { CHALLENGE: 'MAA=' });
	assert.match(window.submitted[0].ChallResponse, /^error:/);
	window.scope.crypto.close();
});

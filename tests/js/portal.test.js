/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* portal.test.js - examples/portal, a portal of 2012 with psmd behind it, and
 * its pages in a window. */

'use strict';

const assert = require('node:assert');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, afterEach, before, test } = require('node:test');
const { setImmediate: turn, setTimeout: pause } =
	require('node:timers/promises');
const { Window } = require('./window.js');
const { Portal } = require('../../examples/portal/portal.js');

const PACKAGE = process.env.PSM_CRYPTO ??
	path.join(__dirname, '..', '..', 'js', 'node');
const { World, noProgram } =
	require(path.join(PACKAGE, 'test', 'support', 'world.js'));

const PSMD = process.env.PSMD ?? 'psmd';
const NEEDS_PSMD = { skip: noProgram ||
	(spawnSync(PSMD, ['--version']).status === 0
		? false : 'the daemon psmd is not here') };

let world, daemon, portal, site, opened, log = '';

function psmd(...args) {
	return execFileSync(PSMD, [...args, '-c', world.path('psmd/psmd.conf')],
		{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A setting in place of the configuration's own. */
function configure(section, name, value) {
	const file = world.path('psmd/psmd.conf');
	let here = false;

	fs.writeFileSync(file, fs.readFileSync(file, 'utf8').split('\n')
		.flatMap((line) => {
			if (line.startsWith('['))
				here = line === `[${section}]`;
			if (here && line.startsWith('['))
				return [line, `${name} = ${value}`];
			return here && line.split('=')[0].trim() === name
				? [] : [line];
		}).join('\n'));
}

/** The daemon has said it, and what. */
async function said(pattern) {
	for (let i = 0; i < 200; i++) {
		const found = pattern.exec(log);

		if (found !== null)
			return found;
		assert.equal(daemon.exitCode, null, log);
		await pause(50);
	}
	assert.fail(`psmd did not say ${pattern}: ${log}`);
}

async function setApproval(how) {
	configure('profile client', 'approval', how);
	log = '';
	daemon.kill('SIGHUP');
	await said(/was read again/);
}

before(async () => {
	world = new World();
	if (NEEDS_PSMD.skip)
		return;
	execFileSync(PSMD, ['init', world.path('psmd'),
		'-n', 'localhost,127.0.0.1'], { stdio: 'ignore' });
	configure('server', 'listen_https', '127.0.0.1:0');
	configure('server', 'listen_http', '127.0.0.1:0');
	configure('service orders', 'enabled', 'yes');
	psmd('ca', 'init');
	fs.writeFileSync(world.path('password'), 'the portal\'s own\n');
	psmd('account', 'add', 'portal', '-f', world.path('password'));
	daemon = spawn(PSMD, ['run', '-c', world.path('psmd/psmd.conf')],
		{ stdio: ['ignore', 'pipe', 'pipe'] });
	for (const stream of [daemon.stdout, daemon.stderr])
		stream.on('data', (text) => {
			log += text;
		});
	const [, address] = await said(/listening on (https:\S+)/);

	portal = new Portal({ psmd: address, ca: world.path('psmd/ca.pem'),
		login: 'portal', passwordFile: world.path('password') });
	site = `http://127.0.0.1:${await portal.listen(0)}/`;
});

after(async () => {
	portal?.close();
	if (daemon) {
		const ended = once(daemon, 'exit');

		daemon.kill('SIGTERM');
		assert.equal((await ended)[0], 0, log);
	}
	world.end();
});

/* One database at a time. */
afterEach(() => opened?.close());

/** Run the scripts of a page of the portal's, in their order. */
async function runPage(window, html) {
	const scripts = html.matchAll(
		/<script(?: src="([^"]*)")?>([^]*?)<\/script>/g);

	for (const [, src, source] of scripts)
		window.run(src === undefined ? source
			: await (await fetch(new URL(src, site))).text());
}

/** A visitor's window on the first page, backups going to name.p12. */
async function open(name, { dn = 'CN=Ann', keys = 'one', backup = true } = {}) {
	const window = new Window({ dn, keys, crmf: '' });

	opened?.close();
	opened = window.scope.crypto = world.open(name, {
		evaluate: (source) => window.run(source),
		ui: { backupTarget: () => (backup ? { password: 'p12',
			path: world.path(`${name}.p12`) } : null) },
	});
	await runPage(window, await (await fetch(site)).text());
	return window;
}

/** Make keys and send the form: where the order is to be looked for. */
async function order(window) {
	window.run('makeKeys(document.forms[0])');
	await turn();
	assert.deepEqual(window.alerts, []);
	assert.equal(window.submitted.length, 1);
	const answer = await fetch(new URL('order', site), { method: 'POST',
		body: new URLSearchParams(window.submitted[0]),
		redirect: 'manual' });

	assert.equal(answer.status, 303, await answer.text());
	return new URL(answer.headers.get('location'), site);
}

async function visit(window, url) {
	window.written = '';
	await runPage(window, await (await fetch(url)).text());
	return window.written;
}

/** Of psmd's, by which a visit's order is known there. */
function numberOf(url) {
	return portal.visits.get(url.searchParams.get('visit'));
}

const INSTALLED = '<p>Your certificate is installed.</p>';

/** What openssl finds in a backup. */
function unpack(name) {
	return execFileSync('openssl', ['pkcs12', '-in',
		world.path(`${name}.p12`), '-passin', 'pass:p12', '-nodes'],
	{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Of the certificates whose keys are here. */
function subjects() {
	return opened.list().filter((it) => it.hasKey).map((it) => it.subject);
}

const count = (text, what) => text.split(what).length - 1;

test('a visitor with one key installs and has a backup', NEEDS_PSMD,
	async () => {
		const window = await open('one');
		const url = await order(window);

		assert.equal(await visit(window, url), INSTALLED);
		const file = unpack('one');

		assert.equal(count(file, 'PRIVATE KEY-----\n'), 2);
		assert.match(file, /subject=CN = portal\n/);
		assert.deepEqual(subjects(), ['CN=portal']);
		assert.equal(await visit(window, url), '<p>It was not ' +
			'installed: error:invalidRequestID</p>');
	});

for (const keys of ['two', 'curves']) {
	test(`a visitor with two keys installs both: ${keys}`, NEEDS_PSMD,
		async () => {
			const window = await open(keys, { keys });
			const url = await order(window);

			for (const responseType of ['2', '3'])
				assert.match(await portal.call(
					'download/CollectCCC', { responseType,
						orderNumber: numberOf(url) }),
				/^-4\n.*'responseType'.*holder/,
				'one of them is for its key alone');
			assert.equal(await visit(window, url), INSTALLED);
			assert.deepEqual(subjects(),
				['CN=portal', 'CN=portal']);
			assert.equal(count(unpack(keys),
				'BEGIN PRIVATE KEY'), 2);
		});
}

test('a visitor without a backup has no certificate', NEEDS_PSMD, async () => {
	const window = await open('none', { backup: false });

	assert.equal(await visit(window, await order(window)),
		'<p>It was not installed: error:userCancel</p>');
	assert.deepEqual(subjects(), []);
});

test('somebody else\'s answer installs nothing', NEEDS_PSMD, async () => {
	const url = await order(await open('ann'));

	assert.equal(await visit(await open('eve'), url),
		'<p>It was not installed: error:invalidRequestID</p>');
});

test('an order waits until it is approved', NEEDS_PSMD, async () => {
	await setApproval('manual');
	const window = await open('waits');
	const url = await order(window);

	assert.equal(await visit(window, url),
		'<p>Your order is being processed.</p>');
	psmd('order', 'approve', numberOf(url));
	assert.equal(await visit(window, url), INSTALLED);
});

test('an order that is rejected says so', NEEDS_PSMD, async () => {
	await setApproval('manual');
	const window = await open('rejected');
	const url = await order(window);
	const reason = '</script><script>alert("no")</script>';

	psmd('order', 'reject', numberOf(url), '--reason', reason);
	assert.equal(await visit(window, url), '');
	assert.deepEqual(window.alerts,
		[`The order has been rejected! ${reason}`]);
});

test('the portal passes on what psmd says of a request that is none',
	NEEDS_PSMD, async () => {
		const answer = await fetch(new URL('order', site), {
			method: 'POST',
			body: new URLSearchParams({ crmf: 'AAAA' }) });

		assert.equal(answer.status, 500);
		assert.equal(await answer.text(), 'Wrong certificate string\n');
	});

test('the portal is a program, too', NEEDS_PSMD, async () => {
	const file = world.path('portal.json');

	fs.writeFileSync(file, JSON.stringify({ ...portal.config, port: 0 }));
	const program = spawn(process.execPath,
		[require.resolve('../../examples/portal/portal.js'), file],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	const [url] = await once(program.stdout, 'data');
	const page = await fetch(`${url}`.trim());

	assert.match(await page.text(), /enrol\.js/);
	assert.equal((await fetch(new URL('certificate?visit=x', `${url}`)))
		.status, 500, 'nobody has that number');
	program.kill();
});

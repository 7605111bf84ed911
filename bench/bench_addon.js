/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* bench_addon.js PROGRAM - the addon ($PSM_CRYPTO) beside the same calls in C
 * (bench_addon.c), and four keys in one request beside certutil. */

'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { openCrypto } = require(process.env.PSM_CRYPTO);

const AT_ONCE = 64;
const ROUNDS = 15;
/* On a disk: a file system in memory would hide what a commit costs. */
const dir = fs.mkdtempSync(path.resolve('bench-'));

function seconds() {
	return Number(process.hrtime.bigint()) / 1e9;
}

function median(values) {
	return values.sort((a, b) => a - b)[values.length >> 1];
}

function row(what, rate, base) {
	console.log(`${what.padEnd(44)} ${rate.toFixed(0).padStart(9)} /s ` +
		`${(rate / base).toFixed(2).padStart(6)} of C's`);
}

/** Calls per second of the C program, by name. */
function measureC() {
	const lines = execFileSync(process.argv[2], [path.join(dir, 'c')],
		{ encoding: 'utf8' }).trim().split('\n');

	return Object.fromEntries(lines.map((line) => {
		const [name, calls, time] = line.split(' ');

		console.log(`${`${name}, in C`.padEnd(44)} ` +
			`${(calls / time).toFixed(0).padStart(9)} /s`);
		return [name, { calls: Number(calls), rate: calls / time }];
	}));
}

function measureSync(call, n) {
	const start = seconds();

	for (let i = 0; i < n; i++)
		call();
	return n / (seconds() - start);
}

async function measureAsync(call, n) {
	const start = seconds();
	let left = n;

	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (left-- > 0)
			await call();
	}));
	return n / (seconds() - start);
}

async function compareCalls() {
	const c = measureC();
	const crypto = openCrypto({ db: path.join(dir, 'js'), create: true });
	const key = ['CN=Bench', null, null, null, null, 256, null, 'ec-sign'];
	const calls = {
		random: [() => crypto.random(16), () => crypto.randomAsync(16)],
		'no-answer': [
			() => crypto.importUserCertificates(null, 'MAA=',
				false),
			() => crypto.importUserCertificatesAsync(null, 'MAA=',
				false),
		],
		generate: [() => crypto.generateCRMFRequest(...key),
			() => crypto.generateCRMFRequestAsync(...key)],
	};

	for (const [name, [now, later]] of Object.entries(calls)) {
		const { calls: n, rate } = c[name];

		row(`${name}, waited for`, measureSync(now, n), rate);
		row(`${name}, ${AT_ONCE} promises at once`,
			await measureAsync(later, n), rate);
	}
	crypto.close();
}

/** Milliseconds of what four EC keys and their requests cost. */
function fourKeys(crypto) {
	const key = [256, null, 'ec-sign'];
	const start = seconds();
	const { request } = crypto.generateCRMFRequest('CN=Four', null, null,
		null, null, ...key, ...key, ...key, ...key);

	if (request.startsWith('error:'))
		throw crypto.lastError;
	return (seconds() - start) * 1e3;
}

function fourProcesses(db, noise) {
	const start = seconds();

	for (let i = 0; i < 4; i++) {
		execFileSync('certutil', ['-R', '-d', db, '-s', 'CN=Four', '-k',
			'ec', '-q', 'nistp256', '-z', noise, '-o', `${db}/csr`],
			{ stdio: 'ignore' });
	}
	return (seconds() - start) * 1e3;
}

function compareKeys() {
	const noise = path.join(dir, 'noise');
	const peer = path.join(dir, 'peer');

	if (spawnSync('certutil', ['-H']).error !== undefined) {
		console.log('no certutil to compare with');
		return;
	}
	fs.writeFileSync(noise, require('node:crypto').randomBytes(2048));
	fs.mkdirSync(peer);
	execFileSync('certutil', ['-N', '-d', peer, '--empty-password']);
	const crypto = openCrypto({ db: path.join(dir, 'js') });
	const ours = [], theirs = [];

	for (let i = 0; i < ROUNDS; i++) {
		ours.push(fourKeys(crypto));
		theirs.push(fourProcesses(peer, noise));
	}
	crypto.close();
	const [a, b] = [median(ours), median(theirs)];

	console.log(`four EC keys: one request ${a.toFixed(1)} ms, four ` +
		`certutil -R ${b.toFixed(1)} ms, ${(b / a).toFixed(1)}x`);
}

compareCalls().then(compareKeys).finally(() =>
	fs.rmSync(dir, { recursive: true, force: true }));

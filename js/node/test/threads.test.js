/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* threads.test.js - worker threads, and ends in the middle of a call. */

'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { openCrypto } = require('../index.js');
const { World, noProgram } = require('./support/world.js');

const NEEDS_CA = { skip: noProgram };
const WORKER = path.join(__dirname, 'support', 'worker.js');
let world;

before(() => {
	world = new World();
	if (!noProgram)
		world.makeCA();
	world.open('db', { password: 'secret' }).close();
});
after(() => world.end());

function work(job, number) {
	return new Worker(WORKER, {
		workerData: { job, number, dir: world.dir },
	});
}

/** What a worker said, when it has ended by itself. */
async function told(worker) {
	const said = once(worker, 'message');
	const [code] = await once(worker, 'exit');

	assert.equal(code, 0);
	return (await said)[0];
}

test('four workers enrol at once, each by both forms', NEEDS_CA, async () => {
	const results = await Promise.all([0, 1, 2, 3].map((number) =>
		told(work('enrol', number))));
	const crypto = openCrypto({ db: world.path('db'), password: 'secret' });
	const names = crypto.list().map((cert) => cert.nickname);

	for (const [number, strings] of results.entries()) {
		assert.deepEqual(strings, Array(6).fill(''));
		for (let i = 0; i < 6; i++)
			assert.ok(names.includes(`Worker ${number}.${i}`));
	}
	assert.deepEqual(crypto.pending(), []);
	crypto.close();
});

test('a worker that waits for a promise is ended', async () => {
	const worker = work('wait', 0);

	assert.equal((await once(worker, 'message'))[0], 'asked');
	await worker.terminate();
	const crypto = openCrypto({ db: world.path('db'), password: 'secret' });

	assert.ok(crypto.random(1).length === 1, 'the engine goes on');
	crypto.close();
});

for (const job of ['flood', 'block', 'spin']) {
	test(`a worker is ended in the midst of it: ${job}`, async () => {
		const worker = work(job, 0);

		assert.equal((await once(worker, 'message'))[0], job);
		await worker.terminate();
		const crypto = openCrypto({ db: world.path('db'),
			password: 'secret' });

		assert.equal(crypto.random(1).length, 1, 'the engine goes on');
		crypto.close();
	});
}

test('a worker that ends leaves nothing open', async () => {
	await told(work('leave', 0));
	const crypto = world.open('another');

	crypto.close();
});

for (const [how, code] of [['exit', 7], ['exit in a callback', 8],
	['throw', 1], ['end', 0]]) {
	test(`a process may end in the middle of a call: ${how}`, () => {
		const child = spawnSync(process.execPath, [
			path.join(__dirname, 'support', 'ending.js'), how,
			world.path(`ending-${code}`),
		], { encoding: 'utf8', timeout: 60000 });

		assert.equal(child.signal, null);
		assert.equal(child.status, code, child.stderr);
	});
}

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* readme.test.js - the program in README.md does what it says. */

'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const psm = require('../index.js');
const { World, noProgram } = require('./support/world.js');

const [, PROGRAM] = fs.readFileSync(path.join(__dirname, '..', 'README.md'),
	'utf8').match(/^```js\n([^]*?)^```$/m);
const PLACES = { "'/home/ann/.pki/nssdb'": 'db', "'ann.p12'": 'ann.p12' };
let world;

before(() => {
	world = new World();
	if (!noProgram)
		world.makeCA();
});
after(() => world.end());

/** Run the program, with its places in our world and what it does not say. */
function run(known) {
	const source = Object.entries(PLACES).reduce((text, [place, name]) =>
		text.replace(place, JSON.stringify(world.path(name))),
	PROGRAM.replace(/^import .*$/m, ''));
	const AsyncFunction = (async () => {}).constructor;

	return new AsyncFunction(...Object.keys(known), source)(
		...Object.values(known));
}

test('the program in README.md gets a certificate', { skip: noProgram },
	async () => {
		const asked = [], complaints = [];

		await run({
			openCryptoAsync: psm.openCryptoAsync,
			process: { env: { P12_PASSWORD: 'p12' } },
			console: { error: (...text) => complaints.push(text) },
			askOnTerminal: async (what) => {
				asked.push(what);
				return 'secret';
			},
			sendToCA: async (request) => world.issue(request),
		});
		assert.deepEqual(complaints, []);
		assert.match(asked[0], /^new /);
		assert.ok(fs.existsSync(world.path('ann.p12')));
		const crypto = psm.openCrypto({ db: world.path('db'),
			password: 'secret' });

		assert.equal(crypto.list().filter((it) => it.hasKey).length, 2);
		crypto.close();
	});

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* support/worker.js - what a worker of threads.test.js does. */

'use strict';

const { parentPort, workerData } = require('node:worker_threads');
const fs = require('node:fs');
const path = require('node:path');
const { openCrypto } = require('../../index.js');
const { World } = require('./world.js');

const { job, number, dir } = workerData;
const db = path.join(dir, 'db');

/** The CA's answer, with this worker's own file. */
function issue(request) {
	const world = Object.create(World.prototype, { dir: { value: dir } });
	const file = `request-${number}`;

	fs.writeFileSync(path.join(dir, file), request);
	return world.psm('ca', 'issue', '--quiet', '-d', path.join(dir, 'ca'),
		'-i', path.join(dir, file));
}

async function enrol() {
	const crypto = openCrypto({ db, ui: {
		password: () => 'secret',
		confirm: (plan) => plan.certificates.length === 1,
		progress: () => {},
	} });
	const strings = [];

	for (let i = 0; i < 6; i++) {
		const args = [`CN=Worker ${number}.${i}`, null, null, null,
			null, 256, null, 'ec-sign'];
		const { request } = i % 2 ? crypto.generateCRMFRequest(...args)
			: await crypto.generateCRMFRequestAsync(...args);
		const answer = [`Worker ${number}.${i}`, issue(request), false];

		strings.push(i % 2
			? await crypto.importUserCertificatesAsync(...answer)
			: crypto.importUserCertificates(...answer));
	}
	crypto.close();
	parentPort.postMessage(strings);
}

async function wait() {
	const crypto = openCrypto({ db, ui: {
		password: () => {
			parentPort.postMessage('asked');
			return new Promise(() => setInterval(() => {}, 1000));
		},
	} });

	await crypto.pendingAsync();
}

const RSA = ['CN=Ended', null, null, null, null, 4096, null, 'rsa-sign'];

/** Promise forms wait behind one that runs. */
function flood() {
	const crypto = openCrypto({ db, password: 'secret' });

	for (let i = 0; i < 20; i++)
		crypto.generateCRMFRequestAsync(...RSA);
	parentPort.postMessage('flood');
}

/** A synchronous call is at work. */
function block() {
	const crypto = openCrypto({ db, password: 'secret' });

	parentPort.postMessage('block');
	crypto.generateCRMFRequest(...RSA);
}

/** A synchronous call waits for a callback that never returns. */
function spin() {
	const crypto = openCrypto({ db, ui: { password: () => {
		parentPort.postMessage('spin');
		for (;;);
	} } });

	crypto.logout();
	crypto.pending();
}

function leave() {
	openCrypto({ db, password: 'secret' }).randomAsync(8);
	parentPort.postMessage('left');
}

({ enrol, wait, flood, block, spin, leave })[job]();

/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* support/world.js - databases in a fresh directory, and a CA: the program
 * psm ($PSM, or psm in the path). */

'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { openCrypto } = require('../../index.js');

const PSM = process.env.PSM ?? 'psm';

/** Why tests that need the program psm are skipped, or false. */
const noProgram = spawnSync(PSM, ['--version']).status === 0
	? false : 'the program psm is not here';

class World {
	constructor() {
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'psm-js-'));
	}

	path(name) {
		return path.join(this.dir, name);
	}

	/** Open (and make) a database of this world. */
	open(name, options = {}) {
		return openCrypto({ db: this.path(name), create: true,
			...options });
	}

	psm(...args) {
		return execFileSync(PSM, args, {
			encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
		});
	}

	makeCA() {
		this.psm('ca', 'init', '-d', this.path('ca'), '--no-password',
			'-k', 'ec', '-s', 'CN=Test CA,O=Example');
	}

	/** The CA's answer to a request. */
	issue(request, ...options) {
		const file = this.path('request');

		fs.writeFileSync(file, request);
		return this.psm('ca', 'issue', '--quiet', '-d', this.path('ca'),
			'-i', file, ...options);
	}

	/** A database with a certificate to sign with. */
	enrol(crypto, dn = 'CN=Ann,O=Example') {
		const { request } = crypto.generateCRMFRequest(dn, null, null,
			null, null, 256, null, 'ec-dual-use');

		return crypto.importUserCertificates(null, this.issue(request),
			false);
	}

	end() {
		fs.rmSync(this.dir, { recursive: true, force: true });
	}
}

module.exports = { World, noProgram };

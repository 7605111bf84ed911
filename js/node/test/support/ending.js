/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* support/ending.js HOW DB - ends while the engine is at work. */

'use strict';

const { openCrypto } = require('../../index.js');

const [how, db] = process.argv.slice(2);
let crypto = null;

const ends = {
	'exit': () => setTimeout(() => process.exit(7), 20),
	'exit in a callback': () => {},
	'throw': () => setTimeout(() => {
		throw new Error('on purpose');
	}, 20),
	'end': () => {},
};

crypto = openCrypto({ db, create: true, ui: {
	password: () => '',
	progress: () => {
		if (how === 'exit in a callback' && crypto !== null)
			process.exit(8);
	},
} });
for (let i = 0; i < 3; i++)
	crypto.generateCRMFRequestAsync(`CN=${i}`, null, null, null, null,
		4096, null, 'rsa-sign');
ends[how]();

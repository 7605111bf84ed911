/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* types.ts - what the types allow, and (ts-expect-error) what not. */

import { openCrypto, openCryptoAsync, psmVersion } from '..';
import type { Certificate, Crypto, ImportResult, Plan, UI } from '..';

const ui: UI = {
	password: async (kind, name, attempt) =>
		attempt === 0 ? new Uint8Array(8) : `${kind} ${name}`,
	confirm: (plan: Plan) => plan.certificates[0]?.matched === 'id',
	backupTarget: () => ({ path: 'x.p12', password: 'x', compat: true }),
	progress: (doing, done, total) => `${doing} ${done / total}`,
	escrow: (holder, keys) => holder.isCA && keys === 1,
	chooseSigner: (text, certs) => certs.length - 1,
};

export async function use(): Promise<Certificate[]> {
	const crypto: Crypto = openCrypto({ db: psmVersion, ui, create: true });
	const one = crypto.generateCRMFRequest('CN=x', null, 'y', null,
		'done()', 2048, null, 'rsa-sign');
	const two = await crypto.generateCRMFRequestAsync('CN=x', null, null,
		null, () => {}, 0, null, 'ec-sign', 0, 'curve=P-256', 'ec-ex');
	const three = crypto.generateCRMFRequest('CN=x', null, null, null, null,
		0, null, 'ec-sign', 0, null, 'ec-sign', 0, null, 'ec-sign');
	const result: ImportResult = crypto.importUserCertificates(null,
		one.request + two.request + three.request, false);
	const der: Uint8Array = crypto.list()[0].der;
	const text: string = await crypto.signTextAsync(result, 'ask', 'CN=x');

	crypto.importUserCertificates(undefined, `${der.length}`);
	if (crypto.pending().some((key) => key.state === 'recovery'))
		throw crypto.lastError?.cause ?? crypto.lastError;
	// @ts-expect-error the option is "auto" or "ask"
	crypto.signText(text, 'always');
	// @ts-expect-error a key is three arguments
	crypto.generateCRMFRequest('CN=x', null, null, null, null, 0, null);
	// @ts-expect-error there must be a directory
	await openCryptoAsync({ ui });
	// @ts-expect-error it is no string
	crypto.pending()[0].id.length;
	// @ts-expect-error it cannot be set
	crypto.version = '2.5';
	await crypto.closeAsync();
	return crypto.listAsync();
}

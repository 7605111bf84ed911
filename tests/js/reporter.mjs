/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* reporter.mjs - node:test's results as the other tests print theirs. */

const words = (data) =>
	(typeof data.skip === 'string' && data.skip ? ` (${data.skip})` : '');

function why({ details: { error } }) {
	const text = error.cause?.stack ?? error.stack ?? `${error}`;

	return text.replace(/^/gm, '#   ');
}

export default async function* report(source) {
	for await (const { type, data } of source) {
		if (data.details?.type === 'suite')
			continue;
		if (type === 'test:pass' && data.skip !== undefined)
			yield `skip - ${data.name}${words(data)}\n`;
		else if (type === 'test:pass')
			yield `ok - ${data.name}\n`;
		else if (type === 'test:fail')
			yield `not ok - ${data.name}\n${why(data)}\n`;
		else if (type === 'test:stderr')
			yield data.message.replace(/^(?=.)/gm, '#   ');
	}
}

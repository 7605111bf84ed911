# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""openapi.py - holds a daemon to its description.

    openapi.py DESCRIPTION SEEN open HTTPS-URL FILES
    openapi.py DESCRIPTION SEEN guarded HTTPS-URL HTTP-URL FILES
    openapi.py DESCRIPTION SEEN disabled HTTPS-URL FILES
    openapi.py DESCRIPTION SEEN report

Each of the first three is for a daemon that is configured so. What was seen of
the description is kept in the file SEEN; the report names what never was."""

import base64
import hashlib
import json
import os
import re
import sys
import urllib.parse

from openapi_core import Client, Description, Wrong, failed, multipart, tell

API = '/api/cert/user'
METHODS = ('put', 'get', 'delete')  # there is something to get, and to delete


class Examples:
    """The values that $NAME stands for in the description."""

    def __init__(self, files):
        self.files = files
        fingerprint = hashlib.sha1(self.read('CERT.der')).hexdigest()
        pairs = re.findall('..', fingerprint.upper())
        self.values = {
            'FINGERPRINT': fingerprint,
            'FINGERPRINT256':
                hashlib.sha256(self.read('CERT.der')).hexdigest(),
            'FINGERPRINT_COLONS': ':'.join(pairs),
            'NO_FINGERPRINT': '0' * 40,
            'LONG': 'x' * 129,
            'RUBBISH': 'rubbish',
            'TOO_BIG': b'x' * 65537,
            'HUGE': b'x' * (3 << 20),
        }

    def read(self, name):
        with open(os.path.join(self.files, name), 'rb') as file:
            return file.read()

    def value(self, text):
        if not text.startswith('$'):
            return text
        if text[1:] in self.values:
            return self.values[text[1:]]
        return self.read(text[1:])

    def target(self, example):
        query = {name: self.value(value)
                 for name, value in example.get('query', {}).items()}
        return API + ('?' + urllib.parse.urlencode(query) if query else '')

    def body(self, example):
        """Of multipart/form-data, or as it is; and its headers."""
        if 'body' in example:
            return self.value(example['body']), {}
        if 'form' not in example:
            return None, {}
        return multipart((name, self.value(value))
                         for name, value in example['form'].items())


def try_example(description, client, examples, method, example):
    sentence = f'{method.upper()} {json.dumps(example)}'
    body, headers = examples.body(example)
    answer = client.ask(method.upper(), examples.target(example), body,
                        headers)
    try:
        description.judge_answer(API, method, answer)
        if answer.status != 200 or answer.error() != example.get('error'):
            raise Wrong('another answer was expected')
        if 'error' not in example and answer.headers['Content-Type'] != \
                example.get('type', 'application/json'):
            raise Wrong('another type was expected')
        tell(True, sentence)
    except (Wrong, ValueError) as wrong:
        tell(False, sentence, f'{wrong}: {answer.status} {answer.body!r}')


def expect(description, answer, method, status, error, sentence):
    try:
        description.judge_answer(API, method, answer)
        tell(answer.status == status and answer.error() == [error, None],
             sentence, answer.body)
    except (Wrong, ValueError) as wrong:
        tell(False, sentence, f'{wrong}: {answer.status} {answer.body!r}')


def try_undescribed(description, client):
    for method in ('POST', 'PATCH', 'OPTIONS', 'PROPFIND', 'get', 'GETS'):
        expect(description, client.ask(method, API), 'get', 200, 3,
               f'{method} is not there')
    for path in ('/api', '/api/', '/api/cert', '/api/cert/', API + '/',
                 API + 's', API + '/@vpn', '/api/cert/User', '/api/order'):
        for method in ('GET', 'PUT', 'DELETE', 'POST'):
            expect(description, client.ask(method, path), 'get', 200, 2,
                   f'{method} {path} is not there')
    head, get = client.ask('HEAD', API), client.ask('GET', API)
    tell(head.status == 200 and head.body == b'' and
         all(head.headers.get(name) == get.headers.get(name)
             for name in ('Content-Type', 'Content-Length')),
         'HEAD is GET without the body', head.headers)


def run_open(description, url, files):
    client, examples = Client(url, files), Examples(files)
    server = client.ask('GET', API + '?id=%23server&format=pem')
    examples.values['SERVER_CERT'] = server.body
    for method in METHODS:
        for example in description.root['paths'][API][method]['x-examples']:
            try_example(description, client, examples, method, example)
        expect(description, client.ask_malformed(method.upper(), API), method,
               400, 14, f'{method.upper()} malformed')
    try_undescribed(description, client)
    left = json.loads(client.ask('GET', API).body)['result']['certificates']
    tell(not [c for c in left if c.get('id') in ('@vpn', '@mail')],
         'what was deleted is gone', left)


def basic(name, password):
    pair = f'{name}:{password}'.encode()
    return {'Authorization': 'Basic ' + base64.b64encode(pair).decode()}


def run_guarded(description, url, plain_url, files):
    client, plain = Client(url, files), Client(plain_url, files)
    with open(files + '/password', encoding='utf-8') as file:
        stranger = basic('stranger', file.read().strip())
    digest = {'Authorization': 'Digest username="admin", realm="psmd", '
              'nonce="0", uri="/", response="0"'}
    for method in METHODS:
        for ask, headers, status, error, sentence in (
                (client, {}, 401, 9, 'without a login'),
                (client, basic('admin', 'wrong'), 401, 9, 'wrong password'),
                (client, digest, 200, 8, 'by another method'),
                (client, stranger, 200, 10, 'without the privilege'),
                (plain, {}, 200, 7, 'without TLS')):
            answer = ask.ask(method.upper(), API, headers=headers)
            expect(description, answer, method, status, error,
                   f'{method.upper()} {sentence}')


def run_disabled(description, url, files):
    client = Client(url, files)
    for method in METHODS:
        expect(description, client.ask(method.upper(), API), method, 200, 4,
               f'{method.upper()} of a service that is switched off')


def report(description):
    missing = sorted(description.everything() - description.seen)
    tell(not missing, 'all that is described was seen', '\n#   '.join(missing))


def main():
    path, seen, what, *arguments = sys.argv[1:]
    description = Description(path)
    if os.path.exists(seen):
        with open(seen, encoding='utf-8') as file:
            description.seen = set(json.load(file))
    {'open': run_open, 'guarded': run_guarded, 'disabled': run_disabled,
     'report': report}[what](description, *arguments)
    with open(seen, 'w', encoding='utf-8') as file:
        json.dump(sorted(description.seen), file)
    sys.exit(1 if failed else 0)


main()

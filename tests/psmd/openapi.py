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
import http.client
import json
import os
import re
import ssl
import sys
import urllib.parse

import yaml

API = '/api/cert/user'
METHODS = ('put', 'get', 'delete')  # there is something to get, and to delete
DESCRIBES = {'description', 'summary', 'x-unseen', 'contentEncoding', 'default'}
TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool,
         'integer': int}

failed = 0


def tell(good, sentence, why=''):
    """A line for each sentence, as the shell's tests have it."""
    global failed
    print(('ok - ' if good else 'not ok - ') + sentence)
    if not good:
        failed = 1
        print('#   ' + str(why)[:2000])


class Wrong(Exception):
    """An answer that is not as described."""


class Description:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.root = yaml.safe_load(file)
        self.seen = set()

    def at(self, pointer):
        node = self.root
        for step in pointer[2:].split('/'):
            node = node[int(step) if isinstance(node, list) else
                        step.replace('~1', '/').replace('~0', '~')]
        return node

    def resolve(self, pointer):
        """Where a reference leads, and what is there."""
        node = self.at(pointer)
        while '$ref' in node:
            pointer = node['$ref']
            node = self.at(pointer)
        return pointer, node

    # --- a value against a schema

    def judge(self, value, pointer, seen):
        pointer, schema = self.resolve(pointer)
        seen.add(pointer)
        for keyword, wanted in schema.items():
            if keyword in DESCRIBES:
                continue
            rule = getattr(self, 'judge_' + keyword, None)
            if rule is None:
                raise Wrong(f'{pointer}: this test does not know {keyword}')
            rule(value, wanted, pointer, seen)

    def judge_type(self, value, wanted, pointer, seen):
        if not isinstance(value, TYPES[wanted]) or \
                (wanted == 'integer' and isinstance(value, bool)):
            raise Wrong(f'{pointer}: {value!r} is no {wanted}')
        if wanted == 'boolean':
            seen.add(f'{pointer}={value}')

    def judge_const(self, value, wanted, pointer, seen):
        if value is not wanted:
            raise Wrong(f'{pointer}: {value!r} is not {wanted!r}')

    def judge_enum(self, value, wanted, pointer, seen):
        if value not in wanted:
            raise Wrong(f'{pointer}: {value!r} is none of {wanted}')
        seen.add(f'{pointer}={value}')

    def judge_pattern(self, value, wanted, pointer, seen):
        if not re.search(wanted.replace('$', r'\Z'), value):
            raise Wrong(f'{pointer}: {value!r} does not match {wanted}')

    def judge_minimum(self, value, wanted, pointer, seen):
        if value < wanted:
            raise Wrong(f'{pointer}: {value} is less than {wanted}')

    def judge_minItems(self, value, wanted, pointer, seen):
        if len(value) < wanted:
            raise Wrong(f'{pointer}: fewer than {wanted}')

    def judge_maxItems(self, value, wanted, pointer, seen):
        if len(value) > wanted:
            raise Wrong(f'{pointer}: more than {wanted}')

    def judge_required(self, value, wanted, pointer, seen):
        missing = [name for name in wanted if name not in value]
        if missing:
            raise Wrong(f'{pointer}: {missing} are missing')

    def judge_additionalProperties(self, value, wanted, pointer, seen):
        known = self.at(pointer).get('properties', {})
        more = [name for name in value if name not in known]
        if more:
            raise Wrong(f'{pointer}: {more} are not described')

    def judge_properties(self, value, wanted, pointer, seen):
        for name in value:
            if name in wanted:
                seen.add(f'{pointer}/properties/{name}')
                self.judge(value[name], f'{pointer}/properties/{name}', seen)

    def judge_items(self, value, wanted, pointer, seen):
        for item in value:
            self.judge(item, f'{pointer}/items', seen)

    def judge_oneOf(self, value, wanted, pointer, seen):
        good, why = [], []
        for i in range(len(wanted)):
            branch = {f'{pointer}/oneOf/{i}'}
            try:
                self.judge(value, f'{pointer}/oneOf/{i}', branch)
                good.append(branch)
            except Wrong as wrong:
                why.append(str(wrong))
        if len(good) != 1:
            raise Wrong(f'{pointer}: {len(good)} fit, not one; {why}')
        seen |= good[0]

    # --- an answer against an operation

    def judge_answer(self, method, answer):
        """Also notes what is seen. method: as in the description."""
        where = f'#/paths/~1api~1cert~1user/{method}/responses/{answer.status}'
        if str(answer.status) not in \
                self.root['paths'][API][method]['responses']:
            raise Wrong(f'status {answer.status} is not described')
        seen = {where}
        where, response = self.resolve(where)
        seen.add(where)
        kind = answer.headers.get('Content-Type')
        if kind not in response['content']:
            raise Wrong(f'{kind} is not described')
        content = f'{where}/content/{kind.replace("/", "~1")}'
        seen.add(content)
        for name in response.get('headers', {}):
            if answer.headers.get(name) is not None:
                seen.add(f'{where}/headers/{name}')
                self.judge(answer.headers.get(name),
                           f'{where}/headers/{name}/schema', seen)
        self.judge(answer.value(), f'{content}/schema', seen)
        self.seen |= seen

    # --- what there is to see

    def schema_nodes(self, pointer, found):
        """Every member, choice and value below a schema."""
        pointer, schema = self.resolve(pointer)
        if pointer in found:
            return
        found.add(pointer)
        unseen = schema.get('x-unseen', [])
        for value in schema.get('enum', []):
            if value not in unseen:
                found.add(f'{pointer}={value}')
        if schema.get('type') == 'boolean':
            found |= {f'{pointer}=True', f'{pointer}=False'}
        for name in schema.get('properties', {}):
            found.add(f'{pointer}/properties/{name}')
            self.schema_nodes(f'{pointer}/properties/{name}', found)
        for i in range(len(schema.get('oneOf', []))):
            found.add(f'{pointer}/oneOf/{i}')
            self.schema_nodes(f'{pointer}/oneOf/{i}', found)
        if 'items' in schema:
            self.schema_nodes(f'{pointer}/items', found)

    def everything(self):
        found = set()
        for path, item in self.root['paths'].items():
            for method, operation in item.items():
                for status in operation['responses']:
                    self.response_nodes(
                        f'#/paths/{path.replace("/", "~1")}/{method}'
                        f'/responses/{status}', found)
        return found

    def response_nodes(self, where, found):
        pointer, response = self.resolve(where)
        if 'x-unseen' in response:
            return
        found |= {where, pointer}
        for name in response.get('headers', {}):
            found.add(f'{pointer}/headers/{name}')
        for kind in response['content']:
            content = f'{pointer}/content/{kind.replace("/", "~1")}'
            found.add(content)
            self.schema_nodes(f'{content}/schema', found)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def value(self):
        if self.headers.get('Content-Type') == 'application/json':
            return json.loads(self.body)
        return self.body.decode('latin-1')

    def error(self):
        """[code, param], or None."""
        value = self.value()
        if not isinstance(value, dict) or value.get('success') is not False:
            return None
        return [value['error']['code'], value['error'].get('param')]


class Client:
    def __init__(self, url, files):
        self.url = urllib.parse.urlsplit(url)
        self.tls = ssl.create_default_context(cafile=files + '/ca.pem') \
            if self.url.scheme == 'https' else None

    def connect(self):
        where = self.url.hostname, self.url.port
        if self.tls is None:
            return http.client.HTTPConnection(*where, timeout=60)
        return http.client.HTTPSConnection(*where, timeout=60,
                                           context=self.tls)

    def ask(self, method, target, body=None, headers=None):
        connection = self.connect()
        connection.request(method, target, body, headers or {})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def ask_malformed(self, method):
        """Two hosts: RFC 9112, 3.2."""
        connection = self.connect()
        connection.putrequest(method, API, skip_host=True)
        connection.putheader('Host', 'one')
        connection.putheader('Host', 'two')
        connection.endheaders()
        answer = Answer(connection.getresponse())
        connection.close()
        return answer


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
        """Of multipart/form-data (RFC 7578), or as it is; and its headers."""
        if 'body' in example:
            return self.value(example['body']), {}
        if 'form' not in example:
            return None, {}
        border, parts = b'a-border-that-is-in-no-part', []
        for name, value in example['form'].items():
            value = self.value(value)
            value = value.encode() if isinstance(value, str) else value
            parts.append(b'--%s\r\nContent-Disposition: form-data; name="%s"'
                         b'\r\n\r\n%s\r\n' % (border, name.encode(), value))
        return b''.join(parts) + b'--%s--\r\n' % border, {
            'Content-Type': 'multipart/form-data; boundary=' + border.decode()}


def try_example(description, client, examples, method, example):
    sentence = f'{method.upper()} {json.dumps(example)}'
    body, headers = examples.body(example)
    answer = client.ask(method.upper(), examples.target(example), body,
                        headers)
    try:
        description.judge_answer(method, answer)
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
        description.judge_answer(method, answer)
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
        expect(description, client.ask_malformed(method.upper()), method, 400,
               14, f'{method.upper()} malformed')
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
    sys.exit(failed)


main()

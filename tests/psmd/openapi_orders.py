# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""openapi_orders.py - holds a daemon to the descriptions of what it issues.

    openapi_orders.py FOLDER PHASE HTTPS-URL HTTP-URL
    openapi_orders.py FOLDER report

Each phase is for a daemon that is configured so, and tries the examples that
are for it: those of no phase when it issues at once, those of the phase manual
when somebody approves. FOLDER holds the files of the test; what was seen, and
the values that examples have saved, are kept there from one phase to the next.
PSMD and CONF are the daemon's program and configuration."""

import base64
import datetime
import json
import os
import re
import subprocess
import sys

from openapi_core import Client, Description, Wrong, failed, tell
from openapi_doors import Accounts, Collect, Open, Orders, Pkcs12

DESCRIPTIONS = {
    'create-pkcs12': {'/emCAServices/rest/createPKCS12ById': Pkcs12},
    'apply-client-auth-cert': {
        '/products/!applyClientAuthCert': Orders,
        '/products/download/CollectCCC': Collect},
    'orders': {'/ca/crl': Open, '/ca/cert': Open, '/ca/chain': Open,
               '/api/orders': Accounts},
}


def run(*command, **options):
    return subprocess.run(command, check=False, capture_output=True, **options)


class Values:
    """What $NAME stands for: what was saved, a file's content, or of $X17 as
    many characters."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder + '/values.json'
        self.saved = {}
        if os.path.exists(self.path):
            with open(self.path, encoding='utf-8') as file:
                self.saved = json.load(file)
        day = datetime.datetime.now(datetime.timezone.utc) + \
            datetime.timedelta(days=1)
        self.saved['TOMORROW'] = day.strftime('%d:%m:%Y')
        self.saved['HUGE'] = 'x' * (3 << 20)

    def keep(self):
        with open(self.path, 'w', encoding='utf-8') as file:
            json.dump(self.saved, file)

    def one(self, name):
        if re.fullmatch('X[0-9]+', name):
            return 'x' * int(name[1:])
        if name in self.saved:
            return self.saved[name]
        with open(os.path.join(self.folder, name), encoding='utf-8') as file:
            return file.read()

    def fill(self, value):
        """In texts, and in what has texts in it."""
        if isinstance(value, str):
            return re.sub(r'\$([A-Z][A-Z0-9_]*)',
                          lambda found: self.one(found[1]), value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        return value

    def save(self, name, text):
        """Of a certificate and a PKCS#12 also the serial number, and of numbers
        what is as long as they may be."""
        self.saved[name] = text
        if text.startswith('MII'):
            text = run('openssl', 'pkcs12', '-nokeys', '-clcerts', '-passin',
                       'pass:secret', input=base64.b64decode(text)
                       ).stdout.decode()
        if 'BEGIN CERTIFICATE' in text:
            told = run('openssl', 'x509', '-noout', '-serial',
                       input=text.encode()).stdout.decode()
            serial = told.strip().split('=')[1].lower()
            self.saved[name + '_SERIAL'] = serial
            self.saved[name + '_SERIAL_34'] = serial.rjust(34, '0')
        elif text.isdigit():
            self.saved[name + '_18'] = text.rjust(18, '0')


def member(value, name):
    """value['status']['issued'] by 'status.issued'."""
    for step in name.split('.'):
        value = value[int(step) if isinstance(value, list) else step]
    return value


class Trial:
    def __init__(self, folder, phase, https, http):
        self.phase, self.folder = phase, folder
        self.values = Values(folder)
        self.tls, self.plain = Client(https, folder), Client(http, folder)

    def command(self, words):
        done = run(os.environ['PSMD'], *words[:2], '-c', os.environ['CONF'],
                   *words[2:])
        tell(done.returncode == 0, 'psmd ' + ' '.join(words), done.stderr)
        return done.stdout.decode()

    def judge(self, description, door, example, answer):
        """Everything an example says about its answer."""
        if answer.status != example.get('status', 200):
            raise Wrong('another status was expected')
        wanted = example.get(door.wrong)
        if door.outcome(answer) != wanted:
            raise Wrong(f'{door.outcome(answer)}, not {wanted}')
        if answer.headers['Content-Type'] != example.get(
                'answers', answer.headers['Content-Type']):
            raise Wrong('another type was expected')
        if 'is' in example:
            description.judge(answer.value(),
                              '#/components/schemas/' + example['is'], set())
        for name, value in example.get('expect', {}).items():
            got = member(answer.value(), name)
            if got != self.values.fill(value):
                raise Wrong(f'{name} is {got!r}')

    def example(self, description, path, method, door, example):
        sentence = f'{method.upper()} {path} {json.dumps(example)}'[:300]
        filled = self.values.fill(example)
        client = self.plain if example.get('plain') else self.tls
        answer = door.ask(client, path, method, filled)
        try:
            description.judge_answer(path, method, answer)
            self.judge(description, door, example, answer)
            for name, where in example.get('save', {}).items():
                self.values.save(name, member(answer.value(), where))
            tell(True, sentence)
        except (Wrong, ValueError, KeyError, IndexError, TypeError) as wrong:
            tell(False, sentence, f'{wrong!r}: {answer.status} '
                 f'{answer.body[:600]!r}')

    def examples(self, description, path, method, door):
        operation = description.operation(path, method)
        for example in operation.get('x-examples', []):
            if example.get('phase', 'automatic') != self.phase:
                continue
            if 'command' in example:
                told = self.command(self.values.fill(example['command']))
                for name, pattern in example.get('told', {}).items():
                    found = re.search(pattern, told)
                    self.values.save(name, found[1] if found else '')
            else:
                self.example(description, path, method, door, example)

    def neighbours(self, path):
        """What is not described is not there."""
        parent = path.rpartition('/')[0]
        for other in (path + '/', path + 's', path.swapcase(), parent,
                      parent + '/', '/' + path):
            answer = self.tls.ask('POST', other, b'')
            wanted = (200, [2, None]) if other.startswith('/api') else \
                (404, None)
            tell((answer.status, answer.error()) == wanted,
                 f'{other} is not there', f'{answer.status} {answer.body!r}')

    def door(self, description, path, kind):
        door = kind(self.values, self.folder, description)
        for method in description.root['paths'][path]:
            self.examples(description, path, method, door)
        for sentence, answer, method, wanted in door.more(self, path):
            try:
                description.judge_answer(path, method, answer)
                got = answer.status, door.outcome(answer)
                tell(got == wanted, sentence, f'{got} {answer.body[:600]!r}')
            except (Wrong, ValueError) as wrong:
                tell(False, sentence, f'{wrong}: {answer.status} '
                     f'{answer.body[:600]!r}')
        door.check(self, path)
        if self.phase == 'automatic':
            self.neighbours(path)


def described(name, folder):
    description = Description(os.path.join(os.environ['DESCRIPTIONS'],
                                           name + '.yaml'))
    seen = f'{folder}/{name}.seen'
    if os.path.exists(seen):
        with open(seen, encoding='utf-8') as file:
            description.seen = set(json.load(file))
    return description, seen


def report(folder):
    for name in DESCRIPTIONS:
        description, _ = described(name, folder)
        missing = sorted(description.everything() - description.seen)
        tell(not missing, f'all that {name} describes was seen',
             '\n#   '.join(missing))


def main():
    folder, phase, *urls = sys.argv[1:]
    if phase == 'report':
        report(folder)
    else:
        trial = Trial(folder, phase, *urls)
        for name, paths in DESCRIPTIONS.items():
            description, seen = described(name, folder)
            for path, kind in paths.items():
                trial.door(description, path, kind)
            with open(seen, 'w', encoding='utf-8') as file:
                json.dump(sorted(description.seen), file)
        trial.values.keep()
    sys.exit(1 if failed else 0)


main()

#!/usr/bin/python3
"""Make C from presets: the settings of a client for each application, and the settings for the application itself.

    compile_presets.py FOLDER OUT.c DEPFILE

FOLDER has one file for each application, NAME.yaml.  NAME is the argument of `doubletour client add`.  Its keys:

    title         the name that people read
    about         which edition or plugin, if there are several
    version       the version that the facts are about
    tested        the version that the project's tests run, if they run the application; only its page in docs/ has it
    unmaintained  sentences: how long it has been unmaintained, and the consequence
    address       what its URL may have: host (a host only), port, or path (a port and a path)
    ask           sentences: how to find its redirect URI, if the application itself chooses it
    client        settings of the client (src/oidc/client_draft.h); URIs are patterns
    settings      blocks of settings for the application: kind, where, text
    notes         what the administrator must know
    unverified    assumptions: facts that no source confirmed

Patterns and blocks have placeholders between two signs @, such as @APP@: PLACEHOLDERS explains them.  One block has the
secret, once; a public client has no secret.  The depfile names the folder too: ninja notices a new file.
"""
import pathlib
import re
import sys

import yaml

import c_literal

PLACEHOLDERS = {
    'APP': 'the address of the application, without a slash at its end',
    'APP_WITH_PORT': 'the same with the port, even the default one',
    'SCHEME': 'https or http',
    'TLS': 'true or false: is the address https?',
    'HOST': 'the host of the address, without a port',
    'SUBFOLDER': 'the path of the address, or None',
    'CLIENT_ID': 'the id of the client',
    'SECRET': 'the secret of the client, or the word SECRET',
    'RANDOM': 'a random text, new each time, or the word RANDOM',
    'ISSUER': 'PUBLIC_URL',
    'ISSUER_SCHEME': 'https or http',
    'ISSUER_HOST': 'the host of PUBLIC_URL, with its port',
    'DISCOVERY': 'the address of the discovery document',
    'AUTHORIZATION': 'the authorization endpoint',
    'TOKEN': 'the token endpoint',
    'USERINFO': 'the userinfo endpoint',
    'END_SESSION': 'the end session endpoint',
    'JWKS': 'the key set',
}
OF_ADDRESS = {'APP', 'APP_WITH_PORT', 'HOST'}  # placeholders of patterns
ADDRESSES = ('host', 'port', 'path')
KINDS = ('ini', 'env', 'yaml', 'json', 'ruby', 'php', 'html', 'command', 'clicks', 'text')
# key: its type, and whether it must be there
KEYS = {'title': (str, True), 'about': (str, False), 'version': (str, False), 'tested': (str, False), 'unmaintained': (str, False), 'address': (str, True),
        'ask': (str, False), 'client': (dict, True), 'settings': (list, True), 'notes': (list, True), 'unverified': (list, False)}
CLIENT_KEYS = {'redirect_uris': (list, True), 'logout_uris': (list, False), 'backchannel_uri': (str, False), 'launch_url': (str, True),
               'scopes': (str, True), 'claims': (list, False), 'pkce': (str, True), 'public': (str, True), 'auth_method': (str, True),
               'consent': (str, True), 'id_token_alg': (str, True), 'refresh_session': (str, True)}
BLOCK_KEYS = {'kind': (str, True), 'where': (str, True), 'text': (str, True)}
PATTERNS = ('redirect_uris', 'logout_uris', 'backchannel_uri', 'launch_url')
PLACEHOLDER = re.compile(r'@([A-Z_]+)@')
NAME = re.compile(r'[a-z][a-z0-9]*$')


def keys_faults(where, entry, keys):
    """Yield a sentence for each wrong key of a mapping and each value of a wrong type."""
    if not isinstance(entry, dict):
        yield f'{where} is not a mapping'
        return
    yield from (f'{where} has no {key}' for key, (_, needed) in keys.items() if needed and key not in entry)
    for key, value in entry.items():
        if key not in keys:
            yield f'{where} has an unknown key {key}'
        elif not isinstance(value, keys[key][0]) or (not value and key != 'redirect_uris'):
            yield f'{where}: {key} must be a {keys[key][0].__name__}, and not empty'
        elif isinstance(value, list) and keys[key][0] is list and key not in ('settings',):
            yield from (f'{where}: {key} must contain only texts of one line' for one in value if not isinstance(one, str) or '\n' in one)


def texts(value):
    """Return all texts inside a value."""
    if isinstance(value, str):
        return [value]
    return [text for one in (value.values() if isinstance(value, dict) else value) for text in texts(one)]


def placeholder_faults(preset):
    yield from (f'@{name}@ is not a placeholder' for text in texts(preset) for name in PLACEHOLDER.findall(text) if name not in PLACEHOLDERS)
    client = preset['client']
    for key in PATTERNS:
        for pattern in texts(client.get(key, [])):
            yield from (f'{key} cannot have @{name}@' for name in PLACEHOLDER.findall(pattern) if name not in OF_ADDRESS)
    secrets = sum(text.count('@SECRET@') for text in texts(preset))
    in_blocks = sum(block['text'].count('@SECRET@') for block in preset['settings'])
    wanted = 0 if client['public'] == 'yes' else 1
    if (secrets, in_blocks) != (wanted, wanted):
        yield f'@SECRET@ occurs {secrets} times, not {wanted}'
    if not any('@CLIENT_ID@' in block['text'] for block in preset['settings']):
        yield 'no block has @CLIENT_ID@'


def meaning_faults(preset):
    if preset['address'] not in ADDRESSES:
        yield f'address must be one of {", ".join(ADDRESSES)}'
    yield from (f'{block["kind"]} is not a kind: {", ".join(KINDS)}' for block in preset['settings'] if block['kind'] not in KINDS)
    if bool(preset['client']['redirect_uris']) == ('ask' in preset):
        yield 'the preset needs either redirect_uris or ask'


def faults(name, preset):
    """Return the faults of one preset, as sentences."""
    found = [] if NAME.match(name) else [f'the name {name} must be a word of a-z and 0-9']
    found += keys_faults('the preset', preset, KEYS)
    if found:
        return found
    found += keys_faults('client', preset['client'], CLIENT_KEYS)
    found += [fault for block in preset['settings'] for fault in keys_faults('a block', block, BLOCK_KEYS)]
    return found or [*placeholder_faults(preset), *meaning_faults(preset)]


def read(folder):
    """Return the presets by name, in order of their titles; generic is the last."""
    presets = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(pathlib.Path(folder).glob('*.yaml'))}
    wrong = [f'{folder}/{name}.yaml: {fault}' for name, preset in presets.items() for fault in faults(name, preset)]
    if wrong:
        sys.exit('\n'.join(wrong))
    return dict(sorted(presets.items(), key=lambda entry: (entry[0] == 'generic', entry[1]['title'].lower())))


# --- C ----------------------------------------------------------------------------------------------------------------


def c_text(text):
    """Return a literal with one line of C for each line of the text."""
    return '\n\t\t'.join(c_literal.string(line) for line in text.splitlines(keepends=True)) or '""'


def c_lines(values):
    return c_text('\n'.join(values))


def c_client(client):
    rows = ((key, '\n'.join(value) if isinstance(value, list) else value) for key, value in client.items())
    return ''.join(f'\t\t[CLIENT_{key.upper()}] = {c_text(value)},\n' for key, value in rows if value)


def c_blocks(name, blocks):
    rows = ''.join(f'\t{{ {c_literal.string(block["kind"])}, {c_literal.string(block["where"])},\n\t\t{c_text(block["text"])} }},\n' for block in blocks)
    return f'static const struct preset_block {name}_blocks[] = {{\n{rows}}};\n\n'


def c_preset(name, preset):
    plain = ''.join(f'\t  .{key} = {c_literal.string(preset[key])},\n' for key in ('title', 'about', 'version', 'unmaintained', 'ask') if key in preset)
    lists = ''.join(f'\t  .{key} = {c_lines(preset[key])},\n' for key in ('notes', 'unverified') if key in preset)
    return (f'\t{{ .name = {c_literal.string(name)},\n{plain}\t  .address = PRESET_{preset["address"].upper()},\n'
            f'\t  .client = {{\n{c_client(preset["client"])}\t  }},\n{lists}'
            f'\t  .blocks = {name}_blocks, .blocks_n = {len(preset["settings"])} }},\n')


def c_table(presets):
    return ('/* Made by tools/compile_presets.py: do not edit. */\n#include "cli/client_presets.h"\n\n'
            + ''.join(c_blocks(name, preset['settings']) for name, preset in presets.items())
            + 'const struct preset presets[] = {\n' + ''.join(c_preset(name, preset) for name, preset in presets.items()) + '};\n\n'
            + 'const size_t presets_n = sizeof(presets) / sizeof(presets[0]);\n')


def main(folder='', out='', depfile=''):
    if not depfile:
        sys.exit(__doc__)
    pathlib.Path(out).write_text(c_table(read(folder)))
    inputs = [folder, *sorted(map(str, pathlib.Path(folder).glob('*.yaml')))]
    pathlib.Path(depfile).write_text(f'{out}: {" ".join(inputs)}\n')


if __name__ == '__main__':
    main(*sys.argv[1:])

"""Make the pages of docs/guides/applications from the output of `doubletour client presets NAME --json`.

tools/print_docs.py writes them.
"""
import json
import os
import pathlib
import subprocess
import textwrap

import yaml

FOLDER = 'docs/guides/applications'
PRESETS = pathlib.Path(__file__).parent.parent / 'presets'
ISSUER = 'https://login.example.org'
WIDTH = 120
LANGUAGES = {'ini': 'ini', 'env': 'env', 'yaml': 'yaml', 'json': 'json', 'ruby': 'ruby', 'php': 'php', 'html': 'html', 'command': 'sh', 'clicks': '',
             'text': ''}
ROWS = {'redirect_uris': 'redirect URIs', 'logout_uris': 'redirect URIs after signing out', 'launch_url': 'address of the tile', 'scopes': 'scopes',
        'claims': 'claims of this client', 'pkce': 'PKCE', 'public': 'public client', 'auth_method': 'client authentication', 'consent': 'consent',
        'id_token_alg': 'ID token algorithm', 'refresh_session': 'refresh tokens without `offline_access`'}


def presets(program, *arguments):
    environment = {**os.environ, 'PUBLIC_URL': ISSUER}
    lines = subprocess.run([program, 'client', 'presets', *arguments, '--json'], capture_output=True, text=True, check=True, env=environment).stdout
    return [json.loads(line) for line in lines.splitlines()]


def names(program):
    """Return the names of all presets, in the program's order."""
    return [preset['preset'] for preset in presets(program)]


def title(preset):
    return f"{preset['title']} ({preset['description']})" if preset['description'] else preset['title']


def wrapped(text, first='', other=''):
    return textwrap.fill(' '.join(text.split()), WIDTH, initial_indent=first, subsequent_indent=other, break_long_words=False, break_on_hyphens=False) + '\n'


def heading(preset, command):
    lines = [f"<!-- printed by tools/print_docs.py from presets/{preset['preset']}.yaml: do not edit -->\n", f'# {title(preset)}\n\n']
    if preset['unmaintained']:
        lines.append(wrapped(f"**Not maintained.** {' '.join(preset['unmaintained'])}") + '\n')
    if preset['redirect_uri_help']:
        lines.append(wrapped(preset['redirect_uri_help']) + '\n')
    lines.append(wrapped('This command adds the client and prints the settings below, with your addresses and the secret. [Applications](README.md) has the '
                         'next steps.'))
    return ''.join(lines) + f'\n```sh\n{command}\n```\n\n'


def command_of(preset):
    more = ' --redirect URI' if preset['redirect_uri_help'] else ''
    return f"doubletour client add {preset['preset']} {preset['launch_url'].split('/sso/')[0].rstrip('/')}{more}"


def block(entry):
    where = entry['where'][0].upper() + entry['where'][1:] if entry['where'].startswith(('the ', 'a ')) else entry['where']
    return f"{where}:\n\n```{LANGUAGES[entry['kind']]}\n{entry['text']}```\n\n"


def client_row(key, value):
    lines = [' '.join(value)] if key == 'scopes' else value if isinstance(value, list) else [{True: 'yes', False: 'no'}.get(value, value)]
    return f"| {ROWS[key]} | {'<br>'.join(f'`{line}`' for line in lines)} |\n"


def bullets(head, lines):
    return f'## {head}\n\n' + ''.join(wrapped(line, '- ', '  ') for line in lines) + '\n' if lines else ''


def version_line(preset):
    if preset['preset'] == 'generic':
        return ''
    version = f" are about {'' if preset['version'][:1].isalpha() else 'version '}{preset['version']}. They" if preset['version'] else ''
    tested = yaml.safe_load((PRESETS / f"{preset['preset']}.yaml").read_text()).get('tested')
    run = f'Our tests run {tested}.' if tested else 'The application was not run in our tests.'
    return wrapped(f'These facts{version} come from documentation and source. {run}') + '\n'


def page(program, name):
    """Return the text of the page of one preset."""
    preset = presets(program, name)[0]
    rows = ''.join(client_row(key, preset[key]) for key in ROWS
                   if preset.get(key) not in (None, '', []) and not (preset['redirect_uri_help'] and key == 'redirect_uris'))
    return (heading(preset, command_of(preset)) + version_line(preset)
            + f"## Settings of {preset['title'] if preset['preset'] != 'generic' else 'the application'}\n\n" + ''.join(map(block, preset['settings']))
            + f'## The client\n\n| setting | value |\n|---|---|\n{rows}\n'
            + bullets('Notes', preset['notes']) + bullets('Not verified', preset['unverified'])).rstrip('\n') + '\n'


def table(program, heads, folder):
    """Return the table of all pages; folder: their folder, relative to the page with the table."""
    rows = [f"| [{title(preset)}]({folder}{preset['preset']}.md) | `{preset['preset']}` |\n" for preset in presets(program)]
    return f'| {heads[0]} | {heads[1]} |\n|---|---|\n' + ''.join(rows)

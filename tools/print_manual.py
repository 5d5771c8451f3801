#!/usr/bin/python3
"""Print the manual pages and the settings file of the Debian package from the tables of the program.

    tools/print_manual.py PROGRAM FOLDER

Writes into FOLDER: doubletour.1, doubletour-COMMAND.1 for each command outside WITHOUT_PAGE, doubletour.env.5
and doubletour.env.  The text of a page is the help of its command.  SOURCE_DATE_EPOCH sets the date of the pages.
"""
import datetime
import os
import pathlib
import re
import sys
import time

import help_texts

WITHOUT_PAGE = {'otp', 'version'}  # man/doubletour-otp.1 is written by hand; the page of the program explains version
# The settings that the package sets; all others are comments.
SHIPPED = {'APP_SETTINGS': 'production', 'DATA_DIR': '/var/lib/doubletour', 'DATABASE_UPGRADE': 'auto'}
ENV_HEAD = """\
# Settings of the Doubletour package: doubletour.env(5).  Uncomment what you change; `doubletour config check` checks it.
# Environment variables override this file.  A setting that is in neither has the default shown here.
"""
FILES = [
    ('/etc/doubletour/doubletour.env', 'The settings file if no other one is named and the current directory has no .env: doubletour.env(5).'),
    ('/var/lib/doubletour', 'DATA_DIR in production: the database and the key file.'),
]


# --- mdoc -------------------------------------------------------------------------------------------------------------


def escaped(text):
    """Return text for a line of mdoc.  Hyphens of options and commands stay hyphens that a reader can copy."""
    text = text.replace('\\', '\\e')
    text = re.sub(r'`` ` ``', "\\\\(ga", text)
    text = re.sub(r'`([^`]*)`', lambda match: f'\\fB{match[1].replace("-", chr(92) + "-")}\\fR', text)
    text = re.sub(r'(?<![\w\\])--?(?=[a-z])', lambda match: '\\-' * len(match[0]), text)
    return '\\&' + text if text[:1] in ('.', "'") else text


def paragraph(text):
    """Return the sentences of a paragraph, one on each line."""
    return ''.join(f'{escaped(sentence.strip())}\n' for sentence in re.split(r'(?<=[.!?])  +', text.strip()))


def quoted(text):
    return '"' + escaped(text).replace('"', '""') + '"'


def listed(rows):
    """Return a list of terms.  A term without text stands alone."""
    items = ''.join(f'.It {quoted(term)}\n{paragraph(text) if text else ""}' for term, text in rows)
    return f'.Bl -tag -width Ds\n{items}.El\n'


def literal(lines):
    return '.Bd -literal -offset indent\n' + ''.join(f'{escaped(line)}\n' for line in lines) + '.Ed\n'


def section(name, body):
    return f'.Sh {name}\n{body}' if body else ''


def head(page, number, line):
    seconds = int(os.environ.get('SOURCE_DATE_EPOCH', time.time()))
    date = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return (f'.\\" Printed by tools/print_manual.py from the tables of the program.\n.Dd {date:%B} {date.day}, {date.year}\n'
            f'.Dt {page.upper()} {number}\n.Os\n.Sh NAME\n.Nm {page}\n.Nd {escaped(line)}\n')


def references(names):
    pages = sorted(names, key=lambda name: (name[1], name[0]))
    return ' ,\n'.join(f'.Xr {name} {number}' for name, number in pages) + '\n'


# --- pages of commands ------------------------------------------------------------------------------------------------


def usage(lines):
    """Return the synopsis.  Upper-case words are arguments."""
    return ''.join(f'.Nm doubletour\n{escaped(line.removeprefix("doubletour "))}\n' for line in lines)


def exit_status(text):
    rows = [part.rstrip('.').split(' ', 1) for part in re.split(r', (?=\d+ )', text.removeprefix('Exit status: '))]
    return listed([[number, f'{meaning[:1].upper()}{meaning[1:]}.'] for number, meaning in rows])


def example(lines):
    """An example in a line has its command behind a colon."""
    return literal([re.sub(r'^Example.*?: +', '', line) for line in lines])


def body(text):
    """Return the parts of a help by section: the synopsis, the description, examples and the exit status."""
    parts = {'usage': '', 'text': '', 'examples': '', 'exit': ''}
    for kind, content in help_texts.blocks(text):
        if kind in ('text', 'table'):
            made = paragraph(content) if kind == 'text' else listed(content)
            parts['text'] += f'.Pp\n{made}' if parts['text'] and kind == 'text' else made
        else:
            parts[kind] += {'usage': usage, 'examples': example, 'exit': exit_status}[kind](content)
    return parts


def subcommand(words, text):
    parts = body(text)
    synopsis = next(lines for kind, lines in help_texts.blocks(text) if kind == 'usage')
    return f'.Ss {" ".join(words[1:])}\n{literal(synopsis)}.Pp\n{parts["text"]}'


def page(name, line, helps, others):
    """Return the page of a command: its help, then the help of each subcommand."""
    parts = body(helps[0][1])
    rest = ''.join(subcommand(words, text) for words, text in helps[1:])
    return (head(name, 1, line) + section('SYNOPSIS', parts['usage']) + section('DESCRIPTION', parts['text'])
            + section('COMMANDS', rest) + section('FILES', listed(FILES)) + section('EXIT STATUS', parts['exit'])
            + section('EXAMPLES', parts['examples']) + section('SEE ALSO', references(others)))


def pages(program):
    """Yield (file name, text) for the program and each command with a page."""
    listing = help_texts.commands(program)
    own = [name for name in listing if name not in WITHOUT_PAGE]
    everything = {(f'doubletour-{name}', 1) for name in [*own, 'otp']} | {('doubletour.env', 5)}
    yield 'doubletour.1', page('doubletour', 'login server with two-factor authentication', [((), help_texts.output(program, 'help'))], everything)
    for name in own:
        others = {('doubletour', 1), ('doubletour.env', 5)}
        yield f'doubletour-{name}.1', page(f'doubletour-{name}', listing[name], list(help_texts.helps(program, name)), others)


# --- the settings -----------------------------------------------------------------------------------------------------


def list_items(lines):
    """Return the items of a Markdown list; indented lines continue an item."""
    items = []
    for line in lines:
        if re.match(r'(- |\d+\. )', line):
            items.append(re.sub(r'^(- |\d+\. )', '', line))
        else:
            items[-1] += ' ' + line.strip()
    return items


def markdown_block(block):
    lines = block.split('\n')
    if re.match(r'(- |1\. )', lines[0]):
        kind = '-bullet' if lines[0].startswith('-') else '-enum'
        return f'.Bl {kind} -compact\n' + ''.join(f'.It\n{paragraph(item)}' for item in list_items(lines)) + '.El\n'
    return f'.Pp\n{paragraph(help_texts.joined(lines))}'


def markdown(text):
    """Return the mdoc of paragraphs and lists; the first paragraph of a section needs no .Pp."""
    return ''.join(markdown_block(block) for block in text.strip().split('\n\n') if block and not block.startswith('<!--')).removeprefix('.Pp\n')


def settings_page(program):
    intro, *entries = re.split(r'^## ', help_texts.output(program, 'config', 'manual').removeprefix('# Settings\n'), flags=re.M)
    parts = [entry.split('\n', 1) for entry in entries]
    return (head('doubletour.env', 5, 'settings of the login server') + section('DESCRIPTION', markdown(intro))
            + section('SETTINGS', ''.join(f'.Ss {name.strip("`")}\n{markdown(text)}' for name, text in parts))
            + section('FILES', listed(FILES)) + section('SEE ALSO', references({('doubletour', 1), ('doubletour-config', 1)})))


def settings_file(program):
    """Return the settings file of the package: the commented example, with the settings of SHIPPED."""
    text = ENV_HEAD + re.sub(r'\A(#.*\n)*', '', help_texts.output(program, 'config', 'example'))
    for name, value in SHIPPED.items():
        text, n = re.subn(rf'^#{name}=.*$', f'{name}={value}', text, flags=re.M)
        if n != 1:
            sys.exit(f'tools/print_manual.py: `doubletour config example` has no line #{name}=')
    return text


def main(program, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    program = str(pathlib.Path(program).resolve())
    for name, text in [*pages(program), ('doubletour.env.5', settings_page(program)), ('doubletour.env', settings_file(program))]:
        (folder / name).write_text(text)


if __name__ == '__main__':
    main(*sys.argv[1:])

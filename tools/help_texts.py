"""Read the help texts of the program, for the documentation, the manual pages and the completions."""
import functools
import re
import subprocess

ROW = re.compile(r'^  (\S.*?) {2,}(\S.*)$')


@functools.cache
def output(*command):
    """Return the output of a command.  A help text is the same in every run, so each command runs once."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def commands(program):
    """Return the words of `doubletour help` and their lines, without help itself."""
    rows = re.findall(r'^  ([a-z-]+) +(.*)$', output(program, 'help'), re.M)
    return {name: line for name, line in rows if name != 'help'}


def helps(program, *words):
    """Yield (words, help) for a command and each of its subcommands."""
    text = output(program, 'help', *words)
    yield words, text
    if len(words) == 1 and re.match(r'Usage: .* COMMAND\b', text):
        # Take each word once: a command with two uses has two rows.
        for word in dict.fromkeys(re.findall(r'^  ([a-z][a-z0-9-]*) ', text, re.M)):
            yield from helps(program, *words, word)


def presets(program):
    """Return {name: title} of the known applications."""
    return dict(re.findall(r'^(\S+) +(.*)$', output(program, 'client', 'presets'), re.M))


def joined(lines):
    """Join the lines of a paragraph; two spaces stay between sentences."""
    return re.sub(r'([.!?])\n', r'\1  ', '\n'.join(lines)).replace('\n', ' ')


def table_rows(lines):
    """Return [term, text] for each row of a table.  Indented lines continue the text above them."""
    rows = []
    for line in lines:
        row = ROW.match(line)
        if row:
            rows.append([row[1], row[2]])
        elif rows:
            rows[-1][1] += ' ' + line.strip()
        else:
            rows.append([line.strip(), ''])
    return rows


def blocks(text):
    """Yield the blocks of a help as (kind, content): usage and examples: lines; table: rows; text and exit: a text."""
    for block in text.strip('\n').split('\n\n'):
        lines = block.split('\n')
        if lines[0].startswith('Usage: '):
            yield 'usage', [line.removeprefix('Usage:').strip() for line in lines]
        elif lines[0].startswith('  '):
            yield 'table', table_rows(lines)
        elif re.match(r'Examples?\b.*:$', lines[0]):
            yield 'examples', [line.strip() for line in lines[1:]]
        else:
            yield from text_blocks(lines)


def text_blocks(lines):
    """Yield paragraphs; the exit status and an example are separate blocks."""
    kinds = {'Exit status:': 'exit', 'Example': 'examples'}
    paragraphs = [['text', []]]
    for line in lines:
        kind = next((kind for start, kind in kinds.items() if line.startswith(start)), None)
        if kind:
            paragraphs.append([kind, []])
        paragraphs[-1][1].append(line)
    for kind, parts in paragraphs:
        if parts:
            yield kind, [joined(parts)] if kind == 'examples' else joined(parts)


def options(text):
    """Return (name, name of its value or '', text) for each option of a help."""
    rows = [row for kind, rows in blocks(text) if kind == 'table' for row in rows]
    found = [(re.match(r'--([a-z0-9-]+)(?: (\S+))?$', term), line) for term, line in rows]
    return [(match[1], match[2] or '', line) for match, line in found if match]


def subcommands(text):
    """Return the words that a command takes as its first argument, with their lines or ''."""
    usage = next(lines for kind, lines in blocks(text) if kind == 'usage')
    rows = {}
    for term, line in (row for kind, found in blocks(text) if kind == 'table' for row in found):
        rows.setdefault(term.split()[0], line)
    first = [line.split()[2] for line in usage if len(line.split()) > 2]
    if 'COMMAND' in first:
        return {word: line for word, line in rows.items() if re.match('[a-z]', word)}
    return {word: rows.get(word, '') for use in first if re.fullmatch(r'[a-z0-9|-]+', use) and use != '-' for word in use.split('|')}
